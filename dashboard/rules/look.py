"""The passes over the entries that an evaluation makes, each into a TEMP table that all rules then share."""
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Float,
    FromClause,
    Integer,
    Select,
    String,
    Table,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
)

from dashboard import database
from dashboard.codelists import HISTORY, LISTS, SYMPTOM
from dashboard.database import has
from dashboard.days import date_of
from dashboard.rules import episodes
from dashboard.rules.change import NotResponded
from dashboard.rules.conditions import AtLeast, Condition, Named, Reported, TemperatureAtLeast
from dashboard.rules.definition import Rule
from dashboard.rules.marks import FINDINGS, Marked, alone, among, marked, sought, surely, told_by
from dashboard.rules.over_time import InterferenceOnDays, NoRelief, NotImproved, SameEntry, SameEntryOfPatientWith, SeverityOnDays, Silent, WithinDays, Worsened
from dashboard.rules.record import columns_read, of_one, recorded, said
from dashboard.rules.seen import RECENT, Entries, Script, Seen
from dashboard.rules.single import Chosen, StartedWithin, SuddenOnset, WorstAtLeast

CELLS = (Chosen, WorstAtLeast, StartedWithin, SuddenOnset)  # anchors that a single cell of an entry tells
DATED = ("as_of", "as_of_year")  # of entries that are looked at as of several days, see `trial`
MET = {"patient": Integer, "rule_bit": Integer, "tier": String, "arm": Integer, "first_evidence": Integer, "last_evidence": Integer,
       "last_entry": BigInteger, "episode_onset": Integer}


@dataclass(frozen=True, eq=False)
class Look:
    """`seen` is everything a patient said; `lately` only the last days of it, as if there were no other. `script` reads the entries."""
    seen: Seen
    lately: Seen
    script: Script


def look(connection: Connection, entries: Select, rules: tuple[Rule, ...], as_of: int, copy: bool, assess: tuple[Rule, ...] = (),
         without: frozenset[str] = frozenset()) -> Look:
    """Reads the entries. `copy` reads them once into a table of their own: where that is there, the rest is known from the last time.
    `assess` are the rules that will be asked of the last days alone; nothing is read for the rules `without`."""
    asked = tuple(rule for rule in rules if rule.rule_id not in without)
    read = columns_read(part for rule in asked for part in rule.parts)
    live = entries.subquery()
    live = select(live).where(live.c.day <= as_of).subquery()
    today = database.store(connection, "rule_as_of", select(literal(as_of).label("as_of"), literal(date_of(as_of).year).label("as_of_year")))
    dated = tuple(name for name in DATED if name in live.c)
    made = _look(Entries(database.store(connection, "rule_entry", said(live, read, dated)), read, raw=False), rules, asked, assess, today) if copy else (
        _look.__wrapped__(Entries(live, read, raw=True), rules, asked, assess, today))
    made.script.run(connection)
    return made


@lru_cache(maxsize=32)
def _look(all_: Entries, rules: tuple[Rule, ...], asked: tuple[Rule, ...], assess: tuple[Rule, ...], today: Table) -> Look:
    parts, parts_lately = (tuple(dict.fromkeys(part for rule in which for part in rule.parts)) for which in (asked, assess))
    script, read, read_lately = Script(), all_.columns, columns_read(parts_lately)
    met = script.store("rule_met", select(*[cast(null(), kind).label(name) for name, kind in MET.items()]).where(false()))
    everything = all_.everything()
    e = everything.c
    records = script.store("rule_record", _records(everything, read, today).add_columns(
        func.min(e.day).label("first_day"), func.min(e.onset).label("first_onset"),
        func.max(case((and_(e.pain, e.onset.is_(None)), e.day))).label("last_open_pain")))
    r, looked_for = records.c, tuple(_in_findings(asked))
    f = all_.where(lambda entry: _clue(looked_for, entry))
    findings = Marked(script.store("rule_finding", marked(f, _marks(looked_for))), _marks(looked_for))
    days = max([RECENT, *_days_back(parts)])
    late = all_.joined(records, r.patient == all_.rows.c.patient, [r.last_day]).c
    ago = late.last_day - late.day
    kept = ("entry", "patient", "day", "severity", "interference", "worst", "onset", "helped", *of_one(read_lately), *[name for name in DATED if name in late])
    recent = script.store("rule_recent", select(ago.label("ago"), *[late[name] for name in kept]).where(ago < days))
    current = episodes.store(script, all_, records)
    in_episode = episodes.entries(all_, current)
    spans = [part.span for part in parts if isinstance(part, NotImproved)]
    diary = episodes.diary(script, in_episode, current, max(spans)) if spans else None
    by_day = script.store("rule_recent_day", _days(recent)) if any(isinstance(part, (Worsened, NotResponded, SeverityOnDays)) for part in parts) else None
    silences = [part.days for part in parts if isinstance(part, Silent)]
    gaps = script.store("rule_gap", _gaps(all_, records, min(silences))) if silences else None
    seen = Seen(all_, records, findings, recent, days, current, in_episode, diary, by_day, gaps, _of_known(script, "rule_known", all_, records, parts), met,
                tuple((rule.rule_id, rule.bit) for rule in rules))
    late = seen.last_days(RECENT)
    lately, own = Entries(late, read_lately, raw=False), script.store("rule_recent_record", _records(late, read_lately, today))
    marks = _marks(_in_findings(assess))
    own_days = replace(seen, entries=lately, records=own, findings=Marked(marked(late, marks).subquery(), marks), recent=late, days=RECENT,
                       of_known=_of_known(script, "rule_recent_known", lately, own, parts_lately))
    return Look(seen, own_days, script)


def _of_known(script: Script, name: str, entries: Entries, records: Table, parts: Iterable[Condition]) -> Marked | None:
    asked = tuple(part for part in parts if isinstance(part, SameEntryOfPatientWith))
    if not asked:
        return None
    r, histories = records.c, HISTORY.bits({code for part in asked for code in part.history})
    theirs = entries.joined(records, and_(r.patient == entries.rows.c.patient, has(r.history_present, histories)), [
        r.history_present.label("patient_history")])
    return Marked(script.store(name, marked(theirs, asked).where(or_(*[surely(part, theirs) for part in asked]))), asked)


def _records(entries: FromClause, read: tuple[str, ...], today: Table) -> Select:
    e = entries.c
    known = [func.max(e[day.name]).label(day.name) if day.name in e else select(day).scalar_subquery().label(day.name) for day in today.c]
    return select(
        e.patient, *known, func.max(e.day).label("last_day"), func.max(e.entry).label("newest"), func.max(e.onset).label("last_onset"),
        *recorded(entries, read)).group_by(e.patient)


def _days(recent: Table) -> Select:
    """The last days with a score: the mean severity of their entries, the newest that gives one, and the worst pain."""
    w = recent.c
    mean, newest = func.avg(cast(w.severity, Float), type_=Float), func.max(case((w.severity.is_not(None), w.entry)))
    return select(w.patient, w.day, w.ago, mean.label("severity"), newest.label("newest"), func.max(w.worst).label("worst")).where(
        w.worst.is_not(None)).group_by(w.patient, w.day, w.ago)


def _gaps(all_: Entries, records: Table, silent: int) -> Select:
    """Only of patients silent long enough: who has not been, is not silent, whatever lies between their diary days."""
    r, e = records.c, all_.rows.c
    theirs = all_.joined(records, and_(r.patient == e.patient, r.as_of - r.last_day > silent)).c
    gap = select(theirs.patient, (theirs.day - func.lag(theirs.day).over(partition_by=theirs.patient, order_by=theirs.day)).label("gap")).subquery().c
    median = cast(func.percentile_cont(0.5).within_group(gap.gap), Float)
    return select(gap.patient, median.label("median")).where(gap.gap > 0).group_by(gap.patient)


def _days_back(parts: Iterable[Condition]) -> Iterator[int]:
    """How many days before the last entry conditions look."""
    for part in parts:
        if isinstance(part, (SeverityOnDays, NoRelief, InterferenceOnDays)):
            yield part.within
        elif isinstance(part, Worsened):
            yield 2 * part.span
        elif isinstance(part, NotResponded):
            yield part.span


def _in_findings(rules: Iterable[Rule]) -> Iterator[Condition]:
    """The parts that are looked for in the findings: anchors, what one entry says, and symptoms; not what is asked only of patients with
    something in their history, who are few, nor what is no more than information."""
    for rule in rules:
        for arm in rule.arms:
            yield from _looked_for(arm.when, arm.tier == "I" or bool(among(arm.when)))


def _looked_for(condition: Condition, of_few: bool) -> Iterator[Condition]:
    if isinstance(condition, WithinDays):
        yield condition
        yield from condition.anchor.walk()
        yield from (part for part in sought(condition) if isinstance(part, FINDINGS))
    elif isinstance(condition, SameEntry):
        yield from condition.walk()
    elif not isinstance(condition, (SameEntryOfPatientWith, AtLeast)):  # how many of several things hold is told by no one entry
        if isinstance(condition, FINDINGS) and not of_few:
            yield condition
        for part in condition.below():
            yield from _looked_for(part, of_few)


def _marks(looked_for: Iterable[Condition]) -> tuple[Condition, ...]:
    """What is asked of each finding."""
    asked = [told_by(part) if isinstance(part, WithinDays) else (part,) for part in looked_for if isinstance(part, (WithinDays, SameEntry, *FINDINGS))]
    return tuple(dict.fromkeys(one for of in asked for part in of for one in alone(part)))


def _clue(parts: tuple[Condition, ...], entries: FromClause) -> ColumnElement[bool]:
    """Entries that may be a finding of some rule: few, and told by few comparisons."""
    e = entries.c
    symptoms = {symptom for part in parts if isinstance(part, Reported) for symptom in part.symptoms}
    clues = [has(e.present, SYMPTOM.bits(symptoms))] if symptoms else []
    if degrees := [part.celsius for part in parts if isinstance(part, TemperatureAtLeast)]:
        clues.append(e.temperature >= min(degrees))
    anchors = [anchor for part in parts if isinstance(part, WithinDays) and not isinstance(part.anchor, SameEntry) for anchor in part.anchor.walk()]
    for field in dict.fromkeys(anchor.field for anchor in anchors if isinstance(anchor, Named)):
        codes = {code for anchor in anchors if isinstance(anchor, Named) and anchor.field == field for code in anchor.codes}
        clues.append(has(e[f"list_{field}"], LISTS[field].bits(codes)))
    clues += [surely(anchor, entries) for anchor in dict.fromkeys(anchors) if isinstance(anchor, CELLS)]
    # what is said beside a symptom has been found by that
    return or_(false(), *clues, *[surely(part, entries) for part in dict.fromkeys(parts) if isinstance(part, SameEntry)
                                  and not any(isinstance(inner, Reported) for inner in part.parts)])
