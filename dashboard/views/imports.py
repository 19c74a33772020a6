"""Diaries in: choose a file, see what it says and what it would do, decide. Below: what came in before, and how to take it back."""
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import streamlit as st

from dashboard.errors import UserError
from dashboard.imports import commit, plan, report, tabular
from dashboard.imports.plan import ImportPlan
from dashboard.imports.tabular import Tabular
from dashboard.rules import active
from dashboard.status import Status
from dashboard.views import attention, batches, findings, frame, session
from dashboard.wording import counted, plain

DONE, NOW = ":material/check_circle:", ":material/radio_button_checked:"


@dataclass(frozen=True)
class Chosen:
    """`decided` is taken by the first click on the import button, so that a second one does not import twice."""
    plan: ImportPlan
    decided: threading.Lock = field(default_factory=threading.Lock)


def page() -> None:
    found = frame.begin("Import")
    chosen, receipt = session.recall("chosen"), session.recall("receipt")
    if receipt:
        _steps_done(receipt)
    else:
        _choose(chosen, found)
        _map(chosen, found)
        _check(chosen)
        with st.expander("**4 Done** · a receipt in which every row is accounted for", type="step", key="step_4"):
            st.caption("The whole file is stored at once or not at all. Afterwards it can be taken back as a whole, below.")
    attention.show()
    batches.show()


# --- 1 choose ---------------------------------------------------------------------------------------------------------------------

def _choose(chosen: Chosen | None, found: Status) -> None:
    if chosen:
        read = chosen.plan.tabular
        with st.expander(f"**1 Choose** · {plain(read.name)}, {counted(len(read.rows), 'row')}", type="step", icon=DONE, key="step_1_done"):
            st.button("Choose another file", key="cancel", icon=":material/undo:", on_click=_cancel, help="Forgets this one; nothing was stored")
        return
    with st.expander("**1 Choose** · a file; nothing is stored yet", expanded=True, type="step", icon=NOW, key="step_1"):
        refused = session.recall("refused")
        if refused:
            st.warning(f"**This file can't be imported as it is. Nothing was stored.**\n\n{plain(refused)}", icon=":material/block:")
        uploaded = st.file_uploader("Diary export: a CSV file in UTF-8 with a header row, one row an entry", type=["csv", "tsv", "txt"],
                                    key=session.upload_key())
        with st.container(horizontal=True, vertical_alignment="bottom"):
            _source_name()
            findings.template()
        if uploaded:
            _plan(uploaded.name, uploaded.getvalue(), found)


def _source_name() -> None:
    st.text_input("Source, if the file has no such column", key="source_name", max_chars=200, placeholder="default", width=300,
                  help="The clinic, app or study that the patients' ids belong to. The same id in two sources is two patients.")


def _plan(name: str, content: bytes, found: Status) -> None:
    """Reads the file into a plan; the upload is dropped either way, a refusal says why."""
    session.forget("refused", "problem_kinds")
    with st.status(f"Reading {plain(name)} …", expanded=True) as progress:
        try:
            read = tabular.read(content, name)
            _compare(read, found, progress)
        except UserError as error:
            session.remember("refused", str(error))
    session.drop_upload()
    st.rerun()


def _compare(read: Tabular, found: Status, progress: st.delta_generator.DeltaGenerator) -> None:
    progress.update(label=f"Checking {counted(len(read.rows), 'row')} and comparing them with what is here …")
    # demo diaries are shown as of their last day, which ends with the first diaries of one's own
    with session.reading() as connection:
        planned = plan.plan(connection, read, today=session.today(), source=session.recall("source_name") or None)
        progress.update(label=f"Working out which flags {counted(planned.counts['loaded'], 'new entry')} would raise …")
        planned = replace(planned, consequence=plan.consequence(connection, planned, active.current(connection).rules, max(found.as_of, session.today())))
    session.remember("chosen", Chosen(planned))


def _cancel() -> None:
    session.forget("chosen", "problem_kinds", "refused", "receipt")


# --- 2 map, 3 check ---------------------------------------------------------------------------------------------------------------

def _map(chosen: Chosen | None, found: Status) -> None:
    if not chosen:
        with st.expander("**2 Map** · which columns are recognised, which red flags are not asked", type="step", key="step_2"):
            st.caption("Columns are known by the names of the template. Others are kept beside the entry as they were written.")
        return
    planned = chosen.plan
    unmapped = f", {len(planned.columns_unmapped)} kept as written" if planned.columns_unmapped else ""
    absent = f", {counted(len(planned.columns_absent), 'red flag')} not asked" if planned.columns_absent else ""
    recognised = f"{counted(len(planned.mapped.columns), 'column')} recognised"
    with st.expander(f"**2 Map** · {recognised}{unmapped}{absent}", expanded=True, type="step", icon=DONE, key="step_2_done"):
        if "source" not in planned.mapped.columns:
            _source_name()
            if (session.recall("source_name") or "default") != _source_of(planned):
                with st.status("Comparing again …") as progress:
                    session.forget("problem_kinds")
                    try:
                        _compare(planned.tabular, found, progress)
                    except UserError as error:
                        session.forget("chosen")
                        session.remember("refused", str(error))
                st.rerun()
        findings.columns(planned)


def _source_of(planned: ImportPlan) -> str:
    names = planned.typed.source.dictionary
    return names[0].as_py() if len(names) else session.recall("source_name") or "default"


def _check(chosen: Chosen | None) -> None:
    if not chosen:
        with st.expander("**3 Check** · what would change, what is wrong, and your decision", type="step", key="step_3"):
            st.caption("You see how many entries are new, how many are here already, which rows need attention, and which flags the file would raise.")
        return
    with st.expander("**3 Check** · nothing is stored until you decide", expanded=True, type="step", icon=NOW, key="step_3_now"):
        findings.summary(chosen.plan)
        findings.problems(chosen.plan)
        counts = chosen.plan.counts
        label = f"Import {counted(counts['loaded'], 'entry')}" if counts["loaded"] else (
            f"Keep {counted(counts['quarantined'], 'row')} in quarantine" if counts["quarantined"] else "Note that nothing is new")
        if not session.ask_name("import"):
            st.caption(f"Then: {label[:1].lower() + label[1:]}.")
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(label, key="import", type="primary" if counts["loaded"] else "secondary", on_click=_import, args=(chosen,))
            st.button("Import nothing", key="discard", type="tertiary", on_click=_cancel)
        if counts["loaded"] > 100_000:
            st.caption("A file of this size takes some seconds; the page answers when all of it is stored.")


def _import(chosen: Chosen) -> None:
    if not chosen.decided.acquire(blocking=False):
        return
    done: list[commit.Receipt] = []
    try:
        session.write("Imported. Every row is accounted for in the receipt.", lambda: done.append(commit.commit_and_evaluate(
            session.engine(), chosen.plan, by=session.name(), at=session.now(), today=session.today())))
    finally:
        if not done:
            chosen.decided.release()
    if not done:
        return
    session.remember("receipt", report.receipt_document(done[0], chosen.plan.tabular.name))
    session.forget("chosen", "problem_kinds")


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
        if receipt["quarantined"]:
            st.markdown(f"**{counted(receipt['quarantined'], 'row')} in quarantine.** Choose batch {receipt['batch']} below to download what needs attention, "
                        "correct it, and import that file.")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Import another file", key="again", type="primary", on_click=_cancel)
            st.page_link("dashboard/views/worklist.py", label="Open the worklist", icon=":material/checklist:")
            name = f"receipt_batch_{receipt['batch']}"
            st.download_button("Receipt (JSON)", lambda: report.receipt_json(receipt), f"{name}.json", "application/json", key="receipt_json",
                               on_click="ignore", icon=":material/download:")
            st.download_button("Receipt (CSV)", lambda: report.receipt_sheet(receipt), f"{name}.csv", "text/csv", key="receipt_csv",
                               on_click="ignore", icon=":material/download:")


page()
