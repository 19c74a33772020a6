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
from dashboard.imports import commit, plan, tabular
from tests.bench.measure import PATIENCE, Row, once, peak_memory, seconds
from tests.bench.subject import A_PATIENT, Subject

ROWS = 1_000_000
COLUMNS = ("source", "patient_id", "entry_id", "recorded_at", "birth_year", "sex", "severity", "worst_severity", "interference", "locations", "qualities",
           "onset_date", "trend", "fever", "leg_weakness", "urinary_retention", "weight_loss", "relief_tried", "relief_helped", "note")
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


def _write(file: Path) -> int:
    """The number of its bad cells, one a row, spread over columns and rows."""
    diaries = demo.generate(ROWS // A_PATIENT, ROWS, 7, day_of(date.today())).select(COLUMNS)
    rows, bad = np.arange(ROWS), 0
    for number, (name, text) in enumerate(BAD.items()):
        wrong = rows % (ONE_IN * len(BAD)) == number * ONE_IN
        cells = pc.if_else(pa.array(wrong), text, diaries[name].cast(pa.string()))
        diaries, bad = diaries.set_column(COLUMNS.index(name), name, cells), bad + int(wrong.sum())
    plain = pa.table([column.cast(pa.string()).fill_null("") for column in diaries.columns], names=list(COLUMNS))
    pa.csv.write_csv(plain, file, pa.csv.WriteOptions(quoting_style="needed"))
    return bad


def _child(way: str, folder: Path) -> dict:
    """The run in the middle, or the only one where it took long."""
    done: list[dict] = []
    while len(done) < RUNS and sum(one["seconds"] for one in done) < 2 * PATIENCE:
        run = len(done)
        command = [sys.executable, "-m", "tests.bench.files", way, str(folder / "diary.csv"), str(folder / f"{way}{run}.db")]
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

def _ours(file: Path, stored: Path) -> dict:
    at, today = datetime.now(UTC), day_of(date.today())
    engine = start.open_database(f"duckdb:///{stored}", at=at, today=today)
    made, parts = {}, {}

    def read() -> None:
        made["sheet"] = tabular.read(file, file.name)

    def planned() -> None:
        with engine.connect() as connection:
            made["plan"] = plan.plan(connection, made["sheet"], today=today)
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
    found = {"ours": _ours, "pandas": _pandas}[way](Path(file), Path(stored))
    print(json.dumps({**found, "memory": peak_memory()}))
