"""How much is left out, and of what."""
import pandas as pd
import pytest

from dashboard import crossfilter, disclosure, outgoing, sums
from dashboard.disclosure import BASE, HIDDEN

FEW = "1 to 10"


def durations(*n: int) -> pd.DataFrame:
    return pd.DataFrame({"code": ["short", "middle", "long", "not_recorded"], "n": n, "answered": sum(n[:3])})


def test_nothing_is_missing_where_nothing_is_small() -> None:
    assert not disclosure.protect(sums.exclusive(durations(11, 0, 40, 20))).words, "zero is written"
    assert not disclosure.protect(sums.exclusive(durations(1, 2, 3, 4)), 0).words, "and none is suppressed where that was turned off"


@pytest.mark.parametrize(("n", "words"), [
    # the second class goes too, or the first were the rest of those who answered
    ((5, 0, 40, 20), {("short", "n"): FEW, ("long", "n"): HIDDEN}),
    ((5, 7, 40, 20), {("short", "n"): FEW, ("middle", "n"): FEW}),
    # two small ones that together are 2 would be 1 and 1, that together are 20 ten and ten
    ((1, 1, 40, 20), {("short", "n"): FEW, ("middle", "n"): FEW, ("long", "n"): HIDDEN}),
    ((10, 10, 40, 20), {("short", "n"): FEW, ("middle", "n"): FEW, ("long", "n"): HIDDEN}),
    # who is not recorded is all less those who answered, who are the classes together
    ((15, 11, 40, 3), {("not_recorded", "n"): FEW, ("", "answered"): HIDDEN, ("middle", "n"): HIDDEN}),
    ((4, 0, 0, 0), {("short", "n"): FEW, ("", "answered"): FEW, BASE: FEW}),
    ((11, 0, 0, 0), {}), ((0, 0, 0, 0), {})])
def test_exclusive_classes(n: tuple[int, ...], words: dict) -> None:
    assert disclosure.protect(sums.exclusive(durations(*n))).words == words


def test_a_list_keeps_its_counts_where_few_did_not_answer() -> None:
    frame = pd.DataFrame({"code": ["a", "b", "none"], "n": [300, 7, 40], "answered": 320, "not_recorded": 4})
    kept = disclosure.protect(sums.listed(frame))
    assert kept.words == {("b", "n"): FEW, ("not_recorded", "n"): FEW, ("", "answered"): HIDDEN}
    # everybody but one names it, so it would tell that one did not answer
    frame = pd.DataFrame({"code": ["a", "b", "none"], "n": [49, 30, 12], "answered": 49, "not_recorded": 1})
    assert disclosure.protect(sums.listed(frame)).words == {("a", "n"): HIDDEN, ("not_recorded", "n"): FEW, ("", "answered"): HIDDEN}


def test_what_is_missing_elsewhere_is_missing_here() -> None:
    assert disclosure.protect(sums.exclusive(durations(30, 30, 30, 0)), hidden=[BASE]).words == {BASE: HIDDEN, ("not_recorded", "n"): HIDDEN}


def test_every_chart_says_how_it_adds_up() -> None:
    assert outgoing.CHARTS.keys() == {*crossfilter.NAMES, *crossfilter.MORE} - {"base"}


@pytest.mark.parametrize(("most", "asked", "step"), [(10, 1, 4), (10, 5, 5), (10, 9, 10), (5, 1, 5), (0, 1, 1)])
def test_what_is_rounded_so_little_that_a_difference_tells_a_small_count_is_not(most: int, asked: int, step: int) -> None:
    assert disclosure.safe(most, asked) == disclosure.Control(most, step)
    # whoever subtracts one count from another, each as it is written, and knows that the rest is small
    made, written = disclosure.Control(most, step), {}
    for large in range(most + 1, 99):
        for small in range(1, most + 1):
            if large - small > most:
                written.setdefault((made.rounded(large), made.rounded(large - small)), set()).add(small)
    assert all(len(values) > 1 for (written_as, _), values in written.items() if most and written_as < 50)
