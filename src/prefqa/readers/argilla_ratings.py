"""Ratings of single responses: questions named after fields, as in `a-rating` and `b-rating`, rank these fields."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from prefqa.preferences import ROW
from prefqa.readers.long_rows import PROMPTS

_SEPARATORS = "-_. "


@dataclass(frozen=True)
class Rated:
    """The field that a question rates, and what of it: the rest of the question's name."""

    field: str
    criterion: str


def rated_fields(ratings: Collection[str], fields: Collection[str], others: Collection[str]) -> dict[str, Rated]:
    """Return, by question, what it rates, where questions of one criterion rate two fields or more.

    >>> rated_fields(["a-rating", "b-rating", "overall"], ["prompt", "a", "b"], [])
    {'a-rating': Rated(field='a', criterion='rating'), 'b-rating': Rated(field='b', criterion='rating')}

    Args:
        ratings: names of the questions that ask for a rating.
        fields: names of the fields of the records.
        others: names of the other questions, which no criterion may have.
    """
    found: dict[str, Rated] = {}
    for question in ratings:
        for field in sorted(set(fields) - set(PROMPTS), key=len):  # the longest that fits stays
            rest = question.removeprefix(field) if question.startswith(field) else question.removesuffix(field)
            if rest != question and (not rest or rest[0] in _SEPARATORS or rest[-1] in _SEPARATORS):
                found[question] = Rated(field, rest.strip(_SEPARATORS) or "rating")
    rated: dict[str, set[str]] = {}
    for one in found.values():
        rated.setdefault(one.criterion, set()).add(one.field)
    taken = {*others, *(name for name in ratings if name not in found)}
    return {name: one for name, one in found.items() if len(rated[one.criterion]) > 1 and one.criterion not in taken}


def as_rankings(long: pl.LazyFrame, rated: Mapping[str, Rated]) -> pl.LazyFrame:
    """Make each of these ratings one of its field, and rank an annotator's, higher first, equal ones tied."""
    if not rated:
        return long
    question = pl.col("criterion")
    is_rated = question.is_in(list(rated))
    score = pl.col("score").cast(pl.Float64, strict=False)
    place = pl.when(score.is_finite()).then(score).rank("min", descending=True).over(ROW, "annotator_id", "criterion")
    rank = [pl.col("rank")] if "rank" in long.collect_schema() else []
    return long.with_columns(
        pl.when(is_rated).then(question.replace({name: one.field for name, one in rated.items()}))
        .otherwise("response_id").alias("response_id"),
        question.replace({name: one.criterion for name, one in rated.items()}),
        _rated=is_rated,
    ).with_columns(
        rank=pl.when("_rated").then(place.cast(pl.Int64).cast(pl.String)).otherwise(*(rank or [pl.lit(None)]))
    ).drop("_rated")  # fmt: skip
