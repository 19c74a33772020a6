"""The picture of one patient: gaps stay gaps, three states look different without colour, everything stands on one axis."""
import re
from datetime import date
from itertools import pairwise

import pandas as pd
import plotly.graph_objects as go
import pytest

from dashboard.course import DENIED, NOT_ASKED, PRESENT
from dashboard.days import date_of
from dashboard.figures.course import HIGHER_IS_WORSE, course, step

LAST = 20_500
FLAG = {"tier": "E", "reason": "New loss of bladder control", "rule_id": "E05", "first_evidence": LAST - 12, "last_evidence": LAST - 2}


def days(**scores: float) -> pd.DataFrame:
    """d3=4 is a 4 three days before the last."""
    found = sorted((LAST - int(name[1:]), value) for name, value in scores.items())
    return pd.DataFrame({"day": [day for day, _ in found], "severity": [value for _, value in found], "worst": [value + 2 for _, value in found]})


def symptoms(states: dict[str, list[int]] | None = None, *ago: int) -> pd.DataFrame:
    return pd.DataFrame(states or {}, index=pd.Index([LAST - number for number in ago], name="day"))


def drawn(scores: pd.DataFrame, lanes: pd.DataFrame | None = None, flags: list | None = None, actions: list | None = None, back: int = 19) -> go.Figure:
    return course(scores, symptoms() if lanes is None else lanes, flags or [], actions or [], first_day=LAST - back, last_day=LAST, theme="light")


def trace(figure: go.Figure, name: str, mode: str = "markers") -> go.Scatter:
    return next(found for found in figure.data if found.name == name and mode in found.mode)


def values(figure: go.Figure, name: str, mode: str) -> dict[int, float | None]:
    found = trace(figure, name, mode)
    return {(date_of(LAST) - date.fromisoformat(day)).days: value for day, value in zip(found.x, found.y, strict=True)}


def test_days_without_a_score_are_gaps_and_no_line_crosses_them() -> None:
    figure = drawn(days(d10=4, d9=6, d2=3))
    found = values(figure, "Severity", "lines")
    assert {ago for ago, value in found.items() if value is not None} == {10, 9, 2}
    assert len(found) == 20
    assert not any(line.connectgaps for line in figure.data)
    worst = trace(figure, "Worst")
    assert (list(worst.y), worst.marker.symbol) == ([6, 8, 5], "circle-open")


def test_seven_day_mean_needs_two_scored_days_and_counts_those_alone() -> None:
    found = values(drawn(days(d21=10, d16=4, d12=6, d2=3)), "7-day mean", "lines")
    assert found[16] == 7, "days before the first that is shown count"
    assert found[15] == 7 and found[14] is None, "the 10 is more than six days ago"
    assert found[12] == 5 and found[10] == 5 and found[9] is None
    assert found[2] is None and found[0] is None, "one score is no mean"


def test_three_states_have_three_marks() -> None:
    figure = drawn(days(d5=4), symptoms({"chest_pain": [PRESENT, DENIED], "fever": [DENIED, NOT_ASKED]}, 5, 1))
    lanes = {name: trace(figure, name) for name in ("reported", "denied", "not asked")}
    assert {name: list(zip(found.x, found.y, strict=True)) for name, found in lanes.items()} == {
        "reported": [(date_of(LAST - 5).isoformat(), 0)], "denied": [(date_of(LAST - 1).isoformat(), 0), (date_of(LAST - 5).isoformat(), 1)],
        "not asked": [(date_of(LAST - 1).isoformat(), 1)]}
    assert len({(found.marker.symbol, found.marker.size) for found in lanes.values()}) == 3
    assert list(figure.layout.yaxis3.ticktext) == ["Chest pain", "Fever"]


def test_everything_stands_on_one_time_axis_and_severity_on_0_to_10() -> None:
    figure = drawn(days(d5=4), symptoms({"fever": [DENIED]}, 5), [FLAG], [{"day": LAST - 1, "text": "M. Ito"}])
    assert {found.xaxis for found in figure.data} == {None}
    assert {found.yaxis for found in figure.data} == {None, "y2", "y3"}
    assert figure.layout.yaxis.range == (-0.5, 10.5)
    assert list(figure.layout.yaxis.tickvals) == [0, 4, 7, 10]
    said = [note.text for note in figure.layout.annotations]
    assert {"none 0", "mild 1–3", "moderate 4–6", "severe 7–10", HIGHER_IS_WORSE} <= set(said)
    tops = [figure.layout[axis].domain for axis in ("yaxis3", "yaxis", "yaxis2")]
    assert all(below[1] < above[0] for below, above in pairwise(tops)), "none lies over another"


def test_flags_have_the_mark_of_their_tier_and_say_why() -> None:
    other = {**FLAG, "reason": "Numb saddle", "rule_id": "E07", "first_evidence": LAST - 2}
    figure = drawn(days(d5=4), None, [FLAG, other, {**FLAG, "tier": "R"}, {**FLAG, "tier": "U", "first_evidence": LAST - 90, "last_evidence": LAST - 80}])
    mark = trace(figure, "Emergency")
    assert (list(mark.x), mark.marker.symbol) == ([date_of(LAST - 2).isoformat()], "hexagon")
    assert all(part in mark.text[0] for part in ("New loss of bladder control", "E05", "from 4 Feb 2026 to 14 Feb 2026", "Numb saddle", "E07"))
    assert [re.sub("<.*?>", "", label) for label in figure.layout.yaxis2.ticktext] == ["⬢ Emergency", "● Routine"]
    assert "Same-day" not in {found.name for found in figure.data}, "outside the time that is shown"


def test_actions_are_notches_and_their_text_is_text() -> None:
    figure = drawn(days(d5=4), None, [], [{"day": LAST - 1, "text": "M. <b>Ito"}, {"day": LAST - 1, "text": "B. Lee"}, {"day": LAST - 50, "text": "before"}])
    notch = trace(figure, "Actions")
    assert (list(notch.x), notch.marker.symbol, list(notch.text)) == ([date_of(LAST - 1).isoformat()], "line-ns", ["M. &lt;b&gt;Ito<br>B. Lee"])


@pytest.mark.parametrize(("span", "days_a_mark"), [(90, 1), (365, 7), (1000, 7), (4000, 28)])
def test_a_long_time_stays_quick(span: int, days_a_mark: int) -> None:
    first = LAST - span + 1
    assert step(first, LAST) == days_a_mark
    lanes = pd.DataFrame({code: [(day + n) % 3 for day in range(span)] for n, code in enumerate(["fever", "nausea", "chest_pain", "rigors", "faint"])},
                         index=pd.Index(range(first, LAST + 1), name="day"))
    figure = course(days(d5=4), lanes, [], [], first_day=first, last_day=LAST, theme="dark")
    assert sum(len(found.x) for found in figure.data if found.yaxis == "y3") <= 5 * 150
    if days_a_mark > 1:
        whole = [day for day in trace(figure, "denied").x if day > date_of(first + days_a_mark).isoformat()]
        assert not whole, "reported where it was on any day of it"


def test_nothing_scored_is_said() -> None:
    figure = drawn(days(d90=4))
    assert "No score was recorded in this time" in [note.text for note in figure.layout.annotations]
    assert "yaxis3" not in figure.to_dict()["layout"]
