"""Whoever holds a table with suppressed counts, knows how such tables add up and what the words mean, and tries every table there could have
been, finds at least two values for each count that is not written."""
from collections.abc import Callable, Iterator
from itertools import product

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import disclosure, sums
from dashboard.disclosure import BASE, HIDDEN, Cell, Counts, Kept

MOST, LARGEST, TRIED = 2, 5, 8  # few; counts in tables; counts that an attacker tries
small = st.integers(0, LARGEST)
World = dict[Cell, int]


# --- how the tables of each kind come to be, said a second time -----------------------------------------------------------------------

def listed_worlds() -> Iterator[World]:
    for a, b, none, answered, blank in product(range(TRIED), repeat=5):
        if max(a, b, none) <= answered <= a + b + none:
            yield {("a", "n"): a, ("b", "n"): b, ("none", "n"): none, ("", "answered"): answered, ("not_recorded", "n"): blank, BASE: answered + blank}


def exclusive_worlds() -> Iterator[World]:
    for a, b, c, blank in product(range(TRIED), repeat=4):
        yield {("a", "n"): a, ("b", "n"): b, ("c", "n"): c, ("not_recorded", "n"): blank, ("", "answered"): a + b + c, BASE: a + b + c + blank}


def partition_worlds() -> Iterator[World]:
    for n in product(range(TRIED), repeat=4):
        yield {(code, "n"): one for code, one in zip("abcd", n, strict=True)} | {BASE: sum(n)}


def _joined(parts: Callable[[str], Iterator[World]], names: tuple[str, str], fits: Callable[[World], bool]) -> Iterator[World]:
    """Two parts that share nothing but the base: only those that fit are put together."""
    sides = [[world for world in parts(name) if fits(world)] for name in names]
    for one in sides[0]:
        for other in sides[1]:
            if one[BASE] == other[BASE]:
                yield one | other


def _scores(of: str) -> Iterator[World]:
    for zero, five, ten, blank in product(range(TRIED), repeat=4):
        yield {("0", of): zero, ("5", of): five, ("10", of): ten, ("not_recorded", of): blank, ("", f"answered_{of}"): zero + five + ten,
               BASE: zero + five + ten + blank}


def _states(code: str) -> Iterator[World]:
    for present, denied, not_asked in product(range(TRIED), repeat=3):
        yield {(code, "present"): present, (code, "denied"): denied, (code, "not_asked"): not_asked, (code, "answered"): present + denied,
               BASE: present + denied + not_asked}


def _places(place: str) -> Iterator[World]:
    for sharp, dull, named, base in product(range(TRIED), repeat=4):
        if max(sharp, dull) <= named <= base:
            yield {(place, "sharp"): sharp, (place, "dull"): dull, (place, "named"): named, BASE: base}


def _treatment(code: str) -> Iterator[World]:
    parts = [(code, name) for name in sums.RELIEF_STATES]
    for said in product(range(TRIED), repeat=3):
        for answered, blank in product(range(sum(said), TRIED), range(TRIED)):
            yield dict(zip(parts, said, strict=True)) | {(code, "tried"): sum(said), ("", "answered"): answered, ("", "not_recorded"): blank,
                                                        BASE: answered + blank}


def _untreated(code: str) -> Iterator[World]:
    for nothing, answered, blank in product(range(TRIED), repeat=3):
        if nothing <= answered:
            yield {(code, "tried"): nothing, (code, "answered"): answered, (code, "not_recorded"): blank, BASE: answered + blank}


WORLDS: dict[str, Callable[[Callable[[World], bool]], Iterator[World]]] = {
    "listed": lambda fits: filter(fits, listed_worlds()), "exclusive": lambda fits: filter(fits, exclusive_worlds()),
    "partition": lambda fits: filter(fits, partition_worlds()), "severity": lambda fits: _joined(_scores, ("average", "worst"), fits),
    "states": lambda fits: _joined(_states, ("fever", "rigors"), fits), "grid": lambda fits: _joined(_places, ("neck", "jaw"), fits),
    "relief": lambda fits: _joined(lambda code: _treatment(code) if code == "rest" else _untreated(code), ("rest", "none"), fits)}


# --- what is exported ------------------------------------------------------------------------------------------------------------------

@st.composite
def tables(draw: st.DrawFn, kind: str) -> Counts:
    if kind == "listed":
        answered = draw(small)
        n = [draw(st.integers(0, answered)) for _ in range(3)]
        n[0] = max(n[0], answered - n[1] - n[2])
        return sums.listed(pd.DataFrame({"code": ["a", "b", "none"], "n": n, "answered": answered, "not_recorded": draw(small)}))
    if kind in ("exclusive", "partition"):
        n = [draw(small) for _ in range(4)]
        if kind == "partition":
            return sums.partition(pd.DataFrame({"code": list("abcd"), "n": n}))
        return sums.exclusive(pd.DataFrame({"code": ["a", "b", "c", "not_recorded"], "n": n, "answered": sum(n[:3])}))
    if kind == "severity":
        base, n = draw(small), {}
        for of in ("average", "worst"):
            n[of] = []
            for _ in range(3):
                n[of].append(draw(st.integers(0, base - sum(n[of]))))
            n[of].append(base - sum(n[of]))
        return sums.severity(pd.DataFrame({"code": ["0", "5", "10", "not_recorded"], **n, **{f"answered_{of}": sum(n[of][:3]) for of in n}}))
    if kind == "states":
        base = draw(small)
        present, denied = zip(*((one, draw(st.integers(0, base - one))) for one in (draw(st.integers(0, base)), draw(st.integers(0, base)))), strict=True)
        frame = pd.DataFrame({"code": ["fever", "rigors"], "present": present, "denied": denied})
        frame["answered"] = frame["present"] + frame["denied"]
        return sums.states(frame.assign(not_asked=base - frame["answered"]))
    if kind == "relief":
        base = draw(small)
        answered, said = [draw(st.integers(0, base)) for _ in range(2)], []
        for _ in range(3):
            said.append(draw(st.integers(0, answered[0] - sum(said))))
        return sums.relief(pd.DataFrame({
            "code": ["rest", "none"], "tried": [sum(said), draw(st.integers(0, answered[1]))], "helped": [said[0], None],
            "help_not_recorded": [said[2], None], "answered": answered, "not_recorded": [base - one for one in answered]}))
    base = draw(st.integers(1, LARGEST))
    rows = [(place, quality, draw(st.integers(0, named)), named) for place in ("neck", "jaw") for named in [draw(st.integers(1, base))]
            for quality in ("sharp", "dull")]
    return sums.grid(pd.DataFrame(rows, columns=["location", "quality", "n", "named"]), base)


def fits(kept: Kept) -> Callable[[World], bool]:
    def found(world: World) -> bool:
        for cell, n in world.items():
            word = kept.words.get(cell)
            if n != kept.counts.n[cell] if word is None else word != HIDDEN and not 1 <= n <= MOST:
                return False
        return True
    return found


@pytest.mark.parametrize("kind", WORLDS)
@given(data=st.data())
def test_no_count_that_is_not_written_can_be_worked_out(kind: str, data: st.DataObject) -> None:
    kept = disclosure.protect(data.draw(tables(kind)), MOST)
    assert all(cell in kept.words for cell, n in kept.counts.n.items() if 1 <= n <= MOST), "every small count"
    possible: dict[Cell, set[int]] = {cell: set() for cell in kept.words}
    for world in WORLDS[kind](fits(kept)):
        for cell in possible:
            possible[cell].add(world[cell])
    assert not {cell: (kept.counts.n[cell], values) for cell, values in possible.items() if len(values) < 2}, kept.words
