"""The list itself: one line a patient, to read, to choose from, to take along."""
import pandas as pd
import streamlit as st

from dashboard import status, worklist
from dashboard.codelists import CHOICES
from dashboard.days import ago, spoken
from dashboard.figures.tokens import TOKENS
from dashboard.status import Status
from dashboard.views import frame, session
from dashboard.worklist import Filters

PAGE = 100  # patients


def downloads(shown: pd.DataFrame, filters: Filters, found: Status) -> None:
    text = f"Worklist: {filters.describe()}. {status.line(found)}"
    copied = st.popover("Copy as text", key="copy", on_change="rerun")
    if copied.open:
        with copied:
            st.code(worklist.as_text(shown, text), language=None, height=300)
    st.download_button("CSV", lambda: worklist.sheet(shown).to_csv(index=False), "worklist.csv", "text/csv", key="csv", on_click="ignore",
                       icon=":material/download:", help="Exactly these lines")
    st.download_button("Print", lambda: worklist.printable(shown, "Worklist", text), "worklist.html", "text/html", key="print",
                       on_click="ignore", icon=":material/print:", help="A page of its own with exactly these lines; open it and print")


def table(rows: pd.DataFrame, found: Status, chosen: int | None) -> None:
    """`chosen`: the patient who is open beside the list, which is then narrow."""
    course = session.answer("course", {"patients": rows["patient"].tolist(), "as_of": found.as_of},
                            lambda connection: worklist.recent_course(connection, rows["patient"].tolist(), found.as_of))
    made = pd.DataFrame({
        "Tier": rows["tier"].map(frame.tier), "Patient": rows["patient_id"], "Why": rows["why"].map(". Also: ".join),
        "Reported": [ago(found.as_of - int(day)) if pd.notna(day) else "" for day in rows["last_evidence"]],
        "30 days": course["trend"],
        "Now / worst": [f"{_score(now)} / {_score(worst)}" for now, worst in zip(course["now"], course["worst"], strict=True)],
        "Unknown": rows["unknown"],
        "Status": [", ".join(filter(None, (CHOICES["status"].get(row.status, ""), "evidence withdrawn" if row.withdrawn else "",
                                           "overdue" if row.overdue else ""))) for row in rows.itertuples()],
        "Owner": rows["owner"].fillna("–"), "Modifiers": course["modifiers"], "Source": rows["source"]})
    if not rows["tier"].notna().any():
        made = made.drop(columns=["Tier", "Why", "Status", "Owner"])
    if chosen is not None:
        made = made[[name for name in ("Tier", "Patient", "Why", "Reported", "Status") if name in made]]
    config = {"30 days": st.column_config.TextColumn("30 days", width=130, help="Mean severity, two days a bar, higher is worse; a blank is a gap"),
              "Tier": st.column_config.TextColumn(width=100), "Patient": st.column_config.TextColumn(width=85),
              "Why": st.column_config.TextColumn(width=290 if chosen is None else 300),
              "Reported": st.column_config.TextColumn(width=65, help=f"Before {spoken(found.as_of)}"),
              "Now / worst": st.column_config.TextColumn(width=80), "Modifiers": st.column_config.ListColumn(width=120),
              "Unknown": st.column_config.NumberColumn("?", width=35, help="Rules that cannot be assessed from what was recorded")}
    # a row means the patient who stood in it when it was drawn, whatever the list has become since
    session.remember("rows", rows["patient"].tolist())
    if chosen in session.recall("rows") and session.recall("list") is None:
        session.choose_row("list", session.recall("rows").index(chosen))  # back from another page
    colours = TOKENS[session.theme()]
    styled = made.style.map(lambda text: f"color: {colours[_tier_of(text)]}; font-weight: 600" if text else "", subset=["Tier"]) if "Tier" in made else made
    st.dataframe(styled, key="list", hide_index=True, on_select=_select, selection_mode="single-row", column_config=config, row_height=34,
                 height=min(36 + 34 * len(rows), 620), alt="Worklist, one line a patient; choose a row to open the patient beside the list")


def _tier_of(text: str) -> str:
    return next(code for code in worklist.TIERS if frame.tier(code) == text)


def _score(value: float | None) -> str:
    return "–" if value is None or pd.isna(value) else f"{value:g}"


def _select() -> None:
    chosen = session.recall("list")["selection"]["rows"]
    if chosen:
        session.remember("patient", session.recall("rows")[chosen[0]])
    else:
        session.forget("patient")
