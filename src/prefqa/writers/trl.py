"""TRL: rows for DPOTrainer, RewardTrainer and KTOTrainer."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from prefqa.writers.atomic import write_rows
from prefqa.writers.pair_forms import SIDES, Pairs


def write_standard(pairs: Pairs, path: Path) -> None:
    """Write prompt, chosen and rejected as texts; without any prompt that is known, the two alone."""
    write_rows(path, pairs.texts("trl").select(*pairs.stated, *pairs.carried))


def write_conversational(pairs: Pairs, path: Path) -> None:
    """Write prompt, chosen and rejected as messages; likewise."""
    write_rows(path, pairs.chat.select(*pairs.stated, *pairs.carried))


def write_implicit(pairs: Pairs, path: Path) -> None:
    """Write chosen and rejected as whole conversations; the trainer finds the prompt in what they share."""
    write_rows(path, pairs.whole.select(*SIDES, *pairs.carried))


def write_margin(pairs: Pairs, path: Path) -> None:
    """Write as `write_conversational`, with `margin`, which RewardTrainer subtracts in its loss."""
    write_rows(path, with_margin(pairs.chat).select(*pairs.stated, "margin", *pairs.carried))


def write_joined(pairs: Pairs, path: Path) -> None:
    """Write chosen and rejected as prompt and response in one text; the trainer finds the prompt in what they share."""
    plain = pairs.texts("trl-implicit-text")
    write_rows(path, plain.select((pl.col("prompt") + pl.col(side)).alias(side) for side in SIDES))


def write_unpaired(pairs: Pairs, path: Path) -> None:
    """Write one row per response as messages: prompt, completion and whether it is a good one, for KTO."""
    write_rows(path, _unpaired(pairs.chat, pairs.carried))


def write_unpaired_texts(pairs: Pairs, path: Path) -> None:
    """Write as `write_unpaired`, as texts."""
    write_rows(path, _unpaired(pairs.texts("trl-unpaired-text"), []))


def with_margin(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with a margin: that of the consensus, 0 where there is none."""
    margin = pl.col("margin").fill_null(0.0) if "margin" in frame.columns else pl.lit(0.0)
    return frame.with_columns(margin.alias("margin"))


def _unpaired(frame: pl.DataFrame, more: list[str]) -> pl.DataFrame:
    numbered = frame.with_row_index("_pair")
    rows = [
        numbered.select("_pair", "prompt", pl.lit(side == "chosen").alias("label"), *more, completion=side)
        for side in SIDES
    ]
    return pl.concat(rows).sort("_pair", maintain_order=True).select("prompt", "completion", "label", *more)
