"""Where it hurts, what it is like, how long, how bad, with what: of any part of the diaries, each chart a filter for all others."""
from dataclasses import replace

import pandas as pd
import streamlit as st

from dashboard import crossfilter, filters, members
from dashboard.cohort import BUCKETS, NOT_RECORDED, Cohort
from dashboard.crossfilter import Counted
from dashboard.days import spoken
from dashboard.distributions import Per, Sample
from dashboard.imports import export
from dashboard.status import Status
from dashboard.views import cards, frame, patient_link, question, session
from dashboard.wording import counted, plain

FIRST_SCREEN = ("base", "buckets", "locations", "qualities", "durations", "severity", "together", "symptoms")
PAGE = 100  # patients
ICONS = {"emergency": "⬢", "same_day": "▲", "not_assessable": "?", "routine": "●", "no_criterion_met": "–", "no_entries": "", NOT_RECORDED: ""}


def page() -> None:
    found, beside = frame.beginning("Cohort")
    if found.is_empty:
        frame.empty_database()
        return
    asked = question.asked()
    if asked is None:
        return
    cohort, per = asked
    with beside:
        stands = st.container(width="content")
        question.bar(cohort, found)
    with st.container(gap="xsmall"):
        numbers = _numbers(cohort, per, found, FIRST_SCREEN)
        _base(numbers["base"], cohort)
        _cards(numbers, cohort, per, found)
    with stands:
        _stands(numbers["buckets"], cohort)
    if numbers["base"].entries:
        _members(cohort, numbers["base"], found)


def _cards(numbers: dict[str, Counted], cohort: Cohort, per: Per, found: Status) -> None:
    if not numbers["base"].entries:
        question.loosen(cohort, session.answer("without", {"question": cohort.question(), "as_of": found.as_of}, lambda connection: {
            chip.text: crossfilter.count(connection, chip.left, ["base"], as_of=found.as_of)["base"].patients for chip in filters.chips(cohort)}))
    for row in ((cards.where, "locations"), (cards.qualities, "qualities"), (cards.durations, "durations")), (
            (cards.severity, "severity"), (cards.together, "together"), (cards.symptoms, "symptoms")):
        for column, (card, name) in zip(st.columns(3, gap="small"), row, strict=True):
            with column:
                card(numbers[name], cohort, per)


def _numbers(cohort: Cohort, per: Per, found: Status, charts: tuple[str, ...]) -> dict[str, Counted]:
    questions = {f"cohort {name}": {"of": crossfilter.context(cohort, name).question(), "per": per, "as_of": found.as_of} for name in charts}

    def count(connection: object, missing: list[str]) -> dict[str, Counted]:
        made = crossfilter.count(connection, cohort, [name.removeprefix("cohort ") for name in missing], as_of=found.as_of, per=per)
        return {f"cohort {name}": one for name, one in made.items()}
    with st.spinner(f"Counting {counted(found.entries, 'entry')} …", show_time=True):
        made = session.answers(questions, count)
    return {name.removeprefix("cohort "): one for name, one in made.items()}


def _base(base: Sample, cohort: Cohort) -> None:
    each = base.entries_per_patient
    middle = "" if each["median"] is None else f" · median {each['median']:g} a patient [{each['q1']:g}–{each['q3']:g}]"
    with st.container(horizontal=True, vertical_alignment="center", key="base", gap="small"):
        st.markdown(f"{plain(cohort.describe())}: **{counted(base.patients, 'patient')}** · **{counted(base.entries, 'entry')}**:gray[{middle}]",
                    width="content")
        question.chips(cohort)


def _stands(buckets: pd.DataFrame, cohort: Cohort) -> None:
    """Everybody by what the last evaluation made of them; a filter too."""
    shown = buckets[(buckets["n"] > 0) | buckets["code"].isin(cohort.buckets)]
    words = {row.code: f"{ICONS[row.code]} {row.label.capitalize()} **{row.n:,}**".strip() for row in shown.itertuples()}
    session.remember("stands", [code for code in cohort.buckets if code in words])
    st.pills("Stands as", list(words), selection_mode="multi", format_func=words.get, key="stands", label_visibility="collapsed", on_change=_choose_stands)


def _choose_stands() -> None:
    chosen = tuple(session.recall("stands"))
    question.change(lambda cohort: replace(cohort, buckets=chosen))


# --- who ----------------------------------------------------------------------------------------------------------------------------

def _members(cohort: Cohort, base: Sample, found: Status) -> None:
    pages = -(-base.patients // PAGE)
    if session.recall("members_page", 1) > pages:
        session.forget("members_page")
    with st.container(horizontal=True, vertical_alignment="center", key="members_head"):
        st.subheader("Patients in this cohort", anchor=False, width="content")
        frame.small("worst first; entries, days, scores and words are those of the matching entries", width="stretch")
        number = st.pagination(pages, key="members_page") if pages > 1 else 1
        st.download_button("CSV", lambda: _sheet(cohort, found), "patients.csv", "text/csv", key="csv_members", on_click="ignore",
                           icon=":material/download:", help=f"All {counted(base.patients, 'patient')} of this cohort")
    shown = session.answer("members", {"question": cohort.question(), "as_of": found.as_of, "page": number},
                           lambda connection: members.page(connection, cohort, as_of=found.as_of, first=(number - 1) * PAGE, most=PAGE))
    session.remember("member_rows", shown["patient"].tolist())
    st.dataframe(_in_words(shown), key="members", hide_index=True, on_select="rerun", selection_mode=["single-row", "single-cell"], row_height=34,
                 height=min(36 + 34 * len(shown), 620), alt="Patients of this cohort, worst tier first; choose one to open the patient's page",
                 column_config={"Stands as": st.column_config.TextColumn(width=150), "Where": st.column_config.ListColumn(width=220),
                                "What it is like": st.column_config.ListColumn(width=220)})
    chosen = session.chosen("members", session.recall("member_rows"), None)
    frame.small(f"{len(shown):,} of {counted(base.patients, 'patient')} shown, page {number} of {pages}. "
                + ("" if chosen is not None else "Choose a row to open the patient's page."))
    if chosen is not None:
        patient_link.link(int(chosen), "cohort", "open_patient")


def _in_words(shown: pd.DataFrame) -> pd.DataFrame:
    names = {**BUCKETS, NOT_RECORDED: "not evaluated yet"}
    return pd.DataFrame({
        "Stands as": [f"{ICONS[code]} {names[code].capitalize()}".strip() for code in shown["bucket"]],
        "Patient": shown["patient_id"], "Source": shown["source"], "Entries": shown["entries"], "Last": [spoken(day) for day in shown["last_day"]],
        "Mean severity": shown["severity"].astype(float).round(1), "Worst": shown["worst"].astype(float), "Where": shown["places"],
        "What it is like": shown["qualities"]})


def _sheet(cohort: Cohort, found: Status) -> str:
    with session.reading() as connection:
        return export.sheet(members.sheet(members.page(connection, cohort, as_of=found.as_of, most=None)))


page()
