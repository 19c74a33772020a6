"""Bytes to columns of text: encoding, delimiter, header, which sheet row each row is. Knows nothing about diaries."""
import codecs
import csv
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.compute as compute
import pyarrow.csv

from dashboard import sheet
from dashboard.errors import Refused

MOST_COLUMNS = 1_000
LONGEST_CELL = 100_000
_BLOCK = 8 << 20  # a row longer than this is refused
_ENDING = "the file ends here"
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True)
class Tabular:
    """A sheet as text. `columns` are dictionary-encoded, one a header cell, without nulls; `rows` is the sheet row of each row: the
    first line of the file is row 1, blank lines count although they are not rows. A row with more or fewer cells than the header is
    there too, cut or filled with blanks; `ragged` has all its cells by position."""
    name: str
    sha256: str
    header: tuple[str, ...]
    columns: dict[str, pyarrow.DictionaryArray]
    rows: np.ndarray
    ragged: dict[int, list[str]] = field(default_factory=dict)


def read(content: bytes | Path, name: str) -> Tabular:
    """Raises Refused where the file as a whole cannot be read as a table."""
    content = content.read_bytes() if isinstance(content, Path) else content
    name = Path(name).name
    digest = hashlib.sha256(content).hexdigest()
    start = _checked_start(content, name)
    header_row, header, delimiter, start = _header(content, start, name)
    texts, ragged = _body(content, start, header_row, header, delimiter, name)
    del content
    return _numbered(name, digest, header_row, header, texts, ragged)


def normalised(header: str) -> str:
    """How column names are compared: without case, spaces and hyphens."""
    return "_".join(header.strip().lower().replace("-", " ").split())


def _checked_start(content: bytes, name: str) -> int:
    """Where the text begins: after a byte order mark, if there is one."""
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b")):
        raise Refused(f"{name} is an Excel workbook or a compressed file, not a CSV file. Save or unpack it as CSV (UTF-8) and import that.")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in content[:1 << 16]:
        raise Refused(f"{name} is not UTF-8 text (it looks like UTF-16 or like something that is not text). Save it as CSV (UTF-8) and import that.")
    start = len(codecs.BOM_UTF8) if content.startswith(codecs.BOM_UTF8) else 0
    if not content[start:].strip():
        raise Refused(f"{name} is empty. Expected a header row with at least patient_id and recorded_at.")
    if b"\0" in content:
        raise Refused(f"{name}, line {_line(content, content.index(0))}: holds a NUL byte, which no text has. Export it again as CSV (UTF-8).")
    return start


def _line(content: bytes, position: int) -> int:
    return content.count(b"\n", 0, position) + 1


def _check_encoding(content: bytes, name: str) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    for position in range(0, len(content), _BLOCK):
        pending = len(decoder.getstate()[0])
        block = content[position:position + _BLOCK]
        try:
            decoder.decode(block, final=position + _BLOCK >= len(content))
        except UnicodeDecodeError as error:
            line = _line(content, max(position + error.start - pending, 0))
            raise Refused(f"{name}, line {line}: not UTF-8 text. Save the file as CSV (UTF-8) and import that.") from None


def _records(content: bytes, start: int) -> Iterator[tuple[bytes, int]]:
    """The first records one by one, each with where the next begins. A line break between quotes does not end a record."""
    quoted, first, position = False, start, start
    while position < min(len(content), start + _BLOCK):
        byte = content[position]
        position += 1
        if byte == 34:
            quoted = not quoted
        elif byte in (10, 13) and not quoted:
            record = content[first:position - 1]
            position += byte == 13 and content[position:position + 1] == b"\n"
            yield record, position
            first = position
    yield content[first:position], position


def _header(content: bytes, start: int, name: str) -> tuple[int, tuple[str, ...], str, int]:
    for row, (record, end) in enumerate(_records(content, start), start=1):
        try:
            line = record.decode()
        except UnicodeDecodeError:
            raise Refused(f"{name}, line {row}: not UTF-8 text. Save the file as CSV (UTF-8) and import that.") from None
        line = " ".join(line.splitlines())
        delimiter, cells = max(((each, next(csv.reader([line], delimiter=each), [])) for each in _DELIMITERS), key=lambda split: len(split[1]))
        if any(cell.strip() for cell in cells):
            return row, _names(cells, row, name), delimiter, end
    raise Refused(f"{name} has no header row. Expected one with at least patient_id and recorded_at.")


def _names(cells: list[str], row: int, name: str) -> tuple[str, ...]:
    if len(cells) > MOST_COLUMNS:
        raise Refused(f"{name}, row {row}: {len(cells):,} columns. At most {MOST_COLUMNS:,} can be read; is this one row an entry?")
    names = [sheet.restored(cell.strip()) or f"(column {number})" for number, cell in enumerate(cells, start=1)]
    seen: dict[str, str] = {}
    for found in names:
        if normalised(found) in seen:
            raise Refused(f"{name}, row {row}: two columns have the same name ({seen[normalised(found)]!r} and {found!r}). Rename or remove one of them.")
        seen[normalised(found)] = found
    return tuple(names)


def _body(content: bytes, start: int, header_row: int, header: tuple[str, ...], delimiter: str, name: str
          ) -> tuple[list[pyarrow.ChunkedArray | None], dict[int, list[str]]]:
    """The records after the header, and those with another number of cells by their number (from 1, blank lines included)."""
    ragged: dict[int, list[str]] = {}
    closed = b'"' not in content
    ends: list[int] = []

    def keep(row: pyarrow.csv.InvalidRow) -> str:
        if row.text == _ENDING:
            ends.append(row.number)
        else:
            ragged[row.number] = next(csv.reader([row.text], delimiter=delimiter), [])
        return "skip"

    names = [str(number) for number in range(len(header))]
    if start >= len(content):
        return [pyarrow.chunked_array([], pyarrow.string()) for _ in names], ragged
    try:
        table = pyarrow.csv.read_csv(
            _Ended(memoryview(content)[start:], b"" if closed else f"\n{_ENDING}\n".encode()),
            # one thread, because only then does a ragged row know its number
            read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=names),
            parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=keep),
            convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pyarrow.string()), strings_can_be_null=False))
    except pyarrow.ArrowInvalid as error:
        _check_encoding(content, name)
        if "straddling" in str(error):
            raise Refused(f"{name}: a row is longer than {_BLOCK >> 20} MB. Most likely a quote is opened and never closed, or this is not a table.") from None
        raise Refused(f"{name} cannot be read as a CSV file. Export it again as CSV (UTF-8), with a header row and one row an entry.") from None
    if not closed and not ends:
        swallowed = header_row + max(table.num_rows + len(ragged), *ragged, 1) if ragged else header_row + table.num_rows
        raise Refused(f"{name}, row {swallowed}: a quote is opened and never closed, so the rows after it cannot be told apart. Close it, or double "
                      "a quote that belongs to the text, and import again.")
    return list(table.columns), ragged


class _Ended:
    """The text and one more line as one stream, without a second copy of the text. A quote that is opened and never closed would
    swallow the rows after it without a word; it swallows that line too."""
    closed = False

    def __init__(self, text: memoryview, ending: bytes) -> None:
        self._text, self._ending, self._position = text, ending, 0

    def read(self, size: int) -> bytes:
        block = bytes(self._text[self._position:self._position + size])
        self._position += len(block)
        if len(block) < size:
            block, self._ending = block + self._ending, b""
        return block


def _numbered(name: str, digest: str, header_row: int, header: tuple[str, ...], texts: list[pyarrow.ChunkedArray | None],
              ragged: dict[int, list[str]]) -> Tabular:
    # a line without anything between its delimiters, or of spaces, is as blank as an empty one; so is a blank line in a file of one column
    spoiled = {number: cells for number, cells in ragged.items() if any(cell.strip() for cell in cells)}
    numbers = np.setdiff1d(np.arange(1, len(texts[0]) + len(ragged) + 1), np.fromiter(ragged, int, len(ragged)), assume_unique=True)
    if spoiled:
        numbers = np.concatenate([numbers, np.fromiter(spoiled, int, len(spoiled))])
    order = pyarrow.array(np.argsort(numbers, kind="stable")) if spoiled else None

    def encoded(position: int) -> pyarrow.DictionaryArray:
        chunks, texts[position] = texts[position].chunks, None  # the plain texts go as soon as they are encoded
        if spoiled:
            chunks.append(pyarrow.array([row[position] if position < len(row) else "" for row in spoiled.values()], pyarrow.string()))
        column = pyarrow.chunked_array(chunks, pyarrow.string()).dictionary_encode().combine_chunks()
        del chunks
        if order is not None:
            column = column.take(order)
        longest = compute.max(compute.utf8_length(column.dictionary)).as_py() or 0
        if longest > LONGEST_CELL:
            raise Refused(f"{name}, column {header[position]}: a cell holds {longest:,} characters. At most {LONGEST_CELL:,} can be kept.")
        if compute.any(compute.starts_with(column.dictionary, "'")).as_py():
            column = pyarrow.DictionaryArray.from_arrays(column.indices, sheet.restored_column(column.dictionary))
        return column

    with ThreadPoolExecutor(max_workers=2) as pool:
        columns = list(pool.map(encoded, range(len(header))))
    rows = header_row + (numbers if order is None else np.sort(numbers))
    blank = np.ones(len(rows), bool)
    for column in columns:
        if not blank.any():
            break
        empty = compute.equal(compute.utf8_trim_whitespace(column.dictionary), "").to_numpy(zero_copy_only=False)
        blank &= empty[column.indices.to_numpy()] if len(empty) else True
    if blank.any():
        kept = pyarrow.array(np.flatnonzero(~blank))
        columns, rows = [column.take(kept) for column in columns], rows[~blank]
    at = {int(row): position for position, row in enumerate(rows)} if spoiled else {}
    return Tabular(name, digest, header, dict(zip(header, columns, strict=True)), rows.astype(np.int32),
                   {at[header_row + number]: [sheet.restored(cell) for cell in cells] for number, cells in spoiled.items() if header_row + number in at})
