"""The charts of the cohort page once more, as pictures that stay as they are: for paper. Light, because paper is."""
from collections.abc import Iterable, Mapping
from html import escape

from dashboard.figures.bodymap import mixed
from dashboard.figures.cohort import Chart, Look, Mark
from dashboard.figures.tokens import TOKENS

WIDTH, ROW, _LABEL, _TEXT = 520, 17, 190, 70
_LONG, _NARROW = 30, 36  # letters of a label, pixels of a column: what is longer, or has less room, is written smaller, or upwards
_COLOUR = TOKENS["light"]
_PATTERNS = (f'<pattern id="hatched" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M1 0V5" '
             f'stroke="{_COLOUR["none"]}"/></pattern><pattern id="dotted" width="5" height="5" patternUnits="userSpaceOnUse"><circle cx="1.5" cy="1.5" '
             f'r="1" fill="{_COLOUR["none"]}"/></pattern>')
_FILL: dict[Look, str] = {"solid": f'fill="{_COLOUR["line"]}"', "hollow": f'fill="none" stroke="{_COLOUR["line"]}"', "dotted": 'fill="url(#dotted)"',
                          "hatched": f'fill="url(#hatched)" stroke="{_COLOUR["none"]}"'}


def picture(chart: Chart, title: str, words: Mapping[str, str]) -> str:
    """An SVG document. `words` stand for the marks of these codes, which are not drawn."""
    top = 16 if any(look for look, _ in chart.legend) else 2
    parts, height = {"lying": _lying, "standing": _standing, "grid": _grid}[chart.layout](chart, words, top)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" font-family="sans-serif" '
            f'font-size="11" fill="{_COLOUR["text"]}"><title>{escape(title)}</title><defs>{_PATTERNS}</defs>{_legend(chart)}{"".join(parts)}</svg>')


def _legend(chart: Chart) -> str:
    found, at = [], 4
    for look, text in chart.legend if any(look for look, _ in chart.legend) else ():
        if look:
            found.append(_diamond(at + 5, 7) if look == "second" else f'<rect x="{at}" y="2" width="10" height="9" {_FILL[look]}/>')
            at += 14
        found.append(_text(at, 11, text))
        at += 12 + 6 * len(text)
    return "".join(found)


def _lying(chart: Chart, words: Mapping[str, str], top: int) -> tuple[Iterable[str], int]:
    room = WIDTH - _LABEL - _TEXT

    def row(mark: Mark, y: int) -> str:
        found, at = _text(_LABEL - 8, y + 12, mark.label, "end", 11 if len(mark.label) < _LONG else 9), float(_LABEL)
        for look, length in () if mark.code in words else mark.parts:
            if length:
                found += f'<rect x="{at:.1f}" y="{y + 2.5}" width="{room * length / 100:.1f}" height="11" {_FILL[look]}/>'
            at += room * length / 100
        return found + _text(WIDTH - _TEXT + 6, y + 12, words.get(mark.code, mark.text))
    return [row(mark, top + ROW * place) for place, mark in enumerate(chart.marks)], top + ROW * len(chart.marks) + 4


def _standing(chart: Chart, words: Mapping[str, str], top: int) -> tuple[Iterable[str], int]:
    wide, tall, foot = WIDTH / (len(chart.marks) or 1), 120, top + 140
    found = [f'<path d="M0 {foot}H{WIDTH}" stroke="{_COLOUR["none"]}"/>']
    for place, mark in enumerate(chart.marks):
        x, middle = place * wide, (place + 0.5) * wide
        for look, length in () if mark.code in words else mark.parts:
            high = tall * length / 100
            found.append(f'<rect x="{x + 3:.1f}" y="{foot - high:.1f}" width="{wide - 6:.1f}" height="{high:.1f}" {_FILL[look]}/>')
        if mark.second is not None:
            found.append(_diamond(middle, foot - tall * mark.second / 100))
        if mark.code in words and wide < _NARROW:
            found.append(f'<text transform="translate({middle + 3:.1f} {foot - 4}) rotate(-90)" font-size="9">{escape(words[mark.code])}</text>')
        else:
            found.append(_text(middle, top + 12, words.get(mark.code, mark.text), "middle", 8 if mark.code in words else 10))
        found.append(_text(middle, foot + 13, mark.label, "middle"))
    at = 0.0
    for text, under in chart.bands:
        if text:
            found.append(f'<path d="M{at + 3:.1f} {foot + 18}H{at + under * wide - 3:.1f}" stroke="{_COLOUR["none"]}" stroke-width="2"/>'
                         + _text(at + under * wide / 2, foot + 31, text, "middle"))
        at += under * wide
    return found, foot + 36


def _grid(chart: Chart, words: Mapping[str, str], top: int) -> tuple[Iterable[str], int]:
    wide, foot = (WIDTH - _LABEL - 10) / max(1, len(chart.columns)), top + ROW * len(chart.rows)
    found = [_text(_LABEL - 8, top + ROW * place + 12, row, "end") for place, row in enumerate(chart.rows)]
    for place, mark in enumerate(chart.marks):
        row, column = divmod(place, len(chart.columns))
        fill = _FILL["hatched"] if mark.code in words else f'fill="{mixed("#FFFFFF", _COLOUR["line"], mark.level or 0)}" stroke="{_COLOUR["grid"]}"'
        found.append(f'<rect x="{_LABEL + column * wide:.1f}" y="{top + ROW * row + 1}" width="{wide - 1.5:.1f}" height="{ROW - 2}" {fill}/>')
    for place, column in enumerate(chart.columns):
        x = _LABEL + (place + 0.5) * wide
        found.append(f'<text transform="translate({x + 4:.1f} {foot + 6}) rotate(90)">{escape(column)}</text>')
    scale = f"white: 0 %; fullest: {chart.most}; hatched: not written" if chart.marks else ""
    return [*found, _text(4, foot + 100, scale)], foot + 106


def _diamond(x: float, y: float) -> str:
    return f'<path d="M{x:.1f} {y - 5:.1f}l5 5-5 5-5-5Z" fill="#FFFFFF" stroke="{_COLOUR["text"]}" stroke-width="1.4"/>'


def _text(x: float, y: float, text: str, anchor: str = "start", size: int = 11) -> str:
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>' if text else ""
