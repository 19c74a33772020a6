"""Filters and the address: what is shared by sending a link, what never leaves the page, what a filter must not hide in silence. And from
a row to the page of the patient and back, without losing one's place."""
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from tests.browser.conftest import App, act_and_wait, screenshot
from tests.browser.reading import HEADER, SCREEN, assert_accessible, cells, click, ids, mark_row, patient

Open = Callable[..., Page]


def choose(page: Page, key: str, text: str) -> None:
    field = page.locator(f".st-key-{key} input")
    field.fill(text)
    # by name: typed letters find options that hold them anywhere in this order, and Enter takes them all
    act_and_wait(page, page.get_by_role("option").filter(has_text=re.compile(f"^{text}")).first.click)
    if page.get_by_role("listbox").count():  # stays open where several can be chosen; a closed one would be emptied
        page.keyboard.press("Escape")


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_a_hidden_emergency_is_announced(shared_app: App, open_page: Open) -> None:
    page = open_page(shared_app)
    everybody = cells(page, "list", 1)
    assert "⬢ Emergency" in everybody
    choose(page, "rule", "U01")
    expect(page.locator(".st-key-hidden_emergencies")).to_contain_text("emergencies are hidden by these filters")
    assert "⬢ Emergency" not in cells(page, "list", 1)
    click(page, "show_hidden")
    expect(page.locator(".st-key-hidden_emergencies")).to_have_count(0)
    assert cells(page, "list", 1) == everybody
    assert not query(page)


def test_the_list_fits_the_screen_and_a_click_on_a_head_orders_all_pages(shared_app: App, open_page: Open) -> None:
    page = open_page(shared_app, screen=SCREEN)
    first, grid = ids(page), page.locator(".st-key-list .dvn-scroller")
    assert grid.evaluate("grid => grid.scrollWidth - grid.clientWidth") == 0
    act_and_wait(page, lambda: grid.click(position={"x": 145, "y": HEADER // 2}))
    found = ids(page)
    assert found == sorted(found) and not set(found) <= set(first), "others are in sight than were on the first page"
    expect(page.get_by_role("combobox", name="Order")).to_have_value("By patient id")


def test_filters_are_in_the_address_and_patients_are_not_also_on_the_way_to_one_and_back(shared_app: App, open_page: Open) -> None:
    page = open_page(shared_app)
    choose(page, "status", "Open")
    choose(page, "source", "northgate")
    choose(page, "within", "90 days")
    choose(page, "rule", "R04")
    assert {name: set(values) for name, values in query(page).items()} == {
        "status": {"Open"}, "source": {"northgate_clinic"}, "within": {"90 days"}, "rule": {"R04 Pain for 12 weeks or more"}}
    link, asked, listed = page.url, query(page), ids(page)
    who = listed[0]
    find = page.get_by_label("Find id")
    find.fill(who)
    act_and_wait(page, lambda: find.press("Enter"))
    mark_row(page, "list", 0)
    assert patient(page) == f"Patient {who}"
    assert page.url == link

    found = ids(page)
    act_and_wait(page, page.locator(".st-key-to_patient a").click)
    expect(page.locator("h1")).to_have_text(f"Patient {who}")
    expect(page.locator(".st-key-course .main-svg").first).to_be_visible()
    assert urlsplit(page.url).path == "/patient" and who not in page.url
    assert_accessible(page)
    screenshot(page, "patient")
    act_and_wait(page, page.get_by_role("link", name="Back to the worklist").click)
    assert patient(page) == f"Patient {who}", "the drawer is still open"
    assert ids(page) == found
    assert page.get_by_label("Find id").input_value() == who
    assert query(page) == asked
    assert ids(open_page(shared_app, link.removeprefix(shared_app.url))) == listed, "the link shows a colleague the same list"
