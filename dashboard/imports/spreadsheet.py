"""A sheet of a workbook, from standard input to standard output as CSV. A process of its own, started by path: a workbook that is
made to take all memory, or that its reader cannot survive, ends this process and not the app. Prints one line of JSON first."""
import csv
import datetime
import io
import json
import sys

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

MOST_MEMORY = 4 << 30
MOST_SECONDS = 300
MOST_EXACT = 1e15  # whole numbers up to here are exact in a spreadsheet


def limit() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def text(cell: object) -> str:
    """As the canonical cells have it: ISO dates and times, numbers without needless digits, true and false."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < MOST_EXACT else repr(float(f"{cell:.15g}"))
    if isinstance(cell, datetime.datetime):
        # a day as a fraction of days is a millisecond off at times
        cell = (cell + datetime.timedelta(microseconds=500)) if cell.microsecond else cell
        return cell.replace(microsecond=cell.microsecond // 1000 * 1000).isoformat(timespec="milliseconds" if cell.microsecond // 1000 else "seconds")
    if isinstance(cell, datetime.timedelta):
        seconds = round(cell.total_seconds())
        return f"{'-' if seconds < 0 else ''}{abs(seconds) // 3600}:{abs(seconds) // 60 % 60:02}:{abs(seconds) % 60:02}"
    return cell.isoformat() if isinstance(cell, datetime.date | datetime.time) else str(cell)


def chosen(workbook: CalamineWorkbook, wanted: str) -> tuple[CalamineSheet | None, list[str]]:
    """The sheet of this name, else the first that is shown and has more than a row and a column, else the first with anything."""
    sheets = [each for each in workbook.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
    shown = [each.name for each in sheets if each.visible == SheetVisibleEnum.Visible]
    names = [*shown, *(each.name for each in sheets if each.name not in shown)]
    if wanted:
        return (workbook.get_sheet_by_name(wanted) if wanted in names else None), names
    first = None
    for name in names:
        found = workbook.get_sheet_by_name(name)
        if found.height > 1 and found.width > 1:
            return found, names
        first = first or (found if found.height else None)
    return first, names


def main(wanted: str) -> dict[str, object]:
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
        found, names = chosen(workbook, wanted)
    except PasswordError:
        return {"problem": "password"}
    except CalamineError:
        return {"problem": "damaged"}
    if found is None:
        return {"problem": "no such sheet" if wanted else "empty", "sheets": names}
    print(json.dumps({"sheet": found.name, "sheets": names}), flush=True)
    lines = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", errors="replace", newline="", write_through=False)
    csv.writer(lines).writerows([text(cell) for cell in row] for row in found.iter_rows())
    lines.flush()
    lines.detach()
    return {}


if __name__ == "__main__":
    limit()
    problem = main(sys.argv[1])
    if problem:
        print(json.dumps(problem))
