"""A long file, one row a reading, as entries: rows that agree in the columns of the group are one. Nothing is silently first or last."""
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute as compute

from dashboard.codelists import LISTS
from dashboard.imports.cellwise import Field, Part, joined, label
from dashboard.imports.columns import Column
from dashboard.imports.tabular import Tabular

MOST_CATEGORIES = 200
Texts = pyarrow.DictionaryArray


@dataclass(frozen=True)
class Grouped:
    """`record` of each row; `first` row and number of rows of each record."""
    record: np.ndarray
    first: np.ndarray
    sizes: np.ndarray

    @property
    def count(self) -> int:
        return len(self.first)


@dataclass(frozen=True)
class Conflict:
    """Rows of one entry that say different things where only one can be."""
    at: np.ndarray
    header: str
    values: pyarrow.Array
    expected: str


class Pivot:
    def __init__(self, tabular: Tabular, group: list[str], category: str, value: list[str]) -> None:
        self._tabular, self._group, self._header = tabular, group, category
        keys = [_trimmed(tabular.columns[header]) for header in group]
        record = np.zeros(len(tabular.rows), np.int64)
        for key in keys:
            record = pd.factorize(record * (len(key.dictionary) + 1) + key.indices.to_numpy())[0]
        first = np.unique(record, return_index=True)[1]
        self.grouped = Grouped(record, first, np.bincount(record, minlength=len(first)))
        self._category = _trimmed(tabular.columns[category])
        self._names = [name.casefold() for name in self._category.dictionary.to_pylist()]
        self._value = joined([tabular.columns[header] for header in value], lambda cells: next((cell for cell in cells if cell.strip()), ""))
        self._value_header = label(value)
        self._claimed = np.zeros(len(self._names), bool)
        self.parts: list[Part] = []
        self.conflicts: list[Conflict] = []

    def columns(self, made: dict[str, Field]) -> dict[str, Field]:
        """Columns that every row of an entry has, once an entry."""
        every = np.arange(len(self.grouped.record))
        found = {}
        for name, field in made.items():
            if field.bads:
                self.parts.append(Part(field.header, field.written, field.bads))
            self.parts += field.parts
            # where a date is blank, that is the mistake of its first row
            found[name] = self._once(name, field, every, f"one {name} for the rows of an entry (the same {', '.join(self._group)})")
        return found

    def rate(self, name: str, column: Column, made: dict[str, Field], read: Callable[[Texts, str], dict[str, Field]]) -> None:
        """Adds what the readings of one category say."""
        for categories, answer in ((column.category, None), (column.denied_category, "no")):
            named = {category.strip().casefold() for category in categories}
            mine = np.array([name in named for name in self._names], bool)
            if not named or not len(mine):
                continue
            self._claimed |= mine
            at = np.flatnonzero(mine[self._category.indices.to_numpy()])
            take = pyarrow.array(at)
            for ours, field in read(self._value, self._value_header).items():
                if field.bads:
                    self.parts.append(Part(field.header, field.written.take(take), field.bads, at))
                if not ours:
                    continue
                if answer:
                    field = replace(field, texts=_replaced(field.texts, "yes", answer))
                field = replace(field, texts=field.texts.take(take), written=field.written.take(take), bads={}, parts=())
                once = self._once(ours, field, at, f"one answer to {' or '.join(categories)} for the rows of an entry (the same {', '.join(self._group)})")
                made[ours] = self._both(ours, made[ours], once) if ours in made else once

    def _once(self, name: str, field: Field, at: np.ndarray, expected: str) -> Field:
        """One value a record, of the rows `at`; of a list all of them."""
        codes = pd.factorize(np.array(field.texts.dictionary.to_pylist(), object))[0] if len(field.texts.dictionary) else np.array([], np.int64)
        blank = np.array([not text.strip() for text in field.texts.dictionary.to_pylist()], bool)
        by_row = field.texts.indices.to_numpy()
        frame = pd.DataFrame({"record": self.grouped.record[at], "code": codes[by_row] if len(codes) else [], "at": at, "place": np.arange(len(at))})
        frame = frame[~blank[by_row]] if len(blank) else frame
        distinct = frame.drop_duplicates(["record", "code"])
        several = distinct["record"].duplicated(keep=False).to_numpy()
        together: dict[int, str] = {}
        if several.any():
            clash = distinct[several]
            if name in LISTS or name == "note":
                texts = field.texts.take(pyarrow.array(clash["place"].to_numpy())).cast(pyarrow.string()).to_pylist()
                together = pd.Series(texts, index=clash["record"].to_numpy()).groupby(level=0).agg((";" if name in LISTS else "\n").join).to_dict()
            else:
                every = frame[frame["record"].isin(clash["record"])]
                self.conflicts.append(Conflict(every["at"].to_numpy(), field.header,
                                               field.written.take(pyarrow.array(every["place"].to_numpy())).cast(pyarrow.string()), expected))
        heads = distinct.drop_duplicates("record")
        number = np.zeros(self.grouped.count, np.int64)
        number[heads["record"]] = 1 + by_row[heads["place"].to_numpy()] if len(heads) else 0
        origin = self.grouped.first.copy()
        origin[heads["record"]] = heads["at"].to_numpy()
        size = 1 + len(field.texts.dictionary)
        for place, record in enumerate(together):
            number[record] = size + place
        extra = pyarrow.array(list(together.values()), pyarrow.string())
        indices = pyarrow.array(number.astype(np.int32))
        texts, written = (pyarrow.DictionaryArray.from_arrays(indices, pyarrow.concat_arrays([pyarrow.array([""]), known.dictionary, extra]))
                          for known in (field.texts, field.written))
        return Field(texts, written, field.headers, at=origin, back=field.back)

    def _both(self, name: str, one: Field, other: Field) -> Field:
        """Two sources of one field, such as what is present and what is absent."""
        either = joined([one.texts, other.texts], lambda cells: "\0".join(dict.fromkeys(filter(None, (cell.strip() for cell in cells)))))
        texts, wrong = [], []
        for text in either.dictionary.to_pylist():
            wrong.append("\0" in text and name not in LISTS)
            texts.append(text.split("\0")[0] if wrong[-1] else text.replace("\0", ";"))
        clash = np.flatnonzero(np.array(wrong, bool)[either.indices.to_numpy()]) if wrong else np.array([], np.int64)
        for field in (one, other) if len(clash) else ():
            self.conflicts.append(Conflict(field.at[clash], field.header, field.written.take(pyarrow.array(clash)).cast(pyarrow.string()),
                                           f"one answer for {name} in the rows of an entry, present or absent"))
        made = pyarrow.DictionaryArray.from_arrays(either.indices, pyarrow.array(texts, pyarrow.string()))
        blank = np.array([not text for text in one.texts.dictionary.to_pylist()], bool)[one.texts.indices.to_numpy()]
        return Field(made, made, tuple(dict.fromkeys((*one.headers, *other.headers))), at=np.where(blank, other.at, one.at), back=one.back)

    def kept(self, columns: dict[str, Texts]) -> dict[str, Texts]:
        """What no mapping carries, by record: other columns, and other categories by their names."""
        found = {header: self._listed(texts, np.arange(len(self.grouped.record))) for header, texts in columns.items()}
        free = np.flatnonzero(~self._claimed)
        by_row = self._category.indices.to_numpy()
        names = self._category.dictionary.to_pylist()
        if len(free) <= MOST_CATEGORIES:
            for number in free.tolist():
                at = np.flatnonzero(by_row == number)
                if len(at):
                    found[names[number] or self._header] = self._listed(self._value.take(pyarrow.array(at)), at)
        else:
            at = np.flatnonzero(~self._claimed[by_row])
            take = pyarrow.array(at)
            said = joined([self._category.take(take), self._value.take(take)], ": ".join)
            found[self._header] = self._listed(said, at)
        return dict(sorted(found.items()))

    def _listed(self, texts: Texts, at: np.ndarray) -> Texts:
        frame = pd.DataFrame({"record": self.grouped.record[at], "text": texts.cast(pyarrow.string()).to_pandas()})
        frame = frame[frame["text"].str.strip() != ""].drop_duplicates()
        single = ~frame["record"].duplicated(keep=False)
        cells = np.full(self.grouped.count, "", object)
        cells[frame["record"][single]] = frame["text"][single]
        for record, text in frame[~single].groupby("record")["text"].agg("; ".join).items():
            cells[record] = text
        return pyarrow.array(cells, pyarrow.string()).dictionary_encode()


def _trimmed(texts: Texts) -> Texts:
    again = compute.utf8_trim_whitespace(texts.dictionary).dictionary_encode()
    return Texts.from_arrays(again.indices.take(texts.indices), again.dictionary)


def _replaced(texts: Texts, word: str, other: str) -> Texts:
    return Texts.from_arrays(texts.indices, compute.if_else(compute.equal(texts.dictionary, word), other, texts.dictionary))
