"""What the rules say as of any day and as known at any event: computed and shown, nothing stored."""
from typing import NamedTuple

import pandas as pd
from sqlalchemy import Connection, case, func, select

from dashboard import cohort
from dashboard.codelists import CHOICES
from dashboard.database import has
from dashboard.days import date_of
from dashboard.rules import active
from dashboard.rules.definition import RuleSet, reason
from dashboard.rules.evaluate import Doubt, Outcomes, RuleFailed, buckets, evaluate, isolated
from dashboard.schema import patient, source

COLUMNS = ("source", "patient_id", "rule_id", "rule_version", "tier", "outcome", "first_evidence", "last_evidence", "reason", "assessed_recently")


def evaluated(connection: Connection, as_of: int, known_at: int | None = None, assess: bool = False) -> tuple[RuleSet, Outcomes]:
    """All rules that were in force, without those that fail; `assess` asks of each whether it could be assessed lately. Raises NotFound
    where no rules were in force."""
    rule_set = active.current(connection, known_at)

    def work(doubt: Doubt) -> Outcomes:
        try:
            return evaluate(connection, cohort.entries(connection, as_of, known_at), rule_set.rules, as_of, doubt=doubt,
                            assess=rule_set.rules if assess else None)
        except RuleFailed:
            connection.rollback()  # neither engine goes on after an error
            raise
    return rule_set, isolated(work)


class Found(NamedTuple):
    """`rows`: one a patient and rule: source, patient_id, rule_id, rule_version, tier, outcome, first_evidence, last_evidence (dates), reason,
    assessed_recently; `tier` of a rule that is not met is the worst it can reach. With `failed_rules`, which could not be evaluated, who
    meets them is not among the rows."""
    rows: pd.DataFrame
    failed_rules: tuple[str, ...]


def found(connection: Connection, as_of: int, known_at: int | None = None, *, outcome: str = "met", tier: str | None = None) -> Found:
    rule_set, outcomes = evaluated(connection, as_of, known_at, assess=True)
    m, s, episode = outcomes.met.c, outcomes.standing.c, outcomes.episodes.c
    people = connection.execute(select(s.patient, source.c.name, patient.c.patient_id, s.met, s.cannot_assess, s.assessed_recently).select_from(
        outcomes.standing).join(patient, patient.c.patient == s.patient).join(source, source.c.source == patient.c.source).order_by(
        source.c.name, patient.c.patient_id)).all()
    shown = {(row.patient, row.rule_bit): row for row in connection.execute(select(*m, episode.at_least).select_from(
        outcomes.met.outerjoin(outcomes.episodes, episode.patient == m.patient)))}
    rows = []
    for rule in rule_set.rules:
        bit, fell_out = 1 << rule.bit, rule.rule_id in outcomes.failed  # nobody is clear of a rule that could not be evaluated
        for number, name, patient_id, met, unknown, assessed in people:
            what = "met" if met & bit else "cannot_assess" if unknown & bit or fell_out else "not_met"
            if outcome in (what, "all"):
                row = shown.get((number, rule.bit))
                why = (row.tier, what, _date(row.first_evidence), _date(row.last_evidence), reason(rule, row.arm, bool(row.at_least))) if row else (
                    rule.tier, what, None, None, None)
                rows.append((name, patient_id, rule.rule_id, rule.version, *why, bool(assessed & bit)))
    frame = pd.DataFrame(rows, columns=list(COLUMNS), dtype=object).sort_values(["source", "patient_id"], kind="stable", ignore_index=True)
    return Found(frame if tier is None else frame[frame["tier"] == tier].reset_index(drop=True), outcomes.failed)


def _date(day: int | None) -> str | None:
    return None if day is None else date_of(day).isoformat()


def counts(connection: Connection, as_of: int, known_at: int | None = None) -> dict:
    """Patients by rule and outcome: {as_of, rule_set, patients, failed_rules, rules: {rule_id: {met, not_met, cannot_assess}}}."""
    rule_set, outcomes = evaluated(connection, as_of, known_at)
    s = outcomes.standing.c
    asked = [rule for rule in rule_set.rules if rule.rule_id not in outcomes.failed]
    row = connection.execute(select(func.count(), *[func.count(case((has(bits, 1 << rule.bit), 1))) for rule in asked for bits in (s.met, s.cannot_assess)]
                                    ).select_from(outcomes.standing)).one()
    patients, numbers = int(row[0]), [int(number) for number in row[1:]]
    by_bit = {rule.bit: {"met": met, "not_met": patients - met - unknown, "cannot_assess": unknown}
              for rule, met, unknown in zip(asked, numbers[::2], numbers[1::2], strict=True)}
    for rule in rule_set.rules:
        if rule.rule_id in outcomes.failed:  # nobody is clear of a rule that could not be evaluated
            by_bit[rule.bit] = {"met": 0, "not_met": 0, "cannot_assess": patients}
    return {"as_of": _date(as_of), "rule_set": rule_set.version, "patients": patients, "failed_rules": list(outcomes.failed),
            "rules": {rule.rule_id: by_bit[rule.bit] for rule in rule_set.rules}}


def standing(connection: Connection, as_of: int, known_at: int | None = None) -> dict:
    """Patients by bucket, everybody of a live batch in exactly one; and failed_rules, of which nobody is clear."""
    rule_set, outcomes = evaluated(connection, as_of, known_at)
    stood = buckets(connection, outcomes, rule_set.rules)
    counted = dict.fromkeys(CHOICES["bucket"], 0) | {
        bucket: int(n) for bucket, n in connection.execute(select(stood.c.bucket, func.count()).group_by(stood.c.bucket))}
    known = cohort.patients(known_at).subquery()
    counted["no_entries"] = int(connection.scalar(select(func.count()).select_from(known).where(known.c.patient.not_in(select(stood.c.patient)))))
    return {"patients": sum(counted.values()), **counted, "failed_rules": list(outcomes.failed)}
