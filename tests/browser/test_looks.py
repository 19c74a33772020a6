"""Every page, light and dark: nothing broken, nothing fetched from elsewhere, nothing that axe calls serious."""
from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.conftest import App, act_and_wait
from tests.browser.reading import SCREEN, cells, click, give_name, go, look, look_twice, mark_row, press

Open = Callable[..., Page]


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
        if title == "Cohort":
            click(page, "table_where")  # a button whose box is open is coloured otherwise; here on the dark page
            look(page, "cohort_table_dark", "color-contrast")
            press(page, "Escape")
        look_twice(page, title.lower().replace(" ", "_"))
        if title == "Cohort":
            act_and_wait(page, page.get_by_test_id("stMain").get_by_text("Compare", exact=True).click)
            look_twice(page, "compare")
