"""Which method fits a campaign: each predicts judgments that it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from prefqa._types import Bools, Floats, Ints
from prefqa.consensus.calibration import CALIBRATION, HeldOut, calibration, fit_slope, held_out, recalibrated, together
from prefqa.consensus.dispersion import Kind
from prefqa.consensus.graded import fit_graded, graded_beliefs
from prefqa.consensus.majority import fit_tallies, vote_probability
from prefqa.consensus.reliability import PRIOR, beliefs, fit_reliabilities, pool_prior
from prefqa.votes import Bucket, pair_counts

#: Items that the comparison is made on, where there are more.
MAX_ITEMS = 30_000
#: With fewer items of two judgments there is no comparison.
LEAST_ITEMS = 10
#: Parts that the items are dealt into.
FOLDS = 3
#: What a prior on reliabilities is worth, in votes; the larger, the more alike annotators are taken to be.
POOLED = (12.0, 24.0, 96.0, 384.0)
#: The same for a model of graded votes.
GRADED = (6.0, 24.0, 96.0)
#: Where the grades of fewer votes than this share tell something, it is no model of graded votes and no candidate.
LEAST_USED = 0.25
#: A gain in nats per vote that is smaller than this, and than two standard errors, is no reason to leave majority.
NO_GAIN = 0.002


@dataclass(frozen=True)
class Candidate:
    """A method and its prior on reliabilities (None for the majority, which has no annotators)."""

    method: str
    prior_votes: float | None


@dataclass(frozen=True)
class Choice:
    """The candidate that predicts best, and the table of all.

    `table`: method, prior_votes, log_loss (nats per held-out vote, a tie is half a vote for either side), se (over
    items), n_votes, chosen. `why`: one sentence. `slope`: by how much the log odds of `Beliefs.fresh` are to be
    multiplied so that they fit the held-out votes, 1 where they do already. Beliefs about the order of an item come
    from the same model and are tempered by the same factor. `calibration`: predicted against observed shares of votes,
    from `calibration`; empty where nothing was held out.
    """

    candidate: Candidate
    table: pl.DataFrame
    why: str
    slope: float
    calibration: pl.DataFrame


MAJORITY = Candidate("majority", None)


def choose(buckets: Sequence[Bucket], n_annotators: int, seed: int = 0, strengths: Floats | None = None) -> Choice:
    """Choose between majority, one-coin Dawid-Skene and Mallows by held-out log likelihood.

    Where votes have strength, a model of graded votes is one more candidate, unless it finds that strength tells
    nothing in nearly all votes. It predicts the direction of the held-out vote, as the others do, so that strength is
    used where it helps to tell that.

    Items with two judgments or more are dealt into FOLDS. Each candidate is fitted to whole items of the other folds,
    so with as many judgments an item as there are; in an item of the fold it then sees all judgments but one, drawn by
    `seed`, and predicts the votes of that one, from what it believes of the item and, where it has one, from the
    reliability that the annotator showed elsewhere. Each one's log odds are recalibrated by a factor of its own, since
    the chosen one's will be. The mean log loss then decides, also about how alike annotators are taken to be, among
    the candidates that predict the same votes no worse than majority where they are to be those of a fresh annotator
    of the pool; where the best one's gain on majority is below NO_GAIN and below two standard errors, majority stays.
    `slope` is fitted to these predictions of the chosen one.

    Args:
        buckets: all items; on more than MAX_ITEMS items every n-th is taken.
        n_annotators: number of annotators.
        seed: of the draw of folds and held-out judgments.
        strengths: the strength of each grade of the judgments; None where they have none.
    """
    n_items = sum(len(bucket.item) for bucket in buckets if bucket.k > 1)
    stride = max(1, -(-n_items // MAX_ITEMS))
    rng = np.random.default_rng(seed)
    sample = [_several(bucket.every(stride)) for bucket in buckets if bucket.k > 1]
    n_items = sum(len(bucket.item) for bucket in sample)
    if n_items < LEAST_ITEMS:
        why = f"fewer than {LEAST_ITEMS} items have two judgments or more, so there is nothing to compare by"
        return Choice(MAJORITY, _table([], 0, MAJORITY), why, 1.0, pl.DataFrame(schema=CALIBRATION))
    folds = [_Fold.of(part, sample) for part in _dealt(sample, rng)]
    kinds: list[Kind] = ["dawid-skene"] if all(bucket.k == 2 for bucket in sample) else ["dawid-skene", "mallows"]
    candidates = [MAJORITY, *(Candidate(kind, votes) for kind in kinds for votes in (sum(PRIOR), *POOLED))]
    if strengths is not None:
        candidates += [Candidate("graded", votes) for votes in GRADED]
    each = {candidate: _predicted(folds, candidate, n_annotators, strengths) for candidate in candidates}
    predicted = {candidate: votes for candidate, votes in each.items() if votes is not None}
    known = {candidate: recalibrated(of_judge) for candidate, (of_judge, _) in predicted.items()}
    as_fresh = {candidate: recalibrated(fresh).loss()[0] for candidate, (_, fresh) in predicted.items()}
    rows = [(candidate, *votes.loss()) for candidate, votes in known.items()]
    best = min((row for row in rows if as_fresh[row[0]] <= as_fresh[MAJORITY]), key=lambda row: row[1])
    gain, error = known[best[0]].gain(known[MAJORITY])
    best = best if gain >= min(NO_GAIN, 2 * error) else rows[0]
    base = rows[0]
    fresh = predicted[best[0]][1]
    why = (
        f"{best[0].method} predicts held-out judgments best: log loss {best[1]:.4f} against {base[1]:.4f} of majority, "
        f"over {fresh.p.size:,} votes"
        if best[0] != MAJORITY
        else f"no other method clearly predicts held-out judgments better: {base[1]:.4f} over {fresh.p.size:,} votes"
    )
    if strengths is not None:
        used = best[0].method == "graded"
        why += f"; the strength of votes {'is used' if used else 'does not help to tell their direction'}"
    return Choice(best[0], _table(rows, fresh.p.size, best[0]), why, fit_slope(fresh), calibration(fresh))


@dataclass(frozen=True)
class _Fold:
    """Items to fit to, and items without one judgment, which stands apart."""

    others: list[Bucket]
    seen: list[Bucket]
    held: list[Bucket]

    @classmethod
    def of(cls, part: Sequence[tuple[Bools, Bools]], sample: Sequence[Bucket]) -> _Fold:
        """Make a fold of the items it holds and the judgments that are held out, by bucket."""
        others, seen, held = [], [], []
        for bucket, (units, out) in zip(sample, part, strict=True):
            if not units.all():
                others.append(bucket.select(~units, ~np.repeat(units, bucket.lengths)))
            if units.any():
                here = np.repeat(units, bucket.lengths)
                seen.append(bucket.select(units, here & ~out))
                held.append(bucket.select(units, here & out))
        return cls(others, seen, held)


def _several(bucket: Bucket) -> Bucket:
    """Keep items with two judgments or more."""
    take = bucket.lengths > 1
    return bucket.select(take, np.repeat(take, bucket.lengths))


def _dealt(sample: Sequence[Bucket], rng: np.random.Generator) -> list[list[tuple[Bools, Bools]]]:
    """Deal items into folds of equal size and draw one judgment of each: per fold and bucket, two masks."""
    n_items = sum(len(bucket.item) for bucket in sample)
    fold = rng.permutation(np.arange(n_items) % FOLDS)
    folds: list[list[tuple[Bools, Bools]]] = [[] for _ in range(FOLDS)]
    start = 0
    for bucket in sample:
        out = np.zeros(bucket.ranks.shape[0], np.bool_)
        out[bucket.starts + np.floor(rng.random(len(bucket.item)) * bucket.lengths).astype(np.int64)] = True
        here = fold[start : start + len(bucket.item)]
        for number, part in enumerate(folds):
            part.append((here == number, out))
        start += len(bucket.item)
    return folds


def _predicted(
    folds: Sequence[_Fold], candidate: Candidate, n_annotators: int, strengths: Floats | None
) -> tuple[HeldOut, HeldOut] | None:
    """Predict the held-out votes, as those of their annotators and as those of a fresh one; None for no candidate."""
    known, fresh = [], []
    for fold in folds:
        if candidate.prior_votes is None:
            a = fit_tallies([pair_counts(bucket) for bucket in fold.others]).a
            share = [_share(bucket, a) for bucket in fold.seen]
            known.append(held_out(fold.held, share))
            fresh.append(known[-1])
            continue
        predict = _model(fold.others, candidate.method, candidate.prior_votes, n_annotators, strengths)
        if predict is None:
            return None
        judges = zip(fold.seen, fold.held, strict=True)
        known.append(held_out(fold.held, [predict(bucket, held.annotator) for bucket, held in judges]))
        fresh.append(held_out(fold.held, [predict(bucket, None) for bucket in fold.seen]))
    return together(known), together(fresh)


def _model(
    others: list[Bucket], method: str, prior_votes: float, n_annotators: int, strengths: Floats | None
) -> Callable[[Bucket, Ints | None], Floats] | None:
    """Fit a model to some items; return what it predicts for a fresh vote on others, or one of an annotator."""
    if method == "graded" and strengths is not None:
        graded = fit_graded(others, n_annotators, strengths, prior_votes, tolerance=1e-7)
        if graded.used < LEAST_USED:
            return None
        return lambda bucket, judge: graded_beliefs(bucket, graded, judge).beliefs.fresh
    kind: Kind = "mallows" if method == "mallows" else "dawid-skene"
    found = fit_reliabilities(others, n_annotators, kind, prior_of(others, kind, prior_votes))
    return lambda bucket, judge: beliefs(bucket, found, judge).fresh


def _share(bucket: Bucket, a: float) -> Floats:
    wins, ties = pair_counts(bucket)
    return vote_probability(wins, ties, wins + ties + wins.transpose(0, 2, 1), a)


def prior_of(buckets: Sequence[Bucket], kind: Kind, votes: float) -> tuple[float, float]:
    """Return the prior worth so many votes: the fixed PRIOR where it is as weak, else one around the pool's mean."""
    return PRIOR if votes == sum(PRIOR) else pool_prior(buckets, kind, votes)


def _table(rows: Sequence[tuple[Candidate, float, float]], n_votes: int, best: Candidate) -> pl.DataFrame:
    return pl.DataFrame(
        [(c.method, c.prior_votes, loss, se, n_votes, c == best) for c, loss, se in rows],
        schema={
            "method": pl.String, "prior_votes": pl.Float64, "log_loss": pl.Float64, "se": pl.Float64,
            "n_votes": pl.Int64, "chosen": pl.Boolean,
        },
        orient="row",
    )  # fmt: skip
