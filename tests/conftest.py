import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine, create_engine, make_url

from dashboard import database
from dashboard.rules import active, definition
from tests import databases, servers

SERVER = "PAIN_DIARY_TEST_POSTGRES"
SLOWEST = ("browser", "views", "property", "spec")
FEW_RULES = ("E01", "E04", "E05", "E06", "E07", "U01", "U08", "R02", "R04", "R10")

# examples that need an empty database empty it themselves, so a fixture that lives for all of them is meant
_SUPPRESSED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
# the same examples every time: a change is never blamed for an old fault. The campaign looks elsewhere each time.
settings.register_profile("default", max_examples=5, derandomize=True, deadline=None, suppress_health_check=_SUPPRESSED)
settings.register_profile("campaign", max_examples=1500, derandomize=False, deadline=None, print_blob=True, suppress_health_check=_SUPPRESSED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
# examples of which each asks a database take seconds, others take milliseconds
asks_a_database = settings(max_examples=min(settings.default.max_examples, 100))

os.environ.setdefault("PAIN_DIARY_AHEAD", "no")  # nothing goes on behind a test's back
databases.guard_the_wall()
databases.compile_once()
_servers = ExitStack()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    # before the workers are started: they inherit the address, and use the one server
    if SERVER not in os.environ and not session.config.option.collectonly:
        os.environ[SERVER] = _servers.enter_context(servers.postgres())
        _servers.callback(os.environ.pop, SERVER)


def pytest_unconfigure() -> None:
    _servers.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # folders whose files take longest first, so that no worker is left alone with one at the end
    items.sort(key=lambda item: next((place for place, folder in enumerate(SLOWEST) if folder in item.path.parts), len(SLOWEST)))
    for item in items:  # a file stays with one worker; those of the browser together, so that it and the demo are started once
        item.add_marker(pytest.mark.xdist_group("browser" if "browser" in item.path.parts else str(item.path)))


@pytest.fixture(scope="session")
def duckdb_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with our schema and nothing else, to be copied."""
    path = tmp_path_factory.mktemp("template") / "empty.duckdb"
    engine = database.open_engine(f"duckdb:///{path}")
    databases.empty(engine)
    engine.dispose()
    return path


@pytest.fixture
def duckdb_url(duckdb_template: Path, tmp_path: Path) -> str:
    """Of an empty database file of this test's own, not opened yet."""
    return f"duckdb:///{shutil.copy(duckdb_template, tmp_path / 'diary.duckdb')}"


@pytest.fixture(scope="session")
def duckdb_database(duckdb_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One database for all tests of this process: an engine of its own would compile every statement again."""
    path = shutil.copy(duckdb_template, tmp_path_factory.mktemp("database") / "diary.duckdb")
    engine = database.open_engine(f"duckdb:///{path}")
    yield engine
    engine.dispose()


@pytest.fixture
def duckdb_engine(duckdb_database: Engine) -> Engine:
    databases.empty(duckdb_database)
    return duckdb_database


@pytest.fixture(scope="session")
def postgresql_database() -> Iterator[Engine]:
    """One database for all tests of this process, with whatever the last test left in it."""
    url = make_url(os.environ[SERVER])
    name = f"pain_diary_test_{os.getpid()}"
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine = database.open_engine(url.set(database=name).render_as_string(hide_password=False))
    yield engine
    engine.dispose()
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    server.dispose()


@pytest.fixture
def postgresql_engine(postgresql_database: Engine) -> Engine:
    databases.empty(postgresql_database)
    return postgresql_database


@pytest.fixture(params=["duckdb", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """An empty database with our schema, once on each engine."""
    return request.getfixturevalue(f"{request.param}_engine")


def some_rules(folder: Path) -> tuple[definition.Rule, ...]:
    """Of every tier."""
    return tuple(rule for rule in definition.load(folder) if rule.rule_id in FEW_RULES)


@pytest.fixture
def few_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of the shipped rules: where it is not the rules that are tested, the others only take time."""
    monkeypatch.setattr(active, "load", some_rules)
