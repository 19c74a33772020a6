"""What rules would have cost in flags, week after week, in the diaries of patients drawn at random: of some at first, and in the end of all.

A rule counts as a new flag in the week at whose end it is met and at whose start it was not, with what is known now. So a rule that is
met and over within one week is not seen, and a rule that comes and goes counts each time it comes back.

All weeks are asked at once: a patient as of the end of a week is a patient of their own to the rules, with a number of their own and the
entries up to that day.
"""
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, Integer, Select, Table, func, select

from dashboard import cohort, database
from dashboard.days import date_of
from dashboard.rules import trial
from dashboard.rules.definition import Rule
from dashboard.rules.parameters import compared
from dashboard.rules.trial import NONE, QUEUED, Rows, Standing

WEEKS = 52
ROOM = 64  # a patient's number times this plus the number of a week
ROWS = 1_000_000  # entries, each once for every week it is looked at in, that are asked about together at most


@dataclass(frozen=True)
class Draw:
    """All patients with an entry, in the order in which they are asked about: at random, and the same each time. `rows`: how many entries
    each of them has on average, counted once for every week that knows it."""
    patients: np.ndarray
    rows: float


@dataclass(frozen=True)
class Workload:
    """Of `patients` so far, observed for so many patient-weeks; one for each rule set where there are several. `weeks`: how many patients
    came to each queued tier in each week, oldest first. `flags`: how often each rule came to be met. `squares`: sums over patients of the
    squared number of weeks in which they newly came to tier E or U, of that times the weeks they were observed, and of these squared."""
    patients: int
    patient_weeks: float
    weeks: tuple[np.ndarray, ...]
    flags: tuple[dict[str, int], ...]
    squares: tuple[np.ndarray, ...]

    def __add__(self, other: "Workload") -> "Workload":
        flags = tuple({rule_id: n + more[rule_id] for rule_id, n in own.items()} for own, more in zip(self.flags, other.flags, strict=True))
        weeks, squares = (tuple(a + b for a, b in zip(*both, strict=True)) for both in ((self.weeks, other.weeks), (self.squares, other.squares)))
        return Workload(self.patients + other.patients, self.patient_weeks + other.patient_weeks, weeks, flags, squares)

    def urgent(self, of_set: int) -> int:
        """How often a patient newly came to tier E or U."""
        return int(self.weeks[of_set][:, :2].sum())

    def interval(self, of_set: int, of: int) -> tuple[float, float] | None:
        """95 % interval of `urgent` for each patient-week of all patients (`of` them), as a ratio of means of patients drawn without
        putting back; None where too few came to it to tell by."""
        n, found, observed = self.patients, self.urgent(of_set), self.patient_weeks
        if not 1 < n < of or found < 10:
            return None
        rate, (xx, xy, yy) = found / observed, self.squares[of_set]
        error = 1.96 * sqrt(n / (n - 1) * (1 - n / of) * max(0.0, xx - 2 * rate * xy + rate * rate * yy)) / observed
        return max(0.0, rate - error), rate + error


def week_ends(connection: Connection, as_of: int, weeks: int) -> list[int]:
    """The last days of so many weeks, the newest first, and of the week before them; no further back than the diaries go."""
    e = cohort.entries(connection, as_of).subquery().c
    first = connection.scalar(select(func.min(e.day)))
    if first is None:
        return [as_of]
    return [as_of - 7 * n for n in range(min(weeks, (as_of - int(first)) // 7 + 1) + 1)]


def draw(connection: Connection, ends: Sequence[int]) -> Draw:
    e = cohort.entries(connection, ends[0]).subquery().c
    patients, = database.numbers(connection, select(e.patient).distinct().order_by(e.patient))
    days, entries = database.numbers(connection, select(e.day, func.count()).group_by(e.day))
    known_in = len(ends) - np.searchsorted(np.array(ends[::-1]), days)
    return Draw(np.random.default_rng(0).permutation(patients), float((entries * known_in).sum()) / max(1, len(patients)))


def asked(connection: Connection, sets: Sequence[tuple[Rule, ...]], ends: Sequence[int], patients: np.ndarray) -> Workload:
    """The rules in force and, if there are any, others, of these patients in the weeks between these days, the newest first."""
    whose = np.sort(patients)
    entries = in_each_week(ends, whose)
    stands = [trial.standing(connection, sets[0], ends[0], entries=entries)]
    stands += [trial.standing_after(connection, sets[0], stands[0], other, ends[0], entries=entries) for other in sets[1:]]
    weeks_observed = _observed(connection, ends, whose)
    weeks, flags, squares = zip(*(_counted(apart(stood, len(ends)), rules, whose, weeks_observed)
                                  for stood, rules in zip(stands, sets, strict=True)), strict=True)
    return Workload(len(whose), float(weeks_observed.sum()), weeks, flags, squares)


def _patients(connection: Connection, whose: np.ndarray) -> Table:
    return database.store_rows(connection, "trial_patient", {"patient": Integer}, pa.table({"patient": pa.array(whose, pa.int32())}))


def in_each_week(ends: Sequence[int], whose: np.ndarray) -> Rows:
    """The entries of some patients once for each of these days that is not before them, as those of a patient as of that day."""
    weeks = pa.table({"week": pa.array(range(len(ends)), pa.int32()), "as_of": pa.array(ends, pa.int32()),
                      "as_of_year": pa.array([date_of(end).year for end in ends], pa.int32())})

    def entries(connection: Connection) -> Select:
        of, w = _patients(connection, whose), database.store_rows(connection, "trial_week", dict.fromkeys(weeks.column_names, Integer), weeks)
        rows = cohort.entries(connection, ends[0], patients=of).subquery()
        as_of_week = (rows.c.patient * ROOM + w.c.week).label("patient")
        return select(*[column for column in rows.c if column.name != "patient"], as_of_week, w.c.as_of, w.c.as_of_year).join(w, rows.c.day <= w.c.as_of)
    return entries


def apart(stood: Standing, weeks: int) -> list[Standing]:
    """Week by week, the newest first, what was asked of all weeks at once."""
    week = stood.patients % ROOM
    return [Standing(stood.patients[week == number] // ROOM, stood.met[:, week == number]) for number in range(weeks)]


def _observed(connection: Connection, ends: Sequence[int], whose: np.ndarray) -> np.ndarray:
    """For how many of these weeks each patient was observed: from the first entry to the last, each day counted."""
    e = cohort.entries(connection, ends[0], patients=_patients(connection, whose)).subquery().c
    _, first, last = database.numbers(connection, select(e.patient, func.min(e.day), func.max(e.day)).group_by(e.patient).order_by(e.patient))
    return np.maximum(np.minimum(last, ends[0]) - np.maximum(first, ends[-1] + 1) + 1, 0) / 7


def _counted(stands: Sequence[Standing], rules: tuple[Rule, ...], whose: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, dict[str, int], np.ndarray]:
    """`weeks`, `flags` and `squares` of one rule set, of these patients; the newest week comes first."""
    flags, weeks, urgent = dict.fromkeys((rule.rule_id for rule in rules if rule.tier != "I"), 0), [], np.zeros(len(whose))
    for now, before in pairwise(stood.of(whose) for stood in stands):
        came = np.where(before.worst > now.worst, now.worst, NONE)
        weeks.append([int((came == place).sum()) for place in range(NONE)])
        urgent += came < 2
        fresh = now.any_tier & ~before.any_tier
        for rule in rules:
            if rule.rule_id in flags:
                flags[rule.rule_id] += int((fresh >> rule.bit & 1).sum())
    squares = np.array([(urgent * urgent).sum(), (urgent * observed).sum(), (observed * observed).sum()])
    return np.array(weeks[::-1], np.int64).reshape(-1, NONE), flags, squares


def by_week(weeks: np.ndarray, ends: Sequence[int]) -> pd.DataFrame:
    """For each week, oldest first: week (its last day), and for each queued tier the patients whose worst tier it became, from a lesser
    one or none."""
    return pd.DataFrame(weeks, columns=list(QUEUED)).assign(week=ends[-2::-1])[["week", *QUEUED]]


def report(connection: Connection, before: tuple[Rule, ...], after: tuple[Rule, ...], as_of: int, weeks: int, say: Callable[[str], None]) -> dict:
    """All of it as plain numbers: {as_of, changes, weeks, patient_weeks, by_week: {in_force, draft}, new_flags: {rule_id: {in_force, draft}},
    appear, drop, change_tier}."""
    ends, sets = week_ends(connection, as_of, weeks), (before, after)
    drawn, made = draw(connection, ends), None
    at_once = max(1, int(ROWS / max(drawn.rows, 1)))
    for start in range(0, max(1, len(drawn.patients)), at_once):
        some = asked(connection, sets, ends, drawn.patients[start:start + at_once])
        made = some if made is None else made + some
        say(f"{made.patients:,} of {len(drawn.patients):,} patients")
    now = trial.standing(connection, before, as_of)
    moved = trial.moves(now, trial.standing_after(connection, before, now, after, as_of))
    appear, drop = moved["before"] == NONE, moved["after"] == NONE
    return {"as_of": date_of(as_of).isoformat(), "changes": compared(before, after), "weeks": len(ends) - 1, "patient_weeks": made.patient_weeks,
            "by_week": {name: by_week(counts, ends).assign(week=[date_of(end).isoformat() for end in ends[-2::-1]]).to_dict(orient="records")
                        for name, counts in zip(("in_force", "draft"), made.weeks, strict=True)},
            "new_flags": {rule_id: dict(zip(("in_force", "draft"), (count.get(rule_id) for count in made.flags), strict=True))
                          for rule_id in made.flags[0] | made.flags[1]},
            "appear": int(appear.sum()), "drop": int(drop.sum()), "change_tier": int((~appear & ~drop & (moved["before"] != moved["after"])).sum())}
