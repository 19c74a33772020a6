"""Two groups beside each other: a dot a share, and the difference with how far chance alone could have moved it."""
from collections.abc import Sequence
from html import escape
from textwrap import wrap

import pandas as pd

from dashboard.conditions import ANSWERS
from dashboard.figures import bodymap
from dashboard.figures.bodymap import COLOURS, MORE, Side, mixed
from dashboard.wording import percent

WIDTH, ROW = 486, 19
_LABEL, _SHARES, _DIFFERENCE, _TEXT = 150, (154, 264), (282, 370), 378
_TOP, _FOOT, _LEAST_SCALE, _R = 26, 4, 10, 4.5
_LONG = 29  # letters of a label
_LINE, _LETTERS = 11, 112  # of the foot
_NOTHING = ("none", "nothing_tried", "nothing_helped")


def dots(rows: pd.DataFrame, title: str, *, theme: str, foot: Sequence[str] = ()) -> str:
    """An SVG document with a row a share. Columns: see comparison.Comparison; where there is a column `word` too, it stands for the numbers of
    a row. `foot` says what a picture has to say that is looked at alone."""
    colour = COLOURS[theme] | MORE[theme]
    bottom = _TOP + ROW * len(rows) + _FOOT
    lines = [line for text in foot for line in wrap(text, _LETTERS)]
    height = bottom + _LINE * len(lines) + (_FOOT if lines else 0)
    highest = max(_LEAST_SCALE, *(rows[["share_a", "share_b"]].max().fillna(0)))
    widest = max(_LEAST_SCALE, *(rows[["difference", "low", "high"]].abs().max().fillna(0)))
    drawn = "".join(_row(row, _TOP + ROW * (place + 0.5), highest, widest, colour) for place, row in enumerate(rows.itertuples()))
    faint, zero = mixed(colour["paper"], colour["text"], 0.25), sum(_DIFFERENCE) / 2
    head = "".join([
        _mark("a", _SHARES[0] + 6, 8, colour), _text(_SHARES[0] + 15, 12, "A"), _mark("b", _SHARES[0] + 36, 8, colour), _text(_SHARES[0] + 45, 12, "B"),
        _text(_SHARES[0], 23, "0 %", size=8), _text(_SHARES[1], 23, f"{highest:.0f} %", "end", size=8),
        _text(zero, 12, "A less B, in points", "middle"), _text(_DIFFERENCE[0], 23, f"−{widest:.0f}", size=8), _text(zero, 23, "0", "middle", size=8),
        _text(_DIFFERENCE[1], 23, f"+{widest:.0f}", "end", size=8)])
    axes = f'<path d="M{_SHARES[0]} {_TOP}V{bottom - _FOOT}M{zero} {_TOP}V{bottom - _FOOT}" stroke="{faint}"/>'
    under = "".join(_text(4, bottom + _LINE * (place + 0.8), line, size=8) for place, line in enumerate(lines))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" style="max-width:100%;height:auto" '
            f'role="img" aria-label="{escape(title)}" font-family="sans-serif" font-size="11" fill="{colour["text"]}"><title>{escape(title)}</title>'
            f"{axes}{head}{drawn}{under}</svg>")


def _row(row: tuple, y: float, highest: float, widest: float, colour: dict[str, str]) -> str:
    found = _text(_LABEL - 4, y + 4, _short(row.label), "end", 11 if len(row.label) < 24 else 9)
    at = {side: _SHARES[0] + share / highest * (_SHARES[1] - _SHARES[0]) for side, share in (("a", row.share_a), ("b", row.share_b)) if share == share}
    if len(at) == 2:
        found += f'<path d="M{at["a"]:.1f} {y}H{at["b"]:.1f}" stroke="{mixed(colour["paper"], colour["text"], 0.5)}" stroke-width="1.2"/>'
    found += "".join(_mark(side, x, y, colour) for side, x in reversed(at.items()))
    if row.difference == row.difference:
        zero, half = sum(_DIFFERENCE) / 2, (_DIFFERENCE[1] - _DIFFERENCE[0]) / 2
        low, middle, high = (zero + value / widest * half for value in (row.low, row.difference, row.high))
        found += (f'<path d="M{low:.1f} {y}H{high:.1f}" stroke="{colour["text"]}" stroke-width="2"/>'
                  f'<path d="M{middle:.1f} {y - 5}V{y + 5}" stroke="{colour["text"]}" stroke-width="3"/>')
    return f"<g><title>{escape(in_words(row))}</title>{found}{_text(_TEXT, y + 4, said(row), size=10)}</g>"


def _short(label: str) -> str:
    """Sides of the body differ in their last letters."""
    return label if len(label) < _LONG else f"{label[:_LONG - 18]}…{label[-16:]}"


def in_words(row: tuple) -> str:
    shares = "" if getattr(row, "word", "") else f"A {share_of(row, 'a')}, B {share_of(row, 'b')}, "
    return f"{row.label}: {shares}{said(row)}"


def share_of(row: tuple, side: str) -> str:
    n, of = int(getattr(row, f"n_{side}")), int(getattr(row, f"of_{side}"))
    return f"{n:,} of {of:,} ({percent(n, of)})"


def said(row: tuple) -> str:
    """+12 [5 to 19]"""
    if row.difference != row.difference:
        return getattr(row, "word", "") or "too few"
    return f"{signed(row.difference)} [{signed(row.low)} to {signed(row.high)}]"


def signed(value: float, places: int = 0) -> str:
    text = f"{abs(value):.{places}f}"
    return text if float(text) == 0 else f"{'+' if value > 0 else '−'}{text}"


def _mark(side: str, x: float, y: float, colour: dict[str, str]) -> str:
    if side == "a":
        return f'<circle cx="{x:.1f}" cy="{y}" r="{_R}" fill="{colour["one"]}"/>'
    return f'<path d="M{x:.1f} {y - 5.5}l5.5 5.5-5.5 5.5-5.5-5.5Z" fill="{colour["paper"]}" stroke="{colour["other"]}" stroke-width="2"/>'


def _text(x: float, y: float, text: str, anchor: str = "start", size: int = 11) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>'


def body(rows: pd.DataFrame, title: str, *, theme: str, foot: Sequence[str] = ()) -> str:
    """The map of the differences: where more of A say it, where more of B. Rows as for the dots."""
    differences = [row for row in rows.itertuples() if row.code in {region.code for region in bodymap.REGIONS}]
    widest = max([_LEAST_SCALE, *(abs(row.difference) for row in differences if row.difference == row.difference)])
    sides: dict[str, Side] = {row.code: {"few": _few(row), "level": 0.0 if _few(row) else row.difference / widest,
                                         "text": in_words(row)} for row in differences}
    hatched = "too few to say" + (", or not written" if "word" in rows else "")
    return bodymap.differences(sides, theme=theme, title=title, most=f"{widest:.0f}", names=("A", "B"), hatched=hatched, foot=foot)


def _few(row: tuple) -> bool:
    return row.difference != row.difference or 0 < row.n_a + row.n_b < bodymap.LEAST


def shown(name: str, rows: pd.DataFrame, most: int | None) -> pd.DataFrame:
    """Of a table what a chart has room for: the last weeks, fields other than single symptoms and conditions, else the largest shares."""
    if name == "blank":
        return rows[rows["code"].isin(ANSWERS.bit)]
    return rows if most is None else rows.tail(most) if name == "weeks" else largest(rows, most)


def largest(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """Those that most patients of both say, never those that differ most: what differs most of many differs by chance too. None of them, and
    nothing, is no answer among others, and comes last."""
    index = (rows["n_a"] + rows["n_b"]).nlargest(most).index
    return rows.loc[index].sort_values("code", key=lambda code: code.isin(_NOTHING), kind="stable")
