"""A sheet of an Excel or OpenDocument workbook, as CSV. Row numbers stay those of the sheet."""
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from dashboard.errors import Refused
from dashboard.wording import listing

_READER = Path(__file__).with_name("spreadsheet.py")
_MOST_SECONDS = 600


@dataclass(frozen=True)
class Sheet:
    name: str
    csv: bytes
    notes: tuple[str, ...]


def names(content: bytes) -> list[str]:
    """Of its sheets; none where it cannot be read."""
    said, _ = _read(content, "\n")  # no sheet is called that
    return json.loads(said).get("sheets", []) if said else []


def _read(content: bytes, wanted: str) -> tuple[bytes, bytes]:
    """What the reader says, and the cells; nothing where it did not survive."""
    try:
        done = subprocess.run([sys.executable, "-P", str(_READER), wanted], input=content, capture_output=True, timeout=_MOST_SECONDS, check=False)
    except (subprocess.TimeoutExpired, ValueError):  # a NUL in the name of the sheet is a ValueError
        return b"", b""
    said, _, cells = done.stdout.partition(b"\n")
    return (b"", b"") if done.returncode else (said, cells)


def sheet(content: bytes, name: str, wanted: str | None) -> Sheet:
    said, cells = _read(content, wanted or "")
    if not said:
        raise Refused(f"{name}: cannot be read as a workbook; it is damaged, or too large. Save the sheet as CSV (UTF-8) and import that.")
    found = json.loads(said)
    known = [each if each.isprintable() else repr(each) for each in found.get("sheets", ())]
    match found.get("problem"):
        case "password":
            raise Refused(f"{name}: is protected by a password. Save it without one and import that.")
        case "damaged":
            raise Refused(f"{name}: cannot be read as a workbook. Open it in a spreadsheet, save it as an Excel workbook (.xlsx), and import that.")
        case "no such sheet":
            raise Refused(f"{name}: has no sheet {wanted!r}. It has {listing(known, 'and')}.")
        case "empty":
            raise Refused(f"{name} is empty. Expected a sheet with a header row with at least patient_id and recorded_at.")
    others = [each for each in known if each != found["sheet"]]
    notes = (f"Read from sheet {found['sheet']}; not read: {listing(others, 'and')}.",) if others and not wanted else ()
    return Sheet(found["sheet"], cells, notes)
