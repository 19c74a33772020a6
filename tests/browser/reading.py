"""What a person does and sees, for the browser tests."""
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

from tests.browser.conftest import act_and_wait, screenshot

SCREEN = (1280, 720)
ROW, HEADER, MARK = 34, 36, 16  # pixels of the worklist's rows, of its header, and where a row's mark is
WRITTEN = 31  # pixels of a row that can be written in


def button(page: Page, key: str) -> Locator:
    # one with a tooltip is there twice
    return page.locator(f".st-key-{key} button").first


def click(page: Page, key: str) -> None:
    act_and_wait(page, button(page, key).click)


def press(page: Page, key: str) -> None:
    act_and_wait(page, lambda: page.keyboard.press(key))


def go(page: Page, title: str) -> None:
    """By the navigation, so that the session stays."""
    act_and_wait(page, page.get_by_test_id("stSidebarNavLink").filter(has_text=title).click)


def mark_row(page: Page, table: str, row: int, height: int = ROW) -> None:
    """A table is a canvas: its rows are chosen by their place."""
    grid = page.locator(f".st-key-{table} .dvn-scroller")
    act_and_wait(page, lambda: grid.click(position={"x": MARK, "y": HEADER + height * row + height // 2}))


def type_in_cell(page: Page, inside: str, row: int, x: int, text: str) -> None:
    """Into a cell of the table that can be written in, which is the only one inside of the element with this key."""
    grid = page.locator(f".st-key-{inside} .dvn-scroller")
    page.locator(f".st-key-{inside} [data-testid='glide-cell-1-{row}']").wait_for(state="attached")
    grid.click(position={"x": x, "y": HEADER + WRITTEN * row + WRITTEN // 2})
    page.keyboard.press("Enter")
    page.locator("#portal .gdg-input").fill(text)
    press(page, "Enter")


def cells(page: Page, table: str | None, column: int) -> list[str]:
    """Texts of a table's column as it is read out, for the rows in sight; 0 is the column of the marks where rows can be chosen. None
    is the only table of a page. What is read out follows the picture after a while, so it has to stand still first."""
    found = page.locator(f"{f'.st-key-{table} ' if table else ''}[data-testid^='glide-cell-{column}-']")
    found.first.wait_for(state="attached")
    before: list[str] = []
    while (now := found.all_inner_texts()) != before:
        before = now
        page.wait_for_timeout(400)
    return now


def ids(page: Page) -> list[str]:
    """Of the patients on the worklist in sight."""
    return [cell.partition(" · ")[0] for cell in cells(page, "list", 2)]


def give_name(page: Page, key: str, name: str) -> None:
    field = page.locator(f".st-key-{key}_name input")
    field.fill(name)
    act_and_wait(page, lambda: field.press("Enter"))


def upload(page: Page, name: str, text: str) -> None:
    field = page.get_by_test_id("stFileUploaderDropzoneInput")
    act_and_wait(page, lambda: field.set_input_files({"name": name, "mimeType": "text/csv", "buffer": text.encode()}))


def patient(page: Page) -> str:
    """Who is open beside the list."""
    return page.locator(".st-key-drawer h4").inner_text()


def tile(page: Page, bucket: str) -> str:
    return " ".join(button(page, f"tile_{bucket}").inner_text().split())


def assert_accessible(page: Page, *rules: str) -> None:
    """No serious or critical finding, Streamlit's own parts included; of all rules, or of these."""
    page.wait_for_timeout(300)  # things fade in
    # a report of all that is well, too, would be megabytes
    found = Axe().run(page, options={"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})).response["violations"]
    faults = [f"{fault['id']}: {node['target']} {node['html'][:200]}" for fault in found if fault["impact"] in ("serious", "critical")
              for node in fault["nodes"]]
    assert not faults, "\n".join(faults)


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
