"""Whoever has all files of a question: knows how counts hang together, and tries what is not written."""
from collections.abc import Mapping

from dashboard.disclosure import BASE, HIDDEN, Kept

Names = tuple[str, ...]  # of counts: a chart, a row, a column
Law = dict[Names, int]  # factors of counts, whose sum is not above 0
Bounds = dict[Names, tuple[int, int]]  # of each count the least and the most


def equal(law: Law) -> tuple[Law, Law]:
    return law, {name: -factor for name, factor in law.items()}


def alike(one: Names, other: Names) -> tuple[Law, Law]:
    return equal({one: 1, other: -1})


def narrowed(bounds: Bounds, laws: list[Law]) -> Bounds | None:
    """None where nothing is left."""
    made, of = dict(bounds), {name: [] for name in bounds}
    for law in laws:
        for name in law:
            of[name].append(law)
    waiting = {id(law): law for law in laws}
    while waiting:
        _, law = waiting.popitem()
        least = sum(factor * made[name][factor < 0] for name, factor in law.items())
        if least > 0:
            return None
        for name, factor in law.items():
            low, high = made[name]
            most = (low - least) if factor > 0 else (least + high)  # the end that this law allows
            if (factor > 0 and most < high) or (factor < 0 and most > low):
                made[name] = (low, most) if factor > 0 else (most, high)
                waiting |= {id(other): other for other in of[name]}
    return made


def possible(bounds: Bounds, laws: list[Law], true: Mapping[Names, int]) -> bool:
    """Whether there are counts within these bounds that obey all laws: by trying them, those near to what is so first."""
    made = narrowed(bounds, laws)
    if made is None:
        return False
    asked = dict.fromkeys(name for law in laws for name in law)
    name = min((name for name in asked if made[name][0] < made[name][1]), key=lambda name: made[name][1] - made[name][0], default=None)
    return name is None or any(possible({**made, name: (n, n)}, laws, true) for n in sorted(
        range(made[name][0], made[name][1] + 1), key=lambda n: abs(n - true[name])))


def told_of(kept: Mapping[str, Kept], laws: list[Law], most: int, tried: int) -> list[Names]:
    """Counts that are not written and of which only one can be. The tables' names are whose they are, and the chart; `tried` is the largest count
    that is tried. Counts of 1 to `most` are not written, and the laws hold of what is so, or it is no attack."""
    bounds: Bounds = {}
    true: dict[Names, int] = {}
    for name, one in kept.items():
        for cell, n in one.counts.n.items():
            at = (name.split()[0], *(cell if cell == BASE else (name.split()[1], *cell)))
            word, true[at] = one.words.get(cell), n
            ends = (n, n) if word is None else (0, tried) if word == HIDDEN else (1, most)
            bounds[at] = (max(ends[0], bounds.get(at, ends)[0]), min(ends[1], bounds.get(at, ends)[1]))
    laws = [law for law in laws if law.keys() <= bounds.keys()]
    assert not [law for law in laws if sum(factor * true[at] for at, factor in law.items()) > 0], "what is so could have been so"
    hidden = [at for at, (low, high) in bounds.items() if low < high]
    assert {at for at in true if 1 <= true[at] <= most} <= set(hidden)
    # a count of nobody that the question alone rules out may be missing: that is no secret, and what it would tell of others is tried
    return [at for at in hidden if true[at] and not _has_another(at, true, bounds, laws)]


def _has_another(at: Names, true: Mapping[Names, int], bounds: Bounds, laws: list[Law]) -> bool:
    """What does not hang together with it, by others that are not written, could be as it is."""
    around, waiting = {at}, [at]
    while waiting:
        here = waiting.pop()
        new = {name for law in laws if here in law for name in law if bounds[name][0] < bounds[name][1]} - around
        around |= new
        waiting += new
    laws = [law for law in laws if not around.isdisjoint(law)]
    bounds, (low, high) = {name: bounds[name] for law in laws for name in law} | {at: bounds[at]}, bounds[at]
    return any(possible({**bounds, at: ends}, laws, true) for ends in ((low, true[at] - 1), (true[at] + 1, high)) if ends[0] <= ends[1])
