"""What one cell may hold: a parser takes a trimmed text that is not blank, and returns its value or raises Bad."""
import difflib
import re
from collections.abc import Callable, Mapping
from datetime import date

from dashboard.codelists import Codelist
from dashboard.days import day_of

FIRST_YEAR = 1900
MICROSECONDS = 1_000_000
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_CLOCK = re.compile(r"[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?: ?([Zz]|[+-]\d{2}(?::?\d{2})?))?", re.ASCII)
_SPOILED = re.compile(r"(\d{1,2}[-. ])?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*([-. ]\d{2,4})?", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
YES_NO = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}

Parser = Callable[[str], object]


class Bad(Exception):
    """A cell that cannot be read: which kind of mistake, and what would be right."""

    def __init__(self, code: str, expected: str) -> None:
        super().__init__(code)
        self.code = code
        self.expected = expected


def a_day(text: str, expected: str = "a date: YYYY-MM-DD") -> int:
    found = _DATE.fullmatch(text)
    if not found:
        raise Bad("not_a_date", expected)
    try:
        day = date(*map(int, found.groups()))
    except ValueError:
        raise Bad("impossible_date", "a date that exists") from None
    if day.year < FIRST_YEAR:
        raise Bad("implausible_date", f"a date from {FIRST_YEAR} on")
    return day_of(day)


def a_clock(text: str) -> tuple[int | None, int | None]:
    """What follows the date: microseconds since midnight and minutes east of UTC, as far as they are given."""
    if not text:
        return None, None
    found = _CLOCK.fullmatch(text)
    if not found:
        raise Bad("not_a_time", "a date, or a date and time: 2026-03-31, 2026-03-31T18:05 or 2026-03-31T18:05+02:00")
    hour, minute, second, fraction, zone = found.groups()
    if int(hour) > 23 or int(minute) > 59 or int(second or 0) > 59:
        raise Bad("impossible_time", "a time from 00:00:00 to 23:59:59")
    # finer than microseconds is cut off, not rounded: rounding could cross midnight
    clock = ((int(hour) * 60 + int(minute)) * 60 + int(second or 0)) * MICROSECONDS + int((fraction or "0")[:6].ljust(6, "0"))
    if zone is None:
        return clock, None
    if zone in "Zz":
        return clock, 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    offset = int(digits[:2]) * 60 + int(digits[2:])
    if int(digits[2:]) > 59 or offset > 14 * 60:
        raise Bad("implausible_offset", "an offset from UTC between -14:00 and +14:00")
    return clock, -offset if zone[0] == "-" else offset


def a_moment(text: str) -> str:
    """A date or time that is kept as it was written."""
    a_day(text[:10], "a date, or a date and time: 2026-03-31, 2026-03-31T18:05 or 2026-03-31T18:05+02:00")
    a_clock(text[10:])
    return text


def _hint(text: str) -> str:
    if _SPOILED.fullmatch(text):
        return "; a spreadsheet has turned it into a date: look up what was written, and format that column as text"
    return ", with a decimal point" if "," in text else ""


def a_number(least: float, most: float, hint: str = "") -> Parser:
    expected = f"a number from {least:g} to {most:g}{hint}"

    def parse(text: str) -> float:
        if not _NUMBER.fullmatch(text):
            raise Bad("not_a_number", expected + _hint(text))
        if not least <= float(text) <= most:
            raise Bad("out_of_range", expected)
        return float(text)
    return parse


def a_year(least: int, most: int) -> Parser:
    def parse(text: str) -> int:
        if not re.fullmatch(r"\d{4}", text, re.ASCII):
            raise Bad("not_a_number", f"a year from {least} to {most}")
        if not least <= int(text) <= most:
            raise Bad("out_of_range", f"a year from {least} to {most}")
        return int(text)
    return parse


def a_choice(labels: Mapping[str, str]) -> Parser:
    codes = {**{label.lower(): code for code, label in labels.items()}, **{code: code for code in labels}}

    def parse(text: str) -> str:
        try:
            return codes[text.lower()]
        except KeyError:
            raise Bad("unknown_code", "one of " + ", ".join(labels)) from None
    return parse


def yes_or_no(text: str) -> bool:
    try:
        return YES_NO[text.lower()]
    except KeyError:
        raise Bad("not_yes_or_no", "yes, no or blank") from None


def a_set(codelist: Codelist) -> Parser:
    """Codes or labels between semicolons; `none` alone is the empty set."""
    codes = {**{label.lower(): code for code, label in codelist.label.items()}, **{code: code for code in codelist.bit}}

    def parse(text: str) -> int:
        words = [word for part in text.split(";") if (word := part.strip().lower())]
        unknown = [word for word in words if word not in codes and word != "none"]
        if unknown or not words:
            raise Bad("unknown_code", near(unknown, codes, codelist.name))
        if "none" in words and set(words) != {"none"}:
            raise Bad("none_with_others", "either none or other codes, not both")
        return codelist.bits(codes[word] for word in words if word != "none")
    return parse


def near(unknown: list[str], codes: Mapping[str, str], name: str) -> str:
    alike = dict.fromkeys(codes[word] for text in unknown[:5] for word in difflib.get_close_matches(text, codes, n=2))
    expected = f"{name} codes separated by ;"
    if alike:
        return f"{expected} (for {', '.join(unknown[:5])} perhaps {', '.join(alike)})"
    return f"{expected}: {', '.join(dict.fromkeys(codes.values()))}"
