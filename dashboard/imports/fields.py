"""The canonical columns: their order, and what each may hold."""
from dashboard.codelists import CHOICES, HISTORY, LISTS, SYMPTOM
from dashboard.imports.cells import Parser, a_choice, a_day, a_moment, a_number, a_set, a_year, yes_or_no

SCORES = ("severity", "worst_severity", "least_severity", "interference")
NEEDED = ("patient_id", "recorded_at")
WHO_AND_WHEN = ("source", "patient_id", "entry_id", "recorded_at", "entered_at", "birth_year", "sex")
HOW_BAD = ("severity", "severity_kind", "worst_severity", "least_severity", "interference", "temperature_c")
WHERE_AND_WHAT = ("locations", "qualities", "radiates_to")
SINCE_WHEN = ("onset_date", "onset_speed", "pattern", "bout_minutes", "trend")
SAID = ("flare", "urgent")
RED_FLAGS = tuple(code for code in SYMPTOM.bit if code not in SAID)
RELIEF = ("relief_tried", "relief_helped", "aggravated_by")
ABOUT = tuple(HISTORY.bit)
COLUMNS = (*WHO_AND_WHEN, *HOW_BAD, *WHERE_AND_WHAT, *SINCE_WHEN, *RED_FLAGS, *SAID, "note", *RELIEF, *ABOUT)

# what a downloaded quarantine adds to a row, so that the corrected row finds the one it corrects; not part of the diary
QUARANTINED_AS = "quarantined_as"
SERVICE = (QUARANTINED_AS, "what_is_wrong", "what_would_be_right")

# a red flag proper: not the mark that they are old, nor what the patient only underlines
RED = SYMPTOM.bits(code for code in RED_FLAGS if code != "longstanding")
FEVER_FROM = 38.0


def parsers(this_year: int) -> dict[str, Parser]:
    """For every column whose cells are read one by one; ids, times, yes/no columns and the note are read elsewhere."""
    score = a_number(0, 10)
    return {
        **dict.fromkeys(SCORES, score),
        "temperature_c": a_number(30, 45, " in degrees Celsius (100.4 degrees Fahrenheit are 38.0)"),
        "bout_minutes": a_number(0, 525_600, " minutes"),
        "birth_year": a_year(1880, this_year),
        "entered_at": a_moment,
        "onset_date": a_day,
        **{name: a_choice(CHOICES[name]) for name in ("sex", "severity_kind", "onset_speed", "pattern", "trend")},
        **{name: a_set(codelist) for name, codelist in LISTS.items()},
        **dict.fromkeys((*SYMPTOM.bit, *HISTORY.bit), yes_or_no)}
