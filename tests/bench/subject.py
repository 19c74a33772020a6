"""What is measured: a database with synthetic diaries, and the same diaries as a pandas frame."""
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path

import pandas as pd
from sqlalchemy import Engine, func, select

from dashboard import cohort, conditions, start
from dashboard.days import day_of
from dashboard.rules import active, definition, flags
from dashboard.schema import patient, patient_outcome, source
from tests.bench.measure import Row

A_PATIENT = 50  # entries
COLUMNS = ("patient", "day", "time_of_day", "onset_day", "severity", "worst_severity", "answered", "locations", "qualities", "symptoms_present",
           "symptoms_denied", "history_present", "history_denied", "relief_tried", "relief_helped", "birth_year", "sex")


def make(folder: Path, entries: int) -> Row | None:
    """The database of this size, kept in the folder under the number of its entries; None where it is there already, with the rules of
    today: else fewer of them would be timed than are shipped."""
    file = _file(folder, entries)
    if file.exists() and _has_the_shipped_rules(Subject(folder, entries)):
        return None
    made = file.with_suffix(".part")
    made.unlink(missing_ok=True)
    begun = time.perf_counter()
    command = [sys.executable, "-m", "dashboard", "--database", f"duckdb:///{made}", "demo", "--patients", str(entries // A_PATIENT), "--entries", str(entries)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    taken = time.perf_counter() - begun
    made.rename(file)
    return Row("synthetic diaries made, imported, evaluated", entries, entries / taken, unit="entries/s")


def _has_the_shipped_rules(subject: "Subject") -> bool:
    with subject.engine.connect() as connection:
        same = active.current(connection).rules == definition.load()
    subject.close()
    return same


def _file(folder: Path, entries: int) -> Path:
    return folder / f"{entries}.duckdb"


@dataclass(frozen=True)
class Frames:
    """`entries` are the live entries with the columns that the cohort page counts; `people` name, source and outcome of each patient."""
    entries: pd.DataFrame
    people: pd.DataFrame
    seconds: float

    @property
    def megabytes(self) -> float:
        return float(self.entries.memory_usage().sum()) / 1e6


class Subject:
    def __init__(self, folder: Path, entries: int) -> None:
        self.entries, self.file = entries, _file(folder, entries)
        self.url = f"duckdb:///{self.file}"
        self.today, self.at = day_of(date.today()), datetime.now(UTC)

    @cached_property
    def engine(self) -> Engine:
        return start.open_database(self.url, at=self.at, today=self.today)

    @cached_property
    def as_of(self) -> int:
        with self.engine.connect() as connection:
            return flags.current_as_of(connection, self.today)

    @cached_property
    def frames(self) -> Frames:
        """Read once, outside of all that is measured, with the types that DuckDB and pandas give: 32 or 64 bits, blanks as NaN."""
        begun = time.perf_counter()
        with self.engine.connect() as connection:
            live = cohort.entries(connection, self.as_of).subquery()
            # what is answered at all is a bit set for both, so that the frame needs no texts
            columns = (*(live.c[name] for name in COLUMNS), conditions.answers(live).label("answers"))
            wanted = select(*columns).compile(self.engine, compile_kwargs={"literal_binds": True})
            read = connection.connection.driver_connection.sql(str(wanted)).to_arrow_table()
            entries = read.to_pandas(split_blocks=True, self_destruct=True)
            del read
            taken = time.perf_counter() - begun
            o = patient_outcome.c
            people = pd.DataFrame(connection.execute(select(
                patient.c.patient, source.c.name.label("source"), patient.c.patient_id, o.tier, func.coalesce(o.bucket, cohort.NOT_RECORDED).label("bucket"))
                .join(source, source.c.source == patient.c.source).outerjoin(patient_outcome, o.patient == patient.c.patient)).mappings().all())
        return Frames(entries, people, taken)

    def close(self) -> None:
        """Lets go of the file, so that another process can open it, and of the frames."""
        self.__dict__.pop("frames", None)
        if "engine" in self.__dict__:
            self.engine.dispose()
            del self.__dict__["engine"]
