"""Argilla: records for a further round, with what annotators held so far as a suggestion."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from prefqa.writers.atomic import write_rows
from prefqa.writers.tables import Tables

QUESTION = "ranking"


def write_argilla(tables: Tables, path: Path) -> None:
    """Write records as `rg.Dataset.records.from_json` reads them: fields prompt and one per response.

    The options of the ranking question are the ids of the responses; where a record has fewer, their fields are null.
    """
    texts = tables.texts("argilla")
    ids = texts["response_id"].unique().sort().to_list()
    one = [pl.col("text").filter(pl.col("response_id") == response).first().alias(response) for response in ids]
    records = texts.group_by("item_id", maintain_order=True).agg(pl.col("prompt").first(), *one)
    fields = pl.struct(pl.col("prompt").fill_null(""), *ids).alias("fields")
    rows = records.select(pl.col("item_id").alias("id"), fields)
    if tables.places is not None:
        rows = rows.join(_suggestions(tables.places), on="id", how="left", maintain_order="left")
    write_rows(path, rows)


def _suggestions(places: pl.DataFrame) -> pl.DataFrame:
    """The order so far, in the form of nested records: a list of options, best first, without ties."""
    ordered = places.sort("item_id", "place", "response_id").group_by("item_id", maintain_order=True)
    value = ordered.agg(pl.col("response_id").alias("value")).rename({"item_id": "id"})
    answer = pl.struct("value", pl.lit("prefqa").alias("agent"))
    return value.select("id", pl.struct(answer.alias(QUESTION)).alias("suggestions"))
