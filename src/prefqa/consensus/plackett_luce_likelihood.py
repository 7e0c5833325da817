"""The likelihood of the Plackett-Luce model with ties, its gradient and its curvature, over all rankings at once.

Parameters stand in columns `theta` [P, B], one column a point: log worths of the responses, log tie parameters of
the tie orders, log adherences of the rankers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from prefqa._types import Bools, Floats, Ints, sum_by

#: Real, or complex where the imaginary part carries a derivative.
Numbers: TypeAlias = NDArray[Any]

_BLOCK_BYTES = 1 << 24
_COMPLEX_STEP = 1e-30


@dataclass(frozen=True)
class Choices:
    """Rankings as chains of choices: the best of all, the best of the rest, and so on; equal rankings are one row.

    `item` [n, m] is the response at each position, best first; `ranked` [n, m] is false behind the last one. A stage
    begins where `starts` [n, m] is true: from that position on nothing is chosen yet, and the responses that tie there
    are chosen together, each with the share `share` [n, m] = weight / how many tie. A last response alone is no choice.
    `ranker` [n] is -1 where the adherence is fixed at 1. `orders` are the tie orders from 2 on that occur, `tie_weight`
    the weight of the choices of each; `order` and `size` [n stages] are how many responses each stage chose, of how
    many.
    """

    n_responses: int
    item: Ints
    ranked: Bools
    starts: Bools
    share: Floats
    weight: Floats
    ranker: Ints
    orders: Ints
    tie_weight: Floats
    order: Ints
    size: Ints


@dataclass(frozen=True)
class GammaPrior:
    """(shape - 1) log(adherence) - rate adherence for each ranker, times `weight` [n rankers]."""

    shape: float
    rate: float
    weight: Floats


def choices(ranks: Ints, weights: Floats, ranker: Ints) -> Choices:
    """Turn ranks [n_rankings, n] (0 = not ranked) into choices; every weight is above 0, every ranking ranks two."""
    ranks, ranker, weight = _distinct(_dense(ranks), ranker, weights)
    n_ranked = (ranks > 0).sum(axis=1)
    longest_first = np.argsort(-n_ranked, kind="stable")
    ranks, ranker, weight, n_ranked = (x[longest_first] for x in (ranks, ranker, weight, n_ranked))  # type: ignore[assignment]
    width = int(n_ranked.max(initial=0))
    place = np.where(ranks > 0, ranks, ranks.shape[1] + 1)
    item = np.argsort(place, axis=1, kind="stable")[:, :width]
    place = np.take_along_axis(place, item, axis=1)
    ranked = place <= ranks.shape[1]
    begins = np.ones(place.shape, bool)
    begins[:, 1:] = place[:, 1:] != place[:, :-1]
    bucket = np.cumsum(begins).reshape(begins.shape)
    chosen = np.bincount(bucket.ravel(), minlength=1)[bucket]
    left = n_ranked[:, None] - np.arange(width)
    is_choice = ranked & ((left > 1) | (chosen > 1))
    starts = begins & is_choice
    order = chosen[starts]
    stage_weight = np.broadcast_to(weight[:, None], starts.shape)[starts]
    by_order = sum_by(order, stage_weight, 2)
    orders = np.flatnonzero(by_order[2:]) + 2
    share = np.where(is_choice, weight[:, None] / np.maximum(chosen, 1), 0.0)
    size = np.asarray(left[starts])
    tied = by_order[orders]
    return Choices(ranks.shape[1], item, ranked, starts, share, weight, ranker, orders, tied, order, size)


def _dense(ranks: Ints) -> Ints:
    """Number the places of each ranking from 1 without gaps; 0 stays 0."""
    at = np.argsort(ranks, axis=1, kind="stable")
    ordered = np.take_along_axis(ranks, at, axis=1)
    step = ordered > 0
    step[:, 1:] &= ordered[:, 1:] != ordered[:, :-1]
    dense = np.empty(ranks.shape, np.int64)
    np.put_along_axis(dense, at, np.cumsum(step, axis=1), axis=1)
    return dense


def _distinct(ranks: Ints, ranker: Ints, weights: Floats) -> tuple[Ints, Ints, Floats]:
    """Merge equal rankings of one ranker, adding their weights."""
    rows, at = np.unique(np.column_stack([ranker, ranks]), axis=0, return_inverse=True)
    return rows[:, 1:], rows[:, 0], sum_by(at.ravel(), weights, len(rows))


def log_posterior(of: Choices, theta: Numbers, prior: GammaPrior | None = None) -> tuple[Numbers, Numbers]:
    """Return the log posterior [B] (the log likelihood, plus the prior where there is one) and its gradient [P, B].

    Choosing the set S of d responses has the strength h(S) = delta_d (product of worths in S)^(adherence / d); its
    probability is h(S) over the sum of h over all sets of the remaining responses, of one response and of each tie
    order that occurs. Those sums are elementary symmetric polynomials of worth^(adherence / d), so they cost d
    multiplications a response, not one for each set.

    Source: Turner, van Etten, Firth and Kosmidis (2020), equations 1 to 3.
    """
    n, q = of.n_responses, of.orders.size
    worth, tie, log_adherence = theta[:n], theta[n : n + q], theta[n + q :]
    fixed = np.ones((1, theta.shape[1]))
    strength, adherence = np.exp(np.concatenate([0 * fixed, tie])), np.concatenate([np.exp(log_adherence), fixed])
    value = of.tie_weight @ tie
    gradient = np.zeros(theta.shape, np.result_type(theta, np.float64))
    gradient[n : n + q] = of.tie_weight[:, None]
    for block in _blocks(of, theta.shape[1]):
        a, b = _add_block(block, worth, strength, adherence)
        value = value + a
        gradient += b
    if prior is not None:
        weight, eta = prior.weight[:, None], adherence[:-1]
        value = value + (weight * ((prior.shape - 1) * log_adherence - prior.rate * eta)).sum(axis=0)
        gradient[n + q :] += weight * (prior.shape - 1 - prior.rate * eta)
    return value, gradient


def curvature(of: Choices, theta: Floats, prior: GammaPrior | None = None) -> tuple[Floats, Floats, Floats]:
    """Return minus the Hessian at `theta` [P] as (A, B, c): worths and ties, these against adherences, adherences.

    Two rankers' adherences never meet in one term, so their block is the diagonal c. The derivatives of the
    gradient are exact: the imaginary part of the gradient at theta + i h, over h (Squire and Trapp 1998). One column
    moves all adherences at once, which gives c.
    """
    common = of.n_responses + of.orders.size
    moves = np.zeros((theta.size, common + 1))
    moves[:common, :common] = np.eye(common)
    moves[common:, common] = 1
    slopes = log_posterior(of, theta[:, None] + 1j * _COMPLEX_STEP * moves, prior)[1].imag / -_COMPLEX_STEP
    a = slopes[:common, :common]
    return (a + a.T) / 2, slopes[common:, :common].T, slopes[common:, common]


def _blocks(of: Choices, batch: int) -> Iterator[Choices]:
    """Cut the rankings into blocks whose arrays stay in cache, each as wide as its longest ranking."""
    per_cell = 16 * batch * int(2 + of.orders.sum() + of.orders.size)
    rows = max(1, _BLOCK_BYTES // (per_cell * max(1, of.item.shape[1])))
    for at in range(0, len(of.item), rows):
        cut = slice(at, at + rows)
        width = int(of.ranked[cut].sum(axis=1).max())
        cells = {name: getattr(of, name)[cut, :width] for name in ("item", "ranked", "starts", "share")}
        yield replace(of, weight=of.weight[cut], ranker=of.ranker[cut], **cells)


def _add_block(of: Choices, worth: Numbers, strength: Numbers, adherence: Numbers) -> tuple[Numbers, Numbers]:
    """Return what one block adds to the log likelihood and to its gradient; arrays are [position, ranking, B]."""
    item, ranked, starts, share = (x.T[:, :, None] for x in (of.item, of.ranked, of.starts, of.share))
    eta = adherence[of.ranker]
    log_strength = worth[item[:, :, 0]] * eta
    log_strength = log_strength - np.where(ranked, log_strength.real, -np.inf).max(axis=0)
    degrees = (1, *of.orders.tolist())
    bases = [np.where(ranked, np.exp(np.where(ranked, log_strength, 0) / d), 0) for d in degrees]
    sums = [_sums_of_products(base, d) for base, d in zip(bases, degrees, strict=True)]
    all_sets = sum(delta * e[:-1, -1] for delta, e in zip(strength, sums, strict=True))
    all_sets = np.where(starts, all_sets, 1)
    weight = starts * of.weight[:, None]
    value = (share * log_strength).sum(axis=(0, 1)) - (weight * np.log(all_sets)).sum(axis=(0, 1))
    pulls = [delta * weight / all_sets for delta in strength]
    expected = sum(_slopes(base, e, pull) for base, e, pull in zip(bases, sums, pulls, strict=True))
    residual = share - expected
    by_tie = [-(pull * e[:-1, -1]).sum(axis=(0, 1)) for e, pull in zip(sums[1:], pulls[1:], strict=True)]
    by_ranker = _sum_rows(of.ranker % len(adherence), (residual * log_strength).sum(axis=0), len(adherence))[:-1]
    by_response = _sum_rows(item.ravel(), (residual * eta).reshape(item.size, -1), len(worth))  # type: ignore[arg-type]
    return value, np.concatenate([by_response, np.reshape(by_tie, (-1, worth.shape[1])), by_ranker])


def _sums_of_products(base: Numbers, degree: int) -> Numbers:
    """Return [m + 1, degree + 1, n, B]: the elementary symmetric polynomials of the positions from each one on."""
    m = len(base)
    e = np.zeros((m + 1, degree + 1, *base.shape[1:]), base.dtype)
    e[m, 0] = 1
    for s in range(m - 1, -1, -1):
        e[s] = e[s + 1]
        e[s, 1:] += base[s] * e[s + 1, :-1]
    return e


def _slopes(base: Numbers, e: Numbers, pull: Numbers) -> Numbers:
    """Return the slope of sum over s of pull[s] e[s, degree] by each log strength: the recurrence walked back.

    All terms are products of numbers that are not negative, so nothing cancels.
    """
    degree = e.shape[1] - 1
    back = np.zeros(e.shape[1:], e.dtype)
    slopes = np.empty_like(base)
    for s in range(len(base)):
        back[degree] += pull[s]
        slopes[s] = base[s] * (back[1:] * e[s + 1, :-1]).sum(axis=0) / degree
        back[:-1] += base[s] * back[1:]
    return slopes


def _sum_rows(group: Ints, rows: Numbers, n_groups: int) -> Numbers:
    """Sum rows [n, B] by group; real and imaginary parts apart, since `np.bincount` takes no complex weights."""
    if np.iscomplexobj(rows):
        return np.asarray(_sum_rows(group, rows.real, n_groups) + 1j * _sum_rows(group, rows.imag, n_groups))
    batch = rows.shape[1]
    cell = group[:, None] * batch + np.arange(batch)
    return sum_by(cell.ravel(), rows.ravel(), n_groups * batch).reshape(n_groups, batch)
