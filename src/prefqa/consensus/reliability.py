"""How reliable each annotator is: dispersions of a Mallows model, or of single votes (one-coin Dawid-Skene)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from prefqa._types import Floats, Ints
from prefqa.consensus.posterior import (
    EXACT_UP_TO,
    Beliefs,
    OrderPosterior,
    chunks,
    in_threads,
    independent_posterior,
    order_posterior,
    square,
)
from prefqa.votes import Bucket, pair_counts

Kind = Literal["mallows", "dawid-skene"]

#: The prior on an annotator's share of right votes: Beta(4, 2), two thirds on average, below one half with
#: probability .19. It weighs as much as six votes.
PRIOR = (4.0, 2.0)
#: Where iteration begins: everybody right in 7 of 10 votes. One half would be a saddle that EM never leaves.
START = 0.7
_TOLERANCE, _MAX_ITERATIONS = 1e-3, 300
#: Items that the first iterations are made on, where there are more.
_WARM_UP = 50_000
#: log odds of a right vote on one pair of neighbours; beyond, more votes could not tell them apart.
_GRID = np.linspace(-4.0, 7.0, 221)


@dataclass(frozen=True)
class Reliabilities:
    """What each annotator's votes are worth.

    Per annotator: `phi`, the posterior mean log odds of keeping two neighbours in order (0 = votes at random, below 0
    = against the others); `share`, the expected share of right votes on all pairs of a judgment, and `share_sd`, its
    posterior standard deviation; `below_chance`, the posterior probability that phi < 0. `kept` [k - 1] by k: the
    probability that a fresh annotator of this pool keeps the order of two responses 1 .. k - 1 places apart.
    """

    kind: Kind
    phi: Floats
    share: Floats
    share_sd: Floats
    below_chance: Floats
    kept: dict[int, Floats]
    n_iterations: int
    converged: bool

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

    Ties say nothing about who is right and are left out. A partial or tied ranking of k responses counts by the share
    of the k (k - 1) / 2 pairs on which it votes: log Z is that share of the full ranking's.

    Args:
        buckets: all items.
        n_annotators: number of annotators.
        kind: the model.
        prior: parameters of the Beta prior on the share of right votes on neighbours.

    Source: Mallows (1957); Dawid and Skene (1979); Raykar et al. (2010) for the Beta prior.
    """
    names = [bucket for bucket in buckets if bucket.k > 1]
    phi = np.full(n_annotators, np.log(START / (1 - START)))
    strict = sum((_strict_by_k(bucket, n_annotators) for bucket in names), start=np.zeros(n_annotators))
    log_z = sum(
        (np.outer(_strict_by_k(bucket, n_annotators), _log_z(bucket.k, kind)) for bucket in names),
        start=np.zeros((n_annotators, _GRID.size)),
    )
    log_prior = _log_prior(prior)
    iteration, converged = 0, not names
    n_items = sum(len(bucket.item) for bucket in names)
    for stride in [max(1, n_items // _WARM_UP), 1] if n_items >= 2 * _WARM_UP else [1]:
        sample = [bucket.every(stride) for bucket in names]
        seen = sum((_strict_by_k(bucket, n_annotators) for bucket in sample), start=np.zeros(n_annotators))
        scale = np.divide(seen, strict, out=np.zeros_like(strict), where=strict > 0)
        iteration, converged = 0, False
        while not converged and iteration < _MAX_ITERATIONS:
            iteration += 1
            wrong = sum((_wrong(bucket, phi, kind) for bucket in sample), start=np.zeros(n_annotators))
            posterior = _posterior(log_prior, wrong, scale[:, None] * log_z)
            new = posterior @ _GRID
            change, phi = float(np.abs(new - phi).max(initial=0.0)), new
            converged = change < _TOLERANCE
    wrong = sum((_wrong(bucket, phi, kind) for bucket in names), start=np.zeros(n_annotators))
    posterior = _posterior(log_prior, wrong, log_z)
    weight = strict / strict.sum() if strict.sum() > 0 else np.full(n_annotators, 1 / max(n_annotators, 1))
    pool = weight @ posterior if n_annotators else np.exp(log_prior)
    shares = np.divide(_mean_right(names, n_annotators, kind), np.maximum(strict, 1)[:, None])
    shares = np.where(strict[:, None] > 0, shares, 1 / (1 + np.exp(-_GRID)))
    mean = (posterior * shares).sum(axis=1)
    spread = np.sqrt(np.maximum((posterior * shares**2).sum(axis=1) - mean**2, 0.0))
    kept = {bucket.k: pool @ _kept(bucket.k, kind) for bucket in names}
    return Reliabilities(kind, phi, mean, spread, posterior[:, _GRID < 0].sum(axis=1), kept, iteration, converged)


def pool_prior(buckets: Sequence[Bucket], kind: Kind, votes: float) -> tuple[float, float]:
    """Return a Beta prior worth `votes` votes around the pool's mean share of right votes.

    Where two annotators of the pool agree on a strict vote with probability A, and their reliabilities are independent,
    2A - 1 = (2r - 1)^2 for the pool's mean share r of right votes, whatever the single ones are. r is held within .55
    and .97, and carried over from all pairs of a ranking to neighbours by the Mallows model.
    """
    same, pairs, mean_kept = 0.0, 0.0, np.zeros(_GRID.size)
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
        mean_kept += here * (_kept(bucket.k, kind) @ apart) / apart.sum()
    if pairs == 0:
        return PRIOR
    share = np.clip((1 + np.sqrt(max(2 * same / pairs - 1, 0.0))) / 2, 0.55, 0.97)
    mean = 1 / (1 + np.exp(-np.interp(share, mean_kept / pairs, _GRID)))
    return float(votes * mean), float(votes * (1 - mean))


def beliefs(bucket: Bucket, found: Reliabilities) -> Beliefs:
    """Return what the fitted model says about each item of a bucket."""
    n, k = len(bucket.item), bucket.k
    if k < 2:
        return Beliefs(np.full((n, k, k), 0.5), np.full((n, k, k), 0.5), np.ones((n, k)), np.zeros(n))
    parts = list(chunks(n, k))
    results = in_threads(lambda part: _infer(bucket, part, found.phi, found.kind, found.kept[k])[0], parts)
    better = square(np.concatenate([part.better for part in results]), k)
    fresh = square(np.concatenate([part.fresh for part in results]), k)
    best, entropy = (np.concatenate([getattr(part, name) for part in results]) for name in ("best", "entropy"))
    return Beliefs(better, fresh, best, entropy)


def votes_on_pairs(ranks: Ints) -> Floats:
    """Return [n judgments, P]: +1 first preferred, -1 second, 0 a tie or not both ranked."""
    first, second = np.triu_indices(ranks.shape[1], 1)
    out = np.empty((ranks.shape[0], first.size))
    ranked = ranks > 0
    for pair, (a, b) in enumerate(zip(first, second, strict=True)):
        out[:, pair] = np.sign(ranks[:, b] - ranks[:, a]) * (ranked[:, a] & ranked[:, b])
    return out


def _infer(bucket: Bucket, part: slice, phi: Floats, kind: Kind, kept: Floats) -> tuple[OrderPosterior, Floats, slice]:
    """Posterior of the items in `part`, the votes of their judgments, and which judgments these are."""
    ends = np.append(bucket.starts, bucket.ranks.shape[0])
    rows = slice(int(ends[part.start]), int(ends[part.stop]))
    votes = votes_on_pairs(bucket.ranks[rows])
    weighted = votes * phi[bucket.annotator[rows]][:, None]
    support = np.add.reduceat(weighted, bucket.starts[part] - rows.start, axis=0)
    if kind == "mallows" and bucket.k <= EXACT_UP_TO:
        return order_posterior(support, bucket.k, kept), votes, rows
    return independent_posterior(support, bucket.k, float(kept.mean())), votes, rows


def _wrong(bucket: Bucket, phi: Floats, kind: Kind) -> Floats:
    """Return the expected number of wrong votes of each annotator."""
    kept = np.full(bucket.k - 1, 0.5)

    def work(part: slice) -> Floats:
        posterior, votes, rows = _infer(bucket, part, phi, kind, kept)
        per_item = np.diff(np.append(bucket.starts, bucket.ranks.shape[0]))[part]
        lean = np.repeat(2 * posterior.better - 1, per_item, axis=0)
        wrong = (np.abs(votes).sum(axis=1) - np.einsum("ij,ij->i", votes, lean)) / 2
        return np.asarray(np.bincount(bucket.annotator[rows], weights=wrong, minlength=phi.size), np.float64)

    return np.asarray(np.sum(in_threads(work, list(chunks(len(bucket.item), bucket.k))), axis=0), np.float64)


def _strict_by_k(bucket: Bucket, n_annotators: int) -> Floats:
    """Number of strict votes of each annotator."""
    strict = np.zeros(bucket.ranks.shape[0], np.int64)
    for a in range(bucket.k):
        for b in range(a + 1, bucket.k):
            one, other = bucket.ranks[:, a], bucket.ranks[:, b]
            strict += (one > 0) & (other > 0) & (one != other)
    return np.asarray(np.bincount(bucket.annotator, weights=strict, minlength=n_annotators), np.float64)


def _posterior(log_prior: Floats, wrong: Floats, log_z: Floats) -> Floats:
    log = log_prior - np.outer(wrong, _GRID) - log_z
    log -= log.max(axis=1, keepdims=True) if log.size else 0.0
    posterior = np.exp(log)
    return np.asarray(posterior / posterior.sum(axis=1, keepdims=True), np.float64)


def _log_prior(prior: tuple[float, float]) -> Floats:
    """The prior on the share right of a single vote, as a density of its log odds, normalised over the grid."""
    a, b = prior
    log = -a * np.log1p(np.exp(-_GRID)) - b * np.log1p(np.exp(_GRID))
    return np.asarray(log - np.log(np.exp(log).sum()), np.float64)


def _mallows_k(k: int, kind: Kind) -> int:
    return k if kind == "mallows" and k <= EXACT_UP_TO else 2


def _log_z(k: int, kind: Kind) -> Floats:
    """Log Z(phi) of a full ranking of k, per pair: sum over j = 2 .. k of log(1 + e^-phi + .. + e^-(j-1)phi)."""
    k = _mallows_k(k, kind)
    terms = [np.logaddexp.reduce(-np.outer(np.arange(j), _GRID), axis=0) for j in range(2, k + 1)]
    return np.asarray(np.sum(terms, axis=0) / (k * (k - 1) / 2), np.float64)


def _kept(k: int, kind: Kind) -> Floats:
    """[grid, k - 1]: the probability to keep the order of two responses 1 .. k - 1 places apart.

    (h + 1) / (1 - q^(h+1)) - h / (1 - q^h) with q = e^-phi (Mallows 1957), one half at phi = 0.
    """
    right = 1 / (1 + np.exp(-_GRID))
    if _mallows_k(k, kind) == 2:
        return np.repeat(right[:, None], k - 1, axis=1)
    h = np.arange(1, k)
    phi = np.where(np.abs(_GRID) < 1e-6, 1e-6, _GRID)[:, None]
    return np.asarray(-(h + 1) / np.expm1(-phi * (h + 1)) + h / np.expm1(-phi * h), np.float64)


def _mean_right(buckets: Sequence[Bucket], n_annotators: int, kind: Kind) -> Floats:
    """[annotators, grid]: expected number of right votes, over the pairs an annotator voted on."""
    out = np.zeros((n_annotators, _GRID.size))
    for bucket in buckets:
        k = bucket.k
        apart = np.arange(k - 1, 0, -1)  # how many pairs are 1 .. k - 1 places apart
        out += np.outer(_strict_by_k(bucket, n_annotators), _kept(k, kind) @ apart / apart.sum())
    return out
