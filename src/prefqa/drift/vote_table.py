"""Votes as arrays: who said what on which pair, when, and how its responses differ."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from prefqa._types import Bools, Floats, Ints, Reals, begins

#: Begins the name of a feature that is a confirmed change.
SINCE = "since:"
#: The largest difference of a feature in units of its scale.
_FARTHEST = 4.0


@dataclass(frozen=True)
class VoteTable:
    """Votes sorted by unit, a unit being one pair of responses of one item.

    Per vote: `unit`, `item`, `annotator`, `judgment`, `period`, in which its item was first judged, `stratum`
    (codes from 0), `said` (1 first, 0 tie, -1 second) and `x` [n_votes, n_features], first less second, in units of
    `scale`. First is the response that comes first by id, so that all votes of a unit look at it from one side;
    "position" is 1 where it was also shown first, else -1. `models` [n_votes, 2] are the numbers of the models that
    wrote them, `n_models` where unknown; None where no model is known.
    """

    unit: Ints
    item: Ints
    annotator: Ints
    judgment: Ints
    period: Ints
    stratum: Ints
    said: Ints
    x: Floats
    names: list[str]
    scale: Floats
    periods: list[str]
    strata: list[str]
    annotators: pl.Series
    models: Ints | None = None
    n_models: int = 0

    @property
    def n(self) -> int:
        """Number of votes."""
        return self.unit.size

    @cached_property
    def starts(self) -> Ints:
        """First vote of each unit."""
        return np.flatnonzero(begins(self.unit))

    @property
    def is_common(self) -> Bools:
        """Which features weigh the same for all annotators."""
        return is_common(self.names)

    def take(self, keep: Bools | Ints | slice) -> VoteTable:
        """Keep some votes, or put them in order; codes stay as they are."""
        per_vote = ("unit", "item", "annotator", "judgment", "period", "stratum", "said", "x")
        models = None if self.models is None else self.models[keep]
        return replace(self, models=models, **{name: getattr(self, name)[keep] for name in per_vote})


def is_common(names: list[str]) -> Bools:
    """Which features weigh the same for all annotators: confirmed changes."""
    return np.array([name.startswith(SINCE) for name in names], bool)


def scaled(apart: Reals, scale: float) -> Floats:
    """Differences in units of a scale, none beyond the farthest; what is not known makes no difference."""
    found = np.asarray(apart / scale)
    if np.isnan(found.sum()):
        found[np.isnan(found)] = 0.0
    return np.clip(found, -_FARTHEST, _FARTHEST, out=found)
