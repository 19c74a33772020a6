"""Speed, beside the budgets and beside the same work by pandas: `make bench`, or `python -m tests.bench --help`."""
import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from tests.bench import by_columns, files, in_browser, on_postgresql, pages, rules, subject
from tests.bench.measure import PATIENCE, RUNS, Row, load, machine, table
from tests.bench.subject import Subject

SIZES = (1_000_000, 10_000_000)
# those that start processes, and so need the database closed, come last
WORK: dict[str, Callable[[Subject], Iterator[Row]]] = {
    "unfiltered": pages.unfiltered, "asked": pages.asked_before, "filtered": pages.filtered, "opened": pages.opened, "patients": pages.patients,
    "compared": pages.compared, "postgresql": on_postgresql.cohorts, "worklist": pages.first_lines,
    "patient": pages.one_patient, "rules": rules.everybody, "touched": rules.touched, "stored": rules.stored, "summary": files.summary,
    "start": in_browser.started, "clicks": in_browser.clicked, "crowd": in_browser.crowded,
    "import": files.imported, "mapped": files.mapped}
ONCE = {"clicks", "crowd", "import", "mapped", "postgresql"}  # at the smallest size only; imports have a size of their own
FRAMES, WIDE = {"unfiltered", "filtered", "opened", "patients"}, {"unfiltered", "filtered"}


def main() -> int:
    asked = _asked()
    begins = load()
    warning = "" if begins <= 1 else f"\n\n**Other work was running (load {begins:.1f}): these times are too long.**"
    this = machine()
    heading = (f"{this}.{warning}\n\nMedian of {RUNS} runs after one that is not counted, or of as many as fit into {PATIENCE} s; what is over its budget is "
               "bold.")
    found: list[Row] = []
    notes: list[str] = []
    with ExitStack() as stack:
        folder = asked.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pain-diary-bench-")))
        folder.mkdir(parents=True, exist_ok=True)
        for entries in asked.entries:
            _say(f"{entries:,} entries")
            made = subject.make(folder, entries)
            found += [made] if made else []
            of = Subject(folder, entries)
            for name, work in WORK.items():
                if (not asked.only or name in asked.only) and not (name in ONCE and entries != min(asked.entries)):
                    found += _said(work(of))
                    notes += _frame(of) if name in FRAMES else []
                    notes += _wide(of) if name in WIDE else []
            of.close()
            by_columns.wide.cache_clear()
    print("\n\n".join([heading, table(found), *dict.fromkeys(notes)]))
    if asked.json:
        asked.json.write_text(json.dumps({"machine": this, "load_at_start": begins, "rows": [asdict(row) for row in found]}, indent=2))
    return 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Times, beside the budgets and beside pandas.")
    parser.add_argument("--entries", type=int, action="append", help=f"size of the database; may be repeated (default {' and '.join(map(str, SIZES))})")
    parser.add_argument("--only", nargs="+", choices=WORK, metavar="NAME", help=f"any of {', '.join(WORK)}")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the databases are kept for the next time, as 1000000.duckdb and so on")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the rows as JSON too")
    asked = parser.parse_args()
    asked.entries = sorted(asked.entries or SIZES)
    return asked


def _said(rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        _say(f"  {row.what}: {row.ours:,.3f} {row.unit}" + "".join(f", {name} {taken:,.3f}" for name, taken in (
            ("pandas", row.theirs), ("columns", row.columns), ("child tables", row.child_tables), ("by hand", row.by_hand)) if taken is not None))
        yield row


def _frame(of: Subject) -> list[str]:
    return [f"The frame of {of.entries:,} entries took {of.frames.seconds:.1f} s to load, which is not counted, and {of.frames.megabytes:,.0f} MB."]


def _wide(of: Subject) -> list[str]:
    return [f"The frame of {of.entries:,} entries with a column a code takes {by_columns.wide(of).megabytes:,.0f} MB."]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
