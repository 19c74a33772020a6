"""The rules in force, and what they find in today's data. One that is open shows in full; drafts and newer rule sets are tried here."""
import io
import zipfile

import pandas as pd
import streamlit as st

from dashboard import activity, audit
from dashboard.figures.tokens import TOKENS
from dashboard.rules import active, answers, definition
from dashboard.rules.definition import TIERS, Rule, RuleSet
from dashboard.rules.parameters import compared
from dashboard.views import frame, opened_rule, session, trying
from dashboard.wording import counted, plain

SOURCE_HELP = "Clinic page: the Cleveland Clinic page on upper back pain. Framework: published guidance. Proposal: awaits a clinician's signature."

ROW, HEIGHT = 30, 546  # pixels; the list scrolls by itself, so that what is opened beside it is in sight


def page() -> None:
    found = frame.begin("Rules")
    with session.reading() as connection:
        rule_set = active.current(connection)
    trying.banner(rule_set)
    if session.recall("trying"):
        trying.show(rule_set, found)
        return
    for version in found.waiting_rule_sets:
        _waiting(version, rule_set)
    with st.spinner("Counting patients for every rule …", show_time=True):
        counts = session.answer("rule_counts", {"as_of": found.as_of}, lambda connection: answers.counts(connection, found.as_of))
    rules = sorted(rule_set.rules, key=lambda rule: (list(TIERS).index(_usual(rule)), rule.rule_id))
    opened = session.recall("rule_open")
    chosen = next((one for one in (*rules, *_off(rule_set)) if one.rule_id == opened), None)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{counted(len(rules), 'rule')}**, rule set {rule_set.version}, on {counted(counts['patients'], 'patient')}. "
                    "Choose a line to read the rule in full, and to change it.", width="content")
        st.space("stretch")
        st.button("Workload", key="workload", icon=":material/bar_chart:", on_click=session.remember, args=("trying", True), width="content",
                  help="New flags a week and a rule over the last year, and which of them were acted on")
    disagree = [rule.rule_id for rule in sorted(rules, key=lambda rule: rule.rule_id) if rule.tier_conflict]
    frame.small("Each is met, not met, or can't be assessed from what was recorded. Every rule and number is a proposal until a clinician signs it off."
                + (f" Sources disagree on how urgent it is in {', '.join(disagree)}; each of these says how it was settled." if disagree else ""))
    left, right = st.columns([9, 11], gap="medium") if chosen else (st.container(), None)
    with left:
        _table(rules, counts["rules"], narrow=chosen is not None)
        _missing(rules, _off(rule_set))
        _versions(rule_set)
    if chosen:
        with right:
            opened_rule.show(chosen, rule_set, counts["rules"].get(chosen.rule_id), found)


def _off(rule_set: RuleSet) -> list[Rule]:
    """Rules that an earlier or a shipped rule set had and this one has not, as they were last."""
    with session.reading() as connection:
        known = {one.rule_id: one for earlier in active.sets(connection) for one in earlier.rules}
    return [one for rule_id, one in known.items() if rule_id not in {mine.rule_id for mine in rule_set.rules}]


def _table(rules: list[Rule], counts: dict[str, dict[str, int]], *, narrow: bool) -> None:
    session.remember("rule_rows", [rule.rule_id for rule in rules])
    table = pd.DataFrame({
        "Tier": [" or ".join(dict.fromkeys((frame.tier(_usual(rule)), frame.tier(rule.tier)))) for rule in rules],
        "Rule": [rule.rule_id for rule in rules], "Title": [rule.title for rule in rules],
        **{label: [counts[rule.rule_id][outcome] for rule in rules] for outcome, label in
           (("met", "Met"), ("not_met", "Not met"), ("cannot_assess", "Can't assess"))},
        "Sources": [", ".join(kind for code, kind in opened_rule.SOURCE_KINDS.items() if code in {said.kind for said in rule.sources}) for rule in rules]})
    if narrow:
        table = table[["Tier", "Rule", "Title"]].assign(Tier=[frame.tier(_usual(rule)) for rule in rules])
    colours = TOKENS[session.theme()]
    styled = table.style.map(lambda text: f"color: {colours.get(_tier_of(text), colours['none'])}; font-weight: 600", subset=["Tier"])
    number = st.column_config.NumberColumn
    st.dataframe(styled, key="rule_list", hide_index=True, on_select=_select, selection_mode=["single-row", "single-cell"], row_height=ROW,
                 height=min(36 + ROW * len(table), HEIGHT), column_config={
        "Tier": st.column_config.TextColumn(width=105 if narrow else 150, help="The tier that it gives, and the worse one that a graver report raises it to"),
        "Rule": st.column_config.TextColumn(width=50),
        "Title": st.column_config.TextColumn(width=295), "Met": number(width=55, format="localized", help="Patients who meet it"),
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


def _missing(rules: list[Rule], off: list[Rule]) -> None:
    missing = definition.not_in_force(tuple(rules))
    if missing:
        st.caption(f"**Rules not in force:** {', '.join(missing)}. A patient who would meet only one of these is not flagged.")
        with st.expander("What they are about", type="compact", key="rules_missing"):
            st.markdown("\n".join(f"- {rule_id}: {definition.floor()[rule_id]}" for rule_id in missing))
    if off:
        with st.container(horizontal=True, vertical_alignment="center"):
            frame.small("Not in this rule set:", width="content")
            for one in off:
                st.button(f"{one.rule_id} {one.title}", key=f"off_{one.rule_id}", type="tertiary", on_click=session.remember, args=("rule_open", one.rule_id))


# --- versions ---------------------------------------------------------------------------------------------------------------------

def _waiting(version: int, now: RuleSet) -> None:
    with session.reading() as connection:
        later = active.of_version(connection, version)
    with st.container(border=True, key=f"waiting_{version}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("**A newer rule set came with this release and is not active.** "
                        f"Rule set {now.version} decides until somebody puts rule set {version} in force.", width="content")
            st.space("stretch")
            st.button("Try it on our patients", key=f"try_{version}", on_click=trying.take, args=(later.rules,))
        said = compared(now.rules, later.rules) or ["No rule differs in what it says."]
        st.markdown("\n".join(f"- {plain(sentence)}" for sentence in said))


def _versions(now: RuleSet) -> None:
    with st.expander("History of rule sets", key="rule_history"):
        with session.reading() as connection:
            events = audit.events(connection, kinds=("rule_set_recorded", "rule_set_activated"))
            sets = active.sets(connection)
        for row in events.itertuples():
            when = pd.Timestamp(row.happened_at, tz="UTC").tz_convert(session.zone())
            st.text(f"{when:%-d %b %Y, %H:%M} · {activity.sentence(row.kind, row.by, row.subject, row.details, {})}")
        for one in reversed(sets):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                in_force = ", in force" if one.version == now.version else ""
                st.markdown(f"**Rule set {one.version}**{in_force}, {counted(len(one.rules), 'rule')}", width="content")
                st.download_button("Rule files", lambda one=one: _zipped(one), f"rule_set_{one.version}.zip", "application/zip", key=f"files_{one.version}",
                                   on_click="ignore", type="tertiary", icon=":material/download:",
                                   help="As TOML files, which data/rules/ reads back as the same rules")
                if one.version != now.version:
                    st.button("Try putting it back", key=f"back_{one.version}", type="tertiary", on_click=trying.take, args=(one.rules,))


def _zipped(rule_set: RuleSet) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in definition.files(rule_set.rules).items():
            archive.writestr(name, text)
    return made.getvalue()


page()
