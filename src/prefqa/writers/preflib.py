"""PrefLib: one file per item, equal orders counted; who ordered is not kept."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from prefqa._words import formatted
from prefqa.errors import UsageError
from prefqa.writers.atomic import staged_directory, write_text
from prefqa.writers.tables import Tables, table_losses

#: Bytes that most file systems let a name have, without the ending; and characters of an id in a message.
_LONGEST, _SHOWN = 250, 40
#: Control characters, and what else some program takes for the end of a line.
_BREAKS = r"[\p{Cc}\u{2028}\u{2029}]"


def write_preflib(tables: Tables, path: Path) -> pl.DataFrame:
    """Write a directory of .soc (strict, complete), .soi, .toc or .toi (ties, incomplete) files, named by item.

    Raises:
        UsageError: no ranking, an item whose id cannot name a file, or a response with a line break in its id.
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
    _refuse_ids(orders["item_id"].unique(), names)
    with staged_directory(path) as stage:
        for (item,), part in orders.group_by("item_id", maintain_order=True):
            own = names.filter(item_id=item)
            complete = part["n"].min() == own.height
            kind = ("t" if part["tied"].any() else "s") + "o" + ("c" if complete else "i")
            write_text(stage / f"{item}.{kind}", _file(str(item), kind, own, part))
    responses = tables.responses
    n_texts = 0 if responses is None or "text" not in responses.columns else len(responses["text"].drop_nulls())
    return table_losses(
        ("annotators", orders.height, orders.height, "rankings are written, who made them is not"),
        ("texts", n_texts, n_texts, "responses are named, their texts and prompts are not written"),
    )


def _refuse_ids(items: pl.Series, names: pl.DataFrame) -> None:
    """Refuse ids that would become another path, another file, or another line than their own."""
    path = (items == "") | items.str.contains(r"^\.|[/\\]") | (items.str.len_bytes() > _LONGEST)
    for item in items.filter(path | items.str.contains(_BREAKS)).sort().head(1):
        shown = repr(item if len(item) <= _SHOWN else f"{item[:_SHOWN]}…")
        raise UsageError(f"item {shown} cannot name a file", hint="rename it, or write another layout.")
    same = items.filter(items.str.to_lowercase().is_duplicated()).sort().head(2).to_list()
    if same:
        raise UsageError(f"items {same[0]!r} and {same[1]!r} name one file on many systems", hint="rename one.")
    for (item,) in names.filter(pl.col("response_id").str.contains(_BREAKS)).head(1).select("item_id").iter_rows():
        raise UsageError(f"a response of item {item!r} has a line break in its id", hint="rename it.")


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
