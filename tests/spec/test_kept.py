"""Answers are kept until something happened, and counted ahead only while nobody waits."""
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, Engine, text

from dashboard import audit, database
from dashboard.kept import Answers

PATIENCE = 30  # seconds
FOR_EVER = text("SELECT count(*) FROM generate_series(1, 1000000) AS a, generate_series(1, 1000000) AS b")


def counting(calls: list[str]) -> Callable[[Connection, list[str]], dict[str, int]]:
    def count(connection: Connection, names: list[str]) -> dict[str, int]:
        calls.extend(names)
        return {name: connection.scalar(text("SELECT 1")) for name in names}
    return count


@pytest.fixture
def answers(engine: Engine) -> Answers:
    return Answers(engine)


def test_an_answer_is_kept_until_something_happened(engine: Engine, answers: Answers) -> None:
    calls: list[str] = []
    with engine.connect() as connection:
        for questions in ({"a": {"of": 1}}, {"a": {"of": 1}, "b": {"of": 1}}, {"a": {"of": 2}}):
            assert answers.of(connection, questions, counting(calls)) == dict.fromkeys(questions, 1)
        assert calls == ["a", "b", "a"]
    with database.writing(engine) as connection:
        audit.record(connection, "import_committed", by="M. Ito", at=datetime(2026, 3, 1, tzinfo=UTC))
    with engine.connect() as connection:
        answers.of(connection, {"a": {"of": 1}}, counting(calls))
    assert calls == ["a", "b", "a", "a"]


def test_what_is_expected_is_counted_before_anybody_asks(engine: Engine, answers: Answers) -> None:
    calls: list[str] = []
    done = threading.Event()

    def last(connection: Connection, names: list[str]) -> dict[str, int]:
        done.set()
        return dict.fromkeys(names, 1)
    answers.expect([({"a": {}}, counting(calls)), ({"b": {}}, counting(calls)), ({"c": {}}, last)])
    assert done.wait(PATIENCE)
    with engine.connect() as connection:
        assert answers.of(connection, {"a": {}, "b": {}}, counting(calls)) == {"a": 1, "b": 1}
    assert calls == ["a", "b"]


def test_who_waits_comes_first(engine: Engine, answers: Answers) -> None:
    begun, given_up, after = threading.Event(), threading.Event(), threading.Event()

    def endless(connection: Connection, names: list[str]) -> dict[str, int]:
        begun.set()
        try:
            return {"ahead": connection.scalar(FOR_EVER)}
        finally:
            given_up.set()
    answers.expect([({"ahead": {}}, endless)])
    assert begun.wait(PATIENCE)
    with engine.connect() as connection:
        number = 0
        while not given_up.is_set():  # who comes before the statement is sent interrupts nothing
            number += 1
            answers.of(connection, {"asked": {"number": number}}, counting([]))

        def wait(connection: Connection, names: list[str]) -> dict[str, int]:
            answers.expect([({"next": {}}, lambda connection, names: {"next": after.set()})])
            assert not after.wait(0.1)
            return counting([])(connection, names)
        answers.of(connection, {"other": {}}, wait)
        assert after.wait(PATIENCE)
