"""What the cohort page counts, once more, on a frame in memory: as an analyst would write it who knows pandas and has the same integers."""
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from dashboard import crossfilter
from dashboard.codelists import ANSWERED, LOCATION, QUALITY, SYMPTOM, Codelist
from dashboard.cohort import BUCKETS, NONE, NOT_RECORDED, Cohort
from dashboard.people import DURATIONS
from dashboard.sample import HALF_UP, Per
from tests.bench.subject import Frames

Numbers = dict[str, int | float]
_WHERE, _LIKE = ANSWERED.bits(("locations",)), ANSWERED.bits(("qualities",))
_CLASSES = 4  # a power of two above the number of duration classes


@dataclass
class Selected:
    rows: pd.DataFrame
    per: Per
    bucket: pd.Series  # by patient

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


def count(frames: Frames, cohort: Cohort, charts: Collection[str], per: Per) -> dict[str, Numbers]:
    """The charts of these names, each in its own context; those in the same context share what can be shared."""
    bucket = frames.people.set_index("patient")["bucket"]
    of: dict[Cohort, list[str]] = defaultdict(list)
    for name in charts:
        of[crossfilter.context(cohort, name)].append(name)
    made = {}
    for context, names in of.items():
        columns = {column for name in names for column in CHARTS[name][1]}
        selected = Selected(matching(frames.entries, context, columns), per, bucket)
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
    found = selected.bucket.reindex(selected.who.unique()).value_counts()
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


# how each is counted, and of which columns
CHARTS: dict[str, tuple[Callable[[Selected], Numbers], tuple[str, ...]]] = {
    "base": (_base, ()), "buckets": (_buckets, ()), "locations": (_listed("locations", LOCATION, _WHERE), ("locations", "answered")),
    "qualities": (_listed("qualities", QUALITY, _LIKE), ("qualities", "answered")), "durations": (_durations, ("day", "time_of_day", "onset_day")),
    "severity": (_severity, ("severity", "worst_severity")), "symptoms": (_symptoms, ("symptoms_present", "symptoms_denied")),
    "together": (_together, ("locations", "qualities", "answered"))}


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
