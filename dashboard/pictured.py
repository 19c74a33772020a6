"""The charts of the cohort page as pictures that may be taken away: what is not written never gets as far as the figures."""
from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from dashboard.cohort import NOT_RECORDED
from dashboard.disclosure import BASE, HIDDEN, Kept
from dashboard.figures import bodymap, compared, paper
from dashboard.figures import cohort as figures
from dashboard.figures import profile as drawings
from dashboard.figures.cohort import Chart, Mark, bar_length, scale_of
from dashboard.outgoing import CHARTS, Outgoing, cell_of
from dashboard.wording import percent

Drawing = tuple[Chart, dict[str, str]]  # and the words that stand for marks of it


def picture(made: Outgoing, theme: str = "light") -> str:
    return pictures(made, theme)[0]


def pictures(made: Outgoing, theme: str = "light", most_rows: int | None = None) -> list[str]:
    """One, or as many as it takes for none to have more rows than that."""
    if made.name not in DRAWINGS:
        return [_body(made, theme)]
    chart, words = DRAWINGS[made.name](made)
    each = most_rows if most_rows and chart.layout == "lying" else max(len(chart.marks), 1)
    return [paper.picture(replace(chart, marks=chart.marks[at:at + each]), CHARTS[made.name].title, words) for at in range(0, max(len(chart.marks), 1), each)]


def _seen(made: Outgoing) -> pd.DataFrame:
    """The counted frame with what may be written, and nothing in place of the rest."""
    frame, kept = made.frame, made.kept

    def column(name: str) -> list[object]:
        cells = [cell_of(kept, row, name) for row in frame["code"]]
        return [value if cell is None else kept.number(cell) or 0 for cell, value in zip(cells, frame[name], strict=True)]
    return frame.assign(**{name: column(name) for name in frame if name not in ("code", "label")})


def _words(kept: Kept, *columns: str) -> dict[str, str]:
    """Of the first of these columns in which a row has words; of any without columns."""
    found: dict[str, str] = {}
    for (row, column), word in kept.words.items():
        if row and (not columns or column in columns):
            found.setdefault(row, word)
    return found


def _with_base(made: Outgoing) -> tuple[pd.DataFrame, str]:
    """What may be seen, and of whom the shares are: of all where it is not written how many answered."""
    kept = made.kept
    base, answered = (kept.number(cell) for cell in (BASE, ("", "answered")))
    whole = answered is None
    of = (base or 0) if whole else answered
    says = ((f"Share of all {of:,} patients; how many answered is not written" if whole else f"Share of {of:,} patients who answered") if of
            else "How many patients is not written" if base is None or whole else "No patient answered")
    return _seen(made).assign(answered=of, not_recorded=0 if whole else kept.number((NOT_RECORDED, "n")) or 0), says


def _body(made: Outgoing, theme: str) -> str:
    frame, says = _with_base(made)
    return bodymap.picture(frame, theme=theme, least=1, words=_words(made.kept, "n"), base=says)


def _bars(sort: bool) -> Callable[[Outgoing], Drawing]:
    def drawn(made: Outgoing) -> Drawing:
        frame, says = _with_base(made)
        words = _words(made.kept, "n")
        return replace(figures.bars(frame, "patients", tuple(words), sort=sort), legend=(("solid", says),)), words
    return drawn


def _parts(made: Outgoing) -> Drawing:
    """Everybody is in one of them."""
    seen, base = _seen(made), made.kept.number(BASE) or 0
    scale = scale_of([n / base for n in seen["n"] if base])
    marks = tuple(Mark(row.code, row.label, "", percent(row.n, base), (("solid", bar_length(row.n, base, scale)),)) for row in seen.itertuples())
    return Chart("lying", marks, (("solid", f"Share of {base:,} patients" if base else "How many patients is not written"),)), _words(made.kept, "n")


def _severity(made: Outgoing) -> Drawing:
    kept, frame = made.kept, _seen(made)
    for of in ("average", "worst"):
        if kept.number(("", f"answered_{of}")) is None:
            frame[f"answered_{of}"] = kept.number(BASE) or 0
    chart = figures.severity(frame, "patients")
    missing = [("", "where there is none: nobody, or not written")] if any(column == "worst" for _, column in kept.words) else []
    return replace(chart, legend=(*chart.legend[:2], *missing, *chart.legend[2:])), _words(kept, "average")


def _states(made: Outgoing) -> Drawing:
    """A row of which something is missing is drawn as if nobody had said anything, and says so in words."""
    kept, frame, base = made.kept, _seen(made), made.kept.number(BASE) or 0
    names = ["present", "denied", "answered"]
    partly = _words(kept)
    frame.loc[frame["code"].isin(list(partly)), names] = 0
    frame["not_asked"] = (base - frame["present"] - frame["denied"]).clip(lower=0)
    words = {code: kept.words.get((code, "present")) or percent(kept.number((code, "present")), base) for code in partly}
    return figures.symptoms(frame, "patients"), words


def _cells(made: Outgoing) -> Drawing:
    kept = made.kept
    shown = made.frame[~made.frame["location"].isin([place for place, column in kept.words if column == "named"])]
    n = [kept.number((place, quality)) or 0 if isinstance(quality, str) else 0 for place, quality in zip(shown["location"], shown["quality"], strict=True)]
    words = {f"{place} {quality}": word for (place, quality), word in kept.words.items()}
    return figures.together(shown.assign(n=n, named=[kept.number((place, "named")) for place in shown["location"]]), "patients"), words


def _hours(made: Outgoing) -> Drawing:
    frame, says = _with_base(made)
    chart = drawings.hours(frame, "patients")
    return replace(chart, legend=(("solid", says), *chart.legend[1:])), _words(made.kept, "n")


def _weeks(made: Outgoing) -> Drawing:
    chart, words = drawings.over_time(_seen(made), "patient"), _words(made.kept)
    return replace(chart, legend=chart.legend[:1]), words  # the rest is about pressing it


def _completeness(made: Outgoing) -> Drawing:
    """Of a field of which something is missing nothing is drawn."""
    frame, words = _seen(made), _words(made.kept)
    frame.loc[frame["code"].isin(list(words)), ["answered", "not_recorded"]] = 0
    return drawings.completeness(frame, "patients"), words


def _relief(made: Outgoing) -> Drawing:
    """A treatment of which something is missing is left out; rounded, the parts of another may come to more than the whole."""
    kept, frame, words = made.kept, _seen(made), _words(made.kept)
    blank = next((kept.words[cell] for cell in (("", "not_recorded"), ("", "answered")) if cell in kept.words), None)
    gone, treatments = frame["code"].isin(list(words)), made.frame["helped"].notna()
    legend = (("", "others are in the table alone"),) if (gone & treatments).any() else ()
    frame.loc[gone, "tried"] = 0
    parts = frame["helped"].where(treatments, 0).astype(int) + frame["help_not_recorded"].where(treatments, 0).astype(int)
    frame["tried"] = frame["tried"].where(gone | (frame["tried"] >= parts), parts)
    chart = drawings.relief(frame, "patients")
    return replace(chart, legend=(*chart.legend, *legend)), words | ({} if blank is None else {NOT_RECORDED: blank})


DRAWINGS: dict[str, Callable[[Outgoing], Drawing]] = {  # the body is not a chart
    "buckets": _parts, "qualities": _bars(sort=True), "durations": _bars(sort=False), "severity": _severity, "together": _cells, "symptoms": _states,
    "ages": _bars(sort=False), "sexes": _bars(sort=False), "sources": _parts, "relief": _relief, "weeks": _weeks, "high_pain": _bars(sort=False),
    "hours": _hours, "blank": _completeness}


# --- two groups beside each other -----------------------------------------------------------------------------------------------------------

def comparison(name: str, written: pd.DataFrame, title: str, note: str, most: int | None = None, *, body: bool = False) -> str:
    """Of the table that is taken away: the shares that the page shows, or the map of the differences. Below it is said what it is and of whom."""
    rows = _written(written)
    said = f"{title}{f' ({note})' if note else ''}: shares of patients, each counted once"
    foot = [f"{said}, and their difference in points{'' if body else ' with its 95 % interval'}."]
    for about in written.head(1).to_dict("records"):
        foot += [f"{side.upper()}: {about[f'group_{side}']} · patients: {about[f'patients_{side}']}" for side in "ab"]
        foot.append(f"As of {about['as_of']}. {about['disclosure_control']}")
    if body:
        return compared.body(rows, f"{title}: A less B, in points", theme="light", foot=foot)
    return compared.dots(compared.shown(name, rows, most), f"{title}: A and B", theme="light", foot=foot)


def _written(written: pd.DataFrame) -> pd.DataFrame:
    """As numbers, where there are some."""
    n = {f"{what}_{side}": pd.to_numeric(written[f"{what}_{side}"], errors="coerce") for what in ("n", "of") for side in "ab"}
    points = {name: pd.to_numeric(written[column], errors="coerce") for name, column in
              (("difference", "difference_points"), ("low", "low_95"), ("high", "high_95"))}
    hidden = written["difference_points"] == HIDDEN
    shares = {f"share_{side}": (100 * n[f"n_{side}"] / n[f"of_{side}"]).mask(hidden | (n[f"of_{side}"] == 0)) for side in "ab"}
    return pd.DataFrame({"code": written["code"], "label": written["label"], **{name: values.fillna(0) for name, values in n.items()}, **shares, **points,
                         "word": hidden.map({True: HIDDEN, False: ""})})
