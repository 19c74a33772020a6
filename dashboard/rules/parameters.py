"""The numbers that a rule goes by, for a form: each with what it means, its unit, and what it may be. The same number for the same thing in
several lines of a rule is one parameter, so that "location not recorded" keeps the window of the line beside it."""
from collections.abc import Mapping
from dataclasses import dataclass

from dashboard.rules.definition import Rule, as_data, from_data
from dashboard.rules.over_time import KINDS

Path = tuple[str | int, ...]
_AROUND, _PERIODS, _IN_EACH = "Days around the finding", "Days in each of the two periods", "Diary days in each, at least"
_DAYS, _SCORE = ("days", 0, 365, 1), ("of 10", 0, 10, 0.5)
_SOME_DAYS = ("days", 1, 365, 1)
# label, then unit, least, most, step
_OF: dict[tuple[str, str], tuple[str, tuple[str, float, float, float]]] = {
    ("temperature_at_least", "celsius"): ("Temperature, at least", ("°C", 35, 42, 0.1)),
    ("age_at_least", "years"): ("Age, at least", ("years", 0, 120, 1)),
    ("younger_at_onset", "years"): ("Age at onset, below", ("years", 0, 120, 1)),
    ("at_least", "count"): ("How many of them, at least", ("", 1, 20, 1)),
    ("within_days", "days"): (_AROUND, _DAYS), ("in_days_before", "days"): ("Days before the finding", _DAYS),
    ("in_days_after", "days"): ("Days after the finding", _DAYS),
    ("last_entry_within", "days"): ("Last entry before the as-of date, at most", _DAYS),
    ("severity_on_days", "at_least"): ("Worst pain, at least", _SCORE), ("severity_on_days", "on_days"): ("On so many days", _SOME_DAYS),
    ("severity_on_days", "apart"): ("Days apart, at most", _DAYS), ("severity_on_days", "within"): ("Days looked back from the last entry", _SOME_DAYS),
    ("no_relief", "within"): ("Days looked back from the last entry", _SOME_DAYS),
    ("duration_at_least", "days"): ("Duration of the episode, at least", ("days", 0, 3650, 1)),
    ("begun_within", "days"): ("Age of the episode, at most", _DAYS),
    ("duration_crossed", "days"): ("Duration of the episode, at least", ("days", 0, 3650, 1)),
    ("duration_crossed", "within"): ("Reached in the days to the as-of date", _SOME_DAYS),
    ("not_improved", "after"): ("Days since onset, at least", _DAYS), ("not_improved", "span"): ("First and last diary days compared", _SOME_DAYS),
    ("not_improved", "by"): ("Better means lower by", _SCORE), ("not_improved", "share"): ("and by this share", ("%", 0, 100, 5)),
    ("not_improved", "good_enough"): ("Good enough at the last", _SCORE),
    ("not_responded", "after"): ("Days since something was first tried, at least", _DAYS), ("not_responded", "span"): (_PERIODS, _SOME_DAYS),
    ("not_responded", "least_days"): (_IN_EACH, _SOME_DAYS), ("not_responded", "share"): ("Better means lower by this share", ("%", 0, 100, 5)),
    ("not_responded", "good_enough"): ("Good enough as a mean of the last days", _SCORE),
    ("worst_at_least", "at_least"): ("Worst pain, at least", _SCORE),
    ("started_within", "days"): ("Onset before the entry, at most", ("days", 0, 3650, 1)),
    ("sudden_onset", "within"): ("Sudden onset before the entry, at most", ("days", 0, 3650, 1)),
    ("worsened", "span"): (_PERIODS, _SOME_DAYS), ("worsened", "least_days"): (_IN_EACH, _SOME_DAYS),
    ("worsened", "by"): ("Worse means higher by", _SCORE), ("worsened", "share"): ("and by this share", ("%", 0, 100, 5)),
    ("worsened", "to_at_least"): ("To a mean of at least", _SCORE),
    ("interference_on_days", "at_least"): ("Interference, at least", _SCORE), ("interference_on_days", "on_days"): ("On so many days", _SOME_DAYS),
    ("interference_on_days", "within"): ("Days looked back from the last entry", _SOME_DAYS),
    ("worst_at_last", "at_least"): ("Worst pain at the last entry, at least", _SCORE),
    ("silent", "days"): ("Days without an entry, more than", _DAYS),
    ("silent", "times"): ("Times the patient's usual gap, more than", ("times", 0, 20, 0.5))}


@dataclass(frozen=True)
class Parameter:
    """`value` as people see it: a share in percent. `places`: where it stands in the rule's data."""
    label: str
    unit: str
    value: float
    least: float
    most: float
    step: float
    places: tuple[Path, ...]

    @property
    def whole(self) -> bool:
        return self.step == 1

    def in_words(self, value: float) -> str:
        return f"{value:g} {self.unit}".strip()

    def read(self, rule: Rule) -> float:
        """What it is in another version of the rule that has the same shape. Raises KeyError, IndexError or TypeError for another shape."""
        found: object = as_data(rule)
        for step in self.places[0]:
            found = found[step]
        return _shown(self.unit, float(found))


def of(rule: Rule) -> tuple[Parameter, ...]:
    """In the order in which the rule names them."""
    found: dict[tuple[str, str, float], list[Path]] = {}
    limits = {}
    for path, kind, name, value in _numbers(as_data(rule), ()):
        label, (unit, *bounds) = _OF[kind, name]
        key = (label, unit, _shown(unit, value))
        found.setdefault(key, []).append(path)
        limits[key] = bounds
    return tuple(Parameter(label, unit, value, *limits[label, unit, value], tuple(places)) for (label, unit, value), places in found.items())


def _numbers(data: object, path: Path) -> list[tuple[Path, str, str, float]]:
    items = list(data.items()) if isinstance(data, dict) else list(enumerate(data)) if isinstance(data, list) else []
    found = []
    for name, value in items:
        if isinstance(data, dict) and data.get("kind") in KINDS and isinstance(value, int | float) and not isinstance(value, bool):
            found.append(((*path, name), data["kind"], name, float(value)))
        found += _numbers(value, (*path, name))
    return found


def _shown(unit: str, value: float) -> float:
    return round(value * 100, 6) if unit == "%" else value


def with_values(rule: Rule, values: Mapping[Parameter, float]) -> Rule:
    """The rule with other numbers; raises Refused where they do not go together."""
    data = as_data(rule)
    for parameter, value in values.items():
        stored = value / 100 if parameter.unit == "%" else value
        for *way, last in parameter.places:
            place: object = data
            for step in way:
                place = place[step]
            place[last] = round(stored, 6) if isinstance(place[last], float) else int(stored)
    return from_data(data, rule.rule_id)


def differences(before: Rule, after: Rule) -> list[str]:
    """What the second says otherwise than the first, in words."""
    said = []
    try:
        # a number that stands in one place in one of them and in several in the other is looked at where it is finer
        finer = max((of(before), before), (of(after), after), key=lambda pair: len(pair[0]))[0]
        for parameter in finer:
            old, new = parameter.read(before), parameter.read(after)
            if old != new:
                said.append(f"{parameter.label[:1].lower()}{parameter.label[1:]}: {old:g} → {parameter.in_words(new)}")
        if _shape(before) != _shape(after):
            said.append("what it looks for, or what it is called")
        if before.folds_under != after.folds_under:
            said.append(f"shown under {after.folds_under} where both are met" if after.folds_under else "shown by itself")
    except (KeyError, IndexError, TypeError):
        said = ["what it looks for"]
    return said


def _shape(rule: Rule) -> object:
    """Everything but the numbers, the version and where it is shown."""
    def without(data: object) -> object:
        if isinstance(data, dict):
            return {name: without(value) for name, value in data.items() if name not in ("version", "folds_under")}
        return [without(part) for part in data] if isinstance(data, list) else 0 if isinstance(data, int | float) else data
    return without(as_data(rule))


def compared(before: tuple[Rule, ...], after: tuple[Rule, ...]) -> list[str]:
    """A sentence for each rule that is new, gone or other."""
    old, new = ({rule.rule_id: rule for rule in rules} for rules in (before, after))
    said = [f"{rule_id} {old[rule_id].title}: switched off" for rule_id in old if rule_id not in new]
    said += [f"{rule_id} {new[rule_id].title}: switched on" for rule_id in new if rule_id not in old]
    for rule_id in new:
        if rule_id in old and (how := differences(old[rule_id], new[rule_id])):
            said.append(f"{rule_id} {new[rule_id].title}: {'; '.join(how)}")
    return said
