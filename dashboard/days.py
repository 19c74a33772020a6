"""Days are counted since 1970-01-01, so that every engine compares and subtracts them alike."""
from datetime import date, timedelta

_FIRST = date(1970, 1, 1)


def day_of(day: date) -> int:
    return (day - _FIRST).days


def date_of(day: int) -> date:
    return _FIRST + timedelta(days=int(day))


def spoken(day: int) -> str:
    """As pages write it: 31 Mar 2026."""
    found = date_of(day)
    return f"{found.day} {found:%b %Y}"


def ago(days: int) -> str:
    """An age in days as pages write it: today, 3 d, 5 w."""
    if days <= 0:
        return "today"
    return f"{days} d" if days < 28 else f"{days // 7} w"


def lasting(minutes: float) -> str:
    """A length of time as pages write it: 5 min, 2 h, 3 d, 5 w."""
    minutes = max(1, int(minutes))
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h" if minutes < 24 * 60 else ago(minutes // (24 * 60))
