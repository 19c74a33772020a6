"""What is true when: the product as a sequence of events, in plain Python. This is the specification that the SQL must meet.

The database keeps a little state up to date as events come (who owns an entry, what is superseded). The model keeps none of that:
it remembers what every batch said and when batches came and went, and works out every answer from those facts alone.

* **Events** are numbered 1, 2, 3, …: an import, an undo, a stored evaluation, a triage action. Two times: `as_of`, a day, bounds
  entries; `known_at`, the number of an event, bounds batches and undos. None means the latest.
* **A batch** is what one file said. It is live from its import until its undo.
* **An entry** exists while some live batch says it: the batch that brought it, or one that repeats it. The earliest of these owns it,
  so undoing a batch hands what later live batches repeat to the earliest of them, whether or not it has been revised since.
* **A revision** is another entry of the same source and entry id that came later. An entry is superseded while a revision of it
  exists; undoing the revision brings it back. Among revisions commit order decides, never the day they speak of.
* **Live entries** exist, are not superseded, and lie on or before the as-of day.
* **Undo is as if the file had never come**, with two exceptions, both about rows that were not loaded then: a row quarantined because
  of what was live at that time stays quarantined, and a row without an id that repeated an entry with one goes with that entry.
"""
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

EVER = 10**6  # a day after every entry
CLUSTER = 3  # days

# --- what is imported -------------------------------------------------------------------------------------------------------------


class Row(NamedTuple):
    """One row of a file. `time` is minutes since local midnight and minutes east of UTC, each or both unknown. `says` holds what
    else the row states as (canonical column, text)."""
    source: str
    patient: str
    day: int
    entry_id: str | None = None
    time: tuple[int | None, int | None] = (None, None)
    says: frozenset[tuple[str, str]] = frozenset()
    onset: int | None = None
    fault: bool = False  # some cell of it cannot be read
    left_out: bool = False  # the mapping does not want it

    @property
    def who(self) -> tuple[str, str]:
        return self.source, self.patient

    @property
    def when(self) -> tuple[int, tuple[int | None, int | None]]:
        return self.day, self.time

    @property
    def statement(self) -> tuple[object, ...]:
        """What makes two rows of one patient the same entry."""
        return self.who, self.when, self.says, self.onset

    def answer(self, symptom: str, new: bool = True) -> bool | None:
        """Present, denied or unknown. An old and known symptom is not a new one."""
        if (symptom, "yes") in self.says:
            return not (new and ("longstanding", "yes") in self.says)
        return False if (symptom, "no") in self.says else None


class Entry(NamedTuple):
    number: int
    row: Row
    event: int  # of the import that brought it


class Fate(NamedTuple):
    """What became of one row: `loaded`, `quarantined`, `duplicate` or `left_out`; with the entry it brought or repeats."""
    kind: str
    entry: int | None = None
    revised: bool = False  # it superseded an entry
    repeats: bool = False  # another entry of the patient at the same time is kept beside it


class Batch(NamedTuple):
    number: int
    event: int
    fates: tuple[Fate, ...]
    undone: int | None = None

    def live(self, known_at: int | None) -> bool:
        if known_at is None:
            return self.undone is None
        return self.event <= known_at and (self.undone is None or self.undone > known_at)


class Evaluation(NamedTuple):
    event: int
    as_of: int
    known_at: int


class Flag(NamedTuple):
    """A rule met for a patient: for tiers E and U one for ever, for tier R one an episode, known by its `onset`. While a flag is closed
    its evidence stays what it was at the closure, because that is what the person knew. `acted`: a person did anything about it, ever."""
    rule: str
    who: tuple[str, str]
    tier: str
    onset: int | None
    first: int
    last: int
    newest: int  # the entry of its evidence that was loaded last
    met: bool = True
    withdrawn: bool = False
    status: str = "open"
    outcome: str | None = None  # while closed
    acted: bool = False
    closed_day: int | None = None
    until: int | None = None  # snoozed, or under care, until that day


class Done(NamedTuple):
    """Something that was done about a flag (its place among all flags): by a person, or by the system, whose name is empty. `found`: the flag
    as it was then."""
    flag: int
    kind: str
    by: str
    event: int
    found: Flag
    taken_back: bool = False


class Rule(NamedTuple):
    """Deliberately tiny: one symptom, present and new in any entry. `raised_by`: an entry that also says this makes the flag an
    emergency. `required`: who did not answer it lately is not assessable."""
    name: str
    tier: str
    symptom: str
    raised_by: str | None = None
    required: bool = False


RULES = (Rule("E", "E", "saddle_numbness", required=True), Rule("U", "U", "leg_numbness", raised_by="both_legs"), Rule("R", "R", "night_pain"))


class Outcome(NamedTuple):
    met: bool | None  # None: cannot be assessed
    tier: str
    first: int | None = None
    last: int | None = None
    newest: int | None = None
    onset: int | None = None  # tier R: of the current episode, where that has evidence


@dataclass(frozen=True)
class World:
    """Everything that ever happened. Nothing is ever removed from it; every event makes a new one."""
    event: int = 0
    entries: tuple[Entry, ...] = ()
    batches: tuple[Batch, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    flags: tuple[Flag, ...] = ()
    done: tuple[Done, ...] = ()
    news: tuple[tuple[int, tuple[str, str]], ...] = ()  # events that opened, reopened or raised a flag, and whose
    data_change: int = 0


# --- which entries there are ------------------------------------------------------------------------------------------------------

def owners(world: World, known_at: int | None = None) -> dict[int, tuple[int, int]]:
    """Every entry that exists, with the batch and the row (1, 2, …) that own it: the earliest live ones that say it."""
    found: dict[int, tuple[int, int]] = {}
    for batch in world.batches:
        if batch.live(known_at):
            for number, fate in enumerate(batch.fates, 1):
                if fate.entry is not None:
                    found.setdefault(fate.entry, (batch.number, number))
    return found


def superseded(world: World, known_at: int | None = None) -> frozenset[int]:
    """Existing entries of whose id a later entry exists."""
    existing = owners(world, known_at)
    newest: dict[tuple[str, str], int] = {}
    with_id = [entry for entry in world.entries if entry.number in existing and entry.row.entry_id is not None]
    for entry in with_id:
        newest[entry.row.source, entry.row.entry_id] = entry.number
    return frozenset(entry.number for entry in with_id if newest[entry.row.source, entry.row.entry_id] != entry.number)


def live(world: World, as_of: int = EVER, known_at: int | None = None) -> list[Entry]:
    existing, old = owners(world, known_at), superseded(world, known_at)
    return [e for e in world.entries if e.number in existing and e.number not in old and e.row.day <= as_of]


def content(world: World, as_of: int = EVER, known_at: int | None = None) -> list[Row]:
    """What the live entries say, whoever owns them."""
    return sorted((entry.row for entry in live(world, as_of, known_at)), key=repr)


def patients(world: World, known_at: int | None = None) -> frozenset[tuple[str, str]]:
    """Who has an entry in a live batch, whatever its day; a patient all of whose batches are undone does not exist."""
    return frozenset(entry.row.who for entry in live(world, known_at=known_at))


def data_through(world: World, as_of: int) -> dict[str, int]:
    """The last day of each source. The status line shows the oldest."""
    return {source: max(e.row.day for e in live(world, as_of) if e.row.source == source) for source in {e.row.source for e in live(world, as_of)}}


# --- imports and undos ------------------------------------------------------------------------------------------------------------

def planned(world: World, rows: Iterable[Row], day: int) -> tuple[tuple[Fate, ...], tuple[Entry, ...]]:
    """One fate for each row, and the entries that the file brings. Rows are compared with what is live now and with earlier rows of
    the file; what was undone or revised away is as if it had never been. Entries are numbered in the order in which files came, those
    of one patient in one file by day."""
    rows = list(rows)
    here = live(world)
    by_id = {(e.row.source, e.row.entry_id): e for e in here if e.row.entry_id is not None}
    revised = {by_id[row.source, row.entry_id].number for row in rows if _revises(row, rows, day, by_id.get((row.source, row.entry_id)))}
    by_statement: dict[tuple[object, ...], Entry] = {}  # but for what this very file takes away
    stays = [entry for entry in here if entry.number not in revised]
    for entry in sorted(stays, key=lambda e: e.row.entry_id is not None):  # of equal ones first the one that has no id either
        by_statement.setdefault(entry.row.statement, entry)
    fates: list[Fate] = []
    brought: list[Entry] = []
    for row in rows:
        key = (row.source, row.entry_id)
        if row.left_out:
            fates.append(Fate("left_out"))
        elif _faulty(row, day) or (row.entry_id is not None and _ambiguous(row, rows, day, by_id.get(key))):
            fates.append(Fate("quarantined"))
        elif (same := _same(row, by_id, by_statement)) is not None:
            fates.append(Fate("duplicate", same.number))
        else:
            entry = Entry(-len(brought) - 1, row, world.event + 1)
            fates.append(Fate("loaded", entry.number, row.entry_id is not None and key in by_id))
            brought.append(entry)
            if row.entry_id is not None:
                by_id[key] = entry
            else:
                by_statement[row.statement] = entry
    in_order = sorted(brought, key=lambda e: (e.row.who, e.row.day, -e.number))
    number = {entry.number: len(world.entries) + place for place, entry in enumerate(in_order, 1)}
    entries = [entry._replace(number=number[entry.number]) for entry in in_order]
    fates = [fate._replace(entry=number.get(fate.entry, fate.entry)) for fate in fates]
    return _with_repeats(world, fates, entries), tuple(entries)


def _faulty(row: Row, day: int) -> bool:
    """Unreadable, later than the day after the day of import, or with an onset after the entry."""
    return row.fault or row.day > day + 1 or (row.onset is not None and row.onset > row.day)


def _ambiguous(row: Row, rows: list[Row], day: int, here: Entry | None) -> bool:
    """One id with two contents in one file, or one id under two patients, here or in the file: nobody can say which is meant."""
    others = [r for r in rows if not r.left_out and not _faulty(r, day) and (r.source, r.entry_id) == (row.source, row.entry_id)]
    return len({other.statement for other in others}) > 1 or (here is not None and here.row.who != row.who)


def _revises(row: Row, rows: list[Row], day: int, here: Entry | None) -> bool:
    return here is not None and here.row.statement != row.statement and not (row.left_out or _faulty(row, day) or _ambiguous(row, rows, day, here))


def _same(row: Row, by_id: dict[tuple[str, str | None], Entry], by_statement: dict[tuple[object, ...], Entry]) -> Entry | None:
    """The entry that a row repeats. A row with an id is compared with the live entry of that id, one without with every live
    entry that the file does not revise."""
    if row.entry_id is None:
        return by_statement.get(row.statement)
    entry = by_id.get((row.source, row.entry_id))
    return entry if entry is not None and entry.row.statement == row.statement else None


def _with_repeats(world: World, fates: list[Fate], brought: list[Entry]) -> tuple[Fate, ...]:
    """Same patient, same time, kept beside each other: live after the import."""
    replaced = {(e.row.source, e.row.entry_id) for e in brought if e.row.entry_id is not None}
    stay = [e for e in live(world) if e.row.entry_id is None or (e.row.source, e.row.entry_id) not in replaced]
    taken = [(e.row.who, e.row.when) for e in stay]
    rows = {e.number: e.row for e in brought}
    marked = []
    for fate in fates:
        if fate.kind == "loaded":
            place = (rows[fate.entry].who, rows[fate.entry].when)
            fate = fate._replace(repeats=place in taken)
            taken.append(place)
        marked.append(fate)
    return tuple(marked)


def imported(world: World, rows: Iterable[Row], day: int) -> World:
    """Every file makes a batch, also where all of its rows are duplicates."""
    fates, brought = planned(world, rows, day)
    event = world.event + 1
    return replace(world, event=event, data_change=event, entries=world.entries + brought,
                   batches=(*world.batches, Batch(len(world.batches) + 1, event, fates)))


def undone(world: World, batch: int) -> World:
    """Takes a live batch back."""
    event = world.event + 1
    return replace(world, event=event, data_change=event,
                   batches=tuple(b._replace(undone=event) if b.number == batch else b for b in world.batches))


# --- rules ------------------------------------------------------------------------------------------------------------------------

def episode(entries: list[Entry]) -> int:
    """The onset of a patient's current episode: onsets within three days of a cluster's first are one, and the latest cluster counts;
    where no onset is stated, the first entry. (Stories never leave 28 days without pain, after which an entry begins an episode.)"""
    starts: list[int] = []
    for onset in sorted({e.row.onset for e in entries if e.row.onset is not None}):
        if not starts or onset - starts[-1] > CLUSTER:
            starts.append(onset)
    return starts[-1] if starts else min(e.row.day for e in entries)


def outcome(rule: Rule, entries: list[Entry]) -> Outcome:
    """Present in any entry is met; denied and nowhere present is not met; never answered cannot be assessed."""
    positive = [e for e in entries if e.row.answer(rule.symptom)]
    if not positive:
        denied = any(e.row.answer(rule.symptom) is False for e in entries)
        return Outcome(False if denied else None, rule.tier)
    raised = rule.raised_by and any(e.row.answer(rule.raised_by) for e in positive)
    days = [e.row.day for e in positive]
    begun = episode(entries) if rule.tier == "R" else None
    onset = begun if begun is not None and max(days) >= begun else None
    return Outcome(True, "E" if raised else rule.tier, min(days), max(days), max(e.number for e in positive), onset)


def outcomes(world: World, as_of: int, known_at: int | None = None) -> dict[tuple[tuple[str, str], str], Outcome]:
    found: dict[tuple[tuple[str, str], str], Outcome] = {}
    entries = live(world, as_of, known_at)
    for who in {e.row.who for e in entries}:
        theirs = [e for e in entries if e.row.who == who]
        found |= {(who, rule.name): outcome(rule, theirs) for rule in RULES}
    return found


def buckets(world: World, as_of: int, known_at: int | None = None) -> dict[tuple[str, str], str]:
    """Exactly one bucket for every patient, the worst that holds; from the entries alone, whatever was done about it."""
    found: dict[tuple[str, str], str] = {}
    entries, made = live(world, as_of, known_at), outcomes(world, as_of, known_at)
    for who in patients(world, known_at):
        theirs = [e for e in entries if e.row.who == who]
        tiers = {made[who, rule.name].tier for rule in RULES if theirs and made[who, rule.name].met}
        last = max((e.row.day for e in theirs), default=0)
        recent = [e for e in theirs if e.row.day > last - 14]
        unknown = any(rule.required and outcome(rule, recent).met is None for rule in RULES)
        found[who] = ("no_entries" if not theirs else "emergency" if "E" in tiers else "same_day" if "U" in tiers else
                      "not_assessable" if unknown else "routine" if "R" in tiers else "no_criterion_met")
    return found


# --- flags ------------------------------------------------------------------------------------------------------------------------

BY_SYSTEM = ("no_longer_met", "evidence_withdrawn")
# from which status an action leads where; None leaves the status as it is
LEADS: dict[str, tuple[frozenset[str], str | None]] = {
    "acknowledge": (frozenset({"open"}), "acknowledged"),
    "start": (frozenset({"open", "acknowledged", "snoozed"}), "in_progress"),
    "assign": (frozenset({"open", "acknowledged", "in_progress", "escalated", "snoozed", "to_confirm"}), None),
    "note": (frozenset({"open", "acknowledged", "in_progress", "escalated", "snoozed", "to_confirm", "closed"}), None),
    "escalate": (frozenset({"open", "acknowledged", "in_progress", "snoozed"}), "escalated"),
    "snooze": (frozenset({"open", "acknowledged", "in_progress"}), "snoozed"),
    "close": (frozenset({"open", "acknowledged", "in_progress", "escalated", "snoozed"}), "closed"),
    "confirm": (frozenset({"to_confirm"}), "closed"),
    "reject": (frozenset({"to_confirm"}), "open"),
    "reopen": (frozenset({"closed"}), "open")}
SECOND_PERSON = "data_error"  # an emergency is not closed with this by one person alone
FINAL = ("confirm", "reject")  # what a second person decided is not taken back


def pending(world: World) -> bool:
    """Something changed after what the last evaluation knew: until the next one nobody is shown clear."""
    return max((e.known_at for e in world.evaluations), default=0) < world.data_change


def withdrawn_to_review(world: World) -> int:
    """Patients in a line of its own, outside the buckets and their sum."""
    return len({flag.who for flag in world.flags if flag.withdrawn and flag.status != "closed"})


def evaluated(world: World, as_of: int) -> World:
    """An evaluation of what is known now. One whose day is before that of the last stored one is computed and shown, and changes
    nothing: it is not an event."""
    if world.evaluations and as_of < world.evaluations[-1].as_of:
        return world
    event = world.event + 1
    met = {key: found for key, found in outcomes(world, as_of).items() if found.met}
    flags = list(world.flags)
    taken: set[int] = set()
    fired: set[tuple[str, str]] = set()  # patients of whom an emergency opens, reopens or arises from a lesser flag now
    fresh: set[tuple[str, str]] = set()  # patients of whom any flag does
    for (who, rule), found in sorted(met.items(), key=lambda item: item[1].tier):  # E before U, which has to know
        n = _of(flags, who, rule, found)
        if n is None:
            n = len(flags)
            flags.append(Flag(rule, who, found.tier, found.onset, found.first, found.last, found.newest))
            is_news = True
        else:
            old = flags[n]
            flags[n] = new = _met(world, old, found, as_of, who in fired)
            is_news = new.status == "open" and (new.tier < old.tier or old.status == "closed")  # tiers are in order: E, R, U; R never rises here
        taken.add(n)
        fresh |= {who} if is_news else set()
        fired |= {who} if is_news and flags[n].tier == "E" else set()
    for n in set(range(len(world.flags))) - taken:
        flags[n] = _not_met(world, flags[n], as_of)
    # what was put off is back as soon as there is anything new about the patient; more of the same is nothing new
    flags = [flag._replace(status="open", until=None) if flag.status == "snoozed" and flag.who in fresh else flag for flag in flags]
    by_system = tuple(Done(n, "evaluation", "", event, old) for n, (old, new) in enumerate(zip(world.flags, flags, strict=False))
                      if (old.status, old.tier) != (new.status, new.tier) or new.withdrawn > old.withdrawn)
    return replace(world, event=event, flags=tuple(flags), done=world.done + by_system, news=(*world.news, *((event, who) for who in sorted(fresh))),
                   evaluations=(*world.evaluations, Evaluation(event, as_of, world.event)))


def _of(flags: list[Flag], who: tuple[str, str], rule: str, found: Outcome) -> int | None:
    """The flag that an outcome belongs to: the newest of that episode, else the newest, unless the evidence shows a new episode: one
    that began after the flag's first evidence and is not the flag's own, moved by a day or two because new entries say so."""
    mine = [n for n, flag in enumerate(flags) if (flag.rule, flag.who) == (rule, who)]
    same = [n for n in mine if flags[n].onset == found.onset]
    if same or not mine:
        return same[-1] if same else None
    newest = flags[mine[-1]]
    is_new = found.onset is not None and newest.first < found.onset and (newest.onset is None or newest.onset + CLUSTER < found.onset)
    return None if is_new else mine[-1]


def _met(world: World, flag: Flag, found: Outcome, as_of: int, fired: bool) -> Flag:
    """What the evaluation finds refreshes an open flag. One that the system closed opens again; one that a person closed reopens only
    on something that the person did not know."""
    rises = found.tier == "E" != flag.tier
    if flag.status == "closed" and flag.outcome not in BY_SYSTEM and not (rises or _reopens(flag, found, as_of, fired)):
        return flag._replace(met=True, withdrawn=False)
    onset = flag.onset if found.onset is None else found.onset
    now = flag._replace(onset=onset, first=found.first, last=found.last, newest=found.newest, met=True, withdrawn=False)
    if flag.status == "closed":
        return _opened(now)._replace(tier=found.tier)
    if rises:  # who acknowledged the lesser flag has not seen this
        return now._replace(tier=found.tier, status="open")
    if flag.tier == "E" != found.tier and _needs_a_person(flag, _cause(world, flag.who)):
        return now._replace(withdrawn=True)  # it lost what made it an emergency, and a person has to say so
    return now._replace(tier=found.tier)


def _reopens(flag: Flag, found: Outcome, as_of: int, fired: bool) -> bool:
    """E: any positive entry that occurred after the closure, or was loaded after those known then. U: one that occurred after it and
    more than 14 days after the last evidence known then; where it was closed as under care until a day, not before that day unless an
    emergency of the same patient fires. R: never; a new episode has a flag of its own."""
    if found.tier == "E":
        return found.last > flag.closed_day or found.newest > flag.newest
    if found.tier == "U" and (flag.until is None or as_of >= flag.until or fired):
        return found.last > flag.closed_day and found.last > flag.last + 14
    return False


def _cause(world: World, who: tuple[str, str]) -> str | None:
    """Why evidence of a patient may have gone since the last evaluation: `revision` where an entry that was live then has been revised,
    whatever else happened to it; else `undo` where one was undone; else neither: time, or new entries."""
    then = [e for e in live(world, known_at=world.evaluations[-1].known_at) if e.row.who == who]
    now = {e.number for e in live(world)}
    gone = [e for e in then if e.number not in now]
    newest = {(e.row.source, e.row.entry_id): e.number for e in live(world) if e.row.entry_id is not None}
    if any(newest.get((e.row.source, e.row.entry_id), 0) > e.number for e in gone):
        return "revision"
    return "undo" if gone else None


def _needs_a_person(flag: Flag, cause: str | None) -> bool:
    """Whether what became of a flag's evidence is for a person to judge: where a person acted on it; and of emergencies, unless an undo,
    which has a name to it, is all that happened."""
    return flag.acted or (flag.tier == "E" and (cause != "undo" or flag.withdrawn))


def _not_met(world: World, flag: Flag, as_of: int) -> Flag:
    """Judged once, by the first evaluation that finds the flag no longer met. The system closes a flag, or leaves it to a person as it
    is, marked where an undo or a revision is the cause. So is one that a person closed, lest it be reopened unmarked."""
    if not flag.met:
        return flag
    cause = _cause(world, flag.who)
    if flag.status == "closed" or _needs_a_person(flag, cause):
        return flag._replace(met=False, withdrawn=cause is not None)
    return flag._replace(met=False, withdrawn=False, status="closed", outcome="evidence_withdrawn" if cause else "no_longer_met", closed_day=as_of)


def _opened(flag: Flag) -> Flag:
    return flag._replace(status="open", outcome=None, closed_day=None, until=None)


def standing(world: World, number: int) -> list[Done]:
    """What was done about a flag and not taken back, the last one last."""
    return [done for done in world.done if done.flag == number and not done.taken_back]


def may_confirm(world: World, number: int, by: str) -> bool:
    """Another person than the one who called it a data error, about the evidence that was there then."""
    proposal = [done for done in standing(world, number) if done.kind == "propose"][-1]
    return by != proposal.by and proposal.found.newest == world.flags[number].newest


def act(world: World, number: int, kind: str, day: int, outcome: str | None = None, until: int | None = None, by: str = "R. Okafor") -> World:
    """A person does something about a flag (its place among all flags). Its status is what its actions add up to."""
    found = flag = world.flags[number]
    allowed, leads = LEADS[kind]
    if flag.status not in allowed or (kind == "snooze" and flag.tier != "R") or (kind == "confirm" and not may_confirm(world, number, by)):
        raise ValueError(f"{kind} does not fit {flag.status}")
    if kind in ("reopen", "reject"):
        flag = _opened(flag)
    elif kind == "close" and flag.tier == "E" and outcome == SECOND_PERSON:
        kind, flag = "propose", flag._replace(status="to_confirm")
    elif kind == "close":
        flag = flag._replace(status="closed", outcome=outcome, closed_day=day, until=until)
    elif kind == "confirm":
        flag = flag._replace(status="closed", outcome=SECOND_PERSON, closed_day=day)
    else:
        flag = flag._replace(status=leads or flag.status, until=until if kind == "snooze" else flag.until)
    done = Done(number, kind, by, world.event + 1, found)
    return replace(world, event=world.event + 1, flags=_with(world, number, flag._replace(acted=True)), done=(*world.done, done))


def may_take_back(world: World, number: int) -> Done | None:
    """What was done last about a flag, if its doer can take it back: not what an evaluation did, nor what a second person decided."""
    last = standing(world, number)[-1:]
    return last[0] if last and last[0].by and last[0].kind not in FINAL else None


def would_hide(world: World, number: int) -> bool:
    """Whether to take back what was done last would put away again what has been reported since."""
    done, flag = may_take_back(world, number), world.flags[number]
    if done.found.status == "snoozed" != flag.status:
        return any(who == flag.who and event > done.event for event, who in world.news)
    return done.found.status == "closed" and flag.newest > done.found.newest


def taken_back(world: World, number: int) -> World:
    """The doer takes back what was done last about a flag: it stands as it was found, but for what diaries have said of it since."""
    done = may_take_back(world, number)
    if done is None or would_hide(world, number):
        raise ValueError("there is nothing to take back")
    restored = {name: getattr(done.found, name) for name in ("status", "outcome", "closed_day", "until")}
    return replace(world, event=world.event + 1, flags=_with(world, number, world.flags[number]._replace(**restored)),
                   done=tuple(one._replace(taken_back=True) if one is done else one for one in world.done))


def _with(world: World, number: int, flag: Flag) -> tuple[Flag, ...]:
    return (*world.flags[:number], flag, *world.flags[number + 1:])
