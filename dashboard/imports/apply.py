"""A sheet and a mapping to our columns of text: what is parsed, what is kept as written, what is left out and why."""
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow

from dashboard.codelists import CHOICES, LISTS
from dashboard.errors import Refused
from dashboard.imports import carried, cellwise, families, fields, leaving, moments, pivot
from dashboard.imports.cellwise import Field, Part, qualified
from dashboard.imports.checked import GROUPS, IDS, MOMENTS, YES_NO
from dashboard.imports.columns import Column
from dashboard.imports.mapping import Mapping
from dashboard.imports.pivot import Conflict, Grouped
from dashboard.imports.tabular import Tabular, normalised

_NUMBERS = (*fields.SCORES, "temperature_c", "bout_minutes", "birth_year")


@dataclass(frozen=True)
class Mapped:
    """`tabular` holds the rows that are not left out. Its rows are the records, unless `grouped` says which rows make one: the fields
    have one element a record, `parts` and `conflicts` speak of rows."""
    tabular: Tabular
    mapping: Mapping
    fields: dict[str, Field]
    kept: dict[str, pyarrow.DictionaryArray]
    service: dict[str, str]
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    grouped: Grouped | None = None

    @property
    def columns(self) -> dict[str, str]:
        """Our columns, and where each comes from."""
        return {name: field.header for name, field in self.fields.items()}

    @property
    def unmapped(self) -> tuple[str, ...]:
        return tuple(self.kept)

    @property
    def absent_red_flags(self) -> tuple[str, ...]:
        return tuple(name for name in fields.RED_FLAGS if name not in self.fields)

    @property
    def count(self) -> int:
        return self.grouped.count if self.grouped else len(self.tabular.rows)

    @cached_property
    def rows(self) -> np.ndarray:
        """The sheet row of each record, the first of several."""
        return self.tabular.rows[self.grouped.first] if self.grouped else self.tabular.rows

    @cached_property
    def left_out(self) -> int:
        return sum(map(len, self.tabular.left_out.values()))

    def weight(self, records: np.ndarray) -> int:
        """How many rows these records are."""
        return int(self.grouped.sizes[records].sum()) if self.grouped else len(records)

    def spread(self, records: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The sheet rows of these records, and which of them each belongs to, by its place."""
        if not self.grouped:
            return self.tabular.rows[records], np.arange(len(records))
        place = np.full(self.grouped.count, -1, np.int64)
        place[records] = np.arange(len(records))
        at = np.flatnonzero(place[self.grouped.record] >= 0)
        return self.tabular.rows[at], place[self.grouped.record[at]]


def applied(tabular: Tabular, mapping: Mapping) -> Mapped:
    """Raises Refused where the mapping does not fit the file as a whole."""
    sheet = _Sheet(tabular, mapping)
    made = {name: _constant(value, len(sheet.tabular.rows)) for name, value in mapping.constants.items()}
    for name, column in mapping.columns.items():
        for ours, field in sheet.fields(name, column).items():
            made[ours] = cellwise.merged([made[ours], field]) if ours in made and ours in YES_NO else field
    readings = mapping.readings
    if readings:
        rated = pivot.Pivot(sheet.tabular, [sheet.header(one) for one in readings.group], sheet.header(readings.category),
                            [sheet.header(one) for one in readings.value])
        made = rated.columns(made)
        for name, column in readings.columns.items():
            rated.rate(name, column, made, lambda texts, header, name=name, column=column: sheet.read(name, column, texts, (header,)))
    absent = [name for name in fields.NEEDED if name not in made]
    if absent:
        raise Refused(f"{tabular.name}: the mapping says of no column that it is {' or '.join(absent)}. Say it in the mapping, or give a constant.")
    service = {normalised(header): header for header in tabular.header if normalised(header) in fields.SERVICE}
    left = [header for header in tabular.header if header not in sheet.used and normalised(header) not in fields.SERVICE]
    ignored = tuple(header for header in left if any(families.like(pattern).fullmatch(header) for pattern in mapping.ignore))
    kept = {header: sheet.tabular.columns[header] for header in sorted(left) if header not in ignored}
    loose = [Part(field.header, field.written, field.bads) for name, field in made.items() if name not in fields.COLUMNS and field.bads]
    made = {name: made[name] for name in fields.COLUMNS if name in made}
    found = Mapped(sheet.tabular, mapping, made, kept, service, ignored, tuple(sheet.notes), tuple(part for field in made.values() for part in field.parts))
    found = replace(found, parts=(*found.parts, *loose))
    return replace(found, kept=rated.kept(kept), parts=(*found.parts, *rated.parts), conflicts=tuple(rated.conflicts), grouped=rated.grouped
                   ) if readings else found


def _constant(value: str, count: int) -> Field:
    texts = pyarrow.DictionaryArray.from_arrays(pyarrow.array(np.zeros(count, np.int32)), pyarrow.array([value]))
    return Field(texts, texts, (f"constant {value}",))


class _Sheet:
    """The columns of a sheet by name, without the rows that are left out; remembers which of them were used, and what to say."""

    def __init__(self, tabular: Tabular, mapping: Mapping) -> None:
        self.mapping, self.used, self.notes = mapping, set[str](), list[str]()
        self._at = {normalised(header): header for header in tabular.header}
        self.tabular = tabular
        optional = {normalised(one) for column in mapping.columns.values() if column.optional for one in (*column.headers, column.unit_from or "")}
        optional |= {normalised(one) for left in mapping.leave_out if left.optional for one in (left.column, left.carried_by or "")} | {
            normalised(one) for column in mapping.columns.values() if column.optional for one in column.each}
        missing = [header for header in mapping.headers if normalised(header) not in self._at and normalised(header) not in optional]
        if missing:
            raise Refused(f"{tabular.name}: the mapping names columns that the file lacks: {', '.join(missing)}. Correct their names in the mapping, "
                          "or mark their columns optional = true.")
        self.tabular = self._left_in(tabular)

    def header(self, name: str) -> str:
        found = self._at[normalised(name)]
        self.used.add(found)
        return found

    def _left_in(self, tabular: Tabular) -> Tabular:
        stays, left_out, asked_once = np.ones(len(tabular.rows), bool), dict(tabular.left_out), []
        for left, goes in zip(self.mapping.leave_out, leaving.goes(tabular, self.mapping.leave_out), strict=True):
            if goes.any():
                stays &= ~goes
                asked_once += [(left.carried_by, goes)] if left.carried_by else []
                left_out[left.because] = np.concatenate([left_out.get(left.because, np.array([], np.int32)), tabular.rows[goes]])
        if stays.all():
            return tabular
        take, place, columns = pyarrow.array(np.flatnonzero(stays)), np.cumsum(stays) - 1, tabular.columns
        for by, goes in asked_once:
            columns, notes = carried.carried(columns, self.mapping, self._at[normalised(by)], goes, stays)
            self.notes += notes
        return replace(tabular, rows=tabular.rows[stays], columns={name: column.take(take) for name, column in columns.items()},
                       ragged={int(place[position]): cells for position, cells in tabular.ragged.items()}, left_out=left_out)

    def _missing(self, name: str, column: Column) -> frozenset[str]:
        everywhere = () if name in (*IDS, "note") else self.mapping.missing
        return frozenset(word.strip().casefold() for word in (*column.missing, *everywhere))

    def fields(self, name: str, column: Column) -> dict[str, Field]:
        """What a column of the mapping makes: usually one field, of a group one for each code."""
        if column.family:
            found = families.members(self.tabular.header, self.tabular.columns, name, column)
            self.used |= {member.header for member in found}
            return families.family(name, column, found, self._counts(column), self._missing(name, column))
        headers = [header for one in column.headers if (header := self._at.get(normalised(one)))]
        if not headers or (column.unit_from and normalised(column.unit_from) not in self._at):
            return {}
        self.used |= set(headers)
        if name in YES_NO and len(headers) > 1:
            return {name: cellwise.merged([self.read(name, column, self.tabular.columns[header], (header,))[name] for header in headers])}
        texts = cellwise.joined([self.tabular.columns[header] for header in headers], lambda cells: _together(name, column, cells))
        if column.unit_from:
            headers.append(self.header(column.unit_from))
            texts = cellwise.joined([texts, self.tabular.columns[headers[-1]]],
                                    lambda cells: f"{cells[0].strip()} {cells[1].strip()}" if cells[0].strip() else "")
        return self.read(name, column, texts, tuple(headers))

    def read(self, name: str, column: Column, texts: pyarrow.DictionaryArray, headers: tuple[str, ...]) -> dict[str, Field]:
        missing, local, counts = self._missing(name, column), self.mapping.reading, self._counts(column)
        if self.mapping.as_template:
            return {name: Field(texts, texts, headers)}
        if name in GROUPS:
            return families.from_words(name, column, texts, cellwise.label(headers), counts, missing, cellwise.Words(name, column, missing))
        dated = name in MOMENTS or (name == "onset_date" and not (column.unit or column.unit_from))
        if dated:
            found, notes = moments.in_iso(texts, cellwise.label(headers), column.date_order or local.date_order, zone=bool(local.time_zone), missing=missing,
                                          only_day=name == "onset_date", counted_from=column.counted_from)
            self.notes += notes
            return {name: replace(found, headers=headers)}
        if name in _NUMBERS or name == "onset_date":
            change = cellwise.a_quantity(name, column, local, missing)
            back = name in ("onset_date", "birth_year") and bool(column.unit or column.unit_from)
            return {name: replace(cellwise.changed(texts, headers, change), back=back)}
        if name in LISTS:
            if not (column.values or column.split or column.otherwise or column.blank or missing):
                return {name: Field(texts, texts, headers)}
            made = cellwise.changed(texts, headers, cellwise.a_list(name, column, missing))
            return {name: made if counts is None or not column.blank else qualified(made, "none", counts)}
        if name in YES_NO or name in CHOICES or column.values or missing:
            made = cellwise.changed(texts, headers, cellwise.a_word(name, column, missing))
            return {name: made if counts is None else qualified(made, "no", counts)}
        return {name: Field(texts, texts, headers)}

    def _counts(self, column: Column) -> np.ndarray | None:
        if not column.no_only_where:
            return None
        return leaving.says(self.tabular.columns[self.header(column.no_only_where.column)], column.no_only_where)


def _together(name: str, column: Column, cells: Collection[str]) -> str:
    """Several cells as one: the parts of an id stay in their places, blank ones too; elsewhere blank cells go."""
    trimmed = [cell.strip() for cell in cells]
    if not any(trimmed):
        return ""
    if name in IDS:
        return (column.joined_with or "/").join(trimmed)
    between = column.joined_with or (column.split or ";" if name in LISTS or name in GROUPS else "\n" if name == "note" else " ")
    return between.join(filter(None, trimmed))
