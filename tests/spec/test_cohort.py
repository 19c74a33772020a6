from datetime import date

import pytest
from sqlalchemy import Engine

from dashboard import cohort as cohorts
from dashboard.cohort import Cohort
from dashboard.days import day_of
from dashboard.errors import Refused
from tests.distributions_oracle import Entry, World, insert

TODAY = day_of(date(2026, 3, 31))
NOON = 43_200_000_000


def matching(engine: Engine, world: World, cohort: Cohort, as_of: int = TODAY, known_at: int | None = None) -> list[int]:
    """Numbers of the entries, counted from 1."""
    insert(engine, world)
    return asked(engine, cohort, as_of, known_at)


def asked(engine: Engine, cohort: Cohort, as_of: int = TODAY, known_at: int | None = None) -> list[int]:
    with engine.connect() as connection:
        return sorted(row.entry for row in connection.execute(cohort.matching(connection, as_of, known_at)))


def mistaken(engine: Engine, world: World, cases: list[tuple[Cohort, list[int]]]) -> dict[str, tuple[list[int], list[int]]]:
    """Of questions to one world those that it answers otherwise: found, expected. A world a question would take longer than they all do."""
    insert(engine, world)
    return {cohort.describe(): (found, expected) for cohort, expected in cases if (found := asked(engine, cohort)) != expected}


ENTRIES = [  # 1 to 6
    Entry("0412", TODAY, locations=("neck", "low_back"), qualities=("burning",), severity=7, symptoms={"fever": True}, onset=TODAY - 84),
    Entry("0412", TODAY - 10, locations=(), qualities=("sharp",), severity=6.5, symptoms={"fever": False}, onset=TODAY - 10 - 83),
    Entry("0077", TODAY - 90, locations=("other",), qualities=(), severity=0, symptoms={"flare": True}, onset=TODAY - 90 - 42, source="app"),
    Entry("0077", TODAY - 400, severity=None, onset=TODAY - 400 - 41, source="app"),
    Entry("0100", TODAY - 1, locations=("neck",), qualities=("burning", "sharp"), severity=10, source="app"),
    Entry("0101", TODAY, locations=None, qualities=None, source="app"),
]


PLAIN = [
    (Cohort(), [1, 2, 3, 4, 5, 6]),
    (Cohort(since=TODAY - 10), [1, 2, 5, 6]),
    (Cohort(until=TODAY - 10), [2, 3, 4]),
    (Cohort(since=TODAY - 90, until=TODAY - 10), [2, 3]),
    (Cohort(sources=("clinic",)), [1, 2]),
    (Cohort(sources=("nowhere",)), []),
    (Cohort(locations=("neck",)), [1, 5]),
    (Cohort(locations=("low_back", "other")), [1, 3]),
    (Cohort(locations=("none",)), [2]),
    (Cohort(locations=("not_recorded",)), [4, 6]),
    (Cohort(locations=("other", "none", "not_recorded")), [2, 3, 4, 6]),
    (Cohort(qualities=("sharp",)), [2, 5]),
    (Cohort(qualities=("none", "burning")), [1, 3, 5]),
    (Cohort(durations=("under_6_weeks",)), [4]),
    (Cohort(durations=("6_to_12_weeks",)), [2, 3]),
    (Cohort(durations=("12_weeks_and_more", "not_recorded")), [1, 5, 6]),
    (Cohort(severity_from=7), [1, 5]),
    (Cohort(severity_to=6.5), [2, 3]),
    (Cohort(severity_from=6.5, severity_to=7), [1, 2]),
    (Cohort(severity_not_recorded=True), [4, 6]),
    (Cohort(severity_to=0, severity_not_recorded=True), [3, 4, 6]),
    (Cohort(symptoms=("fever",)), [1]),
    (Cohort(symptoms=("fever", "flare")), [1, 3]),
    (Cohort(symptoms=("not_recorded",)), [4, 5, 6]),
    (Cohort(locations=("neck",), qualities=("burning",), sources=("app",), severity_from=8), [5]),
]


def test_entries_that_match(engine: Engine) -> None:
    assert not mistaken(engine, World(ENTRIES), PLAIN)


MORE = [  # 1 to 5
    Entry("a", TODAY, 82_800_000_000, qualities=("sharp", "burning"), symptoms={"fever": True, "rigors": False}, severity=3, worst=9, temperature=38.4,
          relief_tried=("rest",), relief_helped=("none_helped",), history={"diabetes": False}, sex="female", birth_year=1970),
    Entry("a", TODAY - 5, 21_600_000_000, qualities=("sharp",), symptoms={"fever": False}, worst=2, relief_tried=(), note="slept well"),
    Entry("b", TODAY - 1, qualities=(), symptoms={"fever": False, "rigors": False}, severity=7, relief_helped=("rest",), sex="male"),
    Entry("b", TODAY - 2, 0, symptoms={"rigors": True}, temperature=36.6),
    Entry("c", TODAY - 9),
]


REFINED = [
    # what is not known is no contrary
    (Cohort(qualities=("burning",), negated=("qualities",)), [2, 3]),
    (Cohort(qualities=("burning", "not_recorded"), negated=("qualities",)), [2, 3]),
    (Cohort(qualities=("none",), negated=("qualities",)), [1, 2]),
    (Cohort(qualities=("not_recorded",), negated=("qualities",)), [1, 2, 3]),
    (Cohort(symptoms=("fever",), negated=("symptoms",)), [2, 3]),
    (Cohort(symptoms=("fever", "rigors"), negated=("symptoms",)), [3]),
    (Cohort(symptoms=("fever", "rigors"), negated=("symptoms",), every=("symptoms",)), [1, 2, 3]),
    (Cohort(symptoms=("not_recorded",), negated=("symptoms",)), [1, 2, 3, 4]),
    (Cohort(severity_from=5, negated=("severity",)), [1]),
    (Cohort(sexes=("female",), negated=("sexes",)), [3, 4]),
    (Cohort(age_from=50, negated=("age",)), []),
    (Cohort(sources=("clinic",), negated=("sources",)), []),
    # all of them
    (Cohort(qualities=("sharp", "burning"), every=("qualities",)), [1]),
    (Cohort(qualities=("sharp", "burning"), every=("qualities",), negated=("qualities",)), [2, 3]),
    # ranges
    (Cohort(worst_from=7), [1]), (Cohort(worst_to=0), []), (Cohort(worst_to=2, worst_not_recorded=True), [2, 3, 4, 5]),
    (Cohort(temperature_from=38), [1]), (Cohort(temperature_to=37, negated=("temperature",)), [1]),
    # relief: what helped was tried
    (Cohort(tried=("rest",)), [1, 3]), (Cohort(tried=("none",)), [2]), (Cohort(tried=("not_recorded",)), [4, 5]),
    (Cohort(tried=("rest",), negated=("tried",)), [2]),
    (Cohort(helped=("rest",)), [3]), (Cohort(helped=("none",)), [1]), (Cohort(helped=("rest",), negated=("helped",)), [1]),
    # a date alone is no hour
    (Cohort(hours=("night",)), [1, 4]), (Cohort(hours=("06",)), [2]), (Cohort(hours=("not_recorded",)), [3, 5]),
    (Cohort(hours=("night",), negated=("hours",)), [2]),
    # blanks of every kind
    (Cohort(blank=("severity",)), [2, 4, 5]), (Cohort(blank=("fever",)), [4, 5]), (Cohort(blank=("diabetes",)), [2, 3, 4, 5]),
    (Cohort(blank=("qualities", "note"), every=("blank",)), [4, 5]), (Cohort(blank=("fever", "worst_severity"), negated=("blank",)), [1, 2]),
    (Cohort(blank=("fever", "worst_severity"), every=("blank",), negated=("blank",)), [1, 2, 3]),
    # share of days with worst 7 or more; severity where worst is blank
    (Cohort(high_pain=("to_50",)), [1, 2]), (Cohort(high_pain=("to_100",)), [3, 4]), (Cohort(high_pain=("not_recorded",)), [5]),
    (Cohort(high_pain=("to_100",), negated=("high_pain",)), [1, 2]), (Cohort(high_pain=("to_100",), since=TODAY - 4), [1, 3, 4]),
    # other days
    (Cohort(since=TODAY - 5, until=TODAY - 1, negated=("period",)), [1, 5]), (Cohort(since=TODAY - 1, negated=("period",)), [2, 4, 5]),
    (Cohort(high_pain=("to_100",), since=TODAY - 5, until=TODAY - 1, negated=("period",)), [1]),
    # whole diaries
    (Cohort(qualities=("burning",), whole=True), [1, 2]), (Cohort(since=TODAY - 1, whole=True), [1, 2, 3, 4]), (Cohort(whole=True), [1, 2, 3, 4, 5]),
    (Cohort(symptoms=("fever",), negated=("symptoms",), whole=True), [3, 4]),
    (Cohort(symptoms=("fever",), negated=("symptoms",), whole=True, until=TODAY - 1), [1, 2, 3, 4]),
    (Cohort(symptoms=("fever",), negated=("symptoms", "period"), whole=True, since=TODAY), [1, 2, 3, 4]),
]


def test_the_contrary_all_of_them_blanks_and_whole_diaries(engine: Engine) -> None:
    assert not mistaken(engine, World(MORE), REFINED)


REST = [  # 1 to 4
    Entry("a", TODAY, radiates_to=("leg_left", "foot_left"), aggravated_by=("sitting",), history={"diabetes": True, "clot_risk": False}, pattern="constant",
          trend="worse", onset_speed="sudden", severity_kind="now", least=2, interference=8, bout=30),
    Entry("a", TODAY - 1, radiates_to=("leg_left",), aggravated_by=(), history={"diabetes": False}, pattern="intermittent", trend="same", least=0,
          interference=0, bout=0),
    Entry("b", TODAY, radiates_to=(), history={"clot_risk": False, "diabetes": False}, severity_kind="average"),
    Entry("b", TODAY - 1)]
FIELDS = [
    (Cohort(radiates_to=("leg_left", "foot_left")), [1, 2]), (Cohort(radiates_to=("leg_left", "foot_left"), every=("radiates_to",)), [1]),
    (Cohort(radiates_to=("foot_left",), negated=("radiates_to",)), [2, 3]), (Cohort(radiates_to=("none", "not_recorded")), [3, 4]),
    (Cohort(aggravated_by=("sitting",), negated=("aggravated_by",)), [2]), (Cohort(aggravated_by=("not_recorded",)), [3, 4]),
    (Cohort(history=("diabetes",)), [1]), (Cohort(history=("diabetes", "clot_risk"), negated=("history",)), [3]),
    (Cohort(history=("diabetes", "clot_risk"), negated=("history",), every=("history",)), [1, 2, 3]), (Cohort(history=("not_recorded",)), [4]),
    (Cohort(pattern=("constant",), negated=("pattern",)), [2]), (Cohort(pattern=("intermittent", "not_recorded")), [2, 3, 4]),
    (Cohort(trend=("worse", "same")), [1, 2]), (Cohort(onset_speed=("sudden",)), [1]), (Cohort(onset_speed=("not_recorded",), negated=("onset_speed",)), [1]),
    (Cohort(severity_kind=("now",), negated=("severity_kind",)), [3]),
    (Cohort(least_to=0), [2]), (Cohort(least_from=1, negated=("least",)), [2]), (Cohort(interference_from=5, interference_not_recorded=True), [1, 3, 4]),
    (Cohort(bout_to=0), [2]), (Cohort(bout_from=10, bout_to=60), [1]), (Cohort(bout_not_recorded=True, negated=("bout",)), [1, 2])]


def test_what_no_chart_shows_can_be_asked_for_too(engine: Engine) -> None:
    assert not mistaken(engine, World(REST), FIELDS)


@pytest.mark.parametrize(("cohort", "expected"), [
    (Cohort(buckets=("emergency",)), [1, 2]),
    (Cohort(buckets=("emergency", "not_recorded")), [1, 2, 5, 6]),
    (Cohort(tiers=("E",)), [1, 2]),
    (Cohort(tiers=("none",)), [3, 4]),
    (Cohort(tiers=("none", "not_recorded")), [3, 4, 5, 6]),
    (Cohort(tiers=("E",), buckets=("not_assessable",)), []),
])
def test_patients_that_the_last_evaluation_left_there(engine: Engine, cohort: Cohort, expected: list[int]) -> None:
    outcomes = {("clinic", "0412"): ("emergency", "E"), ("app", "0077"): ("not_assessable", None)}
    assert matching(engine, World(ENTRIES, outcomes=outcomes), cohort) == expected


SAID = [
    Entry("1", TODAY - 9, sex="female", birth_year=1970),  # 1
    Entry("1", TODAY - 2),  # 2, says nothing about herself: the earlier answers stand
    Entry("2", TODAY - 9, sex="female", birth_year=1990),  # 3
    Entry("2", TODAY - 2, sex="male", birth_year=1975),  # 4
    Entry("3", TODAY - 2, NOON, sex="female", birth_year=1976),  # 5
    Entry("3", TODAY - 2, sex="male", birth_year=1975),  # 6, of the same day and without a time: before noon
    Entry("4", TODAY - 2, birth_year=1976),  # 7
    Entry("5", TODAY - 2, sex="other"),  # 8
    Entry("5", TODAY + 1, sex="male", birth_year=1970),  # 9, not yet said
]


WHO = [
    (Cohort(sexes=("female",)), [1, 2, 5, 6]),
    (Cohort(sexes=("male",)), [3, 4]),
    (Cohort(sexes=("other", "not_recorded")), [7, 8]),
    (Cohort(age_from=51), [1, 2, 3, 4]),
    (Cohort(age_from=50, age_to=51), [3, 4, 5, 6, 7]),
    (Cohort(age_to=50), [5, 6, 7]),
    (Cohort(age_not_recorded=True), [8]),
    (Cohort(age_from=56, age_not_recorded=True), [1, 2, 8]),
    (Cohort(sexes=("female",), age_to=50, until=TODAY - 2), [5, 6]),
    (Cohort(sexes=("female",), until=TODAY - 9), [1]),  # 3 is of a patient who has answered otherwise since
]


def test_who_a_patient_is_was_last_answered(engine: Engine) -> None:
    assert not mistaken(engine, World(SAID), WHO)


def test_what_is_known_of_a_patient_comes_from_live_entries_and_not_from_matching_ones(engine: Engine) -> None:
    world = World([Entry("1", TODAY - 5, sex="female", batch=1), Entry("1", TODAY, sex="male", batch=2, locations=("neck",)),
                   Entry("2", TODAY - 5, sex="female", superseded_by=(1,)), Entry("2", TODAY, locations=("neck",))],
                  batches={1: (1, None), 2: (2, 3)})
    assert matching(engine, world, Cohort(sexes=("female",))) == [1]
    with engine.connect() as connection:
        # as known before batch 2 was undone
        assert [row.entry for row in connection.execute(Cohort(sexes=("male",), locations=("neck",)).matching(connection, TODAY, 2))] == [2]


def test_data_through_is_the_sources_own(engine: Engine) -> None:
    insert(engine, World([Entry("1", TODAY - 5), Entry("1", TODAY + 1), Entry("2", TODAY - 9, source="app"), Entry("2", TODAY, batch=2, source="app")],
                         batches={1: (1, None), 2: (2, 3)}))
    with engine.connect() as connection:
        assert cohorts.data_through(connection, TODAY) == {"app": TODAY - 9, "clinic": TODAY - 5}
        assert cohorts.data_through(connection, TODAY, known_at=2) == {"app": TODAY, "clinic": TODAY - 5}


@pytest.mark.parametrize(("cohort", "sentence"), [
    (Cohort(), "All entries"),
    (Cohort(since=day_of(date(2026, 1, 1)), until=TODAY, sexes=("female",), age_from=51, locations=("between_shoulder_blades",), qualities=("burning",)),
     "Entries of women over 50 with burning pain between the shoulder blades, 1 Jan to 31 Mar 2026"),
    (Cohort(since=day_of(date(2025, 11, 1)), until=TODAY), "All entries, 1 Nov 2025 to 31 Mar 2026"),
    (Cohort(since=TODAY, until=TODAY), "All entries, on 31 Mar 2026"),
    (Cohort(since=TODAY), "All entries, since 31 Mar 2026"),
    (Cohort(until=TODAY), "All entries, until 31 Mar 2026"),
    (Cohort(age_to=39, age_not_recorded=True), "Entries of patients under 40 or of unknown age"),
    (Cohort(age_from=40, age_to=59, sexes=("male", "female")), "Entries of women or men, aged 40 to 59"),
    (Cohort(age_from=50, age_to=50), "Entries of patients aged 50"),
    (Cohort(sexes=("not_recorded",), sources=("north", "app")), "Entries of patients of unknown sex from app or north"),
    (Cohort(buckets=("same_day", "emergency"), tiers=("none",)), "Entries whose bucket is emergency or same-day and worst tier is none"),
    (Cohort(buckets=("not_recorded",)), "Entries whose bucket is not evaluated yet"),
    (Cohort(locations=("low_back", "other", "neck")), "Entries with pain in the neck, in the lower back or in another place"),
    (Cohort(qualities=("sharp", "pins_and_needles")), "Entries with sharp or pins-and-needles pain"),
    (Cohort(qualities=("sharp",), locations=("not_recorded", "neck")), "Entries with sharp pain and location neck or not recorded"),
    (Cohort(qualities=("none",)), "Entries with quality answered with none"),
    (Cohort(severity_from=7, durations=("12_weeks_and_more",), symptoms=("fever", "flare")),
     "Entries with duration 12 weeks and more, severity 7 or more and symptom fever or flare"),
    (Cohort(severity_to=3.5, severity_not_recorded=True), "Entries with severity 3.5 or less or not recorded"),
    (Cohort(symptoms=("not_recorded",)), "Entries with no symptom asked about"),
    (Cohort(since=TODAY - 1, until=TODAY, negated=("period",)), "All entries, outside 30 Mar to 31 Mar 2026"),
    (Cohort(since=TODAY, until=TODAY, negated=("period",)), "All entries, not on 31 Mar 2026"),
    (Cohort(since=TODAY, negated=("period",)), "All entries, before 31 Mar 2026"), (Cohort(until=TODAY, negated=("period",)), "All entries, after 31 Mar 2026"),
    (Cohort(radiates_to=("leg_left", "low_back"), pattern=("intermittent",), trend=("worse",), history=("diabetes", "clot_risk"), bout_to=30,
            negated=("radiates_to", "history"), every=("history",)),
     "Entries with area of spread recorded but not lower back or left leg, pain that comes and goes, bouts of 30 minutes or less, pain getting worse and "
     "diabetes or risk of blood clots denied"),
    (Cohort(locations=("chest_middle", "leg_left"), radiates_to=("none", "foot_left", "other"), aggravated_by=("sitting", "none"),
            onset_speed=("sudden", "gradual"), severity_kind=("now", "average"), least_from=1, interference_from=5, interference_to=8),
     "Entries with pain in the middle of the chest or in the left leg, pain spreading to the left foot, to another place or nowhere, a sudden or gradual "
     "onset, severity given for now or as an average, pain of 1 or more at its least, interference of 5 to 8 and pain made worse by sitting or nothing"),
    (Cohort(history=("diabetes", "clot_risk"), pattern=("constant", "intermittent"), trend=("better", "same"), bout_to=1, least_to=0),
     "Entries with constant pain or pain that comes and goes, bouts of 1 minute or less, pain getting better or staying the same, pain of 0 or less at its "
     "least and diabetes or risk of blood clots in the history"),
    (Cohort(history=("not_recorded",), pattern=("intermittent", "not_recorded"), bout_from=5, bout_not_recorded=True),
     "Entries with pattern coming and going or not recorded, minutes a bout 5 or more or not recorded and no history asked about"),
])
def test_a_question_in_words(cohort: Cohort, sentence: str) -> None:
    assert cohort.describe() == sentence


def test_an_address_that_asks_it_again() -> None:
    cohort = Cohort(since=TODAY, severity_from=6.5, locations=("neck", "low_back"), age_not_recorded=True)
    assert cohort.to_params() == {"since": ["2026-03-31"], "severity_from": ["6.5"], "locations": ["neck", "low_back"], "age_not_recorded": ["yes"]}
    assert Cohort.from_params({**cohort.to_params(), "per": "entry"}) == cohort
    assert cohort.question() == '{"age_not_recorded":["yes"],"locations":["neck","low_back"],"severity_from":["6.5"],"since":["2026-03-31"]}'


def test_the_order_in_which_it_was_clicked_does_not_matter() -> None:
    one, other = Cohort(locations=("low_back", "neck"), severity_to=7), Cohort(severity_to=7.0, locations=("neck", "low_back", "neck"))
    assert one == other and hash(one) == hash(other) and one.question() == other.question()


@pytest.mark.parametrize("params", [
    {"since": "31.03.2026"}, {"since": "2026-03-31", "until": "2026-03-30"}, {"since": "0001-01-01"}, {"locations": ["elbow"]}, {"sexes": "f"},
    {"age_from": "old"}, {"age_from": "0"}, {"age_from": "60", "age_to": "50"}, {"severity_from": "nan"}, {"severity_to": "11"},
    {"severity_not_recorded": "1"},
])
def test_an_address_that_cannot_be_read_is_not_answered_as_another_question(params: dict) -> None:
    with pytest.raises(Refused):
        Cohort.from_params(params)
