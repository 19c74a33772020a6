"""Synthetic diaries of plausible courses, to try the app with and to measure it by. Nobody's data: see data/demo.toml."""
import csv
import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Engine, func, select

from dashboard.cohort import BUCKETS
from dashboard.days import date_of, day_of
from dashboard.imports import commit, plan
from dashboard.imports.tabular import Tabular
from dashboard.rules import flags
from dashboard.schema import patient_outcome
from dashboard.synthetic import columns, courses

SOURCES = courses.SOURCES
_BLOCK = 2048  # patients made together, from random numbers of their own: so that diaries do not depend on how many are asked for at once
_APART = 1_000_000  # another seed makes other patients: it numbers them from here times the seed


def generate(patients: int, entries: int, seed: int, last_day: int) -> pa.Table:
    """All diaries at once, as the columns of the canonical CSV, patient by patient; a blank cell is null."""
    return pa.concat_tables(chunks(patients, entries, seed, last_day)).combine_chunks()


def chunks(patients: int, entries: int, seed: int, last_day: int, rows: int = 1_000_000) -> Iterator[pa.Table]:
    """The same diaries in tables of about `rows` entries, each of whole patients of one source. No entry is later than `last_day`."""
    if not 1 <= patients <= entries or seed < 0:
        raise ValueError("demo diaries need at least one patient, at least one entry each, and a seed that is not negative")
    counts = _counts(patients, entries, seed)
    sequence = 0
    for source, share in zip(SOURCES, _shares(patients), strict=True):
        waiting: list[pa.Table] = []
        for start in range(0, share, _BLOCK):
            size = min(_BLOCK, share - start)
            waiting.append(_block(source, start, counts[sequence:sequence + size], sequence, seed, last_day, len(str(patients))))
            sequence += size
            if start + _BLOCK >= share or sum(table.num_rows for table in waiting) >= rows:
                yield pa.concat_tables(waiting).combine_chunks()
                waiting = []


def _block(source: str, start: int, entries: np.ndarray, sequence: int, seed: int, last_day: int, width: int) -> pa.Table:
    rng = np.random.Generator(np.random.PCG64([seed, SOURCES.index(source), start]))
    style = courses.MADE_OF["sources"][source]
    them = courses.people(rng, source, entries, sequence + seed * 7919)
    rows = courses.rows(rng, style, them, last_day - style["behind"], writes_to_the_end=start == 0)
    first = seed * _APART + start + 1
    return columns.written(rng, source, them, rows, range(first, first + len(entries)), width, date_of(last_day).year)


def _shares(patients: int) -> list[int]:
    """Patients of each source."""
    until = np.cumsum([source["weight"] for source in courses.MADE_OF["sources"].values()])
    return [int(n) for n in np.diff((until * patients + until[-1] // 2) // until[-1], prepend=0)]


def _counts(patients: int, entries: int, seed: int) -> np.ndarray:
    """Entries of each patient: many keep a diary for a while, few for long; together exactly `entries`."""
    rng = np.random.Generator(np.random.PCG64([seed, len(SOURCES)]))
    until = np.cumsum(rng.integers(3, 100, patients) * rng.integers(3, 100, patients))
    # of Python's integers, which do not overflow
    shared = [total * (entries - patients) // int(until[-1]) for total in until.tolist()]
    return 1 + np.diff(np.array(shared, np.int64), prepend=0)


def load(engine: Engine, patients: int, entries: int, seed: int, last_day: int, *, by: str, at: datetime,
         progress: Callable[[str], None] = lambda _: None) -> dict:
    """Imports synthetic diaries like any file, about a million entries a batch, and evaluates everybody."""
    batches, loaded = [], 0
    for number, diaries in enumerate(chunks(patients, entries, seed, last_day), start=1):
        sheet = _as_if_read(diaries, number, f"{patients} {entries} {seed} {last_day}")
        with engine.connect() as connection:
            planned = plan.plan(connection, sheet, today=last_day)
        receipt = commit.commit(engine, planned, by=by, at=at, demo=True)
        batches.append(receipt.batch)
        loaded += receipt.counts["loaded"]
        progress(f"{loaded:,} of {entries:,} entries")
    with engine.connect() as connection:
        as_of = flags.current_as_of(connection, last_day)
    done = flags.store(engine, as_of=as_of, by=by, at=at)
    with engine.connect() as connection:
        stored = dict(connection.execute(select(patient_outcome.c.bucket, func.count()).group_by(patient_outcome.c.bucket)).all())
    standing = {bucket: int(stored.get(bucket, 0)) for bucket in BUCKETS}
    progress("Of everybody, " + ", ".join(f"{BUCKETS[bucket]} {100 * n / max(sum(standing.values()), 1):.1f} %" for bucket, n in standing.items()))
    return {"patients": patients, "entries": loaded, "batches": batches, "as_of": str(date_of(as_of)),
            "flags_raised": done["flags_raised"], "flags_closed": done["flags_closed"], "buckets": standing}


def _as_if_read(diaries: pa.Table, number: int, what: str) -> Tabular:
    """As the importer would have read them from a file with the columns that the source asks."""
    read = {}
    for name in columns.asked(diaries["source"][0].as_py()):
        column = diaries[name].combine_chunks()
        column = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        indices = pc.fill_null(column.indices.cast(pa.int32()), len(column.dictionary))
        read[name] = pa.DictionaryArray.from_arrays(indices, pa.concat_arrays([column.dictionary, pa.array([""])]))
    digest = hashlib.sha256(f"{what} {number}".encode()).hexdigest()
    return Tabular(f"demo_{number}", digest, tuple(read), read, np.arange(2, diaries.num_rows + 2, dtype=np.int32))


def write_sample(folder: Path) -> list[Path]:
    """The files of data/sample: one export of each source, with what real exports have: slips, rows twice, a second export that overlaps."""
    made = courses.MADE_OF["sample"]
    diaries = generate(made["patients"], made["entries"], made["seed"], day_of(made["last_day"]))
    files: dict[str, list[dict[str, str]]] = {}
    for source in SOURCES:
        rows = diaries.filter(pc.equal(diaries["source"].cast(pa.string()), source)).select(columns.asked(source)).to_pylist()
        for slip in made["mistyped"]:
            if slip["source"] == source:
                rows[slip["row"]] |= slip["cells"]
        if source == made["repeated"]["source"]:
            rows += rows[:: len(rows) // made["repeated"]["rows"]][:made["repeated"]["rows"]]
        files |= _two_exports(rows) if source == made["exports"]["source"] else {source: rows}
    return [_write(folder / f"{name}.csv", rows) for name, rows in files.items()]


def _two_exports(rows: list[dict[str, str]]) -> dict[str, list[dict[str, str]]]:
    """What had been typed by the day of the first, and what had happened since the morning of that day or was typed later."""
    exports, on = courses.MADE_OF["sample"]["exports"], str(courses.MADE_OF["sample"]["exports"]["on"])
    typed = [(row["entered_at"] or row["recorded_at"])[:10] for row in rows]
    first = [row for row, day in zip(rows, typed, strict=True) if day <= on]
    second = [dict(row) for row, day in zip(rows, typed, strict=True) if row["recorded_at"][:10] >= on or day > on]
    known = {row["entry_id"] for row in first}
    for row in [row for row in second if row["entry_id"] in known][:exports["corrected"]]:
        row |= {"severity": "6", "worst_severity": "7.5", "note": courses.MADE_OF["sample"]["correction"]}
    return dict(zip(exports["names"], (first, second), strict=True))


def _write(file: Path, rows: list[dict[str, str]]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as sheet:
        writer = csv.DictWriter(sheet, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return file
