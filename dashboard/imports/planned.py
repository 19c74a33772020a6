"""An import plan: every row's fate, every problem, and what they come to in a sentence."""
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow

from dashboard.codelists import SYMPTOM
from dashboard.imports.fates import Fates
from dashboard.imports.mapping import Mapping
from dashboard.imports.problems import Problems
from dashboard.imports.tabular import Tabular
from dashboard.imports.typed import Typed
from dashboard.wording import counted, listing


@dataclass(frozen=True)
class Consequence:
    """`by_tier`: flags that would be raised, by the tier with which the rule would be met; information (tier I) raises none.
    `failed`: rules that could not be evaluated, of which nothing is known."""
    raised: int
    closed: int
    by_tier: dict[str, int]
    notes: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        emergencies = self.by_tier.get("E", 0)
        raised = f"Importing raises {counted(self.raised, 'flag') if self.raised else 'no flags'}"
        if emergencies:
            raised += f", {emergencies:,} of them {'an emergency' if emergencies == 1 else 'emergencies'}" if self.raised > 1 else ", an emergency"
        said = raised + (f", and {counted(self.closed, 'flag')} would no longer be met." if self.closed else ".")
        return said + (f" Not known: what {listing(self.failed, 'and')} would raise, which could not be evaluated." if self.failed else "")


@dataclass(frozen=True)
class ImportPlan:
    """`loaded` rows become entries: `entries` new ones, `revised` ones that supersede an entry. `repeats` are loaded rows at the very time
    of another entry of the patient. The fates hold for the database as it was; a commit finds out again."""
    tabular: Tabular
    mapping: Mapping
    typed: Typed
    fates: Fates
    today: int
    same_file_as: int | None  # the live batch that came from the same file
    known_at: int  # the last event that changed data, when the fates were found out
    kept: dict[int, int] = field(default_factory=dict)  # of the entries that the file repeats, how many belong to which batch
    consequence: Consequence | None = None

    @cached_property
    def counts(self) -> dict[str, int]:
        rows, f = len(self.tabular.rows), self.fates
        loaded, duplicate, revised = (int(mask.sum()) for mask in (f.loaded, f.duplicate, f.revision))
        return {"rows_in": rows, "loaded": loaded, "quarantined": rows - loaded - duplicate, "duplicate": duplicate, "left_out": 0,
                "entries": loaded - revised, "revised": revised, "repeats": int(f.repeat.sum())}

    @cached_property
    def problems(self) -> pd.DataFrame:
        """Every bad cell: row, column, code, value, expected."""
        return self._problems.frame()

    @cached_property
    def _problems(self) -> Problems:
        return with_stolen(self.typed, self.fates, self.mapping)

    @property
    def problem_documents(self) -> pyarrow.Array:
        """What is wrong with each quarantined row, as JSON."""
        return self._problems.documents()

    @cached_property
    def quarantined(self) -> np.ndarray:
        return np.flatnonzero(self._problems.bad)

    @cached_property
    def red_flag_rows(self) -> pd.DataFrame:
        """Rows that will not load and report a red flag, or may: row, patient_id, which. To be fixed first."""
        at = self.quarantined[self.typed.red_flags[self.quarantined] != 0]
        return pd.DataFrame({"row": self.tabular.rows[at], "patient_id": [self.typed.patient_id[int(n)].as_py() for n in at],
                             "which": [", ".join(SYMPTOM.labels(int(bits))) for bits in self.typed.red_flags[at]]})

    @cached_property
    def repeated(self) -> pd.DataFrame:
        """Duplicates: row, and the entry that it repeats, or the row of this file."""
        at = np.flatnonzero(self.fates.duplicate)
        rows, entry = self.typed.rows["row_number"].to_numpy(), self.fates.repeats_entry[at]
        same_as = pd.Series(rows[np.maximum(-1 - entry, 0)], dtype="Int64")
        return pd.DataFrame({"row": rows[at], "entry": pd.Series(entry, dtype="Int64").where(entry > 0), "same_as_row": same_as.where(entry < 0)})

    @property
    def columns_absent(self) -> tuple[str, ...]:
        """Red-flag columns that the file lacks: unknown for every row."""
        return self.mapping.absent_red_flags

    @property
    def columns_unmapped(self) -> tuple[str, ...]:
        return self.mapping.unmapped

    @property
    def notes(self) -> tuple[str, ...]:
        said = list(self.typed.notes)
        if self.same_file_as:
            said.insert(0, f"This very file is here already, as batch {self.same_file_as}.")
        if self.columns_absent:
            said.append(f"{counted(len(self.columns_absent), 'red flag')} not asked in this file, so unknown for every row: "
                        f"{', '.join(self.columns_absent)}.")
        if self.columns_unmapped:
            said.append(f"{counted(len(self.columns_unmapped), 'column')} of another kind, kept as written: {', '.join(self.columns_unmapped)}.")
        return (*said, *(self.consequence.notes if self.consequence else ()))

    @property
    def sentence(self) -> str:
        """What a person needs to know before deciding."""
        c = self.counts
        revised = [f"{c['revised']:,} revised"] if c["revised"] else []
        needs = "needs" if c["quarantined"] == 1 else "need"
        parts = [f"{c['entries']:,} new", *revised, f"{c['duplicate']:,} already here", f"{c['quarantined']:,} {needs} attention"]
        said = f"{counted(c['rows_in'], 'row')}: {', '.join(parts)}."
        if not c["loaded"]:
            return said + " Nothing would change."
        return said + (f" {self.consequence.sentence}" if self.consequence else "")

    def as_dict(self) -> dict:
        return {**self.counts, "problems": records(self.problems)}


def records(problems: pd.DataFrame) -> list[dict]:
    return problems.to_dict(orient="records")


def with_stolen(rows: Typed, settled: Fates, columns: Mapping) -> Problems:
    """The problems of the file, and rows whose id belongs to another patient here."""
    if not settled.stolen.any():
        return rows.problems
    found = rows.problems.copy()
    taken = rows.rows.filter(settled.stolen)
    found.add(taken["position"].to_numpy(), columns.columns["entry_id"], "id_of_another_patient", taken["entry_id"].combine_chunks(),
              "an entry id that belongs to this patient; here it belongs to another")
    return found
