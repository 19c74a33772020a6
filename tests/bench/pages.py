"""The questions of the pages: cohort, its patients, worklist, one patient."""
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

import pandas as pd
from sqlalchemy import func, select
from streamlit.logger import set_log_level

from dashboard import cohort as cohorts
from dashboard import comparison, course, crossfilter, lineup, members, triage, worklist
from dashboard.cohort import Cohort
from dashboard.comparison import Group
from dashboard.distributions import Per
from dashboard.figures.course import course as course_figure
from dashboard.lineup import Filters, Lineup
from dashboard.rules import active
from dashboard.schema import flag
from tests.bench import by_child_tables, by_columns, by_hand, by_pandas
from tests.bench.measure import Row, once, seconds
from tests.bench.questions import Click, clicks, differing
from tests.bench.subject import Subject

SHARES = {0.1: 0.6, 0.01: 0.3}  # of the entries, and the budget
PAGE, LINES = 100, 50  # patients on a page of the cohort, and of the worklist
UNITS: tuple[Per, ...] = ("patient", "entry")
DAYS_SHOWN, SOME = 90, 20
MOST_IN_SQLITE = 1_000_000  # entries: ten times as many take it too long


# --- cohort -------------------------------------------------------------------------------------------------------------------------

def unfiltered(subject: Subject) -> Iterator[Row]:
    """Everything that the cohort page shows, of all entries."""
    for per in UNITS:
        yield _counted(subject, Click("all entries, never asked before", Cohort(), 1, ()), per, 1.5)


def opened(subject: Subject) -> Iterator[Row]:
    """The charts below the first screen, once they are opened: of all entries, and after a click."""
    with subject.engine.connect() as connection:
        click = clicks(connection, subject.as_of, 0.1)[0]
    for one in (Click("all entries", Cohort(), 1, ()), replace(click, before=())):
        for per in UNITS:
            yield _counted(subject, replace(one, what=f"the charts below, {one.what}", names=crossfilter.MORE), per, None)


def filtered(subject: Subject) -> Iterator[Row]:
    """What is left to be counted after a click: the clicked chart keeps its context, and with it its numbers."""
    for share, budget in SHARES.items():
        with subject.engine.connect() as connection:
            found = clicks(connection, subject.as_of, share)
        for click in found:
            for per in UNITS:
                yield _counted(subject, click, per, budget)


def _counted(subject: Subject, click: Click, per: Per, budget: float | None) -> Row:
    def ours() -> dict:
        with subject.engine.connect() as connection:
            return crossfilter.count(connection, click.cohort, click.charts, as_of=subject.as_of, per=per)

    def in_pandas() -> dict:
        return by_pandas.count(subject.frames, click.cohort, click.charts, per, subject.as_of)

    def in_columns() -> dict:
        return by_columns.count(by_columns.wide(subject), click.cohort, click.charts, per, subject.as_of)

    def by_hand_() -> dict:
        with subject.engine.connect() as connection:
            return by_hand.count(connection.connection.driver_connection, click.cohort, click.charts, subject.as_of)

    def in_child_tables() -> dict:
        return by_child_tables.count(by_child_tables.tables(subject), click.cohort, click.charts)
    first_screen = per == "patient" and click.names == crossfilter.NAMES
    others = {"theirs": in_pandas, **({"columns": in_columns} if click.names == crossfilter.NAMES else {}), **({"by_hand": by_hand_} if first_screen else {}),
              **({"child_tables": in_child_tables} if first_screen and subject.entries <= MOST_IN_SQLITE else {})}
    found, taken = ours(), {}
    for name, other in others.items():
        wrong = differing(found, other())
        assert not wrong, f"{click.what}, per {per}: {len(wrong)} numbers are others by {name}, such as {'; '.join(wrong[:5])}"
        taken[name] = seconds(other)
    share = "" if click.share == 1 else f" ({100 * click.share:.1f} % of entries, {len(click.charts)} of {len(click.names)} charts)"
    return Row(f"cohort, per {per}: {click.what}{share}", subject.entries, seconds(ours), budget, **taken)


def asked_before(subject: Subject) -> Iterator[Row]:
    """The same numbers from what the app keeps: one look whether anything changed, and a dictionary."""
    os.environ["PAIN_DIARY_DATABASE"] = subject.url
    set_log_level("ERROR")  # that no page is being drawn is known
    from dashboard.views import session
    questions = {f"cohort {name}": {"of": crossfilter.context(Cohort(), name).question(), "per": "patient", "as_of": subject.as_of}
                 for name in crossfilter.NAMES}

    def ask() -> None:
        session.answers(questions, lambda connection, missing: {f"cohort {name}": counted for name, counted in crossfilter.count(
            connection, Cohort(), [name.removeprefix("cohort ") for name in missing], as_of=subject.as_of).items()})
    yield Row("cohort, per patient: all entries, asked before", subject.entries, seconds(ask, 50), 0.01)
    session.engine().dispose()


def patients(subject: Subject) -> Iterator[Row]:
    """The first page of the list below the charts."""
    with subject.engine.connect() as connection:
        click = clicks(connection, subject.as_of, 0.1)[0]
    for what, cohort in (("all entries", Cohort()), (click.what.removeprefix("click on ") + f" ({100 * click.share:.1f} % of entries)", click.cohort)):
        def ours(cohort: Cohort = cohort) -> pd.DataFrame:
            with subject.engine.connect() as connection:
                return members.page(connection, cohort, as_of=subject.as_of, most=PAGE)

        def theirs(cohort: Cohort = cohort) -> pd.DataFrame:
            return by_pandas.members(subject.frames, cohort, PAGE)
        pd.testing.assert_frame_equal(ours(), theirs()[members.COLUMNS], check_dtype=False)
        yield Row(f"the cohort's first {PAGE} patients: {what}", subject.entries, seconds(ours), None, seconds(theirs))


def compared(subject: Subject) -> Iterator[Row]:
    """Two groups beside each other, intervals included."""
    with subject.engine.connect() as connection:
        (click, *_), (other, *_) = (clicks(connection, subject.as_of, share) for share in SHARES)
    name = click.what.removeprefix("click on ")
    a, rest = (Group(name, click.cohort, subject.as_of, rest=rest) for rest in (False, True))
    b = Group("b", other.cohort, subject.as_of)
    for what, groups in ((f"{name} and everybody else", (a, rest)), (f"{name} and {other.what.removeprefix('click on ')}", (a, b)),
                         (f"{name} and everybody else, first {comparison.LANDMARK} days decide", [replace(group, landmark=True) for group in (a, rest)])):
        def ours(groups: Sequence[Group] = groups) -> None:
            with subject.engine.connect() as connection:
                comparison.compare(connection, *groups)
        yield Row(f"compared: {what}", subject.entries, seconds(ours))


# --- the other pages ----------------------------------------------------------------------------------------------------------------

def first_lines(subject: Subject) -> Iterator[Row]:
    """The worklist as it is opened: tiles, who is on the list, and of the patients on the first page their lines and last month."""
    order: dict[str, Lineup] = {}
    asked = {"as_of": subject.as_of, "now": subject.at}

    def first() -> list[int]:
        return order["all"].patients[:LINES].tolist()

    def tiles() -> None:
        with subject.engine.connect() as connection:
            worklist.tiles(connection, subject.at)

    def lined_up() -> None:
        with subject.engine.connect() as connection:
            order["all"] = lineup.lineup(connection, Filters(), **asked)

    def lines() -> None:
        with subject.engine.connect() as connection:
            worklist.details(connection, first(), Filters(), **asked)

    def month() -> None:
        with subject.engine.connect() as connection:
            worklist.recent_course(connection, first(), subject.as_of)

    def everything() -> None:
        with subject.engine.connect() as connection:
            worklist.lines(connection, Filters(), **asked)

    taken = [seconds(part) for part in (tiles, lined_up, lines, month)]
    yield Row("worklist, first page, with counts", subject.entries, sum(taken), 0.1)
    parts = ("the tiles", f"who is on the list, in order ({len(order['all'].patients):,} patients)", f"the lines of the first {LINES}",
             f"the last month of the first {LINES}")
    yield from (Row(f"· of that, {part}", subject.entries, one) for part, one in zip(parts, taken, strict=True))
    yield Row("worklist, all lines, to take along", subject.entries, seconds(everything))


def one_patient(subject: Subject) -> Iterator[Row]:
    """All that the page of one patient asks and works out, without the drawing of it, for patients with flags."""
    diaries = _diaries(subject)
    *some, longest = (diaries[place * (len(diaries) - 1) // SOME] for place in range(SOME + 1))
    _page_of(subject, some[0][0])
    taken = [once(lambda patient=patient: _page_of(subject, patient)) for patient, _ in some]
    yield Row(f"one patient's page, median of {SOME} patients", subject.entries, median(taken), 0.05)
    patient, entries = longest
    yield Row(f"· of the longest diary ({entries:,} entries)", subject.entries, seconds(lambda: _page_of(subject, patient)))


def _diaries(subject: Subject) -> list[tuple[int, int]]:
    """Patients with flags and how many entries they have, the fewest first."""
    with subject.engine.connect() as connection:
        flagged = set(connection.scalars(select(flag.c.patient)))
        live = cohorts.entries(connection, subject.as_of).subquery()
        found = connection.execute(select(live.c.patient, func.count()).group_by(live.c.patient))
        return sorted(((int(patient), int(entries)) for patient, entries in found if patient in flagged), key=lambda row: row[1])


def _page_of(subject: Subject, patient: int) -> None:
    with subject.engine.connect() as connection:
        worklist.names(connection, [patient])
        diary = course.diary(connection, patient, subject.as_of)
        active.current(connection)
        flags = triage.flags_of(connection, patient)
        triage.history(connection, flags["flag"].tolist())
        course.standing(connection, patient)
        worklist.cannot_assess(connection, patient)
    course.person(diary, subject.as_of)
    last = int(diary["day"].max())
    symptoms = course.symptoms_by_day(diary)
    present = [code for code in symptoms if (symptoms[code] == course.PRESENT).any()]
    course_figure(course.severity_by_day(diary), symptoms[present], flags.to_dict("records"), [], first_day=max(int(diary["day"].min()), last - DAYS_SHOWN),
                  last_day=last, theme="light")
    for made in (course.relief, course.in_words, course.notes):
        made(diary)
