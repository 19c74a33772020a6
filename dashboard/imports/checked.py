"""Whether a mapping makes sense, column by column: said with the key, and with what would be right."""
import difflib
from collections.abc import Iterable
from dataclasses import fields as parts

from dashboard.codelists import CHOICES, HISTORY, LISTS, SYMPTOM, Codelist
from dashboard.errors import Refused
from dashboard.imports import fields
from dashboard.imports.cells import Bad
from dashboard.imports.columns import Column, Family, HowRead, LeaveOut, Readings, Where
from dashboard.imports.document import key_of

GROUPS: dict[str, Codelist] = {"red_flags": SYMPTOM, "history": HISTORY}  # several yes/no columns of ours that come from one place
UNITS = {"bout_minutes": {"minutes": 1.0, "hours": 60.0, "days": 1440.0}, "temperature_c": {"celsius": 1.0, "fahrenheit": 1.0}, "birth_year": {"years": 1.0},
         "onset_date": {"days": 1.0, "weeks": 7.0, "months": 30.4375, "years": 365.25}}
IDS = ("source", "patient_id", "entry_id")
MOMENTS = ("recorded_at", "entered_at")
YES_NO = (*SYMPTOM.bit, *HISTORY.bit)


def _each(names: Iterable[str], *keys: str) -> dict[str, set[str]]:
    return {name: {*keys} for name in names}


_EVERY = {"from", "category", "optional", "missing", "values"}
_HOT = {"pattern", "each", "checked", "not_checked", "no_only_where"}
_NUMBER = {"decimal", "thousands", "unit", "unit_from", "units"}
_ALLOWED = {
    **_each(IDS, "joined_with"), "note": {"joined_with"}, **_each(MOMENTS, "date_order", "counted_from", "joined_with"),
    "onset_date": {"date_order", "counted_from", *_NUMBER}, **_each(fields.SCORES, "decimal", "thousands", "scale", "out_of"),
    "temperature_c": _NUMBER, "bout_minutes": _NUMBER, "birth_year": _NUMBER, **_each(CHOICES),
    **_each(LISTS, *_HOT, "split", "options", "otherwise", "blank"), **_each(YES_NO, "blank", "no_only_where"),
    **_each(GROUPS, *_HOT, "split", "options", "blank", "denied_category")}
NAMES = (*fields.COLUMNS, *GROUPS)


def codes_of(name: str) -> dict[str, str] | None:
    """What the values of a source may become, with labels; None where they are free."""
    if name in LISTS:
        return {**LISTS[name].label, "none": "None"}
    if name in GROUPS:
        return GROUPS[name].label
    if name in YES_NO:
        return {"yes": "Yes", "no": "No"}
    return CHOICES.get(name) if name in fields.COLUMNS else None


def _signs(at: str, numbers: Column | HowRead) -> None:
    if numbers.decimal and numbers.decimal == numbers.thousands:
        raise Refused(f"Mapping, {at}.thousands: expected another sign than decimal has.")


def check(columns: dict[str, Column], readings: Readings | None, leave_out: tuple[LeaveOut, ...], families: tuple[Family, ...],
          constants: dict[str, str], reading: HowRead) -> None:
    _signs("reading", reading)
    for name, value in constants.items():
        _constant(name, value)
        if name in columns:
            raise Refused(f"Mapping, constants.{name}: there is columns.{name} too. Expected one of the two.")
    for name, column in columns.items():
        _column(f"columns.{name}", name, column, long=False)
    for name, column in (readings.columns if readings else {}).items():
        _column(f"readings.columns.{name}", name, column, long=True)
        if name in columns:
            raise Refused(f"Mapping, readings.columns.{name}: there is columns.{name} too. Expected one of the two.")
    if readings and not (readings.group and readings.value):
        raise Refused("Mapping, readings: expected group (the columns that make rows one entry) and value (the column of the ratings).")
    for left in leave_out:
        _where("leave_out", left)
    for family in families:
        if family.pattern.count("*") != 2:
            raise Refused(f"Mapping, families.pattern: expected two stars, one for the question and one for the answer, as in *___*; found {family.pattern!r}.")


def _known(at: str, name: str) -> None:
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=1)
        raise Refused(f"Mapping, {at}: {name} is no column of ours. " + (f"Did you mean {near[0]}?" if near else "They are listed in data/README.md."))


def _constant(name: str, value: str) -> None:
    _known(f"constants.{name}", name)
    try:
        fields.parsers(9999).get(name, str)(value)
    except Bad as bad:
        raise Refused(f"Mapping, constants.{name}: expected {bad.expected}; found {value!r}.") from None


def _where(at: str, where: Where | LeaveOut) -> None:
    if (where.values is None) == (where.others is None):
        raise Refused(f'Mapping, {at}: expected either is or is_not, as in is = ["2", "Complete"].')


def _column(at: str, name: str, column: Column, *, long: bool) -> None:
    _known(at, name)
    given = {key_of(own) for own in parts(Column) if getattr(column, own.name) not in (None, False, (), {})}
    places = [key for key in ("from", "pattern", "each", "category", "denied_category") if key in given]
    if (long and not set(places) <= {"category", "denied_category"}) or (long and not places):
        raise Refused(f"Mapping, {at}: expected category, as in category = \"Pain level\", and none of from, pattern and each.")
    if not long and (len(places) != 1 or places[0] == "denied_category" or "category" in places):
        raise Refused(f"Mapping, {at}: expected one of from, pattern and each; found {' and '.join(places) or 'none of them'}.")
    strange = sorted(given - _EVERY - _ALLOWED[name])
    if strange:
        raise Refused(f"Mapping, {at}.{strange[0]}: says nothing about {name}. Allowed here: {', '.join(sorted(_EVERY - {'category'} | _ALLOWED[name]))}.")
    if column.pattern and column.pattern.count("*") != 1:
        raise Refused(f"Mapping, {at}.pattern: expected one star, which stands for the value, as in pain_location___*; found {column.pattern!r}.")
    if column.options and not column.split:
        raise Refused(f'Mapping, {at}.options: expected split too, which says what stands between them, as in split = ",".')
    _signs(at, column)
    if column.no_only_where:
        _where(f"{at}.no_only_where", column.no_only_where)
    for key, said in (("blank", column.blank), ("not_checked", column.not_checked)):
        right = "none" if name in LISTS else "no"
        if said and said != right:
            raise Refused(f"Mapping, {at}.{key}: expected {right}; found {said!r}.")
    codes = codes_of(name)
    for key, said in (("values", column.values), ("each", column.each)):
        wrong = [code for code in said.values() if codes is not None and code and code not in codes]
        if wrong:
            near = difflib.get_close_matches(wrong[0], codes, n=1)
            raise Refused(f"Mapping, {at}.{key}: {wrong[0]!r} is no code of {name}. " + (f"Did you mean {near[0]}?" if near else f"Known: {', '.join(codes)}."))
    units = UNITS.get(name, {})
    wrong = [unit for unit in (column.unit, *column.units.values()) if unit and unit not in units]
    if wrong:
        raise Refused(f"Mapping, {at}.unit: expected one of {', '.join(units)}; found {wrong[0]!r}.")
    if column.unit_from and not column.units:
        raise Refused(f'Mapping, {at}.unit_from: expected units too, which says what its values mean, as in units = {{"Wks" = "weeks"}}.')
