"""What every page says about itself: as of when, on whose data, by which rules, and what is missing."""
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from dashboard import cohort
from dashboard.days import spoken
from dashboard.rules import active, flags
from dashboard.schema import import_batch
from dashboard.wording import counted

OLD, STALE = 7, 14  # days between the data and the as-of date; clinical reference 3.6, hazard 3
DISCLAIMER = ("For review of submitted diaries. Not an emergency service, not monitored. "
              "Absence of a highlight does not mean absence of risk.")


@dataclass(frozen=True)
class Status:
    as_of: int
    through: dict[str, int]  # source -> its last day
    patients: int
    entries: int
    rule_set: int
    demo_batches: tuple[int, ...]
    only_demo: bool
    pending: bool  # something changed that no evaluation has seen
    due: bool  # that, or the day has turned since the last evaluation
    failed_rules: tuple[str, ...]
    waiting_rule_sets: tuple[int, ...]
    known_at: int | None = None  # where a page looks at what was known then

    @property
    def oldest(self) -> int | None:
        return min(self.through.values(), default=None)

    @property
    def age(self) -> int:
        """Days between the oldest source's last entry and the as-of date."""
        return 0 if self.oldest is None else self.as_of - self.oldest

    @property
    def times(self) -> dict[str, int | None]:
        """What every question about diary rows is asked with."""
        return {"as_of": self.as_of, "known_at": self.known_at}

    @property
    def is_empty(self) -> bool:
        return self.patients == 0


def read(connection: Connection, today: int) -> Status:
    as_of = flags.current_as_of(connection, today)
    e = cohort.entries(connection, as_of).subquery()
    live = select(import_batch.c.batch, import_batch.c.demo).where(import_batch.c.undone_event.is_(None)).order_by(import_batch.c.batch)
    demo = dict(connection.execute(live).all())
    done = flags.last(connection)
    return Status(
        as_of=as_of, through=cohort.data_through(connection, as_of),
        patients=int(connection.scalar(select(func.count()).select_from(cohort.patients().subquery()))),
        entries=int(connection.scalar(select(func.count()).select_from(e))), rule_set=active.active_version(connection),
        demo_batches=tuple(batch for batch, is_demo in demo.items() if is_demo), only_demo=bool(demo) and all(demo.values()),
        pending=flags.is_pending(connection), due=flags.is_due(connection, today),
        failed_rules=tuple(done["failed_rules"]) if done else (), waiting_rule_sets=tuple(active.waiting(connection)))


def line(status: Status) -> str:
    """The first part of the status line, without what is urgent about it."""
    if status.is_empty:
        return f"As of {spoken(status.as_of)} · no diaries yet · rules v{status.rule_set}"
    through = f"data through {spoken(status.oldest)} (oldest source)" if status.oldest is not None else "no entry by this date"
    return (f"As of {spoken(status.as_of)} · {through} · {counted(status.patients, 'patient')}, {counted(status.entries, 'entry')}, "
            f"{counted(len(status.through), 'source')} · rules v{status.rule_set}")


PENDING = "A change is not evaluated yet. Nobody can be taken as clear until it is."


def failed(status: Status) -> tuple[str, str]:
    """Which rules could not be evaluated, and what that means; blank for none."""
    if not status.failed_rules:
        return "", ""
    return (f"{', '.join(status.failed_rules)} could not be evaluated.",
            f"Nobody is clear of {'it' if len(status.failed_rules) == 1 else 'them'}; the other rules stand.")


def doubts(status: Status) -> list[str]:
    """What a page taken along has to say as the screen does."""
    old = f"The oldest source is {status.age} days old." if status.age > OLD else ""
    return [*filter(None, (old, PENDING if status.pending else "", " ".join(failed(status)).strip()))]
