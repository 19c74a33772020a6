"""UTF-8 text to columns of text, and the records that do not fit them."""
import csv

import pyarrow
import pyarrow.csv

from dashboard.errors import Refused

_BLOCK = 8 << 20  # a row longer than this is refused
_ENDING = "the file ends here"


def read(text: memoryview, delimiter: str, width: int, name: str) -> tuple[list[pyarrow.ChunkedArray | None], dict[int, list[str]]]:
    """All records as `width` columns, and those with another number of cells by their number (from 1, blank lines included)."""
    odd: dict[int, str] = {}
    closed = b'"' not in text.obj
    ending = (b"" if text[-1:] in (b"\n", b"\r") else b"\n") + f"{_ENDING}\n".encode()
    ends: list[int] = []

    def keep(row: pyarrow.csv.InvalidRow) -> str:
        if row.text == _ENDING:
            ends.append(row.number)
        else:
            odd[row.number] = row.text
        return "skip"

    names = [str(number) for number in range(width)]
    try:
        table = pyarrow.csv.read_csv(
            _Ended(text, b"" if closed else ending),
            # one thread, because only then does a ragged row know its number
            read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=names),
            parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=keep),
            convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pyarrow.string()), strings_can_be_null=False))
    except pyarrow.ArrowInvalid as error:
        if "straddling" in str(error):
            raise Refused(f"{name}: a row is longer than {_BLOCK >> 20} MB. "
                          "Most likely a quote is opened and never closed, a cell holds more than 100,000 characters, or this is not a table.") from None
        raise Refused(f"{name} cannot be read as a CSV file. Export it again as CSV (UTF-8), with a header row and one row an entry.") from None
    if not closed and not ends:
        raise Refused(f"{name}, row {table.num_rows + len(odd)}: a quote is opened and never closed, so the rows after it cannot be told apart. "
                      "Close it, or double a quote that belongs to the text, and import again.")
    return list(table.columns), {number: _cells(record, delimiter, number, name) for number, record in odd.items()}


def _cells(record: str, delimiter: str, number: int, name: str) -> list[str]:
    try:
        return next(csv.reader([record], delimiter=delimiter), [])
    except csv.Error:
        raise Refused(f"{name}, row {number}: cannot be told into cells. "
                      "Most likely a quote is opened and never closed, a cell holds more than 100,000 characters, or this is not a table.") from None


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
