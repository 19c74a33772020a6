"""Diary entries in plain Python, and three-valued words about them: what the oracles of the rules are written in."""
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

Answer = bool | None

BACK = {"neck", "upper_back_left", "upper_back_middle", "upper_back_right", "between_shoulder_blades", "shoulder_blade_left", "shoulder_blade_right",
        "mid_back", "lower_thoracic_left", "lower_thoracic_right", "flank_left", "flank_right", "low_back", "everywhere"}
BUTTOCK = {"buttock_left", "buttock_right", "saddle"}
BELOW = BUTTOCK | {f"{part}_{side}" for part in ("hip", "leg", "knee", "foot") for side in ("left", "right")}
ALTERED = {"numb", "tingling", "pins_and_needles"}


@dataclass
class Entry:
    number: int
    day: int
    yes: set[str] = field(default_factory=set)
    no: set[str] = field(default_factory=set)
    places: set[str] | None = None
    words: set[str] | None = None
    helped: set[str] = field(default_factory=set)
    severity: Fraction | None = None
    worst: Fraction | None = None
    celsius: Fraction | None = None
    onset: int | None = None
    trend: str = ""
    born: int | None = None
    sex: str = ""
    speed: str = ""
    spreads: set[str] | None = None
    aggravated: set[str] | None = None
    relieved: set[str] | None = None
    tried: set[str] = field(default_factory=set)
    asked_what_was_tried: bool = False
    interference: Fraction | None = None

    @property
    def old(self) -> bool:
        return "longstanding" in self.yes

    @property
    def bad(self) -> Fraction | None:
        return self.severity if self.worst is None else self.worst

    @cached_property  # asked some hundred times of an entry
    def hurts(self) -> bool:
        if self.severity is None and self.worst is None:
            return bool(self.places or self.words)
        return (self.severity or 0) > 0 or (self.worst or 0) > 0

    @property
    def back(self) -> Answer:
        if self.places is None or self.places == {"other"}:
            return None
        return bool(self.places & BACK)

    @property
    def fever(self) -> Answer:
        if "fever" in self.yes or (self.celsius is not None and self.celsius >= 38):
            return True
        return False if "fever" in self.no or self.celsius is not None else None

    @property
    def altered(self) -> bool:
        return bool(self.words and self.words & ALTERED) and not self.old

    def at(self, places: set[str]) -> Answer:
        return None if self.places in (None, {"other"}) else bool(self.places & places)

    def like(self, words: set[str]) -> Answer:
        return None if self.words is None else bool(self.words & words)

    def spread(self, places: set[str]) -> Answer:
        """Who says where it hurts, and nothing of where it spreads to, names no such place."""
        return bool(self.spreads & places) if self.spreads is not None else None if self.places is None else False

    def sudden(self, days: int) -> Answer:
        return None if not self.speed else self.speed == "sudden" and (self.onset is None or self.day - self.onset <= days)

    def started(self, days: int) -> Answer:
        return None if self.onset is None else self.day - self.onset <= days

    def worst_is(self, least: int) -> Answer:
        return None if self.bad is None else self.bad >= least

    def says(self, symptom: str, kind: str = "") -> Answer:
        if symptom in self.yes:
            return {"": True, "new": not self.old, "old": self.old}[kind]
        return False if symptom in self.no else None


def read(number: int, row: Mapping[str, str]) -> Entry:
    def amount(name: str) -> Fraction | None:
        return Fraction(row[name]) if row.get(name) else None

    def several(name: str) -> set[str] | None:
        return set(row[name].split(";")) - {"none"} if row.get(name) else None

    entry = Entry(number, int(row["day"]), places=several("locations"), words=several("qualities"), helped=several("relief_helped") or set(),
                  severity=amount("severity"), worst=amount("worst_severity"), celsius=amount("temperature_c"), trend=row.get("trend", ""),
                  born=int(row["birth_year"]) if row.get("birth_year") else None, sex=row.get("sex", ""), speed=row.get("onset_speed", ""),
                  spreads=several("radiates_to"), aggravated=several("aggravated_by"), relieved=several("relief_helped"),
                  tried=several("relief_tried") or set(), asked_what_was_tried=bool(row.get("relief_tried")), interference=amount("interference"))
    if row.get("onset") and int(row["onset"]) <= entry.day:
        entry.onset = int(row["onset"])
    for name, cell in row.items():
        if cell == "yes":
            entry.yes.add(name)
        elif cell == "no":
            entry.no.add(name)
    return entry


# --- three values -----------------------------------------------------------------------------------------------------------------

def some(answers: Iterable[Answer]) -> Answer:
    """Or."""
    answers = list(answers)
    return True if True in answers else None if None in answers else False


def every(*answers: Answer) -> Answer:
    """And."""
    return False if False in answers else None if None in answers else True


def ever(answers: Iterable[Answer]) -> Answer:
    """Over entries: yes if any says yes; no if one says no and none yes."""
    answers = list(answers)
    return True if True in answers else False if False in answers else None


# --- episodes -----------------------------------------------------------------------------------------------------------------------

def current_episode(entries: list[Entry]) -> tuple[int | None, list[Entry]]:
    """Onset, and its entries."""
    clusters: list[int] = []
    for onset in sorted({e.onset for e in entries if e.onset is not None}):
        if not clusters or onset > clusters[-1] + 3:
            clusters.append(onset)
    starts = list(clusters)
    painful = {e.day for e in entries if e.hurts}
    for day in painful:
        unstated = all(e.onset is None for e in entries if e.hurts and e.day == day)
        if unstated and not any(day - 28 < other < day for other in painful) and not any(day - 28 < start <= day for start in clusters):
            starts.append(day)
    if not starts:
        return None, []
    start = max(starts)
    return start, [e for e in entries if (start <= e.onset <= start + 3 if e.onset is not None else e.day >= start)]
