"""The cohort page's numbers on PostgreSQL: a server of our own, as it is installed but for its safety, filled with the same diaries."""
from collections.abc import Iterator

import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, Engine, text

from dashboard import crossfilter, database, distributions, members, schema
from dashboard.cohort import Cohort
from tests.bench.measure import Row, seconds
from tests.bench.questions import Click, clicks
from tests.bench.subject import Subject
from tests.servers import postgres

_ROWS = 200_000  # sent at once


def cohorts(subject: Subject) -> Iterator[Row]:
    with subject.engine.connect() as connection:
        found = [clicks(connection, subject.as_of, share) for share in (0.1, 0.01)]
    asked = [Click("all entries", Cohort(), 1, ()), Click("the charts below, all entries", Cohort(), 1, (), crossfilter.MORE), *found[0], *found[1]]
    with postgres() as url:
        engine = database.open_engine(url)
        _fill(engine, subject.engine)
        for click in asked:
            def count(connection: Connection, click: Click = click) -> dict:
                return crossfilter.count(connection, click.cohort, click.charts, as_of=subject.as_of)

            def on_postgresql(engine: Engine = engine) -> dict:
                with engine.connect() as connection:
                    return count(connection)
            with subject.engine.connect() as connection:
                _same(on_postgresql(), count(connection))
            yield Row(f"PostgreSQL: {click.what}", subject.entries, seconds(on_postgresql))

        def listed(engine: Engine = engine) -> None:
            with engine.connect() as connection:
                members.page(connection, Cohort(), as_of=subject.as_of)

        def summary(engine: Engine = engine) -> None:
            with engine.connect() as connection:
                distributions.summary(connection, Cohort(), as_of=subject.as_of)
        yield Row("PostgreSQL: the first 100 patients of all", subject.entries, seconds(listed))
        yield Row("PostgreSQL: what summary says of all", subject.entries, seconds(summary))
        engine.dispose()


def _fill(engine: Engine, diaries: Engine) -> None:
    with diaries.connect() as source, database.writing(engine) as target:
        for table in schema.metadata.sorted_tables:
            columns = ", ".join(f'"{column.name}"' for column in table.c)
            rows = source.connection.driver_connection.sql(f'SELECT {columns} FROM "{table.name}"')
            for some in rows.to_arrow_reader(_ROWS):
                database.append(target, table, pa.Table.from_batches([some]))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))  # which a server does by itself after a while


def _same(here: dict[str, crossfilter.Counted], there: dict[str, crossfilter.Counted]) -> None:
    for name, counted in here.items():
        if isinstance(counted, pd.DataFrame):
            pd.testing.assert_frame_equal(counted, there[name], check_dtype=False)
        else:
            assert counted == there[name], name
