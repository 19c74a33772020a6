"""What happened lately: one's own last action, which can be undone, and what others did since the list was drawn."""
from collections.abc import Callable

import streamlit as st

from dashboard import audit, triage, worklist
from dashboard.errors import DatabaseProblem
from dashboard.views import session
from dashboard.wording import counted, plain

EVERY = 30  # seconds


def write(said: str, change: Callable[[], int]) -> bool:
    """One action, from a callback; what was done stands above the list, with a way to take it back."""
    events: list[int] = []
    if not session.write(said, lambda: events.append(change())):
        return False
    session.forget("notice")
    session.remember("last_action", (events[0], said))
    return True


def undo(event: int, flags: list[int] | None = None) -> None:
    if session.write("Taken back.", lambda: triage.undo(session.engine(), event, flags=flags, by=session.name(), at=session.now())):
        session.forget("notice")
        session.remember("last_action", (event, "Taken back"))


def last_action() -> None:
    event, said = session.recall("last_action", (None, ""))
    if event is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", width="content", gap="xsmall", key="last_action"):
        st.markdown(f":small[{plain(said)}.]", width="content")
        if session.name() and session.answer("can undo", {"event": event, "by": session.name()},
                                             lambda connection: triage.can_undo(connection, event, session.name())):
            st.button("Undo", key="undo", type="tertiary", shortcut="U", on_click=undo, args=(event,))


def changes(show_everybody: Callable[[], None]) -> None:
    """New emergencies appear by themselves; the page around is left alone until the reader asks for it."""
    with session.reading() as connection:
        _changes(audit.version(connection), show_everybody)


@st.fragment(run_every=EVERY)
def _changes(drawn: int, show_everybody: Callable[[], None]) -> None:
    """`drawn`: the last event that the page knows of."""
    try:
        with session.reading() as connection:
            changed = audit.version(connection) > drawn
            new = worklist.new_emergencies(connection, drawn) if changed else 0
    except DatabaseProblem:
        return  # the next click says so
    if new and st.button(f":red[**⬢ {counted(new, 'new emergency')}**] · Show", key="show_new", on_click=show_everybody):
        st.rerun()
    if changed and not new and st.button("The list changed · Refresh", key="refresh", type="tertiary"):
        st.rerun()
