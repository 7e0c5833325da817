r"""How many items judged before to show again, so that a changed rule is told from changed answers.

On an item that J annotators judge before a change and J again after it, a shift of a score's parameter by 1 adds v J
/ 2 to the contrast of the scores within the item, with v the information of one judgment, which is also its variance
(see `rejudged`). With n such items in each of P periods, of which b come before and a after the change, that is
:math:`n J v\, b a / (a + b)`, and the smallest shift that is found with a probability of 80 % is

.. math:: \delta = (z_{1 - \alpha / 2 k} + z_{.8}) / \sqrt{n J v\, b a / (a + b)},

k being the number of scores times the cuts that count as independent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from prefqa.drift.anchor_need import POWER, critical, information_of_a_judgment
from prefqa.drift.compare import compared
from prefqa.drift.explain import explanation
from prefqa.drift.features import POSITION
from prefqa.drift.scores import TIES
from prefqa.drift.vote_table import SINCE
from prefqa.errors import UsageError
from prefqa.preferences import Preferences
from prefqa.results import Result, records

GRID = (10, 20, 40, 60, 100, 200, 400)
SCHEMA: dict[str, Any] = {
    "detector": pl.String,
    "unit": pl.String,
    "n_per_period": pl.Int64,
    "n_judgments_per_period": pl.Int64,
    "min_detectable": pl.Float64,
    "as_correlation": pl.Float64,
}


@dataclass(frozen=True)
class AnchorPlan(Result):
    """The smallest change of each detector by how many items judged before are shown again in each period.

    `plan` has a row per detector and number of items: `unit` of the detector, `n_judgments_per_period` that this takes,
    `min_detectable` with a probability of `power` (null where the detector rests on nothing), and `as_correlation`, the
    correlation of the feature with unrecorded quality that would explain such a change of the pool (null for ties).
    """

    plan: pl.DataFrame
    n_periods: int
    judgments_per_item: int
    alpha: float = 0.05
    power: float = POWER

    def needed(self, detector: str, change: float) -> int | None:
        """The fewest items per period that find a change of this size; None where no number of the plan does."""
        rows = self.plan.filter((pl.col("detector") == detector) & (pl.col("min_detectable") <= abs(change)))
        return None if rows.is_empty() else int(rows["n_per_period"].min())  # type: ignore[arg-type]

    def to_dict(self) -> dict[str, Any]:
        """Return the plan with what it rests on."""
        names = ("n_periods", "judgments_per_item", "alpha", "power")
        return {name: getattr(self, name) for name in names} | {"plan": records(self.plan)}


def plan_anchors(
    prefs: Preferences,
    *,
    n_per_period: tuple[int, ...] = GRID,
    judgments_per_item: int | None = None,
    alpha: float = 0.05,
    seed: int = 0,
    **options: Any,
) -> AnchorPlan:
    """Plan how many items judged before to show again in each period, from a campaign so far.

    Args:
        prefs: the campaign so far, with periods as in `drift`.
        n_per_period: numbers of items to plan for; judgments_per_item: of each, default as in the campaign (median).
        alpha: family-wise error rate of the alarm. seed: of the sample on which the model of votes is fitted.
        options: `time`, `every`, `version`, `batch`, `features`, `strata` of `drift`.

    Returns:
        AnchorPlan, for as many periods as the campaign has, with the change after half of them.

    Raises:
        UsageError: no periods, no vote that prefers a response, or numbers below 1.

    Example:
        >>> import prefqa
        >>> campaign = prefqa.simulate(300, 4, 12, 3, seed=1, texts=False).preferences
        >>> plan = prefqa.plan_anchors(campaign, n_per_period=(20, 80))
        >>> length = plan.plan.filter(detector="length")["min_detectable"]
        >>> bool(1.99 < length[0] / length[1] < 2.01)
        True
    """
    if min(n_per_period, default=0) < 1 or (judgments_per_item or 1) < 1:
        raise UsageError("n_per_period and judgments_per_item must be 1 or more")
    evidence = compared(prefs, seed=seed, **options)
    if evidence.contrasts.n < 1:
        raise UsageError("only one period: there is no change to plan for")
    judged = np.bincount(evidence.votes.item)
    per_item = judgments_per_item or int(np.median(judged[judged > 0]))
    names = [name for name in evidence.votes.names if not name.startswith(SINCE)]
    names += [TIES] if evidence.model.threshold is not None else []
    n_periods = len(evidence.votes.periods)
    before = n_periods // 2
    share = before * (n_periods - before) / n_periods
    rows = []
    for name in names:
        column = evidence.scores.column(name)
        unit, v = evidence.unit(column), information_of_a_judgment(evidence, column)
        for n in n_per_period:
            total = n * per_item * v * share
            least = critical(len(names) + 1, alpha) / np.sqrt(total) * unit.factor if total > 0 else None
            row = {"detector": name, "unit": unit.said, "n_per_period": n, "n_judgments_per_period": n * per_item}
            if least is not None and name not in (TIES, POSITION):
                at = max(before - 1, 0) if evidence.contrasts.ordered else 0
                row["as_correlation"] = explanation(evidence, at, column, float(least), 0.0).by
            rows.append(row | {"min_detectable": least})
    return AnchorPlan(pl.DataFrame(rows, schema=SCHEMA), n_periods, per_item, alpha)
