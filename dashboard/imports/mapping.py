"""How a source's columns and values become ours: a small document that people can read, change and share (data/mappings/README.md)."""
# ruff: noqa: RUF009 - key() is a dataclass field
import tomllib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import tomlkit

from dashboard.errors import Refused
from dashboard.imports import checked, document
from dashboard.imports import fields as ours
from dashboard.imports.columns import Column, Family, HowRead, LeaveOut, Readings, Shape
from dashboard.imports.document import a_table, a_text, key, several
from dashboard.imports.tabular import Tabular, normalised


@dataclass(frozen=True)
class Mapping:
    name: str = key(a_text)
    about: str | None = key(a_text)
    ignore: tuple[str, ...] = key(several)
    missing: tuple[str, ...] = key(several)
    leave_out: tuple[LeaveOut, ...] = key(LeaveOut, of="list")
    families: tuple[Family, ...] = key(Family, of="list")
    shape: Shape | None = key(Shape)
    reading: HowRead = key(HowRead, default=HowRead())
    constants: dict[str, str] = key(a_table)
    columns: dict[str, Column] = key(Column, of="table")
    readings: Readings | None = key(Readings)
    as_template: bool = False  # our own column names and spellings: nothing to translate, and no document to keep

    def document(self) -> str:
        return tomlkit.dumps(document.plain(self))

    def lines(self) -> str:
        """The part of the document that says which rows and columns are no part of a diary, and which rows are one entry."""
        part = document.plain(Mapping("", ignore=self.ignore, leave_out=self.leave_out, readings=self.readings))
        return tomlkit.dumps({key: value for key, value in part.items() if key != "name"})

    @cached_property
    def headers(self) -> tuple[str, ...]:
        """Every column of the sheet that is needed by name."""
        every = [*self.columns.values(), *(self.readings.columns.values() if self.readings else ())]
        found = [header for column in every for header in (*column.headers, *column.each, column.unit_from or "",
                                                           column.no_only_where.column if column.no_only_where else "")]
        found += [header for left in self.leave_out for header in (left.column, left.carried_by or "")]
        found += [*self.readings.group, self.readings.category, *self.readings.value] if self.readings else []
        return tuple(dict.fromkeys(filter(None, found)))

    def with_column(self, name: str, column: Column | None) -> "Mapping":
        """The same with another way to our column, or none."""
        others = {known: value for known, value in self.columns.items() if known != name}
        return replace(self, columns=others if column is None else {**others, name: column}, as_template=False)

    def with_value(self, name: str, value: str, code: str) -> "Mapping":
        """The same, and `value` of the sheet means `code` of ours in our column `name`; a blank code: it says nothing."""
        def told(columns: dict[str, Column]) -> dict[str, Column]:
            if name not in columns:
                return columns
            kept = {known: said for known, said in columns[name].values.items() if known.strip().casefold() != value.strip().casefold()}
            return {**columns, name: replace(columns[name], values={**kept, value: code})}
        return replace(self, columns=told(self.columns), readings=replace(self.readings, columns=told(self.readings.columns)) if self.readings else None,
                       as_template=False)


def canonical(tabular: Tabular) -> Mapping:
    """Our own column names, as in the template."""
    known = {normalised(header): header for header in tabular.header}
    missing = [name for name in ours.NEEDED if name not in known]
    if missing:
        raise Refused(f"{tabular.name}, header row: no column {' and no column '.join(missing)}. Expected the column names of the template; "
                      f"only {' and '.join(ours.NEEDED)} are required.")
    return Mapping("Template", columns={name: Column((known[name],)) for name in ours.COLUMNS if name in known}, as_template=True)


def read(text: str) -> Mapping:
    """Raises Refused, naming the key and what would be right."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Refused(f"The mapping is no TOML document: {error}.") from None
    made = document.made(Mapping, found, "")
    checked.check(made.columns, made.readings, made.leave_out, made.families, made.constants, made.reading)
    return made


def from_file(path: Path) -> Mapping:
    try:
        return read(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Refused(f"{path.name} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Refused(f"{path.name} is no UTF-8 text. What a mapping is: data/mappings/README.md.") from None
