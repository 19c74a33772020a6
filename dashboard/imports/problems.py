"""Every bad cell of a sheet, kept by column until they are asked for by row."""
import json
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute as compute

from dashboard.imports.cells import Bad
from dashboard.wording import counted

_CHUNK = 100_000
_spell = json.JSONEncoder(ensure_ascii=False).encode  # json.dumps would make an encoder for every text
COLUMNS = ("row", "column", "code", "value", "expected")


@dataclass
class Problems:
    """`bad` marks the rows that cannot be loaded, by position. A row whose cells are shifted has that one problem.

    In a long file, where several rows are one record, `record` is that of each row, and `first` the row at which a problem of the
    record as a whole is noted."""
    rows: np.ndarray
    record: np.ndarray | None = None
    first: np.ndarray | None = None
    bad: np.ndarray = field(init=False)
    _parts: list[tuple[np.ndarray, pyarrow.Table]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bad = np.zeros(len(self.rows), bool)
        self._shifted = np.array([], np.int64)

    def copy(self) -> "Problems":
        found = Problems(self.rows, self.record, self.first)
        found.bad, found._shifted, found._parts = self.bad.copy(), self._shifted, list(self._parts)
        return found

    def shifted(self, cells: dict[int, list[str]], expected: int) -> None:
        for position, found in cells.items():
            self.at_rows(np.array([position]), "", "ragged_row", [counted(len(found), "cell")],
                         f"{expected} cells, as in the header; a cell that holds the delimiter or a line break needs quotes")
        self._shifted = np.fromiter(cells, int, len(cells))

    def cells(self, column: str, texts: pyarrow.DictionaryArray, bads: dict[int, Bad], rows: np.ndarray | None = None) -> None:
        """Problems of distinct texts, by their number in the dictionary. `rows`: where the texts stand, if not row by row."""
        if not bads:
            return
        at = np.full(len(texts.dictionary), -1, np.int32)
        at[list(bads)] = np.arange(len(bads))
        found = at[texts.indices.to_numpy()]
        if rows is None:
            found[self._shifted] = -1
        elif len(self._shifted):
            found[np.isin(rows, self._shifted)] = -1
        positions = np.flatnonzero(found >= 0)
        take = pyarrow.array(found[positions])
        codes, expected = (pyarrow.array([getattr(bad, what) for bad in bads.values()], pyarrow.string()) for what in ("code", "expected"))
        values = texts.dictionary.take(pyarrow.array(list(bads))).take(take)
        self._keep(positions if rows is None else rows[positions], column, codes.take(take), values, expected.take(take))

    def add(self, records: np.ndarray, column: str, code: str, values: list[str] | pyarrow.Array, expected: str) -> None:
        """One kind of problem of some records."""
        self.at_rows(records if self.first is None else self.first[records], column, code, values, expected)

    def at_rows(self, positions: np.ndarray, column: str, code: str, values: list[str] | pyarrow.Array, expected: str) -> None:
        count = len(positions)
        self._keep(positions, column, pyarrow.repeat(code, count), pyarrow.array(values, pyarrow.string()), pyarrow.repeat(expected, count))

    def _keep(self, positions: np.ndarray, column: str, codes: pyarrow.Array, values: pyarrow.Array, expected: pyarrow.Array) -> None:
        if len(positions):
            self.bad[positions] = True
            part = {"column": pyarrow.repeat(column, len(positions)), "code": codes, "value": values, "expected": expected}
            self._parts.append((positions, pyarrow.table(part)))

    @property
    def bad_records(self) -> np.ndarray:
        if self.record is None:
            return self.bad
        found = np.zeros(len(self.first), bool)
        found[self.record[self.bad]] = True
        return found

    def together(self) -> None:
        """The rows of one record go together: those without a problem of their own are told which row has one."""
        if self.record is None or not self.bad.any():
            return
        at = np.flatnonzero(self.bad)
        worst = np.full(len(self.first), -1, np.int64)
        worst[self.record[at[::-1]]] = at[::-1]
        others = np.flatnonzero(self.bad_records[self.record] & ~self.bad)
        told = [f"row {row} put right, which belongs to the same entry" for row in self.rows[worst[self.record[others]]]]
        blank = pyarrow.repeat("", len(others))
        self._keep(others, "", pyarrow.repeat("part_of_an_entry", len(others)), blank, pyarrow.array(told, pyarrow.string()))

    def _sorted(self) -> tuple[np.ndarray, pyarrow.Table]:
        if not self._parts:
            return np.array([], np.int64), pyarrow.table({name: pyarrow.array([], pyarrow.string()) for name in COLUMNS[1:]})
        positions = np.concatenate([positions for positions, _ in self._parts])
        order = np.argsort(positions, kind="stable")
        return positions[order], pyarrow.concat_tables([part for _, part in self._parts]).take(pyarrow.array(order))

    def frame(self) -> pd.DataFrame:
        positions, table = self._sorted()
        return pd.DataFrame({"row": self.rows[positions].astype(np.int64), **{name: table[name].to_pandas() for name in COLUMNS[1:]}})

    def documents(self) -> pyarrow.Array:
        """One JSON list a bad row, in the order of rows."""
        positions, table = self._sorted()
        wheres = [pyarrow.DictionaryArray.from_arrays(*reversed(_encoded(table[name]))) for name in COLUMNS[1:]]
        fragments = json_rows(list(zip(COLUMNS[1:], wheres, strict=True)), np.arange(len(positions)), blank=True)
        firsts = np.flatnonzero(np.diff(positions, prepend=-1))
        lists = pyarrow.ListArray.from_arrays(pyarrow.array(np.append(firsts, len(positions)).astype(np.int32)), fragments)
        return compute.binary_join_element_wise("[", compute.binary_join(lists, ", "), "]", "")


def _encoded(column: pyarrow.ChunkedArray) -> tuple[pyarrow.Array, pyarrow.Array]:
    found = column.combine_chunks().dictionary_encode()
    return found.dictionary, found.indices


def json_rows(columns: list[tuple[str, pyarrow.DictionaryArray]], positions: np.ndarray, *, blank: bool = False) -> pyarrow.Array:
    """The cells of each row as one JSON object, null where there is nothing to say. Blank cells are left out unless asked for."""
    parts = [_json_chunk(columns, positions[first:first + _CHUNK], blank) for first in range(0, len(positions), _CHUNK)]
    return pyarrow.concat_arrays(parts) if parts else pyarrow.array([], pyarrow.string())


def _json_chunk(columns: list[tuple[str, pyarrow.DictionaryArray]], positions: np.ndarray, blank: bool) -> pyarrow.Array:
    if not columns:
        return pyarrow.nulls(len(positions), pyarrow.string())
    fragments = []
    for name, texts in columns:
        used, at = np.unique(texts.indices.to_numpy()[positions], return_inverse=True)
        distinct = texts.dictionary.take(pyarrow.array(used)).to_pylist()
        spelled = [f"{_spell(name)}: {_spell(text)}" if blank or text.strip() else None for text in distinct]
        fragments.append(pyarrow.array(spelled, pyarrow.string()).take(pyarrow.array(at)))
    # a row whose parts are all null would vanish, so each gets an empty first part, and loses the separator after it again
    joined = compute.binary_join_element_wise(pyarrow.repeat("", len(positions)), *fragments, ", ", null_handling="skip")
    joined = compute.utf8_slice_codeunits(joined, 2)
    return compute.if_else(compute.equal(joined, ""), None, compute.binary_join_element_wise("{", joined, "}", ""))
