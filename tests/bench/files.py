"""Work that is a process of its own: a file of a million rows imported; a question asked from the terminal."""
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from sqlalchemy import create_engine

from dashboard import demo, start
from dashboard.days import day_of
from dashboard.imports import commit, mapping, plan, tabular
from dashboard.imports.mapping import Mapping
from tests.bench.measure import PATIENCE, Row, once, peak_memory, seconds
from tests.bench.subject import A_PATIENT, Subject

ROWS = 1_000_000
COLUMNS = ("source", "patient_id", "entry_id", "recorded_at", "birth_year", "sex", "severity", "worst_severity", "interference", "locations", "qualities",
           "onset_date", "trend", "fever", "leg_weakness", "urinary_retention", "weight_loss", "relief_tried", "relief_helped", "note")
# the same diaries as a form wrote them, and how its columns become ours
FORM = """
name = "bench"
[reading]
date_order = "dmy"
[columns.source]
from = "clinic"
[columns.patient_id]
from = "patient"
[columns.entry_id]
from = "_id"
[columns.recorded_at]
from = ["day", "clock"]
[columns.birth_year]
from = "born"
[columns.sex]
from = "sex"
values = {1 = "female", 2 = "male", 3 = "other"}
[columns.severity]
from = "vas"
scale = [0, 100]
[columns.worst_severity]
from = "worst"
[columns.locations]
from = "pain/where"
split = " "
[columns.qualities]
from = "pain/kind"
split = " "
[columns.onset_date]
from = "since"
[columns.trend]
from = "course"
values = {1 = "better", 2 = "same", 3 = "worse"}
[columns.red_flags]
pattern = "flags/*"
values = {cannot_pass_urine = "urinary_retention", weak_legs = "leg_weakness"}
not_checked = "no"
[columns.relief_tried]
from = "tried"
split = " "
[columns.relief_helped]
from = "helped"
split = " "
[columns.note]
from = "comment"
"""
BAD = {"severity": "eleven", "recorded_at": "31/12/26", "locations": "elbow ?", "fever": "perhaps", "onset_date": "in spring"}
ONE_IN = 50  # rows with a bad cell
CHUNK = 50_000
RUNS = 3


def imported(_: Subject) -> Iterator[Row]:
    """Both ways begin with an empty database and the file; each run is a process of its own. pandas: read_csv, and to_sql to SQLite, which
    checks nothing."""
    with tempfile.TemporaryDirectory(prefix="pain-diary-bench-") as name:
        folder = Path(name)
        bad = _write(folder / "diary.csv")
        ours, theirs = (_child(way, folder) for way in ("ours", "pandas"))
        assert ours["problems"] == bad, f"{ours['problems']:,} problems found of {bad:,}"
        assert ours["rows"] == theirs["rows"] - bad
        size = (folder / "diary.csv").stat().st_size / 1e6
    yield Row(f"CSV of {size:,.0f} MB, {len(COLUMNS)} columns, {bad:,} bad cells: reported, the rest stored", ROWS, ours["seconds"], 10, theirs["seconds"])
    yield from (Row(f"· of that, {part}", ROWS, taken) for part, taken in ours["parts"].items())
    yield Row("· memory at its highest", ROWS, ours["memory"], 1_500, theirs["memory"], "MB")


def mapped(_: Subject) -> Iterator[Row]:
    """The same rows with other names, scales, dates, codes and ticked boxes."""
    with tempfile.TemporaryDirectory(prefix="pain-diary-bench-") as name:
        folder = Path(name)
        bad = _write(folder / "form.csv", _as_form)
        ours, theirs = (_child(way, folder, "form.csv") for way in ("mapped", "pandas"))
        assert ours["problems"] == bad, f"{ours['problems']:,} problems found of {bad:,}"
        size = (folder / "form.csv").stat().st_size / 1e6
    yield Row(f"the same as a form wrote it, {size:,.0f} MB, by a mapping", ROWS, ours["seconds"], None, theirs["seconds"])
    yield from (Row(f"· of that, {part}", ROWS, taken) for part, taken in ours["parts"].items())
    yield Row("· memory at its highest", ROWS, ours["memory"], 1_500, theirs["memory"], "MB")


def _as_form(plain: pa.Table) -> pa.Table:
    def column(name: str, *changes: tuple[str, str]) -> pa.ChunkedArray:
        texts = plain[name]
        for found, becomes in changes:
            texts = pc.replace_substring_regex(texts, found, becomes)
        return texts
    day = (r"^(\d{4})-(\d{2})-(\d{2}).*$", r"\3.\2.\1")
    ticked, listed = (("^yes$", "1"), ("^no$", "0")), (";", " ")
    made = {
        "clinic": column("source"), "patient": column("patient_id"), "_id": column("entry_id"), "day": column("recorded_at", day),
        "clock": column("recorded_at", (r"^\d{4}-\d{2}-\d{2}(?:T(\d{2}:\d{2}))?.*$", r"\1"), (r"^31/12/26$", "")), "born": column("birth_year"),
        "sex": column("sex", ("^female$", "1"), ("^male$", "2"), ("^other$", "3")), "vas": _times_ten(plain["severity"]),
        "worst": column("worst_severity"), "pain/where": column("locations", listed),
        "pain/kind": column("qualities", listed), "since": column("onset_date", day),
        "course": column("trend", ("^better$", "1"), ("^same$", "2"), ("^worse$", "3")),
        "flags/fever": column("fever", *ticked), "flags/weak_legs": column("leg_weakness", *ticked),
        "flags/cannot_pass_urine": column("urinary_retention", *ticked), "flags/weight_loss": column("weight_loss", *ticked),
        "tried": column("relief_tried", listed), "helped": column("relief_helped", listed), "comment": column("note")}
    return pa.table(made)


def _times_ten(texts: pa.ChunkedArray) -> pa.Array:
    distinct = texts.combine_chunks().dictionary_encode()
    made = [f"{float(text) * 10:g}" if text and text[0].isdigit() else text for text in distinct.dictionary.to_pylist()]
    return pa.array(made).take(distinct.indices)


def _write(file: Path, changed: Callable[[pa.Table], pa.Table] = lambda plain: plain) -> int:
    """The number of its bad cells, one a row, spread over columns and rows."""
    diaries = demo.generate(ROWS // A_PATIENT, ROWS, 7, day_of(date.today())).select(COLUMNS)
    rows, bad = np.arange(ROWS), 0
    for number, (name, text) in enumerate(BAD.items()):
        wrong = rows % (ONE_IN * len(BAD)) == number * ONE_IN
        cells = pc.if_else(pa.array(wrong), text, diaries[name].cast(pa.string()))
        diaries, bad = diaries.set_column(COLUMNS.index(name), name, cells), bad + int(wrong.sum())
    plain = pa.table([column.cast(pa.string()).fill_null("") for column in diaries.columns], names=list(COLUMNS))
    pa.csv.write_csv(changed(plain), file, pa.csv.WriteOptions(quoting_style="needed"))
    return bad


def _child(way: str, folder: Path, file: str = "diary.csv") -> dict:
    """The run in the middle, or the only one where it took long."""
    done: list[dict] = []
    while len(done) < RUNS and sum(one["seconds"] for one in done) < 2 * PATIENCE:
        run = len(done)
        command = [sys.executable, "-m", "tests.bench.files", way, str(folder / file), str(folder / f"{way}{run}.db")]
        done.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    return sorted(done, key=lambda found: found["seconds"])[(len(done) - 1) // 2]


def summary(subject: Subject) -> Iterator[Row]:
    """The whole command, Python and its libraries loaded anew."""
    subject.close()
    command = [sys.executable, "-m", "dashboard", "--database", subject.url, "--json", "summary"]
    nothing = [sys.executable, "-c", "import dashboard.__main__"]

    def run(words: list[str]) -> Callable[[], object]:
        return lambda: subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    yield Row("python -m dashboard summary, the whole command", subject.entries, seconds(run(command)))
    yield Row("· of that, Python and imports", subject.entries, seconds(run(nothing)))


# --- in the process of its own ------------------------------------------------------------------------------------------------------

def _ours(file: Path, stored: Path, how: Mapping | None = None) -> dict:
    at, today = datetime.now(UTC), day_of(date.today())
    engine = start.open_database(f"duckdb:///{stored}", at=at, today=today)
    made, parts = {}, {}

    def read() -> None:
        made["sheet"] = tabular.read(file, file.name)

    def planned() -> None:
        with engine.connect() as connection:
            made["plan"] = plan.plan(connection, made["sheet"], how, today=today)
        made["problems"] = len(made["plan"].problems)

    def committed() -> None:
        made["receipt"] = commit.commit(engine, made["plan"], by="bench", at=at)
    for name, part in (("reading", read), ("planning, problems listed", planned), ("committing", committed)):
        parts[name] = once(part)
    taken = sum(parts.values())
    engine.dispose()
    return {"seconds": taken, "parts": parts, "problems": made["problems"], "rows": made["receipt"].counts["loaded"]}


def _pandas(file: Path, stored: Path) -> dict:
    engine = create_engine(f"sqlite:///{stored}")
    begun = time.perf_counter()
    rows = pd.read_csv(file)
    with engine.begin() as connection:
        rows.to_sql("diary", connection, index=False, chunksize=CHUNK)
    return {"seconds": time.perf_counter() - begun, "rows": len(rows)}


if __name__ == "__main__":
    way, file, stored = sys.argv[1:]
    ways = {"ours": _ours, "pandas": _pandas, "mapped": lambda file, stored: _ours(file, stored, mapping.read(FORM))}
    found = ways[way](Path(file), Path(stored))
    print(json.dumps({**found, "memory": peak_memory()}))
