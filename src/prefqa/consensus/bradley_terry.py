"""Bradley-Terry worths of the responses of many items at once, with a normal prior."""

from __future__ import annotations

import numpy as np

from prefqa._types import Floats, Ints
from prefqa.consensus.orders import Orders, orders_by_belief

#: Standard deviation of the worths within an item, on the log-odds scale: two responses drawn from it are preferred
#: 3 : 1 or more in about half of all pairs.
PRIOR_SD = 1.0
_MAX_STEPS, _TOLERANCE = 25, 1e-9


def worths(wins: Ints, ties: Ints, prior_sd: float = PRIOR_SD) -> tuple[Floats, Floats]:
    """Return the log worths theta [n, k] that maximise the posterior, and their covariance [n, k, k] (Laplace).

    A vote prefers i to j with probability 1 / (1 + exp(theta_j - theta_i)); a tie is half a vote for either side; theta
    ~ N(0, prior_sd^2), so the estimate is finite where a response never wins, and 0 where nothing was compared. Newton
    steps for all items at once; the log posterior is concave.

    Args:
        wins, ties: [n, k, k], judgments that rank the first before the second, and that tie them.
        prior_sd: standard deviation of the prior.

    Source: Bradley and Terry (1952); with a normal prior as Caron and Doucet (2012) discuss.
    """
    from scipy.special import expit

    n, k = wins.shape[:2]
    won = wins + ties / 2.0
    votes = won + won.transpose(0, 2, 1)
    precision = np.eye(k) / prior_sd**2
    theta = np.zeros((n, k))
    for _ in range(_MAX_STEPS):
        p = expit(theta[:, :, None] - theta[:, None, :])
        gradient = (won - votes * p).sum(axis=2) - theta / prior_sd**2
        information = votes * p * (1 - p)
        hessian = precision - information
        hessian[:, np.arange(k), np.arange(k)] += information.sum(axis=2)
        step = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
        theta += step
        if np.abs(step).max(initial=0.0) < _TOLERANCE:
            break
    return theta, np.asarray(np.linalg.inv(hessian), np.float64)


def bradley_terry(wins: Ints, ties: Ints) -> tuple[Orders, Floats, Floats]:
    """Order the responses by worth; return also P(first is better) and P(a fresh annotator prefers it), [n, k, k].

    The first is the normal probability that the difference of worths is positive (Laplace approximation); the second
    is the mean of the logistic curve over it, 1 / (1 + exp(-d / sqrt(1 + pi v / 8))) (MacKay 1992).
    """
    from scipy.special import expit, ndtr

    theta, covariance = worths(wins, ties)
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    v = np.maximum(variance[:, :, None] + variance[:, None, :] - 2 * covariance, 1e-12)
    d = np.round(theta[:, :, None] - theta[:, None, :], 9)
    better, fresh = ndtr(d / np.sqrt(v)), expit(d / np.sqrt(1 + np.pi * v / 8))
    return orders_by_belief(better, score=theta), better, fresh
