"""Family PQ2, rules on the responses of one item beside each other."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from prefqa._words import formatted
from prefqa.checks.frame import IDS, Found, Frame, NotRun, nothing


def equal_ranked_apart(frame: Frame) -> Found | NotRun:
    """PQ205."""
    seen = frame.seen
    if isinstance(seen, str):
        return NotRun(seen)
    same = seen.found["PQ205"].rename({"_value": "_text"})
    if same.is_empty():
        return nothing(frame)
    ranked = (
        frame.rows.filter(pl.col("rank").is_not_null())
        .join(same.lazy(), on=["item_id", "response_id"], how="inner")
        .with_columns(
            pl.len().over(*frame.key, "_group").alias("_n"),
            pl.col("rank").n_unique().over(*frame.key, "_group").alias("_ranks"),
        )
        .filter(pl.col("_n") > 1)
        .select(*frame.key, "_group", "_ranks", *{"response_id"} - set(frame.key), "rank", "_row", "_text")
        .collect(engine="streaming")
    )
    both = ranked.select(*frame.key, "_group", "_ranks").unique()
    apart = ranked.filter(pl.col("_ranks") > 1)
    n, of = both.filter(pl.col("_ranks") > 1).height, both.height
    rows = apart.lazy().select("_row", *IDS, formatted("rank {}: {}", "rank", "_text").alias("_value"))
    message = (
        f"Of {of:,} judgments on two equal texts {n:,} rank them apart: the share of clicks that say nothing about the "
        "text. Use such pairs as a trap, not for training."
    )
    return Found(rows, n, of, message)


def contexts_differ(frame: Frame) -> Found | NotRun:
    """PQ218."""
    seen = frame.seen
    if isinstance(seen, str):
        return NotRun(seen)
    if "context" not in seen.parts:
        return NotRun("responses are plain texts, not chat messages")
    rows = seen.found["PQ218"]
    n, of = rows["item_id"].n_unique(), seen.n_items
    message = (
        f"In {n:,} of {of:,} items the responses answer different conversations: the preference may be for the "
        "context. Look for a join that mixed them."
    )
    return Found(rows.lazy(), n, of, message)


def _of_items(code: str, words: str) -> Callable[[Frame], Found | NotRun]:
    """A rule that says in how many items it found something."""

    def found(frame: Frame) -> Found | NotRun:
        seen = frame.seen
        if isinstance(seen, str):
            return NotRun(seen)
        rows = seen.found[code]
        n, of = rows["item_id"].n_unique(), seen.n_items
        return Found(rows.lazy(), n, of, f"{n:,} of {of:,} items have {words}.")

    return found


same_text = _of_items("PQ203", "two responses with the very same text: nothing can be preferred in such a pair")
same_but_for_form = _of_items("PQ204", "two responses that differ only by blanks, case or form of characters")
