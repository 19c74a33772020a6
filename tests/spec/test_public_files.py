"""Files that others have published and counted, imported as they are: the same figures come out (data/public/README.md says whose they are)."""
import csv
import hashlib
from collections import Counter
from datetime import date
from pathlib import Path
from statistics import median

import pytest
from sqlalchemy import Connection, Engine, select

from dashboard import cohort, distributions, profile, sample
from dashboard.cohort import Cohort
from dashboard.days import day_of
from dashboard.imports import commit, mapping, plan, tabular
from dashboard.imports.mapping import Mapping
from dashboard.settings import DATA
from tests.files import AT, BY, EVER, TODAY

FOLDER = DATA / "public"
MIGRAINE, THROAT = FOLDER / "migraine_headaches.csv", FOLDER / "sore_throat.csv"
SORE = {  # of 117 with licorice and 116 with sugar water, two more without an answer: with pain, and the mean of the scores
    "pacu30min": ("2010-03-01T11:00", (22, 0.27), (42, 1.03)), "postOp4hour": ("2010-03-01T16:00", (24, 0.35), (52, 0.91))}


def loaded(engine: Engine, name: str, how: Mapping) -> commit.Receipt:
    with engine.connect() as connection:
        planned = plan.plan(connection, tabular.read(FOLDER / name, name), how, today=TODAY)
    return commit.commit(engine, planned, by=BY, at=AT)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def counted(connection: Connection, asked: Cohort) -> dict:
    return distributions.summary(connection, asked, as_of=TODAY)


def places(connection: Connection, asked: Cohort, per: str = "entry") -> dict[str, int]:
    return distributions.locations(connection, sample.sample(connection, asked, as_of=TODAY, per=per)).set_index("code")["n"].to_dict()


def severities(connection: Connection, asked: Cohort) -> dict[str, int]:
    return distributions.severities(connection, sample.sample(connection, asked, as_of=TODAY, per="entry")).set_index("code")["n"].to_dict()


@pytest.mark.parametrize("path", [MIGRAINE, THROAT], ids=lambda path: path.stem)
def test_the_files_are_those_that_were_published(path: Path) -> None:
    assert hashlib.sha256(path.read_bytes()).hexdigest() in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_headaches_of_a_published_diary(engine: Engine) -> None:
    receipt = loaded(engine, MIGRAINE.name, mapping.from_file(MIGRAINE.with_suffix(".toml")))
    assert receipt.counts == {"rows_in": 4152, "loaded": 4152, "quarantined": 0, "duplicate": 0, "left_out": 0, "entries": 4152, "revised": 0, "repeats": 1}
    file = rows(MIGRAINE)
    each, aches = Counter(row["id"] for row in file), {row["id"] for row in file if row["headache"] == "yes"}
    sex = {row["id"]: row["sex"] for row in file}
    day_0 = day_of(date(1994, 1, 1))
    with engine.connect() as connection:
        found = counted(connection, Cohort())
        assert (found["base"]["entries"], found["base"]["patients"]) == (4152, 133) == (len(file), len(each))
        assert found["base"]["entries_per_patient"]["median"] == median(each.values())
        assert (found["location"]["counts"]["head"], found["location"]["not_recorded"]) == (len(aches), 0)
        of_days, said = places(connection, Cohort()), Counter(row["headache"] for row in file)
        assert (of_days["head"], of_days["none"]) == (2666, 1486) == (said["yes"], said["no"])
        whose = profile.sexes(connection, sample.sample(connection, Cohort(), as_of=TODAY)).set_index("code")["n"]
        assert (whose["female"], whose["male"]) == (113, 20) == tuple(Counter(sex.values())[one] for one in ("female", "male"))
        assert places(connection, Cohort(sexes=("male",)))["head"] == sum(row["headache"] == "yes" for row in file if row["sex"] == "male")
        live = cohort.entries(connection, EVER).subquery()
        days = connection.scalars(select(live.c.day)).all()
        assert round(sum(day - day_0 for day in days) / len(days), 4) == 646.7059
        hundred_days = Cohort(since=day_0 + 200, until=day_0 + 299)
        assert places(connection, hundred_days)["head"] == sum(200 <= int(row["dos"]) < 300 and row["headache"] == "yes" for row in file)


def test_days_before_a_treatment_in_a_published_diary(engine: Engine) -> None:
    """The days that the other mapping does not keep, counted from the treatment: a number of days may be below 0."""
    text = MIGRAINE.with_suffix(".toml").read_text(encoding="utf-8").replace('"time"', '"dos"').replace('from = "dos"', 'from = "time"')
    loaded(engine, MIGRAINE.name, mapping.read(text))
    with engine.connect() as connection:
        before = sample.sample(connection, Cohort(until=day_of(date(1993, 12, 31))), as_of=TODAY, columns=())
    assert before.patients == 55
    assert before.entries == sum(int(row["time"]) < 0 for row in rows(MIGRAINE))


def test_pain_after_surgery_as_others_have_counted_it(engine: Engine) -> None:
    text, file = THROAT.with_suffix(".toml").read_text(encoding="utf-8"), rows(THROAT)
    for moment, (when, *_) in SORE.items():
        receipt = loaded(engine, THROAT.name, mapping.read(text.replace("postOp4hour", moment).replace("2010-03-01T16:00", when)))
        assert (receipt.counts["loaded"], receipt.counts["entries"]) == (235, 235)
    with engine.connect() as connection:
        assert counted(connection, Cohort())["base"] == {"patients": 235, "entries": 470, "entries_per_patient": {"median": 2, "q1": 2, "q3": 2}}
        for arm, treat, place in (("licorice", "1", 1), ("sugar water", "0", 2)):
            for moment, said in SORE.items():
                asked = severities(connection, Cohort(sources=(arm,), hours=(said[0][11:13],)))
                scores = Counter(row[f"{moment}_throatPain"] for row in file if row["treat"] == treat)
                assert scores.pop("") == 1  # no answer is no 0
                assert asked == {str(score): scores[str(score)] for score in range(11)}
                base, (sore, mean) = sum(asked.values()), said[place]
                assert (base, base - asked["0"]) == ({"1": 117, "0": 116}[treat], sore)
                assert round(sum(int(score) * n for score, n in asked.items()) / base, 2) == mean
