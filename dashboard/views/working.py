"""A write that may take longer than a click. It goes on in a thread of its own, whatever becomes of the page, which says how far it is."""
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import streamlit as st

from dashboard.views import session

_LOOK = 0.1  # seconds between two looks at how far it is
Tell = Callable[[str], None]


@dataclass(frozen=True)
class _Work:
    """The last of `steps` is the one at work. `after` gets the result, or None where there is none."""
    steps: list[str]
    result: Future
    done: str
    after: Callable[[object], None]


def begin(first: str, done: str, work: Callable[[Tell], object], after: Callable[[object], None]) -> bool:
    """To be called from a callback; `work` must not touch the page or the session. False if there is something at work already."""
    if session.recall("work"):
        return False
    steps = [first]
    with_one = ThreadPoolExecutor(1, thread_name_prefix="write")
    session.remember("work", _Work(steps, with_one.submit(work, steps.append), done, after))
    with_one.shutdown(wait=False)
    return True


def show() -> None:
    """What is at work, until it is done; then the page is made anew. Nothing where nothing is."""
    work: _Work | None = session.recall("work")
    if not work:
        return
    with st.status(f"{work.steps[-1]} …") as progress:
        while not wait([work.result], _LOOK).done:
            progress.update(label=f"{work.steps[-1]} …")
    found: list[object] = []
    try:
        session.write(work.done, lambda: found.append(work.result.result()))
    finally:
        try:
            work.after(found[0] if found else None)
        finally:
            session.forget("work")  # last: whoever interrupts before it finds all of it once more
    st.rerun()
