"""Pairs in the two forms that layouts take: plain texts and chat messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from prefqa.errors import ColumnNotFoundError, UsageError

MESSAGES = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
SIDES = ("chosen", "rejected")
#: Column of `Pairs.given`: whether messages before a response are not those of the prompt, and so are not written.
CONTEXT = "_other_context"
_MORE = ("item_id", "chosen_id", "rejected_id", "probability", "margin", "n_votes", "agreement", "tie", "split")


@dataclass(frozen=True)
class Pairs:
    """Pairs that can be written.

    `plain` has prompt, chosen and rejected as text (messages are not put into one text: then it is None); `chat` has
    them as lists of messages, the responses as the assistant's last message alone. Both carry the further columns of
    consensus pairs as far as they are there. `given` is `chat` with the rows that have no text, which are not written;
    `facts` is what a card says of the set.
    """

    plain: pl.DataFrame | None
    chat: pl.DataFrame
    given: pl.DataFrame = field(repr=False)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def texts(self, layout: str) -> pl.DataFrame:
        """Return the plain texts.

        Raises:
            UsageError: the prompts or responses are messages, and the layout holds text alone.
        """
        if self.plain is None:
            raise UsageError(
                f"layout {layout!r} holds plain texts, but these pairs are chat messages",
                hint="take a layout for messages, such as trl-conversational.",
            )
        return self.plain


def prepare_pairs(frame: pl.DataFrame, *, facts: Mapping[str, Any] | None = None) -> Pairs:
    """Bring consensus pairs, or any frame with chosen and rejected, into the two forms.

    Args:
        frame: `ConsensusResult.pairs()`, or rows with chosen, rejected and perhaps prompt, as texts or messages. Where
            there is no prompt, messages are whole conversations and the last one is the response.
        facts: what a card says of the set.

    Raises:
        ColumnNotFoundError: there is no chosen or no rejected.
    """
    missing = [name for name in SIDES if name not in frame.columns]
    if missing:
        raise ColumnNotFoundError.from_missing(missing, frame.columns)
    more = [name for name in _MORE if name in frame.columns]
    texts = [name for name in ("prompt", *SIDES) if name in frame.columns]
    chat = _chat(frame).select("prompt", *SIDES, *more, CONTEXT)
    has_text = chat.select(pl.all_horizontal(pl.col(name).is_not_null() for name in texts)).to_series()
    plain = None
    if all(frame.schema[name] == pl.String() for name in texts):
        prompt = [] if "prompt" in frame.columns else [pl.lit("").alias("prompt")]
        plain = frame.with_columns(prompt).select("prompt", *SIDES, *more).filter(has_text)
    return Pairs(plain, chat.filter(has_text).drop(CONTEXT), chat, dict(facts or {}))


def _chat(frame: pl.DataFrame) -> pl.DataFrame:
    """Prompt and responses as messages; the prompt of whole conversations is what precedes the last message."""
    messages = {name: frame.schema[name] != pl.String() for name in SIDES}
    for name in ("prompt", *SIDES):
        if name in frame.columns and frame.schema[name] != pl.String():
            frame = frame.with_columns(pl.col(name).cast(MESSAGES))
    if "prompt" not in frame.columns:
        before = pl.col("chosen").list.head(pl.col("chosen").list.len() - 1) if messages["chosen"] else _turns("", None)
        frame = frame.with_columns(before.alias("prompt"))
    elif frame.schema["prompt"] == pl.String():
        frame = frame.with_columns(_turns("user", "prompt").alias("prompt"))
    earlier = [pl.col(name).list.head(pl.col(name).list.len() - 1) for name in SIDES if messages[name]]
    other = [(turns.list.len() > 0) & (turns != pl.col("prompt")) for turns in earlier]
    frame = frame.with_columns(pl.any_horizontal(pl.lit(value=False), *other).fill_null(value=False).alias(CONTEXT))
    sides = [
        pl.col(name).list.tail(1).alias(name) if messages[name] else _turns("assistant", name).alias(name)
        for name in SIDES
    ]
    return frame.with_columns(sides)


def _turns(role: str, column: str | None) -> pl.Expr:
    if column is None:
        return pl.lit([], MESSAGES)
    message = pl.struct(pl.lit(role).alias("role"), pl.col(column).alias("content"))
    return pl.when(pl.col(column).is_not_null()).then(pl.concat_list(message))
