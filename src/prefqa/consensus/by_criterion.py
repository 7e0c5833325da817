"""Pairs of several criteria: of one that is asked for, of the overall vote, or of each for itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from prefqa.consensus.pair_set import PairSet, PairSplit
from prefqa.consensus.result import ConsensusResult
from prefqa.results import records

_NONE = "without criterion"
_IDS = [pl.min_horizontal("chosen_id", "rejected_id"), pl.max_horizontal("chosen_id", "rejected_id")]


@dataclass(frozen=True)
class CriterionPairs:
    """The consensus on the judgments by one criterion, its pairs and their split; None: judgments without criterion."""

    criterion: str | None
    consensus: ConsensusResult
    pair_set: PairSet
    split: PairSplit | None

    @property
    def name(self) -> str:
        """The criterion, in words where there is none."""
        return _NONE if self.criterion is None else self.criterion

    def file(self, number: int) -> str:
        """Return the name of its file for trainers: the number of the criterion, then letters and digits of its name.

        The number alone tells files apart: two names may have the same letters, and no name leads elsewhere.
        """
        word = re.sub(r"[^a-z0-9]+", "-", self.name.lower()[:40]).strip("-")
        return f"pairs.{number}{'-' * bool(word)}{word}.jsonl"

    def to_dict(self, number: int | None = None) -> dict[str, Any]:
        """Return criterion, file (null where none is written, or no number is given), method, pair_set and split."""
        return {
            "criterion": self.criterion,
            "file": None if self.pair_set.no_file or number is None else self.file(number),
            "method": self.consensus.method,
            "pair_set": self.pair_set.to_dict(),
            "split": self.split and records(self.split.sizes),
        }


def joined(parts: Sequence[CriterionPairs]) -> PairSet:
    """Put the pairs of several criteria together, each marked with its own; no file for trainers takes them so."""
    frames = [part.pair_set.frame for part in parts]
    others = [part.pair_set.others for part in parts if part.pair_set.others is not None]
    left_out = pl.concat([part.pair_set.left_out for part in parts])
    counts = left_out.group_by("reason").agg(pl.col("count").sum()).sort("reason")
    made = dict(parts[0].pair_set.made) | {"method": ", ".join(dict.fromkeys(part.consensus.method for part in parts))}
    for name in ("n_items", "n_votes"):
        made[name] = sum(int(part.pair_set.made[name]) for part in parts)
    frame, rest = (_sorted(pl.concat(tables, how="diagonal_relaxed")) for tables in (frames, others))
    return PairSet(frame, counts, made, rest)


def _sorted(pairs: pl.DataFrame) -> pl.DataFrame:
    return pairs.sort("item_id", *_IDS, maintain_order=True)
