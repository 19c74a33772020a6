"""What the data-quality alerts found, of how many, and the rows behind each."""
import json
from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import Connection, and_, case, func, literal, select

from dashboard import cohort
from dashboard.codelists import SYMPTOM
from dashboard.days import date_of, spoken
from dashboard.imports import export, fields, quarantine
from dashboard.imports.tabular import normalised
from dashboard.quality.alerts import OF
from dashboard.quality.cases import CASES, EVER, NUMBERS, RED_FLAGS, SEVERITIES, WORDS, as_case, colliding, headers_of, live_batches
from dashboard.schema import duplicate_row, import_batch, quarantined_row
from dashboard.wording import counted, listing

COLUMNS = ("source", "patient_id", "patient", "day", "recorded_at", "what", "entries", "batch", "row")
_Q, _B = quarantined_row.c, import_batch.c


@dataclass(frozen=True)
class Base:
    """Of how many. `named_only`: patients whom only rows that wait to be corrected name; they are among `patients`."""
    patients: int
    named_only: int
    entries: int
    later: int  # entries dated after the as-of date
    rows: int  # rows of all files that were not taken back
    waiting: int  # of them, rows that were stopped and are neither corrected nor dismissed
    copies: int  # of them, rows that say exactly what an entry says, left out
    batches: int


@dataclass(frozen=True)
class Found:
    """What an alert found. `newest`: the day of the newest entry, or of the import of a row that was stopped."""
    patients: int
    entries: int
    stopped: int
    newest: int | None
    by_source: dict[str, tuple[int, int, int]]  # patients, entries, rows stopped

    def __bool__(self) -> bool:
        return bool(self.patients or self.entries or self.stopped)


@dataclass(frozen=True)
class Summary:
    as_of: int
    base: Base
    found: dict[str, Found]


# --- how many -----------------------------------------------------------------------------------------------------------------------

def summary(connection: Connection, as_of: int) -> Summary:
    return Summary(as_of, base(connection, as_of), {code: found(connection, code, as_of) for code in OF})


def base(connection: Connection, as_of: int) -> Base:
    every = cohort.entries(connection, EVER).subquery()
    dated = case((every.c.day <= int(as_of), 1), else_=0)
    per = select(every.c.patient, func.count().label("n"), func.sum(dated).label("by_then")).group_by(every.c.patient).subquery()
    people, entries, by_then = connection.execute(select(func.count(), func.sum(per.c.n), func.sum(per.c.by_then)).select_from(per)).one()
    known = cohort.patients().subquery()
    named = select(_Q.source, _Q.patient_id).where(quarantine.waits(), _Q.patient_id != "").distinct().subquery()
    only = int(connection.scalar(select(func.count()).select_from(named.outerjoin(
        known, and_(known.c.source == named.c.source, known.c.patient_id == named.c.patient_id))).where(known.c.patient.is_(None))))
    batches, rows = connection.execute(select(func.count(), func.sum(_B.rows_in)).where(_B.undone_event.is_(None))).one()
    copies, stopped = (int(connection.scalar(select(func.count()).select_from(table).where(which))) for table, which in (
        (duplicate_row, duplicate_row.c.batch.in_(live_batches())), (quarantined_row, quarantine.waits())))
    entries, by_then = int(entries or 0), int(by_then or 0)
    return Base(int(people) + only, only, by_then, entries - by_then, int(rows or 0), stopped, copies, int(batches))


def found(connection: Connection, code: str, as_of: int) -> Found:
    odd = CASES[code](connection, as_of).subquery()
    rows = connection.execute(select(odd.c.source, func.count(odd.c.patient_id.distinct()), func.sum(odd.c.entries), func.sum(odd.c.stopped),
                                     func.max(odd.c.newest)).group_by(odd.c.source).order_by(odd.c.source)).all()
    by = {name: (int(people), int(entries or 0), int(stopped or 0)) for name, people, entries, stopped, _ in rows}
    return Found(*(sum(counts[place] for counts in by.values()) for place in range(3)), max((int(row[-1]) for row in rows), default=None), by)


# --- which ones ---------------------------------------------------------------------------------------------------------------------

def rows(connection: Connection, code: str, as_of: int, limit: int, offset: int = 0) -> tuple[pd.DataFrame, int]:
    """Some of the rows behind an alert, the newest first, in the columns of COLUMNS, and how many there are in all. One a source and
    batch for red flags that nobody answered, one a source for those that are behind; `entries` says how many each stands for."""
    odd = CASES[code](connection, as_of).subquery()
    chosen = odd.select()
    if code in ("Q01", "Q04"):
        given = {"source": odd.c.source, "day": func.max(odd.c.day), "entries": func.sum(odd.c.entries), "newest": odd.c.newest, "batch": odd.c.batch,
                 "what": literal(""), "said": odd.c.said, "row": func.count(odd.c.patient.distinct())}
        chosen = select(*as_case(**given)).group_by(odd.c.source, odd.c.batch, odd.c.newest, odd.c.said)
    listed = chosen.subquery()
    total = int(connection.scalar(select(func.count()).select_from(listed)))
    order = [listed.c.newest.desc(), *[listed.c[name] for name in ("source", "patient_id", "batch", "row", "day", "what")]]
    got = [dict(row) for row in connection.execute(listed.select().order_by(*order).limit(limit).offset(offset)).mappings()]
    _say(connection, code, as_of, got)
    return pd.DataFrame([[row[name] for name in COLUMNS] for row in got], columns=list(COLUMNS), dtype=object), total


def _say(connection: Connection, code: str, as_of: int, got: list[dict]) -> None:
    """What is odd, in words."""
    if code in ("Q01", "Q04"):
        for row in got:
            people, row["row"] = counted(int(row["row"]), "patient"), None
            never = SYMPTOM.labels(fields.RED & ~int(row["said"])) if code == "Q01" else ()
            row["what"] = (f"{people}, never answered: {listing(never, 'and')}" if code == "Q01" else
                           f"{people}, newest entry {as_of - int(row['day'])} days before {spoken(as_of)}")
    others = _others(connection, as_of, {row["detail"] for row in got}) if code == "Q07" else {}
    columns = {"Q02": RED_FLAGS, "Q03": SEVERITIES}.get(code, ())
    headers = headers_of(connection, columns) if columns else {}
    known = _numbers(connection, {row["patient_id"] for row in got if row["stopped"] and row["patient_id"]})
    for row in got:
        if code == "Q07":
            also = [f"{name} has {id_}" for number, name, id_ in others[row["detail"]] if number != row["patient"]]
            row["what"] = "also: " + listing([*also[:5], *([f"{len(also) - 5:,} more"] if len(also) > 5 else [])], "and")
        elif row["stopped"]:
            row["patient"] = known.get((row["source"], row["patient_id"]))
            row["what"] = _problems(row["detail"], code, headers.get(row["batch"], []))


def _numbers(connection: Connection, ids: Collection[str]) -> dict[tuple[str, str], int]:
    """Of patients whom a stopped row names and who have other entries."""
    known = cohort.patients().subquery()
    rows = connection.execute(known.select().where(known.c.patient_id.in_(sorted(ids)))).all() if ids else ()
    return {(name, patient_id): int(number) for number, name, patient_id in rows}


def _others(connection: Connection, as_of: int, keys: Collection[str]) -> dict[str, list[tuple[int, str, str]]]:
    known = cohort.patients().subquery()
    made: dict[str, list[tuple[int, str, str]]] = {}
    odd = colliding(connection, as_of).subquery()
    for key, *who in connection.execute(select(odd.c.detail, odd.c.patient, known.c.source, known.c.patient_id).join(
            known, known.c.patient == odd.c.patient).where(odd.c.detail.in_(sorted(keys))).order_by(known.c.source, known.c.patient_id)):
        made.setdefault(key, []).append(tuple(who))
    return made


def _problems(document: str, code: str, headers: Collection[str]) -> str:
    """Of what is wrong with a stopped row, what this alert is about."""
    kinds = {"Q02": WORDS, "Q03": NUMBERS, "Q05": ("future_date",), "Q06": ("onset_after_entry", *NUMBERS)}[code]
    told = [problem for problem in json.loads(document) if problem["code"] in kinds]
    named = {normalised(header) for header in headers}
    # a family of columns is named by a pattern, which fits none exactly
    told = [problem for problem in told if normalised(problem["column"]) in named] or told
    return "not loaded: " + "; ".join(f"{problem['column']} is {problem['value']}" for problem in told)


def sheet(connection: Connection, code: str, as_of: int, most: int) -> str:
    """The rows behind an alert as CSV, the newest first; no cell that a spreadsheet would run."""
    made, _ = rows(connection, code, as_of, most)
    day = made["day"].map(lambda number: "" if number is None else date_of(number).isoformat())
    made = made.drop(columns="patient").assign(day=day, check=code, as_of=date_of(as_of).isoformat())
    return export.sheet(made[["check", "as_of", *made.columns.drop(["check", "as_of"])]])
