"""How columns of any type are read as their standard type; what cannot be read stays beside, as text."""

from __future__ import annotations

import polars as pl

from prefqa.errors import UsageError


def raw_name(column: str) -> str:
    """Name of the column that keeps, as text, the values of `column` that could not be read as its type."""
    return f"_{column}_raw"


def whole_rank(column: pl.Expr, *, integer: bool = False) -> pl.Expr:
    """A rank as an integer from 1; null for what is not one."""
    number = column.cast(pl.Int64 if integer else pl.Float64, strict=False)
    whole = (number >= 1) & (number < 2**31)
    whole = whole if integer else whole & (number == number.floor())
    return pl.when(whole).then(number).cast(pl.Int64, strict=False)


def cast(name: str, dtype: pl.DataType, wanted: pl.DataType) -> list[pl.Expr]:
    """Expressions that read `name` as its standard type, and keep as text what cannot be read so."""
    column = pl.col(name)
    if dtype == wanted and name != "rank":
        return []
    if dtype.is_nested() or dtype == pl.Object():
        raise UsageError(f"column {name!r} holds {dtype}, where {wanted} is expected")
    typed: pl.Expr
    if name == "rank":
        typed = whole_rank(column, integer=dtype.is_integer())
    elif name == "created_at":
        typed = _time(column, dtype)
    elif isinstance(wanted, pl.Boolean) and dtype == pl.String():
        lowered = column.str.to_lowercase()
        typed = (
            pl.when(lowered.is_in(["true", "1", "yes"]))
            .then(True)
            .when(lowered.is_in(["false", "0", "no"]))
            .then(False)
        )
    else:
        typed = column.cast(wanted, strict=False)
    unread = pl.when(typed.is_null() & column.is_not_null()).then(column.cast(pl.String, strict=False))
    return [typed.alias(name), unread.alias(raw_name(name))]


def _time(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Read times: with a zone as they stand, without one as UTC, text as ISO 8601, numbers as Unix seconds."""
    if isinstance(dtype, pl.Datetime):
        utc = column if dtype.time_zone else column.dt.replace_time_zone("UTC")
        return utc.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    if isinstance(dtype, pl.Date):
        return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if dtype.is_numeric():
        return (column.cast(pl.Float64) * 1e6).round().cast(pl.Int64, strict=False).cast(pl.Datetime("us", "UTC"))
    iso = column.cast(pl.String).str.strip_chars()
    zoned = iso.str.to_datetime("%+", strict=False, time_unit="us", time_zone="UTC")
    naive = [
        iso.str.to_datetime(form, strict=False, time_unit="us").dt.replace_time_zone("UTC")
        for form in ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d")
    ]
    return pl.coalesce(zoned, *naive)
