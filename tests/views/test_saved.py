"""Saving the question that is asked, opening it again, and looking at a frozen one."""
from collections.abc import Callable

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from dashboard import audit, saved
from tests.views import events
from tests.views.events import click, has, load, press, sheet, shown, type_into

Open = Callable[..., AppTest]
HEADER = "patient_id,recorded_at,qualities,entry_id"
DIARY = sheet("001,2025-03-01,burning,a", "002,2025-03-01,burning,b", "003,2025-03-03,dull,c", header=HEADER)


@pytest.fixture
def page(open_page: Open, clinic: Engine) -> AppTest:
    load(clinic, "march.csv", DIARY)
    return open_page("cohort", name="A. Researcher")


def open_box(at: AppTest) -> AppTest:
    at.session_state["saved"] = True
    return events.settled(at.run())


def save(at: AppTest, name: str, kind: str = "question") -> AppTest:
    open_box(at)
    type_into(at, "saved_as", name)
    at.radio(key="saved_kind").set_value(kind)
    return click(at, "save_cohort")


def test_a_frozen_cohort_is_opened_as_it_was_and_left_again(page: AppTest, clinic: Engine) -> None:
    press(page, "chart_qualities", "burning")
    save(page, "Burning", "frozen")
    load(clinic, "april.csv", sheet("001,2025-03-01,dull,a", "004,2025-03-01,burning,d", "005,2025-03-01,burning,e", header=HEADER))
    click(page, "clear_question")
    assert "**5 patients**" in shown(page)
    open_box(page)
    assert "Entries with burning pain" in shown(page) and "2 patients, 2 entries" in shown(page)
    click(page, "open_saved")
    assert ":orange[**Frozen:**] Burning, version 1" in shown(page)
    link = dict(page.query_params)
    assert "Entries with burning pain: **2 patients**" in shown(page) and link == {"qualities": "burning", "frozen": "1.1"}
    assert next(table.value for table in page.dataframe if table.key == "members")["Patient"].tolist() == ["001", "002"]
    press(page, "chart_qualities", "dull")
    assert "filters changed since" in shown(page) and "**1 patient**" in shown(page)
    click(page, "thaw")
    assert "Frozen" not in shown(page) and "Entries with dull pain: **2 patients**" in shown(page) and page.query_params == {"qualities": "dull"}
    page.query_params = dict(link)  # the browser's back
    for at in (events.settled(page.run()), events.open_page("cohort", asking=link)):
        assert ":orange[**Frozen:**] Burning, version 1" in shown(at) and "Entries with burning pain: **2 patients**" in shown(at)
    at = events.open_page("cohort", asking=link | {"frozen": "1.2"})
    assert "There is no saved cohort 1 with a version 2." in shown(at) and "burning" not in shown(at), "today's data are no answer to it"


def test_saving_needs_a_name_and_a_signature_and_says_what_went_wrong(open_page: Open, clinic: Engine) -> None:
    load(clinic, "march.csv", DIARY)
    at = open_box(open_page("cohort"))
    assert "Who are you?" in shown(at) and not has(at, "save_cohort")
    at.session_state["signed_name"] = "A. Researcher"
    save(at, "  ")
    assert "A saved cohort needs a name." in shown(at)
    save(at, "Everybody")
    save(at, "everybody")
    assert "Everybody asks just that already" in shown(at)
    press(at, "stands", "not_assessable")
    open_box(at)
    assert at.radio(key="saved_kind").disabled and "cannot be frozen" in shown(at)
    click(at, "retire_saved")
    with clinic.connect() as connection:
        assert [one.retired for one in saved.everything(connection)] == [True]
        assert audit.events(connection, kinds=["saved_cohort"])["by"].tolist() == ["A. Researcher"] * 2
    at.toggle(key="saved_retired").set_value(True).run()
    click(at, "restore_saved")
    type_into(at, "new_name_1", "All of them")
    click(at, "rename_saved")
    assert at.selectbox(key="saved_cohort").format_func(1) == "All of them"


def test_what_is_no_longer_what_was_frozen_is_said(page: AppTest, clinic: Engine) -> None:
    save(page, "Everybody", "frozen")
    with clinic.begin() as connection:
        connection.exec_driver_sql("DELETE FROM diary_entry WHERE entry_id = 'c'")
    open_box(page)
    click(page, "open_saved")
    assert "**This is not what was frozen:** 3 patients and 3 entries then." in shown(page)
