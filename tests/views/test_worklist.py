"""The worklist and the drawer: who is listed, in which order, what a filter hides, what happens when two people act."""
import re
from collections.abc import Callable

import pandas as pd
import pytest
from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from dashboard import audit
from dashboard.days import date_of, spoken
from dashboard.schema import flag, triage_action
from dashboard.triage import Action, act
from dashboard.views import listing, session
from tests.canonical import Row, quiet, scant, written
from tests.views.events import begin_with, choose_rows, click, field, fold_out, has, load, settled, sheet, shown

Open = Callable[..., AppTest]


def day(ago: int) -> int:
    return session.today() - ago


def everybody() -> list[Row]:
    """One patient at least in each bucket, from two sources."""
    rows = [
        quiet("E-now", day(0), chest_pain="yes", locations="mid_back"), quiet("E-old", day(40), urinary_retention="yes"),
        quiet("U-1", day(3), fever="yes"), quiet("R-1", day(1), weight_loss="yes"), scant("N-1", day(0)), quiet("C-1", day(0)), quiet("C-2", day(2)),
        quiet("F-1", day(-1))]
    return [{"source": "south" if row["patient_id"] in ("U-1", "C-2") else "north", **row} for row in rows]


@pytest.fixture
def peopled(clinic: Engine) -> Engine:
    begin_with(clinic, "march.csv", written(*everybody()))
    return clinic


def tile(at: AppTest, bucket: str) -> str:
    """Without colours and emphasis."""
    return re.sub(r":\w+\[|\]|\*\*|  \n", " ", at.button(key=f"tile_{bucket}").label).strip()


def column(at: AppTest, name: str) -> list:
    """Texts of the list; a due time that has run for some minutes is told as it was at the beginning."""
    return [re.sub("in 23 h", "in 1 d", re.sub(r"in 5\d min", "in 1 h", text)) if name == "Status" else text for text in table(at)[name]]


def table(at: AppTest) -> pd.DataFrame:
    """The list, with ids that are not followed by their source."""
    made = next(found for found in at.dataframe if found.key == "list").value
    assert made["Patient"].str.contains(r" · \w+$").all()
    return made.assign(Patient=made["Patient"].str.partition(" · ")[0])


def choose(at: AppTest, key: str, *values: str) -> AppTest:
    return settled(at.multiselect(key=key).set_value(list(values)).run())


def open_patient(at: AppTest, patient_id: str) -> AppTest:
    return choose_rows(at, "list", column(at, "Patient").index(patient_id))


# --- tiles --------------------------------------------------------------------------------------------------------------------------

def test_tiles_say_who_stands_where_and_add_up(open_page: Open, peopled: Engine) -> None:
    at = open_page("worklist")
    assert re.findall(r"\d+ \w+", tile(at, "emergency")) == ["2 open", "2 meet", "0 closed"]
    assert [re.search(r"\d+ \w+", tile(at, bucket))[0] for bucket in ("same_day", "not_assessable", "routine", "no_criterion_met", "no_entries")] == [
        "1 open", "1 patient", "1 open", "2 patients", "1 patient"]
    assert "2 + 1 + 1 + 1 + 2 + 1 = 8 patients" in shown(at)


def test_a_tile_filters_and_a_second_click_shows_everybody(open_page: Open, peopled: Engine) -> None:
    at = click(open_page("worklist"), "tile_same_day")
    assert column(at, "Patient") == ["U-1"]
    assert len(column(click(at, "tile_same_day"), "Patient")) == 4


@pytest.mark.parametrize(("bucket", "listed"), [("not_assessable", ["N-1"]), ("no_criterion_met", ["C-1", "C-2"]), ("no_entries", ["F-1"])])
def test_people_without_a_flag_can_be_listed_too(open_page: Open, peopled: Engine, bucket: str, listed: list[str]) -> None:
    at = click(open_page("worklist"), f"tile_{bucket}")
    assert column(at, "Patient") == listed
    assert "2 emergencies are hidden by these filters" in shown(at)


# --- the list -----------------------------------------------------------------------------------------------------------------------

def test_worst_first_then_current_then_newest(open_page: Open, peopled: Engine) -> None:
    at = open_page("worklist")
    assert column(at, "Patient") == ["E-now", "E-old", "U-1", "R-1"]
    assert column(at, "Tier") == ["⬢ Emergency", "⬢ Emergency", "▲ Same-day", "● Routine"]
    assert column(at, "Reported") == ["today", "5 w", "3 d", "1 d"]
    assert "4 of 4 patients" in shown(at)


def test_what_was_acknowledged_comes_after_what_nobody_saw(open_page: Open, peopled: Engine) -> None:
    at = open_patient(open_page("worklist", name="M. Ito"), "E-now")
    click(at, "acknowledge")
    assert column(click(at, "shut"), "Patient")[:2] == ["E-old", "E-now"]
    *some, routine = column(at, "Status")
    assert some == ["Open, due in 1 h", "Acknowledged", "Open, due in 1 d"] and routine in ("Open, due in 2 d", "Open, due in 1 d")


def test_one_patient_in_the_singular(open_page: Open, clinic: Engine) -> None:
    load(clinic, "march.csv", written(quiet("E-1", day(0), chest_pain="yes")))
    text = shown(open_page("worklist"))
    assert "1 + 0 + 0 + 0 + 0 + 0 = 1 patient" in text
    assert "1 of 1 patient" in text
    assert "1 patient, 1 entry, 1 source" in text
    assert "1 patients" not in text


# --- filters ------------------------------------------------------------------------------------------------------------------------

def test_each_filter(open_page: Open, peopled: Engine) -> None:
    at = open_patient(open_page("worklist", name="M. Ito"), "E-old")
    click(at, "acknowledge")
    settled(field(at, "selectbox", "assignee").set_value("A. Nurse").run())
    click(click(at, "assign_now"), "shut")
    for key, value, listed in [
            ("status", "acknowledged", ["E-old"]), ("status", "open", ["E-now", "U-1", "R-1"]), ("owner", "nobody", ["E-now", "U-1", "R-1"]),
            ("owner", "A. Nurse", ["E-old"]), ("rule", "E06", ["E-old"]), ("rule", "U01", ["U-1"]), ("source", "south", ["U-1"])]:
        assert column(choose(at, key, value), "Patient") == listed, (key, value)
        choose(at, key)


def test_reported_within_and_find(open_page: Open, peopled: Engine) -> None:
    at = open_page("worklist")
    settled(at.selectbox(key="within").set_value("3 days").run())
    assert column(at, "Patient") == ["E-now", "U-1", "R-1"]
    click(at, "clear_filters")
    assert at.selectbox(key="within").value is None
    settled(at.text_input(key="find").set_value("e-O").run())
    assert column(at, "Patient") == ["E-old"], "part of an id, whatever the case"


def test_a_hidden_emergency_is_announced_and_comes_back(open_page: Open, peopled: Engine) -> None:
    at = choose(open_page("worklist"), "source", "south")
    assert "2 emergencies are hidden by these filters" in shown(at)
    choose(at, "source")
    choose(at, "rule", "E01")
    assert "1 emergency is hidden by these filters" in shown(at)
    assert len(column(click(at, "show_hidden"), "Patient")) == 4
    assert not has(at, "show_hidden")


def test_nobody_left_says_what_to_loosen(open_page: Open, peopled: Engine) -> None:
    at = choose(choose(open_page("worklist"), "source", "south"), "status", "escalated")
    assert "Nobody fits all of this" in shown(at)
    assert "escalated; south" in shown(at)
    assert len(column(click(at, "clear_filters"), "Patient")) == 4


def test_a_filter_by_itself_that_would_bring_somebody_back_is_offered(open_page: Open, peopled: Engine) -> None:
    at = choose(choose(open_page("worklist"), "source", "south"), "status", "escalated")
    assert has(at, "loosen_statuses")
    assert not has(at, "loosen_sources"), "nobody is escalated anywhere"
    assert column(click(at, "loosen_statuses"), "Patient") == ["U-1"]
    assert at.multiselect(key="source").value == ["south"]


def test_all_filters_at_once_are_taken_away(open_page: Open, peopled: Engine) -> None:
    at = click(choose(choose(open_page("worklist"), "source", "south"), "status", "escalated"), "tile_routine")
    assert "No filter alone is to blame" in shown(at)
    assert len(column(click(at, "clear_filters"), "Patient")) == 4


def test_any_order_is_that_of_all_pages_and_of_what_is_taken_along(open_page: Open, peopled: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE", 3)
    at = open_page("worklist", name="M. Ito")
    choose_rows(at, "list", 1)
    settled(at.selectbox(key="order").set_value("id").run())
    assert column(at, "Patient") == ["E-now", "E-old", "R-1"] and "Patient E-old" in shown(at)
    choose_rows(at, "list", columns=["Reported"])
    assert (column(at, "Patient"), at.selectbox(key="order").value) == (["E-now", "R-1", "U-1"], "newest")
    choose_rows(at, "list", columns=["Why"])
    assert column(at, "Patient") == ["E-now", "R-1", "U-1"] and "Patient E-old" in shown(at), "there is no order by that"
    text = fold_out(at, "copy").code[0].value
    assert re.findall(r"^\S+: (\S+) ", text, re.MULTILINE) == ["E-now", "R-1", "U-1", "E-old"] and "· newest first" in text
    with peopled.connect() as connection:
        last = audit.events(connection, limit=1).iloc[0]
    assert (last["kind"], last["by"], last["details"]) == ("exported", "M. Ito", {"what": "a worklist as text", "patients": 4})


# --- the drawer ---------------------------------------------------------------------------------------------------------------------

def test_a_row_opens_the_patient_beside_the_list(open_page: Open, peopled: Engine) -> None:
    at = open_patient(open_page("worklist"), "E-now")
    text = shown(at)
    assert "Patient E-now" in text
    assert "Trouble breathing or chest pain with back pain" in text
    assert f"Reported {date_of(day(0)).day} " in text
    assert "0 days before the as-of date" in text
    assert "Evidence for E01: 1 diary entry as written" in text
    assert "Who are you?" in text, "acting needs a name, reading does not"
    assert not has(at, "acknowledge")
    click(at, "next")
    assert "Patient E-old" in shown(at)
    assert at.button(key="previous").disabled is False
    assert not has(click(at, "shut"), "next")


def test_reading_is_not_writing(open_page: Open, peopled: Engine) -> None:
    def acts() -> int:
        with peopled.connect() as connection:
            return len(connection.execute(select(triage_action)).all())
    before = acts()
    open_patient(open_page("worklist", name="M. Ito"), "E-now")
    assert acts() == before


def test_a_patient_that_a_filter_hides_is_shut(open_page: Open, peopled: Engine) -> None:
    at = open_patient(open_page("worklist"), "E-now")
    choose(at, "rule", "U01")
    assert "Patient E-now" not in shown(at)
    assert column(at, "Patient") == ["U-1"]


def test_an_emergency_is_closed_with_outcome_and_note_only(open_page: Open, peopled: Engine) -> None:
    at = open_patient(open_page("worklist", name="M. Ito"), "E-now")
    assert "Choose an outcome" in said(click(at, "close_now"))
    settled(field(at, "selectbox", "outcome").set_value("sent_to_emergency").run())
    assert "Write a note" in said(click(at, "close_now"))
    settled(field(at, "text_area", "closing_note").set_value("Spoke with her at 10:20").run())
    click(at, "close_now")
    assert re.findall(r"\d+ \w+", tile(at, "emergency")) == ["1 open", "2 meet", "1 closed"]
    assert column(at, "Patient") == ["E-old", "U-1", "R-1"]


def said(at: AppTest) -> str:
    return "\n".join(warning.value for warning in at.warning)


def test_of_two_who_act_on_one_flag_one_wins_and_the_other_is_told(open_page: Open, peopled: Engine) -> None:
    first, second = (open_patient(open_page("worklist", name=name), "E-now") for name in ("M. Ito", "B. Lee"))
    click(first, "acknowledge")
    assert not said(first)
    click(second, "acknowledge")
    assert "M. Ito acknowledged it" in said(second)
    assert "Nothing of yours was saved" in said(second)
    with peopled.connect() as connection:
        assert connection.execute(select(triage_action.c.by, triage_action.c.kind)).all() == [("M. Ito", "acknowledge")]
    # now that she has seen it, she may go on from there
    assert "Nothing of yours" not in said(click(second, "escalate"))


def test_a_note_survives_somebody_elses_click(open_page: Open, peopled: Engine) -> None:
    at = open_patient(open_page("worklist", name="B. Lee"), "E-now")
    settled(field(at, "text_area", "note").set_value("Called twice, no answer").run())
    with peopled.connect() as connection:
        seen = dict(connection.execute(select(flag.c.flag, flag.c.version).where(flag.c.rule_id == "E01")).all())
    act(peopled, seen, Action("acknowledge"), by="M. Ito", at=session.now(), today=session.today())
    assert "Nothing of yours was saved" in said(click(at, "note_now"))
    assert field(at, "text_area", "note").value == "Called twice, no answer"
    click(at, "note_now")
    assert "“Called twice, no answer”" in shown(at)


def test_half_a_note_does_not_follow_to_the_next_patient(open_page: Open, peopled: Engine) -> None:
    at = open_patient(open_page("worklist", name="M. Ito"), "E-now")
    for kind, name, value in (("text_area", "note", "About E-now"), ("text_area", "closing_note", "About E-now"), ("selectbox", "outcome", "self_care"),
                              ("selectbox", "assignee", "A. Nurse")):
        settled(field(at, kind, name).set_value(value).run())
    click(at, "next")
    assert [field(at, kind, name).value for kind, name in (("text_area", "note"), ("text_area", "closing_note"), ("selectbox", "outcome"))] == ["", "", None]
    assert field(at, "selectbox", "assignee").value == "M. Ito"


def test_what_was_closed_by_mistake_is_reopened(open_page: Open, peopled: Engine) -> None:
    at = open_patient(open_page("worklist", name="M. Ito"), "U-1")
    settled(field(at, "selectbox", "outcome").set_value("self_care").run())
    click(at, "close_now")
    assert "U-1" not in column(at, "Patient")
    open_patient(choose(at, "status", "closed"), "U-1")
    assert not has(at, "acknowledge")
    click(at, "reopen")
    assert "U-1" in column(choose(at, "status"), "Patient")


def test_several_flags_of_one_patient_are_chosen_one_by_one(open_page: Open, clinic: Engine) -> None:
    load(clinic, "march.csv", written(quiet("X", day(0), chest_pain="yes", urinary_retention="yes", fever="yes")))
    at = open_patient(open_page("worklist", name="M. Ito"), "X")
    with clinic.connect() as connection:
        numbers = dict(connection.execute(select(flag.c.rule_id, flag.c.flag)).all())
    settled(field(at, "multiselect", "on").set_value([numbers["E06"]]).run())
    click(at, "acknowledge")
    with clinic.connect() as connection:
        assert dict(connection.execute(select(flag.c.rule_id, flag.c.status)).all()) == {"E01": "open", "E06": "acknowledged", "U01": "open"}


# --- the list is emptied ------------------------------------------------------------------------------------------------------------

def stands(engine: Engine, rule: str) -> tuple:
    with engine.connect() as connection:
        return tuple(connection.execute(select(flag.c.status, flag.c.owner, flag.c.outcome).where(flag.c.rule_id == rule)).one())


def test_an_action_says_what_it_did_and_can_be_undone(open_page: Open, peopled: Engine) -> None:
    at = click(open_patient(open_page("worklist", name="M. Ito"), "E-now"), "acknowledge")
    assert "Acknowledged E-now." in shown(at)
    click(at, "undo")
    assert stands(peopled, "E01")[0] == "open" and "Acknowledged E-now." not in shown(at) and not has(at, "undo")
    assert "taken back" in shown(at) and "took back an action on E01" in shown(at), "the history keeps both"
    click(at, "start")
    undo = next(button.key for button in at.button if re.fullmatch(r"undo_\d+", button.key or ""))
    assert column(click(at, undo), "Status")[0] == "Open, due in 1 h"
    click(at, "escalate")
    at.session_state["signed_name"] = "B. Lee"
    assert not any((button.key or "").startswith("undo") for button in settled(at.run()).button), "it is somebody else's"


def test_what_is_snoozed_is_off_the_list_and_counted(open_page: Open, peopled: Engine) -> None:
    at = open_patient(open_page("worklist", name="M. Ito"), "E-now")
    assert not [found for found in at.get("date_input") if "snooze" in (found.key or "")], "only routine flags"
    open_patient(at, "R-1")
    assert "Give a reason" in said(click(at, "snooze_now"))
    settled(field(at, "text_area", "snooze_reason").set_value("On holiday").run())
    click(at, "snooze_now")
    assert "R-1" not in column(at, "Patient") and "3 of 4 patients" in shown(at)
    assert tile(at, "routine").endswith("1 snoozed · 0 closed")
    click(at, "show_snoozed")
    assert (column(at, "Patient"), column(at, "Status")) == (["R-1"], [f"Snoozed until {spoken(session.today() + 7)}"])


def test_an_emergency_is_no_data_error_before_two_people_say_so(open_page: Open, peopled: Engine) -> None:
    first = open_patient(open_page("worklist", name="M. Ito"), "E-now")
    settled(field(first, "selectbox", "outcome").set_value("data_error").run())
    assert "closed as a data error by two people" in shown(first)
    settled(field(first, "text_area", "closing_note").set_value("Typed in the wrong row").run())
    click(first, "close_now")
    assert column(first, "Status")[0] == "Waiting for a second person, due in 1 h"
    assert first.button(key="confirm").disabled
    second = open_patient(open_page("worklist", name="B. Lee"), "E-now")
    assert "M. Ito calls E01 a data error" in shown(second) and "“Typed in the wrong row”" in shown(second)
    click(second, "confirm")
    assert "E-now" not in column(second, "Patient") and stands(peopled, "E01") == ("closed", None, "data_error")
    assert not has(second, "undo"), "what two people decided stands"


def test_mine_and_nobodys(open_page: Open, peopled: Engine) -> None:
    at = open_patient(open_page("worklist"), "U-1")
    settled(at.get("segmented_control")[0].set_value("Mine").run())
    assert "Who are you?" in shown(at) and "4 of 4 patients" in shown(at), "nobody's list is not shown as somebody's"
    at.session_state["signed_name"] = "M. Ito"
    settled(at.run())
    assert "Nobody fits all of this" in shown(at) and "assigned to M. Ito" in shown(at)
    click(at, "loosen_whose")
    click(open_patient(at, "U-1"), "assign_now")
    settled(at.get("segmented_control")[0].set_value("Mine").run())
    assert column(at, "Patient") == ["U-1"]
    assert "2 emergencies are hidden by these filters" in shown(at)
    settled(at.get("segmented_control")[0].set_value("Unassigned").run())
    assert column(at, "Patient") == ["E-now", "E-old", "R-1"]


def test_all_routine_flags_at_once_after_saying_what_that_is(open_page: Open, peopled: Engine) -> None:
    load(peopled, "more.csv", written(*[{"source": "north", **quiet(f"R-{number}", day(0), weight_loss="yes")} for number in (2, 3)]))
    first, second = (click(open_page("worklist", name=name), "sweep_offer") for name in ("M. Ito", "B. Lee"))
    assert "Acknowledge 3 routine flags of 3 patients?" in shown(first)
    assert "Left out: 2 patients with an emergency and 1 patient with a same-day flag." in shown(first)
    click(first, "sweep_now")
    assert "Acknowledged 3 routine flags of 3 patients." in shown(first) and not has(first, "sweep_offer")
    assert "3 of 3 flags changed after you opened the list. M. Ito acknowledged R02 (3 flags)." in said(click(second, "sweep_now"))
    assert [text.rpartition(" in ")[0] for text in column(second, "Status")[3:]] == ["Acknowledged, due"] * 3, "and sees how it stands now"
    click(first, "undo")
    assert stands_all(peopled, "R02") == {"open"}


def stands_all(engine: Engine, rule: str) -> set[str]:
    with engine.connect() as connection:
        return set(connection.scalars(select(flag.c.status).where(flag.c.rule_id == rule)))


def test_who_could_not_be_assessed_and_about_what(open_page: Open, peopled: Engine) -> None:
    at = click(open_page("worklist"), "tile_not_assessable")
    assert column(at, "Not asked lately") == ["5 emergencies: E01, E04, E05, E06, E07"]
    assert "Unknown" not in table(at) and "Why" not in table(at)


# --- the past -----------------------------------------------------------------------------------------------------------------------

def test_the_past_is_looked_at_and_not_acted_on(open_page: Open, peopled: Engine) -> None:
    at = open_page("worklist", name="M. Ito")
    settled(at.date_input(key="past_date").set_value(date_of(day(1))).run())
    assert "This is the past" in shown(at) and "No diary was here yet" in shown(at), "what was imported today was not known yesterday"
    click(at, "past_now")
    past = at.dataframe[0].value
    assert past["Patient"].tolist() == ["E-old · north", "U-1 · south", "R-1 · north"] and past["Reported"].tolist() == ["5 w", "2 d", "today"]
    assert not has(at, "acknowledge") and not has(at, "sweep_offer") and has(at, "csv")
    assert re.search(r"No entries \W*4 patients", re.sub(r":\w+\[|\]|\*\*|  \n", " ", at.button(key="past_tile_no_entries").label))
    click(click(at, "past_tile_no_entries"), "past_back")
    assert column(at, "Patient") == ["E-now", "E-old", "U-1", "R-1"]


NOTED = sheet("001,2025-03-01,4,mid_back,Cannot pee since *last* night.,", "002,2025-03-01,4,mid_back,No chest pain.,", "003,2025-03-01,4,mid_back,Fainted,yes",
              header="patient_id,recorded_at,severity,locations,note,leg_weakness")


def test_a_note_that_asks_to_be_read(open_page: Open, clinic: Engine) -> None:
    load(clinic, "march.csv", NOTED)
    at = open_page("worklist", name="A. Nurse")
    assert next(button.label for button in at.button if button.key == "notes_to_read") == "Notes to read: 2"
    click(at, "notes_to_read")
    assert table(at)[["Patient", "Note mentions"]].to_numpy().tolist() == [["003", "fainting or collapse"], ["001", "cannot pass urine"]]
    choose_rows(at, "list", 1)
    assert ":orange-background[Cannot pee]" in shown(at)
    assert r"\*last\*" in shown(at), "what else it says is no Markdown"
    click(at, "read_notes")
    assert next(button.label for button in at.button if button.key == "notes_to_read") == "✓ Notes to read: 1"
    assert table(at)["Patient"].tolist() == ["003"]
    click(at, "notes_to_read")
    assert table(at)["Patient"].tolist() == ["003"], "a note alone puts nobody on the list, and takes nobody off it"
