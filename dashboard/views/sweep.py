"""Acknowledging all routine flags of the list in one go, after saying what that comes to."""
import streamlit as st

from dashboard import triage, worklist
from dashboard.lineup import Lineup
from dashboard.triage import Action
from dashboard.views import session, watch
from dashboard.wording import counted, listing


def offer(order: Lineup) -> None:
    if session.recall("swept") != order.routine.tolist():
        _leave()  # another list than the one that was asked about
    if len(order.routine) and session.recall("sweep") is None:
        st.button(f"Acknowledge routine ({len(order.routine):,}) …", key="sweep_offer", type="tertiary", on_click=_look, args=(order,),
                  help="All patients of this list, on all its pages, whose worst open flag is routine and not acknowledged; asks before it does")


def _look(order: Lineup) -> None:
    with session.reading() as connection:
        session.remember("sweep", worklist.routine(connection, order.routine))
    session.remember("swept", order.routine.tolist())


def confirm(order: Lineup) -> None:
    """What was looked at is acknowledged, and only if nothing of it changed since."""
    seen = session.recall("sweep")
    if seen is None:
        return
    left_out = [f"{counted(order.tiers[tier], 'patient')} with {name}" for tier, name in (("E", "an emergency"), ("U", "a same-day flag")) if order.tiers[tier]]
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="sweep_confirm"):
        st.markdown(f"**Acknowledge {counted(len(seen), 'routine flag')} of {counted(len(order.routine), 'patient')}?** "
                    + (f"Left out: {listing(left_out, 'and')}." if left_out else "Nobody on this list has a worse one."))
        if session.ask_name("sweep"):
            st.button(f"Acknowledge {len(seen):,}", key="sweep_now", type="primary", on_click=_sweep, args=(seen, len(order.routine)))
        st.button("Not now", key="sweep_not", type="tertiary", on_click=_leave)


def _leave() -> None:
    session.forget("sweep", "swept")


def _sweep(seen: dict[int, int], patients: int) -> None:
    _leave()
    watch.write(f"Acknowledged {counted(len(seen), 'routine flag')} of {counted(patients, 'patient')}", lambda: triage.act(
        session.engine(), seen, Action("acknowledge"), by=session.name(), at=session.now(), today=session.today()))
