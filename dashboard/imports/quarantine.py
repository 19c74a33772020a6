"""Rows that were not loaded: kept as they were written, to be corrected and sent again, or dismissed by name."""
import json
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute as compute
from sqlalchemy import ColumnElement, Connection, Engine, Integer, and_, func, literal, or_, select, text, update

from dashboard import audit, database
from dashboard.codelists import SYMPTOM
from dashboard.errors import Conflict, NotFound, Refused
from dashboard.imports import fields, mapping
from dashboard.imports.planned import ImportPlan
from dashboard.imports.problems import json_rows
from dashboard.imports.tabular import normalised
from dashboard.schema import import_batch, quarantined_row

_Q = quarantined_row.c
_KEY = ("source", "patient_id", "entry_id", "recorded_at")


def waits() -> ColumnElement[bool]:
    """Of a live batch, not dismissed, and not sent again with a live one."""
    live = select(import_batch.c.batch).where(import_batch.c.undone_event.is_(None))
    return and_(_Q.batch.in_(live), _Q.dismissed_event.is_(None), or_(_Q.fixed_by_batch.is_(None), _Q.fixed_by_batch.not_in(live)))


# --- storing ----------------------------------------------------------------------------------------------------------------------

def store(connection: Connection, plan: ImportPlan, batch: int) -> None:
    at = plan.quarantined
    take = pyarrow.array(at)
    raw = json_rows(list(plan.mapped.tabular.columns.items()), at)
    if plan.mapped.tabular.ragged:
        raw = pyarrow.array([whole or cut for whole, cut in zip(_whole(plan, at), raw.to_pylist(), strict=True)], pyarrow.string())
    ids = {name: compute.utf8_trim_whitespace(getattr(plan.typed, name).take(take).cast(pyarrow.string())) for name in _KEY}
    database.append(connection, quarantined_row, pyarrow.table({
        "batch": pyarrow.array(np.full(len(at), batch, np.int32)), "row_number": pyarrow.array(plan.mapped.tabular.rows[at]), "raw": raw.fill_null("{}"),
        "problems": plan.problem_documents, **ids, "red_flags": pyarrow.array(plan.typed.red_flags[at])}))


def _whole(plan: ImportPlan, at: np.ndarray) -> list[str | None]:
    """All cells of the rows that have more or fewer of them than the header."""
    header = plan.mapped.tabular.header
    names = [*header, *(f"(column {number})" for number in range(len(header) + 1, max(map(len, plan.mapped.tabular.ragged.values())) + 1))]
    found: list[str | None] = [None] * len(at)
    for place, position in enumerate(at):
        cells = plan.mapped.tabular.ragged.get(int(position))
        if cells is not None:
            found[place] = json.dumps({name: cell for name, cell in zip(names, cells, strict=False) if cell.strip()}, ensure_ascii=False)
    return found


def mark_fixed(connection: Connection, plan: ImportPlan, batch: int) -> int:
    """Open rows of earlier batches that this file sends again, loaded or not: found by the mark that the download carries, else by
    patient and the source's id or, without one, by patient and time, where the file has at least as many such rows as are open."""
    waiting = pd.DataFrame(connection.execute(select(_Q.batch, _Q.row_number, *[_Q[name] for name in _KEY]).where(waits(), _Q.batch != batch)).all(),
                           columns=["batch", "row_number", *_KEY])
    if not len(waiting) or not len(plan.mapped.tabular.rows):
        return 0
    texts = {name: getattr(plan.typed, name) for name in _KEY}
    marked = plan.mapped.service.get(fields.QUARANTINED_AS)
    if marked:
        texts[fields.QUARANTINED_AS] = plan.mapped.tabular.columns[marked]
    near = _among(texts["patient_id"], waiting["patient_id"])
    ids = waiting["entry_id"][waiting["entry_id"] != ""]
    near = compute.and_(near, compute.or_(_among(texts["entry_id"], ids), _among(texts["recorded_at"], waiting["recorded_at"])))
    if marked:
        near = compute.or_(near, compute.not_equal(texts[fields.QUARANTINED_AS].cast(pyarrow.string()), ""))
    sent = pd.DataFrame({name: compute.utf8_trim_whitespace(column.cast(pyarrow.string()).filter(near)).to_pandas() for name, column in texts.items()})
    marks = waiting["batch"].astype(str) + ":" + waiting["row_number"].astype(str)
    if not marked:
        sent[fields.QUARANTINED_AS] = ""
    fixed = marks.isin(sent[fields.QUARANTINED_AS])
    for frame in (waiting, sent):
        # the source's id where there is one, else the time as it was written
        frame["key"] = np.where(frame["entry_id"] != "", "id " + frame["entry_id"], "at " + frame["recorded_at"])
    key = ["source", "patient_id", "key"]
    unmarked = sent[(sent[fields.QUARANTINED_AS] == "") & (sent["patient_id"] != "")].groupby(key).size().rename("sent")
    still = waiting[~fixed].groupby(key).size().rename("waiting")
    enough = pd.concat([unmarked, still], axis=1, join="inner").query("sent >= waiting").index
    fixed |= pd.MultiIndex.from_frame(waiting[key]).isin(enough)
    found = waiting[fixed]
    if len(found):
        stored = database.store_rows(connection, "fixed_row", {"batch": Integer, "row_number": Integer}, pyarrow.table({
            name: pyarrow.array(found[name].to_numpy(np.int64), pyarrow.int32()) for name in ("batch", "row_number")}))
        connection.execute(update(quarantined_row).where(select(literal(1)).where(
            stored.c.batch == _Q.batch, stored.c.row_number == _Q.row_number).exists()).values(fixed_by_batch=batch))
        connection.execute(text("DROP TABLE fixed_row"))
    return len(found)


def _among(texts: pyarrow.DictionaryArray, wanted: pd.Series) -> pyarrow.BooleanArray:
    found = compute.is_in(compute.utf8_trim_whitespace(texts.dictionary), value_set=pyarrow.array(wanted.unique().tolist(), pyarrow.string()))
    return found.take(texts.indices)


def dismiss(engine: Engine, batch: int, row: int, *, by: str, at: datetime, reason: str) -> None:
    """Nobody needs to look at this row any more: a named person says so, and why."""
    if not reason.strip():
        raise Refused("Dismissing a row needs a reason.")
    with database.writing(engine) as connection:
        this = and_(_Q.batch == int(batch), _Q.row_number == int(row))
        found = connection.execute(select(_Q.dismissed_event, _Q.fixed_by_batch).where(this)).first()
        if found is None:
            raise NotFound(f"Batch {batch} has no quarantined row {row}.")
        if not connection.scalar(select(func.count()).select_from(quarantined_row).where(this, waits())):
            raise Conflict(f"Row {row} of batch {batch} is not waiting any more: it was dismissed, sent again, or its batch was undone.")
        connection.execute(update(quarantined_row).where(this).values(dismissed_event=audit.next_event(connection)))
        audit.record(connection, "quarantine_dismissed", by=by, at=at, subject=str(batch), row=int(row), reason=reason.strip())


# --- reading ----------------------------------------------------------------------------------------------------------------------

def rows(connection: Connection, batch: int) -> pd.DataFrame:
    """The rows of a batch that are still to be corrected, as they were written, between the mark by which a corrected row finds the
    one it replaces and what is wrong. Written as CSV with `export.sheet`, they can be corrected and imported."""
    document = how(connection, batch)
    live = select(import_batch.c.batch).where(import_batch.c.undone_event.is_(None))
    found = connection.execute(select(_Q.row_number, _Q.raw, _Q.problems).where(
        _Q.batch == int(batch), _Q.dismissed_event.is_(None), or_(_Q.fixed_by_batch.is_(None), _Q.fixed_by_batch.not_in(live))).order_by(_Q.row_number)).all()
    written = [json.loads(raw) for _, raw, _ in found]
    wrong = [json.loads(problems) for _, _, problems in found]
    # blank cells are not kept; a column that the mapping reads by name is there all the same
    needed = mapping.read(document).headers if document else ()
    there = {normalised(name): name for raw in written for name in raw}
    written_names = [*(name for raw in written for name in raw), *(name for name in needed if normalised(name) not in there)]
    names = [name for name in dict.fromkeys(written_names) if normalised(name) not in fields.SERVICE]
    order = {name: place for place, name in enumerate(fields.COLUMNS)}
    names.sort(key=lambda name: order.get(normalised(name), len(order)))
    frame = pd.DataFrame({
        fields.QUARANTINED_AS: [f"{batch}:{row}" for row, _, _ in found], **{name: [raw.get(name, "") for raw in written] for name in names},
        "what_is_wrong": [_said(problems, "value") for problems in wrong], "what_would_be_right": [_said(problems, "expected") for problems in wrong]})
    return frame.astype(object)


def how(connection: Connection, batch: int) -> str | None:
    """The mapping, as a document, with which a batch was read; None: the columns of the template."""
    found = connection.execute(select(import_batch.c.mapping).where(import_batch.c.batch == int(batch))).first()
    if found is None:
        raise NotFound(f"There is no batch {batch}.")
    return found.mapping


def _said(problems: list[dict], what: str) -> str:
    return " | ".join(f"{problem['column'] or 'row'}: {problem[what] or 'blank'}" for problem in problems)


def red_flags(connection: Connection) -> pd.DataFrame:
    """Rows still to be corrected that report a red flag, or may: source, patient_id, batch, row, which."""
    found = connection.execute(select(_Q.source, _Q.patient_id, _Q.batch, _Q.row_number, _Q.red_flags).where(
        _Q.red_flags != 0, waits()).order_by(_Q.batch, _Q.row_number)).all()
    return pd.DataFrame([(*row[:4], ", ".join(SYMPTOM.labels(row[4]))) for row in found], columns=["source", "patient_id", "batch", "row", "which"])
