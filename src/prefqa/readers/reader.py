"""`prefqa.read`: one call for paths, globs, directories, frames and datasets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from prefqa._words import formatted
from prefqa.casts import raw_name
from prefqa.errors import ColumnNotFoundError, UsageError, nearest
from prefqa.preferences import JUDGMENT_TYPES, NAIVE, ROW, Preferences, Source
from prefqa.readers.argilla_server import SERVER, download
from prefqa.readers.croissant import licence_beside
from prefqa.readers.export import Export, Models, Ranks
from prefqa.readers.files import COLUMNAR, FILE_FORMATS, find_files, format_of, read_files, read_records, readable
from prefqa.readers.long_rows import PAIR, PROMPTS, TEXTS
from prefqa.readers.objects import HUB, is_saved_dataset, load_hub, load_saved, records_of_object
from prefqa.readers.records import Records
from prefqa.readers.registry import BY_NAME, TOOLS, tool_of
from prefqa.readers.shapes import shape_of
from prefqa.readers.tool import Tool

#: In a directory, files of these names (before the ending) are the three tables of the standard form.
_TABLES = ("judgments", "responses", "items")
_Tables = dict[str, pl.LazyFrame | pl.DataFrame | None]


def read(
    source: Any,
    *,
    columns: Mapping[str, str] | None = None,
    shape: str = "auto",
    format: str = "auto",
    responses: Any = None,
    items: Any = None,
    settings: str | Path | None = None,
    ranks: Ranks = "given",
    models: Models = "without",
) -> Preferences:
    """Read preference data into its standard form.

    Args:
        source: a path (.parquet, .csv, .tsv, .json, .jsonl, .arrow, .feather; text also .gz or .zst), a glob, a
            directory of such files or of a saved Hugging Face dataset, a list of paths, a Polars or pandas frame, an
            Arrow table, a `datasets` object, hf://OWNER/NAME (with @REVISION, to be read the same again),
            argilla://NAME or argilla://WORKSPACE/NAME (ARGILLA_API_URL and ARGILLA_API_KEY say where), a list of
            dicts; Preferences are returned as they are. In a directory with a file `judgments.*`, `responses.*` and
            `items.*` beside it are read as these tables.
        columns: your column names by the standard ones: {"item_id": "prompt_id"}. With these, or a shape, records are
            read by their columns and not as the export of a tool.
        shape: "auto", or one of rankings, ratings, ranking_lists, pairwise, chosen_rejected.
        format: "auto": the file by its ending, the export of an annotation tool by what its records hold. Or parquet,
            csv, tsv, json, jsonl, arrow; or a tool's format by name (`prefqa.readers.TOOLS`).
        responses: a table of item_id, response_id, text and more; read like `source`.
        items: a table of item_id, prompt and slice columns; read like `source`.
        settings: the tool's settings of the project, where they do not stand beside its export.
        ranks: "order" reads lists of options that an export holds without ranks as running from best to worst.
        models: whether suggestions and predictions in an export are read: "without" leaves them out and counts them,
            "with" reads them beside people's judgments (`annotator_kind` tells them apart), "only" alone.

    Returns:
        Preferences, lazy over Parquet, CSV and Arrow files; `source.detail` says which shape or format was seen and by
        what, `source.notes` what an export lost before it came here.

    Raises:
        ReadError: a file that cannot be read, with path, line or row group, and reason.
        ColumnNotFoundError: columns that the shape needs, with the nearest names there are.
        UsageError: an unknown shape, format or kind of object.
    """
    if isinstance(source, Preferences):
        return source
    file_format = _file_format(format)
    records, origin, files, beside = _scan(source, file_format)
    listed, listed_in = _table(responses if responses is not None else beside.get("responses"), columns or {})
    described, _ = _table(items if items is not None else beside.get("items"), columns or {}, stays=False)
    given: _Tables = {"responses": listed, "items": described}
    by_columns = shape != "auto" or bool(columns)
    if by_columns and format in BY_NAME:
        raise UsageError(f"format {format!r} knows its columns", hint="leave out columns and shape, or the format.")
    if not by_columns and _disagrees(records) and _tool(records, format) is None:
        records = records.structured()
    licence = licence_beside(Path(files[0])) if files else None
    tool = None if by_columns else _tool(records, format)
    if (settings, ranks, models) != (None, "given", "without") and (tool is None or tool[0] not in TOOLS):
        what = "settings, ranks and models are for exports of annotation tools, which this is not"
        raise UsageError(what, hint="leave them out, or name the tool's format.")
    if tool is not None:
        path = Path(files[0]) if files else None
        said = Path(settings) if settings else beside.get("settings")
        export = Export(records, origin, path, said, ranks, models)
        with readable((*files, *listed_in)):
            return _licensed(_of_tool(*tool, export, given, (*files, *listed_in)), licence)
    with readable((*files, *listed_in)):
        frame = _without_reserved(_renamed(records.typed(), columns or {}, origin))
        frame = frame.with_row_index(ROW)
        schema = frame.collect_schema()
        seen = shape_of(schema, shape, origin)
        long, tables = _folded(seen.to_long(frame), given)
        detail = seen.detail
        if "annotator_id" not in schema:
            detail += "; no annotator column: all judgments stand under one annotator, 'unknown'"
        prefs = Preferences.from_long(
            long,
            source=Source(origin, seen.name, detail, (*files, *listed_in)),
            responses=tables["responses"] if tables["responses"] is not None else _texts(long),
            items=_items(tables["items"], long),
        )
        return _licensed(prefs, licence)


def _licensed(prefs: Preferences, licence: str | None) -> Preferences:
    """The responses under the licence of their data set, where they have none of their own."""
    if licence is None or prefs.responses is None or "licence" in prefs.responses.columns:
        return prefs
    return replace(prefs, responses=prefs.responses.with_columns(licence=pl.lit(licence)))


def _file_format(form: str) -> str:
    """The format of the file itself, where a tool's format may have been named."""
    known = ["auto", *FILE_FORMATS, *BY_NAME]
    if form not in known:
        close = nearest(form, known)
        hint = f"did you mean {close!r}?" if close else f"there are: {', '.join(known)}."
        raise UsageError(f"unknown format {form!r}", hint=hint)
    return "auto" if form in BY_NAME else form


def _tool(records: Records, form: str) -> tuple[Tool, str] | None:
    """The tool that was named, or the one that the records show, and why."""
    if form in BY_NAME:
        return BY_NAME[form], "as was said"
    return tool_of(records)


def _disagrees(records: Records) -> bool:
    """Whether text stands where tools write lists: then a broken value may hide what the records are."""
    named = (name for name in records.schema if name in ("annotations", "responses") or name.endswith(".responses"))
    return any(records.schema[name] == pl.String() for name in named)


def _of_tool(tool: Tool, why: str, export: Export, given: _Tables, files: tuple[str, ...]) -> Preferences:
    found = tool.read(export)
    own: _Tables = {"responses": found.responses, "items": found.items}
    tables = {name: given[name] if given[name] is not None else own[name] for name in own}
    judged = found.long.lazy()
    if "rank" not in judged.collect_schema():  # answers about records as a whole
        judged = judged.with_columns(rank=pl.lit(None, pl.Int64))
    long, tables = _folded(judged, tables)
    seen = f"{tool.what}, seen by {why}" if why != "as was said" else f"{tool.what}, as was said"
    return Preferences.from_long(
        long,
        source=Source(export.origin, tool.name, f"{seen}: {found.detail}", files, notes=found.notes, from_tool=True),
        responses=tables["responses"] if tables["responses"] is not None else _texts(long),
        items=_items(tables["items"], long),
    )


def _scan(source: Any, form: str) -> tuple[Records, str, tuple[str, ...], dict[str, Path]]:
    """The records of a source, its name, its files, and the companion tables in its directory."""
    if isinstance(source, list) and source and all(isinstance(one, str | Path) for one in source):
        paths = [path for one in source for path in find_files(one)]
        return read_files(paths, form), f"{len(paths)} files", tuple(map(str, paths)), {}
    if not isinstance(source, str | Path):
        return records_of_object(source), "frame", (), {}
    if str(source).startswith(SERVER):
        path = download(str(source))
        return read_records(path), str(source), (), {"settings": path.with_name("settings.json")}
    if str(source).startswith(HUB):
        return Records.of_frame(load_hub(str(source))), str(source), (), {}
    if "://" in str(source):
        raise UsageError(f"cannot read from the address {source}", hint="download it, or load it and pass the dataset.")
    path = Path(source)
    if is_saved_dataset(path):
        return Records.of_frame(load_saved(path)), str(path), (), {}
    paths = find_files(source)
    if path.is_dir():
        named = {table: [p for p in paths if p.name.split(".")[0] == table] for table in _TABLES}
        if named["judgments"]:
            beside = {table: found[0] for table, found in named.items() if found and table != "judgments"}
            paths = named["judgments"]
            return read_files(paths, form), str(path), tuple(map(str, paths)), beside
    return read_files(paths, form), str(source), tuple(map(str, paths)), {}


def _renamed(frame: pl.LazyFrame, columns: Mapping[str, str], origin: str) -> pl.LazyFrame:
    """Give mapped columns their standard names; a column that had such a name already keeps its data aside."""
    names = frame.collect_schema().names()
    missing = [yours for yours in columns.values() if yours not in names]
    if missing:
        raise ColumnNotFoundError.from_missing(missing, names, origin)
    aside = {name: f"{name}_unmapped" for name, yours in columns.items() if name in names and yours != name}
    chosen = [pl.col(yours).alias(name) for name, yours in columns.items()]
    kept = [
        pl.col(name).alias(aside.get(name, name))
        for name in names
        if name not in columns.values() and columns.get(name) != name
    ]
    return frame.select(*chosen, *kept)


def _without_reserved(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Rename columns that have the names of columns of our own."""
    reserved = {ROW, NAIVE, PAIR, *map(raw_name, JUDGMENT_TYPES)}
    return frame.rename({name: f"source{name}" for name in frame.collect_schema() if name in reserved})


def _table(
    source: Any, columns: Mapping[str, str], *, stays: bool = True
) -> tuple[pl.LazyFrame | pl.DataFrame | None, tuple[str, ...]]:
    """A companion table, mapped columns renamed where it has them; lazy, with its files, if it `stays` there."""
    if source is None:
        return None, ()
    records, origin, files, _ = _scan(source, "auto")
    with readable(files):
        frame = records.typed()
        names = frame.collect_schema().names()
        renamed = _renamed(frame, {k: v for k, v in columns.items() if v in names}, origin)
        stays = stays and bool(files) and all(format_of(Path(name)) in COLUMNAR for name in files)
        return (renamed, files) if stays else (renamed.collect(), ())


def _folded(long: pl.LazyFrame, tables: _Tables) -> tuple[pl.LazyFrame, _Tables]:
    """Make items of their own of the criteria, and of the pairs, by which one item was judged; in all tables.

    Votes on several pairs of an item are no ranking of its responses, and need not even agree with one.
    """
    for part in ("criterion", PAIR):
        if part not in long.collect_schema():
            continue
        keys = pl.col("item_id").cast(pl.String), pl.col(part).cast(pl.String).alias("_part")
        parts = long.select(keys).drop_nulls().unique().sort("item_id", "_part").collect()
        if parts["item_id"].n_unique() < parts.height:
            tables = {name: table if table is None else _per_part(table, parts) for name, table in tables.items()}
            both = formatted("{}/{}", *keys)
            long = long.with_columns(pl.coalesce(both, keys[0]).alias("item_id"))
    return long.drop(PAIR, strict=False), tables


def _per_part(table: pl.LazyFrame | pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    table = table.lazy().collect()
    joined = table.with_columns(pl.col("item_id").cast(pl.String)).join(parts, on="item_id")
    if "criterion" in table.columns:  # a row of one criterion belongs to no other
        joined = joined.filter(pl.col("criterion").is_null() | (pl.col("criterion") == pl.col("_part")))
    return joined.with_columns(formatted("{}/{}", "item_id", "_part").alias("item_id")).drop("_part")


def _texts(long: pl.LazyFrame) -> pl.DataFrame | None:
    """The responses table from a text column among the judgments."""
    schema = long.collect_schema()
    text = next((name for name in TEXTS if name in schema and _is_text(schema[name])), None)
    if text is None:
        return None
    ids = [pl.col("item_id").cast(pl.String), pl.col("response_id").cast(pl.String)]
    more = [name for name in ("model",) if schema.get(name) == pl.String()]
    return (
        long.select(*ids, pl.col(text).alias("text"), *more)
        .drop_nulls(["item_id", "response_id"])
        .group_by("item_id", "response_id")
        .agg(_one(schema[text], "text"), *(_one(pl.String(), name) for name in more))
        .sort("item_id", "response_id")
        .collect()
    )


def _items(items: pl.LazyFrame | pl.DataFrame | None, long: pl.LazyFrame) -> pl.DataFrame | None:
    """The items table as given; prompts among the judgments fill it where it has none."""
    items = None if items is None else items.lazy().collect()
    schema = long.collect_schema()
    prompt = next((name for name in PROMPTS if name in schema and _is_text(schema[name])), None)
    if prompt is None or (items is not None and "prompt" in items.columns):
        return items
    prompts = (
        long.select(pl.col("item_id").cast(pl.String), pl.col(prompt).alias("prompt"))
        .drop_nulls()
        .group_by("item_id")
        .agg(_one(schema[prompt], "prompt"))
        .sort("item_id")
        .collect()
    )
    if items is None:
        return prompts
    return items.with_columns(pl.col("item_id").cast(pl.String)).join(prompts, on="item_id", how="left")


def _is_text(dtype: pl.DataType) -> bool:
    return dtype == pl.String() or dtype.is_nested()


def _one(dtype: pl.DataType, name: str) -> pl.Expr:
    """One value of a key that does not depend on the order of rows, where the type has an order."""
    return pl.col(name).min() if dtype == pl.String() else pl.col(name).drop_nulls().first()
