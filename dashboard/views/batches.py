"""What was imported, by whom, and when; the rows that need attention; taking a batch back."""
import pandas as pd
import streamlit as st

from dashboard.imports import batches, corrections, export, quarantine, report, undo
from dashboard.views import flagged, session, trace, working
from dashboard.wording import counted, plain


def show() -> None:
    st.subheader("History", anchor=False)
    with session.reading() as connection:
        history = batches.history(connection)
    if history.empty:
        st.caption("Nothing was imported yet.")
        return
    st.caption(f"{counted(len(history), 'batch')}, newest first. Choose one to download its rows that need attention, or to take it back.")
    session.remember("batch_rows", history["batch"].astype(int).tolist())
    zone = session.zone()
    table = pd.DataFrame({
        "Batch": history["batch"], "File": history["file_name"], "Imported": _local(history["imported_at"], zone),
        "By": history["imported_by"].map(flagged.who), "Rows": history["rows_in"], "Loaded": history["loaded"],
        "Duplicate": history["duplicate"], "Quarantine": history["quarantined"],
        "State": [_state(row, zone) for row in history.itertuples()]})
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    st.dataframe(table, key="batch_table", hide_index=True, on_select=_select, selection_mode=["single-row", "single-cell"], column_config={
        "Batch": number(width=45), "File": text(width=150), "By": text(width=85),
        "Imported": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", width=130),
        **{name: number(width=width, format="localized") for name, width in (("Rows", 55), ("Loaded", 60), ("Duplicate", 70), ("Quarantine", 80))},
        "State": text(width=185)}, alt="Import batches, newest first; choose one to see what can be done with it")
    chosen = session.recall("batch")
    if chosen is not None and (history["batch"] == chosen).any():
        _batch(history[history["batch"] == chosen].iloc[0], zone)


def _local(moments: pd.Series, zone: str) -> pd.Series:
    return pd.to_datetime(moments, utc=True).dt.tz_convert(zone).dt.tz_localize(None)


def _state(row: object, zone: str) -> str:
    demo = "demo, " if row.demo else ""
    if row.live:
        return f"{demo}live"
    return f"{demo}undone {pd.Timestamp(row.undone_at, tz='UTC').tz_convert(zone):%-d %b %Y} by {flagged.who(row.undone_by)}"


def _select() -> None:
    session.forget("undoing")
    session.remember("batch", session.chosen("batch_table", session.recall("batch_rows"), session.recall("batch")))


def _batch(row: pd.Series, zone: str) -> None:
    batch = int(row["batch"])
    with st.container(border=True, key="batch_detail"):
        parts = [f"{row['entries']:,} new", f"{row['revised']:,} revised" if row["revised"] else "", f"{row['duplicate']:,} already here",
                 f"{row['quarantined']:,} needed attention", f"{row['left_out']:,} left out" if row["left_out"] else ""]
        st.markdown(f"**Batch {batch}**: {counted(row['rows_in'], 'row')} = {', '.join(filter(None, parts))} · {plain(_state(row, zone))}")
        with session.reading() as connection:
            waiting, corrected = quarantine.rows(connection, batch), corrections.of_batch(connection, batch)
        if len(corrected):
            said = [f"row {one.row:,}, {plain(one.column)}: {plain(one.written) or 'blank'} became {plain(one.corrected) or 'blank'}"
                    for one in corrected.head(5).itertuples()]
            more = f" · and {len(corrected) - 5:,} more" if len(corrected) > 5 else ""
            st.caption(f"{counted(len(corrected), 'cell')} corrected by hand by {plain(row['imported_by'])} before the import. {' · '.join(said)}{more}")
        with st.container(horizontal=True, vertical_alignment="center"):
            if len(waiting):
                st.download_button(f"{counted(len(waiting), 'row')} in need of attention (CSV)", lambda: export.sheet(waiting),
                                   f"quarantine_batch_{batch}.csv", "text/csv", key="quarantine_csv", icon=":material/download:",
                                   **trace.left(f"rows of batch {batch} in quarantine", rows=len(waiting)),
                                   help="As they were written, with what is wrong. Correct and import that file: each row finds the one it corrects.")
            elif row["quarantined"]:
                st.caption(f"Of {counted(row['quarantined'], 'row')} that needed attention, none still waits: corrected or dismissed.")
            if len(corrected):
                st.download_button("Corrections by hand (CSV)", lambda: export.sheet(corrected), f"corrections_batch_{batch}.csv", "text/csv",
                                   key="corrections_csv", icon=":material/download:", **trace.left(f"corrections of batch {batch}", rows=len(corrected)))
            if row["live"] and session.recall("undoing") != batch:
                st.button("Undo …", key="undo", icon=":material/undo:", on_click=session.remember, args=("undoing", batch),
                          help="First says what it takes with it")
        if row["live"] and session.recall("undoing") == batch:
            _undoing(batch)


def _undoing(batch: int) -> None:
    working.show()
    with st.spinner("Working out what that takes with it …"), session.reading() as connection:
        planned = undo.plan_undo(connection, batch)
        flags = report.open_flags(connection, undo.touched(connection, batch))
    st.markdown(f"**Undoing batch {batch}:**")
    st.markdown("\n".join(f"- {sentence}" for sentence in report.undo_sentences(planned, flags)))
    if session.ask_name("undo"):
        with st.container(horizontal=True):
            st.button(f"Undo batch {batch}", key="undo_now", type="primary", on_click=_undo, args=(batch,))
            st.button("Keep it", key="keep", type="tertiary", on_click=session.forget, args=("undoing",))


def _undo(batch: int) -> None:
    engine, by, at, today = session.engine(), session.name(), session.now(), session.today()

    def after(undone: object) -> None:
        session.forget("undoing")
        if undone and session.recall("receipt", {}).get("batch") == batch:
            session.forget("receipt")

    working.begin(f"Taking back batch {batch}", f"Batch {batch} is undone. It stays in the history.",
                  lambda tell: undo.undo_and_evaluate(engine, batch, by=by, at=at, today=today, tell=tell), after)
