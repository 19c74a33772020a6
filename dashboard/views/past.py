"""The worklist as it was on a day gone by: to look at, not to act on."""
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import audit, handout, past
from dashboard.codelists import CHOICES
from dashboard.days import date_of, day_of, spoken
from dashboard.errors import NotFound
from dashboard.handout import Telling
from dashboard.past import Past
from dashboard.status import DISCLAIMER, Status
from dashboard.views import along, frame, listing, session
from dashboard.views.along import Taken
from dashboard.wording import counted

THEN, NOW = "By what was known then", "By what is known now"


def choice(found: Status) -> None:
    with st.popover("As it was …", key="past", icon=":material/history:", help="The list as it stood on a day gone by"):
        st.date_input("At the end of", None, max_value=date_of(found.as_of), key="past_date", format="YYYY-MM-DD", on_change=_choose)


def _choose() -> None:
    if chosen := session.recall("past_date"):
        session.remember("past_day", day_of(chosen))
        session.forget("past_tile")
        session.remember("past_page", 1)


def back() -> None:
    session.forget("past_day", "past_date", "past_tile", "past_known")


def show(found: Status, beside: DeltaGenerator) -> None:
    day = session.recall("past_day")
    known = session.recall("past_known", THEN)
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="past_head"):
        st.markdown(f":orange[**This is the past:**] the list as it stood at the end of **{spoken(day)}**. Nothing here can be acted on.", width="content")
        st.date_input("At the end of", date_of(day), max_value=date_of(found.as_of), key="past_date", format="YYYY-MM-DD", on_change=_choose,
                      label_visibility="collapsed", width=130)
        st.radio("Known", [THEN, NOW], key="past_known", horizontal=True, label_visibility="collapsed", width="content")
        st.button("Back to today's list", key="past_back", type="primary", shortcut="Esc", on_click=back)
    stood = _stood(day, known)
    if stood is None or stood.people.empty:
        _nothing(day, known)
        return
    _listed(stood, day, known, found, beside)


def _stood(day: int, known: str) -> Past | None:
    """None where there were no rules yet."""
    def work(connection: object, _: list[str]) -> dict[str, Past | None]:
        midnight = datetime.combine(date_of(day) + timedelta(days=1), time.min, ZoneInfo(session.zone()))
        try:
            return {"past": past.stood(connection, day, audit.known_by(connection, midnight) if known == THEN else None)}
        except NotFound:
            return {"past": None}
    with st.spinner(f"Working out who stood where on {spoken(day)} …", show_time=True):
        return session.answers({"past": {"day": day, "known": known, "zone": session.zone()}}, work)["past"]


def _nothing(day: int, known: str) -> None:
    with st.container(border=True):
        if known == NOW:
            st.markdown(f"**No diary that is known now has an entry up to {spoken(day)}.**")
            return
        st.markdown(f"**No diary was here yet on {spoken(day)}**: what was imported came later.")
        st.button("Show that day by what is known now", key="past_now", on_click=session.remember, args=("past_known", NOW))


def _listed(stood: Past, day: int, known: str, found: Status, beside: DeltaGenerator) -> None:
    counts = {bucket: {"patients": number} for bucket, number in stood.counts.items()}
    patients = stood.of(session.recall("past_tile"))
    through = f"data through {spoken(min(stood.through.values()))} (oldest source) · " if stood.through else ""
    text = f"As it was at the end of {spoken(day)}, {known[:1].lower()}{known[1:]} · {through}rules v{stood.rule_set.version}"

    doubts = [f"{', '.join(stood.failed_rules)} could not be evaluated. Nobody was clear of it."] if stood.failed_rules else []
    how = Telling(day, bool(stood.people.loc[stood.people["patient"].isin(patients), "tier"].notna().any()))

    def lines() -> tuple[pd.DataFrame, pd.DataFrame]:
        with engine.connect() as connection:
            rows = past.lines(connection, stood, patients)
            return rows, handout.in_words(rows, None, how)
    engine = session.engine()
    with beside:
        listing.total(counts, len(stood.people))
        if patients:
            tile = session.recall("past_tile")
            which = CHOICES["bucket"][tile] if tile else "Everybody who met a criterion of a tier"
            along.take_along(lines, Taken(
                f"Worklist of {spoken(day)}", f"{which} · {len(patients):,} of {counted(len(stood.people), 'patient')}", day,
                min(stood.through.values(), default=None), stood.rule_set.version, len(patients), session.now().astimezone(),
                (text, *doubts, DISCLAIMER), without="met no criterion of a tier"))
    listing.tiles(counts, session.recall("past_tile"), _tile, "past_tile")
    with st.container(horizontal=True, vertical_alignment="center"):
        frame.small(f"{counted(len(patients), 'patient')} shown · {text}", width="content")
        st.space("stretch")
        pages = -(-len(patients) // listing.PAGE)
        if session.recall("past_page", 1) > max(pages, 1):
            session.remember("past_page", 1)
        number = st.pagination(pages, key="past_page", persist_state="session") if pages > 1 else 1
    for doubt in doubts:
        st.warning(doubt, icon=":material/rule:")
    if not patients:
        st.markdown("Nobody stood there." if session.recall("past_tile") else "Nobody met a criterion in what was recorded.")
        return
    with session.reading() as connection:
        rows = past.lines(connection, stood, patients[(number - 1) * listing.PAGE:number * listing.PAGE])
    listing.draw(handout.in_words(rows, None, how), day, rows, key="past_list")


def _tile(bucket: str) -> None:
    session.remember("past_tile", None if session.recall("past_tile") == bucket else bucket)
    session.remember("past_page", 1)
