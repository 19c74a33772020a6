"""States that are rare, and matter then: nothing there, nothing found, not evaluated, failed, far too much."""
import re
from collections.abc import Callable

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from dashboard import start
from dashboard.imports import commit, plan, tabular
from dashboard.rules import definition, evaluate
from dashboard.rules import outcome as asking
from dashboard.schema import flag
from dashboard.views import session
from tests.canonical import quiet, scant, written
from tests.views.events import choose_rows, click, field, has, load, shown
from tests.views.events import open_page as app

Open = Callable[..., AppTest]
RIGHT_TO_LEFT = "الألم شديد عند الجلوس ولا أستطيع النوم."


def day(ago: int) -> int:
    return session.today() - ago


def warnings(at: AppTest) -> str:
    return "\n".join(warning.value for warning in at.warning)


def test_empty_database_says_what_to_do_first(open_page: Open, clinic: Engine) -> None:
    at = open_page("worklist")
    assert "No diaries yet" in shown(at)
    assert "no diaries yet · rules v1" in shown(at)
    assert has(at, "template")
    assert not at.dataframe


def test_a_setting_that_cannot_be_understood_is_said_on_the_page(open_page: Open, clinic: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIN_DIARY_HOURS", "Mon-Fri 8-18")
    assert '"8-18" is neither hours nor the name of a time zone.' in warnings(open_page("worklist"))


def test_demo_diaries_can_be_loaded_and_removed(open_page: Open, clinic: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "sample_files", lambda: sorted(start.SAMPLE.glob("*late_march.csv")))
    at = click(open_page("worklist"), "load_demo")
    assert "Who are you?" in shown(at)
    assert "No diaries yet" in shown(at), "nothing is written without a name"
    at.session_state["signed_name"] = "M. Ito"
    click(at.run(), "load_demo")
    assert "Demo data" in shown(at)
    click(at, "remove_demo")
    assert at.button(key="remove_demo_now").label == "Undo 1 demo batch"
    click(at, "remove_demo_now")
    assert "No diaries yet" in shown(at)


def test_nothing_flagged_is_no_all_clear(open_page: Open, clinic: Engine) -> None:
    load(clinic, "march.csv", written(quiet("1", day(0)), scant("2", day(0))))
    at = open_page("worklist")
    assert "No criterion met in what was recorded" in shown(at)
    assert "1 patient could not be assessed" in shown(at)
    assert not at.success
    click(at, "show_unassessed")
    assert next(table for table in at.dataframe if table.key == "list").value["Patient"].tolist() == ["2 · default"]


def test_quarantine_is_announced_even_where_nothing_was_loaded(open_page: Open, clinic: Engine) -> None:
    load(clinic, "march.csv", written(quiet("3", day(0), chest_pain="yes", severity="14")))
    assert "1 row in quarantine reports a red flag" in shown(open_page("worklist"))


def test_a_change_that_is_not_evaluated_is_evaluated_first(open_page: Open, clinic: Engine) -> None:
    imported_only(clinic)
    at = open_page("worklist")
    assert next(table for table in at.dataframe if table.key == "list").value["Patient"].tolist() == ["1 · default"]


def test_while_it_is_not_evaluated_nobody_is_clear(open_page: Open, clinic: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    imported_only(clinic)
    monkeypatch.setattr(start, "bring_up_to_date", lambda *_, **__: False)
    assert "Nobody can be taken as clear until it is" in warnings(open_page("worklist"))


def imported_only(engine: Engine) -> None:
    with engine.connect() as connection:
        planned = plan.plan(connection, tabular.read(written(quiet("1", day(0), chest_pain="yes")).encode(), "march.csv"), today=session.today())
    commit.commit(engine, planned, by="A. Nurse", at=session.now())


@pytest.mark.parametrize(("failing", "says"), [({"U01"}, "Nobody is clear of it;"), ({"U01", "E06"}, "Nobody is clear of them;")])
def test_a_failed_rule_is_named_and_the_others_stand(open_page: Open, clinic: Engine, monkeypatch: pytest.MonkeyPatch, failing: set[str], says: str) -> None:
    sound, arms = asking.answer, {arm.when: rule.rule_id for rule in definition.load() for arm in rule.arms}

    def answer(condition: object, record: object, shown: object) -> object:
        if arms.get(condition) in failing:
            raise ArithmeticError
        return sound(condition, record, shown)

    monkeypatch.setattr(evaluate, "questions", asking.questions.__wrapped__)  # what is asked is not kept from one time to the next
    monkeypatch.setattr(asking, "answer", answer)
    load(clinic, "march.csv", written(quiet("1", day(0), chest_pain="yes", fever="yes")))
    at = open_page("worklist")
    assert f"{', '.join(sorted(failing))} could not be evaluated" in warnings(at)
    assert says in warnings(at)
    assert next(table for table in at.dataframe if table.key == "list").value["Why"].tolist() == ["Trouble breathing or chest pain with back pain"]


def test_far_too_much(open_page: Open, clinic: Engine) -> None:
    long = "patient-" + "0123456789" * 18
    load(clinic, "march.csv", written(quiet(long, day(0), chest_pain="yes", fever="yes", note=RIGHT_TO_LEFT + "\n" + "word " * 900)))
    with clinic.begin() as connection:
        row = dict(connection.execute(flag.select()).mappings().first())
        connection.execute(flag.insert(), [{**row, "flag": 1000 + n, "reason": f"Reason number {n} of twenty, which goes on for a while"} for n in range(20)])
    at = choose_rows(open_page("worklist", name="M. Ito"), "list", 0)
    text = shown(at)
    assert long in text
    assert "Reason number 19" in text
    assert RIGHT_TO_LEFT in text


def test_what_others_wrote_is_never_markdown(open_page: Open, clinic: Engine) -> None:
    """An image in an id or a note would make every reader's browser ask a stranger's server."""
    image = "![x](http://example.org/pixel.png)"
    load(clinic, "march.csv", written(quiet(image, day(0), chest_pain="yes", note=image, source=image)))
    at = choose_rows(open_page("worklist", name=image), "list", 0)
    field(at, "text_area", "note").set_value(image).run()
    click(at, "note_now")
    field(at, "selectbox", "assignee").set_value(image).run()
    click(at, "assign_now")
    at.text_input(key="find").set_value("](http://nobody").run()
    assert "Nobody fits all of this" in shown(at)
    at.text_input(key="find").set_value("").run()
    choose_rows(at, "list", 0)
    for part in (*at.markdown, *at.caption, *at.warning):
        assert not re.search(r"(?<!\\)\]\(", part.value), part.value


def test_a_database_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIN_DIARY_DATABASE", "postgresql+psycopg://nurse:tr0ub4dor@127.0.0.1:1/clinic")
    for page in ("worklist", "imports", "quality", "rules", "activity"):
        at = app(page)
        assert "can't be read just now" in warnings(at)
        assert "What was saved is safe" in shown(at)
        assert "tr0ub4dor" not in shown(at)
        assert has(at, "try_again")
