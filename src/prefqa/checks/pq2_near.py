"""Family PQ2, the rule on prompts that are nearly the same."""

from __future__ import annotations

import polars as pl

from prefqa.checks.frame import Found, Frame, NotRun
from prefqa.checks.looks import missing, similar
from prefqa.checks.near import near


def near_duplicate_prompts(frame: Frame) -> Found | NotRun:
    """PQ207."""
    keys = frame.prompt_keys
    if isinstance(keys, str):
        return NotRun(keys)
    package = missing("PQ207")
    if package:
        return NotRun(package)
    in_order = keys.filter(~pl.col("has_media")).sort("item_id")  # beside another picture the same words ask otherwise
    single = in_order.filter(in_order["key"].is_first_distinct())
    found = near(single["prompt"], frame.options["PQ207"]["threshold"])
    rows = single[found["text"]].rename({"prompt": "text"}).with_columns(found["similarity"])
    n, of = rows.height, single.height
    message = (
        f"{n:,} of {of:,} different prompts have nearly the words of another. Keep them on one side of a split, and "
        "count them as one where you count prompts."
    )
    return Found(rows.lazy().with_columns(similar().alias("_value")), n, of, message)
