"""Numbers in what a rule is called: `{worst_at_least.at_least}` in a title, reason or action is the number that its condition goes by, so
that the words on a page cannot say another one. After a colon, how it is said: `weeks`, `words`, or `over` (over 70 is aged 71 or more)."""
import re
from collections.abc import Iterable, Mapping

from dashboard.errors import Refused
from dashboard.rules.conditions import Condition
from dashboard.rules.parsing import NAMES

_GAP = re.compile(r"\{(\w+)\.(\w+)(?::(\w+))?\}")
_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def filled(texts: Mapping[str, str], parts: Iterable[Condition], where: str) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """The texts with their numbers, and as they were written those that have any."""
    parts = tuple(parts)
    made = {name: _GAP.sub(lambda gap, name=name: _said(gap, parts, f"{where}: {name}"), text) for name, text in texts.items()}
    return made, tuple((name, text) for name, text in texts.items() if text != made[name])


def _said(gap: re.Match, parts: tuple[Condition, ...], where: str) -> str:
    kind, field, how = gap.groups()
    found = {getattr(part, field, None) for part in parts if NAMES[type(part)] == kind}
    if len(found) != 1 or not isinstance(value := found.pop(), int | float):
        raise Refused(f"{where}: {gap[0]} has to be one number, and its conditions give {len(found) or 'none'}")
    if how == "weeks":
        return f"{value:g} days" if value % 7 else "a week" if value == 7 else f"{value // 7:g} weeks"
    if how == "words":
        return _WORDS[int(value)] if value in range(len(_WORDS)) else f"{value:g}"
    if how not in (None, "over"):
        raise Refused(f"{where}: {gap[0]} is said in no such way, expected weeks, words or over")
    return f"{value - 1 if how else value:g}"
