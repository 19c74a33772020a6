"""Two groups of patients beside each other: shares, differences, and how far chance alone could have moved them.

A group is who ever wrote an entry that a question asks for; what is counted is everything they wrote in the period of that question, so that
both diaries are read alike. Per patient throughout; intervals come from drawing patients anew.
"""
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sqlalchemy import BigInteger, ColumnElement, Connection, Select, Subquery, Table, exists, func, literal, select

from dashboard import cohort as cohorts
from dashboard import crossfilter, database, distributions
from dashboard.codelists import CHOICES, LOCATION, QUALITY
from dashboard.cohort import NOT_RECORDED, Cohort
from dashboard.days import date_of
from dashboard.distributions import Sample
from dashboard.figures.cohort import BANDS
from dashboard.filters import without
from dashboard.people import people
from dashboard.schema import patient, source

LANDMARK, REPLICATES, SEED, LEAST = 14, 1000, 20_260_331, 5
AGES = {"under 30": (0, 29), "30 to 44": (30, 44), "45 to 59": (45, 59), "60 to 74": (60, 74), "75 and over": (75, 999)}
TABLES = ("sexes", "ages", "sources", "locations", "qualities", "durations", "average", "worst", "symptoms", "together", "buckets")
MIX = ("sexes", "ages", "sources")
# fields that an entry says, not the patient: who writes more entries has more chances to be found by them
EVER = ("locations", "qualities", "durations", "severity_from", "severity_to", "severity_not_recorded", "symptoms")
EVERYTHING = Cohort()
_ALWAYS = -1_000_000  # a day before all entries


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
    period: Cohort

    def where(self, live: Subquery | Table, as_of: int) -> list[ColumnElement[bool]]:
        m = self.members.c
        return [*self.period.where(live, as_of), exists(select(m.patient).where(m.patient == live.c.patient, live.c.day >= m.from_day))]


def _members(connection: Connection, name: str, group: Group) -> Table:
    live = cohorts.entries(connection, group.as_of, group.known_at).subquery("live")
    first = select(live.c.patient, func.min(live.c.day).label("day")).group_by(live.c.patient).subquery("first")

    def who(question: Cohort) -> Select:
        if not group.landmark:
            return select(live.c.patient).where(*question.where(live, group.as_of))
        return select(live.c.patient).select_from(live.join(first, first.c.patient == live.c.patient)).where(
            live.c.day < first.c.day + LANDMARK, *question.where(live, group.as_of))
    own = first.c.patient
    inside = [own.in_(who(group.among)), own.not_in(who(group.of))] if group.rest else [own.in_(who(group.of))]
    from_day = first.c.day + LANDMARK if group.landmark else literal(_ALWAYS, BigInteger)
    return database.store(connection, name, select(own, from_day.label("from_day")).where(*inside))


def _side(connection: Connection, name: str, group: Group, members: Table) -> Side:
    asked, times = _Theirs(members, group.period), {"as_of": group.as_of, "known_at": group.known_at}
    sample = distributions.sample(connection, asked, **times, name=f"sample_{name}", columns=("locations", "qualities", "symptoms_present", "symptoms_denied",
                                                                                         "severity", "worst", "duration"))
    frames = {one: crossfilter.CHARTS[one].count(connection, sample) for one in ("locations", "qualities", "durations", "symptoms", "severity")}
    frames |= _bands(frames.pop("severity")) | _people(connection, sample, group)
    frames["together"] = distributions.together(connection, asked, **times).assign(base=sample.patients)
    if group.known_at is None:
        frames["buckets"] = _classes(crossfilter.CHARTS["buckets"].count(connection, sample))
    everybody = int(connection.scalar(select(func.count()).select_from(members)))
    return Side(sample.patients, sample.entries, sample.entries_per_patient["median"], everybody, frames)


def _bands(severity: pd.DataFrame) -> dict[str, pd.DataFrame]:
    found = {}
    for of in ("average", "worst"):
        n = dict(zip(severity["code"], severity[of].astype(int), strict=True))
        rows = [(name, f"{name} ({low} to {high})" if high else f"{name} (0)", sum(n[str(point)] for point in range(low, high + 1)))
                for name, (low, high) in BANDS.items()]
        found[of] = _classes(pd.DataFrame([*rows, (NOT_RECORDED, "not recorded", n[NOT_RECORDED])], columns=["code", "label", "n"]))
        found[f"{of} points"] = severity[["code", of]].rename(columns={of: "n"})
    return found


def _people(connection: Connection, sample: Sample, group: Group) -> dict[str, pd.DataFrame]:
    """Sex, age and source of those who are counted."""
    live = cohorts.entries(connection, group.as_of, group.known_at, sample.units).subquery("live")
    who, year = people(live).subquery("who"), date_of(group.as_of).year
    found = pd.DataFrame(connection.execute(select(who.c.sex, who.c.birth_year, source.c.name, func.count()).select_from(
        who.join(patient, patient.c.patient == who.c.patient).join(source, source.c.source == patient.c.source)).group_by(
        who.c.sex, who.c.birth_year, source.c.name)).all(), columns=["sex", "born", "source", "n"])
    age = year - found["born"].astype(float)
    counts: dict[str, dict[str, int]] = {
        "sexes": {**{code: _sum(found, found["sex"] == code) for code in CHOICES["sex"]}, NOT_RECORDED: _sum(found, found["sex"].isna())},
        "ages": {**{name: _sum(found, age.between(*years)) for name, years in AGES.items()}, NOT_RECORDED: _sum(found, age.isna())},
        "sources": {**{name: _sum(found, found["source"] == name) for name in sorted(set(found["source"]))}, NOT_RECORDED: 0}}
    return {name: _classes(pd.DataFrame([(code, {**CHOICES["sex"], NOT_RECORDED: "not recorded"}.get(code, code), n) for code, n in one.items()],
                                        columns=["code", "label", "n"])) for name, one in counts.items()}


def _sum(found: pd.DataFrame, those: pd.Series) -> int:
    return int(found.loc[those, "n"].sum())


def _classes(frame: pd.DataFrame) -> pd.DataFrame:
    blank = int(frame.loc[frame["code"] == NOT_RECORDED, "n"].sum())
    return frame.assign(answered=int(frame["n"].sum()) - blank, not_recorded=blank)


# --- beside each other ------------------------------------------------------------------------------------------------------------------------

def compare(connection: Connection, a: Group, b: Group) -> Comparison:
    tables = {"a": _members(connection, "group_a", a), "b": _members(connection, "group_b", b)}
    shared = select(tables["a"].c.patient, tables["a"].c.from_day).where(tables["a"].c.patient.in_(select(tables["b"].c.patient)))
    in_both = database.store(connection, "group_both", shared)
    one, other = (_side(connection, name, group, tables[name]) for name, group in (("a", a), ("b", b)))
    both = int(connection.scalar(select(func.count()).select_from(in_both)))
    # the same entries of them are counted on both sides: whoever draws one draws the other
    paired = bool(both) and (a.period, a.as_of, a.known_at) == (b.period, b.as_of, b.known_at)
    middle = _side(connection, "both", a, in_both) if paired else None
    made = {name: difference(rows(name, one.frames, other.frames), rows(name, other.frames, one.frames),
                             rows(name, middle.frames, one.frames, other.frames) if middle else None)
            for name in TABLES if name in one.frames and name in other.frames}
    means = {of: mean(*(side and _points(side, of) for side in (one, other, middle))) for of in ("average", "worst")}
    return Comparison(one, other, both, paired, made, means)


def rows(name: str, frames: dict[str, pd.DataFrame], *others: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """code, label, n, of, missing of one side; for pairs of place and quality and for sources, also those that only another side has."""
    frame = frames[name]
    if name == "symptoms":
        return pd.DataFrame({"code": frame["code"], "label": frame["label"], "n": frame["present"], "of": frame["answered"], "missing": frame["not_asked"]})
    if name == "together":
        return _pairs(frame, [other[name] for other in others])
    said = frame[frame["code"] != NOT_RECORDED]
    made = pd.DataFrame({"code": said["code"], "label": said["label"], "n": said["n"], "of": said["answered"], "missing": said["not_recorded"]})
    lacking = [code for other in others for code in other[name]["code"] if code not in {NOT_RECORDED, *made["code"]}]
    more = pd.DataFrame({"code": (codes := list(dict.fromkeys(lacking))), "label": codes, "n": 0, "of": int(frame["answered"].iloc[0]),
                         "missing": int(frame["not_recorded"].iloc[0])})
    return pd.concat([made, more] if len(more) else [made]).sort_values("code", key=lambda code: code if name == "sources" else code.map(lambda _: 0),
                                                                          kind="stable").reset_index(drop=True)


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
    """Shares of both sides, a row a replicate."""
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
    """Replicates, rows, states. Each row begins its own stream: an interval hangs on the numbers of its row alone, so that one that is written
    says nothing of a count beside it that is not."""
    shares = weights / np.maximum(weights.sum(axis=-1, keepdims=True), 1e-9)
    drawn = [np.random.default_rng((SEED, stream)).multinomial(size, row, size=replicates) for row in shares]
    return np.stack(drawn, axis=1) if drawn else np.zeros((replicates, *weights.shape))


def _interval(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """2.5 to 97.5 %; replicates in which nobody answered say nothing."""
    if not values.shape[1]:
        return np.zeros(0), np.zeros(0)
    gaps = np.isnan(values).any(axis=0)
    low, high = np.quantile(np.where(gaps, 0, values), (0.025, 0.975), axis=0)
    for at in np.flatnonzero(gaps):
        known = values[~np.isnan(values[:, at]), at]
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
