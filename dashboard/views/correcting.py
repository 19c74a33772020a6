"""Bad cells put right in front of the plan, one by one; with many, a spreadsheet is the better place."""
from dataclasses import replace

import pandas as pd
import streamlit as st

from dashboard.imports import corrections
from dashboard.imports.plan import ImportPlan
from dashboard.views import drafting, session
from dashboard.wording import counted, plain

_TO = "Correct to"
_COLUMNS = {"row": "Row", "patient_id": "Patient", "column": "Column", "value": "In the file", "expected": "What would be right"}


def show(plan: ImportPlan) -> None:
    _done(plan)
    rows = len(plan.quarantined)
    if rows > corrections.MOST_ROWS:
        st.caption(f"Up to {corrections.MOST_ROWS} rows can be corrected here; of {rows:,}, download them and correct them in a spreadsheet.")
        return
    cells = corrections.cells(plan)
    if cells.empty:
        return
    with st.expander(f"Correct {counted(len(cells), 'cell')} here", type="compact", key="correct_here", icon=":material/edit:"):
        st.caption("Change what stands under “Correct to”; blank says that it is unknown. What the file says is kept beside each correction.")
        key = f"cells_{len(plan.tabular.corrected)}_{len(cells)}"
        session.remember("cells", (key, list(zip(cells["row"].astype(int), cells["column"], strict=True))))
        table = cells.assign(**{_TO: cells["value"]}).rename(columns=_COLUMNS)
        text = st.column_config.TextColumn
        st.data_editor(table, key=key, hide_index=True, num_rows="fixed", disabled=list(_COLUMNS.values()), column_config={
            "Row": st.column_config.NumberColumn(width=55, format="localized"), "Patient": text(width=110), "Column": text(width=130),
            "In the file": text(width=150), _TO: text(width=170, max_chars=1_000), "What would be right": text(width=400)},
            column_order=["Row", "Patient", "Column", "In the file", _TO, "What would be right"])
        st.button("Take the corrections and check again", key="correct", on_click=_correct)


def _correct() -> None:
    key, places = session.recall("cells")
    edited = (session.recall(key) or {}).get("edited_rows", {})
    told = [(*places[int(number)], change.get(_TO) or "") for number, change in edited.items() if _TO in change]
    session.forget(key)
    if told:
        draft = drafting.current()
        drafting.changed(replace(draft, tabular=corrections.made(draft.tabular, told)))


def _done(plan: ImportPlan) -> None:
    found = plan.tabular.corrected
    if not found:
        return
    with st.container(border=True, key="corrected"):
        st.markdown(f"**{counted(len(found), 'cell')} corrected here.** Whoever imports signs for it; what the file says is kept.")
        st.table(pd.DataFrame([(f"{one.row:,}", plain(one.column), plain(one.written) or "blank", plain(one.corrected) or "blank") for one in found],
                              columns=["Row", "Column", "In the file", "Corrected to"]), hide_index=True, border="horizontal", alt="Cells corrected by hand")
        st.button("As in the file again", key="uncorrect", type="tertiary", icon=":material/undo:", on_click=_uncorrect)


def _uncorrect() -> None:
    draft = drafting.current()
    drafting.changed(replace(draft, tabular=corrections.taken_back(draft.tabular)))
