"""Conditions about several entries: whether they are met, first and last day of evidence, newest entry of it; by patient.

They read TEMP tables that an evaluation made (`Seen`), because each is read by several rules. Evidence is what was found: a symptom, a
temperature, a severity. A place named on a neighbouring day is part of the story, but no new report of a red flag.
"""
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import NamedTuple

from sqlalchemy import BigInteger, Boolean, ColumnElement, Float, FromClause, Integer, Select, Table, and_, case, cast, false, func, not_, null, or_, select

from dashboard.codelists import RELIEF
from dashboard.database import has
from dashboard.rules.compile import answer, recorded
from dashboard.rules.conditions import AllOf, Condition, Named, Not, PatientHas, Reported, TemperatureAtLeast
from dashboard.rules.over_time import OF_EPISODES, DurationAtLeast, DurationCrossed, NoRelief, NotImproved, RuleNotMet, SameEntry, SeverityOnDays, WithinDays

CLOSE = 1e-6  # means are compared with this much slack: in which order an engine adds must not decide who is called
RECENT = 14  # days up to a patient's last entry, kept in a table of their own
EVIDENCE = ("first_day", "last_day", "newest")
FINDINGS = (Reported, TemperatureAtLeast)  # what an entry reports; a place or a word alone is no sign of anything


class Shown(NamedTuple):
    """What a condition comes to, and the evidence of it, as columns."""
    met: ColumnElement[bool]
    first_day: ColumnElement[int]
    last_day: ColumnElement[int]
    newest: ColumnElement[int]


@dataclass(frozen=True)
class Seen:
    """What an evaluation reads. `everything` are the entries, as records of one; then one record a patient, the few entries with a
    finding, the entries of each patient's last days with how many days `ago` (before the last entry) they are, a record for the days
    around each anchor and which evidence columns in it are whose, the entries of the current episode with its onset, and what other rules came to."""
    everything: FromClause
    records: Table
    findings: FromClause
    recent: FromClause
    around: tuple[tuple[WithinDays, Table, int], ...]
    episode_days: FromClause
    outcome: Table
    bits: tuple[tuple[str, int], ...]

    def window(self, condition: WithinDays) -> tuple[Table, int]:
        """The records around its anchor, and the number of its evidence columns there."""
        return next((table, n) for of, table, n in self.around if of == condition)

    def last_days(self, days: int) -> FromClause:
        """The entries of the days up to a patient's last one."""
        if days <= RECENT:
            return select(self.recent).where(self.recent.c.ago < days).subquery()
        e, r = self.everything, self.records.c
        return select(e).join(self.records, r.patient == e.c.patient).where(r.last_day - e.c.day < days).subquery()


def sought(condition: Condition) -> Iterator[Condition]:
    """The parts that look for something; not what must be absent."""
    if not isinstance(condition, Not):
        yield condition
        for part in condition.below():
            yield from sought(part)


def reporting(condition: Condition, entries: FromClause, kinds: tuple[type[Condition], ...] = FINDINGS) -> ColumnElement[bool]:
    """Entries of which some part of these kinds is true."""
    return or_(false(), *[answer(part, entries, {}) for part in dict.fromkeys(sought(condition)) if isinstance(part, kinds)])


def telling(condition: Condition, entries: FromClause) -> ColumnElement[bool]:
    """Entries that say any of what the condition looks for, places and words too."""
    return reporting(condition, entries, (*FINDINGS, Named, PatientHas))


def by_entry(entries: FromClause, which: ColumnElement[bool]) -> Shown:
    """Evidence is the entries of which it is true."""
    return Shown(which, entries.c.day, entries.c.day, entries.c.entry)


def grouped(rows: FromClause, wanted: Sequence[Shown]) -> Select:
    """By patient what rows say of several conditions, in one pass: `met_0`, `first_day_0`, …"""
    t = select(rows.c.patient, *[column.label(f"{name}_{n}") for n, one in enumerate(wanted) for name, column in one._asdict().items()]).subquery().c
    columns = []
    for n in range(len(wanted)):
        met, first, last, newest = (t[f"{name}_{n}"] for name in Shown._fields)
        summed = func.bool_or(met, type_=Boolean), func.min(case((met, first))), func.max(case((met, last))), func.max(case((met, newest)))
        columns += [column.label(f"{name}_{n}") for name, column in zip(Shown._fields, summed, strict=True)]
    return select(t.patient, *columns).group_by(t.patient)


@singledispatch
def gathered(condition: Condition, seen: Seen) -> tuple[FromClause, Shown] | None:
    """Rows, and what each says of the condition; conditions that read the same rows are asked together."""
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
    return isinstance(condition, (*OF_EPISODES, RuleNotMet)) or (isinstance(condition, (SeverityOnDays, NoRelief)) and condition.within <= RECENT)


def _without_evidence(patient: ColumnElement[int]) -> Select:
    nothing = [cast(null(), kind).label(name) for name, kind in (("first_day", Integer), ("last_day", Integer), ("newest", BigInteger))]
    return select(patient, false().label("met"), *nothing)


# --- together ---------------------------------------------------------------------------------------------------------------------

@gathered.register
def _(condition: SameEntry, seen: Seen) -> tuple[FromClause, Shown]:
    return seen.findings, by_entry(seen.findings, answer(AllOf(condition.parts), seen.findings, {}))


@behind.register
def _(condition: SameEntry, seen: Seen) -> Select:
    f = seen.findings
    return select(f.c.patient, f.c.entry, f.c.day).where(answer(AllOf(condition.parts), f, {}))


def _near(anchor: Condition, days: int, everything: FromClause, findings: FromClause) -> FromClause:
    """The entries around each day with the anchor. It is rare, so few are read."""
    a = select(findings.c.patient, findings.c.day.label("anchor_day")).where(answer(anchor, findings, {})).distinct().subquery()
    return select(a.c.anchor_day, everything).join(
        a, and_(a.c.patient == everything.c.patient, everything.c.day.between(a.c.anchor_day - days, a.c.anchor_day + days))).subquery()


def windows(conditions: Sequence[WithinDays], columns: tuple[str, ...], everything: FromClause, findings: FromClause) -> Select:
    """A record of the days around each day with the anchor that the conditions share, and the evidence in them for each condition."""
    near = _near(conditions[0].anchor, conditions[0].days, everything, findings)
    finds = [any(isinstance(part, FINDINGS) for part in sought(condition)) for condition in conditions]
    shows = [(reporting if found else telling)(condition, near).label(f"shows_{n}") for n, (condition, found) in enumerate(zip(conditions, finds, strict=True))]
    told = select(near, *shows).subquery()
    t = told.c
    evidence = [function(case((t[f"shows_{n}"], column))).label(f"{name}_{n}") for n in range(len(conditions))
                for name, function, column in zip(EVIDENCE, (func.min, func.max, func.max), (t.day, t.day, t.entry), strict=True)]
    return select(t.patient, t.anchor_day, *recorded(told, columns), *evidence).group_by(t.patient, t.anchor_day)


@gathered.register
def _(condition: WithinDays, seen: Seen) -> tuple[FromClause, Shown]:
    window, n = seen.window(condition)
    return window, Shown(answer(AllOf(condition.parts), window, {}), *[window.c[f"{name}_{n}"] for name in EVIDENCE])


@behind.register
def _(condition: WithinDays, seen: Seen) -> Select:
    window, _ = seen.window(condition)
    near, w = _near(condition.anchor, condition.days, seen.everything, seen.findings), window.c
    return select(near.c.patient, near.c.entry, near.c.day).join(window, and_(w.patient == near.c.patient, w.anchor_day == near.c.anchor_day)).where(
        answer(AllOf(condition.parts), window, {}), telling(condition, near)).distinct()


# --- how bad in the last days -----------------------------------------------------------------------------------------------------

def _close_days(condition: SeverityOnDays, window: FromClause) -> FromClause:
    """Days as bad as that, each with the earliest of the days that it completes the number with."""
    w = window.c
    day = select(w.patient, w.day, func.max(w.entry).label("newest")).where(w.worst >= condition.at_least).group_by(w.patient, w.day).subquery().c
    before = condition.on_days - 1
    order = {"partition_by": day.patient, "order_by": day.day}
    spaced = select(day.patient, day.day, func.lag(day.day, before).over(**order).label("since"),
                    func.max(day.newest).over(**order, rows=(-before, 0)).label("newest")).subquery()
    return select(spaced).where(spaced.c.day - spaced.c.since <= condition.apart).subquery()


@history.register
def _(condition: SeverityOnDays, seen: Seen) -> Select:
    window = seen.last_days(condition.within)
    c, w = _close_days(condition, window).c, window.c
    met = select(c.patient, func.min(c.since).label("first_day"), func.max(c.day).label("last_day"), func.max(c.newest).label("newest")).group_by(
        c.patient).subquery()
    asked = select(w.patient).where(w.worst.is_not(None)).group_by(w.patient).subquery()
    return select(asked.c.patient, met.c.patient.is_not(None).label("met"), met.c.first_day, met.c.last_day, met.c.newest).select_from(
        asked.outerjoin(met, met.c.patient == asked.c.patient))


@behind.register
def _(condition: SeverityOnDays, seen: Seen) -> Select:
    window = seen.last_days(condition.within)
    close = _close_days(condition, window)
    near = and_(close.c.patient == window.c.patient, window.c.day.between(close.c.since, close.c.day))
    return select(window.c.patient, window.c.entry, window.c.day).join(close, near).where(window.c.worst >= condition.at_least).distinct()


@history.register
def _(condition: NoRelief, seen: Seen) -> Select:
    window = seen.last_days(condition.within)
    helped = has(window.c.helped, RELIEF.all_bits - RELIEF.bits(condition.but))
    return _without_evidence(window.c.patient).where(helped).distinct()


# --- since when -------------------------------------------------------------------------------------------------------------------

def _duration(episode_days: FromClause, met: ColumnElement[bool], days: int) -> Select:
    d = episode_days.c
    late = d.day - d.episode >= days
    return select(d.patient, met.label("met"), func.min(case((late, d.day))).label("first_day"), func.max(case((late, d.day))).label("last_day"),
                  func.max(case((late, d.entry))).label("newest")).where(d.pain).group_by(d.patient)


@history.register
def _(condition: DurationAtLeast, seen: Seen) -> Select:
    d = seen.episode_days.c
    return _duration(seen.episode_days, func.max(d.day - d.episode) >= condition.days, condition.days)


@history.register
def _(condition: DurationCrossed, seen: Seen) -> Select:
    d, r = seen.episode_days.c, seen.records.c
    crossed = func.max(d.episode) + condition.days
    met = and_(func.max(d.day) >= crossed, crossed > func.max(r.as_of) - condition.within, crossed <= func.max(r.as_of))
    return _duration(seen.episode_days, met, condition.days).join(seen.records, r.patient == d.patient)


@behind.register(DurationAtLeast)
@behind.register(DurationCrossed)
def _(condition: DurationAtLeast | DurationCrossed, seen: Seen) -> Select:
    d = seen.episode_days.c
    return select(d.patient, d.entry, d.day).where(d.pain, d.day - d.episode >= condition.days)


def _diary_days(condition: NotImproved, episode_days: FromClause) -> FromClause:
    """A day's severity is the mean of its entries. `first` and `last` mark the days that are compared, which never overlap."""
    e = episode_days.c
    better, worse = (func.max(case((e.trend == word, 1), else_=0)) == 1 for word in ("better", "worse"))
    mean = func.avg(cast(e.severity, Float), type_=Float)
    said = and_(better, not_(worse)).label("better"), func.max(e.entry).label("newest")
    day = select(e.patient, e.day, e.episode, mean.label("severity"), *said).where(e.severity.is_not(None)).group_by(e.patient, e.day, e.episode).subquery()
    by_patient = {"partition_by": day.c.patient}
    d = select(day, func.row_number().over(order_by=day.c.day, **by_patient).label("nth"), func.count().over(**by_patient).label("n")).subquery()
    nth, n = d.c.nth, d.c.n
    return select(d, and_(nth <= condition.span, 2 * nth <= n).label("is_first"),
                  and_(n - nth < condition.span, 2 * (n - nth + 1) <= n).label("is_last")).subquery()


@history.register
def _(condition: NotImproved, seen: Seen) -> Select:
    d = _diary_days(condition, seen.episode_days).c
    start, end = (func.avg(case((which, d.severity)), type_=Float) for which in (d.is_first, d.is_last))
    needed = case((condition.share * start > condition.by, condition.share * start), else_=condition.by)
    at_end = d.nth == d.n
    good = or_(func.max(case((at_end, d.severity))) <= condition.good_enough + CLOSE, func.bool_or(and_(at_end, d.better)))
    met = case((func.max(d.day) - func.max(d.episode) < condition.after, false()), (func.max(d.n) >= 2, not_(or_(good, end <= start - needed + CLOSE))))
    late = d.day - d.episode >= condition.after
    return select(d.patient, met.label("met"), func.min(case((late, d.day))).label("first_day"), func.max(case((late, d.day))).label("last_day"),
                  func.max(case((late, d.newest))).label("newest")).group_by(d.patient)


@behind.register
def _(condition: NotImproved, seen: Seen) -> Select:
    e, d = seen.episode_days.c, _diary_days(condition, seen.episode_days)
    compared = or_(d.c.is_first, d.c.is_last, d.c.day - d.c.episode >= condition.after)
    return select(e.patient, e.entry, e.day).join(d, and_(d.c.patient == e.patient, d.c.day == e.day)).where(e.severity.is_not(None), compared)


# --- other rules ------------------------------------------------------------------------------------------------------------------

@history.register
def _(condition: RuleNotMet, seen: Seen) -> Select:
    o = seen.outcome.c
    return _without_evidence(o.patient).where(o.rule_bit == dict(seen.bits).get(condition.rule, -1), o.met)
