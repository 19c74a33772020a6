"""What can be taken away from the cohort page: the tables and pictures of its cards, always of patients, under disclosure control."""
import os
from dataclasses import asdict
from functools import partial

import streamlit as st

from dashboard import crossfilter, disclosure, outgoing, pictured, settings
from dashboard import report as reports
from dashboard.cohort import Cohort
from dashboard.days import date_of, spoken
from dashboard.disclosure import Control
from dashboard.imports import export
from dashboard.outgoing import Outgoing
from dashboard.status import DISCLAIMER, Status
from dashboard.views import session

# charts of the cards; a card that is not here has no file
CARDS = {"where": ("locations",), "quality": ("qualities",), "duration": ("durations",), "severity": ("severity",), "quality_by_location": ("together",),
         "red_flags": ("symptoms",), "age": ("ages",), "sex_and_source": ("sexes", "sources"), "relief": ("relief",), "over_time": ("weeks",),
         "high_pain": ("high_pain",), "hour_of_day": ("hours",), "completeness": ("blank",)}


def control() -> Control:
    given = settings.read(os.environ)
    return disclosure.safe(settings.most_few(given), settings.rounding(given))


def help_of(file: str) -> str:
    asked, given = settings.rounding(settings.read(os.environ)), control()
    refused = (f" Rounded to {asked}, as PAIN_DIARY_ROUND asks, counts of two files would tell one that is left out: {given.step} is the next that is safe."
               if given.step != asked else "")
    return f"{file} {given.sentence()}{refused}{' On screen all are as they are.' if given.most else ''}"


def begin(cohort: Cohort, found: Status) -> None:
    """What the links of this run are about."""
    session.remember("taking", (cohort, found))


def links(card: str) -> None:
    """The files of a card."""
    cohort, found = session.recall("taking")
    with st.container(horizontal=True):
        for name in CARDS[card]:
            of = f" {outgoing.CHARTS[name].title.lower()}" if len(CARDS[card]) > 1 else ""
            st.download_button(f"CSV{of}", partial(_sheet, name, cohort, found), f"{name}.csv", "text/csv", key=f"csv_{name}", on_click="ignore",
                               icon=":material/download:", help=help_of("This table of patients as a file."))
            st.download_button(f"SVG{of}", partial(_picture, name, cohort, found, session.theme()), f"{name}.svg", "image/svg+xml", key=f"svg_{name}",
                               on_click="ignore", icon=":material/image:", help=help_of("This picture of patients as a file."))


def _counted(cohort: Cohort, found: Status) -> reports.Counted:
    """All charts at once, for each file the same: what one of them does not say, no other does."""
    asked = control()
    questions = {"taken": {"question": cohort.question(), "control": asdict(asked), **found.times}}
    return session.answers(questions, lambda connection, _: {"taken": reports.counted(connection, cohort, asked, **found.times)})["taken"]


def _made(name: str, cohort: Cohort, found: Status) -> Outgoing:
    made = _counted(cohort, found)
    return made.own.get(name) or next(chart for chart in made.charts if chart.name == name)


def _sheet(name: str, cohort: Cohort, found: Status) -> str:
    return export.sheet(outgoing.sheet(_made(name, cohort, found), about(crossfilter.context(cohort, name), found)))


def _picture(name: str, cohort: Cohort, found: Status, theme: str) -> str:
    return pictured.picture(_made(name, cohort, found), theme)


def report(cohort: Cohort, found: Status) -> None:
    """Made when it is asked for."""
    st.download_button("Report", partial(_report, cohort, found), "cohort_report.html", "text/html", key="report", type="tertiary", on_click="ignore",
                       icon=":material/summarize:", help=help_of("All charts and their tables on pages to print, counted in patients."))


def _report(cohort: Cohort, found: Status) -> str:
    made = _counted(cohort, found)
    through = _through(cohort, found)
    known = f", as known at event {found.known_at}" if found.known_at is not None else ""
    lines = [f"As of {spoken(found.as_of)}{known} · data through {'no day' if through is None else spoken(through)} (oldest source) · rules v{found.rule_set}",
             f"Made {session.now():%Y-%m-%d %H:%M} UTC. Each patient counts once. {control().sentence()}"]
    return reports.page(cohort.describe(), made, lines, disclaimer=DISCLAIMER)


def about(cohort: Cohort, found: Status) -> dict[str, str]:
    """What every file says of itself."""
    through = _through(cohort, found)
    return {"question": cohort.describe(), "as_of": date_of(found.as_of).isoformat(),
            **({"known_at_event": str(found.known_at)} if found.known_at is not None else {}),
            "data_through": "" if through is None else date_of(through).isoformat(), "rule_set": str(found.rule_set)}


def _through(cohort: Cohort, found: Status) -> int | None:
    return min((day for name, day in found.through.items() if not cohort.sources or name in cohort.sources), default=None)
