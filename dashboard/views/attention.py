"""Rows in quarantine that report a red flag: no list shows them until they are corrected, or dismissed by name."""
import streamlit as st

from dashboard.imports import quarantine
from dashboard.views import findings, session
from dashboard.wording import counted


def show() -> None:
    with session.reading() as connection:
        rows = quarantine.red_flags(connection)
    if rows.empty:
        session.forget("dismiss_row")
        return
    one = len(rows) == 1
    with st.container(border=True, key="quarantined_red_flags"):
        says, were, them = ("reports", "It was", "it") if one else ("report", "They were", "them")
        st.markdown(f":orange[**⚠ {counted(len(rows), 'row')} in quarantine {says} a red flag.**] {were} not loaded, so no rule and no list shows {them}. "
                    "In doubt, call the patient. Download the rows of the batch below, correct them and import that file, or choose a row here to dismiss it.")
        session.remember("attention_rows", list(zip(rows["batch"].astype(int), rows["row"].astype(int), strict=True)))
        table = rows[["patient_id", "source", "which", "batch", "row"]].set_axis(["Patient", "Source", findings.RED_FLAG_COLUMN, "Batch", "Row"], axis=1)
        st.dataframe(table, key="attention_table", hide_index=True, on_select=_select, selection_mode=["single-row", "single-cell"], column_config={
            "Patient": st.column_config.TextColumn(width=140), "Source": st.column_config.TextColumn(width=140),
            "Batch": st.column_config.NumberColumn(width=60), "Row": st.column_config.NumberColumn(width=60, format="localized")},
            alt="Rows in quarantine that report a red flag; choose one to dismiss it")
        chosen = session.recall("dismiss_row")
        if chosen in session.recall("attention_rows"):
            _dismissing(*chosen)


def _select() -> None:
    session.remember("dismiss_row", session.chosen("attention_table", session.recall("attention_rows"), session.recall("dismiss_row")))


def _dismissing(batch: int, row: int) -> None:
    st.markdown(f"**Dismiss row {row:,} of batch {batch}.** It stays in the history with your name and reason, and is not counted as waiting any more.")
    if session.ask_name("dismiss"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input("Reason", key="dismiss_reason", max_chars=500, placeholder="For example: called the patient, entered by hand", width=420)
            st.button("Dismiss this row", key="dismiss", on_click=_dismiss, args=(batch, row))


def _dismiss(batch: int, row: int) -> None:
    if session.write(f"Row {row} of batch {batch} dismissed.", lambda: quarantine.dismiss(
            session.engine(), batch, row, by=session.name(), at=session.now(), reason=session.recall("dismiss_reason") or "")):
        session.forget("dismiss_row")
        session.remember("dismiss_reason", "")
        session.choose_row("attention_table", None)
