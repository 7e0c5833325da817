"""How reliable each annotator is: dispersions of a Mallows model, or of single votes (one-coin Dawid-Skene)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from prefqa._types import Floats, Ints
from prefqa.consensus.dispersion import GRID, Kind, kept_in_order, log_prior_on_grid, log_z, normalised
from prefqa.consensus.fixed_point import fixed_point
from prefqa.consensus.kinds import Kinds, kinds_of
from prefqa.consensus.open_rankings import NODES, OpenRankings, open_rankings
from prefqa.consensus.posterior import (
    EXACT_UP_TO,
    Beliefs,
    OrderPosterior,
    chunks,
    in_threads,
    independent_posterior,
    keeps_pairs,
    order_marginals,
    order_probabilities,
    square,
)
from prefqa.votes import Bucket, pair_counts, pair_votes

#: The prior on an annotator's share of right votes: Beta(4, 2), two thirds on average, below one half with
#: probability .19. It weighs as much as six votes.
PRIOR = (4.0, 2.0)
#: Where iteration begins: everybody right in 7 of 10 votes. One half would be a saddle that EM never leaves.
START = 0.7
_TOLERANCE, _MAX_ITERATIONS = 1e-3, 300
#: Items that the first iterations are made on, where there are more.
_WARM_UP = 50_000


@dataclass(frozen=True)
class Reliabilities:
    """What each annotator's votes are worth.

    Per annotator: `phi`, the posterior mean log odds of keeping two neighbours in order (0 = votes at random, below 0
    = against the others); `share`, the expected share of right votes on all pairs of a judgment, and `share_sd`, its
    posterior standard deviation; `below_chance`, the posterior probability that phi < 0; `posterior` [annotators, grid]
    of phi. `pool` [grid]: phi of a fresh annotator of this pool.
    """

    kind: Kind
    phi: Floats
    share: Floats
    share_sd: Floats
    below_chance: Floats
    posterior: Floats
    pool: Floats
    n_iterations: int
    converged: bool

    def kept(self, k: int, judge: Ints | None = None) -> Floats:
        """Return [k - 1], how probably a fresh annotator keeps the order of two responses 1 .. k - 1 places apart.

        With `judge` [n], annotators, [n, k - 1]: how probably these do.
        """
        whose = self.pool if judge is None else self.posterior[judge]
        return np.asarray(whose @ kept_in_order(k, self.kind), np.float64)

    def columns(self) -> dict[str, Floats]:
        """Return reliability and its standard error."""
        return {"reliability": self.share, "reliability_se": self.share_sd}


def fit_reliabilities(
    buckets: Sequence[Bucket], n_annotators: int, kind: Kind, prior: tuple[float, float] = PRIOR
) -> Reliabilities:
    """Fit the annotators' dispersions by variational EM, all items at once.

    Model "mallows": each item has an unknown order, uniform over the k! orders; annotator a draws a ranking with
    probability proportional to exp(-phi_a * number of pairs that it turns round). Model "dawid-skene" (one coin): each
    pair of an item has an unknown answer, and each vote of a is right with probability 1 / (1 + exp(-phi_a)), pairs
    being independent. With two responses the two are the same.

    E-step: the exact posterior over orders (pairs above EXACT_UP_TO responses are independent) gives the expected
    number D_a of a's votes that are wrong. M-step: the posterior of phi_a on a grid, proportional to
    prior(phi) * exp(-phi * D_a - sum over judgments of log Z(phi)); its mean goes into the next E-step. So an
    annotator with few judgments is held near the prior, and its uncertainty is known.

    Ties say nothing about who is right. A Mallows ranking with ties or gaps has the probability of all the strict
    rankings that it leaves open (`open_rankings`), to 6 responses. Beyond, and for single votes, its pairs count one by
    one, with their share of log Z.

    Args:
        buckets: all items.
        n_annotators: number of annotators.
        kind: the model.
        prior: parameters of the Beta prior on the share of right votes on neighbours.

    Source: Mallows (1957); Dawid and Skene (1979); Raykar et al. (2010) for the Beta prior.
    """
    names = [bucket for bucket in buckets if bucket.k > 1]
    phi = np.full(n_annotators, np.log(START / (1 - START)))
    log_prior, iteration, converged = log_prior_on_grid(prior), 0, not names
    n_items = sum(len(bucket.item) for bucket in names)
    for stride in [max(1, n_items // _WARM_UP), 1] if n_items >= 2 * _WARM_UP else [1]:
        sample = [_evidence(bucket.every(stride), kind, n_annotators) for bucket in names]

        def step(at: Floats, sample: Sequence[_Evidence] = sample) -> Floats:
            return normalised(_total(sample, at, kind) + log_prior) @ GRID

        phi, iteration, converged = fixed_point(step, phi, tolerance=_TOLERANCE, max_steps=_MAX_ITERATIONS)
    posterior = normalised(_total(sample, phi, kind) + log_prior)
    strict = sum((strict_votes(bucket, n_annotators) for bucket in names), start=np.zeros(n_annotators))
    weight = strict / strict.sum() if strict.sum() > 0 else np.full(n_annotators, 1 / max(n_annotators, 1))
    pool = weight @ posterior if n_annotators else np.exp(log_prior)
    shares = np.divide(_mean_right(names, n_annotators, kind), np.maximum(strict, 1)[:, None])
    shares = np.where(strict[:, None] > 0, shares, 1 / (1 + np.exp(-GRID)))
    mean = (posterior * shares).sum(axis=1)
    spread = np.sqrt(np.maximum((posterior * shares**2).sum(axis=1) - mean**2, 0.0))
    below = posterior[:, GRID < 0].sum(axis=1)
    return Reliabilities(kind, phi, mean, spread, below, posterior, pool, iteration, converged)


@dataclass(frozen=True)
class _Evidence:
    """A bucket and what is the same in every step: its kinds of judgments, and what each annotator's log Z adds."""

    bucket: Bucket
    kinds: Kinds
    open_: OpenRankings | None
    constant: Floats


def _evidence(bucket: Bucket, kind: Kind, n_annotators: int = 0) -> _Evidence:
    open_ = open_rankings(bucket.ranks) if kind == "mallows" else None
    strict = strict_votes(bucket, n_annotators, open_)
    kinds = kinds_of(bucket, None if open_ is None else open_.is_open)
    return _Evidence(bucket, kinds, open_, -np.outer(strict, log_z(bucket.k, kind)))


def _total(sample: Sequence[_Evidence], phi: Floats, kind: Kind) -> Floats:
    return sum((_expected(each, phi, kind) for each in sample), start=np.zeros((phi.size, GRID.size)))


def pool_prior(buckets: Sequence[Bucket], kind: Kind, votes: float) -> tuple[float, float]:
    """Return a Beta prior worth `votes` votes around the pool's mean share of right votes.

    Where two annotators of the pool agree on a strict vote with probability A, and their reliabilities are independent,
    2A - 1 = (2r - 1)^2 for the pool's mean share r of right votes, whatever the single ones are. r is held within .55
    and .97, and carried over from all pairs of a ranking to neighbours by the Mallows model.
    """
    same, pairs, mean_kept = 0.0, 0.0, np.zeros(GRID.size)
    for bucket in buckets:
        if bucket.k < 2:
            continue
        wins, _ = pair_counts(bucket)
        first, second = np.triu_indices(bucket.k, 1)
        one, other = wins[:, first, second].astype(np.float64), wins[:, second, first].astype(np.float64)
        here = float(((one + other) * (one + other - 1)).sum())
        same += float((one * (one - 1) + other * (other - 1)).sum())
        pairs += here
        apart = np.arange(bucket.k - 1, 0, -1)
        mean_kept += here * (kept_in_order(bucket.k, kind) @ apart) / apart.sum()
    if pairs == 0:
        return PRIOR
    share = np.clip((1 + np.sqrt(max(2 * same / pairs - 1, 0.0))) / 2, 0.55, 0.97)
    mean = 1 / (1 + np.exp(-np.interp(share, mean_kept / pairs, GRID)))
    return float(votes * mean), float(votes * (1 - mean))


def beliefs(bucket: Bucket, found: Reliabilities, judge: Ints | None = None, temper: float = 1.0) -> Beliefs:
    """Return what the fitted model says about each item of a bucket.

    `judge` [n items] names an annotator for each item: `fresh` is then the probability that this one prefers the first.
    `temper`: see `order_marginals`.
    """
    n, k = len(bucket.item), bucket.k
    if k < 2:
        return Beliefs(np.full((n, k, k), 0.5), np.full((n, k, k), 0.5), np.ones((n, k)), np.zeros(n))
    parts = list(chunks(n, k))
    kept = found.kept(k, judge)
    evidence = _evidence(bucket, found.kind)
    likelihood = _open_likelihood(evidence, found.phi)

    def infer(part: slice) -> OrderPosterior:
        support = evidence.kinds.support(part, found.phi)
        near = kept if judge is None else kept[part]
        if found.kind == "mallows" and k <= EXACT_UP_TO:
            return order_marginals(order_probabilities(support, k, likelihood(part)), k, near, temper)
        return independent_posterior(support, k, near, temper)

    results = in_threads(infer, parts)
    better = square(np.concatenate([part.better for part in results]), k)
    fresh = square(np.concatenate([part.fresh for part in results]), k)
    best, entropy = (np.concatenate([getattr(part, name) for part in results]) for name in ("best", "entropy"))
    return Beliefs(better, fresh, best, entropy)


def order_belief(bucket: Bucket, found: Reliabilities) -> Callable[[slice], Floats]:
    """Return the function that gives p(order) [n, k!] of a run of items: of "mallows", to EXACT_UP_TO responses."""
    evidence = _evidence(bucket, found.kind)
    likelihood = _open_likelihood(evidence, found.phi)

    def belief(part: slice) -> Floats:
        return order_probabilities(evidence.kinds.support(part, found.phi), bucket.k, likelihood(part))

    return belief


def _open_likelihood(evidence: _Evidence, phi: Floats) -> Callable[[slice], Floats | None]:
    """Return the function that gives the log likelihood of a run of items' open judgments under each order."""
    kinds, open_ = evidence.kinds, evidence.open_
    if open_ is None or kinds.counts_open is None:
        return lambda _: None
    counts, table = kinds.counts_open, open_.at(kinds.row, phi[kinds.annotator[kinds.open_]])
    return lambda part: np.asarray(counts[part] @ table, np.float64)


def _expected(evidence: _Evidence, phi: Floats, kind: Kind) -> Floats:
    """Return [annotators, grid]: the log likelihood of each one's judgments, expected under the posterior at `phi`."""
    bucket, kinds, open_ = evidence.bucket, evidence.kinds, evidence.open_
    likelihood = _open_likelihood(evidence, phi)

    def work(part: slice) -> tuple[Floats, Floats | None]:
        support = kinds.support(part, phi)
        if kind == "mallows" and bucket.k <= EXACT_UP_TO:
            p = order_probabilities(support, bucket.k, likelihood(part))
            better = keeps_pairs(p, bucket.k)
            ours = None if kinds.counts_open is None else kinds.counts_open[part].T @ p
        else:
            better, ours = independent_posterior(support, bucket.k, np.full(1, 0.5)).better, None
        return kinds.counts[part].T @ (2 * better - 1), ours

    results = in_threads(work, list(chunks(len(bucket.item), bucket.k)))
    wrong = np.zeros(phi.size)
    of_judged = kinds.wrong(np.sum([one for one, _ in results], axis=0))
    wrong[: of_judged.size] = of_judged
    expected = evidence.constant - np.outer(wrong, GRID)
    if open_ is not None and kinds.counts_open is not None:
        from scipy.interpolate import CubicSpline

        belief = np.sum([one for _, one in results if one is not None], axis=0)
        expected += CubicSpline(NODES, kinds.open_sums(open_, belief, phi.size), axis=1)(GRID)
    return np.asarray(expected, np.float64)


def strict_votes(bucket: Bucket, n_annotators: int, open_: OpenRankings | None = None) -> Floats:
    """Number of strict votes of each annotator, without those of open rankings."""
    strict = np.zeros(bucket.ranks.shape[0], np.int64)
    for votes in pair_votes(bucket.ranks):
        strict += (votes.better | votes.worse).sum(axis=0)
    if open_ is not None:
        strict[open_.is_open] = 0
    return np.asarray(np.bincount(bucket.annotator, weights=strict, minlength=n_annotators), np.float64)


def _mean_right(buckets: Sequence[Bucket], n_annotators: int, kind: Kind) -> Floats:
    """[annotators, grid]: expected number of right votes, over the pairs an annotator voted on."""
    out = np.zeros((n_annotators, GRID.size))
    for bucket in buckets:
        k = bucket.k
        apart = np.arange(k - 1, 0, -1)  # how many pairs are 1 .. k - 1 places apart
        out += np.outer(strict_votes(bucket, n_annotators), kept_in_order(k, kind) @ apart / apart.sum())
    return out
