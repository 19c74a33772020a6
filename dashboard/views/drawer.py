"""One patient beside the list: what to do now, why, on what evidence, what is unknown, what was done."""
import numpy as np
import pandas as pd
import streamlit as st

from dashboard import course, triage, worklist
from dashboard.days import spoken
from dashboard.figures.course import severity
from dashboard.rules import active
from dashboard.status import Status
from dashboard.views import acting, flagged, frame, listing, noted, patient_link, session
from dashboard.wording import counted, plain

DAYS_SHOWN, NOTES_SHOWN = 90, 3


def show(order: np.ndarray, patient: int, found: Status) -> None:
    """`order`: the patients of the list, for next and previous."""
    name = session.answer("name", {"patient": patient}, lambda connection: worklist.names(connection, [patient])).iloc[0]
    with st.container(border=True, key="drawer", gap="small"):
        with session.reading() as connection:
            rule_set = active.current(connection)
            flags = triage.flags_of(connection, patient)
            told = triage.history(connection, flags["flag"].tolist())
        _head(order, patient, name, found)
        acting.show(flags, told, patient, name["patient_id"])
        diary = session.answer("diary", {"patient": patient, "as_of": found.as_of}, lambda connection: course.diary(connection, patient, found.as_of))
        flagged.brief(flags, rule_set, found)
        flagged.unknown(patient, rule_set)
        noted.waiting(diary, patient, found.as_of, asked_above=(flags["status"] != "closed").any())
        flagged.guidance(flags, rule_set, found)
        flagged.evidence(flags, rule_set, patient, found)
        flagged.history(told, acting.take_back)
        _severity(diary, flags, found)
        _notes(diary)


def _head(order: np.ndarray, patient: int, name: pd.Series, found: Status) -> None:
    at = int(np.flatnonzero(order == patient)[0])
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("Previous", key="previous", icon=":material/keyboard_arrow_up:", shortcut="K", disabled=at == 0, on_click=_go, args=(order, at - 1))
        st.button("Next", key="next", icon=":material/keyboard_arrow_down:", shortcut="J", disabled=at == len(order) - 1, on_click=_go, args=(order, at + 1))
        st.space("stretch")
        st.button("Back to the list", key="shut", icon=":material/close:", shortcut="Esc", type="tertiary", on_click=_shut)
    said = session.answer("modifiers", {"patient": patient, "as_of": found.as_of},
                          lambda connection: worklist.recent_course(connection, [patient], found.as_of))
    chips = " ".join(f":gray-badge[{label}]" for label in said.loc[0, "modifiers"])
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"#### Patient {plain(name['patient_id'])}", width="content")
        st.space("stretch")
        patient_link.link(patient, "worklist", "to_patient")
    frame.small(f"{plain(name['source'])} · now {_score(said.loc[0, 'now'])}, worst {_score(said.loc[0, 'worst'])} {chips}")


def _score(value: float | None) -> str:
    return "not recorded" if value is None or pd.isna(value) else f"{value:g}"


def _go(order: np.ndarray, at: int) -> None:
    session.remember("patient", int(order[at]))
    page, row = divmod(at, listing.PAGE)
    session.remember("page", page + 1)
    session.choose_row("list", row)


def _shut() -> None:
    session.forget("patient")
    session.choose_row("list", None)


def _severity(diary: pd.DataFrame, flags: pd.DataFrame, found: Status) -> None:
    days = course.severity_by_day(diary[diary["day"] > found.as_of - DAYS_SHOWN])
    st.caption(f"**Severity**, {DAYS_SHOWN} days to {spoken(found.as_of)} · 0 = no pain, 10 = worst (higher is worse) · "
               f"{counted(len(days), 'day')} with a score")
    if len(days):
        marks = flags[flags["met"].astype(bool)].to_dict("records")
        chart = severity(days, marks, first_day=found.as_of - DAYS_SHOWN + 1, last_day=found.as_of, theme=session.theme())
        st.plotly_chart(chart, key="severity", theme=None, config={"displayModeBar": False}, alt="Severity by day with gaps where nothing was recorded")


def _notes(diary: pd.DataFrame) -> None:
    notes = course.notes(diary)
    if len(notes) > NOTES_SHOWN:
        st.caption(f"The newest {NOTES_SHOWN} of {len(notes)} notes; all are on the patient's page")
    for day, text in notes[:NOTES_SHOWN]:
        st.caption(f"Note of {spoken(day)}")
        noted.show(st.container(), text)
