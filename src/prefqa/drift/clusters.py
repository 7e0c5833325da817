"""Items that belong together, such as one text judged by several criteria: their votes are one draw, not several."""

from __future__ import annotations

import numpy as np
import polars as pl

from prefqa._types import Ints
from prefqa._words import formatted
from prefqa.preferences import Preferences

PROMPT = "prompt"


def clusters(prefs: Preferences, item_ids: pl.Series, column: str | None) -> Ints | None:
    """Number of the cluster of each item: by a column of items or judgments; None if all differ.

    Without a column by the prompt, where there are several criteria. An item without a value, or with several, is a
    cluster of its own.
    """
    if column is None:
        if "criterion" not in prefs.columns or prefs.items is None or prefs.items.schema.get(PROMPT) != pl.String():
            return None
        known = prefs.items.lazy().select("item_id", value=PROMPT)
    else:
        prefs.require(column)
        source = prefs.judgments if column in prefs.columns or prefs.items is None else prefs.items.lazy()
        known = source.select("item_id", value=pl.col(column).cast(pl.String))
    one = pl.col("value").drop_nulls()
    by_item = known.group_by("item_id").agg(value=pl.when(one.n_unique() == 1).then(one.first()))
    items = pl.LazyFrame({"item_id": item_ids}).join(by_item, on="item_id", how="left", maintain_order="left")
    # The item's own number stands in for a missing value; no value begins so.
    own = formatted("\0{}", pl.int_range(pl.len()))
    number = items.select(pl.coalesce("value", own).rank("dense")).collect().to_series().to_numpy().astype(np.int64) - 1
    return number if number.size and int(number.max()) + 1 < number.size else None
