"""The documents say what the code does, and nothing in the repository belongs elsewhere."""
import argparse
import ast
import csv
import re
import subprocess
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path
from sys import stdlib_module_names

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from dashboard.imports.fields import COLUMNS
from dashboard.settings import Settings

ROOT = Path(__file__).parents[2]
GLOSSARY = (
    "patient", "source", "diary entry", "codelist", "import plan", "import batch", "quarantined row", "mapping", "cohort", "rule",
    "condition", "rule set", "tier", "evaluation", "flag", "episode", "evidence", "worklist", "triage action", "audit event", "disclosure control")
TOP = {".ci", ".gitignore", ".streamlit", "LICENSE", "Makefile", "README.md", "dashboard", "data", "pyproject.toml", "requirements.txt",
       "streamlit_app.py", "tests"}
DRIVERS = {"duckdb", "duckdb-sqlalchemy", "psycopg"}  # which SQLAlchemy loads by the name in a database URL


def commands() -> list[str]:
    from dashboard.__main__ import _parser
    return [name for action in _parser()._actions if isinstance(action, argparse._SubParsersAction) for name in action.choices]


def tracked() -> list[Path]:
    """Files that are in the repository, or would be with the next commit."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def test_readme_names_every_setting() -> None:
    assert not [field.metadata["env"] for field in fields(Settings) if f"`{field.metadata['env']}`" not in readme()]


def test_readme_names_every_command() -> None:
    assert commands()
    assert not [name for name in commands() if not re.search(rf"`{name}\b|\bdashboard (--\S+ )*{name}\b", readme())]


def test_readme_defines_every_term() -> None:
    # a term is set in italics or bold where it is defined
    assert not [term for term in GLOSSARY if f"*{term}*" not in readme().lower()]


def test_data_dictionary_is_complete() -> None:
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    codes = [(path.name, row["code"]) for path in sorted((ROOT / "data" / "codelists").glob("*.csv"))
             for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())]
    assert codes
    assert not [column for column in COLUMNS if f"`{column}`" not in text]
    assert not [code for code in codes if f"`{code[1]}`" not in text]


def test_every_hazard_has_its_test_and_every_test_its_hazard() -> None:
    assert "(data/HAZARDS.md)" in readme()
    sections = re.split(r"^## ", (ROOT / "data" / "HAZARDS.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    listed = []
    for number, section in enumerate(sections, 1):
        assert section.startswith(f"{number}. ")
        assert re.findall(r"^- \*\*(.+?):\*\*", section, re.MULTILINE) == ["Cause", "Effect", "Control", "Verified by", "Residual risk"], section[:40]
        listed += (tests := re.findall(r"`(test_\w+)`", section))
        assert [int(name.split("_")[2]) for name in tests] == [number]
    tests = ast.parse((ROOT / "tests" / "spec" / "test_hazards.py").read_text(encoding="utf-8")).body
    assert listed == [node.name for node in tests if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


def test_hazards_name_modules_that_exist() -> None:
    named = re.findall(r"`((?:imports/|rules/|views/|data/|tests/|\.streamlit/)?[a-z_]+(?:\.\w+|/)?)`", re.sub(
        r"`test_\w+`|`import --dry-run`", "", (ROOT / "data" / "HAZARDS.md").read_text(encoding="utf-8")))
    files = [name for name in named if "/" in name and "." not in name and not name.endswith("/")]
    assert files
    assert not [name for name in files if not (ROOT / "dashboard" / f"{name}.py").is_file()]


def pinned(path: Path) -> list[tuple[str, str]]:
    """(section, requirement), a section being what follows a comment."""
    section, found = "", []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            section = line
        elif line:
            assert re.fullmatch(r"[\w.-]+(\[\w+\])?==[\w.]+", line), f"not pinned: {line}"
            found.append((section, line))
    return found


def test_requirements_begin_with_what_is_imported() -> None:
    lines = pinned(ROOT / "requirements.txt")
    first = {canonicalize_name(Requirement(line).name) for section, line in lines if section == lines[0][0]}
    modules = {name.split(".")[0] for path in [ROOT / "streamlit_app.py", *(ROOT / "dashboard").rglob("*.py")]
               for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
               for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import)
                            else [node.module] if isinstance(node, ast.ImportFrom) else [])}
    foreign = {canonicalize_name(packages_distributions()[module][0]) for module in modules - stdlib_module_names - {"dashboard"}}
    assert first == foreign | DRIVERS


@pytest.mark.parametrize("files", [("requirements.txt",), ("requirements.txt", "tests/requirements.txt")], ids=["app", "tests"])
def test_everything_that_is_needed_is_pinned(files: tuple[str, ...]) -> None:
    wanted = [Requirement(line) for file in files for _, line in pinned(ROOT / file)]
    missing = set()
    for requirement in wanted:
        try:
            needs = [Requirement(text) for text in requires(requirement.name) or ()]
        except PackageNotFoundError:
            pytest.fail(f"{requirement.name} is listed but not installed")
        extras = ("", *requirement.extras)
        missing |= {canonicalize_name(n.name) for n in needs if n.marker is None or any(n.marker.evaluate({"extra": e}) for e in extras)}
    assert not missing - {canonicalize_name(requirement.name) for requirement in wanted}


def test_nothing_lies_at_the_top_that_does_not_belong_there() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in tracked()} <= TOP


# put together here, so that this file does not hold them either
@pytest.mark.parametrize("parts", [
    ("pypi", ".org"), ("python", "hosted.org"), ("npm", "js."), ("crates", ".io"), ("ana", "conda.org"), ("index", "-url"),
    ("/", "work/"), ("/", "root/"), ("/tmp/", "bash_jobs"), ("/tmp/", "pd/"), ("/", "farm/")], ids="".join)
def test_no_file_depends_on_one_machine_or_registry(parts: tuple[str, str]) -> None:
    assert not [str(path.relative_to(ROOT)) for path in tracked() if "".join(parts).encode() in path.read_bytes()]
