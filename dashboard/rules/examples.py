"""Small diaries that stand beside a rule in its file, with what it says of each. They are no part of the rule: they show a person what it
does, a test asks the rule about them, and other examples make no other rule set."""
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dashboard.codelists import CHOICES, HISTORY, LISTS, SYMPTOM
from dashboard.errors import Refused
from dashboard.rules.conditions import FIELD_WORDS, called, days_in_words
from dashboard.settings import DATA

OUTCOMES = ("E", "U", "R", "I", "no", "?")  # the tier in which it is met; not met; cannot be assessed
_SCORES = {"severity": "pain {}", "worst_severity": "worst pain {}", "interference": "interference {}", "temperature_c": "{} °C", "age": "aged {}"}
_DAYS = ("days_ago", "onset_days_ago")
_CHOSEN = {"onset_speed": "{} onset", "trend": "called {}", "sex": "{}"}
_ANSWERS = ("yes", "no")
_KEYS = {"says", "diary", "outcome", "others"}


@dataclass(frozen=True)
class Example:
    """`diary`: its entries, the cells that are not blank by column: those of the canonical CSV, but that days and age are counted back from
    the as-of date. `others`: every other rule of a tier that queues somebody which the same diary meets."""
    says: str
    diary: tuple[Mapping[str, str], ...]
    outcome: str
    others: tuple[str, ...] = ()

    def entries(self) -> tuple[str, ...]:
        """Each in words, in the order of their days."""
        ordered = sorted(self.diary, key=lambda cells: -int(cells.get("days_ago", 0)))
        return tuple(f"{_when(int(cells.get('days_ago', 0)))}: "
                     f"{'; '.join(_said(name, cell) for name, cell in cells.items() if name != 'days_ago') or 'nothing of this'}" for cells in ordered)


def _when(days: int) -> str:
    return "As-of day" if not days else f"{days_in_words(days)} before"


def _said(name: str, cell: str) -> str:
    if name in LISTS:
        named = [called(LISTS[name], code) for code in cell.split(";") if code != "none"]
        return f"{FIELD_WORDS[name]} {', '.join(named) or 'nothing'}"
    if name in SYMPTOM.bit or name in HISTORY.bit:
        return f"{(SYMPTOM if name in SYMPTOM.bit else HISTORY).label[name]}: {cell}"
    if name == "onset_days_ago":
        return "onset on the as-of day" if cell == "0" else f"onset {days_in_words(int(cell))} before the as-of day"
    return _CHOSEN[name].format(CHOICES[name][cell].lower()) if name in _CHOSEN else _SCORES[name].format(cell)


# --- reading ----------------------------------------------------------------------------------------------------------------------

@cache
def shipped(folder: Path = DATA / "rules") -> Mapping[str, tuple[Example, ...]]:
    """By rule. Raises Refused naming the file and what is wrong."""
    files = {path.name: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.toml"))}
    return {data["id"]: parsed(data.get("examples", []), name) for name, data in files.items()}


def parsed(examples: list[dict], where: str) -> tuple[Example, ...]:
    return tuple(_example(data, f"{where}: examples[{number}]") for number, data in enumerate(examples))


def _example(data: dict, where: str) -> Example:
    if unknown := set(data) - _KEYS:
        raise Refused(f"{where}: {sorted(unknown)[0]} is no key here, expected {', '.join(sorted(_KEYS))}")
    if not all(isinstance(data.get(name), str) and data[name].strip() for name in ("says", "diary")):
        raise Refused(f"{where}: says and diary: a text is expected")
    if data.get("outcome") not in OUTCOMES:
        raise Refused(f"{where}: outcome is {data.get('outcome')!r}, expected one of {', '.join(OUTCOMES)}")
    header, *lines = [[cell.strip() for cell in line.split("|")] for line in data["diary"].strip().splitlines()]
    if not lines or any(len(line) > len(header) for line in lines):
        raise Refused(f"{where}: diary: a line of names, then a line for each entry with no more cells than there are names")
    diary = tuple({name: _cell(name, cell, f"{where}: diary: {name}") for name, cell in zip(header, line, strict=False) if cell} for line in lines)
    return Example(data["says"], diary, data["outcome"], tuple(data.get("others", ())))


def _cell(name: str, cell: str, where: str) -> str:
    if name in LISTS:
        right = all(code in LISTS[name].bit for code in cell.split(";")) or cell == "none"
    elif name in SYMPTOM.bit or name in HISTORY.bit:
        right = cell in _ANSWERS
    elif name in _CHOSEN:
        right = cell in CHOICES[name]
    elif name in _DAYS or name in _SCORES:
        right = cell.replace(".", "", name in _SCORES).isdecimal()
    else:
        raise Refused(f"{where}: there is no such column")
    if not right:
        raise Refused(f"{where}: {cell!r} can't stand there")
    return cell
