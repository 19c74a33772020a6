"""The words of a question: what its codes are called, and the sentence that they come to. Different questions read differently."""
from collections.abc import Mapping

from dashboard.codelists import AGGRAVATOR, CHOICES, HISTORY, LOCATION, QUALITY, RELIEF, SYMPTOM
from dashboard.conditions import CHOSEN, FIELD, NONE, NOT_RECORDED, PERIOD, RANGES, Asked, range_names
from dashboard.people import DURATIONS, HIGH_PAIN
from dashboard.wording import listing, outside, period, sided, span

BUCKETS = {"emergency": "emergency", "same_day": "same-day", "not_assessable": "not assessable", "routine": "routine",
           "no_criterion_met": "no criterion met", "no_entries": "no entries"}
PEOPLE = {"female": "women", "male": "men", "other": "people of another sex", NOT_RECORDED: "patients of unknown sex"}
_PLACES = {"between_shoulder_blades": "between the shoulder blades", "everywhere": "everywhere", "other": "in another place"}
_AREA = {code: sided(label.lower()) for code, label in LOCATION.label.items()}
_WORDS = {"pins_and_needles": "pins-and-needles", "electric_shock": "electric-shock", "other": "otherwise described"}


def describe(asked: Asked) -> str:
    """Without its full stop."""
    who, clauses, when = _who(asked), _clauses(asked), (outside if PERIOD in asked["negated"] else period)(asked["since"], asked["until"])
    if asked["whole"]:
        some = _of_some_entry(asked, clauses, when)
        return " ".join(["Whole diaries", *(who or ["of patients"] * bool(some)), *some])
    words = [*who, *([f"with {listing(clauses, 'and')}"] if clauses else [])]
    return " ".join(("Entries" if words else "All entries", *words)) + (f", {when}" if when else "")


def _of_some_entry(asked: Asked, clauses: list[str], when: str) -> list[str]:
    """What one entry has to say for its patient's whole diary to be meant; where something is ruled out, no other may say it."""
    if not clauses:
        return [f"with an entry {when}"] if when else []
    never = " and the contrary in none" if any(field in asked["negated"] for field in OF_ENTRIES) else ""
    return [f"with {listing(clauses, 'and')} in an entry{never}" + (f", {when}" if when else "")]


def _who(asked: Asked) -> list[str]:
    negated = asked["negated"]
    ages = span(asked["age_from"], asked["age_to"], "over {}", "under {}", "aged {}", 1) + ["of unknown age"] * asked["age_not_recorded"]
    sexes = [PEOPLE[code] for code in asked["sexes"]]
    positive = {"sexes": [] if "sexes" in negated else sexes, "age": [] if "age" in negated else ages}
    words = []
    if positive["sexes"] or positive["age"]:
        comma = "," if len(positive["sexes"]) > 1 and positive["age"] else ""
        words.append(f"of {listing(positive['sexes'], 'or') or 'patients'}{comma} {listing(positive['age'], 'or')}".rstrip())
    if asked["sources"]:
        words.append(f"{'not ' if 'sources' in negated else ''}from {listing(asked['sources'], 'or')}")
    stands = [("sex", sexes if "sexes" in negated else [], "sexes"), ("age", ages if "age" in negated else [], "age"),
              ("bucket", _named(asked["buckets"], BUCKETS, "not evaluated yet"), "buckets"),
              ("worst tier", _named(asked["tiers"], {}, "not evaluated yet", "none"), "tiers"),
              ("share of days in high pain", _named(asked["high_pain"], HIGH_PAIN), "high_pain")]
    known = [f"{name} is {'recorded but not ' if field in negated else ''}{listing(named, 'or')}" for name, named, field in stands if named]
    return [*words, *([f"whose {listing(known, 'and')}"] if known else [])]


# the fields that entries themselves answer
OF_ENTRIES = {"qualities": "quality", "locations": "location", "radiates_to": "area of spread", "durations": "duration", "onset_speed": "onset speed",
              "pattern": "pattern", "bout": "minutes a bout", "trend": "trend", "severity": "severity", "severity_kind": "kind of severity",
              "worst": "worst severity", "least": "least severity", "interference": "interference", "temperature": "temperature",
              "symptoms": "symptom", "history": "history", "aggravated_by": "aggravator", "tried": "relief tried", "helped": "relief that helped",
              "hours": "hour", "blank": ""}
_ASKED_ABOUT = ("symptoms", "history")  # answered yes or no, one by one
# what is said before the values, of each value, and after them; where a value is not in here, the field is said by its name
_SPOKEN: dict[str, tuple[str, Mapping[str, str], str]] = {
    "radiates_to": ("pain spreading ", {code: f"to the {area}" for code, area in _AREA.items()} | {
        "between_shoulder_blades": "between the shoulder blades", "everywhere": "everywhere", "other": "to another place", NONE: "nowhere"}, ""),
    "aggravated_by": ("pain made worse by ", {**{code: label.lower() for code, label in AGGRAVATOR.label.items()}, NONE: "nothing"}, ""),
    "onset_speed": ("a ", {"sudden": "sudden", "gradual": "gradual"}, " onset"),
    "pattern": ("", {"constant": "constant pain", "intermittent": "pain that comes and goes"}, ""),
    "trend": ("pain ", {"better": "getting better", "same": "staying the same", "worse": "getting worse"}, ""),
    "severity_kind": ("severity given ", {"now": "for now", "average": "as an average"}, ""),
    "history": ("", {code: label.lower() for code, label in HISTORY.label.items()}, " in the history")}
_MEASURED = {"least": ("pain of ", "", " at its least"), "interference": ("interference of ", "", ""), "bout": ("bouts of ", " minute", "")}


def _clauses(asked: Asked) -> list[str]:
    """"burning pain in the neck" where it can be said so, else "location neck or not recorded"."""
    like, places = _sayable(asked, "qualities"), _sayable(asked, "locations")
    said = [f"{listing((_WORDS.get(code, QUALITY.label[code].lower()) for code in like), 'or')} pain "
            f"{listing((_PLACES.get(code, f'in the {_AREA[code]}') for code in places), 'or')}".strip()] if like or places else []
    named = {
        "qualities": [] if like else _named(asked["qualities"], QUALITY.label), "locations": [] if places else _named(asked["locations"], _AREA),
        "radiates_to": _named(asked["radiates_to"], _AREA), "durations": _named(asked["durations"], DURATIONS),
        **{name: _named(asked[name], {**CHOICES[name], "intermittent": "coming and going"}) for name in CHOSEN},
        **{name: _range(asked, name) for name in RANGES if name in OF_ENTRIES},
        "symptoms": _named(asked["symptoms"], SYMPTOM.label, "none asked about"), "history": _named(asked["history"], HISTORY.label, "none asked about"),
        "aggravated_by": _named(asked["aggravated_by"], AGGRAVATOR.label),
        "tried": _named(asked["tried"], RELIEF.label, none="nothing"), "helped": _named(asked["helped"], RELIEF.label, none="nothing"),
        "hours": [hour(code) for code in asked["hours"]], "blank": _named(asked["blank"], FIELD.label)}
    return said + [_spoken(field, asked) or _clause(field, named[field], asked) for field in OF_ENTRIES if named[field]]


def _spoken(field: str, asked: Asked) -> str:
    """A field as one would say it; nothing where it can't be: where it is ruled out, all of several values are asked for, or no answer."""
    if field in (*asked["negated"], *asked["every"]):
        return ""
    if field in _MEASURED:
        (before, unit, after), (low, high, blank) = _MEASURED[field], (asked[name] for name in range_names(field))
        unit += "s" * (bool(unit) and not {low, high} <= {1, None})
        return "" if blank else "".join(f"{before}{said}{after}" for said in span(low, high, f"{{}}{unit} or more", f"{{}}{unit} or less", f"{{}}{unit}"))
    before, words, after = _SPOKEN.get(field, ("", {}, ""))
    codes = asked[field] if words else ()
    return f"{before}{listing((words[code] for code in codes), 'or')}{after}" if codes and {*codes} <= words.keys() else ""


def _clause(field: str, words: list[str], asked: Asked) -> str:
    negated, every, name = field in asked["negated"], field in asked["every"], OF_ENTRIES[field]
    last = "and" if every else "or"
    if field == "blank":  # not any is every one
        return f"an answer to {listing(words, 'or' if every else 'and')}" if negated else f"no answer to {listing(words, last)}"
    joined = ("all of " if every else "") + listing(words, last)
    if not negated:
        return f"no {name} asked about" if words == ["none asked about"] else f"{name} {joined}"
    answered = "asked about" if field in _ASKED_ABOUT else "recorded"
    if words in (["not recorded"], ["none asked about"]):
        return f"{name} {answered}"
    if field in _ASKED_ABOUT and NOT_RECORDED not in asked[field]:
        return f"{listing(words, 'or' if every else 'and')} denied"
    return f"{name} {answered} but not {joined}"


def hour(code: str) -> str:
    return {"night": "night", NOT_RECORDED: "not recorded"}.get(code, f"{code}:00")


def _range(asked: Asked, name: str) -> list[str]:
    return span(asked[f"{name}_from"], asked[f"{name}_to"], "{} or more", "{} or less", "{}") + ["not recorded"] * asked[f"{name}_not_recorded"]


def _sayable(asked: Asked, field: str) -> tuple[str, ...]:
    codes = asked[field]
    return () if field in (*asked["negated"], *asked["every"]) or {NONE, NOT_RECORDED} & set(codes) else codes


def _named(codes: tuple[str, ...], labels: Mapping[str, str], not_recorded: str = "not recorded", none: str = "answered with none") -> list[str]:
    named = {**{code: label.lower() for code, label in labels.items()}, NONE: none, NOT_RECORDED: not_recorded}
    return [named.get(code, code) for code in codes]
