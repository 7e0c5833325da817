"""Label Studio: tasks for a Ranker, with what annotators held so far as a prediction, and the configuration."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from prefqa.writers.atomic import write_rows, write_text
from prefqa.writers.tables import Tables

CONFIG = """<View>
  <Text name="prompt" value="$prompt"/>
  <List name="results" value="$items" title="Responses"/>
  <Ranker name="rank" toName="results"/>
</View>
"""


def write_label_studio(tables: Tables, path: Path) -> None:
    """Write tasks, and their labelling configuration beside, as NAME.xml."""
    texts = tables.texts("label-studio")
    response = pl.struct(pl.col("response_id").alias("id"), pl.col("response_id").alias("title"), body="text")
    tasks = texts.group_by("item_id", maintain_order=True).agg(pl.col("prompt").first(), response.alias("items"))
    data = pl.struct(pl.col("prompt").fill_null(""), "items", "item_id").alias("data")
    rows = tasks.select("item_id", data)
    if tables.places is not None:
        rows = rows.join(_predictions(tables.places), on="item_id", how="left", maintain_order="left")
    write_rows(path, rows.drop("item_id"))
    write_text(path.with_suffix(".xml"), CONFIG)


def _predictions(places: pl.DataFrame) -> pl.DataFrame:
    """The order so far as a prediction; a Ranker has no ties."""
    ordered = places.sort("item_id", "place", "response_id").group_by("item_id", maintain_order=True)
    value = pl.struct(pl.struct(pl.col("response_id").alias("rank")).alias("ranker")).alias("value")
    named = {"from_name": "rank", "to_name": "results", "type": "ranker"}
    result = pl.struct(value, *(pl.lit(word).alias(name) for name, word in named.items()))
    prediction = pl.struct(pl.lit("prefqa").alias("model_version"), pl.concat_list(result).alias("result"))
    return ordered.agg("response_id").select("item_id", pl.concat_list(prediction).alias("predictions"))
