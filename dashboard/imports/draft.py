"""A file that nobody has decided about yet: what its columns are to become, and what only a person can say."""
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from dashboard.errors import Refused
from dashboard.imports import archive, families, fields, kinds, readings, suggest, workbook
from dashboard.imports.checked import MOMENTS
from dashboard.imports.columns import Column, LeaveOut, Readings, Where
from dashboard.imports.lines import (
    DECIMAL,
    KEPT,
    LEFT_OUT,
    NOT_CHECKED,
    ORDER,
    ORIGIN,
    SCALE,
    UNIT,
    Line,
    both,
    examples,
    go_together,
    is_clock,
    known_line,
    proposed_line,
    with_clocks,
    with_questions,
)
from dashboard.imports.mapping import Mapping
from dashboard.imports.tabular import Reading, Tabular, normalised

_UNSAID = Reading()
_SAME_ENTRY = ("source", "patient_id", "recorded_at")  # what rows of one entry have in common, unless the mapping says


@dataclass(frozen=True)
class Draft:
    """`known_as` says in words what kind of file it is; `accepted`: somebody has looked at the columns, or nobody needs to. `parts` are
    the sheets of a workbook or the tables in a zip file."""
    name: str
    content: bytes = field(repr=False)
    tabular: Tabular
    rest: Mapping  # a mapping but for its columns
    lines: tuple[Line, ...]
    known_as: str = ""
    accepted: bool = False
    unchanged: Mapping | None = None
    said: Reading = _UNSAID
    parts: tuple[str, ...] = ()

    @cached_property
    def how(self) -> Mapping:
        if self.unchanged:
            return self.unchanged
        plain, of_readings = self._columns(reading=False), self._columns(reading=True)
        long = self.rest.readings
        if long:
            same = ("patient_id",) if long.group else _SAME_ENTRY
            more = (header for name in same if name in plain for header in plain[name].headers)
            rated = {name: replace(column, headers=(), category=column.headers) for name, column in of_readings.items()}
            long = replace(long, group=tuple(dict.fromkeys((*long.group, *more))), columns={**long.columns, **rated})
        given = {name: value for name, value in vars(self.said).items() if value is not None}
        return replace(self.rest, columns=plain, ignore=self._ignored(), readings=long, reading=replace(self.rest.reading, **given), as_template=False)

    def _columns(self, *, reading: bool) -> dict[str, Column]:
        found: dict[str, Column] = {}
        # a time of day follows its date, wherever its column stands
        for line in sorted(self.lines, key=lambda line: line.becomes in MOMENTS and is_clock(line)):
            if line.column and line.reading == reading and line.becomes not in (KEPT, LEFT_OUT):
                found[line.becomes] = both(found[line.becomes], line.column) if line.becomes in found else line.column
        return found

    def _ignored(self) -> tuple[str, ...]:
        """As patterns where the mapping has them: next month's file may have a column more."""
        kept = [header for line in self.lines if line.becomes == KEPT and not line.reading for header in line.headers]
        patterns = [one for one in self.rest.ignore if not any(families.like(one).fullmatch(header) for header in kept)]
        named = [header for line in self.lines if line.becomes == LEFT_OUT for header in line.headers
                 if not any(families.like(one).fullmatch(header) for one in patterns)]
        return tuple(dict.fromkeys((*patterns, *named)))

    @cached_property
    def by_category(self) -> Tabular | None:
        return _by_category(self.tabular, self.rest.readings) if self.rest.readings else None

    def sheet(self, line: Line) -> Tabular:
        """Where the columns of a line are."""
        return self.by_category if line.reading else self.tabular

    @cached_property
    def perhaps_long(self) -> tuple[str, str] | None:
        """Columns for category and value, where the file seems to have one row a reading."""
        who_and_when = [header for line in self.lines if line.becomes in _SAME_ENTRY for header in line.headers]
        return None if self.rest.readings or self.how.as_template else readings.likely(self.tabular, who_and_when)

    @property
    def missing(self) -> tuple[str, ...]:
        there = {*self.how.columns, *self.how.constants, *(self.how.readings.columns if self.how.readings else ())}
        return tuple(name for name in fields.NEEDED if name not in there)

    @property
    def unsure(self) -> tuple[int, ...]:
        """Lines for which there is but a weak proposal."""
        taken = {line.becomes for line in self.lines}
        return tuple(at for at, line in enumerate(self.lines) if line.perhaps and line.becomes == KEPT and line.perhaps not in taken)

    @property
    def open(self) -> list[str]:
        """What has to be said before the rows can be checked."""
        needed = {"patient_id": "which column says who the patient is", "recorded_at": "which column says when it was recorded"}
        asked = {SCALE: "the scale of", ORDER: "the order of day and month in", ORIGIN: "day 0 of", UNIT: "the unit of", DECIMAL: "the decimal sign of",
                 NOT_CHECKED: "what a box that is not ticked means in"}
        return [*(needed[name] for name in self.missing), *(f"{asked[ask]} {line.headers[0]}" for line in self.lines for ask in line.open)]

    @property
    def ready(self) -> bool:
        return self.accepted and not self.open

    def complete(self, line: Line) -> tuple[Where, ...]:
        """Columns that may say whether the form of a family was filled in, the next one after it first."""
        if line.reading:
            return ()
        place = {header: number for number, header in enumerate(self.tabular.header)}
        found = [replace(family.complete, column=header) for family in self.rest.families if family.complete for header in self.tabular.header
                 if families.like(family.complete.column).fullmatch(header)]
        return tuple(sorted(found, key=lambda where: (place[where.column] < place[line.headers[-1]], place[where.column])))

    # --- changes: each gives another draft --------------------------------------------------------------------------------------------

    def assigned(self, at: int, becomes: str) -> "Draft":
        """With one line becoming something else. A column of ours that another line was is taken from it, unless the two go together."""
        line = self.lines[at]
        new = replace(line, becomes=becomes, column=None, because="", confidence=None, asks=(), answered=frozenset())
        lines, constants = list(self.lines), self.rest.constants
        if becomes not in (KEPT, LEFT_OUT):
            column, asks = suggest.as_column(self.sheet(line), line.headers, becomes, () if line.reading else self.rest.families)
            new = with_questions(self.sheet(line), self.rest.reading, replace(new, column=column, asks=asks))
            constants = {name: value for name, value in constants.items() if name != becomes}
            for other, one in enumerate(lines):
                if other != at and one.becomes == becomes and not go_together(becomes, one, new):
                    lines[other] = replace(one, becomes=KEPT, column=None, because="", confidence=None, asks=())
        lines[at] = new
        return replace(self, lines=tuple(lines), rest=replace(self.rest, constants=constants), accepted=False, unchanged=None)

    def answered(self, at: int, ask: str, value: object) -> "Draft":
        """`value` of what is not ticked: "no", the column of a form in whose filled-in rows it is a no, or nothing."""
        line = self.lines[at]
        limit = next((where for where in self.complete(line) if where.column == value), None)
        change = {SCALE: {"scale": None if value == (0, 10) else value}, ORDER: {"date_order": value}, ORIGIN: {"counted_from": value}, UNIT: {"unit": value},
                  DECIMAL: {"decimal": value, "thousands": None if value == "," else ","},
                  NOT_CHECKED: {"not_checked": "no" if value else None, "no_only_where": limit}}[ask]
        new = replace(line, column=replace(line.column, **change), answered=line.answered | {ask})
        return replace(self, lines=(*self.lines[:at], new, *self.lines[at + 1:]), unchanged=None)

    def constant(self, name: str, value: str) -> "Draft":
        """With a column of ours that says the same in every row."""
        constants = {known: said for known, said in self.rest.constants.items() if known != name}
        return replace(self, rest=replace(self.rest, constants={**constants, name: value.strip()} if value.strip() else constants), unchanged=None)

    def leaving(self, left: LeaveOut) -> "Draft":
        """With more rows left out."""
        return replace(self, rest=replace(self.rest, leave_out=(*self.rest.leave_out, left)), accepted=False, unchanged=None)

    def taking_in(self, at: int) -> "Draft":
        """With the rows again that one of the filters leaves out."""
        filters = self.rest.leave_out
        return replace(self, rest=replace(self.rest, leave_out=(*filters[:at], *filters[at + 1:])), accepted=False, unchanged=None)

    def long(self, category: str, value: str) -> "Draft":
        """Read with one row a reading: what the rows of each category become is proposed."""
        rest = replace(self.rest, readings=Readings((), category, (value,)))
        lines = tuple(line for line in self.lines if not line.reading and not {category, value} & {*line.headers})
        taken = {*rest.constants, *(line.becomes for line in lines)}
        proposed = _reading_lines(_by_category(self.tabular, rest.readings), rest, taken)
        return replace(self, rest=rest, lines=(*lines, *proposed), accepted=False, unchanged=None)

    def wide(self) -> "Draft":
        """Read with one row an entry."""
        again = {normalised(one) for one in (self.rest.readings.category, *self.rest.readings.value)}
        rest = replace(self.rest, readings=None)
        lines = [line for line in self.lines if not line.reading]
        proposals = suggest.suggested(self.tabular, replace(self.how, readings=None))
        lines += [proposed_line(self.tabular, one, rest.reading) for one in proposals if again & {normalised(header) for header in one.headers}]
        return replace(self, rest=rest, lines=_in_order(self.tabular, lines), accepted=False, unchanged=None)

    def time_zone(self, zone: str | None) -> "Draft":
        return replace(self, rest=replace(self.rest, reading=replace(self.rest.reading, time_zone=zone)), unchanged=None)

    def with_values(self, told: Iterable[tuple[str, str, str]]) -> "Draft":
        """What values of the sheet mean: our column, the value, the code."""
        lines, rest = list(self.lines), self.rest
        for name, value, code in told:
            rest = rest.with_value(name, value, code)
            for at, line in enumerate(lines):
                if line.becomes == name and line.column:
                    lines[at] = replace(line, column=Mapping("", columns={name: line.column}).with_value(name, value, code).columns[name])
        return replace(self, lines=tuple(lines), rest=rest, unchanged=None)

    def accept(self, also_unsure: bool = False) -> "Draft":
        draft = self
        for at in self.unsure if also_unsure else ():
            draft = draft.assigned(at, self.lines[at].perhaps or KEPT)
        return draft if also_unsure else replace(draft, accepted=True)


def drafted(name: str, content: bytes, tabular: Tabular, base: Mapping | None, known_as: str = "", *, settled: bool = False, said: Reading = _UNSAID,
            parts: tuple[str, ...] = ()) -> Draft:
    """`base`: the mapping or shape that the file was recognised by. `settled`: it is known to say all there is to say."""
    proposals = suggest.suggested(tabular, base)
    # with columns of its own it no longer fits every file of the shape
    rest = replace(base, columns={}, shape=None) if base else Mapping("Own mapping")
    at = {normalised(header): header for header in tabular.header}
    lines = [known_line(tabular, at, our, column, rest.reading, known_as) for our, column in (base.columns if base else {}).items()]
    lines += [proposed_line(tabular, proposal, rest.reading) for proposal in proposals]
    there = {header for line in lines for header in line.headers}
    lines += [Line((header,), examples(tabular, (header,)), LEFT_OUT) for header in tabular.header
              if header not in there and any(families.like(one).fullmatch(header) for one in rest.ignore)]
    lines = list(_in_order(tabular, with_clocks(lines)))
    if rest.readings and (sheet := _by_category(tabular, rest.readings)):
        known = {our: replace(column, headers=column.category, category=()) for our, column in rest.readings.columns.items() if not column.denied_category}
        rest = replace(rest, readings=replace(rest.readings, columns={our: column for our, column in rest.readings.columns.items() if our not in known}))
        of_name = {normalised(name): name for name in sheet.header}
        lines += [replace(known_line(sheet, of_name, our, column, rest.reading, known_as), reading=True) for our, column in known.items()]
        claimed = {one.strip().casefold() for column in base.readings.columns.values() for one in (*column.category, *column.denied_category)}
        # what else was asked is proposed as in any file, so that no red flag is kept unread unless somebody says so
        others = [] if settled else [line for line in _reading_lines(sheet, rest, {*known, *base.columns})
                                     if not claimed & {name.casefold() for name in line.headers}]
        claimed |= {name.casefold() for line in others for name in line.headers}
        lines += [*others, *(Line((name,), examples(sheet, (name,)), reading=True) for name in sheet.header if name.casefold() not in claimed)]
    found = Draft(name, content, tabular, rest, tuple(lines), known_as, settled,
                  base if settled and (base.as_template or said == _UNSAID) else None, said, parts)
    proposed = any(proposal.name for proposal in proposals) or any(line.confidence for line in lines if line.reading)
    nothing_to_say = base is not None and not found.missing and not proposed
    return replace(found, accepted=True, unchanged=base) if nothing_to_say and not settled else found


def _in_order(tabular: Tabular, lines: Iterable[Line]) -> tuple[Line, ...]:
    place = {header: number for number, header in enumerate(tabular.header)}
    return tuple(sorted(lines, key=lambda line: len(place) if line.reading else place[line.headers[0]] if line.headers else -1))


def _by_category(tabular: Tabular, long: Readings) -> Tabular | None:
    at = {normalised(header): header for header in tabular.header}
    if not {normalised(one) for one in (long.category, *long.value)} <= {*at}:
        return None
    return readings.by_category(tabular, at[normalised(long.category)], [at[normalised(one)] for one in long.value])


def _reading_lines(sheet: Tabular, rest: Mapping, taken: Iterable[str]) -> list[Line]:
    proposals = suggest.suggested(sheet, Mapping("", constants=dict.fromkeys(taken, "")))
    return [replace(proposed_line(sheet, proposal, rest.reading), reading=True) for proposal in proposals]


def parts_of(content: bytes, name: str) -> tuple[str, ...]:
    """The sheets of a workbook, the tables in a zip file: what can be chosen from."""
    try:
        if content.startswith(kinds.OLD_OFFICE):
            return tuple(workbook.names(content))
        if archive.is_archive(content):
            with archive.Archive(content, name) as packed:
                if not packed.is_workbook:
                    return tuple(archive.shown(member) for member in packed.tables)
                packed.check_workbook()
                return tuple(workbook.names(content))
    except Refused:
        pass  # whoever reads it says so
    return ()
