"""The worklist: tiles that add up, one line a patient in the order in which they are worked off, filters that hide nothing red unsaid."""
from dataclasses import replace

import pandas as pd
import pytest
from sqlalchemy import Engine

from dashboard import worklist
from dashboard.worklist import Filters
from tests.canonical import quiet, scant
from tests.clinic import TODAY, Clinic

WET, NUMB, THIN = {"urinary_incontinence": "yes"}, {"leg_numbness": "yes"}, {"weight_loss": "yes"}
BOTH = {**NUMB, "both_legs": "yes"}


def lines(clinic: Clinic, **filters: object) -> pd.DataFrame:
    with clinic.engine.connect() as connection:
        return worklist.lines(connection, Filters(**filters), as_of=clinic.today, now=clinic.at)


def shown(clinic: Clinic, **filters: object) -> list[str]:
    made = lines(clinic, **filters)
    return made.loc[~made["hidden"], "patient_id"].tolist()


def tiles(clinic: Clinic) -> dict[str, tuple]:
    with clinic.engine.connect() as connection:
        return {bucket: tuple(tile.values()) for bucket, tile in worklist.tiles(connection, clinic.at).items()}


def clinic_of_eight(engine: Engine) -> Clinic:
    clinic = Clinic(engine)
    clinic.sends(
        quiet("wet", TODAY - 1, source="north", birth_year="1950", steroid_use="yes", **WET, **THIN), quiet("old", TODAY - 20, source="north", **WET),
        quiet("numb", TODAY, source="south", **NUMB), quiet("both", TODAY - 5, source="south", **BOTH), quiet("thin", TODAY, source="north", **THIN),
        scant("scant", TODAY - 2, source="south"), quiet("well", TODAY - 3, source="south"), quiet("later", TODAY + 1, source="south"))
    return clinic


# --- tiles ------------------------------------------------------------------------------------------------------------------------

def test_tiles_add_up_and_lead_with_what_is_open(engine: Engine) -> None:
    clinic = clinic_of_eight(engine)
    assert tiles(clinic) == {"emergency": (3, 3, 0, 0), "same_day": (1, 1, 0, 0), "not_assessable": (1,), "routine": (1, 1, 0, 0), "no_criterion_met": (1,),
                             "no_entries": (1,)}
    clinic.closes("E05", patient_id="old")
    clinic.acts("acknowledge", "E05", patient_id="wet")
    clinic.days_pass(1)
    assert tiles(clinic)["emergency"] == (3, 2, 1, 1)
    clinic.days_pass(1)
    assert tiles(clinic)["same_day"] == (1, 1, 1, 0)


def test_a_flag_that_lost_what_made_it_an_emergency_is_open_in_the_tile_of_its_patient(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, entry_id="a", **BOTH))
    clinic.sends(quiet("1", TODAY, entry_id="a", **NUMB))
    assert tiles(clinic)["same_day"] == (1, 1, 0, 0)
    with engine.connect() as connection:
        assert worklist.withdrawn_to_review(connection) == 1


def test_nothing_yet(engine: Engine) -> None:
    clinic = Clinic(engine)
    assert tiles(clinic)["emergency"] == (0, 0, 0, 0)
    for bucket in (None, *worklist.BUCKETS):
        made = lines(clinic, bucket=bucket, statuses=("open",))
        assert made[~made["hidden"]].empty and list(made) == worklist.COLUMNS and worklist.hidden_emergencies(made) == 0


# --- lines ------------------------------------------------------------------------------------------------------------------------

def test_one_line_a_patient_with_all_reasons(engine: Engine) -> None:
    clinic = clinic_of_eight(engine)
    line = lines(clinic).set_index("patient_id").loc["wet"]
    assert (line["tier"], line["rules"], line["source"], line["recency"], line["status"]) == ("E", ["E05", "R02"], "north", "current", "open")
    assert line["why"][0] == "New loss of bladder or bowel control"
    assert line["flags"] == {row["flag"]: 1 for rule in ("E05", "R02") for row in clinic.flags(rule, "wet")}
    assert (line["first_evidence"], line["last_evidence"], line["withdrawn"], line["overdue"]) == (TODAY - 1, TODAY - 1, False, False)


def test_worst_tier_then_unacknowledged_then_current_before_historic_then_overdue_then_newest(engine: Engine) -> None:
    clinic = Clinic(engine)
    for patient_id, day, said in (("historic", 20, WET), ("overdue", 2, WET), ("seen", 0, WET), ("numb", 0, NUMB), ("thin", 0, THIN), ("closed", 0, WET)):
        clinic.sends(quiet(patient_id, TODAY - day, **said))
    clinic.days_pass(1)
    clinic.sends(quiet("newest", TODAY + 1, **WET), quiet("newer", TODAY, **WET), quiet("recent", TODAY - 9, **WET))
    clinic.acts("acknowledge", "E05", patient_id="seen")
    clinic.closes("E05", patient_id="closed")
    assert shown(clinic) == ["overdue", "newest", "newer", "recent", "historic", "seen", "numb", "thin"]
    assert shown(clinic, closed=True) == ["overdue", "newest", "newer", "recent", "historic", "seen", "closed", "numb", "thin"]


def test_a_line_speaks_of_what_is_open_when_closed_flags_are_shown_too(engine: Engine) -> None:
    clinic = clinic_of_eight(engine)
    clinic.closes("E05", patient_id="wet")
    line = lines(clinic, closed=True).set_index("patient_id").loc["wet"]
    assert (line["tier"], line["status"], line["rules"]) == ("R", "open", ["R02", "E05"])


def test_a_snooze_that_is_over_is_overdue(engine: Engine) -> None:
    clinic = clinic_of_eight(engine)
    clinic.acts("snooze", "R02", patient_id="thin", text="away", until_day=TODAY + 3)
    clinic.days_pass(2)
    assert not lines(clinic).set_index("patient_id").loc["thin", "overdue"]
    clinic.days_pass(1)
    assert lines(clinic).set_index("patient_id").loc["thin", "overdue"]


@pytest.mark.parametrize(("filters", "expected", "hidden"), [
    ({}, {"wet", "old", "numb", "both", "thin"}, 0),
    ({"bucket": "emergency"}, {"wet", "old", "both"}, 0), ({"bucket": "same_day"}, {"numb"}, 3), ({"bucket": "routine"}, {"thin"}, 3),
    ({"sources": ("south",)}, {"numb", "both"}, 2), ({"rules": ("R02",)}, {"wet", "thin"}, 2), ({"within_days": 3}, {"wet", "numb", "thin"}, 2),
    ({"find": "U"}, {"numb"}, 3), ({"find": "(.*"}, set(), 3), ({"owners": ("M. Ito",)}, {"wet"}, 2),
    ({"owners": ("",)}, {"wet", "old", "numb", "both", "thin"}, 0),
    ({"statuses": ("acknowledged",)}, {"wet"}, 2), ({"statuses": ("closed",)}, set(), 3),
    ({"bucket": "not_assessable"}, {"scant"}, 3), ({"bucket": "no_criterion_met"}, {"well"}, 3), ({"bucket": "no_entries"}, {"later"}, 3),
    ({"bucket": "not_assessable", "sources": ("north",)}, set(), 3), ({"bucket": "not_assessable", "statuses": ("open",)}, set(), 3)])
def test_filters_and_the_emergencies_they_hide(engine: Engine, filters: dict, expected: set[str], hidden: int) -> None:
    clinic = clinic_of_eight(engine)
    clinic.acts("assign", "R02", patient_id="wet", assignee="M. Ito")
    clinic.acts("acknowledge", "R02", patient_id="wet")
    made = lines(clinic, **filters)
    assert set(made.loc[~made["hidden"], "patient_id"]) == expected
    assert worklist.hidden_emergencies(made) == hidden


def test_a_closed_emergency_is_not_called_hidden(engine: Engine) -> None:
    clinic = clinic_of_eight(engine)
    clinic.closes("E05", patient_id="old")
    assert worklist.hidden_emergencies(lines(clinic, closed=True, sources=("south",))) == 1


def test_withdrawn_evidence_stays_on_the_list(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(scant("stays", TODAY, entry_id="a", **WET), quiet("gone", TODAY, **WET))
    clinic.acts("acknowledge", "E05", patient_id="gone")
    clinic.sends(scant("stays", TODAY, entry_id="a"))
    clinic.undoes(1)
    made = lines(clinic).set_index("patient_id")
    assert set(made.index) == {"stays", "gone"} and made["withdrawn"].all()
    assert (made.loc["stays", "unknown"], made.loc["gone", "unknown"]) == (3, 0)
    made = lines(clinic, bucket="not_assessable")
    assert made.loc[~made["hidden"], ["patient_id", "tier"]].to_numpy().tolist() == [["stays", "E"]]


def test_owners_and_unknowns(engine: Engine) -> None:
    clinic = clinic_of_eight(engine)
    clinic.acts("assign", "E05", patient_id="wet", assignee="M. Ito")
    clinic.acts("assign", "E05", patient_id="old", assignee="A. Berg")
    clinic.closes("E05", patient_id="old")
    with engine.connect() as connection:
        assert worklist.owners(connection) == ["M. Ito"]
        assert worklist.cannot_assess(connection, clinic.number("scant")).bit_count() == 3
        assert worklist.loosened(connection, Filters(sources=("south",), find="wet"), as_of=TODAY, now=clinic.at) == {"sources": 1, "find": 2}


def test_what_a_patient_said_lately(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY - 1, severity="4", worst_severity="9", cancer_history="yes"), quiet("1", TODAY - 1, severity="6", locations="neck"),
                 quiet("1", TODAY - 29, severity="10"), quiet("1", TODAY - 30, severity="10"), quiet("2", TODAY, severity=""))
    with engine.connect() as connection:
        made = worklist.recent_course(connection, [clinic.number("2"), clinic.number("1")], TODAY)
    assert made["modifiers"].tolist() == [[], ["Cancer"]]
    assert made["now"].isna().tolist() == [True, False] and (made["now"][1], made["worst"][1]) == (5, 9)
    assert made["trend"][0] == worklist.GAP * 15 and made["trend"][1] == "█" + worklist.GAP * 13 + "▅"


# --- taking it along --------------------------------------------------------------------------------------------------------------

def test_the_sheet_the_text_and_the_page_say_what_is_on_screen_and_run_nothing(engine: Engine) -> None:
    clinic = Clinic(engine)
    odd = "=cmd|' /C calc'!A0 <b>"
    clinic.sends(quiet(odd, TODAY, source="@south", **WET, **THIN), scant("plain", TODAY))
    clinic.acts("assign", "E05", patient_id=odd, assignee="+1")
    made = lines(clinic)
    sheet = worklist.sheet(made)
    assert sheet.loc[0, ["tier", "source", "patient_id", "owner", "reported"]].tolist() == ["Emergency", "'@south", f"'{odd}", "'+1", "2026-04-01"]
    said = worklist.as_text(made, "Worklist")
    assert said.splitlines() == ["Worklist", f"Emergency: {odd} (@south) - {'; '.join(made.loc[0, 'why'])} - reported 2026-04-01 - open, +1"]
    printed = worklist.printable(made, "Worklist <1>", "As of & so on")
    assert "<b>" not in printed and "Worklist &lt;1&gt;" in printed and "As of &amp; so on" in printed
    assert "; ".join(made.loc[0, "why"]) in printed
    rest = lines(clinic, bucket="not_assessable")
    rest = rest[~rest["hidden"]].reset_index(drop=True)
    assert worklist.sheet(rest)["tier"].tolist() == [""] and "No flag: plain (default) - no open flag - reported 2026-04-01" in worklist.as_text(rest, "")
    assert "plain" in worklist.printable(rest, "", "")


def test_an_id_of_several_lines_is_one_line_of_text() -> None:
    made = pd.DataFrame([dict.fromkeys(worklist.COLUMNS) | {
        "patient_id": "1\nEmergency: 2", "source": "a", "tier": "U", "why": ["numb"], "status": "open", "withdrawn": True}])
    assert worklist.as_text(made, "List") == "List\nSame-day: 1 Emergency: 2 (a) - numb - open - evidence withdrawn"


def test_filters_say_themselves() -> None:
    assert Filters().describe() == "everything"
    assert Filters(bucket="same_day", statuses=("open", "closed"), owners=("", "M. Ito"), rules=("E05",), sources=("north",), within_days=3, find="7",
                   closed=True).describe() == "same-day; open, closed; nobody's, M. Ito; E05; north; reported within 3 days; id holds \"7\"; closed flags too"
    assert replace(Filters(), find="x") != Filters()
