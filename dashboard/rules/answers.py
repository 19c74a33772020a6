"""What the rules say as of any day and as known at any event: computed and shown, nothing stored."""
import pandas as pd
from sqlalchemy import Connection, func, select

from dashboard import cohort
from dashboard.days import date_of
from dashboard.rules import active
from dashboard.rules.definition import RuleSet, reason
from dashboard.rules.evaluate import Doubt, Outcomes, RuleFailed, buckets, evaluate, isolated
from dashboard.schema import patient, source

OUTCOMES = {True: "met", False: "not_met", None: "cannot_assess"}
BUCKETS = ("emergency", "same_day", "not_assessable", "routine", "no_criterion_met", "no_entries")


def _evaluated(connection: Connection, as_of: int, known_at: int | None) -> tuple[RuleSet, Outcomes]:
    rule_set = active.current(connection, known_at)

    def work(doubt: Doubt) -> Outcomes:
        try:
            return evaluate(connection, cohort.entries(connection, as_of, known_at), rule_set.rules, as_of, doubt=doubt)
        except RuleFailed:
            connection.rollback()
            raise
    return rule_set, isolated(work)


def found(connection: Connection, as_of: int, known_at: int | None = None, *, outcome: str = "met", tier: str | None = None) -> pd.DataFrame:
    """One row a patient and rule: source, patient_id, rule_id, rule_version, tier, outcome, first_evidence, last_evidence (dates), reason,
    assessed_recently. `tier` of a rule that is not met is the worst it can reach."""
    rule_set, outcomes = _evaluated(connection, as_of, known_at)
    o, episode = outcomes.table.c, outcomes.episodes.c
    wanted = select(
        source.c.name.label("source"), patient.c.patient_id, episode.at_least, o.rule_bit, o.met, o.tier, o.arm, o.first_evidence, o.last_evidence,
        o.assessed_recently).select_from(outcomes.table.outerjoin(outcomes.episodes, episode.patient == o.patient)).join(
        patient, patient.c.patient == o.patient).join(source, source.c.source == patient.c.source).order_by(
        source.c.name, patient.c.patient_id, o.rule_bit)
    if outcome != "all":
        wanted = wanted.where({"met": o.met.is_(True), "not_met": o.met.is_(False), "cannot_assess": o.met.is_(None)}[outcome])
    by_bit = {rule.bit: rule for rule in rule_set.rules}
    rows = []
    for row in connection.execute(wanted).mappings():
        rule, met = by_bit[row["rule_bit"]], row["met"]
        rows.append({
            "source": row["source"], "patient_id": row["patient_id"], "rule_id": rule.rule_id, "rule_version": rule.version,
            "tier": row["tier"] if met else rule.tier, "outcome": OUTCOMES[met],
            "first_evidence": _date(row["first_evidence"]) if met else None, "last_evidence": _date(row["last_evidence"]) if met else None,
            "reason": reason(rule, row["arm"], bool(row["at_least"])) if met else None, "assessed_recently": row["assessed_recently"]})
    names = ("source", "patient_id", "rule_id", "rule_version", "tier", "outcome", "first_evidence", "last_evidence", "reason", "assessed_recently")
    frame = pd.DataFrame(rows, columns=list(names), dtype=object)
    return frame if tier is None else frame[frame["tier"] == tier].reset_index(drop=True)


def _date(day: int | None) -> str | None:
    return None if day is None else date_of(day).isoformat()


def counts(connection: Connection, as_of: int, known_at: int | None = None) -> dict:
    """Patients by rule and outcome: {as_of, rule_set, patients, failed_rules, rules: {rule_id: {met, not_met, cannot_assess}}}."""
    rule_set, outcomes = _evaluated(connection, as_of, known_at)
    o = outcomes.table.c
    by_bit: dict[int, dict[str, int]] = {rule.bit: {"met": 0, "not_met": 0, "cannot_assess": 0} for rule in rule_set.rules}
    for bit, met, n in connection.execute(select(o.rule_bit, o.met, func.count()).group_by(o.rule_bit, o.met)):
        by_bit[bit][OUTCOMES[met]] = int(n)
    stood = buckets(connection, outcomes, rule_set.rules)
    patients = int(connection.scalar(select(func.count()).select_from(stood)))
    for rule in rule_set.rules:
        if rule.rule_id in outcomes.failed:  # nobody is clear of a rule that could not be evaluated
            by_bit[rule.bit] = {"met": 0, "not_met": 0, "cannot_assess": patients}
    return {"as_of": _date(as_of), "rule_set": rule_set.version, "patients": patients, "failed_rules": list(outcomes.failed),
            "rules": {rule.rule_id: by_bit[rule.bit] for rule in rule_set.rules}}


def standing(connection: Connection, as_of: int, known_at: int | None = None) -> dict[str, int]:
    """Patients by bucket, everybody of a live batch in exactly one."""
    rule_set, outcomes = _evaluated(connection, as_of, known_at)
    stood = buckets(connection, outcomes, rule_set.rules)
    counted = dict.fromkeys(BUCKETS, 0) | {
        bucket: int(n) for bucket, n in connection.execute(select(stood.c.bucket, func.count()).group_by(stood.c.bucket))}
    known = cohort.patients(known_at).subquery()
    counted["no_entries"] = int(connection.scalar(select(func.count()).select_from(known).where(known.c.patient.not_in(select(stood.c.patient)))))
    return {"patients": sum(counted.values()), **counted}
