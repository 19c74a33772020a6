"""Which rows a mapping leaves out, and how many."""
from collections.abc import Iterable

import numpy as np
import pyarrow

from dashboard.imports.columns import LeaveOut, Where
from dashboard.imports.tabular import Tabular, normalised


def says(texts: pyarrow.DictionaryArray, where: Where | LeaveOut) -> np.ndarray:
    """In which rows the column holds one of the values, or none of them."""
    named = {value.strip().casefold() for value in (where.values if where.values is not None else where.others)}
    found = np.array([text.strip().casefold() in named for text in texts.dictionary.to_pylist()], bool)
    found = found[texts.indices.to_numpy()] if len(found) else np.zeros(len(texts), bool)
    return found if where.values is not None else ~found


def goes(tabular: Tabular, filters: Iterable[LeaveOut]) -> list[np.ndarray]:
    """The rows that each leaves out, of those that the ones before it have left."""
    at = {normalised(header): header for header in tabular.header}
    stays = np.ones(len(tabular.rows), bool)
    stays[list(tabular.ragged)] = False  # a row whose cells are shifted is never left out unseen
    found = []
    for left in filters:
        header = at.get(normalised(left.column))
        found.append(says(tabular.columns[header], left) & stays if header else np.zeros(len(stays), bool))
        stays = stays & ~found[-1]
    return found
