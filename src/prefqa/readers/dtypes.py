"""Columns of types that preference data does not have (bytes, arrays, durations, objects) as ones that it has."""

from __future__ import annotations

from contextlib import suppress

import polars as pl

from prefqa.readers.names import ROW_IDS, key, roles_of

#: Rows by which bytes are known to be text before all of them are decoded.
_SAMPLE = 500
_MICROSECONDS = 1_000_000
#: Roles whose numbers name something.
NUMBERED = {"item_id", "annotator_id", "response_id", "judgment_id", "winner", "batch"}
#: Whole numbers below this one are exact as floats.
_EXACT = 2**53


def plain_types(frame: pl.LazyFrame) -> tuple[pl.LazyFrame, tuple[str, ...]]:
    """Return the frame in types that the layouts know, and in sentences what has been left out of it.

    Arrays become lists, categories and times of day text, durations seconds, NaN (but not of ranks and scores) null,
    ids
    that are whole numbers integers (1.0 and 1 are one id), and bytes text where all of them are UTF-8.
    """
    changed: list[pl.Expr] = []
    objects: list[str] = []
    binary: list[str] = []
    for name, dtype in frame.collect_schema().items():
        column = pl.col(name)
        if dtype == pl.Object():
            objects.append(name)
        elif dtype == pl.Binary():
            if _is_text(frame, name):
                changed.append(column.cast(pl.String))
            else:
                binary.append(name)
        elif isinstance(dtype, pl.Array):
            changed.append(column.arr.to_list())
        elif isinstance(dtype, pl.Duration):
            changed.append(column.dt.total_microseconds() / _MICROSECONDS)
        elif dtype.is_float():
            roles = set(roles_of(name))
            if NUMBERED & roles or key(name) in ROW_IDS:
                changed.append(_whole(frame, name))
            elif not roles & {"rank", "score"}:  # whose NaN the checks report
                changed.append(column.fill_nan(None))
        elif isinstance(dtype, pl.Categorical | pl.Enum | pl.Time):
            changed.append(column.cast(pl.String))
    left_out = ((objects, "Python objects"), (binary, "bytes that are no text"))
    how = tuple(_left_out(names, what) for names, what in left_out if names)
    return frame.with_columns(changed).drop(objects, binary), how


def _left_out(names: list[str], what: str) -> str:
    shown = ", ".join(map(repr, names))
    if len(names) == 1:
        return f"column {shown} holds {what} and is left out"
    return f"columns {shown} hold {what} and are left out"


def _whole(frame: pl.LazyFrame, name: str) -> pl.Expr:
    """The numbers of a column as integers where all of them are whole."""
    number = pl.col(name).fill_nan(None)
    whole = ((number == number.round()) & (number.abs() < _EXACT)).all()
    return number.cast(pl.Int64) if frame.select(whole).collect().item() else number


def _is_text(frame: pl.LazyFrame, name: str) -> bool:
    """Whether all bytes of a column are UTF-8."""
    decoded = pl.col(name).cast(pl.String).null_count()
    with suppress(pl.exceptions.ComputeError):
        frame.select(name).head(_SAMPLE).select(decoded).collect()
        frame.select(decoded).collect()
        return True
    return False
