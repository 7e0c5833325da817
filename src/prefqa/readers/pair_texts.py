"""The texts of two responses side by side, without the prompt that stands within them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from prefqa.errors import UsageError
from prefqa.readers.cells import chat, encoded, is_messages, is_texts, split_prompt, text_of
from prefqa.readers.pair_columns import Sides
from prefqa.readers.records import fields_of
from prefqa.readers.sides import Pair
from prefqa.readers.table import Table, Use

#: A value with a blank, a line break or this many characters is a text and not a name.
_LONG = 60


#: Roles of messages that ask.
_ASKING = ("user", "system", "developer")


def with_texts(table: Table, sides: Sides, *, texts: bool | None = None) -> tuple[Table, bool]:
    """The table with texts and messages in one form, the prompt split off; and whether the columns hold texts."""
    pair = sides.text
    if pair is None:
        return table, False
    names = [pair.first, pair.second]
    table = chat(table, [*names, *(["prompt"] if table.used("prompt") else [])])
    schema = table.schema
    kinds = [schema[name] for name in names]
    if kinds[0] != kinds[1] and any(kind.is_nested() for kind in kinds) and pl.Null() not in kinds:
        both = " and ".join(f"{table.shown(name)!r} {kind}" for name, kind in zip(names, kinds, strict=True))
        raise UsageError(f"two sides of one pair are of different kinds: {both}", hint="bring both to one form.")
    if all(is_messages(kind) for kind in kinds):
        return _split_messages(table, pair), True
    table = _one_of_each(table, names)
    if texts is None:
        texts = sides.model is not None or sides.id is not None or _holds_texts(table, pair)
        if not texts:
            table = table.say(
                f"{table.shown(pair.first)!r} and {table.shown(pair.second)!r} hold names of responses, not their texts"
            )
    return (_split_texts(table, pair) if texts and table.used("prompt") else table), texts


def _one_of_each(table: Table, names: Sequence[str]) -> Table:
    """The table with texts out of lists of one; other lists, and objects without a text, are refused."""
    for name in names:
        dtype = table.schema[name]
        if not dtype.is_nested():
            continue
        if is_texts(dtype) and table.frame.select((pl.col(name).list.len() <= 1).all()).collect().item():
            table = table.with_frame(table.frame.with_columns(pl.col(name).list.first()))
            continue
        kind = "lists" if isinstance(dtype, pl.List) else "objects"
        raise UsageError(
            f"{table.origin}: column {table.shown(name)!r} holds {kind} in which no text of a response is known: "
            f"{dtype}",
            hint="write each response as one text, or as chat messages with the fields role and content.",
        )
    return table


def _holds_texts(table: Table, pair: Pair) -> bool:
    """Whether two columns hold texts and not names: values with blanks or lines, or long ones."""
    if table.options.pair_values is not None:
        return table.options.pair_values == "texts"
    if table.schema[pair.first].is_nested():
        return True
    strings = [name for name in (pair.first, pair.second) if table.schema[name] == pl.String()]
    if not strings:
        return False
    values = pl.concat([table.sample(name)[name].alias("v") for name in strings]).drop_nulls()
    values = values.filter(values != "")
    if ((values.str.len_chars() > _LONG) | values.str.contains("\n")).any():
        return True
    if _recur(table, pair):
        return False
    if values.str.contains(r"\S\s+\S+\s+\S").any():
        return True
    blanks = values.str.contains(r"\S\s\S").mean()
    return isinstance(blanks, float) and blanks >= 0.5


def _recur(table: Table, pair: Pair) -> bool:
    """Whether most values stand beside several prompts or items, as names do and answers do not."""
    about = next((role for role in ("prompt", "item_id") if table.used(role)), None)
    if about is None:
        return False
    asked = encoded(about, table.schema[about]).alias("_about")
    values = pl.concat(
        [table.frame.select(asked, pl.col(name).cast(pl.String).alias("v")) for name in (pair.first, pair.second)]
    )
    several = values.drop_nulls().group_by("v").agg(n=pl.col("_about").n_unique()).select((pl.col("n") > 2).mean())
    return (several.collect().item() or 0) > 0.5


def holds_strings(table: Table, pair: Pair | None) -> bool:
    """Whether a pair of columns holds plain strings."""
    return pair is not None and table.schema[pair.first] == pl.String()


def _split_messages(table: Table, pair: Pair) -> Table:
    """Take the messages with which both dialogues begin as the prompt.

    Beside a prompt, dialogues that begin with the assistant go on from it: the calls of tools that both have are
    theirs.
    """
    kind = table.schema["prompt"] if table.used("prompt") else None
    nothing = kind is not None and kind.is_nested() and not is_messages(kind)  # empty lists alone
    asked = pl.lit(None, pl.String) if nothing else pl.col("prompt").cast(pl.String).str.strip_chars()
    asked = text_of("prompt") if is_messages(kind) else asked
    frame = split_prompt(table.frame, pair.first, pair.second, None if kind is None else _opens_dialogue(asked))
    split = frame.select(pl.col("_common").is_not_null().sum(), pl.len()).collect().row(0)
    shown = f"{table.shown(pair.first)!r} and {table.shown(pair.second)!r}"
    if not split[0]:
        return table.with_frame(frame.drop("_common"))
    table = table.say(f"the messages with which both {shown} begin are the prompt ({split[0]:,} of {split[1]:,} rows)")
    if kind is None:
        frame = frame.with_columns(prompt=pl.col("_common")).drop("_common")
        return replace(table.with_frame(frame), uses=(*table.uses, _LEADING))
    begins = text_of("_common")
    ends_so = asked.str.ends_with(begins) if is_messages(kind) else pl.lit(value=False)  # a system prompt comes before
    differs = pl.col("_common").is_not_null() & ~begins.str.contains(asked, literal=True) & ~ends_so
    n = int(frame.select(differs.sum()).collect().item())
    if n:
        table = table.say(f"in {n:,} rows the column of the prompt does not occur in these messages, which are taken")
    if is_messages(kind):
        whole = pl.when(pl.col("_common").is_null() | ends_so).then("prompt").otherwise("_common")
        return table.with_frame(frame.with_columns(prompt=whole).drop("_common"))
    fields = fields_of(frame.collect_schema()["_common"])
    user = pl.struct(
        pl.lit("user").alias("role"),
        asked.alias("content") if nothing else pl.col("prompt").cast(pl.String).alias("content"),
        *(pl.lit(None, dtype).alias(name) for name, dtype in fields.items() if name not in ("role", "content")),
    )
    as_message = pl.when(asked.is_not_null()).then(pl.concat_list(user))
    return table.with_frame(frame.with_columns(prompt=pl.coalesce("_common", as_message)).drop("_common"))


#: The role of the messages with which both dialogues begin.
_LEADING = Use("(leading messages)", "prompt", "split off the dialogues")


def _opens_dialogue(asked: pl.Expr) -> pl.Expr:
    """Whether `_common` is a dialogue from its beginning, or holds what the prompt asks: no part of an answer."""
    role = pl.element().struct.field("role")
    first = pl.col("_common").list.first().struct.field("role")
    people = pl.col("_common").list.filter(role.is_in(_ASKING)).list.eval(pl.element().struct.field("content"))
    holds = people.list.join("\n").str.contains(asked, literal=True)
    return (asked.is_null() | first.is_in(_ASKING) | holds).fill_null(value=True)


def _split_texts(table: Table, pair: Pair) -> Table:
    """Cut the prompt off texts that begin with it on both sides."""
    schema = table.schema
    if schema["prompt"] != pl.String() or any(schema[name] != pl.String() for name in (pair.first, pair.second)):
        return table
    begins = pl.all_horizontal(
        pl.col(name).str.starts_with(pl.col("prompt"))
        & (pl.col(name).str.len_bytes() > pl.col("prompt").str.len_bytes())
        for name in (pair.first, pair.second)
    ) & (pl.col("prompt") != "")
    n, of = table.frame.select(begins.sum(), pl.len()).collect().row(0)
    if not n or n * 2 < of:  # a few answers that repeat the question are answers
        return table
    rest = [
        pl.when(begins).then(pl.col(name).str.slice(pl.col("prompt").str.len_chars())).otherwise(name).alias(name)
        for name in (pair.first, pair.second)
    ]
    table = table.say(f"the prompt with which both texts begin is cut off them ({n:,} of {of:,} rows)")
    return table.with_frame(table.frame.with_columns(rest))
