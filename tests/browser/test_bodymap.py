"""The body map by mouse and by keyboard, on a page of its own."""
import os
import socket
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PATIENCE, ROOT, App, act_and_wait
from tests.browser.reading import press
from tests.servers import leashed

SCRIPT = '''
import pandas as pd
import streamlit as st

from dashboard.codelists import LOCATION
from dashboard.views import bodymap, session


def clicked(code, add):
    session.remember("clicks", [*session.recall("clicks", []), f"{code} {add}"])
    if code != "neck":  # a click that changes nothing
        session.remember("chosen", sorted({code, *(session.recall("chosen", []) if add else [])}))


labels = {**LOCATION.label, "none": "None"}
where = pd.DataFrame([(code, label, 3 if code == "jaw" else 40, 100, 0) for code, label in labels.items()],
                     columns=["code", "label", "n", "answered", "not_recorded"])
st.set_page_config(page_icon="🩺")
bodymap.show(where, session.recall("chosen", []), unit="patient", key="map", height=250, on_click=clicked)
st.text(", ".join(session.recall("clicks", [])) or "no click")
session.stamp()
'''


@pytest.fixture
def map_app(tmp_path: Path) -> Iterator[App]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script, log = tmp_path / "map.py", tmp_path / "map.log"
    script.write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PAIN_DIARY_PROBE": "yes"}
    with log.open("w") as out, leashed(command, out, cwd=ROOT, env=environment) as process:
        url = f"http://127.0.0.1:{port}"
        yield App(url, "", log, process.terminate) if _answers(url) else pytest.fail(log.read_text())


def _answers(url: str) -> bool:
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):
                return True
        except OSError:
            time.sleep(0.02)
    return False


def place(page: Page, code: str) -> Locator:
    return page.locator(f"[role=checkbox][data-code={code}]")


def chosen(page: Page) -> list[str]:
    return page.locator("[role=checkbox][aria-checked=true]").evaluate_all("parts => parts.map(part => part.dataset.code).sort()")


def has_focus(page: Page, code: str) -> bool:
    return place(page, code).evaluate("part => part.getRootNode().activeElement === part")


def test_places_are_chosen_by_mouse_and_keyboard(map_app: App, open_page: Callable[..., Page]) -> None:
    page = open_page(map_app)
    expect(place(page, "jaw")).to_have_css("fill", 'url("#few")')
    expect(place(page, "low_back")).to_have_accessible_name("Lower back: 40 of 100 patients who said where (40 %)")
    act_and_wait(page, lambda: place(page, "low_back").click())
    assert (chosen(page), has_focus(page, "low_back")) == (["low_back"], True)
    act_and_wait(page, lambda: place(page, "everywhere").click(modifiers=["Shift"]))
    assert chosen(page) == ["everywhere", "low_back"]
    page.keyboard.press("Shift+Tab")  # back to where one was on the body
    assert has_focus(page, "low_back")
    page.keyboard.press("ArrowUp")
    assert not has_focus(page, "low_back")
    page.keyboard.press("ArrowDown")
    press(page, "Enter")
    assert (chosen(page), has_focus(page, "low_back")) == (["low_back"], True)
    act_and_wait(page, lambda: place(page, "neck").click())
    assert chosen(page) == ["low_back"]  # painted at once, taken back
    act_and_wait(page, lambda: place(page, "neck").click())
    expect(page.get_by_text("low_back False, everywhere True, low_back False, neck False, neck False")).to_be_visible()
    assert chosen(page) == ["low_back"]
