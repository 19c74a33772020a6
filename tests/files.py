"""Diary files written in the test that reads them, imported and looked at in a line."""
from datetime import UTC, date, datetime

import pandas as pd
from sqlalchemy import Engine, select

from dashboard import cohort
from dashboard.days import day_of
from dashboard.imports import commit, export, plan, tabular
from dashboard.imports.commit import Receipt
from dashboard.imports.planned import ImportPlan
from dashboard.schema import diary_entry

TODAY = day_of(date(2026, 4, 1))
AT = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
BY = "M. Ito"
EVER = 1_000_000


def sheet(*lines: str, end: str = "\n") -> bytes:
    return end.join((*lines, "")).encode()


def planned(engine: Engine, *lines: str, source: str | None = None, today: int = TODAY) -> ImportPlan:
    with engine.connect() as connection:
        return plan.plan(connection, tabular.read(sheet(*lines), "diary.csv"), today=today, source=source)


def imported(engine: Engine, *lines: str, source: str | None = None) -> Receipt:
    return commit.commit(engine, planned(engine, *lines, source=source), by=BY, at=AT)


def live(engine: Engine, *columns: str) -> list[tuple[str, ...]]:
    """These columns of the live entries, as an export has them, in the order of patients and times."""
    with engine.connect() as connection:
        found = export.canonical(connection, cohort.entries(connection, EVER))
    return list(found[list(columns)].itertuples(index=False, name=None))


def stored(engine: Engine, *columns: str) -> list[tuple[object, ...]]:
    """These columns of all entries, whatever became of them, in the order of their numbers."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(select(*[diary_entry.c[name] for name in columns]).order_by(diary_entry.c.entry))]


def counts(receipt: Receipt | ImportPlan, *names: str) -> tuple[int, ...]:
    return tuple(receipt.counts[name] for name in names)


def as_sheet(frame: pd.DataFrame) -> bytes:
    return export.sheet(frame).encode()
