"""Which rows of a file are no diary entries, and whether several of them are parts of one."""
from dataclasses import replace

import streamlit as st

from dashboard.imports import leaving
from dashboard.imports.columns import LeaveOut
from dashboard.imports.draft import Draft
from dashboard.imports.lines import LABELS
from dashboard.imports.mapping import Mapping
from dashboard.views import drafting, session
from dashboard.wording import counted, plain

_MOST_VALUES = 200


def left_out(how: Mapping) -> None:
    """What a mapping leaves out, once the rows are checked."""
    if not (how.leave_out or how.ignore or how.readings):
        return
    said = [f"- Rows are left out where {_where(left)}{_why(left)}.{_carried(left)}" for left in how.leave_out]
    said += [f"- Not kept: {plain(', '.join(how.ignore))}."] if how.ignore else []
    with st.expander("Rows and columns that are left out or put together, and the lines that say so", type="compact", key="left_out_lines"):
        if said:
            st.markdown("\n".join(said))
        st.code(how.lines(), language="toml")


def _where(left: LeaveOut) -> str:
    return plain(_in_words(left))


def _why(left: LeaveOut) -> str:
    return "" if left.because == _in_words(left) else f": {plain(left.because)}"


def _in_words(left: LeaveOut) -> str:
    values = left.values if left.values is not None else left.others
    return f"{left.column} {'is' if left.values is not None else 'is not'} {' or '.join(value or 'blank' for value in values)}"


def _carried(left: LeaveOut) -> str:
    return f" What only they say is taken into the other rows of the same {plain(left.carried_by)}." if left.carried_by else ""


# --- rows that are no entries ---------------------------------------------------------------------------------------------------------

def leaving_out(draft: Draft) -> None:
    filters = draft.how.leave_out
    rows = [int(goes.sum()) for goes in leaving.goes(draft.tabular, filters)]
    label = f"Rows that are no diary entries: {sum(rows):,} left out" if filters else "Leave out rows that are no diary entries"
    with st.expander(label, type="compact", key="leaving_out", icon=":material/filter_alt:"):
        for at, (left, number) in enumerate(zip(filters, rows, strict=True)):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{counted(number, 'row')}** where {_where(left)}{_why(left)}.{_carried(left)}")
                st.button("Take them in", key=f"take_in_{at}", type="tertiary", icon=":material/undo:", on_click=_take_in, args=(at,))
        _another(draft)


def _another(draft: Draft) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox("Leave out rows where", draft.tabular.header, index=None, key="leave_column", placeholder="Choose a column", width=260,
                     on_change=session.remember, args=("leave_values", []))
        column = session.recall("leave_column")
        if column not in draft.tabular.columns:
            return
        st.selectbox("holds", ["one of", "none of"], key="leave_how", width=110)
        texts = {text.strip(): None for text in draft.tabular.columns[column].dictionary[:_MOST_VALUES].to_pylist()}
        st.multiselect("these values", sorted(texts), key="leave_values", accept_new_options=True, format_func=lambda value: value or "blank", width=340)
    left = _chosen()
    if not left:
        return
    number = int(leaving.goes(draft.tabular, (*draft.how.leave_out, left))[-1].sum())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Why, for the receipt", key="leave_because", max_chars=200, placeholder=_in_words(left), width=380)
        st.button(f"Leave out {counted(number, 'row')}", key="leave_out", disabled=not number, on_click=_leave_out)


def _chosen() -> LeaveOut | None:
    column, values = session.recall("leave_column"), tuple(session.recall("leave_values") or ())
    if not values:
        return None
    one_of = session.recall("leave_how") == "one of"
    left = LeaveOut(column, values if one_of else None, None if one_of else values, because="")
    return replace(left, because=(session.recall("leave_because") or "").strip() or _in_words(left))


def _leave_out() -> None:
    if left := _chosen():
        drafting.changed(drafting.current().leaving(left))
    for key, blank in (("leave_column", None), ("leave_values", []), ("leave_because", "")):
        session.remember(key, blank)  # forgotten, they would go on being shown


def _take_in(at: int) -> None:
    drafting.changed(drafting.current().taking_in(at))


# --- one row a reading ------------------------------------------------------------------------------------------------------------------

def long(draft: Draft) -> None:
    if readings := draft.rest.readings:
        fixed = [f"{plain(' or '.join((*column.category, *column.denied_category)))} is {LABELS[name]}" for name, column in readings.columns.items()]
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**One row a reading.** Rows that agree in {plain(', '.join(draft.how.readings.group))} are one entry. {plain(readings.category)} "
                        f"says what was read, {plain(', '.join(readings.value))} says what it was; each category has its line below."
                        + (f" By the kind of file: {', '.join(fixed)}." if fixed else ""))
            st.button("One row is an entry", key="wide", type="tertiary", icon=":material/undo:", on_click=_wide)
    elif found := draft.perhaps_long:
        with st.container(border=True, key="perhaps_long"):
            st.markdown(f":orange[**?**] **Is this one row a reading?** {plain(found[0])} seems to say what was read, {plain(found[1])} what it was. Then rows "
                        "of the same patient and time become one entry.")
            st.button("Yes, one row is a reading", key="long_likely", on_click=_long, args=found)


def choose_long(draft: Draft) -> None:
    """For a file that does not look like one."""
    if not (draft.rest.readings or draft.perhaps_long or draft.how.as_template):
        with st.popover("One row is a reading …", key="long_choice", icon=":material/view_list:"):
            st.markdown("For a file in which a column says what was read, such as pain or fever, and another what it was.")
            st.selectbox("What was read is said by", draft.tabular.header, index=None, key="long_category", placeholder="Choose a column")
            st.selectbox("What it was, by", draft.tabular.header, index=None, key="long_value", placeholder="Choose a column")
            st.button("Read it so", key="long_now", type="primary", on_click=_long_as_chosen)


def _long(category: str, value: str) -> None:
    drafting.changed(drafting.current().long(category, value))


def _long_as_chosen() -> None:
    category, value = session.recall("long_category"), session.recall("long_value")
    if category and value and category != value:
        _long(category, value)


def _wide() -> None:
    drafting.changed(drafting.current().wide())
