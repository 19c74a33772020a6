"""Evidence that an undo or a revision takes away, and evaluations that fail, come late or look at some patients only."""
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Boolean, ColumnElement, Engine, FromClause, literal_column

from dashboard import start, triage, worklist
from dashboard.imports import undo
from dashboard.rules import answers, evaluate, flags
from dashboard.rules import outcome as asking
from dashboard.rules.conditions import Condition
from dashboard.rules.definition import load
from dashboard.schema import evaluation, flag, patient_outcome, triage_action
from tests import databases
from tests.canonical import quiet, scant
from tests.clinic import TODAY, Clinic

WET, NUMB = {"urinary_incontinence": "yes"}, {"leg_numbness": "yes"}
BOTH, THIN = {**NUMB, "both_legs": "yes"}, {"weight_loss": "yes"}
STATE = ("status", "outcome", "tier", "met", "evidence_withdrawn")


def state(clinic: Clinic, rule: str, patient_id: str = "1") -> tuple:
    return tuple(clinic.flag(rule, patient_id)[name] for name in STATE)


def review(clinic: Clinic) -> int:
    with clinic.engine.connect() as connection:
        return worklist.withdrawn_to_review(connection)


# --- design 11.5 ------------------------------------------------------------------------------------------------------------------

def test_undo_closes_what_rests_on_the_batch_alone_and_marks_what_somebody_acted_on(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("3", TODAY - 1, **WET), quiet("4", TODAY))
    clinic.sends(quiet("1", TODAY, **WET), quiet("2", TODAY, **WET), quiet("3", TODAY, **WET))
    clinic.acts("note", "E05", patient_id="2", text="rang, no answer")
    receipt = clinic.undoes(2)
    assert receipt["flags_closed"] == 1
    assert state(clinic, "E05", "1") == ("closed", "evidence_withdrawn", "E", False, False)
    assert state(clinic, "E05", "2") == ("open", None, "E", False, True)
    assert state(clinic, "E05", "3") == ("open", None, "E", True, False)
    assert clinic.flag("E05", "3")["last_evidence"] == TODAY - 1
    assert clinic.done("E05", "2") == ["note", "withdraw"]
    assert (clinic.buckets(), review(clinic)) == ({"3": "emergency", "4": "no_criterion_met"}, 1)
    clinic.closes("E05", patient_id="2")
    assert review(clinic) == 0


def test_an_emergency_that_a_revision_denies_stays_open_for_a_person(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, entry_id="a", **WET, **NUMB))
    clinic.sends(quiet("1", TODAY, entry_id="a"))
    assert state(clinic, "E05") == ("open", None, "E", False, True)
    assert state(clinic, "U02") == ("closed", "evidence_withdrawn", "U", False, False)
    assert (clinic.buckets(), review(clinic)) == ({"1": "no_criterion_met"}, 1)
    # whatever happens to the rest of it
    clinic.undoes(1)
    assert state(clinic, "E05") == ("open", None, "E", False, True)


@pytest.mark.parametrize("acted", [False, True])
def test_evidence_that_comes_back_takes_the_mark_away(engine: Engine, acted: bool) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, **WET))
    if acted:
        clinic.acts("acknowledge", "E05")
    clinic.undoes(1)
    clinic.sends(quiet("1", TODAY, **WET))
    assert state(clinic, "E05") == ("acknowledged" if acted else "open", None, "E", True, False)
    assert (len(clinic.flags("E05")), review(clinic), clinic.buckets()) == (1, 0, {"1": "emergency"})


def test_a_flag_that_loses_what_made_it_an_emergency(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY - 1, **NUMB), quiet("2", TODAY - 1, **NUMB))
    clinic.sends(quiet("1", TODAY, entry_id="a", **BOTH), quiet("2", TODAY, entry_id="b", **BOTH))
    clinic.sends(quiet("1", TODAY, entry_id="a"))
    assert state(clinic, "U02", "1") == ("open", None, "E", True, True)
    clinic.undoes(3)
    assert state(clinic, "U02", "1") == ("open", None, "E", True, False)
    clinic.undoes(2)
    assert state(clinic, "U02", "2") == ("open", None, "U", True, False)
    assert clinic.done("U02", "2") == ["raise", "lower"]
    assert clinic.buckets() == {"1": "same_day", "2": "same_day"}


def test_an_undo_that_is_evaluated_at_the_next_start_is_still_an_undo(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, **WET))
    undo.undo(engine, 1, **clinic.moment())
    with engine.connect() as connection:
        assert flags.is_pending(connection)
    assert start.bring_up_to_date(engine, at=clinic.at, today=TODAY)
    assert state(clinic, "E05") == ("closed", "evidence_withdrawn", "E", False, False)


# --- who is evaluated -------------------------------------------------------------------------------------------------------------

def test_a_batch_whose_evaluation_never_came_is_evaluated_at_the_next_start(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY))
    clinic.stores(quiet("1", TODAY, severity="5", **WET))
    with engine.connect() as connection:
        assert flags.is_pending(connection)
    assert clinic.rows() == []
    assert start.bring_up_to_date(engine, at=clinic.at, today=TODAY)
    assert (state(clinic, "E05")[0], clinic.buckets()) == ("open", {"1": "emergency"})
    assert not start.bring_up_to_date(engine, at=clinic.at, today=TODAY)


def test_the_evaluation_of_another_import_does_not_pass_it_over(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(*[quiet(str(number), TODAY - 1) for number in range(1, 11)])
    clinic.stores(quiet("1", TODAY, **WET))
    clinic.sends(quiet("2", TODAY, **WET))
    assert {patient_id for patient_id, bucket in clinic.buckets().items() if bucket == "emergency"} == {"1", "2"}
    assert [row["everybody"] for row in clinic.rows(evaluation)] == [True, False]


def test_everybody_is_in_one_bucket_also_who_has_no_entry_yet(engine: Engine) -> None:
    clinic = Clinic(engine)
    clinic.sends(quiet("1", TODAY, **WET), quiet("2", TODAY, **NUMB), scant("3", TODAY), quiet("4", TODAY, **THIN), quiet("5", TODAY))
    clinic.sends(quiet("6", TODAY + 1), quiet("7", TODAY + 1))
    clinic.sends(quiet("8", TODAY, **WET))
    clinic.undoes(3)
    expected = {"1": "emergency", "2": "same_day", "3": "not_assessable", "4": "routine", "5": "no_criterion_met", "6": "no_entries", "7": "no_entries"}
    assert clinic.buckets() == expected
    with engine.connect() as connection:
        standing = answers.standing(connection, TODAY)
        tiles = worklist.tiles(connection, clinic.at)
    assert standing == {"patients": 7, "emergency": 1, "same_day": 1, "not_assessable": 1, "routine": 1, "no_criterion_met": 1, "no_entries": 2,
                        "failed_rules": []}
    assert {bucket: tile["patients"] for bucket, tile in tiles.items()} == {name: standing[name] for name in tiles}
    clinic.days_pass(1)
    clinic.evaluates()
    assert clinic.buckets() == expected | {"6": "no_criterion_met", "7": "no_criterion_met"}


SAID = st.sampled_from((WET, NUMB, BOTH, THIN, {}, {"urinary_incontinence": ""}))
STEP = st.tuples(
    st.sampled_from(("send", "send", "send", "undo", "acknowledge", "close", "wait")), st.sampled_from("1234"), st.integers(0, 3),
    st.sampled_from(("", "a")), SAID)


@given(st.lists(STEP, min_size=2, max_size=6))
@settings(max_examples=2)
def test_looking_at_the_touched_alone_comes_to_the_same_as_looking_at_everybody(engine: Engine, steps: list) -> None:
    """And a flag's status is what its actions add up to."""
    made = []
    for everybody in (True, False):
        databases.empty(engine)
        clinic = Clinic(engine)
        clinic.sends(*[quiet(str(number), TODAY - 9) for number in range(1, 25)])
        for step in steps:
            _take(clinic, everybody, *step)
        ignored = {"opened_evaluation", "closed_evaluation", "evaluation"}
        made.append([[{name: value for name, value in row.items() if name not in ignored} for row in clinic.rows(table)] for table in (flag, patient_outcome)])
        of_all = {row["everybody"] for row in clinic.rows(evaluation)[1:]}
        assert of_all <= {everybody} or (not everybody and any(what == "wait" for what, *_ in steps))  # weeks may move more than a few
        for row in clinic.rows():
            status = "open"
            for action in (action for action in clinic.rows(triage_action) if action["flag"] == row["flag"]):
                assert action["status_before"] == status
                status = action["status_after"]
            assert row["status"] == status
    assert made[0] == made[1]


def _take(clinic: Clinic, everybody: bool, what: str, patient_id: str, day: int, entry_id: str, said: dict) -> None:
    if what == "send":
        clinic.stores(quiet(patient_id, TODAY - day, entry_id=entry_id and f"{entry_id}{patient_id}", **said))
    elif what == "wait":
        clinic.days_pass(1 + 7 * day)
    elif what == "undo":
        live = clinic.live()
        if len(live) > 1:
            undo.undo(clinic.engine, live[1 + day % (len(live) - 1)], **clinic.moment())
    else:
        fit = [row for row in clinic.rows() if row["status"] in triage.LEADS[what][0]]
        if fit:
            clinic.acts(what, seen={fit[0]["flag"]: fit[0]["version"]}, outcome="same_day_visit" if what == "close" else None, text="seen")
    clinic.evaluates(everybody=everybody)


# --- a rule that fails ------------------------------------------------------------------------------------------------------------

@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Ids of rules whose statement the database refuses."""
    broken: set[str] = set()
    real, arms = asking.answer, {arm.when: rule.rule_id for rule in load() for arm in rule.arms}
    monkeypatch.setattr(evaluate, "questions", asking.questions.__wrapped__)  # what is asked is not kept from one time to the next

    def answer(condition: Condition, record: FromClause, shown: object) -> ColumnElement[bool]:
        return literal_column("no_such_column", Boolean) if arms.get(condition) in broken else real(condition, record, shown)
    monkeypatch.setattr(asking, "answer", answer)
    return broken


@pytest.mark.parametrize(("rule", "expected"), [
    ("E05", {"1": "same_day", "2": "same_day", "3": "not_assessable", "4": "not_assessable"}),
    ("U02", {"1": "emergency", "2": "not_assessable", "3": "not_assessable", "4": "not_assessable"}),
    ("R02", {"1": "emergency", "2": "same_day", "3": "not_assessable", "4": "not_assessable"})])
def test_a_rule_that_fails_takes_no_other_down_and_leaves_nobody_clear(engine: Engine, fails: set[str], rule: str, expected: dict) -> None:
    clinic = Clinic(engine)
    diaries = [quiet("1", TODAY, **WET, **NUMB), quiet("2", TODAY, **NUMB), quiet("3", TODAY, **THIN), quiet("4", TODAY)]
    clinic.sends(*diaries)
    before = {(row["rule_id"], row["patient"]): row["status"] for row in clinic.rows()}
    fails.add(rule)
    assert clinic.evaluates()["failed_rules"] == [rule]
    assert clinic.buckets() == expected
    # a rule that says nothing closes nothing
    assert {(row["rule_id"], row["patient"]): row["status"] for row in clinic.rows()} == before
    with engine.connect() as connection:
        assert flags.last(connection)["failed_rules"] == [rule]
        assert answers.counts(connection, TODAY)["rules"][rule] == {"met": 0, "not_met": 0, "cannot_assess": 4}
    # the next import looks at everybody again, since nobody was looked at by this rule
    fails.clear()
    assert clinic.sends(quiet("4", TODAY, severity="3", **WET))["flags_raised"] == 1
    assert clinic.buckets() == {"1": "emergency", "2": "same_day", "3": "routine", "4": "emergency"}
