"""The p-value of one annotator's scan by permutation: judgments change their periods within strata."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from prefqa._types import Bools, Floats, Ints, begins, distinct, sum_by
from prefqa.drift.contrasts import Contrasts
from prefqa.drift.scores import Scores

#: Permutations, fewer for annotators of so many judgments that these times their number exceed the budget.
N_PERMUTATIONS, _BUDGET = 4_999, 2_500_000
#: Beyond the permutations, p goes on as the tail of the largest squares does, which falls exponentially.
_TAIL = 0.05
_CELLS = 20_000_000


def permuted(
    scores: Scores,
    mine: Ints,
    contrasts: Contrasts,
    use: Bools,
    columns: Ints,
    rng: np.random.Generator,
    *,
    margin: float | None = None,
) -> float:
    """Share of permutations of periods within strata whose largest |z| over the contrasts in `use` is as observed.

    Judgments of one cluster and period move together, among those of clusters with the same strata. With a `margin`
    the largest z, one-sided, of what a shift of one score per information by `margin` leaves over.
    """
    cell = np.unique(scores.cell[mine], return_inverse=True)[1]
    score = _net(scores.score[np.ix_(mine, columns)], scores.information[np.ix_(mine, columns)], cell)
    after, before = (side[use].T.astype(float) for side in (contrasts.after, contrasts.before))
    period = scores.period[mine]
    beyond = np.zeros((columns.size, int(use.sum())))
    if margin is not None:
        information = scores.information[mine, columns[0]]
        shifted = information[:, None] * after[period]
        seen = np.maximum(sum_by(cell, information), 1e-300)
        mean = np.stack([sum_by(cell, part) for part in shifted.T], axis=1) / seen[:, None]
        beyond[:] = margin * (
            _weights(cell, after[period], before[period]) * (shifted - information[:, None] * mean[cell])
        ).sum(axis=0)
    group, period, score = _together(scores.item[mine], period, cell, score)
    order = np.lexsort((period, group))
    group, period, score = group[order], period[order], score[order]
    n, width = group.size, columns.size
    starts = np.flatnonzero(begins(group))
    # Rows of one group and period count for the same: their scores are summed before they are weighed.
    runs = np.flatnonzero(begins(group, period))
    weight = _weights(group, after[period], before[period])[runs]
    observed = np.add.reduceat(score, runs, axis=0).T @ weight - beyond
    block = max(1, _CELLS // (n * width))
    done, total = 0, min(N_PERMUTATIONS, max(199, _BUDGET // n))
    parts = []
    while done < total:
        size = min(block, total - done)
        at = np.tile(np.arange(n, dtype=np.int32), (size, 1))
        for low, high in pairwise([*starts.tolist(), n]):
            rng.permuted(at[:, low:high], axis=1, out=at[:, low:high])
        sums = [np.add.reduceat(column[at], runs, axis=1) @ weight for column in score.T]
        parts.append(np.stack(sums, axis=1))
        done += size
    null = np.concatenate(parts)
    sd = null.std(axis=0)
    sd = np.where(sd > 0, sd, np.inf)
    z, drawn_z = observed / sd, null / sd
    if margin is None:
        z, drawn_z = np.abs(z), np.abs(drawn_z)
    return _p_of_largest(float(z.max()), drawn_z.max(axis=(1, 2)))


def _weights(group: Ints, after: Floats, before: Floats) -> Floats:
    """What each row counts for in each contrast of after and before within groups, [n, n_contrasts]."""
    n_after, n_before = (np.stack([sum_by(group, side) for side in sides.T], axis=1) for sides in (after, before))
    share = n_before / np.maximum(n_before + n_after, 1)
    return np.asarray(after * share[group] - before * (1 - share[group]))


def _together(cluster: Ints, period: Ints, cell: Ints, score: Floats) -> tuple[Ints, Ints, Floats]:
    """One row per cluster and period: the group of those with the same strata, the period, the summed score."""
    n_cells = int(cell.max()) + 1
    key, row = distinct(cluster * (int(period.max()) + 1) + period)
    if key.size == cluster.size:
        return cell, period, score
    strata = np.zeros((key.size, n_cells), np.int64)
    np.add.at(strata, (row, cell), 1)
    group = np.unique(strata, axis=0, return_inverse=True)[1].reshape(-1)
    total = np.stack([sum_by(row, one, key.size) for one in score.T], axis=1)
    return group, key % (int(period.max()) + 1), total


def _p_of_largest(observed: float, drawn: Floats) -> float:
    """Share of draws that reach what was observed; where none does, by the exponential tail of their squares."""
    reached = int((drawn >= observed - 1e-9).sum())
    if reached:
        return (1 + reached) / (drawn.size + 1)
    start = float(np.quantile(drawn**2, 1 - _TAIL))
    excess = float((drawn[drawn**2 > start] ** 2 - start).mean())
    return min(1 / (drawn.size + 1), _TAIL * float(np.exp(-(observed**2 - start) / excess)))


def _net(score: Floats, information: Floats, cell: Ints) -> Floats:
    """Scores less what the cell's mean score per information says."""
    columns = []
    for one, weight in zip(score.T, information.T, strict=True):
        total = sum_by(cell, weight)
        mean = sum_by(cell, one) / np.where(total > 0, total, 1.0)
        columns.append(one - weight * mean[cell])
    return np.stack(columns, axis=1)
