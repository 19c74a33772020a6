"""Questions to measure with, chosen by how much of the diaries they select; and the page's answers as plain numbers, to compare."""
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isclose

from sqlalchemy import Connection, func, select

from dashboard import cohort as cohorts
from dashboard import crossfilter, distributions
from dashboard.cohort import Cohort
from dashboard.crossfilter import Counted
from dashboard.filters import label
from dashboard.sample import Base
from tests.bench.by_pandas import Numbers


@dataclass(frozen=True)
class Click:
    """`before` are the questions on the way to this one, which have been answered; `share` of the entries match."""
    what: str
    cohort: Cohort
    share: float
    before: tuple[Cohort, ...] = (Cohort(),)
    names: tuple[str, ...] = crossfilter.NAMES

    @property
    def charts(self) -> tuple[str, ...]:
        """Those that have to be counted: the others have the same context as in a question before."""
        return tuple(name for name in self.names if crossfilter.context(self.cohort, name) not in {
            crossfilter.context(asked, name) for asked in self.before})


def clicks(connection: Connection, as_of: int, share: float) -> list[Click]:
    """On a place or quality, on a quality after a place, and a period: of each kind the one whose share of the entries is nearest."""
    asked = distributions.sample(connection, Cohort(), as_of=as_of, per="entry", columns=("locations", "qualities"))
    wanted = share * asked.entries
    listed = {"locations": distributions.locations(connection, asked), "qualities": distributions.qualities(connection, asked)}
    field, one = min(((field, row) for field, found in listed.items() for row in found.itertuples()), key=lambda both: abs(both[1].n - wanted))
    pairs = distributions.together(connection, Cohort(), as_of=as_of, per="entry")
    pair = pairs.loc[(pairs["n"] - wanted).abs().idxmin()]
    live = cohorts.entries(connection, as_of).subquery()
    rest = 0
    for day, entries in connection.execute(select(live.c.day, func.count()).group_by(live.c.day).order_by(live.c.day.desc())):
        rest, since = rest + entries, int(day)
        if rest >= wanted:
            break
    place = Cohort(locations=(pair["location"],))
    return [Click(f"click on {label(field, one.code).lower()}", Cohort(**{field: (one.code,)}), one.n / asked.entries),
            Click(f"{label('locations', pair['location']).lower()}, then click on {label('qualities', pair['quality']).lower()}",
                  Cohort(locations=place.locations, qualities=(pair["quality"],)), pair["n"] / asked.entries, (Cohort(), place)),
            Click(f"the last {as_of - since + 1} days", Cohort(since=since), rest / asked.entries)]


# --- the same numbers ---------------------------------------------------------------------------------------------------------------

MORE = {"relief": ("tried", "helped", "help_not_recorded", "answered"), "weeks": ("patients", "entries"), "blank": ("answered",)}


def differing(ours: Mapping[str, Counted], theirs: Mapping[str, Numbers]) -> list[str]:
    """What the two ways do not agree on."""
    plain = {name: _plain(name, counted) for name, counted in ours.items()}
    keys = {(name, key) for side in (plain, theirs) for name, numbers in side.items() for key in numbers}
    found = ((name, key, plain.get(name, {}).get(key), theirs.get(name, {}).get(key)) for name, key in sorted(keys))
    return [f"{name} {key}: {mine} and {other}" for name, key, mine, other in found if None in (mine, other) or not isclose(mine, other)]


def _plain(name: str, counted: Counted) -> Numbers:
    if isinstance(counted, Base):
        return {"patients": counted.patients, "entries": counted.entries, **counted.entries_per_patient}
    rows = list(counted.itertuples())
    if name in ("locations", "qualities", "hours"):
        return {**{row.code: row.n for row in rows}, "answered": rows[0].answered}
    if name == "severity":
        return dict(_severity(rows[:11]))
    if name == "symptoms":
        return {f"{row.code} {said}": getattr(row, said.replace(" ", "_")) for row in rows for said in ("present", "denied", "not asked")}
    if name in MORE:
        return {f"{row.code} {column}": getattr(row, column) for row in rows for column in MORE[name]
                if column in counted and getattr(row, column) == getattr(row, column) and (name != "weeks" or row.entries)}
    if name == "together":
        return {row.location: row.named for row in rows} | {f"{row.location} {row.quality}": row.n for row in rows if row.n}
    return {row.code: row.n for row in rows}


def _severity(rows: list) -> Iterable[tuple[str, int]]:
    for said in ("average", "worst"):
        yield from ((f"{said} {row.code}", getattr(row, said)) for row in rows)
        yield f"answered {said}", getattr(rows[0], f"answered_{said}")
