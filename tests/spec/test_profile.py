from datetime import date

import pandas as pd
import pytest
from sqlalchemy import Engine

from dashboard import crossfilter, profile
from dashboard.cohort import Cohort
from dashboard.days import day_of
from tests.distributions_oracle import Entry, World, insert

TODAY = day_of(date(2026, 3, 31))  # a Tuesday
HOUR = 3_600_000_000
ENTRIES = [
    Entry("a", TODAY, 23 * HOUR, sex="female", birth_year=2006, worst=9), Entry("a", TODAY - 1, 7 * HOUR, severity=6), Entry("a", TODAY - 8, worst=3),
    Entry("b", TODAY - 7, source="app", birth_year=1946, severity=2), Entry("c", TODAY - 400, source="app", symptoms={"fever": False})]


def counted(engine: Engine, name: str, per: str = "patient", cohort: Cohort | None = None, entries: list[Entry] | None = None) -> pd.DataFrame:
    insert(engine, World(ENTRIES if entries is None else entries))
    with engine.connect() as connection:
        return crossfilter.count(connection, cohort or Cohort(), [name], as_of=TODAY, per=per)[name]


def some(frame: pd.DataFrame, column: str = "n") -> dict:
    return {row.code: getattr(row, column) for row in frame.itertuples() if getattr(row, column)}


@pytest.mark.parametrize(("per", "expected"), [("patient", {"20_to_29": 1, "80_and_more": 1, "not_recorded": 1}),
                                               ("entry", {"20_to_29": 3, "80_and_more": 1, "not_recorded": 1})])
def test_age_is_the_patients_in_every_entry(engine: Engine, per: str, expected: dict) -> None:
    found = counted(engine, "ages", per)
    assert some(found) == expected and found["not_recorded"].iloc[0] == 1


def test_age_and_sex_stand_whatever_entries_match(engine: Engine) -> None:
    assert some(counted(engine, "sexes", cohort=Cohort(until=TODAY - 8))) == {"female": 1, "not_recorded": 1}


def test_sources(engine: Engine) -> None:
    assert some(counted(engine, "sources", "entry")) == {"app": 2, "clinic": 3}


@pytest.mark.parametrize(("per", "expected", "answered", "blank"), [("patient", {"07": 1, "23": 1}, 1, 2), ("entry", {"07": 1, "23": 1}, 2, 3)])
def test_hours_are_local_and_a_date_is_none(engine: Engine, per: str, expected: dict, answered: int, blank: int) -> None:
    found = counted(engine, "hours", per)
    assert (some(found), found["answered"].iloc[0], found["not_recorded"].iloc[0]) == (expected, answered, blank)


def test_weeks_begin_on_monday_and_leave_none_out(engine: Engine) -> None:
    found = counted(engine, "weeks", cohort=Cohort(sources=("clinic",)))
    assert list(zip(found["code"], found["patients"], found["entries"], strict=True)) == [("2026-03-23", 1, 1), ("2026-03-30", 1, 2)]


def test_long_times_are_months(engine: Engine) -> None:
    found = counted(engine, "weeks")
    assert (found["code"].iloc[0], found["code"].iloc[-1], len(found)) == ("2025-02-01", "2026-03-01", 14)
    assert (found["patients"].iloc[-1], found["entries"].iloc[-1], found["entries"].sum()) == (2, 4, 5)


def test_nobody_has_no_weeks(engine: Engine) -> None:
    assert counted(engine, "weeks", entries=[]).empty


def test_high_pain_is_a_share_of_days_in_the_period(engine: Engine) -> None:
    assert some(counted(engine, "high_pain")) == {"to_50": 1, "no_day": 1, "not_recorded": 1}, "a third of a's days, none of b's, c never said"
    assert some(counted(engine, "high_pain", cohort=Cohort(since=TODAY))) == {"to_100": 1}
    at_the_edges = [Entry(str(high), TODAY - day, worst=7 if day < high else 6.9) for high in range(5) for day in range(4)]
    assert some(counted(engine, "high_pain", entries=at_the_edges)) == dict.fromkeys(("no_day", "to_25", "to_50", "to_75", "to_100"), 1)


def test_the_worst_of_a_day_counts_and_severity_where_it_is_blank(engine: Engine) -> None:
    twice = [Entry("a", TODAY, severity=2), Entry("a", TODAY, HOUR, worst=8), Entry("b", TODAY, severity=8, worst=5), Entry("c", TODAY, severity=7)]
    assert some(counted(engine, "high_pain", entries=twice)) == {"to_100": 2, "no_day": 1}


@pytest.mark.parametrize(("per", "said"), [("patient", {"worst_severity": 1, "severity": 2, "time_of_day": 1, "fever": 1, "birth_year": 2, "locations": 0}),
                                           ("entry", {"worst_severity": 2, "severity": 2, "time_of_day": 2, "fever": 1, "birth_year": 2, "locations": 0})])
def test_completeness_of_every_field(engine: Engine, per: str, said: dict) -> None:
    found = counted(engine, "blank", per).set_index("code")
    assert found["answered"].loc[list(said)].to_dict() == said and (found["answered"] + found["not_recorded"] == (3 if per == "patient" else 5)).all()
    assert set(profile.SYMPTOM.bit) < set(found.index), "every red flag"
