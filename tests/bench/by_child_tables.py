"""What the first screen of the cohort page counts per patient, once more, as most applications would keep and ask it: normalised tables in SQLite,
a row for each value of a list, and one query a chart."""
import sqlite3
from collections.abc import Callable, Collection
from contextlib import closing
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from dashboard import crossfilter
from dashboard.codelists import ANSWERED, LOCATION, QUALITY, SYMPTOM, Codelist
from dashboard.cohort import BUCKETS, NONE, NOT_RECORDED, Cohort
from dashboard.people import DURATIONS
from dashboard.sample import HALF_UP
from tests.bench.by_pandas import Numbers
from tests.bench.subject import Frames, Subject

_SCHEMA = """
CREATE TABLE person (patient INTEGER PRIMARY KEY, bucket TEXT);
CREATE TABLE entry (entry INTEGER PRIMARY KEY, patient INTEGER, day INTEGER, moment INTEGER, duration INTEGER, severity REAL, worst REAL);
CREATE TABLE location (entry INTEGER, patient INTEGER, code TEXT);
CREATE TABLE quality (entry INTEGER, patient INTEGER, code TEXT);
CREATE TABLE symptom (entry INTEGER, patient INTEGER, code TEXT, present INTEGER);
"""
_INDEXES = """
CREATE INDEX entry_patient ON entry (patient); CREATE INDEX entry_day ON entry (day);
CREATE INDEX location_entry ON location (entry); CREATE INDEX location_code ON location (code, patient);
CREATE INDEX quality_entry ON quality (entry); CREATE INDEX quality_code ON quality (code, patient);
CREATE INDEX symptom_entry ON symptom (entry); CREATE INDEX symptom_code ON symptom (code, patient, present);
ANALYZE;
"""


@cache
def tables(subject: Subject) -> sqlite3.Connection:
    """Made once beside the database, outside of all that is measured."""
    file = subject.file.with_suffix(".sqlite")
    if not file.exists():
        made = file.with_suffix(".part")
        made.unlink(missing_ok=True)
        _make(made, subject.frames)
        made.rename(file)
    return sqlite3.connect(file)


def _make(file: Path, frames: Frames) -> None:
    e = frames.entries.reset_index(drop=True)
    number, patient, days = e.index.to_numpy(np.int64), e["patient"].to_numpy(np.int64), e["day"] - e["onset_day"]
    moment = e["day"].astype("int64") * 86_400_000_001 + (e["time_of_day"] + 1).fillna(0).astype("int64")
    duration = ((days >= 42).astype("Int64") + (days >= 84).astype("Int64")).mask(days.isna())
    with closing(sqlite3.connect(file)) as made:
        made.executescript(_SCHEMA)
        made.executemany("INSERT INTO person VALUES (?, ?)", frames.people[["patient", "bucket"]].astype(object).itertuples(index=False, name=None))
        rows = pd.DataFrame({"patient": patient, "day": e["day"], "moment": moment, "duration": duration, "severity": e["severity"],
                             "worst": e["worst_severity"]}).astype(object)
        made.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)", rows.where(rows.notna(), None).itertuples(name=None))
        for table, field, codelist in (("location", "locations", LOCATION), ("quality", "qualities", QUALITY)):
            said, answered = e[field].to_numpy(), e["answered"].to_numpy() & ANSWERED.bits((field,)) != 0
            for code, which in [*((code, said & 1 << bit != 0) for code, bit in codelist.bit.items()), (NONE, answered & (said == 0))]:
                made.executemany(f"INSERT INTO {table} VALUES (?, ?, '{code}')", zip(number[which].tolist(), patient[which].tolist(), strict=True))
        for code, bit in SYMPTOM.bit.items():
            for present in (1, 0):
                which = e["symptoms_present" if present else "symptoms_denied"].to_numpy() & 1 << bit != 0
                made.executemany(f"INSERT INTO symptom VALUES (?, ?, '{code}', {present})", zip(number[which].tolist(), patient[which].tolist(), strict=True))
        made.executescript(_INDEXES)
        made.commit()


def count(connection: sqlite3.Connection, cohort: Cohort, charts: Collection[str]) -> dict[str, Numbers]:
    """The charts of these names, each in its own context."""
    return {name: CHARTS[name](connection, _matching(crossfilter.context(cohort, name))) for name in charts}


def _matching(cohort: Cohort) -> str:
    """Ends of a query of any table with a column `entry`: the kinds of filters that are measured."""
    found = []
    if cohort.since is not None:
        found.append(f"entry IN (SELECT entry FROM entry WHERE day >= {cohort.since})")
    for table, codes in (("location", cohort.locations), ("quality", cohort.qualities)):
        if codes:
            listed = ", ".join(f"'{code}'" for code in codes)
            found.append(f"entry IN (SELECT entry FROM {table} WHERE code IN ({listed}))")
    return f"WHERE {' AND '.join(found)}" if found else ""


def _base(connection: sqlite3.Connection, where: str) -> Numbers:
    each = [n for n, in connection.execute(f"SELECT count(*) FROM entry {where} GROUP BY patient")]
    low, median, high = np.percentile(each, (25, 50, 75))
    return {"patients": len(each), "entries": sum(each), "q1": low, "median": median, "q3": high}


def _buckets(connection: sqlite3.Connection, where: str) -> Numbers:
    found = dict(connection.execute(f"SELECT bucket, count(*) FROM person WHERE patient IN (SELECT patient FROM entry {where}) GROUP BY bucket"))
    return {code: found.get(code, 0) for code in (*BUCKETS, NOT_RECORDED)}


def _listed(table: str, codelist: Codelist) -> Callable[[sqlite3.Connection, str], Numbers]:
    def listed(connection: sqlite3.Connection, where: str) -> Numbers:
        found = dict(connection.execute(f"SELECT code, count(DISTINCT patient) FROM {table} {where} GROUP BY code"))
        answered, = connection.execute(f"SELECT count(DISTINCT patient) FROM {table} {where}").fetchone()
        return {code: found.get(code, 0) for code in (*codelist.bit, NONE)} | {"answered": answered}
    return listed


def _durations(connection: sqlite3.Connection, where: str) -> Numbers:
    known = f"{where or 'WHERE true'} AND duration IS NOT NULL"
    found = dict(connection.execute(
        f"SELECT duration, count(*) FROM (SELECT duration, row_number() OVER (PARTITION BY patient ORDER BY moment DESC, duration DESC) AS nth "
        f"FROM entry {known}) WHERE nth = 1 GROUP BY duration"))
    everybody, = connection.execute(f"SELECT count(DISTINCT patient) FROM entry {where}").fetchone()
    return {code: found.get(place, 0) for place, code in enumerate(DURATIONS)} | {NOT_RECORDED: everybody - sum(found.values())}


def _severity(connection: sqlite3.Connection, where: str) -> Numbers:
    made: Numbers = {}
    for name, of_all in (("average", "avg(severity)"), ("worst", "max(worst)")):
        found = dict(connection.execute(f"SELECT CAST(value + {HALF_UP} AS INTEGER), count(*) FROM (SELECT {of_all} AS value FROM entry {where} "
                                        "GROUP BY patient) WHERE value IS NOT NULL GROUP BY 1"))
        made |= {f"{name} {value}": found.get(value, 0) for value in range(11)} | {f"answered {name}": sum(found.values())}
    return made


def _symptoms(connection: sqlite3.Connection, where: str) -> Numbers:
    found = {code: (present, either) for code, present, either in connection.execute(
        f"SELECT code, sum(present), count(*) FROM (SELECT code, max(present) AS present FROM symptom {where} GROUP BY code, patient) GROUP BY code")}
    everybody, = connection.execute(f"SELECT count(DISTINCT patient) FROM entry {where}").fetchone()
    made: Numbers = {}
    for code in SYMPTOM.bit:
        present, either = found.get(code, (0, 0))
        made |= {f"{code} present": present, f"{code} denied": either - present, f"{code} not asked": everybody - either}
    return made


def _together(connection: sqlite3.Connection, where: str) -> Numbers:
    named = {code: n for code, n in connection.execute(f"SELECT code, count(DISTINCT patient) FROM location {where} GROUP BY code") if code != NONE}
    pairs = connection.execute(
        f"SELECT l.code, q.code, count(DISTINCT l.patient) FROM (SELECT * FROM location {where}) l JOIN quality q USING (entry) GROUP BY l.code, q.code")
    return named | {f"{place} {quality}": n for place, quality, n in pairs if NONE not in (place, quality)}


CHARTS: dict[str, Callable[[sqlite3.Connection, str], Numbers]] = {
    "base": _base, "buckets": _buckets, "locations": _listed("location", LOCATION), "qualities": _listed("quality", QUALITY), "durations": _durations,
    "severity": _severity, "symptoms": _symptoms, "together": _together}
