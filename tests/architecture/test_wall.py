"""The guard that tests/conftest.py puts up: it must see both sides however a statement reaches for them, and nothing that is not there."""
import pytest
from sqlalchemy import Engine, Executable, exists, func, literal_column, select, text, true, union_all

from dashboard.schema import CARE_SIDE, DIARY_SIDE, flag, import_batch, metadata, patient, source

other = patient.alias()
inner = select(patient.c.patient).subquery()
first = select(patient.c.patient).cte()
BOTH = [
    select(patient.c.patient).where(patient.c.patient.in_(select(flag.c.patient))),
    select(patient.c.patient, flag.c.flag).where(patient.c.patient == flag.c.patient),
    select(func.count()).select_from(other.join(flag.alias(), true())),
    select(inner.c.patient, flag.c.flag).where(inner.c.patient == flag.c.patient),
    select(first.c.patient, flag.c.flag).where(first.c.patient == flag.c.patient),
    union_all(select(patient.c.patient), select(flag.c.patient)),
    flag.insert().from_select(["patient"], select(other.c.patient)),
    flag.insert().values(patient=select(func.max(patient.c.patient)).scalar_subquery()),
    flag.update().values(met=exists(select(1).where(patient.c.patient == flag.c.patient))),
    flag.delete().where(flag.c.patient == patient.c.patient),
    select(literal_column("1")).select_from(text("patient p, flag")),
    text("SELECT * FROM patient AS p, flag WHERE 1 = 1"),
    text("SELECT * FROM patient LEFT JOIN flag f ON true"),
    text('INSERT INTO flag SELECT * FROM "patient"'),
    text("CREATE VIEW both_sides AS SELECT 1 FROM patient JOIN flag ON true"),
]
ONE = [
    select(flag.c.patient, flag.c.flag),  # columns called like tables of the other side
    select(patient.c.patient, source.c.name).join(source, source.c.source == patient.c.source).where(source.c.source == import_batch.c.batch),
    flag.update().values(patient=3).where(flag.c.flag == 1),
    text("SELECT patient, flag, patient AS source FROM flag ORDER BY patient, flag"),
]


def test_every_table_stands_on_one_side() -> None:
    assert not DIARY_SIDE & CARE_SIDE
    assert metadata.tables.keys() == DIARY_SIDE | CARE_SIDE


@pytest.mark.parametrize("statement", BOTH, ids=range(len(BOTH)))
def test_both_sides_in_one_statement_are_refused(duckdb_engine: Engine, statement: Executable) -> None:
    for _ in range(2):  # the second time the compiled statement comes from a cache
        with duckdb_engine.connect() as connection, pytest.raises(AssertionError, match="both sides of the wall"):
            connection.execute(statement)


@pytest.mark.parametrize("statement", ONE, ids=range(len(ONE)))
def test_one_side_passes(duckdb_engine: Engine, statement: Executable) -> None:
    with duckdb_engine.connect() as connection:
        connection.execute(statement)
