"""What an entry says, spelled out for the rules, and records: what any number of entries add up to, which is the union of what they report
and of what they deny. Conditions are asked of the columns of a record."""
from collections.abc import Iterable, Mapping

from sqlalchemy import BigInteger, Boolean, ColumnElement, Float, FromClause, Select, and_, case, cast, func, or_, select, type_coerce

from dashboard.codelists import ANSWERED, LISTS, LOCATION
from dashboard.database import bit_or, has
from dashboard.rules import conditions as says
from dashboard.rules import single
from dashboard.rules.conditions import Condition, Named, PatientHas
from dashboard.rules.over_time import SameEntryOfPatientWith

YEARS = 10_000  # a day times this plus a year of birth: the largest holds the year that was given last
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
