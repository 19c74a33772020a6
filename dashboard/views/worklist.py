"""Home: who needs a call, and why. Tiles that add up, filters, the list; a row opens the drawer beside it."""
import streamlit as st

from dashboard import lineup, worklist
from dashboard.codelists import CHOICES
from dashboard.imports import quarantine
from dashboard.lineup import Filters, Lineup
from dashboard.rules import active
from dashboard.status import Status
from dashboard.views import along, drawer, frame, listing, noted, past, session, sweep, watch
from dashboard.wording import counted, plain

WITHIN = {"3 days": 3, "14 days": 14, "90 days": 90}
NOBODY = "nobody"
EVERYBODY, MINE, UNASSIGNED = "All", "Mine", "Unassigned"
# what each filter is set by, and how it is called when nothing is chosen
SET_BY = {"bucket": "tile", "statuses": "status", "whose": "whose", "owners": "owner", "rules": "rule", "sources": "source", "within_days": "within",
          "find": "find", "notes": "notes_only"}
ANY = {"bucket": "Any tile", "statuses": "Any status", "whose": "Anybody's", "owners": "Any owner", "rules": "Any rule", "sources": "Any source",
       "within_days": "Any time", "find": "Any id", "notes": "Without a note to read too"}


def page() -> None:
    found, beside = frame.beginning("Worklist")
    with beside:
        watch.changes(_everybody)
    if session.recall("past_day") is not None:
        past.show(found, beside)
        return
    withdrawn = session.answer("withdrawn", {}, worklist.withdrawn_to_review)
    if found.is_empty and not withdrawn:
        _quarantined()
        frame.empty_database()
        return
    # overdue depends on the minute; the day that snoozed flags wait for is the one on the wall
    minute = session.now().astimezone().replace(second=0, microsecond=0)
    counts = session.answer("tiles", {"minute": minute.isoformat()}, lambda connection: worklist.tiles(connection, minute))
    with beside:
        listing.total(counts, found.patients, withdrawn)
        st.selectbox("Order", list(listing.ORDERS), key="order", format_func=listing.ORDERS.get, label_visibility="collapsed", width=138,
                     persist_state="session", on_change=session.remember, args=("page", 1))
    listing.tiles(counts, session.recall("tile"), _choose_tile)
    filters = _filters(found)
    asked = {"filters": repr(filters), "as_of": found.as_of, "minute": minute.isoformat(), "by": session.recall("order", "worst")}
    order: Lineup = session.answers({"lineup": asked}, lambda connection, _: {
        "lineup": lineup.lineup(connection, filters, as_of=found.as_of, now=minute, by=asked["by"])})["lineup"]
    with st.container():  # there in any case, so that what follows keeps its place
        if order.hidden_emergencies:
            _hidden(order.hidden_emergencies)
    with st.container():
        _quarantined()
    with beside:
        if len(order.patients):
            along.downloads(filters, found, minute, order)
        past.choice(found)
    _row_above(order, filters, found)
    if len(order.patients):
        _list_and_drawer(order, filters, found, asked)
    elif filters == Filters():
        _nothing(counts, order)
    else:
        _nobody(filters, session.answer("loosened", asked, lambda connection: lineup.loosened(connection, filters, as_of=found.as_of, now=minute)))
    frame.not_in_force()


def _choose_tile(bucket: str) -> None:
    session.remember("tile", None if session.recall("tile") == bucket else bucket)
    session.forget("patient")
    session.remember("page", 1)  # forgotten, the browser would still show the page before


def _filters(found: Status) -> Filters:
    owners = session.answer("owners", {}, worklist.owners)
    rules = session.answer("rules", {}, lambda connection: {rule.rule_id: rule.title for rule in active.current(connection).rules})
    cells = iter(st.columns([3, 3, 4, 4, 3, 3], gap="small"))
    shared = {"label_visibility": "collapsed"}
    statuses = next(cells).multiselect("Status", list(CHOICES["status"]), format_func=CHOICES["status"].get, key="status", placeholder="Status",
                                       bind="query-params", **shared)
    owner = next(cells).multiselect("Owner", [NOBODY, *owners], key="owner", placeholder="Owner", persist_state="session", **shared)
    rule = next(cells).multiselect("Rule", list(rules), format_func=lambda code: f"{code} {rules[code]}", key="rule", placeholder="Rule",
                                   bind="query-params", **shared)
    sources = next(cells).multiselect("Source", list(found.through), key="source", placeholder="Source", bind="query-params", **shared)
    within = next(cells).selectbox("Reported within", list(WITHIN), index=None, key="within", placeholder="Reported", bind="query-params", **shared)
    find = next(cells).text_input("Find id", key="find", placeholder="Find id", persist_state="session", **shared)
    whose = session.recall("whose", EVERYBODY)
    if whose == MINE and not session.ask_name("mine"):
        whose = EVERYBODY
    return Filters(bucket=session.recall("tile"), statuses=tuple(statuses), owners=tuple("" if who == NOBODY else who for who in owner), rules=tuple(rule),
                   sources=tuple(sources), within_days=WITHIN.get(within), find=find,
                   whose={EVERYBODY: None, MINE: session.name(), UNASSIGNED: ""}[whose], notes=bool(session.recall("notes_only")))


def _clear(*filters: str) -> None:
    """Takes these filters away, or all of them."""
    session.forget("patient")
    session.remember("page", 1)
    nothing = Filters()
    for name in filters or SET_BY:
        value = getattr(nothing, name)
        session.remember(SET_BY[name], EVERYBODY if name == "whose" else [] if value == () else value)


def _everybody() -> None:
    _clear()
    past.back()


# --- what must not be missed --------------------------------------------------------------------------------------------------------

def _hidden(hidden: int) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="hidden_emergencies"):
        st.markdown(f":red[**⬢ {counted(hidden, 'emergency')} {'is' if hidden == 1 else 'are'} hidden by these filters**]")
        st.button("Show all", key="show_hidden", type="tertiary", on_click=_clear)


def _quarantined() -> None:
    waiting = session.answer("red flags in quarantine", {}, quarantine.red_flags)
    if len(waiting):
        with st.container(border=True, horizontal=True, vertical_alignment="center", key="quarantine_banner"):
            one = len(waiting) == 1
            st.markdown(f":orange[**⚠ {counted(len(waiting), 'row')} in quarantine {'reports' if one else 'report'} a red flag**] and no list shows "
                        f"{'it' if one else 'them'} yet")
            st.page_link("dashboard/views/imports.py", label="Look at them" if len(waiting) > 1 else "Look at it")


def _nothing(counts: dict, order: Lineup) -> None:
    """No open flag, which is no all-clear."""
    closed = sum(counts[bucket]["closed"] for bucket in worklist.TIER_OF)
    unassessed = counts["not_assessable"]["patients"]
    with st.container(border=True):
        done = [f"{counted(closed, 'patient')} met a criterion, and what was met is closed."] if closed else []
        done += [f"{counted(order.snoozed, 'patient')} {'is' if order.snoozed == 1 else 'are'} snoozed until a later day."] if order.snoozed else []
        st.markdown(f"**No open flag.** {' '.join(done)}" if done else "**No criterion met in what was recorded.**")
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

def _row_above(order: Lineup, filters: Filters, found: Status) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="above"):
        # grey, because what is chosen is too dark to read on the dark page in its own colour
        st.segmented_control("Whose", [EVERYBODY, MINE, UNASSIGNED], default=EVERYBODY, required=True, key="whose", persist_state="session",
                             format_func=":gray[{}]".format, label_visibility="collapsed", on_change=session.remember, args=("page", 1))
        st.caption(f"{len(order.patients):,} of {counted(order.of, 'patient')}", width="content",
                   help=f"Patients{along.whom(filters)}. {listing.IN_FULL[order.by]} {listing.due()}")
        if order.snoozed:
            st.button(f"{order.snoozed:,} snoozed", key="show_snoozed", type="tertiary", help="Put off until a later day; show them", on_click=_snoozed)
        noted.toggle(found.as_of)
        if filters != Filters() and len(order.patients):
            st.button("Clear filters", key="clear_filters", type="tertiary", on_click=_clear)
        st.space("stretch")
        watch.last_action()  # there is room for it: nothing below moves under the next click
        listing.pages(len(order.patients))


def _snoozed() -> None:
    session.remember("status", ["snoozed"])
    session.remember("page", 1)


def _list_and_drawer(order: Lineup, filters: Filters, found: Status, asked: dict) -> None:
    chosen = session.recall("patient")
    if chosen is not None and chosen not in order.patients:
        session.forget("patient")
        chosen = None
    # two columns in any case: in another place the list would be another one, and the arrow keys would leave it
    left, right = st.columns([11, 9], gap="medium") if chosen is not None else st.columns([1, 0.0001], gap=None)
    with left:
        listing.table(order, filters, found, asked, chosen)
        sweep.offer(order)
        sweep.confirm(order)
    if chosen is not None:
        with right:
            drawer.show(order.patients, int(chosen), found)


page()
