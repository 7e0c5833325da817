"""The frames of a consensus, from the arrays of its buckets."""

from __future__ import annotations

import numpy as np
import polars as pl

from prefqa._types import Ints
from prefqa.coding import Coded
from prefqa.consensus.majority import Prior
from prefqa.consensus.orders import Orders, condorcet_winner, has_cycle, majority_relation
from prefqa.consensus.posterior import Beliefs
from prefqa.votes import Bucket


def item_columns(bucket: Bucket, wins: Ints, ties: Ints, orders: Orders, believed: Beliefs) -> pl.DataFrame:
    """Return one row per item of a bucket, keyed by item code."""
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
            "entropy": pl.Series(np.where(n_votes > 0, believed.entropy, np.nan), nan_to_null=True),
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


def response_columns(bucket: Bucket, wins: Ints, ties: Ints, orders: Orders, believed: Beliefs) -> pl.DataFrame:
    """Return one row per response of a bucket's items, keyed by item code and slot."""
    n, k = orders.place.shape
    touching = (wins + wins.transpose(0, 2, 1) + ties).sum(axis=2, dtype=np.int64)
    return pl.DataFrame(
        {
            "_item": np.repeat(bucket.item.astype(np.uint32), k),
            "_response": np.tile(np.arange(k, dtype=np.uint32), n),
            "place": orders.place.reshape(-1).astype(np.int64),
            "score": orders.score.reshape(-1),
            "p_best": pl.Series(believed.best.reshape(-1), nan_to_null=True),
            "n_votes": touching.reshape(-1),
        }
    )


def item_table(items: pl.DataFrame, response_id: pl.Series, coded: Coded) -> pl.DataFrame:
    """Return `ConsensusResult.items` from `item_columns` of all buckets, codes replaced by ids."""
    start = items["k"].cum_sum() - items["k"]

    def named(slot: pl.Series) -> pl.Series:
        at = (start + slot).set(slot < 0, None)
        return response_id.gather(at)

    return items.select(
        coded.item_ids.gather(items["_item"]).alias("item_id"),
        "k",
        named(items["_winner"]).alias("winner"),
        named(items["_condorcet"]).alias("condorcet_winner"),
        *(
            "cycle",
            "tie",
            "unanimous",
            "agreement",
            "n_annotators",
            "n_votes",
            "cost",
            "n_optima",
            "gap",
            "exact",
            "entropy",
        ),
    )


def counts(
    table: pl.DataFrame, items: pl.DataFrame, pairs: pl.DataFrame, method: str, prior: Prior
) -> dict[str, object]:
    """Return how much there was and how it came out, for `ConsensusResult.overall`."""

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
