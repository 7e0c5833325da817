"""Cells that hold more than a value: JSON as text, chat messages of any form, answers as objects."""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import polars as pl

from prefqa._words import formatted
from prefqa.dtypes import as_text
from prefqa.errors import UsageError
from prefqa.message_json import JSON, holds_json, is_plain
from prefqa.messages import messages_of, sameness_of, with_json
from prefqa.preferences import ROW
from prefqa.readers.records import fields_of, json_lists, ndjson, structure
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
    "human": "user", "gpt": "assistant", "prompter": "user", "bot": "assistant", "model": "assistant",
    "chatgpt": "assistant",
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
        messages = _messages_in(frame[name], f"{table.origin}, column {table.shown(name)!r}")
        column = messages if messages is not None else _decode(frame[name], table.shown(name), table.origin)
        if lists or not is_texts(column.dtype) or column.list.len().max() == 1:
            one = is_texts(column.dtype) and not lists
            frame = frame.with_columns(column.list.first() if one else column)
    return table.with_frame(frame.lazy())


def chat(table: Table, columns: Sequence[str]) -> Table:
    """Return the table with chat messages in one form, and answers that are objects as their text.

    Columns of messages get one type: role and content, or where any of them has more than that, `MESSAGE`.

    Raises:
        UsageError: a content that is a list, but not of parts.
    """
    table = decoded(table, columns)
    frame = table.frame
    schema = frame.collect_schema()
    for name in columns:
        dtype = schema.get(name)
        inner = next((one for one in fields_of(dtype).items() if is_messages(one[1])), None)
        if isinstance(dtype, pl.Struct) and inner is not None:  # an object with messages in it, and options beside them
            frame = frame.with_columns(pl.col(name).struct.field(inner[0]).alias(name))
            dtype = inner[1]
        if isinstance(dtype, pl.Struct):
            frame = frame.with_columns(_of_object(name, dtype))
        elif is_messages(dtype):
            frame = frame.with_columns(_standard(name, dtype))
    schema = frame.collect_schema()
    several = [name for name in columns if is_messages(schema.get(name))]
    if not all(is_plain(fields_type) for fields_type in (schema[name].inner for name in several)):  # type: ignore[attr-defined]
        frame = with_json(frame.collect(), several, table.origin).lazy()
    table = table.with_frame(frame)
    return _plain_prompt(table) if "prompt" in columns else table


def _plain_prompt(table: Table) -> Table:
    """The table with prompts that are lists or objects, but no chat messages, as their JSON."""
    dtype = table.schema["prompt"]
    if not dtype.is_nested() or is_messages(dtype):
        return table
    if isinstance(dtype, pl.List) and dtype.inner == pl.Null():  # nothing but empty lists
        return table.with_frame(table.frame.with_columns(prompt=pl.lit(None, pl.String)))
    kind = "lists" if isinstance(dtype, pl.List) else "objects"
    what = f"column {table.shown('prompt')!r} holds {kind} that are no chat messages, read as their JSON"
    table = table.with_frame(table.frame.with_columns(as_text(pl.col("prompt"), dtype).alias("prompt")))
    return table if what in table.statements else table.say(what)


def encoded(name: str, dtype: Any) -> pl.Expr:
    """Return a column as the text that identifies its value; chat messages by their JSON."""
    if isinstance(dtype, pl.Struct):
        return pl.col(name).struct.json_encode()
    if holds_json(dtype) and is_messages(dtype):
        return sameness_of(name, dtype).list.join(",")
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct):
        return pl.col(name).list.eval(pl.element().struct.json_encode()).list.join(",")
    if isinstance(dtype, pl.List) and not dtype.inner.is_nested():
        return pl.col(name).cast(pl.List(pl.String), strict=False).list.join(",")
    return as_text(pl.col(name), dtype)


def split_prompt(frame: pl.LazyFrame, first: str, second: str, only: pl.Expr | None = None) -> pl.LazyFrame:
    """Add `_common`: the messages with which both columns begin, without the last one of either; they are cut off.

    Where `only`, an expression of `_common`, is false, nothing is cut off and `_common` is null.
    """
    schema = frame.collect_schema()
    one, two = (sameness_of(name, schema[name]).alias(f"_{n}") for n, name in enumerate((first, second)))
    shorter = (
        pl.min_horizontal(pl.col("_0").list.len().fill_null(0), pl.col("_1").list.len().fill_null(0)).cast(pl.Int64) - 1
    )
    pairs = (
        frame.select(ROW, one, two)
        .with_columns(_n=shorter.fill_null(0).clip(0))
        .filter(pl.col("_n") > 0)
        .select(ROW, pl.col("_0").list.head("_n"), pl.col("_1").list.head("_n"))
        .explode("_0", "_1")
        .group_by(ROW, maintain_order=True)
        .agg(_k=(pl.col("_0") == pl.col("_1")).fill_null(value=False).cast(pl.Int64).cum_prod().sum())
    )
    joined = frame.join(pairs, on=ROW, how="left", maintain_order="left").with_columns(pl.col("_k").fill_null(0))
    joined = joined.with_columns(_common=pl.when(pl.col("_k") > 0).then(pl.col(first).list.head("_k")))
    if only is not None:
        joined = joined.with_columns(_k=pl.when(only).then("_k").otherwise(0), _common=pl.when(only).then("_common"))
    cut = (pl.col(name).list.slice(pl.col("_k")).alias(name) for name in (first, second))
    return joined.with_columns(cut).drop("_k")


def text_of(messages: str) -> pl.Expr:
    """Return the contents of messages as one text, for comparisons."""
    return pl.col(messages).list.eval(pl.element().struct.field("content")).list.join("\n").str.strip_chars()


def _speaker(dtype: pl.Struct) -> tuple[str, str] | None:
    names = {one.name for one in dtype.fields}
    return next(((role, content) for role, content in _ROLES if {role, content} <= names), None)


def _standard(name: str, dtype: Any) -> pl.Expr:
    return pl.col(name).list.eval(_message(pl.element().struct, dtype.inner))


def _message(one: Any, dtype: pl.Struct) -> pl.Expr:
    """A message with its speaker as `role`, its text or parts as `content`, and its further keys."""
    role, content = _speaker(dtype) or ("role", "content")
    fields = fields_of(dtype)
    said = as_text(one.field(role), fields[role])
    who = said.replace(_SPEAKERS)
    rest = [one.field(other).alias(other) for other in sorted(fields) if other not in (role, content, JSON)]
    if JSON in fields:
        renamed = one.field(JSON).str.replace(r'"role"\s*:\s*"[A-Za-z]+"', formatted('"role": "{}"', who))
        rest.append(pl.when(who == said).then(one.field(JSON)).otherwise(renamed).alias(JSON))
    return pl.struct(who.alias("role"), one.field(content).alias("content"), *rest)


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


def _messages_in(values: pl.Series, where: str) -> pl.Series | None:
    """Cells that hold JSON lists of messages of more than a role and a text; None where they hold anything else."""
    if values.str.json_path_match("$[0].role").null_count() == len(values):
        return None
    with suppress(pl.exceptions.PolarsError):
        typed = values.str.json_decode(infer_schema_length=None)
        if isinstance(typed.dtype, pl.List) and is_plain(typed.dtype.inner):
            return None
    lists = json_lists(values)
    single = lists.explode().drop_nulls()
    blank = (values.str.strip_chars() == "").fill_null(value=True)
    if (lists.is_null() & ~blank).any() or not single.str.starts_with("{").all():
        return None
    return messages_of(lists, where) if single.str.json_path_match("$.role").null_count() == 0 else None


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
        return _one_type(values.name, loaded)


def _one_type(name: str, loaded: list[Any]) -> pl.Series:
    """Values of JSON as a column; those that fit no common type as their JSON."""
    lines = ndjson({"_": one} for one in loaded)
    schema = structure({"_": one} for one in loaded)
    try:
        return pl.read_ndjson(lines, schema=schema)["_"].rename(name)
    except pl.exceptions.PolarsError:
        return pl.Series(name, [None if one is None else json.dumps(one) for one in loaded], pl.String)


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
