"""Prodigy, `db-out` of a choice interface: a text, options with ids, and the ids that were accepted."""

from __future__ import annotations

import polars as pl

from prefqa._words import formatted
from prefqa.errors import ReadError, UsageError
from prefqa.notes import Note
from prefqa.preferences import ROW
from prefqa.readers.export import RECORD, Export, Extract, misfit_note, note
from prefqa.readers.long_rows import PAIR, UNNAMED
from prefqa.readers.tool import Tool, both, has_columns, has_fields, listed
from prefqa.readers.vocabulary import understand
from prefqa.readers.vote_columns import strength_of

_TEXT = pl.String()
_OPTION = pl.Struct(dict.fromkeys(("id", "text", "html", "image"), _TEXT))
_FIELDS: dict[str, pl.DataType] = {
    **dict.fromkeys(("text", "html", "image", "answer"), _TEXT),
    **dict.fromkeys(("_input_hash", "_annotator_id", "_session_id", "_timestamp"), _TEXT),
    "options": pl.List(_OPTION),
    "accept": pl.List(_TEXT),
}
_KEYS = [ROW, "item_id", "annotator_id", "created_at", "status", "prompt"]


def read_prodigy(export: Export) -> Extract:
    """Read accepted options as the best of all that were shown, several as tied.

    Options that are the same words in every task are labels, or votes where they name two sides. What was ignored or
    rejected is discarded.
    """
    frame, misfits = export.records.as_text(_FIELDS)
    rows = frame.with_columns(
        item_id=pl.coalesce("_input_hash", formatted("row-{}", ROW)),
        annotator_id=pl.coalesce("_annotator_id", "_session_id", pl.lit(UNNAMED)),
        created_at=pl.col("_timestamp").cast(pl.Float64, strict=False),
        status=pl.when(pl.col("answer").is_in(["ignore", "reject"]))
        .then(pl.lit("discarded"))
        .otherwise(pl.lit("submitted")),
        prompt=pl.coalesce("text", "html", "image"),
    )
    tasks = rows.filter(pl.col("options").list.len() > 0)
    if tasks.is_empty():
        raise ReadError(export.origin, "no task has options", hint="read are the answers of choice interfaces.")
    notes = (*misfit_note(misfits, rows), *_lost(rows))
    fixed = _fixed_options(tasks)
    if fixed is None:
        long = _ranked(tasks)
        return Extract(long, None, None, "accepted options are best, the others second", notes)
    detail = f"options {listed(list(fixed.values()))} are the same in every task"
    return _fixed(tasks, fixed, detail, notes)


def _ranked(tasks: pl.DataFrame) -> pl.DataFrame:
    """One row per option: rank 1 where it was accepted, 2 where another was; null where none was."""
    shown = pl.col("options").list.eval(pl.element().struct.field("id")).list.sort().list.join("|")
    each = tasks.with_columns(
        shown.alias(PAIR),
        position=pl.int_ranges(1, pl.col("options").list.len() + 1),
        _strange=_unknown(tasks),
    ).explode("options", "position")
    option = pl.col("options").struct
    taken = pl.col("accept").list.contains(option.field("id"))
    any_taken = taken.fill_null(False).any().over(ROW)
    rank = pl.when(taken).then(pl.lit("1")).when(any_taken).then(pl.lit("2"))
    counted = pl.when((pl.col("status") == "submitted") & pl.col("_strange").is_null()).then(rank)
    long = each.select(
        *_KEYS,
        "position",
        PAIR,
        response_id=option.field("id"),
        rank=pl.coalesce(pl.when(pl.col("status") == "submitted").then("_strange"), counted),
        text=pl.coalesce(option.field(name) for name in ("text", "html", "image")),
    )
    return _distinct_items(long)


def _unknown(tasks: pl.DataFrame) -> pl.Series:
    """Accepted ids that no option has, as text; null where there are none."""
    ids = tasks.select(
        ROW, "accept", options=pl.col("options").list.eval(pl.element().struct.field("id")), _n=pl.int_range(pl.len())
    )
    rest = ids.select(strange=pl.col("accept").list.set_difference("options").list.drop_nulls().list.join("|"))
    return rest.select(pl.when(pl.col("strange") != "").then("strange").alias("_strange")).to_series()


def _distinct_items(long: pl.DataFrame) -> pl.DataFrame:
    """Item ids that tell apart tasks on one input whose options have the same ids and other texts."""
    texts = pl.concat_str(pl.col("response_id").fill_null(""), pl.col("text").fill_null(""), separator="\x1f")
    whole = texts.sort().str.join("\x1e").over(ROW)
    clash = (pl.col("text").n_unique().over("item_id", "response_id") > 1).any().over("item_id")
    number = pl.col("_whole").rank("dense").over("item_id").cast(pl.Int64)
    apart = long.with_columns(_whole=whole, _clash=clash)
    item = pl.when("_clash").then(formatted("{}/{}", "item_id", number)).otherwise("item_id")
    return apart.with_columns(item_id=item).drop("_whole", "_clash")


def _fixed_options(tasks: pl.DataFrame) -> dict[str, str] | None:
    """Texts of the options by id, where they are the same in all tasks of several inputs; else None."""
    if tasks["item_id"].n_unique() < 2:
        return None
    each = tasks.select("item_id", "options").explode("options").unnest("options")
    seen = each.select("item_id", "id", text=pl.coalesce("text", "html", "image", "id")).unique()
    kinds = seen.select("id", "text").unique(maintain_order=False)
    if seen.height != kinds.height * tasks["item_id"].n_unique() or kinds["id"].n_unique() != kinds.height:
        return None
    return {str(one): text for one, text in kinds.sort("id").drop_nulls().rows()}


def _fixed(tasks: pl.DataFrame, options: dict[str, str], detail: str, notes: tuple[Note, ...]) -> Extract:
    chosen = tasks.with_columns(
        _chosen=pl.col("accept").list.eval(pl.element().replace(options)).list.sort().list.join("|")
    ).filter((pl.col("_chosen") != "") | (pl.col("status") == "discarded"))
    try:
        meanings = understand(list(options.values()), ("A", "B"))
    except UsageError:
        meanings = {}
    sides = {"first", "second"} <= set(meanings.values()) and all(meanings.values())
    if not sides:
        label = pl.when(pl.col("_chosen") != "").then("_chosen")
        long = chosen.select(*_KEYS, response_id=pl.lit(RECORD), label=label)
        return Extract(long, None, None, f"{detail}: labels of the text", notes)
    vote = pl.col("_chosen").replace_strict(meanings, default=None, return_dtype=pl.String)
    graded = strength_of(pl.col("_chosen"), meanings)
    ranks = []
    for place, side, name in ((1, "first", "A"), (2, "second", "B")):
        rank = pl.when((vote == side) | vote.is_in(["tie", "both_bad"])).then(pl.lit("1")).when(
            vote.is_not_null()).then(pl.lit("2")).when(pl.col("status") == "submitted").then("_chosen")  # fmt: skip
        ranks.append(chosen.select(*_KEYS, response_id=pl.lit(name), rank=rank, position=pl.lit(place, pl.Int64),
                                   **graded))  # fmt: skip
    return Extract(pl.concat(ranks), None, None, f"{detail}: votes between two sides", notes)


def _lost(rows: pl.DataFrame) -> tuple[Note, ...]:
    others = rows.filter(pl.col("options").list.len().fill_null(0) == 0)
    empty = rows.filter(
        pl.col("options").list.len() > 0, pl.col("accept").list.len().fill_null(0) == 0, status="submitted"
    )
    rejected = rows.filter(pl.col("answer") == "reject")
    n = rows.height
    return (
        *note("PQ728", "{n} of {of} records have no options; they are not read.", others, n),
        *note("PQ727", "{n} of {of} tasks were submitted without an accepted option; they rank nothing.", empty, n),
        *note("PQ727", "{n} of {of} tasks were rejected, which says nothing about their options; they are discarded.",
              rejected, n, value=pl.col("answer")),
    )  # fmt: skip


PRODIGY = Tool(
    "prodigy",
    "Prodigy, choices",
    both(has_columns("accept", "answer"), has_fields("options", "id")),
    read_prodigy,
)
