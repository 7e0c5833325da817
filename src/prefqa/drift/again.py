"""Items that were judged in more than one period, as dense arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from prefqa._types import Floats, Ints
from prefqa.drift.cuts import NUMBER
from prefqa.preferences import Preferences
from prefqa.votes import buckets


class Judged(NamedTuple):
    """Anchors with equally many responses: per place of an item period and annotator (-1: none), and votes.

    `period`, `annotator`: (n_items, n_places); `choice`: (n_items, n_places, n_pairs), 1, 0 (tie), -1, NaN (no vote).
    """

    item: Ints
    period: Ints
    annotator: Ints
    choice: Floats


def judged_again(prefs: Preferences, rows: pl.LazyFrame, n_periods: int) -> tuple[list[Judged], Floats]:
    """Anchors, one entry per number of responses, and judgments per annotator and period over all items."""
    pairs = rows.select("item_id", "annotator_id", NUMBER).unique().collect()
    names = pairs["annotator_id"].unique().sort()
    people = pl.DataFrame({"annotator_id": names}).with_row_index("_person")
    pairs = pairs.join(people, on="annotator_id")
    cell = pairs["_person"].to_numpy().astype(np.int64) * n_periods + pairs[NUMBER].to_numpy()
    n_work = np.bincount(cell, minlength=len(names) * n_periods).reshape(len(names), n_periods).astype(np.float64)
    again = pairs.group_by("item_id").agg(pl.col(NUMBER).n_unique()).filter(pl.col(NUMBER) > 1).select("item_id")
    if again.is_empty():
        return [], n_work
    # A judgment in another period is one by another person here, so that both count.
    person = pl.format("{} {}", NUMBER, "_person")
    apart = rows.join(again.lazy(), on="item_id", how="semi").join(people.lazy(), on="annotator_id")
    coded = prefs.with_judgments(apart.with_columns(annotator_id=person)).coded()
    split = coded.annotator_ids.str.split(" ").list
    period, annotator = (split.get(at).cast(pl.Int64).to_numpy() for at in (0, 1))
    found = []
    for bucket in buckets(coded):
        lengths = bucket.lengths
        place = np.arange(bucket.annotator.size) - np.repeat(bucket.starts, lengths)
        shape = (lengths.size, int(lengths.max()))
        first, second = np.triu_indices(bucket.k, 1)
        vote = np.sign(bucket.ranks[:, second] - bucket.ranks[:, first]).astype(np.float64)
        vote[(bucket.ranks[:, first] == 0) | (bucket.ranks[:, second] == 0)] = np.nan
        choice = np.full((*shape, first.size), np.nan)
        choice[bucket.unit, place] = vote
        period_at, annotator_at = np.full(shape, -1), np.full(shape, -1)
        period_at[bucket.unit, place] = period[bucket.annotator]
        annotator_at[bucket.unit, place] = annotator[bucket.annotator]
        found.append(Judged(bucket.item, period_at, annotator_at, choice))
    return found, n_work
