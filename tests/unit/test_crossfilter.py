import pandas as pd

from dashboard import crossfilter
from dashboard.cohort import Cohort

NUMBERS = {"locations": pd.DataFrame({"code": ["neck", "jaw", "head"], "n": [5, 9, 0]}), "qualities": pd.DataFrame({"code": ["dull"], "n": [3]}),
           "durations": pd.DataFrame({"code": ["under_6_weeks"], "n": [0]}), "severity": pd.DataFrame({"code": ["7", "not_recorded"], "average": [2, 1]}),
           "symptoms": pd.DataFrame({"code": ["fever"], "present": [1]}), "buckets": pd.DataFrame({"code": ["routine"], "n": [4]})}
NECK = Cohort(locations=("neck",))


def test_the_longest_bar_of_each_chart_is_the_likeliest_press() -> None:
    assert crossfilter.likely(Cohort(), NUMBERS) == [
        Cohort(locations=("jaw",)), Cohort(qualities=("dull",)), Cohort(severity_from=6.5, severity_to=7.49), Cohort(symptoms=("fever",)),
        Cohort(buckets=("routine",)), NECK, Cohort(severity_not_recorded=True)]


def test_what_a_second_press_takes_back_was_asked_before() -> None:
    assert crossfilter.likely(NECK, NUMBERS, most=3) == [
        Cohort(locations=("jaw",)), Cohort(locations=("neck",), qualities=("dull",)), Cohort(locations=("neck",), severity_from=6.5, severity_to=7.49)]
