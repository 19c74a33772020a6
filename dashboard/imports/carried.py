"""Facts that a form asks once, in rows that are no diary entries, taken into the diary rows of the same patient."""
from collections.abc import Collection

import numpy as np
import pandas as pd
import pyarrow

from dashboard.imports import families
from dashboard.imports.checked import IDS, MOMENTS
from dashboard.imports.mapping import Mapping
from dashboard.imports.tabular import normalised
from dashboard.wording import counted

Columns = dict[str, pyarrow.DictionaryArray]


def carried(columns: Columns, mapping: Mapping, by: str, goes: np.ndarray, stays: np.ndarray) -> tuple[Columns, list[str]]:
    """Of the columns that the mapping reads, those in which no row that stays says anything: each such row gets what the rows that go
    say for the same `by`. Where they say two things, nothing is taken; where they say nothing, a box that is not ticked was not seen
    either. And what there is to say about it."""
    keys = pd.factorize(np.array([text.strip() for text in columns[by].dictionary.to_pylist()], object))[0][columns[by].indices.to_numpy()]
    made, notes = dict(columns), []
    for headers, boxes in _read(columns, mapping):
        says = np.zeros(len(keys), bool)
        for header in headers:
            says |= ~_in(columns[header], families.UNCHECKED if boxes else {""})
        # the boxes of one question go together: one that is never ticked is told by the others
        if by in headers or says[stays].any() or not says[goes].any():
            continue
        for header in headers:
            made[header], filled, unclear = _filled(columns[header], keys, goes, stays)
            notes.append(f"{header}: asked once, and taken into {counted(filled, 'row')} of the same {by}."
                         + (f" For {counted(unclear, 'value')} of {by} there are two answers; neither was taken." if unclear else ""))
    return made, notes


def _filled(texts: pyarrow.DictionaryArray, keys: np.ndarray, goes: np.ndarray, stays: np.ndarray) -> tuple[pyarrow.DictionaryArray, int, int]:
    """And in how many rows there is something now, and how many keys have two answers."""
    at = texts.indices.to_numpy()
    told = pd.DataFrame({"key": keys, "at": at})[goes & ~_in(texts, {""})].drop_duplicates()
    two = told["key"].duplicated(keep=False)
    of_key = np.full(keys.max() + 1, len(texts.dictionary), np.int64)
    of_key[told.loc[~two, "key"]] = told.loc[~two, "at"]
    indices = np.where(stays, of_key[keys], at).astype(np.int32)
    made = pyarrow.DictionaryArray.from_arrays(pyarrow.array(indices), pyarrow.concat_arrays([texts.dictionary, pyarrow.array([""])]))
    return made, int((stays & (indices < len(texts.dictionary))).sum()), told.loc[two, "key"].nunique()


def _in(texts: pyarrow.DictionaryArray, words: Collection[str]) -> np.ndarray:
    found = np.array([text.strip().casefold() in words for text in texts.dictionary.to_pylist()], bool)
    return found[texts.indices.to_numpy()] if len(found) else np.zeros(len(texts), bool)


def _read(columns: Columns, mapping: Mapping) -> list[tuple[tuple[str, ...], bool]]:
    """Columns of the sheet that say something about a patient, those of one question together, and whether they are boxes to tick."""
    at = {normalised(header): header for header in columns}
    found: dict[tuple[str, ...], bool] = {}
    for name, column in mapping.columns.items():
        if name in (*IDS, *MOMENTS):
            continue
        headers = [at[normalised(one)] for one in (*column.headers, *column.each) if normalised(one) in at]
        headers += [header for header in columns if column.pattern and families.star(column.pattern, header) is not None]
        found |= {tuple(headers): True} if column.family else {(header,): False for header in headers}
        if column.no_only_where and (limit := at.get(normalised(column.no_only_where.column))):
            found.setdefault((limit,), False)
    return list(found.items())
