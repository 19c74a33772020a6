"""What all pages share: the status line, the state of an empty or unreachable database, the name of who signs."""
from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import start, status
from dashboard.errors import UserError
from dashboard.imports import export
from dashboard.rules import active, definition
from dashboard.status import Status
from dashboard.views import drafting, session
from dashboard.wording import counted, plain, tier

TIER_COLOUR = {"E": "red", "U": "orange", "R": "blue", "I": "gray"}


def coloured_tier(code: str) -> str:
    return f":{TIER_COLOUR[code]}[**{tier(code)}**]"


def small(text: str, **layout: object) -> None:
    """Like a caption, which would fade colours too: a warning in it would not be readable."""
    st.markdown(f":small[:gray[{text}]]", **layout)


def opened(name: str, heading: str, shut: Callable[[], None], label: str = "Close", icon: str = ":material/close:") -> DeltaGenerator:
    """What a row of a list opens below it: a frame with a heading, and the way back."""
    made = st.container(border=True, key=f"{name}_detail")
    with made, st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(heading, width="content")
        st.space("stretch")
        st.button(label, key=f"{name}_shut", icon=icon, shortcut="Esc", type="tertiary", on_click=shut)
    return made


def begin(title: str) -> Status:
    return beginning(title)[0]


def beginning(title: str) -> tuple[Status, DeltaGenerator]:
    """Status line, title and notices, and the room beside the title; stops the page where there is no database. Brings the evaluation
    up to date first."""
    drafting.collect()
    session.visit(title)
    found = _status()
    if found.due:
        with st.spinner("Evaluating what changed …"):
            start.bring_up_to_date(session.engine(), at=session.now(), today=session.today())
        found = _status()
    _sidebar(found)
    _status_line(found)
    with st.container(horizontal=True, vertical_alignment="center", key="title"):
        st.title(title, anchor=False, width="content")
        done = st.empty()  # in any case: what comes after it stays where it is, and open if it is open
        beside = st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center")
    kind, text = session.notice()
    if kind == "success":
        # not a toast, which Streamlit gives no name to be read out by; no wider, or what is beside it would wrap
        done.success(plain(text), icon=":material/check:", width=260)
    elif kind == "error":
        st.warning(plain(text), icon=":material/error:")
    return found, beside


def _status() -> Status:
    day = session.today()
    return session.answer("status", {"day": day}, lambda connection: status.read(connection, day))


def unreachable(problem: UserError) -> None:
    """What happened, what is safe, what to do."""
    st.warning(f"**The diaries can't be read just now.** {plain(str(problem))}", icon=":material/cloud_off:")
    st.markdown("What was saved is safe: every change is stored whole or not at all. Nobody can be shown as clear until this works again.")
    st.button("Try again", type="primary", key="try_again")


def _sidebar(found: Status) -> None:
    with st.sidebar:
        if found.demo_batches:
            _demo(found)
        if session.name():
            st.caption(f"Signed as **{plain(session.name())}** (not verified)")
            st.button("I am somebody else", key="sign_out", type="tertiary", on_click=session.forget, args=("signed_name",))


def _status_line(found: Status) -> None:
    text = status.line(found)
    if found.age > status.STALE:
        text += f" · :orange[**stale: the oldest source is {found.age} days old**]"
    elif found.age > status.OLD:
        text += f" · :orange[the oldest source is {found.age} days old]"
    if found.demo_batches:
        text = f":gray-badge[{'Demo data' if found.only_demo else 'With demo data'}] {text}"
    small(f"{text} · {status.DISCLAIMER}")
    if found.pending:
        st.warning(status.PENDING, icon=":material/hourglass_top:")
    if found.failed_rules:
        which, so = status.failed(found)
        st.warning(f"**{which}** {so}", icon=":material/rule:")


def _demo(found: Status) -> None:
    st.caption("**Demo data.** " + ("These patients are invented, shown as of their last day." if found.only_demo else "Some of these patients are invented."))
    if not session.recall("removing_demo"):
        st.button("Remove demo data", key="remove_demo", on_click=session.remember, args=("removing_demo", True))
        return
    if session.ask_name("demo"):
        st.button(f"Undo {counted(len(found.demo_batches), 'demo batch')}", key="remove_demo_now", type="primary", on_click=_remove_demo,
                  args=(found.demo_batches,))
    st.button("Keep it", key="keep_demo", type="tertiary", on_click=session.forget, args=("removing_demo",))


def _remove_demo(batches: tuple[int, ...]) -> None:
    session.forget("removing_demo")
    session.write("Demo data removed. Every batch stays in the history.", lambda: start.remove(
        session.engine(), batches, by=session.name(), at=session.now(), today=session.today()))


def empty_database() -> None:
    """One screen for a database without diaries: what to do first."""
    with st.container(border=True):
        st.subheader("No diaries yet", anchor=False)
        st.markdown("Upload what the diary app or survey exported, or look around with invented patients first.")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.page_link("dashboard/views/imports.py", label="Upload a diary export", icon=":material/upload:")
            st.button("Load demo data", key="load_demo", icon=":material/science:", on_click=_load_demo)
            st.download_button("Download the template", export.template(), "pain_diary_template.csv", "text/csv", key="template", on_click="ignore",
                               icon=":material/download:")
        if session.recall("loading_demo") and session.ask_name("empty"):
            st.markdown("Thank you. Now the demo data can be loaded.")


def _load_demo() -> None:
    if not session.name():
        session.remember("loading_demo", True)
        return
    session.forget("loading_demo")
    session.write("Demo data loaded.", lambda: start.load_demo(session.engine(), at=session.now(), today=session.today(), by=session.name()))


def not_in_force() -> None:
    with session.reading() as connection:
        missing = definition.not_in_force(active.current(connection).rules)
    if missing:
        st.caption(f"Rules not in force: {', '.join(missing)}.")
