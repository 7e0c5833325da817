"""Plackett-Luce worths of the responses of many items at once, with a normal prior."""

from __future__ import annotations

import numpy as np

from prefqa._types import Floats, Ints
from prefqa.consensus.orders import Orders
from prefqa.consensus.posterior import chunks, in_threads
from prefqa.consensus.worths import PRIOR_SD, Surface, climb, orders_of_worths
from prefqa.votes import Bucket


def item_worths(ranks: Ints, starts: Ints, prior_sd: float = PRIOR_SD) -> tuple[Floats, Floats]:
    """Return the log worths theta [n, k] that maximise the posterior, and their covariance [n, k, k] (Laplace).

    A ranking is a chain of choices: the best of the responses it ranks, the best of the rest, and so on; response i is
    chosen with probability exp(theta_i) / sum of exp(theta) over those not yet chosen. theta ~ N(0, prior_sd^2). What
    a ranking leaves out takes no part in it.

    Ties: d tied responses are chosen one by one, each out of all that are not ranked before them (Breslow 1974). The
    last place takes d - 1 choices, shared by its d responses, for the last response alone is no choice. So a tied pair
    is half a vote for either side, and with two responses this is `bradley_terry`. A best response over equal others
    is one choice of it and a tie among the others.

    Args:
        ranks: [n judgments, k], lower is better, 0 = not ranked.
        starts: [n], index of each item's first judgment.
        prior_sd: standard deviation of the prior.

    Source: Luce (1959); Plackett (1975); ties as in Breslow (1974) for the same likelihood in survival analysis.
    """
    n, k = starts.size, ranks.shape[1]
    ranked = ranks > 0
    both = ranked[:, :, None] & ranked[:, None, :]
    left = both & (ranks[:, None, :] >= ranks[:, :, None])
    tied = (both & (ranks[:, None, :] == ranks[:, :, None])).sum(axis=2)
    is_last = left.sum(axis=2) == tied
    chosen = np.where(is_last, (tied - 1) / np.maximum(tied, 1), 1.0) * ranked
    item = np.repeat(np.arange(n), np.diff(np.append(starts, ranks.shape[0])))
    own = np.eye(k, dtype=bool)
    left |= own  # a response that is not ranked chooses itself, with weight 0

    def log_likelihood(theta: Floats) -> Surface:
        each = theta[item]
        strength = np.exp(each - each.max(axis=1, keepdims=True))
        p = left * strength[:, None, :]
        total = p.sum(axis=2)
        p /= total[:, :, None]
        value = (chosen * (np.log(strength) - np.log(total))).sum(axis=1)
        pulled = p * chosen[:, :, None]
        expected = pulled.sum(axis=1)
        information = own * expected[:, None, :] - p.transpose(0, 2, 1) @ pulled
        sums = [np.add.reduceat(each, starts, axis=0) for each in (value, chosen - expected, information)]
        return Surface(*sums)

    return climb(log_likelihood, np.zeros((n, k)), prior_sd)


def plackett_luce(bucket: Bucket) -> tuple[Orders, Floats, Floats]:
    """Order the responses by worth; P(first is better) and P(a fresh annotator prefers it) as `orders_of_worths`."""
    ends = np.append(bucket.starts, bucket.ranks.shape[0])

    def work(part: slice) -> tuple[Floats, Floats]:
        rows = slice(int(ends[part.start]), int(ends[part.stop]))
        return item_worths(bucket.ranks[rows], bucket.starts[part] - rows.start)

    found = in_threads(work, list(chunks(len(bucket.item), bucket.k)))
    theta, covariance = (np.concatenate(each) for each in zip(*found, strict=True))
    return orders_of_worths(theta, covariance)
