"""Judgments with their texts, as layouts for a further round of annotation take them."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from prefqa._words import formatted
from prefqa.errors import UsageError
from prefqa.message_json import JSON, has_other_parts
from prefqa.messages import is_chat, with_json
from prefqa.writers.pair_forms import CARRIED


@dataclass(frozen=True)
class Tables:
    """The three tables of the standard form in memory.

    `places`, where it is known, has item_id, response_id and place (1 = best): what the annotators held so far.
    """

    judgments: pl.DataFrame
    responses: pl.DataFrame | None = None
    items: pl.DataFrame | None = None
    places: pl.DataFrame | None = None

    def texts(self, layout: str) -> pl.DataFrame:
        """Return item_id, prompt, response_id and text of every response that has one, in order.

        Raises:
            UsageError: there are no texts.
        """
        if self.responses is None or "text" not in self.responses.columns:
            raise UsageError(f"layout {layout!r} shows the responses, and there is no table of them with texts")
        whole = with_json(self.responses, ["text"], "the responses")
        rows = whole.select("item_id", "response_id", "text").drop_nulls("text")
        if self.items is not None and "prompt" in self.items.columns:
            prompts = with_json(self.items, ["prompt"], "the items").select("item_id", "prompt")
            rows = rows.join(prompts, on="item_id", how="left", maintain_order="left")
        else:
            rows = rows.with_columns(prompt=pl.lit(None, pl.String))
        return rows.with_columns(as_text(rows, name) for name in ("prompt", "text")).sort("item_id", "response_id")

    def orders(self) -> tuple[pl.DataFrame, int]:
        """Return item_id and response_id (a list, best first) of the items whose order so far has no tie.

        The second value is the number of items whose order has one: a list of responses cannot say it.
        """
        if self.places is None:
            return pl.DataFrame(schema={"item_id": pl.String, "response_id": pl.List(pl.String)}), 0
        each = self.places.drop_nulls("place").sort("item_id", "place", "response_id")
        orders = each.group_by("item_id", maintain_order=True).agg("response_id", pl.col("place").is_duplicated().any())
        return orders.filter(~pl.col("place")).drop("place"), int(orders["place"].sum())


def table_losses(*counted: tuple[str, int, int, str]) -> pl.DataFrame:
    """Reason, count, share and meaning of what a layout cannot hold, from (reason, count, of, meaning)."""
    rows = [(reason, n, n / max(of, 1), meaning) for reason, n, of, meaning in counted if n]
    schema = {"reason": pl.String, "count": pl.Int64, "share": pl.Float64, "meaning": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def text_losses(tables: Tables, n_items: int) -> list[tuple[str, int, int, str]]:
    """What records of plain texts cannot hold of prompts and responses, for `table_losses`."""
    counted: list[tuple[str, int, int, str]] = []
    items, responses = tables.items, tables.responses
    for table, name, what in ((items, "prompt", "prompts"), (responses, "text", "responses")):
        if table is not None and is_chat(table.schema.get(name)):
            n = int(table[name].list.len().gt(0).sum())
            counted.append(("messages", n, table.height, f"{what} are chat messages, and written as one text"))
    for name in CARRIED:
        for table in (items, tables.judgments):
            if table is not None and name in table.columns:
                n = table.filter(pl.col(name).is_not_null())["item_id"].n_unique()
                counted.append((name, n, n_items, f"the layout has no place for {name}; they are not written"))
                break
    return counted


def as_text(frame: pl.DataFrame, name: str) -> pl.Expr:
    """A column as text; messages as one line each, after who speaks: their text, parts and calls as JSON."""
    dtype = frame.schema[name]
    if dtype == pl.String() or not is_chat(dtype):
        return pl.col(name).cast(pl.String)
    fields = dtype.inner.to_schema()  # type: ignore[attr-defined]
    message = pl.element().struct
    content = message.field("content").cast(pl.String).fill_null("")
    calls = pl.lit("")
    if JSON in fields:
        written = message.field(JSON)
        content = pl.when(has_other_parts(written)).then(written.str.json_path_match("$.content")).otherwise(content)
        calls = pl.coalesce(message.field("tool_calls"), message.field("function_call"), pl.lit(""))
    turn = formatted("{}: {}{}", message.field("role").fill_null("?"), content, calls)
    return pl.col(name).list.eval(turn).list.join("\n").alias(name)
