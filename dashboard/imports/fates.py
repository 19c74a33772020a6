"""What becomes of each sound row, given what the database holds: set by set, inside the transaction that stores it."""
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow
from sqlalchemy import BigInteger, ColumnElement, Connection, Integer, SmallInteger, String, Subquery, Table, Text, and_, case, func, select, text

from dashboard import cohort, database
from dashboard.imports.typed import Typed
from dashboard.schema import CONTENT, SCALARS, diary_entry, patient, source

_AT_ONCE = 250_000  # rows; all columns of a million rows are half a gigabyte
LAST_DAY = 10_000_000  # after every day a date can name
_TIME = ("day", "time_of_day", "utc_offset")
_NULLABLE = frozenset({"time_of_day", "utc_offset", *(name for name, _ in SCALARS), "unmapped"})
_COLUMNS = {"position": Integer, "source": Integer, "patient": Integer, "entry_id": String,
            "day": Integer, "time_of_day": BigInteger, "utc_offset": SmallInteger,
            **{name: dict(SCALARS).get(name, Text if name == "unmapped" else BigInteger) for name in CONTENT}}


@dataclass(frozen=True)
class Fates:
    """By row of `Typed.rows`: our number for the patient (a new one where `new_patient`), and one of loaded, duplicate, stolen (an id
    that belongs to another patient here). `repeats_entry` is the entry a duplicate repeats, or, where that is a row of the same
    file, -1 - that row's index. `replaced` are the entries that a revision supersedes, whoever came with it."""
    patient: np.ndarray
    new_patients: pd.DataFrame  # source, patient_id, patient: those with a loaded row only
    loaded: np.ndarray
    duplicate: np.ndarray
    stolen: np.ndarray
    repeats_entry: np.ndarray
    revision: np.ndarray
    repeat: np.ndarray
    replaced: np.ndarray


def settled(connection: Connection, typed: Typed) -> Fates:
    count = typed.rows.num_rows
    numbers, known, sources = _patients(connection, typed.patients)
    by_key = typed.rows["patient_key"].to_numpy()
    patients = numbers[by_key]
    has_id = typed.rows["entry_id"].is_valid().to_numpy()
    # only rows of a patient who is here, or with an id of a source that is here, can meet an entry
    comparable = np.flatnonzero(known[by_key] | has_id & (sources[by_key] >= 0))
    repeats_entry = np.zeros(count, np.int64)
    revision, stolen, replaced = np.zeros(count, bool), np.zeros(count, bool), np.array([], np.int64)
    planned = None
    if len(comparable):
        planned, live = _planned(connection, typed, comparable, patients, sources[by_key])
        repeats_entry, revision, stolen, replaced = _against(connection, planned, live, count, bool(has_id[comparable].any()))
    known_already = repeats_entry > 0
    free = ~known_already & ~stolen
    twin_of = _twins(typed.twins, typed.rows["entry_id"], free)
    in_file = free & (twin_of >= 0)
    repeats_entry[in_file] = -1 - twin_of[in_file]
    loaded = free & ~in_file
    repeat = _repeats(connection, typed, loaded, planned, replaced)
    for name in ("planned_row", "planned_patient", "loaded_row", "replaced_entry"):
        connection.execute(text(f"DROP TABLE IF EXISTS {name}"))
    fresh = np.unique(by_key[loaded & ~known[by_key]])
    new_patients = typed.patients.iloc[fresh].assign(patient=numbers[fresh])
    return Fates(patients, new_patients, loaded, known_already | in_file, stolen, repeats_entry, revision & loaded, repeat, replaced)


def _patients(connection: Connection, patients: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each patient of the file: our number, whether it is here already, and the number of its source (-1 for a new one)."""
    here = {name: int(number) for name, number in connection.execute(select(source.c.name, source.c.source))}
    names = patients["source"].map(here).fillna(-1).to_numpy().astype(np.int64)
    numbers, known = np.zeros(len(patients), np.int64), np.zeros(len(patients), bool)
    asked = np.flatnonzero(names >= 0)
    if len(asked):
        stored = database.store_rows(connection, "planned_patient", {"key": Integer, "source": Integer, "patient_id": String}, pyarrow.table({
            "key": pyarrow.array(asked.astype(np.int32)), "source": pyarrow.array(names[asked].astype(np.int32)),
            "patient_id": pyarrow.array(patients["patient_id"].to_numpy()[asked], pyarrow.string())}))
        keys, ours = database.numbers(connection, select(stored.c.key, patient.c.patient).join(
            patient, and_(patient.c.source == stored.c.source, patient.c.patient_id == stored.c.patient_id)))
        numbers[keys], known[keys] = ours, True
    numbers[~known] = database.next_number(connection, patient.c.patient) + np.arange(int((~known).sum()))
    return numbers, known, names


def _planned(connection: Connection, typed: Typed, comparable: np.ndarray, patients: np.ndarray, sources: np.ndarray) -> tuple[Table, Subquery]:
    rows = typed.rows.take(pyarrow.array(comparable))
    own = {"position": comparable.astype(np.int32), "source": sources[comparable].astype(np.int32), "patient": patients[comparable].astype(np.int32)}
    columns = {name: pyarrow.array(own[name]) if name in own else rows[name] for name in _COLUMNS}
    planned = database.store_rows(connection, "planned_row", _COLUMNS, pyarrow.table(columns))
    return planned, cohort.entries(connection, LAST_DAY).subquery()


def _alike(live: Subquery, planned: Table, names: tuple[str, ...]) -> ColumnElement[bool]:
    return and_(*[live.c[name].is_not_distinct_from(planned.c[name]) if name in _NULLABLE else live.c[name] == planned.c[name] for name in names])


def _against(connection: Connection, planned: Table, live: Subquery, count: int, any_id: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    repeats_entry, revision, stolen = np.zeros(count, np.int64), np.zeros(count, bool), np.zeros(count, bool)
    same_patient, alike = live.c.patient == planned.c.patient, _alike(live, planned, (*_TIME, *CONTENT))
    replaced = np.array([], np.int64)
    if any_id:
        owner = patient.alias()
        positions, entries, own, equal = database.numbers(connection, select(
            planned.c.position, live.c.entry, same_patient.label("own"), and_(same_patient, alike).label("alike")).select_from(planned.join(
                live, live.c.entry_id == planned.c.entry_id).join(owner, and_(owner.c.patient == live.c.patient, owner.c.source == planned.c.source))))
        own, equal = own.astype(bool), equal.astype(bool)
        stolen[positions[~own]] = True
        repeats_entry[positions[equal]] = entries[equal]
        revision[positions[own & ~equal]] = True
        replaced = np.unique(entries[own & ~equal])
    # of several that say the same, first the one without an id: no later revision of another row's id can take it away
    earliest = func.coalesce(func.min(case((live.c.entry_id.is_(None), live.c.entry))), func.min(live.c.entry), type_=BigInteger)
    same = select(planned.c.position, earliest).join(live, and_(same_patient, alike)).where(planned.c.entry_id.is_(None)).group_by(planned.c.position)
    if len(replaced):  # what this very file takes away is no place for what it says
        same = same.where(live.c.entry.not_in(select(_gone(connection, replaced).c.entry)))
    positions, entries = database.numbers(connection, same)
    repeats_entry[positions] = entries
    return repeats_entry, revision, stolen, replaced


def _gone(connection: Connection, replaced: np.ndarray) -> Table:
    return database.store_rows(connection, "replaced_entry", {"entry": BigInteger}, pyarrow.table({"entry": pyarrow.array(replaced.astype(np.int64))}))


def _twins(twins: np.ndarray, ids: pyarrow.ChunkedArray, free: np.ndarray) -> np.ndarray:
    """For each row the earlier row of the file that says the same and will be loaded, else -1. Rows with an id are twins only of rows
    with the same id, rows without one only of rows without."""
    found = np.full(len(twins), -1, np.int64)
    candidates = np.flatnonzero(free & (twins >= 0))
    if len(candidates):
        frame = pd.DataFrame({"row": candidates, "twin": twins[candidates], "id": ids.take(pyarrow.array(candidates)).fill_null("").to_pandas()})
        head = frame.groupby(["twin", "id"])["row"].transform("min").to_numpy()
        found[candidates] = np.where(head < candidates, head, -1)
    return found


def _repeats(connection: Connection, typed: Typed, loaded: np.ndarray, planned: Table | None, replaced: np.ndarray) -> np.ndarray:
    """Loaded rows at the very time of an earlier row that is loaded too, or of an entry that stays live: kept beside it, and listed."""
    repeat = np.zeros(len(loaded), bool)
    at = np.flatnonzero(loaded)
    times = pd.DataFrame({name: typed.rows[name].to_numpy()[at] for name in ("patient_key", *_TIME)})
    repeat[at] = times.duplicated().to_numpy()
    if planned is not None and len(at):
        kept = database.store_rows(connection, "loaded_row", {"position": Integer}, pyarrow.table({"position": pyarrow.array(at.astype(np.int32))}))
        gone = _gone(connection, replaced)
        live = cohort.entries(connection, LAST_DAY, patients=planned).subquery()
        found, = database.numbers(connection, select(planned.c.position).distinct().join(kept, kept.c.position == planned.c.position).join(
            live, and_(live.c.patient == planned.c.patient, _alike(live, planned, _TIME))).where(live.c.entry.not_in(select(gone.c.entry))))
        repeat[found] = True
    return repeat


def numbered(typed: Typed, settled: Fates, first: int) -> np.ndarray:
    """The entry that each row becomes, counted from `first` by patient and day; 0 for a row that is not loaded."""
    at = np.flatnonzero(settled.loaded)
    at = at[np.lexsort((at, typed.rows["day"].to_numpy()[at], settled.patient[at]))]
    entries = np.zeros(len(settled.loaded), np.int64)
    entries[at] = first + np.arange(len(at))
    return entries


def entry_rows(typed: Typed, settled: Fates, entries: np.ndarray, *, batch: int) -> Iterator[pyarrow.Table]:
    """The loaded rows as rows of `diary_entry`, clustered by patient, some at a time."""
    order = np.argsort(entries)[int((entries == 0).sum()):]
    for start in range(0, len(order), _AT_ONCE):
        at = order[start:start + _AT_ONCE]
        rows = typed.rows.drop_columns(["position", "patient_key"]).take(pyarrow.array(at))
        own = {"entry": entries[at], "patient": settled.patient[at].astype(np.int32), "batch": np.full(len(at), batch, np.int32),
               "superseded": np.zeros(len(at), bool)}
        for name, values in own.items():
            rows = rows.append_column(name, pyarrow.array(values))
        yield rows.select([column.name for column in diary_entry.c])
