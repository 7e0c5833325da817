"""Feedback that platforms keep beside traces: scores and labels, by name, from people, models and code.

A feedback is about one run, trace or span as a whole, which is its item; its response is `record`, and its name the
criterion. Where runs were compared with each other (LangSmith), they are the responses of one item, ranked by their
scores. Each platform makes one frame of its records (see `Feedback`), which `declaration` turns into a reader.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import polars as pl

from prefqa._words import formatted
from prefqa.notes import Note
from prefqa.readers.declared import TEXT, Declaration
from prefqa.readers.export import RECORD, note

#: Makes of the records, as text, one row per feedback: `_row` and, as far as the platform has them, `item_id`,
#: `annotator_id`, `annotator_kind`, `criterion`, `score`, `label`, `created_at`, `judgment_id`, `comment`, and
#: `_unread`: of what kind a feedback is that gives no judgment, or null.
Feedback = Callable[[pl.DataFrame], pl.DataFrame]
Fields = Mapping[str, pl.DataType]
_COLUMNS = ("item_id", "annotator_id", "annotator_kind", "criterion", "score", "label", "created_at", "judgment_id")


def declaration(
    name: str,
    what: str,
    sees: Callable[[pl.Schema], str | None],
    fields: Fields | Callable[[pl.Schema], Fields],
    feedback: Feedback,
    detail: str,
    confirms: Callable[[pl.DataFrame], bool] | None = None,
) -> Declaration:
    """Return the declaration of a platform."""
    return Declaration(
        name, what, sees, fields, partial(_judgments, feedback), "ranked", detail, confirms, partial(_lost, feedback)
    )


def number(value: pl.Expr) -> pl.Expr:
    """A number as it is written, 1 and 0 for true and false, null for any other text."""
    written = value.str.strip_chars()
    truth = written.str.to_lowercase().replace_strict({"true": "1", "false": "0"}, default=None, return_dtype=TEXT)
    finite = written.cast(pl.Float64, strict=False).is_finite()
    return pl.coalesce(truth, pl.when(finite).then(written))


def is_nested(value: pl.Expr) -> pl.Expr:
    """Whether a text is the JSON of a list or object."""
    return value.str.contains(r"(?s)^\s*(\[.*\]|\{.*\})\s*$").fill_null(value=False)


def words(value: pl.Expr) -> pl.Expr:
    """A text that is neither empty nor nested, or null."""
    return pl.when((value.str.strip_chars() != "") & ~is_nested(value)).then(value)


def first(*names: str) -> pl.Expr:
    """The first of some columns that holds a word; a sheet writes what is missing as an empty text."""
    return pl.coalesce(*(words(pl.col(name)) for name in names))


def kind_of(source: pl.Expr, *, human: tuple[str, ...], model: tuple[str, ...]) -> pl.Expr:
    """The kind of annotator by the word for the source; null where the word leaves it open."""
    kinds = dict.fromkeys(human, "human") | dict.fromkeys(model, "model")
    return source.replace_strict(kinds, default=None, return_dtype=TEXT)


def struct_of(*names: str) -> pl.Struct:
    """An object with these fields, as text."""
    return pl.Struct(dict.fromkeys(names, TEXT))


def _answers(each: pl.DataFrame) -> pl.DataFrame:
    """The feedback with all columns, those that a platform lacks as null."""
    wanted = (*_COLUMNS, "response_id", "comment", "_unread")
    return each.with_columns(pl.lit(None, TEXT).alias(name) for name in wanted if name not in each.columns)


_IS_EMPTY = pl.col("_unread").is_null() & pl.col("score").is_null() & pl.col("label").is_null()


def _judgments(feedback: Feedback, frame: pl.DataFrame) -> pl.DataFrame:
    each = _answers(feedback(frame))
    rank = pl.col("rank") if "rank" in each.columns else pl.lit(None, pl.Int64)
    read = each.filter(pl.col("_unread").is_null() & ~_IS_EMPTY)
    return read.with_columns(response_id=pl.coalesce("response_id", pl.lit(RECORD)), rank=rank).drop("_unread")


def _lost(feedback: Feedback, frame: pl.DataFrame) -> tuple[Note, ...]:
    each = _answers(feedback(frame))
    unread, empty = each.filter(pl.col("_unread").is_not_null()), each.filter(_IS_EMPTY)
    kinds = ", ".join(unread["_unread"].unique().sort().head(8))
    return (
        *note(
            "PQ728", f"{{n}} of {{of}} feedbacks are not read: {kinds}.", unread, each.height, value=pl.col("_unread")
        ),
        *note("PQ727", "{n} of {of} feedbacks have neither a score nor a label.", empty, each.height),
    )


def iso(milliseconds: pl.Expr) -> pl.Expr:
    """Milliseconds since 1970, as text, as a time in ISO 8601."""
    whole = milliseconds.cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)
    return formatted("{}Z", pl.from_epoch(whole, "ms").dt.strftime("%Y-%m-%dT%H:%M:%S%.3f"))


def with_place(item: pl.Expr, place: pl.Expr) -> pl.Expr:
    """The id of an item, with a place within it where there is one."""
    return pl.when(place.is_null()).then(item).otherwise(formatted("{}/{}", item, place))
