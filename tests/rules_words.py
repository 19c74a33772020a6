"""Oracles of the rules that are made of arms: written from the words of the rules, over plain entries. Rows are those of `tests.diaries`."""
from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from dashboard.days import date_of
from tests.diaries import FIRST
from tests.rules_entries import ALTERED, BACK, BELOW, BUTTOCK, Answer, Entry, current_episode, ever, every, some

SLACK = Fraction(1, 10**6)
THORACIC = BACK - {"neck", "low_back"}
CHEST = {"chest_left", "chest_middle", "chest_right"}
ABDOMEN = {"abdomen", "left_upper_abdomen"}
KIDNEY = {"flank_left", "flank_right", "lower_thoracic_left", "lower_thoracic_right", "low_back", "everywhere"}
LEGS = BELOW - BUTTOCK
LIMBS = LEGS | {"arm_left", "arm_right", "hand_left", "hand_right"}
SPLEEN = {"left_upper_abdomen", "shoulder_left"}
NEURO = ("leg_weakness", "leg_numbness", "saddle_numbness", "urinary_incontinence", "bowel_incontinence", "urinary_retention", "bladder_sensation_loss",
         "sexual_dysfunction", "gait_difficulty")
VERY_UNWELL = ("confusion", "trouble_breathing", "sudden_breathlessness", "faint", "vomiting")


class Case(NamedTuple):
    """`entries` are what is judged; `all` is everything the patient said. Then the other rules met in tier E or U, and in any."""
    entries: list[Entry]
    all: list[Entry]
    as_of: int
    urgent: set[str]
    met: set[str]


Said = Callable[[Entry], Answer]
Test = Callable[[Iterable[Entry]], Answer]
Arm = Callable[[Case], tuple[Answer, list[Entry]]]


def over(said: Said) -> Test:
    return lambda entries: ever(said(e) for e in entries)


def any_symptom(*codes: str, kind: str = "") -> Test:
    return lambda entries: some(ever(e.says(code, kind) for e in entries) for code in codes)


def any_history(*codes: str) -> Callable[[Case], Answer]:
    return lambda case: any_symptom(*codes)(case.entries)


def alone(test: Test) -> Said:
    return lambda e: test([e])


def around(anchor: Test, *parts: Test, before: int = 1, after: int = 1,
           report: Test | None = None, elsewhere: Test | None = None, begun: int | None = None) -> Arm:
    """`report` is what is evidence beside the anchor; `elsewhere` what is said of the anchor where no entry says it; `begun` how old the
    current episode may be on the day, where the day is in it."""
    def arm(case: Case) -> tuple[Answer, list[Entry]]:
        days = {e.day for e in case.entries if anchor([e])}
        if not days:
            said = (elsewhere or anchor)(case.entries)
            return every(said, *[part(case.entries) for part in parts]), []
        met: list[Answer] = []
        shown = []
        for day in days:
            near = [e for e in case.entries if day - before <= e.day <= day + after]
            onset = current_episode(case.all)[0]
            late = begun is not None and onset is not None and day - onset > begun
            met.append(every(not late, *[part(near) for part in parts]))
            if met[-1]:
                shown += [e for e in near if anchor([e]) or (report and report([e]))]
        return ever(met), shown
    return arm


def doubted(part: Test) -> Test:
    """The benefit of the doubt."""
    return lambda entries: part(entries) is not False


def both_ways(anchor: Callable, place: Callable, *parts: Callable, **how: object) -> list[Arm]:
    """The place named, and not recorded."""
    return [around(anchor, place, *parts, **how), around(anchor, doubted(place), *parts, **how)]


def ever_there(place: Callable, arms: list[Arm]) -> list[Arm]:
    """Where the place is not recorded, the patient must have named it some other time, or never named any."""
    named, unnamed = arms
    return [named, and_(lambda case: doubted(place)(case.entries), unnamed)]


def and_(condition: Callable[[Case], Answer], arm: Arm) -> Arm:
    def both(case: Case) -> tuple[Answer, list[Entry]]:
        met, shown = arm(case)
        return every(condition(case), met), shown
    return both


def said(*parts: Test, shows: Said | None = None) -> Arm:
    """All of it at some time or other."""
    return lambda case: (every(*[part(case.entries) for part in parts]), [e for e in case.entries if shows and shows(e)])


def in_one(test: Said, whole: Test, history: Callable[[Case], Answer] = lambda case: True) -> Arm:
    """One entry says all; where none does, what was said in all may say no."""
    def arm(case: Case) -> tuple[Answer, list[Entry]]:
        has = history(case)
        shown = [e for e in case.entries if test(e)] if has else []
        return (True, shown) if shown else (False if every(has, whole(case.entries)) is False else None, [])
    return arm


def rule(*arms: Arm, raises_only: tuple[int, ...] = ()) -> Callable[[Case], tuple[Answer, int | None, list[Entry]]]:
    def found(case: Case) -> tuple[Answer, int | None, list[Entry]]:
        answers = [arm(case) for arm in arms]
        met = [n for n, (answer, _) in enumerate(answers) if answer]
        if met:
            return True, met[0], [e for n in met for e in answers[n][1]]
        return some(answer for n, (answer, _) in enumerate(answers) if n not in raises_only), None, []
    return found


def at(places: set[str]) -> Test:
    return over(lambda e: e.at(places))


def like(*words: str) -> Test:
    return over(lambda e: e.like(set(words)))


def spread(places: set[str]) -> Test:
    return over(lambda e: e.spread(places))


def sudden(days: int) -> Test:
    return over(lambda e: e.sudden(days))


def started(days: int) -> Test:
    return over(lambda e: e.started(days))


def worst(least: int) -> Test:
    return over(lambda e: e.worst_is(least))


def chose(field: str, answer: str) -> Test:
    return over(lambda e: getattr(e, field) == answer if getattr(e, field) else None)


def either(*tests: Test) -> Test:
    return lambda entries: some(test(entries) for test in tests)


def helped(code: str) -> Test:
    return over(lambda e: None if e.relieved is None else code in e.relieved)


def aggravated(code: str) -> Test:
    return over(lambda e: None if e.aggravated is None else code in e.aggravated)


def aged(years: int) -> Test:
    def old_enough(entries: Iterable[Entry]) -> Answer:
        told = [(e.day, e.born) for e in entries if e.born]
        return 2026 - max(told)[1] >= years if told else None  # every as-of day of the tables lies in 2026
    return old_enough


def female(entries: Iterable[Entry]) -> Answer:
    told = [(e.day, ("female", "male", "other").index(e.sex)) for e in entries if e.sex]
    return max(told)[1] == 0 if told else None


def not_met(other: str) -> Callable[[Case], Answer]:
    return lambda case: other not in case.met


FEVER = over(lambda e: e.fever)
BACKED, THORACICALLY, BETWEEN = at(BACK), at(THORACIC), at({"between_shoulder_blades"})
HIGH = at(THORACIC | CHEST | ABDOMEN)
TEARING, SHARP = like("tearing", "ripping"), like("sharp", "stabbing")
CANCER, AORTIC = any_history("cancer_history"), any_history("connective_tissue_disorder", "aortic_history")
NEURO_NEW, NEURO_ANY = any_symptom(*NEURO, kind="new"), any_symptom(*NEURO)
UNWELL = any_symptom(*VERY_UNWELL)
FEATURE = either(chose("speed", "sudden"), worst(7), TEARING)
INFECTION = either(FEVER, any_symptom("rigors"))
TRAUMA, FAINT = any_symptom("major_trauma"), any_symptom("faint")
SIDES = [either(at({f"leg_{side}", f"foot_{side}"}), spread({f"leg_{side}", f"foot_{side}"})) for side in ("left", "right")]


def leggy(entries: Iterable[Entry]) -> Answer:
    entries = list(entries)
    marked = every(any_symptom("both_legs")(entries), either(at(LEGS), spread(LEGS))(entries))
    return some([every(*[side(entries) for side in SIDES]), marked])


def both_legs(entries: Iterable[Entry]) -> Answer:
    return any(leggy([e]) and not e.old for e in entries)


def legs_elsewhere(entries: Iterable[Entry]) -> Answer:
    return False if leggy(entries) is False else None


def aortic(e: Entry, even_if_long: bool) -> bool:
    long = e.started(83) is False and e.speed == "gradual"
    return bool(FEATURE([e])) and e.at(BACK | CHEST | ABDOMEN) is not False and (even_if_long or not long)


def e12_limbs(e: Entry) -> bool:
    return bool(e.at(BACK) and (e.like(ALTERED) or e.spread(LIMBS)))


def says_no(scored: list[Entry], least: int, bad: int) -> bool:
    """Who was so bad on some day can't be told no by fewer days with a score than a rule asks for."""
    return bool(scored) and (len({e.day for e in scored}) >= least or all(e.bad < bad for e in scored))


def three_close_days(case: Case) -> tuple[Answer, list[Entry]]:
    last = max(e.day for e in case.all)
    lately = [e for e in case.all if e.day > last - 14 and e.bad is not None]
    days = sorted({e.day for e in lately if e.bad >= 7})
    close = {day for three in zip(days, days[1:], days[2:], strict=False) if three[2] - three[0] <= 2 for day in three}
    return True if close else False if says_no(lately, 3, 7) else None, [e for e in lately if e.bad >= 7 and e.day in close]


def and_said(arm: Arm, *parts: Test) -> Arm:
    return and_(lambda case: every(*[part(case.entries) for part in parts]), arm)


def lasting(days: int) -> Arm:
    def arm(case: Case) -> tuple[Answer, list[Entry]]:
        onset, episode = current_episode(case.all)
        painful = [e for e in episode if e.hurts]
        late = [e for e in painful if e.day - onset >= days]
        return (bool(late) if painful else None), late
    return arm


def young_at_onset(entries: Iterable[Entry]) -> Answer:
    entries = list(entries)
    told, onsets = [(e.day, e.born) for e in entries if e.born], [e.onset for e in entries if e.onset is not None]
    return date_of(FIRST + max(onsets)).year - max(told)[1] < 40 if told and onsets else None


def relieved(code: str) -> Test:
    def by_it(entries: Iterable[Entry]) -> Answer:
        entries = list(entries)
        if any(code in e.helped for e in entries):
            return True
        return False if any(code in e.tried for e in entries) and any(e.relieved is not None for e in entries) else None
    return by_it


def without(test: Test) -> Test:
    def opposite(entries: Iterable[Entry]) -> Answer:
        found = test(entries)
        return None if found is None else not found
    return opposite


def at_least(count: int, *tests: Test) -> Test:
    def enough(entries: Iterable[Entry]) -> Answer:
        found = [test(entries) for test in tests]
        return True if found.count(True) >= count else False if found.count(False) > len(found) - count else None
    return enough


def worse(least: int, by: int = 2, share: Fraction = Fraction(3, 10)) -> Arm:
    def arm(case: Case) -> tuple[Answer, list[Entry]]:
        last = max(e.day for e in case.all)
        weeks = []
        for start in (last - 6, last - 13):
            week = [e for e in case.all if start <= e.day < start + 7 and e.severity is not None]
            means = [sum(e.severity for e in one) / len(one) for one in ([e for e in week if e.day == day] for day in {e.day for e in week})]
            if len(means) < 3:
                return None, []
            weeks.append((sum(means) / len(means), week))
        (now, shown), (before, _) = weeks
        return now - before >= max(by, share * before) - SLACK and now >= least - SLACK, shown
    return arm


def no_response(case: Case) -> tuple[Answer, list[Entry]]:
    onset, last = current_episode(case.all)[0], max(e.day for e in case.all)
    tried = [e.day for e in case.all if onset is not None and e.day >= onset and e.tried - {"none_helped"}]
    if not tried:
        return (False if any(e.asked_what_was_tried for e in case.all) else None), []
    if last - min(tried) < 28:
        return False, []
    lately, at_first = ([e for e in case.all if e.severity is not None and start <= e.day < start + 7] for start in (last - 6, min(tried)))
    means = [[sum(e.severity for e in one) / len(one) for one in ([e for e in week if e.day == day] for day in {e.day for e in week})]
             for week in (lately, at_first)]
    now, before = (sum(days) / len(days) if len(days) >= 3 else None for days in means)
    if now is None:
        return None, []
    return every(now > 1 + SLACK, None if before is None else now > before * Fraction(7, 10) + SLACK), lately


def at_the_end(case: Case) -> tuple[Answer, list[Entry]]:
    last = max(e.day for e in case.all)
    answered = [e for e in case.all if e.day > last - 14 and e.bad is not None]
    worst = [e for e in answered if e.bad >= 9]
    recent = case.as_of - last <= 14
    return every(recent, True if len({e.day for e in worst}) >= 5 else False if says_no(answered, 5, 9) else None), worst


def impact(case: Case) -> tuple[Answer, list[Entry]]:
    last = max(e.day for e in case.all)
    answered = [e for e in case.all if e.day > last - 7 and e.interference is not None]
    high = [e for e in answered if e.interference >= 7]
    if len({e.day for e in high}) >= 4:
        return True, high
    return (False if len({e.day for e in answered}) >= 4 else None), []


def silent(case: Case) -> bool:
    days = sorted({e.day for e in case.all})
    gaps = [after - before for before, after in pairwise(days)]
    return case.as_of - days[-1] > max(7, 3 * median(gaps) if gaps else 0)


def silent_after_severe(case: Case) -> tuple[Answer, list[Entry]]:
    today = [e for e in case.all if e.day == max(e.day for e in case.all) and e.bad is not None]
    severe = [e for e in today if e.bad >= 7]
    return every(silent(case), bool(severe) if today else None), severe


def young(entries: Iterable[Entry]) -> Answer:
    adult = aged(20)(entries)
    return None if adult is None else not adult


def recent_onset(entries: Iterable[Entry]) -> Answer:
    return started(84)(entries) is not False


def tells(*symptoms: str) -> Said:
    return lambda e: bool(e.yes & set(symptoms))


RULES: dict[str, tuple[str, Callable[[Case], tuple[Answer, int | None, list[Entry]]]]] = {  # with the tiers of the arms
    "E02": ("EE", rule(*ever_there(THORACICALLY, both_ways(either(any_symptom("sweating", "faint"), spread({"arm_left", "arm_right", "jaw"})), THORACICALLY)))),
    "E03": ("EEE", rule(*both_ways(any_symptom("coughing_blood", "faint", "one_leg_swelling", "sudden_breathlessness"), at(BACK | CHEST)),
                        said(any_symptom("pain_on_breathing"), any_symptom("clot_risk"), shows=tells("pain_on_breathing")))),
    "E08": ("EE", rule(*both_ways(both_legs, BACKED, elsewhere=legs_elsewhere, report=any_symptom("both_legs")))),
    "E09": ("EE", rule(*both_ways(any_symptom("sexual_dysfunction", kind="new"), BACKED))),
    "E10": ("EEEEEUU", rule(
        *both_ways(TEARING, at(BACK | CHEST | ABDOMEN)), *ever_there(HIGH, both_ways(sudden(14), HIGH, worst(7), begun=17)),
        in_one(lambda e: aortic(e, False), FEATURE, AORTIC), in_one(lambda e: aortic(e, True), FEATURE, AORTIC),
        around(sudden(14), worst(7), BACKED, begun=17))),
    "E11": ("E", rule(around(sudden(2), BETWEEN, SHARP))),
    "E12": ("EEE", rule(*[and_(CANCER, arm) for arm in both_ways(NEURO_ANY, BACKED)],
                        in_one(e12_limbs, lambda entries: every(BACKED(entries), either(like(*ALTERED), spread(LIMBS))(entries)), CANCER), raises_only=(2,))),
    "E13": ("EE", rule(*both_ways(FEVER, BACKED, NEURO_NEW, before=7, after=7, report=NEURO_NEW))),
    "E14": ("E", rule(around(NEURO_NEW, TRAUMA, before=14, after=0, report=TRAUMA))),
    "E15": ("EE", rule(*both_ways(FAINT, at(BACK | ABDOMEN)))),
    "E16": ("E", rule(around(INFECTION, UNWELL, report=UNWELL))),
    "U03": ("U", rule(around(either(INFECTION, any_symptom("urinary_pain", "blood_in_urine", "vomiting")), at(KIDNEY)))),
    "U04": ("U", rule(and_(not_met("E03"), around(any_symptom("pain_on_breathing"), THORACICALLY)))),
    "U05": ("UUUU", rule(
        said(any_symptom("cancer_history"), at(THORACIC | {"neck"}), shows=lambda e: "cancer_history" in e.yes or bool(e.at(THORACIC | {"neck"}))),
        said(any_symptom("cancer_history"), BACKED, any_symptom("night_pain", "weight_loss"), shows=tells("night_pain", "weight_loss")),
        said(any_symptom("cancer_history"), BACKED, either(chose("trend", "worse"), aggravated("coughing")),
             shows=lambda e: "cancer_history" in e.yes or bool(e.at(BACK)) or e.trend == "worse" or "coughing" in (e.aggravated or ())),
        and_said(three_close_days, any_symptom("cancer_history"), BACKED))),
    "U06": ("U", rule(in_one(lambda e: bool(e.at(BACK)) and (e.started(84) is not False or e.trend == "worse"), BACKED,
                             any_history("iv_drug_use", "immunosuppressed")))),
    "U07": ("UUUUU", rule(
        around(TRAUMA, doubted(BACKED), before=0, after=14), said(any_symptom("steroid_use"), either(aged(71), female), shows=tells("steroid_use")),
        said(any_symptom("osteoporosis"), any_symptom("minor_trauma"), shows=tells("minor_trauma")),
        said(any_symptom("osteoporosis"), sudden(84), shows=lambda e: "osteoporosis" in e.yes or bool(e.sudden(84))),
        said(aged(71), female, sudden(84), shows=lambda e: bool(e.sudden(84))))),
    "U09": ("UUU", rule(
        around(any_symptom("exertional"), THORACICALLY, helped("rest")),
        in_one(lambda e: bool(e.at(THORACIC)) and "exertion" in (e.aggravated or ()) and "rest" in e.helped,
               lambda entries: every(THORACICALLY(entries), aggravated("exertion")(entries), helped("rest")(entries))),
        and_(not_met("E02"), around(any_symptom("nausea", "palpitations"), THORACICALLY)), raises_only=(1,))),
    "U10": ("U", rule(in_one(lambda e: bool(BETWEEN([e]) and SHARP([e])) and not e.speed and e.started(2) is not False,
                             lambda entries: every(BETWEEN(entries), SHARP(entries))))),
    "U11": ("U", rule(said(any_symptom("urgent"), shows=tells("urgent")))),
    "U12": ("UU", rule(around(FAINT, at(SPLEEN)), around(TRAUMA, at(SPLEEN), before=0, after=14))),
    "R03": ("R", rule(and_said(lasting(42), aged(60), BACKED))),
    "R05": ("R", rule(and_said(lasting(84), BACKED, at_least(4, young_at_onset, chose("speed", "gradual"), relieved("exercise"), without(relieved("rest")),
                                                             any_symptom("night_pain"))))),
    "R06": ("UUR", rule(worse(7), worse(9, by=1, share=Fraction(0)), worse(0))),
    "R07": ("R", rule(impact)),
    "R08": ("R", rule(no_response)),
    "R09": ("R", rule(in_one(lambda e: "flare" in e.yes and bool(e.worst_is(7)), lambda entries: every(any_symptom("flare")(entries), worst(7)(entries))))),
    "R10": ("RR", rule(lambda case: (every(silent(case), bool(case.urgent)), []), silent_after_severe)),
    "R12": ("R", rule(at_the_end)),
    "I01": ("IIIIII", rule(
        said(aged(51), recent_onset), said(young, recent_onset), said(any_symptom("night_pain")), said(any_symptom("steroid_use")),
        said(any_symptom("osteoporosis")), and_(not_met("U01"), said(FEVER)))),
    "I02": ("I", rule(in_one(lambda e: bool(BETWEEN([e]) and e.like({"twisting"})), lambda entries: every(BETWEEN(entries), like("twisting")(entries))))),
    "I03": ("I", rule(said(at_least(2, like("burning"), like("electric_shock"), like("radiating"), like("tingling", "pins_and_needles")),
                           shows=lambda e: bool(e.like({"burning", "electric_shock", "radiating", "tingling", "pins_and_needles"}))))),
}
ASK_OTHERS = ("U04", "U09", "I01", "R10")
