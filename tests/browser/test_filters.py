"""Filters and the address: what is shared by sending a link, what never leaves the page, what a filter must not hide in silence."""
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from tests.browser.conftest import App, act_and_wait
from tests.browser.reading import cells, click, mark_row, patient

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


def test_filters_are_in_the_address_and_patients_are_not(shared_app: App, open_page: Open) -> None:
    page = open_page(shared_app)
    who = cells(page, "list", 2)[0]
    choose(page, "status", "Open")
    choose(page, "source", "northgate")
    choose(page, "within", "90 days")
    choose(page, "rule", "E01")
    assert {name: set(values) for name, values in query(page).items()} == {
        "status": {"Open"}, "source": {"northgate_clinic"}, "within": {"90 days"}, "rule": {"E01 Trouble breathing or chest pain with back pain"}}
    link, listed = page.url, cells(page, "list", 2)
    find = page.get_by_label("Find id")
    find.fill(who)
    act_and_wait(page, lambda: find.press("Enter"))
    mark_row(page, "list", 0)
    assert patient(page) == f"Patient {who}"
    assert page.url == link
    assert cells(open_page(shared_app, link.removeprefix(shared_app.url)), "list", 2) == listed, "the link shows a colleague the same list"
