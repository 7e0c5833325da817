"""Argilla: records for a further round, with what annotators held so far as a suggestion."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from prefqa.writers.atomic import write_rows
from prefqa.writers.tables import Tables, table_losses, text_losses

QUESTION = "ranking"


def write_argilla(tables: Tables, path: Path) -> pl.DataFrame:
    """Write records as `rg.Dataset.records.from_json` reads them: fields prompt and one per response.

    The options of the ranking question are the ids of the responses; where a record has fewer, their fields are null.
    An order with ties is no suggestion, since these records hold lists of options alone; such orders are counted.
    """
    texts = tables.texts("argilla")
    ids = texts["response_id"].unique().sort().to_list()
    one = [pl.col("text").filter(pl.col("response_id") == response).first().alias(response) for response in ids]
    records = texts.group_by("item_id", maintain_order=True).agg(pl.col("prompt").first(), *one)
    fields = pl.struct(pl.col("prompt").fill_null(""), *ids).alias("fields")
    rows = records.select(pl.col("item_id").alias("id"), fields)
    orders, n_tied = tables.orders()
    if orders.height:
        answer = pl.struct(pl.col("response_id").alias("value"), pl.lit("prefqa").alias("agent")).alias(QUESTION)
        suggestions = orders.select(pl.col("item_id").alias("id"), pl.struct(answer).alias("suggestions"))
        rows = rows.join(suggestions, on="id", how="left", maintain_order="left")
    write_rows(path, rows)
    tied = ("tied", n_tied, rows.height, "the order so far has ties, and stands as no suggestion")
    return table_losses(tied, *text_losses(tables, rows.height))
