"""Columns of long rows that belong to a response, whatever they are called: lengths, token counts, reward scores."""

from __future__ import annotations

import polars as pl

from prefqa.preferences import JUDGMENT_TYPES
from prefqa.readers.laid import Laid

_NEVER = ("prompt", "text", "both_bad", "strength")


def with_response_columns(laid: Laid) -> tuple[pl.LazyFrame, tuple[str, ...]]:
    """Return the long rows, and the columns that belong to their responses.

    These are the ones that the layout names, and numbers that are one per response and differ between responses of an
    item.
    Numbers come as numbers, also where a CSV file has them as text.
    """
    long = laid.long
    schema = long.collect_schema()
    named = [name for name in laid.response_columns if name in schema]
    others = [
        name
        for name, dtype in schema.items()
        if name not in JUDGMENT_TYPES
        and not name.startswith("_")
        and name not in (*_NEVER, *named)
        and (dtype.is_numeric() or (dtype == pl.String() and name not in laid.table.source_names))
    ]
    if not others and not named:
        return long, ()
    numbers = [name for name in (*others, *named) if schema[name] == pl.String() and _is_numeric(long, name)]
    as_numbers = long.with_columns(pl.col(name).str.strip_chars().cast(pl.Float64, strict=False) for name in numbers)
    schema = as_numbers.collect_schema()
    others = [name for name in others if schema[name].is_numeric()]
    own = [*named, *(_one_per_response(as_numbers, others) if others else [])]
    moved = [name for name in numbers if name in own]
    return long.with_columns(pl.col(name).str.strip_chars().cast(pl.Float64, strict=False) for name in moved), tuple(
        own
    )


def _is_numeric(long: pl.LazyFrame, name: str) -> bool:
    values = long.select(name).head(500).collect()[name].str.strip_chars()
    values = values.filter(values != "").drop_nulls()
    return not values.is_empty() and values.cast(pl.Float64, strict=False).null_count() == 0


def _one_per_response(long: pl.LazyFrame, names: list[str]) -> list[str]:
    """Columns with one value per response and several within an item."""
    per_response = long.group_by("item_id", "response_id").agg(
        *(pl.col(name).drop_nulls().n_unique().alias(name) for name in names),
        *(pl.col(name).drop_nulls().first().alias(f"_{name}") for name in names),
    )
    per_item = per_response.group_by("item_id").agg(
        *(pl.col(name).max() for name in names),
        *(pl.col(f"_{name}").drop_nulls().n_unique().alias(f"_{name}") for name in names),
    )
    counted = (
        per_item.select(*(pl.col(name).max() for name in names), *(pl.col(f"_{name}").max() for name in names))
        .collect()
        .row(0, named=True)
    )
    return [name for name in names if (counted[name] or 0) == 1 and (counted[f"_{name}"] or 0) > 1]
