"""What an evaluation has read, before any rule is asked: the entries, and TEMP tables made of them that all rules share."""
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

from sqlalchemy import ColumnElement, Connection, FromClause, Insert, Select, Table, select
from sqlalchemy.sql.base import WriteableColumnCollection

from dashboard import database
from dashboard.rules.conditions import Condition
from dashboard.rules.marks import Marked
from dashboard.rules.record import said, spelled

RECENT = 14  # days up to a patient's last entry: what was said in them decides whether somebody was assessed lately


class Script:
    """TEMP tables to be filled one after the other. Written once and run often: rules take longer to spell out than a few patients to
    look at."""

    def __init__(self) -> None:
        self._steps: list[tuple[Table | None, Insert]] = []

    def store(self, name: str, statement: Select) -> FromClause:
        stored, rows = database.temporary(name, statement)
        self._steps.append((stored, rows))
        return stored

    def add(self, stored: Table, statement: Select) -> None:
        """More rows."""
        self._steps.append((None, stored.insert().from_select([c.name for c in stored.c], statement)))

    def run(self, connection: Connection) -> None:
        for stored, rows in self._steps:
            if stored is None:
                connection.execute(rows)
            else:
                database.fill(connection, stored, rows)


@dataclass(frozen=True)
class Entries:
    """Entries as records of one, with these columns of `compile.said`. Raw ones are spelled out after a join and not before it: at
    millions of entries each expression counts."""
    rows: FromClause
    columns: tuple[str, ...]
    raw: bool

    def where(self, which: Callable[[FromClause], ColumnElement[bool]]) -> FromClause:
        """Those of which it is true; asked before anything else of them is spelled out."""
        if not self.raw:
            return select(self.rows).where(which(self.rows)).subquery()
        entry = SimpleNamespace(c=WriteableColumnCollection(spelled(self.rows).items()))
        return said(select(self.rows).where(which(entry)).subquery(), self.columns).subquery()

    def everything(self) -> FromClause:
        return said(self.rows, self.columns).subquery() if self.raw else self.rows

    def joined(self, other: FromClause, on: ColumnElement[bool], keep: Sequence[ColumnElement] = ()) -> FromClause:
        """Those that something else goes with; `on` reads `rows`, of which patient and day are always there."""
        both = select(self.rows, *keep).join(other, on).subquery()
        return said(both, self.columns, tuple(column.name for column in keep)).subquery() if self.raw else both


@dataclass(frozen=True)
class Seen:
    """One record a patient; the few entries with a finding; the entries of each patient's last days (`ago` before the last entry); the
    current episodes (patient, episode, at_least, as_of), their entries, and of these the diary days at either end; what usually lies
    between the diary days of those who fell silent (patient, median; nobody with a single day); the entries of patients with something in
    their history that rules ask about; what other rules came to; what conditions come to around their
    anchors (`history.windows`)."""
    entries: Entries
    records: Table
    findings: Marked
    recent: FromClause
    days: int  # how many `recent` has
    episodes: Table
    in_episode: FromClause
    diary: Table | None
    recent_day: Table | None
    gaps: Table | None
    of_known: Marked | None
    met: Table
    bits: tuple[tuple[str, int], ...]
    windows: Mapping[Condition, ColumnElement[bool]] = field(default_factory=dict)

    def last_days(self, days: int) -> FromClause:
        """The entries of the days up to a patient's last one; at most `days` of this object."""
        return select(self.recent).where(self.recent.c.ago < days).subquery() if days < self.days else self.recent
