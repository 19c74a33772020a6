"""One patient: how it went, what was found and done, what helped, every entry and note. Reached from a row, or by the id."""
from collections.abc import Callable

import pandas as pd
import streamlit as st
from sqlalchemy import Engine

from dashboard import cohort, course, printed, status, triage, worklist
from dashboard.codelists import CHOICES
from dashboard.course import Person
from dashboard.days import ago, spoken
from dashboard.imports import export
from dashboard.rules import active
from dashboard.rules.definition import RuleSet
from dashboard.status import Status
from dashboard.views import flagged, frame, noted, person, session, trace
from dashboard.wording import counted, period, plain

BACK = {"worklist": ("dashboard/views/worklist.py", "Back to the worklist"), "cohort": ("dashboard/views/cohort.py", "Back to the cohort"),
        "quality": ("dashboard/views/quality.py", "Back to data quality"), "rules": ("dashboard/views/rules.py", "Back to the rules")}


def page() -> None:
    name = _name()
    found, beside = frame.beginning(f"Patient {plain(name['patient_id'])}" if name else "Patient")
    if name is None:
        _choose(found)
        return
    patient = int(name["patient"])
    asked = {"patient": patient, "as_of": found.as_of}
    diary = session.answer("diary", asked, lambda connection: course.diary(connection, patient, found.as_of))
    rule_set = session.answer("rules in force", {"version": found.rule_set}, active.current)
    with session.reading() as connection:
        flags = triage.flags_of(connection, patient)
        actions = triage.history(connection, flags["flag"].tolist())
        standing = course.standing(connection, patient)
    who = course.person(diary, found.as_of) if len(diary) else None
    about = _about(name["source"], who, found)
    with beside:
        _beside(patient, who is not None, found, lambda: _paper(name["patient_id"], about, who, standing, flags, diary, rule_set, found))
    _header(standing, about, who, flags)
    if who:
        noted.waiting(diary, patient, found.as_of)
        person.chart(diary, flags, actions)
    left, right = st.columns([11, 8], gap="large")
    with left:
        _flags(flags, actions, rule_set, patient, found)
    with right:
        flagged.unknown(patient, rule_set)
        if who:
            person.helped(diary)
    if who:
        person.places(diary)
        person.entries(diary)
        person.notes(diary)


def _name() -> dict | None:
    """Who is chosen, or was found by the id that was asked for."""
    wanted = session.recall("patient_wanted")
    if wanted and session.recall("patient_page") is None:
        matches = session.answer("find", {"id": wanted}, lambda connection: cohort.find(connection, wanted))
        if len(matches) == 1:
            open_(matches[0][0])
    chosen = session.recall("patient_page")
    if chosen is None:
        return None
    names = session.answer("name", {"patient": chosen}, lambda connection: worklist.names(connection, [chosen]))
    return names.iloc[0].to_dict() if len(names) else None


def open_(patient: int) -> None:
    session.remember("patient_page", int(patient))
    session.forget("patient_from", "patient_wanted")


# --- nobody chosen ------------------------------------------------------------------------------------------------------------------

def _choose(found: Status) -> None:
    if found.is_empty:
        frame.empty_database()
        return
    with st.container(border=True, key="choose_patient"):
        st.subheader("Choose a patient", anchor=False)
        st.markdown("Open one from the worklist, or find one by the id. The address of this page holds no id, so a reloaded page asks again.")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input("Patient id", key="patient_id", width=320, on_change=_find)
            st.button("Find", key="find_patient", type="primary", on_click=_find)
        wanted = session.recall("patient_wanted")
        if wanted:
            _matches(wanted)
        st.page_link(BACK["worklist"][0], label="Worklist", icon=":material/arrow_back:")


def _find() -> None:
    session.remember("patient_wanted", (session.recall("patient_id") or "").strip())


def _matches(wanted: str) -> None:
    matches = session.answer("find", {"id": wanted}, lambda connection: cohort.find(connection, wanted))
    if not matches:
        st.markdown(f"**No patient has the id {plain(wanted)}.** Ids are texts and have to be the same letter for letter: 007 and 7 are two patients.")
        return
    st.markdown(f"**{counted(len(matches), 'source')} know a patient {plain(wanted)}.** They may be different people.")
    with st.container(horizontal=True):
        for number, source, _ in matches:
            st.button(plain(source), key=f"patient_{number}", on_click=open_, args=(number,))


# --- who it is ----------------------------------------------------------------------------------------------------------------------

def _about(source: str, who: Person | None, found: Status) -> list[str]:
    """As plain text, for the page and for paper."""
    if who is None:
        return [source, f"no entry by {spoken(found.as_of)}"]
    age = found.as_of - who.last_day
    return [source, "age not recorded" if who.age is None else counted(who.age, "year"), CHOICES["sex"][who.sex] if who.sex else "sex not recorded",
            f"last entry {spoken(who.last_day)} ({'on the as-of date' if not age else f'{ago(age)} before the as-of date'})",
            f"{counted(who.entries, 'entry')}, {period(who.first_day, who.last_day)}"]


def _header(standing: dict | None, about: list[str], who: Person | None, flags: pd.DataFrame) -> None:
    if standing:
        tier, bucket = standing["tier"], standing["bucket"]
        said = [frame.coloured_tier(tier) if tier else f":gray[**– {CHOICES['bucket']['no_criterion_met']}** in what was recorded]"]
        if tier:
            worst = flags[flags["tier"] == tier]
            said += worst["reason"].head(1).tolist() + ["what was met is closed"] * bool((worst["status"] == "closed").all())
        if bucket not in (next((bucket for bucket, of in worklist.TIER_OF.items() if of == tier), None), "no_criterion_met"):
            said.append(f"counted as {CHOICES['bucket'][bucket].lower()}")
        if unknown := standing["cannot_assess"].bit_count():
            said.append(f":violet[? {counted(unknown, 'rule')} cannot be assessed]")
    else:
        said = [":gray[not evaluated]"]
    chips = [f":orange-badge[⚠ {label}: both yes and no]" if disagreed else f":gray-badge[{label}]" for label, disagreed in (who.history if who else ())]
    st.markdown(f"{' · '.join(said)}  \n{' · '.join(map(plain, about))} {' '.join(chips)}")


def _beside(patient: int, anything: bool, found: Status, paper: Callable[[], str]) -> None:
    page_, label = BACK.get(session.recall("patient_from"), (BACK["worklist"][0], "Worklist"))
    st.page_link(page_, label=label, icon=":material/arrow_back:")
    st.button("Another patient", key="another", type="tertiary", on_click=session.forget, args=("patient_page", "patient_from", "patient_wanted"))
    if anything:
        engine = session.engine()
        st.download_button("CSV", lambda: _sheet(engine, patient, found.as_of), "patient_entries.csv", "text/csv", key="csv",
                           icon=":material/download:", help="Every entry of this patient, in the columns that the import reads back",
                           **trace.left("all entries of a patient", patients=1))
        st.download_button("Print", paper, "patient.html", "text/html", key="print", icon=":material/print:",
                           help="One page to hand over; open it and print", **trace.left("a patient's page to print", patients=1))


def _paper(patient_id: str, about: list[str], who: Person, standing: dict | None, flags: pd.DataFrame, diary: pd.DataFrame, rule_set: RuleSet,
           found: Status) -> str:
    bucket = CHOICES["bucket"][standing["bucket"]] if standing else "Not evaluated"
    history = ", ".join(label + (" (both yes and no)" if disagreed else "") for label, disagreed in who.history)
    unknown = rule_set.ids(standing["cannot_assess"]) if standing else []
    return printed.hand_over(
        f"Patient {patient_id}", [" · ".join([bucket, *about]), f"History: {history or 'none reported'}"], flagged.on_paper(flags, rule_set),
        "; ".join(f"{rule_id} {rule_set.by_id(rule_id).title.lower()}" for rule_id in unknown), course.in_words(diary), course.notes(diary),
        as_of=found.as_of, status_line=status.line(found), disclaimer=status.DISCLAIMER)


def _sheet(engine: Engine, patient: int, as_of: int) -> str:
    with engine.connect() as connection:
        return export.sheet(export.canonical(connection, cohort.entries(connection, as_of, patients=[patient])))


# --- what was found -----------------------------------------------------------------------------------------------------------------

def _flags(flags: pd.DataFrame, actions: pd.DataFrame, rule_set: RuleSet, patient: int, found: Status) -> None:
    st.markdown("##### Flags, and what was done")
    if flags.empty:
        st.markdown("No criterion met in what was recorded.")
        return
    if (flags["status"] != "closed").any():
        if session.recall("patient_from") == "worklist":
            frame.small("To act on them, go back to the worklist: this patient is still open there.")
        elif st.button("Act on them in the worklist", key="to_worklist", type="tertiary", icon=":material/arrow_forward:", on_click=_to_worklist,
                         args=(patient,)):
            st.switch_page(BACK["worklist"][0])
    with st.container(key="patient_flags", gap="xsmall"):
        flagged.each(flags, rule_set, found)
    if flags["met"].astype(bool).any() and st.toggle("Show the diary entries behind them", key="patient_evidence"):
        flagged.evidence(flags, rule_set, patient, found)
    flagged.history(actions)


def _to_worklist(patient: int) -> None:
    """Opens the patient there, without a filter that would hide the line."""
    session.forget("tile", "status", "owner", "rule", "source", "within", "find", "page")
    session.remember("patient", patient)


page()
