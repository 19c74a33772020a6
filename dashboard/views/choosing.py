"""The first step of an import: which file, and how it is read."""
from dataclasses import dataclass, field

import streamlit as st

from dashboard.errors import UserError
from dashboard.imports import draft as drafts
from dashboard.imports import opening
from dashboard.imports.draft import Draft
from dashboard.imports.mapping import Mapping
from dashboard.imports.tabular import Reading, Tabular
from dashboard.views import drafting, findings, session
from dashboard.wording import counted, plain

DONE, NOW = ":material/check_circle:", ":material/radio_button_checked:"
_DELIMITERS = {",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Bar |"}
_ENCODINGS = {"utf-8": "UTF-8", "cp1252": "Windows-1252 (Western Europe)", "utf-16": "UTF-16", "cp1250": "Windows-1250 (Central Europe)",
              "cp1251": "Windows-1251 (Cyrillic)", "mac-roman": "Mac", "cp850": "DOS", "shift_jis": "Shift JIS", "gb18030": "GB 18030"}
_UNSAID = Reading()


@dataclass(frozen=True)
class Refusal:
    """A file that could not be read, kept until it is read otherwise or another one is chosen."""
    name: str
    content: bytes = field(repr=False)
    because: str
    said: Reading
    parts: tuple[str, ...]


def step(draft: Draft | None) -> None:
    if again := session.recall("read_again"):
        session.forget("read_again")
        begin(*again)
    if draft:
        read = draft.tabular
        with st.expander(f"**1 Choose** · {plain(read.name)}, {counted(len(read.rows), 'row')}", expanded=bool(read.notes), type="step", icon=DONE,
                         key="step_1_done"):
            st.markdown(_in_words(read))
            for note in read.notes:
                st.markdown(f":orange[**Note:**] {plain(note)}")
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button("Choose another file", key="cancel", icon=":material/undo:", on_click=drafting.forget, help="Forgets this one; nothing was stored")
                _otherwise(draft.content, draft.said, read.found, draft.parts)
        return
    with st.expander("**1 Choose** · a file; nothing is stored yet", expanded=True, type="step", icon=NOW, key="step_1"):
        refused = session.recall("refused")
        if refused:
            st.warning(f"**This file can't be imported as it is. Nothing was stored.**\n\n{plain(refused.because)}", icon=":material/block:")
            _otherwise(refused.content, refused.said, refused.said, refused.parts)
        # of any type: what a file is shows in its bytes, and of another kind one learns what to do instead
        uploaded = st.file_uploader("Diary export: CSV, TSV or text, an Excel (xlsx, xls) or OpenDocument (ods) workbook, or a zip of tables",
                                    key=session.upload_key())
        with st.container(horizontal=True, vertical_alignment="bottom"):
            source_name()
            findings.template()
        if uploaded:
            begin(uploaded.name, uploaded.getvalue())


def source_name() -> None:
    st.text_input("Source, if the file has no such column", key="source_name", max_chars=200, placeholder="default", width=300,
                  help="The clinic, app or study that the patients' ids belong to. The same id in two sources is two patients.")


def begin(name: str, content: bytes, said: Reading = _UNSAID, given: Mapping | None = None) -> None:
    """Reads the file into a draft; the upload is dropped either way, a refusal says why."""
    drafting.forget()
    with st.status(f"Reading {plain(name)} …", expanded=True):
        try:
            with session.reading() as connection:
                found = opening.opened(connection, content, name, source=session.recall("source_name") or None, said=said, given=given)
            session.remember("draft", drafts.drafted(name, content, found.tabular, found.how, found.known_as, settled=found.settled, said=said,
                                                     parts=drafts.parts_of(content, name)))
        except UserError as error:
            session.remember("refused", Refusal(name, content, str(error), said, drafts.parts_of(content, name)))
    session.drop_upload()
    st.rerun()


# --- how it was read --------------------------------------------------------------------------------------------------------------

def _in_words(read: Tabular) -> str:
    found = read.found
    said = [f"sheet **{plain(found.sheet)}**" if found.sheet else "", _ENCODINGS.get(found.encoding or "", found.encoding or "").split(" (")[0],
            f"{_DELIMITERS.get(found.delimiter, found.delimiter).lower()} between the cells" if found.delimiter else "",
            f"header in row {found.header_row:,}" if found.header_row else "", counted(len(read.header), "column")]
    return f"Read as: {' · '.join(filter(None, said))}"


def _otherwise(content: bytes, said: Reading, found: Reading, parts: tuple[str, ...]) -> None:
    """Controls to correct how a file is read."""
    text = not content.startswith((b"PK", b"\xd0\xcf\x11\xe0"))
    with st.popover("Read it differently", icon=":material/tune:", key="otherwise"):
        st.markdown("What is left blank is found out from the file.")
        if parts:
            st.selectbox("Table in the zip file" if not found.sheet or (content.startswith(b"PK") and "." in parts[0]) else "Sheet", parts,
                         index=parts.index(found.sheet) if found.sheet in parts else None, key="read_sheet", placeholder="Choose")
        st.number_input("Row of the header", 1, 10_000, value=said.header_row, key="read_header", placeholder=str(found.header_row or ""),
                        help="As in the file: its first line is row 1.")
        if text:
            st.selectbox("Between the cells", list(_DELIMITERS), index=_at(_DELIMITERS, said.delimiter), format_func=_DELIMITERS.get, key="read_delimiter",
                         placeholder=_DELIMITERS.get(found.delimiter or "", "Found out"))
            st.selectbox("Encoding", list(_ENCODINGS), index=_at(_ENCODINGS, said.encoding), format_func=_ENCODINGS.get, key="read_encoding",
                         placeholder=_ENCODINGS.get(found.encoding or "", "Found out"))
        st.button("Read again", key="read_again_now", type="primary", on_click=_read_again)


def _at(options: dict[str, str], key: str | None) -> int | None:
    return list(options).index(key) if key in options else None


def _read_again() -> None:
    of = drafting.current() or session.recall("refused")
    row = session.recall("read_header")
    said = Reading(session.recall("read_encoding"), session.recall("read_delimiter"), int(row) if row else None, sheet=session.recall("read_sheet"))
    session.remember("read_again", (of.name, of.content, said))
