"""Storing what a plan says, as one transaction: the whole file, or nothing of it."""
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow
from sqlalchemy import BigInteger, Connection, Engine, Integer, String, and_, literal, select, text, update

from dashboard import audit, database
from dashboard.imports import corrections, fates, quarantine
from dashboard.imports.fates import Fates
from dashboard.imports.planned import ImportPlan, records
from dashboard.imports.table import Correction
from dashboard.rules import flags
from dashboard.schema import diary_entry, duplicate_row, import_batch, patient, source, supersession
from dashboard.wording import counted

Tell = Callable[[str], None]


def quietly(step: str) -> None:
    """Tells nobody how far it is."""


@dataclass(frozen=True)
class Receipt:
    """What a file did. `patients` are our numbers of those whose entries changed; the flags are known after the evaluation.
    `otherwise`: not what the plan said, because somebody imported or undid in between."""
    batch: int
    counts: dict[str, int]
    problems: pd.DataFrame
    patients: np.ndarray = field(repr=False)
    fixed: int = 0  # quarantined rows of earlier batches that this file sent again
    otherwise: bool = False
    corrected: tuple[Correction, ...] = ()  # cells that were put right by hand
    flags_raised: int = 0
    flags_closed: int = 0

    def as_dict(self) -> dict:
        return {"batch": self.batch, **self.counts, "problems": records(self.problems), "flags_raised": self.flags_raised, "flags_closed": self.flags_closed}


def commit(engine: Engine, plan: ImportPlan, *, by: str, at: datetime, demo: bool = False, tell: Tell = quietly) -> Receipt:
    with database.writing(engine) as connection:
        said = plan.counts
        if audit.last_data_change(connection) != plan.known_at:
            # somebody imported or undid since the plan was made
            plan = replace(plan, fates=fates.settled(connection, plan.typed))
        batch, event = database.next_number(connection, import_batch.c.batch), audit.next_event(connection)
        _store_patients(connection, plan.fates)
        entries = fates.numbered(plan.typed, plan.fates, database.next_number(connection, diary_entry.c.entry))
        stored, loaded = 0, int(plan.fates.loaded.sum())
        for rows in fates.entry_rows(plan.typed, plan.fates, entries, batch=batch):
            database.append(connection, diary_entry, rows)
            stored += rows.num_rows
            tell(f"Storing: {stored:,} of {counted(loaded, 'entry')}")
        _store_duplicates(connection, plan, batch, entries)
        _supersede(connection, plan, batch, entries)
        quarantine.store(connection, plan, batch)
        corrections.store(connection, plan, batch)
        how = plan.mapped.mapping
        connection.execute(import_batch.insert().values(
            batch=batch, file_name=plan.tabular.name, sha256=plan.tabular.sha256, mapping=None if how.as_template else how.document(), demo=demo,
            imported_day=plan.today,
            committed_event=event, **plan.counts))
        fixed = quarantine.mark_fixed(connection, plan, batch)
        audit.record(connection, "import_committed", by=by, at=at, subject=str(batch), **plan.counts)
    return Receipt(batch, plan.counts, plan.problems, np.unique(plan.fates.patient[plan.fates.loaded]), fixed, plan.counts != said, plan.tabular.corrected)


def commit_and_evaluate(engine: Engine, plan: ImportPlan, *, by: str, at: datetime, today: int, demo: bool = False,
                        tell: Tell = quietly) -> Receipt:
    """Two transactions. Where the second does not come about, the batch is evaluated at the next start, and nobody is shown clear until then."""
    receipt = commit(engine, plan, by=by, at=at, demo=demo, tell=tell)
    tell(f"Stored as batch {receipt.batch}. Working out the flags of {counted(len(receipt.patients), 'patient')}")
    with engine.connect() as connection:
        as_of = flags.current_as_of(connection, today)
    done = flags.store(engine, as_of=as_of, by=by, at=at, everybody=False)
    return replace(receipt, flags_raised=done["flags_raised"], flags_closed=done["flags_closed"])


def _store_patients(connection: Connection, settled: Fates) -> None:
    fresh = settled.new_patients
    known = {name: int(number) for name, number in connection.execute(select(source.c.name, source.c.source))}
    first = database.next_number(connection, source.c.source)
    new = {name: first + number for number, name in enumerate(name for name in fresh["source"].unique() if name not in known)}
    if new:
        connection.execute(source.insert(), [{"source": number, "name": name} for name, number in new.items()])
    database.append(connection, patient, pyarrow.table({
        "patient": pyarrow.array(fresh["patient"].to_numpy(np.int64), pyarrow.int32()),
        "source": pyarrow.array(fresh["source"].map({**known, **new}).to_numpy(np.int64), pyarrow.int32()),
        "patient_id": pyarrow.array(fresh["patient_id"].to_numpy(object), pyarrow.string())}))


def _store_duplicates(connection: Connection, plan: ImportPlan, batch: int, entries: np.ndarray) -> None:
    at = np.flatnonzero(plan.fates.duplicate)
    repeated = plan.fates.repeats_entry[at].copy()
    of_file = repeated < 0
    repeated[of_file] = entries[-1 - repeated[of_file]]
    rows, place = plan.mapped.spread(plan.typed.rows["position"].to_numpy()[at])
    database.append(connection, duplicate_row, pyarrow.table({
        "batch": pyarrow.array(np.full(len(rows), batch, np.int32)), "row_number": pyarrow.array(rows), "entry": pyarrow.array(repeated[place])}))


def _supersede(connection: Connection, plan: ImportPlan, batch: int, entries: np.ndarray) -> None:
    """A revision supersedes every earlier entry of its id that still has a live batch, the already superseded ones too: whichever batch
    is undone first, the right one comes back."""
    at = np.flatnonzero(plan.fates.revision)
    if not len(at):
        return
    rows = plan.typed.rows.take(pyarrow.array(at))
    revision = database.store_rows(connection, "revision", {"by_entry": BigInteger, "patient": Integer, "entry_id": String}, pyarrow.table({
        "by_entry": pyarrow.array(entries[at]), "patient": pyarrow.array(plan.fates.patient[at].astype(np.int32)), "entry_id": rows["entry_id"]}))
    live = select(import_batch.c.batch).where(import_batch.c.undone_event.is_(None))
    e = diary_entry.c
    earlier = select(e.entry, revision.c.by_entry, literal(batch)).join(
        revision, and_(e.patient == revision.c.patient, e.entry_id == revision.c.entry_id)).where(e.batch.in_(live))
    connection.execute(supersession.insert().from_select(["entry", "by_entry", "batch"], earlier))
    connection.execute(update(diary_entry).where(e.entry.in_(select(supersession.c.entry).where(supersession.c.batch == batch))).values(superseded=True))
    connection.execute(text("DROP TABLE revision"))
