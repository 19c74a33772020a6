"""What the shipped rules say of diaries: a table in, outcomes out.

Columns named after a rule hold its outcome: the tier where it is met, `no`, or `?` where it cannot be assessed. `because` and `evidence`
are of the first such column. Without `patient_id` each line is a patient of its own. Day 100 is the as-of day; blank is not asked."""
from collections.abc import Callable

from sqlalchemy import Engine, select

from dashboard import cohort
from dashboard.rules.definition import RuleSet, load
from dashboard.rules.evaluate import buckets, evaluate
from tests import databases, diaries

RULES = RuleSet(1, load())
IDS = [rule.rule_id for rule in RULES.rules]
EXPECTED = {*IDS, "bucket", "because", "evidence", "onset of episode"}
ASKED_ABOUT = ("chest_pain", "trouble_breathing", "leg_weakness", "urinary_incontinence", "bowel_incontinence", "urinary_retention",
               "bladder_sensation_loss", "saddle_numbness")

Check = Callable[..., None]


def checking(engine: Engine) -> Check:
    def checked(text: str, as_of: int = diaries.AS_OF) -> None:
        databases.empty(engine)
        rows = diaries.table(text)
        if "patient_id" not in text:
            rows = [{**row, "patient_id": str(number)} for number, row in enumerate(rows, 1)]
        for row in rows:  # a short way to deny every symptom of which emergencies are made
            if row.pop("all else", ""):
                row |= {symptom: row.get(symptom) or "no" for symptom in ASKED_ABOUT}
        diaries.write(engine, [{name: cell for name, cell in row.items() if name not in EXPECTED} for row in rows])
        found = found_in(engine, as_of)
        columns = [name for name in rows[0] if name in EXPECTED]
        wanted = {(row["patient_id"], name): row[name] for row in rows for name in columns if row[name]}
        said = {(patient, name): found[int(patient)](name, columns[0]) for patient, name in wanted}
        assert said == wanted, [f"patient {key[0]}: {key[1]} is {said[key]}, not {wanted[key]}" for key in wanted if said[key] != wanted[key]]
    return checked


def found_in(engine: Engine, as_of: int) -> dict[int, Callable[[str, str], str]]:
    """For each patient, what stands in a column of that name; `of` is the rule that it is about."""
    day = diaries.FIRST + as_of
    with engine.connect() as connection:
        outcomes = evaluate(connection, cohort.entries(connection, day), RULES.rules, day)
        met = {(row["patient"], row["rule_bit"]): row for row in connection.execute(select(outcomes.met)).mappings()}
        b = buckets(connection, outcomes, RULES.rules).c
        stood = {row.patient: row for row in connection.execute(select(b.patient, b.bucket, b.met, b.cannot_assess))}

    def cell(patient: int, name: str, of: str) -> str:
        if name == "bucket":
            return stood[patient].bucket
        bit = RULES.bit(name if name in IDS else of)
        row = met.get((patient, bit))
        assert (row is not None) == bool(stood[patient].met >> bit & 1)
        if row is None:
            return "?" if stood[patient].cannot_assess >> bit & 1 else "no"
        if name == "because":
            return RULES.by_id(of).arms[row["arm"]].reason
        if name == "evidence":
            return " to ".join(dict.fromkeys(str(row[end] - diaries.FIRST) for end in ("first_evidence", "last_evidence")))
        if name == "onset of episode":
            return str(row["episode_onset"] - diaries.FIRST)
        return row["tier"]

    return {patient: lambda name, of, patient=patient: cell(patient, name, of) for patient in stood}
