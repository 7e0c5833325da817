"""Votes of a block of items, ready for the model: side by side where all judgments of an item rank the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from prefqa._types import Floats, Ints, begins
from prefqa.drift.model import BLOCK, Group, groups
from prefqa.drift.rankings import Rankings
from prefqa.drift.vote_table import scaled

#: Items of one shape that are worth a group of their own; the least of them and of their votes.
_ITEMS, _VOTES = 64, 4096
_NOWHERE = np.zeros(0, np.int64)


def block_groups(rankings: Rankings, low: int, high: int) -> Iterator[Group]:
    """Groups of the votes of the judgments `low` to `high`, which are all those of their items.

    Most items are ranked whole by all their judges. Then each judgment votes on each pair, so that nothing has to be
    sorted, and what all votes of a unit, or of a judgment, have in common is there once. The votes of other items, and
    of those that few resemble, are sorted by unit.
    """
    item = rankings.item[low:high]
    first = np.flatnonzero(begins(item))
    n_judgments = np.diff(np.append(first, item.size))
    lengths = np.diff(rankings.starts[low : high + 1])
    n_listed = rankings.n_listed[item]
    whole = np.logical_and.reduceat(lengths == n_listed, first) if first.size else np.zeros(0, bool)
    left = np.ones(first.size, bool)
    shape = np.where(whole, n_judgments * (rankings.width + 1) + n_listed[first], 0)
    for one, n_items in zip(*np.unique(shape, return_counts=True), strict=True):
        size, k = divmod(int(one), rankings.width + 1)
        n_together = k * (k - 1) // 2
        per_group = BLOCK // max(size * n_together, 1)
        if not one or min(n_items, per_group) < _ITEMS or n_items * size * n_together < _VOTES:
            continue
        here = np.flatnonzero(shape == one)
        left[here] = False
        for at in range(0, here.size, per_group):
            yield _whole(rankings, low + first[here[at : at + per_group]], size, k)
    rest = low + np.flatnonzero(np.repeat(left, n_judgments))
    if rest.size:
        for group in groups(rankings.take(rest).votes()):
            yield group._replace(judgment=rest[group.judgment])


def _whole(rankings: Rankings, first: Ints, size: int, k: int) -> Group:
    """The votes of items that each have `size` judgments, from `first` on, of all their `k` responses."""
    judgment = (first + np.arange(size)[:, None])[:, None]
    annotator, period, stratum = (part[judgment] for part in (rankings.annotator, rankings.period, rankings.stratum))
    item, pairs = rankings.item[first], np.triu_indices(k, 1)
    # A judgment's rows are in the order of slots, and these are all.
    rows = rankings.starts[judgment] + np.arange(k)[:, None]
    x: list[Floats] = []
    if rankings.place.size:
        x.append(_before(rankings.place[rows], pairs, known=True).astype(np.float64))
    listed = rankings.listed[item] + np.arange(k)[:, None]
    for column, values in enumerate(rankings.values, len(x)):
        one, other = (values[listed][side] for side in pairs)
        x.append(scaled(one - other, rankings.scale[column])[None])
    for change in rankings.changes:
        x.append(x[change.column] * change.after[period] * change.moved[annotator])
    period = np.broadcast_to(rankings.first_period[item], period.shape)
    unit = rankings.first_unit[item] + np.arange(pairs[0].size)[:, None]
    models = None
    if rankings.model is not None:
        models = np.stack([rankings.model[listed][side] for side in pairs])[:, None]
    said = _before(rankings.rank[rows], pairs)
    return Group(_NOWHERE, unit, judgment, annotator, period, stratum, said, x, models)


def _before(place: Ints, pairs: tuple[Ints, Ints], *, known: bool = False) -> Ints:
    """1 where the first of each pair comes before the second, -1 after; where `known`, 0 stands for no place."""
    first, second = (np.take(place, side, axis=1) for side in pairs)
    before = (first < second).astype(np.int8) - (first > second)
    if known and not place.all():
        before *= (first > 0) & (second > 0)
    return before
