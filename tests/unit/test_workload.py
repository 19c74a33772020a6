"""How sure a rate is that is known of some patients, drawn at random."""
import numpy as np
import pytest

from dashboard.rules.workload import Workload


def of(urgent: np.ndarray, observed: np.ndarray) -> Workload:
    squares = np.array([(urgent * urgent).sum(), (urgent * observed).sum(), (observed * observed).sum()])
    return Workload(len(urgent), float(observed.sum()), (np.array([[0, urgent.sum(), 0]]),), ({"U01": int(urgent.sum())},), (squares,))


def test_the_interval_holds_the_rate_of_all_as_often_as_it_says() -> None:
    chance = np.random.default_rng(1)
    observed = chance.uniform(1, 52, 3000)
    urgent = np.where(chance.random(3000) < 0.3, chance.poisson(observed / 10), 0)  # a few patients have most of it
    rate, held = urgent.sum() / observed.sum(), 0
    for _ in range(300):
        some = chance.permutation(3000)[:400]
        low, high = of(urgent[some], observed[some]).interval(0, 3000)
        held += low <= rate <= high
    assert 0.92 <= held / 300 <= 0.98


def test_parts_add_up_and_who_asked_everybody_needs_no_interval() -> None:
    chance = np.random.default_rng(2)
    observed, urgent = chance.uniform(1, 52, 60), chance.poisson(1, 60)
    whole, parts = of(urgent, observed), [of(urgent[first:first + 20], observed[first:first + 20]) for first in (0, 20, 40)]
    made = parts[0] + parts[1] + parts[2]
    assert (made.patients, made.urgent(0), made.flags) == (60, whole.urgent(0), whole.flags)
    assert made.patient_weeks == pytest.approx(whole.patient_weeks) and made.interval(0, 1000) == pytest.approx(whole.interval(0, 1000))
    assert made.interval(0, 60) is None
    assert of(np.zeros(60, int), observed).interval(0, 1000) is None, "of nothing there is no telling"
    assert of(np.array([12]), np.array([52.0])).interval(0, 1000) is None, "nor by one patient, however often"
