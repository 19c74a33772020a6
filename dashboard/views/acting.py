"""What can be done about the flags of the patient who is open."""
from collections.abc import Collection

import pandas as pd
import streamlit as st

from dashboard import audit, triage, worklist
from dashboard.days import date_of, day_of, spoken
from dashboard.triage import LEADS, SAID, SNOOZE_DAYS, Action
from dashboard.views import session, watch
from dashboard.wording import counted, plain

Seen = dict[int, int]  # flags, with the versions that are on screen


def show(flags: pd.DataFrame, told: pd.DataFrame, patient: int, patient_id: str) -> None:
    """`flags`: all of the patient; `told`: their history."""
    is_closed = flags["status"] == "closed"
    by_a_person = is_closed & ~flags["outcome"].isin(triage.BY_SYSTEM)
    session.remember("acting_on", patient_id)
    for proposal in _proposals(told, flags.loc[flags["status"] == "to_confirm", "flag"]).itertuples():
        st.markdown(f":orange[**⚠ {plain(proposal.by)} calls {proposal.rule_id} a data error**] (“{plain(proposal.text)}”). A second person has to say "
                    "whether it is one; until then it stays on the list.")
    if (is_closed & ~by_a_person).all() or not session.ask_name("act"):
        return
    if not is_closed.all():
        _open(flags[~is_closed], told, patient)
    if by_a_person.any():
        closed = dict(zip(flags.loc[by_a_person, "flag"].astype(int), flags.loc[by_a_person, "version"].astype(int), strict=True))
        st.button(f"Reopen {counted(len(closed), 'closed flag')}", key="reopen", type="tertiary", on_click=_act, args=(closed, Action("reopen")))


def _proposals(told: pd.DataFrame, flags: Collection[int]) -> pd.DataFrame:
    return told[(told["kind"] == "propose") & told["flag"].isin(flags)].groupby("flag").tail(1)


def _open(flags: pd.DataFrame, told: pd.DataFrame, patient: int) -> None:
    """An action goes to all open flags of the patient that it fits, unless some are chosen."""
    by_number = {int(row.flag): row for row in flags.itertuples()}
    chosen = list(session.recall(f"on_{patient}", list(by_number)))

    def fit(kind: str, tiers: Collection[str] = "EUR") -> Seen:
        return {number: int(row.version) for number, row in by_number.items() if number in chosen and row.status in LEADS[kind][0] and row.tier in tiers}
    with st.container(horizontal=True, gap="small", key="actions"):
        if fit("confirm"):
            _second(fit("confirm"), told)
        if fit("close") or not fit("confirm"):
            st.button("Acknowledge", key="acknowledge", type="primary", icon=":material/check:", shortcut="A", disabled=not fit("acknowledge"), on_click=_act,
                      args=(fit("acknowledge"), Action("acknowledge")))
            st.button("Start", key="start", shortcut="S", disabled=not fit("start"), on_click=_act, args=(fit("start"), Action("start")),
                      help="I am working on it")
        with st.popover("Assign", key="assign"):
            known = session.answer("people", {}, lambda connection: sorted({*audit.names(connection), *worklist.owners(connection)} - {triage.SYSTEM}))
            people = [session.name(), *(name for name in known if name != session.name())]
            st.selectbox("To whom", people, key=f"assignee_{patient}", accept_new_options=True)
            st.button("Assign", key="assign_now", on_click=_assign, args=(fit("assign"), patient))
        with st.popover("Note", key="note"):
            st.text_area("Note", key=f"note_{patient}", max_chars=2000)
            st.button("Save note", key="note_now", on_click=_note, args=(fit("note"), patient))
        if fit("snooze", "R"):
            with st.popover("Snooze …", key="snooze"):
                _snoozing(fit("snooze", "R"), patient, len(flags))
        if fit("close") or not fit("confirm"):
            st.button("Escalate", key="escalate", on_click=_act, args=(fit("escalate"), Action("escalate")), disabled=not fit("escalate"))
            with st.popover("Close …", key="close", disabled=not fit("close")):
                _closing(fit("close"), patient, bool(fit("close", "E")))
        if len(by_number) > 1:
            # not pills: theirs are too dark to read on the dark page
            with st.popover(f"On {len(chosen)} of {len(by_number)} flags", key="which"):
                st.multiselect("Act on", list(by_number), default=list(by_number), format_func=lambda number: f"{by_number[number].rule_id} "
                               f"{by_number[number].reason}", key=f"on_{patient}", placeholder="No flag chosen")


def _second(waiting: Seen, told: pd.DataFrame) -> None:
    own = any(triage.same_person(who, session.name()) for who in _proposals(told, waiting)["by"])
    st.button("It is a data error", key="confirm", type="primary", disabled=own, on_click=_act, args=(waiting, Action("confirm")),
              help="You called it one yourself; somebody else has to confirm it" if own else "Closes it, signed by both")
    st.button("It is not", key="reject", on_click=_act, args=(waiting, Action("reject")), help="Opens it again")


def _snoozing(seen: Seen, patient: int, of: int) -> None:
    if len(seen) < of:
        st.markdown(f"Snoozes {counted(len(seen), 'routine flag')} only.")
    today = session.today()
    st.date_input("Until", date_of(today + 7), date_of(today + 1), date_of(today + SNOOZE_DAYS), key=f"snooze_until_{patient}", format="YYYY-MM-DD",
                  help=f"At most {SNOOZE_DAYS} days. It comes back on its day, and at once when anything new is flagged for the patient")
    st.text_area("Reason", key=f"snooze_reason_{patient}", max_chars=2000)
    st.button("Snooze", key="snooze_now", type="primary", on_click=_snooze, args=(seen, patient))


# what is half written is kept under the patient's number: at the next one, nobody's note must stand ready to be saved
def _closing(seen: Seen, patient: int, emergency: bool) -> None:
    outcome = st.selectbox("Outcome", list(triage.OUTCOMES), format_func=triage.OUTCOMES.get, index=None, key=f"outcome_{patient}",
                           placeholder="What was done?")
    if outcome == "known_under_care":
        st.date_input("Under care until", date_of(session.today() + 30), key=f"until_{patient}")
    proposed = emergency and outcome == triage.SECOND_PERSON
    if proposed:
        st.markdown("An emergency is closed as a data error by two people: it stays on the list until somebody else confirms it.")
    st.text_area("Note", key=f"closing_note_{patient}", max_chars=2000, help="Needed for an emergency and where the outcome asks for it")
    st.button("Close", key="close_now", type="primary", on_click=_close, args=(seen, patient, "propose" if proposed else "close"))


# --- doing it -----------------------------------------------------------------------------------------------------------------------

def _act(seen: Seen, action: Action, kind: str | None = None) -> bool:
    """`kind`: what it will come to, where that is not what is asked for."""
    done = SAID[kind or action.kind]
    said = f"{done[:1].upper()}{done[1:]} {session.recall('acting_on')}" + (f" ({counted(len(seen), 'flag')})" if len(seen) > 1 else "")
    said += f" to {action.assignee}" if action.kind == "assign" else f" until {spoken(action.until_day)}" if action.until_day else ""
    return watch.write(said, lambda: triage.act(session.engine(), seen, action, by=session.name(), at=session.now(), today=session.today()))


def _assign(seen: Seen, patient: int) -> None:
    _act(seen, Action("assign", assignee=(session.recall(f"assignee_{patient}") or "").strip()[:80]))


def _note(seen: Seen, patient: int) -> None:
    if _act(seen, Action("note", text=session.recall(f"note_{patient}"))):
        session.remember(f"note_{patient}", "")


def _snooze(seen: Seen, patient: int) -> None:
    until = session.recall(f"snooze_until_{patient}")
    if _act(seen, Action("snooze", text=session.recall(f"snooze_reason_{patient}"), until_day=day_of(until) if until else None)):
        session.remember(f"snooze_reason_{patient}", "")


def _close(seen: Seen, patient: int, kind: str) -> None:
    outcome, until = session.recall(f"outcome_{patient}"), session.recall(f"until_{patient}")
    until_day = day_of(until) if outcome == "known_under_care" and until else None
    if _act(seen, Action("close", outcome=outcome, text=session.recall(f"closing_note_{patient}"), until_day=until_day), kind):
        session.remember(f"closing_note_{patient}", "")
        session.remember(f"outcome_{patient}", None)


def take_back(told: pd.DataFrame, event: int) -> None:
    """A button for what the reader did to this patient last, where it would go through."""
    if not session.name() or event not in triage.undoable(told, session.name()):
        return
    flags = told.loc[told["event"] == event, "flag"].astype(int).tolist()
    with session.reading() as connection:
        can = triage.can_undo(connection, event, session.name(), flags)
    if can:
        st.button("Undo", key=f"undo_{event}", type="tertiary", on_click=watch.undo, args=(event, flags))
