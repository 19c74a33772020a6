"""Empty databases, and the wall between the two sides of ours."""
import re
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, Table, create_engine, event
from sqlalchemy.sql import ClauseElement, visitors
from sqlalchemy.util import LRUCache

from dashboard import database, schema

_TABLE = r'"?\w+"?(?:\s+(?:AS\s+)?\w+)?'
_LISTED = re.compile(rf"\b(?:FROM|JOIN|INTO|UPDATE|USING)\s+(?=({_TABLE}(?:\s*,\s*{_TABLE})*))", re.IGNORECASE)
# which tables hold anything, asked of each side of the wall by itself
_FILLED = [" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in side)
           for side in (schema.DIARY_SIDE, schema.metadata.tables.keys() - schema.DIARY_SIDE)]
_judged: set[int] = set()  # hashes of texts
_compilers: dict[str, tuple[Dialect, LRUCache]] = {}


def filled(connection: Connection) -> list[str]:
    """Names of our tables that hold anything."""
    return [name for looking in _FILLED for name in connection.exec_driver_sql(looking).scalars()]


def empty(engine: Engine) -> None:
    """Deletes every row of every table of ours; for examples that share one engine."""
    with engine.begin() as connection:
        names = filled(connection)  # looking is cheaper than emptying, and most tables of most tests are empty
        if names and connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"TRUNCATE {', '.join(names)}")
        else:
            for name in names:
                connection.exec_driver_sql(f"DELETE FROM {name}")


def tables_of(sql: str, statement: ClauseElement | None = None) -> set[str]:
    """Names of our tables that a statement reads or writes: those that its text lists, and those that its parts belong to, because
    the text alone would hide a table listed after a subquery."""
    found = {listed.split()[0].strip('"') for match in _LISTED.finditer(sql) for listed in match[1].split(",")}
    for element in visitors.iterate(statement) if statement is not None else ():
        found |= {part.name for part in (element, getattr(element, "table", None)) if isinstance(part, Table)}
    return found & set(schema.metadata.tables)


def guard_the_wall() -> None:
    """From now on, in this process, a statement that touches both sides raises instead of running."""
    event.listen(Engine, "before_cursor_execute", _refuse_both_sides)


def _refuse_both_sides(_connection: Connection, _cursor: Any, sql: str, _parameters: Any, context: Any, _many: bool) -> None:
    if hash(sql) in _judged:
        return
    compiled = getattr(context, "compiled", None)
    touched = tables_of(sql, compiled and compiled.statement)
    if touched & schema.DIARY_SIDE and touched & schema.CARE_SIDE:
        raise AssertionError(f"one statement touches both sides of the wall, {sorted(touched)}:\n{sql}")
    _judged.add(hash(sql))


def compile_once() -> None:
    """From now on, in this process, engines of one kind share what they compile: most tests open a database of their own, and would
    spend more time on spelling out statements than on running them."""
    database.create_engine = _sharing


def _sharing(url: str, connect_args: dict[str, Any], **options: Any) -> Engine:
    if "config" in connect_args:
        connect_args = {"config": {**connect_args["config"], "threads": 1}}
    engine = create_engine(url, connect_args=connect_args, **options)
    engine.dialect, engine._compiled_cache = _compilers.setdefault(engine.dialect.name, (engine.dialect, engine._compiled_cache))
    return engine

