"""Every row of a file has one fate, and what is stored afterwards is what the file says."""
import json

import pytest
from sqlalchemy import Engine, func, select

from dashboard import audit
from dashboard.errors import Conflict, NotFound, Refused
from dashboard.imports import batches, commit, corrections, plan, quarantine, report, tabular, undo
from dashboard.schema import diary_entry, duplicate_row, import_batch, metadata, patient, source, supersession
from tests.files import AT, BY, TODAY, as_sheet, counts, imported, live, planned, sheet, stored

HEAD = "patient_id,entry_id,recorded_at,severity"
FATES = ("loaded", "quarantined", "duplicate", "left_out")


def everything(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {name: connection.scalar(select(func.count()).select_from(table)) for name, table in metadata.tables.items()}


# --- counts -----------------------------------------------------------------------------------------------------------------------

def test_the_receipt_accounts_for_every_row(engine: Engine) -> None:
    imported(engine, HEAD, "1,a,2026-03-01,5", "2,,2026-03-01,4")
    receipt = imported(engine, HEAD, "1,a,2026-03-01,6", "2,,2026-03-01,4", "2,,2026-03-01,3", "3,b,2026-03-01,99", "4,,2026-03-02T10:00,1",
                       "4,,2026-03-02T10:00,1")
    assert receipt.as_dict() == {
        "batch": 2, "rows_in": 6, "loaded": 3, "quarantined": 1, "duplicate": 2, "left_out": 0, "entries": 2, "revised": 1, "repeats": 1,
        "problems": [{"row": 5, "column": "severity", "code": "out_of_range", "value": "99", "expected": "a number from 0 to 10"}],
        "flags_raised": 0, "flags_closed": 0}
    json.dumps(receipt.as_dict())


def test_a_plan_changes_nothing_and_says_what_the_commit_will_do(engine: Engine) -> None:
    imported(engine, HEAD, "1,a,2026-03-01,5")
    before = everything(engine)
    found = planned(engine, HEAD, "1,a,2026-03-01,6", "1,,2026-03-02,2", "1,,2026-03-02,x")
    assert everything(engine) == before
    assert found.sentence == "3 rows: 1 new, 1 revised, 0 already here, 1 needs attention."
    assert commit.commit(engine, found, by=BY, at=AT).counts == found.counts


def test_the_same_file_twice_changes_nothing_and_says_so(engine: Engine) -> None:
    lines = (HEAD, "1,a,2026-03-01,5", "2,,2026-03-01T10:00+02:00,4", "3,,2026-03-01,")
    imported(engine, *lines)
    before = live(engine, "patient_id", "recorded_at", "severity")
    found = planned(engine, *lines)
    assert found.same_file_as == 1 and found.kept == {1: 3}
    assert found.sentence == "3 rows: 0 new, 3 already here, 0 need attention. Nothing would change."
    assert found.repeated["entry"].tolist() == [1, 2, 3]
    receipt = commit.commit(engine, found, by=BY, at=AT)
    assert counts(receipt, *FATES) == (0, 0, 3, 0)
    assert live(engine, "patient_id", "recorded_at", "severity") == before


def test_a_file_without_rows(engine: Engine) -> None:
    assert counts(imported(engine, HEAD), "rows_in", *FATES) == (0, 0, 0, 0, 0)


def test_two_plans_at_once(engine: Engine) -> None:
    """Both were made before either was committed; the second finds out again."""
    first, second = (planned(engine, HEAD, "1,a,2026-03-01,5", "2,,2026-03-01,1", other) for other in ("3,,2026-03-01,1", "4,,2026-03-01,1"))
    commit.commit(engine, first, by=BY, at=AT)
    receipt = commit.commit(engine, second, by=BY, at=AT)
    assert counts(receipt, *FATES) == (1, 0, 2, 0)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(patient)) == 4
        assert connection.scalar(select(func.count()).select_from(source)) == 1


# --- who is who -------------------------------------------------------------------------------------------------------------------

def test_ids_are_text(engine: Engine) -> None:
    imported(engine, HEAD, "007,,2026-03-01,1", "7,,2026-03-01,1", " 7 ,,2026-03-02,1")
    assert sorted(live(engine, "patient_id", "recorded_at")) == [("007", "2026-03-01"), ("7", "2026-03-01"), ("7", "2026-03-02")]
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(patient)) == 2


def test_a_patient_id_belongs_to_its_source(engine: Engine) -> None:
    lines = (HEAD, "1,a,2026-03-01,5")
    imported(engine, *lines, source="north")
    assert counts(imported(engine, *lines, source="south"), *FATES) == (1, 0, 0, 0)
    assert counts(imported(engine, *lines), *FATES) == (1, 0, 0, 0)
    assert sorted(live(engine, "source", "patient_id")) == [("default", "1"), ("north", "1"), ("south", "1")]


def test_the_source_column(engine: Engine) -> None:
    imported(engine, "source,patient_id,recorded_at", "north,1,2026-03-01", ",1,2026-03-01", "default,1,2026-03-02")
    assert sorted(live(engine, "source", "recorded_at")) == [("default", "2026-03-01"), ("default", "2026-03-02"), ("north", "2026-03-01")]
    assert counts(imported(engine, "source,patient_id,recorded_at", "north,2,2026-03-01", source="north"), "loaded") == (1,)
    with pytest.raises(Refused, match="column source: says north, but the source given for the import is south"):
        planned(engine, "source,patient_id,recorded_at", "north,1,2026-03-01", source="south")


# --- duplicates, revisions, repeats -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("later", "fate"), [
    ("1,,2026-03-01T10:00,5", "duplicate"), ("1,,2026-03-01 10:00:00,5.0", "duplicate"), ("1,,2026-03-01T10:00+00:00,5", "loaded"),
    ("1,,2026-03-01,5", "loaded"), ("1,,2026-03-01T10:01,5", "loaded"), ("1,,2026-03-01T10:00,", "loaded"), ("1,x,2026-03-01T10:00,5", "loaded"),
    ("2,,2026-03-01T10:00,5", "loaded")])
def test_an_entry_without_id_is_its_patient_time_and_content(engine: Engine, later: str, fate: str) -> None:
    imported(engine, HEAD, "1,,2026-03-01T10:00,5")
    assert counts(imported(engine, HEAD, later), fate) == (1,)


@pytest.mark.parametrize("said", ["note,n", "locations,neck", "fever,no", "osteoporosis,yes", "Weather,rain", "sex,male", "temperature_c,37.2",
                                  "onset_date,2026-01-01"])
def test_any_content_tells_entries_apart(engine: Engine, said: str) -> None:
    column, cell = said.split(",")
    imported(engine, f"patient_id,recorded_at,{column}", "1,2026-03-01,")
    receipt = imported(engine, f"patient_id,recorded_at,{column}", f"1,2026-03-01,{cell}", "1,2026-03-01,")
    assert counts(receipt, "loaded", "duplicate", "repeats") == (1, 1, 1)


def test_same_patient_and_time_with_other_content_is_kept_and_listed(engine: Engine) -> None:
    receipt = imported(engine, HEAD, "1,,2026-03-01T10:00,5", "1,,2026-03-01T10:00,6", "1,,2026-03-01T10:01,6")
    assert counts(receipt, "loaded", "repeats") == (3, 1)
    assert counts(imported(engine, HEAD, "1,,2026-03-01T10:01,7"), "loaded", "repeats") == (1, 1)


def test_what_a_file_takes_away_is_no_place_for_what_it_says(engine: Engine) -> None:
    """One row moves an entry to another day, another says without an id what the entry said: both are live, in whatever order they stand."""
    imported(engine, HEAD, "1,a,2026-03-01,5")
    for rows in (("1,a,2026-02-27,5", "1,,2026-03-01,5"), ("1,,2026-03-01,5", "1,a,2026-02-27,5")):
        loaded = imported(engine, HEAD, *rows)
        assert counts(loaded, "loaded", "revised", "duplicate") == (2, 1, 0)
        assert live(engine, "recorded_at", "severity") == [("2026-02-27", "5"), ("2026-03-01", "5")]
        assert counts(imported(engine, HEAD, *rows), "loaded", "duplicate") == (0, 2)
        undo.undo(engine, loaded.batch + 1, by=BY, at=AT)
        undo.undo(engine, loaded.batch, by=BY, at=AT)


def test_the_same_id_with_other_content_supersedes(engine: Engine) -> None:
    imported(engine, HEAD, "1,a,2026-03-01,5")
    assert counts(imported(engine, HEAD, "1,a,2026-03-01,6"), "loaded", "entries", "revised", "repeats") == (1, 0, 1, 0)
    assert counts(imported(engine, HEAD, "1,a,2026-02-27,6"), "revised") == (1,)
    assert live(engine, "recorded_at", "severity") == [("2026-02-27", "6")]
    with engine.connect() as connection:
        pairs = connection.execute(select(supersession).order_by(supersession.c.batch, supersession.c.entry)).all()
    assert [tuple(pair) for pair in pairs] == [(1, 2, 2), (1, 3, 3), (2, 3, 3)]


def test_one_id_with_two_contents_in_one_file(engine: Engine) -> None:
    receipt = imported(engine, HEAD, "1,a,2026-03-01,5", "1,a,2026-03-01,6", "1,b,2026-03-01,5", "1,b,2026-03-01,5", "1,a,2026-03-01,5")
    assert counts(receipt, *FATES) == (1, 3, 1, 0)
    assert [(p["row"], p["code"]) for p in receipt.as_dict()["problems"]] == [(row, "id_with_two_contents") for row in (2, 3, 6)]


def test_one_id_under_two_patients(engine: Engine) -> None:
    receipt = imported(engine, HEAD, "1,a,2026-03-01,5", "2,a,2026-03-01,5", "3,b,2026-03-01,5")
    assert counts(receipt, *FATES) == (1, 2, 0, 0)
    receipt = imported(engine, HEAD, "4,b,2026-03-01,5")
    assert [(p["row"], p["column"], p["code"]) for p in receipt.as_dict()["problems"]] == [(2, "entry_id", "id_of_another_patient")]
    assert live(engine, "patient_id") == [("3",)]


def test_already_here_compares_with_live_entries_only(engine: Engine) -> None:
    imported(engine, HEAD, "1,a,2026-03-01,5")
    imported(engine, HEAD, "1,a,2026-03-01,6")
    assert counts(imported(engine, HEAD, "1,,2026-03-01,5"), "loaded", "duplicate") == (1, 0)


def test_a_duplicate_is_recorded_with_the_entry_it_repeats(engine: Engine) -> None:
    imported(engine, HEAD, "1,,2026-03-01,5", "1,,2026-03-01,5", "2,,2026-03-01,5")
    imported(engine, HEAD, "9,,2026-03-01,5", "2,,2026-03-01,5")
    with engine.connect() as connection:
        rows = connection.execute(select(duplicate_row.c.batch, duplicate_row.c.row_number, patient.c.patient_id).join(
            diary_entry, diary_entry.c.entry == duplicate_row.c.entry).join(patient, patient.c.patient == diary_entry.c.patient)).all()
    assert sorted(map(tuple, rows)) == [(1, 3, "1"), (2, 3, "2")]


# --- sheets -----------------------------------------------------------------------------------------------------------------------

def test_rows_are_sheet_rows(engine: Engine) -> None:
    receipt = imported(engine, "patient_id,recorded_at,note,severity", '1,2026-03-01,"one', 'two",x', "", " ", ",,,", "2,2026-03-01,,x", "3,2026-03-01",
                       "4,2026-03-01,,1,,")
    assert counts(receipt, "rows_in", *FATES) == (4, 0, 4, 0, 0)
    assert [(p["row"], p["code"], p["value"]) for p in receipt.as_dict()["problems"]] == [
        (2, "not_a_number", "x"), (6, "not_a_number", "x"), (7, "ragged_row", "2 cells"), (8, "ragged_row", "6 cells")]


@pytest.mark.parametrize("content", [
    b"patient_id,recorded_at,note\n07,2026-03-01,x\n", b"\xef\xbb\xbfpatient_id,recorded_at,note\r\n07,2026-03-01,x\r\n",
    b"patient_id;recorded_at;note\n07;2026-03-01;x", b"Patient ID\tRECORDED-AT\tnote\n07\t2026-03-01\tx\n",
    b'"patient_id","recorded_at","note"\n"07","2026-03-01","x"\n',
    b"note,recorded_at,patient_id\rx,2026-03-01,07\r"], ids=["plain", "bom crlf", "semicolon", "tab", "quoted", "cr"])
def test_shapes_of_csv(duckdb_engine: Engine, content: bytes) -> None:
    with duckdb_engine.connect() as connection:
        found = plan.plan(connection, tabular.read(content, "diary.csv"), today=TODAY)
    commit.commit(duckdb_engine, found, by=BY, at=AT)
    assert live(duckdb_engine, "patient_id", "recorded_at", "note") == [("07", "2026-03-01", "x")]


def test_formula_cells_lose_the_one_apostrophe_that_keeps_them_from_running(engine: Engine) -> None:
    imported(engine, "patient_id,recorded_at,note", "'=1+1,2026-03-01,''-x", "'a,2026-03-01,'tis")
    assert live(engine, "patient_id", "note") == [("=1+1", "'-x"), ("'a", "'tis")]


@pytest.mark.parametrize("lines", [("patient_id,severity", "1,2"), ("a", "b"), ("patient_id,recorded_at,Recorded At", "1,,")])
def test_refused_headers(duckdb_engine: Engine, lines: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match=r"diary\.csv, (header row|row 1)"):
        planned(duckdb_engine, *lines)


# --- all or nothing ---------------------------------------------------------------------------------------------------------------

def test_nothing_is_saved_where_the_event_cannot_be(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    imported(engine, HEAD, "1,a,2026-03-01,5", "2,,2026-03-01,x")
    before, was = everything(engine), stored(engine, "entry", "superseded")
    found = planned(engine, HEAD, "1,a,2026-03-01,6", "2,,2026-03-01,y", "3,,2026-03-01,1", "3,,2026-03-01,1")

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is full")
    monkeypatch.setattr(audit, "record", broken)
    with pytest.raises(RuntimeError):
        commit.commit(engine, found, by=BY, at=AT)
    assert (everything(engine), stored(engine, "entry", "superseded")) == (before, was)


def test_the_event_holds_counts_only(engine: Engine) -> None:
    receipt = imported(engine, HEAD, "secret-id,a,2026-03-01,secret-value")
    with engine.connect() as connection:
        event = audit.events(connection).iloc[0]
        assert connection.scalar(select(import_batch.c.committed_event)) == event["event"]
    assert (event["kind"], event["by"], event["subject"], event["details"]) == ("import_committed", BY, "1", receipt.counts)


def test_history(engine: Engine) -> None:
    imported(engine, HEAD, "1,a,2026-03-01,5")
    imported(engine, HEAD, "1,a,2026-03-01,6")
    with engine.connect() as connection:
        found = batches.history(connection)
    assert found["batch"].tolist() == [2, 1] and found["imported_by"].tolist() == [BY, BY] and found["live"].all()


# --- quarantine -------------------------------------------------------------------------------------------------------------------

def waiting(engine: Engine, batch: int = 1) -> list[str]:
    with engine.connect() as connection:
        return quarantine.rows(connection, batch)["quarantined_as"].tolist()


def test_quarantined_rows_are_kept_corrected_and_sent_again(engine: Engine) -> None:
    imported(engine, "patient_id,recorded_at,severity,Weather,note", "1,2026-03-01,11,rain,=x", "2,2026-03-01,5,,", "3,2026-02-30,5,,ok")
    with engine.connect() as connection:
        rows = quarantine.rows(connection, 1)
    assert rows.columns.tolist() == ["quarantined_as", "patient_id", "recorded_at", "severity", "note", "Weather", "what_is_wrong", "what_would_be_right"]
    assert rows.iloc[0].tolist() == ["1:2", "1", "2026-03-01", "11", "=x", "rain", "severity: 11", "severity: a number from 0 to 10"]
    rows.loc[0, "severity"], rows.loc[1, "severity"] = "10", "twelve"
    with engine.connect() as connection:
        found = plan.plan(connection, tabular.read(as_sheet(rows), "corrected.csv"), today=TODAY)
    assert found.columns_unmapped == ("Weather",)
    receipt = commit.commit(engine, found, by=BY, at=AT)
    assert (counts(receipt, "loaded", "quarantined"), receipt.fixed) == ((1, 1), 2)
    assert (waiting(engine, 1), waiting(engine, 2)) == ([], ["2:3"])
    assert sorted(live(engine, "patient_id", "severity", "note")) == [("1", "10", "=x"), ("2", "5", "")]


@pytest.mark.parametrize(("again", "left"), [
    (("1,a,2026-03-02,5", "2,,2026-03-01,5"), []), (("1,a,2026-03-02,5",), ["1:3"]), (("1,b,2026-03-01,5", "2,,2026-03-02,5"), ["1:2", "1:3"]),
    (("1,a,2026-03-01,11",), ["1:3"])])
def test_a_row_sent_again_without_the_mark(engine: Engine, again: tuple[str, ...], left: list[str]) -> None:
    imported(engine, HEAD, "1,a,2026-03-01,11", "2,,2026-03-01,x")
    imported(engine, HEAD, *again)
    assert waiting(engine) == left


def test_one_row_does_not_stand_for_two(engine: Engine) -> None:
    imported(engine, HEAD, "1,,2026-03-01,11", "1,,2026-03-01,12")
    imported(engine, HEAD, "1,,2026-03-01,1")
    assert waiting(engine) == ["1:2", "1:3"]
    imported(engine, HEAD, "1,,2026-03-01,1", "1,,2026-03-01,2")
    assert waiting(engine) == []


def test_ragged_rows_are_kept_whole(engine: Engine) -> None:
    imported(engine, "patient_id,recorded_at,note", "1,2026-03-01,sharp, then dull", "2,2026-03-01")
    with engine.connect() as connection:
        rows = quarantine.rows(connection, 1)
    assert rows[["patient_id", "recorded_at", "note", "(column 4)"]].values.tolist() == [
        ["1", "2026-03-01", "sharp", " then dull"], ["2", "2026-03-01", "", ""]]


def test_red_flags_in_quarantine_stay_counted_until_somebody_acts(engine: Engine) -> None:
    lines = ("patient_id,recorded_at,severity,urinary_retention,fever,temperature_c,longstanding",
             "1,2026-03-01,x,yes,,,", "2,2026-03-01,5,1,,,", "3,2026-03-01,5,0,,,", "4,2026-03-01,x,,,38.5,", "5,2026-03-01,x,no,no,,yes",
             "6,2026-03-01,5,no,yes,,,,,")
    found = planned(engine, *lines)
    assert list(found.red_flag_rows.itertuples(index=False, name=None)) == [
        (2, "1", "Cannot pass urine"), (3, "2", "Cannot pass urine"), (5, "4", "Fever"), (7, "6", "Fever")]
    commit.commit(engine, found, by=BY, at=AT)

    def open_rows() -> list[int]:
        with engine.connect() as connection:
            return quarantine.red_flags(connection)["row"].tolist()
    assert open_rows() == [2, 3, 5, 7]
    imported(engine, lines[0], "1,2026-03-01,5,yes,,,")
    assert open_rows() == [3, 5, 7]
    with pytest.raises(Refused, match="reason"):
        quarantine.dismiss(engine, 1, 3, by=BY, at=AT, reason=" ")
    quarantine.dismiss(engine, 1, 3, by=BY, at=AT, reason="box not ticked")
    assert open_rows() == [5, 7]
    with pytest.raises(Conflict):
        quarantine.dismiss(engine, 1, 3, by=BY, at=AT, reason="again")
    with pytest.raises(NotFound):
        quarantine.dismiss(engine, 1, 99, by=BY, at=AT, reason="no such row")




# --- cells put right before the import ------------------------------------------------------------------------------------------------

def test_a_cell_put_right_before_the_import_is_stored_beside_what_the_file_says(engine: Engine) -> None:
    read = tabular.read(sheet("patient_id,recorded_at,severity,fever", "1,2026-03-01,14,no", "2,31.03.2026,4,perhaps", "3,2026-03-01,4,no"), "diary.csv")
    with engine.connect() as connection:
        found = plan.plan(connection, read, today=TODAY)
        assert corrections.cells(found).values.tolist()[0] == [2, "1", "severity", "14", "a number from 0 to 10"]
        assert [tuple(cell[:3]) for cell in corrections.cells(found).values.tolist()[1:]] == [(3, "2", "recorded_at"), (3, "2", "fever")]
        told = corrections.made(read, [(2, "severity", "x"), (2, "severity", "4"), (3, "fever", ""), (4, "severity", "5"), (4, "severity", "4")])
        assert corrections.taken_back(told).columns == read.columns
        found = plan.plan(connection, told, today=TODAY)
    receipt = commit.commit(engine, found, by=BY, at=AT)
    assert counts(receipt, "loaded", "quarantined") == (2, 1)
    assert live(engine, "patient_id", "severity") == [("1", "4"), ("3", "4")]
    assert report.receipt_document(receipt, "diary.csv", BY)["corrected_cells"] == [
        {"row": 2, "column": "severity", "written": "14", "corrected": "4", "by": BY},
        {"row": 3, "column": "fever", "written": "perhaps", "corrected": "", "by": BY}]
    with engine.connect() as connection:
        assert corrections.of_batch(connection, receipt.batch).values.tolist() == [[2, "severity", "14", "4"], [3, "fever", "perhaps", ""]]
        # what still waits needs only what is still wrong
        waiting = quarantine.rows(connection, receipt.batch)
        assert ("fever" in waiting, waiting["what_is_wrong"].tolist()) == (False, ["recorded_at: 31.03.2026"])
