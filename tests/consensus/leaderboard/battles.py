"""Votes between names as preferences: one item and annotator each, unless told otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import polars as pl

from prefqa.preferences import Preferences

RANKS = {"left": (1, 2), "right": (2, 1), "tie": (1, 1)}


def battles(
    rows: Iterable[Sequence[Any]], items: Sequence[Any] | None = None, annotators: Sequence[Any] | None = None
) -> Preferences:
    """Preferences from (left, right, "left" | "right" | "tie")."""
    rows = list(rows)
    long = [
        {
            "item_id": f"{items[i] if items is not None else i:06}",
            "annotator_id": f"a{annotators[i]:03}" if annotators is not None else "a",
            "response_id": str(name),
            "rank": rank,
        }
        for i, row in enumerate(rows)
        for name, rank in zip(row[:2], RANKS[row[2]], strict=True)
    ]
    return Preferences.from_long(pl.DataFrame(long))


def repeated(tallies: Iterable[tuple[Any, Any, int, int, int]]) -> list[tuple[Any, Any, str]]:
    """Votes from (left, right, times left won, times tied, times right won)."""
    return [
        (left, right, word)
        for left, right, *counts in tallies
        for word, n in zip(("left", "tie", "right"), counts, strict=True)
        for _ in range(n)
    ]


def drawn(
    n_names: int, n_items: int, seed: int, *, per_item: int = 1, tie: float = 0.0, spread: float = 1.0
) -> tuple[Preferences, np.ndarray[Any, Any]]:
    """Draw a Bradley-Terry tournament with some ties, whose pair and outcome depend on the item; return its truth."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 0.8, n_names)
    truth -= truth.mean()
    first = np.repeat(rng.integers(0, n_names, n_items), per_item)
    second = (first + np.repeat(rng.integers(1, n_names, n_items), per_item)) % n_names
    p = 1 / (1 + np.exp(spread * (truth[second] - truth[first])))
    word = np.where(rng.random(p.size) < p, "left", "right")
    word = np.where(rng.random(p.size) < tie, "tie", word)
    rows = [(f"m{a:02}", f"m{b:02}", w) for a, b, w in zip(first, second, word, strict=True)]
    items = np.repeat(np.arange(n_items), per_item)
    annotators = np.tile(np.arange(per_item), n_items)
    return battles(rows, items, annotators), spread * truth
