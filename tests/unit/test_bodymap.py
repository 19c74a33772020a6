"""The body map: every place is where it belongs, shares are shaded as they are, and only known answers come back from the browser."""
import re
import tomllib
from collections import Counter, defaultdict
from itertools import pairwise
from xml.etree import ElementTree

import pandas as pd
import pytest

from dashboard.codelists import LOCATION
from dashboard.figures import bodymap as figure
from dashboard.figures.bodymap import MIDDLE, REGIONS, UNPLACED
from dashboard.settings import ROOT
from dashboard.views import bodymap as view
from dashboard.views import session

HAIR = 0.05  # of a three-hundredth of the body's height
SVG = "{http://www.w3.org/2000/svg}"
Polygon = list[tuple[float, float]]


def where(answered: int = 1150, not_recorded: int = 34, **n: int) -> pd.DataFrame:
    labels = {**LOCATION.label, "none": "None"}
    return pd.DataFrame([(code, label, n.get(code, 0), answered, not_recorded) for code, label in labels.items()],
                        columns=["code", "label", "n", "answered", "not_recorded"])


def polygons(d: str) -> list[Polygon]:
    """What a path encloses, its curves in eight straight pieces each."""
    found: list[Polygon] = []
    for letter, numbers in re.findall(r"([Mc])([^McZ]*)", d):
        values = [float(number) for number in re.findall(r"-?\d*\.?\d+", numbers)]
        if letter == "M":
            found.append([(values[0], values[1])])
            continue
        x, y = found[-1][-1]
        control = [(x, y), *((x + values[at], y + values[at + 1]) for at in (0, 2, 4))]
        for step in range(1, 9):
            t = step / 8
            weight = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3)
            found[-1].append(tuple(sum(w * point[axis] for w, point in zip(weight, control, strict=True)) for axis in (0, 1)))
    return found


def spans(polygon: Polygon, y: float) -> list[tuple[float, float]]:
    """From where to where a level line is inside."""
    ends = zip(polygon, [*polygon[1:], polygon[0]], strict=True)
    crossed = sorted(ax + (y - ay) / (by - ay) * (bx - ax) for (ax, ay), (bx, by) in ends if (ay > y) != (by > y))
    return list(zip(crossed[::2], crossed[1::2], strict=True))


SHAPES: dict[tuple[str, str], list[Polygon]] = defaultdict(list)
for region in REGIONS:
    SHAPES[region.view, region.code] += polygons(region.d)


def box(view_: str, code: str) -> tuple[float, float, float, float]:
    xs, ys = zip(*(point for polygon in SHAPES[view_, code] for point in polygon), strict=True)
    return min(xs), min(ys), max(xs), max(ys)


# --- the drawing ------------------------------------------------------------------------------------------------------------------

def test_every_place_is_drawn_or_has_a_button() -> None:
    assert {region.code for region in REGIONS} == LOCATION.bit.keys() - set(UNPLACED)
    assert set(figure.ANSWERS) == {*UNPLACED, "none", "not_recorded"}


def test_places_are_in_the_views_they_are_seen_in() -> None:
    views = defaultdict(set)
    for region in REGIONS:
        views[region.code].add(region.view)
    both = {"neck", "head", "saddle", *(f"{part}_{side}" for part in ("shoulder", "arm", "hand", "leg", "knee", "foot") for side in ("left", "right"))}
    front = {"jaw", "chest_middle", "abdomen", "left_upper_abdomen", "chest_left", "chest_right", "hip_left", "hip_right"}
    assert {code for code, seen in views.items() if len(seen) == 2} == both
    assert {code for code, seen in views.items() if seen == {"front"}} == front
    assert {code for code, seen in views.items() if seen == {"back"}} == LOCATION.bit.keys() - both - front - set(UNPLACED)


def test_left_and_right_are_the_patients() -> None:
    for seen, code in SHAPES:
        left, top, right, bottom = box(seen, code)
        middle = MIDDLE[seen]
        if code.endswith(("_left", "_right")) or code == "left_upper_abdomen":
            on_the_right = (seen == "front") == (code.startswith("left_") or code.endswith("_left"))
            assert left >= middle - HAIR if on_the_right else right <= middle + HAIR, (seen, code)
        else:
            assert (left + right) / 2 == pytest.approx(middle), (seen, code)
        if code.endswith("_left"):
            mirror = box(seen, code.replace("_left", "_right"))
            assert (2 * middle - mirror[2], mirror[1], 2 * middle - mirror[0], mirror[3]) == pytest.approx((left, top, right, bottom)), (seen, code)


def test_places_do_not_overlap_and_are_within_the_picture() -> None:
    for seen, code in SHAPES:
        left, top, right, bottom = box(seen, code)
        assert left >= 0 and top >= 0 and right <= figure.WIDTH and bottom <= figure.HEIGHT
    area: Counter[tuple[str, str]] = Counter()
    for row in range(2 * figure.HEIGHT):
        y = row / 2 + 0.237  # no point has hundredths
        inside = sorted((*span, shape) for shape, parts in SHAPES.items() for polygon in parts for span in spans(polygon, y))
        for (_, before, one), (after, _, other) in pairwise(inside):
            assert before <= after + HAIR, (one, other, y)
        for start, end, shape in inside:
            area[shape] += (end - start) / 2
    assert min(area[shape] for shape in SHAPES) >= 100, area.most_common()[-5:]  # at 250 pixels of height a unit is 0.8 pixels


def test_the_middle_of_every_region_is_its_own() -> None:
    # that is where speech input and screen readers click
    for region in REGIONS:
        (polygon,) = polygons(region.d)
        xs, ys = zip(*polygon, strict=True)
        assert any(start < (min(xs) + max(xs)) / 2 < end for start, end in spans(polygon, (min(ys) + max(ys)) / 2)), region


def test_the_markup_is_small_and_knows_nobody() -> None:
    root = ElementTree.fromstring(figure.markup())
    codes = [part.get("data-code") for part in root.iter("path") if part.get("role") == "checkbox"]
    assert sorted(codes) == sorted(LOCATION.bit.keys() - set(UNPLACED))
    assert codes[0] == "head" and codes[-1].startswith("foot_") and codes.index("neck") < codes.index("low_back") < codes.index("knee_left")
    assert len(figure.markup()) < 25_000


# --- shares and colours -----------------------------------------------------------------------------------------------------------

def test_shares() -> None:
    found = figure.shades(where(low_back=412, neck=206, jaw=4, knee_left=5, everywhere=500, none=12))
    assert found["low_back"] == {"level": 1.0, "few": False, "share": "36 %", "text": "Lower back: 412 of 1,150 patients who said where (36 %)"}
    assert (found["neck"]["level"], found["head"]["level"], found["head"]["few"]) == (0.5, 0.0, False)
    assert found["jaw"] == {"level": 0.0, "few": True, "share": "<1 %", "text": "Jaw: 4 of 1,150 patients who said where (<1 %)"}
    assert (found["knee_left"]["few"], found["everywhere"]["level"], found["none"]["share"]) == (False, 1.0, "1 %")
    assert found["not_recorded"]["text"] == "Where is not recorded: 34 of 1,184 patients (3 %)"
    assert figure.highest(where(low_back=412, everywhere=500)) == "36 %"
    assert figure.shades(where(1, 0, neck=1), least=1, unit="entry")["neck"] == {
        "level": 1.0, "few": False, "share": "100 %", "text": "Neck: 1 of 1 entry that says where (100 %)"}


def test_nobody_said_where() -> None:
    found = figure.shades(where(0, 0))
    assert {(shade["level"], shade["few"], shade["share"]) for shade in found.values()} == {(0.0, False, "0 %")}
    assert found["neck"]["text"] == "Neck: no patient said where"
    assert figure.highest(where(0, 0)) == figure.highest(where(9, 0, neck=4)) == ""
    ElementTree.fromstring(figure.picture(where(0, 0), theme="light"))


def luminance(colour: str) -> float:
    parts = [int(colour[at:at + 2], 16) / 255 for at in (1, 3, 5)]
    return sum(weight * (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
               for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


@pytest.mark.parametrize("theme", figure.COLOURS)
def test_lines_stand_out_from_the_page_and_from_every_shade(theme: str) -> None:
    colour = figure.COLOURS[theme]
    configured = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"][theme]
    assert colour == {"paper": configured["backgroundColor"], "text": configured["textColor"], "primary": configured["primaryColor"]}
    line = luminance(figure.mixed(colour["paper"], colour["text"], figure.LINE))
    for level in (0, 0.01, 0.5, 1):
        dark, light = sorted((line, luminance(figure.mixed(colour["paper"], colour["primary"], figure.strength(level)))))
        assert (light + 0.05) / (dark + 0.05) >= 3


# --- on paper ---------------------------------------------------------------------------------------------------------------------

def test_a_picture_says_everything_by_itself() -> None:
    root = ElementTree.fromstring(figure.picture(where(low_back=412, jaw=4), {"low_back"}, theme="light", title="Women & <men>"))
    texts = "\n".join(found.text or "" for found in (*root.iter(f"{SVG}title"), *root.iter(f"{SVG}text")))
    for said in ("Women & <men>", "Lower back: 412 of 1,150 patients who said where (36 %)", "Share of 1,150 patients who said where · 34 not recorded",
                 "Front", "Back", "fewer than 5", "36 %", "Everywhere 0 % · Other place 0 % · None 0 %"):
        assert said in texts
    fills = {path.find(f"{SVG}title").text.split(":")[0]: path for path in root.iter(f"{SVG}path") if path.find(f"{SVG}title") is not None}
    assert [place for place, path in fills.items() if path.get("fill") == "url(#few)"] == ["Jaw"]
    assert [place for place, path in fills.items() if not path.get("fill-opacity")] == ["Lower back"]
    assert fills["Head"].get("fill") == figure.COLOURS["light"]["paper"]


def test_a_small_picture_of_one_patient() -> None:
    root = ElementTree.fromstring(figure.picture(where(3, 0, neck=1, low_back=3), theme="dark", unit="entry", least=1, small=True))
    assert root.get("height") == "120"
    assert [text.text for text in root.iter(f"{SVG}text")] == ["R", "L", "L", "R"]
    assert "url(#few)" not in {path.get("fill") for path in root.iter(f"{SVG}path")}


# --- what comes back from the browser ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("said", "meant"), [
    ({"press": {"code": "low_back", "add": False, "nonce": "1"}}, [("low_back", False)]),
    ({"press": {"code": "not_recorded", "add": True, "nonce": "1"}}, [("not_recorded", True)]),
    ({"press": {"code": "neck", "add": "yes"}}, [("neck", False)]),
    ({"press": {"code": "tail", "add": True}}, []), ({"press": {"code": ["neck"]}}, []), ({"press": "neck"}, []), ({"press": None}, []), (None, [])])
def test_only_known_answers_are_taken(said: object, meant: list[tuple[str, bool]], monkeypatch: pytest.MonkeyPatch) -> None:
    mounted: dict[str, object] = {}
    clicks: list[tuple[str, bool]] = []
    monkeypatch.setattr(view, "_component", lambda **given: mounted.update(given))
    monkeypatch.setattr(session, "recall", lambda key, default=None: said)
    view.show(where(neck=7), ["neck", "tail", "none"], unit="patient", key="map", height=250, on_click=lambda code, add: clicks.append((code, add)))
    mounted["on_press_change"]()
    assert clicks == meant
    assert mounted["data"]["selected"] == ["neck", "none"]
    assert mounted["data"]["shades"].keys() == {*LOCATION.bit, "none", "not_recorded"}
