"""Whoever holds a table with suppressed counts, knows how such tables add up and what the words mean, and tries every table there could have
been, finds at least two values for each count that is not written."""
from collections.abc import Callable, Iterator
from itertools import product

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import disclosure, outgoing, sums
from dashboard.cohort import Cohort
from dashboard.crossfilter import context
from dashboard.disclosure import BASE, HIDDEN, Cell, Control, Counts, Kept
from dashboard.people import HIGH_PAIN
from tests.attacker import Law, Names, alike, equal, told_of

MOST, LARGEST, TRIED = 2, 5, 8  # few; counts in tables; counts that an attacker tries
small = st.integers(0, LARGEST)
World = dict[Cell, int]


# --- how the tables of each kind come to be, said a second time -----------------------------------------------------------------------

def listed_worlds(at_least_one: bool = True) -> Iterator[World]:
    for a, b, none, answered, blank in product(range(TRIED), repeat=5):
        if max(a, b, none) <= answered and (answered <= a + b + none or not at_least_one):
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
    "listed": lambda fits: filter(fits, listed_worlds()), "listed_or_else": lambda fits: filter(fits, listed_worlds(at_least_one=False)),
    "exclusive": lambda fits: filter(fits, exclusive_worlds()),
    "partition": lambda fits: filter(fits, partition_worlds()), "severity": lambda fits: _joined(_scores, ("average", "worst"), fits),
    "states": lambda fits: _joined(_states, ("fever", "rigors"), fits), "grid": lambda fits: _joined(_places, ("neck", "jaw"), fits),
    "relief": lambda fits: _joined(lambda code: _treatment(code) if code == "rest" else _untreated(code), ("rest", "none"), fits)}


# --- what is exported ------------------------------------------------------------------------------------------------------------------

@st.composite
def tables(draw: st.DrawFn, kind: str) -> Counts:
    if kind in ("listed", "listed_or_else"):
        answered, at_least_one = draw(small), kind == "listed"
        n = [draw(st.integers(0, answered)) for _ in range(3)]
        n[0] = max(n[0], answered - n[1] - n[2]) if at_least_one else n[0]
        return sums.listed(pd.DataFrame({"code": ["a", "b", "none"], "n": n, "answered": answered, "not_recorded": draw(small)}), at_least_one=at_least_one)
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


# --- all files of a question ---------------------------------------------------------------------------------------------------------------

PLACES, SCORES = ("neck", "jaw"), tuple(map(str, range(11)))
Said = dict[str, tuple[str, ...] | int | None]  # what a patient wrote in the only entry; () is none, None is no answer


@st.composite
def people(draw: st.DrawFn) -> list[Said]:
    where, kinds = st.none() | st.sets(st.sampled_from(PLACES)).map(lambda some: tuple(sorted(some))), st.sampled_from((None, (), ("sharp",)))
    score = st.sampled_from((None, 0, 5, 9))
    one = st.fixed_dictionaries({"locations": where, "qualities": kinds, "average": score, "worst": score, "days": st.sampled_from((None, 3, 50))})
    return draw(st.lists(one, min_size=1, max_size=TRIED - 1))


def _several(of: list[Said], field: str, codes: tuple[str, ...]) -> pd.DataFrame:
    said = [one[field] for one in of if one[field] is not None]
    n = [*(sum(code in some for some in said) for code in codes), sum(some == () for some in said)]
    return pd.DataFrame({"code": [*codes, "none"], "n": n, "answered": len(said), "not_recorded": len(of) - len(said)})


def _classes(of: list[int | None], codes: list[str]) -> pd.DataFrame:
    n = [*(sum(one == place for one in of) for place in range(len(codes))), sum(one is None for one in of)]
    return pd.DataFrame({"code": [*codes, "not_recorded"], "n": n, "answered": sum(n[:-1]), "not_recorded": n[-1]})


def charts_of(of: list[Said]) -> dict[str, pd.DataFrame]:
    both = {(place, kind): sum(place in (one["locations"] or ()) and kind in (one["qualities"] or ()) for one in of) for place in PLACES for kind in ("sharp",)}
    named = {place: sum(place in (one["locations"] or ()) for one in of) for place in PLACES}
    n = {name: [*(sum(one[name] == int(score) for one in of) for score in SCORES), sum(one[name] is None for one in of)] for name in ("average", "worst")}
    high = [None if one["worst"] is None and one["average"] is None else 4 * ((one["average"] if one["worst"] is None else one["worst"]) >= 7) for one in of]
    fields = {"locations": "locations", "qualities": "qualities", "severity": "average", "worst_severity": "worst", "onset_day": "days"}
    answered = [sum(one[name] is not None for one in of) for name in fields.values()]
    return {
        "locations": _several(of, "locations", PLACES), "qualities": _several(of, "qualities", ("sharp",)),
        "durations": _classes([one["days"] and int(one["days"] > 40) for one in of], ["short", "long"]), "high_pain": _classes(high, list(HIGH_PAIN)),
        "severity": pd.DataFrame({"code": [*SCORES, "not_recorded"], **n, **{f"answered_{name}": len(of) - n[name][-1] for name in n}}),
        "together": pd.DataFrame([(*pair, number, named[pair[0]]) for pair, number in both.items() if named[pair[0]]],
                                 columns=["location", "quality", "n", "named"]),
        "blank": pd.DataFrame({"code": list(fields), "answered": answered, "not_recorded": [len(of) - number for number in answered]})}


def laws_of(chart: str, counts: Counts) -> Iterator[Law]:
    """How a chart adds up, said a second time."""
    def at(*cell: str) -> Names:
        return chart.split()[0], *((cell or BASE) if cell in ((), BASE) else (chart.split()[-1], *cell))
    n, kind = counts.n, chart.split()[-1]
    if kind == "together":
        yield from ({at(*cell): 1, at(cell[0], "named"): -1} for cell in n if cell[1] == "sharp")
        yield from ({at(*cell): 1, at(): -1} for cell in n if cell[1] == "named")
    elif kind == "blank":
        yield from (law for row, column in n if column == "answered" for law in equal({at(row, column): 1, at(row, "not_recorded"): 1, at(): -1}))
    else:
        for column, answered in (("n", "answered"), ("average", "answered_average"), ("worst", "answered_worst")):
            rows = [cell for cell in n if cell[1] == column and cell[0] != "not_recorded"]
            if rows:
                yield from equal({at("", answered): 1, at("not_recorded", column): 1, at(): -1})
                yield {at("", answered): 1, **{at(*cell): -1 for cell in rows}}
                yield from ([{at(*cell): 1, at("", answered): -1} for cell in rows] if ("none", "n") in rows else
                            [{at("", answered): -1, **{at(*cell): 1 for cell in rows}}])


def laws_of_all() -> Iterator[Law]:
    """How the charts of the report hang together."""
    for place in PLACES:
        yield from alike(("all", "together", place, "named"), ("all", "locations", place, "n"))
        yield {("all", "together", place, "sharp"): 1, ("all", "qualities", "sharp", "n"): -1}
    for field, chart, answered in (("locations", "locations", "answered"), ("qualities", "qualities", "answered"), ("onset_day", "durations", "answered"),
                                   ("severity", "severity", "answered_average"), ("worst_severity", "severity", "answered_worst")):
        yield from alike(("all", "blank", field, "answered"), ("all", chart, "", answered))
    high = ("all", "high_pain", "", "answered")
    answered = [("all", "severity", "", f"answered_{of}") for of in ("average", "worst")]
    yield from ({one: 1, high: -1} for one in answered)
    yield {high: 1, answered[0]: -1, answered[1]: -1}
    yield {("all", "severity", "9", "worst"): 1, ("all", "high_pain", "to_100", "n"): -1}


def laws_of_pressed(pressed: dict[str, tuple[str, ...]]) -> Iterator[Law]:
    """A chart that was pressed is counted without that, so its bar is everybody of the others."""
    everybody = ("all", *BASE)
    for field, (code,) in pressed.items():
        yield from alike((field, field, code, "n"), everybody)
    where = "together" if pressed else "all"
    if "locations" in pressed:
        beside = "qualities" if "qualities" in pressed else "all"
        yield from alike((where, "together", "neck", "named"), (beside, *BASE))
        yield from alike((where, "together", "neck", "sharp"), (beside, "qualities", "sharp", "n"))
    if "qualities" in pressed:
        beside = "locations" if "locations" in pressed else "all"
        for place in PLACES:
            yield from alike((where, "together", place, "sharp"), (beside, "locations", place, "n"))


@given(of=people(), pressed=st.sampled_from([{}, {"locations": ("neck",)}, {"qualities": ("sharp",)}, {"locations": ("neck",), "qualities": ("sharp",)}]))
def test_no_count_can_be_worked_out_of_all_files_of_a_question_and_its_report(of: list[Said], pressed: dict[str, tuple[str, ...]]) -> None:
    def asked(question: dict[str, tuple[str, ...]]) -> list[Said]:
        return [one for one in of if all(set(codes) & set(one[field] or ()) for field, codes in question.items())]
    whole, question = asked(pressed), Cohort(**pressed)
    own = {}
    for name in ("locations", "qualities", "together"):
        wider = context(question, name)
        if wider != question:
            those = asked({field: codes for field, codes in pressed.items() if getattr(wider, field)})
            own[name] = (wider, len(those), charts_of(those)[name])
    charts, of_its_own = outgoing.of_question(question, charts_of(whole), len(whole), own, Control(MOST, 1))
    kept = {f"all {one.name}": one.kept for one in charts} | {f"{name} {name}": one.kept for name, one in of_its_own.items()}
    laws = [law for name, one in kept.items() for law in laws_of(name, one.counts)] + [*laws_of_all(), *laws_of_pressed(pressed)]
    told = told_of(kept, laws, MOST, 2 * TRIED)
    assert not told, {name: one.words for name, one in kept.items()}
