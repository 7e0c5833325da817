"""How sure the scores are: sandwich clustered by item (and annotator), inverse information, or a bootstrap of items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from prefqa._types import Floats, Ints, distinct
from prefqa.bootstrap import draws
from prefqa.consensus.leaderboard.estimable import connected_groups
from prefqa.consensus.leaderboard.fit import Fit, Model, Table, fit, level, terms
from prefqa.consensus.leaderboard.tables import Votes

#: Cluster sums are held whole up to so many numbers (128 MB), else only those that are not 0.
_DENSE = 1 << 24
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
    scores = _scores(votes.table, found, model)
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
    """Slopes of the log likelihood of each vote, by the parameters that it has: numbers and values, [n, few] each."""

    columns: Ints
    values: Floats
    n_parameters: int


def _scores(table: Table, found: Fit, model: Model) -> _Scores:
    of_vote = terms(table, model, found.theta)
    m, common = model.n_names, model.n_common
    n = table.first.size
    columns = [table.first, table.second, *(np.full(n, m + k) for k in range(model.n_covariates))]
    values = [of_vote.d, -of_vote.d, *(of_vote.d * table.x[:, k] for k in range(model.n_covariates))]
    if model.ties:
        columns.append(np.full(n, common - 1))
        values.append(of_vote.z)
    if model.n_annotators:
        columns.append(common + table.annotator)
        values.append(of_vote.z)
    return _Scores(np.stack(columns, axis=1), np.stack(values, axis=1), common + model.n_annotators)


def _meat(scores: _Scores, cluster: Ints, multiplicity: Floats) -> Floats:
    """Sum over clusters, each as often as it counts, of the outer product of its slope with itself."""
    from scipy.sparse import coo_array

    row = np.repeat(cluster, scores.columns.shape[1])
    shape = (multiplicity.size, scores.n_parameters)
    sums = coo_array((scores.values.ravel(), (row, scores.columns.ravel())), shape=shape)
    if multiplicity.size * scores.n_parameters <= _DENSE:
        dense = sums.toarray() * np.sqrt(multiplicity)[:, None]
        return np.asarray(dense.T @ dense, np.float64)
    sparse = sums.tocsr()
    sparse.data *= np.repeat(np.sqrt(multiplicity), np.diff(sparse.indptr))
    return np.asarray((sparse.T @ sparse).toarray(), np.float64)
