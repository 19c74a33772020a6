"""What the cohort page counts, once more, on a frame in memory: as an analyst would write it who knows pandas and has the same integers."""
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from dashboard import crossfilter, profile
from dashboard.codelists import ANSWERED, CHOICES, HISTORY, LOCATION, QUALITY, RELIEF, SYMPTOM, Codelist
from dashboard.cohort import BUCKETS, NONE, NOT_RECORDED, Cohort
from dashboard.conditions import ANSWERS, NOTHING_HELPED, TREATMENTS
from dashboard.days import date_of
from dashboard.people import DURATIONS, HIGH, HIGH_PAIN
from dashboard.sample import HALF_UP, Per
from tests.bench.subject import Frames

Numbers = dict[str, int | float]
_WHERE, _LIKE = ANSWERED.bits(("locations",)), ANSWERED.bits(("qualities",))
_CLASSES = 4  # a power of two above the number of duration classes


@dataclass
class Selected:
    rows: pd.DataFrame
    per: Per
    people: pd.DataFrame  # by patient: source, bucket, birth year, sex
    lives: pd.DataFrame  # all entries
    as_of: int

    @property
    def who(self) -> pd.Series:
        return self.rows["patient"]

    @cached_property
    def base(self) -> int:
        return self.who.nunique() if self.per == "patient" else len(self.rows)

    @cached_property
    def said(self) -> pd.DataFrame:
        """What was said of places and qualities, as far as they are asked for; equal rows once, which most of them are."""
        lists = [name for name in ("locations", "qualities") if name in self.rows]
        return self.distinct(self.rows[["patient", *lists]].assign(answered=self.rows["answered"] & (_WHERE | _LIKE)))

    def distinct(self, rows: pd.DataFrame) -> pd.DataFrame:
        if self.per == "patient":
            return rows.drop_duplicates()
        return rows.groupby([name for name in rows if name != "patient"], as_index=False).size()

    def count(self, distinct: pd.DataFrame) -> int:
        return distinct["patient"].nunique() if self.per == "patient" else int(distinct["size"].sum())


def count(frames: Frames, cohort: Cohort, charts: Collection[str], per: Per, as_of: int) -> dict[str, Numbers]:
    """The charts of these names, each in its own context; those in the same context share what can be shared."""
    people = frames.people.set_index("patient")
    if {"ages", "sexes"} & {*charts}:
        people = people.assign(**_last(frames.entries))
    of: dict[Cohort, list[str]] = defaultdict(list)
    for name in charts:
        of[crossfilter.context(cohort, name)].append(name)
    made = {}
    for context, names in of.items():
        columns = {column for name in names for column in CHARTS[name][1]}
        selected = Selected(matching(frames.entries, context, columns), per, people, frames.entries, as_of)
        made |= {name: CHARTS[name][0](selected) for name in names}
    return made


def matching(entries: pd.DataFrame, cohort: Cohort, columns: Collection[str]) -> pd.DataFrame:
    """The kinds of filters that are measured; only the columns that are needed, and the patient."""
    masks = []
    if cohort.since is not None:
        masks.append(entries["day"] >= cohort.since)
    if cohort.locations:
        masks.append(entries["locations"] & LOCATION.bits(cohort.locations) != 0)
    if cohort.qualities:
        masks.append(entries["qualities"] & QUALITY.bits(cohort.qualities) != 0)
    narrow = entries[["patient", *sorted(columns)]]
    return narrow[np.logical_and.reduce(masks)] if masks else narrow


def _base(selected: Selected) -> Numbers:
    each = selected.who.value_counts(sort=False)
    low, median, high = each.quantile([0.25, 0.5, 0.75])
    return {"patients": len(each), "entries": len(selected.rows), "q1": low, "median": median, "q3": high}


def _buckets(selected: Selected) -> Numbers:
    found = selected.people["bucket"].reindex(selected.who.unique()).value_counts()
    return {code: int(found.get(code, 0)) for code in (*BUCKETS, NOT_RECORDED)}


def _listed(field: str, codelist: Codelist, answered_bit: int) -> Callable[[Selected], Numbers]:
    def listed(selected: Selected) -> Numbers:
        said = selected.said
        answered = said[said["answered"] & answered_bit != 0]
        n = {code: selected.count(said[said[field] & 1 << bit != 0]) for code, bit in codelist.bit.items()}
        return {**n, NONE: selected.count(answered[answered[field] == 0]), "answered": selected.count(answered)}
    return listed


def _durations(selected: Selected) -> Numbers:
    known = selected.rows[selected.rows["onset_day"].notna()]
    days = known["day"] - known["onset_day"]
    classes = (days >= 42).astype("int64") + (days >= 84)
    if selected.per == "patient":  # the class of the last entry; within a moment the larger one
        moment = known["day"].astype("int64") * 86_400_000_001 + (known["time_of_day"] + 1).fillna(0).astype("int64")
        classes = (moment * _CLASSES + classes).groupby(known["patient"]).max() % _CLASSES
    found = classes.value_counts()
    n = {code: int(found.get(place, 0)) for place, code in enumerate(DURATIONS)}
    return {**n, NOT_RECORDED: selected.base - len(classes)}


def _severity(selected: Selected) -> Numbers:
    made: Numbers = {}
    for name, field, of_all in (("average", "severity", "mean"), ("worst", "worst_severity", "max")):
        values = selected.rows[field]
        if selected.per == "patient":
            values = values.groupby(selected.who).agg(of_all)
        found = np.floor(values.dropna() + HALF_UP).value_counts()
        made |= {f"{name} {value}": int(found.get(value, 0)) for value in range(11)} | {f"answered {name}": int(found.sum())}
    return made


def _symptoms(selected: Selected) -> Numbers:
    said = selected.distinct(selected.rows[["patient", "symptoms_present", "symptoms_denied"]])
    made: Numbers = {}
    for code, bit in SYMPTOM.bit.items():
        yes, no = (said[f"symptoms_{which}"] & 1 << bit != 0 for which in ("present", "denied"))
        present, either = selected.count(said[yes]), selected.count(said[yes | no])
        made |= {f"{code} present": present, f"{code} denied": either - present, f"{code} not asked": selected.base - either}
    return made


def _together(selected: Selected) -> Numbers:
    made: Numbers = {}
    for place, bit in LOCATION.bit.items():
        there = selected.said[selected.said["locations"] & 1 << bit != 0]
        if named := selected.count(there):
            made[place] = named
            pairs = {f"{place} {quality}": selected.count(there[there["qualities"] & 1 << like != 0]) for quality, like in QUALITY.bit.items()}
            made |= {pair: n for pair, n in pairs.items() if n}
    return made


def _last(entries: pd.DataFrame) -> dict[str, pd.Series]:
    """Birth year and sex as last answered; within a moment the larger one."""
    found = {}
    for name, values in (("birth_year", entries["birth_year"]), ("sex", entries["sex"].map({code: place for place, code in enumerate(CHOICES["sex"])}))):
        known = values.notna()
        moment = entries.loc[known, "day"].astype("int64") * 86_400_000_001 + (entries.loc[known, "time_of_day"] + 1).fillna(0).astype("int64")
        order = pd.DataFrame({"patient": entries.loc[known, "patient"], "moment": moment, "value": values[known].astype("int64")})
        found[name] = order.sort_values(["moment", "value"]).groupby("patient")["value"].last()
    return found


def _classes_of(selected: Selected, values: pd.Series, codes: Collection[str]) -> Numbers:
    """`values` by patient, NaN where not known."""
    who = pd.Series(selected.who.unique()) if selected.per == "patient" else selected.who
    found = who.map(values).value_counts()
    n = {code: int(found.get(code, 0)) for code in codes}
    return {**n, NOT_RECORDED: selected.base - sum(n.values())}


def _ages(selected: Selected) -> Numbers:
    year, codes = date_of(selected.as_of).year, list(profile.AGES)
    edges = [-1000, *(most for _, most in list(profile.AGES.values())[:-1]), 1000]
    return _classes_of(selected, pd.cut(year - selected.people["birth_year"], edges, labels=codes).astype(object), codes)


def _sexes(selected: Selected) -> Numbers:
    return _classes_of(selected, selected.people["sex"].map(dict(enumerate(CHOICES["sex"]))), list(CHOICES["sex"]))


def _sources(selected: Selected) -> Numbers:
    who = pd.Series(selected.who.unique()) if selected.per == "patient" else selected.who
    found = who.map(selected.people["source"]).value_counts()
    return {name: int(found.get(name, 0)) for name in selected.people["source"].unique()}


def _hours(selected: Selected) -> Numbers:
    hour = selected.rows["time_of_day"] // 3_600_000_000
    said = selected.distinct(selected.rows[["patient"]].assign(hour=hour)[hour.notna()])
    n = {f"{at:02}": selected.count(said[said["hour"] == at]) for at in range(24)}
    return {**n, "answered": selected.count(said)}


def _weeks(selected: Selected) -> Numbers:
    day = selected.rows["day"]
    monday = day - (day + 3) % 7
    if day.max() - monday.min() < 7 * profile.MOST_WEEKS:
        begin = monday.to_numpy().astype("datetime64[D]")
    else:
        begin = day.to_numpy().astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]")
    by = selected.rows[["patient"]].assign(begin=begin).groupby("begin")["patient"].agg(["nunique", "size"])
    return {f"{at:%Y-%m-%d} {name}": int(n) for at, row in by.iterrows() for name, n in zip(("patients", "entries"), row, strict=True)}


def _high_pain(selected: Selected) -> Numbers:
    lives = selected.lives[["patient", "day"]].assign(worst=selected.lives["worst_severity"].fillna(selected.lives["severity"])).dropna()
    share = (lives.groupby(["patient", "day"])["worst"].max() >= HIGH).groupby("patient").mean()
    classes = pd.cut(share, [-1, 0, 0.25, 0.5, 0.75, 1], labels=list(HIGH_PAIN)).astype(object)
    found = pd.Series(selected.who.unique()).map(classes)
    return {**{code: int((found == code).sum()) for code in HIGH_PAIN}, NOT_RECORDED: int(found.isna().sum())}


def _blank(selected: Selected) -> Numbers:
    made: Numbers = {}
    rows = selected.rows
    for codelist, said in ((ANSWERS, rows["answers"]), (SYMPTOM, rows["symptoms_present"] | rows["symptoms_denied"]),
                           (HISTORY, rows["history_present"] | rows["history_denied"])):
        distinct = selected.distinct(rows[["patient"]].assign(said=said))
        made |= {f"{code} answered": selected.count(distinct[distinct["said"] & 1 << bit != 0]) for code, bit in codelist.bit.items()}
    return made


def _relief(selected: Selected) -> Numbers:
    said = selected.distinct(selected.rows[["patient", "relief_tried", "relief_helped"]].assign(
        answered=selected.rows["answered"] & ANSWERED.bits(("relief_tried", "relief_helped"))))
    tried, helped, answered = said["relief_tried"], said["relief_helped"], said["answered"]
    asked_tried, asked_helped = (answered & ANSWERED.bits((name,)) != 0 for name in ("relief_tried", "relief_helped"))
    none_helped = helped & RELIEF.bits(NOTHING_HELPED) != 0
    made: Numbers = {"none tried": selected.count(said[asked_tried & (tried == 0)]), "none answered": selected.count(said[asked_tried]),
                     "none_helped tried": selected.count(said[asked_helped & (helped == 0) | none_helped]),
                     "none_helped answered": selected.count(said[asked_helped | none_helped])}
    for code in TREATMENTS:
        bit = RELIEF.bits((code,))
        tries, helps = tried & bit != 0, helped & bit != 0
        known = helps | tries & asked_helped
        made |= {f"{code} tried": selected.count(said[tries | helps]), f"{code} helped": selected.count(said[helps]),
                 f"{code} help_not_recorded": selected.count(said[tries | known]) - selected.count(said[known]),
                 f"{code} answered": selected.count(said[answered != 0])}
    return made


# how each is counted, and of which columns
CHARTS: dict[str, tuple[Callable[[Selected], Numbers], tuple[str, ...]]] = {
    "base": (_base, ()), "buckets": (_buckets, ()), "locations": (_listed("locations", LOCATION, _WHERE), ("locations", "answered")),
    "qualities": (_listed("qualities", QUALITY, _LIKE), ("qualities", "answered")), "durations": (_durations, ("day", "time_of_day", "onset_day")),
    "severity": (_severity, ("severity", "worst_severity")), "symptoms": (_symptoms, ("symptoms_present", "symptoms_denied")),
    "together": (_together, ("locations", "qualities", "answered")), "ages": (_ages, ()), "sexes": (_sexes, ()), "sources": (_sources, ()),
    "relief": (_relief, ("relief_tried", "relief_helped", "answered")), "weeks": (_weeks, ("day",)), "hours": (_hours, ("time_of_day",)),
    "high_pain": (_high_pain, ()),
    "blank": (_blank, ("answers", "symptoms_present", "symptoms_denied", "history_present", "history_denied"))}


def members(frames: Frames, cohort: Cohort, most: int) -> pd.DataFrame:
    """The first patients of a cohort in the order of the list: who, how many entries, last day, mean severity, largest worst, all places and qualities."""
    rows = matching(frames.entries, cohort, ("day", "severity", "worst_severity", "locations", "qualities"))
    own = rows.groupby("patient").agg(entries=("day", "size"), last_day=("day", "max")).reset_index().merge(frames.people, on="patient")
    own["order"] = own["bucket"].map({name: place for place, name in enumerate((*BUCKETS, NOT_RECORDED))})
    first = own.sort_values(["order", "last_day", "source", "patient_id"], ascending=[True, False, True, True]).head(most)
    by = rows[rows["patient"].isin(first["patient"])].groupby("patient")
    said = by.agg(severity=("severity", "mean"), worst=("worst_severity", "max"), places=("locations", np.bitwise_or.reduce),
                  qualities=("qualities", np.bitwise_or.reduce)).reset_index()
    made = first.merge(said, on="patient")
    return made.assign(places=made["places"].map(LOCATION.labels), qualities=made["qualities"].map(QUALITY.labels))
