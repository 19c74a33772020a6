"""An import plan: every row's fate, every problem, and what they come to in a sentence."""
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow

from dashboard.codelists import SYMPTOM
from dashboard.imports.apply import Mapped
from dashboard.imports.fates import Fates
from dashboard.imports.problems import Problems
from dashboard.imports.tabular import Tabular
from dashboard.imports.typed import Typed
from dashboard.wording import counted, listing


@dataclass(frozen=True)
class Consequence:
    """`by_tier`: flags that would be raised, by the tier with which the rule would be met; information (tier I) raises none.
    `closed_by_tier`: flags whose rule would no longer be met, by the tier of the rule.
    `failed`: rules that could not be evaluated, of which nothing is known."""
    raised: int
    closed: int
    by_tier: dict[str, int]
    closed_by_tier: dict[str, int] = field(default_factory=dict)
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
    mapped: Mapped
    typed: Typed
    fates: Fates
    today: int
    same_file_as: int | None  # the live batch that came from the same file
    known_at: int  # the last event that changed data, when the fates were found out
    kept: dict[int, int] = field(default_factory=dict)  # of the entries that the file repeats, how many belong to which batch
    disagree: pd.DataFrame = field(default_factory=pd.DataFrame)  # patients whose birth year or sex is another here, or in another row
    consequence: Consequence | None = None

    @cached_property
    def counts(self) -> dict[str, int]:
        """Fates in rows of the file; `entries`, `revised` and `repeats` in entries, of which each is one row unless the file is long."""
        f, rows, left_out = self.fates, len(self.mapped.tabular.rows), self.mapped.left_out
        records = self.typed.rows["position"].to_numpy()
        loaded, duplicate = self.mapped.weight(records[f.loaded]), self.mapped.weight(records[f.duplicate])
        revised = int(f.revision.sum())
        return {"rows_in": rows + left_out, "loaded": loaded, "quarantined": rows - loaded - duplicate, "duplicate": duplicate, "left_out": left_out,
                "entries": int(f.loaded.sum()) - revised, "revised": revised, "repeats": int(f.repeat.sum())}

    @cached_property
    def problems(self) -> pd.DataFrame:
        """Every bad cell: row, column, code, value, expected."""
        return self._problems.frame()

    @cached_property
    def _problems(self) -> Problems:
        return with_stolen(self.typed, self.fates, self.mapped)

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
        return pd.DataFrame({"row": self.mapped.tabular.rows[at], "patient_id": [self.typed.patient_id[int(n)].as_py() for n in at],
                             "which": [", ".join(SYMPTOM.labels(int(bits))) for bits in self.typed.red_flags[at]]})

    @cached_property
    def repeated(self) -> pd.DataFrame:
        """Duplicates: row, and the entry that it repeats, or the row of this file."""
        at = np.flatnonzero(self.fates.duplicate)
        numbers, place = self.mapped.spread(self.typed.rows["position"].to_numpy()[at])
        rows, entry = self.typed.rows["row_number"].to_numpy(), self.fates.repeats_entry[at][place]
        same_as = pd.Series(rows[np.maximum(-1 - entry, 0)], dtype="Int64")
        return pd.DataFrame({"row": numbers, "entry": pd.Series(entry, dtype="Int64").where(entry > 0), "same_as_row": same_as.where(entry < 0)})

    @property
    def columns_absent(self) -> tuple[str, ...]:
        """Red-flag columns that the file lacks: unknown for every row."""
        return self.mapped.absent_red_flags

    @property
    def columns_unmapped(self) -> tuple[str, ...]:
        return self.mapped.unmapped

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
        if self.mapped.ignored:
            said.append(f"{counted(len(self.mapped.ignored), 'column')} not kept, as the mapping says: {', '.join(self.mapped.ignored)}.")
        said += [f"{counted(len(rows), 'row')} left out: {reason}." for reason, rows in self.mapped.tabular.left_out.items()]
        return (*said, *(self.consequence.notes if self.consequence else ()))

    @property
    def sentence(self) -> str:
        """What a person needs to know before deciding."""
        c = self.counts
        revised = [f"{c['revised']:,} revised"] if c["revised"] else []
        needs = "needs" if c["quarantined"] == 1 else "need"
        parts = [f"{c['entries']:,} new", *revised, f"{c['duplicate']:,} already here", f"{c['quarantined']:,} {needs} attention"]
        parts += [f"{c['left_out']:,} left out"] if c["left_out"] else []
        said = f"{counted(c['rows_in'], 'row')}: {', '.join(parts)}."
        if self.mapped.grouped:
            entries = f"{counted(c['entries'], 'new entry')}" + (f" and {c['revised']:,} revised" if c["revised"] else "")
            parts = [f"{c['loaded']:,} in {entries}", *parts[1 + len(revised):]]
            said = f"{counted(c['rows_in'], 'reading')}: {', '.join(parts)}."
        if not c["loaded"]:
            return said + " Nothing would change."
        return said + (f" {self.consequence.sentence}" if self.consequence else "")

    def as_dict(self) -> dict:
        return {**self.counts, "problems": records(self.problems)}


def records(problems: pd.DataFrame) -> list[dict]:
    return problems.to_dict(orient="records")


def with_stolen(rows: Typed, settled: Fates, mapped: Mapped) -> Problems:
    """The problems of the file, and rows whose id belongs to another patient here."""
    if not settled.stolen.any():
        return rows.problems
    found = rows.problems.copy()
    taken = rows.rows.filter(settled.stolen)
    found.add(taken["position"].to_numpy(), mapped.columns["entry_id"], "id_of_another_patient", taken["entry_id"].combine_chunks(),
              "an entry id that belongs to this patient; here it belongs to another")
    found.together()
    return found
