r"""The model of a vote: what the known features, the item and the annotator's own habits say of it.

The gap between first and second, as annotator a sees it in a vote on unit j (a pair of responses of an item) in
period t,

.. math:: \eta = s_a (x^\top \beta + \sigma_{gt} z_j) + x^\top v_a, \qquad z_j \sim N(0, 1),

and the vote is first where a logistic error leaves the gap above the annotator's threshold c_a, second where it leaves
it below -c_a, else a tie. z_j stands for everything about the pair that is not recorded; because the model conditions
on it, beta does not move when items become easier or harder: then sigma does, which is free per stratum g and period t.
s_a is how careful an annotator is, v_a what the annotator likes more than others do. log s_a, v_a, log c_a and the log
sigmas are shrunk by normal priors. z_j is integrated out by quadrature; the fit is penalised maximum
likelihood by L-BFGS with the exact gradient.

Sources: graded response model (Samejima 1969) with a normal latent trait by quadrature (Bock & Aitkin 1981); its
two-category, threshold-free case is the logistic-normal model. Ties by threshold: Rao & Kupper (1967).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from prefqa._types import Floats, Ints, sum_by
from prefqa.drift.vote_table import VoteTable

N_NODES, _REACH = 15, 4.2
_GOLDEN = (np.sqrt(5) - 1) / 2
#: Standard deviations of the priors: beta, habits v, log care s, log threshold c, log sigma by stratum and by period.
PRIORS = {"beta": 3.0, "habit": 0.5, "care": 1.0, "threshold": 0.7, "stratum": 0.7, "period": 0.7}


@dataclass(frozen=True)
class VoteModel:
    """Fitted parameters; `sigma` is [n_strata, n_periods], `habit` [n_annotators, n_features] (0 for models).

    `threshold` is None where no vote is a tie; `single` says that no pair has votes of two annotators, so that sigma
    cannot be told and is 0.
    """

    beta: Floats
    care: Floats
    habit: Floats
    threshold: Floats | None
    sigma: Floats
    single: bool


class AtNodes(NamedTuple):
    """Per vote and node: the chance to be above the upper and above the lower threshold, and the node's weight."""

    upper: Floats
    lower: Floats
    weight: Floats
    log_likelihood: float


def nodes(votes: VoteTable, *, single: bool) -> tuple[Floats, Floats]:
    """Return the values of z at which each vote is looked at, and their log weights, [n_votes, N_NODES].

    The rectangle rule, as good as exact for a smooth function; 1e-4 of the mass is beyond the last node. A careful
    annotator's votes are all but a step function of z, which any fixed nodes would see at the wrong place: so each
    unit's nodes begin elsewhere, spread evenly over the units, and what one unit sees too early another sees too late.
    """
    if single:
        return np.zeros((votes.n, 1)), np.zeros((votes.n, 1))
    step = 2 * _REACH / (N_NODES - 1)
    begin = (votes.unit * _GOLDEN) % 1.0 - 0.5
    z = step * (begin[:, None] + np.arange(N_NODES)) - _REACH
    return z, np.log(step / np.sqrt(2 * np.pi)) - z**2 / 2


def fit(votes: VoteTable, *, single: bool) -> VoteModel:
    """Fit the model to votes; parameters of annotators and periods without votes stay at their prior."""
    shape = _Shape.of(votes, single=single)
    found = minimize(
        _objective, shape.start(), args=(votes, shape), jac=True, method="L-BFGS-B",
        options={"maxiter": 300, "maxcor": 20, "ftol": 2e-7},
    )  # fmt: skip
    return shape.model(found.x)


def posterior(votes: VoteTable, starts: Ints, model: VoteModel) -> AtNodes:
    """Weigh the nodes of each vote's unit by all its votes."""
    z, log_w = nodes(votes, single=model.single)
    a = votes.annotator
    known = model.care[a] * (votes.x @ model.beta) + (votes.x * model.habit[a]).sum(axis=1)
    spread = model.care[a] * model.sigma[votes.stratum, votes.period]
    threshold = np.zeros(votes.n) if model.threshold is None else model.threshold[a]
    return _at_nodes(votes, starts, known, spread, threshold, z, log_w)


def slopes(votes: VoteTable, at: AtNodes, threshold: Floats | None) -> tuple[Floats, Floats]:
    """Derivatives of each vote's log probability by its gap and by its log threshold, [n_votes, n_nodes]."""
    first, second = (votes.said > 0)[:, None], (votes.said < 0)[:, None]
    above, below = 1 - at.upper, at.lower
    by_gap = np.where(second, 0.0, above) - np.where(first, 0.0, below)
    if threshold is None:
        return by_gap, np.zeros_like(by_gap)
    c = threshold[votes.annotator][:, None]
    tie = (1 - below) + (1 - above) + 2 / np.expm1(2 * c)
    by_threshold = c * np.where(first, -above, np.where(second, -below, tie))
    return by_gap, by_threshold


def _at_nodes(
    votes: VoteTable, starts: Ints, known: Floats, spread: Floats, threshold: Floats, z: Floats, log_w: Floats
) -> AtNodes:
    falls = np.exp(-np.clip(known[:, None] + spread[:, None] * z, -30, 30))
    upper = 1 / (1 + falls * np.exp(threshold)[:, None])
    lower = 1 / (1 + falls * np.exp(-threshold)[:, None])
    first, second = (votes.said > 0)[:, None], (votes.said < 0)[:, None]
    chance = np.where(first, upper, np.where(second, 1 - lower, lower - upper))
    log_unit = np.add.reduceat(np.log(np.maximum(chance, 1e-300)), starts, axis=0) + log_w[starts]
    top = log_unit.max(axis=1, keepdims=True)
    weight = np.exp(log_unit - top)
    total = weight.sum(axis=1, keepdims=True)
    of_unit = np.repeat(np.arange(starts.size), np.diff(np.append(starts, votes.n)))
    return AtNodes(upper, lower, (weight / total)[of_unit], float((top + np.log(total)).sum()))


class _Shape(NamedTuple):
    """Where each parameter stands in the vector that the optimiser moves."""

    n_features: int
    n_annotators: int
    n_strata: int
    n_periods: int
    habits: Ints
    ties: bool
    single: bool

    @classmethod
    def of(cls, votes: VoteTable, *, single: bool) -> _Shape:
        habits = np.flatnonzero(~votes.is_common)
        ties = bool((votes.said == 0).any()) and bool((votes.said != 0).any())
        return cls(len(votes.names), len(votes.annotators), len(votes.strata), len(votes.periods), habits, ties, single)

    def sizes(self) -> list[int]:
        people = self.n_annotators
        return [self.n_features, people, people * self.habits.size, 1, people, 1, self.n_strata, self.n_periods]

    def parts(self, vector: Floats) -> list[Floats]:
        """beta, log care, habits, mean log threshold, its deviations, mean log sigma, its two deviations."""
        return np.split(vector, np.cumsum(self.sizes())[:-1])

    def start(self) -> Floats:
        vector = np.zeros(sum(self.sizes()))
        vector[sum(self.sizes()[:3])] = np.log(0.3)
        return vector

    def penalty(self, vector: Floats) -> tuple[float, Floats]:
        sds = ("beta", "care", "habit", None, "threshold", None, "stratum", "period")
        rate = [0.01 if sd is None else 1 / PRIORS[sd] ** 2 for sd in sds]
        rates = np.repeat(rate, self.sizes())
        return float(rates @ vector**2 / 2), rates * vector

    def model(self, vector: Floats) -> VoteModel:
        beta, care, habits, mean_c, c, mean_sigma, by_stratum, by_period = self.parts(vector)
        habit = np.zeros((self.n_annotators, self.n_features))
        habit[:, self.habits] = habits.reshape(self.n_annotators, -1)
        log_sigma = mean_sigma + by_stratum[:, None] + by_period[None, :]
        sigma = np.zeros_like(log_sigma) if self.single else np.exp(np.clip(log_sigma, -6, 3))
        threshold = np.exp(np.clip(mean_c + c, -8, 4)) if self.ties else None
        return VoteModel(beta, np.exp(np.clip(care, -6, 4)), habit, threshold, sigma, self.single)


def _objective(vector: Floats, votes: VoteTable, shape: _Shape) -> tuple[float, Floats]:
    """Minus the penalised log likelihood and its gradient, by Fisher's identity over the nodes."""
    model, starts, a = shape.model(vector), votes.starts, votes.annotator
    at = posterior(votes, starts, model)
    by_gap, by_threshold = slopes(votes, at, model.threshold)
    weighted = at.weight * by_gap
    gap, gap_z = weighted.sum(axis=1), (weighted * nodes(votes, single=shape.single)[0]).sum(axis=1)
    care = model.care[a]
    l_known = votes.x @ model.beta
    from_spread = care * model.sigma[votes.stratum, votes.period] * gap_z
    people = shape.n_annotators
    habits = [sum_by(a, gap * votes.x[:, f], people) for f in shape.habits]
    of_c = (at.weight * by_threshold).sum(axis=1)
    by_person = sum_by(a, of_c, people)
    gradient = np.concatenate(
        [
            (care * gap) @ votes.x,
            sum_by(a, care * l_known * gap + from_spread, people),
            np.stack(habits, axis=1).ravel() if habits else np.zeros(0),
            [by_person.sum()],
            by_person,
            [from_spread.sum()],
            sum_by(votes.stratum, from_spread, shape.n_strata),
            sum_by(votes.period, from_spread, shape.n_periods),
        ]
    )
    penalty, pull = shape.penalty(vector)
    return penalty - at.log_likelihood, pull - gradient
