"""What people do about flags. Actions are only ever added; a flag's status, owner and due time are what its actions add up to."""
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, Engine, select, update

from dashboard import audit, database
from dashboard.codelists import CHOICES
from dashboard.errors import Conflict, NotFound, Refused
from dashboard.rules.lifecycle import DUE, SYSTEM
from dashboard.schema import flag, triage_action

# from which status an action leads where; None leaves the status as it is
LEADS = {
    "acknowledge": ({"open"}, "acknowledged"),
    "start": ({"open", "acknowledged", "snoozed"}, "in_progress"),
    "assign": ({"open", "acknowledged", "in_progress", "escalated", "snoozed"}, None),
    "note": ({"open", "acknowledged", "in_progress", "escalated", "snoozed", "closed"}, None),
    "escalate": ({"open", "acknowledged", "in_progress", "snoozed"}, "escalated"),
    "snooze": ({"open", "acknowledged", "in_progress"}, "snoozed"),
    "close": ({"open", "acknowledged", "in_progress", "escalated", "snoozed"}, "closed"),
    "reopen": ({"closed"}, "open"),
}
BY_SYSTEM = ("no_longer_met", "evidence_withdrawn")
OUTCOMES = {code: label for code, label in CHOICES["outcome"].items() if code not in BY_SYSTEM}
NEEDS_TEXT = frozenset({"no_action", "unable_to_reach", "data_error", "handed_over"})
SNOOZE_DAYS = 30  # clinical reference 3.3: routine flags only, at most 30 days, with a reason
SAID = {"acknowledge": "acknowledged", "start": "began work on", "assign": "assigned", "note": "wrote a note on", "escalate": "escalated",
        "snooze": "snoozed", "close": "closed", "reopen": "reopened",
        # what an evaluation does
        "raise": "raised the tier of", "lower": "lowered the tier of", "withdraw": "marked as withdrawn the evidence of"}
UNTIL = frozenset({"snooze", "known_under_care"})  # the day counts with these only


@dataclass(frozen=True)
class Action:
    kind: str
    outcome: str | None = None
    assignee: str | None = None
    until_day: int | None = None
    text: str | None = None


def act(engine: Engine, versions: Mapping[int, int], action: Action, *, by: str, at: datetime, today: int) -> int:
    """One action on some flags, all of them or none, each given with the version that its reader saw. Returns the audit event.
    Raises Conflict where somebody was faster, Refused where the action does not fit."""
    if not versions:
        raise Refused("No flag was chosen. Choose at least one.")
    with database.writing(engine) as connection:
        found = connection.execute(select(flag).where(flag.c.flag.in_([int(number) for number in versions])).order_by(flag.c.flag)).mappings().all()
        if len(found) < len(versions):
            raise NotFound("A flag that you chose does not exist any more. Reload the worklist.")
        for row in found:
            _check(connection, row, versions[row["flag"]], action, today)
        event = audit.next_event(connection)
        first = database.next_number(connection, triage_action.c.action)
        moment = audit.utc(at)
        until = action.until_day if UNTIL & {action.kind, action.outcome} else None
        for number, row in enumerate(found):
            after = LEADS[action.kind][1] or row["status"]
            connection.execute(triage_action.insert().values(
                action=first + number, flag=row["flag"], kind=action.kind, by=by, happened_at=moment, outcome=action.outcome, assignee=action.assignee,
                until_day=until, text=action.text or None, status_before=row["status"], status_after=after, event=event))
            connection.execute(update(flag).where(flag.c.flag == row["flag"]).values(
                status=after, version=row["version"] + 1, acted=True,
                **({"owner": action.assignee} if action.kind == "assign" else {}),
                **({"until_day": until} if action.kind in ("snooze", "close") else {}),
                **({"closed_at": moment, "closed_day": today, "outcome": action.outcome} if after == "closed" and action.kind == "close" else {}),
                **({"closed_at": None, "closed_day": None, "closed_evaluation": None, "outcome": None, "until_day": None,
                    "due_at": moment + DUE[row["tier"]]} if action.kind == "reopen" else {})))
        recorded = audit.record(connection, "triage", by=by, at=at, subject=str(found[0]["patient"]), action=action.kind,
                                flags=[row["flag"] for row in found], rules=sorted({row["rule_id"] for row in found}), outcome=action.outcome)
    return recorded


def _check(connection: Connection, row: Mapping, seen: int, action: Action, today: int) -> None:
    if row["version"] != seen:
        last = history(connection, [row["flag"]]).iloc[-1:]
        who = "".join(f" {'The app' if did.by == SYSTEM else did.by} {SAID[did.kind]} it." for did in last.itertuples())
        raise Conflict(f"{row['rule_id']} changed after you opened it.{who} Nothing of yours was saved; look again.")
    allowed, _ = LEADS[action.kind]
    if row["status"] not in allowed:
        raise Refused(f"{row['rule_id']} is {CHOICES['status'][row['status']].lower()}; {action.kind} does not go with that. Nothing was saved.")
    text = (action.text or "").strip()
    if action.kind == "close":
        if action.outcome not in OUTCOMES:
            raise Refused("Choose an outcome: what was done about it?")
        if not text and (row["tier"] == "E" or action.outcome in NEEDS_TEXT):
            raise Refused("Write a note: an emergency, and this outcome, can't be closed without one." if row["tier"] == "E"
                          else f"Write a note: \"{OUTCOMES[action.outcome]}\" needs one.")
        if action.outcome == "known_under_care" and (action.until_day is None or action.until_day <= today):
            raise Refused("Give the date until which the patient is under care; it must lie after today.")
    if action.kind == "assign" and not (action.assignee or "").strip():
        raise Refused("Say to whom.")
    if action.kind == "note" and not text:
        raise Refused("The note is empty.")
    if action.kind == "snooze":
        if row["tier"] != "R":
            raise Refused("Only routine flags can be snoozed.")
        if not text or action.until_day is None or not today < action.until_day <= today + SNOOZE_DAYS:
            raise Refused(f"Give a reason and a date within {SNOOZE_DAYS} days.")


def history(connection: Connection, flags: list[int]) -> pd.DataFrame:
    """What was done about these flags, oldest first."""
    found = select(triage_action, flag.c.rule_id).join(flag, flag.c.flag == triage_action.c.flag).where(
        triage_action.c.flag.in_([int(number) for number in flags])).order_by(triage_action.c.action)
    return pd.DataFrame(connection.execute(found).mappings().all(), columns=[*(c.name for c in triage_action.c), "rule_id"])


def flags_of(connection: Connection, patient: int) -> pd.DataFrame:
    """Every flag of a patient, the worst tier first, open before closed."""
    found = pd.DataFrame(connection.execute(select(flag).where(flag.c.patient == int(patient))).mappings().all(), columns=[c.name for c in flag.c])
    order = pd.DataFrame({"tier": found["tier"].map({"E": 0, "U": 1, "R": 2}), "closed": found["status"] == "closed", "flag": found["flag"]})
    return found.loc[order.sort_values(["closed", "tier", "flag"]).index].reset_index(drop=True)
