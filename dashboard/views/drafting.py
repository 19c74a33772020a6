"""The file that nobody has decided about yet, between one run of the page and the next."""
from dashboard.imports.draft import Draft
from dashboard.views import session


def current() -> Draft | None:
    return session.recall("draft")


def changed(draft: Draft) -> None:
    """Keeps another draft; what was planned with the one before is forgotten."""
    session.remember("draft", draft)
    session.forget("chosen", "problem_kinds", "unfit")


def forget() -> None:
    session.forget("draft", "chosen", "problem_kinds", "refused", "unfit", "receipt", "read_again")
