"""Home: who needs a call, and why. Tiles that add up, filters, the list; a row opens the drawer beside it."""
import pandas as pd
import streamlit as st

from dashboard import figures, status, worklist
from dashboard.codelists import CHOICES
from dashboard.days import ago, spoken
from dashboard.imports import quarantine
from dashboard.rules import active
from dashboard.status import Status
from dashboard.views import drawer, frame, session
from dashboard.wording import counted
from dashboard.worklist import Filters

PAGE = 100
WITHIN = {"3 days": 3, "14 days": 14, "90 days": 90}
NOBODY = "nobody"
TILE = {"emergency": ":red[⬢ Emergency]", "same_day": ":orange[▲ Same-day]", "not_assessable": ":violet[? Not assessable]", "routine": ":blue[● Routine]",
        "no_criterion_met": ":gray[– No criterion met]", "no_entries": ":gray[No entries]"}
UNDER = {"not_assessable": "emergencies not asked", "no_criterion_met": "in what was recorded", "no_entries": "by this date"}


def page() -> None:
    found, beside = frame.beginning("Worklist")
    if found.is_empty:
        frame.empty_database()
        return
    # overdue depends on the minute
    minute = session.now().replace(second=0, microsecond=0)
    counts = session.answer("tiles", {"minute": minute.isoformat()}, lambda connection: worklist.tiles(connection, minute))
    with beside:
        _sum(counts, found)
    _tiles(counts)
    filters = _filters(found)
    made = session.answer("lines", {"filters": repr(filters), "as_of": found.as_of, "minute": minute.isoformat()},
                          lambda connection: worklist.lines(connection, filters, as_of=found.as_of, now=minute))
    shown = made[~made["hidden"]].reset_index(drop=True)
    _banners(made)
    if shown.empty:
        _nothing(filters, found)
    else:
        with beside:
            _downloads(shown, filters, found)
        _list_and_drawer(shown, len(made), filters, found)
    frame.not_in_force()


def _sum(counts: dict, found: Status) -> None:
    withdrawn = session.answer("withdrawn", {}, worklist.withdrawn_to_review)
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
        column.button(text, key=f"tile_{bucket}", type="primary" if chosen == bucket else "secondary", width="stretch", on_click=_choose_tile, args=(bucket,),
                      help="Show everybody again" if chosen == bucket else "Show only these")


def _choose_tile(bucket: str) -> None:
    session.remember("tile", None if session.recall("tile") == bucket else bucket)
    session.forget("patient", "page")


def _filters(found: Status) -> Filters:
    owners = session.answer("owners", {}, worklist.owners)
    rules = session.answer("rules", {}, lambda connection: {rule.rule_id: rule.title for rule in active.current(connection).rules})
    cells = iter(st.columns([3, 3, 4, 4, 3, 3], gap="small"))
    shared = {"label_visibility": "collapsed"}
    statuses = next(cells).multiselect("Status", list(CHOICES["status"]), format_func=CHOICES["status"].get, key="status", placeholder="Any status",
                                       bind="query-params", **shared)
    owner = next(cells).multiselect("Owner", [NOBODY, *owners], key="owner", placeholder="Any owner", **shared)
    rule = next(cells).multiselect("Rule", list(rules), format_func=lambda code: f"{code} {rules[code]}", key="rule", placeholder="Any rule",
                                   bind="query-params", **shared)
    sources = next(cells).multiselect("Source", list(found.through), key="source", placeholder="Any source", bind="query-params", **shared)
    within = next(cells).selectbox("Reported within", list(WITHIN), index=None, key="within", placeholder="Any time", bind="query-params", **shared)
    find = next(cells).text_input("Find id", key="find", placeholder="Find id", **shared)
    return Filters(bucket=session.recall("tile"), statuses=tuple(statuses), owners=tuple("" if who == NOBODY else who for who in owner), rules=tuple(rule),
                   sources=tuple(sources), within_days=WITHIN.get(within), find=find)


def _clear() -> None:
    session.forget("tile", "patient", "page")
    for key in ("status", "owner", "rule", "source"):
        session.remember(key, [])
    session.remember("within", None)
    session.remember("find", "")


def _banners(made: pd.DataFrame) -> None:
    hidden = worklist.hidden_emergencies(made)
    if hidden:
        with st.container(border=True, horizontal=True, vertical_alignment="center", key="hidden_emergencies"):
            st.markdown(f":red[**⬢ {counted(hidden, 'emergency')} {'is' if hidden == 1 else 'are'} hidden by these filters**]")
            st.button("Show all", key="show_hidden", on_click=_clear)
    waiting = session.answer("red flags in quarantine", {}, quarantine.red_flags)
    if len(waiting):
        with st.container(border=True, horizontal=True, vertical_alignment="center", key="quarantine_banner"):
            one = len(waiting) == 1
            st.markdown(f":orange[**⚠ {counted(len(waiting), 'row')} in quarantine {'reports' if one else 'report'} a red flag**] and no list shows "
                        f"{'it' if one else 'them'} yet")
            st.page_link("dashboard/views/imports.py", label="Look at them" if len(waiting) > 1 else "Look at it")


def _nothing(filters: Filters, found: Status) -> None:
    with st.container(border=True):
        if filters == Filters():
            st.markdown("**No criterion met in what was recorded**, or everything that was met is closed. Look at who could not be assessed.")
            st.button("Show who could not be assessed", key="show_unassessed", on_click=_choose_tile, args=("not_assessable",))
        else:
            st.markdown(f"**Nobody fits all of this**: {filters.describe()}. Take a filter away to see more.")
            st.button("Clear all filters", key="clear_filters", on_click=_clear)


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
            pages = -(-len(shown) // PAGE)
            number = st.pagination(pages, key="page") if pages > 1 else 1
        rows = shown.iloc[(number - 1) * PAGE:number * PAGE].reset_index(drop=True)
        _table(rows, found, narrow=chosen is not None)
    if right is not None:
        with right:
            drawer.show(shown, int(chosen), found)


def _downloads(shown: pd.DataFrame, filters: Filters, found: Status) -> None:
    text = f"Worklist: {filters.describe()}. {status.line(found)}"
    with st.popover("Copy as text", key="copy"):
        st.code(worklist.as_text(shown, text), language=None, height=300)
    st.download_button("CSV", lambda: worklist.sheet(shown).to_csv(index=False), "worklist.csv", "text/csv", key="csv", on_click="ignore",
                       icon=":material/download:", help="Exactly these lines")
    st.download_button("Print", lambda: worklist.printable(shown, "Worklist", text), "worklist.html", "text/html", key="print",
                       on_click="ignore", icon=":material/print:", help="A page of its own with exactly these lines; open it and print")


def _table(rows: pd.DataFrame, found: Status, *, narrow: bool) -> None:
    course = session.answer("course", {"patients": rows["patient"].tolist(), "as_of": found.as_of},
                            lambda connection: worklist.recent_course(connection, rows["patient"].tolist(), found.as_of))
    table = pd.DataFrame({
        "Tier": rows["tier"].map(frame.tier), "Patient": rows["patient_id"], "Why": rows["why"].map(". Also: ".join),
        "Reported": [ago(found.as_of - int(day)) if pd.notna(day) else "" for day in rows["last_evidence"]],
        "30 days": course["trend"],
        "Now / worst": [f"{_score(now)} / {_score(worst)}" for now, worst in zip(course["now"], course["worst"], strict=True)],
        "Unknown": rows["unknown"],
        "Status": [", ".join(filter(None, (CHOICES["status"].get(row.status, ""), "evidence withdrawn" if row.withdrawn else "",
                                           "overdue" if row.overdue else ""))) for row in rows.itertuples()],
        "Owner": rows["owner"].fillna("–"), "Modifiers": course["modifiers"], "Source": rows["source"]})
    if not rows["tier"].notna().any():
        table = table.drop(columns=["Tier", "Why", "Status", "Owner"])
    if narrow:
        table = table[[name for name in ("Tier", "Patient", "Why", "Reported", "Status") if name in table]]
    config = {"30 days": st.column_config.TextColumn("30 days", width=130, help="Mean severity, two days a bar, higher is worse; a blank is a gap"),
              "Tier": st.column_config.TextColumn(width=100), "Patient": st.column_config.TextColumn(width=85),
              "Why": st.column_config.TextColumn(width=300 if narrow else 290),
              "Reported": st.column_config.TextColumn(width=65, help=f"Before {spoken(found.as_of)}"),
              "Now / worst": st.column_config.TextColumn(width=80), "Modifiers": st.column_config.ListColumn(width=120),
              "Unknown": st.column_config.NumberColumn("?", width=35, help="Rules that cannot be assessed from what was recorded")}
    # a row means the patient who stood in it when it was drawn, whatever the list has become since
    session.remember("rows", rows["patient"].tolist())
    colours = figures.TOKENS[session.theme()]
    styled = table.style.map(lambda text: f"color: {colours[_tier_of(text)]}; font-weight: 600" if text else "", subset=["Tier"]) if "Tier" in table else table
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


page()
