"""How the counts of a chart add up, which whoever holds its table knows too."""
from collections.abc import Iterable, Mapping

import pandas as pd

from dashboard.cohort import NOT_RECORDED
from dashboard.disclosure import BASE, AtMost, Cell, Counts

RELIEF_STATES = ("helped", "did_not_help", "help_not_recorded")


def listed(frame: pd.DataFrame, *, at_least_one: bool = True) -> Counts:
    """Several answers a patient: code, n, answered, not_recorded. Who answered said at least one of them, or may have said something else."""
    answered, blank, codes = ("", "answered"), (NOT_RECORDED, "n"), [code for code in frame["code"] if code != NOT_RECORDED]
    n = {(row.code, "n"): int(row.n) for row in frame.itertuples()} | _first(frame, {answered: "answered", blank: "not_recorded"})
    cells = tuple((code, "n") for code in codes)
    return _counts(n | {BASE: n[answered] + n[blank]}, sums=[(BASE, (answered, blank))],
                   most=[*(((cell,), (answered,)) for cell in cells), *([((answered,), cells)] if at_least_one else [])])


def exclusive(frame: pd.DataFrame) -> Counts:
    """One class a patient, `not_recorded` among them: code, n, answered."""
    answered = ("", "answered")
    n = {(row.code, "n"): int(row.n) for row in frame.itertuples()} | _first(frame, {answered: "answered"})
    classes = tuple(cell for cell in n if cell not in (answered, (NOT_RECORDED, "n")))
    return _counts(n | {BASE: n[answered] + n[NOT_RECORDED, "n"]}, sums=[(BASE, (answered, (NOT_RECORDED, "n"))), (answered, classes)])


def partition(frame: pd.DataFrame) -> Counts:
    """One class a patient, all of whom have one: code, n."""
    n = {(row.code, "n"): int(row.n) for row in frame.itertuples()}
    return _counts(n | {BASE: sum(n.values())}, sums=[(BASE, tuple(n))])


def severity(frame: pd.DataFrame) -> Counts:
    """Twice 0 to 10 and `not_recorded`: code, average, worst, answered_average, answered_worst."""
    n: dict[Cell, int] = {}
    sums = []
    for of in ("average", "worst"):
        answered, blank = ("", f"answered_{of}"), (NOT_RECORDED, of)
        scores = {(row.code, of): int(getattr(row, of)) for row in frame.itertuples()}
        n |= scores | _first(frame, {answered: f"answered_{of}"})
        sums += [(answered, tuple(cell for cell in scores if cell != blank)), (BASE, (answered, blank))]
        n[BASE] = n[answered] + n[blank]
    return _counts(n, sums=sums)


def states(frame: pd.DataFrame) -> Counts:
    """A row a symptom, everybody in each: code, present, denied, not_asked, answered."""
    n = {(row.code, name): int(getattr(row, name)) for row in frame.itertuples() for name in ("present", "denied", "not_asked", "answered")}
    everybody = n[frame["code"].iloc[0], "answered"] + n[frame["code"].iloc[0], "not_asked"]
    sums = [one for code in frame["code"] for one in (
        (BASE, ((code, "answered"), (code, "not_asked"))), ((code, "answered"), ((code, "present"), (code, "denied"))))]
    return _counts(n | {BASE: everybody}, sums=sums)


def grid(frame: pd.DataFrame, base: int) -> Counts:
    """A row a place, each with its own base: location, quality, n, named."""
    n = {(row.location, row.quality): int(row.n) for row in frame.itertuples() if isinstance(row.quality, str)}
    named = {(row.location, "named"): int(row.named) for row in frame.itertuples()}
    return _counts(n | named | {BASE: base}, most=[*(((cell,), ((cell[0], "named"),)) for cell in n), *(((cell,), (BASE,)) for cell in named)])


def relief(frame: pd.DataFrame) -> Counts:
    """A row a treatment, then who tried nothing and whom nothing helped: code, tried, helped, help_not_recorded, answered, not_recorded.
    Those who answered are the same of all treatments, and others of each of the last two. Whoever tried something and neither was helped
    nor left it open was not helped."""
    n: dict[Cell, int] = {}
    sums, most = [], []
    for row in frame.itertuples():
        is_treatment = row.helped == row.helped
        of = "" if is_treatment else row.code
        tried, answered, blank = (row.code, "tried"), (of, "answered"), (of, "not_recorded")
        n |= {tried: int(row.tried), answered: int(row.answered), blank: int(row.not_recorded)}
        sums.append((BASE, (answered, blank)))
        most.append(((tried,), (answered,)))
        if is_treatment:
            parts = tuple((row.code, name) for name in RELIEF_STATES)
            n |= dict(zip(parts, (int(row.helped), int(row.tried - row.helped - row.help_not_recorded), int(row.help_not_recorded)), strict=True))
            sums.append((tried, parts))
    return _counts(n | {BASE: int(frame["answered"].iloc[0] + frame["not_recorded"].iloc[0])}, sums=sums, most=most)


def answered(frame: pd.DataFrame) -> Counts:
    """A row a field, everybody in each: code, answered, not_recorded."""
    n = {(row.code, name): int(getattr(row, name)) for row in frame.itertuples() for name in ("answered", "not_recorded")}
    return _counts(n | {BASE: int(frame["answered"].iloc[0] + frame["not_recorded"].iloc[0])},
                   sums=[(BASE, ((code, "answered"), (code, "not_recorded"))) for code in frame["code"]])


def anywhen(frame: pd.DataFrame, base: int) -> Counts:
    """A row a span of time, everybody in one at least: code, patients."""
    n = {(row.code, "patients"): int(row.patients) for row in frame.itertuples()}
    return _counts(n | {BASE: base}, most=[*(((cell,), (BASE,)) for cell in n), ((BASE,), tuple(n))] if n else [])


def apart(frame: pd.DataFrame, columns: Iterable[str]) -> Counts:
    """Counts that do not add up: code, and these columns; None is no count."""
    return _counts({(row["code"], name): int(row[name]) for row in frame.to_dict("records") for name in columns if not pd.isna(row[name])})


def acted_on(frame: pd.DataFrame) -> Counts:
    """A row a rule: code, flags, acted, contacted, never."""
    n = {(row.code, name): int(getattr(row, name)) for row in frame.itertuples() for name in ("flags", "acted", "contacted", "never")}
    return _counts(n, sums=[((code, "flags"), ((code, "acted"), (code, "never"))) for code in frame["code"]],
                   most=[(((code, "contacted"),), ((code, "acted"),)) for code in frame["code"]])


def _first(frame: pd.DataFrame, cells: Mapping[Cell, str]) -> dict[Cell, int]:
    return {cell: int(frame[column].iloc[0]) for cell, column in cells.items()}


def _counts(n: dict[Cell, int], sums: Iterable[tuple[Cell, tuple[Cell, ...]]] = (), most: Iterable[tuple[tuple[Cell, ...], tuple[Cell, ...]]] = ()) -> Counts:
    both = [rule for whole, parts in sums for rule in (AtMost((whole,), parts), AtMost(parts, (whole,)))]
    return Counts(n, (*both, *(AtMost(these, those) for these, those in most)))
