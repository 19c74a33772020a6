"""The charts of the cohort page: each counts the entries that meet every filter but its own, so that the clicked one keeps its whole
context; charts that are about the same entries share one reading of them."""
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest

import numpy as np
import pandas as pd
from sqlalchemy import Connection, case, select

from dashboard import database, distributions, filters, profile
from dashboard.cohort import BUCKETS, NONE, NOT_RECORDED, Cohort
from dashboard.conditions import NOTHING_HELPED, PERIOD, range_names
from dashboard.distributions import Per, Sample
from dashboard.filters import label, without
from dashboard.sample import Base, of_patients
from dashboard.schema import patient_outcome

Counted = pd.DataFrame | Base


@dataclass(frozen=True)
class Chart:
    """`own` are the fields of the question that a click on it sets; `columns` are what it needs of a sample."""
    own: tuple[str, ...]
    columns: tuple[str, ...]
    count: Callable[[Connection, Sample], Counted]


def _severity(connection: Connection, asked: Sample) -> pd.DataFrame:
    """code (0 to 10, `not_recorded`), average, worst; each with its base: answered_average, answered_worst."""
    both = {name: distributions.points(connection, asked, field) for name, field in (("average", "severity"), ("worst", "worst"))}
    return pd.DataFrame({"code": [*map(str, range(11)), NOT_RECORDED], **{name: [*n, asked.base - sum(n)] for name, n in both.items()},
                         **{f"answered_{name}": sum(n) for name, n in both.items()}})


def _buckets(connection: Connection, asked: Sample) -> pd.DataFrame:
    """code, label, n: patients, also where entries are counted, in the order of the worklist; those not evaluated yet come last."""
    outcome = patient_outcome.c
    place = case({code: place for place, code in enumerate(BUCKETS)}, value=outcome.bucket, else_=-1)
    found = of_patients(asked, *database.unordered(connection, select(outcome.patient, place.label("place"))), per="patient")
    n = [found.get(place, 0) for place in range(len(BUCKETS))]
    codes = [*BUCKETS, NOT_RECORDED]
    return pd.DataFrame({"code": codes, "label": [label("buckets", code) for code in codes], "n": [*n, asked.patients - sum(n)]})


def _relief(connection: Connection, asked: Sample) -> pd.DataFrame:
    """code (treatments, then `none` and `none_helped`), label, tried, helped, help_not_recorded, answered, not_recorded. Of `none`, `tried`
    are those who tried nothing and of `none_helped` those whom nothing helped, each of those who answered that field."""
    treatments, nothing = distributions.reliefs(connection, asked)
    return pd.concat([treatments, nothing.assign(code=[NONE, *NOTHING_HELPED]).rename(columns={"n": "tried"})], ignore_index=True)


CHARTS = {
    "base": Chart((), (), lambda connection, asked: Base(asked.per, asked.patients, asked.entries, asked.entries_per_patient)),
    "buckets": Chart(("buckets", "tiers"), (), _buckets),
    "locations": Chart(("locations",), ("locations",), distributions.locations),
    "qualities": Chart(("qualities",), ("qualities",), distributions.qualities),
    "durations": Chart(("durations",), ("duration",), distributions.durations),
    "severity": Chart(range_names("severity"), ("severity", "worst"), _severity),
    "symptoms": Chart(("symptoms",), ("symptoms_present", "symptoms_denied"), distributions.symptoms),
    "ages": Chart(range_names("age"), (), profile.ages),
    "sexes": Chart(("sexes",), (), profile.sexes),
    "sources": Chart(("sources",), (), profile.sources),
    "relief": Chart(("tried", "helped"), ("relief_tried", "relief_helped", "help_known"), _relief),
    "hours": Chart(("hours",), ("hours",), profile.hours),
    "blank": Chart(("blank",), ("answers", "asked_symptoms", "asked_history"), profile.completeness),
}
# those that read the entries themselves, as no row a patient holds what they count
OWN: dict[str, tuple[str, ...]] = {"together": ("locations", "qualities"), "weeks": range_names(PERIOD), "high_pain": ("high_pain",)}
NAMES = ("base", "buckets", "locations", "qualities", "durations", "severity", "symptoms", "together")  # what the first screen shows
MORE = ("ages", "sexes", "sources", "relief", "weeks", "hours", "high_pain", "blank")  # what is counted once it is opened


def context(cohort: Cohort, chart: str) -> Cohort:
    """Whose entries a chart counts. How a field of it was asked goes with what was asked."""
    return without(cohort, *(OWN[chart] if chart in OWN else CHARTS[chart].own))


def count(connection: Connection, cohort: Cohort, charts: Collection[str], *, as_of: int, known_at: int | None = None,
          per: Per = "patient") -> dict[str, Counted]:
    """The charts of these names, each in its own context."""
    made: dict[str, Counted] = {}
    known: dict[str, tuple[np.ndarray, ...]] = {}
    of: dict[Cohort, list[str]] = defaultdict(list)
    for name in charts:
        of[context(cohort, name)].append(name)
    for asked, names in of.items():
        if sampled := [name for name in names if name not in OWN]:
            columns = {column for name in sampled for column in CHARTS[name].columns}
            sample = distributions.sample(connection, asked, as_of=as_of, known_at=known_at, per=per, columns=columns)
            made |= {name: CHARTS[name].count(connection, replace(sample, known=known)) for name in sampled}
        when = {"as_of": as_of, "known_at": known_at}
        if "together" in names:
            made["together"] = distributions.together(connection, asked, per=per, **when)
        if "weeks" in names:
            made["weeks"] = profile.over_time(connection, asked, **when)
        if "high_pain" in names:
            made["high_pain"] = profile.high_pain(connection, asked, **when)
    return made


def likely(cohort: Cohort, counted: Mapping[str, Counted], most: int = 24) -> list[Cohort]:
    """What one press on the first screen would ask: of each chart the longest bar, then of each the next. What is taken back was asked before."""
    ways: list[list[Cohort]] = []
    for chart, n in _PRESSED.items():
        codes = counted[chart].sort_values(n, ascending=False, kind="stable").query(f"{n} > 0")["code"]
        press = partial(filters.severity_pressed, add=False) if chart == "severity" else partial(filters.pressed, field=chart, add=False)
        ways.append([press(cohort, code=code) for code in codes])
    asked = [one for rank in zip_longest(*ways) for one in rank if one is not None]
    return list(dict.fromkeys(one for one in asked if len(filters.chips(one)) >= len(filters.chips(cohort))))[:most]


_PRESSED = {"locations": "n", "qualities": "n", "durations": "n", "severity": "average", "symptoms": "present", "buckets": "n"}
