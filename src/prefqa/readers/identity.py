"""Names for items and responses of data sets that give none: by their prompts, and by their texts."""

from __future__ import annotations

import polars as pl

from prefqa._words import formatted
from prefqa.messages import sameness_of
from prefqa.notes import Note
from prefqa.preferences import ROW
from prefqa.readers.export import note


def key(frame: pl.DataFrame, name: str) -> pl.Expr:
    """A column of texts or chat messages as the text that identifies its value."""
    if isinstance(frame.schema[name], pl.List):
        return sameness_of(name, frame.schema[name]).list.join(",")
    return pl.col(name).cast(pl.String)


def by_prompt(frame: pl.DataFrame, *columns: str) -> pl.Expr:
    """One item per prompt; records without one are items of their own."""
    whole = pl.concat_str([key(frame, name).fill_null("") for name in columns], separator="\x1f")
    known = pl.any_horizontal(pl.col(name).is_not_null() for name in columns)
    return pl.when(known).then(formatted("prompt-{}", whole.rank("dense").cast(pl.Int64)))


def by_text(rows: pl.DataFrame) -> pl.DataFrame:
    """Name the two responses of each vote (`first_id`, `second_id`) by the order of their texts within the item."""
    if "item_id" not in rows.columns:
        return rows.with_columns(first_id=pl.lit("first"), second_id=pl.lit("second"))
    item = pl.coalesce(pl.col("item_id").cast(pl.String), formatted("row-{}", ROW))
    sides = [
        rows.select(item.alias("_item"), _text=key(rows, f"{side}_text").fill_null("")) for side in ("first", "second")
    ]
    number = pl.concat(sides).select(formatted("r{}", pl.col("_text").rank("dense").over("_item"))).to_series()
    names = rows.with_columns(number.head(rows.height).alias("first_id"), number.tail(rows.height).alias("second_id"))
    # Equal texts are still two responses.
    again = pl.when(pl.col("first_id") == pl.col("second_id")).then(pl.col("second_id") + "-again")
    return names.with_columns(second_id=again.otherwise("second_id"))


def no_vote(rows: pl.DataFrame, written: str) -> tuple[Note, ...]:
    """A note on the records whose vote is missing."""
    text = "{n} of {of} records have no vote; they are left out."
    return note("PQ727", text, rows.filter(pl.col(written).is_null()), rows.height)
