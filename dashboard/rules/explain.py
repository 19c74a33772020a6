"""What a rule does not say of itself: its conditions as an outline, what it passes over, how it came to be what it is."""
from collections.abc import Sequence
from typing import NamedTuple

from dashboard.codelists import HISTORY
from dashboard.rules.conditions import (
    AllOf,
    AnyAnswer,
    AnyOf,
    AtLeast,
    Condition,
    Named,
    NotLongstanding,
    OrUnknown,
    Reported,
    TemperatureAtLeast,
    days_in_words,
    in_words,
    listed,
)
from dashboard.rules.definition import Rule, RuleSet
from dashboard.rules.over_time import (
    DurationAtLeast,
    DurationCrossed,
    InterferenceOnDays,
    LastEntryWithin,
    NoRelief,
    NotImproved,
    NotResponded,
    SameEntry,
    SameEntryOfPatientWith,
    SeverityOnDays,
    Silent,
    WithinDays,
    Worsened,
    WorstAtLast,
)
from dashboard.rules.parameters import differences
from dashboard.rules.single import WorstAtLeast

_OF_TIME = (LastEntryWithin, SeverityOnDays, NoRelief, NotImproved, NotResponded, Worsened, InterferenceOnDays, WorstAtLast, Silent)


LONG = 80  # characters: what says more than that in one sentence is told in lines


def outline(condition: Condition, depth: int = 0) -> list[tuple[int, str]]:
    """What has to be so, as lines with their depth: the condition's own words, taken apart where a sentence of them would not be read."""
    said = condition.describe()
    if len(said) <= LONG:
        return [(depth, said[1:-1] if isinstance(condition, (AnyOf, AnyAnswer, OrUnknown)) else said)]
    if isinstance(condition, WithinDays):
        near = _lines(condition.parts, depth + 1)
        beside = [(depth, f"and, {condition.near}: {near[0][1]}")] if len(near) == 1 else [(depth, f"and, {condition.near}, all of:"), *near]
        return [*outline(condition.anchor, depth), *beside]
    heads = {AllOf: "all of:", AnyOf: "any of:", AnyAnswer: "any of (one answer is enough):", SameEntry: "in one entry, all of:"}
    head = heads.get(type(condition))
    if isinstance(condition, AtLeast):
        head = f"at least {condition.count} of:"
    elif isinstance(condition, SameEntryOfPatientWith):
        head = f"a history of {in_words(HISTORY, condition.history)}, and in one entry all of:"
    return [(depth, head), *_lines(condition.parts, depth + 1)] if head else [(depth, said)]


def _lines(parts: Sequence[Condition], depth: int) -> list[tuple[int, str]]:
    return [line for part in parts for line in outline(part, depth)]


def ignores(rule: Rule) -> tuple[str, ...]:
    """What it does not look at, or does not let count."""
    kinds = {type(part) for part in rule.parts}
    said = []
    if any(isinstance(part, Reported) and part.only == "new" for part in rule.parts) or NotLongstanding in kinds:
        said.append("Symptoms that their own entry marks as longstanding; where nothing is marked they count as new.")
    if not kinds & set(_OF_TIME) and not rule.from_onset and any(isinstance(part, Reported | TemperatureAtLeast) for part in rule.parts):
        said.append("A later no: one report counts, whenever it was made, until a person closes the flag.")
    if any(isinstance(part, OrUnknown) and isinstance(part.part, Named) for part in rule.parts):
        said.append("A place that is not recorded: there the finding counts in its place, and the flag says so.")
    elif any(isinstance(part, Named) and part.field == "locations" for part in rule.parts):
        said.append("Pain in other places. A place that is only called “other” is unknown.")
    for part in rule.parts:
        if isinstance(part, LastEntryWithin):
            said.append(f"Patients whose last entry is more than {days_in_words(part.days)} before the as-of date.")
        elif isinstance(part, SeverityOnDays | InterferenceOnDays):
            said.append(f"Scores from more than {days_in_words(part.within)} up to the last entry.")
        elif isinstance(part, Worsened):
            said.append(f"Scores from more than {days_in_words(2 * part.span)} up to the last entry.")
    said.append("Notes: free text is for people to read. Columns that are not named below.")
    return tuple(dict.fromkeys(said))


# what charts draw classes of, and rules have limits of
LIMITS: dict[str, tuple[tuple[type[Condition], str], ...]] = {
    "duration": ((DurationAtLeast, "days"), (DurationCrossed, "days")),
    "worst pain": ((SeverityOnDays, "at_least"), (WorstAtLeast, "at_least"), (WorstAtLast, "at_least"))}


def limits(rules: Sequence[Rule], of: str) -> str:
    """Which rules go by it, each with its numbers: “R03 42, R04 84”."""
    found = {rule.rule_id: sorted({getattr(part, name) for part in rule.parts for kind, name in LIMITS[of] if type(part) is kind}) for rule in rules}
    return ", ".join(f"{rule_id} {listed([f'{number:g}' for number in found[rule_id]], 'and')}" for rule_id in sorted(found) if found[rule_id])


class Step(NamedTuple):
    """A rule set in which a rule began, ended, or became another one."""
    rule_set: int
    rule_version: int | None
    changes: tuple[str, ...]


def history(sets: Sequence[RuleSet], rule_id: str) -> list[Step]:
    """The newest first. `sets` are all on record, the oldest first."""
    steps, before = [], None
    for one in sets:
        now = next((rule for rule in one.rules if rule.rule_id == rule_id), None)
        if now != before:
            changes = ("first recorded",) if before is None else ("left out",) if now is None else tuple(differences(before, now)) or ("nothing that it asks",)
            steps.append(Step(one.version, now.version if now else None, changes))
        before = now
    return steps[::-1]
