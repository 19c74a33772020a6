"""The worklist as it was on a day gone by."""
import pytest
from sqlalchemy import Engine, text

from dashboard import audit, handout, past, triage
from dashboard.errors import NotFound
from dashboard.handout import Telling
from tests.canonical import quiet, scant
from tests.clinic import AT, TODAY, Clinic, everything

WET, NUMB, THIN = {"urinary_incontinence": "yes"}, {"leg_numbness": "yes"}, {"weight_loss": "yes"}


def known(clinic: Clinic) -> int:
    with clinic.engine.connect() as connection:
        return audit.known_by(connection, clinic.at)


def stood(clinic: Clinic, day: int, known_at: int | None) -> dict[str, str]:
    with clinic.engine.connect() as connection:
        found = past.stood(connection, day, known_at)
        made = past.lines(connection, found, found.people["patient"].tolist())
    assert sum(found.counts.values()) == len(made)
    return dict(zip(made["patient_id"], found.people["bucket"], strict=True))


def test_whatever_came_later_everybody_stands_where_they_stood(engine: Engine) -> None:
    clinic, then = Clinic(engine), []
    clinic.sends(quiet("1", TODAY, entry_id="a", **WET), quiet("2", TODAY, **NUMB), scant("3", TODAY), quiet("4", TODAY, **THIN), quiet("5", TODAY),
                 quiet("6", TODAY + 1))
    then.append((clinic.today, known(clinic), clinic.buckets()))
    clinic.days_pass(1)
    clinic.evaluates()
    clinic.closes("E05")
    clinic.sends(quiet("1", TODAY, entry_id="a"), quiet("5", TODAY + 1, **WET), quiet("7", TODAY + 1))
    then.append((clinic.today, known(clinic), clinic.buckets()))
    clinic.days_pass(3)
    clinic.undoes(1)
    then.append((clinic.today, known(clinic), clinic.buckets()))
    assert [buckets["1"] for *_, buckets in then] == ["emergency", "no_criterion_met", "no_criterion_met"] and len({str(buckets) for *_, buckets in then}) == 3
    before = everything(engine)
    for day, known_at, buckets in then:
        assert stood(clinic, day, known_at) == buckets
    assert everything(engine) == before
    # by what is known now, the undone file never came
    assert stood(clinic, TODAY, None) == {"1": "no_criterion_met", "5": "no_entries", "7": "no_entries"}


def test_a_line_of_the_past_says_why_and_what_had_been_done_by_then(engine: Engine) -> None:
    clinic, then = Clinic(engine), []
    clinic.sends(quiet("1", TODAY - 2, source="north", **WET), quiet("1", TODAY, source="north", **THIN), scant("2", TODAY))
    for kind in ("assign", "acknowledge", "assign again", "undo", "close", "reopen"):
        then.append(known(clinic))
        if kind == "undo":
            triage.undo(engine, known(clinic), **clinic.moment())
        elif kind == "close":
            clinic.closes("E05")
        else:
            clinic.acts(kind.split()[0], "E05", assignee="A. Berg" if kind == "assign again" else "M. Ito")
    with engine.connect() as connection:
        found = {event: past.stood(connection, TODAY, event) for event in (*then, None)}
        flagged = {event: past.lines(connection, one, one.of(None)) for event, one in found.items()}
        rest = past.lines(connection, found[None], found[None].of("not_assessable"))
    line = flagged[None].iloc[0]
    assert (line["tier"], line["rules"], line["last_evidence"], line["owner"], line["flags"]) == ("E", ["E05", "R02"], TODAY - 2, None, {})
    made = handout.in_words(flagged[None], None, Telling(TODAY, True))
    assert handout.as_text(flagged[None], made, ["Then"]).splitlines() == [
        "Then", "Emergency: 1 (north) - New loss of bladder or bowel control. Also: Unexplained weight loss - reported 2026-03-30"]
    assert rest[["patient_id", "unknown"]].to_numpy().tolist() == [["2", 3]]
    assert found[None].counts["emergency"] == 1 and found[None].through == {"default": TODAY, "north": TODAY}
    assert [tuple(flagged[event].loc[0, ["status", "owner"]]) for event in then] == [
        ("open", None), ("open", "M. Ito"), ("acknowledged", "M. Ito"), ("acknowledged", "A. Berg"), ("acknowledged", "M. Ito"), ("closed", "M. Ito")]


def test_before_there_were_rules_nobody_stood_anywhere(engine: Engine) -> None:
    clinic = Clinic(engine)
    with engine.connect() as connection, pytest.raises(NotFound):
        past.stood(connection, TODAY, 0)
    with engine.connect() as connection:
        assert past.stood(connection, TODAY, audit.known_by(connection, AT)).people.empty
        assert connection.scalar(text("SELECT 1")) == 1
    assert not clinic.rows()
