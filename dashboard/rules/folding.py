"""Reasons shown under another one of the same patient that says as much and more (`folds_under` in a rule's file). It is about how reasons are
shown and nothing else: every rule keeps its outcome, every flag its state, and nothing is counted, sorted or left out by it."""
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dashboard.rules.definition import Rule

ASIDE = ("closed", "snoozed")  # under what is done with, or put off, nothing stands that waits


class Reason(NamedTuple):
    """Of a patient's flag; `last` is the last day of its evidence, `status` blank where nobody asks what was done about it."""
    rule_id: str
    text: str
    last: int
    status: str = ""


def folded(reasons: Sequence[Reason], rules: Iterable[Rule]) -> dict[int, int]:
    """Which of a patient's reasons is shown under which, by their places: never what is newer under what is older."""
    above = {rule.rule_id: rule.folds_under for rule in rules if rule.folds_under}
    under: dict[int, int] = {}
    for place, one in enumerate(reasons):
        for other, it in enumerate(reasons):
            if it.rule_id == above.get(one.rule_id) and it.last >= one.last and (it.status not in ASIDE or it.status == one.status):
                under.setdefault(place, other)
    return under


def in_order(reasons: Sequence[Reason], rules: Iterable[Rule]) -> list[tuple[int, bool]]:
    """The places of the reasons, each with whether it is shown under the one before it that is not."""
    under = folded(reasons, rules)
    return [found for place in range(len(reasons)) if place not in under
            for found in ((place, False), *[(inner, True) for inner, over in under.items() if over == place])]


def told(reasons: Sequence[Reason], rules: Iterable[Rule]) -> list[str]:
    """A text for each reason that stands for itself, with those under it in brackets."""
    texts: list[str] = []
    for place, inner in in_order(reasons, rules):
        text = reasons[place].text
        texts = [*texts[:-1], f"{texts[-1]} (also {text[:1].lower()}{text[1:]})"] if inner else [*texts, text]
    return texts
