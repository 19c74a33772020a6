"""Frames in, Plotly figures out. Pure: no Streamlit, no database."""
from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from dashboard.days import date_of
from dashboard.figures.tokens import MARK, TOKENS, bare

_WORD = {"E": "Emergency", "U": "Same-day", "R": "Routine"}


def severity(days: pd.DataFrame, flags: list[Mapping], *, first_day: int, last_day: int, theme: str) -> go.Figure:
    """Mean severity (filled) and worst (hollow) by day, 0 to 10, with marks where the evidence of a flag lies. A day without a
    score stays empty: no line crosses a gap of more than a day."""
    token = TOKENS[theme]
    whole = days.set_index("day").reindex(range(first_day, last_day + 1))
    dates = [date_of(day) for day in whole.index]
    figure = go.Figure()
    figure.add_scatter(x=dates, y=whole["severity"], mode="lines+markers", name="Severity", connectgaps=False, line={"color": token["line"], "width": 1.5},
                       marker={"size": 5}, hovertemplate="%{x|%-d %b}: %{y:.1f}<extra>severity</extra>")
    figure.add_scatter(x=dates, y=whole["worst"], mode="markers", name="Worst", marker={"size": 6, "symbol": "circle-open", "color": token["none"]},
                       hovertemplate="%{x|%-d %b}: %{y:.1f}<extra>worst</extra>")
    for height, tier in enumerate("RUE"):  # each at a height of its own, so that none hides another
        found = [flag for flag in flags if flag["tier"] == tier and first_day <= flag["last_evidence"] <= last_day]
        if found:
            figure.add_scatter(x=[date_of(flag["last_evidence"]) for flag in found], y=[10.8 + height * 0.9] * len(found), mode="markers", name=_WORD[tier],
                               marker={"size": 11, "symbol": MARK[tier], "color": token[tier]},
                               text=[flag["reason"] for flag in found],
                               hovertemplate="%{x|%-d %b}: %{text}<extra></extra>", cliponaxis=False)
    return bare(figure, theme, 210, legend={"orientation": "h", "y": -0.22, "x": 0}, hovermode="closest",
                xaxis={"range": [date_of(first_day - 1), date_of(last_day + 2)], "showgrid": False},
                yaxis={"range": [-0.3, 13.2], "tickvals": [0, 2, 4, 6, 8, 10]})
