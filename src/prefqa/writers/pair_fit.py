"""What a layout has no place for: refused where a pair would mean something else without it, and counted otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from prefqa.errors import UsageError
from prefqa.message_json import JSON, holds_json, keys_of
from prefqa.writers.pair_forms import SIDES, Pairs

_TAKE = "take the layout trl-conversational."
_RESULTS = ("tool", "function", "ipython")


def fit_columns(pairs: Pairs, layout: str, carries: Sequence[str]) -> tuple[Pairs, list[str]]:
    """Return the pairs with the columns that a layout carries, and the names of those that it loses.

    Raises:
        UsageError: pictures, videos or sounds have no place in the layout: a prompt about one is another without it.
    """
    empty = [name for name in pairs.carried if not pairs.chat.select(_is_there(pairs, name).any()).item()]
    lost = [name for name in pairs.carried if name not in carries and name not in empty]
    media = [name for name in lost if name != "tools"]
    if media:
        n = pairs.chat.select(pl.any_horizontal(_is_there(pairs, name) for name in media).sum()).item()
        raise UsageError(
            f"layout {layout!r} has no place for {media[0]!r}, which {n:,} of {pairs.chat.height:,} pairs have",
            hint=_TAKE if media == ["images"] else "take the layout prefqa, hugging-face or llama-factory-sharegpt.",
        )
    plain = None if pairs.plain is None else pairs.plain.drop(empty)
    return replace(pairs, plain=plain, chat=pairs.chat.drop(empty)), lost


def fit_messages(pairs: Pairs, layout: str) -> tuple[Pairs, list[str]]:
    """Return the pairs with messages of a role and a text, and the further keys of messages that are lost.

    Raises:
        UsageError: responses have several messages, messages call tools, or contents are lists of parts.
    """
    rows = pairs.chat
    role = pl.element().struct.field("role")
    uses_tools, is_list = role.is_in(_RESULTS), pl.lit(value=False)
    if holds_json(rows.schema["chosen"]):
        calls = [pl.element().struct.field(name) for name in ("tool_calls", "function_call")]
        uses_tools = pl.any_horizontal(uses_tools, *((call.is_not_null()) & (call != "[]") for call in calls))
        is_list = pl.element().struct.field(JSON).str.json_path_match("$.content[0]").is_not_null()
    faults = {
        "have a response of several messages, and it holds one": pl.any_horizontal(
            pl.col(side).list.len() > 1 for side in SIDES
        ),
        "call tools, and it has no place for calls": _in_any(uses_tools),
        "have contents of parts, and it holds texts": _in_any(is_list),
    }
    for what, fault in faults.items():
        n = rows.select(fault.fill_null(value=False).sum()).item()
        if n:
            raise UsageError(f"layout {layout!r}: {n:,} of {rows.height:,} pairs {what}", hint=_TAKE)
    names = ("prompt", *SIDES)
    keys = sorted({key for name in names for key in keys_of(rows[name])} - {"role", "content"})
    plain = pl.element().struct
    message = pl.struct(plain.field("role"), plain.field("content").fill_null(""))
    return replace(pairs, chat=rows.with_columns(pl.col(name).list.eval(message) for name in names)), keys


def _in_any(test: pl.Expr) -> pl.Expr:
    return pl.any_horizontal(pl.col(name).list.eval(test).list.any() for name in ("prompt", *SIDES))


def _is_there(pairs: Pairs, name: str) -> pl.Expr:
    """Whether a row has something in a column that rides along."""
    dtype = pairs.chat.schema[name]
    if isinstance(dtype, pl.List):
        return (pl.col(name).list.len() > 0).fill_null(value=False)
    if dtype == pl.String():
        return ~pl.col(name).str.strip_chars().fill_null("").is_in(["", "[]", "null"])
    return pl.col(name).is_not_null()
