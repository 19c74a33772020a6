"""What other rules would do to our own patients: who meets what at the end of a day, by the rules in force and by others, week after week.

A rule counts as a new flag in the week at whose end it is met and at whose start it was not, with what is known now. So a rule that is
met and over within one week is not seen, and a rule that comes and goes counts each time it comes back."""
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import BigInteger, Connection, Integer, Subquery, Table, case, cast, func, literal, select

from dashboard import cohort, database
from dashboard.database import bit_or
from dashboard.days import date_of
from dashboard.errors import Refused
from dashboard.rules.conditions import Condition
from dashboard.rules.definition import Rule
from dashboard.rules.evaluate import Doubt, Outcomes, RuleFailed, evaluate, isolated
from dashboard.rules.over_time import AnyRuleMet, RuleNotMet
from dashboard.rules.parameters import compared
from dashboard.schema import flag

QUEUED = ("E", "U", "R")  # tiers that queue somebody; information does not
NONE = len(QUEUED)
WEEKS = 52
CONTACTED = ("sent_to_emergency", "same_day_visit", "routine_visit", "self_care")


@dataclass(frozen=True)
class Standing:
    """Who meets a rule of a queued tier as of a day: `patients` in the order of their numbers, `met` three rows of bit sets over the rules,
    one for each tier in which they are met."""
    patients: np.ndarray
    met: np.ndarray

    @property
    def any_tier(self) -> np.ndarray:
        return self.met[0] | self.met[1] | self.met[2]

    @property
    def worst(self) -> np.ndarray:
        """The place of the worst tier met; NONE for nobody's."""
        return np.where(self.met[0] != 0, 0, np.where(self.met[1] != 0, 1, np.where(self.met[2] != 0, 2, NONE)))

    def of(self, patients: np.ndarray) -> "Standing":
        """For these patients, who have to be in order; those who meet nothing too."""
        met = np.zeros((len(QUEUED), len(patients)), np.int64)
        if len(patients):
            place = np.searchsorted(patients, self.patients)
            known = place < len(patients)
            known[known] = patients[place[known]] == self.patients[known]
            met[:, place[known]] = self.met[:, known]
        return Standing(patients, met)


def standing(connection: Connection, rules: tuple[Rule, ...], as_of: int, patients: Subquery | Table | None = None) -> Standing:
    """Raises Refused where a rule cannot be evaluated: a trial of the others would show too little."""
    def work(doubt: Doubt) -> Outcomes:
        try:
            return evaluate(connection, cohort.entries(connection, as_of, patients=patients), rules, as_of, everybody=patients is None, doubt=doubt,
                            assess=())
        except RuleFailed:
            connection.rollback()
            raise
    outcomes = isolated(work)
    if outcomes.failed:
        raise Refused(f"{', '.join(outcomes.failed)} could not be evaluated, so this can't be tried.")
    m = outcomes.met.c
    bit = case({rule.bit: cast(literal(1 << rule.bit), BigInteger) for rule in rules}, value=m.rule_bit)
    found = select(m.patient, *[func.coalesce(bit_or(case((m.tier == tier, bit))), 0, type_=BigInteger) for tier in QUEUED]).where(
        m.tier.in_(QUEUED)).group_by(m.patient).order_by(m.patient)
    numbers, *met = database.numbers(connection, found)
    return Standing(numbers, np.array(met, np.int64).reshape(len(QUEUED), -1))


# --- only what differs ------------------------------------------------------------------------------------------------------------

def standing_after(connection: Connection, before: tuple[Rule, ...], stood: Standing, after: tuple[Rule, ...], as_of: int) -> Standing:
    """The same as `standing` of the other rules, asked only what may differ: rules that are not as they were, and rules that ask about
    those. A rule that asks whether any other was met is asked again only of patients for whom that changed."""
    old, new = ({rule.rule_id: rule for rule in rules} for rules in (before, after))
    changed = {rule_id for rule_id in old.keys() | new.keys() if old.get(rule_id) != new.get(rule_id)}
    if not changed:
        return stood
    asking = [rule for rule in after if _about(rule, AnyRuleMet)]
    again = {rule_id for rule_id in new if rule_id in changed or {part.rule for part in _about(new[rule_id], RuleNotMet)} & changed}
    needed = again | {part.rule for rule_id in again for part in _about(new[rule_id], RuleNotMet)} & new.keys()
    if needed & {rule.rule_id for rule in asking} - again:
        return standing(connection, after, as_of)
    bits = sum(1 << (old.get(rule_id) or new[rule_id]).bit for rule_id in again | changed)
    asked = tuple(rule for rule in after if rule.rule_id in needed and rule not in asking)
    found = standing(connection, asked, as_of) if asked else Standing(np.array([], np.int64), np.zeros((len(QUEUED), 0), np.int64))
    everybody = np.union1d(stood.patients, found.patients)
    was, fresh = stood.of(everybody), found.of(everybody)
    made = Standing(everybody, was.met & ~np.int64(bits) | fresh.met & np.int64(bits))
    return _kept(_asked_again(connection, after, asking, changed, was, made, as_of))


def _about(rule: Rule, kind: type[Condition]) -> list[Condition]:
    return [part for part in rule.parts if isinstance(part, kind)]


def _asked_again(connection: Connection, after: tuple[Rule, ...], asking: list[Rule], changed: set[str], was: Standing, made: Standing,
                 as_of: int) -> Standing:
    itself = any(rule.rule_id in changed for rule in asking)
    bits = np.int64(sum(1 << rule.bit for rule in asking))
    others = [(stands.met[:2] & ~bits != 0) for stands in (was, made)]  # emergencies and same-day, other than by these rules
    moved = made.patients[(others[0] != others[1]).any(axis=0)]
    if not asking or (not itself and not len(moved)):
        return made
    whose = None if itself else database.store_rows(connection, "moved_patient", {"patient": Integer}, pa.table({"patient": pa.array(moved, pa.int32())}))
    found = standing(connection, after, as_of, whose)
    everybody = np.union1d(made.patients, found.patients)
    made, found = made.of(everybody), found.of(everybody)
    these = np.ones(len(everybody), bool) if itself else np.isin(everybody, moved)
    return Standing(everybody, np.where(these, made.met & ~bits | found.met & bits, made.met))


def _kept(stands: Standing) -> Standing:
    some = stands.any_tier != 0
    return Standing(stands.patients[some], stands.met[:, some])


# --- week after week --------------------------------------------------------------------------------------------------------------

def week_ends(connection: Connection, as_of: int, weeks: int) -> list[int]:
    """The last days of so many weeks, the newest first, and of the week before them; no further back than the diaries go."""
    e = cohort.entries(connection, as_of).subquery().c
    first = connection.scalar(select(func.min(e.day)))
    if first is None:
        return [as_of]
    return [as_of - 7 * n for n in range(min(weeks, (as_of - int(first)) // 7 + 1) + 1)]


def patient_weeks(connection: Connection, ends: Sequence[int]) -> float:
    """How long patients were observed in these weeks: from the first entry to the last, each day counted."""
    e = cohort.entries(connection, ends[0]).subquery().c
    first, last = database.numbers(connection, select(func.min(e.day), func.max(e.day)).group_by(e.patient))
    days = np.minimum(last, ends[0]) - np.maximum(first, ends[-1] + 1) + 1
    return float(np.maximum(days, 0).sum()) / 7


def by_week(stands: Sequence[Standing], ends: Sequence[int]) -> pd.DataFrame:
    """For each week, oldest first: week (its last day), and for each queued tier `E`, `U`, `R` the patients whose worst tier it became, from a
    lesser one or none."""
    made = []
    for now, before, end in zip(stands, stands[1:], ends, strict=False):
        reached, was = now.worst, before.of(now.patients).worst
        made.append((end, *[int(((reached == place) & (was > place)).sum()) for place in range(NONE)]))
    return pd.DataFrame(made[::-1], columns=["week", *QUEUED])


def new_flags(stands: Sequence[Standing], rules: tuple[Rule, ...]) -> dict[str, int]:
    """By rule, how often it came to be met from one week's end to the next."""
    counted = dict.fromkeys((rule.rule_id for rule in rules if rule.tier != "I"), 0)
    for now, before in pairwise(stands):
        fresh = now.any_tier & ~before.of(now.patients).any_tier
        for rule in rules:
            if rule.rule_id in counted:
                counted[rule.rule_id] += int((fresh >> rule.bit & 1).sum())
    return counted


def report(connection: Connection, before: tuple[Rule, ...], after: tuple[Rule, ...], as_of: int, weeks: int, say: Callable[[str], None]) -> dict:
    """All of it as plain numbers: {as_of, changes, weeks, patient_weeks, by_week: {in_force, draft}, new_flags: {rule_id: {in_force, draft}},
    appear, drop, change_tier}."""
    ends = week_ends(connection, as_of, weeks)
    now, then = [], []
    for number, end in enumerate(ends, 1):
        say(f"week to {date_of(end)}, {number} of {len(ends)}")
        now.append(standing(connection, before, end))
        then.append(standing_after(connection, before, now[-1], after, end))
    made, flags = moves(now[0], then[0]), [new_flags(stands, rules) for stands, rules in ((now, before), (then, after))]
    appear, drop = made["before"] == NONE, made["after"] == NONE
    return {"as_of": date_of(as_of).isoformat(), "changes": compared(before, after), "weeks": len(ends) - 1, "patient_weeks": patient_weeks(connection, ends),
            "by_week": {name: by_week(stands, ends).assign(week=[date_of(end).isoformat() for end in ends[-2::-1]]).to_dict(orient="records")
                        for name, stands in (("in_force", now), ("draft", then))},
            "new_flags": {rule_id: dict(zip(("in_force", "draft"), (count.get(rule_id) for count in flags), strict=True)) for rule_id in flags[0] | flags[1]},
            "appear": int(appear.sum()), "drop": int(drop.sum()), "change_tier": int((~appear & ~drop & (made["before"] != made["after"])).sum())}


# --- today ------------------------------------------------------------------------------------------------------------------------

def moves(before: Standing, after: Standing) -> pd.DataFrame:
    """Patients for whom something differs, those who drop from the worst tier first: patient, before, after (places of the worst tier),
    gained and lost (bit sets over rules)."""
    everybody = np.union1d(before.patients, after.patients)
    old, new = before.of(everybody), after.of(everybody)
    made = pd.DataFrame({"patient": everybody, "before": old.worst, "after": new.worst, "gained": new.any_tier & ~old.any_tier,
                         "lost": old.any_tier & ~new.any_tier})
    made = made[(made["before"] != made["after"]) | (made["gained"] != 0) | (made["lost"] != 0)]
    made = made.assign(stays=made["before"] == made["after"], down=made["after"] < made["before"])
    return made.sort_values(["stays", "down", "before", "after", "patient"], kind="stable", ignore_index=True).drop(columns=["stays", "down"])


def acted_on(connection: Connection) -> pd.DataFrame:
    """By rule, of all its flags so far: flags, acted (a person did anything about them), closed (by a person), contacted (closed after the
    patient was contacted). What the app closed by itself is not counted as closed."""
    f = flag.c
    by_person = f.outcome.is_not(None) & f.outcome.not_in(("no_longer_met", "evidence_withdrawn")) & (f.status == "closed")
    found = select(f.rule_id, func.count(), *[func.count(case((which, 1))) for which in (f.acted, by_person, by_person & f.outcome.in_(CONTACTED))]).group_by(
        f.rule_id).order_by(f.rule_id)
    return pd.DataFrame([tuple(row) for row in connection.execute(found)], columns=["rule_id", "flags", "acted", "closed", "contacted"])


def lost_flags(connection: Connection, made: pd.DataFrame, rules: tuple[Rule, ...]) -> tuple[int, int]:
    """Flags met now that these moves would take away, and how many of them a person acted on."""
    lost = dict(zip(made["patient"], made["lost"], strict=True))
    bits = {rule.rule_id: rule.bit for rule in rules}
    found = connection.execute(select(flag.c.patient, flag.c.rule_id, flag.c.acted).where(flag.c.met)).all()
    gone = [acted for patient, rule_id, acted in found if rule_id in bits and int(lost.get(patient, 0)) >> bits[rule_id] & 1]
    return len(gone), sum(map(bool, gone))
