"""What else people hand in: files that are no tables, known by their first bytes whatever they are called, and what to do instead."""
import re

from dashboard.errors import Refused

_UNPACK = "Unpack it first, and import the table inside: CSV or an Excel workbook (.xlsx)."
_EXPORT = "Export the data itself as CSV (UTF-8) or as an Excel workbook (.xlsx), and import that."
_TYPED = "If there is a table in it, copy that into a spreadsheet, save it as an Excel workbook (.xlsx) or CSV (UTF-8), and import that."


def _saved_from(program: str) -> str:
    return f"Open it in {program}, save the data as CSV (UTF-8) or as an Excel workbook (.xlsx), and import that."


# in the order they are tried: a file of Stata begins like a web page
_BEGINNINGS = tuple((re.compile(beginning, re.DOTALL), kind, instead) for beginning, kind, instead in (
    (rb"\x1f\x8b|BZh[1-9]1AY&SY|\xfd7zXZ\0|\x28\xb5\x2f\xfd", "a compressed file", _UNPACK),
    (rb"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (rb"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (rb".{257}ustar", "a tar archive", _UNPACK),
    (rb"PAR1\x15", "a Parquet file", _EXPORT),
    (rb"SQLite format 3\0", "a SQLite database", _EXPORT),
    (rb"\$FL[23]@\(#\)", "an SPSS data file", _saved_from("SPSS")),
    (rb"<stata_dta>|[\x69-\x73][\x01\x02]\x01\0", "a Stata data file", _saved_from("Stata")),
    (rb"HEADER RECORD\*{7}|\0{12}\xc2\xea\x81\x60", "a SAS data file", _saved_from("SAS")),
    (rb"%PDF", "a PDF", _EXPORT),
    (rb"\{\\rtf", "a text document (RTF)", _TYPED),
    (rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|II\*\0|MM\0\*|RIFF.{4}WEBP|\0{3}.ftyp(?:hei|mif|avif)", "an image", _EXPORT),
    # a header may stand in brackets, but no name in it begins with another bracket, or is a text in quotes before a colon
    (rb'\[\s*(?:[\[{]|"[^"]*"\s*[,\]])|\{\s*"[^"]*"\s*:', "JSON", _EXPORT),
    (rb"<", "a web page or XML, whatever it is called", _saved_from("a spreadsheet"))))
# of files that are packed as zip files, what only these have in them
_PARTS = {"word/document.xml": "a Word document", "ppt/presentation.xml": "a PowerPoint presentation"}
# the same of what programs saved before 2007: one kind of file, with named parts in it
OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_WORKBOOK = ("Workbook", "Book")
_OLD_PARTS = {"WordDocument": ("an old Word document (.doc)", _TYPED), "PowerPoint Document": ("an old PowerPoint presentation (.ppt)", _TYPED),
              "__properties_version1.0": ("an Outlook message (.msg)", "Save what is attached to it, and import that.")}
_ENTRY = 128  # bytes of the list of parts, each of which begins with a name
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument."
_OPEN_KINDS = {b"text": "an OpenDocument text", b"presentation": "an OpenDocument presentation"}


def check_start(start: bytes, name: str) -> None:
    """`start` is the first bytes without a byte order mark or anything blank. Raises Refused where they are those of no table."""
    for beginning, kind, instead in _BEGINNINGS:
        if beginning.match(start):
            raise _refused(name, kind, instead)


def check_parts(parts: list[str], mimetype: bytes, name: str) -> None:
    kind = next((kind for part, kind in _PARTS.items() if part in parts), None) or _OPEN_KINDS.get(mimetype.removeprefix(_OPEN_DOCUMENT).strip())
    if kind:
        raise _refused(name, kind, _TYPED)


def check_old_parts(content: bytes, name: str) -> None:
    """A workbook may have a document within it."""
    if not any(_has(content, part) for part in _WORKBOOK):
        for part, (kind, instead) in _OLD_PARTS.items():
            if _has(content, part):
                raise _refused(name, kind, instead)


def _has(content: bytes, part: str) -> bool:
    called, at = f"{part}\0".encode("utf-16-le"), 0
    while (at := content.find(called, at)) >= 0:
        if at % _ENTRY == 0:
            return True
        at += 1
    return False


def _refused(name: str, kind: str, instead: str) -> Refused:
    return Refused(f"{name} is {kind}, not a table, so nothing was loaded. {instead}")
