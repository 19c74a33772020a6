"""A file that somebody chose, and what is known of it without asking: how it is read, and how its columns become ours."""
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from dashboard.days import day_of, spoken
from dashboard.errors import Refused
from dashboard.imports import mapping, remembered, shapes, tabular
from dashboard.imports.mapping import Mapping
from dashboard.imports.tabular import Reading, Tabular

_UNSAID = Reading()


@dataclass(frozen=True)
class Opened:
    """`how` is the mapping, or the kind of file, that it is known by, and `known_as` says which in words. `settled`: that says all there
    is to say."""
    tabular: Tabular
    how: Mapping | None
    known_as: str
    settled: bool


def opened(connection: Connection, content: bytes, name: str, *, source: str | None = None, said: Reading = _UNSAID, given: Mapping | None = None) -> Opened:
    """`said` and `given`: how somebody says that it is to be read, and mapped. Raises Refused where it cannot be read."""
    if given:
        return Opened(tabular.read(content, name, _over(said, given)), given, given.name, True)
    found, wrong = None, None
    try:
        found = _recognised(connection, tabular.read(content, name, said), source)
    except Refused as error:
        wrong = error
    # a file may also be read without complaint from the wrong row on, and then it is nothing that is known
    if not (found and found.settled) and said == _UNSAID and (other := remembered.as_declared(connection, content, name, source)):
        found = _recognised(connection, other, source)
    if not found:
        raise wrong
    how = _over(said, found.how)
    return found if how == said else replace(found, tabular=tabular.read(content, name, how))


def without_asking(connection: Connection, content: bytes, name: str, source: str | None = None) -> tuple[Tabular, Mapping | None]:
    """A file that goes in as it is, and the mapping it was read with before, or none for the template. Raises Refused where it has neither
    the columns of the template nor those of a file that came before."""
    found = opened(connection, content, name, source=source)
    return found.tabular, remembered.as_before(connection, found.tabular, source)


def _over(said: Reading, declared: Mapping | None) -> Reading:
    """What a person says about reading, and for the rest what the mapping declares."""
    return replace(declared.reading.reading, **{key: value for key, value in vars(said).items() if value is not None}) if declared else said


def _recognised(connection: Connection, read: Tabular, source: str | None) -> Opened:
    try:
        known = remembered.as_before(connection, read, source)
    except Refused:
        known = shapes.recognised(read.header, saved=remembered.everything(connection))
        shipped = known in shapes.shipped()
        return Opened(read, known, (known.name if shipped else f"{known.name}, as remembered") if known else "", known is not None and not shipped)
    if known is None:
        return Opened(read, mapping.canonical(read), "the template", True)
    last = remembered.last_time(connection, read.header, source)
    if not last:
        return Opened(read, known, f"{known.name}, as in the batch that is corrected", True)
    whose = "" if last[0] == "default" else f" for {last[0]}"
    return Opened(read, known, f"{known.name}, as{whose} on {spoken(day_of(last[1].date()))}", True)
