"""Records of an export: what structure they have, and how they are read with text for every value.

Tools write one field as a number here and an object there. Read as text, each value survives as it was written; what a
column means is decided where it is known.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from prefqa.preferences import ROW

Row = dict[str, Any]


@dataclass(frozen=True)
class Misfit:
    """A value that has not the structure its tool writes."""

    row: int
    where: str
    found: str


@dataclass(frozen=True)
class Records:
    """The records of a source.

    Attributes:
        schema: names and types as far as the values agree on one; see `structure` where they do not.
        typed: makes the frame of these types.
        lines: JSON Lines with the records, a path or in memory; None where there are only typed frames.
        rows: makes the records as Python objects, for the few files whose values do not fit the tool's structure.
    """

    schema: pl.Schema
    typed: Callable[[], pl.LazyFrame]
    lines: Any = None
    rows: Callable[[], Sequence[Row]] | None = field(default=None, repr=False)

    @classmethod
    def of_frame(cls, frame: pl.LazyFrame) -> Records:
        """Wrap a typed frame."""
        return cls(frame.collect_schema(), lambda: frame)

    @classmethod
    def of_rows(cls, rows: Sequence[Row], typed: Callable[[], pl.LazyFrame]) -> Records:
        """Wrap records that are Python objects."""
        lines = ndjson(rows)
        try:
            schema = pl.scan_ndjson(lines, infer_schema_length=None).collect_schema()
        except pl.exceptions.PolarsError:
            schema = structure(rows)
        return cls(schema, typed, lines, lambda: rows)

    def structured(self) -> Records:
        """The same records with the schema that `structure` finds, for values that disagree."""
        return self if self.rows is None else replace(self, schema=structure(self.rows()))

    def as_text(self, wanted: Mapping[str, pl.DataType]) -> tuple[pl.DataFrame, list[Misfit]]:
        """Read the columns of `wanted`, whose leaves are text, with `ROW`; what does not fit is null and returned.

        Reading goes by Polars; only where a value has another structure than `wanted` does a file go through Python.
        """
        schema = dict(wanted)
        lines = self.lines
        if lines is None:
            frame = self.typed().select(pl.col(name) for name in self.schema if name in schema).collect()
            buffer = io.BytesIO()
            frame.write_ndjson(buffer)
            lines = buffer.getvalue()
        try:
            return _scan(lines, schema), []
        except pl.exceptions.PolarsError:
            rows = _loaded(lines) if self.rows is None else self.rows()
            misfits: list[Misfit] = []
            shape = pl.Struct(schema)
            fitted = [_fit(row, shape, _Place(number, "", misfits)) for number, row in enumerate(rows)]
            return _scan(ndjson(fitted), schema), misfits


def ndjson(rows: Iterable[Row]) -> bytes:
    """JSON Lines of records; numbers that JSON does not have stand as text."""
    rows = list(rows)
    try:
        return "\n".join(json.dumps(row, allow_nan=False, default=str) for row in rows).encode()
    except ValueError:
        return "\n".join(json.dumps(_finite(row), default=str) for row in rows).encode()


def text_of(dtype: Any) -> pl.DataType:
    """The same structure with text for every value."""
    if isinstance(dtype, pl.Struct) and dtype.fields:
        return pl.Struct({one.name: text_of(one.dtype) for one in dtype.fields})
    if isinstance(dtype, pl.List | pl.Array):
        return pl.List(text_of(dtype.inner))
    return pl.String()


def json_lists(texts: pl.Series) -> pl.Series:
    """Decode texts that hold JSON lists as lists of text, in which nested values stay JSON; any other text is null."""
    wanted = {"_": pl.List(pl.String())}
    lists = (texts.is_not_null() & texts.str.starts_with("[")).fill_null(False)
    objects = pl.select(pl.when(lists).then(pl.lit('{"_":') + texts + "}").otherwise(pl.lit('{"_":null}'))).to_series()
    return json_objects(objects, wanted)["_"].rename(texts.name)


def json_objects(texts: pl.Series, schema: Mapping[str, pl.DataType] | None = None) -> pl.DataFrame:
    """Decode texts that hold JSON objects, one row each; without a schema all that they hold, as it is found."""
    known = None if schema is None else dict(schema)
    if texts.is_empty():
        return pl.DataFrame(schema=known or {})
    try:
        return pl.read_ndjson("\n".join(texts).encode(), schema=known, infer_schema_length=None)
    except pl.exceptions.PolarsError:
        # Polars writes control characters as they are when it makes text of nested JSON, and refuses to read them.
        rows = [_lenient(text) for text in texts]
        shape = known or dict(structure(rows))
        fitted = [_fit(row, pl.Struct(shape), _Place(0, "", [])) for row in rows]
        return pl.read_ndjson(ndjson(fitted), schema=shape)


def structure(rows: Iterable[Row]) -> pl.Schema:
    """The structure of records whose values disagree: a nested value wins over a plain one, plain ones become text."""
    whole: Any = None
    for row in rows:
        whole = _merged(whole, row)
    found = _dtype(whole)
    return pl.Schema({one.name: one.dtype for one in found.fields} if isinstance(found, pl.Struct) else {})


def fields_of(dtype: Any) -> dict[str, pl.DataType]:
    """Fields of a struct, or of the structs in a list; none for any other type."""
    if isinstance(dtype, pl.List):
        dtype = dtype.inner
    return {one.name: one.dtype for one in dtype.fields} if isinstance(dtype, pl.Struct) else {}  # type: ignore[misc]


@dataclass(frozen=True)
class _Place:
    row: int
    path: str
    misfits: list[Misfit]

    def at(self, name: str) -> _Place:
        return _Place(self.row, f"{self.path}.{name}" if self.path else name, self.misfits)

    def misfit(self, value: Any) -> None:
        self.misfits.append(Misfit(self.row, self.path, json.dumps(value, default=str)[:80]))


def _scan(lines: Any, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    if not schema:
        return pl.DataFrame()
    return pl.scan_ndjson(lines, schema=schema).with_row_index(ROW).collect()


def _loaded(lines: Any) -> list[Row]:
    return [json.loads(line) for line in bytes(lines).splitlines() if line.strip()]


def _fit(value: Any, dtype: Any, place: _Place) -> Any:
    """The value where it has the structure, null where it has another."""
    if value is None or dtype == pl.String():
        return value
    if isinstance(dtype, pl.List):
        if isinstance(value, list):
            return [_fit(one, dtype.inner, place) for one in value]
    elif isinstance(value, dict):
        return {one.name: _fit(value.get(one.name), one.dtype, place.at(one.name)) for one in dtype.fields}
    place.misfit(value)
    return None


def _merged(known: Any, value: Any) -> Any:
    """What is known of a place (a dict, a list of one, or a type of Python) together with one more value."""
    if value is None:
        return known
    if isinstance(value, dict):
        base = known if isinstance(known, dict) else {}
        return base | {str(name): _merged(base.get(name), inner) for name, inner in value.items()}
    if isinstance(known, dict):
        return known
    if isinstance(value, list):
        inner = known[0] if isinstance(known, list) else None
        for one in value:
            inner = _merged(inner, one)
        return [inner]
    if isinstance(known, list):
        return known
    kind = type(value)
    if known is None or known is kind:
        return kind
    return float if {known, kind} == {int, float} else str


def _lenient(text: str) -> Row:
    try:
        row = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return {}
    return row if isinstance(row, dict) else {}


def _dtype(known: Any) -> Any:
    if isinstance(known, dict):
        return pl.Struct({name: _dtype(inner) for name, inner in known.items()})
    if isinstance(known, list):
        return pl.List(_dtype(known[0]))
    return {int: pl.Int64(), float: pl.Float64(), bool: pl.Boolean(), None: pl.Null()}.get(known, pl.String())


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
