"""The page of one patient: found by the id or from a row, in one piece, and not confused with anybody else."""
import json
import re
from collections.abc import Callable

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from dashboard.days import date_of
from dashboard.views import session
from tests.canonical import Row, quiet, scant, written
from tests.views.events import begin_with, choose_rows, click, has, load, settled, shown, type_into

Open = Callable[..., AppTest]
RIGHT_TO_LEFT = "הכאב חזק יותר בישיבה."


def day(ago: int) -> int:
    return session.today() - ago


def rows() -> list[Row]:
    many = [quiet("0412", day(ago), severity=str(ago % 11), worst_severity="9", note=f"note {ago}") for ago in range(100, 3, -8)]
    return [{"source": "north", **row} for row in (
        *many, quiet("0412", day(2), chest_pain="yes", fever="", locations="mid_back", birth_year="1950", sex="female", diabetes="yes", osteoporosis="yes",
                     relief_tried="rest;massage", relief_helped="rest", note=f"**{RIGHT_TO_LEFT}**", mood="*low*"),
        quiet("0412", day(1), diabetes="no"), scant("7", day(1)), quiet("later", day(-1)))] + [{"source": "south", **quiet("7", day(0))}]


@pytest.fixture
def peopled(clinic: Engine) -> Engine:
    begin_with(clinic, "march.csv", written(*rows()))
    return clinic


def find(open_page: Open, patient_id: str) -> AppTest:
    return type_into(open_page("patient"), "patient_id", patient_id)


def chart(at: AppTest) -> dict:
    return json.loads(at.get("plotly_chart")[0].proto.spec)


def helped(at: AppTest) -> list[list]:
    return next(found.value for found in at.dataframe if "Treatment" in found.value).to_numpy().tolist()


def test_nobody_chosen_asks_who(open_page: Open, peopled: Engine) -> None:
    at = open_page("patient")
    assert "Choose a patient" in shown(at)
    assert not at.get("plotly_chart")


def test_a_patient_is_found_by_the_id_letter_for_letter(open_page: Open, peopled: Engine) -> None:
    at = find(open_page, "412")
    assert "No patient has the id 412" in shown(at)
    assert "007 and 7 are two patients" in shown(at)
    assert "Patient 0412" in [title.value for title in type_into(at, "patient_id", " 0412 ").title]
    assert not at.query_params
    assert "Choose a patient" in shown(click(at, "another"))


def test_of_two_sources_with_one_id_one_is_chosen(open_page: Open, peopled: Engine) -> None:
    at = find(open_page, "7")
    assert "2 sources know a patient 7" in shown(at)
    buttons = {button.label: button.key for button in at.button if re.fullmatch(r"patient_\d+", button.key or "")}
    click(at, buttons["south"])
    assert "south · age not recorded" in shown(at)


def test_the_header_says_who_it_is(open_page: Open, peopled: Engine) -> None:
    text = shown(find(open_page, "0412"))
    age = date_of(session.today()).year - 1950
    assert ":red[**⬢ Emergency**]" in text
    assert f"north · {age} years · Female · last entry " in text
    assert "(1 d before the as-of date) · 15 entries" in text
    assert ":gray-badge[Osteoporosis]" in text
    assert ":orange-badge[⚠ Diabetes: both yes and no]" in text


def test_chart_flags_help_and_what_was_never_asked(open_page: Open, peopled: Engine) -> None:
    at = find(open_page, "0412")
    text = shown(at)
    assert "Trouble breathing or chest pain with back pain" in text
    assert "**Never asked:**] Flare, Marked urgent by the patient" in text
    assert helped(at) == [["Massage", "0 of 1 (0 %)", 0], ["Rest", "1 of 1 (100 %)", 0]]
    assert chart(at)["layout"]["yaxis3"]["ticktext"] == ["Chest pain"]
    settled(next(found for found in at.toggle if found.key == "patient_denied").set_value(True).run())
    assert len(chart(at)["layout"]["yaxis3"]["ticktext"]) == 33
    assert chart(at)["layout"]["xaxis"]["range"][0] == date_of(day(91)).isoformat()
    settled(at.radio(key="patient_range").set_value("All").run())
    assert chart(at)["layout"]["xaxis"]["range"][0] < date_of(day(100)).isoformat()


def test_every_entry_down_to_the_columns_nobody_knows(open_page: Open, peopled: Engine) -> None:
    at = find(open_page, "0412")
    entries = next(found for found in at.dataframe if found.key == "patient_entries").value
    assert len(entries) == 15
    assert entries["Written in"].tolist()[:2] == ["march.csv, row 16", "march.csv, row 15"]
    assert list(entries)[:5] == ["When", "Severity", "Worst", "Reported", "Note"]
    text = shown(choose_rows(at, "patient_entries", 1))
    assert "Columns that are not known here (1)" in text
    assert "mood" in text and "\u2068*low*\u2069" in text
    assert "every field" not in shown(choose_rows(at, "patient_entries"))
    # an entry of another patient is never shown
    choose_rows(at, "patient_entries", 1)
    assert "every field" not in shown(type_into(click(at, "another"), "patient_id", "later"))


def test_notes_newest_first_in_their_own_direction(open_page: Open, peopled: Engine) -> None:
    at = find(open_page, "0412")
    notes = [text.value for text in at.text]
    assert notes[:2] == [f"\u2068**{RIGHT_TO_LEFT}**\u2069", "\u2068note 4\u2069"]
    assert len(notes) == 10
    settled(next(found for found in at.toggle if found.key == "patient_notes").set_value(True).run())
    assert len(at.text) == 14


def test_a_patient_without_an_entry_by_this_date(open_page: Open, peopled: Engine) -> None:
    at = find(open_page, "later")
    assert "no entry by" in shown(at)
    assert not at.get("plotly_chart") and not has(at, "csv")


def test_from_the_worklist_and_back(open_page: Open, peopled: Engine) -> None:
    at = open_page("worklist")
    choose_rows(at, "list", 0)
    settled(at.switch_page("dashboard/views/patient.py").run())
    assert [title.value for title in at.title] == ["Patient 0412"]
    assert "this patient is still open there" in shown(at)
    assert {"csv", "print"} <= {found.key for found in at.get("download_button")}


def test_one_of_several_flags_has_an_owner(open_page: Open, clinic: Engine) -> None:
    load(clinic, "march.csv", written(quiet("X", day(0), chest_pain="yes", urinary_retention="yes")))
    at = choose_rows(open_page("worklist", name="M. Ito"), "list", 0)
    on = next(found for found in at.multiselect if (found.key or "").startswith("on_"))
    settled(on.set_value(on.value[:1]).run())
    click(at, "assign_now")
    assert "owner M. Ito" in shown(at)
    text = shown(settled(at.switch_page("dashboard/views/patient.py").run()))
    assert "owner M. Ito" in text
    assert "to M. Ito" in text


def test_whoever_was_found_by_the_id_can_be_acted_on_in_the_worklist(open_page: Open, peopled: Engine) -> None:
    at = open_page("worklist")
    settled(at.multiselect(key="source").set_value(["south"]).run())
    settled(at.text_input(key="find").set_value("zzz").run())
    settled(at.switch_page("dashboard/views/patient.py").run())
    type_into(at, "patient_id", "0412")
    click(at, "to_worklist")
    assert [title.value for title in at.title] == ["Worklist"]
    assert has(at, "next") and "Patient 0412" in shown(at)
    assert (at.text_input(key="find").value, at.multiselect(key="source").value) == ("", [])
