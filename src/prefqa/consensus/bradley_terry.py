"""Bradley-Terry worths of the responses of many items at once, with a normal prior."""

from __future__ import annotations

import numpy as np

from prefqa._types import Floats, Ints
from prefqa.consensus.orders import Orders
from prefqa.consensus.worths import PRIOR_SD, Surface, climb, on_pairs, orders_of_worths


def worths(wins: Ints, ties: Ints, prior_sd: float = PRIOR_SD) -> tuple[Floats, Floats]:
    """Return the log worths theta [n, k] that maximise the posterior, and their covariance [n, k, k] (Laplace).

    A vote prefers i to j with probability 1 / (1 + exp(theta_j - theta_i)); a tie is half a vote for either side; theta
    ~ N(0, prior_sd^2), so the estimate is finite where a response never wins (`prefqa.consensus.worths.climb`).

    Args:
        wins, ties: [n, k, k], judgments that rank the first before the second, and that tie them.
        prior_sd: standard deviation of the prior.

    Source: Bradley and Terry (1952); with a normal prior as Caron and Doucet (2012) discuss.
    """
    from scipy.special import expit, log_expit

    n, k = wins.shape[:2]
    first, second = np.triu_indices(k, 1)
    sign, square = on_pairs(k)
    won, lost = (wins + ties / 2.0)[:, first, second], (wins + ties / 2.0)[:, second, first]

    def log_likelihood(theta: Floats) -> Surface:
        d = theta[:, first] - theta[:, second]
        p = expit(d)
        value = (won * log_expit(d) + lost * log_expit(-d)).sum(axis=1)
        information = (won + lost) * p * (1 - p)
        return Surface(value, (won - (won + lost) * p) @ sign, (information @ square).reshape(-1, k, k))

    return climb(log_likelihood, np.zeros((n, k)), prior_sd)


def bradley_terry(wins: Ints, ties: Ints) -> tuple[Orders, Floats, Floats]:
    """Order the responses by worth; P(first is better) and P(a fresh annotator prefers it) as `orders_of_worths`."""
    return orders_of_worths(*worths(wins, ties))
