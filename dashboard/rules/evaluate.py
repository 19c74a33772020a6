"""All rules over everybody's diaries: for each patient and rule met, not met, or cannot be assessed, with the days of evidence.

A few passes over the entries make TEMP tables: one record a patient, the few entries with a finding, the last days of each patient, the
current episodes. Then each rule is one statement over those. Whoever reads an outcome reads it on the same connection.
"""
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlalchemy import BigInteger, Boolean, Connection, Integer, Select, String, Table, and_, case, cast, false, func, literal, select, true, union_all
from sqlalchemy.exc import DBAPIError

from dashboard import database
from dashboard.database import bit_or
from dashboard.rules.definition import TIERS, Rule
from dashboard.rules.look import look
from dashboard.rules.outcome import entries_behind, outcome
from dashboard.rules.over_time import RuleNotMet

TOGETHER = 8  # rules in one statement where few patients are touched: fewer round trips
OUTCOME = {"patient": Integer, "rule_bit": Integer, "met": Boolean, "tier": String, "arm": Integer, "first_evidence": Integer,
           "last_evidence": Integer, "last_entry": BigInteger, "episode_onset": Integer, "assessed_recently": Boolean}
T = TypeVar("T")


@dataclass(frozen=True)
class Doubt:
    """Rules that raised, and rules of which one did."""
    failed: frozenset[str] = frozenset()
    suspected: frozenset[str] = frozenset()


class RuleFailed(Exception):
    """The database refused the statement of one of these rules, and the transaction with it. Its text holds no patient data."""

    def __init__(self, rule_ids: tuple[str, ...], kind: str) -> None:
        super().__init__(f"{kind} in rule {' or '.join(rule_ids)}")
        self.rule_ids = rule_ids


@dataclass(frozen=True)
class Outcomes:
    """`table`: one row a patient and rule (but for failed rules): patient, rule_bit, met, tier and arm of the worst met arm,
    first_evidence, last_evidence, last_entry (the newest of it), episode_onset (tiers R and I), assessed_recently (true where the last 14
    days of entries say met or not met; for rules about episodes, all entries). `episodes`: patient, episode (onset of the current one),
    at_least. `records`: one row a patient with an entry: patient, last_day and what was said in all."""
    table: Table
    failed: tuple[str, ...]
    episodes: Table
    records: Table


def isolated(work: Callable[[Doubt], T]) -> T:
    """Does work that evaluates in a transaction of its own, again and again, each time without the rules that raised. Neither engine
    goes on with a transaction after an error, so this is how one rule does not take the others down."""
    doubt = Doubt()
    while True:
        try:
            return work(doubt)
        except RuleFailed as error:
            alone = len(error.rule_ids) == 1
            doubt = replace(doubt, failed=doubt.failed | set(error.rule_ids)) if alone else replace(doubt, suspected=doubt.suspected | set(error.rule_ids))


def evaluate(connection: Connection, entries: Select, rules: tuple[Rule, ...], as_of: int, everybody: bool = True, doubt: Doubt = Doubt()) -> Outcomes:
    """Entries are live entries with the columns that the door gives them. `everybody` says that they are too many to copy first.
    Raises RuleFailed where the database refuses a rule's statement; see `isolated`."""
    looked = look(connection, entries, rules, as_of, OUTCOME, copy=not everybody)
    table = looked.seen.outcome
    statements, failed = {}, set(doubt.failed)
    for rule in rules:
        if rule.rule_id not in failed:
            try:
                statements[rule] = outcome(rule, looked)
            except Exception:
                failed.add(rule.rule_id)
    for batch in _batches(statements, doubt.suspected, 1 if everybody else TOGETHER):
        found = union_all(*[statements[rule] for rule in batch]) if len(batch) > 1 else statements[batch[0]]
        try:
            connection.execute(table.insert().from_select(list(OUTCOME), found))
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            raise RuleFailed(tuple(rule.rule_id for rule in batch), type(error.orig).__name__) from None
    _check(connection, table, looked.seen.records, len(rules) - len(failed))
    return Outcomes(table, tuple(rule.rule_id for rule in rules if rule.rule_id in failed), looked.episodes, looked.seen.records)


def _check(connection: Connection, table: Table, records: Table, rules: int) -> None:
    """Every patient has an answer to every rule, and it can be read back. An outcome table that cannot be read would look as if nobody
    met anything, so nothing may come of it."""
    patients = connection.scalar(select(func.count()).select_from(records))
    readable = connection.scalar(select(func.count()).select_from(table).where(table.c.rule_bit >= 0, table.c.patient >= 0))
    if readable != patients * rules:
        raise RuntimeError(f"the evaluation answered {readable} of {patients * rules} questions")


def _batches(rules: Iterable[Rule], suspected: frozenset[str], size: int) -> list[list[Rule]]:
    """Rules that ask what others came to come after all others."""
    batches = []
    rules = tuple(rules)
    for asks in (False, True):
        wave = [rule for rule in rules if any(isinstance(part, RuleNotMet) for part in rule.parts) == asks]
        batches += [[rule] for rule in wave if rule.rule_id in suspected]
        calm = [rule for rule in wave if rule.rule_id not in suspected]
        batches += [calm[n:n + size] for n in range(0, len(calm), size)]
    return batches


def buckets(connection: Connection, outcomes: Outcomes, rules: tuple[Rule, ...]) -> Table:
    """One row a patient with an entry: patient, met, cannot_assess and assessed_recently (bit sets over rules), tier (E, U, R or none),
    bucket, first_evidence and last_evidence of that tier, last_day. Nobody is clear of a rule that failed: who
    meets no worse one is not assessable."""
    o = outcomes.table.c
    bit = case({rule.bit: cast(literal(1 << rule.bit), BigInteger) for rule in rules}, value=o.rule_bit)
    queued = [tier for tier in TIERS if tier != "I"]
    days = [function(case((and_(o.met, o.tier == tier), day))).label(f"{name}_{tier}") for tier in queued
            for name, function, day in (("first", func.min, o.first_evidence), ("last", func.max, o.last_evidence))]
    stood = select(o.patient, *[func.coalesce(bit_or(case((which, bit))), 0, type_=BigInteger).label(name) for name, which in (
        ("met", o.met), ("cannot_assess", o.met.is_(None)), ("assessed_recently", o.assessed_recently))],
        *[func.coalesce(func.bool_or(and_(o.met, o.tier == tier)), false(), type_=Boolean).label(f"is_{tier}") for tier in queued], *days,
    ).group_by(o.patient).subquery()
    s = stood.c
    failed = sum(1 << rule.bit for rule in rules if rule.rule_id in outcomes.failed)
    fell_out = {rule.tier for rule in rules if rule.rule_id in outcomes.failed}
    required = sum(1 << rule.bit for rule in rules if rule.assess_required)
    r = outcomes.records.c
    assessed = func.coalesce(s.assessed_recently, 0, type_=BigInteger)
    tiers = [(s[f"is_{tier}"], tier) for tier in queued]
    unassessed = true() if fell_out & {"E", "U"} else database.band(assessed, required) != required
    clear = "not_assessable" if "R" in fell_out else "no_criterion_met"
    bucket = case((s.is_E, literal("emergency")), (s.is_U, literal("same_day")), (unassessed, literal("not_assessable")),
                  (s.is_R, literal("routine")), else_=literal(clear))
    return database.store(connection, "rule_bucket", select(
        r.patient, func.coalesce(s.met, 0, type_=BigInteger).label("met"),
        (func.coalesce(s.cannot_assess, 0, type_=BigInteger) + cast(literal(failed), BigInteger)).label("cannot_assess"),
        assessed.label("assessed_recently"), case(*[(which, literal(tier)) for which, tier in tiers]).label("tier"), bucket.label("bucket"),
        *[case(*[(which, s[f"{name}_{tier}"]) for which, tier in tiers]).label(f"{name}_evidence") for name in ("first", "last")],
        r.last_day).select_from(outcomes.records.outerjoin(stood, stood.c.patient == r.patient)))


def evidence(connection: Connection, entries: Select, rule: Rule, patient: int, as_of: int) -> Select:
    """The entries that met a rule for one patient, each with the arm: patient, entry, day, arm. Places named around a finding are part."""
    mine = entries.subquery()
    return entries_behind(rule, look(connection, select(mine).where(mine.c.patient == int(patient)), (rule,), as_of, OUTCOME, copy=True))
