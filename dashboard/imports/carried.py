"""Facts that a form asks once, in rows that are no diary entries, taken into the diary rows of the same patient."""
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
    for name, is_box in _read(columns, mapping).items():
        texts = columns[name]
        words = [text.strip().casefold() for text in texts.dictionary.to_pylist()]
        nothing = np.array([not word or (is_box and word in families.UNCHECKED) for word in words], bool)[texts.indices.to_numpy()]
        if name == by or not nothing[stays].all() or nothing[goes].all():
            continue
        blank = np.array([not word for word in words], bool)[texts.indices.to_numpy()]
        told = pd.DataFrame({"key": keys, "at": texts.indices.to_numpy()})[goes & ~blank].drop_duplicates()
        two = told["key"].duplicated(keep=False)
        of_key = np.full(keys.max() + 1, -1, np.int64)
        of_key[told.loc[~two, "key"]] = told.loc[~two, "at"]
        filled = stays & (of_key[keys] >= 0)
        indices = np.where(filled, of_key[keys], np.where(stays, len(words), texts.indices.to_numpy())).astype(np.int32)
        made[name] = pyarrow.DictionaryArray.from_arrays(pyarrow.array(indices), pyarrow.concat_arrays([texts.dictionary, pyarrow.array([""])]))
        unclear = told.loc[two, "key"].nunique()
        notes.append(f"{name}: asked once, and taken into {counted(int(filled.sum()), 'row')} of the same {by}."
                     + (f" For {counted(unclear, 'value')} of {by} there are two answers; neither was taken." if unclear else ""))
    return made, notes


def _read(columns: Columns, mapping: Mapping) -> dict[str, bool]:
    """Columns of the sheet that say something about a patient, and whether each is a box to tick."""
    found: dict[str, bool] = {}
    at = {normalised(header): header for header in columns}
    for name, column in mapping.columns.items():
        if name in (*IDS, *MOMENTS):
            continue
        headers = [at[normalised(one)] for one in (*column.headers, *column.each) if normalised(one) in at]
        headers += [header for header in columns if column.pattern and families.star(column.pattern, header) is not None]
        found |= dict.fromkeys(headers, column.family)
        if column.no_only_where and (limit := at.get(normalised(column.no_only_where.column))):
            found.setdefault(limit, False)
    return found
