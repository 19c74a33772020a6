"""Diary files in canonical columns, as a clinic would send them."""
import csv
from io import StringIO

from dashboard.days import date_of
from dashboard.imports import fields

Row = dict[str, str]


def quiet(patient_id: str, day: int, **cells: str) -> Row:
    """A diary entry in which every red flag was asked and denied, unless `cells` say otherwise."""
    return {"patient_id": patient_id, "recorded_at": date_of(day).isoformat(), "severity": "4", "locations": "mid_back",
            **dict.fromkeys(fields.RED_FLAGS, "no"), **cells}


def scant(patient_id: str, day: int, **cells: str) -> Row:
    """A diary entry that says next to nothing."""
    return {"patient_id": patient_id, "recorded_at": date_of(day).isoformat(), "severity": "4", **cells}


def written(*rows: Row) -> str:
    """The file."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    out = StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
