"""Every tool whose exports are read: how each layout is recognised, and who reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import polars as pl

from prefqa.readers.argilla import read_argilla
from prefqa.readers.argilla_layouts import Datasets1, Flat2, Nested2, Records
from prefqa.readers.export import Export, Reading
from prefqa.readers.label_studio import read_full, read_min
from prefqa.readers.records import fields_of


@dataclass(frozen=True)
class Tool:
    """A layout of a tool: `sees` returns by what it is recognised in a schema, or None."""

    name: str
    what: str
    sees: Callable[[pl.Schema], str | None]
    read: Callable[[Export], Reading]


def _answer_lists(schema: pl.Schema) -> str | None:
    wanted = {"user_id", "value", "status"}
    seen = [name for name, dtype in schema.items() if isinstance(dtype, pl.List) and wanted <= set(fields_of(dtype))]
    return f"lists of user_id, value and status in {_listed(seen)}" if seen else None


def _record_responses(schema: pl.Schema) -> str | None:
    inner = fields_of(schema.get("responses")) if isinstance(schema.get("responses"), pl.List) else {}
    return "a list of responses with values and user_id" if {"values", "user_id"} <= set(inner) else None


def _parallel_lists(schema: pl.Schema) -> str | None:
    seen = [name for name in schema if name.endswith(".responses") and f"{name}.users" in schema]
    return f"columns {_listed([*seen, *(f'{name}.users' for name in seen)])}" if seen else None


def _responses_by_question(schema: pl.Schema) -> str | None:
    by_question = schema.get("responses")
    if not isinstance(by_question, pl.Struct) or "fields" not in schema:
        return None
    seen = [one.name for one in by_question.fields if {"value", "user_id"} <= set(fields_of(one.dtype))]
    return f"responses by question ({_listed(seen)}) beside fields" if seen else None


def _annotations(schema: pl.Schema) -> str | None:
    seen = "data" in schema and "result" in fields_of(schema.get("annotations"))
    return "a list of annotations with results beside data" if seen else None


def _annotation_rows(schema: pl.Schema) -> str | None:
    wanted = {"id", "annotator", "annotation_id", "lead_time"}
    return "columns annotator, annotation_id and lead_time" if wanted <= set(schema) else None


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names[:4])) + (", ..." if len(names) > 4 else "")


#: Every tool format; detection takes the first that recognises the records.
TOOLS = (
    Tool("argilla1", 'Argilla 1.x, format_as("datasets")', _answer_lists, partial(read_argilla, layout=Datasets1)),
    Tool(
        "argilla-records",
        "Argilla 1.x records, or raw records of an Argilla server",
        _record_responses,
        partial(read_argilla, layout=Records),
    ),
    Tool("argilla2", "Argilla 2.x, flat", _parallel_lists, partial(read_argilla, layout=Flat2)),
    Tool("label-studio", "Label Studio JSON", _annotations, read_full),
    Tool("label-studio-min", "Label Studio JSON-MIN or CSV", _annotation_rows, read_min),
    Tool("argilla2-nested", "Argilla 2.x, nested", _responses_by_question, partial(read_argilla, layout=Nested2)),
)
BY_NAME = {tool.name: tool for tool in TOOLS}


def tool_of(schema: pl.Schema) -> tuple[Tool, str] | None:
    """Return the tool that recognises these records and why, or None."""
    return next(((tool, why) for tool in TOOLS if (why := tool.sees(schema)) is not None), None)
