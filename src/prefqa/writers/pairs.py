"""Pairs as every layout takes them: as plain texts or as chat messages; and what a trainer will do to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from prefqa.errors import ColumnNotFoundError, UsageError

MESSAGES = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
SIDES = ("chosen", "rejected")
#: What each loss does in training.
LOSSES = {
    "no_text": "the prompt or a response has no text; the row is not written",
    "empty": "a response without a visible character: trainers learn to say nothing, or drop the row",
    "same": "chosen equals rejected: the row costs time and teaches nothing",
    "tie": "neither response won; which stands as chosen means nothing",
    "too_long": "prompt and response together exceed the length given: trainers cut the end off, or drop the row",
    "roles": "user and assistant do not take turns, or the answer is not the assistant's: chat templates fail",
}
_MORE = ("item_id", "chosen_id", "rejected_id", "probability", "margin", "n_votes", "agreement", "tie", "split")


@dataclass(frozen=True)
class Pairs:
    """Pairs that can be written.

    `plain` has prompt, chosen and rejected as text (messages are not put into one text: then it is None); `chat` has
    them as lists of messages, the responses as the assistant's last message alone. Both carry the further columns of
    consensus pairs as far as they are there. `losses` has reason, count, share and meaning, of all rows given.
    """

    plain: pl.DataFrame | None
    chat: pl.DataFrame
    losses: pl.DataFrame

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


def prepare_pairs(frame: pl.DataFrame, *, max_characters: int | None = None) -> Pairs:
    """Bring consensus pairs, or any frame with chosen and rejected, into the two forms, and count what will be lost.

    Args:
        frame: `ConsensusResult.pairs()`, or rows with chosen, rejected and perhaps prompt, as texts or messages. Where
            there is no prompt, messages are whole conversations and the last one is the response.
        max_characters: length of prompt and response together beyond which the trainer cuts or drops.

    Raises:
        ColumnNotFoundError: there is no chosen or no rejected.
    """
    missing = [name for name in SIDES if name not in frame.columns]
    if missing:
        raise ColumnNotFoundError.from_missing(missing, frame.columns)
    more = [name for name in _MORE if name in frame.columns]
    chat = _chat(frame).select("prompt", *SIDES, *more)
    never = pl.repeat(False, frame.height, eager=True)
    has_text = chat.select(
        pl.all_horizontal(pl.col(name).is_not_null() for name in ("prompt", *SIDES) if name in frame.columns)
    ).to_series()
    tests = {
        "no_text": ~has_text,
        "empty": _any(chat, _blank),
        "same": chat.select(pl.col("chosen") == pl.col("rejected")).to_series().fill_null(False),
        "tie": frame["tie"].fill_null(False) if "tie" in frame.columns else never,
        "too_long": never if max_characters is None else _too_long(chat, max_characters),
        "roles": _any(chat, _odd_roles),
    }
    counts = [(name, int(test.sum()), LOSSES[name]) for name, test in tests.items() if test.sum()]
    losses = pl.DataFrame(
        [(name, n, n / frame.height, meaning) for name, n, meaning in counts],
        schema={"reason": pl.String, "count": pl.Int64, "share": pl.Float64, "meaning": pl.String},
        orient="row",
    )
    plain = None
    if all(frame.schema[name] == pl.String() for name in ("prompt", *SIDES) if name in frame.columns):
        prompt = [] if "prompt" in frame.columns else [pl.lit("").alias("prompt")]
        plain = frame.with_columns(prompt).select("prompt", *SIDES, *more).filter(has_text)
    return Pairs(plain, chat.filter(has_text), losses)


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


def _blank(name: str) -> pl.Expr:
    content = pl.col(name).list.last().struct.field("content")
    return content.str.strip_chars().str.len_chars().fill_null(0) == 0 if name != "prompt" else pl.lit(False)


def _odd_roles(name: str) -> pl.Expr:
    """Whether turns do not alternate (after a system message), or a response is not the assistant's."""
    roles = pl.col(name).list.eval(pl.element().struct.field("role"))
    if name != "prompt":
        return roles.list.last() != "assistant"
    spoken = pl.when(roles.list.first() == "system").then(roles.list.slice(1)).otherwise(roles)
    wanted = pl.when(spoken.list.len() % 2 == 1)
    even, odd = spoken.list.gather_every(2, 0), spoken.list.gather_every(2, 1)
    alternate = (even.list.n_unique() == 1) & (even.list.first() == "user") & (
        (odd.list.len() == 0) | ((odd.list.n_unique() == 1) & (odd.list.first() == "assistant"))
    )  # fmt: skip
    return (spoken.list.len() > 0) & ~wanted.then(alternate).otherwise(False)


def _any(chat: pl.DataFrame, test: Callable[[str], pl.Expr]) -> pl.Series:
    return chat.select(pl.any_horizontal(test(name).fill_null(False) for name in ("prompt", *SIDES))).to_series()


def _too_long(chat: pl.DataFrame, most: int) -> pl.Series:
    prompt, *sides = (
        pl.col(name).list.eval(pl.element().struct.field("content").str.len_chars()).list.sum().fill_null(0)
        for name in ("prompt", *SIDES)
    )
    return chat.select(prompt + pl.max_horizontal(sides) > most).to_series()
