"""Storing an evaluation: what each patient's record comes to now, and with it the flags.

Only an evaluation of the newest knowledge, as of a day not before the last one, is stored; any other is computed and shown."""
import json
from datetime import datetime

from sqlalchemy import Connection, Engine, Table, delete, func, literal, or_, select, union

from dashboard import audit, cohort, database, hours
from dashboard.days import date_of
from dashboard.errors import Refused
from dashboard.rules import active, notes
from dashboard.rules.definition import RuleSet
from dashboard.rules.evaluate import Doubt, Outcomes, buckets, evaluate, isolated
from dashboard.rules.lifecycle import Changes, lapsed, lost_evidence, matched, news, snoozed
from dashboard.rules.turning import NEVER
from dashboard.schema import audit_event, evaluation, flag, import_batch, patient, patient_outcome

MOST = 4  # where more than one patient in so many is touched, looking at everybody is the cheaper way
_CAUSES = {"import_committed": "import", "import_undone": "undo", "rule_set_activated": "rules"}


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


def store(engine: Engine, *, as_of: int, by: str, at: datetime, everybody: bool = True) -> dict:
    """Evaluates and stores what came of it, in one transaction: everybody, or where that comes to the same, only those who may stand
    elsewhere than at the last stored evaluation. Returns {evaluation, patients, flags_raised, flags_closed, failed_rules, opened: {tier: n}}."""
    return isolated(lambda doubt: _store(engine, doubt, as_of, by, at, everybody))


def _store(engine: Engine, doubt: Doubt, as_of: int, by: str, at: datetime, everybody: bool) -> dict:
    with database.writing(engine) as connection:
        done = last(connection)
        if done and as_of < done["as_of"]:
            raise Refused("An evaluation as of an earlier day than the last one is shown, not stored.")
        rule_set, known_before = active.current(connection), done["known_at"] if done else 0
        touched = None if everybody else _touched(connection, done, as_of, rule_set)
        known_at, cause = audit.latest(connection), _cause(connection, known_before)
        outcomes = evaluate(connection, cohort.entries(connection, as_of, patients=touched), rule_set.rules, as_of, everybody=touched is None, doubt=doubt)
        number = database.next_number(connection, evaluation.c.evaluation)
        count = _store_outcomes(connection, outcomes, rule_set, number, touched)
        belongs = matched(connection, outcomes, rule_set)
        met, not_met = news(connection, belongs), lapsed(connection, belongs, outcomes.failed, touched)
        lost = lost_evidence(connection, {row["patient"] for row in not_met} | {row["patient"] for row in met if row["flag_tier"] == "E"}, known_before)
        changes = Changes(rule_set, number, as_of, at, hours.of(connection), lost)
        changes.met(met)
        changes.not_met(not_met)
        changes.wake(snoozed(connection, changes.fresh))
        notes.read_new(connection)
        event = audit.next_event(connection)
        changes.write(connection, event)
        connection.execute(evaluation.insert().values(
            evaluation=number, as_of=as_of, known_at=known_at, rule_set=rule_set.version, patients=count, everybody=touched is None,
            failed_rules=json.dumps(outcomes.failed), event=event))
        summary = {"evaluation": number, "patients": count, "flags_raised": len(changes.opened) + changes.reopened, "flags_closed": changes.closed,
                   "failed_rules": list(outcomes.failed), "opened": {tier: n for tier in "EUR" if (n := sum(row["tier"] == tier for row in changes.opened))}}
        audit.record(connection, "evaluated", by=by, at=at, subject=str(number), as_of=as_of, rule_set=rule_set.version, cause=cause,
                     **{key: summary[key] for key in ("patients", "flags_raised", "flags_closed", "failed_rules")})
    return summary


def _touched(connection: Connection, done: dict | None, as_of: int, rule_set: RuleSet) -> Table | None:
    """Whose entries may be others than at the last evaluation, or whom the days since then may have moved; None where everybody may stand
    elsewhere, or too many. Found out here, in the transaction that evaluates, so that an import whose own evaluation never came about is
    not passed over."""
    if done is None or done["rule_set"] != rule_set.version or done["failed_rules"] or date_of(done["as_of"]).year != date_of(as_of).year:
        return None
    b, out, f = import_batch.c, patient_outcome.c, flag.c
    changed = list(connection.scalars(select(b.batch).where(or_(b.committed_event > done["known_at"], b.undone_event > done["known_at"]))))
    # a revision is of the same patient as what it supersedes, and what an undo hands over stays what it was
    whose = [cohort.patients_of(changed)]
    if as_of > done["as_of"]:
        waited = connection.scalars(select(f.patient).where(f.status == "closed", f.until_day > done["as_of"], f.until_day <= as_of)).all()
        whose += [cohort.patients_dated(done["as_of"], as_of), select(out.patient).where(or_(out.turns_on.is_(None), out.turns_on <= as_of)),
                  select(patient.c.patient).where(patient.c.patient.in_(waited))]
    touched = database.store(connection, "evaluated_patient", union(*whose).subquery().select())
    few, all_ = (int(connection.scalar(select(func.count()).select_from(whose))) for whose in (touched, patient))
    return touched if few * MOST <= all_ else None


def _cause(connection: Connection, known_before: int) -> str:
    """What happened last since the evaluation before: `import`, `undo`, `rules`, or `time` has passed."""
    e = audit_event.c
    kind = connection.scalar(select(e.kind).where(e.event > known_before, e.kind.in_(audit.DATA_CHANGES)).order_by(e.event.desc()).limit(1))
    return _CAUSES.get(kind, "time")


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
    names = ["patient", "met", "cannot_assess", "assessed_recently", "tier", "bucket", "first_evidence", "last_evidence", "last_day", "turns_on"]
    connection.execute(out.insert().from_select(["evaluation", *names], select(literal(number), *[stored.c[name] for name in names])))
    connection.execute(out.insert().from_select(
        ["evaluation", "patient", "met", "cannot_assess", "assessed_recently", "bucket", "turns_on"],
        missing.with_only_columns(literal(number), known.c.patient, literal(0), literal(0), literal(0), literal("no_entries"), literal(NEVER))))
    return int(connection.scalar(select(func.count()).select_from(out).where(out.c.evaluation == number)))
