"""The audit trail in sentences: who did what, when, to what."""
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

import pandas as pd
from sqlalchemy import Connection, Engine

from dashboard import audit, database, worklist
from dashboard.codelists import CHOICES
from dashboard.days import spoken
from dashboard.rules.active import SYSTEM
from dashboard.sheet import neutralised
from dashboard.triage import SAID
from dashboard.wording import counted, listing

KINDS = {"triage": "Triage", "import_committed": "Import", "import_undone": "Undo", "quarantine_dismissed": "Quarantine", "evaluated": "Evaluation",
         "rule_set_recorded": "New rule set", "rule_set_activated": "Rule set activated", "exported": "Export", "named": "Name",
         "mapping_remembered": "Mapping", "saved_cohort": "Saved cohort", "note_read": "Note"}
COLUMNS = ("event", "when", "by", "verified", "kind", "what")
# what the counts of an import are called, in the order in which they are said
_FATES = {"entries": "new", "revised": "revised", "duplicate": "already here", "quarantined": "in need of attention", "left_out": "left out"}
_CAUSES = {"import": " after an import", "revision": " after an import with revisions", "undo": " after an undo", "rules": " after a change of rules"}


@dataclass(frozen=True)
class Question:
    """Which events; empty means all. `since` and `before` know their time zone."""
    kinds: tuple[str, ...] = ()
    by: str | None = None
    since: datetime | None = None
    before: datetime | None = None

    def as_arguments(self) -> dict:
        return {"kinds": self.kinds, "by": self.by, "since": self.since, "before": self.before}


def lines(connection: Connection, question: Question, zone: tzinfo, limit: int | None = None, offset: int = 0) -> pd.DataFrame:
    """Newest first: event, when (in `zone`, without saying so), by, verified, kind, what (a sentence)."""
    events = audit.events(connection, **question.as_arguments(), limit=limit, offset=offset)
    patients = _patients(connection, events)
    return pd.DataFrame({
        "event": events["event"], "when": [moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None) for moment in events["happened_at"]],
        "by": events["by"], "verified": events["verified"].astype(bool), "kind": events["kind"].map(lambda kind: KINDS.get(kind, kind)),
        "what": [sentence(kind, by, subject, details, patients) for kind, by, subject, details in
                 zip(events["kind"], events["by"], events["subject"], events["details"], strict=True)]}, columns=list(COLUMNS))


def _patients(connection: Connection, events: pd.DataFrame) -> dict[str, str]:
    """Our number, as the trail has it, to the name that the source knows the patient by."""
    subjects = sorted({int(subject) for subject in events.loc[events["kind"].isin(("triage", "note_read")), "subject"].dropna()})
    found = [worklist.names(connection, subjects[first:first + 1000]) for first in range(0, len(subjects), 1000)]
    known = pd.concat(found) if found else pd.DataFrame(columns=["patient", "source", "patient_id"])
    return {str(patient): name if source == "default" else f"{name} ({source})" for patient, source, name in
            zip(known["patient"], known["source"], known["patient_id"], strict=True)}


def sentence(kind: str, by: str, subject: str | None, details: Mapping[str, object], patients: Mapping[str, str]) -> str:
    """One event in words, beginning with who did it."""
    who = {SYSTEM: "The app", audit.UNNAMED: "An unnamed reader"}.get(by, by)
    said = _SENTENCES.get(kind)
    return f"{who} {said(subject, details, patients) if said else f'{kind} {subject or str()}'.strip()}."


def _triage(subject: str | None, details: Mapping, patients: Mapping[str, str]) -> str:
    done = SAID.get(details.get("action"), details.get("action"))
    outcome = CHOICES["outcome"].get(details.get("outcome"), "")
    of = counted(details["patients"], "patient") if "patients" in details else f"patient {patients.get(subject, f'number {subject}')}"
    return (f"{done} {listing(details.get('rules', ()), 'and')} of {of}"
            + (f": {outcome[:1].lower() + outcome[1:]}" if outcome else ""))


def _imported(subject: str | None, details: Mapping, _: Mapping) -> str:
    fates = [f"{details[key]:,} {word}" for key, word in _FATES.items() if details.get(key)]
    return f"imported a file of {counted(details['rows_in'], 'row')} as batch {subject}" + (f": {', '.join(fates)}" if fates else "")


def _undone(subject: str | None, details: Mapping, _: Mapping) -> str:
    counts = {"taken back": details.get("entries", 0), "kept by other batches": sum(details.get("kept", {}).values()),
              "brought back": details.get("brought_back", 0)}
    parts = [f"{counted(number, 'entry')} {word}" for word, number in counts.items() if number]
    return f"undid batch {subject}" + (f": {', '.join(parts)}" if parts else "")


def _evaluated(subject: str | None, details: Mapping, _: Mapping) -> str:
    failed = details.get("failed_rules") or ()
    return (f"evaluated {counted(details['patients'], 'patient')}{_CAUSES.get(details.get('cause'), '')}, as of {spoken(details['as_of'])}: "
            f"{counted(details['flags_raised'], 'flag')} raised, {details['flags_closed']:,} closed"
            + (f"; {listing(failed, 'and')} could not be evaluated" if failed else "") + f" (rule set {details['rule_set']})")


def _reasoned(text: str) -> Callable[[str | None, Mapping, Mapping], str]:
    def said(subject: str | None, details: Mapping, _: Mapping) -> str:
        reason = details.get("reason")
        # this one the app gave itself: the rules came with the release
        return text.format(subject) + (", as it came with this release" if reason == "shipped" else f". Reason: {str(reason).rstrip('.')}" if reason else "")
    return said


def _dismissed(subject: str | None, details: Mapping, _: Mapping) -> str:
    return f"dismissed row {details['row']:,} of batch {subject} from quarantine. Reason: {str(details['reason']).rstrip('.')}"


def _saved(subject: str | None, details: Mapping, _: Mapping) -> str:
    done = details["action"]
    if done == "renamed":
        return f"renamed saved cohort {subject} from {details['before']} to {details['name']}"
    return f"{done} cohort {details['name']}" + (f", version {details['version']}{', frozen' if details['frozen'] else ''}" if done == "saved" else "")


def _exported(subject: str | None, details: Mapping, _: Mapping) -> str:
    counts = [counted(details[name], name[:-1]) for name in ("patients", "rows") if name in details]
    return f"downloaded {details.get('what', subject or 'a sheet')}" + (f": {', '.join(counts)}" if counts else "")


_SENTENCES: dict[str, Callable[[str | None, Mapping, Mapping], str]] = {
    "triage": _triage, "import_committed": _imported, "import_undone": _undone, "evaluated": _evaluated, "quarantine_dismissed": _dismissed,
    "rule_set_recorded": _reasoned("recorded rule set {}"), "rule_set_activated": _reasoned("activated rule set {}"), "exported": _exported,
    "note_read": lambda subject, details, patients: f"{'read' if details['is_read'] else 'put back'} {counted(details['notes'], 'note')} of patient "
                                                    f"{patients.get(subject, f'number {subject}')}",
    "named": lambda subject, details, _: "gave a name to sign with",
    "saved_cohort": _saved,
    "mapping_remembered": lambda subject, details, _: f"kept the mapping {details['name']} for files of {details['source']}"}


def sheet(made: pd.DataFrame) -> str:
    """The trail as CSV: no cell that a spreadsheet would run."""
    written = made.assign(when=[f"{moment:%Y-%m-%d %H:%M:%S}" for moment in made["when"]], verified=made["verified"].map({True: "yes", False: "no"}),
                          **{name: made[name].map(neutralised) for name in ("by", "kind", "what")})
    return written.to_csv(index=False)


def record_export(engine: Engine, what: str, *, by: str, at: datetime, **counts: int) -> int:
    """That something about patients was taken out is part of the trail, in words and with how many `patients` or `rows` it was; never who
    they are, nor what was asked. Returns the event."""
    with database.writing(engine) as connection:
        return audit.record(connection, "exported", by=by, at=at, what=what, **counts)
