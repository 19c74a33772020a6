"""What a file would do, before anybody decides. Nothing that is stored changes here."""
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pyarrow
from sqlalchemy import BigInteger, Connection, func, select, text

from dashboard import audit, database
from dashboard.imports import doubts, fates, mapping, typed
from dashboard.imports.apply import applied
from dashboard.imports.consequence import consequence
from dashboard.imports.fates import Fates
from dashboard.imports.mapping import Mapping
from dashboard.imports.planned import Consequence, ImportPlan
from dashboard.imports.tabular import Tabular
from dashboard.rules.definition import Rule
from dashboard.schema import diary_entry, import_batch

__all__ = ["Consequence", "ImportPlan", "consequence", "plan"]


def plan(connection: Connection, tabular: Tabular, how: Mapping | None = None, *, today: int, source: str | None = None,
         rules: Iterable[Rule] | None = None, as_of: int | None = None) -> ImportPlan:
    """`how` the sheet's columns become ours; without it they have to be those of the template. `today` is the day of import. With `rules`,
    the plan also says which flags it would raise and close (as of `today`, unless said)."""
    mapped = applied(tabular, how or mapping.canonical(tabular))
    rows = typed.typed(mapped, today=today, source=source)
    known_at = audit.last_data_change(connection)
    settled = fates.settled(connection, rows)
    found = ImportPlan(tabular, mapped, rows, settled, today, _same_file(connection, tabular.sha256), known_at, _kept(connection, settled),
                       doubts.disagreements(connection, mapped, rows, settled))
    if rules is not None:
        found = replace(found, consequence=consequence(connection, found, rules, today if as_of is None else as_of))
    return found


def _kept(connection: Connection, settled: Fates) -> dict[int, int]:
    """How many entries that the file repeats each stored batch has."""
    repeated = np.unique(settled.repeats_entry[settled.repeats_entry > 0])
    if not len(repeated):
        return {}
    stored = database.store_rows(connection, "repeated_entry", {"entry": BigInteger}, pyarrow.table({"entry": pyarrow.array(repeated)}))
    found = connection.execute(select(diary_entry.c.batch, func.count()).join(stored, stored.c.entry == diary_entry.c.entry).group_by(
        diary_entry.c.batch).order_by(diary_entry.c.batch)).all()
    connection.execute(text("DROP TABLE repeated_entry"))
    return {int(batch): int(number) for batch, number in found}


def _same_file(connection: Connection, sha256: str) -> int | None:
    same = select(func.min(import_batch.c.batch)).where(import_batch.c.sha256 == sha256, import_batch.c.undone_event.is_(None))
    return connection.scalar(same)
