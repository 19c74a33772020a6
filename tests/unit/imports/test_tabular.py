import bz2
import re
from pathlib import Path

import pytest

from dashboard.errors import Refused
from dashboard.imports import tabular
from tests.packed import zipped


def columns(content: bytes) -> dict[str, list[str]]:
    return {name: column.to_pylist() for name, column in tabular.read(content, "x.csv").columns.items()}


@pytest.mark.parametrize(("content", "says"), [
    (b"", "is empty"), (b" \r\n\n", "is empty"), (b"\xef\xbb\xbf", "is empty"), (b";;\n,,\n", "no header row"),
    (b"\n\x81\xfe\xfc,1\n" * 3, "line 2: neither UTF-8"), (b"\xef\xbb\xbfa\n\xfc", "line 2: not UTF-8"), ("a\nb".encode("utf-16")[:-1], "not UTF-16"),
    (b"a,b\n1,2\n3," + b"x" * 70_000 + b"\0\n", "line 3: holds a NUL byte"), (b"PK\x03\x04rest", "damaged zip file or workbook"),
    (b"patient id,Patient-ID\n", "row 1: two columns have the same name"),
    (",".join(f"c{n}" for n in range(1001)).encode(), "1,001 columns"), (b"a,b\n1," + b"x" * 100_001, "100,001 characters"),
    (b"a,b\n1," + b"x" * 20_000_000, "longer than 8 MB"), (b'a,b\n1,2\n3,"4\n5,6\n', "row 3: a quote is opened and never closed"),
    (b'a,b\n1\n3,"4\n5,6\n', "row 3: a quote is opened and never closed"), (b'a,b\n1,"2\n', "row 2: a quote is opened and never closed")])
def test_refused_files_say_where_and_what(content: bytes, says: str) -> None:
    with pytest.raises(Refused, match=says) as refused:
        tabular.read(content, "some/folder/x.csv")
    assert str(refused.value).startswith("x.csv")


def _old(*parts: str) -> bytes:
    """A file of Office before 2007, as far as it is looked at: the names of its parts, each at the beginning of 128 bytes."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0") + b"".join(part.encode("utf-16-le").ljust(128, b"\0") for part in parts)


@pytest.mark.parametrize(("content", "kind", "instead"), [
    (bz2.compress(b"a,b"), "a compressed file", "Unpack it first"), (b"\x1f\x8brest", "a compressed file", "Unpack it first"),
    (b"7z\xbc\xaf\x27\x1c\0\x04", "a 7-Zip archive", "Unpack it first"), (b"Rar!\x1a\x07\x01\0", "a RAR archive", "Unpack it first"),
    (b"PAR1\x15\x04\x15", "a Parquet file", "Export the data itself as CSV"), (b"%PDF-1.7\n%\xe2", "a PDF", "Export the data itself as CSV"),
    (b"$FL2@(#) IBM SPSS", "an SPSS data file", "Open it in SPSS, save the data as CSV"),
    (b"<stata_dta><header>", "a Stata data file", "Open it in Stata"), (b"\x73\x02\x01\0", "a Stata data file", "Open it in Stata"),
    (zipped({"[Content_Types].xml": "", "word/document.xml": ""}), "a Word document", "copy that into a spreadsheet"),
    (zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": ""}), "an OpenDocument text", "copy that into a spreadsheet"),
    (b'[\n {"patient_id": 1}]', "JSON", "as CSV"), (b'\xef\xbb\xbf{"a": 1}\n{"a": 2}\n', "JSON", "as CSV"), (b'["a", "b"]', "JSON", "as CSV"),
    (_old("Root Entry", "1Table", "WordDocument"), "an old Word document", "copy that into a spreadsheet"),
    (_old("Root Entry", "PowerPoint Document"), "an old PowerPoint presentation", "copy that into a spreadsheet"),
    (_old("Root Entry", "__properties_version1.0"), "an Outlook message", "Save what is attached to it"),
    (zipped({"report.docx": zipped({"[Content_Types].xml": "", "word/document.xml": ""})}), "a Word document", "copy that into a spreadsheet"),
    (zipped({"photos/": "", "report.doc": _old("Root Entry", "WordDocument")}), "an old Word document", "copy that into a spreadsheet"),
    (zipped({"letter.bin": b"\0\1", "report.pdf": "%PDF-1.7"}), "a PDF", "Export the data itself as CSV"),
    (b"\x89PNG\r\n\x1a\n", "an image", "as CSV"), (b"\xff\xd8\xff\xe0\0\x10JFIF", "an image", "as CSV"), (b"<html>", "a web page", "Open it in a spreadsheet")])
def test_a_file_that_is_no_table_is_called_what_it_is(content: bytes, kind: str, instead: str) -> None:
    with pytest.raises(Refused) as refused:
        tabular.read(content, "x.csv")
    assert re.match(rf"x\.csv(, report\.\w+)? is {kind}\b.*, not a table, so nothing was loaded\. .*{instead}.* import ", str(refused.value))


@pytest.mark.parametrize("content", [_old("Root Entry", "Workbook", "WordDocument"), _old("Root Entry", "Book"),
                                     _old("Root Entry") + b"x" + "WordDocument\0".encode("utf-16-le")])
def test_an_old_workbook_with_a_document_in_it_or_a_word_of_one_is_no_document(content: bytes) -> None:
    with pytest.raises(Refused, match="cannot be read as a workbook"):
        tabular.read(content, "x.xls")


def test_names_that_only_begin_like_another_kind_of_file_are_a_header() -> None:
    for header in ("PAR1,BZh", "[id],[day]", "{id},{day}", "GIF,II*", "7z,Rar!"):
        assert tabular.read(f"{header}\n1,2\n".encode(), "x.csv").header == tuple(header.split(","))
    assert tabular.read(b"\xef\xbb\xbf" * 2 + b'"a",b\n1,2\n', "x.csv").header == ("a", "b"), "marked twice"


def test_late_bytes_that_are_not_utf8_are_found_where_they_are() -> None:
    with pytest.raises(Refused, match="line 1000002: not UTF-8"):
        tabular.read(b"a,b\n" + "é,2222\n".encode() * 1_000_000 + b"\xff,1\n", "x.csv")


@pytest.mark.parametrize(("content", "rows", "cells"), [
    (b"a,b\n1,2\n\n3,4\n", [2, 4], ["1", "3"]), (b"\n\na,b\n1,2", [4], ["1"]), (b"a,b\n\n,\n  \n1,2\n\n", [5], ["1"]),
    (b'a,b\n"1\n\n1",2\n3,4\n', [2, 3], ["1\n\n1", "3"]), (b"a,b\r\n1,2\r\n3,4\r\n", [2, 3], ["1", "3"]), (b'"a\nc",b\n1,2\n', [2], ["1"]),
    (b'a,b\n5" x,2\n3,"4 ""q"""\n', [2, 3], ['5" x', "3"]), (b"a,b\n", [], []), (b"a,b", [], []), (b"a,b\n1\n2,3,4\n5,6\n", [2, 3, 4], ["1", "2", "5"])])
def test_row_numbers_are_those_of_the_sheet(content: bytes, rows: list[int], cells: list[str]) -> None:
    read = tabular.read(content, "x.csv")
    assert read.rows.tolist() == rows
    assert read.columns[read.header[0]].to_pylist() == cells


def test_ragged_rows_keep_all_their_cells() -> None:
    read = tabular.read(b"a,b\n1,2\n3\n\n4,5,'=6\n", "x.csv")
    assert read.ragged == {1: ["3"], 2: ["4", "5", "=6"]}
    assert columns(b"a,b\n1,2\n3\n\n4,5,'=6\n") == {"a": ["1", "3", "4"], "b": ["2", "", "5"]}


@pytest.mark.parametrize(("header", "names"), [
    ("a,b", ("a", "b")), ("a;b,c;d", ("a", "b,c", "d")), ("a\tb", ("a", "b")), ("a,,b,", ("a", "(column 2)", "b", "(column 4)")),
    ("a,A,b,a", ("a", "A (2)", "b", "a (3)")),
    ('"a;b",c', ("a;b", "c")), (" a ,'=b", ("a", "=b"))])
def test_headers(header: str, names: tuple[str, ...]) -> None:
    assert tabular.read(header.encode(), "x.csv").header == names


def test_a_path_reads_like_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"a,b\n1,2\n")
    assert tabular.read(path, path.name).sha256 == tabular.read(b"a,b\n1,2\n", "x.csv").sha256
