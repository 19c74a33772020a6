"""What is odd about the diaries themselves: one line an alert, and the rows behind the one that is open."""
import pandas as pd
import streamlit as st
from sqlalchemy import Engine

from dashboard.days import spoken
from dashboard.quality import found as quality
from dashboard.quality.alerts import ALERTS, OF
from dashboard.quality.found import Base, Found, Summary
from dashboard.views import frame, patient_link, session, trace
from dashboard.wording import counted, plain

PAGE = 50
ROW_HEIGHT = {"Q01": 110}  # many red flags in one cell
MOST_IN_SHEET = 100_000
NEWEST_HELP = "Day of the newest entry concerned; for an upload or a row that was not loaded, the day of its import"


def page() -> None:
    status = frame.begin("Data quality")
    with st.spinner("Looking through the diaries …", show_time=True):
        summary = session.answer("quality", {"as_of": status.as_of}, lambda connection: quality.summary(connection, status.as_of))
    if not summary.base.batches:
        frame.empty_database()
        return
    _said(summary)
    chosen = session.recall("quality_open")
    if chosen in OF:
        _detail(chosen, summary)
    else:
        _table(summary)
        st.caption("Choose a line to see what was checked, what was not, and the rows behind it.")


def _said(summary: Summary) -> None:
    base = summary.base
    odd = sum(map(bool, summary.found.values()))
    st.markdown(f"**{odd} of {counted(len(ALERTS), 'check')} found something.**" if odd else
                f"**None of the {len(ALERTS)} checks found anything**, in what they can see. What they can't stands under each.")
    named = f", {base.named_only:,} of them named only in rows that were not loaded" if base.named_only else ""
    later = f" and {base.later:,} dated later" if base.later else ""
    frame.small(f"Of {counted(base.patients, 'patient')}{named} · {counted(base.entries, 'entry')} up to {spoken(summary.as_of)}{later} · "
                f"{counted(base.rows, 'row')} in {counted(base.batches, 'live batch')}: {base.waiting:,} not loaded and waiting to be corrected, "
                f"{base.copies:,} left out as exact copies")


def _table(summary: Summary) -> None:
    session.remember("quality_rows", [alert.code for alert in ALERTS])
    table = pd.DataFrame([_line(code, summary.found[code], summary.base) for code in OF],
                         columns=["Check", "What", "Patients", "Entries", "Rows not loaded", "Newest"])
    text = st.column_config.TextColumn
    st.dataframe(table, key="quality_table", hide_index=True, on_select=_select, selection_mode=["single-row", "single-cell"], height="content", column_config={
        "Check": text(width=55), "What": text(width=330), "Patients": text(width=130, help="Patients concerned, of all"),
        "Entries": text(width=160, help="Live entries concerned, of all; a dash where the check is about rows that were not loaded"),
        "Rows not loaded": text(width=150, help="Rows that wait to be corrected, of all rows of live batches; a dash where the check is about entries"),
        "Newest": text(width=100, help=NEWEST_HELP)},
        alt="Data-quality checks: what each is about, how many patients, entries and rows it found, and the newest; choose one to see the rows")


def _entries(code: str, base: Base) -> int:
    return base.entries + (base.later if code == "Q05" else 0)  # which alone looks past the as-of date


def _line(code: str, found: Found, base: Base) -> tuple[str, ...]:
    return (code, OF[code].title, _of(found.patients, base.patients), _of(found.entries, _entries(code, base)) if "entries" in OF[code].reads else "–",
            _of(found.stopped, base.rows) if "rows" in OF[code].reads else "–", "–" if found.newest is None else spoken(found.newest))


def _of(number: int, base: int) -> str:
    return f"{number:,} of {base:,}" if number else f"none of {base:,}"


def _select() -> None:
    session.forget("quality_page", "quality_patient", "quality_place")
    session.remember("quality_open", session.chosen("quality_table", session.recall("quality_rows"), session.recall("quality_open")))


def _shut() -> None:
    session.forget("quality_open", "quality_patient", "quality_place", "quality_page")
    session.choose_row("quality_table", None)


# --- one alert ------------------------------------------------------------------------------------------------------------------------

def _detail(code: str, summary: Summary) -> None:
    alert, found, base = OF[code], summary.found[code], summary.base
    with frame.opened("quality", f"**{code} · {alert.title}**", _shut, "All checks", ":material/arrow_back:"):
        st.markdown(f"**Checked.** {alert.checked}  \n**Not checked.** {alert.not_checked}")
        if not found:
            of = [counted(base.patients, "patient"), *([counted(_entries(code, base), "entry")] if "entries" in alert.reads else []),
                  *([counted(base.waiting, "row") + " waiting to be corrected"] if "rows" in alert.reads else [])]
            st.markdown(f"**Found nothing**, in {', '.join(of)}.")
            return
        parts = [f"{_of(found.patients, base.patients)} patients", f"{_of(found.entries, _entries(code, base))} entries" if "entries" in alert.reads else "",
                 f"not loaded: {_of(found.stopped, base.rows)} rows" if "rows" in alert.reads else ""]
        st.markdown(f"**{', '.join(filter(None, parts))}.** By source: "
                    + " · ".join(f"{plain(source or 'not named')}: {_counts(*counts)}" for source, counts in found.by_source.items()))
        _rows(code, summary.as_of)


def _counts(patients: int, entries: int, stopped: int) -> str:
    parts = [counted(patients, "patient"), counted(entries, "entry") if entries else "", f"{counted(stopped, 'row')} not loaded" if stopped else ""]
    return ", ".join(filter(None, parts))


def _rows(code: str, as_of: int) -> None:
    offset = (session.recall("quality_page", 1) - 1) * PAGE
    made, total = session.answer("quality_rows", {"alert": code, "as_of": as_of, "offset": offset},
                                 lambda connection: quality.rows(connection, code, as_of, PAGE, offset))
    if made.empty and offset:  # fewer than before: somebody corrected or took back
        session.forget("quality_page")
        made, total = session.answer("quality_rows", {"alert": code, "as_of": as_of, "offset": 0},
                                     lambda connection: quality.rows(connection, code, as_of, PAGE))
    session.remember("quality_patients", [None if pd.isna(number) else int(number) for number in made["patient"]])
    whole = made["patient_id"].isna().all()
    with st.container(horizontal=True, vertical_alignment="center"):
        shown = f"{len(made):,} of {counted(total, 'row')} shown, the newest first" if total > len(made) else counted(total, "row") + ", the newest first"
        st.caption(shown + (f" · one a source{' and batch' if code == 'Q01' else ''}" if whole and code in ("Q01", "Q04") else ""), width="content")
        # on the left: the table's own tools come up over what stands on the right
        if total > PAGE:
            st.pagination(-(-total // PAGE), key="quality_page", on_change=_leave)
        _download(code, as_of, total)
    st.dataframe(_shown(made, drop_patient=whole), key="quality_rows_table", hide_index=True, height="content" if len(made) <= 12 else 400,
                 on_select=_choose, selection_mode=["single-row", "single-cell"], column_config=_widths(), row_height=ROW_HEIGHT.get(code),
                 alt="Rows behind the check, the newest first; choose one to open its patient")
    chosen = session.recall("quality_patient")
    if chosen is not None:
        patient_link.link(chosen, "quality", "quality_link")
    elif any(session.recall("quality_patients")):
        st.caption("Choose a row to open its patient.")
    elif not whole or code in ("Q02", "Q03"):
        st.caption("These rows were not loaded. Their batch, on the Import page, has them as a file to correct and send again.")


def _shown(made: pd.DataFrame, *, drop_patient: bool) -> pd.DataFrame:
    day = [recorded if pd.isna(number) else spoken(number) for number, recorded in zip(made["day"], made["recorded_at"], strict=True)]
    table = pd.DataFrame({"Source": made["source"], "Patient": made["patient_id"], "Day": day, "What is odd": made["what"], "Entries": made["entries"],
                          "Batch": made["batch"], "Sheet row": made["row"]})
    numbers = ["Entries", "Batch", "Sheet row"]
    table[numbers] = table[numbers].astype("Int64")
    empty = [name for name in numbers if table[name].isna().all() or (name == "Entries" and (table[name].dropna() == 1).all())]
    return table.drop(columns=[*empty, *(["Patient"] if drop_patient else [])])


def _widths() -> dict[str, object]:
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    return {"Source": text(width=125), "Patient": text(width=100), "Day": text(width=95, help="Of the entry; of a row that was not loaded, as it was written"),
            "What is odd": text(width=415), "Entries": number(width=65, format="localized"), "Batch": number(width=55),
            "Sheet row": number(width=70, format="localized")}


def _choose() -> None:
    numbers = session.recall("quality_patients")
    place = session.chosen("quality_rows_table", range(len(numbers)), session.recall("quality_place"))
    session.remember("quality_place", place)
    session.remember("quality_patient", None if place is None else numbers[place])


def _leave() -> None:
    session.forget("quality_patient", "quality_place")
    session.choose_row("quality_rows_table", None)


def _download(code: str, as_of: int, total: int) -> None:
    engine = session.engine()
    st.download_button("CSV", lambda: _sheet(engine, code, as_of), f"data_quality_{code}.csv", "text/csv", key="quality_csv",
                       **trace.left("rows of doubtful quality", rows=min(total, MOST_IN_SHEET)), icon=":material/download:",
                       help=f"All {counted(total, 'row')}" if total <= MOST_IN_SHEET else f"The newest {MOST_IN_SHEET:,} of {total:,} rows")


def _sheet(engine: Engine, code: str, as_of: int) -> str:
    with engine.connect() as connection:
        return quality.sheet(connection, code, as_of, MOST_IN_SHEET)


page()
