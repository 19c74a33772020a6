"""The numbers of a rule as a form. What is changed goes into the reader's draft of a rule set; nothing is in force before it is activated."""
import streamlit as st

from dashboard.errors import Refused
from dashboard.rules import parameters
from dashboard.rules.definition import TIERS, Rule, RuleSet, checked
from dashboard.rules.parameters import Parameter
from dashboard.views import frame, session

COLUMNS = 3


def draft(now: RuleSet) -> tuple[Rule, ...]:
    """The reader's draft, which is what is in force until something is changed."""
    return session.recall("rules_draft") or now.rules


def show(rule: Rule, now: RuleSet) -> None:
    """`rule` as it is in force, or as it would be switched on again."""
    drafted = {one.rule_id: one for one in draft(now)}
    mine = drafted.get(rule.rule_id)
    shown = mine or rule
    st.markdown("Change the numbers, or switch the rule off; then try what that would do to your own patients. What is looked for (symptoms, places, words) "
                "is changed in the rule's file.")
    groups = _by_line(rule)
    with st.form(f"form_{rule.rule_id}", border=False):
        for heading, found in groups:
            if heading:
                frame.small(heading)
            for first in range(0, len(found), COLUMNS):
                cells = st.columns(COLUMNS, gap="small", vertical_alignment="bottom")
                for column, (number, parameter) in zip(cells, found[first:first + COLUMNS], strict=False):
                    _input(column, rule, number, parameter, parameter.read(shown))
        if not groups:
            st.caption("This rule goes by no number.")
        st.toggle("In force", mine is not None, key=f"on_{rule.rule_id}", help="Off: nobody is flagged by this rule, and lists say so")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.form_submit_button("Keep in my draft", key=f"keep_{rule.rule_id}", on_click=_keep, args=(rule, now))
            if mine != next((one for one in now.rules if one.rule_id == rule.rule_id), None):
                st.form_submit_button("As in force", key=f"reset_{rule.rule_id}", type="tertiary", on_click=_reset, args=(rule, now))


def _by_line(rule: Rule) -> list[tuple[str, list[tuple[int, Parameter]]]]:
    """What several lines share first, then the rest under its line. Each with its place, for the key of its input."""
    made: dict[str, list[tuple[int, Parameter]]] = {}
    single = len(rule.arms) == 1
    for number, parameter in enumerate(parameters.of(rule)):
        arms = sorted({place[1] for place in parameter.places})
        arm = rule.arms[arms[0]]
        heading = "" if single else "In several of its conditions" if len(arms) > 1 else f"{TIERS[arm.tier]}: “{arm.reason}”"
        made.setdefault(heading, []).append((number, parameter))
    return sorted(made.items(), key=lambda item: item[0] not in ("", "In several of its conditions"))


def _input(column: st.delta_generator.DeltaGenerator, rule: Rule, number: int, parameter: Parameter, value: float) -> None:
    kind = int if parameter.whole else float
    label = f"{parameter.label} ({parameter.unit})" if parameter.unit and parameter.unit not in parameter.label.lower() else parameter.label
    other = f"; in force: {parameter.value:g}" if value != parameter.value else ""
    least, most = kind(min(parameter.least, value)), kind(max(parameter.most, value))
    column.number_input(label, least, most, kind(value), kind(parameter.step), format="%d" if kind is int else "%.1f",
                        key=f"parameter_{rule.rule_id}_{number}", help=f"{parameter.least:g} to {parameter.most:g}{other}")


def _keep(rule: Rule, now: RuleSet) -> None:
    try:
        values = {parameter: session.recall(f"parameter_{rule.rule_id}_{number}") for number, parameter in enumerate(parameters.of(rule))}
        if empty := [parameter.label for parameter, value in values.items() if value is None]:
            raise Refused(f"{empty[0]}: give a number.")
        changed = parameters.with_values(rule, values)
        others = [one for one in draft(now) if one.rule_id != rule.rule_id]
        _set(checked([*others, changed] if session.recall(f"on_{rule.rule_id}") else others), now)
    except Refused as refused:
        session.remember("notice", ("error", f"Nothing was kept. {refused}"))


def _reset(rule: Rule, now: RuleSet) -> None:
    _set(checked([*(one for one in draft(now) if one.rule_id != rule.rule_id), *(one for one in now.rules if one.rule_id == rule.rule_id)]), now)
    forget_inputs(rule.rule_id)


def _set(rules: tuple[Rule, ...], now: RuleSet) -> None:
    session.remember("rules_draft", None if rules == now.rules else rules)


def forget_inputs(*rule_ids: str) -> None:
    """So that the form shows what the draft says."""
    session.forget(*(f"parameter_{rule_id}_{number}" for rule_id in rule_ids for number in range(40)), *(f"on_{rule_id}" for rule_id in rule_ids))
