"""Rules together, in few statements: for every patient what each comes to, and where it is met, the days that show it."""
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    String,
    Table,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import array

from dashboard.database import added, unnested
from dashboard.rules.compile import Asked, answer
from dashboard.rules.conditions import AnyOf, AtLeast, Condition, Not
from dashboard.rules.course import behind, gathered, history, totalled
from dashboard.rules.definition import Arm, Rule
from dashboard.rules.history import EVIDENCE, Shown, grouped, regardless, showing, shown_around, totals, windows
from dashboard.rules.look import Look
from dashboard.rules.marks import FINDINGS, WORDS, Marked, among, marked, surely
from dashboard.rules.over_time import AnyRuleMet, SameEntry, SameEntryOfPatientWith, WithinDays
from dashboard.rules.seen import Script, Seen

Known = Mapping[Condition, Shown]


@dataclass(frozen=True)
class Questions:
    """What is asked of some rules: whether their arms hold (`script`), and, where any does, since when (`met`)."""
    script: Script
    standing: Table
    met: Script


def answered(connection: Connection, questions: Questions) -> Table:
    """Asks rules of everybody. What is met is added to `Seen.met`. Returns a row a patient: what is met, what cannot be assessed, and of
    the rules of which that was asked which could be in the last days, as bit sets over the rules."""
    questions.script.run(connection)
    if connection.scalar(select(func.max(questions.standing.c.met))):
        questions.met.run(connection)
    return questions.standing


@lru_cache(maxsize=256)
def questions(name: str, rules: tuple[Rule, ...], look: Look, assess: tuple[Rule, ...]) -> Questions:
    """In TEMP tables with this name."""
    script, told = Script(), Script()
    parts = [part for rule in rules for part in rule.parts]
    seen = replace(look.seen, windows=windows(script, name, [part for part in parts if isinstance(part, WithinDays)], look.seen))
    shown = _asked(script, name, parts, seen)
    arms = script.store(f"{name}_arms", _arms(rules, seen.records, shown))
    asked = tuple(rule for rule in rules if rule in assess)
    a, together = arms.c, arms
    if asked:
        parts = [part for rule in asked for part in rule.parts if not regardless(part)]
        lately = replace(look.lately, windows=windows(script, f"{name}_lately", [part for part in parts if isinstance(part, WithinDays)], look.lately))
        recently = script.store(f"{name}_lately_arms", _arms(asked, lately.records, shown | _asked(script, f"{name}_lately", parts, lately)))
        together = arms.join(recently, recently.c.patient == a.patient)
    standing = script.store(f"{name}_standing", select(
        a.patient, _bits((rule, _combined(rule, a)) for rule in rules).label("met"),
        _bits((rule, _combined(rule, a).is_(None)) for rule in rules).label("cannot_assess"),
        _bits((rule, _combined(rule, recently.c).is_not(None)) for rule in asked).label("assessed_recently")).select_from(together))
    _met(told, name, rules, arms, seen, shown)
    return Questions(script, standing, told)


def entries_behind(connection: Connection, rule: Rule, look: Look) -> Select:
    """Patient, entry, day, arm: the entries that each met arm rests on."""
    script = Script()
    seen = replace(look.seen, windows=windows(script, "evidence", [part for part in rule.parts if isinstance(part, WithinDays)], look.seen))
    shown = _asked(script, "evidence", rule.parts, seen)
    # what other rules came to is not known here: who asks for the evidence knows that the rule is met
    shown |= {part: Shown(true(), null(), null(), null()) for part in rule.parts if isinstance(part, AnyRuleMet)}
    arms = script.store("evidence_arms", _arms((rule,), seen.records, shown))
    script.run(connection)
    found = []
    for n, arm in enumerate(rule.arms):
        whose = select(arms.c.patient).where(arms.c[_name(rule, n)])
        for statement in [_rows(key, seen) for key in _shown_by(arm)] or [_last_day(seen)]:
            rows = statement.subquery().c
            found.append(select(rows.patient, rows.entry, rows.day, literal(n).label("arm")).where(rows.patient.in_(whose)))
    rows = union_all(*found).subquery()
    return select(rows).distinct().order_by(rows.c.arm, rows.c.day, rows.c.entry)


def _asked(script: Script, name: str, conditions: Iterable[Condition], seen: Seen) -> dict[Condition, Shown]:
    """What conditions about several entries come to, as columns of TEMP tables with a row a patient: one for all that read the same rows."""
    sharing: dict[FromClause, dict[Condition, Shown]] = {}
    totalling: dict[FromClause, dict[Condition, Shown]] = {}
    alone: dict[Condition, Select] = {}
    of_entries = [entries.rows for entries in (seen.findings, seen.of_known) if entries]  # of single ones nothing but what is true counts
    for condition in dict.fromkeys(conditions):
        if together := gathered(condition, seen):
            sharing.setdefault(together[0], {})[condition] = together[1]
        if together := totalled(condition, seen):
            totalling.setdefault(together[0], {})[condition] = together[1]
        if (statement := history(condition, seen)) is not None:
            alone[condition] = statement
    shown: dict[Condition, Shown] = {}
    statements = [(wanted, grouped(rows, list(wanted.values()), rows in of_entries)) for rows, wanted in sharing.items()]
    statements += [(wanted, totals(rows, list(wanted.values()))) for rows, wanted in totalling.items()]
    for number, (wanted, statement) in enumerate(statements):
        table = script.store(f"{name}_shown_{number}", statement).c
        shown |= {condition: Shown(*[table.get(f"{part}_{n}") for part in Shown._fields]) for n, condition in enumerate(wanted)}
    for number, (condition, statement) in enumerate(alone.items()):
        table = script.store(f"{name}_history_{number}", statement).c
        own = Shown(*[table[part] for part in Shown._fields])
        shown[condition] = own._replace(**{part: getattr(shown[condition], part) for part in EVIDENCE}) if condition in shown else own
    return shown


def _beside(records: FromClause, shown: Iterable[Shown]) -> FromClause:
    """Records joined with the tables that say what conditions came to."""
    tables = records
    for stored in dict.fromkeys(column.table for one in shown for column in one if getattr(column, "table", None) is not None):
        tables = tables.outerjoin(stored, stored.c.patient == records.c.patient)
    return tables


def _arms(rules: Iterable[Rule], records: Table, shown: Known) -> Select:
    """Whether each arm of each rule holds of each patient."""
    asked = Asked(records)
    columns = [answer(arm.when, asked, shown).label(_name(rule, n)) for rule in rules for n, arm in enumerate(rule.arms)]
    said, known = asked.answers(), [shown[part] for part in dict.fromkeys(part for rule in rules for part in rule.parts) if part in shown]
    # the many answers are joined last: each join before them would hand them all on
    return select(said.c.patient, *columns).select_from(_beside(records, known).join(said, said.c.patient == records.c.patient))


def _name(rule: Rule, arm: int) -> str:
    return f"arm_{rule.bit}_{arm}"


def _combined(rule: Rule, arms: Mapping[str, ColumnElement]) -> ColumnElement[bool]:
    """Met where any arm is; else whatever the arms come to that may say no."""
    answers = [arms[_name(rule, n)] for n in range(len(rule.arms))]
    deciding = [found for arm, found in zip(rule.arms, answers, strict=True) if not arm.raises_only]
    return or_(*deciding) if len(deciding) == len(answers) else case((or_(*answers), true()), else_=or_(*deciding))


def _bits(which: Iterable[tuple[Rule, ColumnElement[bool]]]) -> ColumnElement[int]:
    return added([case((true_, literal(1 << rule.bit, BigInteger)), else_=0) for rule, true_ in which])


# --- evidence ---------------------------------------------------------------------------------------------------------------------

def _met(script: Script, name: str, rules: tuple[Rule, ...], arms: Table, seen: Seen, shown: Known) -> None:
    """Of whom a rule is met: tier and arm (of the worst met arm), first_evidence, last_evidence, last_entry, episode_onset. Arms are numbered
    through, so that few statements serve all of them: what differs between arms is rows, and no text."""
    of = [(rule, n, arm) for rule in rules for n, arm in enumerate(rule.arms)]
    columns = array([arms.c[_name(rule, n)] for rule, n, _ in of])
    every = select(arms.c.patient, unnested("holds", columns, Boolean), unnested("number", range(len(of)))).subquery().c
    told = select(unnested("number", range(len(of))), unnested("rule_bit", [rule.bit for rule, _, _ in of]), unnested("arm", [n for _, n, _ in of]),
                  unnested("tier", [arm.tier for *_, arm in of], String)).subquery().c
    holds = script.store(f"{name}_holds", select(every.patient, every.number, told.rule_bit).join(
        told.tier.table, told.number == every.number).where(every.holds))
    h, r, p = holds.c, seen.records.c, seen.episodes.c
    keys = [(number, key) for number, (*_, arm) in enumerate(of) for key in _shown_by(arm)]
    e = union_all(*_evidence(script, name, keys, holds, seen, shown)).subquery().c
    days = select(e.patient, e.rule_bit, func.min(e.first_day).label("first_day"), func.max(e.last_day).label("last_day"),
                  func.max(e.newest).label("newest")).group_by(e.patient, e.rule_bit).subquery().c
    worst = select(h.patient, h.rule_bit, func.min(h.number).label("number")).group_by(h.patient, h.rule_bit).subquery().c
    both = and_(days.patient == worst.patient, days.rule_bit == worst.rule_bit)
    # a rule may be met by what is absent, or by age: then the last entry stands for it
    script.add(seen.met, select(
        worst.patient, worst.rule_bit, told.tier, told.arm, func.coalesce(days.first_day, r.last_day), func.coalesce(days.last_day, r.last_day),
        func.coalesce(days.newest, r.newest), case((told.tier.in_(("R", "I")), p.episode))).join(
        told.tier.table, told.number == worst.number).join(seen.records, r.patient == worst.patient).outerjoin(
        days.patient.table, both).outerjoin(seen.episodes, p.patient == worst.patient))


def _evidence(script: Script, name: str, keys: list[tuple[int, Condition]], holds: Table, seen: Seen, shown: Known) -> Iterator[Select]:
    """What shows that arms hold: patient, rule_bit, first_day, last_day, newest. `keys`: of each arm, by its number."""
    h = holds.c
    yield showing(holds, *[cast(null(), kind) for kind in (Integer, Integer, BigInteger)]).where(false())  # there may be no key at all
    around = [(number, key) for number, key in keys if isinstance(key, WithinDays)]
    if around:
        yield shown_around(script, name, around, seen, holds)
    few = {key for _, key in keys if isinstance(key, _Told) and not key.in_findings}
    marks: dict[Marked, list[tuple[int, tuple[Condition, ...]]]] = {}
    if few:
        theirs = select(h.patient).where(h.number.in_([number for number, key in keys if key in few])).distinct().subquery()
        those = seen.entries.joined(theirs, theirs.c.patient == seen.entries.rows.c.patient)
        said = tuple(dict.fromkeys(part for _, key in keys if key in few for part in key.parts))
        words = Marked(script.store(f"{name}_words", marked(those, said).where(or_(*[surely(part, those) for part in said]))), said)
    for number, key in keys:
        if isinstance(key, _Told):
            marks.setdefault(seen.findings if key.in_findings else words, []).append((number, key.parts))
        elif isinstance(key, SameEntry):
            marks.setdefault(seen.findings, []).append((number, (key,)))
        elif isinstance(key, SameEntryOfPatientWith):
            marks.setdefault(seen.of_known, []).append((number, (key,)))
        elif not isinstance(key, WithinDays):
            met, *days = shown[key]
            yield showing(holds, *days).select_from(_beside(holds, [shown[key]])).where(h.number == number, met)
    for entries, wanted in marks.items():
        w = select(unnested("number", [number for number, _ in wanted]), *entries.wanted([of for _, of in wanted])).subquery()
        e = entries.rows.c
        yield showing(holds, e.day, e.day, e.entry).join(w, w.c.number == h.number).join(entries.rows, and_(e.patient == h.patient, entries.says_any(w)))


@dataclass(frozen=True)
class _Told(AnyOf):
    """Parts that single entries say, as evidence: findings, and only where there are none, places, words and history. `of_few`: of what
    is asked only of patients with something in their history, the findings know nothing."""
    of_few: bool = False

    @property
    def in_findings(self) -> bool:
        return isinstance(self.parts[0], FINDINGS) and not self.of_few


def _shown_by(arm: Arm) -> Iterator[Condition]:
    """What evidence is looked for: parts that have entries behind them, and what single entries say. That much is not sought for what
    queues nobody: many say such things on many days."""
    visible = list(_visible(arm.when))
    over_time = [part for part in visible if _has_rows(part)]
    told = [part for part in visible if isinstance(part, FINDINGS)]
    if not over_time and not told:
        told = [part for part in visible if isinstance(part, WORDS)]
    yield from over_time
    if told and arm.tier != "I":
        yield _Told(tuple(told), bool(among(arm.when)))


def _visible(condition: Condition) -> Iterator[Condition]:
    if not isinstance(condition, Not):
        yield condition
        for part in () if _has_rows(condition) or isinstance(condition, AtLeast) else condition.below():
            yield from _visible(part)


def _has_rows(condition: Condition) -> bool:
    return behind.dispatch(type(condition)) is not behind.dispatch(object)


def _rows(shown: Condition, seen: Seen) -> Select:
    if not isinstance(shown, _Told):
        return behind(shown, seen)
    rows = seen.findings.rows if shown.in_findings else seen.entries.everything()
    return select(rows.c.patient, rows.c.entry, rows.c.day).where(seen.findings.says(shown.parts) if shown.in_findings else surely(shown, rows))


def _last_day(seen: Seen) -> Select:
    e, r = seen.entries.everything().c, seen.records.c
    return select(e.patient, e.entry, e.day).join(seen.records, r.patient == e.patient).where(e.day == r.last_day)
