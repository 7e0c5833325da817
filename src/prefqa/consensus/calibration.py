"""Predicted against held-out votes: their loss, how predictions are recalibrated, and the reliability curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from prefqa._types import Bools, Floats, Ints
from prefqa.votes import Bucket, votes_on_pairs

#: Bounds of the recalibration of log odds.
SLOPE_BOUNDS = (0.2, 3.0)
#: Standard deviation of the prior on the logarithm of that factor.
SLOPE_SD = 0.3
#: Width of the steps in which calibration is shown.
STEP = 0.05
CALIBRATION = dict.fromkeys(("low", "high", "predicted", "observed", "se"), pl.Float64) | {"n_votes": pl.Int64}


@dataclass(frozen=True)
class HeldOut:
    """Held-out votes beside what was predicted for them.

    Per vote: `item`, its number; `p`, the predicted probability that the first of the pair is preferred; `share`, what
    the vote said: 1 the first, 0 the second, one half a tie.
    """

    item: Ints
    p: Floats
    share: Floats

    def loss(self) -> tuple[float, float]:
        """Return the mean log loss per vote, in nats, and its standard error over items."""
        return self._mean(self._losses())

    def gain(self, other: HeldOut) -> tuple[float, float]:
        """Return by how much the mean log loss is below that of other predictions of the same votes, and its error."""
        return self._mean(other._losses() - self._losses())

    def _losses(self) -> Floats:
        p = np.clip(self.p, 1e-9, 1 - 1e-9)
        return -self.share * np.log(p) - (1 - self.share) * np.log1p(-p)

    def _mean(self, by_vote: Floats) -> tuple[float, float]:
        n = max(by_vote.size, 1)
        mean = float(by_vote.sum() / n)
        by_item = np.bincount(self.item, weights=by_vote - mean)
        return mean, float(np.sqrt((by_item**2).sum()) / n)

    def take(self, votes: Bools) -> HeldOut:
        """Return some of the votes."""
        return HeldOut(self.item[votes], self.p[votes], self.share[votes])


def held_out(held: Sequence[Bucket], predicted: Sequence[Floats]) -> HeldOut:
    """Bring the votes of held-out judgments, one an item, and the predictions for its pairs [n, k, k] together."""
    parts, n_items = [], 0
    for bucket, probability in zip(held, predicted, strict=True):
        a, b = np.triu_indices(bucket.k, 1)
        at, pair = np.nonzero((bucket.ranks[:, a] > 0) & (bucket.ranks[:, b] > 0))
        share = (1 + votes_on_pairs(bucket.ranks)[at, pair]) / 2
        parts.append(HeldOut(at + n_items, probability[:, a, b][at, pair], share))
        n_items += len(bucket.item)
    return HeldOut(*(np.concatenate(each) for each in zip(*map(_fields, parts), strict=True)))


def together(parts: Sequence[HeldOut]) -> HeldOut:
    """Join the votes of different items."""
    starts = np.cumsum([0, *(int(part.item.max(initial=-1)) + 1 for part in parts)])[:-1]
    moved = [replace(part, item=part.item + start) for part, start in zip(parts, starts, strict=True)]
    return HeldOut(*(np.concatenate(each) for each in zip(*map(_fields, moved), strict=True)))


def _fields(votes: HeldOut) -> tuple[Ints, Floats, Floats]:
    return votes.item, votes.p, votes.share


def fit_slope(votes: HeldOut) -> float:
    """Return the factor of the log odds that maximises the likelihood of the votes.

    Times a log-normal prior around 1, so that few votes move little.
    """
    from scipy.optimize import minimize_scalar

    if not votes.p.size:
        return 1.0

    def loss(log_slope: float) -> float:
        sharpened = replace(votes, p=sharpen(votes.p, float(np.exp(log_slope))))
        return sharpened.loss()[0] + (log_slope / SLOPE_SD) ** 2 / (2 * votes.p.size)

    low, high = np.log(SLOPE_BOUNDS)
    found = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-3})
    return float(np.exp(found.x))


def recalibrated(votes: HeldOut) -> HeldOut:
    """Return the votes with their predictions recalibrated by `fit_slope`."""
    return replace(votes, p=sharpen(votes.p, fit_slope(votes)))


def sharpen(probability: Floats, slope: float | Floats) -> Floats:
    """Multiply log odds by `slope`; one half stays one half, and the two sides of a pair stay complements."""
    from scipy.special import expit, logit

    return np.asarray(expit(slope * logit(probability)), np.float64)


def calibration(votes: HeldOut) -> pl.DataFrame:
    """Compare predicted with observed shares of held-out votes, by steps of the probability of the likelier side.

    Probabilities are recalibrated as by `fit_slope`, but on the votes of the other half of the items, so that no vote
    judges a probability that was fitted to it.

    Returns:
        low, high of each step that has votes; predicted, the mean probability; observed, the share of votes for the
        likelier side (a tie is half a vote); se of observed, over items; n_votes.
    """
    odd = votes.item % 2 == 1
    slope = np.where(odd, fit_slope(votes.take(~odd)), fit_slope(votes.take(odd)))
    p = sharpen(votes.p, slope)
    likelier = p >= 0.5
    frame = pl.DataFrame(
        {
            "item": votes.item,
            "p": np.where(likelier, p, 1 - p),
            "y": np.where(likelier, votes.share, 1 - votes.share),
        }
    )
    last = round(0.5 / STEP) - 1
    per_item = (
        frame.with_columns(step=((pl.col("p") - 0.5) / STEP).floor().clip(0, last))
        .group_by("step", "item", maintain_order=True)
        .agg(pl.col("p", "y").sum(), n=pl.len())
    )
    n = pl.col("n").sum()
    observed = pl.col("y").sum() / n
    steps = per_item.group_by("step", maintain_order=True).agg(
        predicted=pl.col("p").sum() / n,
        observed=observed,
        se=(pl.col("y") - observed * pl.col("n")).pow(2).sum().sqrt() / n,
        n_votes=n,
    )
    named = steps.sort("step").with_columns(low=0.5 + pl.col("step") * STEP, high=0.5 + (pl.col("step") + 1) * STEP)
    return named.select(pl.col(name).cast(dtype) for name, dtype in CALIBRATION.items())
