"""A cohort on paper: the question, who it is about, and every chart with its table, under disclosure control. Names no patient."""
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from sqlalchemy import Connection

from dashboard import distributions, outgoing
from dashboard.cohort import Cohort
from dashboard.crossfilter import CHARTS
from dashboard.outgoing import Outgoing
from dashboard.wording import counted as words

_STYLE = ("@page{size:A4;margin:15mm}body{font:10pt sans-serif;margin:1.2cm auto;max-width:18cm;color:#1F2933}h1{font-size:15pt;margin:0 0 4pt}"
          "h2{font-size:11.5pt;margin:14pt 0 4pt}p{margin:3pt 0}.small{font-size:8.5pt}"
          "table{border-collapse:collapse;width:100%;font-size:8.5pt;margin-top:4pt}"
          "th,td{text-align:left;padding:1pt 5pt;border-bottom:.5pt solid #999}thead{display:table-header-group}tr,svg{break-inside:avoid}"
          "h2{break-after:avoid}svg{max-width:100%;height:auto;display:block}.body svg{width:9.5cm}")


@dataclass(frozen=True)
class Counted:
    patients: int | str  # or the words that stand for them
    entries: int
    charts: list[Outgoing]


def counted(connection: Connection, cohort: Cohort, most: int, *, as_of: int, known_at: int | None = None) -> Counted:
    """All charts of the same entries: on paper no chart leaves a filter out. Where patients stand is known of today only."""
    asked = distributions.sample(connection, cohort, as_of=as_of, known_at=known_at)
    frames = {name: CHARTS[name].count(connection, asked) for name in ("buckets", "locations", "qualities", "durations", "severity", "symptoms")
              if known_at is None or name != "buckets"}
    frames["together"] = distributions.together(connection, cohort, as_of=as_of, known_at=known_at)
    charts = outgoing.together(frames, asked.patients, most)
    return Counted(charts[0].base, asked.entries, charts)


def page(question: str, made: Counted, lines: Sequence[str], *, disclaimer: str) -> str:
    """`question` is the sentence; `lines` say as of when, on whose data, by which rules."""
    whose = _patients(made.patients) + (f" · {words(made.entries, 'entry')}" if isinstance(made.patients, int) else "")
    about = "".join(f"<p class=small>{escape(line)}</p>" for line in lines)
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Cohort report</title><style>{_STYLE}</style></head><body>'
            f"<h1>{escape(question)}</h1><p><strong>{escape(whose)}</strong></p>{about}<p class=small><strong>{escape(disclaimer)}</strong></p>"
            f"{''.join(map(_chart, made.charts))}</body></html>")


def _chart(made: Outgoing) -> str:
    title = outgoing.CHARTS[made.name].title
    picture = outgoing.picture(made) if outgoing.CHARTS[made.name].picture else ""
    rows = outgoing.table(made)
    rows = rows[[name for name in rows if name != "code" or "label" not in rows]]
    if made.name == "together":
        rows = rows[rows["n"] != 0]
    rows = rows.rename(columns=lambda name: "" if name == "label" else name.replace("_", " "))
    return (f'<h2>{escape(title)}</h2><div class="{"body" if made.name == "locations" else "chart"}">{picture}</div>'
            f"{rows.to_html(index=False, border=0)}")  # pandas escapes every cell


def _patients(base: int | str) -> str:
    return words(base, "patient") if isinstance(base, int) else f"{base} patients"
