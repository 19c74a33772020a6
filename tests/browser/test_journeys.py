"""Whole ways through the app, as a person in a clinic goes them."""
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from dashboard.days import day_of
from tests.browser.conftest import ROOT, App, act_and_wait, screenshot
from tests.browser.reading import (
    SCREEN,
    assert_accessible,
    button,
    cells,
    click,
    give_name,
    go,
    ids,
    look_twice,
    mark_row,
    patient,
    press,
    tile,
    type_in_cell,
    upload,
)
from tests.canonical import Row, quiet, written

TODAY = day_of(date.today())
Serve = Callable[..., App]
Open = Callable[..., Page]


def diary(*more: Row) -> str:
    """An emergency, somebody who is well, and a row that does not load and reports a red flag."""
    return written(quiet("0412", TODAY, urinary_retention="yes"), quiet("0077", TODAY), quiet("0300", TODAY, chest_pain="yes", severity="14"), *more)


def test_from_a_file_to_a_flag_and_back(serve: Serve, open_page: Open) -> None:
    page = open_page(serve(), screen=SCREEN)
    expect(page.get_by_role("heading", name="No diaries yet")).to_be_visible()
    look_twice(page, "empty")
    page.set_viewport_size({"width": 1400, "height": 900})
    go(page, "Import")
    upload(page, "march.csv", diary(quiet("0500", TODAY, severity="44")))
    expect(page.get_by_text("4 rows: 2 new, 0 already here, 2 need attention. Importing raises 1 flag, an emergency.")).to_be_visible()
    page.get_by_text("Correct 2 cells here").click()
    type_in_cell(page, "correct_here", 1, 525, "4")
    click(page, "correct")
    expect(page.get_by_text("1 cell corrected here.")).to_be_visible()
    expect(page.get_by_text("4 rows: 3 new, 0 already here, 1 needs attention. Importing raises 1 flag, an emergency.")).to_be_visible()
    expect(button(page, "import")).to_have_count(0)  # not before a name
    give_name(page, "import", "M. Ito")
    click(page, "import")
    expect(page.get_by_text("4 rows in the file = 3 loaded + 1 need attention")).to_be_visible()
    screenshot(page, "import_receipt")

    go(page, "Worklist")
    assert tile(page, "emergency").startswith("⬢ Emergency 1 open")
    expect(page.get_by_text("1 row in quarantine reports a red flag")).to_be_visible()
    mark_row(page, "list", 0)
    assert patient(page) == "Patient 0412"
    click(page, "acknowledge")
    expect(page.get_by_text("M. Ito acknowledged E06")).to_be_visible()

    go(page, "Activity")
    assert any("M. Ito acknowledged E06 of patient 0412" in text for text in cells(page, None, 1))

    go(page, "Import")
    mark_row(page, "batch_table", 0, height=35)
    click(page, "undo")
    expect(page.get_by_text("Takes back 3 entries of 3 patients.")).to_be_visible()
    expect(page.get_by_text("evidence withdrawn")).to_be_visible()
    click(page, "undo_now")

    go(page, "Worklist")
    expect(page.get_by_text("evidence withdrawn, to review: 1")).to_be_visible()
    assert ids(page) == ["0412"]
    assert patient(page) == "Patient 0412", "who was open still is"
    screenshot(page, "worklist_withdrawn")


def terminal(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "dashboard", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_on_postgresql_the_terminal_works_beside_the_open_app(
        serve: Serve, open_page: Open, new_profile: Callable[[], BrowserContext], postgresql_url: str, tmp_path: Path) -> None:
    file = tmp_path / "march.csv"
    file.write_text(diary())
    done = terminal("--database", postgresql_url, "import", str(file), "--by", "night shift")
    assert done.returncode == 0, done.stderr
    clock = new_profile()  # of its own, as it is turned on
    clock.clock.install()
    page = open_page(serve(postgresql_url), within=clock)
    assert tile(page, "emergency").startswith("⬢ Emergency 1 open")
    assert ids(page) == ["0412"]
    # one more comes while somebody is about to type
    page.get_by_label("Find id").press_sequentially("04")
    file.write_text(written(quiet("0500", TODAY, urinary_retention="yes")))
    assert terminal("--database", postgresql_url, "import", str(file), "--by", "night shift").returncode == 0
    page.clock.fast_forward(31_000)
    expect(page.get_by_text("1 new emergency")).to_be_visible()
    assert page.evaluate("document.activeElement.value") == "04", "and is left alone"
    assert tile(page, "emergency").startswith("⬢ Emergency 1 open")
    page.get_by_label("Find id").fill("")
    click(page, "show_new")
    assert ids(page) == ["0412", "0500"]
    go(page, "Activity")
    assert any("night shift imported a file of 3 rows" in text for text in cells(page, None, 1))


def test_a_database_that_is_gone(serve: Serve, open_page: Open) -> None:
    page = open_page(serve("postgresql+psycopg://nurse:tr0ub4dor@127.0.0.1:1/clinic"))
    for title in ("Worklist", "Import"):
        go(page, title)
        expect(page.get_by_text("The diaries can't be read just now.")).to_be_visible()
        expect(page.get_by_text("What was saved is safe")).to_be_visible()
        expect(button(page, "try_again")).to_be_visible()
        everything = page.content()
        assert "tr0ub4dor" not in everything
        assert "Traceback" not in everything
        screenshot(page, f"database_gone_{title.lower()}")
    assert_accessible(page)


def test_the_worklist_by_keyboard_and_an_emergency_closed_with_outcome_and_note(shared_app: App, open_page: Open) -> None:
    page = open_page(shared_app)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("!!document.activeElement.closest('.st-key-tile_same_day')"):
            break
    else:
        pytest.fail("the tile is not reached by Tab")
    press(page, "Enter")
    assert set(cells(page, "list", 1)) == {"▲ Same-day"}
    press(page, "Enter")  # the keyboard is where it was
    assert set(cells(page, "list", 1)) != {"▲ Same-day"}
    mark_row(page, "list", 0)
    first = patient(page)
    press(page, "j")
    second = patient(page)
    assert second != first
    press(page, "k")
    assert patient(page) == first
    give_name(page, "act", "M. Ito")
    place = button(page, "acknowledge").bounding_box()
    assert place["y"] + place["height"] < 720, "in sight without scrolling, with two flags too"
    expect(page.get_by_text(re.compile(r"^On (\d) of \1 flags$"))).to_be_visible()
    press(page, "a")
    expect(page.get_by_text(re.compile("M. Ito acknowledged"))).not_to_have_count(0)
    assert patient(page) == first, "the patient stays open although the line moved down the list"
    press(page, "u")
    expect(page.get_by_text("took back an action")).not_to_have_count(0)
    press(page, "s")
    expect(page.get_by_text(re.compile("M. Ito began work"))).not_to_have_count(0)
    find = page.get_by_label("Find id")
    find.press_sequentially("jak")
    page.wait_for_timeout(300)
    assert patient(page) == first, "letters typed into a field are letters"
    find.fill("")
    page.locator("h1").click()
    press(page, "Escape")
    expect(page.locator(".st-key-drawer")).to_have_count(0)

    before = int(re.search(r"(\d+) open", tile(page, "emergency"))[1])
    mark_row(page, "list", 0)
    who = patient(page)
    closing = page.locator(".st-key-close")
    closing.get_by_role("button").first.click()
    outcome = page.locator("[class*='st-key-outcome_'] input")
    outcome.fill("sent to the emergency")
    act_and_wait(page, lambda: outcome.press("Enter"))
    click(page, "close_now")
    expect(page.get_by_text("Write a note: an emergency")).to_be_visible()
    if not button(page, "close_now").is_visible():
        closing.get_by_role("button").first.click()
    note = page.locator("[class*='st-key-closing_note_'] textarea")
    note.fill("Spoke with him at 10:20, on his way")
    act_and_wait(page, lambda: note.press("Control+Enter"))
    click(page, "close_now")
    expect(button(page, "tile_emergency")).to_contain_text(f"{before - 1} open")
    expect(button(page, "tile_emergency")).to_contain_text("1 closed")
    assert page.locator(".st-key-drawer h4").count() == 0 or patient(page) != who
