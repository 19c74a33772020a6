"""The state model keeps its own promises: what the design says of imports, undos, evaluations and actions, for any story."""
from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import state_model as model
from tests.state_events import FIRST_DAY, RULING_STORIES, Act, Evaluate, Import, TakeBack, Undo, files, row, rows, steps, stories, told
from tests.state_model import Row, World

TODAY = FIRST_DAY + 17
WITH_ID = rows(ids=("1", "2", "3", "4"))


def _after(story: list) -> World:
    return [World(), *(world for _, world in steps(story))][-1]


def _said(world: World) -> Counter[Row]:
    return Counter(model.content(world))


@given(stories(), files())
def test_every_row_has_one_fate(story: list, file: tuple[Row, ...]) -> None:
    fates = model.imported(_after(story), file, TODAY).batches[-1].fates
    assert len(fates) == len(file)
    assert {fate.kind for fate in fates} <= {"loaded", "quarantined", "duplicate", "left_out"}
    assert all((fate.entry is not None) == (fate.kind in ("loaded", "duplicate")) for fate in fates)
    assert all(fate.kind == "loaded" for fate in fates if fate.revised or fate.repeats)


@given(stories(), files())
def test_the_same_file_twice_changes_nothing_live(story: list, file: tuple[Row, ...]) -> None:
    once = model.imported(_after(story), file, TODAY)
    twice = model.imported(once, file, TODAY)
    assert not any(fate.kind == "loaded" for fate in twice.batches[-1].fates)
    assert model.live(twice) == model.live(once)
    assert model.owners(twice) == model.owners(once)


@given(stories(), files())
def test_undoing_the_last_import_restores_what_was(story: list, file: tuple[Row, ...]) -> None:
    before = _after(story)
    after = model.undone(model.imported(before, file, TODAY), len(before.batches) + 1)
    assert (model.live(after), model.owners(after), model.superseded(after)) == (model.live(before), model.owners(before), model.superseded(before))


@given(st.lists(WITH_ID, max_size=8), st.randoms())
def test_the_order_of_files_without_common_ids_does_not_matter(entries: list[Row], random: Random) -> None:
    by_id: dict[tuple[str, str | None], list[Row]] = {}
    for entry in entries:
        by_id.setdefault((entry.source, entry.entry_id), []).append(entry)
    sent = list(by_id.values())
    worlds = []
    for _ in range(2):
        world = World()
        for file in sent:
            world = model.imported(world, file, TODAY)
        worlds.append(world)
        random.shuffle(sent)
    assert _said(worlds[0]) == _said(worlds[1])


@given(st.lists(WITH_ID | rows(ids=(None,)).map(lambda row: row._replace(patient="without")), max_size=8), st.integers(0, 8))
def test_a_file_in_two_parts_comes_to_the_same(entries: list[Row], first: int) -> None:
    """Where no id has two contents."""
    of_id = {(row.source, row.entry_id): row for row in entries if row.entry_id}
    file = [of_id.get((row.source, row.entry_id), row) for row in entries]
    parts = model.imported(model.imported(World(), file[:first], TODAY), file[first:], TODAY)
    assert _said(parts) == _said(model.imported(World(), file, TODAY))


@given(st.lists(st.lists(WITH_ID | rows(ids=(None,)).map(lambda row: row._replace(patient="without")), max_size=4), min_size=1, max_size=6),
       st.sets(st.integers(1, 6)))
def test_undo_is_as_if_the_file_had_never_come(sent: list[list[Row]], taken_back: set[int]) -> None:
    """Rows of ids that meet another patient, and rows without an id that meet an entry with one, are the two stated exceptions."""
    sent = [[row._replace(patient=f"of {row.entry_id}") if row.entry_id else row for row in file] for file in sent]
    all_, some = World(), World()
    for number, file in enumerate(sent, 1):
        all_ = model.imported(all_, file, TODAY)
        some = some if number in taken_back else model.imported(some, file, TODAY)
    for number in taken_back & set(range(1, len(sent) + 1)):
        all_ = model.undone(all_, number)
    assert _said(all_) == _said(some)
    assert model.buckets(all_, TODAY) == model.buckets(some, TODAY)


@given(stories())
def test_undoing_a_file_that_another_repeats_leaves_the_other_one_whole(story: list) -> None:
    file = next(step.rows for step, _ in steps(story) if isinstance(step, Import))
    twice = model.imported(model.imported(World(), file, TODAY), file, TODAY)
    assert _said(model.undone(twice, 1)) == _said(model.imported(World(), file, TODAY))
    assert {batch for batch, _ in model.owners(model.undone(twice, 1)).values()} <= {2}


@given(stories(size=10))
def test_what_was_known_then_is_what_was_answered_then(story: list) -> None:
    then = [world for _, world in steps(story)]
    for world in then:
        for as_of in (FIRST_DAY + 5, TODAY):
            for question in (model.live, model.content, model.buckets):
                assert question(then[-1], as_of, world.event) == question(world, as_of)
        assert model.owners(then[-1], world.event) == model.owners(world)
        assert model.superseded(then[-1], world.event) == model.superseded(world)
        assert model.patients(then[-1], world.event) == model.patients(world)


@given(stories(), st.integers(0, 40))
def test_buckets_hold_every_patient_once(story: list, days: int) -> None:
    world = _after(story)
    found = model.buckets(world, FIRST_DAY + days)
    assert set(found) == model.patients(world)
    assert set(found.values()) <= {"emergency", "same_day", "not_assessable", "routine", "no_criterion_met", "no_entries"}
    # an emergency is never lost by looking later
    assert all(model.buckets(world, FIRST_DAY + days + 9)[who] == "emergency" for who, bucket in found.items() if bucket == "emergency")


@given(stories(size=14))
def test_an_emergency_is_closed_by_a_person_or_by_an_undo_of_what_nobody_acted_on(story: list) -> None:
    before, since_evaluation = World(), set()
    for step, world in steps(story):
        since_evaluation.add(type(step))
        for old, new in zip(before.flags, world.flags, strict=False):
            if old.tier == "E" and old.status != "closed" and new.status == "closed":
                assert isinstance(step, Act | TakeBack) or (Undo in since_evaluation and not old.acted and new.outcome == "evidence_withdrawn")
            if old.tier == "E" and new.tier != "E" and old.status != "closed":
                assert Undo in since_evaluation and not old.acted
        if len(world.evaluations) > len(before.evaluations):
            since_evaluation = set()
        before = world


@given(stories(size=14))
def test_who_is_met_has_a_flag_and_who_acted_keeps_it(story: list) -> None:
    before = World()
    for step, world in steps(story):
        assert [flag._replace(met=True, withdrawn=True) for flag in before.flags] == [
            flag._replace(met=True, withdrawn=True) for flag in world.flags] or isinstance(step, Evaluate | Act | TakeBack)
        if len(world.evaluations) > len(before.evaluations):
            assert not model.pending(world)
            met = {key for key, found in model.outcomes(world, world.evaluations[-1].as_of).items() if found.met}
            assert {(flag.who, flag.rule) for flag in world.flags if flag.met} == met
            assert not any(flag.status == "closed" and flag.outcome in model.BY_SYSTEM and flag.met for flag in world.flags)
            # what is met and stands closed was closed by a person
            for old, new in zip(before.flags, world.flags, strict=False):
                assert not old.acted or old.status == "closed" or new.status != "closed"
        # a flag is never deleted, and never two of one patient and rule are met at once
        assert len(world.flags) >= len(before.flags)
        assert max(Counter((flag.who, flag.rule) for flag in world.flags if flag.met).values(), default=1) == 1
        before = world


@given(stories(size=14))
def test_what_was_put_away_comes_back_with_anything_new(story: list) -> None:
    """A closed emergency shows nothing that whoever closed it did not know; nothing stays put off of whom anything was flagged since."""
    known, put_off = {}, {}
    for step, world in steps(story):
        if isinstance(step, Act) and step.kind in ("snooze", "close", "confirm"):
            put_off[step.flag], known[step.flag] = world.event, world.flags[step.flag].newest
        for n, flag in enumerate(world.flags):
            if flag.status == "closed" and flag.tier == "E" and flag.outcome not in model.BY_SYSTEM:
                assert flag.newest <= known[n]
            if flag.status == "snoozed":
                assert not any(who == flag.who and event > put_off[n] for event, who in world.news)


@given(stories())
def test_an_evaluation_of_an_earlier_day_changes_nothing(story: list) -> None:
    world = model.evaluated(_after(story), TODAY + 90)
    assert told(world, Evaluate(TODAY + 89)) is world
    assert model.evaluated(world, TODAY + 90).flags == world.flags


@given(stories())
def test_evidence_that_comes_back_resets_the_mark(story: list) -> None:
    world = model.evaluated(_after(story), TODAY + 90)
    for batch in [b.number for b in world.batches if b.undone is None]:
        taken = model.evaluated(model.undone(world, batch), TODAY + 90)
        sent = [step.rows for step, _ in steps(story) if isinstance(step, Import)][batch - 1]
        again = model.evaluated(model.imported(taken, sent, TODAY + 90), TODAY + 90)
        assert not any(flag.withdrawn and flag.met and flag.tier != "E" for flag in again.flags)
        met = {(flag.who, flag.rule) for flag in world.flags if flag.met}
        if _said(again) == _said(world):
            assert {(flag.who, flag.rule) for flag in again.flags if flag.met} == met


# --- the rulings, one by one ------------------------------------------------------------------------------------------------------

RULINGS: dict[str, list[tuple[object, ...]]] = {
    # as it stands after the last evaluation: rule, tier, status, outcome, met, withdrawn of every flag
    "an emergency stays closed when what is known comes again": [("E", "E", "closed", "routine_visit", True, False)],
    "an emergency reopens on what occurred after the closure": [("E", "E", "open", None, True, False)],
    "an emergency reopens on what was loaded after the closure": [("E", "E", "open", None, True, False)],
    "an emergency stays closed when it is denied": [("E", "E", "closed", "routine_visit", True, False)],
    "a same-day flag stays closed on older evidence": [("U", "U", "closed", "routine_visit", True, False)],
    "a same-day flag stays closed up to 14 days after the evidence known": [("U", "U", "closed", "routine_visit", True, False)],
    "a same-day flag reopens on the 15th day after the evidence known": [("U", "U", "open", None, True, False)],
    "evidence that did not reopen a flag does not move what was known": [("U", "U", "open", None, True, False)],
    "under care until a day waits": [("U", "U", "closed", "known_under_care", True, False)],
    "under care until a day, and that day comes": [("U", "U", "open", None, True, False)],
    "under care until a day, and an emergency fires": [("U", "U", "open", None, True, False), ("E", "E", "open", None, True, False)],
    "under care until a day, beside an emergency that was closed": [
        ("E", "E", "closed", "routine_visit", True, False), ("U", "U", "closed", "known_under_care", True, False)],
    "under care until a day, and it becomes an emergency": [("U", "E", "open", None, True, False)],
    "a routine flag never reopens": [("R", "R", "closed", "routine_visit", True, False)],
    "a routine flag follows its episode when the onset moves": [("R", "R", "closed", "routine_visit", True, False)],
    "what is put off stays so on more of the same": [("R", "R", "snoozed", None, True, False)],
    "what is put off is back when something new is flagged": [("R", "R", "open", None, True, False), ("U", "U", "open", None, True, False)],
    "what is put off is back when something closed reopens": [("E", "E", "open", None, True, False), ("R", "R", "open", None, True, False)],
    "what is put off is not taken back once it is back": [("R", "R", "open", None, True, False), ("U", "U", "open", None, True, False)],
    "a data error in an emergency is confirmed by another person": [("E", "E", "closed", "data_error", True, False)],
    "what was called a data error is reported again": [("E", "E", "open", None, True, False)],
    "the evidence of what was called a data error is undone": [("E", "E", "open", None, False, True)],
    "a proposal is taken back, and what came before it": [("E", "E", "open", None, True, False)],
    "a closure is taken back, and its evidence undone": [("U", "U", "open", None, False, True)],
    "a new episode has a flag of its own": [("R", "R", "closed", "routine_visit", False, False), ("R", "R", "open", None, True, False)],
    "a new episode has one flag, whatever comes later": [("R", "R", "closed", "no_longer_met", False, False), ("R", "R", "closed", "no_action", True, False)],
    "a new episode without the symptom has none": [("R", "R", "closed", "routine_visit", True, False)],
    "a new episode is undone": [("R", "R", "closed", "routine_visit", True, False), ("R", "R", "closed", "evidence_withdrawn", False, False)],
    "undo closes an emergency that nobody acted on": [("E", "E", "closed", "evidence_withdrawn", False, False)],
    "undo marks an emergency that somebody acted on": [("E", "E", "acknowledged", None, False, True)],
    "undo leaves an emergency that other evidence shows": [("E", "E", "open", None, True, False)],
    "revision marks an emergency": [("E", "E", "open", None, False, True)],
    "revision, then undo, marks an emergency": [("E", "E", "open", None, False, True)],
    "revision, seen, then undo, marks an emergency": [("E", "E", "open", None, False, True)],
    "the revision is undone": [("E", "E", "open", None, True, False)],
    "a revision that brought an emergency is undone": [("E", "E", "closed", "evidence_withdrawn", False, False)],
    "revision closes a same-day flag that nobody acted on": [("U", "U", "closed", "evidence_withdrawn", False, False)],
    "revision marks a same-day flag that somebody acted on": [("U", "U", "acknowledged", None, False, True)],
    "withdrawn evidence comes back": [("E", "E", "open", None, True, False)],
    "withdrawn evidence that somebody acted on comes back": [("E", "E", "acknowledged", None, True, False)],
    "evidence of a flag that a person closed is undone, and the flag reopened": [("E", "E", "open", None, False, True)],
    "a lesser flag becomes an emergency": [("U", "E", "open", None, True, False)],
    "a flag loses what made it an emergency by revision": [("U", "E", "open", None, True, True)],
    "what a revision left of an emergency is undone": [("U", "E", "open", None, False, True)],
    "a flag loses what made it an emergency by undo": [("U", "U", "open", None, True, False)],
    "a row without an id repeats the entry without one": [("E", "E", "open", None, True, False)],
    "revised back and forth, undone out of order": [("E", "E", "closed", "evidence_withdrawn", False, False)],
    "what is handed over stays known": [("E", "E", "closed", "routine_visit", True, False)],
}


@pytest.mark.parametrize("name", RULINGS)
def test_ruling(name: str) -> None:
    world = World()
    for step in RULING_STORIES[name]:
        world = told(world, step)
    assert [(flag.rule, flag.tier, flag.status, flag.outcome, flag.met, flag.withdrawn) for flag in world.flags] == RULINGS[name]


def test_every_ruling_has_its_story() -> None:
    assert RULINGS.keys() == RULING_STORIES.keys()


def test_a_batch_without_its_evaluation_is_pending() -> None:
    world = model.imported(World(), [row(5)], TODAY)
    assert model.pending(world)
    world = model.evaluated(world, TODAY)
    assert not model.pending(world)
    assert model.pending(model.undone(world, 1))
    assert not model.pending(World())


def test_a_revision_that_was_revised_away_is_as_if_it_had_never_been() -> None:
    """A, then B revises it, then C repeats B, then D says A's words again; whichever are undone, the last that is left decides."""
    one, two = row(5, "saddle_numbness", entry_id="1"), row(5, entry_id="1")
    sent = ([one], [two], [two], [one])
    for gone in ((4,), (2, 4), (4, 2), (2,), (3,), (4, 3, 2), (1,), (1, 2), (1, 2, 4), (4, 1, 2)):
        world = World()
        for file in sent:
            world = model.imported(world, file, TODAY)
        for batch in gone:
            world = model.undone(world, batch)
        left = [file for number, file in enumerate(sent, 1) if number not in gone]
        assert model.content(world) == left[-1], gone
