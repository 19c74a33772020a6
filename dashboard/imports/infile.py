"""What the rows of one file say against each other."""
import numpy as np
import pandas as pd
import pyarrow

from dashboard.imports.problems import Problems
from dashboard.schema import CONTENT

SAME_TIME = ("patient_key", "day", "time_of_day", "utc_offset")


def checked(rows: pyarrow.Table, entry_key: np.ndarray, problems: Problems, header: str) -> tuple[np.ndarray, np.ndarray]:
    """Which rows stand, and for those a number shared by rows that say exactly the same of the same patient and time, else -1.
    One id under two patients, or with two contents, cannot be told apart: all its rows go."""
    moment = same(rows, SAME_TIME)
    twins = np.full(rows.num_rows, -1, np.int64)
    pairs = pd.Series(moment).duplicated(keep=False).to_numpy()
    if pairs.any():
        group = same(rows.filter(pyarrow.array(pairs)), (*SAME_TIME, *CONTENT))
        alone = ~pd.Series(group).duplicated(keep=False).to_numpy()
        twins[pairs] = np.where(alone, -1, group)
    again = pd.Series(entry_key).duplicated(keep=False).to_numpy() & (entry_key >= 0)
    kept = np.ones(rows.num_rows, bool)
    if again.any():
        ids = pd.DataFrame({"entry": entry_key[again], "patient": rows["patient_key"].to_numpy()[again], "moment": moment[again], "twin": twins[again]})
        # a row without a twin has a content of its own
        ids["content"] = np.where(ids["twin"] >= 0, ids["twin"], -2 - np.arange(len(ids)))
        several = ids.groupby("entry")[["patient", "content"]].transform("nunique").to_numpy() > 1
        position, number = rows["position"].to_numpy()[again], rows["entry_id"].filter(pyarrow.array(again)).combine_chunks()
        for wrong, code, expected in ((several[:, 0], "id_of_two_patients", "an entry id that belongs to one patient"),
                                      (several[:, 1] & ~several[:, 0], "id_with_two_contents", "one row for each entry id, or exact copies")):
            problems.add(position[wrong], header, code, number.filter(pyarrow.array(wrong)), expected)
        kept[again] = ~several.any(axis=1)
    return kept, twins[kept]


def same(rows: pyarrow.Table, names: tuple[str, ...]) -> np.ndarray:
    """A number for each row; equal where all these columns are equal, blank cells included."""
    found = np.zeros(rows.num_rows, np.int64)
    for name in names:
        codes = rows[name].combine_chunks().dictionary_encode(null_encoding="encode").indices.to_numpy().astype(np.int64)
        found = pd.factorize(found * (int(codes.max(initial=0)) + 1) + codes)[0]
    return found
