"""The variance of an estimate by its definition: everything is computed anew without each unit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl


def jackknife(rows: pl.DataFrame, units: list[str], estimate: Callable[[pl.DataFrame], float]) -> float:
    """Delete-one variance over the units that the columns name."""
    left = [
        estimate(rows.join(pl.DataFrame(unit, schema=rows.select(units).schema, orient="row"), on=units, how="anti"))
        for unit in ([key] for key in rows.select(units).unique(maintain_order=True).rows())
    ]
    values = np.array(left)
    return float((len(values) - 1) / len(values) * ((values - values.mean()) ** 2).sum())


def two_way(rows: pl.DataFrame, estimate: Callable[[pl.DataFrame], float]) -> float:
    """Variance over items and annotators, with the chance of single judgments once, never below that over items."""
    items, annotators, judgments = (
        jackknife(rows, units, estimate) for units in (["item_id"], ["annotator_id"], ["item_id", "annotator_id"])
    )
    return items + max(annotators - judgments, 0.0)
