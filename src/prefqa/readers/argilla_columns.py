"""Argilla 1.8 to 1.13, `format_as("datasets")`: the answers to a question are an object of lists, one value per person.

The package declared answers as a `datasets.Sequence` of an object, which Hugging Face datasets store as an object of
sequences.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from prefqa.preferences import ROW
from prefqa.readers.argilla_answers import BASE
from prefqa.readers.argilla_layouts import Datasets1, Types
from prefqa.readers.records import fields_of

_TEXT = pl.String()
_PARTS = ("user_id", "value", "status")


class Columns1(Datasets1):
    """1.8 to 1.13: per question an object of lists `user_id`, `value` and `status`."""

    @classmethod
    def questions(cls, schema: Types, known: Mapping[str, str]) -> dict[str, Any]:
        """Types of the values of each question."""
        found = {name: _inner(fields_of(schema[name])["value"]) for name in answer_columns(schema)}
        return dict.fromkeys((name for name in known if name in schema), pl.Null()) | found

    @classmethod
    def wanted(cls, schema: Types, questions: Types) -> dict[str, pl.DataType]:
        """Every column, with text for leaves."""
        own = {
            name: pl.Struct({"user_id": pl.List(_TEXT), "value": pl.List(dtype), "status": pl.List(_TEXT)})
            for name, dtype in questions.items()
        }
        return super().wanted(schema, questions) | own

    @classmethod
    def answers(cls, frame: pl.LazyFrame, name: str) -> pl.LazyFrame:
        """Answers to a question; lists of different length cannot be matched, and give none."""
        whole = pl.col(name).struct
        lists = frame.select(
            ROW,
            "item_id",
            annotator_id=whole.field("user_id"),
            _value=whole.field("value"),
            status=whole.field("status"),
        )
        lengths = [pl.col(one).list.len() for one in ("annotator_id", "_value", "status")]
        fits = (lengths[0] > 0) & (lengths[0] == lengths[1]) & (lengths[0] == lengths[2])
        each = lists.filter(fits).explode("annotator_id", "_value", "status")
        lacking = [pl.lit(None, _TEXT).alias(one) for one in BASE if one not in (ROW, "item_id", *_LISTED)]
        return each.with_columns(lacking).select(*BASE, "_value")


_LISTED = ("annotator_id", "status")


def answer_columns(schema: Types) -> list[str]:
    """Return the columns that hold answers as an object of lists."""
    return [
        name
        for name, dtype in schema.items()
        if isinstance(dtype, pl.Struct)
        and set(_PARTS) <= set(fields_of(dtype))
        and all(isinstance(fields_of(dtype)[part], pl.List) for part in _PARTS)
    ]


def _inner(dtype: pl.DataType) -> Any:
    return dtype.inner if isinstance(dtype, pl.List) else pl.Null()
