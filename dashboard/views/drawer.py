"""One patient beside the list: why, on what evidence, what is unknown, what was done, and what to do now."""
from datetime import date, timedelta

import pandas as pd
import streamlit as st

from dashboard import course, figures, triage, worklist
from dashboard.codelists import CHOICES
from dashboard.days import ago, day_of, spoken
from dashboard.rules import active
from dashboard.rules.definition import RuleSet
from dashboard.status import Status
from dashboard.triage import Action
from dashboard.views import frame, session
from dashboard.wording import counted

DAYS_SHOWN = 90


def show(shown: pd.DataFrame, patient: int, found: Status) -> None:
    """`shown` are the lines of the list, for next and previous."""
    at = shown.index[shown["patient"] == patient][0]
    line = shown.loc[at]
    with st.container(border=True, key="drawer"):
        _head(shown, int(at), line, found)
        with session.reading() as connection:
            rule_set = active.current(connection)
            flags = triage.flags_of(connection, patient)
        open_flags = flags[flags["status"] != "closed"]
        for row in flags.itertuples():
            _flag(row, rule_set, found)
        _unknown(patient, rule_set)
        if len(open_flags):
            _actions(open_flags)
        _evidence(flags, rule_set, patient, found)
        _severity(flags, patient, found)
        _notes(patient, found)
        _history(flags)


def _head(shown: pd.DataFrame, at: int, line: pd.Series, found: Status) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Previous", key="previous", icon=":material/keyboard_arrow_up:", shortcut="K", disabled=at == 0, on_click=_go, args=(shown, at - 1))
        st.button("Next", key="next", icon=":material/keyboard_arrow_down:", shortcut="J", disabled=at == len(shown) - 1, on_click=_go, args=(shown, at + 1))
        st.space("stretch")
        st.button("Back to the list", key="shut", icon=":material/close:", shortcut="Esc", type="tertiary", on_click=_shut)
    st.markdown(f"#### Patient {line['patient_id']}")
    said = session.answer("modifiers", {"patient": int(line["patient"]), "as_of": found.as_of},
                          lambda connection: worklist.recent_course(connection, [int(line["patient"])], found.as_of))
    chips = " ".join(f":gray-badge[{label}]" for label in said.loc[0, "modifiers"])
    st.caption(f"{line['source']} · now {_score(said.loc[0, 'now'])}, worst {_score(said.loc[0, 'worst'])} {chips}")


def _score(value: float | None) -> str:
    return "not recorded" if value is None or pd.isna(value) else f"{value:g}"


def _go(shown: pd.DataFrame, at: int) -> None:
    patient = int(shown.loc[at, "patient"])
    session.remember("patient", patient)
    rows = session.recall("rows", [])
    session.choose_row("list", rows.index(patient) if patient in rows else None)


def _shut() -> None:
    session.forget("patient")
    session.choose_row("list", None)


def _flag(row: object, rule_set: RuleSet, found: Status) -> None:
    age = found.as_of - row.last_evidence
    recency = "current" if age <= worklist.CURRENT else "recent" if age <= worklist.RECENT else f"historic, {age:,} d"
    closed = row.status == "closed"
    st.markdown(f"{frame.coloured_tier(row.tier)} · {row.reason}" if not closed else f":gray[{frame.tier(row.tier)} · {row.reason}]")
    said = f"reported {spoken(row.last_evidence)} ({ago(age)}, {recency})"
    if row.first_evidence != row.last_evidence:
        said += f", first {spoken(row.first_evidence)}"
    state = CHOICES["status"][row.status].lower()
    if closed:
        state += f" {spoken(row.closed_day)}: {CHOICES['outcome'].get(row.outcome, '').lower()}"
    parts = [said, f"{row.rule_id} version {row.rule_version}", state, f"owner {row.owner}" if row.owner else "",
             ":orange[evidence withdrawn]" if row.evidence_withdrawn else "" if row.met else "no longer met"]
    st.caption(" · ".join(filter(None, parts)))
    rule = next((rule for rule in rule_set.rules if rule.rule_id == row.rule_id), None)
    if rule is not None and not closed:
        with st.expander("What the source says, and what to do", key=f"sources_{row.flag}"):
            for sentence in rule.describe():
                st.markdown(sentence)
            for source in rule.sources:
                st.markdown(f"- *{source.ref}*: {source.says}")
            if rule.tier_conflict:
                st.markdown(f"**Sources disagree.** {rule.tier_conflict}")
            st.markdown(rule.action.format_map({"reason": row.reason, "reported": spoken(row.last_evidence), "age": ago(age)}))


def _unknown(patient: int, rule_set: RuleSet) -> None:
    with session.reading() as connection:
        bits = worklist.cannot_assess(connection, patient)
    if bits:
        st.markdown(f":violet[**? {counted(bits.bit_count(), 'rule')} cannot be assessed**] from what was recorded: "
                    + "; ".join(f"{rule_id} {rule_set.by_id(rule_id).title.lower()}" for rule_id in rule_set.ids(bits)))


def _evidence(flags: pd.DataFrame, rule_set: RuleSet, patient: int, found: Status) -> None:
    known = {rule.rule_id: rule for rule in rule_set.rules}
    for row in flags[flags["met"].astype(bool)].itertuples():
        if row.rule_id in known:
            with session.reading() as connection:
                rows = course.evidence(connection, known[row.rule_id], patient, found.as_of)
            with st.expander(f"Evidence for {row.rule_id}: {counted(len(rows), 'diary entry')} as written", expanded=row.Index == 0, key=f"evidence_{row.flag}"):
                st.dataframe(rows, hide_index=True, key=f"rows_{row.flag}", height=min(36 + 35 * max(len(rows), 1), 180),
                             alt=f"Diary entries that meet {row.rule_id}")


def _severity(flags: pd.DataFrame, patient: int, found: Status) -> None:
    with session.reading() as connection:
        days = course.severity_by_day(connection, patient, found.as_of, DAYS_SHOWN)
    st.caption(f"**Severity**, {DAYS_SHOWN} days to {spoken(found.as_of)} · 0 = no pain, 10 = worst (higher is worse) · "
               f"{counted(len(days), 'day')} with a score")
    if len(days):
        marks = flags[flags["met"].astype(bool)].to_dict("records")
        chart = figures.severity(days, marks, first_day=found.as_of - DAYS_SHOWN + 1, last_day=found.as_of, theme=session.theme())
        st.plotly_chart(chart, key="severity", theme=None, config={"displayModeBar": False}, alt="Severity by day with gaps where nothing was recorded")


def _notes(patient: int, found: Status) -> None:
    with session.reading() as connection:
        notes = course.last_notes(connection, patient, found.as_of)
    for day, text in notes:
        st.caption(f"Note of {spoken(day)}")
        st.text(text)


# --- what to do ---------------------------------------------------------------------------------------------------------------------

def _actions(flags: pd.DataFrame) -> None:
    """Actions go to all open flags of the patient unless some are chosen; each flag with the version that is on screen."""
    if not session.ask_name("act"):
        return
    versions = dict(zip(flags["flag"].astype(int), flags["version"].astype(int), strict=True))
    labels = {int(row.flag): f"{row.rule_id} {row.reason}" for row in flags.itertuples()}
    chosen = list(versions)
    if len(versions) > 1:
        chosen = st.pills("Act on", list(versions), selection_mode="multi", default=list(versions), format_func=labels.get, key=f"on_{min(versions)}") or []
    seen = {flag: versions[flag] for flag in chosen}
    waiting = {flag: version for flag, version in seen.items() if flags.set_index("flag").loc[flag, "status"] == "open"}
    with st.container(horizontal=True):
        st.button("Acknowledge", key="acknowledge", type="primary", icon=":material/check:", shortcut="A", disabled=not waiting, on_click=_act,
                  args=(waiting, Action("acknowledge")))
        with st.popover("Assign", key="assign"):
            st.text_input("To whom", key="assignee", value=session.name())
            st.button("Assign", key="assign_now", on_click=_assign, args=(seen,))
        with st.popover("Note", key="note"):
            st.text_area("Note", key="note_text", max_chars=2000)
            st.button("Save note", key="note_now", on_click=_note, args=(seen,))
        st.button("Escalate", key="escalate", on_click=_act, args=(seen, Action("escalate")), disabled=not seen)
        with st.popover("Close …", key="close"):
            _closing(seen)


def _closing(seen: dict[int, int]) -> None:
    outcome = st.selectbox("Outcome", list(triage.OUTCOMES), format_func=triage.OUTCOMES.get, index=None, key="outcome", placeholder="What was done?")
    if outcome == "known_under_care":
        st.date_input("Under care until", date.today() + timedelta(days=30), key="until")
    st.text_area("Note", key="close_text", max_chars=2000, help="Needed for an emergency and where the outcome asks for it")
    st.button("Close", key="close_now", type="primary", on_click=_close, args=(seen, outcome))


def _act(seen: dict[int, int], action: Action) -> bool:
    done = f"{counted(len(seen), 'flag')} {triage.SAID[action.kind]}." if action.kind not in ("note", "start") else "Note saved."
    return session.write(done.replace(" assigned", f" assigned to {action.assignee}"), lambda: triage.act(
        session.engine(), seen, action, by=session.name(), at=session.now(), today=session.today()))


def _assign(seen: dict[int, int]) -> None:
    _act(seen, Action("assign", assignee=session.recall("assignee")))


def _note(seen: dict[int, int]) -> None:
    if _act(seen, Action("note", text=session.recall("note_text"))):
        session.remember("note_text", "")


def _close(seen: dict[int, int], outcome: str | None) -> None:
    until = session.recall("until")
    until_day = day_of(until) if outcome == "known_under_care" and until else None
    if _act(seen, Action("close", outcome=outcome, text=session.recall("close_text"), until_day=until_day)):
        session.remember("close_text", "")


def _history(flags: pd.DataFrame) -> None:
    with session.reading() as connection:
        actions = triage.history(connection, flags["flag"].tolist())
    if len(actions):
        st.caption("**What was done**")
    for row in actions.iloc[::-1].itertuples():
        extra = [CHOICES["outcome"].get(row.outcome), f"to {row.assignee}" if row.assignee else None,
                 f"until {spoken(row.until_day)}" if pd.notna(row.until_day) else None, f"“{row.text}”" if row.text else None]
        when = pd.Timestamp(row.happened_at, tz="UTC").tz_convert(session.zone())
        st.caption(f"{when:%-d %b %Y %H:%M} · {row.by} {triage.SAID.get(row.kind, row.kind)} {row.rule_id}" + "".join(f" · {said}" for said in extra if said))
