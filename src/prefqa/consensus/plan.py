"""Which items to have judged once more, and what that buys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from prefqa._types import Floats, Ints
from prefqa.coding import Coded
from prefqa.consensus import information as outlook
from prefqa.consensus.bradley_terry import worths
from prefqa.consensus.digest import uniform
from prefqa.consensus.fitted import Fitted
from prefqa.consensus.graded import graded_beliefs
from prefqa.consensus.posterior import EXACT_UP_TO, chunks, in_threads
from prefqa.consensus.reliability import Reliabilities, beliefs, order_belief, strict_votes
from prefqa.errors import UsageError
from prefqa.results import Result, records
from prefqa.votes import Bucket, buckets, pair_counts

#: Multiplications spent on the exact gain of items; with more, every n-th item stands for all. About 20 s.
_MOST_WORK = 2e11


@dataclass(frozen=True)
class RelabelPlan(Result):
    """Items worth one more judgment, and the pair accuracy that these judgments buy.

    `items`: one row per item to have judged once more, most information first: item_id, information (expected fall of
    the entropy of its order, bits), gain (expected number of further pairs put right; null where there were too many
    to compute all), n_pairs, n_judgments (so far). `n_judgments` is the budget, or the number of items with a pair
    where that is less. `accuracy_now`: expected share of all pairs of responses that are put in their true order;
    `accuracy_planned`: after the judgments of the plan; `accuracy_random`: after as many judgments of items taken at
    random. `n_at_border` items have the information of the last one taken, and `n_taken_at_border` of them are in
    `items`, by a hash of their id with the seed: the others would do as well.
    """

    items: pl.DataFrame
    method: str
    budget: int
    n_judgments: int
    n_items: int
    n_pairs: int
    accuracy_now: float | None
    accuracy_planned: float | None
    accuracy_random: float | None
    n_at_border: int
    n_taken_at_border: int

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, items as a list."""
        return vars(self) | {"items": records(self.items)}


@dataclass(frozen=True)
class _Outlook:
    """Of each item of a bucket: pairs expected right now, information of a judgment; `gain` of items by index."""

    right: Floats
    information: Floats
    gain: Callable[[Ints], Floats]


def relabel_plan(coded: Coded, fitted: Fitted, budget: int, seed: int = 0) -> RelabelPlan:
    """Rank items by the expected information of one more judgment by a fresh annotator of the pool.

    The fresh annotator is drawn like the judgments so far (reliable and careless ones in proportion), ranks all
    responses, and is known when the judgment comes. Each item gets at most one judgment: then the plan is to be made
    anew.

    - "mallows", to 7 responses: exact, over all orders and all rankings (`information.order_information`).
    - "dawid-skene", and "mallows" above: pair by pair, each vote right with the annotator's probability.
    - majority, borda, kemeny: pair by pair, from the Beta posterior of the share of the pool for either side.
    - "graded": pair by pair, from the posterior of the gap, a vote of the pool by its direction alone.
    - "bradley-terry": pair by pair, from the normal posterior of the difference of worths.

    Pair by pair, an item's information is the sum over its pairs. Where the pool ties responses or leaves some
    unranked, information and gain are multiplied by the share of pairs on which it votes strictly.

    Args:
        coded: the judgments.
        fitted: what the consensus fitted to them.
        budget: number of judgments to buy, 1 or more.
        seed: of the hash that picks among items of equal information.

    Raises:
        UsageError: the budget is below 1.

    Source: Lindley (1956), On a measure of the information provided by an experiment.
    """
    if budget < 1:
        raise UsageError(f"budget is a number of judgments from 1, not {budget}")
    graded = fitted.strengths
    pool = [bucket for bucket in (graded.buckets() if graded else buckets(coded)) if bucket.k > 1]
    if not pool:
        none = _frame(coded, [], [])
        return RelabelPlan(none, fitted.method, budget, 0, 0, 0, None, None, None, 0, 0)
    views = [_look(bucket, fitted, coded.annotator_ids.len()) for bucket in pool]
    information = np.round(np.concatenate([view.information for view in views]), 9)
    item = np.concatenate([bucket.item for bucket in pool])
    n = min(budget, item.size)
    border = np.partition(information, item.size - n)[item.size - n]
    taken, equal = information > border, np.flatnonzero(information == border)
    needed = n - int(taken.sum())
    draw = uniform(coded.item_ids.gather(item[equal]), seed).to_numpy()
    taken[equal[np.argsort(draw, kind="stable")[:needed]]] = True
    planned, anywhere, rows = 0.0, 0.0, []
    start = 0
    for bucket, view in zip(pool, views, strict=True):
        size = bucket.item.size
        here = np.flatnonzero(taken[start : start + size])
        gain_of_all = _affordable(view.gain, np.arange(size), bucket.k)
        gain = gain_of_all[here] if not np.isnan(gain_of_all).any() else _affordable(view.gain, here, bucket.k)
        planned += _total(gain)
        anywhere += _total(gain_of_all)
        rows.append((here, gain, information[start + here]))
        start += size
    pairs = np.concatenate([np.full(bucket.item.size, bucket.k * (bucket.k - 1) // 2) for bucket in pool])
    n_pairs = int(pairs.sum())
    now = float(sum(view.right.sum() for view in views))
    return RelabelPlan(
        _frame(coded, pool, rows), fitted.method, budget, n, item.size, n_pairs, now / n_pairs,
        (now + planned) / n_pairs, (now + anywhere * n / item.size) / n_pairs, equal.size, needed,
    )  # fmt: skip


def _look(bucket: Bucket, fitted: Fitted, n_annotators: int) -> _Outlook:
    k, first, second = bucket.k, *np.triu_indices(bucket.k, 1)
    strict = strict_votes(bucket, n_annotators)
    share = float(strict.sum()) / (bucket.ranks.shape[0] * first.size)
    found = fitted.reliabilities
    if found is not None:
        p = beliefs(bucket, found).better[:, first, second]
        kinds = outlook.kinds_of_annotators(found.phi, np.maximum(strict, 1e-9), k)
        if found.kind == "mallows" and k <= EXACT_UP_TO:
            kernels = [outlook.ranking_kernel(k, float(each)) for each in kinds]
            return _Outlook(
                np.maximum(p, 1 - p).sum(axis=1),
                share * _of_orders(bucket, found, lambda belief: outlook.order_information(belief, kernels)),
                lambda index: (
                    share
                    * _of_orders(_only(bucket, index), found, lambda belief: outlook.order_gain(belief, k, kernels))
                ),
            )
        information, gain = outlook.mean_over(
            kinds, lambda each: outlook.pair_outlook(*outlook.coin_votes(p, 1 / (1 + np.exp(-each))))
        )
    else:
        wins, ties = pair_counts(bucket)
        if fitted.graded is not None:
            believed = graded_beliefs(bucket, fitted.graded)
            p, fresh, joint = (
                each[:, first, second] for each in (believed.beliefs.better, believed.beliefs.fresh, believed.right)
            )
        elif fitted.method == "bradley-terry":
            theta, covariance = worths(wins, ties)
            variance = np.diagonal(covariance, axis1=1, axis2=2)
            v = variance[:, first] + variance[:, second] - 2 * covariance[:, first, second]
            p, fresh, joint = outlook.normal_votes(theta[:, first] - theta[:, second], v)
        else:
            tied = ties[:, first, second] / 2
            p, fresh, joint = outlook.beta_votes(
                wins[:, first, second] + tied, wins[:, second, first] + tied, fitted.prior.a
            )
        information, gain = outlook.pair_outlook(p, fresh, joint)
    by_item = share * gain.sum(axis=1)
    return _Outlook(np.maximum(p, 1 - p).sum(axis=1), share * information.sum(axis=1), lambda index: by_item[index])


def _of_orders(bucket: Bucket, found: Reliabilities, figure: Callable[[Floats], Floats]) -> Floats:
    """Return a figure of the posterior over orders of each item."""
    belief = order_belief(bucket, found)
    return np.concatenate(in_threads(lambda part: figure(belief(part)), list(chunks(bucket.item.size, bucket.k))))


def _only(bucket: Bucket, index: Ints) -> Bucket:
    units = np.zeros(bucket.item.size, np.bool_)
    units[index] = True
    return bucket.select(units, np.repeat(units, bucket.lengths))


def _affordable(gain: Callable[[Ints], Floats], index: Ints, k: int) -> Floats:
    """Return the gains of items, NaN for those that are skipped to keep the work bounded."""
    orders = float(np.prod(np.arange(1, k + 1))) if k <= EXACT_UP_TO else 1.0
    stride = max(1, int(np.ceil(index.size * orders**2 * k * (k - 1) * 4 / _MOST_WORK)))
    out = np.full(index.size, np.nan)
    if index.size:
        out[::stride] = gain(index[::stride])
    return out


def _total(gain: Floats) -> float:
    return float(np.nanmean(gain)) * gain.size if gain.size else 0.0


def _frame(coded: Coded, pool: Sequence[Bucket], rows: Sequence[tuple[Ints, Floats, Floats]]) -> pl.DataFrame:
    schema = {
        "item_id": pl.String, "information": pl.Float64, "gain": pl.Float64, "n_pairs": pl.Int64,
        "n_judgments": pl.Int64,
    }  # fmt: skip
    parts = [
        pl.DataFrame(
            {
                "item_id": coded.item_ids.gather(bucket.item[index]),
                "information": information,
                "gain": pl.Series(gain, nan_to_null=True),
                "n_pairs": np.full(index.size, bucket.k * (bucket.k - 1) // 2),
                "n_judgments": bucket.lengths[index],
            },
            schema=schema,
        )
        for bucket, (index, gain, information) in zip(pool, rows, strict=True)
    ]
    found = pl.concat(parts) if parts else pl.DataFrame(schema=schema)
    return found.sort(["information", "item_id"], descending=[True, False])
