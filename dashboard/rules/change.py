"""Conditions about getting better or worse: the severity of some diary days against that of others. A diary day is the mean of its entries."""
from dataclasses import dataclass

from dashboard.rules.conditions import Condition, days_in_words


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
class NotResponded(Condition):
    """Something was tried against the pain so many days before the last entry, and the `span` days to that entry are not clearly better
    than as many from the first day of the current episode on that names it: by the means of diary days, at least `least_days` of each."""
    after: int
    span: int
    least_days: int
    share: float
    good_enough: float

    def reads(self) -> tuple[str, ...]:
        return ("relief_tried", "severity", "onset_date")

    def describe(self) -> str:
        return (f"something tried against the pain {days_in_words(self.after)} or more before the last entry, and no response: the mean severity of the "
                f"{days_in_words(self.span)} to the last entry is more than {self.good_enough:g}, and not lower by {self.share:.0%} than that of the "
                f"{self.span} days from the first of the current episode that names what was tried (each with at least {self.least_days} diary days)")


@dataclass(frozen=True)
class Worsened(Condition):
    """The last `span` days to the last entry against as many before them, each by the mean of its diary days, at least `least_days` of them."""
    span: int
    least_days: int
    by: float
    share: float
    to_at_least: float

    def reads(self) -> tuple[str, ...]:
        return ("severity",)

    def describe(self) -> str:
        to = f", to {self.to_at_least:g} or more" if self.to_at_least else ""
        by = f"{self.by:g} {'point' if self.by == 1 else 'points'}{f' and by {self.share:.0%}' if self.share else ''}"
        return (f"mean severity of the {days_in_words(self.span)} to the last entry higher than of the {self.span} before by {by}{to} "
                f"(each with at least {self.least_days} diary days)")
