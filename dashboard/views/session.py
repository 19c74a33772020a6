"""The only module that touches what Streamlit keeps between runs: the engine, answers, the reader's name, choices."""
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TypeVar

import streamlit as st
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard import audit, database, hours, settings, start
from dashboard.days import day_of
from dashboard.errors import UserError
from dashboard.kept import Answers, Asked, Compute

Answer = TypeVar("Answer")


def now() -> datetime:
    return datetime.now(UTC)


def today() -> int:
    return day_of(date.today())


def engine() -> Engine:
    given = settings.read(os.environ)
    return _engine(given.database, given.demo == "yes", given.hours)


@st.cache_resource(show_spinner="Opening the diaries …")
def _engine(url: str, demo: bool, on_duty: str) -> Engine:
    return start.open_database(url, at=now(), today=today(), demo=demo, on_duty=hours.read(on_duty))


@contextmanager
def reading() -> Iterator[Connection]:
    opened = engine()
    try:
        with opened.connect() as connection:
            yield connection
    except OperationalError as error:
        raise database.explained(error, opened.url.render_as_string()) from None


def answer(name: str, question: dict, compute: Callable[[Connection], Answer]) -> Answer:
    """The answer to a question, kept until an event that may change it. `question` is everything `compute` depends on besides
    the database; nothing ever has to be cleared."""
    with reading() as connection:
        key = _answers().key(connection, name, question)
    return _copied(key, compute)


# the key alone says what it is: large frames are only sampled
@st.cache_data(max_entries=256, show_spinner=False)
def _copied(key: str, _compute: Callable[[Connection], Answer]) -> Answer:
    with reading() as connection:
        return _compute(connection)


def answers(questions: Mapping[str, dict], compute: Compute) -> dict[str, Answer]:
    """Like `answer`, several at once, shared by all readers; see `kept`."""
    with reading() as connection:
        return _answers().of(connection, questions, compute)


def expect(likely: Sequence[Asked]) -> None:
    """What this reader may ask next."""
    if settings.read(os.environ).ahead == "yes":
        _answers().expect(likely)


def _answers() -> Answers:
    return _answers_of(engine().url.render_as_string(hide_password=True))


@st.cache_resource(show_spinner=False)
def _answers_of(url: str) -> Answers:
    return Answers(engine())


# --- what one reader chose --------------------------------------------------------------------------------------------------------

def recall(key: str, default: Answer = None) -> Answer:
    return st.session_state.get(key, default)


def remember(key: str, value: object) -> None:
    st.session_state[key] = value


def visit(page: str) -> None:
    """Notes which page is shown, and whether another one was before."""
    remember("arrived", recall("shown") != page)
    remember("shown", page)


def forget(*keys: str) -> None:
    for key in keys:
        st.session_state.pop(key, None)


def upload_key() -> str:
    """Of the file uploader: another one after each upload that was dropped."""
    return f"upload_{recall('uploads', 0)}"


def drop_upload() -> None:
    """Forgets what was uploaded. Streamlit alone would keep it in memory until long after its page was left."""
    if context := get_script_run_ctx():
        context.uploaded_file_mgr.remove_session_files(context.session_id)
    remember("uploads", recall("uploads", 0) + 1)


# --- who ----------------------------------------------------------------------------------------------------------------------------

def name() -> str | None:
    """Who signs what is written in this session; None until asked. Never in the address."""
    return recall("signed_name")


def ask_name(key: str) -> bool:
    """Asks for a name where none is known yet. True once there is one. Reading needs none, writing does."""
    if name():
        return True
    with reading() as connection:
        known = [one for one in audit.names(connection) if one != start.SYSTEM]
    st.markdown("**Who are you?** Whatever you change is signed with your name.")
    st.selectbox("Your name", known, index=None, key=f"{key}_name", accept_new_options=True, placeholder="Choose or type your name",
                 label_visibility="collapsed", on_change=lambda: sign(recall(f"{key}_name")))
    return False


def sign(given: str | None) -> None:
    if given and given.strip():
        remember("signed_name", given.strip()[:80])


# --- writing ------------------------------------------------------------------------------------------------------------------------

def write(done: str, change: Callable[[], object]) -> bool:
    """Runs one write, to be called from a callback, and keeps what to say about it for the next run. True if it went through."""
    try:
        change()
    except OperationalError as error:
        remember("notice", ("error", str(database.explained(error, engine().url.render_as_string()))))
        return False
    except UserError as error:
        remember("notice", ("error", str(error)))
        return False
    remember("notice", ("success", done))
    return True


def notice() -> tuple[str, str]:
    """What became of the last write, once: success, error or nothing, and what to say."""
    said = recall("notice", ("", ""))
    forget("notice")
    return said


def stamp() -> None:
    """A hidden count of runs, so that a browser test knows when a click has been answered."""
    if settings.read(os.environ).probe == "yes":
        remember("runs", recall("runs", 0) + 1)
        st.html(f'<span id="probe-run" data-run="{recall("runs")}"></span>')


def theme() -> str:
    """light or dark, as the reader's browser shows it."""
    return st.context.theme.type or "light"


def choose_row(table: str, row: int | None) -> None:
    """Moves the mark of a table's chosen row; in callbacks only."""
    remember(table, {"selection": {"rows": [] if row is None else [row], "columns": [], "cells": []}})


def chosen(table: str, things: Sequence[Answer], before: Answer | None) -> Answer | None:
    """Which of the things, one a row, the reader chose: by the box of its row, or by a click or the arrow keys in any cell of it.
    A box and a cell may be chosen at once; then it is the one that is not open yet."""
    selection = recall(table)["selection"]
    found = [things[row] for row in [*selection["rows"], *(row for row, _ in selection["cells"])]]
    return next((thing for thing in found if thing != before), found[0] if found else None)


def zone() -> str:
    """The reader's time zone, for times on screen."""
    return st.context.timezone or "UTC"
