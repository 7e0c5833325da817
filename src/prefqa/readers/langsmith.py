"""LangSmith: feedback on runs, and on runs that were compared with each other.

A record is a `Feedback` of the SDK. The scores of one `feedback_group_id` come from one comparison: a pairwise
annotation queue, or `evaluate_comparative`.
"""

from __future__ import annotations

import polars as pl

from prefqa.preferences import ROW
from prefqa.readers.declared import TEXT
from prefqa.readers.feedback import declaration, first, is_nested, kind_of, number, struct_of, words
from prefqa.readers.tool import has_columns


def _feedback(frame: pl.DataFrame) -> pl.DataFrame:
    """Runs scored by key; the runs of one `feedback_group_id` were compared with each other."""
    source = pl.col("feedback_source").struct
    kind = source.field("type")
    # A judgment that itself was traced names its run: an evaluator gave it, not a person.
    traced = source.field("metadata").str.contains('"__run"', literal=True).fill_null(value=False)
    person = pl.coalesce(source.field("user_name"), source.field("user_id"), kind)
    group, run = first("feedback_group_id"), first("run_id")
    alone = group.is_null() & first("comparative_experiment_id").is_not_null()
    rows = frame.with_columns(_compared=run.unique().sort().str.join("|").over("feedback_group_id"))
    rows = rows.with_columns(_n_runs=run.n_unique().over("feedback_group_id"))
    return rows.select(
        ROW,
        "comment",
        "created_at",
        "comparative_experiment_id",
        item_id=pl.when(group.is_not_null()).then("_compared").otherwise(first("run_id", "trace_id", "session_id")),
        response_id=pl.when(group.is_not_null()).then(run),
        annotator_id=pl.when(kind == "app").then(person).otherwise(kind),
        annotator_kind=pl.when(traced)
        .then(pl.lit("model"))
        .otherwise(kind_of(kind, human=("app",), model=("model", "auto_eval"))),
        criterion="key",
        score=pl.coalesce(number(pl.col("score")), words(pl.col("score"))),
        label=pl.when(group.is_null()).then(words(pl.col("value"))),
        judgment_id=first("feedback_group_id", "id"),
        _unread=pl.when(alone)
        .then(pl.lit("comparisons whose runs no feedback_group_id holds together"))
        .when(group.is_not_null() & (pl.col("_n_runs") < 2))
        .then(pl.lit("comparisons of which one run is there"))
        .when(pl.col("score").is_null() & is_nested(pl.col("value")))
        .then(pl.lit("values that are lists or objects"))
        .when(first("score", "value").is_null() & pl.col("correction").is_not_null())
        .then(pl.lit("corrections")),
    ).with_columns(rank=_rank().over("item_id", "annotator_id", "criterion", "judgment_id"))


def _rank() -> pl.Expr:
    """The rank of a compared run by its score, higher first."""
    score = pl.col("score").cast(pl.Float64, strict=False)
    usable = pl.when(score.is_finite() & pl.col("response_id").is_not_null()).then(score)
    return usable.rank("min", descending=True).cast(pl.Int64)


LANGSMITH = declaration(
    "langsmith",
    "LangSmith feedback",
    has_columns("run_id", "key", "score", "feedback_source"),
    {
        **dict.fromkeys(
            (
                "id", "run_id", "trace_id", "session_id", "key", "score", "value", "comment", "correction",
                "created_at", "comparative_experiment_id", "feedback_group_id",
            ),
            TEXT,
        ),
        "feedback_source": struct_of("type", "metadata", "user_id", "user_name"),
    },
    _feedback,
    "scores and values by key; runs compared with each other are ranked by score, higher is better",
)  # fmt: skip
