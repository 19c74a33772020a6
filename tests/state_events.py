"""Stories for the state model: what people import, undo, evaluate and do, drawn so that files often repeat and revise each other.

A story is drawn first and told afterwards: a draw such as "undo the second live batch" becomes a step only when its turn comes."""
from collections.abc import Iterator
from typing import NamedTuple

from hypothesis import strategies as st

from tests import state_model as model
from tests.state_model import Row, World

FIRST_DAY = 20_000  # 4 October 2024


class Import(NamedTuple):
    rows: tuple[Row, ...]
    today: int


class Undo(NamedTuple):
    batch: int
    today: int


class Evaluate(NamedTuple):
    as_of: int


class Act(NamedTuple):
    flag: int
    kind: str
    today: int
    outcome: str | None = None
    until: int | None = None
    by: str = "R. Okafor"


class TakeBack(NamedTuple):
    """Who did something last about a flag takes it back."""
    flag: int


Step = Import | Undo | Evaluate | Act | TakeBack


def told(world: World, step: Step) -> World:
    """The world after a step."""
    match step:
        case Import(rows, today):
            return model.imported(world, rows, today)
        case Undo(batch, _):
            return model.undone(world, batch)
        case Evaluate(as_of):
            return model.evaluated(world, as_of)
        case Act(flag, kind, today, outcome, until, by):
            return model.act(world, flag, kind, today, outcome, until, by)
        case TakeBack(flag):
            return model.taken_back(world, flag)


# --- rows -------------------------------------------------------------------------------------------------------------------------

_SAID = (
    (), (("saddle_numbness", "yes"),), (("saddle_numbness", "yes"),), (("saddle_numbness", "no"),), (("leg_numbness", "yes"),), (("leg_numbness", "yes"),),
    (("leg_numbness", "yes"), ("both_legs", "yes")), (("night_pain", "yes"),), (("night_pain", "yes"),), (("night_pain", "no"), ("saddle_numbness", "no")),
    (("saddle_numbness", "yes"), ("longstanding", "yes")))
_TIMES = ((None, None), (None, None), (None, None), (480, None), (480, 60))
_IDS = (None, None, None, "1", "1", "2", "03")
_PATIENTS = (("s", "p"), ("s", "p"), ("s", "p"), ("s", "07"), ("t", "p"))
# 22 is too late while the story's first day lasts; an onset after its entry is wrong on any day
_DAYS = ((0, None), (1, None), (3, None), (3, 0), (9, None), (9, 2), (9, 9), (16, None), (16, 16), (17, 9), (17, None), (17, 16), (22, 16), (3, 9))


def rows(ids: tuple[str | None, ...] = _IDS) -> st.SearchStrategy[Row]:
    """Few patients, ids and days, so that rows meet each other. Every entry reports pain, and no patient is silent for 28 days."""
    def made(who: tuple[str, str], days: tuple[int, int | None], entry_id: str | None, time: tuple[int | None, int | None],
             said: tuple[tuple[str, str], ...], fault: int) -> Row:
        day, onset = days
        return Row(*who, FIRST_DAY + day, entry_id, time, frozenset((("severity", "5"), *said)),
                   None if onset is None else FIRST_DAY + onset, fault=fault == 24)
    return st.builds(made, st.sampled_from(_PATIENTS), st.sampled_from(_DAYS), st.sampled_from(ids), st.sampled_from(_TIMES),
                     st.sampled_from(_SAID), st.integers(0, 24))


def files() -> st.SearchStrategy[tuple[Row, ...]]:
    return st.lists(rows(), min_size=1, max_size=4).map(tuple)


# --- stories ----------------------------------------------------------------------------------------------------------------------

_WHAT = ("nothing", "import", "again", "again", "revise", "revise", "undo", "undo", "undo", *("evaluate",) * 5, *("act",) * 4)
_KINDS = ("note", "acknowledge", "start", "assign", "snooze", "snooze", "escalate", "close", "close", "close", "data error", "data error", "second", "second",
          "take back", "take back", "reopen")


class Drawn(NamedTuple):
    what: str
    rows: tuple[Row, ...]
    choice: int
    days: int
    kind: str


def stories(size: int = 8) -> st.SearchStrategy[list[Drawn]]:
    """An import and more; later files often repeat or revise earlier ones, beside new rows."""
    first = st.builds(Drawn, st.just("import"), files(), st.just(0), st.just(0), st.just("note"))
    later = st.builds(Drawn, st.sampled_from(_WHAT), files(), st.integers(0, 11), st.sampled_from((0, 0, 0, 0, 1, 18)), st.sampled_from(_KINDS))
    return st.tuples(first, *[later] * (size - 1)).map(list)


def steps(story: list[Drawn]) -> Iterator[tuple[Step, World]]:
    """Every step of a story, with the world after it; draws that do not fit when their turn comes are passed over."""
    world, today, sent = World(), FIRST_DAY + 17, []
    for drawn in story:
        today += drawn.days
        step = _step(world, today, drawn, sent)
        if step is not None:
            if isinstance(step, Import):
                sent.append(step.rows)
            world = told(world, step)
            yield step, world


def _step(world: World, today: int, drawn: Drawn, sent: list[tuple[Row, ...]]) -> Step | None:
    live = [batch.number for batch in world.batches if batch.undone is None]
    match drawn.what:
        case "import":
            return Import(drawn.rows, today)
        case "again":
            earlier = sent[drawn.choice % len(sent)]
            return Import((*earlier, *drawn.rows[1:]) if drawn.choice % 3 else earlier[:1], today)
        case "revise":
            with_id = [row for file in sent for row in file if row.entry_id is not None]
            if with_id:
                old, new = with_id[drawn.choice % len(with_id)], drawn.rows[0]
                return Import((old._replace(says=new.says, time=new.time), *drawn.rows[1:]), today)
        case "undo" if live:
            return Undo(live[drawn.choice % len(live)], today)
        case "evaluate":
            return Evaluate(today - (5 if drawn.choice == 0 else 0))
        case "act":
            return _act(world, today, drawn)
    return None


def _act(world: World, today: int, drawn: Drawn) -> Act | TakeBack | None:
    kind = {"data error": "close", "second": ("confirm", "confirm", "reject")[drawn.choice % 3]}.get(drawn.kind, drawn.kind)
    if kind == "take back":
        able = [n for n in range(len(world.flags)) if model.may_take_back(world, n) and not model.would_hide(world, n)]
        return TakeBack(able[drawn.choice % len(able)]) if able else None
    by = "M. Ito" if drawn.kind == "second" else "R. Okafor"
    fit = [n for n, flag in enumerate(world.flags) if flag.status in model.LEADS[kind][0] and (kind != "snooze" or flag.tier == "R")
           and (kind != "confirm" or model.may_confirm(world, n, by))]
    if not fit:
        return None
    outcome = None if kind != "close" else "data_error" if drawn.kind == "data error" else ("known_under_care", "routine_visit", "no_action")[drawn.choice % 3]
    until = today + 20 if kind == "snooze" or outcome == "known_under_care" else None
    return Act(fit[drawn.choice % len(fit)], kind, today, outcome, until, by)


# --- the rulings of the design, each as a story -----------------------------------------------------------------------------------

def row(day: int, *yes: str, no: str | None = None, entry_id: str | None = None, onset: int | None = None) -> Row:
    says = (("severity", "5"), *((symptom, "yes") for symptom in yes), *([(no, "no")] if no else []))
    return Row("s", "p", FIRST_DAY + day, entry_id, says=frozenset(says), onset=None if onset is None else FIRST_DAY + onset)


def _file(*given: Row) -> Import:
    return Import(given, FIRST_DAY + 60)


def _undo(batch: int) -> Undo:
    return Undo(batch, FIRST_DAY + 60)


def _on(day: int) -> Evaluate:
    return Evaluate(FIRST_DAY + day)


def _acts(kind: str, flag: int = 0, day: int = 10, outcome: str | None = None, until: int | None = None, by: str = "R. Okafor") -> Act:
    return Act(flag, kind, FIRST_DAY + day, outcome, None if until is None else FIRST_DAY + until, by)


def _closes(flag: int = 0, outcome: str = "routine_visit", until: int | None = None) -> Act:
    return _acts("close", flag, outcome=outcome, until=until)


_NUMB, _DENIED = row(5, "saddle_numbness", entry_id="1"), row(5, no="saddle_numbness", entry_id="1")
_LEGS, _NIGHT = row(5, "leg_numbness", entry_id="1"), row(5, "night_pain", onset=5)
_E, _U, _R = (_file(_NUMB), _on(10)), (_file(_LEGS), _on(10)), (_file(_NIGHT), _on(10))
_E_CLOSED, _U_CLOSED, _R_CLOSED = (*_E, _closes()), (*_U, _closes()), (*_R, _closes())
_CARED_FOR = (*_U, _closes(outcome="known_under_care", until=40), _file(row(25, "leg_numbness")))
_RAISED = (*_U, _acts("acknowledge"), _file(row(6, "leg_numbness", "both_legs", entry_id="2")), _on(11))
_PUT_OFF, _CALLED_WRONG = (*_R, _acts("snooze", until=30)), (*_E, _closes(outcome="data_error"))
_SECOND = row(14, "night_pain", onset=13)

RULING_STORIES: dict[str, tuple[Step, ...]] = {
    "an emergency stays closed when what is known comes again": (*_E_CLOSED, _file(_NUMB), _on(11)),
    "an emergency reopens on what occurred after the closure": (*_E_CLOSED, _file(row(11, "saddle_numbness")), _on(11)),
    "an emergency reopens on what was loaded after the closure": (*_E_CLOSED, _file(row(2, "saddle_numbness")), _on(11)),
    "an emergency stays closed when it is denied": (*_E_CLOSED, _file(row(11, no="saddle_numbness")), _on(11)),
    "a same-day flag stays closed on older evidence": (*_U_CLOSED, _file(row(10, "leg_numbness")), _on(30)),
    "a same-day flag stays closed up to 14 days after the evidence known": (*_U_CLOSED, _file(row(19, "leg_numbness")), _on(30)),
    "a same-day flag reopens on the 15th day after the evidence known": (*_U_CLOSED, _file(row(20, "leg_numbness")), _on(30)),
    "evidence that did not reopen a flag does not move what was known": (
        *_U_CLOSED, _file(row(12, "leg_numbness")), _on(12), _file(row(20, "leg_numbness")), _on(30)),
    "under care until a day waits": (*_CARED_FOR, _on(39)),
    "under care until a day, and that day comes": (*_CARED_FOR, _on(39), _on(40)),
    "under care until a day, and an emergency fires": (*_CARED_FOR, _file(row(25, "saddle_numbness")), _on(39)),
    "under care until a day, beside an emergency that was closed": (
        _file(_LEGS, row(6, "saddle_numbness")), _on(10), _closes(0), _closes(1, "known_under_care", 40), _file(row(25, "leg_numbness")), _on(30)),
    "under care until a day, and it becomes an emergency": (*_CARED_FOR, _file(row(26, "leg_numbness", "both_legs")), _on(30)),
    "a routine flag never reopens": (*_R_CLOSED, _file(row(12, "night_pain")), _on(40)),
    "a routine flag follows its episode when the onset moves": (*_R_CLOSED, _file(row(12, "night_pain", onset=4)), _on(12)),
    "what is put off stays so on more of the same": (*_PUT_OFF, _file(row(12, "night_pain")), _on(12)),
    "what is put off is back when something new is flagged": (*_PUT_OFF, _file(row(12, "leg_numbness")), _on(12)),
    "what is put off is back when something closed reopens": (
        *_E, _closes(), _file(row(6, "night_pain")), _on(11), _acts("snooze", 1, until=30), _file(row(12, "saddle_numbness")), _on(12)),
    "what is put off is not taken back once it is back": (
        *_PUT_OFF, _file(row(12, "leg_numbness")), _on(12), _acts("acknowledge", 0, 12), TakeBack(0)),
    "a data error in an emergency is confirmed by another person": (*_CALLED_WRONG, _acts("confirm", by="M. Ito"), _on(11)),
    "what was called a data error is reported again": (
        *_CALLED_WRONG, _file(row(11, "saddle_numbness")), _on(11), _acts("reject", day=11, by="M. Ito")),
    "the evidence of what was called a data error is undone": (*_CALLED_WRONG, _undo(1), _on(12), _acts("reject", day=12, by="M. Ito")),
    "a proposal is taken back, and what came before it": (*_E, _acts("acknowledge"), _closes(outcome="data_error"), TakeBack(0), TakeBack(0), _on(11)),
    "a closure is taken back, and its evidence undone": (*_U_CLOSED, TakeBack(0), _undo(1), _on(12)),
    "a new episode has a flag of its own": (*_R_CLOSED, _file(_SECOND), _on(14)),
    "a new episode has one flag, whatever comes later": (
        *_R, _file(_SECOND), _on(14), _file(row(15, "night_pain")), _on(15), _closes(1, "no_action"), _file(row(16, "night_pain")), _on(16), _on(17)),
    "a new episode without the symptom has none": (*_R_CLOSED, _file(row(14, onset=13)), _on(14)),
    "a new episode is undone": (*_R_CLOSED, _file(_SECOND), _on(14), _undo(2), _on(15)),
    "undo closes an emergency that nobody acted on": (*_E, _undo(1), _on(12)),
    "undo marks an emergency that somebody acted on": (*_E, _acts("acknowledge"), _undo(1), _on(12)),
    "undo leaves an emergency that other evidence shows": (*_E, _file(row(6, "saddle_numbness")), _on(11), _undo(1), _on(12)),
    "revision marks an emergency": (*_E, _file(_DENIED), _on(12)),
    "revision, then undo, marks an emergency": (*_E, _file(_DENIED), _undo(1), _on(12)),
    "revision, seen, then undo, marks an emergency": (*_E, _file(_DENIED), _on(11), _undo(1), _on(12)),
    "the revision is undone": (*_E, _file(_DENIED), _on(11), _undo(2), _on(12)),
    "a revision that brought an emergency is undone": (_file(_DENIED), _on(10), _file(_NUMB), _on(11), _undo(2), _on(12)),
    "revision closes a same-day flag that nobody acted on": (*_U, _file(_DENIED), _on(12)),
    "revision marks a same-day flag that somebody acted on": (*_U, _acts("acknowledge"), _file(_DENIED), _on(12)),
    "withdrawn evidence comes back": (*_E, _undo(1), _on(12), _file(_NUMB), _on(13)),
    "withdrawn evidence that somebody acted on comes back": (*_E, _acts("acknowledge"), _undo(1), _on(12), _file(_NUMB), _on(13)),
    "evidence of a flag that a person closed is undone, and the flag reopened": (*_E_CLOSED, _undo(1), _on(12), _acts("reopen")),
    "a lesser flag becomes an emergency": _RAISED,
    "a flag loses what made it an emergency by revision": (*_RAISED, _file(row(6, "leg_numbness", entry_id="2")), _on(12)),
    "what a revision left of an emergency is undone": (
        *_U, _file(row(6, "leg_numbness", "both_legs", entry_id="1")), _on(11), _file(_LEGS), _on(12), _undo(3), _undo(2), _undo(1), _on(13)),
    "a flag loses what made it an emergency by undo": (
        *_U, _file(row(6, "leg_numbness", "both_legs", entry_id="2")), _on(11), _undo(2), _on(12)),
    "a row without an id repeats the entry without one": (_file(_NUMB, row(5, "saddle_numbness")), _file(_NUMB, row(5, "saddle_numbness")), _undo(1), _on(10)),
    "revised back and forth, undone out of order": (
        _file(_NUMB), _file(_DENIED), _file(_DENIED), _file(_NUMB), _on(10), _undo(2), _on(11), _undo(4), _on(12), _undo(1), _undo(3), _on(13)),
    "what is handed over stays known": (*_E_CLOSED, _file(_NUMB), _on(11), _undo(1), _on(12)),
}
