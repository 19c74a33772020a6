"""An undone batch takes back exactly what it brought, and nothing that another live batch says too."""
import pytest
from sqlalchemy import Engine, select

from dashboard import audit, cohort
from dashboard.errors import NotFound, Refused
from dashboard.imports import batches, export, quarantine, undo
from dashboard.schema import diary_entry, handover, import_batch, supersession
from tests.files import AT, BY, EVER, imported, live, stored

HEAD = "patient_id,entry_id,recorded_at,severity"


def undone(engine: Engine, batch: int) -> dict:
    """Undoes it, after checking that the plan says the same."""
    with engine.connect() as connection:
        planned = undo.plan_undo(connection, batch).as_dict()
    found = undo.undo(engine, batch, by=BY, at=AT)
    assert found == planned
    assert_superseded_follows_the_facts(engine)
    return found


def assert_superseded_follows_the_facts(engine: Engine) -> None:
    with engine.connect() as connection:
        in_force = set(connection.scalars(select(supersession.c.entry).join(import_batch, import_batch.c.batch == supersession.c.batch).where(
            import_batch.c.undone_event.is_(None))))
        assert set(connection.scalars(select(diary_entry.c.entry).where(diary_entry.c.superseded))) == in_force


def severities(engine: Engine) -> list[str]:
    return sorted(severity for severity, in live(engine, "severity"))


def test_undo_takes_back_what_the_batch_brought(engine: Engine) -> None:
    imported(engine, HEAD, "1,,2026-03-01,1", "2,,2026-03-01,2")
    imported(engine, HEAD, "2,,2026-03-02,3", "3,,2026-03-01,4", "4,,2026-03-01,x")
    found = undone(engine, 2)
    assert found == {"batch": 2, "entries": 2, "kept": {}, "brought_back": 0, "patients": 2, "patients_gone": 1, "quarantined": 1,
                     "waiting_again": 0, "flags": {}}
    assert severities(engine) == ["1", "2"]
    with engine.connect() as connection:
        assert sorted(row.patient_id for row in connection.execute(cohort.patients())) == ["1", "2"]


def test_an_undone_file_can_come_again(engine: Engine) -> None:
    lines = (HEAD, "1,a,2026-03-01,1", "2,,2026-03-01,2")
    imported(engine, *lines)
    undone(engine, 1)
    receipt = imported(engine, *lines)
    assert (receipt.batch, receipt.counts["loaded"]) == (2, 2)
    assert severities(engine) == ["1", "2"]


@pytest.mark.parametrize(("order", "left"), [
    ((2,), ["3"]), ((3,), ["2"]), ((2, 3), ["1"]), ((3, 2), ["1"]), ((1,), ["3"]), ((1, 3), ["2"]), ((1, 2, 3), []), ((3, 1), ["2"])])
def test_a_chain_of_revisions(engine: Engine, order: tuple[int, ...], left: list[str]) -> None:
    """Whichever are undone in whatever order, the last that is left decides."""
    for severity in (1, 2, 3):
        imported(engine, HEAD, f"1,a,2026-03-01,{severity}")
    for batch in order:
        undone(engine, batch)
    assert severities(engine) == left


def test_the_older_version_is_counted_as_brought_back(engine: Engine) -> None:
    imported(engine, HEAD, "1,a,2026-03-01,1", "1,b,2026-03-02,2")
    imported(engine, HEAD, "1,a,2026-03-01,5", "1,b,2026-03-02,2")
    found = undone(engine, 2)
    assert (found["entries"], found["brought_back"], found["kept"]) == (1, 1, {})


def test_an_entry_that_a_later_batch_repeats_is_handed_to_it(engine: Engine) -> None:
    imported(engine, HEAD, "1,,2026-03-01,1", "2,,2026-03-01,2")
    imported(engine, HEAD, "9,,2026-03-01,9", "1,,2026-03-01,1", "1,,2026-03-01,1")
    imported(engine, HEAD, "2,,2026-03-01,2", "1,,2026-03-01,1")
    found = undone(engine, 1)
    assert (found["entries"], found["kept"], found["patients_gone"]) == (0, {"2": 1, "3": 1}, 0)
    assert stored(engine, "entry", "batch", "row_number") == [(1, 2, 3), (2, 3, 2), (3, 2, 2)]
    undone(engine, 2)
    assert stored(engine, "entry", "batch", "row_number") == [(1, 3, 3), (2, 3, 2), (3, 2, 2)]
    assert severities(engine) == ["1", "2"]
    undone(engine, 3)
    assert severities(engine) == []


def test_undoing_the_batch_that_only_repeats_takes_nothing(engine: Engine) -> None:
    imported(engine, HEAD, "1,,2026-03-01,1")
    imported(engine, HEAD, "1,,2026-03-01,1")
    assert undone(engine, 2)["entries"] == 0
    undone(engine, 1)
    assert severities(engine) == []


def test_a_revision_that_is_handed_on_goes_on_superseding(engine: Engine) -> None:
    imported(engine, HEAD, "1,a,2026-03-01,1")
    imported(engine, HEAD, "1,a,2026-03-01,2")
    imported(engine, HEAD, "1,a,2026-03-01,2")
    found = undone(engine, 2)
    assert (found["kept"], found["brought_back"]) == ({"3": 1}, 0)
    assert severities(engine) == ["2"]
    assert undone(engine, 3)["brought_back"] == 1
    assert severities(engine) == ["1"]


def test_a_superseded_entry_is_handed_on_too(engine: Engine) -> None:
    imported(engine, HEAD, "1,a,2026-03-01,1")
    imported(engine, HEAD, "1,a,2026-03-01,1")
    imported(engine, HEAD, "1,a,2026-03-01,2")
    undone(engine, 1)
    assert severities(engine) == ["2"]
    undone(engine, 3)
    assert severities(engine) == ["1"]


def test_what_was_known_before_the_undo_can_still_be_asked(engine: Engine) -> None:
    imported(engine, HEAD, "1,a,2026-03-01,1", "2,,2026-03-01,7")
    imported(engine, HEAD, "1,a,2026-03-01,2", "2,,2026-03-01,7")
    with engine.connect() as connection:
        before = audit.latest(connection)
    undone(engine, 1)
    undone(engine, 2)
    with engine.connect() as connection:
        assert sorted(export.canonical(connection, cohort.entries(connection, EVER, before))["severity"]) == ["2", "7"]
        assert sorted(export.canonical(connection, cohort.entries(connection, EVER, before - 1))["severity"]) == ["1", "7"]
        assert export.canonical(connection, cohort.entries(connection, EVER)).empty


def test_a_correction_that_is_undone_leaves_the_row_waiting_again(engine: Engine) -> None:
    imported(engine, HEAD, "1,a,2026-03-01,x", "2,,2026-03-01,1")
    imported(engine, HEAD, "1,a,2026-03-01,4")
    assert undone(engine, 2)["waiting_again"] == 1
    with engine.connect() as connection:
        assert quarantine.rows(connection, 1)["quarantined_as"].tolist() == ["1:2"]
    imported(engine, HEAD, "1,a,2026-03-01,5")
    with engine.connect() as connection:
        assert quarantine.rows(connection, 1).empty


@pytest.mark.parametrize(("batch", "error", "says"), [(7, NotFound, "There is no batch 7"), (1, Refused, "undone already")])
def test_what_cannot_be_undone(engine: Engine, batch: int, error: type[Refused], says: str) -> None:
    imported(engine, HEAD, "1,,2026-03-01,1")
    undone(engine, 1)
    with engine.connect() as connection:
        before = audit.latest(connection)
    with pytest.raises(error, match=says):
        undo.undo(engine, batch, by=BY, at=AT)
    with engine.connect() as connection:
        assert audit.latest(connection) == before


def test_nothing_is_undone_where_the_event_cannot_be_saved(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    imported(engine, HEAD, "1,a,2026-03-01,1")
    imported(engine, HEAD, "1,a,2026-03-01,2")
    imported(engine, HEAD, "1,a,2026-03-01,2")
    was = stored(engine, "entry", "batch", "row_number", "superseded")

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is full")
    monkeypatch.setattr(audit, "record", broken)
    with pytest.raises(RuntimeError):
        undo.undo(engine, 2, by=BY, at=AT)
    assert stored(engine, "entry", "batch", "row_number", "superseded") == was
    with engine.connect() as connection:
        assert not connection.execute(select(handover)).all()
        assert not connection.execute(select(import_batch.c.batch).where(import_batch.c.undone_event.is_not(None))).all()


def test_the_event_and_the_history_say_who_undid_what(engine: Engine) -> None:
    imported(engine, HEAD, "1,,2026-03-01,1")
    undo.undo(engine, 1, by="R. Okafor", at=AT)
    with engine.connect() as connection:
        event, history = audit.events(connection).iloc[0], batches.history(connection).iloc[0]
    assert (event["kind"], event["subject"], event["details"]["entries"]) == ("import_undone", "1", 1)
    assert (history["imported_by"], history["undone_by"], history["live"]) == (BY, "R. Okafor", False)
