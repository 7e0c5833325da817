"""A test of whether annotators' rankings have anything in common at all, complete or not, with ties or not."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import chdtrc

from prefqa._types import Floats, Ints
from prefqa.preferences import Preferences, as_preferences
from prefqa.results import Result
from prefqa.votes import buckets


@dataclass(frozen=True)
class AssociationResult(Result):
    """Chi-squared statistic summed over items, its degrees of freedom and p value, and the items that had any."""

    statistic: float
    df: int
    p_value: float | None
    n_items: int
    method: str = "Skillings-Mack, tie-corrected, summed over items"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields."""
        return asdict(self)


def association(prefs: Preferences) -> AssociationResult:
    r"""Test the hypothesis that the annotators of each item rank at random.

    Within an item, annotators are blocks and responses treatments. With mid-ranks r of the k_j responses that
    annotator j ranked, SS_j their sum of squared deviations and c_j^2 = 12 / (k_j + 1),

    .. math:: A_i = \sum_j c_j (r_{ij} - (k_j + 1)/2), \quad \sigma_{it} = -\sum_{j \ni i, t}
              \frac{c_j^2 SS_j}{k_j (k_j - 1)}, \quad T = A' \Sigma^- A

    with rank(\Sigma) degrees of freedom. Without ties this is Skillings and Mack (1981); on complete rankings
    Friedman's statistic, m (k - 1) W with the correction for ties; on balanced incomplete ones Durbin's. Statistics and
    degrees of freedom add up over items. An annotator who ties everything says nothing and drops out; items without two
    annotators who rank do too. The chi-squared law is an approximation that wants many items or annotators.
    """
    statistic, df, n_items = 0.0, 0, 0
    for bucket in buckets(as_preferences(prefs).coded()):
        a, covariance, m = _blocks(bucket.ranks, bucket.starts)
        several = np.flatnonzero(m >= 2)
        for low in range(0, several.size, 50_000):
            units = several[low : low + 50_000]
            inverse = np.linalg.pinv(covariance[units], hermitian=True)
            statistic += float(np.einsum("ui,uij,uj->", a[units], inverse, a[units]))
            df += int(np.linalg.matrix_rank(covariance[units], hermitian=True).sum())
        n_items += several.size
    return AssociationResult(statistic, df, float(chdtrc(df, statistic)) if df else None, n_items)


def _blocks(ranks: Ints, starts: Ints) -> tuple[Floats, Floats, Ints]:
    """A and Sigma of each unit, and its number of judgments that say something."""
    k = ranks.shape[1]
    ranked = ranks > 0
    n = ranked.sum(axis=1)
    r, both = ranks[:, :, None], ranked[:, :, None] & ranked[:, None, :]
    above = ((r > ranks[:, None, :]) & both).sum(axis=2)
    equal = ((r == ranks[:, None, :]) & both).sum(axis=2)
    deviation = np.where(ranked, above + (equal + 1) / 2 - (n[:, None] + 1) / 2, 0.0)
    squares = (deviation**2).sum(axis=1)
    weight = np.where(n > 1, 12 / (n + 1), 0.0)
    a = np.add.reduceat(np.sqrt(weight)[:, None] * deviation, starts, axis=0)
    per_pair = weight * squares / np.maximum(n * (n - 1), 1)
    linked = np.add.reduceat(both * per_pair[:, None, None], starts, axis=0)
    diagonal = np.arange(k)
    linked[:, diagonal, diagonal] = 0
    covariance = -linked
    covariance[:, diagonal, diagonal] = linked.sum(axis=2)
    return a, covariance, np.add.reduceat((squares > 0).astype(np.int64), starts)
