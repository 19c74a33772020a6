"""Everything that can be set from outside, read once from an environment mapping."""
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"


@dataclass(frozen=True)
class Settings:
    database: str = field(default=f"duckdb:///{DATA / 'pain_diary.duckdb'}", metadata={
        "env": "PAIN_DIARY_DATABASE", "help": "Database URL: duckdb:///FILE or postgresql+psycopg://USER@HOST/NAME"})
    demo: str = field(default="yes", metadata={
        "env": "PAIN_DIARY_DEMO", "help": "yes: a database file that the app creates starts with the demo diaries; no: it starts empty"})
    probe: str = field(default="no", metadata={
        "env": "PAIN_DIARY_PROBE", "help": "yes: pages stamp a hidden run counter, for browser tests"})


def read(environ: Mapping[str, str]) -> Settings:
    """Blank counts as not set."""
    given = {f.name: environ.get(f.metadata["env"], "").strip() for f in fields(Settings)}
    return Settings(**{name: value for name, value in given.items() if value})
