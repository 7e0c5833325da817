"""Kappas that know who rated: of each pair of annotators, and their mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from prefqa._types import Bools, Floats, Ints, distinct, sum_by
from prefqa.agreement.ratio import ratio
from prefqa.rating_moments import Scale
from prefqa.ratings import Ratings, by_length
from prefqa.replicates import Replicates

#: Pairs of annotators times squared categories that are held as tables.
MAX_CELLS = 100_000_000
TOO_LARGE = f"pairs of annotators times squared categories are more than {MAX_CELLS:,}: too large a table"
#: Numbers in tables of pairs of annotators without an item, up to which these are made.
_EXACT = 4_000_000


@dataclass(frozen=True)
class AnnotatorPairs:
    """Contingency tables of pairs of annotators a < b over the units that both rated.

    `first`, `second` [n_pairs] annotators, `tables` [n_pairs, V, V] counts (rows the first's values). Per comparison
    (two ratings of a unit by two annotators): `pair`, `cell` = k V + l, and the `cluster` (item).
    """

    first: Ints
    second: Ints
    tables: Floats
    pair: Ints
    cell: Ints
    cluster: Ints
    n_clusters: int
    scale: Scale

    @property
    def n(self) -> Floats:
        """Number of comparisons of each pair."""
        return np.asarray(self.tables.sum(axis=(1, 2)), np.float64)


@dataclass(frozen=True)
class PairKappas:
    """Kappa of each pair of annotators; NaN where chance agreement is 1.

    Per cell [n, V, V] of its table: the `influence` of a comparison, and the kappa `without` one (NaN: undefined).
    """

    observed: Floats
    kappa: Floats
    influence: Floats
    without: Floats


def annotator_pairs(ratings: Ratings, scale: Scale) -> AnnotatorPairs | None:
    """Tabulate who said what beside whom; None where the tables would be too large to hold."""
    v, n_annotators = ratings.n_values, int(ratings.annotator.max(initial=0)) + 1
    pairs: list[Ints] = [np.zeros(0, np.int64)]
    cells: list[Ints] = [np.zeros(0, np.int64)]
    clusters: list[Ints] = [np.zeros(0, np.int64)]
    for length, units, rows in by_length(ratings.lengths, ratings.starts):
        annotator, value = ratings.annotator[rows], ratings.value[rows]
        for i in range(length):
            for j in range(i + 1, length):
                pairs.append(annotator[:, i] * n_annotators + annotator[:, j])
                cells.append(value[:, i] * v + value[:, j])
                clusters.append(ratings.cluster[units])
    cell, cluster = np.concatenate(cells), np.concatenate(clusters)
    keys, pair = distinct(np.concatenate(pairs))
    if keys.size * v * v > MAX_CELLS:
        return None
    tables = np.bincount(pair * v * v + cell, minlength=keys.size * v * v).reshape(keys.size, v, v).astype(np.float64)
    first, second = keys // n_annotators, keys % n_annotators
    return AnnotatorPairs(first, second, tables, pair, cell, cluster, len(ratings.cell), scale)


def cohen(pairs: AnnotatorPairs) -> PairKappas:
    r"""Cohen's kappa of each pair of annotators, weighted by the scale's agreement weights.

    .. math:: \kappa = (p_o - p_e) / (1 - p_e), \quad p_o = \sum w_{kl} p_{kl}, \quad p_e = \sum w_{kl} p_{k.} p_{.l}

    The influence of a comparison in cell (k, l) is \phi_{kl} = [(w_{kl} - p_o)(1 - p_e) - (\bar w_{k.} + \bar w_{.l}
    - 2 p_e)(1 - p_o)] / (1 - p_e)^2; the mean of \phi^2 over n is the variance of Fleiss, Cohen and Everitt (1969).
    Source: Cohen (1960, 1968). With two directions of one vote both annotators' tables are symmetrised over them.
    """
    return _kappas(pairs, one_marginal=False)


def scott(pairs: AnnotatorPairs) -> PairKappas:
    """Scott's pi of each pair of annotators: as `cohen`, with one marginal, the mean of both. Source: Scott (1955)."""
    return _kappas(pairs, one_marginal=True)


def mean_over_pairs(pairs: AnnotatorPairs, kappas_of: Callable[[AnnotatorPairs], PairKappas]) -> Replicates:
    """Mean of a kappa (`cohen` or `scott`) over pairs of annotators, each weighted by its comparisons.

    Pairs without a kappa are left out. Without an item, a judgment or an annotator it is exact, but that with many data
    the comparisons of a pair in one item (a ranking of many responses) are taken out one by one and added up. Where all
    pairs share the same units, the mean of Cohen's kappas is Light's (1971).
    """
    found = kappas_of(pairs)
    defined = ~np.isnan(found.kappa)
    n = np.where(defined, pairs.n, 0)
    kappa = np.where(defined, found.kappa, 0)
    total, weight = float(n @ kappa), float(n.sum())
    pair, cluster, lost, n_lost = _lost(pairs, kappas_of, found)
    n_annotators = int(pairs.second.max(initial=0)) + 1
    ends = [cluster * np.int64(n_annotators) + who[pair] for who in (pairs.first, pairs.second)]
    without = []
    for keys, times in ((cluster, 1), (np.concatenate(ends), 2)):
        _, unit = distinct(keys)
        out, n_out = (sum_by(unit, np.tile(part, times)) for part in (lost, n_lost))
        without.append(ratio(total - out, weight - n_out)[n_out > 0])
    of_annotator, n_annotator = (
        sum(sum_by(who, w, n_annotators) for who in (pairs.first, pairs.second)) for w in (n * kappa, n)
    )
    who = np.asarray(n_annotator) > 0
    annotators = ratio(np.asarray(total - of_annotator)[who], np.asarray(weight - n_annotator)[who])
    items, judgments = without
    ones = np.ones(items.size), np.ones(judgments.size)
    return Replicates(float(ratio(total, weight)), items, ones[0], annotators, judgments, ones[1])


def _lost(
    pairs: AnnotatorPairs, kappas_of: Callable[[AnnotatorPairs], PairKappas], found: PairKappas
) -> tuple[Ints, Ints, Floats, Floats]:
    """What the sums of n kappa and of n lose without the comparisons of a pair in an item: pair, cluster, both."""
    n_clusters = max(pairs.n_clusters, 1)
    v2 = pairs.scale.n_values**2
    keys, number = distinct(pairs.pair * np.int64(n_clusters) + pairs.cluster)
    pair, cluster = keys // n_clusters, keys % n_clusters
    n, kappa = pairs.n, np.nan_to_num(found.kappa)
    if keys.size * v2 <= _EXACT:
        own = np.bincount(number * v2 + pairs.cell, minlength=keys.size * v2).reshape(-1, *pairs.tables.shape[1:])
        rest = replace(pairs, first=pairs.first[pair], second=pairs.second[pair], tables=pairs.tables[pair] - own)
        left = kappas_of(rest).kappa
        n_left = np.where(np.isnan(left), 0, rest.n)
        n_whole = np.where(np.isnan(found.kappa), 0, n)[pair]
        return pair, cluster, n_whole * kappa[pair] - n_left * np.nan_to_num(left), n_whole - n_left
    left = np.where(np.isnan(found.without), 0, (n - 1)[:, None, None])
    lost = (n * kappa)[:, None, None] - left * np.nan_to_num(found.without), n[:, None, None] - left
    defined = ~np.isnan(found.kappa)[pairs.pair]
    of_each = [np.where(defined, part.reshape(len(n), -1)[pairs.pair, pairs.cell], 0) for part in lost]
    return pair, cluster, sum_by(number, of_each[0]), sum_by(number, of_each[1])


def clustered_error(pairs: AnnotatorPairs, found: PairKappas) -> Floats:
    """Standard error of each pair's kappa over items: influences summed by item, squared and summed."""
    n = pairs.n
    influence = found.influence.reshape(len(n), -1)[pairs.pair, pairs.cell]
    key = pairs.pair * np.int64(pairs.n_clusters) + pairs.cluster
    runs = np.flatnonzero(np.diff(key, prepend=-1))  # an item's comparisons of a pair mostly stand side by side
    influence = np.add.reduceat(influence, runs) if runs.size else influence
    found_keys, inverse = distinct(key[runs])
    sums = sum_by(inverse, influence, found_keys.size)
    squares = sum_by(found_keys // max(pairs.n_clusters, 1), sums**2, len(n))
    return np.sqrt(squares) / np.maximum(n, 1)


def _kappas(pairs: AnnotatorPairs, *, one_marginal: bool) -> PairKappas:
    w = pairs.scale.weights
    tables = pairs.tables
    if pairs.scale.symmetric:
        tables = (tables + tables[:, ::-1, ::-1]) / 2
    p = tables / np.maximum(pairs.n, 1)[:, None, None]
    rows, columns = p.sum(axis=2), p.sum(axis=1)
    if one_marginal:
        rows = columns = (rows + columns) / 2
    observed = (p * w).sum(axis=(1, 2))
    of_row, of_column = columns @ w.T, rows @ w
    chance = (rows * of_row).sum(axis=1)
    rest = 1 - chance
    kappa = ratio(observed - chance, rest)
    safe = _safe(rest)
    moved = of_row[:, :, None] + of_column[:, None, :] - 2 * chance[:, None, None]
    agree = (w - observed[:, None, None]) * rest[:, None, None]
    influence = (agree - moved * (1 - observed)[:, None, None]) / np.where(safe, rest, 1)[:, None, None] ** 2
    without = _without(pairs, observed, chance, of_row, of_column, one_marginal=one_marginal)
    return PairKappas(observed, kappa, np.where(safe[:, None, None], influence, 0), without)


def _without(
    pairs: AnnotatorPairs, observed: Floats, chance: Floats, of_row: Floats, of_column: Floats, *, one_marginal: bool
) -> Floats:
    """Kappa of each pair of annotators without one comparison of each cell."""
    w, n = pairs.scale.weights, pairs.n[:, None, None]
    both = w
    if pairs.scale.symmetric:  # a comparison stands half in its cell, half in the opposite one
        of_row, of_column = ((part + part[:, ::-1]) / 2 for part in (of_row, of_column))
        both = (w + w[::-1, :] + w[:, ::-1] + w[::-1, ::-1]) / 4
    if one_marginal:
        own = np.diag(both)
        both = (own[:, None] + own[None, :] + 2 * both) / 4
    rest = np.maximum(n - 1, 1)
    agree = (n * observed[:, None, None] - w) / rest
    moved = n * (of_row[:, :, None] + of_column[:, None, :])
    by_chance = (n**2 * chance[:, None, None] - moved + both) / rest**2
    return np.where(n > 1, ratio(agree - by_chance, 1 - by_chance), np.nan)


def _safe(rest: Floats) -> Bools:
    return np.asarray(rest > 1e-12)
