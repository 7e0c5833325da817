"""Family PQ2, rules on texts that are nearly the same: responses of one item, and prompts."""

from __future__ import annotations

from prefqa.checks.frame import Found, Frame, NotRun
from prefqa.checks.looks import missing, similar
from prefqa.checks.near import near


def near_duplicate_responses(frame: Frame) -> Found | NotRun:
    """PQ206."""
    seen = frame.seen
    if isinstance(seen, str):
        return NotRun(seen)
    if missing("PQ206"):
        return _MISSING
    rows = seen.found["PQ206"]
    n, of = rows["item_id"].n_unique(), seen.n_items
    message = (
        f"{n:,} of {of:,} items have two responses with nearly the same words: such pairs teach little, and their "
        "votes are near chance."
    )
    return Found(rows.lazy(), n, of, message)


def near_duplicate_prompts(frame: Frame) -> Found | NotRun:
    """PQ207."""
    keys = frame.prompt_keys
    if isinstance(keys, str):
        return NotRun(keys)
    if missing("PQ207"):
        return _MISSING
    single = keys.sort("item_id").unique("key", keep="first", maintain_order=True)
    found = near(single["prompt"], frame.options["PQ207"]["threshold"])
    rows = single[found["text"]].rename({"prompt": "text"}).with_columns(found["similarity"])
    n, of = rows.height, single.height
    message = (
        f"{n:,} of {of:,} different prompts have nearly the words of another. Keep them on one side of a split, and "
        "count them as one where you count prompts."
    )
    return Found(rows.lazy().with_columns(similar().alias("_value")), n, of, message)


_MISSING = NotRun("the package rensa is not installed: pip install 'prefqa[text]'")
