"""Counts of a cohort in, charts to click on out: rows, columns and cells with their lengths, words and codes. Pure; what draws them knows
no numbers of its own. The words of a mark are what a screen reader says and what is shown beside the pointer."""
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from dashboard.codelists import LOCATION, QUALITY
from dashboard.cohort import NONE, NOT_RECORDED
from dashboard.figures.tokens import ICON
from dashboard.wording import counted, percent

Look = Literal["solid", "hollow", "dotted", "hatched"]  # never colour alone
STATES: dict[str, tuple[str, Look]] = {"present": ("present", "solid"), "denied": ("denied", "hollow"), "not_asked": ("not asked", "dotted")}
BANDS = {"none": (0, 0), "mild": (1, 3), "moderate": (4, 6), "severe": (7, 10)}  # a convention (clinical reference 2): rules go by their own
BUCKET_ICON = {"emergency": ICON["E"], "same_day": ICON["U"], "not_assessable": "?", "routine": ICON["R"], "no_criterion_met": "–", "no_entries": "",
               NOT_RECORDED: ""}
_TONE = {"emergency": "red", "same_day": "orange", "not_assessable": "violet", "routine": "blue"}
PLACES, QUALITIES = 7, 12  # most of the grid that can be read


@dataclass(frozen=True)
class Mark:
    """`parts` are lengths in percent of the chart's scale; `second` is a hollow mark at such a length; `level` shades a cell, 0 to 1."""
    code: str
    label: str
    words: str
    text: str = ""
    parts: tuple[tuple[Look, float], ...] = ()
    second: float | None = None
    level: float | None = None
    tone: str = ""  # a colour of the theme, for the words


@dataclass(frozen=True)
class Chart:
    """`lying` has a row a mark, `standing` a column, `grid` a cell a mark with the names of its columns and rows, `pills` nothing but words."""
    layout: Literal["lying", "standing", "grid", "pills"]
    marks: tuple[Mark, ...]
    legend: tuple[tuple[Look | Literal["second", ""], str], ...] = ()
    bands: tuple[tuple[str, int], ...] = ()  # under a standing chart: words, and how many columns they are under
    columns: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    most: str = ""  # what the longest bar, or the fullest shade, stands for


def bars(frame: pd.DataFrame, unit: str, selected: Collection[str] = (), *, sort: bool = True) -> Chart:
    """A row a code: the share of those who answered. Last, hatched, the share of all who did not. Columns: code, label, n, answered,
    not_recorded; codes that nobody said are left out of a sorted chart unless they are asked for, and stand in the table."""
    answered, blank = int(frame["answered"].iloc[0]), int(frame["not_recorded"].iloc[0])
    said = frame[frame["code"] != NOT_RECORDED]
    if sort:
        said = said[(said["n"] > 0) | (said["code"] == NONE) | said["code"].isin(selected)].sort_values("n", ascending=False, kind="stable").sort_values(
            "code", key=lambda code: code == NONE, kind="stable")
    rows = [(row.code, row.label, int(row.n), answered, "who answered" if unit == "patients" else "with an answer") for row in said.itertuples()]
    rows.append((NOT_RECORDED, "not recorded", blank, answered + blank, "in all"))
    scale = scale_of([n / of if of else 0 for *_, n, of, _ in rows])
    return Chart("lying", tuple(
        Mark(code, label, f"{label}: {n:,} of {of:,} {unit} {whose} ({percent(n, of)})", percent(n, of),
             (("hatched" if code == NOT_RECORDED else "solid", bar_length(n, of, scale)),)) for code, label, n, of, whose in rows))


def severity(frame: pd.DataFrame, unit: str) -> Chart:
    """A column a point of severity, with a mark where worst severity has its share; each of those who gave it. Columns: see crossfilter."""
    bases = {name: (int(frame[f"answered_{name}"].iloc[0]), int(frame.loc[frame["code"] == NOT_RECORDED, name].iloc[0])) for name in ("average", "worst")}
    shares = []
    for row in frame.itertuples():
        of = {name: answered + (blank if row.code == NOT_RECORDED else 0) for name, (answered, blank) in bases.items()}
        shares.append((row.code, {name: (int(getattr(row, name)), of[name]) for name in bases}))
    scale = scale_of([n / of if of else 0 for _, both in shares for n, of in both.values()])
    marks = []
    for code, both in shares:
        (n, of), (worst, worst_of) = both["average"], both["worst"]
        name = "not recorded" if code == NOT_RECORDED else code
        words = (f"Severity {name}: {n:,} of {of:,} {unit} ({percent(n, of)}). Worst severity {name}: {worst:,} of {worst_of:,} "
                 f"({percent(worst, worst_of)})")
        marks.append(Mark(code, "n. r." if code == NOT_RECORDED else code, words, percent(n, of) if n else "",
                          (("hatched" if code == NOT_RECORDED else "solid", bar_length(n, of, scale)),), bar_length(worst, worst_of, scale) if worst else None))
    return Chart("standing", tuple(marks), (("solid", "severity"), ("second", "worst"), ("", "0 no pain, 10 worst")),
                 (*((name, high - low + 1) for name, (low, high) in BANDS.items()), ("", 1)))


def symptoms(frame: pd.DataFrame, unit: str) -> Chart:
    """A row a symptom: present, denied, not asked, which together are everybody."""
    everybody = int(frame[list(STATES)].iloc[0].sum())
    rows = frame.sort_values(["present", "answered"], ascending=False, kind="stable")
    marks = []
    for row in rows.itertuples():
        n = {state: int(getattr(row, state)) for state in STATES}
        words = ", ".join(f"{name} {n[state]:,} ({percent(n[state], everybody)})" for state, (name, _) in STATES.items())
        marks.append(Mark(row.code, row.label, f"{row.label}: {words}, of {everybody:,} {unit}", percent(n["present"], everybody),
                          tuple((look, bar_length(n[state], everybody, 1)) for state, (_, look) in STATES.items())))
    return Chart("lying", tuple(marks), tuple((look, name) for name, look in STATES.values()))


def together(frame: pd.DataFrame, unit: str) -> Chart:
    """A cell a place (row) and quality (column) among those named most: of those who name the place, the share who say the quality in the
    same entry. A cell's code is the two codes with a blank between them."""
    if frame.empty:
        return Chart("grid", ())
    rows = list(frame[["location", "quality", "n", "named"]].itertuples(index=False, name=None))
    named = {place: int(of) for place, _, _, of in rows}
    places = sorted(named, key=lambda place: -named[place])[:PLACES]
    n = {(place, quality): int(said) for place, quality, said, _ in rows if place in places and pd.notna(quality)}
    said_at_all: Counter[str] = Counter()
    for (_, quality), said in n.items():
        said_at_all[quality] += said
    qualities = [quality for quality, _ in said_at_all.most_common(QUALITIES)]
    cells = [(place, quality, n.get((place, quality), 0), named[place]) for place in places for quality in qualities]
    scale = scale_of([said / of for *_, said, of in cells])
    marks = tuple(Mark(f"{place} {quality}", "", f"{LOCATION.label[place]}, {QUALITY.label[quality].lower()}: {said:,} of {of:,} {unit} with pain there "
                       f"({percent(said, of)})", level=said / of / scale) for place, quality, said, of in cells)
    return Chart("grid", marks, (("", "of those who name the place"),),
                 columns=tuple(QUALITY.label[quality] for quality in qualities), rows=tuple(LOCATION.label[place] for place in places),
                 most=f"{100 * scale:.0f} %")


def buckets(frame: pd.DataFrame, selected: Collection[str] = ()) -> Chart:
    """A pill a bucket that has somebody in it, or is asked for: everybody adds up. Columns: code, label, n."""
    everybody = counted(int(frame["n"].sum()), "patient")
    shown = frame[(frame["n"] > 0) | frame["code"].isin(selected)]
    return Chart("pills", tuple(Mark(row.code, f"{BUCKET_ICON[row.code]} {row.label.capitalize()}".strip(), f"{row.label}: {row.n:,} of {everybody}",
                                     f"{row.n:,}", tone=_TONE.get(row.code, "")) for row in shown.itertuples()))


def scale_of(shares: list[float]) -> float:
    return max([*shares, 0.01])


def bar_length(n: int, of: int, scale: float) -> float:
    return round(100 * n / of / scale, 2) if of else 0
