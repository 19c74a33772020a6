"""Notes that ask for a person to read them: found once as entries come in, shown until somebody has read them. They open no flag, and a note
in which nothing is found is no sign of anything."""
from collections.abc import Collection
from datetime import datetime

import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, Engine, Select, func, select

from dashboard import audit, cohort, database
from dashboard.errors import NotFound
from dashboard.rules import note_words
from dashboard.schema import note_found, note_progress, note_read

AT_ONCE = 100_000  # notes


def read_new(connection: Connection) -> int:
    """Reads what the current word list has not read yet; to be used inside `writing`. Returns in how many notes it found something."""
    known, newest = note_words.words().digest, cohort.newest_entry(connection)
    through = _through(connection, known)
    if newest <= through:
        return 0
    found = 0
    result = connection.execute(cohort.notes_after(through))
    made: dict[str, list] = {"entry": [], "patient": [], "found": []}
    while rows := result.fetchmany(AT_ONCE):
        for entry, patient, note in rows:
            if bits := note_words.bits(note):
                made["entry"].append(entry)
                made["patient"].append(patient)
                made["found"].append(bits)
    found = len(made["entry"])
    kinds = {"entry": pa.int64(), "patient": pa.int32(), "found": pa.int64()}
    database.append(connection, note_found, pa.table({"words": pa.array([known] * found, pa.string())} | {
        name: pa.array(made[name], kind) for name, kind in kinds.items()}))
    connection.execute(note_progress.insert().values(words=known, through_entry=newest))
    return found


def _through(connection: Connection, known: str) -> int:
    return int(connection.scalar(select(func.coalesce(func.max(note_progress.c.through_entry), 0)).where(note_progress.c.words == known)))


def bring_up_to_date(engine: Engine) -> None:
    """Where a release came with another word list, everything is read again."""
    with engine.connect() as connection:
        due = cohort.newest_entry(connection) > _through(connection, note_words.words().digest)
    if due:
        with database.writing(engine) as connection:
            read_new(connection)


def waiting(connection: Connection, as_of: int, patients: Collection[int] | None = None) -> pd.DataFrame:
    """Live notes that nobody has read yet, up to a day: patient, entry, day, found (bits over the flags of the word list)."""
    n = note_found.c
    whose = select(n.patient).where(n.words == note_words.words().digest)
    if patients is not None:
        whose = whose.where(n.patient.in_([int(number) for number in patients]))
    live = cohort.entries(connection, as_of, patients=whose.distinct().subquery()).subquery().c
    found = select(n.patient, n.entry, live.day, n.found).join(live.entry.table, live.entry == n.entry).where(n.words == note_words.words().digest).order_by(
        live.day.desc(), n.entry.desc())
    made = pd.DataFrame(dict(zip(("patient", "entry", "day", "found"), database.numbers(connection, found), strict=True)))
    done = _read(connection)
    return made[~made["entry"].isin(done)].reset_index(drop=True) if done else made


def _read(connection: Connection) -> list[int]:
    r = note_read.c
    last = select(func.max(r.event)).group_by(r.entry)
    return [int(entry) for entry in connection.scalars(select(r.entry).where(r.event.in_(last), r.is_read))]


def labels(found: int) -> list[str]:
    return note_words.words().labels(int(found))


def mark(engine: Engine, entries: Collection[int], *, by: str, at: datetime, is_read: bool = True) -> int:
    """A person has read these notes of one patient, or takes that back. Returns the event."""
    with database.writing(engine) as connection:
        whose = list(connection.scalars(_of(entries)))
        if len(whose) != 1:
            raise NotFound("These notes are not there any more, or are not of one patient.")
        event = audit.next_event(connection)
        connection.execute(note_read.insert(), [{"entry": int(entry), "is_read": is_read, "by": by, "happened_at": audit.utc(at), "event": event}
                                                for entry in entries])
        return audit.record(connection, "note_read", by=by, at=at, subject=str(whose[0]), notes=len(entries), is_read=is_read)


def _of(entries: Collection[int]) -> Select:
    return select(note_found.c.patient).where(note_found.c.entry.in_([int(entry) for entry in entries])).distinct()
