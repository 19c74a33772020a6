"""One patient on one time axis: flags and what was done, severity, symptoms. Frames in, Plotly figures out."""
from collections.abc import Collection, Iterable, Mapping
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.codelists import CHOICES, SYMPTOM
from dashboard.course import DENIED, NOT_ASKED, PRESENT
from dashboard.days import spoken
from dashboard.figures.cohort import BANDS
from dashboard.figures.tokens import ICON, MARK, TOKENS, bare

HIGHER_IS_WORSE = "0 = no pain · 10 = worst (higher is worse)"
STATES = {PRESENT: ("reported", "circle", 9), DENIED: ("denied", "circle-open", 7), NOT_ASKED: ("not asked", "circle", 3)}
_WORD = CHOICES["tier"]
_MARKS = 150  # of one lane: more could not be told apart, and the browser would have thousands to draw
_MANY = 200  # days: of so many, single ones are a cloud, and the mean is what can be read
_STRIP, _SEVERITY, _LANE, _BETWEEN, _TOP = 19, 190, 17, 26, 30  # pixels


def severity(days: pd.DataFrame, flags: list[Mapping], *, first_day: int, last_day: int, theme: str) -> go.Figure:
    """Mean severity (filled) and worst (hollow) by day, 0 to 10, with marks where the evidence of a flag lies. A day without a
    score stays empty: no line crosses a gap of more than a day."""
    token = TOKENS[theme]
    traces = _scores(days, first_day, last_day, token)
    for height, tier in enumerate("RUE"):  # each at a height of its own, so that none hides another
        found = [flag for flag in flags if flag["tier"] == tier and first_day <= flag["last_evidence"] <= last_day]
        if found:
            traces.append(_marks([flag["last_evidence"] for flag in found], 10.8 + height * 0.9, name=_WORD[tier], cliponaxis=False,
                                 marker={"size": 11, "symbol": MARK[tier], "color": token[tier]}, text=[flag["reason"] for flag in found],
                                 hovertemplate="%{x|%-d %b}: %{text}<extra></extra>"))
    return bare(traces, theme, 210, legend={"orientation": "h", "y": -0.22, "x": 0}, hovermode="closest",
                xaxis={"range": _dates([first_day - 1, last_day + 2]), "showgrid": False},
                yaxis={"range": [-0.3, 13.2], "tickvals": [0, 2, 4, 6, 8, 10]})


def course(days: pd.DataFrame, symptoms: pd.DataFrame, flags: list[Mapping], actions: list[Mapping], *, first_day: int, last_day: int,
           theme: str) -> go.Figure:
    """`days` and `symptoms` as course.severity_by_day and symptoms_by_day make them, from the first entry on; `flags` with tier, reason,
    rule_id, first_evidence, last_evidence; `actions` with day and text. One x axis: what stands above each other is the same day."""
    token = TOKENS[theme]
    tiers = [tier for tier in "EUR" if _inside(flags, tier, first_day, last_day)]
    done = [action for action in actions if first_day <= action["day"] <= last_day]
    strip = [f"<span style='color:{token[tier]}'>{ICON[tier]} {_WORD[tier]}</span>" for tier in tiers] + ["Actions"] * bool(done)
    many = last_day - first_day > _MANY
    traces = [trace for draw in ((_scores, _seven_days) if many else (_seven_days, _scores)) for trace in draw(days, first_day, last_day, token, many)]
    for row, tier in enumerate(tiers):
        traces += _flags(_inside(flags, tier, first_day, last_day), tier, row, first_day, token)
    if done:
        by_day = _joined((action["day"], escape(action["text"], quote=False)) for action in done)
        traces.append(_marks(list(by_day), len(tiers), yaxis="y2", name="Actions", showlegend=False, text=list(by_day.values()),
                             marker={"symbol": "line-ns", "size": 12, "line": {"width": 2, "color": token["text"]}}, hovertemplate="%{text}<extra></extra>"))
    if len(symptoms.columns):
        traces += _lanes(symptoms, first_day, last_day, token)
    labels = [SYMPTOM.label[code] for code in symptoms.columns]
    strip_height, lanes_height = (_STRIP * len(strip) + _BETWEEN if strip else _BETWEEN / 2), (_LANE * len(labels) + _BETWEEN if labels else _BETWEEN)
    plot = strip_height + _SEVERITY + lanes_height
    top, bottom = 1 - strip_height / plot, lanes_height / plot
    pad = 1 + (last_day - first_day) // 90
    axes: dict[str, dict] = {}
    if strip:
        axes["yaxis2"] = {"domain": [1 - _STRIP * len(strip) / plot, 1], "range": [len(strip) - 0.5, -0.5], "showgrid": False,
                          "tickvals": list(range(len(strip))), "ticktext": strip}
    if labels:
        axes["yaxis3"] = {"domain": [0, _LANE * len(labels) / plot], "range": [len(labels) - 0.4, -0.6], "gridwidth": 0.5,
                          "tickvals": list(range(len(labels))), "ticktext": labels}
    faint = {"showarrow": False, "font": {"color": token["none"]}}
    notes = [{"text": f"{name} {low}–{high}" if high else f"{name} {low}", "x": 0, "xref": "paper", "xanchor": "right", "xshift": -26,
              "y": (low + high) / 2, "yref": "y", **faint} for name, (low, high) in BANDS.items()]
    notes.append({"text": HIGHER_IS_WORSE, "x": 0, "xref": "paper", "xanchor": "left", "y": top, "yref": "paper", "yanchor": "bottom", **faint})
    if not ((days["day"] >= first_day) & (days["day"] <= last_day)).any():
        notes.append({"text": "No score was recorded in this time", "x": 0.5, "xref": "paper", "y": 5.5, "yref": "y", "showarrow": False, "font": {"size": 12}})
    return bare(
        traces, theme, round(plot) + _TOP, margin={"l": max(118, *(16 + round(5.4 * len(label)) for label in labels), 0), "r": 12, "t": _TOP, "b": 0},
        hovermode="closest", annotations=notes,
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1 + 6 / plot, "yanchor": "bottom", "traceorder": "normal"},
        # never so short that a day is split
        xaxis={"range": _dates([min(first_day, last_day - 13) - pad, last_day + pad]), "type": "date", "anchor": "y",
               "tickformatstops": [{"dtickrange": [None, 27 * 864e5], "value": "%-d %b"}, {"dtickrange": [27 * 864e5, None], "value": "%b %Y"}]},
        yaxis={"range": [-0.5, 10.5], "domain": [bottom, top], "tickvals": [0, 4, 7, 10]}, **axes)


def step(first_day: int, last_day: int) -> int:
    """Days that one mark of a lane stands for: 1, a week, or four."""
    span = last_day - first_day + 1
    return next((days for days in (1, 7) if span <= days * _MARKS), 28)


def _dates(days: Collection[int] | np.ndarray) -> list[str]:
    return np.asarray(days, np.int64).astype("datetime64[D]").astype(str).tolist()


def _marks(days: Collection[int] | np.ndarray, height: float, **more: object) -> dict:
    """A trace of marks in a row."""
    return {"type": "scatter", "x": _dates(days), "y": [height] * len(days), "mode": "markers", **more}


def _scores(days: pd.DataFrame, first_day: int, last_day: int, token: Mapping[str, str], many: bool = False) -> list[dict]:
    faint, shown = 0.4 if many else 1, np.arange(first_day, last_day + 1)
    worst = _daily(days, "worst", first_day, last_day)
    there = ~np.isnan(worst)
    return [{"type": "scatter", "x": _dates(shown), "y": _gaps(_daily(days, "severity", first_day, last_day)), "mode": "markers" if many else "lines+markers",
             "name": "Severity", "connectgaps": False, "line": {"color": token["line"], "width": 1},
             "marker": {"size": 3 if many else 5, "color": token["line"]}, "opacity": faint,
             "hovertemplate": "%{x|%-d %b %Y}: %{y:.3~g}<extra>severity, mean of the day</extra>"},
            {"type": "scatter", "x": _dates(shown[there]), "y": worst[there].tolist(), "mode": "markers", "name": "Worst",
             "marker": {"size": 4 if many else 7, "symbol": "circle-open", "color": token["none"]}, "opacity": faint,
             "hovertemplate": "%{x|%-d %b %Y}: %{y:.3~g}<extra>worst of the day</extra>"}]


def _seven_days(days: pd.DataFrame, first_day: int, last_day: int, token: Mapping[str, str], many: bool = False) -> list[dict]:
    """The mean over the last seven days, where two of them at least have a score; nothing stands in for those without."""
    windows = np.lib.stride_tricks.sliding_window_view(_daily(days, "severity", first_day - 6, last_day), 7)
    n = (~np.isnan(windows)).sum(axis=1)
    mean = np.divide(np.nansum(windows, axis=1), n, out=np.full(len(n), np.nan), where=n > 1)
    return [{"type": "scatter", "x": _dates(range(first_day, last_day + 1)), "y": _gaps(mean), "mode": "lines", "name": "7-day mean", "connectgaps": False,
             "line": {"color": token["line"], "width": 2 if many else 4}, "opacity": 1 if many else 0.45,
             "hovertemplate": "%{x|%-d %b %Y}: %{y:.2f}<extra>7-day mean</extra>"}]


def _daily(days: pd.DataFrame, column: str, first_day: int, last_day: int) -> np.ndarray:
    """A number a day, without one where none was recorded."""
    found, place = np.full(last_day - first_day + 1, np.nan), days["day"].to_numpy(np.int64) - first_day
    inside = (place >= 0) & (place < len(found))
    found[place[inside]] = days[column].to_numpy(float)[inside]
    return found


def _gaps(values: np.ndarray) -> list[float | None]:
    return [None if value != value else value for value in np.round(values, 4).tolist()]


def _inside(flags: Iterable[Mapping], tier: str, first_day: int, last_day: int) -> list[Mapping]:
    """Flags whose evidence lies, at least with one end, in the time that is shown."""
    return [flag for flag in flags if flag["tier"] == tier and flag["first_evidence"] <= last_day and flag["last_evidence"] >= first_day]


def _flags(flags: list[Mapping], tier: str, row: int, first_day: int, token: Mapping[str, str]) -> list[dict]:
    """A line from the first to the last evidence, with the tier's mark on the last; what shares a day shares a mark."""
    ends = [(max(flag["first_evidence"], first_day), flag["last_evidence"]) for flag in flags if flag["first_evidence"] != flag["last_evidence"]]
    by_day = _joined((flag["last_evidence"], f"<b>{flag['reason']}</b> ({flag['rule_id']})<br>evidence {_span(flag)}") for flag in flags)
    line = {"type": "scatter", "x": [day for both in ends for day in (*_dates(both), None)], "y": [row] * 3 * len(ends), "yaxis": "y2", "mode": "lines",
            "line": {"color": token[tier], "width": 1.5}, "hoverinfo": "skip", "showlegend": False, "name": _WORD[tier]}
    return [*([line] if ends else []), _marks(list(by_day), row, yaxis="y2", name=_WORD[tier], showlegend=False, text=list(by_day.values()),
                                              marker={"size": 12, "symbol": MARK[tier], "color": token[tier]}, hovertemplate="%{text}<extra></extra>")]


def _span(flag: Mapping) -> str:
    first, last = spoken(flag["first_evidence"]), spoken(flag["last_evidence"])
    return f"of {last}" if first == last else f"from {first} to {last}"


def _joined(texts: Iterable[tuple[int, str]]) -> dict[int, str]:
    by_day: dict[int, list[str]] = {}
    for day, text in texts:
        by_day.setdefault(day, []).append(text)
    return {day: "<br>".join(found) for day, found in by_day.items()}


def _lanes(symptoms: pd.DataFrame, first_day: int, last_day: int, token: Mapping[str, str]) -> list[dict]:
    """A row a symptom, a mark a day with an entry; over a long time a mark a week or four, present where it was on any day of it."""
    days, at = step(first_day, last_day), symptoms.index.to_numpy(np.int64)
    inside = (at >= first_day) & (at <= last_day)
    at, states = last_day - (last_day - at[inside]) // days * days, symptoms.to_numpy()[inside]
    if days > 1 and len(at):
        at, first = np.unique(at, return_index=True)
        states = np.maximum.reduceat(states, first)
    when = {1: "%{x|%-d %b %Y}", 7: "Week to %{x|%-d %b %Y}", 28: "Four weeks to %{x|%-d %b %Y}"}[days]
    found = []
    for state, (word, symbol, size) in STATES.items():
        lane, place = np.nonzero(states.T == state)
        found.append({"type": "scatter", "x": _dates(at[place]), "y": lane.tolist(), "yaxis": "y3", "mode": "markers", "name": word,
                      "marker": {"symbol": symbol, "size": min(size, 9 if days == 1 else 6), "color": token["text" if state == PRESENT else "none"]},
                      "hovertemplate": f"{when}: %{{y}}, {word}<extra></extra>"})
    return found
