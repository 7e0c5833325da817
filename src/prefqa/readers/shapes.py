"""The shapes that preference data comes in: by which columns each is recognised."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import polars as pl

from prefqa.errors import ColumnNotFoundError, UsageError, nearest
from prefqa.preferences import ROW
from prefqa.readers.long_rows import (
    PAIRS,
    PROMPTS,
    TEXTS,
    VOTES,
    chosen_rejected,
    pairwise,
    ranking_lists,
    rankings,
    ratings,
)

_ITEM = ("item_id", *PROMPTS)
#: Columns that may hold chat messages.
_MESSAGES = (*PROMPTS, *TEXTS, "chosen", "rejected", *(name for pair in PAIRS for name in pair))


@dataclass(frozen=True)
class Shape:
    """A shape: its name, the columns that show it (each group: any one of them), how it becomes long."""

    name: str
    needs: tuple[tuple[str, ...], ...]
    detail: str
    to_long: Callable[[pl.LazyFrame], pl.LazyFrame]

    def missing(self, names: Collection[str]) -> list[str]:
        """Return the first name of each group that the data has none of."""
        return [group[0] for group in self.needs if not any(name in names for name in group)]


def shape_of(schema: pl.Schema, wanted: str, origin: str) -> Shape:
    """Return the shape that the columns show, or the one that was asked for.

    Raises:
        ColumnNotFoundError: columns that the nearest (or the wanted) shape needs and the data lacks.
        UsageError: a shape that does not exist.
    """
    names = [name for name in schema if name != ROW]
    if wanted != "auto":
        shape = next((one for one in SHAPES if one.name == wanted), None)
        if shape is None:
            close = nearest(wanted, [one.name for one in SHAPES])
            listed = ", ".join(["auto", *(one.name for one in SHAPES)])
            hint = f"did you mean {close!r}?" if close else f"there are: {listed}."
            raise UsageError(f"unknown shape {wanted!r}", hint=hint)
        lacking = shape.missing(names)
        if lacking:
            raise ColumnNotFoundError.from_missing(lacking, names, origin)
        return shape
    # Lists of records are what annotation tools nest their answers in; no shape but messages holds them.
    plain = [name for name in names if name in _MESSAGES or not _holds_records(schema[name])]
    for shape in SHAPES:
        if not shape.missing(plain):
            return shape
    closest = min(SHAPES, key=lambda one: len(one.missing(plain)) / len(one.needs))
    where = f"{origin}: the columns fit no shape; {closest.name} is nearest"
    raise ColumnNotFoundError.from_missing(closest.missing(plain), names, where)


def _holds_records(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.Struct) or (isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct))


#: Every shape; detection takes the first whose columns are all there.
SHAPES = (
    Shape(
        "rankings",
        (("item_id",), ("annotator_id",), ("response_id",), ("rank",)),
        "long rankings: one row per judgment and response, with its rank",
        rankings,
    ),
    Shape(
        "ratings",
        (("item_id",), ("annotator_id",), ("response_id",), ("score", "rating")),
        "ratings: one row per judgment and response, ranked by score, higher first, equal scores tied",
        ratings,
    ),
    Shape(
        "ranking_lists",
        (_ITEM, ("response_ids", "responses", "ranking"), ("ranks", "rank", "ranking")),
        "ranking lists: one row per judgment, with a list of responses and of ranks (or the responses, best first)",
        ranking_lists,
    ),
    Shape(
        "pairwise",
        (tuple(a for a, _ in PAIRS), tuple(b for _, b in PAIRS), VOTES),
        "pairwise rows: two responses and the better of them, or a tie",
        pairwise,
    ),
    Shape(
        "chosen_rejected",
        (("chosen",), ("rejected",)),
        "chosen/rejected pairs: one row per judgment of two responses",
        chosen_rejected,
    ),
)
