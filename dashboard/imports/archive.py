"""What is inside a zip file. Nothing is unpacked to the disk, and nothing that is larger than it says or than we read."""
import io
import re
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import Self

from dashboard.errors import Refused
from dashboard.imports import kinds
from dashboard.wording import counted

MOST_MEMBERS = 2_000
LARGEST = 1 << 30
MOST_RATIO, _FROM = 200, 100 << 20  # a small file may well be mostly one letter
_BLOCK = 1 << 20
_TABLES = (".csv", ".tsv", ".tab", ".xlsx", ".xlsm", ".xls", ".ods")
# what is wrong with cells of a worksheet that are read as blank. A formula that came to an empty text says so by its type.
_BLANKED = {re.compile(rb' t="e"'): "Cells with an error such as #N/A or #DIV/0! were read as blank.",
            re.compile(rb'<c(?: [rs]="[^"]*")* ?><f(?: [^>]*)?(?:/>|>[^<]*</f>)(?:<v ?/>|<v></v>)?</c>'):
            "Cells with a formula that was never worked out were read as blank. Open the file in a spreadsheet, save it, and import that."}
_LONGEST_FORMULA = 10_000


def is_archive(content: bytes) -> bool:
    return content.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def shown(member: str) -> str:
    """The base name, for people."""
    base = PurePosixPath(member.replace("\\", "/")).name
    return "".join(letter if letter.isprintable() else "?" for letter in base)[:100]


class Archive:
    def __init__(self, content: bytes, name: str) -> None:
        self._content, self._name = content, name
        self.notes: tuple[str, ...] = ()
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
            raise self._damaged() from error
        members = self._zip.infolist()
        size = sum(member.file_size for member in members)
        if len(members) > MOST_MEMBERS:
            raise Refused(f"{name}: holds {len(members):,} files. At most {MOST_MEMBERS:,} are looked at; pack only the tables.")
        if any(member.flag_bits & 1 for member in members):
            raise Refused(f"{name}: is protected by a password. Pack it without one, or unpack it and import what is inside.")
        if size > LARGEST or (size > _FROM and size > MOST_RATIO * len(content)):
            raise Refused(f"{name}: unpacked it would be {size >> 20:,} MB. At most {LARGEST >> 20:,} MB are read, and no more than {MOST_RATIO} times "
                          "the packed size; unpack it and import the tables one by one.")
        names = self._zip.namelist()
        self.is_workbook = "[Content_Types].xml" in names or ("mimetype" in names and "content.xml" in names)
        files = [each for each in names if not each.endswith("/") and "__MACOSX" not in each and not shown(each).startswith(".")]
        self.tables = [each for each in files if each.lower().endswith(_TABLES)] or [each for each in files if each.lower().endswith(".txt")]
        self._others = [] if self.tables else files

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def _damaged(self) -> Refused:
        return Refused(f"{self._name}: is a damaged zip file or workbook, or not all of it is here. Export or download it again.")

    def read(self, member: str) -> bytes:
        try:
            return self._zip.read(member)  # never more than the size it says, which is checked
        except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, RuntimeError, EOFError, KeyError) as error:
            raise self._damaged() from error

    def check_workbook(self) -> None:
        """Whoever reads a workbook unpacks its parts without looking at their sizes, so they are looked at here."""
        names = self._zip.namelist()
        self.check_kind()
        if "xl/workbook.xml" not in names and "content.xml" not in names:
            raise Refused(f"{self._name}: is no workbook that can be read. Save it as an Excel workbook (.xlsx) or as CSV (UTF-8) and import that.")
        if len(set(names)) < len(names):
            raise self._damaged()
        found = set[str]().union(*map(self._blanked, self._zip.infolist()))  # all of them are checked
        self.notes = tuple(note for note in _BLANKED.values() if note in found)

    def check_others(self) -> None:
        """Where there is no table inside, but a document or the like, says which and what to do."""
        for member in self._others:
            content, label = self.read(member), f"{self._name}, {shown(member)}"
            if is_archive(content):
                with Archive(content, label) as nested:
                    nested.check_kind()
            elif content.startswith(kinds.OLD_OFFICE):
                kinds.check_old_parts(content, label)
            else:
                kinds.check_start(content[:1 << 10].lstrip(), label)

    def check_kind(self) -> None:
        names = self._zip.namelist()
        kinds.check_parts(names, self.read("mimetype") if "mimetype" in names else b"", self._name)

    def _blanked(self, member: zipfile.ZipInfo) -> set[str]:
        """What there is to say about the cells of a part. Refuses one that has not the size it says."""
        try:
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or self._actual(member) != member.file_size:
                raise self._damaged()
            found, before = set[str](), b""
            with self._zip.open(member) as part:
                while block := part.read(_BLOCK):
                    if member.filename.startswith("xl/worksheets/"):
                        found |= {note for pattern, note in _BLANKED.items() if note not in found and pattern.search(before + block)}
                        before = block[-_LONGEST_FORMULA:]
            return found
        except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
            raise self._damaged() from error

    def _actual(self, member: zipfile.ZipInfo) -> int:
        """Its unpacked size, counted, up to a little more than it should be."""
        head = self._content[member.header_offset:member.header_offset + 30]
        start = member.header_offset + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        packed = self._content[start:start + member.compress_size]
        if member.compress_type == zipfile.ZIP_STORED:
            return len(packed)
        unpacking, size = zlib.decompressobj(-15), 0
        while not unpacking.eof and size <= member.file_size:
            unpacked = unpacking.decompress(packed, _BLOCK)
            packed = unpacking.unconsumed_tail
            if not unpacked and not packed:
                break
            size += len(unpacked)
        return size


def described(members: list[str]) -> str:
    """The first of them, and how many there are."""
    return ", ".join(map(shown, members[:8])) + (f" and {counted(len(members) - 8, 'other')}" if len(members) > 8 else "")
