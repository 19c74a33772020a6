"""Which words in a note ask for a person to read it: a list of words, and what cancels them. English only.

Libraries that do this (medspaCy, negspaCy, pyConText) need spaCy or a model, and what they decide cannot be read off a list by a clinician;
the idea of a cue and its window is NegEx's. How often it is right is measured on labelled sentences by a test."""
import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from rapidfuzz.distance import OSA

from dashboard.settings import DATA

FILE = DATA / "note_words.toml"
STOP = "|"  # stands for the end of a sentence
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[.;!?\n…]+|,|[-–—:(]")
_BEFORE_NAME, _BEFORE_CLAUSE, _AFTER = 6, 2, 4  # words
_ITEM = 4  # words of an item of a list that a no goes along
_NO = r"(?:no|not|never|without|(?:do|does|did|have|has|had|is|was|are|were|wo)n'?t)"
_LISTS = ("or", "nor")
_COMMON = frozenset("i my me the a in on of out by to it all no not can't cant cannot can could couldn't don't dont didn't unable able go get had have was "
                    "is lost lose hard back pain worst leg legs".split())
_SIMILAR = 6  # letters, from which on one wrong letter is forgiven


@dataclass(frozen=True)
class Found:
    """`begin` and `end` in the note as it was written."""
    code: str
    begin: int
    end: int


@dataclass(frozen=True, eq=False)
class _Pattern:
    """`needs`: words of which one has to be there, which spares most patterns most notes; those that end in * only begin so."""
    of: re.Pattern
    is_name: bool
    needs: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Flag:
    code: str
    bit: int
    label: str
    always: bool
    patterns: tuple[_Pattern, ...]


@dataclass(frozen=True)
class Words:
    flags: tuple[_Flag, ...]
    cancels: Mapping[str, tuple[tuple[str, ...], ...]]
    misspelt: Mapping[str, str]
    vocabulary: frozenset[str]
    digest: str
    by_word: Mapping[str, tuple[tuple[_Flag, _Pattern], ...]]
    by_stem: Mapping[str, tuple[tuple[_Flag, _Pattern], ...]]

    def labels(self, bits: int) -> list[str]:
        return [flag.label for flag in self.flags if bits >> flag.bit & 1]


@cache
def words() -> Words:
    content = FILE.read_bytes()
    data = tomllib.loads(content.decode())
    flags = tuple(_Flag(flag["code"], flag["bit"], flag["label"], flag.get("always", False),
                        tuple(_pattern(text, data["lists"], kind == "names") for kind in ("clauses", "names") for text in flag.get(kind, ())))
                  for flag in data["flags"])
    cancels = {name: tuple(tuple(cue.split()) for cue in cues) for name, cues in data["cancels"].items()}
    known = {word for flag in flags for pattern in flag.patterns for word in re.findall(r"[a-z']{6,}", pattern.of.pattern)}
    needed: dict[str, list] = {}
    for flag in flags:
        for pattern in flag.patterns:
            for word in pattern.needs:
                needed.setdefault(word, []).append((flag, pattern))
    whole, stems = ({word.rstrip("*"): tuple(of) for word, of in needed.items() if word.endswith("*") is is_stem} for is_stem in (False, True))
    return Words(flags, cancels, data["misspelt"], frozenset(known), hashlib.sha256(content).hexdigest()[:16], whole, stems)


def _pattern(text: str, lists: Mapping[str, str], is_name: bool) -> _Pattern:
    """Of tokens with one space between and around them."""
    for name, meant in lists.items():
        text = re.sub(rf"\b{name}\b", meant, text)
    pieces = [piece.strip("()").split("|") for piece in re.findall(r"\([^()?]*\)|[^ ()]+", re.sub(r"\(\?[^)]*\)|\.\.\.", " ", text))]
    first = [tuple(dict.fromkeys(word.split()[0] for word in piece)) for piece in pieces]
    needs = min(first, key=lambda found: (sum(word in _COMMON for word in found), len(found)))
    text = re.sub(r" \.\.\. ", rf"(?: (?!{_NO} )[^ {STOP}]+){{0,6}} ", text)
    return _Pattern(re.compile(rf"(?<= ){text.replace('*', '[^ ]*')}(?= )"), is_name, needs)


def find(note: str) -> tuple[Found, ...]:
    """What is said in a note that nothing cancels, in its order; of one kind at one place once."""
    return _find(note) if len(note) > 500 else _find_often(note)


@lru_cache(maxsize=4096)
def _find_often(note: str) -> tuple[Found, ...]:  # diaries say the same short things over and over
    return _find(note)


def bits(note: str) -> int:
    of = {flag.code: 1 << flag.bit for flag in words().flags}
    made = 0
    for found in find(note):
        made |= of[found.code]
    return made


def _find(note: str) -> tuple[Found, ...]:
    known = words()
    tokens, spans = _tokens(note, known)
    text, starts = " ", []
    for token in tokens:
        starts.append(len(text))
        text += token + " "
    place = {start: n for n, start in enumerate(starts)}
    found: dict[tuple[str, int], Found] = {}
    for flag, pattern in _worth_trying(tokens, known):
        for match in pattern.of.finditer(text):
            first = place[match.start()]
            last = first + match[0].count(" ")
            if not _cancelled(tokens, first, last, pattern.is_name, flag.always, known):
                found.setdefault((flag.code, spans[first][0]), Found(flag.code, spans[first][0], spans[last][1]))
    return tuple(sorted(found.values(), key=lambda one: (one.begin, -one.end, one.code)))


def _worth_trying(tokens: Sequence[str], known: Words) -> dict[tuple[_Flag, _Pattern], None]:
    some: dict[tuple[_Flag, _Pattern], None] = {}
    for token in tokens:
        for pair in known.by_word.get(token, ()):
            some[pair] = None
        for stem, pairs in known.by_stem.items():
            if token.startswith(stem):
                some |= dict.fromkeys(pairs)
    return some


def _tokens(note: str, known: Words) -> tuple[list[str], list[tuple[int, int]]]:
    tokens, spans = [], []
    for match in _TOKEN.finditer(note.lower().replace("’", "'").replace("`", "'") if len(note.lower()) == len(note) else note.replace("’", "'")):
        token = match[0]
        tokens.append(token if token == "," else STOP if not token[0].isalnum() and token not in "-–—:(" else "," if not token[0].isalnum()
                      else _spelled(token, known))
        spans.append(match.span())
    return tokens, spans


def _spelled(token: str, known: Words) -> str:
    if token in known.misspelt:
        return known.misspelt[token]
    if len(token) < _SIMILAR or token in known.vocabulary:
        return token
    return _nearest(token)


@lru_cache(maxsize=65536)
def _nearest(token: str) -> str:
    """A word of the list that differs by one letter, or by two that changed places, but not in the first."""
    return next((word for word in sorted(words().vocabulary) if word[0] == token[0] and OSA.distance(word, token, score_cutoff=1) <= 1), token)


# --- what cancels -----------------------------------------------------------------------------------------------------------------

def _cancelled(tokens: Sequence[str], first: int, last: int, is_name: bool, always: bool, known: Words) -> bool:
    cues = known.cancels
    begin = max((n + 1 for n in range(first) if tokens[n] == STOP), default=0)
    end = next((n for n in range(last, len(tokens)) if tokens[n] == STOP), len(tokens))
    if _negated(tokens, begin, first, last, end, is_name, _BEFORE_NAME if is_name else 1 if always else _BEFORE_CLAUSE, cues):
        return True
    if always:
        return False
    sentence, before = tokens[begin:end], tokens[begin:first]
    if (_has(sentence, cues["history"]) or re.search(r" (?:19|20)\d\d ", f" {' '.join(sentence)} ")) and not _has(sentence, cues["now"]):
        return True
    if _has(sentence, cues["on_purpose"]):
        return True
    if _has(before, cues["reading"]) or (_has(before, cues["if"]) and _has(sentence, cues["then"])) or _has(before, (("what", "if"),)):
        return True
    other = max((n for n in range(begin, first) if (tokens[n],) in cues["others"]), default=None)
    return other is not None and not _has(tokens[other + 1:last + 1], cues["me"])


def _negated(tokens: Sequence[str], begin: int, first: int, last: int, end: int, is_name: bool, reach: int, cues: Mapping) -> bool:
    clause = max((n + len(cue) for cue in cues["ends"] for n in range(begin, first - len(cue) + 1) if tuple(tokens[n:n + len(cue)]) == cue), default=begin)
    for at in range(first - 1, clause - 1, -1):
        between = tokens[at:first]
        if sum(word != "," for word in between) > reach and not (is_name and _along_a_list(tokens, at, first, last)):
            continue
        if not is_name and "," in between:
            return False
        for cue in cues["names" if is_name else "clauses"]:
            stop = at + len(cue)
            if tuple(tokens[at:stop]) == cue and stop <= first and not _pseudo(tokens, at, last, end, cues) and (
                    "," not in tokens[stop:first] or _along_a_list(tokens, stop, first, last)):
                return True
    after = [word for word in tokens[last + 1:min(end, last + 1 + _AFTER + 1)] if word != ","]
    return is_name and any(tuple(after[:len(cue)]) == cue for cue in cues["after"])


def _along_a_list(tokens: Sequence[str], begin: int, first: int, last: int) -> bool:
    """Short items between commas, up to an "or": no fever, chills or weight loss. Without it, "no rain, chest pain" could be meant."""
    items = " ".join(tokens[begin:first]).split(" ,")
    return all(len(item.split()) <= _ITEM for item in items) and bool(set(_LISTS) & set(tokens[begin:last + 1 + 2 * _ITEM]))


def _pseudo(tokens: Sequence[str], at: int, last: int, end: int, cues: Mapping) -> bool:
    if any(tuple(tokens[at:at + len(cue)]) == cue for cue in cues["pseudo"]):
        return True
    return tokens[at] == "never" and _has(tokens[last + 1:end], cues["never_but"])


def _has(tokens: Sequence[str], cues: Sequence[tuple[str, ...]]) -> bool:
    text = f" {' '.join(tokens)} "
    return any(f" {' '.join(cue)} " in text for cue in cues)
