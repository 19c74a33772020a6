"""When an outcome can come to something else although nothing new was said: the days on which conditions about the as-of date turn."""
from collections.abc import Iterable, Iterator
from functools import singledispatch

from sqlalchemy import ColumnElement, Integer, case, cast, func, literal

from dashboard.rules.conditions import Condition
from dashboard.rules.over_time import DurationCrossed, LastEntryWithin, Silent
from dashboard.rules.seen import Seen

NEVER = 2**31 - 1


def turns_on(parts: Iterable[Condition], seen: Seen) -> ColumnElement[int]:
    """Of a patient's record beside `Seen.episodes` and `Seen.gaps`: the first day after the as-of date on which one of these conditions
    can turn, NEVER where none does. An age turns with the calendar year, for many at once, and is left out."""
    days = dict.fromkeys(day for part in dict.fromkeys(parts) for day in _days(part, seen))
    return func.least(literal(NEVER), *[case((day > seen.records.c.as_of, day), else_=NEVER) for day in days], type_=Integer)


@singledispatch
def _days(condition: Condition, seen: Seen) -> Iterator[ColumnElement[int]]:
    yield from ()


@_days.register
def _(condition: LastEntryWithin, seen: Seen) -> Iterator[ColumnElement[int]]:
    yield seen.records.c.last_day + (condition.days + 1)


@_days.register
def _(condition: DurationCrossed, seen: Seen) -> Iterator[ColumnElement[int]]:
    """It needs pain reported on that day or later, so that by time alone it only ends."""
    p = seen.episodes.c
    yield case((p.last_day - p.episode >= condition.days, p.episode + (condition.days + condition.within)))


@_days.register
def _(condition: Silent, seen: Seen) -> Iterator[ColumnElement[int]]:
    """What usually lies between the diary days is known of those who are silent for that many days."""
    last = seen.records.c.last_day
    yield last + (condition.days + 1)
    yield last + cast(func.floor(condition.times * seen.gaps.c.median), Integer) + 1
