"""What the columns of an unknown sheet may be: proposals by name, label and values, each with its confidence, for a person to decide."""
import csv
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pyarrow
from rapidfuzz import fuzz, process, utils

from dashboard.codelists import CHOICES, LISTS
from dashboard.imports import cellwise, fields, moments
from dashboard.imports.checked import GROUPS, IDS, MOMENTS, YES_NO, codes_of
from dashboard.imports.columns import Column, Family, Where
from dashboard.imports.families import CHECKED, UNCHECKED, like
from dashboard.imports.mapping import Mapping
from dashboard.imports.shapes import FOLDER
from dashboard.imports.tabular import Tabular, normalised

SURE = 0.8
LOOKED_AT = 2_000  # distinct values of a column
_SPLITS = (";", "|", ",", " ")
_ALIKE = 88
_OF_ONE_ROW = 0.9  # the share of values that differ, from which on they may number the rows; a row may be there twice
_LASTING = re.compile(r"\d+([.,]\d+)?\s*[A-Za-z]+\.?")  # 3 weeks
_QUESTION = re.compile(r"(?:do|did|have|are|is|were) (?:you|the patient|there) (?:have |had |feel |been |get )?(?:an? |any )?(.+?)\s*\??", re.IGNORECASE)
Known = dict[str, str]


@dataclass(frozen=True)
class Proposal:
    """What to make of one column of the sheet, or of a family of them: `name` of ours and how, or none: kept as written. `asks` is
    what only a person can say; `others` are our columns that come next."""
    headers: tuple[str, ...]
    name: str | None
    column: Column | None
    confidence: float
    because: str
    examples: tuple[str, ...]
    asks: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@cache
def synonyms() -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    with (FOLDER / "synonyms.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["list"], {})[row["code"]] = row["words"].split(";")
    return found


def suggested(tabular: Tabular, base: Mapping | None = None) -> list[Proposal]:
    """In the order of the sheet; what `base` maps, leaves out or ignores already is not proposed again."""
    taken = {normalised(header) for header in base.headers} if base else set()
    claimed = [like(pattern) for pattern in (*(base.ignore if base else ()), *(column.pattern for column in base.columns.values() if column.pattern)
                                             )] if base else []
    free = [header for header in tabular.header if normalised(header) not in taken and normalised(header) not in fields.SERVICE
            and not any(pattern.fullmatch(header) for pattern in claimed)]
    groups = [group for group in _families(free, base.families if base else ()) if _one_hot(tabular, group[1], group[3])]
    found = [_family(tabular, *group) for group in groups]
    inside = {header for _, headers, _, _ in groups for header in headers}
    found += [_single(tabular, header) for header in free if header not in inside]
    place = {header: number for number, header in enumerate(tabular.header)}
    found.sort(key=lambda proposal: place[proposal.headers[0]])
    of = {tuple(group[1]): group for group in groups}

    def again(proposal: Proposal, taken: set[str]) -> Proposal | None:
        """A family that fits another of our columns as well."""
        group = of.get(proposal.headers)
        return _family(tabular, *group, without=taken) if group else None

    return _once(found, {*(base.columns if base else ()), *(base.constants if base else ()), *(base.readings.columns if base and base.readings else ())}, again)


def completed(base: Mapping, proposals: Iterable[Proposal], sure: float = SURE) -> Mapping:
    """A mapping with every proposal of at least this confidence."""
    for proposal in proposals:
        if proposal.name and proposal.column and proposal.confidence >= sure:
            base = base.with_column(proposal.name, proposal.column)
    return base


def as_column(tabular: Tabular, headers: tuple[str, ...], name: str, known: Iterable[Family] = ()) -> tuple[Column, tuple[str, ...]]:
    """One column of the sheet, or a family of them, as the column of ours that a person chose; and what to ask about it."""
    group = next(iter(_families(list(headers), known)), None) if len(headers) > 1 else None
    if group is None:
        _, column, asks = _fit(name, headers[0], _values(tabular.columns[headers[0]]), tabular)
        return replace(column, headers=headers), asks
    pattern, _, answers, family = group
    codes = {answer: code_for(name, word)[0] for answer, word in zip(answers, _spoken_answers(tabular, headers, answers), strict=True)}
    values = {answer: code for answer, code in codes.items() if code and cellwise.lookup(name, {}).get(answer.casefold()) != code}
    column = Column(pattern=pattern, checked=family.checked, values=values, no_only_where=_complete(tabular, family))
    return column, (*(("values",) if None in codes.values() else ()), *(("not_checked",) if name in GROUPS else ()))


def code_for(name: str, value: str) -> tuple[str | None, float]:
    """The code of ours that a value most likely means, and how likely."""
    words = _code_words(name)
    found = process.extractOne(value, list(words), scorer=fuzz.token_sort_ratio, processor=utils.default_process)
    return (words[found[0]], found[1] / 100) if found and found[1] >= _ALIKE else (None, 0.0)


@cache
def _code_words(name: str) -> Known:
    codelist = LISTS.get(name) or GROUPS.get(name)
    list_name = codelist.name if codelist else "yes_no" if name in YES_NO else name
    also = {word: code for code, several in synonyms().get(list_name, {}).items() for word in several}
    codes = codes_of(name) or {}
    return {**also, **{label: code for code, label in codes.items()}, **{code.replace("_", " "): code for code in codes}}


@cache
def _column_words() -> Known:
    also = {word: name for name, several in synonyms()["column"].items() for word in several}
    flags = {word: code for code, several in synonyms()["symptom"].items() for word in several}
    labels = {label: code for name in GROUPS for code, label in (codes_of(name) or {}).items()}
    return {**flags, **labels, **also, **{name.replace("_", " "): name for name in fields.COLUMNS}}


def named(*said: str) -> list[tuple[str, float]]:
    """Our columns by how much they sound like one of these names, best first."""
    words, best = _column_words(), dict[str, float]()
    for text in filter(None, said):
        for word, score, _ in process.extract(text, list(words), scorer=fuzz.token_sort_ratio, processor=_plain, limit=8):
            best[words[word]] = max(best.get(words[word], 0.0), score / 100)
    return sorted(best.items(), key=lambda pair: -pair[1])


def _plain(text: str) -> str:
    return utils.default_process(text).replace("_", " ").strip()


def _said(tabular: Tabular, header: str) -> tuple[str, ...]:
    """A name, the last part of a name within groups, the label beside it, and what it asks for if it is a question."""
    label = tabular.labels.get(header, "")
    asked = [found[1] for text in (header, label) if (found := _QUESTION.fullmatch(text.strip()))]
    return header, header.rsplit("/", 1)[-1], label, *asked


def _values(texts: pyarrow.DictionaryArray) -> list[str]:
    """Distinct values, the most frequent first."""
    counts = np.bincount(texts.indices.to_numpy(), minlength=len(texts.dictionary))
    order = np.argsort(-counts, kind="stable")[:LOOKED_AT]
    return [text for text in (texts.dictionary[int(number)].as_py().strip() for number in order) if text]


# --- one column ---------------------------------------------------------------------------------------------------------------------

def _single(tabular: Tabular, header: str) -> Proposal:
    values = _values(tabular.columns[header])
    ranked = named(*_said(tabular, header))
    scored = []
    for name, alike in ranked[:6]:
        fit, column, asks = _fit(name, header, values, tabular)
        scored.append((alike * fit, name, column, asks, "its name" if alike >= SURE else "its name, perhaps"))
    for name in ("locations", "qualities", "red_flags", "relief_tried"):
        split, share = _spoken(name, values)
        if share >= 0.6 and name not in [other for _, other, *_ in scored]:
            scored.append((0.9 * share, name, _list_column(name, header, values, split), (), "its values"))
    scored.sort(key=lambda candidate: -candidate[0])
    examples = tuple(values[:3])
    if not scored or scored[0][0] < 0.5:
        return Proposal((header,), None, None, 0.0, "nothing here is called like it", examples, others=tuple(name for _, name, *_ in scored[:3]))
    score, name, column, asks, because = scored[0]
    return Proposal((header,), name, column, round(score, 2), because, examples, asks, tuple(other for _, other, *_ in scored[1:4]))


def _fit(name: str, header: str, values: list[str], tabular: Tabular) -> tuple[float, Column, tuple[str, ...]]:
    """How well the values go with one of our columns, how to read them, and what to ask."""
    plain = Column((header,))
    if not values:
        return 0.95, plain, ()
    if name in LISTS or name in GROUPS:
        split, share = _spoken(name, values)
        return 0.6 + 0.4 * share, _list_column(name, header, values, split), ()
    if name in MOMENTS or name == "onset_date":
        dated = [value for value in values if any(sign.isdigit() for sign in value) and any(sign in value for sign in "-/. ")
                 and not (name == "onset_date" and _LASTING.fullmatch(value))]
        asks = ("date_order",) if dated and moments.undecided(tabular.columns[header]) else ()
        if name == "onset_date" and not dated:
            return 0.9, plain, ("unit",)
        return (1.0 if len(dated) > len(values) / 2 else 0.4), plain, asks
    if name in fields.SCORES or name in ("temperature_c", "bout_minutes", "birth_year"):
        numbers = [float(value.replace(",", ".")) for value in values if value.replace(",", ".", 1).replace(".", "", 1).isdigit()]
        most = max(numbers, default=0)
        asks = ("scale",) if name in fields.SCORES and most > 10 else ("unit",) if name == "temperature_c" and most > 45 else ()
        asks += ("decimal",) if any("," in value for value in values) else ()
        column = replace(plain, unit="years") if name == "birth_year" and numbers and max(numbers) < 131 else plain
        return (1.0 if numbers and len(numbers) > len(values) / 2 else 0.3), column, asks
    if name in YES_NO or name in CHOICES:
        known = _translated(name, values)
        unknown = [value for value in values if value.casefold() not in cellwise.lookup(name, known)]
        said = 1 - len(unknown) / len(values)
        return 0.5 + 0.5 * said, replace(plain, values=known), ("values",) if unknown else ()
    texts = tabular.columns[header]
    if name == "entry_id" and len(texts.dictionary) < _OF_ONE_ROW * len(texts):
        return 0.4, plain, ()
    return (0.5 if name in IDS and all(len(value) > 60 for value in values[:5]) else 1.0), plain, ()


def _translated(name: str, values: Iterable[str]) -> Known:
    """What has to be said of values that are no codes or labels of ours. What a 0 means is never guessed."""
    ours = cellwise.lookup(name, {})
    found = {value: code_for(name, value)[0] for value in values if value.casefold() not in ours and value != "0"}
    return {value: code for value, code in found.items() if code}


def _spoken(name: str, values: list[str]) -> tuple[str, float]:
    """The separator with which the most words are codes of ours, and the share of the words that are."""
    def share(split: str) -> float:
        words = list(dict.fromkeys(word for value in values[:300] for word in cellwise.words(value, split, ())))
        return sum(word.casefold() in cellwise.lookup(name, {}) or code_for(name, word)[0] is not None for word in words) / max(len(words), 1)
    return max(((split, share(split)) for split in _SPLITS if split == ";" or any(split in value for value in values)), key=lambda pair: pair[1])


def _list_column(name: str, header: str, values: list[str], split: str) -> Column:
    words = dict.fromkeys(word for value in values for word in cellwise.words(value, split, ()))
    return Column((header,), split=split, values=_translated(name, words))


# --- families of one-hot columns --------------------------------------------------------------------------------------------------------

def _families(headers: list[str], known: Iterable[Family]) -> list[tuple[str, list[str], list[str], Family]]:
    """Pattern with one star, headers, answers, and the family that they were found by."""
    found: dict[str, tuple[str, list[str], list[str], Family]] = {}
    for family in known:
        _, between, end = family.pattern.split("*")
        shape = like(family.pattern)
        for header in headers:
            if shape.fullmatch(header) and not any(header in one[1] for one in found.values()):
                bare = header[:len(header) - len(end)]
                # the last group of several is the question's
                question, _, answer = bare.rpartition(between) if between == "/" else bare.partition(between)
                pattern = f"{question}{between}*{end}"
                found.setdefault(pattern, (pattern, [], [], family))
                found[pattern][1].append(header)
                found[pattern][2].append(answer)
    return [group for group in found.values() if len(group[1]) > 1]


def _one_hot(tabular: Tabular, headers: list[str], family: Family) -> bool:
    values = {value.casefold() for header in headers for value in _values(tabular.columns[header])}
    ticked = {*CHECKED, *(word.casefold() for word in family.checked)}
    return "*" in ticked or values <= {*ticked, *UNCHECKED}


def _family(tabular: Tabular, pattern: str, headers: list[str], answers: list[str], family: Family, without: Collection[str] = ()) -> Proposal:
    spoken = _spoken_answers(tabular, headers, answers)
    ranked = dict(named(*_said(tabular, headers[0]), pattern.split("*")[0].strip("_/[( "), tabular.labels.get(headers[0], "").rsplit(" - ", 1)[0]))
    scored = []
    for name in (name for name in (*LISTS, *GROUPS) if name not in without):
        known = [code_for(name, word)[0] for word in spoken]
        share = sum(code is not None for code in known) / len(known)
        scored.append((max(ranked.get(name, 0.0), 0.95 * share if share > 0.5 and not without else 0.0), name, known))
    score, name, known = max(scored, key=lambda candidate: candidate[0])
    examples = tuple(spoken[:3])
    # answers that fit a column which is taken fit others of the same list as well: then only its name tells
    if score < (SURE if without else 0.5):
        return Proposal(tuple(headers), None, None, 0.0, "nothing here is called like it", examples)
    values = {answer: code for answer, code in zip(answers, known, strict=True) if code and cellwise.lookup(name, {}).get(answer.casefold()) != code}
    limits = _complete(tabular, family)
    column = Column(pattern=pattern, checked=family.checked, values=values, no_only_where=limits)
    asks = (*(("values",) if None in known else ()), *(("not_checked",) if name in GROUPS else ()))
    return Proposal(tuple(headers), name, column, round(score, 2), "its name and answers", examples, asks,
                    tuple(other for _, other, _ in sorted(scored, key=lambda one: -one[0])[1:4]))


def _spoken_answers(tabular: Tabular, headers: Iterable[str], answers: Iterable[str]) -> list[str]:
    return [tabular.labels.get(header, "").rsplit(" - ", 1)[-1] or answer for header, answer in zip(headers, answers, strict=True)]


def _complete(tabular: Tabular, family: Family) -> Where | None:
    """The column that says whether a form was filled in, where there is but one."""
    if not family.complete:
        return None
    found = [header for header in tabular.header if like(family.complete.column).fullmatch(header)]
    return replace(family.complete, column=found[0]) if len(found) == 1 else None


def _once(proposals: list[Proposal], taken: set[str], again: Callable[[Proposal, set[str]], Proposal | None]) -> list[Proposal]:
    """Each of our columns for the best of its candidates; the others become what they are next best, or keep it among the further ones."""
    best: dict[str, Proposal] = {}
    for proposal in sorted(proposals, key=lambda one: -one.confidence):
        if proposal.name and proposal.name not in taken:
            best.setdefault(proposal.name, proposal)
    for at, proposal in enumerate(proposals):
        if proposal.name and best.get(proposal.name) is not proposal:
            other = again(proposal, {*taken, *best})
            if other and other.name:
                best[other.name] = proposals[at] = other
    return [proposal if proposal.name is None or best.get(proposal.name) is proposal else
            replace(proposal, name=None, column=None, confidence=0.0, because=f"{proposal.name} fits another column better",
                    others=(proposal.name, *proposal.others)[:3]) for proposal in proposals]
