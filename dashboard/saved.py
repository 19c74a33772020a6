"""Questions kept under a name. One is asked again of whatever is known by then; a frozen one carries both times it was asked at, so that it
finds the same patients for good. A name has versions, and older ones stay."""
import json
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, Row, func, select, update

from dashboard import audit, crossfilter, database
from dashboard.cohort import Cohort
from dashboard.errors import NotFound, Refused
from dashboard.schema import audit_event, saved_cohort

LONGEST, LONGEST_NOTE = 80, 500
_S = saved_cohort.c


@dataclass(frozen=True)
class Frozen:
    """`patients` and `entries` were found then, and have to be found again."""
    as_of: int
    known_at: int
    patients: int
    entries: int


@dataclass(frozen=True)
class Saved:
    cohort: int
    name: str
    version: int
    question: Cohort
    frozen: Frozen | None
    note: str
    by: str
    at: datetime  # UTC
    retired: bool


def save(engine: Engine, name: str, question: Cohort, *, by: str, at: datetime, note: str = "", freeze_as_of: int | None = None,
         known_at: int | None = None) -> Saved:
    """A new version where the name is in use, else the first. With `freeze_as_of` it is frozen: as of that day and as known at that event, or by
    now. Where patients stand is kept for today only, so a question about it cannot be frozen."""
    named, said = _name(name), note.strip()
    if len(said) > LONGEST_NOTE:
        raise Refused(f"The note is longer than {LONGEST_NOTE} characters.")
    if freeze_as_of is not None and (question.buckets or question.tiers):
        raise Refused("Where patients stand changes with every evaluation and is not kept for a day gone by: take bucket and tier out of the "
                      "question before it is frozen, or save it as a question.")
    with database.writing(engine) as connection:
        frozen = None if freeze_as_of is None else _frozen(connection, question, freeze_as_of, known_at)
        before = _holder(connection, named)
        if before and frozen is None and (before.question, before.frozen, before.note or "") == (question.question(), None, said):
            raise Refused(f"{before.name} asks just that already.")
        cohort = before.cohort if before else database.next_number(connection, _S.cohort)
        # in whatever letters it was typed, a name has one spelling
        version, spelled = (before.version + 1, before.name) if before else (1, named)
        event = audit.record(connection, "saved_cohort", by=by, at=at, subject=str(cohort), action="saved", name=spelled, version=version,
                             frozen=frozen is not None)
        connection.execute(saved_cohort.insert().values(
            cohort=cohort, name=spelled, version=version, question=question.question(), event=event, note=said or None,
            frozen=json.dumps(asdict(frozen), sort_keys=True) if frozen else None))
    return Saved(cohort, spelled, version, question, frozen, said, by, audit.utc(at), retired=False)


def _frozen(connection: Connection, question: Cohort, as_of: int, known_at: int | None) -> Frozen:
    times = {"as_of": int(as_of), "known_at": audit.latest(connection) if known_at is None else int(known_at)}
    base = crossfilter.count(connection, question, ["base"], **times)["base"]
    return Frozen(**times, patients=base.patients, entries=base.entries)


def rename(engine: Engine, cohort: int, name: str, *, by: str, at: datetime) -> None:
    named = _name(name)
    with database.writing(engine) as connection:
        before, holder = _newest(connection, cohort), _holder(connection, named)
        if holder and holder.cohort != cohort:
            raise Refused(f"There is a saved cohort {holder.name} already.")
        connection.execute(update(saved_cohort).where(_S.cohort == cohort).values(name=named))
        audit.record(connection, "saved_cohort", by=by, at=at, subject=str(cohort), action="renamed", before=before.name, name=named)


def retire(engine: Engine, cohort: int, *, by: str, at: datetime) -> None:
    """It is no longer offered, and its name is free; nothing of it is deleted."""
    with database.writing(engine) as connection:
        before = _newest(connection, cohort)
        if before.retired_event is not None:
            raise Refused(f"{before.name} is retired already.")
        event = audit.record(connection, "saved_cohort", by=by, at=at, subject=str(cohort), action="retired", name=before.name)
        connection.execute(update(saved_cohort).where(_S.cohort == cohort).values(retired_event=event))


def restore(engine: Engine, cohort: int, *, by: str, at: datetime) -> None:
    with database.writing(engine) as connection:
        before = _newest(connection, cohort)
        if before.retired_event is None:
            raise Refused(f"{before.name} is not retired.")
        if _holder(connection, before.name):
            raise Refused(f"There is another saved cohort {before.name} by now. Rename that one first.")
        connection.execute(update(saved_cohort).where(_S.cohort == cohort).values(retired_event=None))
        audit.record(connection, "saved_cohort", by=by, at=at, subject=str(cohort), action="restored", name=before.name)


def everything(connection: Connection) -> list[Saved]:
    """Every version, by name, the newest first."""
    rows = connection.execute(select(*_S, audit_event.c.by, audit_event.c.happened_at).join(audit_event, audit_event.c.event == _S.event))
    found = [Saved(row.cohort, row.name, row.version, Cohort.from_params(json.loads(row.question)),
                   Frozen(**json.loads(row.frozen)) if row.frozen else None, row.note or "", row.by, row.happened_at, row.retired_event is not None)
             for row in rows]
    return sorted(found, key=lambda one: (one.name.casefold(), one.cohort, -one.version))


def one(connection: Connection, cohort: int, version: int) -> Saved:
    found = next((kept for kept in everything(connection) if (kept.cohort, kept.version) == (cohort, version)), None)
    if found is None:
        raise NotFound(f"There is no saved cohort {cohort} with a version {version}.")
    return found


def called(one: Saved) -> str:
    return one.name + (", frozen" if one.frozen else "") + (" (retired)" if one.retired else "")


def _name(name: str) -> str:
    named = " ".join(name.split())
    if not named:
        raise Refused("A saved cohort needs a name.")
    if len(named) > LONGEST:
        raise Refused(f"The name is longer than {LONGEST} characters.")
    return named


def _holder(connection: Connection, name: str) -> Row | None:
    """The newest version of the cohort in use under this name, however it is written."""
    rows = connection.execute(select(saved_cohort).where(_S.retired_event.is_(None)).order_by(_S.version.desc()))
    return next((row for row in rows if row.name.casefold() == name.casefold()), None)


def _newest(connection: Connection, cohort: int) -> Row:
    newest = select(func.max(_S.version)).where(_S.cohort == cohort).scalar_subquery()
    found = connection.execute(select(saved_cohort).where(_S.cohort == cohort, _S.version == newest)).first()
    if found is None:
        raise NotFound(f"There is no saved cohort {cohort}.")
    return found
