"""The question that the pages Cohort and Compare ask: kept in the session, said in the address, changed one step at a time, and each step undone."""
from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from dashboard import filters, saved
from dashboard.address import Address
from dashboard.cohort import Cohort
from dashboard.comparison import REST
from dashboard.distributions import Per
from dashboard.errors import Refused
from dashboard.saved import Saved
from dashboard.status import Status
from dashboard.views import saving, session, takeaway
from dashboard.wording import counted, plain

PER = {"patient": "patients", "entry": "entries"}
_STEPS = 50  # that can be undone


def asked() -> tuple[Cohort, Per] | None:
    """The question of the cohort page and the unit of counting; None where the address cannot be read, which is said then."""
    if not _followed(_count, lambda: None, of_cohort):
        return None
    return session.recall("question"), session.recall("per", "patient")


def _count(given: Address) -> None:
    session.remember("per", given.per)
    session.remember("more_opened", given.more)
    session.forget("more_charts")  # the toggle begins anew


def compared() -> tuple[Cohort, str] | None:
    """The question of the page Compare and what it is compared with; None where the address cannot be read, which is said then."""
    def beside(given: Address) -> None:
        session.remember("beside", given.beside)
        session.remember("landmark", given.landmark)

    def take(given: Address) -> None:
        beside(given)
        _count(given)
    if not _followed(take, lambda: beside(Address(Cohort())), _of_compare):
        return None
    return session.recall("question"), session.recall("beside", REST)


def unasked() -> bool:
    """Nothing was asked on the cohort page yet, nor does the address."""
    return session.recall("question") is None and not st.query_params


def of_cohort() -> Address:
    """What the cohort page says of itself; also the page Compare as it is come to, which leads back with it."""
    one = session.recall("frozen")
    return Address(session.recall("question", Cohort()), session.recall("per", "patient"), session.recall("more_opened", False),
                   one and (one.cohort, one.version))


def _of_compare() -> Address:
    return replace(of_cohort(), beside=session.recall("beside", REST), landmark=session.recall("landmark", False))


def _followed(take: Callable[[Address], None], begin: Callable[[], None], now: Callable[[], Address]) -> bool:
    """An address that the reader or the browser's own back and forward changed is what is asked, else what was asked last is. `take` and
    `begin` set what this page alone asks, the latter where its address is still blank; `now` is what it asks then, and the address will say."""
    address = {name: st.query_params.get_all(name) for name in st.query_params}
    arrived = session.recall("arrived")
    if session.recall("question") is None or (address and arrived) or (address != session.recall("address") and not arrived):
        try:
            given = Address.from_params(address)
            frozen = _opened(*given.frozen) if given.frozen else None
        except Refused as error:
            st.warning(f"**This address asks something that cannot be read.** {plain(str(error))}", icon=":material/link_off:")
            st.button("Begin anew", key="ask_all", type="primary", on_click=_forget_address)
            return False
        _ask(given.question)
        session.remember("frozen", frozen)
        take(given)
    elif arrived:  # the navigation leads here without the question
        begin()
    wanted = now().to_params()
    if wanted != address:
        st.query_params.from_dict(wanted)
    session.remember("address", wanted)
    return True


def _opened(cohort: int, version: int) -> Saved:
    with session.reading() as connection:
        one = saved.one(connection, cohort, version)
    if one.frozen is None:
        raise Refused(f"Version {version} of saved cohort {cohort} is not frozen.")
    return one


def _forget_address() -> None:
    session.forget("question", "address", "frozen")
    st.query_params.clear()


def _ask(cohort: Cohort) -> None:
    before = session.recall("question")
    if before == cohort:
        return
    if before is not None:
        session.remember("asked_before", [*session.recall("asked_before", []), before][-_STEPS:])
        session.forget("asked_after")
    session.remember("question", cohort)
    session.remember("members_page", 1)


def change(made: Callable[[Cohort], Cohort]) -> None:
    """Asks what `made` makes of the question; in callbacks only."""
    try:
        _ask(made(session.recall("question")))
    except Refused as error:
        session.remember("notice", ("error", str(error)))


def _step(back: bool) -> None:
    source, target = ("asked_before", "asked_after") if back else ("asked_after", "asked_before")
    steps = session.recall(source, [])
    session.remember(target, [*session.recall(target, []), session.recall("question")])
    session.remember("question", steps[-1])
    session.remember(source, steps[:-1])
    session.remember("members_page", 1)


def bar() -> None:
    """What is counted."""
    session.remember("count_per", session.recall("per", "patient"))
    st.radio("Count", list(PER), format_func="per {}".format, key="count_per", label_visibility="collapsed", horizontal=True, width="content",
             on_change=lambda: session.remember("per", session.recall("count_per")))


def actions(cohort: Cohort, found: Status) -> None:
    """What can be done with the whole of it; beside the sentence."""
    with st.container(horizontal=True, vertical_alignment="center", width="content", gap="xsmall", key="actions"):
        saving.box(cohort, found, lambda other: change(lambda _: other))
        st.page_link("dashboard/views/compare.py", label="Compare", icon=":material/compare_arrows:", query_params=of_cohort().to_params())
        takeaway.report(cohort, found)


def chips(cohort: Cohort) -> None:
    """One for each value asked for, clear, undo, redo; nothing where nothing was asked."""
    for place, chip in enumerate(filters.chips(cohort)):
        st.button(f"{plain(chip.text)} ✕", key=f"chip_{place}", on_click=change, args=(lambda _, left=chip.left: left,), help="Take this away")
    if cohort != Cohort():
        st.button("Clear", key="clear_question", type="tertiary", on_click=change, args=(lambda _: Cohort(),))
    for back, label, steps, keys in ((True, "Undo", "asked_before", "Ctrl+Z"), (False, "Redo", "asked_after", "Ctrl+Y")):
        if session.recall(steps):
            st.button(label, key=f"{label.lower()}_step", icon=f":material/{label.lower()}:", type="tertiary", on_click=_step, args=(back,), shortcut=keys)


def loosen(cohort: Cohort, patients: dict[str, int]) -> None:
    """Nobody matches: what to take away. `patients` are left without each chip, by its text."""
    with st.container(border=True):
        helpful = {text: number for text, number in patients.items() if number}
        st.markdown("**No entry matches all of this.** " + ("Take a filter away:" if helpful else "No filter alone is to blame; take several away."))
        with st.container(horizontal=True):
            for place, chip in enumerate(filters.chips(cohort)):
                if number := helpful.get(chip.text):
                    st.button(f"Without {plain(chip.text)} · {counted(number, 'patient')}", key=f"loosen_{place}", on_click=change,
                              args=(lambda _, left=chip.left: left,))
            st.button("Clear all filters", key="clear_all", type="tertiary", on_click=change, args=(lambda _: Cohort(),))
