"""Cohorts and their distributions once more, one entry at a time, without bits or SQL; and a way into the database for the same
entries."""
from collections import Counter, defaultdict
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pyarrow as pa
from sqlalchemy import Engine

from dashboard import database
from dashboard.codelists import ANSWERED, CODELISTS, LISTS
from dashboard.cohort import Cohort
from dashboard.schema import diary_entry, import_batch, patient, patient_outcome, source, supersession

FIELDS = ("locations", "qualities", "relief_tried", "relief_helped")
TREATMENTS = [code for code in CODELISTS["relief"].bit if code != "none_helped"]


@dataclass(frozen=True)
class Entry:
    """A list field is None where blank and empty where answered with none. `symptoms` holds the answers, True or False by code."""
    patient: str
    day: int
    time: int | None = None  # microseconds since midnight
    source: str = "clinic"
    batch: int = 1
    superseded_by: tuple[int, ...] = ()  # batches that brought a newer version of it
    locations: tuple[str, ...] | None = None
    qualities: tuple[str, ...] | None = None
    relief_tried: tuple[str, ...] | None = None
    relief_helped: tuple[str, ...] | None = None
    symptoms: dict[str, bool] = field(default_factory=dict)
    severity: float | None = None
    worst: float | None = None
    onset: int | None = None
    birth_year: int | None = None
    sex: str | None = None

    @property
    def who(self) -> tuple[str, str]:
        return self.source, self.patient


@dataclass(frozen=True)
class World:
    entries: list[Entry]
    batches: dict[int, tuple[int, int | None]] = field(default_factory=lambda: {1: (1, None)})  # committed at, undone at, as event numbers
    outcomes: dict[tuple[str, str], tuple[str, str | None]] = field(default_factory=dict)  # bucket and tier

    def live(self, as_of: int, known_at: int | None = None) -> list[Entry]:
        live = {batch for batch, (committed, undone) in self.batches.items()
                if (undone is None if known_at is None else committed <= known_at and (undone is None or undone > known_at))}
        return [e for e in self.entries if e.day <= as_of and e.batch in live and not live & set(e.superseded_by)]


# --- which entries ----------------------------------------------------------------------------------------------------------------

def _moment(entry: Entry) -> tuple[int, int]:
    return entry.day, -1 if entry.time is None else entry.time


def _last(entries: list[Entry], said: str, rank: list[str] | None = None) -> object:
    """As last answered; of two at the very same moment the larger, or the later in the vocabulary."""
    given = [(_moment(e), rank.index(getattr(e, said)) if rank else getattr(e, said)) for e in entries if getattr(e, said) is not None]
    if not given:
        return None
    return rank[max(given)[1]] if rank else max(given)[1]


def _class(entry: Entry) -> str:
    if entry.onset is None:
        return "not_recorded"
    weeks = Fraction(entry.day - entry.onset, 7)
    return "under_6_weeks" if weeks < 6 else "6_to_12_weeks" if weeks < 12 else "12_weeks_and_more"


def _bounded(value: float | None, low: float | None, high: float | None, not_recorded: bool) -> bool:
    if low is None and high is None and not not_recorded:
        return True
    if value is None:
        return not_recorded
    return (low is not None or high is not None) and (low is None or value >= low) and (high is None or value <= high)


def _any_of(wanted: tuple[str, ...], said: tuple[str, ...] | None) -> bool:
    given = {"not_recorded"} if said is None else set(said) or {"none"}
    return not wanted or bool(given & set(wanted))


def matching(world: World, cohort: Cohort, as_of: int, known_at: int | None = None) -> list[Entry]:
    live, found = world.live(as_of, known_at), []
    for e in live:
        own = [other for other in live if other.who == e.who]
        born = _last(own, "birth_year")
        year = (date(1970, 1, 1) + timedelta(days=as_of)).year
        bucket, tier = world.outcomes.get(e.who, ("not_recorded", "not_recorded"))
        yes = tuple(code for code, answer in e.symptoms.items() if answer)
        if (_bounded(e.day, cohort.since, cohort.until, False)
                and (not cohort.sources or e.source in cohort.sources)
                and (not cohort.sexes or (_last(own, "sex", ["female", "male", "other"]) or "not_recorded") in cohort.sexes)
                and _bounded(None if born is None else year - born, cohort.age_from, cohort.age_to, cohort.age_not_recorded)
                and (not cohort.buckets or bucket in cohort.buckets)
                and (not cohort.tiers or (tier or "none") in cohort.tiers)
                and _any_of(cohort.locations, e.locations) and _any_of(cohort.qualities, e.qualities)
                and (not cohort.durations or _class(e) in cohort.durations)
                and _bounded(e.severity, cohort.severity_from, cohort.severity_to, cohort.severity_not_recorded)
                and (not cohort.symptoms or _any_of(cohort.symptoms, yes or ("denied",) if e.symptoms else None))):
            found.append(e)
    return found


# --- how many ---------------------------------------------------------------------------------------------------------------------

def _half_up(value: Fraction) -> int:
    return int((Decimal(value.numerator) / Decimal(value.denominator) + Decimal("0.000001")).quantize(Decimal(1), ROUND_HALF_UP))


def summary(world: World, cohort: Cohort, as_of: int, known_at: int | None = None, per: str = "patient") -> dict:
    """What `distributions.summary` counts, without its dates and its sentence."""
    found = matching(world, cohort, as_of, known_at)
    diaries: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for e in found:
        diaries[e.who].append(e)
    units = list(diaries.values()) if per == "patient" else [[e] for e in found]
    relief = [_relief(unit) for unit in units]
    asked_relief = sum(r is not None for r in relief)
    said = [r for r in relief if r is not None]
    return {
        "base": {"patients": len(diaries), "entries": len(found),
                 "entries_per_patient": _quartiles([len(diary) for diary in diaries.values()])},
        "location": _listed(units, "locations", CODELISTS["location"].bit),
        "quality": _listed(units, "qualities", CODELISTS["quality"].bit),
        "duration": _durations(units),
        "severity": {**_numbers([_mean(unit) for unit in units]),
                     "worst": _numbers([max((Fraction(e.worst) for e in unit if e.worst is not None), default=None) for unit in units])},
        "quality_by_location": _by_location(units),
        "symptoms": {code: _symptom(units, code) for code in CODELISTS["symptom"].bit},
        "relief": {code: {"tried": sum(code in tried for tried, _, _ in said), "helped": sum(code in helped for _, helped, _ in said),
                          "help_not_recorded": sum(code in unsaid for _, _, unsaid in said),
                          "answered": asked_relief, "not_recorded": len(units) - asked_relief} for code in TREATMENTS},
        "no_relief": {"nothing_tried": _nothing(units, "relief_tried"), "nothing_helped": _nothing(units, "relief_helped", "none_helped")},
    }


def _listed(units: list[list[Entry]], name: str, codes: dict[str, int]) -> dict:
    answers = [[getattr(e, name) for e in unit if getattr(e, name) is not None] for unit in units]
    answered = [answer for answer in answers if answer]
    counts = {code: sum(any(code in lists for lists in answer) for answer in answered) for code in codes}
    return {"answered": len(answered), "not_recorded": len(units) - len(answered),
            "counts": {**counts, "none": sum(any(lists == () for lists in answer) for answer in answered)}}


def _by_location(units: list[list[Entry]]) -> dict:
    found = {}
    for place in CODELISTS["location"].bit:
        there = [said for unit in units if (said := [set(e.qualities or ()) for e in unit if place in (e.locations or ())])]
        if there:
            counts = Counter(code for said in there for code in set().union(*said))
            found[place] = {"named": len(there), "counts": dict(counts)}
    return found


def _durations(units: list[list[Entry]]) -> dict:
    order = ["under_6_weeks", "6_to_12_weeks", "12_weeks_and_more"]
    counts = dict.fromkeys((*order, "not_recorded"), 0)
    for unit in units:
        known = [(_moment(e), order.index(_class(e))) for e in unit if e.onset is not None]
        counts[order[max(known)[1]] if known else "not_recorded"] += 1
    return {"answered": len(units) - counts["not_recorded"], "not_recorded": counts["not_recorded"], "counts": counts}


def _mean(unit: list[Entry]) -> Fraction | None:
    given = [Fraction(e.severity) for e in unit if e.severity is not None]
    return sum(given) / len(given) if given else None


def _numbers(values: list[Fraction | None]) -> dict:
    known = [_half_up(value) for value in values if value is not None]
    return {"answered": len(known), "not_recorded": len(values) - len(known), "counts": {str(n): known.count(n) for n in range(11)}}


def _symptom(units: list[list[Entry]], code: str) -> dict:
    answers = [[e.symptoms[code] for e in unit if code in e.symptoms] for unit in units]
    present, asked = sum(any(answer) for answer in answers), sum(bool(answer) for answer in answers)
    return {"present": present, "denied": asked - present, "not_asked": len(units) - asked, "answered": asked}


def _relief(unit: list[Entry]) -> tuple[set[str], set[str], set[str]] | None:
    if all(e.relief_tried is None and e.relief_helped is None for e in unit):
        return None
    helped = {code for e in unit for code in e.relief_helped or ()}
    tried = {code for e in unit for code in e.relief_tried or ()} | helped
    known = helped | {code for e in unit if e.relief_helped is not None for code in e.relief_tried or ()}
    return tried, helped, tried - known


def _nothing(units: list[list[Entry]], name: str, word: str = "none") -> dict:
    answers = [[getattr(e, name) for e in unit if getattr(e, name) is not None] for unit in units]
    answered = [answer for answer in answers if answer]
    return {"n": sum(any(not said or word in said for said in answer) for answer in answered), "answered": len(answered),
            "not_recorded": len(units) - len(answered)}


def _quartiles(lengths: list[int]) -> dict:
    """Between the two neighbours, in proportion."""
    lengths = sorted(lengths)

    def at(share: Fraction) -> float | None:
        if not lengths:
            return None
        place = share * (len(lengths) - 1)
        below = int(place)
        above = min(below + 1, len(lengths) - 1)
        return float(lengths[below] + (lengths[above] - lengths[below]) * (place - below))
    return {"median": at(Fraction(1, 2)), "q1": at(Fraction(1, 4)), "q3": at(Fraction(3, 4))}


# --- the cohort page --------------------------------------------------------------------------------------------------------------

OWN = {"base": (), "buckets": ("buckets", "tiers"), "locations": ("locations",), "qualities": ("qualities",), "durations": ("durations",),
       "severity": ("severity_from", "severity_to", "severity_not_recorded"), "symptoms": ("symptoms",),
       "together": ("locations", "qualities")}
PARTS = {"locations": "location", "qualities": "quality", "durations": "duration", "severity": "severity", "symptoms": "symptoms",
         "together": "quality_by_location"}


def chart(world: World, cohort: Cohort, name: str, as_of: int, known_at: int | None = None, per: str = "patient") -> dict:
    """What a chart counts: every filter but its own."""
    asked = Cohort(**{field.name: getattr(cohort, field.name) for field in fields(Cohort) if field.name not in OWN[name]})
    if name == "buckets":
        return dict(Counter(_bucket(world, who) for who in {e.who for e in matching(world, asked, as_of, known_at)}))
    whole = summary(world, asked, as_of, known_at, per)
    return whole[PARTS[name]] if name in PARTS else {unit: whole["base"][unit] for unit in ("patients", "entries")}


def members(world: World, cohort: Cohort, as_of: int) -> list[tuple]:
    """source, id, bucket, matching entries, last day, worst, places; the worst bucket first, then the newest."""
    diaries: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for e in matching(world, cohort, as_of):
        diaries[e.who].append(e)
    rank = ["emergency", "same_day", "not_assessable", "routine", "no_criterion_met", "no_entries", "not_recorded"]
    order = sorted(diaries, key=lambda who: (rank.index(_bucket(world, who)), -max(e.day for e in diaries[who]), who))
    return [(*who, _bucket(world, who), len(diaries[who]), max(e.day for e in diaries[who]),
             max((e.worst for e in diaries[who] if e.worst is not None), default=None),
             {code for e in diaries[who] for code in e.locations or ()}) for who in order]


def _bucket(world: World, who: tuple[str, str]) -> str:
    return world.outcomes.get(who, ("not_recorded", None))[0]


# --- into the database ------------------------------------------------------------------------------------------------------------

TYPES = {"entry": pa.int64(), "patient": pa.int32(), "batch": pa.int32(), "row_number": pa.int32(), "day": pa.int32(), "time_of_day": pa.int64(),
         "precision": pa.string(), "severity": pa.float64(), "worst_severity": pa.float64(), "onset_day": pa.int32(), "birth_year": pa.int16(),
         "sex": pa.string(), "superseded": pa.bool_(),
         **dict.fromkeys((*LISTS, "answered", "symptoms_present", "symptoms_denied", "history_present", "history_denied"), pa.int64())}


def insert(engine: Engine, world: World) -> None:
    people = {who: number for number, who in enumerate(sorted({e.who for e in world.entries}), 1)}
    sources = {name: number for number, name in enumerate(sorted({name for name, _ in people}), 1)}
    live = {batch for batch, (_, undone) in world.batches.items() if undone is None}
    counts = dict.fromkeys(("rows_in", "loaded", "quarantined", "duplicate", "left_out", "entries", "revised", "repeats", "imported_day"), 0)
    rows = {
        source: [{"source": number, "name": name} for name, number in sources.items()],
        patient: [{"patient": number, "source": sources[name], "patient_id": own} for (name, own), number in people.items()],
        import_batch: [{"batch": batch, "file_name": "diary.csv", "sha256": "", "demo": False, **counts, "committed_event": committed,
                        "undone_event": undone} for batch, (committed, undone) in world.batches.items()],
        patient_outcome: [{"patient": people[who], "evaluation": 1, "bucket": bucket, "tier": tier}
                          for who, (bucket, tier) in world.outcomes.items()],
        supersession: [{"entry": number, "by_entry": 0, "batch": batch}
                       for number, e in enumerate(world.entries, 1) for batch in e.superseded_by]}
    written = [_row(number, e, people[e.who], bool(live & set(e.superseded_by))) for number, e in enumerate(world.entries, 1)]
    with database.writing(engine) as connection:
        for table, some in rows.items():
            if some:
                connection.execute(table.insert(), some)
        columns = {name: pa.array([row[name] for row in written], kind) for name, kind in TYPES.items()}
        database.append(connection, diary_entry, pa.table(columns))


def _row(number: int, e: Entry, who: int, superseded: bool) -> dict:
    bits = CODELISTS["symptom"].bits
    lists = {name: LISTS[name].bits(getattr(e, name, None) or ()) for name in LISTS}
    return {"entry": number, "patient": who, "batch": e.batch, "row_number": number, "day": e.day, "time_of_day": e.time,
            "precision": "date" if e.time is None else "local", "severity": e.severity, "worst_severity": e.worst, "onset_day": e.onset,
            "birth_year": e.birth_year, "sex": e.sex, "superseded": superseded, **lists,
            "answered": ANSWERED.bits(name for name in FIELDS if getattr(e, name) is not None),
            "symptoms_present": bits(code for code, yes in e.symptoms.items() if yes),
            "symptoms_denied": bits(code for code, yes in e.symptoms.items() if not yes), "history_present": 0, "history_denied": 0}
