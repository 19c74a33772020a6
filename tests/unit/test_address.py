"""An address says everything of a page that is not as it begins, and nothing that cannot be read is passed over."""
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from dashboard import comparison
from dashboard.address import Address
from dashboard.cohort import Cohort
from dashboard.comparison import Group
from dashboard.errors import Refused
from dashboard.saved import Frozen, Saved
from tests.property.test_distributions import cohorts

TIMES = {"as_of": 20000, "known_at": None}
numbers = some.integers(1, 999_999_999)


@given(some.builds(Address, cohorts(), some.sampled_from(("patient", "entry")), some.booleans(), some.none() | some.tuples(numbers, numbers),
                   some.just("") | some.text(), some.booleans()))
def test_an_address_is_read_as_it_was_written(address: Address) -> None:
    assert Address.from_params(address.to_params()) == address


def test_what_is_as_it_begins_is_not_said() -> None:
    assert Address(Cohort()).to_params() == {}
    assert Address(Cohort(sexes=("female",)), "entry", True, (3, 1), "saved 2.4", True).to_params() == {
        "sexes": ["female"], "per": ["entry"], "more": ["yes"], "frozen": ["3.1"], "b": ["saved 2.4"], "landmark": ["yes"]}


@pytest.mark.parametrize("params", [
    {"per": ["both"]}, {"more": ["1"]}, {"landmark": ["on"]}, {"frozen": ["3"]}, {"frozen": ["3.1.2"]}, {"frozen": ["9999999999.1"]}, {"frozen": ["٣.١"]}])
def test_what_cannot_be_read_is_refused(params: dict[str, list[str]]) -> None:
    with pytest.raises(Refused, match="this value cannot be read"):
        Address.from_params(params)


def test_what_a_question_can_be_compared_with_by_its_code() -> None:
    def kept(cohort: int, version: int, retired: bool = False, frozen: Frozen | None = None) -> Saved:
        return Saved(cohort, f"N{cohort}", version, Cohort(locations=("neck",)), frozen, "", "A", datetime(2026, 1, 1), retired)
    saved = [kept(1, 2, frozen=Frozen(19000, 7, 1, 1)), kept(1, 1), kept(2, 1, retired=True)]
    question = Cohort(qualities=("burning",), sexes=("female",), since=19000)
    offered = comparison.offered(question, saved, **TIMES)
    assert {code: words for code, (words, _) in offered.items()} == {
        comparison.REST: "Everyone else", "not sex: female": "The same, but not sex: female", "not quality: burning": "The same, but not quality: burning",
        "saved 1.2": "Saved: N1, frozen"}
    assert offered["not sex: female"][1] == Group("rest", question, among=Cohort(qualities=("burning",), since=19000), rest=True, **TIMES)
    assert offered["saved 1.2"][1] == Group("saved", Cohort(locations=("neck",)), 19000, 7)
    older = [comparison.offered(question, saved, code, **TIMES).get(code, ("",))[0] for code in ("saved 1.1", "saved 2.1", "saved 3.1", "not sex: male")]
    assert older == ["Saved: N1, version 1", "Saved: N2 (retired)", "", ""]
