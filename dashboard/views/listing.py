"""The list itself: tiles that add up, one line a patient, to read, to choose from, to take along."""
import re
from collections.abc import Callable
from datetime import datetime

import pandas as pd
import streamlit as st

from dashboard import handout, status, worklist
from dashboard.codelists import CHOICES
from dashboard.days import ago, lasting, spoken
from dashboard.figures.tokens import TOKENS
from dashboard.lineup import TIERS, Filters, Lineup
from dashboard.rules import active
from dashboard.rules.seen import RECENT
from dashboard.status import Status
from dashboard.views import frame, noted, session, trace
from dashboard.wording import counted

PAGE = 50  # patients
SPELLED = 2  # rules that a cell has room for
ORDER = "Worst tier first, then what nobody acknowledged, current before historic, overdue, newest."
KEYS = "Keys: J next, K previous, A acknowledge, S start, U undo, Esc back to the list. A row is chosen by a click, or with the arrow keys."
TILE = {"emergency": ":red[⬢ Emergency]", "same_day": ":orange[▲ Same-day]", "not_assessable": ":violet[? Not assessable]", "routine": ":blue[● Routine]",
        "no_criterion_met": ":gray[– No criterion met]", "no_entries": ":gray[No entries]"}
UNDER = {"emergency": "met it", "same_day": "met it", "routine": "met it", "not_assessable": "emergencies not asked",
         "no_criterion_met": "in what was recorded", "no_entries": "by this date"}


# --- tiles ------------------------------------------------------------------------------------------------------------------------

def total(counts: dict, patients: int, withdrawn: int = 0) -> None:
    sum_ = " + ".join(f"{counts[bucket]['patients']:,}" for bucket in TILE)
    st.caption(f"{sum_} = {counted(patients, 'patient')}" + (f" · evidence withdrawn, to review: {withdrawn:,}" if withdrawn else ""),
               width="content", help="Everybody stands in one bucket, the worst that holds")


def tiles(counts: dict, chosen: str | None, choose: Callable[[str], None], key: str = "tile") -> None:
    grid = st.grid(len(TILE), min_column_width=135)  # on a tablet two rows
    for bucket, label in TILE.items():
        tile = counts[bucket]
        if "open" in tile:
            late = f" · :orange[{tile['overdue']:,} overdue]" if tile["overdue"] else ""
            put_off = f" · {tile['snoozed']:,} snoozed" if tile["snoozed"] else ""
            text = f"{label}  \n**{tile['open']:,} open**{late}  \n:gray[:small[{tile['patients']:,} meet it{put_off} · {tile['closed']:,} closed]]"
        else:
            text = f"{label}  \n**{counted(tile['patients'], 'patient')}**  \n:gray[:small[{UNDER[bucket]}]]"
        if chosen == bucket:
            text = text.replace(label, f":primary-badge[✓ {re.sub(r':[a-z]+', '', label).strip('[]')}]")
        # of one kind, chosen or not: a button of another kind would be another button, and the keyboard be back at the top of the page
        grid.button(text, key=f"{key}_{bucket}", width="stretch", on_click=choose, args=(bucket,),
                    help="Show everybody again" if chosen == bucket else "Show only these")


# --- to take along ----------------------------------------------------------------------------------------------------------------

def downloads(filters: Filters, found: Status, now: datetime, order: Lineup) -> None:
    """Of exactly the list on screen, all its pages."""
    text, engine = f"Worklist: {filters.describe()}. {status.line(found)}", session.engine()

    def lines() -> pd.DataFrame:
        with engine.connect() as connection:
            return worklist.details(connection, order.patients, filters, as_of=found.as_of, now=now)
    take_along(lines, len(order.patients), "Worklist", text)


def take_along(lines: Callable[[], pd.DataFrame], patients: int, title: str, text: str, without: str = "no open flag") -> None:
    copied = st.popover("Copy as text", key="copy", on_change="rerun")
    if copied.open:
        with copied:
            st.code(handout.as_text(lines(), text, without), language=None, height=300)
    st.download_button("CSV", lambda: handout.sheet(lines()).to_csv(index=False), "worklist.csv", "text/csv", key="csv", icon=":material/download:",
                       help="Exactly these lines, of all pages", **trace.left("a worklist", patients=patients))
    st.download_button("Print", lambda: handout.printable(lines(), title, text), "worklist.html", "text/html", key="print",
                       icon=":material/print:", help="A page of its own with exactly these lines; open it and print",
                       **trace.left("a worklist to print", patients=patients))


# --- lines ------------------------------------------------------------------------------------------------------------------------

def pages(patients: int) -> None:
    count = -(-patients // PAGE)
    if session.recall("page", 1) > count:
        session.remember("page", 1)  # fewer pages than before, after a filter
    if count > 1:
        st.pagination(count, key="page", persist_state="session")


def on_page(patients: list[int]) -> list[int]:
    number = session.recall("page", 1)
    return patients[(number - 1) * PAGE:number * PAGE]


def table(order: Lineup, filters: Filters, found: Status, asked: dict, chosen: int | None) -> None:
    """`chosen`: the patient who is open beside the list, which is then narrow."""
    patients = on_page(order.patients.tolist())
    now = datetime.fromisoformat(asked["minute"])
    rows = session.answers({"lines": asked | {"patients": patients}}, lambda connection, _: {
        "lines": worklist.details(connection, patients, filters, as_of=found.as_of, now=now)})["lines"]
    course = session.answer("course", {"patients": patients, "as_of": found.as_of},
                            lambda connection: worklist.recent_course(connection, patients, found.as_of))
    made = in_words(rows, found.as_of).assign(**{
        "30 days": course["trend"], "Now / worst": [f"{_score(now)} / {_score(worst)}" for now, worst in zip(course["now"], course["worst"], strict=True)],
        "Status": [_state(row, now) for row in rows.itertuples()], "Owner": rows["owner"].fillna("–"), "Modifiers": course["modifiers"]})
    if filters.bucket == "not_assessable":
        titles = session.answer("rules", {}, lambda connection: {rule.rule_id: rule.title for rule in active.current(connection).rules})
        made["Not asked lately"] = [_not_asked(lacking, titles) for lacking in rows["lacking"]]
    mentions = noted.mentions(found.as_of) if filters.notes else {}
    made["Note mentions"] = [mentions.get(number, "") for number in patients]
    shown = ["Tier", "Patient", "Why", "Reported", "30 days", "Now / worst", "Unknown", "Status", "Owner", "Modifiers", "Source"]
    if chosen is not None:
        shown = ["Tier", "Patient", "Why", "Status"]
    if filters.bucket == "not_assessable":
        shown = [name for name in shown if name not in ("Unknown", "Why")]
        shown.insert(2, "Not asked lately")
    if filters.notes:
        shown.insert(shown.index("Patient") + 1, "Note mentions")
    if not rows["tier"].notna().any():
        shown = [name for name in shown if name not in ("Tier", "Why", "Status", "Owner")]
    draw(made[shown], found.as_of, rows, chosen)
    st.caption(f"{ORDER} {KEYS}")


def _not_asked(lacking: list[str], titles: dict[str, str]) -> str:
    if len(lacking) > SPELLED:
        return f"{len(lacking)} emergencies: {', '.join(lacking)}"
    return "; ".join(f"{rule_id} {titles[rule_id][:1].lower()}{titles[rule_id][1:]}" for rule_id in lacking)


def in_words(rows: pd.DataFrame, as_of: int) -> pd.DataFrame:
    return pd.DataFrame({
        "Tier": rows["tier"].map(frame.tier), "Patient": rows["patient_id"], "Why": rows["why"].map(". Also: ".join),
        "Reported": [ago(as_of - int(day)) if pd.notna(day) else "" for day in rows["last_evidence"]], "Unknown": rows["unknown"], "Source": rows["source"]})


def draw(made: pd.DataFrame, as_of: int, rows: pd.DataFrame, chosen: int | None = None, key: str = "list") -> None:
    text, wide = st.column_config.TextColumn, "Status" not in made or "Owner" in made
    config = {"30 days": text("30 days", width=138, help="Mean severity, two days a bar, higher is worse; a blank is a gap"),
              "Tier": text(width=92), "Patient": text(width=76), "Why": text(width=250 if wide else 170),
              "Reported": text(width=65, help=f"Before {spoken(as_of)}"), "Now / worst": text(width=75), "Modifiers": st.column_config.ListColumn(width=120),
              "Status": text(width=135),
              "Note mentions": text(width=150, help="Found by a word list in notes that nobody has marked as read"), "Owner": text(width=70),
              "Not asked lately": text(f"Not answered in the last {RECENT} days", width=300 if wide else 240,
                                       help=f"Emergencies about which nothing was said in the {RECENT} days up to the patient's last entry"),
              "Unknown": st.column_config.NumberColumn("?", width=35, help="Rules that cannot be assessed from what was recorded")}
    if key == "list":
        # a row means the patient who stood in it when it was drawn, whatever the list has become since
        session.remember("rows", rows["patient"].tolist())
        _mark(session.recall("rows").index(chosen) if chosen in session.recall("rows") else None)
    colours = TOKENS[session.theme()]
    styled = made.style.map(lambda text: f"color: {colours[_tier_of(text)]}; font-weight: 600" if text else "", subset=["Tier"]) if "Tier" in made else made
    choosing = {"on_select": _select, "selection_mode": ["single-row", "single-cell"]} if key == "list" else {}
    st.dataframe(styled, key=key, hide_index=True, column_config=config, row_height=34, height=min(36 + 34 * len(rows), 620),
                 alt="Worklist, one line a patient" + ("; choose a row to open the patient beside the list" if choosing else ""), **choosing)


def _mark(row: int | None) -> None:
    """Marks the row of who is open: after an action the line may stand elsewhere, and nobody else may look as if it were hers."""
    selection = (session.recall("list") or {}).get("selection") or {"rows": [], "cells": []}
    if {*selection["rows"], *(at for at, _ in selection["cells"])} != ({row} - {None}):
        session.choose_row("list", row)


def _tier_of(text: str) -> str:
    return next(code for code in TIERS if frame.tier(code) == text)


def _state(row: tuple, now: datetime) -> str:
    return ", ".join(filter(None, (CHOICES["status"].get(row.status, ""), due(row.due_at, row.overdue, row.until_day, now),
                                   "evidence withdrawn" if row.withdrawn else "")))


def due(due_at: datetime | None, overdue: bool, until_day: float | None, now: datetime) -> str:
    """When it is due, or since when it would have been."""
    if until_day is not None and pd.notna(until_day):
        return f"until {spoken(int(until_day))}{', overdue' if overdue else ''}"
    if due_at is None or pd.isna(due_at):
        return "overdue" if overdue else ""
    minutes = (pd.Timestamp(due_at, tz="UTC") - pd.Timestamp(now)).total_seconds() / 60
    return f"overdue {lasting(-minutes)}" if minutes < 0 else "overdue" if overdue else f"due in {lasting(minutes)}"


def _score(value: float | None) -> str:
    return "–" if value is None or pd.isna(value) else f"{value:g}"


def _select() -> None:
    chosen = session.chosen("list", session.recall("rows"), session.recall("patient"))
    if chosen is None:
        session.forget("patient")
    else:
        session.remember("patient", chosen)
