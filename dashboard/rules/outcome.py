"""One rule as one statement: for every patient what the rule comes to, and the days that show it."""
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import BigInteger, ColumnElement, FromClause, Integer, Select, case, cast, func, literal, null, or_, select, true, union_all

from dashboard.rules.compile import answer
from dashboard.rules.conditions import AnyOf, Condition, Named, Not, PatientHas
from dashboard.rules.definition import Rule
from dashboard.rules.history import EVIDENCE, FINDINGS, Seen, Shown, behind, by_entry, gathered, grouped, history, regardless, reporting
from dashboard.rules.look import Look


@lru_cache(maxsize=256)
def outcome(rule: Rule, look: Look) -> Select:
    """Patient, rule_bit, met, tier and arm (of the worst met arm), first_evidence, last_evidence, last_entry, episode_onset,
    assessed_recently."""
    records, lately = look.seen.records, look.lately.records
    keys = [tuple(_shown_by(arm.when)) for arm in rule.arms]
    shown, tables = _asked([*rule.parts, *[key for arm in keys for key in arm]], look.seen, records, records)
    columns = [arm.label(f"arm_{n}") for n, arm in enumerate(_answers(rule, records, shown))]
    number = {key: n for n, key in enumerate(dict.fromkeys(key for arm in keys for key in arm))}
    columns += [case((shown[key].met, getattr(shown[key], name))).label(f"{name}_{n}") for key, n in number.items() for name in EVIDENCE]
    last_shown, tables = _asked([part for part in rule.parts if not regardless(part)], look.lately, records,
                                tables.join(lately, lately.c.patient == records.c.patient))
    columns.append(_combined(rule, _answers(rule, lately, shown | last_shown)).is_not(None).label("assessed"))
    if any(arm.tier in "RI" for arm in rule.arms):
        tables = tables.outerjoin(look.episodes, look.episodes.c.patient == records.c.patient)
        columns.append(look.episodes.c.episode)
    i = select(records.c.patient, records.c.last_day, records.c.newest, *columns).select_from(tables).subquery().c

    arms = [i[f"arm_{n}"] for n in range(len(rule.arms))]
    first, last, newest = ([case((arm, i[f"{name}_{number[key]}"])) for arm, shows in zip(arms, keys, strict=True) for key in shows] for name in EVIDENCE)

    def of_arm(*values: object) -> ColumnElement:
        return case(*zip(arms, values, strict=True))

    return select(
        i.patient, literal(rule.bit).label("rule_bit"), _combined(rule, arms).label("met"), of_arm(*[literal(arm.tier) for arm in rule.arms]).label("tier"),
        of_arm(*[literal(n) for n in range(len(arms))]).label("arm"),
        _extreme(func.least, first, of_arm(*[i.last_day] * len(arms)), Integer).label("first_evidence"),
        _extreme(func.greatest, last, of_arm(*[i.last_day] * len(arms)), Integer).label("last_evidence"),
        _extreme(func.greatest, newest, of_arm(*[i.newest] * len(arms)), BigInteger).label("last_entry"),
        of_arm(*[i.episode if arm.tier in "RI" else cast(null(), Integer) for arm in rule.arms]).label("episode_onset"),
        i.assessed.label("assessed_recently"))


def entries_behind(rule: Rule, look: Look) -> Select:
    """Patient, entry, day, arm: the entries that each met arm rests on."""
    records = look.seen.records
    shown, tables = _asked(rule.parts, look.seen, records, records)
    found = []
    for n, (arm, met) in enumerate(zip(rule.arms, _answers(rule, records, shown), strict=True)):
        whose = select(records.c.patient).select_from(tables).where(met)
        for statement in [_rows(key, look.seen) for key in _shown_by(arm.when)] or [_last_day(look.seen)]:
            rows = statement.subquery().c
            found.append(select(rows.patient, rows.entry, rows.day, literal(n).label("arm")).where(rows.patient.in_(whose)))
    rows = union_all(*found).subquery()
    return select(rows).distinct().order_by(rows.c.arm, rows.c.day, rows.c.entry)


def _asked(conditions: Iterable[Condition], seen: Seen, records: FromClause, tables: FromClause) -> tuple[dict[Condition, Shown], FromClause]:
    """What conditions about several entries come to, and the tables joined with those that say so: one for all that read the same rows."""
    sharing: dict[FromClause, dict[Condition, Shown]] = {}
    shown: dict[Condition, Shown] = {}
    for condition in dict.fromkeys(conditions):
        if together := _gathered(condition, seen):
            sharing.setdefault(together[0], {})[condition] = together[1]
        elif (statement := history(condition, seen)) is not None:
            alone = statement.subquery()
            shown[condition] = Shown(*[alone.c[name] for name in Shown._fields])
            tables = tables.outerjoin(alone, alone.c.patient == records.c.patient)
    for rows, wanted in sharing.items():
        found = grouped(rows, list(wanted.values())).subquery()
        tables = tables.outerjoin(found, found.c.patient == records.c.patient)
        shown |= {condition: Shown(*[found.c[f"{name}_{n}"] for name in Shown._fields]) for n, condition in enumerate(wanted)}
    return shown, tables


def _gathered(condition: Condition, seen: Seen) -> tuple[FromClause, Shown] | None:
    if isinstance(condition, _Told):
        entries = seen.findings if condition.in_findings else seen.everything
        return entries, by_entry(entries, reporting(condition, entries, condition.kinds))
    return gathered(condition, seen)


def _answers(rule: Rule, record: FromClause, shown: dict[Condition, Shown]) -> list[ColumnElement[bool]]:
    return [answer(arm.when, record, shown) for arm in rule.arms]


def _combined(rule: Rule, answers: list[ColumnElement[bool]]) -> ColumnElement[bool]:
    """Met where any arm is; else whatever the arms come to that may say no."""
    deciding = [found for arm, found in zip(rule.arms, answers, strict=True) if not arm.raises_only]
    return or_(*deciding) if len(deciding) == len(answers) else case((or_(*answers), true()), else_=or_(*deciding))


def _last_day(seen: Seen) -> Select:
    e, r = seen.everything.c, seen.records.c
    return select(e.patient, e.entry, e.day).join(seen.records, r.patient == e.patient).where(e.day == r.last_day)


def _extreme(function: Callable, values: list[ColumnElement], otherwise: ColumnElement, kind: type) -> ColumnElement:
    """A rule may be met by what is absent, or by age: then the last entry stands for it."""
    return func.coalesce(*([function(*values, type_=kind)] if len(values) > 1 else values), otherwise, type_=kind)


# --- evidence ---------------------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class _Told(AnyOf):
    """Parts that single entries say, as evidence: findings, and only where there are none, places and history."""

    @property
    def in_findings(self) -> bool:
        return isinstance(self.parts[0], FINDINGS)

    @property
    def kinds(self) -> tuple[type[Condition], ...]:
        return FINDINGS if self.in_findings else (Named, PatientHas)


def _shown_by(condition: Condition) -> Iterator[Condition]:
    """What evidence is looked for: parts that have entries behind them, and what single entries say."""
    visible = list(_visible(condition))
    over_time = [part for part in visible if _has_rows(part)]
    told = [part for part in visible if isinstance(part, FINDINGS)]
    if not over_time and not told:
        told = [part for part in visible if isinstance(part, (Named, PatientHas))]
    yield from over_time
    if told:
        yield _Told(tuple(told))


def _visible(condition: Condition) -> Iterator[Condition]:
    if not isinstance(condition, Not):
        yield condition
        for part in () if _has_rows(condition) else condition.below():
            yield from _visible(part)


def _has_rows(condition: Condition) -> bool:
    return type(condition) in behind.registry


def _rows(shown: Condition, seen: Seen) -> Select:
    if not isinstance(shown, _Told):
        return behind(shown, seen)
    e = seen.findings if shown.in_findings else seen.everything
    return select(e.c.patient, e.c.entry, e.c.day).where(reporting(shown, e, shown.kinds))
