"""What an evaluation does to flags: which it opens, refreshes, raises, reopens, marks, or closes."""
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import lru_cache

import pyarrow as pa
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    DateTime,
    Integer,
    Select,
    String,
    Table,
    Text,
    and_,
    case,
    delete,
    false,
    func,
    not_,
    or_,
    select,
)

from dashboard import audit, cohort, database
from dashboard.hours import Hours
from dashboard.rules.definition import RuleSet, reason
from dashboard.rules.episodes import CLUSTER
from dashboard.rules.evaluate import Outcomes
from dashboard.schema import flag, patient, triage_action

SYSTEM = "system"
# clinical reference 3.3: within which a flag is to be seen to, and within which it is to be done with: of U the patient called, of R all of it
SEEN_TO = {"E": timedelta(hours=1), "U": timedelta(hours=24), "R": timedelta(hours=48)}
U_CALLED, R_DONE = timedelta(hours=24), 5  # working days
WORST_FIRST = {"E": 0, "U": 1, "R": 2, "I": 3}
NO_LONGER_MET, WITHDRAWN = "no_longer_met", "evidence_withdrawn"
U_REOPENS_AFTER = 14  # days between the evidence known at the closure and a new report, clinical reference 1.0
EVER = 10**6  # a day after every entry
_EVIDENCE = ("tier", "reason", "rule_version", "first_evidence", "last_evidence", "last_entry")
_ARROW = {Integer: pa.int32(), BigInteger: pa.int64(), String: pa.string(), Text: pa.string(), Boolean: pa.bool_(), DateTime: pa.timestamp("us")}


@lru_cache(64)  # an evaluation raises all its flags at one moment
def times(tier: str, at: datetime, on_duty: Hours, working_days: int | None = None) -> dict[str, datetime | None]:
    """Of a flag raised or opened again at that moment: by when somebody has to have seen to it, and by when it has to be done with, if the
    reference says so; of an emergency in hours in which somebody is on duty. `working_days` are those that an arm has for all of it."""
    done = {"U": at + U_CALLED, "R": on_duty.working_days_after(at, working_days or R_DONE)}.get(tier)
    if working_days:
        return {"due_at": on_duty.working_days_after(at, working_days), "done_by": done}
    return {"due_at": on_duty.after(at, SEEN_TO[tier]) if tier == "E" else at + SEEN_TO[tier], "done_by": done}


# --- what changed, by the database ------------------------------------------------------------------------------------------------

def matched(connection: Connection, outcomes: Outcomes, rule_set: RuleSet) -> Table:
    """Every rule met (but for information), with the number of the flag that it belongs to, NULL for none: the newest of its episode,
    else the newest of the patient and rule, unless the evidence shows a new episode. An episode whose onset moves by a few days, because
    new entries say so, is the same one. Tiers E and U have no episodes."""
    o, e, f = outcomes.met.c, outcomes.episodes.c, flag.c
    met = select(
        o.patient, o.rule_bit, o.arm, o.tier, o.first_evidence, o.last_evidence, o.last_entry,
        case({rule.bit: rule.rule_id for rule in rule_set.rules}, value=o.rule_bit).label("rule_id"),
        case({rule.bit: rule.version for rule in rule_set.rules}, value=o.rule_bit).label("rule_version"), _reason(rule_set, o.rule_bit, o.arm, e.at_least),
        case((o.last_evidence >= o.episode_onset, o.episode_onset)).label("episode_onset")).select_from(
        outcomes.met.outerjoin(outcomes.episodes, e.patient == o.patient)).where(o.tier != "I").subquery()
    m = met.c
    same = select(f.patient, f.rule_id, f.episode_onset, func.max(f.flag).label("flag")).group_by(f.patient, f.rule_id, f.episode_onset).subquery()
    newest = select(flag).where(f.flag.in_(select(func.max(f.flag)).group_by(f.patient, f.rule_id))).subquery()
    n = newest.c
    is_new = and_(m.episode_onset.is_not(None), n.first_evidence < m.episode_onset,
                  or_(n.episode_onset.is_(None), n.episode_onset + CLUSTER < m.episode_onset))
    return database.store(connection, "met_rule", select(*m, func.coalesce(same.c.flag, case((not_(is_new), n.flag)), type_=Integer).label("flag")).select_from(
        met.outerjoin(same, and_(same.c.patient == m.patient, same.c.rule_id == m.rule_id, same.c.episode_onset.is_not_distinct_from(m.episode_onset)))
        .outerjoin(newest, and_(n.patient == m.patient, n.rule_id == m.rule_id))))


def _reason(rule_set: RuleSet, bit: ColumnElement[int], arm: ColumnElement[int], at_least: ColumnElement[bool]) -> ColumnElement[str]:
    arms = [(rule, number) for rule in rule_set.rules for number in range(len(rule.arms))]
    plain, doubtful = ({rule.bit * 100 + number: reason(rule, number, least) for rule, number in arms} for least in (False, True))
    key = bit * 100 + arm
    return case((func.coalesce(at_least, false(), type_=Boolean), case(doubtful, value=key)), else_=case(plain, value=key)).label("reason")


def news(connection: Connection, belongs: Table) -> list[dict]:
    """What is met and has no flag, or one that says something else; of a flag that a person closed, only what that person may not have known."""
    m, f = belongs.c, flag.c
    unlike = or_(*[f[name] != m[name] for name in _EVIDENCE], and_(m.episode_onset.is_not(None), f.episode_onset.is_distinct_from(m.episode_onset)))
    unknown = or_(f.outcome.in_((NO_LONGER_MET, WITHDRAWN)), f.tier != m.tier, m.last_evidence > f.closed_day, m.last_entry > f.last_entry)
    return _rows(connection, select(*m, *_flag_columns()).select_from(belongs.outerjoin(flag, f.flag == m.flag)).where(
        or_(f.flag.is_(None), not_(f.met), f.evidence_withdrawn, case((f.status == "closed", unknown), else_=unlike))))


def lapsed(connection: Connection, belongs: Table, failed: Collection[str], touched: Table | None) -> list[dict]:
    """Flags that were met and, of the patients just evaluated, are not any more. A rule that failed says nothing."""
    found = select(flag.c.patient, *_flag_columns()).where(flag.c.met, flag.c.flag.not_in(select(belongs.c.flag).where(belongs.c.flag.is_not(None))))
    if failed:
        found = found.where(flag.c.rule_id.not_in(failed))
    return _rows(connection, found if touched is None else found.where(flag.c.patient.in_(select(touched.c.patient))))


def snoozed(connection: Connection, patients: Collection[int]) -> list[dict]:
    """What is put off, of these patients."""
    if not patients:
        return []
    whose = database.store_rows(connection, "news_patient", {"patient": Integer}, pa.table({"patient": pa.array(sorted(patients), pa.int32())}))
    return _rows(connection, select(flag).where(flag.c.status == "snoozed", flag.c.patient.in_(select(whose.c.patient))))


def _flag_columns() -> list[ColumnElement]:
    return [c.label(f"flag_{c.name}") for c in flag.c]


def _rows(connection: Connection, found: Select) -> list[dict]:
    return [dict(row) for row in connection.execute(found).mappings()]


def lost_evidence(connection: Connection, patients: Collection[int], known_at: int) -> dict[int, str]:
    """Of patients who had an entry then that is not live any more: `revision` where one was revised, whatever else happened to it, else
    `undo`. It is asked of the diaries and not of whoever calls, since several things may have happened since."""
    if not patients:
        return {}
    whose = database.store_rows(connection, "losing_patient", {"patient": Integer}, pa.table({"patient": pa.array(sorted(patients), pa.int32())}))
    then, now = cohort.entries(connection, EVER, known_at, whose).subquery(), cohort.entries(connection, EVER).subquery()
    gone = database.store(connection, "lost_entry", select(then.c.patient, then.c.entry, then.c.entry_id, patient.c.source).join(
        patient, patient.c.patient == then.c.patient).where(then.c.entry.not_in(
            select(now.c.entry).where(now.c.patient.in_(select(whose.c.patient))))))
    causes = {int(number): "undo" for number in connection.scalars(select(gone.c.patient).distinct())}
    if causes:
        newer = select(gone.c.patient).distinct().join(now, and_(now.c.entry_id == gone.c.entry_id, now.c.entry > gone.c.entry)).join(
            patient, and_(patient.c.patient == now.c.patient, patient.c.source == gone.c.source))
        causes |= {int(number): "revision" for number in connection.scalars(newer)}
    return causes


# --- what comes of it -------------------------------------------------------------------------------------------------------------

class Changes:
    """Collects what an evaluation does to flags, and writes it in a few statements."""

    def __init__(self, rule_set: RuleSet, number: int, as_of: int, at: datetime, on_duty: Hours, lost: dict[int, str]) -> None:
        self.by_bit = {rule.bit: rule for rule in rule_set.rules}
        self.number, self.as_of, self.at, self.on_duty, self.lost = number, as_of, audit.utc(at), on_duty, lost
        self.opened: list[dict] = []
        self.updated: list[dict] = []
        self.actions: list[dict] = []
        self.fired: set[int] = set()  # patients of whom an emergency opens, reopens or arises from a lesser flag now
        self.fresh: set[int] = set()  # patients of whom anything does, or becomes graver
        self.reopened = self.closed = 0

    def met(self, rows: Iterable[dict]) -> None:
        # emergencies first: lesser flags that wait for a day have to know of them
        for row in sorted(rows, key=lambda row: WORST_FIRST[row["tier"]]):
            old = _old(row)
            if old is None:
                self._open(row)
            elif old["status"] != "closed":
                self._refresh(row, old)
            elif self._reopens(row, old):
                self._reopen(row, old)
            else:
                self._update(old, met=True, evidence_withdrawn=False)

    def not_met(self, rows: Iterable[dict]) -> None:
        for row in rows:
            old, cause = _old(row), self.lost.get(row["patient"])
            if old["status"] != "closed" and not _needs_a_person(old, cause):
                self.closed += 1
                outcome = WITHDRAWN if cause else NO_LONGER_MET
                self._update(old, met=False, evidence_withdrawn=False, status="closed", outcome=outcome, closed_at=self.at, closed_day=self.as_of,
                             closed_evaluation=self.number)
                self._act(old, "close", "closed", outcome)
            else:
                # an emergency that nothing shows any more is looked at by a person, whatever the cause
                self._withdraw(old, cause is not None or (old["tier"] == "E" and old["status"] != "closed"), met=False)

    def _open(self, row: dict) -> None:
        self.opened.append({"patient": row["patient"], "rule_id": row["rule_id"], **_evidence(row), "opened_evaluation": self.number, "status": "open",
                            "acted": False, "raised_at": self.at, **self._times(row), "version": 1})
        self._is_news(row)

    def _is_news(self, row: dict) -> None:
        self.fresh.add(row["patient"])
        if row["tier"] == "E":
            self.fired.add(row["patient"])

    def _refresh(self, row: dict, old: dict) -> None:
        now = _evidence(row, old)
        change = WORST_FIRST[row["tier"]] - WORST_FIRST[old["tier"]]
        if change < 0:
            # somebody who acknowledged the lesser flag has not seen this
            self._update(old, **now, status="open", **self._times(row))
            self._act(old, "raise", "open", None)
            self._is_news(row)
        elif old["tier"] == "E" != row["tier"] and _needs_a_person(old, self.lost.get(row["patient"])):
            # it lost what made it an emergency, and a person has to say so
            self._withdraw(old, True, **now | {"tier": "E"})
        else:
            self._update(old, **now)
            if change > 0:
                self._act(old, "lower", old["status"], None)
            elif old["reason"] in [arm.reason for arm in self.by_bit[row["rule_bit"]].arms[row["arm"] + 1:]]:
                self.fresh.add(row["patient"])  # a graver reason, in the same tier

    def _reopens(self, row: dict, old: dict) -> bool:
        """Clinical reference 1.0, "Reopening". What the system closed opens again whenever it is met."""
        if old["outcome"] in (NO_LONGER_MET, WITHDRAWN) or WORST_FIRST[row["tier"]] < WORST_FIRST[old["tier"]]:
            return True
        if row["tier"] == "E":
            return row["last_evidence"] > old["closed_day"] or row["last_entry"] > old["last_entry"]
        if row["tier"] == "U" and (old["until_day"] is None or self.as_of >= old["until_day"] or row["patient"] in self.fired):
            return row["last_evidence"] > max(old["closed_day"], old["last_evidence"] + U_REOPENS_AFTER)
        return False

    def _reopen(self, row: dict, old: dict) -> None:
        self.reopened += 1
        self._update(old, **_evidence(row, old), status="open", **self._times(row), closed_at=None, closed_day=None, closed_evaluation=None, outcome=None,
                     until_day=None, opened_evaluation=self.number)
        self._act(old, "reopen", "open", old["outcome"])
        self._is_news(row)

    def wake(self, snoozed: Iterable[dict]) -> None:
        """What was put off is back as soon as there is anything new about the patient (clinical reference 3.3: a higher tier, or worsening).
        More of the same is nothing new: it would not even open again what a person closed."""
        changed = {row["flag"]: row for row in self.updated}
        woken = {old["flag"]: now for old in snoozed if (now := changed.get(old["flag"], old))["status"] == "snoozed"}
        self.updated = [row for row in self.updated if row["flag"] not in woken]
        for now in woken.values():
            self._update(now, status="open", until_day=None, **times(now["tier"], self.at, self.on_duty))
            self._act(now, "wake", "open", None)

    def _withdraw(self, old: dict, withdrawn: bool, **values: object) -> None:
        self._update(old, **values | {"evidence_withdrawn": withdrawn})
        if withdrawn and not old["evidence_withdrawn"]:
            self._act(old, "withdraw", old["status"], None)

    def _times(self, row: dict) -> dict[str, datetime | None]:
        return times(row["tier"], self.at, self.on_duty, self.by_bit[row["rule_bit"]].arms[row["arm"]].due_working_days)

    def _update(self, old: dict, **values: object) -> None:
        after = old | values
        if after != old:
            # evidence alone is no reason to tell somebody who is about to act that the flag changed under her
            told = after["status"] != old["status"] or after["tier"] != old["tier"] or after["evidence_withdrawn"] > old["evidence_withdrawn"]
            self.updated.append(after | {"version": old["version"] + told})

    def _act(self, old: dict, kind: str, after: str, outcome: str | None) -> None:
        self.actions.append({"flag": old["flag"], "kind": kind, "by": SYSTEM, "happened_at": self.at, "outcome": outcome, "status_before": old["status"],
                             "status_after": after})

    def write(self, connection: Connection, event: int) -> None:
        first = database.next_number(connection, flag.c.flag)
        if self.updated:
            # a statement for each would read the whole table each time
            keys = pa.table({"flag": pa.array([row["flag"] for row in self.updated], pa.int32())})
            connection.execute(delete(flag).where(flag.c.flag.in_(select(database.store_rows(connection, "changed_flag", {"flag": Integer}, keys).c.flag))))
        _append(connection, flag, [*self.updated, *({"flag": first + n, **row} for n, row in enumerate(self.opened))])
        first = database.next_number(connection, triage_action.c.action) if self.actions else 0
        _append(connection, triage_action, [{"action": first + n, "event": event, **row} for n, row in enumerate(self.actions)])


def _needs_a_person(old: dict, cause: str | None) -> bool:
    """Whether what became of a flag's evidence is for a person to judge: where a person acted on it; and of emergencies, unless an undo,
    which has a name to it, is all that ever happened to them."""
    return old["acted"] or (old["tier"] == "E" and (cause != "undo" or old["evidence_withdrawn"]))


def _old(row: dict) -> dict | None:
    return None if row["flag_flag"] is None else {name.removeprefix("flag_"): value for name, value in row.items() if name.startswith("flag_")}


def _evidence(row: dict, old: dict | None = None) -> dict:
    onset = old["episode_onset"] if old and row["episode_onset"] is None else row["episode_onset"]
    return {name: row[name] for name in _EVIDENCE} | {"episode_onset": onset, "met": True, "evidence_withdrawn": False}


def _append(connection: Connection, target: Table, rows: list[dict]) -> None:
    schema = pa.schema([(c.name, _ARROW[type(c.type)]) for c in target.c])
    database.append(connection, target, pa.Table.from_pylist(rows, schema))
