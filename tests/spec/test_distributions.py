import pytest
from sqlalchemy import Engine

from dashboard import distributions, sample
from dashboard.codelists import LOCATION, QUALITY, RELIEF
from dashboard.cohort import Cohort
from tests.distributions_oracle import Entry, World, insert

TODAY = 20_543
NOON = 43_200_000_000


def asked(engine: Engine, entries: list[Entry], cohort: Cohort | None = None, per: str = "patient", **world: object) -> dict:
    insert(engine, World(entries, **world))
    with engine.connect() as connection:
        return distributions.summary(connection, cohort or Cohort(), as_of=TODAY, per=per)


def counted(distribution: dict) -> dict:
    return {code: n for code, n in distribution["counts"].items() if n}


PLACES = [
    Entry("heavy", TODAY, locations=("neck",)),
    Entry("heavy", TODAY - 1, locations=("neck", "low_back")),
    Entry("heavy", TODAY - 2, locations=()),
    Entry("heavy", TODAY - 3),
    Entry("light", TODAY, locations=("other",)),
    Entry("none", TODAY, locations=()),
    Entry("blank", TODAY),
]


@pytest.mark.parametrize(("per", "answered", "not_recorded", "counts"), [
    ("patient", 3, 1, {"neck": 1, "low_back": 1, "other": 1, "none": 2}),
    ("entry", 5, 2, {"neck": 2, "low_back": 1, "other": 1, "none": 2}),
])
def test_a_place_counts_where_any_matching_entry_names_it(engine: Engine, per: str, answered: int, not_recorded: int, counts: dict) -> None:
    found = asked(engine, PLACES, per=per)
    assert found["base"] == {"patients": 4, "entries": 7, "entries_per_patient": {"median": 1, "q1": 1, "q3": 1.75}}
    assert (found["location"]["answered"], found["location"]["not_recorded"], counted(found["location"])) == (answered, not_recorded, counts)


def test_qualities_have_a_base_of_their_own(engine: Engine) -> None:
    found = asked(engine, [Entry("1", TODAY, locations=("neck",)), Entry("2", TODAY, qualities=("sharp", "other"))])
    assert (found["quality"]["answered"], found["quality"]["not_recorded"], counted(found["quality"])) == (1, 1, {"sharp": 1, "other": 1})
    assert (found["location"]["answered"], found["location"]["not_recorded"], counted(found["location"])) == (1, 1, {"neck": 1})


@pytest.mark.parametrize(("days", "expected"), [
    (0, "under_6_weeks"), (41, "under_6_weeks"), (42, "6_to_12_weeks"), (83, "6_to_12_weeks"), (84, "12_weeks_and_more"),
    (9000, "12_weeks_and_more"), (None, "not_recorded")])
def test_duration_classes(engine: Engine, days: int | None, expected: str) -> None:
    found = asked(engine, [Entry("1", TODAY, onset=None if days is None else TODAY - days)])["duration"]
    assert counted(found) == {expected: 1} and found["answered"] == (days is not None)


@pytest.mark.parametrize(("entries", "expected"), [
    # the last entry with a known onset decides, not the last entry and not the longest
    ([Entry("1", TODAY - 50, onset=TODAY - 250), Entry("1", TODAY - 3, onset=TODAY - 5), Entry("1", TODAY)], "under_6_weeks"),
    ([Entry("1", TODAY, NOON, onset=TODAY), Entry("1", TODAY, NOON - 1, onset=TODAY - 90)], "under_6_weeks"),
    ([Entry("1", TODAY, 0, onset=TODAY), Entry("1", TODAY, onset=TODAY - 90)], "under_6_weeks"),
    ([Entry("1", TODAY, NOON, onset=TODAY), Entry("1", TODAY, NOON, onset=TODAY - 90)], "12_weeks_and_more"),
    ([Entry("1", TODAY - 1, 86_399_999_999, onset=TODAY - 90), Entry("1", TODAY, onset=TODAY)], "under_6_weeks"),
])
def test_one_duration_class_a_patient(engine: Engine, entries: list[Entry], expected: str) -> None:
    assert counted(asked(engine, entries)["duration"]) == {expected: 1}


@pytest.mark.parametrize(("severities", "expected"), [
    ([6, 7], "7"), ([6.5], "7"), ([6.4], "6"), ([6, 6, 7], "6"), ([0, 1], "1"), ([0], "0"), ([10, None], "10"), ([9.5], "10"),
    # 6.5 and 7.5, which binary fractions fall short of
    ([1.4, 8.2, 8.2, 8.2], "7"), ([2.9, 8.2, 9.2, 9.7], "8"), ([0.1, 0.2, 0.3, 0.7, 0.8, 0.9], "1"), ([2.3, 2.7], "3"), ([8.1, 8.9], "9"), ([2.49999], "2"),
])
def test_a_mean_is_rounded_half_up(engine: Engine, severities: list[float | None], expected: str) -> None:
    found = asked(engine, [Entry("1", TODAY - n, severity=severity) for n, severity in enumerate(severities)])
    assert counted(found["severity"]) == {expected: 1}
    given = [severity for severity in severities if severity is not None]
    assert str(sample.rounded(sum(given) / len(given))) == expected


def test_severity_is_the_mean_and_the_largest_worst_per_patient_and_what_was_said_per_entry(engine: Engine) -> None:
    entries = [Entry("1", TODAY, severity=2, worst=9), Entry("1", TODAY - 1, severity=3.5), Entry("1", TODAY - 2, worst=4), Entry("2", TODAY)]
    found = asked(engine, entries)["severity"]
    assert (found["answered"], found["not_recorded"], counted(found)) == (1, 1, {"3": 1})
    assert (found["worst"]["answered"], found["worst"]["not_recorded"], counted(found["worst"])) == (1, 1, {"9": 1})
    with engine.connect() as connection:
        found = distributions.summary(connection, Cohort(), as_of=TODAY, per="entry")["severity"]
    assert (found["answered"], found["not_recorded"], counted(found), counted(found["worst"])) == (2, 2, {"2": 1, "4": 1}, {"4": 1, "9": 1})


@pytest.mark.parametrize(("per", "expected"), [
    ("patient", {"present": 1, "denied": 1, "not_asked": 1, "answered": 2}),
    ("entry", {"present": 1, "denied": 3, "not_asked": 1, "answered": 4}),
])
def test_a_symptom_is_present_denied_or_not_asked(engine: Engine, per: str, expected: dict) -> None:
    entries = [Entry("1", TODAY, symptoms={"fever": False}), Entry("1", TODAY - 5, symptoms={"fever": True, "rigors": False}),
               Entry("2", TODAY, symptoms={"fever": False}), Entry("2", TODAY - 1, symptoms={"fever": False}), Entry("3", TODAY)]
    found = asked(engine, entries, per=per)["symptoms"]
    assert found["fever"] == expected
    assert found["vomiting"] == {"present": 0, "denied": 0, "not_asked": 3 if per == "patient" else 5, "answered": 0}


def test_relief_helped_of_tried(engine: Engine) -> None:
    entries = [
        Entry("1", TODAY, relief_tried=("rest", "cold_pack"), relief_helped=("rest",)),
        Entry("2", TODAY, relief_tried=("rest",)),  # never said whether it helped
        Entry("2", TODAY - 1, relief_tried=("cold_pack",), relief_helped=("none_helped",)),
        Entry("3", TODAY, relief_helped=("rest",)),  # what helped was tried
        Entry("4", TODAY, relief_tried=()), Entry("5", TODAY), Entry("6", TODAY, relief_helped=())]
    found = asked(engine, entries)
    base = {"answered": 5, "not_recorded": 1}
    assert found["relief"]["rest"] == {"tried": 3, "helped": 2, "help_not_recorded": 1, **base}
    assert found["relief"]["cold_pack"] == {"tried": 2, "helped": 0, "help_not_recorded": 0, **base}
    assert found["relief"]["acupuncture"] == {"tried": 0, "helped": 0, "help_not_recorded": 0, **base}
    assert "none_helped" not in found["relief"]
    assert found["no_relief"] == {"nothing_tried": {"n": 1, "answered": 3, "not_recorded": 3}, "nothing_helped": {"n": 2, "answered": 4, "not_recorded": 2}}


def test_only_matching_entries_count(engine: Engine) -> None:
    entries = [Entry("1", TODAY, locations=("neck",), severity=8, onset=TODAY - 90), Entry("1", TODAY - 1, locations=("low_back",), severity=2, onset=TODAY),
               Entry("2", TODAY, locations=("low_back",), severity=5)]
    found = asked(engine, entries, Cohort(locations=("low_back",)))
    assert found["sentence"] == "Entries with pain in the lower back"
    assert (found["base"]["patients"], found["base"]["entries"]) == (2, 2)
    assert counted(found["location"]) == {"low_back": 2} and counted(found["severity"]) == {"2": 1, "5": 1}


def test_undone_superseded_and_later_entries_do_not_count(engine: Engine) -> None:
    entries = [Entry("1", TODAY, severity=1), Entry("1", TODAY, severity=9, batch=2), Entry("1", TODAY, severity=9, superseded_by=(1,)),
               Entry("1", TODAY + 1, severity=9)]
    found = asked(engine, entries, batches={1: (1, None), 2: (2, 3)})
    assert found["base"]["entries"] == 1 and counted(found["severity"]) == {"1": 1}
    with engine.connect() as connection:
        before_the_undo = distributions.summary(connection, Cohort(), as_of=TODAY, known_at=2)
    assert before_the_undo["base"]["entries"] == 2 and counted(before_the_undo["severity"]) == {"5": 1}


def test_as_of_and_data_through(engine: Engine) -> None:
    entries = [Entry("1", TODAY - 3), Entry("2", TODAY - 9, source="app")]
    found = asked(engine, entries)
    assert (found["as_of"], found["data_through"], found["data_through_by_source"]) == (
        "2026-03-31", "2026-03-22", {"app": "2026-03-22", "clinic": "2026-03-28"})
    with engine.connect() as connection:
        assert distributions.summary(connection, Cohort(sources=("clinic",)), as_of=TODAY)["data_through"] == "2026-03-28"


@pytest.mark.parametrize("per", ["patient", "entry"])
@pytest.mark.parametrize("cohort", [Cohort(), Cohort(locations=("jaw",))])
def test_nobody(engine: Engine, per: str, cohort: Cohort) -> None:
    found = asked(engine, [], cohort, per=per)
    assert found["base"] == {"patients": 0, "entries": 0, "entries_per_patient": {"median": None, "q1": None, "q3": None}}
    assert found["location"]["answered"] == found["symptoms"]["fever"]["not_asked"] == found["duration"]["not_recorded"] == 0
    assert found["data_through"] is None


def test_two_samples_of_one_connection(engine: Engine) -> None:
    insert(engine, World(PLACES))
    with engine.connect() as connection:
        one = distributions.sample(connection, Cohort(locations=("neck",)), as_of=TODAY, name="one")
        other = distributions.sample(connection, Cohort(locations=("other",)), as_of=TODAY, name="other")
        assert [distributions.locations(connection, sample).query("n > 0")["code"].tolist() for sample in (one, other)] == [["neck", "low_back"], ["other"]]


def test_no_list_uses_the_bits_that_say_it_was_answered() -> None:
    assert max(bit for codelist in (LOCATION, QUALITY, RELIEF) for bit in codelist.bit.values()) < 60
