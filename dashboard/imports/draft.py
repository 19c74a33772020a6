"""A file that nobody has decided about yet: what its columns are to become, and what only a person can say."""
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

import pyarrow

from dashboard.codelists import HISTORY, LISTS, SYMPTOM
from dashboard.errors import Refused
from dashboard.imports import archive, families, fields, moments, suggest, workbook
from dashboard.imports.checked import GROUPS, MOMENTS, UNITS, YES_NO
from dashboard.imports.columns import Column, HowRead, Where
from dashboard.imports.mapping import Mapping
from dashboard.imports.suggest import Proposal
from dashboard.imports.tabular import Reading, Tabular, normalised

KEPT, LEFT_OUT = "", "-"
SCALE, ORDER, UNIT, DECIMAL, NOT_CHECKED = "scale", "date_order", "unit", "decimal", "not_checked"
_UNSAID = Reading()
_SERIAL = re.compile(r"\d{5}(\.\d+)?")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?.{0,12}|\d{1,2}\.\d{2}(\s*(uhr|h|[ap]\.?m\.?))?", re.IGNORECASE)
_WITH_UNIT = re.compile(r"\d+([.,]\d+)?\s*[A-Za-z°]+\.?")
_LABELS = {
    "source": "Source (clinic, app or study)", "patient_id": "Patient", "entry_id": "Number of the entry", "recorded_at": "When it was recorded",
    "entered_at": "When it was typed in", "birth_year": "Year of birth, or age", "sex": "Sex", "severity": "Pain, 0 to 10",
    "severity_kind": "Pain now or on average", "worst_severity": "Worst pain", "least_severity": "Least pain", "interference": "Interference with life",
    "temperature_c": "Temperature", "locations": "Where it hurts", "qualities": "What the pain is like", "radiates_to": "Where it spreads to",
    "onset_date": "Since when, or how long", "onset_speed": "Sudden or gradual onset", "pattern": "Constant or intermittent",
    "bout_minutes": "How long a bout lasts", "trend": "Better, same or worse", "note": "Note", "relief_tried": "Relief tried",
    "relief_helped": "What helped", "aggravated_by": "What makes it worse", "red_flags": "Red flags, several at once",
    "history": "Medical history, several at once"}
LABELS = {name: _LABELS.get(name) or SYMPTOM.label.get(name) or HISTORY.label.get(name) or name for name in (*fields.COLUMNS, *GROUPS)}


@dataclass(frozen=True)
class Line:
    """A column of the sheet, or a family of them. `becomes` is a column of ours, or one of the two above; `asks` is what has to be said
    about it, `answered` what was. `confidence` and `perhaps` are of a proposal that nobody has accepted."""
    headers: tuple[str, ...]
    examples: tuple[str, ...]
    becomes: str = KEPT
    column: Column | None = None
    because: str = ""
    confidence: float | None = None
    perhaps: str | None = None
    others: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    answered: frozenset[str] = frozenset()

    @property
    def open(self) -> tuple[str, ...]:
        return tuple(ask for ask in self.asks if ask not in self.answered)

    @property
    def family(self) -> bool:
        return len(self.headers) > 1 and (self.column is None or self.column.family)


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
        columns: dict[str, Column] = {}
        for line in self.lines:
            if line.column and line.becomes not in (KEPT, LEFT_OUT):
                columns[line.becomes] = _both(columns[line.becomes], line.column) if line.becomes in columns else line.column
        ignored = [header for line in self.lines if line.becomes == LEFT_OUT for header in line.headers]
        readings = self.rest.readings
        if readings and "patient_id" in columns:
            group = (*readings.group, *(header for header in columns["patient_id"].headers if header not in readings.group))
            readings = replace(readings, group=group)
        given = {name: value for name, value in vars(self.said).items() if value is not None}
        return replace(self.rest, columns=columns, ignore=tuple(dict.fromkeys((*self.rest.ignore, *ignored))), readings=readings,
                       reading=replace(self.rest.reading, **given), as_template=False)

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
        asked = {SCALE: "the scale of", ORDER: "the order of day and month in", UNIT: "the unit of", DECIMAL: "the decimal sign of",
                 NOT_CHECKED: "what a box that is not ticked means in"}
        return [*(needed[name] for name in self.missing), *(f"{asked[ask]} {line.headers[0]}" for line in self.lines for ask in line.open)]

    @property
    def ready(self) -> bool:
        return self.accepted and not self.open

    def complete(self, line: Line) -> tuple[Where, ...]:
        """Columns that may say whether the form of a family was filled in, the next one after it first."""
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
            new = _asked(self.tabular, self.rest.reading, replace(new, column=(found := suggest.as_column(
                self.tabular, line.headers, becomes, self.rest.families))[0], asks=found[1]))
            constants = {name: value for name, value in constants.items() if name != becomes}
            for other, one in enumerate(lines):
                if other != at and one.becomes == becomes and not _together(becomes, one, new):
                    lines[other] = replace(one, becomes=KEPT, column=None, because="", confidence=None, asks=())
        lines[at] = new
        return replace(self, lines=tuple(lines), rest=replace(self.rest, constants=constants), accepted=False, unchanged=None)

    def answered(self, at: int, ask: str, value: object) -> "Draft":
        """`value` of what is not ticked: "no", the column of a form in whose filled-in rows it is a no, or nothing."""
        line = self.lines[at]
        limit = next((where for where in self.complete(line) if where.column == value), None)
        change = {SCALE: {"scale": None if value == (0, 10) else value}, ORDER: {"date_order": value}, UNIT: {"unit": value},
                  DECIMAL: {"decimal": value, "thousands": None if value == "," else ","},
                  NOT_CHECKED: {"not_checked": "no" if value else None, "no_only_where": limit}}[ask]
        new = replace(line, column=replace(line.column, **change), answered=line.answered | {ask})
        return replace(self, lines=(*self.lines[:at], new, *self.lines[at + 1:]), unchanged=None)

    def constant(self, name: str, value: str) -> "Draft":
        """With a column of ours that says the same in every row."""
        constants = {known: said for known, said in self.rest.constants.items() if known != name}
        return replace(self, rest=replace(self.rest, constants={**constants, name: value.strip()} if value.strip() else constants), unchanged=None)

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
    lines = [_known(tabular, at, our, column, rest.reading, known_as) for our, column in (base.columns if base else {}).items()]
    lines += [_proposed(tabular, proposal, rest.reading) for proposal in proposals]
    lines = _with_clocks(lines)
    place = {header: number for number, header in enumerate(tabular.header)}
    lines.sort(key=lambda line: place[line.headers[0]] if line.headers else -1)
    found = Draft(name, content, tabular, rest, tuple(lines), known_as, settled,
                  base if settled and (base.as_template or said == _UNSAID) else None, said, parts)
    nothing_to_say = base is not None and not found.missing and not any(proposal.name for proposal in proposals)
    return replace(found, accepted=True, unchanged=base) if nothing_to_say and not settled else found


def parts_of(content: bytes, name: str) -> tuple[str, ...]:
    """The sheets of a workbook, the tables in a zip file: what can be chosen from."""
    try:
        if content.startswith(workbook.OLD_EXCEL):
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


def _known(tabular: Tabular, at: dict[str, str], name: str, column: Column, reading: HowRead, known_as: str) -> Line:
    if column.pattern:
        headers = tuple(header for header in tabular.header if families.star(column.pattern, header) is not None)
    else:
        headers = tuple(at[normalised(one)] for one in (*column.headers, *column.each) if normalised(one) in at)
    line = Line(headers, _examples(tabular, headers), name, column, "as in the template" if known_as == "the template" else "as it was recognised")
    return _asked(tabular, reading, line) if headers else line


def _proposed(tabular: Tabular, proposal: Proposal, reading: HowRead) -> Line:
    line = Line(proposal.headers, proposal.examples, because=proposal.because, others=proposal.others)
    if not proposal.name or proposal.confidence < suggest.SURE:
        return replace(line, perhaps=proposal.name, confidence=proposal.confidence if proposal.name else None)
    return _asked(tabular, reading, replace(line, becomes=proposal.name, column=proposal.column, confidence=proposal.confidence, asks=proposal.asks))


def _asked(tabular: Tabular, reading: HowRead, line: Line) -> Line:
    """With everything there is to ask about a line; what has a usual answer is answered so."""
    asks, answered, column = {ask for ask in line.asks if ask != "values"}, set[str](), line.column
    name = line.becomes
    if name in fields.SCORES and not column.out_of:
        answered |= {SCALE} if SCALE not in asks or column.scale else set()
        asks.add(SCALE)
    if name == "bout_minutes" and not (column.unit or column.unit_from):
        asks.add(UNIT)
    if UNIT in asks and name in UNITS and all(_WITH_UNIT.fullmatch(value) for header in line.headers for value in _values(tabular, header)):
        asks.discard(UNIT)  # each has its own
        column = replace(column, unit=next(iter(UNITS[name])))
    if DECIMAL in asks and (column.decimal or reading.decimal or name in (*fields.SCORES, "temperature_c")):
        asks.discard(DECIMAL)  # of a score or a temperature nobody writes the thousands
        column = column if column.decimal or reading.decimal else replace(column, decimal=",")
    if name in MOMENTS or (name == "onset_date" and UNIT not in asks and not column.unit and not column.unit_from):
        asks.discard(ORDER)
        if not column.date_order and not reading.date_order and any(_order_needed(tabular.columns[header]) for header in line.headers):
            asks.add(ORDER)
    return replace(line, column=column, asks=tuple(ask for ask in (ORDER, SCALE, UNIT, DECIMAL, NOT_CHECKED) if ask in asks), answered=frozenset(answered))


def _order_needed(texts: pyarrow.DictionaryArray) -> bool:
    """Whether the dates cannot be read unless somebody says what comes first, or that they are day counts."""
    values = [text.strip() for text in texts.dictionary[:50].to_pylist() if text.strip()]
    if values and all(_SERIAL.fullmatch(value) for value in values):
        return True
    try:
        moments.in_iso(texts, "", None, zone=True, missing=frozenset())
    except Refused:
        return True
    return False


def _values(tabular: Tabular, header: str) -> list[str]:
    return [text.strip() for text in tabular.columns[header].dictionary[:suggest.LOOKED_AT].to_pylist() if text.strip()]


def _examples(tabular: Tabular, headers: tuple[str, ...]) -> tuple[str, ...]:
    """Some distinct values, of the first column that has any."""
    for header in headers:
        if found := _values(tabular, header):
            return tuple(dict.fromkeys(found))[:3]
    return ()


def _with_clocks(lines: list[Line]) -> list[Line]:
    """A column of times of day, beside one of dates, is when it was recorded."""
    dated = next((line for line in lines if line.becomes == "recorded_at" and line.headers and not _is_clock(line)), None)
    if not dated or any(":" in value for value in dated.examples):
        return lines
    for at, line in enumerate(lines):
        if line.becomes == KEPT and len(line.headers) == 1 and _is_clock(line) and "time" in line.headers[0].lower():
            lines[at] = replace(line, becomes="recorded_at", column=Column(line.headers), because=f"goes with {dated.headers[0]}", perhaps=None)
            break
    return lines


def _is_clock(line: Line) -> bool:
    return bool(line.examples) and all(_CLOCK.fullmatch(value) for value in line.examples)


def _together(name: str, one: Line, other: Line) -> bool:
    """Whether two columns make one of ours: a date and a time, lists, notes, one symptom asked twice."""
    if one.family or other.family or not one.headers or set(one.headers) & set(other.headers):
        return False
    if name in MOMENTS:
        return _is_clock(one) != _is_clock(other)
    return name == "note" or name in LISTS or name in YES_NO


def _both(one: Column, other: Column) -> Column:
    return replace(one, headers=(*one.headers, *other.headers), values={**other.values, **one.values}, date_order=one.date_order or other.date_order)
