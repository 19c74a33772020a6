"""The app in Chromium: from its start to a page that can be used, and from a click to what it asked for."""
import os
import shutil
import socket
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.bench.measure import Row
from tests.bench.subject import Subject

ROOT = Path(__file__).parents[2]
STARTS, LONG = 3, 45  # no more starts once they took so many seconds together
LOOKS = 3  # seconds between two clicks of somebody who looks at what she asked
BUDGET = 0.5  # seconds, at a million entries
PAUSE = 300  # milliseconds between two clicks
SESSIONS, EVERY, ROUNDS = 10, 5, 3  # people at the same time, seconds between two clicks of each, and how many clicks of each
BODY, CHART = ".st-key-body_map [role=checkbox][data-code='{}']", ".st-key-chart_{} [data-code='{}']"
# first on one chart, then on another; then both are taken back
PAIRS = [(BODY.format("low_back"), CHART.format("qualities", "burning")), (BODY.format("neck"), CHART.format("severity", "7")),
         (BODY.format("head"), CHART.format("durations", "under_6_weeks")), (CHART.format("qualities", "aching"), BODY.format("leg_left")),
         (CHART.format("qualities", "dull"), CHART.format("symptoms", "nausea")), (CHART.format("severity", "8"), BODY.format("knee_right")),
         (CHART.format("severity", "3"), CHART.format("qualities", "sharp")), (CHART.format("durations", "12_weeks_and_more"), CHART.format("severity", "5")),
         (CHART.format("symptoms", "fever"), BODY.format("abdomen")), (BODY.format("shoulder_left"), CHART.format("qualities", "stabbing"))]
# When anything in a card was drawn last. Bars and body are in shadow trees, each of which has to be watched, also one that came later. A frame
# is over when a message that was posted in it arrives.
WATCH = """() => {
  const cards = ["where", "quality", "duration", "severity", "quality_by_location", "red_flags"].map(name => `.st-key-card_${name}`);
  const what = { childList: true, characterData: true, subtree: true }, known = new Set();
  const painted = () => requestAnimationFrame(() => { const {port1, port2} = new MessageChannel();
    port1.onmessage = () => { window.bench.drawn = performance.now(); }; port2.postMessage(0); });
  const shadows = new MutationObserver(painted);
  const look = () => { for (const one of document.querySelectorAll(cards.map(card => `${card} *`)))
    if (one.shadowRoot && !known.has(one)) { known.add(one); shadows.observe(one.shadowRoot, what); } };
  const inside = ({target}) => (target.closest ? target : target.parentElement)?.closest(cards);
  new MutationObserver(found => { if (found.some(inside)) { look(); painted(); } }).observe(document.body, what);
  window.bench = { clicked: null, drawn: null };
  document.addEventListener("click", event => { window.bench.clicked ??= event.timeStamp; }, true);
  look();
  return known.size;
}"""
AGAIN = "() => { window.bench.clicked = null; window.bench.drawn = null; }"


def started(subject: Subject) -> Iterator[Row]:
    """From the command to the worklist, drawn and idle. Cold: a browser that has never seen the app; its files are in the machine's
    memory both times, as is the database."""
    from tests.browser.conftest import settle
    subject.close()
    cold: list[float] = []
    warm: list[float] = []
    with _chromium() as browser:
        while len(warm) < STARTS and sum(cold + warm) < LONG:
            port, context = _free_port(), browser.new_context()
            for taken in (cold, warm):
                page = _page(context)
                begun = time.perf_counter()
                with _app(subject.file, port) as url:
                    settle(page, url)
                    taken.append(time.perf_counter() - begun)
                    page.close()
            context.close()
    yield Row("start of the app to the first page, browser cache warm", subject.entries, median(warm), 5)
    yield Row("start of the app to the first page, browser cache cold", subject.entries, median(cold), 8)


def clicked(subject: Subject) -> Iterator[Row]:
    """Six cards: from the click to the frame after their last change. Whole page: until no script runs, the list of patients included."""
    from tests.browser.conftest import settle
    subject.close()
    taken: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="pain-diary-bench-") as folder, _chromium() as browser, \
            _app(Path(shutil.copy(subject.file, folder)), _free_port()) as url:
        page = _page(browser.new_context(viewport={"width": 1280, "height": 720}))
        settle(page, f"{url}/cohort")
        page.locator(PAIRS[0][0]).first.wait_for()
        page.wait_for_timeout(2000)
        assert page.evaluate(WATCH) == 6, "not every card draws in a shadow tree of its own any more"
        for asked in ("never asked before", "asked before"):
            taken[asked] = []
            for first, second in PAIRS:
                taken[asked] += [_click(page, first), _click(page, second)]
                for back in (second, first):
                    _click(page, back)
    with tempfile.TemporaryDirectory(prefix="pain-diary-bench-") as folder, _chromium() as browser, \
            _app(Path(shutil.copy(subject.file, folder)), _free_port(), "yes") as url:
        page, found = _ready(browser, url), []
        for mark, _ in PAIRS:
            page.wait_for_timeout(1000 * LOOKS)
            found.append(_click(page, mark))
            _click(page, mark)
        taken[f"never asked before, {LOOKS} s after the click before"] = found
    for asked, found in taken.items():
        cards, whole = (median(values) for values in zip(*found, strict=True))
        yield Row(f"click to the six cards, median of {len(found)}, {asked}", subject.entries, cards, BUDGET if subject.entries <= 1_000_000 else None)
        yield Row("· slowest", subject.entries, max(cards for cards, _ in found))
        yield Row("· whole page, list of patients included", subject.entries, whole)


def crowded(subject: Subject) -> Iterator[Row]:
    """Some people in sessions of their own, each in a window of the one browser here, which takes its part of the machine: from the click to the
    frame after the last change of the six cards. First they click one after the other, then all at once."""
    subject.close()
    with tempfile.TemporaryDirectory(prefix="pain-diary-bench-") as folder, _chromium() as browser, \
            _app(Path(shutil.copy(subject.file, folder)), _free_port()) as url:
        pages = [_ready(browser, url) for _ in range(SESSIONS)]
        for said, gap in ((f"each clicks every {EVERY} s", 1000 * EVERY / SESSIONS), ("all click at once", 0)):
            taken = []
            for number in range(ROUNDS):
                taken += _round(pages, number, gap)
                _round(pages, number, gap)  # takes it back
            yield Row(f"click to the six cards, {SESSIONS} sessions, {said}, median of {len(taken)}", subject.entries, median(taken))
            yield Row("· slowest", subject.entries, max(taken))


def _ready(browser: Browser, url: str) -> Page:
    from tests.browser.conftest import settle
    page = _page(browser.new_context(viewport={"width": 1280, "height": 720}))
    settle(page, f"{url}/cohort")
    page.locator(PAIRS[0][0]).first.wait_for()
    page.wait_for_timeout(1000)
    page.evaluate(WATCH)
    return page


def _round(pages: list[Page], number: int, gap: float) -> list[float]:
    """One click of each, on another mark each, `gap` milliseconds apart; seconds until it was answered."""
    from tests.browser.conftest import wait_idle
    for place, page in enumerate(pages):
        page.evaluate(AGAIN)
        page.locator(PAIRS[(number + place) % len(PAIRS)][0]).first.click()
        page.wait_for_timeout(gap)
    found = []
    for page in pages:
        page.wait_for_function("() => window.bench.drawn")
        wait_idle(page)
        page.wait_for_timeout(PAUSE)
        done = page.evaluate("() => window.bench")
        found.append((done["drawn"] - done["clicked"]) / 1000)
    return found


def _click(page: Page, mark: str) -> tuple[float, float]:
    from tests.browser.conftest import act_and_wait
    place = page.locator(mark).first
    place.scroll_into_view_if_needed()
    page.evaluate(AGAIN)
    whole = act_and_wait(page, place.click)
    page.wait_for_timeout(PAUSE)
    found = page.evaluate("() => window.bench")
    assert found["clicked"] and found["drawn"], f"nothing was drawn after the click on {mark}"
    return (found["drawn"] - found["clicked"]) / 1000, whole


# --- app and browser ----------------------------------------------------------------------------------------------------------------

@contextmanager
def _chromium() -> Iterator[Browser]:
    from tests.browser.conftest import FLAGS
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert program, "Chromium is needed; `make test` says how to install it."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


def _page(context: BrowserContext) -> Page:
    context.set_default_timeout(180_000)
    return context.new_page()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def _app(file: Path, port: int, ahead: str = "no") -> Iterator[str]:
    from tests.servers import leashed
    url = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "PAIN_DIARY_DATABASE": f"duckdb:///{file}", "PAIN_DIARY_DEMO": "no", "PAIN_DIARY_PROBE": "yes", "PAIN_DIARY_AHEAD": ahead}
    with ExitStack() as running:
        log = running.enter_context(tempfile.TemporaryFile("w+"))
        process = running.enter_context(leashed([sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(port)], log, cwd=ROOT,
                                                env=environment))
        while process.poll() is None:
            try:
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.02)
        assert process.poll() is None, "the app did not start"
        yield url
