"""What reading a file yields, and what may be said about how to read it."""
from dataclasses import dataclass, field

import numpy as np
import pyarrow


@dataclass(frozen=True)
class Reading:
    """How a file is to be read, or was; None is to be found out from the file. Rows are sheet rows: the first line is row 1."""
    encoding: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    label_rows: int | None = None  # how many rows right after the header are labels, blank ones not counted
    sheet: str | None = None  # of a workbook, or the file inside a zip
    join: str | None = None  # inside a zip: the file whose rows are the parents of the sheet's rows; "" for none
    joined_by: tuple[str, str] | None = None  # the column of the child, the column of the parent


@dataclass(frozen=True)
class Correction:
    """A cell that a person put right before the import: what the file says there, and what it shall say."""
    row: int
    column: str
    written: str
    corrected: str


@dataclass(frozen=True)
class Tabular:
    """A sheet as text. `columns` are dictionary-encoded, one a header cell, without nulls; `rows` is the sheet row of each row: the
    first line of the file is row 1, blank lines count although they are not rows. A row with more or fewer cells than the header is
    there too, cut or filled with blanks; `ragged` has all its cells by position. `left_out` says, by reason, which sheet rows are no
    records: every row below the header that is not blank is either there or in `rows`, and so is every row above it."""
    name: str
    sha256: str
    header: tuple[str, ...]
    columns: dict[str, pyarrow.DictionaryArray]
    rows: np.ndarray
    ragged: dict[int, list[str]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, np.ndarray] = field(default_factory=dict)
    found: Reading = Reading()
    notes: tuple[str, ...] = ()
    corrected: tuple[Correction, ...] = ()


def normalised(header: str) -> str:
    """How column names are compared: without case, spaces and hyphens."""
    return "_".join(header.strip().lower().replace("-", " ").split())


def is_blank(cells: list[str]) -> bool:
    return not any(cell.strip() for cell in cells)
