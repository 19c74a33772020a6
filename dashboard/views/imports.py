"""Diaries in: choose a file, see what it says and what it would do, decide. Below: what came in before, and how to take it back."""
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import streamlit as st

from dashboard.errors import UserError
from dashboard.imports import commit, plan, remembered, report
from dashboard.imports.draft import Draft
from dashboard.imports.plan import ImportPlan
from dashboard.rules import active
from dashboard.status import Status
from dashboard.views import attention, batches, choosing, correcting, doubting, drafting, findings, frame, mapping, rows, session, trace, working
from dashboard.views.choosing import DONE, NOW
from dashboard.wording import counted, plain


@dataclass(frozen=True)
class Chosen:
    """`decided` is taken by the first click on the import button, so that a second one does not import twice."""
    plan: ImportPlan
    decided: threading.Lock = field(default_factory=threading.Lock)


def page() -> None:
    found = frame.begin("Import")
    receipt = session.recall("receipt")
    if receipt:
        _steps_done(receipt)
    else:
        draft = drafting.current()
        chosen: Chosen | None = session.recall("chosen")
        choosing.step(draft)
        _map(draft, chosen)
        _check(draft, chosen, found)
        with st.expander("**4 Done** · a receipt in which every row is accounted for", type="step", key="step_4"):
            st.caption("The whole file is stored at once or not at all. Afterwards it can be taken back as a whole, below.")
    attention.show()
    batches.show()
    working.show()  # where its own place is not on the page any more


# --- 2 map ------------------------------------------------------------------------------------------------------------------------

def _map(draft: Draft | None, chosen: Chosen | None) -> None:
    if not draft:
        with st.expander("**2 Map** · which columns are recognised, which red flags are not asked", type="step", key="step_2"):
            st.caption("Columns are known by the names of the template, by the kind of file, or by how such a file was read before. "
                       "For any other, each column is proposed, and you decide.")
        return
    if chosen:
        mapped = chosen.plan.mapped
        parts = [f"{counted(len(mapped.columns), 'column')} recognised", f"{len(mapped.unmapped)} kept as written" if mapped.unmapped else "",
                 f"{counted(len(mapped.absent_red_flags), 'red flag')} not asked" if mapped.absent_red_flags else ""]
        with st.expander(f"**2 Map** · {', '.join(filter(None, parts))}", expanded=True, type="step", icon=DONE, key="step_2_done"):
            if draft.known_as:
                st.markdown(f"**Recognised as {plain(draft.known_as)}.**")
            _source(chosen)
            findings.columns(chosen.plan)
            rows.left_out(chosen.plan.mapped.mapping)
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button("Change the mapping", key="change_mapping", icon=":material/edit:", on_click=drafting.reopen)
                mapping.download(draft)
        return
    known = f"recognised as {plain(draft.known_as)}" if draft.known_as else "say what the columns are"
    with st.expander(f"**2 Map** · {known}", expanded=True, type="step", icon=NOW, key="step_2_now"):
        if not draft.ready or session.recall("unfit"):
            mapping.table(draft)


def _source(chosen: Chosen) -> None:
    if "source" in chosen.plan.mapped.columns:
        return
    choosing.source_name()
    names = chosen.plan.typed.source.dictionary
    planned_for = names[0].as_py() if len(names) else session.recall("source_name") or "default"
    if (session.recall("source_name") or "default") != planned_for:
        session.forget("chosen", "problem_kinds")
        st.rerun()


# --- 3 check ----------------------------------------------------------------------------------------------------------------------

def _check(draft: Draft | None, chosen: Chosen | None, found: Status) -> None:
    if not draft or not (chosen or draft.ready) or session.recall("unfit"):
        with st.expander("**3 Check** · what would change, what is wrong, and your decision", expanded=bool(draft), type="step",
                         key="step_3_waits" if draft else "step_3"):
            if not draft:
                st.caption("You see how many entries are new, how many are here already, which rows need attention, and which flags the file would raise.")
            elif draft.open:
                st.markdown("**Still to be said in step 2:**\n" + "\n".join(f"- {plain(one)}" for one in draft.open))
            else:
                st.caption("Look through the columns above, then check the rows.")
        return
    with st.expander("**3 Check** · nothing is stored until you decide", expanded=True, type="step", icon=NOW, key="step_3_now"):
        if not chosen:
            _plan(draft, found)
            st.rerun()
        findings.summary(chosen.plan)
        doubting.flags(chosen.plan)
        findings.unknown_values(chosen.plan)
        findings.problems(chosen.plan)
        correcting.show(chosen.plan)
        doubting.show(chosen.plan)
        _decide(chosen)


def _plan(draft: Draft, found: Status) -> None:
    read = draft.tabular
    with st.status(f"Checking {counted(len(read.rows), 'row')} and comparing them with what is here …", expanded=True) as progress:
        try:
            # demo diaries are shown as of their last day, which ends with the first diaries of one's own
            with session.reading() as connection:
                planned = plan.plan(connection, read, draft.how, today=session.today(), source=session.recall("source_name") or None)
                progress.update(label=f"Working out which flags {counted(planned.counts['loaded'], 'new entry')} would raise …")
                rules = active.current(connection).rules
                planned = replace(planned, consequence=plan.consequence(connection, planned, rules, max(found.as_of, session.today())))
            session.remember("chosen", Chosen(planned))
        except UserError as error:
            session.remember("unfit", str(error))


def _decide(chosen: Chosen) -> None:
    counts = chosen.plan.counts
    label = f"Import {counted(counts['loaded'], 'entry')}" if counts["loaded"] else (
        f"Keep {counted(counts['quarantined'], 'row')} in quarantine" if counts["quarantined"] else "Note that nothing is new")
    if chosen.plan.mapped.grouped and counts["loaded"]:
        label = f"Import {counted(counts['entries'] + counts['revised'], 'entry')} of {counted(counts['loaded'], 'row')}"
    working.show()
    if not session.ask_name("import"):
        st.caption(f"Then: {label[:1].lower() + label[1:]}.")
        return
    how = chosen.plan.mapped.mapping
    if not how.as_template:
        names = chosen.plan.typed.patients["source"].unique()
        whose = "" if len(names) == 1 and names[0] == "default" else f" for {plain(names[0])}" if len(names) == 1 else " for its sources"
        st.checkbox(f"Remember this mapping{whose}: the next file with the same columns goes straight through", value=True, key="remember_mapping")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(label, key="import", type="primary" if counts["loaded"] else "secondary", on_click=_import)
        st.button("Import nothing", key="discard", type="tertiary", on_click=drafting.forget)


def _import() -> None:
    chosen: Chosen | None = session.recall("chosen")
    if not chosen or not chosen.decided.acquire(blocking=False):
        return
    engine, by, at, today = session.engine(), session.name(), session.now(), session.today()
    how = chosen.plan.mapped.mapping
    remembers = not how.as_template and session.recall("remember_mapping", True)

    def store(tell: working.Tell) -> commit.Receipt:
        receipt = commit.commit_and_evaluate(engine, chosen.plan, by=by, at=at, today=today, tell=tell)
        for source in chosen.plan.typed.patients["source"].unique() if remembers else ():
            remembered.remember(engine, source, how, chosen.plan.tabular.header, by=by, at=at)
        return receipt

    def after(receipt: commit.Receipt | None) -> None:
        if not receipt:
            if chosen.decided.locked():  # it may be called again, where the page is left at this very moment
                chosen.decided.release()
            return
        drafting.forget()
        session.remember("receipt", report.receipt_document(receipt, chosen.plan.tabular.name, by))

    if not working.begin(f"Storing {counted(chosen.plan.counts['rows_in'], 'row')}", "Imported. Every row is accounted for in the receipt.", store, after):
        chosen.decided.release()


# --- 4 done -----------------------------------------------------------------------------------------------------------------------

def _steps_done(receipt: Mapping[str, object]) -> None:
    with st.expander(f"**Done** · {plain(receipt['file'])} is batch {receipt['batch']}", expanded=True, type="step", icon=DONE, key="step_4_done"):
        lines = report.receipt_lines(receipt)
        sum_ = " + ".join(f"{number:,} {label.lower()}" for label, number in lines if number or label == "Loaded")
        st.markdown(f"##### {counted(receipt['rows_in'], 'row')} in the file = {sum_}")
        parts = [f"{counted(receipt['entries'], 'entry')} new", f"{receipt['revised']:,} revised" if receipt["revised"] else "",
                 f"{counted(receipt['flags_raised'], 'flag')} raised", f"{receipt['flags_closed']:,} closed",
                 f"{counted(receipt['corrected_earlier_rows'], 'row')} of earlier batches corrected" if receipt["corrected_earlier_rows"] else ""]
        st.markdown(" · ".join(filter(None, parts)))
        if fixed := receipt["corrected_cells"]:
            st.markdown(f"{counted(len(fixed), 'cell')} corrected by hand: the receipt, and the batch below, say what the file has there.")
        if receipt["other_than_planned"]:
            st.markdown(":orange[**Note:**] somebody imported or undid something after these rows were checked. They were compared once more before they were "
                        "stored, so the sums are others than the check had said.")
        if receipt["quarantined"]:
            st.markdown(f"**{counted(receipt['quarantined'], 'row')} in quarantine.** Choose batch {receipt['batch']} below to download what needs attention, "
                        "correct it, and import that file.")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Import another file", key="again", type="primary", on_click=drafting.forget)
            st.page_link("dashboard/views/worklist.py", label="Open the worklist", icon=":material/checklist:")
            name = f"receipt_batch_{receipt['batch']}"
            then = trace.left(f"the receipt of batch {receipt['batch']}, with its corrections", rows=len(fixed)) if fixed else {"on_click": "ignore"}
            st.download_button("Receipt (JSON)", lambda: report.receipt_json(receipt), f"{name}.json", "application/json", key="receipt_json",
                               icon=":material/download:", **then)
            st.download_button("Receipt (CSV)", lambda: report.receipt_sheet(receipt), f"{name}.csv", "text/csv", key="receipt_csv",
                               icon=":material/download:", **then)


page()
