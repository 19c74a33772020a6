"""What becomes of a flag as diaries come, go and are corrected, and as people act; with shipped rules, through the real importer."""
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from dashboard import start, worklist
from dashboard.days import day_of
from dashboard.errors import Refused
from dashboard.hours import read
from dashboard.rules import answers, flags
from dashboard.rules.lifecycle import SEEN_TO
from dashboard.schema import evaluation
from tests.canonical import quiet
from tests.clinic import AT, TODAY, Clinic, everything

WET = {"urinary_incontinence": "yes"}  # E05
NUMB = {"leg_numbness": "yes"}  # U02
BOTH = {"leg_numbness": "yes", "both_legs": "yes"}  # U02, as an emergency
THIN = {"weight_loss": "yes"}  # R02


def review(engine: Engine) -> int:
    with engine.connect() as connection:
        return worklist.withdrawn_to_review(connection)


# --- opening, refreshing ----------------------------------------------------------------------------------------------------------

def test_an_import_opens_a_flag_for_each_rule_met(engine: Engine) -> None:
    clinic = Clinic(engine)
    receipt = clinic.sends(quiet("1", TODAY - 2, **WET, **THIN), quiet("2", TODAY, **NUMB), quiet("3", TODAY))
    assert (receipt["flags_raised"], receipt["flags_closed"]) == (3, 0)
    assert [(row["rule_id"], row["tier"], row["status"], row["first_evidence"]) for row in sorted(clinic.rows(), key=lambda row: row["rule_id"])] == [
        ("E05", "E", "open", TODAY - 2), ("R02", "R", "open", TODAY - 2), ("U02", "U", "open", TODAY)]
    hours = {row["rule_id"]: [by and (by - row["raised_at"]).total_seconds() / 3600 for by in (row["due_at"], row["done_by"])] for row in clinic.rows()}
    assert hours == {"E05": [1, None], "U02": [24, 24], "R02": [48, 7 * 24]}, "five working days are a week"
    assert clinic.buckets() == {"1": "emergency", "2": "same_day", "3": "no_criterion_met"}


def test_an_emergency_is_overdue_after_an_hour_in_which_somebody_is_on_duty(engine: Engine) -> None:
    clinic = Clinic(engine.execution_options(hours=read("Tue-Thu 08:00-18:00 UTC")))
    clinic.at += timedelta(hours=8)  # Wednesday, half past five
    clinic.sends(quiet("1", TODAY, **WET, **THIN))
    due = {row["rule_id"]: [f"{by:%a %H:%M}" for by in (row["due_at"], row["done_by"]) if by] for row in clinic.rows()}
    assert due == {"E05": ["Thu 08:31"], "R02": ["Fri 17:31", "Tue 17:31"]}

    def is_late(hours: int, minutes: int) -> int:
        with engine.connect() as connection:
            return worklist.tiles(connection, AT.replace(hour=hours, minute=minutes) + timedelta(days=1))["emergency"]["overdue"]
    assert [is_late(8, 31), is_late(8, 32)] == [0, 1]
    clinic.days_pass(1)
    clinic.closes("E05")
    clinic.acts("reopen", "E05")
    assert f"{clinic.flag('E05')['due_at']:%a %H:%M}" == "Tue 08:33"


def test_new_evidence_refreshes_the_one_flag_and_nobody_has_to_look_again(engine: Engine) -> None:
    clinic = Clinic(engine, rules=("E05",))
    clinic.sends(quiet("1", TODAY - 20, **WET))
    clinic.acts("acknowledge", "E05")
    before = clinic.flag("E05")
    assert clinic.sends(quiet("1", TODAY - 1, **WET), quiet("1", TODAY - 30, **WET))["flags_raised"] == 0
    after = clinic.flag("E05")
    assert len(clinic.flags("E05")) == 1
    assert (after["first_evidence"], after["last_evidence"]) == (TODAY - 30, TODAY - 1)
    assert (after["status"], after["version"], after["due_at"]) == ("acknowledged", before["version"], before["due_at"])


def test_the_reason_follows_the_arm_even_where_no_day_changes(engine: Engine) -> None:
    clinic = Clinic(engine, rules=("E01",))
    clinic.sends(quiet("1", TODAY, chest_pain="yes", locations=""))
    assert clinic.flag("E01")["reason"] == "Trouble breathing or chest pain (location not recorded)"
    clinic.sends(quiet("1", TODAY, severity="3"))
    assert clinic.flag("E01")["reason"] == "Trouble breathing or chest pain with back pain"


def test_a_later_no_never_clears_an_emergency(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY - 9, **WET))
    clinic.sends(*[quiet("1", TODAY - day) for day in range(8)])
    clinic.days_pass(400)
    clinic.evaluates()
    assert (clinic.status("E05"), clinic.flag("E05")["met"], clinic.buckets()) == ("open", True, {"1": "emergency"})


def test_a_routine_flag_that_is_not_met_any_more_closes_by_itself_unless_somebody_took_it_up(engine: Engine) -> None:
    clinic = Clinic(engine)
    course = [{"recorded_at_day": TODAY - 20 + day, "severity": "8"} for day in range(16)]
    for patient_id in ("1", "2"):
        clinic.sends(*[quiet(patient_id, row["recorded_at_day"], severity=row["severity"], onset_date="2026-03-12") for row in course])
    clinic.acts("acknowledge", "R01", patient_id="2")
    receipt = clinic.sends(*[quiet(patient_id, TODAY - day, severity="1") for day in range(3) for patient_id in ("1", "2")])
    assert receipt["flags_closed"] == 1
    assert [(clinic.flag("R01", patient_id)[name]) for patient_id in ("1", "2") for name in ("status", "outcome", "met", "evidence_withdrawn")] == [
        "closed", "no_longer_met", False, False, "acknowledged", None, False, False]
    assert review(engine) == 0


# --- reopening: clinical reference 1.0 --------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("later", "after", "status"), [
    (TODAY + 1, WET, "open"), (TODAY - 40, WET, "open"), (TODAY - 5, WET, "closed"), (TODAY + 1, {"urinary_incontinence": "no"}, "closed")],
    ids=["occurred after", "loaded after", "said again", "denied after"])
def test_a_closed_emergency_reopens_on_what_occurred_or_was_loaded_later(engine: Engine, later: int, after: dict, status: str) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY - 5, **WET))
    clinic.closes("E05")
    clinic.days_pass(2)
    raised = clinic.sends(quiet("1", later, **after))["flags_raised"]
    assert (clinic.status("E05"), raised, len(clinic.flags("E05"))) == (status, int(status == "open"), 1)
    assert clinic.done("E05") == ["close", "reopen"][:2 if status == "open" else 1]
    if status == "open":
        assert clinic.flag("E05")["due_at"] == clinic.at.replace(tzinfo=None) + SEEN_TO["E"]
        assert clinic.flag("E05")["closed_day"] is clinic.flag("E05")["outcome"] is None


@pytest.mark.parametrize(("evidence", "closed_on", "report", "status"), [
    (0, 1, 15, "open"), (0, 1, 14, "closed"), (0, 20, 20, "closed"), (0, 20, 21, "open"), (0, 20, 19, "closed")])
def test_a_closed_same_day_flag_reopens_after_the_closure_and_14_days_after_the_evidence_known_then(
        engine: Engine, evidence: int, closed_on: int, report: int, status: str) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY + evidence, **NUMB))
    clinic.days_pass(closed_on)
    clinic.closes("U02")
    clinic.days_pass(30)
    clinic.sends(quiet("1", TODAY + report, **NUMB))
    assert clinic.status("U02") == status


def test_under_care_until_a_day_waits_for_that_day(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, **NUMB), *[quiet(str(number), TODAY) for number in range(2, 6)])
    clinic.closes("U02", outcome="known_under_care", until_day=TODAY + 60)
    clinic.days_pass(30)
    clinic.sends(quiet("1", TODAY + 30, **NUMB))
    assert clinic.status("U02") == "closed"
    clinic.days_pass(30)
    clinic.evaluates(everybody=False)
    assert (clinic.status("U02"), clinic.rows(evaluation)[-1]["patients"]) == ("open", 1)


@pytest.mark.parametrize("worse", [WET, BOTH], ids=["another rule", "the same rule"])
def test_under_care_does_not_wait_where_an_emergency_fires(engine: Engine, worse: dict) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, **NUMB))
    clinic.closes("U02", outcome="known_under_care", until_day=TODAY + 60)
    clinic.days_pass(30)
    clinic.sends(quiet("1", TODAY + 30, **NUMB | worse))
    assert clinic.status("U02") == "open"


def test_a_closed_routine_flag_stays_closed_and_a_new_episode_has_its_own(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY - 20, onset_date="2026-03-12", **THIN))
    clinic.closes("R02")
    clinic.sends(quiet("1", TODAY - 1, **THIN))
    assert [row["status"] for row in clinic.flags("R02")] == ["closed"]
    clinic.sends(quiet("1", TODAY, onset_date="2026-03-28", **THIN))
    assert [row["status"] for row in clinic.flags("R02")] == ["closed", "open"]
    clinic.sends(quiet("1", TODAY, onset_date="2026-03-27", severity="2", **THIN))
    assert len(clinic.flags("R02")) == 2


# --- a higher tier ----------------------------------------------------------------------------------------------------------------

def test_a_flag_that_becomes_an_emergency_is_open_again_for_whoever_acknowledged_the_lesser_one(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY - 3, **NUMB))
    clinic.acts("acknowledge", "U02")
    before = clinic.flag("U02")
    clinic.sends(quiet("1", TODAY, **BOTH))
    after = clinic.flag("U02")
    assert (after["tier"], after["status"], after["flag"]) == ("E", "open", before["flag"])
    assert after["version"] > before["version"] and after["due_at"] < before["due_at"] and clinic.done("U02") == ["acknowledge", "raise"]
    assert clinic.buckets() == {"1": "emergency"}


def test_an_earlier_day_is_shown_and_not_stored(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY - 3, **WET))
    before = everything(engine)
    with pytest.raises(Refused, match="earlier day"):
        clinic.evaluates(TODAY - 1)
    with engine.connect() as connection:
        assert answers.standing(connection, TODAY - 4)["no_entries"] == 1
        assert answers.standing(connection, TODAY - 3)["emergency"] == 1
        assert answers.found(connection, TODAY - 4).rows.empty
    assert everything(engine) == before


def test_the_last_evaluation_says_what_it_looked_at(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(*[quiet(str(number), TODAY) for number in range(1, 9)])
    clinic.sends(quiet("3", TODAY, **WET))
    assert [(row["everybody"], row["patients"]) for row in clinic.rows(evaluation)] == [(True, 8), (False, 1)]
    with engine.connect() as connection:
        assert not flags.is_due(connection, TODAY) and flags.is_due(connection, TODAY + 1)


def test_when_the_day_turns_those_are_looked_at_whom_it_can_move(engine: Engine) -> None:
    clinic = Clinic(engine, ("E05", "R10"))
    clinic.sends(*[quiet(str(number), TODAY) for number in range(1, 21)], quiet("21", TODAY - 7, worst_severity="7"), quiet("22", TODAY + 1, **WET))
    clinic.days_pass(1)
    assert start.bring_up_to_date(engine, at=clinic.at, today=clinic.today)
    assert [(row["everybody"], row["patients"]) for row in clinic.rows(evaluation)] == [(True, 22), (False, 2)]
    assert (clinic.flag("R10", "21")["tier"], clinic.flag("E05", "22")["tier"]) == ("R", "E")


def test_with_the_year_everybody_grows_older(engine: Engine) -> None:
    clinic = Clinic(engine, ("E05", "U07"))
    clinic.days_pass(day_of(date(2026, 12, 31)) - TODAY)
    sudden = {"sex": "female", "birth_year": "1956", "onset_speed": "sudden", "onset_date": "2026-12-30"}
    clinic.sends(quiet("1", clinic.today, **sudden), *[quiet(str(number), clinic.today) for number in range(2, 9)])
    assert clinic.rows() == []
    clinic.days_pass(1)
    clinic.evaluates(everybody=False)
    assert [row["rule_id"] for row in clinic.rows() if row["tier"] == "U"] == ["U07"]
