"""Who needs follow-up: everybody in exactly one bucket, open flags one line a patient, the worst first.

Flags lie on the care side, what patients said on the diary side; the two meet here as arrays and frames. Who is on the list is asked of
all flags (`lineup`); what a line says is asked of the patients in sight only (`details`)."""
from collections.abc import Collection, Iterable
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, Integer, Row, Table, case, func, or_, select

from dashboard import cohort, database
from dashboard.codelists import CHOICES, HISTORY
from dashboard.lineup import ASLEEP, CLOSED, CURRENT, DUE, LIVE, RANK, RECENT, TIER_OF, WAITS, Filters, lineup, overdue, state, yes
from dashboard.rules import active
from dashboard.rules.definition import Rule
from dashboard.rules.folding import Reason, told
from dashboard.schema import evaluation, flag, patient, patient_outcome, source, triage_action

BUCKETS = tuple(CHOICES["bucket"])
TREND_DAYS, DAYS_A_BAR, BARS, GAP = 30, 3, "▁▂▃▄▅▆▇█", "\u2002"
_f = flag.c


# --- counts -----------------------------------------------------------------------------------------------------------------------

def tiles(connection: Connection, now: datetime) -> dict[str, dict[str, int]]:
    """For each bucket its patients, and for the tiers E, U and R how many of them have an open flag of it (or a worse one that lost what
    made it worse), an overdue one, only snoozed, or only closed ones. The patients add up to everybody. `now` is on the reader's clock:
    its day is the one that snoozed flags wait for."""
    o = patient_outcome.c
    who, bucket_of = database.unordered(connection, select(o.patient, case({bucket: place for place, bucket in enumerate(BUCKETS)}, value=o.bucket)))
    whose, rank, stands, late = database.unordered(connection, select(_f.patient, RANK, state(now), yes(overdue(now))).where(_f.met))
    place = np.full(1 + max(who.max(initial=0), whose.max(initial=0)), -1)
    place[who] = np.array([[*TIER_OF].index(bucket) if bucket in TIER_OF else -1 for bucket in BUCKETS])[bucket_of]
    of_it = rank <= place[whose]  # which is nobody's without a tier
    best, past_due = np.full(len(place), CLOSED), np.zeros(len(place), bool)
    for standing in (ASLEEP, LIVE):
        best[whose[of_it & (stands == standing)]] = standing
    past_due[whose[of_it & (late == 1)]] = True
    made = {bucket: {"patients": int(number)} for bucket, number in zip(BUCKETS, np.bincount(bucket_of, minlength=len(BUCKETS)), strict=True)}
    for number, bucket in enumerate(TIER_OF):
        here = place == number
        live, asleep = int((here & (best == LIVE)).sum()), int((here & (best == ASLEEP)).sum())
        made[bucket] |= {"open": live, "overdue": int((here & past_due).sum()), "snoozed": asleep, "closed": made[bucket]["patients"] - live - asleep}
    return made


def withdrawn_to_review(connection: Connection) -> int:
    """Patients with an open flag whose evidence an undo or a revision took away: outside the buckets, on the list."""
    return int(connection.scalar(select(func.count(func.distinct(_f.patient))).where(_f.evidence_withdrawn, _f.status != "closed")))


def new_emergencies(connection: Connection, since: int) -> int:
    """Patients with an emergency that nobody has seen to, raised or opened again after an event."""
    opened = select(evaluation.c.evaluation).where(evaluation.c.event > int(since))
    rose = select(triage_action.c.flag).where(triage_action.c.event > int(since), triage_action.c.kind.in_(("raise", "reopen", "reject")))
    return int(connection.scalar(select(func.count(func.distinct(_f.patient))).where(
        _f.tier == "E", _f.status == "open", or_(_f.opened_evaluation.in_(opened), _f.flag.in_(rose)))))


def owners(connection: Connection) -> list[str]:
    return sorted(connection.scalars(select(_f.owner).where(_f.owner.is_not(None), _f.status != "closed").distinct()))


def routine(connection: Connection, patients: Iterable[int]) -> dict[int, int]:
    """The routine flags of these patients that wait to be acknowledged, with their versions."""
    of = stored(connection, patients)
    found = select(_f.flag, _f.version).where(_f.patient.in_(select(of.c.patient)), _f.tier == "R", _f.status == "open").order_by(_f.flag)
    return {int(number): int(version) for number, version in connection.execute(found)}


# --- what the lines say -----------------------------------------------------------------------------------------------------------

COLUMNS = ["patient", "source", "patient_id", "tier", "why", "rules", "first_evidence", "last_evidence", "recency", "unknown", "lacking", "status", "owner",
           "due_at", "until_day", "overdue", "withdrawn", "flags"]


def lines(connection: Connection, filters: Filters, *, as_of: int, now: datetime) -> pd.DataFrame:
    """The whole list, however long."""
    return details(connection, lineup(connection, filters, as_of=as_of, now=now).patients, filters, as_of=as_of, now=now)


def details(connection: Connection, patients: Collection[int], filters: Filters, *, as_of: int, now: datetime) -> pd.DataFrame:
    """One line for each of these patients, in their order.

    Columns: patient, source, patient_id, tier, why (list; one that folds under another stands in its brackets), rules (list),
    first_evidence, last_evidence, recency, unknown (how many rules cannot be assessed; None without entries), lacking (in the bucket of
    those who are not assessable: the rules that have to be, and were not answered in the last 14 days), status, owner, due_at, until_day
    (of the snooze), overdue, withdrawn, flags (number -> version)."""
    of = stored(connection, patients)
    found = select(
        _f.patient, _f.flag, _f.version, _f.tier, _f.reason, _f.rule_id, _f.first_evidence, _f.last_evidence, _f.status, _f.owner, _f.until_day,
        _f.evidence_withdrawn, DUE.label("due_at"), overdue(now).label("overdue")).where(_f.patient.in_(select(of.c.patient))).order_by(
        state(now).desc(), RANK, WAITS.desc(), _f.last_evidence.desc(), _f.flag)
    known: dict[int, list[Row]] = {}
    for row in connection.execute(found if filters.with_closed else found.where(_f.status != "closed")):
        known.setdefault(row.patient, []).append(row)
    standing = _standing(connection, of, filters.bucket == "not_assessable")
    rules = active.current(connection).rules
    made = [(int(number), *_line(standing[number], known.get(number, []), rules, as_of)) for number in patients]
    frame = pd.DataFrame(made, columns=COLUMNS)
    return frame.assign(**{name: frame[name].astype(object).where(frame[name].notna(), None) for name in ("tier", "owner")})


def _line(stands: dict, own: list[Row], rules: tuple[Rule, ...], as_of: int) -> tuple:
    about = stands["source"], stands["patient_id"]
    unknown = None if stands["last_day"] is None else int(stands["cannot_assess"]).bit_count(), stands["lacking"]
    if not own:
        return *about, None, [], [], None, stands["last_day"], "", *unknown, "", None, pd.NaT, None, False, False, {}
    worst, age = own[0], as_of - own[0].last_evidence
    due = min((row.due_at for row in own if row.due_at), default=pd.NaT)
    until = worst.until_day if worst.status == "snoozed" else None
    why = told([Reason(row.rule_id, row.reason, row.last_evidence, row.status) for row in own], rules)
    return (*about, worst.tier, why, [row.rule_id for row in own], worst.first_evidence, worst.last_evidence, recency(age), *unknown,
            worst.status, worst.owner, due, until, any(row.overdue for row in own), any(row.evidence_withdrawn for row in own),
            {row.flag: row.version for row in own})


def recency(age: int) -> str:
    """Of evidence so many days before the as-of date."""
    return "current" if age <= CURRENT else "recent" if age <= RECENT else "historic"


def _standing(connection: Connection, of: Table, with_lacking: bool) -> dict[int, dict]:
    """Also of those who have no outcome because their batches were undone."""
    o = patient_outcome.c
    found = select(patient.c.patient, source.c.name.label("source"), patient.c.patient_id, o.cannot_assess, o.assessed_recently, o.last_day).join(
        source, source.c.source == patient.c.source).outerjoin(patient_outcome, o.patient == patient.c.patient).where(
        patient.c.patient.in_(select(of.c.patient)))
    required = {rule.rule_id: 1 << rule.bit for rule in active.current(connection).rules if rule.assess_required} if with_lacking else {}
    return {row["patient"]: {**row, "lacking": [rule_id for rule_id, bit in required.items() if not row["assessed_recently"] & bit]}
            for row in connection.execute(found).mappings()}


def names(connection: Connection, patients: list[int]) -> pd.DataFrame:
    found = select(patient.c.patient, source.c.name.label("source"), patient.c.patient_id).join(source, source.c.source == patient.c.source).where(
        patient.c.patient.in_([int(p) for p in patients]))
    return pd.DataFrame(connection.execute(found).all(), columns=["patient", "source", "patient_id"])


def named(connection: Connection, of: Table) -> dict[int, dict[str, str]]:
    """source and patient_id of the patients in a TEMP table."""
    found = select(patient.c.patient, source.c.name.label("source"), patient.c.patient_id).join(source, source.c.source == patient.c.source).where(
        patient.c.patient.in_(select(of.c.patient)))
    return {number: {"source": name, "patient_id": patient_id} for number, name, patient_id in connection.execute(found)}


def cannot_assess(connection: Connection, number: int) -> int:
    """Bits of the rules that say neither yes nor no of a patient."""
    return int(connection.scalar(select(patient_outcome.c.cannot_assess).where(patient_outcome.c.patient == int(number))) or 0)


def stored(connection: Connection, patients: Iterable[int]) -> Table:
    """Some patients as a TEMP table, which is the quickest way to ask for them, and the only one where they are many."""
    return database.store_rows(connection, "listed_patient", {"patient": Integer}, pa.table({"patient": pa.array(np.asarray(patients, np.int32))}))


# --- what they said lately --------------------------------------------------------------------------------------------------------

def recent_course(connection: Connection, patients: list[int], as_of: int) -> pd.DataFrame:
    """Per patient: `trend` (the last 30 days, three to a bar of mean severity, a blank where nothing was recorded), `now` and `worst` of the last
    day with a score, and `modifiers` (labels of what the record says about the patient)."""
    e = cohort.entries(connection, as_of, patients=stored(connection, patients)).subquery().c
    by_day = select(e.patient, e.day, func.avg(e.severity), func.max(func.coalesce(e.worst_severity, e.severity)), database.bit_or(e.history_present))
    days: dict[int, dict[int, tuple]] = {int(number): {} for number in patients}
    said = dict.fromkeys(days, 0)
    for number, day, severity, worst, history in connection.execute(by_day.group_by(e.patient, e.day).order_by(e.patient, e.day)):
        said[number] |= int(history or 0)
        if worst is not None:  # which severity alone makes too
            days[number][day] = severity, worst
    return pd.DataFrame([(number, _bars(scored, as_of), *map(_number, [*scored.values()][-1] if scored else (None, None)), list(HISTORY.labels(said[number])))
                         for number, scored in days.items()], columns=["patient", "trend", "now", "worst", "modifiers"])


def _bars(scored: dict[int, tuple[float | None, float | None]], as_of: int) -> str:
    """Bars from no pain to worst; a gap stays empty, never a line or a zero."""
    bars = []
    for first in range(as_of - TREND_DAYS + 1, as_of + 1, DAYS_A_BAR):
        found = [scored[day][0] for day in range(first, first + DAYS_A_BAR) if day in scored and scored[day][0] is not None]
        bars.append(BARS[round(sum(found) / len(found) / 10 * (len(BARS) - 1))] if found else GAP)
    return "".join(bars)


def _number(value: float | None) -> float | None:
    return None if value is None else round(float(value), 1)
