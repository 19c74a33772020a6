"""Tables of one export that refer to each other: a form, and its repeats one row each."""
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow

from dashboard.errors import Refused
from dashboard.imports import archive
from dashboard.imports.table import Reading, Tabular, normalised
from dashboard.wording import counted

_BY = ("PARENT_KEY", "KEY")  # what ODK calls them
_Inside = Callable[[str, Reading], Tabular]


def read(members: list[str], inside: _Inside, name: str, how: Reading, most_columns: int) -> Tabular:
    """The table that is meant, with the columns of its parents."""
    if not members:
        raise Refused(f"{name}: holds no table. Expected a CSV file or an Excel workbook inside.")
    by = how.joined_by or _BY
    if how.sheet or len(members) == 1:
        member = _one(members, how.sheet, name) if how.sheet else members[0]
        child, others = inside(member, how), [each for each in members if each != member]
    elif len(members) == 2:
        pair = [inside(each, how) for each in members]
        related = [at for at in (0, 1) if _refers(pair[at], pair[1 - at], by)]
        if len(related) != 1:
            raise _undecided(members, name)
        member, child, others = members[related[0]], pair[related[0]], [members[1 - related[0]]]
    else:
        raise _undecided(members, name)
    child = replace(child, found=replace(child.found, sheet=archive.shown(member)))
    if how.join:
        parent = _one(others, how.join, name)
        return _joined(child, inside(parent, Reading()), by, archive.shown(parent), name, most_columns)
    if how.join is None and by[0] in child.columns:
        for each in others:
            if _refers(child, parent := inside(each, Reading()), by):
                return _joined(child, parent, by, archive.shown(each), name, most_columns)
    return child


def _undecided(members: list[str], name: str) -> Refused:
    return Refused(f"{name}: holds {counted(len(members), 'table')}: {archive.described(members)}. Say which to read, or import them one by one.")


def _one(members: list[str], wanted: str, name: str) -> str:
    found = [each for each in members if each == wanted] or [each for each in members if archive.shown(each) == wanted]
    if len(found) != 1:
        what = f"{len(found)} files are called" if found else "there is no table"
        raise Refused(f"{name}: {what} {wanted!r} inside. It holds {archive.described(members) or 'no other'}.")
    return found[0]


def _refers(child: Tabular, parent: Tabular, by: tuple[str, str]) -> bool:
    if by[0] not in child.columns or by[1] not in parent.columns:
        return False
    return not {text for text in child.columns[by[0]].dictionary.to_pylist() if text.strip()}.isdisjoint(parent.columns[by[1]].dictionary.to_pylist())


def _joined(child: Tabular, parent: Tabular, by: tuple[str, str], parent_name: str, name: str, most_columns: int) -> Tabular:
    """One row a child, with its parent's columns; then one row a parent without a child, so that none is lost. The rows of such
    parents are numbered on after the last row of the child's file."""
    for table, column in ((child, by[0]), (parent, by[1])):
        if column not in table.columns:
            raise Refused(f"{name}: {table.name} has no column {column!r} to join by.")
    positions = _positions(parent, by[1], parent_name, name)
    of_text = np.array([positions.get(text.strip(), -1) for text in child.columns[by[0]].dictionary.to_pylist()], np.int64)
    of_child = of_text[child.columns[by[0]].indices.to_numpy()] if len(of_text) else np.array([], np.int64)
    alone = np.setdiff1d(np.arange(len(parent.rows)), of_child)
    of_row = np.concatenate([of_child, alone])
    columns = {column: _taken(texts, np.concatenate([np.arange(len(of_child)), np.full(len(alone), -1)])) for column, texts in child.columns.items()}
    keys = parent.columns[by[1]].take(pyarrow.array(alone)).cast(pyarrow.string())
    columns[by[0]] = pyarrow.chunked_array([child.columns[by[0]].cast(pyarrow.string()), keys]).dictionary_encode().combine_chunks()
    taken, labels = {normalised(column) for column in columns}, {}
    for column, texts in parent.columns.items():
        if column == by[1]:
            continue
        own = column if normalised(column) not in taken else f"{column} ({parent_name})"
        if normalised(own) in taken:
            raise Refused(f"{name}: two columns would be called {own!r} when its tables are joined. Rename one of them.")
        taken.add(normalised(own))
        columns[own] = _taken(texts, of_row)
        labels |= {own: parent.labels[column]} if column in parent.labels else {}
    if len(columns) > most_columns:
        raise Refused(f"{name}: {len(columns):,} columns when its tables are joined. At most {most_columns:,} can be read.")
    end = int(max([1, *child.rows[-1:], *(numbers.max() for numbers in child.left_out.values())]))
    left_out = dict(child.left_out)
    for reason, numbers in parent.left_out.items():
        left_out[reason] = np.concatenate([left_out.get(reason, numbers[:0]), numbers + end])
    # a child of a parent whose cells are shifted is as doubtful as the parent
    ragged = {at: [*child.ragged.get(at, [texts[at].as_py() for texts in child.columns.values()]), *parent.ragged[int(of_row[at])]]
              for at in np.flatnonzero(np.isin(of_row[:len(of_child)], list(parent.ragged))).tolist()}
    ragged |= {len(of_child) + place: parent.ragged[at] for place, at in enumerate(alone.tolist()) if at in parent.ragged}
    shown = child.found.sheet
    notes = [f"Each row of {shown} was read with the columns of its row of {parent_name} ({by[0]} is {by[1]})."]
    if len(alone) or len(left_out) > len(child.left_out):
        notes.append(f"{counted(len(alone), 'row')} of {parent_name} without a row of {shown}, kept as rows of their own: row {end + 1} and up; "
                     f"less {end} it is the row of {parent_name}.")
    if (of_child < 0).any():
        notes.append(f"{counted(int((of_child < 0).sum()), 'row')} of {shown} without a row of {parent_name}; kept, without its columns.")
    return replace(child, header=tuple(columns), columns=columns, rows=np.concatenate([child.rows, parent.rows[alone] + end]).astype(np.int32),
                   ragged={**child.ragged, **ragged}, labels={**labels, **child.labels}, left_out=left_out,
                   found=replace(child.found, join=parent_name, joined_by=by), notes=(*child.notes, *parent.notes, *notes))


def _positions(parent: Tabular, key: str, parent_name: str, name: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for at, text in enumerate(parent.columns[key].to_pylist()):
        if text.strip() and found.setdefault(text.strip(), at) != at:
            raise Refused(f"{name}: rows {parent.rows[found[text.strip()]]} and {parent.rows[at]} of {parent_name} have the same {key}, so which of "
                          "them a row belongs to cannot be told.")
    return found


def _taken(texts: pyarrow.DictionaryArray, positions: np.ndarray) -> pyarrow.DictionaryArray:
    """The texts at these positions, blank for -1."""
    indices = texts.indices.to_numpy()
    blank = len(texts.dictionary)
    taken = np.where(positions < 0, blank, np.append(indices, blank)[positions]).astype(np.int32)
    return pyarrow.DictionaryArray.from_arrays(pyarrow.array(taken), pyarrow.concat_arrays([texts.dictionary, pyarrow.array([""], pyarrow.string())]))
