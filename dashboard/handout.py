"""The list on screen to take along: a sheet, plain lines for the record, a page for paper."""
from html import escape

import pandas as pd

from dashboard.codelists import CHOICES
from dashboard.days import date_of
from dashboard.sheet import neutralised


def sheet(made: pd.DataFrame) -> pd.DataFrame:
    """The list on screen as a table to download: no cell that a spreadsheet would run."""
    day = made["last_evidence"].map(_day)
    return pd.DataFrame({
        "tier": made["tier"].map(CHOICES["tier"]).fillna(""), "source": made["source"].map(neutralised), "patient_id": made["patient_id"].map(neutralised),
        "why": made["why"].map("; ".join).map(neutralised), "rules": made["rules"].map(" ".join), "reported": day,
        "recency": made["recency"], "unknown": made["unknown"],
        "status": made["status"], "owner": made["owner"].fillna("").map(neutralised),
        "due_utc": made["due_at"].map(lambda t: "" if pd.isna(t) else f"{t:%Y-%m-%d %H:%M}"),
        "overdue": made["overdue"].map({True: "yes", False: ""}), "snoozed_until": made["until_day"].map(_day),
        "not_answered_in_14_days": made["lacking"].map(" ".join),
        "evidence_withdrawn": made["withdrawn"].map({True: "yes", False: ""})})


def _day(found: float | None) -> str:
    return "" if pd.isna(found) else date_of(int(found)).isoformat()


def as_text(made: pd.DataFrame, heading: str, without: str = "no open flag") -> str:
    """Plain lines to paste into a record; `without` is said of who has no reason to be there."""
    rows = [f"{CHOICES['tier'].get(row.tier, '') or 'No flag'}: {_in_a_line(row.patient_id)} ({_in_a_line(row.source)})"
            + f" - {'; '.join(row.why) or without}"
            + (f" - reported {date_of(int(row.last_evidence)).isoformat()}" if pd.notna(row.last_evidence) else "")
            + (f" - {_status(row)}" if row.status else "") + (f", {_in_a_line(row.owner)}" if pd.notna(row.owner) and row.owner else "")
            + (" - evidence withdrawn" if row.withdrawn else "") for row in made.itertuples()]
    return "\n".join([heading, *rows])


def _status(row: tuple) -> str:
    return CHOICES["status"][row.status].lower() + (f" until {_day(row.until_day)}" if pd.notna(row.until_day) else "")


def _in_a_line(text: str) -> str:
    return " ".join(text.split())


def printable(made: pd.DataFrame, heading: str, status_line: str) -> str:
    """The list as a page of its own, for paper."""
    with pd.option_context("display.max_colwidth", None):  # or it would cut reasons short
        table = sheet(made).drop(columns=["due_utc", "overdue"]).to_html(index=False, border=0)  # pandas escapes every cell
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(heading)}</title><style>'
            "body{font:11pt sans-serif;margin:1.5cm}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;"
            "padding:3pt 6pt;border-bottom:.5pt solid #999}thead{display:table-header-group}tr{break-inside:avoid}"
            f"</style><h1>{escape(heading)}</h1><p>{escape(status_line)}</p>{table}</html>")
