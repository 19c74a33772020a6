"""What rules would have cost in flags over the last weeks: first of some patients drawn at random, then of as many as the reader waits for."""
from contextlib import nullcontext

import pandas as pd
import streamlit as st

from dashboard import audit, outgoing
from dashboard.days import lasting, spoken
from dashboard.figures.trial import weekly
from dashboard.imports import export
from dashboard.rules import definition, trial, workload
from dashboard.rules.definition import Rule, RuleSet
from dashboard.rules.trial import Standing
from dashboard.rules.workload import Draw, Workload
from dashboard.views import frame, session, takeaway
from dashboard.wording import counted, percent

SPANS = {"12 weeks": 12, "26 weeks": 26, "a year": workload.WEEKS}
FIRST = 100_000  # entries, each once for every week that knows it, that are asked about first
WAIT, UNASKED = 4, 15  # seconds that a part of the patients may take, and those that are asked before the reader wants more
TARGET = "Proposed: at most 10 to 15 of 100 active patients with an open emergency or same-day flag in a week; published programmes had about 13."
HOW = ("A rule counts as a new flag in the week at whose end it is met and at whose start it was not, by what is known now. What was met and over within a "
       "week is not counted; a rule that comes and goes counts each time. Observed: from each patient's first entry to the last.")


def forget() -> None:
    session.forget("counting", "workloads", "stood")


def show(now: RuleSet, draft: tuple[Rule, ...] | None, as_of: int) -> None:
    st.markdown("##### Week by week")
    sets = [now.rules] if draft is None else [now.rules, draft]
    with st.container(horizontal=True, vertical_alignment="center"):
        weeks = SPANS[st.radio("The last", list(SPANS), index=2, key="trial_span", horizontal=True, label_visibility="collapsed", width="content",
                               on_change=session.forget, args=("counting",))]
        with session.reading() as connection:
            ends = workload.week_ends(connection, as_of, weeks)
        if len(ends) < 2:
            frame.small("No diary entry yet to ask the rules about. Import some first.", width="content")
            return
        kept, key = _kept("workloads", sets), (*ends,)
        drawn, made, pace, spent = kept.get(key, (None, None, 0.0, 0.0))
        left = len(drawn.patients) - made.patients if made else 0
        seconds, wanted = left * pace, session.recall("counting")
        working = made is None or (left and (spent < UNASKED if wanted is None else wanted))
        if left:
            st.button("Stop" if working else f"Ask all {len(drawn.patients):,} patients, about {lasting(seconds / 60)}", key="count_patients",
                      on_click=session.remember, args=("counting", not working), help="After the part that is at work; what is known so far stays"
                      if working else "It can be stopped at any time, and shows what it knows so far")
    if made:
        if left:
            st.progress(made.patients / len(drawn.patients), f"Asked {made.patients:,} of {len(drawn.patients):,} patients"
                        + (f" · about {lasting(seconds / 60)} left" if working and wanted and seconds >= 60 else " …" if working else ""))
        _shown(now.rules, draft, made, ends, len(drawn.patients))
    if working:
        with st.spinner("Asking some of the patients, drawn at random …") if made is None else nullcontext():
            _ask(kept, key, sets, ends)
        st.rerun()
    if not left:
        session.forget("counting")


def stood(now: RuleSet, draft: tuple[Rule, ...], as_of: int) -> tuple[Standing, Standing]:
    """Everybody as of a day, by both."""
    sets = [now.rules, draft]
    kept = _kept("stood", sets)
    if as_of not in kept:
        with session.reading() as connection:
            before = trial.standing(connection, now.rules, as_of)
            kept[as_of] = before, trial.standing_after(connection, now.rules, before, draft, as_of)
    return kept[as_of]


def _kept(name: str, sets: list[tuple[Rule, ...]]) -> dict:
    """What this reader waited for already, of these rule sets and the diaries as they are."""
    with session.reading() as connection:
        of = [definition.digest(definition.document(rules)) for rules in sets], audit.last_data_change(connection)
    found = session.recall(name)
    if found is None or found[0] != of:
        found = of, {}
        session.remember(name, found)
    return found[1]


def _ask(kept: dict[tuple, tuple[Draw, Workload, float, float]], key: tuple, sets: list[tuple[Rule, ...]], ends: list[int]) -> None:
    """The next part of the patients, in as many as take some seconds. Whoever clicks meanwhile waits for it, and it is kept."""
    begun = session.now()
    with session.reading() as connection:
        drawn, made, pace, spent = kept.get(key) or (workload.draw(connection, ends), None, 0.0, 0.0)
        rows = min(workload.ROWS, FIRST if made is None else int(WAIT / pace * drawn.rows))
        some = drawn.patients[made.patients if made else 0:][:max(1, int(rows / max(drawn.rows, 1)))]
        more = workload.asked(connection, sets, ends, some)
    took = max(0.001, (session.now() - begun).total_seconds())
    kept[key] = drawn, more if made is None else made + more, took / max(1, len(some)), spent + took


def _shown(rules: tuple[Rule, ...], draft: tuple[Rule, ...] | None, made: Workload, ends: list[int], of: int) -> None:
    with session.reading() as connection:
        acted = trial.acted_on(connection)
    weeks, observed = [workload.by_week(counts, ends) for counts in made.weeks], made.patient_weeks
    by = ("by the rules in force", "by the draft") if draft else ("",)
    weeks_in_all = f"{observed:,.0f}" if observed >= 100 else f"{observed:.1f}"
    asked = f"{made.patients:,} of {of:,} patients, drawn at random" if made.patients < of else ""
    whose = f", **{asked}**" if asked else ""
    st.markdown(f"**{spoken(ends[-1] + 1)} to {spoken(ends[0])}**{whose}: {weeks_in_all} patient-weeks observed. Newly emergency or same-day: "
                + "; ".join(_urgent(made, number, how, of) for number, how in enumerate(by)) + ".", help=TARGET)
    with st.container(horizontal=True, vertical_alignment="center"):
        frame.small("Patients whose worst tier it became in that week" + f", of {asked}" * bool(asked)
                    + (": in grey by the rules in force, in colour by the draft" if draft else ""), width="content")
        with st.popover("Table", key="weeks_table"):
            st.dataframe(_weekly_table(weeks), hide_index=True, key="weeks_rows", width="content", alt="New patients by week and tier")
            st.download_button("CSV", lambda: _sheet(outgoing.weekly(_weekly_table(weeks), takeaway.control()), asked), "rule_weeks.csv", "text/csv",
                               key="weeks_csv", on_click="ignore", icon=":material/download:", help=takeaway.help_of("This table as a file."))
    st.plotly_chart(weekly(weeks[0], weeks[1] if draft else None, session.theme()), key="weeks_chart", theme=None, config={"displayModeBar": False},
                    alt="Patients who newly reached each tier, week by week")
    counts = _by_rule(rules, draft, made, acted)
    table = _in_words(counts, observed)
    with st.container(horizontal=True, vertical_alignment="center"):
        frame.small(f"By rule, {'those that change' if draft else 'the most frequent'} first", width="content")
        st.download_button("CSV", lambda: _sheet(outgoing.workload(counts, observed, takeaway.control()), asked), "rule_workload.csv", "text/csv",
                           key="workload_csv", on_click="ignore", icon=":material/download:", help=takeaway.help_of("These counts of flags as a file."))
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    config = {"Rule": text(width=50), "Title": text(width=230), "Flags so far": number(width=80, format="localized", help="Flags that it ever raised here"),
              "Acted on": text(width=90, help="Of these, a person did something about"),
              "Patient contacted": text(width=115, help="Of these, closed after the patient was contacted"),
              "Never acted on": text(width=105)}
    for name in (", in force", ", draft") if draft else ("",):
        config[f"New flags{name}"] = number(width=115 if draft else 75, format="localized")
        config[f"Per 100 patient-weeks{name}"] = number(f"Per 100 weeks{name}", width=150 if draft else 100, help="New flags per 100 patient-weeks observed")
    st.dataframe(table, hide_index=True, key="workload_rules", row_height=30, height=min(36 + 30 * len(table), 336), column_config=config,
                 alt="New flags and flags acted on, by rule")
    frame.small(HOW)


def _sheet(made: pd.DataFrame, asked: str) -> str:
    return export.sheet(made.assign(asked=asked or "all patients"))


def _urgent(made: Workload, number: int, how: str, of: int) -> str:
    found, of_set = made.urgent(number), f" {how}" if how else ""
    rate = _rate(found, made.patient_weeks)
    if made.patients == of:
        return f"**{counted(found, 'time')} a patient{of_set}** ({rate} per 100 patient-weeks)"  # one may come to it again, or to a worse tier
    between = made.interval(number, of)
    sure = f"95 % interval {100 * between[0]:.2f} to {100 * between[1]:.2f}" if between else "too few for an interval"
    a_week = found / len(made.weeks[number]) * of / made.patients
    said = f"**{rate} per 100 patient-weeks{of_set}** ({sure})"
    return f"{said}, about {float(f'{a_week:.2g}'):,.0f} of all patients in a week" if a_week >= 10 else said


def _rate(number: int, observed: float) -> str:
    return f"{100 * number / observed:.2f}" if observed else "–"


def _weekly_table(weeks: list[pd.DataFrame]) -> pd.DataFrame:
    made = pd.DataFrame({"Week to": [spoken(day) for day in weeks[0]["week"]]})
    for name, week in zip((", in force", ", draft") if len(weeks) > 1 else ("",), weeks, strict=True):
        for tier in trial.QUEUED:
            made[f"{frame.tier(tier)}{name}"] = week[tier]
    return made.iloc[::-1]


def _by_rule(rules: tuple[Rule, ...], draft: tuple[Rule, ...] | None, made: Workload, acted: pd.DataFrame) -> pd.DataFrame:
    """code, title, new flags by the rules in force and by the draft, flags, acted, contacted, never."""
    counts = made.flags
    known = {rule.rule_id: rule for own in (rules, draft or ()) for rule in own}
    order = sorted(known.keys() & set().union(*counts), key=lambda rule_id: (
        len({count.get(rule_id) for count in counts}) == 1, -max(count.get(rule_id, 0) for count in counts), rule_id))
    new = {f"new_flags{suffix}": pd.array([count.get(rule_id) for rule_id in order], "Int64")
           for suffix, count in zip(("_in_force", "_draft") if draft else ("",), counts, strict=True)}
    so_far = acted.set_index("rule_id").reindex(order).fillna(0).astype(int)
    return pd.DataFrame({"code": order, "title": [known[rule_id].title for rule_id in order], **new, **{
        name: so_far[name].to_numpy() for name in ("flags", "acted", "contacted")}, "never": (so_far["flags"] - so_far["acted"]).to_numpy()})


def _in_words(counts: pd.DataFrame, observed: float) -> pd.DataFrame:
    made = pd.DataFrame({"Rule": counts["code"], "Title": counts["title"]})
    for name, suffix in {"new_flags": "", "new_flags_in_force": ", in force", "new_flags_draft": ", draft"}.items():
        if name in counts:
            made[f"New flags{suffix}"] = counts[name]
            made[f"Per 100 patient-weeks{suffix}"] = [None if pd.isna(n) or not observed else round(100 * n / observed, 2) for n in counts[name]]
    made["Flags so far"] = counts["flags"]
    for title, name in (("Acted on", "acted"), ("Patient contacted", "contacted"), ("Never acted on", "never")):
        made[title] = [f"{n:,} ({percent(n, of)})" if of else "–" for n, of in zip(counts[name], counts["flags"], strict=True)]
    return made
