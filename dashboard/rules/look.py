"""The passes over the entries that an evaluation makes, each into a TEMP table that all rules then share."""
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, FromClause, Select, Table, and_, case, cast, false, func, literal, null, or_, select
from sqlalchemy.types import TypeEngine

from dashboard import database
from dashboard.codelists import LISTS, SYMPTOM
from dashboard.database import has
from dashboard.days import date_of
from dashboard.rules import episodes
from dashboard.rules.compile import answer, columns_read, recorded, said
from dashboard.rules.conditions import AllOf, Condition, Named, Reported, TemperatureAtLeast
from dashboard.rules.definition import Rule
from dashboard.rules.history import RECENT, Seen, windows
from dashboard.rules.over_time import SameEntry, WithinDays


@dataclass(frozen=True)
class Look:
    """`seen` is everything a patient said; `lately` only the last days of it, as if there were no other. `episodes`: patient, episode
    (onset of the current one), at_least."""
    seen: Seen
    lately: Seen
    episodes: Table


def look(connection: Connection, entries: Select, rules: tuple[Rule, ...], as_of: int, columns: dict[str, type[TypeEngine]], copy: bool) -> Look:
    """`copy` reads the entries once into a table of their own; `columns` are those of the outcome, which is made here, empty."""
    parts = tuple(dict.fromkeys(part for rule in rules for part in rule.parts))
    read = columns_read(parts)
    outcome = database.store(connection, "rule_outcome", select(*[cast(null(), kind).label(name) for name, kind in columns.items()]).where(false()))
    bits = tuple((rule.rule_id, rule.bit) for rule in rules)

    live = entries.subquery()
    everything = said(select(live).where(live.c.day <= as_of), read)
    everything = database.store(connection, "rule_entry", everything) if copy else everything.subquery()
    records = database.store(connection, "rule_record", _records(everything, read, as_of))
    # what is not read is not copied: at millions of entries each column counts
    e = everything.c
    needed = [e[name] for name in ("entry", "patient", "day", *read)]
    findings = database.store(connection, "rule_finding", select(*needed).where(_clue(parts, everything)))
    ago = records.c.last_day - e.day
    last_days = select(ago.label("ago"), *needed, e.worst, e.helped, e.pain, e.onset).join(records, records.c.patient == e.patient).where(ago < RECENT)
    recent = database.store(connection, "rule_recent", last_days)
    recent_records = database.store(connection, "rule_recent_record", _records(recent, read, as_of))
    current, episode_days = episodes.store(connection, everything, records)

    def seen(table: str, entries: FromClause, records: Table, findings: FromClause) -> Seen:
        return Seen(entries, records, findings, recent, _around(connection, table, parts, read, entries, findings), episode_days, outcome, bits)

    return Look(seen("rule_around", everything, records, findings), seen("rule_recent_around", recent, recent_records, recent), current)


def _records(entries: FromClause, read: tuple[str, ...], as_of: int) -> Select:
    e = entries.c
    return select(
        e.patient, literal(as_of).label("as_of"), literal(date_of(as_of).year).label("as_of_year"), func.max(e.day).label("last_day"),
        func.max(e.entry).label("newest"), func.min(e.onset).label("first_onset"), func.max(e.onset).label("last_onset"),
        func.max(case((and_(e.pain, e.onset.is_(None)), e.day))).label("last_open_pain"), *recorded(entries, read)).group_by(e.patient)


def _around(connection: Connection, name: str, parts: Iterable[Condition], read: tuple[str, ...], entries: FromClause,
            findings: FromClause) -> tuple[tuple[WithinDays, Table, int], ...]:
    sharing: dict[tuple[Condition, int], list[WithinDays]] = {}
    for part in parts:
        if isinstance(part, WithinDays):
            sharing.setdefault((part.anchor, part.days), []).append(part)
    around = []
    for n, conditions in enumerate(sharing.values()):
        table = database.store(connection, f"{name}_{n}", windows(conditions, read, entries, findings))
        around += [(condition, table, number) for number, condition in enumerate(conditions)]
    return tuple(around)


def _clue(parts: tuple[Condition, ...], entries: FromClause) -> ColumnElement[bool]:
    """Entries that may be a finding of some rule: few, and told by few comparisons."""
    e = entries.c
    symptoms = {symptom for part in parts if isinstance(part, Reported) for symptom in part.symptoms}
    clues = [has(e.present, SYMPTOM.bits(symptoms))] if symptoms else []
    if degrees := [part.celsius for part in parts if isinstance(part, TemperatureAtLeast)]:
        clues.append(e.temperature >= min(degrees))
    clues += [and_(*[has(e[f"list_{field}"], bits) for field, bits in fields.items()]) for fields in _told_by_lists(parts)]
    for part in parts:
        if isinstance(part, SameEntry) and not any(isinstance(inner, (Reported, Named)) for inner in part.parts):
            clues.append(answer(AllOf(part.parts), entries, {}))
    return or_(false(), *clues)


def _told_by_lists(parts: Iterable[Condition]) -> Iterator[dict[str, int]]:
    """Places and words of anchors, and of what must be said in one entry without a symptom among it; united where the same fields are
    looked at."""
    united: dict[tuple[str, ...], dict[str, int]] = {}
    looked_at = [[anchor] for part in parts if isinstance(part, WithinDays) for anchor in part.anchor.walk()]
    looked_at += [part.parts for part in parts if isinstance(part, SameEntry) and not any(isinstance(inner, Reported) for inner in part.parts)]
    for together in looked_at:
        named = {inner.field: LISTS[inner.field].bits(inner.codes) for inner in together if isinstance(inner, Named)}
        if named:
            bits = united.setdefault(tuple(sorted(named)), dict.fromkeys(named, 0))
            bits.update({field: bits[field] | wanted for field, wanted in named.items()})
    yield from united.values()
