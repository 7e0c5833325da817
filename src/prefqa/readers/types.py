"""One type for nested values that were read with different ones: objects with other keys, lists that were empty."""

from __future__ import annotations

from typing import Any

import polars as pl

from prefqa.readers.records import fields_of


def joint_type(one: Any, two: Any) -> Any:
    """Return the type that holds the values of both: objects have the keys of either, in the order of the first."""
    if one == two or two == pl.Null():
        return one
    if one == pl.Null():
        return two
    if isinstance(one, pl.Struct) and isinstance(two, pl.Struct):
        first, second = fields_of(one), fields_of(two)
        names = dict.fromkeys([*first, *second])
        return pl.Struct({name: joint_type(first.get(name, pl.Null()), second.get(name, pl.Null())) for name in names})
    if isinstance(one, pl.List) and isinstance(two, pl.List):
        return pl.List(joint_type(one.inner, two.inner))
    if isinstance(one, pl.List) or isinstance(two, pl.List):
        return one  # a list and a single value have no common type
    return pl.Float64() if one.is_numeric() and two.is_numeric() else pl.String()


def as_type(value: pl.Expr, have: Any, wanted: Any) -> pl.Expr:
    """Return values of type `have` as `wanted`, the joint type of it and others; a key that an object lacks is null."""
    if have == wanted:
        return value
    if have == pl.Null():
        return value.cast(wanted)
    if isinstance(have, pl.Struct) and isinstance(wanted, pl.Struct):
        known = fields_of(have)
        fields = [
            as_type(value.struct.field(name), known[name], dtype).alias(name)
            if name in known
            else pl.lit(None, dtype).alias(name)
            for name, dtype in fields_of(wanted).items()
        ]
        return pl.when(value.is_not_null()).then(pl.struct(fields))
    if isinstance(have, pl.List) and isinstance(wanted, pl.List):
        return value.list.eval(as_type(pl.element(), have.inner, wanted.inner))
    if isinstance(have, pl.Struct) and wanted == pl.String():
        return value.struct.json_encode()
    return value if have.is_nested() else value.cast(wanted)
