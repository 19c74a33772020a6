"""Where it hurts, what it is like, for how long, how bad, with what: counts over the entries of a cohort, each with its base.

Per patient, a patient counts once: for a place, a quality, a symptom that any matching entry names; in the duration class of the last
matching entry with a known onset; with the mean of the severities and the largest of the worst. Per entry, each entry counts.
"""
from collections.abc import Callable
from functools import cache
from typing import Literal

import pandas as pd
from sqlalchemy import BigInteger, ColumnElement, Connection, FromClause, String, Values
from sqlalchemy.sql import and_, case, column, func, literal, not_, or_, select, union_all, values

from dashboard import cohort as cohorts
from dashboard import database
from dashboard.codelists import LOCATION, QUALITY, RELIEF, SYMPTOM, Codelist
from dashboard.cohort import NONE, NOT_RECORDED, Cohort
from dashboard.conditions import TREATMENTS
from dashboard.database import band, bit_or, has
from dashboard.days import date_of
from dashboard.people import DURATIONS
from dashboard.sample import ANSWERED_BIT, NONE_BIT, Per, Sample, sample


def locations(connection: Connection, asked: Sample) -> pd.DataFrame:
    """code (with `none`), label, n, answered, not_recorded; n of several codes add up to more than answered."""
    return _listed(connection, asked, "locations", LOCATION)


def qualities(connection: Connection, asked: Sample) -> pd.DataFrame:
    """code (with `none`), label, n, answered, not_recorded; n of several codes add up to more than answered."""
    return _listed(connection, asked, "qualities", QUALITY)


def durations(connection: Connection, asked: Sample) -> pd.DataFrame:
    """code (with `not_recorded`), label, n, answered, not_recorded; the classes exclude each other, and n add up to the base."""
    n = _by_value(connection, asked, "duration")
    classes = [(code, label, n.get(place, 0)) for place, (code, label) in enumerate(DURATIONS.items())]
    answered = sum(n.values())
    return shares([*classes, (NOT_RECORDED, "not recorded", asked.base - answered)], answered, asked)


def severities(connection: Connection, asked: Sample, field: Literal["severity", "worst"] = "severity") -> pd.DataFrame:
    """code (0 to 10), label, n, answered, not_recorded. Per patient, the mean of `severity` and the largest of `worst`; half up."""
    n = _by_value(connection, asked, field)
    return shares([(str(value), str(value), n.get(value, 0)) for value in range(11)], sum(n.values()), asked)


def symptoms(connection: Connection, asked: Sample) -> pd.DataFrame:
    """code, label, present, denied, not_asked, answered. Denied: somewhere denied and nowhere present; with not_asked the two add up
    to the base."""
    def states(units: FromClause, mask: ColumnElement[int]) -> dict[str, ColumnElement[bool]]:
        present, denied = (band(units.c[name], mask) != 0 for name in ("symptoms_present", "symptoms_denied"))
        return {"present": present, "denied": and_(denied, not_(present))}
    n = spelled(connection, asked, SYMPTOM, ("symptoms_present", "symptoms_denied"), states)
    n["answered"] = n["present"] + n["denied"]
    return _labelled(n.assign(not_asked=asked.base - n["answered"]), SYMPTOM, tuple(SYMPTOM.bit))[
        ["code", "label", "present", "denied", "not_asked", "answered"]]


def relief(connection: Connection, asked: Sample) -> pd.DataFrame:
    """code, label, tried, helped, help_not_recorded, answered, not_recorded, of treatments. What helped was tried; those who tried
    and never said, together with it, what helped are in help_not_recorded, because a blank is not a no."""
    return reliefs(connection, asked)[0]


def no_relief(connection: Connection, asked: Sample) -> pd.DataFrame:
    """code (`nothing_tried`, `nothing_helped`), label, n, answered, not_recorded: the base of each is who answered that field."""
    return reliefs(connection, asked)[1]


def reliefs(connection: Connection, asked: Sample) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both, of one count."""
    n = _relief(connection, asked)
    answered = int(n.at["answered", "tried"])
    treatments = _labelled(n, RELIEF, TREATMENTS)[["code", "label", "tried", "helped", "help_not_recorded"]]
    nothing = [shares([(code, label, int(n.at[NONE, field]))], int(n.at["answered", field]), asked) for code, label, field in
               (("nothing_tried", "Nothing tried", "tried_said"), ("nothing_helped", "Nothing helped", "helped"))]
    return treatments.assign(answered=answered, not_recorded=asked.base - answered), pd.concat(nothing, ignore_index=True)


def _relief(connection: Connection, asked: Sample) -> pd.DataFrame:
    def states(units: FromClause, mask: ColumnElement[int]) -> dict[str, ColumnElement[bool]]:
        tried, helped, known = (band(units.c[name], mask) != 0 for name in ("relief_tried", "relief_helped", "help_known"))
        return {"tried": or_(tried, helped), "tried_said": tried, "helped": helped, "help_not_recorded": and_(tried, not_(helped), not_(known))}
    return spelled(connection, asked, RELIEF, ("relief_tried", "relief_helped", "help_known"), states)


def _listed(connection: Connection, asked: Sample, field: str, codelist: Codelist) -> pd.DataFrame:
    n = spelled(connection, asked, codelist, (field,), lambda units, mask: {"n": band(units.c[field], mask) != 0})
    rows = [(code, label, int(n.at[code, "n"])) for code, label in codelist.label.items()]
    return shares([*rows, (NONE, "None", int(n.at[NONE, "n"]))], int(n.at["answered", "n"]), asked)


def spelled(connection: Connection, asked: Sample, codelist: Codelist, fields: tuple[str, ...],
             states: Callable[[FromClause, ColumnElement[int]], dict[str, ColumnElement[bool]]]) -> pd.DataFrame:
    """How many units are in each state of each code, of `none` and of `answered`: a row a code."""
    vocabulary, units, weight = _vocabulary(codelist), asked.units, literal(1)
    if asked.per == "entry":
        # equal sets counted first: looking at every code of every entry costs more. Patients' sets hardly repeat.
        columns = [units.c[field] for field in fields]
        units = select(*columns, func.count().label("n")).group_by(*columns).subquery("sets")
        weight = units.c.n
    said = states(units, vocabulary.c.mask)
    found = connection.execute(select(vocabulary.c.code, *(func.sum(case((state, weight), else_=0)) for state in said.values())).select_from(
        units.join(vocabulary, or_(*said.values()))).group_by(vocabulary.c.code))
    counts = {code: [int(n) for n in row] for code, *row in found}
    return pd.DataFrame([counts.get(code, [0] * len(said)) for code in _masks(codelist)], columns=list(said), index=list(_masks(codelist)))


def _masks(codelist: Codelist) -> dict[str, int]:
    return {**{code: 1 << bit for code, bit in codelist.bit.items()}, NONE: NONE_BIT, "answered": ANSWERED_BIT}


@cache
def _vocabulary(codelist: Codelist) -> Values:
    return values(column("code", String), column("mask", BigInteger), name="vocabulary", literal_binds=True).data(list(_masks(codelist).items()))


def _labelled(n: pd.DataFrame, codelist: Codelist, codes: tuple[str, ...]) -> pd.DataFrame:
    return n.loc[list(codes)].assign(code=codes, label=[codelist.label[code] for code in codes]).reset_index(drop=True)


def _by_value(connection: Connection, asked: Sample, field: str) -> dict[int, int]:
    said = asked.units.c[field]
    found = connection.execute(select(said, func.count()).where(said.is_not(None)).group_by(said))
    return {int(value): int(n) for value, n in found}


def shares(rows: list[tuple[str, str, int]], answered: int, asked: Sample) -> pd.DataFrame:
    return pd.DataFrame([(*row, answered, asked.base - answered) for row in rows],
                        columns=["code", "label", "n", "answered", "not_recorded"])


def together(connection: Connection, cohort: Cohort, *, as_of: int, known_at: int | None = None, per: Per = "patient") -> pd.DataFrame:
    """location, quality, n, named: units that say both in one entry, and the base, those who name the location. Only pairs that somebody
    says; a location of which nobody says what it is like has one row, without a quality and with n 0."""
    live = cohorts.entries(connection, as_of, known_at).subquery("live")
    e, who = live.c, [live.c.patient] if per == "patient" else []
    # equal sets first, and then the qualities said at each place: who named it at all carries a bit above theirs
    sets = database.store(connection, "sets", select(*who, e.locations, e.qualities, func.count().label("n")).where(
        *cohort.where(live, as_of), e.locations != 0).group_by(*who, e.locations, e.qualities))
    at = {code: case((has(sets.c.locations, 1 << bit), sets.c.qualities + ANSWERED_BIT), else_=0) for code, bit in LOCATION.bit.items()}
    if per == "patient":
        units = database.store(connection, "together", select(
            sets.c.patient, *(bit_or(said).label(code) for code, said in at.items())).group_by(sets.c.patient))
        at, n = {code: units.c[code] for code in at}, func.count()
    else:
        n = func.sum(sets.c.n)
    arms = union_all(*(select(literal(code).label("location"), said.label("said"), n.label("n")).where(said != 0).group_by(said)
                       for code, said in at.items())).subquery("arms")
    vocabulary = _vocabulary(QUALITY)
    rows = connection.execute(select(arms.c.location, vocabulary.c.code, func.sum(arms.c.n)).select_from(
        arms.join(vocabulary, has(arms.c.said, vocabulary.c.mask))).group_by(arms.c.location, vocabulary.c.code))
    found = {(location, code): int(n) for location, code, n in rows}
    pairs = [(location, quality, found[location, quality], named) for location in LOCATION.bit if (named := found.get((location, "answered")))
             for quality in QUALITY.bit if (location, quality) in found]
    silent = [(location, None, 0, named) for location in LOCATION.bit if (named := found.get((location, "answered")))
              and location not in {pair[0] for pair in pairs}]
    return pd.DataFrame(pairs + silent, columns=["location", "quality", "n", "named"])


# --- all of it --------------------------------------------------------------------------------------------------------------------

def summary(connection: Connection, cohort: Cohort, *, as_of: int, known_at: int | None = None, per: Per = "patient") -> dict:
    """All distributions as one JSON document. `data_through` is that of the source that lags most."""
    asked = sample(connection, cohort, as_of=as_of, known_at=known_at, per=per)
    through = {name: date_of(day).isoformat() for name, day in cohorts.data_through(connection, as_of, known_at).items()
               if not cohort.sources or name in cohort.sources}
    return {
        "sentence": cohort.describe(), "per": per, "as_of": date_of(as_of).isoformat(), "data_through": min(through.values(), default=None),
        "data_through_by_source": through,
        "base": {"patients": asked.patients, "entries": asked.entries, "entries_per_patient": asked.entries_per_patient},
        "location": _distribution(locations(connection, asked)),
        "quality": _distribution(qualities(connection, asked)),
        "duration": _distribution(durations(connection, asked)),
        "severity": {**_distribution(severities(connection, asked)), "worst": _distribution(severities(connection, asked, "worst"))},
        "quality_by_location": _by_location(together(connection, cohort, as_of=as_of, known_at=known_at, per=per)),
        "symptoms": _by_code(symptoms(connection, asked)),
        "relief": _by_code(relief(connection, asked)),
        "no_relief": _by_code(no_relief(connection, asked)),
    }


def _distribution(frame: pd.DataFrame) -> dict:
    return {"answered": int(frame["answered"].iloc[0]), "not_recorded": int(frame["not_recorded"].iloc[0]),
            "counts": {code: int(n) for code, n in zip(frame["code"], frame["n"], strict=True)}}


def _by_code(frame: pd.DataFrame) -> dict[str, dict[str, int]]:
    return frame.drop(columns="label").set_index("code").to_dict("index")


def _by_location(frame: pd.DataFrame) -> dict[str, dict]:
    return {location: {"named": int(rows["named"].iloc[0]), "counts": {row.quality: int(row.n) for row in rows.itertuples() if row.n}}
            for location, rows in frame.groupby("location", sort=False)}
