"""Conditions from plain data, as rule files and stored documents hold them. Every fault names where it is and what would be right."""
from dataclasses import fields
from functools import cache
from types import GenericAlias
from typing import get_type_hints

from dashboard.codelists import HISTORY, LISTS, RELIEF, SYMPTOM, Codelist
from dashboard.errors import Refused
from dashboard.rules.conditions import Condition, NamedOnly, NotLongstanding, Reported, listed
from dashboard.rules.over_time import ANCHORS, AROUND, IN_ONE_ENTRY, KINDS, ONE_ENTRY, SameEntry, WithinDays
from dashboard.rules.single import CHOSEN_FROM, SEXES, NotChosen, choice

NAMES = {kind: name for name, kind in KINDS.items()}
_EXPECTED = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}

_ONE_OF = {"choice": CHOSEN_FROM, "sex": SEXES, "only": ("", "new", "old"), "tiers": ("E", "U", "EU")}
_AT_LEAST_ONE = frozenset({"on_days", "count", "within", "span", "least_days"})


def condition(data: object, where: str) -> Condition:
    if not isinstance(data, dict) or data.get("kind") not in KINDS:
        raise Refused(f"{where}: kind is {data.get('kind') if isinstance(data, dict) else data!r}, expected one of {', '.join(KINDS)}")
    kind = KINDS[data["kind"]]
    hints, wanted = _hints(kind), {f.name: f for f in fields(kind)}
    groups = {"groups"} if "codes" in wanted else set()
    only(data, {"kind", *wanted, *groups}, where)
    given = dict(data)
    if groups & set(data):
        given["codes"] = [*data.get("codes", []), *_grouped(data, where)]
    values = {}
    for name in wanted:
        if name in given:
            values[name] = _value(given[name], hints[name], _codelist(name, data, where), f"{where}.{name}")
        elif not (kind is Reported and name == "only"):
            raise Refused(f"{where}: {name} is missing")
    made = kind(**values)
    _check_place(made, where)
    _check_possible(values, where)
    return made


@cache
def _hints(kind: type[Condition]) -> dict[str, object]:
    return get_type_hints(kind)


def _codelist(name: str, data: dict, where: str) -> Codelist | None:
    if name == "answers":
        return choice(_one_of("choice", data.get("choice"), f"{where}.choice"))
    if name == "codes" and data.get("field") not in LISTS:
        raise Refused(f"{where}.field: {data.get('field')!r}, expected one of {', '.join(LISTS)}")
    return {"symptoms": SYMPTOM, "history": HISTORY, "but": RELIEF, "relief": RELIEF, "codes": LISTS.get(data.get("field"))}.get(name)


def _grouped(data: dict, where: str) -> list[str]:
    codelist = _codelist("codes", data, where)
    try:
        return [code for group in data["groups"] for code in codelist.group(group)]
    except KeyError as error:
        raise Refused(f"{where}.groups: {error.args[0]}") from None


def _value(value: object, hint: object, codelist: Codelist | None, where: str) -> object:
    if hint is Condition:
        return condition(value, where)
    if isinstance(hint, GenericAlias):
        if not isinstance(value, list) or not value:
            raise Refused(f"{where}: a list with at least one item is expected")
        if codelist is None:
            return tuple(condition(part, f"{where}[{n}]") for n, part in enumerate(value))
        for code in value:
            if code not in codelist.bit:
                raise Refused(f"{where}: {code!r} is no {codelist.name} code")
        return tuple(sorted(set(value), key=codelist.bit.__getitem__))
    number, name = typed(value, hint, where), where.rsplit(".", 1)[-1]
    if name in _ONE_OF:
        return _one_of(name, number, where)
    least = 1 if name in _AT_LEAST_ONE else 0
    if hint in (int, float) and number < least:
        raise Refused(f"{where}: {value}, expected {least} or more")
    return number


def _one_of(name: str, value: object, where: str) -> str:
    if value not in _ONE_OF[name]:
        raise Refused(f"{where}: {value!r}, expected {listed([code or 'nothing' for code in sorted(_ONE_OF[name], key=lambda code: not code)], 'or')}")
    return value


def typed(value: object, kind: type, where: str) -> object:
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise Refused(f"{where}: {value!r}, expected {_EXPECTED[kind]}")
    return value


def only(data: dict, allowed: set[str], where: str) -> None:
    if unknown := set(data) - allowed:
        raise Refused(f"{where}: {sorted(unknown)[0]} is no key here, expected {', '.join(sorted(allowed))}")


def _check_place(made: Condition, where: str) -> None:
    """What is asked of one entry, or of the entries around an anchor, can be answered by them."""
    asked: list[tuple[Condition, tuple[type, ...]]] = []
    if isinstance(made, WithinDays):
        asked = [*([] if isinstance(made.anchor, SameEntry) else [(made.anchor, ANCHORS)]), *[(part, AROUND) for part in made.parts]]
    elif isinstance(made, ONE_ENTRY):
        asked = [(part, IN_ONE_ENTRY) for part in made.parts]
    for inner, allowed in ((inner, allowed) for part, allowed in asked for inner in part.walk()):
        if type(inner) not in allowed:
            raise Refused(f"{where}: {NAMES[type(inner)]} cannot stand in it, only {', '.join(NAMES[kind] for kind in allowed)}")


def _check_possible(values: dict[str, object], where: str) -> None:
    """So many days fit into the days that are looked at."""
    for days, among, room in (("on_days", "within", 0), ("on_days", "apart", 1), ("least_days", "span", 0)):
        if days in values and among in values and values[days] > values[among] + room:
            raise Refused(f"{where}: {days} is {values[days]} and {among} is {values[among]}: that can never be met")


def check_entry_only(condition: Condition, where: str) -> None:
    if isinstance(condition, (NamedOnly, NotLongstanding, NotChosen)):
        raise Refused(f"{where}: {NAMES[type(condition)]} stands outside same_entry")
    if not isinstance(condition, ONE_ENTRY):
        for part in condition.below():
            check_entry_only(part, where)
