"""The file that nobody has decided about yet, between one run of the page and the next.

What a button calls is kept by Streamlit for as long as the session lasts, and with it whatever it was called with. So no callback is
given a file, a draft or a plan: it asks here for the one that is there."""
import gc
from dataclasses import replace

from dashboard.imports.draft import Draft
from dashboard.views import session


def current() -> Draft | None:
    return session.recall("draft")


def changed(draft: Draft) -> None:
    """Keeps another draft; what was planned with the one before is forgotten."""
    session.remember("draft", draft)
    let_go()
    session.forget("chosen", "problem_kinds", "unfit")


def reopen() -> None:
    changed(replace(current(), accepted=False))


def accept() -> None:
    changed(current().accept())


def accept_unsure() -> None:
    changed(current().accept(also_unsure=True))


def forget() -> None:
    session.forget("draft", "chosen", "problem_kinds", "refused", "unfit", "receipt", "read_again")
    let_go()


def let_go() -> None:
    """Says that something large was. What holds it in circles, or is called by a button, is gone with the run after the next."""
    session.remember("to_collect", session.recall("to_collect") or 2)


def collect() -> None:
    if runs := session.recall("to_collect"):
        session.remember("to_collect", runs - 1)
        if runs == 1:
            gc.collect()  # Python alone would do it some time later
