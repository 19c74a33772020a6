"""What a rule can say: a small closed algebra. Each condition is data, and says itself in English.

A condition is about a record: one entry, the entries of some days, or everything a patient said. It is true, false, or unknown.
How it becomes SQL is in `compile` and `history`; the English here is what people see of it.
"""
from collections.abc import Iterator
from dataclasses import dataclass, fields

from dashboard.codelists import HISTORY, LISTS, LOCATION, QUALITY, SYMPTOM, Codelist
from dashboard.wording import sided

LONGSTANDING = "longstanding"
_GROUP_WORDS = {
    (LOCATION, "back"): "the back", (LOCATION, "thoracic"): "the upper or middle back", (LOCATION, "buttock"): "a buttock or the saddle area",
    (LOCATION, "leg"): "a hip, leg, knee or foot", (LOCATION, "chest"): "the chest", (LOCATION, "abdomen"): "the abdomen",
    (QUALITY, "altered_feeling"): "numb, tingling or pins and needles", (QUALITY, "neuropathic"): "a word for nerve pain"}
_CODE_WORDS = {(LOCATION, "between_shoulder_blades"): "the area between the shoulder blades"}
FIELD_WORDS = {"locations": "pain in", "qualities": "described as", "radiates_to": "spreading to", "relief_tried": "relief tried:",
                "relief_helped": "helped by", "aggravated_by": "made worse by"}


def listed(words: list[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def in_words(codelist: Codelist, codes: tuple[str, ...]) -> str:
    """Whole groups by their name, the rest by their labels."""
    left, words = set(codes), []
    for (of, group), name in sorted(_GROUP_WORDS.items(), key=lambda item: -len(item[0][0].group(item[0][1]))):
        if of is codelist and left >= set(codelist.group(group)):
            words.append(name)
            left -= set(codelist.group(group))
    words += [called(codelist, code) for code in codelist.label if code in left]
    return listed(words, "or")


def called(codelist: Codelist, code: str) -> str:
    if (codelist, code) in _CODE_WORDS:
        return _CODE_WORDS[codelist, code]
    label = codelist.label[code][:1].lower() + codelist.label[code][1:]
    return sided(label) if codelist is LOCATION else label


def days_in_words(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"


def either(*values: bool | None) -> bool | None:
    return True if True in values else None if None in values else False


def both(*values: bool | None) -> bool | None:
    return False if False in values else None if None in values else True


@dataclass(frozen=True)
class Condition:
    def below(self) -> tuple["Condition", ...]:
        """The conditions it is made of."""
        found: list[Condition] = []
        for field in fields(self):
            value = getattr(self, field.name)
            found += [part for part in (value if isinstance(value, tuple) else (value,)) if isinstance(part, Condition)]
        return tuple(found)

    def walk(self) -> Iterator["Condition"]:
        yield self
        for part in self.below():
            yield from part.walk()

    def of_nothing(self) -> bool | None:
        """What it is of a patient who said nothing at all."""
        return None

    def reads(self) -> tuple[str, ...]:
        """The canonical columns that it looks at itself."""
        return ()

    def describe(self) -> str:
        raise NotImplementedError


# --- true or false of one entry, and of any number of entries added up ------------------------------------------------------------

@dataclass(frozen=True)
class Reported(Condition):
    """Any of these symptoms. `only` new leaves out what the same row marks as longstanding; old takes nothing else."""
    symptoms: tuple[str, ...]
    only: str = ""

    def reads(self) -> tuple[str, ...]:
        return (*self.symptoms, LONGSTANDING) if self.only else self.symptoms

    def describe(self) -> str:
        how = {"": "reported", "new": "reported and not marked as longstanding", "old": "reported and marked as longstanding in the same entry"}
        return f"{in_words(SYMPTOM, self.symptoms)} {how[self.only]}"


@dataclass(frozen=True)
class Denied(Condition):
    """An explicit no to every one of them."""
    symptoms: tuple[str, ...]

    def reads(self) -> tuple[str, ...]:
        return self.symptoms

    def describe(self) -> str:
        return f"{in_words(SYMPTOM, self.symptoms)} answered with no"


@dataclass(frozen=True)
class PatientHas(Condition):
    """Yes in any entry; no if some entry says no and none says yes."""
    history: tuple[str, ...]

    def reads(self) -> tuple[str, ...]:
        return self.history

    def describe(self) -> str:
        return f"a history of {in_words(HISTORY, self.history)}"


@dataclass(frozen=True)
class Named(Condition):
    """Any of these codes in a list field. A place that is only called `other` is unknown."""
    field: str
    codes: tuple[str, ...]

    def reads(self) -> tuple[str, ...]:
        return (self.field,)

    def describe(self) -> str:
        return f"{FIELD_WORDS[self.field]} {in_words(LISTS[self.field], self.codes)}"


@dataclass(frozen=True)
class NamedOnly(Named):
    """At least one of these codes and no other. To be asked of one entry: what a patient names over time adds up."""

    def describe(self) -> str:
        return f"{super().describe()} and nothing else"


@dataclass(frozen=True)
class NotLongstanding(Condition):
    """The entry does not mark its red flags as longstanding; unknown counts as new. To be asked of one entry."""

    def of_nothing(self) -> bool:
        return True

    def reads(self) -> tuple[str, ...]:
        return (LONGSTANDING,)

    def describe(self) -> str:
        return "not marked as longstanding"


@dataclass(frozen=True)
class TemperatureAtLeast(Condition):
    celsius: float

    def reads(self) -> tuple[str, ...]:
        return ("temperature_c",)

    def describe(self) -> str:
        return f"a temperature of {self.celsius:g} °C or more"


@dataclass(frozen=True)
class AgeAtLeast(Condition):
    """By the year of birth that was given last: the age reached in the year of the as-of date."""
    years: int

    def reads(self) -> tuple[str, ...]:
        return ("birth_year",)

    def describe(self) -> str:
        return f"aged {self.years} or more"


# --- made of others ---------------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class AnyOf(Condition):
    parts: tuple[Condition, ...]

    def of_nothing(self) -> bool | None:
        return either(*[part.of_nothing() for part in self.parts])

    def describe(self) -> str:
        return f"({listed([part.describe() for part in self.parts], 'or')})"


@dataclass(frozen=True)
class AllOf(Condition):
    parts: tuple[Condition, ...]

    def of_nothing(self) -> bool | None:
        return both(*[part.of_nothing() for part in self.parts])

    def describe(self) -> str:
        return listed([part.describe() for part in self.parts], "and")


@dataclass(frozen=True)
class AtLeast(Condition):
    count: int
    parts: tuple[Condition, ...]

    def of_nothing(self) -> bool | None:
        values = [part.of_nothing() for part in self.parts]
        return True if values.count(True) >= self.count else None if values.count(False) <= len(values) - self.count else False

    def describe(self) -> str:
        return f"at least {self.count} of: {'; '.join(part.describe() for part in self.parts)}"


@dataclass(frozen=True)
class AnyAnswer(Condition):
    """Several ways of asking one thing: one answer is enough to say no."""
    parts: tuple[Condition, ...]

    def of_nothing(self) -> bool | None:
        values = [part.of_nothing() for part in self.parts]
        return True if True in values else False if False in values else None

    def describe(self) -> str:
        return f"({listed([part.describe() for part in self.parts], 'or')}; one answer is enough)"


@dataclass(frozen=True)
class Not(Condition):
    part: Condition

    def of_nothing(self) -> bool | None:
        value = self.part.of_nothing()
        return None if value is None else not value

    def describe(self) -> str:
        return f"not ({self.part.describe()})" if self.part.below() else f"not {self.part.describe()}"


@dataclass(frozen=True)
class OrUnknown(Condition):
    """The benefit of the doubt: true unless answered with no."""
    part: Condition

    def of_nothing(self) -> bool:
        return self.part.of_nothing() is not False

    def describe(self) -> str:
        return f"({self.part.describe()}, or not recorded)"
