"""The parts of a patient's page that show what the patient said: the chart, what helped, entries, notes."""
from collections.abc import Mapping

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import course
from dashboard.codelists import SYMPTOM
from dashboard.days import day_of, spoken
from dashboard.figures import bodymap
from dashboard.figures.course import course as course_figure
from dashboard.figures.course import step
from dashboard.views import flagged, frame, noted, session
from dashboard.wording import counted, listing, period, plain

RANGES = {"90 days": 90, "1 year": 365, "All": None}
SOON = 30  # days after the last entry in which what was done still is on the axis
NOTES, TALLEST, MONTHS = 10, 420, 8
NAME_AND_TEXT = [2, 15]
FIRST = ("When", "Severity", "Worst", "Reported", "Note")  # columns that are read most
_MARK_IS = {7: "one mark a week, reported where it was on any day of it", 28: "one mark in four weeks, reported where it was on any day of them"}


# --- over time ----------------------------------------------------------------------------------------------------------------------

def chart(diary: pd.DataFrame, flags: pd.DataFrame, actions: pd.DataFrame) -> None:
    symptoms = course.symptoms_by_day(diary)
    present = [code for code in symptoms if (symptoms[code] == course.PRESENT).any()]
    denied = [code for code in symptoms if code not in present]
    first, last = int(diary["day"].min()), int(diary["day"].max())
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = None
        if last - first >= RANGES["90 days"]:
            # no segmented control: what is chosen in it is too dark to read on the dark page
            chosen = st.radio("Time", list(RANGES), index=list(RANGES).index("90 days"), key="patient_range", label_visibility="collapsed", horizontal=True,
                              width="content")
        caption = st.container(width="content")
        st.space("stretch")
        if denied and st.toggle(f"Also show {counted(len(denied), 'symptom')} only denied", key="patient_denied"):
            present = [*present, *denied]
    start = first if RANGES.get(chosen) is None else max(first, last - RANGES[chosen] + 1)
    done = _done(actions)
    end = max([last, *(action["day"] for action in done if action["day"] <= last + SOON)])
    with caption:
        frame.small(period(start, end))
    figure = course_figure(course.severity_by_day(diary), symptoms[present], flags.to_dict("records"), done, first_day=start, last_day=end,
                           theme=session.theme())
    st.plotly_chart(figure, key="course", theme=None, config={"displayModeBar": False},
                    alt="Flags and actions, severity by day, and symptoms by day as reported, denied or not asked, on one time axis")
    _under(symptoms, present, denied, flags, done, start, end)


def _under(symptoms: pd.DataFrame, present: list[str], denied: list[str], flags: pd.DataFrame, done: list[Mapping], start: int, end: int) -> None:
    """What the picture leaves out, in words."""
    never = [label for code, label in SYMPTOM.label.items() if code not in symptoms]
    before, after = int((flags["last_evidence"] < start).sum()), sum(action["day"] > end for action in done)
    earlier = sum(action["day"] < start for action in done)
    said = [f"{counted(before, 'flag')} with evidence before {spoken(start)} only" if before else "",
            f"{counted(earlier, 'action')} before {spoken(start)}" if earlier else "", f"{counted(after, 'action')} after {spoken(end)}" if after else ""]
    parts = [f"Not on the axis: {listing(filter(None, said), 'and')}; see below." if any(said) else "",
             f"Symptoms: {_MARK_IS[step(start, end)]}." if step(start, end) in _MARK_IS and present else "",
             "" if not denied or any((symptoms[code] == course.PRESENT).any() for code in symptoms) else
             f"No symptom was ever reported; {len(denied)} {'was' if len(denied) == 1 else 'were'} denied."]
    if never:
        parts.append(f":violet[**Never asked:**] {', '.join(never)}." if len(never) < len(SYMPTOM.bit) else ":violet[**No symptom was ever asked.**]")
    if any(parts):
        frame.small(" ".join(filter(None, parts)))


def _done(actions: pd.DataFrame) -> list[dict]:
    """On the reader's calendar."""
    return [{"day": day_of(flagged.local(row.happened_at).date()), "text": f"{flagged.local(row.happened_at):%-d %b %Y %H:%M}: {flagged.who(row.by)} "
             f"{flagged.did(row.kind)} {row.rule_id}"} for row in actions.itertuples()]


# --- where --------------------------------------------------------------------------------------------------------------------------

def places(diary: pd.DataFrame) -> None:
    months = course.places_by_month(diary, MONTHS)
    if not months:
        return
    st.markdown("##### Where, month by month")
    with st.container(horizontal=True, key="patient_months"):
        for month, where in months:
            with st.container(width="content", gap="xsmall"):
                title = f"{month}: " + ", ".join(f"{row.label.lower()} {row.n}" for row in where[where["n"] > 0].itertuples())
                st.image(bodymap.picture(where, theme=session.theme(), unit="entry", least=1, title=title, small=True), alt=title)
                frame.small(f"{month} · {counted(int(where['answered'].iloc[0]), 'entry')}")
    frame.small(f"The stronger the colour, the more of a month's entries name the place; at most the last {MONTHS} months that say where.")


# --- what helped --------------------------------------------------------------------------------------------------------------------

def helped(diary: pd.DataFrame) -> None:
    st.markdown("##### What helped")
    tried = course.relief(diary)
    if tried.empty:
        st.markdown("No treatment was recorded.")
        return
    recorded = tried["tried"] - tried["help_not_recorded"]
    share = [f"{row.helped} of {n}" + (f" ({round(100 * row.helped / n)} %)" if n else "") for row, n in zip(tried.itertuples(), recorded, strict=True)]
    table = pd.DataFrame({"Treatment": tried["label"], "Helped": share, "Not said": tried["help_not_recorded"]})
    st.dataframe(table, hide_index=True, key="helped", row_height=30, height=min(36 + 30 * len(tried), 306), column_config={
                     "Treatment": st.column_config.TextColumn(width=175),
                     "Helped": st.column_config.TextColumn(width=105, help="Of the entries that tried it and said whether it helped"),
                     "Not said": st.column_config.NumberColumn(width=70, help="Entries that tried it and do not say whether it helped")},
                 alt="Treatments: entries in which each was tried, and helped")
    frame.small(f"Numbers of entries, of {len(diary):,}. A blank is not a no.")


# --- in the patient's words ---------------------------------------------------------------------------------------------------------

def notes(diary: pd.DataFrame) -> None:
    found = course.notes(diary)
    st.markdown(f"##### Notes ({len(found):,})" if found else "##### Notes")
    if not found:
        st.markdown("No note was written.")
        return
    everything = len(found) > NOTES and st.toggle(f"Show all {len(found):,}", key="patient_notes")
    with st.container(key="notes", gap="xsmall"):
        for day, text in found if everything else found[:NOTES]:
            left, right = st.columns(NAME_AND_TEXT, gap="small")
            with left:
                frame.small(spoken(day))
            noted.show(right, text)


# --- every entry --------------------------------------------------------------------------------------------------------------------

def entries(diary: pd.DataFrame) -> None:
    st.markdown(f"##### Entries ({len(diary):,})")
    frame.small("Newest first; only columns in which something was said. Choose a row to read all of it.")
    table = course.in_words(diary)
    table = table[[*(name for name in FIRST if name in table), *(name for name in table if name not in FIRST)]]
    session.remember("patient_rows", diary["entry"].iloc[::-1].tolist())
    st.dataframe(table, hide_index=True, key="patient_entries", on_select=_select, selection_mode="single-row", row_height=30,
                 height=min(36 + 30 * len(table), TALLEST), column_config={
                     "When": st.column_config.TextColumn(width=125), "Severity": st.column_config.TextColumn(width=60),
                     "Worst": st.column_config.TextColumn(width=50), "Reported": st.column_config.TextColumn(width=200),
                     "Note": st.column_config.TextColumn(width=220), "Locations": st.column_config.TextColumn(width=180)},
                 alt="Every entry of the patient, newest first; choose one to read all of it")
    chosen = session.recall("patient_entry")
    if chosen in set(diary["entry"]):
        _one(diary, int(chosen))


def _select() -> None:
    rows = session.recall("patient_entries")["selection"]["rows"]
    session.remember("patient_entry", session.recall("patient_rows")[rows[0]] if rows else None)


def _one(diary: pd.DataFrame, entry: int) -> None:
    said, blank, unmapped = course.in_full(diary, entry)
    with st.container(border=True, key="patient_entry_card"):
        st.markdown(f"**Entry of {plain(said['When'])}**, every field")
        _both(said, "entry_fields")
        frame.small(f"Not recorded: {', '.join(blank)}." if blank else "Nothing was left blank.")
        st.markdown(f"**Columns that are not known here ({len(unmapped)})**" + (", as they were written" if unmapped else ": none, every column was read"))
        _both(unmapped, "entry_unmapped")


def _both(fields: Mapping[str, str], key: str) -> None:
    with st.container(key=key, gap="xsmall"):
        for name, text in fields.items():
            left, right = st.columns(NAME_AND_TEXT, gap="small")
            with left:
                frame.small(plain(name))
            _text(right, text)


def _text(place: DeltaGenerator, text: str) -> None:
    """As it was written, each line in the direction of its own letters."""
    place.text("\n".join(f"\u2068{line}\u2069" for line in text.splitlines()))
