"""Texts put together from columns."""

from __future__ import annotations

import polars as pl


def formatted(template: str, *parts: pl.Expr | pl.Series | str) -> pl.Expr:
    """Fill the `{}` of a template with columns or series, null where one of them is.

    As `pl.format`, which in Polars 2.1 panics on a text column whose first chunk a filter has emptied.

    Example:
        >>> pl.DataFrame({"n": [2]}).select(formatted("{} of {} rows", "n", pl.col("n") + 1)).item()
        '2 of 3 rows'
    """
    words = template.split("{}")
    if len(words) != len(parts) + 1:
        raise ValueError(f"{template!r} has {len(words) - 1} places, and there are {len(parts)} columns")
    between = [[pl.lit(word)] if word else [] for word in words]
    values = [
        part if isinstance(part, pl.Expr) else pl.col(part) if isinstance(part, str) else pl.lit(part) for part in parts
    ]
    return pl.concat_str(
        [*between[0], *(one for pair in zip(values, between[1:], strict=True) for one in (pair[0], *pair[1]))]
    )
