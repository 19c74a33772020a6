"""Notes that ask to be read: found as entries come in, gone with their batch, read by a person, and never a reason to leave anybody out."""
from datetime import UTC

import pytest
from sqlalchemy import Engine, select

from dashboard import activity, database
from dashboard.errors import NotFound
from dashboard.lineup import Filters, lineup
from dashboard.rules import note_words, notes
from dashboard.schema import flag, note_found, note_progress
from tests.canonical import quiet
from tests.clinic import AT, BY, TODAY, Clinic


def waiting(clinic: Clinic, as_of: int = TODAY) -> list[tuple]:
    with clinic.engine.connect() as connection:
        made = notes.waiting(connection, as_of)
    return [(int(row.entry), notes.labels(row.found)) for row in made.itertuples()]


def listed(clinic: Clinic, **filters: object) -> list[int]:
    with clinic.engine.connect() as connection:
        return lineup(connection, Filters(**filters), as_of=TODAY, now=AT).patients.tolist()


def test_found_with_the_evaluation_and_read_by_a_person(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY - 1, note="Cannot pee since last night."), quiet("2", TODAY, note="No chest pain."), quiet("3", TODAY),
                 quiet("4", TODAY, note="Fainted twice.", urinary_incontinence="yes"))
    assert waiting(clinic) == [(4, ["fainting or collapse"]), (1, ["cannot pass urine"])]
    assert waiting(clinic, TODAY - 1) == [(1, ["cannot pass urine"])]
    assert listed(clinic) == [clinic.number("4")], "a note opens no flag"
    assert [row["rule_id"] for row in clinic.rows()] == ["E05"]
    assert listed(clinic, notes=True) == [clinic.number("4"), clinic.number("1")], "with a flag first, then without"
    assert listed(clinic, notes=True, bucket="emergency") == [clinic.number("4")]
    assert listed(clinic, notes=True, find="1") == [clinic.number("1")]
    notes.mark(engine, [1], **clinic.moment())
    assert waiting(clinic) == [(4, ["fainting or collapse"])]
    assert listed(clinic) == [clinic.number("4")], "and reading it closes none"
    notes.mark(engine, [1], **clinic.moment(), is_read=False)
    assert len(waiting(clinic)) == 2
    with engine.connect() as connection:
        told = activity.lines(connection, activity.Question(kinds=("note_read",)), UTC)
    assert told["what"].tolist() == [f"{BY} put back 1 note of patient 1.", f"{BY} read 1 note of patient 1."]


def test_each_note_is_read_once_and_again_with_other_words(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, note="Fainted."))
    seen: list[str] = []
    monkeypatch.setattr(note_words, "bits", lambda note: seen.append(note) or 1)
    clinic.sends(quiet("2", TODAY, note="All well."))
    assert seen == ["All well."]
    notes.bring_up_to_date(engine)
    assert seen == ["All well."]
    words = note_words.words()
    monkeypatch.setattr(note_words, "words", lambda: words.__class__(**{**vars(words), "digest": "another"}))
    notes.bring_up_to_date(engine)
    assert seen == ["All well.", "Fainted.", "All well."]
    assert {row["words"] for row in clinic.rows(note_progress)} == {words.digest, "another"}


def test_what_is_undone_or_revised_does_not_wait(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, note="Fainted.", entry_id="a"))
    second = clinic.sends(quiet("1", TODAY, note="Felt fine, wrong box.", entry_id="a"))["batch"]
    assert waiting(clinic) == []
    clinic.undoes(second)
    assert [labels for _, labels in waiting(clinic)] == [["fainting or collapse"]]
    clinic.undoes(1)
    assert waiting(clinic) == []
    assert clinic.rows(note_found), "what was found stays on record"


def test_a_batch_without_its_evaluation_is_read_at_the_next_start(duckdb_engine: Engine) -> None:
    clinic = Clinic(duckdb_engine)
    clinic.stores(quiet("1", TODAY, note="Wet myself."))
    assert waiting(clinic) == []
    notes.bring_up_to_date(duckdb_engine)
    assert [labels for _, labels in waiting(clinic)] == [["loss of bladder or bowel control"]]


def test_notes_of_two_patients_are_not_read_at_once(duckdb_engine: Engine) -> None:
    clinic = Clinic(duckdb_engine)
    clinic.sends(quiet("1", TODAY, note="Fainted."), quiet("2", TODAY, note="Fainted."))
    for entries in ([1, 2], [99]):
        with pytest.raises(NotFound):
            notes.mark(duckdb_engine, entries, **clinic.moment())
    assert len(waiting(clinic)) == 2


def test_words_change_no_outcome(duckdb_engine: Engine) -> None:
    """The same diaries with and without words in their notes stand in the same buckets, with the same flags."""
    stood = []
    for note in ("Cannot pee, fainted, chest pain.", ""):
        with duckdb_engine.begin() as connection:
            for table in database.schema.metadata.sorted_tables:
                connection.execute(table.delete())
        clinic = Clinic(duckdb_engine)
        clinic.sends(quiet("1", TODAY, note=note), quiet("2", TODAY, weight_loss="yes", note=note))
        with duckdb_engine.connect() as connection:
            stood.append((clinic.buckets(), connection.execute(select(flag.c.rule_id, flag.c.tier, flag.c.status)).all()))
    assert stood[0] == stood[1]
