"""What the entries of a patient come to, read from any selectable that has the columns of the door."""
from sqlalchemy import BigInteger, ColumnElement, Integer, Select, Subquery, Table, case, cast, func, literal, select

from dashboard.codelists import CHOICES

SUBACUTE, CHRONIC = 42, 84  # days; a convention of charts and questions (clinical reference 2): rules go by numbers of their own
DURATIONS = {"under_6_weeks": "under 6 weeks", "6_to_12_weeks": "6 to 12 weeks", "12_weeks_and_more": "12 weeks and more"}
HIGH, HIGH_PAIN = 7, {"no_day": "no day", "to_25": "up to 25 % of days", "to_50": "over 25 to 50 %", "to_75": "over 50 to 75 %", "to_100": "over 75 %"}
_HOUR = 3_600_000_000  # microseconds
# days are counted from 1860 here, so that a packed moment is positive and fits 64 bits until 2145
_PACK, _DAY, _SHIFT, _BIRTH = 1024, 86_400_000_001, 40_000, 1850


def newest(live: Subquery | Table, value: ColumnElement[int]) -> ColumnElement[int]:
    """To be grouped by patient: the value, 0 to 1023, of the last entry that has one; NULL where none has. Within a day an entry
    without a time comes before all others; of two at the very same moment the larger value stands, in whatever order they came.
    Moment and value are packed into one number, which is one pass over the entries and no sort."""
    moment = (live.c.day + _SHIFT) * literal(_DAY, BigInteger) + func.coalesce(live.c.time_of_day + 1, 0)
    return func.max(moment * _PACK + value, type_=BigInteger) % _PACK


def people(live: Subquery | Table) -> Select:
    """One row a patient: birth year and sex as last answered (NULL: never). A birth year before 1850 is no answer."""
    born = case((live.c.birth_year.between(_BIRTH, _BIRTH + _PACK - 1), live.c.birth_year - _BIRTH))
    sexes = dict(enumerate(CHOICES["sex"]))
    sex = newest(live, case({code: number for number, code in sexes.items()}, value=live.c.sex))
    return select(live.c.patient, (newest(live, born) + _BIRTH).label("birth_year"),
                  case(sexes, value=sex).label("sex")).group_by(live.c.patient)


def duration_class(live: Subquery | Table) -> ColumnElement[int]:
    """The place in DURATIONS of an entry's days since onset; NULL without an onset."""
    days = live.c.day - live.c.onset_day
    return case((days < SUBACUTE, 0), (days < CHRONIC, 1), (days >= CHRONIC, 2))


def hour_of_day(live: Subquery | Table) -> ColumnElement[int]:
    """Local, 0 to 23; NULL where only the date is known."""
    return cast(func.floor(live.c.time_of_day / float(_HOUR)), Integer)


def high_pain(live: Subquery | Table, *when: ColumnElement[bool]) -> Select:
    """One row a patient with a diary day that says how bad it was: the place in HIGH_PAIN of the share of these days on which the worst
    pain was 7 or more. A day's worst is the highest of its entries; where an entry leaves worst blank, its severity stands in."""
    worst = func.coalesce(live.c.worst_severity, live.c.severity)
    days = select(live.c.patient, case((func.max(worst) >= HIGH, 1), else_=0).label("high")).where(worst.is_not(None), *when).group_by(
        live.c.patient, live.c.day).subquery("days")
    high, of = func.sum(days.c.high), func.count()
    return select(days.c.patient, case((high == 0, 0), *((4 * high <= quarters * of, quarters) for quarters in (1, 2, 3)), else_=4).label(
        "class")).group_by(days.c.patient)
