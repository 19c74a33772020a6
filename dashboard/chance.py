"""Two sides of shares, or of histograms: their differences, and how far chance alone could have moved them. Pure; patients are drawn anew."""
import numpy as np
import pandas as pd

REPLICATES, SEED, LEAST = 1000, 20_260_331, 5


def difference(a: pd.DataFrame, b: pd.DataFrame, both: pd.DataFrame | None = None, replicates: int = REPLICATES) -> pd.DataFrame:
    """Rows of both sides, which are the same shares in the same order; of those in both where they are drawn together. Patients are drawn with
    replacement. Of a share only three things can be true of a patient (yes, no, not answered), so how often each is drawn is multinomial, and
    no patient has to be drawn one by one."""
    shares = [100 * side["n"].to_numpy(float) / np.maximum(side["of"].to_numpy(float), 1) for side in (a, b)]
    sides = _drawn(a, b, both, replicates)
    low, high = _interval(sides[0] - sides[1])
    enough = ((a["of"] >= LEAST) & (b["of"] >= LEAST)).to_numpy()
    given = {"difference": shares[0] - shares[1], "low": 100 * low, "high": 100 * high}
    return pd.DataFrame({
        "code": a["code"], "label": a["label"],
        **{f"{name}_{side}": frame[name].astype(int) for side, frame in (("a", a), ("b", b)) for name in ("n", "of", "missing")},
        **{f"share_{side}": np.where(frame["of"] > 0, share, np.nan) for side, frame, share in (("a", a, shares[0]), ("b", b, shares[1]))},
        **{name: np.where(enough, values, np.nan) for name, values in given.items()}})


def _states(frame: pd.DataFrame) -> np.ndarray:
    """yes, no, not answered. A share of nothing or of all is drawn from as if one more had said yes and one more no: else it could never
    come out otherwise, and the interval would claim to be sure."""
    n, of, missing = (frame[name].to_numpy(float) for name in ("n", "of", "missing"))
    return np.stack([n, of - n, missing], axis=1)


def _drawn(a: pd.DataFrame, b: pd.DataFrame, both: pd.DataFrame | None, replicates: int) -> list[np.ndarray]:
    """Shares of both sides, a column a replicate."""
    one, other = _states(a), _states(b)
    shared = np.zeros_like(one) if both is None else _states(both)
    parts = [one - shared, shared, other - shared]
    for whole, own in ((one, parts[0]), (other, parts[2])):
        sure = (whole[:, :2].min(axis=1) == 0) & (whole[:, :2].sum(axis=1) > 0)
        own[sure, :2] += 1
    if both is None:
        of_a, of_b = (_multinomial(part, round(float(whole[:1].sum())), replicates, place)
                      for place, (part, whole) in enumerate(((parts[0], one), (parts[2], other))))
    else:
        size = round(float((one + other - shared)[:1].sum()))
        drawn = np.split(_multinomial(np.concatenate(parts, axis=1), size, replicates), 3, axis=2)
        of_a, of_b = drawn[0] + drawn[1], drawn[1] + drawn[2]
    with np.errstate(invalid="ignore"):
        return [side[..., 0] / (side[..., 0] + side[..., 1]) for side in (of_a, of_b)]


def _multinomial(weights: np.ndarray, size: int, replicates: int, stream: int = 0) -> np.ndarray:
    """Rows, replicates, states. Each row begins its own stream: an interval hangs on the numbers of its row alone, so that one that is written
    says nothing of a count beside it that is not. Rows of the same numbers are drawn once."""
    if not len(weights):
        return np.zeros((0, replicates, weights.shape[-1]))
    shares, at = np.unique(weights / np.maximum(weights.sum(axis=-1, keepdims=True), 1e-9), axis=0, return_inverse=True)
    return np.stack([np.random.default_rng((SEED, stream)).multinomial(size, row, size=replicates) for row in shares])[at]


def _interval(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """2.5 to 97.5 % of each row; replicates in which nobody answered say nothing."""
    if not len(values):
        return np.zeros(0), np.zeros(0)
    gaps = np.isnan(values).any(axis=1)
    low, high = np.quantile(np.where(gaps[:, None], 0, values), (0.025, 0.975), axis=1)
    for at in np.flatnonzero(gaps):
        known = values[at, ~np.isnan(values[at])]
        low[at], high[at] = np.quantile(known, (0.025, 0.975)) if len(known) else (np.nan, np.nan)
    return low, high


def mean(a: np.ndarray, b: np.ndarray, both: np.ndarray | None = None, replicates: int = REPLICATES) -> tuple[float, ...]:
    """Of histograms over 0 to 10, with those not recorded last: mean of a, of b, difference, low, high; nan where too few answered."""
    points = np.arange(len(a) - 1)

    def of(histogram: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return (histogram[..., :-1] * points).sum(axis=-1) / histogram[..., :-1].sum(axis=-1)
    if min(a[:-1].sum(), b[:-1].sum()) < LEAST:
        return (float(of(a)), float(of(b)), np.nan, np.nan, np.nan)
    if both is None:
        drawn = [_multinomial(side[None].astype(float), int(side.sum()), replicates, place) for place, side in enumerate((a, b))]
    else:
        parts = np.split(_multinomial(np.concatenate([a - both, both, b - both])[None].astype(float), int((a + b - both).sum()), replicates), 3, axis=2)
        drawn = [parts[0] + parts[1], parts[1] + parts[2]]
    low, high = _interval(of(drawn[0]) - of(drawn[1]))
    return (float(of(a)), float(of(b)), float(of(a) - of(b)), float(low[0]), float(high[0]))
