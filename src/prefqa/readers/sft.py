"""Instruction data: prompts with answers that nobody ranked, as Alpaca, prompt and response, ShareGPT or messages."""

from __future__ import annotations

import polars as pl

from prefqa._words import formatted
from prefqa.errors import ReadError
from prefqa.notes import Note
from prefqa.preferences import ROW
from prefqa.readers.export import Export, Extract, misfit_note, note
from prefqa.readers.long_rows import UNNAMED

_TEXT = pl.String()
#: Who wrote the answer, where a column says so.
_WRITERS = ("annotator_id", "annotator", "user_id", "worker_id")
_ROLES = {"human": "user", "gpt": "assistant"}


def read_alpaca(export: Export) -> Extract:
    """Alpaca: instruction, perhaps an input, and the output."""
    names = [*_WRITERS, "instruction", "input", "output"]
    frame, misfits = export.records.as_text(dict.fromkeys(names, _TEXT))
    context = pl.when(pl.col("input").str.strip_chars() != "").then("input")
    asked = pl.concat_str("instruction", context, separator="\n\n", ignore_nulls=True)
    prompt = pl.when(pl.col("instruction").is_not_null()).then(asked)
    rows = frame.with_columns(prompt=prompt, text="output")
    return _reading(rows, "instruction (and input) with output", misfit_note(misfits, frame))


def read_prompt_response(export: Export) -> Extract:
    """Rows of a prompt and a response."""
    frame, misfits = export.records.as_text(dict.fromkeys([*_WRITERS, "prompt", "response"], _TEXT))
    rows = frame.with_columns(text="response")
    return _reading(rows, "prompt with response", misfit_note(misfits, frame))


def read_sharegpt(export: Export) -> Extract:
    """ShareGPT: `conversations` of turns with `from` and `value`; the last turn is the answer."""
    return _read_chat(export, "conversations", "from", "value")


def read_messages(export: Export) -> Extract:
    """Chat messages with `role` and `content`; the last one is the answer."""
    return _read_chat(export, "messages", "role", "content")


def _read_chat(export: Export, column: str, role: str, content: str) -> Extract:
    turn = pl.Struct({role: _TEXT, content: _TEXT})
    frame, misfits = export.records.as_text(dict.fromkeys(_WRITERS, _TEXT) | {column: pl.List(turn)})
    one = pl.element().struct
    message = pl.struct(one.field(role).replace(_ROLES).alias("role"), one.field(content).alias("content"))
    chats = frame.with_columns(pl.col(column).list.eval(message))
    last = pl.col(column).list.last().struct
    rows = chats.with_columns(
        prompt=pl.col(column).list.head(pl.col(column).list.len().cast(pl.Int64) - 1),
        text=pl.when(last.field("role") == "assistant").then(last.field("content")),
    )
    return _reading(rows, f"{column}, the assistant's last turn as the answer", misfit_note(misfits, frame))


def _reading(rows: pl.DataFrame, detail: str, notes: tuple[Note, ...]) -> Extract:
    """One row per answer, without a rank; equal prompts are one item, equal answers to it one response."""
    writer = pl.coalesce(*_WRITERS, pl.lit(UNNAMED)).alias("annotator_id")
    answered = rows.filter(pl.col("text").is_not_null()).select(ROW, writer, "prompt", "text")
    if answered.is_empty():
        raise ReadError("instruction data", "no record has an answer")
    key = pl.col("prompt")
    if answered.schema["prompt"] != _TEXT:
        key = key.list.eval(pl.element().struct.json_encode()).list.join(",")
    number = key.fill_null("").rank("dense").cast(pl.Int64)
    long = answered.with_columns(item_id=formatted("prompt-{}", number)).with_columns(
        response_id=formatted("r{}", pl.col("text").rank("dense").over("item_id").cast(pl.Int64)),
        rank=pl.lit(None, pl.Int64),
    )
    lost = rows.filter(pl.col("text").is_null())
    missing = note("PQ727", "{n} of {of} records have no answer of the assistant.", lost, rows.height)
    several = (pl.col("response_id").n_unique() > 1).over("item_id")
    differing = long.filter(several).sort("item_id", ROW)
    message = "{n} of {of} answers are to prompts that have other answers too: look whether they contradict each other."
    both = note("PQ729", message, differing, long.height, value=pl.col("text").str.slice(0, 80))
    return Extract(long, None, None, detail, (*notes, *missing, *both))
