"""What an entry says, spelled out for the rules, and records: what any number of entries add up to, which is the union of what they report
and of what they deny. Conditions are asked of the columns of a record."""
from collections.abc import Iterable, Mapping

from sqlalchemy import BigInteger, ColumnElement, FromClause, Select, and_, case, cast, func, or_, select, true, type_coerce

from dashboard.codelists import ANSWERED, LISTS, LOCATION
from dashboard.database import band, bit_or, has
from dashboard.rules import conditions as says
from dashboard.rules import single
from dashboard.rules.conditions import Condition, Named, PatientHas
from dashboard.rules.over_time import NotResponded, SameEntryOfPatientWith

YEARS = 10_000  # a day times this plus a year of birth: the largest holds the year that was given last
_PLACED = LOCATION.all_bits - LOCATION.bits(LOCATION.group("unplaced"))
_CHOICES = tuple(f"choice_{field}" for field in single.CHOSEN_FROM)
ALWAYS = ("severity", "interference", "worst", "trend", "pain", "onset", "helped")
SETS = ("present", "denied", "present_new", "denied_new", "present_old", "history_present", "history_denied")
_READ = {PatientHas: ("history_present", "history_denied"), SameEntryOfPatientWith: ("history_present", "history_denied"),
         says.TemperatureAtLeast: ("temperature",), says.AgeAtLeast: ("born",), single.SexIs: ("sexed",), single.WorstAtLeast: ("bad",),
         single.StartedWithin: ("since",), single.SuddenOnset: ("sudden", "choice_onset_speed"), single.YoungerAtOnset: ("born",),
         single.RelievedBy: ("list_relief_helped", "known_relief_helped", "list_relief_tried"),
         NotResponded: ("list_relief_tried", "known_relief_tried")}


def columns_read(parts: Iterable[Condition]) -> tuple[str, ...]:
    """The columns of a record that conditions look at."""
    parts = tuple(parts)
    fields = {part.field for part in parts if isinstance(part, Named)}
    read = {f"{prefix}_{field}" for field in fields for prefix in ("list", "known")} | {"present", "denied", "present_new", "denied_new"}
    read |= {"list_locations"} if "radiates_to" in fields else set()
    for kind, names in _READ.items():
        read |= set(names) if any(isinstance(part, kind) for part in parts) else set()
    chosen = {f"choice_{part.choice}" for part in parts if isinstance(part, (single.Chosen, single.NotChosen))}
    if any(isinstance(part, says.Reported) and part.only == "old" for part in parts):
        read.add("present_old")
    every = (*SETS, "temperature", "born", "sexed", "bad", "since", "sudden", *_CHOICES,
             *[f"{prefix}_{field}" for field in LISTS for prefix in ("list", "known")])
    return tuple(name for name in every if name in read | chosen)


def of_one(columns: tuple[str, ...]) -> tuple[str, ...]:
    """The columns of single entries that these columns of a record are added up from: one says which list fields an entry answers."""
    lists = tuple(name for name in columns if not name.startswith("known_"))
    return lists if lists == columns else (*lists, "answered")


def said(entries: FromClause, columns: tuple[str, ...], keep: tuple[str, ...] = ()) -> Select:
    """Entries as records of one: what these columns need, how bad it was and since when, and other columns to keep as they are."""
    e, every = entries.c, spelled(entries)
    return select(e.entry, e.patient, e.day, *[every[name].label(name) for name in (*ALWAYS, *of_one(columns))], *[e[name] for name in keep])


def known(record: Mapping[str, ColumnElement], field: str) -> ColumnElement[bool]:
    """Whether a record answers a list field."""
    if f"known_{field}" in record:
        return record[f"known_{field}"]
    found = [has(record["answered"], ANSWERED.bits((field, "locations") if field == "radiates_to" else (field,)))]
    if field == "locations":
        return or_(*found, has(record["list_locations"], _PLACED))
    if field == "radiates_to":  # who says where it hurts, and nothing of where it spreads to, has named no such place
        found.append(record["list_locations"] != 0)
    return or_(*found, record[f"list_{field}"] != 0)


def spelled(entries: FromClause) -> dict[str, ColumnElement]:
    """What `said` can say of entries, as they are in the diary."""
    e = entries.c
    new = type_coerce(e.present_new, BigInteger)  # whatever type it was derived with
    # severity or worst above 0; or both blank and something named
    pain = case((e.severity > 0, true()), (e.worst_severity > 0, true()),
                else_=and_(e.severity.is_(None), e.worst_severity.is_(None), e.locations + e.qualities != 0))
    onset = case((e.onset_day <= e.day, e.onset_day))
    worst, dated = func.coalesce(e.worst_severity, e.severity), cast(e.day, BigInteger) * YEARS
    return {
        "severity": e.severity, "interference": e.interference, "worst": worst, "trend": e.trend, "pain": pain, "onset": onset, "helped": e.relief_helped,
        "present": e.symptoms_present, "denied": e.symptoms_denied, "present_new": new, "denied_new": type_coerce(e.denied_new, BigInteger),
        "present_old": e.symptoms_present - new, "history_present": e.history_present, "history_denied": e.history_denied,
        "temperature": e.temperature_c, "bad": worst, "since": e.day - onset,
        "sudden": case((e.onset_speed == "sudden", func.coalesce(e.day - onset, 0))),
        "born": dated + e.birth_year, "sexed": dated + case({code: n for n, code in enumerate(single.SEXES)}, value=e.sex),
        **{f"choice_{name}": case({code: 1 << bit for code, bit in single.choice(name).bit.items()}, value=e[name], else_=0) for name in single.CHOSEN_FROM},
        # who names only a place that is none of ours has not said where
        "answered": case((e.locations == 0, e.answered), else_=band(e.answered, ANSWERED.all_bits - ANSWERED.bits(("locations",)))),
        **{f"list_{name}": e[name] for name in LISTS}}


def recorded(entries: FromClause, columns: tuple[str, ...]) -> list[ColumnElement]:
    """Any number of entries added up to one record; to be grouped by."""
    def added(name: str) -> ColumnElement:
        column = entries.c[name]
        if name in SETS or name.startswith(("list_", "choice_", "answered")):
            return bit_or(column)
        return func.min(column) if name in ("since", "sudden") else func.max(column)

    sums = {name: added(name) for name in of_one(columns)}
    return [(known(sums, name.removeprefix("known_")) if name.startswith("known_") else sums[name]).label(name) for name in columns]
