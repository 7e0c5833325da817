"""Evidence on annotators: exact tests of shares, clustered regressions, and the false-discovery rate over all."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from scipy.special import betainc, betaincinv, expit, ndtr, stdtr, stdtrit

from prefqa._types import Bools, Floats, Ints, distinct

LEVEL = 0.95


@dataclass(frozen=True)
class Evidence:
    """Per annotator (NaN where nothing can be said): an effect, its 95 % interval, a p-value, and how many cases.

    `p` is NaN too for rules without a test; then `flagged` says who is meant. `unit` is what the effect measures.
    """

    effect: Floats
    low: Floats
    high: Floats
    p: Floats
    n: Floats
    unit: str
    flagged: Ints = field(default_factory=lambda: np.zeros(0, np.int64))


def share_above(k: Floats, n: Floats, limit: Floats | float, unit: str, *, least: float = 20) -> Evidence:
    """Test that a share is above a limit: k of n, exact binomial, one-sided; Clopper and Pearson's interval.

    Annotators with fewer than `least` cases are not tested. Effective numbers need not be whole.
    """
    enough = n >= least * (1 - 1e-9)
    k, n = np.where(enough, k, 1.0), np.where(enough, n, 1.0)
    limit = np.broadcast_to(np.asarray(limit, np.float64), n.shape)
    p = np.where(k >= 1, betainc(np.maximum(k, 1.0), n - np.maximum(k, 1.0) + 1, limit), 1.0)
    tail = (1 - LEVEL) / 2
    low = np.where(k > 0, betaincinv(np.maximum(k, 1e-9), n - k + 1, tail), 0.0)
    high = np.where(k < n, betaincinv(k + 1, np.maximum(n - k, 1e-9), 1 - tail), 1.0)
    return kept(enough, (k / n, low, high, p, n), unit)


def leanings(
    y: Floats,
    quality: Floats,
    group: Ints,
    cluster: Ints,
    n_groups: int,
    unit: str,
    *,
    relative: bool,
    least: int = 20,
) -> tuple[Evidence, Evidence]:
    """How much choices lean towards something beyond the quality of what they choose from: each group, and all.

    Logistic regression of y (1 where the choice went there) on an intercept, the leaning, and on `quality`, the others'
    mean vote in the same direction. Groups have their own slope, drawn towards that of all by a normal penalty of one.
    The test is the score test of the intercept, which holds where choices follow quality, or the leaning, without
    exception; its variance is the clustered one (Liang and Zeger 1986, with J / (J - 1)), never below the model's; t
    with J - 2 degrees of freedom for J clusters. Effects, with Wald intervals from a fit with a normal prior of sd 2.5
    on the intercept, are on the scale of probabilities: expit(intercept) - 1/2.

    Args:
        y, quality, group, cluster: one per choice; clusters lie within groups.
        n_groups: number of groups.
        unit: what the effect measures.
        relative: test groups against the median group, not against zero.
        least: clusters that a group needs.

    Returns:
        Evidence per group, two-sided, and for all (arrays of one).
    """
    clusters = distinct(cluster)[1]
    home = np.zeros(int(clusters.max(initial=-1)) + 1, np.int64)
    home[clusters] = group
    data = _Choices(y, quality, group, clusters, home, n_groups)
    whole = _Choices(y, quality, np.zeros_like(group), clusters, np.zeros_like(home), 1)
    slope = float(_newton(whole, None, 0.0, 1e-6)[0, 1])
    centre = 0.0
    if relative:
        # The median of those with enough to say: a few who lean much must not make the others seem to lean away.
        own = _newton(data, None, slope, 1.0)[data.n_clusters >= least, 0]
        centre = float(np.median(own)) if own.size else 0.0
    return _leaning(data, centre, slope, 1.0, unit, least), _leaning(whole, 0.0, slope, 1e-6, unit, least)


@dataclass(frozen=True)
class _Choices:
    """Choices y with their quality x, by group and by cluster; `home` is the group of each cluster."""

    y: Floats
    x: Floats
    group: Ints
    cluster: Ints
    home: Ints
    n_groups: int

    def total(self, weights: Floats) -> Floats:
        """Sum by group."""
        return np.bincount(self.group, weights=weights, minlength=self.n_groups).astype(np.float64)

    @cached_property
    def distinct(self) -> tuple[_Choices, Floats]:
        """Return the choices that differ in group, quality or outcome, and how often each stands: they are few."""
        frame = pl.DataFrame({"group": self.group, "x": self.x, "y": self.y})
        kinds = frame.group_by(frame.columns).len("n").sort(frame.columns)
        y, x, group = (kinds[name].to_numpy() for name in ("y", "x", "group"))
        alone = np.arange(group.size)
        return _Choices(y, x, group, alone, group, self.n_groups), kinds["n"].to_numpy().astype(np.float64)

    def squares(self, scores: Floats) -> Floats:
        """Sum by cluster, square, sum by group, times J / (J - 1)."""
        sums = np.bincount(self.cluster, weights=scores, minlength=self.home.size)
        n = self.n_clusters
        return np.bincount(self.home, weights=sums**2, minlength=self.n_groups) * n / np.maximum(n - 1, 1)

    @property
    def n_clusters(self) -> Floats:
        """Clusters of each group."""
        return np.bincount(self.home, minlength=self.n_groups).astype(np.float64)


#: Precision of the prior of the intercept where an effect is estimated: a standard deviation of 2.5.
_PRIOR = 1 / 2.5**2


def _newton(data: _Choices, fixed: float | None, towards: float, penalty: float) -> Floats:
    """Intercept and slope per group by Newton's method; the intercept may be fixed."""
    b = np.tile([fixed or 0.0, towards], (data.n_groups, 1))
    data, n = data.distinct
    for _ in range(40):
        fitted = expit(b[data.group, 0] + b[data.group, 1] * data.x)
        h00, h01, h11 = _information(data, fitted, n)
        g1 = data.total(n * (data.y - fitted) * data.x) - penalty * (b[:, 1] - towards)
        h11 = h11 + penalty
        if fixed is None:
            g0 = data.total(n * (data.y - fitted)) - _PRIOR * b[:, 0]
            h00 = h00 + _PRIOR
            det = h00 * h11 - h01**2
            step = np.stack([h11 * g0 - h01 * g1, h00 * g1 - h01 * g0], axis=1) / det[:, None]
        else:
            step = np.stack([np.zeros_like(g1), g1 / h11], axis=1)
        b += np.clip(step, -1, 1)
        if np.abs(step).max(initial=0.0) < 1e-8:
            break
    return b


def _information(data: _Choices, fitted: Floats, n: Floats | float = 1.0) -> tuple[Floats, Floats, Floats]:
    weight = n * fitted * (1 - fitted)
    return data.total(weight), data.total(weight * data.x), data.total(weight * data.x**2)


def _leaning(data: _Choices, centre: float, slope: float, penalty: float, unit: str, least: int) -> Evidence:
    null = _newton(data, centre, slope, penalty)
    fitted = expit(centre + null[data.group, 1] * data.x)
    h00, h01, h11 = _information(data, fitted)
    share = h01 / (h11 + penalty)
    score = (data.y - fitted) * (1 - share[data.group] * data.x)
    variance = np.maximum(data.squares(score), h00 - h01 * share)
    df = np.maximum(data.n_clusters - 2, 1)
    enough = data.n_clusters >= least
    z = data.total(score) / np.sqrt(np.where(enough, np.maximum(variance, 1e-12), 1.0))
    p = 2 * stdtr(df, -np.abs(z))
    b = _newton(data, None, slope, penalty)
    fitted = expit(b[data.group, 0] + b[data.group, 1] * data.x)
    h00, h01, h11 = _information(data, fitted)
    det = (h00 + _PRIOR) * (h11 + penalty) - h01**2
    influence = ((h11 + penalty)[data.group] - h01[data.group] * data.x) / det[data.group] * (data.y - fitted)
    se = np.sqrt(np.maximum(data.squares(influence), (h11 + penalty) / det))
    reach = stdtrit(df, 1 - (1 - LEVEL) / 2) * se
    effect, low, high = (expit(value) - 0.5 for value in (b[:, 0], b[:, 0] - reach, b[:, 0] + reach))
    n = np.bincount(data.group, minlength=data.n_groups).astype(np.float64)
    return kept(enough, (effect, low, high, p, n), unit)


def kept(enough: Bools, parts: tuple[Floats, Floats, Floats, Floats, Floats], unit: str) -> Evidence:
    """Evidence where there is enough of it, NaN elsewhere."""
    effect, low, high, p, n = (np.where(enough, part, np.nan) for part in parts)
    return Evidence(effect, low, high, p, n, unit)


def share_of_pool(k: Floats, n: Floats, cluster: Ints, unit: str, *, least: int = 20) -> Evidence:
    """Test two-sided that a share, k of n by case, is one half; cases of one cluster are not independent.

    Standard error of a ratio over J clusters, with J / (J - 1); normal. One figure, NaN below `least` clusters.
    """
    share = np.array([k.sum() / max(n.sum(), 1)])
    residual = np.bincount(cluster, weights=k - share[0] * n)
    groups = int((np.bincount(cluster, weights=n) > 0).sum())
    se = np.sqrt((residual**2).sum() * groups / max(groups - 1, 1)) / max(n.sum(), 1)
    # Under the null the spread is that of one half, which an observed share of 0 or 1 would not show.
    p = 2 * ndtr(-np.abs(share - 0.5) / max(se, 0.5 / np.sqrt(max(n.sum(), 1))))
    parts = (share, np.clip(share - 1.96 * se, 0, 1), np.clip(share + 1.96 * se, 0, 1), p, np.array([n.sum()]))
    return kept(np.array([groups >= least]), parts, unit)


def discoveries(p: Floats, level: float) -> tuple[Floats, Bools]:
    """Adjusted p-values and what is found at a false-discovery rate (Benjamini and Hochberg 1995); NaN stays NaN."""
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    scaled = p[order] * order.size / np.arange(1, order.size + 1)
    adjusted = np.full(p.size, np.nan)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted, np.nan_to_num(adjusted, nan=2.0) <= level
