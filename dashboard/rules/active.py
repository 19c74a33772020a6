"""Which rule set is in force, and was when: versions are kept for ever, activations are events."""
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from dashboard import audit, database
from dashboard.errors import Conflict, NotFound, Refused
from dashboard.rules.definition import FOLDER, Rule, RuleSet, digest, document, from_document, load
from dashboard.rules.parameters import compared
from dashboard.schema import audit_event, rule_set

SYSTEM = "system"


def record_shipped(engine: Engine, *, at: datetime) -> bool:
    """Keeps the rule files that came with this release as a version, where they are new. The first ever is activated by `system`;
    later ones wait for a person. True if a version was added."""
    text = document(load(FOLDER))
    known = select(rule_set.c.digest).where(rule_set.c.digest == digest(text))
    with engine.connect() as connection:
        if connection.scalar(known):
            return False
    with database.writing(engine) as connection:
        if connection.scalar(known):  # another process that started at the same time was first
            return False
        version = database.next_number(connection, rule_set.c.version)
        connection.execute(rule_set.insert().values(version=version, digest=digest(text), document=text, shipped=True, event=audit.next_event(connection)))
        audit.record(connection, "rule_set_recorded", by=SYSTEM, at=at, subject=str(version), reason="shipped")
        if version == 1:
            audit.record(connection, "rule_set_activated", by=SYSTEM, at=at, subject="1", reason="shipped")
    return True


def activate(engine: Engine, version: int, *, by: str, at: datetime, reason: str) -> int:
    """Puts a recorded rule set in force; the one before it stays on record. Returns the event. Flags follow with the next evaluation."""
    if not reason.strip():
        raise Refused("Say why: the reason stays beside the activation.")
    with database.writing(engine) as connection:
        if version not in versions(connection):
            raise NotFound(f"There is no rule set {version}.")
        if version == active_version(connection):
            raise Conflict(f"Rule set {version} is in force already.")
        return audit.record(connection, "rule_set_activated", by=by, at=at, subject=str(version), reason=reason.strip())


def adopt(engine: Engine, rules: tuple[Rule, ...], *, by: str, at: datetime, reason: str, seen: int | None = None) -> int:
    """Puts these rules in force: the version that says the same, or a new one. Returns the version. What changed stands in the event. `seen`:
    the version that they were compared with; Conflict where another is in force by now."""
    if not reason.strip():
        raise Refused("Say why: the reason stays beside the activation.")
    with database.writing(engine) as connection:
        now = current(connection)
        if seen not in (None, now.version):
            raise Conflict(f"Somebody put rule set {now.version} in force since. Nothing was changed; look at the difference again.")
        text = document(numbered(connection, rules))
        version = connection.scalar(select(rule_set.c.version).where(rule_set.c.document == text).order_by(rule_set.c.version).limit(1))
        if version == now.version:
            raise Conflict(f"Rule set {version} is in force already, and says the same.")
        if version is None:
            version = database.next_number(connection, rule_set.c.version)
            connection.execute(rule_set.insert().values(
                version=version, digest=digest(text), document=text, shipped=False, event=audit.next_event(connection)))
            audit.record(connection, "rule_set_recorded", by=by, at=at, subject=str(version))
        audit.record(connection, "rule_set_activated", by=by, at=at, subject=str(version), reason=reason.strip(), changes=compared(now.rules, rules))
    return int(version)


def numbered(connection: Connection, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """With the version of each rule: that of the recorded one that says the same, else one more than any had."""
    known: dict[str, list[Rule]] = {}
    for text in connection.scalars(select(rule_set.c.document).order_by(rule_set.c.version)):
        for rule in from_document(text):
            known.setdefault(rule.rule_id, []).append(rule)

    def of(rule: Rule) -> Rule:
        alike = [one.version for one in known.get(rule.rule_id, ()) if replace(one, version=rule.version) == rule]
        return replace(rule, version=alike[-1] if alike else 1 + max((one.version for one in known.get(rule.rule_id, ())), default=rule.version - 1))
    return tuple(of(rule) for rule in rules)


def sets(connection: Connection) -> list[RuleSet]:
    """Every rule set on record, the oldest first."""
    found = connection.execute(select(rule_set.c.version, rule_set.c.document).order_by(rule_set.c.version))
    return [RuleSet(int(version), from_document(text)) for version, text in found]


def of_version(connection: Connection, version: int) -> RuleSet:
    """Any rule set on record. Raises NotFound."""
    text = connection.scalar(select(rule_set.c.document).where(rule_set.c.version == int(version)))
    if text is None:
        raise NotFound(f"There is no rule set {version}.")
    return RuleSet(int(version), from_document(text))


def versions(connection: Connection) -> list[int]:
    return list(connection.scalars(select(rule_set.c.version).order_by(rule_set.c.version)))


def active_version(connection: Connection, known_at: int | None = None) -> int:
    """The version activated last, up to an event. Raises NotFound on a database without rules."""
    found = select(audit_event.c.subject).where(audit_event.c.kind == "rule_set_activated").order_by(audit_event.c.event.desc()).limit(1)
    version = connection.scalar(found if known_at is None else found.where(audit_event.c.event <= known_at))
    if version is None:
        raise NotFound("No rule set was active then.")
    return int(version)


def current(connection: Connection, known_at: int | None = None) -> RuleSet:
    """The rules in force."""
    return of_version(connection, active_version(connection, known_at))


def waiting(connection: Connection) -> list[int]:
    """Versions that came with a release after the one in force and were never activated."""
    versions = set(connection.scalars(select(rule_set.c.version).where(rule_set.c.shipped)))
    seen = {int(subject) for subject in connection.scalars(select(audit_event.c.subject).where(audit_event.c.kind == "rule_set_activated"))}
    return sorted(version for version in versions - seen if version > active_version(connection))
