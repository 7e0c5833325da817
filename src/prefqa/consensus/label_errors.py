"""Standard errors of annotators' reliabilities from the observed information, and whether there are any."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from prefqa._types import Bools, Floats, Ints
from prefqa.consensus.label_model import LabelFit, Labels

#: Parameters up to which the information of all annotators together is decomposed; more would take minutes.
MAX_PARAMETERS = 2_000
# Share of the information of a direction, had the true labels been known, below which the labels do not tell it.
_FLAT = 1e-6
_TOUCHED = 1e-6
# At a share of 0 or 1 the likelihood has no curvature, and so no error of this kind.
_KNOWN = 1e-12


class ReliabilityErrors(NamedTuple):
    """`se` [annotators], NaN where there is none, and `identified` [annotators], whether the labels alone tell it."""

    se: Floats
    identified: Bools


def reliability_errors(labels: Labels, fit: LabelFit, smoothing: float) -> ReliabilityErrors | None:
    """Return standard errors of `LabelFit.reliability`; None with more than MAX_PARAMETERS parameters.

    The observed information is that of the labels had the truth been known, less what is missing: the covariance over
    T_i of the scores of unit i (Louis 1982), plus the curvature of the prior. Parameters are log odds, J a row of a
    confusion matrix (or one an annotator) and J of the priors. The error is that of the delta method, with the mix of
    true labels that an annotator saw held fixed. Probabilities that maximum likelihood puts at 0 or 1 count as known:
    with few labels the error is too small there, and smoothing mends it; where all are so, there is none.

    A direction is flat where, without the prior, less than a millionth of its information is left. An annotator whose
    reliability depends on a flat direction, or who shares units with fewer than two others, is not identified, and
    has no error unless the prior gives one.
    """
    j = labels.n_labels
    per = j * j if fit.model == "dawid-skene" else 1
    if labels.n_annotators * per + j > MAX_PARAMETERS:
        return None
    scores = _scores(labels, fit)
    complete, prior = _curvature(fit, labels, smoothing)
    missing = _missing(labels, fit, scores)
    size = missing.shape[0]
    blocks = _block_diagonal(complete, fit.priors, labels.n_units, size)
    observed = blocks - missing
    scale = np.diagonal(blocks).copy()
    gradients = _gradients(fit, size)
    alone, touched = _variances(observed, scale, gradients)
    touched |= _n_others(labels) < 2
    if smoothing == 0:
        return ReliabilityErrors(np.sqrt(np.where(touched, np.nan, alone)), ~touched)
    weight = np.zeros(j)  # the prior says nothing about the priors of labels
    with_prior = observed + _block_diagonal(prior, weight, 0, size)
    variance, loose = _variances(with_prior, scale + np.diagonal(with_prior - observed), gradients)
    return ReliabilityErrors(np.sqrt(np.where(loose, np.nan, variance)), ~touched)


def _scores(labels: Labels, fit: LabelFit) -> Floats:
    """[rows, true, m]: slope of log pi of a given label by the annotator's own m parameters, per true label."""
    j = labels.n_labels
    given = np.eye(j)[labels.label]
    pi = fit.confusion[labels.annotator]
    if fit.model == "one-coin":
        share = pi[:, :1, :1]
        return np.where(given[:, :, None] > 0, 1 - share, -share)
    return np.asarray(
        (np.eye(j)[None, :, :, None] * (given[:, None, :] - pi)[:, :, None, :]).reshape(-1, j, j * j), np.float64
    )


def _curvature(fit: LabelFit, labels: Labels, smoothing: float) -> tuple[Floats, Floats]:
    """[annotators, m, m] twice: information with the truth known, and that of the prior."""
    j = labels.n_labels
    if fit.model == "one-coin":
        share = fit.confusion[:, 0, 0]
        one = (share * (1 - share))[:, None, None]
        return fit.seen.sum(axis=1)[:, None, None] * one, smoothing * one
    pi = fit.confusion
    rows = pi[:, :, :, None] * np.eye(j) - pi[:, :, :, None] * pi[:, :, None, :]
    placed = np.zeros((len(pi), j, j, j, j))
    each = np.arange(j)
    placed[:, each, :, each, :] = rows.transpose(1, 0, 2, 3)
    prior = smoothing * placed.reshape(-1, j * j, j * j)
    placed[:, each, :, each, :] *= fit.seen.T[:, :, None, None]
    return placed.reshape(-1, j * j, j * j), prior


def _missing(labels: Labels, fit: LabelFit, scores: Floats) -> Floats:
    """Sum over units of the covariance of their scores over the true label."""
    m = scores.shape[2]
    own = labels.annotator.astype(np.int64)[:, None] * m + np.arange(m)
    rows = np.repeat(labels.unit, m)
    size = labels.n_annotators * m + labels.n_labels
    shape = (labels.n_units, size)
    mean = sparse.csr_array(shape)
    second = np.zeros((size, size))
    every = np.arange(labels.n_units)
    for true in range(labels.n_labels):
        weight = fit.posterior[:, true]
        of_priors = np.eye(labels.n_labels)[true] - fit.priors
        values = np.concatenate([scores[:, true].ravel(), np.tile(of_priors, labels.n_units)])
        at_unit = np.concatenate([rows, np.repeat(every, labels.n_labels)])
        at = np.concatenate([own.ravel(), np.tile(np.arange(size - labels.n_labels, size), labels.n_units)])
        score = sparse.csr_array((values, (at_unit, at)), shape)
        weighted = sparse.diags_array(weight) @ score
        second += (weighted.T @ score).toarray()
        mean = mean + weighted
    return np.asarray(second - (mean.T @ mean).toarray(), np.float64)


def _block_diagonal(blocks: Floats, priors: Floats, n_units: int, size: int) -> Floats:
    """Place the annotators' blocks, and n_units times the curvature of the priors of labels."""
    n, m = blocks.shape[:2]
    placed = np.zeros((size, size))
    four = placed[: n * m, : n * m].reshape(n, m, n, m)
    four[np.arange(n), :, np.arange(n), :] = blocks
    placed[n * m :, n * m :] = n_units * (np.diag(priors) - np.outer(priors, priors))
    return placed


def _gradients(fit: LabelFit, size: int) -> Floats:
    """[annotators, parameters]: slope of the reliability."""
    n, j = fit.seen.shape
    placed = np.zeros((n, size))
    if fit.model == "one-coin":
        share = fit.confusion[:, 0, 0]
        placed[np.arange(n), np.arange(n)] = share * (1 - share)
        return placed
    mix = fit.seen / np.maximum(fit.seen.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    right = mix * np.diagonal(fit.confusion, axis1=1, axis2=2)
    slope = right[:, :, None] * (np.eye(j) - fit.confusion)
    columns = np.arange(n)[:, None] * j * j + np.arange(j * j)
    placed[np.arange(n)[:, None], columns] = slope.reshape(n, -1)
    return placed


def _n_others(labels: Labels) -> Ints:
    """With how many others each annotator shares a unit."""
    there = sparse.csr_array(
        (np.ones(labels.unit.size), (labels.unit, labels.annotator)), (labels.n_units, labels.n_annotators)
    )
    shared = (there.T @ there).tocsr()
    return np.diff(shared.indptr) - (shared.diagonal() > 0)


def _variances(observed: Floats, scale: Floats, gradients: Floats) -> tuple[Floats, Bools]:
    """Variance of each gradient's estimate, and whether it depends on a flat direction."""
    used: Ints = np.flatnonzero(scale > 1e-12 * scale.max(initial=0.0))
    root = np.sqrt(scale[used])
    values, vectors = np.linalg.eigh(observed[np.ix_(used, used)] / np.outer(root, root))
    along = (gradients[:, used] / root) @ vectors
    flat = values < _FLAT
    length = (along**2).sum(axis=1)
    touched = (along[:, flat] ** 2).sum(axis=1) > _TOUCHED * length
    variance = (along[:, ~flat] ** 2 / values[~flat]).sum(axis=1)
    return np.where(variance > _KNOWN, variance, np.nan), touched
