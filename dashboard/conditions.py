"""What an entry has to say to be asked for, field by field: the conditions that questions are made of, on the columns of the door."""
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import BigInteger, ColumnElement, Subquery, Table, and_, case, false, literal, not_, or_

from dashboard.codelists import ANSWERED, HISTORY, LOCATION, QUALITY, RELIEF, SYMPTOM, Codelist
from dashboard.database import band, has
from dashboard.people import DURATIONS, duration_class, hour_of_day

NONE, NOT_RECORDED, NIGHT = "none", "not_recorded", "night"
RANGES = {"age": (0, 150), "severity": (0, 10), "worst": (0, 10), "temperature": (30, 45)}  # least and most that can be asked for
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


def range_names(field: str) -> tuple[str, str, str]:
    return f"{field}_from", f"{field}_to", f"{field}_not_recorded"


def asks(asked: Asked, field: str) -> bool:
    if field not in RANGES:
        return bool(asked[field])
    low, high, blank = (asked[name] for name in range_names(field))
    return blank or low is not None or high is not None  # 0 is a bound


def of_entries(live: Subquery | Table, asked: Asked) -> dict[str, Condition]:
    """Of each field of a question that entries themselves answer."""
    e = live.c
    made: dict[str, Callable[[tuple[str, ...], bool], Condition]] = {
        "locations": lambda codes, every: listed(live, "locations", LOCATION, codes, every),
        "qualities": lambda codes, every: listed(live, "qualities", QUALITY, codes, every),
        "durations": lambda codes, _: among(duration_class(live), [place for place, name in enumerate(DURATIONS) if name in codes], e.onset_day.is_not(None),
                                            NOT_RECORDED in codes),
        "symptoms": lambda codes, every: symptoms(live, codes, every), "hours": lambda codes, _: hours(live, codes),
        "tried": lambda codes, every: tried(live, codes, every), "helped": lambda codes, every: helped(live, codes, every),
        "blank": lambda codes, every: blank(live, codes, every)}
    found = {field: make(asked[field], field in asked["every"]) for field, make in made.items() if asked[field]}
    return found | {field: ranged(column, *(asked[name] for name in range_names(field))) for field, column in (
        ("severity", e.severity), ("worst", e.worst_severity), ("temperature", e.temperature_c)) if asks(asked, field)}


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


def symptoms(live: Subquery | Table, codes: tuple[str, ...], every: bool) -> Condition:
    """Kleene logic: any of them is known not to be so where all are denied, every one of them where one is denied. `not_recorded` is
    that none was asked about."""
    e, mask = live.c, SYMPTOM.bits(plain(codes))
    asked = or_(e.symptoms_present != 0, e.symptoms_denied != 0)
    if not mask:
        return of(None, asked, NOT_RECORDED in codes)
    present = band(e.symptoms_present, mask) == mask if every else has(e.symptoms_present, mask)
    denied = has(e.symptoms_denied, mask) if every else band(e.symptoms_denied, mask) == mask
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
