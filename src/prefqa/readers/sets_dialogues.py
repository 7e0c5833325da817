"""Data sets of a chosen and a rejected answer with a layout of their own: marked dialogues, trajectories, JSON in text."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from prefqa.preferences import JUDGMENT_TYPES, ROW
from prefqa.readers.declared import TEXT, Declaration
from prefqa.readers.dialogues import marked, parted
from prefqa.readers.tool import has_columns

#: Standard columns that somebody may have added to a public data set.
_ADDED = tuple(name for name in JUDGMENT_TYPES if name not in ("response_id", "rank", "score", "position"))
_SIDES = ("chosen", "rejected")
_LAST = r"(?s)^(.*\n\nAssistant:)"


def _hh_fields(schema: pl.Schema) -> Mapping[str, pl.DataType]:
    return dict.fromkeys((*_SIDES, *(name for name in _ADDED if name in schema)), TEXT)


def _is_hh(head: pl.DataFrame) -> bool:
    """Whether all rows begin with a turn of the human and most share all but the last turn of the assistant."""
    if head.is_empty() or any(head.schema[name] != pl.String() for name in _SIDES):
        return False
    begins = [pl.col(name).str.contains(r"^\s*Human:").fill_null(value=False).all() for name in _SIDES]
    answered = [pl.col(name).str.contains("\n\nAssistant:", literal=True).all() for name in _SIDES]
    shared = pl.col("chosen").str.extract(_LAST, 1) == pl.col("rejected").str.extract(_LAST, 1)
    return bool(head.select(pl.all_horizontal(*begins, *answered) & (shared.fill_null(value=False).mean() > 0.5)).item())


def _hh(frame: pl.DataFrame) -> pl.DataFrame:
    turns = frame.with_columns(marked(pl.col(name)).alias(f"_{name}") for name in _SIDES)
    rows = parted(turns, "_chosen", "_rejected")
    return rows.drop(*_SIDES, "_chosen", "_rejected").with_columns(
        vote=pl.lit("first"), said=pl.lit("chosen"), position=pl.lit(None, pl.Int64),
        first_id=pl.lit("chosen"), second_id=pl.lit("rejected"),
    )  # fmt: skip


HH = Declaration(
    name="hh-rlhf",
    what="HH-RLHF",
    sees=has_columns(*_SIDES),
    confirms=_is_hh,
    fields=_hh_fields,
    rows=_hh,
    form="pairs",
    detail="chosen is the better one; what both dialogues begin with is the prompt",
)
