"""The audit trail, which is also the clock: every write appends its event, and event numbers say what was known when."""
import json
from collections.abc import Collection
from datetime import UTC, datetime

import pandas as pd
from sqlalchemy import Connection, Select, func, select

from dashboard import database
from dashboard.schema import audit_event

# kinds after which a question may have another answer; a mere look or export changes nothing
CHANGES = frozenset({"import_committed", "import_undone", "evaluated", "rule_set_recorded", "rule_set_activated", "triage", "quarantine_dismissed",
                     "note_read"})
UNNAMED = "unnamed reader"  # whoever took something out before giving a name, which reading does not need
LOOKS = frozenset({"exported", "named", "mapping_remembered", "saved_cohort"})
# kinds after which an evaluation that came before is out of date
DATA_CHANGES = frozenset({"import_committed", "import_undone", "rule_set_activated"})


def record(connection: Connection, kind: str, *, by: str, at: datetime, subject: str | None = None, verified: bool = False, **details: object) -> int:
    """Appends one event and returns its number. `subject` is our own number for a thing, as text; `details` hold counts, numbers
    and reasons, never anything a patient said. `at` must know its time zone."""
    if kind not in CHANGES | LOOKS:
        raise ValueError(f"unknown kind of event: {kind}")
    if not by.strip():
        raise ValueError("an event needs the name of who did it")
    event = next_event(connection)
    connection.execute(audit_event.insert().values(
        event=event, kind=kind, by=by, verified=verified, happened_at=utc(at), subject=subject, details=json.dumps(details, sort_keys=True)))
    return event


def utc(at: datetime) -> datetime:
    """As the database keeps it: UTC, without a zone. Refuses a time whose zone is not known."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone could be any of 26 hours")
    return at.astimezone(UTC).replace(tzinfo=None)


def next_event(connection: Connection) -> int:
    """The number that the next `record` of this transaction will get, for rows that carry the event they came with."""
    return database.next_number(connection, audit_event.c.event)


def latest(connection: Connection) -> int:
    """The number of the last event; 0 before the first."""
    return int(connection.scalar(select(func.coalesce(func.max(audit_event.c.event), 0))))


def version(connection: Connection) -> int:
    """The last event that may have changed an answer: what a cached answer is kept under."""
    return int(connection.scalar(select(func.coalesce(func.max(audit_event.c.event), 0)).where(audit_event.c.kind.in_(CHANGES))))


def last_data_change(connection: Connection, known_at: int | None = None) -> int:
    """The last event, up to `known_at`, after which patients may stand elsewhere."""
    found = select(func.coalesce(func.max(audit_event.c.event), 0)).where(audit_event.c.kind.in_(DATA_CHANGES))
    return int(connection.scalar(found if known_at is None else found.where(audit_event.c.event <= known_at)))


def known_by(connection: Connection, moment: datetime) -> int:
    """The last event that had happened by a moment; 0 where nothing had."""
    return int(connection.scalar(select(func.coalesce(func.max(audit_event.c.event), 0)).where(audit_event.c.happened_at <= utc(moment))))


def events(connection: Connection, *, kinds: Collection[str] = (), by: str | None = None, subject: str | None = None, since: datetime | None = None,
           before: datetime | None = None, limit: int | None = None, offset: int = 0) -> pd.DataFrame:
    """Newest first: event, kind, by, verified, happened_at (UTC), subject, details (a dict)."""
    found = _chosen(select(audit_event), kinds, by, subject, since, before).order_by(audit_event.c.event.desc())
    if limit is not None:
        found = found.limit(limit).offset(offset)
    frame = pd.DataFrame(connection.execute(found).mappings().all(), columns=[c.name for c in audit_event.c])
    frame["details"] = [json.loads(details) for details in frame["details"]]
    return frame


def count(connection: Connection, *, kinds: Collection[str] = (), by: str | None = None, since: datetime | None = None, before: datetime | None = None) -> int:
    """How many events there are like that."""
    return int(connection.scalar(_chosen(select(func.count()).select_from(audit_event), kinds, by, None, since, before)))


def _chosen(found: Select, kinds: Collection[str], by: str | None, subject: str | None, since: datetime | None, before: datetime | None) -> Select:
    if kinds:
        found = found.where(audit_event.c.kind.in_(list(kinds)))
    if by:
        found = found.where(audit_event.c.by == by)
    if subject is not None:
        found = found.where(audit_event.c.subject == subject)
    if since is not None:
        found = found.where(audit_event.c.happened_at >= utc(since))
    if before is not None:
        found = found.where(audit_event.c.happened_at < utc(before))
    return found


def names(connection: Connection) -> list[str]:
    """Everybody who ever signed an event, alphabetically."""
    return list(connection.scalars(select(audit_event.c.by).where(audit_event.c.by != UNNAMED).distinct().order_by(audit_event.c.by)))
