"""What a reader does to a question: a click adds a value or takes it back, a chip goes, a range grows and shrinks."""
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace

from dashboard.codelists import AGGRAVATOR, CHOICES, HISTORY, LOCATION, QUALITY, RELIEF, SYMPTOM
from dashboard.cohort import BUCKETS, NONE, NOT_RECORDED, Cohort
from dashboard.conditions import FIELD, NIGHT, NOTHING_HELPED, PERIOD, names, range_names
from dashboard.people import DURATIONS, HIGH_PAIN
from dashboard.sample import HOUR
from dashboard.wording import outside, period, span

# what a chip begins with, and how the codes of a field read
WORDS = {"sources": ("source", {}), "buckets": ("stands as", BUCKETS), "tiers": ("worst tier", CHOICES["tier"]), "sexes": ("sex", CHOICES["sex"]),
         "locations": ("where", LOCATION.label), "qualities": ("quality", QUALITY.label), "radiates_to": ("spreads to", LOCATION.label),
         "durations": ("duration", DURATIONS), "onset_speed": ("onset", CHOICES["onset_speed"]), "pattern": ("pattern", CHOICES["pattern"]),
         "trend": ("trend", CHOICES["trend"]), "severity_kind": ("kind of severity", CHOICES["severity_kind"]), "symptoms": ("reported", SYMPTOM.label),
         "history": ("history", HISTORY.label), "aggravated_by": ("made worse by", AGGRAVATOR.label), "tried": ("tried", RELIEF.label),
         "helped": ("helped", RELIEF.label), "hours": ("hour", {NIGHT: "night, 22:00 to 06:00", **HOUR.label}), "high_pain": ("high pain", HIGH_PAIN),
         "blank": ("not recorded", FIELD.label)}
RANGE_WORDS = {"age": "age", "severity": "severity", "worst": "worst", "least": "least", "interference": "interference", "temperature": "temperature",
               "bout": "minutes a bout"}
SEVERITY = ("severity_from", "severity_to")
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
        return "not evaluated yet" if field in ("buckets", "tiers") else "none asked about" if field in ("symptoms", "history") else "not recorded"
    return {"tried": "nothing", "helped": "nothing"}.get(field, "none") if code == NONE else WORDS[field][1].get(code, code)


def without(cohort: Cohort, *names: str) -> Cohort:
    return replace(cohort, **{name: _DEFAULTS[name] for name in names})


def toggled(cohort: Cohort, field: str, code: str) -> Cohort:
    given = getattr(cohort, field)
    return replace(cohort, **{field: tuple(one for one in given if one != code) if code in given else (*given, code)})


def plainly(cohort: Cohort, *asked: str) -> Cohort:
    """A bar that is pressed is asked for: what its chart ruled out, of which no bar is lit, goes."""
    return without(cohort, *(name for field in asked if field in cohort.negated for name in names(field)))


def shown(cohort: Cohort, field: str) -> tuple[str, ...]:
    """The values that a chart shows as asked for: none where they are ruled out, which the chip says."""
    return () if field in cohort.negated else getattr(cohort, field)


def pressed(cohort: Cohort, field: str, code: str, add: bool) -> Cohort:
    """A press asks for this value alone, a second one takes it back; one that adds leaves the other values as they are."""
    asked = plainly(cohort, field)
    if add:
        return toggled(asked, field, code)
    return replace(asked, **{field: () if getattr(asked, field) == (code,) else (code,)})


def moded(cohort: Cohort, field: str, *, negated: bool, every: bool) -> Cohort:
    """How the values of a field are meant."""
    made = {name: (*(one for one in getattr(cohort, name) if one != field), *([field] if on else [])) for name, on in (("negated", negated), ("every", every))}
    return replace(cohort, **made)


def paired(cohort: Cohort, location: str, quality: str, add: bool) -> Cohort:
    """A place together with a quality, instead of whatever places and qualities were asked for; a second press takes both back. One that adds
    asks for any of the places with any of the qualities, and takes both back from there; what is alone in its field stays until both are."""
    asked, pair = plainly(cohort, "locations", "qualities"), {"locations": location, "qualities": quality}
    alone = {name: getattr(asked, name) == (code,) for name, code in pair.items()}
    if all(alone.values()):
        return without(asked, *pair)
    if not add:
        return replace(asked, **{name: (code,) for name, code in pair.items()})
    both = all(code in getattr(asked, name) for name, code in pair.items())
    for name, code in pair.items():
        if (both and not alone[name]) or code not in getattr(asked, name):
            asked = toggled(asked, name, code)
    return asked


def pairs(cohort: Cohort) -> list[tuple[str, str]]:
    """Each place that is asked for with each quality."""
    return [(location, quality) for location in shown(cohort, "locations") for quality in shown(cohort, "qualities")]


def lit(cohort: Cohort) -> set[str]:
    """The bars of severity that are asked for: whole numbers, as they are rounded there, in the range, and `not_recorded`."""
    low, high = cohort.severity_from, cohort.severity_to
    blank = {NOT_RECORDED} if cohort.severity_not_recorded else set()
    if "severity" in cohort.negated or (low is None and high is None):
        return set() if "severity" in cohort.negated else blank
    return blank | {str(bar) for bar in range(_MOST + 1) if (0 if low is None else low) <= bar <= (_MOST if high is None else high)}


def severity_pressed(cohort: Cohort, code: str, add: bool) -> Cohort:
    """The same for a bar of severity, or for `not_recorded`. One that adds stretches the range as far, or takes an end of it back. A bar
    holds what is rounded to it, half a point to either side."""
    asked = plainly(cohort, "severity")
    was, blank = lit(asked), asked.severity_not_recorded and add
    bars, alone = {int(bar) for bar in was - {NOT_RECORDED} if add}, was == {code}
    if code == NOT_RECORDED:
        blank = not (asked.severity_not_recorded if add else alone)
    elif int(code) not in bars:
        bars = set() if alone else bars | {int(code)}
    elif int(code) in (min(bars), max(bars)):
        bars = bars - {int(code)}
    if not bars:
        return replace(without(asked, *SEVERITY), severity_not_recorded=blank)
    low, high = min(bars), max(bars)
    # the end is the highest number below the next bar, to two decimals
    return replace(asked, severity_from=max(0, low - _HALF), severity_to=None if high == _MOST else high + _HALF - 0.01, severity_not_recorded=blank)


def within(bands: Bands, low: float | None, high: float | None) -> set[str]:
    """The bars of a range, which has to hold them whole; none where no range is asked for."""
    if low is None and high is None:
        return set()
    return {code for code, (least, most) in bands.items()
            if (low is None or (least is not None and least >= low)) and (high is None or (most is not None and most <= high))}


def lit_bands(cohort: Cohort, bands: Bands, field: str) -> set[str]:
    """The bars of a range that are asked for, with `not_recorded`."""
    low, high, *blanks = (getattr(cohort, name) for name in range_names(field))
    return set() if field in cohort.negated else within(bands, low, high) | ({NOT_RECORDED} if any(blanks) else set())


def band_pressed(cohort: Cohort, bands: Bands, field: str, code: str, add: bool) -> Cohort:
    """A press on a bar of a range asks for that bar alone, and a second one takes it back; one that adds stretches the range as far, or
    takes an end of it back."""
    asked, (low, high, *blanks), order = plainly(cohort, field), range_names(field), list(bands)
    was = lit_bands(asked, bands, field)
    blank, alone = NOT_RECORDED in was, was == {code}
    bars = [place for place, one in enumerate(order) if one in was] if add else []
    if code == NOT_RECORDED:
        blank = not (blank if add else alone)
    else:
        blank = blank and add
        place = order.index(code)
        if place not in bars:
            bars = [] if alone and not add else [*bars, place]
        elif place in (min(bars), max(bars)):
            bars.remove(place)
    ends = {low: bands[order[min(bars)]][0], high: bands[order[max(bars)]][1]} if bars else {low: None, high: None}
    return replace(asked, **ends, **dict.fromkeys(blanks, blank))


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
    if cohort.asks(PERIOD):
        when = outside if PERIOD in cohort.negated else period
        yield Chip(when(cohort.since, cohort.until), without(cohort, *range_names(PERIOD)))
    if cohort.whole:
        yield Chip("whole diaries", without(cohort, "whole"))


def _meant(cohort: Cohort, field: str, name: str) -> str:
    return f"{name}{' not' if field in cohort.negated else ''}{' all of' if field in cohort.every else ''}"
