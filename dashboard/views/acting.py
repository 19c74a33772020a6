"""What can be done about the flags of the patient who is open."""
import pandas as pd
import streamlit as st

from dashboard import triage
from dashboard.days import date_of, day_of
from dashboard.triage import Action
from dashboard.views import session
from dashboard.wording import counted


def show(flags: pd.DataFrame, patient: int) -> None:
    """`flags`: all of the patient, with the versions that are on screen."""
    is_closed = flags["status"] == "closed"
    by_a_person = is_closed & ~flags["outcome"].isin(triage.BY_SYSTEM)
    if (is_closed & ~by_a_person).all() or not session.ask_name("act"):
        return
    if not is_closed.all():
        _open(flags[~is_closed], patient)
    if by_a_person.any():
        closed = dict(zip(flags.loc[by_a_person, "flag"].astype(int), flags.loc[by_a_person, "version"].astype(int), strict=True))
        st.button(f"Reopen {counted(len(closed), 'closed flag')}", key="reopen", type="tertiary", on_click=_act, args=(closed, Action("reopen")))


def _open(flags: pd.DataFrame, patient: int) -> None:
    """Actions go to all open flags of the patient unless some are chosen."""
    versions = dict(zip(flags["flag"].astype(int), flags["version"].astype(int), strict=True))
    labels = {int(row.flag): f"{row.rule_id} {row.reason}" for row in flags.itertuples()}
    chosen = list(versions)
    if len(versions) > 1:
        # not pills: theirs are too dark to read on the dark page
        chosen = st.multiselect("Act on", list(versions), default=list(versions), format_func=labels.get, key=f"on_{patient}", placeholder="No flag chosen")
    seen = {flag: versions[flag] for flag in chosen}
    waiting = {flag: version for flag, version in seen.items() if flags.set_index("flag").loc[flag, "status"] == "open"}
    with st.container(horizontal=True):
        st.button("Acknowledge", key="acknowledge", type="primary", icon=":material/check:", shortcut="A", disabled=not waiting, on_click=_act,
                  args=(waiting, Action("acknowledge")))
        with st.popover("Assign", key="assign"):
            st.text_input("To whom", key=f"assignee_{patient}", value=session.name(), max_chars=80)
            st.button("Assign", key="assign_now", on_click=_assign, args=(seen, patient))
        with st.popover("Note", key="note"):
            st.text_area("Note", key=f"note_{patient}", max_chars=2000)
            st.button("Save note", key="note_now", on_click=_note, args=(seen, patient))
        st.button("Escalate", key="escalate", on_click=_act, args=(seen, Action("escalate")), disabled=not seen)
        with st.popover("Close …", key="close"):
            _closing(seen, patient)


# what is half written is kept under the patient's number: at the next one, nobody's note must stand ready to be saved
def _closing(seen: dict[int, int], patient: int) -> None:
    outcome = st.selectbox("Outcome", list(triage.OUTCOMES), format_func=triage.OUTCOMES.get, index=None, key=f"outcome_{patient}",
                           placeholder="What was done?")
    if outcome == "known_under_care":
        st.date_input("Under care until", date_of(session.today() + 30), key=f"until_{patient}")
    st.text_area("Note", key=f"closing_note_{patient}", max_chars=2000, help="Needed for an emergency and where the outcome asks for it")
    st.button("Close", key="close_now", type="primary", on_click=_close, args=(seen, patient))


def _act(seen: dict[int, int], action: Action) -> bool:
    done = f"{counted(len(seen), 'flag')} {triage.SAID[action.kind]}." if action.kind not in ("note", "start") else "Note saved."
    return session.write(done.replace(" assigned", f" assigned to {action.assignee}"), lambda: triage.act(
        session.engine(), seen, action, by=session.name(), at=session.now(), today=session.today()))


def _assign(seen: dict[int, int], patient: int) -> None:
    _act(seen, Action("assign", assignee=session.recall(f"assignee_{patient}")))


def _note(seen: dict[int, int], patient: int) -> None:
    if _act(seen, Action("note", text=session.recall(f"note_{patient}"))):
        session.remember(f"note_{patient}", "")


def _close(seen: dict[int, int], patient: int) -> None:
    outcome, until = session.recall(f"outcome_{patient}"), session.recall(f"until_{patient}")
    until_day = day_of(until) if outcome == "known_under_care" and until else None
    if _act(seen, Action("close", outcome=outcome, text=session.recall(f"closing_note_{patient}"), until_day=until_day)):
        session.remember(f"closing_note_{patient}", "")
        session.remember(f"outcome_{patient}", None)
