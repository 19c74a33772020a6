"""What leaves says the same whatever the numbers are that it does not say."""
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from dashboard import outgoing, pictured, report
from dashboard.chance import difference
from dashboard.codelists import LOCATION, QUALITY, RELIEF, SYMPTOM
from dashboard.comparison import Comparison, Side, rows
from dashboard.disclosure import BASE as ALL
from dashboard.disclosure import Control
from dashboard.outgoing import Outgoing
from dashboard.report import Counted
from dashboard.sample import HOUR

BASE, EXACT, ROUNDED = 200, Control(step=1), Control()


def protected(name: str, frame: pd.DataFrame, base: int, control: Control) -> Outgoing:
    return outgoing.together({name: frame}, base, control)[0]


def listed(codes: dict[str, str], answered: int, **n: int) -> pd.DataFrame:
    labels = {**codes, "none": "None"}
    return pd.DataFrame([(code, label, n.get(code, 0), answered, BASE - answered) for code, label in labels.items()],
                        columns=["code", "label", "n", "answered", "not_recorded"])


def classes(*n: int) -> pd.DataFrame:
    return pd.DataFrame({"code": ["short", "middle", "long", "not_recorded"], "label": ["short", "middle", "long", "not recorded"], "n": n,
                         "answered": sum(n[:3]), "not_recorded": n[3]})


def severity(average: dict[int, int], worst: dict[int, int]) -> pd.DataFrame:
    n = {name: [*(given.get(point, 0) for point in range(11)), BASE - sum(given.values())] for name, given in (("average", average), ("worst", worst))}
    return pd.DataFrame({"code": [*map(str, range(11)), "not_recorded"], **n, "answered_average": sum(average.values()), "answered_worst": sum(worst.values())})


def symptoms(**said: tuple[int, int]) -> pd.DataFrame:
    found = [(code, label, *said.get(code, (0, 100))) for code, label in SYMPTOM.label.items()]
    frame = pd.DataFrame(found, columns=["code", "label", "present", "denied"])
    return frame.assign(not_asked=BASE - frame["present"] - frame["denied"], answered=frame["present"] + frame["denied"])


def grid(*pairs: tuple[str, str, int, int]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["location", "quality", "n", "named"])


def relief(**said: tuple[int, int, int]) -> pd.DataFrame:
    rows = [(code, RELIEF.label[code], *said.get(code, (0, 0, 0)), 150, 50) for code in ("rest", "heat_pack", "massage")]
    return pd.DataFrame([*rows, ("none", "Nothing tried", 40, None, None, 150, 50), ("none_helped", "Nothing helped", 30, None, None, 120, 80)],
                        columns=["code", "label", "tried", "helped", "help_not_recorded", "answered", "not_recorded"])


def hours(n: dict[int, int]) -> pd.DataFrame:
    return listed(HOUR.label, 150, **{f"{hour:02}": number for hour, number in n.items()}).iloc[:24]


def weeks(*patients: int) -> pd.DataFrame:
    return pd.DataFrame([(str(week), f"week {week}", 7 * week, 7 * week + 6, n, 3 * n) for week, n in enumerate(patients)],
                        columns=["code", "label", "since", "until", "patients", "entries"])


def fields(*answered: int) -> pd.DataFrame:
    return pd.DataFrame([(f"f{place}", f"Field {place}", "", n, BASE - n) for place, n in enumerate(answered)],
                        columns=["code", "label", "group", "answered", "not_recorded"])


SAME = [
    ("locations", listed(LOCATION.label, 196, neck=90, jaw=3, none=120), listed(LOCATION.label, 193, neck=90, jaw=9, none=120)),
    ("qualities", listed(QUALITY.label, 180, dull=90, sharp=2, none=95), listed(QUALITY.label, 180, dull=90, sharp=8, none=95)),
    ("durations", classes(3, 80, 77, 40), classes(7, 80, 73, 40)),
    ("severity", severity({2: 90, 3: 4, 4: 12}, {9: 100, 7: 3}), severity({2: 90, 3: 5, 4: 11}, {9: 95, 7: 8})),
    ("symptoms", symptoms(fever=(3, 150), rigors=(40, 6)), symptoms(fever=(9, 144), rigors=(44, 2))),
    ("together", grid(("neck", "dull", 5, 60), ("neck", "sharp", 30, 60), ("jaw", "dull", 2, 4)),
     grid(("neck", "dull", 9, 60), ("neck", "sharp", 30, 60), ("jaw", "dull", 6, 8))),
    ("ages", classes(3, 80, 77, 40), classes(7, 80, 73, 40)), ("high_pain", classes(50, 60, 84, 6), classes(47, 60, 84, 9)),
    ("hours", hours({7: 4, 8: 120}), hours({7: 9, 8: 120})),
    ("sources", classes(3, 4, 153, 40), classes(5, 2, 153, 40)), ("relief", relief(rest=(90, 40, 3), heat_pack=(5, 2, 1)),
                                                                relief(rest=(90, 37, 6), heat_pack=(8, 1, 3))),
    ("weeks", weeks(190, 4, 0), weeks(190, 9, 0)), ("blank", fields(3, 120), fields(8, 120))]


@pytest.mark.parametrize(("name", "one", "other"), SAME, ids=[name for name, *_ in SAME])
def test_numbers_that_are_not_written_leave_no_trace(name: str, one: pd.DataFrame, other: pd.DataFrame) -> None:
    made, again = (protected(name, frame, BASE, EXACT) for frame in (one, other))
    assert made.kept.words and made.kept.words == again.kept.words
    assert outgoing.sheet(made, {"question": "All"}).equals(outgoing.sheet(again, {"question": "All"}))
    assert pictured.picture(made) == pictured.picture(again)
    ElementTree.fromstring(pictured.picture(made))
    assert pictured.picture(made) != pictured.picture(protected(name, one, BASE, Control(0))), "which are seen where nothing is hidden"


@pytest.mark.parametrize(("name", "one", "other"), [(name, one, other) for name, one, other in SAME if name in (
    "locations", "durations", "symptoms", "together", "weeks", "blank", "hours")])
def test_a_comparison_hides_of_both_what_it_hides_of_one(name: str, one: pd.DataFrame, other: pd.DataFrame) -> None:
    made = [_compared(name, frame, SAME_B[name]) for frame in (one, other)]
    assert made[0].equals(made[1])
    about = dict.fromkeys(("group_a", "group_b", "as_of"), "<neck> & so on")
    pictures = [pictured.comparison("", frame.assign(**about), "Where", "of all", body=body) for frame in made for body in (False, name == "locations")]
    assert pictures[:2] == pictures[2:] and all("suppressed" in picture and ElementTree.fromstring(picture) is not None for picture in pictures)
    hidden = made[0][made[0]["share_a"] == "suppressed"]
    assert len(hidden) and (hidden[["share_b", "difference_points", "low_95", "high_95"]] == "suppressed").all(axis=None)
    assert not hidden["n_b"].map(lambda n: isinstance(n, (int, np.integer))).any()


SAME_B = {"locations": listed(LOCATION.label, 200, neck=50, jaw=100, none=60), "durations": classes(50, 50, 50, 50),
          "symptoms": symptoms(fever=(50, 50), rigors=(50, 50)), "together": grid(("neck", "dull", 50, 90), ("jaw", "dull", 50, 90)),
          "weeks": weeks(150, 40, 11), "blank": fields(50, 120), "hours": hours({7: 40, 8: 120})}


def _compared(name: str, a: pd.DataFrame, b: pd.DataFrame, control: Control = EXACT) -> pd.DataFrame:
    sides = [Side(BASE, 900, 4.0, BASE, {name: frame}) for frame in (a, b)]
    tables = {name: difference(rows(name, *sides), rows(name, *reversed(sides)))}
    return outgoing.compared(name, Comparison(*sides, 0, False, tables, {}), {}, control)


NEAR = {
    "locations": [listed(LOCATION.label, answered, neck=neck, none=90) for answered, neck in ((150, 90), (149, 91))],
    "qualities": [listed(QUALITY.label, 180, dull=dull, none=95) for dull in (90, 92)],
    "durations": [classes(52, 48, 60, 40), classes(51, 49, 61, 39)], "sources": [classes(52, 48, 60, 40), classes(51, 49, 61, 39)],
    "severity": [severity({2: 90, 4: 60}, {9: 100, 7: 50}), severity({2: 91, 4: 59}, {9: 99, 7: 51})],
    "symptoms": [symptoms(fever=(40, 60)), symptoms(fever=(41, 59))], "together": [grid(("neck", "dull", 30, 60)), grid(("neck", "dull", 31, 61))],
    "relief": [relief(rest=(90, 40, 20)), relief(rest=(91, 41, 19))], "weeks": [weeks(190, 40).assign(entries=9), weeks(191, 39).assign(entries=9)],
    "hours": [hours({8: 120, 9: 60}), hours({8: 121, 9: 59})], "blank": [fields(120, 150), fields(121, 149)]}


@pytest.mark.parametrize("name", NEAR)
def test_who_subtracts_one_file_from_another_does_not_find_the_few_between_them(name: str) -> None:
    one, other = (protected(name, frame, BASE, ROUNDED) for frame in NEAR[name])
    assert not one.kept.words and not other.kept.words and not one.frame.equals(other.frame)
    assert outgoing.sheet(one, {}).equals(outgoing.sheet(other, {})) and pictured.picture(one) == pictured.picture(other)
    exact = [protected(name, frame, BASE, EXACT) for frame in NEAR[name]]
    assert not outgoing.sheet(exact[0], {}).equals(outgoing.sheet(exact[1], {})), "which is said where nothing is rounded"


def test_a_comparison_of_rounded_counts_is_theirs() -> None:
    row = _compared("durations", classes(52, 48, 60, 40), SAME_B["durations"], ROUNDED).iloc[0]
    assert row[["n_a", "of_a", "n_b", "of_b", "share_a", "difference_points"]].tolist() == [50, 160, 50, 150, "31 %", -2]
    assert int(row["low_95"]) < -2 < int(row["high_95"])


def test_what_one_chart_of_a_sheet_leaves_out_no_other_tells() -> None:
    # one said no place and 49 the neck: who answered is 49 at least, so the neck is not written, nor who named it beside a quality
    where = pd.DataFrame({"code": ["neck", "jaw", "none"], "label": list("abc"), "n": [49, 30, 12], "answered": 49, "not_recorded": 1})
    frames = {"locations": where, "together": grid(("neck", "dull", 20, 49), ("jaw", "dull", 30, 30)), "blank": fields(49).assign(
        code="locations", not_recorded=1)}
    charts = {made.name: made.kept for made in outgoing.together(frames, 50, EXACT)}
    assert protected("together", frames["together"], 50, EXACT).kept["neck", "named"] == 49, "by itself it tells nothing"
    assert [charts["locations"]["neck", "n"], charts["together"]["neck", "named"], charts["blank"]["locations", "answered"]] == ["suppressed"] * 3
    assert (charts["together"]["jaw", "named"], charts["together"][ALL]) == (30, 50)


def test_where_one_chart_hides_how_many_there_are_all_do() -> None:
    everybody = pd.DataFrame({"code": list("abcdefghijk"), "label": list("abcdefghijk"), "n": 1})  # eleven ones, each of them then known
    frames = {"buckets": everybody, "durations": classes(11, 0, 0, 0)}
    charts = outgoing.together(frames, 11, EXACT)
    assert {made.base for made in charts} == {"suppressed"}
    text = report.page("All <entries>", Counted(charts[0].base, 40, charts), ["As of today"], disclaimer="Not monitored")
    assert "All &lt;entries&gt;" in text and "suppressed patients" in text and "40" not in text.split("</style>")[1].split("<svg")[0]


def test_workload_leaves_few_flags_out_and_their_rates_with_them() -> None:
    made = pd.DataFrame({"code": ["E01", "R02"], "title": ["One", "Two"], "new_flags_in_force": pd.array([3, 40], "Int64"),
                         "new_flags_draft": pd.array([None, 52], "Int64"), "flags": [30, 11], "acted": [28, 11], "contacted": [12, 0], "never": [2, 0]})
    assert outgoing.workload(made, 1000, ROUNDED).iloc[:, 2:-2].to_numpy().tolist() == [
        ["1 to 10", "", 30, "suppressed", 15, "1 to 10", "1 to 10", ""], [40, 50, 15, 15, 0, 0, "4.00", "5.00"]]
    weeks = pd.DataFrame({"Week to": ["1 Mar", "8 Mar"], "Emergency": [0, 9], "Same-day": [11, 53]})
    assert outgoing.weekly(weeks, ROUNDED).iloc[:, :3].to_numpy().tolist() == [["1 Mar", 0, 15], ["8 Mar", "1 to 10", 55]]
    assert outgoing.weekly(weeks, Control(0))["Emergency"].tolist() == [0, 9]
