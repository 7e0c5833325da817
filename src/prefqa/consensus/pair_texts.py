"""What pairs are about: the texts of the two responses, the prompt, and what belongs to the prompt."""

from __future__ import annotations

import polars as pl

from prefqa.preferences import Preferences
from prefqa.writers.pair_forms import CARRIED, SIDES, text_fault, with_prompt


def with_texts(pairs: pl.DataFrame, preferences: Preferences) -> pl.DataFrame:
    """Add prompt, chosen and rejected, and tools, images, videos and audios of the item, as far as they are known.

    Prompts that are numbers, or names that are also those of the items, are no texts: they are `prompt_id`.
    `left_out`, where it is null, is then `several_contexts` (judgments of one item show different tools or media),
    `no_text` or `same_text`.
    """
    joined = pairs.lazy()
    items, known = preferences.items, preferences.texts
    if items is not None and "prompt" in items.columns:
        is_id = items.schema["prompt"] == pl.String() and items.select(_names_prompts()).item()
        prompts = items.lazy().select("item_id", pl.col("prompt").alias("prompt_id" if is_id else "prompt"))
        joined = joined.join(prompts, on="item_id", how="left", maintain_order="left")
    has_texts = (
        known is not None and known.select(pl.col("text").is_not_null().any()).collect(engine="streaming").item()
    )
    if known is not None and has_texts:
        for side in SIDES:
            texts = known.select("item_id", pl.col("response_id").alias(f"{side}_id"), side=pl.col("text"))
            texts = texts.rename({"side": side})
            joined = joined.join(texts, on=["item_id", f"{side}_id"], how="left", maintain_order="left")
    frame, faults = _with_context(joined.collect(), preferences)
    if has_texts:
        frame = with_prompt(frame)
        faults.append(text_fault(frame.schema))
    return frame.with_columns(left_out=pl.coalesce("left_out", *faults)).drop("_several")


def _names_prompts() -> pl.Expr:
    prompt = pl.col("prompt").drop_nulls()
    is_item = (pl.col("prompt") == pl.col("item_id")) & ~pl.col("prompt").str.contains(r"\s")
    return prompt.str.contains(r"^\s*\d+(\.\d+)?\s*$").all() | is_item.all(ignore_nulls=True)


def _with_context(pairs: pl.DataFrame, preferences: Preferences) -> tuple[pl.DataFrame, list[pl.Expr]]:
    """Join the columns of `CARRIED`, from the items or from the judgments."""
    items, columns = preferences.items, preferences.columns
    of_items = [name for name in CARRIED if items is not None and name in items.columns]
    of_judgments = [name for name in CARRIED if name in columns and name not in of_items]
    if not (of_items or of_judgments):
        return pairs.with_columns(_several=pl.lit(value=False)), []
    if items is not None and of_items:
        pairs = pairs.join(items.select("item_id", *of_items), on="item_id", how="left", maintain_order="left")
    if of_judgments:
        each = (
            preferences.usable().group_by("item_id").agg(pl.col(of_judgments).drop_nulls().unique(maintain_order=True))
        )
        several = pl.any_horizontal(pl.col(name).list.len() > 1 for name in of_judgments)
        one = each.with_columns(several.alias("_several"), pl.col(of_judgments).list.first()).collect()
        pairs = pairs.join(one, on="item_id", how="left", maintain_order="left")
    else:
        pairs = pairs.with_columns(_several=pl.lit(value=False))
    return pairs, [pl.when(pl.col("_several").fill_null(value=False)).then(pl.lit("several_contexts"))]
