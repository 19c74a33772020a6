"""What an entry has to say to be asked for, field by field: the conditions that questions are made of, on the columns of the door."""
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from sqlalchemy import BigInteger, ColumnElement, Subquery, Table, and_, case, false, literal, not_, or_, select

from dashboard.codelists import ANSWERED, HISTORY, LISTS, RELIEF, SYMPTOM, Codelist
from dashboard.database import band, has
from dashboard.days import date_of
from dashboard.people import DURATIONS, HIGH_PAIN, duration_class, high_pain, hour_of_day, people
from dashboard.schema import patient, patient_outcome, source

NONE, NOT_RECORDED, NIGHT, PERIOD = "none", "not_recorded", "night", "period"
# least and most that can be asked for
RANGES = {"age": (0, 150), "severity": (0, 10), "worst": (0, 10), "least": (0, 10), "interference": (0, 10), "temperature": (30, 45), "bout": (0, 525_600)}
# columns of the door: the ranges of a question, what it asks of several values, and of one of a few
MEASURED = {"severity": "severity", "worst": "worst_severity", "least": "least_severity", "interference": "interference",
            "temperature": "temperature_c", "bout": "bout_minutes"}
_LISTED = ("locations", "qualities", "radiates_to", "aggravated_by")
CHOSEN = ("severity_kind", "onset_speed", "pattern", "trend")
HOURS = tuple(f"{hour:02}" for hour in range(24))
NIGHT_HOURS = ("22", "23", "00", "01", "02", "03", "04", "05")  # clinical reference 6
NOTHING_HELPED = RELIEF.group("nothing")
TREATMENTS = tuple(code for code in RELIEF.bit if code not in NOTHING_HELPED)
# every single thing that an entry can answer or leave blank: the lists, what else is said of the pain, and each yes-or-no question.
# Scalars are columns of the door; their bits follow those of the lists.
_SCALARS = {"severity": "Severity", "worst_severity": "Worst severity", "least_severity": "Least severity", "severity_kind": "What severity means",
            "interference": "Interference", "temperature_c": "Temperature", "onset_day": "Onset date", "onset_speed": "Onset speed", "pattern": "Pattern",
            "bout_minutes": "Minutes a bout", "trend": "Better or worse", "time_of_day": "Time of day", "birth_year": "Birth year", "sex": "Sex",
            "note": "Note"}
ANSWERS = Codelist("answers", (*ANSWERED.rows, *((name, len(ANSWERED.rows) + at, label, ()) for at, (name, label) in enumerate(_SCALARS.items()))))
# the same as one vocabulary of names; nothing is ever stored by its bits
FIELD = Codelist("field", tuple((code, at, label, (of.name,)) for at, (of, code, label) in enumerate(
    (of, code, label) for of in (ANSWERS, SYMPTOM, HISTORY) for code, label in of.label.items())))


Asked = Mapping[str, Any]  # the fields of a question by name


@dataclass(frozen=True)
class Condition:
    """`met`, and `known`: where the answer is one at all. What is unknown meets neither a question nor its contrary."""
    met: ColumnElement[bool]
    known: ColumnElement[bool]

    def wanted(self, negated: bool) -> ColumnElement[bool]:
        return and_(self.known, not_(self.met)) if negated else self.met


def of(plain: ColumnElement[bool] | None, known: ColumnElement[bool], not_recorded: bool, every: bool = False) -> Condition:
    """`plain` is what the values asked for come to; None where none is asked for."""
    parts = [*([] if plain is None else [plain]), *([not_(known)] if not_recorded else [])]
    return Condition((and_ if every else or_)(*parts), known)


def plain(codes: Collection[str]) -> tuple[str, ...]:
    return tuple(code for code in codes if code not in (NONE, NOT_RECORDED))


def between(column: ColumnElement, low: float | None, high: float | None) -> ColumnElement[bool] | None:
    bounds = [*(() if low is None else (column >= low,)), *(() if high is None else (column <= high,))]
    return and_(*bounds) if bounds else None


def ranged(column: ColumnElement, low: float | None, high: float | None, not_recorded: bool) -> Condition:
    return of(between(column, low, high), column.is_not(None), not_recorded)


def among(column: ColumnElement, values: Collection[object], known: ColumnElement[bool], not_recorded: bool) -> Condition:
    """Of a column with one value a row."""
    return of(column.in_(values) if values else None, known, not_recorded)


def _one_of(column: ColumnElement[str], codes: tuple[str, ...]) -> Condition:
    return among(column, plain(codes), column.is_not(None), NOT_RECORDED in codes)


def range_names(field: str) -> tuple[str, ...]:
    """From, to, and that of no answer; every entry has a day."""
    return ("since", "until") if field == PERIOD else (f"{field}_from", f"{field}_to", f"{field}_not_recorded")


def names(field: str) -> tuple[str, ...]:
    """What of a question asks in a field: the list of that name, or the parts of a range."""
    return range_names(field) if field in (PERIOD, *RANGES) else (field,)


def asks(asked: Asked, field: str) -> bool:
    return any(asked[name] not in ((), None) and asked[name] is not False for name in names(field))  # 0 is a bound


def in_time(live: Subquery | Table, asked: Asked) -> list[ColumnElement[bool]]:
    """The days asked for, or all others."""
    found = between(live.c.day, asked["since"], asked["until"])
    return [] if found is None else [not_(found) if PERIOD in asked["negated"] else found]


def of_patients(live: Subquery | Table, asked: Asked, as_of: int) -> list[ColumnElement[bool]]:
    """What is said of a patient, looked up in all live entries."""
    found, who, negated = [], live.c.patient, asked["negated"]
    if asked["sources"]:
        of_source = select(patient.c.patient).join(source, source.c.source == patient.c.source).where(source.c.name.in_(asked["sources"]))
        found.append(who.not_in(of_source) if "sources" in negated else who.in_(of_source))
    if asked["sexes"] or asks(asked, "age"):
        known, year = people(live.alias("lives")).subquery("people"), date_of(as_of).year
        low, high, blank = (asked[name] for name in range_names("age"))
        born = (None if high is None else year - high, None if low is None else year - low)
        said = [_one_of(known.c.sex, asked["sexes"]).wanted("sexes" in negated)] if asked["sexes"] else []
        said += [ranged(known.c.birth_year, *born, blank).wanted("age" in negated)] if asks(asked, "age") else []
        found.append(who.in_(select(known.c.patient).where(*said)))
    outcome = select(patient_outcome.c.patient)
    for name, column in (("buckets", patient_outcome.c.bucket), ("tiers", patient_outcome.c.tier)):
        if codes := asked[name]:
            there = who.in_(outcome.where(or_(column.in_(plain(codes)), *([column.is_(None)] if NONE in codes else []))))
            found.append(of(there, who.in_(outcome), NOT_RECORDED in codes).wanted(name in negated))
    if codes := asked["high_pain"]:
        days = live.alias("days")
        known = high_pain(days, *in_time(days, asked)).subquery("in_high_pain")
        classes = [place for place, name in enumerate(HIGH_PAIN) if name in codes]
        of_class = select(known.c.patient).where(known.c["class"].in_(classes))
        found.append(of(who.in_(of_class) if classes else None, who.in_(select(known.c.patient)), NOT_RECORDED in codes).wanted("high_pain" in negated))
    return found


def of_entries(live: Subquery | Table, asked: Asked) -> dict[str, Condition]:
    """Of each field of a question that entries themselves answer."""
    e = live.c
    made: dict[str, Callable[[tuple[str, ...], bool], Condition]] = {
        **{name: partial(listed, live, name, LISTS[name]) for name in _LISTED},
        **{name: lambda codes, _, name=name: _one_of(e[name], codes) for name in CHOSEN},
        "durations": lambda codes, _: among(duration_class(live), [place for place, name in enumerate(DURATIONS) if name in codes], e.onset_day.is_not(None),
                                            NOT_RECORDED in codes),
        "symptoms": partial(reported, live, "symptoms", SYMPTOM), "history": partial(reported, live, "history", HISTORY),
        "hours": lambda codes, _: hours(live, codes), "tried": partial(tried, live), "helped": partial(helped, live), "blank": partial(blank, live)}
    found = {field: make(asked[field], field in asked["every"]) for field, make in made.items() if asked[field]}
    return found | {field: ranged(e[column], *(asked[name] for name in range_names(field))) for field, column in MEASURED.items() if asks(asked, field)}


def listed(live: Subquery | Table, field: str, codelist: Codelist, codes: tuple[str, ...], every: bool) -> Condition:
    """Of a field with several values: any of the codes, or every one of them."""
    said, answered = live.c[field], has(live.c.answered, ANSWERED.bits((field,)))
    return _several(said, codelist, codes, answered, and_(answered, said == 0), every)


def tried(live: Subquery | Table, codes: tuple[str, ...], every: bool) -> Condition:
    """What helped was tried, whether it is named there or not. Neither asked: not recorded."""
    def one(code: str) -> ColumnElement[bool]:
        bit = RELIEF.bits((code,))
        return or_(has(live.c.relief_tried, bit), has(live.c.relief_helped, bit))
    asked, known = ANSWERED.bits(("relief_tried",)), has(live.c.answered, ANSWERED.bits(("relief_tried", "relief_helped")))
    parts = [*map(one, plain(codes)), *([and_(has(live.c.answered, asked), live.c.relief_tried == 0)] if NONE in codes else [])]
    return of((and_ if every else or_)(*parts) if parts else None, known, NOT_RECORDED in codes, every)


def helped(live: Subquery | Table, codes: tuple[str, ...], every: bool) -> Condition:
    """That nothing helped is an answer of none."""
    known, said = has(live.c.answered, ANSWERED.bits(("relief_helped",))), live.c.relief_helped
    return _several(said, RELIEF, codes, known, or_(and_(known, said == 0), has(said, RELIEF.bits(NOTHING_HELPED))), every)


def _several(said: ColumnElement[int], codelist: Codelist, codes: tuple[str, ...], known: ColumnElement[bool], none: ColumnElement[bool],
             every: bool) -> Condition:
    mask, parts = codelist.bits(plain(codes)), []
    if mask:
        parts.append(band(said, mask) == mask if every else has(said, mask))
    if NONE in codes:
        parts.append(none)
    return of((and_ if every else or_)(*parts) if parts else None, known, NOT_RECORDED in codes, every)


def reported(live: Subquery | Table, of_what: Literal["symptoms", "history"], vocabulary: Codelist, codes: tuple[str, ...], every: bool) -> Condition:
    """Kleene logic: any of them is known not to be so where all are denied, every one of them where one is denied. `not_recorded` is
    that none was asked about."""
    yes, no, mask = live.c[f"{of_what}_present"], live.c[f"{of_what}_denied"], vocabulary.bits(plain(codes))
    asked = or_(yes != 0, no != 0)
    if not mask:
        return of(None, asked, NOT_RECORDED in codes)
    present = band(yes, mask) == mask if every else has(yes, mask)
    denied = has(no, mask) if every else band(no, mask) == mask
    if NOT_RECORDED not in codes:
        return Condition(present, or_(present, denied))
    # where anything was asked about, not all of it is so
    return Condition(and_(present, not_(asked)) if every else or_(present, not_(asked)), and_(asked, not_(false()) if every else or_(present, denied)))


def hours(live: Subquery | Table, codes: tuple[str, ...]) -> Condition:
    """Local hours. A date alone has none: it is not midnight."""
    wanted = {int(hour) for code in plain(codes) for hour in (NIGHT_HOURS if code == NIGHT else (code,))}
    return among(hour_of_day(live), sorted(wanted), live.c.time_of_day.is_not(None), NOT_RECORDED in codes)


def blank(live: Subquery | Table, codes: tuple[str, ...], every: bool) -> Condition:
    """Fields that the entry leaves without an answer."""
    e, parts, join = live.c, [], and_ if every else or_
    for name, vocabulary in (("symptoms", SYMPTOM), ("history", HISTORY)):
        if mask := vocabulary.bits(code for code in codes if code in vocabulary.bit):
            parts.append(_without(asked_about(live, name), mask, every))
    if mask := ANSWERED.bits(code for code in codes if code in ANSWERED.bit):
        parts.append(_without(e.answered, mask, every))
    parts += [e[code].is_(None) for code in codes if code in _SCALARS]
    return Condition(join(*parts), not_(false()))


def _without(said: ColumnElement[int], mask: int, every: bool) -> ColumnElement[bool]:
    return band(said, mask) == 0 if every else band(said, mask) != mask


def answers(live: Subquery | Table) -> ColumnElement[int]:
    """Which of ANSWERS an entry gives, as a bit set."""
    return sum((case((live.c[name].is_not(None), literal(1 << ANSWERS.bit[name], BigInteger)), else_=0) for name in _SCALARS), start=live.c.answered)


def asked_about(live: Subquery | Table, of: Literal["symptoms", "history"]) -> ColumnElement[int]:
    """Present or denied."""
    present, denied = live.c[f"{of}_present"], live.c[f"{of}_denied"]
    return present + denied - band(present, denied)
