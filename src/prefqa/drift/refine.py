r"""From a fit on a sample of items to what all votes say: scoring steps on every vote.

A test of all votes against parameters that a sixth of them told would take the sample's error in an annotator's care
or habits for a change wherever the other side tells these two apart better (longer responses, say). So each step goes
once through all votes and moves every block of parameters (one annotator's care, habits and threshold; the common
weights; the sigma of a stratum in a period; the qualities of models) by

.. math:: \Delta = (\textstyle\sum s s^\top + P)^{-1} (\sum s - P (\theta - \theta_0)),

with s the scores of votes (of units, for what all votes of a unit share) and P the precision of the prior. The outer
product stands for the information, which it equals on average (Berndt, Hall, Hall & Hausman 1974).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import csc_array, csr_array, diags_array
from scipy.sparse.linalg import spsolve

from prefqa._types import Floats, Ints, sum_by
from prefqa.drift.blocks import block_groups
from prefqa.drift.model import PRIORS, VoteModel
from prefqa.drift.rankings import Rankings
from prefqa.drift.scores import CARE, SPREAD, TIES, column_names, scored

#: No logarithm moves further than this in one step.
_LONGEST = 0.5


def refined(votes: Rankings, model: VoteModel) -> VoteModel:
    """Move all parameters by one step on all votes."""
    names = column_names(votes)
    care, ties, spread = (names.index(name) for name in (CARE, TIES, SPREAD))
    habits = np.flatnonzero(~votes.is_common)
    ties_too = [] if model.threshold is None else [ties]
    n_features = len(votes.names)
    own = _Block(model.care.size, [*habits.tolist(), care, *ties_too])
    common = _Block(1, list(range(n_features)))
    of_cell = _Block(model.sigma.size, [0])
    free = np.flatnonzero(model.moves.any(axis=0)) if model.moves.size else np.zeros(0, np.int64)
    by_period = [*free.tolist(), *(ties_too if model.widths.size else [])]
    of_period = _Block(len(votes.periods), by_period)
    blocks = (own, common, of_cell, of_period)
    qualities = _Qualities(model.quality.size)

    def of_part(low: int, high: int) -> tuple[list[_Block], _Qualities]:
        sums, of_models = [block.empty() for block in blocks], _Qualities(model.quality.size)
        for one in scored(block_groups(votes, low, high), model, information=False):
            group = one.group
            cell = group.stratum[0] * model.sigma.shape[1] + group.period[0]
            of_unit = one.score.sum(axis=1)
            sums[0].take(group.annotator, one.score)
            sums[1].take(None, of_unit[:n_features])
            sums[2].take(cell, of_unit[spread : spread + 1])
            if by_period:
                sums[3].take(group.period, one.score)
            if group.models is not None:
                of_models.take(group.models, one.by_weight.sum(axis=0))
        return sums, of_models

    for part, of_models in votes.each(of_part):
        for block, more in zip(blocks, part, strict=True):
            block.add(more)
        qualities.add(of_models)

    # Scores of habits are by the common weight, which care multiplies.
    scale = np.ones((model.care.size, len(own.columns)))
    scale[:, : habits.size] = model.care[:, None]
    log_c = np.zeros(0) if model.threshold is None else np.log(model.threshold)
    threshold = [log_c - log_c.mean()] if log_c.size else []
    now = np.column_stack([model.habit[:, habits], np.log(model.care), *threshold])
    sds = [PRIORS["habit"]] * habits.size + [PRIORS["care"]] + [PRIORS["threshold"]] * len(ties_too)
    step = own.step(np.array(sds), now, scale)
    # What all annotators share moves the common weights and the sigmas; moved twice it would swing to and fro.
    shared = habits.size + 1
    weight = own.information[:, range(shared), range(shared)] / scale[:, :shared] ** 2
    step[:, :shared] -= (weight * step[:, :shared]).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-300)
    habit = model.habit.copy()
    habit[:, habits] += step[:, : habits.size]
    factor = np.exp(np.clip(step[:, habits.size :], -_LONGEST, _LONGEST))
    weights = common.step(np.full(len(votes.names), PRIORS["beta"]), model.beta[None], np.ones(1))[0]
    # A stratum's period of its own is drawn to what stratum and period alone say.
    sigma = of_cell.step(np.array([PRIORS["period"]]), np.zeros((model.sigma.size, 1)), np.ones(1))
    moves, widths = _by_period(of_period, model, free)
    return replace(
        model,
        moves=moves,
        widths=widths,
        beta=model.beta + weights,
        care=model.care * factor[:, 0],
        habit=habit,
        threshold=None if model.threshold is None else model.threshold * factor[:, 1],
        sigma=model.sigma * np.exp(np.clip(sigma, -_LONGEST, _LONGEST)).reshape(model.sigma.shape),
        quality=model.quality + np.clip(qualities.step(model.quality), -_LONGEST, _LONGEST),
    )


def _by_period(of_period: _Block, model: VoteModel, free: Ints) -> tuple[Floats, Floats]:
    """Weights and log thresholds by period after a step; what all periods share moves the common parameters."""
    if not of_period.columns:
        return model.moves, model.widths
    ties = int(model.widths.size > 0)
    now = np.column_stack([model.moves[:, free], *([model.widths] if ties else [])])
    step = of_period.step(np.array([PRIORS["move"]] * free.size + [PRIORS["width"]] * ties), now, np.ones(1))
    information = np.diagonal(of_period.information, axis1=1, axis2=2)
    step -= (information * step).sum(axis=0) / np.maximum(information.sum(axis=0), 1e-300)
    step = np.clip(step, -_LONGEST, _LONGEST)
    moves = model.moves.copy()
    moves[:, free] += step[:, : free.size]
    return moves, model.widths + step[:, free.size] if ties else model.widths


class _Qualities:
    """Scores of the quality of models, and their information, a matrix of few entries: who was held against whom."""

    def __init__(self, n: int) -> None:
        self.total = np.zeros(n)
        self.squares = csr_array((n, n))

    def take(self, models: Ints, score: Floats) -> None:
        """Take in the scores of units, [n_together, n], by the models of both their responses."""
        first, second = (side.ravel() for side in models)
        score, n = score.ravel(), self.total.size
        self.total += sum_by(first, score, n) - sum_by(second, score, n)
        self.squares = csr_array(self.squares + csr_array((score**2, (first, second)), shape=(n, n)))

    def add(self, more: _Qualities) -> None:
        """Take in the sums of other scores."""
        self.total += more.total
        self.squares = csr_array(self.squares + more.squares)

    def step(self, now: Floats) -> Floats:
        """The step of each quality; the last, of unknown models, stays 0."""
        n = max(now.size - 1, 0)
        if not n:
            return np.zeros(now.size)
        both = csr_array(self.squares + self.squares.T)
        alone = both.sum(axis=1) - both.diagonal()
        information = diags_array(alone + 1 / PRIORS["model"] ** 2) - both + diags_array(both.diagonal())
        pull = self.total - now / PRIORS["model"] ** 2
        step = spsolve(csc_array(information)[:n, :n], pull[:n])
        return np.append(np.atleast_1d(step), 0.0)


class _Block:
    """Sums of scores by group, [n_groups, n_columns], and their information, [n_groups, n_columns, n_columns]."""

    def __init__(self, n_groups: int, columns: list[int]) -> None:
        self.n_groups, self.columns = n_groups, columns
        self.total = np.zeros((n_groups, len(columns)))
        self.information = np.zeros((n_groups, len(columns), len(columns)))

    def empty(self) -> _Block:
        """Return the same without any scores."""
        return _Block(self.n_groups, self.columns)

    def take(self, group: Ints | None, score: Floats) -> None:
        """Take in scores, [n_columns, .., n_together, n]; what stands together is of one group, all if none is given.

        `group` is [.., 1, n].
        """
        if group is None:
            flat = score.reshape(len(score), -1)
            self.total += flat.sum(axis=1)
            self.information += np.einsum("iu,ju->ij", flat, flat)
            return
        group = group.ravel()
        for i, one in enumerate(self.columns):
            self.total[:, i] += sum_by(group, score[one].sum(axis=-2).ravel(), self.n_groups)
            for j, other in enumerate(self.columns[: i + 1]):
                squares = np.einsum("...pn,...pn->...n", score[one], score[other])
                more = sum_by(group, squares.ravel(), self.n_groups)
                self.information[:, i, j] += more
                if i != j:
                    self.information[:, j, i] += more

    def add(self, more: _Block) -> None:
        """Take in the sums of other scores."""
        self.total += more.total
        self.information += more.information

    def step(self, sd: Floats, now: Floats, scale: Floats) -> Floats:
        """The step of each group's parameters, now so far from the prior's mean; scores are by `scale` times them."""
        precision = np.diag(1 / sd**2)
        scale = np.broadcast_to(scale, self.total.shape)
        information = self.information / (scale[:, :, None] * scale[:, None, :]) + precision
        pull = self.total / scale - now @ precision
        return np.asarray(np.linalg.solve(information, pull[:, :, None])[:, :, 0])
