"""Small numbers in what is taken away: counts of 1 to ten are not written, nor anything that they could be computed from; larger ones are
rounded, so that two files which differ by few patients mostly say the same, and where they do not, tell that there are some, but not how many.

A table is its counts, and the rules by which they add up, which whoever holds the table knows too. What is written keeps at least two values
possible for every count that is not, even if what is written were exact. Pure: on numbers only; screens of the clinic itself are not its matter.
"""
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from math import inf

import pandas as pd

from dashboard.cohort import NOT_RECORDED

HIDDEN = "suppressed"
MOST, STEP = 10, 5
Cell = tuple[str, str]  # a row and a column
BASE: Cell = ("", "base")
RELIEF_STATES = ("helped", "did_not_help", "help_not_recorded")


@dataclass(frozen=True)
class AtMost:
    """These together are not more than those together."""
    these: tuple[Cell, ...]
    those: tuple[Cell, ...]


@dataclass(frozen=True)
class Counts:
    n: dict[Cell, int]
    rules: tuple[AtMost, ...]


@dataclass(frozen=True)
class Control:
    """Counts of 1 to `most` are not written, 0: all are, as they are; larger ones are rounded to multiples of `step`, 1: not at all."""
    most: int = MOST
    step: int = STEP

    @property
    def rounds(self) -> bool:
        return bool(self.most) and self.step > 1

    def rounded(self, n: int) -> int:
        """Never down to what is not written: the order of two counts stays, so that a part is not more than the whole."""
        if not (self.rounds and n):
            return n
        return max(self.step * ((n + self.step // 2) // self.step), self.least)

    @property
    def least(self) -> int:
        """The smallest that a rounded count comes to."""
        return self.step * (self.most // self.step + 1)

    def sentence(self) -> str:
        if not self.most:
            return "Disclosure control is off: small counts are in it."
        rest = f" Larger counts are rounded to the nearest multiple of {self.step}, {self.least} at least." if self.rounds else ""
        return f"Counts of 1 to {self.most} patients are not in it, nor what they could be computed from.{rest}"


@dataclass(frozen=True)
class Kept:
    """What may be written: each count, or the words that stand for it."""
    counts: Counts
    words: dict[Cell, str]
    control: Control = Control(step=1)

    def __getitem__(self, cell: Cell) -> int | str:
        return self.words[cell] if cell in self.words else self.control.rounded(self.counts.n[cell])

    def number(self, cell: Cell) -> int | None:
        return None if cell in self.words else self.control.rounded(self.counts.n[cell])


def few(most: int) -> str:
    """Not 1-10, of which a spreadsheet makes a day in October."""
    return f"1 to {most}"


# --- how the tables add up ------------------------------------------------------------------------------------------------------------

def listed(frame: pd.DataFrame, *, at_least_one: bool = True) -> Counts:
    """Several answers a patient: code, n, answered, not_recorded. Who answered said at least one of them, or may have said something else."""
    answered, blank, codes = ("", "answered"), (NOT_RECORDED, "n"), [code for code in frame["code"] if code != NOT_RECORDED]
    n = {(row.code, "n"): int(row.n) for row in frame.itertuples()} | _first(frame, {answered: "answered", blank: "not_recorded"})
    cells = tuple((code, "n") for code in codes)
    return _counts(n | {BASE: n[answered] + n[blank]}, sums=[(BASE, (answered, blank))],
                   most=[*(((cell,), (answered,)) for cell in cells), *([((answered,), cells)] if at_least_one else [])])


def exclusive(frame: pd.DataFrame) -> Counts:
    """One class a patient, `not_recorded` among them: code, n, answered."""
    answered = ("", "answered")
    n = {(row.code, "n"): int(row.n) for row in frame.itertuples()} | _first(frame, {answered: "answered"})
    classes = tuple(cell for cell in n if cell not in (answered, (NOT_RECORDED, "n")))
    return _counts(n | {BASE: n[answered] + n[NOT_RECORDED, "n"]}, sums=[(BASE, (answered, (NOT_RECORDED, "n"))), (answered, classes)])


def partition(frame: pd.DataFrame) -> Counts:
    """One class a patient, all of whom have one: code, n."""
    n = {(row.code, "n"): int(row.n) for row in frame.itertuples()}
    return _counts(n | {BASE: sum(n.values())}, sums=[(BASE, tuple(n))])


def severity(frame: pd.DataFrame) -> Counts:
    """Twice 0 to 10 and `not_recorded`: code, average, worst, answered_average, answered_worst."""
    n: dict[Cell, int] = {}
    sums = []
    for of in ("average", "worst"):
        answered, blank = ("", f"answered_{of}"), (NOT_RECORDED, of)
        scores = {(row.code, of): int(getattr(row, of)) for row in frame.itertuples()}
        n |= scores | _first(frame, {answered: f"answered_{of}"})
        sums += [(answered, tuple(cell for cell in scores if cell != blank)), (BASE, (answered, blank))]
        n[BASE] = n[answered] + n[blank]
    return _counts(n, sums=sums)


def states(frame: pd.DataFrame) -> Counts:
    """A row a symptom, everybody in each: code, present, denied, not_asked, answered."""
    n = {(row.code, name): int(getattr(row, name)) for row in frame.itertuples() for name in ("present", "denied", "not_asked", "answered")}
    everybody = n[frame["code"].iloc[0], "answered"] + n[frame["code"].iloc[0], "not_asked"]
    sums = [one for code in frame["code"] for one in (
        (BASE, ((code, "answered"), (code, "not_asked"))), ((code, "answered"), ((code, "present"), (code, "denied"))))]
    return _counts(n | {BASE: everybody}, sums=sums)


def grid(frame: pd.DataFrame, base: int) -> Counts:
    """A row a place, each with its own base: location, quality, n, named."""
    n = {(row.location, row.quality): int(row.n) for row in frame.itertuples() if isinstance(row.quality, str)}
    named = {(row.location, "named"): int(row.named) for row in frame.itertuples()}
    return _counts(n | named | {BASE: base}, most=[*(((cell,), ((cell[0], "named"),)) for cell in n), *(((cell,), (BASE,)) for cell in named)])


def relief(frame: pd.DataFrame) -> Counts:
    """A row a treatment, then who tried nothing and whom nothing helped: code, tried, helped, help_not_recorded, answered, not_recorded.
    Those who answered are the same of all treatments, and others of each of the last two. Whoever tried something and neither was helped
    nor left it open was not helped."""
    n: dict[Cell, int] = {}
    sums, most = [], []
    for row in frame.itertuples():
        is_treatment = row.helped == row.helped
        of = "" if is_treatment else row.code
        tried, answered, blank = (row.code, "tried"), (of, "answered"), (of, "not_recorded")
        n |= {tried: int(row.tried), answered: int(row.answered), blank: int(row.not_recorded)}
        sums.append((BASE, (answered, blank)))
        most.append(((tried,), (answered,)))
        if is_treatment:
            parts = tuple((row.code, name) for name in RELIEF_STATES)
            n |= dict(zip(parts, (int(row.helped), int(row.tried - row.helped - row.help_not_recorded), int(row.help_not_recorded)), strict=True))
            sums.append((tried, parts))
    return _counts(n | {BASE: int(frame["answered"].iloc[0] + frame["not_recorded"].iloc[0])}, sums=sums, most=most)


def answered(frame: pd.DataFrame) -> Counts:
    """A row a field, everybody in each: code, answered, not_recorded."""
    n = {(row.code, name): int(getattr(row, name)) for row in frame.itertuples() for name in ("answered", "not_recorded")}
    return _counts(n | {BASE: int(frame["answered"].iloc[0] + frame["not_recorded"].iloc[0])},
                   sums=[(BASE, ((code, "answered"), (code, "not_recorded"))) for code in frame["code"]])


def anywhen(frame: pd.DataFrame, base: int) -> Counts:
    """A row a span of time, everybody in one at least: code, patients."""
    n = {(row.code, "patients"): int(row.patients) for row in frame.itertuples()}
    return _counts(n | {BASE: base}, most=[*(((cell,), (BASE,)) for cell in n), ((BASE,), tuple(n))] if n else [])


def apart(frame: pd.DataFrame, columns: Iterable[str]) -> Counts:
    """Counts that do not add up: code, and these columns; None is no count."""
    return _counts({(row["code"], name): int(row[name]) for row in frame.to_dict("records") for name in columns if not pd.isna(row[name])})


def acted_on(frame: pd.DataFrame) -> Counts:
    """A row a rule: code, flags, acted, contacted, never."""
    n = {(row.code, name): int(getattr(row, name)) for row in frame.itertuples() for name in ("flags", "acted", "contacted", "never")}
    return _counts(n, sums=[((code, "flags"), ((code, "acted"), (code, "never"))) for code in frame["code"]],
                   most=[(((code, "contacted"),), ((code, "acted"),)) for code in frame["code"]])


def _first(frame: pd.DataFrame, cells: Mapping[Cell, str]) -> dict[Cell, int]:
    return {cell: int(frame[column].iloc[0]) for cell, column in cells.items()}


def _counts(n: dict[Cell, int], sums: Iterable[tuple[Cell, tuple[Cell, ...]]] = (), most: Iterable[tuple[tuple[Cell, ...], tuple[Cell, ...]]] = ()) -> Counts:
    both = [rule for whole, parts in sums for rule in (AtMost((whole,), parts), AtMost(parts, (whole,)))]
    return Counts(n, (*both, *(AtMost(these, those) for these, those in most)))


# --- what may be written ----------------------------------------------------------------------------------------------------------------

def protect(counts: Counts, most: int = MOST, hidden: Collection[Cell] = ()) -> Kept:
    """With no count of 1 to `most`, and as few others missing as that takes; with `hidden` missing for another reason. 0 hides nothing."""
    words = {cell: few(most) for cell, n in counts.n.items() if 1 <= n <= most}
    return _completed(counts, most, words | {cell: HIDDEN for cell in hidden if most and cell not in words}, hidden)


def protect_together(tables: Mapping[str, Counts], same: Callable[[str, Cell], tuple[str, Cell]], most: int = MOST) -> dict[str, Kept]:
    """Tables of the same patients on one sheet, by name: what one of them leaves out, no other tells. They share the base; `same` names the
    table and the cell in which another count stands too."""
    def place(name: str, cell: Cell) -> Cell:
        if cell == BASE:
            return cell
        other, of_other = same(name, cell)
        if other in tables and tables[other].n.get(of_other) == tables[name].n[cell]:
            name, cell = other, of_other
        return f"{name} {cell[0]}", cell[1]

    def all_of(name: str, cells: Iterable[Cell]) -> tuple[Cell, ...]:
        return tuple(place(name, cell) for cell in cells)
    whole = Counts({place(name, cell): n for name, counts in tables.items() for cell, n in counts.n.items()},
                   tuple(AtMost(all_of(name, rule.these), all_of(name, rule.those)) for name, counts in tables.items() for rule in counts.rules))
    alone: dict[Cell, str] = {}
    for name, counts in tables.items():
        for cell, word in protect(counts, most).words.items():
            alone[place(name, cell)] = HIDDEN if alone.get(place(name, cell)) == HIDDEN else word
    words = _completed(whole, most, alone, alone).words
    return {name: Kept(counts, {cell: words[place(name, cell)] for cell in counts.n if place(name, cell) in words}) for name, counts in tables.items()}


def _completed(counts: Counts, most: int, words: dict[Cell, str], hidden: Collection[Cell]) -> Kept:
    """Without what the words could be computed from; those of `hidden` stay."""
    known = _Known(counts, most)
    while told := known.told(words):
        near = [cell for cell in known.near(told[0]) if cell not in words] or [cell for cell in counts.n if cell not in words]
        if not near:  # nothing more can be left out: then it is not said either that these are few
            words |= dict.fromkeys(words, HIDDEN)
            break
        # what helps most; else a small count rather than a large one, and what is nobody last. The base is worth two others: every table has it.
        words[min(near, key=lambda cell: (len(known.told({**words, cell: HIDDEN})) + 2 * (cell == BASE), cell == BASE, counts.n[cell] == 0,
                                          counts.n[cell]))] = HIDDEN
    for cell in sorted((cell for cell, word in words.items() if word == HIDDEN and cell not in hidden), key=lambda cell: (cell != BASE, -counts.n[cell])):
        fewer = {other: word for other, word in words.items() if other != cell}
        if not 1 <= counts.n[cell] <= most and not known.told(fewer):  # something later made this one needless
            words = fewer
    return Kept(counts, words)


class _Known:
    """What can be worked out from a table in which some counts are words."""

    def __init__(self, counts: Counts, most: int) -> None:
        self.counts, self.most = counts, most
        self.of: dict[Cell, list[AtMost]] = {cell: [] for cell in counts.n}
        for rule in counts.rules:
            for cell in (*rule.these, *rule.those):
                self.of[cell].append(rule)

    def near(self, cell: Cell) -> set[Cell]:
        """Those it adds up with, and those they add up with; by way of the base everything would."""
        found = {cell}
        for _ in range(2):
            found |= {other for one in found if one != BASE for rule in self.of[one] for other in (*rule.these, *rule.those)}
        return found

    def told(self, words: Mapping[Cell, str]) -> list[Cell]:
        """Cells in words that can have one value only."""
        low, high = self._bounds(words)
        return [cell for cell in words if high[cell] - low[cell] < 1]

    def _bounds(self, words: Mapping[Cell, str]) -> tuple[dict[Cell, float], dict[Cell, float]]:
        """Narrowed by each rule until none narrows any more. Without circles among the rules they are exact."""
        low = {cell: (n if cell not in words else 0 if words[cell] == HIDDEN else 1) for cell, n in self.counts.n.items()}
        high = {cell: (n if cell not in words else inf if words[cell] == HIDDEN else self.most) for cell, n in self.counts.n.items()}
        waiting = dict.fromkeys(rule for cell in words for rule in self.of[cell])
        while waiting:
            rule, _ = waiting.popitem()
            least, most = sum(low[cell] for cell in rule.these), sum(high[cell] for cell in rule.those)
            unbounded = sum(high[cell] == inf for cell in rule.those)
            moved = []
            for cell in rule.those:
                others = inf if unbounded - (high[cell] == inf) else sum(high[other] for other in rule.those if other != cell)
                if cell in words and least - others > low[cell]:
                    low[cell] = least - others
                    moved.append(cell)
            for cell in rule.these:
                if cell in words and most - (least - low[cell]) < high[cell]:
                    high[cell] = most - (least - low[cell])
                    moved.append(cell)
            waiting |= dict.fromkeys(other for cell in moved for other in self.of[cell])
        return low, high
