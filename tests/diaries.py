"""Diary entries written as small tables, with the column names of the canonical CSV, put straight into `diary_entry`."""
from collections.abc import Iterable, Mapping
from datetime import date

import pyarrow as pa
from sqlalchemy import BigInteger, Boolean, Connection, DateTime, Engine, Float, Integer, SmallInteger, String, Text

from dashboard import database
from dashboard.codelists import ANSWERED, HISTORY, LISTS, SYMPTOM, Codelist
from dashboard.days import day_of
from dashboard.schema import BIT_SETS, SCALARS, diary_entry

Row = Mapping[str, str]
FIRST = day_of(date(2026, 1, 1))  # day 0 of the tables
AS_OF = 100  # a day of the tables
_KINDS = {Integer: pa.int32(), BigInteger: pa.int64(), SmallInteger: pa.int16(), Float: pa.float64(), String: pa.string(), Text: pa.string(),
          Boolean: pa.bool_(), DateTime: pa.timestamp("us")}
_SETS = {"yes": "present", "no": "denied"}


def table(text: str) -> list[dict[str, str]]:
    """Rows of a table with a header and `|` between cells, blank to the right of what a line says; `patient_id` 1 and `day` 100 where
    there is no such column."""
    header, *lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    blank = {"patient_id": "1", "day": str(AS_OF)}
    return [{**blank, **dict(zip(header, line + [""] * (len(header) - len(line)), strict=True))} for line in lines]


def write(engine: Engine, rows: Iterable[Row]) -> None:
    """Numbers entries in the order of the rows. `day` and `onset` count from the first day of the tables."""
    with engine.begin() as connection:
        append(connection, rows)


def append(connection: Connection, rows: Iterable[Row]) -> None:
    entries = [_entry(number, row) for number, row in enumerate(rows, 1)]
    if entries:
        columns = {c.name: pa.array([entry.get(c.name) for entry in entries], _KINDS[type(c.type)]) for c in diary_entry.c}
        database.append(connection, diary_entry, pa.table(columns))


def _entry(number: int, row: Row) -> dict[str, object]:
    entry: dict[str, object] = {
        "entry": number, "patient": int(row["patient_id"]), "batch": 1, "row_number": number, "day": FIRST + int(row["day"]), "precision": "date",
        "superseded": False, **dict.fromkeys(BIT_SETS, 0)}
    kinds = dict(SCALARS)
    for name, cell in row.items():
        if name in ("patient_id", "day") or not cell:
            continue
        if name == "onset":
            entry["onset_day"] = FIRST + int(cell)
        elif name in LISTS:
            entry[name] = LISTS[name].bits(set(cell.split(";")) - {"none"})
            entry["answered"] |= ANSWERED.bits([name])
        elif name in SYMPTOM.bit:
            _say(entry, "symptoms", SYMPTOM, name, cell)
        elif name in HISTORY.bit:
            _say(entry, "history", HISTORY, name, cell)
        else:
            entry[name] = cell if kinds[name] in (String, Text) else int(cell) if kinds[name] is SmallInteger else float(cell)
    return entry


def _say(entry: dict[str, object], prefix: str, codelist: Codelist, code: str, answer: str) -> None:
    entry[f"{prefix}_{_SETS[answer]}"] |= codelist.bits([code])
