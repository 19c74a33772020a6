import gc
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date

import pandas as pd
import pytest
from sqlalchemy import Engine, func, select
from streamlit.runtime.uploaded_file_manager import UploadedFile
from streamlit.testing.v1 import AppTest

from dashboard import activity
from dashboard.activity import Question
from dashboard.days import spoken
from dashboard.errors import UserError
from dashboard.imports import batches, commit, quarantine, undo
from dashboard.imports.draft import Draft
from dashboard.imports.planned import ImportPlan
from dashboard.imports.tabular import Tabular
from dashboard.rules import flags
from dashboard.schema import flag, patient, source
from dashboard.views import frame, session
from dashboard.views.choosing import Refusal
from tests.files import live
from tests.packed import workbook, zipped
from tests.spec.test_mappings import REDCAP
from tests.views.events import begin_with, choose_rows, click, has, load, settled, sheet, shown, type_into, upload

Open = Callable[..., AppTest]
GOOD = sheet("001,2025-03-01,4,mid_back,yes,no", "001,2025-03-02,5,mid_back,no,no", "002,2025-03-01,3,low_back,,")
# row 3 does not load and reports a red flag; row 4 does not load and reports none
MESSY = sheet("001,2025-03-01,4,mid_back,no,no", "001,2025-03-02,14,mid_back,yes,no", "002,31.03.2025,3,low_back,no,no", "002,2025-03-04,3,low_back,no,no")


def history(engine: Engine) -> pd.DataFrame:
    with engine.connect() as connection:
        return batches.history(connection)


def waiting(engine: Engine) -> int:
    with engine.connect() as connection:
        return len(quarantine.red_flags(connection))


def rows_of(at: AppTest, *names: str) -> list[int]:
    """Row numbers in the table that begins with these columns."""
    return next(table.value["Row"].tolist() for table in at.dataframe if tuple(table.value.columns[:len(names)]) == names)


# --- before a file ------------------------------------------------------------------------------------------------------------------

def test_four_steps_say_what_comes(open_page: Open) -> None:
    at = open_page("imports")
    assert [label[:12] for label in (e.label for e in at.expander)] == ["**1 Choose**", "**2 Map** · ", "**3 Check** ", "**4 Done** ·"]
    assert has(at, "template")
    assert "Nothing was imported yet." in shown(at)


# --- plan ---------------------------------------------------------------------------------------------------------------------------

def test_check_says_what_would_change_and_changes_nothing(open_page: Open, clinic: Engine) -> None:
    at = upload(open_page("imports"), "march.csv", GOOD)
    assert "3 rows: 3 new, 0 already here, 0 need attention. Importing raises 2 flags, 1 of them an emergency." in shown(at)
    assert history(clinic).empty
    assert not has(at, "import"), "writing needs a name"


def test_unreadable_rows_with_a_red_flag_come_first(open_page: Open) -> None:
    at = upload(open_page("imports", name="M. Ito"), "march.csv", MESSY)
    text = shown(at)
    assert "1 row that will not load reports a red flag: fix this first." in text
    assert text.index("fix this first") < text.index("2 rows will not load")
    assert rows_of(at, "Row", "Patient") == [3]
    problems = at.table[0].value
    assert dict(zip(problems["What is wrong"], problems["Which rows"], strict=True)) == {"Out of range": "3", "Not a date": "4"}
    assert problems["Found"].tolist() == ["14", "31.03.2025"]
    assert has(at, "attention_csv")
    assert has(at, "problems_csv")


def test_cells_of_the_file_are_never_markdown(open_page: Open) -> None:
    at = upload(open_page("imports", name="M. Ito"), "march_[x](http://example.org).csv", sheet("001,2025-03-01,:red[9],mid_back,**yes**,no"))
    assert r"\:red\[9\]" in at.table[0].value["Found"].tolist()
    assert "](http" not in shown(at)


def test_map_names_what_is_known_and_what_is_not_asked(open_page: Open) -> None:
    at = upload(open_page("imports"), "march.csv", sheet("001,2025-03-01,4,fine", header="Patient ID,recorded_at,severity,Mood"))
    text = shown(at)
    assert "3 columns recognised, 1 kept as written" in text
    assert "`Patient ID` is `patient_id`" in text
    assert "`Mood` kept as written" in text
    assert re.search(r"Unknown for every row:\*\*\] \d+ of \d+ red flags", text)


def test_upload_does_not_stay_in_memory(open_page: Open) -> None:
    at = open_page("imports")
    before = at.file_uploader[0].key
    upload(at, "march.csv", GOOD)
    assert not at.file_uploader
    click(at, "cancel")
    assert at.file_uploader[0].key != before
    assert at.file_uploader[0].value is None
    assert "chosen" not in at.session_state


@pytest.fixture
def collected_by_pages_only() -> Iterator[None]:
    """Python alone would find what is held in circles some time later; a large file must not wait for that."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def held() -> list[str]:
    """What is still in memory of any file."""
    return [type(thing).__name__ for thing in gc.get_objects() if isinstance(thing, Draft | ImportPlan | Tabular | Refusal | UploadedFile)]


@pytest.mark.usefixtures("collected_by_pages_only")
@pytest.mark.parametrize("last", ["import", "cancel"])
def test_nothing_of_a_file_stays_in_memory_once_it_is_decided(open_page: Open, last: str) -> None:
    assert not held()
    at = upload(open_page("imports", name="M. Ito"), "march.csv", MESSY)
    click(click(at, "change_mapping"), "accept")
    assert held()
    click(at, last)
    # the first run ends the buttons, the next one would still find what they hold on to
    at.run()
    assert not held()


@pytest.mark.usefixtures("collected_by_pages_only")
def test_nothing_of_a_refused_file_stays_in_memory_once_there_is_another(open_page: Open) -> None:
    at = upload(open_page("imports", name="M. Ito"), "empty.csv", b"")
    assert "Refusal" in held()
    click(upload(at, "march.csv", GOOD), "cancel").run()
    assert not held()


@pytest.mark.parametrize(("name", "content", "says"), [
    ("mixed.csv", "patient_id,recorded_at,note\n1,2025-01-01,schön, schön\n".encode() + b"1,2025-01-02,sch\xf6n\n", "two encodings are mixed"),
    ("empty.csv", b"", "is empty"),
    ("book.csv", b"PK\x03\x04...", "damaged zip file or workbook")])
def test_refusal_says_what_to_do_and_stores_nothing(open_page: Open, clinic: Engine, name: str, content: bytes, says: str) -> None:
    at = upload(open_page("imports"), name, content)
    assert "Nothing was stored." in at.warning[0].value
    assert says in at.warning[0].value
    assert at.file_uploader[0].value is None
    assert history(clinic).empty
    assert not upload(at, "march.csv", GOOD).warning, "the next file is a new beginning"


def test_what_is_doubtful_is_said_before_the_decision(open_page: Open, clinic: Engine) -> None:
    header = "patient_id,recorded_at,severity,worst_severity,birth_year,sex,leg_weakness,urinary_retention"
    load(clinic, "march.csv", sheet("001,2025-03-01,4,5,1960,female,no,yes", "002,2025-03-01,4,5,,,,no", header=header))
    at = upload(open_page("imports", name="M. Ito"), "april.csv", sheet(
        "001,2025-03-01,6,5,1961,female,no,", "002,2025-03-02,4,5,1950,male,,yes", "002,2025-03-03,4,5,1950,female,,", "003,2030-01-01,4,5,,,,", header=header))
    text = shown(at)
    tables = {tuple(table.value.columns): table.value.values.tolist() for table in at.table}
    assert tables["Flags", "Would be raised", "Would no longer be met"] == [[frame.tier("E"), "1", "0"], [frame.tier("R"), "1", "0"]]
    assert tables["Patient", "What", "In the file", "Here so far"] == [["001", "Birth year", "1961", "1960"], ["002", "Sex", "female and male", "not said"]]
    assert tables["Row", "Patient", "When"] == [["2", "001", "2025-03-01"]]
    assert "leg\\_weakness 75 %" in text and "A date in the future" in str(tables)
    assert "1 row says that the worst pain is less than the pain; kept as written." in text
    assert all(has(at, key) for key in ("disagree_csv", "repeats_csv", "blanks_csv", "problems_csv", "attention_csv"))


def test_a_few_cells_are_corrected_in_place(open_page: Open, clinic: Engine) -> None:
    at = upload(open_page("imports", name="M. Ito"), "march.csv", MESSY)
    edits = next(box for box in at.dataframe if box.key and box.key.startswith("cells_"))
    assert edits.value[["Row", "Patient", "Column", "In the file"]].values.tolist() == [
        [3, "001", "severity", "14"], [4, "002", "recorded_at", "31.03.2025"]]
    at.session_state[edits.key] = {"edited_rows": {0: {"Correct to": "4"}, 1: {"Correct to": "2025-03-31"}}, "added_rows": [], "deleted_rows": []}
    click(at, "correct")
    assert "4 rows: 4 new, 0 already here, 0 need attention." in shown(at)
    assert "**2 cells corrected here.**" in shown(at)
    assert "2 need attention" in shown(click(at, "uncorrect"))
    at.session_state[edits.key] = {"edited_rows": {0: {"Correct to": "4"}}, "added_rows": [], "deleted_rows": []}
    click(click(at, "correct"), "import")
    assert "1 cell corrected by hand" in shown(at)
    assert ("001", "2025-03-02", "4", "yes") in live(clinic, "patient_id", "recorded_at", "severity", "urinary_retention")
    assert "row 3, severity: 14 became 4" in shown(choose_rows(at, "batch_table", 0))


# --- map ------------------------------------------------------------------------------------------------------------------------------

def pick(at: AppTest, key: str, value: object) -> AppTest:
    """An answer to a question, or an option of a list."""
    return settled(next(field for kind in (at.radio, at.selectbox, at.number_input) for field in kind if field.key == key).set_value(value).run())


def line(at: AppTest, header: str) -> int:
    """The number of the line of the table that a column of the file has."""
    return next(int(box.key.removeprefix("becomes_")) for box in at.selectbox if box.label == f"What {header} becomes")


def test_an_unknown_spreadsheet_goes_in_by_its_proposals_and_the_next_one_by_itself(open_page: Open, clinic: Engine) -> None:
    by_hand = "Patient;Date;Time;Pain score;Where;Mood\nP01;30.03.2026;18:05;7,5;Lower back, neck;fine\nP02;31.03.2026;;4;Lowr back;\nTotal;;;11,5;;\n"
    at = upload(open_page("imports", name="M. Ito"), "march.csv", by_hand)
    assert not has(at, "import"), "nothing can be imported before somebody has looked at the columns"
    assert at.selectbox(key=f"becomes_{line(at, 'Pain score')}").value == "severity"
    click(at, "accept")
    text = shown(at)
    assert "3 rows: 2 new, 0 already here, 0 need attention, 1 left out." in text
    assert "3 rows = 2 loaded + 1 left out. **Left out:** summary rows at the end (1)." in text
    assert "`Mood` kept as written" in text
    click(at, "import")
    assert live(clinic, "patient_id", "recorded_at", "severity", "locations") == [
        ("P01", "2026-03-30T18:05:00", "7.5", "neck;low_back"), ("P02", "2026-03-31", "4", "low_back")]
    upload(click(at, "again"), "may.csv", by_hand.replace(".03.", ".05."))
    assert f"as on {spoken(session.today())}" in shown(at)
    assert at.button(key="import").label == "Import 2 entries"


def test_a_redcap_export_is_recognised_and_asks_for_its_scale(open_page: Open, clinic: Engine) -> None:
    at = upload(open_page("imports", name="M. Ito"), "redcap.csv", REDCAP)
    assert "recognised as REDCap, raw export, repeating diary" in shown(at)
    assert at.button(key="accept").disabled
    assert "the scale of vas" in shown(at)
    assert "**1 row** where redcap\\_repeat\\_instrument is blank: a form that is filled in once" in shown(at)
    at = pick(at, f"scale_{line(at, 'vas')}", (0, 100))
    pick(at, f"becomes_{line(at, 'redflag___1')}", "red_flags")
    pick(at, f"not_checked_{line(at, 'redflag___1')}", "diary_complete")
    pick(at, f"becomes_{line(at, 'pain_loc___1')}", "locations")
    click(at, "accept")
    assert 'carried_by = "record_id"' in at.code[0].value
    assert "4 rows = 1 loaded + 2 in need of attention + 1 left out" in shown(at)
    # what the project's codes mean, only the project knows
    for box in [box for box in at.selectbox if box.key.startswith("value_")]:
        pick(at, box.key, {"What 2 means": "low_back"}.get(box.label, "fever" if "Fever" in box.options else "neck"))
    click(at, "apply_values")
    click(at, "import")
    assert live(clinic, "recorded_at", "severity", "locations", "fever") == [
        ("2026-03-30", "7", "neck", "yes"), ("2026-03-31", "6.5", "low_back", ""), ("2026-04-01", "", "", "no")]


LONG = ("Patient;Day;Form;Question;Answer\nP1;12;diary;Pain level;7\nP1;12;diary;Fever;no\nP1;12;diary;Sleep;bad\nP2;12;test;Pain level;3\n"
        "P2;13;test;Where does it hurt;neck\nP2;14;;Pain level;1\n")


def test_a_long_file_is_laid_out_and_rows_are_left_out(open_page: Open, clinic: Engine) -> None:
    at = upload(open_page("imports", name="M. Ito"), "long.csv", LONG)
    assert "Question seems to say what was read, Answer what it was" in shown(at)
    click(at, "long_likely")
    assert [at.selectbox(key=f"becomes_{line(at, name)}").value for name in ("Pain level", "Fever", "Sleep", "Where does it hurt")] == [
        "severity", "fever", "", "locations"]
    assert not has(click(at, "wide"), "wide")
    click(at, "long_likely")
    pick(at, f"becomes_{line(at, 'Day')}", "recorded_at")
    assert "day 0 of Day" in shown(at) and at.button(key="accept").disabled, "what a number of days counts from is asked"
    settled(next(field for field in at.date_input if field.key == f"counted_from_{line(at, 'Day')}").set_value(date(2025, 3, 1)).run())
    for values, because in ((["test"], ""), ([""], "no form")):
        pick(at, "leave_column", "Form")
        settled(at.multiselect(key="leave_values").set_value(values).run())
        type_into(at, "leave_because", because)
        click(at, "leave_out")
    assert "**2 rows** where Form is test." in shown(at) and "**1 row** where Form is blank: no form." in shown(at)
    click(click(at, "take_in_1"), "accept")
    assert "`Pain level` in `Question` is `severity`" in shown(at)
    assert "6 rows = 4 loaded + 2 left out. **Left out:** Form is test (2)." in shown(at)
    click(at, "import")
    assert live(clinic, "patient_id", "recorded_at", "severity", "fever", "locations") == [
        ("P1", "2025-03-13", "7", "no", ""), ("P2", "2025-03-15", "1", "", "")]
    upload(click(at, "again"), "next.csv", LONG.replace("P1", "P3"))
    assert at.button(key="import").label == "Import 1 entry of 3 rows", "the mapping is remembered, filters and all"


def test_unknown_values_are_mapped_with_one_click(open_page: Open) -> None:
    at = upload(open_page("imports", name="M. Ito"), "march.csv", sheet("1,2025-03-01,4,lower bak,no,no", "2,2025-03-01,4,lower bak,no,no"))
    assert "2 need attention" in shown(at)
    click(at, "apply_values")
    assert "2 rows: 2 new, 0 already here, 0 need attention." in shown(at)


def test_the_order_of_day_and_month_is_asked_and_never_guessed(open_page: Open) -> None:
    at = upload(open_page("imports", name="M. Ito"), "march.csv", "Subject,When\n1,03/04/2026\n")
    assert "the order of day and month in When" in shown(at)
    asked = next(radio for radio in at.radio if radio.key.startswith("date_order"))
    assert asked.options == ["3 Apr 2026: the day comes first", "4 Mar 2026: the month comes first"]
    assert asked.value is None
    click(pick(at, asked.key, "mdy"), "accept")
    assert has(at, "import")


def test_what_is_needed_is_asked_first_and_a_workbook_goes_in(open_page: Open, clinic: Engine) -> None:
    book = workbook(About=[["Exported for the study"]], Diary=[["Code", "Day of diary", "Pain"], ["001", date(2026, 3, 30), 7]])
    at = upload(open_page("imports", name="M. Ito"), "study.xlsx", book)
    assert "which column says who the patient is" in shown(at)
    pick(at, "need_patient_id", "Code")
    if "which column says when" in shown(at):
        pick(at, "need_recorded_at", "Day of diary")
    click(click(at, "accept"), "import")
    assert live(clinic, "patient_id", "recorded_at", "severity") == [("001", "2026-03-30", "7")]


def test_a_file_that_was_read_wrongly_is_read_again(open_page: Open) -> None:
    at = upload(open_page("imports", name="M. Ito"), "march.csv", "patient_id,recorded_at\nStudy code,Day of diary\n1,2026-03-30\n")
    assert "2 rows: 1 new" in shown(at)
    pick(at, "read_header", 2)
    click(at, "read_again_now")
    assert "header in row 2" in shown(at)
    assert "which column says when it was recorded" in shown(at) or has(at, "accept")


def test_a_header_row_that_had_to_be_said_is_known_the_next_time(open_page: Open, clinic: Engine) -> None:
    file = "Clinic,Ward,Score\n1,2,3\nStudy code,Day of diary,Pain\n1,2026-03-30,7\n"
    at = upload(open_page("imports", name="M. Ito"), "march.csv", file)
    pick(at, "read_header", 3)
    click(at, "read_again_now")
    for key, column in (("need_patient_id", "Study code"), ("need_recorded_at", "Day of diary")):
        if any(box.key == key for box in at.selectbox):
            pick(at, key, column)
    click(click(at, "accept"), "import")
    upload(click(at, "again"), "april.csv", file.replace("-03-", "-04-"))
    assert "header in row 3" in shown(at)
    assert at.button(key="import").label == "Import 1 entry"


def test_a_zip_of_tables_goes_in(open_page: Open, clinic: Engine) -> None:
    form = "SubmissionDate,patient,KEY,SubmitterName\n2026-03-30T10:00:00.000Z,12,uuid:1,Anna\n"
    pain = "day,score,where,PARENT_KEY,KEY\n2026-03-30,7,low_back neck,uuid:1,uuid:1/pain[1]\n2026-03-31,6,,uuid:1,uuid:1/pain[2]\n"
    at = upload(open_page("imports", name="M. Ito"), "diary.zip", zipped({"diary.csv": form, "diary-pain.csv": pain}))
    assert "sheet **diary-pain.csv**" in shown(at)
    assert "Each row of diary-pain.csv was read with the columns of its row of diary.csv" in shown(at)
    assert at.selectbox(key="read_sheet").options == ["diary.csv", "diary-pain.csv"]
    click(click(at, "accept"), "import")
    assert live(clinic, "patient_id", "entry_id", "recorded_at", "severity", "locations") == [
        ("12", "uuid:1/pain[1]", "2026-03-30", "7", "neck;low_back"), ("12", "uuid:1/pain[2]", "2026-03-31", "6", "")]


def test_a_mapping_file_decides_the_columns(open_page: Open) -> None:
    at = upload(open_page("imports", name="M. Ito"), "march.csv", "a,b,c\n1,2026-03-30,70\n")
    mine = b'name = "Ours"\n[columns.patient_id]\nfrom = "a"\n[columns.recorded_at]\nfrom = "b"\n[columns.severity]\nfrom = "c"\nscale = [0, 100]\n'
    settled(at.file_uploader[0].upload("ours.toml", mine, "application/toml").run())
    assert "1 row: 1 new" in shown(at)
    assert has(at, "mapping_toml")


def test_source_can_be_named_before_and_after_choosing(open_page: Open, clinic: Engine) -> None:
    at = type_into(open_page("imports", name="M. Ito"), "source_name", "north")
    upload(at, "march.csv", GOOD)
    type_into(at, "source_name", "south")
    click(at, "import")
    with clinic.connect() as connection:
        assert list(connection.scalars(select(source.c.name))) == ["south"]
        assert connection.scalar(select(func.count()).select_from(patient)) == 2


def test_a_source_that_the_file_contradicts_is_refused(open_page: Open) -> None:
    at = type_into(open_page("imports"), "source_name", "north")
    upload(at, "march.csv", sheet("south,1,2025-01-01", header="source,patient_id,recorded_at"))
    assert "says south" in at.warning[0].value


# --- commit -------------------------------------------------------------------------------------------------------------------------

def test_import_gives_a_receipt_that_adds_up(open_page: Open, clinic: Engine) -> None:
    at = upload(open_page("imports", name="M. Ito"), "march.csv", MESSY)
    assert at.button(key="import").label == "Import 2 entries"
    click(at, "import")
    assert "4 rows in the file = 2 loaded + 2 need attention" in shown(at)
    assert has(at, "receipt_json")
    assert has(at, "receipt_csv")
    stored = history(clinic)
    assert stored[["file_name", "rows_in", "loaded", "quarantined", "imported_by"]].values.tolist() == [["march.csv", 4, 2, 2, "M. Ito"]]
    assert "chosen" not in at.session_state
    click(at, "again")
    assert at.file_uploader


def test_flags_are_raised_as_the_plan_said(open_page: Open, clinic: Engine) -> None:
    at = click(upload(open_page("imports", name="M. Ito"), "march.csv", GOOD), "import")
    assert "2 flags raised" in shown(at)
    with clinic.connect() as connection:
        assert connection.execute(select(flag.c.rule_id, flag.c.tier)).all() == [("E06", "E"), ("R10", "R")]
        assert not flags.is_pending(connection)


def test_name_is_asked_before_the_button(open_page: Open) -> None:
    at = upload(open_page("imports"), "march.csv", GOOD)
    at.session_state["import_name"] = "M. Ito"
    at.run()
    at.session_state["signed_name"] = "M. Ito"
    assert at.run().button(key="import").label == "Import 3 entries"


def test_second_click_does_not_import_twice(open_page: Open, clinic: Engine) -> None:
    at = upload(open_page("imports", name="M. Ito"), "march.csv", GOOD)
    at.session_state["chosen"].decided.acquire()  # the first click is still at work
    click(at, "import")
    assert history(clinic).empty


def fails(*_: object, **__: object) -> None:
    raise UserError("The database can't be reached.")


def test_a_store_that_fails_stores_nothing_and_can_be_tried_again(open_page: Open, clinic: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    at = upload(open_page("imports", name="M. Ito"), "march.csv", GOOD)
    with monkeypatch.context() as patched:
        patched.setattr(commit, "commit_and_evaluate", fails)
        click(at, "import")
    assert "can't be reached" in at.warning[0].value and history(clinic).empty
    assert "3 loaded" in shown(click(at, "import"))


def test_same_file_twice_says_so_and_changes_nothing(open_page: Open, clinic: Engine) -> None:
    begin_with(clinic, "march.csv", GOOD)
    at = upload(open_page("imports", name="M. Ito"), "march.csv", GOOD)
    assert "This very file is here already, as batch 1." in at.info[0].value
    assert "Importing it again changes no entry." in at.info[0].value
    assert at.button(key="import").label == "Note that nothing is new"
    click(at, "import")
    assert "3 rows in the file = 0 loaded + 3 already here" in shown(at)


def test_what_somebody_else_imported_after_the_check_is_not_stored_twice(open_page: Open, clinic: Engine) -> None:
    at = upload(open_page("imports", name="M. Ito"), "march.csv", GOOD)
    assert at.button(key="import").label == "Import 3 entries"
    load(clinic, "march.csv", GOOD)
    text = shown(click(at, "import"))
    assert "3 rows in the file = 0 loaded + 3 already here" in text
    assert "somebody imported or undid something after these rows were checked" in text
    assert len(live(clinic, "severity")) == 3


def test_a_file_without_a_sound_row_can_still_be_kept(open_page: Open, clinic: Engine) -> None:
    at = upload(open_page("imports", name="M. Ito"), "march.csv", sheet("001,2025-03-02,14,mid_back,yes,no"))
    assert at.button(key="import").label == "Keep 1 row in quarantine"
    click(at, "import")
    assert waiting(clinic) == 1


def test_import_nothing_forgets_the_file(open_page: Open, clinic: Engine) -> None:
    at = click(upload(open_page("imports", name="M. Ito"), "march.csv", GOOD), "discard")
    assert "chosen" not in at.session_state
    assert history(clinic).empty


# --- history and undo ---------------------------------------------------------------------------------------------------------------

def test_undo_says_what_it_takes_before_it_does(open_page: Open, clinic: Engine) -> None:
    begin_with(clinic, "march.csv", GOOD)
    at = choose_rows(open_page("imports", name="M. Ito"), "batch_table", 0)
    click(at, "undo")
    text = shown(at)
    assert "Takes back 3 entries of 2 patients." in text
    assert "2 patients have no other entry and leave every list." in text
    assert "2 open flags (1 emergency)" in text
    assert history(clinic)["live"].tolist() == [True]
    click(at, "keep")
    assert not has(at, "undo_now")
    click(at, "undo")
    click(at, "undo_now")
    assert history(clinic)[["live", "undone_by"]].values.tolist() == [[False, "M. Ito"]]
    assert not has(at, "undo"), "what is undone cannot be undone again"


def test_undo_of_the_batch_just_imported_takes_the_receipt_along(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    at = click(upload(open_page("imports", name="M. Ito"), "march.csv", GOOD), "import")
    with monkeypatch.context() as patched:
        patched.setattr(undo, "undo_and_evaluate", fails)
        click(click(choose_rows(at, "batch_table", 0), "undo"), "undo_now")
    assert "can't be reached" in at.warning[0].value and "receipt" in at.session_state
    click(click(at, "undo"), "undo_now")
    assert at.file_uploader


def test_undo_needs_a_name(open_page: Open, clinic: Engine) -> None:
    begin_with(clinic, "march.csv", GOOD)
    at = click(choose_rows(open_page("imports"), "batch_table", 0), "undo")
    assert not has(at, "undo_now")
    assert "Who are you?" in shown(at)


def test_somebody_else_undid_it_meanwhile(open_page: Open, clinic: Engine) -> None:
    begin_with(clinic, "march.csv", GOOD)
    at, other = (click(choose_rows(open_page("imports", name=name), "batch_table", 0), "undo") for name in ("M. Ito", "A. Lee"))
    click(other, "undo_now")
    assert "undone already" in click(at, "undo_now").warning[0].value
    assert history(clinic)["undone_by"].tolist() == ["A. Lee"]


def test_quarantined_rows_can_be_downloaded(open_page: Open, clinic: Engine) -> None:
    begin_with(clinic, "march.csv", MESSY)
    at = choose_rows(open_page("imports"), "batch_table", 0)
    button = next(b for b in at.get("download_button") if b.key == "quarantine_csv")
    assert button.label == "2 rows in need of attention (CSV)"
    settled(button.click().run())
    with clinic.connect() as connection:
        assert activity.lines(connection, Question(kinds=("exported",)), UTC)["what"].tolist() == [
            "An unnamed reader downloaded rows of batch 1 in quarantine: 2 rows."]


# --- red flags in quarantine --------------------------------------------------------------------------------------------------------

def test_a_quarantined_red_flag_is_dismissed_by_name_and_reason(open_page: Open, clinic: Engine) -> None:
    begin_with(clinic, "march.csv", MESSY)
    at = open_page("imports", name="M. Ito")
    assert "1 row in quarantine reports a red flag." in shown(at)
    assert rows_of(at, "Patient", "Source") == [3]
    choose_rows(at, "attention_table", 0)
    assert "needs a reason" in click(at, "dismiss").warning[0].value
    assert waiting(clinic) == 1
    type_into(at, "dismiss_reason", "Called, entered by hand")
    click(at, "dismiss")
    assert waiting(clinic) == 0
    assert "in quarantine reports" not in shown(at)


def test_the_corrected_row_is_counted_as_a_correction(open_page: Open, clinic: Engine) -> None:
    begin_with(clinic, "march.csv", MESSY)
    at = upload(open_page("imports", name="M. Ito"), "fixed.csv", sheet("001,2025-03-02,4,mid_back,yes,no"))
    click(at, "import")
    assert "1 row of earlier batches corrected" in shown(at)
    assert waiting(clinic) == 0
