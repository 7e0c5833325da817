"""Which items the fitted rules look at where the data are large: a sample that knows neither order nor partition."""

from __future__ import annotations

import numpy as np

from prefqa._types import Bools
from prefqa.coding import Coded

#: Rows beyond which a sample is taken. Below, all rules look at everything.
SAMPLED_ABOVE = 1_000_000
#: Rows that a sample has, if that leaves every annotator the least number of judgments.
SAMPLE_ROWS = 500_000
#: Judgments that each annotator has in the sample, give or take the chance of the draw; all of them, who has fewer.
LEAST_JUDGMENTS = 500
_SEED = 20_240_607


def sampled_items(coded: Coded) -> Bools | None:
    """Choose items (true by code) by a hash of their ids; None where all items are to be looked at.

    An item is in if its hash, uniform between 0 and 1, is below t / n, where n is
    the number of judgments of the one of its annotators who has the fewest. So everybody keeps t judgments or more on
    average, and who has t or fewer keeps all; t is the largest number with SAMPLE_ROWS rows in the sample, but
    LEAST_JUDGMENTS at least. What an item's votes are plays no part.
    """
    if coded.rank.size <= SAMPLED_ABOVE:
        return None
    n_judgments = np.bincount(coded.annotator, minlength=coded.annotator_ids.len())
    units = coded.unit_starts
    fewest = np.minimum.reduceat(n_judgments[coded.annotator], units)
    rows = np.diff(np.append(coded.starts[units], coded.rank.size))
    # Polars' hash may change with its version, and the sample then with it.
    uniform = coded.item_ids.hash(_SEED).to_numpy()[coded.item[units]] / 2.0**64
    enters_at = uniform * fewest  # the least t with which the item is in
    order = np.argsort(enters_at)
    n_in = int(np.searchsorted(np.cumsum(rows[order]), SAMPLE_ROWS, side="right"))
    t = max(enters_at[order[n_in]], LEAST_JUDGMENTS) if n_in < order.size else np.inf
    if not (enters_at >= t).any():
        return None
    items = np.zeros(coded.item_ids.len(), np.bool_)
    items[coded.item[units[enters_at < t]]] = True
    return items
