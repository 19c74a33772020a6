"""Differences and how sure they are, by numbers that can be worked out otherwise."""
import os

import numpy as np
import pandas as pd
import pytest

from dashboard import chance, comparison
from dashboard.cohort import Cohort
from dashboard.figures import compared

CAMPAIGN = os.environ.get("HYPOTHESIS_PROFILE") == "campaign"


def side(*rows: tuple[int, int, int]) -> pd.DataFrame:
    return pd.DataFrame([(str(place), str(place), *row) for place, row in enumerate(rows)], columns=["code", "label", "n", "of", "missing"])


def one(a: tuple[int, int, int], b: tuple[int, int, int], both: tuple[int, int, int] | None = None) -> pd.Series:
    return chance.difference(side(a), side(b), both and side(both)).iloc[0]


def test_who_is_found_by_an_entry_has_more_chances_with_more_entries() -> None:
    of_entries = {"severity_to": 3, "worst_from": 7, "temperature_not_recorded": True, "hours": ("night",), "blank": ("note",),
                  **dict.fromkeys(("locations", "qualities", "tried", "helped"), ("none",)), "durations": ("not_recorded",), "symptoms": ("fever",)}
    assert all(comparison.ever(Cohort(**{name: value})) for name, value in of_entries.items())
    assert not comparison.ever(Cohort(sexes=("female",), age_from=50, sources=("a",), high_pain=("to_25",), since=1))


def test_shares_are_of_who_answered_and_the_same_again_each_time() -> None:
    found = one((30, 60, 40), (10, 50, 0))
    assert (found["share_a"], found["share_b"], found["difference"]) == (50, 20, 30)
    assert found.equals(one((30, 60, 40), (10, 50, 0)))


@pytest.mark.parametrize(("a", "b"), [((400, 1000, 300), (300, 1000, 0)), ((90, 200, 10), (40, 160, 500)), ((2000, 100_000, 5), (2100, 100_000, 9))])
def test_the_interval_is_that_of_drawing_patients_one_by_one(a: tuple, b: tuple) -> None:
    """Also what the textbook says for large groups."""
    rng, drawn = np.random.default_rng(7), []
    people = [np.repeat([1.0, 0.0, np.nan], [n, of - n, missing]) for n, of, missing in (a, b)]
    for _ in range(300 if len(people[0]) > 5000 else 2000):
        drawn.append(100 * np.subtract(*(np.nanmean(rng.choice(side, len(side))) for side in people)))
    found, (low, high) = one(a, b), np.quantile(drawn, (0.025, 0.975))
    wide = 100 * 1.96 * sum(n / of * (1 - n / of) / of for n, of, _ in (a, b)) ** 0.5
    for ends in ((low, high), (found["difference"] - wide, found["difference"] + wide)):
        assert np.allclose((found["low"], found["high"]), ends, atol=0.25 * wide)


def test_nobody_and_everybody_are_not_sure_and_too_few_are_not_said() -> None:
    none = one((0, 20, 0), (0, 300, 0))
    assert none["difference"] == 0 and none["low"] <= -0.3 and 8 < none["high"] < 25
    few = one((2, 4, 90), (50, 100, 0))
    assert few["share_a"] == 50 and few[["difference", "low", "high"]].isna().all()
    assert one((0, 0, 9), (5, 10, 0))[["share_a", "difference"]].isna().all()


def test_who_is_in_both_makes_no_difference() -> None:
    apart, together = one((50, 100, 20), (50, 100, 20)), one((50, 100, 20), (50, 100, 20), (50, 100, 20))
    assert apart["high"] > 10 and (together["low"], together["high"]) == (0, 0)
    half = one((50, 100, 20), (50, 100, 20), (25, 50, 10))
    assert apart["high"] / 2 < half["high"] < apart["high"]


@pytest.mark.parametrize(("a", "b"), [((60, 0.3), (200, 0.5)), ((125, 0.06), (375, 0.29)), ((400, 0.02), (400, 0.02)), ((30, 0.5), (30, 0.5))])
def test_19_of_20_intervals_hold_the_truth(a: tuple[int, float], b: tuple[int, float]) -> None:
    rng, (times, least, most) = np.random.default_rng(1), (4000, 0.92, 0.99) if CAMPAIGN else (200, 0.88, 1)
    worlds = [side(*((int(n), people, 10) for n in rng.binomial(people, share, times))) for people, share in (a, b)]
    found, truth = chance.difference(*worlds), 100 * (a[1] - b[1])
    held = ((found["low"] <= truth + 1e-9) & (found["high"] >= truth - 1e-9)).mean()
    assert least < held <= most, held


def test_means_of_histograms() -> None:
    a, b = np.array([0, 0, 50, 0, 50, 0, 0, 0, 0, 0, 0, 7]), np.array([0, 0, 0, 100, 0, 0, 0, 0, 0, 0, 0, 0])
    mean_a, mean_b, difference, low, high = chance.mean(a, b)
    assert (mean_a, mean_b, difference) == (3, 3, 0) and np.allclose((low, high), (-0.196, 0.196), atol=0.04)
    assert chance.mean(a, b, np.zeros(12, int))[2] == 0
    assert np.isnan(chance.mean(a, np.eye(12, dtype=int)[3])[2])


def test_many_shares_of_many_patients_take_no_time() -> None:
    rows = [(n, 190_000, 10_000) for n in range(1000, 70_000, 1000)]
    assert len(chance.difference(side(*rows), side(*rows))) == 69


@pytest.mark.parametrize(("difference", "low", "high", "says"), [
    (12.4, 4.6, 19.5, "+12 [+5 to +20]"), (-0.2, -5.5, 5.4, "0 [−6 to +5]"), (np.nan, np.nan, np.nan, "too few")])
def test_differences_in_words(difference: float, low: float, high: float, says: str) -> None:
    rows = pd.DataFrame([("neck", "Neck & <b>", 1, 8, 0, 2, 9, 0, 12.5, 22.2, difference, low, high)], columns=[
        "code", "label", "n_a", "of_a", "missing_a", "n_b", "of_b", "missing_b", "share_a", "share_b", "difference", "low", "high"])
    assert compared.said(next(rows.itertuples())) == says
    drawn = compared.dots(rows, "Where", theme="dark")
    assert "Neck &amp; &lt;b&gt;" in drawn and says.replace("−", "−") in drawn
    assert ("1 of 8 (13 %)" in drawn) and "#B00020" not in compared.body(rows, "Where", theme="light")
