"""What people may do about flags, and that of two who act at once one wins and the other is told."""
from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from sqlalchemy import Engine

from dashboard import audit, triage
from dashboard.errors import Conflict, NotFound, Refused
from dashboard.schema import audit_event, triage_action
from tests.canonical import quiet
from tests.clinic import BY, TODAY, Clinic, everything

ALL = {"urinary_incontinence": "yes", "leg_numbness": "yes", "weight_loss": "yes"}
STATUSES = ("open", "acknowledged", "in_progress", "escalated", "snoozed", "closed")
# clinical reference 3.3: from each status, what may be done, and where it leads; "=" stays
LEADS = {
    "open": {
        "acknowledge": "acknowledged", "start": "in_progress", "assign": "=", "note": "=", "escalate": "escalated", "snooze": "snoozed", "close": "closed"},
    "acknowledged": {"start": "in_progress", "assign": "=", "note": "=", "escalate": "escalated", "snooze": "snoozed", "close": "closed"},
    "in_progress": {"assign": "=", "note": "=", "escalate": "escalated", "snooze": "snoozed", "close": "closed"},
    "escalated": {"assign": "=", "note": "=", "close": "closed"},
    "snoozed": {"start": "in_progress", "assign": "=", "note": "=", "escalate": "escalated", "close": "closed"},
    "closed": {"note": "=", "reopen": "open"}}
FITTING = {"assign": {"assignee": "M. Ito"}, "note": {"text": "rang"}, "snooze": {"text": "on holiday", "until_day": TODAY + 7},
           "close": {"outcome": "same_day_visit", "text": "seen"}}
TO = {"open": (), "acknowledged": ("acknowledge",), "in_progress": ("start",), "escalated": ("escalate",), "snoozed": ("snooze",), "closed": ("close",)}


def acts(clinic: Clinic, kind: str, rule: str = "R02", **details: object) -> int:
    return clinic.acts(kind, rule, **FITTING.get(kind, {}) | details)


def refused(clinic: Clinic, act: Callable[[], object], match: str, kind: type[Exception] = Refused) -> None:
    before = everything(clinic.engine)
    with pytest.raises(kind, match=match):
        act()
    assert everything(clinic.engine) == before


@pytest.mark.parametrize("status", STATUSES)
def test_what_leads_where(duckdb_engine: Engine, status: str) -> None:
    clinic = Clinic(duckdb_engine, rules=("R02",))
    clinic.sends(*[quiet(str(number), TODAY, weight_loss="yes") for number in range(len(triage.LEADS))])
    for number, kind in enumerate(triage.LEADS):
        details = {"patient_id": str(number)}
        for step in TO[status]:
            acts(clinic, step, **details)
        if kind in LEADS[status]:
            before = clinic.flag("R02", str(number))
            acts(clinic, kind, **details)
            after = clinic.flag("R02", str(number))
            assert after["status"] == LEADS[status][kind].replace("=", status)
            assert (after["version"], after["acted"]) == (before["version"] + 1, True)
        else:
            refused(clinic, lambda kind=kind, details=details: acts(clinic, kind, **details), f"R02 is .*{kind}")


def test_an_action_is_kept_with_its_event(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, **ALL))
    seen = {row["flag"]: row["version"] for row in clinic.rows()}
    event = clinic.acts("assign", seen=seen, assignee="M. Ito")
    kept = clinic.rows(triage_action)
    assert [(row["kind"], row["by"], row["assignee"], row["event"], row["status_before"], row["status_after"]) for row in kept] == [
        ("assign", BY, "M. Ito", event, "open", "open")] * 3
    assert len({row["action"] for row in kept}) == 3
    assert {row["owner"] for row in clinic.rows()} == {"M. Ito"}
    with engine.connect() as connection:
        recorded = audit.events(connection, kinds=("triage",)).iloc[0]
    assert (recorded["event"], recorded["by"], recorded["details"]["rules"]) == (event, BY, ["E05", "R02", "U02"])
    assert "rang" not in str(clinic.rows(audit_event))


def test_closing_needs_an_outcome_and_an_emergency_a_note(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, **ALL))
    for details, match in (
            ({}, "outcome"), ({"outcome": "no_longer_met"}, "outcome"), ({"outcome": "evidence_withdrawn"}, "outcome"), ({"outcome": "same_day_visit"}, "note"),
            ({"outcome": "same_day_visit", "text": "  "}, "note")):
        refused(clinic, lambda details=details: clinic.acts("close", "E05", **details), match)
    for outcome in ("no_action", "unable_to_reach", "data_error", "handed_over"):
        refused(clinic, lambda outcome=outcome: clinic.acts("close", "U02", outcome=outcome), "needs one")
    for until in (None, TODAY, TODAY - 1):
        refused(clinic, lambda until=until: clinic.acts("close", "U02", outcome="known_under_care", until_day=until), "after today")
    clinic.acts("close", "E05", outcome="sent_to_emergency", text="ambulance called")
    clinic.acts("close", "U02", outcome="known_under_care", until_day=TODAY + 1)
    clinic.acts("close", "R02", outcome="routine_visit", until_day=TODAY + 9)
    assert {row["rule_id"]: (row["outcome"], row["until_day"], row["closed_day"]) for row in clinic.rows()} == {
        "E05": ("sent_to_emergency", None, TODAY), "U02": ("known_under_care", TODAY + 1, TODAY), "R02": ("routine_visit", None, TODAY)}


def test_snoozing_is_for_routine_flags_with_a_reason_for_a_month_at_most(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, **ALL))
    for rule in ("E05", "U02"):
        refused(clinic, lambda rule=rule: acts(clinic, "snooze", rule), "routine")
    for details in ({"text": ""}, {"until_day": None}, {"until_day": TODAY}, {"until_day": TODAY + 31}):
        refused(clinic, lambda details=details: acts(clinic, "snooze", **details), "30 days")
    acts(clinic, "snooze", until_day=TODAY + 30)
    assert clinic.flag("R02")["until_day"] == TODAY + 30


@pytest.mark.parametrize(("kind", "details", "match"), [("assign", {"assignee": " "}, "whom"), ("note", {"text": " "}, "empty")])
def test_assigning_needs_somebody_and_a_note_words(duckdb_engine: Engine, kind: str, details: dict, match: str) -> None:
    clinic = Clinic(duckdb_engine)
    clinic.sends(quiet("1", TODAY, **ALL))
    refused(clinic, lambda: acts(clinic, kind, **details), match)


def test_reopening_gives_the_full_time_again(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, **ALL))
    clinic.closes("U02")
    clinic.days_pass(5)
    acts(clinic, "reopen", "U02")
    row = clinic.flag("U02")
    assert (row["status"], row["outcome"], row["closed_at"], row["closed_day"]) == ("open", None, None, None)
    assert (row["due_at"] - clinic.at.replace(tzinfo=None)).total_seconds() == 24 * 3600


# --- all or nothing, and two at once ----------------------------------------------------------------------------------------------

def test_all_of_several_flags_or_none(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, **ALL))
    seen = {row["flag"]: row["version"] for row in clinic.rows()}
    refused(clinic, lambda: clinic.acts("snooze", seen=seen, **FITTING["snooze"]), "routine")
    refused(clinic, lambda: clinic.acts("acknowledge", seen=seen | {99: 1}), "does not exist", NotFound)
    refused(clinic, lambda: clinic.acts("acknowledge", seen=seen | {max(seen): 9}), "changed", Conflict)
    with pytest.raises(Refused, match="No flag"):
        triage.act(engine, {}, triage.Action("acknowledge"), by=BY, at=clinic.at, today=TODAY)
    clinic.acts("acknowledge", seen=seen)
    assert {row["status"] for row in clinic.rows()} == {"acknowledged"}


def test_who_comes_second_is_told_what_the_first_did(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, **ALL))
    seen = {clinic.flag("E05")["flag"]: clinic.flag("E05")["version"]}
    clinic.acts("acknowledge", seen=seen, by="M. Ito")
    refused(clinic, lambda: clinic.acts("close", seen=seen, outcome="data_error", text="typed wrongly"), "M. Ito acknowledged it.*Nothing of yours", Conflict)


def test_what_an_evaluation_did_is_told_too(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY - 1, **ALL), quiet("2", TODAY))
    acts(clinic, "acknowledge", "U02")
    acts(clinic, "acknowledge", "E05")
    seen = {rule: {clinic.flag(rule)["flag"]: clinic.flag(rule)["version"]} for rule in ("U02", "E05")}
    clinic.sends(quiet("1", TODAY, leg_numbness="yes", both_legs="yes"))
    refused(clinic, lambda: clinic.acts("start", seen=seen["U02"]), "The app raised the tier of it", Conflict)
    clinic.undoes(1)
    refused(clinic, lambda: clinic.acts("start", seen=seen["E05"]), "The app marked as withdrawn", Conflict)


def test_two_at_the_same_moment(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, **ALL))
    seen, ready, results = {row["flag"]: row["version"] for row in clinic.rows()}, Barrier(2), {}

    def work(name: str) -> None:
        ready.wait()
        try:
            results[name] = triage.act(engine, seen, triage.Action("acknowledge"), by=name, at=clinic.at, today=TODAY)
        except Conflict as conflict:
            results[name] = str(conflict)
    threads = [Thread(target=work, args=(name,)) for name in ("A. Berg", "C. Diaz")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner, loser = sorted(results, key=lambda name: isinstance(results[name], str))
    assert isinstance(results[winner], int) and f"{winner} acknowledged it" in results[loser]
    assert {row["by"] for row in clinic.rows(triage_action)} == {winner} and len(clinic.rows(triage_action)) == 3


def test_history_and_flags_of_a_patient(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, **ALL))
    clinic.closes("E05")
    acts(clinic, "note", "U02")
    with engine.connect() as connection:
        own = triage.flags_of(connection, clinic.number("1"))
        told = triage.history(connection, own["flag"].tolist())
        assert triage.flags_of(connection, 99).empty and triage.history(connection, []).empty
    assert own["rule_id"].tolist() == ["U02", "R02", "E05"]
    assert list(zip(told["kind"], told["rule_id"], told["text"], strict=True)) == [("close", "E05", "seen today"), ("note", "U02", "rang")]
    assert set(triage.SAID) >= set(told["kind"])
