"""The only door to diary rows: which entries exist, as of a day and as known at an event; and which of them a question is about."""
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import lru_cache
from typing import Self

from sqlalchemy import BigInteger, ColumnElement, Connection, FromClause, Select, Subquery, Table, and_, case, exists, func, literal, or_, select
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from dashboard import conditions, phrases
from dashboard.codelists import AGGRAVATOR, CHOICES, HISTORY, LOCATION, QUALITY, SYMPTOM
from dashboard.conditions import CHOSEN, FIELD, HOURS, NIGHT, NONE, NOT_RECORDED, PERIOD, RANGES, TREATMENTS, range_names
from dashboard.database import band, has
from dashboard.days import date_of, day_of
from dashboard.errors import Refused
from dashboard.people import DURATIONS, HIGH_PAIN
from dashboard.phrases import BUCKETS, PEOPLE
from dashboard.schema import diary_entry, handover, import_batch, patient, source, supersession
from dashboard.wording import number


def live_batches(connection: Connection, known_at: int | None = None) -> list[int]:
    return list(connection.scalars(select(import_batch.c.batch).where(_live(known_at)).order_by(import_batch.c.batch)))


def _live(known_at: int | None) -> ColumnElement[bool]:
    batch = import_batch.c
    if known_at is None:
        return batch.undone_event.is_(None)
    return and_(batch.committed_event <= known_at, or_(batch.undone_event.is_(None), batch.undone_event > known_at))


def entries(connection: Connection, as_of: int, known_at: int | None = None,
            patients: Collection[int] | Table | Subquery | None = None) -> Select:
    """Live entries up to a day, with every column of `diary_entry` and, derived at the door, `present_new` and `denied_new`: a red flag
    that its own entry calls old and known counts as denied there. `patients` are a few numbers, or a table with a column `patient`.
    `known_at` is an event number; None is the latest, which reads the two columns that imports and undos keep up to date."""
    found = _entries(int(as_of), known_at, tuple(connection.scalars(select(import_batch.c.batch).where(~_live(known_at)))))
    if patients is None:
        return found
    those = select(patients.c.patient) if isinstance(patients, Table | Subquery) else [int(number) for number in patients]
    return found.where(diary_entry.c.patient.in_(those))


@lru_cache(maxsize=32)
def _entries(as_of: int, known_at: int | None, gone: tuple[int, ...]) -> Select:
    e = diary_entry.c
    stored, batch = (diary_entry, e.batch) if known_at is None else _batch_known_at(known_at)
    superseded = e.superseded if known_at is None else _superseded_known_at(known_at)
    found = select(*e, *new_only(e)).select_from(stored).where(e.day <= as_of, ~superseded)
    return found.where(batch.not_in(gone)) if gone else found


def holds_at_most(connection: Connection, entries: int) -> bool:
    """Whether no more are stored, live or not; counted no further than that."""
    some = select(literal(1)).select_from(diary_entry).limit(entries + 1).subquery()
    return int(connection.scalar(select(func.count()).select_from(some))) <= entries


def new_only(e: ReadOnlyColumnCollection) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """`present_new` and `denied_new` of entries, planned ones too."""
    longstanding = SYMPTOM.bits(("longstanding",))
    old = has(e.symptoms_present, longstanding)
    # the row's own yes to `longstanding` is not itself denied
    denied = e.symptoms_denied + e.symptoms_present - band(e.symptoms_present, longstanding)
    return (case((old, literal(0, BigInteger)), else_=e.symptoms_present).label("present_new"),
            case((old, denied), else_=e.symptoms_denied).label("denied_new"))


def _batch_known_at(known_at: int) -> tuple[FromClause, ColumnElement[int]]:
    """An entry's batch before every handover that came later, and what it is read from. Joined: a subquery for each entry goes through all
    handovers each time on PostgreSQL."""
    h = handover.c
    first = select(h.entry, func.min(h.event).label("event")).where(h.event > known_at).group_by(h.entry).subquery()
    later = select(h.entry, h.from_batch).join(first, and_(first.c.entry == h.entry, first.c.event == h.event)).subquery()
    return diary_entry.outerjoin(later, later.c.entry == diary_entry.c.entry), func.coalesce(later.c.from_batch, diary_entry.c.batch)


def _superseded_known_at(known_at: int) -> ColumnElement[bool]:
    return exists(select(literal(1)).select_from(supersession.join(import_batch, import_batch.c.batch == supersession.c.batch)).where(
        supersession.c.entry == diary_entry.c.entry, _live(known_at)))


def patients(known_at: int | None = None) -> Select:
    """Everybody with an entry in a live batch, whatever its day: patient, source (name), patient_id."""
    stored, batch = (diary_entry, diary_entry.c.batch) if known_at is None else _batch_known_at(known_at)
    known = select(diary_entry.c.patient).select_from(stored.join(import_batch, import_batch.c.batch == batch)).where(_live(known_at))
    return select(patient.c.patient, source.c.name.label("source"), patient.c.patient_id).select_from(patient).join(
        source, source.c.source == patient.c.source).where(patient.c.patient.in_(known))


def notes_after(entry: int) -> Select:
    """Notes of entries with a higher number, live or not, since an undo may bring back what was revised: entry, patient, note."""
    e = diary_entry.c
    return select(e.entry, e.patient, e.note).where(e.entry > int(entry), e.note.is_not(None)).order_by(e.entry)


def newest_entry(connection: Connection) -> int:
    """The highest number so far; 0 where there is none."""
    return int(connection.scalar(select(func.coalesce(func.max(diary_entry.c.entry), 0))))


def patients_of(batches: Collection[int]) -> Select:
    """Numbers of the patients of whom these batches hold an entry, live or not: those whose record a change of the batches may change."""
    return select(diary_entry.c.patient).where(diary_entry.c.batch.in_([int(number) for number in batches])).distinct()


def patients_dated(after: int, until: int) -> Select:
    """Numbers of the patients with an entry, live or not, of a later day than `after`, up to `until`."""
    return select(diary_entry.c.patient).where(diary_entry.c.day > int(after), diary_entry.c.day <= int(until)).distinct()


def data_through(connection: Connection, as_of: int, known_at: int | None = None) -> dict[str, int]:
    """The last day of each source with an entry on or before the day."""
    e = entries(connection, as_of, known_at).subquery()
    last = select(e.c.patient, func.max(e.c.day).label("day")).group_by(e.c.patient).subquery("last")
    found = select(source.c.name, func.max(last.c.day)).select_from(last).join(patient, patient.c.patient == last.c.patient).join(
        source, source.c.source == patient.c.source).group_by(source.c.name).order_by(source.c.name)
    return {name: int(day) for name, day in connection.execute(found)}


def find(connection: Connection, patient_id: str, source_name: str | None = None) -> list[tuple[int, str, str]]:
    """Patients of this id, in every source or in one: (patient, source, patient_id)."""
    known = patients().subquery()
    found = select(known.c.patient, known.c.source, known.c.patient_id).where(known.c.patient_id == patient_id).order_by(known.c.source)
    return [tuple(row) for row in connection.execute(found if source_name is None else found.where(known.c.source == source_name))]


# --- a question -------------------------------------------------------------------------------------------------------------------

TIERS = ("E", "U", "R")
CODES: dict[str, tuple[str, ...]] = {
    "sexes": tuple(PEOPLE), "buckets": (*BUCKETS, NOT_RECORDED), "tiers": (*TIERS, NONE, NOT_RECORDED),
    "locations": (*LOCATION.bit, NONE, NOT_RECORDED), "qualities": (*QUALITY.bit, NONE, NOT_RECORDED), "radiates_to": (*LOCATION.bit, NONE, NOT_RECORDED),
    "durations": (*DURATIONS, NOT_RECORDED), **{name: (*CHOICES[name], NOT_RECORDED) for name in CHOSEN}, "symptoms": (*SYMPTOM.bit, NOT_RECORDED),
    "history": (*HISTORY.bit, NOT_RECORDED), "aggravated_by": (*AGGRAVATOR.bit, NONE, NOT_RECORDED), "tried": (*TREATMENTS, NONE, NOT_RECORDED),
    "helped": (*TREATMENTS, NONE, NOT_RECORDED), "hours": (NIGHT, *HOURS, NOT_RECORDED), "high_pain": (*HIGH_PAIN, NOT_RECORDED), "blank": tuple(FIELD.bit)}
_FIRST_DAY, _LAST_DAY = day_of(date(1900, 1, 1)), day_of(date(2100, 1, 1))
_BOUNDS = {"since": (_FIRST_DAY, _LAST_DAY), "until": (_FIRST_DAY, _LAST_DAY),
           **{f"{name}_{end}": bounds for name, bounds in RANGES.items() for end in ("from", "to")}, "age_from": (1, 150)}
_YES_OR_NO = ("whole", *(range_names(name)[2] for name in RANGES))
_INTEGERS = ("since", "until", "age_from", "age_to")
# all that can be asked for by its contrary, and those of them of which an entry can hold several values
NEGATABLE = ("sources", *CODES, *RANGES, PERIOD)
SEVERAL = ("locations", "qualities", "radiates_to", "symptoms", "history", "aggravated_by", "tried", "helped", "blank")


@dataclass(frozen=True)
class Cohort:
    """Which entries: those that meet every field given, each by any of its values, or by all where `every` names the field; `none` is the
    answer "none", `not_recorded` no answer. A field in `negated` is met by what was answered otherwise: no answer is not a no. `blank`
    names fields without an answer. `period` in `negated` is all other days. With `whole`, all entries of every patient who has one that
    meets all this, and none on the same days that meets what is negated.

    Sex and age are the patient's: as last answered in any live entry, and the age reached in the calendar year of the as-of date.
    Bucket and tier are the patient's too, as the last stored evaluation left them; `not_recorded` is a patient not yet evaluated,
    tier `none` one who meets no rule of a tier. Everything else is said by the entry itself. Bounds count as inside."""
    since: int | None = None
    until: int | None = None
    sources: tuple[str, ...] = ()
    sexes: tuple[str, ...] = ()
    age_from: int | None = None
    age_to: int | None = None
    age_not_recorded: bool = False
    buckets: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    qualities: tuple[str, ...] = ()
    radiates_to: tuple[str, ...] = ()
    durations: tuple[str, ...] = ()
    onset_speed: tuple[str, ...] = ()
    pattern: tuple[str, ...] = ()
    bout_from: float | None = None
    bout_to: float | None = None
    bout_not_recorded: bool = False
    trend: tuple[str, ...] = ()
    severity_from: float | None = None
    severity_to: float | None = None
    severity_not_recorded: bool = False
    severity_kind: tuple[str, ...] = ()
    symptoms: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    worst_from: float | None = None
    worst_to: float | None = None
    worst_not_recorded: bool = False
    least_from: float | None = None
    least_to: float | None = None
    least_not_recorded: bool = False
    interference_from: float | None = None
    interference_to: float | None = None
    interference_not_recorded: bool = False
    temperature_from: float | None = None
    temperature_to: float | None = None
    temperature_not_recorded: bool = False
    aggravated_by: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()
    helped: tuple[str, ...] = ()
    hours: tuple[str, ...] = ()
    high_pain: tuple[str, ...] = ()
    blank: tuple[str, ...] = ()
    negated: tuple[str, ...] = ()
    every: tuple[str, ...] = ()
    whole: bool = False

    def __post_init__(self) -> None:
        # one order for each question, so that equal questions are equal objects, sentences, addresses and cache keys
        object.__setattr__(self, "sources", tuple(sorted(set(self.sources))))
        for name, known in CODES.items():
            if not set(getattr(self, name)) <= set(known):
                raise Refused(f"{name}: not a known code. Expected any of {', '.join(known)}.")
            object.__setattr__(self, name, tuple(code for code in known if code in getattr(self, name)))
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise Refused(f"{name}: expected {_text(name, least)} to {_text(name, most)}.")
            # engines refuse numbers of numpy's kinds, and 0 and -0 are one question
            object.__setattr__(self, name, value if value is None else int(value) if name in _INTEGERS else float(value) + 0)
        for name, known in (("negated", NEGATABLE), ("every", SEVERAL)):
            if not set(getattr(self, name)) <= set(known):
                raise Refused(f"{name}: not a field. Expected any of {', '.join(known)}.")
        # of a field that asks for nothing the contrary is nothing too, and any of one value is all of it
        object.__setattr__(self, "negated", tuple(name for name in NEGATABLE if name in self.negated and self.asks(name)))
        object.__setattr__(self, "every", tuple(name for name in SEVERAL if name in self.every and len(getattr(self, name)) > 1))
        for low, high, *_ in map(range_names, (PERIOD, *RANGES)):
            if None not in (getattr(self, low), getattr(self, high)) and getattr(self, low) > getattr(self, high):
                raise Refused(f"{low.replace('_', ' ')} lies after {high.replace('_', ' ')}: nothing can be between them.".capitalize())

    def matching(self, connection: Connection, as_of: int, known_at: int | None = None) -> Select:
        """The live entries of the cohort, with the columns of the door."""
        live = entries(connection, as_of, known_at).subquery("live")
        return select(live).where(*self.where(live, as_of))

    def asks(self, field: str) -> bool:
        """Whether it asks for anything in a field: a list, a range such as `age`, the period."""
        return conditions.asks(vars(self), field)

    @property
    def in_period(self) -> Self:
        """All entries of its days."""
        return type(self)(since=self.since, until=self.until, negated=(PERIOD,) * (PERIOD in self.negated))

    def where(self, live: Subquery | Table, as_of: int) -> list[ColumnElement[bool]]:
        """Conditions on the columns of `live`, which has to be all live entries: what is said of a patient is looked up in it."""
        asked = vars(self)
        of_patients = conditions.of_patients(live, asked, as_of)
        if not self.whole:
            said = conditions.of_entries(live, asked)
            return [*conditions.in_time(live, asked), *of_patients, *(one.wanted(field in self.negated) for field, one in said.items())]
        some = live.alias("some")
        said, in_time = conditions.of_entries(some, asked), conditions.in_time(some, asked)
        wanted = [*in_time, *(one.wanted(field in self.negated) for field, one in said.items())]
        contrary = [one.met for field, one in said.items() if field in self.negated]
        return [*of_patients, *([live.c.patient.in_(select(some.c.patient).where(*wanted))] if wanted else []),
                *([live.c.patient.not_in(select(some.c.patient).where(*in_time, or_(*contrary)))] if contrary else [])]

    def describe(self) -> str:
        """The question as an English sentence without its full stop; different questions read differently."""
        return phrases.describe(vars(self))

    def to_params(self) -> dict[str, list[str]]:
        """For an address: the fields given, each with its values as text. Holds no patient's id."""
        given = {field.name: getattr(self, field.name) for field in fields(self) if getattr(self, field.name) != field.default}
        return {name: list(value) if isinstance(value, tuple) else [_text(name, value)] for name, value in given.items()}

    @classmethod
    def from_params(cls, params: Mapping[str, str | Sequence[str]]) -> Self:
        """Of what `to_params` made; other names are somebody else's. Raises Refused for a value that cannot be read: leaving out a
        filter would answer another question."""
        given: dict[str, object] = {}
        for field in fields(cls):
            value = params.get(field.name, ())
            texts = (value,) if isinstance(value, str) else tuple(value)
            if texts:
                given[field.name] = texts if field.default == () else _value(field.name, texts[-1])
        return cls(**given)

    def question(self) -> str:
        """The one text of this question, for cache keys and saved cohorts."""
        return json.dumps(self.to_params(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _text(name: str, value: float) -> str:
    return date_of(int(value)).isoformat() if name in ("since", "until") else "yes" if value is True else number(value)


def _value(name: str, text: str) -> int | float | bool:
    try:
        if name in ("since", "until"):
            return day_of(date.fromisoformat(text))
        if name in _YES_OR_NO:
            return {"yes": True, "no": False}[text]
        return int(text) if name in _INTEGERS else float(text)
    except (ValueError, KeyError):
        expected = "a date such as 2026-03-31" if name in ("since", "until") else "yes or no" if name in _YES_OR_NO else "a number"
        raise Refused(f"{name}: this value cannot be read. Expected {expected}.") from None
