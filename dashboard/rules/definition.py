"""Rules as data: read from TOML, kept as one canonical JSON document, shown in words.

A rule has one or more arms, each with a tier, a condition and a reason. It is met where any arm is met, with the tier of the worst one.
"""
import csv
import hashlib
import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

import tomlkit

from dashboard.conditions import FIELD
from dashboard.errors import Refused
from dashboard.rules import examples
from dashboard.rules.conditions import LONGSTANDING, Condition, either
from dashboard.rules.gaps import filled
from dashboard.rules.over_time import FROM_ONSET, RuleNotMet
from dashboard.rules.parsing import NAMES, check_entry_only, condition, only, typed
from dashboard.settings import DATA

FOLDER = DATA / "rules"
TIERS = {"E": "Emergency", "U": "Same-day", "R": "Routine", "I": "Information"}  # worst first
_REQUIRED = ("id", "bit", "version", "title", "action", "sources", "arms")
_ALLOWED = {*_REQUIRED, "tier_conflict", "assess_required", "folds_under", "examples"}
_LABELS = {"locations": "Where it hurts", "worst_severity": "Worst pain", "onset_date": FIELD.label["onset_day"], "birth_year": "Year of birth", "sex": "Sex"}
_SOURCE = {"kind": {"page", "framework", "proposal"}, "ref": None, "says": None}


@dataclass(frozen=True)
class Source:
    """What a source says, in our words. `page` is the Cleveland Clinic page; `proposal` awaits a clinician's signature."""
    kind: str
    ref: str
    says: str


@dataclass(frozen=True)
class Arm:
    """`raises_only`: where it is not met it says nothing, so what it leaves unanswered keeps nobody from a clear answer. `wording`: texts
    as the file has them, where they take a number from the condition."""
    tier: str
    reason: str
    when: Condition
    raises_only: bool = False
    task: str = ""
    due_working_days: int = 0  # 0: as the tier has it
    wording: tuple[tuple[str, str], ...] = ()

    def describe(self) -> str:
        aside = " (only names or raises what another line finds: where it does not hold, nothing follows)" if self.raises_only else ""
        return f"{TIERS[self.tier]}: {self.when.describe()}{aside}. Shown as “{self.reason}”."


@dataclass(frozen=True)
class Rule:
    rule_id: str
    bit: int
    version: int
    title: str
    sources: tuple[Source, ...]
    tier_conflict: str
    action: str
    assess_required: bool
    arms: tuple[Arm, ...]  # worst tier first
    folds_under: str = ""  # a rule that says as much and more: where both are met, this one is shown under it (`folding`)
    wording: tuple[tuple[str, str], ...] = ()

    @property
    def tier(self) -> str:
        """The worst that it can be."""
        return self.arms[0].tier

    @cached_property
    def parts(self) -> tuple[Condition, ...]:
        """Every condition in it, each once."""
        return tuple(dict.fromkeys(part for arm in self.arms for part in arm.when.walk()))

    @property
    def from_onset(self) -> bool:
        """Whether it counts days from the onset of the episode."""
        return any(isinstance(part, FROM_ONSET) for part in self.parts)

    def describe(self) -> tuple[str, ...]:
        """A sentence for each arm, worst first."""
        return tuple(arm.describe() for arm in self.arms)

    def cannot_assess(self) -> str:
        """When neither met nor not met can be said."""
        asked = dict.fromkeys(column for arm in self.arms if not arm.raises_only for part in arm.when.walk() for column in part.reads())
        said = [label[:1].lower() + label[1:] for label in (column_label(column) for column in asked if column != LONGSTANDING)]
        return f"Cannot be assessed where it is not met and the answer hangs on something left blank. It reads: {'; '.join(said)}."


@dataclass(frozen=True)
class RuleSet:
    version: int
    rules: tuple[Rule, ...]

    @cached_property
    def _by_id(self) -> dict[str, Rule]:
        return {rule.rule_id: rule for rule in self.rules}

    def by_id(self, rule_id: str) -> Rule:
        """Raises KeyError."""
        return self._by_id[rule_id]

    def bit(self, rule_id: str) -> int:
        return self._by_id[rule_id].bit

    def bits(self, rule_ids: Iterable[str]) -> int:
        return sum(1 << self.bit(rule_id) for rule_id in set(rule_ids))

    def ids(self, bits: int) -> tuple[str, ...]:
        return tuple(rule.rule_id for rule in self.rules if int(bits) >> rule.bit & 1)


def column_label(column: str) -> str:
    """What people call a canonical column that a rule reads."""
    return _LABELS.get(column) or FIELD.label[column]


def reads(rule: Rule) -> tuple[str, ...]:
    """The canonical columns that a rule looks at."""
    return tuple(dict.fromkeys(column for part in rule.parts for column in part.reads()))


def reason(rule: Rule, arm: int, at_least: bool = False) -> str:
    """Why, in a few words. `at_least`: the episode's onset was not stated, so that its first entry stands in for it."""
    return rule.arms[arm].reason + (" (onset not recorded: counted from the first entry that reports pain)" if at_least and rule.from_onset else "")


# --- reading ----------------------------------------------------------------------------------------------------------------------

def load(folder: Path = FOLDER) -> tuple[Rule, ...]:
    """Rules of a folder, in the order of their bits. Raises Refused naming the file and the key."""
    found = []
    for path in sorted(folder.glob("*.toml")):
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Refused(f"{path.name}: not a TOML file: {error}") from None
        found.append(from_data(data, path.name))
    return checked(found)


@cache
def shipped() -> tuple[Rule, ...]:
    """The rules that came with this release, whichever are in force."""
    return load()


def document(rules: tuple[Rule, ...]) -> str:
    """All rules as one canonical text, from which `from_document` makes the same rules."""
    return json.dumps([as_data(rule) for rule in sorted(rules, key=lambda rule: rule.bit)], sort_keys=True, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=8)
def from_document(text: str) -> tuple[Rule, ...]:
    # the same text makes equal rules, and pages ask for those in force again and again
    return checked([from_data(data, f"rule {data.get('id', number)}") for number, data in enumerate(json.loads(text), 1)])


def files(rules: tuple[Rule, ...]) -> dict[str, str]:
    """Rule files by name, which `load` reads back as the same rules."""
    return {f"{rule.rule_id}.toml": tomlkit.dumps(as_data(rule)) for rule in rules}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def floor(path: Path = FOLDER / "floor.csv") -> dict[str, str]:
    """Every rule that must ship before the set is whole, with what it is about."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["rule_id"]: row["about"] for row in csv.DictReader(file)}


def not_in_force(rules: tuple[Rule, ...]) -> tuple[str, ...]:
    """For the line “Rules not in force”."""
    there = {rule.rule_id for rule in rules}
    return tuple(rule_id for rule_id in floor() if rule_id not in there)


def as_data(thing: object) -> object:
    """A rule, or a part of one, as plain data, as its file has it."""
    if isinstance(thing, tuple):
        return [as_data(part) for part in thing]
    if not is_dataclass(thing):
        return thing
    named = {"rule_id": "id"}
    plain = {named.get(f.name, f.name): as_data(getattr(thing, f.name)) for f in fields(thing) if f.name != "wording"}
    return {"kind": NAMES[type(thing)], **plain} if isinstance(thing, Condition) else plain | dict(getattr(thing, "wording", ()))


def from_data(data: dict, where: str) -> Rule:
    """Raises Refused naming where and what is wrong."""
    for key in _REQUIRED:
        if key not in data:
            raise Refused(f"{where}: {key} is missing")
    only(data, _ALLOWED, where)
    examples.parsed(data.get("examples", []), where)  # to be right, though no part of the rule
    sources = tuple(Source(**_texts(source, _SOURCE, f"{where}: sources[{n}]")) for n, source in enumerate(data["sources"]))
    arms = tuple(sorted((_arm(arm, f"{where}: arms[{n}]") for n, arm in enumerate(data["arms"])), key=lambda arm: list(TIERS).index(arm.tier)))
    texts, wording = filled({name: typed(data[name], str, f"{where}: {name}") for name in ("title", "action")},
                            (part for arm in arms for part in arm.when.walk()), where)
    rule = Rule(typed(data["id"], str, f"{where}: id"), typed(data["bit"], int, f"{where}: bit"), typed(data["version"], int, f"{where}: version"),
                texts["title"], sources, typed(data.get("tier_conflict", ""), str, f"{where}: tier_conflict"), texts["action"],
                typed(data.get("assess_required", False), bool, f"{where}: assess_required"), arms,
                typed(data.get("folds_under", ""), str, f"{where}: folds_under"), wording)
    if not 0 <= rule.bit <= 61:
        raise Refused(f"{where}: bit is {rule.bit}, expected 0 to 61")
    if not sources:
        raise Refused(f"{where}: sources is empty, a rule says where it comes from")
    if all(arm.raises_only for arm in arms):
        raise Refused(f"{where}: arms: at least one must not be raises_only")
    if either(*[arm.when.of_nothing() for arm in arms]):
        raise Refused(f"{where}: arms: true of a patient who said nothing at all")
    return rule


def _arm(data: dict, where: str) -> Arm:
    only(data, {f.name for f in fields(Arm)} - {"wording"}, where)
    for key in ("tier", "reason", "when"):
        if key not in data:
            raise Refused(f"{where}: {key} is missing")
    if data["tier"] not in TIERS:
        raise Refused(f"{where}: tier is {data['tier']!r}, expected one of {', '.join(TIERS)}")
    when = condition(data["when"], f"{where}.when")
    texts, wording = filled({name: typed(data.get(name, ""), str, f"{where}: {name}") for name in ("reason", "task")}, when.walk(), where)
    return Arm(data["tier"], texts["reason"], when, typed(data.get("raises_only", False), bool, f"{where}: raises_only"), texts["task"],
               typed(data.get("due_working_days", 0), int, f"{where}: due_working_days"), wording)


def _texts(data: dict, allowed: dict, where: str) -> dict[str, str]:
    only(data, set(allowed), where)
    for key, values in allowed.items():
        if not isinstance(data.get(key), str) or (values and data[key] not in values):
            raise Refused(f"{where}: {key} is {data.get(key)!r}, expected {' or '.join(sorted(values)) if values else 'a text'}")
    return data


def checked(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """In the order of their bits. Raises Refused where they do not go together."""
    rules = tuple(rules)
    if not rules:
        raise Refused("rules: none is left, and then nobody is looked at")
    for name, values in (("id", [rule.rule_id for rule in rules]), ("bit", [rule.bit for rule in rules])):
        if twice := [value for value in values if values.count(value) > 1]:
            raise Refused(f"rules: two rules have the {name} {twice[0]}")
    for rule in rules:
        for arm in rule.arms:
            check_entry_only(arm.when, rule.rule_id)
        for part in rule.parts:
            if isinstance(part, RuleNotMet) and any(isinstance(p, RuleNotMet) for other in rules if other.rule_id == part.rule for p in other.parts):
                raise Refused(f"{rule.rule_id}: rule_not_met: {part.rule} itself asks about another rule")
    return tuple(sorted(rules, key=lambda rule: rule.bit))
