"""Pairs in the two forms that layouts take, texts and chat messages, and which of them teach a trainer nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from prefqa.errors import ColumnNotFoundError, UsageError
from prefqa.messages import (
    as_message,
    fitted,
    is_chat,
    json_of,
    merged,
    sameness_of,
    says_something,
    split_prompt,
    split_text,
    whole_prompt,
    with_json,
)

SIDES = ("chosen", "rejected")
#: Columns of an item that its prompt is not complete without.
CARRIED = ("tools", "images", "videos", "audios")
#: Column of `Pairs.given`: why a row is not written.
LEFT_OUT = "left_out"
_NO_CRITERION, _MOST_NAMED = "none", 8
_MESSAGES = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
_MORE = (
    "item_id", "chosen_id", "rejected_id", "probability", "margin", "weight", "n_votes", "agreement", "tie", "split",
    "criterion",
)  # fmt: skip


@dataclass(frozen=True)
class Pairs:
    """Pairs that can be written.

    `plain` has prompt, chosen and rejected as text (messages are not put into one text: then it is None); `chat` has
    them as lists of messages, the responses with all of theirs. A prompt that nobody knows is empty in both. They carry
    the columns of `CARRIED` and further columns of consensus pairs, as far as they are there. `given` is `chat` with
    the rows that are not written, and why (`left_out`); `has_prompt` is whether any prompt is known; `facts` is what a
    card says of the set.
    """

    plain: pl.DataFrame | None
    chat: pl.DataFrame
    given: pl.DataFrame = field(repr=False)
    has_prompt: bool = True
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

    @property
    def stated(self) -> tuple[str, ...]:
        """The columns of an explicit pair: prompt, chosen, rejected; without a prompt that is known, the two alone."""
        return ("prompt", *SIDES) if self.has_prompt else SIDES

    @property
    def carried(self) -> list[str]:
        """The columns of `CARRIED` that are there."""
        return [name for name in CARRIED if name in self.chat.columns]

    @property
    def whole(self) -> pl.DataFrame:
        """`chat` with chosen and rejected as whole conversations."""
        return self.chat.with_columns(pl.col("prompt").list.concat(side).alias(side) for side in SIDES)


def prepare_pairs(
    frame: pl.DataFrame, *, facts: Mapping[str, Any] | None = None, ties: bool = False, needs_prompt: bool = True
) -> Pairs:
    """Bring consensus pairs, or any frame with chosen and rejected, into the two forms.

    Args:
        frame: `ConsensusResult.pairs()`, or rows with chosen, rejected and perhaps prompt, as texts or messages. What
            both responses begin with is the prompt (see `with_prompt`).
        facts: what a card says of the set.
        ties: whether rows of which neither response won are written; those of weight one half always are.
        needs_prompt: whether a row without a prompt is left out where others have one.

    Raises:
        ColumnNotFoundError: there is no chosen or no rejected.
        UsageError: they are neither texts nor chat messages, or of several criteria.
    """
    refuse_several_criteria(frame)
    missing = [name for name in SIDES if name not in frame.columns]
    if missing:
        raise ColumnNotFoundError.from_missing(missing, frame.columns)
    frame = with_prompt(_one_kind(with_json(frame, ("prompt", *SIDES), "the pairs")))
    if "prompt" not in frame.columns:
        frame = frame.with_columns(prompt=pl.lit(None, frame.schema["chosen"]))
    known = (
        pl.col("prompt").str.strip_chars() != "" if frame.schema["prompt"] == pl.String() else _has_messages("prompt")
    )
    known = known.fill_null(value=False)
    has_prompt = bool(frame.select(known.any()).item())
    reason = _reason(frame, ties=ties, no_prompt=~known if has_prompt and needs_prompt else None)
    more = [name for name in (*CARRIED, *_MORE) if name in frame.columns]
    frame = frame.select("prompt", *SIDES, *more, reason.alias(LEFT_OUT))
    chat = _chat(frame)
    written = pl.col(LEFT_OUT).is_null()
    plain = None
    if all(frame.schema[name] == pl.String() for name in ("prompt", *SIDES)):
        plain = frame.filter(written).drop(LEFT_OUT).with_columns(pl.col("prompt").fill_null(""))
    return Pairs(plain, chat.filter(written).drop(LEFT_OUT), chat, has_prompt, dict(facts or {}))


def several_criteria(frame: pl.DataFrame) -> str | None:
    """Name the criteria by which these pairs were judged, where there are several; else None."""
    if "criterion" not in frame.columns:
        return None
    found = frame["criterion"].cast(pl.String).unique().sort(nulls_last=True).to_list()
    named = [_NO_CRITERION if name is None else repr(name) for name in found[:_MOST_NAMED]]
    return (
        None if len(found) < 2 else f"pairs of several criteria ({', '.join(named)}{', …' * (len(found) > len(named))})"
    )


def refuse_several_criteria(frame: pl.DataFrame) -> None:
    """Refuse to put pairs of several criteria into one file: what wins by one may lose by another.

    Raises:
        UsageError: the frame has them.
    """
    several = several_criteria(frame)
    if several:
        raise UsageError(
            f"{several} do not go into one file for trainers",
            hint='name one: criterion = "..." under [consensus], --criterion, or consensus(prefs, criterion="...").',
        )


def with_prompt(frame: pl.DataFrame) -> pl.DataFrame:
    """Return pairs with what both responses begin with as the prompt, and cut off them; see `prefqa.messages`."""
    schema = frame.schema
    lazy = frame.lazy()
    if all(is_chat(schema[side]) for side in SIDES):
        lazy = split_prompt(lazy, *SIDES)
        names = lazy.collect_schema()
        if "prompt" in names or lazy.select(pl.col("_common").is_not_null().any()).collect().item():
            lazy = lazy.with_columns(prompt=whole_prompt(names))
        return lazy.drop("_common").collect()
    if all(schema.get(name) == pl.String() for name in ("prompt", *SIDES)):
        return split_text(lazy, *SIDES)[0].collect()
    return frame


def text_fault(schema: pl.Schema) -> pl.Expr:
    """Return `no_text` where a response says nothing, `same_text` where both say the same, and null otherwise."""
    chosen, rejected = (_comparable(side, schema[side]) for side in SIDES)
    blank = pl.any_horizontal(~_speaks(side, schema[side]).fill_null(value=False) for side in SIDES)
    return pl.when(blank).then(pl.lit("no_text")).when(chosen == rejected).then(pl.lit("same_text"))


def _reason(frame: pl.DataFrame, *, ties: bool, no_prompt: pl.Expr | None) -> pl.Expr:
    """Why a row is not written; null where it is."""
    reasons = [text_fault(frame.schema)]
    if "tie" in frame.columns and not ties:
        tied = pl.col("tie").fill_null(value=False)
        tied = tied & (pl.col("weight") != 0.5) if "weight" in frame.columns else tied
        reasons.append(pl.when(tied).then(pl.lit("tie")))
    if no_prompt is not None:
        reasons.append(pl.when(no_prompt).then(pl.lit("no_prompt")))
    return pl.coalesce(reasons)


def _one_kind(frame: pl.DataFrame) -> pl.DataFrame:
    """Prompt and responses as texts or as messages; the two responses as the same."""
    names = [name for name in ("prompt", *SIDES) if name in frame.columns]
    for name in names:
        dtype = frame.schema[name]
        if dtype == pl.Null():
            frame = frame.with_columns(pl.col(name).cast(pl.String))
        elif dtype == pl.List(pl.Null):
            frame = frame.with_columns(pl.lit([], _MESSAGES).alias(name))
        elif dtype != pl.String() and not is_chat(dtype):
            raise UsageError(f"column {name!r} holds neither texts nor messages with role and content, but {dtype}")
    chats = [frame.schema[name] for name in SIDES if is_chat(frame.schema[name])]
    if len(chats) == 1:
        texts = (name for name in SIDES if frame.schema[name] == pl.String())
        frame = frame.with_columns(as_message(name, "assistant", chats[0]) for name in texts)
    elif chats and chats[0] != chats[1]:
        frame = _with_one_type(frame, SIDES)
    if chats and "prompt" in names and is_chat(frame.schema["prompt"]):
        frame = _with_one_type(frame, names)
    return frame


def _chat(frame: pl.DataFrame) -> pl.DataFrame:
    """All three as messages of one type; no prompt is an empty list."""
    names = ("prompt", *SIDES)
    chats = [frame.schema[name] for name in names if is_chat(frame.schema[name])]
    dtype = chats[0] if chats else _MESSAGES
    roles = {"prompt": "user", "chosen": "assistant", "rejected": "assistant"}
    texts = [name for name in names if frame.schema[name] == pl.String()]
    filled = [pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name)).alias(name) for name in texts]
    frame = frame.with_columns(filled).with_columns(as_message(name, roles[name], dtype) for name in texts)
    return _with_one_type(frame, names).with_columns(pl.col("prompt").fill_null([]))


def _with_one_type(frame: pl.DataFrame, names: tuple[str, ...] | list[str]) -> pl.DataFrame:
    whole = frame.schema[names[0]]
    for name in names:
        whole = merged(whole, frame.schema[name])
    return frame.with_columns(fitted(pl.col(name), frame.schema[name], whole).alias(name) for name in names)


def _comparable(column: str, dtype: Any) -> pl.Expr:
    if dtype == pl.String():
        return pl.col(column).str.strip_chars()
    return sameness_of(column, dtype).list.join("\n") if is_chat(dtype) else json_of(pl.col(column), dtype)


def _speaks(column: str, dtype: Any) -> pl.Expr:
    """Whether a text has a visible character, or the last message of a dialogue says something."""
    if dtype == pl.String():
        return pl.col(column).str.strip_chars() != ""
    if not is_chat(dtype):
        return pl.col(column).is_not_null()
    return _has_messages(column) & says_something(pl.col(column).list.last(), dtype.inner)


def _has_messages(column: str) -> pl.Expr:
    return pl.col(column).list.len() > 0
