"""What a reviewer would otherwise have to look for: who may import whom, and who alone may touch what."""
import ast
import re
from collections.abc import Callable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [ROOT / "streamlit_app.py", *sorted((ROOT / "dashboard").rglob("*.py"))]
# a module imports from its own level and those below
LEVELS = (
    ("errors", "settings", "codelists", "days", "hours", "sheet", "wording"),
    ("schema",),
    ("database", "audit"),
    ("cohort", "conditions", "people", "phrases"),
    ("rules",),
    ("imports", "figures", "worklist", "lineup", "handout", "past", "triage", "activity", "quality", "sample", "distributions", "profile", "crossfilter",
     "filters", "members", "chance", "comparison", "saved", "outgoing", "pictured", "report", "course", "behind", "kept", "printed", "disclosure", "sums",
     "ties", "wrote", "demo", "synthetic", "status", "start", "address"),
    ("views", "__main__"),
    ("streamlit_app",),
)
LEVEL = {unit: number for number, units in enumerate(LEVELS) for unit in units}
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}
MODULES = {path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__"): path for path in SOURCES}

each_source = pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))


def imported(path: Path) -> set[str]:
    """Full names of the modules that a file imports; of ours, the modules themselves, never just their package."""
    found = set()
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno}: a relative import"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (inner & MODULES.keys()) or {node.module}
    return found


def unit(module: str) -> str:
    """What the levels are made of: a module or package directly in dashboard/."""
    return module.removeprefix("dashboard.").split(".")[0]


def ours(path: Path) -> set[str]:
    return {module for module in imported(path) if module.startswith("dashboard.")}


def is_view(path: Path) -> bool:
    return path.parent.name == "views" or path.name == "streamlit_app.py"


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


# --- who imports whom ---------------------------------------------------------------------------------------------------------------

@each_source
def test_imports_go_down_the_levels(path: Path) -> None:
    own = unit(next(module for module, place in MODULES.items() if place == path))
    if path == ROOT / "dashboard" / "__init__.py":
        return
    assert own in LEVEL, f"say in which level {own} is"
    upwards = {module for module in ours(path) if LEVEL[unit(module)] > LEVEL[own]}
    assert not upwards


@pytest.mark.parametrize("grain", [str, unit], ids=["modules", "packages"])
def test_no_cycles(grain: Callable[[str], str]) -> None:
    needs: dict[str, set[str]] = {}
    for module, path in MODULES.items():
        needs.setdefault(grain(module), set()).update({grain(other) for other in ours(path)} - {grain(module)})
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as cycle:
        pytest.fail(" <- ".join(cycle.args[1]))


@each_source
def test_only_views_know_streamlit(path: Path) -> None:
    assert is_view(path) or not any(module.split(".")[0] == "streamlit" for module in imported(path))


@each_source
def test_only_session_touches_session_caches_and_user(path: Path) -> None:
    if path == ROOT / "dashboard" / "views" / "session.py":
        return
    kept = {"session_state", "cache_data", "cache_resource"}
    touched = [node.lineno for node in ast.walk(TREES[path])
               if (isinstance(node, ast.Attribute) and (node.attr in kept or ast.unparse(node) == "st.user"))
               or (isinstance(node, ast.ImportFrom) and node.module == "streamlit" and {a.name for a in node.names} & (kept | {"user"}))]
    assert not touched


# --- who touches what ---------------------------------------------------------------------------------------------------------------

@each_source
def test_time_is_an_argument(path: Path) -> None:
    if is_view(path) or path.name == "__main__.py":
        return
    clocks = {"now", "today", "utcnow", "time", "time_ns", "localtime", "gmtime", "current_date", "current_timestamp"}
    holders = {"datetime", "date", "dt", "time", "Timestamp", "func"}
    read = [f"line {node.lineno}: {ast.unparse(node)}" for node in ast.walk(TREES[path])
            if isinstance(node, ast.Attribute) and node.attr in clocks and ast.unparse(node.value).split(".")[-1] in holders
            and ast.unparse(node) != "datetime.time"]
    read += [f"line {node.lineno}: from time import" for node in ast.walk(TREES[path])
             if isinstance(node, ast.ImportFrom) and node.module == "time"]
    read += [f"line {line}: {text}" for line, text in said(path)
             if re.search(r"\b(current_(date|timestamp|time)\b|now\(\))", text, re.IGNORECASE)]
    assert not read


@each_source
def test_one_door_to_diary_rows(path: Path) -> None:
    """Schema and database make the table and its views, imports fill it, cohort reads it. Nobody else names it."""
    if name_of(path) in {"dashboard/schema.py", "dashboard/database.py", "dashboard/cohort.py"} or "imports" in path.parts:
        return
    named = [node.lineno for node in ast.walk(TREES[path])
             if (isinstance(node, ast.Name) and node.id == "diary_entry")
             or (isinstance(node, ast.Attribute) and node.attr == "diary_entry")
             or (isinstance(node, ast.alias) and node.name == "diary_entry")]
    assert not named + [line for line, text in said(path) if re.search(r"\bdiary_entry\b", text)]


def said(path: Path) -> list[tuple[int, str]]:
    """Texts of a file that are not docstrings."""
    alone = {id(node.value) for node in ast.walk(TREES[path]) if isinstance(node, ast.Expr)}
    return [(node.lineno, node.value) for node in ast.walk(TREES[path])
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone]


# --- how it is written --------------------------------------------------------------------------------------------------------------

@each_source
def test_modules_stay_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= (200 if is_view(path) else 300)


@each_source
def test_every_signature_has_its_types(path: Path) -> None:
    untyped = []
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            plain = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, *filter(None, (node.args.vararg, node.args.kwarg))]
            missing = [a.arg for a in plain if a.annotation is None and a.arg not in ("self", "cls")] + ["return"] * (node.returns is None)
            untyped += [f"line {node.lineno}, {node.name}: {name}" for name in missing]
    assert not untyped


def test_packages_are_empty_and_named_for_what_they_hold() -> None:
    assert not [name_of(path) for path in SOURCES if path.name == "__init__.py" and path.read_text().strip()]
    assert not [name_of(path) for path in SOURCES if re.search(r"\b(utils?|helpers?|common|misc)\b", name_of(path))]


def test_downloads_leave_a_trace_unless_no_patient_is_in_them() -> None:
    """Files of numbers, or of nobody's, by the beginnings of their keys; each other button says what it leaves."""
    nobodys = {"csv_", "svg_", "report", "compare_csv_", "compare_svg_", "files_", "template", "mapping_toml", "weeks_csv", "workload_csv"}
    calls = [node for path in SOURCES if is_view(path) for node in ast.walk(TREES[path])
             if isinstance(node, ast.Call) and ast.unparse(node.func) == "st.download_button"]
    given = [{word.arg: word.value for word in call.keywords} for call in calls]
    keys = [ast.unparse(each["key"]).lstrip("f").strip("'\"").split("{")[0] for each in given if None not in each]
    assert set(keys) == nobodys
