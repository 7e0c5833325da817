"""Item moments of ratings: the sums that coefficients on categories and numbers are smooth functions of.

Items whose units were given the same values, whoever gave them, are one pattern; moments are computed once for each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy import sparse

from prefqa._types import Bools, Floats, Ints, distinct, sum_by
from prefqa.losses import Losses
from prefqa.ratings import Kinds, Ratings, by_length, multisets

#: Moments of a unit with m ratings x; those on the first line count every unit, the others units with m >= 2.
SCALARS = (
    *("rated", "ratings", "ratings_squared", "total", "squares", "between"),  # 1, m, m^2, sum x, sum x^2, (sum x)^2 / m
    "unit",  # 1
    "agree",  # sum over categories c (c - 1) / (m (m - 1)), c ratings of one category
    "agree_weighted",  # the same with agreement weights for unlike categories
    "unanimous",  # 1 where all m ratings are one category
    "paired",  # m
    "paired_total",  # sum x
    "paired_squares",  # sum x^2
    "spread",  # (m sum x^2 - (sum x)^2) / (m - 1)
    "unlike",  # ordered pairs of unlike ratings / (m - 1)
    "unlike_weighted",  # the same, each pair with 1 - its agreement weight
    "unlike_ratio",  # the same, each pair with ((x - y) / (x + y))^2
)
AT = {name: place for place, name in enumerate(SCALARS)}
#: Beyond so many categories there are no tables of categories, so no coefficient on categories.
MAX_CATEGORIES = 128
#: Numbers held at a time while patterns are left out.
_CHUNK = 4_000_000
#: With more numbers than this, items are left out in groups.
_LARGE = 400_000_000
GROUPS = 500


@dataclass(frozen=True)
class Scale:
    """The categories: agreement weights [V, V], numbers [V] (None for labels), squared ratio distances [V, V]."""

    n_values: int
    weights: Floats
    ratio: Floats
    numbers: Floats | None
    symmetric: bool

    @property
    def tabled(self) -> bool:
        """Whether categories are few enough for tables."""
        return self.n_values <= MAX_CATEGORIES


@dataclass(frozen=True)
class RatingSums:
    """Moments as arrays of one shape: `scalars` [..., len(SCALARS)], tables [..., V] and [..., V (V - 1) / 2].

    `shares` is c / m per category over all units, `counts` is c over units with two ratings, `pairs` is
    c_k c_l / (m - 1) over these for k < l.
    """

    scalars: Floats
    shares: Floats
    counts: Floats
    pairs: Floats
    scale: Scale

    def __getitem__(self, name: str) -> Floats:
        """Return the scalar moment of that name."""
        return self.scalars[..., AT[name]]


#: A coefficient on ratings: sums of moments to value, along the last axis; NaN where it is undefined.
RatingCoefficient: TypeAlias = Callable[[RatingSums], Floats]


@dataclass(frozen=True)
class RatingPatterns:
    """Moments of the kinds of items [n_kinds, columns], sparse, how many items of each there are, and their scale."""

    values: sparse.csr_array
    counts: Floats
    scale: Scale

    def total(self) -> Floats:
        """Sum of the moments of all items."""
        return np.asarray(self.values.T @ self.counts, np.float64)

    def sums(self, values: Floats) -> RatingSums:
        """Name the last axis of an array of moments."""
        v = self.scale.n_values if self.scale.tabled else 0
        first = len(SCALARS)
        shares, counts = values[..., first : first + v], values[..., first + v : first + 2 * v]
        if self.scale.symmetric:  # the two directions of a vote get one marginal
            shares, counts = ((part + part[..., ::-1]) / 2 for part in (shares, counts))
        return RatingSums(values[..., :first], shares, counts, values[..., first + 2 * v :], self.scale)

    def carrying(self, name: str) -> Bools:
        """Whether each pattern carries something to the moment `name`."""
        return np.asarray(self.values[:, [AT[name]]].toarray()[:, 0] > 0)

    def counted(self, name: str) -> RatingPatterns:
        """Return the patterns that carry something to the moment `name`."""
        used = np.flatnonzero(self.carrying(name))
        return RatingPatterns(self.values[used], self.counts[used], self.scale)

    def without_items(self, coefficient: RatingCoefficient) -> Floats:
        """Return the coefficient without one item of each pattern."""
        total = self.total()
        found = left_out(self, self.values, coefficient, total)
        sizes = [AT[name] for name in ("squares", "between", "spread")]
        most = self.values[:, sizes].toarray() > total[sizes] / 2
        # Beside an item that holds most of a sum, the rest is summed anew: a difference would have no digits.
        for pattern in np.flatnonzero(most.any(axis=1) & (self.counts == 1)):
            others = self.counts.copy()
            others[pattern] = 0
            found[pattern] = coefficient(self.sums((self.values.T @ others)[None]))[0]
        return found


def in_groups(values: sparse.csr_array, counts: Floats) -> tuple[sparse.csr_array, Floats]:
    """Return rows and how many there are of each; where they are very many, sums over groups of rows instead."""
    n, width = values.shape
    if n * width <= _LARGE or n <= GROUPS:
        return values, counts
    into = sparse.csr_array((counts, (np.arange(n) % GROUPS, np.arange(n))), shape=(GROUPS, n))
    return sparse.csr_array(into @ values), np.ones(GROUPS)


def rating_patterns(ratings: Ratings, scale: Scale) -> tuple[RatingPatterns, Ints]:
    """Return the patterns of items, and the pattern of each cluster."""
    units = multisets(ratings.value, ratings.starts)
    items = _of_clusters(units.kind, ratings)
    of_units = _unit_moments(units, scale)
    values = sparse.csr_array(_incidence(items.members, items.starts, of_units.shape[0]) @ of_units)
    counts = np.bincount(items.kind, minlength=items.starts.size).astype(np.float64)
    return RatingPatterns(values, counts, scale), items.kind


def rating_losses(ratings: Ratings, scale: Scale) -> Losses[sparse.csr_array]:
    """Return what the sums of moments lose without each judgment: the units are computed anew without its ratings."""
    units = multisets(ratings.value, ratings.starts)
    row_kind = np.repeat(units.kind, ratings.lengths)
    key, of_row = distinct(row_kind * ratings.n_values + ratings.value)
    kind, without = key // ratings.n_values, key % ratings.n_values
    whole = _unit_moments(units, scale)[kind]
    lost = sparse.csr_array(whole - _unit_moments(_without(units, kind, without), scale))
    of = ratings.judgments
    order = np.argsort(of.of_row, kind="stable")
    found = multisets(of_row[order], np.flatnonzero(np.diff(of.of_row[order], prepend=-1)))
    kinds = sparse.csr_array(_incidence(found.members, found.starts, key.size) @ lost)
    return Losses(ratings.cell[of.cluster], ratings.item[of.cluster], of.annotator, kinds, found.kind)


def left_out(found: RatingPatterns, rows: sparse.csr_array, coefficient: RatingCoefficient, total: Floats) -> Floats:
    """Return the coefficient of the total without each row, in pieces of bounded size."""
    n, width = rows.shape
    step = max(_CHUNK // max(width, 1), 1)
    parts = [coefficient(found.sums(total - rows[low : low + step].toarray())) for low in range(0, n, step)]
    return np.concatenate(parts) if parts else np.zeros(0)


def _of_clusters(kind: Ints, ratings: Ratings) -> Kinds:
    starts = np.flatnonzero(np.diff(ratings.cluster, prepend=-1))
    return multisets(kind, starts)


def _incidence(members: Ints, starts: Ints, width: int) -> sparse.csr_array:
    ends = np.append(starts, members.size)
    return sparse.csr_array((np.ones(members.size), members, ends), shape=(starts.size, width))


def _without(units: Kinds, kind: Ints, value: Ints) -> Kinds:
    """The kinds with one member of that value taken away."""
    lengths = units.lengths[kind]
    ends = np.cumsum(lengths)
    rows = np.arange(ends[-1] if ends.size else 0) - np.repeat(ends - lengths - units.starts[kind], lengths)
    members, owner = units.members[rows], np.repeat(np.arange(kind.size), lengths)
    hit = np.flatnonzero(members == value[owner])
    first = hit[np.unique(owner[hit], return_index=True)[1]]
    kept = np.ones(members.size, bool)
    kept[first] = False
    return Kinds(np.arange(kind.size), members[kept], np.concatenate([[0], np.cumsum(lengths - 1)[:-1]]))


def _unit_moments(units: Kinds, scale: Scale) -> sparse.csr_array:
    """Moments of each kind of unit, [n_kinds, columns]; a kind without ratings has none."""
    m = units.lengths.astype(np.float64)
    owner = np.repeat(np.arange(m.size), units.lengths)
    two = m >= 2
    per_pair = np.where(two, 1 / np.maximum(m - 1, 1), 0.0)
    out = np.zeros((m.size, len(SCALARS)))
    x = np.zeros(units.members.size) if scale.numbers is None else scale.numbers[units.members]
    total, squares = (sum_by(owner, part, m.size) for part in (x, x**2))
    per_rating = 1 / np.maximum(m, 1)
    columns: dict[str, Floats] = {
        "rated": (m > 0).astype(np.float64),
        "ratings": m,
        "ratings_squared": m**2,
        "total": total,
        "squares": squares,
        "between": total**2 * per_rating,
        "unit": two.astype(np.float64),
        "paired": m * two,
        "paired_total": total * two,
        "paired_squares": squares * two,
        "spread": np.maximum(m * squares - total**2, 0) * per_pair,
    }
    tables = []
    if scale.tabled:
        counts = sparse.coo_array((np.ones(owner.size), (owner, units.members)), (m.size, scale.n_values)).tocsr()
        alike = _quadratic(counts, np.eye(scale.n_values)) - m
        columns["agree"] = alike * per_pair * per_rating
        columns["agree_weighted"] = (_quadratic(counts, scale.weights) - m) * per_pair * per_rating
        columns["unanimous"] = (two & (alike >= m * (m - 1) - 0.5)).astype(np.float64)
        columns["unlike"] = (m * (m - 1) - alike) * per_pair
        columns["unlike_weighted"] = _quadratic(counts, 1 - scale.weights) * per_pair
        columns["unlike_ratio"] = _quadratic(counts, scale.ratio) * per_pair
        tables = [sparse.diags_array(per_rating) @ counts, sparse.diags_array(two.astype(np.float64)) @ counts]
        tables.append(_pair_table(units, per_pair, scale.n_values))
    for name, values in columns.items():
        out[:, AT[name]] = values
    return sparse.csr_array(sparse.hstack([sparse.csr_array(out), *tables], format="csr"))


def _quadratic(counts: sparse.csr_array, matrix: Floats) -> Floats:
    """C' M c of each row c."""
    return np.asarray(counts.multiply(counts @ matrix).sum(axis=1), np.float64).reshape(-1)


def _pair_table(units: Kinds, per_pair: Floats, n_values: int) -> sparse.csr_array:
    """Pairs of unlike ratings by their two categories k < l, over (m - 1)."""
    width = n_values * (n_values - 1) // 2
    owners, columns = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for length, kinds, rows in by_length(units.lengths, units.starts):
        members = units.members[rows]  # sorted, so the first of two is the lower
        for i in range(length):
            for j in range(i + 1, length):
                low, high = members[:, i], members[:, j]
                unlike = low != high
                owners.append(kinds[unlike])
                columns.append((low * (2 * n_values - low - 1) // 2 + high - low - 1)[unlike])
    owner, column = np.concatenate(owners), np.concatenate(columns)
    shape = (units.lengths.size, width)
    return sparse.coo_array((per_pair[owner], (owner, column)), shape=shape).tocsr()
