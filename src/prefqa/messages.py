"""Chat messages, for readers and writers alike: their JSON, what they say, and the prompt that two dialogues share."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import polars as pl

from prefqa.message_json import (
    JSON,
    MESSAGE,
    has_other_parts,
    holds_json,
    is_message,
    is_plain,
    message_of,
    refuse_odd_parts,
    sameness,
)

#: Speakers with whom a dialogue begins; who begins otherwise goes on with a prompt that stands elsewhere.
OPENERS = ("user", "system", "developer")
_N = "_n_of_row"
_TEXT_PARTS = pl.List(pl.Struct({"type": pl.String(), "text": pl.String()}))


def is_chat(dtype: Any) -> bool:
    """Whether a type holds lists of messages with a role, and a content or calls of tools."""
    if not (isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct)):
        return False
    return is_message(dtype.inner)


def with_json(frame: pl.DataFrame, columns: Iterable[str], where: str) -> pl.DataFrame:
    """Return a table whose columns of messages have one form: all plain, or all `MESSAGE`.

    Args:
        frame: the table.
        columns: those that may hold messages; others are left as they are.
        where: the source, for errors.

    Raises:
        UsageError: a content is a list of anything but parts.
    """
    kinds = {name: frame.schema[name] for name in columns if is_chat(frame.schema.get(name))}
    if all(is_plain(kind.inner) for kind in kinds.values()):  # type: ignore[attr-defined]
        return frame
    for name, kind in kinds.items():
        if kind != pl.List(MESSAGE):
            texts = frame.select(_json_list(name, kind)).to_series()
            frame = frame.with_columns(messages_of(texts, f"{where}, column {name!r}"))
    return frame


def messages_of(texts: pl.Series, where: str) -> pl.Series:
    """Return lists of JSON texts, one per message, as lists of `MESSAGE`; and single ones as single messages.

    Raises:
        UsageError: a content is a list of anything but parts.
    """
    single, depth = texts, 0
    while isinstance(single.dtype, pl.List):
        single, depth = single.explode(), depth + 1
    refuse_odd_parts(single, where)
    value = message_of(pl.element() if depth else pl.col(texts.name))
    for level in range(depth):
        value = (pl.element() if level < depth - 1 else pl.col(texts.name)).list.eval(value)
    return texts.to_frame().select(value.alias(texts.name)).to_series()


def json_of(value: pl.Expr, dtype: Any) -> pl.Expr:
    """Return a value as JSON without the keys that are null, which columns of objects have for those of other rows.

    A message has role and content first, and keeps a content that is null, as a call of a tool has it. An object that
    holds its JSON is what that says.
    """
    if isinstance(dtype, pl.BaseExtension):  # arrow.json, texts that are JSON
        return value.ext.storage().cast(pl.String)
    if isinstance(dtype, pl.Struct):
        names = [field.name for field in dtype.fields]
        if JSON in names:
            others = pl.Struct([field for field in dtype.fields if field.name != JSON])
            built = json_of(value, others) if others.fields else pl.lit(None, pl.String)
            return pl.coalesce(value.struct.field(JSON), built)
        kinds = {field.name: field.dtype for field in dtype.fields}
        is_message = {"role", "content"} <= set(names)
        if is_message:
            names.sort(key=lambda name: ("role", "content").index(name) if name in ("role", "content") else 2)
        parts = []
        for name in names:
            field = value.struct.field(name)
            key = pl.lit(json.dumps(name, ensure_ascii=False) + ":")
            text = key + json_of(field, kinds[name])
            parts.append(text.fill_null('"content":null') if is_message and name == "content" else text)
        body = pl.concat_str(parts, separator=",", ignore_nulls=True) if parts else pl.lit("")
        return pl.when(value.is_not_null()).then(pl.concat_str(pl.lit("{"), body, pl.lit("}")))
    if isinstance(dtype, pl.List):
        inner = value.list.eval(json_of(pl.element(), dtype.inner).fill_null("null"))
        return pl.when(value.is_not_null()).then(pl.concat_str(pl.lit("["), inner.list.join(","), pl.lit("]")))
    if dtype == pl.Null():
        return pl.lit(None, pl.String)
    text = pl.struct(value.alias("x")).struct.json_encode()
    return pl.when(value.is_not_null()).then(text.str.strip_prefix('{"x":').str.strip_suffix("}"))


def says_something(message: pl.Expr, dtype: Any) -> pl.Expr:
    """Whether a message has a visible character, a part that is no text, or a call of a tool."""
    fields = {field.name: field.dtype for field in dtype.fields}
    spoken = [_has_content(message.struct.field("content"), fields["content"])]
    if JSON in fields:
        spoken.append(has_other_parts(message.struct.field(JSON)))
        spoken.append(message.struct.field("function_call").is_not_null())
    calls = fields.get("tool_calls")
    if isinstance(calls, pl.List):
        spoken.append(message.struct.field("tool_calls").list.len() > 0)
    elif calls == pl.String():
        spoken.append(message.struct.field("tool_calls") != "[]")
    elif calls is not None:
        spoken.append(message.struct.field("tool_calls").is_not_null())
    return pl.any_horizontal(one.fill_null(value=False) for one in spoken)


def spoken(column: str, dtype: Any) -> pl.Expr:
    """Return the texts of messages as one list: contents, the texts of their parts, and calls of tools as JSON."""
    fields = dtype.inner.to_schema()
    message = pl.element().struct
    texts = [message.field("content")]
    if isinstance(fields["content"], pl.List):
        part = fields["content"].inner
        has_text = isinstance(part, pl.Struct) and "text" in part.to_schema()
        text = pl.element().struct.field("text") if has_text else pl.lit(None, pl.String)
        texts = [message.field("content").list.eval(text).list.join("\n", ignore_nulls=True)]
    if "tool_calls" in fields:
        calls = message.field("tool_calls")
        if JSON in fields:
            calls = pl.coalesce(calls, message.field("function_call"))
        texts.append(calls if fields["tool_calls"] == pl.String() else json_of(calls, fields["tool_calls"]))
    return pl.col(column).list.eval(pl.concat_str(texts, ignore_nulls=True))


def prompt_key(column: str, dtype: Any) -> pl.Expr:
    """Return what makes two prompts the same: their text but for white space and Unicode forms; "" is none."""
    text = pl.col(column)
    if is_chat(dtype):
        content = pl.element().struct.field("content")
        is_text = dtype.inner.to_schema()["content"] == pl.String()
        spoken = pl.when(content.str.strip_chars() != "").then(content) if is_text else pl.lit(None, pl.String)
        text = text.list.eval(pl.coalesce(spoken, json_of(pl.element(), dtype.inner))).list.join("\n")
    elif dtype != pl.String():
        text = json_of(text, dtype)
    return text.str.normalize("NFC").str.replace_all(r"\s+", " ").str.strip_chars().fill_null("")


def split_prompt(frame: pl.LazyFrame, first: str, second: str) -> pl.LazyFrame:
    """Add `_common`: the messages with which both columns begin, without the last one of either; they are cut off.

    Where a column `prompt` is there, they are cut off only where they are that prompt, hold it or end it, or where the
    prompt is a plain text and they begin a dialogue: a response of several messages that follows the prompt stays
    whole, although the other one may begin alike.
    """
    schema = frame.collect_schema()
    frame = frame.with_row_index(_N)
    texts = [sameness_of(name, schema[name]).alias(f"_{n}") for n, name in enumerate((first, second))]
    shorter = pl.min_horizontal(pl.col("_0").list.len(), pl.col("_1").list.len()).cast(pl.Int64) - 1
    pairs = (
        frame.select(_N, *texts)
        .with_columns(_at_most=shorter.fill_null(0).clip(0))
        .filter(pl.col("_at_most") > 0)
        .select(_N, pl.col("_0").list.head("_at_most"), pl.col("_1").list.head("_at_most"))
        .explode("_0", "_1")
        .group_by(_N, maintain_order=True)
        .agg(_k=(pl.col("_0") == pl.col("_1")).fill_null(value=False).cast(pl.Int64).cum_prod().sum())
    )
    joined = frame.join(pairs, on=_N, how="left", maintain_order="left").with_columns(pl.col("_k").fill_null(0))
    joined = joined.with_columns(_common=pl.when(pl.col("_k") > 0).then(pl.col(first).list.head("_k")))
    if "prompt" in schema:
        joined = joined.with_columns(_k=pl.when(_is_prompt(schema, first)).then("_k").otherwise(0))
        joined = joined.with_columns(_common=pl.when(pl.col("_k") > 0).then("_common"))
    cut = (pl.col(name).list.slice(pl.col("_k")).alias(name) for name in (first, second))
    return joined.with_columns(cut).drop("_k", _N)


def sameness_of(column: str, dtype: Any) -> pl.Expr:
    """Return texts for the messages of a column that are equal where these are; only for comparisons."""
    if holds_json(dtype):
        written = json_of(pl.element(), dtype.inner)
        return pl.col(column).list.eval(sameness(written))
    return _json_list(column, dtype)


def whole_prompt(schema: pl.Schema) -> pl.Expr:
    """Return the prompt, as messages, of a frame from `split_prompt`: what was cut off, after what precedes it."""
    messages = schema["_common"]
    if "prompt" not in schema:
        return pl.col("_common")
    if not is_chat(schema["prompt"]):
        user = as_message("prompt", "user", messages)
        return pl.coalesce("_common", user)
    before, common = (_joined(sameness_of(name, schema[name])) for name in ("prompt", "_common"))
    ends_it = before.str.ends_with(common)
    return pl.when(pl.col("_common").is_null() | ends_it.fill_null(value=False)).then("prompt").otherwise("_common")


def split_text(frame: pl.LazyFrame, first: str, second: str) -> tuple[pl.LazyFrame, int, int]:
    """Cut the prompt off texts that begin with it on both sides; return the frame, the number of such rows, and of all.

    Where fewer than half of the rows begin so, nothing is cut: a few answers that repeat the question are answers.
    """
    begins = pl.all_horizontal(
        pl.col(name).str.starts_with(pl.col("prompt"))
        & (pl.col(name).str.len_bytes() > pl.col("prompt").str.len_bytes())
        for name in (first, second)
    ) & (pl.col("prompt") != "")
    n, of = frame.select(begins.sum(), pl.len()).collect().row(0)
    if not n or n * 2 < of:
        return frame, 0, of
    rest = (
        pl.when(begins).then(pl.col(name).str.slice(pl.col("prompt").str.len_chars())).otherwise(name).alias(name)
        for name in (first, second)
    )
    return frame.with_columns(rest), n, of


def text_of(messages: str) -> pl.Expr:
    """Return the contents of messages as one text, for comparisons."""
    return pl.col(messages).list.eval(pl.element().struct.field("content")).list.join("\n").str.strip_chars()


def as_message(column: str, role: str, dtype: Any) -> pl.Expr:
    """Return a text as a list of one message with the keys of a type; null stays null."""
    one = pl.struct(pl.lit(role).alias("role"), pl.col(column).cast(pl.String).alias("content"))
    plain = pl.Struct({"role": pl.String(), "content": pl.String()})
    return pl.when(pl.col(column).is_not_null()).then(pl.concat_list(fitted(one, plain, dtype.inner))).alias(column)


def merged(one: Any, other: Any) -> Any:
    """Return the type that holds the values of both, as far as they are objects, lists, texts and numbers."""
    if one == other or other == pl.Null():
        return one
    if one == pl.Null():
        return other
    if isinstance(one, pl.Struct) and isinstance(other, pl.Struct):
        kinds, more = one.to_schema(), other.to_schema()
        return pl.Struct({name: merged(kinds.get(name, pl.Null()), more.get(name, pl.Null())) for name in kinds | more})
    if isinstance(one, pl.List) and isinstance(other, pl.List):
        return pl.List(merged(one.inner, other.inner))
    if isinstance(one, pl.List) or isinstance(other, pl.List):  # contents: plain texts beside lists of parts
        parts = one if isinstance(one, pl.List) else other
        return merged(parts, _TEXT_PARTS)
    return pl.Float64() if one.is_numeric() and other.is_numeric() else pl.String()


def fitted(value: pl.Expr, have: Any, want: Any) -> pl.Expr:
    """Return a value in a type from `merged`: keys that it does not have are null, a plain text is one part."""
    if have == want:
        return value
    if have == pl.Null():
        return pl.lit(None, want)
    if isinstance(have, pl.Struct) and isinstance(want, pl.Struct):
        kinds = have.to_schema()
        fields = (
            (fitted(value.struct.field(name), kinds[name], kind) if name in kinds else pl.lit(None, kind)).alias(name)
            for name, kind in want.to_schema().items()
        )
        return pl.when(value.is_not_null()).then(pl.struct(fields))
    if isinstance(have, pl.List) and isinstance(want, pl.List):
        return value.list.eval(fitted(pl.element(), have.inner, want.inner))
    if isinstance(want, pl.List):
        part = pl.struct(pl.lit("text").alias("type"), value.cast(pl.String).alias("text"))
        return pl.when(value.is_not_null()).then(pl.concat_list(fitted(part, _TEXT_PARTS.inner, want.inner)))
    return value.cast(want, strict=False)


def _is_prompt(schema: pl.Schema, first: str) -> pl.Expr:
    """Whether the messages in `_common` are the prompt, hold it, end it, or stand in place of a plain text."""
    opens = pl.col("_common").list.first().struct.field("role").is_in(OPENERS)
    if not is_chat(schema["prompt"]):
        return opens.fill_null(value=False)
    prompt = _joined(sameness_of("prompt", schema["prompt"]))
    common = _joined(sameness_of("_common", schema[first]))
    alike = common.str.starts_with(prompt) | common.str.ends_with(prompt) | prompt.str.ends_with(common)
    nothing = pl.col("prompt").list.len().fill_null(0) == 0
    return nothing | alike.fill_null(value=False)


def _json_list(column: str, dtype: Any) -> pl.Expr:
    return pl.col(column).list.eval(json_of(pl.element(), dtype.inner))


def _joined(messages: pl.Expr) -> pl.Expr:
    """Messages as one text, each between line breaks, of which JSON has none."""
    return pl.concat_str(pl.lit("\n"), messages.list.join("\n"), pl.lit("\n"))


def _has_content(content: pl.Expr, dtype: Any) -> pl.Expr:
    if not isinstance(dtype, pl.List):
        return content.cast(pl.String).str.strip_chars() != ""
    if not isinstance(dtype.inner, pl.Struct):
        return content.list.len() > 0
    fields = dtype.inner.to_schema()
    part = pl.element().struct
    text = part.field("text").str.strip_chars().fill_null("") != "" if "text" in fields else pl.lit(value=False)
    other = part.field("type") != "text" if "type" in fields else pl.lit(value=False)
    return content.list.eval(text | other.fill_null(value=False)).list.any()
