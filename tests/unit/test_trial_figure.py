"""New flags week by week, as a picture."""
import pandas as pd
import pytest

from dashboard.days import date_of
from dashboard.figures.tokens import TOKENS
from dashboard.figures.trial import weekly

BEFORE = pd.DataFrame([(20_000, 1, 4, 9), (20_007, 0, 2, 11)], columns=["week", "E", "U", "R"])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_row_a_tier_in_its_colour_and_its_own_scale(theme: str) -> None:
    figure = weekly(BEFORE, None, theme)
    assert [(list(bars.y), bars.marker.color) for bars in figure.data] == [
        ([1, 0], TOKENS[theme]["E"]), ([4, 2], TOKENS[theme]["U"]), ([9, 11], TOKENS[theme]["R"])]
    assert list(figure.data[0].x) == [date_of(20_000).isoformat(), date_of(20_007).isoformat()]
    assert [figure.layout[f"yaxis{row}"].range[1] >= most for row, most in (("", 1), ("2", 4), ("3", 11))] == [True] * 3


def test_a_draft_stands_beside_what_is_in_force() -> None:
    figure = weekly(BEFORE, BEFORE.assign(U=[8, 0]), "light")
    assert [(bars.name, list(bars.y)) for bars in figure.data if bars.yaxis == "y2"] == [("in force", [4, 2]), ("draft", [8, 0])]
    assert {bars.marker.color for bars in figure.data if bars.name == "in force"} == {TOKENS["light"]["none"]}
    assert figure.layout.yaxis2.range[1] > 8
