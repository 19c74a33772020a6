"""A long file, one row a reading, laid out with one column a category, to be looked at and proposed for as any other file is."""
from collections.abc import Collection, Sequence

import numpy as np
import pyarrow

from dashboard.imports import suggest
from dashboard.imports.cellwise import joined
from dashboard.imports.pivot import MOST_CATEGORIES
from dashboard.imports.tabular import Tabular, normalised

_VALUE = frozenset({"value", "rating", "answer", "score", "result", "response", "reading", "reply", "wert", "antwort", "valeur", "valor"})
_LEAST_KNOWN, _LOOKED_AT = 2, 30  # categories that sound like columns of ours


def by_category(tabular: Tabular, category: str, value: Sequence[str]) -> Tabular:
    """What the rows of each category say, under its name as it is written first."""
    texts = tabular.columns[category]
    names: dict[str, str] = {}
    of_text = [names.setdefault(text.strip().casefold(), text.strip()) for text in texts.dictionary.to_pylist()]
    said = joined([tabular.columns[header] for header in value], lambda cells: next((cell for cell in cells if cell.strip()), ""))
    header = tuple(dict.fromkeys(filter(None, of_text)))[:MOST_CATEGORIES]
    place = {name: number for number, name in enumerate(header)}
    mine = np.array([place.get(name, -1) for name in of_text], np.int64)[texts.indices.to_numpy()] if of_text else np.array([], np.int64)
    columns = {name: said.take(pyarrow.array(np.flatnonzero(mine == number))).cast(pyarrow.string()).dictionary_encode()
               for number, name in enumerate(header)}
    return Tabular(tabular.name, tabular.sha256, header, columns, tabular.rows)


def likely(tabular: Tabular, taken: Collection[str]) -> tuple[str, str] | None:
    """The column that seems to say what was read in each row, and the one that seems to say what it was; None where rows are entries.
    `taken` are columns that say who and when."""
    free = [header for header in tabular.header if header not in taken]
    value = next((header for header in free if _VALUE & set(normalised(header).split("_"))), None)
    if not value:
        return None
    for header in free:
        names = [text for text in tabular.columns[header].dictionary.to_pylist() if text.strip()]
        if header != value and _LEAST_KNOWN <= len(names) <= MOST_CATEGORIES and len(names) < len(tabular.rows):
            known = {found[0][0] for name in names[:_LOOKED_AT] if (found := suggest.named(name)) and found[0][1] >= suggest.SURE}
            if len(known) >= _LEAST_KNOWN:
                return header, value
    return None
