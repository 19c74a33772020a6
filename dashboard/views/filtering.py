"""Every filter of the cohort page as a form. Drawn while it is open: a click on a chart does not wait for it."""
from dataclasses import replace
from datetime import date
from functools import partial

import streamlit as st

from dashboard import filters
from dashboard.cohort import CODES, SEVERAL, Cohort
from dashboard.conditions import PERIOD, RANGES, range_names
from dashboard.days import date_of, day_of
from dashboard.status import Status
from dashboard.views import question, session

_LISTS = {"locations": "Where", "qualities": "Quality", "radiates_to": "Spreads to", "durations": "Duration", "onset_speed": "Onset", "pattern": "Pattern",
          "trend": "Trend", "severity_kind": "Kind of severity", "symptoms": "Reported", "history": "History",
          "aggravated_by": "Made worse by", "tried": "Tried", "helped": "Helped", "hours": "Hour of day", "high_pain": "Time in high pain",
          "buckets": "Stands as", "tiers": "Worst tier", "sexes": "Sex", "sources": "Source", "blank": "Not recorded in the entry"}
_RANGES = {"age": ("Age", 150, 1), "severity": ("Severity", 10.0, 0.5), "worst": ("Worst severity", 10.0, 0.5), "least": ("Least severity", 10.0, 0.5),
           "interference": ("Interference", 10.0, 0.5), "temperature": ("Temp. °C", 45.0, 0.1), "bout": ("Minutes a bout", 525_600.0, 5.0)}
_BLANK = {"temperature": "Temperature"}
_MEANT = {"any": (False, False), "all of": (False, True), "not": (True, False), "not all of": (True, True)}
_PAGES = (("What was said", ("locations", "qualities", "symptoms"), ("severity", "worst", "temperature"), ("durations", "tried", "helped")),
          ("Who and when", ("sexes", "sources", "hours"), ("age", PERIOD), ("buckets", "tiers", "high_pain")),
          ("More fields", ("radiates_to", "aggravated_by", "history", "blank"), ("least", "interference", "bout"),
           ("pattern", "onset_speed", "trend", "severity_kind")))


def popover(cohort: Cohort, found: Status) -> None:
    opened = st.popover("Filters", icon=":material/tune:", key="filters", width="content", on_change="rerun")
    if opened.open:
        # on a small screen all of it is in sight, with a filter or two set in each column
        with opened, st.container(gap="xxsmall", width=666):
            _form(cohort, found)


def _form(cohort: Cohort, found: Status) -> None:
    session.remember("f_whole", cohort.whole)
    st.radio("Count", [False, True], key="f_whole", horizontal=True, on_change=_set, args=("whole",), label_visibility="collapsed",
             format_func={False: "Entries that match", True: "All entries of patients who match"}.get)
    for tab, (_, *columns) in zip(st.tabs([title for title, *_ in _PAGES]), _PAGES, strict=True):
        for place, fields in zip(tab.columns(3), columns, strict=True):
            with place, st.container(gap="xsmall"):
                for field in fields:
                    (_days if field == PERIOD else _range if field in RANGES else partial(_list, found=found))(cohort, field)
    st.caption(f"{'One entry has' if cohort.whole else 'Entries have'} to meet every filter{', and no other may say what a *not* rules out' * cohort.whole}. "
               "*Not* is met by another answer, never by none.")


def _list(cohort: Cohort, field: str, found: Status) -> None:
    codes = CODES.get(field) or tuple(sorted({*found.through, *cohort.sources}))
    session.remember(f"f_{field}", list(getattr(cohort, field)))
    st.multiselect(_LISTS[field], list(codes), key=f"f_{field}", on_change=_set, args=(field,), placeholder="Any",
                   format_func=lambda code: code if field == "sources" else filters.label(field, code).capitalize())
    _meant(cohort, field, _LISTS[field])


def _meant(cohort: Cohort, field: str, name: str) -> None:
    """Any of the values, all, or none of them; below, as beside each other neither could be read."""
    if not cohort.asks(field):
        return
    several = field in SEVERAL and len(getattr(cohort, field)) > 1
    offered = [words for words, (_, every) in _MEANT.items() if several or not every]
    session.remember(f"m_{field}", next(words for words, modes in _MEANT.items() if modes == (field in cohort.negated, field in cohort.every)))
    st.selectbox(f"How {name.lower()} is meant", offered, key=f"m_{field}", label_visibility="collapsed", on_change=_mean, args=(field,))


def _range(cohort: Cohort, field: str) -> None:
    """An end that is left blank is open. Two numbers, as what a slider writes beside its ends cannot be read in the dark."""
    name, most, step = _RANGES[field]
    least, (*ends, blank) = type(most)(RANGES[field][0]), range_names(field)
    for place, end, word in zip(st.columns(2, gap="xxsmall", vertical_alignment="bottom"), ends, ("from", "to"), strict=True):
        value = getattr(cohort, end)
        session.remember(f"f_{end}", None if value is None else type(most)(min(max(value, least), most)))
        place.number_input(f"{name} {word}", least, most, value=None, step=step, format="%g" if isinstance(most, float) else "%d", key=f"f_{end}",
                           placeholder="any", on_change=_set, args=(end,))
    session.remember(f"f_{blank}", getattr(cohort, blank))
    st.checkbox(f"{_BLANK.get(field, name)} not recorded", key=f"f_{blank}", on_change=_set, args=(blank,))
    _meant(cohort, field, name)


def _days(cohort: Cohort, period: str) -> None:
    for field, label in zip(range_names(period), ("From", "Until"), strict=True):  # below each other: half as wide, a day cannot be read
        day = getattr(cohort, field)
        session.remember(f"f_{field}", None if day is None else date_of(day))
        st.date_input(label, value=None, min_value=date(1900, 1, 1), max_value=date(2100, 1, 1), key=f"f_{field}", on_change=_set, args=(field,),
                      format="YYYY-MM-DD")
    _meant(cohort, period, "the period")


def _mean(field: str) -> None:
    negated, every = _MEANT[session.recall(f"m_{field}")]
    question.change(lambda cohort: filters.moded(cohort, field, negated=negated, every=every))


def _set(field: str) -> None:
    value = session.recall(f"f_{field}")
    value = tuple(value) if isinstance(value, list) else day_of(value) if isinstance(value, date) else value
    question.change(lambda cohort: replace(cohort, **{field: value}))
