"""Conditions about single cells of an entry: how bad, how and when it began, what course; and who the patient is."""
from dataclasses import dataclass

from dashboard.codelists import CHOICES, RELIEF, Codelist
from dashboard.rules.conditions import Condition, days_in_words, in_words

CHOSEN_FROM = ("onset_speed", "pattern", "trend")
_CHOICE_WORDS = {"onset_speed": "an onset called", "pattern": "pain called", "trend": "a course called"}
_BLANK_WORDS = {"onset_speed": "how it began", "pattern": "whether it is constant", "trend": "the course"}
SEXES = tuple(CHOICES["sex"])


def choice(field: str) -> Codelist:
    """The answers to a single choice, as bits: of several entries, several answers add up."""
    return Codelist(field, tuple((code, bit, label, ()) for bit, (code, label) in enumerate(CHOICES[field].items())))


@dataclass(frozen=True)
class Chosen(Condition):
    """Any of these answers to a single choice."""
    choice: str
    answers: tuple[str, ...]

    def reads(self) -> tuple[str, ...]:
        return (self.choice,)

    def describe(self) -> str:
        return f"{_CHOICE_WORDS[self.choice]} {in_words(choice(self.choice), self.answers)}"


@dataclass(frozen=True)
class NotChosen(Condition):
    """The single choice is left blank. To be asked of one entry."""
    choice: str

    def of_nothing(self) -> bool:
        return True

    def reads(self) -> tuple[str, ...]:
        return (self.choice,)

    def describe(self) -> str:
        return f"{_BLANK_WORDS[self.choice]} not recorded"


@dataclass(frozen=True)
class WorstAtLeast(Condition):
    """Worst pain, or severity where worst is blank, in any entry."""
    at_least: float

    def reads(self) -> tuple[str, ...]:
        return ("worst_severity", "severity")

    def describe(self) -> str:
        return f"worst pain {self.at_least:g} or more (severity where worst pain is blank)"


@dataclass(frozen=True)
class StartedWithin(Condition):
    """The onset that an entry states is at most so many days before it."""
    days: int

    def reads(self) -> tuple[str, ...]:
        return ("onset_date",)

    def describe(self) -> str:
        return f"an onset at most {days_in_words(self.days)} before the entry"


@dataclass(frozen=True)
class SuddenOnset(Condition):
    """An entry calls the onset sudden, and states none that is longer ago; no date counts as recent."""
    within: int

    def reads(self) -> tuple[str, ...]:
        return ("onset_speed", "onset_date")

    def describe(self) -> str:
        return f"a sudden onset at most {days_in_words(self.within)} before the entry (a date that is not recorded counts as recent)"


@dataclass(frozen=True)
class SexIs(Condition):
    """As answered last."""
    sex: str

    def reads(self) -> tuple[str, ...]:
        return ("sex",)

    def describe(self) -> str:
        return f"sex {CHOICES['sex'][self.sex].lower()}"


@dataclass(frozen=True)
class YoungerAtOnset(Condition):
    """By the latest onset that was stated and the year of birth that was given last: the age reached in the year of the onset. An episode
    whose onset nobody stated may have begun long before its first entry, so that one says nothing."""
    years: int

    def reads(self) -> tuple[str, ...]:
        return ("birth_year", "onset_date")

    def describe(self) -> str:
        return f"younger than {self.years} at the onset"


@dataclass(frozen=True)
class RelievedBy(Condition):
    """Any of these helped; no if one was tried and what helped was said, and it never was one of these. What was not tried is unknown."""
    relief: tuple[str, ...]

    def reads(self) -> tuple[str, ...]:
        return ("relief_helped", "relief_tried")

    def describe(self) -> str:
        return f"helped by {in_words(RELIEF, self.relief)}"
