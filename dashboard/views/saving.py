"""Questions kept under a name: saving the one that is asked, opening another, and looking at one as it was frozen."""
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import saved
from dashboard.cohort import Cohort
from dashboard.days import day_of, spoken
from dashboard.sample import Base
from dashboard.saved import LONGEST, LONGEST_NOTE, Saved
from dashboard.status import Status
from dashboard.views import frame, session
from dashboard.wording import counted, plain

_KINDS = {"question": "As a question, asked anew of whatever is known by then", "frozen": "Frozen: these patients, as they are known now"}


def at(found: Status) -> Status:
    """What a page looks at: today, or the times of the frozen cohort that is open."""
    opened = session.recall("frozen")
    return replace(found, as_of=opened.frozen.as_of, known_at=opened.frozen.known_at) if opened else found


def box(cohort: Cohort, found: Status, ask: Callable[[Cohort], None]) -> None:
    """`ask` asks a question, in a callback."""
    opened = st.popover("Saved", icon=":material/bookmark:", key="saved", width="content", on_change="rerun")
    if not opened.open:
        return
    with opened, st.container(width=460):
        st.markdown(f"**Save** {plain(cohort.describe())}")
        if session.ask_name("saved"):
            _save(cohort, found)
        with session.reading() as connection:
            kept = saved.everything(connection)
        if kept:
            st.divider()
            _open(kept, ask)


def _save(cohort: Cohort, found: Status) -> None:
    left, right = st.columns(2)
    left.text_input("Name", key="saved_as", max_chars=LONGEST, help="Of a saved cohort: a new version of it. No patient's id or name, please.")
    right.text_input("Note", key="saved_note", max_chars=LONGEST_NOTE)
    standing = bool(cohort.buckets or cohort.tiers)
    if standing:
        session.remember("saved_kind", "question")
    st.radio("How", list(_KINDS), format_func=_KINDS.get, key="saved_kind", label_visibility="collapsed", disabled=standing)
    if standing:
        frame.small("Where patients stand is kept for today only, so this question cannot be frozen.")
    st.button("Save", key="save_cohort", type="primary", on_click=_write, args=(cohort, found))


def _write(cohort: Cohort, found: Status) -> None:
    name, frozen = session.recall("saved_as") or "", session.recall("saved_kind") == "frozen"

    def save() -> None:
        one = saved.save(session.engine(), name, cohort, note=session.recall("saved_note") or "", freeze_as_of=found.as_of if frozen else None,
                         known_at=found.known_at, **_signed())
        session.remember("saved_cohort", one.cohort)  # it is the one to be opened next
    if session.write(f"Saved as {' '.join(name.split())}.", save):
        session.remember("saved_as", "")
        session.remember("saved_note", "")


def _open(kept: list[Saved], ask: Callable[[Cohort], None]) -> None:
    st.markdown("**Open**")
    retired = st.toggle("Retired ones too", key="saved_retired") if any(one.retired for one in kept) else False
    newest: dict[int, Saved] = {}
    for one in kept:
        if retired or not one.retired:
            newest.setdefault(one.cohort, one)
    if not newest:
        return
    left, right = st.columns([3, 2])
    chosen = left.selectbox("Saved cohort", list(newest), key="saved_cohort", format_func=lambda number: saved.called(newest[number]))
    versions = {one.version: one for one in kept if one.cohort == chosen}
    one = versions[right.selectbox("Version", list(versions), key=f"saved_version_{chosen}", format_func=lambda number: f"{number} of {len(versions)}")]
    st.markdown(plain(one.question.describe()) + (f"  \n:gray[Note:] {plain(one.note)}" if one.note else ""))
    frame.small(f"{'Frozen' if one.frozen else 'Saved'} by {plain(one.by)} on {_on(one)}"
                + (f", as of {spoken(one.frozen.as_of)}: {counted(one.frozen.patients, 'patient')}, {counted(one.frozen.entries, 'entry')}"
                   if one.frozen else ""))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button("Open", key="open_saved", icon=":material/folder_open:", on_click=_show, args=(one, ask))
        if not session.name():
            return
        with st.popover("Rename", key="rename_box"):
            st.text_input("New name", key=f"new_name_{chosen}", max_chars=LONGEST)
            st.button("Rename", key="rename_saved", on_click=_rename, args=(one,))
        if one.retired:
            st.button("Bring back", key="restore_saved", type="tertiary", on_click=_retire, args=(one, saved.restore, f"{one.name} can be opened again."))
        else:
            st.button("Retire", key="retire_saved", type="tertiary", on_click=_retire, args=(one, saved.retire, f"{one.name} is retired."),
                      help="No longer offered; nothing is deleted, and it can be brought back")


def _show(one: Saved, ask: Callable[[Cohort], None]) -> None:
    ask(one.question)
    session.remember("frozen", one if one.frozen else None)
    session.remember("saved", False)


def _rename(one: Saved) -> None:
    name = session.recall(f"new_name_{one.cohort}") or ""
    session.write(f"{one.name} is now {' '.join(name.split())}.", lambda: saved.rename(session.engine(), one.cohort, name, **_signed()))


def _retire(one: Saved, change: Callable[..., None], done: str) -> None:
    session.write(done, lambda: change(session.engine(), one.cohort, **_signed()))


def _signed() -> dict:
    return {"by": session.name(), "at": session.now()}


def _on(one: Saved) -> str:
    return spoken(day_of(one.at.replace(tzinfo=UTC).astimezone(ZoneInfo(session.zone())).date()))


def frozen(cohort: Cohort, base: Base) -> None:
    """What is looked at where it is not today, and the way back."""
    one = session.recall("frozen")
    if one is None:
        return
    same = cohort == one.question
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="frozen_head"):
        st.markdown(f":orange[**Frozen:**] {plain(one.name)}, version {one.version}, as of **{spoken(one.frozen.as_of)}** and as known on **{_on(one)}**"
                    + ("." if same else "; filters changed since."), width="content")
        st.button("Back to today's data", key="thaw", on_click=session.forget, args=("frozen",),
                  help="Frozen is what was written. Where patients stand is today's.")
    if same and (base.patients, base.entries) != (one.frozen.patients, one.frozen.entries):
        st.warning(f"**This is not what was frozen:** {counted(one.frozen.patients, 'patient')} and {counted(one.frozen.entries, 'entry')} then. "
                   "The database was changed by other means than imports and undos.", icon=":material/difference:")
