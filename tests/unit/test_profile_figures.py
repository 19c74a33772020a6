from datetime import date
from itertools import pairwise
from xml.etree import ElementTree

import pandas as pd
import pytest

from dashboard import profile
from dashboard.days import day_of
from dashboard.figures import cohort, paper
from dashboard.figures import profile as figures
from dashboard.figures.cohort import Chart

RELIEF = pd.DataFrame(
    [("rest", "Rest", 8, 6, 1, 10, 2), ("cold_pack", "Cold pack", 2, 0, 2, 10, 2), ("heat_pack", "Heat pack", 0, 0, 0, 10, 2),
     ("none", "Nothing tried", 1, None, None, 5, 7), ("none_helped", "Nothing helped", 0, None, None, 4, 8)],
    columns=["code", "label", "tried", "helped", "help_not_recorded", "answered", "not_recorded"])


def test_relief_is_helped_of_tried_and_says_who_never_said() -> None:
    chart = figures.relief(RELIEF, "patients")
    assert [(mark.code, mark.text) for mark in chart.marks] == [
        ("rest", "75 %"), ("cold_pack", "0 %"), ("none", "20 %"), ("none_helped", "0 %"), ("not_recorded", "17 %")], "what nobody tried is in the table"
    assert chart.marks[0].parts == (("solid", 75.0), ("hollow", 12.5), ("dotted", 12.5)) and chart.marks[1].parts[2] == ("dotted", 100.0)
    assert chart.marks[0].label == "Rest · 8", "a share never goes without its base"
    assert chart.marks[0].words == ("Rest: helped 6 of 8 patients who tried it (75 %), 1 never said whether; tried by 80 % of 10 who answered")


def weeks(first: date, last: date) -> list[tuple[int, int]]:
    return profile.spans(day_of(first), day_of(last))


@pytest.mark.parametrize(("first", "last", "begins", "ends", "bars"), [
    (date(2026, 3, 4), date(2026, 3, 4), date(2026, 3, 2), date(2026, 3, 8), 1),
    (date(2026, 1, 5), date(2026, 10, 11), date(2026, 1, 5), date(2026, 10, 11), 40),
    (date(2026, 1, 5), date(2026, 10, 12), date(2026, 1, 1), date(2026, 10, 31), 10),
    (date(2021, 2, 28), date(2026, 1, 1), date(2021, 2, 1), date(2026, 1, 31), 60),
    (date(2021, 2, 28), date(2026, 2, 1), date(2021, 1, 1), date(2026, 12, 31), 6)])
def test_weeks_while_they_are_few_then_months_then_years(first: date, last: date, begins: date, ends: date, bars: int) -> None:
    found = weeks(first, last)
    assert (found[0][0], found[-1][1], len(found)) == (day_of(begins), day_of(ends), bars)
    assert all(until + 1 == since for (_, until), (since, _) in pairwise(found)), "without a gap"


def over_time(*rows: tuple[str, int, int, int, int]) -> pd.DataFrame:
    return pd.DataFrame([(date(1970, 1, 1).isoformat(), *row) for row in rows], columns=["code", "label", "since", "until", "patients", "entries"])


def test_over_time_counts_what_is_asked_for_and_says_both() -> None:
    monday = day_of(date(2026, 3, 2))
    frame = over_time(("week of 2 Mar 2026", monday, monday + 6, 1, 4), ("week of 9 Mar 2026", monday + 7, monday + 13, 2, 2))
    for per, lengths in (("patient", (50.0, 100.0)), ("entry", (100.0, 50.0))):
        assert tuple(mark.parts[0][1] for mark in figures.over_time(frame, per).marks) == lengths
    chart = figures.over_time(frame, "patient")
    assert chart.marks[0].words == "Week of 2 Mar 2026: 1 patient, 4 entries"
    assert chart.bands == (("Mar 2026", 2),) and figures.over_time(frame[:0], "patient") == Chart("standing", ())


def test_the_night_is_marked_and_a_date_alone_is_no_hour() -> None:
    frame = pd.DataFrame([(f"{hour:02}", f"{hour:02}:00", 3 if hour == 23 else 0, 3, 1) for hour in range(24)],
                         columns=["code", "label", "n", "answered", "not_recorded"])
    chart = figures.hours(frame, "patients")
    assert chart.marks[23].words == "23:00 to 00:00, night: 3 of 3 patients with a time (100 %)"
    assert (chart.marks[24].code, chart.marks[24].parts) == ("not_recorded", (("hatched", 25.0),))
    assert sum(under for _, under in chart.bands) == len(chart.marks) and chart.bands[0] == ("night", 6) and chart.bands[2] == ("night", 2)


def test_completeness_leads_with_what_is_emptiest() -> None:
    frame = pd.DataFrame([("fever", "Fever", 3, 1), ("note", "Note", 1, 3)], columns=["code", "label", "answered", "not_recorded"])
    chart = figures.completeness(frame, "entries")
    assert [(mark.code, mark.text, mark.parts) for mark in chart.marks] == [
        ("note", "25 %", (("solid", 25.0), ("dotted", 75.0))), ("fever", "75 %", (("solid", 75.0), ("dotted", 25.0)))]


def test_a_picture_says_all_that_its_chart_says() -> None:
    scores = pd.DataFrame({"code": [*map(str, range(11)), "not_recorded"], "average": 1, "worst": 2}).assign(answered_average=11, answered_worst=22)
    pairs = pd.DataFrame([("neck", "burning", 2, 4), ("jaw", "dull", 1, 1)], columns=["location", "quality", "n", "named"])
    for chart in (figures.relief(RELIEF, "patients"), cohort.severity(scores, "patients"), cohort.together(pairs, "patients")):
        drawn = ElementTree.fromstring(paper.picture(chart, "A & B", {}))
        texts = [element.text for element in drawn.iter() if element.tag.endswith(("}text", "}title"))]
        assert {"A & B", *chart.rows, *chart.columns} <= {*texts}
        assert all((not mark.label or mark.label in texts) and (not mark.text or mark.text in texts) for mark in chart.marks)
    assert ElementTree.fromstring(paper.picture(Chart("standing", ()), "Over time", {})) is not None
