"""The door for columns: types that preference data does not have become ones that it has, and names are plain names.

Behind it there are text, booleans, integers of 64 bits, other numbers, times of the years 1 to 9999, and lists and
objects of these; and no name of a column or a key is one that Polars takes for a pattern.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import polars as pl

from prefqa.times import in_years, written_times

#: Rows by which bytes are known to be text before all of them are decoded.
_SAMPLE = 500
_MICROSECONDS = 1_000_000
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1
#: Integers that may be beyond 64 bits.
_WIDE = (pl.UInt64, pl.Int128, pl.UInt128)
OBJECTS, BYTES = "Python objects", "bytes that are no text"


class Plain(NamedTuple):
    """A frame of plain types, and the columns that it lacks: what they hold, by name."""

    frame: pl.LazyFrame
    left_out: Mapping[str, str]


def plain_columns(frame: pl.LazyFrame) -> Plain:
    """Return a frame in types that the layouts know.

    At any depth arrays become lists, categories and times of day text, durations seconds, decimals floats, objects
    without keys null, and times outside of the years 1 to 9999 null. Of whole columns, bytes become text where all of
    them are UTF-8, and are left out otherwise; integers beyond 64 bits, and times of which some are outside of these
    years, become text. Python objects are left out.
    """
    schema = frame.collect_schema()
    checked = _checked(frame, schema)
    changed: list[pl.Expr] = []
    left_out: dict[str, str] = {}
    for name, dtype in schema.items():
        column = pl.col(name)
        if dtype == pl.Object():
            left_out[name] = OBJECTS
        elif dtype == pl.Binary() and not _is_text(frame, name):
            left_out[name] = BYTES
        elif name in checked:
            changed.append(checked[name].alias(name))
        elif (plain := _plain(column, dtype)) is not column:
            changed.append(plain.alias(name))
    if not changed and not left_out:
        return Plain(frame, {})
    return Plain(frame.with_columns(changed).drop(list(left_out)), left_out)


def plain_names(names: Collection[str]) -> dict[str, str]:
    """Return other names for those that Polars takes for patterns (`*`, `^…$`): with `_` behind them."""
    taken, new = set(names), {}
    for name in names:
        if is_pattern(name):
            new[name] = free_name(f"{name}_", taken)
            taken.add(new[name])
    return new


def is_pattern(name: str) -> bool:
    """Whether Polars takes a name for a pattern of names."""
    return name == "*" or (name.startswith("^") and name.endswith("$"))


def free_name(name: str, taken: Collection[str]) -> str:
    """Return a name that no column has: `name`, or with as many `_` behind it as needed."""
    while name in taken:
        name += "_"
    return name


def as_text(value: pl.Expr, dtype: Any) -> pl.Expr:
    """Return the values of any plain type as text: nested ones as JSON, null as null."""
    if not dtype.is_nested():
        return value.cast(pl.String)
    if isinstance(dtype, pl.Struct):
        return value.struct.json_encode()
    whole = pl.struct(value.alias("_")).struct.json_encode()  # which lists do not have
    return pl.when(value.is_not_null()).then(whole.str.slice(5).str.head(-1))


def _plain(value: pl.Expr, dtype: Any) -> pl.Expr:
    """The values in a plain type: `value` itself where they are in one already."""
    if isinstance(dtype, pl.Categorical | pl.Enum | pl.Time | pl.Binary):
        return value.cast(pl.String, strict=False)
    if isinstance(dtype, pl.Duration):
        return value.dt.total_microseconds() / _MICROSECONDS
    if isinstance(dtype, pl.Decimal):
        return value.cast(pl.Float64)
    if isinstance(dtype, pl.Array):
        return _plain_list(value.arr.to_list(), dtype.inner)
    if isinstance(dtype, pl.List):
        return _plain_list(value, dtype.inner)
    return _plain_object(value, dtype) if isinstance(dtype, pl.Struct) else value


def _plain_inner(value: pl.Expr, dtype: Any) -> pl.Expr:
    """Values within lists and objects, where nothing can be told of a column as a whole."""
    if isinstance(dtype, pl.Binary):  # of images, most often
        return pl.lit(None, pl.String)
    if isinstance(dtype, _WIDE):
        return value.cast(pl.String)
    return in_years(value, dtype) if isinstance(dtype, pl.Datetime | pl.Date) else _plain(value, dtype)


def _plain_list(value: pl.Expr, inner: Any) -> pl.Expr:
    element = pl.element()
    plain = _plain_inner(element, inner)
    return value if plain is element else value.list.eval(plain)


def _plain_object(value: pl.Expr, dtype: pl.Struct) -> pl.Expr:
    """An object with plain keys and values; null where its type has no keys."""
    if not dtype.fields:
        return pl.lit(None, pl.String)
    names = [one.name for one in dtype.fields]
    renamed = plain_names(names)
    whole = value.struct.rename_fields([renamed.get(name, name) for name in names]) if renamed else value
    fields, same = [], True
    for one in dtype.fields:
        name = renamed.get(one.name, one.name)
        field = whole.struct.field(name)
        plain = _plain_inner(field, one.dtype)
        same &= plain is field
        fields.append(plain.alias(name))
    return whole if same else pl.when(value.is_not_null()).then(pl.struct(fields))


def _checked(frame: pl.LazyFrame, schema: Mapping[str, Any]) -> dict[str, pl.Expr]:
    """Columns of types with values that Polars cannot show, or that others cannot hold: text where there are any."""
    wide = [name for name, dtype in schema.items() if isinstance(dtype, _WIDE)]
    times = [name for name, dtype in schema.items() if isinstance(dtype, pl.Datetime | pl.Date)]
    times = [name for name in times if getattr(schema[name], "time_unit", None) != "ns"]  # all of which can be shown
    if not wide and not times:
        return {}
    inside = [pl.col(name).is_between(_LOWEST, _HIGHEST).all().alias(name) for name in wide]
    inside += [
        (in_years(pl.col(name), schema[name]).null_count() == pl.col(name).null_count()).alias(name) for name in times
    ]
    fit = frame.select(inside).collect(engine="streaming").row(0, named=True)
    changed = {name: pl.col(name).cast(pl.Int64 if fit[name] else pl.String) for name in wide}
    return changed | {name: written_times(pl.col(name), schema[name]) for name in times if not fit[name]}


def _is_text(frame: pl.LazyFrame, name: str) -> bool:
    """Whether all bytes of a column are UTF-8."""
    decoded = pl.col(name).cast(pl.String).null_count()
    with suppress(pl.exceptions.ComputeError):
        frame.select(name).head(_SAMPLE).select(decoded).collect()
        frame.select(decoded).collect()
        return True
    return False
