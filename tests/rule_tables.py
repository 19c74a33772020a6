"""What the shipped rules say of diaries: tables in, outcomes out; all tables in one evaluation, because that is what takes long.

Columns named after a rule hold its outcome: the tier where it is met, `no`, or `?` where it cannot be assessed. `because` and `evidence`
are of the first such column. Without `patient_id` each line is a patient of its own. Day 100 is the as-of day; blank is not asked."""
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Engine, select

from dashboard import cohort
from dashboard.days import date_of
from dashboard.rules.definition import RuleSet, load
from dashboard.rules.evaluate import buckets, evaluate
from dashboard.rules.examples import Example
from tests import databases, diaries

RULES = RuleSet(1, load())
IDS = [rule.rule_id for rule in RULES.rules]
EXPECTED = {*IDS, "bucket", "because", "evidence", "onset of episode"}
ASKED_ABOUT = ("chest_pain", "trouble_breathing", "leg_weakness", "urinary_incontinence", "bowel_incontinence", "urinary_retention",
               "bladder_sensation_loss", "saddle_numbness")
THIS_YEAR = date_of(diaries.FIRST + diaries.AS_OF).year
Row = dict[str, str]


class Stands(NamedTuple):
    """What became of a patient: the bucket, and by rule the outcome, and where it is met the rest."""
    bucket: str
    outcomes: dict[str, str]
    met: dict[str, Mapping]

    def cell(self, name: str, of: str) -> str:
        """What stands in a column of that name; `of` is the rule that it is about."""
        if name == "bucket" or name in IDS:
            return self.bucket if name == "bucket" else self.outcomes[name]
        if (row := self.met.get(of)) is None:
            return ""
        if name == "because":
            return RULES.by_id(of).arms[row["arm"]].reason
        if name == "onset of episode":
            return str(row["episode_onset"] - diaries.FIRST)
        return " to ".join(dict.fromkeys(str(row[end] - diaries.FIRST) for end in ("first_evidence", "last_evidence")))


def read(text: str) -> list[Row]:
    rows = diaries.table(text)
    if "patient_id" not in text:
        rows = [{**row, "patient_id": str(number)} for number, row in enumerate(rows, 1)]
    for row in rows:  # a short way to deny every symptom of which emergencies are made
        if row.pop("all else", ""):
            row |= {symptom: row.get(symptom) or "no" for symptom in ASKED_ABOUT}
    return rows


def of_example(example: Example) -> list[Row]:
    """The entries of an example as such rows."""
    def row(cells: Mapping[str, str]) -> Row:
        said = {name: cell for name, cell in cells.items() if name not in ("days_ago", "onset_days_ago", "age")}
        if "onset_days_ago" in cells:
            said["onset"] = str(diaries.AS_OF - int(cells["onset_days_ago"]))
        if "age" in cells:
            said["birth_year"] = str(THIS_YEAR - int(cells["age"]))
        return {"patient_id": "1", "day": str(diaries.AS_OF - int(cells.get("days_ago", 0))), **said}
    return [row(cells) for cells in example.diary]


def asked(engine: Engine, tables: Mapping[object, list[Row]]) -> dict[tuple[object, str], Stands]:
    """By table and patient_id. The patients of different tables are different ones."""
    number: dict[tuple[object, str], int] = {}
    rows = [{name: cell for name, cell in row.items() if name not in EXPECTED} | {
        "patient_id": str(number.setdefault((name_of, row["patient_id"]), len(number) + 1))} for name_of, table in tables.items() for row in table]
    databases.empty(engine)
    diaries.write(engine, rows)
    day = diaries.FIRST + diaries.AS_OF
    with engine.connect() as connection:
        outcomes = evaluate(connection, cohort.entries(connection, day), RULES.rules, day)
        met: dict[int, dict[str, Mapping]] = {}
        by_bit = {rule.bit: rule.rule_id for rule in RULES.rules}
        for row in connection.execute(select(outcomes.met)).mappings():
            met.setdefault(row["patient"], {})[by_bit[row["rule_bit"]]] = row
        b = buckets(connection, outcomes, RULES.rules).c
        stood = {row.patient: row for row in connection.execute(select(b.patient, b.bucket, b.met, b.cannot_assess))}
    made = {}
    for patient, row in stood.items():
        own = met.get(patient, {})
        assert RULES.ids(row.met) == tuple(rule_id for rule_id in IDS if rule_id in own)
        made[patient] = Stands(row.bucket, {rule.rule_id: own[rule.rule_id]["tier"] if rule.rule_id in own else
                                            "?" if row.cannot_assess >> rule.bit & 1 else "no" for rule in RULES.rules}, own)
    return {key: made[patient] for key, patient in number.items() if patient in made}


def wrong(table: list[Row], stood: Mapping[str, Stands]) -> list[str]:
    """Where a table and the outcomes differ, in words."""
    columns = [name for name in table[0] if name in EXPECTED]
    return [f"patient {row['patient_id']}: {name} is {said}, not {row[name]}" for row in table for name in columns
            if row[name] and (said := stood[row["patient_id"]].cell(name, columns[0])) != row[name]]
