"""The status line, and the day as of which everything is shown."""
from datetime import date

import pytest
from sqlalchemy import Engine

from dashboard import start, status
from dashboard.days import day_of
from dashboard.rules import active, definition, flags
from dashboard.schema import import_batch
from dashboard.status import Status
from tests.canonical import quiet
from tests.clinic import AT, TODAY, Clinic

LAST_DAY = day_of(date(2026, 3, 1))


def read(clinic: Clinic) -> Status:
    with clinic.engine.connect() as connection:
        return status.read(connection, clinic.today)


def test_the_line_says_as_of_when_on_whose_data_and_by_which_rules(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY - 3, source="a"), quiet("1", TODAY, source="a", severity="5"), quiet("1", TODAY - 20, source="b"),
                 quiet("2", TODAY + 1, source="a"))
    found = read(clinic)
    assert (found.as_of, found.through, found.patients, found.entries) == (TODAY, {"a": TODAY, "b": TODAY - 20}, 3, 3)
    assert (found.oldest, found.age, found.age > status.STALE, found.is_empty, found.pending, found.due) == (TODAY - 20, 20, True, False, False, False)
    assert status.line(found) == "As of 1 Apr 2026 · data through 12 Mar 2026 (oldest source) · 3 patients, 3 entries, 2 sources · rules v1"
    assert status.DISCLAIMER.endswith("Absence of a highlight does not mean absence of risk.")


def test_without_diaries(engine: Engine) -> None:
    clinic = Clinic(engine)
    assert status.line(read(clinic)) == "As of 1 Apr 2026 · no diaries yet · rules v1"
    clinic.sends(quiet("1", TODAY + 1))
    assert status.line(read(clinic)) == "As of 1 Apr 2026 · no entry by this date · 1 patient, 0 entries, 0 sources · rules v1"


def test_what_waits_and_what_failed_is_said(engine: Engine) -> None:
    clinic = Clinic(engine)
    assert (read(clinic).pending, read(clinic).due) == (True, True)  # the rules were put in force
    clinic.sends(quiet("1", TODAY))
    assert (read(clinic).pending, read(clinic).due, read(clinic).failed_rules, read(clinic).waiting_rule_sets) == (False, False, (), ())
    clinic.stores(quiet("1", TODAY, severity="6"))
    assert (read(clinic).pending, read(clinic).due) == (True, True)
    clinic.evaluates()
    clinic.days_pass(1)
    assert (read(clinic).pending, read(clinic).due) == (False, True)
    active.record_shipped(engine, at=clinic.at)
    assert (read(clinic).rule_set, read(clinic).waiting_rule_sets) == (1, (2,))
    active.activate(engine, 2, reason="agreed", **clinic.moment())
    assert (read(clinic).rule_set, read(clinic).waiting_rule_sets, read(clinic).pending) == (2, (), True)


# --- the default as-of date -------------------------------------------------------------------------------------------------------

def test_demo_diaries_are_shown_as_of_their_last_day_until_others_come(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.stores(quiet("1", LAST_DAY - 9), quiet("2", LAST_DAY), demo=True)
    assert start.bring_up_to_date(engine, at=clinic.at, today=clinic.today)
    found = read(clinic)
    assert (found.as_of, found.only_demo, found.demo_batches, found.due) == (LAST_DAY, True, (1,), False)
    clinic.days_pass(30)
    assert not read(clinic).due
    clinic.sends(quiet("3", clinic.today))
    assert (read(clinic).as_of, read(clinic).only_demo, read(clinic).demo_batches) == (clinic.today, False, (1,))
    start.remove(engine, [1], today=clinic.today, **clinic.moment())
    assert (read(clinic).as_of, read(clinic).demo_batches, read(clinic).patients) == (clinic.today, (), 1)


def test_the_day_never_goes_back(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY))
    clinic.today -= 1
    assert read(clinic).as_of == TODAY and not read(clinic).due
    clinic.today += 5
    assert read(clinic).as_of == TODAY + 4 and read(clinic).due
    assert start.bring_up_to_date(engine, at=clinic.at, today=clinic.today) and not read(clinic).due


# --- opening ----------------------------------------------------------------------------------------------------------------------

def test_a_new_file_starts_with_the_demo_and_only_a_new_one(duckdb_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    sample = start.sample_files()[-1]
    monkeypatch.setattr(start, "sample_files", lambda: [sample])
    said: list[str] = []
    for opened in range(2):
        engine = start.open_database(duckdb_url, at=AT, today=TODAY, demo=True, progress=said.append)
        with engine.connect() as connection:
            assert [bool(demo) for demo in connection.scalars(import_batch.select().with_only_columns(import_batch.c.demo))] == [True], opened
            assert active.current(connection).rules == definition.load() and not flags.is_due(connection, TODAY)
        engine.dispose()
    assert said == [sample.name]


@pytest.mark.parametrize("demo", [True, False])
def test_a_server_and_a_file_without_demo_start_empty(engine: Engine, demo: bool) -> None:
    if demo and engine.dialect.name == "duckdb":
        return
    opened = start.open_database(engine.url.render_as_string(hide_password=False), at=AT, today=TODAY, demo=demo)
    with opened.connect() as connection:
        assert status.read(connection, TODAY).is_empty and not flags.is_pending(connection)
    opened.dispose()
