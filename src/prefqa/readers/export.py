"""An export of a tool: what its reader is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import polars as pl

from prefqa._words import formatted
from prefqa.errors import UsageError
from prefqa.notes import NOTE_ROWS, Note
from prefqa.preferences import ROW
from prefqa.readers.records import Misfit, Records

#: "given": only ranks that the export holds; "order": where it lists options without ranks, best first.
Ranks = Literal["given", "order"]
#: Suggestions and predictions of models: left out and counted, read with people's judgments, or read alone.
Models = Literal["without", "with", "only"]
#: How each value of a vote was read: `meaning` is first, second, tie, both_bad, missing, or null where it was not read.
VALUES = {"column": pl.String(), "value": pl.String(), "meaning": pl.String(), "count": pl.Int64()}
#: The response that an answer about a whole record stands under.
RECORD = "record"


@dataclass(frozen=True)
class Export:
    """Records of a tool, where they came from, and what the caller asked for.

    `buckets` names the buckets of Rankers from best to worst, where no configuration does.
    """

    records: Records
    origin: str
    path: Path | None = None
    settings: Path | None = None
    ranks: Ranks = "given"
    models: Models = "without"
    buckets: Sequence[str] | None = None

    def __post_init__(self) -> None:
        for name, allowed in (("ranks", get_args(Ranks)), ("models", get_args(Models))):
            if getattr(self, name) not in allowed:
                raise UsageError(f"{name}={getattr(self, name)!r} is not one of {', '.join(allowed)}")


@dataclass(frozen=True)
class Extract:
    """What a reader made of an export: long rows, the texts, the prompts, and what the data itself does not show.

    `used` names the columns of the source that were read, where the reader knows; `values` says how each value of a
    vote was read (see `VALUES`).
    """

    long: pl.DataFrame | pl.LazyFrame
    responses: pl.DataFrame | None
    items: pl.DataFrame | None
    detail: str
    notes: tuple[Note, ...] = ()
    used: tuple[str, ...] = ()
    values: pl.DataFrame | None = None


def note(code: str, message: str, rows: pl.DataFrame, of: int, *, value: pl.Expr | None = None) -> tuple[Note, ...]:
    """A note on these rows (with ROW, and ids as far as they are known), or none where there are no rows.

    In the message, {n} and {of} stand for the counts.
    """
    if rows.is_empty():
        return ()
    shown = rows.with_columns((pl.lit(None) if value is None else value).cast(pl.String).alias("_value"))
    lacking = [pl.lit(None, dtype).alias(name) for name, dtype in NOTE_ROWS.items() if name not in shown.columns]
    shown = shown.with_columns(lacking).select(pl.col(name).cast(dtype) for name, dtype in NOTE_ROWS.items())
    said = message.replace("{n}", f"{rows.height:,}").replace("{of}", f"{of:,}")
    return (Note(code, said, rows.height, of, shown),)


def misfit_note(misfits: Sequence[Misfit], frame: pl.LazyFrame | pl.DataFrame) -> tuple[Note, ...]:
    """Values that had another structure than the tool writes, with the ids of their records where `frame` has them."""
    if not misfits:
        return ()
    rows = pl.DataFrame(
        [(one.row, f"{one.where}: {one.found}") for one in misfits],
        schema={ROW: pl.Int64, "_said": pl.String},
        orient="row",
    )
    lazy = frame.lazy()
    if "item_id" in lazy.collect_schema():
        ids = lazy.select(pl.col(ROW).cast(pl.Int64), "item_id")
        rows = rows.lazy().join(ids, on=ROW, how="left", maintain_order="left").collect()
    message = "{n} values in {of} records have another structure than the tool writes; they count as missing."
    n_records = int(lazy.select(pl.len()).collect().item())
    return note("PQ728", message, rows, n_records, value=pl.col("_said"))


def named_rows(*columns: str) -> pl.Expr:
    """Id of an item: the first of `columns` that is not null, or else the number of its record."""
    return pl.coalesce(*(pl.col(name).cast(pl.String) for name in columns), formatted("row-{}", ROW)).alias("item_id")
