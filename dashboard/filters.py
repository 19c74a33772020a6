"""What a reader does to a question: a click adds a value or takes it back, a chip goes, a range grows and shrinks."""
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace

from dashboard.codelists import CHOICES, LOCATION, QUALITY, RELIEF, SYMPTOM
from dashboard.cohort import BUCKETS, NONE, NOT_RECORDED, Cohort
from dashboard.conditions import FIELD, NIGHT, NOTHING_HELPED, range_names
from dashboard.people import DURATIONS, HIGH_PAIN
from dashboard.sample import HOUR
from dashboard.wording import period, span

# what a chip begins with, and how the codes of a field read
WORDS = {"sources": ("source", {}), "buckets": ("stands as", BUCKETS), "tiers": ("worst tier", CHOICES["tier"]), "sexes": ("sex", CHOICES["sex"]),
         "locations": ("where", LOCATION.label), "qualities": ("quality", QUALITY.label), "durations": ("duration", DURATIONS),
         "symptoms": ("reported", SYMPTOM.label), "tried": ("tried", RELIEF.label), "helped": ("helped", RELIEF.label),
         "hours": ("hour", {NIGHT: "night, 22:00 to 06:00", **HOUR.label}), "high_pain": ("high pain", HIGH_PAIN), "blank": ("not recorded", FIELD.label)}
RANGE_WORDS = {"age": "age", "severity": "severity", "worst": "worst", "temperature": "temperature"}
PERIOD, SEVERITY = ("since", "until"), ("severity_from", "severity_to")
_DEFAULTS = {field.name: field.default for field in fields(Cohort)}
_HALF, _MOST = 0.5, 10
Bands = Mapping[str, tuple[float | None, float | None]]  # bars of a range: code, least, most; None is open


@dataclass(frozen=True)
class Chip:
    text: str
    left: Cohort  # the question without it


def label(field: str, code: str) -> str:
    """How a code of a field reads on a chip, a tick box or a bar."""
    if code == NOT_RECORDED:
        return {"buckets": "not evaluated yet", "tiers": "not evaluated yet", "symptoms": "none asked about"}.get(field, "not recorded")
    return {"tried": "nothing", "helped": "nothing"}.get(field, "none") if code == NONE else WORDS[field][1].get(code, code)


def without(cohort: Cohort, *names: str) -> Cohort:
    return replace(cohort, **{name: _DEFAULTS[name] for name in names})


def toggled(cohort: Cohort, field: str, code: str) -> Cohort:
    given = getattr(cohort, field)
    return replace(cohort, **{field: tuple(one for one in given if one != code) if code in given else (*given, code)})


def pressed(cohort: Cohort, field: str, code: str, add: bool) -> Cohort:
    """A press asks for this value alone, a second one takes it back; one that adds leaves the other values as they are."""
    if add:
        return toggled(cohort, field, code)
    return replace(cohort, **{field: () if getattr(cohort, field) == (code,) else (code,)})


def moded(cohort: Cohort, field: str, *, negated: bool, every: bool) -> Cohort:
    """How the values of a field are meant."""
    made = {name: (*(one for one in getattr(cohort, name) if one != field), *([field] if on else [])) for name, on in (("negated", negated), ("every", every))}
    return replace(cohort, **made)


def paired(cohort: Cohort, location: str, quality: str) -> Cohort:
    """A place together with a quality, instead of whatever places and qualities were asked for; a second click takes both back."""
    pair = {"locations": (location,), "qualities": (quality,)}
    return without(cohort, *pair) if all(getattr(cohort, name) == value for name, value in pair.items()) else replace(cohort, **pair)


def lit(cohort: Cohort) -> set[int]:
    """The whole severities, as they are rounded on a bar, that lie in the range asked for."""
    low, high = cohort.severity_from, cohort.severity_to
    if low is None and high is None:
        return set()
    return {bar for bar in range(_MOST + 1) if (0 if low is None else low) <= bar <= (_MOST if high is None else high)}


def severity_pressed(cohort: Cohort, code: str, add: bool) -> Cohort:
    """The same for a bar of severity, or for `not_recorded`. One that adds stretches the range as far, or takes an end of it back. A bar
    holds what is rounded to it, half a point to either side."""
    bars = lit(cohort) if add else set()
    blank = cohort.severity_not_recorded and add
    alone = {str(bar) for bar in lit(cohort)} | ({NOT_RECORDED} if cohort.severity_not_recorded else set()) == {code}
    if code == NOT_RECORDED:
        blank = not (cohort.severity_not_recorded if add else alone)
    elif int(code) not in bars:
        bars = set() if alone else bars | {int(code)}
    elif int(code) in (min(bars), max(bars)):
        bars = bars - {int(code)}
    if not bars:
        return replace(without(cohort, *SEVERITY), severity_not_recorded=blank)
    low, high = min(bars), max(bars)
    # the end is the highest number below the next bar, to two decimals
    return replace(cohort, severity_from=max(0, low - _HALF), severity_to=None if high == _MOST else high + _HALF - 0.01, severity_not_recorded=blank)


def within(bands: Bands, low: float | None, high: float | None) -> set[str]:
    """The bars of a range, which has to hold them whole; none where no range is asked for."""
    if low is None and high is None:
        return set()
    return {code for code, (least, most) in bands.items()
            if (low is None or (least is not None and least >= low)) and (high is None or (most is not None and most <= high))}


def band_pressed(cohort: Cohort, bands: Bands, names: tuple[str, ...], code: str, add: bool) -> Cohort:
    """A press on a bar of a range asks for that bar alone, and a second one takes it back; one that adds stretches the range as far, or
    takes an end of it back. `names` are the fields of the range: from, to, and that of `not_recorded` where it has one."""
    low, high, *blanks = names
    order, lit = list(bands), within(bands, getattr(cohort, low), getattr(cohort, high))
    blank = any(getattr(cohort, name) for name in blanks)
    alone = lit | ({NOT_RECORDED} if blank else set()) == {code}
    bars = [place for place, one in enumerate(order) if one in lit] if add else []
    if code == NOT_RECORDED:
        blank = not (blank if add else alone)
    else:
        blank = blank and add
        place = order.index(code)
        if place not in bars:
            bars = [] if alone and not add else [*bars, place]
        elif place in (min(bars), max(bars)):
            bars.remove(place)
    asked = {low: bands[order[min(bars)]][0], high: bands[order[max(bars)]][1]} if bars else {low: None, high: None}
    return replace(cohort, **asked, **dict.fromkeys(blanks, blank))


def relief_pressed(cohort: Cohort, code: str, add: bool) -> Cohort:
    """A treatment, or that nothing was tried, asks who tried it; that nothing helped, whom nothing helped."""
    return pressed(cohort, *(("helped", NONE) if code in NOTHING_HELPED else ("tried", code)), add)


def chips(cohort: Cohort) -> list[Chip]:
    """One for each value asked for, without exception."""
    return list(_chips(cohort))


def _chips(cohort: Cohort) -> Iterator[Chip]:
    for field, (name, _) in WORDS.items():
        for code in getattr(cohort, field):
            yield Chip(f"{_meant(cohort, field, name)}: {label(field, code).lower() if field != 'sources' else code}", toggled(cohort, field, code))
    for field, name in RANGE_WORDS.items():
        low, high, blank = range_names(field)
        some, beyond = ("{} or more", "{} or less"), 0
        if field == "age":
            some, beyond = ("over {}", "under {}"), 1
        said = span(getattr(cohort, low), getattr(cohort, high), *some, "{}", beyond)
        yield from (Chip(f"{_meant(cohort, field, name)}: {words}", without(cohort, low, high)) for words in said)
        if getattr(cohort, blank):
            yield Chip(f"{_meant(cohort, field, name)}: not recorded", without(cohort, blank))
    if when := period(cohort.since, cohort.until):
        yield Chip(when, without(cohort, *PERIOD))
    if cohort.whole:
        yield Chip("whole diaries", without(cohort, "whole"))


def _meant(cohort: Cohort, field: str, name: str) -> str:
    return f"{name}{' not' if field in cohort.negated else ''}{' all of' if field in cohort.every else ''}"
