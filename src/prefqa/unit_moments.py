"""From tallies to the moments of each unit, whole and without each of its judgments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from prefqa import rank_pairs
from prefqa._types import Floats, Ints
from prefqa.votes import Bucket, pair_tallies

#: The moments of an item: sums over its pairs of responses with m >= 2 votes (g and l decided each way, e ties),
#: and over its complete rankings for Kendall's W. `unit` is 1 where the item has any pair with two votes.
NAMES = (
    "agree",  # C(g) + C(e) + C(l), pairs of annotators who say the same; C(x) = x (x - 1) / 2
    "compare",  # C(m), pairs of annotators
    "reversal",  # g l, pairs who decide the opposite way
    "tie_split",  # e (g + l), pairs of whom one decides and the other ties
    "agree_decided",  # C(g) + C(l)
    "votes",  # m
    "ties",  # e
    "firsts",  # votes for the response that comes first by id
    "reversal_w",  # g l / (m - 1), Krippendorff's weighting of a pair by 1 / (m - 1)
    "tie_split_first_w",  # e g / (m - 1)
    "tie_split_second_w",  # e l / (m - 1)
    "w",  # Kendall's W of the item
    "w_corrected",  # (m W - 1) / (m - 1)
    "w_items",  # 1 where W is defined
    *rank_pairs.NAMES,
    "all_votes",  # votes on any pair, also where one annotator voted alone
    "all_ties",
    "unit",
)
AT = {name: index for index, name in enumerate(NAMES)}


class _Alike(NamedTuple):
    """Units of one number of judgments, of which those that say the same, whoever said it, are computed once.

    `units` [n], `rows` [n, m] the judgments of each in the order of what they say, `some` the index of one unit of each
    kind, `kind` [n].
    """

    units: Ints
    rows: Ints
    some: Ints
    kind: Ints


class Kinds(NamedTuple):
    """A bucket with its units by what was said in them; per `alike` the moments of each kind, [n_kinds, len(NAMES)].

    `rankings`: whether the moments of whole rankings are there; else they are 0, which is much cheaper.
    """

    bucket: Bucket
    alike: list[_Alike]
    moments: list[Floats]
    rankings: bool

    @classmethod
    def of(cls, bucket: Bucket, *, rankings: bool = True) -> Kinds:
        """Compute the moments of each kind of unit."""
        alike = list(_alike(bucket))
        moments = [_bucket_moments(_of_rows(bucket, one.rows[one.some]), rankings) for one in alike]
        return cls(bucket, alike, moments, rankings)


def unit_moments(found: Kinds) -> tuple[Floats, Ints]:
    """Return the moments of each kind of unit of a bucket, [n_kinds, len(NAMES)], and the kind of each unit."""
    kind = np.zeros(len(found.bucket.item), np.int64)
    n_kinds = 0
    for alike, moments in zip(found.alike, found.moments, strict=True):
        kind[alike.units] = alike.kind + n_kinds
        n_kinds += len(moments)
    return np.concatenate([np.zeros((0, len(NAMES))), *found.moments]), kind


class JudgmentLosses(NamedTuple):
    """What the sums of moments lose without each judgment of a bucket.

    Per judgment: `row`, its place in the bucket, `unit`, and `kind`, its row in `kinds` [n_kinds, len(NAMES)].
    """

    row: Ints
    unit: Ints
    kind: Ints
    kinds: Floats


def judgment_losses(found: Kinds) -> JudgmentLosses:
    """Compute the units of each kind anew without each of their judgments."""
    keys: list[tuple[Ints, Ints, Ints]] = []
    kinds: list[Floats] = []
    n_kinds = 0
    for alike, whole in zip(found.alike, found.moments, strict=True):
        rows = alike.rows[alike.some]
        for place in range(rows.shape[1]):
            others = np.delete(rows, place, axis=1)
            left = _bucket_moments(_of_rows(found.bucket, others), found.rankings) if others.shape[1] else 0.0
            kinds.append(whole - left)
            keys.append((alike.rows[:, place], alike.units, alike.kind + n_kinds))
            n_kinds += len(whole)
    row, unit, kind = (np.concatenate(column) for column in zip(*keys, strict=True))
    return JudgmentLosses(row, unit, kind, np.concatenate(kinds))


def _alike(bucket: Bucket) -> Iterator[_Alike]:
    lengths = bucket.lengths
    codes = _dense(_packed(bucket.ranks))
    width = int(codes.max(initial=0)).bit_length()
    for length in np.unique(lengths):
        units = np.flatnonzero(lengths == length)
        rows = bucket.starts[units][:, None] + np.arange(length)
        if width * length > 63:
            yield _Alike(units, rows, np.arange(units.size), np.arange(units.size))
            continue
        order = np.argsort(codes[rows], axis=1, kind="stable")
        rows = np.take_along_axis(rows, order, axis=1)
        said = (codes[rows] << (np.arange(length, dtype=np.int64) * width)).sum(axis=1)
        _, some, kind = np.unique(said, return_index=True, return_inverse=True)
        yield _Alike(units, rows, some, kind)


def _of_rows(bucket: Bucket, rows: Ints) -> Bucket:
    """Some units of a bucket, each with as many judgments, given by their rows."""
    n, length = rows.shape
    none = np.zeros(n, np.uint32)
    ranks, annotator = bucket.ranks[rows.reshape(-1)], bucket.annotator[rows.reshape(-1)]
    return Bucket(k=bucket.k, cell=none, item=none, starts=np.arange(n) * length, ranks=ranks, annotator=annotator)


def _dense(values: Ints) -> Ints:
    """Number the distinct values from 0."""
    if values.max(initial=0) < max(1 << 16, values.size):
        return (np.cumsum(np.bincount(values) > 0) - 1)[values]
    return np.unique(values, return_inverse=True)[1]


def _packed(ranks: Ints) -> Ints:
    """Each judgment as one integer where 63 bits hold its ranks; else its place among the distinct rank vectors."""
    width = int(ranks.max(initial=0)).bit_length()
    if width * ranks.shape[1] > 63:
        _, inverse = np.unique(ranks, axis=0, return_inverse=True)
        return inverse.reshape(-1)
    packed = np.zeros(len(ranks), np.int64)
    for slot in range(ranks.shape[1]):
        packed <<= width
        packed |= ranks[:, slot]
    return packed


def _bucket_moments(bucket: Bucket, rankings: bool) -> Floats:
    out = np.zeros((len(bucket.item), len(NAMES)))
    for tally in pair_tallies(bucket):
        g, e, s = (n.astype(np.int64) for n in (tally.n_first, tally.n_tie, tally.n_second))
        m = g + e + s
        _add(out, "all_votes", m)
        _add(out, "all_ties", e)
        paired = m >= 2
        if not paired.all():
            g, e, s, m = g * paired, e * paired, s * paired, m * paired
        per_other = np.where(paired, 1.0 / np.maximum(m - 1, 1), 0.0)
        decided = _pairs(g) + _pairs(s)
        _add(out, "agree", decided + _pairs(e))
        _add(out, "compare", _pairs(m))
        _add(out, "reversal", g * s)
        _add(out, "tie_split", e * (g + s))
        _add(out, "agree_decided", decided)
        _add(out, "votes", m)
        _add(out, "ties", e)
        _add(out, "firsts", g)
        _add(out, "reversal_w", g * s * per_other)
        _add(out, "tie_split_first_w", e * g * per_other)
        _add(out, "tie_split_second_w", e * s * per_other)
    out[:, AT["unit"]] = out[:, AT["votes"]] > 0
    if rankings and len(bucket.item):
        _kendall(bucket, out)
        at = slice(AT[rank_pairs.NAMES[0]], AT[rank_pairs.NAMES[-1]] + 1)
        out[:, at] = rank_pairs.rank_pair_moments(bucket.ranks.reshape(len(bucket.item), -1, bucket.k))
    return out


def _kendall(bucket: Bucket, out: Floats) -> None:
    """Kendall's W with tie correction of each unit, over its judgments that rank all k responses (two or more)."""
    k = bucket.k
    complete = (bucket.ranks > 0).all(axis=1)
    m = np.add.reduceat(complete.astype(np.int64), bucket.starts)
    if k < 2 or not (m >= 2).any():
        return
    doubled = np.zeros((len(bucket.ranks), k), np.int32)  # twice the mid-rank, an integer
    tied = np.zeros(len(bucket.ranks), np.int64)  # sum of t^3 - t = sum over responses of t^2 - 1
    for slot in range(k):
        below = np.zeros(len(bucket.ranks), np.int32)
        equal = np.zeros(len(bucket.ranks), np.int32)
        for other in range(k):
            below += bucket.ranks[:, other] < bucket.ranks[:, slot]
            equal += bucket.ranks[:, other] == bucket.ranks[:, slot]
        doubled[:, slot] = 2 * below + equal + 1
        tied += equal.astype(np.int64) ** 2 - 1
    doubled[~complete] = 0
    totals = np.add.reduceat(doubled, bucket.starts, axis=0, dtype=np.int64)
    deviation = ((totals - (m * (k + 1))[:, None]) ** 2).sum(axis=1) / 4
    ties = np.add.reduceat(np.where(complete, tied, 0), bucket.starts)
    possible = m**2 * (k**3 - k) - m * ties
    defined = (m >= 2) & (possible > 0)
    w = np.divide(12 * deviation, possible, out=np.zeros(len(m)), where=defined)
    out[:, AT["w"]] = w
    out[:, AT["w_corrected"]] = np.where(defined, (m * w - 1) / np.maximum(m - 1, 1), 0.0)
    out[:, AT["w_items"]] = defined


def _pairs(count: Ints) -> Ints:
    return count * (count - 1) // 2


def _add(out: Floats, name: str, what: Ints | Floats) -> None:
    out[:, AT[name]] += what
