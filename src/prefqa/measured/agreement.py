"""Rules on agreement: of all, of a slice, of single items (family PQ4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from prefqa._words import formatted
from prefqa.agreement import agreement
from prefqa.checks.frame import Found, NotRun
from prefqa.measured.measures import Measures

#: Columns by which slices are made where none is named; the first that has two values.
SLICES = ("criterion", "guideline_version")
LEVEL = 0.95


def low_agreement(measures: Measures) -> Found | NotRun:
    """PQ401: the whole interval of the coefficient lies below the floor."""
    options = measures.options["PQ401"]
    found = agreement(measures.prefs, target=options["target"], coefficients=options["coefficient"], level=LEVEL)
    row = found.estimates.row(0, named=True)
    if row["ci_high"] is None:
        return NotRun(str(row["reason"]))
    n = int(row["ci_high"] < options["min"])
    said = _said(row)
    message = (
        f"Agreement is surely below {options['min']:g}: {options['coefficient']} of {options['target']} {said}, over "
        f"{row['n_items']:,} items and {row['n_annotators']:,} annotators. Look where and with whom it is lost: "
        "prefqa disagreement."
    )
    return Found(pl.LazyFrame({"_value": [said]}), n, 1, message)


def low_slice(measures: Measures) -> Found | NotRun:
    """PQ402: the whole interval of a slice lies below the floor, by intervals that hold for all slices together."""
    options, whole = measures.options["PQ402"], measures.options["PQ401"]
    by = tuple(options["by"]) or tuple(name for name in SLICES if _varies(measures, name))[:1]
    if not by:
        return NotRun(f"neither {' nor '.join(SLICES)} has two values; name columns in the option by")
    n_slices = measures.prefs.coded(by, whole=True).cells.height
    if n_slices < 2:
        return NotRun(f"there is only one slice by {', '.join(by)}")
    # Bonferroni: with many slices one or the other is low by chance.
    level = 1 - (1 - LEVEL) / n_slices
    found = agreement(
        measures.prefs, target=whole["target"], coefficients=whole["coefficient"], by=by, level=level
    ).estimates.filter(pl.col("slice").is_not_null() & pl.col("ci_high").is_not_null())
    if found.is_empty():
        return NotRun(f"no slice by {', '.join(by)} has enough items to tell")
    low = found.filter(pl.col("ci_high") < options["min"]).sort("estimate", "slice")
    n, of = low.height, found.height
    listed = [f"{row['slice']}: {_said(row)}" for row in low.iter_rows(named=True)]
    message = (
        f"In {n:,} of {of:,} slices by {', '.join(by)} {whole['coefficient']} of {whole['target']} is surely below "
        f"{options['min']:g}: {'; '.join(listed[:3])}{' ...' if n > 3 else ''}. Look what is asked for there."
    )
    return Found(pl.LazyFrame({"_value": listed}, schema={"_value": pl.String}), n, of, message)


def diverging_items(measures: Measures) -> Found | NotRun:
    """PQ403: more of an item's comparisons of two decided votes contradict each other than coin flips would."""
    least = measures.options["PQ403"]["min_comparisons"]
    votes = measures.tallied
    decided = votes.n_first + votes.n_second
    each = {"against": votes.n_first * votes.n_second, "compared": decided * (decided - 1) // 2}
    parts = [
        {"item": items.item} | {name: of_pattern[items.pattern].sum(axis=0) for name, of_pattern in each.items()}
        for items in votes.items
    ]
    schema = {"item": pl.UInt32, "against": pl.Int64, "compared": pl.Int64}
    items = pl.concat([pl.DataFrame(part, schema) for part in ({}, *parts)]).filter(pl.col("compared") >= least)
    if items.is_empty():
        return NotRun(f"no item has {least} comparisons of two decided votes")
    found = items.filter(2 * pl.col("against") > pl.col("compared"))
    n, of = found.height, items.height
    rows = found.select(
        formatted("{} of {} comparisons contradict each other", "against", "compared").alias("_value")
    ).with_columns(measures.pool.coded.item_ids.gather(found["item"]).alias("item_id"))
    message = (
        f"On {n:,} of {of:,} items with {least} comparisons of two decided votes or more, annotators contradict each "
        "other more often than coin flips would (which do so on up to half of them). Look what these items have in "
        "common."
    )
    return Found(rows.lazy(), n, of, message)


def _varies(measures: Measures, column: str) -> bool:
    if column not in measures.prefs.columns:
        return False
    return bool(measures.prefs.judgments.select(pl.col(column).drop_nulls().n_unique() > 1).collect().item())


def _said(row: Mapping[str, Any]) -> str:
    return f"{row['estimate']:.2f} ({row['ci_low']:.2f} to {row['ci_high']:.2f})"
