"""One patient on one sheet of paper: a page of its own that asks nobody for anything."""
from collections.abc import Iterable
from html import escape

import pandas as pd

from dashboard.days import spoken

LAST_ENTRIES, NOTE_DAYS = 10, 30
_COLUMNS = ("When", "Severity", "Worst", "Reported", "Locations", "Relief helped", "Written in")
_STYLE = ("body{font:10pt sans-serif;margin:1.2cm;max-width:19cm}h1{font-size:15pt;margin:0 0 4pt}h2{font-size:11pt;margin:12pt 0 3pt}p{margin:3pt 0}"
          "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:2pt 5pt;border-bottom:.5pt solid #999}"
          "td:first-child{white-space:nowrap}"
          "thead{display:table-header-group}tr,.note{break-inside:avoid}.note{white-space:pre-wrap;overflow-wrap:anywhere;margin:0 0 5pt}"
          ".small{font-size:8.5pt;color:#333}")


def hand_over(heading: str, about: Iterable[str], flags: pd.DataFrame, unknown: str, entries: pd.DataFrame, notes: list[tuple[int, str]], *, as_of: int,
              status_line: str, disclaimer: str) -> str:
    """`entries` as course.in_words makes them, `notes` as course.notes; both are cut to what fits on the sheet, and say so."""
    recent = [(day, text) for day, text in notes if day > as_of - NOTE_DAYS]
    shown = entries.head(LAST_ENTRIES)
    shown = shown[[name for name in _COLUMNS if name in shown]]
    written = "".join(f'<p class="small">{spoken(day)}</p><p class="note" dir="auto">{escape(text)}</p>' for day, text in recent)
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(heading)}</title><style>{_STYLE}</style></head><body>'
            f"<h1>{escape(heading)}</h1>{''.join(f'<p>{escape(line)}</p>' for line in about)}"
            f'<p class="small">{escape(status_line)}</p><p class="small"><strong>{escape(disclaimer)}</strong></p>'
            f"<h2>Flags</h2>{_table(flags, 'No flag: no criterion met in what was recorded.')}"
            f"{f'<p><strong>Cannot be assessed:</strong> {escape(unknown)}</p>' if unknown else ''}"
            f"<h2>Last {len(shown)} of {len(entries):,} entries</h2>{_table(shown, 'No entry by this date.')}"
            f"<h2>Notes of the last {NOTE_DAYS} days to {spoken(as_of)}</h2>{written or '<p>None.</p>'}</body></html>")


def _table(rows: pd.DataFrame, otherwise: str) -> str:
    with pd.option_context("display.max_colwidth", None):  # or it would cut reasons short
        return rows.to_html(index=False, border=0) if len(rows) else f"<p>{escape(otherwise)}</p>"  # pandas escapes every cell
