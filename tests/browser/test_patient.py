"""From a row to the page of the patient and back, without losing one's place."""
from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.browser.conftest import App, act_and_wait, screenshot
from tests.browser.reading import assert_accessible, cells, mark_row, patient

Open = Callable[..., Page]


def test_to_the_patient_and_back(shared_app: App, open_page: Open) -> None:
    page = open_page(shared_app, screen=(1280, 720))
    find = page.get_by_label("Find id")
    find.fill("00")
    act_and_wait(page, lambda: find.press("Enter"))
    source = page.locator(".st-key-source input")
    source.fill("northgate")
    act_and_wait(page, lambda: source.press("Enter"))
    page.keyboard.press("Escape")
    listed = cells(page, "list", 2)
    mark_row(page, "list", 1)
    who, address = patient(page), page.url
    assert who == f"Patient {listed[1]}"

    act_and_wait(page, page.locator(".st-key-to_patient a").click)
    expect(page.locator("h1")).to_have_text(who)
    expect(page.locator(".st-key-course .main-svg").first).to_be_visible()
    assert urlsplit(page.url).path == "/patient" and listed[1] not in page.url
    assert_accessible(page)
    screenshot(page, "patient")

    act_and_wait(page, page.get_by_role("link", name="Back to the worklist").click)
    assert patient(page) == who, "the drawer is still open"
    assert cells(page, "list", 2) == listed
    assert page.get_by_label("Find id").input_value() == "00"
    assert page.url == address

    page.goto(shared_app.url + "/patient")
    expect(page.get_by_text("Choose a patient")).to_be_visible()
