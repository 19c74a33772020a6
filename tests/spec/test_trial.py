"""What a draft of the rules would do: today, week by week, and what people did about the flags of each rule so far."""
from dataclasses import fields, replace
from datetime import UTC

import pytest
from sqlalchemy import Engine

from dashboard import activity, behind
from dashboard.errors import Conflict, Refused
from dashboard.rules import active, definition, explain, parameters, trial, workload
from dashboard.rules.definition import Rule
from dashboard.rules.over_time import KINDS
from tests.canonical import quiet
from tests.clinic import TODAY, Clinic

RULES = ("E05", "U02", "U08", "R01", "R02", "R10")


def changed(rules: tuple[Rule, ...], rule_id: str, label: str, old: float, new: float) -> tuple[Rule, ...]:
    rule = next(rule for rule in rules if rule.rule_id == rule_id)
    parameter = next(one for one in parameters.of(rule) if (one.label, one.value) == (label, old))
    return tuple(parameters.with_values(rule, {parameter: new}) if one is rule else one for one in rules)


def rules_of(clinic: Clinic) -> tuple[Rule, ...]:
    with clinic.engine.connect() as connection:
        return active.current(connection).rules


def severe(patient_id: str, *days_ago: int, severity: int = 8) -> list[dict]:
    return [quiet(patient_id, TODAY - ago, severity=str(severity)) for ago in days_ago]


def test_today_and_week_by_week(engine: Engine) -> None:
    """Worked by hand. 1 is severe this week, 2 was three weeks ago, 3 has lost weight since two weeks ago, 4 is well."""
    clinic = Clinic(engine, RULES)
    clinic.sends(*severe("1", 1, 0), *severe("2", 22, 21), quiet("3", TODAY - 10, weight_loss="yes"), quiet("3", TODAY, weight_loss="yes", severity="1"),
                 quiet("4", TODAY - 27))
    now = rules_of(clinic)
    draft = changed(now, "U08", "Worst pain, at least", 8, 9)
    draft = tuple(rule for rule in draft if rule.rule_id != "R02")
    with engine.connect() as connection:
        ends = workload.week_ends(connection, TODAY, 52)
        assert ends == [TODAY - 7 * n for n in range(5)], "no further back than the first entry"
        drawn = workload.draw(connection, ends)
        assert sorted(drawn.patients) == [clinic.number(name) for name in "1234"]
        assert drawn.rows == pytest.approx((2 + 2 * 4 + 2 + 1 + 4) / 4), "each entry once for each week's end that it is not after"
        made = sum((workload.asked(connection, (now, draft), ends, some) for some in (drawn.patients[1:3], drawn.patients[3:])),
                   workload.asked(connection, (now, draft), ends, drawn.patients[:1]))
        before = trial.standing(connection, now, TODAY)
        after = trial.standing_after(connection, now, before, draft, TODAY)
    one, two, three = (clinic.number(name) for name in "123")
    assert made.patients == 4 and made.patient_weeks == pytest.approx((2 + 2 + 11 + 1) / 7)
    weeks = workload.by_week(made.weeks[0], ends)
    assert weeks["week"].tolist() == ends[3::-1]
    assert weeks[["E", "U", "R"]].to_numpy().tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 1], [0, 1, 0]], "2, nobody, 3, 1"
    assert (made.urgent(0), made.urgent(1), made.interval(0, 4)) == (2, 0, None)
    flags, others = made.flags
    assert (flags["U08"], flags["R02"], flags["E05"], others["U08"]) == (2, 1, 0, 0)
    assert "R02" not in others
    moves = trial.moves(before, after)
    u08, r02 = (1 << next(rule.bit for rule in now if rule.rule_id == rule_id) for rule_id in ("U08", "R02"))
    told = {row.patient: (row.before, row.after, row.gained, row.lost) for row in moves.itertuples()}
    assert told[one] == (1, trial.NONE, 0, u08)
    assert told[three] == (2, trial.NONE, 0, r02)
    assert two not in told or told[two][0] != 1


def test_only_what_differs_is_asked_again(duckdb_engine: Engine) -> None:
    """The short way comes to what the long way does: for rules that ask about others too."""
    clinic = Clinic(duckdb_engine, ("E02", "E05", "U01", "U02", "U08", "U09", "R01", "R06", "R10", "R12", "I01"))
    clinic.sends(*severe("1", 1, 0), *severe("2", 40, 39, 38), quiet("3", TODAY - 60, nausea="yes", faint="yes"), quiet("4", TODAY, fever="yes"),
                 *severe("5", 6, 5, 4, 3, 2, severity=10), quiet("6", TODAY - 30, urinary_incontinence="yes", nausea="yes"), *severe("7", 9, 0, severity=7))
    now = rules_of(clinic)
    without = {rule_id: tuple(rule for rule in now if rule.rule_id != rule_id) for rule_id in ("E02", "E05", "U01", "U08", "R10", "R12")}
    drafts = [*without.values(), changed(now, "U08", "Worst pain, at least", 8, 6), changed(now, "R10", "Days without an entry, more than", 7, 2), now]
    with duckdb_engine.connect() as connection:
        whole = [trial.standing(connection, after, TODAY) for after in drafts]
        for start, end in [*((len(whole) - 1, end) for end in range(len(whole))), (0, 1), (0, len(whole) - 1)]:
            short, long = trial.standing_after(connection, drafts[start], whole[start], drafts[end], TODAY), whole[end]
            assert (short.patients.tolist(), short.met.tolist()) == (long.patients.tolist(), long.met.tolist())


def test_what_people_did_about_flags(engine: Engine) -> None:
    clinic = Clinic(engine, RULES)
    clinic.sends(*[quiet(str(number), TODAY, weight_loss="yes") for number in range(1, 5)], quiet("5", TODAY, leg_numbness="yes"))
    clinic.closes("R02", patient_id="1", outcome="routine_visit")
    clinic.closes("R02", patient_id="2", outcome="no_action", text="known")
    clinic.acts("acknowledge", "R02", patient_id="3")
    with engine.connect() as connection:
        told = trial.acted_on(connection).set_index("rule_id")
        assert told.loc["R02"].tolist() == [4, 3, 2, 1]
        assert told.loc["U02"].tolist() == [1, 0, 0, 0]
        now = active.current(connection).rules
        before = trial.standing(connection, now, TODAY)
        after = trial.standing_after(connection, now, before, tuple(rule for rule in now if rule.rule_id != "R02"), TODAY)
        assert trial.lost_flags(connection, trial.moves(before, after), now) == (4, 3)


def test_a_draft_put_in_force_is_a_version_with_its_changes(engine: Engine) -> None:
    clinic = Clinic(engine, RULES)
    clinic.sends(*severe("1", 1, 0))
    draft = changed(rules_of(clinic), "U08", "Worst pain, at least", 8, 9)
    with pytest.raises(Refused, match="Say why"):
        active.adopt(engine, draft, **clinic.moment(), reason=" ")
    assert active.adopt(engine, draft, **clinic.moment(), reason="Too many") == 2
    with pytest.raises(Conflict, match="says the same"):
        active.adopt(engine, draft, **clinic.moment(), reason="Again")
    with pytest.raises(Conflict, match="Somebody put rule set 2 in force since"):
        active.adopt(engine, draft[1:], **clinic.moment(), reason="What I saw was compared with the first", seen=1)
    clinic.evaluates()
    assert clinic.status("U08") == "closed", "nobody had acted on it"
    with engine.connect() as connection:
        now = active.current(connection)
        assert (now.version, now.by_id("U08").version, now.by_id("R02").version) == (2, 3, 1)
        assert now.by_id("U08").arms[1].reason == "Pain of 9 or more on two close days, and no relief recorded"
        assert [step[:2] for step in explain.history(active.sets(connection), "U08")] == [(2, 3), (1, 2)]
        assert explain.history(active.sets(connection), "U08")[0].changes == ("worst pain, at least: 8 → 9 of 10",)
        told = activity.lines(connection, activity.Question(kinds=("rule_set_activated",)), UTC)["what"]
        assert told[0].endswith("activated rule set 2. Reason: Too many.")
        first = active.of_version(connection, 1).rules
    assert active.adopt(engine, first, **clinic.moment(), reason="After all") == 1, "the version on record, not a copy"


def test_a_rule_set_without_rules_is_none(duckdb_engine: Engine) -> None:
    with pytest.raises(Refused, match="nobody is looked at"):
        definition.checked(())


def test_the_rows_behind_a_rule(engine: Engine) -> None:
    clinic = Clinic(engine, RULES)
    clinic.sends(quiet("1", TODAY - 9, weight_loss="yes"), quiet("1", TODAY - 3), quiet("2", TODAY, weight_loss="yes"), quiet("3", TODAY))
    rule = next(rule for rule in rules_of(clinic) if rule.rule_id == "R02")
    with engine.connect() as connection:
        assert behind.meeting(connection, rule, 1) == ([clinic.number("2")], 2), "the newest entry first"
        patients, _ = behind.meeting(connection, rule, 10)
        rows = behind.rows(connection, rule, patients, TODAY)
        assert rows[["Patient", "Met as"]].to_numpy().tolist() == [["2", "Unexplained weight loss"], ["1", "Unexplained weight loss"]]
        assert behind.sheet(connection, rule, TODAY, 1).count("\n") == 2


def test_every_number_of_every_rule_has_a_meaning_and_a_range() -> None:
    for rule in definition.load():
        for parameter in parameters.of(rule):
            assert parameter.least <= parameter.value <= parameter.most
            assert parameter.read(rule) == parameter.value
            assert parameters.with_values(rule, {parameter: parameter.value}) == rule
    kinds = {(name, field.name) for name, kind in KINDS.items() for field in fields(kind) if field.type in (int, float)}
    assert kinds == set(parameters._OF)


def test_differences_in_words() -> None:
    rules = definition.load()
    assert parameters.compared(rules, rules) == []
    assert parameters.compared(rules, changed(rules, "R01", "and by this share", 30, 40)) == ["R01 Not better after a week: and by this share: 30 → 40 %"]
    moved = changed(rules, "R01", "Days since onset, at least", 7, 14)
    assert next(rule for rule in moved if rule.rule_id == "R01").title == "Not better after 2 weeks"
    worded = tuple(replace(rule, action="Act.") if rule.rule_id == "E04" else rule for rule in rules)
    assert parameters.compared(rules, worded) == ["E04 New leg weakness or paralysis: what it looks for, or what it is called"]
