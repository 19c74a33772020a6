"""What rules would have cost in flags over the last weeks: worked out week by week, the newest first, for as long as the reader waits."""
import pandas as pd
import streamlit as st

from dashboard import audit, outgoing
from dashboard.days import lasting, spoken
from dashboard.figures.trial import weekly
from dashboard.imports import export
from dashboard.rules import definition, trial
from dashboard.rules.definition import Rule, RuleSet
from dashboard.rules.trial import Standing
from dashboard.views import frame, session, takeaway
from dashboard.wording import counted, percent

SPANS = {"12 weeks": 12, "26 weeks": 26, "a year": trial.WEEKS}
TARGET = "Proposed: at most 10 to 15 of 100 active patients with an open emergency or same-day flag in a week; published programmes had about 13."
HOW = ("A rule counts as a new flag in the week at whose end it is met and at whose start it was not, by what is known now. What was met and over within a "
       "week is not counted; a rule that comes and goes counts each time. Observed: from each patient's first entry to the last.")


def forget() -> None:
    session.forget("counting", "weeks_kept")


def show(now: RuleSet, draft: tuple[Rule, ...] | None, as_of: int) -> None:
    st.markdown("##### Week by week")
    with st.container(horizontal=True, vertical_alignment="center"):
        weeks = SPANS[st.radio("The last", list(SPANS), index=2, key="trial_span", horizontal=True, label_visibility="collapsed", width="content")]
        with session.reading() as connection:
            ends = trial.week_ends(connection, as_of, weeks)
        sets = [now.rules] if draft is None else [now.rules, draft]
        kept, keys, known = _kept(sets)
        ready = _ready(kept, keys, ends, known)
        working = bool(session.recall("counting"))
        if working or ready < len(ends):  # one button: of two, the one before would stay beside the other for as long as it takes
            st.button("Stop" if working else "Go on" if ready > 1 else f"Work out {counted(len(ends) - 1, 'week')}", key="count_weeks",
                      on_click=session.remember, args=("counting", not working),
                      help="After the week that is at work; what is worked out so far is shown" if working else None)
    if session.recall("counting"):
        _work(kept, sets, keys, ends, known)
        session.forget("counting")
        st.rerun()
    if ready < 2:
        frame.small("Each week asks the rules about everybody as of its end. On large diaries that takes minutes; it can be stopped at any time, and shows the "
                    "weeks so far.")
        return
    done = ends[:ready]
    stands = [[kept[key, end, known] for end in done] for key in keys]
    _shown(now.rules, draft, stands, done, len(ends))


def stood(now: RuleSet, draft: tuple[Rule, ...], as_of: int) -> tuple[Standing, Standing]:
    """As of a day, which the last of the weeks ends with, so that it is worked out once."""
    sets = [now.rules, draft]
    kept, keys, known = _kept(sets)
    _ask(kept, sets, keys, as_of, known)
    return kept[keys[0], as_of, known], kept[keys[1], as_of, known]


def _kept(sets: list[tuple[Rule, ...]]) -> tuple[dict[tuple, Standing], list[str], int]:
    """What this reader waited for already, of these rule sets and the diaries as they are; large diaries would fill the memory with more."""
    keys = [definition.digest(definition.document(rules)) for rules in sets]
    with session.reading() as connection:
        known = audit.last_data_change(connection)
    kept = {key: stands for key, stands in (session.recall("weeks_kept") or {}).items() if key[0] in keys and key[2] == known}
    session.remember("weeks_kept", kept)
    return kept, keys, known


def _ready(kept: dict[tuple, Standing], keys: list[str], ends: list[int], known: int) -> int:
    """How many of the newest are worked out for all rules."""
    return next((n for n, end in enumerate(ends) if any((key, end, known) not in kept for key in keys)), len(ends))


def _work(kept: dict[tuple, Standing], sets: list[tuple[Rule, ...]], keys: list[str], ends: list[int], known: int) -> None:
    """A click anywhere ends it at the next week; what is done is kept."""
    bar, begun, asked = st.progress(0.0), session.now(), 0
    for number, end in enumerate(ends):
        minutes = (session.now() - begun).total_seconds() / 60 * (len(ends) - number) / asked if asked else 0
        bar.progress(number / len(ends), f"Week to {spoken(end)}, {number + 1} of {len(ends)}" + (f" · about {lasting(minutes)} left" if minutes >= 1 else ""))
        asked += _ask(kept, sets, keys, end, known)


def _ask(kept: dict[tuple, Standing], sets: list[tuple[Rule, ...]], keys: list[str], end: int, known: int) -> bool:
    """False where all of it was known."""
    missing = [key for key in keys if (key, end, known) not in kept]
    for key in missing:
        with session.reading() as connection:
            kept[key, end, known] = trial.standing(connection, sets[0], end) if key == keys[0] else trial.standing_after(
                connection, sets[0], kept[keys[0], end, known], sets[-1], end)
    return bool(missing)


def _shown(rules: tuple[Rule, ...], draft: tuple[Rule, ...] | None, stands: list[list[Standing]], ends: list[int], of: int) -> None:
    with session.reading() as connection:
        observed, acted = trial.patient_weeks(connection, ends), trial.acted_on(connection)
    weeks = [trial.by_week(stood, ends) for stood in stands]
    partly = f" ({len(ends) - 1} of {of - 1} weeks worked out)" if len(ends) < of else ""
    by = ("by the rules in force", "by the draft") if draft else ("",)
    urgent = [int(week[["E", "U"]].to_numpy().sum()) for week in weeks]
    weeks_in_all = f"{observed:,.0f}" if observed >= 100 else f"{observed:.1f}"
    st.markdown(f"**{spoken(ends[-1] + 1)} to {spoken(ends[0])}**{partly}: {weeks_in_all} patient-weeks observed. Newly emergency or same-day: "
                + "; ".join(f"**{counted(n, 'patient')}{' ' * bool(how)}{how}** ({_rate(n, observed)} per 100 patient-weeks)"
                            for n, how in zip(urgent, by, strict=True)) + ".", help=TARGET)
    with st.container(horizontal=True, vertical_alignment="center"):
        frame.small("Patients whose worst tier it became in that week" + (": in grey by the rules in force, in colour by the draft" if draft else ""),
                    width="content")
        with st.popover("Table", key="weeks_table"):
            st.dataframe(_weekly_table(weeks), hide_index=True, key="weeks_rows", alt="New patients by week and tier")
            st.download_button("CSV", lambda: export.sheet(outgoing.weekly(_weekly_table(weeks), takeaway.control())), "rule_weeks.csv", "text/csv",
                               key="weeks_csv", on_click="ignore", icon=":material/download:", help=takeaway.help_of("This table as a file."))
    st.plotly_chart(weekly(weeks[0], weeks[1] if draft else None, session.theme()), key="weeks_chart", theme=None, config={"displayModeBar": False},
                    alt="Patients who newly reached each tier, week by week")
    counts = _by_rule(rules, draft, stands, acted)
    made = _in_words(counts, observed)
    with st.container(horizontal=True, vertical_alignment="center"):
        frame.small(f"By rule, {'those that change' if draft else 'the most frequent'} first", width="content")
        st.download_button("CSV", lambda: export.sheet(outgoing.workload(counts, observed, takeaway.control())), "rule_workload.csv", "text/csv",
                           key="workload_csv", on_click="ignore", icon=":material/download:", help=takeaway.help_of("These counts of flags as a file."))
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    config = {"Rule": text(width=50), "Title": text(width=230), "Flags so far": number(width=80, format="localized", help="Flags that it ever raised here"),
              "Acted on": text(width=90, help="Of these, a person did something about"),
              "Patient contacted": text(width=115, help="Of these, closed after the patient was contacted"),
              "Never acted on": text(width=105)}
    for name in (", in force", ", draft") if draft else ("",):
        config[f"New flags{name}"] = number(width=115 if draft else 75, format="localized")
        config[f"Per 100 patient-weeks{name}"] = number(f"Per 100 weeks{name}", width=150 if draft else 100, help="New flags per 100 patient-weeks observed")
    st.dataframe(made, hide_index=True, key="workload_rules", row_height=30, height=min(36 + 30 * len(made), 336), column_config=config,
                 alt="New flags and flags acted on, by rule")
    frame.small(HOW)


def _rate(number: int, observed: float) -> str:
    return f"{100 * number / observed:.2f}" if observed else "–"


def _weekly_table(weeks: list[pd.DataFrame]) -> pd.DataFrame:
    made = pd.DataFrame({"Week to": [spoken(day) for day in weeks[0]["week"]]})
    for name, week in zip(("in force", "draft"), weeks, strict=False):
        for tier in trial.QUEUED:
            made[f"{frame.tier(tier)}, {name}"] = week[tier]
    return made.iloc[::-1]


def _by_rule(rules: tuple[Rule, ...], draft: tuple[Rule, ...] | None, stands: list[list[Standing]], acted: pd.DataFrame) -> pd.DataFrame:
    """code, title, new flags by the rules in force and by the draft, flags, acted, contacted, never."""
    counts = [trial.new_flags(stood, own) for stood, own in zip(stands, (rules, draft or ()), strict=False)]
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
