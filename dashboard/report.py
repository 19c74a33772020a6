"""A cohort on paper: the question, who it is about, and every chart with its table, under disclosure control. Names no patient."""
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

import pandas as pd
from sqlalchemy import Connection

from dashboard import distributions, outgoing, pictured, profile
from dashboard.cohort import NOT_RECORDED, Cohort
from dashboard.crossfilter import CHARTS, context, count
from dashboard.disclosure import Cell, Control
from dashboard.outgoing import Outgoing
from dashboard.wording import counted as words

_ROWS = 50  # of a picture that still fits on a page
_SMALL = 14  # rows of a table that is kept in one piece with its picture
# a margin box says on every sheet what it is of; browsers that know none leave it out
_STYLE = ("@page{size:A4;margin:15mm 15mm 18mm;@bottom-left{content:'Pain diary, cohort report';font:8pt sans-serif;color:#5F6368}"
          "@bottom-right{content:counter(page) ' of ' counter(pages);font:8pt sans-serif;color:#5F6368}}"
          "body{font:10pt sans-serif;margin:1.2cm auto;max-width:18cm;color:#1F2933}h1{font-size:15pt;margin:0 0 4pt}"
          "h2{font-size:11.5pt;margin:0}p{margin:3pt 0}.small{font-size:8.5pt}section{margin-top:16pt}.whole,.head,svg,tr{break-inside:avoid}"
          "table{border-collapse:collapse;width:100%;font-size:8.5pt;margin-top:4pt;font-variant-numeric:tabular-nums}"
          "th,td{text-align:right;padding:1pt 5pt;border-bottom:.5pt solid #999}.texts1 :is(th,td):nth-child(1),.texts2 :is(th,td):nth-child(-n+2)"
          "{text-align:left}thead{display:table-header-group}svg{max-width:100%;height:auto;display:block;margin-top:4pt}"
          "td:not(:first-child){white-space:nowrap}h2,.head p,thead,tr:nth-child(-n+3){break-after:avoid}.locations svg{width:7.5cm}"
          "@media print{body{margin:0}}")


@dataclass(frozen=True)
class Counted:
    """`own` are charts that were pressed, counted without what was pressed in them, as they are on screen and in their own files."""
    patients: int | str  # or the words that stand for them
    entries: int
    charts: list[Outgoing]
    own: dict[str, Outgoing] = field(default_factory=dict)


def counted(connection: Connection, cohort: Cohort, control: Control, *, as_of: int, known_at: int | None = None) -> Counted:
    """All charts of the same entries: on paper no chart leaves a filter out. Where patients stand is known of today only."""
    times = {"as_of": as_of, "known_at": known_at}
    asked = distributions.sample(connection, cohort, **times)
    frames = {name: chart.count(connection, asked) for name, chart in CHARTS.items() if name in outgoing.CHARTS and (known_at is None or name != "buckets")}
    frames |= {"together": distributions.together(connection, cohort, **times), "weeks": profile.over_time(connection, cohort, **times),
               "high_pain": profile.high_pain(connection, cohort, **times)}
    own = {}
    for name in frames:
        if (wider := context(cohort, name)) != cohort:
            found = count(connection, wider, ["base", name], **times)
            own[name] = (wider, found["base"].patients, found[name])
    charts, pressed = outgoing.of_question(cohort, {name: frames[name] for name in outgoing.CHARTS if name in frames}, asked.patients, own, control)
    return Counted(charts[0].base, control.rounded(asked.entries), charts, pressed)


def page(question: str, made: Counted, lines: Sequence[str], *, disclaimer: str) -> str:
    """`question` is the sentence; `lines` say as of when, on whose data, by which rules."""
    whose = _patients(made.patients) + (f" · {words(made.entries, 'entry')}" if isinstance(made.patients, int) else "")
    about = "".join(f"<p class=small>{escape(line)}</p>" for line in lines)
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Cohort report</title><style>{_STYLE}</style></head><body>'
            f"<h1>{escape(question)}</h1><p><strong>{escape(whose)}</strong></p>{about}<p class=small><strong>{escape(disclaimer)}</strong></p>"
            f"{''.join(map(_chart, made.charts)) if made.patients else '<p>No entry matches this question.</p>'}</body></html>")


def _chart(made: Outgoing) -> str:
    """Title, base and the beginning of the picture stay on one page; a short chart as a whole."""
    kind = outgoing.CHARTS[made.name]
    rows, left_out = _rows(made)
    first, *others = pictured.pictures(made, most_rows=_ROWS)
    about = " ".join(filter(None, (_base(made), kind.note, left_out)))
    head = f'<div class="head"><h2>{escape(kind.title)}</h2><p class="small">{escape(about)}</p>{first}</div>'
    texts = sum(name in ("", "location", "quality", "group") for name in rows)
    table = rows.to_html(index=False, border=0, classes=f"texts{texts}")  # pandas escapes every cell
    return f'<section class="{made.name}{" whole" if len(rows) <= _SMALL else ""}">{head}{"".join(others)}{table}</section>'


def _rows(made: Outgoing) -> tuple[pd.DataFrame, str]:
    """The table for reading; and what it leaves out, in words."""
    rows, left_out = outgoing.table(made), ""
    if made.name == "together":  # hundreds of pairs, most of them of few
        told = rows["n"].map(lambda n: isinstance(n, int) and n > 0)
        hidden = int(rows["n"].map(lambda n: isinstance(n, str)).sum())
        rows, left_out = rows[told], f"{words(hidden, 'pair')} that few say or that {'is' if hidden == 1 else 'are'} suppressed left out." if hidden else ""
    rows = rows.drop(columns="code") if "label" in rows else rows.replace({"code": {NOT_RECORDED: "not recorded"}})
    return rows.rename(columns=lambda name: "" if name in ("label", "code") else name.replace("_", " ")), left_out


def _base(made: Outgoing) -> str:
    """Of whom, and of how many of them it is not known."""
    blank: dict[Cell, Cell] = {("", "answered"): (NOT_RECORDED, "n"), ("", "answered_average"): (NOT_RECORDED, "average")}
    for answered, of in blank.items():
        if answered in made.kept.counts.n and of in made.kept.counts.n:
            return f"Answered: {_told(made.kept[answered])} of {_patients(made.base)}; not recorded: {_told(made.kept[of])}."
    return f"{_patients(made.base)}."


def _told(n: int | str) -> str:
    return f"{n:,}" if isinstance(n, int) else n


def _patients(base: int | str) -> str:
    return words(base, "patient") if isinstance(base, int) else f"{base} patients"
