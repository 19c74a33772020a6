"""When somebody is on duty, and by when something is due that is to be seen to in such hours.

Moments are given and returned as the database keeps them: UTC, without a zone."""
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, Engine

from dashboard.errors import WrongSetting

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_STRETCH = re.compile(r"([a-z]{3})(?: ?- ?([a-z]{3}))? (\d\d?):([0-5]\d) ?- ?(\d\d?):([0-5]\d)", re.ASCII | re.IGNORECASE)
_ALL_DAY = 24 * 60


@dataclass(frozen=True)
class Hours:
    """`week`: for each day from Monday on, from which minute to which somebody is on duty, in order. `zone`: None is the computer's own.
    `said`: as it was written; where nothing was, somebody is on duty always, and the working days are Monday to Friday."""
    week: tuple[tuple[tuple[int, int], ...], ...] = (((0, _ALL_DAY),),) * 7
    zone: ZoneInfo | None = None
    said: str = ""

    def after(self, at: datetime, lasting: timedelta) -> datetime:
        """When somebody has been on duty for so long."""
        day, left = self._here(at).date(), lasting
        while True:
            for first, last in self.week[day.weekday()]:
                ends = self._utc(datetime.combine(day, time()) + timedelta(minutes=last))
                at = max(at, self._utc(datetime.combine(day, time()) + timedelta(minutes=first)))
                if left <= ends - at:
                    return at + left
                if ends > at:
                    left, at = left - (ends - at), ends
            day += timedelta(days=1)

    def working_days_after(self, at: datetime, days: int) -> datetime:
        """The same time of day, so many working days later."""
        here = self._here(at)
        while days:
            here += timedelta(days=1)
            days -= self._is_working(here)
        return self._utc(here)

    def _is_working(self, day: date) -> bool:
        return bool(self.week[day.weekday()]) if self.said else day.weekday() < 5

    def _here(self, at: datetime) -> datetime:
        """As the clock on the wall shows it."""
        return at.replace(tzinfo=UTC).astimezone(self.zone).replace(tzinfo=None)

    def _utc(self, here: datetime) -> datetime:
        return here.replace(tzinfo=self.zone).astimezone(UTC).replace(tzinfo=None)


ALWAYS = Hours()


def read(said: str) -> Hours:
    """Such as "Mon-Fri 08:00-12:00, Mon-Thu 13:00-17:00 Europe/Vienna"; blank is always."""
    said = " ".join(said.replace("–", "-").split())
    if not said:
        return ALWAYS
    rest, _, last = said.rpartition(" ")
    zone = None if ":" in last else _zone(last)
    week: list[list[tuple[int, int]]] = [[] for _ in DAYS]
    for part in (rest if zone else said).split(","):
        found = _STRETCH.fullmatch(part.strip())
        first, last_day = (name and name.lower() for name in found.groups()[:2]) if found else ("", "")
        if not found or first not in DAYS or (last_day or first) not in DAYS:
            raise _wrong(f'"{part.strip()}" is not days and hours.')
        begins, ends = (int(found[place]) * 60 + int(found[place + 1]) for place in (3, 5))
        if not begins < ends <= _ALL_DAY:
            raise _wrong(f'"{part.strip()}" does not end after it begins, or not by 24:00. A night is two stretches: Fri 20:00-24:00, Sat 00:00-06:00.')
        until = DAYS.index(last_day or first)
        for place in range(DAYS.index(first), until + (1 if DAYS.index(first) <= until else 8)):
            week[place % 7].append((begins, ends))
    return Hours(tuple(tuple(sorted(stretches)) for stretches in week), zone, said)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _wrong(f'"{name}" is neither hours nor the name of a time zone.') from None


def _wrong(what: str) -> WrongSetting:
    return WrongSetting(f"PAIN_DIARY_HOURS: {what} Write when somebody is on duty, as in Mon-Fri 08:00-18:00, Sat 09:00-12:00, and behind it the time zone "
                        "where the computer is set to another one than the clinic: Mon-Fri 08:00-18:00 Europe/Vienna. Then start again.")


def of(where: Connection | Engine) -> Hours:
    """Those that a database was opened with."""
    return where.get_execution_options().get("hours", ALWAYS)
