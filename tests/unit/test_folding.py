"""Which reasons of a patient are shown under which others."""
import pytest

from dashboard.rules.definition import load
from dashboard.rules.folding import Reason, in_order, told

RULES = load()


@pytest.mark.parametrize(("reasons", "shown"), [
    ("E04 U02 R02", ["a (also b)", "c"]), ("E04 R02 U02", ["a (also c)", "b"]), ("U02 R02", ["a", "b"]),
    ("R01 R04", ["b (also a)"]), ("E04-1 U02", ["a", "b"]), ("E04 U02-1", ["a (also b)"]),  # nothing newer under what is older
    ("R04:snoozed R01", ["a", "b"]), ("R04:snoozed R01:snoozed", ["a (also b)"]), ("E04:closed U02", ["a", "b"]), ("E04 U02:closed", ["a (also b)"]),
    ("R04 R01 R01:closed", ["a (also b) (also c)"]), ("", [])])
def test_folding(reasons: str, shown: list[str]) -> None:
    made = [Reason(said[:3], text, -said.count("-1"), said.partition(":")[2] or "open") for said, text in zip(reasons.split(), "abc", strict=False)]
    assert told(made, RULES) == shown
    assert sorted(place for place, _ in in_order(made, RULES)) == list(range(len(made))), "each once"


def test_a_reason_folds_under_a_rule_that_does_not_fold_itself() -> None:
    above = {rule.rule_id: rule.folds_under for rule in RULES if rule.folds_under}
    assert above == {"U02": "E04", "R01": "R04"}
    assert not set(above.values()) & set(above)
