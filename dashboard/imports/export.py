"""Diary entries as canonical CSV: what every export of ours looks like, and what the importer reads back as the same entries."""
import json
from collections.abc import Callable

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Select, select

from dashboard import sheet as cells
from dashboard.codelists import ANSWERED, HISTORY, LISTS, SYMPTOM, Codelist
from dashboard.days import date_of
from dashboard.imports import fields
from dashboard.imports.tabular import normalised
from dashboard.schema import SCALARS, patient, source


def canonical(connection: Connection, entries: Select) -> pd.DataFrame:
    """The entries that a select through the door finds, as text in canonical columns, by patient and time; columns that no mapping
    carries come last, as they were written."""
    e = entries.subquery()
    found = connection.execute(select(*e.c, source.c.name.label("source"), patient.c.patient_id).select_from(e).join(
        patient, patient.c.patient == e.c.patient).join(source, source.c.source == patient.c.source).order_by(e.c.patient, e.c.day, e.c.time_of_day, e.c.entry))
    stored = pd.DataFrame(found.all(), columns=list(found.keys()))
    made: dict[str, pd.Series] = {name: _spelled(stored[name], str) for name in ("source", "patient_id", "entry_id")}
    made["recorded_at"] = _spelled(stored["day"], _date) + _spelled(stored["time_of_day"], _clock) + _spelled(stored["utc_offset"], _offset)
    for name, _ in SCALARS:
        made["onset_date" if name == "onset_day" else name] = _spelled(stored[name], _date if name == "onset_day" else _plain)
    for name, codelist in LISTS.items():
        made[name] = _listed(stored[name], codelist, stored["answered"], ANSWERED.bits([name]))
    for prefix, codelist in (("symptoms", SYMPTOM), ("history", HISTORY)):
        present, denied = (stored[f"{prefix}_{said}"].to_numpy(np.int64, na_value=0) for said in ("present", "denied"))
        for code, bit in codelist.bit.items():
            made[code] = pd.Series(np.where(present >> bit & 1, "yes", np.where(denied >> bit & 1, "no", "")), dtype=object)
    return pd.DataFrame({name: made[name] for name in fields.COLUMNS} | _unmapped(stored["unmapped"]), dtype=object)


def sheet(frame: pd.DataFrame) -> str:
    """As CSV. A cell that a spreadsheet would run as a formula gets one leading apostrophe, column names too."""
    safe = frame.apply(lambda column: column.map(lambda value: cells.neutralised(value) if isinstance(value, str) else value))
    # both characters of this line end are quoted inside cells
    return safe.rename(columns=cells.neutralised).to_csv(index=False, lineterminator="\r\n")


def template() -> str:
    """The header row that the importer knows."""
    return sheet(pd.DataFrame(columns=list(fields.COLUMNS)))


def _spelled(values: pd.Series, spell: Callable[..., str]) -> pd.Series:
    """Each distinct value spelled once; blank for none."""
    codes, distinct = pd.factorize(values.astype(object))
    texts = np.array([*(spell(value) for value in distinct), ""], object)
    return pd.Series(texts[codes], dtype=object)


def _date(day: float) -> str:
    return date_of(int(day)).isoformat()


def _plain(value: object) -> str:
    if isinstance(value, str):
        return value
    return np.format_float_positional(float(value), trim="-")


def _clock(microseconds: float) -> str:
    seconds, rest = divmod(int(microseconds), 1_000_000)
    return f"T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}" + (f".{rest:06}" if rest else "")


def _offset(minutes: float) -> str:
    hours, rest = divmod(abs(int(minutes)), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


def _listed(bits: pd.Series, codelist: Codelist, answered: pd.Series, bit: int) -> pd.Series:
    said = _spelled(bits, lambda value: ";".join(codelist.codes(value)))
    nothing = (answered.to_numpy(np.int64, na_value=0) & bit != 0) & (bits.to_numpy(np.int64, na_value=0) == 0)
    return said.mask(nothing, "none")


def _unmapped(documents: pd.Series) -> dict[str, pd.Series]:
    read = [json.loads(document) if isinstance(document, str) else {} for document in documents]
    # two spellings of one name would make a file with two columns of one name
    spelling: dict[str, str] = {}
    for document in read:
        for name in document:
            spelling.setdefault(normalised(name), name)
    rows = [{normalised(name): text for name, text in document.items()} for document in read]
    return {name: pd.Series([row.get(key, "") for row in rows], dtype=object) for key, name in spelling.items()}
