"""Colours, marks and the plain frame that every figure shares."""
import plotly.graph_objects as go

from dashboard.wording import TIER_ICON

# clinical reference 5: contrast of at least 4.5:1 on the page, red for emergencies alone
TOKENS = {
    "light": {"E": "#B00020", "U": "#B45309", "R": "#0B5CAD", "unknown": "#6B4FA0", "none": "#5F6368", "text": "#1F2933", "grid": "#D5DBE3", "line": "#0B5CAD"},
    "dark": {"E": "#FF6B6B", "U": "#FFB454", "R": "#6CB6FF", "unknown": "#B9A3E3", "none": "#9AA4B2", "text": "#E6EAF0", "grid": "#353D4A", "line": "#6CB6FF"}}
ICON = {tier: TIER_ICON[tier] for tier in "EUR"}
MARK = {"E": "hexagon", "U": "triangle-up", "R": "circle"}


def bare(traces: list[dict], theme: str, height: int, **layout: object) -> go.Figure:
    """Without what a page already has: background, title, zooming; `traces` and `layout` are Plotly's own. Made in one go: a figure that is
    added to checks all of itself each time, which takes ten times as long."""
    token = TOKENS[theme]
    axis = {"gridcolor": token["grid"], "zeroline": False, "fixedrange": True}
    axes = {name: {**axis, **given} for name, given in ({"xaxis": {}, "yaxis": {}} | layout).items() if name[1:].startswith("axis")}
    return go.Figure({"data": traces, "layout": {
        "height": height, "margin": {"l": 34, "r": 8, "t": 8, "b": 24}, "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)", **layout, **axes,
        "font": {"family": "Source Sans, sans-serif", "color": token["text"], "size": 12}}})
