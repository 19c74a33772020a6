"""How long something takes, on which machine, and the table that says so."""
import gc
import os
import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

RUNS, PATIENCE = 5, 5  # runs after the first, which warms up; but no more once they took so many seconds together
LIBRARIES = ("duckdb", "sqlalchemy", "pandas", "numpy", "pyarrow", "streamlit")


@dataclass(frozen=True)
class Row:
    """`theirs` is the same work by pandas on our bit sets, `columns` by pandas on a column a code, `child_tables` by a query a chart on normalised
    tables in SQLite, `by_hand` by SQL written for it; None where there is no such work, or nothing to compare."""
    what: str
    entries: int
    ours: float
    budget: float | None = None
    theirs: float | None = None
    unit: str = "s"
    columns: float | None = None
    child_tables: float | None = None
    by_hand: float | None = None


def seconds(work: Callable[[], object], runs: int = RUNS) -> float:
    """The median of some runs after one that warms up, which alone counts where it took long."""
    first, taken = once(work), []
    while len(taken) < runs and first + sum(taken) < PATIENCE:
        taken.append(once(work))
    return median(taken or [first])


def once(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def load() -> float:
    return os.getloadavg()[0]


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB, {platform.system()}; Python {platform.python_version()}, {libraries}; load {load():.1f}"


def _processor() -> str:
    names = [line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()


def peak_memory() -> float:
    """Of this process, in MB. What the kernel adds up for a process begins with the peak of the one that started it; this does not."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


def table(rows: Iterable[Row]) -> str:
    """As Markdown."""
    others = {"pandas, bit sets": "theirs", "pandas, columns": "columns", "child tables": "child_tables"}
    cells = [("what", "entries", "budget", "ours", *(head for name in others for head in (name, "/ ours")), "by hand", "ours /")]
    cells += [(row.what, f"{row.entries:,}", _said(row.budget, row.unit), _ours(row),
               *(cell for taken in (getattr(row, name) for name in others.values()) for cell in (_said(taken, row.unit), _ratio(taken, row.ours))),
               _said(row.by_hand, row.unit), _ratio(row.ours, row.by_hand)) for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    lines = [f"| {' | '.join(text.ljust(width) if column == 0 else text.rjust(width) for column, (text, width) in enumerate(zip(line, widths, strict=True)))} |"
             for line in cells]
    rule = "|".join("-" * (width + 1) + ("-" if column == 0 else ":") for column, width in enumerate(widths))
    return "\n".join([lines[0], f"|{rule}|", *lines[1:]])


def _ours(row: Row) -> str:
    late = row.budget is not None and row.ours > row.budget
    return f"**{_said(row.ours, row.unit)}**" if late else _said(row.ours, row.unit)


def _ratio(one: float | None, other: float | None) -> str:
    return "–" if one is None or other is None else f"{one / other:.1f}"


def _said(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit != "s":
        return f"{value:,.0f} {unit}"
    return f"{1000 * value:,.1f} ms" if value < 0.01 else f"{1000 * value:,.0f} ms" if value < 1 else f"{value:,.2f} s"
