from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest, local_script_runner
from streamlit.testing.v1.local_script_runner import LocalScriptRunner

from dashboard.rules import active
from tests.conftest import some_rules
from tests.views import events


@pytest.fixture(scope="session", autouse=True)
def _without_waste() -> Iterator[None]:
    """Streamlit looks through all installed packages for components whenever a page is opened by AppTest; there are none. And it asks
    a thousand times a second whether a script has ended, which slows that script down."""
    found = manifest_scanner.scan_component_manifests()

    def ended(runner: LocalScriptRunner, timeout: float) -> None:
        runner._script_thread.join(timeout)
        assert runner.script_stopped(), f"a page took longer than {timeout} s"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(manifest_scanner, "scan_component_manifests", lambda: found)
        patched.setattr(local_script_runner, "require_widgets_deltas", ended)
        yield


@pytest.fixture(scope="session")
def whole_template(duckdb_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the shipped rules in force and no diaries, to be copied."""
    return events.prepared(duckdb_template, tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="session")
def few_template(duckdb_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a few of them."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(active, "load", some_rules)
        return events.prepared(duckdb_template, tmp_path_factory.mktemp("few"))


@pytest.fixture
def all_rules() -> None:
    """For tests that ask for it all shipped rules are in force."""


@pytest.fixture
def clinic(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """The database that the app opens in this test: some of the shipped rules, no diaries."""
    if "all_rules" not in request.fixturenames:
        request.getfixturevalue("few_rules")
    with events.opened(request.getfixturevalue("whole_template" if "all_rules" in request.fixturenames else "few_template"), tmp_path) as engine:
        yield engine


@pytest.fixture
def open_page(clinic: Engine) -> Callable[..., AppTest]:
    """open_page("imports"), or open_page("imports", name="M. Ito") for a reader who has given a name."""
    return events.open_page
