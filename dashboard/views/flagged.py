"""The flags of one patient, wherever they are shown: why, on what evidence, what cannot be known, what was done."""
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pandas as pd
import streamlit as st

from dashboard import course, start, triage, worklist
from dashboard.codelists import CHOICES
from dashboard.days import ago, lasting, spoken
from dashboard.rules.definition import RuleSet
from dashboard.rules.folding import Reason, in_order
from dashboard.status import Status
from dashboard.views import frame, session
from dashboard.wording import counted, listing, plain


def each(flags: pd.DataFrame, rule_set: RuleSet, found: Status) -> None:
    """Every flag with what to do about it."""
    for row, under in _in_order(flags, rule_set):
        _brief(row, found, under)
        _guidance(row, rule_set, found)


def brief(flags: pd.DataFrame, rule_set: RuleSet, found: Status) -> None:
    with st.container(gap="xsmall", key="flags"):
        for row, under in _in_order(flags, rule_set):
            _brief(row, found, under)


def guidance(flags: pd.DataFrame, rule_set: RuleSet, found: Status) -> None:
    for row in _rows(flags):
        _guidance(row, rule_set, found, f"{row.rule_id}: ")


def _rows(found: pd.DataFrame) -> Iterator[NamedTuple]:
    # what is missing beside texts would be a number
    return found.astype(object).where(found.notna(), None).itertuples()


def _in_order(flags: pd.DataFrame, rule_set: RuleSet) -> Iterator[tuple[NamedTuple, bool]]:
    """Each with whether it is shown under the one before it."""
    rows = list(_rows(flags))
    reasons = [Reason(row.rule_id, row.reason, row.last_evidence, row.status) for row in rows]
    return ((rows[place], under) for place, under in in_order(reasons, rule_set.rules))


def _brief(row: NamedTuple, found: Status, under: bool) -> None:
    age = found.as_of - row.last_evidence
    recency = f"historic, {age:,} d" if (of := worklist.recency(age)) == "historic" else of
    headed = f"{frame.coloured_tier(row.tier)} · {row.reason}" if row.status != "closed" else f":gray[{frame.tier(row.tier)} · {row.reason}]"
    (frame.small if under else st.markdown)(f"With it: {headed}" if under else headed)
    said = f"reported {spoken(row.last_evidence)} ({ago(age)}, {recency})"
    if row.first_evidence != row.last_evidence:
        said += f", first {spoken(row.first_evidence)}"
    parts = [said, f"{row.rule_id} version {row.rule_version}", _state(row) + _due(row), f"owner {plain(row.owner)}" if row.owner else "",
             ":orange[evidence withdrawn]: the entries it rested on were undone or revised" if row.evidence_withdrawn else "" if row.met else "no longer met"]
    frame.small(" · ".join(filter(None, parts)))


def _due(row: NamedTuple) -> str:
    by = row.due_at if row.status in triage.WAITING else row.done_by if row.status in triage.BEGUN else None
    if pd.isna(by):
        return ""
    minutes = (pd.Timestamp(by, tz="UTC") - session.now()).total_seconds() / 60
    return f", due in {lasting(minutes)}" if minutes > 0 else f", :orange[overdue {lasting(-minutes)}]"


def _guidance(row: NamedTuple, rule_set: RuleSet, found: Status, about: str = "") -> None:
    rule = next((rule for rule in rule_set.rules if rule.rule_id == row.rule_id), None)
    if rule is None or row.status == "closed":
        return
    with st.expander(f"{about}{'what' if about else 'What'} to do, and what the sources say", type="compact", key=f"sources_{row.flag}"):
        st.markdown(rule.action.format_map({"reason": row.reason, "reported": spoken(row.last_evidence),
                                            "age": counted(found.as_of - row.last_evidence, "day")}))
        st.markdown("\n".join(f"- *{source.ref}*: {source.says}" for source in rule.sources))
        if rule.tier_conflict:
            st.markdown(f"**Sources disagree.** {rule.tier_conflict}")
        st.caption("**The rule**")
        for sentence in rule.describe():
            st.caption(sentence)


def unknown(patient: int, rule_set: RuleSet) -> None:
    with session.reading() as connection:
        bits = worklist.cannot_assess(connection, patient)
    if bits:
        st.markdown(f":violet[**? {counted(bits.bit_count(), 'rule')} cannot be assessed**] from what was recorded: "
                    + "; ".join(f"{rule_id} {rule_set.by_id(rule_id).title.lower()}" for rule_id in rule_set.ids(bits)))


def evidence(flags: pd.DataFrame, rule_set: RuleSet, patient: int, found: Status) -> None:
    known = {rule.rule_id: rule for rule in rule_set.rules}
    for row in flags[flags["met"].astype(bool)].itertuples():
        if row.rule_id in known:
            with session.reading() as connection:
                rows = course.evidence(connection, known[row.rule_id], patient, found.as_of)
            label = f"Evidence for {row.rule_id}: {counted(len(rows), 'diary entry')} as written"
            with st.expander(label, expanded=row.Index == 0, key=f"evidence_{row.flag}"):
                st.dataframe(rows, hide_index=True, key=f"rows_{row.flag}", height=min(36 + 35 * max(len(rows), 1), 180),
                             alt=f"Diary entries that meet {row.rule_id}")


def history(actions: pd.DataFrame, take_back: Callable[[pd.DataFrame, int], None] | None = None) -> None:
    """What was done, the last first; as triage.history gives it. One event may be about several flags. `take_back` is called beside each."""
    if len(actions):
        st.caption("**What was done**")
    for (event, _, gone), same in actions.iloc[::-1].groupby(["event", "kind", "taken_back"], sort=False):
        row, rules = next(_rows(same)), listing(dict.fromkeys(same["rule_id"].iloc[::-1]), "and")
        extra = [triage.CALLED.get(row.outcome) if row.kind != "propose" else None, f"to {plain(row.assignee)}" if row.assignee else None,
                 f"until {spoken(row.until_day)}" if row.until_day is not None else None, f"“{plain(row.text)}”" if row.text else None,
                 "taken back" if gone else None]
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(" · ".join([f"{local(row.happened_at):%-d %b %Y %H:%M}", f"{plain(who(row.by))} {did(row.kind)} {rules}", *filter(None, extra)]),
                       width="content")
            if take_back:
                take_back(actions, int(event))


def who(by: str) -> str:
    return "the app" if by == start.SYSTEM else by


def did(kind: str) -> str:
    return triage.SAID.get(kind, kind)


def local(moment: pd.Timestamp) -> pd.Timestamp:
    """A stored time, on the reader's clock."""
    return pd.Timestamp(moment, tz="UTC").tz_convert(session.zone())


def on_paper(flags: pd.DataFrame, rule_set: RuleSet) -> pd.DataFrame:
    return pd.DataFrame([{
        "Tier": frame.tier(row.tier), "Why": f"With it: {row.reason}" if under else row.reason, "Rule": f"{row.rule_id} version {row.rule_version}",
        "Evidence": spoken(row.last_evidence) if row.first_evidence == row.last_evidence else f"{spoken(row.first_evidence)} to {spoken(row.last_evidence)}",
        "State": _state(row) + ("; evidence withdrawn" if row.evidence_withdrawn else "" if row.met else "; no longer met"),
        "Owner": row.owner or "–"} for row, under in _in_order(flags, rule_set)])


def _state(row: NamedTuple) -> str:
    said = CHOICES["status"][row.status].lower()
    if row.status == "snoozed" and row.until_day is not None:
        return f"{said} until {spoken(row.until_day)}"
    return f"{said} {spoken(row.closed_day)}: {triage.CALLED.get(row.outcome, '').lower()}" if row.status == "closed" else said
