from collections.abc import Callable

import pandas as pd
import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from dashboard.errors import Conflict, NotFound, Refused
from dashboard.rules import active, definition, flags
from dashboard.rules.definition import TIERS
from dashboard.schema import rule_set
from dashboard.views import session
from tests.views.events import begin_with, choose_rows, click, has, load, sheet, shown, type_into

Open = Callable[..., AppTest]
DIARY = sheet("001,2025-03-01,4,mid_back,yes,yes", "002,2025-03-01,3,low_back,no,no", "003,2025-03-01,3,low_back,,")


def listed(at: AppTest) -> pd.DataFrame:
    return next(table.value for table in at.dataframe if table.key == "rule_list")


def position(at: AppTest, rule_id: str) -> int:
    return listed(at)["Rule"].tolist().index(rule_id)


@pytest.fixture
def newer(clinic: Engine) -> int:
    """A rule set that came with a release, lacks one rule, and waits."""
    fewer = definition.document(tuple(rule for rule in definition.load() if rule.rule_id != "R04"))
    with clinic.begin() as connection:
        connection.execute(rule_set.insert().values(version=2, digest=definition.digest(fewer), document=fewer, shipped=True, event=0))
    return 2


def test_one_line_a_rule_with_everybody_counted(open_page: Open, clinic: Engine) -> None:
    begin_with(clinic, "march.csv", DIARY)
    at = open_page("rules")
    table = listed(at)
    assert table["Rule"].nunique() == len(table) == len(definition.load())
    assert set(table["Met"] + table["Not met"] + table["Can't assess"]) == {3}
    assert table.set_index("Rule").loc["E04", ["Met", "Not met", "Can't assess"]].tolist() == [1, 1, 1]
    assert all(text.split(" ")[1:] for text in table["Tier"]), "icon and word"


def test_worst_tier_first(open_page: Open) -> None:
    words = [text.split(" or ")[0].split(" ", 1)[1] for text in listed(open_page("rules"))["Tier"]]
    assert words == sorted(words, key=list(TIERS.values()).index)


def test_a_rule_reads_as_the_rule_object_says(open_page: Open) -> None:
    at = open_page("rules")
    for rule in definition.load():
        text = shown(choose_rows(at, "rule_list", position(at, rule.rule_id)))
        for arm, sentence in zip(rule.arms, rule.describe(), strict=True):
            assert sentence.removeprefix(f"{TIERS[arm.tier]}: ") in text
        assert rule.cannot_assess() in text
        assert all(source.says in text for source in rule.sources)
        assert rule.tier_conflict in text
        assert all(f"`{column}`" in text for column in definition.reads(rule))
        assert "{" not in text, "an action's gaps are filled"


def test_a_rule_closes_again(open_page: Open) -> None:
    at = open_page("rules")
    choose_rows(at, "rule_list", 0)
    assert has(at, "rule_shut")
    click(at, "rule_shut")
    assert not has(at, "rule_shut")


def test_what_is_not_in_force_is_said(open_page: Open) -> None:
    missing = definition.not_in_force(definition.load())
    text = shown(open_page("rules"))
    assert ("Rules not in force" in text) == bool(missing)
    assert all(rule_id in text for rule_id in missing)


def test_a_newer_rule_set_waits_for_a_person_with_a_reason(open_page: Open, clinic: Engine, newer: int) -> None:
    load(clinic, "march.csv", DIARY)
    at = open_page("rules", name="Dr. Okafor")
    assert "A newer rule set came with this release and is not active." in shown(at)
    assert "Gone: R04" in shown(at)
    click(at, f"activate_now_{newer}")
    assert "Say why" in at.warning[0].value
    type_into(at, f"activate_reason_{newer}", "Reviewed on 3 March")
    click(at, f"activate_now_{newer}")
    assert "R04" not in listed(at)["Rule"].tolist()
    assert "Dr. Okafor activated rule set 2. Reason: Reviewed on 3 March." in shown(at)
    assert "A newer rule set" not in shown(at)
    with clinic.connect() as connection:
        assert active.active_version(connection) == newer
        assert not flags.is_pending(connection), "the page evaluates what changed"


def test_activation_needs_a_name(open_page: Open, newer: int) -> None:
    assert not has(open_page("rules"), f"activate_now_{newer}")


@pytest.mark.parametrize(("version", "reason", "raised"), [(2, "  ", Refused), (3, "why not", NotFound), (1, "again", Conflict)])
def test_activation_is_refused(clinic: Engine, newer: int, version: int, reason: str, raised: type[Exception]) -> None:
    with pytest.raises(raised):
        active.activate(clinic, version, by="Dr. Okafor", at=session.now(), reason=reason)
