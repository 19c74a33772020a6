"""The only door to diary rows: which entries exist, as of a day and as known at an event; and which of them a question is about."""
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Self

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, Subquery, Table, and_, case, exists, func, literal, or_, select
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from dashboard.codelists import ANSWERED, LOCATION, QUALITY, SYMPTOM, Codelist
from dashboard.database import band, has
from dashboard.days import date_of, day_of
from dashboard.errors import Refused
from dashboard.people import DURATIONS, duration_class, people
from dashboard.schema import diary_entry, handover, import_batch, patient, patient_outcome, source, supersession
from dashboard.wording import listing, number, period, span


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
    e = diary_entry.c
    gone = list(connection.scalars(select(import_batch.c.batch).where(~_live(known_at))))
    batch = e.batch if known_at is None else _batch_known_at(known_at)
    superseded = e.superseded if known_at is None else _superseded_known_at(known_at)
    found = select(*diary_entry.c, *new_only(e)).where(e.day <= as_of, ~superseded)
    if gone:
        found = found.where(batch.not_in(gone))
    if patients is None:
        return found
    if isinstance(patients, Table | Subquery):
        return found.where(e.patient.in_(select(patients.c.patient)))
    return found.where(e.patient.in_([int(number) for number in patients]))


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


def _batch_known_at(known_at: int) -> ColumnElement[int]:
    """An entry's batch before every handover that came later."""
    later = select(handover.c.from_batch).where(
        handover.c.entry == diary_entry.c.entry, handover.c.event > known_at).order_by(handover.c.event).limit(1)
    return func.coalesce(later.scalar_subquery(), diary_entry.c.batch)


def _superseded_known_at(known_at: int) -> ColumnElement[bool]:
    return exists(select(literal(1)).select_from(supersession.join(import_batch, import_batch.c.batch == supersession.c.batch)).where(
        supersession.c.entry == diary_entry.c.entry, _live(known_at)))


def patients(known_at: int | None = None) -> Select:
    """Everybody with an entry in a live batch, whatever its day: patient, source (name), patient_id."""
    batch = diary_entry.c.batch if known_at is None else _batch_known_at(known_at)
    known = select(diary_entry.c.patient).select_from(diary_entry).join(import_batch, import_batch.c.batch == batch).where(_live(known_at))
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

NONE, NOT_RECORDED = "none", "not_recorded"
BUCKETS = {"emergency": "emergency", "same_day": "same-day", "not_assessable": "not assessable", "routine": "routine",
           "no_criterion_met": "no criterion met", "no_entries": "no entries"}
TIERS = ("E", "U", "R")
_PEOPLE = {"female": "women", "male": "men", "other": "people of another sex", NOT_RECORDED: "patients of unknown sex"}
_PLACES = {"between_shoulder_blades": "between the shoulder blades", "everywhere": "everywhere", "other": "in another place"}
_WORDS = {"pins_and_needles": "pins-and-needles", "electric_shock": "electric-shock", "other": "otherwise described"}
_CODES: dict[str, tuple[str, ...]] = {
    "sexes": tuple(_PEOPLE), "buckets": (*BUCKETS, NOT_RECORDED), "tiers": (*TIERS, NONE, NOT_RECORDED),
    "locations": (*LOCATION.bit, NONE, NOT_RECORDED), "qualities": (*QUALITY.bit, NONE, NOT_RECORDED),
    "durations": (*DURATIONS, NOT_RECORDED), "symptoms": (*SYMPTOM.bit, NOT_RECORDED)}
_FIRST_DAY, _LAST_DAY = day_of(date(1900, 1, 1)), day_of(date(2100, 1, 1))
_BOUNDS = {"since": (_FIRST_DAY, _LAST_DAY), "until": (_FIRST_DAY, _LAST_DAY), "age_from": (1, 150), "age_to": (0, 150),
           "severity_from": (0, 10), "severity_to": (0, 10)}


@dataclass(frozen=True)
class Cohort:
    """Which entries: those that meet every field given, each by any of its values; `none` is the answer "none", `not_recorded` no answer.

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
    durations: tuple[str, ...] = ()
    severity_from: float | None = None
    severity_to: float | None = None
    severity_not_recorded: bool = False
    symptoms: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # one order for each question, so that equal questions are equal objects, sentences, addresses and cache keys
        object.__setattr__(self, "sources", tuple(sorted(set(self.sources))))
        for name, known in _CODES.items():
            if not set(getattr(self, name)) <= set(known):
                raise Refused(f"{name}: not a known code. Expected any of {', '.join(known)}.")
            object.__setattr__(self, name, tuple(code for code in known if code in getattr(self, name)))
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise Refused(f"{name}: expected {_text(name, least)} to {_text(name, most)}.")
            # engines refuse numbers of numpy's kinds, and 0 and -0 are one question
            object.__setattr__(self, name, value if value is None else float(value) + 0 if name.startswith("severity") else int(value))
        for low, high in (("since", "until"), ("age_from", "age_to"), ("severity_from", "severity_to")):
            if None not in (getattr(self, low), getattr(self, high)) and getattr(self, low) > getattr(self, high):
                raise Refused(f"{low.replace('_', ' ')} lies after {high.replace('_', ' ')}: nothing can be between them.".capitalize())

    def matching(self, connection: Connection, as_of: int, known_at: int | None = None) -> Select:
        """The live entries of the cohort, with the columns of the door."""
        live = entries(connection, as_of, known_at).subquery("live")
        return select(live).where(*self.where(live, as_of))

    def where(self, live: Subquery | Table, as_of: int) -> list[ColumnElement[bool]]:
        """Conditions on the columns of `live`, which has to be all live entries: what is said of a patient is looked up in it."""
        e = live.c
        found = _any(_between(e.day, self.since, self.until))
        if self.sources:
            found.append(e.patient.in_(select(patient.c.patient).join(source, source.c.source == patient.c.source).where(
                source.c.name.in_(self.sources))))
        if self.sexes or self.age_from is not None or self.age_to is not None or self.age_not_recorded:
            who, year = people(live.alias("lives")).subquery("people"), date_of(as_of).year
            born = (None if self.age_to is None else year - self.age_to, None if self.age_from is None else year - self.age_from)
            found.append(e.patient.in_(select(who.c.patient).where(
                *_any(_plain(self.sexes) and who.c.sex.in_(_plain(self.sexes)), NOT_RECORDED in self.sexes and who.c.sex.is_(None)),
                *_any(_between(who.c.birth_year, *born), self.age_not_recorded and who.c.birth_year.is_(None)))))
        outcome = select(patient_outcome.c.patient)
        for column, codes in ((patient_outcome.c.bucket, self.buckets), (patient_outcome.c.tier, self.tiers)):
            stands = _any(_plain(codes) and column.in_(_plain(codes)), NONE in codes and column.is_(None))
            found += _any(stands and e.patient.in_(outcome.where(*stands)), NOT_RECORDED in codes and e.patient.not_in(outcome))
        found += _listed(live, "locations", LOCATION, self.locations)
        found += _listed(live, "qualities", QUALITY, self.qualities)
        classes = [place for place, name in enumerate(DURATIONS) if name in self.durations]
        found += _any(classes and duration_class(live).in_(classes), NOT_RECORDED in self.durations and e.onset_day.is_(None))
        found += _any(_between(e.severity, self.severity_from, self.severity_to), self.severity_not_recorded and e.severity.is_(None))
        present = _plain(self.symptoms)
        found += _any(present and has(e.symptoms_present, SYMPTOM.bits(present)),
                      NOT_RECORDED in self.symptoms and and_(e.symptoms_present == 0, e.symptoms_denied == 0))
        return found

    def describe(self) -> str:
        """The question as an English sentence without its full stop; different questions read differently."""
        ages = span(self.age_from, self.age_to, "over {}", "under {}", "aged {}", 1) + ["of unknown age"] * self.age_not_recorded
        who = listing((_PEOPLE[code] for code in self.sexes), "or") or "patients"
        words = [f"of {who}{',' if len(self.sexes) > 1 and ages else ''} {listing(ages, 'or')}".rstrip()] if self.sexes or ages else []
        words += [f"from {listing(self.sources, 'or')}"] if self.sources else []
        stands = [f"{name} is {listing(_named(codes, labels, 'not evaluated yet', 'none'), 'or')}" for name, labels, codes in
                  (("bucket", BUCKETS, self.buckets), ("worst tier", {}, self.tiers)) if codes]
        words += [f"whose {listing(stands, 'and')}"] if stands else []
        # "burning pain in the neck" where it can be said so, else "location neck or not recorded"
        like = [_WORDS.get(code, QUALITY.label[code].lower()) for code in _sayable(self.qualities)]
        places = [_PLACES.get(code, f"in the {LOCATION.label[code].lower()}") for code in _sayable(self.locations)]
        severity = span(self.severity_from, self.severity_to, "{} or more", "{} or less", "{}")
        clauses = [f"{listing(like, 'or')} pain {listing(places, 'or')}".strip()] if like or places else []
        clauses += [f"{name} {listing(named, 'or')}" for name, named in (
            ("quality", [] if like else _named(self.qualities, QUALITY.label)),
            ("location", [] if places else _named(self.locations, LOCATION.label)),
            ("duration", _named(self.durations, DURATIONS)),
            ("severity", severity + ["not recorded"] * self.severity_not_recorded),
            ("symptom", _named(self.symptoms, SYMPTOM.label, "none asked about"))) if named]
        words += [f"with {listing(clauses, 'and')}"] if clauses else []
        when = period(self.since, self.until)
        return " ".join(("Entries" if words else "All entries", *words)) + (f", {when}" if when else "")

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


def _plain(codes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(code for code in codes if code not in (NONE, NOT_RECORDED))


def _sayable(codes: tuple[str, ...]) -> tuple[str, ...]:
    return codes if _plain(codes) == codes else ()


def _any(*conditions: object) -> list[ColumnElement[bool]]:
    given = [condition for condition in conditions if isinstance(condition, ColumnElement)]
    return [or_(*given)] if given else []


def _between(column: ColumnElement, low: float | None, high: float | None) -> ColumnElement[bool] | None:
    bounds = [*(() if low is None else (column >= low,)), *(() if high is None else (column <= high,))]
    return and_(*bounds) if bounds else None


def _listed(live: Subquery | Table, field: str, codelist: Codelist, codes: tuple[str, ...]) -> list[ColumnElement[bool]]:
    said, answered, plain = live.c[field], has(live.c.answered, ANSWERED.bits((field,))), _plain(codes)
    return _any(plain and has(said, codelist.bits(plain)), NONE in codes and and_(answered, said == 0), NOT_RECORDED in codes and ~answered)


def _named(codes: tuple[str, ...], labels: Mapping[str, str], not_recorded: str = "not recorded",
           none: str = "answered with none") -> list[str]:
    named = {**{code: label.lower() for code, label in labels.items()}, NONE: none, NOT_RECORDED: not_recorded}
    return [named.get(code, code) for code in codes]


def _text(name: str, value: float) -> str:
    return date_of(int(value)).isoformat() if name in ("since", "until") else "yes" if value is True else number(value)


def _value(name: str, text: str) -> int | float | bool:
    try:
        if name in ("since", "until"):
            return day_of(date.fromisoformat(text))
        if name.endswith("_not_recorded"):
            return {"yes": True, "no": False}[text]
        return int(text) if name.startswith("age") else float(text)
    except (ValueError, KeyError):
        expected = "a date such as 2026-03-31" if name in ("since", "until") else "yes or no" if name.endswith("_not_recorded") else "a number"
        raise Refused(f"{name}: this value cannot be read. Expected {expected}.") from None
