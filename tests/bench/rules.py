"""Evaluation of all rules."""
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from dashboard import cohort, database, start
from dashboard.rules import active, flags
from dashboard.rules.definition import load
from dashboard.rules.evaluate import buckets, evaluate
from dashboard.schema import patient_outcome
from tests.bench.measure import Row, seconds
from tests.bench.subject import Subject

TOUCHED = 1_000


def everybody(subject: Subject) -> Iterator[Row]:
    def work() -> None:
        with subject.engine.connect() as connection:
            rules = active.current(connection).rules
            buckets(connection, evaluate(connection, cohort.entries(connection, subject.as_of), rules, subject.as_of), rules)
    yield Row(f"all {len(load())} rules for everybody, not stored", subject.entries, seconds(work), 5)


def touched(subject: Subject) -> Iterator[Row]:
    """As after a small import: patients from all over the table, one in so many."""
    with subject.engine.connect() as connection:
        known = sorted(connection.scalars(select(patient_outcome.c.patient)))
    some = [int(patient) for patient in known[::max(len(known) // TOUCHED, 1)][:TOUCHED]]

    def work() -> None:
        with subject.engine.connect() as connection:
            rules = active.current(connection).rules
            who = database.store(connection, "evaluated_patient", select(patient_outcome.c.patient).where(patient_outcome.c.patient.in_(some)))
            entries = cohort.entries(connection, subject.as_of, patients=who)
            buckets(connection, evaluate(connection, entries, rules, subject.as_of, everybody=False), rules)
    yield Row(f"the same for {len(some):,} patients", subject.entries, seconds(work), 0.3)


def stored(subject: Subject) -> Iterator[Row]:
    """On a copy. Nothing is new, so no flag is opened; outcomes are replaced. Then the day turns, for whom it can move."""
    subject.close()
    with tempfile.TemporaryDirectory(prefix="pain-diary-bench-") as folder:
        engine = start.open_database(f"duckdb:///{shutil.copy(subject.file, Path(folder))}", at=subject.at, today=subject.today)
        taken = seconds(lambda: flags.store(engine, as_of=subject.as_of, by="bench", at=subject.at))
        moved = []
        turned = seconds(lambda: moved.append(flags.store(engine, as_of=subject.as_of + 1 + len(moved), by="bench", at=subject.at, everybody=False)))
        engine.dispose()
    yield Row("the same for everybody, stored, with flags compared", subject.entries, taken)
    yield Row(f"the same when the day turns, for {moved[0]['patients']:,} patients, stored, with flags compared", subject.entries, turned)
