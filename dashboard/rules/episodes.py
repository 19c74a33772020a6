"""Episodes: where the current one of each patient begins, and which entries are of it.

Stated onsets are clustered in date order, a new cluster more than 3 days after the start of the one before. A day of pain without a
stated onset begins an episode of its own where 28 days had passed without pain and no cluster began in them; its onset is marked
"at least". Only the latest beginning matters here: it is the only one that rules ask about.
"""
from sqlalchemy import ColumnElement, Float, FromClause, Integer, Select, Table, and_, case, cast, func, not_, or_, select

from dashboard.rules.seen import Entries, Script

CLUSTER = 3  # days
SILENCE = 28
AGES = 1000 * SILENCE  # days: no diary begins so long before 1970, and what is left after a division is then never negative
END = 21  # days at either end of an episode's diary that are read first


def store(script: Script, all_: Entries, records: Table) -> Table:
    """A TEMP table: patient, episode (its onset), at_least, as_of, and the first and last day of the diary in it."""
    latest = script.store("rule_cluster", _latest_cluster(script, all_.everything(), records))
    r, c = records.c, latest.c
    begun = select(r.patient, c.onset).select_from(records.outerjoin(latest, c.patient == r.patient)).where(
        or_(and_(c.onset.is_(None), r.last_open_pain.is_not(None)), r.last_open_pain >= c.onset + SILENCE))
    begun = _begun(script, all_, script.store("rule_open", begun))
    b = begun.c
    start = func.coalesce(b.day, c.onset)
    return script.store("rule_episode", select(
        r.patient, start.label("episode"), b.day.is_not(None).label("at_least"), r.as_of,
        func.greatest(start, r.first_day, type_=Integer).label("first_day"), r.last_day
    ).select_from(records.outerjoin(latest, c.patient == r.patient).outerjoin(begun, b.patient == r.patient)).where(start.is_not(None)))


def entries(all_: Entries, current: Table) -> FromClause:
    """The entries of the current episodes, with what is known of these."""
    p = current.c
    near = all_.joined(current, p.patient == all_.rows.c.patient, [p.episode, p.as_of, p.first_day, p.last_day])
    n = near.c
    # no entry states an onset after its own day
    return select(near).where(n.day - n.episode >= 0, or_(n.onset.is_(None), (n.onset - n.episode).between(0, CLUSTER))).subquery()


def diary(script: Script, in_episode: FromClause, current: Table, span: int) -> Table:
    """Days of the current episodes with a severity, their mean: patient, day, severity, better. So many first ones and last ones of each
    patient are there, and where there are fewer than twice as many, all. Most diaries have them near their ends."""
    e, p = in_episode.c, current.c
    ends = or_(e.day - e.first_day < END, e.last_day - e.day < END)
    d = script.store("rule_diary_day", _days(in_episode, ends)).c
    long = p.last_day - p.first_day >= 2 * END
    first, last = (func.count(case((which < END, 1))) for which in (d.day - p.first_day, p.last_day - d.day))
    enough = select(d.patient).join(current, p.patient == d.patient).where(long).group_by(d.patient).having(and_(first >= span, last >= span))
    sparse = script.store("rule_sparse_diary", select(p.patient).where(long, p.patient.not_in(enough)))
    script.add(d.day.table, _days(in_episode, and_(not_(ends), e.patient.in_(select(sparse.c.patient)))))
    return d.day.table


def _days(in_episode: FromClause, which: ColumnElement[bool]) -> Select:
    e = in_episode.c
    worst = func.max(case({"better": 1, "worse": 2}, value=e.trend, else_=0))
    return select(e.patient, e.day, func.avg(cast(e.severity, Float), type_=Float).label("severity"), (worst == 1).label("better")).where(
        e.severity.is_not(None), which).group_by(e.patient, e.day)


def _latest_cluster(script: Script, everything: FromClause, records: Table) -> Select:
    """Patient and onset. Most patients state one onset, or hardly move it: for them the record is enough."""
    r, e = records.c, everything.c
    close = r.last_onset - r.first_onset <= CLUSTER
    simple = select(r.patient, r.first_onset.label("onset")).where(close)
    stated = script.store("rule_onset", select(e.patient, e.onset).join(records, and_(r.patient == e.patient, ~close)).where(
        e.onset.is_not(None)).distinct())
    s = stated.c
    lagged = select(s.patient, s.onset, func.lag(s.onset).over(partition_by=s.patient, order_by=s.onset).label("before")).subquery().c
    # an onset that far from the one before begins a cluster, whatever came earlier; only what follows the last such one is in question
    sure = select(lagged.patient, func.max(lagged.onset).label("onset")).where(
        or_(lagged.before.is_(None), lagged.onset - lagged.before > CLUSTER)).group_by(lagged.patient).subquery()
    left = script.store("rule_onset_left", select(s.patient, s.onset).join(sure, and_(sure.c.patient == s.patient, s.onset >= sure.c.onset)))
    a, b = left.alias().c, left.alias().c
    following = select(a.patient, a.onset, func.min(b.onset).label("following")).where(b.patient == a.patient, b.onset > a.onset + CLUSTER).group_by(
        a.patient, a.onset)
    following = script.store("rule_onset_next", following)
    begins = select(sure.c.patient, sure.c.onset).cte("begins", recursive=True)
    begins = begins.union_all(select(following.c.patient, following.c.following).join(
        begins, and_(begins.c.patient == following.c.patient, begins.c.onset == following.c.onset)))
    return simple.union_all(select(begins.c.patient, func.max(begins.c.onset)).group_by(begins.c.patient))


def _begun(script: Script, all_: Entries, waiting: Table) -> Table:
    """Of patients with pain long after their last cluster, the last day that begins an episode without a stated onset."""
    w = waiting.c
    late = all_.joined(waiting, w.patient == all_.rows.c.patient, [w.onset.label("cluster")])
    e = late.c
    # between two days of a stretch of as many there is no silence, so only the first of each stretch can end one
    stretch = e.day - (e.day + AGES) % SILENCE
    pain = select(e.patient, e.cluster, func.min(e.day).label("day"), func.max(e.day).label("last")).where(
        e.pain, e.day - func.coalesce(e.cluster, e.day) >= 0).group_by(
        e.patient, e.cluster, stretch).subquery().c
    before = func.lag(pain.last).over(partition_by=pain.patient, order_by=pain.day).label("before")
    paced = select(pain.patient, pain.day, pain.cluster, before).subquery().c
    silent = and_(paced.day - func.coalesce(paced.before, paced.day - SILENCE) >= SILENCE,
                  paced.day - func.coalesce(paced.cluster, paced.day - SILENCE) >= SILENCE)
    after_silence = script.store("rule_after_silence", select(paced.patient, paced.day).where(silent))
    a, all_rows = after_silence.c, all_.rows.c
    on_that_day = all_.joined(after_silence, and_(a.patient == all_rows.patient, a.day == all_rows.day))
    stated = select(on_that_day.c.patient, on_that_day.c.day).where(on_that_day.c.pain, on_that_day.c.onset.is_not(None)).subquery().c
    unstated = select(a.patient, func.max(a.day).label("day")).select_from(after_silence.outerjoin(
        stated.day.table, and_(stated.patient == a.patient, stated.day == a.day))).where(stated.day.is_(None)).group_by(a.patient)
    return script.store("rule_begun", unstated)
