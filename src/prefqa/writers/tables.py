"""Judgments with their texts, as layouts for a further round of annotation take them."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from prefqa._words import formatted
from prefqa.errors import UsageError


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
        rows = self.responses.select("item_id", "response_id", pl.col("text")).drop_nulls("text")
        if self.items is not None and "prompt" in self.items.columns:
            prompts = self.items.select("item_id", "prompt")
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
    rows = [(reason, n, n / of, meaning) for reason, n, of, meaning in counted if n]
    schema = {"reason": pl.String, "count": pl.Int64, "share": pl.Float64, "meaning": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def as_text(frame: pl.DataFrame, name: str) -> pl.Expr:
    """A column as text; messages as one line each, after who speaks."""
    if frame.schema[name] == pl.String():
        return pl.col(name)
    turn = formatted("{}: {}", pl.element().struct.field("role"), pl.element().struct.field("content"))
    return pl.col(name).list.eval(turn).list.join("\n").alias(name)
