"""Conditions about several entries: what was said together, how often, since when. The rest of the algebra of `conditions`."""
from dataclasses import dataclass

from dashboard.rules.conditions import (
    AgeAtLeast,
    AllOf,
    AnyAnswer,
    AnyOf,
    AtLeast,
    Condition,
    Denied,
    Named,
    NamedOnly,
    Not,
    NotLongstanding,
    OrUnknown,
    PatientHas,
    Reported,
    TemperatureAtLeast,
    both,
    days_in_words,
    listed,
)


@dataclass(frozen=True)
class SameEntry(Condition):
    """All of it said in one entry."""
    parts: tuple[Condition, ...]

    def of_nothing(self) -> bool | None:
        return None

    def describe(self) -> str:
        return f"in one entry: {listed([part.describe() for part in self.parts], 'and')}"


@dataclass(frozen=True)
class WithinDays(Condition):
    """Around a day with the anchor, up to so many days before or after it: all parts. The anchor is the rarest finding."""
    days: int
    anchor: Condition
    parts: tuple[Condition, ...]

    def of_nothing(self) -> bool | None:
        return both(self.anchor.of_nothing(), *[part.of_nothing() for part in self.parts])

    def describe(self) -> str:
        near = {0: "on the same day", 1: "on the same or an adjacent day"}.get(self.days, f"at most {days_in_words(self.days)} before or after it")
        return f"{self.anchor.describe()}, and {near}: {listed([part.describe() for part in self.parts], 'and')}"


@dataclass(frozen=True)
class LastEntryWithin(Condition):
    """The patient's last entry is at most so many days before the as-of date."""
    days: int

    def describe(self) -> str:
        return f"a last entry at most {days_in_words(self.days)} before the as-of date"


@dataclass(frozen=True)
class SeverityOnDays(Condition):
    """Worst pain, or severity where worst is blank, on so many days at most `apart` days apart, in the `within` days to the last entry."""
    at_least: float
    on_days: int
    apart: int
    within: int

    def reads(self) -> tuple[str, ...]:
        return ("worst_severity", "severity")

    def describe(self) -> str:
        on = "on any day" if self.on_days == 1 else f"on {self.on_days} different days at most {days_in_words(self.apart)} apart"
        return f"worst pain {self.at_least:g} or more {on} in the {days_in_words(self.within)} to the last entry (severity where worst pain is blank)"


@dataclass(frozen=True)
class NoRelief(Condition):
    """Nothing is named as having helped in the `within` days to the last entry, but for the codes that say so; blank counts as nothing."""
    within: int
    but: tuple[str, ...]

    def of_nothing(self) -> bool:
        return True

    def reads(self) -> tuple[str, ...]:
        return ("relief_helped",)

    def describe(self) -> str:
        return f"nothing recorded as having helped in those {days_in_words(self.within)}"


@dataclass(frozen=True)
class DurationAtLeast(Condition):
    """From the onset of the current episode to its last entry that reports pain."""
    days: int

    def reads(self) -> tuple[str, ...]:
        return ("onset_date", "severity", "worst_severity", "locations", "qualities")

    def describe(self) -> str:
        return f"at least {self.days} days from the onset of the current episode to its last entry that reports pain"


@dataclass(frozen=True)
class DurationCrossed(Condition):
    """So many days of the current episode were reached within the last days before the as-of date, and pain reported since."""
    days: int
    within: int

    def reads(self) -> tuple[str, ...]:
        return DurationAtLeast(self.days).reads()

    def describe(self) -> str:
        return (f"day {self.days} of the current episode reached in the {days_in_words(self.within)} to the as-of date, "
                "and pain reported on it or later")


@dataclass(frozen=True)
class NotImproved(Condition):
    """So many days into the current episode, its last diary days are not clearly better than its first ones."""
    after: int
    span: int
    by: float
    share: float
    good_enough: float

    def reads(self) -> tuple[str, ...]:
        return ("severity", "trend", "onset_date")

    def describe(self) -> str:
        return (f"a diary day {self.after} days or more after the onset of the current episode, and no improvement: the mean severity of the last "
                f"diary days (up to {self.span}) is not lower than that of as many first ones by {self.by:g} points and by {self.share:.0%}, "
                f"and the last diary day is neither {self.good_enough:g} or less nor called better")


@dataclass(frozen=True)
class RuleNotMet(Condition):
    """Another rule is not met; one that cannot be assessed suppresses nothing."""
    rule: str

    def of_nothing(self) -> bool:
        return True

    def describe(self) -> str:
        return f"{self.rule} not met"


# what a rule file calls them
KINDS: dict[str, type[Condition]] = {
    "reported": Reported, "denied": Denied, "patient_has": PatientHas, "named": Named, "named_only": NamedOnly,
    "not_longstanding": NotLongstanding, "temperature_at_least": TemperatureAtLeast, "age_at_least": AgeAtLeast, "any": AnyOf, "all": AllOf,
    "at_least": AtLeast, "any_answer": AnyAnswer, "not": Not, "or_unknown": OrUnknown, "same_entry": SameEntry, "within_days": WithinDays,
    "last_entry_within": LastEntryWithin, "severity_on_days": SeverityOnDays, "no_relief": NoRelief, "duration_at_least": DurationAtLeast,
    "duration_crossed": DurationCrossed, "not_improved": NotImproved, "rule_not_met": RuleNotMet}
# what is true of a record just where it is true of one of its entries: the anchor of WithinDays
ANCHORS = (Reported, TemperatureAtLeast, Named, AnyOf, AnyAnswer)
# what can be asked of the entries around an anchor, and of one entry alone
AROUND = (*ANCHORS, Denied, PatientHas, AllOf, AtLeast, Not, OrUnknown)
IN_ONE_ENTRY = (*ANCHORS, Denied, AllOf, NamedOnly, NotLongstanding)
# about the current episode
OF_EPISODES = (DurationAtLeast, DurationCrossed, NotImproved)
