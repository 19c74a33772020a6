import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from dashboard.errors import WrongSetting
from dashboard.hours import ALWAYS, read

WEEKDAYS = "Mon-Fri 08:00-18:00 Europe/Vienna"  # an hour before UTC in winter, two in summer
SPLIT = "Mon-Thu 08:00-12:00, Mon - Fri 12:30–16:00, Mon 10:00-12:15, Sat-Sun 9:00-9:20 UTC"
NIGHT = "Sat-Mon 00:00-24:00 Europe/Vienna"
GAP = "Sun 01:30-02:30, Tue 01:00-03:00 Europe/Vienna"


@pytest.fixture
def _in_vienna(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Vienna")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


# 1 Apr 2026 is a Wednesday; in Vienna the clocks go forward on 29 Mar and back on 25 Oct
@pytest.mark.parametrize(("said", "at", "minutes", "due"), [
    ("", "2026-04-04 23:30", 60, "2026-04-05 00:30"), ("", "2026-03-29 00:30", 60, "2026-03-29 01:30"),
    (WEEKDAYS, "2026-04-01 09:00", 60, "2026-04-01 10:00"), (WEEKDAYS, "2026-04-01 03:00", 60, "2026-04-01 07:00"),
    (WEEKDAYS, "2026-04-01 15:00", 60, "2026-04-01 16:00"), (WEEKDAYS, "2026-04-01 15:01", 60, "2026-04-02 06:01"),
    (WEEKDAYS, "2026-04-01 16:00", 60, "2026-04-02 07:00"), (WEEKDAYS, "2026-04-03 15:59", 60, "2026-04-06 06:59"),
    (WEEKDAYS, "2026-04-04 12:00", 60, "2026-04-06 07:00"), (WEEKDAYS, "2026-04-01 06:00", 1500, "2026-04-03 11:00"),
    (WEEKDAYS, "2026-03-27 16:30", 60, "2026-03-30 06:30"), (WEEKDAYS, "2026-10-23 15:30", 60, "2026-10-26 07:30"),
    (SPLIT, "2026-04-01 11:45", 60, "2026-04-01 13:15"), (SPLIT, "2026-03-30 09:30", 180, "2026-03-30 12:45"),
    (SPLIT, "2026-04-03 15:50", 60, "2026-04-06 08:10"),
    (NIGHT, "2026-03-28 23:30", 120, "2026-03-29 01:30"), (NIGHT, "2026-10-24 20:00", 26 * 60, "2026-10-25 22:00"),
    (NIGHT, "2026-04-06 21:30", 60, "2026-04-10 22:30"), (GAP, "2026-03-29 00:00", 60, "2026-03-29 01:30")])
def test_what_is_due_after_so_many_minutes_of_somebody_on_duty(said: str, at: str, minutes: int, due: str) -> None:
    assert f"{read(said).after(datetime.fromisoformat(at), timedelta(minutes=minutes)):%Y-%m-%d %H:%M}" == due


@pytest.mark.parametrize(("said", "at", "days", "due"), [
    ("", "2026-04-03 09:00", 1, "2026-04-06 09:00"), ("", "2026-04-05 09:00", 5, "2026-04-10 09:00"),
    (WEEKDAYS, "2026-03-26 09:00", 2, "2026-03-30 08:00"), (WEEKDAYS, "2026-04-03 22:30", 1, "2026-04-05 22:30"),
    ("Tue 08:00-12:00, Sat 08:00-12:00 UTC", "2026-04-01 09:00", 3, "2026-04-11 09:00")])
def test_working_days_are_those_on_which_somebody_is_on_duty(said: str, at: str, days: int, due: str) -> None:
    assert f"{read(said).working_days_after(datetime.fromisoformat(at), days):%Y-%m-%d %H:%M}" == due


@pytest.mark.usefixtures("_in_vienna")
def test_without_a_zone_the_clock_of_the_computer_counts() -> None:
    assert read(WEEKDAYS.removesuffix(" Europe/Vienna")).after(datetime(2026, 3, 27, 16, 30), timedelta(hours=1)) == datetime(2026, 3, 30, 6, 30)


def test_blank_is_always() -> None:
    assert read(" ") is ALWAYS


@pytest.mark.parametrize(("said", "named"), [
    ("always", '"always" is neither'), ("Mon-Fri", '"Mon-Fri" is neither'), ("Mon-Fri 8-18", '"8-18" is neither'),
    ("Mon-Fri 08:00-18:00 Vienna", '"Vienna" is neither'),
    ("08:00-18:00", '"08:00-18:00" is not days'), ("Mon-Fry 08:00-18:00", '"Mon-Fry 08:00-18:00" is not days'), ("Mon 08:00-18:00,", '"" is not days'),
    ("Mon 08:60-18:00", '"Mon 08:60-18:00" is not days'), ("Mon 09:00-12:00; Tue 09:00-12:00", "is not days"),
    ("Sat 09:00-12:00, Fri 20:00-06:00", '"Fri 20:00-06:00" does not end'), ("Mon 08:00-24:01", "24:00"), ("Mon 08:00-08:00", "does not end")])
def test_what_cannot_be_understood_is_refused_with_what_would_be_right(said: str, named: str) -> None:
    with pytest.raises(WrongSetting, match=r"PAIN_DIARY_HOURS: .* as in Mon-Fri 08:00-18:00") as refused:
        read(said)
    assert named in str(refused.value)
