"""Opening a database for work: the shipped rules, the demo diaries of a new file, and whatever an earlier process left unevaluated."""
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from dashboard import database
from dashboard.hours import ALWAYS, Hours
from dashboard.imports import commit, plan, tabular, undo
from dashboard.rules import active, flags, notes
from dashboard.settings import DATA

SYSTEM = "system"
SAMPLE = DATA / "sample"


def open_database(url: str, *, at: datetime, today: int, demo: bool = False, progress: Callable[[str], None] = lambda _: None,
                  on_duty: Hours = ALWAYS) -> Engine:
    """Ready to be asked: rules in force, every batch evaluated. `demo` fills an embedded database that this call creates. What is due
    from now on is due by the hours in which somebody is `on_duty`."""
    engine = database.open_engine(url)
    engine.update_execution_options(hours=on_duty)
    with engine.connect() as connection:
        is_new = not active.versions(connection)
    active.record_shipped(engine, at=at)
    notes.bring_up_to_date(engine)
    if is_new and demo and engine.dialect.name == "duckdb":
        load_demo(engine, at=at, today=today, progress=progress)
    bring_up_to_date(engine, at=at, today=today)
    return engine


def load_demo(engine: Engine, *, at: datetime, today: int, by: str = SYSTEM, progress: Callable[[str], None] = lambda _: None) -> None:
    """Imports the sample diaries like any other file; each can be undone."""
    for path in sample_files():
        progress(path.name)
        with engine.connect() as connection:
            planned = plan.plan(connection, tabular.read(path.read_bytes(), path.name), today=today)
        commit.commit(engine, planned, by=by, at=at, demo=True)
    bring_up_to_date(engine, at=at, today=today)


def sample_files() -> list[Path]:
    return sorted(SAMPLE.glob("*.csv"))


def bring_up_to_date(engine: Engine, *, at: datetime, today: int) -> bool:
    """Evaluates where something changed since the last evaluation, or the day has turned. True if it did."""
    with engine.connect() as connection:
        if not flags.is_due(connection, today):
            return False
        as_of = flags.current_as_of(connection, today)
    flags.store(engine, as_of=as_of, by=SYSTEM, at=at, everybody=False)
    return True


def remove(engine: Engine, batches: Sequence[int], *, by: str, at: datetime, today: int) -> None:
    """Undoes several batches, the newest first, so that none is handed from one to the next."""
    for batch in sorted(batches, reverse=True):
        undo.undo_and_evaluate(engine, batch, by=by, at=at, today=today)
