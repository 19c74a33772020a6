"""The first step of an import: which file, and how it is read."""
from dataclasses import dataclass, field, replace

import streamlit as st
from sqlalchemy import Connection

from dashboard.days import day_of, spoken
from dashboard.errors import Refused, UserError
from dashboard.imports import draft as drafts
from dashboard.imports import mapping, remembered, shapes, tabular
from dashboard.imports.draft import Draft
from dashboard.imports.mapping import Mapping
from dashboard.imports.tabular import Reading, Tabular
from dashboard.views import drafting, findings, session
from dashboard.wording import counted, plain

DONE, NOW = ":material/check_circle:", ":material/radio_button_checked:"
TYPES = ["csv", "tsv", "txt", "xlsx", "xls", "ods", "zip"]
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
        uploaded = st.file_uploader("Diary export: CSV, TSV or text, an Excel (xlsx, xls) or OpenDocument (ods) workbook, or a zip of tables", type=TYPES,
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
            session.remember("draft", _drafted(name, content, said, given))
        except UserError as error:
            session.remember("refused", Refusal(name, content, str(error), said, drafts.parts_of(content, name)))
    session.drop_upload()
    st.rerun()


def _drafted(name: str, content: bytes, said: Reading, given: Mapping | None) -> Draft:
    base, known_as, settled = given, given.name if given else "", given is not None
    try:
        read = tabular.read(content, name, _over(said, given))
    except Refused:
        read = None if given or said != _UNSAID else _as_declared(content, name)
        if not read:
            raise
    if given is None:
        with session.reading() as connection:
            base, known_as, settled = _recognised(connection, read)
        if not settled and said == _UNSAID and (other := _as_declared(content, name)):
            with session.reading() as connection:
                read, (base, known_as, settled) = other, _recognised(connection, other)
        if base and (how := _over(said, base)) != said:
            read = tabular.read(content, name, how)
    return drafts.drafted(name, content, read, base, known_as, settled=settled, said=said, parts=drafts.parts_of(content, name))


def _as_declared(content: bytes, name: str) -> Tabular | None:
    with session.reading() as connection:
        return remembered.as_declared(connection, content, name, session.recall("source_name") or None)


def _over(said: Reading, declared: Mapping | None) -> Reading:
    """What a person says about reading, and for the rest what the mapping declares."""
    return replace(declared.reading.reading, **{key: value for key, value in vars(said).items() if value is not None}) if declared else said


def _recognised(connection: Connection, read: Tabular) -> tuple[Mapping | None, str, bool]:
    """By what the file is known, in words too, and whether that says all there is to say."""
    source = session.recall("source_name") or None
    try:
        known = remembered.as_before(connection, read, source)
    except Refused:
        known = shapes.recognised(read.header, saved=remembered.everything(connection))
        shipped = known in shapes.shipped()
        return known, (known.name if shipped else f"{known.name}, as remembered") if known else "", known is not None and not shipped
    if known is None:
        return mapping.canonical(read), "the template", True
    last = remembered.last_time(connection, read.header, source)
    if not last:
        return known, f"{known.name}, as in the batch that is corrected", True
    whose = "" if last[0] == "default" else f" for {last[0]}"
    return known, f"{known.name}, as{whose} on {spoken(day_of(last[1].date()))}", True


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
