"""What the first screen of the cohort page counts, once more, on a frame in memory as survey tools and `get_dummies` give it: a column of yes and no
for each code (`none` is one of the codes, and a row without any was not answered), and yes, no or blank for each symptom."""
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from dashboard import crossfilter
from dashboard.codelists import ANSWERED, LOCATION, QUALITY, SYMPTOM, Codelist
from dashboard.cohort import NONE, Cohort
from dashboard.sample import Per
from tests.bench import by_pandas
from tests.bench.by_pandas import Numbers, Selected
from tests.bench.subject import Subject

SCALARS = ("patient", "day", "time_of_day", "onset_day", "severity", "worst_severity")
LISTS = {"locations": LOCATION, "qualities": QUALITY}


@dataclass(frozen=True)
class Wide:
    entries: pd.DataFrame
    people: pd.DataFrame

    @property
    def megabytes(self) -> float:
        return float(self.entries.memory_usage().sum()) / 1e6


def named(field: str, codelist: Codelist) -> list[str]:
    return [f"{field}/{code}" for code in (*codelist.bit, NONE)]


@lru_cache(maxsize=1)
def wide(subject: Subject) -> Wide:
    """Made once, outside of all that is measured."""
    frames = subject.frames
    e = frames.entries
    made: dict[str, object] = {}
    for field, codelist in LISTS.items():
        said, answered = e[field].to_numpy(), e["answered"].to_numpy() & ANSWERED.bits((field,)) != 0
        made |= {f"{field}/{code}": said & 1 << bit != 0 for code, bit in codelist.bit.items()} | {f"{field}/{NONE}": answered & (said == 0)}
    for code, bit in SYMPTOM.bit.items():
        yes, no = (e[f"symptoms_{which}"].to_numpy() & 1 << bit != 0 for which in ("present", "denied"))
        made[f"symptoms/{code}"] = pd.arrays.BooleanArray(yes, ~(yes | no))
    return Wide(pd.concat([e[list(SCALARS)].reset_index(drop=True), pd.DataFrame(made)], axis=1), frames.people.set_index("patient"))


def count(wide: Wide, cohort: Cohort, charts: Collection[str], per: Per, as_of: int) -> dict[str, Numbers]:
    """The charts of these names, each in its own context; those in the same context share the rows."""
    made: dict[str, Numbers] = {}
    for context in dict.fromkeys(crossfilter.context(cohort, name) for name in charts):
        names = [name for name in charts if crossfilter.context(cohort, name) == context]
        columns = dict.fromkeys(column for name in names for column in CHARTS[name][1])
        selected = Selected(_matching(wide.entries, context, list(columns)), per, wide.people, wide.entries, as_of)
        made |= {name: CHARTS[name][0](selected) for name in names}
    return made


def _matching(entries: pd.DataFrame, cohort: Cohort, columns: list[str]) -> pd.DataFrame:
    """The kinds of filters that are measured."""
    masks = [] if cohort.since is None else [entries["day"] >= cohort.since]
    masks += [entries[[f"{field}/{code}" for code in codes]].any(axis=1) for field in LISTS if (codes := getattr(cohort, field))]
    narrow = entries[["patient", *columns]]
    return narrow[np.logical_and.reduce(masks)] if masks else narrow


def _units(selected: Selected, columns: list[str], of: pd.DataFrame | None = None) -> pd.DataFrame:
    """A row a unit, whether any of its entries says so."""
    rows = selected.rows if of is None else of
    return rows.groupby("patient")[columns].any() if selected.per == "patient" else rows[columns]


def _listed(field: str, codelist: Codelist) -> Callable[[Selected], Numbers]:
    columns = named(field, codelist)

    def listed(selected: Selected) -> Numbers:
        units = _units(selected, columns)
        return {**{column.partition("/")[2]: int(n) for column, n in units.sum().items()}, "answered": int(units.any(axis=1).sum())}
    return listed


def _symptoms(selected: Selected) -> Numbers:
    columns = [f"symptoms/{code}" for code in SYMPTOM.bit]
    if selected.per == "patient":
        by = selected.rows.groupby("patient")[columns]
        present, asked = by.any(), by.count() > 0
    else:
        present, asked = selected.rows[columns].fillna(False), selected.rows[columns].notna()
    yes, either = present.sum(), asked.sum()
    made: Numbers = {}
    for code, column in zip(SYMPTOM.bit, columns, strict=True):
        made |= {f"{code} present": int(yes[column]), f"{code} denied": int(either[column] - yes[column]),
                 f"{code} not asked": int(selected.base - either[column])}
    return made


def _together(selected: Selected) -> Numbers:
    made: Numbers = {}
    kinds = named("qualities", QUALITY)[:-1]
    for place in LOCATION.bit:
        there = selected.rows[selected.rows[f"locations/{place}"]]
        if len(there):
            units = _units(selected, kinds, there)
            made[place] = len(units)
            made |= {f"{place} {column.partition('/')[2]}": int(n) for column, n in units.sum().items() if n}
    return made


_PLACES, _KINDS = named("locations", LOCATION), named("qualities", QUALITY)
# how each is counted, and of which columns
CHARTS: dict[str, tuple[Callable[[Selected], Numbers], tuple[str, ...]]] = {
    **{name: by_pandas.CHARTS[name] for name in ("base", "buckets", "durations", "severity")},
    "locations": (_listed("locations", LOCATION), tuple(_PLACES)), "qualities": (_listed("qualities", QUALITY), tuple(_KINDS)),
    "symptoms": (_symptoms, tuple(f"symptoms/{code}" for code in SYMPTOM.bit)), "together": (_together, (*_PLACES[:-1], *_KINDS[:-1]))}
