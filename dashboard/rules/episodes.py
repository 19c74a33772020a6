"""Episodes: where the current one of each patient begins, and which entries are of it.

Stated onsets are clustered in date order, a new cluster more than 3 days after the start of the one before. A day of pain without a
stated onset begins an episode of its own where 28 days had passed without pain and no cluster began in them; its onset is marked
"at least". Only the latest beginning matters here: it is the only one that rules ask about.
"""
from sqlalchemy import Boolean, Connection, Select, Table, and_, func, literal, or_, select
from sqlalchemy.sql import FromClause

from dashboard import database

CLUSTER = 3  # days
SILENCE = 28


def store(connection: Connection, everything: FromClause, records: Table) -> tuple[Table, Table]:
    """Two TEMP tables: patient, episode (its onset), at_least; and its entries, as they are needed to see how it goes."""
    latest = database.store(connection, "rule_cluster", _latest_cluster(connection, everything, records))
    r, c = records.c, latest.c
    begun = select(r.patient, c.onset).select_from(records.outerjoin(latest, c.patient == r.patient)).where(
        or_(and_(c.onset.is_(None), r.last_open_pain.is_not(None)), r.last_open_pain >= c.onset + SILENCE))
    begun = database.store(connection, "rule_begun", _begun(everything, database.store(connection, "rule_open", begun)))
    b = begun.c
    start = func.coalesce(b.day, c.onset)
    episode = select(r.patient, start.label("episode"), b.day.is_not(None).label("at_least")).select_from(
        records.outerjoin(latest, c.patient == r.patient).outerjoin(begun, b.patient == r.patient)).where(start.is_not(None))
    episodes = database.store(connection, "rule_episode", episode)
    e, p = everything.c, episodes.c
    ours = or_(e.onset.between(p.episode, p.episode + CLUSTER), and_(e.onset.is_(None), e.day >= p.episode))
    days = select(e.patient, e.entry, e.day, e.severity, e.trend, e.pain, p.episode).join(episodes, and_(p.patient == e.patient, ours))
    return episodes, database.store(connection, "rule_episode_day", days)


def _latest_cluster(connection: Connection, everything: FromClause, records: Table) -> Select:
    """Patient and onset. Most patients state one onset, or hardly move it: for them the record is enough."""
    r, e = records.c, everything.c
    close = r.last_onset - r.first_onset <= CLUSTER
    simple = select(r.patient, r.first_onset.label("onset")).where(close)
    stated = database.store(connection, "rule_onset", select(e.patient, e.onset).join(records, and_(r.patient == e.patient, ~close)).where(
        e.onset.is_not(None)).distinct())
    if not connection.scalar(select(func.count()).select_from(stated)):
        return simple
    s = stated.c
    lagged = select(s.patient, s.onset, func.lag(s.onset).over(partition_by=s.patient, order_by=s.onset).label("before")).subquery().c
    # an onset that far from the one before begins a cluster, whatever came earlier; only what follows the last such one is in question
    sure = select(lagged.patient, func.max(lagged.onset).label("onset")).where(
        or_(lagged.before.is_(None), lagged.onset - lagged.before > CLUSTER)).group_by(lagged.patient).subquery()
    left = database.store(connection, "rule_onset_left", select(s.patient, s.onset).join(sure, and_(sure.c.patient == s.patient, s.onset >= sure.c.onset)))
    a, b = left.alias().c, left.alias().c
    following = select(a.patient, a.onset, func.min(b.onset).label("following")).where(b.patient == a.patient, b.onset > a.onset + CLUSTER).group_by(
        a.patient, a.onset)
    following = database.store(connection, "rule_onset_next", following)
    begins = select(sure.c.patient, sure.c.onset).cte("begins", recursive=True)
    begins = begins.union_all(select(following.c.patient, following.c.following).join(
        begins, and_(begins.c.patient == following.c.patient, begins.c.onset == following.c.onset)))
    return simple.union_all(select(begins.c.patient, func.max(begins.c.onset)).group_by(begins.c.patient))


def _begun(everything: FromClause, waiting: Table) -> Select:
    """Of patients with pain long after their last cluster, the last day that begins an episode without a stated onset."""
    e, w = everything.c, waiting.c
    day = select(e.patient, e.day, w.onset, func.bool_and(e.onset.is_(None), type_=Boolean).label("unstated")).join(
        waiting, w.patient == e.patient).where(e.pain, e.day >= func.coalesce(w.onset, e.day)).group_by(e.patient, e.day, w.onset).subquery().c
    d = select(day, func.lag(day.day).over(partition_by=day.patient, order_by=day.day).label("before")).subquery().c
    silent = and_(d.day - func.coalesce(d.before, d.day - SILENCE) >= SILENCE, d.day - func.coalesce(d.onset, d.day - SILENCE) >= SILENCE)
    return select(d.patient, func.max(d.day).label("day"), literal(True).label("at_least")).where(d.unstated, silent).group_by(d.patient)
