"""Notes that ask to be read: how many, whose, and the words in them. They never take anybody off a list, and open no flag."""
from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.days import spoken
from dashboard.rules import note_words, notes
from dashboard.rules.note_words import Found
from dashboard.views import frame, session
from dashboard.wording import counted, plain

LIMIT = "Found by a word list, in English only; a note without a mark says nothing, and opens or closes no flag."


def _all(as_of: int) -> pd.DataFrame:
    return session.answer("notes to read", {"as_of": as_of}, lambda connection: notes.waiting(connection, as_of))


def toggle(as_of: int) -> None:
    """How many there are, as a filter."""
    found, chosen = _all(as_of), bool(session.recall("notes_only"))
    waiting, whose = len(found), counted(found["patient"].nunique(), "patient")
    if waiting or chosen:
        st.button(f"{'✓ ' if chosen else ''}Notes to read: {waiting:,}", key="notes_to_read", type="tertiary", on_click=_only, args=(not chosen,),
                  help=f"{f'Of {whose}; show everybody again' if chosen else f'Show only their {whose}, with or without a flag'}. {LIMIT}")


def _only(wanted: bool) -> None:
    session.remember("notes_only", wanted)
    session.remember("page", 1)
    session.forget("patient")


def mentions(as_of: int) -> dict[int, str]:
    """By patient, what the notes that wait mention."""
    found: dict[int, dict[str, None]] = {}
    for number, bits in _all(as_of)[["patient", "found"]].itertuples(index=False):
        found.setdefault(int(number), {}).update(dict.fromkeys(notes.labels(bits)))
    return {number: ", ".join(labels) for number, labels in found.items()}


def waiting(diary: pd.DataFrame, patient: int, as_of: int, asked_above: bool = False) -> None:
    """The notes of one patient that nobody has marked as read, their words marked, and the button that says so. `asked_above`: the name."""
    found = _all(as_of)
    mine = found[found["patient"] == patient]
    text = diary.set_index("entry")["note"]
    if mine.empty:
        return
    with st.container(border=True, key="notes_waiting", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":orange[**Read {'this note' if len(mine) == 1 else f'these {len(mine)} notes'}**]", width="content", help=LIMIT)
            st.space("stretch")
            if session.name():
                entries = mine["entry"].astype(int).tolist()
                st.button("I have read it" if len(mine) == 1 else "I have read them", key="read_notes", on_click=_read, args=(entries,))
        for row in mine.itertuples():
            frame.small(f"{spoken(row.day)} · mentions {', '.join(notes.labels(row.found))}")
            show(st.container(), text[row.entry])
        if not session.name() and not asked_above:
            session.ask_name("notes")


def _read(entries: Sequence[int]) -> None:
    session.write(f"{counted(len(entries), 'note')} marked as read.", lambda: notes.mark(
        session.engine(), entries, by=session.name(), at=session.now()))


def show(place: DeltaGenerator, note: str) -> None:
    """A note as it was written, each line in the direction of its own letters; words that were found in it are marked."""
    found = note_words.find(note)
    if found:
        place.markdown(_marked(note, found))
    else:
        place.text("\n".join(f"\u2068{line}\u2069" for line in note.splitlines()))


def _marked(note: str, words: Sequence[Found]) -> str:
    made, at = [], 0
    for found in words:
        if found.begin >= at:
            made += [plain(note[at:found.begin]), f":orange-background[{plain(note[found.begin:found.end])}]"]
            at = found.end
    text = "".join(made) + plain(note[at:])
    return "  \n".join(f"\u2068{line}\u2069" for line in text.splitlines())
