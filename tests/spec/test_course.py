"""One patient over time: entries, severity and symptoms by day, what helped, who it is; the same on every engine."""
import pandas as pd
from sqlalchemy import Engine

from dashboard import cohort, course, distributions
from dashboard.codelists import SYMPTOM
from dashboard.cohort import Cohort
from dashboard.days import date_of
from dashboard.people import people
from dashboard.rules import active
from tests.canonical import quiet, scant
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


def diary(clinic: Clinic, patient_id: str = "1", as_of: int = TODAY) -> pd.DataFrame:
    with clinic.engine.connect() as connection:
        return course.diary(connection, clinic.number(patient_id), as_of)


def test_the_diary_is_all_live_entries_of_one_patient_in_order(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, note="some time"), quiet("2", TODAY), quiet("1", TODAY, recorded_at=f"{date_of(TODAY)}T08:00", note="early"),
                 quiet("1", TODAY - 3, note="old"), quiet("1", TODAY, recorded_at=f"{date_of(TODAY)}T20:00", note="late"))
    gone = clinic.sends(quiet("1", TODAY - 1, note="undone"))["batch"]
    clinic.undoes(gone)
    assert diary(clinic)["note"].tolist() == ["old", "some time", "early", "late"]
    assert set(diary(clinic)["file_name"]) == {"diary.csv"}
    assert course.notes(diary(clinic)) == [(TODAY, "late"), (TODAY, "early"), (TODAY, "some time"), (TODAY - 3, "old")]
    assert diary(clinic, as_of=TODAY - 1)["note"].tolist() == ["old"], "nothing after the as-of date"
    assert diary(clinic, as_of=TODAY - 4).empty
    assert course.severity_by_day(diary(clinic, as_of=TODAY - 4)).empty


def test_severity_by_day_is_a_mean_and_days_without_a_score_are_not_there(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, severity="4"), quiet("1", TODAY, severity="7", worst_severity="9"), quiet("1", TODAY - 1, severity=""),
                 quiet("1", TODAY - 2, severity="", worst_severity="6"), quiet("1", TODAY - 10, severity="1"))
    days = course.severity_by_day(diary(clinic))
    assert days["day"].tolist() == [TODAY - 10, TODAY - 2, TODAY]
    assert days["severity"].fillna(-1).tolist() == [1, -1, 5.5]
    assert days["worst"].fillna(-1).tolist() == [-1, 6, 9]


def test_a_symptom_is_reported_denied_or_not_asked_and_what_was_reported_comes_first(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(scant("1", TODAY - 9, fever="no", chest_pain="no", nausea="yes"), scant("1", TODAY - 5, chest_pain="yes"),
                 scant("1", TODAY - 5, chest_pain="no", fever="no"), scant("1", TODAY, nausea="no"))
    states = course.symptoms_by_day(diary(clinic))
    assert states.index.tolist() == [TODAY - 9, TODAY - 5, TODAY]
    assert list(states) == ["chest_pain", "nausea", "fever"]
    assert states.to_dict("list") == {
        "chest_pain": [course.DENIED, course.PRESENT, course.NOT_ASKED], "nausea": [course.PRESENT, course.NOT_ASKED, course.DENIED],
        "fever": [course.DENIED, course.DENIED, course.NOT_ASKED]}


def test_what_helped_of_what_was_tried(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(scant("1", TODAY - 4, relief_tried="rest;massage", relief_helped="rest"), scant("1", TODAY - 3, relief_tried="rest"),
                 scant("1", TODAY - 2, relief_tried="rest", relief_helped="none"), scant("1", TODAY - 1, relief_helped="cold_pack"), scant("1", TODAY))
    found = course.relief(diary(clinic)).set_index("label")
    assert found.loc["Rest"].tolist() == [3, 1, 1], "a blank is not a no"
    assert found.loc["Massage"].tolist() == [1, 0, 0]
    assert found.loc["Cold pack"].tolist() == [1, 1, 0], "what helped was tried"
    assert found.index[0] == "Rest"
    # the same as on the cohort page
    with engine.connect() as connection:
        asked = distributions.sample(connection, Cohort(), as_of=TODAY, per="entry")
        everybody = distributions.relief(connection, asked).set_index("label")
    assert all(everybody.loc[label, ["tried", "helped", "help_not_recorded"]].tolist() == row.tolist() for label, row in found.iterrows())


def test_a_person_is_what_the_entries_say_last_and_disagreements_are_told(engine: Engine) -> None:
    clinic = Clinic(engine)
    at = f"{date_of(TODAY - 2)}T08:00"
    clinic.sends(scant("1", TODAY - 9, birth_year="1950", sex="female", diabetes="yes", osteoporosis="yes"), scant("1", TODAY - 2, birth_year="1951"),
                 scant("1", TODAY - 2, recorded_at=at, birth_year="1952", sex="male", diabetes="no"), scant("1", TODAY - 2, recorded_at=at, birth_year="1953"),
                 scant("1", TODAY), scant("2", TODAY))
    found = course.person(diary(clinic), TODAY)
    assert (found.entries, found.first_day, found.last_day) == (5, TODAY - 9, TODAY)
    assert (found.age, found.sex) == (date_of(TODAY).year - 1953, "male")
    assert found.history == (("Osteoporosis", False), ("Diabetes", True))
    with engine.connect() as connection:
        said = connection.execute(people(cohort.entries(connection, TODAY, patients=[clinic.number("1")]).subquery())).one()
    assert (said.birth_year, said.sex) == (1953, "male"), "as the cohort has it"
    nobody = course.person(diary(clinic, "2"), TODAY)
    assert (nobody.age, nobody.sex, nobody.history) == (None, None, ())


def test_an_entry_in_full_leaves_nothing_out(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, recorded_at=f"{date_of(TODAY)}T09:05+02:00", onset_date="2026-03-20", pattern="intermittent", relief_tried="none",
                       sex="female", fever="", chest_pain="yes", cancer_history="no", mood="=1+1 good", steps=" 12 "))
    rows = diary(clinic)
    said, blank, unmapped = course.in_full(rows, int(rows.loc[0, "entry"]))
    assert said["When"] == "1 Apr 2026 09:05 (UTC+02:00), time with utc offset"
    assert (said["Reported"], said["Onset"], said["Pattern"], said["Relief tried"], said["Sex"], said["Written in"]) == (
        "Chest pain", "20 Mar 2026", "Comes and goes", "None", "Female", "diary.csv, row 2")
    assert "Fever" in said["Not asked"] and "Fever" not in said["Denied"]
    assert said["History: no"] == "Cancer"
    assert "Note" in blank and "Qualities" in blank and not said.keys() & set(blank)
    assert unmapped == {"mood": "=1+1 good", "steps": " 12 "}


def test_where_a_patient_stands(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, **WET), scant("2", TODAY))
    with engine.connect() as connection:
        assert course.standing(connection, clinic.number("1"))["tier"] == "E"
        assert course.standing(connection, clinic.number("2"))["bucket"] == "not_assessable"
        assert course.standing(connection, 999) is None


def test_where_it_hurt_by_month_counts_entries_that_say_where(duckdb_engine: Engine) -> None:
    clinic = Clinic(duckdb_engine)
    clinic.sends(scant("1", TODAY - 40, locations="neck"), scant("1", TODAY - 1, locations="neck;low_back"), scant("1", TODAY - 2, locations="none"),
                 scant("1", TODAY - 3, locations="neck"), scant("1", TODAY, locations=""))
    months = course.places_by_month(diary(clinic), 8)
    assert [month for month, _ in months] == ["Feb 2026", "Mar 2026"], "nobody said where in April"
    march = months[1][1].set_index("code")
    assert march.loc[["neck", "low_back", "none", "jaw"], "n"].tolist() == [2, 1, 1, 0]
    assert (march["answered"].iloc[0], march["not_recorded"].iloc[0]) == (3, 0)
    assert [month for month, _ in course.places_by_month(diary(clinic), 1)] == ["Mar 2026"]
