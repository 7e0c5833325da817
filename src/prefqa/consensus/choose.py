"""Which method fits a campaign: each predicts judgments that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from prefqa._types import Bools, Floats
from prefqa.consensus.calibration import CALIBRATION, calibration, fit_slope, held_out
from prefqa.consensus.majority import fit_tallies, vote_probability
from prefqa.consensus.reliability import PRIOR, Kind, Reliabilities, beliefs, fit_reliabilities, pool_prior
from prefqa.votes import Bucket, pair_counts

#: Items that the comparison is made on, where there are more.
MAX_ITEMS = 60_000
#: What a prior on reliabilities is worth, in votes; the larger, the more alike annotators are taken to be.
POOLED = (12.0, 24.0, 96.0, 384.0)


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
    multiplied so that they fit the held-out votes, 1 where they do already. `calibration`: predicted against observed
    shares of votes, from `calibration`; empty where nothing was held out.
    """

    candidate: Candidate
    table: pl.DataFrame
    why: str
    slope: float
    calibration: pl.DataFrame


MAJORITY = Candidate("majority", None)


def choose(buckets: Sequence[Bucket], n_annotators: int, seed: int = 0) -> Choice:
    """Choose between majority, one-coin Dawid-Skene and Mallows by held-out log likelihood.

    Of each item with two judgments or more one judgment, drawn by `seed`, is held out; each candidate is fitted to the
    rest and predicts the held-out votes: from what it believes of the item and, where it has one, from the reliability
    that the annotator showed elsewhere. The mean log loss decides, also about how alike annotators are taken to be.
    Then the chosen one predicts the same votes as those of a fresh annotator of the pool; `slope` is fitted to them.

    Args:
        buckets: all items; on more than MAX_ITEMS items every n-th is taken.
        n_annotators: number of annotators.
        seed: of the draw of held-out judgments.
    """
    n_items = sum(len(bucket.item) for bucket in buckets if bucket.k > 1)
    stride = max(1, -(-n_items // MAX_ITEMS))
    rng = np.random.default_rng(seed)
    splits = [_split(bucket.every(stride), rng) for bucket in buckets if bucket.k > 1]
    splits = [split for split in splits if len(split[1].item)]
    if not splits:
        why = "no item has two judgments, so there is nothing to compare by"
        return Choice(MAJORITY, _table([], 0, MAJORITY), why, 1.0, pl.DataFrame(schema=CALIBRATION))
    train, test = [split[0] for split in splits], [split[1] for split in splits]
    kinds: list[Kind] = ["dawid-skene"] if all(bucket.k == 2 for bucket in train) else ["dawid-skene", "mallows"]
    by_majority = _majority(train)
    fitted: dict[Candidate, Reliabilities] = {}
    rows = [(MAJORITY, *held_out(test, by_majority).loss())]
    for kind in kinds:
        for votes in (sum(PRIOR), *POOLED):
            found = fit_reliabilities(train, n_annotators, kind, prior_of(train, kind, votes))
            predicted = [beliefs(bucket, found, held.annotator).fresh for bucket, held in zip(train, test, strict=True)]
            rows.append((Candidate(kind, votes), *held_out(test, predicted).loss()))
            fitted[rows[-1][0]] = found
    best, base = min(rows, key=lambda row: row[1]), rows[0]
    chosen = fitted.get(best[0])
    fresh = held_out(test, by_majority if chosen is None else [beliefs(bucket, chosen).fresh for bucket in train])
    n_votes = fresh.p.size
    why = (
        f"{best[0].method} predicts held-out judgments best: log loss {best[1]:.4f} against {base[1]:.4f} of majority, "
        f"over {n_votes:,} votes"
        if best[0] != MAJORITY
        else f"no other method predicts held-out judgments better: log loss {base[1]:.4f} over {n_votes:,} votes"
    )
    return Choice(best[0], _table(rows, n_votes, best[0]), why, fit_slope(fresh), calibration(fresh))


def prior_of(buckets: Sequence[Bucket], kind: Kind, votes: float) -> tuple[float, float]:
    """Return the prior worth so many votes: the fixed PRIOR where it is as weak, else one around the pool's mean."""
    return PRIOR if votes == sum(PRIOR) else pool_prior(buckets, kind, votes)


def _split(bucket: Bucket, rng: np.random.Generator) -> tuple[Bucket, Bucket]:
    """Return the items with two judgments or more, without one judgment each, and these judgments."""
    take = bucket.lengths > 1
    out = bucket.starts + np.floor(rng.random(len(bucket.item)) * bucket.lengths).astype(np.int64)
    held: Bools = np.zeros(bucket.ranks.shape[0], np.bool_)
    held[out] = True
    here = np.repeat(take, bucket.lengths)
    return bucket.select(take, here & ~held), bucket.select(take, here & held)


def _majority(train: Sequence[Bucket]) -> list[Floats]:
    counts = [pair_counts(bucket) for bucket in train]
    a = fit_tallies(counts).a
    return [vote_probability(w, t, w + t + w.transpose(0, 2, 1), a) for w, t in counts]


def _table(rows: Sequence[tuple[Candidate, float, float]], n_votes: int, best: Candidate) -> pl.DataFrame:
    return pl.DataFrame(
        [(c.method, c.prior_votes, loss, se, n_votes, c == best) for c, loss, se in rows],
        schema={
            "method": pl.String, "prior_votes": pl.Float64, "log_loss": pl.Float64, "se": pl.Float64,
            "n_votes": pl.Int64, "chosen": pl.Boolean,
        },
        orient="row",
    )  # fmt: skip
