"""Who they are, when they wrote, how much of their time was bad, what they left blank: more counts over the entries of a cohort."""
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow
from sqlalchemy import Connection, Integer, Select, case, func, select

from dashboard import cohort as cohorts
from dashboard import conditions, database
from dashboard.codelists import CHOICES, HISTORY, SYMPTOM
from dashboard.cohort import NOT_RECORDED, Cohort
from dashboard.conditions import ANSWERS, FIELD
from dashboard.days import date_of, day_of, spoken
from dashboard.distributions import shares, spelled
from dashboard.people import HIGH_PAIN, people
from dashboard.people import high_pain as in_high_pain
from dashboard.sample import HOUR, Sample, named, of_patients
from dashboard.schema import patient, source

# whole years, both ends inside; None is open
AGES: dict[str, tuple[int | None, int | None]] = {
    "under_20": (None, 19), **{f"{low}_to_{low + 9}": (low, low + 9) for low in range(20, 80, 10)}, "80_and_more": (80, None)}
MOST_WEEKS, MOST_MONTHS = 40, 60  # bars that can be read and pressed


def age_label(code: str) -> str:
    low, high = AGES[code]
    return f"under {high + 1}" if low is None else f"{low} and more" if high is None else f"{low}–{high}"


# --- who ----------------------------------------------------------------------------------------------------------------------------

def ages(connection: Connection, asked: Sample) -> pd.DataFrame:
    """code (a band of AGES, `not_recorded`), label, n, answered, not_recorded: the age reached in the calendar year of the as-of date."""
    year, n = date_of(asked.as_of).year, dict.fromkeys(AGES, 0)
    who, born, _ = _known(connection, asked)
    for birth_year, number in of_patients(asked, who, born).items():
        n[_band(year - birth_year)] += number
    return _exclusive([(code, age_label(code), n[code]) for code in AGES], asked)


def _band(age: int) -> str:
    return next(code for code, (low, high) in AGES.items() if (low is None or age >= low) and (high is None or age <= high))


def sexes(connection: Connection, asked: Sample) -> pd.DataFrame:
    """code (with `not_recorded`), label, n, answered, not_recorded: as last answered in any live entry."""
    who, _, sex = _known(connection, asked)
    n = of_patients(asked, who, sex)
    return _exclusive([(code, label, n.get(place, 0)) for place, (code, label) in enumerate(CHOICES["sex"].items())], asked)


def _exclusive(rows: list[tuple[str, str, int]], asked: Sample) -> pd.DataFrame:
    """One class a unit: they add up to the base."""
    answered = sum(n for *_, n in rows)
    return shares([*rows, (NOT_RECORDED, "not recorded", asked.base - answered)], answered, asked)


def _known(connection: Connection, asked: Sample) -> tuple[np.ndarray, ...]:
    """All patients, their birth years and the places of their sex in its choices; -1 where it is not known."""
    if "people" not in asked.known:
        who = people(asked.live).subquery("people")
        sex = case({code: place for place, code in enumerate(CHOICES["sex"])}, value=who.c.sex, else_=-1)
        asked.known["people"] = database.unordered(connection, select(who.c.patient, func.coalesce(who.c.birth_year, -1).label("born"), sex.label("sex")))
    return asked.known["people"]


def sources(connection: Connection, asked: Sample) -> pd.DataFrame:
    """code, label, n, answered, not_recorded: every source, by name; a source is never missing."""
    found = of_patients(asked, *database.unordered(connection, select(patient.c.patient, patient.c.source)))
    names = connection.execute(select(source.c.source, source.c.name).order_by(source.c.name)).all()
    return shares([(name, name, found.get(number, 0)) for number, name in names], asked.base, asked)


# --- when ---------------------------------------------------------------------------------------------------------------------------

def hours(connection: Connection, asked: Sample) -> pd.DataFrame:
    """code (00 to 23), label, n, answered, not_recorded. Local; a date alone is no hour. Per patient, an hour at which any entry was made."""
    n = spelled(connection, asked, HOUR, ("hours",), lambda said: {"n": said})["n"]
    return shares([(code, label, n[code]) for code, label in HOUR.label.items()], n["answered"], asked)


def over_time(connection: Connection, cohort: Cohort, *, as_of: int, known_at: int | None = None) -> pd.DataFrame:
    """code (the first day, as ISO date), label, since, until, patients, entries: weeks from Monday, or months, or years, whichever are few
    enough; also those without an entry, from the first that has one to the last."""
    live = named(cohorts.entries(connection, as_of, known_at))
    matching = cohort.where(live, as_of)
    entries = _counted(connection, select(live.c.day, func.count().label("n")).where(*matching).group_by(live.c.day))
    shown = spans(min(entries), max(entries)) if entries else []
    made = {since: [0, 0] for since, _ in shown}
    of_day = {day: since for since, until in shown for day in range(since, until + 1)}
    for day, n in entries.items():
        made[of_day[day]][1] += n
    if shown:
        calendar = database.store_rows(connection, "calendar", {"day": Integer, "since": Integer}, pyarrow.table(
            {"day": pyarrow.array(list(of_day), pyarrow.int32()), "since": pyarrow.array(list(of_day.values()), pyarrow.int32())}))
        own = select(calendar.c.since, live.c.patient).select_from(live.join(calendar, calendar.c.day == live.c.day)).where(*matching).group_by(
            calendar.c.since, live.c.patient).subquery("own")
        for since, n in _counted(connection, select(own.c.since, func.count().label("n")).group_by(own.c.since)).items():
            made[since][0] = n
    return pd.DataFrame([(*span_names(since, until), since, until, *made[since]) for since, until in shown],
                        columns=["code", "label", "since", "until", "patients", "entries"])


def spans(first: int, last: int) -> list[tuple[int, int]]:
    """Their first and last days."""
    monday = first - date_of(first).weekday()
    if last - monday < 7 * MOST_WEEKS:
        return [(day, day + 6) for day in range(monday, last + 1, 7)]
    begin, end = date_of(first), date_of(last)
    months = _starts(12 * begin.year + begin.month - 1, 12 * end.year + end.month, 1)
    return months if len(months) <= MOST_MONTHS else _starts(12 * begin.year, 12 * end.year + 12, 12)


def _starts(month: int, until: int, each: int) -> list[tuple[int, int]]:
    """Months are counted from the year 0."""
    days = [day_of(date(place // 12, place % 12 + 1, 1)) for place in range(month, until + 1, each)]
    return [(day, beyond - 1) for day, beyond in pairwise(days)]


def span_names(since: int, until: int) -> tuple[str, str]:
    """Code and label."""
    day = date_of(since)
    return day.isoformat(), f"week of {spoken(since)}" if until - since == 6 else f"{day:%b %Y}" if until - since < 31 else f"{day:%Y}"


# --- how bad, how complete ----------------------------------------------------------------------------------------------------------

def high_pain(connection: Connection, cohort: Cohort, *, as_of: int, known_at: int | None = None) -> pd.DataFrame:
    """code (a class of HIGH_PAIN), label, n, answered, not_recorded. A class is a patient's, from all their entries in the cohort's
    period: patients are counted, never entries."""
    live = named(cohorts.entries(connection, as_of, known_at))
    days = live.alias("days")
    who = select(live.c.patient).where(*cohort.where(live, as_of)).group_by(live.c.patient).subquery("who")
    known = in_high_pain(days, *conditions.in_time(days, vars(cohort))).subquery("known")
    place = func.coalesce(known.c["class"], -1)
    found = _counted(connection, select(place.label("place"), func.count().label("n")).select_from(
        who.outerjoin(known, known.c.patient == who.c.patient)).group_by(place))
    blank = found.pop(-1, 0)
    rows = [(code, label, found.get(place, 0)) for place, (code, label) in enumerate(HIGH_PAIN.items())]
    answered = sum(n for *_, n in rows)
    return pd.DataFrame([(*row, answered, blank) for row in [*rows, (NOT_RECORDED, "not recorded", blank)]],
                        columns=["code", "label", "n", "answered", "not_recorded"])


def _counted(connection: Connection, statement: Select) -> dict[int, int]:
    """A value and how often."""
    return dict(zip(*(column.tolist() for column in database.unordered(connection, statement)), strict=True))


def completeness(connection: Connection, asked: Sample) -> pd.DataFrame:
    """code (of FIELD), label, group, answered, not_recorded: every single field. Per patient, in any matching entry."""
    n: dict[str, int] = {}
    for codelist, column in ((ANSWERS, "answers"), (SYMPTOM, "asked_symptoms"), (HISTORY, "asked_history")):
        found = spelled(connection, asked, codelist, (column,), lambda said: {"n": said})["n"]
        n |= {code: found[code] for code in codelist.bit}
    return pd.DataFrame([(code, label, groups[0], n[code], asked.base - n[code]) for code, _, label, groups in FIELD.rows],
                        columns=["code", "label", "group", "answered", "not_recorded"])
