"""What a reader does on a page, for AppTest. What it calls "browser only" goes by its private parts, here and nowhere else."""
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.testing.v1 import AppTest

from dashboard import database, schema, start
from dashboard.imports import commit, plan, tabular
from dashboard.imports.commit import Receipt
from dashboard.views import session
from tests import databases
from tests.clinic import Clinic

APP = Path(__file__).parents[2] / "streamlit_app.py"


def prepared(template: Path, folder: Path, rules: tuple[str, ...] = ()) -> Path:
    """A database file with the shipped rules in force, or only these, and no diaries; to be copied."""
    path = shutil.copy(template, folder / "clinic.duckdb")
    if rules:
        engine = database.open_engine(f"duckdb:///{path}")
        Clinic(engine, rules=rules)
        engine.dispose()
    start.open_database(f"duckdb:///{path}", at=session.now(), today=session.today()).dispose()
    return path


@contextmanager
def opened(template: Path, folder: Path) -> Iterator[Engine]:
    """The database that the app opens from now on: a copy of this file. The engine is the app's own."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PAIN_DIARY_DATABASE", f"duckdb:///{shutil.copy(template, folder / 'clinic.duckdb')}")
        patched.setenv("PAIN_DIARY_DEMO", "no")
        engine = session.engine()
        yield engine
        engine.dispose()


_pages: dict = {}


def open_page(page: str, name: str | None = None, asking: Mapping[str, str | list[str]] | None = None) -> AppTest:
    """Browser only: a page opened by its address, which may ask something. AppTest knows addresses only once the app has run."""
    at = AppTest.from_file(str(APP), default_timeout=60)
    at.query_params.update(asking or {})
    if name:
        at.session_state["signed_name"] = name
    if not _pages:
        _pages.update(settled(AppTest.from_file(str(APP), default_timeout=60).run())._registered_pages)
    at._registered_pages = _pages
    return settled(at.switch_page(f"dashboard/views/{page}.py").run())


def settled(at: AppTest) -> AppTest:
    """A page that shows no exception."""
    assert not at.exception, at.exception[0].value
    return at


def upload(at: AppTest, name: str, text: str | bytes) -> AppTest:
    content = text.encode() if isinstance(text, str) else text
    return settled(at.file_uploader[0].upload(name, content, "text/csv").run())


def click(at: AppTest, key: str) -> AppTest:
    return settled(at.button(key=key).click().run())


def type_into(at: AppTest, key: str, text: str) -> AppTest:
    return settled(at.text_input(key=key).set_value(text).run())


def unfold(at: AppTest, *popovers: str) -> AppTest:
    """Opens them, as what is in some is not sent before."""
    for key in popovers:
        at.session_state[key] = True
    return settled(at.run())


def fold_out(at: AppTest, key: str) -> AppTest:
    """As if the reader pressed a popover; its callback runs."""
    states = at._tree.get_widget_states()
    state = states.widgets.add()
    state.id = next(block.proto.popover.id for block in at.get("popover") if block.proto.popover.id.endswith(f"-{key}"))
    state.bool_value = True
    return settled(at._run(states))


def choose_rows(at: AppTest, key: str, *rows: int, columns: Sequence[str] = ()) -> AppTest:
    """As if the reader marked these rows of a table, or pressed these heads; its callback runs."""
    states = at._tree.get_widget_states()
    state = states.widgets.add()
    state.id = next(table.proto.id for table in at.dataframe if table.key == key)
    state.string_value = json.dumps({"selection": {"rows": list(rows), "columns": list(columns), "cells": []}})
    return settled(at._run(states))


def press(at: AppTest, key: str, code: str, add: bool = False) -> AppTest:
    """As if the reader pressed a mark of a chart; its callback runs."""
    states = at._tree.get_widget_states()
    state = states.widgets.add()
    state.id = _make_trigger_id(next(chart.proto.id for chart in at.get("bidi_component") if chart.key == key), "events")
    state.json_trigger_value = json.dumps([{"event": "press", "value": {"code": code, "add": add, "nonce": "1"}}])
    return settled(at._run(states))


def chart(at: AppTest, key: str) -> dict:
    """What a chart was given to draw."""
    return json.loads(next(chart.proto.json for chart in at.get("bidi_component") if chart.key == key))


def field(at: AppTest, kind: str, name: str) -> object:
    """An input of the drawer, whose key ends in the patient's number."""
    return next(found for found in at.get(kind) if re.fullmatch(rf"{name}_\d+", found.key or ""))


def shown(at: AppTest) -> str:
    """All texts of the page in one."""
    parts = [*at.markdown, *at.caption, *at.info, *at.warning, *at.error, *at.subheader, *at.text]
    return "\n".join([*(part.value for part in parts), *(expander.label for expander in at.expander)])


def has(at: AppTest, key: str) -> bool:
    """Whether there is a button or download button of that key."""
    return any(button.key == key for kind in ("button", "download_button") for button in at.get(kind))


def load(engine: Engine, name: str, text: str, by: str = "A. Nurse") -> Receipt:
    """Imports a file as the page would, without the page."""
    today = session.today()
    with engine.connect() as connection:
        planned = plan.plan(connection, tabular.read(text.encode(), name), today=today)
    return commit.commit_and_evaluate(engine, planned, by=by, at=session.now(), today=today)


_begun: dict[tuple[str, ...], tuple[Path, list[str]]] = {}


def begin_with(engine: Engine, name: str, text: str) -> None:
    """As `load`, into a database that nothing was loaded into yet, of a file that many tests begin with."""
    begin(engine, lambda: load(engine, name, text), name, text)


def begin(engine: Engine, prepare: Callable[[], object], *named: str) -> None:
    """What many tests begin with: done once, and copied for the others."""
    mine = Path(engine.url.database)
    with engine.connect() as connection:
        key = *named, *connection.scalars(select(schema.rule_set.c.digest))
    if key not in _begun:
        prepare()
        with engine.connect() as connection:
            _begun[key] = mine.parent.parent / f"begun_{len(_begun)}_{mine.parent.name}.duckdb", databases.filled(connection)
        copy = "CREATE TABLE other.{0} AS SELECT * FROM {0}"
    else:
        databases.empty(engine)
        copy = "INSERT INTO {0} SELECT * FROM other.{0}"
    kept, tables = _begun[key]
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"ATTACH '{kept}' AS other")
        for table in tables:
            connection.exec_driver_sql(copy.format(table))
        connection.exec_driver_sql("DETACH other")


def sheet(*rows: str, header: str = "patient_id,recorded_at,severity,locations,urinary_retention,leg_weakness") -> str:
    """A small diary file."""
    return "\n".join([header, *rows]) + "\n"


