"""Scores as numbers, whatever they are written as."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from prefqa.errors import AmbiguousReadingError, Choice
from prefqa.readers.names import tokens
from prefqa.readers.table import Table

#: Words of scores of which a low one is good, or may be.
_LOWER_IS_BETTER = frozenset(
    {"error", "mistake", "loss", "toxicity", "toxic", "harm", "harmful", "harmfulness", "bad", "badness",
     "penalty", "distance", "violation", "hallucination", "severity", "cost", "rank", "ranking", "place",
     "inverse", "inverted", "negative", "wer", "cer", "ter", "mqm", "perplexity", "ppl", "risk", "unsafe",
     "danger", "dangerous", "defect", "flaw", "fault", "issue", "complaint", "dislike", "downvote", "worst",
     "worse", "bias", "biased", "offensive", "offensiveness", "lower", "rmse", "mae", "mse", "deviation",
     "redundancy", "incoherence", "unhelpfulness", "verbosity", "refusal", "spam", "insult", "profanity", "threat"}
)  # fmt: skip


def refuse_unclear_direction(table: Table, columns: Sequence[str]) -> None:
    """Refuse scores that decide which response is better under a name by which a low one may be the better.

    Raises:
        AmbiguousReadingError: with the configuration for either direction.
    """
    if table.options.higher is not None:
        return
    shown = list(dict.fromkeys(table.shown(name) for name in columns))
    words = {word for name in shown for word in tokens(name)}
    if not (words | {word.removesuffix("s") for word in words}) & _LOWER_IS_BETTER:
        return
    raise AmbiguousReadingError(
        f"{table.origin}: scores in {', '.join(map(repr, shown))} say which response is better, and by their name "
        "a lower score may be the better one",
        [
            Choice("the lower score is better", '[read]\nhigher = "worse"'),
            Choice("the higher score is better", '[read]\nhigher = "better"'),
        ],
    )


def scores_of(table: Table, column: str) -> pl.Expr:
    """Return a column of scores as numbers; null for a value that stands for no answer, or that is no finite number."""
    dtype = table.schema[column]
    present = table.options.without_missing(pl.col(column), dtype)
    if dtype == pl.Boolean():
        return present.cast(pl.Float64)
    text = present.cast(pl.String).str.strip_chars()
    words = pl.when(text.str.to_lowercase() == "true").then(1.0).when(text.str.to_lowercase() == "false").then(0.0)
    number = pl.coalesce(text.cast(pl.Float64, strict=False), words)
    return pl.when(number.is_finite()).then(number)


def ranked(score: pl.Expr, keys: list[str], *, higher_is_worse: bool) -> pl.Expr:
    """Return ranks of scores within keys, the best first, equal scores tied (1, 2, 2, 4)."""
    return score.rank("min", descending=not higher_is_worse).over(keys).cast(pl.Int64)
