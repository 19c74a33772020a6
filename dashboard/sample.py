"""What is counted: the entries of a cohort, read once, as one row a patient or one row an entry with few narrow columns."""
from collections.abc import Collection
from dataclasses import dataclass
from math import floor
from typing import Literal

import numpy as np
from sqlalchemy import ColumnElement, Connection, Integer, Subquery, Table
from sqlalchemy.sql import case, cast, func, not_, select

from dashboard import cohort as cohorts
from dashboard import conditions, database
from dashboard.codelists import ANSWERED, RELIEF, Codelist
from dashboard.cohort import Cohort
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


@dataclass(frozen=True)
class Sample:
    """`units` has one row a patient or one row an entry, with the same columns to count; the base says how many there are of both."""
    units: Subquery | Table
    per: Per
    patients: int
    entries: int
    entries_per_patient: dict[str, float | None]
    live: Subquery  # all live entries, of other cohorts too: what is said of a patient anywhere is said in them
    as_of: int

    @property
    def base(self) -> int:
        return self.patients if self.per == "patient" else self.entries


COLUMNS = ("locations", "qualities", "symptoms_present", "symptoms_denied", "relief_tried", "relief_helped", "help_known", "severity", "worst",
           "duration", "hours", "answers", "asked_symptoms", "asked_history")


def sample(connection: Connection, cohort: Cohort, *, as_of: int, known_at: int | None = None, per: Per = "patient", name: str = "sample",
           columns: Collection[str] = COLUMNS) -> Sample:
    """Reads the cohort's entries once, to be counted in many ways, or in the few ways that need no more than `columns`. `name` is the
    TEMP table's: another sample of that name on this connection takes its place."""
    live = cohorts.entries(connection, as_of, known_at).subquery("live")
    wanted, said = cohort.where(live, as_of), {name: both for name, both in _said(live).items() if name in columns}
    if per == "patient":
        patients = select(live.c.patient, func.count().label("entries"), *(of_all.label(name) for name, (_, of_all) in said.items()))
        units = database.store(connection, name, patients.where(*wanted).group_by(live.c.patient))
        lengths = select(units.c.entries, func.count().label("patients")).group_by(units.c.entries)
    else:
        entries = select(live.c.patient, *(of_one.label(name) for name, (of_one, _) in said.items()))
        # unfiltered, the few columns of one question are read faster from where they are than all of them are copied
        units = database.store(connection, name, entries.where(*wanted)) if wanted else entries.subquery(name)
        diaries = select(func.count().label("entries")).select_from(units).group_by(units.c.patient).subquery("diaries")
        lengths = select(diaries.c.entries, func.count().label("patients")).group_by(diaries.c.entries)
    found = {int(entries): int(patients) for entries, patients in connection.execute(lengths)}
    each = np.repeat(list(found), list(found.values())) if found else None
    low, median, high = (None,) * 3 if each is None else (float(value) for value in np.percentile(each, (25, 50, 75)))
    return Sample(units, per, sum(found.values()), sum(entries * patients for entries, patients in found.items()),
                  {"median": median, "q1": low, "q3": high}, live, as_of)


def _said(live: Subquery) -> dict[str, tuple[ColumnElement, ColumnElement]]:
    """Each column of a sample: what one entry says, and what all of a patient's entries come to."""
    e, sets = live.c, _sets(live)
    return {**{name: (said, bit_or(said)) for name, said in sets.items()},
            "severity": (_half_up(e.severity), _half_up(func.avg(e.severity))),
            "worst": (_half_up(e.worst_severity), _half_up(func.max(e.worst_severity))),
            "duration": (duration_class(live), cast(newest(live, duration_class(live)), Integer))}


def _sets(live: Subquery) -> dict[str, ColumnElement[int]]:
    e = live.c
    helped_known, nothing_helped = has(e.answered, ANSWERED.bits(("relief_helped",))), has(e.relief_helped, RELIEF.bits(NOTHING_HELPED))
    return {
        "locations": _marked(live, "locations"), "qualities": _marked(live, "qualities"),
        "symptoms_present": e.symptoms_present, "symptoms_denied": e.symptoms_denied, "relief_tried": _marked(live, "relief_tried"),
        # that nothing helped is an answer of none
        "relief_helped": case((nothing_helped, e.relief_helped + (ANSWERED_BIT + NONE_BIT)), else_=_marked(live, "relief_helped")),
        "help_known": case((helped_known, e.relief_tried), else_=0),
        "hours": case({at: ANSWERED_BIT + (1 << at) for at in HOUR.bit.values()}, value=hour_of_day(live), else_=0),
        "answers": conditions.answers(live), "asked_symptoms": conditions.asked_about(live, "symptoms"),
        "asked_history": conditions.asked_about(live, "history")}


def _marked(live: Subquery, field: str) -> ColumnElement[int]:
    said = live.c[field]
    return case((not_(has(live.c.answered, ANSWERED.bits((field,)))), said), (said == 0, ANSWERED_BIT + NONE_BIT), else_=said + ANSWERED_BIT)


def _half_up(value: ColumnElement[float]) -> ColumnElement[int]:
    return cast(func.floor(value + HALF_UP), Integer)
