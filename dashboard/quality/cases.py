"""Each data-quality alert as one statement that finds its cases: entries, or rows that were stopped at import and wait to be corrected."""
import json
from collections.abc import Callable, Collection

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    Subquery,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from dashboard import cohort
from dashboard.codelists import SYMPTOM
from dashboard.database import band, bit_or
from dashboard.imports import fields, mapping, quarantine
from dashboard.imports.cellwise import label
from dashboard.imports.checked import GROUPS
from dashboard.imports.tabular import normalised
from dashboard.schema import import_batch, patient, quarantined_row, source
from dashboard.status import STALE

EVER = 1_000_000  # a day after every entry
RED_FLAGS = (*fields.RED_FLAGS, next(name for name, codelist in GROUPS.items() if codelist is SYMPTOM))
SEVERITIES = ("severity", "worst_severity", "least_severity")
NUMBERS = ("not_a_number", "out_of_range", "unknown_unit")
WORDS = ("not_yes_or_no", "unknown_code")
_Q, _B = quarantined_row.c, import_batch.c
_KINDS = {"source": String, "patient_id": String, "patient": Integer, "day": Integer, "recorded_at": String, "what": String, "entries": BigInteger,
          "stopped": Integer, "batch": Integer, "row": Integer, "newest": Integer, "detail": String, "said": BigInteger}


def live_batches() -> Select:
    return select(_B.batch).where(_B.undone_event.is_(None))


def as_case(**given: ColumnElement) -> list[ColumnElement]:
    """The columns of a case, in one order and of one type, so that cases of several kinds can stand in one statement."""
    return [cast(given.get(name, null()), kind).label(name) for name, kind in _KINDS.items()]


def _entry_case(e: Subquery, what: str) -> Select:
    """To be narrowed down: each entry a case."""
    return select(*as_case(source=source.c.name, patient_id=patient.c.patient_id, patient=e.c.patient, day=e.c.day, what=literal(what), entries=literal(1),
                         batch=e.c.batch, row=e.c.row_number, newest=e.c.day)).select_from(
        e.join(patient, patient.c.patient == e.c.patient).join(source, source.c.source == patient.c.source))


def _stopped(what: ColumnElement[bool]) -> Select:
    return select(*as_case(source=_Q.source, patient_id=func.nullif(_Q.patient_id, ""), recorded_at=_Q.recorded_at, what=literal(""), stopped=literal(1),
                         batch=_Q.batch, row=_Q.row_number, newest=_B.imported_day, detail=_Q.problems)).select_from(
        quarantined_row.join(import_batch, _B.batch == _Q.batch)).where(quarantine.waits(), what)


def _tells(code: str, value: str = "") -> ColumnElement[bool]:
    """A problem of this kind in any column. What a cell holds cannot look like it: quotes in it are escaped."""
    return _Q.problems.like(f'%"code": "{code}", "value": "{value}%')


def _tells_of(columns: dict[int, list[str]], codes: Collection[str], value: str = "") -> ColumnElement[bool]:
    """A problem of these kinds in these columns of the sheet, which are called otherwise in every batch."""
    batches: dict[tuple[str, ...], list[int]] = {}
    for batch, headers in columns.items():
        batches.setdefault(tuple(sorted(headers)), []).append(batch)
    told = func.lower(_Q.problems)
    return or_(false(), *[and_(_Q.batch.in_(of), or_(*[
        told.like(f'%"column": {_like(header)}, "code": "{code}", "value": "{value}%', escape="/") for header in headers for code in codes]))
        for headers, of in batches.items() if headers])


def _like(header: str) -> str:
    # an underscore stands for any sign, so that a space or hyphen in the sheet fits too
    return json.dumps(normalised(header), ensure_ascii=False).replace("/", "//").replace("%", "/%").replace("*", "%")


def headers_of(connection: Connection, names: Collection[str]) -> dict[int, list[str]]:
    """What the sheets of live batches with stopped rows call these columns of ours. In a long file one column holds the values of all."""
    found = connection.execute(select(_B.batch, _B.mapping).where(_B.undone_event.is_(None), _B.quarantined > 0).order_by(_B.batch)).all()
    read = {document: mapping.read(document) for document in {document for _, document in found if document}}
    return {int(batch): _called(read[document], names) if document else [name for name in names if name in fields.COLUMNS] for batch, document in found}


def _called(how: mapping.Mapping, names: Collection[str]) -> list[str]:
    called = []
    for column in (how.columns[name] for name in names if name in how.columns):
        called += [label(column.headers)] if column.headers else []
        called += [*column.headers, *column.each, *filter(None, (column.pattern,))]
    if how.readings and any(name in how.readings.columns for name in names):
        called.append(label(how.readings.value))
    return list(dict.fromkeys(called))


# --- the alerts -----------------------------------------------------------------------------------------------------------------------

def _absent(connection: Connection, as_of: int) -> Select:
    e = cohort.entries(connection, as_of).subquery()
    per = select(e.c.patient, e.c.batch, func.count().label("n"), func.max(e.c.day).label("day"), bit_or(e.c.symptoms_present).label("present"),
                 bit_or(e.c.symptoms_denied).label("denied"), func.max(e.c.temperature_c).label("heat")).group_by(e.c.patient, e.c.batch).cte("per_patient")
    of = select(patient.c.source, per.c.batch, bit_or(per.c.present).label("present"), bit_or(per.c.denied).label("denied"),
                func.max(per.c.heat).label("heat")).join(patient, patient.c.patient == per.c.patient).group_by(patient.c.source, per.c.batch).subquery()
    either = of.c.present + of.c.denied - band(of.c.present, of.c.denied)
    fever = SYMPTOM.bits(["fever"])
    said = either + case((and_(of.c.heat.is_not(None), band(either, fever) == 0), literal(fever, BigInteger)), else_=literal(0, BigInteger))
    return select(*as_case(source=source.c.name, patient_id=patient.c.patient_id, patient=per.c.patient, day=per.c.day, what=literal(""), entries=per.c.n,
                         batch=per.c.batch, newest=_B.imported_day, said=said)).select_from(
        per.join(patient, patient.c.patient == per.c.patient).join(source, source.c.source == patient.c.source).join(
            of, and_(of.c.source == patient.c.source, of.c.batch == per.c.batch)).join(import_batch, _B.batch == per.c.batch)).where(
        band(said, fields.RED) != fields.RED)


def _unmapped(connection: Connection, as_of: int) -> Select:
    return _stopped(_tells_of(headers_of(connection, RED_FLAGS), WORDS))


def _off_scale(connection: Connection, as_of: int) -> Select:
    return _stopped(_tells_of(headers_of(connection, SEVERITIES), NUMBERS))


def _behind(connection: Connection, as_of: int) -> Select:
    e = cohort.entries(connection, as_of).subquery()
    per = select(e.c.patient, func.count().label("n"), func.max(e.c.day).label("day")).group_by(e.c.patient).cte("per_patient")
    of = select(patient.c.source, func.max(per.c.day).label("through")).join(patient, patient.c.patient == per.c.patient).group_by(
        patient.c.source).having(func.max(per.c.day) < int(as_of) - STALE).subquery()
    return select(*as_case(source=source.c.name, patient_id=patient.c.patient_id, patient=per.c.patient, day=per.c.day, what=literal(""), entries=per.c.n,
                         newest=of.c.through)).select_from(
        per.join(patient, patient.c.patient == per.c.patient).join(source, source.c.source == patient.c.source).join(of, of.c.source == patient.c.source))


def _repeated(connection: Connection, as_of: int) -> Select:
    every = cohort.entries(connection, EVER)
    first, e, later = every.subquery(), every.subquery(), every.subquery()
    moment = ("patient", "day", "time_of_day", "utc_offset")
    twice = select(*[first.c[name] for name in moment]).group_by(*[first.c[name] for name in moment]).having(func.count() > 1).subquery()
    same = and_(e.c.patient == twice.c.patient, e.c.day == twice.c.day, e.c.time_of_day.is_not_distinct_from(twice.c.time_of_day),
                e.c.utc_offset.is_not_distinct_from(twice.c.utc_offset))
    repeats = _entry_case(e, "same patient and time as another entry").join(twice, same).where(e.c.day <= int(as_of))
    ahead = _entry_case(later, "dated after the as-of date").where(later.c.day > int(as_of))
    return union_all(repeats, ahead, _stopped(_tells("future_date"))).subquery().select()


def _backwards(connection: Connection, as_of: int) -> Select:
    e = cohort.entries(connection, as_of).subquery()
    negative = _tells_of(headers_of(connection, ("bout_minutes",)), NUMBERS, "-")
    return union_all(_entry_case(e, "onset after the entry, or a negative duration").where(or_(e.c.onset_day > e.c.day, e.c.bout_minutes < 0)),
                     _stopped(or_(_tells("onset_after_entry"), negative))).subquery().select()


def _key(patient_id: ColumnElement[str]) -> ColumnElement[str]:
    """What is left of an id when a spreadsheet or another app has been at it."""
    return func.regexp_replace(func.lower(func.trim(patient_id)), "^0+", "", type_=String)


def colliding(connection: Connection, as_of: int) -> Select:
    e = cohort.entries(connection, as_of).subquery()
    per = select(e.c.patient, func.count().label("n"), func.max(e.c.day).label("day")).group_by(e.c.patient).cte("per_patient")
    known = select(per.c.patient, per.c.n, per.c.day, patient.c.patient_id, source.c.name, _key(patient.c.patient_id).label("key")).join(
        patient, patient.c.patient == per.c.patient).join(source, source.c.source == patient.c.source).cte("known")
    several = select(known.c.key).group_by(known.c.key).having(func.count() > 1)
    return select(*as_case(source=known.c.name, patient_id=known.c.patient_id, patient=known.c.patient, day=known.c.day, what=literal(""), entries=known.c.n,
                         newest=known.c.day, detail=known.c.key)).where(known.c.key.in_(several))


CASES: dict[str, Callable[[Connection, int], Select]] = {
    "Q01": _absent, "Q02": _unmapped, "Q03": _off_scale, "Q04": _behind, "Q05": _repeated, "Q06": _backwards, "Q07": colliding}
