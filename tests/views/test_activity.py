from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pandas as pd
import pytest
from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from dashboard import activity, audit, database, triage
from dashboard.activity import Question
from dashboard.imports import undo
from dashboard.schema import flag
from dashboard.triage import Action
from dashboard.views import session
from tests.views.events import begin, click, has, load, sheet, shown

Open = Callable[..., AppTest]


def happened(at: AppTest) -> list[str]:
    return at.dataframe[0].value["What happened"].tolist()


@pytest.fixture
def busy(clinic: Engine) -> Engine:
    """An import, an acknowledgement, an undo."""
    begin(clinic, lambda: prepare(clinic), "busy")
    return clinic


def prepare(clinic: Engine) -> None:
    load(clinic, "march.csv", sheet("0412,2025-03-01,4,mid_back,yes,no"), by="A. Nurse")
    with clinic.connect() as connection:
        versions = dict(connection.execute(select(flag.c.flag, flag.c.version)).all())
    triage.act(clinic, versions, Action("acknowledge"), by="M. Ito", at=session.now(), today=session.today())
    load(clinic, "april.csv", sheet("0413,2025-04-01,4,mid_back,no,no", "0413,2025-04-02,44,mid_back,no,no"), by="A. Nurse")
    undo.undo_and_evaluate(clinic, 2, by="M. Ito", at=session.now(), today=session.today())


def test_sentences_newest_first(open_page: Open, busy: Engine) -> None:
    at = open_page("activity")
    found = happened(at)
    assert "M. Ito acknowledged E06 and R10 of patient 0412." in found
    assert "A. Nurse imported a file of 2 rows as batch 2: 1 new, 1 in need of attention." in found
    assert "M. Ito undid batch 2: 1 entry taken back." in found
    assert found[-1] == "The app recorded rule set 1, as it came with this release."
    events = at.dataframe[0].value["Event"].tolist()
    assert events == sorted(events, reverse=True)


def test_filters(open_page: Open, busy: Engine) -> None:
    at = open_page("activity")
    at.multiselect(key="activity_kinds").set_value(["triage"]).run()
    assert happened(at) == ["M. Ito acknowledged E06 and R10 of patient 0412."]
    click(at, "activity_clear")
    at.selectbox(key="activity_by").set_value("A. Nurse").run()
    assert all(sentence.startswith("A. Nurse") for sentence in happened(at))
    click(at, "activity_clear")
    at.date_input(key="activity_since").set_value(date.today() + timedelta(days=2)).run()
    assert "No event fits these filters." in shown(at)
    click(at, "activity_clear")
    at.date_input(key="activity_until").set_value(date.today() + timedelta(days=1)).run()
    with busy.connect() as connection:
        assert len(happened(at)) == audit.count(connection)


def test_nothing_can_be_edited(open_page: Open, busy: Engine) -> None:
    at = open_page("activity", name="M. Ito")
    assert not at.get("data_editor")
    assert not at.text_input
    assert {button.key for button in at.button} <= {"sign_out", "activity_clear"}


def test_a_long_trail_comes_in_pages(open_page: Open, clinic: Engine) -> None:
    with database.writing(clinic) as connection:
        for number in range(120):
            audit.record(connection, "exported", by="A. Lee", at=session.now(), what=f"sheet {number}")
    at = open_page("activity")
    assert len(happened(at)) == 100
    assert happened(at)[0] == "A. Lee downloaded sheet 119."
    assert "122 events" in shown(at) or "123 events" in shown(at)
    at.multiselect(key="activity_kinds").set_value(["rule_set_recorded"]).run()
    assert len(happened(at)) == 1


def test_download_needs_a_name(open_page: Open) -> None:
    at = open_page("activity")
    assert not has(at, "activity_csv")
    assert "Who are you?" in shown(at)
    assert has(open_page("activity", name="M. Ito"), "activity_csv")


def test_a_download_is_in_the_trail(open_page: Open, busy: Engine) -> None:
    at = open_page("activity", name="M. Ito")
    number = len(happened(at))
    next(button for button in at.get("download_button") if button.key == "activity_csv").click().run()
    assert happened(at)[0] == f"M. Ito downloaded the activity list: {number} rows."


def test_sheet_holds_no_cell_that_a_spreadsheet_would_run(clinic: Engine) -> None:
    with database.writing(clinic) as connection:
        audit.record(connection, "exported", by="=cmd()", at=session.now(), what="a sheet")
    with clinic.connect() as connection:
        text = activity.sheet(activity.lines(connection, Question(by="=cmd()"), UTC))
    row = pd.read_csv(StringIO(text)).iloc[0]
    assert row["by"] == "'=cmd()"
    assert row["what"] == "'=cmd() downloaded a sheet."


@pytest.mark.parametrize(("kind", "by", "subject", "details", "says"), [
    ("triage", "M. Ito", "7", {"action": "close", "rules": ["E06", "U01"], "outcome": "same_day_visit"},
     "M. Ito closed E06 and U01 of patient 0412 (north): contacted - same-day visit."),
    ("triage", "M. Ito", "9", {"action": "note", "rules": ["E06"]}, "M. Ito wrote a note on E06 of patient number 9."),
    ("import_committed", "system", "3", {"rows_in": 1, "entries": 1}, "The app imported a file of 1 row as batch 3: 1 new."),
    ("import_undone", "A. Lee", "3", {"entries": 4, "kept": {"5": 2}, "brought_back": 1},
     "A. Lee undid batch 3: 4 entries taken back, 2 entries kept by other batches, 1 entry brought back."),
    ("quarantine_dismissed", "A. Lee", "3", {"row": 12, "reason": "called."}, "A. Lee dismissed row 12 of batch 3 from quarantine. Reason: called."),
    ("rule_set_activated", "A. Lee", "2", {"reason": "reviewed"}, "A. Lee activated rule set 2. Reason: reviewed."),
    ("evaluated", "system", "4", {"patients": 1, "as_of": 20000, "rule_set": 1, "cause": "undo", "flags_raised": 0, "flags_closed": 1, "failed_rules": ["U08"]},
     "The app evaluated 1 patient after an undo, as of 4 Oct 2024: 0 flags raised, 1 closed; U08 could not be evaluated (rule set 1)."),
    ("something_new", "A. Lee", "4", {}, "A. Lee something_new 4.")])
def test_sentence(kind: str, by: str, subject: str, details: dict, says: str) -> None:
    assert activity.sentence(kind, by, subject, details, {"7": "0412 (north)"}) == says


def test_times_are_local_and_bounds_know_their_zone(clinic: Engine) -> None:
    with database.writing(clinic) as connection:
        audit.record(connection, "exported", by="A. Lee", at=datetime(2031, 3, 1, 23, 30, tzinfo=UTC), what="a sheet")
    with clinic.connect() as connection:
        question = Question(by="A. Lee", since=datetime.fromisoformat("2031-03-02T00:00+01:00"), before=datetime.fromisoformat("2031-03-03T00:00+01:00"))
        found = activity.lines(connection, question, datetime.fromisoformat("2031-03-02T00:00+01:00").tzinfo)
    assert [f"{when:%d %H:%M}" for when in found["when"]] == ["02 00:30"]
