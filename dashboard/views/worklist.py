"""Home: who needs a call, and why. Tiles that add up, filters, the list; a row opens the drawer beside it."""
import re

import pandas as pd
import streamlit as st

from dashboard import worklist
from dashboard.codelists import CHOICES
from dashboard.imports import quarantine
from dashboard.rules import active
from dashboard.status import Status
from dashboard.views import drawer, frame, listing, session
from dashboard.wording import counted, plain
from dashboard.worklist import Filters

WITHIN = {"3 days": 3, "14 days": 14, "90 days": 90}
NOBODY = "nobody"
TILE = {"emergency": ":red[⬢ Emergency]", "same_day": ":orange[▲ Same-day]", "not_assessable": ":violet[? Not assessable]", "routine": ":blue[● Routine]",
        "no_criterion_met": ":gray[– No criterion met]", "no_entries": ":gray[No entries]"}
UNDER = {"not_assessable": "emergencies not asked", "no_criterion_met": "in what was recorded", "no_entries": "by this date"}
# what each filter is set by, and how it is called when nothing is chosen
SET_BY = {"bucket": "tile", "statuses": "status", "owners": "owner", "rules": "rule", "sources": "source", "within_days": "within", "find": "find"}
ANY = {"bucket": "Any tile", "statuses": "Any status", "owners": "Any owner", "rules": "Any rule", "sources": "Any source", "within_days": "Any time",
       "find": "Any id"}


def page() -> None:
    found, beside = frame.beginning("Worklist")
    withdrawn = session.answer("withdrawn", {}, worklist.withdrawn_to_review)
    if found.is_empty and not withdrawn:
        _quarantined()
        frame.empty_database()
        return
    # overdue depends on the minute
    minute = session.now().replace(second=0, microsecond=0)
    counts = session.answer("tiles", {"minute": minute.isoformat()}, lambda connection: worklist.tiles(connection, minute))
    with beside:
        _sum(counts, found, withdrawn)
    _tiles(counts)
    filters = _filters(found)
    # not copied at each run: it may be long
    made = session.answers({"lines": {"filters": repr(filters), "as_of": found.as_of, "minute": minute.isoformat()}},
                           lambda connection, _: {"lines": worklist.lines(connection, filters, as_of=found.as_of, now=minute)})["lines"]
    shown = made[~made["hidden"]].reset_index(drop=True)
    _hidden(made)
    _quarantined()
    if shown.empty and filters == Filters():
        _nothing(counts)
    elif shown.empty:
        _nobody(filters, session.answer("loosened", {"filters": repr(filters), "as_of": found.as_of, "minute": minute.isoformat()},
                                        lambda connection: worklist.loosened(connection, filters, as_of=found.as_of, now=minute)))
    else:
        with beside:
            listing.downloads(shown, filters, found)
        _list_and_drawer(shown, len(made), filters, found)
    frame.not_in_force()


def _sum(counts: dict, found: Status, withdrawn: int) -> None:
    sum_ = " + ".join(f"{counts[bucket]['patients']:,}" for bucket in TILE)
    st.caption(f"{sum_} = {counted(found.patients, 'patient')}" + (f" · evidence withdrawn, to review: {withdrawn:,}" if withdrawn else ""),
               width="content", help="Everybody stands in one bucket, the worst that holds")


def _tiles(counts: dict) -> None:
    chosen = session.recall("tile")
    for column, (bucket, label) in zip(st.columns(len(TILE), gap="small"), TILE.items(), strict=True):
        tile = counts[bucket]
        if "open" in tile:
            late = f" · :orange[{tile['overdue']:,} overdue]" if tile["overdue"] else ""
            text = f"{label}  \n**{tile['open']:,} open**{late}  \n:gray[:small[{tile['patients']:,} meet it · {tile['closed']:,} closed]]"
        else:
            text = f"{label}  \n**{counted(tile['patients'], 'patient')}**  \n:gray[:small[{UNDER[bucket]}]]"
        if chosen == bucket:
            # colours of the page are too faint on the filled button
            text = re.sub(r":(?:red|orange|violet|blue|gray|small)\[|\]", "", text)
        column.button(text, key=f"tile_{bucket}", type="primary" if chosen == bucket else "secondary", width="stretch", on_click=_choose_tile, args=(bucket,),
                      help="Show everybody again" if chosen == bucket else "Show only these")


def _choose_tile(bucket: str) -> None:
    session.remember("tile", None if session.recall("tile") == bucket else bucket)
    session.forget("patient")
    session.remember("page", 1)  # forgotten, the browser would still show the page before


def _filters(found: Status) -> Filters:
    owners = session.answer("owners", {}, worklist.owners)
    rules = session.answer("rules", {}, lambda connection: {rule.rule_id: rule.title for rule in active.current(connection).rules})
    cells = iter(st.columns([3, 3, 4, 4, 3, 3], gap="small"))
    shared = {"label_visibility": "collapsed"}
    statuses = next(cells).multiselect("Status", list(CHOICES["status"]), format_func=CHOICES["status"].get, key="status", placeholder="Any status",
                                       bind="query-params", **shared)
    owner = next(cells).multiselect("Owner", [NOBODY, *owners], key="owner", placeholder="Any owner", persist_state="session", **shared)
    rule = next(cells).multiselect("Rule", list(rules), format_func=lambda code: f"{code} {rules[code]}", key="rule", placeholder="Any rule",
                                   bind="query-params", **shared)
    sources = next(cells).multiselect("Source", list(found.through), key="source", placeholder="Any source", bind="query-params", **shared)
    within = next(cells).selectbox("Reported within", list(WITHIN), index=None, key="within", placeholder="Any time", bind="query-params", **shared)
    find = next(cells).text_input("Find id", key="find", placeholder="Find id", persist_state="session", **shared)
    return Filters(bucket=session.recall("tile"), statuses=tuple(statuses), owners=tuple("" if who == NOBODY else who for who in owner), rules=tuple(rule),
                   sources=tuple(sources), within_days=WITHIN.get(within), find=find)


def _clear(*filters: str) -> None:
    """Takes these filters away, or all of them."""
    session.forget("patient")
    session.remember("page", 1)
    nothing = Filters()
    for name in filters or SET_BY:
        value = getattr(nothing, name)
        session.remember(SET_BY[name], [] if value == () else value)


# --- what must not be missed --------------------------------------------------------------------------------------------------------

def _hidden(made: pd.DataFrame) -> None:
    hidden = worklist.hidden_emergencies(made)
    if hidden:
        with st.container(border=True, horizontal=True, vertical_alignment="center", key="hidden_emergencies"):
            st.markdown(f":red[**⬢ {counted(hidden, 'emergency')} {'is' if hidden == 1 else 'are'} hidden by these filters**]")
            st.button("Show all", key="show_hidden", on_click=_clear)


def _quarantined() -> None:
    waiting = session.answer("red flags in quarantine", {}, quarantine.red_flags)
    if len(waiting):
        with st.container(border=True, horizontal=True, vertical_alignment="center", key="quarantine_banner"):
            one = len(waiting) == 1
            st.markdown(f":orange[**⚠ {counted(len(waiting), 'row')} in quarantine {'reports' if one else 'report'} a red flag**] and no list shows "
                        f"{'it' if one else 'them'} yet")
            st.page_link("dashboard/views/imports.py", label="Look at them" if len(waiting) > 1 else "Look at it")


def _nothing(counts: dict) -> None:
    """No open flag, which is no all-clear."""
    closed = sum(counts[bucket]["closed"] for bucket in worklist.TIER_OF)
    unassessed = counts["not_assessable"]["patients"]
    with st.container(border=True):
        st.markdown(f"**No open flag.** {counted(closed, 'patient')} met a criterion, and what was met is closed." if closed else
                    "**No criterion met in what was recorded.**")
        if unassessed:
            st.markdown(f"{counted(unassessed, 'patient')} could not be assessed: nobody asked about the emergencies.")
            st.button("Show who could not be assessed", key="show_unassessed", on_click=_choose_tile, args=("not_assessable",))


def _nobody(filters: Filters, without: dict[str, int]) -> None:
    with st.container(border=True):
        st.markdown(f"**Nobody fits all of this**: {plain(filters.describe())}. "
                    + ("Take a filter away:" if without else "No filter alone is to blame; take several away."))
        with st.container(horizontal=True):
            for name, number in without.items():
                st.button(f"{ANY[name]} · {counted(number, 'patient')}", key=f"loosen_{name}", on_click=_clear, args=(name,))
            st.button("Clear all filters", key="clear_filters", type="tertiary", on_click=_clear)


# --- the list -----------------------------------------------------------------------------------------------------------------------


def _list_and_drawer(shown: pd.DataFrame, of: int, filters: Filters, found: Status) -> None:
    chosen = session.recall("patient")
    if chosen is not None and chosen not in set(shown["patient"]):
        session.forget("patient")
        chosen = None
    left, right = st.columns([11, 9], gap="medium") if chosen is not None else (st.container(), None)
    with left:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{len(shown):,} of {counted(of, 'patient')} shown · worst tier first, then unacknowledged, current, overdue, newest")
            if filters != Filters():
                st.button("Clear filters", key="clear_filters", type="tertiary", on_click=_clear)
            pages = -(-len(shown) // listing.PAGE)
            if session.recall("page", 1) > pages:
                session.remember("page", 1)  # fewer pages than before, after a filter
            number = st.pagination(pages, key="page", persist_state="session") if pages > 1 else 1
        rows = shown.iloc[(number - 1) * listing.PAGE:number * listing.PAGE].reset_index(drop=True)
        listing.table(rows, found, chosen)
    if right is not None:
        with right:
            drawer.show(shown, int(chosen), found)


page()
