"""Kinds of items, and criteria, within which alone judgments are compared."""

from __future__ import annotations

import numpy as np
import polars as pl

from prefqa._types import Ints
from prefqa.coding import Coded
from prefqa.preferences import Preferences

#: Item columns of at most so many values are strata, as long as their combinations are not more than MAX_STRATA.
MAX_LEVELS, MAX_STRATA = 12, 24


def slices(prefs: Preferences) -> tuple[str, ...]:
    """Columns by which votes are split before anything is compared: the criterion, and text columns of items."""
    found = ["criterion"] if "criterion" in prefs.columns else []
    if prefs.items is not None:
        for name, dtype in prefs.items.schema.items():
            if dtype in (pl.String(), pl.Boolean()) and name not in ("item_id", *prefs.columns):
                found += [name] if 1 < prefs.items[name].n_unique() <= MAX_LEVELS else []
    return tuple(found)


def strata_of(coded: Coded, prefs: Preferences, strata: tuple[str, ...]) -> tuple[Ints, list[str]]:
    """Stratum of each judgment, and the names; beyond MAX_STRATA combinations, the rarest are one.

    Columns of `strata` that the cells do not have are looked up in the items.
    """
    if not strata:
        return np.zeros(coded.item.size, np.int16), ["all"]
    of_items = [name for name in strata if name not in coded.cells.columns]
    kinds, kind = pl.DataFrame({"_kind": [0]}), np.zeros(len(coded.item_ids), np.int64)
    if of_items and prefs.items is not None:
        items = prefs.items.select("item_id", *of_items)
        # A table that lists just these items in this order need not be looked up in.
        if not items["item_id"].equals(coded.item_ids):
            ids = pl.DataFrame({"item_id": coded.item_ids})
            items = ids.join(items, on="item_id", how="left", maintain_order="left")
        kinds = items.select(of_items).unique().sort(of_items, nulls_last=True).with_row_index("_kind")
        kind = items.join(kinds, on=of_items, how="left", nulls_equal=True, maintain_order="left")["_kind"].to_numpy()
    name = pl.concat_str([pl.col(one).cast(pl.String).fill_null("none") for one in strata], separator=", ")
    both = coded.cells.sort("cell").join(kinds.sort("_kind"), how="cross", maintain_order="left_right")
    named = both.select(name.alias("stratum"))["stratum"]
    combined = coded.cell.astype(np.int64) * kinds.height + kind[coded.item]
    counts = np.bincount(combined, minlength=both.height)
    sizes = (
        pl.DataFrame({"stratum": named, "n": counts}).group_by("stratum").agg(pl.col("n").sum()).filter(pl.col("n") > 0)
    )
    kept = sizes.sort("n", "stratum", descending=[True, False])["stratum"].head(MAX_STRATA - 1).sort().to_list()
    names = kept if sizes.height < MAX_STRATA else [*kept, "others"]
    place = {one: at for at, one in enumerate(kept)}
    number = np.array([place.get(one, len(kept)) for one in named], np.int16)
    return number[combined], names
