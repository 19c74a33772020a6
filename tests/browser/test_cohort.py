"""Asking a cohort by clicking: by mouse, by keyboard, by address, and on to a patient and back."""
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import App, act_and_wait, screenshot
from tests.browser.reading import SCREEN, assert_accessible, button, cells, click, go, mark_row, press

Open = Callable[..., Page]


def place(page: Page, code: str) -> Locator:
    return page.locator(f".st-key-body_map [role=checkbox][data-code={code}]")


def mark(page: Page, chart: str, code: str) -> Locator:
    return page.locator(f".st-key-chart_{chart} [data-code='{code}']")


def base(page: Page) -> str:
    """The question and how many it is about, before the median."""
    return page.locator(".st-key-base p").first.inner_text().split(" · median")[0]


def chosen(page: Page, chart: str) -> list[str]:
    return page.locator(f".st-key-{chart} [role=checkbox][aria-checked=true]").evaluate_all("marks => marks.map(mark => mark.dataset.code).sort()")


def has_focus(one: Locator) -> bool:
    return one.evaluate("mark => mark.getRootNode().activeElement === mark")


def test_a_click_on_the_body_filters_everything_and_the_address_brings_it_back(shared_app: App, open_page: Open) -> None:
    page = open_page(shared_app, "/cohort", screen=SCREEN)
    everybody = base(page)
    assert everybody == "All entries: 500 patients · 11,295 entries"
    for card in ("where", "quality", "duration", "severity", "quality_by_location", "red_flags"):
        assert page.locator(f".st-key-card_{card}").bounding_box()["y"] < SCREEN[1] - 150, "all six can be seen without scrolling"
    aching = mark(page, "qualities", "aching").get_attribute("aria-label")
    act_and_wait(page, place(page, "low_back").click)
    assert base(page).startswith("Entries with pain in the lower back: ")
    assert chosen(page, "body_map") == ["low_back"]
    assert mark(page, "qualities", "aching").get_attribute("aria-label") != aching
    act_and_wait(page, lambda: mark(page, "qualities", "burning").click())
    act_and_wait(page, lambda: mark(page, "qualities", "aching").click(modifiers=["Shift"]))
    question = base(page)
    assert question.startswith("Entries with aching or burning pain in the lower back: ")
    assert parse_qs(urlsplit(page.url).query) == {"locations": ["low_back"], "qualities": ["aching", "burning"]}
    listed = cells(page, "members", 2)
    screenshot(page, "cohort_filtered")
    # a colleague, the browser's own buttons, and another page in between
    assert base(open_page(shared_app, page.url.removeprefix(shared_app.url), screen=SCREEN)) == question
    page.go_back()
    expect(page.locator(".st-key-base p").first).to_contain_text("Entries with burning pain in the lower back")
    page.go_forward()
    expect(page.locator(".st-key-base p").first).to_contain_text("Entries with aching or burning pain")
    go(page, "Data quality")
    go(page, "Cohort")
    expect(mark(page, "qualities", "burning")).to_have_attribute("aria-checked", "true")
    assert base(page) == question and chosen(page, "chart_qualities") == ["aching", "burning"]
    # beside others, and back
    act_and_wait(page, page.locator(".st-key-actions a").first.click)
    act_and_wait(page, page.locator(".st-key-landmark label").first.click)
    assert parse_qs(urlsplit(page.url).query) == {"locations": ["low_back"], "qualities": ["aching", "burning"], "landmark": ["yes"]}
    page.go_back()
    expect(page.locator(".st-key-landmark input")).not_to_be_checked()
    act_and_wait(page, page.go_back)
    assert base(page) == question
    # a patient, and back
    mark_row(page, "members", 0)
    act_and_wait(page, button(page, "open_patient").or_(page.locator(".st-key-open_patient a")).first.click)
    assert page.locator("h1").inner_text() == f"Patient {listed[0]}"
    assert listed[0] not in page.url
    act_and_wait(page, page.get_by_text("Back to the cohort").click)
    assert base(page) == question and cells(page, "members", 2) == listed
    press(page, "Control+z")
    assert base(page).startswith("Entries with burning pain in the lower back")
    click(page, "clear_question")
    assert (base(page), urlsplit(page.url).query, chosen(page, "body_map")) == (everybody, "", [])


def test_by_keyboard_alone_then_on_a_tablet(shared_app: App, open_page: Open) -> None:
    page = open_page(shared_app, "/cohort", screen=SCREEN)
    place(page, "neck").focus()
    press(page, "Enter")
    assert chosen(page, "body_map") == ["neck"] and has_focus(place(page, "neck"))
    page.keyboard.press("ArrowDown")
    assert not has_focus(place(page, "neck"))
    page.keyboard.press("ArrowUp")
    press(page, "Enter")
    assert chosen(page, "body_map") == []
    mark(page, "qualities", "aching").focus()
    page.keyboard.press("ArrowDown")
    press(page, " ")
    first = chosen(page, "chart_qualities")
    assert len(first) == 1 and first != ["aching"] and has_focus(mark(page, "qualities", first[0]))
    page.keyboard.press("ArrowUp")
    press(page, "Shift+Enter")
    assert chosen(page, "chart_qualities") == sorted([*first, "aching"]) and "aching" in base(page)
    mark(page, "severity", "7").focus()
    page.keyboard.press("ArrowLeft")
    press(page, "Enter")
    assert chosen(page, "chart_severity") == ["6"]
    click(page, "clear_question")
    charts_below(page)
    on_a_tablet_nothing_is_cut_off(page)


def charts_below(page: Page) -> None:
    """By keyboard, and as a period."""
    act_and_wait(page, page.locator(".st-key-more_charts label").first.click)
    weeks = page.locator(".st-key-chart_weeks [role=checkbox]")
    last = weeks.last
    last.focus()
    press(page, "Enter")
    period = base(page)
    code = last.get_attribute("data-code")
    assert chosen(page, "chart_weeks") == [code] and set(parse_qs(urlsplit(page.url).query)) == {"since", "until", "more"} and has_focus(last)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    press(page, "Shift+Enter")
    assert len(chosen(page, "chart_weeks")) == 3 and base(page) != period, "from there to here"
    press(page, "Control+z")
    assert base(page) == period
    click(page, "clear_question")
    mark(page, "ages", "50_to_59").click(modifiers=["Shift"])
    act_and_wait(page, lambda: mark(page, "ages", "60_to_69").click(modifiers=["Shift"]))
    assert base(page).startswith("Entries of patients aged 50 to 69: ")
    screenshot(page, "cohort_more")
    assert_accessible(page)
    go(page, "Data quality")
    go(page, "Cohort")
    expect(page.locator(".st-key-chart_ages")).to_be_visible()  # stays open for the session
    with page.expect_download() as got:
        act_and_wait(page, button(page, "table_relief").click)
        button(page, "svg_relief").click()
    assert got.value.suggested_filename == "relief.svg" and "helped" in got.value.path().read_text()


def on_a_tablet_nothing_is_cut_off(page: Page) -> None:
    page.keyboard.press("Escape")  # the table
    act_and_wait(page, place(page, "low_back").click)
    for width, height in ((1024, 768), (820, 1180)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(500)
        for name in ("qualities", "severity", "together", "weeks", "hours", "blank"):
            inside = page.locator(f".st-key-chart_{name} .chart")
            assert inside.evaluate("chart => chart.scrollWidth <= chart.clientWidth"), f"{name} at {width}"
        assert page.locator(".st-key-body_map .map > svg").bounding_box()["width"] > 110
        assert page.evaluate("(main => main.scrollWidth <= main.clientWidth)(document.querySelector('[data-testid=stMain]'))")


def test_the_table_behind_a_chart_and_the_filters(shared_app: App, open_page: Open) -> None:
    page = open_page(shared_app, "/cohort?durations=12_weeks_and_more", screen=SCREEN, dark=True)
    act_and_wait(page, lambda: button(page, "table_duration").click())
    rows = page.get_by_test_id("stPopoverBody").locator("[data-testid^='glide-cell-0-']")
    expect(rows).to_have_text(["under 6 weeks", "6 to 12 weeks", "12 weeks and more", "not recorded"])
    page.get_by_test_id("stPopoverBody").get_by_test_id("stDataFrame").hover()
    expect(page.get_by_role("button", name="Search: ")).not_to_have_count(0)
    expect(page.get_by_role("button", name="Download as CSV")).to_have_count(0)  # it would be under no disclosure control
    with page.expect_download() as got:
        button(page, "csv_durations").click()
    assert got.value.suggested_filename == "durations.csv"
    header, first, *_ = got.value.path().read_text().splitlines()
    assert header == ("code,label,n,of,share,share_of_all,patients,counts,question,as_of,data_through,rule_set,disclosure_control")
    assert first.startswith("under_6_weeks,under 6 weeks,80,345,23 %,16 %,500,patients,All entries,2026-03-31,2026-03-28,1,")
    act_and_wait(page, lambda: button(page, "table_duration").click())
    act_and_wait(page, button(page, "filters").click)
    form = page.get_by_test_id("stPopoverBody")
    form.get_by_text("Severity not recorded", exact=True).wait_for()
    assert_accessible(page)
    form.get_by_role("tab", name="Who and when").click()
    act_and_wait(page, form.get_by_text("Age not recorded").click)
    assert base(page).startswith("Entries of patients of unknown age with duration 12 weeks and more")
