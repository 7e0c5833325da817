"""How an annotator's dispersion decides votes: probabilities on a grid of dispersions."""

from __future__ import annotations

from typing import Literal

import numpy as np

from prefqa._types import Floats
from prefqa.consensus.posterior import EXACT_UP_TO

Kind = Literal["mallows", "dawid-skene"]

#: log odds of a right vote on one pair of neighbours; beyond, more votes could not tell them apart.
GRID = np.linspace(-4.0, 7.0, 221)


def log_prior_on_grid(prior: tuple[float, float]) -> Floats:
    """The prior on the share right of a single vote, as a density of its log odds, normalised over the grid."""
    a, b = prior
    log = -a * np.log1p(np.exp(-GRID)) - b * np.log1p(np.exp(GRID))
    return np.asarray(log - np.log(np.exp(log).sum()), np.float64)


def _mallows_k(k: int, kind: Kind) -> int:
    return k if kind == "mallows" and k <= EXACT_UP_TO else 2


def log_z(k: int, kind: Kind) -> Floats:
    """Log Z(phi) of a full ranking of k, per pair: sum over j = 2 .. k of log(1 + e^-phi + .. + e^-(j-1)phi)."""
    k = _mallows_k(k, kind)
    terms = [np.logaddexp.reduce(-np.outer(np.arange(j), GRID), axis=0) for j in range(2, k + 1)]
    return np.asarray(np.sum(terms, axis=0) / (k * (k - 1) / 2), np.float64)


def kept_in_order(k: int, kind: Kind) -> Floats:
    """[grid, k - 1]: the probability to keep the order of two responses 1 .. k - 1 places apart.

    (h + 1) / (1 - q^(h+1)) - h / (1 - q^h) with q = e^-phi (Mallows 1957), one half at phi = 0.
    """
    right = 1 / (1 + np.exp(-GRID))
    if _mallows_k(k, kind) == 2:
        return np.repeat(right[:, None], k - 1, axis=1)
    h = np.arange(1, k)
    phi = np.where(np.abs(GRID) < 1e-6, 1e-6, GRID)[:, None]
    return np.asarray(-(h + 1) / np.expm1(-phi * (h + 1)) + h / np.expm1(-phi * h), np.float64)


def normalised(log: Floats) -> Floats:
    """Return probabilities [n, grid] from their logarithms up to a constant per row."""
    log = log - log.max(axis=1, keepdims=True, initial=-np.inf)
    posterior = np.exp(log)
    return np.asarray(posterior / posterior.sum(axis=1, keepdims=True), np.float64)
