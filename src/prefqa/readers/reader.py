"""`prefqa.read`: one call for paths, globs, directories, frames and datasets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from prefqa._words import formatted
from prefqa.casts import decimal_commas, raw_name
from prefqa.dtypes import free_name, plain_names
from prefqa.errors import ReadError, UsageError, nearest, whole_characters
from prefqa.message_json import is_plain
from prefqa.messages import is_chat, with_json
from prefqa.preferences import JUDGMENT_TYPES, NAIVE, ROW, Preferences, Source
from prefqa.readers.argilla_server import SERVER, download
from prefqa.readers.croissant import licence_beside
from prefqa.readers.dtypes import plain_types
from prefqa.readers.export import Export, Models, Ranks
from prefqa.readers.facts import compare, facts_of, facts_of_tool, with_config, with_statements
from prefqa.readers.files import (
    COLUMNAR,
    FILE_FORMATS,
    NO_OPTIONS,
    FileOptions,
    find_files,
    format_of,
    read_files,
    read_records,
    readable,
)
from prefqa.readers.keys import PAIR, PROMPTS, TEXTS
from prefqa.readers.long_checks import OF_ONE_VALUE, names_aside, refuse_most_unread, refuse_nested
from prefqa.readers.mapping import mapped, mapped_long, renamed_columns, without_mapped
from prefqa.readers.objects import HUB, is_saved_dataset, load_hub, load_saved, records_of_object, sound
from prefqa.readers.options import AnnotatorFrom, Gives, Higher, Options, PairValues, Ranking, Winner
from prefqa.readers.records import AskedRecords, Records
from prefqa.readers.registry import BY_NAME, INSTRUCTIONS, PLATFORMS, TOOLS, tool_of
from prefqa.readers.response_columns import with_response_columns
from prefqa.readers.shapes import laid_out, refuse, refuse_unread_numbers
from prefqa.readers.spool import named_as_given
from prefqa.readers.table import WORKING, Table
from prefqa.readers.tool import Tool
from prefqa.readers.written_json import typed_frame

#: The column with the name of each row's file, where files are annotators'.
FILE = "_file"
#: In a directory, files of these names (before the ending) are the three tables of the standard form.
_TABLES = ("judgments", "responses", "items")
_Tables = dict[str, pl.LazyFrame | pl.DataFrame | None]


@named_as_given()
def read(
    source: Any,
    *,
    columns: Mapping[str, Any] | None = None,
    shape: str = "auto",
    format: str = "auto",
    responses: Any = None,
    items: Any = None,
    settings: str | Path | None = None,
    ranks: Ranks = "given",
    models: Models = "without",
    votes: Mapping[str, object] | None = None,
    annotators: Sequence[str] = (),
    gives: Gives | None = None,
    missing: Sequence[str | float] = (),
    ranks_from: int | None = None,
    ranking: Ranking | None = None,
    higher: Higher | None = None,
    pair_values: PairValues | None = None,
    winner: Winner | None = None,
    annotator_from: AnnotatorFrom | None = None,
    buckets: Sequence[str] | None = None,
    separator: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    time_format: str | None = None,
    expect: Mapping[str, Any] | None = None,
) -> Preferences:
    """Read preference data into its standard form.

    A source is read right, and `Preferences.reading` says how; or refused with the configuration that would make it
    right; or read with a part left out that is counted and named. Nothing that turns a preference round is decided by a
    default.

    Args:
        source: a path (.parquet, .csv, .tsv, .json, .jsonl, .arrow, .feather, .xlsx, .zip; text also .gz or .zst), a
            glob, a directory of such files or of a saved Hugging Face dataset, a list of paths, a Polars or pandas
            frame, an Arrow table, a `datasets` object, hf://OWNER/NAME (with @REVISION, to be read the same again),
            argilla://NAME or argilla://WORKSPACE/NAME (ARGILLA_API_URL and ARGILLA_API_KEY say where), a list of
            dicts; Preferences are returned as they are. In a directory with a file `judgments.*`, `responses.*` and
            `items.*` beside it are read as these tables.
        columns: your column names by the standard ones: {"item_id": "prompt_id"}. A list joins several columns of a
            prompt, or makes criteria of several columns of votes, ranks, scores or labels; False frees a name that is
            ours but means something else in the data. On the export of a tool they are applied to what its reader
            gives.
        shape: "auto", or one of rankings, ratings, ranking_lists, pairwise, chosen_rejected, labels, records.
        format: "auto": the file by its ending, the export of a tool or a public data set by what its records hold. Or
            parquet, csv, tsv, json, jsonl, arrow; or a format by name (`prefqa.readers.BY_NAME`).
        responses: a table of item_id, response_id, text and more; read like `source`.
        items: a table of item_id, prompt and slice columns; read like `source`.
        settings: the tool's settings of the project, where they do not stand beside its export.
        ranks: "order" reads lists of options that an export holds without ranks as running from best to worst.
        models: whether suggestions and predictions in an export are read: "without" leaves them out and counts them,
            "with" reads them beside people's judgments (`annotator_kind` tells them apart), "only" alone.
        votes: the meaning of each value of a vote: {"A": "first", "B": "second", "=": "tie", "?": "missing"}, or a
            scale: {"scale": {"first": 1, "tie": 4, "second": 7}}. Values that are not named are refused.
        annotators: names or patterns of columns that hold the answers of one annotator each.
        gives: what these columns hold, where they stand beside single responses or items: votes, ranks, scores, labels.
        missing: values of scores and ranks that stand for no answer, such as -1.
        ranks_from: the number of the best rank, 0 or 1.
        ranking: whether a list `ranking` of numbers beside responses has their "ranks" or is their "order", best first.
        higher: whether a higher score is "better" (default) or "worse".
        pair_values: whether `response_a` and `response_b` hold "texts" or "names".
        winner: whether words of a vote name a "side" or the "name" of a response, where both are possible.
        annotator_from: "file" where each file holds the judgments of one annotator.
        buckets: names of the buckets of a Label Studio Ranker from best to worst, where its configuration is not there.
        separator: what separates the columns of a text table, where the file does not show it.
        encoding: the encoding of a text file, where the file does not show it.
        sheet: the sheet of a workbook, where several hold data.
        time_format: how times are written ("%d/%m/%Y %H:%M"), where days and months cannot be told apart.
        expect: what an earlier reading found (`prefqa inspect --write-config`); a source that differs is refused.

    Returns:
        Preferences, lazy over Parquet, CSV and Arrow files; `reading` says how the source was read, `source.detail`
        which shape or format was recognised and by what, `source.notes` what an export lost before it came here.

    Raises:
        ReadError: a file that cannot be read, with path, line or row group, and reason.
        ColumnNotFoundError: columns that no layout can do without.
        AmbiguousReadingError: a source with two readings, with the configuration for each.
        UsageError: an unknown shape, format or kind of object.
    """
    if isinstance(source, Preferences):
        return source
    options = Options(
        votes,
        tuple(annotators),
        gives,
        tuple(missing),
        ranks_from,
        ranking,
        higher,
        pair_values,
        winner,
        annotator_from,
        time_format,
    )
    file_format = _file_format(format)
    on_disk = FileOptions(separator, encoding, sheet)
    records, origin, files, beside = _scan(source, file_format, on_disk, by_file=annotator_from == "file")
    mapping = dict(columns or {})
    listed, listed_in = _table(responses if responses is not None else beside.get("responses"), mapping)
    described, _ = _table(items if items is not None else beside.get("items"), mapping, stays=False)
    given: _Tables = {"responses": listed, "items": described}
    if shape != "auto" and format in BY_NAME:
        raise UsageError(f"format {format!r} knows its columns", hint="leave out the shape, or the format.")
    with readable((*files, *listed_in), on_disk), sound(source), whole_characters(origin):
        if shape == "auto" and _disagrees(records) and _tool(records, format) is None:
            records = records.structured()
        licence = licence_beside(Path(files[0])) if files else None
        tool = None if shape != "auto" else _tool(records, format)
        for_tools = (settings, ranks, models, buckets) != (None, "given", "without", None)
        if for_tools and (tool is None or tool[0] not in (*TOOLS, *PLATFORMS)):
            raise _only_for_tools()
        if tool is not None:
            beside_it = Path(settings) if settings else beside.get("settings")
            export = Export(records, origin, Path(files[0]) if files else None, beside_it, ranks, models, buckets)
            prefs = _of_tool(*tool, export, given, (*files, *listed_in), mapping, time_format)
        else:
            prefs = _of_columns(
                records, origin, (*files, *listed_in), given, mapping, options, shape, format, time_format
            )
        on_files = {
            "separator": separator,
            "encoding": encoding,
            "sheet": sheet,
            "time_format": time_format,
            "settings": settings,
        }
        prefs = with_config(_licensed(prefs, licence), on_files)
        if expect:
            compare(prefs, records.schema, expect)
        return prefs


def _only_for_tools() -> UsageError:
    what = "settings, ranks, models and buckets are for exports of annotation tools, which this is not"
    return UsageError(what, hint="leave them out, or name the tool's format.")


def _of_columns(
    records: Records,
    origin: str,
    files: tuple[str, ...],
    given: _Tables,
    mapping: dict[str, Any],
    options: Options,
    shape: str,
    format: str,
    time_format: str | None,
) -> Preferences:
    """Preferences by the names of columns; instruction data where these are no preferences."""
    frame, left_out = plain_types(typed_frame(records, origin))
    records = replace(records, how=(*records.how, *left_out))
    frame, source_names = _without_reserved(frame)
    frame = frame.with_row_index(ROW)
    if records.decimal_comma:
        frame = frame.with_columns(
            decimal_commas(name) for name, dtype in frame.collect_schema().items() if dtype == pl.String()
        )
    table = mapped(Table(frame, origin, options, source_names), _by_new_names(mapping, source_names))
    table = names_aside(table)
    refuse_nested(table.frame, table, OF_ONE_VALUE)
    found = laid_out(table, shape)
    if found is None:
        instructions = next(((t, why) for t in INSTRUCTIONS if (why := t.recognises(records)) is not None), None)
        if instructions is None or options.votes or options.annotators:
            raise refuse(table)
        if format == "auto":
            refuse_unread_numbers(table, instructions[0].name)
        export = Export(records, origin, Path(files[0]) if files else None)
        return _of_tool(*instructions, export, given, files, mapping, time_format)
    seen, laid = found
    refuse_nested(laid.long, laid.table)
    refuse_most_unread(laid)
    long, response_columns = with_response_columns(laid)
    long, tables = _folded(_without_underscores(long, records.schema.names()), given)
    facts = facts_of(
        replace(laid, response_columns=response_columns), records.schema.names(), mapping, options, seen.name, format
    )
    source = Source(
        origin,
        seen.name,
        laid.detail,
        files,
        notes=laid.notes,
        facts=facts,
        annotators_known=laid.table.used("annotator_id"),
    )
    prefs = Preferences.from_long(
        long.drop(response_columns, strict=False),
        source=source,
        responses=tables["responses"] if tables["responses"] is not None else _texts(long, response_columns),
        items=_items(tables["items"], long),
        time_format=time_format,
    )
    return with_statements(prefs, records.how)


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


def _of_tool(
    tool: Tool,
    why: str,
    export: Export,
    given: _Tables,
    files: tuple[str, ...],
    mapping: Mapping[str, Any],
    time_format: str | None,
) -> Preferences:
    asked = AskedRecords.of(export.records)
    found = tool.read(replace(export, records=asked))
    found = replace(found, used=tuple(dict.fromkeys((*found.used, *asked.asked))))
    if mapping:
        found = without_mapped(found, mapping, tool.name, export.origin)
        found = replace(found, long=mapped_long(found.long.lazy(), export.records, mapping, tool.name, export.origin))
    own: _Tables = {"responses": found.responses, "items": found.items}
    tables = {name: given[name] if given[name] is not None else own[name] for name in own}
    judged = found.long.lazy()
    if "rank" not in judged.collect_schema():  # answers about records as a whole
        judged = judged.with_columns(rank=pl.lit(None, pl.Int64))
    long, tables = _folded(judged, tables)
    seen = f"{tool.what}, recognised by {why}" if why != "as was said" else f"{tool.what}, as was said"
    prefs = Preferences.from_long(
        long,
        time_format=time_format,
        source=Source(
            export.origin,
            tool.name,
            f"{seen}: {found.detail}",
            files,
            notes=found.notes,
            from_tool=True,
            facts=facts_of_tool(found, export.records.schema.names(), mapping, tool.name),
        ),
        responses=tables["responses"] if tables["responses"] is not None else _texts(long),
        items=_items(tables["items"], long),
    )
    return with_statements(prefs, export.records.how)


def _scan(
    source: Any, form: str, options: FileOptions = NO_OPTIONS, *, by_file: bool = False
) -> tuple[Records, str, tuple[str, ...], dict[str, Path]]:
    """The records of a source, its name, its files, and the companion tables in its directory."""
    if isinstance(source, list) and source and all(isinstance(one, str | Path) for one in source):
        paths = [path for one in source for path in find_files(one)]
        return (
            read_files(paths, form, options, file_column=FILE if by_file else None),
            f"{len(paths)} files",
            tuple(map(str, paths)),
            {},
        )
    if not isinstance(source, str | Path):
        return records_of_object(source), "frame", (), {}
    if str(source).startswith(SERVER):
        path = download(str(source))
        return read_records(path), str(source), (), {"settings": path.with_name("settings.json")}
    if str(source).startswith(HUB):
        return Records.of_frame(load_hub(str(source))), str(source), (), {}
    path = Path(source)
    if not _exists(path) and "://" in str(source):
        raise UsageError(f"cannot read from the address {source}", hint="download it, or load it and pass the dataset.")
    if is_saved_dataset(path):
        return Records.of_frame(load_saved(path)), str(path), (), {}
    paths = find_files(source)
    if path.is_dir():
        named = {table: [p for p in paths if p.name.split(".")[0] == table] for table in _TABLES}
        if named["judgments"]:
            beside = {table: found[0] for table, found in named.items() if found and table != "judgments"}
            paths = named["judgments"]
            return (
                read_files(paths, form, options, file_column=FILE if by_file else None),
                str(path),
                tuple(map(str, paths)),
                beside,
            )
    return (
        read_files(paths, form, options, file_column=FILE if by_file else None),
        str(source),
        tuple(map(str, paths)),
        {},
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise ReadError(path, error.strerror or str(error)) from error


def _without_reserved(frame: pl.LazyFrame) -> tuple[pl.LazyFrame, dict[str, str]]:
    """Rename columns that have the names of columns of our own, or names that Polars takes for patterns.

    Returns the frame and the source's names of the renamed columns.
    """
    names = frame.collect_schema().names()
    reserved = {ROW, NAIVE, PAIR, *map(raw_name, JUDGMENT_TYPES), *WORKING}
    new = plain_names(names)
    new |= {name: free_name(f"source{name}", [*names, *new.values()]) for name in names if name in reserved}
    return frame.rename(new), {ours: yours for yours, ours in new.items()}


def _without_underscores(long: pl.LazyFrame, source: Collection[str]) -> pl.LazyFrame:
    """Rename columns of the source that begin as our own do, which are shown nowhere."""
    names = long.collect_schema().names()
    ours = {ROW, NAIVE, PAIR, FILE, *map(raw_name, JUDGMENT_TYPES), *WORKING}
    theirs = [name for name in names if name.startswith("_") and name in source and name not in ours]
    return long.rename({name: free_name(f"source{name}", names) for name in theirs})


def _by_new_names(mapping: Mapping[str, Any], source_names: Mapping[str, str]) -> dict[str, Any]:
    """The columns that a caller names, under the names that they have been given."""
    new = {yours: ours for ours, yours in source_names.items()}

    def renamed(yours: Any) -> Any:
        if isinstance(yours, str):
            return new.get(yours, yours)
        return [renamed(one) for one in yours] if isinstance(yours, list | tuple) else yours

    return {role: renamed(yours) for role, yours in mapping.items()}


def _table(
    source: Any, columns: Mapping[str, Any], *, stays: bool = True
) -> tuple[pl.LazyFrame | pl.DataFrame | None, tuple[str, ...]]:
    """A companion table, mapped columns renamed where it has them; lazy, with its files, if it `stays` there."""
    if source is None:
        return None, ()
    records, origin, files, _ = _scan(source, "auto")
    with readable(files):
        frame = typed_frame(records, origin)
        schema = frame.collect_schema()
        names = schema.names()
        if any(is_chat(dtype) and not is_plain(dtype.inner) for dtype in schema.values()):  # type: ignore[attr-defined]
            frame, stays = with_json(frame.collect(), names, origin).lazy(), False
        known = {name: yours for name, yours in columns.items() if isinstance(yours, str) and yours in names}
        renamed = renamed_columns(frame, known, origin)[0]
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


def _texts(long: pl.LazyFrame, more: Sequence[str] = ()) -> pl.DataFrame | None:
    """The responses table from a text column among the judgments, with further columns of responses."""
    schema = long.collect_schema()
    text = next((name for name in TEXTS if name in schema and _is_text(schema[name])), None)
    extra = [name for name in dict.fromkeys(("model", *more)) if name in schema and name != text]
    if text is None and not more:
        return None
    ids = [pl.col("item_id").cast(pl.String), pl.col("response_id").cast(pl.String)]
    texts = [] if text is None else [pl.col(text).alias("text")]
    return (
        long.select(*ids, *texts, *extra)
        .drop_nulls(["item_id", "response_id"])
        .group_by("item_id", "response_id")
        .agg(*([_one(schema[text], "text")] if text is not None else []), *(_one(schema[name], name) for name in extra))
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
    return pl.col(name).drop_nulls().first() if dtype.is_nested() else pl.col(name).min()
