"""What the first screen of the cohort page counts per patient, once more, in SQL that DuckDB runs on our own table: as somebody would write it by
hand who knows the engine, the codes and the question. One pass over the matching entries for all charts of a context."""
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable

from duckdb import DuckDBPyConnection

from dashboard import crossfilter
from dashboard.codelists import ANSWERED, LOCATION, QUALITY, SYMPTOM, Codelist
from dashboard.cohort import BUCKETS, NONE, NOT_RECORDED, Cohort
from dashboard.people import DURATIONS
from tests.bench.by_pandas import Numbers

_SAID, _NONE = 1 << 60, 1 << 61
_ROUNDED = "floor({0} + 0.500001)::INTEGER"


def count(driver: DuckDBPyConnection, cohort: Cohort, charts: Collection[str], as_of: int) -> dict[str, Numbers]:
    of: dict[Cohort, list[str]] = defaultdict(list)
    for name in charts:
        of[crossfilter.context(cohort, name)].append(name)
    made: dict[str, Numbers] = {}
    for context, names in of.items():
        columns = dict.fromkeys(column for name in names for column in CHARTS[name][1])
        driver.execute(f"CREATE OR REPLACE TEMP TABLE hand AS SELECT {', '.join(['patient', *columns])} FROM diary_entry "
                       f"WHERE {_matching(context, as_of)} GROUP BY patient")
        if "together" in names:  # equal rows of a patient once, which most of them are
            driver.execute(f"CREATE OR REPLACE TEMP TABLE hand_sets AS SELECT patient, locations, qualities FROM diary_entry "
                           f"WHERE {_matching(context, as_of)} AND locations <> 0 GROUP BY ALL")
            driver.execute(f"CREATE OR REPLACE TEMP TABLE hand_places AS SELECT {', '.join(_PLACES)} FROM hand_sets GROUP BY patient")
        made |= {name: CHARTS[name][0](driver) for name in names}
    return made


def _matching(cohort: Cohort, as_of: int) -> str:
    """The kinds of filters that are measured."""
    found = ["NOT superseded", "batch NOT IN (SELECT batch FROM import_batch WHERE undone_event IS NOT NULL)", f"day <= {as_of}"]
    if cohort.since is not None:
        found.append(f"day >= {cohort.since}")
    for field, codelist in (("locations", LOCATION), ("qualities", QUALITY)):
        if codes := getattr(cohort, field):
            found.append(f"{field} & {codelist.bits(codes)} <> 0")
    return " AND ".join(found)


def _marked(field: str) -> str:
    answered = ANSWERED.bits((field,))
    return f"bit_or(CASE WHEN answered & {answered} = 0 THEN {field} WHEN {field} = 0 THEN {_SAID + _NONE} ELSE {field} + {_SAID} END) AS {field}"


def _counts(driver: DuckDBPyConnection, wanted: Iterable[tuple[str, str]]) -> Numbers:
    """Rows of which something is true, each under a name."""
    wanted = list(wanted)
    found = driver.execute(f"SELECT {', '.join(f'count(*) FILTER ({which})' for _, which in wanted)} FROM hand").fetchone()
    return {name: n for (name, _), n in zip(wanted, found, strict=True)}


def _base(driver: DuckDBPyConnection) -> Numbers:
    n, entries, (low, median, high) = driver.execute(
        "SELECT count(*), sum(entries), quantile_cont(entries, [0.25, 0.5, 0.75]) FROM hand").fetchone()
    return {"patients": n, "entries": int(entries), "q1": low, "median": median, "q3": high}


def _buckets(driver: DuckDBPyConnection) -> Numbers:
    found = dict(driver.execute(f"SELECT coalesce(o.bucket, '{NOT_RECORDED}'), count(*) FROM hand LEFT JOIN patient_outcome o USING (patient) "
                                "GROUP BY 1").fetchall())
    return {code: found.get(code, 0) for code in (*BUCKETS, NOT_RECORDED)}


def _listed(field: str, codelist: Codelist) -> Callable[[DuckDBPyConnection], Numbers]:
    names = {**{code: 1 << bit for code, bit in codelist.bit.items()}, NONE: _NONE, "answered": _SAID}
    return lambda driver: _counts(driver, ((name, f"{field} & {mask} <> 0") for name, mask in names.items()))


def _durations(driver: DuckDBPyConnection) -> Numbers:
    return _counts(driver, [*((code, f"duration % 4 = {place}") for place, code in enumerate(DURATIONS)), (NOT_RECORDED, "duration IS NULL")])


def _severity(driver: DuckDBPyConnection) -> Numbers:
    made: Numbers = {}
    for name in ("average", "worst"):
        found = dict(driver.execute(f"SELECT {_ROUNDED.format(name)}, count(*) FROM hand WHERE {name} IS NOT NULL GROUP BY 1").fetchall())
        made |= {f"{name} {value}": found.get(value, 0) for value in range(11)} | {f"answered {name}": sum(found.values())}
    return made


def _symptoms(driver: DuckDBPyConnection) -> Numbers:
    states = {"present": "present & {0} <> 0", "denied": "present & {0} = 0 AND denied & {0} <> 0", "not asked": "(present | denied) & {0} = 0"}
    return _counts(driver, ((f"{code} {name}", state.format(1 << bit)) for code, bit in SYMPTOM.bit.items() for name, state in states.items()))


def _together(driver: DuckDBPyConnection) -> Numbers:
    """Equal sets are counted there and spelled out here."""
    made: Numbers = {}
    for place in LOCATION.bit:
        found = driver.execute(f"SELECT at_{place} AS said, count(*) AS n FROM hand_places WHERE at_{place} <> 0 GROUP BY 1").fetchnumpy()
        made |= {place: int(found["n"].sum())} | {
            f"{place} {quality}": int(found["n"][found["said"] & 1 << bit != 0].sum()) for quality, bit in QUALITY.bit.items()}
    return {name: n for name, n in made.items() if n}


_DURATION = ("max(((day::BIGINT * 86400000001 + coalesce(time_of_day + 1, 0)) * 4 + (day - onset_day >= 42)::INTEGER + (day - onset_day >= 84)::INTEGER)) "
             "FILTER (onset_day IS NOT NULL) AS duration")
_PLACES = tuple(f"bit_or(CASE WHEN locations & {1 << bit} <> 0 THEN qualities + {_SAID} ELSE 0 END) AS at_{place}" for place, bit in LOCATION.bit.items())
# how each is counted, and of which columns
CHARTS: dict[str, tuple[Callable[[DuckDBPyConnection], Numbers], tuple[str, ...]]] = {
    "base": (_base, ("count(*) AS entries",)), "buckets": (_buckets, ()), "locations": (_listed("locations", LOCATION), (_marked("locations"),)),
    "qualities": (_listed("qualities", QUALITY), (_marked("qualities"),)), "durations": (_durations, (_DURATION,)),
    "severity": (_severity, ("avg(severity) AS average", "max(worst_severity) AS worst")),
    "symptoms": (_symptoms, ("bit_or(symptoms_present) AS present", "bit_or(symptoms_denied) AS denied")), "together": (_together, ())}
