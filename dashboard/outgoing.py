"""The charts of the cohort page as they may be taken away: as tables and pictures of patients, under disclosure control, each row of a table
with what it is about."""
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import pandas as pd

from dashboard import disclosure
from dashboard.codelists import LOCATION, QUALITY
from dashboard.cohort import NOT_RECORDED
from dashboard.comparison import Comparison
from dashboard.disclosure import BASE, HIDDEN, Cell, Counts, Kept
from dashboard.figures import bodymap, paper
from dashboard.figures import cohort as figures
from dashboard.figures import profile as drawings
from dashboard.figures.cohort import Chart
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
    title: str
    counts: Callable[[pd.DataFrame, int], Counts]
    table: Callable[[pd.DataFrame, Kept], pd.DataFrame]
    picture: Callable[[Outgoing, str], str] | None = None


def protected(name: str, frame: pd.DataFrame, base: int, most: int, hidden: Collection[Cell] = ()) -> Outgoing:
    return Outgoing(name, frame, disclosure.protect(CHARTS[name].counts(frame, base), most, hidden))


def together(frames: dict[str, pd.DataFrame], base: int, most: int) -> list[Outgoing]:
    """Charts of the same patients on one sheet: where one of them hides how many there are, all do."""
    made = [protected(name, frame, base, most) for name, frame in frames.items()]
    if any(BASE in one.kept.words for one in made):
        made = [protected(name, frame, base, most, hidden=[BASE]) for name, frame in frames.items()]
    return made


def table(made: Outgoing) -> pd.DataFrame:
    return CHARTS[made.name].table(made.frame, made.kept)


def sheet(made: Outgoing, about: dict[str, str], most: int) -> pd.DataFrame:
    """The table with its base and `about` in every row: sorted, filtered or put under another one in a spreadsheet, a row still says them."""
    control = f"counts of 1 to {most} patients, and what they could be computed from, are suppressed" if most else "off"
    return table(made).assign(patients=made.base, counts="patients", **about, disclosure_control=control)


def picture(made: Outgoing, theme: str = "light") -> str:
    return CHARTS[made.name].picture(made, theme)


def compared(name: str, made: Comparison, about: dict[str, str], most: int) -> pd.DataFrame:
    """A comparison as a table: what is missing of one group is missing of the other too, and of their difference."""
    rows = made.tables[name]
    if rows.empty:
        return rows
    kept = {side: disclosure.protect(_counts(name, frames), most) for side, frames in (("a", made.a.frames), ("b", made.b.frames))}

    def of_side(side: str, code: str, n: int, of: int, missing: int) -> tuple[int | str, int | str, int | str]:
        words = kept[side].words
        return tuple(words.get(cell, value) for cell, value in zip(_places(name, code), (n, of, missing), strict=True))
    found = []
    for row in rows.itertuples():
        both = {side: of_side(side, row.code, *(getattr(row, f"{what}_{side}") for what in ("n", "of", "missing"))) for side in "ab"}
        told = all(isinstance(value, int) for n, of, _ in both.values() for value in (n, of))
        values = []
        for n, of, missing in both.values():
            # who does not name a place would say who does
            values += [n if told or isinstance(n, str) else HIDDEN, of, "" if name == "together" else missing, _share(n, of) if told else HIDDEN]
        rest = ["" if value != value else f"{value:.1f}" for value in (row.difference, row.low, row.high)] if told else [HIDDEN] * 3
        found.append((row.code, row.label, *values, *rest))
    names = [f"{what}_{side}" for side in "ab" for what in ("n", "of", "missing", "share")]
    control = f"counts of 1 to {most} patients, and what they could be computed from, are suppressed" if most else "off"
    return pd.DataFrame(found, columns=["code", "label", *names, "difference_points", "low_95", "high_95"], dtype=object).assign(
        patients_a=kept["a"][BASE], patients_b=kept["b"][BASE], counts="patients", **about, disclosure_control=control)


def _counts(name: str, frames: dict[str, pd.DataFrame]) -> Counts:
    frame = frames[name]
    if name == "together":
        return disclosure.grid(frame, int(frame["base"].iloc[0]) if len(frame) else 0)
    return (disclosure.states if name == "symptoms" else disclosure.listed if name in ("locations", "qualities") else disclosure.exclusive)(frame)


def _places(name: str, code: str) -> tuple[Cell, Cell, Cell]:
    """Of a row: how many, of how many, how many are missing."""
    if name == "symptoms":
        return (code, "present"), (code, "answered"), (code, "not_asked")
    if name == "together":
        place, quality = code.split()
        return (place, quality), (place, "named"), ("", "nobody")
    return (code, "n"), ("", "answered"), (NOT_RECORDED, "n")


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


def _as_counted(frame: pd.DataFrame, kept: Kept) -> pd.DataFrame:
    def column(name: str) -> list[object]:
        return [kept[(row, name) if (row, name) in kept.counts.n else ("", name)] if (row, name) in kept.counts.n or ("", name) in kept.counts.n else value
                for row, value in zip(frame["code"], frame[name], strict=True)]
    return pd.DataFrame({name: column(name) for name in frame}, dtype=object)


def _grid(frame: pd.DataFrame, kept: Kept) -> pd.DataFrame:
    rows = [(LOCATION.label[row.location], QUALITY.label.get(row.quality, ""), kept[row.location, row.quality] if isinstance(row.quality, str) else 0,
             kept[row.location, "named"]) for row in frame.itertuples()]
    return pd.DataFrame([(*row, _share(*row[2:])) for row in rows], columns=["location", "quality", "n", "named", "share"], dtype=object)


def _classes(frame: pd.DataFrame, kept: Kept) -> pd.DataFrame:
    """Everybody is in one of them at least."""
    return pd.DataFrame([(row.code, row.label, kept[row.code, "n"], kept[BASE], _share(kept[row.code, "n"], kept[BASE])) for row in frame.itertuples()],
                        columns=["code", "label", "n", "of", "share"], dtype=object)


def _spans(frame: pd.DataFrame, kept: Kept) -> pd.DataFrame:
    """Without entries: one of them may be one patient's."""
    return _classes(frame[["code", "label"]], kept)


def _reliefs(frame: pd.DataFrame, kept: Kept) -> pd.DataFrame:
    names = ("tried", *disclosure.RELIEF_STATES, "answered", "not_recorded")
    rows = [(row.code, row.label, *(kept[row.code, name] if (row.code, name) in kept.counts.n else "" for name in names)) for row in frame.itertuples()]
    return pd.DataFrame(rows, columns=["code", "label", *names], dtype=object)


# --- pictures: what is not written never gets as far as the figures -----------------------------------------------------------------------

def _open(made: Outgoing) -> tuple[pd.DataFrame, str]:
    """What may be seen, with nothing in place of the rest; where it is not written how many answered, shares are of all."""
    kept, frame = made.kept, made.frame
    n = [0 if cell in kept.words else kept.counts.n[cell] for cell in ((code, "n") for code in frame["code"])]
    base, answered = (kept.number(cell) for cell in (BASE, ("", "answered")))
    whole = answered is None
    blank = 0 if whole else kept.number((NOT_RECORDED, "n")) or 0
    of = (base or 0) if whole else answered
    says = (f"Share of all {of:,} patients; how many answered is not written" if whole and of else f"Share of {of:,} patients who answered" if of
            else "How many patients is not written")
    return frame.assign(n=n, answered=of, not_recorded=blank), says


def _words(kept: Kept) -> dict[str, str]:
    return {row: word for (row, column), word in kept.words.items() if row and column == "n"}


def _body(made: Outgoing, theme: str) -> str:
    frame, says = _open(made)
    return bodymap.picture(frame, theme=theme, least=1, words=_words(made.kept), base=says)


def _bars(sort: bool) -> Callable[[Outgoing, str], str]:
    def drawn(made: Outgoing, _: str) -> str:
        frame, says = _open(made)
        words = _words(made.kept)
        chart = figures.bars(frame, "patients", tuple(words), sort=sort)
        return paper.picture(replace(chart, legend=(("solid", says),)), CHARTS[made.name].title, words)
    return drawn


def _severity(made: Outgoing, _: str) -> str:
    kept, frame = made.kept, made.frame.copy()
    for of in ("average", "worst"):
        frame[of] = [kept.number((code, of)) or 0 for code in frame["code"]]
        answered = kept.number(("", f"answered_{of}"))
        frame[f"answered_{of}"] = (kept.number(BASE) or 0) if answered is None else answered
    chart = figures.severity(frame, "patients")
    missing = [("", "where there is none: nobody, or not written")] if any(column == "worst" for _, column in kept.words) else []
    words = {row: word for (row, column), word in kept.words.items() if column == "average"}
    return paper.picture(replace(chart, legend=(*chart.legend[:2], *missing, *chart.legend[2:])), CHARTS[made.name].title, words)


def _states(made: Outgoing, _: str) -> str:
    kept, names = made.kept, ("present", "denied", "not_asked", "answered")
    open_ = [row.code for row in made.frame.itertuples() if not any((row.code, name) in kept.words for name in names)]
    # a row of which something is missing is drawn as if nobody had said anything, and says so in words
    frame = made.frame.assign(**{name: [n if code in open_ else 0 for code, n in zip(made.frame["code"], made.frame[name], strict=True)] for name in names})
    base = kept.number(BASE) or 0
    words = {code: kept.words.get((code, "present")) or percent(kept.counts.n[code, "present"], base) for code in frame["code"] if code not in open_}
    frame["not_asked"] = base - frame["present"] - frame["denied"]
    return paper.picture(figures.symptoms(frame, "patients"), CHARTS[made.name].title, words)


def _cells(made: Outgoing, _: str) -> str:
    kept = made.kept
    shown = made.frame[[(place, "named") not in kept.words for place in made.frame["location"]]]
    n = [0 if isinstance(quality, str) and (place, quality) in kept.words else n for place, quality, n in
         zip(shown["location"], shown["quality"], shown["n"], strict=True)]
    words = {f"{place} {quality}": word for (place, quality), word in kept.words.items()}
    return paper.picture(figures.together(shown.assign(n=n), "patients"), CHARTS[made.name].title, words)


def _hours(made: Outgoing, _: str) -> str:
    frame, says = _open(made)
    chart = drawings.hours(frame, "patients")
    return paper.picture(replace(chart, legend=(("solid", says), *chart.legend[1:])), CHARTS[made.name].title, _words(made.kept))


def _rows(figure: Callable[[pd.DataFrame, str], Chart], columns: tuple[str, ...], unit: str = "patients") -> Callable[[Outgoing, str], str]:
    """Of a row of which something is missing nothing is drawn; it says so in words, or is left out where nobody would have one."""
    def drawn(made: Outgoing, _: str) -> str:
        words = {row: word for (row, _), word in reversed(made.kept.words.items()) if row}
        gone = made.frame["code"].isin(list(words))
        frame = made.frame.assign(**{name: made.frame[name].mask(gone & made.frame[name].notna(), 0) for name in columns})
        return paper.picture(figure(frame, unit), CHARTS[made.name].title, words)
    return drawn


def _relief(frame: pd.DataFrame, unit: str) -> Chart:
    """Who answered is the same of all treatments, and taken from one of which nothing is missing."""
    treatments = frame["helped"].notna()
    seen = frame[treatments & (frame["answered"] + frame["not_recorded"] > 0)][["answered", "not_recorded"]]
    both = seen.iloc[0] if len(seen) else pd.Series({"answered": 0, "not_recorded": 0})
    return drawings.relief(frame.assign(**{name: frame[name].mask(treatments, both[name]) for name in both.index}), unit)


CHARTS = {
    "buckets": _Kind("Where they stand", lambda frame, _: disclosure.partition(frame), _as_counted),
    "locations": _Kind("Where", lambda frame, _: disclosure.listed(frame), _shares, _body),
    "qualities": _Kind("What it is like", lambda frame, _: disclosure.listed(frame), _shares, _bars(sort=True)),
    "durations": _Kind("How long", lambda frame, _: disclosure.exclusive(frame), _shares, _bars(sort=False)),
    "severity": _Kind("How bad", lambda frame, _: disclosure.severity(frame), _as_counted, _severity),
    "together": _Kind("Quality × location", disclosure.grid, _grid, _cells),
    "symptoms": _Kind("Red flags", lambda frame, _: disclosure.states(frame), _as_counted, _states),
    "ages": _Kind("Age", lambda frame, _: disclosure.exclusive(frame), _shares, _bars(sort=False)),
    "sexes": _Kind("Sex", lambda frame, _: disclosure.exclusive(frame), _shares, _bars(sort=False)),
    "sources": _Kind("Source", lambda frame, _: disclosure.partition(frame), _classes),
    "relief": _Kind("Relief", lambda frame, _: disclosure.relief(frame), _reliefs,
                    _rows(_relief, ("tried", "helped", "help_not_recorded", "answered", "not_recorded"))),
    "weeks": _Kind("Over time", disclosure.anywhen, _spans, _rows(drawings.over_time, ("patients",), "patient")),
    "high_pain": _Kind("Time in high pain", lambda frame, _: disclosure.exclusive(frame), _shares, _bars(sort=False)),
    "hours": _Kind("Hour of day", lambda frame, _: disclosure.listed(frame), _shares, _hours),
    "blank": _Kind("Completeness", lambda frame, _: disclosure.answered(frame), _as_counted, _rows(drawings.completeness, ("answered", "not_recorded"))),
}
