"""Items that were judged in more than one period, as dense arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from prefqa._types import Floats, Ints
from prefqa._words import formatted
from prefqa.coding import encode
from prefqa.drift.cuts import by_period
from prefqa.drift.periods import Periods
from prefqa.votes import buckets


class Judged(NamedTuple):
    """Anchors with equally many responses: per place of an item period and annotator (-1: none), and votes.

    `period`, `annotator`: (n_items, n_places); `choice`: (n_items, n_places, n_pairs), 1, 0 (tie), -1, NaN (no vote).
    """

    item: Ints
    period: Ints
    annotator: Ints
    choice: Floats


def judged_again(periods: Periods) -> tuple[list[Judged], Floats]:
    """Anchors, one entry per number of responses, and judgments per annotator and period over all items."""
    coded = by_period(periods)
    n_people, n_periods = len(coded.annotator_ids), coded.cells.height
    cell = coded.annotator.astype(np.int64) * n_periods + coded.cell
    n_work = np.bincount(cell, minlength=n_people * n_periods).reshape(n_people, n_periods).astype(np.float64)
    again = np.flatnonzero(np.bincount(coded.item[coded.unit_starts], minlength=1) > 1)
    if not again.size:
        return [], n_work
    rows = coded.rows_of_items(again)
    at = rows["judgment"].to_numpy()
    # A judgment in another period is one by another person here, so that both count.
    person = pl.DataFrame({"period": coded.cell[at], "person": coded.annotator[at]})
    rows = rows.with_columns(person.select(annotator_id=formatted("{} {}", "period", "person")))
    coded = encode(rows.lazy())
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
