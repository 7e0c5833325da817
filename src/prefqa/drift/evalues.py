"""Evidence that grows with every look and may be read at each: mixture e-processes of successive contrasts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from prefqa._types import Floats

#: Standard deviations of the shifts that are betted on, in units of the score's parameter.
SIZES = (0.1, 0.3, 1.0)


class Evidence(NamedTuple):
    """Logarithm of the e-value after each look, and the look from which on a change is likeliest (None before two)."""

    log_e: Floats
    since: int | None


def evidence(contrasts: Floats) -> Evidence:
    r"""Bet on a shift of unknown size from an unknown look on.

    Look s brings the contrast N_s of its scores with those of all looks before (a Helmert contrast, see
    `sequential.look`), of weight H_s and variance V_s, and information W_s. While nothing changes, successive contrasts
    are uncorrelated with mean 0. After a shift theta at look tau, N_s has mean :math:`m_s\theta` with

    .. math:: m_s = H_s \sum_{u<\tau} W_u / \sum_{u<s} W_u,

    for what came before s is then partly shifted itself. For theta ~ N(0, k²) the likelihood ratio is

    .. math:: E_\tau = (1 + k^2 B)^{-1/2} \exp\frac{k^2 A^2}{2 (1 + k^2 B)}, \quad A = \sum_{s\ge\tau} m_s N_s / V_s,
              \; B = \sum_{s\ge\tau} m_s^2 / V_s,

    a martingale with mean 1 for normal contrasts (Robbins 1970). The e-value is its mean over k in `SIZES` and over tau
    with probabilities 1 / (tau (tau + 1)); by Ville's inequality it ever reaches 1 / alpha with probability at most
    alpha. V is a running ratio: V_s = H_s times the sum of the variances so far over that of the weights, and never
    less than the look's own raw variance: a few judgments far out would else count as if they were like all others.

    Args:
        contrasts: (n_looks, 4): N, H, raw variance and W; look 0 has only W. A row with H = 0 tells nothing.
    """
    n_looks = len(contrasts)
    difference, weight, variance, information = contrasts.T if n_looks else np.zeros((4, 0))
    seen = np.cumsum(variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = np.maximum(weight * seen / np.cumsum(weight), variance)
        past = np.cumsum(information) - information
        share = np.where(past > 0, past[:, None] / past, 0.0)  # [tau, s]
        slope = np.where(np.tri(n_looks, k=0).T > 0, share * weight, 0.0)
        known = (weight > 0) & (scaled > 0)
        by_look = np.where(known, slope * difference / scaled, 0.0), np.where(known, slope**2 / scaled, 0.0)
    a, b = (np.cumsum(part, axis=1) for part in by_look)
    k = np.array(SIZES)[:, None, None] ** 2
    log_e = logsumexp(k * a**2 / (2 * (1 + k * b)) - np.log1p(k * b) / 2, axis=0) - np.log(len(SIZES))
    if n_looks < 2:
        return Evidence(np.zeros(n_looks), None)
    tau = np.arange(1, n_looks)
    begun = np.log(1 / (tau * (tau + 1.0)))[:, None] + np.where(tau[:, None] <= np.arange(n_looks), log_e[1:], 0.0)
    rest = np.full((1, n_looks), -np.log(n_looks))
    return Evidence(np.asarray(logsumexp(np.vstack([begun, rest]), axis=0)), int(tau[begun[:, -1].argmax()]))
