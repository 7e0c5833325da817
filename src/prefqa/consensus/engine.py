"""From preferences to a consensus: all items with the same number of responses at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import polars as pl

from prefqa._types import Ints
from prefqa.coding import Coded
from prefqa.consensus.annotators import JudgmentSums, annotator_frame, judgment_sums
from prefqa.consensus.borda import borda
from prefqa.consensus.kemeny import kemeny
from prefqa.consensus.majority import Prior, fit_prior, majority
from prefqa.consensus.orders import Orders, condorcet_winner, has_cycle, majority_relation
from prefqa.consensus.pairs import pair_codes, with_figures
from prefqa.consensus.result import ConsensusResult
from prefqa.errors import UsageError, nearest
from prefqa.preferences import Preferences, as_preferences
from prefqa.votes import Bucket, buckets, pair_counts

Method = Literal["majority", "borda", "kemeny"]

_METHODS: dict[str, Callable[[Bucket, Ints], Orders]] = {
    "majority": lambda _, wins: majority(wins),
    "borda": lambda bucket, _: borda(bucket.ranks, bucket.starts),
    "kemeny": lambda _, wins: kemeny(wins),
}
#: Without a usable judgment the result has all its columns and no row.
_NONE = np.zeros(0, np.uint32)
_NOTHING = Bucket(k=2, cell=_NONE, item=_NONE, starts=_NONE, ranks=np.zeros((0, 2), np.int32), annotator=_NONE)


@dataclass(frozen=True)
class _Part:
    """What one bucket contributes: frames keyed by item code, and sums per judgment."""

    items: pl.DataFrame
    responses: pl.DataFrame
    pairs: pl.DataFrame
    annotators: Ints
    sums: JudgmentSums


def consensus(preferences: Preferences, *, method: Method = "majority", prior: float | None = None) -> ConsensusResult:
    """Combine the judgments of each item into one order and into pairs with a probability.

    The method orders the responses; the probability of a pair is the same for all methods, the empirical-Bayes share
    of votes (see `prefqa.consensus.majority`). One vote of each annotator counts on each pair of responses.

    Args:
        preferences: the judgments, from `prefqa.read`.
        method: "majority" takes each pair by its own majority and ranks responses by Copeland score; "borda" ranks by
            mean Borda share; "kemeny" finds the orders that contradict the fewest votes. None breaks ties.
        prior: `a` of the Beta(a, a) prior on the votes of a pair; fitted to the data where None. A larger
        prior draws all
            probabilities nearer to one half.

    Returns:
        ConsensusResult, all frames sorted by their keys.

    Raises:
        UsageError: for an unknown method or a prior that is not positive.

    Example:
        >>> import polars as pl
        >>> from prefqa.preferences import Preferences
        >>> votes = {"item_id": ["p"] * 4, "annotator_id": ["x", "x", "y", "y"], "response_id": ["a", "b"] * 2}
        >>> long = pl.DataFrame(votes | {"rank": [2, 1, 2, 1]})
        >>> consensus(Preferences.from_long(long), prior=1.0).pairs().row(0)[:4]
        ('p', 'b', 'a', 0.75)
    """
    preferences = as_preferences(preferences)
    if method not in _METHODS:
        near = nearest(str(method), _METHODS)
        hint = f"did you mean {near!r}?" if near else None
        raise UsageError(f"method={method!r} is not one of {', '.join(map(repr, get_args(Method)))}", hint=hint)
    if prior is not None and not (np.isfinite(prior) and prior > 0):
        raise UsageError(f"prior is a positive number, not {prior}")
    coded = preferences.coded()
    parts = [_part(bucket, method) for bucket in buckets(coded)] or [_part(_NOTHING, "majority")]
    return _assemble(parts, coded, preferences, method, prior)


def _part(bucket: Bucket, method: str) -> _Part:
    wins, ties = pair_counts(bucket)
    orders = _METHODS[method](bucket, wins)
    sums = judgment_sums(bucket.ranks, bucket.starts, wins, ties)
    pairs = pair_codes(bucket.item, wins, ties, orders)
    items = _item_columns(bucket, wins, ties, orders)
    n, k = orders.place.shape
    touching = (wins + wins.transpose(0, 2, 1) + ties).sum(axis=2, dtype=np.int64)
    responses = pl.DataFrame(
        {
            "_item": np.repeat(bucket.item.astype(np.uint32), k),
            "_response": np.tile(np.arange(k, dtype=np.uint32), n),
            "place": orders.place.reshape(-1).astype(np.int64),
            "score": orders.score.reshape(-1),
            "n_votes": touching.reshape(-1),
        }
    )
    return _Part(items, responses, pairs, bucket.annotator, sums)


def _item_columns(bucket: Bucket, wins: Ints, ties: Ints, orders: Orders) -> pl.DataFrame:
    n, k = orders.place.shape
    first, second = np.triu_indices(k, 1)
    beats = majority_relation(wins)
    sides = [wins[:, first, second], ties[:, first, second], wins[:, second, first]]
    votes = np.add(np.add(sides[0], sides[1]), sides[2]).astype(np.int64)
    equal = sum((side.astype(np.int64) * (side - 1) for side in sides), start=np.zeros_like(votes)).sum(axis=1)
    possible = (votes * (votes - 1)).sum(axis=1)
    largest = np.maximum(np.maximum(sides[0], sides[1]), sides[2])
    n_votes = votes.sum(axis=1)
    in_front = orders.place == 1
    decided = (in_front.sum(axis=1) == 1) & (n_votes > 0)
    frame = pl.DataFrame(
        {
            "_item": bucket.item.astype(np.uint32),
            "k": np.full(n, k),
            "_winner": np.where(decided, in_front.argmax(axis=1), -1),
            "_condorcet": condorcet_winner(beats),
            "cycle": has_cycle(beats),
            "tie": (in_front.sum(axis=1) > 1) & (n_votes > 0),
            "_all_equal": (largest == votes).all(axis=1),
            "n_annotators": np.diff(np.append(bucket.starts, bucket.ranks.shape[0])).astype(np.int64),
            "n_votes": n_votes,
            "_equal": equal,
            "_possible": possible,
            "_unseen": (votes == 0).sum(axis=1).astype(np.int64),
        }
    )
    kemeny_only = {"cost": orders.cost, "n_optima": orders.n_optima, "gap": orders.gap, "exact": orders.exact}
    columns = [
        pl.Series(name, values, dtype=dtype) if values is not None else pl.Series(name, [None] * n, dtype=dtype)
        for (name, values), dtype in zip(kemeny_only.items(), [pl.Int64] * 3 + [pl.Boolean], strict=True)
    ]
    shared = pl.col("_possible") > 0
    return (
        frame.with_columns(columns)
        .with_columns(pl.when(pl.col(name) >= 0).then(pl.col(name)).alias(name) for name in ("n_optima", "gap"))
        .with_columns(
            unanimous=pl.when(shared).then("_all_equal"),
            agreement=pl.when(shared).then(pl.col("_equal") / pl.col("_possible")),
        )
    )


def _assemble(
    parts: list[_Part], coded: Coded, preferences: Preferences, method: str, prior: float | None
) -> ConsensusResult:
    items = pl.concat([part.items for part in parts]).sort("_item")
    responses = pl.concat([part.responses for part in parts]).sort("_item", "_response")
    pairs = pl.concat([part.pairs for part in parts])
    low, high = pl.min_horizontal("_chosen", "_rejected"), pl.max_horizontal("_chosen", "_rejected")
    pairs = pairs.sort("_item", low, high)
    row = np.searchsorted(items["_item"].to_numpy(), pairs["_item"].to_numpy()).astype(np.uint32)
    pairs = pairs.with_columns(pl.Series("_item", row))
    found = Prior(float(prior), "given") if prior is not None else _fitted(pairs)
    pairs = with_figures(pairs, found.a)
    named = responses.select(
        coded.item_ids.gather(responses["_item"]).alias("item_id"),
        coded.response_ids.gather(coded.slot_response).alias("response_id"),
        "place",
        "score",
        "n_votes",
    )
    annotators = annotator_frame(
        coded.annotator_ids,
        np.concatenate([part.annotators for part in parts]),
        JudgmentSums(*(np.concatenate([getattr(p.sums, f) for p in parts]) for f in JudgmentSums.__annotations__)),
    )
    table = _item_table(items, named["response_id"], coded)
    overall = _overall(table, items, pairs, method, found) | {
        "n_annotators": annotators.height,
        "n_judgments": int(annotators["n_judgments"].sum()),
    }
    return ConsensusResult(
        table, named, annotators, method, table.height, int(table["n_votes"].sum()), overall, pairs, preferences
    )


def _fitted(pairs: pl.DataFrame) -> Prior:
    n_for, n_tie, against = (pairs[name].to_numpy() for name in ("n_chosen", "n_tie", "n_rejected"))
    return fit_prior(n_for, n_tie, n_for + n_tie + against)


def _item_table(items: pl.DataFrame, response_id: pl.Series, coded: Coded) -> pl.DataFrame:
    start = items["k"].cum_sum() - items["k"]

    def named(slot: pl.Series) -> pl.Series:
        at = (start + slot).set(slot < 0, None)
        return response_id.gather(at)

    return items.select(
        coded.item_ids.gather(items["_item"]).alias("item_id"),
        "k",
        named(items["_winner"]).alias("winner"),
        named(items["_condorcet"]).alias("condorcet_winner"),
        *("cycle", "tie", "unanimous", "agreement", "n_annotators", "n_votes", "cost", "n_optima", "gap", "exact"),
    )


def _overall(
    table: pl.DataFrame, items: pl.DataFrame, pairs: pl.DataFrame, method: str, prior: Prior
) -> dict[str, object]:
    def share(column: pl.Series) -> float | None:
        return (
            None
            if column.drop_nulls().is_empty()
            else float(column.drop_nulls().cast(pl.Float64).sum() / column.drop_nulls().len())
        )

    return {
        "method": method,
        "prior": prior.a,
        "prior_origin": prior.origin,
        "n_items": table.height,
        "n_votes": int(table["n_votes"].sum()),
        "n_pairs": pairs.height,
        "n_pairs_without_votes": int(items["_unseen"].sum()),
        "n_tied_pairs": int(pairs["tie"].sum()),
        "n_pairs_most_votes_tie": pairs.filter(pl.col("n_tie") > pl.max_horizontal("n_chosen", "n_rejected")).height,
        "n_items_with_winner": table.height - table["winner"].null_count(),
        "n_items_with_condorcet_winner": table.height - table["condorcet_winner"].null_count(),
        "n_items_with_cycle": int(table["cycle"].sum()),
        "n_items_tied": int(table["tie"].sum()),
        "n_items_unanimous": int(table["unanimous"].sum()),
        "n_items_single_response": int((table["k"] == 1).sum()),
        "n_items_single_annotator": int((table["n_annotators"] == 1).sum()),
        "n_items_not_exact": int((~table["exact"].fill_null(value=True)).sum()),
        "mean_probability": share(pairs["probability"]),
    }
