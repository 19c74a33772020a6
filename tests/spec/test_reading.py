"""What comes out of a file, whatever it was exported as: its columns, its rows by their numbers, and what was left out and why."""
import io
import zipfile
from datetime import date, datetime

import pytest

from dashboard.errors import Refused
from dashboard.imports import archive, tabular
from dashboard.imports.layout import ABOVE, COMMENTS, LABELS, SEPARATOR
from dashboard.imports.nonrecords import HEADERS, SUMMARIES
from dashboard.imports.tabular import Reading, Tabular
from tests.packed import ERROR, opendocument, workbook, workbook_parts, zipped


def cells(read: Tabular) -> list[tuple[str, ...]]:
    return list(zip(*(column.to_pylist() for column in read.columns.values()), strict=True))


def left_out(read: Tabular) -> dict[str, list[int]]:
    return {reason: rows.tolist() for reason, rows in read.left_out.items()}


def read(content: bytes | str, how: Reading | None = None) -> Tabular:
    return tabular.read(content.encode() if isinstance(content, str) else content, "x.csv", how or Reading())


# --- encodings ----------------------------------------------------------------------------------------------------------------------

_GERMAN = 'Kürzel,Schmerz\nMüller,"größer als 5 – „sehr“"\nÖz,Süß\n'
_READ = [("Müller", "größer als 5 – „sehr“"), ("Öz", "Süß")]


@pytest.mark.parametrize(("encoding", "found", "note"), [
    ("utf-8", "utf-8", ""), ("utf-8-sig", "utf-8", ""), ("utf-16", "utf-16", ""), ("utf-32", "utf-32", ""),
    ("utf-16-le", "utf-16-le", "every other byte"), ("utf-16-be", "utf-16-be", "every other byte"),
    ("cp1252", "cp1252", "Read as Windows-1252: byte 0xFC in line 1 is no UTF-8.")])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings(encoding: str, found: str, note: str, end: str) -> None:
    content = _GERMAN.replace("\n", end).encode(encoding)
    made = read(content)
    assert made.header == ("Kürzel", "Schmerz")
    assert cells(made) == _READ
    assert (made.found.encoding, made.rows.tolist()) == (found, [2, 3])
    assert note in "".join(made.notes) and bool(note) == bool(made.notes)
    assert cells(read(content, made.found)) == _READ, "what was found says how to read it again"


def test_latin_1_and_its_note_say_where() -> None:
    made = read("a,b\n1,2\n3,Müdigkeit\n".encode("latin-1"))
    assert cells(made) == [("1", "2"), ("3", "Müdigkeit")]
    assert made.notes == ("Read as Windows-1252: byte 0xFC in line 3 is no UTF-8.",)


def test_dos_and_mac_umlauts_are_asked_for_not_guessed() -> None:
    for encoding in ("cp850", "mac_roman"):
        content = "a;b\nMüller;Übel, Süß, é\n".encode(encoding)
        assert cells(read(content, Reading(encoding=encoding))) == [("Müller", "Übel, Süß, é")]
    with pytest.raises(Refused, match=r"line 2: neither UTF-8 \(byte 0x81\) nor Windows-1252"):
        read("a;b\nMüller;Übel\n".encode("cp850"))


@pytest.mark.parametrize(("content", "encoding", "says"), [
    ("a,b\nMüller,Öz\n".encode() + "Süß,1\n".encode("latin-1"), None, "line 3: not UTF-8 text .byte 0xFC., but most of the file is: two encodings"),
    ("a\nü".encode("latin-1"), "utf-8", "line 2: not UTF-8"), (b"a\n\x81", "cp1252", "line 2: not Windows-1252"), (b"a\n", "klingon", "no encoding"),
    (b"a\n", "rot13", "no encoding"), (b"a\n", "base64", "no encoding"), ("ab\n\0".encode("utf-16"), None, "line 2: holds a NUL byte"),
    (b"a\n1\n\0\0\0", None, "line 3: holds a NUL")])
def test_what_is_no_text(content: bytes, encoding: str | None, says: str) -> None:
    with pytest.raises(Refused, match=says):
        read(content, Reading(encoding=encoding))


# --- delimiters ---------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("content", "header", "rows"), [
    ("a;b\n1,5;2\n2,5;3\n", ("a", "b"), [("1,5", "2"), ("2,5", "3")]),
    ("a\tb, of c\n1\t2\n", ("a", "b, of c"), [("1", "2")]),
    ("a|b|c\n1|2;3;4;5|6\n", ("a", "b", "c"), [("1", "2;3;4;5", "6")]),
    ("id,where; and what; and since\n1,neck;arm;leg\n2,jaw\n", ("id", "where; and what; and since"), [("1", "neck;arm;leg"), ("2", "jaw")]),
    ("id;where, what, since\n1;neck\n2;jaw\n", ("id", "where, what, since"), [("1", "neck"), ("2", "jaw")]),
    ("id;note\n1;a, b, c\n", ("id", "note"), [("1", "a, b, c")]), ("id;note\nx;a, b, c\ny;d, e, f\n", ("id", "note"), [("x", "a, b, c"), ("y", "d, e, f")]),
    ('id;"a;b,c,d,e"\n1;x\n', ("id", "a;b,c,d,e"), [("1", "x")]),
    ("only\nx y\nz\n", ("only",), [("x y",), ("z",)])])
def test_delimiters(content: str, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    made = read(content)
    assert (made.header, cells(made), made.ragged) == (header, rows, {})


def test_a_delimiter_that_is_said() -> None:
    assert read("a,b;c\n1,2;3\n", Reading(delimiter=";")).header == ("a,b", "c")
    made = read("sep=;\r\na,b,c;d\r\n1;2\r\n")
    assert (made.header, cells(made), left_out(made), made.rows.tolist()) == (("a,b,c", "d"), [("1", "2")], {SEPARATOR: [1]}, [3])
    with pytest.raises(Refused, match="cannot be a delimiter"):
        read("a,b\n", Reading(delimiter=";;"))


@pytest.mark.parametrize(("content", "rows"), [
    ('a,b\n"x ""y"" z","1\r\n2"\n', [('x "y" z', "1\r\n2")]), ('a,b\r\n1,2\n3,4\r5,6', [("1", "2"), ("3", "4"), ("5", "6")]),
    ('a,b\n"",""\n" ",x\n', [(" ", "x")]), ("a,b\n1,\x0b\u2028\n", [("1", "\x0b\u2028")]), ("a,b\n\u200b1,\u202e2\x07\n", [("\u200b1", "\u202e2\x07")])])
def test_quotes_line_ends_and_what_cannot_be_seen(content: str, rows: list[tuple[str, ...]]) -> None:
    assert cells(read(content)) == rows


# --- the header, and what is around it ----------------------------------------------------------------------------------------------

_TABLE = "patient_id,recorded_at,severity\np1,2026-03-01,5\np2,2026-03-02,6\n"


@pytest.mark.parametrize(("content", "left"), [
    (_TABLE, {}), ("\n\n" + _TABLE, {}), ("Pain diary\n" + _TABLE, {ABOVE: [1]}), ("Pain diary,,\n\nMarch 2026,,\n" + _TABLE, {ABOVE: [1, 3]}),
    ("# made by x\n# for y, z\n" + _TABLE, {COMMENTS: [1, 2]}), ("Title\n# note\n\n" + _TABLE, {ABOVE: [1], COMMENTS: [2]}), ("#" + _TABLE, {}),
    ("# made, on 2026-03-01\n# " + _TABLE, {COMMENTS: [1]}), ("---\n" + _TABLE, {ABOVE: [1]}),
    (_TABLE + "patient_id,recorded_at,severity\np3,2026-03-03,7\n", {HEADERS: [4]}), (_TABLE + "Total,,11\n", {SUMMARIES: [4]}),
    (_TABLE + "\nMean: 5.5\nn = 2\n", {SUMMARIES: [5, 6]}), (_TABLE + ",,Sum\n", {SUMMARIES: [4]}),
    ("patient_id,recorded_at,severity\n,,(0-10)\np1,2026-03-01,5\n", {LABELS: [2]})])
def test_rows_that_are_no_records_are_left_out_with_the_reason(content: str, left: dict[str, list[int]]) -> None:
    made = read(content)
    assert made.header == ("patient_id", "recorded_at", "severity")
    assert left_out(made) == left
    assert made.ragged == {}
    assert cells(made)[0] == ("p1", "2026-03-01", "5")
    assert left_out(read(content, made.found)) == left


@pytest.mark.parametrize(("content", "header", "kept"), [
    ("p1,2026-03-01,5\np2,2026-03-02,6\n", ("p1", "2026-03-01", "5"), 1),  # no header at all: refused by whoever looks for one, not read as another
    ("patient,answers\np1,yes,no,neck\np2,no,no,jaw\n", ("patient", "answers"), 2),
    ("1,2,3\na,b,c\nd,e,f\n", ("1", "2", "3"), 2),
    ("id,note\np1,hello\np2,a, b, c, d\np3,x\n", ("id", "note"), 3),
    ("id,place\nneck,neck\nplace,id\n", ("id", "place"), 2),
    ("patient_id,recorded_at\nyes,=,=,=,=\n", ("patient_id", "recorded_at"), 1), ("patient_id,recorded_at\n,none;neck,=;\n", ("patient_id", "recorded_at"), 1),
    (_TABLE + "Total,2026-03-03,4\n", ("patient_id", "recorded_at", "severity"), 3),  # as full as a record: a patient
    ("patient_id,recorded_at,severity\nTotal,2026-03-01,5\nTotal,,\n", ("patient_id", "recorded_at", "severity"), 2),
    (_TABLE + "Total,,11\np3,2026-03-03,1\n", ("patient_id", "recorded_at", "severity"), 4),  # not at the end
    (_TABLE + "Totality,,11\nn,,\n", ("patient_id", "recorded_at", "severity"), 4),
    (_TABLE + "# p3,2026-03-03,1\n", ("patient_id", "recorded_at", "severity"), 3),
    ("patient_id,recorded_at,severity\n(p1),(2026),(5)\n(p2),(2026),(5)\n", ("patient_id", "recorded_at", "severity"), 2),
    ("Total\n5\nTotal\n", ("Total",), 1),  # a header row again
    ("#,name\n1,x\n", ("#", "name"), 1), ("id\nMean\n", ("id",), 1)])
def test_in_doubt_a_row_is_kept(content: str, header: tuple[str, ...], kept: int) -> None:
    made = read(content)
    assert (made.header, len(made.rows)) == (header, kept)
    assert not set(left_out(made)) - {HEADERS}


def test_label_rows_of_qualtrics() -> None:
    made = read('StartDate,Q1,Q2_1\nStart Date,"How bad, 0-10?",Where?\n"{""ImportId"":""startDate""}","{""ImportId"":""QID1""}","{""ImportId"":""QID2""}"\n'
                "2026-03-01,5,neck\n")
    assert (cells(made), made.rows.tolist(), left_out(made)) == ([("2026-03-01", "5", "neck")], [4], {LABELS: [2, 3]})
    assert made.labels == {"StartDate": "Start Date", "Q1": "How bad, 0-10?", "Q2_1": "Where?"}
    assert made.found.label_rows == 2


def test_what_is_found_can_be_said_otherwise() -> None:
    assert read("x,y\n" + _TABLE, Reading(header_row=2)).header == ("patient_id", "recorded_at", "severity")
    assert left_out(read("x,y\n" + _TABLE, Reading(header_row=2))) == {ABOVE: [1]}
    assert left_out(read(_TABLE, Reading(label_rows=1))) == {LABELS: [2]}
    assert left_out(read("patient_id,severity\n,(0-10)\np1,5\n", Reading(label_rows=0))) == {}
    assert len(read("\n" * 150 + _TABLE).rows) == 2
    assert len(read("\n" * 150 + _TABLE, Reading(header_row=152)).rows) == 1
    for row in (1, 9):
        with pytest.raises(Refused, match=f"row {row}: was to be the header row"):
            read("\n" + _TABLE, Reading(header_row=row))


@pytest.mark.parametrize(("content", "header", "rows", "ragged"), [
    ("a,b,\n1,2,\n3,4\n", ("a", "b"), [("1", "2"), ("3", "4")], {}), ("a,b\n1,2,,\n3,4,,\n", ("a", "b"), [("1", "2"), ("3", "4")], {}),
    (",a,,b\n,1,,2\n,3,,4,5\n", ("a", "b"), [("1", "2"), ("3", "4")], {1: ["3", "4", "5"]}),
    ("a,b,\n1,2,x\n3,4,\n", ("a", "b", "(column 3)"), [("1", "2", "x"), ("3", "4", "")], {}),
    ("a,b\n" + "1,2,\n" * 120 + "3,4,5\n", ("a", "b"), [*[("1", "2")] * 120, ("3", "4")], {120: ["3", "4", "5"]}),
    ("a,b\n1,2,3\n4,5,6\n", ("a", "b"), [("1", "2"), ("4", "5")], {0: ["1", "2", "3"], 1: ["4", "5", "6"]})])
def test_columns_without_a_name(content: str, header: tuple[str, ...], rows: list[tuple[str, ...]], ragged: dict[int, list[str]]) -> None:
    made = read(content)
    assert (made.header, cells(made), made.ragged) == (header, rows, ragged)


def test_two_columns_of_one_name() -> None:
    made = read("Comment,Score,comment\nx,1,y\n")
    assert (made.header, cells(made)) == (("Comment", "Score", "comment (2)"), [("x", "1", "y")])
    assert "comment (2)" in made.notes[0]
    with pytest.raises(Refused, match="two columns have the same name"):
        read("patient_id,severity,Severity\n1,2,3\n")


# --- workbooks ----------------------------------------------------------------------------------------------------------------------

def test_a_workbook() -> None:
    made = read(workbook(Cover=[["A study"]], Diary=[
        ["Diary"], [], ["patient_id", "recorded_at", "when", "severity", "flare", "note"],
        ["007", date(2026, 3, 4), datetime(2026, 3, 4, 10, 30), 5.0, True, "a\nb, \"c\" <&>"], [],
        ["'=1", date(2026, 3, 5), datetime(2026, 3, 5, 23, 59, 59), 4.5, False, ERROR]], Notes=[["x", "y"], ["1", "2"]]))
    assert made.header == ("patient_id", "recorded_at", "when", "severity", "flare", "note")
    assert cells(made) == [("007", "2026-03-04", "2026-03-04T10:30:00", "5", "true", 'a\nb, "c" <&>'),
                           ("=1", "2026-03-05", "2026-03-05T23:59:59", "4.5", "false", "")]
    assert (made.rows.tolist(), left_out(made), made.found) == ([4, 6], {ABOVE: [1]}, Reading(sheet="Diary", header_row=3, label_rows=0))
    assert made.notes[0] == "Read from sheet Diary; not read: Cover and Notes."
    assert "#N/A" in made.notes[1]


def test_an_opendocument_workbook() -> None:
    made = read(opendocument(("a", "b"), (), ("007", "Öz")))
    assert (cells(made), made.rows.tolist(), made.found.sheet) == ([("007", "Öz")], [3], "S")


def test_the_sheet_that_is_said() -> None:
    content = workbook(hidden=("Old",), Old=[["a", "b"], [1, 2]], New=[["c", "d"], [3, 4]])
    assert read(content).header == ("c", "d")
    assert cells(read(content, Reading(sheet="Old"))) == [("1", "2")]
    with pytest.raises(Refused, match=r"has no sheet 'Older'\. It has New and Old"):
        read(content, Reading(sheet="Older"))


def _far() -> bytes:
    """Two cells, as far from each other as a sheet is large."""
    parts = workbook_parts((), {"S": [["a"], ["b"]]})
    return zipped(parts | {"xl/worksheets/sheet1.xml": parts["xl/worksheets/sheet1.xml"].replace('r="A2"', 'r="XFD1048576"').replace('r="2"', 'r="1048576"')})


def _lying(files: dict[str, bytes | str], part: str) -> bytes:
    """A zip that says that this part is one byte."""
    content, size = bytearray(zipped(files)), len(files[part].encode() if isinstance(files[part], str) else files[part])
    return bytes(content).replace(size.to_bytes(4, "little"), (1).to_bytes(4, "little"))


@pytest.mark.parametrize(("content", "says"), [
    (workbook(Empty=[]), "is empty"), (_far(), "cannot be read as a workbook"), (workbook(S=[["a"], ["b"]])[:-40], "damaged"),
    (_lying(workbook_parts((), {"S": [["a"], ["b" * 3000]]}), "xl/worksheets/sheet1.xml"), "damaged"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "workbook"),
    (zipped({"[Content_Types].xml": "", "xl/workbook.bin": ""}), "no workbook that can be read")])
def test_workbooks_that_cannot_be_read(content: bytes, says: str) -> None:
    with pytest.raises(Refused, match=says):
        read(content)


# --- zip files ----------------------------------------------------------------------------------------------------------------------

_FORM = "SubmissionDate,patient,note,KEY\n2026-03-01,p1,early,k1\n2026-03-02,p2,late,k2\n2026-03-03,p3,none,k3\n"
_REPEAT = "severity,note,PARENT_KEY,KEY\n5,a,k1,k1/1\n6,b,k1,k1/2\n7,c,k2,k2/1\n"


def test_one_table_in_a_zip() -> None:
    made = read(zipped({"../../etc/x/diary.csv": "\n" + _TABLE, "__MACOSX/diary.csv": "", "media/photo.jpg": b"\0", "readme.txt": "hello"}))
    assert (made.rows.tolist(), made.found.sheet, made.name) == ([3, 4], "diary.csv", "x.csv")
    assert cells(read(zipped({"a.xlsx": workbook(S=[["a", "b"], [1, 2]])}))) == [("1", "2")]


def test_a_repeat_is_joined_to_its_form() -> None:
    made = read(zipped({"form.csv": _FORM, "form-pain.csv": _REPEAT}))
    assert made.header == ("severity", "note", "PARENT_KEY", "KEY", "SubmissionDate", "patient", "note (form.csv)")
    assert cells(made) == [("5", "a", "k1", "k1/1", "2026-03-01", "p1", "early"), ("6", "b", "k1", "k1/2", "2026-03-01", "p1", "early"),
                           ("7", "c", "k2", "k2/1", "2026-03-02", "p2", "late"), ("", "", "k3", "", "2026-03-03", "p3", "none")]
    # a form without a repeat is a row of its own, numbered on after the four rows of the repeat: 8 is row 4 of the form
    assert made.rows.tolist() == [2, 3, 4, 8]
    assert made.found == Reading("utf-8", ",", 1, 0, "form-pain.csv", "form.csv", ("PARENT_KEY", "KEY"))
    assert "1 row of form.csv without a row of form-pain.csv, kept as rows of their own: row 5 and up; less 4 it is the row of form.csv." in made.notes


def test_which_tables_of_a_zip_are_read_can_be_said() -> None:
    content = zipped({"form.csv": _FORM, "form-pain.csv": _REPEAT, "other.csv": "a,b\n1,k1\n2,k9\n"})
    assert len(read(content, Reading(sheet="form.csv")).rows) == 3
    assert len(read(content, Reading(sheet="form-pain.csv", join="")).header) == 4
    assert "patient" in read(content, Reading(sheet="form-pain.csv")).header
    made = read(content, Reading(sheet="other.csv", join="form.csv", joined_by=("b", "KEY")))
    assert cells(made)[:2] == [("1", "k1", "2026-03-01", "p1", "early"), ("2", "k9", "", "", "")]
    assert "1 row of other.csv without a row of form.csv; kept, without its columns." in made.notes
    with pytest.raises(Refused, match=r"other\.csv has no column 'PARENT_KEY'"):
        read(content, Reading(sheet="other.csv", join="form.csv"))
    with pytest.raises(Refused, match=r"there is no table 'none\.csv' inside"):
        read(content, Reading(sheet="none.csv"))


def test_shifted_rows_stay_doubtful_when_joined() -> None:
    made = read(zipped({"form.csv": "patient,KEY\np1,k1\np2,k2,x\n", "pain.csv": "severity,PARENT_KEY\n5,k1\n6,k2\n7,k1,y\n"}))
    assert made.ragged == {1: ["6", "k2", "p2", "k2", "x"], 2: ["7", "k1", "y"]}


def _encrypted() -> bytes:
    content = bytearray(zipped({"a.csv": "a\n1\n"}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    return bytes(content)


@pytest.mark.parametrize(("content", "says"), [
    (zipped({"a.csv": "a\n1\n", "b.csv": "b\n1\n"}), "holds 2 tables: a.csv, b.csv"),
    (zipped({"a/x.csv": "a\n1\n", "b/x.csv": "b\n1\n"}), "2 tables: x.csv, x.csv"), (zipped({}), "no table"),
    (zipped({"a.zip": zipped({"a.csv": "a\n1\n"})}), "no table"), (zipped({"a.csv": zipped({"a.csv": "a\n1\n"})}), "itself a zip"),
    (_encrypted(), "password"), (zipped({"a.csv": "a\n1\n"})[:-5], "damaged"), (zipped({"a.csv": ""}), "a.csv is empty"),
    (_lying({"a.csv": "a,b\n" + "1,2\n" * 999}, "a.csv"), "damaged"),
    (zipped({"a.csv": "a\n1\n"}, zipfile.ZIP_STORED).replace(b"a\n1\n", b"a\n2\n"), "damaged"),
    (zipped({"f.csv": "a,KEY\n1,k\n2,k\n", "r.csv": "b,PARENT_KEY\n1,k\n"}), "rows 2 and 3 of f.csv have the same KEY")])
def test_zip_files_that_cannot_be_read(content: bytes, says: str) -> None:
    with pytest.raises(Refused, match=says):
        read(content)


@pytest.mark.parametrize(("size", "files", "says"), [
    (archive.LARGEST + 1, 1, "would be 1,024 MB"), (101 << 20, 1, "would be 101 MB"), (1, archive.MOST_MEMBERS + 1, "2,001 files")])
def test_a_zip_file_that_says_it_is_giant_is_not_unpacked(size: int, files: int, says: str) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for number in range(files):
            packed.writestr(f"{number}.csv", "a\n1\n")
        packed.infolist()[0].file_size = size
    with pytest.raises(Refused, match=says):
        read(made.getvalue())
