"""Documents of frozen dataclasses: TOML to them and back, checked key by key. Knows nothing about diaries."""
import difflib
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from dataclasses import field as part
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dashboard.errors import Refused

Kind = Callable[[object], object]


# --- what a key may hold: each takes what TOML has, and returns our value or raises ValueError --------------------------------------

def a_text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text")
    return value


def several(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError('a list of texts, as in ["1", "Checked"]; numbers need quotes, too')
    return tuple(value)


def some(value: object) -> tuple[str, ...]:
    found = several(value)
    if not found:
        raise ValueError('a list of at least one text; "" stands for a blank cell')
    return found


def one_or_several(value: object) -> tuple[str, ...]:
    return (a_text(value),) if isinstance(value, str) else several(value)


def a_table(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise ValueError('a table from text to text, as in {"1" = "yes"}; numbers need quotes')
    if len({key.strip().casefold() for key in value}) < len(value):
        raise ValueError("a table in which no two names are the same but for case")
    return dict(value)


def a_pair(value: object) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(one, int | float) for one in value) or value[0] >= value[1]:
        raise ValueError("two numbers, the lowest and the highest, as in [0, 100]")
    return float(value[0]), float(value[1])


def two_names(value: object) -> tuple[str, str]:
    if len(found := several(value)) != 2:
        raise ValueError("two column names, the child's and the parent's")
    return found[0], found[1]


def a_number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ValueError("a number above 0")
    return float(value)


def a_count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("a whole number")
    return value


def yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def a_zone(value: object) -> str:
    try:
        return ZoneInfo(a_text(value)).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError('the name of a time zone, as in "Europe/Vienna"') from None


def a_date(value: object) -> str:
    try:
        return (value if type(value) is date else date.fromisoformat(a_text(value))).isoformat()
    except ValueError:
        raise ValueError('a date, as in "2026-03-31"') from None


def a_separator(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError('what stands between the values, as in ","')
    return value


def one_of(*words: str) -> Kind:
    def check(value: object) -> str:
        if value not in words:
            raise ValueError("one of " + ", ".join(words))
        return str(value)
    return check


def key(kind: Kind | type, name: str = "", default: object = MISSING, of: str = "") -> Field:
    """`of`: "list" or "table" where the value is several of `kind`."""
    factory = {"list": tuple, "table": dict}.get(of) or (dict if kind is a_table else tuple if kind in (several, one_or_several) else None)
    meta = {"kind": kind, "name": name, "of": of}
    return part(default_factory=factory, metadata=meta) if factory and default is MISSING else part(
        default=None if default is MISSING else default, metadata=meta)


# --- to dataclasses and back -------------------------------------------------------------------------------------------------------

def key_of(own: Field) -> str:
    return own.metadata.get("name") or own.name


def made(kind: type, table: object, where: str) -> object:
    if not isinstance(table, dict):
        raise Refused(f"Mapping, {where}: expected a table, as in [{where}].")
    known = {key_of(own): own for own in fields(kind) if own.metadata}
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            raise Refused(f"Mapping, {where + '.' if where else ''}{key}: there is no such key. " + (
                f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(known)}."))
    given = {}
    for key, own in known.items():
        at = f"{where}.{key}" if where else key
        if key in table:
            given[own.name] = _value(own, table[key], at)
        elif own.default is None and own.type in ("str", str):
            raise Refused(f"Mapping, {at}: missing. Expected a text.")
    return kind(**given)


def _value(own: Field, value: object, at: str) -> object:
    kind, of = own.metadata["kind"], own.metadata["of"]
    if of == "list":
        if not isinstance(value, list):
            raise Refused(f"Mapping, {at}: expected a list of tables, as in [[{at}]].")
        return tuple(made(kind, one, at) for one in value)
    if of == "table":
        if not isinstance(value, dict):
            raise Refused(f"Mapping, {at}: expected tables, as in [{at}.severity].")
        return {name: made(kind, one, f"{at}.{name}") for name, one in value.items()}
    if isinstance(kind, type):
        return made(kind, value, at)
    try:
        return kind(value)
    except ValueError as error:
        raise Refused(f"Mapping, {at}: expected {error}; found {value!r}.") from None


def plain(document: object) -> dict:
    """As TOML would have it, without what is not said."""
    found: dict[str, object] = {}
    for own in fields(document):
        value, of, kind = getattr(document, own.name), own.metadata.get("of"), own.metadata.get("kind")
        if not kind or value is None or value is False or value == own.default or (isinstance(value, tuple | dict) and not value):
            continue
        if of == "list":
            value = [plain(one) for one in value]
        elif of == "table":
            value = {name: plain(one) for name, one in value.items()}
        elif isinstance(kind, type):
            value = plain(value)
        elif isinstance(value, tuple):
            value = value[0] if kind is one_or_several and len(value) == 1 else [_short(one) for one in value]
        found[key_of(own)] = _short(value)
    return found


def _short(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value
