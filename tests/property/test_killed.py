"""A process that is killed while it imports: the whole file is stored, or nothing of it, and nothing stands in the way of what comes next."""
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, func, make_url, select

from dashboard import audit, database, start
from dashboard.imports import commit, plan, tabular
from dashboard.rules import flags
from dashboard.schema import diary_entry, duplicate_row, flag, import_batch, patient, patient_outcome, quarantined_row, supersession
from tests import killing
from tests.canonical import Row, quiet, scant, written
from tests.conftest import SERVER
from tests.files import AT, BY, TODAY, live

KILLS = {"default": 4, "campaign": 200}[os.environ.get("HYPOTHESIS_PROFILE", "default")]
SEED = 0 if KILLS < 100 else None  # the campaign chooses other moments each time
HERE = [*[quiet(str(n), TODAY - n % 40, entry_id=f"e{n}") for n in range(100)], *[scant(str(n), TODAY - n % 40) for n in range(100)]]
COMES: list[Row] = [
    *[quiet(str(n), TODAY - n % 40, entry_id=f"e{n}", severity="9") for n in range(50)],  # revisions
    *[scant(str(n), TODAY - n % 40) for n in range(100)],  # here already
    *[quiet(str(n), TODAY - 1, severity="ten", saddle_numbness="yes") for n in range(50)],  # not to be loaded
    *[quiet(f"new {n % 200}", TODAY - n // 200, urinary_incontinence="yes" if n % 100 == 0 else "no") for n in range(600)]]


def imported(engine: Engine, file: Path) -> commit.Receipt:
    with engine.connect() as connection:
        planned = plan.plan(connection, tabular.read(file, file.name), today=TODAY)
    return commit.commit_and_evaluate(engine, planned, by=BY, at=AT, today=TODAY)


def says(engine: Engine) -> tuple[object, ...]:
    """What pages would show, in names that do not depend on how often something was tried."""
    with engine.connect() as connection:
        of = dict(connection.execute(select(patient.c.patient, patient.c.patient_id)).all())
        raised = Counter((of[who], rule, tier, status) for who, rule, tier, status in connection.execute(
            select(flag.c.patient, flag.c.rule_id, flag.c.tier, flag.c.status)))
        stand = {of[who]: bucket for who, bucket in connection.execute(select(patient_outcome.c.patient, patient_outcome.c.bucket)).all()}
        return live(engine, "patient_id", "entry_id", "recorded_at", "severity", "urinary_incontinence"), raised, stand


def adds_up(engine: Engine) -> int:
    """How many batches there are; whatever is stored belongs to one, and every one has all that its numbers say."""
    with engine.connect() as connection:
        def per_batch(table: object, *where: object) -> dict[int, int]:
            return dict(connection.execute(select(table.c.batch, func.count()).where(*where).group_by(table.c.batch)).all())
        batches = connection.execute(select(import_batch)).mappings().all()
        assert per_batch(diary_entry) == {row["batch"]: row["entries"] + row["revised"] for row in batches if row["entries"] + row["revised"]}
        assert per_batch(quarantined_row) == {row["batch"]: row["quarantined"] for row in batches if row["quarantined"]}
        assert per_batch(duplicate_row) == {row["batch"]: row["duplicate"] for row in batches if row["duplicate"]}
        assert per_batch(supersession) == {row["batch"]: row["revised"] for row in batches if row["revised"]}
        known = set(connection.scalars(select(patient.c.patient)))
        assert known == set(connection.scalars(select(diary_entry.c.patient)))
        replaced = set(connection.scalars(select(supersession.c.entry)))
        assert replaced == set(connection.scalars(select(diary_entry.c.entry).where(diary_entry.c.superseded)))
        noted = audit.events(connection, kinds=("import_committed",))["subject"].astype(int)
        assert sorted(noted) == [row["batch"] for row in batches]
        assert connection.scalar(select(func.count()).select_from(patient_outcome)) in (0, len(known)) or flags.is_pending(connection)
    return len(batches)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("sent")
    (folder / "here.csv").write_text(written(*HERE))
    (folder / "comes.csv").write_text(written(*COMES))
    return folder / "here.csv", folder / "comes.csv"


@pytest.fixture(scope="module")
def children(tmp_path_factory: pytest.TempPathFactory) -> Iterator[killing.Importer]:
    with killing.importer(tmp_path_factory.mktemp("children") / "log") as found:
        yield found


def _filled(url: str, file: Path) -> None:
    engine = start.open_database(url, at=AT, today=TODAY)
    imported(engine, file)
    engine.dispose()


@pytest.fixture
def fresh(request: pytest.FixtureRequest, few_rules: None, sent: tuple[Path, Path], tmp_path: Path) -> Iterator[Callable[[], str]]:
    """fresh() is the URL of a database with the first file in it, as often as one is asked for; there is but one at a time."""
    if request.param == "duckdb":
        template, copy = tmp_path / "template.duckdb", tmp_path / "copy.duckdb"
        _filled(f"duckdb:///{template}", sent[0])

        def duckdb() -> str:
            (tmp_path / "copy.duckdb.wal").unlink(missing_ok=True)
            return f"duckdb:///{shutil.copy(template, copy)}"
        yield duckdb
        return
    url, name = make_url(os.environ[SERVER]), f"pain_diary_killed_{os.getpid()}"
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        _filled(url.set(database=name).render_as_string(hide_password=False), sent[0])

        def postgresql() -> str:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}_copy WITH (FORCE)")
            connection.exec_driver_sql(f"CREATE DATABASE {name}_copy TEMPLATE {name}")
            return url.set(database=f"{name}_copy").render_as_string(hide_password=False)
        yield postgresql
        for each in (f"{name}_copy", name):
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {each} WITH (FORCE)")
    server.dispose()


@pytest.mark.parametrize("fresh", ["duckdb", "postgresql"], indirect=True)
def test_killed_at_any_moment_the_whole_file_is_there_or_nothing_of_it(
        fresh: Callable[[], str], sent: tuple[Path, Path], children: killing.Importer, few_rules: None) -> None:
    url = fresh()
    assert children.run(url, sent[1], AT, TODAY) == "closed"
    engine = start.open_database(url, at=AT, today=TODAY)
    before, expected = 1, says(engine)
    assert adds_up(engine) == before + 1
    engine.dispose()
    seen: Counter[tuple[str, bool]] = Counter()
    for step, share in killing.moments(KILLS, SEED):
        url = fresh()
        last = children.run(url, sent[1], AT, TODAY, step, share)
        engine = database.open_engine(url)
        with database.writing(engine):
            pass  # a server may still be at what the dead process asked of it last
        stored = adds_up(engine) == before + 1
        seen[last, stored] += 1
        told = killing.STEPS.index(last)
        assert stored if told >= killing.STEPS.index("committed") else not stored or last == "planned", (last, step, share)
        with engine.connect() as connection:
            assert not flags.is_pending(connection) or (stored and told < killing.STEPS.index("evaluated"))
        # what the next start does; and the same file can be sent at once
        start.bring_up_to_date(engine, at=AT, today=TODAY)
        with engine.connect() as connection:
            assert not flags.is_pending(connection)
        if stored:
            assert says(engine) == expected
        again = imported(engine, sent[1])
        assert (again.counts["loaded"] == 0) == stored
        assert says(engine) == expected
        assert adds_up(engine) == before + 1 + stored
        engine.dispose()
    print({f"{step}, {'whole' if stored else 'nothing'}": number for (step, stored), number in sorted(seen.items())})
    assert sum(seen.values()) == KILLS
