"""What happens to synthetic patients: who they are, how their pain goes, on which days they write, which rare thing happens to whom.

Everything is made from random whole numbers and fractions by adding, multiplying and comparing, never by a function whose last
digit differs between processors, so that a seed gives the same diaries everywhere.
"""
import tomllib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from dashboard.settings import DATA

MADE_OF = tomllib.loads((DATA / "demo.toml").read_text(encoding="utf-8"))
SOURCES = tuple(MADE_OF["sources"])
EVENTS = MADE_OF["events"]
PATTERNS = MADE_OF["patterns"]
COURSES = tuple(MADE_OF["courses"].values())
# multiples of it, modulo 2**64, are spread evenly: of any few hundred patients, each rare thing happens to its share
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_NO_EVENT = -1


class People(NamedTuple):
    """What holds for each patient."""
    entries: np.ndarray
    event: np.ndarray  # which of EVENTS happens to the patient; -1 for none
    pattern: np.ndarray
    course: np.ndarray
    side: np.ndarray
    age: np.ndarray


class Rows(NamedTuple):
    """What holds for each entry."""
    patient: np.ndarray
    position: np.ndarray  # 0 for the patient's first entry
    last: np.ndarray  # the patient's last entry
    day: np.ndarray
    gap: np.ndarray  # days since the entry before
    happens: np.ndarray  # the patient's event happens in this entry
    flare: np.ndarray
    severity: np.ndarray  # in half points
    worst: np.ndarray
    onset: np.ndarray


def weighted(rng: np.random.Generator, weights: Sequence[int], n: int, values: Sequence[int] | None = None) -> np.ndarray:
    table = np.repeat(np.arange(len(weights)) if values is None else np.array(values), weights)
    return table[rng.integers(0, len(table), n)]


def percent(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.integers(0, 100, n)


def of_event(events: np.ndarray, what: Callable[[dict], int | bool], otherwise: int | bool) -> np.ndarray:
    """Something about each patient's event."""
    return np.array([*(what(event) for event in EVENTS), otherwise])[events]  # -1 is the last


def people(rng: np.random.Generator, source: str, entries: np.ndarray, sequence: int) -> People:
    """`sequence` is the number of the first of these patients in the whole demo."""
    k = len(entries)
    spread = (np.arange(sequence, sequence + k).astype(np.uint64) * _SPREAD) >> np.uint64(44)  # 20 bits remain
    event = np.searchsorted(np.cumsum([event["share"] for event in EVENTS]), spread.astype(np.int64) * 10_000 >> 20, side="right")
    event = np.where(of_event(event, lambda e: source in e.get("only", SOURCES), False), event, _NO_EVENT)
    names = [pattern["name"] for pattern in PATTERNS]
    bound = of_event(event, lambda e: names.index(e["pattern"]) if "pattern" in e else -1, -1)
    pattern = np.where(bound >= 0, bound, weighted(rng, [pattern["weight"] for pattern in PATTERNS], k))
    age = 18 + (rng.integers(0, 75, k) + rng.integers(0, 75, k) + rng.integers(0, 75, k)) // 3
    return People(entries, event, pattern, weighted(rng, [course["weight"] for course in COURSES], k), rng.integers(0, 2, k), age)


def rows(rng: np.random.Generator, style: dict, them: People, last_day: int, writes_to_the_end: bool) -> Rows:
    """The entries of a source's patients, each patient's together and in order. `writes_to_the_end`: the first patient does for certain."""
    k, n = len(them.entries), int(them.entries.sum())
    who = np.repeat(np.arange(k), them.entries)
    end = np.cumsum(them.entries)
    start = end - them.entries
    position = np.arange(n) - start[who]
    severe = of_event(them.event, lambda event: event.get("severe", False), False)
    happens = _happens(rng, them, who, position)

    # most are still writing, some have fallen silent lately, some long ago
    silent = np.choose(np.searchsorted([56, 79, 92], percent(rng, k), side="right"),
                       [rng.integers(0, 6, k), rng.integers(6, 28, k), rng.integers(28, 120, k), rng.integers(120, 600, k)])
    silent = np.where(severe, silent % 6, silent)
    if writes_to_the_end:
        silent[0] = 0
    gap = weighted(rng, list(style["gaps"].values()), n, [int(days) for days in style["gaps"]])
    gap[start] = 0
    since = np.cumsum(gap)
    day = (last_day - silent)[who] - (since[end - 1][who] - since)

    # some have a second episode; the time within an episode runs from 0 to 1
    third = them.entries // 3
    second = np.where((percent(rng, k) < 12) & (third >= 3), third + _below(rng, third + 1), them.entries)
    again = position >= second[who]
    opened = np.where(again, day[np.minimum(start + second, end - 1)][who], day[start][who])
    closed = np.where(again, day[end - 1][who], day[start + second - 1][who])
    time = (day - opened) / np.maximum(1, closed - opened)
    chronic = percent(rng, k) < _of_course("chronic")[them.course]
    before = np.where(chronic, 84 + rng.integers(0, 60, k) * rng.integers(0, 60, k), rng.integers(0, 9, k) * rng.integers(0, 9, k))
    onset = opened - np.where(again, rng.integers(0, 3, k)[who], before[who])

    likely = rng.random(k) * _of_course("flares")[them.course]
    begun = np.maximum.accumulate(np.where(rng.random(n) < likely[who], np.arange(n), -1))
    ago = np.arange(n) - begun
    flare = (begun >= start[who]) & (ago < rng.integers(2, 7, k)[who])

    first = _between(rng, _of_course("starts")[them.course])
    last = first * _of_course("keeps")[them.course] + _between(rng, _of_course("adds")[them.course])
    level = first[who] + (last - first)[who] * time * (2 - time)
    level += (rng.random(n) + rng.random(n) + rng.random(n) - 1.5) * 1.5 + np.where(flare, 2.4 - 0.3 * ago, 0)
    step = 1 if style["half_points"] else 2
    hardest = happens & severe[who]
    severity = np.clip(np.floor(level * 2 / step + 0.5).astype(np.int64) * step, 0, 20)
    severity = np.where(hardest, 16 + 2 * rng.integers(0, 2, n), severity)
    worst = np.minimum(20, severity + rng.integers(0, 6 // step + 1, n) * step * (severity > 0))
    worst = np.where(hardest, np.maximum(worst, 18), worst)
    return Rows(who, position, position == them.entries[who] - 1, day, gap, happens, flare, severity, worst, onset)


def _happens(rng: np.random.Generator, them: People, who: np.ndarray, position: np.ndarray) -> np.ndarray:
    fewest = of_event(them.event, lambda event: event["lasts"][0], 0)
    most = of_event(them.event, lambda event: event["lasts"][1], 0)
    length = np.where(most == 0, them.entries, fewest + _below(rng, most - fewest + 1))
    free = np.maximum(0, them.entries - length)
    recent = percent(rng, len(free)) < of_event(them.event, lambda event: event["recent"], 0)
    begins = np.where(recent, free, _below(rng, free + 1))
    return (them.event != _NO_EVENT)[who] & (position >= begins[who]) & (position < (begins + length)[who])


def _of_course(what: str) -> np.ndarray:
    return np.array([course[what] for course in COURSES])


def _below(rng: np.random.Generator, limits: np.ndarray) -> np.ndarray:
    return rng.integers(0, 1 << 30, len(limits)) % limits


def _between(rng: np.random.Generator, limits: np.ndarray) -> np.ndarray:
    return limits[:, 0] + (limits[:, 1] - limits[:, 0]) * rng.random(len(limits))
