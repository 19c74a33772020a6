from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from sqlalchemy import Engine, func, select

from dashboard import demo
from dashboard.codelists import HISTORY
from dashboard.days import date_of, day_of
from dashboard.imports import commit, fields, plan, tabular
from dashboard.rules import active, answers
from dashboard.schema import diary_entry, import_batch
from dashboard.settings import DATA
from dashboard.synthetic import columns

LAST_DAY = day_of(date(2026, 3, 31))
NOW = datetime(2026, 4, 1, 8, tzinfo=UTC)
SAMPLE = DATA / "sample"


def frame(diaries: pa.Table) -> pd.DataFrame:
    return diaries.to_pandas().astype(object)


@pytest.fixture(scope="module")
def diaries() -> pd.DataFrame:
    return frame(demo.generate(1_000, 20_000, 5, LAST_DAY))


@pytest.fixture(scope="module")
def by_source(diaries: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return dict(list(diaries.groupby("source")))


def test_a_seed_gives_the_same_diaries_again() -> None:
    assert demo.generate(60, 700, 3, LAST_DAY).equals(demo.generate(60, 700, 3, LAST_DAY))


def test_another_seed_gives_other_patients() -> None:
    one, other = (frame(demo.generate(60, 700, seed, LAST_DAY)) for seed in (3, 4))
    assert not set(zip(one.source, one.patient_id, strict=True)) & set(zip(other.source, other.patient_id, strict=True))
    assert one.severity.tolist() != other.severity.tolist()


def test_the_size_of_chunks_changes_nothing() -> None:
    whole, parts = demo.generate(8_000, 20_000, 1, LAST_DAY), list(demo.chunks(8_000, 20_000, 1, LAST_DAY, rows=3_000))
    assert len(parts) > len(demo.SOURCES)
    assert frame(pa.concat_tables(parts)).equals(frame(whole))


@pytest.mark.parametrize(("patients", "entries"), [(1, 1), (1, 40), (3, 3), (7, 100), (250, 251), (3_000, 9_001)])
def test_patients_and_entries_are_as_many_as_asked_for(patients: int, entries: int) -> None:
    made = frame(demo.generate(patients, entries, 1, LAST_DAY))
    assert len(made) == entries
    assert len(made.groupby(["source", "patient_id"])) == patients


@pytest.mark.parametrize(("patients", "entries", "seed"), [(0, 0, 1), (5, 4, 1), (5, 50, -1)])
def test_refuses_what_cannot_be(patients: int, entries: int, seed: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        demo.generate(patients, entries, seed, LAST_DAY)


def test_has_the_columns_of_the_template() -> None:
    assert tuple(demo.generate(5, 50, 1, LAST_DAY).column_names) == fields.COLUMNS


@pytest.mark.parametrize(("source", "moment", "has_ids"), [
    ("northgate_clinic", r"\d{4}-\d\d-\d\dT\d\d:\d\d", False), ("riverside_clinic", r"\d{4}-\d\d-\d\d", False),
    ("diary_app", r"\d{4}-\d\d-\d\dT\d\d:\d\d[+-]\d\d:\d\d", True), ("back_pain_study", r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", True)])
def test_each_source_writes_in_its_own_way(by_source: dict[str, pd.DataFrame], source: str, moment: str, has_ids: bool) -> None:
    found = by_source[source]
    assert found.recorded_at.str.fullmatch(moment).all()
    assert found.entry_id.notna().all() if has_ids else found.entry_id.isna().all()
    assert not has_ids or found.entry_id.is_unique
    never = set(fields.COLUMNS) - set(columns.asked(source))
    assert never and found[sorted(never)].isna().all(axis=None)


def test_onset_is_stated_always_sometimes_or_never(by_source: dict[str, pd.DataFrame]) -> None:
    stated = {source: rows.onset_date.notna().mean() for source, rows in by_source.items()}
    assert stated["northgate_clinic"] == 1 and stated["diary_app"] == 0
    assert 0.2 < stated["back_pain_study"] < stated["riverside_clinic"] < 0.8


def test_every_source_ends_on_its_own_day(by_source: dict[str, pd.DataFrame]) -> None:
    last = {source: rows.recorded_at.str[:10].max() for source, rows in by_source.items()}
    assert last == {"northgate_clinic": "2026-03-31", "riverside_clinic": "2026-03-28", "diary_app": "2026-03-31", "back_pain_study": "2026-03-30"}


def test_onset_is_never_after_the_entry(diaries: pd.DataFrame) -> None:
    stated = diaries[diaries.onset_date.notna()]
    assert (stated.onset_date <= stated.recorded_at.str[:10]).all()


def test_people_leave_blanks_and_days_out(by_source: dict[str, pd.DataFrame]) -> None:
    app = by_source["diary_app"]
    for name in ("severity", "worst_severity", "locations", "qualities", "trend", "note", "birth_year", "chest_pain"):
        assert 0 < app[name].isna().mean() < 1, name
    days = pd.to_datetime(app.recorded_at.str[:10]).groupby(app.patient_id).diff().dt.days.dropna()
    assert (days == 1).mean() > 0.5 and (days > 3).mean() > 0.03 and days.max() >= 28 and (days == 0).any() and days.min() == 0


def test_red_flags_are_rare_where_they_are_asked(diaries: pd.DataFrame) -> None:
    common = {"night_pain", "muscle_spasm", "both_legs", "longstanding"}
    for code in set(fields.RED_FLAGS) - common:
        said = diaries[code].dropna()
        assert len(said) > 1_000 and (said == "yes").mean() < 0.05, code
    assert (diaries.chest_pain == "no").mean() > 0.3


def test_some_disagree_with_what_they_said_about_themselves(diaries: pd.DataFrame) -> None:
    told = diaries.groupby(["source", "patient_id"])[list(HISTORY.bit)].agg(lambda said: said.dropna().nunique())
    assert 1 <= (told > 1).any(axis=1).sum() < 50


def test_places_and_qualities_belong_together(diaries: pd.DataFrame) -> None:
    said = diaries[diaries.locations.notna() & diaries.qualities.notna()]
    burns, legs = said.qualities.str.contains("burning|shooting|electric"), said.locations.str.contains("leg_")
    assert burns[legs].mean() > 3 * burns[~legs].mean()
    upper = diaries.locations.dropna().str.contains("upper_back|mid_back|between|thoracic")
    patients = upper.groupby([diaries.source, diaries.patient_id]).mean() > 0.5
    assert 0.35 < patients.mean() < 0.6


def test_loads_on_both_engines(engine: Engine, few_rules: None) -> None:
    active.record_shipped(engine, at=NOW)
    said: list[str] = []
    made = demo.load(engine, 30, 400, 2, LAST_DAY, by="Test", at=NOW, progress=said.append)
    assert (made["patients"], made["entries"], made["as_of"]) == (30, 400, "2026-03-31")
    assert said[-2] == "400 of 400 entries"
    assert sum(made["buckets"].values()) == 30 and said[-1].startswith("Of everybody, emergency ")
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(diary_entry)) == 400
        batches = connection.execute(select(import_batch.c.batch, import_batch.c.demo)).all()
    assert [batch for batch, is_demo in batches if is_demo] == made["batches"] == [1, 2, 3, 4]


def test_loading_the_same_again_changes_nothing(duckdb_engine: Engine, few_rules: None) -> None:
    active.record_shipped(duckdb_engine, at=NOW)
    first, second = (demo.load(duckdb_engine, 20, 200, 2, LAST_DAY, by="Test", at=NOW) for _ in range(2))
    assert (first["entries"], second["entries"]) == (200, 0)


def test_every_bucket_has_its_share(duckdb_engine: Engine) -> None:
    active.record_shipped(duckdb_engine, at=NOW)
    demo.load(duckdb_engine, 1_000, 20_000, 5, LAST_DAY, by="Test", at=NOW)
    with duckdb_engine.connect() as connection:
        found = answers.standing(connection, LAST_DAY)
    share = {bucket: found[bucket] / 10 for bucket in ("emergency", "same_day", "not_assessable", "routine", "no_criterion_met")}
    assert found["patients"] == 1_000 and sum(share.values()) == pytest.approx(100)
    for bucket, least, most in (("emergency", 1, 4), ("same_day", 3, 8), ("not_assessable", 15, 25), ("routine", 15, 33), ("no_criterion_met", 30, 65)):
        assert least <= share[bucket] <= most, share


def test_the_sample_files_are_what_is_written(tmp_path: Path) -> None:
    written = demo.write_sample(tmp_path)
    assert sorted(path.name for path in written) == sorted(path.name for path in SAMPLE.glob("*.csv"))
    for path in written:
        assert path.read_bytes() == (SAMPLE / path.name).read_bytes(), path.name
    assert sum(path.stat().st_size for path in written) < 2_500_000


def test_the_sample_has_the_work_it_is_meant_to_have(duckdb_engine: Engine) -> None:
    counts, red_flags = {}, {}
    for path in sorted(SAMPLE.glob("*.csv")):
        with duckdb_engine.connect() as connection:
            planned = plan.plan(connection, tabular.read(path, path.name), today=LAST_DAY)
        receipt = commit.commit(duckdb_engine, planned, by="Test", at=NOW, demo=True)
        counts[path.stem], red_flags[path.stem] = receipt.counts, planned.red_flag_rows["which"].tolist()
        if path.stem == "riverside_clinic":
            assert sorted(receipt.problems["code"]) == ["impossible_date", "not_a_number", "not_yes_or_no", "out_of_range", "unknown_code"]
    assert {name: (c["quarantined"], c["duplicate"], c["revised"], c["repeats"]) for name, c in counts.items()} == {
        "back_pain_study": (0, 0, 0, 0), "diary_app": (0, 0, 0, 0), "diary_app_late_march": (0, 54, 2, 0),
        "northgate_clinic": (0, 3, 0, 0), "riverside_clinic": (5, 0, 0, 0)}
    assert sum(c["entries"] for c in counts.values()) == 11_295
    assert [which for found in red_flags.values() for which in found] == ["Chest pain", "Leg weakness"]


def test_the_sample_says_what_its_readme_says() -> None:
    said = (SAMPLE / "README.md").read_text(encoding="utf-8")
    assert all(f"`{path.name}`" in said for path in SAMPLE.glob("*.csv"))
    assert "11,295 entries" in said and "54 entries are in both" in said and str(date_of(LAST_DAY).year) in said
