"""Columns in plain types, by what their names say they are; see `prefqa.dtypes`."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from prefqa.dtypes import plain_columns
from prefqa.readers.names import ROW_IDS, key, roles_of
from prefqa.times import written_times

#: Roles whose numbers name something.
NUMBERED = {"item_id", "annotator_id", "response_id", "judgment_id", "winner", "batch"}
#: Whole numbers below this one are exact as floats.
_EXACT = 2**53


def plain_types(frame: pl.LazyFrame) -> tuple[pl.LazyFrame, tuple[str, ...]]:
    """Return the frame in types that the layouts know, and in sentences what has been left out of it.

    Besides what `plain_columns` does, times under the names of ranks, ids and so on become text, NaN (but not of ranks
    and scores) null, and ids that are whole numbers integers (1.0 and 1 are one id).
    """
    frame, left_out = plain_columns(frame)
    changed: list[pl.Expr] = []
    for name, dtype in frame.collect_schema().items():
        if dtype.is_float():
            roles = set(roles_of(name))
            if NUMBERED & roles or key(name) in ROW_IDS:
                changed.append(_whole(frame, name))
            elif not roles & {"rank", "score"}:  # whose NaN the checks report
                changed.append(pl.col(name).fill_nan(None))
        elif dtype.is_temporal() and (roles := set(roles_of(name))) and "created_at" not in roles:
            changed.append(written_times(pl.col(name), dtype).alias(name))  # so that no day is read as a number
    return frame.with_columns(changed), sentences(left_out)


def sentences(left_out: Mapping[str, str]) -> tuple[str, ...]:
    """Return in sentences which columns are left out, and why."""
    reasons = dict.fromkeys(left_out.values())
    return tuple(_left_out([name for name, why in left_out.items() if why == what], what) for what in reasons)


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
