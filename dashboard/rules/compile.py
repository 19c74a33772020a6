"""Conditions as SQL: each becomes one nullable boolean about a record, so that the database's own AND, OR and NOT are the logic.

A record is whatever has the columns of `recorded`: one entry, the entries around a day, or everything a patient said. Adding entries to
a record is the union of what they report and of what they deny. What needs the order of days is in `history`.
"""
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from sqlalchemy import BigInteger, Boolean, ColumnElement, Float, FromClause, Select, and_, case, cast, false, func, not_, null, or_, select, true, type_coerce

from dashboard.codelists import ANSWERED, HISTORY, LISTS, LOCATION, RELIEF, SYMPTOM
from dashboard.database import band, bit_or, has
from dashboard.rules import conditions as says
from dashboard.rules import over_time, single
from dashboard.rules.conditions import LONGSTANDING, AllOf, AnyAnswer, AnyOf, Condition, Named, NamedOnly, Not, OrUnknown, PatientHas
from dashboard.rules.over_time import SameEntry, SameEntryOfPatientWith, WithinDays

FOUR_YEARS, SINCE_1901 = 1461, 25_202  # days; from 1901-01-01 to the day from which days are counted
YEARS = 10_000  # a day times this plus a year of birth: the largest holds the year that was given last

Histories = Mapping[Condition, Any]  # each has the column `met`; see history.Shown
Record = FromClause


# --- records ----------------------------------------------------------------------------------------------------------------------

_CHOICES = tuple(f"choice_{field}" for field in single.CHOSEN_FROM)
ALWAYS = ("severity", "interference", "worst", "trend", "pain", "onset", "helped")
SETS = ("present", "denied", "present_new", "denied_new", "present_old", "history_present", "history_denied")
_READ = {PatientHas: ("history_present", "history_denied"), SameEntryOfPatientWith: ("history_present", "history_denied"),
         says.TemperatureAtLeast: ("temperature",), says.AgeAtLeast: ("born",), single.SexIs: ("sexed",), single.WorstAtLeast: ("bad",),
         single.StartedWithin: ("since",), single.SuddenOnset: ("sudden", "known_speed"), single.YoungerAtOnset: ("born",),
         single.RelievedBy: ("list_relief_helped", "known_relief_helped", "list_relief_tried")}


def columns_read(parts: Iterable[Condition]) -> tuple[str, ...]:
    """The columns of a record that conditions look at."""
    parts = tuple(parts)
    fields = {part.field for part in parts if isinstance(part, Named)}
    read = {f"{prefix}_{field}" for field in fields for prefix in ("list", "known")} | {"present", "denied", "present_new", "denied_new"}
    for kind, names in _READ.items():
        read |= set(names) if any(isinstance(part, kind) for part in parts) else set()
    chosen = {f"choice_{part.choice}" for part in parts if isinstance(part, (single.Chosen, single.NotChosen))}
    if any(isinstance(part, says.Reported) and part.only == "old" for part in parts):
        read.add("present_old")
    every = (*SETS, "temperature", "born", "sexed", "bad", "since", "sudden", "known_speed", *_CHOICES,
             *[f"{prefix}_{field}" for field in LISTS for prefix in ("list", "known")])
    return tuple(name for name in every if name in read | chosen)


def said(entries: FromClause, columns: tuple[str, ...], keep: tuple[str, ...] = ()) -> Select:
    """Entries as records of one: what these columns need, how bad it was and since when, and other columns to keep as they are."""
    e, every = entries.c, spelled(entries)
    return select(e.entry, e.patient, e.day, *[every[name].label(name) for name in (*ALWAYS, *columns)], *[e[name] for name in keep])


def spelled(entries: FromClause) -> dict[str, ColumnElement]:
    """What `said` can say of entries, as they are in the diary."""
    e = entries.c
    new = type_coerce(e.present_new, BigInteger)  # whatever type it was derived with
    # severity or worst above 0; or both blank and something named
    pain = func.coalesce(func.greatest(e.severity, e.worst_severity), cast(e.locations + e.qualities, Float), type_=Float) > 0
    onset = case((e.onset_day <= e.day, e.onset_day))
    worst = func.coalesce(e.worst_severity, e.severity)
    return {
        "severity": e.severity, "interference": e.interference, "worst": worst, "trend": e.trend, "pain": pain, "onset": onset, "helped": e.relief_helped,
        "present": e.symptoms_present, "denied": e.symptoms_denied, "present_new": new, "denied_new": type_coerce(e.denied_new, BigInteger),
        "present_old": e.symptoms_present - new, "history_present": e.history_present, "history_denied": e.history_denied,
        "temperature": e.temperature_c, "bad": worst, "since": e.day - onset, "known_speed": e.onset_speed.is_not(None),
        "sudden": case((e.onset_speed == "sudden", func.coalesce(e.day - onset, 0))),
        "born": case((e.birth_year.is_not(None), cast(e.day, BigInteger) * YEARS + e.birth_year)),
        "sexed": case((e.sex.is_not(None), cast(e.day, BigInteger) * YEARS + _number(e.sex, {code: n for n, code in enumerate(single.SEXES)}))),
        **{f"choice_{name}": _number(e[name], {code: 1 << bit for code, bit in single.choice(name).bit.items()}) for name in single.CHOSEN_FROM},
        **{f"list_{name}": e[name] for name in LISTS}, **{f"known_{name}": _known(e, name) for name in LISTS}}


def _number(cell: ColumnElement[str], numbers: dict[str, int]) -> ColumnElement[int]:
    return case(numbers, value=cell, else_=0)


def _known(entry: Mapping[str, ColumnElement], field: str) -> ColumnElement[bool]:
    """Whether an entry answers a list field."""
    answered = has(entry["answered"], ANSWERED.bits((field,)))
    if field == "locations":
        placed = LOCATION.all_bits - LOCATION.bits(LOCATION.group("unplaced"))
        return or_(has(entry["locations"], placed), and_(answered, entry["locations"] == 0))
    if field == "radiates_to":  # who says where it hurts, and nothing of where it spreads to, has named no such place
        answered = or_(answered, has(entry["answered"], ANSWERED.bits(("locations",))), entry["locations"] != 0)
    return or_(answered, entry[field] != 0)


def recorded(entries: FromClause, columns: tuple[str, ...]) -> list[ColumnElement]:
    """Any number of entries added up to one record; to be grouped by."""
    def added(name: str) -> ColumnElement:
        column = entries.c[name]
        if name in SETS or name.startswith(("list_", "choice_")):
            return bit_or(column)
        if name in ("since", "sudden"):
            return func.min(column)
        return func.bool_or(column, type_=Boolean) if name.startswith("known_") else func.max(column)

    return [added(name).label(name) for name in columns]


# --- answers ----------------------------------------------------------------------------------------------------------------------

@singledispatch
def answer(condition: Condition, record: Record, histories: Histories) -> ColumnElement[bool]:
    """A condition about a record. Those about several entries are asked in their history: a row for each patient of whom it is true
    or false."""
    return histories[condition].met


def _reported(present: ColumnElement[int], denied: ColumnElement[int], bits: int) -> ColumnElement[bool]:
    return case((has(present, bits), true()), (band(denied, bits) == bits, false()))


@answer.register
def _(condition: says.Reported, record: Record, histories: Histories) -> ColumnElement[bool]:
    r, bits = record.c, SYMPTOM.bits(condition.symptoms)
    if condition.only == "new":
        return _reported(r.present_new, r.denied_new, bits)
    if condition.only == "old":  # a new one is no old one, so it answers the question too
        answered = band(r.denied, bits) + band(r.present_new, bits) - band(band(r.denied, r.present_new), bits)
        return case((has(r.present_old, bits), true()), (answered == bits, false()))
    return _reported(r.present, r.denied, bits)


@answer.register
def _(condition: says.Denied, record: Record, histories: Histories) -> ColumnElement[bool]:
    return not_(_reported(record.c.present, record.c.denied, SYMPTOM.bits(condition.symptoms)))


@answer.register
def _(condition: PatientHas, record: Record, histories: Histories) -> ColumnElement[bool]:
    return _reported(record.c.history_present, record.c.history_denied, HISTORY.bits(condition.history))


@answer.register
def _(condition: Named, record: Record, histories: Histories) -> ColumnElement[bool]:
    bits = LISTS[condition.field].bits(condition.codes)
    return case((has(record.c[f"list_{condition.field}"], bits), true()), (record.c[f"known_{condition.field}"], false()))


@answer.register
def _(condition: NamedOnly, record: Record, histories: Histories) -> ColumnElement[bool]:
    named, codelist = record.c[f"list_{condition.field}"], LISTS[condition.field]
    other = codelist.all_bits - codelist.bits(condition.codes)
    return case((has(named, other), false()), (named != 0, true()), (record.c[f"known_{condition.field}"], false()))


@answer.register
def _(condition: says.NotLongstanding, record: Record, histories: Histories) -> ColumnElement[bool]:
    return band(record.c.present, SYMPTOM.bits((LONGSTANDING,))) == 0


@answer.register
def _(condition: says.TemperatureAtLeast, record: Record, histories: Histories) -> ColumnElement[bool]:
    return record.c.temperature >= condition.celsius


@answer.register
def _(condition: says.AgeAtLeast, record: Record, histories: Histories) -> ColumnElement[bool]:
    return record.c.as_of_year - record.c.born % YEARS >= condition.years


@answer.register
def _(condition: single.YoungerAtOnset, record: Record, histories: Histories) -> ColumnElement[bool]:
    """Years of four times 365 days and one more, which is so from 1901 to 2099."""
    year = 1901 + func.floor((4 * (record.c.last_onset + SINCE_1901) + 3) / float(FOUR_YEARS))
    return year - record.c.born % YEARS < condition.years


@answer.register
def _(condition: single.RelievedBy, record: Record, histories: Histories) -> ColumnElement[bool]:
    bits = RELIEF.bits(condition.relief)
    return case((has(record.c.list_relief_helped, bits), true()), (and_(has(record.c.list_relief_tried, bits), record.c.known_relief_helped), false()))


@answer.register
def _(condition: single.SexIs, record: Record, histories: Histories) -> ColumnElement[bool]:
    return record.c.sexed % YEARS == single.SEXES.index(condition.sex)


@answer.register
def _(condition: single.Chosen, record: Record, histories: Histories) -> ColumnElement[bool]:
    said = record.c[f"choice_{condition.choice}"]
    return case((has(said, single.choice(condition.choice).bits(condition.answers)), true()), (said != 0, false()))


@answer.register
def _(condition: single.NotChosen, record: Record, histories: Histories) -> ColumnElement[bool]:
    return record.c[f"choice_{condition.choice}"] == 0


@answer.register
def _(condition: single.WorstAtLeast, record: Record, histories: Histories) -> ColumnElement[bool]:
    return record.c.bad >= condition.at_least


@answer.register
def _(condition: single.StartedWithin, record: Record, histories: Histories) -> ColumnElement[bool]:
    return record.c.since <= condition.days


@answer.register
def _(condition: single.SuddenOnset, record: Record, histories: Histories) -> ColumnElement[bool]:
    return case((record.c.sudden <= condition.within, true()), (record.c.known_speed, false()))


@answer.register
def _(condition: over_time.BegunWithin, record: Record, histories: Histories) -> ColumnElement[bool]:
    """Days around an anchor know how old the episode was; a whole record has no such day."""
    return record.c.episode_age <= condition.days if "episode_age" in record.c else cast(null(), Boolean)


@answer.register
def _(condition: over_time.LastEntryWithin, record: Record, histories: Histories) -> ColumnElement[bool]:
    return record.c.as_of - record.c.last_day <= condition.days


@answer.register
def _(condition: AnyOf, record: Record, histories: Histories) -> ColumnElement[bool]:
    return or_(*[answer(part, record, histories) for part in condition.parts])


@answer.register
def _(condition: AllOf, record: Record, histories: Histories) -> ColumnElement[bool]:
    return and_(*[answer(part, record, histories) for part in condition.parts])


@answer.register
def _(condition: says.AtLeast, record: Record, histories: Histories) -> ColumnElement[bool]:
    answers = [answer(part, record, histories) for part in condition.parts]
    yes, no = (sum(case((found, 1), else_=0) for found in which) for which in (answers, [not_(found) for found in answers]))
    return case((yes >= condition.count, true()), (no > len(answers) - condition.count, false()))


@answer.register
def _(condition: AnyAnswer, record: Record, histories: Histories) -> ColumnElement[bool]:
    answers = [answer(part, record, histories) for part in condition.parts]
    return func.coalesce(or_(*answers), *answers, type_=Boolean)


@answer.register
def _(condition: Not, record: Record, histories: Histories) -> ColumnElement[bool]:
    return not_(answer(condition.part, record, histories))


@answer.register
def _(condition: OrUnknown, record: Record, histories: Histories) -> ColumnElement[bool]:
    return func.coalesce(answer(condition.part, record, histories), true(), type_=Boolean)


@answer.register(over_time.NoRelief)
@answer.register(over_time.RuleNotMet)
def _(condition: over_time.NoRelief | over_time.RuleNotMet, record: Record, histories: Histories) -> ColumnElement[bool]:
    return func.coalesce(histories[condition].met, true(), type_=Boolean)


@answer.register(over_time.AnyRuleMet)
@answer.register(over_time.Silent)
def _(condition: over_time.AnyRuleMet | over_time.Silent, record: Record, histories: Histories) -> ColumnElement[bool]:
    return func.coalesce(histories[condition].met, false(), type_=Boolean)


@answer.register
def _(condition: WithinDays, record: Record, histories: Histories) -> ColumnElement[bool]:
    """Where the anchor was reported, the days around it decide; elsewhere the whole record says no, or that we cannot know."""
    anchor = answer(condition.anchor, record, histories)
    return case((anchor, histories[condition].met), else_=answer(AllOf((condition.anchor, *condition.parts)), record, histories))


@answer.register
def _(condition: SameEntry, record: Record, histories: Histories) -> ColumnElement[bool]:
    """Where no entry says all of it, the whole record says no, or that we cannot know."""
    denied = not_(and_(*[answer(_loosened(part), record, histories) for part in condition.parts]))
    return case((histories[condition].met, true()), (denied, false()))


@answer.register
def _(condition: SameEntryOfPatientWith, record: Record, histories: Histories) -> ColumnElement[bool]:
    parts = AllOf((PatientHas(condition.history), *map(_loosened, condition.parts)))
    return case((histories[condition].met, true()), (not_(answer(parts, record, histories)), false()))


@dataclass(frozen=True)
class _Granted(Condition):
    pass


@answer.register
def _(condition: _Granted, record: Record, histories: Histories) -> ColumnElement[bool]:
    return true()


def _loosened(part: Condition) -> Condition:
    """What is asked of one entry, as far as it can be asked of many: other places named some other day deny nothing."""
    if isinstance(part, NamedOnly):
        return Named(part.field, part.codes)
    if isinstance(part, (says.NotLongstanding, single.NotChosen, Not, OrUnknown)):
        return _Granted()
    return type(part)(tuple(map(_loosened, part.parts))) if isinstance(part, (AnyOf, AllOf, AnyAnswer)) else part
