"""Questions kept under a name: what they ask later, who may be called what, and what the trail says."""
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from dashboard import activity, audit, cohort, crossfilter, saved
from dashboard.cohort import Cohort
from dashboard.errors import NotFound, Refused
from dashboard.imports import undo
from dashboard.rules import active
from dashboard.saved import Saved
from tests.canonical import quiet
from tests.clinic import TODAY, Clinic

BURNING = Cohort(qualities=("burning",))
BEGUN = [quiet(str(n), TODAY - n, qualities="burning" if n < 3 else "dull", entry_id=f"e{n}", sex="female") for n in range(1, 6)]


@pytest.fixture
def clinic(engine: Engine) -> Clinic:
    found = Clinic(engine, rules=("E05",))
    found.sends(*BEGUN)
    return found


def members(clinic: Clinic, one: Saved) -> set[str]:
    """Of a saved cohort, as it asks: frozen by its own times, else by today's."""
    times = (one.frozen.as_of, one.frozen.known_at) if one.frozen else (clinic.today, None)
    with clinic.engine.connect() as connection:
        names = {row.patient: row.patient_id for row in connection.execute(cohort.patients(times[1]))}
        return {names[row.patient] for row in connection.execute(one.question.matching(connection, *times))}


def kept(clinic: Clinic) -> list[Saved]:
    with clinic.engine.connect() as connection:
        return saved.everything(connection)


def save(clinic: Clinic, name: str, question: Cohort = BURNING, **details: object) -> Saved:
    return saved.save(clinic.engine, name, question, **details, **clinic.moment())


def test_a_question_is_asked_anew_and_whatever_was_frozen_finds_the_same_patients_whatever_happens(clinic: Clinic) -> None:
    """Whatever happens to a batch, a revision, the rules and the day before and after."""
    def undone(batch: int) -> Callable[[], object]:
        return lambda: undo.undo(clinic.engine, batch, **clinic.moment())

    def other_rules() -> None:
        active.record_shipped(clinic.engine, at=clinic.at)
        active.activate(clinic.engine, 2, reason="agreed", **clinic.moment())
    asked = save(clinic, "Burning")
    steps: list[tuple[Callable[[], object], set[str]]] = [
        (lambda: None, {"1", "2"}),
        (lambda: clinic.stores(quiet("6", TODAY - 1, qualities="burning")), {"1", "2", "6"}),
        (lambda: clinic.stores(*BEGUN), {"1", "2", "6"}),  # all of it again
        (lambda: clinic.stores(quiet("1", TODAY - 1, qualities="dull", entry_id="e1", sex="male")), {"2", "6"}),  # a revision
        (undone(1), {"2", "6"}),  # its entries pass to the third
        (undone(4), {"1", "2", "6"}),  # what was revised comes back
        (undone(3), {"6"}),
        (lambda: clinic.stores(*BEGUN), {"1", "2", "6"}),
        (other_rules, {"1", "2", "6"}),
        (lambda: clinic.days_pass(30), {"1", "2", "6"})]
    frozen: list[tuple[Saved, set[str]]] = []
    for happens, expected in steps:
        happens()
        assert members(clinic, asked) == expected
        if not frozen or frozen[-1][1] != expected:
            frozen.append((save(clinic, f"Frozen {len(frozen)}", freeze_as_of=clinic.today), expected))
        assert [members(clinic, one) for one, _ in frozen] == [then for _, then in frozen]
    again = {one.name: one for one in kept(clinic)}
    for one, then in frozen:
        with clinic.engine.connect() as connection:
            base = crossfilter.count(connection, one.question, ["base"], as_of=one.frozen.as_of, known_at=one.frozen.known_at)["base"]
        assert again[one.name] == one and (base.patients, base.entries) == (one.frozen.patients, one.frozen.entries) == (len(then), len(then))


def test_what_looks_up_the_patient_is_frozen_too(clinic: Clinic) -> None:
    women = save(clinic, "Women", Cohort(sexes=("female",)), freeze_as_of=clinic.today)
    clinic.sends(*[quiet(str(n), TODAY, sex="male") for n in range(1, 5)])
    assert members(clinic, women) == {"1", "2", "3", "4", "5"}
    assert members(clinic, replace(women, frozen=None)) == {"5"}


def test_a_frozen_question_is_frozen_again_at_its_own_times(clinic: Clinic) -> None:
    first = save(clinic, "April", freeze_as_of=clinic.today)
    clinic.undoes(1)
    dull = save(clinic, "April, dull", Cohort(qualities=("dull",)), freeze_as_of=first.frozen.as_of, known_at=first.frozen.known_at)
    assert members(clinic, dull) == {"3", "4", "5"}


@pytest.mark.parametrize("question", [Cohort(buckets=("emergency",)), Cohort(tiers=("E",))])
def test_where_patients_stand_cannot_be_frozen(clinic: Clinic, question: Cohort) -> None:
    with pytest.raises(Refused, match="not kept for a day gone by"):
        save(clinic, "Emergencies", question, freeze_as_of=clinic.today)
    assert save(clinic, "Emergencies", question).question == question


def test_the_same_name_makes_a_new_version_and_older_ones_stay(clinic: Clinic) -> None:
    first = save(clinic, " Burning  pain ", note="for the audit")
    second = save(clinic, "BURNING PAIN", Cohort(qualities=("burning",), sexes=("female",)))
    assert (first.cohort, first.name, first.version, second.cohort, second.name, second.version) == (1, "Burning pain", 1, 1, "Burning pain", 2)
    assert kept(clinic) == [second, first] and kept(clinic)[1].note == "for the audit"
    with pytest.raises(Refused, match="Burning pain asks just that already"):
        save(clinic, "burning pain", second.question)
    assert save(clinic, "burning pain", second.question, note="said why").version == 3


@pytest.mark.parametrize(("name", "note", "says"), [(" \n", "", "needs a name"), ("x" * 81, "", "longer than 80"), ("x", "n" * 501, "longer than 500")])
def test_what_cannot_be_saved(clinic: Clinic, name: str, note: str, says: str) -> None:
    with pytest.raises(Refused, match=says):
        save(clinic, name, note=note)


def test_rename_retire_restore(clinic: Clinic) -> None:
    one, other = save(clinic, "One"), save(clinic, "Other")
    save(clinic, "One", note="again")
    with pytest.raises(Refused, match="There is a saved cohort Other already"):
        saved.rename(clinic.engine, one.cohort, "other", **clinic.moment())
    saved.rename(clinic.engine, one.cohort, "ONE", **clinic.moment())
    assert [(found.name, found.version) for found in kept(clinic)] == [("ONE", 2), ("ONE", 1), ("Other", 1)]
    saved.retire(clinic.engine, other.cohort, **clinic.moment())
    with pytest.raises(Refused, match="retired already"):
        saved.retire(clinic.engine, other.cohort, **clinic.moment())
    newer = save(clinic, "Other", Cohort(qualities=("dull",)))
    assert newer.cohort == 3 and newer.version == 1, "the name of a retired cohort is free"
    with pytest.raises(Refused, match="another saved cohort Other"):
        saved.restore(clinic.engine, other.cohort, **clinic.moment())
    saved.rename(clinic.engine, newer.cohort, "Dull", **clinic.moment())
    saved.restore(clinic.engine, other.cohort, **clinic.moment())
    assert not any(found.retired for found in kept(clinic))
    with pytest.raises(NotFound):
        saved.rename(clinic.engine, 99, "x", **clinic.moment())


def test_the_trail_says_so_and_kept_answers_stay_valid(clinic: Clinic) -> None:
    with clinic.engine.connect() as connection:
        before = audit.version(connection)
    one = save(clinic, "April", freeze_as_of=clinic.today)
    saved.rename(clinic.engine, one.cohort, "May", **clinic.moment())
    saved.retire(clinic.engine, one.cohort, **clinic.moment())
    saved.restore(clinic.engine, one.cohort, **clinic.moment())
    with clinic.engine.connect() as connection:
        assert audit.version(connection) == before
        events = audit.events(connection, kinds=["saved_cohort"])
    said = [activity.sentence(row.kind, row.by, row.subject, row.details, {}) for row in events.itertuples()]
    assert said == ["R. Okafor restored cohort May.", "R. Okafor retired cohort May.", "R. Okafor renamed saved cohort 1 from April to May.",
                    "R. Okafor saved cohort April, version 1, frozen."]
