from collections.abc import Callable

import pandas as pd
import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from dashboard.cohort import Cohort
from tests.views import events
from tests.views.events import chart, choose_rows, click, has, load, press, sheet, shown

Open = Callable[..., AppTest]
HEADER = "patient_id,recorded_at,severity,worst_severity,locations,qualities,onset_date,urinary_retention,sex,birth_year"
# 3 patients: one an emergency, one who was asked everything that matters, one of whom little is known
DIARY = sheet(
    "001,2025-03-01,7,9,neck,burning,2025-02-20,yes,female,1970", "001,2025-03-02,3,,low_back;neck,dull,,no,,",
    "002,2025-03-01,3,,low_back,dull,2024-11-01,no,male,1980", "003,2025-03-03,,,,,,,,", header=HEADER)


@pytest.fixture
def page(open_page: Open, clinic: Engine) -> AppTest:
    load(clinic, "march.csv", DIARY)
    return open_page("cohort")


def bars(at: AppTest, name: str) -> dict[str, str]:
    return {mark["code"]: mark["text"] for mark in chart(at, f"chart_{name}")["chart"]["marks"]}


def chosen(at: AppTest, name: str) -> list[str]:
    return chart(at, name)["selected"]


def listed(at: AppTest) -> pd.DataFrame:
    return next(table.value for table in at.dataframe if table.key == "members")


def test_an_empty_database_says_what_to_do_first(open_page: Open) -> None:
    assert "No diaries yet" in shown(open_page("cohort"))


def test_the_first_look_is_at_everybody(page: AppTest) -> None:
    assert "All entries: **3 patients** · **4 entries**:gray[ · median 1 each [1–1.5]]" in shown(page)
    assert bars(page, "qualities") == {"dull": "100 %", "burning": "50 %", "none": "0 %", "not_recorded": "33 %"}
    assert bars(page, "durations") == {"under_6_weeks": "50 %", "6_to_12_weeks": "0 %", "12_weeks_and_more": "50 %", "not_recorded": "33 %"}
    assert chart(page, "body_map")["shades"]["neck"]["share"] == "50 %"
    retention = next(mark for mark in chart(page, "chart_symptoms")["chart"]["marks"] if mark["code"] == "urinary_retention")
    assert retention["words"] == "Cannot pass urine: present 1 (33 %), denied 1 (33 %), not asked 1 (33 %), of 3 patients"
    table = listed(page)
    assert table["Patient"].tolist()[0] == "001" and table["Stands as"].tolist()[0] == "⬢ Emergency"


def test_a_press_filters_all_charts_but_its_own_and_the_list(page: AppTest) -> None:
    press(page, "chart_qualities", "burning")
    assert "Entries with burning pain: **1 patient** · **1 entry**" in shown(page)
    assert page.query_params == {"qualities": "burning"}
    assert chosen(page, "chart_qualities") == ["burning"]
    assert bars(page, "qualities") == {"dull": "100 %", "burning": "50 %", "none": "0 %", "not_recorded": "33 %"}, "its own context is whole"
    assert bars(page, "durations")["under_6_weeks"] == "100 %"
    assert listed(page)["Patient"].tolist() == ["001"] and listed(page)["Entries"].tolist() == [1]
    press(page, "chart_qualities", "dull", add=True)
    assert "Entries with dull or burning pain" in shown(page) and len(listed(page)) == 2
    press(page, "body_map", "neck")
    assert "Entries with dull or burning pain in the neck: **1 patient** · **2 entries**" in shown(page)
    press(page, "body_map", "neck")
    press(page, "chart_severity", "7")
    assert "severity 6.5 to 7.49: **1 patient** · **1 entry**" in shown(page)
    click(page, "clear_question")
    assert "All entries: **3 patients**" in shown(page) and not page.query_params


def test_entries_instead_of_patients(page: AppTest) -> None:
    page.get_by_key("count_per").set_value("entry").run()
    events.settled(page)
    assert bars(page, "qualities")["dull"] == "67 %" and "3 entries answered" in shown(page)
    assert page.query_params["per"] in ("entry", ["entry"])


def test_chips_undo_and_redo(page: AppTest) -> None:
    press(page, "chart_durations", "12_weeks_and_more")
    press(page, "chart_symptoms", "urinary_retention")
    assert "No entry matches all of this" in shown(page)
    assert [page.button(key=f"chip_{n}").label for n in (0, 1)] == [r"duration\: 12 weeks and more ✕", r"reported\: cannot pass urine ✕"]
    assert page.button(key="loosen_0").label == r"Without duration\: 12 weeks and more · 1 patient"
    click(page, "chip_1")
    assert "**1 patient** · **1 entry**" in shown(page)
    click(page, "undo_step")
    assert "No entry matches all of this" in shown(page)
    click(page, "undo_step")
    click(page, "undo_step")
    assert "All entries" in shown(page) and not has(page, "undo_step")
    click(page, "redo_step")
    assert "Entries with duration 12 weeks and more" in shown(page)
    click(page, "undo_step")
    press(page, "chart_qualities", "dull")
    assert not has(page, "redo_step"), "a new step ends what could be redone"


def test_filters_by_form(page: AppTest) -> None:
    page.get_by_key("f_sexes").set_value(["female", "not_recorded"]).run()
    page.get_by_key("f_age_from").set_value(51).run()
    events.settled(page)
    assert "Entries of women or patients of unknown sex, over 50" in shown(page) and listed(page)["Patient"].tolist() == ["001"]
    page.get_by_key("f_age_to").set_value(20).run()
    assert "Age from lies after age to" in shown(page) and listed(page)["Patient"].tolist() == ["001"], "a range of nothing is refused"


def test_who_stands_where_is_a_filter(page: AppTest) -> None:
    press(page, "stands", "emergency")
    assert "whose bucket is emergency" in shown(page)
    assert listed(page)["Patient"].tolist() == ["001"] and listed(page)["Entries"].tolist() == [2]


def test_each_card_says_of_how_many_and_which_filter_it_leaves_out(page: AppTest) -> None:
    assert all(said in shown(page) for said in (
        "**Where** :small[:gray[2 patients answered]]", "**How bad** :small[:gray[2 patients answered]]", "**Red flags** :small[:gray[3 patients]]"))
    press(page, "chart_qualities", "burning")
    assert "**What it is like** :small[:gray[2 answered, any quality]]" in shown(page)
    assert "**Where** :small[:gray[1 patient answered]]" in shown(page)
    assert "**Quality × location** :small[:gray[any place or quality]]" in shown(page)


def test_what_nobody_said_can_be_taken_back_where_it_was_asked(page: AppTest) -> None:
    page.get_by_key("f_qualities").set_value(["ripping"]).run()
    assert "No entry matches all of this" in shown(events.settled(page)) and bars(page, "qualities")["ripping"] == "0 %"
    press(page, "chart_qualities", "ripping")
    assert "All entries: **3 patients**" in shown(page)


def test_high_risk_patients_by_their_worst_tier(page: AppTest) -> None:
    page.get_by_key("f_tiers").set_value(["E"]).run()
    assert "whose worst tier is E" in shown(events.settled(page)) and listed(page)["Patient"].tolist() == ["001"]


def test_an_address_is_a_question(open_page: Open, clinic: Engine) -> None:
    load(clinic, "march.csv", DIARY)
    at = AppTest.from_file(str(events.APP), default_timeout=60)
    at.run()
    at.query_params.update(Cohort(qualities=("dull",), severity_to=4).to_params() | {"per": ["entry"]})
    events.settled(at.switch_page("dashboard/views/cohort.py").run())
    assert "Entries with dull pain and severity 4 or less: **2 patients** · **2 entries**" in shown(at)


def test_an_address_that_cannot_be_read_is_not_half_answered(open_page: Open, clinic: Engine) -> None:
    load(clinic, "march.csv", DIARY)
    at = AppTest.from_file(str(events.APP), default_timeout=60)
    at.run()
    at.query_params["severity_from"] = "much"
    events.settled(at.switch_page("dashboard/views/cohort.py").run())
    assert r"severity\_from\: this value cannot be read. Expected a number." in shown(at)
    assert not at.get("bidi_component")
    click(at, "ask_all")
    assert "All entries: **3 patients**" in shown(at)


def test_every_card_can_be_taken_along(page: AppTest) -> None:
    assert all(has(page, f"csv_{card}") for card in ("where", "quality", "duration", "severity", "quality_by_location", "red_flags"))
    assert has(page, "csv_quality") and has(page, "svg_where") and has(page, "csv_members")


def test_a_row_leads_to_the_patient(page: AppTest) -> None:
    before = len(page.get("page_link"))
    choose_rows(page, "members", 0)
    assert len(page.get("page_link")) == before + 1
    assert page.session_state["patient_from"] == "cohort"
