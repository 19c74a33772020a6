"""The shipped rules in plain Python over sets, written from the clinical reference and nothing else; slow, and without SQL's tricks.

Rows are those of `tests.diaries`. An answer is True (met), False (not met) or None (cannot be assessed)."""
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

from tests import rules_words
from tests.rules_entries import BELOW, BUTTOCK, Answer, Entry, current_episode, ever, every, read, some
from tests.rules_words import Case

NEUROLOGICAL = ("leg_weakness", "urinary_incontinence", "bowel_incontinence", "urinary_retention", "bladder_sensation_loss", "saddle_numbness")
TIERS = "EURI"
MUST_BE_ASSESSED = ("E01", "E04", "E05", "E06", "E07")
SLACK = Fraction(1, 10**6)
CHRONIC = 84


class Outcome(NamedTuple):
    met: Answer
    tier: str | None
    arm: int | None
    first: int | None
    last: int | None
    newest: int | None
    onset: int | None
    assessed_recently: bool


# --- rules: whether met, the arm, and the entries that show it --------------------------------------------------------------------

Found = tuple[Answer, int | None, list[Entry]]


def symptoms(*codes: str, kind: str = "") -> Callable[[list[Entry], int], Found]:
    def rule(entries: list[Entry], as_of: int) -> Found:
        met = some(ever(e.says(code, kind) for e in entries) for code in codes)
        return met, 0 if met else None, [e for e in entries if any(e.says(code, kind) for code in codes)]
    return rule


def e01(entries: list[Entry], as_of: int) -> Found:
    met, _, shown = symptoms("trouble_breathing", "chest_pain")(entries, as_of)
    if not met:
        return met, None, []
    near = [ever(e.back for e in entries if abs(e.day - report.day) <= 1) for report in shown]
    return True, 0 if True in near else 1 if None in near else 2, shown


def e07(entries: list[Entry], as_of: int) -> Found:
    met, _, shown = symptoms("saddle_numbness", kind="new")(entries, as_of)
    told = [e for e in entries if e.altered and e.places and e.places <= BUTTOCK]
    return (True, 0 if met else 1, shown + told) if met or told else (met, None, [])


def u01(entries: list[Entry], as_of: int) -> Found:
    reports = [e for e in entries if e.fever]
    if not reports:
        fever, back = ever(e.fever for e in entries), ever(e.back for e in entries)
        return some([every(fever, back), every(fever, True if back is None else back)]), None, []
    near = {report.day: ever(e.back for e in entries if abs(e.day - report.day) <= 7) for report in reports}
    met = [day for day, back in near.items() if back is not False]
    shown = [report for report in reports if any(abs(report.day - day) <= 7 for day in met)]
    return (True, 0 if True in near.values() else 1, shown) if met else (False, None, [])


def u02(entries: list[Entry], as_of: int) -> Found:
    met, _, shown = symptoms("leg_numbness", kind="new")(entries, as_of)
    told = [e for e in entries if e.altered and e.places and e.places & BELOW]
    if not met and not told:
        return met, None, []
    if any("both_legs" in e.yes for e in shown + told):
        return True, 0, shown + told
    return True, 1 if met else 2 if any(e.places <= BELOW for e in told) else 3, shown + told


def u08(entries: list[Entry], as_of: int) -> Found:
    last = max(e.day for e in entries)
    week = [e for e in entries if e.day > last - 7]
    answered = [e for e in week if e.bad is not None]
    unbearable = [e for e in answered if e.bad == 10]
    days = {e.day for e in answered if e.bad >= 8}
    close = {day for day in days if any(0 < abs(day - other) <= 2 for other in days)}
    severe = [e for e in answered if e.bad >= 8 and e.day in close]
    if as_of - last > 14 or any(e.helped - {"none_helped"} for e in week):
        return False, None, []
    if unbearable or severe:
        return True, 0 if unbearable else 1, unbearable + severe
    return False if rules_words.says_no(answered, 2, 8) else None, None, []


def r02(entries: list[Entry], as_of: int) -> Found:
    met, _, shown = symptoms("weight_loss")(entries, as_of)
    told = [(e.day, e.born) for e in entries if e.born]
    aged = 2026 - max(told)[1] >= 60 if told else None  # every as-of day of the tables lies in 2026
    older = bool(aged) and any(e.back for e in entries)
    return met, None if not met else 0 if older else 1, shown


def r01(entries: list[Entry], as_of: int) -> Found:
    onset, episode = current_episode(entries)
    days: dict[int, list[Entry]] = {}
    for e in sorted(episode, key=lambda e: e.day):
        if e.severity is not None:
            days.setdefault(e.day, []).append(e)
    if not days:
        return None, None, []
    means = [sum(e.severity for e in one) / len(one) for one in days.values()]
    if max(days) - onset < 7:
        return False, None, []
    k = min(3, len(means) // 2)
    if not k:
        return None, None, []
    before, after = sum(means[:k]) / k, sum(means[-k:]) / k
    said = {e.trend for e in days[max(days)]}
    improved = after <= before - max(Fraction(2), Fraction(3, 10) * before) + SLACK or means[-1] <= 1 + SLACK or ("better" in said and "worse" not in said)
    if improved:
        return False, None, []
    # since when, and until when
    late = [e for day, one in days.items() if day - onset >= 7 for e in one]
    return True, 0, late


def r04(entries: list[Entry], as_of: int) -> Found:
    onset, episode = current_episode(entries)
    painful = [e for e in episode if e.hurts]
    if not painful:
        return None, None, []
    late = [e for e in painful if e.day - onset >= CHRONIC]
    return (True, 0 if as_of - 14 < onset + CHRONIC <= as_of else 1, late) if late else (False, None, [])


RULES: dict[str, tuple[str, Callable[[list[Entry], int], Found]]] = {  # with the tiers of the arms
    "E01": ("EEE", e01), "E04": ("E", symptoms("leg_weakness", kind="new")),
    "E05": ("E", symptoms("urinary_incontinence", "bowel_incontinence", kind="new")),
    "E06": ("E", symptoms("urinary_retention", "bladder_sensation_loss", kind="new")), "E07": ("EE", e07), "U01": ("UU", u01), "U02": ("EUUU", u02),
    "U08": ("UU", u08), "R01": ("R", r01), "R02": ("RR", r02), "R04": ("RI", r04), "R11": ("R", symptoms(*NEUROLOGICAL, kind="old"))}
OF_EPISODES = ("R01", "R04")
# rules that ask about others come after those
ALL_RULES = (*RULES, *sorted(rules_words.RULES, key=lambda rule_id: (rule_id == "R10", rule_id in rules_words.ASK_OTHERS)))


# --- everybody --------------------------------------------------------------------------------------------------------------------

def patients(rows: Iterable[Mapping[str, str]], as_of: int) -> dict[int, list[Entry]]:
    found: dict[int, list[Entry]] = {}
    for number, row in enumerate(rows, 1):
        if int(row["day"]) <= as_of:
            found.setdefault(int(row["patient_id"]), []).append(read(number, row))
    return found


def evaluate(rows: Iterable[Mapping[str, str]], as_of: int) -> dict[tuple[int, str], Outcome]:
    found: dict[tuple[int, str], Outcome] = {}
    for patient, entries in patients(rows, as_of).items():
        mine: dict[str, Outcome] = {}
        for rule_id in ALL_RULES:
            mine[rule_id] = _outcome(rule_id, entries, as_of, mine)
        found |= {(patient, rule_id): outcome for rule_id, outcome in mine.items()}
    return found


def _outcome(rule_id: str, entries: list[Entry], as_of: int, others: Mapping[str, Outcome]) -> Outcome:
    last = max(e.day for e in entries)
    recent = entries if rule_id in OF_EPISODES else [e for e in entries if e.day > last - 14]
    if rule_id in RULES:
        tiers, rule = RULES[rule_id]
        met, arm, shown = rule(entries, as_of)
        assessed = (met if len(recent) == len(entries) else rule(recent, as_of)[0]) is not None
    else:
        tiers, ruled = rules_words.RULES[rule_id]
        worst = {other for other, outcome in others.items() if outcome.tier in ("E", "U")}, {other for other, outcome in others.items() if outcome.met}
        met, arm, shown = ruled(Case(entries, entries, as_of, *worst))
        assessed = (met if len(recent) == len(entries) else ruled(Case(recent, entries, as_of, *worst))[0]) is not None
    if not met:
        return Outcome(met, None, None, None, None, None, None, assessed)
    days, onset = [e.day for e in shown] or [last], current_episode(entries)[0] if tiers[arm] in "RI" else None
    # where nothing in particular shows it, the last entry stands for it
    return Outcome(True, tiers[arm], arm, min(days), max(days), max(e.number for e in shown or entries), onset, assessed)


def bucket(outcomes: Mapping[str, Outcome]) -> str:
    """Of one patient's outcomes by rule."""
    tiers = {outcome.tier for outcome in outcomes.values() if outcome.met}
    if "E" in tiers:
        return "emergency"
    if "U" in tiers:
        return "same_day"
    if not all(outcomes[rule_id].assessed_recently for rule_id in MUST_BE_ASSESSED):
        return "not_assessable"
    return "routine" if "R" in tiers else "no_criterion_met"
