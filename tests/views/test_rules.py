import re
from collections.abc import Callable

import pandas as pd
import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from dashboard import audit
from dashboard.days import date_of
from dashboard.errors import Conflict, NotFound, Refused
from dashboard.rules import active, definition, examples, explain, flags, parameters
from dashboard.rules.definition import TIERS
from dashboard.schema import rule_set
from dashboard.views import session
from dashboard.views import workload as views_workload
from tests.views.events import begin_with, choose_rows, click, has, load, settled, sheet, shown, type_into

Open = Callable[..., AppTest]
ALL = pytest.mark.usefixtures("all_rules")
DIARY = sheet("001,2025-03-01,4,mid_back,yes,yes", "002,2025-03-01,3,low_back,no,no", "003,2025-03-01,3,low_back,,")


def listed(at: AppTest) -> pd.DataFrame:
    return next(table.value for table in at.dataframe if table.key == "rule_list")


def table(at: AppTest, key: str) -> pd.DataFrame:
    return next(found.value for found in at.dataframe if found.key == key)


def workload(at: AppTest) -> pd.DataFrame:
    return next(found.value for found in at.dataframe if "Flags so far" in found.value)


def unescaped(at: AppTest) -> str:
    """Without the marks that keep a text from being Markdown."""
    return shown(at).replace("\\", "")


def parameter(at: AppTest, label: str, value: float) -> str:
    return next(field.key for field in at.number_input if field.label == label and field.value == value)


def position(at: AppTest, rule_id: str) -> int:
    return listed(at)["Rule"].tolist().index(rule_id)


@pytest.fixture
def newer(clinic: Engine) -> int:
    """A rule set that came with a release, lacks one rule, and waits."""
    with clinic.begin() as connection:
        fewer = definition.document(tuple(rule for rule in active.current(connection).rules if rule.rule_id != "R04"))
        connection.execute(rule_set.insert().values(version=2, digest=definition.digest(fewer), document=fewer, shipped=True, event=0))
    return 2


@ALL
def test_one_line_a_rule_with_everybody_counted(open_page: Open, clinic: Engine) -> None:
    begin_with(clinic, "march.csv", DIARY)
    at = open_page("rules")
    table = listed(at)
    assert table["Rule"].nunique() == len(table) == len(definition.load())
    assert set(table["Met"] + table["Not met"] + table["Can't assess"]) == {3}
    assert table.set_index("Rule").loc["E04", ["Met", "Not met", "Can't assess"]].tolist() == [1, 1, 1]
    assert all(text.split(" ")[1:] for text in table["Tier"]), "icon and word"
    assert "Rules not in force" not in shown(at)


def test_worst_tier_first(open_page: Open) -> None:
    words = [text.split(" or ")[0].split(" ", 1)[1] for text in listed(open_page("rules"))["Tier"]]
    assert words == sorted(words, key=list(TIERS.values()).index)


@ALL
def test_a_rule_reads_as_the_rule_object_says(open_page: Open) -> None:
    at = open_page("rules")
    for rule in definition.load():
        if rule.rule_id not in ("E08", "E10", "U02", "R01", "R05", "I01"):  # of every shape one
            continue
        text = shown(choose_rows(at, "rule_list", position(at, rule.rule_id)))
        for arm in rule.arms:
            assert arm.reason in text and all(f"- {line}" in text for _, line in explain.outline(arm.when))
        assert rule.cannot_assess() in text
        assert all(source.says in text for source in rule.sources)
        assert rule.tier_conflict in text
        assert all(f"`{column}`" in text for column in definition.reads(rule))
        assert "{" not in text, "an action's gaps are filled"


@ALL
def test_examples_stand_beside_the_rule_and_say_where_it_differs(open_page: Open, clinic: Engine) -> None:
    changed = parameters.with_values(u08 := next(rule for rule in definition.load() if rule.rule_id == "U08"), {
        one: 7 for one in parameters.of(u08) if one.label == "Worst pain, at least" and one.value == 8})
    active.adopt(clinic, tuple(changed if rule.rule_id == "U08" else rule for rule in definition.load()), by="A. Berg", at=session.now(), reason="agreed")
    at = open_page("rules")
    choose_rows(at, "rule_list", position(at, "U08"))
    assert "This one differs, and what follows may name other numbers: worst pain, at least: 8 → 7 of 10" in unescaped(at)
    at.session_state["rule_tabs_U08"] = "Examples"
    text = unescaped(settled(at.run()))
    example, diaries = examples.shipped()["U08"][0], next(found.value["Diary"] for found in at.table if "Diary" in found.value)
    assert example.says in diaries[0] and all(entry in diaries[0] for entry in example.entries())
    assert "Written for the rule as it came with this release." in text and "worst pain, at least: 8 → 7 of 10" in text


def test_a_rule_closes_again(open_page: Open) -> None:
    at = open_page("rules")
    choose_rows(at, "rule_list", 0)
    assert has(at, "rule_shut")
    click(at, "rule_shut")
    assert not has(at, "rule_shut")


def test_a_newer_rule_set_waits_for_a_person_who_tries_it_first(open_page: Open, clinic: Engine, newer: int) -> None:
    load(clinic, "march.csv", DIARY)
    at = open_page("rules", name="Dr. Okafor")
    assert "A newer rule set came with this release and is not active." in shown(at)
    assert "R04 Pain for 12 weeks or more: switched off" in unescaped(at)
    click(at, f"try_{newer}")
    click(at, "activate")
    assert "Say why" in at.warning[0].value
    type_into(at, "activate_reason", "Reviewed on 3 March")
    click(at, "activate")
    assert "R04" not in listed(at)["Rule"].tolist()
    assert "Dr. Okafor activated rule set 2. Reason: Reviewed on 3 March." in shown(at)
    assert "A newer rule set" not in shown(at)
    with clinic.connect() as connection:
        assert active.active_version(connection) == newer, "the one on record, not a copy of it"
        assert not flags.is_pending(connection), "the page evaluates what changed"


def test_putting_in_force_needs_a_name(open_page: Open, newer: int) -> None:
    at = click(open_page("rules"), f"try_{newer}")
    assert not has(at, "activate")


def severe() -> str:
    """Two patients with severe pain of the last days, which is all that U08 looks at."""
    return sheet(*[f"00{number},{date_of(session.today() - ago)},{score},mid_back" for number, score in ((1, 8), (2, 9)) for ago in (2, 1)],
                 header="patient_id,recorded_at,severity,locations")


def test_a_number_changed_in_the_form_is_tried_put_in_force_and_put_back(open_page: Open, clinic: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    load(clinic, "now.csv", severe())
    monkeypatch.setattr(views_workload, "FIRST", 1)
    monkeypatch.setattr(views_workload, "UNASKED", 0)
    at = open_page("rules", name="Dr. Okafor")
    choose_rows(at, "rule_list", position(at, "U08"))
    at.number_input(key=parameter(at, "Worst pain, at least (of 10)", 8)).set_value(9.0)
    click(at, "keep_U08")
    assert "U08 Severe pain without relief: worst pain, at least: 8 → 9 of 10" in unescaped(at)
    click(at, "try")
    assert "0 patients would newly meet a criterion, 1 would drop out" in shown(at)
    assert table(at, "trial_list")[["Patient", "In force", "Draft", "Not met any more"]].to_numpy().tolist() == [
        ["001", "▲ Same-day", "– No criterion met", "U08"]]
    settled(next(button for button in at.get("download_button") if button.key == "trial_csv").click().run())
    with clinic.connect() as connection:
        assert [made["what"] for made in audit.events(connection, kinds=["exported"])["details"]] == ["whom a draft of rules would move"]
    assert "1 of 2 patients, drawn at random" in shown(at) and "too few for an interval" in shown(at)
    click(at, "count_patients")
    assert "drawn at random" not in shown(at) and not has(at, "count_patients")
    assert workload(at).set_index("Rule").loc["U08", ["New flags, in force", "New flags, draft"]].tolist() == [2, 1]
    type_into(at, "activate_reason", "Eight is too many")
    click(at, "activate")
    assert "Draft, not in force" not in shown(at)
    with clinic.connect() as connection:
        rule = active.current(connection).by_id("U08")
        assert (active.active_version(connection), rule.version) == (2, 3)
        assert rule.arms[1].reason.startswith("Pain of 9 or more on two close days"), "what it is called says the same number"
    click(at, "back_1")
    type_into(at, "activate_reason", "After all")
    click(at, "activate")
    with clinic.connect() as connection:
        assert active.active_version(connection) == 1


def test_a_rule_switched_off_is_said_everywhere_and_can_come_back(open_page: Open, clinic: Engine) -> None:
    begin_with(clinic, "march.csv", DIARY)
    at = open_page("rules", name="Dr. Okafor")
    choose_rows(at, "rule_list", position(at, "E04"))
    at.toggle(key="on_E04").set_value(False)
    click(at, "keep_E04")
    click(at, "try")
    type_into(at, "activate_reason", "Try")
    click(at, "activate")
    assert re.search(r"Rules not in force:\*\* .*E04", shown(at))
    click(at, "off_E04")
    assert "Switched off." in shown(at)
    at.toggle(key="on_E04").set_value(True)
    click(at, "keep_E04")
    click(at, "try")
    assert "E04 New leg weakness or paralysis: switched on" in unescaped(at)
    type_into(at, "activate_reason", "Back")
    click(at, "activate")
    with clinic.connect() as connection:
        assert active.active_version(connection) == 1, "it says what the first one said"


@ALL
def test_what_goes_together_in_no_way_is_refused(open_page: Open) -> None:
    at = open_page("rules", name="Dr. Okafor")
    choose_rows(at, "rule_list", position(at, "R07"))
    at.number_input(key=parameter(at, "On so many days", 4)).set_value(8)
    click(at, "keep_R07")
    assert "can never be met" in at.warning[0].value
    assert "Draft, not in force" not in shown(at)


def test_the_rows_behind_a_rule(open_page: Open, clinic: Engine) -> None:
    begin_with(clinic, "march.csv", DIARY)
    at = open_page("rules")
    choose_rows(at, "rule_list", position(at, "E04"))
    at.session_state["rule_tabs_E04"] = "Who meets it"
    found = table(settled(at.run()), "rule_rows_table")
    assert found[["Patient", "Met as", "When"]].to_numpy().tolist() == [["001", "New leg weakness or paralysis", "1 Mar 2025"]]
    choose_rows(at, "rule_rows_table", 0)
    assert at.session_state["patient_page"] == 1


@pytest.mark.parametrize(("version", "reason", "raised"), [(2, "  ", Refused), (3, "why not", NotFound), (1, "again", Conflict)])
def test_activation_is_refused(clinic: Engine, newer: int, version: int, reason: str, raised: type[Exception]) -> None:
    with pytest.raises(raised):
        active.activate(clinic, version, by="Dr. Okafor", at=session.now(), reason=reason)
