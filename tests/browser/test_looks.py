"""Every page, light and dark: nothing broken, nothing fetched from elsewhere, nothing that axe calls serious."""
from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.conftest import App, act_and_wait, screenshot
from tests.browser.reading import assert_accessible, cells, give_name, go, mark_row

Open = Callable[..., Page]
SCREEN = (1280, 720)


def test_every_page(shared_app: App, open_page: Open) -> None:
    page = open_page(shared_app, screen=SCREEN)
    cells(page, "list", 1)
    look_twice(page, "worklist")
    mark_row(page, "list", 0)
    look_twice(page, "drawer")
    give_name(page, "act", "M. Ito")
    look_twice(page, "drawer_named")
    for title in ("Cohort", "Import", "Data quality", "Rules", "Activity"):
        go(page, title)
        look_twice(page, title.lower().replace(" ", "_"))
        if title == "Cohort":
            act_and_wait(page, page.get_by_test_id("stMain").get_by_text("Compare", exact=True).click)
            look_twice(page, "compare")


def look_twice(page: Page, name: str) -> None:
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    now, then = ("dark", "light") if dark else ("light", "dark")
    look(page, f"{name}_{now}")
    act_and_wait(page, lambda: page.emulate_media(color_scheme=then))  # runs by itself, for what the server colours
    look(page, f"{name}_{then}", "color-contrast")  # nothing else is different


def look(page: Page, name: str, *rules: str) -> None:
    assert_accessible(page, *rules)
    screenshot(page, name)
    wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth - document.querySelector('[data-testid=stMain]').clientWidth")
    assert wide <= 0, f"{name} is wider than the screen"


def test_empty_database(serve: Callable[..., App], open_page: Open) -> None:
    page = open_page(serve(), dark=True, screen=SCREEN)
    look(page, "empty_dark")
