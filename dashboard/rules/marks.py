"""What single entries say, as bits: whatever rules look for in an entry is asked of it once, and then known by its bit."""
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from operator import or_ as or_bits

from sqlalchemy import BigInteger, ColumnElement, FromClause, Select, and_, case, false, literal, or_, select

from dashboard.codelists import HISTORY, LISTS, SYMPTOM
from dashboard.database import added, band, has, unnested
from dashboard.rules.compile import answer
from dashboard.rules.conditions import AllOf, AnyAnswer, AnyOf, Condition, Named, NamedOnly, Not, PatientHas, Reported, TemperatureAtLeast
from dashboard.rules.over_time import SameEntry, SameEntryOfPatientWith, WithinDays
from dashboard.rules.single import Chosen, SexIs, StartedWithin, SuddenOnset, WorstAtLeast

FINDINGS = (Reported, TemperatureAtLeast)  # what an entry reports; a place or a word alone is no sign of anything
WORDS = (Named, PatientHas, Chosen, WorstAtLeast, StartedWithin, SuddenOnset)
SETS = {"": "present", "new": "present_new", "old": "present_old"}  # of symptoms
WORD = 62  # bits of one column


def sought(condition: Condition) -> Iterator[Condition]:
    """The parts that look for something; not what must be absent."""
    if not isinstance(condition, Not):
        yield condition
        for part in condition.below():
            yield from sought(part)


def among(condition: Condition) -> tuple[Condition, ...]:
    """What narrows a condition to few patients: with something in their history, or of one sex."""
    return tuple(part for part in condition.parts if isinstance(part, (PatientHas, SexIs))) if isinstance(condition, AllOf) else ()


def surely(condition: Condition, entry: FromClause) -> ColumnElement[bool]:
    """True where the answer is, and anything else where it is not: of many entries that is told by far fewer comparisons."""
    e = entry.c
    if isinstance(condition, Reported):
        return has(e[SETS[condition.only]], SYMPTOM.bits(condition.symptoms))
    if isinstance(condition, Named):
        named, codes = e[f"list_{condition.field}"], LISTS[condition.field].bits(condition.codes)
        return and_(named != 0, band(named, LISTS[condition.field].all_bits - codes) == 0) if isinstance(condition, NamedOnly) else has(named, codes)
    if isinstance(condition, SuddenOnset):
        return e.sudden <= condition.within
    if isinstance(condition, SameEntryOfPatientWith):
        return and_(has(e.patient_history, HISTORY.bits(condition.history)), *[surely(part, entry) for part in condition.parts])
    if isinstance(condition, (AllOf, SameEntry)):
        return and_(*[surely(part, entry) for part in condition.parts])
    if isinstance(condition, (AnyOf, AnyAnswer)):
        return or_(*[surely(part, entry) for part in condition.parts])
    return answer(condition, entry, {})


def told_by(condition: WithinDays) -> tuple[Condition, ...]:
    """What is evidence among the entries around an anchor: other anchors, and what else they report."""
    return tuple(dict.fromkeys(part for part in (condition.anchor, *sought(condition)) if part is condition.anchor or isinstance(part, FINDINGS)))


def telling(condition: Condition, entries: FromClause) -> ColumnElement[bool]:
    """Entries that say any of what the condition looks for, places and words too."""
    return or_(false(), *[surely(part, entries) for part in dict.fromkeys(sought(condition)) if isinstance(part, (*FINDINGS, *WORDS))])


def alone(condition: Condition) -> tuple[Condition, ...]:
    """What has a bit of its own: of several any of which will do, each."""
    return tuple(one for part in condition.parts for one in alone(part)) if isinstance(condition, (AnyOf, AnyAnswer)) else (condition,)


@dataclass(frozen=True)
class Marked:
    """Entries (entry, patient, day) with bits for what they say of the conditions `asked`: symptoms in the sets they come in (`marks_present`,
    …), and whatever else they surely meet in `marks_0`, …"""
    rows: FromClause
    asked: tuple[Condition, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(_mark(condition, self.asked)[0] for condition in self.asked))

    def bits(self, conditions: Iterable[Condition]) -> tuple[int, ...]:
        """Of these conditions, a number for each of the columns."""
        marks = [_mark(one, self.asked) for condition in conditions for one in alone(condition)]
        return tuple(reduce(or_bits, (bits for column, bits in marks if column == name), 0) for name in self.names)

    def says(self, conditions: Iterable[Condition], of: FromClause | None = None) -> ColumnElement[bool]:
        """Entries, or what they add up to, with any of these bits."""
        columns = (self.rows if of is None else of).c
        return or_(false(), *[has(columns[name], bits) for name, bits in zip(self.names, self.bits(conditions), strict=True) if bits])

    def wanted(self, of: Sequence[Iterable[Condition]]) -> list[ColumnElement[int]]:
        """Columns of the same names, with the bits of these conditions, for a row for each."""
        return [unnested(name, bits, BigInteger) for name, bits in zip(self.names, zip(*map(self.bits, of), strict=True), strict=True)]

    def says_any(self, wanted: FromClause) -> ColumnElement[bool]:
        return or_(*[band(self.rows.c[name], wanted.c[name]) != 0 for name in self.names])


def marked(entries: FromClause, asked: tuple[Condition, ...]) -> Select:
    """The rows of `Marked`; `asked` are each `alone`."""
    e = entries.c
    marks = {condition: _mark(condition, asked) for condition in asked}
    sets = {name: e[SETS[condition.only]] for condition, (name, _) in marks.items() if isinstance(condition, Reported)}
    others: dict[str, list[ColumnElement[int]]] = {}
    for condition, (name, bits) in marks.items():
        if not isinstance(condition, Reported):
            others.setdefault(name, []).append(case((surely(condition, entries), literal(bits, BigInteger)), else_=0))
    return select(e.entry, e.patient, e.day, *[of.label(name) for name, of in sets.items()], *[added(of).label(name) for name, of in others.items()])


@cache
def _mark(condition: Condition, asked: tuple[Condition, ...]) -> tuple[str, int]:
    """Its column, and its bits there."""
    if isinstance(condition, Reported):
        return f"marks_{SETS[condition.only]}", SYMPTOM.bits(condition.symptoms)
    place = [one for one in asked if not isinstance(one, Reported)].index(condition)
    return f"marks_{place // WORD}", 1 << place % WORD
