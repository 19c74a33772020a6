"""What each column may hold, and what is said about a cell that it may not hold."""
import pytest
from sqlalchemy import Engine

from tests.files import counts, imported, live, planned, stored

BAD = [
    # column, cell, code, part of what would be right
    ("patient_id", " ", "required", "a patient id"),
    ("patient_id", "12\u200b3", "hidden_characters", "invisible"),
    ("patient_id", "x" * 201, "too_long", "200"),
    ("patient_id", "1.23457E+11", "spoiled_id", "format that column as text"),
    ("entry_id", "a\u202eb", "hidden_characters", "invisible"),
    ("recorded_at", "", "required", "a date"),
    ("recorded_at", "31.03.2026", "not_a_date", "2026-03-31"),
    ("recorded_at", "20260331", "not_a_date", "2026-03-31"),
    ("recorded_at", "2026-W13-2", "not_a_date", "2026-03-31"),
    ("recorded_at", "2026-02-30", "impossible_date", "exists"),
    ("recorded_at", "2025-02-29T10:00", "impossible_date", "exists"),
    ("recorded_at", "1026-02-03", "implausible_date", "1900"),
    ("recorded_at", "2026-04-03", "future_date", "2026-04-02"),
    ("recorded_at", "2026-03-31T24:00", "impossible_time", "23:59:59"),
    ("recorded_at", "2026-03-31T10:60", "impossible_time", "23:59:59"),
    ("recorded_at", "2026-03-31 10", "not_a_time", "2026-03-31T18:05"),
    ("recorded_at", "2026-03-31T10:00 CEST", "not_a_time", "2026-03-31T18:05"),
    ("recorded_at", "2026-03-31T10:00+14:01", "implausible_offset", "-14:00 and +14:00"),
    ("entered_at", "yesterday", "not_a_date", "2026-03-31"),
    ("onset_date", "2026-03", "not_a_date", "YYYY-MM-DD"),
    ("onset_date", "2026-04-01", "onset_after_entry", "recorded_at"),
    ("severity", "7/10", "not_a_number", "a number from 0 to 10"),
    ("severity", "11", "out_of_range", "a number from 0 to 10"),
    ("severity", "-1", "not_a_number", "a number from 0 to 10"),
    ("severity", "NaN", "not_a_number", "a number from 0 to 10"),
    ("severity", "1e1", "not_a_number", "a number from 0 to 10"),
    ("severity", "٧", "not_a_number", "a number from 0 to 10"),
    ("worst_severity", "10.5", "out_of_range", "a number from 0 to 10"),
    ("temperature_c", "100.4", "out_of_range", "Celsius"),
    ("birth_year", "1879", "out_of_range", "1880 to 2026"),
    ("birth_year", "2027", "out_of_range", "1880 to 2026"),
    ("birth_year", "58", "not_a_number", "1880 to 2026"),
    ("sex", "f", "unknown_code", "female, male, other"),
    ("trend", "improving", "unknown_code", "better, same, worse"),
    ("locations", "low_back;lowback", "unknown_code", "low_back"),
    ("locations", "none;neck", "none_with_others", "not both"),
    ("locations", ";", "unknown_code", "location codes"),
    ("qualities", "achy", "unknown_code", "aching"),
    ("relief_tried", "paracetamol", "unknown_code", "relief codes"),
    ("fever", "1", "not_yes_or_no", "yes, no or blank"),
    ("fever", "0", "not_yes_or_no", "yes, no or blank"),
    ("urgent", "maybe", "not_yes_or_no", "yes, no or blank"),
    ("diabetes", "type 2", "not_yes_or_no", "yes, no or blank"),
]


@pytest.mark.parametrize(("column", "cell", "code", "expected"), BAD, ids=[f"{column}={cell[:12]}" for column, cell, _, _ in BAD])
def test_a_bad_cell_is_said(duckdb_engine: Engine, column: str, cell: str, code: str, expected: str) -> None:
    row = {"patient_id": "1", "recorded_at": "2026-03-31T08:00", column: cell}
    found = planned(duckdb_engine, ",".join(row), "2,2026-03-31" + "," * (len(row) - 2), ",".join(row.values()))
    assert counts(found, "loaded", "quarantined") == (1, 1)
    (problem,) = found.as_dict()["problems"]
    assert (problem["row"], problem["column"], problem["code"], problem["value"]) == (3, column, code, cell)
    assert expected in problem["expected"]


GOOD = [
    # column, as written, as an export writes it
    ("recorded_at", "2026-03-31", "2026-03-31"),
    ("recorded_at", " 2026-03-31 18:05 ", "2026-03-31T18:05:00"),
    ("recorded_at", "2026-03-31T18:05:09.25", "2026-03-31T18:05:09.250000"),
    ("recorded_at", "2026-03-31T18:05:09.1234567Z", "2026-03-31T18:05:09.123456+00:00"),
    ("recorded_at", "2026-03-31T18:05+0530", "2026-03-31T18:05:00+05:30"),
    ("recorded_at", "2026-03-31 18:05 -09:30", "2026-03-31T18:05:00-09:30"),
    ("recorded_at", "2026-04-02", "2026-04-02"),  # the day after the import: it is tomorrow somewhere
    ("entered_at", "2026-03-31T20:00Z", "2026-03-31T20:00Z"),
    ("patient_id", " 007 ", "007"),
    ("entry_id", "0e1", "0e1"),
    ("severity", "7.50", "7.5"),
    ("severity", "10", "10"),
    ("severity", "0", "0"),
    ("temperature_c", "38.0", "38"),
    ("bout_minutes", "90", "90"),
    ("birth_year", "1958", "1958"),
    ("sex", "Female", "female"),
    ("pattern", "Comes and goes", "intermittent"),
    ("locations", "Low back ;NECK;neck", None),
    ("locations", "lower back; neck", "neck;low_back"),
    ("locations", "NONE", "none"),
    ("relief_helped", "none_helped", "none_helped"),
    ("fever", "Y", "yes"),
    ("fever", "FALSE", "no"),
    ("flare", " True ", "yes"),
    ("osteoporosis", "no", "no"),
    ("note", " worse after lunch ", " worse after lunch "),
    ("note", "אחרי האוכל", "אחרי האוכל"),
]


@pytest.mark.parametrize(("column", "cell", "exported"), [case for case in GOOD if case[2]], ids=[f"{c}={v.strip()[:14]}" for c, v, e in GOOD if e])
def test_a_good_cell_is_kept(engine: Engine, column: str, cell: str, exported: str) -> None:
    row = {"patient_id": "1", "recorded_at": "2026-03-31", column: cell}
    assert counts(imported(engine, ",".join(row), ",".join(row.values())), "loaded") == (1,)
    assert live(engine, column) == [(exported,)]


def test_every_problem_of_a_row_is_listed_and_the_row_does_not_load(engine: Engine) -> None:
    receipt = imported(engine, "patient_id,recorded_at,severity,fever", "1,2026-02-30,11,perhaps", "2,2026-03-01,3,no")
    assert [(p["row"], p["column"]) for p in receipt.as_dict()["problems"]] == [(2, "recorded_at"), (2, "severity"), (2, "fever")]
    assert live(engine, "patient_id") == [("2",)]


def test_times_stay_what_they_are(engine: Engine) -> None:
    """A date is not midnight, a local time has no instant, and an offset moves the instant, not the day."""
    imported(engine, "patient_id,recorded_at", "1,2026-03-29", "2,2026-03-29T00:00", "3,2026-03-29T01:30+02:00", "4,2026-10-25T02:30",
             "5,2025-10-26T02:30+02:00", "6,2025-10-26T02:30+01:00")
    found = stored(engine, "precision", "day", "time_of_day", "utc_offset", "occurred_at")
    assert [row[0] for row in found] == ["date", "local", "instant", "instant", "instant"]  # the fourth lies in the future
    assert found[0][2:] == (None, None, None)
    assert found[1][2:] == (0, None, None)
    assert found[2][1] == found[0][1] and str(found[2][4]) == "2026-03-28 23:30:00"
    assert str(found[4][4] - found[3][4]) == "1:00:00"  # the same wall clock, twice, in the hour that daylight saving repeats


def test_none_and_blank_stay_apart(engine: Engine) -> None:
    imported(engine, "patient_id,recorded_at,locations,qualities", "1,2026-03-01,none,", "2,2026-03-01,,aching")
    assert live(engine, "patient_id", "locations", "qualities") == [("1", "none", ""), ("2", "", "aching")]


def test_unknown_columns_are_kept_as_written(engine: Engine) -> None:
    receipt = imported(engine, "patient_id,recorded_at,Weather,mood score", "1,2026-03-01, rain ,", "2,2026-03-01,,")
    assert counts(receipt, "loaded") == (2,)
    assert stored(engine, "unmapped") == [('{"Weather": " rain "}',), (None,)]


def test_oddities_are_noted_and_kept(duckdb_engine: Engine) -> None:
    found = planned(duckdb_engine, "patient_id,recorded_at,severity,worst_severity,fever,temperature_c", "1,2026-03-01,7,3,no,39")
    assert counts(found, "loaded") == (1,)
    assert any("worst pain is less" in note for note in found.notes) and any("denies fever" in note for note in found.notes)


def test_absent_red_flag_columns_are_named(duckdb_engine: Engine) -> None:
    found = planned(duckdb_engine, "patient_id,recorded_at,fever,urinary_retention", "1,2026-03-01,no,no")
    assert "saddle_numbness" in found.columns_absent and "fever" not in found.columns_absent
    assert any("unknown for every row" in note for note in found.notes)
