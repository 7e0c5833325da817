"""NeMo-RL: a context and exactly two completions, rank 0 the better one."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from prefqa.writers.atomic import write_rows
from prefqa.writers.pair_forms import SIDES, Pairs


def write_nemo_rl(pairs: Pairs, path: Path) -> None:
    """Write context and completions."""
    both = [
        pl.struct(pl.lit(rank, pl.Int64).alias("rank"), pl.col(side).alias("completion"))
        for rank, side in enumerate(SIDES)
    ]
    write_rows(path, pairs.chat.select(pl.col("prompt").alias("context"), pl.concat_list(both).alias("completions")))
