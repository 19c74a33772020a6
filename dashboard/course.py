"""One patient over time: the evidence behind a flag, severity by day, what was never answered."""
import pandas as pd
from sqlalchemy import Connection, func, select

from dashboard import cohort
from dashboard.codelists import HISTORY, LISTS, SYMPTOM
from dashboard.days import spoken
from dashboard.rules import evaluate
from dashboard.rules.definition import Rule
from dashboard.schema import import_batch

_SHOWN = {"severity": "Severity", "worst_severity": "Worst", "least_severity": "Least", "interference": "Interference", "temperature_c": "°C",
          "onset_day": "Onset", "onset_speed": "Onset speed", "pattern": "Pattern", "trend": "Trend", "note": "Note"}


def evidence(connection: Connection, rule: Rule, patient: int, as_of: int) -> pd.DataFrame:
    """The entries that met a rule, newest first, in words: only columns in which something was said, then file and row."""
    entries = cohort.entries(connection, as_of, patients=[patient])
    wanted = [row.entry for row in connection.execute(evaluate.evidence(connection, entries, rule, patient, as_of))]
    e = entries.subquery()
    rows = connection.execute(select(e, import_batch.c.file_name).join(import_batch, import_batch.c.batch == e.c.batch).where(
        e.c.entry.in_([int(number) for number in wanted])).order_by(e.c.day.desc(), e.c.time_of_day.desc().nulls_last(), e.c.entry.desc())).mappings()
    return pd.DataFrame([in_words(row) for row in rows]).dropna(axis=1, how="all").fillna("")


def in_words(row: dict) -> dict:
    """A diary entry as a person reads it; what was left blank is None."""
    said = {"When": spoken(row["day"]) + (f" {_clock(row['time_of_day'])}" if row["time_of_day"] is not None else "")}
    said["Reported"] = ", ".join(SYMPTOM.labels(row["symptoms_present"])) or None
    for name, codelist in LISTS.items():
        said[name.replace("_", " ").capitalize()] = ", ".join(codelist.labels(row[name])) or None
    for name, label in _SHOWN.items():
        value = row[name]
        said[label] = None if value is None else spoken(value) if name == "onset_day" else f"{value:g}" if isinstance(value, float) else str(value)
    said["Denied"] = ", ".join(SYMPTOM.labels(row["symptoms_denied"])) or None
    said["History"] = ", ".join(HISTORY.labels(row["history_present"])) or None
    said["Written in"] = f"{row['file_name']}, row {row['row_number']:,}"
    return said


def _clock(microseconds: int) -> str:
    minutes = int(microseconds) // 60_000_000
    return f"{minutes // 60:02}:{minutes % 60:02}"


def severity_by_day(connection: Connection, patient: int, as_of: int, days: int) -> pd.DataFrame:
    """day, severity (mean of the day's entries), worst; only days with a score."""
    e = cohort.entries(connection, as_of, patients=[patient]).subquery()
    found = select(e.c.day, func.avg(e.c.severity).label("severity"), func.max(e.c.worst_severity).label("worst")).where(
        e.c.day > as_of - days, e.c.severity.is_not(None) | e.c.worst_severity.is_not(None)).group_by(e.c.day).order_by(e.c.day)
    return pd.DataFrame(connection.execute(found).all(), columns=["day", "severity", "worst"]).astype({"severity": float, "worst": float})


def last_notes(connection: Connection, patient: int, as_of: int, most: int = 3) -> list[tuple[int, str]]:
    """The newest notes that the patient wrote: (day, text)."""
    e = cohort.entries(connection, as_of, patients=[patient]).subquery()
    return [(int(day), text) for day, text in connection.execute(
        select(e.c.day, e.c.note).where(e.c.note.is_not(None)).order_by(
            e.c.day.desc(), e.c.time_of_day.desc().nulls_last(), e.c.entry.desc()).limit(most))]
