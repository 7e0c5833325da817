r"""The scan: all scores and all contrasts at once, against the distribution of their maximum.

For the pool, :math:`Z = \sum_c N_c / \sqrt{V}`, where V sums the squares of what each item adds. That is the variance
while nobody changes, and so the one of the test. The interval of a change takes V clustered two ways, by item and
annotator (Cameron, Gelbach & Miller 2011, centred at the common change), never less than that over items, so that it
holds for other annotators of the same pool. Beside it, for each score, the sum over annotators of their own squared N
against the others (is there anyone who changed?), on the normal scale of Wilson & Hilferty (1931). The null
distribution of the maximum over everything is simulated from the estimated correlations of the contributions of
items, so that p-values hold for the whole family (single-step maxT, Westfall & Young 1993).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from prefqa._types import Bools, Floats, distinct
from prefqa.drift.contrasts import Cells, Compared, Contrasts, by_annotator, compare
from prefqa.drift.relative import Common, common, relative_cells
from prefqa.drift.scores import Scores

N_DRAWS = 10_000
#: Judgments from which correlations are estimated; an estimate from so many is as good as from all.
_SAMPLE = 60_000
#: An annotator has a z of their own from so many judgments on either side, and from such a share of theirs.
MIN_JUDGMENTS, MIN_SHARE = 10, 0.05


@dataclass(frozen=True)
class Scan:
    """Statistics of the pool, [n_contrasts, n_columns], and of each annotator, [n_annotators, n_contrasts, n_columns].

    `difference` is N, `weight` the expected information it rests on, `by_item` its variance over items and `variance`
    the two-way clustered one; `z` is 0 where nothing can be compared. `annotator_difference` and its kin are the
    parts of each annotator in them; `relative_difference` and its kin are against the others (see `relative`), and on
    these rest `annotator_z` and `anyone`, the normal score of the annotators' summed squares. `correlation` is that
    of z over (contrast, column).
    """

    difference: Floats
    weight: Floats
    variance: Floats
    by_item: Floats
    z: Floats
    anyone: Floats
    correlation: Floats
    annotator_difference: Floats
    annotator_variance: Floats
    annotator_z: Floats
    relative_difference: Floats
    relative_variance: Floats
    common: Common


class Slack(NamedTuple):
    """Shifts that may come of a law of votes that is not quite the model's, in the units of the scores' parameters.

    `pool` is [n_contrasts, n_columns], `own` [n_annotators, n_contrasts, n_columns].
    """

    pool: Floats
    own: Floats


def scan(scores: Scores, cells: Cells, contrasts: Contrasts, n_annotators: int, slack: Slack | None = None) -> Scan:
    """Contrast the scores before and after, for the pool and each annotator; `slack` is taken off what is tested."""
    compared = compare(cells, contrasts)
    difference, weight = compared.difference.sum(axis=0), compared.weight.sum(axis=0)
    own, own_weight, own_variance = (
        by_annotator(values, cells, n_annotators)
        for values in (compared.difference, compared.weight, compared.variance)
    )
    of_pool = common(scores, cells, n_annotators)
    against = compare(relative_cells(scores, cells, of_pool), contrasts)
    relative, relative_weight, relative_variance = (
        by_annotator(values, cells, n_annotators) for values in (against.difference, against.weight, against.variance)
    )
    if _several(scores, n_annotators):
        clustered = _by_cluster(scores, compared, contrasts, n_annotators)
        relative_variance = relative_variance * clustered / np.where(own_variance > 0, own_variance, 1.0)
        own_variance = clustered
    gram = _gram(scores, compared, contrasts)
    shape = difference.shape
    by_item = np.diagonal(gram).reshape(shape)
    variance = np.maximum(by_item, by_item + _between(own, own_weight) - own_variance.sum(axis=0))
    defined = (by_item > 0) & (weight > 0)
    total = own_variance.sum(axis=0)
    per_variance = weight * scores.kept / np.where(total > 0, total, 1.0)
    beyond, relative_beyond = difference, relative
    if slack is not None:
        beyond = _beyond(difference, slack.pool * weight * scores.kept)
        relative_beyond = _beyond(relative, slack.own * relative_variance * per_variance)
    z = np.where(defined, beyond / np.sqrt(np.where(defined, by_item, 1.0)), 0.0)
    sd = np.sqrt(np.where(by_item > 0, by_item, 1.0)).ravel()
    correlation = gram / np.outer(sd, sd)
    often = enough(cells, contrasts, n_annotators)
    own_z = _own_z(relative_beyond, relative_variance, often)
    anyone = _anyone(relative_beyond, relative_variance, relative_weight, often)
    return Scan(
        difference, weight, variance, by_item, z, anyone, correlation, own, own_variance, own_z, relative,
        relative_variance, of_pool,
    )  # fmt: skip


def _beyond(difference: Floats, slack: Floats) -> Floats:
    return np.asarray(np.sign(difference) * np.maximum(np.abs(difference) - slack, 0.0))


def largest(correlation: Floats, use: Bools, anyone: Bools, seed: int) -> Floats:
    """Draw the maximum of |Z| over the cells of `use` and of the normal scores over `anyone`, sorted."""
    rng = np.random.default_rng(seed)
    draws = np.zeros(N_DRAWS)
    if use.any():
        at = np.flatnonzero(use)
        draws = np.abs(_normals(rng, correlation[np.ix_(at, at)])).max(axis=1)
    if anyone.any():
        at = np.flatnonzero(anyone)
        # Sums of squares of correlated normals correlate by the square.
        draws = np.maximum(draws, _normals(rng, correlation[np.ix_(at, at)] ** 2).max(axis=1))
    return np.sort(draws)


def exceeds(draws: Floats, z: Floats) -> Floats:
    """p-value of each |z| against sorted draws of the maximum."""
    above = draws.size - np.searchsorted(draws, np.abs(z), side="left")
    return np.asarray((above + 1) / (draws.size + 1))


def _normals(rng: np.random.Generator, correlation: Floats) -> Floats:
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.clip(values, 0, None))
    return np.asarray(rng.standard_normal((N_DRAWS, len(correlation))) @ root.T)


def _between(own: Floats, weight: Floats) -> Floats:
    """Variance from annotators as a sample, centred at the common change: sum of squared deviations, A / (A - 1)."""
    total = weight.sum(axis=0)
    common = np.where(total > 0, own.sum(axis=0) / np.where(total > 0, total, 1.0), 0.0)
    seen = (weight > 0).sum(axis=0)
    squares = ((own - weight * common) ** 2).sum(axis=0)
    return np.where(seen > 1, squares * seen / np.maximum(seen - 1, 1), 0.0)


def enough(cells: Cells, contrasts: Contrasts, n_annotators: int) -> Bools:
    """Which annotators judged enough on both sides, [n_annotators, n_contrasts, 1]."""
    sides = [(cells.count @ side.T.astype(float))[:, :, None] for side in (contrasts.before, contrasts.after)]
    before, after = (by_annotator(side, cells, n_annotators) for side in sides)
    return np.minimum(before, after) >= np.maximum(MIN_JUDGMENTS, MIN_SHARE * (before + after))


def _own_z(own: Floats, variance: Floats, enough: Bools) -> Floats:
    defined = enough & (variance > 0)
    return np.where(defined, own / np.sqrt(np.where(defined, variance, 1.0)), 0.0)


def _anyone(own: Floats, variance: Floats, weight: Floats, enough: Bools) -> Floats:
    """Normal score of the annotators' squares, sum N² / W against sum V / W, which it equals on average.

    Only V, not each square over its own V, stands below, so that many annotators with few judgments add up to no bias.
    Degrees of freedom by Satterthwaite (1946), the normal score by the cube root of Wilson and Hilferty.
    """
    use = enough & (variance > 0) & (weight > 0)
    of_weight = np.where(use, 1 / np.where(weight > 0, weight, 1.0), 0.0)
    expected, seen = (variance * of_weight).sum(axis=0), (own**2 * of_weight).sum(axis=0)
    some = (use.sum(axis=0) > 1) & (expected > 0)
    expected = np.where(some, expected, 1.0)
    squares = np.where(some, ((variance * of_weight) ** 2).sum(axis=0), 1.0)
    spread = 2 / 9 * squares / expected**2
    return np.where(some, (np.cbrt(seen / expected) - (1 - spread)) / np.sqrt(spread), 0.0)


def _several(scores: Scores, n_annotators: int) -> bool:
    """Whether an annotator has several judgments of one item or cluster."""
    pairs = scores.item.astype(np.int64) * n_annotators + scores.annotator
    return distinct(pairs)[0].size < pairs.size


def _by_cluster(scores: Scores, compared: Compared, contrasts: Contrasts, n_annotators: int) -> Floats:
    """Each annotator's variance with the judgments of one cluster as one, [n_annotators, n_contrasts, n_columns]."""
    order = np.lexsort((scores.annotator, scores.item))
    pair = scores.item[order].astype(np.int64) * n_annotators + scores.annotator[order]
    starts = np.flatnonzero(np.append(True, pair[1:] != pair[:-1]))
    width = contrasts.n * len(scores.names)
    variance = np.zeros((n_annotators, contrasts.n, len(scores.names)))
    cuts = starts.searchsorted(np.arange(0, order.size, max(1, 4_000_000 // max(width, 1)))).clip(max=starts.size - 1)
    for low, high in pairwise(np.append(starts[np.unique(cuts)], order.size)):
        at = order[low:high]
        added = compared.of_weights(contrasts, scores.cell[at], scores.period[at]) * scores.score[at][:, None, :]
        here = starts[(starts >= low) & (starts < high)]
        total = np.add.reduceat(added, here - low, axis=0)
        np.add.at(variance, scores.annotator[order[here]], total**2)
    return variance


def _gram(scores: Scores, compared: Compared, contrasts: Contrasts) -> Floats:
    """Sums of products of what each item adds to each (contrast, column), scaled up from whole items of a sample.

    In single precision, in which scores are kept, but for the sum over blocks.
    """
    n, width = scores.item.size, contrasts.n * len(scores.names)
    begins = np.append(True, scores.item[1:] != scores.item[:-1]) if n else np.zeros(0, bool)
    starts = np.flatnonzero(begins)
    stride = max(1, n // _SAMPLE)
    gram = np.zeros((width, width))
    block = max(1, 4_000_000 // max(width, 1))
    chosen = np.repeat(np.arange(starts.size) % stride == 0, np.diff(np.append(starts, n)))
    rows = np.flatnonzero(chosen)
    if not rows.size:
        return gram
    first = np.flatnonzero(begins[rows])
    last = first.searchsorted(np.arange(0, rows.size, block)).clip(max=first.size - 1)
    edges = np.append(first[np.unique(last)], rows.size)
    for low, high in pairwise(edges):
        at = rows[low:high]
        added = compared.of_weights(contrasts, scores.cell[at], scores.period[at])
        added *= scores.score[at][:, None, :]
        # A product with indicators adds the rows of an item in their order, as `np.add.reduceat` does more slowly.
        of_item = np.append(np.flatnonzero(begins[at]), at.size)
        adding = csr_array((np.ones(at.size, np.float32), np.arange(at.size), of_item))
        per_item = adding @ added.reshape(at.size, width)
        gram += per_item.T @ per_item
    return gram * (n / max(rows.size, 1))
