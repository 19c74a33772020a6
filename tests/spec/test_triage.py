"""What people may do about flags, and that of two who act at once one wins and the other is told."""
from collections.abc import Callable
from datetime import UTC

import pandas as pd
import pytest
from sqlalchemy import Engine, text

from dashboard import activity, audit, database, triage
from dashboard.errors import Conflict, NotFound, Refused
from dashboard.schema import audit_event, triage_action
from tests.canonical import quiet
from tests.clinic import BY, TODAY, Clinic, everything

ALL = {"urinary_incontinence": "yes", "leg_numbness": "yes", "weight_loss": "yes"}
STATUSES = ("open", "acknowledged", "in_progress", "escalated", "snoozed", "to_confirm", "closed")
# clinical reference 3.3: from each status, what may be done, and where it leads; "=" stays
LEADS = {
    "open": {
        "acknowledge": "acknowledged", "start": "in_progress", "assign": "=", "note": "=", "escalate": "escalated", "snooze": "snoozed", "close": "closed"},
    "acknowledged": {"start": "in_progress", "assign": "=", "note": "=", "escalate": "escalated", "snooze": "snoozed", "close": "closed"},
    "in_progress": {"assign": "=", "note": "=", "escalate": "escalated", "snooze": "snoozed", "close": "closed"},
    "escalated": {"assign": "=", "note": "=", "close": "closed"},
    "snoozed": {"start": "in_progress", "assign": "=", "note": "=", "escalate": "escalated", "close": "closed"},
    "to_confirm": {"assign": "=", "note": "=", "confirm": "closed", "reject": "open"},
    "closed": {"note": "=", "reopen": "open"}}
FITTING = {"assign": {"assignee": "M. Ito"}, "note": {"text": "rang"}, "snooze": {"text": "on holiday", "until_day": TODAY + 7},
           "close": {"outcome": "same_day_visit", "text": "seen"}, "confirm": {"by": "M. Ito"}, "reject": {"by": "M. Ito"},
           "data error": {"outcome": "data_error", "text": "typed wrongly"}}
# (an emergency that waits for a second person is the only way there)
TO = {"open": (), "acknowledged": ("acknowledge",), "in_progress": ("start",), "escalated": ("escalate",), "snoozed": ("snooze",),
      "to_confirm": ("data error",), "closed": ("close",)}


def acts(clinic: Clinic, kind: str, rule: str = "R02", **details: object) -> int:
    return clinic.acts("close" if kind == "data error" else kind, rule, **FITTING.get(kind, {}) | details)


def refused(clinic: Clinic, act: Callable[[], object], match: str, kind: type[Exception] = Refused) -> None:
    before = everything(clinic.engine)
    with pytest.raises(kind, match=match):
        act()
    assert everything(clinic.engine) == before


@pytest.mark.parametrize("status", STATUSES)
def test_what_leads_where(duckdb_engine: Engine, status: str) -> None:
    rule = "E05" if status == "to_confirm" else "R02"
    clinic = Clinic(duckdb_engine, rules=(rule,))
    patients = {kind: str(number) for number, kind in enumerate(triage.LEADS) if kind != "propose"}  # which is what closing may come to
    clinic.begins(*[quiet(patient_id, TODAY, weight_loss="yes", urinary_incontinence="yes") for patient_id in patients.values()])
    for patient_id in patients.values():
        for step in TO[status]:
            acts(clinic, step, rule, patient_id=patient_id)
    for kind in LEADS[status]:
        before = clinic.flag(rule, patients[kind])
        acts(clinic, kind, rule, patient_id=patients[kind])
        after = clinic.flag(rule, patients[kind])
        assert after["status"] == LEADS[status][kind].replace("=", status)
        assert (after["version"], after["acted"]) == (before["version"] + 1, True)
    stored = everything(duckdb_engine)
    for kind in patients.keys() - LEADS[status].keys():
        with pytest.raises(Refused, match=f"{rule} is .*{kind}"):
            acts(clinic, kind, rule, patient_id=patients[kind])
    assert everything(duckdb_engine) == stored


def test_an_action_is_kept_with_its_event(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.begins(quiet("1", TODAY, **ALL))
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
    clinic.begins(quiet("1", TODAY, **ALL))
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
    clinic.begins(quiet("1", TODAY, **ALL))
    for rule in ("E05", "U02"):
        refused(clinic, lambda rule=rule: acts(clinic, "snooze", rule), "routine")
    for details in ({"text": ""}, {"until_day": None}, {"until_day": TODAY}, {"until_day": TODAY + 31}):
        refused(clinic, lambda details=details: acts(clinic, "snooze", **details), "30 days")
    acts(clinic, "snooze", until_day=TODAY + 30)
    assert clinic.flag("R02")["until_day"] == TODAY + 30


@pytest.mark.parametrize(("kind", "details", "match"), [("assign", {"assignee": " "}, "whom"), ("note", {"text": " "}, "empty")])
def test_assigning_needs_somebody_and_a_note_words(duckdb_engine: Engine, kind: str, details: dict, match: str) -> None:
    clinic = Clinic(duckdb_engine)
    clinic.begins(quiet("1", TODAY, **ALL))
    refused(clinic, lambda: acts(clinic, kind, **details), match)


def test_reopening_gives_the_full_time_again(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.begins(quiet("1", TODAY, **ALL))
    clinic.closes("U02")
    clinic.days_pass(5)
    acts(clinic, "reopen", "U02")
    row = clinic.flag("U02")
    assert (row["status"], row["outcome"], row["closed_at"], row["closed_day"]) == ("open", None, None, None)
    assert (row["due_at"] - clinic.at.replace(tzinfo=None)).total_seconds() == 24 * 3600


# --- all or nothing, and two at once ----------------------------------------------------------------------------------------------

def test_all_of_several_flags_or_none(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.begins(quiet("1", TODAY, **ALL))
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
    clinic.begins(quiet("1", TODAY, **ALL))
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


def test_history_and_flags_of_a_patient(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.begins(quiet("1", TODAY, **ALL))
    clinic.closes("E05")
    acts(clinic, "note", "U02")
    with engine.connect() as connection:
        own = triage.flags_of(connection, clinic.number("1"))
        told = triage.history(connection, own["flag"].tolist())
        assert triage.flags_of(connection, 99).empty and triage.history(connection, []).empty
    assert own["rule_id"].tolist() == ["U02", "R02", "E05"]
    assert list(zip(told["kind"], told["rule_id"], told["text"], strict=True)) == [("close", "E05", "seen today"), ("note", "U02", "rang")]
    assert set(triage.SAID) >= set(told["kind"])


# --- a second person --------------------------------------------------------------------------------------------------------------

def test_an_emergency_called_a_data_error_waits_for_a_second_person(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.begins(quiet("1", TODAY, **ALL))
    clinic.acts("close", "E05", "U02", outcome="data_error", text="typed wrongly", by="R. Okafor")
    flag_ = clinic.flag("E05")
    assert (flag_["status"], flag_["outcome"], flag_["closed_day"], clinic.status("U02")) == ("to_confirm", None, None, "closed")
    assert (flag_["due_at"] - clinic.at.replace(tzinfo=None)).total_seconds() == 3600, "whoever confirms it has the time of an emergency"
    assert clinic.done("E05") == ["propose"]
    for name in ("R. Okafor", " r.  okafor"):
        refused(clinic, lambda name=name: clinic.acts("confirm", "E05", by=name), "[Ss]omebody else")
    clinic.acts("confirm", "E05", by="M. Ito")
    flag_ = clinic.flag("E05")
    assert (flag_["status"], flag_["outcome"], flag_["closed_day"], clinic.done("E05")) == ("closed", "data_error", TODAY, ["propose", "confirm"])
    # an emergency closed for any other reason, and a lesser flag, need one person
    acts(clinic, "close", "R02", outcome="data_error", text="typed wrongly")
    assert clinic.status("R02") == "closed"


def test_a_second_person_who_sees_no_data_error_opens_it_again_with_the_full_time(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.begins(quiet("1", TODAY, **ALL))
    acts(clinic, "data error", "E05")
    clinic.days_pass(1)
    clinic.acts("reject", "E05", by="M. Ito", text="she says so herself")
    flag_ = clinic.flag("E05")
    assert (flag_["status"], (flag_["due_at"] - clinic.at.replace(tzinfo=None)).total_seconds()) == ("open", 3600)


def test_what_was_reported_since_cannot_be_confirmed_away(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY - 1, **ALL))
    acts(clinic, "data error", "E05")
    clinic.sends(quiet("1", TODAY, **ALL))
    refused(clinic, lambda: clinic.acts("confirm", "E05", by="M. Ito"), "reported again", Conflict)
    clinic.acts("reject", "E05", by="M. Ito")
    acts(clinic, "data error", "E05")
    clinic.acts("confirm", "E05", by="M. Ito")
    assert clinic.status("E05") == "closed"


# --- taking back ------------------------------------------------------------------------------------------------------------------

KEPT = ("status", "owner", "until_day", "outcome", "due_at", "done_by", "closed_at", "closed_day", "closed_evaluation")


def undoes(clinic: Clinic, event: int, by: str = BY, flags: list[int] | None = None) -> int:
    """Taken back where it is offered, refused where it is not."""
    with clinic.engine.connect() as connection:
        offered = triage.can_undo(connection, event, by, flags)
    try:
        taken_back = triage.undo(clinic.engine, event, flags=flags, **clinic.moment() | {"by": by})
    except Refused:
        assert not offered
        raise
    assert offered
    return taken_back


def test_the_last_action_of_ones_own_is_taken_back_as_if_it_had_not_been(engine: Engine) -> None:
    pairs = [("assign", "acknowledge"), ("acknowledge", "start"), ("assign", "assign"), ("acknowledge", "escalate"), ("start", "snooze"),
             ("snooze", "close"), ("start", "note"), ("close", "reopen")]
    clinic = Clinic(engine)
    clinic.sends(*[quiet(str(number), TODAY, **ALL) for number, _ in enumerate(pairs)])
    for number, (first, kind) in enumerate(pairs):
        whose = {"patient_id": str(number)}
        acts(clinic, first, assignee="A. Berg", **whose)
        before = clinic.flag("R02", **whose)
        event = acts(clinic, kind, assignee="C. Diaz", **whose)
        undoes(clinic, event)
        after = clinic.flag("R02", **whose)
        assert {name: after[name] for name in KEPT} == {name: before[name] for name in KEPT}, (first, kind)
        assert after["version"] == before["version"] + 2, "whoever looked before is told"
        assert clinic.done("R02", str(number)) == [first, kind, "undo"], "nothing is taken out of the history"
    refused(clinic, lambda: undoes(clinic, event), "taken back already", Conflict)


def test_one_after_the_other_is_taken_back(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.begins(quiet("1", TODAY, **ALL))
    first, second = acts(clinic, "acknowledge"), acts(clinic, "start")
    refused(clinic, lambda: undoes(clinic, first), f"{BY} began work on R02", Conflict)
    undoes(clinic, second)
    undoes(clinic, first)
    assert clinic.status("R02") == "open"


def test_what_somebody_else_did_since_stands(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY - 1, **ALL))
    event = clinic.acts("acknowledge", "R02", "U02", "E05")
    refused(clinic, lambda: undoes(clinic, event, by="M. Ito"), f"{BY} did this")
    refused(clinic, lambda: undoes(clinic, 99), "no such action", NotFound)
    clinic.acts("note", "R02", text="rang", by="M. Ito")
    refused(clinic, lambda: undoes(clinic, event), "M. Ito wrote a note on R02", Conflict)
    clinic.sends(quiet("1", TODAY, leg_numbness="yes", both_legs="yes"))
    refused(clinic, lambda: undoes(clinic, event), "The app raised the tier of U02", Conflict)
    assert undoes(clinic, event, flags=[clinic.flag("E05")["flag"]])
    assert [clinic.status(rule) for rule in ("E05", "U02", "R02")] == ["open", "open", "acknowledged"]


def test_a_proposal_is_taken_back_until_it_is_confirmed_and_a_confirmation_never(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, **ALL), quiet("2", TODAY, **ALL))
    undoes(clinic, acts(clinic, "data error", "E05"))
    assert clinic.status("E05") == "open"
    event = acts(clinic, "data error", "E05", patient_id="2")
    confirmed = clinic.acts("confirm", "E05", patient_id="2", by="M. Ito")
    refused(clinic, lambda: undoes(clinic, event), "M. Ito confirmed", Conflict)
    refused(clinic, lambda: undoes(clinic, confirmed, by="M. Ito"), "stands")


def test_who_may_take_back_what(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.begins(quiet("1", TODAY, **ALL))
    acts(clinic, "acknowledge", "E05")
    event = acts(clinic, "assign", "E05")
    other = clinic.acts("acknowledge", "R02", by="M. Ito")
    with engine.connect() as connection:
        told = triage.history(connection, [row["flag"] for row in clinic.rows()])
    assert triage.undoable(told, BY) == {event} and triage.undoable(told, " m. ito") == {other} and not triage.undoable(told, "A. Berg")
    undoes(clinic, event)
    with engine.connect() as connection:
        told = triage.history(connection, [row["flag"] for row in clinic.rows()])
    assert told.loc[told["kind"] == "assign", "taken_back"].all() and told["taken_back"].sum() == 1


# --- many at once -----------------------------------------------------------------------------------------------------------------

def test_a_sweep_is_one_event_and_says_exactly_what_was_in_its_way(engine: Engine) -> None:
    clinic = Clinic(engine, rules=("R02", "U02"))
    clinic.sends(*[quiet(str(number), TODAY, weight_loss="yes") for number in range(40)], quiet("thin", TODAY, leg_numbness="yes"))
    seen = {row["flag"]: row["version"] for row in clinic.rows() if row["rule_id"] == "R02"}
    clinic.acts("acknowledge", "R02", patient_id="3", by="M. Ito")
    clinic.acts("assign", "R02", patient_id="4", by="M. Ito", assignee="A. Berg")
    clinic.acts("assign", "R02", patient_id="5", by="M. Ito", assignee="A. Berg")
    refused(clinic, lambda: clinic.acts("acknowledge", seen=seen),
            r"^3 of 40 flags changed .* M. Ito acknowledged R02\. M. Ito assigned R02 \(2 flags\)\. Nothing of yours", Conflict)
    event = clinic.acts("acknowledge", seen={number: version for number, version in seen.items() if clinic.rows()[number - 1]["version"] == version})
    assert sum(row["status"] == "acknowledged" for row in clinic.rows()) == 38
    with engine.connect() as connection:
        recorded = audit.events(connection, kinds=("triage",)).iloc[0]
        assert activity.lines(connection, activity.Question(), UTC)["what"][0] == f"{BY} acknowledged R02 of 37 patients."
    assert pd.isna(recorded["subject"]) and (recorded["details"]["patients"], len(recorded["details"]["flags"])) == (37, 37)
    undoes(clinic, event)
    assert sum(row["status"] == "acknowledged" for row in clinic.rows()) == 1


def test_a_database_of_an_older_release_gets_what_it_lacks(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE triage_action DROP COLUMN undoes"))
    database.open_engine(engine.url.render_as_string(hide_password=False)).dispose()
    clinic = Clinic(engine)
    clinic.begins(quiet("1", TODAY, **ALL))
    undoes(clinic, acts(clinic, "acknowledge"))
    assert clinic.status("R02") == "open"


@pytest.mark.parametrize(("rule", "away", "back", "comes"), [
    ("E05", "close", "reopen", {"urinary_incontinence": "yes"}), ("R02", "snooze", "start", {"leg_numbness": "yes"})])
def test_what_is_new_is_not_put_away_again_by_taking_back(duckdb_engine: Engine, rule: str, away: str, back: str, comes: dict) -> None:
    clinic = Clinic(duckdb_engine)
    clinic.sends(quiet("1", TODAY - 3, urinary_incontinence="yes", weight_loss="yes"))
    acts(clinic, away, rule)
    event = acts(clinic, back, rule)
    clinic.sends(quiet("1", TODAY, **comes))
    refused(clinic, lambda: undoes(clinic, event), f"{rule} would be put away again", Conflict)


def test_a_graver_reason_ends_a_snooze(duckdb_engine: Engine) -> None:
    """The same rule, the same tier: but now with back pain from sixty, which has less time."""
    clinic = Clinic(duckdb_engine, rules=("R02",))
    clinic.sends(quiet("1", TODAY - 3, weight_loss="yes", locations="arm_left", birth_year="1950"))
    acts(clinic, "snooze")
    clinic.sends(quiet("1", TODAY - 2, weight_loss="yes", locations="arm_left"))
    assert clinic.status("R02") == "snoozed", "more of the same is nothing new"
    clinic.sends(quiet("1", TODAY, locations="low_back"))
    flag = clinic.flag("R02")
    assert (flag["status"], flag["until_day"], clinic.done("R02")[-1]) == ("open", None, "wake")
