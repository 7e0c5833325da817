"""Rubric rows: each response with its score by each criterion, for reward models and judges that give a score.

The columns are those of the Feedback Collection without its prefix (Kim et al. 2024, Prometheus: orig_instruction,
orig_response, orig_criteria, orig_score), one row per criterion, where HelpSteer2 has a column per criterion.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from prefqa.errors import UsageError
from prefqa.writers.atomic import write_rows
from prefqa.writers.tables import Tables, table_losses

_KEYS = ("item_id", "response_id", "criterion")


def write_rubric(tables: Tables, path: Path) -> pl.DataFrame:
    """Write prompt, response, criteria, score, n (annotators), sd (of their scores; null of one), item_id, response_id.

    The score is the mean over annotators, in the points of the scale; who scored a response several times counts once,
    with the mean of these. Prompts and responses stay texts or messages, as they are. Scores without a criterion, and
    responses without a text, are left out and counted.

    Raises:
        UsageError: no score has a criterion, or no text of a response is known.
    """
    judgments = tables.judgments
    missing = [name for name in ("criterion", "score") if name not in judgments.columns]
    if missing:
        hint = f"map the column that holds it under [columns] {missing[0]}; a ranking has no score to write."
        raise UsageError(
            f"layout 'rubric' has a score by each criterion, and there is no column {missing[0]}", hint=hint
        )
    if tables.responses is None or "text" not in tables.responses.columns:
        raise UsageError("layout 'rubric' shows the responses, and there is no table of them with texts")
    scored = judgments.filter(pl.col("score").is_finite())
    if "status" in scored.columns:
        scored = scored.filter(pl.col("status").is_null() | (pl.col("status") == "submitted"))
    by_criterion = scored.drop_nulls(_KEYS)
    if by_criterion.is_empty():
        raise UsageError("layout 'rubric' has a score by each criterion, and no score has one")
    # Sorted first, so that a mean does not depend on the order of rows.
    order = [*_KEYS, "annotator_id"]
    each = by_criterion.sort(*order, "score").group_by(order, maintain_order=True).agg(pl.col("score").mean())
    score = pl.col("score")
    rows = each.group_by(_KEYS, maintain_order=True).agg(
        score.mean(), n=pl.len().cast(pl.Int64), sd=pl.when(pl.len() > 1).then(score.std())
    )
    texts = tables.responses.select("item_id", "response_id", response="text")
    rows = rows.join(texts, on=["item_id", "response_id"], how="left", maintain_order="left")
    if tables.items is not None and "prompt" in tables.items.columns:
        rows = rows.join(tables.items.select("item_id", "prompt"), on="item_id", how="left", maintain_order="left")
    else:
        rows = rows.with_columns(prompt=pl.lit(None, pl.String))
    written = rows.filter(_says_something("response", rows.schema["response"]))
    columns = (
        "prompt",
        "response",
        pl.col("criterion").alias("criteria"),
        "score",
        "n",
        "sd",
        "item_id",
        "response_id",
    )
    write_rows(path, written.select(columns))
    return table_losses(
        (
            "no_criterion",
            scored.height - by_criterion.height,
            scored.height,
            "scores have no criterion, and are left out",
        ),
        ("no_text", rows.height - written.height, rows.height, "rows have no text of a response, and are left out"),
        ("empty_prompt", written["prompt"].null_count(), rows.height, "rows have no prompt"),
    )


def _says_something(name: str, dtype: pl.DataType) -> pl.Expr:
    value = pl.col(name)
    filled = value.str.strip_chars() != "" if dtype == pl.String() else value.list.len() > 0
    return filled.fill_null(value=False)
