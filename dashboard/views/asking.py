"""Questions about the columns of a file that its cells cannot answer, each with what every answer would mean."""
import re
from datetime import date, timedelta
from functools import cache
from zoneinfo import available_timezones

import streamlit as st

from dashboard.days import day_of, spoken
from dashboard.imports import lines
from dashboard.imports.checked import MOMENTS
from dashboard.imports.columns import Column
from dashboard.imports.draft import Draft
from dashboard.imports.lines import DECIMAL, NOT_CHECKED, ORDER, ORIGIN, SCALE, UNIT, Line
from dashboard.views import drafting, session
from dashboard.wording import plain

_SCALES = ((0, 10), (0, 100), (1, 10), (0, 5), (1, 5), (0, 4), (0, 3))
_UNITS = {"onset_date": ("days", "weeks", "months", "years"), "bout_minutes": ("minutes", "hours", "days"), "temperature_c": ("celsius", "fahrenheit"),
          "birth_year": ("years",)}
_DATE = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})\b.*", re.DOTALL)
_NUMBER = re.compile(r"\d+([.,]\d+)?", re.ASCII)
_DAY_COUNT = re.compile(r"(\d{5})(\.\d+)?")


def question(draft: Draft, at: int, line: Line, ask: str) -> None:
    column, key = line.column, f"{ask}_{at}"
    if ask == ORIGIN:
        _origin(line, at, key)
        return
    value = {SCALE: tuple(map(int, column.scale)) if column.scale else (0, 10), ORDER: column.date_order, UNIT: column.unit,
             DECIMAL: "," if column.decimal == "," else ".", NOT_CHECKED: column.not_checked and _limit(column)}[ask] or ""
    words, options = _asked(draft, line, ask)
    if ask in line.answered and value not in options:
        return  # said in a way that only a mapping file can say
    session.remember(key, value if ask in line.answered else None)
    _, room = st.columns((1, 2))
    with room:
        if ask == SCALE and ask in line.answered:
            st.selectbox(words, list(options), format_func=options.get, key=key, on_change=_answer, args=(at, ask), width=320)
        else:
            mark = "" if ask in line.answered else ":orange[**?**] "
            st.radio(f"{mark}{words}", list(options), format_func=options.get, index=None, key=key, on_change=_answer, args=(at, ask),
                     horizontal=ask == UNIT)


def _origin(line: Line, at: int, key: str) -> None:
    said = line.column.counted_from
    session.remember(key, date.fromisoformat(said) if said else None)
    _, room = st.columns((1, 2))
    with room:
        mark = "" if said else ":orange[**?**] "
        st.date_input(f"{mark}Which day is day 0 of {plain(line.headers[0])}?", min_value=date(1900, 1, 1), max_value="today", key=key, format="YYYY-MM-DD",
                      on_change=_answer_origin, args=(at,), width=320, help="The column counts days. If nobody may know which days they were, choose any.")


def _answer_origin(at: int) -> None:
    day = session.recall(f"{ORIGIN}_{at}")
    if day:
        drafting.changed(drafting.current().answered(at, ORIGIN, day.isoformat()))


def _limit(column: Column) -> str:
    return column.no_only_where.column if column.no_only_where else "no"


def _answer(at: int, ask: str) -> None:
    drafting.changed(drafting.current().answered(at, ask, session.recall(f"{ask}_{at}")))


def _asked(draft: Draft, line: Line, ask: str) -> tuple[str, dict[object, str]]:
    """The question, and the answers with what each would mean."""
    header = plain(line.headers[0])
    match ask:
        case lines.SCALE:
            most = _most(draft, line)
            scales = _SCALES if most <= 10 or SCALE in line.answered else _SCALES[:2]
            says = {scale: f"{scale[0]} to {scale[1]}{f': {_shown(most, scale)}' if most else ''}" for scale in scales}
            return f"On which scale is {header}?", says
        case lines.ORDER:
            return _order(draft, line, header)
        case lines.UNIT:
            number = "A temperature" if line.becomes == "temperature_c" else "A number without a unit"
            words = {"celsius": "Celsius", "fahrenheit": "Fahrenheit"}
            return f"{number} in {header} is in", {unit: words.get(unit, unit) for unit in _UNITS[line.becomes]}
        case lines.DECIMAL:
            return f"The comma in {header}", {",": "is the decimal sign: 7,5 is seven and a half",
                                              ".": "separates thousands: 1,200 is one thousand two hundred"}
        case _:
            limits = {where.column: f"No, where {plain(where.column)} is {plain(' or '.join(where.values or ()))}; elsewhere nobody may have seen the question"
                      for where in draft.complete(line)}
            everywhere = "No, in every row" if limits else "No: it was asked and denied"
            return f"A box of {header} that is not ticked says", {**limits, "no": everywhere, "": "Nothing: it stays unknown"}


def _most(draft: Draft, line: Line) -> float:
    """The highest number in it."""
    texts = (text.strip() for name in line.headers for text in draft.sheet(line).columns[name].dictionary[:2_000].to_pylist())
    return max((float(text.replace(",", ".")) for text in texts if _NUMBER.fullmatch(text)), default=0.0)


def _shown(value: float, scale: tuple[int, int]) -> str:
    low, high = scale
    return f"{value:g} is {(value - low) * 10 / (high - low):.3g} of 10" if low <= value <= high else f"{value:g} is a mistake and waits in quarantine"


def _order(draft: Draft, line: Line, header: str) -> tuple[str, dict[object, str]]:
    texts = [text.strip() for name in line.headers for text in draft.sheet(line).columns[name].dictionary[:2_000].to_pylist()]
    counted_days = next((found for text in texts if (found := _DAY_COUNT.fullmatch(text))), None)
    if counted_days:
        day = date(1899, 12, 30) + timedelta(days=int(counted_days[1]))
        return f"What is {counted_days[0]} in {header}?", {"excel": f"{spoken(day_of(day))}: the day count of a spreadsheet"}
    both = [found for text in texts if (found := _DATE.fullmatch(text)) and found[1] != found[2] and int(found[1]) <= 12 and int(found[2]) <= 12]
    said, one, two, year = (both[0][0], int(both[0][1]), int(both[0][2]), int(both[0][3])) if both else ("03/04/2026", 3, 4, 2026)
    year += 2000 if year < 69 else 1900 if year < 100 else 0
    return f"What is {plain(said)} in {header}?", {"dmy": f"{spoken(day_of(date(year, two, one)))}: the day comes first",
                                                  "mdy": f"{spoken(day_of(date(year, one, two)))}: the month comes first"}


@cache
def _zones() -> list[str]:
    return sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))


def time_zone(draft: Draft) -> None:
    """Optional: without it, times stay local, as they were written."""
    timed = [line for line in draft.lines if line.becomes in MOMENTS and any(re.search(r"\d[:.]\d{2}", value) for value in line.examples)]
    if timed and not draft.how.as_template:
        session.remember("time_zone", draft.rest.reading.time_zone)
        st.selectbox("Time zone of times that are written without one", _zones(), index=None, key="time_zone", width=380,
                     placeholder="Not said: kept as local times", on_change=lambda: drafting.changed(drafting.current().time_zone(session.recall("time_zone"))))
