"""Prompts and responses of trainers' files as the rows that a declaration makes: messages, ids and labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from prefqa._words import formatted
from prefqa.messages import sameness_of
from prefqa.notes import Note
from prefqa.preferences import ROW
from prefqa.readers.declared import MESSAGES
from prefqa.readers.export import note
from prefqa.readers.long_rows import PAIR
from prefqa.readers.records import fields_of

#: What a label of a single response may be, in small letters.
GOOD, BAD = ("true", "1", "1.0"), ("false", "0", "0.0")


def has_objects(column: str, *names: str) -> Callable[[pl.Schema], str | None]:
    """Recognise records by a column of objects with these fields; lists of such objects are not meant."""

    def sees(schema: pl.Schema) -> str | None:
        dtype = schema.get(column)
        if not isinstance(dtype, pl.Struct) or not set(names) <= set(fields_of(dtype)):
            return None
        return f"objects of {' and '.join(names)} in {column!r}"

    return sees


def has_texts(*columns: str) -> Callable[[pl.Schema], str | None]:
    """Recognise records by columns of text."""

    def sees(schema: pl.Schema) -> str | None:
        is_text = all(schema.get(name) == pl.String() for name in columns)
        return f"texts in {', '.join(map(repr, columns))}" if is_text else None

    return sees


def turns(
    column: pl.Expr, role: str = "role", content: str = "content", roles: Mapping[str, str] | None = None
) -> pl.Expr:
    """Return a list of turns as messages; `roles` maps the names of speakers that the trainer uses."""
    fields = pl.element().struct
    speaker = fields.field(role).replace(dict(roles)) if roles else fields.field(role)
    return column.list.eval(pl.struct(speaker.alias("role"), fields.field(content).alias("content")))


def one_message(role: pl.Expr | str, content: pl.Expr) -> pl.Expr:
    """Return messages of a single turn, null where it has no content."""
    speaker = pl.lit(role) if isinstance(role, str) else role
    message = pl.struct(speaker.alias("role"), content.alias("content"))
    return pl.when(content.is_not_null()).then(pl.concat_list(message))


def with_system(messages: pl.Expr, system: pl.Expr) -> pl.Expr:
    """Put a system prompt before messages that do not begin with one; a blank prompt is none."""
    begins = (messages.list.first().struct.field("role") == "system").fill_null(value=False)
    is_given = (system.str.strip_chars() != "").fill_null(value=False)
    empty = pl.lit([], MESSAGES)
    before = one_message("system", system).list.concat(pl.coalesce(messages, empty))
    return pl.when(is_given & ~begins).then(before).otherwise(messages)


def is_blank(text: pl.Expr) -> pl.Expr:
    """Whether a text is missing or has no visible character."""
    return (text.str.strip_chars() == "").fill_null(value=True)


def asked(frame: pl.DataFrame, question: pl.Expr, system: pl.Expr) -> pl.Expr:
    """Return questions as texts, or as messages if any of them comes with a system prompt."""
    if frame.select(is_blank(system).all()).item():
        return question
    return with_system(one_message("user", question), system)


def chosen_rows(frame: pl.DataFrame, prompt: pl.Expr, chosen: pl.Expr, rejected: pl.Expr) -> pl.DataFrame:
    """Return the form `pairs` of records with a chosen and a rejected response; the order shown is not known."""
    rows = _with_items(
        frame.select(
            ROW,
            prompt.alias("prompt"),
            chosen.alias("first_text"),
            rejected.alias("second_text"),
            vote=pl.lit("first"),
            said=pl.lit("chosen"),
            position=pl.lit(None, pl.Int64),
        )
    )
    sides = pl.concat_list(_identity(rows, "first_text"), _identity(rows, "second_text"))
    each = rows.select("item_id", text=sides).explode("text").select(_names("text"))
    ids = each.to_series()
    return rows.with_columns(first_id=ids.gather_every(2, 0), second_id=ids.gather_every(2, 1))


def rated_rows(frame: pl.DataFrame, prompt: pl.Expr, response: pl.Expr, label: str) -> pl.DataFrame:
    """Return the form `rated` of single responses labelled good (1) or bad (0); equal prompts are one item."""
    value = pl.col(label).str.strip_chars().str.to_lowercase()
    score = pl.when(value.is_in(GOOD)).then(1.0).when(value.is_in(BAD)).then(0.0)
    rows = _with_items(frame.select(ROW, prompt.alias("prompt"), response.alias("text"), score=score))
    return rows.with_columns(_names(_identity(rows, "text")).alias("response_id"))


def listed_rows(
    frame: pl.DataFrame, prompt: pl.Expr, responses: str, text: pl.Expr, place: pl.Expr, **more: pl.Expr
) -> pl.DataFrame:
    """Return the form `ranked` of records that each list the responses to a prompt.

    Args:
        frame: the records.
        prompt: the prompt of a record.
        responses: the column of lists.
        text, place, more: values of one response, as expressions over its struct in `responses`.
    """
    items = _with_items(frame.select(ROW, responses, prompt.alias("prompt")))
    each = items.filter(pl.col(responses).list.len() > 0).explode(responses)
    rows = each.select(ROW, "item_id", "prompt", text=text, rank=place, **more)
    rows = rows.with_columns(_names(_identity(rows, "text")).alias("response_id"))
    return rows.with_columns(pl.col("response_id").sort().str.join("|").over(ROW).alias(PAIR))


def unread(frame: pl.DataFrame, rows: pl.Expr, what: str, code: str = "PQ728") -> tuple[Note, ...]:
    """Note the records in which something is not read; `what` names it, with {n} and {of} for the counts."""
    return note(code, what, frame.filter(rows.fill_null(value=False)).select(ROW), frame.height)


def odd_labels(label: str) -> Callable[[pl.DataFrame], tuple[Note, ...]]:
    """Note the records whose label is missing, or is neither true nor false."""

    def notes(frame: pl.DataFrame) -> tuple[Note, ...]:
        value = pl.col(label).str.strip_chars().str.to_lowercase()
        odd = frame.filter(~value.is_in([*GOOD, *BAD]).fill_null(value=False))
        message = f"{{n}} of {{of}} records have a {label} that is neither true nor false; they are not rated."
        return note("PQ728", message, odd, frame.height, value=pl.col(label))

    return notes


def _with_items(rows: pl.DataFrame) -> pl.DataFrame:
    """Make equal prompts one item; without a prompt each record is its own."""
    is_text = rows.schema["prompt"] == pl.String()
    empty = is_blank(pl.col("prompt")) if is_text else pl.col("prompt").list.len().fill_null(0) == 0
    rows = rows.with_columns(pl.when(~empty).then("prompt").alias("prompt"))
    number = _identity(rows, "prompt").rank("dense").cast(pl.Int64)
    return rows.with_columns(item_id=pl.coalesce(formatted("prompt-{}", number), formatted("row-{}", ROW)))


def _names(text: pl.Expr | str) -> pl.Expr:
    """Short names of the responses of an item, in the order of their texts."""
    column = pl.col(text) if isinstance(text, str) else text
    return formatted("r{}", column.rank("dense").over("item_id").cast(pl.Int64))


def _identity(rows: pl.DataFrame, name: str) -> pl.Expr:
    """Return what identifies a prompt or a response: its text, or the JSON of its messages."""
    if rows.schema[name] == pl.String():
        return pl.col(name)
    return sameness_of(name, rows.schema[name]).list.join(",")
