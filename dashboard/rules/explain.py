"""What a rule does not say of itself: what it passes over, and how it came to be what it is."""
from collections.abc import Sequence
from typing import NamedTuple

from dashboard.rules.conditions import Named, NotLongstanding, OrUnknown, Reported, TemperatureAtLeast, days_in_words
from dashboard.rules.definition import Rule, RuleSet
from dashboard.rules.over_time import InterferenceOnDays, LastEntryWithin, NoRelief, NotImproved, SeverityOnDays, Silent, Worsened, WorstAtLast
from dashboard.rules.parameters import differences

_OF_TIME = (LastEntryWithin, SeverityOnDays, NoRelief, NotImproved, Worsened, InterferenceOnDays, WorstAtLast, Silent)


def ignores(rule: Rule) -> tuple[str, ...]:
    """What it does not look at, or does not let count."""
    kinds = {type(part) for part in rule.parts}
    said = []
    if any(isinstance(part, Reported) and part.only == "new" for part in rule.parts) or NotLongstanding in kinds:
        said.append("Symptoms that their own entry marks as longstanding; where nothing is marked they count as new.")
    if not kinds & set(_OF_TIME) and not rule.of_episode and any(isinstance(part, Reported | TemperatureAtLeast) for part in rule.parts):
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
