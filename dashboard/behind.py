"""The diary rows behind a rule: of the patients who meet it, the entries that met it, as they were written."""
from collections.abc import Collection

import pandas as pd
from sqlalchemy import Connection, func, select

from dashboard import course, worklist
from dashboard.cohort import entries as live
from dashboard.database import has
from dashboard.imports import export
from dashboard.rules.definition import Rule, reason
from dashboard.rules.look import look
from dashboard.rules.outcome import entries_behind
from dashboard.schema import patient_outcome

AT_ONCE = 500  # patients


def meeting(connection: Connection, rule: Rule, limit: int, offset: int = 0) -> tuple[list[int], int]:
    """Patients who met a rule at the last stored evaluation, those with the newest entry first, and how many there are."""
    o = patient_outcome.c
    meets = has(o.met, 1 << rule.bit)
    found = select(o.patient).where(meets).order_by(o.last_day.desc(), o.patient).limit(limit).offset(offset)
    return [int(number) for number in connection.scalars(found)], int(connection.scalar(select(func.count()).where(meets)))


def rows(connection: Connection, rule: Rule, patients: Collection[int], as_of: int) -> pd.DataFrame:
    """Entry by entry, in the order of the patients, the newest first: patient (our number), then in words Patient, Source, Met as, and the
    entry."""
    entries = live(connection, as_of, patients=worklist.stored(connection, patients))
    found = connection.execute(entries_behind(connection, rule, look(connection, entries, (rule,), as_of, copy=True))).all()
    arms: dict[int, list[int]] = {}
    for _, entry, _, arm in found:
        arms.setdefault(int(entry), []).append(arm)
    names = worklist.named(connection, worklist.stored(connection, patients))
    place = {number: n for n, number in enumerate(patients)}
    diary = course.diaries(connection, patients, as_of)
    diary = diary[diary["entry"].isin(arms)]
    # course.in_words turns the order of its rows
    diary = diary.iloc[::-1].sort_values("patient", key=lambda numbers: numbers.map(place), kind="stable")
    made = course.in_words(diary.iloc[::-1])
    about = pd.DataFrame({
        "patient": diary["patient"].astype(int).tolist(), "Patient": [names[number]["patient_id"] for number in diary["patient"]],
        "Source": [names[number]["source"] for number in diary["patient"]],
        "Met as": ["; ".join(dict.fromkeys(reason(rule, arm) for arm in arms[entry])) for entry in diary["entry"]]})
    return pd.concat([about, made], axis=1)


def sheet(connection: Connection, rule: Rule, as_of: int, most: int) -> str:
    """As CSV, of so many patients at most."""
    numbers, _ = meeting(connection, rule, most)
    parts = [rows(connection, rule, numbers[first:first + AT_ONCE], as_of) for first in range(0, len(numbers), AT_ONCE)]
    made = pd.concat(parts, ignore_index=True).drop(columns="patient") if parts else pd.DataFrame(columns=["Patient", "Source", "Met as"])
    return export.sheet(made.fillna(""))
