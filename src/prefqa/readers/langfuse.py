"""Langfuse: scores of traces, observations and sessions, from the API (v1 to v3) or a batch export as CSV or JSON.

`userId` of an export is the user of the trace, not the annotator.
"""

from __future__ import annotations

import polars as pl

from prefqa.preferences import ROW
from prefqa.readers.declared import TEXT
from prefqa.readers.feedback import declaration, first, kind_of, number, struct_of, words
from prefqa.readers.tool import has_columns

_FIELDS = {
    **dict.fromkeys(
        (
            "id", "traceId", "observationId", "sessionId", "datasetRunId", "name", "value", "stringValue", "dataType",
            "source", "authorUserId", "authorUserName", "timestamp", "comment", "environment",
        ),
        TEXT,
    ),
    "subject": struct_of("kind", "id", "traceId"),
}  # fmt: skip


def _feedback(frame: pl.DataFrame) -> pl.DataFrame:
    """Scores of traces, observations and sessions; of a category its word counts, never its number, which may be 0."""
    subject = pl.col("subject").struct
    form, source, value = pl.col("dataType"), pl.col("source"), pl.col("value")
    word = pl.coalesce(words(pl.col("stringValue")), pl.when(number(value).is_null()).then(words(value)))
    about = first("observationId", "traceId", "sessionId", "datasetRunId")
    return frame.select(
        ROW,
        "comment",
        "environment",
        item_id=pl.coalesce(about, subject.field("id")),
        annotator_id=first("authorUserId", "authorUserName", "source"),
        annotator_kind=kind_of(source, human=("ANNOTATION",), model=("EVAL",)),
        criterion="name",
        score=pl.when(form.is_in(["NUMERIC", "BOOLEAN"])).then(pl.coalesce(number(value), words(value))),
        label=pl.when(form == "CATEGORICAL").then(word),
        created_at="timestamp",
        judgment_id="id",
        _unread=pl.when(form == "TEXT")
        .then(pl.lit("free texts"))
        .when(form == "CORRECTION")
        .then(pl.lit("corrections"))
        .when(~form.is_in(["NUMERIC", "BOOLEAN", "CATEGORICAL"]))
        .then(pl.lit("values of an unknown dataType")),
    )


LANGFUSE = declaration(
    "langfuse",
    "Langfuse scores",
    has_columns("name", "value", "dataType", "source", "timestamp"),
    _FIELDS,
    _feedback,
    "numeric scores, booleans as 1 and 0, categories as labels; ANNOTATION is a person, EVAL a model, API is not known",
)
