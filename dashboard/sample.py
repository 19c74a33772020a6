"""What is counted: the entries of a cohort, read once, as one row a patient or one row an entry with few narrow columns; and the counting of
bits and values, which numpy does on what was read: a statement a chart would cost more than the chart."""
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from math import floor
from typing import Literal, Protocol

import numpy as np
from sqlalchemy import ColumnElement, Connection, Integer, Select, Subquery, Table
from sqlalchemy.sql import case, cast, func, not_, select

from dashboard import cohort as cohorts
from dashboard import conditions, database
from dashboard.codelists import ANSWERED, RELIEF, Codelist
from dashboard.conditions import HOURS, NOTHING_HELPED
from dashboard.database import bit_or, has
from dashboard.people import duration_class, hour_of_day, newest

Per = Literal["patient", "entry"]
# half up, with slack: a mean is a sum of binary fractions in whatever order the engine likes, so that 6.5 may come out as
# 6.4999999999. Up to 1e-6 short of a half is rounded up, by the same addition of the same constant on both engines and in Python.
HALF_UP = 0.500001
# two bits above all codes go with each list here: that it was answered, and that it was answered with none
ANSWERED_BIT, NONE_BIT = 1 << 60, 1 << 61
HOUR = Codelist("hour", tuple((code, at, f"{code}:00", ()) for at, code in enumerate(HOURS)))


def rounded(severity: float) -> int:
    return floor(severity + HALF_UP)


class Asking(Protocol):
    """A cohort, or what else says which of the live entries it is about."""
    def where(self, live: Subquery | Table, as_of: int) -> list[ColumnElement[bool]]: ...


@dataclass(frozen=True)
class Base:
    """How many there are of both, and how many entries a patient has."""
    per: Per
    patients: int
    entries: int
    entries_per_patient: dict[str, float | None]

    @property
    def base(self) -> int:
        return self.patients if self.per == "patient" else self.entries


@dataclass(frozen=True)
class Sample(Base):
    """`who` are the patients, each once, and `each` how many matching entries they have. What they said: per patient the columns themselves,
    in the same order; per entry `rows` with those columns. A value that is not known is -1."""
    who: np.ndarray
    each: np.ndarray
    columns: dict[str, np.ndarray]
    rows: Subquery | Table | None
    live: Subquery  # all live entries, of other cohorts too: what is said of a patient anywhere is said in them
    as_of: int
    known: dict[str, tuple[np.ndarray, ...]] = field(default_factory=dict)  # what was read of all patients, for the next chart that asks for it


COLUMNS = ("locations", "qualities", "symptoms_present", "symptoms_denied", "relief_tried", "relief_helped", "help_known", "severity", "worst",
           "duration", "hours", "answers", "asked_symptoms", "asked_history")


def sample(connection: Connection, cohort: Asking, *, as_of: int, known_at: int | None = None, per: Per = "patient", name: str = "sample",
           columns: Collection[str] = COLUMNS) -> Sample:
    """Reads the cohort's entries once, to be counted in many ways, or in the few ways that need no more than `columns`. `name` is the
    TEMP table's: another sample of that name on this connection takes its place."""
    live = named(cohorts.entries(connection, as_of, known_at))
    wanted, said = cohort.where(live, as_of), {name: _said(live, name) for name in COLUMNS if name in columns}
    rows = None
    if per == "patient":
        who, each, *found = database.unordered(connection, select(
            live.c.patient, func.count().label("entries"), *(of_all.label(name) for name, (_, of_all) in said.items())).where(*wanted).group_by(live.c.patient))
    else:
        entries, found = select(live.c.patient, *(of_one.label(name) for name, (of_one, _) in said.items())), []
        # unfiltered, the few columns of one question are read faster from where they are than all of them are copied
        rows = database.store(connection, name, entries.where(*wanted)) if wanted else entries.subquery(name)
        who, each = database.unordered(connection, select(rows.c.patient, func.count().label("entries")).group_by(rows.c.patient))
    return _of(per, who, each, dict(zip(said, found, strict=False)), rows, live, as_of)


def part(asked: Sample, patients: np.ndarray) -> Sample:
    """Only these patients of a sample of patients."""
    here = np.isin(asked.who, patients)
    columns = {name: column[here] for name, column in asked.columns.items()}
    return replace(_of(asked.per, asked.who[here], asked.each[here], columns, None, asked.live, asked.as_of), known=asked.known)


def _of(per: Per, who: np.ndarray, each: np.ndarray, columns: dict[str, np.ndarray], rows: Subquery | Table | None, live: Subquery, as_of: int) -> Sample:
    low, median, high = (float(value) for value in np.percentile(each, (25, 50, 75))) if len(each) else (None,) * 3
    return Sample(per, len(who), int(each.sum()), {"median": median, "q1": low, "q3": high}, who, each, columns, rows, live, as_of)


@lru_cache(maxsize=32)
def named(entries: Select) -> Subquery:
    """Kept, as the door keeps its statements: sixty columns take longer to spell out than to count."""
    return entries.subquery("live")


def sets(connection: Connection, asked: Sample, *fields: str) -> tuple[list[np.ndarray], np.ndarray | None]:
    """Columns of the sample, and how many units each row of them stands for; None: one. Of entries, equal rows are one."""
    if asked.rows is None:
        return [asked.columns[name] for name in fields], None
    columns = [asked.rows.c[name] for name in fields]
    *found, n = database.unordered(connection, select(*columns, func.count().label("n")).group_by(*columns))
    return found, n


def bits(sets: np.ndarray, times: np.ndarray | None = None) -> np.ndarray:
    """How many of the sets hold each bit, by counting their bytes: at most eight passes, however many codes there are."""
    lanes = np.ascontiguousarray(sets, "<i8").view(np.uint8).reshape(-1, 8).T
    used = -(-int(np.bitwise_or.reduce(sets)).bit_length() // 8) if len(sets) else 0
    made = np.zeros((8, 8), np.int64)
    for at in range(used):
        made[at] = np.bincount(lanes[at], times, minlength=256).astype(np.int64) @ _OF_A_BYTE
    return made.ravel()


_OF_A_BYTE = np.arange(256)[:, None] >> np.arange(8) & 1


def values(found: np.ndarray, times: np.ndarray | None = None) -> dict[int, int]:
    """How often each value occurs; those not known are left out."""
    known = found >= 0
    n = np.bincount(found[known], None if times is None else times[known])
    return {int(value): int(n[value]) for value in np.flatnonzero(n)}


def of_patients(asked: Sample, who: np.ndarray, value: np.ndarray, *, per: Per | None = None) -> dict[int, int]:
    """How many units are of patients of whom a value is known, by the value."""
    said = np.full(1 + max(int(numbers.max(initial=0)) for numbers in (who, asked.who)), -1)
    said[who] = value
    return values(said[asked.who], asked.each if (per or asked.per) == "entry" else None)


@lru_cache(maxsize=512)
def _said(live: Subquery, name: str) -> tuple[ColumnElement, ColumnElement]:
    """A column of a sample: what one entry says, and what all of a patient's entries come to."""
    e = live.c
    if name in _SETS:
        said = _SETS[name](live)
        return said, bit_or(said)
    one, of_all = {"severity": lambda: (_half_up(e.severity), _half_up(func.avg(e.severity))),
                   "worst": lambda: (_half_up(e.worst_severity), _half_up(func.max(e.worst_severity))),
                   "duration": lambda: (duration_class(live), cast(newest(live, duration_class(live)), Integer))}[name]()
    return func.coalesce(one, -1), func.coalesce(of_all, -1)


def _helped(live: Subquery) -> ColumnElement[int]:
    """That nothing helped is an answer of none."""
    said = live.c.relief_helped
    return case((has(said, RELIEF.bits(NOTHING_HELPED)), said + (ANSWERED_BIT + NONE_BIT)), else_=_marked(live, "relief_helped"))


def _marked(live: Subquery, field: str) -> ColumnElement[int]:
    said = live.c[field]
    return case((not_(has(live.c.answered, ANSWERED.bits((field,)))), said), (said == 0, ANSWERED_BIT + NONE_BIT), else_=said + ANSWERED_BIT)


def _plain(live: Subquery, field: str) -> ColumnElement[int]:
    return live.c[field]


_SETS: dict[str, Callable[[Subquery], ColumnElement[int]]] = {
    **{name: partial(_marked, field=name) for name in ("locations", "qualities", "relief_tried")},
    **{name: partial(_plain, field=name) for name in ("symptoms_present", "symptoms_denied")},
    "relief_helped": _helped,
    "help_known": lambda live: case((has(live.c.answered, ANSWERED.bits(("relief_helped",))), live.c.relief_tried), else_=0),
    "hours": lambda live: case({at: ANSWERED_BIT + (1 << at) for at in HOUR.bit.values()}, value=hour_of_day(live), else_=0),
    "answers": conditions.answers, "asked_symptoms": lambda live: conditions.asked_about(live, "symptoms"),
    "asked_history": lambda live: conditions.asked_about(live, "history")}


def _half_up(value: ColumnElement[float]) -> ColumnElement[int]:
    return cast(func.floor(value + HALF_UP), Integer)
