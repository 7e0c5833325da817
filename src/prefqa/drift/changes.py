r"""A confirmed change: how large, since when, who drives it, and what of the raw shift it explains.

**Size.** The shift is N over its sensitivity, one step of Newton from no change; its interval takes annotators as a
sample where they differ (two-way clustered variance). **Date.** The z of all cuts are drawn anew around the path that a
change at the found cut implies, its height there times their correlation with it; the interval is the shortest run of
cuts that holds `level` of the largest ones. **Driver.** Each annotator's own shift; if they are alike (Cochran's Q),
everybody; else those whose own shift is more likely the movers' than none. **Explained.** With h a cell's weight and pi
its share of votes, before and after, the raw shift is the sum of

.. math:: \sum \bar\pi (h' - h) \quad\text{(rule)}, \qquad
    \sum \bar h\, \bar\pi_a (\pi'_{g|a} - \pi_{g|a}) \quad\text{(items)}, \qquad
    \sum_a \bar h_a (\pi'_a - \pi_a) \quad\text{(annotators)}

(Kitagawa 1955; Das Gupta 1993), a cell seen on one side keeping its weight on the other.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import chdtrc, ndtri

from prefqa._types import Bools, Floats
from prefqa.drift.evidence import Evidence

#: Annotators are told apart from each other below this p of Cochran's Q.
_DIFFER_P = 0.05
#: This share of annotators is everybody.
_EVERYBODY = 0.8
_DRAWS = 4_000
_ROUNDS = 20
#: One-sided z of an annotator's own shift, where annotators differ, from which they count as moved.
_STANDS_OUT = 1.0


class Shift(NamedTuple):
    """Size of a change in the unit of its detector, and the weights before and after."""

    effect: float
    se: float
    before: float | None
    after: float | None


def shift(evidence: Evidence, contrast: int, column: int, who: Movers | None = None) -> Shift | None:
    """Size of the shift of the pool, or of those who moved; None where it rests on nothing."""
    at, scanned = (contrast, column), evidence.scan
    difference, sensitivity, variance = scanned.difference[at], evidence.sensitivity[at], scanned.variance[at]
    habit = 0.0
    if who is not None and not who.everybody:
        mine = (who.moved, *at)
        difference, sensitivity = scanned.annotator_difference[mine].sum(), evidence.annotator_sensitivity[mine].sum()
        variance = scanned.annotator_variance[mine].sum()
        habit = float(evidence.model.habit[who.moved, column].mean()) if column < len(evidence.votes.names) else 0.0
    if sensitivity <= 0 or not variance > 0:
        return None
    factor = evidence.unit(column).factor
    effect, se = float(difference) / sensitivity, float(np.sqrt(variance)) / sensitivity
    if column >= len(evidence.votes.names):
        return Shift(effect * factor, se * factor, None, None)
    share = float(evidence.pooled_share(column)[contrast])
    before = float(evidence.model.beta[column]) + habit - (1 - share) * effect
    return Shift(effect * factor, se * factor, before * factor, (before + effect) * factor)


def dates(
    evidence: Evidence, contrast: int, column: int, level: float, seed: int, *, height: float | None = None
) -> tuple[int, int]:
    """First and last cut of the interval for the date of a change; `height` is its z, by default the pool's."""
    n, width = evidence.scan.z.shape
    at = np.arange(n) * width + column
    height = float(evidence.scan.z[contrast, column]) if height is None else height
    return date_interval(evidence.scan.correlation[np.ix_(at, at)], contrast, height, level, seed)


def date_interval(correlation: Floats, contrast: int, height: float, level: float, seed: int) -> tuple[int, int]:
    """The same from the correlation of the cuts, and the z of the one that was found."""
    n = len(correlation)
    values, vectors = np.linalg.eigh(correlation)
    noise = np.random.default_rng(seed).standard_normal((_DRAWS, n)) @ (vectors * np.sqrt(np.clip(values, 0, None))).T
    found = np.abs(height * correlation[contrast] + noise).argmax(axis=1)
    share = np.bincount(found, minlength=n) / _DRAWS
    total = np.concatenate([[0.0], np.cumsum(share)])
    runs = [
        (high - low, -(total[high + 1] - total[low]), low, high)
        for low in range(contrast + 1)
        for high in range(contrast, n)
        if total[high + 1] - total[low] >= level
    ]
    _, _, low, high = min(runs) if runs else (0, 0.0, 0, n - 1)
    return low, high


class Movers(NamedTuple):
    """Which annotators moved, [n_annotators], and whether that is everybody."""

    moved: Bools
    everybody: bool


def movers(evidence: Evidence, contrast: int, column: int) -> Movers:
    """Tell who drives a change: everybody, or those whose own shift is nearer to the movers' than to none."""
    scanned = evidence.scan
    weight = evidence.annotator_sensitivity[:, contrast, column]
    variance = scanned.annotator_variance[:, contrast, column]
    seen = (weight > 0) & (variance > 0) & (scanned.annotator_z[:, contrast, column] != 0)
    if seen.sum() < 2:
        return Movers(seen, True)
    own = scanned.annotator_difference[seen, contrast, column] / weight[seen]
    precision = weight[seen] ** 2 / variance[seen]
    common = (own * precision).sum() / precision.sum()
    if chdtrc(own.size - 1, float((precision * (own - common) ** 2).sum())) > _DIFFER_P:
        return Movers(seen, True)
    # The side on which annotators stand out more; then two groups, one of which stays at no shift.
    own = own * np.sign((np.sign(own) * own**2 * precision).sum() or 1.0)
    stands_out = own * np.sqrt(precision) > _STANDS_OUT
    moved = own > 0
    for _ in range(_ROUNDS):
        centre = (own * precision)[moved].sum() / precision[moved].sum()
        again = (own > centre / 2) & stands_out
        again[(own * np.sqrt(precision)).argmax()] = True
        if (again == moved).all():
            break
        moved = again
    out = np.zeros(weight.size, bool)
    out[np.flatnonzero(seen)[moved]] = True
    return Movers(out, bool(moved.mean() >= _EVERYBODY))


class Explained(NamedTuple):
    """Shares of the raw shift; null where there is no shift to share out."""

    rule: float | None
    annotators: float | None
    items: float | None


def explained(evidence: Evidence, contrast: int, column: int) -> Explained:
    """Share out the raw shift of a feature's weight between rule, annotators and items."""
    if column >= len(evidence.votes.names):
        return Explained(None, None, None)
    cells, kept = evidence.cells, evidence.scores.kept[column]
    sides = (evidence.contrasts.before[contrast], evidence.contrasts.after[contrast])
    count = np.stack([cells.count[:, side].sum(axis=1) for side in sides])
    score = np.stack([cells.score[:, side, column].sum(axis=1) for side in sides])
    weight = np.stack([cells.information[:, side, column].sum(axis=1) for side in sides]) * kept
    # Cells are many and small: each one's own shift is drawn to none, as if half a typical cell stood against it.
    pull = 0.5 * weight[weight > 0].mean() if (weight > 0).any() else 1.0
    level = evidence.model.beta[column] + evidence.model.habit[cells.annotator, column]
    sensitivity = float(evidence.sensitivity[contrast, column])
    change = float(evidence.scan.difference[contrast, column]) / sensitivity if sensitivity > 0 else 0.0
    both = (count > 0).all(axis=0)
    middle = level + score.sum(axis=0) / (weight.sum(axis=0) + pull)
    low = np.where(both, middle - change / 2, middle)
    high = np.where(both, middle + change / 2, middle)
    shares = count / np.maximum(count.sum(axis=1, keepdims=True), 1)
    people = np.zeros((2, len(evidence.votes.annotators)))
    for side in range(2):
        np.add.at(people[side], cells.annotator, shares[side])
    of_person = people[:, cells.annotator]
    within = np.where(of_person > 0, shares / np.where(of_person > 0, of_person, 1.0), np.nan)
    within = np.where(np.isnan(within), within[::-1], within)
    mean_h, mean_within, mean_person = (low + high) / 2, within.mean(axis=0), of_person.mean(axis=0)
    rule = float((mean_person * mean_within * (high - low)).sum())
    items = float((mean_person * mean_h * (within[1] - within[0])).sum())
    annotators = float((mean_within * mean_h * (of_person[1] - of_person[0])).sum())
    total = rule + items + annotators
    if total == 0:
        return Explained(None, None, None)
    return Explained(rule / total, annotators / total, items / total)


def half_width(se: float, level: float) -> float:
    """Half an interval of the normal distribution."""
    return float(ndtri((1 + level) / 2)) * se
