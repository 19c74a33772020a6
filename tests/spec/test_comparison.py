"""Who is in a group, and what of them is counted, against a second telling that goes through the entries one by one."""
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date
from functools import partial
from random import Random

import pytest
from sqlalchemy import Engine

from dashboard import chance, comparison, outgoing
from dashboard.cohort import Cohort
from dashboard.comparison import Comparison, Group
from dashboard.days import day_of
from dashboard.disclosure import Control
from tests import distributions_oracle
from tests.distributions_oracle import Entry, World, insert, matching

TODAY = 20_543
BURNING, WOMEN = Cohort(qualities=("burning",)), Cohort(sexes=("female",))
BANDS = {"none": range(1), "mild": range(1, 4), "moderate": range(4, 7), "severe": range(7, 11)}
RNG = Random(11)


def now_and_then(*values: object) -> object:
    return RNG.choice((None, *values))


def anything(who: str, day: int) -> Entry:
    """Of most fields something, of each sometimes nothing; some of it undone, some of it known later."""
    fields = {name: RNG.choice((None, (), *((code,) for code in codes), codes)) for name, codes in {
        "locations": ("neck", "head"), "qualities": ("dull", "burning"), "relief_tried": ("rest", "massage"), "relief_helped": ("rest", "cold_pack")}.items()}
    return Entry(
        who, day, now_and_then(0, 5 * 3_600_000_000, 79_200_000_000), source=RNG.choice(("clinic", "other")), batch=RNG.choice((1, 1, 1, 2)),
        superseded_by=RNG.choice(((), (), (2,))), symptoms={code: RNG.random() < 0.4 for code in ("fever", "leg_weakness") if RNG.random() < 0.6}, **fields,
        severity=now_and_then(0.5, 3, 6.5, 8), worst=now_and_then(2, 7, 10), onset=RNG.choice((None, day - 20, day - 60, day - 400)),
        birth_year=now_and_then(1940, 1976, 2001), sex=now_and_then("female", "male"), pattern=now_and_then("constant"), history={"diabetes": True})


ENTRIES = [
    *[Entry(f"a{n}", TODAY - 100 + 20 * day, qualities=("burning",) if day == n % 4 else ("dull",), locations=("neck",) if n % 3 else ("low_back",),
            severity=n % 8, sex="female" if n % 2 else "male", birth_year=1950 + n) for n in range(12) for day in range(4)],
    *[Entry(f"b{n}", TODAY - 5 * day, qualities=("dull",) if n % 3 else None, locations=("neck", "head") if n % 2 else None, severity=5,
            symptoms={"fever": n == 1}, sex="female", source="other") for n in range(9) for day in range(3)],
    *[anything(f"c{n}", TODAY - RNG.randrange(100)) for n in range(20) for _ in range(1 + n % 6)], Entry("once", TODAY - 300, qualities=("burning",))]
WORLD = World(ENTRIES, {1: (1, None), 2: (3, 6)}, {who: (RNG.choice(("emergency", "routine", "no_criterion_met")), None)
                                                   for who in sorted({e.who for e in ENTRIES}) if RNG.random() < 0.8})
NOT_BURNING = Cohort(qualities=("burning",), sexes=("female",), since=TODAY - 70)
PAIRS = [
    (Group("A", BURNING, TODAY), Group("rest", BURNING, TODAY, rest=True)),
    (Group("A", BURNING, TODAY, known_at=4), Group("women", WOMEN, TODAY, known_at=4)),
    (Group("A", Cohort(locations=("head",)), TODAY), Group("women", Cohort(sexes=("male",)), TODAY)),
    (Group("A", NOT_BURNING, TODAY), Group("not burning", NOT_BURNING, TODAY, rest=True, among=Cohort(sexes=("female",), since=TODAY - 70))),
    (Group("A", Cohort(until=TODAY - 50), TODAY), Group("then", Cohort(), TODAY - 40)),
    (Group("A", Cohort(), TODAY), Group("rest", Cohort(), TODAY, rest=True))]


def expected(group: Group) -> tuple[set, list[Entry]]:
    live = WORLD.live(group.as_of, group.known_at)
    first = {who: min(e.day for e in live if e.who == who) for who in {e.who for e in live}}

    def who(question: Cohort) -> set:
        return {e.who for e in matching(WORLD, question, group.as_of, group.known_at) if not group.landmark or e.day < first[e.who] + 14}
    members = who(group.among) - who(group.of) if group.rest else who(group.of)
    counted = [e for e in matching(WORLD, group.period, group.as_of, group.known_at)
               if e.who in members and (not group.landmark or e.day >= first[e.who] + 14)]
    return members, counted


Rows = dict[str, tuple[int, int, int]]  # by code: how many, of how many, how many are missing


def tables(group: Group, entries: list[Entry]) -> dict[str, Rows]:
    """All but the weeks, which are of both sides."""
    whole, base = distributions_oracle.of_entries(entries), len({e.who for e in entries})
    own, lives = defaultdict(list), defaultdict(list)
    for e in entries:
        own[e.who].append(e)
    for e in WORLD.live(group.as_of, group.known_at):
        lives[e.who].append(e)
    more = {name: count(entries, own if name == "high_pain" else lives, group.period, group.as_of, "patient")
            for name, count in distributions_oracle.MORE.items() if name != "weeks"}

    def shares(said: dict) -> Rows:
        return {code: (n, said["answered"], said["not_recorded"]) for code, n in said["counts"].items() if code != "not_recorded"}

    def bands(said: dict) -> Rows:
        return {band: (sum(said["counts"][str(point)] for point in points), said["answered"], said["not_recorded"]) for band, points in BANDS.items()}
    nothing = {code: (row["n"], row["answered"], row["not_recorded"]) for code, row in whole["no_relief"].items()}
    helped = {code: (row["helped"], row["tried"] - row["help_not_recorded"], base - row["tried"] + row["help_not_recorded"])
              for code, row in whole["relief"].items()}
    stood = Counter(WORLD.outcomes[who][0] for who in own if who in WORLD.outcomes)
    return {
        "locations": shares(whole["location"]), "qualities": shares(whole["quality"]), "durations": shares(whole["duration"]),
        "average": bands(whole["severity"]), "worst": bands(whole["severity"]["worst"]),
        "symptoms": {code: (row["present"], row["answered"], row["not_asked"]) for code, row in whole["symptoms"].items()},
        "together": {f"{place} {word}": (n, at["named"], base - at["named"]) for place, at in whole["quality_by_location"].items()
                     for word, n in at["counts"].items()},
        "tried": {code: (row["tried"], row["answered"], row["not_recorded"]) for code, row in whole["relief"].items()}, "relief": helped | nothing,
        **{name: shares(more[name]) for name in ("ages", "sexes", "hours", "high_pain")},
        "sources": {code: (n, base, 0) for code, n in more["sources"].items()}, "blank": {code: (n, base, 0) for code, (n, _) in more["blank"].items()},
        **({} if group.known_at else {"buckets": {code: (n, stood.total(), base - stood.total()) for code, n in stood.items()}})}


def test_each_side_of_each_table_is_what_its_own_entries_say(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "difference", partial(chance.difference, replicates=2))  # chance is no matter of this test
    insert(engine, WORLD)
    with engine.connect() as connection:
        for pair, landmark in [*((pair, False) for pair in PAIRS), *((pair, True) for pair in (PAIRS[0], PAIRS[1], PAIRS[4]))]:
            groups = [replace(group, landmark=landmark) for group in pair]
            _agrees(comparison.compare(connection, *groups), groups)


def _agrees(found: Comparison, groups: list[Group]) -> None:
    members, counted = zip(*map(expected, groups), strict=True)
    for side, name, group, people, entries in zip((found.a, found.b), "ab", groups, members, counted, strict=True):
        base = len({e.who for e in entries})
        assert (side.members, side.patients, side.entries) == (len(people), base, len(entries))
        wanted = tables(group, entries)
        if groups[0].counted == groups[1].counted and counted[0] + counted[1]:
            wanted["weeks"] = _weeks(list(found.tables["weeks"]["code"]), entries, counted[0] + counted[1])
        assert wanted.keys() == found.tables.keys()
        for table, rows in wanted.items():
            made = {row.code: tuple(getattr(row, f"{what}_{name}") for what in ("n", "of", "missing")) for row in found.tables[table].itertuples()}
            assert {code: one for code, one in made.items() if one[0] or code in rows} == {
                code: one for code, one in rows.items() if code in made or one[0]}, (group, table)
            assert all(of + missing == base for _, of, missing in made.values()), "who is not asked, or does not answer, is missing"
        for of in ("average", "worst"):
            said = distributions_oracle.of_entries(entries)["severity"]
            said = said["worst"] if of == "worst" else said
            mean = found.means[of]["ab".index(name)]
            assert mean != mean if not said["answered"] else abs(mean - sum(int(point) * n for point, n in said["counts"].items()) / said["answered"]) < 1e-9
    assert found.both == len(members[0] & members[1])


def _weeks(codes: list[str], entries: list[Entry], of_both: list[Entry]) -> Rows:
    """They follow upon each other from the first entry of either side to the last."""
    begin = [*(day_of(date.fromisoformat(code)) for code in codes), TODAY + 400]
    assert begin[0] <= min(e.day for e in of_both) < begin[1] and begin[-2] <= max(e.day for e in of_both)
    base = len({e.who for e in entries})
    return {code: (len({e.who for e in entries if since <= e.day < beyond}), base, 0)
            for code, since, beyond in zip(codes, begin, begin[1:], strict=False)}


def test_shares_add_up_to_the_difference_and_case_mix_is_named(engine: Engine) -> None:
    insert(engine, World(ENTRIES[:75]))
    with engine.connect() as connection:
        found = comparison.compare(connection, Group("A", BURNING, TODAY), Group("B", Cohort(sources=("other",)), TODAY))
    for name in found.tables:
        assert outgoing.compared(name, found, {}, Control(0))["n_a"].tolist() == found.tables[name]["n_a"].tolist(), "every table can be taken away"
    for rows in found.tables.values():
        known = rows.dropna(subset="difference")
        assert ((known["share_a"] - known["share_b"] - known["difference"]).abs() < 1e-9).all()
        assert (known["low"] <= known["difference"] + 1e-9).all() and (known["difference"] <= known["high"] + 1e-9).all()
    assert ("sources", "other", -100) in comparison.case_mix(found) and any(name == "sexes" for name, *_ in comparison.case_mix(found))
