"""Conditions about several entries: whether they are met, first and last day of evidence, newest entry of it; by patient.

They read TEMP tables that an evaluation made (`Seen`), because each is read by several rules. Evidence is what was found: a symptom, a
temperature, a severity. A place named on a neighbouring day is part of the story, but no new report of a red flag.
"""
from collections.abc import Sequence
from functools import singledispatch
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    FromClause,
    Integer,
    Select,
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

from dashboard.database import bit_or, unnested
from dashboard.rules import over_time as over
from dashboard.rules.compile import answer
from dashboard.rules.conditions import AllOf, Condition
from dashboard.rules.marks import Marked, telling, told_by
from dashboard.rules.over_time import NoRelief, SameEntry, SameEntryOfPatientWith, SeverityOnDays, WithinDays
from dashboard.rules.record import columns_read, recorded
from dashboard.rules.seen import RECENT, Script, Seen

CLOSE = 1e-6  # means are compared with this much slack: in which order an engine adds must not decide who is called
NO = false()
EVIDENCE = ("first_day", "last_day", "newest")


class Shown(NamedTuple):
    """What a condition comes to, and the evidence of it, as columns; None where that is asked later or there is none."""
    met: ColumnElement[bool] | None = None
    first_day: ColumnElement[int] | None = None
    last_day: ColumnElement[int] | None = None
    newest: ColumnElement[int] | None = None


def by_entry(entries: FromClause, which: ColumnElement[bool]) -> Shown:
    """Evidence is the entries of which it is true."""
    return Shown(which, entries.c.day, entries.c.day, entries.c.entry)


def grouped(rows: FromClause, wanted: Sequence[Shown], only: bool = False) -> Select:
    """By patient what rows say of several conditions, in one pass: `met_0`, `first_day_0`, … `only`: nothing but what is true counts."""
    said = [part.label(f"{name}_{n}") for n, one in enumerate(wanted) for name, part in one._asdict().items() if part is not None]
    t = select(rows.c.patient, *said).where(*[or_(*[one.met for one in wanted])] if only else []).subquery().c
    added = []
    for n in range(len(wanted)):
        added.append(func.bool_or(t[f"met_{n}"], type_=Boolean).label(f"met_{n}"))
        added += [function(case((t[f"met_{n}"], t[f"{name}_{n}"]))).label(f"{name}_{n}")
                    for name, function in zip(EVIDENCE, (func.min, func.max, func.max), strict=True) if f"{name}_{n}" in t]
    return select(t.patient, *added).group_by(t.patient)


def totals(rows: FromClause, wanted: Sequence[Shown]) -> Select:
    """The same where the conditions say themselves what rows of a patient add up to."""
    return select(rows.c.patient, *[part.label(f"{name}_{n}") for n, one in enumerate(wanted) for name, part in one._asdict().items()
                                    if part is not None]).group_by(rows.c.patient)


@singledispatch
def gathered(condition: Condition, seen: Seen) -> tuple[FromClause, Shown] | None:
    """Rows, and what each says of the condition; conditions that read the same rows are asked together. Where a condition has a
    `history` too, that says whether it is met, and the rows show it."""
    return None


@singledispatch
def totalled(condition: Condition, seen: Seen) -> tuple[FromClause, Shown] | None:
    """Rows, and what the condition comes to as aggregates of those of a patient; where it has a `history` too, as above."""
    return None


@singledispatch
def history(condition: Condition, seen: Seen) -> Select | None:
    """A statement of its own: patient and `Shown`, a row for each patient of whom the condition is true or false."""
    return None


@singledispatch
def behind(condition: Condition, seen: Seen) -> Select | None:
    """The entries (patient, entry, day) that make it true, where it is true."""
    return None


def regardless(condition: Condition) -> bool:
    """Whether it is the same of a patient's last days as of everything."""
    always = (*over.OF_EPISODES, *over.OF_RULES, *over.OF_LAST_DAYS)
    return isinstance(condition, always) or (isinstance(condition, (SeverityOnDays, NoRelief)) and condition.within <= RECENT)


def without_evidence(patient: ColumnElement[int], met: ColumnElement[bool] = NO) -> Select:
    nothing = [cast(null(), kind).label(name) for name, kind in (("first_day", Integer), ("last_day", Integer), ("newest", BigInteger))]
    return select(patient, met.label("met"), *nothing)


# --- together ---------------------------------------------------------------------------------------------------------------------

@gathered.register
def _(condition: SameEntry, seen: Seen) -> tuple[FromClause, Shown]:
    return seen.findings.rows, Shown(seen.findings.says((condition,)))


@behind.register
def _(condition: SameEntry, seen: Seen) -> Select:
    return _marked_with(condition, seen.findings)


@gathered.register
def _(condition: SameEntryOfPatientWith, seen: Seen) -> tuple[FromClause, Shown]:
    return seen.of_known.rows, Shown(seen.of_known.says((condition,)))


@behind.register
def _(condition: SameEntryOfPatientWith, seen: Seen) -> Select:
    return _marked_with(condition, seen.of_known)


def _marked_with(condition: Condition, entries: Marked) -> Select:
    e = entries.rows.c
    return select(e.patient, e.entry, e.day).where(entries.says((condition,)))


# --- around an anchor -------------------------------------------------------------------------------------------------------------

def _near(conditions: Sequence[WithinDays], seen: Seen) -> FromClause:
    """The entries around each day with an anchor; which ones it has its marks say. They are rare, so few are read."""
    f, span = seen.findings.rows.c, conditions[0]
    marks = [bit_or(f[name]).label(name) for name in seen.findings.names]
    a = select(f.patient, f.day.label("anchor_day"), *marks).where(seen.findings.says(condition.anchor for condition in conditions)).group_by(
        f.patient, f.day).subquery()
    # each of the days is spelled out, so that they are looked up and not compared with all the anchors of a patient
    ahead = union_all(*[select(literal(days).label("days")) for days in range(-span.before, span.after + 1)]).subquery()
    near = select(a, (a.c.anchor_day + ahead.c.days).label("near_day")).join(ahead, true()).subquery()
    e = seen.entries.rows.c
    kept = [near.c[name] for name in ("anchor_day", *seen.findings.names)]
    return seen.entries.joined(near, and_(near.c.patient == e.patient, near.c.near_day == e.day), kept)


def windows(script: Script, name: str, conditions: Sequence[WithinDays], seen: Seen) -> dict[Condition, ColumnElement[bool]]:
    """What conditions come to around each day with their anchor: columns of a TEMP table (patient, anchor_day, `met_0`, …), one for all that
    look as many days around theirs."""
    found: dict[Condition, ColumnElement[bool]] = {}
    for (before, after), alike in by_span(conditions).items():
        window = _window(alike, seen).subquery()
        met = [case((seen.findings.says((condition.anchor,), window), answer(AllOf(condition.parts), window, {}))) for condition in alike]
        stored = script.store(f"{name}_around_{before}_{after}", select(
            window.c.patient, window.c.anchor_day, *[which.label(f"met_{n}") for n, which in enumerate(met)]))
        found |= {condition: stored.c[f"met_{n}"] for n, condition in enumerate(alike)}
    return found


def by_span(conditions: Sequence[WithinDays]) -> dict[tuple[int, int], list[WithinDays]]:
    spans: dict[tuple[int, int], list[WithinDays]] = {}
    for condition in dict.fromkeys(conditions):
        spans.setdefault((condition.before, condition.after), []).append(condition)
    return spans


def _window(conditions: Sequence[WithinDays], seen: Seen) -> Select:
    near, p = _near(conditions, seen), seen.episodes.c
    n, inner = near.c, tuple(part for condition in conditions for of in condition.parts for part in of.walk())
    marks = [func.max(n[name]).label(name) for name in seen.findings.names]
    window = select(n.patient, n.anchor_day, *marks, *recorded(near, columns_read(inner))).group_by(n.patient, n.anchor_day)
    if any(isinstance(part, over.BegunWithin) for part in inner):
        age = func.max(case((n.anchor_day >= p.episode, n.anchor_day - p.episode))).label("episode_age")
        window = window.add_columns(age).outerjoin(seen.episodes, p.patient == n.patient)
    return window


@gathered.register
def _(condition: WithinDays, seen: Seen) -> tuple[FromClause, Shown]:
    met = seen.windows[condition]
    return met.table, Shown(met)


def showing(holds: FromClause, *days: ColumnElement[int]) -> Select:
    """Evidence that arms hold."""
    return select(holds.c.patient, holds.c.rule_bit, *[day.label(part) for part, day in zip(EVIDENCE, days, strict=True)])


def shown_around(script: Script, name: str, keys: Sequence[tuple[int, WithinDays]], seen: Seen, holds: Table) -> Select:
    """What the findings of patients report around the days of which conditions are true that show why arms hold."""
    h = holds.c
    whose = select(h.patient).where(h.number.in_([number for number, _ in keys]))
    spans = []
    for (before, after), alike in by_span([key for _, key in keys]).items():
        of = [(number, key) for number, key in keys if key in alike]
        met = [seen.windows[key] for _, key in of]
        w = met[0].table.c
        around = [(w.anchor_day - before).label("since"), (w.anchor_day + after).label("until"), unnested("number", [number for number, _ in of])]
        days = select(w.patient, *around, unnested("met", array(met), Boolean), *seen.findings.wanted([told_by(key) for _, key in of])).where(
            w.patient.in_(whose), or_(*dict.fromkeys(met))).subquery().c
        told = [days[column] for column in ("since", "until", *seen.findings.names)]
        spans.append(select(h.patient, h.rule_bit, *told).join(days.met.table, and_(days.patient == h.patient, days.number == h.number)).where(days.met))
    # stored, so that only the days of arms that hold are compared with what is found near them
    w, f = script.store(f"{name}_days", union_all(*spans)), seen.findings.rows.c
    near = and_(f.patient == w.c.patient, f.day.between(w.c.since, w.c.until), seen.findings.says_any(w))
    return showing(w, f.day, f.day, f.entry).join(seen.findings.rows, near)


@behind.register
def _(condition: WithinDays, seen: Seen) -> Select:
    near, met = _near([condition], seen).c, seen.windows[condition]
    w = met.table.c
    return select(near.patient, near.entry, near.day).join(w.patient.table, and_(w.patient == near.patient, w.anchor_day == near.anchor_day)).where(
        met, telling(condition, near.patient.table)).distinct()
