"""Two groups of patients beside each other: shares, differences, and how far chance alone could have moved them.

A group is who ever wrote an entry that a question asks for; what is counted is everything they wrote in the period of that question, so that
both diaries are read alike. Per patient throughout; intervals come from drawing patients anew.
"""
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sqlalchemy import BigInteger, ColumnElement, Connection, Select, Subquery, Table, func, literal, select, union

from dashboard import cohort as cohorts
from dashboard import crossfilter, database, distributions, filters, saved, wrote
from dashboard.address import reference
from dashboard.chance import difference, mean
from dashboard.codelists import LOCATION, QUALITY
from dashboard.cohort import NOT_RECORDED, Cohort
from dashboard.conditions import names
from dashboard.distributions import SaidTogether
from dashboard.figures.cohort import BANDS
from dashboard.phrases import OF_ENTRIES
from dashboard.sample import Asking, Sample, part
from dashboard.saved import Saved
from dashboard.schema import patient
from dashboard.wrote import Days, Weeks

LANDMARK = 14
SAMPLED = ("locations", "qualities", "durations", "symptoms", "hours", "blank")
MIX = ("sexes", "ages", "sources")
TABLES = (*MIX, *SAMPLED, "average", "worst", "high_pain", "together", "tried", "relief", "weeks", "buckets")
# fields that an entry says, not the patient: who writes more entries has more chances to be found by them
EVER = tuple(name for field in OF_ENTRIES for name in names(field))
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
        return (self.among if self.rest else self.of).in_period

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


REST = ""


def offered(question: Cohort, kept: list[Saved], chosen: str = REST, *, as_of: int, known_at: int | None) -> dict[str, tuple[str, Group]]:
    """What a question can be compared with, by the code that an address holds: everyone else; who would be found without a part of it, and is
    not; what is saved, the newest version of each and the one that is chosen. In words, and as a group."""
    period, times = question.in_period, {"as_of": as_of, "known_at": known_at}
    found = {REST: ("Everyone else", Group("rest", question, rest=True, among=period, **times))}
    for chip in filters.chips(question):
        if chip.left not in (question, period) and (question.since, question.until) == (chip.left.since, chip.left.until):
            found[f"not {chip.text}"] = (f"The same, but not {chip.text}", Group("rest", question, rest=True, among=chip.left, **times))
    newest = {one.cohort: one.version for one in reversed(kept)}
    for one in kept:
        code, last = f"saved {reference(one.cohort, one.version)}", one.version == newest[one.cohort]
        if code == chosen or (last and not one.retired):
            at = {"as_of": one.frozen.as_of, "known_at": one.frozen.known_at} if one.frozen else times
            found[code] = (f"Saved: {saved.called(one)}{'' if last else f', version {one.version}'}", Group("saved", one.question, **at))
    return found


def ever(question: Cohort) -> bool:
    return filters.without(question, *EVER) != question


# --- who is in a group, and what they wrote ------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class _Only:
    """To be asked like a cohort: what was written in a period, of it the entries, or those of the patients, in a table."""
    period: Cohort
    table: Table

    def where(self, live: Subquery | Table, as_of: int) -> list[ColumnElement[bool]]:
        (column, *_) = self.table.c
        return [*self.period.where(live, as_of), live.c[column.name].in_(select(column))]


@dataclass(frozen=True)
class _Later(_Only):
    """Of those of the patients, what was written from their day on. A join, in which the table holds each patient once: asked whether there is
    such a row, DuckDB takes twice as long as for all the rest."""
    def where(self, live: Subquery | Table, as_of: int) -> list[ColumnElement[bool]]:
        return [*self.period.where(live, as_of), live.c.patient == self.table.c.patient, live.c.day >= self.table.c.from_day]


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
    days: Days


def _counted(connection: Connection, group: Group, members: Table, n: int) -> _Counted:
    asked, times = _asked(connection, group, members, n), {"as_of": group.as_of, "known_at": group.known_at}
    return _Counted(group, distributions.sample(connection, asked, **times), distributions.said_together(connection, asked, **times),
                    wrote.read(connection, asked, **times))


def _asked(connection: Connection, group: Group, members: Table, n: int) -> Asking:
    """Of n members, what is counted; of others too where those are few: to ask of every entry whose it is takes longer than to count it."""
    if group.landmark:
        return _Later(group.period, members)
    few_others = 2 * n > connection.scalar(select(func.count()).select_from(patient))
    return group.period if few_others else _Only(group.period, members)


def _side(connection: Connection, counted: _Counted, members: np.ndarray, weeks: Weeks | None) -> Side:
    sample, said = part(counted.sample, members), counted.together
    frames = {one: crossfilter.CHARTS[one].count(connection, sample) for one in (*MIX, *SAMPLED, "severity")}
    frames |= _bands(frames.pop("severity")) | _reliefs(*distributions.reliefs(connection, sample), sample.patients)
    here = np.isin(said.who, members)
    frames["together"] = distributions.crossed(SaidTogether(*(column[here] for column in (said.who, said.places, said.kinds, said.times))))
    here = np.isin(counted.days.who, members)
    frames["high_pain"] = _classes(wrote.in_high_pain(counted.days.quarter[here]))
    if weeks:
        frames["weeks"] = wrote.over_time(weeks, here)
    if counted.of.known_at is None:
        frames["buckets"] = _classes(crossfilter.CHARTS["buckets"].count(connection, sample))
    return Side(sample.patients, sample.entries, sample.entries_per_patient["median"], len(members), frames)


def _reliefs(treatments: pd.DataFrame, nothing: pd.DataFrame, patients: int) -> dict[str, pd.DataFrame]:
    """What was tried, of who said what they tried or what helped; and what helped, of who tried it and said whether it did: never having said so
    is not a no. With it who tried nothing and whom nothing helped, each of who answered that."""
    said = treatments.assign(present=treatments["helped"], answered=treatments["tried"] - treatments["help_not_recorded"])
    helped = pd.concat([said, nothing.assign(present=nothing["n"], tried=0, help_not_recorded=0)], ignore_index=True)[
        ["code", "label", "present", "answered", "tried", "help_not_recorded"]]
    return {"tried": treatments[["code", "label", "tried", "answered", "not_recorded"]].rename(columns={"tried": "n"}),
            "relief": helped.assign(denied=helped["answered"] - helped["present"], not_asked=patients - helped["answered"])}


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

def compare(connection: Connection, a: Group, b: Group, tell: Callable[[float, str], None] = lambda share, doing: None) -> Comparison:
    """`tell` is told how far it is, as a share of one, and what is done next."""
    tell(0, "Looking who is in A and in B")
    tables = [_members(connection, name, group) for name, group in (("group_a", a), ("group_b", b))]
    members = [database.unordered(connection, select(table.c.patient))[0] for table in tables]
    in_both = np.intersect1d(*members)
    # the same entries of them are counted on both sides: one reading does for both, and whoever draws one draws the other
    alike = a.counted == b.counted
    if alike:
        tell(0.1, "Reading what they wrote")
        either = database.store(connection, "group_either", union(*map(select, tables)).subquery().select())
        read = [_counted(connection, a, either, sum(map(len, members)) - len(in_both))] * 2
    else:
        read = []
        for share, group, table, who in zip((0.1, 0.4), (a, b), tables, members, strict=True):
            tell(share, f"Reading what {'B' if read else 'A'} wrote")
            read.append(_counted(connection, group, table, len(who)))
    tell(0.7, "Counting")
    # who was not asked about a week did not fail to write in it: beside each other only where the same weeks are counted
    weeks = wrote.weeks(read[0].days, np.concatenate(members)) if alike else None
    one, other = (_side(connection, counted, who, weeks) for counted, who in zip(read, members, strict=True))
    paired = alike and bool(len(in_both))
    middle = _side(connection, read[0], in_both, weeks) if paired else None
    tell(0.9, "Drawing patients anew")
    names = [name for name in TABLES if name in one.frames and name in other.frames]
    each = [rows(name, one, other) for name in names]
    # all tables at once: what pandas does with one table takes as long as with all their rows
    beside, of_both = (side and pd.concat([rows(name, side, *others) for name in names], ignore_index=True)
                       for side, others in ((other, [one]), (middle, [one, other])))
    whole = difference(pd.concat(each, ignore_index=True), beside, of_both)
    ends = np.cumsum([len(table) for table in each]).tolist()
    made = {name: whole.iloc[begin:end].reset_index(drop=True) for name, begin, end in zip(names, [0, *ends], ends, strict=False)}
    means = {of: mean(*(side and _points(side, of) for side in (one, other, middle))) for of in ("average", "worst")}
    return Comparison(one, other, len(in_both), paired, made, means)


def rows(name: str, side: Side, *others: Side) -> pd.DataFrame:
    """code, label, n, of, missing of one side; for pairs of place and quality, also those that only another side has."""
    frame = side.frames[name]
    if name in ("symptoms", "relief"):
        return pd.DataFrame({"code": frame["code"], "label": frame["label"], "n": frame["present"], "of": frame["answered"], "missing": frame["not_asked"]})
    if name == "together":
        return _pairs(frame, [other.frames[name] for other in others], side.patients)
    if name in ("weeks", "blank"):
        return pd.DataFrame({"code": frame["code"], "label": frame["label"], "n": frame["patients" if name == "weeks" else "answered"], "of": side.patients,
                             "missing": 0})
    said = frame[frame["code"] != NOT_RECORDED]
    return pd.DataFrame({"code": said["code"], "label": said["label"], "n": said["n"], "of": said["answered"], "missing": said["not_recorded"]})


def _pairs(frame: pd.DataFrame, others: list[pd.DataFrame], base: int) -> pd.DataFrame:
    """All pairs that a side says; the base is who names the place, and what is missing is who does not."""
    n = {(row.location, row.quality): int(row.n) for row in frame.itertuples()}
    named = dict(zip(frame["location"], frame["named"].astype(int), strict=True))
    pairs = {(row.location, row.quality) for one in (frame, *others) for row in one.itertuples() if isinstance(row.quality, str)}
    ordered = [(place, quality) for place in LOCATION.bit for quality in QUALITY.bit if (place, quality) in pairs]
    return pd.DataFrame([(f"{place} {quality}", f"{LOCATION.label[place]}: {QUALITY.label[quality].lower()}", n.get((place, quality), 0), named.get(place, 0),
                          base - named.get(place, 0)) for place, quality in ordered], columns=["code", "label", "n", "of", "missing"])


def _points(side: Side, of: str) -> np.ndarray:
    return side.frames[f"{of} points"]["n"].to_numpy(np.int64)


def case_mix(made: Comparison, points: float = 10) -> list[tuple[str, str, float]]:
    """Classes of sex, age and source of which one side has clearly more: table, label, difference. What else differs may come from that."""
    return [(name, row.label, row.difference) for name in MIX for row in made.tables[name].itertuples()
            if abs(row.difference) >= points and (row.low > 0 or row.high < 0)]
