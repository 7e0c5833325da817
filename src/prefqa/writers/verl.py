"""verl: Parquet with a prompt as messages, what is rewarded, and the pair among the extra information."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from prefqa.writers.atomic import write_parquet
from prefqa.writers.pair_forms import SIDES, Pairs


def write_verl(pairs: Pairs, path: Path) -> None:
    """Write data_source, prompt, ability, reward_model and extra_info."""
    chosen, rejected = (pl.col(side).list.last().struct.field("content").alias(side) for side in SIDES)
    index = pl.int_range(pl.len()).alias("index")
    rows = pairs.chat.select(
        pl.lit(path.stem).alias("data_source"),
        "prompt",
        pl.lit("preference").alias("ability"),
        pl.struct(pl.lit("model").alias("style"), chosen.alias("ground_truth")).alias("reward_model"),
        pl.struct(index, chosen, rejected).alias("extra_info"),
    )
    write_parquet(path, rows)
