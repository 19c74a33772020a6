"""The cards of the cohort page: a chart to press, the table behind it, the table as CSV."""
from collections.abc import Callable, Collection

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.elements.lib.grid_container import GridContainer

from dashboard import crossfilter, filters
from dashboard.codelists import LOCATION, QUALITY
from dashboard.cohort import NOT_RECORDED, Cohort
from dashboard.distributions import Per
from dashboard.figures import cohort as figures
from dashboard.figures.cohort import Chart
from dashboard.people import CHRONIC, SUBACUTE
from dashboard.rules import active, explain
from dashboard.views import bodymap, frame, marks, question, session, takeaway
from dashboard.views.question import PER
from dashboard.wording import counted, percent

_WHATEVER = {"locations": "any place", "qualities": "any quality", "durations": "any duration", "severity": "any severity",
             "together": "any pair", "symptoms": "any symptom", "ages": "any age", "sexes": "any sex", "sources": "any source",
             "relief": "any relief", "hours": "any hour", "high_pain": "any share"}
SEVERAL = ("where", "quality")
HEIGHT = 166  # pixels of a chart: two rows of cards fit a small screen


def grid() -> GridContainer:
    """Three cards beside each other; on a tablet two."""
    return st.grid(3, min_column_width=265, gap=("xsmall", "small"))


def card(name: str, title: str, note: str, twin: pd.DataFrame, conventions: str | None = None) -> DeltaGenerator:
    """Title, base, and the table twin with what can be taken along. What is returned is for the chart. `conventions`: what its classes are."""
    made = st.container(border=True, key=f"card_{name}", gap="xxsmall")
    with made, st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown(f"**{title}** :small[:gray[{note}]]", width="stretch", help=conventions)
        opened = st.popover("Table", key=f"table_{name}", on_change="rerun", help="The numbers; as a file, and the picture too")
    if opened.open:  # what nobody looks at is not sent
        with opened:
            takeaway.links(name)
            if name in SEVERAL:
                frame.small("Several may be said: shares add up to more than 100 %.")
            st.dataframe(_in_words(twin, title), hide_index=True, key=f"twin_{name}", height="content" if len(twin) < 12 else 420,
                         width=440, alt=f"{title} as a table")
    return made


def _in_words(twin: pd.DataFrame, title: str) -> pd.DataFrame:
    return twin.drop(columns="code", errors="ignore").rename(columns=lambda name: title if name == "label" else name.replace("_", " ").capitalize())


def draw(name: str, title: str, chart: Chart, selected: Collection[str], change: Callable[[Cohort, str, bool], Cohort],
           height: int = HEIGHT) -> None:
    marks.show(chart, selected, name=title, key=f"chart_{name}", height=height,
               on_click=lambda code, add: question.change(lambda cohort: change(cohort, code, add)))


def of(field: str) -> Callable[[Cohort, str, bool], Cohort]:
    return lambda cohort, code, add: filters.pressed(cohort, field, code, add)


def base(chart: str, n: int, said: str, cohort: Cohort, per: Per) -> str:
    """How many the shares are of, and which filter the chart leaves out: its own."""
    whole = crossfilter.context(cohort, chart) == cohort
    return f"{counted(n, per)} {said}".strip() if whole else f"{n:,} {said or PER[per]}, {_WHATEVER[chart]}"


def shares(counted: pd.DataFrame) -> pd.DataFrame:
    """The numbers behind bars; the share is of those who answered, that of blanks of all."""
    blank, answered = int(counted["not_recorded"].iloc[0]), int(counted["answered"].iloc[0])
    rows = [(row.code, row.label, int(row.n), answered) for row in counted.itertuples() if row.code != NOT_RECORDED]
    rows.append((NOT_RECORDED, "not recorded", blank, answered + blank))
    return pd.DataFrame([(*row, percent(*row[2:])) for row in rows], columns=["code", "label", "n", "of", "share"])


def answered(chart: str, numbers: pd.DataFrame, cohort: Cohort, per: Per, column: str = "answered") -> str:
    return base(chart, int(numbers[column].iloc[0]), "answered", cohort, per)


def where(counted: pd.DataFrame, cohort: Cohort, per: Per) -> None:
    with card("where", "Where", answered("locations", counted, cohort, per), shares(counted)):
        bodymap.show(counted, filters.shown(cohort, "locations"), unit=per, key="body_map", height=HEIGHT,
                     on_click=lambda code, add: question.change(lambda asked: filters.pressed(asked, "locations", code, add)))


def qualities(counted: pd.DataFrame, cohort: Cohort, per: Per) -> None:
    chart = figures.bars(counted, PER[per], cohort.qualities)
    with card("quality", "What it is like", answered("qualities", counted, cohort, per), shares(counted)):
        draw("qualities", "What it is like", chart, filters.shown(cohort, "qualities"), of("qualities"))


def conventional(classes: str, of: str, unit: str) -> str:
    """What classes a chart draws; and what the rules in force go by, which is no concern of the chart's."""
    rules = session.answer("limits", {"of": of}, lambda connection: explain.limits(active.current(connection).rules, of))
    return f"{classes}. A convention; rules have their own limits{f': {rules} {unit}' if rules else ''}."


def durations(counted: pd.DataFrame, cohort: Cohort, per: Per) -> None:
    chart = figures.bars(counted, PER[per], sort=False)
    since = "Days since onset, at the last entry that says it:" if per == "patient" else "Days since onset:"
    with card("duration", "How long", answered("durations", counted, cohort, per), shares(counted)):
        draw("durations", "How long", chart, filters.shown(cohort, "durations"), of("durations"), HEIGHT - 70)
        frame.small(conventional(f"{since} under {SUBACUTE}, {SUBACUTE} to {CHRONIC - 1}, {CHRONIC} and more", "duration", "days"))


def severity(counted: pd.DataFrame, cohort: Cohort, per: Per) -> None:
    chart = figures.severity(counted, PER[per])
    bands = "Bands: " + ", ".join(f"{name} {low} to {high}" if high else f"{name} {low}" for name, (low, high) in figures.BANDS.items())
    with card("severity", "How bad", answered("severity", counted, cohort, per, "answered_average"), counted, conventional(bands, "worst pain", "of 10")):
        draw("severity", "How bad", chart, filters.lit(cohort), filters.severity_pressed)


def together(counted: pd.DataFrame, cohort: Cohort, per: Per) -> None:
    twin = counted.assign(location=counted["location"].map(LOCATION.label), quality=counted["quality"].map(QUALITY.label),
                          share=[percent(n, of) for n, of in zip(counted["n"], counted["named"], strict=True)])
    chart = figures.together(counted, PER[per])
    whole = len(chart.rows) == counted["location"].nunique() and len(chart.columns) == counted["quality"].nunique()
    left_out = crossfilter.context(cohort, "together") != cohort
    notes = ["" if whole else f"top {len(chart.rows)} × {len(chart.columns)}", _WHATEVER["together"] if left_out else ""]
    adds = "Shift adds the place and the quality: asked for is then any of the places with any of the qualities."
    with card("quality_by_location", "Quality × location", ", ".join(filter(None, notes)), twin, adds):
        if chart.marks:
            draw("together", "Quality by location", chart, [" ".join(pair) for pair in filters.pairs(cohort)],
                 lambda asked, code, add: filters.paired(asked, *code.split(), add))
        else:
            st.caption("No entry says both where it hurts and what it is like.")


def symptoms(counted: pd.DataFrame, cohort: Cohort, per: Per) -> None:
    everybody = int(counted[["present", "denied", "not_asked"]].iloc[0].sum())
    chart = figures.symptoms(counted, PER[per])
    with card("red_flags", "Red flags", base("symptoms", everybody, "", cohort, per), counted):
        draw("symptoms", "Red flags", chart, filters.shown(cohort, "symptoms"), of("symptoms"))
