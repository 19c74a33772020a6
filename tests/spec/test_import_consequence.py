"""A plan says what it would do to the flags, and an import then does that."""
import pytest
from sqlalchemy import Engine, func, select

from dashboard.imports import commit, plan, tabular, undo
from dashboard.imports.planned import ImportPlan
from dashboard.rules import active, flags
from dashboard.schema import flag, patient_outcome
from tests.files import AT, BY, TODAY, planned, sheet

HEAD = "patient_id,entry_id,recorded_at,severity,locations,urinary_retention,fever"
CALM = [f"{number},,2026-03-30,3,low_back,no,no" for number in range(10, 40)]


@pytest.fixture
def engine_with_rules(engine: Engine, few_rules: None) -> Engine:
    active.record_shipped(engine, at=AT)
    return engine


def foreseen(engine: Engine, *lines: str) -> ImportPlan:
    with engine.connect() as connection:
        return plan.plan(connection, tabular.read(sheet(HEAD, *lines), "diary.csv"), today=TODAY, rules=active.current(connection).rules, as_of=TODAY)


def evaluated(engine: Engine, found: ImportPlan, **also: object) -> commit.Receipt:
    return commit.commit_and_evaluate(engine, found, by=BY, at=AT, today=TODAY, **also)


def test_what_a_plan_foresees_comes_true(engine_with_rules: Engine) -> None:
    engine = engine_with_rules
    evaluated(engine, foreseen(engine, *CALM, "1,a,2026-03-30,3,low_back,no,no"))
    found = foreseen(engine, "1,b,2026-03-31,3,low_back,yes,no", "10,,2026-03-31,4,low_back,no,no")
    assert found.consequence.raised == found.consequence.by_tier["E"] == 1
    assert found.sentence == "2 rows: 2 new, 0 already here, 0 need attention. Importing raises 1 flag, an emergency."
    steps: list[str] = []
    receipt = evaluated(engine, found, tell=steps.append)
    assert (receipt.flags_raised, receipt.flags_closed) == (1, 0)
    assert steps == ["Storing: 2 of 2 entries", "Stored as batch 2. Working out the flags of 2 patients"]
    assert foreseen(engine, "1,c,2026-04-01,3,low_back,yes,no").consequence.raised == 0  # raised already


def test_a_revision_may_take_the_ground_from_a_flag(engine_with_rules: Engine) -> None:
    engine = engine_with_rules
    evaluated(engine, foreseen(engine, *CALM, "1,a,2026-03-30,3,low_back,yes,no"))
    found = foreseen(engine, "1,a,2026-03-30,3,low_back,no,no")
    assert (found.consequence.raised, found.consequence.closed, found.consequence.closed_by_tier) == (0, 1, {"E": 1})
    assert "1 flag would no longer be met" in found.sentence


def test_a_plan_leaves_no_trace(engine_with_rules: Engine) -> None:
    engine = engine_with_rules
    foreseen(engine, "1,a,2026-03-30,3,low_back,yes,no")
    with engine.connect() as connection:
        assert not connection.scalar(select(func.count()).select_from(patient_outcome)) and not connection.scalar(select(func.count()).select_from(flag))
        assert flags.last(connection) is None


def test_an_emergency_of_many_is_doubted(engine_with_rules: Engine) -> None:
    suspicious = [f"{number},,2026-03-30,3,low_back,yes,no" for number in range(1, 4)]
    found = foreseen(engine_with_rules, *CALM, *suspicious)
    assert any(note.startswith("E06") and "9% of the patients" in note for note in found.notes)
    assert not any("of the patients" in note for note in foreseen(engine_with_rules, *CALM, suspicious[0]).notes)


def test_undo_with_evaluation_closes_what_rested_on_the_batch(engine_with_rules: Engine) -> None:
    engine = engine_with_rules
    evaluated(engine, foreseen(engine, *CALM))
    receipt = evaluated(engine, foreseen(engine, "1,a,2026-03-30,3,low_back,yes,no"))
    found = undo.undo_and_evaluate(engine, receipt.batch, by=BY, at=AT, today=TODAY)
    assert (found["entries"], found["patients_gone"], found["flags_closed"]) == (1, 1, 1)
    with engine.connect() as connection:
        assert not flags.is_pending(connection)


def test_without_rules_nothing_is_foreseen(duckdb_engine: Engine) -> None:
    assert planned(duckdb_engine, HEAD, *CALM).consequence is None
