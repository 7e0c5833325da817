"""What an export of Label Studio shows that its judgments do not: edits, untouched Rankers, models, empty answers."""

from __future__ import annotations

import math

import polars as pl

from prefqa._words import formatted
from prefqa.notes import Note
from prefqa.preferences import ROW
from prefqa.readers.export import Export, note
from prefqa.readers.label_studio_config import CONTROLS
from prefqa.readers.label_studio_values import person


def latest(annotations: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Note, ...]]:
    """Keep each annotation once, as it was changed last: target storage writes a task again with every annotation."""
    same = ["item_id", "judgment_id"]
    doubled = annotations.select(same).is_duplicated() & annotations["judgment_id"].is_not_null()
    if not doubled.any():
        return annotations, ()
    numbered = annotations.with_row_index("_place")
    newest = pl.col("_place").sort_by(pl.col("updated_at").fill_null(""), "_place").last().over(same)
    keep = numbered.select((pl.col("_place") == newest) | pl.col("judgment_id").is_null()).to_series()
    message = "{n} of {of} annotations stand in the export again, with the same id; each counts once, as changed last."
    return annotations.filter(keep), note("PQ727", message, annotations.filter(~keep), annotations.height)


def edited(annotations: pl.DataFrame) -> tuple[Note, ...]:
    """Annotations that another than their annotator changed last."""
    other = person("updated_by")
    changed = annotations.filter(other.is_not_null() & (other != pl.col("annotator_id")))
    message = (
        "{n} of {of} annotations were last changed by somebody else than who they are counted for. Look whether the "
        "second user was shown the first one's answer."
    )
    return note("PQ725", message, changed, annotations.height, value=formatted("changed by {}", other))


def display_order(long: pl.DataFrame) -> tuple[Note, ...]:
    """Rankings that equal the order in which the list was shown."""
    if "position" not in long.columns:
        return ()
    bucket = pl.col("bucket").is_null() if "bucket" in long.columns else pl.lit(True)
    ranked = long.filter(pl.col("rank").is_not_null() & (pl.col("type") == "ranker") & bucket, status="submitted")
    keys = [ROW, "item_id", "annotator_id", "judgment_id", "criterion"]
    order = pl.col("rank").cast(pl.Int64, strict=False).sort_by("position")
    each = ranked.group_by(keys, maintain_order=True).agg(
        (order == pl.int_range(1, pl.len() + 1)).all().alias("_same"), pl.len().alias("_k")
    )
    chance = sum(1 / math.factorial(min(k, 20)) for k in each["_k"])
    message = (
        f"{{n}} of {{of}} rankings equal the order in which the list was shown; chance alone would give {chance:.1f}. "
        "A Ranker that is submitted untouched stores that order."
    )
    return note("PQ724", message, each.filter("_same"), each.height)


def predictions(export: Export, known: pl.DataFrame) -> tuple[Note, ...]:
    """Predictions of models, where they are left out."""
    if export.models != "without":
        return ()
    models = known.filter(annotator_kind="model").unique(["item_id", "judgment_id"], maintain_order=True)
    message = '{n} predictions of models are kept apart from what people said. Read them with models="with" or "only".'
    return note("PQ726", message, models, models.height, value=pl.col("annotator_id"))


def unanswered(annotations: pl.DataFrame) -> tuple[Note, ...]:
    """Annotations without an answer."""
    of = annotations.filter(annotator_kind="human").select(ROW, "judgment_id").unique().height
    empty = annotations.filter(pl.col("value").is_null(), annotator_kind="human")
    message = "{n} of {of} annotations hold no answer (skipped, or submitted empty); they give no judgment."
    return note("PQ727", message, empty, of, value=pl.col("status"))


def not_read(annotations: pl.DataFrame) -> tuple[Note, ...]:
    """Answers of other controls."""
    other = annotations.filter(pl.col("type").is_not_null() & ~pl.col("type").is_in(CONTROLS))
    kinds = ", ".join(other["type"].unique().sort().to_list())
    message = f"{{n}} of {{of}} answers are of controls that are not read: {kinds}."
    return note("PQ728", message, other, annotations.height, value=pl.col("type"))
