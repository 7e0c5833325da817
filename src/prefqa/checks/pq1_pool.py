"""Family PQ1, rules on the pool: who shares items with whom, how much each did, ids that are one."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl

from prefqa._types import Ints, begins, distinct
from prefqa._words import formatted
from prefqa.checks.frame import IDS, Found, Frame, NotRun, height, nothing
from prefqa.errors import UsageError

_ONE = NotRun("there are fewer than two annotators")


def one_annotator(frame: Frame) -> Found | NotRun:
    """PQ117."""
    item, annotator = _links(frame)
    if np.unique(annotator).size < 2:
        return _ONE
    per_item = np.bincount(item)
    alone = np.flatnonzero(per_item == 1)
    n, of = alone.size, int((per_item > 0).sum())
    if not n:
        return nothing(frame)
    rows = pl.LazyFrame({"item_id": frame.coded.item_ids.gather(alone), "_value": [None] * n})
    rest = "no item is shared, so agreement cannot be measured" if n == of else "they rest on one person's word"
    return Found(rows, n, of, f"{n:,} of {of:,} items were judged by one annotator only: {rest}.")


def separate_groups(frame: Frame) -> Found | NotRun:
    """PQ118."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    item, annotator = _links(frame)
    people = np.unique(annotator)
    if people.size < 2:
        return _ONE
    if _linked(item, annotator):
        return nothing(frame)
    n_items = int(item.max()) + 1
    size = n_items + int(annotator.max()) + 1
    graph = coo_array((np.ones(item.size, np.int8), (item, n_items + annotator)), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    group_of = label[n_items + people]
    largest = np.bincount(label[item]).argmax()
    apart = people[group_of != largest]
    n_groups = np.unique(group_of).size
    rows = pl.LazyFrame({"annotator_id": frame.coded.annotator_ids.gather(apart), "_value": [None] * apart.size})
    message = (
        f"{apart.size:,} of {people.size:,} annotators share no item with the largest group, not even through others: "
        f"there are {n_groups:,} groups. Nothing can be compared between them; give them items in common."
    )
    return Found(rows, apart.size, people.size, message)


def unbalanced_load(frame: Frame) -> Found | NotRun:
    """PQ119."""
    _, annotator = _links(frame)
    counts = np.bincount(annotator)
    people = np.flatnonzero(counts)
    if people.size < 5:
        return NotRun("there are fewer than five annotators")
    shares = counts[people] / counts.sum()
    effective = 1 / float((shares**2).sum())
    if effective >= frame.options["PQ119"]["min_share"] * people.size:
        return nothing(frame)
    heavy = people[shares > 1 / effective]
    share = pl.Series(counts[heavy] / counts.sum()).round(3).cast(pl.String)
    rows = pl.LazyFrame({"annotator_id": frame.coded.annotator_ids.gather(heavy), "_value": share + " of all"})
    message = (
        f"{heavy.size:,} of {people.size:,} annotators made {counts[heavy].sum() / counts.sum():.0%} of the judgments; "
        f"the pool is worth {effective:.1f} annotators of equal load."
    )
    return Found(rows, heavy.size, people.size, message)


def before_guidelines(frame: Frame) -> Found | NotRun:
    """PQ120."""
    released = frame.options["PQ120"]["released"]
    missing = [name for name in ("created_at", "guideline_version") if name not in frame.columns]
    if missing:
        return NotRun(f"there is no {missing[0]} column")
    if not released:
        return NotRun("the option released, from when each version held, is not set")
    since = pl.col("guideline_version").replace_strict(
        list(released), [_moment(one) for one in released.values()], default=None, return_dtype=pl.Datetime("us", "UTC")
    )
    rows = frame.rows.filter(pl.col("created_at") < since).with_columns(
        formatted("{} at {}", "guideline_version", pl.col("created_at").cast(pl.String)).alias("_value")
    )
    n = height(rows)
    message = f"{n:,} of {frame.n_rows:,} rows are from before the version of the guidelines that they name."
    return Found(rows, n, frame.n_rows, message)


def ids_alike(frame: Frame) -> Found:
    """PQ121."""
    coded = frame.coded
    parts, of, words = [], 0, []
    for name, ids in zip(IDS, (coded.item_ids, coded.annotator_ids, coded.response_ids), strict=True):
        of += ids.len()
        if not ids.str.contains(r"[^!-@\[-~]").any():  # small letters, digits and signs only: each is its own bare form
            continue
        bare = pl.col("id").str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
        alike = (
            pl.DataFrame({"id": ids.cast(pl.String)})
            .with_columns(bare.alias("bare"))
            .filter(pl.len().over("bare") > 1)
            .select(
                pl.col("id").alias(name),
                formatted("{} ids are one: {}", pl.len().over("bare"), "bare").alias("_value"),
            )
        )
        if alike.height:
            parts.append(alike)
            words.append(f"{alike.height:,} of {ids.len():,} in {name}")
    if not parts:
        return nothing(frame)
    n = sum(part.height for part in parts)
    message = f"Ids differ only by case, blanks or form of characters: {'; '.join(words)}. Write each in one way."
    return Found(pl.concat(parts, how="diagonal").lazy(), n, of, message)


def _links(frame: Frame) -> tuple[Ints, Ints]:
    """Item and annotator of each judgment that counts, as codes."""
    coded = frame.coded
    return coded.item, coded.annotator


def _linked(item: Ints, annotator: Ints) -> bool:
    """Whether all annotators hang together, by a graph of annotators alone: each item links its first to its others."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    starts = np.flatnonzero(begins(item))
    first = np.repeat(annotator[starts], np.diff(np.append(starts, item.size)))
    size = int(annotator.max()) + 1
    links, _ = distinct(first.astype(np.int64) * size + annotator)
    graph = coo_array((np.ones(links.size, np.int8), (links // size, links % size)), shape=(size, size))
    n_unused = size - distinct(annotator)[0].size
    return bool(connected_components(graph, directed=False)[0] - n_unused == 1)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise UsageError(f"option released of PQ120: {text!r} is not a date or time of ISO 8601") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
