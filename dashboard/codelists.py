"""Closed vocabularies with stable codes, read from data/codelists. A code's bit never changes meaning."""
import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from dashboard.settings import DATA

FOLDER = DATA / "codelists"


@dataclass(frozen=True)
class Codelist:
    """Codes in bit order; a set of codes is an integer with one bit a code. `none` is accepted everywhere and has no bit."""
    name: str
    rows: tuple[tuple[str, int, str, tuple[str, ...]], ...]

    @cached_property
    def bit(self) -> dict[str, int]:
        return {code: bit for code, bit, _, _ in self.rows}

    @cached_property
    def label(self) -> dict[str, str]:
        return {code: label for code, _, label, _ in self.rows}

    def bits(self, codes: Iterable[str]) -> int:
        return sum(1 << self.bit[code] for code in set(codes))

    def codes(self, bits: int) -> tuple[str, ...]:
        return tuple(code for code, bit, _, _ in self.rows if int(bits) >> bit & 1)

    def labels(self, bits: int) -> tuple[str, ...]:
        return tuple(self.label[code] for code in self.codes(bits))

    def group(self, group: str) -> tuple[str, ...]:
        """Codes of a named group such as `back`. Raises KeyError for a group no code belongs to."""
        found = tuple(code for code, _, _, groups in self.rows if group in groups)
        if not found:
            raise KeyError(f"{self.name} has no group {group!r}")
        return found

    @cached_property
    def all_bits(self) -> int:
        return self.bits(self.bit)


def _read(name: str) -> Codelist:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = tuple((r["code"], int(r["bit"]), r["label"], tuple(filter(None, r["groups"].split(";")))) for r in csv.DictReader(file))
    bits = [bit for _, bit, _, _ in rows]
    # 62 bits are what a signed 64-bit integer carries on every engine without ever turning negative
    if len(set(bits)) != len(bits) or max(bits) > 61 or len({code for code, *_ in rows}) != len(rows):
        raise ValueError(f"codelist {name}: codes and bits must be unique, bits at most 61")
    return Codelist(name, rows)


def _read_choices() -> dict[str, dict[str, str]]:
    choices: dict[str, dict[str, str]] = {}
    with (FOLDER / "choices.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            choices.setdefault(row["field"], {})[row["code"]] = row["label"]
    return choices


LOCATION = _read("location")
QUALITY = _read("quality")
RELIEF = _read("relief")
AGGRAVATOR = _read("aggravator")
SYMPTOM = _read("symptom")
HISTORY = _read("history")
ANSWERED = _read("answered")
CODELISTS = {codelist.name: codelist for codelist in (LOCATION, QUALITY, RELIEF, AGGRAVATOR, SYMPTOM, HISTORY, ANSWERED)}
CHOICES = _read_choices()

# the list fields of a diary entry, and the codelist each one speaks
LISTS = {"locations": LOCATION, "qualities": QUALITY, "radiates_to": LOCATION, "relief_tried": RELIEF, "relief_helped": RELIEF,
         "aggravated_by": AGGRAVATOR}
