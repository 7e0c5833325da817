"""The posterior over the orders of each item, from how strongly the votes speak for each pair."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import numpy as np

from prefqa._types import Floats, Ints
from prefqa.consensus.kemeny import strict_orders

#: Up to this many responses all orders are enumerated; above, pairs are taken as independent.
EXACT_UP_TO = 7
_CHUNK_BYTES = 1 << 24
#: Products of a matrix multiplication up to which OpenBLAS keeps to one thread.
_BLOCK_PRODUCTS = 1 << 18
S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True)
class Beliefs:
    """What is believed about each of n items of k responses.

    `better` [n, k, k]: probability that the first stands before the second in the order that the pool as a whole
    follows. `fresh` [n, k, k]: probability that a fresh annotator of the same pool prefers the first. `best` [n, k]:
    probability that the response stands first. `entropy` [n]: of the posterior over the k! orders, in bits, from 0
    (certain) to log2 k! (nothing known). `best` and `entropy` are NaN above EXACT_UP_TO responses.
    """

    better: Floats
    fresh: Floats
    best: Floats
    entropy: Floats


@dataclass(frozen=True)
class OrderPosterior:
    """Marginals of p(order) of n items: pairs [n, P] in the order of `triu_indices`, best [n, k], entropy [n]."""

    better: Floats
    fresh: Floats
    best: Floats
    entropy: Floats


@cache
def _tables(k: int) -> tuple[Floats, Ints, Floats]:
    """Per strict order: [k!, P] 1 where the first of the pair stands before, [k!, P] how far apart, [k!, k] first."""
    position = strict_orders(k)
    first, second = np.triu_indices(k, 1)
    gap = position[:, second].astype(np.int64) - position[:, first]
    return (gap > 0).astype(np.float64), gap, (position == 0).astype(np.float64)


def order_posterior(support: Floats, k: int, kept: Floats) -> OrderPosterior:
    """Return the marginals of the posterior over orders; see `order_probabilities` and `order_marginals`."""
    return order_marginals(order_probabilities(support, k), k, kept)


def order_probabilities(support: Floats, k: int, log_likelihood: Floats | None = None) -> Floats:
    """Return p(order) [n, k!], proportional to exp(sum of support over the pairs that the order keeps).

    With support = sum over judgments of phi_a (+1 where the judgment ranks the first before the second, -1 the other
    way, 0 for a tie or where it does not rank both), this is the Mallows posterior with a uniform prior over orders
    and dispersion phi_a for annotator a: exp(-sum phi_a * distance) up to a constant.

    Args:
        support: [n, P], P = k (k - 1) / 2 pairs.
        k: responses, at most EXACT_UP_TO.
        log_likelihood: [n, k!], of what else is known about each order.

    Source: Mallows (1957); Fligner and Verducci (1986).
    """
    keeps = _tables(k)[0].T
    p = np.empty((len(support), keeps.shape[1]))
    for rows in _blocks(len(support), k):
        weight = np.matmul(support[rows], keeps, out=p[rows])
        if log_likelihood is not None:
            weight += log_likelihood[rows]
        weight -= weight.max(axis=1, keepdims=True)
        np.exp(weight, out=weight)
        weight /= weight.sum(axis=1, keepdims=True)
    return p


def keeps_pairs(p: Floats, k: int) -> Floats:
    """Return [n, P] from p(order) [n, k!]: the probability that the first of the pair stands before the second."""
    keeps = _tables(k)[0]
    better = np.empty((len(p), keeps.shape[1]))
    for rows in _blocks(len(p), k):
        np.matmul(p[rows], keeps, out=better[rows])
    return better


def _blocks(n: int, k: int) -> Iterator[slice]:
    """Runs of items that stay in the cache, and whose products are too small for the threads of a BLAS.

    These would wait for each other longer than they multiply.
    """
    n_orders, n_pairs = _tables(k)[0].shape
    step = max(1, _BLOCK_PRODUCTS // (n_orders * max(n_pairs, 8)))
    return (slice(start, start + step) for start in range(0, n, step))


def order_marginals(p: Floats, k: int, kept: Floats, temper: float = 1.0) -> OrderPosterior:
    """Return the marginals of p(order) [n, k!].

    Args:
        p: the posterior.
        k: responses.
        kept: [k - 1], the probability that a fresh annotator keeps the order of two responses h + 1 places apart; or
            [n, k - 1], that of a certain annotator for each item.
        temper: power of p that better, best and entropy are those of; below 1 it says less than p does.
    """
    from scipy.special import entr

    before, gap, first = _tables(k)
    n_pairs = before.shape[1]
    tempered = p
    if temper != 1:
        tempered = p**temper
        tempered /= tempered.sum(axis=1, keepdims=True)
    better, best = np.split(tempered @ np.hstack([before, first]), [n_pairs], axis=1)
    entropy = entr(tempered).sum(axis=1) / np.log(2)
    if kept.ndim == 1:
        agrees = kept[np.abs(gap) - 1]
        fresh = p @ np.where(gap > 0, agrees, 1 - agrees)
    else:
        fresh = np.zeros_like(better)
        for h in range(1, k):  # h places apart, in this order or the other
            ahead, behind = (p @ (gap == way * h).astype(np.float64) for way in (1, -1))
            fresh += ahead * kept[:, [h - 1]] + behind * (1 - kept[:, [h - 1]])
    return OrderPosterior(better, fresh, best, entropy)


def independent_posterior(support: Floats, k: int, kept: Floats, temper: float = 1.0) -> OrderPosterior:
    """Return the same with each pair on its own: sigmoid(support); best and entropy are not known (NaN).

    `kept` and `temper` are as for `order_marginals`; how far two responses stand apart is not known, so the mean of
    `kept` counts.
    """
    from scipy.special import expit

    better = expit(support)
    unknown = np.full(support.shape[0], np.nan)
    right = kept.mean(axis=-1, keepdims=True)
    fresh = better * right + (1 - better) * (1 - right)
    return OrderPosterior(expit(temper * support), fresh, np.full((unknown.size, k), np.nan), unknown)


def from_pairs(better: Floats, fresh: Floats) -> Beliefs:
    """Complete beliefs about pairs by those about orders: p(order) proportional to the product over its pairs."""
    n, k = better.shape[:2]
    if k < 2 or k > EXACT_UP_TO:
        none = np.full(n, np.nan if k > 1 else 0.0)
        return Beliefs(better, fresh, np.full((n, k), np.nan if k > 1 else 1.0), none)
    first, second = np.triu_indices(k, 1)
    p = better[:, first, second]
    support = np.log(p) - np.log1p(-p)
    found = [order_posterior(support[part], k, np.full(k - 1, 0.5)) for part in chunks(n, k)]
    return Beliefs(
        better, fresh, np.concatenate([part.best for part in found]), np.concatenate([part.entropy for part in found])
    )


def square(pairs: Floats, k: int) -> Floats:
    """Return [n, k, k] from [n, P]: the probability itself above the diagonal, its complement below, 1/2 on it."""
    first, second = np.triu_indices(k, 1)
    out = np.full((pairs.shape[0], k, k), 0.5)
    out[:, first, second] = pairs
    out[:, second, first] = 1 - pairs
    return out


def chunks(n: int, k: int) -> Iterator[slice]:
    """Cut n items into runs whose tables of orders stay within the processor's cache, a few megabytes."""
    width = strict_orders(k).shape[0] if k <= EXACT_UP_TO else k * k
    step = max(64, _CHUNK_BYTES // (8 * width))
    return (slice(at, min(at + step, n)) for at in range(0, max(n, 1), step))


def in_threads(work: Callable[[S], T], parts: list[S]) -> list[T]:
    """Run `work` on each part, two at a time; results come in the order of the parts, so sums do not depend on it."""
    if len(parts) < 2:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(work, parts))
