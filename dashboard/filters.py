"""What a reader does to a question: a click adds a value or takes it back, a chip goes, a range grows and shrinks."""
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

from dashboard.codelists import CHOICES, LOCATION, QUALITY, SYMPTOM
from dashboard.cohort import BUCKETS, NONE, NOT_RECORDED, Cohort
from dashboard.people import DURATIONS
from dashboard.wording import period, span

# what a chip begins with, and how the codes of a field read
WORDS = {"sources": ("source", {}), "buckets": ("stands as", BUCKETS), "tiers": ("worst tier", CHOICES["tier"]), "sexes": ("sex", CHOICES["sex"]),
         "locations": ("where", LOCATION.label), "qualities": ("quality", QUALITY.label), "durations": ("duration", DURATIONS),
         "symptoms": ("reported", SYMPTOM.label)}
PERIOD, AGE, SEVERITY = ("since", "until"), ("age_from", "age_to"), ("severity_from", "severity_to")
_DEFAULTS = {field.name: field.default for field in fields(Cohort)}
_HALF, _MOST = 0.5, 10


@dataclass(frozen=True)
class Chip:
    text: str
    left: Cohort  # the question without it


def label(field: str, code: str) -> str:
    """How a code of a field reads on a chip, a tick box or a bar."""
    if code == NOT_RECORDED:
        return {"buckets": "not evaluated yet", "tiers": "not evaluated yet", "symptoms": "none asked about"}.get(field, "not recorded")
    return "none" if code == NONE else WORDS[field][1].get(code, code)


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


def chips(cohort: Cohort) -> list[Chip]:
    """One for each value asked for, without exception."""
    return list(_chips(cohort))


def _chips(cohort: Cohort) -> Iterator[Chip]:
    for field, (name, _) in WORDS.items():
        for code in getattr(cohort, field):
            yield Chip(f"{name}: {label(field, code).lower() if field != 'sources' else code}", toggled(cohort, field, code))
    said = span(cohort.age_from, cohort.age_to, "over {}", "under {}", "{}", 1)
    yield from (Chip(f"age: {words}", without(cohort, *AGE)) for words in said)
    if cohort.age_not_recorded:
        yield Chip("age: not recorded", without(cohort, "age_not_recorded"))
    said = span(cohort.severity_from, cohort.severity_to, "{} or more", "{} or less", "{}")
    yield from (Chip(f"severity: {words}", without(cohort, *SEVERITY)) for words in said)
    if cohort.severity_not_recorded:
        yield Chip("severity: not recorded", without(cohort, "severity_not_recorded"))
    if when := period(cohort.since, cohort.until):
        yield Chip(when, without(cohort, *PERIOD))
