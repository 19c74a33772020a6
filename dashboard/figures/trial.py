"""New flags week by week: the rules in force, and others beside them."""
import pandas as pd
import plotly.graph_objects as go

from dashboard.codelists import CHOICES
from dashboard.days import date_of
from dashboard.figures.tokens import ICON, TOKENS, bare

_ROW, _GAP = 84, 22  # pixels


def weekly(before: pd.DataFrame, after: pd.DataFrame | None, theme: str) -> go.Figure:
    """Frames as trial.by_week makes them. One row a tier, each with its own scale, since emergencies are few and routine flags many."""
    token, tiers = TOKENS[theme], [tier for tier in before.columns if tier != "week"]
    height = len(tiers) * (_ROW + _GAP)
    bars, axes = [], {}
    for row, tier in enumerate(tiers):
        axis = f"y{row + 1 if row else ''}"
        for made, name, colour in ((before, "in force", token["none"]), *([(after, "draft", token[tier])] if after is not None else [])):
            bars.append({"type": "bar", "x": [date_of(day).isoformat() for day in made["week"]], "y": made[tier].tolist(), "yaxis": axis, "name": name,
                         "showlegend": False, "marker": {"color": token[tier] if after is None else colour},
                         "hovertemplate": f"{name}, week to %{{x|%-d %b %Y}}: %{{y}}<extra></extra>"})
        top = 1 - row * (_ROW + _GAP) / height
        most = max([1, *before[tier], *(after[tier] if after is not None else ())])
        title = f"<span style='color:{token[tier]}'>{ICON[tier]} {CHOICES['tier'][tier]}</span>"
        axes[f"yaxis{row + 1 if row else ''}"] = {"domain": [top - _ROW / height, top], "range": [0, most * 1.08], "tickformat": "d",
                                                  **({"nticks": 3} if most > 2 else {"dtick": 1}),
                                                  "title": {"text": title, "font": {"size": 12}}}
    return bare(bars, theme, height + 24, margin={"l": 52, "r": 8, "t": 8, "b": 24}, barmode="group", bargap=0.25, hovermode="closest",
                xaxis={"anchor": f"y{len(tiers) if len(tiers) > 1 else ''}", "showgrid": False, "type": "date", "tickformat": "%-d %b"}, **axes)
