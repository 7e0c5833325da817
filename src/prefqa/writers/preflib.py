"""PrefLib: one file per item, equal orders counted; who ordered is not kept."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from prefqa._words import formatted
from prefqa.errors import UsageError
from prefqa.writers.atomic import staged_directory, write_text
from prefqa.writers.tables import Tables, table_losses


def write_preflib(tables: Tables, path: Path) -> pl.DataFrame:
    """Write a directory of .soc (strict, complete), .soi, .toc or .toi (ties, incomplete) files, named by item.

    Raises:
        UsageError: no ranking, or an item whose id cannot name a file.
    """
    keys = [name for name in ("item_id", "annotator_id", "judgment_id") if name in tables.judgments.columns]
    number = pl.col("response_id").rank("dense").over("item_id").cast(pl.Int64)
    numbered = tables.judgments.drop_nulls(["item_id", "response_id"]).with_columns(_number=number)
    names = numbered.select("item_id", "_number", "response_id").unique().sort("item_id", "_number")
    ranked = numbered.filter(pl.col("rank") >= 1)
    if "status" in ranked.columns:
        ranked = ranked.filter(pl.col("status").is_null() | (pl.col("status") == "submitted"))
    if ranked.is_empty():
        raise UsageError("there is no ranking to write")
    places = ranked.group_by(*keys, "rank").agg(pl.col("_number").unique().sort())
    tied = pl.col("_number").list.len() > 1
    joined = pl.col("_number").cast(pl.List(pl.String)).list.join(",")
    word = pl.when(tied).then(pl.lit("{") + joined + "}").otherwise(joined)
    orders = places.sort(*keys, "rank").group_by(keys, maintain_order=True).agg(
        word.str.join(",").alias("order"), tied.any().alias("tied"), pl.col("_number").list.len().sum().alias("n")
    )  # fmt: skip
    with staged_directory(path) as stage:
        for (item,), part in orders.group_by("item_id", maintain_order=True):
            own = names.filter(item_id=item)
            if not str(item) or "/" in str(item) or str(item).startswith("."):
                raise UsageError(f"item {item!r} cannot name a file", hint="rename it.")
            if own["response_id"].str.contains(r"[\r\n]").any():
                raise UsageError(f"a response of item {item!r} has a line break in its id", hint="rename it.")
            complete = part["n"].min() == own.height
            kind = ("t" if part["tied"].any() else "s") + "o" + ("c" if complete else "i")
            write_text(stage / f"{item}.{kind}", _file(str(item), kind, own, part))
    responses = tables.responses
    n_texts = 0 if responses is None or "text" not in responses.columns else len(responses["text"].drop_nulls())
    return table_losses(
        ("annotators", orders.height, orders.height, "rankings are written, who made them is not"),
        ("texts", n_texts, n_texts, "responses are named, their texts and prompts are not written"),
    )


def _file(item: str, kind: str, names: pl.DataFrame, orders: pl.DataFrame) -> str:
    counts = orders.group_by("order").len("n").sort(pl.col("n"), "order", descending=[True, False])
    head = [
        f"# FILE NAME: {item}.{kind}",
        f"# TITLE: {item}",
        f"# DATA TYPE: {kind}",
        "# MODIFICATION TYPE: original",
        f"# NUMBER ALTERNATIVES: {names.height}",
        f"# NUMBER VOTERS: {orders.height}",
        f"# NUMBER UNIQUE ORDERS: {counts.height}",
    ]
    alternatives = names.select(formatted("# ALTERNATIVE NAME {}: {}", "_number", "response_id")).to_series()
    lines = counts.select(formatted("{}: {}", "n", "order")).to_series()
    return "\n".join([*head, *alternatives, *lines, ""])
