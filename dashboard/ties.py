"""How the counts of several charts of one question hang together, which whoever has all of its files knows too: they are about the same patients,
and a chart that was pressed is counted without what was pressed in it, so that its bar says how many the others are about."""
from collections.abc import Iterator, Mapping
from itertools import product
from typing import TypeVar

from dashboard import filters
from dashboard.codelists import LOCATION, QUALITY, SYMPTOM
from dashboard.cohort import NONE, NOT_RECORDED, Cohort
from dashboard.conditions import NIGHT, NIGHT_HOURS, NOTHING_HELPED, PERIOD, TREATMENTS
from dashboard.disclosure import BASE, Cell, Counts, Name, Place, Tie
from dashboard.filters import Bands
from dashboard.people import HIGH, HIGH_PAIN
from dashboard.profile import AGES

Where = TypeVar("Where")
SCORES = ("average", "worst")
ANSWERED: Cell = ("", "answered")
BLANK: Cell = (NOT_RECORDED, "n")
_NOTHING_HELPED, = NOTHING_HELPED
# fields of the chart of what is blank that have a chart of their own, with who answered there and who did not
_FIELDS: dict[str, tuple[str, Cell, Cell]] = {
    **{name: (name, ANSWERED, BLANK) for name in ("locations", "qualities")}, "time_of_day": ("hours", ANSWERED, BLANK),
    "onset_day": ("durations", ANSWERED, BLANK), "severity": ("severity", ("", "answered_average"), (NOT_RECORDED, "average")),
    "worst_severity": ("severity", ("", "answered_worst"), (NOT_RECORDED, "worst")),
    "relief_tried": ("relief", (NONE, "answered"), (NONE, "not_recorded")),
    "relief_helped": ("relief", (_NOTHING_HELPED, "answered"), (_NOTHING_HELPED, "not_recorded")),
    **{code: ("symptoms", (code, "answered"), (code, "not_asked")) for code in SYMPTOM.bit}}
# columns that count who says something anywhere: of fewer entries they are not more
_GROWS = {"n", "answered", "present", "tried", "helped", "named", "patients", *QUALITY.bit}


def same(chart: str, cell: Cell) -> tuple[str, Cell]:
    """Counts that stand in two charts: how many name a place, and how many answered what a chart is about."""
    row, column = cell
    if chart == "together" and column == "named":
        return "locations", (row, "n")
    if chart == "blank" and row in _FIELDS:
        other, *answered_or_not = _FIELDS[row]
        return other, answered_or_not[column == "not_recorded"]
    if chart in SCORES and cell in (ANSWERED, BLANK):  # of a comparison, which has them apart
        return "blank", ("worst_severity" if chart == "worst" else "severity", "answered" if cell == ANSWERED else "not_recorded")
    return chart, cell


def of_the_same_patients(whose: str) -> Iterator[Tie]:
    """What is true of charts that are counted of one question, besides what stands twice."""
    for these, those in _of_one():
        yield tuple(((whose, chart), cell) for chart, cell in these), tuple(((whose, chart), cell) for chart, cell in those)


def _of_one() -> Iterator[tuple[tuple[tuple[str, Cell], ...], ...]]:
    for place, quality in product(LOCATION.bit, QUALITY.bit):
        yield (("together", (place, quality)),), (("qualities", (quality, "n")),)
    # whoever gave a severity in a matching entry gave it in the period
    for answered, blank in (*((("severity", ("", f"answered_{of}")), ("severity", (NOT_RECORDED, of))) for of in SCORES),
                            *(((of, ANSWERED), (of, BLANK)) for of in SCORES)):
        yield (answered,), (("high_pain", ANSWERED),)
        yield (("high_pain", BLANK),), (blank,)
    yield (("high_pain", ANSWERED),), tuple(("severity", ("", f"answered_{of}")) for of in SCORES)
    yield (("high_pain", ANSWERED),), tuple((of, ANSWERED) for of in SCORES)
    some = tuple(("high_pain", (code, "n")) for code in list(HIGH_PAIN)[1:])
    yield tuple(("severity", (str(score), "worst")) for score in range(HIGH, 11)), some
    yield (("worst", ("severe", "n")),), some
    # birth year and sex are looked up in all entries of the patient
    yield from (((("blank", (field, "answered")),), ((chart, ANSWERED),)) for field, chart in (("birth_year", "ages"), ("sex", "sexes")))
    yield from _of_relief(("relief", ANSWERED), "relief", "tried", "helped", (NONE, _NOTHING_HELPED), "tried")
    yield from _of_relief(("tried", ANSWERED), "tried", "n", "present", ("nothing_tried", "nothing_helped"), "present")
    for field in ("tried", "helped"):  # a comparison says them by other names
        yield from _equal(("relief", (f"nothing_{field}", "answered")), ("blank", (f"relief_{field}", "answered")))
    for code in TREATMENTS:
        yield (("relief", (code, "answered")),), (("tried", (code, "n")),)
        yield (("relief", (code, "answered")),), (("relief", ("nothing_helped", "answered")),)
        # whether it helped says who answered what helped; the second is the first where neither of the two is known alone
        yield (("relief", (code, "helped")), ("relief", (code, "did_not_help"))), (("relief", (_NOTHING_HELPED, "answered")),)
        yield (("relief", (code, "tried")),), (("relief", (_NOTHING_HELPED, "answered")), ("relief", (code, "help_not_recorded")))


def _of_relief(either: tuple[str, Cell], chart: str, tried: str, helped: str, nothing: tuple[str, str], said: str) -> Iterator[tuple]:
    """Who answered either of two fields, and each of them: an answer names one treatment at least, or nothing."""
    answered = tuple(("relief", (code, "answered")) for code in nothing)
    named = [*((chart, (code, tried)) for code in TREATMENTS)], [*(("relief", (code, helped)) for code in TREATMENTS)]
    none = [("relief", (code, said)) for code in nothing]
    yield (either,), answered
    yield (either,), (*named[0], *none)
    for field, treatments, one in zip(answered, named, none, strict=True):
        yield (field,), (either,)
        yield (field,), (*treatments, one)


def pressed(cohort: Cohort, own: Mapping[str, Cohort], tables: Mapping[Name, Counts], weeks: Bands) -> Iterator[Tie]:
    """What charts that were pressed, each counted of a question of its `own`, say of all charts of the whole question. `weeks` are the bars of the
    chart over time."""
    everybody: Place = (cohort.question(), "locations"), BASE

    def at(chart: str, *cell: str) -> Place:
        return (own.get(chart, cohort).question(), chart), cell or BASE
    yield from (((everybody,), (at(chart),)) for chart in own)
    yield from (((at(one),), (at("together"),)) for one in ("locations", "qualities") if {one, "together"} <= own.keys())
    for chart in own:
        within = (cohort.question(), chart)
        yield from ((((within, cell),), (at(chart, *cell),)) for cell in tables[within].n if cell[1] in _GROWS)
    if cohort.whole:
        return
    for chart, column, codes in _lit(cohort, weeks):
        bars = tuple(at(chart, code, column) for code in codes)
        yield from ((bars, (everybody,)), ((everybody,), bars), *(((bar,), (everybody,)) for bar in bars))
        yield (everybody,), tuple(((cohort.question(), chart), (code, column)) for code in codes)
    places, kinds = (filters.shown(cohort, field) for field in ("locations", "qualities"))
    if len(places) == 1:
        yield from _equal(at("together", places[0], "named"), at("qualities"))
        yield from (tie for kind in QUALITY.bit for tie in _equal(at("together", places[0], kind), at("qualities", kind, "n")))
    if len(kinds) == 1:
        yield from (tie for place in LOCATION.bit for tie in _equal(at("together", place, kinds[0]), at("locations", place, "n")))
    if len(places) == len(kinds) == 1:
        yield from _equal(at("together", places[0], kinds[0]), everybody)


def ruled_out(cohort: Cohort, tables: Mapping[Name, Counts], weeks: Bands) -> Iterator[Place]:
    """Charts of the whole question count nobody beside the bars that it asks for."""
    for chart in {chart for chart, *_ in _lit(cohort, weeks)} if cohort.whole is False else ():
        name = cohort.question(), chart
        yield from ((name, cell) for cell, n in (tables[name].n.items() if name in tables else ()) if n == 0)


def _lit(cohort: Cohort, weeks: Bands) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Of each chart, the column and the bars that are asked for."""
    hours = dict.fromkeys(one for hour in filters.shown(cohort, "hours") for one in (NIGHT_HOURS if hour == NIGHT else (hour,)))
    tried, helped = (filters.shown(cohort, field) for field in ("tried", "helped"))
    columns = {**{(name, "n"): filters.shown(cohort, name) for name in ("locations", "qualities", "sexes", "sources", "buckets", "high_pain")},
               ("durations", "n"): filters.shown(cohort, "durations"), ("symptoms", "present"): filters.shown(cohort, "symptoms"),
               ("hours", "n"): hours, ("ages", "n"): filters.lit_bands(cohort, AGES, "age"),
               ("weeks", "patients"): filters.lit_bands(cohort, weeks, PERIOD)}
    if not (tried and helped):
        columns |= {("relief", "tried"): NOTHING_HELPED if helped == (NONE,) else tried, ("relief", "helped"): () if helped == (NONE,) else helped}
    yield from ((chart, column, tuple(codes)) for (chart, column), codes in columns.items() if codes)


def _equal(this: Where, that: Where) -> tuple[tuple[tuple[Where, ...], ...], ...]:
    return ((this,), (that,)), ((that,), (this,))


def holds(tie: Tie, tables: Mapping[Name, Counts]) -> bool:
    """Whether these numbers are there and say so: some of what is said above is so of most diaries, not of all."""
    sides = [[tables[name].n.get(cell) if name in tables else None for name, cell in side] for side in tie]
    return None not in (*sides[0], *sides[1]) and sum(sides[0]) <= sum(sides[1])
