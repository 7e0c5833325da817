"""Messages, tools and media as their source wrote them: columns of such objects keep the JSON of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from prefqa.errors import ReadError, UsageError
from prefqa.message_json import JSON, holds_json, is_message, is_plain, object_of
from prefqa.messages import json_of, messages_of
from prefqa.preferences import ROW
from prefqa.readers.records import Misfit, Records, json_objects, text_of
from prefqa.writers.pair_forms import CARRIED

#: Cells that may be messages, and texts that may be a list of parts or an object.
_MESSAGES, _NESTED = r'^\s*\[\s*\{.*"(role|from)"', r"^\s*[\[{]"


def typed_frame(records: Records, origin: str, *, strict: bool = True) -> pl.LazyFrame:
    """Return the records with their own types, messages and what rides along with their JSON (see `message_json`).

    Messages of a role and a text alone are left plain. What stands in place of messages is null unless `strict`.

    Raises:
        UsageError: a column has messages in some rows, and texts in others; or a content is a list of no parts.
    """
    if records.lines is None:
        return _of_types(records.typed(), origin)
    asked = {name: _as_json(name, dtype) for name, dtype in records.schema.items()}
    wanted = {name: dtype for name, dtype in asked.items() if dtype is not None}
    chats = [name for name in wanted if is_message(_inner(records.schema[name]))]
    frame = _typed(records, wanted)
    if frame is not None:
        if strict:
            _refuse_mixed(frame, records, origin)
        if all(_is_plain(frame, name) for name in chats):
            wanted = {name: dtype for name, dtype in wanted.items() if name not in chats}
        if not wanted:
            return frame.lazy()
    written, misfits = records.as_text(wanted)
    written, odd = _objects_alone(written, wanted)
    for misfit in [*misfits, *odd][: int(strict)]:
        raise UsageError(
            f"{origin}: row {misfit.row}, column {misfit.where!r}: {misfit.found} where other rows have objects",
            hint="write all rows in one form, such as lists of messages with role and content.",
        )
    others = _without(records, frame, list(wanted))
    columns = [
        messages_of(written[name], f"{origin}, column {name!r}")
        if name in chats
        else _objects(written[name], records.schema[name])
        for name in wanted
    ]
    if not others.columns:
        return pl.DataFrame(columns).lazy()
    return (
        others.with_columns(columns)
        .select(name for name in records.schema if name in (*others.columns, *wanted))
        .lazy()
    )


def columns_of(records: Records, names: Sequence[str], origin: str) -> pl.DataFrame:
    """Return those columns that hold messages, or objects that ride along, as `typed_frame` does; odd values null."""
    names = [name for name in names if _as_json(name, records.schema.get(name)) is not None]
    if not names:
        return pl.DataFrame()
    rows = records.rows

    def some() -> list[dict[str, Any]]:
        return [{name: row.get(name) for name in names} for row in rows()] if rows else []

    schema = pl.Schema({name: records.schema[name] for name in names})
    part = Records(schema, lambda: records.typed().select(names), records.lines, some if rows else None)
    return typed_frame(part, origin, strict=False).select(names).collect()


def carried_by(records: Records, names: Sequence[str], origin: str) -> pl.DataFrame:
    """Return tools and media of records, with `_row`, as far as there are any; values that are plain as text."""
    names = [name for name in names if name in records.schema and records.schema[name] != pl.Null()]
    if not names:
        return pl.DataFrame()
    objects = columns_of(records, names, origin)
    others = {name: text_of(records.schema[name]) for name in names if name not in objects.columns}
    plain = records.as_text(others)[0] if others else objects.with_row_index(ROW).select(ROW)
    return plain.with_columns(objects[name] for name in objects.columns).select(ROW, *names)


def context_of(schema: Mapping[str, pl.DataType]) -> pl.Expr | None:
    """Return what tells two contexts of one prompt apart, its tools and media; None where there are none."""
    names = [name for name in CARRIED if name in schema]
    if not names:
        return None
    return pl.concat_str((json_of(pl.col(name), schema[name]).fill_null("") for name in names), separator="\x1f")


def _objects_alone(written: pl.DataFrame, wanted: Mapping[str, Any]) -> tuple[pl.DataFrame, list[Misfit]]:
    """JSON texts of single objects without what is no object, and where that stands."""
    odd: list[Misfit] = []
    for name in (name for name, dtype in wanted.items() if dtype == pl.String()):
        is_object = pl.col(name).str.starts_with("{")
        odd += [Misfit(row, name, text[:80]) for row, text in written.filter(~is_object).select(ROW, name).rows()]
        written = written.with_columns(pl.when(is_object).then(name).alias(name))
    return written, odd


def _as_json(name: str, dtype: Any) -> pl.DataType | None:
    """The type of a column of which each message, or each object of what rides along, is a JSON text."""
    inner = _inner(dtype)
    if not is_message(inner) and not (name in CARRIED and isinstance(inner, pl.Struct)):
        return None
    return pl.List(_as_json(name, dtype.inner)) if isinstance(dtype, pl.List) else pl.String()  # type: ignore[arg-type]


def _inner(dtype: Any) -> Any:
    return _inner(dtype.inner) if isinstance(dtype, pl.List) else dtype


def _typed(records: Records, wanted: Mapping[str, Any]) -> pl.DataFrame | None:
    """The records as they are typed; None where a column that is read otherwise has values of several types."""
    try:
        return records.typed().collect()
    except (ReadError, pl.exceptions.PolarsError):
        if not wanted or records.rows is None:
            raise
        return None


def _without(records: Records, frame: pl.DataFrame | None, names: list[str]) -> pl.DataFrame:
    if frame is not None:
        return frame.drop(names, strict=False)
    rows = [{key: value for key, value in row.items() if key not in names} for row in records.rows()]  # type: ignore[misc]
    if not any(rows):
        return pl.DataFrame()
    try:
        return pl.from_dicts(rows, infer_schema_length=None, strict=False)
    except (pl.exceptions.PolarsError, TypeError, OverflowError) as error:
        raise ReadError("the records", f"do not fit one table: {error}") from error


def _is_plain(frame: pl.DataFrame, name: str) -> bool:
    """Whether all messages of a column are a role and a text, and none of the texts may have been a list."""
    if name not in frame.columns or not is_plain(_inner(frame.schema[name])):
        return False
    single = frame[name]
    while isinstance(single.dtype, pl.List):
        single = single.explode().drop_nulls()
    content = single.drop_nulls().struct.field("content")
    return not (content.null_count() or content.str.contains(_NESTED).any())


def _refuse_mixed(frame: pl.DataFrame, records: Records, origin: str) -> None:
    """Refuse columns of texts of which some were messages, which have become their JSON."""
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String()]
    odd = [name for name in texts if frame[name].str.contains(_MESSAGES).any()]
    if not odd:
        return
    nested = records.structured().schema
    for name in odd:
        if isinstance(nested.get(name), pl.List | pl.Struct):
            row = frame[name].str.contains(_MESSAGES).fill_null(value=False).arg_true()[0]
            raise UsageError(
                f"{origin}: column {name!r} holds chat messages in some rows (row {row}) and text in others",
                hint='write all rows in one form: a text as [{"role": ..., "content": ...}].',
            )


def _objects(texts: pl.Series, dtype: Any) -> pl.Series:
    """Lists of JSON texts of objects, or single ones, as these texts beside their values that are text."""
    names = [one.name for one in _inner(dtype).fields if one.dtype == pl.String()]
    column, element = pl.col(texts.name), pl.element()
    several = isinstance(texts.dtype, pl.List)
    value = column.list.eval(object_of(element, names)) if several else object_of(column, names)
    return texts.to_frame().select(value.alias(texts.name)).to_series()


def _of_types(frame: pl.LazyFrame, origin: str) -> pl.LazyFrame:
    """A typed table, in which texts that are JSON by their type (arrow.json) are what they say."""
    schema = frame.collect_schema()
    for name in (name for name, dtype in schema.items() if holds_json(dtype)):
        _refuse_no_json(frame.select(name).collect().to_series(), origin)
    names = [name for name, dtype in schema.items() if _has_extension(dtype)]
    if not names:
        return frame
    whole = frame.collect()
    for name in names:
        dtype = schema[name]
        several = isinstance(dtype, pl.List)
        inner = dtype.inner if isinstance(dtype, pl.List) else dtype
        text = json_of(pl.element() if several else pl.col(name), inner)
        texts = whole.select((pl.col(name).list.eval(text) if several else text).alias(name)).to_series()
        if _are_messages(texts):
            column = messages_of(texts, f"{origin}, column {name!r}")
        elif name in CARRIED:
            column = _objects(texts, json_objects(_single(texts).head(100)).to_struct().dtype)
        else:
            column = texts
        whole = whole.with_columns(column)
    return whole.lazy()


def _refuse_no_json(values: pl.Series, origin: str) -> None:
    """Refuse objects whose field of JSON, as a file of ours has it, holds anything else, or several lines."""
    while isinstance(values.dtype, pl.List):
        values = values.explode()
    if JSON not in [field.name for field in values.dtype.fields]:  # type: ignore[attr-defined]
        return
    texts = values.drop_nulls().struct.field(JSON).drop_nulls()
    odd = texts.filter(texts.str.json_path_match("$").is_null() | texts.str.contains(r"[\r\n]"))
    if len(odd):
        what = f"{origin}: column {values.name!r}: {JSON!r} holds {odd[0][:60]!r}, which is no JSON on one line"
        raise UsageError(what, hint=f"leave the field {JSON!r} out: it is made while files are read.")


def _single(texts: pl.Series) -> pl.Series:
    return (texts.explode() if isinstance(texts.dtype, pl.List) else texts).drop_nulls()


def _are_messages(texts: pl.Series) -> bool:
    single = _single(texts)
    return len(single) > 0 and single.str.json_path_match("$.role").null_count() == 0


def _has_extension(dtype: Any) -> bool:
    if isinstance(dtype, pl.List | pl.Array):
        return _has_extension(dtype.inner)
    if isinstance(dtype, pl.Struct):
        return any(_has_extension(field.dtype) for field in dtype.fields)
    return isinstance(dtype, pl.BaseExtension)
