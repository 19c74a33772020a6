"""The real app in the real browser: one server and one browser window a test, one browser a worker."""
import faulthandler
import os
import shutil
import socket
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Playwright, Request, sync_playwright
from sqlalchemy import create_engine, make_url

from dashboard import start
from dashboard.days import day_of
from tests.conftest import SERVER
from tests.servers import leashed

ROOT = Path(__file__).parents[2]
PATIENCE = 30  # seconds for anything that one waits for
LONGEST = 300  # seconds a test may take before its worker is ended, with a traceback of where it hangs
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
FAILED = "[data-testid=stException]"  # a script that fails does not get as far as the stamp
STALE = "[data-stale=true]"
RUNS = "Number(document.querySelector('#probe-run')?.dataset.run ?? 0)"
IDLE = '[data-testid=stApp][data-test-connection-state="CONNECTED"][data-test-script-state="notRunning"]'


@dataclass(frozen=True)
class App:
    url: str
    database: str
    log: Path
    stop: Callable[[], None]


# --- for tests to call --------------------------------------------------------------------------------------------------------------

def wait_idle(page: Page) -> None:
    """Connected, no script running, nothing left of the run before; safe only where a run is known to have begun."""
    page.wait_for_selector(IDLE)
    page.wait_for_function(f"!document.querySelector('{STALE}')", polling="raf")


def act_and_wait(page: Page, action: Callable[[], object]) -> float:
    """Does something that makes the page run, and waits until that run has ended and nothing runs. Returns the seconds it took."""
    before, start = page.evaluate(RUNS), time.perf_counter()
    action()
    page.wait_for_function(f"before => {RUNS} > before || document.querySelector('{FAILED}')", arg=before, polling=10)
    wait_idle(page)
    return time.perf_counter() - start


def screenshot(page: Page, name: str) -> None:
    """Kept only where PAIN_DIARY_SCREENSHOTS names a folder."""
    folder = os.environ.get("PAIN_DIARY_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


# --- fixtures -----------------------------------------------------------------------------------------------------------------------

@pytest.fixture(autouse=True)
def _finite() -> Iterator[None]:
    faulthandler.dump_traceback_later(LONGEST, exit=True, file=sys.__stderr__)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="session")
def _playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def new_profile(_playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], BrowserContext]]:
    """A browser with an empty profile."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert program, "The browser tests need Chromium; `make test` says how to install it."
    with ExitStack() as running:
        def launch() -> BrowserContext:
            profile = _playwright.chromium.launch_persistent_context(tmp_path_factory.mktemp("profile"), executable_path=program, args=FLAGS, locale="en-GB")
            profile.set_default_timeout(PATIENCE * 1000)
            running.callback(profile.close)
            return profile
        yield launch


@pytest.fixture(scope="session")
def profile(new_profile: Callable[[], BrowserContext]) -> BrowserContext:
    """One for all windows: what was compiled of the app's scripts once is kept, which is most of what a window costs."""
    return new_profile()


@pytest.fixture
def serve(duckdb_url: str, tmp_path: Path) -> Iterator[Callable[..., App]]:
    """serve() starts the app on an empty database; serve(url) on a database that the test has filled, and closed.
    Further settings go by their names: serve(PAIN_DIARY_DEMO="yes")."""
    with ExitStack() as running:
        yield lambda database=duckdb_url, **settings: _start(running, database, tmp_path, settings)


@pytest.fixture
def open_page(profile: BrowserContext) -> Iterator[Callable[..., Page]]:
    """open_page(app), or open_page(app, "/cohort", dark=True): a window of its own, settled. When the test is over, no
    window may have raised an error, shown one, or asked another host for anything."""
    opened: list[tuple[App, Page, list[str]]] = []

    def open_(app: App, path: str = "/", screen: tuple[int, int] = (1400, 900), dark: bool = False, within: BrowserContext = profile) -> Page:
        page, faults = within.new_page(), []
        page.set_viewport_size(dict(zip(("width", "height"), screen, strict=True)))
        page.emulate_media(color_scheme="dark" if dark else "light")
        opened.append((app, page, faults))
        page.on("pageerror", lambda error: faults.append(f"page error: {error}"))
        page.on("console", lambda message: faults.extend(_complaint(message)))
        page.on("request", lambda request: faults.extend(_foreign(request)))
        settle(page, app.url + path)
        return page

    yield open_
    for app, page, faults in opened:
        if not page.is_closed() and page.locator(FAILED).count():
            faults.append(f"a page failed:\n{app.log.read_text()}")
        page.close()
    faults = [fault for *_, faults in opened for fault in faults]
    assert not faults, "\n".join(faults)


@pytest.fixture(scope="session")
def demo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database as it is after the very first start, with the demo diaries in it, to be copied."""
    path = tmp_path_factory.mktemp("demo") / "demo.duckdb"
    start.open_database(f"duckdb:///{path}", at=datetime.now(UTC), today=day_of(date.today()), demo=True).dispose()
    return path


@pytest.fixture(scope="session")
def shared_app(demo_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with the demo diaries, for all tests that read, or act on whichever flag comes first."""
    folder = tmp_path_factory.mktemp("shared")
    with ExitStack() as running:
        yield _start(running, f"duckdb:///{shutil.copy(demo_file, folder / 'demo.duckdb')}", folder, {})


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    """Of an empty PostgreSQL database of this test's own."""
    server, name = make_url(os.environ[SERVER]), f"pain_diary_browser_{os.getpid()}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()


def _start(running: ExitStack, database: str, folder: Path, settings: dict[str, str]) -> App:
    own = running.enter_context(ExitStack())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url, log = f"http://127.0.0.1:{port}", folder / f"app-{port}.log"
    environment = {**os.environ, "PAIN_DIARY_DATABASE": database, "PAIN_DIARY_DEMO": "no", "PAIN_DIARY_PROBE": "yes", **settings}
    process = own.enter_context(leashed(
        [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(port)],
        own.enter_context(log.open("w")), cwd=ROOT, env=environment))
    give_up = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < give_up:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):
                return App(url, database, log, own.close)
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"The app did not start:\n{log.read_text()}")


def settle(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_selector(f"#probe-run, {FAILED}", state="attached")
    wait_idle(page)


def _foreign(request: Request) -> list[str]:
    parts = urlsplit(request.url)
    own = parts.scheme in {"data", "blob"} or parts.hostname == "127.0.0.1"
    return [] if own else [f"foreign request: {request.url}"]


def _complaint(message: ConsoleMessage) -> list[str]:
    # on a page with a path Streamlit's own front end first asks below that path where its server is
    known = "/_stcore/" in message.location["url"] and "404" in message.text
    return [f"console: {message.text}"] if message.type == "error" and not known else []
