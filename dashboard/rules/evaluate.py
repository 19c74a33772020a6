"""All rules over everybody's diaries: for each patient and rule met, not met, or cannot be assessed, with the days of evidence.

A few passes over the entries make TEMP tables: one record a patient, the few entries with a finding, the last days of each patient, the
current episodes. Then all rules are asked together over those. Whoever reads an outcome reads it on the same connection.
"""
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlalchemy import BigInteger, Connection, Select, Table, case, cast, func, literal, select, true
from sqlalchemy.exc import DBAPIError

from dashboard import cohort, database
from dashboard.rules.definition import TIERS, Rule
from dashboard.rules.look import look
from dashboard.rules.outcome import answered, entries_behind, questions
from dashboard.rules.over_time import AnyRuleMet, RuleNotMet
from dashboard.rules.turning import turns_on

FEW = 200_000  # entries that are copied first, whoever is asked about
SETS = ("met", "cannot_assess", "assessed_recently")
T = TypeVar("T")


@dataclass(frozen=True)
class Doubt:
    """Rules that raised; rules of which one did; rules of which one did when entries were read for all of them."""
    failed: frozenset[str] = frozenset()
    suspected: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()


class RuleFailed(Exception):
    """The database refused the statement of one of these rules, and the transaction with it. Its text holds no patient data."""

    def __init__(self, rules: tuple[Rule, ...], kind: str, doubt: str = "suspected") -> None:
        super().__init__(f"{kind} in rule {' or '.join(rule.rule_id for rule in rules)}")
        found = frozenset(rule.rule_id for rule in rules)
        self.raises = {"failed" if len(rules) == 1 else doubt: found}


@dataclass(frozen=True)
class Outcomes:
    """`met`: a row for each patient and rule met: patient, rule_bit, tier and arm of the worst met arm, first_evidence, last_evidence,
    last_entry (the newest of it), episode_onset (tiers R and I). `standing`: a row for each patient with an entry: patient, last_day,
    turns_on (the first day on which time alone can change this, see `turning`), and as bit sets over the rules met, cannot_assess (what is
    in neither was not met) and, of the rules that were asked for it, assessed_recently: the last 14 days of entries say met or not met (of
    rules about episodes, all entries). `episodes`: patient, episode (onset of the current one), at_least."""
    met: Table
    standing: Table
    failed: tuple[str, ...]
    episodes: Table


def isolated(work: Callable[[Doubt], T]) -> T:
    """Does work that evaluates in a transaction of its own, again and again, each time without the rules that raised. Neither engine
    goes on with a transaction after an error, so this is how one rule does not take the others down."""
    doubt = Doubt()
    while True:
        try:
            return work(doubt)
        except RuleFailed as error:
            doubt = replace(doubt, **{name: getattr(doubt, name) | rule_ids for name, rule_ids in error.raises.items()})


def evaluate(connection: Connection, entries: Select, rules: tuple[Rule, ...], as_of: int, everybody: bool = True, doubt: Doubt = Doubt(),
             assess: Iterable[Rule] | None = None) -> Outcomes:
    """Entries are live entries with the columns that the door gives them. `everybody` says that they are too many to copy first.
    `assess` are the rules of which it is asked whether they could be assessed lately; if not given, those that hang a bucket on it.
    Raises RuleFailed where a rule cannot be asked; see `isolated`."""
    assess = tuple(rule for rule in rules if rule.assess_required) if assess is None else tuple(assess)
    asked, copy = tuple(rule for rule in rules if rule.rule_id not in doubt.failed), not everybody or cohort.holds_at_most(connection, FEW)
    assess = tuple(rule for rule in assess if rule in asked)
    for rule in asked:
        if rule.rule_id in doubt.unread:  # each alone, so that the one that raises is known by its name
            with _blamed((rule,)):
                look(connection, entries, (rule,), as_of, copy)
    with _blamed(asked, "unread", known=doubt.unread):
        looked = look(connection, entries, rules, as_of, copy, assess, doubt.failed)
    seen = looked.seen
    standings = []
    for number, batch in enumerate(_batches(asked, doubt.suspected)):
        with _blamed(batch):
            standings.append(answered(connection, questions(f"rule_{number}", batch, looked, assess)))
    r, together = seen.records.c, seen.records
    for stood in standings:
        together = together.join(stood, stood.c.patient == r.patient)
    sets = [sum((stood.c[name] for stood in standings), cast(literal(0), BigInteger)).label(name) for name in SETS]
    turn = turns_on((part for rule in asked for part in rule.parts), seen).label("turns_on")
    together = together.outerjoin(seen.episodes, seen.episodes.c.patient == r.patient)
    if seen.gaps is not None:
        together = together.outerjoin(seen.gaps, seen.gaps.c.patient == r.patient)
    standing = database.store(connection, "rule_standing", select(r.patient, r.last_day, *sets, turn).select_from(together))
    _check(connection, seen.met, standing, seen.records)
    return Outcomes(seen.met, standing, tuple(rule.rule_id for rule in rules if rule.rule_id in doubt.failed), seen.episodes)


@contextmanager
def _blamed(rules: tuple[Rule, ...], doubt: str = "suspected", known: frozenset[str] = frozenset()) -> Iterator[None]:
    """What raises in here is one of these rules, unless each of them went well alone."""
    try:
        yield
    except Exception as error:
        if (isinstance(error, DBAPIError) and error.connection_invalidated) or known.issuperset(rule.rule_id for rule in rules):
            raise
        raise RuleFailed(rules, type(error.orig if isinstance(error, DBAPIError) else error).__name__, doubt) from None


def _check(connection: Connection, met: Table, standing: Table, records: Table) -> None:
    """Every patient has an answer, and what is met can be read back. A table that cannot be read would look as if nobody met anything,
    so nothing may come of it."""
    patients, answers, meeting, shown = (connection.scalar(count) for count in (
        select(func.count()).select_from(records), select(func.count()).where(standing.c.patient >= 0),
        select(func.count()).where(standing.c.met != 0), select(func.count(func.distinct(met.c.patient))).where(met.c.rule_bit >= 0)))
    if (patients, meeting) != (answers, shown):
        raise RuntimeError(f"the evaluation answered for {answers} of {patients} patients, and shows why for {shown} of {meeting}")


def _batches(rules: Iterable[Rule], suspected: frozenset[str]) -> list[tuple[Rule, ...]]:
    """Rules that ask what others came to come after those, and last the ones that ask whether any was met."""
    batches: list[tuple[Rule, ...]] = []
    rules = tuple(rules)
    for number in range(3):
        wave = [rule for rule in rules if _wave(rule) == number]
        batches += [(rule,) for rule in wave if rule.rule_id in suspected]
        if calm := tuple(rule for rule in wave if rule.rule_id not in suspected):
            batches.append(calm)
    return batches


def _wave(rule: Rule) -> int:
    return max((2 if isinstance(part, AnyRuleMet) else 1 if isinstance(part, RuleNotMet) else 0) for part in rule.parts)


def buckets(connection: Connection, outcomes: Outcomes, rules: tuple[Rule, ...]) -> Table:
    """One row a patient with an entry: patient, met, cannot_assess and assessed_recently (bit sets over rules), tier (E, U, R or none),
    bucket, first_evidence and last_evidence of that tier, last_day, turns_on. Nobody is clear of a rule that failed: who
    meets no worse one is not assessable."""
    m, queued = outcomes.met.c, [tier for tier in TIERS if tier != "I"]
    days = [function(case((m.tier == tier, day))).label(f"{name}_{tier}") for tier in queued
            for name, function, day in (("first", func.min, m.first_evidence), ("last", func.max, m.last_evidence))]
    worst = select(m.patient, *days).group_by(m.patient).subquery()
    w, s = worst.c, outcomes.standing.c
    failed = sum(1 << rule.bit for rule in rules if rule.rule_id in outcomes.failed)
    fell_out = {rule.tier for rule in rules if rule.rule_id in outcomes.failed}
    required = sum(1 << rule.bit for rule in rules if rule.assess_required)
    tiers = [(w[f"last_{tier}"].is_not(None), tier) for tier in queued]
    unassessed = true() if fell_out & {"E", "U"} else database.band(s.assessed_recently, required) != required
    clear = "not_assessable" if "R" in fell_out else "no_criterion_met"
    is_ = {tier: which for which, tier in tiers}
    bucket = case((is_["E"], literal("emergency")), (is_["U"], literal("same_day")), (unassessed, literal("not_assessable")),
                  (is_["R"], literal("routine")), else_=literal(clear))
    return database.store(connection, "rule_bucket", select(
        s.patient, s.met, (s.cannot_assess + cast(literal(failed), BigInteger)).label("cannot_assess"), s.assessed_recently,
        case(*[(which, literal(tier)) for which, tier in tiers]).label("tier"), bucket.label("bucket"),
        *[case(*[(which, w[f"{name}_{tier}"]) for which, tier in tiers]).label(f"{name}_evidence") for name in ("first", "last")],
        s.last_day, s.turns_on).select_from(outcomes.standing.outerjoin(worst, w.patient == s.patient)))


def evidence(connection: Connection, entries: Select, rule: Rule, patient: int, as_of: int) -> Select:
    """The entries that met a rule for one patient, each with the arm: patient, entry, day, arm. Places named around a finding are part."""
    mine = entries.subquery()
    return entries_behind(connection, rule, look(connection, select(mine).where(mine.c.patient == int(patient)), (rule,), as_of, copy=True))
