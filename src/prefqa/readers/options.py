"""What a caller says about a source that its columns do not say themselves: the keys under `[read]`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, get_args

import polars as pl

from prefqa.errors import UsageError

Gives = Literal["votes", "ranks", "scores", "labels"]
Ranking = Literal["ranks", "order"]
Higher = Literal["better", "worse"]
PairValues = Literal["texts", "names"]
Winner = Literal["side", "name"]
AnnotatorFrom = Literal["file"]


@dataclass(frozen=True)
class Options:
    """How values are to be read; None leaves it to the file, where the file says it.

    Attributes:
        votes: the meaning of each value of a vote: {"A": "first", "0": "tie"}, or a scale {"scale": {"first": 1, ...}}.
        annotators: names or patterns of columns that hold one annotator's answers each.
        gives: what these columns hold, where they are numbers beside responses.
        missing: values of scores and ranks that stand for no answer.
        ranks_from: the number of the best rank, 0 or 1.
        ranking: whether a list of numbers beside responses has their ranks, or their places in order, best first.
        higher: whether a higher score is better or worse.
        pair_values: whether the two columns of a pair hold texts or names.
        winner: whether the words of a vote name sides ("A" is the first column) or names ("A" is the model A).
        annotator_from: "file" where each file holds the judgments of one annotator.
    """

    votes: Mapping[str, object] | None = None
    annotators: Sequence[str] = ()
    gives: Gives | None = None
    missing: Sequence[str | float] = ()
    ranks_from: int | None = None
    ranking: Ranking | None = None
    higher: Higher | None = None
    pair_values: PairValues | None = None
    winner: Winner | None = None
    annotator_from: AnnotatorFrom | None = None

    def __post_init__(self) -> None:
        """Refuse words that there are not."""
        allowed = {
            "gives": get_args(Gives), "ranking": get_args(Ranking), "higher": get_args(Higher), "ranks_from": (0, 1),
            "pair_values": get_args(PairValues), "winner": get_args(Winner), "annotator_from": get_args(AnnotatorFrom),
        }  # fmt: skip
        for name, words in allowed.items():
            value = getattr(self, name)
            if value is not None and value not in words:
                raise UsageError(f"{name} = {value!r} is not one of {', '.join(map(repr, words))}")

    def annotator_columns(self, names: Sequence[str]) -> list[str]:
        """Return the columns that `annotators` names, in the order of the file.

        Raises:
            UsageError: a name or pattern that no column has.
        """
        for pattern in self.annotators:
            if not any(name == pattern or fnmatchcase(name, pattern) for name in names):
                raise UsageError(
                    f"annotators: no column is called {pattern!r}", hint=f"the columns are: {', '.join(map(repr, names))}."
                )
        return [name for name in names if any(name == p or fnmatchcase(name, p) for p in self.annotators)]

    def without_missing(self, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
        """Return a column in which the values of `missing` are null."""
        if not self.missing or dtype.is_nested():
            return column
        text = column.cast(pl.String).str.strip_chars()
        number = text.cast(pl.Float64, strict=False)
        words = [str(value) for value in self.missing]
        numbers = [float(value) for value in self.missing if _is_number(value)]
        return pl.when(text.is_in(words) | number.is_in(numbers).fill_null(value=False)).then(None).otherwise(column)


def _is_number(value: object) -> bool:
    try:
        float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return True
