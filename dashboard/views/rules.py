"""The rules in force, in words, with their sources and what they find in today's data. A newer rule set waits here for a person."""
import pandas as pd
import streamlit as st

from dashboard import activity, audit
from dashboard.figures.tokens import TOKENS
from dashboard.rules import active, answers, definition
from dashboard.rules.definition import TIERS, Rule, RuleSet
from dashboard.rules.over_time import KINDS
from dashboard.status import Status
from dashboard.views import frame, session
from dashboard.wording import counted

SOURCE_KINDS = {"page": "clinic page", "framework": "framework", "proposal": "proposal"}
SOURCE_HELP = "Clinic page: the Cleveland Clinic page on upper back pain. Framework: published guidance. Proposal: awaits a clinician's signature."
_KIND_WORDS = {kind: name.replace("_", " ") for name, kind in KINDS.items()}
# an action's wording has gaps that a flag fills
_GAPS = {"reason": "‹reason›", "reported": "‹date›", "age": "‹age›"}


def page() -> None:
    found = frame.begin("Rules")
    with session.reading() as connection:
        rule_set = active.current(connection)
    for version in found.waiting_rule_sets:
        _waiting(version, rule_set)
    with st.spinner("Counting patients for every rule …", show_time=True):
        counts = session.answer("rule_counts", {"as_of": found.as_of}, lambda connection: answers.counts(connection, found.as_of))
    rules = sorted(rule_set.rules, key=lambda rule: (list(TIERS).index(_usual(rule)), rule.rule_id))
    chosen = next((rule for rule in rules if rule.rule_id == session.recall("rule_open")), None)
    st.markdown(f"**{counted(len(rules), 'rule')}**, rule set {rule_set.version}, on {counted(counts['patients'], 'patient')}. "
                "Each is met, not met, or can't be assessed from what was recorded. Choose a line to read the rule in full.")
    left, right = st.columns([11, 9], gap="medium") if chosen else (st.container(), None)
    with left:
        _table(rules, counts["rules"], narrow=chosen is not None)
        _missing(rules)
        _versions()
    if chosen:
        with right:
            _detail(chosen, counts["rules"][chosen.rule_id], found)


def _table(rules: list[Rule], counts: dict[str, dict[str, int]], *, narrow: bool) -> None:
    session.remember("rule_rows", [rule.rule_id for rule in rules])
    table = pd.DataFrame({
        "Tier": [" or ".join(dict.fromkeys((frame.tier(_usual(rule)), frame.tier(rule.tier)))) for rule in rules],
        "Rule": [rule.rule_id for rule in rules], "Title": [rule.title for rule in rules],
        **{label: [counts[rule.rule_id][outcome] for rule in rules] for outcome, label in
           (("met", "Met"), ("not_met", "Not met"), ("cannot_assess", "Can't assess"))},
        "Sources": [", ".join(kind for code, kind in SOURCE_KINDS.items() if code in {said.kind for said in rule.sources}) for rule in rules]})
    if narrow:
        table = table[["Tier", "Rule", "Title"]]
    colours = TOKENS[session.theme()]
    styled = table.style.map(lambda text: f"color: {colours.get(_tier_of(text), colours['none'])}; font-weight: 600", subset=["Tier"])
    number = st.column_config.NumberColumn
    st.dataframe(styled, key="rule_list", hide_index=True, on_select=_select, selection_mode=["single-row", "single-cell"], height="content", column_config={
        "Tier": st.column_config.TextColumn(width=170, help="The tier that the rule gives, and the worse one that a graver report raises it to"),
        "Rule": st.column_config.TextColumn(width=50),
        "Title": st.column_config.TextColumn(width=275), "Met": number(width=55, format="localized", help="Patients who meet it"),
        "Not met": number(width=70, format="localized", help="Patients whose answers say that it is not met"),
        "Can't assess": number(width=90, format="localized", help="Patients of whom too little was recorded to say either"),
        "Sources": st.column_config.TextColumn(width=190, help=SOURCE_HELP)},
        alt="Rules in force, worst tier first; choose a row to read the rule in full")


def _tier_of(text: str) -> str:
    return next(code for code in TIERS if text.startswith(frame.tier(code)))


def _usual(rule: Rule) -> str:
    """The worst tier of the arms that stand for themselves; others only raise it."""
    return min((arm.tier for arm in rule.arms if not arm.raises_only), key=list(TIERS).index)


def _select() -> None:
    session.remember("rule_open", session.chosen("rule_list", session.recall("rule_rows"), session.recall("rule_open")))


def _shut() -> None:
    session.forget("rule_open")
    session.choose_row("rule_list", None)


def _detail(rule: Rule, counts: dict[str, int], found: Status) -> None:
    with st.container(border=True, key="rule_detail"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{rule.rule_id}, version {rule.version}", width="content")
            st.space("stretch")
            st.button("Close", key="rule_shut", icon=":material/close:", shortcut="Esc", type="tertiary", on_click=_shut)
        st.markdown(f"#### {rule.title}")
        st.caption(f"{counts['met']:,} met · {counts['not_met']:,} not met · {counts['cannot_assess']:,} can't be assessed"
                   + (" · could not be evaluated" if rule.rule_id in found.failed_rules else ""))
        st.markdown("**Met when**")
        for arm, sentence in zip(rule.arms, rule.describe(), strict=True):
            said = sentence.removeprefix(f"{TIERS[arm.tier]}: ")
            st.markdown(f"{frame.coloured_tier(arm.tier)}: {said}")
            if arm.task:
                st.caption(f"Task: {arm.task}")
        st.markdown("**When it can't be assessed**")
        st.markdown(rule.cannot_assess())
        if rule.assess_required:
            st.caption("A patient for whom this can't be assessed stands under “not assessable”, whatever lesser rules say.")
        st.markdown("**Sources**")
        for source in rule.sources:
            st.markdown(f"- {SOURCE_KINDS[source.kind].capitalize()}, *{source.ref}*: {source.says}")
        if rule.tier_conflict:
            st.markdown(f":orange[**Sources disagree.**] {rule.tier_conflict}")
        st.markdown("**What to do when it is met**")
        st.markdown(rule.action.format_map(_GAPS))
        _parameters(rule)


def _parameters(rule: Rule) -> None:
    found = [(_KIND_WORDS[type(part)], name.replace("_", " "), f"{value:g}") for part in rule.parts for name, value in vars(part).items()
             if isinstance(value, int | float) and not isinstance(value, bool)]
    with st.expander(f"Reads {counted(len(definition.reads(rule)), 'column')}, {counted(len(found), 'parameter')}", key="rule_parameters"):
        st.markdown("Columns: " + ", ".join(f"`{column}`" for column in definition.reads(rule)))
        if found:
            st.table(pd.DataFrame(found, columns=["Condition", "Parameter", "Value"]), hide_index=True, border="horizontal")


def _missing(rules: list[Rule]) -> None:
    missing = definition.not_in_force(tuple(rules))
    if missing:
        st.caption(f"**Rules not in force:** {', '.join(missing)}. A patient who would meet only one of these is not flagged.")
        with st.expander("What they are about", type="compact", key="rules_missing"):
            st.markdown("\n".join(f"- {rule_id}: {definition.floor()[rule_id]}" for rule_id in missing))


# --- versions ---------------------------------------------------------------------------------------------------------------------

def _waiting(version: int, now: RuleSet) -> None:
    with session.reading() as connection:
        later = active.of_version(connection, version)
    with st.container(border=True, key=f"waiting_{version}"):
        st.markdown("**A newer rule set came with this release and is not active.** "
                    f"Rule set {now.version} decides until somebody activates rule set {version}.")
        for sentence in _differences(now, later):
            st.markdown(f"- {sentence}")
        with st.expander("Activate it …", key=f"activating_{version}"):
            st.markdown("From then on every patient is evaluated by the new rules: flags may open and close. The old rule set stays on record.")
            if session.ask_name(f"activate_{version}"):
                st.text_input("Reason", key=f"activate_reason_{version}", max_chars=500, placeholder="Who reviewed it, and when")
                st.button(f"Activate rule set {version}", key=f"activate_now_{version}", type="primary", on_click=_activate, args=(version,))


def _differences(now: RuleSet, later: RuleSet) -> list[str]:
    old, new = ({rule.rule_id: rule for rule in rules.rules} for rules in (now, later))
    parts = (("New", [i for i in new if i not in old]), ("Changed", [i for i in new if i in old and new[i] != old[i]]),
             ("Gone", [i for i in old if i not in new]))
    return [f"{label}: {'; '.join(f'{i} {(new.get(i) or old[i]).title}' for i in ids)}" for label, ids in parts if ids] or ["No rule differs in what it says."]


def _activate(version: int) -> None:
    session.write(f"Rule set {version} is in force.", lambda: active.activate(
        session.engine(), version, by=session.name(), at=session.now(), reason=session.recall(f"activate_reason_{version}") or ""))


def _versions() -> None:
    with session.reading() as connection:
        events = audit.events(connection, kinds=("rule_set_recorded", "rule_set_activated"))
    with st.expander("History of rule sets", key="rule_history"):
        for row in events.itertuples():
            when = pd.Timestamp(row.happened_at, tz="UTC").tz_convert(session.zone())
            st.text(f"{when:%-d %b %Y, %H:%M} · {activity.sentence(row.kind, row.by, row.subject, row.details, {})}")


page()
