from datetime import date

import pandas as pd
import pytest
from sqlalchemy import Engine

from dashboard.days import day_of
from dashboard.imports import plan, report, tabular
from dashboard.imports.planned import Consequence, ImportPlan
from dashboard.imports.undo import UndoPlan

TODAY = day_of(date(2025, 4, 1))
NONE = {"open": 0, "emergencies": 0, "acted": 0}


def planned(engine: Engine, text: str) -> ImportPlan:
    with engine.connect() as connection:
        return plan.plan(connection, tabular.read(text.encode(), "march.csv"), today=TODAY)


def test_problems_by_kind_say_which_rows_and_no_more_than_fit() -> None:
    problems = pd.DataFrame([{"row": row, "column": "severity", "code": "out_of_range", "value": str(row), "expected": "0 to 10"} for row in range(2, 14)]
                            + [{"row": 3, "column": "", "code": "brand_new", "value": "", "expected": "something"}])
    found = report.by_kind(problems)
    assert found["problem"].tolist() == ["Out of range", "brand new"]
    assert found["rows"].tolist() == [12, 1]
    assert found.loc[0, "where"] == "2, 3, 4, 5, 6, 7, 8, 9 and 4 more"
    assert found.loc[0, "found"] == "2, 3, 4 and 9 more"
    assert found.loc[1, "found"] == "blank"


def test_rows_that_need_attention_read_back_as_they_were_written(duckdb_engine: Engine) -> None:
    text = "patient_id,recorded_at,severity,note\n007,2025-03-01,11,=1+1\n008,2025-03-01,4,fine\n009,2025-03-02,4,too,many\n010,2025-03-03\n"
    first = planned(duckdb_engine, text)
    again = planned(duckdb_engine, report.attention_sheet(first))
    assert again.tabular.columns["patient_id"].to_pylist() == ["007", "009", "010"]
    assert again.tabular.columns["note"].to_pylist() == ["=1+1", "too", ""]
    assert again.tabular.columns["(column 5)"].to_pylist() == ["", "many", ""]
    assert again.tabular.columns["what_is_wrong"].to_pylist()[0] == "severity: 11"
    assert again.tabular.columns["what_would_be_right"].to_pylist()[0] == "severity: a number from 0 to 10"


def test_fates_that_do_not_add_up_are_no_receipt() -> None:
    counts = {"rows_in": 4, "loaded": 2, "duplicate": 1, "quarantined": 1, "left_out": 0}
    assert sum(number for _, number in report.receipt_lines(counts)) == 4
    with pytest.raises(ValueError, match="add up"):
        report.receipt_lines({**counts, "loaded": 3})


def test_undo_in_words() -> None:
    one = UndoPlan(batch=3, entries=1, kept={5: 2}, brought_back=1, patients=1, patients_gone=1, quarantined=1, waiting_again=2)
    assert report.undo_sentences(one, {"open": 3, "emergencies": 1, "acted": 2}) == [
        "Takes back 1 entry of 1 patient.",
        "1 patient has no other entry and leaves every list.",
        "2 entries stay, because batch 5 says the same; from then on they belong to that batch.",
        "1 entry that this batch had revised comes back as it was.",
        "1 row that needs attention goes with it.",
        "2 rows of other batches, corrected by this one, wait for correction again.",
        "Its patients have 3 open flags (1 emergency). Those that rest only on these entries close, "
        "unless somebody acted on them, as on 2: those stay open, marked “evidence withdrawn”."]
    none = UndoPlan(batch=3, entries=0, kept={}, brought_back=0, patients=0, patients_gone=0, quarantined=0, waiting_again=0)
    assert report.undo_sentences(none, NONE) == ["Takes back no entry."]


def test_a_rule_that_failed_is_no_promise_of_no_flags() -> None:
    said = Consequence(0, 0, {}, failed=("E04", "E06")).sentence
    assert said == "Importing raises no flags. Not known: what E04 and E06 would raise, which could not be evaluated."
