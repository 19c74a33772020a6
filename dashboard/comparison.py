"""Two groups of patients beside each other: shares, differences, and how far chance alone could have moved them.

A group is who ever wrote an entry that a question asks for; what is counted is everything they wrote in the period of that question, so that
both diaries are read alike. Per patient throughout; intervals come from drawing patients anew.
"""
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sqlalchemy import BigInteger, ColumnElement, Connection, Select, Subquery, Table, func, literal, select, union

from dashboard import cohort as cohorts
from dashboard import crossfilter, database, distributions
from dashboard.codelists import LOCATION, QUALITY
from dashboard.cohort import NOT_RECORDED, Cohort
from dashboard.conditions import range_names
from dashboard.distributions import SaidTogether
from dashboard.figures.cohort import BANDS
from dashboard.filters import without
from dashboard.sample import Sample, part

LANDMARK, REPLICATES, SEED, LEAST = 14, 1000, 20_260_331, 5
TABLES = ("sexes", "ages", "sources", "locations", "qualities", "durations", "average", "worst", "symptoms", "together", "buckets")
MIX = ("sexes", "ages", "sources")
# fields that an entry says, not the patient: who writes more entries has more chances to be found by them
EVER = ("locations", "qualities", "durations", "symptoms", "hours", "tried", "helped", "blank",
        *(name for field in ("severity", "worst", "temperature") for name in range_names(field)))
EVERYTHING = Cohort()


@dataclass(frozen=True)
class Group:
    """Patients with an entry that meets `of`; for `rest`, those without one who have an entry that meets `among`. With `landmark`, only the
    first days of each diary decide, and only later entries are counted. A frozen group has times of its own."""
    name: str
    of: Cohort
    as_of: int
    known_at: int | None = None
    rest: bool = False
    among: Cohort = EVERYTHING
    landmark: bool = False

    @property
    def period(self) -> Cohort:
        asked = self.among if self.rest else self.of
        return replace(Cohort(), since=asked.since, until=asked.until)

    @property
    def counted(self) -> tuple[Cohort, int, int | None, bool]:
        """Which entries of a patient are counted; where it is the same, they are."""
        return self.period, self.as_of, self.known_at, self.landmark


@dataclass(frozen=True)
class Side:
    patients: int
    entries: int
    median: float | None
    members: int  # with those of whom nothing is left to count after the landmark
    frames: dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Comparison:
    """A table has a row a share: code, label, n_a, of_a, missing_a, share_a, the same of b, difference, low, high; shares in percent, the
    rest in percentage points; no difference where fewer than LEAST answered on a side. `means` are a, b, difference, low, high."""
    a: Side
    b: Side
    both: int
    paired: bool  # the patients in both were drawn together
    tables: dict[str, pd.DataFrame]
    means: dict[str, tuple[float, ...]]


def ever(question: Cohort) -> bool:
    return without(question, *EVER) != question


# --- who is in a group, and what they wrote ------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class _Theirs:
    """To be asked like a cohort: the counted entries of the patients in a table."""
    members: Table
    of: Group

    def where(self, live: Subquery | Table, as_of: int) -> list[ColumnElement[bool]]:
        m, period = self.members.c, self.of.period.where(live, as_of)
        if not self.of.landmark:
            return [*period, live.c.patient.in_(select(m.patient))]
        # an EXISTS on patient and day takes DuckDB three times as long
        own = live.alias("own")
        return [*period, live.c.entry.in_(select(own.c.entry).join(self.members, m.patient == own.c.patient).where(own.c.day >= m.from_day))]


def _members(connection: Connection, name: str, group: Group) -> Table:
    """patient, from_day: everybody in the group, and from when on their entries are counted."""
    live = cohorts.entries(connection, group.as_of, group.known_at).subquery("live")
    first = select(live.c.patient, func.min(live.c.day).label("day")).group_by(live.c.patient).subquery("first")

    def who(question: Cohort, live: Subquery) -> Select:
        found = select(live.c.patient).where(*question.where(live, group.as_of))
        return found.join(first, first.c.patient == live.c.patient).where(live.c.day < first.c.day + LANDMARK) if group.landmark else found
    inside = who(group.among if group.rest else group.of, live)
    if group.rest:
        inside = inside.where(live.c.patient.not_in(who(group.of, live.alias("others"))))
    from_day = func.min(first.c.day) + LANDMARK if group.landmark else literal(0, BigInteger)
    return database.store(connection, name, inside.add_columns(from_day.label("from_day")).group_by(live.c.patient))


@dataclass(frozen=True)
class _Counted:
    """What the patients of a table wrote, read once for every group of them."""
    of: Group
    sample: Sample
    together: SaidTogether


def _counted(connection: Connection, group: Group, members: Table) -> _Counted:
    asked, times = _Theirs(members, group), {"as_of": group.as_of, "known_at": group.known_at}
    sample = distributions.sample(connection, asked, **times, columns=("locations", "qualities", "symptoms_present", "symptoms_denied", "severity", "worst",
                                                                       "duration"))
    return _Counted(group, sample, distributions.said_together(connection, asked, **times))


def _side(connection: Connection, counted: _Counted, members: np.ndarray) -> Side:
    sample, said = part(counted.sample, members), counted.together
    frames = {one: crossfilter.CHARTS[one].count(connection, sample) for one in ("locations", "qualities", "durations", "symptoms", "severity", *MIX)}
    frames |= _bands(frames.pop("severity"))
    here = np.isin(said.who, members)
    frames["together"] = distributions.crossed(SaidTogether(*(column[here] for column in (said.who, said.places, said.kinds, said.times)))).assign(
        base=sample.patients)
    if counted.of.known_at is None:
        frames["buckets"] = _classes(crossfilter.CHARTS["buckets"].count(connection, sample))
    return Side(sample.patients, sample.entries, sample.entries_per_patient["median"], len(members), frames)


def _bands(severity: pd.DataFrame) -> dict[str, pd.DataFrame]:
    found = {}
    for of in ("average", "worst"):
        n = dict(zip(severity["code"], severity[of].astype(int), strict=True))
        rows = [(name, f"{name} ({low} to {high})" if high else f"{name} (0)", sum(n[str(point)] for point in range(low, high + 1)))
                for name, (low, high) in BANDS.items()]
        found[of] = _classes(pd.DataFrame([*rows, (NOT_RECORDED, "not recorded", n[NOT_RECORDED])], columns=["code", "label", "n"]))
        found[f"{of} points"] = severity[["code", of]].rename(columns={of: "n"})
    return found


def _classes(frame: pd.DataFrame) -> pd.DataFrame:
    blank = int(frame.loc[frame["code"] == NOT_RECORDED, "n"].sum())
    return frame.assign(answered=int(frame["n"].sum()) - blank, not_recorded=blank)


# --- beside each other ------------------------------------------------------------------------------------------------------------------------

def compare(connection: Connection, a: Group, b: Group) -> Comparison:
    tables = [_members(connection, name, group) for name, group in (("group_a", a), ("group_b", b))]
    members = [database.unordered(connection, select(table.c.patient))[0] for table in tables]
    in_both = np.intersect1d(*members)
    # the same entries of them are counted on both sides: one reading does for both, and whoever draws one draws the other
    alike = a.counted == b.counted
    if alike:
        read = [_counted(connection, a, database.store(connection, "group_either", union(*map(select, tables)).subquery().select()))] * 2
    else:
        read = [_counted(connection, group, table) for group, table in zip((a, b), tables, strict=True)]
    one, other = (_side(connection, counted, who) for counted, who in zip(read, members, strict=True))
    paired = alike and bool(len(in_both))
    middle = _side(connection, read[0], in_both) if paired else None
    made = {name: difference(rows(name, one.frames, other.frames), rows(name, other.frames, one.frames),
                             rows(name, middle.frames, one.frames, other.frames) if middle else None)
            for name in TABLES if name in one.frames and name in other.frames}
    means = {of: mean(*(side and _points(side, of) for side in (one, other, middle))) for of in ("average", "worst")}
    return Comparison(one, other, len(in_both), paired, made, means)


def rows(name: str, frames: dict[str, pd.DataFrame], *others: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """code, label, n, of, missing of one side; for pairs of place and quality, also those that only another side has."""
    frame = frames[name]
    if name == "symptoms":
        return pd.DataFrame({"code": frame["code"], "label": frame["label"], "n": frame["present"], "of": frame["answered"], "missing": frame["not_asked"]})
    if name == "together":
        return _pairs(frame, [other[name] for other in others])
    said = frame[frame["code"] != NOT_RECORDED]
    return pd.DataFrame({"code": said["code"], "label": said["label"], "n": said["n"], "of": said["answered"], "missing": said["not_recorded"]})


def _pairs(frame: pd.DataFrame, others: list[pd.DataFrame]) -> pd.DataFrame:
    """All pairs that a side says; the base is who names the place, and what is missing is who does not."""
    n = {(row.location, row.quality): int(row.n) for row in frame.itertuples()}
    named, base = dict(zip(frame["location"], frame["named"].astype(int), strict=True)), int(frame["base"].iloc[0]) if len(frame) else 0
    pairs = {(row.location, row.quality) for one in (frame, *others) for row in one.itertuples() if isinstance(row.quality, str)}
    ordered = [(place, quality) for place in LOCATION.bit for quality in QUALITY.bit if (place, quality) in pairs]
    return pd.DataFrame([(f"{place} {quality}", f"{LOCATION.label[place]}: {QUALITY.label[quality].lower()}", n.get((place, quality), 0), named.get(place, 0),
                          base - named.get(place, 0)) for place, quality in ordered], columns=["code", "label", "n", "of", "missing"])


def _points(side: Side, of: str) -> np.ndarray:
    return side.frames[f"{of} points"]["n"].to_numpy(np.int64)


# --- chance --------------------------------------------------------------------------------------------------------------------------------------

def difference(a: pd.DataFrame, b: pd.DataFrame, both: pd.DataFrame | None = None, replicates: int = REPLICATES) -> pd.DataFrame:
    """Rows of both sides, which are the same shares in the same order; of those in both where they are drawn together. Patients are drawn with
    replacement. Of a share only three things can be true of a patient (yes, no, not answered), so how often each is drawn is multinomial, and
    no patient has to be drawn one by one."""
    shares = [100 * side["n"].to_numpy(float) / np.maximum(side["of"].to_numpy(float), 1) for side in (a, b)]
    sides = _drawn(a, b, both, replicates)
    low, high = _interval(sides[0] - sides[1])
    enough = ((a["of"] >= LEAST) & (b["of"] >= LEAST)).to_numpy()
    given = {"difference": shares[0] - shares[1], "low": 100 * low, "high": 100 * high}
    return pd.DataFrame({
        "code": a["code"], "label": a["label"],
        **{f"{name}_{side}": frame[name].astype(int) for side, frame in (("a", a), ("b", b)) for name in ("n", "of", "missing")},
        **{f"share_{side}": np.where(frame["of"] > 0, share, np.nan) for side, frame, share in (("a", a, shares[0]), ("b", b, shares[1]))},
        **{name: np.where(enough, values, np.nan) for name, values in given.items()}})


def _states(frame: pd.DataFrame) -> np.ndarray:
    """yes, no, not answered. A share of nothing or of all is drawn from as if one more had said yes and one more no: else it could never
    come out otherwise, and the interval would claim to be sure."""
    n, of, missing = (frame[name].to_numpy(float) for name in ("n", "of", "missing"))
    return np.stack([n, of - n, missing], axis=1)


def _drawn(a: pd.DataFrame, b: pd.DataFrame, both: pd.DataFrame | None, replicates: int) -> list[np.ndarray]:
    """Shares of both sides, a column a replicate."""
    one, other = _states(a), _states(b)
    shared = np.zeros_like(one) if both is None else _states(both)
    parts = [one - shared, shared, other - shared]
    for whole, own in ((one, parts[0]), (other, parts[2])):
        sure = (whole[:, :2].min(axis=1) == 0) & (whole[:, :2].sum(axis=1) > 0)
        own[sure, :2] += 1
    if both is None:
        of_a, of_b = (_multinomial(part, round(float(whole[:1].sum())), replicates, place)
                      for place, (part, whole) in enumerate(((parts[0], one), (parts[2], other))))
    else:
        size = round(float((one + other - shared)[:1].sum()))
        drawn = np.split(_multinomial(np.concatenate(parts, axis=1), size, replicates), 3, axis=2)
        of_a, of_b = drawn[0] + drawn[1], drawn[1] + drawn[2]
    with np.errstate(invalid="ignore"):
        return [side[..., 0] / (side[..., 0] + side[..., 1]) for side in (of_a, of_b)]


def _multinomial(weights: np.ndarray, size: int, replicates: int, stream: int = 0) -> np.ndarray:
    """Rows, replicates, states. Each row begins its own stream: an interval hangs on the numbers of its row alone, so that one that is written
    says nothing of a count beside it that is not."""
    shares = weights / np.maximum(weights.sum(axis=-1, keepdims=True), 1e-9)
    drawn = [np.random.default_rng((SEED, stream)).multinomial(size, row, size=replicates) for row in shares]
    return np.stack(drawn) if drawn else np.zeros((0, replicates, weights.shape[-1]))


def _interval(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """2.5 to 97.5 % of each row; replicates in which nobody answered say nothing."""
    if not len(values):
        return np.zeros(0), np.zeros(0)
    gaps = np.isnan(values).any(axis=1)
    low, high = np.quantile(np.where(gaps[:, None], 0, values), (0.025, 0.975), axis=1)
    for at in np.flatnonzero(gaps):
        known = values[at, ~np.isnan(values[at])]
        low[at], high[at] = np.quantile(known, (0.025, 0.975)) if len(known) else (np.nan, np.nan)
    return low, high


def mean(a: np.ndarray, b: np.ndarray, both: np.ndarray | None = None, replicates: int = REPLICATES) -> tuple[float, ...]:
    """Of histograms over 0 to 10, with those not recorded last: mean of a, of b, difference, low, high; nan where too few answered."""
    points = np.arange(len(a) - 1)

    def of(histogram: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return (histogram[..., :-1] * points).sum(axis=-1) / histogram[..., :-1].sum(axis=-1)
    if min(a[:-1].sum(), b[:-1].sum()) < LEAST:
        return (float(of(a)), float(of(b)), np.nan, np.nan, np.nan)
    if both is None:
        drawn = [_multinomial(side[None].astype(float), int(side.sum()), replicates, place) for place, side in enumerate((a, b))]
    else:
        parts = np.split(_multinomial(np.concatenate([a - both, both, b - both])[None].astype(float), int((a + b - both).sum()), replicates), 3, axis=2)
        drawn = [parts[0] + parts[1], parts[1] + parts[2]]
    low, high = _interval(of(drawn[0]) - of(drawn[1]))
    return (float(of(a)), float(of(b)), float(of(a) - of(b)), float(low[0]), float(high[0]))


def case_mix(made: Comparison, points: float = 10) -> list[tuple[str, str, float]]:
    """Classes of sex, age and source of which one side has clearly more: table, label, difference. What else differs may come from that."""
    return [(name, row.label, row.difference) for name in MIX for row in made.tables[name].itertuples()
            if abs(row.difference) >= points and (row.low > 0 or row.high < 0)]
