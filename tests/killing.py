"""Processes that import a file and are killed at it. They are forks of one that has loaded everything, so that each begins at once."""
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from dashboard import database
from dashboard.imports import commit, plan, tabular
from dashboard.rules import active

STEPS = ("opened", "planned", "committed", "evaluated", "closed")


class Importer:
    """Runs imports, and ends them within a step: at a share of the time that this step took the last time it came to its end, so that
    the moments stay spread over all steps however busy the machine is."""

    def __init__(self, process: subprocess.Popen) -> None:
        self._process = process
        self._took: dict[str, float] = {}

    def run(self, url: str, file: Path, at: datetime, today: int, killed_after: str | None = None, share: float = 0.0) -> str:
        """The last step that was said to be done."""
        self._process.stdin.write(json.dumps([url, str(file), at.isoformat(), today]) + "\n")
        self._process.stdin.flush()
        child, last, since = int(self._line()), "", time.monotonic()
        while last != (killed_after or STEPS[-1]):
            last, since = self._next(last, since)
        if killed_after is not None:
            time.sleep(share * self._took[killed_after])
            os.kill(child, signal.SIGKILL)  # a child that has ended is still there until its parent has heard that it was killed
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        while (line := self._line()) != "ended":
            last = line
        assert last in STEPS, last
        return last

    def _next(self, last: str, since: float) -> tuple[str, float]:
        found, now = self._line(), time.monotonic()
        assert found in STEPS, found
        self._took[last] = now - since
        return found, now

    def _line(self) -> str:
        return self._process.stdout.readline().strip()


@contextmanager
def importer(log: Path) -> Iterator[Importer]:
    with log.open("w") as errors:
        process = subprocess.Popen([sys.executable, "-m", "tests.killing"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            yield Importer(process)
        finally:
            process.stdin.close()
            process.wait(30)
            process.stdout.close()


def moments(count: int, seed: int | None) -> list[tuple[str, float]]:
    """After which step, and at which share of the next one; as many in each."""
    draw = random.Random(seed)
    return [(STEPS[number % (len(STEPS) - 1)], draw.random()) for number in range(count)]


def _imports(url: str, file: str, at: str, today: int) -> None:
    engine = database.open_engine(url)
    _say("opened")
    with engine.connect() as connection:
        planned = plan.plan(connection, tabular.read(Path(file), Path(file).name), today=today, rules=active.current(connection).rules)
    _say("planned")
    stored = commit.commit
    commit.commit = lambda *given, **named: (stored(*given, **named), _say("committed"))[0]
    commit.commit_and_evaluate(engine, planned, by="M. Ito", at=datetime.fromisoformat(at), today=today)
    _say("evaluated")
    engine.dispose()
    _say("closed")


def _say(what: str) -> None:
    os.write(1, f"{what}\n".encode())


def _serve() -> None:
    while order := sys.stdin.readline():
        child = os.fork()
        if not child:
            try:
                _imports(*json.loads(order))
            finally:
                os._exit(0)
        _say(str(child))
        sys.stdin.readline()
        os.waitpid(child, 0)
        _say("ended")


if __name__ == "__main__":
    _serve()
