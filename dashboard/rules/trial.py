"""What other rules would do to our own patients: who meets what at the end of a day, by the rules in force and by others."""
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import BigInteger, Connection, Integer, Select, Table, case, cast, func, literal, select

from dashboard import cohort, database
from dashboard.database import bit_or
from dashboard.errors import Refused
from dashboard.rules.conditions import Condition
from dashboard.rules.definition import Rule
from dashboard.rules.evaluate import Doubt, Outcomes, RuleFailed, evaluate, isolated
from dashboard.rules.over_time import AnyRuleMet, RuleNotMet
from dashboard.schema import flag

QUEUED = ("E", "U", "R")  # tiers that queue somebody; information does not
NONE = len(QUEUED)
Rows = Callable[[Connection], Select]  # entries, and the TEMP tables that they are read from
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


def standing(connection: Connection, rules: tuple[Rule, ...], as_of: int, patients: Table | None = None,
             entries: Rows | None = None) -> Standing:
    """Raises Refused where a rule cannot be evaluated: a trial of the others would show too little. `entries` are others than all, few
    enough to copy; they may read TEMP tables, which are gone after a rule failed."""
    def work(doubt: Doubt) -> Outcomes:
        try:
            rows = entries(connection) if entries else cohort.entries(connection, as_of)
            if patients is not None:
                live = rows.subquery()
                rows = select(live).where(live.c.patient.in_(select(patients.c.patient)))
            return evaluate(connection, rows, rules, as_of, everybody=patients is None and entries is None, doubt=doubt, assess=())
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

def standing_after(connection: Connection, before: tuple[Rule, ...], stood: Standing, after: tuple[Rule, ...], as_of: int,
                   entries: Rows | None = None) -> Standing:
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
        return standing(connection, after, as_of, entries=entries)
    bits = sum(1 << (old.get(rule_id) or new[rule_id]).bit for rule_id in again | changed)
    asked = tuple(rule for rule in after if rule.rule_id in needed and rule not in asking)
    found = standing(connection, asked, as_of, entries=entries) if asked else Standing(np.array([], np.int64), np.zeros((len(QUEUED), 0), np.int64))
    everybody = np.union1d(stood.patients, found.patients)
    was, fresh = stood.of(everybody), found.of(everybody)
    made = Standing(everybody, was.met & ~np.int64(bits) | fresh.met & np.int64(bits))
    return _kept(_asked_again(connection, after, asking, changed, was, made, as_of, entries))


def _about(rule: Rule, kind: type[Condition]) -> list[Condition]:
    return [part for part in rule.parts if isinstance(part, kind)]


def _asked_again(connection: Connection, after: tuple[Rule, ...], asking: list[Rule], changed: set[str], was: Standing, made: Standing,
                 as_of: int, entries: Rows | None) -> Standing:
    itself = any(rule.rule_id in changed for rule in asking)
    bits = np.int64(sum(1 << rule.bit for rule in asking))
    others = [(stands.met[:2] & ~bits != 0) for stands in (was, made)]  # emergencies and same-day, other than by these rules
    moved = made.patients[(others[0] != others[1]).any(axis=0)]
    if not asking or (not itself and not len(moved)):
        return made
    whose = None if itself else database.store_rows(connection, "moved_patient", {"patient": Integer}, pa.table({"patient": pa.array(moved, pa.int32())}))
    found = standing(connection, after, as_of, whose, entries)
    everybody = np.union1d(made.patients, found.patients)
    made, found = made.of(everybody), found.of(everybody)
    these = np.ones(len(everybody), bool) if itself else np.isin(everybody, moved)
    return Standing(everybody, np.where(these, made.met & ~bits | found.met & bits, made.met))


def _kept(stands: Standing) -> Standing:
    some = stands.any_tier != 0
    return Standing(stands.patients[some], stands.met[:, some])


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
