"""Family PQ2, rules on the responses of one item beside each other."""

from __future__ import annotations

import polars as pl

from prefqa._words import formatted
from prefqa.checks.frame import IDS, Found, Frame, NotRun, nothing
from prefqa.checks.texts import Texts, excerpt, normal, normal_candidates


def same_text(frame: Frame) -> Found | NotRun:
    """PQ203."""
    texts = frame.responses
    if isinstance(texts, str):
        return NotRun(texts)
    twins = _twins(texts)
    return _of_items(texts, twins, "two responses with the very same text: nothing can be preferred in such a pair")


def same_but_for_form(frame: Frame) -> Found | NotRun:
    """PQ204."""
    texts = frame.responses
    if isinstance(texts, str):
        return NotRun(texts)
    candidates = normal_candidates(texts)
    chosen = texts.rows["text"].gather(candidates["row"])
    alike = (
        candidates.with_columns(pl.DataFrame({"t": chosen}).select(normal(pl.col("t")).hash().alias("normal")))
        .filter(pl.col("hash").n_unique().over("item", "normal") > 1)
        .select("row", group="normal")
    )
    return _of_items(texts, alike, "two responses that differ only by blanks, case or form of characters")


def equal_ranked_apart(frame: Frame) -> Found | NotRun:
    """PQ205."""
    texts = frame.responses
    if isinstance(texts, str):
        return NotRun(texts)
    twins = _twins(texts)
    if twins.is_empty():
        return nothing(frame)
    keyed = texts.rows.select("item_id", "response_id", excerpt(pl.col("text")).alias("_text"))[twins["row"]]
    same = keyed.with_columns(twins["group"].alias("_group"))
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
    texts = frame.responses
    if isinstance(texts, str):
        return NotRun(texts)
    if "context" not in texts.rows.columns:
        return NotRun("responses are plain texts, not chat messages")
    differ = texts.rows.select(pl.col("context").drop_nulls().n_unique().over("item_id") > 1).to_series()
    rows = texts.where(differ, excerpt(pl.col("context").str.tail(50)))
    n, of = rows["item_id"].n_unique(), texts.rows["item_id"].n_unique()
    message = (
        f"In {n:,} of {of:,} items the responses answer different conversations: the preference may be for the "
        "context. Look for a join that mixed them."
    )
    return Found(rows.lazy(), n, of, message)


def _twins(texts: Texts) -> pl.DataFrame:
    """Rows (by number) whose text stands in their item more than once, and a group of the equal ones."""
    figures = texts.figures.lazy().with_row_index("row").filter("there")
    several = figures.group_by("item", "hash").len().filter(pl.col("len") > 1)
    return (
        figures.join(several, on=["item", "hash"], how="semi")
        .select("row", group="hash")
        .collect(engine="streaming")
        .sort("row")
    )


def _of_items(texts: Texts, alike: pl.DataFrame, words: str) -> Found:
    rows = texts.rows[alike["row"]].with_columns(excerpt(pl.col("text")).alias("_value"))
    n, of = rows["item_id"].n_unique(), texts.rows["item_id"].n_unique()
    return Found(rows.lazy(), n, of, f"{n:,} of {of:,} items have {words}.")
