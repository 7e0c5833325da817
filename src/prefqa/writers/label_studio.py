"""Label Studio: tasks for a Ranker, with what annotators held so far as a prediction, and the configuration."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from prefqa.writers.atomic import write_rows, write_text
from prefqa.writers.file_sets import file_set
from prefqa.writers.tables import Tables, table_losses, text_losses
from prefqa.writers.targets import check_file

CONFIG = """<View>
  <Text name="prompt" value="$prompt"/>
  <List name="results" value="$items" title="Responses"/>
  <Ranker name="rank" toName="results"/>
</View>
"""


def write_label_studio(tables: Tables, path: Path) -> pl.DataFrame:
    """Write tasks, and their labelling configuration beside, as NAME.xml; orders with ties are counted.

    A Ranker has no ties, so that such an order is no prediction.
    """
    texts = tables.texts("label-studio")
    response = pl.struct(pl.col("response_id").alias("id"), pl.col("response_id").alias("title"), body="text")
    tasks = texts.group_by("item_id", maintain_order=True).agg(pl.col("prompt").first(), response.alias("items"))
    data = pl.struct(pl.col("prompt").fill_null(""), "items", "item_id").alias("data")
    rows = tasks.select("item_id", data)
    orders, n_tied = tables.orders()
    if orders.height:
        rows = rows.join(_predictions(orders), on="item_id", how="left", maintain_order="left")
    config = path.with_suffix(".xml").name
    check_file(path)
    with file_set(path.parent, family={path.name, config}) as files:
        write_rows(files.new / path.name, rows.drop("item_id"))
        write_text(files.new / config, CONFIG)
    tied = ("tied", n_tied, rows.height, "the order so far has ties, and stands as no prediction")
    return table_losses(tied, *text_losses(tables, rows.height))


def _predictions(orders: pl.DataFrame) -> pl.DataFrame:
    """The order so far as a prediction."""
    value = pl.struct(pl.struct(pl.col("response_id").alias("rank")).alias("ranker")).alias("value")
    named = {"from_name": "rank", "to_name": "results", "type": "ranker"}
    result = pl.struct(value, *(pl.lit(word).alias(name) for name, word in named.items()))
    prediction = pl.struct(pl.lit("prefqa").alias("model_version"), pl.concat_list(result).alias("result"))
    return orders.select("item_id", pl.concat_list(prediction).alias("predictions"))
