"""One patient over time. The database is asked once for the entries; everything else is made of that frame."""
import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from sqlalchemy import Connection, String, Text, select

from dashboard import cohort
from dashboard.codelists import ANSWERED, CHOICES, HISTORY, LISTS, LOCATION, RELIEF, SYMPTOM
from dashboard.days import date_of, spoken
from dashboard.rules import evaluate
from dashboard.rules.definition import Rule
from dashboard.schema import BIT_SETS, SCALARS, import_batch, patient_outcome

NOT_ASKED, DENIED, PRESENT = 0, 1, 2
_SHOWN = {"severity": "Severity", "worst_severity": "Worst", "least_severity": "Least", "interference": "Interference", "temperature_c": "°C",
          "onset_day": "Onset", "onset_speed": "Onset speed", "pattern": "Pattern", "trend": "Trend", "note": "Note"}
_MORE = {"entry_id": "Record id", "entered_at": "Typed at", "severity_kind": "Severity means", "bout_minutes": "Minutes a bout", "birth_year": "Birth year",
         "sex": "Sex"}
# of numbers: floats where one may be missing
_KINDS: dict[str, type] = {**dict.fromkeys(("entry", "patient", "batch", "row_number", "day", *BIT_SETS), np.int64),
                           **dict.fromkeys(("time_of_day", "utc_offset", *(name for name, kind in SCALARS if kind not in (String, Text))), float)}
_NOT_SHOWN = ("occurred_at", "superseded", "present_new", "denied_new")


def diary(connection: Connection, patient: int, as_of: int) -> pd.DataFrame:
    """Every live entry of a patient up to a day, the oldest first: columns of the door, and the file that it came in."""
    return diaries(connection, [patient], as_of)


def diaries(connection: Connection, patients: Collection[int], as_of: int) -> pd.DataFrame:
    """The same of some patients together."""
    live = cohort.entries(connection, as_of, patients=patients)
    live = live.with_only_columns(*(column for column in live.selected_columns if column.name not in _NOT_SHOWN))
    found = connection.execute(live)
    rows = sorted(found.all(), key=lambda row: (row.day, -1 if row.time_of_day is None else row.time_of_day, row.entry))
    columns = zip(*rows, strict=True) if rows else [()] * len(found.keys())
    # by the kind of each column: to have pandas find out, and put it right, takes three times as long
    made = pd.DataFrame({name: np.array(values, _KINDS[name]) if name in _KINDS else list(values) for name, values in
                         zip(found.keys(), columns, strict=True)})
    # beside the statement, not in it: a join would make it take twice as long
    files = select(import_batch.c.batch, import_batch.c.file_name).where(import_batch.c.batch.in_(sorted({row.batch for row in rows})))
    return made.assign(file_name=made["batch"].map(dict(connection.execute(files).all())))


def evidence(connection: Connection, rule: Rule, patient: int, as_of: int) -> pd.DataFrame:
    """The entries that met a rule, newest first, in words."""
    entries = cohort.entries(connection, as_of, patients=[patient])
    wanted = [row.entry for row in connection.execute(evaluate.evidence(connection, entries, rule, patient, as_of))]
    rows = diary(connection, patient, as_of)
    return in_words(rows[rows["entry"].isin(wanted)])


# --- in numbers -------------------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Person:
    """`history`: what the record says about the patient, with True where one entry says yes and another no."""
    entries: int
    first_day: int
    last_day: int
    age: int | None
    sex: str | None
    history: tuple[tuple[str, bool], ...]


def person(rows: pd.DataFrame, as_of: int) -> Person:
    """What all entries come to; there has to be one. Age is the one reached in the calendar year of the as-of date."""
    born = _newest(rows, rows["birth_year"].where(rows["birth_year"].between(1850, 2873)))
    sex = _newest(rows, rows["sex"].map(dict(zip(CHOICES["sex"], range(len(CHOICES["sex"])), strict=True))))
    present, denied = (_union(rows[f"history_{said}"]) for said in ("present", "denied"))
    return Person(
        len(rows), int(rows["day"].min()), int(rows["day"].max()), None if born is None else date_of(as_of).year - born,
        None if sex is None else list(CHOICES["sex"])[sex],
        tuple((HISTORY.label[code], bool(denied >> HISTORY.bit[code] & 1)) for code in HISTORY.codes(present)))


def _newest(rows: pd.DataFrame, values: pd.Series) -> int | None:
    """As people.newest: of two at the very same moment the larger value."""
    said = [((day, -1 if pd.isna(time) else time), value) for day, time, value in zip(rows["day"], rows["time_of_day"], values, strict=True) if value == value]
    return int(max(said)[1]) if said else None


def places_by_month(rows: pd.DataFrame, most: int) -> list[tuple[str, pd.DataFrame]]:
    """Where it hurt in each of the last months in which the patient said where, the oldest first: the month, and its entries as
    distributions.locations counts them."""
    month = rows["day"].to_numpy("datetime64[D]").astype("datetime64[M]")
    asked = (rows["answered"].to_numpy(np.int64) & ANSWERED.bits(["locations"])) != 0
    bits = np.array([LOCATION.bit[code] for code in LOCATION.label])
    found = []
    for period in np.unique(month[asked])[-most:]:
        said = rows["locations"].to_numpy(np.int64)[asked & (month == period)]
        n = [*(said[:, None] >> bits & 1).sum(axis=0).tolist(), int((said == 0).sum())]
        found.append((f"{period.item():%b %Y}", pd.DataFrame({
            "code": [*LOCATION.label, "none"], "label": [*LOCATION.label.values(), "None"], "n": n, "answered": len(said),
            "not_recorded": int((month == period).sum()) - len(said)})))
    return found


def _union(bits: pd.Series) -> int:
    return int(np.bitwise_or.reduce(bits.to_numpy(np.int64))) if len(bits) else 0


def severity_by_day(rows: pd.DataFrame) -> pd.DataFrame:
    """day, severity (mean of the day's entries), worst; only days with a score. In numpy: grouping frames takes ten times as long."""
    days, first = np.unique(rows["day"].to_numpy(), return_index=True)
    if not len(days):
        return pd.DataFrame({"day": days, "severity": [], "worst": []})
    scores, worst = rows["severity"].to_numpy(float), np.fmax.reduceat(rows["worst_severity"].to_numpy(float), first)
    n = np.add.reduceat(~np.isnan(scores), first, dtype=float)
    mean = np.divide(np.add.reduceat(np.nan_to_num(scores), first), n, out=np.full(len(days), np.nan), where=n > 0)
    return pd.DataFrame({"day": days, "severity": mean, "worst": worst})[(n > 0) | ~np.isnan(worst)].reset_index(drop=True)


def symptoms_by_day(rows: pd.DataFrame) -> pd.DataFrame:
    """For each day with an entry, and each symptom that was ever answered, PRESENT, DENIED or NOT_ASKED. What was ever present comes
    first, the newest of it on top."""
    days = np.sort(rows["day"].unique())
    place = np.searchsorted(days, rows["day"].to_numpy())
    present, denied = np.zeros(len(days), np.int64), np.zeros(len(days), np.int64)
    np.bitwise_or.at(present, place, rows["symptoms_present"].to_numpy(np.int64))
    np.bitwise_or.at(denied, place, rows["symptoms_denied"].to_numpy(np.int64))
    made = {}
    for code, bit in SYMPTOM.bit.items():
        states = np.where(present >> bit & 1, PRESENT, np.where(denied >> bit & 1, DENIED, NOT_ASKED))
        if states.any():
            made[code] = states
    last = {code: int(days[states == PRESENT].max()) for code, states in made.items() if (states == PRESENT).any()}
    order = [*sorted(last, key=last.get, reverse=True), *(code for code in made if code not in last)]
    return pd.DataFrame({code: made[code] for code in order}, index=pd.Index(days, name="day"))


def relief(rows: pd.DataFrame) -> pd.DataFrame:
    """label, tried, helped, help_not_recorded in entries, of each treatment ever tried, what was tried most first. What helped was
    tried; a blank is not a no."""
    tried, helped = (rows[f"relief_{said}"].to_numpy(np.int64) for said in ("tried", "helped"))
    known = rows["answered"].to_numpy(np.int64) & ANSWERED.bits(("relief_helped",)) != 0
    made = []
    for code in RELIEF.codes(_union(rows["relief_tried"]) | _union(rows["relief_helped"])):
        did, good = (said >> RELIEF.bit[code] & 1 == 1 for said in (tried, helped))
        if code not in RELIEF.group("nothing"):
            made.append((RELIEF.label[code], int((did | good).sum()), int(good.sum()), int((did & ~good & ~known).sum())))
    made.sort(key=lambda row: -row[1])
    return pd.DataFrame(made, columns=["label", "tried", "helped", "help_not_recorded"])


def notes(rows: pd.DataFrame) -> list[tuple[int, str]]:
    """What the patient wrote, the newest first: (day, text)."""
    said = rows[rows["note"].notna()].iloc[::-1]
    return list(zip(said["day"].astype(int), said["note"], strict=True))


def standing(connection: Connection, patient: int) -> dict | None:
    """bucket, tier, cannot_assess (bits over rules) as the last evaluation left them; None before the first."""
    o = patient_outcome.c
    found = connection.execute(select(o.bucket, o.tier, o.cannot_assess).where(o.patient == int(patient))).mappings().first()
    return dict(found) if found else None


# --- in words ---------------------------------------------------------------------------------------------------------------------

def in_words(rows: pd.DataFrame) -> pd.DataFrame:
    """Entries as a person reads them, the newest first: only columns in which something was said, then file and row."""
    rows = rows.iloc[::-1]
    made = _spelled(rows)
    return pd.DataFrame({name: [text or "" for text in texts] for name, texts in made.items() if any(texts)}, index=range(len(rows)))


def _spelled(rows: pd.DataFrame) -> dict[str, list[str | None]]:
    """A column at a time; what was left blank is None."""
    made = {"When": [spoken(day) + ("" if pd.isna(time) else f" {_clock(time)}") for day, time in zip(rows["day"], rows["time_of_day"], strict=True)]}
    made["Reported"] = _listed("symptoms", rows["symptoms_present"])
    made |= {_titled(name): _listed(name, rows[name]) for name in LISTS}
    made |= {label: _values(name, rows[name]) for name, label in _SHOWN.items()}
    made["Denied"] = _listed("symptoms", rows["symptoms_denied"])
    made["History"] = _listed("history", rows["history_present"])
    made["Written in"] = [f"{file}, row {row:,}" for file, row in zip(rows["file_name"], rows["row_number"], strict=True)]
    return made


def in_full(rows: pd.DataFrame, entry: int) -> tuple[dict[str, str], list[str], dict[str, str]]:
    """Every field of one of the entries that says something; the names of the others; and what the mapping did not carry, as it was written."""
    one = rows[rows["entry"] == entry]
    row = one.iloc[0]
    said = {name: texts[0] for name, texts in _spelled(one).items()}
    zone = "" if pd.isna(row["utc_offset"]) else f" ({_offset(row['utc_offset'])})"
    answered = ANSWERED.codes(row["answered"])
    unasked = ~int(row["symptoms_present"] | row["symptoms_denied"]) & SYMPTOM.all_bits
    fields = {"When": f"{said.pop('When')}{zone}, {CHOICES['precision'][row['precision']].lower()}", "Reported": said.pop("Reported"),
              "Denied": said.pop("Denied"), "Not asked": _labels("symptoms", unasked), "History: yes": said.pop("History"),
              "History: no": _labels("history", int(row["history_denied"]))}
    written = said.pop("Written in")
    fields |= said | {_titled(name): "None" for name in LISTS if name in answered and not said[_titled(name)]}
    fields |= {label: _values(name, one[name])[0] for name, label in _MORE.items()} | {"Written in": written}
    unmapped = json.loads(row["unmapped"]) if isinstance(row["unmapped"], str) else {}
    return ({name: text for name, text in fields.items() if text}, [name for name, text in fields.items() if not text],
            {name: str(text) for name, text in unmapped.items()})


def _titled(name: str) -> str:
    return name.replace("_", " ").capitalize()


# many entries say the same; spelled out by name because hashing a whole codelist is slow
@lru_cache(maxsize=4096)
def _labels(name: str, bits: int) -> str | None:
    codelist = {"symptoms": SYMPTOM, "history": HISTORY, **LISTS}[name]
    return ", ".join(codelist.labels(bits)) or None


def _listed(name: str, bits: pd.Series) -> list[str | None]:
    return [_labels(name, found) for found in bits.tolist()]


def _values(name: str, values: pd.Series) -> list[str | None]:
    spell = (lambda day: spoken(int(day))) if name == "onset_day" else (lambda value: f"{value:g}" if isinstance(value, float) else CHOICES.get(name, {}).get(
        value, str(value)))
    return [None if pd.isna(value) else spell(value) for value in values.tolist()]


def _clock(microseconds: float) -> str:
    minutes = int(microseconds) // 60_000_000
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _offset(minutes: float) -> str:
    hours, rest = divmod(abs(int(minutes)), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"
