"""Mappings that people have used, kept by source and by the columns of the file, so that next month's file is known again. Only ever added to."""
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, Engine, Row, select

from dashboard import audit, database
from dashboard.errors import Refused
from dashboard.imports import fields, quarantine, shapes, tabular
from dashboard.imports import mapping as mappings
from dashboard.imports.mapping import Mapping
from dashboard.imports.tabular import Reading, Tabular, normalised
from dashboard.schema import mapping

_M = mapping.c
_MOST_WAYS = 5


def remember(engine: Engine, source: str, known: Mapping, header: Iterable[str], *, by: str, at: datetime) -> int | None:
    """The number of the new version, or None where it is the newest already, word by word."""
    if known.as_template:
        raise Refused("The columns of the template need no mapping.")
    signature, document = shapes.signature(header), known.document()
    with database.writing(engine) as connection:
        newest = next(iter(_found(connection, source=source, signature=signature)), None)
        if newest and newest.document == document:
            return None
        number, event = database.next_number(connection, _M.mapping), audit.next_event(connection)
        connection.execute(mapping.insert().values(mapping=number, source=source, signature=signature, document=document, event=event))
        audit.record(connection, "mapping_remembered", by=by, at=at, subject=str(number), source=source, name=known.name)
    return number


def recalled(connection: Connection, header: Iterable[str], source: str | None = None) -> Mapping | None:
    """How a file with these columns was read the last time, by this source if it is said."""
    found = _found(connection, signature=shapes.signature(header), source=source)
    return mappings.read(found[0].document) if found else None


def last_time(connection: Connection, header: Iterable[str], source: str | None = None) -> tuple[str, datetime] | None:
    """Whose mapping `recalled` is, and when it was remembered (UTC)."""
    found = _found(connection, signature=shapes.signature(header), source=source)
    if not found:
        return None
    event = audit.events(connection, kinds=("mapping_remembered",), subject=str(found[0].mapping)).iloc[0]
    return found[0].source, event["happened_at"].to_pydatetime()


def as_before(connection: Connection, read: Tabular, source: str | None = None) -> Mapping | None:
    """How a file is to be read where nobody says: as the last time, or with the columns of the template (None). Raises Refused if neither."""
    known = _of_the_corrected(connection, read) or recalled(connection, read.header, source)
    if known is None:
        try:
            mappings.canonical(read)
        except Refused as error:
            raise Refused(f"{error} For other names, a mapping says how they become ours (data/mappings/README.md).") from None
    return known


def as_declared(connection: Connection, content: bytes, name: str, source: str | None = None) -> Tabular | None:
    """The sheet, if it has the columns of a mapping that was remembered once it is read as that mapping says: a header row that nobody
    would find, a table of a zip file. Only the newest ways of reading are tried."""
    conditions = {} if source is None else {"source": source}
    ways = dict.fromkeys(known.reading.reading for known in _newest(_found(connection, **conditions)))
    ways.pop(Reading(), None)
    for way in list(ways)[:_MOST_WAYS]:
        try:
            read = tabular.read(content, name, way)
        except Refused:
            continue
        if recalled(connection, read.header, source):
            return read
    return None


def _of_the_corrected(connection: Connection, read: Tabular) -> Mapping | None:
    """Corrected rows of a quarantine are read as their batch was."""
    marked = next((column for header, column in read.columns.items() if normalised(header) == fields.QUARANTINED_AS), None)
    marks = marked.dictionary.to_pylist() if marked is not None else []
    batches = {mark.split(":")[0].strip() for mark in marks if mark.strip()}
    documents = {quarantine.how(connection, int(batch)) for batch in batches if batch.isdecimal() and len(batch) < 10}
    document = documents.pop() if len(documents) == 1 else None
    return mappings.read(document) if document else None


def everything(connection: Connection) -> list[Mapping]:
    return _newest(_found(connection))


def _found(connection: Connection, **wanted: str | None) -> list[Row]:
    conditions = [_M[name] == value for name, value in wanted.items() if value is not None]
    return list(connection.execute(select(_M.mapping, _M.source, _M.signature, _M.document).where(*conditions).order_by(_M.event.desc())))


def _newest(rows: list[Row]) -> list[Mapping]:
    first: dict[tuple[str, str], str] = {}
    for row in rows:
        first.setdefault((row.source, row.signature), row.document)
    return [mappings.read(document) for document in first.values()]
