"""Columns of text to columns of values, distinct text by distinct text: never row by row."""
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute as compute

from dashboard.codelists import ANSWERED, HISTORY, LISTS, SYMPTOM
from dashboard.days import date_of
from dashboard.errors import Refused
from dashboard.imports import fields, infile
from dashboard.imports.cells import MICROSECONDS, Bad, Parser, a_clock, a_day
from dashboard.imports.mapping import Mapping
from dashboard.imports.problems import Problems, json_rows
from dashboard.imports.tabular import Tabular
from dashboard.schema import SCALARS

LONGEST_ID = 200
_HIDDEN = r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]"
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


def typed(tabular: Tabular, mapping: Mapping, *, today: int, source: str | None) -> Typed:
    problems = Problems(tabular.rows)
    problems.shifted(tabular.ragged, len(tabular.header))
    sheet = _Sheet(tabular, mapping, problems)
    identity = {"source": _sources(sheet, source), "patient_id": sheet.identifier("patient_id", needed=True), "entry_id": sheet.identifier("entry_id")}
    columns = _when(sheet, today)
    red = _contents(sheet, columns, today)
    onset, day = columns["onset_day"], columns["day"]
    late = compute.fill_null(compute.greater(onset, day), False).to_numpy(zero_copy_only=False) & ~problems.bad
    if late.any():
        header, positions = mapping.columns["onset_date"], np.flatnonzero(late)
        values = tabular.columns[header].take(pyarrow.array(positions)).cast(pyarrow.string())
        problems.add(positions, header, "onset_after_entry", values, "a day not after that of recorded_at")
    patient_key, patients = _patients(identity["source"], identity["patient_id"])
    entry_key = _pairs(identity["source"], identity["entry_id"])
    sound = np.flatnonzero(~problems.bad)
    take = pyarrow.array(sound)
    unmapped = sorted((name, tabular.columns[name]) for name in mapping.unmapped)
    ids = compute.if_else(compute.equal(identity["entry_id"].dictionary, ""), None, identity["entry_id"].dictionary).take(identity["entry_id"].indices)
    columns = {"position": pyarrow.array(np.arange(len(tabular.rows), dtype=np.int32)), "row_number": pyarrow.array(tabular.rows),
               "patient_key": pyarrow.array(patient_key), "entry_id": ids, **columns}
    # column by column, so that all rows and the sound ones are never held twice
    rows = pyarrow.table({**{name: columns.pop(name).take(take) for name in list(columns)}, "unmapped": json_rows(unmapped, sound)})
    kept, twins = infile.checked(rows, entry_key[sound], problems, mapping.columns.get("entry_id", "entry_id"))
    return Typed(rows if kept.all() else rows.filter(pyarrow.array(kept)), patients, twins, problems, **identity, recorded_at=sheet.texts("recorded_at"),
                 red_flags=red, notes=_notes(rows))


class _Sheet:
    """Our columns of a sheet; what cannot be read is noted as a problem and leaves null behind."""

    def __init__(self, tabular: Tabular, mapping: Mapping, problems: Problems) -> None:
        self.tabular, self.mapping, self.problems, self.count = tabular, mapping, problems, len(tabular.rows)

    def texts(self, name: str) -> pyarrow.DictionaryArray:
        if name in self.mapping.columns:
            return self.tabular.columns[self.mapping.columns[name]]
        return pyarrow.DictionaryArray.from_arrays(pyarrow.array(np.zeros(self.count, np.int32)), pyarrow.array([""]))

    def parsed(self, name: str, parse: Parser) -> tuple[pyarrow.DictionaryArray, list[object], dict[int, Bad]]:
        """The value of each distinct text, None for a blank one or one that cannot be read."""
        texts, values, bads = self.texts(name), [], {}
        for number, text in enumerate(texts.dictionary.to_pylist()):
            value, text = None, text.strip()
            if text:
                try:
                    value = parse(text)
                except Bad as bad:
                    bads[number] = bad
            values.append(value)
        self.problems.cells(self.mapping.columns.get(name, name), texts, bads)
        return texts, values, bads

    def column(self, name: str, parse: Parser, kind: pyarrow.DataType) -> pyarrow.Array:
        if name not in self.mapping.columns:
            return pyarrow.nulls(self.count, kind)
        texts, values, _ = self.parsed(name, parse)
        return pyarrow.array(values, kind).take(texts.indices)

    def identifier(self, name: str, *, needed: bool = False) -> pyarrow.DictionaryArray:
        """Kept as text, leading zeros and all; only the space around it goes."""
        texts = self.texts(name)
        trimmed = compute.utf8_trim_whitespace(texts.dictionary)
        bads: dict[int, Bad] = {}
        hidden = Bad("hidden_characters", "an id without line breaks, tabs or invisible characters")
        for mistaken, bad in ((compute.equal(trimmed, ""), Bad("required", f"a {name.replace('_', ' ')}")),
                              (compute.match_substring_regex(trimmed, _HIDDEN), hidden),
                              (compute.greater(compute.utf8_length(trimmed), LONGEST_ID), Bad("too_long", f"at most {LONGEST_ID} characters"))):
            if needed or bad.code != "required":
                bads.update(dict.fromkeys(np.flatnonzero(mistaken.to_numpy(zero_copy_only=False)).tolist(), bad))
        self.problems.cells(self.mapping.columns.get(name, name), texts, bads)
        again = trimmed.dictionary_encode()
        return pyarrow.DictionaryArray.from_arrays(again.indices.take(texts.indices), again.dictionary)


def _sources(sheet: _Sheet, given: str | None) -> pyarrow.DictionaryArray:
    given = (given or "").strip()
    found = sheet.identifier("source")
    names = found.dictionary.take(compute.unique(found.indices)).to_pylist()
    others = sorted(name for name in names if name and name != given)
    if given and others:
        raise Refused(f"{sheet.tabular.name}, column {sheet.mapping.columns['source']}: says {', '.join(others[:3])}, but the source given for the "
                      f"import is {given}. Give no source, or a file that agrees with it.")
    return pyarrow.DictionaryArray.from_arrays(found.indices, compute.if_else(compute.equal(found.dictionary, ""), given or "default", found.dictionary))


def _when(sheet: _Sheet, today: int) -> dict[str, pyarrow.Array]:
    """A timestamp is a date and a rest: there are few of either, where there may be a million of the two together."""
    texts = sheet.texts("recorded_at")
    trimmed = compute.utf8_trim_whitespace(texts.dictionary)
    dates, rests = (compute.utf8_slice_codeunits(trimmed, *bounds).dictionary_encode() for bounds in ((0, 10), (10,)))

    def read(parts: pyarrow.DictionaryArray, parse: Parser) -> tuple[list[object], np.ndarray, dict[int, Bad]]:
        values: list[object] = []
        bads: dict[int, Bad] = {}
        for number, text in enumerate(parts.dictionary.to_pylist()):
            try:
                values.append(parse(text))
            except Bad as bad:
                bads[number] = bad
                values.append(None)
        return values, np.isin(parts.indices.to_numpy(), list(bads)), bads

    def not_future(text: str) -> int:
        if not text:
            raise Bad("required", "a date, or a date and time")
        day = a_day(text, "a date, or a date and time: 2026-03-31, 2026-03-31T18:05 or 2026-03-31T18:05+02:00")
        if day > today + 1:
            raise Bad("future_date", f"a day up to {date_of(today + 1)}")
        return day

    day_values, wrong_date, date_bads = read(dates, not_future)
    clocks, wrong_rest, rest_bads = read(rests, a_clock)
    wrong = np.flatnonzero(wrong_date | wrong_rest).tolist()
    date_at, rest_at = dates.indices.to_numpy(), rests.indices.to_numpy()
    sheet.problems.cells(sheet.mapping.columns["recorded_at"], texts,
                         {number: date_bads.get(date_at[number]) or rest_bads[rest_at[number]] for number in wrong})
    at = texts.indices
    day = pyarrow.array(day_values, pyarrow.int32()).take(dates.indices).take(at)
    pairs = [clock or (None, None) for clock in clocks]
    clock = pyarrow.array([clock for clock, _ in pairs], pyarrow.int64()).take(rests.indices).take(at)
    offset = pyarrow.array([zone for _, zone in pairs], pyarrow.int16()).take(rests.indices).take(at)
    midnight = compute.multiply(day.cast(pyarrow.int64()), 86_400 * MICROSECONDS)
    instant = compute.subtract(compute.add(midnight, clock), compute.multiply(offset.cast(pyarrow.int64()), 60 * MICROSECONDS))
    precision = compute.if_else(compute.is_valid(offset), "instant", compute.if_else(compute.is_valid(clock), "local", "date"))
    return {"day": day, "time_of_day": clock, "utc_offset": offset, "occurred_at": instant.cast(pyarrow.timestamp("us")), "precision": precision}


def _contents(sheet: _Sheet, columns: dict[str, pyarrow.Array], today: int) -> np.ndarray:
    """Adds what the entry says, and returns the red flags that each row reports or may report, even one that will not load."""
    parsers = fields.parsers(date_of(today).year)
    for name, _ in SCALARS:
        ours = "onset_date" if name == "onset_day" else name
        columns[name] = _note(sheet) if name == "note" else sheet.column(ours, parsers[ours], _ARROW.get(ours, pyarrow.float64()))
    answered = np.zeros(sheet.count, np.int64)
    for name in LISTS:
        bits = np.zeros(sheet.count, np.int64)
        if name in sheet.mapping.columns:
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
            if code not in sheet.mapping.columns or not sheet.count:
                continue
            texts, values, bads = sheet.parsed(code, parsers[code])
            at, bit = texts.indices.to_numpy(), codelist.bits([code])
            said = np.array([0 if value is None else 1 if value else 2 for value in values], np.int8)[at]
            present[said == 1] |= bit
            denied[said == 2] |= bit
            if prefix == "symptoms" and bads:
                dubious = [number for number in bads if texts.dictionary[number].as_py().strip().lower() not in _SURELY_NOT]
                perhaps[np.isin(at, dubious)] |= bit
        columns[f"{prefix}_present"], columns[f"{prefix}_denied"] = pyarrow.array(present), pyarrow.array(denied)
    hot = compute.fill_null(compute.greater_equal(columns["temperature_c"], fields.FEVER_FROM), False).to_numpy(zero_copy_only=False)
    perhaps[hot] |= SYMPTOM.bits(["fever"])
    return (columns["symptoms_present"].to_numpy() | perhaps) & fields.RED


def _note(sheet: _Sheet) -> pyarrow.Array:
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
    found = ((count(compute.less(rows["worst_severity"], severity)), "say that the worst pain is less than the pain"),
             (count(compute.greater(rows["least_severity"], severity)), "say that the least pain is more than the pain"),
             (count(compute.and_kleene(said_no, compute.greater_equal(rows["temperature_c"], fields.FEVER_FROM))),
              "deny fever at 38.0 degrees Celsius or more"))
    return tuple(f"{number:,} row{'' if number == 1 else 's'} {oddity}; kept as written." for number, oddity in found if number)
