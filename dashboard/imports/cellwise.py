"""A column of ours made from a column of a sheet: distinct text by distinct text, in our words, each beside the text as it was written."""
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute as compute

from dashboard.codelists import LISTS
from dashboard.imports.cells import YES_NO, Bad, near
from dashboard.imports.checked import GROUPS, UNITS, codes_of
from dashboard.imports.columns import Column, HowRead

_UNIT_WORDS = {"d": "days", "day": "days", "wk": "weeks", "wks": "weeks", "week": "weeks", "mo": "months", "month": "months", "yr": "years", "yrs": "years",
               "year": "years", "min": "minutes", "mins": "minutes", "minute": "minutes", "h": "hours", "hr": "hours", "hrs": "hours", "hour": "hours",
               "c": "celsius", "°c": "celsius", "f": "fahrenheit", "°f": "fahrenheit"}
Change = Callable[[str], str]


@dataclass(frozen=True)
class Part:
    """Texts of a sheet that cannot be read; `at` are their positions in the sheet where they are not all of it."""
    header: str
    texts: pyarrow.DictionaryArray
    bads: dict[int, Bad]
    at: np.ndarray | None = None


@dataclass(frozen=True)
class Field:
    """`texts` in our words and `written` as in the sheet share their indices; `bads` are by number of the dictionary. `at` is, in a
    long file, the position of the row that each value comes from. `back`: counted back from the day of the entry."""
    texts: pyarrow.DictionaryArray
    written: pyarrow.DictionaryArray
    headers: tuple[str, ...]
    bads: dict[int, Bad] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    at: np.ndarray | None = None
    back: bool = False

    @property
    def header(self) -> str:
        """As problems name it."""
        return label(self.headers)


def label(headers: Sequence[str]) -> str:
    return " + ".join(headers) if len(headers) <= 4 else f"{headers[0]} and {len(headers) - 1} more columns"


def changed(texts: pyarrow.DictionaryArray, headers: tuple[str, ...], change: Change) -> Field:
    made, bads = [], {}
    for number, text in enumerate(texts.dictionary.to_pylist()):
        try:
            made.append(change(text.strip()))
        except Bad as bad:
            bads[number] = bad
            made.append("")
    return Field(pyarrow.DictionaryArray.from_arrays(texts.indices, pyarrow.array(made, pyarrow.string())), texts, headers, bads)


def zipped(columns: Sequence[pyarrow.DictionaryArray]) -> tuple[np.ndarray, np.ndarray]:
    """A number for each combination of texts, by row; and the first row of each combination."""
    codes = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        codes = pd.factorize(codes * (len(column.dictionary) + 1) + column.indices.to_numpy())[0]
    return codes, np.unique(codes, return_index=True)[1]


def joined(columns: Sequence[pyarrow.DictionaryArray], join: Callable[[tuple[str, ...]], str]) -> pyarrow.DictionaryArray:
    if len(columns) == 1:
        return columns[0]
    codes, first = zipped(columns)
    take = pyarrow.array(first)
    texts = [join(cells) for cells in zip(*(column.take(take).cast(pyarrow.string()).to_pylist() for column in columns), strict=True)]
    return pyarrow.DictionaryArray.from_arrays(pyarrow.array(codes.astype(np.int32)), pyarrow.array(texts, pyarrow.string()))


def folded(values: Mapping[str, str]) -> dict[str, str]:
    return {value.strip().casefold(): code for value, code in values.items()}


def lookup(name: str, values: Mapping[str, str]) -> dict[str, str]:
    """What each word, folded, means: our codes and labels, and above them what the mapping says."""
    codes = codes_of(name) or {}
    return {**{label.casefold(): code for code, label in codes.items()}, **{code: code for code in codes}, **folded(values)}


# --- readers of one cell --------------------------------------------------------------------------------------------------------------

def words(text: str, split: str, options: Collection[str]) -> list[str]:
    """The values of a cell. An option that holds the separator is one value, not several."""
    found, longest = [], sorted((option for option in options if split in option), key=len, reverse=True)
    while text:
        text = text.lstrip()
        whole = next((option for option in longest if text.casefold().startswith(option.casefold())
                      and (not text[len(option):].strip() or text[len(option):].lstrip().startswith(split))), None)
        end = len(whole) if whole else text.find(split) if split in text else len(text)
        found.append(text[:end].strip())
        text = text[end:].lstrip().removeprefix(split) if split.strip() else text[end:].lstrip()
    return [word for word in found if word]


class Words:
    """The codes that a cell names."""

    def __init__(self, name: str, column: Column, missing: Collection[str]) -> None:
        self.column, self.missing, self.known = column, missing, lookup(name, column.values)
        self.codes = codes_of(name) or {}
        self.list_name = (LISTS.get(name) or GROUPS[name]).name
        self.split = column.split or ";"
        self.options = [*column.options, *column.values]

    def __call__(self, text: str) -> tuple[list[str], Bad | None]:
        codes, unknown = [], []
        for word in words(text, self.split, self.options):
            folded_word = word.casefold()
            if folded_word in self.missing:
                continue
            code = self.known.get(folded_word, self.column.otherwise)
            if code is None:
                unknown.append(word)
            elif code:
                codes.append(code)
        bad = Bad("unknown_code", near(unknown, self.known, self.list_name)) if unknown else None
        return list(dict.fromkeys(codes)), bad

    def unknown(self, text: str) -> list[str]:
        return [] if self.column.otherwise else [word for word in words(text, self.split, self.options) if word.casefold() not in self.known]


def a_list(name: str, column: Column, missing: Collection[str]) -> Change:
    named = Words(name, column, missing)

    def change(text: str) -> str:
        if not text:
            return column.blank or ""
        codes, bad = named(text)
        if bad:
            raise bad
        return ";".join(codes)
    return change


def a_word(name: str, column: Column, missing: Collection[str]) -> Change:
    """For choices, yes/no and texts: what the mapping does not translate stays as it is, for the parser to judge."""
    spelled = {word: "yes" if means else "no" for word, means in YES_NO.items()} if codes_of(name) == codes_of("fever") else {}
    known = {**spelled, **folded(column.values)}

    def change(text: str) -> str:
        plain = text.casefold()
        if plain in missing:
            return ""
        return known.get(plain, text) if text else column.blank or ""
    return change


def a_quantity(name: str, column: Column, local: HowRead, missing: Collection[str]) -> Change:
    """A number with a decimal point, on our scale and in our unit. With `unit_from`, the unit follows the number after a space."""
    known, decimal, thousands = folded(column.values), column.decimal or local.decimal, column.thousands or local.thousands
    if thousands == "." and not decimal:
        decimal = ","  # the point cannot be both
    point, grouped = re.escape(decimal or "."), rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+|" if thousands else ""
    number = re.compile(rf"(?:{grouped}\d{{1,9}})(?:{point}\d{{1,9}})?", re.ASCII)
    units, meant = UNITS.get(name, {}), {**_UNIT_WORDS, **{f"{word}s": unit for word, unit in _UNIT_WORDS.items()}, **folded(column.units)}
    converts = bool(decimal or thousands or column.scale or column.out_of or column.unit or column.unit_from)

    def value_of(text: str) -> tuple[float, str]:
        found = number.match(text)
        if not found or (found.end() < len(text) and not (column.unit or column.unit_from)):
            style = f" with a decimal {'comma' if decimal == ',' else 'point'}" if decimal else ""
            raise Bad("not_a_number", f"a number{style}, as the mapping says")
        digits = found[0].replace(thousands or "", "") if thousands else found[0]
        return float(digits.replace(decimal, ".") if decimal else digits), text[found.end():].strip()

    def change(text: str) -> str:
        text = known.get(text.casefold(), text)
        if not text or text.casefold() in missing or not converts:
            return "" if text.casefold() in missing else text
        if column.out_of and (over := re.fullmatch(r"(.+?)\s*/\s*(\d+)", text)):
            if float(over[2]) != column.out_of:
                raise Bad("out_of_range", f"a number out of {column.out_of:g}, as the mapping says")
            text = over[1]
        value, unit = value_of(text)
        if column.unit or column.unit_from:
            named = meant.get(unit.casefold(), "") if unit else column.unit or ""
            if named not in units:
                raise Bad("unknown_unit", f"a number in {', '.join(units)}; the mapping says which unit each word means")
            value = (value - 32) * 5 / 9 if named == "fahrenheit" else value * units[named]
        if column.scale:
            low, high = column.scale
            if not low <= value <= high:
                raise Bad("out_of_range", f"a number from {low:g} to {high:g}, the scale that the mapping declares")
            value = (value - low) * 10 / (high - low)
        return np.format_float_positional(round(value, 9), trim="-")
    return change


# --- no, and only where it counts -------------------------------------------------------------------------------------------------------

def qualified(made: Field, word: str, where: np.ndarray) -> Field:
    """The same, with `word` taken as a blank outside of `where`."""
    at = made.texts.indices.to_numpy()
    says = compute.equal(made.texts.dictionary, word).to_numpy(zero_copy_only=False)
    away = says[at] & ~where if len(says) else np.zeros(0, bool)
    if not away.any():
        return made
    # the blank twin of each such text, so that the text as it was written stays beside it
    twins = np.flatnonzero(says)
    again = np.arange(len(says))
    again[twins] = len(says) + np.arange(len(twins))
    indices = pyarrow.array(np.where(away, again[at], at).astype(np.int32))
    texts = pyarrow.concat_arrays([made.texts.dictionary, pyarrow.array([""] * len(twins), pyarrow.string())])
    written = pyarrow.concat_arrays([made.written.dictionary, made.written.dictionary.take(pyarrow.array(twins))])
    return replace(made, texts=pyarrow.DictionaryArray.from_arrays(indices, texts), written=pyarrow.DictionaryArray.from_arrays(indices, written))


def merged(fields: Sequence[Field]) -> Field:
    """Several ways of asking one yes/no question: yes if any says yes, no if all say no."""
    if len(fields) == 1:
        return fields[0]
    def answer(cells: tuple[str, ...]) -> str:
        plain = {cell.casefold() for cell in cells}
        return "yes" if "yes" in plain else "no" if plain == {"no"} else ""
    codes, first = zipped([made.texts for made in fields])
    take, at = pyarrow.array(first), pyarrow.array(codes.astype(np.int32))
    cells = zip(*(made.texts.take(take).cast(pyarrow.string()).to_pylist() for made in fields), strict=True)
    texts = pyarrow.DictionaryArray.from_arrays(at, pyarrow.array([answer(row) for row in cells], pyarrow.string()))
    parts = tuple(part for made in fields for part in (*made.parts, *((Part(made.header, made.written, made.bads),) if made.bads else ())))
    return Field(texts, texts, tuple(dict.fromkeys(header for made in fields for header in made.headers)), parts=parts)
