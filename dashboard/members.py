"""The patients of a cohort, the worst tier first."""
import pandas as pd
from sqlalchemy import Connection, Integer, case, cast, func, select

from dashboard import cohort as cohorts
from dashboard import database
from dashboard.codelists import LOCATION, QUALITY
from dashboard.cohort import BUCKETS, NOT_RECORDED, Cohort
from dashboard.database import bit_or
from dashboard.days import date_of
from dashboard.schema import patient, patient_outcome, source

COLUMNS = ["patient", "source", "patient_id", "tier", "bucket", "entries", "last_day", "severity", "worst", "places", "qualities"]


def page(connection: Connection, cohort: Cohort, *, as_of: int, known_at: int | None = None, first: int = 0, most: int | None = 100) -> pd.DataFrame:
    """A row a patient with a matching entry, `most` of them from the `first` on (counted from 0; None: all): in the order of the
    buckets, in a bucket by the newest matching entry. Of the matching entries: how many, the last day, mean severity, largest worst,
    and the labels of all places and qualities said in them. `bucket` is `not_recorded` where nobody was evaluated yet."""
    live = cohorts.entries(connection, as_of, known_at).subquery("live")
    e, outcome, matching = live.c, patient_outcome.c, cohort.where(live, as_of)
    own = database.store(connection, "members", select(e.patient, cast(func.count(), Integer).label("entries"), func.max(e.day).label("last_day")).where(
        *matching).group_by(e.patient))
    bucket = func.coalesce(outcome.bucket, NOT_RECORDED)
    order = case({name: place for place, name in enumerate(BUCKETS)}, value=bucket, else_=len(BUCKETS))
    rows = select(own.c.patient, source.c.name.label("source"), patient.c.patient_id, outcome.tier, bucket.label("bucket"), own.c.entries,
                  own.c.last_day).select_from(
        own.join(patient, patient.c.patient == own.c.patient).join(source, source.c.source == patient.c.source).outerjoin(
            patient_outcome, outcome.patient == own.c.patient)).order_by(
        order, own.c.last_day.desc(), source.c.name, patient.c.patient_id).offset(first)
    shown = pd.DataFrame(connection.execute(rows if most is None else rows.limit(most)).all(), columns=COLUMNS[:7])
    said = select(e.patient, func.avg(e.severity), func.max(e.worst_severity), bit_or(e.locations), bit_or(e.qualities)).where(*matching).group_by(e.patient)
    if most is not None:
        said = said.where(e.patient.in_([int(number) for number in shown["patient"]]))
    made = shown.merge(pd.DataFrame(connection.execute(said).all(), columns=["patient", *COLUMNS[7:]]), on="patient")
    return made.assign(places=made["places"].map(LOCATION.labels), qualities=made["qualities"].map(QUALITY.labels))


def sheet(made: pd.DataFrame) -> pd.DataFrame:
    """The list as columns of plain values, to be exported."""
    return pd.DataFrame({
        "source": made["source"], "patient_id": made["patient_id"], "tier": made["tier"].fillna(""),
        "bucket": made["bucket"], "entries": made["entries"], "last_day": made["last_day"].map(lambda day: date_of(day).isoformat()),
        "mean_severity": made["severity"].astype(float).round(1), "worst": made["worst"].astype(float),
        "locations": made["places"].map("; ".join), "qualities": made["qualities"].map("; ".join)})
