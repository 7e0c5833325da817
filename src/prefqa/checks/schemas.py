"""The public contract of the three tables, as pandera schemas, and the one way to run them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from prefqa.preferences import JUDGMENT_TYPES, REQUIRED

if TYPE_CHECKING:
    import pandera.polars as pa

STATUSES = ("submitted", "draft", "discarded")
KINDS = ("human", "model")


class Allowed(NamedTuple):
    """What values a column may have, as an expression and in words."""

    test: pl.Expr
    words: str


#: Values that standard columns may have (null is always allowed here).
RANGES = {
    "rank": Allowed(pl.col("rank") >= 1, "1 is best; equal ranks are a tie; null is not ranked"),
    "score": Allowed(pl.col("score").is_finite(), "a finite number, higher is better"),
    "strength": Allowed(
        pl.col("strength").is_finite() & (pl.col("strength") >= 0),
        "by how much a vote on two responses prefers the better one: 1 slightly, higher is more; 0 or null for a tie, "
        "null where it is not known",
    ),
    "position": Allowed(pl.col("position") >= 0, "place on the screen, not negative"),
    "duration_s": Allowed(
        pl.col("duration_s").is_finite() & (pl.col("duration_s") >= 0), "seconds spent on the judgment, not negative"
    ),
    "status": Allowed(pl.col("status").is_in(STATUSES), f"one of {', '.join(STATUSES)}; only submitted counts"),
    "annotator_kind": Allowed(pl.col("annotator_kind").is_in(KINDS), f"one of {', '.join(KINDS)}"),
}
_MEANINGS = {
    "item_id": "what was judged: a prompt (with its criterion, where there are several)",
    "annotator_id": "who judged",
    "response_id": "which response; unique within the item",
    "judgment_id": "tells apart several judgments of one item by one annotator",
    "label": "the category given to the response",
    "created_at": "when the judgment was made, with its zone",
    "guideline_version": "the guidelines that held",
    "batch": "the batch it came in",
    "criterion": "what was asked for, where there are several",
    "is_gold": "the item has a known answer",
}
_TABLES: dict[str, dict[str, tuple[Any, bool, str]]] = {
    "judgments": {
        name: (dtype, name in REQUIRED, RANGES[name].words if name in RANGES else _MEANINGS[name])
        for name, dtype in JUDGMENT_TYPES.items()
    },
    "responses": {
        "item_id": (pl.String(), True, _MEANINGS["item_id"]),
        "response_id": (pl.String(), True, _MEANINGS["response_id"]),
        "text": (None, False, "the response: a string, or chat messages"),
        "model": (pl.String(), False, "what wrote it"),
        "source": (pl.String(), False, "where it came from"),
        "licence": (pl.String(), False, "its licence"),
    },
    "items": {
        "item_id": (pl.String(), True, _MEANINGS["item_id"]),
        "prompt": (None, False, "the prompt: a string, or chat messages"),
    },
}


def schema_tables() -> dict[str, list[dict[str, Any]]]:
    """Return the columns of judgments, responses and items: name, type, whether required, meaning."""
    return {
        table: [
            {
                "column": name,
                "type": str(column.dtype) if column.dtype is not None else "String or List",
                "required": column.required,
                "meaning": column.description,
            }
            for name, column in schema(table).columns.items()
        ]
        for table in _TABLES
    }


@cache
def schema(table: str) -> pa.DataFrameSchema:
    """Return the pandera schema of "judgments", "responses" or "items"; further columns are allowed in all."""
    import pandera.polars as pa

    columns = {
        name: pa.Column(
            dtype,
            _checks(name) if table == "judgments" else [],
            required=required,
            nullable=name not in REQUIRED[:3],
            description=words,
        )
        for name, (dtype, required, words) in _TABLES[table].items()
    }
    unique = {"responses": ["item_id", "response_id"], "items": ["item_id"]}.get(table)
    return pa.DataFrameSchema(columns, name=table, unique=unique, strict=False)


def schema_failures(
    frame: pl.LazyFrame | pl.DataFrame, table: str, *, only: Sequence[str] = (), max_cases: int = 5
) -> list[dict[str, Any]]:
    """Validate a frame, its data included, and return up to `max_cases` failures: column, check, case.

    `only` names the columns to look at; all of the table, and its key, if it is empty.

    Pandera looks at a lazy frame's schema alone unless told otherwise, so the depth is always set here.
    """
    import pandera.polars as pa
    from pandera.config import ValidationDepth, config_context

    contract = schema(table)
    if only:
        contract = pa.DataFrameSchema({name: contract.columns[name] for name in only}, name=table)
    try:
        with config_context(validation_depth=ValidationDepth.SCHEMA_AND_DATA):
            contract.validate(frame.lazy(), lazy=True)
    except pa.errors.SchemaErrors as error:
        cases: pl.DataFrame = error.failure_cases.select(
            "column", "check", pl.col("failure_case").cast(pl.String).alias("case")
        )
        return cases.unique().sort(pl.all(), nulls_last=True).head(max_cases).to_dicts()
    return []


def _checks(name: str) -> list[Any]:
    import pandera.polars as pa

    if name not in RANGES:
        return []
    test, words = RANGES[name]
    # One failure case is enough: the finding counts and shows the rows itself.
    return [pa.Check(lambda data: data.lazyframe.select(test.fill_null(True)), name=words, n_failure_cases=1)]
