"""The parts of a mapping: one column of ours, rows to leave out, how a file is read."""
# ruff: noqa: RUF009 - key() is a dataclass field
from dataclasses import dataclass, fields

from dashboard.imports.document import (
    a_count,
    a_date,
    a_number,
    a_pair,
    a_separator,
    a_table,
    a_text,
    a_zone,
    key,
    one_of,
    one_or_several,
    several,
    some,
    two_names,
    yes_or_no,
)
from dashboard.imports.tabular import Reading

ORDERS = ("ymd", "dmy", "mdy", "excel")


@dataclass(frozen=True)
class Where:
    """Rows in which a column holds one of these values, or none of them."""
    column: str = key(a_text)
    values: tuple[str, ...] | None = key(some, "is", None)
    others: tuple[str, ...] | None = key(some, "is_not", None)


@dataclass(frozen=True)
class LeaveOut:
    column: str = key(a_text)
    values: tuple[str, ...] | None = key(some, "is", None)
    others: tuple[str, ...] | None = key(some, "is_not", None)
    because: str = key(a_text)
    optional: bool = key(yes_or_no, default=False)
    carried_by: str | None = key(a_text)


@dataclass(frozen=True)
class Shape:
    headers: tuple[str, ...] = key(several)


@dataclass(frozen=True)
class HowRead:
    """What the file itself cannot tell."""
    encoding: str | None = key(a_text)
    delimiter: str | None = key(a_separator)
    header_row: int | None = key(a_count)
    label_rows: int | None = key(a_count)
    sheet: str | None = key(a_text)
    join: str | None = key(a_text)
    joined_by: tuple[str, str] | None = key(two_names)
    decimal: str | None = key(one_of(".", ","))
    thousands: str | None = key(one_of(".", ",", " ", "'"))
    date_order: str | None = key(one_of(*ORDERS))
    time_zone: str | None = key(a_zone)

    @property
    def reading(self) -> Reading:
        return Reading(**{own.name: getattr(self, own.name) for own in fields(Reading)})


@dataclass(frozen=True)
class Column:
    """One column of ours: where it comes from (`headers`, a family of one-hot columns by `pattern` or `each`, or, in a long file, a
    `category`) and how its values are read."""
    headers: tuple[str, ...] = key(one_or_several, "from")
    pattern: str | None = key(a_text)
    each: dict[str, str] = key(a_table)
    category: tuple[str, ...] = key(one_or_several)
    denied_category: tuple[str, ...] = key(one_or_several)
    optional: bool = key(yes_or_no, default=False)
    joined_with: str | None = key(a_separator)
    missing: tuple[str, ...] = key(several)
    values: dict[str, str] = key(a_table)
    split: str | None = key(a_separator)
    options: tuple[str, ...] = key(several)
    otherwise: str | None = key(one_of("other"))
    checked: tuple[str, ...] = key(several)
    not_checked: str | None = key(one_of("no", "none"))
    blank: str | None = key(one_of("no", "none"))
    no_only_where: Where | None = key(Where)
    scale: tuple[float, float] | None = key(a_pair)
    out_of: float | None = key(a_number)
    unit: str | None = key(a_text)
    unit_from: str | None = key(a_text)
    units: dict[str, str] = key(a_table)
    decimal: str | None = key(one_of(".", ","))
    thousands: str | None = key(one_of(".", ",", " ", "'"))
    date_order: str | None = key(one_of(*ORDERS))
    counted_from: str | None = key(a_date)

    @property
    def family(self) -> bool:
        return bool(self.pattern or self.each)


@dataclass(frozen=True)
class Readings:
    """A long file: one row a reading; rows that agree in `group` are one entry."""
    group: tuple[str, ...] = key(several)
    category: str = key(a_text)
    value: tuple[str, ...] = key(one_or_several)
    columns: dict[str, Column] = key(Column, of="table")


@dataclass(frozen=True)
class Family:
    """How this kind of file writes one-hot columns: one star for the question, one for the answer. Suggestions are made from it."""
    pattern: str = key(a_text)
    checked: tuple[str, ...] = key(several)
    complete: Where | None = key(Where)
