"""How sure the scores are: sandwich clustered by item (and annotator), inverse information, or a bootstrap of items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from prefqa._types import Floats, Ints, distinct, sum_by
from prefqa.bootstrap import draws
from prefqa.consensus.leaderboard.estimable import connected_groups
from prefqa.consensus.leaderboard.fit import Fit, Model, Table, fit, level, terms
from prefqa.consensus.leaderboard.models import Counts
from prefqa.consensus.leaderboard.tables import Votes

#: Cluster sums are held whole up to so many numbers (32 MB), else only those that are not 0.
_DENSE = 1 << 22
#: Share of bootstrap samples without a finite estimate from which on the rest does not speak for all.
_MOST_UNDEFINED = 0.1


class Spread(NamedTuple):
    """Covariance [p, p] of log worths (against their mean), covariates and tie parameter.

    `df` are the degrees of freedom of t quantiles, inf for normal ones. `replicates` [n, p] are those of the bootstrap,
    None otherwise; `n_undefined` samples had no finite estimate.
    """

    covariance: Floats
    df: float
    replicates: Floats | None = None
    n_undefined: int = 0


def inverse_information(found: Fit, model: Model) -> Spread:
    """Return the inverse of the observed information: right where votes are independent and the model holds."""
    return Spread(_centred(_inverse(found, model), model), np.inf)


def sandwich(votes: Votes, found: Fit, model: Model, annotator: Ints | None = None) -> Spread:
    r"""Return the covariance from the spread of the scores of clusters, whatever their votes' dependence.

    .. math:: V = H^{-1} \Big(\frac{G}{G - 1} \sum_g s_g s_g^T\Big) H^{-1}

    with s_g the slope of the log likelihood of all votes of item g and H the information (Huber 1967; Liang and Zeger
    1986). Where annotators have parameters of their own, s_g and H are those left when these are profiled out. With a
    prior its precision is added to the sum: V is then the mean squared error over worths drawn from it, and the
    inverse information where the model holds.

    With `annotator`, the number of each vote's annotator, it is clustered both ways: V of items plus V of annotators
    less V of single judgments (Cameron, Gelbach and Miller 2011, eq. 2.11), negative eigenvalues set to 0 (eq. 2.15).
    Degrees of freedom: the lesser number of clusters less 1.
    """
    inverse = _inverse(found, model)
    scores = _scores(votes, found, model)
    n_items = int(votes.multiplicity.sum())
    meat = _meat(scores, votes.item, votes.multiplicity) * n_items / max(n_items - 1, 1)
    df = n_items - 1
    if annotator is not None:
        n_annotators = int(annotator.max(initial=0)) + 1
        _, judgment = distinct(votes.item * n_annotators + annotator)
        n_judgments = int(judgment.max(initial=0)) + 1
        meat = meat + _meat(scores, annotator, np.ones(n_annotators)) * n_annotators / max(n_annotators - 1, 1)
        meat = meat - _meat(scores, judgment, np.ones(n_judgments)) * n_judgments / max(n_judgments - 1, 1)
        df = min(n_items, n_annotators) - 1
    common = model.n_common
    profile = np.hstack([np.eye(common), -found.information.mixed / found.information.single])
    meat = profile @ meat @ profile.T
    if model.prior_sd is not None:
        meat[range(model.n_names), range(model.n_names)] += 1 / model.prior_sd**2
    covariance = _centred(inverse @ meat @ inverse, model)
    if annotator is not None:
        values, vectors = np.linalg.eigh(covariance)
        covariance = (vectors * np.maximum(values, 0)) @ vectors.T
    return Spread(covariance, df)


def bootstrap(votes: Votes, found: Fit, model: Model, names: Sequence[str], n_replicates: int, seed: int) -> Spread:
    """Return the spread over samples of items with replacement, each fitted anew.

    A sample in which the names are not connected, or nothing or everything is tied, has no finite estimate; such
    samples are left out and counted, and where they are more than a tenth all is NaN.
    """
    replicates = []
    for drawn in draws(votes.multiplicity, n_replicates, seed):
        table = votes.summed(drawn)
        tied = table.votes.tie.sum()
        undefined = model.prior_sd is None and len(connected_groups(table, list(names))) > 1
        if undefined or (model.ties and not 0 < tied < table.votes.total.sum()):
            continue
        refit = fit(table, model, found.theta)
        if refit.converged:
            replicates.append(refit.theta[: model.n_common])
    n_undefined = n_replicates - len(replicates)
    values = np.array(replicates).reshape(-1, model.n_common)
    if n_undefined > _MOST_UNDEFINED * n_replicates:
        values = np.full((2, model.n_common), np.nan)
    return Spread(np.atleast_2d(np.cov(values, rowvar=False)), np.inf, values, n_undefined)


def _inverse(found: Fit, model: Model) -> Floats:
    return np.asarray(np.linalg.inv(found.information.reduced() + level(model)), np.float64)


def _centred(covariance: Floats, model: Model) -> Floats:
    """Covariance of log worths less their mean, beside the other parameters as they are."""
    centring = np.eye(model.n_common)
    centring[: model.n_names, : model.n_names] -= 1 / model.n_names
    return np.asarray(centring @ covariance @ centring.T, np.float64)


class _Scores(NamedTuple):
    """Slopes of the log likelihood of each vote by some of its parameters: their numbers and the slopes, [n] each."""

    columns: list[Ints | int]
    values: list[Floats]
    n_parameters: int


def _scores(votes: Votes, found: Fit, model: Model) -> _Scores:
    table, m, common = votes.table, model.n_names, model.n_common
    by_d, by_z = _slopes(votes, found, model)
    columns: list[Ints | int] = [table.first, table.second, *range(m, m + model.n_covariates)]
    values = [by_d, -by_d, *(by_d * table.x[:, k] for k in range(model.n_covariates))]
    if model.ties:
        columns.append(common - 1)
        values.append(by_z)
    if model.n_annotators:
        columns.append(common + table.annotator)
        values.append(by_z)
    return _Scores(columns, values, common + model.n_annotators)


def _slopes(votes: Votes, found: Fit, model: Model) -> tuple[Floats, Floats]:
    """Slope of each vote by the difference of worths, and by the tie parameter or the annotator's.

    Where votes add up by pair there are only three kinds of vote on each: won, tied, lost.
    """
    if votes.pair is None:
        each = terms(votes.table, model, found.theta)
        return each.d, each.z
    table, at = votes.table, votes.firsts
    ones, zeros = np.ones(at.size), np.zeros(at.size)
    kinds = [
        terms(Table(table.first[at], table.second[at], counts, table.x[at], table.annotator[at]), model, found.theta)
        for counts in (Counts(ones, zeros, zeros), Counts(zeros, ones, zeros), Counts(zeros, zeros, ones))
    ]
    kind = votes.pair * 3 + np.where(table.votes.first > 0, 0, np.where(table.votes.tie > 0, 1, 2))
    by_d, by_z = (np.stack(slopes, axis=1).ravel() for slopes in ([k.d for k in kinds], [k.z for k in kinds]))
    return by_d[kind], by_z[kind]


def _meat(scores: _Scores, cluster: Ints, multiplicity: Floats) -> Floats:
    """Sum over clusters, each as often as it counts, of the outer product of its slope with itself."""
    p, n_clusters = scores.n_parameters, multiplicity.size
    weight = np.sqrt(multiplicity)
    if n_clusters * p <= _DENSE:
        dense = np.zeros(n_clusters * p)
        for column, slope in zip(scores.columns, scores.values, strict=True):
            dense += sum_by(cluster * p + column, slope, n_clusters * p)
        dense = dense.reshape(n_clusters, p) * weight[:, None]
        return np.asarray(dense.T @ dense, np.float64)
    from scipy.sparse import coo_array

    row = np.tile(cluster, len(scores.columns))
    column = np.concatenate([np.broadcast_to(c, cluster.shape) for c in scores.columns])
    sums = coo_array((np.concatenate(scores.values) * weight[row], (row, column)), shape=(n_clusters, p)).tocsr()
    return np.asarray((sums.T @ sums).toarray(), np.float64)
