from collections.abc import Callable
from dataclasses import fields, replace

import pytest
from hypothesis import given

from dashboard import filters, profile
from dashboard.cohort import Cohort
from tests.property.test_distributions import cohorts

NECK = Cohort(locations=("neck",))


@pytest.mark.parametrize(("before", "code", "add", "after"), [
    ((), "neck", False, ("neck",)), (("neck",), "neck", False, ()),
    (("neck",), "jaw", False, ("jaw",)), (("neck", "jaw"), "neck", False, ("neck",)),
    ((), "neck", True, ("neck",)), (("neck",), "jaw", True, ("neck", "jaw")), (("neck", "jaw"), "neck", True, ("jaw",)),
    (("neck",), "not_recorded", True, ("neck", "not_recorded"))])
def test_a_press_asks_for_one_value_and_shift_for_one_more(before: tuple, code: str, add: bool, after: tuple) -> None:
    assert filters.pressed(Cohort(locations=before, sexes=("female",)), "locations", code, add) == Cohort(locations=after, sexes=("female",))


@pytest.mark.parametrize(("presses", "low", "high", "blank", "bars"), [
    (["7"], 6.5, 7.49, False, {7}), (["7", "7"], None, None, False, set()), (["7", "3"], 2.5, 3.49, False, {3}),
    (["7", "+10"], 6.5, None, False, {7, 8, 9, 10}), (["7", "+4"], 3.5, 7.49, False, {4, 5, 6, 7}), (["0"], 0, 0.49, False, {0}),
    (["0", "+10"], 0, None, False, set(range(11))),
    (["4", "+7", "+7"], 3.5, 6.49, False, {4, 5, 6}), (["4", "+7", "+4"], 4.5, 7.49, False, {5, 6, 7}), (["4", "+7", "+5"], 3.5, 7.49, False, {4, 5, 6, 7}),
    (["4", "+7", "5"], 4.5, 5.49, False, {5}), (["4", "+4"], None, None, False, set()),
    (["not_recorded"], None, None, True, set()), (["not_recorded", "not_recorded"], None, None, False, set()),
    (["7", "+not_recorded"], 6.5, 7.49, True, {7}), (["7", "+not_recorded", "+not_recorded"], 6.5, 7.49, False, {7}),
    (["7", "not_recorded"], None, None, True, set()), (["not_recorded", "+7"], 6.5, 7.49, True, {7}), (["7", "+not_recorded", "7"], 6.5, 7.49, False, {7})])
def test_severity_is_a_range_that_a_press_sets_and_shift_stretches(presses: list[str], low: float, high: float, blank: bool, bars: set) -> None:
    cohort = NECK
    for press in presses:
        cohort = filters.severity_pressed(cohort, press.removeprefix("+"), press.startswith("+"))
    assert cohort == replace(NECK, severity_from=low, severity_to=high, severity_not_recorded=blank)
    assert filters.lit(cohort) == {*map(str, bars)} | ({"not_recorded"} if blank else set())


@pytest.mark.parametrize(("low", "high", "bars"), [(7, None, {7, 8, 9, 10}), (None, 3, {0, 1, 2, 3}), (6.5, 7, {7}), (6.6, 6.9, set())])
def test_bars_of_a_range_that_was_typed(low: float | None, high: float | None, bars: set) -> None:
    assert filters.lit(Cohort(severity_from=low, severity_to=high)) == {*map(str, bars)}


def test_a_cell_asks_for_both_and_takes_both_back() -> None:
    asked = filters.paired(Cohort(locations=("jaw", "head"), sexes=("male",)), "neck", "burning", False)
    assert asked == Cohort(locations=("neck",), qualities=("burning",), sexes=("male",))
    assert filters.paired(asked, "neck", "burning", False) == filters.paired(asked, "neck", "burning", True) == Cohort(sexes=("male",))


@pytest.mark.parametrize(("presses", "locations", "qualities"), [
    ([("neck", "burning")], ("neck",), ("burning",)), ([("neck", "burning"), ("jaw", "dull")], ("neck", "jaw"), ("dull", "burning")),
    ([("neck", "burning"), ("neck", "dull")], ("neck",), ("dull", "burning")),
    ([("neck", "burning"), ("neck", "dull"), ("neck", "dull")], ("neck",), ("burning",)),
    ([("neck", "burning"), ("jaw", "dull"), ("jaw", "burning")], ("neck",), ("dull",)), ([("neck", "burning"), ("neck", "burning")], (), ())])
def test_a_cell_that_adds_asks_for_any_of_the_places_with_any_of_the_qualities(presses: list, locations: tuple, qualities: tuple) -> None:
    cohort = Cohort()
    for location, quality in presses:
        cohort = filters.paired(cohort, location, quality, True)
        assert ((location, quality) in filters.pairs(cohort)) == (location in cohort.locations and quality in cohort.qualities)
    assert cohort == Cohort(locations=locations, qualities=qualities)
    assert len(filters.pairs(cohort)) == len(locations) * len(qualities)


WEEKS = {"a": (0, 6), "b": (7, 13)}


@pytest.mark.parametrize("add", [False, True])
@pytest.mark.parametrize(("ruled_out", "lit", "press", "code", "asked"), [
    (Cohort(locations=("neck", "jaw"), negated=("locations",), every=("locations",)), lambda c: filters.shown(c, "locations"),
     lambda c, code, add: filters.pressed(c, "locations", code, add), "neck", NECK),
    (Cohort(severity_from=6.5, severity_not_recorded=True, negated=("severity",)), filters.lit, filters.severity_pressed, "9",
     Cohort(severity_from=8.5, severity_to=9.49)),
    (Cohort(age_to=19, age_not_recorded=True, negated=("age",)), lambda c: filters.lit_bands(c, profile.AGES, "age"),
     lambda c, code, add: filters.band_pressed(c, profile.AGES, "age", code, add), "40_to_49", Cohort(age_from=40, age_to=49)),
    (Cohort(until=6, negated=("period",)), lambda c: filters.lit_bands(c, WEEKS, "period"),
     lambda c, code, add: filters.band_pressed(c, WEEKS, "period", code, add), "b", Cohort(since=7, until=13)),
    (Cohort(locations=("jaw",), negated=("locations",)), filters.pairs, lambda c, code, add: filters.paired(c, *code.split(), add), "neck dull",
     Cohort(locations=("neck",), qualities=("dull",)))])
def test_a_bar_that_is_pressed_is_asked_for_where_others_were_ruled_out(ruled_out: Cohort, lit: Callable, press: Callable, code: str, asked: Cohort,
                                                                         add: bool) -> None:
    assert not lit(ruled_out), "no bar is shown as asked for"
    assert press(ruled_out, code, add) == asked and lit(asked)


def test_chips_in_words() -> None:
    cohort = Cohort(since=20_454, locations=("neck", "none"), qualities=("not_recorded",), sexes=("female",), sources=("app",), buckets=("same_day",),
                    symptoms=("not_recorded",), tiers=("E",), durations=("under_6_weeks",), age_from=50, age_not_recorded=True, severity_to=3)
    assert [chip.text for chip in filters.chips(cohort)] == [
        "source: app", "stands as: same-day", "worst tier: emergency", "sex: female", "where: neck", "where: none", "quality: not recorded",
        "duration: under 6 weeks", "reported: none asked about", "age: over 49", "age: not recorded", "severity: 3 or less", "since 1 Jan 2026"]


@given(cohort=cohorts())
def test_every_filter_has_a_chip_and_the_last_leaves_everybody(cohort: Cohort) -> None:
    given_values = sum(len(value) for field in fields(Cohort) if field.name not in ("negated", "every")
                       and isinstance(value := getattr(cohort, field.name), tuple))
    chips = filters.chips(cohort)
    assert len({chip.text for chip in chips}) == len(chips) >= given_values
    assert bool(chips) == (cohort != Cohort())
    left = cohort
    while found := filters.chips(left):
        assert found[0].left != left
        left = found[0].left
    assert left == Cohort()


def test_every_code_has_a_word() -> None:
    for field, (_, words) in filters.WORDS.items():
        assert all(filters.label(field, code) for code in (*words, "none", "not_recorded")), field


def test_without() -> None:
    assert filters.without(Cohort(since=1, until=2, locations=("neck",)), "since", "until") == NECK


@pytest.mark.parametrize(("presses", "low", "high", "blank", "lit"), [
    (["40_to_49"], 40, 49, False, {"40_to_49"}), (["40_to_49", "40_to_49"], None, None, False, set()),
    (["under_20"], None, 19, False, {"under_20"}), (["80_and_more"], 80, None, False, {"80_and_more"}),
    (["40_to_49", "+60_to_69"], 40, 69, False, {"40_to_49", "50_to_59", "60_to_69"}), (["40_to_49", "+60_to_69", "+40_to_49"], 50, 69, False,
                                                                                       {"50_to_59", "60_to_69"}),
    (["under_20", "+80_and_more"], None, None, False, set()),
    (["40_to_49", "+not_recorded"], 40, 49, True, {"40_to_49"}), (["40_to_49", "not_recorded"], None, None, True, set()),
    (["not_recorded", "not_recorded"], None, None, False, set()), (["40_to_49", "+not_recorded", "40_to_49"], 40, 49, False, {"40_to_49"})])
def test_ages_are_a_range_that_a_press_sets_and_shift_stretches(presses: list[str], low: int, high: int, blank: bool, lit: set) -> None:
    cohort = NECK
    for press in presses:
        cohort = filters.band_pressed(cohort, profile.AGES, "age", press.removeprefix("+"), press.startswith("+"))
    assert cohort == replace(NECK, age_from=low, age_to=high, age_not_recorded=blank)
    assert filters.within(profile.AGES, cohort.age_from, cohort.age_to) == lit


def test_weeks_make_a_period() -> None:
    weeks = {"a": (0, 6), "b": (7, 13), "c": (14, 20)}
    cohort = filters.band_pressed(NECK, weeks, "period", "a", False)
    assert (cohort.since, cohort.until) == (0, 6)
    cohort = filters.band_pressed(cohort, weeks, "period", "c", True)
    assert (cohort.since, cohort.until) == (0, 20) and filters.within(weeks, 1, 20) == {"b", "c"}
    assert filters.band_pressed(filters.band_pressed(NECK, weeks, "period", "b", False), weeks, "period", "b", False) == NECK


def test_relief_asks_who_tried_it_or_whom_nothing_helped() -> None:
    assert filters.relief_pressed(Cohort(), "rest", False) == Cohort(tried=("rest",))
    assert filters.relief_pressed(Cohort(), "none", False) == Cohort(tried=("none",))
    assert filters.relief_pressed(Cohort(), "none_helped", False) == Cohort(helped=("none",))


def test_how_values_are_meant_goes_when_they_do() -> None:
    asked = filters.moded(Cohort(qualities=("dull", "sharp")), "qualities", negated=True, every=True)
    assert (asked.negated, asked.every) == (("qualities",), ("qualities",))
    assert [chip.text for chip in filters.chips(asked)] == ["quality not all of: sharp", "quality not all of: dull"]
    one = filters.chips(asked)[0].left
    assert (one.negated, one.every) == (("qualities",), ()) and filters.chips(one)[0].left == Cohort()
