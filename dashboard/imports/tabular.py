"""Bytes to columns of text: whatever a diary was exported as, and which sheet row each row is. Knows nothing about diaries."""
import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.compute as compute

from dashboard import sheet
from dashboard.errors import Refused
from dashboard.imports import archive, encoding, fields, kinds, nonrecords, records, related, workbook
from dashboard.imports.layout import Layout, layout
from dashboard.imports.table import Reading, Tabular, is_blank, normalised
from dashboard.wording import counted

__all__ = ["Reading", "Tabular", "normalised", "read"]

MOST_COLUMNS = 1_000
LONGEST_CELL = 100_000
_UNSAID = Reading()


def read(content: bytes | Path, name: str, how: Reading = _UNSAID) -> Tabular:
    """Raises Refused where the file as a whole cannot be read as a table."""
    content = content.read_bytes() if isinstance(content, Path) else content
    name = archive.shown(name)
    digest = hashlib.sha256(content).hexdigest()
    return replace(_archived(content, name, how) if archive.is_archive(content) else _table(content, name, how), name=name, sha256=digest)


def _archived(content: bytes, name: str, how: Reading) -> Tabular:
    with archive.Archive(content, name) as packed:
        if packed.is_workbook:
            packed.check_workbook()
            return _sheet(content, name, how, packed.notes)

        def inside(member: str, how: Reading) -> Tabular:
            unpacked, label = packed.read(member), f"{name}, {archive.shown(member)}"
            if archive.is_archive(unpacked):
                with archive.Archive(unpacked, label) as nested:
                    if not nested.is_workbook:
                        raise Refused(f"{label}: is itself a zip file. Unpack it and import what is inside.")
                    nested.check_workbook()
                    # which sheet of it cannot be said as well
                    return _sheet(unpacked, label, replace(how, sheet=None), nested.notes)
            return _table(unpacked, label, replace(how, sheet=None))

        packed.check_others()
        return related.read(packed.tables, inside, name, how, MOST_COLUMNS)


def _table(content: bytes, name: str, how: Reading) -> Tabular:
    if content.startswith(kinds.OLD_OFFICE):
        kinds.check_old_parts(content, name)
        return _sheet(content, name, how)
    marks = encoding.marks(content)
    start = content[marks:1 << 10].lstrip()
    if not start and not content[marks:].strip():
        raise Refused(f"{name} is empty. Expected a header row with at least patient_id and recorded_at.")
    kinds.check_start(start, name)
    text = encoding.text(content, name, how.encoding)
    return _read(text.utf8, name, how, Reading(encoding=text.encoding), text.notes)


def _sheet(content: bytes, name: str, how: Reading, notes: tuple[str, ...] = ()) -> Tabular:
    found = workbook.sheet(content, name, how.sheet)
    # its cells come as text between commas, and as such are read like any other
    how = replace(how, delimiter=",")
    read = _read(memoryview(found.csv), f"{name}, sheet {found.name}", how, Reading(sheet=found.name), (*found.notes, *notes))
    return replace(read, found=replace(read.found, delimiter=None))


def _read(text: memoryview, name: str, how: Reading, found: Reading, notes: tuple[str, ...]) -> Tabular:
    plan = layout(text, name, how)
    found = replace(found, delimiter=plan.delimiter, header_row=plan.header_row, label_rows=len(plan.label_rows))
    header, renamed = _names(plan, name)
    texts, ragged = records.read(text, plan.delimiter, plan.width, name)
    return _assembled(texts, ragged, plan, header, Tabular(name, "", (), {}, np.array([]), found=found, notes=(*notes, *plan.notes, *renamed)))


def _names(plan: Layout, name: str) -> tuple[list[str], list[str]]:
    if plan.width > MOST_COLUMNS:
        raise Refused(f"{name}, row {plan.header_row}: {plan.width:,} columns. At most {MOST_COLUMNS:,} can be read; is this one row an entry?")
    seen: dict[str, str] = {}
    renamed: list[str] = []
    for number, cell in enumerate([*plan.cells, *[""] * (plan.width - len(plan.cells))], start=1):
        found = sheet.restored(" ".join(cell.splitlines()).strip()) or f"(column {number})"
        if normalised(found) in seen:
            # which of two is meant by a name of the template cannot be told; any other is told apart by its number
            if normalised(found) in fields.COLUMNS:
                raise Refused(f"{name}, row {plan.header_row}: two columns have the same name ({seen[normalised(found)]!r} and {found!r}). "
                              "Rename or remove one of them.")
            first, again = found, 2
            while normalised(found) in seen:
                found, again = f"{first} ({again})", again + 1
            renamed.append(found)
        seen[normalised(found)] = found
    said = [f"{counted(len(renamed), 'column')} with the name of an earlier one, told apart by a number: {', '.join(renamed)}."] if renamed else []
    return list(seen.values()), said


def _assembled(texts: list[pyarrow.ChunkedArray | None], ragged: dict[int, list[str]], plan: Layout, header: list[str], empty: Tabular) -> Tabular:
    count, last = len(texts[0]) + len(ragged), plan.last_row
    above = last - sum(number <= last for number in ragged)
    # a line without anything between its delimiters, or of spaces, is as blank as an empty one; so is a blank line in a file of one column
    odd = {number: cells for number, cells in ragged.items() if number > last and not is_blank(cells)}
    fitting = np.ones(count + 1, bool)
    fitting[:last + 1] = False
    fitting[list(ragged)] = False
    rows = np.concatenate([np.flatnonzero(fitting), np.fromiter(odd, np.int64, len(odd))])
    order = pyarrow.array(np.argsort(rows, kind="stable")) if odd else None

    def encoded(position: int) -> pyarrow.DictionaryArray:
        chunks, texts[position] = texts[position].slice(above).chunks, None  # the plain texts go as soon as they are encoded
        if odd:
            chunks.append(pyarrow.array([row[position] if position < len(row) else "" for row in odd.values()], pyarrow.string()))
        column = pyarrow.chunked_array(chunks, pyarrow.string()).dictionary_encode().combine_chunks()
        del chunks
        if order is not None:
            column = column.take(order)
        longest = compute.max(compute.utf8_length(column.dictionary)).as_py() or 0
        if longest > LONGEST_CELL:
            raise Refused(f"{empty.name}, column {header[position]}: a cell holds {longest:,} characters. At most {LONGEST_CELL:,} can be kept.")
        if compute.any(compute.starts_with(column.dictionary, "'")).as_py():
            column = pyarrow.DictionaryArray.from_arrays(column.indices, sheet.restored_column(column.dictionary))
        return column

    with ThreadPoolExecutor(max_workers=2) as pool:
        columns = list(pool.map(encoded, range(len(header))))
    rows = np.sort(rows).astype(np.int32)
    # cells beyond the header are in no column
    kept = ~nonrecords.blank(columns) | np.isin(rows, list(odd))
    if not kept.all():
        columns, rows = [column.take(pyarrow.array(np.flatnonzero(kept))) for column in columns], rows[kept]
    odd = {int(np.searchsorted(rows, number)): [sheet.restored(cell) for cell in cells] for number, cells in odd.items()}
    return _trimmed(columns, rows, odd, plan, header, empty)


def _trimmed(columns: list[pyarrow.DictionaryArray], rows: np.ndarray, odd: dict[int, list[str]], plan: Layout, header: list[str],
             empty: Tabular) -> Tabular:
    """Without the rows that are no records, and the columns that are none."""
    left_out = {reason: np.array(numbers, np.int32) for reason, numbers in plan.left_out.items()}
    notes = list(empty.notes)
    # cells beyond the header, where records usually end in blank ones
    for position in np.flatnonzero(~nonrecords.blank(columns[len(plan.cells):])) if plan.width > len(plan.cells) else ():
        odd.setdefault(int(position), [column[int(position)].as_py() for column in columns])
    found = nonrecords.found(columns, [sheet.restored(cell.strip()) for cell in plan.cells], list(odd)) if len(rows) else {}
    left_out |= {reason: rows[at] for reason, at in found.items()}
    if found:
        kept = np.setdiff1d(np.arange(len(rows)), np.concatenate(list(found.values())))
        # encoded anew, so that what is left out is no value of the column any more
        columns = [column.take(pyarrow.array(kept)).cast(pyarrow.string()).dictionary_encode() for column in columns]
        place = dict(zip(kept.tolist(), range(len(kept)), strict=True))
        rows, odd = rows[kept], {place[position]: cells for position, cells in odd.items() if position in place}
    # with no rows there is nothing to tell by
    real = [position for position in range(len(plan.cells))
            if plan.cells[position].strip() or not len(rows) or not nonrecords.blank([columns[position]]).all()]
    if len(real) < len(plan.cells):
        notes.append(f"{counted(len(plan.cells) - len(real), 'column')} without a name and without any value left out.")
    ragged = {position: [cell for number, cell in enumerate(cells) if number in real or number >= len(plan.cells)] for position, cells in odd.items()}
    ragged = {position: cells for position, cells in ragged.items()
              if len(cells) < len(real) or len(odd[position]) > plan.width or not is_blank(cells[len(real):])}
    names = tuple(header[position] for position in real)
    return replace(empty, header=names, columns=dict(zip(names, (columns[position] for position in real), strict=True)), rows=rows, ragged=ragged,
                   labels={header[position]: label for position, label in plan.labels.items() if position in real}, left_out=left_out, notes=tuple(notes))
