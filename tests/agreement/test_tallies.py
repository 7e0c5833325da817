"""Tallies: one row per pair with a vote, in order, whatever the sizes of items."""

from __future__ import annotations

import polars as pl
from hypothesis import given

from prefqa.votes import tallies
from strategies import judgments, preferences


@given(frame=judgments())
def test_tallies_are_the_votes_of_a_self_join_in_order(frame: pl.DataFrame) -> None:
    coded = preferences(frame).coded()
    found = tallies(coded)
    assert found.equals(found.sort("cell", "item", "first", "second"))
    rows = coded.rows_of_items(coded.item)
    pairs = rows.join(rows, on=["judgment", "item_id"], suffix="_other").filter(
        pl.col("response_id") < pl.col("response_id_other")
    )
    better = pl.col("rank") < pl.col("rank_other")
    tied = pl.col("rank") == pl.col("rank_other")
    counts = pairs.group_by("item_id", "response_id", "response_id_other").agg(
        n_first=better.sum(), n_tie=tied.sum(), n_second=(~better & ~tied).sum()
    )
    names = ["item_id", "response_id", "response_id_other"]
    assert found.height == counts.height
    figures = found.select(coded.item_ids.gather(found["item"]).alias("item_id"), "n_first", "n_tie", "n_second")
    expected = counts.sort(names).select("item_id", "n_first", "n_tie", "n_second")
    assert figures.cast(expected.schema).rows() == expected.rows()
