"""However a file spells what our own columns say, the mapping that says so makes the same of it."""
import csv
from datetime import date
from io import StringIO
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dashboard.days import date_of, day_of
from dashboard.imports import mapping, tabular
from dashboard.imports.apply import applied
from dashboard.imports.columns import Column, HowRead, LeaveOut
from dashboard.imports.mapping import Mapping
from dashboard.imports.typed import typed
from tests.files import TODAY

_PLACES = ("neck", "low_back", "head", "arm_left")
_ROW = st.fixed_dictionaries({
    "patient_id": st.sampled_from(("1", "01", "a b")), "recorded_at": st.builds(
        lambda day, clock: f"{date_of(day)}{clock}", st.integers(TODAY - 500, TODAY), st.sampled_from(("", "T00:00", "T18:05", "T23:59:59"))),
    "severity": st.sampled_from(("", "0", "2.5", "7", "10")), "sex": st.sampled_from(("", "female", "other")),
    "locations": st.one_of(st.just(""), st.lists(st.sampled_from(_PLACES), min_size=1, unique=True).map(";".join)),
    "fever": st.sampled_from(("yes", "no", "")), "leg_weakness": st.sampled_from(("yes", "no", "")),
    "onset_date": st.one_of(st.just(""), st.integers(TODAY - 900, TODAY - 501).map(lambda day: date_of(day).isoformat())),
    "note": st.text(st.characters(codec="ascii", categories=("L", "N", "P", "Zs")), max_size=5).filter(lambda text: not text.startswith("'"))})
_CODES = st.permutations(("1", "2", "oui", "Nej, inte", "-9", "∅")).map(tuple)


@st.composite
def _spelling(draw: st.DrawFn, rows: list[dict[str, str]]) -> tuple[bytes, Mapping]:
    """The rows as another program would write them, and how to read them."""
    codes, order = draw(_CODES), draw(st.sampled_from(("dmy", "mdy", "ymd", "count")))
    names = {name: draw(st.sampled_from((name, name.upper().replace("_", " "), f"q_{number}"))) for number, name in enumerate(rows[0])}
    scale, comma, apart, hot, tick = draw(st.tuples(*[st.sampled_from(choice) for choice in (
        ((0.0, 10.0), (0.0, 100.0), (1.0, 5.0)), (True, False), (True, False), (True, False), (True, False))]))

    def day(text: str) -> str:
        year, month, of_month = text.split("-")
        return {"dmy": f"{of_month}.{month}.{year}", "mdy": f"{int(month)}/{int(of_month)}/{year}", "ymd": text,
                "count": str(day_of(date.fromisoformat(text)) - TODAY + 300)}[order]

    def score(text: str) -> str:
        value = f"{scale[0] + float(text) * (scale[1] - scale[0]) / 10:.4f}".rstrip("0").rstrip(".")
        return value.replace(".", ",") if comma else value

    written, columns = [], {name: Column((header,)) for name, header in names.items()}
    for row in rows:
        cells = {names[name]: row[name] for name in ("patient_id", "note")}
        local, _, clock = row["recorded_at"].partition("T")
        cells |= {names["recorded_at"]: day(local), "clock": clock} if apart else {names["recorded_at"]: f"{day(local)} {clock}"}
        cells[names["onset_date"]] = row["onset_date"] and day(row["onset_date"])
        cells[names["severity"]] = row["severity"] and score(row["severity"])
        cells[names["sex"]] = {"female": codes[0], "other": codes[1], "": "77"}[row["sex"]]
        for name in ("fever", "leg_weakness"):
            cells[names[name]] = {"yes": codes[2], "no": codes[3], "": codes[4]}[row[name]]
        named = row["locations"].split(";")
        if hot:
            cells |= {f"loc[{codes[number]}]": ("X" if tick else "1") if place in named else "0" for number, place in enumerate(_PLACES)}
        else:
            cells[names["locations"]] = "|".join(codes[_PLACES.index(place)] for place in named if place)
        written += [{**cells, "form": "diary"}, *([{**cells, "form": "visit"}] if draw(st.booleans()) else [])]
    first = date_of(TODAY - 300).isoformat() if order == "count" else None
    columns["recorded_at"] = Column((names["recorded_at"], "clock") if apart else (names["recorded_at"],), counted_from=first)
    columns["onset_date"] = Column((names["onset_date"],), counted_from=first)
    columns["severity"] = Column((names["severity"],), scale=scale, decimal="," if comma else None)
    columns["sex"] = Column((names["sex"],), values={codes[0]: "female", codes[1]: "other"}, missing=("77",))
    for name in ("fever", "leg_weakness"):
        columns[name] = Column((names[name],), values={codes[2]: "yes", codes[3]: "no", codes[4]: ""})
    places = {codes[number]: place for number, place in enumerate(_PLACES)}
    columns["locations"] = Column(pattern="LOC[*]", values=places) if hot else Column((names["locations"],), split="|", values=places)
    out = StringIO()
    sheet = csv.DictWriter(out, draw(st.permutations(list(written[0]))), delimiter=";")
    sheet.writeheader()
    sheet.writerows(written)
    known = Mapping("another program", reading=HowRead(date_order=None if first else order), columns=columns, ignore=("form",),
                    leave_out=(LeaveOut("form", others=("Diary",), because="no diary entry"),))
    return out.getvalue().encode(), known


def _rows(content: bytes, known: Mapping | None) -> list[dict]:
    read = tabular.read(content, "x.csv")
    found = typed(applied(read, known or mapping.canonical(read)), today=TODAY, source=None)
    assert not found.problems.bad.any(), found.problems.frame()
    return found.rows.drop_columns(["position", "row_number"]).to_pylist()


@given(st.data(), st.lists(_ROW, min_size=1, max_size=6))
def test_another_spelling_says_the_same(data: st.DataObject, rows: list[dict[str, str]]) -> None:
    out = StringIO()
    sheet = csv.DictWriter(out, rows[0])
    sheet.writeheader()
    sheet.writerows(rows)
    content, known = data.draw(_spelling(rows))
    assert mapping.read(known.document()) == known
    assert _rows(content, mapping.read(known.document())) == _rows(out.getvalue().encode(), None)


_CELLS = st.sampled_from(("", "1", "0", "x", "Neck", "neck, back", "11", "yes", "2026-03-01", "31/12/2025", "46085", "-9", "none", "a", "b"))


@given(st.lists(st.tuples(_CELLS, _CELLS, _CELLS, _CELLS, _CELLS, st.sampled_from(("pain", "fever", "place", "sleep", ""))), max_size=10), st.booleans())
def test_every_row_has_one_fate_whatever_the_mapping(rows: list[tuple[str, ...]], long: bool) -> None:
    out = StringIO()
    csv.writer(out).writerows([("p", "d", "x___1", "x___2", "v", "c"), *rows])
    said = "name = 'x'\n[reading]\ndate_order = 'dmy'\n[[leave_out]]\ncolumn = 'x___1'\nis = ['11']\nbecause = 'eleven'\n" \
        "[columns.patient_id]\nfrom = 'p'\n[columns.recorded_at]\nfrom = 'd'\n[columns.red_flags]\npattern = 'x___*'\nvalues = {1 = 'rigors', 2 = 'nausea'}\n"
    said += "[readings]\ngroup = ['p', 'd']\ncategory = 'c'\nvalue = 'v'\n[readings.columns.severity]\ncategory = 'pain'\n[readings.columns.fever]\n" \
        "category = 'fever'\n[readings.columns.locations]\ncategory = 'place'\nsplit = ','" if long else "[columns.severity]\nfrom = 'v'"
    read = tabular.read(out.getvalue().encode(), "x.csv")
    made = applied(read, mapping.read(said))
    found = typed(made, today=TODAY, source=None)
    kept, bad = found.rows["position"].to_numpy(), found.problems.bad
    loaded, _ = made.spread(kept)
    # what loads, what waits and what is left out are all rows, each once
    every = sorted([*loaded.tolist(), *made.tabular.rows[bad].tolist(), *(int(row) for rows in made.tabular.left_out.values() for row in rows)])
    assert every == sorted([*read.rows.tolist(), *(int(row) for rows in read.left_out.values() for row in rows)])
    assert all(one < other for one, other in pairwise(every))
    assert set(found.problems.frame()["row"]) == set(made.tabular.rows[bad].tolist())
