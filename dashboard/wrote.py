"""On which days patients wrote, read once for all groups of them: how much of their time was bad, and who wrote in which week."""
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sqlalchemy import BigInteger, Connection, case, cast, func, select

from dashboard import cohort as cohorts
from dashboard import database, people, profile
from dashboard.cohort import NOT_RECORDED
from dashboard.sample import Asking, named

_DAY_BITS = 17
_DAYS = 1 << _DAY_BITS  # of which half are before 1970


@dataclass(frozen=True)
class Days:
    """On which days patients wrote. `begins` are the places in `day` where a patient's begin, and where the last's end; `quarter` is the class of
    people.HIGH_PAIN, by its place: which quarter of the days that were said to be bad or not were bad; -1: none was said."""
    who: np.ndarray
    begins: np.ndarray
    day: np.ndarray
    quarter: np.ndarray


def read(connection: Connection, asked: Asking, *, as_of: int, known_at: int | None) -> Days:
    """Patient, day, and whether it was said how bad it was (1), and that it was high pain (2), packed into one number: a million of them are sorted
    in half the time that it takes to group them in SQL."""
    live = named(cohorts.entries(connection, as_of, known_at))
    worst = func.coalesce(live.c.worst_severity, live.c.severity)
    said = case((worst >= people.HIGH, 2), (worst.is_not(None), 1), else_=0)
    moment = cast(live.c.patient, BigInteger) * _DAYS + (live.c.day + _DAYS // 2)
    (found,) = database.unordered(connection, select((moment * 4 + said).label("packed")).where(*asked.where(live, as_of)))
    found.sort()
    found = found[_changes(found >> 2)[1:]]  # the worst of a day comes last
    begins = np.flatnonzero(_changes(found >> 2 + _DAY_BITS))
    bad, of = (np.add.reduceat(found & 3 >= least, begins[:-1], dtype=np.int64) for least in (2, 1))
    quarter = np.where(of > 0, -(-4 * bad // np.maximum(of, 1)), -1)
    return Days(found[begins[:-1]] >> 2 + _DAY_BITS, begins, (found >> 2 & _DAYS - 1).astype(np.int32) - _DAYS // 2, quarter)


def _changes(numbers: np.ndarray) -> np.ndarray:
    """Before which of them another begins; before the first and after the last always."""
    ends = np.ones(min(len(numbers), 1), bool)
    return np.concatenate([ends, numbers[1:] != numbers[:-1], ends])


def in_high_pain(quarter: np.ndarray) -> pd.DataFrame:
    """As people.high_pain says it."""
    n = np.bincount(quarter + 1, minlength=len(people.HIGH_PAIN) + 1).tolist()
    classes = [(code, label, n[place]) for place, (code, label) in enumerate(people.HIGH_PAIN.items(), 1)]
    return pd.DataFrame([*classes, (NOT_RECORDED, "not recorded", n[0])], columns=["code", "label", "n"])


@dataclass(frozen=True)
class Weeks:
    """Weeks, months or years of the calendar, and who wrote in which of them, each once: the place of the patient and that of the span."""
    spans: list[tuple[int, int]]
    patient: np.ndarray
    span: np.ndarray


def weeks(days: Days, either: np.ndarray) -> Weeks | None:
    """Of these patients."""
    here = np.isin(days.who, either)
    if not here.any():
        return None
    spans = profile.spans(int(days.day[days.begins[:-1][here]].min()), int(days.day[days.begins[1:][here] - 1].max()))
    low = int(days.day.min())
    span = (np.searchsorted([since for since, _ in spans], np.arange(low, int(days.day.max()) + 1), side="right") - 1)[days.day - low]
    patient = np.repeat(np.arange(len(here), dtype=np.int32), np.diff(days.begins))
    once = _changes(span)[:-1]  # days are in order, patient by patient
    once[days.begins[:-1]] = True
    return Weeks(spans, patient[once], span[once])


def over_time(weeks: Weeks, here: np.ndarray) -> pd.DataFrame:
    """code, label, patients: who wrote in a week, month or year of the calendar. Of all patients of the side, whenever their diaries began:
    that more wrote in a week may be because more had begun by then."""
    n = np.bincount(weeks.span[here[weeks.patient]], minlength=len(weeks.spans))
    return pd.DataFrame([(*profile.span_names(*span), int(patients)) for span, patients in zip(weeks.spans, n, strict=True)],
                        columns=["code", "label", "patients"])
