"""A chart as an SVG document that says everything by itself: title, base, every mark with its label and number."""
from html import escape

from dashboard.figures.bodymap import COLOURS, mixed
from dashboard.figures.cohort import Chart, Look, Mark
from dashboard.figures.tokens import TOKENS

_WIDE, _HEAD, _FOOT, _ROW = 640, 54, 14, 20
_LABEL, _TEXT = 210, 60  # room beside lying bars
_TALL = 200  # of standing bars


def svg(chart: Chart, title: str, note: str, *, theme: str) -> str:
    """`note` is what the card says beside its title: of how many."""
    draw = {"lying": _lying, "standing": _standing, "grid": _grid}[chart.layout]
    body, tall = draw(chart, theme)
    tall += _HEAD + _FOOT
    paper, text = COLOURS[theme]["paper"], COLOURS[theme]["text"]
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {tall}" width="{_WIDE}" height="{tall}" role="img" '
            f'font-family="sans-serif" font-size="12" fill="{text}"><title>{escape(title)}</title><defs>{_patterns(theme)}</defs>'
            f'<rect width="{_WIDE}" height="{tall}" fill="{paper}"/><text x="10" y="20" font-size="14" font-weight="600">{escape(title)}</text>'
            f'<text x="10" y="36" font-size="11">{escape(note)}</text>{_legend(chart, theme)}{body}</svg>')


def _lying(chart: Chart, theme: str) -> tuple[str, int]:
    made, room = [], _WIDE - _LABEL - _TEXT - 20
    for at, mark in enumerate(chart.marks):
        top, left = _HEAD + at * _ROW, _LABEL + 10.0
        made.append(_words(_LABEL, top + 14, mark.label, "end"))
        bars = []
        for look, length in mark.parts:
            bars.append(_box(left, top + 3, room * length / 100, 13, look, theme))
            left += room * length / 100
        made += [f"<g>{_said(mark)}{''.join(bars)}</g>", _words(_WIDE - 10, top + 14, mark.text, "end")]
    return "".join(made), len(chart.marks) * _ROW


def _standing(chart: Chart, theme: str) -> tuple[str, int]:
    each, top = (_WIDE - 20) / (len(chart.marks) or 1), _HEAD + 16
    made, line = [], mixed(COLOURS[theme]["paper"], COLOURS[theme]["text"], 0.6)
    for at, mark in enumerate(chart.marks):
        left = 10 + at * each
        bars = "".join(_box(left + each * 0.08, top + _TALL * (1 - length / 100), each * 0.84, _TALL * length / 100, look, theme)
                       for look, length in mark.parts)
        if mark.second is not None:
            x, y = left + each / 2, top + _TALL * (1 - mark.second / 100)
            bars += f'<path d="M{x:.1f} {y - 5:.1f}l5 5l-5 5l-5 -5z" fill="{COLOURS[theme]["paper"]}" stroke="{COLOURS[theme]["text"]}" stroke-width="1.5"/>'
        high = max((length for _, length in mark.parts), default=0)
        made += [f"<g>{_said(mark)}{bars}</g>", _words(left + each / 2, top + _TALL * (1 - high / 100) - 4, mark.text, "middle", 9),
                 _words(left + each / 2, top + _TALL + 14, mark.label, "middle", 10)]
    left, under = 10.0, top + _TALL + 20
    for text, columns in chart.bands:
        wide = columns * each
        if text:
            made.append(f'<path d="M{left + 2:.1f} {under}h{wide - 4:.1f}" stroke="{line}" stroke-width="2"/>')
            made.append(_words(left + wide / 2, under + 14, text, "middle"))
        left += wide
    return f'{"".join(made)}<path d="M10 {top + _TALL}H{_WIDE - 10}" stroke="{line}"/>', _TALL + 16 + 20 + 18


def _grid(chart: Chart, theme: str) -> tuple[str, int]:
    each, across = (_WIDE - _LABEL - 20) / (len(chart.columns) or 1), len(chart.columns)
    paper, primary, line = COLOURS[theme]["paper"], COLOURS[theme]["primary"], mixed(COLOURS[theme]["paper"], COLOURS[theme]["text"], 0.2)
    made = [_words(_LABEL, _HEAD + at * _ROW + 14, row, "end") for at, row in enumerate(chart.rows)]
    for at, mark in enumerate(chart.marks):
        x, y = _LABEL + 10 + at % across * each, _HEAD + at // across * _ROW
        made.append(f'<rect x="{x:.1f}" y="{y}" width="{each - 1:.1f}" height="{_ROW - 1}" fill="{mixed(paper, primary, mark.level or 0)}" stroke="{line}" '
                    f'stroke-width="0.5">{_said(mark)}</rect>')
    under = _HEAD + len(chart.rows) * _ROW + 6
    made += [f'<text transform="translate({_LABEL + 14 + (at + 0.5) * each:.1f} {under}) rotate(-90)" text-anchor="end" font-size="11">{escape(column)}</text>'
             for at, column in enumerate(chart.columns)]
    made.append(_words(_LABEL, under + 10, f"darkest: {chart.most}" if chart.most else "", "end", 10))
    return "".join(made), len(chart.rows) * _ROW + 100


def _legend(chart: Chart, theme: str) -> str:
    made, left = [], 10.0
    for look, words in chart.legend:
        if look == "second":
            made.append(f'<path d="M{left + 6:.0f} 41l4 4l-4 4l-4 -4z" fill="none" stroke="{COLOURS[theme]["text"]}"/>')
        elif look:
            made.append(_box(left, 41, 12, 9, look, theme))
        left += 16 if look else 0
        made.append(_words(left, 50, words, "start", 10))
        left += 6 * len(words) + 14
    return "".join(made)


def _box(left: float, top: float, wide: float, high: float, look: Look, theme: str) -> str:
    if not wide or not high:
        return ""
    colour, line = TOKENS[theme]["line"], mixed(COLOURS[theme]["paper"], COLOURS[theme]["text"], 0.6)
    fill, stroke = {"solid": (colour, "none"), "hollow": ("none", colour), "dotted": ("url(#dotted)", "none"), "hatched": ("url(#hatched)", line)}[look]
    return f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{high:.1f}" fill="{fill}" stroke="{stroke}"/>'


def _patterns(theme: str) -> str:
    line = mixed(COLOURS[theme]["paper"], COLOURS[theme]["text"], 0.6)
    return (f'<pattern id="dotted" width="5" height="5" patternUnits="userSpaceOnUse"><circle cx="2.5" cy="2.5" r="1" fill="{line}"/></pattern>'
            f'<pattern id="hatched" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
            f'<path d="M0 0V5" stroke="{line}" stroke-width="1.5"/></pattern>')


def _words(x: float, y: float, text: str, anchor: str, size: int = 12) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>' if text else ""


def _said(mark: Mark) -> str:
    return f"<title>{escape(mark.words)}</title>"
