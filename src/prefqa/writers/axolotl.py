"""Axolotl: the types chatml.intel and chat_template.default of DPO, and bradley_terry.chat_template."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from prefqa.errors import UsageError
from prefqa.writers.atomic import write_rows
from prefqa.writers.pair_forms import SIDES, Pairs


def write_intel(pairs: Pairs, path: Path) -> None:
    """Write chatml.intel: system, question, chosen, rejected."""
    plain = pairs.texts("axolotl-intel")
    write_rows(path, plain.select(pl.lit("").alias("system"), pl.col("prompt").alias("question"), *SIDES))


def write_chat(pairs: Pairs, path: Path) -> None:
    """Write chat_template.default: messages, and one message each as chosen and rejected."""
    last = [pl.col(side).list.last() for side in SIDES]
    write_rows(path, pairs.chat.select(pl.col("prompt").alias("messages"), *last))


def write_bradley_terry(pairs: Pairs, path: Path) -> None:
    """Write bradley_terry.chat_template: system, input, chosen, rejected; the prompt is one message of the user.

    Raises:
        UsageError: a prompt of several turns, which this type cannot hold.
    """
    roles = pl.col("prompt").list.eval(pl.element().struct.field("role"))
    content = pl.col("prompt").list.eval(pl.element().struct.field("content"))
    system = pl.when(roles.list.first() == "system").then(content.list.first()).otherwise(pl.lit(""))
    turns = roles.list.len() - (roles.list.first() == "system").fill_null(False).cast(pl.Int64)
    several = pairs.chat.select((turns > 1).sum()).item()
    if several:
        what = f"{several:,} prompts have several turns, and bradley_terry.chat_template holds one"
        raise UsageError(what, hint="take the layout axolotl-chat.")
    sides = [pl.col(side).list.last().struct.field("content").alias(side) for side in SIDES]
    asked = content.list.last().fill_null("").alias("input")
    write_rows(path, pairs.chat.select(system.alias("system"), asked, *sides))
