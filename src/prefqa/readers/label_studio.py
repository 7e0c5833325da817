"""Exports of Label Studio: JSON with all that was done, and JSON-MIN and CSV, which drop a part of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from prefqa._words import formatted
from prefqa.errors import ReadError
from prefqa.notes import Note
from prefqa.preferences import ROW
from prefqa.readers import label_studio_notes as notes
from prefqa.readers.export import Export, Extract, misfit_note, note
from prefqa.readers.label_studio_config import CONTROLS, Control, Project, project_beside
from prefqa.readers.label_studio_values import SIDES, buckets_without_order, listed_responses, person, to_long
from prefqa.readers.long_rows import PROMPTS
from prefqa.readers.records import Misfit, fields_of, json_lists

_TEXT = pl.String()
_READ = f"read are {', '.join(CONTROLS)}."
_NEEDED = (
    f"{_READ} Plain words in JSON-MIN and CSV do not say which control wrote them; the labelling configuration does: "
    "put it beside the export as name.project.json, project.json, name.xml or label_config.xml, or give settings=."
)
_RESULT = pl.List(pl.Struct(dict.fromkeys(("from_name", "type", "value"), _TEXT)))
_ANNOTATION = dict.fromkeys(
    ("id", "completed_by", "updated_by", "was_cancelled", "ground_truth", "created_at", "updated_at", "lead_time"),
    _TEXT,
) | {"result": _RESULT}
_PREDICTION = {"id": _TEXT, "model_version": _TEXT, "created_at": _TEXT, "result": _RESULT}
_DRAFT = {"id": _TEXT, "user": _TEXT, "created_at": _TEXT, "lead_time": _TEXT, "result": _RESULT}
#: Columns of JSON-MIN and CSV that are neither data of the task nor an answer.
_MIN = ("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time")
_WHO = [ROW, "item_id", "annotator_id", "judgment_id", "status", "created_at", "duration_s", "annotator_kind", "_gold"]
#: Keys of an answer by the type of its control, to recognise answers where no type stands beside them.
_KEYS = {"pairwise": "selected", "ranker": "ranker", "rating": "rating", "choices": "choices", "textarea": "text"}


@dataclass(frozen=True)
class _Parts:
    """Tasks (ROW, item_id and their data as text), and annotations (`_WHO`, from_name, type, value: null if empty)."""

    tasks: pl.DataFrame
    annotations: pl.DataFrame
    misfits: list[Misfit]
    notes: tuple[Note, ...] = ()


def read_full(export: Export) -> Extract:
    """Read the JSON export: annotations with their status, drafts, and predictions as a model's votes."""
    schema = export.records.schema
    wanted: dict[str, pl.DataType] = {
        "id": _TEXT,
        "data": pl.Struct(dict.fromkeys(fields_of(schema.get("data")), _TEXT)),
        "annotations": pl.List(pl.Struct(_ANNOTATION)),
    }
    for name, inner in (("drafts", _DRAFT), ("predictions", _PREDICTION)):
        if "result" in fields_of(schema.get(name)):
            wanted[name] = pl.List(pl.Struct(inner))
    frame, misfits = export.records.as_text(wanted)
    data = fields_of(schema.get("data"))
    own_id = [pl.col("data").struct.field("item_id")] if "item_id" in data else []
    frame = frame.with_columns(pl.coalesce(*own_id, "id", formatted("row-{}", ROW)).alias("item_id"))
    annotations, doubled = notes.latest(_judged(_exploded(frame, "annotations")))
    parts = [annotations]
    if "drafts" in wanted:
        user, draft = person("user").alias("annotator_id"), pl.lit("draft")
        parts.append(_exploded(frame, "drafts").with_columns(user, status=draft, annotator_kind=pl.lit("human")))
    if "predictions" in wanted:
        version = pl.coalesce("model_version", pl.lit("prediction")).alias("annotator_id")
        model = {"status": pl.lit("submitted"), "annotator_kind": pl.lit("model")}
        parts.append(_exploded(frame, "predictions").with_columns(version, **model))
    answers = pl.concat(parts, how="diagonal_relaxed")
    rest = {name: f"data.{name}" if name == ROW else name for name in data if name != "item_id"}
    texts = [pl.col("data").struct.field(name).alias(ours) for name, ours in rest.items()]
    tasks = frame.select(ROW, "item_id", *texts).unique("item_id", keep="first", maintain_order=True)
    noted = (*doubled, *notes.edited(annotations))
    return _reading(export, _Parts(tasks, _answered(answers), misfits, noted))


def read_stored(export: Export) -> Extract:
    """Read what target storage writes: annotations with their task inside, each in a file of its own."""
    data = fields_of(fields_of(export.records.schema.get("task")).get("data"))
    task = pl.Struct({"id": _TEXT, "data": pl.Struct(dict.fromkeys(data, _TEXT)) if data else _TEXT})
    frame, misfits = export.records.as_text({**_ANNOTATION, "task": task})
    inner = pl.col("task").struct
    own_id = [inner.field("data").struct.field("item_id")] if "item_id" in data else []
    frame = frame.with_columns(pl.coalesce(*own_id, inner.field("id"), formatted("row-{}", ROW)).alias("item_id"))
    named = frame.drop("task").rename({"id": "judgment_id"}).with_columns(duration_s="lead_time")
    annotations, doubled = notes.latest(_judged(named))
    texts = {f"data.{name}" if name == ROW else name: inner.field("data").struct.field(name) for name in data}
    texts.pop("item_id", None)
    tasks = frame.select(ROW, "item_id", **texts).unique("item_id", keep="first", maintain_order=True)
    noted = (*doubled, *notes.edited(annotations))
    return _reading(export, _Parts(tasks, _answered(annotations), misfits, noted))


def read_min(export: Export) -> Extract:
    """Read JSON-MIN or CSV: one row per annotation, answers in columns named for their control."""
    project = project_beside(export.path, export.settings)
    frame, misfits = export.records.as_text(dict.fromkeys([*export.records.schema, *_MIN], _TEXT))
    own_id = [name for name in ("item_id",) if name in frame.columns]
    frame = frame.with_columns(pl.coalesce(*own_id, "id", formatted("row-{}", ROW)).alias("item_id"))
    kinds = {name: control.kind for name, control in project.controls.items() if name in frame.columns}
    kinds |= {name: kind for name in frame.columns if name not in (*_MIN, ROW) and (kind := _kind_seen(frame[name]))}
    who = frame.with_columns(
        annotator_id=person("annotator"),
        judgment_id="annotation_id",
        status=pl.lit("submitted"),
        duration_s="lead_time",
        annotator_kind=pl.lit("human"),
        _gold=pl.lit(False),
    )
    if not kinds:
        raise ReadError(export.origin, "no column shows that it holds answers of a control that is read", hint=_NEEDED)
    answers = pl.concat([_cells(who, name, kind) for name, kind in kinds.items()], how="diagonal_relaxed")
    data = [name for name in frame.columns if name not in (*_MIN, *kinds, ROW, "item_id")]
    tasks = frame.select(ROW, "item_id", *data).unique("item_id", keep="first", maintain_order=True)
    skipped = "how many cannot be seen" if project.n_skipped is None else f"{project.n_skipped} were skipped"
    lost = note(
        "PQ723",
        "{n} of {of} annotations are all that JSON-MIN and CSV show: cancelled annotations, drafts, predictions and "
        f"ground truth are dropped ({skipped}). Export as JSON.",
        who,
        who.height,
    )
    return _reading(export, _Parts(tasks, answers, misfits, lost))


def _reading(export: Export, parts: _Parts) -> Extract:
    project = project_beside(export.path, export.settings)
    known = parts.annotations.filter(pl.col("type").is_in(CONTROLS))
    known = known.with_columns(from_name=pl.coalesce("from_name", "type"))
    people = pl.col("annotator_kind") == "human"
    chosen = {"without": people, "with": pl.lit(True), "only": ~people}[export.models]
    controls = known.select("from_name", "type").unique().sort("from_name", "type").rows()
    ordered = {name: _control(export, project, name, kind) for name, kind in controls}
    _check_buckets(export, known, ordered)
    read = [
        to_long(kind, known.filter(chosen, from_name=name, type=kind), ordered[name]).with_columns(
            criterion=pl.lit(name)
        )
        for name, kind in controls
    ]
    if not read:
        raise ReadError(export.origin, "no answer of a control that is read", hint=_READ)
    long = pl.concat(read, how="diagonal_relaxed")
    responses = _responses(parts.tasks, project, long, controls)
    if responses is not None and "position" in responses.columns:
        shown = responses.select("item_id", "response_id", "criterion", shown="position").drop_nulls("shown")
        long = long.join(shown, on=["item_id", "response_id", "criterion"], how="left", maintain_order="left")
        own = ["position"] if "position" in long.columns else []
        long = long.with_columns(position=pl.coalesce(*own, "shown")).drop("shown")
        responses = responses.drop("position")
    noted = (
        *parts.notes,
        *notes.display_order(long),
        *notes.predictions(export, known),
        *notes.unanswered(parts.annotations),
        *notes.not_read(parts.annotations),
        *misfit_note(parts.misfits, parts.tasks),
    )
    used = _used_fields(project, parts.tasks, controls)
    if len(controls) == 1:
        long = long.drop("criterion")
        responses = None if responses is None else responses.drop("criterion")
    said = ", ".join(f"{kind} {name!r}" for name, kind in controls)
    config = (
        f"configuration from {project.path.name}" if project.path else "no labelling configuration beside the export"
    )
    return Extract(_with_gold(long), responses, _items(parts.tasks, used), f"{said}; {config}", noted)


def _control(export: Export, project: Project, name: str, kind: str) -> Control | None:
    """A control of the configuration; a Ranker with the buckets that the caller named, where they are named."""
    control = project.controls.get(name)
    if kind != "ranker" or export.buckets is None:
        return control
    return replace(control or Control(kind, ()), buckets=tuple(export.buckets))


def _check_buckets(export: Export, known: pl.DataFrame, controls: Mapping[str, Control | None]) -> None:
    """Refuse Rankers whose buckets nothing puts in order.

    Raises:
        ReadError: with the names of the buckets, and how to name their order.
    """
    for name, control in controls.items():
        lacking = buckets_without_order(known.filter(from_name=name, type="ranker"), control)
        if lacking:
            listed = ", ".join(map(repr, lacking))
            what = f"the buckets of Ranker {name!r} have no known order from best to worst: {listed}"
            names = ", ".join(f'"{one}"' for one in lacking)
            hint = (
                "put the labelling configuration beside the export (label_config.xml, name.project.json) or give "
                f"settings=; or name all buckets from best to worst:\n[read]\nbuckets = [{names}]  # in your order"
            )
            raise ReadError(export.origin, what, hint=hint)


def _judged(annotations: pl.DataFrame) -> pl.DataFrame:
    """Who made each annotation, and whether it counts."""
    return annotations.with_columns(
        person("completed_by").alias("annotator_id"),
        status=pl.when(pl.col("was_cancelled") == "true").then(pl.lit("discarded")).otherwise(pl.lit("submitted")),
        _gold=pl.col("ground_truth") == "true",
        annotator_kind=pl.lit("human"),
    )


def _exploded(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """One row per annotation, draft or prediction, with our names for what all of them have."""
    each = frame.select(ROW, "item_id", name).filter(pl.col(name).list.len() > 0).explode(name)
    inner = each.drop_nulls(name).unnest(name).rename({"id": "judgment_id"})
    duration = pl.col("lead_time") if "lead_time" in inner.columns else pl.lit(None, _TEXT)
    return inner.with_columns(duration.alias("duration_s"))


def _answered(each: pl.DataFrame) -> pl.DataFrame:
    """One row per answer; an annotation without answers keeps one row, with null."""
    filled = each.with_columns(pl.when(pl.col("result").list.len() > 0).then("result").alias("result"))
    return filled.select(*_WHO, "result").explode("result").unnest("result")


def _kind_seen(cells: pl.Series) -> str | None:
    """The kind of control that wrote a column, by the keys of its answers."""
    first = cells.filter(cells.str.starts_with("[{")).head(1)
    if first.is_empty():  # several choices stand as an object, one as the bare word
        several = cells.str.contains(r'^\{\s*"choices"\s*:\s*\[').any()
        return "choices" if several else None
    return next((kind for kind, key in _KEYS.items() if first.str.contains(rf'^\[\{{"{key}"').item()), None)


def _cells(who: pl.DataFrame, name: str, kind: str) -> pl.DataFrame:
    """The answers in one column: lists of objects, or for choices and texts the bare word."""
    key = _KEYS[kind]
    plain = pl.col(name).is_not_null() & ~pl.col(name).str.starts_with("[") & ~pl.col(name).str.starts_with("{")
    quoted = pl.struct(pl.col(name).alias(key)).struct.json_encode()
    objects = pl.when(plain).then("[" + quoted + "]").when(pl.col(name).str.starts_with("{")).then(
        "[" + pl.col(name) + "]"
    ).otherwise(pl.col(name))  # fmt: skip
    cells = who.select(*_WHO, objects.alias("value"))
    lists = cells.with_columns(json_lists(cells["value"]))
    filled = lists.with_columns(pl.when(pl.col("value").list.len() > 0).then("value").alias("value"))
    return filled.explode("value").with_columns(from_name=pl.lit(name), type=pl.lit(kind))


def _used_fields(project: Project, tasks: pl.DataFrame, controls: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """Fields of the task that hold the responses, by control: those of the configuration, or lists of objects."""
    lists = [
        name
        for name in tasks.columns
        if name not in (ROW, "item_id") and (tasks[name].str.starts_with("[{").sum() or 0) > 0
    ]
    used = {}
    for name, kind in controls:
        if kind in ("pairwise", "ranker", "choices"):
            told = project.controls[name].fields if name in project.controls else ()
            named = [one for one in told if one in tasks.columns]
            if kind == "choices" and len(named) != len(SIDES):  # the text that choices are about is no response
                named = []
            used[name] = named or (lists if kind == "ranker" else [])
    return used


def _responses(
    tasks: pl.DataFrame, project: Project, long: pl.DataFrame, controls: Sequence[tuple[str, str]]
) -> pl.DataFrame | None:
    tables = []
    for name, fields in _used_fields(project, tasks, controls).items():
        if dict(controls)[name] == "ranker":
            tables.append(listed_responses(tasks, fields).with_columns(criterion=pl.lit(name)))
        elif len(fields) == len(SIDES):
            tables += [
                tasks.select("item_id", response_id=pl.lit(side), criterion=pl.lit(name), text=field)
                for side, field in zip(SIDES, fields, strict=True)
            ]
    if "text" in long.columns:
        written = long.filter(pl.col("status") == "submitted").drop_nulls(["text", "response_id"])
        tables.append(written.select("item_id", "response_id", "criterion", "text"))
    tables = [table for table in tables if not table.is_empty()]
    return pl.concat(tables, how="diagonal_relaxed") if tables else None


def _items(tasks: pl.DataFrame, used: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """The prompt, and all data of the task that is no response."""
    rest = tasks.drop(ROW, *{name for fields in used.values() for name in fields}, strict=False)
    names = [name for name in rest.columns if name != "item_id"]
    prompt = next((name for name in PROMPTS if name in names), names[0] if len(names) == 1 else None)
    return rest.rename({prompt: "prompt"}) if prompt else rest


def _with_gold(long: pl.DataFrame) -> pl.DataFrame:
    """`is_gold` for items that have a ground truth, and its rank, where ground truths do not contradict each other."""
    empty = [name for name in ("created_at", "duration_s", "status") if long[name].null_count() == long.height]
    if not long["_gold"].any() or "rank" not in long.columns:
        return long.drop("_gold", "from_name", "type", *empty, strict=False)
    keys = [name for name in ("item_id", "response_id", "criterion") if name in long.columns]
    known = (
        long.filter("_gold")
        .group_by(keys)
        .agg(pl.col("rank").unique().alias("_ranks"))
        .with_columns(gold_rank=pl.when(pl.col("_ranks").list.len() == 1).then(pl.col("_ranks").list.first()))
        .with_columns(pl.col("gold_rank").cast(pl.Int64, strict=False), is_gold=pl.lit(True))
        .drop("_ranks")
    )
    joined = long.join(known, on=keys, how="left", maintain_order="left", nulls_equal=True)
    return joined.with_columns(pl.col("is_gold").fill_null(False)).drop(
        "_gold", "from_name", "type", *empty, strict=False
    )
