"""Every table, on both sides of the wall.

The diary side says what patients reported and what the rules make of it; the care side says what people decided and did.
No statement reads both: frames cross the wall. Names: a bare noun is our own number for a thing (`patient`, `entry`, `batch`),
`..._id` is the name its source gave it, kept as text. Days are whole days since 1970-01-01, on the patient's local calendar.

There are no keys or foreign keys on facts: uniqueness is kept by anti-joins in the one place that writes each table, because an index
makes the embedded engine's bulk loads several times slower, and distributed engines have none.
"""
from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, DateTime, Float, Integer, MetaData, SmallInteger, String, Table, Text

from dashboard.codelists import LISTS

metadata = MetaData(naming_convention={"ck": "ck_%(table_name)s_%(constraint_name)s"})


def _needed(name: str, kind: type) -> Column:
    return Column(name, kind, nullable=False)


def _bits(name: str) -> Column:
    return Column(name, BigInteger, nullable=False, default=0)


# --- diary side -------------------------------------------------------------------------------------------------------------------

source = Table("source", metadata, _needed("source", Integer), _needed("name", String))

patient = Table("patient", metadata, _needed("patient", Integer), _needed("source", Integer), _needed("patient_id", String))

# what a file did; the events say when it came and when it was taken back
import_batch = Table(
    "import_batch", metadata,
    _needed("batch", Integer), _needed("file_name", String), _needed("sha256", String), Column("mapping", Text),
    _needed("rows_in", Integer), _needed("loaded", Integer), _needed("quarantined", Integer), _needed("duplicate", Integer), _needed("left_out", Integer),
    _needed("entries", Integer), _needed("revised", Integer), _needed("repeats", Integer), _needed("demo", Boolean),
    _needed("imported_day", Integer), _needed("committed_event", BigInteger), Column("undone_event", BigInteger),
    CheckConstraint("rows_in = loaded + quarantined + duplicate + left_out", name="every_row_has_one_fate"))

# `raw` is the row as it was written (but for cells in `corrected_cell`), `problems` what is wrong with it, both JSON; a red flag in it
# stays counted until the row is fixed (its successor came with a live batch) or somebody dismisses it by name
quarantined_row = Table(
    "quarantined_row", metadata, _needed("batch", Integer), _needed("row_number", Integer), _needed("raw", Text), _needed("problems", Text),
    _needed("source", String), _needed("patient_id", String), _needed("entry_id", String), _needed("recorded_at", String),
    _bits("red_flags"), Column("fixed_by_batch", Integer), Column("dismissed_event", BigInteger))

SCALARS = (
    ("severity", Float), ("severity_kind", String), ("worst_severity", Float), ("least_severity", Float), ("interference", Float),
    ("temperature_c", Float), ("onset_day", Integer), ("onset_speed", String), ("pattern", String), ("bout_minutes", Float), ("trend", String),
    ("birth_year", SmallInteger), ("sex", String), ("entered_at", String), ("note", Text))
BIT_SETS = (*LISTS, "answered", "symptoms_present", "symptoms_denied", "history_present", "history_denied")
# what makes two entries of one patient at one time the same entry
CONTENT = (*(name for name, _ in SCALARS), *BIT_SETS, "unmapped")

diary_entry = Table(
    "diary_entry", metadata,
    _needed("entry", BigInteger), _needed("patient", Integer), _needed("batch", Integer), _needed("row_number", Integer), Column("entry_id", String),
    # when: the local day always; microseconds since local midnight unless only the date is known; minutes east of UTC and the
    # instant only where the source gave an offset. A date never becomes midnight.
    _needed("day", Integer), Column("time_of_day", BigInteger), Column("utc_offset", SmallInteger), Column("occurred_at", DateTime),
    _needed("precision", String),
    *[Column(name, kind) for name, kind in SCALARS],
    *[_bits(name) for name in BIT_SETS],
    Column("unmapped", Text),  # JSON of the columns that the mapping does not carry, as they were written
    _needed("superseded", Boolean))

# a row of a later file that says what an entry already says
duplicate_row = Table("duplicate_row", metadata, _needed("batch", Integer), _needed("row_number", Integer), _needed("entry", BigInteger))

# a cell of a file that was put right by hand before its batch was stored: what the file says there, and what was taken instead
corrected_cell = Table("corrected_cell", metadata, _needed("batch", Integer), _needed("row_number", Integer), _needed("header", String),
                       _needed("written", Text), _needed("corrected", Text))

# append-only truth behind diary_entry.superseded: an entry is superseded while any batch that superseded it is live
supersession = Table("supersession", metadata, _needed("entry", BigInteger), _needed("by_entry", BigInteger), _needed("batch", Integer))

# append-only truth behind diary_entry.batch and row_number: undoing a batch hands an entry to a live batch that repeats it
handover = Table("handover", metadata, _needed("entry", BigInteger), _needed("from_batch", Integer), _needed("from_row", Integer),
                 _needed("to_batch", Integer), _needed("to_row", Integer), _needed("event", BigInteger))

mapping = Table("mapping", metadata, _needed("mapping", Integer), _needed("source", String), _needed("signature", String), _needed("document", Text),
                _needed("event", BigInteger))

# notes in which a word list found something that a person should read: `found` is a bit set over its flags. Of every word list, how far it
# has read: what is not there up to that entry holds nothing.
note_found = Table("note_found", metadata, _needed("words", String), _needed("entry", BigInteger), _needed("patient", Integer), _bits("found"))
note_progress = Table("note_progress", metadata, _needed("words", String), _needed("through_entry", BigInteger))

# what the last evaluation made of each patient: bit sets over rules, the worst tier met (E, U, R or nothing), the bucket
patient_outcome = Table(
    "patient_outcome", metadata, _needed("patient", Integer), _needed("evaluation", Integer), _bits("met"), _bits("cannot_assess"),
    _bits("assessed_recently"), Column("tier", String), _needed("bucket", String), Column("first_evidence", Integer), Column("last_evidence", Integer),
    Column("last_day", Integer), Column("turns_on", Integer))

DIARY_SIDE = frozenset({t.name for t in metadata.sorted_tables})

# --- care side --------------------------------------------------------------------------------------------------------------------

# a version of all rules, as one JSON document; which one is active when is in the audit trail
rule_set = Table("rule_set", metadata, _needed("version", Integer), _needed("digest", String), _needed("document", Text), _needed("shipped", Boolean),
                 _needed("event", BigInteger))

evaluation = Table(
    "evaluation", metadata, _needed("evaluation", Integer), _needed("as_of", Integer), _needed("known_at", BigInteger), _needed("rule_set", Integer),
    _needed("patients", Integer), _needed("everybody", Boolean), _needed("failed_rules", Text), _needed("event", BigInteger))

# a rule met for a patient (tiers E and U: one for ever; tier R: one an episode). Status, owner and due time are what the actions
# add up to, kept here so that a list of thousands needs no fold; `version` counts changes, so that of two people one wins.
flag = Table(
    "flag", metadata, _needed("flag", Integer), _needed("patient", Integer), _needed("rule_id", String), _needed("rule_version", Integer),
    _needed("tier", String), _needed("reason", String), Column("episode_onset", Integer), _needed("first_evidence", Integer), _needed("last_evidence", Integer),
    _needed("last_entry", BigInteger),  # the newest entry among the evidence: what comes later was loaded later
    _needed("opened_evaluation", Integer),
    Column("closed_evaluation", Integer), _needed("met", Boolean), _needed("evidence_withdrawn", Boolean), _needed("status", String),
    Column("owner", String), _needed("raised_at", DateTime), Column("due_at", DateTime), Column("done_by", DateTime),
    Column("closed_at", DateTime), Column("closed_day", Integer),
    Column("outcome", String), Column("until_day", Integer), _needed("acted", Boolean), _needed("version", Integer))

triage_action = Table(
    "triage_action", metadata, _needed("action", BigInteger), _needed("flag", Integer), _needed("kind", String), _needed("by", String),
    _needed("happened_at", DateTime), Column("outcome", String), Column("assignee", String), Column("until_day", Integer), Column("text", Text),
    _needed("status_before", String),
    _needed("status_after", String), _needed("event", BigInteger),
    # of people's actions: what they found, as JSON, so that they can be taken back; and of one that takes back, which
    Column("before", Text), Column("undoes", BigInteger))

# a person has read a note, or wants it read again: the last row of an entry holds
note_read = Table("note_read", metadata, _needed("entry", BigInteger), _needed("is_read", Boolean), _needed("by", String), _needed("happened_at", DateTime),
                  _needed("event", BigInteger))

# who did what when. Times are UTC. `details` is JSON without anything a patient said.
audit_event = Table(
    "audit_event", metadata, _needed("event", BigInteger), _needed("kind", String), _needed("by", String), _needed("verified", Boolean),
    _needed("happened_at", DateTime), Column("subject", String), _needed("details", Text))

# a question under a name; a row a version, whose event says who and when. `frozen` is JSON: both times that the question was asked at, and how
# many it found. Name and retirement are those of the cohort, the same in all its versions.
saved_cohort = Table(
    "saved_cohort", metadata, _needed("cohort", Integer), _needed("name", String), _needed("version", Integer), _needed("question", Text),
    Column("frozen", Text), _needed("event", BigInteger), Column("note", Text), Column("retired_event", BigInteger))

CARE_SIDE = frozenset({t.name for t in metadata.sorted_tables} - DIARY_SIDE)
