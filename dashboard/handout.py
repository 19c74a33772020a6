"""The list in words. Its columns are defined here once, for the screen, for the sheet and for the page to print; beside them plain lines for
the record."""
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape

import pandas as pd

from dashboard.codelists import CHOICES
from dashboard.days import ago, date_of, lasting, spoken
from dashboard.wording import TIER_ICON, tier
from dashboard.worklist import GAP

_KEPT = "\ue000"
NOTHING, SPELLED = "–", 2  # SPELLED: rules that a cell has room for


@dataclass(frozen=True)
class Telling:
    """What a list is told with. `now` and `course` are not known of the past, where nothing is due; `titles` of the rules where it is listed
    who could not be assessed, `mentions` where it is listed whose notes ask to be read; `flagged`: whether anybody on the list has a flag."""
    as_of: int
    flagged: bool
    now: datetime | None = None
    titles: Mapping[str, str] | None = None
    mentions: Mapping[int, str] | None = None


def in_words(rows: pd.DataFrame, course: pd.DataFrame | None, how: Telling) -> pd.DataFrame:
    """Lines of `worklist.details` or `past.lines`, with what `worklist.recent_course` says of the same patients: the columns, in their order."""
    made: dict[str, Iterable[object]] = {}
    if how.flagged:
        made["Tier"] = rows["tier"].map(tier)
    made["Patient"] = rows["patient_id"]
    if how.titles is not None:
        made["Not asked lately"] = [_not_asked(lacking, how.titles) for lacking in rows["lacking"]]
    if how.mentions is not None:
        made["Note mentions"] = [how.mentions.get(number, "") for number in rows["patient"]]
    if how.flagged and how.titles is None:
        made["Why"] = rows["why"].map(". Also: ".join)
    made["Reported"] = [ago(how.as_of - int(day)) if pd.notna(day) else "" for day in rows["last_evidence"]]
    if course is not None:
        made["30 days"] = course["trend"]
        made["Severity"] = [_severity(*scores) for scores in zip(course["now"], course["worst"], strict=True)]
    if how.titles is None:
        # of whom nothing was recorded, not one rule is known to be assessed
        made["Unknown"] = [NOTHING if pd.isna(number) else f"{number:g}" for number in rows["unknown"]]
    if how.flagged:
        made["Status"] = [state(row, how.now) for row in rows.itertuples()]
        made["Owner"] = rows["owner"].fillna(NOTHING)
    if course is not None:
        made["Modifiers"] = course["modifiers"]
    made["Source"] = rows["source"]
    return pd.DataFrame(made)


def _not_asked(lacking: list[str], titles: Mapping[str, str]) -> str:
    if len(lacking) > SPELLED:
        return f"{len(lacking)} emergencies: {', '.join(lacking)}"
    return "; ".join(f"{rule_id} {titles[rule_id][:1].lower()}{titles[rule_id][1:]}" for rule_id in lacking)


def _severity(now: float | None, worst: float | None) -> str:
    """With a word between them: of two numbers with a stroke a spreadsheet makes a day, and a reader one out of the other."""
    if pd.isna(worst):
        return NOTHING
    return f"worst {worst:g}" if pd.isna(now) else f"{now:g}, worst {worst:g}"


def state(row: tuple, now: datetime | None) -> str:
    """What presses comes first: a narrow column cuts off the end."""
    said = CHOICES["status"].get(row.status, "").lower() + (f" until {spoken(int(row.until_day))}" if pd.notna(row.until_day) else "")
    minutes = None if now is None or pd.isna(row.due_at) else (pd.Timestamp(row.due_at, tz="UTC") - pd.Timestamp(now)).total_seconds() / 60
    left = minutes is not None and minutes >= 0 and not row.overdue
    past = "" if not row.overdue else "overdue" if minutes is None or minutes >= 0 else f"overdue {lasting(-minutes)}"
    text = ", ".join(filter(None, ("evidence withdrawn" if row.withdrawn else "", past, said, f"due in {lasting(minutes)}" if left else "")))
    return text[:1].upper() + text[1:]


# --- to take along ----------------------------------------------------------------------------------------------------------------

def sheet(made: pd.DataFrame, about: Mapping[str, str]) -> pd.DataFrame:
    """The columns of the list, the icon of the tier left to its word, then `about` in every row: put under another one, a row still says of
    what it is."""
    columns = {name: made[name].map(_cell) for name in made}
    if "Tier" in columns:
        columns["Tier"] = columns["Tier"].map(lambda text: text.lstrip("".join(TIER_ICON.values())).strip())
    return pd.DataFrame(columns).assign(**about)


def _cell(value: object) -> object:
    return "; ".join(value) if isinstance(value, list | tuple) else value


def printable(made: pd.DataFrame, heading: str, above: Iterable[str]) -> str:
    """The list as a page of its own, for paper."""
    with pd.option_context("display.max_colwidth", None):  # or it would cut reasons short
        cells = pd.DataFrame({name: made[name].map(_cell) for name in made}).replace({"30 days": {GAP: _KEPT}}, regex=True)
        table = cells.to_html(index=False, border=0).replace(_KEPT, GAP)  # pandas escapes every cell, and strips it
    whole = [at for at, name in enumerate(made, 1) if name in ("Tier", "Reported", "30 days", "Severity")]
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(heading)}</title><style>'
            "@page{size:landscape}body{font:10pt sans-serif;margin:1cm}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;"
            f"padding:3pt 6pt;border-bottom:.5pt solid #999}}{','.join(f'td:nth-child({at})' for at in whole)}{{white-space:pre}}"
            "thead{display:table-header-group}tr{break-inside:avoid}p{margin:3pt 0}"
            f"</style><h1>{escape(heading)}</h1>{''.join(f'<p>{escape(line)}</p>' for line in above)}{table}</html>")


def as_text(rows: pd.DataFrame, made: pd.DataFrame, above: Iterable[str], without: str = "no open flag") -> str:
    """Plain lines to paste into a record, of the same lines in words, days in full; `without` is said of who has no reason to be there."""
    said = []
    for row, words in zip(rows.itertuples(), made.to_dict("records"), strict=True):
        parts = [f"{CHOICES['tier'].get(row.tier, '') or 'No flag'}: {_in_a_line(row.patient_id)} ({_in_a_line(row.source)})",
                 ". Also: ".join(row.why) or without,
                 f"reported {date_of(int(row.last_evidence)).isoformat()}" if pd.notna(row.last_evidence) else "", words.get("Status", ""),
                 _in_a_line(row.owner) if pd.notna(row.owner) and row.owner else ""]
        said.append(" - ".join(filter(None, parts)))
    return "\n".join([*above, *said])


def _in_a_line(text: str) -> str:
    return " ".join(text.split())
