"""A clinic that goes by some of the shipped rules: it sends diaries through the real importer, evaluates, acts, and looks at what came of it."""
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache

from sqlalchemy import Engine, Table, select

from dashboard import audit, cohort, database, triage
from dashboard.days import day_of
from dashboard.imports import commit, plan, tabular, undo
from dashboard.rules import definition, flags
from dashboard.schema import flag, metadata, patient, patient_outcome, rule_set, triage_action
from tests import databases
from tests.canonical import Row, written

TODAY = day_of(date(2026, 4, 1))
AT = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
BY = "R. Okafor"
RULES = ("E05", "U02", "R01", "R02")


shipped = cache(definition.load)
_begun: dict[tuple, dict[Table, list]] = {}


class Clinic:
    """`today` is the day on which everything happens; it moves when a test says so. `at` moves by a minute with every event."""

    def __init__(self, engine: Engine, rules: tuple[str, ...] = RULES) -> None:
        self.engine, self.rules, self.today, self.at = engine, rules, TODAY, AT
        document = definition.document(tuple(rule for rule in shipped() if rule.rule_id in rules))
        with database.writing(engine) as connection:
            connection.execute(rule_set.insert().values(version=1, digest="tests", document=document, shipped=True, event=audit.next_event(connection)))
            audit.record(connection, "rule_set_activated", by=BY, at=AT, subject="1", reason="tests")

    def moment(self) -> dict:
        self.at += timedelta(minutes=1)
        return {"by": BY, "at": self.at}

    def planned(self, *rows: Row) -> plan.ImportPlan:
        with self.engine.connect() as connection:
            return plan.plan(connection, tabular.read(written(*rows).encode(), "diary.csv"), today=self.today)

    def sends(self, *rows: Row) -> dict:
        """Imported and evaluated; the receipt."""
        return commit.commit_and_evaluate(self.engine, self.planned(*rows), today=self.today, **self.moment()).as_dict()

    def begins(self, *rows: Row) -> None:
        """As `sends`, into a clinic that has nothing yet, of diaries that many tests begin with: evaluated once an engine, and copied
        for the others."""
        assert not self.live()
        beginning = self.engine.dialect.name, self.rules, self.today, written(*rows)
        if beginning not in _begun:
            self.sends(*rows)
            with self.engine.connect() as connection:
                _begun[beginning] = {table: list(connection.execute(select(table)).mappings()) for table in metadata.sorted_tables}
            return
        self.moment()
        databases.empty(self.engine)
        with self.engine.begin() as connection:
            for table, kept in _begun[beginning].items():
                if kept:
                    connection.execute(table.insert(), kept)

    def stores(self, *rows: Row, demo: bool = False) -> int:
        """Imported only, as if the process had died before the evaluation; the batch."""
        return commit.commit(self.engine, self.planned(*rows), demo=demo, **self.moment()).batch

    def undoes(self, batch: int) -> dict:
        return undo.undo_and_evaluate(self.engine, batch, today=self.today, **self.moment())

    def evaluates(self, as_of: int | None = None, everybody: bool = True) -> dict:
        return flags.store(self.engine, as_of=self.today if as_of is None else as_of, everybody=everybody, **self.moment())

    def days_pass(self, days: int) -> None:
        self.today += days
        self.at += timedelta(days=days)

    def acts(self, kind: str, *rules: str, patient_id: str = "1", seen: Mapping[int, int] | None = None, by: str = BY, **details: object) -> int:
        """On the newest flags of these rules, of one patient; `seen` are flags with versions that somebody has on the screen."""
        seen = seen or {row["flag"]: row["version"] for row in (self.flag(rule, patient_id) for rule in rules)}
        return triage.act(self.engine, seen, triage.Action(kind, **details), today=self.today, **self.moment() | {"by": by})

    def closes(self, *rules: str, outcome: str = "same_day_visit", text: str = "seen today", **details: object) -> int:
        return self.acts("close", *rules, outcome=outcome, text=text, **details)

    def rows(self, table: Table = flag) -> list[dict]:
        order = {flag: flag.c.flag, triage_action: triage_action.c.action, patient_outcome: patient_outcome.c.patient}
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(select(table).order_by(order.get(table, next(iter(table.c))))).mappings()]

    def live(self) -> list[int]:
        with self.engine.connect() as connection:
            return cohort.live_batches(connection)

    def number(self, patient_id: str) -> int:
        with self.engine.connect() as connection:
            return int(connection.scalar(select(patient.c.patient).where(patient.c.patient_id == patient_id)))

    def flags(self, rule: str, patient_id: str = "1") -> list[dict]:
        mine = self.number(patient_id)
        return [row for row in self.rows() if (row["rule_id"], row["patient"]) == (rule, mine)]

    def flag(self, rule: str, patient_id: str = "1") -> dict:
        return self.flags(rule, patient_id)[-1]

    def status(self, rule: str, patient_id: str = "1") -> str:
        return self.flag(rule, patient_id)["status"]

    def done(self, rule: str, patient_id: str = "1") -> list[str]:
        """What was done about the newest flag of a rule, oldest first."""
        mine = self.flag(rule, patient_id)["flag"]
        return [row["kind"] for row in self.rows(triage_action) if row["flag"] == mine]

    def buckets(self) -> dict[str, str]:
        with self.engine.connect() as connection:
            return dict(connection.execute(select(patient.c.patient_id, patient_outcome.c.bucket).join(
                patient, patient.c.patient == patient_outcome.c.patient).order_by(patient.c.patient_id)).all())


def everything(engine: Engine) -> dict[str, list[tuple]]:
    """Every row of every table, in no order that means anything."""
    with engine.connect() as connection:
        return {name: sorted(map(repr, connection.execute(select(table)))) for name, table in metadata.tables.items()}
