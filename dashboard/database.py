"""Opening a database, and everything in which the engines differ: locks, bulk loading, TEMP tables, aggregates over bits."""
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from io import BytesIO
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow
import pyarrow.csv
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    Connection,
    Dialect,
    Engine,
    Insert,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    Table,
    cast,
    create_engine,
    func,
    literal,
    make_url,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateTable
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement, GenericFunction

from dashboard import schema
from dashboard.codelists import CHOICES, CODELISTS, LISTS
from dashboard.errors import DatabaseBusy, DatabaseUnreachable

_ADVISORY_LOCK = 7_246_312  # any number, as long as every process of ours asks for the same one
# Nothing of ours relies on the order in which rows were inserted. With it kept, DuckDB 2.0.0 lost sight of the columns of a TEMP table
# after several parallel inserts of some 200,000 rows each in one transaction.
# And with its row group pruner, ORDER BY ... LIMIT finds nothing where the rows that were first or last in order have been deleted.
_SETTINGS = {"duckdb": {"config": {"preserve_insertion_order": False, "disabled_optimizers": "row_group_pruner"}}}
_WORTH_ANALYSING = 1_000  # rows of a TEMP table; with fewer, PostgreSQL takes longer to look at them than it could lose by not knowing them
_locks: WeakKeyDictionary[Engine, threading.Lock] = WeakKeyDictionary()
_locks_guard = threading.Lock()


# --- bits -------------------------------------------------------------------------------------------------------------------------

class band(FunctionElement):  # noqa: N801 - reads as SQL
    """Bitwise AND of two integers."""
    type = BigInteger()
    inherit_cache = True
    name = "band"


@compiles(band)
def _(element: band, compiler: SQLCompiler, **kwargs: object) -> str:
    left, right = element.clauses
    return f"({compiler.process(left, **kwargs)} & {compiler.process(right, **kwargs)})"


class bit_or(GenericFunction):  # noqa: N801
    """Union of bit sets over rows; NULL over no rows."""
    type = BigInteger()
    inherit_cache = True
    name = "bit_or"


def has(column: ColumnElement, bits: int) -> ColumnElement[bool]:
    """Any of these bits."""
    return band(column, bits) != 0


def added(values: Sequence[ColumnElement]) -> ColumnElement:
    """Their sum, 0 of none. Added up in pairs, as DuckDB takes twice as long to plan a chain of a hundred."""
    if len(values) < 2:
        return values[0] if values else literal(0)
    half = len(values) // 2
    return added(values[:half]) + added(values[half:])


def unnested(name: str, values: Iterable, kind: type = Integer) -> ColumnElement:
    """Values as rows of a column; several columns of as many values stand side by side."""
    return func.unnest(values if isinstance(values, array) else literal(list(values), ARRAY(kind)), type_=kind).label(name)


# --- opening ----------------------------------------------------------------------------------------------------------------------

def open_engine(url: str) -> Engine:
    """Connects and makes sure that every table and view is there. Raises DatabaseBusy or DatabaseUnreachable."""
    try:
        # what a statement was asked with may be what a patient said; it never gets into an error's text
        engine = create_engine(url, hide_parameters=True, pool_pre_ping=url.startswith("postgresql"),
                               connect_args=_SETTINGS.get(make_url(url).get_backend_name(), {}))
        with engine.connect() as connection:
            missing = _missing(connection)
        if missing:
            with writing(engine) as connection:
                _create(connection)
    except DBAPIError as error:
        raise explained(error, url) from None
    except (ArgumentError, NoSuchModuleError):
        raise DatabaseUnreachable(
            "PAIN_DIARY_DATABASE is not a database URL. Expected duckdb:///FILE or postgresql+psycopg://USER@HOST/NAME.") from None
    return engine


def explained(error: DBAPIError, url: str) -> DatabaseBusy | DatabaseUnreachable:
    """A failure of the database itself, in words for people."""
    message = str(error.orig)
    held = re.search(r"Conflicting lock is held in (.+?) \(PID (\d+)\)", message)
    if held:
        return DatabaseBusy(
            f"The database file is in use by process {held[2]} ({held[1]}). Close the app first, or import on its Import page, "
            "or keep the diaries in PostgreSQL (PAIN_DIARY_DATABASE), which many processes can use at once.")
    where = re.sub(r"//[^@/]*@", "//", url)  # never a password
    return DatabaseUnreachable(
        f"The database at {where} does not answer. Check that the server runs, or that the file and its folder can be written, and try again; "
        f"a change may have been stored before it fell silent, so look first whether it was. ({message.splitlines()[0] if message else 'no reason given'})")


def _missing(connection: Connection) -> list[Column]:
    """Columns that the database has not got yet, be it that it is empty, or that an older release made it."""
    found = connection.execute(text("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"))
    known = {(table_name, name) for table_name, name in found}
    return [column for of in schema.metadata.tables.values() for column in of.c if (of.name, column.name) not in known]


def _create(connection: Connection) -> None:
    schema.metadata.create_all(connection)
    for column in _missing(connection):  # only what may be NULL can come later
        kind = column.type.compile(connection.dialect)
        connection.execute(text(f'ALTER TABLE {column.table.name} ADD COLUMN IF NOT EXISTS "{column.name}" {kind}'))
    if connection.dialect.name == "postgresql":
        for name, columns in (("diary_entry", "patient, day"), ("diary_entry", "batch"), ("patient", "source, patient_id"), ("flag", "patient"),
                              ("triage_action", "flag"), ("patient_outcome", "patient"), ("audit_event", "event"), ("duplicate_row", "entry"),
                              ("supersession", "entry"), ("quarantined_row", "batch")):
            connection.execute(text(f"CREATE INDEX IF NOT EXISTS ix_{name}_{columns.replace(', ', '_')} ON {name} ({columns})"))
    for statement in _views():
        connection.execute(text(statement))


def _views() -> Iterator[str]:
    """Live entries as people read them, and every bit set as rows, for those who query the database themselves."""
    plain = ["e.entry", "s.name AS source", "p.patient_id", "e.entry_id", "e.batch", "e.row_number", "DATE '1970-01-01' + e.day AS local_date",
             "e.time_of_day", "e.utc_offset", "e.occurred_at", "e.\"precision\"",
             *[f"e.{name}" for name, _ in schema.SCALARS if name != "onset_day"], "DATE '1970-01-01' + e.onset_day AS onset_date"]
    live = ("FROM diary_entry e JOIN patient p ON p.patient = e.patient JOIN source s ON s.source = p.source "
            "JOIN import_batch b ON b.batch = e.batch WHERE b.undone_event IS NULL AND NOT e.superseded")
    yield f"CREATE OR REPLACE VIEW live_entry AS SELECT {', '.join(plain)} {live}"
    sets = [(f"diary_entry_{name}", CODELISTS[codelist.name].bit, name, None) for name, codelist in LISTS.items()]
    sets += [(f"diary_entry_{kind}", CODELISTS[kind].bit, f"{prefix}_present", f"{prefix}_denied")
             for kind, prefix in (("symptom", "symptoms"), ("history", "history"))]
    for view, bits, present, denied in sets:
        codes = ", ".join(f"('{code}', {1 << bit})" for code, bit in bits.items())
        answer = f", CASE WHEN (e.{present} & c.mask) <> 0 THEN 'yes' ELSE 'no' END AS answer" if denied else ""
        said = f"((e.{present} | e.{denied}) & c.mask) <> 0" if denied else f"(e.{present} & c.mask) <> 0"
        yield (f"CREATE OR REPLACE VIEW {view} AS SELECT e.entry, s.name AS source, p.patient_id, c.code{answer} "
               f"{live.replace(' WHERE ', f' JOIN (VALUES {codes}) AS c(code, mask) ON {said} WHERE ')}")
    choices = ", ".join(f"('{field}', '{code}', '{label}')" for field, codes in CHOICES.items() for code, label in codes.items())
    yield f"CREATE OR REPLACE VIEW choice AS SELECT * FROM (VALUES {choices}) AS c(field, code, label)"


# --- writing ----------------------------------------------------------------------------------------------------------------------

@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """The one way to change anything: a transaction of its own, one at a time over all threads and processes, so that event
    numbers follow commit order and numbers made from a maximum never clash."""
    with _locks_guard:
        lock = _locks.setdefault(engine, threading.Lock())
    with lock, engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
        yield connection


def next_number(connection: Connection, column: Column) -> int:
    """One more than the largest so far; to be used inside `writing` only."""
    return int(connection.scalar(select(func.coalesce(func.max(column), 0)))) + 1


def numbers(connection: Connection, statement: Select) -> tuple[np.ndarray, ...]:
    """Columns of whole numbers or truth values without NULL, however many rows: a million rows as Python objects take seconds."""
    result = connection.execute(statement)
    if connection.dialect.name == "duckdb":
        return tuple(column.astype(np.int64, copy=False) for column in result.cursor.fetchnumpy().values())
    return tuple(np.array([tuple(row) for row in result], np.int64).reshape(-1, len(statement.selected_columns)).T)


def unordered(connection: Connection, statement: Select) -> tuple[np.ndarray, ...]:
    """Like `numbers`, in whatever order: PostgreSQL packs each column into one value, as a hundred thousand rows take psycopg half a second."""
    if connection.dialect.name == "duckdb":
        return numbers(connection, statement)
    _roomy(connection)
    rows = statement.subquery("rows")
    packed = connection.execute(select(*(func.string_agg(func.int8send(cast(column, BigInteger)), literal(b"", LargeBinary)) for column in rows.c))).one()
    columns = tuple(np.frombuffer(column or b"", ">i8").astype(np.int64) for column in packed)
    if len({len(column) for column in columns}) > 1:
        raise ValueError("a column has NULLs")
    return columns


def _roomy(connection: Connection) -> None:
    """For the rest of this transaction PostgreSQL may group in memory what it would write to disk, by its settings, at a million entries."""
    connection.execute(text("SELECT set_config('work_mem', '64MB', true) WHERE pg_size_bytes(current_setting('work_mem')) < pg_size_bytes('64MB')"))


def append(connection: Connection, target: Table, rows: pyarrow.Table) -> None:
    """Appends whole columns at once; columns that are not given are NULL. Types must already fit."""
    if not rows.num_rows:
        return
    if connection.dialect.name == "duckdb":
        # a result that was read but not to its end would forbid registering; this one is read to its end
        connection.execute(select(1)).all()
        driver = connection.connection.driver_connection
        connection.execute(select(1)).all()  # finishes a result of which only the first row was fetched, which register refuses
        driver.register("appended_rows", rows)
        try:
            registered = table("appended_rows", *[Column(name, target.c[name].type) for name in rows.column_names])
            connection.execute(target.insert().from_select(rows.column_names, select(registered)))
        finally:
            driver.unregister("appended_rows")
    else:
        sheet = BytesIO()
        # strings are always quoted and NULL never is, which is how COPY tells an empty text from none
        pyarrow.csv.write_csv(rows, sheet, pyarrow.csv.WriteOptions(include_header=False))
        columns = ", ".join(f'"{name}"' for name in rows.column_names)
        with connection.connection.cursor() as cursor, cursor.copy(f'COPY "{target.name}" ({columns}) FROM STDIN (FORMAT csv)') as copy:
            copy.write(sheet.getbuffer())


def interrupt(connection: Connection) -> None:
    """Ends what another thread is asking on this connection; there it raises a DBAPIError."""
    driver = connection.connection.driver_connection
    (driver.interrupt if connection.dialect.name == "duckdb" else driver.cancel)()


# --- TEMP tables ------------------------------------------------------------------------------------------------------------------

@cache
def _temporary(name: str, columns: tuple[tuple[str, Callable], ...]) -> Table:
    # the same object each time, so that SQLAlchemy's statement cache knows the statements that read it
    return Table(name, MetaData(), *[Column(column, kind) for column, kind in columns], prefixes=["TEMPORARY"])


def temporary(name: str, statement: Select) -> tuple[Table, Insert]:
    """A TEMP table that could hold the rows of a statement, and the statement that fills it. Both can be used again and again."""
    stored = _temporary(name, tuple((c.name, type(c.type)) for c in statement.selected_columns))
    return stored, stored.insert().from_select([c.name for c in stored.c], statement)


def fill(connection: Connection, stored: Table, rows: Insert) -> None:
    """Makes a TEMP table of this connection, in place of one of the same name."""
    _empty(connection, stored)
    if connection.dialect.name == "postgresql":
        _roomy(connection)
    _ready(connection, stored, connection.execute(rows, execution_options={"preserve_rowcount": True}).rowcount)


def store(connection: Connection, name: str, statement: Select) -> Table:
    """The rows of a statement as a TEMP table of this connection: read once, asked often. Replaces one of the same name."""
    stored, rows = temporary(name, statement)
    fill(connection, stored, rows)
    return stored


def store_rows(connection: Connection, name: str, columns: dict[str, Callable], rows: pyarrow.Table) -> Table:
    """Rows that Python made, as a TEMP table of this connection."""
    stored = _empty(connection, _temporary(name, tuple(columns.items())))
    append(connection, stored, rows.select(list(columns)))
    return _ready(connection, stored, rows.num_rows)


def _empty(connection: Connection, stored: Table) -> Table:
    connection.exec_driver_sql(_renewed(stored, connection.dialect))
    return stored


@lru_cache(maxsize=1024)
def _renewed(stored: Table, dialect: Dialect) -> str:
    # a table of eighty columns takes longer to spell out than to make
    return f'DROP TABLE IF EXISTS "{stored.name}"; {CreateTable(stored).compile(dialect=dialect)}'


def _ready(connection: Connection, stored: Table, rows: int) -> Table:
    if connection.dialect.name == "postgresql" and rows >= _WORTH_ANALYSING:
        connection.execute(text(f'ANALYZE "{stored.name}"'))
    return stored
