"""Storing an evaluation: what each patient's record comes to now, and which flags it opens, refreshes, reopens or lets go.

Only an evaluation of the newest knowledge, as of a day not before the last one, is stored; any other is computed and shown."""
import json
from collections.abc import Collection
from datetime import datetime, timedelta

import pandas as pd
import pyarrow as pa
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    Integer,
    Select,
    String,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)

from dashboard import audit, cohort, database
from dashboard.errors import Refused
from dashboard.rules import active
from dashboard.rules.definition import RuleSet, reason
from dashboard.rules.episodes import CLUSTER
from dashboard.rules.evaluate import Doubt, Outcomes, buckets, evaluate, isolated
from dashboard.schema import evaluation, flag, import_batch, patient_outcome, triage_action

SYSTEM = "system"
DUE = {"E": timedelta(hours=1), "U": timedelta(hours=24), "R": timedelta(hours=48)}  # clinical reference 3.3, to be acknowledged or contacted
WORST_FIRST = {"E": 0, "U": 1, "R": 2, "I": 3}
NO_LONGER_MET, WITHDRAWN = "no_longer_met", "evidence_withdrawn"
MUTABLE = ("tier", "reason", "rule_version", "episode_onset", "first_evidence", "last_evidence", "last_entry", "met", "evidence_withdrawn", "status",
           "due_at", "closed_at", "closed_day", "closed_evaluation", "outcome", "until_day", "opened_evaluation")
U_REOPENS_AFTER = 14  # days between the evidence known at the closure and a new report, clinical reference 1.0


def last(connection: Connection) -> dict | None:
    """The last stored evaluation, or None."""
    row = connection.execute(select(evaluation).order_by(evaluation.c.evaluation.desc()).limit(1)).mappings().first()
    return None if row is None else {**row, "failed_rules": json.loads(row["failed_rules"])}


def is_pending(connection: Connection) -> bool:
    """Something changed after the last stored evaluation: nobody may be shown clear until it is evaluated."""
    done = last(connection)
    return audit.last_data_change(connection) > (done["known_at"] if done else 0)


def current_as_of(connection: Connection, today: int) -> int:
    """Today, or the demo diaries' last day while there is nothing else; never before the last stored evaluation."""
    done = last(connection)
    live = connection.execute(select(import_batch.c.demo, func.count()).where(import_batch.c.undone_event.is_(None)).group_by(import_batch.c.demo)).all()
    if [bool(demo) for demo, _ in live] == [True]:
        through = cohort.data_through(connection, today)
        today = max(through.values(), default=today)
    return max(today, done["as_of"]) if done else today


def is_due(connection: Connection, today: int) -> bool:
    """Something changed since the last stored evaluation, or the day has turned."""
    done = last(connection)
    return is_pending(connection) or (done is not None and done["as_of"] < current_as_of(connection, today))


def store(engine: Engine, *, as_of: int, by: str, at: datetime, patients: Collection[int] | None = None, cause: str = "time") -> dict:
    """Evaluates `patients` (None: everybody) and stores what came of it, in one transaction. `cause` is for the audit trail: `time`,
    `import`, `revision`, `undo` or `rules`. Which evidence an undo or a revision took away is read from the diaries themselves, so that
    an evaluation that had to wait for the next start comes to the same.
    Returns {evaluation, patients, flags_raised, flags_closed, failed_rules, opened: {tier: n}}."""
    return isolated(lambda doubt: _store(engine, doubt, as_of, by, at, patients, cause))


def _store(engine: Engine, doubt: Doubt, as_of: int, by: str, at: datetime, patients: Collection[int] | None, cause: str) -> dict:
    with database.writing(engine) as connection:
        done = last(connection)
        if done and as_of < done["as_of"]:
            raise Refused("An evaluation as of an earlier day than the last one is shown, not stored.")
        rule_set = active.current(connection)
        touched = None
        if patients is not None:
            # a batch may touch more patients than fit a list of bound values
            touched = database.store_rows(connection, "evaluated_patient", {"patient": patient_outcome.c.patient.type.__class__},
                                          pa.table({"patient": pa.array(sorted(int(p) for p in set(patients)), pa.int32())}))
        known_at = audit.latest(connection)
        outcomes = evaluate(connection, cohort.entries(connection, as_of, patients=touched), rule_set.rules, as_of, everybody=patients is None, doubt=doubt)
        number = database.next_number(connection, evaluation.c.evaluation)
        count = _store_outcomes(connection, outcomes, rule_set, number, touched)
        own = _own(connection, outcomes, rule_set)
        news, lapsed = _news(connection, own), _lapsed(connection, own, outcomes, touched)
        taken = _taken(connection, {row["flag_patient"] for row in (*news, *lapsed) if row["flag_met"]}, done)
        changes = _Changes(rule_set, number, as_of, taken, at)
        changes.met(news)
        changes.not_met(lapsed)
        event = audit.next_event(connection)
        changes.write(connection, event)
        connection.execute(evaluation.insert().values(
            evaluation=number, as_of=as_of, known_at=known_at, rule_set=rule_set.version, patients=count, everybody=patients is None,
            failed_rules=json.dumps(outcomes.failed), event=event))
        summary = {"evaluation": number, "patients": count, "flags_raised": len(changes.opened) + changes.reopened, "flags_closed": changes.closed,
                   "failed_rules": list(outcomes.failed), "opened": {tier: n for tier in "EUR" if (n := sum(row["tier"] == tier for row in changes.opened))}}
        audit.record(connection, "evaluated", by=by, at=at, subject=str(number), as_of=as_of, rule_set=rule_set.version, cause=cause,
                     **{key: summary[key] for key in ("patients", "flags_raised", "flags_closed", "failed_rules")})
    return summary


def _store_outcomes(connection: Connection, outcomes: Outcomes, rule_set: RuleSet, number: int, touched: Table | None) -> int:
    """Replaces the touched patients' outcomes; everybody of a live batch gets one, and who has no entry yet says so."""
    stored, out = buckets(connection, outcomes, rule_set.rules), patient_outcome
    old = delete(out)
    known = cohort.patients().subquery()
    missing = select(known.c.patient).where(known.c.patient.not_in(select(stored.c.patient)))
    if touched is not None:
        old = old.where(out.c.patient.in_(select(touched.c.patient)))
        missing = missing.where(known.c.patient.in_(select(touched.c.patient)))
    connection.execute(old)
    names = ["patient", "met", "cannot_assess", "assessed_recently", "tier", "bucket", "first_evidence", "last_evidence", "last_day"]
    connection.execute(out.insert().from_select(["evaluation", *names], select(literal(number), *[stored.c[name] for name in names])))
    connection.execute(out.insert().from_select(
        ["evaluation", "patient", "met", "cannot_assess", "assessed_recently", "bucket"],
        missing.with_only_columns(literal(number), known.c.patient, literal(0), literal(0), literal(0), literal("no_entries"))))
    return int(connection.scalar(select(func.count()).select_from(out).where(out.c.evaluation == number)))


def _own(connection: Connection, outcomes: Outcomes, rule_set: RuleSet) -> Table:
    """Outcomes met, each with the flag it belongs to: the newest of its episode, else the newest of the rule, if there is one. `onset` is
    that of the current episode where it has evidence."""
    o, f, episode = outcomes.table.c, flag.c, outcomes.episodes.c
    newest = select(f.patient, f.rule_id, func.max(f.flag).label("flag")).group_by(f.patient, f.rule_id).subquery()
    same = select(f.patient, f.rule_id, f.episode_onset, func.max(f.flag).label("flag")).group_by(f.patient, f.rule_id, f.episode_onset).subquery()
    onset = case((o.last_evidence >= o.episode_onset, o.episode_onset))
    rule_id = _rule_id(rule_set, o.rule_bit)
    return database.store(connection, "met_outcome", select(
        o.patient, o.rule_bit, o.tier, o.arm, o.first_evidence.label("first"), o.last_evidence.label("last"), o.last_entry.label("newest"),
        onset.label("onset"), episode.at_least, func.coalesce(same.c.flag, newest.c.flag, type_=Integer).label("flag")).select_from(
        outcomes.table.outerjoin(outcomes.episodes, episode.patient == o.patient).outerjoin(
            newest, and_(newest.c.patient == o.patient, newest.c.rule_id == rule_id)).outerjoin(
            same, and_(same.c.patient == o.patient, same.c.rule_id == rule_id, same.c.episode_onset.is_not_distinct_from(onset)))).where(
        o.met.is_(True), o.tier != "I"))


def _news(connection: Connection, own: Table) -> list[dict]:
    """Outcomes met for which a flag has to be opened or changed, each beside its flag."""
    o, f = own.c, flag.c
    return _frame(connection, select(
        o.patient, o.rule_bit, o.tier.label("met_tier"), o.arm, o.first, o.last, o.newest, o.onset, o.at_least,
        *[c.label(f"flag_{c.name}") for c in flag.c]).select_from(own.outerjoin(flag, f.flag == o.flag)).where(
        or_(f.flag.is_(None), f.status == "closed", ~f.met, f.evidence_withdrawn, f.tier != o.tier, f.first_evidence != o.first,
            f.last_evidence != o.last, f.last_entry != o.newest, and_(o.onset.is_not(None), f.episode_onset.is_distinct_from(o.onset)))))


def _lapsed(connection: Connection, own: Table, outcomes: Outcomes, touched: Table | None) -> list[dict]:
    """Flags that were met and, of the patients just evaluated, are not any more. A rule that failed says nothing."""
    f = flag.c
    found = select(*[c.label(f"flag_{c.name}") for c in flag.c]).where(f.met, f.flag.not_in(select(own.c.flag).where(own.c.flag.is_not(None))))
    if outcomes.failed:
        found = found.where(f.rule_id.not_in(outcomes.failed))
    return _frame(connection, found if touched is None else found.where(f.patient.in_(select(touched.c.patient))))


def _taken(connection: Connection, patients: Collection[int], done: dict | None) -> dict[int, str]:
    """Of these patients, those from whom something was taken that the last evaluation read: `revision` where any of it was revised,
    whatever else happened to it, else `undo`."""
    if done is None or not patients:
        return {}
    batch = import_batch.c
    since = or_(batch.undone_event > done["known_at"], and_(batch.committed_event > done["known_at"], batch.revised > 0))
    if not connection.scalar(select(func.count()).select_from(import_batch).where(since)):
        return {}
    few = database.store_rows(connection, "flagged_patient", {"patient": Integer}, pa.table({"patient": pa.array(sorted(patients), pa.int32())}))
    then = cohort.entries(connection, done["as_of"], done["known_at"], few).subquery().c
    gone = or_(then.superseded, then.batch.not_in(cohort.live_batches(connection)))
    found = select(then.patient, func.bool_or(then.superseded)).where(gone).group_by(then.patient)
    return {patient: "revision" if revised else "undo" for patient, revised in connection.execute(found)}


def _rule_id(rule_set: RuleSet, bit: ColumnElement[int]) -> ColumnElement[str]:
    return case({rule.bit: rule.rule_id for rule in rule_set.rules}, value=bit)


def _frame(connection: Connection, statement: Select) -> list[dict]:
    return [dict(row) for row in connection.execute(statement).mappings()]


class _Changes:
    """Collects what an evaluation does to flags, and writes it in a few statements."""

    def __init__(self, rule_set: RuleSet, number: int, as_of: int, taken: dict[int, str], at: datetime) -> None:
        self.by_bit = {rule.bit: rule for rule in rule_set.rules}
        self.number, self.as_of, self.taken, self.at = number, as_of, taken, audit.utc(at)
        self.opened: list[dict] = []
        self.updated: list[dict] = []
        self.actions: list[dict] = []
        self.reopened = self.closed = 0

    def met(self, rows: list[dict]) -> None:
        urgent = {row["patient"] for row in rows if self._fires(row)}
        for row in rows:
            if row["flag_flag"] is None:
                self._open(row)
            elif self._is_new_episode(row):
                self.not_met([row] if row["flag_met"] else [])
                self._open(row)
            elif row["flag_status"] == "closed":
                if self._reopens(row, row["patient"] in urgent):
                    self._reopen(row)
                elif not row["flag_met"] or row["flag_evidence_withdrawn"]:
                    self._update(row, met=True, evidence_withdrawn=False)
            elif self._differs(row):
                self._refresh(row)

    def _is_new_episode(self, row: dict) -> bool:
        """It began after the flag's first evidence, and is not the flag's own, whose onset new entries may move a little."""
        if row["onset"] is None or not row["met_tier"] == "R" == row["flag_tier"]:
            return False
        own = row["flag_episode_onset"]
        return row["flag_first_evidence"] < row["onset"] and (own is None or own + CLUSTER < row["onset"])

    def _fires(self, row: dict) -> bool:
        """An emergency opens, reopens or arises from a lesser flag; one that somebody closed and that is merely still there does not."""
        return row["met_tier"] == "E" and (row["flag_flag"] is None or row["flag_tier"] != "E" or (row["flag_status"] == "closed" and self._reopens(row, False)))

    def _reopens(self, row: dict, urgent: bool) -> bool:
        """Clinical reference 1.0, "Reopening"."""
        if row["flag_outcome"] in (NO_LONGER_MET, WITHDRAWN):
            return True
        rises = WORST_FIRST[row["met_tier"]] < WORST_FIRST[row["flag_tier"]]
        if row["met_tier"] == "E":
            return rises or row["last"] > row["flag_closed_day"] or row["newest"] > row["flag_last_entry"]
        if row["met_tier"] == "U":
            waits = row["flag_until_day"] is not None and self.as_of < row["flag_until_day"] and not urgent
            later = row["last"] > row["flag_closed_day"] and row["last"] > row["flag_last_evidence"] + U_REOPENS_AFTER
            return rises or (later and not waits)
        return False

    def _differs(self, row: dict) -> bool:
        pairs = (("met_tier", "tier"), ("first", "first_evidence"), ("last", "last_evidence"), ("newest", "last_entry"),
                 *([("onset", "episode_onset")] if row["onset"] is not None else []))
        return not row["flag_met"] or row["flag_evidence_withdrawn"] or any(row[new] != row[f"flag_{old}"] for new, old in pairs)

    def _evidence(self, row: dict) -> dict:
        rule = self.by_bit[row["rule_bit"]]
        return {"tier": row["met_tier"], "reason": reason(rule, row["arm"], bool(row["at_least"])), "rule_version": rule.version,
                "episode_onset": row["flag_episode_onset"] if row["onset"] is None else row["onset"],
                "first_evidence": row["first"], "last_evidence": row["last"], "last_entry": row["newest"], "met": True, "evidence_withdrawn": False}

    def _open(self, row: dict) -> None:
        self.opened.append({"patient": row["patient"], "rule_id": self.by_bit[row["rule_bit"]].rule_id, **self._evidence(row), "opened_evaluation": self.number,
                            "status": "open", "acted": False, "raised_at": self.at, "due_at": self.at + DUE[row["met_tier"]], "version": 1})

    def _refresh(self, row: dict) -> None:
        evidence = self._evidence(row)
        if row["flag_tier"] == "E" != row["met_tier"] and self._needs_a_person(row):
            # what is left of it is a lesser flag; that it is no emergency any more is for a person to say
            evidence |= {"tier": "E", "reason": row["flag_reason"], "evidence_withdrawn": True}
        rises = WORST_FIRST[row["met_tier"]] < WORST_FIRST[row["flag_tier"]]
        # somebody who acknowledged the lesser flag has not seen this
        self._update(row, **evidence, **({"due_at": self.at + DUE[row["met_tier"]], "status": "open"} if rises else {}))
        if rises and row["flag_status"] != "open":
            self._act(row, "raise", "open", None)

    def _reopen(self, row: dict) -> None:
        self.reopened += 1
        self._update(row, **self._evidence(row), status="open", due_at=self.at + DUE[row["met_tier"]], closed_at=None, closed_day=None,
                     closed_evaluation=None, outcome=None, until_day=None, opened_evaluation=self.number)
        self._act(row, "reopen", "open", row["flag_outcome"])

    def _needs_a_person(self, row: dict) -> bool:
        """Whether what became of a flag's evidence is for a person to judge. Of emergencies only an undo, which has a name to it, is not."""
        return row["flag_acted"] or (row["flag_tier"] == "E" and (self.taken.get(row["flag_patient"]) != "undo" or row["flag_evidence_withdrawn"]))

    def not_met(self, rows: list[dict]) -> None:
        for row in rows:
            withdrawn = row["flag_patient"] in self.taken or row["flag_tier"] == "E"
            if row["flag_status"] == "closed" or self._needs_a_person(row):
                self._update(row, met=False, evidence_withdrawn=withdrawn)
            else:
                self.closed += 1
                outcome = WITHDRAWN if withdrawn else NO_LONGER_MET
                self._update(row, met=False, status="closed", outcome=outcome, closed_at=self.at, closed_day=self.as_of, closed_evaluation=self.number)
                self._act(row, "close", "closed", outcome)

    def _update(self, row: dict, **values: object) -> None:
        # evidence alone is no reason to tell somebody who is about to act that the flag changed under her
        step = 1 if "status" in values or values.get("evidence_withdrawn", False) > row["flag_evidence_withdrawn"] else 0
        after = {**{name: row[f"flag_{name}"] for name in MUTABLE}, **values, "version": row["flag_version"] + step}
        self.updated.append({"key": row["flag_flag"], **{f"new_{name}": value for name, value in after.items()}})

    def _act(self, row: dict, kind: str, after: str, outcome: str | None) -> None:
        self.actions.append({"flag": row["flag_flag"], "kind": kind, "by": SYSTEM, "happened_at": self.at, "outcome": outcome,
                             "status_before": row["flag_status"], "status_after": after})

    def write(self, connection: Connection, event: int) -> None:
        if self.opened:
            first = database.next_number(connection, flag.c.flag)
            rows = pd.DataFrame([{"flag": first + n, **row} for n, row in enumerate(self.opened)])
            database.append(connection, flag, pa.Table.from_pandas(rows, schema=_arrow_schema(rows.columns), preserve_index=False))
        if self.updated:
            connection.execute(update(flag).where(flag.c.flag == bindparam("key")).values(
                {name: bindparam(f"new_{name}") for name in (*MUTABLE, "version")}), self.updated)
        if self.actions:
            first = database.next_number(connection, triage_action.c.action)
            connection.execute(triage_action.insert(), [{"action": first + n, "event": event, **row} for n, row in enumerate(self.actions)])


def _arrow_schema(names: Collection[str]) -> pa.Schema:
    kinds = {Integer: pa.int32(), BigInteger: pa.int64(), String: pa.string(), Boolean: pa.bool_(), DateTime: pa.timestamp("us")}
    return pa.schema([(name, kinds[type(flag.c[name].type)]) for name in names])
