"""Against an oracle that reads entries one by one: unequal diaries, several answers, blanks, `none`, revisions, undone batches, both
times."""
import json

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from dashboard import crossfilter, distributions, members
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
FIELDS = ("locations", "relief_helped", "severity", "worst_severity", "pattern", "time_of_day", "birth_year", "fever", "leg_weakness", "diabetes", "clot_risk")
TIMES = st.none() | st.sampled_from((0, 1, 21_599_999_999, 21_600_000_000, 43_200_000_000, 79_200_000_000, 86_399_999_999))
BATCHES = {1: (1, None), 2: (3, 6), 3: (5, None), 4: (7, None)}
# halves are where rounding shows
SEVERITIES = st.none() | st.sampled_from((0.0, 0.5, 2.5, 6.5, 7.0, 9.5, 10.0)) | st.integers(0, 100).map(lambda tenths: tenths / 10)


def lists(codes: tuple[str, ...]) -> st.SearchStrategy:
    return st.none() | st.lists(st.sampled_from(codes), unique=True).map(tuple)


def chosen(*codes: str) -> st.SearchStrategy:
    return st.just(()) | st.lists(st.sampled_from(codes), unique=True, max_size=3).map(tuple)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    # the first patients keep the longest diaries
    who = draw(st.sampled_from(("1", "1", "1", "1", "2", "2", "3", "4", "05")))
    day = draw(st.sampled_from((TODAY - 400, TODAY - 84, TODAY - 3, TODAY - 1, TODAY, TODAY + 1)))
    days = draw(st.none() | st.sampled_from((0, 41, 42, 83, 84, 5000)))
    return Entry(
        who, day, draw(TIMES), source=draw(st.sampled_from(("a", "a", "b"))), batch=draw(st.sampled_from((1, 1, 2, 3, 4))),
        superseded_by=draw(st.sampled_from(((), (), (), (2,), (3,), (2, 4)))),
        locations=draw(lists(LOCATIONS)), qualities=draw(lists(QUALITIES)), relief_tried=draw(lists(TREATMENTS)),
        relief_helped=draw(lists(TREATMENTS)),
        symptoms=draw(st.dictionaries(st.sampled_from(SYMPTOMS), st.booleans())), severity=draw(SEVERITIES), worst=draw(SEVERITIES),
        onset=None if days is None else day - days, birth_year=draw(st.sampled_from((None, None, 1940, 1976, 2001))),
        sex=draw(st.sampled_from((None, None, "female", "male", "other"))))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    found = draw(st.lists(entries(), max_size=25))
    outcome = st.tuples(st.sampled_from(tuple(BUCKETS)), st.sampled_from((*TIERS, None)))
    return World(found, BATCHES, {who: draw(outcome) for who in sorted({e.who for e in found}) if draw(st.booleans())})


@st.composite
def cohorts(draw: st.DrawFn) -> Cohort:
    """Mostly few filters: many together match nothing, and nothing is easily counted."""
    def now_and_then(strategy: st.SearchStrategy, otherwise: object) -> object:
        return draw(strategy) if draw(st.integers(0, 5)) == 5 else otherwise
    low, high = sorted((draw(st.integers(0, 10)), draw(st.integers(0, 10))))
    young, old = sorted((draw(st.integers(1, 100)), draw(st.integers(1, 100))))
    since, until = sorted((TODAY - draw(st.integers(0, 400)), TODAY - draw(st.integers(0, 400))))
    kept = st.sampled_from((True, False))
    return Cohort(
        since=now_and_then(st.just(since), None), until=now_and_then(st.just(until), None), sources=now_and_then(chosen("a", "b", "c"), ()),
        sexes=now_and_then(chosen("female", "male", "other", "not_recorded"), ()),
        age_from=now_and_then(st.just(young), None), age_to=now_and_then(st.just(old), None), age_not_recorded=now_and_then(kept, False),
        buckets=now_and_then(chosen(*BUCKETS, "not_recorded"), ()), tiers=now_and_then(chosen(*TIERS, "none", "not_recorded"), ()),
        locations=now_and_then(chosen(*LOCATIONS, "none", "not_recorded"), ()),
        qualities=now_and_then(chosen(*QUALITIES, "none", "not_recorded"), ()),
        durations=now_and_then(chosen("under_6_weeks", "6_to_12_weeks", "12_weeks_and_more", "not_recorded"), ()),
        severity_from=now_and_then(st.just(low), None), severity_to=now_and_then(st.just(high), None),
        severity_not_recorded=now_and_then(kept, False), symptoms=now_and_then(chosen(*SYMPTOMS, "not_recorded"), ()),
        worst_from=now_and_then(st.just(low), None), worst_to=now_and_then(st.just(high), None), worst_not_recorded=now_and_then(kept, False),
        temperature_from=now_and_then(st.sampled_from((37, 38)), None), temperature_to=now_and_then(st.just(38.5), None),
        temperature_not_recorded=now_and_then(kept, False),
        tried=now_and_then(chosen(*RELIEF, "none", "not_recorded"), ()), helped=now_and_then(chosen(*RELIEF, "none", "not_recorded"), ()),
        hours=now_and_then(chosen("night", "00", "05", "06", "12", "22", "not_recorded"), ()),
        high_pain=now_and_then(chosen("no_day", "to_25", "to_50", "to_75", "to_100", "not_recorded"), ()), blank=now_and_then(chosen(*FIELDS), ()),
        negated=draw(st.lists(st.sampled_from(NEGATABLE))), every=draw(st.lists(st.sampled_from(SEVERAL))), whole=now_and_then(kept, False))


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


@given(cohort=cohorts(), other=cohorts())
def test_a_question_reads_differently_from_every_other(cohort: Cohort, other: Cohort) -> None:
    assert (cohort == other) == (cohort.question() == other.question()) == (cohort.describe() == other.describe())


@given(cohort=cohorts())
def test_a_link_asks_the_same_question(cohort: Cohort) -> None:
    assert Cohort.from_params(cohort.to_params()) == cohort
    assert Cohort.from_params({name: values[0] if len(values) == 1 else values for name, values in cohort.to_params().items()}) == cohort
