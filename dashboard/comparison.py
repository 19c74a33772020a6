"""Two groups of patients beside each other: shares, differences, and how far chance alone could have moved them.

A group is who ever wrote an entry that a question asks for; what is counted is everything they wrote in the period of that question, so that
both diaries are read alike. Per patient throughout; intervals come from drawing patients anew.
"""
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sqlalchemy import BigInteger, ColumnElement, Connection, Select, Subquery, Table, case, cast, func, literal, select, union

from dashboard import cohort as cohorts
from dashboard import crossfilter, database, distributions, filters, people, profile, saved
from dashboard.address import reference
from dashboard.chance import difference, mean
from dashboard.codelists import LOCATION, QUALITY
from dashboard.cohort import NOT_RECORDED, Cohort
from dashboard.conditions import names
from dashboard.distributions import SaidTogether
from dashboard.figures.cohort import BANDS
from dashboard.phrases import OF_ENTRIES
from dashboard.sample import Asking, Sample, named, part
from dashboard.saved import Saved
from dashboard.schema import patient

LANDMARK = 14
SAMPLED = ("locations", "qualities", "durations", "symptoms", "hours", "blank")
_DAYS = 1 << 17  # of which half are before 1970
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
    """What the patients of a table wrote, read once for every group of them. `days` are the days on which one of them wrote: the patient, the
    day, and whether it was said how bad it was (1), and that it was high pain (2)."""
    of: Group
    sample: Sample
    together: SaidTogether
    days: tuple[np.ndarray, ...]


def _counted(connection: Connection, group: Group, members: Table, n: int) -> _Counted:
    asked, times = _asked(connection, group, members, n), {"as_of": group.as_of, "known_at": group.known_at}
    return _Counted(group, distributions.sample(connection, asked, **times), distributions.said_together(connection, asked, **times),
                    _days(connection, asked, **times))


def _asked(connection: Connection, group: Group, members: Table, n: int) -> Asking:
    """Of n members, what is counted; of others too where those are few: to ask of every entry whose it is takes longer than to count it."""
    if group.landmark:
        own = named(cohorts.entries(connection, group.as_of, group.known_at))
        later = select(own.c.entry).join(members, members.c.patient == own.c.patient).where(own.c.day >= members.c.from_day)
        return _Only(group.period, database.store(connection, "group_entries", later))
    few_others = 2 * n > connection.scalar(select(func.count()).select_from(patient))
    return group.period if few_others else _Only(group.period, members)


def _days(connection: Connection, asked: Asking, *, as_of: int, known_at: int | None) -> tuple[np.ndarray, ...]:
    """Patient, day and what is said packed into one number: a million of them are sorted in half the time that it takes to group them in SQL."""
    live = named(cohorts.entries(connection, as_of, known_at))
    worst = func.coalesce(live.c.worst_severity, live.c.severity)
    said = case((worst >= people.HIGH, 2), (worst.is_not(None), 1), else_=0)
    moment = cast(live.c.patient, BigInteger) * _DAYS + (live.c.day + _DAYS // 2)
    found = np.sort(database.unordered(connection, select((moment * 4 + said).label("packed")).where(*asked.where(live, as_of)))[0])
    found = found[np.diff(found // 4, append=-1) != 0]  # the worst of a day comes last
    who, day = np.divmod(found // 4, _DAYS)
    return who, day - _DAYS // 2, found % 4


def _side(connection: Connection, counted: _Counted, members: np.ndarray, over_time: list[tuple[int, int]]) -> Side:
    sample, said = part(counted.sample, members), counted.together
    frames = {one: crossfilter.CHARTS[one].count(connection, sample) for one in (*MIX, *SAMPLED, "severity")}
    frames |= _bands(frames.pop("severity")) | _reliefs(*distributions.reliefs(connection, sample), sample.patients)
    here = np.isin(said.who, members)
    frames["together"] = distributions.crossed(SaidTogether(*(column[here] for column in (said.who, said.places, said.kinds, said.times))))
    here = np.isin(counted.days[0], members)
    who, day, said = (column[here] for column in counted.days)
    frames["high_pain"] = _in_high_pain(who, said)
    if over_time:
        frames["weeks"] = _over_time(who, day, over_time)
    if counted.of.known_at is None:
        frames["buckets"] = _classes(crossfilter.CHARTS["buckets"].count(connection, sample))
    return Side(sample.patients, sample.entries, sample.entries_per_patient["median"], len(members), frames)


def _in_high_pain(who: np.ndarray, said: np.ndarray) -> pd.DataFrame:
    """As people.high_pain says it: by which quarter of the days that were said to be bad or not were bad."""
    bad, of, wrote = (np.bincount(who[said >= least], minlength=who.max(initial=0) + 1) for least in (2, 1, 0))
    place = -(-4 * bad[of > 0] // of[of > 0])
    classes = [(code, label, int((place == quarter).sum())) for quarter, (code, label) in enumerate(people.HIGH_PAIN.items())]
    return _classes(pd.DataFrame([*classes, (NOT_RECORDED, "not recorded", int(((wrote > 0) & (of == 0)).sum()))], columns=["code", "label", "n"]))


def _over_time(who: np.ndarray, day: np.ndarray, spans: list[tuple[int, int]]) -> pd.DataFrame:
    """code, label, patients: who wrote in a week, month or year of the calendar. Of all patients of the side, whenever their diaries began:
    that more wrote in a week may be because more had begun by then."""
    at = np.searchsorted([since for since, _ in spans], day, side="right") - 1
    once = (np.diff(at, prepend=-1) != 0) | (np.diff(who, prepend=-1) != 0)  # days are in order, patient by patient
    n = np.bincount(at[once], minlength=len(spans))
    return pd.DataFrame([(*profile.span_names(*span), int(patients)) for span, patients in zip(spans, n, strict=True)], columns=["code", "label", "patients"])


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

def compare(connection: Connection, a: Group, b: Group) -> Comparison:
    tables = [_members(connection, name, group) for name, group in (("group_a", a), ("group_b", b))]
    members = [database.unordered(connection, select(table.c.patient))[0] for table in tables]
    in_both = np.intersect1d(*members)
    # the same entries of them are counted on both sides: one reading does for both, and whoever draws one draws the other
    alike = a.counted == b.counted
    if alike:
        either = database.store(connection, "group_either", union(*map(select, tables)).subquery().select())
        read = [_counted(connection, a, either, sum(map(len, members)) - len(in_both))] * 2
    else:
        read = [_counted(connection, group, table, len(who)) for group, table, who in zip((a, b), tables, members, strict=True)]
    day = read[0].days[1][np.isin(read[0].days[0], np.concatenate(members))]
    # who was not asked about a week did not fail to write in it: beside each other only where the same weeks are counted
    spans = profile.spans(int(day.min()), int(day.max())) if alike and len(day) else []
    one, other = (_side(connection, counted, who, spans) for counted, who in zip(read, members, strict=True))
    paired = alike and bool(len(in_both))
    middle = _side(connection, read[0], in_both, spans) if paired else None
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
