"""Cells that hold more than a value: JSON as text, chat messages of any form, answers as objects."""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from prefqa.errors import UsageError
from prefqa.preferences import ROW
from prefqa.readers.records import fields_of
from prefqa.readers.table import Table

#: Field names of a message, and of the text of an answer that is an object.
_ROLES = (
    ("role", "content"),
    ("from", "value"),
    ("role", "value"),
    ("from", "content"),
    ("role", "text"),
    ("speaker", "text"),
)
_TEXT_FIELDS = ("text", "content", "value", "response", "output", "completion", "answer", "generation", "response_text")
_SPEAKERS = {
    "human": "user", "gpt": "assistant", "prompter": "user", "bot": "assistant", "model": "assistant", "chatgpt": "assistant",
    "User": "user", "Assistant": "assistant", "Human": "user", "System": "system", "bing": "assistant",
}  # fmt: skip


def is_messages(dtype: Any) -> bool:
    """Whether a type holds chat messages: a list of objects with a speaker and a content."""
    return isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct) and _speaker(dtype.inner) is not None


def is_texts(dtype: Any) -> bool:
    """Whether a type holds a list of plain values."""
    return isinstance(dtype, pl.List) and not dtype.inner.is_nested()


def decoded(table: Table, columns: Sequence[str], *, lists: bool = False) -> Table:
    """Return the table with JSON in cells of these columns decoded; lists of plain values only where `lists`.

    Raises:
        UsageError: a cell that is not JSON where those before it are, with its row.
    """
    schema = table.schema
    texts = [name for name in columns if schema.get(name) == pl.String()]
    found = [name for name in texts if _all_json(table.sample(name)[name])]
    if not found:
        return table
    frame = table.frame.collect()
    for name in found:
        column = _decode(frame[name], table.shown(name), table.origin)
        if lists or not is_texts(column.dtype) or column.list.len().max() == 1:
            one = is_texts(column.dtype) and not lists
            frame = frame.with_columns(column.list.first() if one else column)
    return table.with_frame(frame.lazy())


def chat(table: Table, columns: Sequence[str]) -> Table:
    """Return the table with chat messages in one form, (role, content, ...), and answers that are objects as their text.

    The order of keys and further keys mean nothing; a key that is missing is null. Columns of messages get one type.

    Raises:
        UsageError: a content with a part that is not text, with its row.
    """
    table = decoded(table, columns)
    frame = table.frame
    schema = frame.collect_schema()
    for name in columns:
        dtype = schema.get(name)
        if isinstance(dtype, pl.Struct):
            frame = frame.with_columns(_of_object(name, dtype))
        elif is_messages(dtype):
            _refuse_parts(frame, name, dtype, table)
            frame = frame.with_columns(_standard(name, dtype))
    schema = frame.collect_schema()
    several = [name for name in columns if is_messages(schema.get(name))]
    fields: dict[str, pl.DataType] = {}
    for name in several:
        for one, dtype in fields_of(schema[name]).items():
            if one not in fields or fields[one] == pl.Null():
                fields[one] = dtype
    for name in several:
        have = fields_of(schema[name])
        if list(have) != list(fields):
            whole = pl.struct(
                (pl.element().struct.field(one) if one in have else pl.lit(None, dtype)).alias(one)
                for one, dtype in fields.items()
            )
            frame = frame.with_columns(pl.col(name).list.eval(whole))
    return table.with_frame(frame)


def encoded(name: str, dtype: Any) -> pl.Expr:
    """Return a column as the text that identifies its value; chat messages by their JSON."""
    if isinstance(dtype, pl.Struct):
        return pl.col(name).struct.json_encode()
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct):
        return pl.col(name).list.eval(pl.element().struct.json_encode()).list.join(",")
    if dtype.is_nested():
        return pl.col(name).cast(pl.List(pl.String), strict=False).list.join(",")
    return pl.col(name).cast(pl.String)


def _speaker(dtype: pl.Struct) -> tuple[str, str] | None:
    names = {one.name for one in dtype.fields}
    return next(((role, content) for role, content in _ROLES if {role, content} <= names), None)


def _standard(name: str, dtype: Any) -> pl.Expr:
    return pl.col(name).list.eval(_message(pl.element().struct, dtype.inner))


def _message(one: Any, dtype: pl.Struct) -> pl.Expr:
    """A message with its speaker as `role`, its text as `content`, and its further keys."""
    role, content = _speaker(dtype) or ("role", "content")
    fields = fields_of(dtype)
    text = one.field(content)
    if isinstance(fields[content], pl.List):
        text = text.list.eval(pl.element().struct.field("text")).list.join("\n")
    who = one.field(role).cast(pl.String).replace(_SPEAKERS)
    rest = [one.field(other).alias(other) for other in sorted(fields) if other not in (role, content)]
    return pl.struct(who.alias("role"), text.alias("content"), *rest)


def _refuse_parts(frame: pl.LazyFrame, name: str, dtype: Any, table: Table) -> None:
    """Refuse contents that are lists of parts of which one is not text."""
    _, content = _speaker(dtype.inner) or ("role", "content")
    kind = fields_of(dtype)[content]
    if not isinstance(kind, pl.List):
        return
    parts = fields_of(kind)
    if "text" not in parts:
        raise UsageError(f"{table.origin}: column {table.shown(name)!r} has messages whose content is no text: {kind}")
    if "type" not in parts:
        return
    other = pl.element().struct.field(content).list.eval(pl.element().struct.field("type") != "text").list.any()
    bad = frame.filter(pl.col(name).list.eval(other).list.any()).select(ROW).head(1).collect()
    if not bad.is_empty():
        raise UsageError(
            f"{table.origin}: row {bad.item()}, column {table.shown(name)!r}: a message has a part that is not text",
            hint="contents of text parts are read; leave out rows with images, or put the image's path in a column of its own.",
        )


def _of_object(name: str, dtype: pl.Struct) -> pl.Expr:
    """An answer that is an object: one message becomes a list of one, and an object with a text becomes the text."""
    if _speaker(dtype) is not None and "model" not in fields_of(dtype):
        one = _message(pl.col(name).struct, dtype)
        return pl.when(pl.col(name).is_not_null()).then(pl.concat_list(one)).alias(name)
    names = [one.name for one in dtype.fields]
    text = next((field for field in _TEXT_FIELDS if field in names), None)
    return pl.col(name) if text is None else pl.col(name).struct.field(text).alias(name)


def _all_json(values: pl.Series) -> bool:
    present = values.drop_nulls().str.strip_chars()
    present = present.filter(present != "")
    if present.is_empty() or not present.str.contains(r"(?s)^[\[{].*[\]}]$").all():
        return False
    return all(_loads(value) is not None for value in present.head(20))


def _decode(values: pl.Series, column: str, origin: str) -> pl.Series:
    try:
        return values.str.json_decode(infer_schema_length=None)
    except (pl.exceptions.PolarsError, ValueError):
        loaded = []
        for row, value in enumerate(values):
            one = None if value is None or not value.strip() else _loads(value)
            if one is None and value is not None and value.strip():
                where = f"{origin}: row {row}, column {column!r}"
                raise UsageError(f"{where}: {value[:60]!r} is not JSON, as the other cells are") from None
            loaded.append(one)
        return pl.Series(values.name, loaded, strict=False)


def _loads(value: str) -> Any:
    """A cell as JSON, or as pandas writes lists into CSV (with single quotation marks); None where it is neither."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        pass
    try:
        read = ast.literal_eval(value) if len(value) < 1_000_000 else None
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return read if isinstance(read, list | dict) else None
