"""Files of tuning services: OpenAI's preference form (also Azure, Fireworks, Together) and Gemini's on Vertex AI."""

from __future__ import annotations

import polars as pl

from prefqa.notes import Note
from prefqa.preferences import ROW
from prefqa.readers.declared import TEXT, Declaration
from prefqa.readers.tool import both, has_columns, has_fields
from prefqa.readers.trainer_rows import chosen_rows, listed_rows, one_message, turns, unread, with_system

_CALLING = pl.List(pl.Struct({"role": TEXT, "content": TEXT, "tool_calls": TEXT}))
_ASKED = pl.col("input").struct.field("messages")
_OUTPUTS = (pl.col("preferred_output"), pl.col("non_preferred_output"))


def _holds(text: pl.Expr) -> pl.Expr:
    """Whether JSON holds anything."""
    return ~text.str.strip_chars().is_in(["", "[]", "{}", "null"]).fill_null(value=True)


def _tools(frame: pl.DataFrame) -> tuple[Note, ...]:
    call = _holds(pl.element().struct.field("tool_calls"))
    calls = pl.any_horizontal(one.list.eval(call).list.any().fill_null(value=False) for one in (_ASKED, *_OUTPUTS))
    offered = _holds(pl.col("input").struct.field("tools"))
    what = "{n} of {of} records offer tools or call them; these are not read, the messages beside are."
    return unread(frame, calls | offered, what)


OPENAI = Declaration(
    "openai-preferences",
    "preference fine-tuning as OpenAI, Azure, Fireworks and Together take it",
    both(has_fields("input", "messages"), has_columns("preferred_output", "non_preferred_output")),
    {
        "input": pl.Struct({"messages": _CALLING, "tools": TEXT}),
        "preferred_output": _CALLING,
        "non_preferred_output": _CALLING,
    },
    lambda frame: chosen_rows(frame, turns(_ASKED), *(turns(one) for one in _OUTPUTS)),
    "pairs",
    "preferred_output is preferred to non_preferred_output",
    notes=_tools,
)

_PARTS = pl.List(pl.Struct({"text": TEXT}))
_CONTENT = pl.Struct({"role": TEXT, "parts": _PARTS})
_SYSTEM = "system_instruction"
_COMPLETION = pl.Struct({"score": TEXT, "completion": _CONTENT})
_ROLES = {"model": "assistant"}


def _text(parts: pl.Expr) -> pl.Expr:
    """Return the texts of parts as one; null where no part has a text."""
    texts = parts.list.eval(pl.element().struct.field("text").drop_nulls())
    return pl.when(texts.list.len() > 0).then(texts.list.join(""))


def _gemini_rows(frame: pl.DataFrame) -> pl.DataFrame:
    turn = pl.element().struct
    message = pl.struct(role=turn.field("role").replace(_ROLES), content=_text(turn.field("parts")))
    asked = with_system(pl.col("contents").list.eval(message), _text(pl.col(_SYSTEM).struct.field("parts")))
    one = pl.col("completions").struct
    said = one.field("completion").struct
    reply = one_message(said.field("role").replace(_ROLES).fill_null("assistant"), _text(said.field("parts")))
    number = one.field("score").cast(pl.Float64, strict=False)
    score = pl.when(number.is_finite()).then(number)
    place = score.rank("min", descending=True).over(ROW).cast(pl.Int64).cast(pl.String)
    return listed_rows(frame, asked, "completions", reply, pl.coalesce(place, one.field("score")), score=score)


def _other_parts(frame: pl.DataFrame) -> tuple[Note, ...]:
    other = pl.element().struct.field("text").is_null()
    asked = pl.col("contents").list.eval(pl.element().struct.field("parts").list.eval(other).list.any()).list.any()
    reply = pl.element().struct.field("completion").struct.field("parts")
    replied = pl.col("completions").list.eval(reply.list.eval(other).list.any()).list.any()
    rows = pl.any_horizontal(one.fill_null(value=False) for one in (asked, replied))
    parts = unread(frame, rows, "{n} of {of} records have parts that are no text (files, calls); these are not read.")
    none = pl.col("completions").list.len().fill_null(0) == 0
    return (*parts, *unread(frame, none, "{n} of {of} records have no completion; they give no judgment.", "PQ727"))


VERTEX = Declaration(
    "vertex-preferences",
    "preference tuning of Gemini on Vertex AI",
    both(has_fields("contents", "role", "parts"), has_fields("completions", "score", "completion")),
    {_SYSTEM: pl.Struct({"parts": _PARTS}), "contents": pl.List(_CONTENT), "completions": pl.List(_COMPLETION)},
    _gemini_rows,
    "ranked",
    "the higher score (1) is preferred",
    notes=_other_parts,
)

SERVICES = (OPENAI, VERTEX)
