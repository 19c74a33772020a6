"""The charts of the cohort page as they may be taken away: as tables of patients, under disclosure control, each row with what it is about."""
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import pandas as pd

from dashboard import disclosure, sums, ties
from dashboard.codelists import LOCATION, QUALITY
from dashboard.cohort import NOT_RECORDED, Cohort
from dashboard.comparison import Comparison
from dashboard.disclosure import BASE, HIDDEN, Cell, Control, Counts, Kept, Name, Place, Tie
from dashboard.wording import percent


@dataclass(frozen=True)
class Outgoing:
    """`base` are the patients of the chart's own question; `frame` is what crossfilter counted of patients."""
    name: str
    frame: pd.DataFrame
    kept: Kept

    @property
    def base(self) -> int | str:
        return self.kept[BASE]


@dataclass(frozen=True)
class _Kind:
    """`note` says on paper what a reader has to know of these counts."""
    title: str
    counts: Callable[[pd.DataFrame, int], Counts]
    table: Callable[[pd.DataFrame, Kept], pd.DataFrame]
    note: str = ""


def together(frames: dict[str, pd.DataFrame], base: int, control: Control) -> list[Outgoing]:
    """Charts of the same patients: what one of them does not say, no other does."""
    return of_question(Cohort(), frames, base, {}, control)[0]


def of_question(cohort: Cohort, frames: dict[str, pd.DataFrame], base: int, own: dict[str, tuple[Cohort, int, pd.DataFrame]], control: Control
                ) -> tuple[list[Outgoing], dict[str, Outgoing]]:
    """All charts of a question; and those that were pressed as they are on screen, each counted of a question of its own: that, its base, its
    counts. Whoever has the files of all of them knows no more than they say one by one."""
    counted = {(cohort.question(), name): (frame, base) for name, frame in frames.items()} | {
        (asked.question(), name): (frame, n) for name, (asked, n, frame) in own.items()}
    tables = {(whose, name): CHARTS[name].counts(frame, n) for (whose, name), (frame, n) in counted.items()}
    bars = {row.code: (int(row.since), int(row.until)) for row in own["weeks"][2].itertuples()} if "weeks" in own else {}
    kept = _kept(tables, ties.pressed(cohort, {name: asked for name, (asked, *_) in own.items()}, tables, bars) if own else (), control,
                 ties.ruled_out(cohort, tables, bars))
    made = {name: Outgoing(name[1], counted[name][0], one) for name, one in kept.items()}
    return [made[cohort.question(), name] for name in frames], {name: made[asked.question(), name] for name, (asked, *_) in own.items()}


def _kept(tables: dict[Name, Counts], tied: Iterable[Tie], control: Control, nobody: Iterable[Place] = ()) -> dict[Name, Kept]:
    known = (*tied, *(tie for whose in dict.fromkeys(whose for whose, _ in tables) for tie in ties.of_the_same_patients(whose)))
    kept = disclosure.protect_together(tables, control.most, same=ties.same, ties=[tie for tie in known if ties.holds(tie, tables)],
                                       nobody=nobody)
    return {name: replace(one, control=control) for name, one in kept.items()}


def table(made: Outgoing) -> pd.DataFrame:
    return CHARTS[made.name].table(made.frame, made.kept)


def sheet(made: Outgoing, about: dict[str, str]) -> pd.DataFrame:
    """The table with its base and `about` in every row: sorted, filtered or put under another one in a spreadsheet, a row still says them."""
    return table(made).assign(patients=made.base, counts="patients", **about, disclosure_control=made.kept.control.sentence())


def compared(name: str, made: Comparison, about: dict[str, str], control: Control) -> pd.DataFrame:
    """A comparison as a table: what is missing of one group is missing of the other too, and of their difference; what is missing of one table, no
    other of them tells. Where counts are rounded, the difference is theirs, and its interval moves with it."""
    rows = made.tables[name]
    if rows.empty:
        return rows
    kept = {side: _kept({("", other): _counts(other, one.frames[other], one.patients) for other in made.tables}, (), control)["", name]
            for side, one in (("a", made.a), ("b", made.b))}
    places = 0 if control.rounds else 1

    def of_side(side: str, code: str, n: int, of: int, missing: int) -> tuple[int | str, int | str, int | str]:
        words = kept[side].words
        return tuple(words[cell] if cell in words else control.rounded(int(value)) for cell, value in zip(_places(name, code), (n, of, missing), strict=True))

    def points(row: tuple, share_a: float, share_b: float) -> list[float]:
        """Numbers, not texts: of a text that begins with a minus a file makes one that no spreadsheet calculates with."""
        moved = share_a - share_b - row.difference
        return [round(value + moved, places or None) + 0 for value in (row.difference, row.low, row.high)]
    found = []
    for row in rows.itertuples():
        both = {side: of_side(side, row.code, *(getattr(row, f"{what}_{side}") for what in ("n", "of", "missing"))) for side in "ab"}
        told = all(isinstance(value, int) for n, of, _ in both.values() for value in (n, of))
        values = []
        for n, of, missing in both.values():
            # who does not name a place would say who does
            values += [n if told or isinstance(n, str) else HIDDEN, of, "" if name in _OF_ALL_OR_PLACE else missing, _share(n, of) if told else HIDDEN]
        rest = ([HIDDEN] * 3 if not told else [""] * 3 if row.difference != row.difference
                else points(row, *(100 * n / of for n, of, _ in both.values())))
        found.append((row.code, row.label, *values, *rest))
    names = [f"{what}_{side}" for side in "ab" for what in ("n", "of", "missing", "share")]
    return pd.DataFrame(found, columns=["code", "label", *names, "difference_points", "low_95", "high_95"], dtype=object).assign(
        patients_a=kept["a"][BASE], patients_b=kept["b"][BASE], counts="patients", **about, disclosure_control=control.sentence())


_OF_ALL_OR_PLACE = ("together", "weeks", "blank", "sources")  # of whom nobody is missing, or who do not name the place


def _counts(name: str, frame: pd.DataFrame, patients: int) -> Counts:
    match name:
        case "together":
            return sums.grid(frame, patients)
        case "weeks":
            return sums.anywhen(frame, patients)
        case "blank":
            return sums.answered(frame)
        case "sources":
            return sums.partition(frame)
        case "symptoms" | "relief":
            return sums.states(frame)
        case "locations" | "qualities" | "hours" | "tried":
            return sums.listed(frame, at_least_one=name != "tried")
    return sums.exclusive(frame)


def _places(name: str, code: str) -> tuple[Cell, Cell, Cell]:
    """Of a row: how many, of how many, how many are missing."""
    nobody = ("", "nobody")
    match name:
        case "symptoms" | "relief":
            return (code, "present"), (code, "answered"), (code, "not_asked")
        case "together":
            place, quality = code.split()
            return (place, quality), (place, "named"), nobody
        case "weeks":
            return (code, "patients"), BASE, nobody
        case "blank":
            return (code, "answered"), BASE, nobody
        case "sources":
            return (code, "n"), BASE, nobody
    return (code, "n"), ("", "answered"), (NOT_RECORDED, "n")


def weekly(made: pd.DataFrame, control: Control) -> pd.DataFrame:
    """The first column names the week; the others count patients, of whom one may be in several weeks and no sum is written."""
    week, *columns = made
    frame = made.rename(columns={week: "code"})
    kept = replace(disclosure.protect(sums.apart(frame, columns), control.most), control=control)
    return pd.DataFrame({week: made[week], **{name: [kept[code, name] for code in frame["code"]] for name in columns}}, dtype=object).assign(
        counts="patients", disclosure_control=control.sentence())


def workload(made: pd.DataFrame, observed: float, control: Control) -> pd.DataFrame:
    """A row a rule: code, title, flags, acted, contacted, never, and flags that are new. Few flags are of few patients. By code: the order
    on screen would tell which of two that are not written is larger."""
    made = made.sort_values("code", ignore_index=True)
    names = ("flags", "acted", "contacted", "never")
    new = [name for name in made if name not in ("code", "title", *names)]
    counts = (sums.apart(made, new), sums.acted_on(made))
    words = {cell: word for one in counts for cell, word in disclosure.protect(one, control.most).words.items()}
    kept = Kept(Counts({cell: n for one in counts for cell, n in one.n.items()}, ()), words, control)

    def column(name: str) -> list[object]:
        return [kept[code, name] if (code, name) in kept.counts.n else "" for code in made["code"]]

    def rate(n: object) -> str:
        return n if isinstance(n, str) else f"{100 * n / observed:.2f}" if observed else ""
    rates = {f"{name}_per_100_patient_weeks": [rate(n) for n in column(name)] for name in new}
    return pd.DataFrame({"rule": made["code"], "title": made["title"], **{name: column(name) for name in (*new, *names)}, **rates}, dtype=object).assign(
        counts="flags", disclosure_control=control.sentence())


# --- tables ------------------------------------------------------------------------------------------------------------------------------

def _share(n: int | str, of: int | str) -> str:
    return "0 %" if n == 0 and of != 0 else percent(n, of) if isinstance(n, int) and isinstance(of, int) else HIDDEN


def _shares(frame: pd.DataFrame, kept: Kept) -> pd.DataFrame:
    """Of those who answered; beside it of all, which is known where it is not written how many answered."""
    base, answered = kept[BASE], kept["", "answered"]
    rows = [(row.code, row.label, kept[row.code, "n"], answered) for row in frame.itertuples() if row.code != NOT_RECORDED]
    rows.append((NOT_RECORDED, "not recorded", kept[NOT_RECORDED, "n"], base))
    return pd.DataFrame([(*row, _share(row[2], row[3]), _share(row[2], base)) for row in rows],
                        columns=["code", "label", "n", "of", "share", "share_of_all"], dtype=object)


def cell_of(kept: Kept, row: str, column: str) -> Cell | None:
    """Of a column, what is its own of each row, or the same of all of them; None where it holds no counts."""
    return next((cell for cell in ((row, column), ("", column)) if cell in kept.counts.n), None)


def _as_counted(frame: pd.DataFrame, kept: Kept) -> pd.DataFrame:
    def column(name: str) -> list[object]:
        cells = [cell_of(kept, row, name) for row in frame["code"]]
        return [value if cell is None else kept[cell] for cell, value in zip(cells, frame[name], strict=True)]
    return pd.DataFrame({name: column(name) for name in frame}, dtype=object)


def _grid(frame: pd.DataFrame, kept: Kept) -> pd.DataFrame:
    rows = [(LOCATION.label[row.location], QUALITY.label.get(row.quality, ""), kept[row.location, row.quality] if isinstance(row.quality, str) else 0,
             kept[row.location, "named"]) for row in frame.itertuples()]
    return pd.DataFrame([(*row, _share(*row[2:])) for row in rows], columns=["location", "quality", "n", "named", "share"], dtype=object)


def _of_all(column: str) -> Callable[[pd.DataFrame, Kept], pd.DataFrame]:
    """Everybody is in one of these rows at least. Entries stay out of it: all of them may be one patient's."""
    def made(frame: pd.DataFrame, kept: Kept) -> pd.DataFrame:
        rows = [(row.code, row.label, kept[row.code, column], kept[BASE]) for row in frame.itertuples()]
        return pd.DataFrame([(*row, _share(*row[2:])) for row in rows], columns=["code", "label", "n", "of", "share"], dtype=object)
    return made


def _reliefs(frame: pd.DataFrame, kept: Kept) -> pd.DataFrame:
    names = ("tried", *sums.RELIEF_STATES, "answered", "not_recorded")
    rows = [[(row.code, name) if (row.code, name) in kept.counts.n else cell_of(kept, row.code, name) for name in names] for row in frame.itertuples()]
    return pd.DataFrame([(row.code, row.label, *("" if cell is None else kept[cell] for cell in cells)) for row, cells in
                         zip(frame.itertuples(), rows, strict=True)], columns=["code", "label", *names], dtype=object)


CHARTS = {
    "buckets": _Kind("Where they stand", lambda frame, _: sums.partition(frame), _of_all("n"), "As the last evaluation left them."),
    "locations": _Kind("Where", lambda frame, _: sums.listed(frame), _shares),
    "qualities": _Kind("What it is like", lambda frame, _: sums.listed(frame), _shares),
    "durations": _Kind("How long", lambda frame, _: sums.exclusive(frame), _shares, "Since onset, at the last entry that says it."),
    "severity": _Kind("How bad", lambda frame, _: sums.severity(frame), _as_counted,
                      "A patient's mean severity, and the largest of the worst; 0 is no pain, 10 the worst."),
    "together": _Kind("Quality × location", sums.grid, _grid, "Of those who name the place, who say the quality in the same entry."),
    "symptoms": _Kind("Red flags", lambda frame, _: sums.states(frame), _as_counted, "Present in any entry; denied in some and present in none."),
    "ages": _Kind("Age", lambda frame, _: sums.exclusive(frame), _shares,
                  "Reached in the calendar year of the as-of date, by the last birth year given."),
    "sexes": _Kind("Sex", lambda frame, _: sums.exclusive(frame), _shares),
    "sources": _Kind("Source", lambda frame, _: sums.partition(frame), _of_all("n")),
    "relief": _Kind("Relief", lambda frame, _: sums.relief(frame), _reliefs, "Helped ÷ tried; beside the name, how many tried it."),
    "weeks": _Kind("Over time", sums.anywhen, _of_all("patients"), "Patients who wrote in it."),
    "high_pain": _Kind("Time in high pain", lambda frame, _: sums.exclusive(frame), _shares,
                       "Share of a patient's diary days with worst pain of 7 or more, all entries in the period; where worst is blank, severity stands in."),
    "hours": _Kind("Hour of day", lambda frame, _: sums.listed(frame), _shares, "Hours in which a patient wrote; night is 22:00 to 06:00."),
    "blank": _Kind("Completeness", lambda frame, _: sums.answered(frame), _as_counted, "Answered in any matching entry."),
}
