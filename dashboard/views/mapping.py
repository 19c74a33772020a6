"""The second step of an import: what each column of the file becomes, and the questions that only a person can answer."""
import streamlit as st

from dashboard.codelists import LISTS
from dashboard.errors import UserError
from dashboard.imports import mapping
from dashboard.imports.checked import GROUPS
from dashboard.imports.draft import Draft
from dashboard.imports.lines import KEPT, LABELS, LEFT_OUT, Line
from dashboard.views import asking, choosing, drafting, frame, rows, session
from dashboard.wording import counted, percent, plain

_A_PAGE = 20
_WIDTHS = (3, 3, 3)
_NEEDED = {"patient_id": "Which column says who the patient is?", "recorded_at": "Which column says when it was recorded?"}
def table(draft: Draft) -> None:
    """Everything that has to be said about the columns before the rows can be checked."""
    if refused := session.recall("unfit"):
        st.warning(f"**The rows can't be checked with this mapping. Nothing was stored.**\n\n{plain(refused)}", icon=":material/block:")
    rows.long(draft)
    _needed(draft)
    shown = [at for at, line in enumerate(draft.lines) if line.headers and (line.becomes not in (KEPT, LEFT_OUT) or line.perhaps)]
    more = [at for at, line in enumerate(draft.lines) if line.headers and at not in shown]
    _lines(draft, shown, "shown")
    if more:
        gone = sum(draft.lines[at].becomes == LEFT_OUT for at in more)
        fate = f"{len(more) - gone:,} kept as written beside each entry, {gone:,} not kept" if gone else "kept as written beside each entry"
        with st.expander(f"{counted(len(more), 'more column')}, {fate}; no rule reads them", type="compact", key="kept_lines",
                         expanded=len(more) <= 3 or bool(draft.missing)):
            _lines(draft, more, "kept")
    rows.leaving_out(draft)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if "source" not in draft.how.columns:
            choosing.source_name()
        asking.time_zone(draft)
    ready = not draft.open
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Check the rows", key="accept", type="primary", disabled=not ready, on_click=drafting.accept,
                  help="Nothing is stored yet" if ready else "Some questions above have no answer yet")
        if draft.unsure:
            st.button("Take the weaker proposal too" if len(draft.unsure) == 1 else f"Take the {len(draft.unsure)} weaker proposals too", key="accept_unsure",
                      on_click=drafting.accept_unsure, help="They are marked “perhaps” above")
        rows.choose_long(draft)
        load()
        download(draft)


def load() -> None:
    with st.popover("Use a mapping file", icon=":material/upload_file:", key="load_mapping"):
        if refused := session.recall("mapping_refused"):
            st.warning(plain(refused), icon=":material/block:")
        given = st.file_uploader("A mapping (TOML) that was downloaded here, or written by hand", type=["toml"], key=f"{session.upload_key()}_mapping")
    if given:
        draft = drafting.current()
        session.forget("mapping_refused")
        try:
            found = mapping.read(given.getvalue().decode("utf-8", errors="replace"))
        except UserError as error:
            session.remember("mapping_refused", str(error))
            session.drop_upload()
            st.rerun()
        choosing.begin(draft.name, draft.content, draft.said, found)


def download(draft: Draft) -> None:
    if not draft.how.as_template:
        st.download_button("Download the mapping", draft.how.document(), "mapping.toml", "application/toml", key="mapping_toml", on_click="ignore",
                           icon=":material/download:", type="tertiary",
                           help="A small text file: for another clinic, for the command line, or to change by hand")


# --- what is needed first -----------------------------------------------------------------------------------------------------------

def _needed(draft: Draft) -> None:
    for name in draft.missing:
        singles = {line.headers[0]: at for at, line in enumerate(draft.lines) if line.headers and not line.family and not line.reading}
        with st.container(horizontal=True, vertical_alignment="bottom", key=f"needed_{name}"):
            st.selectbox(f":orange[**{_NEEDED[name]}**]", list(singles), index=None, key=f"need_{name}", placeholder="Choose a column", width=380,
                         on_change=_need, args=(name, singles))
            if name == "patient_id":
                st.text_input("or all rows are of one patient, called", key="one_patient", max_chars=80, width=260, on_change=_one_patient)


def _need(name: str, singles: dict[str, int]) -> None:
    draft = drafting.current()
    drafting.changed(draft.assigned(singles[session.recall(f"need_{name}")], name))


def _one_patient() -> None:
    drafting.changed(drafting.current().constant("patient_id", session.recall("one_patient")))


# --- the lines ------------------------------------------------------------------------------------------------------------------------

def _lines(draft: Draft, shown: list[int], name: str) -> None:
    if not shown:
        return
    pages = -(-len(shown) // _A_PAGE)
    first = (st.pagination(pages, key=f"lines_{name}") - 1) * _A_PAGE if pages > 1 else 0
    for place, words in zip(st.columns(_WIDTHS), ("Column of the file", "Becomes", "How sure, and why"), strict=True):
        with place:
            frame.small(words)
    for at in shown[first:first + _A_PAGE]:
        _line(draft, at, draft.lines[at])


def _line(draft: Draft, at: int, line: Line) -> None:
    file, ours, why = st.columns(_WIDTHS, vertical_alignment="center")
    with file:
        more = f" and {counted(len(line.headers) - 1, 'more column')}" if len(line.headers) > 1 else ""
        examples = " · ".join(_short(value, 30) for value in line.examples) or "always blank"
        of = f" in {plain(draft.rest.readings.category)}" if line.reading else ""
        st.markdown(f"**{_short(line.headers[0], 60)}**{more}{of}  \n:small[:gray[{examples}]]")
    options = _options(line)
    with ours:
        key = f"becomes_{at}"
        session.remember(key, line.becomes)
        st.selectbox(f"What {line.headers[0]} becomes", options, format_func=_label, key=key, label_visibility="collapsed", on_change=_assign, args=(at,))
    with why:
        st.markdown(_why(line))
    for ask in line.asks:
        asking.question(draft, at, line, ask)


def _assign(at: int) -> None:
    drafting.changed(drafting.current().assigned(at, session.recall(f"becomes_{at}")))


def _options(line: Line) -> list[str]:
    likely = [name for name in (line.becomes, line.perhaps, *line.others) if name and name != LEFT_OUT]
    every = [name for name in LABELS if name in LISTS or name in GROUPS] if line.family else list(LABELS)
    return list(dict.fromkeys([KEPT, *([] if line.reading else [LEFT_OUT]), *(name for name in likely if name in every or name == line.becomes), *every]))


def _label(name: str) -> str:
    return {KEPT: "Keep as written", LEFT_OUT: "Leave out, do not keep"}.get(name) or LABELS[name]


def _why(line: Line) -> str:
    if line.becomes == LEFT_OUT:
        return "Not stored at all"
    if line.becomes == KEPT:
        return f":orange[Perhaps **{LABELS[line.perhaps]}**] ({percent(line.confidence, 1)})" if line.perhaps else "Kept beside each entry"
    if line.confidence is None:
        return line.because[:1].upper() + line.because[1:] or "Your choice"
    return f"{percent(line.confidence, 1)}, by {line.because}"


def _short(text: str, most: int) -> str:
    return plain(text if len(text) <= most else f"{text[:most - 1]}…")
