"""Conditions about several entries: what was said together, how often, since when. The rest of the algebra of `conditions`."""
from dataclasses import dataclass

from dashboard.codelists import HISTORY
from dashboard.rules import conditions as of
from dashboard.rules.change import NotImproved, NotResponded, Worsened
from dashboard.rules.conditions import Condition, Named, Reported, TemperatureAtLeast, both, days_in_words, in_words, listed
from dashboard.rules.single import Chosen, NotChosen, RelievedBy, SexIs, StartedWithin, SuddenOnset, WorstAtLeast, YoungerAtOnset


@dataclass(frozen=True)
class SameEntry(Condition):
    """All of it said in one entry."""
    parts: tuple[Condition, ...]

    def of_nothing(self) -> bool | None:
        return None

    def describe(self) -> str:
        return f"in one entry: {listed([part.describe() for part in self.parts], 'and')}"


@dataclass(frozen=True)
class SameEntryOfPatientWith(Condition):
    """All of it said in one entry, by a patient with any of these in the history."""
    history: tuple[str, ...]
    parts: tuple[Condition, ...]

    def of_nothing(self) -> bool | None:
        return None

    def reads(self) -> tuple[str, ...]:
        return self.history

    def describe(self) -> str:
        return f"a history of {in_words(HISTORY, self.history)}, and in one entry: {listed([part.describe() for part in self.parts], 'and')}"


@dataclass(frozen=True)
class WithinDays(Condition):
    """Around a day with the anchor, up to so many days before or after it: all parts. The anchor is the rarest finding."""
    days: int
    anchor: Condition
    parts: tuple[Condition, ...]

    @property
    def before(self) -> int:
        return self.days

    @property
    def after(self) -> int:
        return self.days

    def of_nothing(self) -> bool | None:
        return both(self.anchor.of_nothing(), *[part.of_nothing() for part in self.parts])

    @property
    def near(self) -> str:
        """Around the anchor's day, in words."""
        return {0: "on the same day", 1: "on the same or an adjacent day"}.get(self.days, f"at most {days_in_words(self.days)} before or after it")

    def describe(self) -> str:
        return f"{self.anchor.describe()}, and {self.near}: {listed([part.describe() for part in self.parts], 'and')}"


@dataclass(frozen=True)
class InDaysBefore(WithinDays):
    """All parts on the day of the anchor, or at most so many days before it."""

    @property
    def after(self) -> int:
        return 0

    @property
    def near(self) -> str:
        return f"on the same day or at most {days_in_words(self.days)} before it"


@dataclass(frozen=True)
class InDaysAfter(WithinDays):
    """All parts on the day of the anchor, or at most so many days after it."""

    @property
    def before(self) -> int:
        return 0

    @property
    def near(self) -> str:
        return f"on the same day or at most {days_in_words(self.days)} after it"


@dataclass(frozen=True)
class LastEntryWithin(Condition):
    """The patient's last entry is at most so many days before the as-of date."""
    days: int

    def describe(self) -> str:
        return f"a last entry at most {days_in_words(self.days)} before the as-of date"


@dataclass(frozen=True)
class SeverityOnDays(Condition):
    """Worst pain, or severity where worst is blank, on so many days at most `apart` days apart, in the `within` days to the last entry.
    Who was as bad as that on some day cannot be told no by fewer days with a score than are asked for."""
    at_least: float
    on_days: int
    apart: int
    within: int

    def reads(self) -> tuple[str, ...]:
        return ("worst_severity", "severity")

    def describe(self) -> str:
        close = f" at most {days_in_words(self.apart)} apart" if self.apart < self.within - 1 else ""
        on = "on any day" if self.on_days == 1 else f"on {self.on_days} different days{close}"
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
class BegunWithin(Condition):
    """On the day of an anchor, the current episode was at most so many days old. Unknown on days before it."""
    days: int

    def reads(self) -> tuple[str, ...]:
        return DurationAtLeast(self.days).reads()

    def describe(self) -> str:
        return f"a current episode that began at most {days_in_words(self.days)} before"


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
class RuleNotMet(Condition):
    """Another rule is not met; one that cannot be assessed suppresses nothing."""
    rule: str

    def of_nothing(self) -> bool:
        return True

    def describe(self) -> str:
        return f"{self.rule} not met"


@dataclass(frozen=True)
class AnyRuleMet(Condition):
    """Some other rule came to one of these tiers."""
    tiers: str

    def of_nothing(self) -> bool:
        return False

    def describe(self) -> str:
        return f"a rule of tier {listed(list(self.tiers), 'or')} met"


@dataclass(frozen=True)
class InterferenceOnDays(Condition):
    """The worst answer of a day counts. Too few days with an answer cannot say no."""
    at_least: float
    on_days: int
    within: int

    def reads(self) -> tuple[str, ...]:
        return ("interference",)

    def describe(self) -> str:
        return f"interference {self.at_least:g} or more on {self.on_days} of the {days_in_words(self.within)} to the last entry"


@dataclass(frozen=True)
class WorstAtLast(Condition):
    """Worst pain, or severity where worst is blank, on the day of the last entry."""
    at_least: float

    def reads(self) -> tuple[str, ...]:
        return ("worst_severity", "severity")

    def describe(self) -> str:
        return f"worst pain {self.at_least:g} or more on the day of the last entry (severity where worst pain is blank)"


@dataclass(frozen=True)
class Silent(Condition):
    """No entry up to the as-of date for longer than so many days, and for longer than so many times what usually lies between diary days."""
    days: int
    times: float

    def describe(self) -> str:
        return (f"no entry for more than {days_in_words(self.days)} before the as-of date, and for more than {self.times:g} times the median of the days "
                "between this patient's diary days")


# what a rule file calls them
KINDS: dict[str, type[Condition]] = {
    "reported": Reported, "denied": of.Denied, "patient_has": of.PatientHas, "named": Named, "named_only": of.NamedOnly,
    "not_longstanding": of.NotLongstanding, "temperature_at_least": TemperatureAtLeast, "age_at_least": of.AgeAtLeast, "any": of.AnyOf, "all": of.AllOf,
    "at_least": of.AtLeast, "any_answer": of.AnyAnswer, "not": of.Not, "or_unknown": of.OrUnknown, "same_entry": SameEntry, "within_days": WithinDays,
    "last_entry_within": LastEntryWithin, "severity_on_days": SeverityOnDays, "no_relief": NoRelief, "duration_at_least": DurationAtLeast,
    "begun_within": BegunWithin, "duration_crossed": DurationCrossed, "not_improved": NotImproved, "rule_not_met": RuleNotMet, "chosen": Chosen,
    "not_chosen": NotChosen, "worst_at_least": WorstAtLeast, "started_within": StartedWithin, "sudden_onset": SuddenOnset, "sex_is": SexIs,
    "same_entry_of_patient_with": SameEntryOfPatientWith, "in_days_before": InDaysBefore, "in_days_after": InDaysAfter, "any_rule_met": AnyRuleMet,
    "worsened": Worsened, "interference_on_days": InterferenceOnDays, "worst_at_last": WorstAtLast, "silent": Silent,
    "younger_at_onset": YoungerAtOnset, "relieved_by": RelievedBy, "not_responded": NotResponded}
# what is true of a record just where it is true of one of its entries: the anchor of WithinDays
ANCHORS = (Reported, TemperatureAtLeast, Named, Chosen, WorstAtLeast, StartedWithin, SuddenOnset, of.AnyOf, of.AnyAnswer)
# what can be asked of the entries around an anchor, and of one entry alone
AROUND = (*ANCHORS, BegunWithin, of.Denied, of.PatientHas, of.AllOf, of.AtLeast, of.Not, of.OrUnknown)
IN_ONE_ENTRY = (*ANCHORS, of.Denied, of.AllOf, of.NamedOnly, of.NotLongstanding, NotChosen, of.Not, of.OrUnknown)
ONE_ENTRY = (SameEntry, SameEntryOfPatientWith)
# counted from the onset of the current episode, and all that are about it
FROM_ONSET = (DurationAtLeast, DurationCrossed, NotImproved)
OF_EPISODES = (*FROM_ONSET, NotResponded)
# about what other rules came to
OF_RULES = (RuleNotMet, AnyRuleMet)
# the same of a patient's last days as of everything, however long it looks back
OF_LAST_DAYS = (Worsened, InterferenceOnDays, WorstAtLast, Silent)
