"""Cells that a person put right in front of the plan: the file stays what it was, and both are kept."""
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow
from sqlalchemy import Connection, select

from dashboard import database
from dashboard.imports.planned import ImportPlan
from dashboard.imports.table import Correction, Tabular
from dashboard.schema import corrected_cell

MOST_ROWS = 50  # more than that are corrected in a spreadsheet


def cells(plan: ImportPlan) -> pd.DataFrame:
    """The bad cells that can be corrected one by one: row, patient_id, column, value, expected. A value that was put together from
    several columns, and a row whose cells are shifted, cannot."""
    found = plan.problems[plan.problems["column"].isin(plan.tabular.header)].drop_duplicates(["row", "column"])
    at = np.searchsorted(plan.mapped.tabular.rows, found["row"])
    whose = [plan.typed.patient_id[int(position)].as_py() for position in at]
    return found.assign(patient_id=whose)[["row", "patient_id", "column", "value", "expected"]].reset_index(drop=True)


def made(tabular: Tabular, told: Iterable[tuple[int, str, str]]) -> Tabular:
    """The sheet with these cells: row, column, text. A cell that says again what the file says is none that was corrected."""
    columns, known = dict(tabular.columns), {(one.row, one.column): one for one in tabular.corrected}
    for row, column, text in told:
        at = int(np.searchsorted(tabular.rows, row))
        if at == len(tabular.rows) or tabular.rows[at] != row:
            continue
        was = columns[column][at].as_py()
        written = known[row, column].written if (row, column) in known else was
        known.pop((row, column), None)
        if text != written:
            known[row, column] = Correction(row, column, written, text)
        columns[column] = _with(columns[column], at, text)
    return replace(tabular, columns=columns, corrected=tuple(sorted(known.values(), key=lambda one: (one.row, one.column))))


def taken_back(tabular: Tabular) -> Tabular:
    return made(tabular, [(one.row, one.column, one.written) for one in tabular.corrected])


def _with(texts: pyarrow.DictionaryArray, at: int, text: str) -> pyarrow.DictionaryArray:
    indices = texts.indices.to_numpy().copy()
    indices[at] = len(texts.dictionary)
    added = pyarrow.concat_arrays([texts.dictionary, pyarrow.array([text], pyarrow.string())])
    # encoded anew, so that what nobody says any more is no value of the column
    return pyarrow.DictionaryArray.from_arrays(pyarrow.array(indices), added).cast(pyarrow.string()).dictionary_encode()


def store(connection: Connection, plan: ImportPlan, batch: int) -> None:
    found = plan.tabular.corrected
    texts = {"header": [one.column for one in found], "written": [one.written for one in found], "corrected": [one.corrected for one in found]}
    database.append(connection, corrected_cell, pyarrow.table({
        "batch": pyarrow.array([batch] * len(found), pyarrow.int32()), "row_number": pyarrow.array([one.row for one in found], pyarrow.int32()),
        **{name: pyarrow.array(values, pyarrow.string()) for name, values in texts.items()}}))


def of_batch(connection: Connection, batch: int) -> pd.DataFrame:
    """What was put right by hand before the batch was stored, by whoever imported it: row, column, written, corrected."""
    c = corrected_cell.c
    found = connection.execute(select(c.row_number, c.header, c.written, c.corrected).where(c.batch == int(batch)).order_by(c.row_number, c.header)).all()
    return pd.DataFrame(found, columns=["row", "column", "written", "corrected"])
