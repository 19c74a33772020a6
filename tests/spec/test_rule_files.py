"""Rule files: what they must say, what is refused and how, and that one failing rule takes no other down."""
import re
from pathlib import Path

import pytest
from sqlalchemy import Boolean, ColumnElement, Connection, Engine, FromClause, Select, Table, delete, literal_column, select, table, text

from dashboard import cohort
from dashboard.errors import Refused
from dashboard.rules import evaluate as evaluation
from dashboard.rules import examples
from dashboard.rules import outcome as asking
from dashboard.rules.conditions import AllOf, AnyAnswer, AtLeast, Condition, Not, OrUnknown, Reported
from dashboard.rules.definition import FOLDER, Rule, RuleSet, as_data, digest, document, files, from_document, load, not_in_force, reads, reason
from dashboard.rules.evaluate import Doubt, Outcomes, buckets, evaluate, isolated
from dashboard.rules.look import Look
from dashboard.rules.over_time import NoRelief, WithinDays
from tests import diaries

RULES = load()
SOME = tuple(rule for rule in RULES if rule.assess_required or rule.rule_id == "U01")
SHIPPED = (*[f"E{n:02}" for n in range(1, 17)], *[f"U{n:02}" for n in range(1, 13)],
           "R01", "R02", "R03", "R04", "R05", "R06", "R07", "R08", "R09", "R10", "R11", "I01", "I02", "R12", "I03")
GOOD = '''
id = "X01"
bit = 60
version = 1
title = "Title"
action = "Act: {reason}."
[[sources]]
kind = "proposal"
ref = "Here"
says = "So."
[[arms]]
tier = "R"
reason = "Because"
[arms.when]
kind = "reported"
symptoms = ["fever"]
'''
EXAMPLE = """
[[examples]]
says = "So."
outcome = "R"
diary = '''
days_ago | fever
3        | yes
'''
[[arms]]
"""
REPORTED = 'kind = "reported"\nsymptoms = ["fever"]'


def _load(folder: Path, toml: str) -> tuple[Rule, ...]:
    (folder / "X01.toml").write_text(toml, encoding="utf-8")
    return load(folder)


# --- files ------------------------------------------------------------------------------------------------------------------------

def test_the_shipped_rules() -> None:
    assert tuple(rule.rule_id for rule in RULES) == SHIPPED
    assert {rule.rule_id for rule in RULES if rule.assess_required} == {"E01", "E04", "E05", "E06", "E07"}
    for rule in RULES:
        assert (FOLDER / f"{rule.rule_id}.toml").exists()
        assert "{reason}" in rule.action
        assert {"page", "framework"} & {source.kind for source in rule.sources}


def test_bits_never_change() -> None:
    """E and U from 0 and 16 on, R from 28, then I, then whatever came later."""
    first, later = {"E": 0, "U": 16, "R": 28, "I": 39}, {"R12": 41, "I03": 42}
    assert {rule.rule_id: rule.bit for rule in RULES} == {rule_id: first[rule_id[0]] + int(rule_id[1:]) - 1 for rule_id in SHIPPED} | later


def test_rules_survive_their_document() -> None:
    assert from_document(document(RULES)) == RULES
    assert document(RULES) == document(tuple(reversed(RULES)))
    assert digest(document(RULES)) != digest(document(RULES[1:]))


def test_examples_are_no_part_of_a_rule(tmp_path: Path) -> None:
    """So that other examples are no other rule set, and nobody is asked to put one in force."""
    bare, explained = _load(tmp_path, GOOD), _load(tmp_path, GOOD.replace("[[arms]]", EXAMPLE, 1))
    assert (explained, document(explained)) == (bare, document(bare))
    example, = examples.shipped(tmp_path)["X01"]
    assert (example.outcome, example.entries()) == ("R", ("3 days before: Fever: yes",))


def test_rules_in_words() -> None:
    words = {rule.rule_id: " ".join(rule.describe()) for rule in RULES}
    assert "leg weakness reported and not marked as longstanding" in words["E04"]
    assert "38 °C" in words["U01"]
    assert "84" in words["R04"]
    by_id = RuleSet(1, RULES).by_id
    assert set(reads(by_id("E01"))) == {"trouble_breathing", "chest_pain", "locations"}
    assert by_id("E07").cannot_assess().endswith("It reads: numbness of the saddle area.")
    assert "spreading to left arm, right arm or jaw" in words["E02"]
    assert reason(by_id("R04"), 1, at_least=True).startswith("Pain for 12 weeks or more (onset not recorded")
    assert reason(by_id("E04"), 0, at_least=True) == by_id("E04").arms[0].reason


def test_what_a_rule_is_called_takes_its_numbers_from_the_conditions() -> None:
    """No page can name a threshold that the rule does not go by."""
    for rule in RULES:
        for data in (rule_data := as_data(rule), *rule_data["arms"]):
            said = " ".join(data.get(name, "") for name in ("title", "reason", "task"))
            assert not re.search(r"\d|\b(two|three|four|five|six|seven|week|weeks)\b", re.sub(r"\{\w+\.[\w:]+\}", "", said)), (rule.rule_id, said)


@pytest.mark.parametrize(("number", "how", "said"), [
    ("7", ":weeks", "a week"), ("84", ":weeks", "12 weeks"), ("10", ":weeks", "10 days"), ("4", ":words", "four"), ("11", ":words", "11"),
    ("51", ":over", "50"), ("8", "", "8")])
def test_numbers_in_words(tmp_path: Path, number: str, how: str, said: str) -> None:
    gap = 'reason = "{last_entry_within.days' + how + '}"'
    when = 'kind = "all"\nparts = [{ kind = "last_entry_within", days = ' + number + ' }, { kind = "reported", symptoms = ["fever"] }]'
    rule, = _load(tmp_path, GOOD.replace('reason = "Because"', gap).replace(REPORTED, when))
    assert rule.arms[0].reason == said
    assert from_document(document((rule,))) == (rule,)


def test_files_are_read_back_as_the_same_rules(tmp_path: Path) -> None:
    for name, written in files(RULES).items():
        (tmp_path / name).write_text(written, encoding="utf-8")
    assert load(tmp_path) == RULES


def test_rules_not_in_force() -> None:
    assert not_in_force(RULES) == (), "what is looked at on the page Data quality is no rule of these"
    assert not_in_force(RULES[1:]) == ("E01",)


def test_sets_of_rules_as_bits() -> None:
    rules = RuleSet(1, RULES)
    assert rules.ids(rules.bits(("E04", "R11"))) == ("E04", "R11")


@pytest.mark.parametrize(("old", "new", "says"), [
    ("bit = 60\n", "", "X01.toml: bit is missing"),
    ("bit = 60", "bit = 62", "X01.toml: bit is 62, expected 0 to 61"),
    ("version = 1", 'version = "1"', "X01.toml: version: '1', expected a whole number"),
    ("version = 1", "version = 1\ncolour = 3", "X01.toml: colour is no key here"),
    ('tier = "R"', 'tier = "Q"', "X01.toml: arms[0]: tier is 'Q', expected one of E, U, R, I"),
    ('tier = "R"', 'tier = "R"\nwindow = 3', "X01.toml: arms[0]: window is no key here"),
    ('tier = "R"', 'tier = "R"\nraises_only = true', "X01.toml: arms: at least one must not be raises_only"),
    ('kind = "proposal"', 'kind = "rumour"', "X01.toml: sources[0]: kind is 'rumour'"),
    ('kind = "reported"', 'kind = "rumoured"', "X01.toml: arms[0].when: kind is 'rumoured', expected one of"),
    ('symptoms = ["fever"]', 'symptoms = ["feber"]', "X01.toml: arms[0].when.symptoms: 'feber' is no symptom code"),
    ('symptoms = ["fever"]', "symptoms = []", "X01.toml: arms[0].when.symptoms: a list with at least one item is expected"),
    ('symptoms = ["fever"]', 'symptoms = ["fever"]\nonly = "recent"', "X01.toml: arms[0].when.only: 'recent', expected new, old or nothing"),
    (REPORTED, 'kind = "temperature_at_least"\ncelsius = "38"', "X01.toml: arms[0].when.celsius: '38', expected a number"),
    (REPORTED, 'kind = "named"\nfield = "places"\ncodes = ["neck"]', "X01.toml: arms[0].when.field: 'places', expected one of"),
    (REPORTED, 'kind = "named"\nfield = "locations"\ngroups = ["top"]', "arms[0].when.groups: location has no group 'top'"),
    (REPORTED, 'kind = "named_only"\nfield = "locations"\ncodes = ["neck"]', "X01: named_only stands outside same_entry"),
    (REPORTED, 'kind = "severity_on_days"\nat_least = 8.0\non_days = 8\napart = 9\nwithin = 7', "on_days is 8 and within is 7: that can never be met"),
    (REPORTED, 'kind = "severity_on_days"\nat_least = 8.0\non_days = 3\napart = 1\nwithin = 7', "on_days is 3 and apart is 1: that can never be met"),
    ('reason = "Because"', 'reason = "Pain of {worst_at_least.at_least}"', "X01.toml: arms[0]: reason: {worst_at_least.at_least} has to be one number"),
    (REPORTED, 'kind = "or_unknown"\npart = { kind = "reported", symptoms = ["fever"] }', "true of a patient who said nothing"),
    (REPORTED, 'kind = "no_relief"\nwithin = 7\nbut = ["none_helped"]', "true of a patient who said nothing at all"),
    ('kind = "reported"\nsymptoms = ["fever"]',
     'kind = "within_days"\ndays = 1\nparts = [{ kind = "reported", symptoms = ["fever"] }]\nanchor = { kind = "duration_at_least", days = 3 }',
     "arms[0].when: duration_at_least cannot stand in it"),
    ("[[arms]]", EXAMPLE.replace("yes", "perhaps"), "X01.toml: examples[0]: diary: fever: 'perhaps' can't stand there"),
    ("[[arms]]", EXAMPLE.replace("fever", "fewer"), "X01.toml: examples[0]: diary: fewer: there is no such column"),
    ("[[arms]]", EXAMPLE.replace('"R"', '"maybe"'), "X01.toml: examples[0]: outcome is 'maybe', expected one of E, U, R, I, no, ?"),
    ("[[arms]]", EXAMPLE.replace("says", "sais"), "X01.toml: examples[0]: sais is no key here"),
    ("[[arms]]", "[[arms", "X01.toml: not a TOML file")])
def test_refused_naming_file_and_key(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(Refused) as refused:
        _load(tmp_path, GOOD.replace(old, new, 1))
    assert says in str(refused.value)


def test_two_rules_with_one_bit(tmp_path: Path) -> None:
    (tmp_path / "X02.toml").write_text(GOOD.replace("X01", "X02"), encoding="utf-8")
    with pytest.raises(Refused, match="two rules have the bit 60"):
        _load(tmp_path, GOOD)


def test_of_nothing_follows_three_values() -> None:
    unknown, true = Reported(("fever",)), NoRelief(7, ("none_helped",))
    assert (AllOf((unknown, true)).of_nothing(), AllOf((unknown, Not(true))).of_nothing()) == (None, False)
    assert (AnyAnswer((unknown, true)).of_nothing(), AnyAnswer((unknown, Not(true))).of_nothing()) == (True, False)
    assert (AtLeast(1, (unknown, true)).of_nothing(), AtLeast(2, (unknown, true)).of_nothing(), AtLeast(2, (unknown, Not(true))).of_nothing()) == (
        True, None, False)
    assert WithinDays(1, unknown, (OrUnknown(unknown),)).of_nothing() is None


# --- conditions that the shipped rules do not use ---------------------------------------------------------------------------------

ARM = '''
[[arms]]
tier = "R"
reason = "Because"
[arms.when]
'''


@pytest.mark.parametrize(("when", "outcomes"), [
    ('kind = "denied"\nsymptoms = ["fever"]', {1: False, 2: True, 3: None}),
    ('kind = "not"\npart = { kind = "patient_has", history = ["diabetes"] }', {1: False, 2: True, 3: None}),
    ('kind = "at_least"\ncount = 2\nparts = [{ kind = "reported", symptoms = ["fever"] }, { kind = "patient_has", history = ["diabetes"] }, '
     '{ kind = "reported", symptoms = ["vomiting"] }]', {1: True, 2: False, 3: None}),
    ('kind = "named"\nfield = "radiates_to"\ncodes = ["arm_left"]', {1: True, 2: False, 3: None}),
    ('kind = "within_days"\ndays = 0\nanchor = { kind = "named", field = "locations", codes = ["neck"] }\n'
     'parts = [{ kind = "or_unknown", part = { kind = "reported", symptoms = ["fever"] } }]', {1: True, 2: False, 3: None}),
    ('kind = "within_days"\ndays = 0\nanchor = { kind = "worst_at_least", at_least = 8 }\n'
     'parts = [{ kind = "named", field = "locations", codes = ["neck"] }]', {1: True, 2: False, 3: None}),
    ('kind = "same_entry"\nparts = [{ kind = "any", parts = [{ kind = "reported", symptoms = ["fever"] }, '
     '{ kind = "named", field = "radiates_to", codes = ["jaw"] }] }]', {1: True, 2: False, 3: None}),
    ('kind = "all"\nparts = [{ kind = "rule_not_met", rule = "X01" }, { kind = "reported", symptoms = ["fever"] }]', {1: False, 2: False, 3: None})])
def test_other_conditions(engine: Engine, tmp_path: Path, when: str, outcomes: dict[int, bool | None]) -> None:
    (tmp_path / "X02.toml").write_text(GOOD.split("[[arms]]")[0].replace("X01", "X02").replace("60", "59") + ARM + when, encoding="utf-8")
    rules = _load(tmp_path, GOOD)
    assert from_document(document(rules)) == rules
    diaries.write(engine, diaries.table("""
        patient_id | fever | diabetes | locations | radiates_to | severity
        1          | yes   | yes      | neck      | arm_left    | 9
        2          | no    | no       | neck      |             | 2
        3          |       |          |           |             |
        """))
    with engine.connect() as connection:
        found = evaluate(connection, cohort.entries(connection, diaries.FIRST + 100), rules, diaries.FIRST + 100)
        s, m = found.standing.c, found.met.c
        said = {row.patient: True if row.met >> 59 & 1 else None if row.cannot_assess >> 59 & 1 else False for row in connection.execute(select(s))}
        assert said == outcomes
        met = select(m.first_evidence, m.last_evidence, m.last_entry).where(m.rule_bit == 59)
        assert all(tuple(row[:2]) == (diaries.FIRST + 100,) * 2 and row.last_entry is not None for row in connection.execute(met))
        for patient, outcome in outcomes.items():
            entries = cohort.entries(connection, diaries.FIRST + 100)
            shown = connection.execute(evaluation.evidence(connection, entries, rules[0], patient, diaries.FIRST + 100)).all()
            assert (len(shown) > 0) is (outcome is True) or "rule_not_met" in when


# --- one failing rule -------------------------------------------------------------------------------------------------------------

DENIED = " | ".join(("chest_pain", "trouble_breathing", "leg_weakness", "urinary_incontinence", "bowel_incontinence", "urinary_retention",
                     "bladder_sensation_loss", "saddle_numbness"))


def _two(engine: Engine) -> None:
    diaries.write(engine, diaries.table(f"""
        patient_id | fever | {DENIED}
        1          |       | no | no | no | no | no | no | no | no
        2          | yes   | no | no | no | no | no | no | no | no
        """))


@pytest.mark.parametrize("how", ["python", "database", "reading"])
@pytest.mark.parametrize("everybody", [True, False])
def test_a_failing_rule_takes_no_other_down_and_clears_nobody(engine: Engine, monkeypatch: pytest.MonkeyPatch, how: str, everybody: bool) -> None:
    _two(engine)
    original, reading = asking.answer, evaluation.look

    def look(connection: Connection, entries: Select, rules: tuple[Rule, ...], *how_: object) -> Look:
        without = next((one for one in how_ if isinstance(one, frozenset)), frozenset())
        if any(rule.rule_id == "E04" for rule in rules) and "E04" not in without:
            connection.execute(text("SELECT no_such_column FROM import_batch"))
        return reading(connection, entries, rules, *how_)

    def answer(condition: Condition, record: FromClause, shown: object) -> ColumnElement[bool]:
        if how == "reading" or condition != RuleSet(1, SOME).by_id("E04").arms[0].when:
            return original(condition, record, shown)
        if how == "python":
            raise ZeroDivisionError
        return literal_column("no_such_column > 0", Boolean)

    monkeypatch.setattr(evaluation, "questions", asking.questions.__wrapped__)  # what is asked is not kept from one time to the next
    monkeypatch.setattr(asking, "answer", answer)
    if how == "reading":
        monkeypatch.setattr(evaluation, "look", look)
    as_of = diaries.FIRST + 100

    def work(doubt: Doubt) -> tuple[Outcomes, dict[int, tuple]]:
        with engine.connect() as connection:
            found = evaluate(connection, cohort.entries(connection, as_of), SOME, as_of, everybody, doubt)
            b = buckets(connection, found, SOME).c
            return found, {row.patient: tuple(row)[1:] for row in connection.execute(select(b.patient, b.bucket, b.cannot_assess))}

    found, stood = isolated(work)
    assert found.failed == ("E04",)
    assert {patient: row[0] for patient, row in stood.items()} == {1: "not_assessable", 2: "same_day"}
    assert all(row[1] & RuleSet(1, SOME).bits(("E04",)) for row in stood.values())


def test_an_evaluation_that_misses_somebody_is_none(duckdb_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has no answer, or of whom nobody could say why, would look as if nothing had been met."""
    _two(duckdb_engine)
    for lost in ("standing", "met"):
        def without(connection: Connection, asked: asking.Questions, lost: str = lost) -> Table:
            stood = asking.answered(connection, asked)
            connection.execute(delete(stood if lost == "standing" else table("rule_met")))
            return stood
        monkeypatch.setattr(evaluation, "answered", without)
        with duckdb_engine.connect() as connection, pytest.raises(RuntimeError, match="the evaluation answered for"):
            evaluate(connection, cohort.entries(connection, diaries.FIRST + 100), SOME, diaries.FIRST + 100)
