"""Files made to harm: each is refused, or read as what it says, and nothing of it is run, unpacked elsewhere or shown as something else."""
import time
from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from dashboard import cohort
from dashboard.errors import Refused
from dashboard.imports import commit, export, plan, tabular
from tests.files import AT, BY, EVER, TODAY, counts, planned
from tests.packed import workbook, workbook_parts, zipped

_LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)) + "]>"


def _with_entities() -> bytes:
    parts = workbook_parts((), {"S": [["patient_id", "recorded_at"], ["HERE", "2026-03-30"]]})
    cells = parts["xl/worksheets/sheet1.xml"].replace("HERE", "&i;")
    head, body = cells.split("?>", 1)
    return zipped(parts | {"xl/worksheets/sheet1.xml": f"{head}?>{_LAUGHS}{body}"})


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a zip that unpacks to much more": (lambda: zipped({"a.csv": b"a,b\n" + b"0" * (110 << 20)}), "unpacked it would be 110 MB"),
    "a workbook that does": (lambda: zipped({**workbook_parts((), {"S": [["a"], ["b"]]}), "xl/media/x.bin": b"\0" * (110 << 20)}),
                             "unpacked it would be 110 MB"),
    "a zip in a zip": (lambda: zipped({"a.csv": zipped({"b.csv": "a\n1\n"})}), "itself a zip file"),
    "ten thousand columns": (lambda: ",".join(f"c{n}" for n in range(10_000)).encode() + b"\n" + b"1," * 9_999 + b"1\n", "10,000 columns. At most 1,000"),
    "ten thousand columns, none named": (lambda: b"," * 9_999 + b"\n" + b"1," * 9_999 + b"1\n", "10,000 columns|no header row"),
    "a cell of a million characters": (lambda: b"a,b\n1," + b"x" * 1_000_000 + b"\n", "1,000,000 characters. At most 100,000"),
    "the same in quotes, with line breaks": (lambda: b'a,b\n1,"' + b"x\n" * 500_000 + b'"\n', "1,000,000 characters. At most 100,000"),
    "a header of a million characters": (lambda: b"a," + b"x" * 1_000_000 + b"\n1,2\n", "a cell holds more than 100,000 characters"),
    "a quote that never ends": (lambda: b'a,b\n1,"' + b"x\n" * 5_000_000, "longer than 8 MB|never closed"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_too_much_is_refused_at_once(name: str) -> None:
    made, says = REFUSED[name]
    content = made()
    begun = time.monotonic()
    with pytest.raises(Refused, match=says):
        tabular.read(content, "x.csv")
    assert time.monotonic() - begun < 10


def test_entities_are_not_expanded() -> None:
    try:
        read = tabular.read(_with_entities(), "x.xlsx")
    except Refused:
        return
    assert all(len(text) < 100 for column in read.columns.values() for text in column.to_pylist())


@pytest.mark.parametrize(("given", "shown"), [
    ("../../etc/passwd.csv", "passwd.csv"), ("..\\..\\windows\\x.csv", "x.csv"), ("C:\\x.csv", "x.csv"), ("a\u202evsc.exe", "a?vsc.exe"),
    ("a\nb\x07.csv", "a?b?.csv"), ("x" * 500 + ".csv", "x" * 100)])
def test_of_a_path_only_a_name_that_can_be_read_is_kept(given: str, shown: str) -> None:
    assert tabular.read(b"a,b\n1,2\n", given).name == shown
    inside = tabular.read(zipped({f"{given}.csv": "a,b\n1,2\n"}), "x.zip")
    assert inside.found.sheet in (f"{shown}.csv", shown) and inside.columns["a"].to_pylist() == ["1"]


@pytest.mark.parametrize("column", ["source", "patient_id", "entry_id"])
@pytest.mark.parametrize("hidden", ["\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u202e", "\u2066", "\u200f", "\x07", "\x1b", "\x7f", "\u0085"])
def test_an_id_with_something_that_cannot_be_seen_is_not_loaded(duckdb_engine: Engine, column: str, hidden: str) -> None:
    row = {"source": "north", "patient_id": "1", "entry_id": "a", "recorded_at": "2026-03-30"}
    row[column] = f"{row[column]}{hidden}x"
    found = planned(duckdb_engine, ",".join(row), ",".join(row.values()))
    assert found.problems[["column", "code"]].values.tolist() == [[column, "hidden_characters"]]


FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "=HYPERLINK(\"http://x\",\"y\")", "'=1", "\t=1")


def test_what_a_spreadsheet_would_run_is_kept_as_text_and_never_handed_on_as_a_formula(engine: Engine) -> None:
    rows = ['"' + formula.replace('"', '""') + f'",2026-03-{day:02},"' + formula.replace('"', '""') + '"' for day, formula in enumerate(FORMULAS, start=1)
            if not formula.startswith("\t")]
    found = planned(engine, "patient_id,recorded_at,note", *rows)
    assert counts(found, "quarantined") == (0,)
    commit.commit(engine, found, by=BY, at=AT)
    with engine.connect() as connection:
        written = export.sheet(export.canonical(connection, cohort.entries(connection, EVER)))
        assert not [cell for line in written.splitlines() for cell in line.split(",") if cell.strip('"').startswith(("=", "+", "-", "@"))]
        again = plan.plan(connection, tabular.read(written.encode(), "again.csv"), today=TODAY)
    assert counts(again, "loaded", "duplicate") == (0, len(rows))


def test_control_characters_in_a_note_are_kept_and_come_back(engine: Engine) -> None:
    note = "a\x07\x1b[31mb\u202ec\x7f"
    commit.commit(engine, planned(engine, "patient_id,recorded_at,note", f"1,2026-03-30,{note}"), by=BY, at=AT)
    with engine.connect() as connection:
        assert export.canonical(connection, cohort.entries(connection, EVER))["note"].tolist() == [note]


def test_a_formula_of_a_workbook_is_its_value() -> None:
    parts = workbook_parts((), {"S": [["patient_id", "recorded_at", "severity"], ["1", "2026-03-30", 0]]})
    cells = parts["xl/worksheets/sheet1.xml"].replace("<v>0</v>", "<f>SUM(3,4)</f><v>7</v>")
    assert tabular.read(zipped(parts | {"xl/worksheets/sheet1.xml": cells}), "x.xlsx").columns["severity"].to_pylist() == ["7"]
    for formula, said in (("<f>SUM(3,4)</f>", "never worked out"), ('<f t="shared" si="0"/><v/>', "never worked out"), ("<f>A1</f><v>0</v>", "")):
        never = parts["xl/worksheets/sheet1.xml"].replace("<v>0</v>", formula)
        assert said in " ".join(notes := tabular.read(zipped(parts | {"xl/worksheets/sheet1.xml": never}), "x.xlsx").notes) and bool(notes) == bool(said)
    assert tabular.read(workbook(S=[["patient_id", "note"], ["1", "=1+1"]]), "x.xlsx").columns["note"].to_pylist() == ["=1+1"]
