"""Who is in a group, and what of them is counted, against a second telling that goes through the entries one by one."""
from collections import Counter

import pytest
from sqlalchemy import Engine

from dashboard import comparison
from dashboard.cohort import Cohort
from dashboard.comparison import Comparison, Group
from tests.distributions_oracle import Entry, World, insert, matching

TODAY = 20_543
BURNING, WOMEN = Cohort(qualities=("burning",)), Cohort(sexes=("female",))
WORLD = World([
    *[Entry(f"a{n}", TODAY - 100 + 20 * day, qualities=("burning",) if day == n % 4 else ("dull",), locations=("neck",) if n % 3 else ("low_back",),
            severity=n % 8, sex="female" if n % 2 else "male", birth_year=1950 + n) for n in range(12) for day in range(4)],
    *[Entry(f"b{n}", TODAY - 5 * day, qualities=("dull",) if n % 3 else None, locations=("neck", "head") if n % 2 else None, severity=5,
            symptoms={"fever": n == 1}, sex="female", source="other") for n in range(9) for day in range(3)],
    Entry("once", TODAY - 300, qualities=("burning",))])


def compare(engine: Engine, a: Group, b: Group) -> Comparison:
    insert(engine, WORLD)
    with engine.connect() as connection:
        return comparison.compare(connection, a, b)


def expected(group: Group) -> tuple[set, list[Entry]]:
    live = WORLD.live(group.as_of)
    first = {who: min(e.day for e in live if e.who == who) for who in {e.who for e in live}}

    def who(question: Cohort) -> set:
        return {e.who for e in matching(WORLD, question, group.as_of) if not group.landmark or e.day < first[e.who] + 14}
    members = who(group.among) - who(group.of) if group.rest else who(group.of)
    counted = [e for e in matching(WORLD, group.period, group.as_of) if e.who in members and (not group.landmark or e.day >= first[e.who] + 14)]
    return members, counted


@pytest.mark.parametrize("landmark", [False, True])
@pytest.mark.parametrize(("a", "b"), [
    (Group("A", BURNING, TODAY), Group("rest", BURNING, TODAY, rest=True)),
    (Group("A", BURNING, TODAY), Group("women", WOMEN, TODAY)),
    (Group("A", Cohort(qualities=("burning",), sexes=("female",), since=TODAY - 70), TODAY),
     Group("not burning", Cohort(qualities=("burning",), sexes=("female",), since=TODAY - 70), TODAY, rest=True,
           among=Cohort(sexes=("female",), since=TODAY - 70))),
    (Group("A", Cohort(until=TODAY - 50), TODAY), Group("then", Cohort(), TODAY - 40)),
    (Group("A", Cohort(), TODAY), Group("rest", Cohort(), TODAY, rest=True))])
def test_groups_and_what_is_counted_of_them(engine: Engine, a: Group, b: Group, landmark: bool) -> None:
    groups = [Group(g.name, g.of, g.as_of, g.known_at, g.rest, g.among, landmark) for g in (a, b)]
    found = compare(engine, *groups)
    members = []
    for side, group, name in zip((found.a, found.b), groups, "ab", strict=True):
        people, entries = expected(group)
        members.append(people)
        assert (side.members, side.patients, side.entries) == (len(people), len({e.who for e in entries}), len(entries))
        for table, field in (("locations", "locations"), ("qualities", "qualities")):
            said = {e.who for e in entries if getattr(e, field) is not None}
            n = Counter(code for who in said for code in {code for e in entries if e.who == who for code in getattr(e, field) or ()})
            rows = found.tables[table].set_index("code")
            assert {code: value for code, value in rows[f"n_{name}"].items() if value} == dict(n)
            assert set(rows[f"of_{name}"]) == {len(said)} and set(rows[f"missing_{name}"]) == {side.patients - len(said)}
        fever = found.tables["symptoms"].set_index("code").loc["fever"]
        asked = {e.who for e in entries if "fever" in e.symptoms}
        assert (fever[f"n_{name}"], fever[f"of_{name}"]) == (len({e.who for e in entries if e.symptoms.get("fever")}), len(asked))
        sexes = found.tables["sexes"].set_index("code")
        women = {e.who for e in entries if e.who in {e.who for e in WORLD.live(group.as_of) if e.sex == "female"}}
        assert sexes.loc["female", f"n_{name}"] == len(women)
        pairs = {(e.who, place, word) for e in entries for place in e.locations or () for word in e.qualities or ()}
        together = found.tables["together"].set_index("code")[f"n_{name}"]
        assert {code: n for code, n in together.items() if n} == dict(Counter(f"{place} {word}" for _, place, word in pairs))
    assert found.both == len(members[0] & members[1])


def test_shares_add_up_to_the_difference_and_case_mix_is_named(engine: Engine) -> None:
    found = compare(engine, Group("A", BURNING, TODAY), Group("B", Cohort(sources=("other",)), TODAY))
    for rows in found.tables.values():
        known = rows.dropna(subset="difference")
        assert ((known["share_a"] - known["share_b"] - known["difference"]).abs() < 1e-9).all()
        assert (known["low"] <= known["difference"] + 1e-9).all() and (known["difference"] <= known["high"] + 1e-9).all()
    assert ("sources", "other", -100) in comparison.case_mix(found) and any(name == "sexes" for name, *_ in comparison.case_mix(found))
