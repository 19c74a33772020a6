"""The list to take along: as text for the record, as a file, on paper; always what is on screen, all its pages."""
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import streamlit as st

from dashboard import handout, status, worklist
from dashboard.days import date_of
from dashboard.imports import export, quarantine
from dashboard.lineup import UNFLAGGED, Filters, Lineup
from dashboard.status import Status
from dashboard.views import listing, session, trace
from dashboard.wording import counted


def downloads(filters: Filters, found: Status, now: datetime, order: Lineup) -> None:
    """Of exactly the list on screen, all its pages."""
    engine, how = session.engine(), listing.telling(order, filters, found, now)

    def lines() -> tuple[pd.DataFrame, pd.DataFrame]:
        with engine.connect() as connection:
            rows = worklist.details(connection, order.patients, filters, as_of=found.as_of, now=now)
            return rows, handout.in_words(rows, worklist.recent_course(connection, order.patients.tolist(), found.as_of), how)
    take_along(lines, Taken("Worklist", base(filters, order), found.as_of, found.oldest, found.rule_set, len(order.patients), now,
                            (status.line(found), *status.doubts(found), *_quarantined(), status.DISCLAIMER), f"{listing.IN_FULL[order.by]} {listing.due()}"))


def _quarantined() -> list[str]:
    waiting = len(session.answer("red flags in quarantine", {}, quarantine.red_flags))
    return [f"{counted(waiting, 'row')} in quarantine {'reports' if waiting == 1 else 'report'} a red flag, and no list shows that yet."] if waiting else []


def base(filters: Filters, order: Lineup) -> str:
    """Which list it is, of how many it shows how many, and what it does not show."""
    said = [filters.describe(), f"{len(order.patients):,} of {counted(order.of, 'patient')}{whom(filters)}"]
    said += [f"{order.snoozed:,} snoozed until a later day"] if order.snoozed else []
    said += [listing.ORDERS[order.by].lower()] if order.by != "worst" else []
    hidden = order.hidden_emergencies
    said += [f"⬢ {counted(hidden, 'emergency')} {'is' if hidden == 1 else 'are'} hidden by these filters"] if hidden else []
    text = " · ".join(said)
    return text[:1].upper() + text[1:]


def whom(filters: Filters) -> str:
    """Of whom the list would be without filters."""
    if filters.bucket in UNFLAGGED or filters.notes:
        return ""
    return " with a flag" if filters.with_closed else " with a flag that is not closed"


@dataclass(frozen=True)
class Taken:
    """What a list that is taken along says of itself."""
    title: str
    base: str
    as_of: int
    through: int | None
    rule_set: int
    patients: int
    made: datetime
    lines: tuple[str, ...]
    note: str = ""  # on paper only
    without: str = "no open flag"

    @property
    def above(self) -> list[str]:
        return [self.base, *self.lines, f"Made {self.made:%-d %b %Y %H:%M %Z}."]

    @property
    def about(self) -> dict[str, str]:
        return {"List": self.base, "As of": date_of(self.as_of).isoformat(), "Data through": "" if self.through is None else date_of(self.through).isoformat(),
                "Rule set": str(self.rule_set), "Made": f"{self.made:%Y-%m-%d %H:%M %z}"}


def take_along(lines: Callable[[], tuple[pd.DataFrame, pd.DataFrame]], taken: Taken) -> None:
    copied = st.popover("Copy as text", key="copy", on_change=_opened, args=(taken.patients,))
    if copied.open:
        with copied:
            st.code(handout.as_text(*lines(), [taken.title, *taken.above], taken.without), language=None, wrap_lines=True)
    # the byte order mark tells spreadsheets that it is UTF-8
    st.download_button("CSV", lambda: "\ufeff" + export.sheet(handout.sheet(lines()[1], taken.about)), "worklist.csv", "text/csv", key="csv",
                       icon=":material/download:", help="Exactly these lines, in this order, of all pages; source and owner have columns of their own",
                       **trace.left("a worklist", patients=taken.patients))
    st.download_button("Print", lambda: handout.printable(lines()[1], taken.title, [*taken.above, *filter(None, [taken.note])]), "worklist.html",
                       "text/html", key="print", icon=":material/print:", help="A page of its own with exactly these lines, in this order; open it and print",
                       **trace.left("a worklist to print", patients=taken.patients))


def _opened(patients: int) -> None:
    if session.recall("copy"):
        trace.record("a worklist as text", patients=patients)
