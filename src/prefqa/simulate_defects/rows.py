"""Defects of rows and of judgments (family PQ1), and of the votes of an item."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from prefqa._words import formatted
from prefqa.simulate_defects.parts import JUDGMENT, KEYS, Ground, Planted

#: What becomes of a row of judgments.
ROWS: Mapping[str, pl.Expr] = {
    "PQ101": pl.lit("soon").alias("duration_s"),
    "PQ102": pl.lit(None, pl.String).alias("annotator_id"),
    "PQ104": pl.lit(0).alias("rank"),
    "PQ106": pl.lit(None, pl.Int64).alias("rank"),
    "PQ108": pl.lit("response-lost").alias("response_id"),
    "PQ110": pl.lit("draft").alias("status"),
    "PQ112": pl.lit("2999-01-01T00:00:00Z").str.to_datetime(time_zone="UTC").alias("created_at"),
    "PQ115": pl.lit("model").alias("annotator_kind"),
    "PQ116": pl.lit(-3.0).alias("duration_s"),
}
#: Columns that a campaign lacks, as they are without a defect.
_USUAL = {"status": "submitted", "annotator_kind": "human"}
#: What becomes of the ranks of a judgment: a gap below the first place; scores that say the opposite of the ranks.
_JUDGMENTS: Mapping[str, pl.Expr] = {
    "PQ105": pl.when(pl.col("rank") > 1).then(pl.col("rank") + 2).otherwise(pl.col("rank")).alias("rank"),
    "PQ109": pl.col("rank").cast(pl.Float64).alias("score"),
}
#: Ranks of the three judges of an item that make a circle, and that make two camps, by the place of the judge.
_CIRCLE = (pl.col("_place") + pl.col("_who")) % pl.len().over(JUDGMENT) + 1
_CAMPS = pl.when(pl.col("_who") == 0).then(pl.len().over(JUDGMENT) - pl.col("_place")).otherwise(pl.col("_place") + 1)
_ITEMS: Mapping[str, pl.Expr] = {"PQ403": _CAMPS, "PQ503": _CIRCLE}
CODES = tuple(sorted([*ROWS, *_JUDGMENTS, *_ITEMS, "PQ103", "PQ107", "PQ114", "PQ117"]))


def plant_rows(ground: Ground, code: str) -> Planted:
    """Plant a defect of rows, judgments, or the votes of items."""
    rows = ground.rows
    if code == "PQ103":
        hit = rows.filter(ground.drawn(rows.height))
        return ground.planted(code, pl.concat([rows, hit]), hit.select(KEYS))
    if code in ROWS:
        return _of_rows(ground, code)
    if code in _ITEMS:
        return _of_items(ground, code)
    if code == "PQ117":
        hit = ground.some(("item_id",))
        alone = pl.col("annotator_id") == pl.col("annotator_id").min().over("item_id")
        return ground.planted(code, ground.marked(hit).filter(~pl.col("drawn") | alone), hit)
    return _of_judgments(ground, code)


def _of_rows(ground: Ground, code: str) -> Planted:
    name = ROWS[code].meta.output_name()
    rows = ground.rows
    if name in _USUAL and name not in rows.columns:
        rows = rows.with_columns(pl.lit(_USUAL[name]).alias(name))
    drawn = rows.with_columns(ground.drawn(rows.height))
    keys = drawn.filter("drawn").select(KEYS).drop(name, strict=False)
    value = pl.when("drawn").then(ROWS[code]).otherwise(pl.col(name)).alias(name)
    if code == "PQ106":
        keys = keys.drop("response_id")  # the judgment is what is partial
    return ground.planted(code, drawn.with_columns(value), keys)


def _of_judgments(ground: Ground, code: str) -> Planted:
    hit = ground.some(JUDGMENT)
    keys = hit.select("item_id", "annotator_id")
    drawn = ground.marked(hit)
    if code == "PQ107":
        first = pl.int_range(pl.len()).over(JUDGMENT) == 0
        return ground.planted(code, drawn.filter(~pl.col("drawn") | first), keys)
    if code == "PQ114":
        again = drawn.filter("drawn").with_columns(formatted("{}/again", "judgment_id").alias("judgment_id"))
        return ground.planted(code, pl.concat([drawn, again]), keys)
    name = _JUDGMENTS[code].meta.output_name()
    if name not in drawn.columns:
        drawn = drawn.with_columns(score=-pl.col("rank").cast(pl.Float64))
    value = pl.when("drawn").then(_JUDGMENTS[code]).otherwise(pl.col(name)).alias(name)
    return ground.planted(code, drawn.with_columns(value), keys)


def _of_items(ground: Ground, code: str) -> Planted:
    hit = ground.some(("item_id",))
    placed = ground.marked(hit).with_columns(
        _place=pl.col("response_id").rank("dense").over("item_id").cast(pl.Int64) - 1,
        _who=pl.struct(JUDGMENT[1:]).rank("dense").over("item_id").cast(pl.Int64) - 1,
    )
    ranks = pl.when("drawn").then(_ITEMS[code].cast(pl.Int64)).otherwise(pl.col("rank"))
    return ground.planted(code, placed.with_columns(rank=ranks), hit)
