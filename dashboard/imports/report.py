"""What a plan, a receipt and an undo say to people: problems by kind, rows to correct, sums that must come out even."""
import json
from collections.abc import Mapping
from dataclasses import asdict

import pandas as pd
import pyarrow
from sqlalchemy import Connection, case, func, select

from dashboard.imports import export
from dashboard.imports.commit import Receipt
from dashboard.imports.plan import ImportPlan
from dashboard.imports.undo import UndoPlan
from dashboard.schema import flag
from dashboard.wording import counted

KINDS = {
    "ragged_row": "Too many or too few cells", "required": "Blank, but needed", "hidden_characters": "Invisible characters in an id",
    "spoiled_id": "An id that a spreadsheet cut off", "too_long": "Too long", "not_a_date": "Not a date", "impossible_date": "A date that does not exist",
    "implausible_date": "A date too long ago",
    "future_date": "A date in the future", "not_a_time": "Not a time", "impossible_time": "A time that does not exist",
    "implausible_offset": "An impossible offset from UTC", "not_a_number": "Not a number", "out_of_range": "Out of range",
    "unknown_code": "Unknown code", "not_yes_or_no": "Neither yes nor no", "none_with_others": "None and something else in one cell",
    "onset_after_entry": "Onset after the entry", "id_of_two_patients": "One entry id under two patients",
    "id_with_two_contents": "One entry id with two contents", "id_of_another_patient": "Entry id that belongs to another patient here",
    "unknown_unit": "Unknown unit", "conflicting_readings": "Rows of one entry that disagree", "part_of_an_entry": "Part of an entry that has to wait"}
_ROWS_SAID, _VALUES_SAID = 8, 3


def by_kind(problems: pd.DataFrame) -> pd.DataFrame:
    """problem, column, rows (how many), where (row numbers), found (values), expected; the most frequent first."""
    if problems.empty:
        return pd.DataFrame(columns=["problem", "column", "rows", "where", "found", "expected"])
    groups = problems.groupby(["code", "column", "expected"], sort=False)
    made = pd.DataFrame([{
        "problem": KINDS.get(code, code.replace("_", " ")), "column": column, "rows": int(group["row"].nunique()),
        "where": _some([f"{row:,}" for row in group["row"].drop_duplicates()], _ROWS_SAID),
        "found": _some([value or "blank" for value in group["value"].drop_duplicates()], _VALUES_SAID), "expected": expected}
        for (code, column, expected), group in groups])
    return made.sort_values("rows", ascending=False, kind="stable").reset_index(drop=True)


def _some(words: list[str], most: int) -> str:
    return ", ".join(words) if len(words) <= most else f"{', '.join(words[:most])} and {len(words) - most:,} more"


def problem_sheet(plan: ImportPlan) -> str:
    return export.sheet(plan.problems)


def attention_sheet(plan: ImportPlan) -> str:
    """The rows that will not load, as they were written, with what is wrong; corrected, they can be imported as a file of their own."""
    at, tabular = plan.quarantined, plan.mapped.tabular
    take = pyarrow.array(at)
    frame = pd.DataFrame({name: column.take(take).cast(pyarrow.string()).to_pandas() for name, column in tabular.columns.items()}, dtype=object)
    for place, position in enumerate(at):
        for number, cell in enumerate(tabular.ragged.get(int(position), ())[len(tabular.header):], start=len(tabular.header) + 1):
            frame.loc[place, f"(column {number})"] = cell
    wrong = plan.problems.assign(column=plan.problems["column"].replace("", "row"), value=plan.problems["value"].replace("", "blank"))
    said = {name: (wrong["column"] + ": " + wrong[what]).groupby(wrong["row"]).agg(" | ".join) for name, what in
            (("what_is_wrong", "value"), ("what_would_be_right", "expected"))}
    return export.sheet(frame.fillna("").assign(**{name: said[name].reindex(tabular.rows[at]).to_numpy() for name in said}))


# --- after the import -------------------------------------------------------------------------------------------------------------

FATES = {"loaded": "Loaded", "duplicate": "Already here", "quarantined": "Need attention", "left_out": "Left out"}


def receipt_lines(receipt: Mapping[str, object]) -> list[tuple[str, int]]:
    """Every row's fate; they add up to the rows of the file."""
    lines = [(label, int(receipt[fate])) for fate, label in FATES.items()]
    if sum(number for _, number in lines) != receipt["rows_in"]:
        raise ValueError("the fates of the rows do not add up to the rows of the file")
    return lines


def receipt_document(receipt: Receipt, file_name: str, by: str) -> dict:
    """All that a file did, in plain values."""
    return {"file": file_name, **receipt.as_dict(), "corrected_earlier_rows": receipt.fixed, "other_than_planned": receipt.otherwise,
            "corrected_cells": [{**asdict(one), "by": by} for one in receipt.corrected]}


def receipt_json(document: Mapping[str, object]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, default=int)


def receipt_sheet(document: Mapping[str, object]) -> str:
    return export.sheet(pd.DataFrame([{"what": name, "value": value} for name, value in document.items()
                                      if name not in ("problems", "corrected_cells")], dtype=object))


# --- before an undo ---------------------------------------------------------------------------------------------------------------

def undo_sentences(plan: UndoPlan, flags: Mapping[str, int]) -> list[str]:
    """What the undo takes with it. `flags`: open ones of its patients, as `open_flags` counts them."""
    back, gone, rows, again = plan.brought_back, plan.patients_gone, plan.quarantined, plan.waiting_again
    said = [f"Takes back {counted(plan.entries, 'entry')} of {counted(plan.patients, 'patient')}." if plan.entries else "Takes back no entry."]
    if gone:
        said.append(f"{counted(gone, 'patient')} {_verb(gone, 'has', 'have')} no other entry and {_verb(gone, 'leaves', 'leave')} every list.")
    for batch, kept in plan.kept.items():
        said.append(f"{counted(kept, 'entry')} {_verb(kept, 'stays', 'stay')}, because batch {batch} says the same; "
                    f"from then on {_verb(kept, 'it belongs', 'they belong')} to that batch.")
    if back:
        said.append(f"{counted(back, 'entry')} that this batch had revised {_verb(back, 'comes', 'come')} back as {_verb(back, 'it was', 'they were')}.")
    if rows:
        said.append(f"{counted(rows, 'row')} that {_verb(rows, 'needs', 'need')} attention {_verb(rows, 'goes', 'go')} with it.")
    if again:
        said.append(f"{counted(again, 'row')} of other batches, corrected by this one, {_verb(again, 'waits', 'wait')} for correction again.")
    if flags["open"]:
        emergencies = f" ({counted(flags['emergencies'], 'emergency')})" if flags["emergencies"] else ""
        said.append(f"Its patients have {counted(flags['open'], 'open flag')}{emergencies}. Those that rest only on these entries close, "
                    + (f"unless somebody acted on them, as on {flags['acted']:,}: those stay open, marked “evidence withdrawn”."
                       if flags["acted"] else "and nobody has acted on any."))
    return said


def _verb(number: int, one: str, several: str) -> str:
    return one if number == 1 else several


def open_flags(connection: Connection, patients: list[int]) -> dict[str, int]:
    """Open flags of these patients, how many of them are emergencies, and how many somebody acted on."""
    total = {"open": 0, "emergencies": 0, "acted": 0}
    for first in range(0, len(patients), 10_000):
        counts = (func.count(), *[func.sum(case((condition, 1), else_=0)) for condition in (flag.c.tier == "E", flag.c.acted)])
        found = connection.execute(select(*counts).where(
            flag.c.status != "closed", flag.c.patient.in_([int(patient) for patient in patients[first:first + 10_000]]))).one()
        for name, number in zip(total, found, strict=True):
            total[name] += int(number or 0)
    return total
