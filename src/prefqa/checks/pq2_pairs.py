"""Family PQ2, the rule on equal texts of one item that were ranked apart."""

from __future__ import annotations

import polars as pl

from prefqa._words import formatted
from prefqa.checks.frame import IDS, Found, Frame, NotRun, nothing


def equal_ranked_apart(frame: Frame) -> Found | NotRun:
    """PQ205."""
    seen = frame.seen
    if isinstance(seen, str):
        return NotRun(seen)
    same = frame.beside_equal_media(seen.found["PQ205"]).rename({"_value": "_text"})
    if same.is_empty():
        return nothing(frame)
    ranked = (
        frame.rows.filter(pl.col("rank").is_not_null())
        .join(same.lazy(), on=["item_id", "response_id"], how="inner")
        .with_columns(
            pl.len().over(*frame.key, "_group").alias("_n"),
            pl.col("rank").n_unique().over(*frame.key, "_group").alias("_ranks"),
        )
        .filter(pl.col("_n") > 1)
        .select(*frame.key, "_group", "_ranks", *{"response_id"} - set(frame.key), "rank", "_row", "_text")
        .collect(engine="streaming")
    )
    both = ranked.select(*frame.key, "_group", "_ranks").unique()
    apart = ranked.filter(pl.col("_ranks") > 1)
    n, of = both.filter(pl.col("_ranks") > 1).height, both.height
    rows = apart.lazy().select("_row", *IDS, formatted("rank {}: {}", "rank", "_text").alias("_value"))
    message = (
        f"Of {of:,} judgments on two equal texts {n:,} rank them apart: the share of clicks that say nothing about the "
        "text. Use such pairs as a trap, not for training."
    )
    return Found(rows, n, of, message)
