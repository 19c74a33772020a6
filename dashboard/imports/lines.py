"""What the columns of a file are to become, one by one: as they are known, or as they are proposed, with what has to be asked about each."""
import re
from dataclasses import dataclass, replace

import pyarrow

from dashboard.codelists import HISTORY, LISTS, SYMPTOM
from dashboard.errors import Refused
from dashboard.imports import families, fields, moments, suggest
from dashboard.imports.checked import GROUPS, MOMENTS, UNITS, YES_NO
from dashboard.imports.columns import Column, HowRead
from dashboard.imports.suggest import Proposal
from dashboard.imports.tabular import Tabular, normalised

KEPT, LEFT_OUT = "", "-"
SCALE, ORDER, UNIT, DECIMAL, NOT_CHECKED = "scale", "date_order", "unit", "decimal", "not_checked"
ORIGIN = "counted_from"
_ASKED = (ORDER, ORIGIN, SCALE, UNIT, DECIMAL, NOT_CHECKED)
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
    about it, `answered` what was. `confidence` and `perhaps` are of a proposal that nobody has accepted. `reading`: of a long file, what the
    rows of a category say; its headers are names of categories."""
    headers: tuple[str, ...]
    examples: tuple[str, ...]
    becomes: str = KEPT
    column: Column | None = None
    because: str = ""
    confidence: float | None = None
    perhaps: str | None = None
    others: tuple[str, ...] = ()
    reading: bool = False
    asks: tuple[str, ...] = ()
    answered: frozenset[str] = frozenset()

    @property
    def open(self) -> tuple[str, ...]:
        return tuple(ask for ask in self.asks if ask not in self.answered)

    @property
    def family(self) -> bool:
        return len(self.headers) > 1 and (self.column is None or self.column.family)


def known_line(tabular: Tabular, at: dict[str, str], name: str, column: Column, reading: HowRead, known_as: str) -> Line:
    if column.pattern:
        headers = tuple(header for header in tabular.header if families.star(column.pattern, header) is not None)
    else:
        headers = tuple(at[normalised(one)] for one in (*column.headers, *column.each) if normalised(one) in at)
    line = Line(headers, examples(tabular, headers), name, column, "as in the template" if known_as == "the template" else "as it was recognised")
    return with_questions(tabular, reading, line) if headers else line


def proposed_line(tabular: Tabular, proposal: Proposal, reading: HowRead) -> Line:
    line = Line(proposal.headers, proposal.examples, because=proposal.because, others=proposal.others)
    if not proposal.name or proposal.confidence < suggest.SURE:
        return replace(line, perhaps=proposal.name, confidence=proposal.confidence if proposal.name else None)
    return with_questions(tabular, reading, replace(line, becomes=proposal.name, column=proposal.column, confidence=proposal.confidence, asks=proposal.asks))


def with_questions(tabular: Tabular, reading: HowRead, line: Line) -> Line:
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
        if _counts(tabular, line.headers):
            asks.add(ORIGIN)
            answered |= {ORIGIN} if column.counted_from else set()
        elif not column.date_order and not reading.date_order and any(_order_needed(tabular.columns[header]) for header in line.headers):
            asks.add(ORDER)
    return replace(line, column=column, asks=tuple(ask for ask in _ASKED if ask in asks), answered=frozenset(answered))


def _counts(tabular: Tabular, headers: tuple[str, ...]) -> bool:
    """Whether days are counted: whole numbers, too small for the day counts of a spreadsheet."""
    return any((values := _values(tabular, header)) and all(moments.COUNT.fullmatch(value) and not _SERIAL.fullmatch(value) for value in values)
               for header in headers)


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


def examples(tabular: Tabular, headers: tuple[str, ...]) -> tuple[str, ...]:
    """Some distinct values, of the first column that has any."""
    for header in headers:
        if found := _values(tabular, header):
            return tuple(dict.fromkeys(found))[:3]
    return ()


def with_clocks(lines: list[Line]) -> list[Line]:
    """A column of times of day, beside one of dates, is when it was recorded."""
    dated = next((line for line in lines if line.becomes == "recorded_at" and line.headers and not is_clock(line)), None)
    if not dated or any(":" in value for value in dated.examples):
        return lines
    for at, line in enumerate(lines):
        if line.becomes == KEPT and len(line.headers) == 1 and is_clock(line) and "time" in line.headers[0].lower():
            lines[at] = replace(line, becomes="recorded_at", column=Column(line.headers), because=f"goes with {dated.headers[0]}", perhaps=None)
            break
    return lines


def is_clock(line: Line) -> bool:
    return bool(line.examples) and all(_CLOCK.fullmatch(value) for value in line.examples)


def go_together(name: str, one: Line, other: Line) -> bool:
    """Whether two columns make one of ours: a date and a time, lists, notes, one symptom asked twice."""
    if one.family or other.family or one.reading != other.reading or not one.headers or set(one.headers) & set(other.headers):
        return False
    if name in MOMENTS:
        return is_clock(one) != is_clock(other)
    return name == "note" or name in LISTS or name in YES_NO


def both(one: Column, other: Column) -> Column:
    return replace(one, headers=(*one.headers, *other.headers), values={**other.values, **one.values}, date_order=one.date_order or other.date_order)
