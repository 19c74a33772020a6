from collections.abc import Callable
from datetime import date

from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from dashboard.imports import undo
from dashboard.quality.alerts import ALERTS
from dashboard.views import session
from tests.views.events import choose_rows, click, has, load, sheet, shown

Open = Callable[..., AppTest]
HEADER = "source,patient_id,recorded_at,severity,urinary_retention"


def line(at: AppTest, code: str) -> dict[str, str]:
    table = at.dataframe[0].value
    return table[table["Check"] == code].iloc[0].to_dict()


def opened(at: AppTest, code: str) -> AppTest:
    return choose_rows(at, "quality_table", [alert.code for alert in ALERTS].index(code))


def test_empty_database(open_page: Open, clinic: Engine) -> None:
    at = open_page("quality")
    assert "No diaries yet" in shown(at)
    assert not at.dataframe


def test_every_line_says_of_how_many_and_opens_its_rows(open_page: Open, clinic: Engine) -> None:
    today = date.today()
    load(clinic, "a.csv", sheet(f"north,7,{today},4,no", f"south,007,{today},4,no", f"[x](y),9,{today},44,perhaps", header=HEADER))
    at = open_page("quality")
    assert "4 of 7 checks found something." in shown(at)
    assert "1 of them named only in rows that were not loaded" in shown(at)
    assert list(line(at, "Q02").values())[2:5] == ["1 of 3", "–", "1 of 3"]
    assert list(line(at, "Q07").values())[2:5] == ["2 of 3", "2 of 2", "–"]
    assert list(line(at, "Q05").values())[2:] == ["none of 3", "none of 2", "none of 3", "–"]
    opened(at, "Q03")
    assert at.dataframe[0].value["What is odd"].tolist() == ["not loaded: severity is 44"]
    assert r"\[x\](y): 1 patient, 1 row not loaded" in shown(at)
    assert "These rows were not loaded" in shown(at)
    click(at, "quality_shut")
    opened(at, "Q05")
    assert "**Found nothing**, in 3 patients, 2 entries, 1 row waiting to be corrected." in shown(at)
    assert not has(at, "quality_csv")
    click(at, "quality_shut")
    opened(at, "Q07")
    assert at.dataframe[0].value["What is odd"].tolist() == ["also: south has 007", "also: north has 7"]
    assert has(at, "quality_csv")
    choose_rows(at, "quality_rows_table", 1)
    assert at.session_state["patient_from"] == "quality"
    assert at.get("page_link")
    undo.undo_and_evaluate(clinic, 1, by="M. Ito", at=session.now(), today=session.today())
    assert "No diaries yet" in shown(at.run())


def test_many_rows_come_in_pages(open_page: Open, clinic: Engine) -> None:
    load(clinic, "a.csv", sheet(*[f"north,{number},{date.today()},99,no" for number in range(60)], header=HEADER))
    at = opened(open_page("quality"), "Q03")
    assert "50 of 60 rows shown, the newest first" in shown(at)
    assert len(at.dataframe[0].value) == 50
