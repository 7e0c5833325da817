"""Models of who labels how: full Dawid-Skene and its one-coin form, by EM over all units at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from prefqa._types import Floats, Ints, sum_by

LabelModel = Literal["dawid-skene", "one-coin"]

#: What the labels of the prior say: so many of them are right, the rest are spread evenly.
PRIOR_RIGHT = 2 / 3
_TOLERANCE, _MAX_ITERATIONS = 1e-8, 5_000
_LEAST = np.finfo(np.float64).tiny


@dataclass(frozen=True)
class Labels:
    """Labels as integers, one row each: which `unit` the `annotator` gave which `label`.

    An annotator may label a unit several times; each time counts.
    """

    unit: Ints
    annotator: Ints
    label: Ints
    n_units: int
    n_annotators: int
    n_labels: int

    def counts(self) -> sparse.csr_array:
        """[units, annotators x labels]: how often the annotator gave the unit the label."""
        columns = self.annotator.astype(np.int64) * self.n_labels + self.label
        shape = (self.n_units, self.n_annotators * self.n_labels)
        return sparse.csr_array((np.ones(self.unit.size), (self.unit, columns)), shape)

    def shares(self) -> Floats:
        """[units, labels]: share of the unit's labels."""
        cell = self.unit.astype(np.int64) * self.n_labels + self.label
        counted = sum_by(cell, np.ones(cell.size), self.n_units * self.n_labels).reshape(self.n_units, self.n_labels)
        return np.asarray(counted / np.maximum(counted.sum(axis=1, keepdims=True), 1), np.float64)


@dataclass(frozen=True)
class LabelFit:
    """What EM found: `posterior` [units, labels], `priors` [labels] and `confusion` [annotators, true, given].

    `seen` [annotators, true] is the expected number of the annotator's labels on units of a true label; where it is 0,
    the row of `confusion` is 0 and means nothing. `log_likelihood` is that of the labels, without the prior.
    """

    model: LabelModel
    posterior: Floats
    priors: Floats
    confusion: Floats
    seen: Floats
    log_likelihood: float
    n_iterations: int
    converged: bool

    @property
    def reliability(self) -> Floats:
        """[annotators]: the share of right labels, over the true labels in the mix that the annotator saw."""
        right = (self.seen * np.diagonal(self.confusion, axis1=1, axis2=2)).sum(axis=1)
        return np.asarray(right / np.maximum(self.seen.sum(axis=1), _LEAST), np.float64)


def fit_labels(labels: Labels, model: LabelModel = "dawid-skene", smoothing: float = 0.0) -> LabelFit:
    """Find the true labels and how each annotator errs, by maximum likelihood or maximum posterior.

    Each unit has a true label j with probability p_j; annotator k gives a unit of true label j the label l with
    probability pi_kjl, all labels independent given the true one. "one-coin": pi_kjl = r_k where l = j and
    (1 - r_k) / (J - 1) elsewhere.

    E-step: T_ij proportional to p_j times the product of pi_kjl over the labels of unit i. M-step: p_j = mean of T_ij;
    pi_kjl = (expected number of labels l by k on true j + prior) / the same over l. Iteration begins at the share of
    each label in the unit, which ties the names of the true labels to those given, and ends when no probability in p
    and pi moves by more than 1e-8. Like every EM it ends in the optimum nearest to its beginning.

    Args:
        labels: the labels. A unit need not be labelled by everybody.
        model: see above.
        smoothing: what the prior on each row pi_kj (or on r_k) is worth, in labels, two thirds of them right and the
            rest spread evenly; 0 is maximum likelihood, whose probabilities reach 0 and 1 with few labels.

    Source: Dawid and Skene (1979), equations 2.3 to 2.5.
    """
    j = labels.n_labels
    counts = labels.counts()
    transposed = counts.T.tocsr()
    off = (1 - PRIOR_RIGHT) / max(j - 1, 1)
    prior = smoothing * (off + (PRIOR_RIGHT - off) * np.eye(j)) if j > 1 else np.full((1, 1), smoothing)
    posterior = labels.shares()
    n_iterations, converged = 0, False
    priors, confusion, seen = _m_step(labels, transposed, posterior, model, prior)
    while True:
        posterior, log_likelihood = _e_step(counts, priors, confusion)
        new_priors, new_confusion, seen = _m_step(labels, transposed, posterior, model, prior)
        moved = max(np.abs(new_priors - priors).max(initial=0.0), np.abs(new_confusion - confusion).max(initial=0.0))
        n_iterations += 1
        converged = bool(moved <= _TOLERANCE)
        if converged or n_iterations == _MAX_ITERATIONS:
            break
        priors, confusion = new_priors, new_confusion
    return LabelFit(model, posterior, priors, confusion, seen, log_likelihood, n_iterations, converged)


def _e_step(counts: sparse.csr_array, priors: Floats, confusion: Floats) -> tuple[Floats, float]:
    """Return T [units, labels] and the log likelihood."""
    by_given = np.log(np.maximum(confusion, _LEAST)).transpose(0, 2, 1).reshape(counts.shape[1], priors.size)
    log = counts @ by_given + np.log(np.maximum(priors, _LEAST))
    top = log.max(axis=1, keepdims=True, initial=-np.inf)
    weight = np.exp(log - top)
    total = weight.sum(axis=1, keepdims=True)
    return weight / total, float((top + np.log(total)).sum())


def _m_step(
    labels: Labels, transposed: sparse.csr_array, posterior: Floats, model: LabelModel, prior: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return the priors of the true labels, the confusion matrices, and what each annotator saw."""
    j = labels.n_labels
    given = (transposed @ posterior).reshape(labels.n_annotators, j, j).transpose(0, 2, 1)
    seen = given.sum(axis=2)
    priors = posterior.mean(axis=0) if len(posterior) else np.full(j, 1 / max(j, 1))
    if model == "dawid-skene" or j < 2:
        total = seen + prior.sum(axis=1)
        return priors, np.divide(given + prior, total[:, :, None], where=total[:, :, None] > 0, out=0 * given), seen
    right = np.diagonal(given, axis1=1, axis2=2).sum(axis=1) + prior[0, 0]
    total = seen.sum(axis=1) + prior[0].sum()
    share = np.divide(right, total, where=total > 0, out=np.full(right.size, 1 / j))[:, None, None]
    wrong = (1 - share) / (j - 1)
    return priors, np.where(np.eye(j, dtype=bool), share, wrong), seen
