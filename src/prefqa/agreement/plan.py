"""How many items and annotators a wanted precision or reliability asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy.special import stdtrit

from prefqa.agreement.estimate import Options, kind_of, sources
from prefqa.agreement.registry import choose
from prefqa.errors import UsageError
from prefqa.preferences import Preferences, as_preferences
from prefqa.replicates import Replicates
from prefqa.results import Result, records

_FACTORS = (0.5, 1.0, 2.0, 4.0, 8.0)
_MOST = 10_000_000


@dataclass(frozen=True)
class PlanResult(Result):
    """What would be needed.

    `n_items_needed` with the present annotators, `n_annotators_needed` with the present items; None where the other
    part of the error alone is too large, so that only both together help. `n_per_item_needed` annotators per item give
    their mean the wanted reliability (None below 0). `grid`: the half width to expect with other numbers of items and
    annotators; `reliability`: that of the mean of n annotators.
    """

    coefficient: str
    estimate: float
    half_width: float
    wanted: float
    level: float
    n_items: int
    n_annotators: int
    n_items_needed: int | None
    n_annotators_needed: int | None
    n_per_item_needed: int | None
    wanted_reliability: float
    grid: pl.DataFrame
    reliability: pl.DataFrame

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, frames as lists."""
        frames = ("grid", "reliability")
        return {k: records(v) if k in frames else v for k, v in vars(self).items()}


def plan(
    prefs: Preferences,
    *,
    coefficient: str = "alpha_nominal",
    target: str | None = None,
    half_width: float = 0.05,
    reliability: float = 0.8,
    level: float = 0.95,
    weights: str | None = None,
) -> PlanResult:
    r"""Tell from a pilot how many items and annotators a coefficient's interval needs.

    .. math:: V(n', A') = V_{items} \frac{n}{n'} + \max(V_{annotators} - V_{judgments}, 0) \frac{A}{A'}

    with the jackknife variances of the pilot (see `agreement`), its number of votes per item unchanged, and t quantiles
    at Satterthwaite's degrees of freedom. The mean of k annotators has the reliability k r / (1 + (k - 1) r)
    (Spearman 1910, Brown 1910), with r the coefficient as the reliability of one annotator, which alpha and ICC are.

    Args:
        prefs: the pilot's judgments.
        coefficient: whose precision is wanted; `target` where the name is in several.
        target: "votes", "ranks", "scores" or "labels".
        half_width: wanted half width of the interval.
        reliability: wanted reliability of the mean of an item's annotators, between 0 and 1.
        level: confidence level.
        weights: see `agreement`.

    Raises:
        UsageError: the pilot gives no standard error of the coefficient, or a wanted value is out of range.
    """
    prefs = as_preferences(prefs)
    if not half_width > 0:
        raise UsageError(f"half_width must be above 0, not {half_width}")
    if not 0 < reliability < 1:
        raise UsageError(f"reliability must be between 0 and 1, not {reliability}")
    options = Options(level=level, weights=weights)
    ((name, entry),) = choose(target, [coefficient])
    source = sources(prefs, (), [entry], options)[kind_of(entry)]
    impossible = source.reason(entry)
    found = Replicates.undefined(reason=impossible) if impossible else source.replicates(0, entry)
    if found.reason:
        raise UsageError(f"no plan for {name}: {found.reason}")
    variance = found.variance
    if np.isnan(variance.items):
        raise UsageError(f"the pilot gives no standard error of {name}", hint="see `reason` in prefqa.agreement(...).")
    if not variance.total > 0:
        raise UsageError(f"the pilot shows no spread of {name}", hint="judge more items in the pilot.")
    n, a = found.n_items, max(found.annotators.size, 1)

    def width(n_items: float, n_annotators: float) -> float:
        then = variance.scaled(n_items / n, n_annotators / a)
        freedom = max(then.freedom(n_items, n_annotators), 1)
        return float(stdtrit(freedom, (1 + level) / 2)) * float(np.sqrt(then.total))

    grid = pl.DataFrame(
        [
            {"n_items": m, "n_annotators": b, "half_width": width(m, b)}
            for m in (max(round(n * f), 2) for f in _FACTORS)
            for b in (max(round(a * f), 2) for f in _FACTORS)
        ]
    )
    r = found.estimate
    per_item = None
    if 0 < r < 1:
        per_item = max(int(np.ceil(reliability * (1 - r) / (r * (1 - reliability)) - 1e-9)), 1)
    return PlanResult(
        name,
        r,
        width(n, a),
        half_width,
        level,
        n,
        found.annotators.size,
        _smallest(lambda m: width(m, a), half_width),
        _smallest(lambda b: width(n, b), half_width) if variance.added else None,
        per_item,
        reliability,
        grid,
        pl.DataFrame({"n_annotators": range(1, 11), "reliability": [spearman_brown(r, k) for k in range(1, 11)]}),
    )


def spearman_brown(reliability: float, n: int) -> float | None:
    """Return the reliability of the mean of n annotators from that of one; None at or below 0."""
    return n * reliability / (1 + (n - 1) * reliability) if reliability > 0 else None


def _smallest(width: Any, wanted: float) -> int | None:
    """The smallest number of at least 2 whose width is the wanted one or less."""
    if width(_MOST) > wanted:
        return None
    low, high = 2, _MOST
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if width(middle) <= wanted else (middle + 1, high)
    return low
