"""Scores by maximum likelihood, or a posteriori where there is a prior: slopes, information, Newton's method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prefqa._types import Floats, Ints, sum_by
from prefqa.consensus.leaderboard.models import TIE_MODELS, Counts, Terms, half, unreliable
from prefqa.consensus.newton import Curvature, climb
from prefqa.consensus.reliability import PRIOR, START

_TOLERANCE = 1e-9
# Rounding of a slope that sums so many votes; matters above 10,000 of them.
_ROUNDING = 1e-13


@dataclass(frozen=True)
class Table:
    """Votes by pair of names (`first`, `second`), covariates `x` [n, k] and, where these count, `annotator`."""

    first: Ints
    second: Ints
    votes: Counts
    x: Floats
    annotator: Ints


@dataclass(frozen=True)
class Model:
    """What is estimated: parameters are M log worths, k weights of covariates, z of the tie model, A of annotators.

    `ties` is the tie model, None where none is estimated; `prior_sd` of the normal prior on log worths, None for none;
    `n_annotators` is 0 where all annotators count alike.
    """

    n_names: int
    n_covariates: int
    ties: str | None
    prior_sd: float | None
    n_annotators: int = 0

    @property
    def n_common(self) -> int:
        """Number of parameters that are not an annotator's."""
        return self.n_names + self.n_covariates + (self.ties is not None)


@dataclass(frozen=True)
class Fit:
    """Where the log posterior is greatest, and its curvature there."""

    theta: Floats
    information: Curvature
    log_likelihood: float
    converged: bool
    n_iterations: int


def fit(table: Table, model: Model, start: Floats | None = None) -> Fit:
    """Maximise the log posterior from `start`, or from equal worths."""
    tolerance = max(_TOLERANCE, _ROUNDING * float(table.votes.total.sum()))
    found, converged, n_iterations = climb(
        lambda theta: _at(table, model, theta),
        lambda theta: information(table, model, theta),
        first_guess(table, model) if start is None else start,
        level=level(model),
        tolerance=tolerance,
    )
    found[: model.n_names] -= found[: model.n_names].mean()
    log_likelihood = float(terms(table, model, found).value.sum())
    return Fit(found, information(table, model, found), log_likelihood, converged, n_iterations)


def first_guess(table: Table, model: Model) -> Floats:
    """Equal worths, covariates without weight, as many ties as there are, annotators right in 7 of 10 votes."""
    theta = np.zeros(model.n_common + model.n_annotators)
    if model.ties:
        theta[model.n_common - 1] = TIE_MODELS[model.ties].start(table.votes.tie.sum() / table.votes.total.sum())
    theta[model.n_common :] = np.log(START / (1 - START))
    return theta


def level(model: Model) -> Floats:
    """[p, p], fixes the mean of the log worths, which votes do not."""
    matrix = np.zeros((model.n_common, model.n_common))
    matrix[: model.n_names, : model.n_names] = 1 / model.n_names
    return matrix


def terms(table: Table, model: Model, theta: Floats) -> Terms:
    """Log likelihood of each row of the table, with its derivatives."""
    m, common = model.n_names, model.n_common
    d = theta[table.first] - theta[table.second]
    if model.n_covariates:
        d = d + table.x @ theta[m : m + model.n_covariates]
    if model.n_annotators:
        return unreliable(d, theta[common:][table.annotator], table.votes)
    if model.ties:
        return TIE_MODELS[model.ties].terms(d, float(theta[common - 1]), table.votes)
    return half(d, table.votes)


def _at(table: Table, model: Model, theta: Floats) -> tuple[float, Floats]:
    """Log posterior, up to a constant, and its slope."""
    m, k, common = model.n_names, model.n_covariates, model.n_common
    with np.errstate(all="ignore"):
        found = terms(table, model, theta)
        slope = np.zeros(theta.size)
        slope[:m] = sum_by(table.first, found.d, m) - sum_by(table.second, found.d, m)
        slope[m : m + k] = table.x.T @ found.d
        value = float(found.value.sum())
        if model.ties:
            slope[common - 1] = found.z.sum()
        if model.n_annotators:
            eta = 1 / (1 + np.exp(-theta[common:]))
            a, b = PRIOR[0] - 1, PRIOR[1] - 1
            slope[common:] = sum_by(table.annotator, found.z, model.n_annotators) + a * (1 - eta) - b * eta
            value += float((a * np.log(eta) + b * np.log1p(-eta)).sum())
    if model.prior_sd is not None:
        slope[:m] -= theta[:m] / model.prior_sd**2
        value -= float((theta[:m] ** 2).sum()) / (2 * model.prior_sd**2)
    return value, slope


def information(table: Table, model: Model, theta: Floats) -> Curvature:
    """Minus the Hessian of the log posterior."""
    m, k, common, n_annotators = model.n_names, model.n_covariates, model.n_common, model.n_annotators
    with np.errstate(all="ignore"):
        found = terms(table, model, theta)
    matrix = np.zeros((common, common))
    between = sum_by(table.first * m + table.second, found.dd, m * m).reshape(m, m)
    between = between + between.T
    matrix[:m, :m] = np.diag(between.sum(axis=1)) - between
    if model.prior_sd is not None:
        matrix[range(m), range(m)] += 1 / model.prior_sd**2
    for column in range(k):
        weighted = found.dd * table.x[:, column]
        matrix[:m, m + column] = sum_by(table.first, weighted, m) - sum_by(table.second, weighted, m)
    matrix[m : m + k, m : m + k] = table.x.T @ (found.dd[:, None] * table.x)
    if model.ties:
        matrix[:m, common - 1] = sum_by(table.first, found.dz, m) - sum_by(table.second, found.dz, m)
        matrix[m : m + k, common - 1] = table.x.T @ found.dz
        matrix[common - 1, common - 1] = found.zz.sum()
    matrix = np.triu(matrix) + np.triu(matrix, 1).T
    mixed, single = np.zeros((common, n_annotators)), np.zeros(n_annotators)
    if n_annotators:
        for side, sign in ((table.first, 1), (table.second, -1)):
            sums = sum_by(side * n_annotators + table.annotator, found.dz, m * n_annotators)
            mixed[:m] += sign * sums.reshape(m, n_annotators)
        for column in range(k):
            mixed[m + column] = sum_by(table.annotator, found.dz * table.x[:, column], n_annotators)
        eta = 1 / (1 + np.exp(-theta[common:]))
        single = sum_by(table.annotator, found.zz, n_annotators) + (sum(PRIOR) - 2) * eta * (1 - eta)
    return Curvature(matrix, mixed, single)
