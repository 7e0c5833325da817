"""How reliable each annotator is: dispersions of a Mallows model, or of single votes (one-coin Dawid-Skene)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from prefqa._types import Floats, Ints, sum_by
from prefqa.consensus.dispersion import GRID, Kind, kept_in_order, log_prior_on_grid, log_z, normalised
from prefqa.consensus.fixed_point import fixed_point
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
from prefqa.votes import Bucket, pair_counts, votes_on_pairs

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
        sample = [(each, _open(each, kind)) for each in (bucket.every(stride) for bucket in names)]

        def step(at: Floats, sample: list[tuple[Bucket, OpenRankings | None]] = sample) -> Floats:
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


def _open(bucket: Bucket, kind: Kind) -> OpenRankings | None:
    return open_rankings(bucket.ranks) if kind == "mallows" else None


def _total(sample: Sequence[tuple[Bucket, OpenRankings | None]], phi: Floats, kind: Kind) -> Floats:
    start = np.zeros((phi.size, GRID.size))
    return sum((_expected(bucket, phi, kind, open_) for bucket, open_ in sample), start=start)


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
    open_ = _open(bucket, found.kind)

    def infer(part: slice) -> OrderPosterior:
        return _infer(bucket, part, found, kept if judge is None else kept[part], open_, temper)

    results = in_threads(infer, parts)
    better = square(np.concatenate([part.better for part in results]), k)
    fresh = square(np.concatenate([part.fresh for part in results]), k)
    best, entropy = (np.concatenate([getattr(part, name) for part in results]) for name in ("best", "entropy"))
    return Beliefs(better, fresh, best, entropy)


def order_belief(bucket: Bucket, found: Reliabilities) -> Callable[[slice], Floats]:
    """Return the function that gives p(order) [n, k!] of a run of items: of "mallows", to EXACT_UP_TO responses."""
    open_ = _open(bucket, found.kind)

    def belief(part: slice) -> Floats:
        read = _read(bucket, part, found.phi, open_)
        return order_probabilities(read.support, bucket.k, read.log_likelihood)

    return belief


@dataclass(frozen=True)
class _Read:
    """The votes of a run of items: what speaks for each pair, and what open rankings say about each order."""

    rows: slice
    votes: Floats
    support: Floats
    open_rows: Ints
    log_likelihood: Floats | None


def _read(bucket: Bucket, part: slice, phi: Floats, open_: OpenRankings | None) -> _Read:
    ends = np.append(bucket.starts, bucket.ranks.shape[0])
    rows = slice(int(ends[part.start]), int(ends[part.stop]))
    starts = bucket.starts[part] - rows.start
    votes, strength = votes_on_pairs(bucket.ranks[rows]), phi[bucket.annotator[rows]]
    open_rows, log_likelihood = np.zeros(0, np.int64), None
    if open_ is not None:
        here = np.flatnonzero(open_.is_open[rows])
        votes[here] = 0.0
        open_rows = here + rows.start
        log_likelihood = np.zeros((starts.size, open_.log_likelihood.shape[2]))
        item = np.searchsorted(starts, here, side="right") - 1
        np.add.at(log_likelihood, item, open_.at(open_rows, strength[here]))
    support = np.add.reduceat(votes * strength[:, None], starts, axis=0)
    return _Read(rows, votes, support, open_rows, log_likelihood)


def _infer(
    bucket: Bucket, part: slice, found: Reliabilities, kept: Floats, open_: OpenRankings | None, temper: float
) -> OrderPosterior:
    """Posterior of the items in `part`."""
    read = _read(bucket, part, found.phi, open_)
    if found.kind == "mallows" and bucket.k <= EXACT_UP_TO:
        p = order_probabilities(read.support, bucket.k, read.log_likelihood)
        return order_marginals(p, bucket.k, kept, temper)
    return independent_posterior(read.support, bucket.k, kept, temper)


def _expected(bucket: Bucket, phi: Floats, kind: Kind, open_: OpenRankings | None) -> Floats:
    """Return [annotators, grid]: the log likelihood of each one's judgments, expected under the posterior at `phi`."""

    def work(part: slice) -> tuple[Floats, Floats]:
        read = _read(bucket, part, phi, open_)
        annotator = bucket.annotator[read.rows]
        per_item = bucket.lengths[part]
        open_sums = np.zeros((phi.size, NODES.size))
        if kind == "mallows" and bucket.k <= EXACT_UP_TO:
            p = order_probabilities(read.support, bucket.k, read.log_likelihood)
            better = keeps_pairs(p, bucket.k)
            if open_ is not None:
                item = np.repeat(np.arange(per_item.size), per_item)[read.open_rows - read.rows.start]
                np.add.at(open_sums, bucket.annotator[read.open_rows], open_.expected(read.open_rows, p[item]))
        else:
            better = independent_posterior(read.support, bucket.k, np.full(1, 0.5)).better
        lean = np.repeat(2 * better - 1, per_item, axis=0)
        wrong = (np.abs(read.votes).sum(axis=1) - np.einsum("ij,ij->i", read.votes, lean)) / 2
        return sum_by(annotator, wrong, phi.size), open_sums

    results = in_threads(work, list(chunks(len(bucket.item), bucket.k)))
    wrong = np.sum([one for one, _ in results], axis=0)
    expected = -np.outer(wrong, GRID) - np.outer(strict_votes(bucket, phi.size, open_), log_z(bucket.k, kind))
    if open_ is not None:
        from scipy.interpolate import CubicSpline

        expected += CubicSpline(NODES, np.sum([one for _, one in results], axis=0), axis=1)(GRID)
    return np.asarray(expected, np.float64)


def strict_votes(bucket: Bucket, n_annotators: int, open_: OpenRankings | None = None) -> Floats:
    """Number of strict votes of each annotator, without those of open rankings."""
    strict = np.zeros(bucket.ranks.shape[0], np.int64)
    for a in range(bucket.k):
        for b in range(a + 1, bucket.k):
            one, other = bucket.ranks[:, a], bucket.ranks[:, b]
            strict += (one > 0) & (other > 0) & (one != other)
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
