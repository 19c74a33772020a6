"""The rules as SQL against the rules in plain Python, on both engines, and what must hold whatever anybody says."""
import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, Select, Table, select

from dashboard import audit, cohort, schema
from dashboard.codelists import HISTORY, SYMPTOM
from dashboard.imports import commit, plan, tabular, undo
from dashboard.rules import evaluate as evaluation
from dashboard.rules import over_time, trial, workload
from dashboard.rules.definition import TIERS, RuleSet, load
from dashboard.rules.evaluate import Outcomes, buckets, evaluate, evidence
from tests import cohort_files, diaries, rules_oracle, state_model
from tests.conftest import asks_a_database
from tests.rules_oracle import Outcome

RULES = RuleSet(1, load())
AS_OFS = (100, 60, 95, 113)
CAMPAIGN = os.environ.get("HYPOTHESIS_PROFILE") == "campaign"
SEEDS, PATIENTS = (range(10), 2000) if CAMPAIGN else (range(1), 80)
LARGE, AT_ONCE = 100_000 if CAMPAIGN else 60, 2000
Row = dict[str, str]

_PLACES = ("", "", "mid_back", "neck", "arm_left", "other", "none", "other;arm_left", "buttock_left", "between_shoulder_blades", "abdomen", "chest_left",
           "left_upper_abdomen", "saddle;buttock_right", "foot_left", "leg_left;mid_back")
_WORDS = ("", "", "aching", "numb", "tingling", "none", "pins_and_needles;sharp", "tearing", "twisting", "stabbing", "crushing;shooting")
_ANSWERS = ("", "", "", "yes", "no")
_SYMPTOMS = (*SYMPTOM.bit, *HISTORY.bit)
_CELLS = {
    "locations": _PLACES, "qualities": _WORDS, "severity": ("", "0", "1", "3", "6", "7.5", "8", "9", "10"), "worst_severity": ("", "", "0", "8", "9", "10"),
    "temperature_c": ("", "", "", "36.6", "37.9", "38", "38.0", "39.2"), "trend": ("", "", "better", "same", "worse"),
    "relief_helped": ("", "", "", "none", "none_helped", "rest", "none_helped;rest", "exercise"),
    "relief_tried": ("", "", "none", "rest", "exercise", "exercise;rest"), "birth_year": ("", "", "", "1954", "1966", "1967", "1986", "1990", "2008"),
    "sex": ("", "", "female", "male"), "onset_speed": ("", "", "", "sudden", "gradual", "gradual"), "pattern": ("", "", "constant", "intermittent"),
    "radiates_to": ("", "", "", "none", "arm_left", "jaw", "leg_right"), "aggravated_by": ("", "", "", "exertion", "coughing", "none"),
    "interference": ("", "", "3", "7", "9")}
# days that lie on either side of every limit: adjacent, 7, 14, 28 and 84 days
_DAYS = (0, 1, 2, 3, 6, 7, 8, 9, 13, 14, 15, 16, 28, 29, 35, 36, 56, 57, 60, 80, 84, 85, 86, 88, 91, 92, 95, 96, 97, 98, 99, 100)
_DENSE = (*range(60, 68), *range(87, 101))  # enough diary days in both of two weeks, four weeks apart
_ONSETS_AGO = (-1, 0, 1, 3, 4, 6, 7, 8, 30, 83, 84, 85)


@st.composite
def _rows(draw: st.DrawFn) -> list[Row]:
    rows = []
    for _ in range(draw(st.integers(1, 12))):
        day = draw(st.sampled_from(_DAYS))
        onset = draw(st.sampled_from(("", "", "", *[str(day - ago) for ago in _ONSETS_AGO])))
        row = {"patient_id": str(draw(st.integers(1, 3))), "day": str(day), "onset": onset}
        row |= {name: draw(st.sampled_from(cells)) for name, cells in _CELLS.items()}
        row |= {name: draw(st.sampled_from(_ANSWERS)) for name in draw(st.sets(st.sampled_from(_SYMPTOMS), max_size=10))}
        rows.append(row)
    return rows


def _cohort(patients: int, seed: int) -> list[Row]:
    chance = random.Random(seed)
    rows = [row for patient in range(1, patients + 1) for row in _diary(patient, chance)]
    chance.shuffle(rows)
    return rows


def _diary(patient: int, chance: random.Random) -> list[Row]:
    """Half of the patients are at the edges of every rule; of the others most is unremarkable, red flags are rare, some never asked."""
    asked = [symptom for symptom in _SYMPTOMS if chance.random() < 0.7]
    base, level, edgy, dense, rows = chance.randrange(0, 30), chance.uniform(1, 10), patient % 2, patient % 4 == 0, []
    for _ in range(chance.randrange(1, 8 if edgy else 24 if dense else 16)):
        day = chance.choice(_DAYS) if edgy else chance.choice(_DENSE) if dense else base + int(chance.paretovariate(0.6)) % 100
        onsets = [day - ago for ago in _ONSETS_AGO] if edgy else [base] if dense else [base, base + 1, day - 2]
        row = {"patient_id": str(patient), "day": str(day), "onset": chance.choice(["", "", "", *map(str, onsets)])}
        row |= {name: chance.choice(cells) for name, cells in _CELLS.items()}
        if edgy:
            row |= {symptom: chance.choice(_ANSWERS) for symptom in chance.sample(_SYMPTOMS, chance.randint(0, 10))}
        else:
            row["severity"] = chance.choice(["", f"{min(10, max(0, level + chance.gauss(0, 2))):.1f}"])
            row |= {symptom: chance.choices(["yes", "no", ""], [0.03, 0.5, 0.47])[0] for symptom in asked}
        rows.append(row)
    return rows


@pytest.fixture(autouse=True)
def _nothing_is_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that both ways are tested: entries copied first, and entries read where they are."""
    monkeypatch.setattr(evaluation, "FEW", 0)


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection


def _evaluated(connection: Connection, rows: list[Row], as_of: int, everybody: bool = False) -> tuple[dict[tuple[int, str], Outcome], dict[int, dict]]:
    """What the SQL says, in the words of the oracle; and the buckets. Nothing stays in the database."""
    diaries.append(connection, rows)
    day = diaries.FIRST + as_of
    said = _said(connection, _asked(connection, cohort.entries(connection, day), day, everybody))
    connection.rollback()
    return said


def _asked(connection: Connection, entries: Select, day: int, everybody: bool) -> tuple[Outcomes, Table]:
    found = evaluate(connection, entries, RULES.rules, day, everybody, assess=RULES.rules)
    assert found.failed == ()
    return found, buckets(connection, found, RULES.rules)


def _said(connection: Connection, asked: tuple[Outcomes, Table], patients: tuple[int, int] = (0, 2**31 - 1)) -> tuple[
        dict[tuple[int, str], Outcome], dict[int, dict]]:
    """Of the patients from one number to another."""
    found, stood = asked
    outcomes = {}
    for row in connection.execute(select(found.standing).where(found.standing.c.patient.between(*patients))).mappings():
        met, unknown, recently = (set(RULES.ids(row[name])) for name in ("met", "cannot_assess", "assessed_recently"))
        for rule in RULES.rules:
            answer = True if rule.rule_id in met else None if rule.rule_id in unknown else False
            outcomes[row["patient"], rule.rule_id] = Outcome(answer, None, None, None, None, None, None, rule.rule_id in recently)
    ids = {rule.bit: rule.rule_id for rule in RULES.rules}
    for row in connection.execute(select(found.met).where(found.met.c.patient.between(*patients))).mappings():
        key = row["patient"], ids[row["rule_bit"]]
        first, last, onset = (None if day is None else int(day) - diaries.FIRST for day in (row["first_evidence"], row["last_evidence"], row["episode_onset"]))
        assert outcomes[key].met
        assert outcomes[key].tier is None, "a rule is met twice"
        outcomes[key] = outcomes[key]._replace(tier=row["tier"], arm=row["arm"], first=first, last=last, newest=row["last_entry"], onset=onset)
    return outcomes, {row["patient"]: dict(row) for row in connection.execute(select(stood).where(stood.c.patient.between(*patients))).mappings()}


def _compare(said: tuple[dict[tuple[int, str], Outcome], dict[int, dict]], wanted: dict[tuple[int, str], Outcome]) -> None:
    outcomes, stood = said
    assert outcomes == wanted
    by_patient: dict[int, dict[str, Outcome]] = {}
    for (patient, rule_id), outcome in wanted.items():
        by_patient.setdefault(patient, {})[rule_id] = outcome
    assert {patient: row["bucket"] for patient, row in stood.items()} == {patient: rules_oracle.bucket(found) for patient, found in by_patient.items()}
    for patient, row in stood.items():
        found = by_patient[patient]
        assert set(RULES.ids(row["met"])) == {rule_id for rule_id, outcome in found.items() if outcome.met}
        assert set(RULES.ids(row["cannot_assess"])) == {rule_id for rule_id, outcome in found.items() if outcome.met is None}
        assert set(RULES.ids(row["assessed_recently"])) == {rule_id for rule_id, outcome in found.items() if outcome.assessed_recently}
        worst = min((outcome.tier for outcome in found.values() if outcome.met and outcome.tier != "I"), key=list(TIERS).index, default=None)
        shown = [outcome for outcome in found.values() if outcome.met and outcome.tier == worst]
        assert row["tier"] == worst
        assert row["first_evidence"] == (diaries.FIRST + min(outcome.first for outcome in shown) if worst else None)
        assert row["last_evidence"] == (diaries.FIRST + max(outcome.last for outcome in shown) if worst else None)


@given(_rows(), st.sampled_from(AS_OFS))
@asks_a_database
def test_sql_says_what_the_oracle_says(connection: Connection, rows: list[Row], as_of: int) -> None:
    _compare(_evaluated(connection, rows, as_of), rules_oracle.evaluate(rows, as_of))


def test_a_large_cohort_that_came_in_files(duckdb_engine: Engine, postgresql_engine: Engine) -> None:
    """Every answer of every patient: after files that repeat and revise each other, one of them taken back, as of several days, and as known
    before it was taken back and since. What is live then is for the state model to say, the rules for their oracle."""
    engines = (duckdb_engine, postgresql_engine)
    files = cohort_files.written(_history(patient) for patient in range(1, LARGE + 1))
    events = [_sent(engine, files) for engine in engines]
    assert events[0] == events[1]
    for number, (as_of, known_at) in enumerate(((100, 3), (60, 4), (113, None)) if CAMPAIGN else ((100, 3), (113, None))):
        with duckdb_engine.connect() as one, postgresql_engine.connect() as other:
            _ask_all((one, other), as_of, known_at, events[0], everybody=number % 2 == 1)


def test_time_alone_moves_nobody_before_their_day(connection: Connection) -> None:
    for seed in SEEDS[::10]:
        rows = _cohort(PATIENTS, seed)
        _, stood = _evaluated(connection, rows, 95)
        before, moved = rules_oracle.evaluate(rows, 95), set()
        for day in (96, 97, 99, 101, 103, 110, 125, 200):
            after = rules_oracle.evaluate(rows, day)
            elsewhere = {patient for patient, rule_id in after if after[patient, rule_id] != before.get((patient, rule_id))}
            heard = {int(row["patient_id"]) for row in rows if 95 < int(row["day"]) <= day}
            assert elsewhere <= heard | {patient for patient, row in stood.items() if row["turns_on"] <= diaries.FIRST + day}
            moved |= elsewhere - heard
        assert moved
        assert len([patient for patient, row in stood.items() if row["turns_on"] == diaries.FIRST + 96]) < len(stood) / 4


def test_all_weeks_asked_at_once(connection: Connection) -> None:
    """Who meets which rule as which tier at the end of each week, where a patient as of each week is one of their own to the rules."""
    numbers, days, bits = np.arange(1, PATIENTS + 1), (113, 100, 98, 95, 60, 8), {rule.rule_id: rule.bit for rule in RULES.rules}
    for seed in SEEDS:
        rows = _cohort(PATIENTS, seed)
        diaries.append(connection, rows)
        ends = [diaries.FIRST + day for day in days]
        stands = workload.apart(trial.standing(connection, RULES.rules, ends[0], entries=workload.in_each_week(ends, numbers)), len(ends))
        connection.rollback()
        for day, stood in zip(days, stands, strict=True):
            wanted = {(patient, outcome.tier, bits[rule_id]) for (patient, rule_id), outcome in rules_oracle.evaluate(rows, day).items() if outcome.met}
            found = {(int(patient), tier, bit) for tier, met in zip(trial.QUEUED, stood.met, strict=True)
                     for patient, one in zip(stood.patients, met, strict=True) for bit in bits.values() if int(one) >> bit & 1}
            assert found == {one for one in wanted if one[1] in trial.QUEUED}, day


def _history(patient: int) -> list[list[tuple[state_model.Row, Row]]]:
    return cohort_files.files_of(patient, lambda chance: _diary(patient, chance), seed=1)


def _sent(engine: Engine, files: list[bytes]) -> dict[int | None, int | None]:
    """Our numbers of the model's events."""
    events, who = {None: None}, {"by": "R. Okafor", "at": datetime(2026, 5, 1, tzinfo=UTC)}
    for number, (content, day) in enumerate(zip(files, cohort_files.IMPORTED, strict=True), 1):
        with engine.connect() as connection:
            planned = plan.plan(connection, tabular.read(content, f"{number}.csv"), today=diaries.FIRST + day)
        commit.commit(engine, planned, **who)
        with engine.connect() as connection:
            events[len(events)] = audit.latest(connection)
        if number == cohort_files.UNDONE_AFTER:
            undo.undo(engine, cohort_files.UNDONE, **who)
            with engine.connect() as connection:
                events[len(events)] = audit.latest(connection)
    return events


def _ask_all(connections: tuple[Connection, Connection], as_of: int, known_at: int | None, events: dict[int | None, int | None], everybody: bool) -> None:
    day, p, e = diaries.FIRST + as_of, schema.patient.c, schema.diary_entry.c
    asked, people, entries = [], [], []
    for connection in connections:
        asked.append(_asked(connection, cohort.entries(connection, day, events[known_at]), day, everybody))
        people.append({(name, patient_id): number for number, name, patient_id in connection.execute(
            select(p.patient, schema.source.c.name, p.patient_id).join(schema.source, schema.source.c.source == p.source))})
        entries.append(connection.execute(select(e.patient, e.entry).order_by(e.entry)).all())
    assert people[0] == people[1] and entries[0] == entries[1]
    numbers: dict[int, list[int]] = {}
    for number, entry in entries[0]:
        numbers.setdefault(number, []).append(entry)
    ours = {people[0][name]: n for n in range(1, LARGE + 1) if (name := cohort_files.name_of(n)) in people[0]}
    assert not any(cohort_files.known(_history(n)).entries for n in {*range(1, LARGE + 1)} - {*ours.values()}), "somebody's rows were lost"
    for first in range(1, max(ours) + 1, AT_ONCE):
        last = first + AT_ONCE - 1
        wanted: dict[tuple[int, str], Outcome] = {}
        for number in filter(ours.get, range(first, last + 1)):
            world = cohort_files.known(_history(ours[number]))
            assert len(numbers[number]) == len(world.entries)
            live = cohort_files.live(world, as_of, known_at)
            for key, outcome in rules_oracle.evaluate([{"patient_id": str(number), **row} for _, row in live], as_of).items():
                wanted[key] = outcome if outcome.newest is None else outcome._replace(newest=numbers[number][live[outcome.newest - 1][0] - 1])
        for connection, found in zip(connections, asked, strict=True):
            _compare(_said(connection, found, (first, last)), wanted)


def test_a_new_red_flag_never_lowers_a_tier(connection: Connection) -> None:
    flags = [symptom for symptom in _SYMPTOMS if symptom not in ("both_legs", "longstanding", "flare", "urgent")]
    for seed in SEEDS:
        rows, chance = _cohort(PATIENTS, seed), random.Random(seed)
        more = [{"patient_id": str(patient), "day": str(chance.choice(_DAYS)), chance.choice(flags): "yes"} for patient in range(1, PATIENTS + 1)]
        before, after = (_evaluated(connection, which, 100)[0] for which in (rows, rows + more))
        for patient in range(1, PATIENTS + 1):
            assert _worst(after, patient) <= _worst(before, patient), patient


def _worst(outcomes: dict[tuple[int, str], Outcome], patient: int) -> int:
    """Of tiers E and U, as a number. A rule may step back behind a worse one; what looks at the last days only, or at the episode, may
    change with what the last days are."""
    looks_back = (*over_time.OF_EPISODES, *over_time.OF_LAST_DAYS, over_time.SeverityOnDays)
    tiers = [outcomes[patient, rule.rule_id].tier for rule in RULES.rules
             if (patient, rule.rule_id) in outcomes and not any(isinstance(part, looks_back) for part in rule.parts)]
    return min([list(TIERS).index(tier) for tier in tiers if tier in ("E", "U")], default=9)


def test_saying_no_later_clears_no_emergency(connection: Connection) -> None:
    denied = dict.fromkeys([symptom for symptom in _SYMPTOMS if symptom != "longstanding"], "no")
    for seed in SEEDS:
        rows = _cohort(PATIENTS, seed)
        later = [{"patient_id": str(patient), "day": "130", **denied} for patient in range(1, PATIENTS + 1)]
        before, after = (_evaluated(connection, which, 130)[0] for which in (rows, rows + later))
        emergencies = {key: outcome._replace(assessed_recently=True) for key, outcome in before.items() if outcome.tier == "E"}
        assert emergencies
        assert {key: after[key]._replace(assessed_recently=True) for key in emergencies} == emergencies


def test_every_met_rule_shows_its_entries(connection: Connection) -> None:
    rows, day = _cohort(40 if CAMPAIGN else 3, 7), diaries.FIRST + 100
    outcomes, _ = _evaluated(connection, rows, 100)
    diaries.write(connection.engine, rows)
    for (patient, rule_id), outcome in outcomes.items():
        if outcome.met:
            connection.rollback()  # PostgreSQL locks every table that a transaction ever made, and has room for some thousands
            shown = connection.execute(evidence(connection, cohort.entries(connection, day), RULES.by_id(rule_id), patient, day)).all()
            assert {outcome.first, outcome.last} <= {row.day - diaries.FIRST for row in shown}
            assert outcome.arm in {row.arm for row in shown}
            assert {int(rows[row.entry - 1]["patient_id"]) for row in shown} == {patient}
