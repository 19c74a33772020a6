"""The data-quality alerts of the clinical reference: what each is about, what it looks at, and what it cannot see."""
from dataclasses import dataclass

from dashboard.status import STALE


@dataclass(frozen=True)
class Alert:
    """`reads`: "entries", "rows" stopped at import, or both."""
    code: str
    title: str
    reads: tuple[str, ...]
    checked: str
    not_checked: str


ALERTS = (
    Alert("Q01", "Red flag never answered in an upload", ("entries",),
          "For each source and batch, every red flag that not one live entry answers with yes or no. Fever counts as answered where a temperature is given.",
          "A column that was absent can't be told from one that was blank in every row: either way nobody was asked as far as the diaries say. "
          "Rows that were not loaded are not looked at."),
    Alert("Q02", "Value in a red-flag column that no mapping knows", ("rows",),
          "Rows that were not loaded because a red-flag column holds something other than yes, no, blank or a value of the mapping. No such row is loaded.",
          "A value that somebody mapped to the wrong answer. In files with one row a reading, the column doesn't say which symptom an unreadable value is "
          "about; there, all that should be yes or no are counted."),
    Alert("Q03", "Severity that is no number, or off its scale", ("rows",),
          "Rows that were not loaded because severity, worst or least severity is no number, or lies outside the scale of 0 to 10 or the one that the mapping "
          "declares. No such row is ever loaded, and nothing is rescaled by guess.",
          "A severity on a wrong scale that happens to lie within 0 to 10, such as a 0 to 100 slider kept low. In files with one row a reading, every "
          "unreadable number is counted."),
    Alert("Q04", f"Source with no entry for more than {STALE} days", ("entries",),
          f"Sources whose newest live entry is more than {STALE} days before the as-of date; with all their patients and entries.",
          "Whether the source has newer entries that were not exported, and sources that never sent an entry up to the as-of date."),
    Alert("Q05", "Repeated or future-dated entry", ("entries", "rows"),
          "Live entries of one patient at the very same time that say different things, or carry different ids; live entries dated after the as-of date; "
          "rows that were not loaded because of a date in the future. Of entries with a date only, two on one day stand at the same time.",
          "Exact copies of an entry: the import leaves them out, and counts them in its history. Entries that tell of the same event at different times."),
    Alert("Q06", "Onset after the entry, or negative duration", ("entries", "rows"),
          "Rows that were not loaded because the onset lies after the entry, or a bout lasts less than nothing; and live entries of which this is true, of "
          "which the import lets none through.",
          "An onset that is wrong but lies before the entry. A duration that the source counts in another unit than the mapping says."),
    Alert("Q07", "One patient id in several sources", ("entries",),
          "Patients with the same id in several sources, and ids that differ only in leading zeros or in capitals, within a source too. They are kept apart "
          "as different patients.",
          "Whether they are one person: nothing in the diaries can tell. One person under two different ids, and one id that a source gave to two people."))
OF = {alert.code: alert for alert in ALERTS}
