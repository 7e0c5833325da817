"""The weight of each criterion for the overall vote, with its interval; or why it has none."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from scipy.special import expit, stdtrit

from prefqa._types import Bools, Floats, Ints, distinct
from prefqa.criteria.logistic import Finite, Patterns, dependent, fit, information
from prefqa.replicates import Replicates

#: Second derivatives of clusters are held for so many numbers at once (32 MB).
_BLOCK = 1 << 22
_FIGURES = ("weight", "se", "ci_low", "ci_high")


class Groups(NamedTuple):
    """The number of the cluster (prompt), and of the annotator where annotators count, of each vote."""

    cluster: Ints
    annotator: Ints | None

    def of(self, rows: Bools) -> Groups:
        """Return the groups of some votes, numbered anew."""
        annotator = None if self.annotator is None else distinct(self.annotator[rows])[1]
        return Groups(distinct(self.cluster[rows])[1], annotator)


class Weights(NamedTuple):
    """A row per criterion; the votes that they are from; whether the intervals also speak about other annotators."""

    rows: list[dict[str, Any]]
    n_votes: int
    with_annotators: bool


def weights(names: tuple[str, ...], patterns: Patterns, groups: Groups, level: float) -> Weights:
    r"""Fit the weights without a penalty, with their intervals.

    The variance is that of the delete-one-cluster jackknife in one Newton step,

    .. math:: \beta_{(g)} - \beta \approx -(H - H_g)^{-1} s_g

    with s_g and H_g the slope and the information of the votes of cluster g (Pregibon 1981, Logistic regression
    diagnostics, Annals of Statistics 9; MacKinnon, Nielsen and Webb 2023, CV3). With annotators it is put together as
    everywhere: `prefqa.replicates.Variance`. Intervals by t quantiles.
    """
    finite = Finite.of(patterns.values)
    reasons = _reasons(names, patterns.values, finite)
    figures: dict[str, dict[str, Any]] = {name: dict.fromkeys(_FIGURES) for name in names}
    there = finite.rows[patterns.number]
    n_left, with_annotators = int(there.sum()), False
    if finite.columns.size:
        some = Patterns.of(patterns.values[patterns.number[there]][:, finite.columns])
        estimated, with_annotators = _estimates(some, groups.of(there), level)
        for column, row in zip(finite.columns, estimated, strict=True):
            if reasons[names[column]] is None:
                reasons[names[column]] = row["reason"]
                figures[names[column]] = {name: row[name] for name in _FIGURES}
    rows = [{"criterion": name} | figures[name] | {"reason": reasons[name]} for name in names]
    return Weights(rows, n_left, with_annotators)


def _reasons(names: tuple[str, ...], values: Floats, finite: Finite) -> dict[str, str | None]:
    """Why a criterion has no weight; None where it has one."""
    never: Bools = ~np.asarray(values.any(axis=0))
    whole, left = dependent(values), dependent(values[finite.rows])
    tied = [name for name, is_open, none in zip(names, whole, never, strict=True) if is_open and not none]
    separating = ", ".join(name for name, endless in zip(names, finite.infinite, strict=True) if endless)
    reasons: dict[str, str | None] = dict.fromkeys(names)
    for i, name in enumerate(names):
        if never[i]:
            reasons[name] = "it prefers neither response in any of these votes"
        elif whole[i]:
            others = ", ".join(other for other in tied if other != name)
            reasons[name] = f"collinear: it cannot be told apart from {others}"
        elif finite.infinite[i]:
            which = "it goes" if separating == name else f"{separating} together go"
            reasons[name] = f"separated: {which} against no overall vote, so the weight is infinite"
        elif left[i]:
            reasons[name] = f"no votes are left to estimate it from beside {separating}, which decide all of them"
    return reasons


def _estimates(patterns: Patterns, groups: Groups, level: float) -> tuple[list[dict[str, Any]], bool]:
    beta = fit(patterns.values, patterns.counts)
    counts = np.ones(int(groups.cluster.max()) + 1)
    of_clusters = _without(patterns, groups.cluster, beta)
    none = np.zeros((0, beta.size))
    of_annotators, of_both = none, none
    if groups.annotator is not None:
        of_annotators = _without(patterns, groups.annotator, beta)
        both = groups.cluster.astype(np.int64) * (int(groups.annotator.max()) + 1) + groups.annotator
        of_both = _without(patterns, np.unique(both, return_inverse=True)[1].reshape(-1), beta)
    rows, with_annotators = [], False
    for j, weight in enumerate(beta):
        # Sorted, so that sums do not depend on the order of ids.
        found = Replicates(
            float(weight),
            np.sort(of_clusters[:, j]),
            counts,
            np.sort(of_annotators[:, j]),
            np.sort(of_both[:, j]),
            np.ones(len(of_both)),
        )
        variance = found.variance
        with_annotators |= not np.isnan(variance.over_annotators)
        se = float(np.sqrt(variance.total))
        freedom = variance.freedom(found.n_items, found.annotators.size)
        half = float(stdtrit(freedom, (1 + level) / 2)) * se if freedom > 0 else np.nan
        sure = bool(np.isfinite(half))
        reason = "one prompt: no interval" if len(counts) < 2 else "no interval: undefined without one of the prompts"
        rows.append(
            {
                "weight": float(weight),
                "se": se if sure else None,
                "ci_low": float(weight - half) if sure else None,
                "ci_high": float(weight + half) if sure else None,
                "reason": None if sure else reason,
            }
        )
    return rows, with_annotators


def _without(patterns: Patterns, group: Ints, beta: Floats) -> Floats:
    """Weights without each group, in one Newton step: [groups, p]; NaN where they are not defined then."""
    values, p = patterns.values, len(beta)
    probability = expit(values @ beta)
    slopes = values * (1 - probability)[:, None]
    bends = values * (probability * (1 - probability))[:, None]
    whole = information(values, patterns.counts, beta)
    shape = (int(group.max()) + 1, len(values))
    held = sparse.coo_array((np.ones(group.size), (group, patterns.number)), shape=shape).tocsr()
    found = np.full((shape[0], p), np.nan)
    step = max(_BLOCK // (p * p), 1)
    for start in range(0, shape[0], step):
        block = held[start : start + step]
        own = np.stack([np.asarray(block @ (bends * values[:, [j]])) for j in range(p)], axis=1)
        left = whole - own
        slope = np.asarray(block @ slopes)
        fine = np.linalg.cond(left) < 1e10
        solved = np.linalg.solve(left[fine], slope[fine][:, :, None])[:, :, 0]
        found[start : start + step][fine] = beta - solved
    return found
