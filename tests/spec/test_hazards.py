"""The sixteen hazards of data/HAZARDS.md, each against the control that is there. Deeper tests of most of them lie beside this file."""
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from io import StringIO
from pathlib import Path
from threading import Barrier, Thread

import pandas as pd
import pytest
from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from dashboard import audit, lineup, outgoing, past, status, triage
from dashboard.__main__ import main
from dashboard.days import spoken
from dashboard.errors import Conflict, Refused
from dashboard.imports import commit, fields, mapping, plan, quarantine, report, suggest, tabular
from dashboard.imports.apply import applied
from dashboard.imports.planned import ImportPlan
from dashboard.lineup import Filters
from dashboard.rules import active, answers, definition, evaluate, flags
from dashboard.rules import outcome as asking
from dashboard.schema import evaluation, import_batch, patient, rule_set, source, triage_action
from dashboard.status import DISCLAIMER
from dashboard.views import along, cards, session, takeaway
from tests.canonical import Row, quiet, scant, written
from tests.clinic import Clinic
from tests.files import AT, BY, TODAY, counts, imported, live, planned, stored
from tests.views import events
from tests.views.events import choose_rows, click, load, settled, shown, type_into

ROOT = Path(__file__).parents[2]
WET, NUMB = {"urinary_incontinence": "yes"}, {"leg_numbness": "yes"}  # E05, U02
FATES = ("loaded", "quarantined", "duplicate", "left_out")


@pytest.fixture(scope="module")
def few_rules(duckdb_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Few rules, which are soon evaluated."""
    return events.prepared(duckdb_template, tmp_path_factory.mktemp("hazards"), ("E01", "E05", "U01", "U02"))


@pytest.fixture
def app(few_rules: Path, tmp_path: Path) -> Iterator[Engine]:
    """The database that the app opens."""
    with events.opened(few_rules, tmp_path) as engine:
        yield engine


def day(ago: int) -> int:
    return session.today() - ago


def drawn_list(at: AppTest) -> pd.DataFrame:
    """The list, id and source, and status and owner, apart as files have them."""
    made = next(found.value for found in at.dataframe if found.key == "list")
    whose, stands = made["Patient"].str.partition(" · "), made["Status"].str.partition(" · ")
    made = made.assign(Patient=whose[0], Source=whose[2], Status=stands[0])
    made.insert(made.columns.get_loc("Status") + 1, "Owner", stands[2].replace("", "–"))
    return made


def listed(at: AppTest) -> list[str]:
    return drawn_list(at)["Patient"].tolist()


def go(at: AppTest, page: str) -> AppTest:
    return settled(at.switch_page(f"dashboard/views/{page}.py").run())


def mapped(engine: Engine, text: str, document: str) -> ImportPlan:
    how = mapping.read(f"name = 'test'\n{document}")
    with engine.connect() as connection:
        return plan.plan(connection, tabular.read(text.encode(), "export.csv", how.reading.reading), how, today=TODAY)


def test_hazard_01_a_red_flag_is_dropped_on_import(duckdb_engine: Engine, app: Engine) -> None:
    for name in fields.RED_FLAGS:
        header = ["patient_id", "recorded_at", *(f"{one}_2" if one == name else one for one in fields.RED_FLAGS)]
        read = tabular.read(f"{','.join(header)}\n1,2026-03-01{',yes' * len(fields.RED_FLAGS)}\n".encode(), "x.csv")
        found = applied(read, mapping.canonical(read))
        assert found.absent_red_flags == (name,), "named as unknown for every row"
        assert found.unmapped == (f"{name}_2",), "and what stands there instead is named, and kept"
    for header in ("patient,recorded_at", "patient_id,recorded"):
        with pytest.raises(Refused):
            planned(duckdb_engine, header, "1,2026-03-01")
    clinic = Clinic(duckdb_engine, rules=("E05",))
    renamed = [{("bladder" if name == "urinary_incontinence" else name): cell for name, cell in row.items()}
               for row in (quiet("1", TODAY, **WET), quiet("2", TODAY))]
    clinic.sends(*renamed)
    assert clinic.buckets() == {"1": "not_assessable", "2": "not_assessable"}
    # a cell that nobody understands: the whole row waits, is counted, and heads the plan
    receipt = clinic.sends(quiet("3", TODAY, urinary_incontinence="sometimes"), quiet("4", TODAY, severity="many", **WET), quiet("5", TODAY),
                           quiet("6", TODAY, severity="many", temperature_c="38.5"), quiet("7", TODAY, severity="many"))
    assert tuple(receipt[name] for name in ("rows_in", *FATES)) == (5, 1, 4, 0, 0)
    with duckdb_engine.connect() as connection:
        assert sorted(quarantine.red_flags(connection)["patient_id"]) == ["3", "4", "6"]
        for row in connection.execute(select(import_batch)).mappings():
            assert row["rows_in"] == sum(row[fate] for fate in FATES)
    load(app, "march.csv", written(quiet("1", day(0)), quiet("3", day(0), severity="many", **WET)))
    at = events.open_page("worklist")
    assert "1 row in quarantine reports a red flag" in shown(at) and "no list shows it yet" in shown(at)
    assert "1 row in quarantine reports a red flag" in shown(go(at, "imports"))
    load(app, "april.csv", written(quiet("4", day(0), severity="many", **WET)))
    assert "2 rows in quarantine report a red flag" in shown(go(at, "worklist"))


def test_hazard_02_blank_is_read_as_no(duckdb_engine: Engine) -> None:
    clinic = Clinic(duckdb_engine, rules=("E05",))
    clinic.sends(quiet("denied", TODAY), quiet("blank", TODAY, urinary_incontinence="", bowel_incontinence=""), scant("no column", TODAY),
                 quiet("long ago", TODAY - 14), scant("long ago", TODAY), quiet("lately", TODAY - 13), scant("lately", TODAY))
    assert clinic.buckets() == {"blank": "not_assessable", "denied": "no_criterion_met", "lately": "no_criterion_met", "long ago": "not_assessable",
                                "no column": "not_assessable"}
    assert live(duckdb_engine, "patient_id", "urinary_incontinence")[:3] == [("denied", "no"), ("blank", ""), ("no column", "")]
    assert counts(planned(duckdb_engine, "patient_id,recorded_at,fever", "1,2026-03-01,0"), *FATES) == (0, 1, 0, 0)
    # a form that writes 0 for every box of a page that was never finished
    found = mapped(duckdb_engine, "id,day,f___1,done\n1,2026-03-01,0,0\n2,2026-03-01,0,2\n", """
columns.patient_id.from = "id"
columns.recorded_at.from = "day"
[columns.red_flags]
pattern = "f___*"
values = {1 = "fever"}
not_checked = "no"
no_only_where = {column = "done", is = ["2"]}
""")
    assert found.mapped.fields["fever"].texts.to_pylist() == ["", "no"]


def test_hazard_03_old_data_look_current(app: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    load(app, "march.csv", written(quiet("1", day(0), source="slow"), quiet("1", day(-1), source="swift")))
    first, at = session.today(), events.open_page("activity")

    def on(days: int) -> str:
        monkeypatch.setattr(session, "today", lambda: first + days)
        return settled(at.run()).main.markdown[0].value
    text = on(status.OLD)
    assert f"data through {spoken(first)} (oldest source)" in text and "days old" not in text
    assert ":orange[the oldest source is 8 days old]" in on(status.OLD + 1)
    assert ":orange[**stale: the oldest source is 15 days old**]" in on(status.STALE + 1)
    with app.connect() as connection:
        assert flags.last(connection)["as_of"] == first + status.STALE + 1, "a day that has turned is evaluated"
    load(app, "april.csv", written(quiet("1", first + 15, source="slow"), quiet("1", first + 15, source="swift")))
    assert "days old" not in on(status.STALE + 1), "a page that is open shows what came, not what was kept"


def test_hazard_04_the_wrong_patient(engine: Engine) -> None:
    clinic = Clinic(engine, rules=("E05",))
    clinic.sends(quiet("007", TODAY, source="north", **WET), quiet("7", TODAY, source="north"), quiet("007", TODAY, source="south"),
                 quiet("7 ", TODAY - 1, source="north"))
    with engine.connect() as connection:
        known = select(patient.c.patient, source.c.name, patient.c.patient_id).join(source, source.c.source == patient.c.source)
        who = {number: (name, patient_id) for number, name, patient_id in connection.execute(known)}
    assert sorted(who.values()) == [("north", "007"), ("north", "7"), ("south", "007")]
    assert [who[row["patient"]] for row in clinic.rows()] == [("north", "007")]
    clinic.sends(quiet("a", TODAY, entry_id="x"), quiet("7", TODAY, source="south"))
    assert sorted(row["patient_id"] for row in clinic.rows(patient)) == ["007", "007", "7", "7", "a"], "one who is here in one source is new in another"
    receipt = clinic.sends(quiet("b", TODAY, entry_id="x", **WET), *[quiet(who, TODAY, entry_id="y") for who in "ab"])
    assert (receipt["loaded"], receipt["quarantined"]) == (0, 3), "one entry under two patients is nobody's until somebody says whose"


def test_hazard_05_the_day_is_shifted_by_a_time_zone(engine: Engine) -> None:
    imported(engine, "patient_id,recorded_at", "1,2026-03-30T23:30-11:00", "2,2026-03-31T00:30+13:00", "3,2026-03-31T23:59", "4,2026-03-31")
    assert stored(engine, "day", "occurred_at", "precision") == [
        (TODAY - 2, datetime(2026, 3, 31, 10, 30), "instant"), (TODAY - 1, datetime(2026, 3, 30, 11, 30), "instant"),
        (TODAY - 1, None, "local"), (TODAY - 1, None, "date")]
    assert [at for at, in live(engine, "recorded_at")] == ["2026-03-30T23:30:00-11:00", "2026-03-31T00:30:00+13:00", "2026-03-31T23:59:00", "2026-03-31"]
    found = mapped(engine, "id,at\n1,2026-03-29T01:59\n1,2026-03-29T02:30\n1,2025-10-26T02:30\n1,2025-10-26T23:30\n", """
reading.time_zone = "Europe/Vienna"
columns.patient_id.from = "id"
columns.recorded_at.from = "at"
""")
    assert found.problems[["row", "code"]].to_numpy().tolist() == [[3, "impossible_time"]]
    assert any("1 time in the hour that Europe/Vienna had twice" in note for note in found.notes)
    commit.commit(engine, found, by=BY, at=AT)
    offsets = stored(engine, "day", "utc_offset")[4:]
    assert offsets == [(TODAY - 157, 120), (TODAY - 157, 60), (TODAY - 3, 60)]


def test_hazard_06_a_later_no_clears_an_emergency(duckdb_engine: Engine) -> None:
    clinic = Clinic(duckdb_engine, rules=("E05",))
    clinic.sends(quiet("1", TODAY - 9, entry_id="a", **WET))
    clinic.sends(*[quiet("1", TODAY - ago) for ago in range(8)])
    clinic.days_pass(400)
    clinic.evaluates()
    assert (clinic.status("E05"), clinic.flag("E05")["tier"], clinic.buckets()) == ("open", "E", {"1": "emergency"})
    clinic.sends(quiet("1", TODAY - 9, entry_id="a"))
    assert (clinic.status("E05"), clinic.flag("E05")["evidence_withdrawn"]) == ("open", True), "where the report itself is corrected, a person decides"
    with pytest.raises(Refused, match="Write a note"):
        clinic.closes("E05", text="")
    clinic.closes("E05", outcome="data_error", text="rang her; typed by mistake")
    assert clinic.status("E05") == "to_confirm"
    with pytest.raises(Refused, match="somebody else"):
        clinic.acts("confirm", "E05")
    clinic.acts("confirm", "E05", by="S. Ono")
    assert (clinic.status("E05"), clinic.flag("E05")["outcome"]) == ("closed", "data_error")


def test_hazard_07_a_filter_hides_an_emergency(app: Engine) -> None:
    load(app, "march.csv", written(*({"source": where, **row} for where, row in (
        ("north", quiet("E-1", day(0), **WET)), ("north", quiet("E-2", day(40), **WET)), ("south", quiet("U-1", day(0), **NUMB))))))
    at = events.open_page("worklist")
    assert "hidden" not in shown(at)
    settled(at.multiselect(key="source").set_value(["south"]).run())
    assert listed(at) == ["U-1"] and "2 emergencies are hidden by these filters" in shown(at)
    settled(at.multiselect(key="source").set_value([]).run())
    settled(at.selectbox(key="within").set_value("3 days").run())
    assert listed(at) == ["E-1", "U-1"] and "1 emergency is hidden by these filters" in shown(at)
    click(at, "tile_routine")
    assert "Nobody fits all of this" in shown(at) and "2 emergencies are hidden by these filters" in shown(at)
    assert listed(click(at, "show_hidden")) == ["E-1", "E-2", "U-1"]
    assert "historic, 40 d" in shown(choose_rows(at, "list", 1)), "what nobody has looked at since says how old it is"


def test_hazard_08_the_wrong_scale(duckdb_engine: Engine) -> None:
    off = ("70", "10.5", "11", "-1", "7/10", "3-Jan", "1-3", "2026-01-03", "7,5", "7 of 10", "1e1", "٧")
    rows = [f'{number},2026-03-01,"{cell}"' for number, cell in enumerate(off)]
    found = planned(duckdb_engine, "patient_id,recorded_at,severity", *rows, "x,2026-03-01,7")
    assert counts(found, *FATES) == (1, len(off), 0, 0)
    assert found.problems["value"].tolist() == list(off), "as it was written"
    # a column that goes beyond 10 is asked about; only where the mapping says so is a number of another scale converted
    asked = suggest.suggested(tabular.read(b"id,day,pain now\n1,2026-03-01,65\n2,2026-03-01,7\n", "x.csv"))
    assert [one.asks for one in asked if one.name == "severity"] == [("scale",)]
    found = mapped(duckdb_engine, "id,day,vas\n1,2026-03-01,65\n2,2026-03-01,7\n3,2026-03-01,101\n", """
columns.patient_id.from = "id"
columns.recorded_at.from = "day"
columns.severity = {from = "vas", scale = [0, 100]}
""")
    assert found.problems[["row", "value"]].to_numpy().tolist() == [[4, "101"]]
    commit.commit(duckdb_engine, found, by=BY, at=AT)
    assert live(duckdb_engine, "severity") == [("6.5",), ("0.7",)]


def test_hazard_09_alarms_without_end(duckdb_engine: Engine) -> None:
    alone = ("night_pain", "muscle_spasm", "vomiting", "confusion")
    read_them = [rule.rule_id for rule in definition.load() if re.search("|".join((*alone, "age_at_least")), definition.document((rule,)))]
    assert read_them
    clinic = Clinic(duckdb_engine, rules=("E05", *read_them))
    clinic.sends(*[quiet(name, TODAY, **{name: "yes"}) for name in alone], quiet("of 72", TODAY, birth_year="1954"))
    assert not clinic.rows(), "what means little alone raises nothing alone"
    raised = [clinic.sends(quiet("1", TODAY - ago, **WET))["flags_raised"] for ago in (13, 6, 0)]
    assert raised == [1, 0, 0] and len(clinic.rows()) == 1
    assert (clinic.flag("E05")["first_evidence"], clinic.flag("E05")["last_evidence"]) == (TODAY - 13, TODAY)
    with duckdb_engine.connect() as connection:
        assert len(lineup.lineup(connection, Filters(), as_of=TODAY, now=clinic.at).patients) == 1
    with pytest.raises(Refused, match="Only routine flags"):
        clinic.acts("snooze", "E05", text="later", until_day=TODAY + 1)


def test_hazard_10_two_people_overwrite_each_other(engine: Engine) -> None:
    clinic = Clinic(engine, rules=("E05",))
    clinic.sends(quiet("1", TODAY, **WET))
    seen, ready, became = {row["flag"]: row["version"] for row in clinic.rows()}, Barrier(2), {}

    def work(name: str) -> None:
        ready.wait()
        try:
            became[name] = triage.act(engine, seen, triage.Action("acknowledge"), by=name, at=clinic.at, today=TODAY)
        except Conflict as conflict:
            became[name] = str(conflict)
    threads = [Thread(target=work, args=(name,)) for name in ("A. Berg", "C. Diaz")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, second = sorted(became, key=lambda name: isinstance(became[name], str))
    assert isinstance(became[first], int) and f"{first} acknowledged" in became[second] and "Nothing of yours was saved" in became[second]
    assert [row["by"] for row in clinic.rows(triage_action)] == [first]


def test_hazard_11_a_change_of_rules_rewrites_history(duckdb_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic = Clinic(duckdb_engine, rules=("E05", "U02"))
    clinic.sends(quiet("1", TODAY, **WET), quiet("2", TODAY, **NUMB))
    clinic.closes("U02", patient_id="2")
    then, stood = _known(clinic), clinic.buckets()
    kept = {table: clinic.rows(table) for table in (evaluation, triage_action, rule_set)}
    monkeypatch.setattr(active, "load", lambda _: tuple(rule for rule in definition.load() if rule.rule_id == "U02"))
    assert active.record_shipped(duckdb_engine, at=clinic.moment()["at"])
    with duckdb_engine.connect() as connection:
        assert active.waiting(connection) == [2]
    clinic.evaluates()
    assert clinic.buckets() == stood, "what a release brings does not decide before somebody activates it"
    with pytest.raises(Refused, match="Say why"):
        active.activate(duckdb_engine, 2, reason=" ", **clinic.moment())
    active.activate(duckdb_engine, 2, reason="agreed on Tuesday", **clinic.moment())
    clinic.evaluates()
    assert clinic.buckets() == {"1": "no_criterion_met", "2": "same_day"}
    assert clinic.status("E05") == "open", "an emergency that was raised waits for a person, whatever became of its rule"
    for table, rows in kept.items():
        assert clinic.rows(table)[:len(rows)] == rows, table.name
    with duckdb_engine.connect() as connection:
        assert lineup.lineup(connection, Filters(), as_of=TODAY, now=clinic.at).tiers["E"] == 1
        found = past.stood(connection, TODAY, then)
        made = past.lines(connection, found, found.people["patient"].tolist())
    assert (found.rule_set.version, dict(zip(made["patient_id"], found.people["bucket"], strict=True))) == (1, stood)


def _known(clinic: Clinic) -> int:
    with clinic.engine.connect() as connection:
        return audit.known_by(connection, clinic.at)


NEVER_SAID = re.compile(r"all[- ]clear|\bno (alert|concern|risk|problem|issue|red flag|emergenc)\w*|low[- ]risk|nothing to worry|all good|"
                        r"\b(is|are|looks?) (safe|fine|healthy|well)\b|[✅✔✓🟢]|:green", re.IGNORECASE)


def test_hazard_12_silence_is_taken_as_safety(app: Engine) -> None:
    load(app, "march.csv", written(quiet("1", day(0)), scant("2", day(0))))
    at = events.open_page("worklist", name="M. Ito")
    for page in ("worklist", "cohort", "patient", "rules", "activity", "imports"):
        go(at, page)
        if page == "patient":
            type_into(at, "patient_id", "1")
        text = "\n".join([shown(at), *(button.label for button in at.button)])
        assert DISCLAIMER in text, page
        assert not at.success and not NEVER_SAID.search(text), (page, NEVER_SAID.search(text))
    text = shown(go(at, "worklist"))
    assert "No criterion met in what was recorded" in text and "1 patient could not be assessed" in text
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "dashboard" / "views").glob("*.py")]
    assert not [text for text in sources if re.search(r"st\.(success|balloons|snow)|:green", text)]


def test_hazard_13_few_patients_in_an_export(app: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Files hold no small number, nor anybody's name; the screen and the terminal, which are the clinic's own, hold small numbers."""
    load(app, "march.csv", written(
        quiet("ZQ-1", day(0), source="Northfield", qualities="ripping", note="Mrs Quux", entry_id="KEY-1", onset_date="2025-01-01", **WET),
        *[quiet(f"ZQ-{n}", day(n), source="Northfield", qualities="dull") for n in range(2, 6)]))
    drawn, files, twins = takeaway.st.download_button, {}, {}

    def offered(label: str, data: Callable[[], str], name: str, *rest: object, **how: object) -> object:
        files[name] = data()
        return drawn(label, data, name, *rest, **how)
    monkeypatch.setattr(takeaway.st, "download_button", offered)
    card = cards.card
    monkeypatch.setattr(cards, "card", lambda name, title, note, twin, *rest: twins.update({name: twin}) or card(name, title, note, twin, *rest))
    at = go(events.open_page("worklist"), "cohort")
    at.session_state["more_charts"] = True
    events.unfold(at, *(f"table_{name}" for name in takeaway.CARDS))
    lists = {name: files.pop(name) for name in ("patients.csv", "worklist.csv", "worklist.html")}
    charts = {name for names in takeaway.CARDS.values() for name in names}
    assert {name for name in files if name.endswith(".csv")} == {f"{name}.csv" for name in charts} and twins.keys() == takeaway.CARDS.keys()
    assert main(["--database", app.url.render_as_string(hide_password=False), "summary", "--json"]) == 0
    summary = capsys.readouterr().out
    for text in (*files.values(), summary):
        assert not re.search(r"ZQ-|Quux|KEY-|patient_id", text)
    assert re.search(r"^ripping,[^,]+,1 to 10,1 to 10,suppressed,suppressed,1 to 10,patients,All entries,", files["qualities.csv"], re.MULTILINE)
    for name in charts:
        assert not re.search(r",[1-5],", files[f"{name}.csv"].replace(',1,"Counts of', ',"Counts of')), "five patients are nowhere, nor one of them"
    assert all(f"<h2>{kind.title}</h2>" in files["cohort_report.html"] for kind in outgoing.CHARTS.values()), "the report has them all"
    assert "rounded to the nearest multiple of 5, 15 at least" in files["cohort_report.html"] and ">1 to 10<" in files["cohort_report.html"]
    assert not re.search(r"</td>\s*<td>[1-5]</td>|\b[1-5] (of|patients?)\b", files["cohort_report.html"])
    assert twins["quality"].set_index("code").at["ripping", "n"] == 1 and "ZQ-1" in lists["patients.csv"]
    assert json.loads(summary)["symptoms"]["urinary_incontinence"]["present"] == 1


def test_hazard_14_what_was_written_freely_is_not_read(app: Engine) -> None:
    crisis, other, denial = "no chest pain, but I cannot feel my legs", "I do not want to go on", "no chest pain, all fine"
    load(app, "march.csv", written(quiet("1", day(9), chest_pain="yes", note=crisis), *[quiet("1", day(ago), note=f"note of {ago}") for ago in range(5)],
                                   quiet("2", day(0), note=other), quiet("3", day(0), chest_pain="yes", note=denial)))
    at = events.open_page("worklist")
    # no rule goes by words: they raise nothing, and they clear nothing; but they ask a person to read
    assert sorted(listed(at)) == ["1", "3"]
    click(at, "notes_to_read")
    assert listed(at) == ["1", "2"], "with a flag or without"
    assert listed(click(at, "notes_to_read")) == listed(events.open_page("worklist"))
    choose_rows(at, "list", listed(at).index("1"))
    evidence = next(found.value for found in at.dataframe if "Written in" in found.value)
    assert crisis in evidence.to_string(), "beside the flag, however many notes came later"
    assert sum("note of " in text.value for text in at.text) == 3, "and the newest three below it"
    assert f"I :orange-background[{other.removeprefix('I ')}]" in shown(type_into(events.open_page("patient"), "patient_id", "2"))


def test_hazard_15_a_rule_that_fails_looks_like_no_alert(app: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    sound, failing = asking.answer, {arm.when for rule in definition.load() if rule.rule_id == "U01" for arm in rule.arms}

    def answer(condition: object, record: object, shown: object) -> object:
        if condition in failing:
            raise ArithmeticError
        return sound(condition, record, shown)
    load(app, "march.csv", written(quiet("2", day(1), fever="yes")))
    monkeypatch.setattr(evaluate, "questions", asking.questions.__wrapped__)  # what is asked is not kept from one time to the next
    monkeypatch.setattr(asking, "answer", answer)
    load(app, "april.csv", written(quiet("1", day(0), chest_pain="yes"), quiet("2", day(0)), quiet("3", day(0)), quiet("4", day(0), fever="yes")))
    at = events.open_page("worklist")
    assert "**U01 could not be evaluated.** Nobody is clear of it" in at.warning[0].value
    assert listed(at) == ["1", "2"], "the other rules stand, and what this one had raised"
    assert listed(click(at, "tile_not_assessable")) == ["2", "3", "4"]
    with app.connect() as connection:
        told, failed = answers.found(connection, day(0), outcome="cannot_assess")
        assert answers.standing(connection, day(0))["failed_rules"] == ["U01"] == list(failed), "and the terminal says so"
    assert told[told["rule_id"] == "U01"]["patient_id"].tolist() == ["1", "2", "3", "4"], "nor does it leave it out"


def test_hazard_16_what_does_not_fit_is_cut_off(app: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, files = along.st.download_button, {}

    def offered(label: str, data: Callable[[], str], name: str, *rest: object, **how: object) -> object:
        files[name] = data()
        return drawn(label, data, name, *rest, **how)
    monkeypatch.setattr(along.st, "download_button", offered)
    rows: list[Row] = [quiet(f"{number:03}", day(0), **WET) for number in range(51)]
    load(app, "march.csv", written(*rows))
    at = events.open_page("worklist")
    assert "51 of 51 patients" in shown(at) and "51 + 0 + 0 + 0 + 0 + 0 = 51 patients" in shown(at)
    first, drawn_first = listed(at), drawn_list(at)
    second = settled(at.pagination(key="page").set_value(2).run())
    assert sorted([*first, *listed(second)]) == [row["patient_id"] for row in rows], "what is not on one page is on the other"
    assert files["worklist.csv"].count("Emergency") == files["worklist.html"].count("<td>⬢ Emergency</td>") == 51, "and all of it is taken along"
    taken = pd.read_csv(StringIO(files["worklist.csv"]), dtype=str)
    assert [*taken][:-5] == [*drawn_first] == re.findall("<th>(.*)</th>", files["worklist.html"]), "with the columns of the screen"
    assert taken["Patient"].tolist() == [*first, *listed(second)], "in its order"
    base = "Everything · 51 of 51 patients with a flag that is not closed"
    assert set(taken["List"]) == {base} and f"<p>{base}</p>" in files["worklist.html"]
    plain = drawn_first.assign(Tier=drawn_first["Tier"].str[2:])
    assert taken[[*drawn_first]].head(len(plain)).fillna("").to_dict() == plain.to_dict(), "and its words"
    with app.connect() as connection:
        wrong = plan.plan(connection, tabular.read(written(*({**row, "severity": "much"} for row in rows)).encode(), "x.csv"), today=day(0))
    assert report.by_kind(wrong.problems)[["rows", "where"]].to_numpy().tolist() == [[51, "2, 3, 4, 5, 6, 7, 8, 9 and 43 more"]]
    assert len(report.problem_sheet(wrong).splitlines()) == 52
    # a file that was cut off on its way
    with pytest.raises(Refused):
        tabular.read(b'patient_id,recorded_at,note\n1,2026-03-01,fine\n2,2026-03-01,"and th', "march.csv")
    assert counts(planned(app, "patient_id,recorded_at,fever", "1,2026-03-01,no", "2,2026-03"), *FATES) == (1, 1, 0, 0)
