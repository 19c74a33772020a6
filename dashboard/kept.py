"""Answers, kept until an event may have changed them; and, while nobody waits, the answers to what is likely to be asked next."""
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from dashboard import audit, database

MOST = 4000  # small answers
Compute = Callable[[Connection, list[str]], Mapping[str, object]]
Asked = tuple[Mapping[str, dict], Compute]


class Answers:
    """Of one database, to all its readers. A question is a name and everything that its answer depends on besides the database: nothing
    ever has to be cleared. Whoever reads an answer shares it with others and must not change it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: dict[str, object] = {}
        self._change = threading.Condition()
        self._expected: list[Asked] = []
        self._waiting = 0  # readers
        self._ahead: Connection | None = None  # on which something expected is counted
        self._thread: threading.Thread | None = None

    def key(self, connection: Connection, name: str, question: dict) -> str:
        """Of a question, until an event may have changed its answer."""
        return self._key(audit.version(connection), name, question)

    def of(self, connection: Connection, questions: Mapping[str, dict], compute: Compute) -> dict[str, object]:
        """By the names of the questions. `compute` is given the names of those that are not kept yet."""
        found, missing = self._look(connection, questions)
        if missing:
            with self._first():
                found |= self._make(connection, missing, compute)
        return found

    def expect(self, likely: Sequence[Asked]) -> None:
        """Counts these, one after the other, as long as nobody waits for anything else; and nothing any more that was expected before."""
        with self._change:
            self._expected = list(likely)
            if self._expected and not (self._thread and self._thread.is_alive()):
                self._thread = threading.Thread(target=self._count_ahead, name="ahead", daemon=True)
                self._thread.start()
            self._change.notify_all()

    def _look(self, connection: Connection, questions: Mapping[str, dict]) -> tuple[dict[str, object], dict[str, str]]:
        version = audit.version(connection)
        keys = {name: self._key(version, name, question) for name, question in questions.items()}
        found = {name: self._kept[key] for name, key in keys.items() if key in self._kept}
        return found, {name: key for name, key in keys.items() if name not in found}

    def _key(self, version: object, name: str, question: dict) -> str:
        # one canonical text, as several arguments may collide
        return json.dumps([name, question, version, self._engine.url.render_as_string(hide_password=True)], sort_keys=True)

    def _make(self, connection: Connection, missing: dict[str, str], compute: Compute) -> Mapping[str, object]:
        made = compute(connection, list(missing))
        self._kept.update({key: made[name] for name, key in missing.items()})
        for key in list(self._kept)[:-MOST]:  # the oldest
            self._kept.pop(key, None)
        return made

    @contextmanager
    def _first(self) -> Iterator[None]:
        """A reader waits: what is counted ahead is given up."""
        with self._change:
            self._waiting += 1
            if self._ahead is not None:
                database.interrupt(self._ahead)
        try:
            yield
        finally:
            with self._change:
                self._waiting -= 1
                self._change.notify_all()

    def _count_ahead(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._expected and not self._waiting)
                questions, compute = self._expected.pop(0)
            try:
                with self._engine.connect() as connection, self._given_up_for(connection):
                    _, missing = self._look(connection, questions)
                    if missing and not self._waiting:
                        self._make(connection, missing, compute)
            except DBAPIError:
                pass  # given up, or the database is gone, which is said to the next reader who asks for anything

    @contextmanager
    def _given_up_for(self, connection: Connection) -> Iterator[None]:
        with self._change:
            self._ahead = connection
        try:
            yield
        finally:
            with self._change:
                self._ahead = None
