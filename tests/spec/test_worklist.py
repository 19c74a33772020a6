"""The worklist: tiles that add up, one line a patient in the order in which they are worked off, filters that hide nothing red unsaid."""
import re
from dataclasses import replace
from io import StringIO

import pandas as pd
from sqlalchemy import Engine

from dashboard import handout, lineup, worklist
from dashboard.handout import Telling
from dashboard.imports import export
from dashboard.lineup import Filters
from tests.canonical import quiet, scant
from tests.clinic import TODAY, Clinic

WET, NUMB, THIN = {"urinary_incontinence": "yes"}, {"leg_numbness": "yes"}, {"weight_loss": "yes"}
BOTH = {**NUMB, "both_legs": "yes"}


def lines(clinic: Clinic, **filters: object) -> pd.DataFrame:
    with clinic.engine.connect() as connection:
        return worklist.lines(connection, Filters(**filters), as_of=clinic.today, now=clinic.at)


def shown(clinic: Clinic, **filters: object) -> list[str]:
    return lines(clinic, **filters)["patient_id"].tolist()


def lined_up(clinic: Clinic, **filters: object) -> lineup.Lineup:
    with clinic.engine.connect() as connection:
        return lineup.lineup(connection, Filters(**filters), as_of=clinic.today, now=clinic.at)


def ordered(clinic: Clinic, by: str, **filters: object) -> list[str]:
    with clinic.engine.connect() as connection:
        numbers = lineup.lineup(connection, Filters(**filters), as_of=clinic.today, now=clinic.at, by=by).patients.tolist()
        return worklist.names(connection, numbers).set_index("patient").loc[numbers, "patient_id"].tolist()


def tiles(clinic: Clinic) -> dict[str, tuple]:
    with clinic.engine.connect() as connection:
        return {bucket: tuple(tile.values()) for bucket, tile in worklist.tiles(connection, clinic.at).items()}


def clinic_of_eight(engine: Engine) -> Clinic:
    clinic = Clinic(engine)
    clinic.begins(
        quiet("wet", TODAY - 1, source="north", birth_year="1950", steroid_use="yes", **WET, **THIN), quiet("old", TODAY - 20, source="north", **WET),
        quiet("numb", TODAY, source="south", **NUMB), quiet("both", TODAY - 5, source="south", **BOTH), quiet("thin", TODAY, source="north", **THIN),
        scant("scant", TODAY - 2, source="south"), quiet("well", TODAY - 3, source="south"), quiet("later", TODAY + 1, source="south"))
    return clinic


# --- tiles ------------------------------------------------------------------------------------------------------------------------

def test_tiles_add_up_and_lead_with_what_is_open(engine: Engine) -> None:
    clinic = clinic_of_eight(engine)
    # patients, and of the tiers how many are open, overdue, snoozed, closed
    assert tiles(clinic) == {"emergency": (3, 3, 0, 0, 0), "same_day": (1, 1, 0, 0, 0), "not_assessable": (1,), "routine": (1, 1, 0, 0, 0),
                             "no_criterion_met": (1,), "no_entries": (1,)}
    clinic.closes("E05", patient_id="old")
    clinic.acts("acknowledge", "E05", patient_id="wet")
    clinic.days_pass(1)
    assert tiles(clinic)["emergency"] == (3, 2, 1, 0, 1)
    clinic.days_pass(1)
    assert tiles(clinic)["same_day"] == (1, 1, 1, 0, 0)


def test_a_flag_that_lost_what_made_it_an_emergency_is_open_in_the_tile_of_its_patient(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, entry_id="a", **BOTH))
    clinic.sends(quiet("1", TODAY, entry_id="a", **NUMB))
    assert tiles(clinic)["same_day"] == (1, 1, 0, 0, 0)
    with engine.connect() as connection:
        assert worklist.withdrawn_to_review(connection) == 1


def test_nothing_yet(engine: Engine) -> None:
    clinic = Clinic(engine)
    assert tiles(clinic)["emergency"] == (0, 0, 0, 0, 0)
    for bucket in (None, *worklist.BUCKETS):
        made = lines(clinic, bucket=bucket, statuses=("open",))
        assert made.empty and list(made) == worklist.COLUMNS
        assert lined_up(clinic, bucket=bucket).of == lined_up(clinic, bucket=bucket).hidden_emergencies == 0


# --- lines ------------------------------------------------------------------------------------------------------------------------

def test_one_line_a_patient_with_all_reasons(engine: Engine) -> None:
    clinic = clinic_of_eight(engine)
    line = lines(clinic).set_index("patient_id").loc["wet"]
    assert (line["tier"], line["rules"], line["source"], line["recency"], line["status"]) == ("E", ["E05", "R02"], "north", "current", "open")
    assert line["why"][0] == "New loss of bladder or bowel control"
    assert line["flags"] == {row["flag"]: 1 for rule in ("E05", "R02") for row in clinic.flags(rule, "wet")}
    assert (line["first_evidence"], line["last_evidence"], line["withdrawn"], line["overdue"]) == (TODAY - 1, TODAY - 1, False, False)


def test_what_a_worse_reason_says_too_stands_in_its_brackets(duckdb_engine: Engine) -> None:
    """And is a flag of its own in everything else."""
    clinic = Clinic(duckdb_engine, ("E04", "U02"))
    clinic.begins(quiet("weak", TODAY, leg_weakness="yes", **NUMB), quiet("numb", TODAY, **NUMB))
    (weak, numb), flags = lines(clinic)["why"], lines(clinic)["flags"]
    assert weak == ["New leg weakness or paralysis (also new numbness or tingling in legs or feet)"] and numb == ["New numbness or tingling in legs or feet"]
    assert [len(own) for own in flags] == [2, 1]
    clinic.closes("E04", patient_id="weak")
    assert list(lines(clinic)["why"]) == [numb, numb]
    clinic.closes("U02", patient_id="weak")
    assert lines(clinic, closed=True).set_index("patient_id").loc["weak", "why"] == weak


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
    assert ordered(clinic, "worst") == shown(clinic)
    assert ordered(clinic, "overdue") == ["historic", "overdue", "numb", "newest", "newer", "recent", "thin", "seen"], "of what is due at one time the worst"
    assert ordered(clinic, "newest") == ["newest", "newer", "seen", "numb", "thin", "overdue", "recent", "historic"]
    assert ordered(clinic, "id") == ["historic", "newer", "newest", "numb", "overdue", "recent", "seen", "thin"]
    assert ordered(clinic, "overdue", sources=("nowhere",)) == []


def test_a_line_speaks_of_what_is_open_when_closed_flags_are_shown_too(engine: Engine) -> None:
    clinic = clinic_of_eight(engine)
    clinic.closes("E05", patient_id="wet")
    line = lines(clinic, closed=True).set_index("patient_id").loc["wet"]
    assert (line["tier"], line["status"], line["rules"]) == ("R", "open", ["R02", "E05"])


def test_what_is_snoozed_leaves_the_list_until_its_day_and_is_due_then(engine: Engine) -> None:
    clinic = clinic_of_eight(engine)
    for patient_id in ("thin", "wet"):
        clinic.acts("snooze", "R02", patient_id=patient_id, text="away", until_day=TODAY + 3)
    clinic.days_pass(2)
    assert "thin" not in shown(clinic) and "wet" in shown(clinic), "what is open of her is on the list"
    assert (lined_up(clinic).of, lined_up(clinic).snoozed, tiles(clinic)["routine"]) == (5, 1, (1, 0, 0, 1, 0))
    assert shown(clinic, statuses=("snoozed",)) == ["wet", "thin"]
    made = lines(clinic, statuses=("snoozed",))
    assert in_words(clinic, made)["Status"].tolist() == ["Overdue 1 d, open", "Snoozed until 4 Apr 2026"]
    line = made.set_index("patient_id").loc["thin"]
    assert (line["status"], line["until_day"], line["overdue"]) == ("snoozed", TODAY + 3, False)
    clinic.days_pass(1)
    assert (shown(clinic)[-1], lined_up(clinic).snoozed, tiles(clinic)["routine"]) == ("thin", 0, (1, 1, 1, 0, 0))
    assert lines(clinic).set_index("patient_id").loc["thin", "overdue"]
    clinic.sends(quiet("new", TODAY + 3, **WET))
    assert ordered(clinic, "overdue")[-3:] == ["numb", "thin", "new"], "put off until today is due now"


def test_what_was_acknowledged_is_late_where_it_is_not_done_with_in_time(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("wet", TODAY, **WET), quiet("numb", TODAY, **NUMB), quiet("thin", TODAY, **THIN))
    for patient_id, rule in (("wet", "E05"), ("numb", "U02"), ("thin", "R02")):
        clinic.acts("acknowledge", rule, patient_id=patient_id)

    def is_late() -> list[str]:
        made = lines(clinic)
        return made.loc[made["overdue"], "patient_id"].tolist()
    assert is_late() == []
    clinic.days_pass(2)
    assert is_late() == ["numb"], "acknowledged is not called"
    clinic.days_pass(6)
    assert is_late() == ["numb", "thin"]
    clinic.acts("escalate", "U02", patient_id="numb", text="to the spine clinic")
    clinic.closes("R02", patient_id="thin")
    assert is_late() == []


def test_a_snoozed_flag_that_becomes_worse_is_back_at_once(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY - 1, **THIN))
    clinic.acts("snooze", "R02", text="away", until_day=TODAY + 30)
    assert shown(clinic) == []
    clinic.sends(quiet("1", TODAY, **NUMB))
    assert lines(clinic)[["tier", "status", "rules"]].to_numpy().tolist() == [["U", "open", ["U02", "R02"]]]
    assert (clinic.status("R02"), clinic.done("R02")) == ("open", ["snooze", "wake"]), "put off no more, of whom something new is flagged"


def test_what_a_second_person_has_to_confirm_stays_on_the_list(engine: Engine) -> None:
    clinic = clinic_of_eight(engine)
    for rule in ("E05", "R02"):
        clinic.closes(rule, patient_id="wet", outcome="data_error", text="typed wrongly")
    assert shown(clinic)[:3] == ["wet", "both", "old"]
    assert (lines(clinic).loc[0, "status"], tiles(clinic)["emergency"]) == ("to_confirm", (3, 3, 0, 0, 0))
    clinic.days_pass(1)
    assert lines(clinic).loc[0, "overdue"]


def test_an_emergency_that_nobody_saw_is_not_behind_one_that_was_seen(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY - 5, **WET), quiet("1", TODAY - 1, **BOTH), quiet("2", TODAY - 3, **WET), quiet("2", TODAY - 3, **THIN))
    clinic.acts("acknowledge", "U02")  # with both legs, an emergency too
    clinic.acts("acknowledge", "E05", patient_id="2")
    made = lines(clinic)
    assert made[["patient_id", "status", "last_evidence"]].to_numpy().tolist() == [["1", "open", TODAY - 5], ["2", "acknowledged", TODAY - 3]]


def test_what_nobody_asked_about_lately_has_its_name(engine: Engine) -> None:
    clinic = Clinic(engine, rules=("E04", "E05", "E06", "E07"))
    asked = dict.fromkeys(("urinary_incontinence", "bowel_incontinence"), "no")
    clinic.sends(quiet("old", TODAY - 40), scant("old", TODAY, **asked), quiet("well", TODAY))
    made = lines(clinic, bucket="not_assessable").set_index("patient_id")
    assert made["lacking"].to_dict() == {"old": ["E04", "E06", "E07"]} and made.loc["old", "unknown"] == 0, "known from long ago is no answer for today"


FILTERED = [
    ({}, {"wet", "old", "numb", "both", "thin"}, 0),
    ({"bucket": "emergency"}, {"wet", "old", "both"}, 0), ({"bucket": "same_day"}, {"numb"}, 3), ({"bucket": "routine"}, {"thin"}, 3),
    ({"sources": ("south",)}, {"numb", "both"}, 2), ({"rules": ("R02",)}, {"wet", "thin"}, 2), ({"within_days": 3}, {"wet", "numb", "thin"}, 2),
    ({"find": "U"}, {"numb"}, 3), ({"find": "(.*"}, set(), 3), ({"owners": ("M. Ito",)}, {"wet"}, 2),
    ({"owners": ("",)}, {"wet", "old", "numb", "both", "thin"}, 0), ({"whose": "m. ito"}, {"wet"}, 2), ({"whose": "A. Berg"}, set(), 3),
    ({"whose": "", "owners": ("M. Ito",)}, {"wet"}, 2), ({"find": "%"}, set(), 3),
    ({"statuses": ("acknowledged",)}, {"wet"}, 2), ({"statuses": ("closed",)}, set(), 3),
    ({"bucket": "not_assessable"}, {"scant"}, 3), ({"bucket": "no_criterion_met"}, {"well"}, 3), ({"bucket": "no_entries"}, {"later"}, 3),
    ({"bucket": "not_assessable", "sources": ("north",)}, set(), 3), ({"bucket": "not_assessable", "statuses": ("open",)}, set(), 3)]


def test_filters_and_the_emergencies_they_hide(engine: Engine) -> None:
    clinic = clinic_of_eight(engine)
    clinic.acts("assign", "R02", patient_id="wet", assignee="M. Ito")
    clinic.acts("acknowledge", "R02", patient_id="wet")
    for filters, expected, hidden in FILTERED:
        assert (set(shown(clinic, **filters)), lined_up(clinic, **filters).hidden_emergencies) == (expected, hidden), filters


def test_a_closed_emergency_is_not_called_hidden(engine: Engine) -> None:
    clinic = clinic_of_eight(engine)
    clinic.closes("E05", patient_id="old")
    assert lined_up(clinic, closed=True, sources=("south",)).hidden_emergencies == 1


def test_a_page_is_a_part_of_the_list(engine: Engine) -> None:
    clinic = clinic_of_eight(engine)
    whole = lines(clinic, closed=True)
    with engine.connect() as connection:
        order = lined_up(clinic).patients
        part = worklist.details(connection, order[2:4], Filters(), as_of=clinic.today, now=clinic.at)
    assert whole["patient"].tolist() == order.tolist()
    pd.testing.assert_frame_equal(part, whole.iloc[2:4].reset_index(drop=True), check_dtype=False)


# --- sweeping, watching -----------------------------------------------------------------------------------------------------------

def test_what_may_be_acknowledged_in_one_sweep(engine: Engine) -> None:
    clinic = clinic_of_eight(engine)
    clinic.sends(quiet("thin too", TODAY, source="north", **THIN), quiet("seen", TODAY, source="north", **THIN))
    clinic.acts("acknowledge", "R02", patient_id="seen")
    found = lined_up(clinic, sources=("north",))
    assert set(found.routine) == {clinic.number("thin"), clinic.number("thin too")} and found.tiers == {"E": 2, "U": 0, "R": 3}
    with engine.connect() as connection:
        seen = worklist.routine(connection, found.routine)
    assert seen == {clinic.flag("R02", patient_id)["flag"]: 1 for patient_id in ("thin", "thin too")}, "nothing of somebody who has an emergency too"
    clinic.acts("acknowledge", seen=seen)
    assert not len(lined_up(clinic, sources=("north",)).routine)


def test_emergencies_that_came_since_somebody_looked(engine: Engine) -> None:
    clinic = Clinic(engine)

    def new(since: int) -> int:
        with engine.connect() as connection:
            return worklist.new_emergencies(connection, since)
    clinic.sends(quiet("1", TODAY - 1, **WET), quiet("2", TODAY - 1, **NUMB), quiet("3", TODAY - 1))
    clinic.closes("E05")
    looked = clinic.acts("note", "U02", patient_id="2", text="rang")
    assert (new(0), new(looked)) == (0, 0)
    clinic.sends(quiet("2", TODAY, **BOTH), quiet("3", TODAY, **NUMB), quiet("3", TODAY, **WET, severity="3"))
    assert new(looked) == 2, "one rose, one is new"
    clinic.sends(quiet("1", TODAY + 1, **WET))
    clinic.days_pass(1)
    clinic.evaluates()
    assert new(looked) == 3, "one is back"
    assert new(clinic.acts("acknowledge", "E05", patient_id="3")) == 0 and new(looked) == 2


def test_withdrawn_evidence_stays_on_the_list(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(scant("stays", TODAY, entry_id="a", **WET), quiet("gone", TODAY, **WET))
    clinic.acts("acknowledge", "E05", patient_id="gone")
    clinic.sends(scant("stays", TODAY, entry_id="a"))
    clinic.undoes(1)
    made = lines(clinic).set_index("patient_id")
    assert set(made.index) == {"stays", "gone"} and made["withdrawn"].all()
    assert made.loc["stays", "unknown"] == 3 and pd.isna(made.loc["gone", "unknown"]), "of whom nothing is left, nothing is known to be assessed"
    assert lines(clinic, bucket="not_assessable")[["patient_id", "tier"]].to_numpy().tolist() == [["stays", "E"]]


def test_owners_and_unknowns(engine: Engine) -> None:
    clinic = clinic_of_eight(engine)
    clinic.acts("assign", "E05", patient_id="wet", assignee="M. Ito")
    clinic.acts("assign", "E05", patient_id="old", assignee="A. Berg")
    clinic.closes("E05", patient_id="old")
    with engine.connect() as connection:
        assert worklist.owners(connection) == ["M. Ito"]
        assert worklist.cannot_assess(connection, clinic.number("scant")).bit_count() == 3
        assert lineup.loosened(connection, Filters(sources=("south",), find="wet"), as_of=TODAY, now=clinic.at) == {"sources": 1, "find": 2}


def test_what_a_patient_said_lately(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY - 1, severity="4", worst_severity="9", cancer_history="yes"), quiet("1", TODAY - 1, severity="6", locations="neck"),
                 quiet("1", TODAY - 29, severity="10"), quiet("1", TODAY - 30, severity="10"), quiet("2", TODAY, severity=""))
    with engine.connect() as connection:
        made = worklist.recent_course(connection, [clinic.number("2"), clinic.number("1")], TODAY)
    assert made["modifiers"].tolist() == [[], ["Cancer"]]
    assert made["now"].isna().tolist() == [True, False] and (made["now"][1], made["worst"][1]) == (5, 9)
    assert made["trend"][0] == worklist.GAP * 10 and made["trend"][1] == "█" + worklist.GAP * 8 + "▅"


# --- taking it along --------------------------------------------------------------------------------------------------------------

def in_words(clinic: Clinic, rows: pd.DataFrame, **how: object) -> pd.DataFrame:
    with clinic.engine.connect() as connection:
        course = worklist.recent_course(connection, rows["patient"].tolist(), clinic.today)
    return handout.in_words(rows, course, Telling(clinic.today, rows["tier"].notna().any(), clinic.at, **how))


def test_the_sheet_the_text_and_the_page_say_what_is_on_screen_and_run_nothing(engine: Engine) -> None:
    clinic = Clinic(engine)
    odd = "=cmd|' /C calc'!A0 <b>"
    clinic.sends(quiet(odd, TODAY, source="@south", cancer_history="yes", steroid_use="yes", **WET, **THIN), scant("plain", TODAY))
    clinic.acts("assign", "E05", patient_id=odd, assignee="+1")
    rows = lines(clinic)
    made = in_words(clinic, rows)
    why = ". Also: ".join(rows.loc[0, "why"])
    assert made.iloc[0].to_dict() == {
        "Tier": "⬢ Emergency", "Patient": odd, "Why": why, "Reported": "today", "30 days": worklist.GAP * 9 + "▄", "Severity": "4, worst 4", "Unknown": "0",
        "Status": "Open, due in 59 min", "Owner": "+1", "Modifiers": ["Cancer", "Long-term steroids"], "Source": "@south"}
    sheet = pd.read_csv(StringIO(export.sheet(handout.sheet(made, {"As of": "2026-04-01"}))), dtype=str)
    assert sheet.loc[0].to_dict() == {name: str(cell) for name, cell in made.iloc[0].items()} | {
        "Tier": "Emergency", "Patient": f"'{odd}", "Owner": "'+1", "Modifiers": "Cancer; Long-term steroids", "Source": "'@south", "As of": "2026-04-01"}
    assert handout.as_text(rows, made, ["Worklist", "1 of 1"]).splitlines() == [
        "Worklist", "1 of 1", f"Emergency: {odd} (@south) - {why} - reported 2026-04-01 - Open, due in 59 min - +1"]
    printed = handout.printable(made, "Worklist <1>", ["As of & so on"])
    assert "<b>" not in printed and "<h1>Worklist &lt;1&gt;</h1><p>As of &amp; so on</p>" in printed
    assert re.findall("<th>(.*)</th>", printed) == [*made] == [*sheet][:-1], "one list, one set of columns"
    assert why in printed and "<td>Cancer; Long-term steroids</td>" in printed and f"<td>{worklist.GAP * 9}▄</td>" in printed


def test_who_has_no_flag_is_told_without_what_only_flags_have(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("wet", TODAY, **WET), scant("plain", TODAY))
    rest = lines(clinic, bucket="not_assessable")
    made = in_words(clinic, rest, titles={"E05": "Cannot hold"})
    assert made[["Patient", "Not asked lately"]].to_numpy().tolist() == [["plain", "E05 cannot hold"]] and not {"Tier", "Why", "Status", "Owner"} & {*made}
    assert handout.as_text(rest, made, []) == "No flag: plain (default) - no open flag - reported 2026-04-01"
    assert "plain" in handout.printable(made, "", [])


def test_an_id_of_several_lines_is_one_line_of_text() -> None:
    rows = pd.DataFrame([dict.fromkeys(worklist.COLUMNS) | {
        "patient_id": "1\nEmergency: 2", "source": "a", "tier": "U", "why": ["numb"], "status": "open", "withdrawn": True}])
    made = handout.in_words(rows, None, Telling(TODAY, True))
    assert handout.as_text(rows, made, ["List"]) == "List\nSame-day: 1 Emergency: 2 (a) - numb - Evidence withdrawn, open"


def test_filters_say_themselves() -> None:
    assert Filters().describe() == "everything"
    assert Filters(bucket="same_day", statuses=("open", "closed"), owners=("", "M. Ito"), rules=("E05",), sources=("north",), within_days=3, find="7",
                   closed=True).describe() == "same-day; open, closed; nobody's, M. Ito; E05; north; reported within 3 days; id holds \"7\"; closed flags too"
    assert replace(Filters(), find="x") != Filters()
    assert Filters(whose="").describe() == "assigned to nobody" and Filters(whose="M. Ito").describe() == "assigned to M. Ito"
