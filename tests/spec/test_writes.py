"""Every write and its event are one transaction: where the audit trail cannot be written, nothing is."""
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from dashboard import activity, audit, saved, triage
from dashboard.cohort import Cohort
from dashboard.imports import commit, quarantine, undo
from dashboard.rules import active, definition, flags
from tests.canonical import quiet
from tests.clinic import AT, TODAY, Clinic, everything

ALL = {"urinary_incontinence": "yes", "leg_numbness": "yes", "weight_loss": "yes"}


class Died(Exception):
    pass


def act(clinic: Clinic, kind: str, rule: str = "R02", **details: object) -> Callable[[], object]:
    seen = {clinic.flag(rule)["flag"]: clinic.flag(rule)["version"]}
    return lambda: triage.act(clinic.engine, seen, triage.Action(kind, **details), today=clinic.today, **clinic.moment())


WRITES: dict[str, Callable[[Clinic], Callable[[], object]]] = {
    "import": lambda c: lambda: commit.commit(
        c.engine, c.planned(quiet("1", TODAY, entry_id="a"), quiet("9", TODAY), quiet("8", TODAY, severity="x")), **c.moment()),
    "import, first of a source": lambda c: lambda: commit.commit(c.engine, c.planned(quiet("1", TODAY, source="new")), demo=True, **c.moment()),
    "undo": lambda c: lambda: undo.undo(c.engine, 1, **c.moment()),
    "dismiss": lambda c: lambda: quarantine.dismiss(c.engine, 1, 3, reason="called", **c.moment()),
    "evaluate everybody": lambda c: lambda: flags.store(c.engine, as_of=TODAY + 1, **c.moment()),
    "evaluate who is touched": lambda c: lambda: flags.store(c.engine, as_of=TODAY, everybody=False, **c.moment()),
    "record the shipped rules": lambda c: lambda: active.record_shipped(c.engine, at=c.at),
    "activate rules": lambda c: lambda: active.activate(c.engine, 2, reason="agreed", **c.moment()),
    "record an export": lambda c: lambda: activity.record_export(c.engine, "a list", rows=3, **c.moment()),
    "save a cohort": lambda c: lambda: saved.save(c.engine, "All", Cohort(), freeze_as_of=TODAY, **c.moment()),
    "acknowledge": lambda c: act(c, "acknowledge"), "start": lambda c: act(c, "start"), "assign": lambda c: act(c, "assign", assignee="M. Ito"),
    "note": lambda c: act(c, "note", text="rang"), "escalate": lambda c: act(c, "escalate"),
    "snooze": lambda c: act(c, "snooze", text="away", until_day=TODAY + 5), "close": lambda c: act(c, "close", outcome="routine_visit"),
    "reopen": lambda c: act(c, "reopen", "U02")}


def _ready(engine: Engine, name: str) -> Clinic:
    clinic = Clinic(engine)
    clinic.begins(quiet("1", TODAY, entry_id="a", **ALL), quiet("2", TODAY, severity="99", **ALL), *[quiet(str(n), TODAY) for n in range(3, 9)])
    clinic.closes("U02")
    if name.startswith("evaluate"):
        clinic.stores(quiet("3", TODAY, severity="2", **ALL))
    if name == "activate rules":
        active.record_shipped(engine, at=clinic.at)
    return clinic


@pytest.mark.parametrize("name", WRITES)
def test_a_write_without_its_event_does_not_happen(engine: Engine, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic = _ready(engine, name)
    write = WRITES[name](clinic)
    before, record = everything(engine), audit.record

    def dies(*arguments: object, **details: object) -> int:
        record(*arguments, **details)
        raise Died
    with monkeypatch.context() as patched:
        patched.setattr(audit, "record", dies)
        with pytest.raises(Died):
            write()
    assert everything(engine) == before
    # and nothing is in the way of trying again, which leaves an event
    write()
    after = everything(engine)
    assert len(after["audit_event"]) > len(before["audit_event"])
    if name != "record an export":
        assert {table for table in after if after[table] != before[table]} - {"audit_event"} or name == "activate rules"


def test_two_processes_that_start_at_once_record_the_shipped_rules_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    text_ = definition.document(definition.load())
    real = active.database.writing

    def late(target: Engine) -> object:
        # the other one gets in between the look and the write
        monkeypatch.setattr(active.database, "writing", real)
        active.record_shipped(engine, at=AT)
        return real(target)
    monkeypatch.setattr(active.database, "writing", late)
    assert not active.record_shipped(engine, at=AT)
    with engine.connect() as connection:
        assert active.versions(connection) == [1] and active.waiting(connection) == [] and active.current(connection).rules == definition.from_document(text_)


def test_the_text_of_a_database_error_holds_nothing_that_was_asked_with(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(DBAPIError) as caught:
        connection.execute(text("SELECT * FROM no_such_table WHERE patient_id = :patient AND note = :note"), {"patient": "MRN-4711", "note": "my secret"})
    assert "MRN-4711" not in str(caught.value) and "my secret" not in str(caught.value)
