"""Taking a batch back: what it takes with it, said before it is done."""
from dataclasses import asdict, dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, func, literal, select, text, update

from dashboard import audit, database
from dashboard.errors import NotFound, Refused
from dashboard.imports.commit import Tell, quietly
from dashboard.rules import flags
from dashboard.schema import diary_entry, duplicate_row, handover, import_batch, quarantined_row, supersession

_E = diary_entry.c


@dataclass(frozen=True)
class UndoPlan:
    """`kept` entries stay, because a later live batch says the same: how many go to which batch. `brought_back`: older versions of
    revised entries that come back. `flags` is what the care side says of it, filled in by who asks."""
    batch: int
    entries: int  # that go
    kept: dict[int, int]
    brought_back: int
    patients: int  # whose entries change
    patients_gone: int  # who have no other entry
    quarantined: int  # rows still to be corrected that go with it
    waiting_again: int  # rows of other batches that this one had corrected
    flags: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict:
        return {**asdict(self), "kept": {str(batch): number for batch, number in self.kept.items()}}


def plan_undo(connection: Connection, batch: int) -> UndoPlan:
    batch = _undoable(connection, batch)
    heirs = _heirs(batch).subquery()
    kept = {int(to): int(number) for to, number in connection.execute(select(heirs.c.to_batch, func.count()).group_by(heirs.c.to_batch))}
    goes = and_(_E.batch == batch, _E.entry.not_in(select(heirs.c.entry)))
    back = select(func.count()).select_from(diary_entry).where(_comes_back(batch, select(heirs.c.entry)))
    others = select(_E.patient).where(_E.batch.in_(_live_but(batch)))
    heirs_of = select(_E.patient).where(_E.entry.in_(select(heirs.c.entry)))
    gone = select(func.count(_E.patient.distinct())).where(goes, _E.patient.not_in(others), _E.patient.not_in(heirs_of))
    count = select(func.count()).select_from(quarantined_row)
    q = quarantined_row.c
    scalar = {name: int(connection.scalar(statement)) for name, statement in (
        ("entries", select(func.count()).select_from(diary_entry).where(goes)), ("brought_back", back),
        ("patients", select(func.count(_E.patient.distinct())).where(goes)), ("patients_gone", gone),
        ("quarantined", count.where(q.batch == batch, q.dismissed_event.is_(None), q.fixed_by_batch.is_(None))),
        ("waiting_again", count.where(q.fixed_by_batch == batch, q.batch.in_(_live_but(batch)), q.dismissed_event.is_(None))))}
    return UndoPlan(batch=batch, kept=kept, **scalar)


def touched(connection: Connection, batch: int) -> list[int]:
    """Our numbers of the patients of whom the batch has an entry: those to be evaluated after it is undone."""
    return [int(number) for number in connection.scalars(select(_E.patient).distinct().where(_E.batch == int(batch)).order_by(_E.patient))]


def undo(engine: Engine, batch: int, *, by: str, at: datetime) -> dict:
    """One transaction. Returns what was reversed: {batch, entries, kept, brought_back, patients, patients_gone, …}."""
    with database.writing(engine) as connection:
        planned = plan_undo(connection, batch)
        batch, event = planned.batch, audit.next_event(connection)
        heirs = database.store(connection, "heir", _heirs(batch))
        connection.execute(handover.insert().from_select(
            ["entry", "from_batch", "from_row", "to_batch", "to_row", "event"],
            select(heirs.c.entry, literal(batch), heirs.c.from_row, heirs.c.to_batch, heirs.c.to_row, literal(event))))
        # what a kept entry superseded, it goes on superseding
        connection.execute(supersession.insert().from_select(
            ["entry", "by_entry", "batch"], select(supersession.c.entry, supersession.c.by_entry, heirs.c.to_batch).join(
                heirs, heirs.c.entry == supersession.c.by_entry).where(supersession.c.batch == batch)))
        connection.execute(update(diary_entry).where(_E.entry == heirs.c.entry).values(batch=heirs.c.to_batch, row_number=heirs.c.to_row))
        connection.execute(update(import_batch).where(import_batch.c.batch == batch).values(undone_event=event))
        connection.execute(update(diary_entry).where(_comes_back(batch, None)).values(superseded=False))
        connection.execute(text("DROP TABLE heir"))
        counts = {name: value for name, value in planned.as_dict().items() if name not in ("batch", "flags")}
        audit.record(connection, "import_undone", by=by, at=at, subject=str(batch), **counts)
    return planned.as_dict()


def undo_and_evaluate(engine: Engine, batch: int, *, by: str, at: datetime, today: int, tell: Tell = quietly) -> dict:
    """Two transactions. Where the second does not come about, the rest is done at the next start, and nobody is shown clear until then."""
    reversed_ = undo(engine, batch, by=by, at=at)
    tell(f"Batch {batch} is taken back. Working out the flags of its patients anew")
    with engine.connect() as connection:
        as_of = flags.current_as_of(connection, today)
    done = flags.store(engine, as_of=as_of, by=by, at=at, everybody=False)
    return {**reversed_, "flags_raised": done["flags_raised"], "flags_closed": done["flags_closed"]}


def _undoable(connection: Connection, batch: int) -> int:
    found = connection.execute(select(import_batch.c.batch, import_batch.c.undone_event).where(import_batch.c.batch == int(batch))).first()
    if found is None:
        raise NotFound(f"There is no batch {batch}. Nothing was changed.")
    if found.undone_event is not None:
        raise Refused(f"Batch {batch} was undone already. Nothing was changed.")
    return int(found.batch)


def _live_but(batch: int) -> Select:
    return select(import_batch.c.batch).where(import_batch.c.undone_event.is_(None), import_batch.c.batch != batch)


def _heirs(batch: int) -> Select:
    """Entries of the batch that a live batch repeats, superseded ones too: the earliest such batch, and its first row that says it."""
    d = duplicate_row.c
    earliest = select(d.entry, func.min(d.batch).label("to_batch")).where(d.batch.in_(_live_but(batch))).group_by(d.entry).subquery()
    return select(_E.entry, _E.row_number.label("from_row"), earliest.c.to_batch, func.min(d.row_number).label("to_row")).select_from(diary_entry).join(
        earliest, earliest.c.entry == _E.entry).join(duplicate_row, and_(d.entry == _E.entry, d.batch == earliest.c.to_batch)).where(
        _E.batch == batch).group_by(_E.entry, _E.row_number, earliest.c.to_batch)


def _comes_back(batch: int, kept: Select | None) -> ColumnElement[bool]:
    """Entries of other live batches that only this batch superseded. Before the undo, those that a kept entry supersedes stay superseded."""
    s = supersession.c
    by_this = select(s.entry).where(s.batch == batch)
    others = select(s.entry).where(s.batch.in_(_live_but(batch)))
    found = and_(_E.superseded, _E.entry.in_(by_this), _E.entry.not_in(others))
    if kept is None:
        return found
    return and_(found, _E.batch.in_(_live_but(batch)), _E.entry.not_in(select(s.entry).where(s.batch == batch, s.by_entry.in_(kept))))
