"""The layouts that Argilla's packages write, each brought to one form: answers by question, fields, suggestions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl

from prefqa.preferences import ROW
from prefqa.readers.argilla_answers import BASE
from prefqa.readers.records import fields_of, json_lists, json_objects, text_of

Types = Mapping[str, pl.DataType]
_TEXT = pl.String()
_KEYS = ROW, "item_id"


class Layout(ABC):
    """One layout.

    `ids` are the columns that name a record, the first that is not null; `has_status` says whether answers tell that
    they were submitted.
    """

    ids: ClassVar[tuple[str, ...]]
    has_status: ClassVar[bool] = True

    @classmethod
    @abstractmethod
    def questions(cls, schema: Types, known: Mapping[str, str]) -> dict[str, Any]:
        """Types of the values of each question that has answers, or that settings know."""

    @classmethod
    @abstractmethod
    def wanted(cls, schema: Types, questions: Types) -> dict[str, pl.DataType]:
        """Columns to read, with the given types for the values of questions."""

    @classmethod
    @abstractmethod
    def answers(cls, frame: pl.LazyFrame, name: str) -> pl.LazyFrame:
        """Answers to a question: the columns of BASE and `_value`."""

    @classmethod
    @abstractmethod
    def suggestions(cls, frame: pl.LazyFrame, name: str, dtype: pl.DataType) -> pl.LazyFrame:
        """What models suggested, in the form of answers; `dtype` is the type of the values of the question."""

    @classmethod
    @abstractmethod
    def texts(cls, frame: pl.LazyFrame, questions: Types) -> pl.DataFrame:
        """ROW, item_id, and the fields and metadata of each record."""


class Datasets1(Layout):
    """1.x, `format_as("datasets")`: per question a list of {user_id, value, status}."""

    ids = ("external_id",)

    @classmethod
    def questions(cls, schema: Types, known: Mapping[str, str]) -> dict[str, Any]:
        """Types of the values of each question."""
        found = {name: fields_of(dtype) for name, dtype in schema.items() if isinstance(dtype, pl.List)}
        return {
            name: inner.get("value", pl.Null())
            for name, inner in found.items()
            if set(inner) >= {"user_id", "value", "status"} or name in known
        }

    @classmethod
    def wanted(cls, schema: Types, questions: Types) -> dict[str, pl.DataType]:
        """Every column, with text for leaves."""
        wanted = {name: text_of(dtype) for name, dtype in schema.items()}
        for name, dtype in questions.items():
            wanted[name] = pl.List(pl.Struct({"user_id": _TEXT, "value": dtype, "status": _TEXT}))
            wanted[f"{name}-suggestion"] = dtype
            wanted[f"{name}-suggestion-metadata"] = pl.Struct({"agent": _TEXT, "type": _TEXT})
        return wanted | {"metadata": _TEXT, "external_id": _TEXT}

    @classmethod
    def answers(cls, frame: pl.LazyFrame, name: str) -> pl.LazyFrame:
        """Answers to a question."""
        each = frame.select(*_KEYS, pl.col(name)).filter(pl.col(name).list.len() > 0).explode(name)
        return _base(each.select(*_KEYS, *_inner(name, annotator_id="user_id", status="status")))

    @classmethod
    def suggestions(cls, frame: pl.LazyFrame, name: str, dtype: pl.DataType) -> pl.LazyFrame:
        """What a model suggested."""
        agent = pl.col(f"{name}-suggestion-metadata").struct.field("agent")
        return _suggested(frame.select(*_KEYS, pl.col(f"{name}-suggestion").alias("_value"), agent))

    @classmethod
    def texts(cls, frame: pl.LazyFrame, questions: Types) -> pl.DataFrame:
        """Fields, and metadata, which stands as JSON text."""
        own = {f"{name}{end}" for name in questions for end in ("", "-suggestion", "-suggestion-metadata")}
        plain = frame.drop("metadata", "external_id", "vectors", *own, strict=False).collect()
        said = frame.select("metadata").collect()
        try:
            lines = "\n".join(said["metadata"].fill_null("{}")).encode()
            metadata = pl.read_ndjson(lines, infer_schema_length=None)
        except pl.exceptions.PolarsError:
            metadata = said
        return _beside(plain, metadata if metadata.height == plain.height else said)


class Records(Layout):
    """Records as 1.x holds them and as the server of 1.x and 2.x sends them: a list of responses with values."""

    ids = ("external_id",)
    _TIMES = ("inserted_at", "updated_at")

    @classmethod
    def questions(cls, schema: Types, known: Mapping[str, str]) -> dict[str, Any]:
        """Types of the values of each question."""
        values = fields_of(fields_of(schema.get("responses")).get("values"))
        found = {name: fields_of(dtype).get("value", pl.Null()) for name, dtype in values.items()}
        return dict.fromkeys(known, pl.Null()) | found

    @classmethod
    def wanted(cls, schema: Types, questions: Types) -> dict[str, pl.DataType]:
        """Fields, metadata and responses; values of suggestions, whose kinds differ, as JSON text."""
        values = pl.Struct({name: pl.Struct({"value": dtype}) for name, dtype in questions.items()})
        response = dict.fromkeys(("user_id", "status", *cls._TIMES), _TEXT) | {"values": values if questions else _TEXT}
        suggestion = dict.fromkeys(("question_name", "question_id", "value", "agent"), _TEXT)
        return {
            "external_id": _TEXT,
            "fields": text_of(schema.get("fields", _TEXT)),
            "metadata": text_of(schema.get("metadata", _TEXT)),
            "responses": pl.List(pl.Struct(response)),
            "suggestions": pl.List(pl.Struct(suggestion)),
        }

    @classmethod
    def answers(cls, frame: pl.LazyFrame, name: str) -> pl.LazyFrame:
        """Answers to a question."""
        each = frame.select(*_KEYS, "responses").filter(pl.col("responses").list.len() > 0).explode("responses")
        inner = pl.col("responses").struct
        value = inner.field("values").struct.field(name).struct.field("value")
        first = pl.coalesce(inner.field(time) for time in cls._TIMES).alias("created_at")
        who = inner.field("user_id").alias("annotator_id")
        return _base(each.select(*_KEYS, who, inner.field("status"), first, value.alias("_value")))

    @classmethod
    def suggestions(cls, frame: pl.LazyFrame, name: str, dtype: pl.DataType) -> pl.LazyFrame:
        """What a model suggested, where the question is named."""
        each = frame.select(*_KEYS, "suggestions").filter(pl.col("suggestions").list.len() > 0)
        flat = each.explode("suggestions").unnest("suggestions").filter(pl.col("question_name") == name)
        found = flat.select(*_KEYS, pl.col("value").alias("_value"), "agent").drop_nulls("_value").collect()
        if isinstance(dtype, pl.List):
            found = found.with_columns(json_lists(found["_value"]))
        elif isinstance(dtype, pl.Struct):
            found = found.filter(pl.col("_value").str.starts_with("{"))
            found = found.with_columns(json_objects(found["_value"], fields_of(dtype)).to_struct("_value"))
        return _suggested(found)

    @classmethod
    def texts(cls, frame: pl.LazyFrame, questions: Types) -> pl.DataFrame:
        """Fields and metadata."""
        return _beside(
            frame.select(*_KEYS, *_flat(frame, "fields")).collect(), frame.select(_flat(frame, "metadata")).collect()
        )


class Flat2(Layout):
    """2.x, flat: lists `question.responses`, `question.responses.users` and `question.responses.status`."""

    ids = ("id", "_server_id")
    _END = ".responses"

    @classmethod
    def questions(cls, schema: Types, known: Mapping[str, str]) -> dict[str, Any]:
        """Types of the values of each question."""
        found = {name.removesuffix(cls._END): dtype for name, dtype in schema.items() if name.endswith(cls._END)}
        return {name: dtype.inner if isinstance(dtype, pl.List) else pl.Null() for name, dtype in found.items()}

    @classmethod
    def wanted(cls, schema: Types, questions: Types) -> dict[str, pl.DataType]:
        """Every column, with text for leaves."""
        wanted = {name: text_of(dtype) for name, dtype in schema.items()} | {"id": _TEXT, "_server_id": _TEXT}
        for name, dtype in questions.items():
            wanted[f"{name}.responses"] = pl.List(dtype)
            wanted |= {f"{name}.responses.{one}": pl.List(_TEXT) for one in ("users", "status")}
            wanted |= {f"{name}.suggestion": dtype, f"{name}.suggestion.agent": _TEXT}
        return wanted

    @classmethod
    def answers(cls, frame: pl.LazyFrame, name: str) -> pl.LazyFrame:
        """Answers to a question; lists of different length cannot be matched, and give none."""
        value, who, status = (pl.col(f"{name}.responses{end}") for end in ("", ".users", ".status"))
        nulls = who.list.eval(pl.lit(None, _TEXT))
        lists = frame.select(
            *_KEYS, value.alias("_value"), who.alias("annotator_id"), pl.coalesce(status, nulls).alias("status")
        )
        lengths = [pl.col(one).list.len() for one in ("_value", "annotator_id", "status")]
        fits = (lengths[0] > 0) & (lengths[0] == lengths[1]) & (lengths[0] == lengths[2])
        return _base(lists.filter(fits).explode("_value", "annotator_id", "status"))

    @classmethod
    def suggestions(cls, frame: pl.LazyFrame, name: str, dtype: pl.DataType) -> pl.LazyFrame:
        """What a model suggested."""
        value, agent = pl.col(f"{name}.suggestion"), pl.col(f"{name}.suggestion.agent")
        return _suggested(frame.select(*_KEYS, value.alias("_value"), agent.alias("agent")))

    @classmethod
    def texts(cls, frame: pl.LazyFrame, questions: Types) -> pl.DataFrame:
        """Fields and metadata, which the layout does not tell apart."""
        begin = tuple(f"{question}.{end}" for question in questions for end in _ENDS)
        own = [name for name in frame.collect_schema() if name.startswith(begin)]
        return frame.drop("id", "_server_id", "status", "vectors", *own, strict=False).collect()


class Nested2(Layout):
    """2.x, nested: per question a list of {value, user_id}; whether it was submitted is lost."""

    ids = ("id", "_server_id")
    has_status = False

    @classmethod
    def questions(cls, schema: Types, known: Mapping[str, str]) -> dict[str, Any]:
        """Types of the values of each question."""
        either = fields_of(schema.get("suggestions")) | fields_of(schema.get("responses"))
        return {name: fields_of(dtype).get("value", pl.Null()) for name, dtype in either.items()}

    @classmethod
    def wanted(cls, schema: Types, questions: Types) -> dict[str, pl.DataType]:
        """Fields, metadata, responses and suggestions."""
        answers = {name: pl.List(pl.Struct({"value": dtype, "user_id": _TEXT})) for name, dtype in questions.items()}
        suggested = {name: pl.Struct({"value": dtype, "agent": _TEXT}) for name, dtype in questions.items()}
        return {
            "id": _TEXT,
            "_server_id": _TEXT,
            "fields": text_of(schema.get("fields", _TEXT)),
            "metadata": text_of(schema.get("metadata", _TEXT)),
            "responses": pl.Struct(answers) if answers else _TEXT,
            "suggestions": pl.Struct(suggested) if suggested else _TEXT,
        }

    @classmethod
    def answers(cls, frame: pl.LazyFrame, name: str) -> pl.LazyFrame:
        """Answers to a question."""
        each = frame.select(*_KEYS, pl.col("responses").struct.field(name)).filter(pl.col(name).list.len() > 0)
        return _base(each.explode(name).select(*_KEYS, *_inner(name, annotator_id="user_id")))

    @classmethod
    def suggestions(cls, frame: pl.LazyFrame, name: str, dtype: pl.DataType) -> pl.LazyFrame:
        """What a model suggested."""
        inner = pl.col("suggestions").struct.field(name).struct
        return _suggested(frame.select(*_KEYS, inner.field("value").alias("_value"), inner.field("agent")))

    @classmethod
    def texts(cls, frame: pl.LazyFrame, questions: Types) -> pl.DataFrame:
        """Fields and metadata."""
        return _beside(
            frame.select(*_KEYS, *_flat(frame, "fields")).collect(), frame.select(_flat(frame, "metadata")).collect()
        )


_ENDS = ("responses", "suggestion")


def _inner(name: str, **columns: str) -> list[pl.Expr]:
    value = pl.col(name).struct
    return [value.field(theirs).alias(ours) for ours, theirs in columns.items()] + [
        value.field("value").alias("_value")
    ]


def _base(answers: pl.LazyFrame) -> pl.LazyFrame:
    names = answers.collect_schema().names()
    lacking = [pl.lit(None, _TEXT).alias(name) for name in BASE if name not in names]
    return answers.with_columns(lacking).select(*BASE, "_value")


def _suggested(frame: pl.LazyFrame | pl.DataFrame) -> pl.LazyFrame:
    named = pl.coalesce("agent", pl.lit("suggestion")).alias("annotator_id")
    return _base(
        frame.lazy()
        .filter(pl.col("_value").is_not_null())
        .with_columns(named, status=pl.lit("submitted"), annotator_kind=pl.lit("model"))
        .drop("agent")
    )


def _flat(frame: pl.LazyFrame, name: str) -> list[pl.Expr]:
    """The parts of a column as columns, of which a list has none; names of our own say where they come from."""
    dtype = frame.collect_schema()[name]
    parts = fields_of(dtype) if isinstance(dtype, pl.Struct) else {}
    clear = {one: f"{name}.{one}" if one in _KEYS else one for one in parts}
    return [pl.col(name).struct.field(one).alias(ours) for one, ours in clear.items()]


def _beside(plain: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    """Fields with metadata beside; metadata with the name of a field says where it comes from."""
    clear = {name: f"metadata.{name}" if name in plain.columns else name for name in more.columns}
    return plain if more.width == 0 else pl.concat([plain, more.rename(clear)], how="horizontal")
