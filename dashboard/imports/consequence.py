"""What an import would do to the flags: the rules, asked over what would be live, beside what they last said."""
from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow
from sqlalchemy import BigInteger, Connection, Integer, Select, Table, select, text

from dashboard import cohort, database
from dashboard.imports import fates
from dashboard.imports.planned import Consequence, ImportPlan
from dashboard.rules.definition import Rule
from dashboard.rules.evaluate import Doubt, Outcomes, RuleFailed, evaluate, isolated
from dashboard.schema import diary_entry, patient_outcome

SUSPICIOUS_SHARE = 0.05


def consequence(connection: Connection, plan: ImportPlan, rules: Iterable[Rule], as_of: int) -> Consequence:
    """Evaluates the patients that the plan touches. Large plans can ask for it later."""
    rules, settled = tuple(rules), plan.fates
    touched = np.unique(settled.patient[settled.loaded])
    if not len(touched):
        return Consequence(0, 0, {})
    patients, outcomes = isolated(lambda doubt: _evaluated(connection, plan, touched, rules, as_of, doubt))
    out = outcomes.met.c
    met = pd.DataFrame(connection.execute(select(out.patient, out.rule_bit, out.tier)).all(), columns=["patient", "bit", "tier"])
    known = connection.execute(select(patient_outcome.c.patient, patient_outcome.c.met).where(patient_outcome.c.patient.in_(select(patients.c.patient)))).all()
    before = {(patient, rule.bit) for patient, bits in known for rule in rules if int(bits) >> rule.bit & 1 and rule.tier != "I"}
    now = {(patient, bit): tier for patient, bit, tier in met.itertuples(index=False) if tier != "I"}
    raised = pd.Series([tier for pair, tier in now.items() if pair not in before], dtype=object)
    failed = {rule.bit for rule in rules if rule.rule_id in outcomes.failed}
    tier_of = {rule.bit: rule.tier for rule in rules}
    closed = pd.Series([tier_of[bit] for patient, bit in before if (patient, bit) not in now and bit not in failed], dtype=object)
    for name in ("planned_entry", "touched_patient", "replaced_entry"):
        connection.execute(text(f"DROP TABLE IF EXISTS {name}"))
    by_tier, closed_by_tier = ({tier: int(number) for tier, number in each.value_counts().items()} for each in (raised, closed))
    return Consequence(len(raised), len(closed), by_tier, closed_by_tier, _notes(met, rules, len(plan.typed.patients)), tuple(outcomes.failed))


def _evaluated(connection: Connection, plan: ImportPlan, touched: np.ndarray, rules: tuple[Rule, ...], as_of: int, doubt: Doubt) -> tuple[Table, Outcomes]:
    patients = database.store_rows(connection, "touched_patient", {"patient": Integer}, pyarrow.table({"patient": pyarrow.array(touched.astype(np.int32))}))
    try:
        return patients, evaluate(connection, _would_be_live(connection, plan, patients, as_of), rules, as_of, everybody=False, doubt=doubt)
    except RuleFailed:
        connection.rollback()
        raise


def _would_be_live(connection: Connection, plan: ImportPlan, patients: Table, as_of: int) -> Select:
    entries = fates.numbered(plan.typed, plan.fates, database.next_number(connection, diary_entry.c.entry))
    rows = pyarrow.concat_tables(fates.entry_rows(plan.typed, plan.fates, entries, batch=0))
    planned = database.store_rows(connection, "planned_entry", {column.name: type(column.type) for column in diary_entry.c}, rows).c
    gone = database.store_rows(connection, "replaced_entry", {"entry": BigInteger}, pyarrow.table({"entry": pyarrow.array(plan.fates.replaced)}))
    door = cohort.entries(connection, as_of, patients=patients)
    own = select(*planned, *cohort.new_only(planned))
    both = door.where(diary_entry.c.entry.not_in(select(gone.c.entry))).union_all(own.where(planned.day <= as_of)).subquery()
    return select(*both.c)


def _notes(met: pd.DataFrame, rules: tuple[Rule, ...], patients: int) -> tuple[str, ...]:
    """An emergency that many have at once is usually a column that means something else."""
    shares = met[met["tier"] == "E"].groupby("bit")["patient"].nunique() / max(patients, 1)
    titles = {rule.bit: f"{rule.rule_id} ({rule.title})" for rule in rules}
    return tuple(f"{titles[bit]} would be met by {share:.0%} of the patients of this file. Check what its columns mean: usually that is a 0/1 or an "
                 "“ever had” column, not a new symptom." for bit, share in shares.items() if share > SUSPICIOUS_SHARE)
