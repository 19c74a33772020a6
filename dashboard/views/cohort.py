"""Where it hurts, what it is like, how long, how bad, with what: of any part of the diaries, each chart a filter for all others."""
import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler
from sqlalchemy import Connection

from dashboard import crossfilter, filters, members
from dashboard.cohort import Cohort
from dashboard.crossfilter import Counted
from dashboard.days import spoken
from dashboard.figures import cohort as figures
from dashboard.figures.cohort import BUCKET_ICON
from dashboard.figures.tokens import TOKENS
from dashboard.imports import export
from dashboard.kept import Asked
from dashboard.sample import Base, Per
from dashboard.status import Status
from dashboard.views import cards, filtering, frame, marks, more, patient_link, question, saving, session, takeaway, trace
from dashboard.wording import counted, number, plain
from dashboard.worklist import TIER_OF

PAGE = 100  # patients


def page() -> None:
    found, beside = frame.beginning("Cohort")
    if found.is_empty:
        frame.empty_database()
        return
    asked = question.asked()
    if asked is None:
        return
    cohort, per = asked
    found = saving.at(found)
    takeaway.begin(cohort, found)
    with beside:
        stands = st.container(width="content")
    with st.container(gap="xsmall"):
        numbers = _numbers(crossfilter.NAMES, cohort, per, found)
        saving.frozen(cohort, numbers["base"])
        _base(numbers["base"], cohort, found)
        if not numbers["base"].entries:
            question.loosen(cohort, _without(cohort, found))
        _cards(numbers, cohort, per)
    with stands:
        marks.show(figures.buckets(numbers["buckets"], cohort.buckets), filters.shown(cohort, "buckets"), key="stands",
                   name="What the last evaluation made of them",
                   on_click=lambda code, add: question.change(lambda asked: filters.pressed(asked, "buckets", code, add)))
    below = st.container(gap="xsmall")
    if numbers["base"].entries:
        _members(cohort, numbers["base"], found)
    with below:  # last of all: neither the six cards nor the list wait for them
        if more.opened():
            more.show(_numbers(crossfilter.MORE, cohort, per, found), cohort, per, found)
    session.expect([_asked(crossfilter.NAMES, next_one, per, found) for next_one in crossfilter.likely(cohort, numbers)])


def _without(cohort: Cohort, found: Status) -> dict[str, int]:
    """How many patients are left without each chip."""
    return session.answer("without", {"question": cohort.question(), **found.times}, lambda connection: {
        chip.text: crossfilter.count(connection, chip.left, ["base"], **found.times)["base"].patients for chip in filters.chips(cohort)})


def _cards(numbers: dict[str, Counted], cohort: Cohort, per: Per) -> None:
    with cards.grid():
        for card, name in ((cards.where, "locations"), (cards.qualities, "qualities"), (cards.durations, "durations"), (cards.severity, "severity"),
                           (cards.together, "together"), (cards.symptoms, "symptoms")):
            card(numbers[name], cohort, per)


def _numbers(names: tuple[str, ...], cohort: Cohort, per: Per, found: Status) -> dict[str, Counted]:
    with st.spinner(f"Counting {counted(found.entries, 'entry')} …", show_time=True):
        made = session.answers(*_asked(names, cohort, per, found))
    return {name.removeprefix("cohort "): one for name, one in made.items()}


def _asked(names: tuple[str, ...], cohort: Cohort, per: Per, found: Status) -> Asked:
    questions = {f"cohort {name}": {"of": crossfilter.context(cohort, name).question(), "per": per, **found.times} for name in names}

    def count(connection: Connection, missing: list[str]) -> dict[str, Counted]:
        made = crossfilter.count(connection, cohort, [name.removeprefix("cohort ") for name in missing], **found.times, per=per)
        return {f"cohort {name}": one for name, one in made.items()}
    return questions, count


def _base(base: Base, cohort: Cohort, found: Status) -> None:
    each = base.entries_per_patient
    low, median, high = ("" if value is None else number(round(value, 1)) for value in (each["q1"], each["median"], each["q3"]))
    middle = f" · median {median} each, middle half {low}–{high}" if median else ""
    with st.container(horizontal=True, vertical_alignment="center", key="base", gap="xsmall"):
        st.markdown(f"{plain(cohort.describe())}: **{counted(base.patients, 'patient')}** · **{counted(base.entries, 'entry')}**:gray[{middle}]",
                    width="stretch")
        question.actions(cohort, found)
    # a row of its own, there with or without chips: nothing below moves when one comes
    with st.container(horizontal=True, vertical_alignment="center", key="filter_row", gap="xsmall"):
        filtering.popover(cohort, found)
        question.bar()
        question.chips(cohort)


# --- who ----------------------------------------------------------------------------------------------------------------------------

def _members(cohort: Cohort, base: Base, found: Status) -> None:
    pages = -(-base.patients // PAGE)
    if session.recall("members_page", 1) > pages:
        session.remember("members_page", 1)
    with st.container(horizontal=True, vertical_alignment="center", key="members_head"):
        st.subheader("Patients in this cohort", anchor=False, width="content")
        opened = st.container(width="stretch")
        page_number = st.pagination(pages, key="members_page", persist_state="session") if pages > 1 else 1
        st.download_button("CSV", lambda: _sheet(cohort, found), "patients.csv", "text/csv", key="csv_members", icon=":material/download:",
                           help=f"All {counted(base.patients, 'patient')} of this cohort", **trace.left("the patients of a cohort", patients=base.patients))
    with st.spinner("Listing the patients …", show_time=True):
        shown = session.answer("members", {"question": cohort.question(), **found.times, "page": page_number},
                               lambda connection: members.page(connection, cohort, **found.times, first=(page_number - 1) * PAGE, most=PAGE))
    rows = shown["patient"].tolist()
    _keep_choice(rows)
    st.dataframe(_in_words(shown), key="members", hide_index=True, on_select="rerun", selection_mode=["single-row", "single-cell"], row_height=34,
                 height=min(36 + 34 * len(shown), 620), alt="Patients of this cohort, worst tier first; choose one to open the patient's page",
                 column_config={"Stands as": st.column_config.TextColumn(width=140), "Entries": st.column_config.NumberColumn(width=60),
                                "Severity": st.column_config.TextColumn(width=65, help="Mean of the matching entries"),
                                "Worst": st.column_config.TextColumn(width=55), "Where": st.column_config.ListColumn(width=230),
                                "What it is like": st.column_config.ListColumn(width=230)})
    first = (page_number - 1) * PAGE + 1
    frame.small(f"{first:,} to {first + len(shown) - 1:,} of {counted(base.patients, 'patient')}, the worst first. "
                "Entries, days, scores and words are those of the matching entries.")
    chosen = session.chosen("members", rows, None)
    with opened:
        if chosen is None:
            frame.small("Choose a row to open the patient's page")
        else:
            patient_id = shown.loc[rows.index(chosen), "patient_id"]
            patient_link.link(int(chosen), "cohort", "open_patient", f"Open {plain(patient_id)}")


def _keep_choice(rows: list[int]) -> None:
    """The table knows its chosen row by the place: in another list somebody else would stand there, whom nobody chose."""
    if session.recall("members") is None:  # just come to this page
        back = session.recall("patient_page") if session.recall("patient_from") == "cohort" else None
        session.choose_row("members", rows.index(back) if back in rows else None)
    elif session.recall("members_rows") != rows:
        session.choose_row("members", None)
    session.remember("members_rows", rows)


def _in_words(shown: pd.DataFrame) -> pd.DataFrame | Styler:
    stands = {code: f"{icon} {filters.label('buckets', code).capitalize()}".strip() for code, icon in BUCKET_ICON.items()}
    colour = {stands[bucket]: TOKENS[session.theme()][tier] for bucket, tier in TIER_OF.items()}
    made = pd.DataFrame({
        "Stands as": shown["bucket"].map(stands),
        "Patient": shown["patient_id"], "Source": shown["source"], "Entries": shown["entries"], "Last": [spoken(day) for day in shown["last_day"]],
        "Severity": [_score(value) for value in shown["severity"]], "Worst": [_score(value) for value in shown["worst"]], "Where": shown["places"],
        "What it is like": shown["qualities"]})
    return made.style.map(lambda text: f"color: {colour[text]}; font-weight: 600" if text in colour else "", subset=["Stands as"])


def _score(value: float | None) -> str:
    return "–" if value is None or pd.isna(value) else number(round(float(value), 1))


def _sheet(cohort: Cohort, found: Status) -> str:
    with session.reading() as connection:
        return export.sheet(members.sheet(members.page(connection, cohort, **found.times, most=None)))


page()
