"""Arize Phoenix: annotations of spans, documents, traces and sessions, from the REST API or the client's data frame."""

from __future__ import annotations

import polars as pl

from prefqa.preferences import ROW
from prefqa.readers.declared import TEXT
from prefqa.readers.feedback import Fields, declaration, first, kind_of, number, struct_of, with_place, words
from prefqa.readers.records import fields_of
from prefqa.readers.tool import listed


def _result(schema: pl.Schema, name: str) -> str | None:
    """The column with a part of the result, where the result is no object: as the data frame of the client names it."""
    return next((one for one in (f"result.{name}", name) if one in schema), None)


def _sees(schema: pl.Schema) -> str | None:
    about = [name for name in ("span_id", "trace_id", "session_id", "context.span_id") if name in schema]
    named = [name for name in ("annotation_name", "name") if name in schema]
    result = "label" in fields_of(schema.get("result")) or "score" in fields_of(schema.get("result"))
    flat = [name for name in ("label", "score") if _result(schema, name)]
    if "annotator_kind" not in schema or not about or not named or not (result or flat):
        return None
    return f"columns {listed(['annotator_kind', about[0], named[0]])}"


def _fields(schema: pl.Schema) -> Fields:
    flat = [_result(schema, name) for name in ("label", "score", "explanation")]
    plain = (
        "id", "span_id", "context.span_id", "trace_id", "session_id", "document_position", "name", "annotation_name",
        "annotator_kind", "identifier", "source", "user_id", "created_at", *filter(None, flat),
    )  # fmt: skip
    return dict.fromkeys(plain, TEXT) | {"result": struct_of("label", "score", "explanation")}


def _feedback(frame: pl.DataFrame) -> pl.DataFrame:
    """Annotations of spans, documents in spans, traces and sessions."""

    def part(name: str) -> pl.Expr:
        flat = [pl.col(one) for one in (f"result.{name}", name) if one in frame.columns]
        return pl.coalesce(pl.col("result").struct.field(name), *flat)

    kind, identifier = pl.col("annotator_kind"), words(pl.col("identifier"))
    about = first("span_id", "context.span_id", "trace_id", "session_id")
    # What a program writes is written by the user of its key, whoever judged; the identifier tells its judgments apart.
    by_hand = pl.when(pl.col("source") == "APP").then(first("user_id", "identifier")).otherwise(
        first("identifier", "user_id")
    )  # fmt: skip
    return frame.select(
        ROW,
        "created_at",
        comment=part("explanation"),
        item_id=with_place(about, first("document_position")),
        annotator_id=pl.coalesce(pl.when(kind == "HUMAN").then(by_hand).otherwise(identifier), kind),
        annotator_kind=kind_of(kind, human=("HUMAN",), model=("LLM", "CODE")),
        criterion=first("annotation_name", "name"),
        score=pl.coalesce(number(part("score")), words(part("score"))),
        label=words(part("label")),
        judgment_id="id",
    )


def _only_known_kinds(head: pl.DataFrame) -> bool:
    kinds = head["annotator_kind"].drop_nulls() if "annotator_kind" in head.columns else pl.Series(dtype=TEXT)
    return len(kinds) > 0 and kinds.dtype == TEXT and bool(kinds.is_in(["HUMAN", "LLM", "CODE"]).all())


PHOENIX = declaration(
    "phoenix",
    "Arize Phoenix annotations",
    _sees,
    _fields,
    _feedback,
    "scores and labels by name; HUMAN is a person, LLM and CODE are models",
    _only_known_kinds,
)
