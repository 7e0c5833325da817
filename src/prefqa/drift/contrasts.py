r"""Before and after, compared within cells: the one kernel of all detectors that rest on scores.

A cell is one annotator in one stratum. With S the sum of scores and W the expected information of a cell before and
after, its contrast is

.. math:: N_c = f_c S_c^{after} - (1 - f_c) S_c^{before}, \qquad f_c = W_c^{before} / (W_c^{before} + W_c^{after}).

What shifts all scores of a cell alike (a habit of the annotator, a harder stratum) cancels, and a cell that was only
seen on one side, a new annotator or a new kind of item, weighs nothing. What is left is people who judge their own
kind of item by another rule than before. The weight of a cell is :math:`W^{b} W^{a} / (W^{b} + W^{a})`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prefqa._types import Bools, Floats, Ints, Reals, begins, sum_by
from prefqa.drift.scores import Scores


@dataclass(frozen=True)
class Contrasts:
    """Which periods stand on each side, [n_contrasts, n_periods]; `period` names each, `reference` its other side."""

    before: Bools
    after: Bools
    period: list[str]
    reference: list[str]
    ordered: bool

    @property
    def n(self) -> int:
        """Number of contrasts."""
        return len(self.period)


def change_points(periods: list[str]) -> Contrasts:
    """All ways of cutting the periods, in their order, into before and after."""
    at = np.arange(len(periods))
    cut = at[1:, None]
    return Contrasts(at < cut, at >= cut, periods[1:], ["before"] * (len(periods) - 1), True)


def against(periods: list[str], reference: str) -> Contrasts:
    """Each period against the reference period."""
    base = periods.index(reference)
    others = [t for t in range(len(periods)) if t != base]
    after = np.arange(len(periods)) == np.array(others)[:, None]
    before = np.zeros_like(after)
    before[:, base] = True
    return Contrasts(before, after, [periods[t] for t in others], [reference] * len(others), False)


def against_others(periods: list[str]) -> Contrasts:
    """Each period against all others."""
    each = np.eye(len(periods), dtype=bool)
    return Contrasts(~each, each, periods, ["others"] * len(periods), False)


@dataclass(frozen=True)
class Cells:
    """Sums by cell and period, [n_cells, n_periods, n_columns]: scores, expected information, squared scores.

    `count` is the number of judgments, [n_cells, n_periods]; `annotator` and `stratum` are those of each cell.
    """

    score: Floats
    information: Floats
    square: Floats
    count: Floats
    annotator: Ints
    stratum: Ints


def cell_sums(scores: Scores, n_periods: int) -> Cells:
    """Sum the scores of judgments by cell and period."""
    n_cells = scores.cell_annotator.size
    key, size = scores.cell * n_periods + scores.period, n_cells * n_periods
    shape = (n_cells, n_periods, len(scores.names))

    def summed(values: Reals, power: int = 1) -> Floats:
        columns = [sum_by(key, column if power == 1 else column**power, size) for column in values.T]
        return np.stack(columns, axis=1).reshape(shape) if columns else np.zeros(shape)

    count = sum_by(key, np.ones(key.size), size).reshape(n_cells, n_periods)
    return Cells(
        summed(scores.score), summed(scores.information), summed(scores.score, 2), count,
        scores.cell_annotator, scores.cell_stratum,
    )  # fmt: skip


@dataclass(frozen=True)
class Compared:
    """Contrasts of cells, [n_cells, n_contrasts, n_columns]: N, its weight, its variance over judgments, and f."""

    difference: Floats
    weight: Floats
    variance: Floats
    share_before: Floats

    def of_weights(self, contrasts: Contrasts, cell: Ints, period: Ints) -> Reals:
        """What each judgment's score counts for in each contrast, [n_judgments, n_contrasts, n_columns]."""
        weight: Reals = self.share_before.astype(np.float32)[cell]
        either = contrasts.after | contrasts.before
        if not either.all():
            weight *= either.T[period][:, :, None]
        weight -= contrasts.before.T[period][:, :, None]
        return weight


def compare(cells: Cells, contrasts: Contrasts) -> Compared:
    """Contrast before and after within each cell."""
    before, after = contrasts.before.astype(float), contrasts.after.astype(float)

    def side(values: Floats, mask: Floats) -> Floats:
        return np.asarray(np.einsum("ctf,kt->ckf", values, mask, optimize=True))

    w_before, w_after = side(cells.information, before), side(cells.information, after)
    total = w_before + w_after
    both = (w_before > 0) & (w_after > 0)
    share = np.where(both, w_before / np.where(total > 0, total, 1.0), 0.0)
    other = np.where(both, 1 - share, 0.0)
    difference = share * side(cells.score, after) - other * side(cells.score, before)
    variance = share**2 * side(cells.square, after) + other**2 * side(cells.square, before)
    # A cell seen on one side only has f = 0 or 1 and counts for nothing on the side where it was seen.
    return Compared(difference, share * other * total, variance, np.where(both, share, (w_after <= 0).astype(float)))


def by_annotator(values: Floats, cells: Cells, n_annotators: int) -> Floats:
    """Sum contrasts of cells by annotator, [n_annotators, n_contrasts, n_columns]."""
    out = np.zeros((n_annotators, *values.shape[1:]))
    # Cells are in the order of annotators.
    starts = np.flatnonzero(begins(cells.annotator))
    if starts.size:
        out[cells.annotator[starts]] = np.add.reduceat(values, starts, axis=0)
    return out
