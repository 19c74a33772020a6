from sqlalchemy import Engine

from dashboard import members
from dashboard.cohort import Cohort
from dashboard.imports import export
from tests.distributions_oracle import Entry, World, insert

TODAY = 20_543


def test_an_exported_list_is_neutralised_once_so_that_the_import_reads_it_back(duckdb_engine: Engine) -> None:
    insert(duckdb_engine, World([Entry("=1+1", TODAY, locations=("neck", "jaw"), severity=7, worst=8.5)]))
    with duckdb_engine.connect() as connection:
        rows = members.page(connection, Cohort(), as_of=TODAY, most=None)
    header, line = export.sheet(members.sheet(rows)).splitlines()
    assert header == "source,patient_id,tier,bucket,entries,last_day,mean_severity,worst,locations,qualities"
    assert line == "clinic,'=1+1,,not_recorded,1,2026-03-31,7.0,8.5,Neck; Jaw,"
