"""The patients of the question beside others; the report."""
from collections.abc import Callable

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from dashboard import saved
from dashboard.cohort import Cohort
from dashboard.views import session
from tests.views import events
from tests.views.events import load, press, sheet, shown, unfold

Open = Callable[..., AppTest]
DIARY = sheet(*[f"{n:03},2025-03-{1 + day:02},{'burning' if n < 12 else 'dull'},{'female' if n < 20 else 'male'},{'neck' if n % 2 else 'low_back'}"
                for n in range(40) for day in (0, 20)], header="patient_id,recorded_at,qualities,sex,locations")


@pytest.fixture
def page(open_page: Open, clinic: Engine) -> AppTest:
    load(clinic, "march.csv", DIARY)
    saved.save(clinic, "Neck", Cohort(locations=("neck",)), by="A. Researcher", at=session.now())
    return open_page("cohort")


def go(at: AppTest, page: str) -> AppTest:
    return events.settled(at.switch_page(f"dashboard/views/{page}.py").run())


def pick(at: AppTest, words: str) -> AppTest:
    box = at.selectbox(key="compare_with")
    return events.settled(box.set_value(next(option for option in box.options if words in option)).run())


def led(at: AppTest, label: str) -> str:
    return next(link.proto.query_string for link in at.get("page_link") if link.proto.label == label)


def test_the_question_beside_everyone_else_a_saved_one_and_itself_without_a_chip(page: AppTest, clinic: Engine) -> None:
    press(page, "chart_qualities", "burning")
    unfold(page, "filters")
    page.get_by_key("f_sexes").set_value(["female"]).run()
    page.radio(key="count_per").set_value("entry").run()
    page.toggle(key="more_charts").set_value(True).run()
    go(page, "compare")
    assert "**A** Entries of women with burning pain" in shown(page) and "(Farrar 2001)" in shown(page)
    assert "**A 12 patients** · 24 entries, median 2 each · **B 28 patients** · 56 entries, median 2 each · nobody in both" in shown(page)
    assert "differ in who they are:** female" in shown(page) and "having written it ever" in shown(page)
    pick(page, "The same, but not quality")
    assert "**B 8 patients**" in shown(page) and "differ in who they are" not in shown(page)
    pick(page, "Saved: Neck")
    assert "**B 20 patients**" in shown(page) and "**6 patients in both**" in shown(page)
    assert "each patient counts once" in shown(page) and "shares add up to more than 100 %" in shown(page) and "*Over time* is left out" not in shown(page)
    unfold(page, "compare_table_locations", "compare_table_weeks")
    files = [one for one in page.get("download_button") if one.key.startswith("compare_")]
    assert [one.key for one in files] == ["compare_csv_locations", "compare_svg_locations", "compare_svg_body", "compare_csv_weeks", "compare_svg_weeks"]
    events.settled(page.toggle(key="landmark").set_value(True).run())
    assert "**A 12 patients** · 12 entries" in shown(page) and "having written it ever" not in shown(page)
    link = dict(page.query_params)
    assert link == {"qualities": "burning", "sexes": "female", "per": "entry", "more": "yes", "b": "saved 1.1", "landmark": "yes"}
    saved.save(clinic, "Neck", Cohort(locations=("jaw",)), by="A. Researcher", at=session.now())
    at = events.open_page("compare", asking=link)
    assert "**A 12 patients** · 12 entries" in shown(at) and at.selectbox(key="compare_with").value == "Saved: Neck, version 1" and "20 patients" in shown(at)
    assert led(at, "Back to the cohort") == "sexes=female&qualities=burning&per=entry&more=yes"
    at.query_params = {"qualities": "burning", "b": "not sex: female"}  # the browser's back, to what is offered no longer
    assert "compares with something that is not there:** not sex\\: female." in shown(events.settled(at.run()))
    events.click(at, "compare_rest")
    assert at.query_params == {"qualities": "burning"} and "**B 28 patients**" in shown(at)
    go(page, "cohort")
    assert "Entries of women with burning pain" in shown(page), "the question is still asked"
    assert led(page, "Compare") == "sexes=female&qualities=burning&per=entry&more=yes"


def test_nobody_else_and_no_question(page: AppTest) -> None:
    go(page, "compare")
    assert "Nobody is in B" in shown(page) and "Everybody meets the question" in shown(page)
    other = events.open_page("compare")
    assert "Ask the **Cohort** page" in shown(other)
