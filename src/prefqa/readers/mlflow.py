"""MLflow: assessments, in traces (`search_traces`, `Trace.to_json`) or one per row."""

from __future__ import annotations

import polars as pl

from prefqa.preferences import ROW
from prefqa.readers.declared import TEXT
from prefqa.readers.feedback import (
    Fields,
    declaration,
    first,
    is_nested,
    iso,
    kind_of,
    number,
    struct_of,
    with_place,
    words,
)
from prefqa.readers.records import fields_of

_ASSESSMENT = pl.Struct(
    {
        **dict.fromkeys(
            (
                "assessment_id", "assessment_name", "name", "trace_id", "span_id", "create_time", "create_time_ms",
                "rationale", "expectation", "issue", "valid",
            ),
            TEXT,
        ),
        "source": struct_of("source_type", "source_id"),
        "feedback": struct_of("value", "error"),
    }
)  # fmt: skip
_TRACE = {
    "trace_id": TEXT,
    "assessments": pl.List(_ASSESSMENT),
    "info": pl.Struct({"trace_id": TEXT, "assessments": pl.List(_ASSESSMENT)}),
}


def _sees(schema: pl.Schema) -> str | None:
    places = {
        "assessments": schema.get("assessments"),
        "info.assessments": fields_of(schema.get("info")).get("assessments"),
    }
    for place, dtype in places.items():
        names = set(fields_of(dtype))
        if "source" in names and names & {"assessment_name", "name"} and names & {"feedback", "expectation"}:
            return f"assessments with source in {place!r}"
    flat = "feedback" in schema and {"assessment_name", "name"} & set(schema)
    return "columns 'source', 'feedback' of assessments" if flat and _has_source_type(schema) else None


def _has_source_type(schema: pl.Schema) -> bool:
    return "source_type" in fields_of(schema.get("source"))


def _fields(schema: pl.Schema) -> Fields:
    return {one.name: one.dtype for one in _ASSESSMENT.fields} if _has_source_type(schema) else _TRACE  # type: ignore[misc]


def _feedback(frame: pl.DataFrame) -> pl.DataFrame:
    """Assessments of traces and spans, in the traces or as rows."""
    if "feedback" in frame.columns:
        each = frame.with_columns(_trace=pl.lit(None, TEXT))
    else:
        info = pl.col("info").struct
        assessments = pl.coalesce("assessments", info.field("assessments"))
        each = frame.select(ROW, _trace=pl.coalesce("trace_id", info.field("trace_id")), _each=assessments)
        each = each.filter(pl.col("_each").list.len() > 0).explode("_each").drop_nulls("_each").unnest("_each")
    source, value = pl.col("source").struct, pl.col("feedback").struct.field("value")
    kind = source.field("source_type").str.to_uppercase()
    return each.select(
        ROW,
        comment="rationale",
        item_id=with_place(first("trace_id", "_trace"), first("span_id")),
        annotator_id=pl.coalesce(source.field("source_id"), kind),
        annotator_kind=kind_of(kind, human=("HUMAN",), model=("LLM_JUDGE", "AI_JUDGE", "CODE")),
        criterion=first("assessment_name", "name"),
        score=number(value),
        label=pl.when(number(value).is_null()).then(words(value)),
        created_at=pl.coalesce("create_time", iso(pl.col("create_time_ms"))),
        judgment_id="assessment_id",
        _unread=pl.when(pl.col("valid").str.to_lowercase() == "false")
        .then(pl.lit("assessments that another one overrides"))
        .when(pl.col("expectation").is_not_null())
        .then(pl.lit("expectations"))
        .when(pl.col("issue").is_not_null())
        .then(pl.lit("issues"))
        .when(is_nested(value))
        .then(pl.lit("values that are lists or objects"))
        .when(value.is_null() & pl.col("feedback").struct.field("error").is_not_null())
        .then(pl.lit("errors of a judge")),
    )


MLFLOW = declaration(
    "mlflow",
    "MLflow assessments",
    _sees,
    _fields,
    _feedback,
    "numbers are scores, booleans 1 and 0, words labels; HUMAN is a person, LLM_JUDGE and CODE are models",
)
