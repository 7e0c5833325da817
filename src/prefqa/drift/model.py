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

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from prefqa._types import Floats, Ints, sum_by
from prefqa.drift.vote_table import VoteTable

N_NODES, _REACH = 15, 4.2
STEP = 2 * _REACH / (N_NODES - 1)
_GOLDEN = (np.sqrt(5) - 1) / 2
#: Votes looked at together.
_BLOCK = 1 << 13
#: Chances are multiplied over so many votes before they are scaled; none is less than the least.
_PER_SCALE, _LEAST = 4, 1e-70
#: Gaps beyond this are as sure as can be; it keeps the odds within what a number holds.
_WIDEST = 60.0
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


class Group(NamedTuple):
    """Units with equally many votes each, per vote [n_votes_of_a_unit, n_units].

    `unit` is per unit, `x` [n_features, ..]; `at` is where each vote stands in the table.
    """

    at: Ints
    unit: Ints
    annotator: Ints
    period: Ints
    stratum: Ints
    said: Ints
    x: Floats


class AtNodes(NamedTuple):
    """Per node and vote the chance to be above the upper and the lower threshold, and one less that of either.

    `weight` and `prior` are those of each node of a unit, after and before its votes; `z` is its first node.
    """

    upper: Floats
    lower: Floats
    under_upper: Floats
    under_lower: Floats
    weight: Floats
    prior: Floats
    z: Floats
    log_likelihood: float


class Slopes(NamedTuple):
    """Mean slope of each vote's log probability by its gap, by its gap times z, and by its log threshold."""

    gap: Floats
    gap_z: Floats
    threshold: Floats
    log_likelihood: float


def groups(votes: VoteTable) -> Iterator[Group]:
    """Cut the votes into blocks of units with equally many votes, small enough to stay in the processor's cache."""
    starts = votes.starts
    sizes = np.diff(np.append(starts, votes.n))
    columns = votes.x.T
    for size in np.unique(sizes):
        units = starts[sizes == size]
        per_block = max(1, _BLOCK // int(size))
        for low in range(0, units.size, per_block):
            first = units[low : low + per_block]
            at = first + np.arange(size)[:, None]
            period, stratum, said = votes.period[at], votes.stratum[at], votes.said[at]
            yield Group(at, votes.unit[first], votes.annotator[at], period, stratum, said, columns[:, at])


def fit(votes: VoteTable, *, single: bool) -> VoteModel:
    """Fit the model to votes; parameters of annotators and periods without votes stay at their prior."""
    shape = _Shape.of(votes, single=single)
    grouped = list(groups(votes))
    found = minimize(
        _objective, shape.start(), args=(votes, shape, grouped), jac=True, method="L-BFGS-B",
        options={"maxiter": 300, "maxcor": 20, "ftol": 2e-7},
    )  # fmt: skip
    return shape.model(found.x)


def posterior(group: Group, model: VoteModel) -> AtNodes:
    """Weigh the nodes of z of each unit by all its votes.

    The rectangle rule, as good as exact for a smooth function; 1e-4 of the mass is beyond the last node. A careful
    annotator's votes are all but a step function of z, which any fixed nodes would see at the wrong place: so each
    unit's nodes begin elsewhere, spread evenly over the units, and what one unit sees too early another sees too late.
    """
    care = model.care[group.annotator]
    known = care * weighted(model.beta, group.x)
    for column in np.flatnonzero(model.habit.any(axis=0)):
        known += group.x[column] * model.habit[:, column][group.annotator]
    if model.single:
        z, log_prior, n_nodes = np.zeros(group.unit.size), np.zeros((1, group.unit.size)), 1
    else:
        z, n_nodes = STEP * ((group.unit * _GOLDEN) % 1.0 - 0.5) - _REACH, N_NODES
        log_prior = np.log(STEP / np.sqrt(2 * np.pi)) - (z + STEP * np.arange(N_NODES)[:, None]) ** 2 / 2
    spread = np.minimum(care * model.sigma[group.stratum, group.period], _WIDEST)
    falls = np.empty((n_nodes, *known.shape))
    falls[0] = np.exp(-np.clip(known, -_WIDEST, _WIDEST) - spread * z)
    # Nodes are equally far apart, so that odds go from one to the next by a factor.
    factor = np.exp(-STEP * spread)
    for node in range(1, n_nodes):
        np.multiply(falls[node - 1], factor, out=falls[node])
    first, second = group.said > 0, group.said < 0
    if model.threshold is None:
        upper = lower = 1 / (1 + falls)
        under_upper = under_lower = falls * upper
        chance = np.where(first, upper, np.where(second, under_lower, 0.0))
    else:
        wide = np.exp(model.threshold)[group.annotator]
        over_upper, over_lower = falls * wide, falls / wide
        upper, lower = 1 / (1 + over_upper), 1 / (1 + over_lower)
        under_upper, under_lower = over_upper * upper, over_lower * lower
        chance = np.where(first, upper, np.where(second, under_lower, lower - upper))
    np.maximum(chance, _LEAST, out=chance)
    prior = np.exp(log_prior)
    weight, log_scale = prior.copy(), 0.0
    for vote in range(len(known)):
        weight *= chance[:, vote]
        if vote % _PER_SCALE == _PER_SCALE - 1:
            top = weight.max(axis=0)
            weight /= top
            log_scale += float(np.log(top).sum())
    total = weight.sum(axis=0)
    log_likelihood = log_scale + float(np.log(total).sum())
    return AtNodes(upper, lower, under_upper, under_lower, weight / total, prior, z, log_likelihood)


def slopes(group: Group, at: AtNodes, threshold: Floats | None) -> tuple[Floats, Floats, Floats]:
    """Derivatives of each vote's log probability by gap, by gap times z, and by log threshold, means over the nodes."""
    by_gap = at.under_upper * (group.said >= 0) - at.lower * (group.said <= 0)
    by_gap *= at.weight[:, None]
    gap, by_node = over_nodes(by_gap, 2)
    if threshold is None:
        return gap, at.z * gap + STEP * by_node, np.zeros_like(gap)
    c = threshold[group.annotator].ravel()
    by_threshold = c * (-group.said * gap).ravel()
    tied = np.flatnonzero(group.said == 0)
    lower, upper = (chance.reshape(len(chance), -1)[:, tied] for chance in (at.lower, at.upper))
    tie = (at.weight[:, tied % group.unit.size] * (lower - upper)).sum(axis=0)
    by_threshold[tied] = c[tied] * (1 - tie + 2 / np.expm1(2 * c[tied]))
    return gap, at.z * gap + STEP * by_node, by_threshold.reshape(gap.shape)


def over_nodes(values: Floats, n_powers: int) -> Floats:
    """Sums over the nodes of values times the node's number to the power 0, 1, .., [n_powers, ...]."""
    powers = np.vander(np.arange(len(values), dtype=np.float64), n_powers, increasing=True).T
    return np.asarray((powers @ values.reshape(len(values), -1)).reshape(n_powers, *values.shape[1:]))


def weighted(weights: Floats, columns: Floats) -> Floats:
    """Sum of columns by their weights; a product of matrices would wake all threads of the library for nothing."""
    total = np.zeros(columns.shape[1:])
    for weight, column in zip(weights, columns, strict=True):
        total += weight * column
    return total


def all_slopes(votes: VoteTable, model: VoteModel, grouped: Iterable[Group]) -> Slopes:
    """Return the slopes of all votes, in the order of the table."""
    gap, gap_z, threshold = np.empty(votes.n), np.empty(votes.n), np.empty(votes.n)
    log_likelihood = 0.0
    for group in grouped:
        at = posterior(group, model)
        gap[group.at], gap_z[group.at], threshold[group.at] = slopes(group, at, model.threshold)
        log_likelihood += at.log_likelihood
    return Slopes(gap, gap_z, threshold, log_likelihood)


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


def _objective(
    vector: Floats, votes: VoteTable, shape: _Shape, grouped: Iterable[Group] | None = None
) -> tuple[float, Floats]:
    """Minus the penalised log likelihood and its gradient, by Fisher's identity over the nodes."""
    model, a = shape.model(vector), votes.annotator
    gap, gap_z, of_c, log_likelihood = all_slopes(votes, model, groups(votes) if grouped is None else grouped)
    care = model.care[a]
    l_known = votes.x @ model.beta
    from_spread = care * model.sigma[votes.stratum, votes.period] * gap_z
    people = shape.n_annotators
    habits = [sum_by(a, gap * votes.x[:, f], people) for f in shape.habits]
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
    return penalty - log_likelihood, pull - gradient
