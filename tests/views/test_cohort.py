from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, date

import pandas as pd
import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from dashboard import activity, audit, crossfilter
from dashboard.activity import Question
from dashboard.cohort import Cohort
from dashboard.views import takeaway
from tests.views import events
from tests.views.events import begin_with, chart, choose_rows, click, has, press, sheet, shown, unfold

Open = Callable[..., AppTest]
HEADER = "patient_id,recorded_at,severity,worst_severity,locations,qualities,onset_date,urinary_retention,sex,birth_year"
# 3 patients: one an emergency, one who was asked everything that matters, one of whom little is known
DIARY = sheet(
    "001,2025-03-01,7,9,neck,burning,2025-02-20,yes,female,1970", "001,2025-03-02,3,,low_back;neck,dull,,no,,",
    "002,2025-03-01,3,,low_back,dull,2024-11-01,no,male,1980", "003,2025-03-03,,,,,,,,", header=HEADER)


@pytest.fixture
def page(open_page: Open, clinic: Engine) -> AppTest:
    begin_with(clinic, "march.csv", DIARY)
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
    assert "All entries: **3 patients** · **4 entries**:gray[ · median 1 each, middle half 1–1.5]" in shown(page)
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
    assert not [one for one in page.multiselect if one.key == "f_sexes"], "a click on a chart does not wait for a form that is shut"
    unfold(page, "filters")
    keys = {one.key for kind in ("multiselect", "number_input", "date_input", "checkbox", "radio") for one in page.get(kind)}
    assert {f"f_{field.name}" for field in fields(Cohort)} - keys == {"f_negated", "f_every"}, "all that can be asked is in the form"
    page.get_by_key("f_sexes").set_value(["female", "not_recorded"]).run()
    page.get_by_key("f_age_from").set_value(51).run()
    events.settled(page)
    assert "Entries of women or patients of unknown sex, over 50" in shown(page) and listed(page)["Patient"].tolist() == ["001"]
    assert page.query_params["age_from"] in ("51", ["51"]) and "age_to" not in page.query_params, "an end that is left blank is open"


def test_the_contrary_all_of_them_and_whole_diaries(page: AppTest) -> None:
    unfold(page, "filters")
    page.get_by_key("f_symptoms").set_value(["urinary_retention"]).run()
    page.get_by_key("m_symptoms").set_value("not").run()
    # what was not asked about is not denied: 003 is not among them
    assert "Entries with cannot pass urine denied: **2 patients** · **2 entries**" in shown(events.settled(page))
    assert r"reported not\: cannot pass urine ✕" in [button.label for button in page.button]
    assert not chosen(page, "chart_symptoms"), "what is ruled out is not shown as asked for"
    page.get_by_key("f_whole").set_value(True).run()
    # 001 denies it one day and reports it on another
    assert "in an entry and the contrary in none: **1 patient** · **1 entry**" in shown(events.settled(page))
    click(page, "clear_question")
    page.get_by_key("f_blank").set_value(["severity", "onset_day"]).run()
    assert "**2 patients** · **2 entries**" in shown(events.settled(page))
    page.get_by_key("m_blank").set_value("all of").run()
    assert "Entries with no answer to severity and onset date: **1 patient** · **1 entry**" in shown(events.settled(page))
    click(page, "clear_question")
    page.get_by_key("f_until").set_value(date(2025, 3, 2)).run()
    page.get_by_key("m_period").set_value("not").run()
    assert "All entries, after 2 Mar 2025: **1 patient** · **1 entry**" in shown(events.settled(page))


def test_more_charts_are_counted_once_they_are_unfold(page: AppTest) -> None:
    assert not [one for one in page.get("bidi_component") if one.key == "chart_ages"]
    page.toggle(key="more_charts").set_value(True).run()
    assert page.query_params == {"more": "yes"}
    assert bars(events.settled(page), "ages") | {"not_recorded": ""} == {
        **dict.fromkeys(("under_20", "20_to_29", "30_to_39", "60_to_69", "70_to_79", "80_and_more"), "0 %"), "40_to_49": "50 %", "50_to_59": "50 %",
        "not_recorded": ""}
    assert "as of " in shown(page) and "data through 3 Mar 2025 (oldest source)" in shown(page)
    assert bars(page, "high_pain") == {"no_day": "50 %", "to_25": "0 %", "to_50": "50 %", "to_75": "0 %", "to_100": "0 %", "not_recorded": "33 %"}
    assert bars(page, "hours")["not_recorded"] == "100 %" and not bars(page, "hours")["00"], "a date alone is not midnight"
    press(page, "chart_weeks", "2025-02-24")
    assert "All entries, 24 Feb to 2 Mar 2025: **2 patients** · **3 entries**" in shown(page) and chosen(page, "chart_weeks") == ["2025-02-24"]
    press(page, "chart_weeks", "2025-03-03", add=True)
    assert "All entries, 24 Feb to 9 Mar 2025: **3 patients** · **4 entries**" in shown(page)
    click(page, "undo_step")
    press(page, "chart_ages", "40_to_49")
    assert "Entries of patients aged 40 to 49, 24 Feb to 2 Mar 2025: **1 patient**" in shown(page)
    click(page, "clear_question")
    press(page, "chart_blank", "severity")
    assert "Entries with no answer to severity: **1 patient** · **1 entry**" in shown(page) and listed(page)["Patient"].tolist() == ["003"]
    assert chosen(page, "chart_blank") == ["severity"]


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
    assert "**Quality × location** :small[:gray[any pair]]" in shown(page)


def test_what_nobody_said_can_be_taken_back_where_it_was_asked(page: AppTest) -> None:
    unfold(page, "filters").get_by_key("f_qualities").set_value(["ripping"]).run()
    assert "No entry matches all of this" in shown(events.settled(page)) and bars(page, "qualities")["ripping"] == "0 %"
    press(page, "chart_qualities", "ripping")
    assert "All entries: **3 patients**" in shown(page)


def test_high_risk_patients_by_their_worst_tier(page: AppTest) -> None:
    unfold(page, "filters").get_by_key("f_tiers").set_value(["E"]).run()
    assert "whose worst tier is E" in shown(events.settled(page)) and listed(page)["Patient"].tolist() == ["001"]


def test_an_address_is_a_question(open_page: Open, clinic: Engine) -> None:
    begin_with(clinic, "march.csv", DIARY)
    at = open_page("cohort", asking=Cohort(qualities=("dull",), severity_to=4).to_params() | {"per": ["entry"], "more": ["yes"]})
    assert at.toggle(key="more_charts").value and bars(at, "ages")
    assert "Entries with dull pain and severity 4 or less: **2 patients** · **2 entries**" in shown(at)


def test_an_address_that_cannot_be_read_is_not_half_answered(open_page: Open, clinic: Engine) -> None:
    begin_with(clinic, "march.csv", DIARY)
    at = open_page("cohort", asking={"severity_from": "much"})
    assert r"severity\_from\: this value cannot be read. Expected a number." in shown(at)
    assert {one.key for one in at.get("bidi_component")} == {"themed"}, "no chart"
    click(at, "ask_all")
    assert "All entries: **3 patients**" in shown(at)


def test_more_charts_of_nobody(page: AppTest) -> None:
    page.session_state["more_charts"] = True
    unfold(page, "filters").get_by_key("f_high_pain").set_value(["to_75"]).run()
    assert "No entry matches all of this" in shown(events.settled(page)) and chosen(page, "chart_high_pain") == ["to_75"]
    press(page, "chart_high_pain", "to_75")
    assert "All entries: **3 patients**" in shown(page)


def test_every_card_can_be_taken_along_and_a_list_of_patients_leaves_a_trace(page: AppTest, clinic: Engine) -> None:
    page.session_state["more_charts"] = True
    unfold(page, *(f"table_{card}" for card in takeaway.CARDS))
    charts = [name for names in takeaway.CARDS.values() for name in names]
    assert {*charts, "buckets", "base"} == {*crossfilter.NAMES, *crossfilter.MORE}
    assert all(has(page, f"csv_{name}") for name in [*charts, "members"]) and all(has(page, f"svg_{name}") for name in charts)
    for name in ("csv_qualities", "csv_members"):
        events.settled(next(button for button in page.get("download_button") if button.key == name).click().run())
    page.session_state["signed_name"] = "M. Ito"
    events.settled(next(button for button in page.get("download_button") if button.key == "csv_members").click().run())
    with clinic.connect() as connection:
        left = activity.lines(connection, Question(kinds=("exported",)), UTC)
        assert left["what"].tolist() == [f"{who} downloaded the patients of a cohort: 3 patients." for who in ("M. Ito", "An unnamed reader")]
        assert set(audit.events(connection, kinds=["exported"])["subject"]) == {None} and "unnamed reader" not in audit.names(connection)


def test_a_row_leads_to_the_patient_and_is_chosen_in_its_own_list_only(page: AppTest) -> None:
    def opened() -> list[str]:
        return [link.proto.label for link in page.get("page_link") if link.proto.label.startswith("Open ")]
    assert not opened()
    choose_rows(page, "members", 0)
    assert opened() == ["Open 001"] and page.session_state["patient_from"] == "cohort"
    press(page, "chart_qualities", "dull")
    assert listed(page)["Patient"].tolist() == ["001", "002"] and not opened(), "another list: nobody chose the one who now stands there"
    choose_rows(page, "members", 1)
    assert opened() == ["Open 002"]
    click(page, "undo_step")
    assert not opened()
    choose_rows(page, "members", 2)
    patient = page.session_state["patient_page"]
    away_and_back(page)
    assert opened() == ["Open 002"], "back from the patient's page"
    page.session_state["patient_from"] = "worklist"
    away_and_back(page)
    assert page.session_state["patient_page"] == patient and not opened(), "whom the worklist has open was not chosen here"


def away_and_back(at: AppTest) -> None:
    for name in ("patient", "cohort"):
        events.settled(at.switch_page(f"dashboard/views/{name}.py").run())
