"""Synthetic entries as their sources would write them: the columns of the canonical CSV, as text, blank where nothing was asked or said."""
from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dashboard.codelists import CHOICES, LISTS, RELIEF, SYMPTOM, Codelist
from dashboard.days import date_of
from dashboard.imports.fields import COLUMNS
from dashboard.synthetic.courses import COURSES, EVENTS, MADE_OF, PATTERNS, People, Rows, of_event, percent

_NONE, _BLANK = 1 << 62, -1  # beside the bits of a codelist
_NO, _YES = 0, 1
_ANSWERS = ("no", "yes")
_POINTS = tuple(f"{half / 2:g}" for half in range(21))
_TEMPERATURES = tuple(f"{tenth / 10:.1f}" for tenth in range(355, 411))
_BOUTS = ("5", "10", "15", "30", "45", "60", "90", "120", "240")
_YEARS = tuple(str(year) for year in range(1900, 2100))
_ZONES = {"offset": ("-08:00", "-06:00", "-05:00", "+00:00", "+01:00", "+01:00", "+02:00", "+05:30"), "utc": ("Z",)}
_MOODS = tuple(MADE_OF["notes"].values())  # better, same, worse
_NOTES = (*_MOODS[0], *_MOODS[1], *_MOODS[2], *(note for event in EVENTS for note in event["notes"]))
_RED_FLAGS = tuple(code for code in SYMPTOM.bit if code not in ("both_legs", "longstanding", "flare", "urgent"))
_ONLY_NOTHING = RELIEF.bits(["none_helped"])

# how many bits number a column's words where 8 do not suffice; 0: other words in each row
_WIDTHS = {"entry_id": 0, "recorded_at": 0, "entered_at": 0, "patient_id": 32, "onset_date": 32, "birth_year": 16, "note": 16, **dict.fromkeys(LISTS, 32)}
_TYPES = {name: pa.dictionary(f"int{_WIDTHS.get(name, 8)}", pa.string()) if _WIDTHS.get(name, 8) else pa.string() for name in COLUMNS}


def written(rng: np.random.Generator, source: str, them: People, rows: Rows, numbers: range, width: int, year: int) -> pa.Table:
    """All columns. `numbers` are the patients' within the source, `width` the digits of an id, `year` the one that ages count to."""
    style = MADE_OF["sources"][source]
    found = {"source": _words(np.zeros(len(rows.day), np.int8), (source,)), **_who_and_when(rng, style, rows, numbers, width),
             **_pain(rng, style, them, rows), **_answers(rng, style, them, rows), **_person(rng, style, them, rows, year),
             "note": _note(rng, them, rows)}
    for name in style["never"]:
        found[name] = pa.nulls(len(rows.day), _TYPES[name])
    return pa.table([found[name].cast(_TYPES[name]) for name in COLUMNS], names=list(COLUMNS))


def asked(source: str) -> list[str]:
    """The columns that a source has."""
    return [name for name in COLUMNS if name not in MADE_OF["sources"][source]["never"]]


def _who_and_when(rng: np.random.Generator, style: dict, rows: Rows, numbers: range, width: int) -> dict[str, pa.Array]:
    k, n = len(numbers), len(rows.day)
    # an odd factor makes another code of each number, so that codes that look random do not clash
    ids = pa.array([style["patient_id"].format(number, width=max(4, width), code=number * 0x9E3779B1 % (1 << 32)) for number in numbers])
    usual = np.where(rng.integers(0, 3, k) == 0, 420, 1080) + rng.integers(0, 90, k)
    minute = usual[rows.patient] + rng.integers(0, 90, n) + np.where((rows.gap == 0) & (rows.position > 0), 150, 0)
    zones = pa.array(_ZONES.get(style["time"], ("",)))
    zone = zones.take(pa.array(rng.integers(0, len(zones), k)[rows.patient]))
    # some type in later what happened, and then the source says when; nobody does after the source's last day
    late = np.minimum(np.where(percent(rng, n) < 9, rng.integers(0, 5, n), 0), rows.day.max() - rows.day)
    typed = _moments(rows.day + late, minute, zone)
    stated = (percent(rng, n) < style["onset"]) | ((rows.position == 0) & (style["onset"] > 0))
    onset = rows.onset - (percent(rng, n) < 3)  # who tells the same onset again is now and then a day off
    prefixes = pa.array([str(number) for number in numbers]).take(pa.array(rows.patient))
    return {"patient_id": pa.DictionaryArray.from_arrays(pa.array(rows.patient.astype(np.int32)), ids),
            "entry_id": pc.binary_join_element_wise(prefixes, pa.array(rows.position + 1).cast(pa.string()), "-"),
            "recorded_at": _dates(rows.day).cast(pa.string()) if style["time"] == "date" else _moments(rows.day, minute, zone),
            "entered_at": pc.if_else(pa.array(late > 0), typed, pa.scalar(None, pa.string())),
            "onset_date": _dates(np.where(stated, onset, _BLANK))}


def _pain(rng: np.random.Generator, style: dict, them: People, rows: Rows) -> dict[str, pa.Array]:
    k, n, who = len(them.entries), len(rows.day), rows.patient
    step = 1 if style["half_points"] else 2
    more = rows.flare | (percent(rng, n) < 22)
    relief, eases = _relief(rng, them, rows, more)
    # but for the rare patients whom nothing helps, very bad days without any relief are rare
    severity, worst = (np.where(eases, points, np.minimum(points, 14)) for points in (rows.severity, rows.worst))
    comes_and_goes = percent(rng, k)[who] < 60
    bout = np.minimum(len(_BOUTS) - 1, rng.integers(0, 7, k)[who] + rng.integers(0, 3, n))
    asked = percent(rng, n) < np.where(rows.position == 0, 90, 25)
    sudden = percent(rng, k) < np.array([pattern["sudden"] for pattern in PATTERNS])[them.pattern]
    trends = np.array([np.repeat([0, 1, 2], course["trend"]) for course in COURSES])
    trend = np.where(rows.flare & (rng.integers(0, 4, n) > 0), 2, trends[them.course[who], percent(rng, n)])
    kind = list(CHOICES["severity_kind"]).index(style.get("severity_kind", "average"))
    return _places(rng, them, rows, more) | relief | {
        "severity": _words(_blanked(rng, severity, 2), _POINTS),
        "severity_kind": _choice("severity_kind", np.full(n, kind)),
        "worst_severity": _words(_blanked(rng, worst, 6), _POINTS),
        "least_severity": _words(_blanked(rng, np.maximum(0, severity - rng.integers(0, 4, n) * step), 10), _POINTS),
        "interference": _words(_blanked(rng, np.clip(severity - 4 + rng.integers(0, 4, n) * step, 0, 20), 12), _POINTS),
        "onset_speed": _choice("onset_speed", np.where(asked, np.where(sudden, 0, 1)[who], _BLANK)),
        "pattern": _choice("pattern", _blanked(rng, np.where(comes_and_goes, 1, 0), 40)),
        "trend": _choice("trend", _blanked(rng, trend, 18)),
        "bout_minutes": _words(np.where(comes_and_goes, _blanked(rng, bout, 40), _BLANK), _BOUTS)}


def _places(rng: np.random.Generator, them: People, rows: Rows, more: np.ndarray) -> dict[str, pa.Array]:
    k, n, who = len(them.entries), len(rows.day), rows.patient
    pattern, side, event = them.pattern[who], them.side[who], them.event[who][rows.happens]
    gone = (rows.severity == 0) & (rows.worst == 0) & ~rows.happens
    usual, other = rng.integers(0, 12, k), rng.integers(0, 12, k)
    option = np.where(percent(rng, n) < 90, usual[who], other[who])
    found = {}
    for name, blank in (("locations", 3), ("qualities", 8)):
        bits = _options(name)[pattern, side, option] | np.where(more, _options(f"more_{name}")[pattern, side, other[who]], 0)
        bits[rows.happens] |= np.array([LISTS[name].bits(event[name]) for event in EVENTS])[event]
        found[name] = np.where((percent(rng, n) < blank) & ~rows.happens, _BLANK, np.where(gone, _NONE, bits))
    spreads = _options("radiates_to")[pattern, side, usual[who]]
    found["radiates_to"] = _blanked(rng, np.where((spreads == 0) | gone, _NONE, spreads), 25)
    found["aggravated_by"] = _blanked(rng, np.where(gone, _BLANK, _options("aggravated_by")[pattern, side, option]), 35)
    return {name: _sets(LISTS[name], bits) for name, bits in found.items()}


def _relief(rng: np.random.Generator, them: People, rows: Rows, more: np.ndarray) -> tuple[dict[str, pa.Array], np.ndarray]:
    """What was tried and what helped; and the entries in which something helped, or in which it is the point that nothing does."""
    k, n, who = len(them.entries), len(rows.day), rows.patient
    top = np.maximum(rows.severity, rows.worst)
    nothing_helps = of_event(them.event, lambda event: event.get("severe", False), False)[who] & rows.happens
    one, two, three = (np.left_shift(1, rng.integers(0, RELIEF.bit["none_helped"], k))[who] for _ in range(3))
    tried = np.where(percent(rng, n) < np.clip(30 + top * 4, 0, 97), one | np.where(more, two, 0) | np.where(top > 12, three, 0), 0)
    tried = np.where(nothing_helps, one | two | three, tried)
    helped = np.where(percent(rng, n) < rng.integers(35, 100, k)[who], tried, np.where(top >= 16, tried & one, 0))
    helped = np.where(nothing_helps, 0, helped)
    untried = np.where(percent(rng, n) < 40, _NONE, _BLANK)
    return ({"relief_tried": _sets(RELIEF, np.where(tried == 0, untried, tried)),
             "relief_helped": _sets(RELIEF, np.where(tried == 0, _BLANK, np.where(helped == 0, _ONLY_NOTHING, helped)))},
            nothing_helps | (helped != 0))


def _answers(rng: np.random.Generator, style: dict, them: People, rows: Rows) -> dict[str, pa.Array]:
    """Yes, no, or blank. What is asked is denied unless it is the patient's event, or one of everyday's troubles."""
    k, n, who = len(them.entries), len(rows.day), rows.patient
    asked = ((percent(rng, n) < style["asks_red_flags"]) | (rows.position == 0)) & (percent(rng, k) >= style["never_answers"])[who]
    found = {code: np.where((asked & (rng.integers(0, 256, n, np.uint8) > 0)) | rows.happens, _NO, _BLANK) for code in _RED_FLAGS}
    found |= {code: np.full(n, _BLANK) for code in ("both_legs", "longstanding")}
    found |= {"flare": np.where(rows.flare, _YES, np.where(asked, _NO, _BLANK)), "urgent": np.where(asked, _NO, _BLANK)}
    for code, share in MADE_OF["everyday"].items():
        found[code][(percent(rng, k) < share)[who] & (rng.integers(0, 3, n) > 0) & (found[code] == _NO)] = _YES
    rare = np.flatnonzero(rows.happens)
    for number, event in enumerate(EVENTS):
        there = rare[them.event[who[rare]] == number]
        for code, chance in event["symptoms"].items():
            found[code][there[(percent(rng, k) < chance)[who[there]]]] = _YES
    # how it is on the other side is asked of those who have something in one leg
    found["both_legs"][((found["leg_numbness"] == _YES) | (found["leg_weakness"] == _YES)) & (found["both_legs"] == _BLANK)] = _NO
    hot = rows.happens & of_event(them.event, lambda event: "fever" in event["symptoms"], False)[who]
    tenths = np.where(hot, 25 + rng.integers(0, 16, n), np.where(percent(rng, n) < 7, 6 + rng.integers(0, 15, n), _BLANK))
    return {code: _words(answers, _ANSWERS) for code, answers in found.items()} | {"temperature_c": _words(tenths, _TEMPERATURES)}


def _person(rng: np.random.Generator, style: dict, them: People, rows: Rows, year: int) -> dict[str, pa.Array]:
    k, n, who = len(them.entries), len(rows.day), rows.patient
    stated = (rows.position == 0) | (percent(rng, n) < style["states_person"])
    sex = np.searchsorted([575, 965, 975], rng.integers(0, 1000, k), side="right")  # the rest never say
    born = np.where(percent(rng, k) < 2, _BLANK, year - them.age - int(_YEARS[0]))
    found = {"birth_year": _words(np.where(stated, born[who], _BLANK), _YEARS),
             "sex": _choice("sex", np.where(stated & (sex < len(CHOICES["sex"]))[who], sex[who], _BLANK))}
    told = (rows.position == 0) & (percent(rng, k) >= 6)[who]
    # a few say no at the end to what they said yes to at the beginning
    wavers = (percent(rng, k) < 9)[who] & rows.last & (rows.position > 0)
    for code, (younger, older) in MADE_OF["history"].items():
        has = (rng.integers(0, 1000, k) < np.where(them.age < 65, younger, older) * 10)[who]
        found[code] = _words(np.where(told, np.where(has, _YES, _NO), np.where(wavers & has, _NO, _BLANK)), _ANSWERS)
    return found


def _note(rng: np.random.Generator, them: People, rows: Rows) -> pa.Array:
    n = len(rows.day)
    bad = rows.flare | (rows.severity >= 14)
    mood = np.where(bad, 2, np.where((rows.severity <= 4) & (rng.integers(0, 2, n) == 0), 0, 1))
    said = np.array([len(notes) for notes in _MOODS])
    note = np.cumsum([0, *said[:2]])[mood] + rng.integers(0, 1 << 20, n) % said[mood]
    first = of_event(them.event, lambda event: _NOTES.index(event["notes"][0]), 0)[rows.patient]
    own = first + rng.integers(0, 1 << 20, n) % of_event(them.event, lambda event: len(event["notes"]), 1)[rows.patient]
    return _words(np.where(rows.happens & (percent(rng, n) < 40), own, np.where(percent(rng, n) < 13, note, _BLANK)), _NOTES)


# --- from numbers to words --------------------------------------------------------------------------------------------------------

def _blanked(rng: np.random.Generator, values: np.ndarray, share: int) -> np.ndarray:
    return np.where(percent(rng, len(values)) < share, _BLANK, values)


def _words(numbers: np.ndarray, words: Sequence[str]) -> pa.DictionaryArray:
    numbered = numbers.astype(np.int8 if len(words) < 128 else np.int16)
    return pa.DictionaryArray.from_arrays(pa.array(numbered, mask=numbers < 0), pa.array(words, pa.string()))


def _choice(field: str, numbers: np.ndarray) -> pa.DictionaryArray:
    return _words(numbers, tuple(CHOICES[field]))


def _sets(codelist: Codelist, bits: np.ndarray) -> pa.DictionaryArray:
    numbers, found = pd.factorize(bits)
    words = ["none" if one == _NONE else ";".join(codelist.codes(max(one, 0))) for one in found]
    return pa.DictionaryArray.from_arrays(pa.array(numbers.astype(np.int32), mask=bits == _BLANK), pa.array(words, pa.string()))


def _dates(days: np.ndarray) -> pa.DictionaryArray:
    said = days[days != _BLANK]
    first, last = (int(said.min()), int(said.max())) if len(said) else (0, 0)
    words = pa.array([str(date_of(day)) for day in range(first, last + 1)], pa.string())
    return pa.DictionaryArray.from_arrays(pa.array((days - first).astype(np.int32), mask=days == _BLANK), words)


def _moments(days: np.ndarray, minutes: np.ndarray, zones: pa.Array) -> pa.Array:
    clock = pa.array([f"T{minute // 60:02}:{minute % 60:02}" for minute in range(1440)])
    return pc.binary_join_element_wise(_dates(days).cast(pa.string()), clock.take(pa.array(minutes)), zones, "")


def _mirrored(codes: Sequence[str]) -> list[str]:
    return [code.replace("_left", "_RIGHT").replace("_right", "_left").replace("_RIGHT", "_right") for code in codes]


@cache
def _options(field: str) -> np.ndarray:
    """Bits by pattern, side and one of twelve options."""
    codelist = LISTS[field.removeprefix("more_")]
    return np.array([[[codelist.bits(side(options[option * len(options) // 12])) for option in range(12)] for side in (list, _mirrored)]
                     for options in (pattern[field] or [[]] for pattern in PATTERNS)])
