"""What people do about flags. Actions are only ever added; a flag's status, owner and due time are what its actions add up to."""
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pandas as pd
import pyarrow as pa
from sqlalchemy import BigInteger, Connection, DateTime, Engine, Integer, RowMapping, Select, String, Text, or_, select, update

from dashboard import audit, database, hours
from dashboard.codelists import CHOICES
from dashboard.errors import Conflict, NotFound, Refused
from dashboard.hours import Hours
from dashboard.rules.lifecycle import SYSTEM, times
from dashboard.schema import evaluation, flag, triage_action
from dashboard.wording import counted, listing

# from which status an action leads where; None leaves the status as it is. Closing an emergency as a data error is proposed, and
# waits for a second person, who confirms or rejects it.
LEADS = {
    "acknowledge": ({"open"}, "acknowledged"),
    "start": ({"open", "acknowledged", "snoozed"}, "in_progress"),
    "assign": ({"open", "acknowledged", "in_progress", "escalated", "snoozed", "to_confirm"}, None),
    "note": ({"open", "acknowledged", "in_progress", "escalated", "snoozed", "to_confirm", "closed"}, None),
    "escalate": ({"open", "acknowledged", "in_progress", "snoozed"}, "escalated"),
    "snooze": ({"open", "acknowledged", "in_progress"}, "snoozed"),
    "close": ({"open", "acknowledged", "in_progress", "escalated", "snoozed"}, "closed"),
    "propose": ({"open", "acknowledged", "in_progress", "escalated"}, "to_confirm"),
    "confirm": ({"to_confirm"}, "closed"),
    "reject": ({"to_confirm"}, "open"),
    "reopen": ({"closed"}, "open"),
}
WAITING = ("open", "to_confirm")  # for somebody to see to it, by the due time
BEGUN = ("acknowledged", "in_progress")  # somebody saw to it, and has until then to be done with it
BY_SYSTEM = ("no_longer_met", "evidence_withdrawn")
OUTCOMES = {code: label for code, label in CHOICES["outcome"].items() if code not in BY_SYSTEM}
CALLED = {code: label.partition(" (")[0] for code, label in CHOICES["outcome"].items()}  # once it is done, without what to write
NEEDS_TEXT = frozenset({"no_action", "unable_to_reach", "data_error", "handed_over"})
SECOND_PERSON = "data_error"  # the outcome that an emergency is not closed with by one person alone
FINAL = frozenset({"confirm", "reject"})  # what a second person decided is not taken back
SNOOZE_DAYS = 30  # clinical reference 3.3: routine flags only, at most 30 days, with a reason
SAID = {"acknowledge": "acknowledged", "start": "began work on", "assign": "assigned", "note": "wrote a note on", "escalate": "escalated",
        "snooze": "snoozed", "close": "closed", "propose": "asked a second person to confirm a data error in", "confirm": "confirmed the data error in",
        "reject": "found no data error in", "reopen": "reopened", "undo": "took back an action on",
        # what an evaluation does
        "raise": "raised the tier of", "lower": "lowered the tier of", "withdraw": "marked as withdrawn the evidence of",
        "wake": "ended, because something new was flagged, the snooze of"}
UNTIL = frozenset({"snooze", "known_under_care"})  # the day counts with these only
_RESTORED = ("status", "owner", "until_day", "outcome", "due_at", "done_by", "closed_at", "closed_day", "closed_evaluation")
_MOMENTS = ("due_at", "done_by", "closed_at")
_KINDS = {Integer: pa.int32(), BigInteger: pa.int64(), String: pa.string(), Text: pa.string(), DateTime: pa.timestamp("us")}


@dataclass(frozen=True)
class Action:
    kind: str
    outcome: str | None = None
    assignee: str | None = None
    until_day: int | None = None
    text: str | None = None


@dataclass(frozen=True)
class _Done:
    """An action on one flag, and what it makes of the flag."""
    row: Mapping
    action: Action
    values: dict[str, object]
    undoes: int | None = None


def act(engine: Engine, versions: Mapping[int, int], action: Action, *, by: str, at: datetime, today: int) -> int:
    """One action on some flags, all of them or none, each given with the version that its reader saw. Returns the audit event.
    Raises Conflict where somebody was faster, Refused where the action does not fit."""
    if not versions:
        raise Refused("No flag was chosen. Choose at least one.")
    with database.writing(engine) as connection:
        found = _rows(connection, select(flag).where(flag.c.flag.in_(_stored(connection, versions))).order_by(flag.c.flag))
        if len(found) < len(versions):
            raise NotFound("A flag that you chose does not exist any more. Reload the worklist.")
        _check_versions(connection, found, versions)
        for row in found:
            _check(row, action, today)
        if action.kind == "confirm":
            _check_second(connection, found, by)
        return _write(connection, [_done(row, action, audit.utc(at), today, hours.of(connection)) for row in found], action.kind, by, at)


def _rows(connection: Connection, found: Select) -> Sequence[RowMapping]:
    return connection.execute(found).mappings().all()


def _stored(connection: Connection, numbers: Iterable[int]) -> Select:
    """Some flags, to be asked for however many they are: a statement takes 65,535 values."""
    kept = pa.table({"flag": pa.array([int(number) for number in numbers], pa.int32())})
    return select(database.store_rows(connection, "chosen_flag", {"flag": Integer}, kept).c.flag)


# --- what goes and what does not --------------------------------------------------------------------------------------------------

def _check_versions(connection: Connection, found: Sequence[Mapping], seen: Mapping[int, int]) -> None:
    changed = [row for row in found if row["version"] != seen[row["flag"]]]
    if changed:
        last, rule = history(connection, [row["flag"] for row in changed]).groupby("flag").tail(1), changed[0]["rule_id"]
        what = f"{rule} changed after you opened it.{_told(last.assign(rule_id='it'))}" if len(changed) == 1 else \
            f"{len(changed):,} of {counted(len(found), 'flag')} changed after you opened the list.{_told(last)}"
        raise Conflict(f"{what} Nothing of yours was saved; look again.")


def _told(actions: pd.DataFrame) -> str:
    """Who did what, a sentence for each; flags that the same happened to are counted."""
    said = Counter(f" {'The app' if did.by == SYSTEM else did.by} {SAID[did.kind]} {did.rule_id}" for did in actions.itertuples())
    return "".join(sentence + (f" ({counted(number, 'flag')})." if number > 1 else ".") for sentence, number in said.items())


def _check(row: Mapping, action: Action, today: int) -> None:
    if row["status"] not in LEADS[action.kind][0] or action.kind == "propose":
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


def _check_second(connection: Connection, found: Sequence[Mapping], by: str) -> None:
    """Another person than the one who proposed, about the evidence that was there then."""
    proposals = history(connection, [row["flag"] for row in found])
    proposals = proposals[(proposals["kind"] == "propose") & ~proposals["taken_back"]].groupby("flag").tail(1).set_index("flag")
    for row in found:
        proposal = proposals.loc[row["flag"]]
        if same_person(proposal["by"], by):
            raise Refused(f"You called {row['rule_id']} a data error yourself; somebody else has to confirm it.")
        if json.loads(proposal["before"])["last_entry"] < row["last_entry"]:
            raise Conflict(f"{row['rule_id']} was reported again since it was called a data error. Look at the new entries, and reject what does not hold.")


def same_person(one: str, other: str) -> bool:
    """Names are typed, so letters and spaces may differ."""
    return one.casefold().split() == other.casefold().split()


# --- what comes of it -------------------------------------------------------------------------------------------------------------

def _done(row: Mapping, action: Action, moment: datetime, today: int, on_duty: Hours) -> _Done:
    kind = "propose" if action.kind == "close" and action.outcome == SECOND_PERSON and row["tier"] == "E" else action.kind
    done = replace(action, kind=kind, until_day=action.until_day if UNTIL & {kind, action.outcome} else None,
                   outcome=SECOND_PERSON if kind == "confirm" else action.outcome)
    values: dict[str, object] = {"status": LEADS[kind][1] or row["status"]}
    if kind == "assign":
        values["owner"] = done.assignee
    if kind in ("snooze", "close"):
        values["until_day"] = done.until_day
    if kind in ("close", "confirm"):
        values |= {"closed_at": moment, "closed_day": today, "outcome": done.outcome}
    if kind in ("reopen", "reject"):
        values |= dict.fromkeys(("closed_at", "closed_day", "closed_evaluation", "outcome", "until_day"))
    if kind in ("reopen", "reject", "propose"):
        values |= times(row["tier"], moment, on_duty)
    return _Done(row, done, values)


def _write(connection: Connection, done: Sequence[_Done], kind: str, by: str, at: datetime, **details: object) -> int:
    event, first, moment = audit.next_event(connection), database.next_number(connection, triage_action.c.action), audit.utc(at)
    actions = [{
        "action": first + number, "flag": one.row["flag"], "kind": one.action.kind, "by": by, "happened_at": moment, "outcome": one.action.outcome,
        "assignee": one.action.assignee, "until_day": one.action.until_day, "text": one.action.text or None, "status_before": one.row["status"],
        "status_after": one.values["status"], "event": event, "before": _as_found(one.row), "undoes": one.undoes} for number, one in enumerate(done)]
    schema = pa.schema([(c.name, _KINDS[type(c.type)]) for c in triage_action.c])
    database.append(connection, triage_action, pa.Table.from_pylist(actions, schema))
    alike: dict[tuple, list[int]] = {}
    for one in done:
        alike.setdefault(tuple(one.values.items()), []).append(one.row["flag"])
    for values, numbers in alike.items():
        connection.execute(update(flag).where(flag.c.flag.in_(_stored(connection, numbers))).values(
            **dict(values), version=flag.c.version + 1, acted=True))
    patients = {one.row["patient"] for one in done}
    return audit.record(connection, "triage", by=by, at=at, subject=str(*patients) if len(patients) == 1 else None, action=kind,
                        flags=[one.row["flag"] for one in done], rules=sorted({one.row["rule_id"] for one in done}), outcome=done[0].action.outcome,
                        **({"patients": len(patients)} if len(patients) > 1 else {}), **details)


def _as_found(row: Mapping) -> str:
    return json.dumps({name: row[name].isoformat() if name in _MOMENTS and row[name] else row[name] for name in (*_RESTORED, "last_entry")})


# --- taking back ------------------------------------------------------------------------------------------------------------------

def undo(engine: Engine, event: int, *, by: str, at: datetime, flags: Collection[int] | None = None) -> int:
    """Takes back one's own action as a new one: status, owner, outcome and days as they were before it. Of all flags that it was about,
    or of some, all or none. Only what happened last to a flag is taken back; otherwise Conflict says what happened since."""
    with database.writing(engine) as connection:
        mine, rows = _check_undo(connection, event, by, flags)
        done = [_Done(rows[one.flag], Action("undo"), _found_then(one.before), int(one.action)) for one in mine.itertuples()]
        return _write(connection, done, "undo", by, at, undone=mine.iloc[0]["kind"])


def can_undo(connection: Connection, event: int, by: str, flags: Collection[int] | None = None) -> bool:
    """Whether `undo` would go through."""
    try:
        _check_undo(connection, event, by, flags)
    except Refused:
        return False
    return True


def _check_undo(connection: Connection, event: int, by: str, flags: Collection[int] | None) -> tuple[pd.DataFrame, dict[int, RowMapping]]:
    """The actions of the event and the flags that they are about."""
    of_event = triage_action.c.event == int(event), triage_action.c.by != SYSTEM, triage_action.c.undoes.is_(None)
    about = [number for number in connection.scalars(select(triage_action.c.flag).where(*of_event)) if flags is None or number in flags]
    told = history(connection, about)
    mine = told[told["event"] == event]
    if mine.empty:
        raise NotFound("There is no such action.")
    first = mine.iloc[0]
    if not same_person(first["by"], by):
        raise Refused(f"{first['by']} did this, and nobody else can take it back.")
    if first["kind"] in FINAL:
        raise Refused("What a second person decided stands.")
    if mine["taken_back"].any():
        raise Conflict("This was taken back already.")
    since = _standing(told)
    since = since[since["action"] > since["flag"].map(mine.set_index("flag")["action"])].groupby("flag").tail(1)
    if len(since):
        raise Conflict(f"It cannot be taken back any more.{_told(since)} Nothing was changed.")
    rows = {row["flag"]: row for row in _rows(connection, select(flag).where(flag.c.flag.in_(_stored(connection, about))))}
    if hidden := [rows[one.flag]["rule_id"] for one in mine.itertuples() if _would_hide(connection, rows[one.flag], json.loads(one.before), event)]:
        raise Conflict(f"It cannot be taken back any more: since then there is something new, and {listing(hidden, 'and')} would be put away again. "
                       "Nothing was changed.")
    return mine, rows


def _would_hide(connection: Connection, row: Mapping, before: Mapping, event: int) -> bool:
    """Whether what was put away then would be so again, though there is something new: closed, and reported again; or snoozed, and
    another flag of the patient was opened, opened again or raised."""
    if before["status"] != "snoozed" or row["status"] == "snoozed":
        return before["status"] == "closed" and row["last_entry"] > before["last_entry"]
    later = select(evaluation.c.evaluation).where(evaluation.c.event > int(event))
    rose = select(triage_action.c.flag).where(triage_action.c.event > int(event), triage_action.c.by == SYSTEM, triage_action.c.kind == "raise")
    return connection.scalar(select(flag.c.flag).where(
        flag.c.patient == row["patient"], or_(flag.c.opened_evaluation.in_(later), flag.c.flag.in_(rose))).limit(1)) is not None


def _found_then(before: str) -> dict[str, object]:
    found = json.loads(before)
    return {name: datetime.fromisoformat(found[name]) if name in _MOMENTS and found[name] else found[name] for name in _RESTORED if name in found}


def _standing(told: pd.DataFrame) -> pd.DataFrame:
    """The actions that were not taken back."""
    return told[~told["taken_back"] & (told["kind"] != "undo")]


def undoable(told: pd.DataFrame, by: str) -> set[int]:
    """Events of a history that are this person's, and what happened last to a flag."""
    last = _standing(told).groupby("flag").tail(1)
    own = last["before"].notna() & ~last["kind"].isin(FINAL) & last["by"].map(lambda who: same_person(who, by)).astype(bool)
    return set(last.loc[own, "event"].astype(int))


# --- reading ----------------------------------------------------------------------------------------------------------------------

def history(connection: Connection, flags: Collection[int]) -> pd.DataFrame:
    """What was done about these flags, oldest first: the columns of an action, rule_id, patient, and `taken_back`."""
    found = select(triage_action, flag.c.rule_id, flag.c.patient).join(flag, flag.c.flag == triage_action.c.flag).order_by(triage_action.c.action)
    found = found.where(triage_action.c.flag.in_([int(number) for number in flags] if len(flags) <= MOST else _stored(connection, flags)))
    told = pd.DataFrame(_rows(connection, found), columns=[*(c.name for c in triage_action.c), "rule_id", "patient"])
    return told.assign(taken_back=told["action"].isin(told["undoes"].dropna()))


MOST = 1000  # numbers that are put into a statement as they are


def flags_of(connection: Connection, patient: int) -> pd.DataFrame:
    """Every flag of a patient, the worst tier first, open before closed."""
    found = connection.execute(select(flag).where(flag.c.patient == int(patient))).all()
    order = sorted(found, key=lambda row: (row.status == "closed", "EUR".index(row.tier), row.flag))
    return pd.DataFrame(order, columns=[c.name for c in flag.c])
