"""The rule that is open: what it says, who meets it and by which diary rows, its numbers as a form, how it came to be so."""
import pandas as pd
import streamlit as st

from dashboard import audit, behind
from dashboard.rules import active, definition, examples, explain, parameters
from dashboard.rules.definition import Rule, RuleSet
from dashboard.rules.parameters import differences
from dashboard.status import Status
from dashboard.views import frame, patient_link, rule_form, session, trace
from dashboard.wording import counted, plain

SOURCE_KINDS = {"page": "clinic page", "framework": "framework", "proposal": "proposal"}
# an action's wording has gaps that a flag fills
_OUTCOMES = {"no": "Not met", "?": "Can't be assessed"}
_GAPS = {"reason": "‹reason›", "reported": "‹date›", "age": "‹age›"}
PAGE = 20  # patients
MOST_IN_SHEET = 20_000


def shut() -> None:
    session.forget("rule_open", "rule_patient", "rule_page")
    session.choose_row("rule_list", None)


def show(rule: Rule, now: RuleSet, counts: dict[str, int] | None, found: Status) -> None:
    """`counts`: none for a rule that is not in force."""
    with frame.opened("rule", f":small[:gray[{rule.rule_id}, version {rule.version}]]", shut):
        st.markdown(f"#### {rule.title}")
        if counts:
            st.caption(f"{counts['met']:,} met · {counts['not_met']:,} not met · {counts['cannot_assess']:,} can't be assessed"
                       + (" · could not be evaluated" if rule.rule_id in found.failed_rules else ""))
        else:
            st.markdown(":orange[**Switched off.**] Nobody is flagged by it.")
        names = ["What it says", "Examples", *(["Who meets it"] if counts and counts["met"] else []), "Try changes", "History"]
        tabs = dict(zip(names, st.tabs(names, key=f"rule_tabs_{rule.rule_id}", on_change="rerun"), strict=True))
        with tabs["What it says"]:
            _words(rule)
        if tabs["Examples"].open:
            with tabs["Examples"]:
                _examples(rule)
        if "Who meets it" in tabs and tabs["Who meets it"].open:
            with tabs["Who meets it"]:
                _rows(rule, found.as_of)
        with tabs["Try changes"]:
            rule_form.show(rule, now)
        if tabs["History"].open:
            with tabs["History"]:
                _history(rule)


def _words(rule: Rule) -> None:
    st.markdown(f"**Met when{' any of these is so' if len(rule.arms) > 1 else ''}**")
    for arm in rule.arms:
        lines = "\n".join(f"{'  ' * depth}- {said}" for depth, said in explain.outline(arm.when))
        st.markdown(f"{frame.coloured_tier(arm.tier)} “{arm.reason}”\n\n{lines}")
        aside = ["Only names or raises what another of these finds: where it does not hold, nothing follows." if arm.raises_only else "",
                 f"Task: {arm.task}." if arm.task else ""]
        if any(aside):
            frame.small(" ".join(filter(None, aside)))
    if rule.folds_under:
        frame.small(f"Of a patient who meets {rule.folds_under} too, it is shown under that reason; it is counted, and acted on, by itself all the same.")
    _shipped_otherwise(rule, "and what follows may name other numbers")
    if rule.tier_conflict:
        st.markdown(f":orange[**Sources disagree.**] {rule.tier_conflict}")
    st.markdown("**Sources**")
    for source in rule.sources:
        st.markdown(f"- {SOURCE_KINDS[source.kind].capitalize()}, *{source.ref}*: {source.says}")
    st.markdown("**What to do when it is met**")
    st.markdown(rule.action.format_map(_GAPS))
    st.markdown("**What it passes over**")
    st.markdown("\n".join(f"- {sentence}" for sentence in explain.ignores(rule)))
    st.markdown("**When it can't be assessed**")
    st.markdown(rule.cannot_assess())
    if rule.assess_required:
        st.caption("A patient for whom this can't be assessed stands under “not assessable”, whatever lesser rules say.")
    _parameters(rule)


def _shipped_otherwise(rule: Rule, so: str) -> None:
    shipped = {one.rule_id: one for one in definition.shipped()}.get(rule.rule_id)
    if shipped and (changed := differences(shipped, rule)):
        st.markdown(f":orange[**Written for the rule as it came with this release.**] This one differs, {so}: {plain('; '.join(changed))}.")


def _examples(rule: Rule) -> None:
    """Those of the file that came with this release, which are tested; a rule whose numbers were changed may say otherwise."""
    own = examples.shipped().get(rule.rule_id, ())
    _shipped_otherwise(rule, "so they may not hold")
    st.table(pd.DataFrame({
        "Diary": ["**" + example.says + "**  \n" + "  \n".join(example.entries()) for example in own],
        "Comes to": [_OUTCOMES.get(example.outcome) or frame.coloured_tier(example.outcome) for example in own],
        "Also meets": [", ".join(example.others) for example in own]}), hide_index=True, border="horizontal")
    frame.small("What is not named was left blank. The tests of every release ask the rules about each. Information is not counted as also met.")


def _parameters(rule: Rule) -> None:
    found = [(parameter.label, parameter.in_words(parameter.value)) for parameter in parameters.of(rule)]
    with st.expander(f"Reads {counted(len(definition.reads(rule)), 'column')}, {counted(len(found), 'parameter')}", key="rule_parameters"):
        st.markdown("Columns: " + ", ".join(f"{definition.column_label(column)} (`{column}`)" for column in definition.reads(rule)))
        if found:
            st.table(pd.DataFrame(found, columns=["Parameter", "Value"]), hide_index=True, border="horizontal")


# --- the rows behind it -----------------------------------------------------------------------------------------------------------

def _rows(rule: Rule, as_of: int) -> None:
    number = session.recall("rule_page", 1)
    asked = {"rule": rule.rule_id, "version": rule.version, "as_of": as_of, "page": number}
    with st.spinner("Looking for the rows …", show_time=True):
        patients, total = session.answer("rule meets", asked, lambda connection: behind.meeting(connection, rule, PAGE, (number - 1) * PAGE))
        if total and not len(patients):  # there were more pages before
            session.forget("rule_page")
            st.rerun()
        made = session.answer("rule rows", asked, lambda connection: behind.rows(connection, rule, patients, as_of))
    with st.container(horizontal=True, vertical_alignment="center"):
        shown = f"patients {(number - 1) * PAGE + 1:,} to {(number - 1) * PAGE + len(patients):,} of {total:,}" if total > PAGE else counted(total, "patient")
        frame.small(f"{counted(len(made), 'entry')} of {shown}, the newest patient first", width="content")
        if total > PAGE:
            st.pagination(-(-total // PAGE), key="rule_page", on_change=session.forget, args=("rule_patient",))
        engine = session.engine()
        st.download_button("CSV", lambda: _sheet(engine, rule, as_of), f"rule_{rule.rule_id}.csv", "text/csv", key="rule_csv",
                           icon=":material/download:", **trace.left("entries that meet a rule", patients=min(total, MOST_IN_SHEET)),
                           help=f"The rows of all {counted(total, 'patient')}" if total <= MOST_IN_SHEET else
                           f"The rows of the newest {MOST_IN_SHEET:,} of {total:,} patients")
    session.remember("rule_patients", made["patient"].tolist())
    text = st.column_config.TextColumn
    st.dataframe(made.drop(columns="patient").fillna(""), key="rule_rows_table", hide_index=True, on_select=_select,
                 selection_mode=["single-row", "single-cell"], row_height=30, height=min(36 + 30 * max(len(made), 1), 420), column_config={
                     "Patient": text(width=80), "Source": text(width=90), "Met as": text(width=210), "When": text(width=120), "Reported": text(width=180)},
                 alt="Diary entries that meet the rule; choose one to open its patient")
    if session.recall("rule_patient") in patients:
        patient_link.link(session.recall("rule_patient"), "rules", "rule_link")
    else:
        frame.small("Choose a row to open its patient. A rule that is met by what is absent, or by age, shows the last entry.")


def _select() -> None:
    numbers = session.recall("rule_patients")
    place = session.chosen("rule_rows_table", range(len(numbers)), session.recall("rule_place"))
    session.remember("rule_place", place)
    session.remember("rule_patient", None if place is None else numbers[place])


def _sheet(engine: object, rule: Rule, as_of: int) -> str:
    with engine.connect() as connection:
        return behind.sheet(connection, rule, as_of, MOST_IN_SHEET)


# --- how it came to be so ---------------------------------------------------------------------------------------------------------

def _history(rule: Rule) -> None:
    with session.reading() as connection:
        steps = explain.history(active.sets(connection), rule.rule_id)
        events = audit.events(connection, kinds=("rule_set_activated",))
    for step in steps:
        when = "; ".join(f"{_date(row.happened_at)} by {plain('the app' if row.by == active.SYSTEM else row.by)}: {plain(row.details['reason'])}"
                         for row in events[events["subject"] == str(step.rule_set)].itertuples())
        version = f", rule version {step.rule_version}" if step.rule_version else ""
        st.markdown(f"**Rule set {step.rule_set}**{version}: {plain('; '.join(step.changes))}  \n"
                    f":small[:gray[{f'In force from {when}' if when else 'Never put in force'}]]")


def _date(moment: pd.Timestamp) -> str:
    return f"{pd.Timestamp(moment, tz='UTC').tz_convert(session.zone()):%-d %b %Y}"
