"""The cards below the first screen of the cohort page: who, when, relief, high pain, completeness. Counted once they are opened."""
from dataclasses import replace

import pandas as pd
import streamlit as st

from dashboard import crossfilter, filters, profile
from dashboard.cohort import NONE, Cohort
from dashboard.conditions import NIGHT, NIGHT_HOURS, NOTHING_HELPED, PERIOD
from dashboard.crossfilter import Counted
from dashboard.days import spoken
from dashboard.distributions import Per
from dashboard.figures import cohort as figures
from dashboard.figures import profile as drawings
from dashboard.people import HIGH
from dashboard.status import Status
from dashboard.views import cards, session
from dashboard.views.question import PER
from dashboard.wording import counted, percent

_TALL, _LOW = 210, 84  # pixels of a chart, and of one of two in a card


def opened() -> bool:
    """Whether the reader has opened them; kept for the session."""
    if session.recall("more_charts") is None:
        session.remember("more_charts", session.recall("more_opened", False))
    return st.toggle("More charts: who they are, relief, over time, hour of day, time in high pain, completeness", key="more_charts",
                     on_change=lambda: session.remember("more_opened", session.recall("more_charts")))


def show(numbers: dict[str, Counted], cohort: Cohort, per: Per, found: Status) -> None:
    with cards.grid() as grid:
        for span, card in ((1, _age), (1, _sex_and_source), (1, _relief), (2, _over_time), (1, _high_pain), (2, _hours), (1, _completeness)):
            with grid.cell(column_span=span):
                card(numbers, cohort, per, found)


def _age(numbers: dict[str, Counted], cohort: Cohort, per: Per, found: Status) -> None:
    ages = numbers["ages"]
    chart = figures.bars(ages, PER[per], sort=False)
    with cards.card("age", "Age", cards.answered("ages", ages, cohort, per), cards.shares(ages)):
        cards.draw("ages", "Age", chart, filters.lit_bands(cohort, profile.AGES, "age"),
                   lambda asked, code, add: filters.band_pressed(asked, profile.AGES, "age", code, add), _TALL - 24)
        st.caption(f"Reached in {spoken(found.as_of)[-4:]}, by the last birth year given.")


def _sex_and_source(numbers: dict[str, Counted], cohort: Cohort, per: Per, found: Status) -> None:
    sexes, sources = numbers["sexes"], numbers["sources"]
    by_source = figures.bars(sources, PER[per], cohort.sources)  # of which the last is a source not recorded: there is none
    charts = {"sexes": ("Sex", figures.bars(sexes, PER[per], sort=False)), "sources": ("Source", replace(by_source, marks=by_source.marks[:-1]))}
    twin = pd.concat([cards.shares(frame).assign(of_what=name) for name, frame in (("sex", sexes), ("source", sources))])
    with cards.card("sex_and_source", "Sex, source", cards.answered("sexes", sexes, cohort, per), twin):
        for field, (name, chart) in charts.items():
            cards.draw(field, name, chart, filters.shown(cohort, field), cards.of(field), _LOW + 12)


def _relief(numbers: dict[str, Counted], cohort: Cohort, per: Per, found: Status) -> None:
    relief = numbers["relief"]
    chart = drawings.relief(relief, PER[per])
    lit = [*filters.shown(cohort, "tried"), *(NOTHING_HELPED if NONE in filters.shown(cohort, "helped") else ())]
    twin = relief.iloc[(-relief["tried"].where(relief["helped"].notna(), -1)).argsort(kind="stable")]  # most tried first, as drawn; then who found nothing
    twin = twin.assign(share_helped=[percent(row.helped, row.tried) if row.helped == row.helped else "" for row in twin.itertuples()])
    with cards.card("relief", "Relief", cards.answered("relief", relief, cohort, per), twin):
        cards.draw("relief", "Relief", chart, lit, filters.relief_pressed, _TALL - 24)
        st.caption("Helped ÷ tried; beside the name, how many tried it.")


def _over_time(numbers: dict[str, Counted], cohort: Cohort, per: Per, found: Status) -> None:
    weeks = numbers["weeks"]
    chart = drawings.over_time(weeks, per)
    whole = crossfilter.context(cohort, "weeks") == cohort
    through = f", data through {spoken(found.oldest)} (oldest source)" if found.oldest is not None else ""
    note = f"{'' if whole else 'any date, '}as of {spoken(found.as_of)}{through}"
    bands = {row.code: (int(row.since), int(row.until)) for row in weeks.itertuples()}
    with cards.card("over_time", "Over time", note, weeks.drop(columns=["since", "until"])):
        if chart.marks:
            cards.draw("weeks", "Over time", chart, filters.lit_bands(cohort, bands, PERIOD),
                       lambda asked, code, add: filters.band_pressed(asked, bands, PERIOD, code, add), _TALL)
        else:
            st.caption("No entry.")


def _high_pain(numbers: dict[str, Counted], cohort: Cohort, per: Per, found: Status) -> None:
    counts = numbers["high_pain"]
    chart = figures.bars(counts, PER["patient"], sort=False)
    answered = cards.base("high_pain", int(counts["answered"].iloc[0]), "", cohort, "patient")
    high = cards.conventional(f"High pain is {HIGH} and more", "worst pain", "of 10")
    with cards.card("high_pain", "Time in high pain", answered, cards.shares(counts), high):
        cards.draw("high_pain", "Time in high pain", chart, filters.shown(cohort, "high_pain"), cards.of("high_pain"), _TALL - 68)
        st.caption(f"Share of a patient's diary days with worst pain of {HIGH} or more, all entries in the period; where worst is blank, severity stands in. "
                   "Counted in patients.")


def _hours(numbers: dict[str, Counted], cohort: Cohort, per: Per, found: Status) -> None:
    hours = numbers["hours"]
    chart = drawings.hours(hours, PER[per])
    asked = filters.shown(cohort, "hours")
    lit = [*asked, *(NIGHT_HOURS if NIGHT in asked else ())]
    with cards.card("hour_of_day", "Hour of day", f"{cards.answered('hours', hours, cohort, per)}, night 22:00 to 06:00", cards.shares(hours)):
        cards.draw("hours", "Hour of day", chart, lit, cards.of("hours"), _TALL)


def _completeness(numbers: dict[str, Counted], cohort: Cohort, per: Per, found: Status) -> None:
    fields = numbers["blank"]
    everybody = int(fields[["answered", "not_recorded"]].iloc[0].sum())
    chart = drawings.completeness(fields, PER[per])
    twin = fields.assign(share=[percent(row.answered, everybody) for row in fields.itertuples()])
    whole = crossfilter.context(cohort, "blank") == cohort
    with cards.card("completeness", "Completeness", f"{counted(everybody, per)}{'' if whole else ', any gap'}", twin):
        cards.draw("blank", "Completeness", chart, filters.shown(cohort, "blank"), cards.of("blank"), _TALL - 24)
        st.caption("In any matching entry." if per == "patient" else "Press for the entries that leave it blank.")
