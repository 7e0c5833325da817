"""Comparisons and ratings of summaries and long answers by OpenAI: summarize_from_feedback and WebGPT."""

from __future__ import annotations

import polars as pl

from prefqa.notes import Note
from prefqa.preferences import ROW
from prefqa.readers.declared import TEXT, Declaration
from prefqa.readers.identity import by_text, key, no_vote
from prefqa.readers.tool import has_columns

_INFO = pl.Struct(dict.fromkeys(("id", "post", "article", "title", "subreddit", "site"), TEXT))
_AXES = ("overall", "accuracy", "coverage", "coherence")
_POST = pl.coalesce(pl.col("info").struct.field("post"), pl.col("info").struct.field("article"))
_ABOUT = {
    "item_id": pl.col("info").struct.field("id"),
    "prompt": _POST,
    "annotator_id": pl.col("worker"),
    "batch": pl.col("batch"),
    "subreddit": pl.col("info").struct.field("subreddit"),
}


def _comparisons(frame: pl.DataFrame) -> pl.DataFrame:
    written = pl.col("choice").cast(pl.Float64, strict=False)
    sides = {
        f"{side}_{name}": pl.col("summaries").list.get(place, null_on_oob=True).struct.field(field)
        for place, side in enumerate(("first", "second"))
        for name, field in (("text", "text"), ("model", "policy"))
    }
    rows = frame.filter(pl.col("choice").is_not_null()).select(
        ROW,
        **_ABOUT,
        **sides,
        vote=pl.when(written == 0).then(pl.lit("first")).when(written == 1).then(pl.lit("second")),
        said="choice",
        confidence=pl.col("extra").struct.field("confidence"),
        position=pl.lit(None, pl.Int64),
    )
    return by_text(rows)


def _axes(frame: pl.DataFrame) -> pl.DataFrame:
    summary = pl.col("summary").struct
    rows = frame.with_columns(**_ABOUT, text=summary.field("text"), model=summary.field("policy"))
    number = key(rows, "text").fill_null("").rank("dense").over("item_id")
    rows = rows.with_columns(response_id=pl.lit("r") + number.cast(pl.String))
    given = [
        rows.select(
            ROW, *_ABOUT, "response_id", "text", "model", criterion=pl.lit(axis),
            score=summary.field("axes").struct.field(axis),
        )
        for axis in _AXES
    ]  # fmt: skip
    return pl.concat(given).filter(pl.col("score").is_not_null())


def _scores(frame: pl.DataFrame) -> pl.DataFrame:
    question = pl.col("question").struct
    scores = [pl.col(f"score_{n}").cast(pl.Float64, strict=False) for n in (0, 1)]
    first = scores[0]
    # The scores are each other's opposite; where they are not, none of them is read.
    usable = first.is_between(-1, 1) & (scores[1].is_null() | ((first + scores[1]).abs() < 1e-6))
    vote = pl.when(first > 0).then(pl.lit("first")).when(first < 0).then(pl.lit("second")).otherwise(pl.lit("tie"))
    written = pl.concat_str("score_0", "score_1", separator=", ", ignore_nulls=True)
    rows = frame.filter(pl.col("score_0").is_not_null()).select(
        ROW,
        item_id=question.field("id"),
        prompt=question.field("full_text"),
        dataset=question.field("dataset"),
        first_text="answer_0",
        second_text="answer_1",
        vote=pl.when(usable).then(vote),
        said=written,
        strength=pl.when(usable).then(first.abs()),
        position=pl.lit(None, pl.Int64),
    )
    return by_text(rows)


def _unrated(frame: pl.DataFrame) -> tuple[Note, ...]:
    axes = pl.col("summary").struct.field("axes").struct
    return no_vote(frame.with_columns(_said=pl.coalesce(axes.field(axis) for axis in _AXES)), "_said")


COMPARISONS = Declaration(
    name="summarize-comparisons",
    what="summarize_from_feedback, comparisons",
    sees=has_columns("info", "summaries", "choice"),
    fields={
        "info": _INFO,
        "summaries": pl.List(pl.Struct({"text": TEXT, "policy": TEXT})),
        "extra": pl.Struct({"confidence": TEXT}),
        **dict.fromkeys(("choice", "worker", "batch"), TEXT),
    },
    rows=_comparisons,
    form="pairs",
    detail="choice is the place of the better summary, 0 or 1",
    notes=lambda frame: no_vote(frame, "choice"),
)
AXIS = Declaration(
    name="summarize-axis",
    what="summarize_from_feedback, axis evaluations",
    sees=has_columns("info", "summary", "worker"),
    fields={
        "info": _INFO,
        "summary": pl.Struct({"text": TEXT, "policy": TEXT, "axes": pl.Struct(dict.fromkeys(_AXES, TEXT))}),
        **dict.fromkeys(("worker", "batch"), TEXT),
    },
    rows=_axes,
    form="rated",
    detail="axes as criteria, 1 to 7, higher is better; compatible is not read",
    notes=_unrated,
)
WEBGPT = Declaration(
    name="webgpt",
    what="WebGPT comparisons",
    sees=has_columns("question", "answer_0", "answer_1", "score_0"),
    fields={
        "question": pl.Struct({"dataset": TEXT, "id": TEXT, "full_text": TEXT}),
        **dict.fromkeys(("answer_0", "answer_1", "score_0", "score_1"), TEXT),
    },
    rows=_scores,
    form="pairs",
    detail="the answer with the positive score is better, 0 is a tie",
    notes=lambda frame: no_vote(frame, "score_0"),
)
