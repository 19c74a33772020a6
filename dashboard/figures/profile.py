"""The charts below the first screen of the cohort page: relief, over time, hour of day, completeness. Pure."""
from itertools import groupby

import pandas as pd

from dashboard.cohort import NONE, NOT_RECORDED
from dashboard.conditions import NIGHT_HOURS, NOTHING_HELPED
from dashboard.days import date_of
from dashboard.figures.cohort import Chart, Look, Mark, bar_length, scale_of
from dashboard.wording import counted, percent

_ROOM, _LETTERS = 26, 110  # standing bars that have room for a label each, and letters of the numbers above all of them


def relief(frame: pd.DataFrame, unit: str) -> Chart:
    """A row a treatment that somebody tried, the most tried first: of those who tried it, helped, did not help, never said. Then who tried
    nothing, whom nothing helped, and who said neither. Columns: see crossfilter."""
    answered, blank = int(frame["answered"].iloc[0]), int(frame["not_recorded"].iloc[0])
    nothing, marks = frame["code"].isin((NONE, *NOTHING_HELPED)), []
    for row in frame[~nothing & (frame["tried"] > 0)].sort_values("tried", ascending=False, kind="stable").itertuples():
        tried, helped, unsaid = int(row.tried), int(row.helped), int(row.help_not_recorded)
        parts: list[tuple[Look, int]] = [("solid", helped), ("hollow", tried - helped - unsaid), ("dotted", unsaid)]
        words = (f"{row.label}: helped {helped:,} of {tried:,} {unit} who tried it ({percent(helped, tried)}), {unsaid:,} never said whether; "
                 f"tried by {percent(tried, answered)} of {answered:,} who answered")
        marks.append(Mark(row.code, f"{row.label} · {tried:,}", words, percent(helped, tried), tuple((look, bar_length(n, tried, 1)) for look, n in parts)))
    others = [(row.code, row.label, int(row.tried), int(row.answered), "who answered") for row in frame[nothing].itertuples()]
    others.append((NOT_RECORDED, "not recorded", blank, answered + blank, "in all"))
    marks += [Mark(code, label, f"{label}: {n:,} of {of:,} {unit} {whose} ({percent(n, of)})", percent(n, of),
                   (("hatched", bar_length(n, of, 1)),)) for code, label, n, of, whose in others]
    return Chart("lying", tuple(marks), (("solid", "helped"), ("hollow", "did not"), ("dotted", "never said")))


def over_time(frame: pd.DataFrame, per: str) -> Chart:
    """A column a week, month or year. Columns: code, label, since, until, patients, entries."""
    if frame.empty:
        return Chart("standing", ())
    shown = "patients" if per == "patient" else "entries"
    most, roomy = int(frame[shown].max()), len(frame) <= _ROOM
    numbered = roomy and len(frame) * len(f"{most:,}") <= _LETTERS
    days = int(frame["until"].iloc[0] - frame["since"].iloc[0]) + 1
    marks, bands = [], []
    for row in frame.itertuples():
        day, n = date_of(row.since), int(getattr(row, shown))
        label = str(day.day) if days == 7 else f"{day:%b}"[:3 if roomy else 1] if days < 32 else f"{day:%Y}"
        bands.append(f"{day:%b %Y}" if days == 7 else f"{day:%Y}" if days < 32 else "")
        words = f"{row.label[0].upper()}{row.label[1:]}: {counted(int(row.patients), 'patient')}, {counted(int(row.entries), 'entry')}"
        marks.append(Mark(row.code, label if roomy or days < 32 else "", words, f"{n:,}" if numbered and n else "", (("solid", bar_length(n, most, 1)),)))
    unit = "week" if days == 7 else "month" if days < 32 else "year"
    groups = [(label, len(list(some))) for label, some in groupby(bands)]
    wide = tuple((label if width > 1 else "", width) for label, width in groups)
    return Chart("standing", tuple(marks), (("solid", f"{shown} a {unit}, the most {most:,}"), ("", "Shift extends to a period")), wide)


def hours(frame: pd.DataFrame, unit: str) -> Chart:
    """A column an hour, the night marked; the last, hatched, is of all. Columns: code, label, n, answered, not_recorded."""
    answered, blank = int(frame["answered"].iloc[0]), int(frame["not_recorded"].iloc[0])
    scale = scale_of([*(n / answered for n in frame["n"] if answered), blank / (answered + blank or 1)])
    marks = []
    for row in frame.itertuples():
        n = int(row.n)
        name = f"{row.label} to {(int(row.code) + 1) % 24:02}:00" + (", night" if row.code in NIGHT_HOURS else "")
        marks.append(Mark(row.code, row.code, f"{name}: {n:,} of {answered:,} {unit} with a time ({percent(n, answered)})", percent(n, answered) if n else "",
                          (("solid", bar_length(n, answered, scale)),)))
    marks.append(Mark(NOT_RECORDED, "n. r.", f"Time not recorded: {blank:,} of {answered + blank:,} {unit} ({percent(blank, answered + blank)})",
                      percent(blank, answered + blank) if blank else "", (("hatched", bar_length(blank, answered + blank, scale)),)))
    return Chart("standing", tuple(marks), (("solid", "local hour of the entry"), ("hatched", "only the date is known")),
                 (("night", 6), ("", 16), ("night", 2), ("", 1)))


def completeness(frame: pd.DataFrame, unit: str) -> Chart:
    """A row a field, the emptiest first: answered or left blank. Columns: code, label, answered, not_recorded."""
    marks = []
    for row in frame.sort_values("answered", kind="stable").itertuples():
        said, blank = int(row.answered), int(row.not_recorded)
        words = f"{row.label}: answered by {said:,} of {said + blank:,} {unit} ({percent(said, said + blank)}), not recorded in {blank:,}"
        marks.append(Mark(row.code, row.label, words, percent(said, said + blank),
                          (("solid", bar_length(said, said + blank, 1)), ("dotted", bar_length(blank, said + blank, 1)))))
    return Chart("lying", tuple(marks), (("solid", "answered"), ("dotted", "not recorded")))
