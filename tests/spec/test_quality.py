"""Data-quality alerts: files in, what is odd about them out; and the same counted again in plain Python."""
import random
from collections import Counter, defaultdict

import pytest
from sqlalchemy import Engine

from dashboard.days import date_of
from dashboard.imports import commit, fields, mapping, plan, quarantine, tabular, undo
from dashboard.quality import found as quality
from dashboard.quality.alerts import ALERTS, OF, Alert
from dashboard.quality.found import Found
from tests import files
from tests.canonical import quiet, scant, written
from tests.files import AT, BY, TODAY, sheet


def sent(engine: Engine, *rows: dict[str, str], source: str | None = None) -> int:
    return files.imported(engine, *written(*rows).splitlines(), source=source).batch


def found(engine: Engine, code: str, as_of: int = TODAY) -> Found:
    with engine.connect() as connection:
        return quality.found(connection, code, as_of)


def behind(engine: Engine, code: str, *names: str, as_of: int = TODAY) -> list[tuple]:
    with engine.connect() as connection:
        made, total = quality.rows(connection, code, as_of, 100)
    assert total == len(made)
    return list(made[list(names)].itertuples(index=False, name=None))


def test_nothing_in_an_empty_database_and_nothing_in_sound_diaries(engine: Engine) -> None:
    for rows in ((), [quiet(str(number), TODAY - 1) for number in range(3)]):
        if rows:
            sent(engine, *rows)
        with engine.connect() as connection:
            made = quality.summary(connection, TODAY)
        assert made.found == dict.fromkeys(OF, Found(0, 0, 0, None, {}))
        assert (made.base.patients, made.base.entries, made.base.rows) == (len(rows), len(rows), len(rows))


def test_red_flag_never_answered(engine: Engine) -> None:
    asked = dict.fromkeys(fields.RED_FLAGS, "no")
    sent(engine, scant("1", TODAY, **{**asked, "fever": "", "confusion": ""}), scant("1", TODAY - 1, confusion="yes"), source="north")
    sent(engine, scant("2", TODAY, **{**asked, "fever": ""}, temperature_c="36.8"), source="south")
    assert found(engine, "Q01") == Found(1, 2, 0, TODAY, {"north": (1, 2, 0)})
    assert behind(engine, "Q01", "source", "batch", "entries", "what") == [("north", 1, 2, "1 patient, never answered: Fever")]


def test_values_that_were_stopped(engine: Engine) -> None:
    # a value that looks like what the statement looks for is still only a value
    trap = '"column": "fever", "code": "not_yes_or_no", "value": "'
    rows = (quiet("1", TODAY, fever="maybe"), quiet("2", TODAY, severity="77", fever="no"), quiet("3", TODAY, worst_severity="many"), quiet("4", TODAY),
            quiet("5", TODAY, sex=trap), quiet("6", TODAY, osteoporosis="maybe"), quiet("7", TODAY, interference="12"), quiet("", TODAY, severity="-1"))
    batch = sent(engine, *rows)
    assert behind(engine, "Q02", "patient_id", "patient", "what", "batch", "row") == [("1", None, "not loaded: fever is maybe", batch, 2)]
    assert sorted(behind(engine, "Q03", "row", "what")) == [(3, "not loaded: severity is 77"), (4, "not loaded: worst_severity is many"),
                                                            (9, "not loaded: severity is -1")]
    assert found(engine, "Q03") == Found(2, 0, 3, TODAY, {"default": (2, 0, 3)})  # one names no patient
    with engine.connect() as connection:
        base = quality.base(connection, TODAY)
    assert (base.patients, base.named_only, base.rows, base.waiting) == (7, 6, 8, 7)
    quarantine.dismiss(engine, batch, 3, by=BY, at=AT, reason="called")
    sent(engine, quiet("3", TODAY))  # sent again, corrected
    assert behind(engine, "Q03", "row") == [(9,)]
    undo.undo(engine, batch, by=BY, at=AT)
    assert not found(engine, "Q02")
    assert not found(engine, "Q03")


def test_columns_that_a_mapping_names(engine: Engine) -> None:
    how = mapping.read('name = "App"\n[columns.patient_id]\nfrom = "Who"\n[columns.recorded_at]\nfrom = "When"\n[columns.severity]\nfrom = "Pain 100%/day"\n'
                       '[columns.fever]\nfrom = "Felt hot"\n[columns.osteoporosis]\nfrom = "Brittle"\n')
    lines = sheet("Who,When,Pain 100%/day,Felt hot,Brittle", "1,2026-03-01,12,no,no", "2,2026-03-01,3,perhaps,no", "3,2026-03-01,3,no,perhaps")
    with engine.connect() as connection:
        planned = plan.plan(connection, tabular.read(lines, "app.csv"), how, today=TODAY)
    commit.commit(engine, planned, by=BY, at=AT)
    assert behind(engine, "Q02", "patient_id", "what") == [("2", "not loaded: Felt hot is perhaps")]
    assert behind(engine, "Q03", "patient_id", "what") == [("1", "not loaded: Pain 100%/day is 12")]


def test_source_that_is_behind(engine: Engine) -> None:
    sent(engine, quiet("1", TODAY - 15), quiet("1", TODAY - 40), source="behind")
    sent(engine, quiet("1", TODAY - 14), quiet("2", TODAY - 90), source="on time")
    assert found(engine, "Q04") == Found(1, 2, 0, TODAY - 15, {"behind": (1, 2, 0)})
    assert not found(engine, "Q04", as_of=TODAY - 1)
    assert behind(engine, "Q04", "source", "entries", "what") == [("behind", 2, "1 patient, newest entry 15 days before 1 Apr 2026")]


def test_onset_after_the_entry_and_negative_duration(engine: Engine) -> None:
    sent(engine, quiet("1", TODAY, onset_date=date_of(TODAY + 1).isoformat()), quiet("2", TODAY, bout_minutes="-5"), quiet("3", TODAY, bout_minutes="lots"),
         quiet("4", TODAY, onset_date=date_of(TODAY).isoformat(), bout_minutes="0"))
    assert behind(engine, "Q06", "patient_id", "what") == [("1", f"not loaded: onset_date is {date_of(TODAY + 1)}"), ("2", "not loaded: bout_minutes is -5")]


def test_repeated_and_future_entries_and_colliding_ids_as_plain_python_counts_them(engine: Engine) -> None:
    chance = random.Random(7)
    live: dict[tuple, set[tuple]] = defaultdict(set)
    stopped = 0
    for name in ("north", "south", "west"):
        rows = []
        for _ in range(60):
            who, day = chance.choice(["7", "007", "A1", "a1", "12", f"{name}1"]), TODAY - chance.randrange(-3, 8)
            hour = chance.choice(["", "T08:00", "T08:00+02:00"])
            severity = str(chance.randrange(3))
            rows.append({"patient_id": who, "recorded_at": f"{date_of(day)}{hour}", "severity": severity})
            if day > TODAY + 1:
                stopped += 1
            else:
                live[name, who, day, hour].add((severity,))
        sent(engine, *rows, source=name)
    repeats = {moment: len(said) for moment, said in live.items() if moment[2] <= TODAY and len(said) > 1}
    ahead = {moment: len(said) for moment, said in live.items() if moment[2] > TODAY}
    odd = found(engine, "Q05")
    assert (odd.entries, odd.stopped) == (sum(repeats.values()) + sum(ahead.values()), stopped)
    assert stopped
    assert repeats
    assert ahead
    with engine.connect() as connection:
        base = quality.base(connection, TODAY)
        listed, total = quality.rows(connection, "Q05", TODAY, 1000)
        pages = [quality.rows(connection, "Q05", TODAY, 7, first)[0] for first in range(0, total, 7)]
    assert (base.later, base.entries) == (sum(ahead.values()), sum(map(len, live.values())) - sum(ahead.values()))
    assert total == odd.entries + odd.stopped == len(listed) == sum(map(len, pages))
    assert [tuple(row) for page in pages for row in page[["batch", "row"]].to_numpy()] == [tuple(row) for row in listed[["batch", "row"]].to_numpy()]

    def key(patient_id: str) -> str:
        return patient_id.lower().lstrip("0")
    known = {(name, who) for name, who, day, _ in live if day <= TODAY}
    often = Counter(key(who) for _, who in known)
    assert {(name, who) for name, who in behind(engine, "Q07", "source", "patient_id")} == {one for one in known if often[key(one[1])] > 1}
    first = behind(engine, "Q07", "source", "patient_id", "what")[0]
    assert first[2].count(" has ") + (int(first[2].split(" and ")[-1].split()[0]) if first[2].endswith("more") else 0) == often[key(first[1])] - 1


def test_sheet_has_no_cell_that_a_spreadsheet_would_run(engine: Engine) -> None:
    sent(engine, quiet("=cmd()", TODAY), source="north")
    sent(engine, quiet("=cmd()", TODAY), source="south")
    with engine.connect() as connection:
        lines = quality.sheet(connection, "Q07", TODAY, 1).splitlines()
    assert lines == ["check,as_of,source,patient_id,day,recorded_at,what,entries,batch,row",
                     "Q07,2026-04-01,north,'=cmd(),2026-04-01,,also: south has =cmd(),1,,"]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.code)
def test_every_alert_says_what_it_checked_and_what_not(alert: Alert) -> None:
    assert alert.checked
    assert alert.not_checked
