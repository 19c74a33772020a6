"""One patient over time: the entries behind a flag, severity by day, the newest notes; in the same order on every engine."""
from sqlalchemy import Engine

from dashboard import course
from dashboard.codelists import SYMPTOM
from dashboard.days import date_of
from dashboard.rules import active
from tests.canonical import quiet
from tests.clinic import TODAY, Clinic

WET = {"urinary_incontinence": "yes"}


def test_the_evidence_is_the_rows_that_met_the_rule_with_file_and_row(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY - 2, **WET), quiet("1", TODAY - 1), quiet("2", TODAY, **WET),
                 quiet("1", TODAY, recorded_at=f"{date_of(TODAY)}T09:05", note="wet bed", onset_date="2026-03-20", temperature_c="37.5",
                       cancer_history="yes", **WET),
                 quiet("1", TODAY, **WET))
    with engine.connect() as connection:
        rule = active.current(connection).by_id("E05")
        rows = course.evidence(connection, rule, clinic.number("1"), TODAY)
        earlier = course.evidence(connection, rule, clinic.number("1"), TODAY - 2)
        assert course.evidence(connection, rule, clinic.number("1"), TODAY - 3).empty
    assert rows["When"].tolist() == ["1 Apr 2026 09:05", "1 Apr 2026", "30 Mar 2026"]
    assert rows["Written in"].tolist() == ["diary.csv, row 5", "diary.csv, row 6", "diary.csv, row 2"]
    assert rows.loc[0, ["Note", "Onset", "°C", "History", "Locations"]].tolist() == ["wet bed", "20 Mar 2026", "37.5", "Cancer", "Middle of the back"]
    assert rows["Reported"].tolist() == [SYMPTOM.label["urinary_incontinence"]] * 3
    assert "Chest pain" in rows.loc[0, "Denied"] and "Qualities" not in rows and len(earlier) == 1


def test_severity_by_day_is_a_mean_and_days_without_a_score_are_not_there(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, severity="4"), quiet("1", TODAY, severity="7", worst_severity="9"), quiet("1", TODAY - 1, severity=""),
                 quiet("1", TODAY - 2, severity="", worst_severity="6"), quiet("1", TODAY - 10, severity="1"))
    with engine.connect() as connection:
        days = course.severity_by_day(connection, clinic.number("1"), TODAY, 10)
    assert days["day"].tolist() == [TODAY - 2, TODAY] and days["severity"].tolist()[1] == 5.5 and days["worst"].tolist() == [6, 9]


def test_the_newest_notes_come_first(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY - 3, note="old"), quiet("1", TODAY, recorded_at=f"{date_of(TODAY)}T08:00", note="early"), quiet("1", TODAY, note="some time"),
                 quiet("1", TODAY, recorded_at=f"{date_of(TODAY)}T20:00", note="late"), quiet("1", TODAY - 1))
    with engine.connect() as connection:
        assert course.last_notes(connection, clinic.number("1"), TODAY) == [(TODAY, "late"), (TODAY, "early"), (TODAY, "some time")]
        assert course.last_notes(connection, clinic.number("1"), TODAY - 1) == [(TODAY - 3, "old")]
