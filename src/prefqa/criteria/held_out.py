"""How well the weights predict overall votes on prompts that they were not fitted to, and how far to shrink them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import expit

from prefqa._types import Floats, Ints
from prefqa.criteria.logistic import Patterns, fit

#: Penalties among which held-out votes choose, in votes: 1 / penalty is the variance of a normal prior.
PENALTIES = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)
N_FOLDS = 5
_WEIGHTS, _EQUAL, _COIN = "weights", "equal weights", "coin"


@dataclass(frozen=True)
class HeldOut:
    """Losses of three predictors, the penalty fitted to all votes, and each vote's probability from other prompts.

    `table`: model, log_loss (nats per vote), accuracy, n_votes. `shrunk`: weights under the penalty that all votes
    choose. `probability` of the overall vote, in the order of the rows.
    """

    table: pl.DataFrame
    penalty: float
    shrunk: Floats
    probability: Floats


def held_out(patterns: Patterns, cluster: Ints, scale: Floats) -> HeldOut:
    """Cross-validate over clusters: five parts, each predicted by the other four, which choose their own penalty.

    `scale` is the unit of each criterion in which the penalty holds: 1 for votes, the root mean square of differences
    of scores.
    """
    part = parts(patterns, cluster)
    n_parts = int(part.max()) + 1
    values = patterns.values / scale
    counts = np.zeros((n_parts, len(values)))
    np.add.at(counts, (part, patterns.number), 1.0)
    chosen = [_penalty(values, np.delete(counts, k, axis=0)) for k in range(n_parts)]
    equal = values.sum(axis=1, keepdims=True)
    logits = np.zeros((2, n_parts, len(values)))
    for k in range(n_parts):
        others = np.delete(counts, k, axis=0).sum(axis=0)
        logits[0, k] = values @ fit(values, others, chosen[k])
        logits[1, k] = equal @ fit(equal, others, PENALTIES[0])
    n = counts.sum()
    rows = [
        (name, float((counts * np.logaddexp(0, -logit)).sum() / n), float((counts * _right(logit)).sum() / n), int(n))
        for name, logit in zip((_WEIGHTS, _EQUAL, _COIN), (*logits, np.zeros_like(counts)), strict=True)
    ]
    penalty = _penalty(values, counts)
    table = pl.DataFrame(rows, schema=["model", "log_loss", "accuracy", "n_votes"], orient="row")
    shrunk = fit(values, counts.sum(axis=0), penalty) / scale
    return HeldOut(table, penalty, shrunk, expit(logits[0, part, patterns.number]))


def parts(patterns: Patterns, cluster: Ints) -> Ints:
    """Return the part of each vote; all votes of a cluster are in one.

    Clusters are put in order by what their votes are, and this order is shuffled with a fixed seed: neither ids nor
    the order of rows matter, since clusters of the same votes can stand for each other.
    """
    frame = pl.DataFrame({"cluster": cluster, "pattern": patterns.number})
    content = frame.group_by("cluster").agg(pl.col("pattern").sort().cast(pl.String).str.join(","))
    ordered = content.sort("pattern", "cluster")["cluster"].to_numpy()
    place = np.empty(len(ordered), np.int64)
    place[ordered] = np.random.default_rng(0).permutation(len(ordered))
    return np.asarray(place[cluster] % min(N_FOLDS, len(ordered)))


def _penalty(values: Floats, counts: Floats) -> float:
    """The penalty with the least loss on each part, fitted to the others; the middle one where there is one part."""
    if len(counts) < 2:
        return 1.0
    losses = []
    for penalty in PENALTIES:
        fits = (fit(values, np.delete(counts, k, axis=0).sum(axis=0), penalty) for k in range(len(counts)))
        losses.append(sum(float(own @ np.logaddexp(0, -values @ beta)) for own, beta in zip(counts, fits, strict=True)))
    return PENALTIES[int(np.argmin(losses))]


def _right(logit: Floats) -> Floats:
    """1 where the chosen response is predicted, one half where neither is."""
    return np.where(np.abs(logit) < 1e-9, 0.5, logit > 0)
