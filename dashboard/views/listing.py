"""The list itself: tiles that add up, one line a patient, to read and to choose from."""
import re
from collections.abc import Callable
from datetime import datetime

import pandas as pd
import streamlit as st

from dashboard import handout, hours, worklist
from dashboard.days import spoken
from dashboard.figures.tokens import TOKENS
from dashboard.handout import Telling
from dashboard.lineup import TIERS, Filters, Lineup
from dashboard.rules import active
from dashboard.rules.seen import RECENT
from dashboard.status import Status
from dashboard.views import noted, session
from dashboard.wording import counted, listing, tier

PAGE = 50  # patients
BESIDE = ("Tier", "Patient", "Source", "Note mentions", "Not asked lately", "Why", "Status")  # columns that there is room for beside a patient
ORDERS = {"worst": "Worst first", "overdue": "Overdue first", "newest": "Newest first", "id": "By patient id"}
IN_FULL = {"worst": "Worst tier first, then what nobody acknowledged, current before historic, overdue, newest.",
           "overdue": "Longest overdue first, then what is due next; of what is due at one time, the worst first.",
           "newest": "Newest evidence first; of one day, the worst first.", "id": "By patient id, then source."}
HEADS = {"Tier": "worst", "Patient": "id", "Reported": "newest", "Status": "overdue"}
CLICKED = f"A click on {listing(HEADS, 'or')} orders all pages by it; what the menu of a head sorts is this page alone."
KEYS = "Keys: J next, K previous, A acknowledge, S start, U undo, Esc back to the list. A row is chosen by a click, or with the arrow keys."
TILE = {"emergency": ":red[⬢ Emergency]", "same_day": ":orange[▲ Same-day]", "not_assessable": ":violet[? Not assessable]", "routine": ":blue[● Routine]",
        "no_criterion_met": ":gray[– No criterion met]", "no_entries": ":gray[No entries]"}
UNDER = {"emergency": "met it", "same_day": "met it", "routine": "met it", "not_assessable": "emergencies not asked",
         "no_criterion_met": "in what was recorded", "no_entries": "by this date"}


def due() -> str:
    """How what is overdue is counted."""
    on_duty = hours.of(session.engine())
    counted_by, emergency = ("the clock, nights and weekends too", "1 h") if on_duty is hours.ALWAYS else (
        f"the clock, but for emergencies by the hours in which somebody is on duty ({on_duty.said})", "1 such hour")
    return (f"Overdue is counted by {counted_by}: an emergency {emergency} after it was flagged, if nobody saw to it; a same-day flag after 24 h, unless it is "
            "escalated or closed; a routine flag after 48 h, if nobody saw to it, or 5 working days, if it is not closed.")


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
            past_due = f" · :orange[{tile['overdue']:,} overdue]" if tile["overdue"] else ""
            meet = f"{tile['patients']:,} meet it"
            put_off = f"{tile['snoozed']:,} snoozed" if tile["snoozed"] else meet  # there is no room for three
            text = f"{label}  \n**{tile['open']:,} open**{past_due}  \n:gray[:small[{put_off} · {tile['closed']:,} closed]]"
        else:
            meet = ""
            text = f"{label}  \n**{counted(tile['patients'], 'patient')}**  \n:gray[:small[{UNDER[bucket]}]]"
        if chosen == bucket:
            text = text.replace(label, f":primary-badge[✓ {re.sub(r':[a-z]+', '', label).strip('[]')}]")
        # of one kind, chosen or not: a button of another kind would be another button, and the keyboard be back at the top of the page
        grid.button(text, key=f"{key}_{bucket}", width="stretch", on_click=choose, args=(bucket,),
                    help=f"{f'{meet}. ' if meet else ''}{'Show everybody again' if chosen == bucket else 'Show only these'}")


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
    made = handout.in_words(rows, course, telling(order, filters, found, now))
    draw(made if chosen is None else made[[name for name in made if name in BESIDE]], found.as_of, rows, chosen)
    st.caption(f"{IN_FULL[order.by]} {CLICKED} {KEYS}")


def telling(order: Lineup, filters: Filters, found: Status, now: datetime) -> Telling:
    titles = session.answer("rules", {}, lambda connection: {rule.rule_id: rule.title for rule in active.current(connection).rules})
    return Telling(found.as_of, any(order.tiers.values()), now, titles if filters.bucket == "not_assessable" else None,
                   noted.mentions(found.as_of) if filters.notes else None)


def draw(made: pd.DataFrame, as_of: int, rows: pd.DataFrame, chosen: int | None = None, key: str = "list") -> None:
    text, wide = st.column_config.TextColumn, "Status" not in made or "Modifiers" in made
    # together they fit a screen 1280 pixels wide, and share what a wider one has
    config = {"30 days": text("30 days", width=103, help="Mean severity, three days a bar, higher is worse; a blank is a gap"),
              "Tier": text(width=89), "Patient": text(width=94, help="The id, then the source"), "Why": text(width=220 if wide else 163),
              "Reported": text(width=64, help=f"Before {spoken(as_of)}"),
              "Severity": text(width=78, help="Mean and worst of the last day with a score; 0 = no pain, 10 = worst"),
              "Modifiers": text(width=88), "Status": text(width=128, help=due()),
              "Note mentions": text(width=150, help="Found by a word list in notes that nobody has marked as read"),
              "Not asked lately": text(f"Not answered in the last {RECENT} days", width=205,
                                       help=f"Emergencies about which nothing was said in the {RECENT} days up to the patient's last entry"),
              "Unknown": text("?", width=28, help="Rules that cannot be assessed from what was recorded")}
    if key == "list":
        # a row means the patient who stood in it when it was drawn, whatever the list has become since
        session.remember("rows", rows["patient"].tolist())
        _mark(session.recall("rows").index(chosen) if chosen in session.recall("rows") else None)
    colours = TOKENS[session.theme()]
    made = _narrower(made)
    styled = made.style.map(lambda text: f"color: {colours[_tier_of(text)]}; font-weight: 600" if text else "", subset=["Tier"]) if "Tier" in made else made
    choosing = {"on_select": _select, "selection_mode": ["single-row", "single-cell", "single-column"]} if key == "list" else {}
    st.dataframe(styled, key=key, hide_index=True, column_config=config, row_height=34, height=min(36 + 34 * len(rows), 620),
                 alt="Worklist, one line a patient" + ("; choose a row to open the patient beside the list" if choosing else ""), **choosing)


def _narrower(made: pd.DataFrame) -> pd.DataFrame:
    """The source in one cell with the id, which without it may mean several people, and who has taken it on with how it stands."""
    narrow = made.assign(Patient=made["Patient"] + " · " + made["Source"]).drop(columns="Source")
    if "Owner" in made:
        taken = narrow["Owner"].where(narrow["Owner"] != handout.NOTHING, "")
        narrow = narrow.assign(Status=narrow["Status"] + taken.map(lambda name: name and f" · {name}")).drop(columns="Owner")
    return narrow.assign(Modifiers=narrow["Modifiers"].map("; ".join)) if "Modifiers" in made else narrow


def _mark(row: int | None) -> None:
    """Marks the row of who is open: after an action the line may stand elsewhere, and nobody else may look as if it were hers."""
    selection = (session.recall("list") or {}).get("selection") or {"rows": [], "cells": [], "columns": []}
    if {*selection["rows"], *(at for at, _ in selection["cells"]), *selection["columns"]} != ({row} - {None}):
        session.choose_row("list", row)


def _tier_of(text: str) -> str:
    return next(code for code in TIERS if tier(code) == text)


def _select() -> None:
    """Of the list. A click on a head would sort this page only, and in the browser only, if columns could not be chosen."""
    if heads := session.recall("list")["selection"]["columns"]:
        session.remember("order", HEADS.get(heads[0], session.recall("order", "worst")))
        session.remember("page", 1)
        return
    chosen = session.chosen("list", session.recall("rows"), session.recall("patient"))
    if chosen is None:
        session.forget("patient")
    else:
        session.remember("patient", chosen)
