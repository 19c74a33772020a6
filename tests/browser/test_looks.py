"""Every page, light and dark: nothing broken, nothing fetched from elsewhere, nothing that axe calls serious."""
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import App, act_and_wait, screenshot
from tests.browser.reading import assert_accessible, cells, give_name, go, mark_row

Open = Callable[..., Page]
SCREEN = (1280, 720)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page(shared_app: App, open_page: Open, scheme: str) -> None:
    page = open_page(shared_app, dark=scheme == "dark", screen=SCREEN)
    rules = ("color-contrast",) if scheme == "dark" else ()  # nothing else is different
    cells(page, "list", 1)
    look(page, f"worklist_{scheme}", *rules)
    mark_row(page, "list", 0)
    look(page, f"drawer_{scheme}", *rules)
    give_name(page, "act", "M. Ito")
    look(page, f"drawer_named_{scheme}", *rules)
    for title in ("Cohort", "Import", "Data quality", "Rules", "Activity"):
        go(page, title)
        look(page, f"{title.lower().replace(' ', '_')}_{scheme}", *rules)
        if title == "Cohort":
            act_and_wait(page, page.get_by_test_id("stMain").get_by_text("Compare", exact=True).click)
            look(page, f"compare_{scheme}", *rules)


def look(page: Page, name: str, *rules: str) -> None:
    page.wait_for_timeout(300)  # things fade in
    screenshot(page, name)
    assert_accessible(page, *rules)
    wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth - document.querySelector('[data-testid=stMain]').clientWidth")
    assert wide <= 0, f"{name} is wider than the screen"


def test_empty_database(serve: Callable[..., App], open_page: Open) -> None:
    page = open_page(serve(), dark=True, screen=SCREEN)
    look(page, "empty_dark")
