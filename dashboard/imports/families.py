"""One-hot columns: one question, one column an answer. What is not ticked says nothing, unless the mapping declares it."""
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import pyarrow
import pyarrow.compute as compute

from dashboard.errors import Refused
from dashboard.imports.cells import Bad
from dashboard.imports.cellwise import Field, Part, folded, lookup, merged, qualified, zipped
from dashboard.imports.checked import GROUPS
from dashboard.imports.columns import Column
from dashboard.imports.fields import SERVICE
from dashboard.imports.tabular import normalised

CHECKED = frozenset({"1", "1.0", "checked", "yes", "y", "true", "x", "selected"})
UNCHECKED = frozenset({"", "0", "0.0", "unchecked", "no", "n", "false", "not selected"})
_UNTICKED, _TICKED, _BLANK, _BAD = range(4)


@dataclass(frozen=True)
class Member:
    """`code` is ours, blank where the mapping says that the answer says nothing, None where it is not known."""
    header: str
    value: str
    code: str | None
    texts: pyarrow.DictionaryArray


def like(pattern: str) -> re.Pattern[str]:
    """A pattern as a person writes it; a star stands for any text. Case, spaces and hyphens do not matter."""
    return re.compile("".join("(.*?)" if sign == "*" else r"[\s_-]" if sign in " _-" else re.escape(sign) for sign in pattern.strip()), re.IGNORECASE)


def star(pattern: str, header: str) -> str | None:
    found = like(pattern).fullmatch(" ".join(header.split()))
    return (found[1].strip() or None) if found else None


def members(header: tuple[str, ...], columns: dict[str, pyarrow.DictionaryArray], name: str, column: Column) -> list[Member]:
    known = lookup(name, column.values)

    def code(value: str) -> str | None:
        # REDCap writes the code -9 as _9
        found = known.get(value.casefold())
        return known.get(f"-{value[1:]}") if found is None and value.startswith("_") else found

    if column.each:
        at = {normalised(one): one for one in header}
        missing = [one for one in column.each if normalised(one) not in at]
        if missing and not column.optional:
            raise Refused(f"The mapping of {name} names columns that the file lacks: {', '.join(missing)}. Correct their names, or say optional = true.")
        return [Member(at[normalised(one)], one, said, columns[at[normalised(one)]]) for one, said in column.each.items() if normalised(one) in at]
    found = [(one, value) for one in header if (value := star(column.pattern, one)) is not None]
    corrected = any(normalised(one) in SERVICE for one in header)  # a quarantine's download has no columns that are blank in all its rows
    if not found and not column.optional and not corrected:
        raise Refused(f"The mapping of {name} looks for columns like {column.pattern}, and the file has none. Correct the pattern, or say optional = true.")
    return [Member(one, value, code(value), columns[one]) for one, value in found]


def _states(member: Member, column: Column, missing: Collection[str]) -> tuple[np.ndarray, dict[int, Bad]]:
    """By number of the dictionary."""
    ticked = {word.strip().casefold() for word in column.checked} or CHECKED
    states, bads = [], {}
    for number, text in enumerate(member.texts.dictionary.to_pylist()):
        plain = text.strip().casefold()
        if not plain or plain in missing:
            states.append(_BLANK)
        elif plain in ticked or ("*" in ticked and plain not in UNCHECKED):
            states.append(_TICKED)
            if member.code is None:
                bads[number] = Bad("unknown_code", f"an answer that the mapping knows; it does not say what {member.value} means")
        elif plain in UNCHECKED:
            states.append(_UNTICKED)
        else:
            states.append(_BAD)
            bads[number] = Bad("not_yes_or_no", "ticked or not, as in 1 and 0; the mapping can say what means ticked")
    return np.array(states, np.int8), bads


def family(name: str, column: Column, found: list[Member], counts: np.ndarray | None, missing: frozenset[str]) -> dict[str, Field]:
    """The fields that a family makes: one for a list, one a code for a group of yes/no columns. `counts`: the rows in which what is
    not ticked counts as a no, where the mapping limits them."""
    if not found:
        return {}
    read = [(member, *_states(member, column, missing)) for member in found]
    by_row = [states[member.texts.indices.to_numpy()] if len(states) else np.zeros(0, np.int8) for member, states, _ in read]
    # a family of which nothing is filled in was not asked
    asked = np.zeros(len(by_row[0]), bool)
    for states in by_row:
        asked |= states != _BLANK
    where = asked if counts is None else asked & counts
    if name not in GROUPS:
        return {name: _a_list(column, read, by_row, where)}
    several: dict[str, list[Field]] = {}
    for member, states, bads in read:
        code, unticked = member.code or "", column.not_checked or ""
        words = {_TICKED: "yes", _UNTICKED: unticked, _BLANK: unticked, _BAD: ""}
        texts = pyarrow.array([words[int(state)] if number not in bads else "" for number, state in enumerate(states)], pyarrow.string())
        made = Field(pyarrow.DictionaryArray.from_arrays(member.texts.indices, texts), member.texts, (member.header,), bads)
        if code:
            several.setdefault(code, []).append(qualified(made, "no", where))
        elif bads:
            several.setdefault("", []).append(made)
    return {code: merged(fields) for code, fields in several.items()}


def _a_list(column: Column, read: list[tuple[Member, np.ndarray, dict[int, Bad]]], by_row: list[np.ndarray], where: np.ndarray) -> Field:
    ticked = [states == _TICKED for states in by_row]

    def spelled(words: list[str | None]) -> pyarrow.Array:
        cells = [pyarrow.array([None, word or None], pyarrow.string()).take(pyarrow.array(tick.astype(np.int8)))
                 for tick, word in zip(ticked, words, strict=True)]
        # an empty first part, because a row of nulls only would vanish; the separator after it goes again
        return compute.utf8_slice_codeunits(compute.binary_join_element_wise(pyarrow.repeat("", len(where)), *cells, ";", null_handling="skip"), 1)

    texts = spelled([member.code for member, _, _ in read])
    if column.not_checked:
        nothing = where & ~np.logical_or.reduce(ticked)
        texts = compute.if_else(pyarrow.array(nothing), column.not_checked, texts)
    pair = [texts.dictionary_encode(), spelled([member.value for member, _, _ in read]).dictionary_encode()]
    codes, first = zipped(pair)
    at, take = pyarrow.array(codes.astype(np.int32)), pyarrow.array(first)
    parts = tuple(Part(member.header, member.texts, bads) for member, _, bads in read if bads)
    made, written = (pyarrow.DictionaryArray.from_arrays(at, either.take(take).cast(pyarrow.string())) for either in pair)
    return Field(made, written, tuple(member.header for member, _, _ in read), parts=parts)


def from_words(name: str, column: Column, texts: pyarrow.DictionaryArray, header: str, counts: np.ndarray | None, missing: frozenset[str],
               named: Callable[[str], tuple[list[str], Bad | None]]) -> dict[str, Field]:
    """Several yes/no columns from one column that lists what applies. What it could have named and did not is a no only where declared."""
    cells = [named(text.strip()) if text.strip().casefold() not in missing else ([], None) for text in texts.dictionary.to_pylist()]
    said = [text.strip() and text.strip().casefold() not in missing for text in texts.dictionary.to_pylist()]
    asked = dict.fromkeys([*filter(None, folded(column.values).values()), *(code for codes, _ in cells for code in codes)])
    bads = {number: bad for number, (_, bad) in enumerate(cells) if bad}
    unnamed = {True: column.not_checked or "", False: column.blank or ""}
    made = {}
    for code in asked:
        words = pyarrow.array(["yes" if code in codes else unnamed[bool(spoken)] for (codes, _), spoken in zip(cells, said, strict=True)], pyarrow.string())
        field = Field(pyarrow.DictionaryArray.from_arrays(texts.indices, words), texts, (header,))
        made[code] = field if counts is None else qualified(field, "no", counts)
    if bads:
        made[""] = Field(pyarrow.DictionaryArray.from_arrays(texts.indices, pyarrow.array([""] * len(cells), pyarrow.string())), texts, (header,), bads)
    return made
