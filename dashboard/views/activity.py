"""The audit trail: who did what, when. Newest first; nothing here can be changed."""
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from dashboard import activity, audit
from dashboard.activity import KINDS, Question
from dashboard.views import frame, session, trace
from dashboard.wording import counted

PAGE = 100


def page() -> None:
    frame.begin("Activity")
    st.markdown("Every import, undo, evaluation, change of rules, action and download, newest first. Entries are only ever added.")
    question = _filters()
    with session.reading() as connection:
        total, everything = audit.count(connection, **question.as_arguments()), audit.count(connection)
    if not total:
        _nothing(everything)
        return
    pages = -(-total // PAGE)
    # fewer pages than before, after a filter
    if session.recall("activity_page", 1) > pages:
        session.forget("activity_page")
    with st.container(horizontal=True, vertical_alignment="center"):
        of = "" if total == everything else f" of {everything:,}"
        st.caption(f"{counted(total, 'event')}{of} · times in {session.zone()} · names are as they were given, not verified")
        st.space("stretch")
        if question != Question():
            st.button("Clear filters", key="activity_clear", type="tertiary", on_click=_clear)
        _export(question, total)
    number = st.pagination(pages, key="activity_page") if pages > 1 else 1
    with session.reading() as connection:
        made = activity.lines(connection, question, ZoneInfo(session.zone()), PAGE, (number - 1) * PAGE)
    _table(made)


def _filters() -> Question:
    with session.reading() as connection:
        people = [*audit.names(connection), audit.UNNAMED]
    with st.container(horizontal=True, gap="small"):
        kinds = st.multiselect("Kind", list(KINDS), format_func=KINDS.get, key="activity_kinds", placeholder="any kind", width=280)
        by = st.selectbox("Who", people, index=None, format_func=lambda who: "the app" if who == activity.SYSTEM else who, key="activity_by",
                          placeholder="anybody", width=200)
        since = st.date_input("From", None, key="activity_since", format="YYYY-MM-DD", width=150)
        until = st.date_input("To", None, key="activity_until", format="YYYY-MM-DD", width=150)
    return Question(tuple(kinds), by, _midnight(since), _midnight(until + timedelta(days=1)) if until else None)


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time.min, ZoneInfo(session.zone())) if day else None


def _clear() -> None:
    session.forget("activity_kinds", "activity_by", "activity_since", "activity_until", "activity_page")


def _nothing(everything: int) -> None:
    with st.container(border=True):
        st.markdown(f"**No event fits these filters.** Without them: {counted(everything, 'event')}." if everything else "**Nothing has happened yet.**")
        if everything:
            st.button("Clear filters", key="activity_clear", type="tertiary", on_click=_clear)


def _export(question: Question, total: int) -> None:
    if session.name():
        zone = ZoneInfo(session.zone())
        st.download_button("Download as CSV", lambda: _sheet(question, zone), "activity.csv", "text/csv", key="activity_csv", icon=":material/download:",
                           **trace.left("the activity list", rows=total),
                           help="All events that fit the filters, not only this page. The download is itself recorded.")
    else:
        with st.popover("Download as CSV", icon=":material/download:", key="activity_csv_name", width="content"):
            st.markdown("A download is recorded, so it needs a name.")
            session.ask_name("activity")


def _sheet(question: Question, zone: ZoneInfo) -> str:
    with session.reading() as connection:
        return activity.sheet(activity.lines(connection, question, zone))


def _table(made: pd.DataFrame) -> None:
    shown = made[["when", "what", "kind", "event"]].set_axis(["When", "What happened", "Kind", "Event"], axis=1)
    st.dataframe(shown, key="activity_table", hide_index=True, height="content", column_config={
        "When": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", width=130),
        "What happened": st.column_config.TextColumn(width=570), "Kind": st.column_config.TextColumn(width=105),
        "Event": st.column_config.NumberColumn(width=50, help="The number under which the trail keeps it")},
        alt="Audit trail, newest first: when, what happened, kind of event, event number")


page()
