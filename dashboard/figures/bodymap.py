"""The body seen from the front and from the back, shaded by how many said that it hurts there. The drawing itself is data/bodymap.toml."""
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from textwrap import wrap
from typing import TypedDict

import pandas as pd

from dashboard.codelists import LOCATION
from dashboard.settings import DATA
from dashboard.wording import counted, percent

UNPLACED = ("everywhere", "other")
ANSWERS = {**{code: LOCATION.label[code] for code in UNPLACED}, "none": "None", "not_recorded": "Not recorded"}  # no place on a body
LEAST = 5
WIDTH, HEIGHT = 258, 306
# how much of the primary colour is in the shades, of the text colour in the lines: lines keep 3:1 to the page and to every shade
PALEST, FULLEST, LINE = 0.12, 0.75, 0.88
_LETTERS = 84  # of a line under a picture of differences
COLOURS = {"light": {"paper": "#FFFFFF", "text": "#111820", "primary": "#0B5CAD"}, "dark": {"paper": "#0E1117", "text": "#E6EAF0", "primary": "#2B74C9"}}

# of a difference: the one side, the other; told apart without red and green
MORE = {"light": {"one": "#0B5CAD", "other": "#B45309"}, "dark": {"one": "#6CB6FF", "other": "#FFB454"}}

Point = tuple[int, int]  # tenths of a unit
Line = tuple[Point, ...]  # a start, and two control points and an end for each cubic Bézier piece
MIDDLE = {"front": 64, "back": 194}
_SIDES = {"front": ("left", "right"), "back": ("right", "left")}  # of the patient: the half to the right of the picture, its mirror


class Shade(TypedDict):
    """`level` is 0 for nobody and 1 for the largest share on the body."""
    level: float
    few: bool
    share: str
    text: str


class Side(TypedDict):
    """`level` is from -1 to 1: how much larger the share of the one, or of the other."""
    level: float
    few: bool
    text: str


@dataclass(frozen=True)
class Region:
    """`d` is a path in the picture of both views. A code may have several regions: front and back, thigh and calf."""
    code: str
    view: str
    d: str


# --- the drawing ------------------------------------------------------------------------------------------------------------------

def _line(text: str) -> Line:
    points = tuple((round(float(x) * 10), round(float(y) * 10)) for x, y in (point.split(",") for point in text.replace("C", " ").split()))
    if len(points) % 3 != 1:
        raise ValueError(f"not a start and Bézier pieces: {text}")
    return points


def _mirrored(line: Line) -> Line:
    return tuple((-x, y) for x, y in line)


def _loop(edges: str, lines: dict[str, Line]) -> list[Line]:
    found = []
    for edge in edges.split():
        line = lines[edge.lstrip("-~")]
        line = _mirrored(line) if "~" in edge else line
        found.append(line[::-1] if edge.startswith("-") else line)
    if found[0][0] != found[-1][-1]:
        found += [_mirrored(line[::-1]) for line in reversed(found)]
    for before, after in pairwise([*found, found[0]]):
        if before[-1] != after[0]:
            raise ValueError(f"{edges}: an edge ends at {before[-1]}, the next begins at {after[0]}")
    return found


def _d(lines: Iterable[Line], view: str, close: str) -> str:
    """As short as it can be exactly: tenths, each piece relative to the end of the one before."""
    said, at = [], None
    for line in lines:
        if line[0] != at:
            said.append(f"M{line[0][0] / 10 + MIDDLE[view]:g} {line[0][1] / 10 + 2:g}")
        for start, *piece in zip(line[:-1:3], line[1::3], line[2::3], line[3::3], strict=True):
            moves = [f"{(to - by) / 10:g}" for point in piece for to, by in zip(point, start, strict=True)]
            said.append("c" + "".join(move if not place or move.startswith("-") else f" {move}" for place, move in enumerate(moves)))
        at = line[-1]
    return "".join(said) + close


def _start(d: str) -> tuple[float, float]:
    x, y = d[1:].split("c", 1)[0].split()
    return float(y), float(x)


def _draw() -> tuple[tuple[Region, ...], str, str]:
    """All regions; the outlines of both bodies, which are the edges that only one region has; fingers and toes, for the looks."""
    with (DATA / "bodymap.toml").open("rb") as file:
        drawing = tomllib.load(file)
    edges = {name: _line(text) for name, text in drawing["edges"].items()}
    regions, outlines, details = [], [], []
    for view, (side, other) in _SIDES.items():
        used: list[Line] = []
        for code, parts in drawing[view].items():
            loops = [_loop(part, edges) for part in parts]
            drawn = {code.replace("*", side): loops}
            if "*" in code:
                drawn[code.replace("*", other)] = [[_mirrored(line) for line in loop] for loop in loops]
            regions += [Region(one, view, _d(loop, view, "Z")) for one, its in drawn.items() for loop in its]
            used += [line for its in drawn.values() for loop in its for line in loop]
        uses = Counter(min(line, line[::-1]) for line in used)
        outlines.append(_d([line for line in used if uses[min(line, line[::-1])] == 1], view, ""))
        marks = [_line(text) for text in drawing["details"][view]]
        details.append(_d([*marks, *map(_mirrored, marks)], view, ""))
    # reading order: what is further up comes first
    return tuple(sorted(regions, key=lambda region: _start(region.d))), "".join(outlines), "".join(details)


REGIONS, _OUTLINE, _DETAILS = _draw()


def _letters(captions: bool = True) -> Iterator[str]:
    for view, middle in MIDDLE.items():
        right, left = (side[0].upper() for side in _SIDES[view])
        if captions:
            yield f'<text x="{middle - 60}" y="13">{view.title()}</text>'
        yield f'<text x="{middle - 54}" y="58">{left}</text><text x="{middle + 46}" y="58">{right}</text>'


def markup() -> str:
    """The picture without any shares, to be shaded, chosen from and coloured by whoever shows it. The first region of a code stands for
    all of them where it is read out or reached by keyboard."""
    first = {region.code: region for region in reversed(REGIONS)}
    regions = "".join(f'<path data-code="{region.code}" d="{region.d}" ' + (
        'role="checkbox" aria-checked="false" tabindex="-1"/>' if first[region.code] is region else 'aria-hidden="true"/>') for region in REGIONS)
    return (f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="group" aria-label="Body, front and back: choose where it hurts"><defs>{_hatch("currentColor")}</defs>'
            f'<g class="regions">{regions}</g><path class="details" d="{_DETAILS}"/><path class="outline" d="{_OUTLINE}"/>'
            f'<path class="pointed"/><path class="chosen"/><path class="focus"/><g class="letters" aria-hidden="true">{"".join(_letters())}</g></svg>')


def _hatch(stroke: str) -> str:
    return ('<pattern id="few" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
            f'<path d="M1 0V4" stroke-width="1.3" stroke="{stroke}"/></pattern>')


# --- the shares -------------------------------------------------------------------------------------------------------------------

def shades(where: pd.DataFrame, least: int = LEAST, *, unit: str = "patient") -> dict[str, Shade]:
    """By code, with `none` and `not_recorded`. `few`: somebody, but fewer than `least`."""
    answered, blank = _answered(where)
    base = _base(answered, unit)
    most = _most(where, least)
    found: dict[str, Shade] = {}
    for code, label, n in zip(where["code"], where["label"], where["n"].astype(int).tolist(), strict=True):
        few, share = 0 < n < least, percent(n, answered or 1)
        text = f"{label}: {n:,} of {base} ({share})" if answered else f"{label}: {base}"
        found[code] = {"level": 0.0 if few or not n else min(1.0, n / most), "few": few, "share": share, "text": text}
    share = percent(blank, answered + blank or 1)
    found["not_recorded"] = {"level": 0.0, "few": 0 < blank < least, "share": share,
                             "text": f"Where is not recorded: {blank:,} of {counted(answered + blank, unit)} ({share})"}
    return found


def highest(where: pd.DataFrame, least: int = LEAST) -> str:
    """The share that the darkest shade stands for; nothing where nothing is shaded."""
    most = _most(where, least)
    return percent(most, _answered(where)[0]) if most else ""


def _base(answered: int, unit: str) -> str:
    if unit == "patient":
        return f"{counted(answered, unit)} who said where" if answered else "no patient said where"
    return f"{counted(answered, unit)} that {'says' if answered == 1 else 'say'} where" if answered else "no entry says where"


def _answered(where: pd.DataFrame) -> tuple[int, int]:
    return (0, 0) if where.empty else (int(where["answered"].iloc[0]), int(where["not_recorded"].iloc[0]))


def _most(where: pd.DataFrame, least: int) -> int:
    drawn = where.loc[where["code"].isin({region.code for region in REGIONS}) & (where["n"] >= max(least, 1)), "n"]
    return int(drawn.max()) if len(drawn) else 0


# --- on paper ---------------------------------------------------------------------------------------------------------------------

def picture(where: pd.DataFrame, selected: Collection[str] = (), *, theme: str, unit: str = "patient", least: int = LEAST,
            title: str = "Where it hurts", small: bool = False, words: Mapping[str, str] | None = None, base: str = "") -> str:
    """An SVG document that says everything by itself; `small`, 120 pixels high, leaves captions and legend to its surroundings. `words` stand
    for the counts of some codes, and `base` for what shares are of: then no region says its numbers."""
    colour, shown = COLOURS[theme], shades(where, least, unit=unit)
    for code, word in (words or {}).items():
        shown[code] = {"level": 0.0, "few": True, "share": word, "text": ""}
    fills = {code: "url(#few)" if shade["few"] else mixed(colour["paper"], colour["primary"], strength(shade["level"])) for code, shade in shown.items()}
    titles = {code: shade["text"] for code, shade in shown.items()} if words is None else {}
    legend = "" if small else _legend(shown, colour, "not written" if words is not None else f"fewer than {least}" if least > 1 else "",
                                      base or _said_base(where, unit), highest(where, least))
    return _document(fills, titles, colour, title, legend, selected, small)


def differences(sides: Mapping[str, Side], *, theme: str, title: str, most: str, names: tuple[str, str], hatched: str, foot: Sequence[str] = ()) -> str:
    """Where the one of two groups has the larger share: its hue, the fuller the larger the difference; places that few named are hatched."""
    colour = COLOURS[theme] | MORE[theme]
    fills = {code: "url(#few)" if side["few"] else mixed(colour["paper"], colour["one" if side["level"] > 0 else "other"], strength(abs(side["level"])))
             for code, side in sides.items()}
    stops = [(0, "one", FULLEST), (0.5, "one", 0.0), (0.5, "other", 0.0), (1, "other", FULLEST)]
    ramp = "".join(f'<stop offset="{at}" stop-color="{mixed(colour["paper"], colour[hue], share)}"/>' for at, hue, share in stops)
    box = f'height="8" stroke="{mixed(colour["paper"], colour["text"], LINE)}" stroke-width="0.5"'
    legend = (f'<defs><linearGradient id="sides">{ramp}</linearGradient></defs><text x="84" y="319" text-anchor="end">{escape(names[0])} +{escape(most)}</text>'
              f'<rect x="88" y="312" width="80" {box} fill="url(#sides)"/><text x="172" y="319">{escape(names[1])} +{escape(most)}</text>'
              f'<rect x="88" y="325" width="14" {box} fill="url(#few)"/><text x="106" y="332">{escape(hatched)}</text>')
    lines = [line for text in foot for line in wrap(text, _LETTERS)]
    legend += "".join(f'<text x="4" y="{344 + 8 * place}" font-size="6">{escape(line)}</text>' for place, line in enumerate(lines))
    titles = {code: side["text"] for code, side in sides.items()}
    return _document(fills, titles, colour, title, f'<g font-size="8">{legend}</g>', (), small=False, more=8 * len(lines))


def _document(fills: Mapping[str, str], titles: Mapping[str, str], colour: Mapping[str, str], title: str, legend: str, selected: Collection[str],
              small: bool, more: int = 0) -> str:
    line = mixed(colour["paper"], colour["text"], LINE)
    head, foot = (0, 0) if small else (20, 46 + more)
    height = HEIGHT + head + foot
    scale = 120 / HEIGHT if small else 2
    thin, thick = (0.9, 1.8) if small else (0.5, 0.9)

    def drawn(region: Region) -> str:
        dim = ' fill-opacity="0.45"' if selected and region.code not in selected else ""
        said = f"<title>{escape(titles[region.code])}</title>" if titles.get(region.code) else ""
        return f'<path d="{region.d}" fill="{fills[region.code]}"{dim}>{said}</path>'

    regions = "".join(drawn(region) for region in REGIONS if region.code in fills)
    chosen = "".join(region.d for region in REGIONS if region.code in selected)
    paper = (f'<rect y="{-head}" width="{WIDTH}" height="{height}" fill="{colour["paper"]}"/>'
             f'<text x="4" y="-7" font-weight="600">{escape(title)}</text>{legend}')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 {-head} {WIDTH} {height}" width="{WIDTH * scale:.0f}" height="{height * scale:.0f}" '
            f'role="img" font-family="sans-serif" font-size="{24 if small else 11}" fill="{colour["text"]}">'
            f'<title>{escape(title)}</title><defs>{_hatch(line)}</defs>{"" if small else paper}'
            f'<g stroke="{line}" stroke-width="{thin}" stroke-linejoin="round">{regions}</g>'
            f'<g fill="none" stroke="{line}" stroke-linecap="round" stroke-linejoin="round"><path d="{_DETAILS}" stroke-width="0.4"/>'
            f'<path d="{_OUTLINE}" stroke-width="{thick}"/><path d="{chosen}" stroke="{colour["text"]}" stroke-width="{2 * thick + 0.6:g}"/></g>'
            f'{"".join(_letters(captions=not small))}</svg>')


def _said_base(where: pd.DataFrame, unit: str) -> str:
    answered, blank = _answered(where)
    return f"{'Share of ' if answered else ''}{_base(answered, unit)} · {blank:,} not recorded"


def _legend(shown: dict[str, Shade], colour: dict[str, str], hatched: str, base: str, most: str) -> str:
    beside = " · ".join(f"{label} {shown[code]['share']}" for code, label in ANSWERS.items() if code in shown and code != "not_recorded")
    stops = ((0, 0.0), (0.08, 0.0), (0.08, PALEST), (1, FULLEST))
    ramp = "".join(f'<stop offset="{at}" stop-color="{mixed(colour["paper"], colour["primary"], share)}"/>' for at, share in stops)
    box = f'height="8" stroke="{mixed(colour["paper"], colour["text"], LINE)}" stroke-width="0.5"'
    found = f'<text x="4" y="332">{escape(base)}</text><text x="4" y="344">{escape(beside)}</text>'
    if most:
        found += (f'<defs><linearGradient id="ramp">{ramp}</linearGradient></defs><text x="4" y="319">0 %</text>'
                  f'<rect x="22" y="312" width="80" {box} fill="url(#ramp)"/><text x="106" y="319">{escape(most)}</text>')
    if hatched:
        found += f'<rect x="148" y="312" width="14" {box} fill="url(#few)"/><text x="166" y="319">{hatched}</text>'
    return f'<g font-size="8">{found}</g>'


def strength(level: float) -> float:
    """How much of the primary colour a shade has: the least share is told from none."""
    return PALEST + level * (FULLEST - PALEST) if level else 0.0


def mixed(under: str, over: str, share: float) -> str:
    """As CSS mixes in sRGB."""
    return "#" + "".join(f"{round(int(under[at:at + 2], 16) * (1 - share) + int(over[at:at + 2], 16) * share):02X}" for at in (1, 3, 5))
