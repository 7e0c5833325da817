"""The effect of a property of responses on winning: how often those that have it win against those that do not."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from prefqa.lookup import looked_up
from prefqa.measured.measures import Measures
from prefqa.screening.evidence import share_of_pool

#: Items that an interval needs.
_LEAST = 20


@dataclass(frozen=True)
class Effect:
    """The share of decided votes, on pairs of which one response has the property, that go to the one that has it.

    `ci_low` and `ci_high` are its 95 % interval, the items being the clusters; all three are null where fewer than 20
    items have such a vote.
    """

    share: float | None
    ci_low: float | None
    ci_high: float | None
    n_votes: int
    n_ties: int
    n_items: int

    def to_dict(self) -> dict[str, Any]:
        """Return the figures by name."""
        return asdict(self)

    def __str__(self) -> str:
        """Say what the figures mean."""
        if not self.n_votes:
            return "No decided vote sets such a response against one without it."
        if self.share is None or self.ci_low is None or self.ci_high is None:
            return (
                f"The votes that set such a response against one without it ({self.n_votes:,} in {self.n_items:,} "
                f"items) are too few to say whether the pool rewards it: it takes {_LEAST} items."
            )
        verdict = "the votes do not tell whether the pool rewards it"
        if self.ci_low > 0.5:
            verdict = "the pool rewards it"
        elif self.ci_high < 0.5:
            verdict = "the pool votes against it"
        return (
            f"Against a response without it, it gets {self.share:.0%} of {self.n_votes:,} decided votes (95 % interval "
            f"{self.ci_low:.0%} to {self.ci_high:.0%}, {self.n_items:,} items): {verdict}."
        )


def effect_on_winning(measures: Measures, marked: pl.DataFrame) -> Effect:
    """Return the effect on winning of a property that the responses `marked` (item_id, response_id) have."""
    coded, tallies = measures.pool.coded, measures.tallies
    units, widths = coded.item[coded.unit_starts], coded.widths
    known = marked.unique().with_columns(has=pl.lit(value=True))
    listed = looked_up(known, coded, np.repeat(units, widths), coded.slot_response)
    has = listed["has"].fill_null(value=False).to_numpy()
    begin = np.zeros(coded.item_ids.len(), np.int64)
    begin[units] = np.cumsum(widths) - widths
    item = tallies["item"].to_numpy()
    first, second = (has[begin[item] + tallies[side].to_numpy()] for side in ("first", "second"))
    mixed = first != second
    n_first, n_tie, n_second = (tallies[name].to_numpy()[mixed] for name in ("n_first", "n_tie", "n_second"))
    won = np.where(first[mixed], n_first, n_second).astype(np.float64)
    decided = (n_first + n_second).astype(np.float64)
    n_items = np.unique(item[mixed][decided > 0]).size
    counts = int(decided.sum()), int(n_tie.sum()), n_items
    if n_items < _LEAST:
        return Effect(None, None, None, *counts)
    found = share_of_pool(won, decided, item[mixed], "of decided votes", least=_LEAST)
    return Effect(float(found.effect[0]), float(found.low[0]), float(found.high[0]), *counts)
