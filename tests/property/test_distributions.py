"""Against an oracle that reads entries one by one: unequal diaries, several answers, blanks, `none`, revisions, undone batches, both
times."""
import json

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from dashboard import crossfilter, distributions, filters, members
from dashboard.codelists import LOCATION
from dashboard.cohort import BUCKETS, NEGATABLE, SEVERAL, TIERS, Cohort
from dashboard.sample import Base
from tests import databases, distributions_oracle
from tests.conftest import asks_a_database
from tests.distributions_oracle import Entry, World

TODAY = 20_500
LOCATIONS, QUALITIES = ("neck", "low_back", "everywhere", "other"), ("sharp", "burning", "other")
TREATMENTS, SYMPTOMS = ("cold_pack", "rest", "none_helped", "other"), ("fever", "leg_weakness", "longstanding", "urgent")
RELIEF = ("cold_pack", "rest", "other")
FIELDS = ("locations", "radiates_to", "relief_helped", "severity", "least_severity", "pattern", "time_of_day", "birth_year", "fever", "leg_weakness",
          "diabetes", "clot_risk")
# what else an entry may say: drawn together, as a draw for each field would cost more than the database
SAID: dict[str, tuple] = {
    "radiates_to": ((), ("neck",), ("leg_left", "neck")), "aggravated_by": ((), ("sitting",), ("cold", "sitting", "other")),
    "history": ({"diabetes": True}, {"diabetes": False}, {"diabetes": False, "clot_risk": True}, {"clot_risk": False}),
    "pattern": ("constant", "intermittent"), "trend": ("better", "same", "worse"), "onset_speed": ("sudden", "gradual"), "severity_kind": ("now", "average"),
    "least": (0.0, 3.0, 5.5), "interference": (0.0, 4.0, 10.0), "bout": (0.0, 15.0, 90.0), "temperature": (36.6, 38.0, 38.7)}
TIMES = st.none() | st.sampled_from((0, 1, 21_599_999_999, 21_600_000_000, 43_200_000_000, 79_200_000_000, 86_399_999_999))
BATCHES = {1: (1, None), 2: (3, 6), 3: (5, None), 4: (7, None)}
# halves are where rounding shows
SEVERITIES = st.none() | st.sampled_from((0.0, 0.5, 2.5, 6.5, 7.0, 9.5, 10.0)) | st.integers(0, 100).map(lambda tenths: tenths / 10)
MORE = st.lists(st.sampled_from([(name, value) for name, values in SAID.items() for value in values]), max_size=12).map(dict)


def lists(codes: tuple[str, ...]) -> st.SearchStrategy:
    return st.none() | st.lists(st.sampled_from(codes), unique=True).map(tuple)


def chosen(*codes: str) -> st.SearchStrategy:
    return st.lists(st.sampled_from(codes), min_size=1, unique=True, max_size=3).map(tuple)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    # the first patients keep the longest diaries
    who = draw(st.sampled_from(("1", "1", "1", "1", "2", "2", "3", "4", "05")))
    day = draw(st.sampled_from((TODAY - 400, TODAY - 84, TODAY - 3, TODAY - 1, TODAY, TODAY + 1)))
    days = draw(st.none() | st.sampled_from((0, 41, 42, 83, 84, 5000)))
    return Entry(
        who, day, draw(TIMES), source=draw(st.sampled_from(("a", "a", "b"))), batch=draw(st.sampled_from((1, 1, 1, 2, 3, 4))),
        superseded_by=draw(st.sampled_from(((), (), (), (), (), (), (2,), (3,), (2, 4)))),
        locations=draw(lists(LOCATIONS)), qualities=draw(lists(QUALITIES)), relief_tried=draw(lists(TREATMENTS)),
        relief_helped=draw(lists(TREATMENTS)),
        symptoms=draw(st.dictionaries(st.sampled_from(SYMPTOMS), st.booleans())), severity=draw(SEVERITIES), worst=draw(SEVERITIES),
        onset=None if days is None else day - days, birth_year=draw(st.sampled_from((None, None, 1940, 1976, 2001))),
        sex=draw(st.sampled_from((None, None, "female", "male", "other"))), **draw(MORE))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    # of a handful of entries most questions find none, which is soon right
    few = draw(st.integers(0, 5)) == 5
    found = draw(st.lists(entries(), min_size=0 if few else 12, max_size=3 if few else 25))
    outcome = st.tuples(st.sampled_from(tuple(BUCKETS)), st.sampled_from((*TIERS, None)))
    return World(found, BATCHES, {who: draw(outcome) for who in sorted({e.who for e in found}) if draw(st.booleans())})


def between(name: str, least: float, middle: float, most: float) -> dict[str, st.SearchStrategy]:
    """Ends of a range that are in order, both tenths."""
    return {f"{name}_from": st.integers(10 * least, 10 * middle).map(lambda n: n / 10), f"{name}_to": st.integers(10 * middle, 10 * most).map(lambda n: n / 10),
            f"{name}_not_recorded": st.just(True)}


BLANK = "not_recorded"
ASKED = {
    "since": st.integers(TODAY - 400, TODAY - 3), "until": st.integers(TODAY - 3, TODAY), "sources": chosen("a", "b", "c"),
    "sexes": chosen("female", "male", "other", BLANK), "age_from": st.integers(1, 50), "age_to": st.integers(50, 100), "age_not_recorded": st.just(True),
    "buckets": chosen(*BUCKETS, BLANK), "tiers": chosen(*TIERS, "none", BLANK), "locations": chosen(*LOCATIONS, "none", BLANK),
    "qualities": chosen(*QUALITIES, "none", BLANK), "radiates_to": chosen("neck", "leg_left", "none", BLANK),
    "durations": chosen("under_6_weeks", "6_to_12_weeks", "12_weeks_and_more", BLANK), "onset_speed": chosen("sudden", "gradual", BLANK),
    "pattern": chosen("constant", "intermittent", BLANK), "trend": chosen("better", "same", "worse", BLANK), "severity_kind": chosen("now", "average", BLANK),
    **between("severity", 0, 5, 10), **between("worst", 0, 7, 10), **between("least", 0, 3, 10), **between("interference", 0, 4, 10),
    **between("temperature", 36, 38, 39), **between("bout", 0, 15, 100), "symptoms": chosen(*SYMPTOMS, BLANK),
    "history": chosen("diabetes", "clot_risk", BLANK), "aggravated_by": chosen("sitting", "cold", "other", "none", BLANK),
    "tried": chosen(*RELIEF, "none", BLANK), "helped": chosen(*RELIEF, "none", BLANK),
    "hours": chosen("night", "00", "05", "06", "12", "22", BLANK), "high_pain": chosen("no_day", "to_25", "to_50", "to_75", "to_100", BLANK),
    "blank": chosen(*FIELDS), "whole": st.just(True)}


@st.composite
def cohorts(draw: st.DrawFn) -> Cohort:
    """Few filters: many together match nothing, and nothing is easily counted."""
    asked = {name: draw(ASKED[name]) for name in draw(st.lists(st.sampled_from(list(ASKED)), unique=True, min_size=1, max_size=3))}
    return Cohort(**asked, negated=draw(st.just(NEGATABLE) | st.lists(st.sampled_from(NEGATABLE))), every=draw(st.sampled_from((SEVERAL, ()))))


known = st.sampled_from((None, None, None, 2, 4, 5, 6, 7))


@given(world=worlds(), asked=st.lists(cohorts(), min_size=5, max_size=5), known_at=known)
@asks_a_database
def test_every_entry_matches_as_the_oracle_says(engine: Engine, world: World, asked: list[Cohort], known_at: int | None) -> None:
    databases.empty(engine)
    distributions_oracle.insert(engine, world)
    with engine.connect() as connection:
        for cohort in asked:
            found = connection.execute(cohort.matching(connection, TODAY, known_at)).mappings().all()
            expected = distributions_oracle.matching(world, cohort, TODAY, known_at)
            assert sorted(row["entry"] for row in found) == [
                number for number, entry in enumerate(world.entries, 1) if any(entry is e for e in expected)], cohort.describe()


@given(world=worlds(), cohort=cohorts(), known_at=known, per=st.sampled_from(("patient", "entry")))
@asks_a_database
def test_every_count_is_the_oracles(engine: Engine, world: World, cohort: Cohort, known_at: int | None, per: str) -> None:
    databases.empty(engine)
    distributions_oracle.insert(engine, world)
    with engine.connect() as connection:
        found = distributions.summary(connection, cohort, as_of=TODAY, known_at=known_at, per=per)
    expected = distributions_oracle.summary(world, cohort, TODAY, known_at, per)
    assert {name: found[name] for name in expected} == expected, cohort.describe()
    json.dumps(found)
    base = found["base"]["patients" if per == "patient" else "entries"]
    assert sum(found["duration"]["counts"].values()) == base
    assert all(answer["present"] + answer["denied"] + answer["not_asked"] == base for answer in found["symptoms"].values())


@given(world=worlds(), cohort=cohorts(), known_at=known, per=st.sampled_from(("patient", "entry")))
@asks_a_database
def test_each_chart_meets_every_filter_but_its_own(engine: Engine, world: World, cohort: Cohort, known_at: int | None, per: str) -> None:
    databases.empty(engine)
    distributions_oracle.insert(engine, world)
    with engine.connect() as connection:
        found = crossfilter.count(connection, cohort, (*crossfilter.NAMES, *crossfilter.MORE), as_of=TODAY, known_at=known_at, per=per)
        listed = members.page(connection, cohort, as_of=TODAY, first=1, most=2)
        everybody = members.page(connection, cohort, as_of=TODAY, most=None)
    for name, counted in found.items():
        wanted = distributions_oracle.chart(world, cohort, name, TODAY, known_at, per)
        if name == "weeks":  # their patients cannot be added up
            assert counted["entries"].sum() == sum(entries for _, entries in wanted.values())
        else:
            assert said(name, counted) == wanted, (name, cohort.describe())
    expected = distributions_oracle.members(world, cohort, TODAY)
    for made, wanted in ((everybody, expected), (listed, expected[1:3])):
        assert [(row.source, row.patient_id, row.bucket, row.entries, row.last_day, None if pd.isna(row.worst) else row.worst, set(row.places))
                for row in made.itertuples()] == [(*row[:6], {LOCATION.label[code] for code in row[6]}) for row in wanted]


def said(name: str, counted: pd.DataFrame | Base) -> dict:
    """A chart's frame as the oracle says it."""
    if name == "base":
        return {"patients": counted.patients, "entries": counted.entries}
    if name == "buckets":
        return {row.code: row.n for row in counted.itertuples() if row.n}
    if name == "together":
        return {location: {"named": rows["named"].iloc[0], "counts": {row.quality: row.n for row in rows.itertuples() if row.n}}
                for location, rows in counted.groupby("location", sort=False)}
    if name == "symptoms":
        return counted.drop(columns="label").set_index("code").to_dict("index")
    if name == "sources":
        return {row.code: row.n for row in counted.itertuples() if row.n}
    if name == "relief":
        return {row["code"]: {key: value for key, value in row.items() if key not in ("code", "label") and not pd.isna(value)}
                for row in counted.to_dict("records")}
    if name == "blank":
        return {row.code: (row.answered, row.not_recorded) for row in counted.itertuples()}
    if name == "severity":
        blank, scores = counted.iloc[-1], counted.iloc[:-1]
        average, worst = ({"answered": blank[f"answered_{of}"], "not_recorded": blank[of], "counts": dict(zip(scores["code"], scores[of], strict=True))}
                          for of in ("average", "worst"))
        return {**average, "worst": worst}
    return {"answered": counted["answered"].iloc[0], "not_recorded": counted["not_recorded"].iloc[0],
            "counts": dict(zip(counted["code"], counted["n"], strict=True))}


@given(cohort=cohorts(), other=cohorts(), near=st.sampled_from(NEGATABLE), negated=st.booleans(), every=st.booleans())
def test_a_question_reads_differently_from_every_other(cohort: Cohort, other: Cohort, near: str, negated: bool, every: bool) -> None:
    for one in (other, filters.moded(cohort, near, negated=negated, every=every and near in SEVERAL)):
        assert (cohort == one) == (cohort.question() == one.question()) == (cohort.describe() == one.describe())


@given(cohort=cohorts())
def test_a_link_asks_the_same_question(cohort: Cohort) -> None:
    assert Cohort.from_params(cohort.to_params()) == cohort
    assert Cohort.from_params({name: values[0] if len(values) == 1 else values for name, values in cohort.to_params().items()}) == cohort
