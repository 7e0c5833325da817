"""Answers to the questions of an Argilla dataset become long rows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import polars as pl

from prefqa._words import formatted
from prefqa.preferences import ROW
from prefqa.readers.export import RECORD
from prefqa.readers.records import fields_of

#: What an answer comes with; a layout that lacks one of these has it as null.
BASE = (ROW, "item_id", "annotator_id", "status", "created_at", "annotator_kind")
#: Label of an answer that chooses none of several labels.
NONE = "(none)"


@dataclass(frozen=True)
class Question:
    """A question: its name, our word for its kind, and the type of its values."""

    name: str
    kind: str
    dtype: pl.DataType


def kind_of(typed: Any, fields: Collection[str], values: pl.LazyFrame) -> str | None:
    """Kind of a question by its values, where no settings say it; None for a kind that is not read (spans).

    A list of names is a ranking where the names are those of fields, and else a choice of labels. Text that is long or
    has lines is an answer in one's own words, other text a label.

    Args:
        typed: the type of the values.
        fields: names of the fields of the records.
        values: column `_value`, the values as text, or lists of text.
    """
    if set(fields_of(typed)) >= {"value", "rank"}:
        return "ranking"
    if typed.is_nested() and fields_of(typed):
        return None
    value = pl.col("_value")
    if isinstance(typed, pl.List):
        listed = values.select(value.explode().drop_nulls().unique()).collect()["_value"]
        objects = listed.str.json_path_match("$.rank").is_not_null().any()
        return "ranking" if objects or (len(listed) and listed.is_in(list(fields)).all()) else "labels"
    if typed.is_numeric():
        return "rating"
    own_words = (value.str.len_chars() > 60) | value.str.contains("\n", literal=True)
    return "text" if values.select(own_words.any()).collect().item() else "label"


def answer_type(kind: str | None, typed: Any) -> pl.DataType:
    """How the values of a question are read; a JSON object in a list stays text."""
    if {"value", "rank"} <= set(fields_of(typed)) and isinstance(typed, pl.Struct):
        return pl.Struct({"value": pl.List(pl.String()), "rank": pl.List(pl.String())})
    if kind in ("ranking", "labels") or (kind is None and isinstance(typed, pl.List)):
        return pl.List(pl.String())
    return pl.String()


def to_long(question: Question, answers: pl.LazyFrame, *, order: bool) -> pl.LazyFrame:
    """One row per answer, for rankings one per option; `_order_only` marks options that came without a rank.

    Args:
        question: what was asked.
        answers: the columns of BASE and `_value`, the answer.
        order: whether a list of options without ranks runs from best to worst.
    """
    answers = answers.filter(pl.col("_value").is_not_null())
    if question.kind == "ranking":
        return _rankings(question.dtype, answers, order=order)
    value = pl.col("_value")
    if question.kind == "labels":
        chosen = value.list.drop_nulls().list.unique().list.sort().list.join("|")
        label = pl.when(chosen == "").then(pl.lit(NONE)).otherwise(chosen)
        return answers.select(*BASE, response_id=pl.lit(RECORD), label=label)
    if question.kind == "text":
        return answers.select(*BASE, response_id=pl.col("annotator_id"), text=value)
    column = "score" if question.kind == "rating" else "label"
    return answers.select(*BASE, value.alias(column), response_id=pl.lit(RECORD))


def is_empty(question: Question) -> pl.Expr:
    """Whether `_value` answers nothing; no label of several is an answer."""
    value = pl.col("_value")
    if question.kind != "ranking":
        return value.is_null()
    if isinstance(question.dtype, pl.Struct):
        value = value.struct.field("rank").list.drop_nulls()
    return value.list.len().fill_null(0) == 0


def _rankings(dtype: Any, answers: pl.LazyFrame, *, order: bool) -> pl.LazyFrame:
    value = pl.col("_value")
    if not isinstance(dtype, pl.Struct):
        return _listed(answers.rename({"_value": "response_id"}), order=order)
    options, ranks = value.struct.field("value"), value.struct.field("rank")
    lists = answers.with_columns(response_id=options, rank=ranks).filter(pl.col("response_id").list.len() > 0)
    # Lists of different length cannot be matched: every response of such an answer gets a rank that is refused.
    lengths = [pl.col(name).list.len().fill_null(0) for name in ("rank", "response_id")]
    unequal = lengths[0] != lengths[1]
    paired = lists.with_columns(
        pl.when(unequal).then(formatted("{} ranks for {} responses", *lengths)).alias("_unequal"),
        pl.when(unequal).then(pl.col("response_id")).otherwise(pl.col("rank")).alias("rank"),
    )
    long = paired.select(*BASE, "response_id", "rank", "_unequal").explode("response_id", "rank")
    return long.select(*BASE, "response_id", rank=pl.coalesce("_unequal", "rank"))


def _listed(answers: pl.LazyFrame, *, order: bool) -> pl.LazyFrame:
    """Lists of options that are JSON objects of a name and a rank, or names alone, even within one list."""
    lists = answers.filter(pl.col("response_id").list.len() > 0)
    place = pl.int_ranges(1, pl.col("response_id").list.len() + 1).alias("_place")
    long = lists.select(*BASE, "response_id", place).explode("response_id", "_place")
    said = pl.col("response_id")
    both = said.str.starts_with("{")
    inner = long.with_columns(
        pl.when(both).then(said.str.json_path_match("$.value")).otherwise(said).alias("response_id"),
        pl.when(both).then(said.str.json_path_match("$.rank")).alias("rank"),
        (~both).alias("_order_only"),
    )
    if order:
        inner = inner.with_columns(pl.coalesce("rank", pl.col("_place").cast(pl.String)).alias("rank"))
    return inner.drop("_place")
