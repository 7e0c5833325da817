"""Responses by their place on the screen instead of their ids."""

from __future__ import annotations

import polars as pl

from prefqa._words import formatted
from prefqa.errors import UsageError
from prefqa.preferences import Preferences


def named_by_position(prefs: Preferences) -> Preferences:
    """Return the same rankings with responses named by their place on the screen.

    Raises:
        ColumnNotFoundError: there is no position.
        UsageError: a position is missing, or annotators of an item saw its responses in different orders.
    """
    prefs.require("position")
    rows = prefs.usable().select("item_id", "response_id", "position")
    places = rows.group_by("item_id", "response_id").agg(
        place=pl.col("position").min(), several=pl.col("position").n_unique() > 1
    )
    unclear = places.filter(pl.col("several") | pl.col("place").is_null()).select(pl.col("item_id").n_unique())
    n = unclear.collect().item()
    if n:
        what = f"in {n} items responses have no position or stood in different places for different annotators"
        raise UsageError(what, hint='use orientation="symmetric".')
    named = formatted("{} {}", pl.col("place").cast(pl.String).str.zfill(6), "response_id")
    renamed = prefs.judgments.join(
        places.select("item_id", "response_id", _named=named), on=["item_id", "response_id"], how="left"
    )
    return prefs.with_judgments(renamed.with_columns(response_id=pl.coalesce("_named", "response_id")).drop("_named"))
