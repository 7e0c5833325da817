"""Fixes that are safe: they change no preference. Every change is listed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from prefqa.casts import raw_name
from prefqa.checks.frame import IDS, Frame
from prefqa.checks.pq1_structure import rank_gaps
from prefqa.checks.rules import with_defaults
from prefqa.checks.schemas import STATUSES
from prefqa.checks.table import LONG
from prefqa.preferences import JUDGMENT_TYPES, ROW, Preferences, as_preferences
from prefqa.readers.long_rows import UNNAMED
from prefqa.writers.atomic import write_jsonl, write_parquet
from prefqa.writers.file_sets import file_set

CHANGE_SCHEMA = {
    "row": pl.Int64,
    "item_id": pl.String,
    "annotator_id": pl.String,
    "response_id": pl.String,
    "code": pl.String,
    "column": pl.String,
    "before": pl.String,
    "after": pl.String,
}


@dataclass(frozen=True)
class Fixed:
    """Preferences after the fixes, and what was changed: one row per value, or per row left out (`column` null)."""

    preferences: Preferences
    changes: pl.DataFrame

    def write(self, path: str | Path) -> Path:
        """Write the judgments to `path` (.parquet) and the changes beside it, both or none; return where these are."""
        path, log = Path(path), log_of(path)
        with file_set(path.parent, family={path.name, log.name}) as files:
            write_parquet(files.new / path.name, _as_it_stood(self.preferences))
            write_jsonl(files.new / log.name, self.changes)
        return log


def log_of(path: str | Path) -> Path:
    """Return where the changes are written that made the data at `path`."""
    return Path(path).with_suffix(".changes.jsonl")


def fix(prefs: Preferences) -> Fixed:
    """Fix what can be fixed without a doubt.

    - PQ116: a status that is one of the known ones but for blanks and case ("Submitted ") is written as it should be.
    - PQ103: of rows that are equal in every column all but one are left out. Contradicting ones stay.
    - PQ105: ranks with gaps, such as (1, 3, 3), become dense, (1, 2, 2): the order is the same.
    """
    prefs = as_preferences(prefs)
    rows = prefs.judgments.with_row_index(LONG).collect()
    changes = []
    if "status" in rows.columns:
        trimmed = pl.col("status").str.strip_chars().str.to_lowercase()
        rows = rows.with_columns(
            pl.when(trimmed.is_in(STATUSES)).then(trimmed).otherwise(pl.col("status")).alias("_status")
        )
        changed = rows.filter(pl.col("status") != pl.col("_status"))
        changes.append(_changes(changed, "PQ116", "status", pl.col("status"), pl.col("_status")))
        rows = rows.with_columns(pl.col("_status").alias("status")).drop("_status")
    content = [name for name in rows.columns if name not in (ROW, LONG)]
    kept = rows.sort(ROW, LONG)
    if not _are_votes_of_nobody(rows):
        kept = kept.unique(content, keep="first", maintain_order=True)
    doubled = rows.join(kept.select(LONG), on=LONG, how="anti")
    changes.append(_changes(doubled, "PQ103", None, pl.lit("stands twice"), pl.lit("left out")))
    frame = Frame.of(prefs.with_judgments(kept.drop(LONG).lazy()), datetime.now(UTC), with_defaults({}), ())
    gaps = rank_gaps(frame)
    if gaps.count:
        within = frame.all_rows.join(gaps.rows.select(LONG), on=LONG, how="semi", maintain_order="left")
        places = within.select(LONG, dense=pl.col("rank").rank("dense").over(frame.key).cast(pl.Int64)).collect()
        ranked = kept.drop(LONG).with_row_index(LONG).join(places, on=LONG, how="left", maintain_order="left")
        changed = ranked.filter(pl.col("rank") != pl.col("dense"))
        changes.append(_changes(changed, "PQ105", "rank", pl.col("rank"), pl.col("dense")))
        kept = ranked.with_columns(pl.coalesce("dense", "rank").alias("rank")).drop("dense")
    listed = pl.concat([pl.DataFrame(schema=CHANGE_SCHEMA), *changes]).sort("code", "row", "response_id")
    return Fixed(prefs.with_judgments(kept.drop(LONG).lazy()), listed)


def _are_votes_of_nobody(rows: pl.DataFrame) -> bool:
    """Whether equal rows may be the votes of several, because the source names no annotators."""
    return rows["annotator_id"].unique().to_list() == [UNNAMED] and bool(rows["rank"].is_not_null().any())


def _changes(rows: pl.DataFrame, code: str, column: str | None, before: pl.Expr, after: pl.Expr) -> pl.DataFrame:
    said = {"code": pl.lit(code), "column": pl.lit(column), "before": before, "after": after}
    return rows.select(
        pl.col(ROW).alias("row"), *IDS, *(value.cast(pl.String).alias(name) for name, value in said.items())
    )


def _as_it_stood(prefs: Preferences) -> pl.DataFrame:
    """The judgments as a table to write: values that could not be read stand in it as the text they were."""
    frame = prefs.judgments.collect()
    raw = [name for name in JUDGMENT_TYPES if raw_name(name) in frame.columns]
    unread = [name for name in raw if frame[raw_name(name)].null_count() < frame.height]
    texts = (pl.coalesce(raw_name(name), pl.col(name).cast(pl.String)).alias(name) for name in unread)
    return frame.with_columns(texts).select(pl.exclude("^_.*$"))
