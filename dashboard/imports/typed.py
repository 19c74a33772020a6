"""Columns of text to columns of values, distinct text by distinct text: never row by row."""
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute as compute

from dashboard.codelists import ANSWERED, HISTORY, LISTS, SYMPTOM
from dashboard.days import date_of
from dashboard.errors import Refused
from dashboard.imports import fields, infile, when
from dashboard.imports.apply import Mapped
from dashboard.imports.parsing import Sheet
from dashboard.imports.problems import Problems, json_rows
from dashboard.schema import SCALARS
from dashboard.wording import counted

_ARROW = {"severity_kind": pyarrow.string(), "onset_speed": pyarrow.string(), "pattern": pyarrow.string(), "trend": pyarrow.string(), "sex": pyarrow.string(),
          "entered_at": pyarrow.string(), "birth_year": pyarrow.int16(), "onset_date": pyarrow.int32()}
# answers to a yes/no question that cannot be read, but surely are no yes; any other unreadable answer may report the red flag
_SURELY_NOT = frozenset({"", "0", "0.0", "none", "unknown", "unchecked", "n/a", "na", "-", "?", "nein", "non", "not asked", "never", "absent", "denied"})


@dataclass(frozen=True)
class Typed:
    """`rows` are the rows without a problem, as they would be stored but for our own numbers: `position` in the sheet, `patient_key`
    into `patients` (source, patient_id), and the columns of `diary_entry`. The other arrays have one element a row of the sheet."""
    rows: pyarrow.Table
    patients: pd.DataFrame
    twins: np.ndarray  # by row of `rows`: a number shared by rows that say exactly the same of the same patient and time, else -1
    problems: Problems
    source: pyarrow.DictionaryArray
    patient_id: pyarrow.DictionaryArray
    entry_id: pyarrow.DictionaryArray
    recorded_at: pyarrow.DictionaryArray
    red_flags: np.ndarray
    notes: tuple[str, ...]


def typed(mapped: Mapped, *, today: int, source: str | None) -> Typed:
    tabular, grouped = mapped.tabular, mapped.grouped
    problems = Problems(tabular.rows, grouped.record, grouped.first) if grouped else Problems(tabular.rows)
    problems.shifted(tabular.ragged, len(tabular.header))
    for part in mapped.parts:
        problems.cells(part.header, part.texts, part.bads, part.at)
    for conflict in mapped.conflicts:
        problems.at_rows(conflict.at, conflict.header, "conflicting_readings", conflict.values, conflict.expected)
    sheet = Sheet(mapped, problems)
    identity = {"source": _sources(sheet, source), "patient_id": sheet.identifier("patient_id", needed=True), "entry_id": sheet.identifier("entry_id")}
    columns = when.moments(sheet, today)
    red = _contents(sheet, columns, today)
    onset, day = columns["onset_day"], columns["day"]
    late = compute.fill_null(compute.greater(onset, day), False).to_numpy(zero_copy_only=False) & ~problems.bad_records
    if late.any():
        field, positions = mapped.fields["onset_date"], np.flatnonzero(late)
        values = field.written.take(pyarrow.array(positions)).cast(pyarrow.string())
        problems.add(positions, field.header, "onset_after_entry", values, "a day not after that of recorded_at")
    patient_key, patients = _patients(identity["source"], identity["patient_id"])
    entry_key = _pairs(identity["source"], identity["entry_id"])
    sound = np.flatnonzero(~problems.bad_records)
    take = pyarrow.array(sound)
    unmapped = sorted(mapped.kept.items())
    ids = compute.if_else(compute.equal(identity["entry_id"].dictionary, ""), None, identity["entry_id"].dictionary).take(identity["entry_id"].indices)
    columns = {"position": pyarrow.array(np.arange(mapped.count, dtype=np.int32)), "row_number": pyarrow.array(mapped.rows),
               "patient_key": pyarrow.array(patient_key), "entry_id": ids, **columns}
    # column by column, so that all rows and the sound ones are never held twice
    rows = pyarrow.table({**{name: columns.pop(name).take(take) for name in list(columns)}, "unmapped": json_rows(unmapped, sound)})
    kept, twins = infile.checked(rows, entry_key[sound], problems, sheet.header("entry_id"))
    problems.together()
    by_row = {**identity, "recorded_at": sheet.texts("recorded_at")}
    if grouped:
        by_row, red = {name: texts.take(pyarrow.array(grouped.record)) for name, texts in by_row.items()}, red[grouped.record]
    return Typed(rows if kept.all() else rows.filter(pyarrow.array(kept)), patients, twins, problems, **by_row, red_flags=red,
                 notes=(*mapped.notes, *sheet.notes, *_notes(rows)))


def _sources(sheet: Sheet, given: str | None) -> pyarrow.DictionaryArray:
    given = (given or "").strip()
    found = sheet.identifier("source")
    names = found.dictionary.take(compute.unique(found.indices)).to_pylist()
    others = sorted(name for name in names if name and name != given)
    if given and others:
        raise Refused(f"{sheet.mapped.tabular.name}, column {sheet.header('source')}: says {', '.join(others[:3])}, but the source given for the "
                      f"import is {given}. Give no source, or a file that agrees with it.")
    return pyarrow.DictionaryArray.from_arrays(found.indices, compute.if_else(compute.equal(found.dictionary, ""), given or "default", found.dictionary))


def _contents(sheet: Sheet, columns: dict[str, pyarrow.Array], today: int) -> np.ndarray:
    """Adds what the entry says, and returns the red flags that each row reports or may report, even one that will not load."""
    parsers = fields.parsers(date_of(today).year)
    for name, _ in SCALARS:
        ours = "onset_date" if name == "onset_day" else name
        field = sheet.mapped.fields.get(ours)
        if field is not None and field.back:
            columns[name] = when.counted_back(sheet, ours, columns["day"])
        else:
            columns[name] = _note(sheet) if name == "note" else sheet.column(ours, parsers[ours], _ARROW.get(ours, pyarrow.float64()))
    answered = np.zeros(sheet.count, np.int64)
    for name in LISTS:
        bits = np.zeros(sheet.count, np.int64)
        if name in sheet.mapped.fields:
            texts, values, _ = sheet.parsed(name, parsers[name])
            at = texts.indices.to_numpy()
            bits = np.array([value or 0 for value in values], np.int64)[at] if values else bits
            answered |= np.array([value is not None for value in values], np.int64)[at] * ANSWERED.bits([name]) if values else answered
        columns[name] = pyarrow.array(bits)
    columns["answered"] = pyarrow.array(answered)
    perhaps = np.zeros(sheet.count, np.int64)
    for prefix, codelist in (("symptoms", SYMPTOM), ("history", HISTORY)):
        present, denied = np.zeros(sheet.count, np.int64), np.zeros(sheet.count, np.int64)
        for code in codelist.bit:
            if code not in sheet.mapped.fields or not sheet.count:
                continue
            texts, values, bads = sheet.parsed(code, parsers[code])
            at, bit = texts.indices.to_numpy(), codelist.bits([code])
            said = np.array([0 if value is None else 1 if value else 2 for value in values], np.int8)[at]
            present[said == 1] |= bit
            denied[said == 2] |= bit
            if prefix == "symptoms" and bads:
                written = sheet.mapped.fields[code].written.dictionary
                dubious = [number for number in bads if written[number].as_py().strip().lower() not in _SURELY_NOT]
                perhaps[np.isin(at, dubious)] |= bit
        columns[f"{prefix}_present"], columns[f"{prefix}_denied"] = pyarrow.array(present), pyarrow.array(denied)
    hot = compute.fill_null(compute.greater_equal(columns["temperature_c"], fields.FEVER_FROM), False).to_numpy(zero_copy_only=False)
    perhaps[hot] |= SYMPTOM.bits(["fever"])
    return (columns["symptoms_present"].to_numpy() | perhaps) & fields.RED


def _note(sheet: Sheet) -> pyarrow.Array:
    texts = sheet.texts("note")
    return compute.if_else(compute.equal(compute.utf8_trim_whitespace(texts.dictionary), ""), None, texts.dictionary).take(texts.indices)


def _pairs(source: pyarrow.DictionaryArray, named: pyarrow.DictionaryArray) -> np.ndarray:
    """A number for each (source, name); -1 where the name is blank."""
    names = named.indices.to_numpy().astype(np.int64)
    blank = compute.equal(named.dictionary, "").to_numpy(zero_copy_only=False)
    keys = _source_numbers(source) * (len(named.dictionary) + 1) + names
    return np.where(blank[names], -1, keys) if len(blank) else keys


def _source_numbers(source: pyarrow.DictionaryArray) -> np.ndarray:
    # a blank source and one that names the default are the same source
    if not len(source):
        return np.array([], np.int64)
    return pd.factorize(np.array(source.dictionary.to_pylist(), object))[0].astype(np.int64)[source.indices.to_numpy()]


def _patients(source: pyarrow.DictionaryArray, patient_id: pyarrow.DictionaryArray) -> tuple[np.ndarray, pd.DataFrame]:
    keys, _ = pd.factorize(_source_numbers(source) * (len(patient_id.dictionary) + 1) + patient_id.indices.to_numpy())
    _, first = np.unique(keys, return_index=True)
    take = pyarrow.array(first)
    return keys.astype(np.int32), pd.DataFrame({
        name: texts.take(take).cast(pyarrow.string()).to_pandas() for name, texts in (("source", source), ("patient_id", patient_id))})


def _notes(rows: pyarrow.Table) -> tuple[str, ...]:
    """Oddities that are kept as they are, for a person to look at."""
    def count(oddity: pyarrow.ChunkedArray) -> int:
        return compute.sum(compute.fill_null(oddity, False)).as_py() or 0

    fever, severity = SYMPTOM.bits(["fever"]), rows["severity"]
    said_no = compute.not_equal(compute.bit_wise_and(rows["symptoms_denied"], fever), 0)
    found = ((count(compute.less(rows["worst_severity"], severity)), ("says", "say"), "that the worst pain is less than the pain"),
             (count(compute.greater(rows["least_severity"], severity)), ("says", "say"), "that the least pain is more than the pain"),
             (count(compute.and_kleene(said_no, compute.greater_equal(rows["temperature_c"], fields.FEVER_FROM))),
              ("denies", "deny"), "fever at 38.0 degrees Celsius or more"))
    return tuple(f"{counted(number, 'row')} {one if number == 1 else several} {what}; kept as written." for number, (one, several), what in found if number)
