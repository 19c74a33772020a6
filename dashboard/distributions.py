"""Where it hurts, what it is like, for how long, how bad, with what: counts over the entries of a cohort, each with its base.

Per patient, a patient counts once: for a place, a quality, a symptom that any matching entry names; in the duration class of the last
matching entry with a known onset; with the mean of the severities and the largest of the worst. Per entry, each entry counts.
"""
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, select

from dashboard import cohort as cohorts
from dashboard import database
from dashboard.codelists import LOCATION, QUALITY, RELIEF, SYMPTOM, Codelist
from dashboard.cohort import NONE, NOT_RECORDED, Cohort
from dashboard.conditions import TREATMENTS
from dashboard.days import date_of
from dashboard.people import DURATIONS
from dashboard.sample import ANSWERED_BIT, NONE_BIT, Asking, Per, Sample, bits, named, sample, sets, values


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
    n = points(connection, asked, field)
    return shares([(str(value), str(value), n[value]) for value in range(11)], sum(n), asked)


def points(connection: Connection, asked: Sample, field: str) -> list[int]:
    """How many units at each of 0 to 10."""
    n = _by_value(connection, asked, field)
    return [n.get(value, 0) for value in range(11)]


def symptoms(connection: Connection, asked: Sample) -> pd.DataFrame:
    """code, label, present, denied, not_asked, answered. Denied: somewhere denied and nowhere present; with not_asked the two add up
    to the base."""
    n = spelled(connection, asked, SYMPTOM, ("symptoms_present", "symptoms_denied"), lambda present, denied: {"present": present, "denied": denied & ~present})
    present, denied = (np.array([n[state][code] for code in SYMPTOM.bit]) for state in ("present", "denied"))
    return pd.DataFrame({"code": list(SYMPTOM.bit), "label": list(SYMPTOM.label.values()), "present": present, "denied": denied,
                         "not_asked": asked.base - present - denied, "answered": present + denied})


def relief(connection: Connection, asked: Sample) -> pd.DataFrame:
    """code, label, tried, helped, help_not_recorded, answered, not_recorded, of treatments. What helped was tried; those who tried
    and never said, together with it, what helped are in help_not_recorded, because a blank is not a no."""
    return reliefs(connection, asked)[0]


def no_relief(connection: Connection, asked: Sample) -> pd.DataFrame:
    """code (`nothing_tried`, `nothing_helped`), label, n, answered, not_recorded: the base of each is who answered that field."""
    return reliefs(connection, asked)[1]


def reliefs(connection: Connection, asked: Sample) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both, of one count."""
    n = spelled(connection, asked, RELIEF, ("relief_tried", "relief_helped", "help_known"), lambda tried, helped, known: {
        "tried": tried | helped, "tried_said": tried, "helped": helped, "help_not_recorded": tried & ~helped & ~known})
    answered = n["tried"]["answered"]
    treatments = pd.DataFrame({"code": list(TREATMENTS), "label": [RELIEF.label[code] for code in TREATMENTS],
                               **{state: [n[state][code] for code in TREATMENTS] for state in ("tried", "helped", "help_not_recorded")},
                               "answered": answered, "not_recorded": asked.base - answered})
    nothing = [shares([(code, label, n[field][NONE])], n[field]["answered"], asked) for code, label, field in
               (("nothing_tried", "Nothing tried", "tried_said"), ("nothing_helped", "Nothing helped", "helped"))]
    return treatments, pd.concat(nothing, ignore_index=True)


def _listed(connection: Connection, asked: Sample, field: str, codelist: Codelist) -> pd.DataFrame:
    n = spelled(connection, asked, codelist, (field,), lambda said: {"n": said})["n"]
    return shares([*((code, label, n[code]) for code, label in codelist.label.items()), (NONE, "None", n[NONE])], n["answered"], asked)


def spelled(connection: Connection, asked: Sample, codelist: Codelist, fields: tuple[str, ...],
            states: Callable[..., dict[str, np.ndarray]]) -> dict[str, dict[str, int]]:
    """How many units are in each state, of each code, of `none` and of `answered`. `states` are sets made of the sets of the fields."""
    found, times = sets(connection, asked, *fields)
    bit = {**codelist.bit, NONE: NONE_BIT.bit_length() - 1, "answered": ANSWERED_BIT.bit_length() - 1}
    return {state: dict(zip(bit, bits(said, times)[list(bit.values())].tolist(), strict=True)) for state, said in states(*found).items()}


def _by_value(connection: Connection, asked: Sample, field: str) -> dict[int, int]:
    (said,), times = sets(connection, asked, field)
    return values(said, times)


def shares(rows: list[tuple[str, str, int]], answered: int, asked: Sample) -> pd.DataFrame:
    codes, labels, n = zip(*rows, strict=True) if rows else ((), (), ())  # column by column, which takes pandas a third of the time
    return pd.DataFrame({"code": list(codes), "label": list(labels), "n": np.array(n, np.int64), "answered": answered, "not_recorded": asked.base - answered})


def together(connection: Connection, cohort: Cohort, *, as_of: int, known_at: int | None = None, per: Per = "patient") -> pd.DataFrame:
    """location, quality, n, named: units that say both in one entry, and the base, those who name the location. Only pairs that somebody
    says; a location of which nobody says what it is like has one row, without a quality and with n 0."""
    return crossed(said_together(connection, cohort, as_of=as_of, known_at=known_at, per=per))


@dataclass(frozen=True)
class SaidTogether:
    """The places of an entry and what they are like, each such pair of sets once, in how many entries; of each patient, or of all (`who` is None)."""
    who: np.ndarray | None
    places: np.ndarray
    kinds: np.ndarray
    times: np.ndarray


def said_together(connection: Connection, cohort: Asking, *, as_of: int, known_at: int | None = None, per: Per = "patient") -> SaidTogether:
    live = named(cohorts.entries(connection, as_of, known_at))
    e = live.c
    columns = (e.patient, e.locations, e.qualities)[per == "entry":]
    *who, places, kinds, times = database.unordered(connection, select(*columns, func.count().label("n")).where(
        *cohort.where(live, as_of), e.locations != 0).group_by(*columns))
    return SaidTogether(who[0] if who else None, places, kinds, times)


def crossed(found: SaidTogether) -> pd.DataFrame:
    """Columns: see together."""
    rows: list[tuple[str, str | None, int, int]] = []
    silent: list[tuple[str, str | None, int, int]] = []
    for location, n, said in _at_each(found):
        here = [(location, quality, int(said[bit]), n) for quality, bit in QUALITY.bit.items() if said[bit]]
        rows += here
        silent += [] if here else [(location, None, 0, n)]
    return pd.DataFrame(rows + silent, columns=["location", "quality", "n", "named"])


def _at_each(found: SaidTogether) -> Iterator[tuple[str, int, np.ndarray]]:
    """Each place that is named: by how many units, and of how many of them each bit of what it is like; of a patient, all that was said of it."""
    who, places, kinds = found.who, found.places, found.kinds
    if who is not None:
        order = np.argsort(who, kind="stable")
        who, places, kinds = who[order], places[order], kinds[order]
    for location, bit in LOCATION.bit.items():
        here = np.flatnonzero(places & (1 << bit) != 0)
        if not len(here):
            continue
        if who is None:
            times = found.times[here]
            n, said = int(times.sum()), bits(kinds[here], times)
        else:
            first = np.flatnonzero(np.diff(who[here], prepend=-1))
            n, said = len(first), bits(np.bitwise_or.reduceat(kinds[here], first))
        yield location, n, said


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
