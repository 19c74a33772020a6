"""What a person does and sees, for the browser tests."""
from playwright.sync_api import Locator, Page

from tests.browser.conftest import act_and_wait

ROW, HEADER, MARK = 34, 36, 16  # pixels of the worklist's rows, of its header, and where a row's mark is


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


def cells(page: Page, table: str, column: int) -> list[str]:
    """Texts of a table's column as it is read out; 0 is the column of the marks where rows can be chosen."""
    found = page.locator(f".st-key-{table} [data-testid^='glide-cell-{column}-']")
    found.first.wait_for(state="attached")
    return found.all_inner_texts()


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
