"""Where in a text the table begins: its delimiter, its header row, and what stands around that. Found from the first records."""
import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field

from dashboard.errors import Refused
from dashboard.imports.fields import NEEDED
from dashboard.imports.table import Reading, is_blank

ABOVE = "lines above the header"
COMMENTS = "comment lines"
SEPARATOR = "the line that tells Excel the delimiter"
LABELS = "label rows"
_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 1 << 20
_RECORDS = 100
_SEP = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d+(?:[.,:]\d+)*\s?%?")
_DATE = re.compile(r"\d{1,4}([-./])\d{1,2}\1\d{1,4}\b.*", re.DOTALL)
_BRACKETED = re.compile(r"[(\[].*[)\]]", re.DOTALL)


@dataclass(frozen=True)
class Layout:
    """Rows are sheet rows, from 1. `cells` is the header as written; records are `width` cells wide, more than the header has where each
    ends in delimiters."""
    delimiter: str
    header_row: int
    cells: list[str]
    width: int
    label_rows: tuple[int, ...] = ()
    labels: dict[int, str] = field(default_factory=dict)  # by position in the header
    left_out: dict[str, list[int]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def last_row(self) -> int:
        """Records begin after this one."""
        return max(self.header_row, *self.label_rows, 0)


def layout(text: memoryview, name: str, how: Reading) -> Layout:
    if how.delimiter is not None and (len(how.delimiter) != 1 or how.delimiter in '"\r\n\0' or not how.delimiter.isascii()):
        raise Refused(f"{name}: {how.delimiter!r} cannot be a delimiter. Expected one character, such as , ; or |.")
    size = _SAMPLE
    while True:
        sample = bytes(text[:size]).decode(errors="ignore")
        said = _SEP.fullmatch(re.split(r"[\r\n]", sample, maxsplit=1)[0])
        said_row = int(bool(said))
        given = how.delimiter or (said[1] if said and said[1].isascii() and said[1] != '"' else None)
        whole, least = size >= len(text), (how.header_row or 0) + _RECORDS // 5
        candidates = [_Candidate(_records(sample, each, least, whole=whole), each, said_row, how) for each in ([given] if given else _DELIMITERS)]
        best = max(candidates, key=_Candidate.score)
        if best.header is not None or whole or size >= 16 * _SAMPLE:
            break
        size *= 4
    if how.header_row is not None and best.header is None:
        raise Refused(f"{name}, row {how.header_row}: was to be the header row, but is blank or beyond the end.")
    if best.header is None and not best.records:
        raise Refused(f"{name}, row 1: cannot be told into cells. "
                      "Most likely a quote is opened and never closed, a cell holds more than 100,000 characters, or this is not a table.")
    if best.header is None:
        raise Refused(f"{name} has no header row. Expected one with at least patient_id and recorded_at.")
    return best.layout()


def _records(sample: str, delimiter: str, least: int, *, whole: bool) -> list[list[str]]:
    """The first that are not blank, and those before and between them; at least so many."""
    found: list[list[str]] = []
    filled = 0
    try:
        for cells in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
            found.append(cells)
            filled += not is_blank(cells)
            if filled >= _RECORDS and len(found) >= least:
                return found
    except csv.Error:
        return found  # whoever reads all of the text finds the same mistake, and says so
    return found if whole else found[:-1]


class _Candidate:
    """The first records of a text, told into cells by one delimiter."""

    def __init__(self, records: list[list[str]], delimiter: str, said: int, how: Reading) -> None:
        self.records, self.delimiter, self.said, self.how = records, delimiter, said, how
        self.lines = [at for at, cells in enumerate(records) if at >= said and not is_blank(cells)]
        self.header = self._wanted(how.header_row - 1) if how.header_row else self._found()
        below = [] if self.header is None else [at for at in self.lines if at > self.header]
        self.labels = below[:how.label_rows] if how.label_rows is not None else self._labels(below)
        self.below = below[len(self.labels):]

    def score(self) -> tuple[bool, bool, float, int]:
        """The number of delimiters in the header, as far as the records agree with it. A delimiter by which the very first line is the
        header of most records comes before any by which lines are passed over: the second record of free texts may look like a header."""
        if self.header is None:
            return False, False, -1, 0
        width = len(self.records[self.header])
        passed = any(at < self.header and not self._is_comment(at) for at in self.lines)
        same = sum(len(self.records[at]) == width for at in self.below) / len(self.below) if self.below else float(not passed)
        return self._is_ours(self.header), not passed and width > 1 and same > 0.5, (width - 1) * same ** 2, width

    def layout(self) -> Layout:
        cells = self.records[self.header]
        if self._is_comment(self.header):
            cells = [cells[0].lstrip().removeprefix("#"), *cells[1:]]
        left_out: dict[str, list[int]] = {SEPARATOR: [1]} if self.said else {}
        for at in self.lines:
            if at < self.header:
                left_out.setdefault(COMMENTS if self._is_comment(at) else ABOVE, []).append(at + 1)
        if self.labels:
            left_out[LABELS] = [at + 1 for at in self.labels]
        notes = ()
        if left_out.get(ABOVE) and self.how.header_row is None:
            notes = (f"Row {self.header + 1} was taken as the header: the lines above it do not have the cells of the rows below.",)
        labels: dict[int, str] = {}
        for at in self.labels:
            for position, cell in enumerate(self.records[at][:len(cells)]):
                if cell.strip() and not _is_import_id(cell):
                    labels.setdefault(position, " ".join(cell.split()))
        return Layout(self.delimiter, self.header + 1, cells, self._width(len(cells)), tuple(left_out.get(LABELS, ())), labels, left_out, notes)

    def _width(self, header: int) -> int:
        usual = Counter(len(self.records[at]) for at in self.below).most_common(1)
        surplus = any(not is_blank(self.records[at][header:]) for at in self.below)
        return max(header, usual[0][0]) if usual and not surplus else header

    def _filled(self, at: int) -> int:
        return sum(bool(cell.strip()) for cell in self.records[at])

    def _is_comment(self, at: int) -> bool:
        first = self.records[at][0].strip()
        return first.startswith("#") and first != "#"

    def _is_ours(self, at: int) -> bool:
        return set(NEEDED) <= {cell.strip() for cell in self.records[at]}

    def _wanted(self, at: int) -> int | None:
        return at if at in self.lines else None

    def _found(self) -> int | None:
        """The first line with a name for most of the cells that the lines below fill. A line that has as many cells is never passed
        over: it may be a record."""
        plain = [at for at in self.lines if not self._is_comment(at) and any(map(str.isalnum, "".join(self.records[at])))]
        for place, at in enumerate(self.lines):
            if self._is_comment(at):
                after = self.lines[place + 1] if place + 1 < len(self.lines) else None
                if after is None or (after in plain and len(self.records[at]) == len(self.records[after]) > 1):
                    return at
            if at not in plain:
                continue
            if self._is_ours(at):
                return at  # however long the records are
            below = sorted(self._filled(other) for other in plain[plain.index(at) + 1:])
            typical = below[len(below) // 2] if below else max(self._filled(other) for other in plain)
            if 2 * self._filled(at) >= typical and (self._filled(at) > 1 or typical == 1):
                return at if self._has_names(at) else plain[0]
        return plain[0] if plain else None

    def _has_names(self, at: int) -> bool:
        """Names are neither dates nor mostly numbers, and are no values of the columns that they name."""
        row = self.records[at]
        cells = [cell.strip() for cell in row if cell.strip()]
        if any(_DATE.fullmatch(cell) for cell in cells) or 2 * sum(bool(_NUMBER.fullmatch(cell)) for cell in cells) >= len(cells):
            return False
        below = [self.records[other] for other in self.lines if other > at]
        others = [other for other in below if other != row]
        return 2 * len(others) >= len(below) and not any(cell.strip() and cell == value for other in others for cell, value in zip(row, other, strict=False))

    def _labels(self, below: list[int]) -> list[int]:
        """Label rows of kinds that no record can be mistaken for."""
        for place, at in enumerate(below[:3]):
            if 2 * sum(map(_is_import_id, self.records[at])) > self._filled(at):
                return below[:place + 1]
        if len(below) > 1 and self._filled(self.header) > 1 and self._in_brackets(below[0]) and not self._in_brackets(below[1]):
            return below[:1]
        return []

    def _in_brackets(self, at: int) -> bool:
        return all(_BRACKETED.fullmatch(cell.strip()) for cell in self.records[at] if cell.strip())


def _is_import_id(cell: str) -> bool:
    """Qualtrics' third row."""
    return cell.lstrip().startswith("{") and '"ImportId"' in cell
