"""`python -m dashboard`: one JSON document on standard output, words on standard error, exit codes that mean what they say."""
import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from dashboard import settings
from dashboard.__main__ import main
from dashboard.days import date_of, day_of
from dashboard.imports import tabular
from dashboard.rules import active, answers, definition, flags
from dashboard.rules.evaluate import Doubt
from tests.canonical import Row, quiet, scant, written
from tests.clinic import everything

TODAY = day_of(date.today())
RECEIPT = {"batch", "rows_in", "loaded", "quarantined", "duplicate", "left_out", "entries", "revised", "repeats", "problems", "flags_raised", "flags_closed"}
FLAG = {"source", "patient_id", "rule_id", "rule_version", "tier", "outcome", "first_evidence", "last_evidence", "reason", "assessed_recently"}
BUCKETS = ("emergency", "same_day", "not_assessable", "routine", "no_criterion_met", "no_entries")
DIARY = (
    quiet("007", TODAY - 1, urinary_incontinence="yes", note="private"), quiet("7", TODAY), scant("8", TODAY),
    quiet("9", TODAY, severity="eleven", fever="yes"))
Run = Callable[..., object]


@pytest.fixture(autouse=True)
def _three_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(active, "load", lambda folder: tuple(rule for rule in definition.load(folder) if rule.rule_id in ("E01", "E05", "U02")))


@pytest.fixture
def said(engine: Engine, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command and gives what it printed: its JSON where it is asked for, else its text. `code` is the exit code that is right."""
    def run(*arguments: str, code: int = 0) -> object:
        assert main(["--database", engine.url.render_as_string(hide_password=False), *arguments]) == code
        out = capsys.readouterr()
        run.progress = out.err
        return json.loads(out.out) if "--json" in arguments else out.out
    return run


def file(folder: Path, *rows: Row, name: str = "diary.csv") -> str:
    path = folder / name
    path.write_text(written(*rows), encoding="utf-8")
    return str(path)


# --- importing and taking back ----------------------------------------------------------------------------------------------------

def test_import_undo_batches_and_quarantine(engine: Engine, said: Run, tmp_path: Path) -> None:
    sheet = file(tmp_path, *DIARY)
    before = (said("buckets", "--json"), everything(engine))[1]
    dry = said("import", sheet, "--dry-run", "--json")
    assert everything(engine) == before
    receipt = said("import", sheet, "--json", "--by", "M. Ito")
    assert set(receipt) == set(dry) == RECEIPT and dry["batch"] is None
    assert {**dry, "batch": 1} == receipt
    assert [receipt[name] for name in ("rows_in", "loaded", "quarantined", "duplicate", "left_out", "entries")] == [4, 3, 1, 0, 0, 3]
    assert receipt["problems"] == [{"row": 5, "column": "severity", "code": "not_a_number", "value": "eleven", "expected": "a number from 0 to 10"}]
    assert "reading diary.csv" in said.progress and "private" not in said.progress
    (batch,) = said("batches", "--json")
    assert (batch["batch"], batch["file_name"], batch["imported_by"], batch["live"], batch["undone_by"]) == (1, "diary.csv", "M. Ito", True, None)

    rows = list(csv.DictReader(io.StringIO(said("quarantine", "1"), newline="")))
    assert [row["patient_id"] for row in rows] == [row["patient_id"] for row in said("quarantine", "1", "--json")] == ["9"]
    fixed = tmp_path / "fixed.csv"
    fixed.write_text(said("quarantine", "1").replace("eleven", "10"), encoding="utf-8", newline="")
    assert said("import", str(fixed), "--json")["loaded"] == 1
    assert said("quarantine", "1", "--json") == []

    planned = said("undo", "1", "--dry-run", "--json")
    assert planned["entries"] == 3 and said("undo", "1", "--json")["entries"] == 3
    assert "undone already" in said("undo", "1", "--json", code=1)["error"] and "undone already" in said.progress
    assert [(batch["batch"], batch["live"]) for batch in said("batches", "--json")] == [(2, True), (1, False)]


def test_several_files_are_a_list_and_the_first_refused_says_what_came_before(engine: Engine, said: Run, tmp_path: Path) -> None:
    one, two = file(tmp_path, DIARY[0], name="a.csv"), file(tmp_path, DIARY[1], name="b.csv")
    assert [receipt["batch"] for receipt in said("import", one, two, "--json")] == [1, 2]
    error = said("import", file(tmp_path, DIARY[2], name="c.csv"), str(tmp_path / "none.csv"), "--json", code=1)
    assert set(error) == {"error"} and "none.csv" in error["error"] and "batch 3" in error["error"]
    broken = tmp_path / "d.csv"
    broken.write_text("colour,shape\nred,round\n")
    assert said("import", str(broken), code=1) == "" and "d.csv" in said.progress and "Traceback" not in said.progress
    assert said("import", str(tmp_path), code=1) == ""
    both = said("import", file(tmp_path, quiet("1", TODAY, source="a"), name="e.csv"), "--source", "b", "--json", code=1)
    assert "e.csv" in both["error"]


def test_a_mapping_is_given_once_and_then_remembered(engine: Engine, said: Run, tmp_path: Path) -> None:
    first, second, how = tmp_path / "march.csv", tmp_path / "april.csv", tmp_path / "clinic.toml"
    first.write_text("Who;When;Pain\n007;31.12.2025;70\n7;30.12.2025;abc\n", encoding="utf-8")
    second.write_text("When;Who;Pain\n31.12.2025;7;65\n", encoding="utf-8")
    error = said("import", str(first), "--json", code=1)["error"]
    assert "no column patient_id and no column recorded_at" in error and "a mapping says how they become ours" in error
    how.write_text("name = 'Our clinic'\n[columns.patient_id]\nform = 'Who'\n", encoding="utf-8")
    assert "columns.patient_id.form: there is no such key. Did you mean from?" in said("import", str(first), "--mapping", str(how), "--json", code=1)["error"]
    how.write_text("name = 'Our clinic'\n[columns.patient_id]\nfrom = 'Who'\n[columns.recorded_at]\nfrom = 'When'\n"
                   "[columns.severity]\nfrom = 'Pain'\nscale = [0, 100]\n", encoding="utf-8")
    receipt = said("import", str(first), "--mapping", str(how), "--json")
    assert (receipt["loaded"], [(p["row"], p["column"], p["value"]) for p in receipt["problems"]]) == (1, [(3, "Pain", "abc")])
    assert said("import", str(second), "--json")["loaded"] == 1 and "mapping: Our clinic, as the last time" in said.progress
    assert [row["severity"] for row in said("rows", "7", "--json")] == ["6.5"]
    fixed = tmp_path / "fixed.csv"
    fixed.write_text(said("quarantine", "1").replace("abc", "20"), encoding="utf-8", newline="")
    assert said("import", str(fixed), "--json")["loaded"] == 1 and said("quarantine", "1", "--json") == []


def test_a_cell_that_a_spreadsheet_would_run_comes_back_as_it_was(engine: Engine, said: Run, tmp_path: Path) -> None:
    said("import", file(tmp_path, quiet("=1+1", TODAY, severity="x", note="'=2"), quiet("=3", TODAY, leg_numbness="yes")))
    sheet = said("quarantine", "1")
    assert ",'=1+1," in sheet and ",'=2," in sheet
    assert tabular.read(sheet.encode(), "q.csv").columns["patient_id"].to_pylist() == ["=1+1"]
    assert "'=3" in said("flags", "--csv")


# --- asking -----------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("how", [["--json"], ["--csv"], []])
def test_a_rule_that_fails_is_named_beside_the_flags(duckdb_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
                                                     how: list[str]) -> None:
    """On standard error, so that what reads the list goes on."""
    monkeypatch.setattr(answers, "isolated", lambda work: work(Doubt(frozenset({"E05"}))))
    assert main(["--database", duckdb_url, "flags", *how]) == 0
    assert "E05 could not be evaluated." in capsys.readouterr().err
    assert main(["--database", duckdb_url, "buckets", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["failed_rules"] == ["E05"]


def test_what_can_be_asked(engine: Engine, said: Run, tmp_path: Path) -> None:
    said("import", file(tmp_path, *DIARY, quiet("10", TODAY + 1)))
    stands = said("buckets", "--json")
    assert list(stands) == ["patients", *BUCKETS, "failed_rules", "withdrawn_to_review", "as_of", "data_through", "rule_set"]
    assert stands == {"patients": 4, "emergency": 1, "same_day": 0, "not_assessable": 1, "routine": 0, "no_criterion_met": 1, "no_entries": 1,
                      "failed_rules": [], "withdrawn_to_review": 0, "as_of": str(date_of(TODAY)), "data_through": str(date_of(TODAY)), "rule_set": 1}
    assert said("buckets", "--json", "--as-of", str(date_of(TODAY - 1)))["no_entries"] == 3
    assert said("buckets", "--json", "--known-at", "2")["patients"] == 0

    met = said("flags", "--json")
    assert [(row["patient_id"], row["rule_id"], row["tier"], row["outcome"], row["first_evidence"], row["assessed_recently"]) for row in met] == [
        ("007", "E05", "E", "met", str(date_of(TODAY - 1)), True)]
    every = said("flags", "--json", "--outcome", "all")
    assert all(set(row) == FLAG for row in (*met, *every)) and len(every) == 3 * len(said("rules", "--json"))
    assert {row["outcome"] for row in every} == {"met", "not_met", "cannot_assess"}
    assert {row["outcome"] for row in said("flags", "--json", "--outcome", "cannot_assess")} == {"cannot_assess"}
    assert said("flags", "--json", "--tier", "U") == [] and {row["tier"] for row in said("flags", "--json", "--tier", "E", "--outcome", "all")} == {"E"}
    sheet = list(csv.DictReader(io.StringIO(said("flags", "--csv"), newline="")))
    assert [set(row) for row in sheet] == [FLAG] and sheet[0]["patient_id"] == "007"

    base = said("summary", "--json")
    assert base["base"] | {"entries_per_patient": None} == {"patients": 3, "entries": 3, "entries_per_patient": None}
    assert {"location", "quality", "duration", "severity"} <= set(base) and {"answered", "counts"} <= set(base["location"])
    assert said("summary", "--json", "--per", "entry", "--location", "mid_back", "--location", "neck", "--since", str(date_of(TODAY)))["base"]["entries"] == 1

    rows = said("rows", "007", "--json")
    assert [(row["patient_id"], row["note"], row["urinary_incontinence"]) for row in rows] == [("007", "private", "yes")]
    assert "No patient has this id" in said("rows", "0007", "--json", code=1)["error"]
    said("import", file(tmp_path, quiet("7", TODAY), name="other.csv"), "--source", "other")
    said("rows", "7", code=2)
    assert "default, other" in said.progress and len(said("rows", "7", "--source", "other", "--json")) == 1


def test_evaluate_stores_what_may_be_stored(engine: Engine, said: Run, tmp_path: Path) -> None:
    said("import", file(tmp_path, *DIARY))
    done = said("evaluate", "--json")
    assert set(done) == {"as_of", "rule_set", "patients", "failed_rules", "rules", "stored"} and done["stored"] and done["patients"] == 3
    assert done["rules"]["E05"] == {"met": 1, "not_met": 1, "cannot_assess": 1}
    before = everything(engine)
    for asked in (("--as-of", str(date_of(TODAY - 1))), ("--as-of", str(date_of(TODAY + 40))), ("--known-at", "2")):
        assert not said("evaluate", "--json", *asked)["stored"]
    assert everything(engine) == before
    with engine.connect() as connection:
        assert flags.current_as_of(connection, TODAY) == TODAY


def test_vocabularies_rules_and_a_demo(said: Run) -> None:
    lists = said("codelists", "--json")
    assert {"location", "quality", "relief", "symptom", "history", "tier", "bucket"} <= set(lists)
    assert set(lists["location"][0]) == {"code", "bit", "label", "groups"} and lists["tier"][0] == {"code": "E", "label": "Emergency"}
    rules = said("rules", "--json")
    assert {"rule_id", "version", "title", "tier", "says", "sources", "rule_set"} == set(rules[0]) and rules[0]["rule_id"] == "E01"
    made = said("demo", "--patients", "20", "--entries", "200", "--json")
    assert (made["patients"], made["entries"]) == (20, 200) and "200 of 200 entries" in said.progress
    assert said("buckets", "--json")["patients"] == 20


def test_trying_other_rules(engine: Engine, said: Run, tmp_path: Path) -> None:
    said("import", file(tmp_path, *DIARY), "--json")
    with engine.connect() as connection:
        rules = active.current(connection).rules
    for name, text in definition.files(tuple(rule for rule in rules if rule.rule_id != "E05")).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    before = everything(engine)
    tried = said("try", "--rules", str(tmp_path), "--weeks", "4", "--json")
    assert everything(engine) == before
    assert tried["changes"] == ["E05 New loss of bladder or bowel control: switched off"]
    assert (tried["weeks"], tried["appear"], tried["drop"], tried["new_flags"]["E05"]) == (1, 0, 1, {"in_force": 1, "draft": None})
    assert [week["E"] for week in tried["by_week"]["in_force"]] == [1] and [week["E"] for week in tried["by_week"]["draft"]] == [0]
    assert "none is left" in said("try", "--rules", str(tmp_path / "nowhere"), "--json", code=1)["error"]


def test_without_json_people_can_read_it(said: Run, tmp_path: Path) -> None:
    assert said("batches").strip() == "nothing"
    assert "loaded" in said("import", file(tmp_path, DIARY[1])) and "no_criterion_met" in said("buckets")


# --- where and how it is called ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("arguments", [
    [], ["nothing"], ["flags", "--tier", "X"], ["flags", "--outcome", "yes"], ["buckets", "--as-of", "31.3.2026"], ["undo"], ["undo", "first"],
    ["import"], ["summary", "--per", "visit"], ["flags", "--out", "met"]])
def test_what_cannot_be_understood_is_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2 and capsys.readouterr().out == ""


def test_the_database_is_named_before_or_after_the_command_or_by_the_environment(duckdb_url: str, capsys: pytest.CaptureFixture[str],
                                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIN_DIARY_DATABASE", duckdb_url)
    for arguments in (["--database", duckdb_url, "buckets", "--json"], ["buckets", "--json", "--database", duckdb_url], ["--json", "buckets"]):
        monkeypatch.setenv("PAIN_DIARY_DATABASE", duckdb_url if "--database" not in arguments else "sqlite://")
        assert main(arguments) == 0
        assert json.loads(capsys.readouterr().out)["patients"] == 0
    assert main(["--database", duckdb_url, "flags", "--json", "--csv"]) == 2
    capsys.readouterr()
    for url in ("nonsense", "unknown://host/name"):
        assert main(["--database", url, "buckets", "--json"]) == 1
        assert "PAIN_DIARY_DATABASE is not a database URL" in json.loads(capsys.readouterr().out)["error"]


def process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "dashboard", *arguments], capture_output=True, text=True, cwd=settings.ROOT, timeout=120,
                          env={**os.environ, **environment})


def test_a_second_process_on_an_open_file_says_who_has_it_and_what_to_do(duckdb_engine: Engine, tmp_path: Path) -> None:
    with duckdb_engine.connect():
        done = process("import", file(tmp_path, *DIARY), "--json", PAIN_DIARY_DATABASE=duckdb_engine.url.render_as_string())
    assert done.returncode == 1
    error = json.loads(done.stdout)["error"]
    assert done.stderr.strip() == error and f"process {os.getpid()}" in error
    assert "Close the app" in error and "Import page" in error and "PostgreSQL" in error


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    done = process("--database", "postgresql+psycopg://clinic:hunter2@127.0.0.1:1/diary", "buckets")
    assert (done.returncode, done.stdout) == (1, "")
    assert "127.0.0.1:1/diary does not answer" in done.stderr and "look first whether it was" in done.stderr
    assert "hunter2" not in done.stderr and "Traceback" not in done.stderr
