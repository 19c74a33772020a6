from pathlib import Path

import pytest

from dashboard.settings import ROOT, Settings, most_few, read, rounding


def test_what_is_not_set_or_blank_has_its_default() -> None:
    assert read({}) == read({"PAIN_DIARY_DATABASE": " ", "PAIN_DIARY_DEMO": ""}) == Settings()
    assert read({}).database == f"duckdb:///{ROOT / 'data' / 'pain_diary.duckdb'}" and (read({}).demo, read({}).probe) == ("yes", "no")


def test_what_is_set_counts_without_its_blanks() -> None:
    found = read({"PAIN_DIARY_DATABASE": " postgresql+psycopg://a@b/c\n", "PAIN_DIARY_DEMO": "no", "HOME": "/"})
    assert (found.database, found.demo) == ("postgresql+psycopg://a@b/c", "no")


@pytest.mark.parametrize(("given", "most"), [("10", 10), ("0", 0), ("5", 5), ("1", 10), ("-3", 10), ("none", 10)])
def test_what_cannot_be_read_hides_as_much_as_the_default(given: str, most: int) -> None:
    assert most_few(read({"PAIN_DIARY_FEW": given})) == most
    assert rounding(read({"PAIN_DIARY_ROUND": given})) == {"10": 10, "1": 1}.get(given, 5)


def test_paths_do_not_hang_on_the_working_directory() -> None:
    assert Path(ROOT).is_absolute() and (ROOT / "dashboard" / "settings.py").is_file()
