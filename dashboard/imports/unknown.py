"""Values of a sheet that nobody has told the meaning of: what a person can map, one by one."""
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dashboard.codelists import LISTS
from dashboard.imports import families, suggest
from dashboard.imports.apply import Mapped
from dashboard.imports.cellwise import Words, label, lookup
from dashboard.imports.checked import GROUPS, codes_of
from dashboard.imports.columns import Column
from dashboard.imports.tabular import normalised

_CODES = ("unknown_code", "not_yes_or_no")


@dataclass(frozen=True)
class UnknownValue:
    """`name` and `value` are what `Mapping.with_value` takes; `column` is the sheet's. `suggested` is a code, where one is near."""
    name: str
    column: str
    value: str
    rows: int
    suggested: str | None


def values(mapped: Mapped, problems: pd.DataFrame) -> list[UnknownValue]:
    """The most frequent first. `problems` as a plan has them."""
    told = problems[problems["code"].isin(_CODES)]
    counts: dict[tuple[str, str, str], int] = {}
    for (header, cell), rows in told.groupby(["column", "value"], sort=False)["row"]:
        for name, column, count in _columns(mapped, header, rows.to_numpy()):
            for word in _unknown(name, column, header, cell):
                counts[name, header, word] = counts.get((name, header, word), 0) + count
    found = [UnknownValue(name, header, word, rows, suggest.code_for(name, word)[0]) for (name, header, word), rows in counts.items()]
    return sorted(found, key=lambda value: -value.rows)


def _columns(mapped: Mapped, header: str, rows: np.ndarray) -> Iterator[tuple[str, Column, int]]:
    """Columns of the mapping that read this column of the sheet, and in how many of these rows."""
    at = {normalised(one): one for one in mapped.tabular.header}
    for name, column in mapped.mapping.columns.items():
        named = [at.get(normalised(one), one) for one in (*column.headers, *column.each)]
        if codes_of(name) and (header in named or header == label(named) or (column.pattern and families.star(column.pattern, header))):
            yield name, column, len(rows)
    readings = mapped.mapping.readings
    if readings and header == label([at[normalised(one)] for one in readings.value]):
        category = mapped.tabular.columns[at[normalised(readings.category)]]
        said = pd.Series([category[int(position)].as_py().strip().casefold() for position in np.searchsorted(mapped.tabular.rows, rows)])
        for name, column in readings.columns.items():
            mine = said.isin([one.strip().casefold() for one in (*column.category, *column.denied_category)])
            if codes_of(name) and mine.any():
                yield name, column, int(mine.sum())


def _unknown(name: str, column: Column, header: str, cell: str) -> list[str]:
    if column.family:
        star = families.star(column.pattern, header) if column.pattern else None
        known = lookup(name, column.values)
        return [star] if star and star.casefold() not in known else []
    if name in LISTS or name in GROUPS:
        return Words(name, column, ()).unknown(cell)
    return [cell.strip()]
