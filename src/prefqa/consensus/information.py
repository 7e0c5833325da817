"""What one more judgment of an item is expected to tell: information in bits, and pairs put right."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from prefqa._types import Floats
from prefqa.consensus.kemeny import strict_orders

#: How many kinds of annotator stand for the pool, by number of responses; all orders times all orders is the cost.
_MANY_KINDS, _KINDS = 8, {6: 4, 7: 2}


def kinds_of_annotators(phi: Floats, weight: Floats, k: int) -> Floats:
    """Return the dispersions of a few equally likely kinds of annotator, means over quantiles of the pool.

    Args:
        phi: dispersion of each annotator of the pool.
        weight: how often each judges.
        k: number of responses.
    """
    n = _KINDS.get(k, _MANY_KINDS)
    order = np.argsort(phi, kind="stable")
    share = np.append(0.0, np.cumsum(weight[order])) / weight.sum()
    integral = np.append(0.0, np.cumsum(phi[order] * weight[order])) / weight.sum()
    return np.asarray(np.diff(np.interp(np.linspace(0, 1, n + 1), share, integral)) * n, np.float64)


def order_information(p: Floats, kernels: Sequence[Floats]) -> Floats:
    """Return the mutual information [n], in bits, of an item's order and a fresh ranking of it.

    With p the probabilities of the k! orders and f(d) = exp(-phi d) / Z that of a ranking d pairs away from the order
    (Mallows), a fresh ranking r has the probability sum_o p_o f(d(r, o)). The information is the entropy of that minus
    the entropy of f, which is the same whatever the order: the expected fall of the entropy of p. Exact, by
    enumeration of all orders and all rankings.

    Args:
        p: [n, k!], at most 7 responses.
        kernels: from `ranking_kernel`, of equally likely kinds of annotator, each known when the judgment comes.

    Source: Lindley (1956) for the measure; Mallows (1957).
    """
    each = [_entropy(p @ kernel) - _entropy(kernel[:1]) for kernel in kernels]
    return np.asarray(np.mean(each, axis=0) / np.log(2), np.float64)


def order_gain(p: Floats, k: int, kernels: Sequence[Floats]) -> Floats:
    """Return how many more pairs [n] are expected to be put in their true order after a fresh ranking.

    Each pair is put in its likelier order, so it is right with the probability max(q, 1 - q) = 1/2 + |2q - 1| / 2. The
    expectation of that over fresh rankings r is 1/2 + 1/2 sum_r |sum_o p_o f(d(r, o)) s_o|, with s_o = 1 where the
    order o keeps the pair and -1 else. Parameters as of `order_information`.
    """
    keeps = 2 * _keeps(k) - 1
    then = sum(
        (np.abs((p * sign) @ kernel).sum(axis=1) for kernel in kernels for sign in keeps.T), start=np.zeros(len(p))
    )
    return np.asarray(then / len(kernels) - np.abs(p @ keeps).sum(axis=1), np.float64) / 2


def ranking_kernel(k: int, phi: float) -> Floats:
    """Return [k!, k!]: the probability of each ranking under each order, for an annotator of dispersion phi."""
    sign = 2 * _keeps(k) - 1
    n_pairs = sign.shape[1]
    by_distance = np.exp(-phi * np.arange(n_pairs + 1) + min(phi, 0.0) * n_pairs)
    kernel = by_distance[((n_pairs - sign @ sign.T) / 2).astype(np.uint8)]
    return np.asarray(kernel / kernel[0].sum(), np.float64)


def pair_outlook(p: Floats, fresh: Floats, joint: Floats) -> tuple[Floats, Floats]:
    """Return what a fresh vote on a pair tells, in bits, and how much likelier the pair is to be right after it.

    Args:
        p: probability that the first of the pair is the better one.
        fresh: probability that the fresh vote is for it.
        joint: probability of both.
    """
    from scipy.special import entr

    def bits(x: Floats) -> Floats:
        return np.asarray((entr(x) + entr(1 - x)) / np.log(2), np.float64)

    for_, against = np.clip(joint / fresh, 0, 1), np.clip((p - joint) / (1 - fresh), 0, 1)
    information = bits(p) - fresh * bits(for_) - (1 - fresh) * bits(against)
    gain = fresh * np.abs(for_ - 0.5) + (1 - fresh) * np.abs(against - 0.5) - np.abs(p - 0.5)
    return np.maximum(information, 0.0), np.maximum(gain, 0.0)


def beta_votes(n_for: Floats, n_against: Floats, a: float) -> tuple[Floats, Floats, Floats]:
    """Return p, fresh and joint of `pair_outlook` under the Beta(a, a) prior on the share s of the pool for the first.

    s has the posterior Beta(x, y), x = n_for + a, y = n_against + a, and the first is the better one where s > 1/2. A
    fresh vote is for it with probability s, so joint = E[s; s > 1/2] = x / (x + y) P(Beta(x + 1, y) > 1/2).
    """
    from scipy.special import betainc

    x, y = n_for + a, n_against + a
    fresh = x / (x + y)
    p, p_if_for = betainc(y, x, 0.5), betainc(y, x + 1, 0.5)
    return np.asarray(p, np.float64), np.asarray(fresh, np.float64), np.asarray(fresh * p_if_for, np.float64)


def normal_votes(d: Floats, v: Floats) -> tuple[Floats, Floats, Floats]:
    """Return p, fresh and joint of `pair_outlook` where the difference of worths is N(d, v) and a vote logistic in it.

    joint = the integral of the logistic curve times the density over positive differences, by Gauss-Legendre with 48
    nodes over eight standard deviations either side of d.
    """
    from scipy.special import expit, ndtr

    node, weight = np.polynomial.legendre.leggauss(48)
    s = np.sqrt(v)

    def positive(mean: Floats) -> Floats:
        low = np.maximum(mean - 8 * s, 0.0)
        half = (np.maximum(mean + 8 * s, low) - low) / 2
        out = np.zeros_like(mean)
        for x, w in zip(node, weight, strict=True):
            at = low + half * (x + 1)
            out += w * half * expit(at) * np.exp(-(((at - mean) / s) ** 2) / 2)
        return np.asarray(out / (s * np.sqrt(2 * np.pi)), np.float64)

    p, joint = ndtr(d / s), positive(d)
    return p, joint + (1 - p) - positive(-d), joint


def coin_votes(p: Floats, right: float) -> tuple[Floats, Floats, Floats]:
    """Return p, fresh and joint of `pair_outlook` where a fresh vote is right with a known probability."""
    return p, p * right + (1 - p) * (1 - right), p * right


def mean_over(kinds: Floats, outlook: Callable[[float], tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """Average information and gain over equally likely kinds of annotator."""
    information, gain = zip(*(outlook(float(each)) for each in kinds), strict=True)
    return np.mean(information, axis=0), np.mean(gain, axis=0)


def _keeps(k: int) -> Floats:
    position = strict_orders(k)
    first, second = np.triu_indices(k, 1)
    return (position[:, first] < position[:, second]).astype(np.float64)


def _entropy(p: Floats) -> Floats:
    from scipy.special import entr

    return np.asarray(entr(p).sum(axis=1), np.float64)
