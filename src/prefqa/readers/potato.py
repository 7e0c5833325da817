"""Annotations of Potato: its CSV, TSV and JSON Lines exports, the state of its users, and what version 1 wrote.

All layouts are brought to one form, one row per answer: who answered which schema of which instance with which label
and value. `readers.potato_answers` says what the answers mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from prefqa._words import formatted
from prefqa.errors import ReadError
from prefqa.notes import Note
from prefqa.preferences import ROW
from prefqa.readers.export import Export, Extract, misfit_note
from prefqa.readers.long_rows import UNNAMED
from prefqa.readers.potato_answers import FIXED, read_answers
from prefqa.readers.records import Misfit, fields_of
from prefqa.readers.tool import Tool, listed

_TEXT = pl.String()
#: Columns of exports that are no answers; of version 1 and of version 2.
_PLAIN = ("user", "user_id", "instance_id", "displayed_text")
_STATE = "instance_id_to_label_to_value"
_BEHAVIOUR = "instance_id_to_behavioral_data"
_TIMES = dict.fromkeys(("session_start", "session_end", "total_time_ms"), _TEXT)
_WHO = [ROW, "item_id", "annotator_id"]


@dataclass(frozen=True)
class Answers:
    """Answers (`_WHO`, schema, label, value), and what is known of who gave them and of the instances.

    Attributes:
        answers: one row per schema, label and value.
        judged: one row per `_WHO`, with `created_at`, `duration_s`, `order` as far as they are known.
        items: one row per instance with further columns, or None.
        misfits: values of another structure.
        frame: the records with ROW and, where they are instances, item_id.
    """

    answers: pl.DataFrame
    judged: pl.DataFrame
    items: pl.DataFrame | None
    misfits: list[Misfit]
    frame: pl.DataFrame


def read_potato(export: Export) -> Extract:
    """Read an export of Potato.

    Votes, rankings and best-worst choices are judgments of the responses A, B, ...; beside them other answers become
    columns. Without any of these, ratings, labels and texts are about the instance as a whole.

    Raises:
        ReadError: no schema that is read has an answer, or answers that have lost their value or their annotator.
    """
    schema = export.records.schema
    if _STATE in schema:
        parts = _from_states(export)
    elif "labels" in schema and fields_of(schema["labels"]):
        parts = _from_objects(export, "labels", "instance_id", "user_id")
    elif "label_annotations" in schema:
        parts = _from_version_1(export)
    else:
        parts = _from_columns(export)
    long, values, detail, notes = read_answers(export.origin, parts.answers)
    judged = parts.judged.unique(_WHO, keep="first")
    long = long.join(judged, on=_WHO, how="left", maintain_order="left")
    long = long.drop(name for name in judged.columns if name not in _WHO and long[name].null_count() == long.height)
    noted: tuple[Note, ...] = (*misfit_note(parts.misfits, parts.frame), *notes)
    return Extract(long, None, parts.items, detail, noted, values=values)


def _from_columns(export: Export) -> Answers:
    """CSV and TSV: a column per schema and label, named `schema.label`, and by version 1 `schema:::label`."""
    frame, misfits = export.records.as_text(dict.fromkeys([*export.records.schema, *_PLAIN], _TEXT))
    named = {name: _schema_and_label(name) for name in export.records.schema if name not in (*_PLAIN, ROW)}
    asked = {name: both for name, both in named.items() if both is not None}
    rows = frame.with_columns(
        item_id=pl.coalesce("instance_id", formatted("row-{}", ROW)),
        annotator_id=pl.coalesce("user_id", "user", pl.lit(UNNAMED)),
    )
    lost = [name for name, (_, label) in asked.items() if not label and _holds_field_names(frame[name])]
    if lost:
        what = f"{listed(lost)}: the Parquet export writes the name of a field where the vote was"
        raise ReadError(export.origin, what, hint="export csv or jsonl: python -m potato.export --format csv ...")
    answers = [
        rows.filter(pl.col(name).is_not_null()).select(
            *_WHO, schema=pl.lit(schema), label=pl.lit(label), value=pl.col(name)
        )
        for name, (schema, label) in asked.items()
    ]
    whole = pl.concat(answers) if answers else _no_answers()
    return Answers(whole, rows.select(_WHO), _shown(rows), misfits, rows)


def _schema_and_label(name: str) -> tuple[str, str] | None:
    """Schema and label that a column is named for; None for spans."""
    if name.endswith("._spans") or name.startswith("span_annotation:::"):
        return None
    if ":::" in name:
        schema, _, label = name.partition(":::")
        return schema, label
    before, _, last = name.rpartition(".")
    if before and last in FIXED:  # a schema's name may hold a point
        return before, last
    schema, _, label = name.partition(".")
    return schema, label


def _holds_field_names(values: pl.Series) -> bool:
    seen = set(values.drop_nulls().unique().to_list())
    return bool(seen) and seen <= {"selection", "scale_value", "rank_order", "best", "worst"}


def _from_objects(export: Export, name: str, item: str, who: str) -> Answers:
    """JSON Lines: the labels as an object of schemas, each an object of labels."""
    schema = export.records.schema
    labels = {one: fields_of(dtype) for one, dtype in fields_of(schema[name]).items()}
    inner = {one: pl.Struct(dict.fromkeys(fields, _TEXT)) if fields else _TEXT for one, fields in labels.items()}
    wanted: dict[str, pl.DataType] = {
        item: _TEXT,
        who: _TEXT,
        "displayed_text": _TEXT,
        name: pl.Struct(inner) if inner else _TEXT,
        "behavioral_data": pl.Struct({"time_string": _TEXT} | _TIMES),
    }
    frame, misfits = export.records.as_text(wanted)
    rows = frame.with_columns(
        item_id=pl.coalesce(item, formatted("row-{}", ROW)), annotator_id=pl.coalesce(who, pl.lit(UNNAMED))
    )
    answers = [_no_answers()]
    for one, fields in labels.items():
        value = pl.col(name).struct.field(one)
        each = {label: value.struct.field(label) for label in fields} or {"": value}
        answers += [
            rows.select(*_WHO, schema=pl.lit(one), label=pl.lit(label), value=expr).drop_nulls("value")
            for label, expr in each.items()
        ]
    behaviour = pl.col("behavioral_data").struct
    judged = rows.select(
        *_WHO,
        created_at=_moment(behaviour.field("session_end"), behaviour.field("session_start")),
        duration_s=pl.coalesce(_spent(behaviour.field("time_string")), _seconds(behaviour.field("total_time_ms"))),
    )
    return Answers(pl.concat(answers), judged, _shown(rows), misfits, rows)


def _from_version_1(export: Export) -> Answers:
    """Version 1: `annotated_instances.jsonl`, which names nobody; in the folder of a user all of it is that user's.

    Raises:
        ReadError: one instance was annotated twice, so several people stand in the file without their names.
    """
    parts = _from_objects(export, "label_annotations", "id", "user_id")
    path = export.path
    # Version 1 writes the order of a user's instances beside the user's annotations.
    own = path is not None and str(path) == export.origin and path.with_name("annotation_order.txt").is_file()
    doubled = parts.frame["item_id"].is_duplicated() & (parts.frame["annotator_id"] == UNNAMED)
    if doubled.any():
        item = parts.frame.filter(doubled)["item_id"][0]
        what = f"instance {item!r} was annotated more than once, and version 1 of Potato writes no names into this file"
        hint = 'read the file of each user, or set "output_annotation_format": "csv" and save again, which names them.'
        raise ReadError(export.origin, what, hint=hint)
    if not own or path is None:
        return parts
    name = pl.when(pl.col("annotator_id") == UNNAMED).then(pl.lit(path.parent.name)).otherwise("annotator_id")
    named = {"annotator_id": name}
    return Answers(
        parts.answers.with_columns(**named), parts.judged.with_columns(**named), parts.items, parts.misfits, parts.frame
    )


def _from_states(export: Export) -> Answers:
    """`user_state.json`: per user an object of instances, each a list of pairs [{schema, name}, value]."""
    schema = export.records.schema
    instances = list(fields_of(schema.get(_STATE)))
    timed = list(fields_of(schema.get(_BEHAVIOUR)))
    wanted: dict[str, pl.DataType] = {"user_id": _TEXT, "instance_id_ordering": pl.List(_TEXT)}
    if instances:
        wanted[_STATE] = pl.Struct(dict.fromkeys(instances, pl.List(pl.List(_TEXT))))
    if timed:
        wanted[_BEHAVIOUR] = pl.Struct(dict.fromkeys(timed, pl.Struct(_TIMES)))
    frame, misfits = export.records.as_text(wanted)
    users = frame.with_columns(annotator_id=pl.coalesce("user_id", formatted("user-{}", ROW)))
    pairs = _per_instance(users, _STATE, instances).drop_nulls("_inner")
    each = pairs.with_columns(pl.col("_inner").list.drop_nulls()).explode("_inner").drop_nulls("_inner")
    label, value = pl.col("_inner").list.get(0, null_on_oob=True), pl.col("_inner").list.get(1, null_on_oob=True)
    answers = each.select(
        *_WHO,
        schema=label.str.json_path_match("$.schema"),
        label=label.str.json_path_match("$.name").fill_null(""),
        value=value,
    ).drop_nulls(["schema", "value"])
    places = users.select(ROW, "annotator_id", item_id="instance_id_ordering").with_columns(
        order=pl.int_ranges(1, pl.col("item_id").list.len() + 1)
    )
    order = places.explode("item_id", "order").drop_nulls("item_id").unique(_WHO, keep="first")
    times = _per_instance(users, _BEHAVIOUR, timed)
    if timed:
        inner = pl.col("_inner").struct
        times = times.select(
            *_WHO,
            created_at=_moment(inner.field("session_end"), inner.field("session_start")),
            duration_s=_seconds(inner.field("total_time_ms")),
        )
    else:
        times = times.select(*_WHO, created_at=pl.lit(None, pl.Float64), duration_s=pl.lit(None, pl.Float64))
    judged = answers.select(_WHO).unique().join(times, on=_WHO, how="left").join(order, on=_WHO, how="left")
    return Answers(answers, judged, None, misfits, users)


def _per_instance(users: pl.DataFrame, name: str, instances: Sequence[str]) -> pl.DataFrame:
    """One row per user and instance, from an object of instances."""
    if not instances:
        empty = {ROW: pl.UInt32(), "annotator_id": _TEXT, "item_id": _TEXT, "_inner": pl.List(pl.List(_TEXT))}
        return pl.DataFrame(schema=empty)
    numbers = {str(n): instance for n, instance in enumerate(instances)}
    inner = users[name].struct.unnest()
    inner.columns = list(numbers)
    wide = pl.concat([users.select(ROW, "annotator_id"), inner], how="horizontal")
    long = wide.unpivot(index=[ROW, "annotator_id"], variable_name="item_id", value_name="_inner")
    return long.with_columns(pl.col("item_id").replace_strict(numbers, return_dtype=_TEXT))


def _no_answers() -> pl.DataFrame:
    return pl.DataFrame(schema={ROW: pl.UInt32()} | dict.fromkeys((*_WHO[1:], "schema", "label", "value"), _TEXT))


def _shown(rows: pl.DataFrame) -> pl.DataFrame | None:
    """The text that was shown, which may hold all responses of the instance."""
    if rows["displayed_text"].null_count() == rows.height:
        return None
    return rows.select("item_id", "displayed_text").unique("item_id", keep="first", maintain_order=True)


def _moment(*seconds: pl.Expr) -> pl.Expr:
    return pl.coalesce(one.cast(pl.Float64, strict=False) for one in seconds)


def _seconds(milliseconds: pl.Expr) -> pl.Expr:
    spent = milliseconds.cast(pl.Float64, strict=False) / 1000
    return pl.when(spent > 0).then(spent)


def _spent(text: pl.Expr) -> pl.Expr:
    """Seconds of "Time spent: 0d 0h 0m 5s"."""
    parts = [text.str.extract(rf"(\d{{1,6}}){unit}\b").cast(pl.Float64, strict=False) for unit in "dhms"]
    return parts[0] * 86_400 + parts[1] * 3_600 + parts[2] * 60 + parts[3]


def _is_potato(schema: pl.Schema) -> str | None:
    if _STATE in schema:
        return f"column {_STATE!r}"
    if "label_annotations" in schema and "displayed_text" in schema:
        return "columns 'displayed_text', 'label_annotations'"
    who = "user_id" if "user_id" in schema else "user" if "displayed_text" in schema else None
    if "instance_id" not in schema or who not in schema:
        return None
    if fields_of(schema.get("labels")) and "spans" in schema:
        return "labels by schema beside 'instance_id' and 'user_id'"
    return f"columns 'instance_id' and {who!r}"


def _holds_answers(head: pl.DataFrame) -> bool:
    """Whether columns are named for a schema and its label, or hold the names that the Parquet export writes."""
    if _STATE in head.columns or "label_annotations" in head.columns or "labels" in head.columns:
        return True
    rest = [name for name in head.columns if name not in _PLAIN]
    return any("." in name or ":::" in name for name in rest) or any(
        _holds_field_names(head[name]) for name in rest if head.schema[name] == pl.String()
    )


POTATO = Tool("potato", "Potato annotations", _is_potato, read_potato, _holds_answers)
