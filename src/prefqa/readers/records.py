"""Records of an export: what structure they have, and how they are read with text for every value.

Tools write one field as a number here and an object there. Read as text, each value survives as it was written; what a
column means is decided where it is known.
"""

from __future__ import annotations

import json
import math
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import polars as pl

from prefqa.dtypes import plain_columns, plain_names
from prefqa.errors import ReadError, UsageError
from prefqa.preferences import ROW
from prefqa.readers import blocks

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
        lines: JSON Lines with the records, a path, in memory, or several of these; None where there are only typed
            frames.
        rows: makes the records as Python objects, one by one, for files whose values do not agree on a structure.
        how: what is not usual in how the files were read, in short sentences.
        decimal_comma: a comma within a number cannot be the separator of the file; see `prefqa.casts.decimal_commas`.
    """

    schema: pl.Schema
    typed: Callable[[], pl.LazyFrame]
    lines: Any = None
    rows: Callable[[], Iterable[Row]] | None = field(default=None, repr=False)
    how: tuple[str, ...] = ()
    decimal_comma: bool = False

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

    @classmethod
    def joined(cls, parts: Sequence[Records]) -> Records:
        """Join the records of several files, one after the other; a column that some of them lack is null there."""
        if len(parts) == 1:
            return parts[0]
        how = tuple(dict.fromkeys(sentence for part in parts for sentence in part.how))
        made = [part.rows for part in parts if part.rows is not None and part.lines is not None]
        if len(made) < len(parts):
            frame = pl.concat([part.typed() for part in parts], how="diagonal_relaxed")
            return replace(cls.of_frame(frame), how=how, decimal_comma=all(part.decimal_comma for part in parts))

        def rows() -> Iterator[Row]:
            return (row for make in made for row in make())

        def typed() -> pl.LazyFrame:
            try:
                frame = pl.concat([part.typed() for part in parts], how="diagonal_relaxed")
                frame.collect_schema()
            except pl.exceptions.PolarsError as error:  # values that have another structure in another file
                what = str(error).splitlines()[0]
                raise ReadError(f"{len(parts)} files", f"the rows do not fit one table: {what}") from error
            return frame

        try:
            empty = [pl.LazyFrame(schema=part.schema) for part in parts]
            schema = pl.concat(empty, how="diagonal_relaxed").collect_schema()
        except pl.exceptions.PolarsError:
            schema = structure(rows())
        return cls(schema, typed, tuple(part.lines for part in parts), rows, how)

    @property
    def many(self) -> bool:
        """Whether they come from files so large that what is made of them stands on disk."""
        parts = self.lines if isinstance(self.lines, tuple) else (self.lines,)
        sizes = (part.stat().st_size if isinstance(part, Path) else 0 for part in parts)
        return sum(sizes) > blocks.BLOCK

    def head(self, n: int = 200) -> pl.DataFrame:
        """Return the first records with their own types, as far as their values agree on one."""
        if self.lines is None:
            return _plain(self.typed().head(n)).collect()
        first = b"\n".join(next(iter(blocks.blocks_of(self.lines)), b"").split(b"\n")[:n])
        # Values that disagree are mostly nested; without these the others are there, and otherwise none.
        for schema in (dict(self.schema), {name: kind for name, kind in self.schema.items() if not kind.is_nested()}):
            with suppress(pl.exceptions.PolarsError):
                found = pl.read_ndjson(first, schema=schema)
                missing = (pl.lit(None, kind).alias(name) for name, kind in self.schema.items() if name not in schema)
                return found.with_columns(missing).select(self.schema.names())
        return pl.DataFrame(schema=self.schema)

    def structured(self) -> Records:
        """The same records with the schema that `structure` finds, for values that disagree."""
        return self if self.rows is None else replace(self, schema=structure(self.rows()))

    def with_constant(self, name: str, value: str) -> Records:
        """The same records with one more column, of one value.

        Raises:
            UsageError: if they have a column of this name.
        """
        if name in self.schema:
            raise UsageError(f"the data has a column {name!r} already", hint="choose another name.")

        def typed() -> pl.LazyFrame:
            return self.typed().with_columns(pl.lit(value).alias(name))

        if self.lines is None or self.rows is None:
            return replace(self.of_frame(typed()), how=self.how, decimal_comma=self.decimal_comma)
        return replace(self.of_rows([row | {name: value} for row in self.rows()], typed), how=self.how)

    def as_text(self, wanted: Mapping[str, pl.DataType]) -> tuple[pl.DataFrame, list[Misfit]]:
        """Read the columns of `wanted`, whose leaves are text, with `ROW`; what does not fit is null and returned."""
        frame, misfits = self.scan_text(wanted)
        return frame.collect(), misfits

    def scan_text(self, wanted: Mapping[str, pl.DataType]) -> tuple[pl.LazyFrame, list[Misfit]]:
        """Do as `as_text`; what is read of a large file stands on disk.

        Reading goes by Polars, block by block; only a block in which a value has another structure than `wanted`, or in
        which Polars would not render nested values as the JSON that they are, goes through Python.
        """
        schema = dict(wanted)
        if not schema:
            return pl.LazyFrame(), []
        misfits: list[Misfit] = []
        parts, first = blocks.Parts({ROW: pl.UInt32()} | schema), 0
        for block in self._blocks(schema):
            frame = _as_it_stands(block, schema, first)
            if frame is None:
                frame = _scan(ndjson(self._fitted(block, schema, first, misfits)), schema, first)
            parts.add(frame)
            first += frame.height
        return parts.whole(), misfits

    def _blocks(self, schema: Mapping[str, pl.DataType]) -> Iterator[bytes]:
        if self.lines is not None:
            return blocks.blocks_of(self.lines)
        names = plain_names(self.schema.names())
        wanted = {names.get(name, name): name for name in self.schema if name in schema}
        frame = _plain(self.typed().rename(names).select(*wanted))
        return blocks.blocks_of_frame(frame.rename(wanted).collect())

    def _fitted(self, block: bytes, schema: Mapping[str, pl.DataType], first: int, misfits: list[Misfit]) -> list[Row]:
        try:
            rows = [json.loads(line) for line in block.split(b"\n") if line.strip()]
        except (ValueError, RecursionError):
            if self.rows is not None:
                deque(self.rows(), maxlen=0)  # names the line
            raise
        shape = pl.Struct(schema)
        return [_fit(row, shape, _Place(number, "", misfits)) for number, row in enumerate(rows, first)]


@dataclass(frozen=True)
class AskedRecords(Records):
    """Records that list the columns that a reader asked for, to say which ones it did not."""

    asked: list[str] = field(default_factory=list, repr=False, compare=False)

    @classmethod
    def of(cls, records: Records) -> AskedRecords:
        """Return the same records with an empty list."""
        return cls(**{one.name: getattr(records, one.name) for one in fields(records)})

    def scan_text(self, wanted: Mapping[str, pl.DataType]) -> tuple[pl.LazyFrame, list[Misfit]]:
        """Do as `Records.scan_text`, and list the columns."""
        self.asked.extend(wanted)
        return super().scan_text(wanted)


def _plain(frame: pl.LazyFrame) -> pl.LazyFrame:
    """A frame in plain types, with null for what has none."""
    plain, left_out = plain_columns(frame)
    return plain.with_columns(pl.lit(None, pl.String).alias(name) for name in left_out)


def ndjson(rows: Iterable[Row]) -> bytes:
    """JSON Lines of records; numbers that JSON does not have stand as text.

    Raises:
        UnicodeEncodeError: a text with half of a character; see `errors.whole_characters`.
    """
    rows = list(rows)
    try:
        lines = [json.dumps(row, allow_nan=False, default=str, ensure_ascii=False) for row in rows]
    except ValueError:
        lines = [json.dumps(_finite(row), default=str, ensure_ascii=False) for row in rows]
    return "\n".join(lines).encode()


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
    lines = "\n".join(texts).encode()
    if known is not None:
        frame = _as_it_stands(lines, known, 0)
        if frame is not None:
            return frame.drop(ROW)
    else:
        with suppress(pl.exceptions.PolarsError):
            return pl.read_ndjson(lines, infer_schema_length=None)
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


def _scan(lines: bytes, schema: dict[str, pl.DataType], first: int) -> pl.DataFrame:
    return pl.scan_ndjson(lines, schema=schema).with_row_index(ROW, first).collect()


def _as_it_stands(lines: bytes, schema: dict[str, pl.DataType], first: int) -> pl.DataFrame | None:
    """Records as Polars reads them; None where it cannot, or where it makes text of nested values that is not JSON.

    It escapes neither the backslashes nor most control characters in them.
    """
    try:
        frame = _scan(lines, schema, first)
    except pl.exceptions.PolarsError:
        return None
    odd = r"[\\\x00-\x1f]" if b"\\\\" in lines else r"[\x00-\x1f]"
    escaped = re.search(rb"\\[\\bfrtu]", lines) is not None
    return None if escaped and any(_holds_nested(column, odd) for column in frame.drop(ROW)) else frame


def _holds_nested(values: pl.Series, odd: str) -> bool:
    """Whether among texts, at any depth, is one that looks like a JSON list or object and matches a pattern."""
    if isinstance(values.dtype, pl.Struct):
        return any(_holds_nested(values.struct.field(one.name), odd) for one in values.dtype.fields)
    if isinstance(values.dtype, pl.List):
        return _holds_nested(values.explode(), odd)
    return bool((values.str.contains(r"^\s*[\[{]") & values.str.contains(odd)).any())


def _fit(value: Any, dtype: Any, place: _Place) -> Any:
    """The value where it has the structure, null where it has another; nested values as JSON where text is wanted."""
    if value is None:
        return None
    if dtype == pl.String():
        if isinstance(value, dict | list):
            return json.dumps(_finite(value))
        # Polars cannot read every number that Python writes.
        return repr(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
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
