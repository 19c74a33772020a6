"""Who is on the worklist, in which order: one statement over flags, then what filters on diaries leave of it, as arrays."""
from dataclasses import dataclass, fields, replace
from datetime import datetime

import numpy as np
import pyarrow as pa
from sqlalchemy import ColumnElement, Connection, Integer, Select, and_, case, false, func, or_, select

from dashboard import audit, database
from dashboard.codelists import CHOICES
from dashboard.days import day_of
from dashboard.rules import notes
from dashboard.schema import flag, patient, patient_outcome, source
from dashboard.triage import BEGUN, WAITING

TIER_OF = {"emergency": "E", "same_day": "U", "routine": "R"}
TIERS = ("E", "U", "R")
UNFLAGGED = tuple(bucket for bucket in CHOICES["bucket"] if bucket not in TIER_OF)
RECENT, CURRENT = 14, 3  # days before the as-of date, clinical reference 1.2
LIVE, ASLEEP, CLOSED = 2, 1, 0  # what a flag is on its list: asleep is snoozed until a later day


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to; empty means everything. Who is snoozed is listed only where that is asked for."""
    bucket: str | None = None
    statuses: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()  # "" stands for nobody
    rules: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    within_days: int | None = None
    find: str = ""
    closed: bool = False  # closed flags too
    whose: str | None = None  # this person's, or "" for nobody's
    notes: bool = False  # with a note that asks to be read, with or without a flag

    @property
    def with_closed(self) -> bool:
        return self.closed or "closed" in self.statuses

    def describe(self) -> str:
        parts = [CHOICES["bucket"][self.bucket].lower() if self.bucket else "", ", ".join(CHOICES["status"][s].lower() for s in self.statuses),
                 "" if self.whose is None else f"assigned to {self.whose or 'nobody'}",
                 ", ".join(owner or "nobody's" for owner in self.owners), ", ".join(self.rules), ", ".join(self.sources),
                 f"reported within {self.within_days} days" if self.within_days is not None else "", f"id holds \"{self.find}\"" if self.find else "",
                 "closed flags too" if self.closed else "", "with a note to read" if self.notes else ""]
        return "; ".join(filter(None, parts)) or "everything"


@dataclass(frozen=True)
class Lineup:
    """`patients` are shown, in the order that was asked for; of them, `routine` have a routine flag to be acknowledged
    and no worse one. `of`: how many there are with those that filters hide; `snoozed` of these only because they are."""
    patients: np.ndarray
    routine: np.ndarray
    tiers: dict[str, int]  # shown, by the tier of the line
    of: int
    hidden_emergencies: int
    snoozed: int
    by: str  # the order


# --- what a flag is now -----------------------------------------------------------------------------------------------------------

_f = flag.c
RANK = case({tier: rank for rank, tier in enumerate(TIERS)}, value=_f.tier)
WAITS = _f.status.in_(WAITING)
DUE = case((WAITS, _f.due_at), (_f.status.in_(BEGUN), _f.done_by))  # NULL where nobody is waited for


def state(now: datetime) -> ColumnElement[int]:
    return case((_f.status == "closed", CLOSED), (and_(_f.status == "snoozed", _f.until_day > day_of(now.date())), ASLEEP), else_=LIVE)


def overdue(now: datetime) -> ColumnElement[bool]:
    """Who put a flag off until a day has to look at it again on that day; else what is overdue is past the time for what comes next."""
    return or_(DUE < audit.utc(now), _woken(now))


def _woken(now: datetime) -> ColumnElement[bool]:
    return and_(_f.status == "snoozed", _f.until_day <= day_of(now.date()))


def yes(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


# --- in which order --------------------------------------------------------------------------------------------------------------

# A line speaks of the worst flag of those that are live, of these first what nobody saw yet, then the newest. What that comes to is the
# largest of one packed number, which is one pass and no sort: state, tier and whether it waits, then the day of its last evidence,
# counted from 1860 so that it is positive.
_DAYS, _SHIFT = 2**18, 40_000


def _unpacked(best: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """State, rank, and whether it waits."""
    code = best // _DAYS
    return code // 8, 3 - code % 8 // 2, code % 2 == 1


def _flags(filters: Filters, as_of: int, now: datetime) -> Select:
    """One row a flag: patient, packed, whether it is overdue, then for each filter on flags whether it lets it pass."""
    asked = [_f.status.in_(filters.statuses)] if filters.statuses else []
    asked += [or_(_f.owner.in_(filters.owners), _f.owner.is_(None) if "" in filters.owners else false())] if filters.owners else []
    if filters.whose is not None:
        asked.append(func.lower(_f.owner) == filters.whose.lower() if filters.whose else _f.owner.is_(None))
    asked += [_f.rule_id.in_(filters.rules)] if filters.rules else []
    asked += [_f.last_evidence >= as_of - filters.within_days] if filters.within_days is not None else []
    packed = ((4 * state(now) + 3 - RANK) * 2 + yes(WAITS)) * _DAYS + _SHIFT + _f.last_evidence
    found = select(_f.patient, packed.label("packed"), yes(overdue(now)).label("late"), *[yes(one).label(f"asked_{n}") for n, one in enumerate(asked)])
    return found if filters.with_closed else found.where(_f.status != "closed")


def _per_patient(connection: Connection, filters: Filters, as_of: int, now: datetime) -> tuple[np.ndarray, ...]:
    """Patients with a flag, what is packed of each, whether anything of hers is overdue, and whether the filters on flags let her pass: each may
    let another flag of hers pass. Databases take longer to group so many rows."""
    whose, packed, late, *asked = database.unordered(connection, _flags(filters, as_of, now))
    best = np.zeros(1 + whose.max(initial=0), np.int64)
    np.maximum.at(best, whose, packed)
    patients = np.flatnonzero(best)

    def ever(each: np.ndarray) -> np.ndarray:
        found = np.zeros(len(best), bool)
        found[whose[each == 1]] = True
        return found[patients]
    return patients, best[patients], ever(late), np.logical_and.reduce([np.ones(len(patients), bool), *map(ever, asked)])


def _worst_first(patients: np.ndarray, best: np.ndarray, late: np.ndarray, as_of: int) -> np.ndarray:
    """Their places, the first first. The keys are packed again: tier and whether it waits, state, how old, overdue, day; ties go by number."""
    code, day = best // _DAYS, best % _DAYS
    age = as_of + _SHIFT - day
    fresh = (age <= CURRENT).astype(np.int64) + (age <= RECENT)
    return np.argsort(patients - (((((code % 8 * 3 + code // 8) * 3 + fresh) * 2 + late) * _DAYS + day) << 31))


def _placed(connection: Connection, by: str, now: datetime, flagged: np.ndarray, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Patients, and which place each has in an order; several may share one. `days`: of the evidence that the lines of `flagged` speak of."""
    if by == "newest":
        return flagged, -days
    if by == "id":
        patients, = database.numbers(connection, select(patient.c.patient).join(source, source.c.source == patient.c.source).order_by(
            patient.c.patient_id, source.c.name))
        return patients, np.arange(len(patients))
    # who put a flag off until a day has to look at it now
    due = func.min(case((_woken(now), audit.utc(now)), else_=DUE))
    return database.unordered(connection, select(_f.patient, func.dense_rank().over(order_by=due)).where(or_(DUE.is_not(None), _woken(now))).group_by(
        _f.patient))


def lineup(connection: Connection, filters: Filters, *, as_of: int, now: datetime, by: str = "worst") -> Lineup:
    """In one of these orders: `worst`: tier, unacknowledged first, current before recent before historic, overdue, newest; `overdue`: the longest
    overdue first, then what is due next; `newest`: by the evidence that the lines speak of; `id`. What is alike in one of the others comes in the
    first. Where a bucket without a tier is asked for, its patients without a flag come last, but by id."""
    patients, best, late, kept = _per_patient(connection, filters, as_of, now)
    first = _worst_first(patients, best, late, as_of)
    patients, best, kept = patients[first], best[first], kept[first]
    stands, rank, waits = _unpacked(best)
    if filters.bucket in TIER_OF:
        kept &= rank == TIERS.index(TIER_OF[filters.bucket])
    if filters.sources or filters.find.strip() or filters.bucket in UNFLAGGED:
        kept &= np.isin(patients, database.numbers(connection, _said_of(filters))[0])
    waiting = np.unique(notes.waiting(connection, as_of)["patient"].to_numpy(np.int64)) if filters.notes else None
    if waiting is not None:
        kept &= np.isin(patients, waiting)
    asleep = kept & (stands == ASLEEP) & ("snoozed" not in filters.statuses)
    kept &= ~asleep
    unflagged = filters.bucket in UNFLAGGED or waiting is not None
    rest, all_rest = _without_flag(connection, filters, as_of, patients, waiting) if unflagged else (patients[:0], 0)
    shown = np.concatenate([patients[kept], rest])
    if by != "worst":
        known, place = _placed(connection, by, now, patients, best % _DAYS)
        of = np.full(1 + max(shown.max(initial=0), known.max(initial=0)), np.iinfo(np.int64).max)  # who has no place comes last
        of[known] = place
        shown = shown[np.argsort(of[shown], kind="stable")]
    return Lineup(shown.astype(np.int32), patients[kept & (rank == 2) & waits].astype(np.int32),
                  {tier: int((kept & (rank == place)).sum()) for place, tier in enumerate(TIERS)}, len(patients) + all_rest,
                  int((~kept & (rank == 0) & (stands != CLOSED)).sum()), int(asleep.sum()), by)


def _said_of(filters: Filters) -> Select:
    """Patients that the filters on what diaries say let pass."""
    found = select(patient.c.patient).join(source, source.c.source == patient.c.source).where(*_named(filters))
    return found.join(patient_outcome, patient_outcome.c.patient == patient.c.patient).where(
        patient_outcome.c.bucket == filters.bucket) if filters.bucket in UNFLAGGED else found


def _named(filters: Filters) -> list[ColumnElement[bool]]:
    found = [source.c.name.in_(filters.sources)] if filters.sources else []
    return found + ([patient.c.patient_id.icontains(filters.find.strip(), autoescape=True)] if filters.find.strip() else [])


def _without_flag(connection: Connection, filters: Filters, as_of: int, flagged: np.ndarray, waiting: np.ndarray | None) -> tuple[np.ndarray, int]:
    """Patients of a bucket, or with a note to read, who have no flag on the list, the longest silent last; and how many there are whatever the
    other filters."""
    o = patient_outcome.c
    whom = [o.bucket == filters.bucket] if filters.bucket else []
    if waiting is not None:
        kept_rows = pa.table({"patient": pa.array(waiting, pa.int32())})
        whom.append(o.patient.in_(select(database.store_rows(connection, "waiting_patient", {"patient": Integer}, kept_rows).c.patient)))
    passes = _named(filters) + ([o.last_day >= as_of - filters.within_days] if filters.within_days is not None else [])
    if filters.statuses or filters.owners or filters.rules or filters.whose:
        passes.append(false())
    found = select(o.patient, case((and_(True, *passes), 1), else_=0).label("kept")).select_from(patient_outcome).join(
        patient, patient.c.patient == o.patient).join(source, source.c.source == patient.c.source).where(*whom).order_by(
        o.last_day.desc().nulls_last(), source.c.name, patient.c.patient_id)
    patients, kept = database.numbers(connection, found)
    plain = ~np.isin(patients, flagged)
    return patients[plain & (kept == 1)], int(plain.sum())


def loosened(connection: Connection, filters: Filters, *, as_of: int, now: datetime) -> dict[str, int]:
    """How many patients each filter that is set hides by itself: those who are left when it alone is taken away. Only where there are some."""
    left = {}
    for filter_ in fields(Filters):
        if getattr(filters, filter_.name) != filter_.default:
            left[filter_.name] = len(lineup(connection, replace(filters, **{filter_.name: filter_.default}), as_of=as_of, now=now).patients)
    return {name: number for name, number in left.items() if number}
