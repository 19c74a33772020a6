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
    few: str = field(default="10", metadata={
        "env": "PAIN_DIARY_FEW", "help": "Counts of 1 to this many patients are left out of tables and pictures that are taken away; 0: none is"})
    rounding: str = field(default="5", metadata={
        "env": "PAIN_DIARY_ROUND", "help": "Larger counts in them are rounded to multiples of this, or to the next larger step that is safe"})
    hours: str = field(default="", metadata={
        "env": "PAIN_DIARY_HOURS", "help": "When somebody is on duty, as in Mon-Fri 08:00-18:00, Sat 09:00-12:00 Europe/Vienna; not set: always"})
    ahead: str = field(default="yes", metadata={
        "env": "PAIN_DIARY_AHEAD", "help": "yes: while nobody waits, what is likely to be clicked next is counted; no: nothing is"})
    probe: str = field(default="no", metadata={
        "env": "PAIN_DIARY_PROBE", "help": "yes: pages stamp a hidden run counter, for browser tests"})


def most_few(given: Settings) -> int:
    """What cannot be read hides as much as the default; of 1 to 1, the words would say the number."""
    most = int(given.few) if given.few.isdecimal() else None
    return int(Settings.few) if most is None or most == 1 else most


def rounding(given: Settings) -> int:
    """What cannot be read rounds as the default does."""
    return int(given.rounding) if given.rounding.isdecimal() and int(given.rounding) else int(Settings.rounding)


def read(environ: Mapping[str, str]) -> Settings:
    """Blank counts as not set."""
    given = {f.name: environ.get(f.metadata["env"], "").strip() for f in fields(Settings)}
    return Settings(**{name: value for name, value in given.items() if value})
