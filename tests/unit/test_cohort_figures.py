import pandas as pd
import pytest

from dashboard.figures import cohort as figures
from dashboard.figures.cohort import Mark
from dashboard.wording import percent


@pytest.mark.parametrize(("n", "base", "said"), [
    (0, 10, "0 %"), (10, 10, "100 %"), (1, 1000, "<1 %"), (999, 1000, ">99 %"), (1, 8, "13 %"), (0, 0, "–"), (1, 100, "1 %"), (99, 100, "99 %")])
def test_a_share_never_rounds_something_to_nothing(n: int, base: int, said: str) -> None:
    assert percent(n, base) == said


def answers(*rows: tuple[str, int], answered: int, blank: int) -> pd.DataFrame:
    return pd.DataFrame([(code, code.capitalize(), n, answered, blank) for code, n in rows], columns=["code", "label", "n", "answered", "not_recorded"])


def test_bars_lead_with_the_most_frequent_and_end_with_what_is_missing() -> None:
    chart = figures.bars(answers(("dull", 2), ("burning", 8), ("sharp", 0), ("none", 4), answered=10, blank=10), "patients")
    assert [(mark.code, mark.text, mark.parts) for mark in chart.marks] == [
        ("burning", "80 %", (("solid", 100.0),)), ("dull", "20 %", (("solid", 25.0),)), ("none", "40 %", (("solid", 50.0),)),
        ("not_recorded", "50 %", (("hatched", 62.5),))]
    assert chart.marks[0].words == "Burning: 8 of 10 patients who answered (80 %)"
    assert chart.marks[-1].words == "not recorded: 10 of 20 patients in all (50 %)"


def test_what_is_asked_for_keeps_its_bar_so_that_it_can_be_taken_back() -> None:
    chart = figures.bars(answers(("dull", 2), ("ripping", 0), ("none", 0), answered=2, blank=0), "patients", ("ripping",))
    assert [mark.code for mark in chart.marks] == ["dull", "ripping", "none", "not_recorded"]


def test_bars_of_classes_keep_their_order_and_say_not_recorded_once() -> None:
    chart = figures.bars(answers(("under_6_weeks", 1), ("6_to_12_weeks", 3), ("not_recorded", 1), answered=4, blank=1), "entries", sort=False)
    assert [mark.code for mark in chart.marks] == ["under_6_weeks", "6_to_12_weeks", "not_recorded"]
    assert chart.marks[1].words == "6_to_12_weeks: 3 of 4 entries with an answer (75 %)"


def test_bars_of_nobody() -> None:
    chart = figures.bars(answers(("dull", 0), ("none", 0), answered=0, blank=0), "patients")
    assert [(mark.code, mark.text, mark.parts[0][1]) for mark in chart.marks] == [("none", "–", 0.0), ("not_recorded", "–", 0.0)]


def test_severity_and_worst_share_a_scale_and_have_their_own_bases() -> None:
    frame = pd.DataFrame({"code": [*map(str, range(11)), "not_recorded"], "average": [0] * 3 + [5] + [0] * 7 + [5],
                          "worst": [0] * 9 + [1, 0, 3]}).assign(answered_average=5, answered_worst=1)
    chart = figures.severity(frame, "patients")
    assert chart.marks[3] == Mark("3", "3", "Severity 3: 5 of 5 patients (100 %). Worst severity 3: 0 of 1 (0 %)", "100 %", (("solid", 100.0),))
    assert (chart.marks[9].parts, chart.marks[9].second) == ((("solid", 0.0),), 100.0)
    assert (chart.marks[11].parts, chart.marks[11].second, chart.marks[11].label) == ((("hatched", 50.0),), 75.0, "n. r.")
    # the bands are under exactly the columns that they name
    assert chart.bands == (("none", 1), ("mild", 3), ("moderate", 3), ("severe", 4), ("", 1)) and sum(n for _, n in chart.bands) == len(chart.marks)


def test_symptoms_present_denied_and_not_asked_are_everybody() -> None:
    frame = pd.DataFrame([("fever", "Fever", 1, 2, 1, 3), ("faint", "Fainting", 2, 0, 2, 2)],
                         columns=["code", "label", "present", "denied", "not_asked", "answered"])
    chart = figures.symptoms(frame, "patients")
    assert [mark.code for mark in chart.marks] == ["faint", "fever"]
    assert chart.marks[1].parts == (("solid", 25.0), ("hollow", 50.0), ("dotted", 25.0))
    assert chart.marks[1].words == "Fever: present 1 (25 %), denied 2 (50 %), not asked 1 (25 %), of 4 patients"
    assert {look for look, _ in chart.legend} == {"solid", "hollow", "dotted"}


def test_the_grid_has_a_cell_for_every_pair_of_those_named_most() -> None:
    frame = pd.DataFrame([("neck", "burning", 2, 4), ("neck", "dull", 1, 4), ("jaw", "dull", 1, 1), ("head", None, 0, 2)],
                         columns=["location", "quality", "n", "named"])
    chart = figures.together(frame, "patients")
    assert (chart.rows, chart.columns, chart.most) == (("Neck", "Head", "Jaw"), ("Burning", "Dull"), "100 %")
    assert [(mark.code, mark.level) for mark in chart.marks] == [
        ("neck burning", 0.5), ("neck dull", 0.25), ("head burning", 0), ("head dull", 0), ("jaw burning", 0), ("jaw dull", 1)]
    assert chart.marks[0].words == "Neck, burning: 2 of 4 patients with pain there (50 %)"


def test_the_grid_of_nobody_is_empty() -> None:
    assert not figures.together(pd.DataFrame(columns=["location", "quality", "n", "named"]), "patients").marks
