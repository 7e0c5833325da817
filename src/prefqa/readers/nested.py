"""Fields that are declared nested and stand otherwise in the source: as JSON in text, or as lists side by side.

A cell of CSV holds nested values as JSON. Arrow files that come from a `Sequence` of objects hold one object of lists,
where JSON of the same data set holds a list of objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from prefqa.preferences import ROW
from prefqa.readers.records import Misfit, Records, json_objects


def read_fields(records: Records, fields: Mapping[str, pl.DataType]) -> tuple[pl.DataFrame, list[Misfit]]:
    """Read declared fields as `Records.as_text` does, with nested ones in any of the three forms."""
    forms = {name: _form(records.schema.get(name), dtype) for name, dtype in fields.items()}
    stored = {name: _stored(forms[name], dtype) for name, dtype in fields.items()}
    frame, misfits = records.as_text(stored)
    for name, dtype in fields.items():
        if forms[name] == "text":
            decoded = decode(frame[name], dtype)
        elif forms[name] == "lists":
            decoded = _objects(frame, name, dtype)
        else:
            continue
        lost = frame.filter(decoded.is_null() & frame[name].is_not_null() & ~_is_blank(frame[name]))
        misfits += [Misfit(int(row), name, str(value)[:80]) for row, value in lost.select(ROW, name).iter_rows()]
        frame = frame.with_columns(decoded.alias(name))
    return frame, misfits


def decode(texts: pl.Series, dtype: Any) -> pl.Series:
    """Decode texts that hold JSON as a nested type whose leaves are text; any other text is null."""
    opening = "[" if isinstance(dtype, pl.List) else "{"
    stripped = texts.str.strip_chars()
    usable = stripped.str.starts_with(opening).fill_null(value=False)
    try:
        plain = pl.select(pl.when(usable).then(stripped)).to_series()
        return plain.str.json_decode(dtype).rename(texts.name)
    except pl.exceptions.PolarsError:  # a value that is no JSON, or of another structure
        # JSON has no line breaks within its strings, and between values they mean nothing.
        lines = stripped.str.replace_all(r"[\r\n]", " ")
        wrapped = pl.select(pl.when(usable).then(pl.lit('{"_":') + lines + "}").otherwise(pl.lit("{}"))).to_series()
        return json_objects(wrapped, {"_": dtype})["_"].rename(texts.name)


def _form(found: Any, declared: pl.DataType) -> str:
    if not declared.is_nested():
        return "plain"
    if found == pl.String():
        return "text"
    if isinstance(declared, pl.List) and isinstance(declared.inner, pl.Struct) and isinstance(found, pl.Struct):
        return "lists"
    return "plain"


def _stored(form: str, declared: Any) -> pl.DataType:
    if form == "text":
        return pl.String()
    if form == "lists":
        return pl.Struct({one.name: pl.List(one.dtype) for one in declared.inner.fields})
    return declared  # type: ignore[no-any-return]


def _objects(frame: pl.DataFrame, name: str, dtype: Any) -> pl.Series:
    """One list of objects of an object of lists; null where the lists are of different lengths."""
    inner = [one.name for one in dtype.inner.fields]
    lists = frame.select(ROW, name).unnest(name)
    lengths = [pl.col(one).list.len() for one in inner]
    longest, shortest = pl.max_horizontal(lengths), pl.min_horizontal(lengths)
    usable = lists.filter(longest == shortest).select(ROW, *inner, _n=longest)
    missing = [one for one in inner if lists[one].null_count() == lists.height]
    filled = usable.with_columns(pl.lit(None, dtype=_leaf(dtype, one)).repeat_by("_n").alias(one) for one in missing)
    each = filled.filter(pl.col("_n") > 0).explode(inner).select(ROW, _object=pl.struct(inner))
    whole = each.group_by(ROW, maintain_order=True).agg("_object")
    empty = filled.filter(pl.col("_n") == 0).select(ROW, pl.lit([], dtype).alias("_object"))
    both = pl.concat([whole.cast({"_object": dtype}), empty])
    return frame.select(ROW).join(both, on=ROW, how="left", maintain_order="left")["_object"].rename(name)


def _leaf(dtype: Any, name: str) -> pl.DataType:
    return next(one.dtype for one in dtype.inner.fields if one.name == name)  # type: ignore[no-any-return]


def _is_blank(values: pl.Series) -> pl.Series:
    if values.dtype != pl.String():
        return pl.Series([False]).new_from_index(0, values.len())
    return (values.str.strip_chars() == "").fill_null(value=True)
