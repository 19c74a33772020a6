"""Kinds of files that are known by their header: what ships in data/mappings, and what was remembered."""
import hashlib
from collections.abc import Iterable
from functools import cache

from dashboard.errors import Refused
from dashboard.imports import fields, mapping
from dashboard.imports.families import like
from dashboard.imports.mapping import Mapping
from dashboard.imports.tabular import normalised
from dashboard.settings import DATA

FOLDER = DATA / "mappings"


@cache
def shipped() -> tuple[Mapping, ...]:
    """Those that a person may change and add to, by the names of their files."""
    found = []
    for path in sorted(FOLDER.glob("*.toml")):
        try:
            found.append(mapping.read(path.read_text(encoding="utf-8")))
        except Refused as error:
            raise Refused(f"data/mappings/{path.name}: {error}") from None
    return tuple(found)


def signature(header: Iterable[str]) -> str:
    """The same for files with the same columns, in whatever order; what a corrected quarantine adds does not count."""
    names = sorted({normalised(name) for name in header} - set(fields.SERVICE))
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def is_template(header: Iterable[str]) -> bool:
    return {*fields.NEEDED} <= {normalised(name) for name in header}


def fits(header: Iterable[str], known: Mapping) -> bool:
    """Whether every column that it needs is there; of a shape that only says what its headers are like, those."""
    names = list(header)
    there = {normalised(name) for name in names}
    if known.shape:
        return all(any(like(pattern).fullmatch(name.strip()) for name in names) for pattern in known.shape.headers)
    optional = {normalised(one) for column in known.columns.values() if column.optional for one in (*column.headers, *column.each)}
    optional |= {normalised(one) for left in known.leave_out if left.optional for one in (left.column, left.carried_by or "")}
    needed = {normalised(one) for one in known.headers} - optional
    patterns = [column.pattern for column in known.columns.values() if column.pattern and not column.optional]
    return bool(needed) and needed <= there and all(any(like(pattern).fullmatch(name.strip()) for name in names) for pattern in patterns)


def recognised(header: Iterable[str], saved: Iterable[Mapping] = ()) -> Mapping | None:
    """The first of those saved that fits, else the shipped one whose shape says the most; None where nothing does."""
    names = tuple(header)
    for known in saved:
        if fits(names, known):
            return known
    found = [known for known in shipped() if known.shape and fits(names, known)]
    return max(found, key=lambda known: len(known.shape.headers), default=None)
