"""Small parts of the English sentences that questions are said in, and texts of others inside them."""
from collections.abc import Iterable

from dashboard.codelists import CHOICES
from dashboard.days import date_of, spoken

TIER_ICON = {"E": "⬢", "U": "▲", "R": "●", "I": "·"}


def tier(code: str | None) -> str:
    """Icon and word; colour is never alone."""
    return f"{TIER_ICON[code]} {CHOICES['tier'][code]}" if code else ""


def listing(words: Iterable[str], last: str) -> str:
    """A, B `last` C; nothing for no words."""
    *first, end = [*words] or [""]
    return f"{', '.join(first)} {last} {end}" if first else end


def sided(place: str) -> str:
    """Within a sentence: left leg, not leg left."""
    name, _, side = place.rpartition(" ")
    return f"{side} {name}" if side in ("left", "right") else f"middle of the {name}" if side == "middle" else place


def counted(number: int, noun: str) -> str:
    """1 patient, 1,025 patients, 3 entries."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}es" if noun.endswith(("s", "h")) else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def plain(text: str) -> str:
    """A text that somebody else wrote, without what Markdown would make of it: an image would ask a stranger's server."""
    return "".join(f"\\{character}" if character in "\\`*_[]$~:<>#|" else character for character in text)


def number(value: float) -> str:
    """Shortest exact text: 7, 6.5."""
    return str(value).removesuffix(".0")


def span(low: float | None, high: float | None, at_least: str, at_most: str, inside: str, beyond: int = 0) -> list[str]:
    """At most one phrase. `beyond` 1 names the next whole number outside a lone bound: 51 and more is over 50."""
    if low is None or high is None:
        return [] if low is high else [at_most.format(number(high + beyond))] if low is None else [at_least.format(number(low - beyond))]
    return [inside.format(number(low) if low == high else f"{number(low)} to {number(high)}")]


def period(since: int | None, until: int | None) -> str:
    """1 Jan to 31 Mar 2026; nothing where both ends are open."""
    if since is None or until is None:
        return "" if since is until else f"until {spoken(until)}" if since is None else f"since {spoken(since)}"
    if since == until:
        return f"on {spoken(since)}"
    return f"{spoken(since)[:-5] if date_of(since).year == date_of(until).year else spoken(since)} to {spoken(until)}"


def percent(n: float, base: float) -> str:
    """Of a base: what is there is never rounded to nothing, nor what is missing to all; nothing of nothing is a dash."""
    if not base:
        return "–"
    share = 100 * n / base
    return "<1 %" if 0 < share < 1 else ">99 %" if 99 < share < 100 else f"{int(share + 0.5)} %"


def outside(since: int | None, until: int | None) -> str:
    """The contrary of a period: before 1 Jan 2026, outside 1 Jan to 31 Mar 2026; nothing where both ends are open."""
    if since is None or until is None:
        return "" if since is until else f"after {spoken(until)}" if since is None else f"before {spoken(since)}"
    return f"{'not' if since == until else 'outside'} {period(since, until)}"
