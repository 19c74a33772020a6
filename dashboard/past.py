"""Who stood where on a day gone by: worked out from what was known then, or is known now. Nothing of it is stored, nothing can be acted on."""
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd
from sqlalchemy import Connection, case, func, literal, select

from dashboard import cohort, triage, worklist
from dashboard.lineup import TIERS
from dashboard.rules import answers
from dashboard.rules.definition import Rule, RuleSet, reason
from dashboard.rules.evaluate import buckets
from dashboard.rules.folding import Reason, told
from dashboard.schema import evaluation, flag


@dataclass(frozen=True)
class Past:
    """`people`: patient, bucket, tier, day (of the last evidence, else of the last entry), unknown; in the order of the buckets, the newest
    first. `met`: a row for each rule that somebody met: patient, rule_bit, arm, at_least, rank, first_evidence, last_evidence."""
    as_of: int
    known_at: int | None
    rule_set: RuleSet
    failed_rules: tuple[str, ...]
    through: dict[str, int]
    people: pd.DataFrame
    met: pd.DataFrame

    @property
    def counts(self) -> dict[str, int]:
        """Everybody stood in one bucket."""
        return dict.fromkeys(worklist.BUCKETS, 0) | self.people["bucket"].value_counts().to_dict()

    def of(self, bucket: str | None) -> list[int]:
        """Numbers of those who stood in a bucket, or of all who met a criterion of a tier."""
        kept = self.people["bucket"] == bucket if bucket else self.people["tier"].notna()
        return self.people.loc[kept, "patient"].tolist()


def stood(connection: Connection, as_of: int, known_at: int | None = None) -> Past:
    """As of the end of a day, and as known at an event. Raises NotFound where no rules were in force."""
    rule_set, outcomes = answers.evaluated(connection, as_of, known_at)
    stands = buckets(connection, outcomes, rule_set.rules)
    s, o, episode = stands.c, outcomes.met.c, outcomes.episodes.c
    known = cohort.patients(known_at).subquery()
    standing = select(s.patient, s.bucket, s.tier, func.coalesce(s.last_evidence, s.last_day).label("day"), s.cannot_assess.label("unknown")).order_by(
        case({bucket: place for place, bucket in enumerate(worklist.BUCKETS)}, value=s.bucket), func.coalesce(s.last_evidence, s.last_day).desc(), s.patient)
    later = select(known.c.patient, literal("no_entries"), literal(None), literal(None), literal(0)).where(
        known.c.patient.not_in(select(s.patient))).order_by(known.c.patient)
    people = pd.DataFrame([tuple(row) for asked in (standing, later) for row in connection.execute(asked)],
                          columns=["patient", "bucket", "tier", "day", "unknown"])
    rank = case({tier: place for place, tier in enumerate(TIERS)}, value=o.tier)
    met = select(o.patient, o.rule_bit, o.arm, episode.at_least, rank.label("rank"), o.first_evidence, o.last_evidence).select_from(
        outcomes.met.outerjoin(outcomes.episodes, episode.patient == o.patient)).where(o.tier.in_(TIERS)).order_by(
        o.patient, rank, o.last_evidence.desc(), o.rule_bit)
    return Past(as_of, known_at, rule_set, outcomes.failed, cohort.data_through(connection, as_of, known_at), people,
                pd.DataFrame([tuple(row) for row in connection.execute(met)], columns=list(met.selected_columns.keys())))


def lines(connection: Connection, past: Past, patients: Collection[int]) -> pd.DataFrame:
    """One line for each of these patients, with the columns of the worklist. As known then, with the status and owner that the first
    reason had then; as known now, with nothing of what people did about it."""
    called = worklist.named(connection, worklist.stored(connection, patients))
    stands = past.people.set_index("patient").to_dict("index")
    by_bit = {rule.bit: rule for rule in past.rule_set.rules}
    met: dict[int, list] = {}
    for row in past.met[past.met["patient"].isin(patients)].itertuples():
        met.setdefault(row.patient, []).append(row)
    done = {} if past.known_at is None else _done(connection, patients, past.known_at)
    nothing = {"recency": "", "lacking": [], "status": "", "owner": None, "due_at": pd.NaT, "until_day": None, "overdue": False, "withdrawn": False,
               "flags": {}}
    made = []
    for number in patients:
        one, own = stands[number], met.get(number, [])
        status, owner = done.get((number, by_bit[own[0].rule_bit].rule_id), ("", None)) if own else ("", None)
        made.append({
            **nothing, "patient": number, **called[number], "status": status, "owner": owner, "tier": one["tier"] if own else None,
            "unknown": None if pd.isna(one["day"]) else int(one["unknown"]).bit_count(),
            "why": told([_why(by_bit[row.rule_bit], row) for row in own], by_bit.values()),
            "rules": [by_bit[row.rule_bit].rule_id for row in own],
            "first_evidence": own[0].first_evidence if own else None, "last_evidence": own[0].last_evidence if own else one["day"]}
            | ({"recency": worklist.recency(past.as_of - own[0].last_evidence)} if own else {}))
    return pd.DataFrame(made, columns=worklist.COLUMNS)


def _why(rule: Rule, row: NamedTuple) -> Reason:
    return Reason(rule.rule_id, reason(rule, row.arm, bool(row.at_least)), row.last_evidence)


def _done(connection: Connection, patients: Collection[int], known_at: int) -> dict[tuple[int, str], tuple[str, str | None]]:
    """Status and owner of the newest flag of each patient and rule, as the actions up to an event had left them."""
    f, opened = flag.c, evaluation.c
    there = connection.execute(select(f.flag, f.patient, f.rule_id).join(evaluation, opened.evaluation == f.opened_evaluation).where(
        f.patient.in_(select(worklist.stored(connection, patients))), opened.event <= int(known_at)).order_by(f.flag)).all()
    stood = dict.fromkeys((row.flag for row in there), ("open", None))
    told = triage.history(connection, list(stood)).set_index("action")
    for did in told[told["event"] <= known_at].itertuples():
        owner = did.assignee if did.kind == "assign" else stood[did.flag][1]
        if did.kind == "undo":
            owner = json.loads(told.at[int(did.undoes), "before"])["owner"]
        stood[did.flag] = (did.status_after, owner)
    return {(row.patient, row.rule_id): stood[row.flag] for row in there}
