"""A draft of a rule set: what it would change among today's patients, what it would cost in a year, and putting it in force."""
import pandas as pd
import streamlit as st

from dashboard import worklist
from dashboard.codelists import CHOICES
from dashboard.days import spoken
from dashboard.imports import export
from dashboard.rules import active, trial
from dashboard.rules.definition import Rule, RuleSet
from dashboard.rules.parameters import compared
from dashboard.status import Status
from dashboard.views import frame, patient_link, rule_form, session, trace, workload
from dashboard.wording import counted, plain

PAGE = 50


def banner(now: RuleSet) -> None:
    """What the reader's draft changes, on every view of the page."""
    said = compared(now.rules, rule_form.draft(now))
    if not said:
        return
    with st.container(border=True, key="draft"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":orange[**Draft, not in force:**] {counted(len(said), 'change')} to rule set {now.version}. Only you see it, in this session.",
                        width="content")
            st.space("stretch")
            if not session.recall("trying"):
                st.button("Try it on our patients", key="try", type="primary", on_click=session.remember, args=("trying", True))
            st.button("Discard", key="discard", on_click=discard)
        st.markdown("\n".join(f"- {plain(sentence)}" for sentence in said))


def take(rules: tuple[Rule, ...]) -> None:
    """Another rule set as the draft, at once on trial."""
    rule_form.forget_inputs(*(rule.rule_id for rule in rules))
    session.remember("rules_draft", rules)
    session.remember("trying", True)
    session.forget("rule_open")


def discard() -> None:
    rule_form.forget_inputs(*(rule.rule_id for rule in session.recall("rules_draft") or ()))
    session.forget("rules_draft", "trying", "trial_patient", "trial_page", "activate_reason")
    workload.forget()


def show(now: RuleSet, found: Status) -> None:
    rules = rule_form.draft(now)
    is_draft = rules != now.rules
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("#### What the draft would change" if is_draft else "#### What the rules in force cost")
        st.space("stretch")
        # by the key of the button that led here, which would else stand beside it for as long as the work below takes
        st.button("Back to the rules", key="workload", icon=":material/arrow_back:", type="tertiary", shortcut="Esc", on_click=session.forget,
                  args=("trying",))
    if is_draft:
        with st.spinner("Asking the draft about everybody …", show_time=True):
            before, after = workload.stood(now, rules, found.as_of)
        made = trial.moves(before, after)
        _tiers(before, after, made, now, found)
        _patients(made, now, rules)
        _activate(now, rules)
    workload.show(now, rules if is_draft else None, found.as_of)


def _tiers(before: trial.Standing, after: trial.Standing, made: pd.DataFrame, now: RuleSet, found: Status) -> None:
    newly, gone = made[made["before"] == trial.NONE], made[made["after"] == trial.NONE]
    moved = made[(made["before"] != made["after"]) & (made["before"] != trial.NONE) & (made["after"] != trial.NONE)]
    with session.reading() as connection:
        lost, acted = trial.lost_flags(connection, made, now.rules)
    st.markdown(f"As of {spoken(found.as_of)}, of {counted(found.patients, 'patient')}: **{counted(len(newly), 'patient')} would newly meet a criterion, "
                f"{len(gone):,} would drop out, {len(moved):,} would change tier.** "
                + (f"{counted(lost, 'flag')} met now would not be any more, {acted:,} of them already acted on by a person." if lost else
                   "No flag that is met now would be lost."))
    rows = [(frame.tier(tier), int((before.worst == place).sum()), int((after.worst == place).sum()),
             int(((made["after"] == place) & (made["before"] != place)).sum()), int(((made["before"] == place) & (made["after"] != place)).sum()))
            for place, tier in enumerate(trial.QUEUED)]
    st.table(pd.DataFrame(rows, columns=["Worst tier", "In force", "Draft", "Come to it", "Leave it"]), hide_index=True, border="horizontal",
             width="content", alt="Patients by worst tier, by the rules in force and by the draft")


# --- who --------------------------------------------------------------------------------------------------------------------------

def _patients(made: pd.DataFrame, now: RuleSet, rules: tuple[Rule, ...]) -> None:
    if made.empty:
        st.markdown("**Nobody stands elsewhere by the draft today.** Look at the weeks below before concluding anything.")
        return
    pages = -(-len(made) // PAGE)
    if session.recall("trial_page", 1) > pages:
        session.remember("trial_page", 1)
    part = made.iloc[(session.recall("trial_page", 1) - 1) * PAGE:][:PAGE]
    session.remember("trial_rows", part["patient"].tolist())
    with st.container(horizontal=True, vertical_alignment="center"):
        frame.small(f"{len(part):,} of {counted(len(made), 'patient')} for whom something differs, those whose tier changes first", width="content")
        if pages > 1:
            st.pagination(pages, key="trial_page", persist_state="session", on_change=session.forget, args=("trial_patient",))
        engine = session.engine()
        st.download_button("CSV", lambda: _sheet(engine, made, now, rules), "rule_trial.csv", "text/csv", key="trial_csv",
                           icon=":material/download:", help="All of them, with their ids",
                           **trace.left("whom a draft of rules would move", patients=len(made)))
    with session.reading() as connection:
        table = _named(connection, part, now, rules)
    text = st.column_config.TextColumn
    st.dataframe(table, key="trial_list", hide_index=True, on_select=_select, selection_mode=["single-row", "single-cell"], row_height=30,
                 height=min(36 + 30 * len(table), 306), column_config={
                     "Patient": text(width=100), "Source": text(width=120), "In force": text(width=150), "Draft": text(width=150),
                     "Newly met": text(width=210), "Not met any more": text(width=210)},
                 alt="Patients for whom the draft changes something; choose one to open the patient's page")
    if session.recall("trial_patient") in session.recall("trial_rows"):
        patient_link.link(session.recall("trial_patient"), "rules", "trial_link")
    else:
        frame.small("Choose a row to open its patient.")


def _named(connection: object, made: pd.DataFrame, now: RuleSet, rules: tuple[Rule, ...]) -> pd.DataFrame:
    names = worklist.named(connection, worklist.stored(connection, made["patient"].tolist()))
    others = RuleSet(0, rules)
    words = [*map(frame.tier, trial.QUEUED), f"– {CHOICES['bucket']['no_criterion_met']}"]
    return pd.DataFrame({
        "Patient": [names[number]["patient_id"] for number in made["patient"]], "Source": [names[number]["source"] for number in made["patient"]],
        "In force": [words[place] for place in made["before"]], "Draft": [words[place] for place in made["after"]],
        "Newly met": [", ".join(others.ids(bits)) for bits in made["gained"]], "Not met any more": [", ".join(now.ids(bits)) for bits in made["lost"]]})


def _sheet(engine: object, made: pd.DataFrame, now: RuleSet, rules: tuple[Rule, ...]) -> str:
    with engine.connect() as connection:
        return export.sheet(_named(connection, made, now, rules))


def _select() -> None:
    session.remember("trial_patient", session.chosen("trial_list", session.recall("trial_rows"), session.recall("trial_patient")))


# --- putting it in force ----------------------------------------------------------------------------------------------------------

def _activate(now: RuleSet, rules: tuple[Rule, ...]) -> None:
    with st.expander("Put the draft in force …", key="activating"):
        st.markdown("From then on every patient is evaluated by these rules, and flags open and close as said above; what a person acted on stays for a "
                    f"person to close. Rule set {now.version} stays on record and can be put back.")
        if session.ask_name("activate"):
            st.text_input("Reason", key="activate_reason", max_chars=500, placeholder="Why, who reviewed it, and when")
            st.button("Put in force", key="activate", type="primary", on_click=_put_in_force, args=(rules, now.version))


def _put_in_force(rules: tuple[Rule, ...], seen: int) -> None:
    if session.write("The draft is in force.", lambda: active.adopt(
            session.engine(), rules, by=session.name(), at=session.now(), seen=seen, reason=session.recall("activate_reason") or "")):
        discard()
