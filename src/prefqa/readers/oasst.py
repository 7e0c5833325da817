"""OASST: replies of the assistant to one message, ranked from 0, the best; as a table of messages or as trees."""

from __future__ import annotations

from typing import Any

import polars as pl

from prefqa.preferences import ROW
from prefqa.readers.export import Export, Extract, misfit_note
from prefqa.readers.records import Misfit, fields_of

_TEXT = pl.String()
_NAMES = ("message_id", "parent_id", "text", "role", "rank", "lang", "created_date")


def read_messages(export: Export) -> Extract:
    """Read the table of messages."""
    frame, misfits = export.records.as_text(dict.fromkeys(_NAMES, _TEXT))
    return _reading(frame, frame, misfits)


def read_trees(export: Export) -> Extract:
    """Read trees: a prompt with its replies, each with replies of its own."""
    records, misfits = export.records.as_text({"prompt": _message(export.records.schema.get("prompt"))})
    level = records.select(ROW, parent=pl.lit(None, _TEXT), message="prompt")
    levels: list[pl.DataFrame] = []
    while not (levels and level.is_empty()):
        inner, names = pl.col("message").struct, fields_of(level.schema["message"])
        own = [inner.field(name) for name in _NAMES]
        levels.append(level.select(ROW, "parent", *own).with_columns(parent_id=pl.coalesce("parent_id", "parent")))
        if "replies" not in names:
            break
        deeper = level.select(ROW, parent=inner.field("message_id"), message=inner.field("replies"))
        level = deeper.filter(pl.col("message").list.len() > 0).explode("message").drop_nulls("message")
    return _reading(pl.concat(levels), records, misfits)


def is_tree(schema: pl.Schema) -> str | None:
    """Recognise trees by the replies in their prompt."""
    seen = "message_tree_id" in schema and {"message_id", "replies"} <= set(fields_of(schema.get("prompt")))
    return "column 'message_tree_id' and the replies in 'prompt'" if seen else None


def _message(dtype: Any) -> pl.DataType:
    """The type of a message with text for its parts, as deep as the replies of the data go."""
    parts: dict[str, pl.DataType] = dict.fromkeys(_NAMES, _TEXT)
    replies = fields_of(dtype).get("replies")
    if fields_of(replies):
        parts["replies"] = pl.List(_message(replies))
    return pl.Struct(parts)


def _reading(messages: pl.DataFrame, records: pl.DataFrame, misfits: list[Misfit]) -> Extract:
    asked = messages.select(parent_id="message_id", prompt="text")
    asked = asked.drop_nulls("parent_id").unique("parent_id", keep="first", maintain_order=True)
    value = pl.col("rank").cast(pl.Float64, strict=False)
    rank = pl.when(value == value.floor()).then((value.cast(pl.Int64, strict=False) + 1).cast(_TEXT))
    ranked = (pl.col("role") == "assistant") & pl.col("rank").is_not_null() & pl.col("parent_id").is_not_null()
    long = (
        messages.filter(ranked)
        .join(asked, on="parent_id", how="left", maintain_order="left")
        .select(
            ROW, "prompt", "text", "lang", item_id="parent_id", annotator_id=pl.lit("merged"),
            response_id="message_id", rank=pl.coalesce(rank, "rank"),
        )
    )  # fmt: skip
    return Extract(long, None, None, "rank 0 is best; ranks merged from several people", misfit_note(misfits, records))
