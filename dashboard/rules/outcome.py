"""Rules together, in few statements: for every patient what each comes to, and where it is met, the days that show it."""
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Insert,
    Integer,
    Select,
    Table,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)

from dashboard.database import bit_or
from dashboard.rules.compile import Asked, answer
from dashboard.rules.conditions import AnyOf, AtLeast, Condition, Not
from dashboard.rules.course import behind, gathered, history, totalled
from dashboard.rules.definition import Arm, Rule
from dashboard.rules.history import EVIDENCE, FINDINGS, WORDS, Shown, among, by_entry, by_span, grouped, regardless, reporting, shown_around, totals, windows
from dashboard.rules.look import Look
from dashboard.rules.over_time import AnyRuleMet, WithinDays
from dashboard.rules.seen import Inline, Script, Seen

Known = Mapping[Condition, Shown]


@dataclass(frozen=True)
class Questions:
    """What is asked of some rules: whether their arms hold (`script`), and where one does, since when (`shown`), rule by rule (`met`)."""
    script: Script
    standing: Table
    shown: Script
    met: Mapping[int, Insert]


def answered(connection: Connection, questions: Questions) -> Table:
    """Asks rules of everybody. What is met is added to `Seen.met`. Returns a row a patient: what is met, what cannot be assessed, and of
    the rules of which that was asked which could be in the last days, as bit sets over the rules."""
    questions.script.run(connection)
    met = int(connection.scalar(select(func.coalesce(bit_or(questions.standing.c.met), 0))))
    if met:
        questions.shown.run(connection)
    for bit, insert in questions.met.items():
        if met >> bit & 1:
            connection.execute(insert)
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
    if seen.entries.raw:
        every = shown | _evidence(told, name, rules, arms, seen)
        known = dict.fromkeys(rules, every)
    else:  # few entries are read again in less time than it takes to plan what no rule that is met asks for
        known = {rule: shown | _evidence(Inline(), name, (rule,), arms, seen) for rule in rules}
    names = [c.name for c in seen.met.c]
    return Questions(script, standing, told, {rule.bit: seen.met.insert().from_select(names, _met(rule, arms, seen, known[rule])) for rule in rules})


def _evidence(script: Script, name: str, rules: tuple[Rule, ...], arms: Table, seen: Seen) -> dict[Condition, Shown]:
    keys = tuple(dict.fromkeys(key for rule in rules for arm in rule.arms for key in _shown_by(arm)))
    told = _asked(script, f"{name}_told", [key for key in keys if isinstance(key, _Told)], seen, _told_to(rules, arms, seen))
    return told | _shown_around(script, name, rules, [key for key in keys if isinstance(key, WithinDays)], arms, seen)


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


def _asked(script: Script, name: str, conditions: Iterable[Condition], seen: Seen, told_to: FromClause | None = None) -> dict[Condition, Shown]:
    """What conditions about several entries come to, as columns of TEMP tables with a row a patient: one for all that read the same rows."""
    sharing: dict[FromClause, dict[Condition, Shown]] = {}
    totalling: dict[FromClause, dict[Condition, Shown]] = {}
    alone: dict[Condition, Select] = {}
    of_entries = (seen.findings, seen.of_known, told_to)  # of what is asked of single ones, nothing but what is true counts
    for condition in dict.fromkeys(conditions):
        if together := _told(condition, seen, told_to) if isinstance(condition, _Told) else gathered(condition, seen):
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


def _shown_around(script: Script, name: str, rules: tuple[Rule, ...], keys: list[WithinDays], stored: Table, seen: Seen) -> dict[Condition, Shown]:
    shown: dict[Condition, Shown] = {}
    for (before, after), alike in by_span(keys).items():
        arms = [stored.c[_name(rule, n)] for rule in rules for n, arm in enumerate(rule.arms) if set(alike) & set(_shown_by(arm))]
        rows, wanted = shown_around(alike, seen, select(stored.c.patient).where(or_(*arms)).subquery())
        table = script.store(f"{name}_shown_around_{before}_{after}", grouped(rows, list(wanted.values()))).c
        shown |= {condition: Shown(*[table[f"{part}_{n}"] for part in Shown._fields]) for n, condition in enumerate(wanted)}
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
    return select(said.c.patient, *columns).select_from(_beside(said, known))


def _name(rule: Rule, arm: int) -> str:
    return f"arm_{rule.bit}_{arm}"


def _combined(rule: Rule, arms: Mapping[str, ColumnElement]) -> ColumnElement[bool]:
    """Met where any arm is; else whatever the arms come to that may say no."""
    answers = [arms[_name(rule, n)] for n in range(len(rule.arms))]
    deciding = [found for arm, found in zip(rule.arms, answers, strict=True) if not arm.raises_only]
    return or_(*deciding) if len(deciding) == len(answers) else case((or_(*answers), true()), else_=or_(*deciding))


def _bits(which: Iterable[tuple[Rule, ColumnElement[bool]]]) -> ColumnElement[int]:
    return sum((case((true_, cast(literal(1 << rule.bit), BigInteger)), else_=0) for rule, true_ in which), cast(literal(0), BigInteger))


def _met(rule: Rule, stored: Table, seen: Seen, shown: Known) -> Select:
    """Of whom a rule is met: tier and arm (of the worst met arm), first_evidence, last_evidence, last_entry, episode_onset."""
    a, r = stored.c, seen.records.c
    keys = [tuple(_shown_by(arm)) for arm in rule.arms]
    arms = [a[_name(rule, n)] for n in range(len(rule.arms))]
    # a rule may be met by what is absent, or by age: then the last entry stands for it
    first, last, newest = ([case((arm, case((shown[key].met, getattr(shown[key], name))))) for arm, own in zip(arms, keys, strict=True) for key in own]
                           for name in EVIDENCE)
    tables = _beside(stored, [shown[key] for own in keys for key in own]).join(seen.records, r.patient == a.patient)
    onsets = [cast(null(), Integer)] * len(arms)
    if any(arm.tier in "RI" for arm in rule.arms):
        tables = tables.outerjoin(seen.episodes, seen.episodes.c.patient == a.patient)
        onsets = [seen.episodes.c.episode if arm.tier in "RI" else cast(null(), Integer) for arm in rule.arms]

    def of_arm(values: Iterable[object]) -> ColumnElement:
        return case(*zip(arms, values, strict=True))

    return select(
        a.patient, literal(rule.bit).label("rule_bit"), of_arm(literal(arm.tier) for arm in rule.arms).label("tier"),
        of_arm(literal(n) for n in range(len(arms))).label("arm"), _extreme(func.least, first, r.last_day, Integer).label("first_evidence"),
        _extreme(func.greatest, last, r.last_day, Integer).label("last_evidence"), _extreme(func.greatest, newest, r.newest, BigInteger).label("last_entry"),
        of_arm(onsets).label("episode_onset")).select_from(tables).where(or_(*arms))


def _extreme(function: Callable, values: list[ColumnElement], otherwise: ColumnElement, kind: type) -> ColumnElement:
    return func.coalesce(*([function(*values, type_=kind)] if len(values) > 1 else values), otherwise, type_=kind)


# --- evidence ---------------------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class _Told(AnyOf):
    """Parts that single entries say, as evidence: findings, and only where there are none, places, words and history. `of_few`: of what
    is asked only of patients with something in their history, the findings know nothing."""
    of_few: bool = False

    @property
    def kinds(self) -> tuple[type[Condition], ...]:
        return FINDINGS if isinstance(self.parts[0], FINDINGS) else WORDS

    @property
    def in_findings(self) -> bool:
        return self.kinds == FINDINGS and not self.of_few


def _told(key: _Told, seen: Seen, told_to: FromClause) -> tuple[FromClause, Shown]:
    rows = seen.findings if key.in_findings else told_to
    return rows, by_entry(rows, reporting(AnyOf(key.parts), rows, key.kinds))


def _told_to(rules: tuple[Rule, ...], stored: Table, seen: Seen) -> FromClause:
    """The entries of the patients of whom something is met that the findings do not show."""
    arms = [stored.c[_name(rule, n)] for rule in rules for n, arm in enumerate(rule.arms)
            if any(isinstance(key, _Told) and not key.in_findings for key in _shown_by(arm))]
    return seen.entries.joined(stored, stored.c.patient == seen.entries.rows.c.patient if not arms else
                               (stored.c.patient == seen.entries.rows.c.patient) & or_(*arms))


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
    rows = seen.findings if shown.in_findings else seen.entries.everything()
    return select(rows.c.patient, rows.c.entry, rows.c.day).where(reporting(AnyOf(shown.parts), rows, shown.kinds))


def _last_day(seen: Seen) -> Select:
    e, r = seen.entries.everything().c, seen.records.c
    return select(e.patient, e.entry, e.day).join(seen.records, r.patient == e.patient).where(e.day == r.last_day)
