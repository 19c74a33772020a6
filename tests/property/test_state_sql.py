"""The database answers like the state model, after every event of a story, on both engines: as it is, and as it was known then."""
import csv
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import accumulate

import pytest
from hypothesis import given, settings
from sqlalchemy import Connection, Engine, select

from dashboard import audit, cohort, database, triage, worklist
from dashboard.codelists import CHOICES, SYMPTOM
from dashboard.days import date_of
from dashboard.imports import commit, plan, tabular, undo
from dashboard.rules import answers, flags
from dashboard.schema import (
    diary_entry,
    duplicate_row,
    evaluation,
    flag,
    import_batch,
    patient,
    patient_outcome,
    quarantined_row,
    rule_set,
    source,
    supersession,
)
from tests import databases
from tests import state_model as model
from tests.conftest import asks_a_database
from tests.state_events import FIRST_DAY, RULING_STORIES, Act, Drawn, Evaluate, Import, Step, TakeBack, Undo, steps, stories, told
from tests.state_model import Row, World

BY, START = "R. Okafor", datetime(2024, 11, 1, 9, tzinfo=UTC)
SYMPTOMS = ("saddle_numbness", "leg_numbness", "both_legs", "night_pain", "longstanding")
LATEST = FIRST_DAY + 10_000


# --- the model's rules and rows, as the product reads them ------------------------------------------------------------------------

def _document() -> str:
    def condition(rule: model.Rule) -> dict:
        return {"kind": "reported", "symptoms": [rule.symptom], "only": "new"}

    def arms(rule: model.Rule) -> list[dict]:
        raised = [{"tier": "E", "reason": "raised", "raises_only": True, "when": {
            "kind": "same_entry", "parts": [condition(rule), {"kind": "reported", "symptoms": [rule.raised_by]}]}}] if rule.raised_by else []
        return [*raised, {"tier": rule.tier, "reason": rule.symptom, "when": condition(rule)}]
    return json.dumps([{
        "id": rule.name, "bit": bit, "version": 1, "title": rule.symptom, "action": "look", "assess_required": rule.required,
        "sources": [{"kind": "proposal", "ref": "tests", "says": "nothing"}], "arms": arms(rule)} for bit, rule in enumerate(model.RULES)])


def _activate_rules(engine: Engine) -> None:
    with database.writing(engine) as connection:
        connection.execute(rule_set.insert().values(version=1, digest="tests", document=_document(), shipped=False, event=audit.next_event(connection)))
        audit.record(connection, "rule_set_activated", by=BY, at=START, subject="1", reason="tests")


def _recorded_at(row: Row) -> str:
    minutes, offset = row.time
    clock = "" if minutes is None else f"T{minutes // 60:02}:{minutes % 60:02}"
    zone = "" if offset is None else f"+{offset // 60:02}:{offset % 60:02}"
    return f"{date_of(row.day)}{clock}{zone}"


def _csv(rows: tuple[Row, ...]) -> bytes:
    sheet = StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(("source", "patient_id", "entry_id", "recorded_at", "onset_date", "severity", *SYMPTOMS))
    for row in rows:
        said = dict(row.says)
        writer.writerow((row.source, row.patient, row.entry_id or "", _recorded_at(row), "" if row.onset is None else date_of(row.onset),
                         "99" if row.fault else said.get("severity", ""), *(said.get(symptom, "") for symptom in SYMPTOMS)))
    return sheet.getvalue().encode()


# --- telling a story to the database ----------------------------------------------------------------------------------------------

class Product:
    """The database, and what its numbers are called in the model."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.at = engine, START
        databases.empty(engine)
        _activate_rules(engine)
        with engine.connect() as connection:
            self.events = {0: audit.latest(connection)}
        self.entries: dict[int, int] = {}  # ours to the model's
        self.paired: list[tuple[Mapping, model.Flag]] = []

    def tell(self, step: Step, before: World, world: World) -> None:
        self.at += timedelta(minutes=1)
        match step:
            case Import(rows, today):
                self._import(rows, today, world)
            case Undo(batch, _):
                undo.undo(self.engine, batch, by=BY, at=self.at)
            case Evaluate(as_of) if world is not before:
                # everybody, or those whose entries changed: the same must come of it
                flags.store(self.engine, as_of=as_of, by=BY, at=self.at, everybody=world.event % 2 == 0)
            case Act():
                self._act(step)
            case TakeBack(flag):
                done = model.may_take_back(before, flag)
                triage.undo(self.engine, self.events[done.event], by=done.by, at=self.at)
        with self.engine.connect() as connection:
            self.events[world.event] = audit.latest(connection)

    def _import(self, rows: tuple[Row, ...], today: int, world: World) -> None:
        sheet = tabular.read(_csv(rows), "diary.csv")
        with self.engine.connect() as connection:
            planned = plan.plan(connection, sheet, today=today)
        receipt = commit.commit(self.engine, planned, by=BY, at=self.at)
        assert planned.counts == receipt.counts
        fates = world.batches[-1].fates
        kinds = [fate.kind for fate in fates]
        assert receipt.batch == world.batches[-1].number
        assert receipt.counts == {
            "rows_in": len(rows), "entries": sum(fate.kind == "loaded" and not fate.revised for fate in fates), "revised": sum(fate.revised for fate in fates),
            "repeats": sum(fate.repeats for fate in fates), **{kind: kinds.count(kind) for kind in ("loaded", "quarantined", "duplicate", "left_out")}}
        with self.engine.connect() as connection:
            e = diary_entry.c
            for entry, row_number in connection.execute(select(e.entry, e.row_number).where(e.batch == receipt.batch)):
                self.entries[entry] = fates[row_number - 2].entry
            repeated = {row - 2: self.entries[entry] for row, entry in connection.execute(
                select(duplicate_row.c.row_number, duplicate_row.c.entry).where(duplicate_row.c.batch == receipt.batch))}
            assert repeated == {n: fate.entry for n, fate in enumerate(fates) if fate.kind == "duplicate"}
            quarantined = connection.scalars(select(quarantined_row.c.row_number).where(quarantined_row.c.batch == receipt.batch)).all()
            assert sorted(row - 2 for row in quarantined) == [n for n, kind in enumerate(kinds) if kind == "quarantined"]

    def _act(self, step: Act) -> None:
        row, _ = self.paired[step.flag]
        action = triage.Action(step.kind, outcome=step.outcome, until_day=step.until, text="said so", assignee="R. Okafor" if step.kind == "assign" else None)
        triage.act(self.engine, {row["flag"]: row["version"]}, action, by=step.by, at=self.at, today=step.today)

    # --- asking -------------------------------------------------------------------------------------------------------------------

    def who(self, connection: Connection) -> dict[int, tuple[str, str]]:
        return {number: (name, patient_id) for number, name, patient_id in connection.execute(
            select(patient.c.patient, source.c.name, patient.c.patient_id).join(source, source.c.source == patient.c.source))}

    def live(self, connection: Connection, as_of: int, known_at: int | None = None) -> list[Mapping]:
        return list(connection.execute(cohort.entries(connection, as_of, known_at)).mappings())


    def pair_flags(self, connection: Connection, world: World) -> None:
        """Which of the database's flags is which of the model's: the first of a patient and rule is the first of them, and so on."""
        ours: dict[tuple[object, ...], list[Mapping]] = {}
        known = self.who(connection)
        for row in connection.execute(select(flag).order_by(flag.c.flag)).mappings():
            ours.setdefault((row["rule_id"], known[row["patient"]]), []).append(row)
        theirs: dict[tuple[object, ...], int] = {}
        for row in world.flags:
            theirs[row.rule, row.who] = theirs.get((row.rule, row.who), 0) + 1
        assert {key: len(rows) for key, rows in ours.items()} == theirs
        self.paired = [(ours[row.rule, row.who].pop(0), row) for row in world.flags]


def _bits(row: Row, answer: str) -> int:
    return SYMPTOM.bits([symptom for symptom, said in row.says if said == answer and symptom in SYMPTOMS])


def _check_diary(product: Product, connection: Connection, world: World) -> None:
    known, owners = product.who(connection), model.owners(world)
    for as_of in (LATEST, FIRST_DAY + 5):
        expected = {entry.number: entry.row for entry in model.live(world, as_of)}
        found = {product.entries[row["entry"]]: row for row in product.live(connection, as_of)}
        assert set(found) == set(expected)
        for number, row in found.items():
            said, (minutes, offset) = expected[number], expected[number].time
            assert known[row["patient"]] == said.who
            assert (row["entry_id"], row["day"], row["time_of_day"], row["utc_offset"], row["onset_day"]) == (
                said.entry_id, said.day, None if minutes is None else minutes * 60_000_000, offset, said.onset)
            assert (row["symptoms_present"], row["symptoms_denied"]) == (_bits(said, "yes"), _bits(said, "no"))
            assert (row["batch"], row["row_number"] - 1) == owners[number]
    assert {known[number] for number, *_ in connection.execute(cohort.patients())} == model.patients(world)
    assert cohort.live_batches(connection) == [batch.number for batch in world.batches if batch.undone is None]
    assert cohort.data_through(connection, FIRST_DAY + 9) == model.data_through(world, FIRST_DAY + 9)


def _check_supersession(product: Product, connection: Connection, world: World) -> None:
    """The one mutable fact column is what the append-only table says, and what the model says of entries that exist."""
    live = select(import_batch.c.batch).where(import_batch.c.undone_event.is_(None))
    truth = set(connection.scalars(select(supersession.c.entry).where(supersession.c.batch.in_(live))))
    column = set(connection.scalars(select(diary_entry.c.entry).where(diary_entry.c.superseded)))
    assert column == truth
    assert {product.entries[entry] for entry in column} & set(model.owners(world)) == model.superseded(world)


def _check_care(product: Product, connection: Connection, world: World) -> None:
    product.pair_flags(connection, world)
    for row, expected in product.paired:
        named = {"withdrawn": "evidence_withdrawn", "until": "until_day"}
        found = {name: row[named.get(name, name)] for name in ("tier", "met", "withdrawn", "status", "outcome", "acted", "until", "closed_day")}
        assert found == {name: getattr(expected, name) for name in found}, (expected, dict(row))
        if expected.met and expected.status != "closed":
            assert (row["first_evidence"], row["last_evidence"], product.entries[row["last_entry"]]) == (expected.first, expected.last, expected.newest)
        able = model.may_take_back(world, world.flags.index(expected))
        who = able.by if able else BY
        assert triage.undoable(triage.history(connection, [row["flag"]]), who) == ({product.events[able.event]} if able else set())
    assert flags.is_pending(connection) == model.pending(world)
    assert worklist.withdrawn_to_review(connection) == model.withdrawn_to_review(world)
    assert [tuple(row) for row in connection.execute(select(evaluation.c.event, evaluation.c.as_of).order_by(evaluation.c.evaluation))] == [
        (product.events[done.event], done.as_of) for done in world.evaluations]
    if world.evaluations and world.evaluations[-1].event == world.event:
        done, known = world.evaluations[-1], product.who(connection)
        stored = {known[row["patient"]]: row for row in connection.execute(select(patient_outcome)).mappings()}
        expected = model.buckets(world, done.as_of)
        assert {who: row["bucket"] for who, row in stored.items()} == expected
        made = model.outcomes(world, done.as_of)
        for who, row in stored.items():
            if expected[who] != "no_entries":
                for column, wanted in (("met", True), ("cannot_assess", None)):
                    assert row[column] == sum(1 << bit for bit, rule in enumerate(model.RULES) if made[who, rule.name].met is wanted)


def _check_known_then(product: Product, connection: Connection, world: World, then: list[World]) -> None:
    """As of some day, and as known at every event there was."""
    known = product.who(connection)
    for earlier in then:
        event = product.events[earlier.event]
        for as_of in (LATEST, FIRST_DAY + 5):
            found = {product.entries[row["entry"]] for row in product.live(connection, as_of, event)}
            assert found == {entry.number for entry in model.live(world, as_of, earlier.event)}, (as_of, earlier.event)
        assert {known[number] for number, *_ in connection.execute(cohort.patients(event))} == model.patients(world, earlier.event)
    middle = then[len(then) // 2]
    standing = answers.standing(connection, FIRST_DAY + 9, product.events[middle.event])
    buckets = list(model.buckets(world, FIRST_DAY + 9, middle.event).values())
    assert standing == {"patients": len(buckets), **{bucket: buckets.count(bucket) for bucket in CHOICES["bucket"]}, "failed_rules": []}


def _tell(engine: Engine, events: Iterable[tuple[Step, World]], *, and_look_back: bool) -> None:
    product, world, then, events = Product(engine), World(), [World()], list(events)
    last = events[-1][0]
    for step, after in events:
        product.tell(step, world, after)
        world = after
        then.append(world)
        with engine.connect() as connection:
            if not and_look_back and isinstance(step, Act | TakeBack) and step is not last:
                product.pair_flags(connection, world)  # the next evaluation shows what came of it
                continue
            _check_care(product, connection, world)
            if and_look_back or step is last or isinstance(step, Evaluate):
                _check_diary(product, connection, world)
                _check_supersession(product, connection, world)
    if and_look_back:
        with engine.connect() as connection:
            _check_known_then(product, connection, world, then)


# one that is the beginning of another is told with it
_WHOLE = [name for name, story in RULING_STORIES.items() if sum(other[:len(story)] == story for other in RULING_STORIES.values()) == 1]


@pytest.mark.parametrize("name", _WHOLE)
def test_ruling(engine: Engine, name: str) -> None:
    worlds = list(accumulate(RULING_STORIES[name], told, initial=World()))
    _tell(engine, zip(RULING_STORIES[name], worlds[1:], strict=True), and_look_back=False)


@given(story=stories())
@settings(max_examples=asks_a_database.max_examples * 2 // 5)  # each takes a hundred statements and more
def test_any_story(engine: Engine, story: list[Drawn]) -> None:
    _tell(engine, steps(story), and_look_back=True)


def test_the_newest_is_found_after_newer_ones_were_deleted(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(source.insert(), [{"source": number, "name": "s"} for number in (3, 4)])
    with engine.connect() as connection:
        if engine.dialect.name == "duckdb":
            connection.exec_driver_sql("CHECKPOINT")
    with engine.begin() as connection:
        connection.execute(source.delete())
    with engine.begin() as connection:
        connection.execute(source.insert().values(source=3, name="s"))
    with engine.connect() as connection:
        assert connection.scalars(select(source.c.source).order_by(source.c.source.desc()).limit(1)).all() == [3]
