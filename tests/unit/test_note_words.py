"""Words in notes: how often the list is right on sentences that were labelled by hand, and what each thing that cancels is for."""
import csv
from pathlib import Path

import pytest

from dashboard.rules import note_words
from dashboard.rules.note_words import find

LABELLED = Path(__file__).parents[1] / "notes.csv"
LEAST = {"precision": 0.92, "recall": 0.97}  # of notes that ask to be read; see tests/README.md for what it was on sentences not seen before


def sentences() -> list[dict[str, str]]:
    with LABELLED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def said(note: str) -> set[str]:
    return {found.code for found in find(note)}


def test_how_often_it_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    rows = sentences()
    right = sum(bool(row["flags"]) and bool(said(row["note"])) for row in rows)
    wrong = [row["note"] for row in rows if not row["flags"] and said(row["note"])]
    missed = [row["note"] for row in rows if row["flags"] and not said(row["note"])]
    found = {"precision": right / (right + len(wrong)), "recall": right / (right + len(missed))}
    with capsys.disabled():
        print(f"\n{len(rows)} labelled notes: " + ", ".join(f"{name} {value:.3f}" for name, value in found.items()), end=" ")
    assert len(rows) >= 150
    assert all(found[name] >= least for name, least in LEAST.items()), (wrong, missed)


def test_labels_are_flags_of_the_list() -> None:
    known = {flag.code for flag in note_words.words().flags}
    assert {code for row in sentences() for code in row["flags"].split(";") if code} == known, "each flag has a sentence, each label a flag"


def test_bits_never_change() -> None:
    assert {flag.code: flag.bit for flag in note_words.words().flags} == {
        "cannot_pass_urine": 0, "loss_of_control": 1, "saddle_numbness": 2, "leg_weakness": 3, "chest_pain": 4, "breathing": 5, "collapse": 6,
        "coughing_blood": 7, "fever": 8, "weight_loss": 9, "leg_numbness": 10, "tearing_pain": 11, "injury": 12, "self_harm": 13, "confusion": 14}


@pytest.mark.parametrize("flag", note_words.words().flags, ids=lambda flag: flag.code)
def test_every_pattern_can_be_found(flag: note_words._Flag) -> None:
    """One of the words that it is looked for by is in what it matches, so that looking for those first misses nothing."""
    for pattern in flag.patterns:
        assert all(word.rstrip("*") in pattern.of.pattern for word in pattern.needs)
        assert pattern.needs


@pytest.mark.parametrize(("note", "wanted"), [
    ("I can't pee", {"cannot_pass_urine"}), ("I can’t pee", {"cannot_pass_urine"}), ("CAN'T PEE", {"cannot_pass_urine"}),
    ("No chest pain.", set()), ("No sleep. Chest pain.", {"chest_pain"}), ("no sleep, chest pain all night", {"chest_pain"}),
    ("no fever, chills or weight loss", set()), ("No better, fever too", {"fever"}), ("no fever but chest pain", {"chest_pain"}),
    ("My mother fainted", set()), ("My mother found me, I had fainted", {"collapse"}), ("Fainted in 2009.", set()),
    ("Fainted in 2009, and again today.", {"collapse"}),
    ("Legs gave way?", {"leg_weakness"}), ("", set()), ("...", set()), ("Schlimmer nach dem Heben.", set()), ("כאב עמום כל היום", set()),
    ("İ" * 20 + " chest pain", {"chest_pain"})])
def test_what_cancels_and_what_does_not(note: str, wanted: set[str]) -> None:
    assert said(note) == wanted


def test_where_the_words_stand() -> None:
    note = "Walked a bit.\nThen numbnes  between my legs!"
    found = next(one for one in find(note) if one.code == "saddle_numbness")
    assert note[found.begin:found.end] == "numbnes  between my legs"
