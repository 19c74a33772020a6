"""Who needs follow-up: everybody in exactly one bucket, open flags one line a patient, the worst first.

Flags lie on the care side, what patients said on the diary side; the two meet here as frames."""
from dataclasses import dataclass, fields, replace
from datetime import datetime
from html import escape

import pandas as pd
from sqlalchemy import Connection, Select, case, func, literal, select

from dashboard import audit, cohort
from dashboard.codelists import CHOICES, HISTORY
from dashboard.days import date_of
from dashboard.schema import flag, patient, patient_outcome, source
from dashboard.sheet import neutralised

BUCKETS = tuple(CHOICES["bucket"])
TIER_OF = {"emergency": "E", "same_day": "U", "routine": "R"}
TIERS = ("E", "U", "R")
UNFLAGGED = tuple(bucket for bucket in BUCKETS if bucket not in TIER_OF)
RECENT, CURRENT = 14, 3  # days before the as-of date, clinical reference 1.2
TREND_DAYS, DAYS_A_BAR, BARS, GAP = 30, 2, "▁▂▃▄▅▆▇█", "\u2002"


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to; empty means everything."""
    bucket: str | None = None
    statuses: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()  # "" stands for nobody
    rules: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    within_days: int | None = None
    find: str = ""
    closed: bool = False  # closed flags too

    def describe(self) -> str:
        parts = [CHOICES["bucket"][self.bucket].lower() if self.bucket else "", ", ".join(CHOICES["status"][s].lower() for s in self.statuses),
                 ", ".join(owner or "nobody's" for owner in self.owners), ", ".join(self.rules), ", ".join(self.sources),
                 f"reported within {self.within_days} days" if self.within_days is not None else "", f"id holds \"{self.find}\"" if self.find else "",
                 "closed flags too" if self.closed else ""]
        return "; ".join(filter(None, parts)) or "everything"


def flags(connection: Connection, *, closed: bool = False) -> pd.DataFrame:
    """Open flags (and closed ones on request), with what the worklist needs of them."""
    found = select(flag)
    if not closed:
        found = found.where(flag.c.status != "closed")
    return _frame(connection, found)


def owners(connection: Connection) -> list[str]:
    return sorted(connection.scalars(select(flag.c.owner).where(flag.c.owner.is_not(None), flag.c.status != "closed").distinct()))


def outcomes(connection: Connection, bucket: str | None = None) -> pd.DataFrame:
    """patient, source, patient_id, bucket, cannot_assess, last_day of everybody flagged, or of everybody in a bucket."""
    o = patient_outcome.c
    found = select(o.patient, source.c.name.label("source"), patient.c.patient_id, o.bucket, o.cannot_assess, o.last_day).select_from(
        patient_outcome).join(patient, patient.c.patient == o.patient).join(source, source.c.source == patient.c.source)
    found = found.where(o.bucket == bucket) if bucket else found.where(o.met != 0)
    return _frame(connection, found)


def _frame(connection: Connection, found: Select) -> pd.DataFrame:
    # pandas takes seconds over a hundred thousand rows of SQLAlchemy's own kind, and none over tuples
    return pd.DataFrame([tuple(row) for row in connection.execute(found)], columns=list(found.selected_columns.keys()))


def names(connection: Connection, patients: list[int]) -> pd.DataFrame:
    found = select(patient.c.patient, source.c.name.label("source"), patient.c.patient_id).join(source, source.c.source == patient.c.source).where(
        patient.c.patient.in_([int(p) for p in patients]))
    return pd.DataFrame(connection.execute(found).mappings().all(), columns=["patient", "source", "patient_id"])


def tiles(connection: Connection, now: datetime) -> dict[str, dict[str, int]]:
    """For each bucket its patients, and for the tiers E, U and R how many of them have an open flag of it (or a worse one that lost what
    made it worse), an overdue one, or only closed ones. The patients add up to everybody."""
    counts = dict.fromkeys(BUCKETS, 0) | {
        bucket: int(n) for bucket, n in connection.execute(select(patient_outcome.c.bucket, func.count()).group_by(patient_outcome.c.bucket))}
    open_, overdue = flag.c.status != "closed", (flag.c.due_at < audit.utc(now)) & (flag.c.status == "open")
    per = select(flag.c.patient, flag.c.tier, *[func.max(case((condition, 1), else_=0)).label(name) for name, condition in
                                               (("open", open_), ("overdue", overdue))]).where(flag.c.met).group_by(flag.c.patient, flag.c.tier)
    flagged = _frame(connection, per)
    standing = _frame(connection, select(patient_outcome.c.patient, patient_outcome.c.bucket).where(patient_outcome.c.bucket.in_(list(TIER_OF))))
    both = standing.merge(flagged, on="patient")
    of_it = both["tier"].map(TIERS.index) <= both["bucket"].map(TIER_OF).map(TIERS.index)
    both = both[of_it].groupby(["bucket", "patient"], as_index=False)[["open", "overdue"]].max()
    made = {bucket: {"patients": counts[bucket]} for bucket in BUCKETS}
    for bucket in TIER_OF:
        rows = both[both["bucket"] == bucket]
        made[bucket] |= {"open": int(rows["open"].sum()), "overdue": int(rows["overdue"].sum()), "closed": counts[bucket] - int(rows["open"].sum())}
    return made


def withdrawn_to_review(connection: Connection) -> int:
    """Patients with an open flag whose evidence an undo or a revision took away: outside the buckets, on the list."""
    return int(connection.scalar(select(func.count(func.distinct(flag.c.patient))).where(flag.c.evidence_withdrawn, flag.c.status != "closed")))


def lines(connection: Connection, filters: Filters, *, as_of: int, now: datetime) -> pd.DataFrame:
    """One line a patient, sorted as a clinician works them off: tier, unacknowledged first, current before recent before historic,
    overdue, newest. `hidden` marks the lines that the filters leave out, so that what they hide can be counted.

    A line speaks of the worst open flag. Where a bucket without a tier is asked for, its patients without a flag come last.

    Columns: patient, source, patient_id, tier, why (list), rules, first_evidence, last_evidence, recency, unknown, status, owner,
    due_at, overdue, withdrawn, flags (number -> version), hidden."""
    known = flags(connection, closed=filters.closed or "closed" in filters.statuses)
    made = _flagged(connection, known, as_of, now)
    if filters.bucket in UNFLAGGED:
        plain = _unflagged(connection, filters.bucket, as_of)
        plain = plain[~plain["patient"].isin(made["patient"])]
        made = pd.concat([made.astype(object), plain.astype(object)], ignore_index=True) if len(made) else plain.reset_index(drop=True)
    made["hidden"] = ~_kept(made, filters)
    return made[COLUMNS]


def _flagged(connection: Connection, known: pd.DataFrame, as_of: int, now: datetime) -> pd.DataFrame:
    """Flags as one line a patient, in order."""
    if known.empty:
        return pd.DataFrame(columns=[*COLUMNS, "bucket", "ages", "statuses", "owners"])
    waits = known["status"] == "open"
    known = known.assign(
        rank=known["tier"].map(TIERS.index), age=as_of - known["last_evidence"], unseen=waits, done=known["status"] == "closed",
        due_at=known["due_at"].where(waits), owner=known["owner"].astype(object).where(known["owner"].notna(), None),
        # who put a flag off until a day has to look at it again on that day
        overdue=(waits & (known["due_at"] < audit.utc(now))) | ((known["status"] == "snoozed") & (known["until_day"] <= as_of)))
    known = known.sort_values(["patient", "done", "rank", "last_evidence", "flag"], ascending=[True, True, True, False, True])
    by = known.groupby("patient", sort=False)
    made = by.agg(
        tier=("tier", "first"), rank=("rank", "first"), first_evidence=("first_evidence", "first"), last_evidence=("last_evidence", "first"),
        age=("age", "first"), ages=("age", "min"), status=("status", "first"), due_at=("due_at", "min"), unseen=("unseen", "max"),
        overdue=("overdue", "max"), done=("done", "min"), withdrawn=("evidence_withdrawn", "max")).reset_index()
    # the flags of a patient follow each other now, so lists of them are slices: a group at a time would take a hundred times as long
    ends = by.size().cumsum().tolist()
    own = [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]
    reasons, rules, numbers, versions, statuses, owners = (known[name].tolist() for name in ("reason", "rule_id", "flag", "version", "status", "owner"))
    made = made.assign(
        why=[reasons[at] for at in own], rules=[rules[at] for at in own], statuses=[set(statuses[at]) for at in own],
        flags=[dict(zip(numbers[at], versions[at], strict=True)) for at in own], owners=[{owner or "" for owner in owners[at]} for at in own],
        owner=pd.Series([owners[at.start] for at in own], dtype=object))
    made = made.merge(_standing(connection, made["patient"].tolist()), on="patient", how="left")
    made["unknown"] = [int(bits).bit_count() if pd.notna(bits) else 0 for bits in made["cannot_assess"]]
    made["recency"] = pd.cut(made["age"], [-10**6, CURRENT, RECENT, 10**6], labels=["current", "recent", "historic"]).astype(str)
    order = made.assign(recency_rank=made["recency"].map({"current": 0, "recent": 1, "historic": 2}))
    return order.sort_values(["rank", "unseen", "done", "recency_rank", "overdue", "last_evidence", "source", "patient_id"],
                             ascending=[True, False, True, True, False, False, True, True], kind="stable").reset_index(drop=True)


COLUMNS = ["patient", "source", "patient_id", "tier", "why", "rules", "first_evidence", "last_evidence", "recency", "unknown", "status", "owner", "due_at",
           "overdue", "withdrawn", "flags", "hidden"]


def _standing(connection: Connection, patients: list[int]) -> pd.DataFrame:
    """Also of those who meet nothing any more, and of those who have no outcome because their batches were undone."""
    columns = ["patient", "source", "patient_id", "cannot_assess", "bucket"]
    known = outcomes(connection)[columns]
    if not (others := [int(number) for number in set(patients) - set(known["patient"])]):
        return known
    o = patient_outcome.c
    found = select(patient.c.patient, source.c.name.label("source"), patient.c.patient_id, o.cannot_assess, o.bucket).join(
        source, source.c.source == patient.c.source).outerjoin(patient_outcome, o.patient == patient.c.patient).where(patient.c.patient.in_(others))
    return pd.DataFrame([*known.itertuples(index=False, name=None), *map(tuple, connection.execute(found))], columns=columns)


def _kept(made: pd.DataFrame, filters: Filters) -> pd.Series:
    kept = pd.Series(True, index=made.index)
    if filters.bucket in TIER_OF:
        kept &= made["tier"] == TIER_OF[filters.bucket]
    elif filters.bucket:
        kept &= made["bucket"] == filters.bucket
    if filters.statuses:
        kept &= made["statuses"].map(lambda found: bool(found & set(filters.statuses))).astype(bool)
    if filters.owners:
        kept &= made["owners"].map(lambda found: bool(found & set(filters.owners))).astype(bool)
    if filters.rules:
        kept &= made["rules"].map(lambda found: bool(set(found) & set(filters.rules))).astype(bool)
    if filters.sources:
        kept &= made["source"].isin(filters.sources)
    if filters.within_days is not None:
        kept &= made["ages"] <= filters.within_days
    if filters.find.strip():
        kept &= made["patient_id"].astype("str").str.contains(filters.find.strip(), case=False, regex=False, na=False)
    return kept


def _unflagged(connection: Connection, bucket: str, as_of: int) -> pd.DataFrame:
    """Everybody of a bucket as a line without a flag: the longest silent last."""
    made = outcomes(connection, bucket)
    made = made.assign(
        tier=None, why=[[] for _ in range(len(made))], rules=[[] for _ in range(len(made))], first_evidence=None, last_evidence=made["last_day"], recency="",
        unknown=[int(bits).bit_count() for bits in made["cannot_assess"]], status="", owner=None, due_at=pd.NaT, overdue=False, withdrawn=False,
        flags=[{} for _ in range(len(made))], ages=as_of - made["last_day"], statuses=[set() for _ in range(len(made))],
        owners=[{""} for _ in range(len(made))])
    return made.sort_values(["last_day", "source", "patient_id"], ascending=[False, True, True])


def loosened(connection: Connection, filters: Filters, *, as_of: int, now: datetime) -> dict[str, int]:
    """How many patients each filter that is set hides by itself: those who are left when it alone is taken away. Only where there are some."""
    left = {}
    for filter_ in fields(Filters):
        if getattr(filters, filter_.name) != filter_.default:
            made = lines(connection, replace(filters, **{filter_.name: filter_.default}), as_of=as_of, now=now)
            left[filter_.name] = int((~made["hidden"].astype(bool)).sum())
    return {name: number for name, number in left.items() if number}


def hidden_emergencies(made: pd.DataFrame) -> int:
    return int((made["hidden"] & (made["tier"] == "E") & (made["status"] != "closed")).sum())


def recent_course(connection: Connection, patients: list[int], as_of: int) -> pd.DataFrame:
    """Per patient: `trend` (the last 30 days, two to a bar of mean severity, a blank where nothing was recorded), `now` and `worst` of the last
    day with a score, and `modifiers` (labels of what the record says about the patient)."""
    e = cohort.entries(connection, as_of, patients=patients).subquery()
    by_day = select(e.c.patient, e.c.day, func.avg(e.c.severity).label("severity"), func.max(func.coalesce(e.c.worst_severity, e.c.severity)).label("worst"),
                    literal(0).label("history")).where(e.c.severity.is_not(None) | e.c.worst_severity.is_not(None)).group_by(e.c.patient, e.c.day)
    days = pd.DataFrame(connection.execute(by_day).all(), columns=["patient", "day", "severity", "worst", "history"]).sort_values(["patient", "day"])
    said = dict(connection.execute(select(e.c.patient, func.bit_or(e.c.history_present)).group_by(e.c.patient)).all())
    rows = []
    for number in patients:
        own = days[days["patient"] == number]
        scored = dict(zip(own["day"], own["severity"], strict=True))
        last = own.iloc[-1] if len(own) else None
        rows.append({"patient": number, "trend": _bars(scored, as_of),
                     "now": _number(last["severity"]) if last is not None else None, "worst": _number(last["worst"]) if last is not None else None,
                     "modifiers": list(HISTORY.labels(int(said.get(number) or 0)))})
    return pd.DataFrame(rows, columns=["patient", "trend", "now", "worst", "modifiers"])


def _bars(scored: dict[int, float], as_of: int) -> str:
    """Bars from no pain to worst; a gap stays empty, never a line or a zero."""
    bars = []
    for first in range(as_of - TREND_DAYS + 1, as_of + 1, DAYS_A_BAR):
        found = [scored[day] for day in range(first, first + DAYS_A_BAR) if pd.notna(scored.get(day))]
        bars.append(BARS[round(sum(found) / len(found) / 10 * (len(BARS) - 1))] if found else GAP)
    return "".join(bars)


def _number(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else round(float(value), 1)


def sheet(made: pd.DataFrame) -> pd.DataFrame:
    """The list on screen as a table to download: no cell that a spreadsheet would run."""
    day = made["last_evidence"].map(lambda found: "" if pd.isna(found) else date_of(int(found)).isoformat())
    return pd.DataFrame({
        "tier": made["tier"].map(CHOICES["tier"]).fillna(""), "source": made["source"].map(neutralised), "patient_id": made["patient_id"].map(neutralised),
        "why": made["why"].map("; ".join).map(neutralised), "rules": made["rules"].map(" ".join), "reported": day,
        "recency": made["recency"], "unknown": made["unknown"],
        "status": made["status"], "owner": made["owner"].fillna("").map(neutralised),
        "due_utc": made["due_at"].map(lambda t: "" if pd.isna(t) else f"{t:%Y-%m-%d %H:%M}"),
        "evidence_withdrawn": made["withdrawn"].map({True: "yes", False: ""})})


def as_text(made: pd.DataFrame, heading: str) -> str:
    """Plain lines to paste into a record."""
    rows = [f"{CHOICES['tier'].get(row.tier, '') or 'No flag'}: {_in_a_line(row.patient_id)} ({_in_a_line(row.source)})"
            + f" - {'; '.join(row.why) or 'no open flag'}"
            + (f" - reported {date_of(int(row.last_evidence)).isoformat()}" if pd.notna(row.last_evidence) else "")
            + (f" - {row.status}" if row.status else "") + (f", {_in_a_line(row.owner)}" if pd.notna(row.owner) and row.owner else "")
            + (" - evidence withdrawn" if row.withdrawn else "") for row in made.itertuples()]
    return "\n".join([heading, *rows])


def _in_a_line(text: str) -> str:
    return " ".join(text.split())


def printable(made: pd.DataFrame, heading: str, status_line: str) -> str:
    """The list as a page of its own, for paper."""
    with pd.option_context("display.max_colwidth", None):  # or it would cut reasons short
        table = sheet(made).drop(columns=["due_utc"]).to_html(index=False, border=0)  # pandas escapes every cell
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(heading)}</title><style>'
            "body{font:11pt sans-serif;margin:1.5cm}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;"
            "padding:3pt 6pt;border-bottom:.5pt solid #999}thead{display:table-header-group}tr{break-inside:avoid}"
            f"</style><h1>{escape(heading)}</h1><p>{escape(status_line)}</p>{table}</html>")


def cannot_assess(connection: Connection, number: int) -> int:
    """Bits of the rules that say neither yes nor no of a patient."""
    return int(connection.scalar(select(patient_outcome.c.cannot_assess).where(patient_outcome.c.patient == int(number))) or 0)
