"""Conditions about the course: how bad in the last days, since when, better or worse than before, silence; and what other rules came to.
The rest of `history`, which it hands on."""
from functools import lru_cache

from sqlalchemy import Boolean, ColumnElement, Float, FromClause, Integer, Select, and_, case, false, func, not_, or_, select, true

from dashboard.codelists import RELIEF
from dashboard.database import has
from dashboard.rules.history import CLOSE, Shown, behind, by_entry, gathered, history, totalled, without_evidence
from dashboard.rules.over_time import (
    AnyRuleMet,
    DurationAtLeast,
    DurationCrossed,
    InterferenceOnDays,
    NoRelief,
    NotImproved,
    NotResponded,
    RuleNotMet,
    SeverityOnDays,
    Silent,
    Worsened,
    WorstAtLast,
)
from dashboard.rules.seen import Seen

__all__ = ["behind", "gathered", "history", "totalled"]


# --- how bad in the last days -----------------------------------------------------------------------------------------------------

def _close_days(condition: SeverityOnDays, window: FromClause) -> FromClause:
    """Days as bad as that, each with the earliest of the days that it completes the number with."""
    w = window.c
    day = select(w.patient, w.day, func.max(w.entry).label("newest")).where(w.worst >= condition.at_least).group_by(w.patient, w.day).subquery().c
    before = condition.on_days - 1
    order = {"partition_by": day.patient, "order_by": day.day}
    spaced = select(day.patient, day.day, func.lag(day.day, before, type_=Integer).over(**order).label("since"),
                    func.max(day.newest).over(**order, rows=(-before, 0)).label("newest")).subquery()
    return select(spaced).where(spaced.c.day - spaced.c.since <= condition.apart).subquery()


@gathered.register
def _(condition: SeverityOnDays, seen: Seen) -> tuple[FromClause, Shown] | None:
    """One such day needs no order of days."""
    w = seen.recent.c
    return (seen.recent, by_entry(seen.recent, case((w.ago < condition.within, w.worst >= condition.at_least)))) if condition.on_days == 1 else None


@history.register
def _(condition: SeverityOnDays, seen: Seen) -> Select | None:
    if condition.on_days == 1:
        return None
    c = _close_days(condition, seen.last_days(condition.within)).c
    met = select(c.patient, func.min(c.since).label("first_day"), func.max(c.day).label("last_day"), func.max(c.newest).label("newest")).group_by(
        c.patient).subquery()
    d = seen.recent_day.c
    scored = select(d.patient).where(d.worst.is_not(None), d.ago < min(condition.within, seen.days)).group_by(d.patient).having(
        or_(func.count() >= condition.on_days, func.max(d.worst) < condition.at_least)).subquery()
    return select(scored.c.patient, met.c.patient.is_not(None).label("met"), met.c.first_day, met.c.last_day, met.c.newest).select_from(
        scored.outerjoin(met, met.c.patient == scored.c.patient))


@behind.register
def _(condition: SeverityOnDays, seen: Seen) -> Select:
    window = seen.last_days(condition.within)
    close = _close_days(condition, window)
    near = and_(close.c.patient == window.c.patient, window.c.day.between(close.c.since, close.c.day))
    return select(window.c.patient, window.c.entry, window.c.day).join(close, near).where(window.c.worst >= condition.at_least).distinct()


@gathered.register
def _(condition: NoRelief, seen: Seen) -> tuple[FromClause, Shown]:
    w = seen.recent.c
    helped = has(w.helped, RELIEF.all_bits - RELIEF.bits(condition.but))
    return seen.recent, by_entry(seen.recent, case((and_(w.ago < condition.within, helped), false())))


# --- since when -------------------------------------------------------------------------------------------------------------------

@lru_cache(maxsize=64)
def _in_pain(in_episode: FromClause, days: int) -> Shown:
    """Evidence is the entries with pain so many days into the episode. One object for all who ask: an aggregate is then made once."""
    d = in_episode.c
    last, long = func.max(case((d.pain, d.day))), and_(d.pain, d.day - d.episode >= days)
    return Shown(last - func.min(d.episode) >= days, func.min(case((long, d.day))), last, func.max(case((long, d.entry))))


@totalled.register
def _(condition: DurationAtLeast, seen: Seen) -> tuple[FromClause, Shown]:
    return seen.in_episode, _in_pain(seen.in_episode, condition.days)


@totalled.register
def _(condition: DurationCrossed, seen: Seen) -> tuple[FromClause, Shown]:
    d, pain = seen.in_episode.c, _in_pain(seen.in_episode, condition.days)
    since = func.min(d.as_of - d.episode) - condition.days
    return seen.in_episode, pain._replace(met=case((pain.met, and_(since >= 0, since < condition.within)), (not_(pain.met), false())))


@behind.register(DurationAtLeast)
@behind.register(DurationCrossed)
def _(condition: DurationAtLeast | DurationCrossed, seen: Seen) -> Select:
    d = seen.in_episode.c
    return select(d.patient, d.entry, d.day).where(d.pain, d.day - d.episode >= condition.days)


# --- better than at first ---------------------------------------------------------------------------------------------------------

def _compared(condition: NotImproved, seen: Seen) -> FromClause:
    """`is_first` and `is_last` mark the diary days that are compared, which never overlap."""
    day, own = seen.diary.c, seen.diary.alias().c
    sizes = select(own.patient, func.count().label("n")).group_by(own.patient).subquery()  # counting is faster apart than in a window
    nth = func.row_number().over(partition_by=day.patient, order_by=day.day).label("nth")
    d = select(seen.diary, nth, sizes.c.n).join(sizes, sizes.c.patient == day.patient).subquery()
    nth, n = d.c.nth, d.c.n
    return select(d, and_(nth <= condition.span, 2 * nth <= n).label("is_first"),
                  and_(n - nth < condition.span, 2 * (n - nth + 1) <= n).label("is_last")).subquery()


@history.register
def _(condition: NotImproved, seen: Seen) -> Select:
    d, p = _compared(condition, seen).c, seen.episodes.c
    start, end = (func.avg(case((which, d.severity)), type_=Float) for which in (d.is_first, d.is_last))
    at_end = d.nth == d.n
    whole = select(d.patient, func.max(d.day).label("last"), func.max(d.n).label("n"), start.label("start"), end.label("end"),
                   func.max(case((at_end, d.severity))).label("at_end"), func.bool_or(and_(at_end, d.better), type_=Boolean).label("better")).group_by(
        d.patient).subquery()
    w = whole.c
    needed = case((condition.share * w.start > condition.by, condition.share * w.start), else_=condition.by)
    good = or_(w.at_end <= condition.good_enough + CLOSE, w.better)
    met = case((w.last - p.episode < condition.after, false()), (w.n >= 2, not_(or_(good, w.end <= w.start - needed + CLOSE))))
    return without_evidence(w.patient, met).join(seen.episodes, p.patient == w.patient)


@totalled.register
def _(condition: NotImproved, seen: Seen) -> tuple[FromClause, Shown]:
    d = seen.in_episode.c
    late = and_(d.severity.is_not(None), d.day - d.episode >= condition.after)
    day = case((late, d.day))
    return seen.in_episode, Shown(None, func.min(day), func.max(day), func.max(case((late, d.entry))))


@behind.register
def _(condition: NotImproved, seen: Seen) -> Select:
    e, d = seen.in_episode.c, _compared(condition, seen)
    compared = or_(d.c.is_first, d.c.is_last, d.c.day - e.episode >= condition.after)
    return select(e.patient, e.entry, e.day).outerjoin(d, and_(d.c.patient == e.patient, d.c.day == e.day)).where(
        e.severity.is_not(None), or_(compared, e.day - e.episode >= condition.after))


# --- better since something was tried ----------------------------------------------------------------------------------------------

TREATMENT = RELIEF.all_bits - RELIEF.bits(RELIEF.group("nothing"))


def _since(seen: Seen) -> FromClause:
    """The first day of each current episode on which something is named that was tried."""
    p, e = seen.episodes.c, seen.entries.rows.c
    theirs = seen.entries.joined(seen.episodes, and_(p.patient == e.patient, e.day >= p.episode)).c
    return select(theirs.patient, func.min(theirs.day).label("since")).where(has(theirs.list_relief_tried, TREATMENT)).group_by(theirs.patient).subquery()


def _at_first(condition: NotResponded, seen: Seen, since: FromClause) -> FromClause:
    """The entries of the first days, where those lie so long before the last entry; never one of the last days."""
    s, r, e = since.c, seen.records.c, seen.entries.rows.c
    long = select(s.patient, s.since, r.last_day).join(seen.records, r.patient == s.patient).where(r.last_day - s.since >= condition.after).subquery()
    days = and_(e.day - long.c.since >= 0, e.day - long.c.since < condition.span, long.c.last_day - e.day >= condition.span)
    theirs = seen.entries.joined(long, and_(long.c.patient == e.patient, days)).c
    return select(theirs.patient, theirs.entry, theirs.day, theirs.severity, theirs.list_relief_tried).subquery()


@history.register
def _(condition: NotResponded, seen: Seen) -> Select:
    """What nobody was asked is unknown; what was first tried a short time ago, or never where it was asked, has not failed."""
    since, r, late = _since(seen), seen.records.c, seen.recent_day.c
    e = _at_first(condition, seen, since).c
    first = select(e.patient, e.day, func.avg(e.severity, type_=Float).label("severity")).where(e.severity.is_not(None)).group_by(e.patient, e.day).subquery().c
    last = and_(late.severity.is_not(None), late.ago < condition.span)
    days = [select(day.patient, func.avg(day.severity, type_=Float).label("mean")).where(which).group_by(day.patient).having(
        func.count() >= condition.least_days).subquery() for day, which in ((first, true()), (late, last))]
    before, now = (one.c.mean for one in days)
    better = or_(now <= condition.good_enough + CLOSE, now <= before * (1 - condition.share) + CLOSE)
    met = case((r.last_day - since.c.since >= condition.after, not_(better)), (or_(since.c.since.is_not(None), r.known_relief_tried), false()))
    together = seen.records
    for one in (since, *days):
        together = together.outerjoin(one, one.c.patient == r.patient)
    return without_evidence(r.patient, met).select_from(together)


@totalled.register
def _(condition: NotResponded, seen: Seen) -> tuple[FromClause, Shown]:
    return seen.recent_day, _halves(seen.recent_day, condition.span)[2]


@behind.register
def _(condition: NotResponded, seen: Seen) -> Select:
    first, w = _at_first(condition, seen, _since(seen)).c, seen.last_days(condition.span).c
    told = or_(first.severity.is_not(None), has(first.list_relief_tried, TREATMENT))
    return select(first.patient, first.entry, first.day).where(told).union_all(select(w.patient, w.entry, w.day).where(w.severity.is_not(None)))


# --- worse than before ------------------------------------------------------------------------------------------------------------

@lru_cache(maxsize=64)
def _halves(recent_day: FromClause, span: int) -> tuple[tuple[ColumnElement, ...], tuple[ColumnElement, ...], Shown]:
    """How bad the last days were and as many before them, how many of each there are, and the evidence; one object for all who ask."""
    d = recent_day.c
    late, early = (and_(d.severity.is_not(None), which) for which in (d.ago < span, and_(d.ago >= span, d.ago < 2 * span)))
    day = case((late, d.day))
    means, counts = zip(*[(func.avg(case((which, d.severity)), type_=Float), func.count(case((which, 1)))) for which in (late, early)], strict=True)
    return means, counts, Shown(None, func.min(day), func.max(day), func.max(case((late, d.newest))))


@totalled.register
def _(condition: Worsened, seen: Seen) -> tuple[FromClause, Shown]:
    (now, before), counts, shown = _halves(seen.recent_day, condition.span)
    worse = and_(now - before >= condition.by - CLOSE, now - before >= condition.share * before - CLOSE, now >= condition.to_at_least - CLOSE)
    return seen.recent_day, shown._replace(met=case((and_(*[count >= condition.least_days for count in counts]), worse)))


@behind.register
def _(condition: Worsened, seen: Seen) -> Select:
    w = seen.last_days(2 * condition.span).c
    return select(w.patient, w.entry, w.day).where(w.severity.is_not(None), w.ago < condition.span)


# --- how much it interferes -------------------------------------------------------------------------------------------------------

@history.register
def _(condition: InterferenceOnDays, seen: Seen) -> Select:
    w = seen.last_days(condition.within).c
    day = select(w.patient, w.day, func.max(w.interference).label("interference"),
                 func.max(case((w.interference >= condition.at_least, w.entry))).label("newest")).where(w.interference.is_not(None)).group_by(
        w.patient, w.day).subquery().c
    high = day.interference >= condition.at_least
    n = func.count(case((high, 1)))
    met = case((n >= condition.on_days, true()), (func.count() >= condition.on_days, n >= condition.on_days))
    return select(day.patient, met.label("met"), func.min(case((high, day.day))).label("first_day"), func.max(case((high, day.day))).label("last_day"),
                  func.max(day.newest).label("newest")).group_by(day.patient)


@behind.register
def _(condition: InterferenceOnDays, seen: Seen) -> Select:
    w = seen.last_days(condition.within).c
    return select(w.patient, w.entry, w.day).where(w.interference >= condition.at_least)


# --- silence ----------------------------------------------------------------------------------------------------------------------

@gathered.register
def _(condition: WorstAtLast, seen: Seen) -> tuple[FromClause, Shown]:
    w = seen.recent.c
    return seen.recent, by_entry(seen.recent, case((w.ago < 1, w.worst >= condition.at_least)))


@behind.register
def _(condition: WorstAtLast, seen: Seen) -> Select:
    w = seen.last_days(1).c
    return select(w.patient, w.entry, w.day).where(w.worst >= condition.at_least)


@history.register
def _(condition: Silent, seen: Seen) -> Select:
    r, g = seen.records.c, seen.gaps.c
    silent = r.as_of - r.last_day
    long = or_(g.median.is_(None), silent > condition.times * g.median)
    return without_evidence(r.patient, true()).select_from(seen.records.outerjoin(seen.gaps, g.patient == r.patient)).where(silent > condition.days, long)


# --- other rules ------------------------------------------------------------------------------------------------------------------

@gathered.register
def _(condition: RuleNotMet, seen: Seen) -> tuple[FromClause, Shown]:
    bit = dict(seen.bits).get(condition.rule, -1)
    return _of_rules(seen, case((seen.met.c.rule_bit == bit, false())))


@gathered.register
def _(condition: AnyRuleMet, seen: Seen) -> tuple[FromClause, Shown]:
    return _of_rules(seen, case((seen.met.c.tier.in_(tuple(condition.tiers)), true())))


def _of_rules(seen: Seen, which: ColumnElement[bool]) -> tuple[FromClause, Shown]:
    return seen.met, Shown(which)
