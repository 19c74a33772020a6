"""Dates and times as people and programs write them, to ISO. An order of day and month is declared, or decided by the column; never guessed."""
import re
from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pyarrow
import pyarrow.compute as compute

from dashboard.errors import Refused
from dashboard.imports.cells import Bad
from dashboard.imports.cellwise import Field

_ISO = r"^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?$"
_PARTS = r"^(?P<day>.*?)(?:[T ,]+(?P<clock>\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[^\d./-].*|\.\d+.*|[+-].*)?))?$"
_NUMBERS = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})\.?", re.ASCII)
_NAMED = re.compile(r"(?:(?P<day>[0-9]{1,2})[. -]*(?:de )?(?P<month>[^\W\d_]{3,10})|(?P<first>[^\W\d_]{3,10})[. -]*(?P<second>[0-9]{1,2}))"
                    r"[., -]*(?:de )?(?P<year>[0-9]{4})")
_SERIAL = re.compile(r"(\d{4,5})(\.\d+)?", re.ASCII)
COUNT = re.compile(r"([+-]?\d{1,5})(?:\.0+)?", re.ASCII)  # of days, to be added to a date that the mapping says
_CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,](\d{1,9}))?)?\s*([AaPp]\.?[Mm]\.?)?\s*(?:Uhr\b|h\b)?\s*"
                    r"(?:(?:UTC|GMT)?([+-]\d{1,2})(?::?(\d{2}))?|(Z|UTC|GMT)|([A-Z]{2,5}))?", re.ASCII)
# whole words, because three letters of another language may be another month: marraskuu is November
_MONTHS = {word: number for number, words in enumerate((
    "jan january januar jän jänner janvier enero ene gennaio gen janeiro januari", "feb february februar février fév febrero febbraio fevereiro fev februari",
    "mar march märz mär mrz mars marzo março maart mrt", "apr april avril avr abril abr aprile", "may mai mayo maggio mag maio mei",
    "jun june juni juin junio giugno giu junho", "jul july juli juillet juil julio luglio lug julho", "aug august août aout agosto ago augustus",
    "sep sept september septembre septiembre settembre set setembro", "oct october oktober okt octobre octubre ottobre ott outubro out",
    "nov november novembre noviembre novembro", "dec december dezember dez décembre déc diciembre dic dicembre dezembro"), start=1) for word in words.split()}
_LANGUAGES = "English, German, French, Spanish, Italian, Portuguese or Dutch"
_EXCEL_DAY_0 = date(1899, 12, 30)


def undecided(texts: pyarrow.DictionaryArray) -> bool:
    """Whether the column holds dates of which nobody can say what is the day and what the month."""
    return _orders(_parts(texts)[0].dictionary.to_pylist()) == {"dmy", "mdy"}


def in_iso(texts: pyarrow.DictionaryArray, header: str, order: str | None, *, zone: bool, missing: frozenset[str], only_day: bool = False,
           counted_from: str | None = None) -> tuple[Field, tuple[str, ...]]:
    """And what there is to say about it. `zone`: a time zone is declared, so that the name of one beside a time says nothing more.
    `counted_from`: the day of which whole numbers count the days that have passed since."""
    plain = compute.utf8_trim_whitespace(texts.dictionary)
    if compute.all(compute.or_(compute.equal(plain, ""), compute.match_substring_regex(plain, _ISO))).as_py() is not False and not (only_day or missing):
        return Field(texts, texts, (header,)), ()
    days, clocks = _parts(texts, missing)
    if counted_from:
        made = [_day_of_count(text, date.fromisoformat(counted_from)) for text in days.dictionary.to_pylist()]
        days = pyarrow.DictionaryArray.from_arrays(days.indices, pyarrow.array(made, pyarrow.string()))
    distinct, notes = days.dictionary.to_pylist(), ()
    if order in (None, "excel"):
        found = _orders(distinct)
        if len(found) == 2:
            raise Refused(f"Column {header}: nothing in it tells whether 03/04/2026 is 3 April or 4 March. Say in the mapping date_order = \"dmy\" (3 April) "
                          "or \"mdy\" (4 March).")
        if not found:
            raise Refused(f"Column {header}: some of its dates have the day first, some the month. Export it with one order, or as 2026-03-31.")
        if found != {"", "dmy", "mdy"}:
            decided = next(iter(found))
            notes = (f"{header}: {'day' if decided == 'dmy' else 'month'} first, because some of its dates can be read in no other way.",)
            order = decided if order is None else order
            dates = _each(distinct, lambda text: _a_date(text, order if order != "excel" else decided, serial=order == "excel"))
        else:
            dates = _each(distinct, lambda text: _a_date(text, "", serial=order == "excel"))
    else:
        dates = _each(distinct, lambda text: _a_date(text, order, serial=False))
    times = _each(clocks.dictionary.to_pylist(), lambda text: _a_clock(text, zone))
    day_at, clock_at = days.indices.to_numpy(), clocks.indices.to_numpy()
    bads = {}
    for number in np.flatnonzero(np.isin(day_at, list(dates[1])) | np.isin(clock_at, list(times[1]))).tolist():
        bads[number] = dates[1].get(int(day_at[number])) or times[1][int(clock_at[number])]
    made = pyarrow.array(dates[0], pyarrow.string()).take(days.indices)
    if not only_day:
        made = compute.binary_join_element_wise(made, pyarrow.array(times[0], pyarrow.string()).take(clocks.indices), "")
    return Field(pyarrow.DictionaryArray.from_arrays(texts.indices, made), texts, (header,), bads), notes


def _parts(texts: pyarrow.DictionaryArray, missing: frozenset[str] = frozenset()) -> tuple[pyarrow.DictionaryArray, pyarrow.DictionaryArray]:
    plain = compute.utf8_trim_whitespace(texts.dictionary)
    if missing:
        plain = compute.if_else(compute.is_in(compute.utf8_lower(plain), value_set=pyarrow.array(sorted(missing), pyarrow.string())), "", plain)
    found = compute.extract_regex(plain, _PARTS)
    return tuple(compute.fill_null(compute.struct_field(found, name), "").dictionary_encode() for name in ("day", "clock"))


def _day_of_count(text: str, first: date) -> str:
    try:
        return (first + timedelta(days=int(found[1]))).isoformat() if (found := COUNT.fullmatch(text)) else text
    except OverflowError:  # a day before the year 1 or after 9999 is none
        return text


def _orders(days: list[str]) -> set[str]:
    """Which orders of day and month all of them allow; with "" where none of them needs one."""
    possible, needed = {"dmy", "mdy"}, False
    for text in days:
        found = _NUMBERS.fullmatch(text)
        if not found or len(found[1]) == 4:
            continue
        first, second = int(found[1]), int(found[3])
        needed |= first != second
        possible -= {"mdy"} if first > 12 else set()
        possible -= {"dmy"} if second > 12 else set()
    return possible if needed else {"", "dmy", "mdy"}


def _each(texts: list[str], read: Callable[[str], str]) -> tuple[list[str], dict[int, Bad]]:
    made, bads = [], {}
    for number, text in enumerate(texts):
        try:
            made.append(read(text) if text else "")
        except Bad as bad:
            bads[number] = bad
            made.append("")
    return made, bads


def _a_date(text: str, order: str, *, serial: bool) -> str:
    """What is no date stays as it is, for the parser to judge."""
    if found := _NUMBERS.fullmatch(text):
        one, two, three = found[1], found[3], found[4]
        if len(one) == 4:
            year, month, day = one, two, three
        elif order == "ymd":
            year, month, day = one, two, three
        else:
            day, month, year = (two, one, three) if order == "mdy" else (one, two, three)
        if len(year) not in (2, 4) or len(day) > 2:
            return text
        if len(year) == 2:
            year = f"{'20' if int(year) < 69 else '19'}{year}"
        return f"{year}-{int(month):02}-{int(day):02}"
    if found := _NAMED.fullmatch(text):
        month = found["month"] or found["first"]
        if month.lower() not in _MONTHS:
            raise Bad("not_a_date", f"a date with the month as a number, as in 2026-03-31, or by its name in {_LANGUAGES}; {month} is none of these")
        return f"{found['year']}-{_MONTHS[month.lower()]:02}-{int(found['day'] or found['second']):02}"
    if order == "ymd" and re.fullmatch(r"\d{8}", text, re.ASCII):
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    if found := _SERIAL.fullmatch(text):
        if not serial:
            raise Bad("not_a_date", 'a date; if this is the day count of a spreadsheet, say date_order = "excel" in the mapping')
        day = (_EXCEL_DAY_0 + timedelta(days=int(found[1]))).isoformat()
        seconds = round(float(f"0{found[2]}") * 86_400) if found[2] else None
        return day if seconds is None else f"{day}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}" if seconds < 86_400 else f"{day}T23:59:59"
    return text


def _a_clock(text: str, zone: bool) -> str:
    found = _CLOCK.fullmatch(text)
    if not found:
        return f" {text}"
    hour, minute, second, fraction, half, hours, minutes, utc, name = found.groups()
    if half:
        if not 1 <= int(hour) <= 12:
            raise Bad("impossible_time", "an hour from 1 to 12 before AM or PM")
        hour = str(int(hour) % 12 + 12 * (half[0] in "Pp"))
    if name and not zone:
        raise Bad("not_a_time", f'an offset from UTC, as in +02:00; {name} is a name that is used for several: say time_zone = "Europe/Vienna" (or another) '
                                "in the mapping")
    offset = f"{hours[0]}{int(hours[1:]):02}:{minutes or '00'}" if hours else "Z" if utc else ""
    return f"T{int(hour):02}:{minute}" + (f":{second}" + (f".{fraction}" if fraction else "") if second else "") + offset
