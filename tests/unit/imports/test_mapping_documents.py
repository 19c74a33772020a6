"""Mappings as documents: what is read is what was written, and what is wrong is said with its key."""
import csv
import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from dashboard.errors import Refused
from dashboard.imports import mapping, shapes
from dashboard.imports.checked import codes_of
from dashboard.imports.columns import Column
from dashboard.imports.document import key_of
from dashboard.imports.mapping import Mapping

README = (shapes.FOLDER / "README.md").read_text(encoding="utf-8")
SHIPPED = sorted(shapes.FOLDER.glob("*.toml"))


def keys(kind: type) -> set[str]:
    found = set()
    for own in fields(kind):
        if own.metadata:
            found |= {key_of(own)} | (keys(own.metadata["kind"]) if isinstance(own.metadata["kind"], type) and is_dataclass(own.metadata["kind"]) else set())
    return found


@pytest.mark.parametrize("key", sorted(keys(Mapping)))
def test_every_key_is_documented(key: str) -> None:
    assert f"`{key}`" in README or f"`[{key}]`" in README


def test_the_example_of_the_documentation_is_a_mapping() -> None:
    example = re.search(r"```toml\n(.*?)```", README, re.DOTALL)[1]
    assert mapping.read(mapping.read(example).document()) == mapping.read(example)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_ships_reads_and_reads_back(path: Path) -> None:
    found = mapping.read(path.read_text(encoding="utf-8"))
    assert found.shape and found.about
    assert mapping.read(found.document()) == found
    assert mapping.read(found.document()).document() == found.document()


def test_synonyms_are_of_codes_that_exist() -> None:
    with (shapes.FOLDER / "synonyms.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["list"], row["code"]) for row in csv.DictReader(file)]
    columns = {"symptom": "red_flags", "location": "locations", "quality": "qualities", "relief": "relief_tried", "aggravator": "aggravated_by",
               "yes_no": "fever"}
    assert not [row for row in rows if row[0] != "column" and row[1] not in codes_of(columns.get(row[0], row[0]))]


WRONG = [
    ("", "name: missing"),
    ("nam = 'x'", "nam: there is no such key. Did you mean name?"),
    ("name = 'x'\n[columns.severty]\nfrom = 'a'", "severty is no column of ours. Did you mean severity?"),
    ("name = 'x'\n[columns.severity]", "expected one of from, pattern and each; found none of them"),
    ("name = 'x'\n[columns.severity]\nfrom = 'a'\nscale = [100, 0]", r"columns.severity.scale: expected two numbers, the lowest and the highest"),
    ("name = 'x'\n[columns.severity]\nfrom = 'a'\nmissing = [99]", "columns.severity.missing: expected a list of texts"),
    ("name = 'x'\n[columns.severity]\nfrom = 'a'\nsplit = ','", "columns.severity.split: says nothing about severity. Allowed here: .*scale"),
    ("name = 'x'\n[columns.locations]\nfrom = 'a'\nvalues = {a = 'low_bak'}", "'low_bak' is no code of locations. Did you mean low_back?"),
    ("name = 'x'\n[columns.fever]\nfrom = 'a'\nvalues = {1 = 'true'}", "'true' is no code of fever. Known: yes, no"),
    ("name = 'x'\n[columns.fever]\nfrom = 'a'\nblank = 'none'", "columns.fever.blank: expected no; found 'none'"),
    ("name = 'x'\n[columns.locations]\npattern = 'a*b*'", "expected one star"),
    ("name = 'x'\n[columns.onset_date]\nfrom = 'a'\nunit = 'fortnights'", "columns.onset_date.unit: expected one of days, weeks, months, years"),
    ("name = 'x'\n[columns.onset_date]\nfrom = 'a'\nunit_from = 'b'", "expected units too"),
    ("name = 'x'\n[columns.fever]\nfrom = 'a'\nno_only_where = {column = 'b'}", "expected either is or is_not"),
    ("name = 'x'\n[[leave_out]]\ncolumn = 'a'\nis = []\nbecause = 'b'", "leave_out.is: expected a list of at least one text"),
    ("name = 'x'\n[[leave_out]]\ncolumn = 'a'\nis = ['']", "leave_out.because: missing"),
    ("name = 'x'\n[reading]\ntime_zone = 'Vienna'", "reading.time_zone: expected the name of a time zone"),
    ("name = 'x'\n[reading]\ndate_order = 'iso'", "reading.date_order: expected one of ymd, dmy, mdy, excel"),
    ("name = 'x'\n[constants]\nseverity_kind = 'usual'", "constants.severity_kind: expected one of now, average"),
    ("name = 'x'\n[constants]\nsource = 's'\n[columns.source]\nfrom = 'a'", "there is columns.source too"),
    ("name = 'x'\n[readings]\ncategory = 'c'\nvalue = 'v'", "readings: expected group"),
    ("name = 'x'\n[readings]\ngroup = ['p']\ncategory = 'c'\nvalue = 'v'\n[readings.columns.severity]\nfrom = 'x'", "expected category"),
    ("name = 'x'\n[[families]]\npattern = '*'", "families.pattern: expected two stars"),
    ("name = ", "no TOML document"),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        mapping.read(text)


def test_a_mapping_is_changed_value_by_value() -> None:
    known = mapping.read("name = 'x'\n[columns.locations]\nfrom = 'where'\nvalues = {Back = 'low_back'}")
    told = known.with_value("locations", "back ", "mid_back").with_value("locations", "Nape", "neck")
    told = told.with_column("severity", Column(("vas",), scale=(0.0, 100.0)))
    assert told.columns["locations"].values == {"back ": "mid_back", "Nape": "neck"}
    assert mapping.read(told.document()) == told
    assert told.with_column("severity", None).columns.keys() == {"locations"}
