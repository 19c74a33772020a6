"""One patient beside the list: why, on what evidence, what is unknown, what was done, and what to do now."""
import pandas as pd
import streamlit as st

from dashboard import course, start, triage, worklist
from dashboard.codelists import CHOICES
from dashboard.days import ago, spoken
from dashboard.figures.course import severity
from dashboard.rules import active
from dashboard.rules.definition import RuleSet
from dashboard.status import Status
from dashboard.views import acting, frame, listing, session
from dashboard.wording import counted, plain

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
        for row in flags.itertuples():
            _flag(row, rule_set, found)
        _unknown(patient, rule_set)
        acting.show(flags, patient)
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
    st.markdown(f"#### Patient {plain(line['patient_id'])}")
    said = session.answer("modifiers", {"patient": int(line["patient"]), "as_of": found.as_of},
                          lambda connection: worklist.recent_course(connection, [int(line["patient"])], found.as_of))
    chips = " ".join(f":gray-badge[{label}]" for label in said.loc[0, "modifiers"])
    frame.small(f"{plain(line['source'])} · now {_score(said.loc[0, 'now'])}, worst {_score(said.loc[0, 'worst'])} {chips}")


def _score(value: float | None) -> str:
    return "not recorded" if value is None or pd.isna(value) else f"{value:g}"


def _go(shown: pd.DataFrame, at: int) -> None:
    patient = int(shown.loc[at, "patient"])
    session.remember("patient", patient)
    page, row = divmod(at, listing.PAGE)
    session.remember("page", page + 1)
    session.choose_row("list", row)


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
    parts = [said, f"{row.rule_id} version {row.rule_version}", state, f"owner {plain(row.owner)}" if row.owner else "",
             ":orange[evidence withdrawn]" if row.evidence_withdrawn else "" if row.met else "no longer met"]
    frame.small(" · ".join(filter(None, parts)))
    rule = next((rule for rule in rule_set.rules if rule.rule_id == row.rule_id), None)
    if rule is not None and not closed:
        with st.expander("What to do, and what the sources say", type="compact", key=f"sources_{row.flag}"):
            st.markdown(rule.action.format_map({"reason": row.reason, "reported": spoken(row.last_evidence), "age": counted(age, "day")}))
            st.markdown("\n".join(f"- *{source.ref}*: {source.says}" for source in rule.sources))
            if rule.tier_conflict:
                st.markdown(f"**Sources disagree.** {rule.tier_conflict}")
            st.caption("**The rule**")
            for sentence in rule.describe():
                st.caption(sentence)


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
            label = f"Evidence for {row.rule_id}: {counted(len(rows), 'diary entry')} as written"
            with st.expander(label, expanded=row.Index == 0, key=f"evidence_{row.flag}"):
                st.dataframe(rows, hide_index=True, key=f"rows_{row.flag}", height=min(36 + 35 * max(len(rows), 1), 180),
                             alt=f"Diary entries that meet {row.rule_id}")


def _severity(flags: pd.DataFrame, patient: int, found: Status) -> None:
    with session.reading() as connection:
        days = course.severity_by_day(connection, patient, found.as_of, DAYS_SHOWN)
    st.caption(f"**Severity**, {DAYS_SHOWN} days to {spoken(found.as_of)} · 0 = no pain, 10 = worst (higher is worse) · "
               f"{counted(len(days), 'day')} with a score")
    if len(days):
        marks = flags[flags["met"].astype(bool)].to_dict("records")
        chart = severity(days, marks, first_day=found.as_of - DAYS_SHOWN + 1, last_day=found.as_of, theme=session.theme())
        st.plotly_chart(chart, key="severity", theme=None, config={"displayModeBar": False}, alt="Severity by day with gaps where nothing was recorded")


def _notes(patient: int, found: Status) -> None:
    with session.reading() as connection:
        notes = course.last_notes(connection, patient, found.as_of)
    for day, text in notes:
        st.caption(f"Note of {spoken(day)}")
        st.text(text)


def _who(by: str) -> str:
    return "the app" if by == start.SYSTEM else plain(by)


def _history(flags: pd.DataFrame) -> None:
    with session.reading() as connection:
        actions = triage.history(connection, flags["flag"].tolist())
    actions = actions.astype(object).where(actions.notna(), None)  # what is missing beside texts would be a number
    if len(actions):
        st.caption("**What was done**")
    for row in actions.iloc[::-1].itertuples():
        extra = [CHOICES["outcome"].get(row.outcome), f"to {plain(row.assignee)}" if row.assignee else None,
                 f"until {spoken(row.until_day)}" if row.until_day is not None else None, f"“{plain(row.text)}”" if row.text else None]
        when = pd.Timestamp(row.happened_at, tz="UTC").tz_convert(session.zone())
        st.caption(" · ".join([f"{when:%-d %b %Y %H:%M}", f"{_who(row.by)} {triage.SAID.get(row.kind, row.kind)} {row.rule_id}", *filter(None, extra)]))
