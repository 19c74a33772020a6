"""What a sheet says that nobody can call wrong, and somebody should look at before it is imported."""
import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute as compute
from sqlalchemy import Connection, Integer, text

from dashboard import cohort, database
from dashboard.imports import fates
from dashboard.imports.apply import Mapped
from dashboard.imports.fates import Fates
from dashboard.imports.typed import Typed
from dashboard.people import people

_ABOUT = {"birth_year": "Birth year", "sex": "Sex"}


def blanks(mapped: Mapped) -> pd.DataFrame:
    """column, blank (cells), share; those with any, the blankest first. Of a long file, entries and not rows are counted."""
    found = []
    for name, field in mapped.fields.items():
        empty = compute.equal(compute.utf8_trim_whitespace(field.texts.dictionary), "").to_numpy(zero_copy_only=False)
        number = int(empty[field.texts.indices.to_numpy()].sum()) if len(empty) else 0
        found += [(name, number, number / mapped.count)] if number else []
    return pd.DataFrame(found, columns=["column", "blank", "share"]).sort_values("share", ascending=False, kind="stable").reset_index(drop=True)


def repeats(mapped: Mapped, typed: Typed, settled: Fates) -> pd.DataFrame:
    """row, patient_id, recorded_at: rows at the very time of another entry of the patient, with other content. Both are kept."""
    rows = typed.rows.filter(pyarrow.array(settled.repeat))
    at = rows["position"].to_numpy()
    whose, when = typed.patients["patient_id"].to_numpy(), typed.recorded_at
    return pd.DataFrame({"row": rows["row_number"].to_numpy(), "patient_id": whose[rows["patient_key"].to_numpy()], "recorded_at": when.take(pyarrow.array(
        mapped.grouped.first[at] if mapped.grouped else at)).cast(pyarrow.string()).to_pandas().to_numpy()})


def disagreements(connection: Connection, mapped: Mapped, typed: Typed, settled: Fates) -> pd.DataFrame:
    """patient_id, what, file, here: patients of whom the file says another birth year or sex than what is stored, or two at once. A year
    that was counted back from an age may be one off."""
    says = [(name, rows) for name in _ABOUT if name in mapped.fields and len(rows := _said(typed, settled, name))]
    found = []
    if says:
        here = _stored(connection, np.unique(np.concatenate([rows["patient"].to_numpy() for _, rows in says]))).set_index("patient")
    for name, rows in says:
        known = here[name].dropna().rename(name).reset_index()
        of = pd.concat([rows[["patient", name]], known]).drop_duplicates()
        several = of[of["patient"].duplicated(keep=False)].groupby("patient")[name].agg(["min", "max"])  # few: least and most of texts are slow
        one_off = several["max"] - several["min"] <= 1 if mapped.fields[name].back else False
        wrong = rows[rows["patient"].isin(several.index[~pd.Series(one_off, several.index, dtype=bool)])]
        stands = dict(zip(known["patient"], known[name], strict=True))
        for number, said in wrong.groupby("patient", sort=False):
            found.append((said["patient_id"].iloc[0], _ABOUT[name], " and ".join(map(_plain, sorted(said[name]))),
                          _plain(stands[number]) if number in stands else ""))
    return pd.DataFrame(found, columns=["patient_id", "what", "file", "here"])


def _plain(value: object) -> str:
    return value if isinstance(value, str) else str(int(value))


def _said(typed: Typed, settled: Fates, name: str) -> pd.DataFrame:
    there = typed.rows[name].is_valid().to_numpy() & settled.loaded
    values = typed.rows[name].filter(pyarrow.array(there))
    keys = typed.rows["patient_key"].to_numpy()[there]
    rows = pd.DataFrame({"patient": settled.patient[there], "key": keys, name: values.to_numpy(zero_copy_only=False)}).drop_duplicates()
    return rows.assign(patient_id=typed.patients["patient_id"].to_numpy()[rows["key"].to_numpy()]).drop(columns="key")


def _stored(connection: Connection, patients: np.ndarray) -> pd.DataFrame:
    asked = database.store_rows(connection, "asked_patient", {"patient": Integer}, pyarrow.table({"patient": pyarrow.array(patients.astype(np.int32))}))
    live = cohort.entries(connection, fates.LAST_DAY, patients=asked).subquery()
    found = pd.DataFrame(connection.execute(people(live)).all(), columns=["patient", "birth_year", "sex"])
    connection.execute(text("DROP TABLE asked_patient"))
    return found
