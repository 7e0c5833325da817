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

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from prefqa._types import Floats, Ints
from prefqa.drift.vote_table import VoteTable

N_NODES, _REACH = 15, 4.2
_GOLDEN = (np.sqrt(5) - 1) / 2
#: Votes looked at together: so many that threads seldom wait for each other between two steps.
BLOCK = 1 << 15
#: Chances are multiplied over so many votes before they are scaled; none is less than the least.
_PER_SCALE, _LEAST = 4, 1e-70
#: Gaps beyond this are as sure as can be; it keeps the odds within what a number holds.
_WIDEST = 60.0
#: Standard deviations of the priors: beta, habits v, log care s, log threshold c, log sigma by stratum and by period,
#: quality of a model, weights and log threshold by period.
PRIORS = {
    "beta": 3.0, "habit": 0.5, "care": 1.0, "threshold": 0.7, "stratum": 0.7, "period": 0.7,
    "model": 1.0, "move": 1.0, "width": 0.5,
}  # fmt: skip


@dataclass(frozen=True)
class VoteModel:
    """Fitted parameters; `sigma` is [n_strata, n_periods], `habit` [n_annotators, n_features] (0 for changes).

    `threshold` is None where no vote is a tie; `single` says that no pair has votes of two annotators, so that sigma
    cannot be told and is 0. `quality` is the effect of each model that wrote responses, a random effect, followed by 0
    for responses of unknown models; empty where no model is known. `moves` [n_periods, n_features] is what the common
    weights have in each period beside beta, `widths` [n_periods] the log factor of all thresholds; empty where these
    are the same throughout.
    """

    beta: Floats
    care: Floats
    habit: Floats
    threshold: Floats | None
    sigma: Floats
    single: bool
    quality: Floats = field(default_factory=lambda: np.zeros(0))
    moves: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    widths: Floats = field(default_factory=lambda: np.zeros(0))

    def weights(self, period: Ints) -> list[Floats]:
        """Weight of each feature for everybody, in the periods of votes."""
        if not self.moves.size:
            return list(self.beta)
        columns = zip(self.beta, self.moves.T, strict=True)
        return [beta + moves[period] if moves.any() else beta for beta, moves in columns]

    def thresholds(self, annotator: Ints, period: Ints) -> Floats:
        """Thresholds of annotators in the periods of votes; 0 where no vote is a tie."""
        if self.threshold is None:
            return np.zeros(annotator.shape)
        own = self.threshold[annotator]
        return own * np.exp(self.widths)[period] if self.widths.size else own


class Group(NamedTuple):
    """Units with equally many votes each, side by side where the same judgments vote on them.

    Per vote [n_votes_of_a_unit, n_together, n]: `said`. Per judgment [n_votes_of_a_unit, 1, n]: `judgment`,
    `annotator`, `period`, `stratum`. Per unit [n_together, n]: `unit`. `x` are the features, each per vote, or per unit
    with 1 in place of the votes where they all see the same difference. `at` is where each vote stands in a table.
    `models` are the numbers of the models of both responses of each unit, [2, 1, n_together, n]; None where no model is
    known.
    """

    at: Ints
    unit: Ints
    judgment: Ints
    annotator: Ints
    period: Ints
    stratum: Ints
    said: Ints
    x: Sequence[Floats]
    models: Ints | None = None


class Gaps(NamedTuple):
    """Of each vote of a group the gap as far as it is known, and what z adds to it per unit of z.

    `common` is what the features add for everybody alike, `shared` that and the quality of the models.
    """

    known: Floats
    spread: Floats
    common: Floats
    shared: Floats


class Slopes(NamedTuple):
    """Mean slope of each vote's log probability by its gap, by its gap times z, and by its log threshold."""

    gap: Floats
    gap_z: Floats
    threshold: Floats
    log_likelihood: float


def groups(votes: VoteTable) -> Iterator[Group]:
    """Cut the votes into blocks of units with equally many votes, small enough not to fill the memory."""
    starts = votes.starts
    sizes = np.diff(np.append(starts, votes.n))
    columns = votes.x.T
    for size in np.unique(sizes):
        units = starts[sizes == size]
        per_block = max(1, BLOCK // int(size))
        for low in range(0, units.size, per_block):
            first = units[None, low : low + per_block]
            at = first + np.arange(size)[:, None, None]
            judgment, annotator, period, stratum, said = (
                part[at] for part in (votes.judgment, votes.annotator, votes.period, votes.stratum, votes.said)
            )
            x = [column[at] for column in columns]
            models = None if votes.models is None else np.moveaxis(votes.models[first], -1, 0)[:, None]
            yield Group(at, votes.unit[first], judgment, annotator, period, stratum, said, x, models)


def gaps(group: Group, model: VoteModel) -> Gaps:
    """What the model says of each gap before any vote."""
    care = model.care[group.annotator]
    common = care * weighted(model.weights(group.period), group.x)
    shared = common
    if group.models is not None and model.quality.size:
        first, second = model.quality[group.models]
        shared = common + care * (first - second)
    known = np.broadcast_to(shared, group.said.shape).copy()
    for column in np.flatnonzero(model.habit.any(axis=0)).tolist():
        known += group.x[column] * model.habit[:, column][group.annotator]
    spread = care * model.sigma[group.stratum, group.period]
    return Gaps(np.clip(known, -_WIDEST, _WIDEST, out=known), np.minimum(spread, _WIDEST, out=spread), common, shared)


class Nodes(NamedTuple):
    """Equally far values of z for each unit: the first, how far apart, and the weight of each, [n_nodes, n_units]."""

    first: Floats
    apart: float
    weight: Floats


def nodes(unit: Ints, n_nodes: int) -> Nodes:
    """Nodes and weights of the rectangle rule for a standard normal z; 1e-4 of the mass is beyond the last.

    A careful annotator's votes are all but a step function of z, which any fixed nodes would see at the wrong place: so
    each unit's nodes begin elsewhere, spread evenly over the units, and what one unit sees too early another sees too
    late. One node stands for z = 0.
    """
    if n_nodes == 1:
        return Nodes(np.zeros(unit.shape), 1.0, np.ones((1, *unit.shape)))
    apart = 2 * _REACH / (n_nodes - 1)
    turn = unit * _GOLDEN
    first = apart * (turn - np.floor(turn) - 0.5) - _REACH
    # exp(-(first + k apart)² / 2), with one factor from node to node in place of an exponential for each.
    weight = np.empty((n_nodes, *unit.shape))
    weight[0] = np.exp(-first * first / 2)
    factor = np.exp(-apart * first)
    for node in range(1, n_nodes):
        np.multiply(weight[node - 1], factor, out=weight[node])
    for node in range(n_nodes):
        weight[node] *= apart / np.sqrt(2 * np.pi) * np.exp(-((apart * node) ** 2) / 2)
    return Nodes(first, apart, weight)


def slopes(group: Group, gap: Gaps, model: VoteModel) -> Slopes:
    r"""Derivatives of each vote's log probability by gap, by gap times z, and by log threshold, means over z.

    The nodes of z of a unit are weighed by all its votes. With P the chance of what a vote said, its slope by the gap
    is 1 - P where it said first, P - 1 where it said second, and 1 - u - l where it said a tie, u and l being the
    chances to be above the upper and the lower threshold, and P = l - u. By the log threshold log c it is
    :math:`-c (1 - P)` for either response and :math:`c (1 - P + 2 / (e^{2c} - 1))` for a tie.
    """
    at = nodes(group.unit, 1 if model.single else N_NODES)
    tied = np.flatnonzero(group.said == 0)
    sign = np.where(group.said < 0, -1.0, 1.0)
    c = model.thresholds(group.annotator, group.period)
    c_tied = c.ravel()[tied // group.unit.size * c.shape[-1] + tied % c.shape[-1]]
    # The odds of something else than what was said: 1 / P - 1 where no tie is said, and the plain odds for a tie.
    odds = c - sign * (gap.known + gap.spread * at.first)
    odds.ravel()[tied] -= c_tied
    np.exp(odds, out=odds)
    chance, above = _chances(odds, np.exp(-at.apart * gap.spread * sign), len(at.weight), tied, c_tied)
    weight, log_likelihood = _weighed(at.weight, chance)
    total, number = _means(weight)
    said, said_number = _means(chance, weight)
    by_gap, by_number = sign * (total - said), sign * (number - said_number)
    by_threshold = -c * sign * by_gap
    if tied.size:
        unit = tied % group.unit.size
        beyond, beyond_number = _means(above, weight.reshape(len(weight), -1)[:, unit])
        by_gap.ravel()[tied] = total.ravel()[unit] - beyond
        by_number.ravel()[tied] = number.ravel()[unit] - beyond_number
        by_threshold.ravel()[tied] = c_tied * (1 - said.ravel()[tied] + 2 / np.expm1(2 * c_tied))
    return Slopes(by_gap, at.first * by_gap + at.apart * by_number, by_threshold, log_likelihood)


def _chances(odds: Floats, factor: Floats, n_nodes: int, tied: Ints, c: Floats) -> tuple[Floats, Floats]:
    """The chance of what each vote said, [n_nodes, ..]; for ties also u + l, [n_nodes, n_tied].

    `odds` are those at the first node. Nodes are equally far apart, so that they go from one to the next by a factor.
    """
    chance, of_tied = np.empty((n_nodes, *odds.shape)), np.empty((n_nodes, tied.size))
    for node, here in enumerate(chance):
        if node:
            odds *= factor
        np.take(odds, tied, out=of_tied[node], mode="clip")
        np.add(odds, 1, out=here)
        np.reciprocal(here, out=here)
    wide = np.exp(c)
    upper, lower = 1 / (1 + of_tied * wide), 1 / (1 + of_tied / wide)
    chance.reshape(n_nodes, -1)[:, tied] = np.maximum(lower - upper, _LEAST)
    # From node to node they rise or fall all the way.
    if min(chance[0].min(initial=1), chance[-1].min(initial=1)) < _LEAST:
        np.maximum(chance, _LEAST, out=chance)
    return chance, lower + upper


def _weighed(prior: Floats, chance: Floats) -> tuple[Floats, float]:
    """Weights of the nodes after the votes of their unit, and the log likelihood of all."""
    weight, log_scale = prior, 0.0
    for vote in range(chance.shape[1]):
        weight *= chance[:, vote]
        if vote % _PER_SCALE == _PER_SCALE - 1:
            top = weight.max(axis=0)
            weight /= top
            log_scale += float(np.log(top).sum())
    total = weight.sum(axis=0)
    weight /= total
    return weight, log_scale + float(np.log(total).sum())


def _means(values: Floats, weight: Floats | None = None) -> tuple[Floats, Floats]:
    """Sums over the nodes of values, times their weight, and of that times the node's number."""
    total, by_number, part = (np.zeros(values.shape[1:]) for _ in range(3))
    # A node's number counts the sums from the last node down to the first.
    for node in range(len(values) - 1, -1, -1):
        total += values[node] if weight is None else np.multiply(values[node], weight[node], out=part)
        if node:
            by_number += total
    return total, by_number


def weighted(weights: Iterable[Floats], columns: Iterable[Floats]) -> Floats:
    """Sum of columns by their weights, those of units before those of votes.

    A product of matrices would wake all threads of the library for nothing.
    """
    total = np.zeros(1)
    for weight, column in sorted(zip(weights, columns, strict=True), key=lambda pair: pair[1].size):
        total = total + weight * column
    return total


def all_slopes(votes: VoteTable, found: Iterable[tuple[Group, Slopes]]) -> Slopes:
    """Bring the slopes of groups into the order of the table."""
    gap, gap_z, threshold = np.empty(votes.n), np.empty(votes.n), np.empty(votes.n)
    log_likelihood = 0.0
    for group, of_group in found:
        gap[group.at], gap_z[group.at], threshold[group.at] = of_group[:3]
        log_likelihood += of_group.log_likelihood
    return Slopes(gap, gap_z, threshold, log_likelihood)
