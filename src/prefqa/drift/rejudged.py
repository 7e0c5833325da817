r"""Items judged before and again: whether what decides votes on the very same responses changed.

The responses are the same before and after, so no change of the answers moves what is compared here. Scores are those
of all votes, by a model whose weights and sigma are the same throughout, compared within item: with S the sum of an
item's scores and W the information expected of them,

.. math:: N_i = f S_i^{after} - (1 - f) S_i^{before}, \quad f = W_i^{before} / (W_i^{before} + W_i^{after}),

summed over the items that people judged on both sides who worked on both. A shift of the score's parameter by 1 adds
:math:`f W_i^{after}`, for what an item is like is the same on both sides. The variance is that over items; p by the t
law and the largest of all scores and cuts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri, stdtr

from prefqa._types import Bools, Floats, sum_by
from prefqa.drift.evidence import Evidence
from prefqa.drift.rankings import Rankings
from prefqa.drift.result import IDENTIFIED, Family
from prefqa.drift.scan import exceeds, largest
from prefqa.drift.scores import CARE, TIES, score_judgments
from prefqa.drift.units import sentence
from prefqa.drift.vote_table import SINCE

REJUDGED, KIND = "re-judged", "known answers"
#: Items that either side of a cut needs.
MIN_ITEMS = 20
_POWER = 0.8


def rejudged(fixed: Evidence, *, alpha: float, told: float, level: float, seed: int) -> Family:
    """Test the weight of each feature, the tie threshold and everybody's care on items judged in several periods."""
    votes = fixed.votes
    n_periods = len(votes.periods)
    pairs = np.unique(votes.item.astype(np.int64) * n_periods + votes.period)
    again = np.bincount(pairs // n_periods, minlength=votes.listed.size) > 1
    judgments = np.flatnonzero(again[votes.item])
    if again.sum() < MIN_ITEMS:
        few = f"fewer than {MIN_ITEMS} items were judged in two periods"
        return Family([{"detector": REJUDGED, "kind": KIND, "grade": IDENTIFIED, "reason": few}], None, [])
    table = votes.take(judgments)
    model = fixed.model
    weights = model.beta + (model.moves.mean(axis=0) if model.moves.size else 0.0)
    sigma = np.repeat(np.sqrt((model.sigma**2).mean(axis=1, keepdims=True)), n_periods, axis=1)
    none = np.zeros((0, 0))
    scores = score_judgments(table, replace(model, beta=weights, sigma=sigma, moves=none, widths=np.zeros(0)))
    names = [name for name in votes.names if not name.startswith(SINCE)]
    names += [CARE, *([TIES] if model.threshold is not None else [])]
    columns = [scores.names.index(name) for name in names]
    score, information = (part[:, columns].astype(np.float64) for part in (scores.score, scores.information))
    difference, of_item = _differences(fixed, score, information, table)
    n_items = (difference != 0).any(axis=2).sum(axis=0)
    n = np.maximum(n_items, 2)[:, None]
    total, weight = difference.sum(axis=0), of_item.sum(axis=0)
    # A shift moves each item by its weight: what is left over is noise.
    mean = total / np.where(weight > 0, weight, 1.0)
    variance = ((difference - of_item * mean) ** 2).sum(axis=0) * n / (n - 1)
    use = (variance > 0) & (weight > 0) & (n_items >= MIN_ITEMS)[:, None]
    if not use.any():
        few = f"no cut has {MIN_ITEMS} items judged on both sides by people who worked on both"
        return Family([{"detector": REJUDGED, "kind": KIND, "grade": IDENTIFIED, "reason": few}], None, [])
    sd = np.sqrt(np.where(use, variance, 1.0))
    flat = (difference / np.sqrt(np.where(use, (difference**2).sum(axis=0), 1.0))).reshape(len(difference), -1)
    draws = largest(flat.T @ flat, use.ravel(), np.zeros(use.size, bool), seed)
    # By the t law of as many items, on the normal scale on which the largest is drawn.
    tail = stdtr(n - 1, -np.abs(total) / sd)
    z = np.where(use, -np.sign(total) * ndtri(np.clip(tail, 1e-300, 0.5)), 0.0)
    critical, half = float(np.quantile(draws, 1 - alpha)), float(ndtri((1 + level) / 2))
    rows = []
    for contrast, column in zip(*np.nonzero(use), strict=True):
        factor = fixed.unit(columns[column]).factor
        sensitivity = float(weight[contrast, column])
        effect, se = (float(part[contrast, column]) / sensitivity * factor for part in (total, sd))
        rows.append(
            {
                "detector": f"{names[column]}, {REJUDGED}",
                "kind": KIND,
                "grade": IDENTIFIED,
                "period": fixed.contrasts.period[contrast],
                "reference": fixed.contrasts.reference[contrast],
                "difference": effect,
                "se": se,
                "ci_low": effect - half * se,
                "ci_high": effect + half * se,
                "p_value": float(2 * ndtr(-abs(z[contrast, column]))),
                "p_adjusted": float(exceeds(draws, z[contrast, column])),
                "min_detectable": (critical + float(ndtri(_POWER))) * se,
                "unit": fixed.unit(columns[column]).said,
                "n_items": int(n_items[contrast]),
                "n_votes": int(table.n_votes.sum()),
            }
        )
    rows.sort(key=lambda row: names.index(row["detector"].removesuffix(f", {REJUDGED}")))
    first = min(rows, key=lambda row: (row["p_adjusted"], row["p_value"]))
    best: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: row["p_value"]):
        best.setdefault(row["detector"], row)
    changes = [_change(row, votes.length_is_log) for row in best.values() if row["p_adjusted"] < told]
    return Family(rows, first["p_adjusted"], changes)


def _differences(fixed: Evidence, score: Floats, information: Floats, table: Rankings) -> tuple[Floats, Floats]:
    """N of each item, [n_items, n_contrasts, n_columns], 0 where it was judged on one side only; and its weight.

    The weight, W before times W after over their sum, is what a shift of 1 adds to N: z is the same on both sides.
    """
    contrasts, n_people, n_periods = fixed.contrasts, len(fixed.votes.annotators), len(fixed.votes.periods)
    work = np.bincount(
        fixed.votes.annotator.astype(np.int64) * n_periods + fixed.votes.period, minlength=n_people * n_periods
    ).reshape(n_people, n_periods)
    number = np.unique(table.item, return_inverse=True)[1].reshape(-1)
    n_items = int(number.max(initial=-1)) + 1
    out = np.zeros((n_items, contrasts.n, score.shape[1]))
    weight = np.zeros_like(out)
    for at in range(contrasts.n):
        sides = contrasts.before[at], contrasts.after[at]
        both: Bools = np.logical_and.reduce([work[:, side].sum(axis=1) > 0 for side in sides])
        sums = []
        for side in sides:
            here = np.flatnonzero(side[table.period] & both[table.annotator])
            sums.append(
                [
                    np.stack([sum_by(number[here], column, n_items) for column in part[here].T], axis=1)
                    for part in (score, information)
                ]
            )
        (s_before, w_before), (s_after, w_after) = sums
        seen = (w_before > 0) & (w_after > 0)
        share = np.where(seen, w_before / np.where(seen, w_before + w_after, 1.0), 0.0)
        out[:, at] = np.where(seen, share * s_after - (1 - share) * s_before, 0.0)
        weight[:, at] = share * w_after
    return out, weight


def _change(row: dict[str, Any], length_is_log: bool) -> dict[str, Any]:
    name = row["detector"].removesuffix(f", {REJUDGED}")
    if name == CARE:
        times = f"{np.exp(row['difference']):.2f} times"
        said = f"From {row['period']}, judgments of the same items follow what annotators agree on {times} as closely."
    else:
        said = sentence(name, row["period"], None, None, row["difference"], "all", length_is_log=length_is_log)
    return {
        "what": name,
        "grade": IDENTIFIED,
        "since": row["period"],
        "driver": "all annotators",
        "drivers": [],
        "effect": row["difference"],
        "sentence": f"{said.removesuffix('.')}, on items that were judged before and again.",
    } | {key: row[key] for key in ("ci_low", "ci_high", "unit", "p_adjusted", "min_detectable")}
