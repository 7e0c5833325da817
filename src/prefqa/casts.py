"""How columns of any type are read as their standard type; what cannot be read stays beside, as text."""

from __future__ import annotations

import polars as pl

from prefqa.errors import UsageError
from prefqa.times import PLAIN, TimeForms, as_written, time_of

#: A whole number, or one with a decimal comma; and one whose comma may as well stand between thousands.
DECIMAL_COMMA, THOUSANDS = r"^\s*[+-]?\d+(,\d+)?\s*$", r"^\s*[+-]?[1-9]\d{0,2},\d{3}\s*$"


def raw_name(column: str) -> str:
    """Name of the column that keeps, as text, the values of `column` that could not be read as its type."""
    return f"_{column}_raw"


def whole_rank(column: pl.Expr, *, integer: bool = False) -> pl.Expr:
    """A rank as an integer from 1; null for what is not one."""
    number = column.cast(pl.Int64 if integer else pl.Float64, strict=False)
    whole = (number >= 1) & (number < 2**31)
    whole = whole if integer else whole & (number == number.floor())
    return pl.when(whole).then(number).cast(pl.Int64, strict=False)


def decimal_commas(name: str) -> pl.Expr:
    """Numbers with decimal commas, "3,5", as text with points, where the column as a whole is of such numbers.

    For files whose separator is not a comma. A column stays as it is if a value is anything else, as "1.234,5" is, or
    if all commas may stand between thousands, as in "1,234".
    """
    column = pl.col(name)
    fits = (column.str.contains(DECIMAL_COMMA) | (column.str.strip_chars() == "")).all()
    decides = (column.str.contains(",", literal=True) & ~column.str.contains(THOUSANDS)).any()
    pointed = column.str.strip_chars().str.replace(",", ".", literal=True)
    return pl.when(fits & decides).then(pointed).otherwise(column).alias(name)


def cast(name: str, dtype: pl.DataType, wanted: pl.DataType, times: TimeForms = PLAIN) -> list[pl.Expr]:
    """Expressions that read `name` as its standard type, and keep as text what cannot be read so.

    Times are read as `times` has it; see `prefqa.times.time_forms`.
    """
    column = pl.col(name)
    if dtype == wanted and name not in ("rank", "created_at"):
        return []
    if dtype.is_nested() or dtype == pl.Object():
        raise UsageError(f"column {name!r} holds {dtype}, where {wanted} is expected")
    typed: pl.Expr
    if name == "rank" and not dtype.is_temporal():
        typed = whole_rank(column, integer=dtype.is_integer())
    elif name == "created_at":
        typed = time_of(column, dtype, times)
    elif dtype.is_temporal() and not isinstance(wanted, pl.String):  # no day is a number
        typed = pl.lit(None, wanted)
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
    written = as_written(column, dtype) if name == "created_at" else column.cast(pl.String, strict=False)
    unread = pl.when(typed.is_null() & column.is_not_null()).then(written)
    return [typed.alias(name), unread.alias(raw_name(name))]
