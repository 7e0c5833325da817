"""Plackett-Luce worths of responses from a whole set of rankings, with ties of any order and partial rankings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from prefqa._types import Floats, Ints, sum_by
from prefqa.consensus.newton import Curvature, climb
from prefqa.consensus.plackett_luce_checks import (
    check_estimable,
    check_numbers,
    checked_rankers,
    checked_ranks,
    checked_weights,
)
from prefqa.consensus.plackett_luce_likelihood import Choices, GammaPrior, choices, curvature, log_posterior

#: Shape and rate of the Gamma prior on adherence: mean 1, and .99 of its mass between .37 and 2.
ADHERENCE_PRIOR = (10.0, 10.0)
_TOLERANCE = 1e-9
# Rounding of a sum of so many choices; matters above 10,000 of them.
_ROUNDING = 1e-13


@dataclass(frozen=True)
class PlackettLuce:
    """What `plackett_luce` estimates from rankings of n responses.

    `log_worth` [n] has mean 0. `log_tie` [q] are the log tie parameters of `tie_orders` [q], the orders from 2 on that
    occur; of any other order the estimate is a tie that never happens. `covariance` [n + q, n + q] is that of log
    worths and then log ties, from the observed information. `log_likelihood` is that of the rankings alone,
    `log_posterior` includes pseudo-rankings and the prior on adherence (up to a constant). `log_worth_hypothetical` is
    where the hypothetical response of the pseudo-rankings stands beside the others, None without them; `adherence` is
    None where none was asked for.
    """

    log_worth: Floats
    tie_orders: Ints
    log_tie: Floats
    covariance: Floats
    log_likelihood: float
    log_posterior: float
    log_worth_hypothetical: float | None
    adherence: Floats | None
    n_rankings: int
    n_iterations: int
    converged: bool

    @property
    def se(self) -> Floats:
        """Standard errors [n + q] of log worths (against their mean), then log ties."""
        return np.sqrt(np.maximum(np.diagonal(self.covariance), 0.0))


def plackett_luce(
    ranks: Ints,
    *,
    weights: ArrayLike | None = None,
    n_pseudo: float = 0.0,
    group: ArrayLike | None = None,
    adherence_prior: tuple[float, float] = ADHERENCE_PRIOR,
) -> PlackettLuce:
    """Estimate how strongly each response is preferred, from rankings of any of the responses.

    A ranking is a chain of choices: the best of the responses it ranks, the best of the rest, and so on. A set S of
    d tied responses is chosen with a probability proportional to

        h(S) = delta_d (product of the worths in S)^(adherence of the ranker / d),   delta_1 = 1,

    among all sets of the remaining responses that have one response or an order of tie that occurs in the data.
    Without ties this is Plackett-Luce, with pairs only it is Davidson (1970), without both Bradley-Terry. What a
    ranking leaves out takes no part in it; a ranking of one response says nothing. The estimate maximises the
    likelihood, by Newton steps from equal worths until no slope is above 1e-9 (in units of the mean weight; 1e-13 times
    the number of choices where there are more than 10,000).

    The maximum exists only where the rankings connect all responses both ways: from each a chain of "ranked above"
    leads to each other one. Ties are no links of that chain: wins and ties alone may drive a worth and its tie
    parameter to infinity together. Pseudo-rankings make it exist: `n_pseudo` wins and as many losses of each response
    against a hypothetical one draw all worths together.

    Adherence says how closely a ranker follows the common worths: 1 as the model, near 0 by chance. It is estimated
    with the worths, as the joint maximum with a Gamma prior. As in the R package a ranker's log prior counts once for
    each of its rankings, so many rankings do not outweigh it. (That package alternates between worths and adherences
    and stops within about .01 of this maximum.) The covariance then allows for adherences not being known.

    Args:
        ranks: [n_rankings, n], lower is better, 0 = not ranked, equal numbers = a tie; gaps between numbers say
            nothing.
        weights: [n_rankings], how often each ranking was given; 1 each by default.
        n_pseudo: wins, and losses, of each response against a hypothetical one; .5 is a weak prior.
        group: [n_rankings], the ranker of each ranking, as integers; asks for adherences, which are returned in the
            order of these numbers. `np.arange(n_rankings)` takes each ranking for a ranker of its own.
        adherence_prior: shape and rate of the Gamma prior.

    Raises:
        UsageError: arguments of a wrong kind; no finite estimate exists, with the groups of responses that nothing
            connects both ways, or the tie order that was chosen wherever it could be.

    Source: Turner, van Etten, Firth and Kosmidis (2020), Modelling rankings in R: the PlackettLuce package,
    Computational Statistics 35, equations 1 to 3 (ties) and the part on adherence (Raman and Joachims 2014).

    >>> import numpy as np
    >>> found = plackett_luce(np.array([[1, 2, 3], [2, 1, 3], [1, 3, 2], [3, 2, 1]]))
    >>> found.log_worth.round(3)
    array([ 0.321,  0.055, -0.376])
    """
    ranks = checked_ranks(ranks)
    n = ranks.shape[1]
    weight = checked_weights(weights, len(ranks))
    rankers, ranker = checked_rankers(group, len(ranks))
    check_numbers(n_pseudo, adherence_prior)
    used = (weight > 0) & ((ranks > 0).sum(axis=1) > 1)
    unit = float(weight[used].mean()) if used.any() else 1.0
    real = ranks[used], weight[used] / unit, ranker[used]
    seen = choices(*real)
    data = choices(*_with_pseudo_rankings(*real, n_pseudo / unit)) if n_pseudo > 0 else seen
    check_estimable(ranks[used] if n_pseudo == 0 else None, data)
    prior = None if rankers is None else GammaPrior(*adherence_prior, _prior_weight(real[2], real[1], len(rankers)))
    theta, converged, n_iterations = climb(
        lambda theta: _at(data, theta, prior),
        lambda theta: Curvature(*curvature(data, theta, prior)),
        np.zeros(_n_parameters(data, prior)),
        level=_level(data),
        tolerance=max(_TOLERANCE, _ROUNDING * data.order.size),
    )

    common = data.n_responses + data.orders.size
    centred = _centring(n, data.n_responses, data.orders.size)
    worths = theta[: data.n_responses] - theta[:n].mean()
    on_seen = np.concatenate([worths[:n], theta[data.n_responses :]])[:, None]
    return PlackettLuce(
        log_worth=worths[:n],
        tie_orders=data.orders,
        log_tie=theta[data.n_responses : common],
        covariance=np.asarray(centred @ _inverse(data, Curvature(*curvature(data, theta, prior))) @ centred.T / unit),
        log_likelihood=unit * float(log_posterior(seen, on_seen)[0][0]),
        log_posterior=unit * float(log_posterior(data, theta[:, None], prior)[0][0]),
        log_worth_hypothetical=float(worths[n]) if n_pseudo > 0 else None,
        adherence=None if rankers is None else np.exp(theta[common:]),
        n_rankings=int(used.sum()),
        n_iterations=n_iterations,
        converged=converged,
    )


def _n_parameters(data: Choices, prior: GammaPrior | None) -> int:
    return data.n_responses + data.orders.size + (0 if prior is None else prior.weight.size)


def _prior_weight(ranker: Ints, weight: Floats, n_rankers: int) -> Floats:
    """How often each ranker's prior counts; once where it has no ranking to go by."""
    total = sum_by(ranker, weight, n_rankers)
    return np.where(total > 0, total, 1.0)


def _with_pseudo_rankings(ranks: Ints, weight: Floats, ranker: Ints, n_pseudo: float) -> tuple[Ints, Floats, Ints]:
    """Add a hypothetical response, and a win and a loss of each response against it, by no ranker."""
    n = ranks.shape[1]
    wins = np.column_stack([np.eye(n, dtype=np.int64), np.full(n, 2)])
    losses = np.column_stack([2 * np.eye(n, dtype=np.int64), np.full(n, 1)])
    rows = np.concatenate([np.column_stack([ranks, np.zeros(len(ranks), np.int64)]), wins, losses])
    return rows, np.append(weight, np.full(2 * n, n_pseudo)), np.append(ranker, np.full(2 * n, -1))


def _at(data: Choices, theta: Floats, prior: GammaPrior | None) -> tuple[float, Floats]:
    with np.errstate(all="ignore"):
        value, slope = log_posterior(data, theta[:, None], prior)
    return float(value[0]), slope[:, 0]


def _inverse(data: Choices, found: Curvature) -> Floats:
    """Covariance of log worths and log ties; the direction in which all log worths move together adds a constant."""
    return np.asarray(np.linalg.inv(found.reduced() + _level(data)), np.float64)


def _level(data: Choices) -> Floats:
    """[p, p], what fixes the mean of the log worths, which the rankings do not."""
    p = data.n_responses + data.orders.size
    level = np.zeros((p, p))
    level[: data.n_responses, : data.n_responses] = 1 / data.n_responses
    return level


def _centring(n: int, n_all: int, n_ties: int) -> Floats:
    """[n + q, n_all + q], takes log worths to those of the first n less their mean, and leaves log ties."""
    matrix = np.zeros((n + n_ties, n_all + n_ties))
    matrix[:n, :n] = np.eye(n) - 1 / n
    matrix[n:, n_all:] = np.eye(n_ties)
    return matrix
