"""Rows among the records of a sheet that are none: header rows again, and sums at the end."""
import re

import numpy as np
import pyarrow
import pyarrow.compute as compute

HEADERS = "repeated header rows"
SUMMARIES = "summary rows at the end"
_MOST_SUMMARIES = 20
_SUMMARY = re.compile(r"(grand total|sub-?total|total|sum|mean|average|median|gesamt|summe|mittelwert|anzahl|count|n(?=\s*[=:]))\s*([:=].*)?",
                      re.IGNORECASE | re.DOTALL)


def found(columns: list[pyarrow.DictionaryArray], header: list[str], ragged: list[int]) -> dict[str, np.ndarray]:
    """Positions by reason. `header` has the cells as written; `ragged` are positions of rows whose cells are not all in the columns."""
    repeated = _repeated(columns, header)
    repeated[ragged] = False
    sums = _summaries(columns, ~repeated)
    return {reason: at for reason, at in ((HEADERS, np.flatnonzero(repeated)), (SUMMARIES, sums)) if len(at)}


def _repeated(columns: list[pyarrow.DictionaryArray], header: list[str]) -> np.ndarray:
    same = np.ones(len(columns[0]), bool)
    # a cell with a name first: where no row has that, none is looked at further
    for name, column in sorted(zip(header, columns, strict=False), key=lambda pair: not pair[0].strip()):
        if not same.any():
            break
        same &= _among(column, name.strip())
    return same


def _summaries(columns: list[pyarrow.DictionaryArray], kept: np.ndarray) -> np.ndarray:
    """The last rows that begin with such a word and fill fewer cells than every record does. A patient may be called Total: where a
    record begins with the same word, or the row is as full as one, it stays."""
    worded: dict[int, tuple[int, str]] = {}
    for at in np.flatnonzero(kept)[:-_MOST_SUMMARIES - 1:-1].tolist():
        # the first cell with anything; all that a ragged row has may be beyond the columns
        place, text = next(((place, text.strip()) for place, column in enumerate(columns) if (text := column[at].as_py()).strip()), (0, ""))
        if not _SUMMARY.fullmatch(text):
            break
        worded[at] = place, text
    records = kept.copy()
    records[list(worded)] = False
    if not worded or not records.any():
        return np.array([], np.int64)
    filled = sum(_among(column, "", invert=True) for column in columns)
    least = filled[records].min()
    return np.array([at for at, (place, text) in sorted(worded.items())
                     if filled[at] < least and not _among(columns[place], text)[records].any()], np.int64)


def _among(column: pyarrow.DictionaryArray, text: str, *, invert: bool = False) -> np.ndarray:
    """Which rows say this, but for the space around it."""
    said = compute.equal(compute.utf8_trim_whitespace(column.dictionary), text).to_numpy(zero_copy_only=False) ^ invert
    return said[column.indices.to_numpy()] if len(said) else np.zeros(len(column), bool)


def blank(columns: list[pyarrow.DictionaryArray]) -> np.ndarray:
    """Which rows are, in all these columns."""
    found = np.ones(len(columns[0]), bool)
    for column in columns:
        if not found.any():
            break
        found &= _among(column, "")
    return found
