"""Messages that say more than who speaks and a text: beside these, each holds its JSON as the source wrote it.

A column of a table gives every message the keys of all, and makes one type of texts and lists of parts; JSON does
neither. A message with calls of tools, parts or further keys therefore keeps its JSON, in the field `_json`, and what
is read of it stands beside: who speaks, its text (the texts of its parts), and its calls.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from prefqa.errors import UsageError

#: Field of an object that holds it as JSON.
JSON = "_json"
_PLAIN = {"role": pl.String(), "content": pl.String()}
#: A message with its JSON; calls of tools are JSON texts.
MESSAGE = pl.Struct(
    {
        **_PLAIN,
        **dict.fromkeys(("tool_calls", "function_call", "tool_call_id"), pl.String()),
        JSON: pl.String(),
    }
)
_PARTS = pl.List(pl.Struct({"text": pl.String()}))


def is_message(dtype: Any) -> bool:
    """Whether a type holds objects with a role, and a content or calls of tools."""
    names = {field.name for field in dtype.fields} if isinstance(dtype, pl.Struct) else set()
    return "role" in names and not names.isdisjoint(("content", "tool_calls", "function_call"))


def is_plain(dtype: Any) -> bool:
    """Whether a type holds messages of a role and a text, in this order, and of nothing else."""
    return isinstance(dtype, pl.Struct) and [(one.name, one.dtype) for one in dtype.fields] == list(_PLAIN.items())


def holds_json(dtype: Any) -> bool:
    """Whether a type holds, at any depth, objects with their JSON."""
    if isinstance(dtype, pl.List):
        return holds_json(dtype.inner)
    if not isinstance(dtype, pl.Struct):
        return False
    return any(field.name == JSON or holds_json(field.dtype) for field in dtype.fields)


def message_of(text: pl.Expr) -> pl.Expr:
    """Return JSON texts of messages as `MESSAGE`; see `refuse_odd_parts`."""
    texts = part_texts(text).list.join("\n", ignore_nulls=True)
    content = pl.coalesce(texts, text.str.json_path_match("$.content"))
    read = [
        text.str.json_path_match("$.role").alias("role"),
        content.alias("content"),
        *(text.str.json_path_match(f"$.{name}").alias(name) for name in ("tool_calls", "function_call")),
        text.str.json_path_match("$.tool_call_id").alias("tool_call_id"),
        text.alias(JSON),
    ]
    return pl.when(text.is_not_null()).then(pl.struct(read))


def object_of(text: pl.Expr, names: Iterable[str]) -> pl.Expr:
    """Return JSON texts of objects as these texts, beside the values of some of their keys."""
    read = [text.str.json_path_match(f"$['{name}']").alias(name) for name in names if name.isidentifier()]
    return pl.when(text.is_not_null()).then(pl.struct(*read, text.alias(JSON)))


def sameness(message: pl.Expr) -> pl.Expr:
    """Return a text that is equal for two messages that are, whatever the order of their keys; only for comparisons.

    Args:
        message: the JSON of a message.
    """
    written = message.str.json_path_match("$").str.strip_prefix("{").str.strip_suffix("}")
    return written.str.split(",").list.sort().list.join(",")


def part_texts(message: pl.Expr) -> pl.Expr:
    """Return the texts of the parts of a content that is a list; null for a part without one, and for other contents.

    Args:
        message: the JSON of a message.
    """
    is_list = message.str.json_path_match("$.content[0]").is_not_null()
    parts = pl.when(is_list).then(message.str.json_path_match("$.content")).str.json_decode(_PARTS)
    return parts.list.eval(pl.element().struct.field("text"))


def has_other_parts(message: pl.Expr) -> pl.Expr:
    """Whether a content has a part that is no text: an image, a sound, a file."""
    return part_texts(message).list.eval(pl.element().is_null()).list.any().fill_null(value=False)


def keys_of(messages: pl.Series) -> list[str]:
    """Return the keys that lists of messages have; of those with their JSON the ones that stand in it."""
    single = messages.explode().drop_nulls()
    fields = [field.name for field in single.dtype.fields]  # type: ignore[attr-defined]
    if JSON not in fields:
        return fields
    texts = single.struct.field(JSON).drop_nulls().unique()
    if texts.is_empty():
        return list(_PLAIN)
    # What is not wanted of the values is not read: only names of keys have no structure to disagree on.
    return pl.scan_ndjson("\n".join(texts).encode(), infer_schema_length=None).collect_schema().names()


def refuse_odd_parts(texts: pl.Series, where: str) -> None:
    """Refuse contents that are lists of anything but parts.

    Args:
        texts: JSON of messages.
        where: the source and its column.

    Raises:
        UsageError: a part is no object, or its text is none; with the message.
    """
    try:
        texts.to_frame("m").select(part_texts(pl.col("m")))
    except pl.exceptions.PolarsError:
        odd = next(text for text in texts.drop_nulls() if _is_odd(text))
        raise UsageError(
            f"{where}: a message whose content is a list, but not of parts: {odd[:100]}",
            hint='write each part as an object: {"type": "text", "text": "..."}.',
        ) from None


def _is_odd(text: str) -> bool:
    try:
        pl.Series([text]).to_frame("m").select(part_texts(pl.col("m")))
    except pl.exceptions.PolarsError:
        return True
    return False
