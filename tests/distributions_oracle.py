"""Cohorts and their distributions once more, one entry at a time, without bits or SQL; and a way into the database for the same
entries."""
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pyarrow as pa
from sqlalchemy import Engine

from dashboard import database
from dashboard.codelists import ANSWERED, CODELISTS, LISTS
from dashboard.cohort import Cohort
from dashboard.conditions import FIELD
from dashboard.schema import diary_entry, import_batch, patient, patient_outcome, source, supersession

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
    temperature: float | None = None
    history: dict[str, bool] = field(default_factory=dict)
    pattern: str | None = None
    trend: str | None = None
    onset_speed: str | None = None
    severity_kind: str | None = None
    least: float | None = None
    interference: float | None = None
    bout: float | None = None
    radiates_to: tuple[str, ...] | None = None
    aggravated_by: tuple[str, ...] | None = None
    note: str | None = None

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


def _either(answers: list[bool | None]) -> bool | None:
    return True if True in answers else None if None in answers else False


def _both(answers: list[bool | None]) -> bool | None:
    return False if False in answers else None if None in answers else True


Met = dict[str, bool | None]  # by field: met, not met, not known


def _values(cohort: Cohort, name: str, known: bool, says: Callable[[str], bool | None]) -> Met:
    """A field with values: `says` answers each of them, where anything is known."""
    codes = getattr(cohort, name)
    answers = [not known if code == "not_recorded" else says(code) if known else None for code in codes]
    return {name: (_both if name in cohort.every else _either)(answers)} if codes else {}


def _value_of(cohort: Cohort, name: str, value: str | None) -> Met:
    return _values(cohort, name, value is not None, lambda code: code == value)


def _range_of(cohort: Cohort, name: str, value: float | None) -> Met:
    low, high, blank = (getattr(cohort, f"{name}_{end}") for end in ("from", "to", "not_recorded"))
    if low is None and high is None:
        return {name: value is None} if blank else {}
    if value is None:
        return {name: True if blank else None}
    return {name: (low is None or value >= low) and (high is None or value <= high)}


def _listed_in(cohort: Cohort, name: str, said: tuple[str, ...] | None) -> Met:
    return _values(cohort, name, said is not None, lambda code: code in (said or ("none",)))


def of_entry(e: Entry, cohort: Cohort) -> Met:
    helped = None if e.relief_helped is None else () if "none_helped" in e.relief_helped else e.relief_helped
    tried, any_tried = e.relief_tried or (), e.relief_tried is not None or e.relief_helped is not None
    hour = None if e.time is None else e.time // 3_600_000_000
    return {
        **_listed_in(cohort, "locations", e.locations), **_listed_in(cohort, "qualities", e.qualities),
        **_value_of(cohort, "durations", None if e.onset is None else _class(e)),
        **_listed_in(cohort, "radiates_to", e.radiates_to), **_listed_in(cohort, "aggravated_by", e.aggravated_by),
        **_value_of(cohort, "pattern", e.pattern), **_value_of(cohort, "trend", e.trend), **_value_of(cohort, "onset_speed", e.onset_speed),
        **_value_of(cohort, "severity_kind", e.severity_kind),
        **_range_of(cohort, "severity", e.severity), **_range_of(cohort, "worst", e.worst), **_range_of(cohort, "temperature", e.temperature),
        **_range_of(cohort, "least", e.least), **_range_of(cohort, "interference", e.interference), **_range_of(cohort, "bout", e.bout),
        **_values(cohort, "symptoms", bool(e.symptoms), e.symptoms.get), **_values(cohort, "history", bool(e.history), e.history.get),
        **_values(cohort, "tried", any_tried, lambda code: e.relief_tried == () if code == "none" else code in (*tried, *(e.relief_helped or ()))),
        **_values(cohort, "helped", helped is not None, lambda code: (code in e.relief_helped) or (code == "none" and helped == ())),
        **_values(cohort, "hours", hour is not None, lambda code: hour >= 22 or hour < 6 if code == "night" else hour == int(code)),
        **_values(cohort, "blank", True, lambda code: not answered(e, code))}


NAMES = {"worst_severity": "worst", "least_severity": "least", "onset_day": "onset", "time_of_day": "time", "temperature_c": "temperature",
         "bout_minutes": "bout"}


def answered(e: Entry, field: str) -> bool:
    if field in CODELISTS["symptom"].bit or field in CODELISTS["history"].bit:
        return field in e.symptoms or field in e.history
    return getattr(e, NAMES.get(field, field)) is not None


def of_patient(world: World, who: tuple[str, str], cohort: Cohort, own: list[Entry], as_of: int) -> Met:
    bucket, tier = world.outcomes.get(who, (None, None))
    return {
        **({"sources": who[0] in cohort.sources} if cohort.sources else {}), **_value_of(cohort, "sexes", _last(own, "sex", ["female", "male", "other"])),
        **_range_of(cohort, "age", age(own, as_of)), **_value_of(cohort, "buckets", bucket),
        **_value_of(cohort, "tiers", None if bucket is None else tier or "none"), **_value_of(cohort, "high_pain", pain_class(own, cohort))}


def age(own: list[Entry], as_of: int) -> int | None:
    born = _last(own, "birth_year")
    return None if born is None else (date(1970, 1, 1) + timedelta(days=as_of)).year - born


def pain_class(own: list[Entry], cohort: Cohort) -> str | None:
    """By the worst of each day in the period; severity where an entry leaves worst blank."""
    days: dict[int, list[float]] = defaultdict(list)
    for e in own:
        if _in_time(e, cohort) and (e.worst is not None or e.severity is not None):
            days[e.day].append(e.severity if e.worst is None else e.worst)
    if not days:
        return None
    share = Fraction(sum(max(said) >= 7 for said in days.values()), len(days))
    return "no_day" if not share else next(f"to_{most}" for most in (25, 50, 75, 100) if share <= Fraction(most, 100))


def _in_time(e: Entry, cohort: Cohort) -> bool:
    inside = (cohort.since is None or e.day >= cohort.since) and (cohort.until is None or e.day <= cohort.until)
    return inside is not ("period" in cohort.negated)


def _wanted(met: Met, cohort: Cohort) -> bool:
    return all(answer is (name not in cohort.negated) for name, answer in met.items())


def matching(world: World, cohort: Cohort, as_of: int, known_at: int | None = None) -> list[Entry]:
    live, found = world.live(as_of, known_at), []
    for who in {e.who for e in live}:
        own = [e for e in live if e.who == who]
        if not _wanted(of_patient(world, who, cohort, own, as_of), cohort):
            continue
        in_time = [(e, of_entry(e, cohort)) for e in own if _in_time(e, cohort)]
        chosen = [e for e, met in in_time if _wanted(met, cohort)]
        if cohort.whole:
            asks_nothing = cohort.since is None and cohort.until is None and not of_entry(own[0], cohort)
            contrary = any(met[name] for _, met in in_time for name in met if name in cohort.negated)
            chosen = own if asks_nothing or (chosen and not contrary) else []
        found += chosen
    return found


# --- how many ---------------------------------------------------------------------------------------------------------------------

def _half_up(value: Fraction) -> int:
    return int((Decimal(value.numerator) / Decimal(value.denominator) + Decimal("0.000001")).quantize(Decimal(1), ROUND_HALF_UP))


def summary(world: World, cohort: Cohort, as_of: int, known_at: int | None = None, per: str = "patient") -> dict:
    """What `distributions.summary` counts, without its dates and its sentence."""
    return of_entries(matching(world, cohort, as_of, known_at), per)


def of_entries(found: list[Entry], per: str = "patient") -> dict:
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

RANGE = {name: tuple(f"{name}_{end}" for end in ("from", "to", "not_recorded")) for name in ("age", "severity")}
OWN = {"base": (), "buckets": ("buckets", "tiers"), "locations": ("locations",), "qualities": ("qualities",), "durations": ("durations",),
       "severity": RANGE["severity"], "symptoms": ("symptoms",), "together": ("locations", "qualities"), "ages": RANGE["age"], "sexes": ("sexes",),
       "sources": ("sources",), "relief": ("tried", "helped"), "weeks": ("since", "until"), "hours": ("hours",), "high_pain": ("high_pain",),
       "blank": ("blank",)}
PARTS = {"locations": "location", "qualities": "quality", "durations": "duration", "severity": "severity", "symptoms": "symptoms",
         "together": "quality_by_location"}


def chart(world: World, cohort: Cohort, name: str, as_of: int, known_at: int | None = None, per: str = "patient") -> dict:
    """What a chart counts: every filter but its own."""
    asked = Cohort(**{field.name: getattr(cohort, field.name) for field in fields(Cohort) if field.name not in OWN[name]})
    found = matching(world, asked, as_of, known_at)
    if name == "buckets":
        return dict(Counter(_bucket(world, who) for who in {e.who for e in found}))
    if name in MORE:
        lives: dict[tuple[str, str], list[Entry]] = defaultdict(list)
        for e in world.live(as_of, known_at):
            lives[e.who].append(e)
        return MORE[name](found, lives, asked, as_of, per)
    whole = summary(world, asked, as_of, known_at, per)
    if name == "relief":
        nothing = {code: {"tried": row["n"], "answered": row["answered"], "not_recorded": row["not_recorded"]} for code, row in
                   zip(("none", "none_helped"), whole["no_relief"].values(), strict=True)}
        return whole["relief"] | nothing
    return whole[PARTS[name]] if name in PARTS else {unit: whole["base"][unit] for unit in ("patients", "entries")}


Lives = dict[tuple[str, str], list[Entry]]


def _units(found: list[Entry], per: str) -> list[list[Entry]]:
    diaries: Lives = defaultdict(list)
    for e in found:
        diaries[e.who].append(e)
    return list(diaries.values()) if per == "patient" else [[e] for e in found]


def _of_each(values: list[object], codes: list[str]) -> dict:
    known = [value for value in values if value is not None]
    blank = len(values) - len(known)
    return {"answered": len(known), "not_recorded": blank, "counts": {**{code: known.count(code) for code in codes}, "not_recorded": blank}}


def _age_band(own: list[Entry], as_of: int) -> str | None:
    years = age(own, as_of)
    return None if years is None else "under_20" if years < 20 else "80_and_more" if years >= 80 else f"{years // 10 * 10}_to_{years // 10 * 10 + 9}"


def _ages(found: list[Entry], lives: Lives, asked: Cohort, as_of: int, per: str) -> dict:
    bands = ["under_20", *(f"{low}_to_{low + 9}" for low in range(20, 80, 10)), "80_and_more"]
    return _of_each([_age_band(lives[unit[0].who], as_of) for unit in _units(found, per)], bands)


def _sexes(found: list[Entry], lives: Lives, asked: Cohort, as_of: int, per: str) -> dict:
    sexes = ["female", "male", "other"]
    return _of_each([_last(lives[unit[0].who], "sex", sexes) for unit in _units(found, per)], sexes)


def _sources(found: list[Entry], lives: Lives, asked: Cohort, as_of: int, per: str) -> dict:
    return dict(Counter(unit[0].source for unit in _units(found, per)))


def _hours(found: list[Entry], lives: Lives, asked: Cohort, as_of: int, per: str) -> dict:
    at = [{e.time // 3_600_000_000 for e in unit if e.time is not None} for unit in _units(found, per)]
    return {"answered": sum(bool(one) for one in at), "not_recorded": sum(not one for one in at),
            "counts": {f"{hour:02}": sum(hour in one for one in at) for hour in range(24)}}


def _over_time(found: list[Entry], lives: Lives, asked: Cohort, as_of: int, per: str) -> dict:
    """Patients and entries by day; of days, others make weeks and months."""
    return {day: (len({e.who for e in found if e.day == day}), sum(e.day == day for e in found)) for day in {e.day for e in found}}


def _high_pain(found: list[Entry], lives: Lives, asked: Cohort, as_of: int, per: str) -> dict:
    return _of_each([pain_class(lives[who], asked) for who in {e.who for e in found}], ["no_day", "to_25", "to_50", "to_75", "to_100"])


def _blank(found: list[Entry], lives: Lives, asked: Cohort, as_of: int, per: str) -> dict:
    units = _units(found, per)
    n = {code: sum(any(answered(e, code) for e in unit) for unit in units) for code in FIELD.bit}
    return {code: (said, len(units) - said) for code, said in n.items()}


MORE = {"ages": _ages, "sexes": _sexes, "sources": _sources, "hours": _hours, "weeks": _over_time, "high_pain": _high_pain, "blank": _blank}


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
         "temperature_c": pa.float64(), "least_severity": pa.float64(), "interference": pa.float64(), "bout_minutes": pa.float64(), "superseded": pa.bool_(),
         **dict.fromkeys(("sex", "pattern", "trend", "onset_speed", "severity_kind", "note"), pa.string()),
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
    lists = {name: LISTS[name].bits(getattr(e, name) or ()) for name in LISTS}
    return {"entry": number, "patient": who, "batch": e.batch, "row_number": number, "day": e.day, "time_of_day": e.time,
            "precision": "date" if e.time is None else "local", "severity": e.severity, "worst_severity": e.worst, "onset_day": e.onset,
            "birth_year": e.birth_year, "sex": e.sex, "temperature_c": e.temperature, "pattern": e.pattern, "trend": e.trend, "onset_speed": e.onset_speed,
            "severity_kind": e.severity_kind, "least_severity": e.least, "interference": e.interference, "bout_minutes": e.bout, "note": e.note,
            "superseded": superseded, **lists, "answered": ANSWERED.bits(name for name in LISTS if getattr(e, name) is not None),
            "symptoms_present": bits(code for code, yes in e.symptoms.items() if yes),
            "symptoms_denied": bits(code for code, yes in e.symptoms.items() if not yes),
            **{f"history_{said}": CODELISTS["history"].bits(code for code, answer in e.history.items() if answer is yes)
               for said, yes in (("present", True), ("denied", False))}}
