from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from tests.views import events


@pytest.fixture(scope="session", autouse=True)
def _scanned_once() -> Iterator[None]:
    """Streamlit looks through all installed packages for components whenever a page is opened by AppTest; there are none."""
    found = manifest_scanner.scan_component_manifests()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(manifest_scanner, "scan_component_manifests", lambda: found)
        yield


@pytest.fixture(scope="session")
def clinic_template(duckdb_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return events.prepared(duckdb_template, tmp_path_factory.mktemp("clinic"))


@pytest.fixture
def clinic(clinic_template: Path, tmp_path: Path) -> Iterator[Engine]:
    """The database that the app opens in this test: shipped rules, no diaries."""
    with events.opened(clinic_template, tmp_path) as engine:
        yield engine


@pytest.fixture
def open_page(clinic: Engine) -> Callable[..., AppTest]:
    """open_page("imports"), or open_page("imports", name="M. Ito") for a reader who has given a name."""
    return lambda page, name=None: events.open_page(page, name)
