"""Small numbers in what is taken away: counts of 1 to ten are not written, nor anything that they could be computed from; larger ones are
rounded, so that two files which differ by few patients mostly say the same, and where they do not, tell that there are some, but not how many.

A table is its counts, and the rules by which they add up, which whoever holds the table knows too. What is written keeps at least two values
possible for every count that is not, even if what is written were exact. Pure: on numbers only; screens of the clinic itself are not its matter.
"""
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from math import inf

HIDDEN = "suppressed"
MOST, STEP = 10, 5
Cell = tuple[str, str]  # a row and a column
Name = tuple[str, str]  # of a table: whom it is about, and its chart
Place = tuple[Name, Cell]
Tie = tuple[tuple[Place, ...], tuple[Place, ...]]  # these together are not more than those together
BASE: Cell = ("", "base")


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

    @property
    def is_safe(self) -> bool:
        """Whether a count that is left out keeps two values at least where it is the difference of two that are written, in files of whatever
        questions: of those no rule says which to leave out."""
        told: dict[int, list[int]] = {}
        for n in range(self.most + 1, 4 * (self.most + self.step)):
            told.setdefault(self.rounded(n), []).append(n)
        whole = list(told.values())[:-1]
        differences = [(max(1, one[0] - other[-1]), min(self.most, one[-1] - other[0])) for one in whole for other in whole]
        return not self.most or all(low != high for low, high in differences)

    def sentence(self) -> str:
        if not self.most:
            return "Disclosure control is off: small counts are in it."
        rest = f" Larger counts are rounded to the nearest multiple of {self.step}, {self.least} at least." if self.rounds else ""
        return f"Counts of 1 to {self.most} patients are not in it, nor what they could be computed from.{rest}"


def safe(most: int, step: int) -> Control:
    """Rounded to `step`, or to the next that is safe."""
    return next(made for made in (Control(most, larger) for larger in range(step, step + most + 2)) if made.is_safe)


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


# --- what may be written ----------------------------------------------------------------------------------------------------------------

def protect(counts: Counts, most: int = MOST, hidden: Collection[Cell] = (), known: Collection[Cell] = ()) -> Kept:
    """With no count of 1 to `most`, and as few others missing as that takes; with `hidden` missing for another reason, and none of those that are
    `known` anyway. 0 hides nothing."""
    words = {cell: few(most) for cell, n in counts.n.items() if 1 <= n <= most}
    return _completed(counts, most, words | {cell: HIDDEN for cell in hidden if most and cell not in words}, hidden, known)


def protect_together(tables: Mapping[Name, Counts], most: int = MOST, *, same: Callable[[str, Cell], tuple[str, Cell]] = lambda chart, cell: (chart, cell),
                     ties: Iterable[Tie] = (), nobody: Iterable[Place] = ()) -> dict[Name, Kept]:
    """Tables that one reader may have: what one of them leaves out, no other tells. Those of the same patients share the base, and of those
    `same` names the table and the cell in which a count stands too; `ties` say what else hangs together. `nobody` are counts that the question rules
    out: to leave them out would hide nothing."""
    def place(name: Name, cell: Cell) -> Cell:
        whose, chart = name
        if cell == BASE:
            return whose, BASE[1]
        other, of_other = same(chart, cell)
        if (whose, other) in tables and tables[whose, other].n.get(of_other) == tables[name].n[cell]:
            chart, cell = other, of_other
        return f"{whose} {chart} {cell[0]}", cell[1]

    def all_of(places: Iterable[Place]) -> tuple[Cell, ...]:
        return tuple(place(*one) for one in places)
    rules = [tuple(tuple((name, cell) for cell in side) for side in (rule.these, rule.those)) for name, counts in tables.items() for rule in counts.rules]
    whole = Counts({place(name, cell): n for name, counts in tables.items() for cell, n in counts.n.items()},
                   tuple(dict.fromkeys(AtMost(all_of(these), all_of(those)) for these, those in (*rules, *ties))))
    words = protect(whole, most, known=set(all_of(nobody))).words
    return {name: Kept(counts, {cell: words[place(name, cell)] for cell in counts.n if place(name, cell) in words}) for name, counts in tables.items()}


def _completed(counts: Counts, most: int, words: dict[Cell, str], hidden: Collection[Cell], open_to_all: Collection[Cell]) -> Kept:
    """Without what the words could be computed from; those of `hidden` stay."""
    known = _Known(counts, most)
    told = known.told(words, words)
    while told:
        near = next(filter(None, ([cell for cell in cells if cell not in words and cell not in open_to_all] for cells in (known.near(told[0]), counts.n))), [])
        if not near:  # nothing more can be left out: then it is not said either that these are few
            return Kept(counts, dict.fromkeys(words, HIDDEN))
        tried = {cell: known.without(words, told, cell) for cell in near}
        # what helps most; else a small count rather than a large one, and what is nobody last. A base is worth two others: every table has it.
        best = min(near, key=lambda cell: (len(tried[cell]) + 2 * _is_base(cell), _is_base(cell), counts.n[cell] == 0, counts.n[cell]))
        words[best], told = HIDDEN, tried[best]
    for cell in sorted((cell for cell, word in words.items() if word == HIDDEN and cell not in hidden), key=lambda cell: (not _is_base(cell), -counts.n[cell])):
        fewer = {other: word for other, word in words.items() if other != cell}
        if not 1 <= counts.n[cell] <= most and not known.told(fewer, known.around(words, cell) - {cell}):  # something later made this one needless
            words = fewer
    return Kept(counts, words)


def _is_base(cell: Cell) -> bool:
    """Of tables of several questions each has its own."""
    return cell[1] == BASE[1]


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
            found |= {other for one in found if not _is_base(one) for rule in self.of[one] for other in (*rule.these, *rule.those)}
        return found

    def around(self, words: Mapping[Cell, str], cell: Cell) -> set[Cell]:
        """Cells in words that hang together with this one by others in words: what is known of any of them hangs on these alone."""
        found, waiting = {cell}, [cell]
        while waiting:
            for rule in self.of[waiting.pop()]:
                new = [other for other in (*rule.these, *rule.those) if other in words and other not in found]
                found.update(new)
                waiting += new
        return found

    def without(self, words: Mapping[Cell, str], told: list[Cell], cell: Cell) -> list[Cell]:
        """What is told where this cell is not written either."""
        fewer = {**words, cell: HIDDEN}
        around = self.around(fewer, cell)
        return [*(other for other in told if other not in around), *self.told(fewer, around)]

    def told(self, words: Mapping[Cell, str], cells: Collection[Cell]) -> list[Cell]:
        """Which of these cells in words can have one value only; with them go all that are around them."""
        low, high = self._bounds(words, cells)
        return [cell for cell in words if cell in low and high[cell] - low[cell] < 1 and cell in cells]

    def _bounds(self, words: Mapping[Cell, str], cells: Collection[Cell]) -> tuple[dict[Cell, float], dict[Cell, float]]:
        """Narrowed by each rule until none narrows any more. Without circles among the rules they are exact."""
        n, rules = self.counts.n, dict.fromkeys(rule for cell in cells for rule in self.of[cell])
        whole = dict.fromkeys((*cells, *(cell for rule in rules for cell in (*rule.these, *rule.those))))
        low = {cell: (n[cell] if cell not in words else 0 if words[cell] == HIDDEN else 1) for cell in whole}
        high = {cell: (n[cell] if cell not in words else inf if words[cell] == HIDDEN else self.most) for cell in whole}
        waiting = rules
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
