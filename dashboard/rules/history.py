"""Conditions about several entries: whether they are met, first and last day of evidence, newest entry of it; by patient.

They read TEMP tables that an evaluation made (`Seen`), because each is read by several rules. Evidence is what was found: a symptom, a
temperature, a severity. A place named on a neighbouring day is part of the story, but no new report of a red flag.
"""
from collections.abc import Iterator, Sequence
from functools import singledispatch
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    FromClause,
    Integer,
    Select,
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

from dashboard.codelists import HISTORY, LISTS, SYMPTOM
from dashboard.database import band, bit_or, has
from dashboard.rules import over_time as over
from dashboard.rules.compile import answer
from dashboard.rules.conditions import AllOf, AnyAnswer, AnyOf, Condition, Named, NamedOnly, Not, PatientHas, Reported, TemperatureAtLeast
from dashboard.rules.over_time import NoRelief, SameEntry, SameEntryOfPatientWith, SeverityOnDays, WithinDays
from dashboard.rules.record import columns_read, recorded
from dashboard.rules.seen import RECENT, Script, Seen
from dashboard.rules.single import Chosen, SexIs, StartedWithin, SuddenOnset, WorstAtLeast

CLOSE = 1e-6  # means are compared with this much slack: in which order an engine adds must not decide who is called
NO = false()
EVIDENCE = ("first_day", "last_day", "newest")
FINDINGS = (Reported, TemperatureAtLeast)  # what an entry reports; a place or a word alone is no sign of anything
WORDS = (Named, PatientHas, Chosen, WorstAtLeast, StartedWithin, SuddenOnset)


class Shown(NamedTuple):
    """What a condition comes to, and the evidence of it, as columns; None where that is asked later or there is none."""
    met: ColumnElement[bool] | None = None
    first_day: ColumnElement[int] | None = None
    last_day: ColumnElement[int] | None = None
    newest: ColumnElement[int] | None = None


def sought(condition: Condition) -> Iterator[Condition]:
    """The parts that look for something; not what must be absent."""
    if not isinstance(condition, Not):
        yield condition
        for part in condition.below():
            yield from sought(part)


def among(condition: Condition) -> tuple[Condition, ...]:
    """What narrows a condition to few patients: with something in their history, or of one sex."""
    return tuple(part for part in condition.parts if isinstance(part, (PatientHas, SexIs))) if isinstance(condition, AllOf) else ()


def surely(condition: Condition, entry: FromClause) -> ColumnElement[bool]:
    """True where the answer is, and anything else where it is not: of many entries that is told by far fewer comparisons."""
    e = entry.c
    if isinstance(condition, Reported):
        return has(e[{"new": "present_new", "old": "present_old"}.get(condition.only, "present")], SYMPTOM.bits(condition.symptoms))
    if isinstance(condition, Named):
        named, codes = e[f"list_{condition.field}"], LISTS[condition.field].bits(condition.codes)
        return and_(named != 0, band(named, LISTS[condition.field].all_bits - codes) == 0) if isinstance(condition, NamedOnly) else has(named, codes)
    if isinstance(condition, SuddenOnset):
        return e.sudden <= condition.within
    if isinstance(condition, (AllOf, SameEntry)):
        return and_(*[surely(part, entry) for part in condition.parts])
    if isinstance(condition, (AnyOf, AnyAnswer)):
        return or_(*[surely(part, entry) for part in condition.parts])
    return answer(condition, entry, {})


def reporting(condition: Condition, entries: FromClause, kinds: tuple[type[Condition], ...] = FINDINGS) -> ColumnElement[bool]:
    """Entries of which some part of these kinds is true."""
    return or_(false(), *[surely(part, entries) for part in dict.fromkeys(sought(condition)) if isinstance(part, kinds)])


def telling(condition: Condition, entries: FromClause) -> ColumnElement[bool]:
    """Entries that say any of what the condition looks for, places and words too."""
    return reporting(condition, entries, (*FINDINGS, *WORDS))


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
    return seen.findings, by_entry(seen.findings, surely(condition, seen.findings))


@behind.register
def _(condition: SameEntry, seen: Seen) -> Select:
    f = seen.findings
    return select(f.c.patient, f.c.entry, f.c.day).where(surely(condition, f))


@gathered.register
def _(condition: SameEntryOfPatientWith, seen: Seen) -> tuple[FromClause, Shown]:
    return seen.of_known, by_entry(seen.of_known, _in_entry_of_known(condition, seen.of_known))


@behind.register
def _(condition: SameEntryOfPatientWith, seen: Seen) -> Select:
    theirs = seen.of_known
    return select(theirs.c.patient, theirs.c.entry, theirs.c.day).where(_in_entry_of_known(condition, theirs))


def _in_entry_of_known(condition: SameEntryOfPatientWith, entries: FromClause) -> ColumnElement[bool]:
    return and_(has(entries.c.patient_history, HISTORY.bits(condition.history)), surely(AllOf(condition.parts), entries))


# --- around an anchor -------------------------------------------------------------------------------------------------------------

def _near(conditions: Sequence[WithinDays], seen: Seen) -> FromClause:
    """The entries around each day with an anchor; which anchors it has are bits of `anchors`. They are rare, so few are read."""
    f, span = seen.findings, conditions[0]
    here = {anchor: surely(anchor, f) for anchor in _anchors(conditions)}
    anchors = sum(cast(case((which, 1 << n), else_=0), BigInteger) for n, which in enumerate(here.values()))
    a = select(f.c.patient, f.c.day.label("anchor_day"), bit_or(anchors).label("anchors")).where(or_(*here.values())).group_by(f.c.patient, f.c.day).subquery()
    # each of the days is spelled out, so that they are looked up and not compared with all the anchors of a patient
    ahead = union_all(*[select(literal(days).label("days")) for days in range(-span.before, span.after + 1)]).subquery()
    near = select(a, (a.c.anchor_day + ahead.c.days).label("near_day")).join(ahead, true()).subquery()
    e = seen.entries.rows.c
    return seen.entries.joined(near, and_(near.c.patient == e.patient, near.c.near_day == e.day), [near.c.anchor_day, near.c.anchors])


def _anchors(conditions: Sequence[WithinDays]) -> tuple[Condition, ...]:
    return tuple(dict.fromkeys(condition.anchor for condition in conditions))


def _told_by(condition: WithinDays) -> tuple[Condition, ...]:
    """What is evidence among the entries around an anchor: other anchors, and what else they report."""
    return tuple(dict.fromkeys(part for part in (condition.anchor, *sought(condition)) if part is condition.anchor or isinstance(part, FINDINGS)))


def windows(script: Script, name: str, conditions: Sequence[WithinDays], seen: Seen) -> dict[Condition, ColumnElement[bool]]:
    """What conditions come to around each day with their anchor: columns of a TEMP table (patient, anchor_day, `met_0`, …), one for all that
    look as many days around theirs."""
    found: dict[Condition, ColumnElement[bool]] = {}
    for (before, after), alike in by_span(conditions).items():
        window, anchors = _window(alike, seen).subquery(), _anchors(alike)
        met = [case((band(window.c.anchors, 1 << anchors.index(condition.anchor)) != 0, answer(AllOf(condition.parts), window, {})))
               for condition in alike]
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
    window = select(n.patient, n.anchor_day, func.max(n.anchors).label("anchors"), *recorded(near, columns_read(inner))).group_by(n.patient, n.anchor_day)
    if any(isinstance(part, over.BegunWithin) for part in inner):
        age = func.max(case((n.anchor_day >= p.episode, n.anchor_day - p.episode))).label("episode_age")
        window = window.add_columns(age).outerjoin(seen.episodes, p.patient == n.patient)
    return window


@gathered.register
def _(condition: WithinDays, seen: Seen) -> tuple[FromClause, Shown]:
    met = seen.windows[condition]
    return met.table, Shown(met)


def shown_around(conditions: Sequence[WithinDays], seen: Seen, whose: FromClause) -> tuple[FromClause, dict[Condition, Shown]]:
    """Evidence of conditions that look as many days around their anchors: what the findings of some patients report around the days of
    which they are true. Asked last, because of few patients any is."""
    window, span = seen.windows[conditions[0]].table, conditions[0]
    met = [seen.windows[condition].label(f"met_{n}") for n, condition in enumerate(conditions)]
    w = select(window.c.patient, window.c.anchor_day, *met).where(or_(*met), window.c.patient.in_(select(whose.c.patient))).subquery().c
    f = seen.findings.c
    shows = [and_(w[f"met_{n}"], or_(*[surely(part, seen.findings) for part in _told_by(condition)])).label(f"shows_{n}")
             for n, condition in enumerate(conditions)]
    near = select(f.patient, f.entry, f.day, *shows).join(
        w.patient.table, and_(w.patient == f.patient, f.day.between(w.anchor_day - span.before, w.anchor_day + span.after))).subquery()
    return near, {condition: by_entry(near, near.c[f"shows_{n}"]) for n, condition in enumerate(conditions)}


@behind.register
def _(condition: WithinDays, seen: Seen) -> Select:
    near, met = _near([condition], seen).c, seen.windows[condition]
    w = met.table.c
    return select(near.patient, near.entry, near.day).join(w.patient.table, and_(w.patient == near.patient, w.anchor_day == near.anchor_day)).where(
        met, telling(condition, near.patient.table)).distinct()
