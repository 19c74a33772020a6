"""Two people at the same file, or at the same patients, at once: both get what they asked for, and no row is stored twice or lost."""
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine, func, select

from dashboard import database
from dashboard.errors import Refused
from dashboard.imports import commit, quarantine, undo
from dashboard.imports.commit import Receipt
from dashboard.imports.planned import ImportPlan
from dashboard.rules import active, flags
from dashboard.schema import duplicate_row, flag, import_batch, patient
from tests.files import AT, TODAY, counts, imported, live, planned, stored

HEADER = "patient_id,recorded_at,entry_id,severity,saddle_numbness"
FATES = ("loaded", "duplicate", "quarantined")
FILE = (HEADER, "1,2026-03-30,,4,yes", "1,2026-03-31,,5,no", "2,2026-03-30,a,4,no", "2,2026-03-31,,eleven,no")


@pytest.fixture
def desks(engine: Engine, few_rules: None) -> Iterator[tuple[Engine, Engine]]:
    """Two people's connections: in the app they share its engine; on a server they need have nothing in common but the server."""
    active.record_shipped(engine, at=AT)
    if engine.dialect.name == "duckdb":
        yield engine, engine
        return
    other = database.open_engine(engine.url.render_as_string(hide_password=False))
    yield engine, other
    other.dispose()


def at_once(*work: Callable[[], Receipt]) -> list[Receipt]:
    ready = Barrier(len(work))

    def begin(one: Callable[[], Receipt]) -> Receipt:
        ready.wait(30)
        return one()
    with ThreadPoolExecutor(len(work)) as people:
        return [found.result(60) for found in [people.submit(begin, one) for one in work]]


def stores(engine: Engine, plan: ImportPlan) -> Callable[[], Receipt]:
    return lambda: commit.commit_and_evaluate(engine, plan, by="A. Lee", at=AT, today=TODAY)


def test_the_same_file_at_once_is_stored_once(desks: tuple[Engine, Engine]) -> None:
    plans = [planned(desk, *FILE) for desk in desks]
    assert [counts(plan, *FATES) for plan in plans] == [(3, 0, 1), (3, 0, 1)]
    first, second = sorted(at_once(*map(stores, desks, plans)), key=lambda receipt: receipt.batch)
    assert (counts(first, *FATES), first.otherwise) == ((3, 0, 1), False)
    # whoever came second is told that all of it is here already, and that this is not what the check had said
    assert (counts(second, *FATES), second.otherwise) == ((0, 3, 1), True)
    assert live(desks[0], "patient_id", "recorded_at", "severity") == [("1", "2026-03-30", "4"), ("1", "2026-03-31", "5"), ("2", "2026-03-30", "4")]
    with desks[0].connect() as connection:
        assert connection.scalar(select(func.count()).select_from(patient)) == 2
        assert connection.scalar(select(func.count()).select_from(flag).where(flag.c.status == "open", flag.c.tier == "E")) == 1
        assert connection.scalar(select(func.count()).select_from(duplicate_row)) == 3
        assert not flags.is_pending(connection)
    # and either can be taken back without the other's rows
    undo.undo(desks[0], 1, by="M. Ito", at=AT)
    assert len(live(desks[0], "severity")) == 3


def test_of_two_revisions_the_later_one_stands_and_neither_is_lost(desks: tuple[Engine, Engine]) -> None:
    imported(desks[0], HEADER, "1,2026-03-30,a,4,no")
    said = ("6", "7")
    plans = [planned(desk, HEADER, f"1,2026-03-30,a,{severity},no") for desk, severity in zip(desks, said, strict=True)]
    found = at_once(*map(stores, desks, plans))
    assert [counts(receipt, "revised", "entries") for receipt in found] == [(1, 0), (1, 0)]
    of_batch = {receipt.batch: severity for receipt, severity in zip(found, said, strict=True)}
    assert live(desks[0], "severity") == [(of_batch[3],)]
    undo.undo(desks[0], 3, by="M. Ito", at=AT)
    assert live(desks[0], "severity") == [(of_batch[2],)]
    undo.undo(desks[0], 2, by="M. Ito", at=AT)
    assert live(desks[0], "severity") == [("4",)]


def test_what_was_undone_after_the_check_is_stored_anew(desks: tuple[Engine, Engine]) -> None:
    mine, other = desks
    imported(mine, HEADER, "1,2026-03-30,,4,no", "1,2026-03-30,a,4,no")
    plan = planned(mine, HEADER, "1,2026-03-30,,4,no", "1,2026-03-30,a,5,no")
    assert counts(plan, "duplicate", "revised") == (1, 1)
    undo.undo(other, 1, by="M. Ito", at=AT)
    receipt = stores(mine, plan)()
    assert (counts(receipt, "duplicate", "revised", "entries"), receipt.otherwise) == ((0, 0, 2), True)
    assert sorted(live(mine, "severity")) == [("4",), ("5",)]


def test_an_undo_and_an_import_of_the_same_rows_at_once(desks: tuple[Engine, Engine]) -> None:
    """Whichever comes first, the rows are there in the end: handed over to the second batch, or stored with it."""
    imported(desks[0], *FILE)
    at_once(lambda: undo.undo(desks[1], 1, by="M. Ito", at=AT), stores(desks[0], planned(desks[0], *FILE)))
    assert live(desks[0], "patient_id", "severity") == [("1", "4"), ("1", "5"), ("2", "4")]


def test_a_batch_is_undone_once(desks: tuple[Engine, Engine]) -> None:
    imported(desks[0], *FILE)

    def undone(desk: Engine) -> str:
        try:
            return str(undo.undo(desk, 1, by="M. Ito", at=AT)["entries"])
        except Refused as refusal:
            return str(refusal)
    assert sorted(at_once(*[lambda desk=desk: undone(desk) for desk in desks])) == ["3", "Batch 1 was undone already. Nothing was changed."]


def test_a_row_that_waits_is_corrected_once(desks: tuple[Engine, Engine]) -> None:
    imported(desks[0], *FILE)
    with desks[0].connect() as connection:
        rows = quarantine.rows(connection, 1).drop(columns=["what_is_wrong", "what_would_be_right"]).assign(severity="10").to_csv(index=False).splitlines()
    found = at_once(*[stores(desk, planned(desk, *rows)) for desk in desks])
    assert sorted((receipt.fixed, *counts(receipt, *FATES)) for receipt in found) == [(0, 0, 1, 0), (1, 1, 0, 0)]
    assert live(desks[0], "patient_id", "severity")[-1] == ("2", "10")


def test_many_at_once(desks: tuple[Engine, Engine]) -> None:
    """Overlapping files, checked while others are being stored: in the end every row is there once, and every batch adds up."""
    draw = random.Random(1)
    rows = [f"{n % 7},2026-03-{n % 28 + 1:02},{f'id{n}' if n % 3 else ''},{n % 11},no" for n in range(60)]
    sent = [draw.sample(rows, 30) for _ in range(8)]

    def person(desk: Engine, files: list[list[str]]) -> Receipt:
        for file in files:
            last = stores(desk, planned(desk, HEADER, *file))()
        return last
    at_once(*[lambda n=n: person(desks[n % 2], sent[2 * n:2 * n + 2]) for n in range(4)])
    different = {row for file in sent for row in file}
    assert len(live(desks[0], "severity")) == len(different)
    assert len(set(stored(desks[0], "entry"))) == len(stored(desks[0], "entry")) == len(different)
    with desks[0].connect() as connection:
        batches = connection.execute(select(import_batch.c.batch, import_batch.c.loaded, import_batch.c.duplicate).order_by(import_batch.c.batch)).all()
        assert [batch for batch, _, _ in batches] == list(range(1, 9))
        assert sum(loaded for _, loaded, _ in batches) == len(different)
        assert all(loaded + duplicate == 30 for _, loaded, duplicate in batches)
        assert connection.scalar(select(func.count()).select_from(patient)) == 7 and not flags.is_pending(connection)
