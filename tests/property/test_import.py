"""Whatever a file holds: every row has one fate, and what we export reads back as what it was."""
import csv
from io import StringIO

import pyarrow
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select

from dashboard import cohort, sheet
from dashboard.codelists import CHOICES, HISTORY, LISTS, SYMPTOM
from dashboard.days import date_of
from dashboard.imports import commit, export, plan, tabular
from dashboard.schema import diary_entry, duplicate_row, import_batch, quarantined_row
from tests.conftest import asks_a_database
from tests.databases import empty
from tests.files import AT, BY, EVER, TODAY

_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=6)
_FORMULAS = st.builds(str.__add__, st.sampled_from(("=", "'=", "''+", "-", "@", "\t", "\r", "'", "''", "1", "")), _TEXT)
_IDS = st.sampled_from(("1", "01", "=7", "'@x", "a b", "ß", "+1"))
_CLOCKS = st.sampled_from(("", "T00:00", " 23:59:59.000001", "T10:00Z", "T10:00+05:45", "T10:00-11:00"))


def _times(first: int = TODAY - 40, last: int = TODAY + 1) -> st.SearchStrategy[str]:
    return st.builds(lambda day, clock: f"{date_of(day)}{clock}", st.integers(first, last), _CLOCKS)


def _scores(least: float, most: float) -> st.SearchStrategy[str]:
    return st.decimals(least, most, places=3).map(str)


_YES_NO = st.sampled_from(("yes", "no", ""))
_GOOD = {
    "source": st.sampled_from(("", "north", "=s")), "patient_id": _IDS, "entry_id": st.one_of(st.just(""), st.uuids().map(str)), "recorded_at": _times(),
    "entered_at": st.one_of(st.just(""), _times()), "birth_year": st.one_of(st.just(""), st.integers(1880, 2026).map(str)),
    **{name: st.sampled_from(("", *CHOICES[name])) for name in ("sex", "severity_kind", "onset_speed", "pattern", "trend")},
    **dict.fromkeys(("severity", "worst_severity", "least_severity", "interference"), st.one_of(st.just(""), _scores(0, 10))),
    "temperature_c": st.one_of(st.just(""), _scores(30, 45)), "bout_minutes": st.one_of(st.just(""), _scores(0, 525_600)),
    "onset_date": st.one_of(st.just(""), st.integers(TODAY - 4000, TODAY - 40).map(lambda day: date_of(day).isoformat())),
    **{name: st.one_of(st.sampled_from(("", "none")), st.lists(st.sampled_from(sorted(codelist.bit)), min_size=1, max_size=4).map(";".join))
       for name, codelist in LISTS.items()},
    **dict.fromkeys((*SYMPTOM.bit, *HISTORY.bit), _YES_NO), "note": _FORMULAS, "Weather today": _FORMULAS}


@st.composite
def _good_rows(draw: st.DrawFn) -> list[dict[str, str]]:
    names = draw(st.lists(st.sampled_from(sorted(set(_GOOD) - {"patient_id", "recorded_at"})), unique=True, max_size=8))
    row = st.fixed_dictionaries({name: _GOOD[name] for name in ("patient_id", "recorded_at", *names)})
    return draw(st.lists(row, min_size=1, max_size=6))


def _written(rows: list[dict[str, str]]) -> bytes:
    found = StringIO()
    writer = csv.writer(found, lineterminator="\r\n")
    writer.writerow(rows[0])
    writer.writerows([sheet.neutralised(row[name]) for name in rows[0]] for row in rows)
    return found.getvalue().encode()


def _imported(engine: Engine, content: bytes) -> commit.Receipt:
    with engine.connect() as connection:
        planned = plan.plan(connection, tabular.read(content, "diary.csv"), today=TODAY)
    return commit.commit(engine, planned, by=BY, at=AT)


def _exported(engine: Engine) -> str:
    with engine.connect() as connection:
        return export.sheet(export.canonical(connection, cohort.entries(connection, EVER)))


@given(_FORMULAS)
def test_one_apostrophe_on_one_apostrophe_off(text: str) -> None:
    written = sheet.neutralised(text)
    assert sheet.restored(written) == text
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.lists(_FORMULAS, min_size=1))
def test_columns_like_cells(texts: list[str]) -> None:
    column = pyarrow.array(texts)
    assert sheet.neutralised_column(column).to_pylist() == [sheet.neutralised(text) for text in texts]
    assert sheet.restored_column(column).to_pylist() == [sheet.restored(text) for text in texts]


@given(rows=_good_rows())
@asks_a_database
def test_what_we_export_reads_back_as_it_was(engine: Engine, rows: list[dict[str, str]]) -> None:
    empty(engine)
    receipt = _imported(engine, _written(rows))
    assert receipt.counts["quarantined"] == 0, receipt.problems
    exported = _exported(engine)
    again = _imported(engine, exported.encode())
    assert (again.counts["duplicate"], again.counts["loaded"]) == (receipt.counts["loaded"], 0)
    empty(engine)
    _imported(engine, exported.encode())
    assert sorted(_exported(engine).split("\r\n")) == sorted(exported.split("\r\n"))


_CELLS = st.one_of(_FORMULAS, st.sampled_from((
    "", "yes", "no", "1", "5", "11", "neck", "none;neck", "2026-03-01", "2026-02-30", "2099-01-01", "a", "b", '"', '5" x', "x\ny")))
_HEADERS = ("entry_id", "severity", "fever", "locations", "onset_date", "source", "birth_year", "note", "Weather", "quarantined_as")


@given(header=st.lists(st.sampled_from(_HEADERS), unique=True),
       rows=st.lists(st.lists(_CELLS, max_size=8), max_size=8))
@asks_a_database
def test_every_row_has_exactly_one_fate(engine: Engine, header: list[str], rows: list[list[str]]) -> None:
    empty(engine)
    found = StringIO()
    csv.writer(found).writerows([["patient_id", "recorded_at", *header], *rows])
    blank = [row for row in rows if not any(sheet.restored(cell).strip() for cell in row)]
    for _ in range(2):
        receipt = _imported(engine, found.getvalue().encode())
        counts = receipt.counts
        assert counts["rows_in"] == len(rows) - len(blank)
        assert counts["rows_in"] == counts["loaded"] + counts["quarantined"] + counts["duplicate"] + counts["left_out"]
        assert counts["loaded"] == counts["entries"] + counts["revised"]
        assert set(receipt.problems["row"]) <= set(range(2, 2 + found.getvalue().count("\n") + found.getvalue().count("\r")))
        with engine.connect() as connection:
            fates = [(name, row) for name, table in (("loaded", diary_entry), ("duplicate", duplicate_row), ("quarantined", quarantined_row))
                     for row in connection.scalars(select(table.c.row_number).where(table.c.batch == receipt.batch))]
        for name in ("loaded", "duplicate", "quarantined"):
            assert sum(fate == name for fate, _ in fates) == counts[name]
        assert len({row for _, row in fates}) == len(fates) == counts["rows_in"]
        assert {row for fate, row in fates if fate == "quarantined"} == set(receipt.problems["row"])
    assert counts["loaded"] == 0
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(import_batch)) == 2
