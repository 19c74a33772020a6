"""A cohort of any size as the files that a clinic would send: rows doubled within a file and between files, entries revised under their
id, ids with two contents, cells that cannot be read, days to come, days without a time and times with zones on either side of midnight.

Every patient is made of a seed of her own, so that what the state model says of one is worked out without the others."""
import csv
import random
from collections.abc import Callable, Iterable
from io import StringIO

from dashboard.codelists import HISTORY, SYMPTOM
from dashboard.days import date_of
from tests import state_model as model
from tests.diaries import FIRST
from tests.state_model import Row, World

Cells = dict[str, str]
# files are imported on these days of the tables; the second is taken back before the fourth comes
IMPORTED = (97, 98, 100, 113)
UNDONE, UNDONE_AFTER = 2, 3
SOURCES = ("north", "south")
_TIMES = ("", "", "", "T10:00", "T00:00", "T23:59", "T00:30+13:00", "T23:45-11:00", "T23:30+05:45", "T00:00Z", "T23:59+00:00")
_COLUMNS = ("severity", "worst_severity", "temperature_c", "birth_year", "interference")
_SETS = ("locations", "qualities", "radiates_to", "relief_helped", "relief_tried", "aggravated_by")


def name_of(patient: int) -> tuple[str, str]:
    """Both sources number their patients, and these their entries, from the beginning: the same id is two people, or two entries."""
    return SOURCES[patient % 2], str((patient + 1) // 2)


def files_of(patient: int, diary: Callable[[random.Random], list[Cells]], seed: int) -> list[list[tuple[Row, Cells]]]:
    """What each file holds of a patient, in its order: the row as the model knows it, and its cells as they are written. `diary` makes rows
    of `tests.diaries`."""
    chance = random.Random(f"{seed} {patient}")
    files: list[list[tuple[Row, Cells]]] = [[] for _ in IMPORTED]
    for number, said in enumerate(diary(chance)):
        clock = chance.choice(_TIMES)
        entry_id = f"{name_of(patient)[1]}-{number}" if chance.random() < 0.4 else None
        place = chance.choices(range(len(files)), (4, 2, 2, 2))[0]
        fault = chance.random() < 0.01
        files[place].append(_row(patient, entry_id, clock, said, fault))
        if chance.random() < 0.12:
            files[place].append(_row(patient, entry_id, clock, _respelled(said), fault))
        if chance.random() < 0.2:
            files[chance.randrange(len(files))].append(_row(patient, entry_id, clock, _respelled(said), fault))
        if entry_id and chance.random() < 0.3:
            earlier = {"day": str(int(said["day"]) // 2), "onset": ""}
            revised = said | chance.choice([{"severity": "2.5"}, earlier, {"urinary_retention": "yes"}, {"fever": "no"}])
            others = [other for other in range(len(files)) if other != place]
            # in the same file, nobody can say which of the two is meant
            files[place if chance.random() < 0.1 else chance.choice(others)].append(_row(patient, entry_id, clock, revised))
    return files


def _row(patient: int, entry_id: str | None, clock: str, said: Cells, fault: bool = False) -> tuple[Row, Cells]:
    day, onset = int(said["day"]), int(said["onset"]) if said.get("onset") else None
    source, patient_id = name_of(patient)
    told = {name: cell for name, cell in said.items() if cell and name not in ("patient_id", "day", "onset")}
    row = Row(source, patient_id, day, entry_id, _time(clock), frozenset((name, _meaning(name, cell)) for name, cell in told.items()), onset, fault)
    return row, told | {
        "source": source, "patient_id": patient_id, "entry_id": entry_id or "", "recorded_at": date_of(FIRST + day).isoformat() + clock,
        "onset_date": "" if onset is None else date_of(FIRST + onset).isoformat()} | ({"severity": "ninety"} if fault else {})


def _time(clock: str) -> tuple[int | None, int | None]:
    if not clock:
        return None, None
    zone, sign = clock[6:].replace("Z", "+00:00"), -1 if "-" in clock else 1
    return int(clock[1:3]) * 60 + int(clock[4:6]), sign * (int(zone[1:3]) * 60 + int(zone[4:6])) if zone else None


def _meaning(name: str, cell: str) -> str:
    if name in _COLUMNS:
        return f"{float(cell):g}"
    return ";".join(sorted(cell.split(";"))) if name in _SETS else cell


def _respelled(said: Cells) -> Cells:
    """The same, as another program would write it."""
    return {name: ";".join(cell.split(";")[::-1]) if name in _SETS else f"{float(cell):.2f}" if cell and name in ("severity", "temperature_c") else cell
            for name, cell in said.items()}


def written(histories: Iterable[list[list[tuple[Row, Cells]]]]) -> list[bytes]:
    """The files, in which patients take turns."""
    turns: list[list[tuple[int, list[str]]]] = [[] for _ in IMPORTED]
    columns = ("source", "patient_id", "entry_id", "recorded_at", "onset_date", "sex", "onset_speed", "pattern", "trend", *_COLUMNS, *_SETS,
               *SYMPTOM.bit, *HISTORY.bit)
    for history in histories:
        for lines, rows in zip(turns, history, strict=True):
            lines += [(turn, [cells.get(name, "") for name in columns]) for turn, (_, cells) in enumerate(rows)]
    made = []
    for lines in turns:
        sheet = StringIO()
        csv.writer(sheet, lineterminator="\n").writerows([columns, *(cells for _, cells in sorted(lines, key=lambda line: line[0]))])
        made.append(sheet.getvalue().encode())
    return made


def known(history: list[list[tuple[Row, Cells]]]) -> World:
    """What the state model makes of one patient's part of the files."""
    world = World()
    for number, (rows, day) in enumerate(zip(history, IMPORTED, strict=True), 1):
        world = model.imported(world, [row for row, _ in rows], day)
        if number == UNDONE_AFTER:
            world = model.undone(world, UNDONE)
    return world


def live(world: World, as_of: int, known_at: int | None) -> list[tuple[int, Cells]]:
    """Numbers of the live entries, and what they say, as rows of `tests.diaries` without the patient."""
    return [(entry.number, {"day": str(entry.row.day), "onset": "" if entry.row.onset is None else str(entry.row.onset), **dict(entry.row.says)})
            for entry in sorted(model.live(world, as_of, known_at))]
