"""Conditions as SQL: each becomes one nullable boolean about a record, so that the database's own AND, OR and NOT are the logic.

A record is whatever has the columns of `record.recorded`: one entry, the entries around a day, or everything a patient said. What needs
the order of days is in `history`.
"""
from collections.abc import Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Any, Union

from sqlalchemy import Boolean, ColumnElement, FromClause, Subquery, and_, case, cast, column, false, func, not_, null, or_, select, true

from dashboard.codelists import HISTORY, LISTS, RELIEF, SYMPTOM
from dashboard.database import band, has
from dashboard.rules import conditions as says
from dashboard.rules import over_time, single
from dashboard.rules.conditions import LONGSTANDING, AllOf, AnyAnswer, AnyOf, Condition, Named, NamedOnly, Not, OrUnknown, PatientHas
from dashboard.rules.over_time import SameEntry, SameEntryOfPatientWith, WithinDays
from dashboard.rules.record import YEARS, known

FOUR_YEARS, SINCE_1901 = 1461, 25_202  # days; from 1901-01-01 to the day from which days are counted

Histories = Mapping[Condition, Any]  # each has the column `met`; see history.Shown
Record = Union[FromClause, "Asked"]


class Asked:
    """A record of which each thing is asked once, and then read by its name: rules ask the same again and again, and spelled out again
    and again it takes longer to plan than to answer."""

    def __init__(self, record: FromClause) -> None:
        self._record = record
        self._answers: dict[Condition, ColumnElement[bool]] = {}

    def answer(self, condition: Condition) -> ColumnElement[bool]:
        number = list(self._answers).index(condition) if condition in self._answers else len(self._answers)
        self._answers.setdefault(condition, _answer(condition, self._record, {}).label(f"said_{number}"))
        return column(f"said_{number}", Boolean)

    def answers(self) -> Subquery:
        return select(self._record.c.patient, *self._answers.values()).subquery()


def answer(condition: Condition, record: Record, histories: Histories) -> ColumnElement[bool]:
    """A condition about a record."""
    if isinstance(record, Asked) and not condition.below() and condition not in histories:
        return record.answer(condition)
    return _answer(condition, record, histories)


@singledispatch
def _answer(condition: Condition, record: Record, histories: Histories) -> ColumnElement[bool]:
    """Those about several entries are asked in their history: a row for each patient of whom it is true or false."""
    return histories[condition].met


def _reported(present: ColumnElement[int], denied: ColumnElement[int], bits: int) -> ColumnElement[bool]:
    return case((has(present, bits), true()), (band(denied, bits) == bits, false()))


@_answer.register
def _(condition: says.Reported, record: Record, histories: Histories) -> ColumnElement[bool]:
    r, bits = record.c, SYMPTOM.bits(condition.symptoms)
    if condition.only == "new":
        return _reported(r.present_new, r.denied_new, bits)
    if condition.only == "old":  # a new one is no old one, so it answers the question too
        answered = band(r.denied, bits) + band(r.present_new, bits) - band(band(r.denied, r.present_new), bits)
        return case((has(r.present_old, bits), true()), (answered == bits, false()))
    return _reported(r.present, r.denied, bits)


@_answer.register
def _(condition: says.Denied, record: Record, histories: Histories) -> ColumnElement[bool]:
    return not_(_reported(record.c.present, record.c.denied, SYMPTOM.bits(condition.symptoms)))


@_answer.register
def _(condition: PatientHas, record: Record, histories: Histories) -> ColumnElement[bool]:
    return _reported(record.c.history_present, record.c.history_denied, HISTORY.bits(condition.history))


@_answer.register
def _(condition: Named, record: Record, histories: Histories) -> ColumnElement[bool]:
    bits = LISTS[condition.field].bits(condition.codes)
    return case((has(record.c[f"list_{condition.field}"], bits), true()), (known(record.c, condition.field), false()))


@_answer.register
def _(condition: NamedOnly, record: Record, histories: Histories) -> ColumnElement[bool]:
    named, codelist = record.c[f"list_{condition.field}"], LISTS[condition.field]
    other = codelist.all_bits - codelist.bits(condition.codes)
    return case((has(named, other), false()), (named != 0, true()), (known(record.c, condition.field), false()))


@_answer.register
def _(condition: says.NotLongstanding, record: Record, histories: Histories) -> ColumnElement[bool]:
    return band(record.c.present, SYMPTOM.bits((LONGSTANDING,))) == 0


@_answer.register
def _(condition: says.TemperatureAtLeast, record: Record, histories: Histories) -> ColumnElement[bool]:
    return record.c.temperature >= condition.celsius


@_answer.register
def _(condition: says.AgeAtLeast, record: Record, histories: Histories) -> ColumnElement[bool]:
    return record.c.as_of_year - record.c.born % YEARS >= condition.years


@_answer.register
def _(condition: single.YoungerAtOnset, record: Record, histories: Histories) -> ColumnElement[bool]:
    """Years of four times 365 days and one more, which is so from 1901 to 2099."""
    year = 1901 + func.floor((4 * (record.c.last_onset + SINCE_1901) + 3) / float(FOUR_YEARS))
    return year - record.c.born % YEARS < condition.years


@_answer.register
def _(condition: single.RelievedBy, record: Record, histories: Histories) -> ColumnElement[bool]:
    bits = RELIEF.bits(condition.relief)
    return case((has(record.c.list_relief_helped, bits), true()), (and_(has(record.c.list_relief_tried, bits), known(record.c, "relief_helped")), false()))


@_answer.register
def _(condition: single.SexIs, record: Record, histories: Histories) -> ColumnElement[bool]:
    return record.c.sexed % YEARS == single.SEXES.index(condition.sex)


@_answer.register
def _(condition: single.Chosen, record: Record, histories: Histories) -> ColumnElement[bool]:
    said = record.c[f"choice_{condition.choice}"]
    return case((has(said, single.choice(condition.choice).bits(condition.answers)), true()), (said != 0, false()))


@_answer.register
def _(condition: single.NotChosen, record: Record, histories: Histories) -> ColumnElement[bool]:
    return record.c[f"choice_{condition.choice}"] == 0


@_answer.register
def _(condition: single.WorstAtLeast, record: Record, histories: Histories) -> ColumnElement[bool]:
    return record.c.bad >= condition.at_least


@_answer.register
def _(condition: single.StartedWithin, record: Record, histories: Histories) -> ColumnElement[bool]:
    return record.c.since <= condition.days


@_answer.register
def _(condition: single.SuddenOnset, record: Record, histories: Histories) -> ColumnElement[bool]:
    return case((record.c.sudden <= condition.within, true()), (record.c.choice_onset_speed != 0, false()))


@_answer.register
def _(condition: over_time.BegunWithin, record: Record, histories: Histories) -> ColumnElement[bool]:
    """Days around an anchor know how old the episode was; a whole record has no such day."""
    return record.c.episode_age <= condition.days if "episode_age" in record.c else cast(null(), Boolean)


@_answer.register
def _(condition: over_time.LastEntryWithin, record: Record, histories: Histories) -> ColumnElement[bool]:
    return record.c.as_of - record.c.last_day <= condition.days


@_answer.register
def _(condition: AnyOf, record: Record, histories: Histories) -> ColumnElement[bool]:
    return or_(*[answer(part, record, histories) for part in condition.parts])


@_answer.register
def _(condition: AllOf, record: Record, histories: Histories) -> ColumnElement[bool]:
    return and_(*[answer(part, record, histories) for part in condition.parts])


@_answer.register
def _(condition: says.AtLeast, record: Record, histories: Histories) -> ColumnElement[bool]:
    answers = [answer(part, record, histories) for part in condition.parts]
    yes, no = (sum(case((found, 1), else_=0) for found in which) for which in (answers, [not_(found) for found in answers]))
    return case((yes >= condition.count, true()), (no > len(answers) - condition.count, false()))


@_answer.register
def _(condition: AnyAnswer, record: Record, histories: Histories) -> ColumnElement[bool]:
    answers = [answer(part, record, histories) for part in condition.parts]
    return func.coalesce(or_(*answers), *answers, type_=Boolean)


@_answer.register
def _(condition: Not, record: Record, histories: Histories) -> ColumnElement[bool]:
    return not_(answer(condition.part, record, histories))


@_answer.register
def _(condition: OrUnknown, record: Record, histories: Histories) -> ColumnElement[bool]:
    return func.coalesce(answer(condition.part, record, histories), true(), type_=Boolean)


@_answer.register(over_time.NoRelief)
@_answer.register(over_time.RuleNotMet)
def _(condition: over_time.NoRelief | over_time.RuleNotMet, record: Record, histories: Histories) -> ColumnElement[bool]:
    return func.coalesce(histories[condition].met, true(), type_=Boolean)


@_answer.register(over_time.AnyRuleMet)
@_answer.register(over_time.Silent)
def _(condition: over_time.AnyRuleMet | over_time.Silent, record: Record, histories: Histories) -> ColumnElement[bool]:
    return func.coalesce(histories[condition].met, false(), type_=Boolean)


@_answer.register
def _(condition: WithinDays, record: Record, histories: Histories) -> ColumnElement[bool]:
    """Where the anchor was reported, the days around it decide; elsewhere the whole record says no, or that we cannot know."""
    anchor = answer(condition.anchor, record, histories)
    return case((anchor, histories[condition].met), else_=answer(AllOf((condition.anchor, *condition.parts)), record, histories))


@_answer.register
def _(condition: SameEntry, record: Record, histories: Histories) -> ColumnElement[bool]:
    """Where no entry says all of it, the whole record says no, or that we cannot know."""
    denied = not_(and_(*[answer(_loosened(part), record, histories) for part in condition.parts]))
    return case((histories[condition].met, true()), (denied, false()))


@_answer.register
def _(condition: SameEntryOfPatientWith, record: Record, histories: Histories) -> ColumnElement[bool]:
    parts = AllOf((PatientHas(condition.history), *map(_loosened, condition.parts)))
    return case((histories[condition].met, true()), (not_(answer(parts, record, histories)), false()))


@dataclass(frozen=True)
class _Granted(Condition):
    pass


@_answer.register
def _(condition: _Granted, record: Record, histories: Histories) -> ColumnElement[bool]:
    return true()


def _loosened(part: Condition) -> Condition:
    """What is asked of one entry, as far as it can be asked of many: other places named some other day deny nothing."""
    if isinstance(part, NamedOnly):
        return Named(part.field, part.codes)
    if isinstance(part, (says.NotLongstanding, single.NotChosen, Not, OrUnknown)):
        return _Granted()
    return type(part)(tuple(map(_loosened, part.parts))) if isinstance(part, (AnyOf, AllOf, AnyAnswer)) else part
