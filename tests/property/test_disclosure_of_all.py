"""Whoever has all files of a question and its report, knows what their words mean and how they hang together, finds at least two values for each count
of the further charts that is not written: relief, hours, age and sex, weeks, duration, bucket, symptoms, completeness."""
from collections.abc import Iterator
from unittest.mock import patch

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from dashboard import outgoing, ties
from dashboard.cohort import Cohort
from dashboard.crossfilter import context
from dashboard.disclosure import BASE, Control
from dashboard.sums import RELIEF_STATES
from tests.attacker import Law, Names, alike, equal, told_of

MOST, PATIENTS = 2, 7
TREATMENTS, HOURS, AGES, SEXES, BUCKETS = ("heat_pack", "rest"), ("08", "23"), ("20_to_29", "30_to_39"), ("female", "male"), ("emergency", "routine")
DURATIONS, WEEKS = ("under_6_weeks", "12_weeks_and_more"), {"2026-03-02": (20514, 20520), "2026-03-09": (20521, 20527)}
NOTHING = {"tried": "none", "helped": "none_helped"}  # and the rows that count who said so
Said = dict  # what a patient wrote in the only entry, or of durations in one or two; () is none, None is no answer

some = st.none() | st.sets(st.sampled_from(TREATMENTS)).map(lambda codes: tuple(sorted(codes)))
people = st.lists(st.fixed_dictionaries({
    "tried": some, "helped": some, "hours": st.sampled_from((None, *HOURS)), "sexes": st.sampled_from((None, *SEXES)), "age": st.sampled_from((None, *AGES)),
    "born_here": st.booleans(), "sex_here": st.booleans(), "buckets": st.sampled_from(BUCKETS), "weeks": st.sampled_from(tuple(WEEKS)),
    "symptoms": st.sampled_from((None, "fever", "denied")),
    "durations": st.lists(st.sampled_from((None, *DURATIONS)), min_size=1, max_size=2)}), min_size=1, max_size=PATIENTS)
# a press: the chart, the row and the column of its bar, and the question
PRESSED = {
    "": None, "tried": ("relief", "heat_pack", "tried", {"tried": ("heat_pack",)}),
    "helped": ("relief", "heat_pack", "helped", {"helped": ("heat_pack",)}),
    "nothing tried": ("relief", "none", "tried", {"tried": ("none",)}), "hours": ("hours", "08", "n", {"hours": ("08",)}),
    "sexes": ("sexes", "female", "n", {"sexes": ("female",)}), "age": ("ages", "20_to_29", "n", {"age_from": 20, "age_to": 29}),
    "buckets": ("buckets", "emergency", "n", {"buckets": ("emergency",)}),
    "weeks": ("weeks", "2026-03-02", "patients", {"since": 20514, "until": 20520}), "symptoms": ("symptoms", "fever", "present", {"symptoms": ("fever",)}),
    "durations": ("durations", "12_weeks_and_more", "n", {"durations": ("12_weeks_and_more",)})}


# --- what is counted -------------------------------------------------------------------------------------------------------------------

def meets(one: Said, press: str) -> bool:
    if not press:
        return True
    if press in ("tried", "helped"):
        return "heat_pack" in (*(one["helped"] or ()), *((one["tried"] or ()) if press == "tried" else ()))
    if press == "nothing tried":
        return one["tried"] == ()
    _, code, *_ = PRESSED[press]
    return code in one[press] if press == "durations" else one[press] == code


def charts_of(of: list[Said], press: str = "") -> dict[str, pd.DataFrame]:
    last = [next((said for said in reversed(one["durations"]) if said and (press != "durations" or said == PRESSED[press][1])), None) for one in of]
    answered = {"time_of_day": [one["hours"] for one in of], "onset_day": last, "relief_tried": [one["tried"] for one in of],
                "relief_helped": [one["helped"] for one in of], "birth_year": [(one["born_here"] and one["age"]) or None for one in of],
                "sex": [(one["sex_here"] and one["sexes"]) or None for one in of], "fever": [one["symptoms"] for one in of]}
    n = [sum(said is not None for said in one) for one in answered.values()]
    states = {state: sum(one["symptoms"] == code for one in of) for state, code in (("present", "fever"), ("denied", "denied"))}
    made = {"relief": _relief(of), **{chart: _classes([one[field] for one in of], codes) for chart, field, codes in (
        ("sexes", "sexes", SEXES), ("ages", "age", AGES))}, "durations": _classes(last, DURATIONS), "hours": _classes([one["hours"] for one in of], HOURS),
        "symptoms": pd.DataFrame([{"code": "fever", **states, "answered": sum(states.values()), "not_asked": len(of) - sum(states.values())}]),
        "locations": _classes([None] * len(of), ("neck",)),
        "buckets": pd.DataFrame({"code": BUCKETS, "n": [sum(one["buckets"] == code for one in of) for code in BUCKETS]}),
        "weeks": pd.DataFrame([(code, *span, sum(one["weeks"] == code for one in of)) for code, span in WEEKS.items()],
                              columns=["code", "since", "until", "patients"]),
        "blank": pd.DataFrame({"code": list(answered), "answered": n, "not_recorded": [len(of) - number for number in n]})}
    return {name: (frame[frame["code"] != "not_recorded"] if name in ("hours", "locations") else frame).assign(label=frame["code"])
            for name, frame in made.items()}


def _classes(said: list[str | None], codes: tuple[str, ...]) -> pd.DataFrame:
    n = [*(said.count(code) for code in codes), said.count(None)]
    return pd.DataFrame({"code": [*codes, "not_recorded"], "n": n, "answered": sum(n[:-1]), "not_recorded": n[-1]})


def _relief(of: list[Said]) -> pd.DataFrame:
    answered = sum(one["tried"] is not None or one["helped"] is not None for one in of)
    rows = []
    for code in TREATMENTS:
        helped = [code in (one["helped"] or ()) for one in of]
        tried = [code in (one["tried"] or ()) or better for one, better in zip(of, helped, strict=True)]
        unsaid = sum(used and not better and one["helped"] is None for one, used, better in zip(of, tried, helped, strict=True))
        rows.append((code, sum(tried), sum(helped), unsaid, answered))
    for field, code in NOTHING.items():
        rows.append((code, sum(one[field] == () for one in of), None, None, sum(one[field] is not None for one in of)))
    made = pd.DataFrame(rows, columns=["code", "tried", "helped", "help_not_recorded", "answered"]).astype({"helped": float, "help_not_recorded": float})
    return made.assign(not_recorded=len(of) - made["answered"])


# --- how it hangs together -------------------------------------------------------------------------------------------------------------

def laws_of(whose: str, chart: str, rows: set[str]) -> Iterator[Law]:
    base = (whose, *BASE)

    def at(row: str, column: str) -> Names:
        return whose, chart, row, column

    def no_more(*these: Names, than: tuple[Names, ...]) -> Law:
        return dict.fromkeys(these, 1) | dict.fromkeys(than, -1)
    if chart in ("sexes", "ages", "durations", "hours", "locations"):
        cells, answered = tuple(at(row, "n") for row in rows - {"not_recorded", ""}), at("", "answered")
        yield from equal({answered: 1, at("not_recorded", "n"): 1, base: -1})
        yield no_more(answered, than=cells)
        yield from ([no_more(cell, than=(answered,)) for cell in cells] if chart in ("hours", "locations") else [no_more(*cells, than=(answered,))])
    elif chart == "buckets":
        yield from equal({base: -1} | {at(row, "n"): 1 for row in BUCKETS})
    elif chart == "weeks":
        cells = tuple(at(row, "patients") for row in WEEKS)
        yield no_more(base, than=cells)
        yield from (no_more(cell, than=(base,)) for cell in cells)
    elif chart == "symptoms":
        yield from equal({at("fever", "answered"): 1, at("fever", "not_asked"): 1, base: -1})
        yield from equal({at("fever", "present"): 1, at("fever", "denied"): 1, at("fever", "answered"): -1})
    elif chart == "blank":
        yield from (law for row in rows - {""} for law in equal({at(row, "answered"): 1, at(row, "not_recorded"): 1, base: -1}))
    elif chart == "relief":
        either, tried, helped = (at(row, "answered") for row in ("", *NOTHING.values()))
        for row in ("", *NOTHING.values()):
            yield from equal({at(row, "answered"): 1, at(row, "not_recorded"): 1, base: -1})
        for code in TREATMENTS:
            yield from equal({at(code, "tried"): -1} | {at(code, state): 1 for state in RELIEF_STATES})
            yield no_more(at(code, "tried"), than=(either,))
            yield no_more(at(code, "helped"), at(code, "did_not_help"), than=(helped,))
        for field, code in NOTHING.items():
            yield no_more(at(code, "tried"), than=(at(code, "answered"),))
            yield no_more(at(code, "answered"), than=(either,))
            yield no_more(at(code, "answered"), than=(at(code, "tried"), *(at(one, field) for one in TREATMENTS)))
        yield no_more(either, than=(tried, helped))
        yield no_more(either, than=tuple(at(code, "tried") for code in (*TREATMENTS, *NOTHING.values())))


def laws_of_all(whose: str) -> Iterator[Law]:
    for field, there in {"time_of_day": ("hours", "", "answered"), "onset_day": ("durations", "", "answered"), "fever": ("symptoms", "fever", "answered"),
                         "relief_tried": ("relief", "none", "answered"), "relief_helped": ("relief", "none_helped", "answered")}.items():
        yield from alike((whose, "blank", field, "answered"), (whose, *there))
    yield {(whose, "blank", "birth_year", "answered"): 1, (whose, "ages", "", "answered"): -1}
    yield {(whose, "blank", "sex", "answered"): 1, (whose, "sexes", "", "answered"): -1}


def laws_of_pressed(chart: str, row: str, column: str, charts: dict[str, pd.DataFrame]) -> Iterator[Law]:
    """All patients are in the bar; of a duration that is what any entry said, in the chart the last."""
    everybody, bar = ("all", *BASE), (chart, chart, row, column)
    yield from alike(("all", chart, row, column), everybody)
    yield from ([{bar: 1, everybody: -1}] if chart == "durations" else alike(bar, everybody))
    yield {everybody: 1, (chart, *BASE): -1}
    if chart != "durations":
        for one in charts[chart]["code"]:
            yield from ({("all", chart, one, name): 1, (chart, chart, one, name): -1} for name in ("n", "tried", "helped", "present", "patients")
                        if one != "not_recorded")


@given(of=people, press=st.sampled_from(list(PRESSED)))
def test_no_count_can_be_worked_out_of_all_further_files_of_a_question_and_its_report(of: list[Said], press: str) -> None:
    whole = [one for one in of if meets(one, press)]
    own, question, laws = {}, Cohort(), []
    charts = charts_of(whole, press)
    if press:
        chart, row, column, asked = PRESSED[press]
        question = Cohort(**asked)
        own[chart] = (context(question, chart), len(of), charts_of(of)[chart])
        laws += laws_of_pressed(chart, row, column, charts)
    with patch.object(ties, "TREATMENTS", TREATMENTS):
        made, of_its_own = outgoing.of_question(question, charts, len(whole), own, Control(MOST, 1))
    kept = {f"all {one.name}": one.kept for one in made} | {f"{name} {name}": one.kept for name, one in of_its_own.items()}
    laws += [law for name, one in kept.items() for law in laws_of(*name.split(), {row for row, _ in one.counts.n})]
    told = told_of(kept, [*laws, *laws_of_all("all")], MOST, 2 * PATIENTS)
    assert not told, (told, {name: one.words for name, one in kept.items()})
