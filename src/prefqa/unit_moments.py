"""From tallies to the moments of each unit, whole and without each of its judgments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from prefqa._types import Floats, Ints
from prefqa.rank_comparisons import places
from prefqa.rank_pairs import NAMES as RANK_NAMES
from prefqa.rank_pairs import Rankings, packed, rank_pair_moments
from prefqa.votes import Bucket, pair_votes, tallied

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
    *RANK_NAMES,
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
    """A bucket with its units by what was said in them.

    Per `alike` the moments of each kind, [n_kinds, len(NAMES)], and what they lose without each judgment of the kind,
    `lost` [n_kinds, m, len(NAMES)]; None where that was not asked for.
    """

    bucket: Bucket
    alike: list[_Alike]
    moments: list[Floats]
    lost: list[Floats] | None

    @classmethod
    def of(cls, bucket: Bucket, *, rankings: bool = True, judgments: bool = False) -> Kinds:
        """Compute the moments of each kind of unit, with `judgments` also what is lost without each of these.

        Without `rankings`, the moments of whole rankings are 0, which is cheaper.
        """
        alike = list(_alike(bucket))
        moments, lost = [], []
        for each in alike:
            whole, without = _bucket_moments(_of_rows(bucket, each.rows[each.some]), rankings, judgments)
            moments.append(whole)
            lost.append(without.reshape(len(whole), -1, len(NAMES)))
        return cls(bucket, alike, moments, lost if judgments else None)


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
    """List what is lost without each judgment, place by place of the judgments in their units."""
    assert found.lost is not None  # noqa: S101 - the caller asked for it
    none: Ints = np.zeros(0, np.int64)
    keys: list[tuple[Ints, Ints, Ints]] = [(none, none, none)]
    kinds: list[Floats] = [np.zeros((0, len(NAMES)))]
    n_kinds = 0
    for alike, lost in zip(found.alike, found.lost, strict=True):
        for place in range(alike.rows.shape[1]):
            kinds.append(lost[:, place])
            keys.append((alike.rows[:, place], alike.units, alike.kind + n_kinds))
            n_kinds += len(lost)
    row, unit, kind = (np.concatenate(column) for column in zip(*keys, strict=True))
    return JudgmentLosses(row, unit, kind, np.concatenate(kinds))


def _alike(bucket: Bucket) -> Iterator[_Alike]:
    lengths = bucket.lengths
    codes = _dense(packed(bucket.ranks))
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


def _bucket_moments(bucket: Bucket, rankings: bool, judgments: bool) -> tuple[Floats, Floats]:
    """The moments of each unit, [U, len(NAMES)], and what they lose without each judgment, [J, len(NAMES)]."""
    out = np.zeros((len(bucket.item), len(NAMES)))
    lost = np.zeros((len(bucket.ranks) if judgments else 0, len(NAMES)))
    unit = bucket.unit
    for votes in pair_votes(bucket.ranks):
        counts = tuple(count.astype(np.int64) for count in tallied(bucket, votes)[2:])
        whole = _of_tallies(*counts)
        for name, values in whole.items():
            out[:, AT[name]] += values.sum(axis=0)
        if judgments:
            own = (votes.better, votes.equal, votes.worse)
            left = _of_tallies(*(count[:, unit] - vote for count, vote in zip(counts, own, strict=True)))
            for name, values in whole.items():
                lost[:, AT[name]] += (values[:, unit] - left[name]).sum(axis=0)
    out[:, AT["unit"]] = out[:, AT["votes"]] > 0
    if judgments:
        has_votes = out[unit, AT["votes"]] > 0
        lost[:, AT["unit"]] = has_votes & (lost[:, AT["votes"]] == out[unit, AT["votes"]])
    if rankings and len(bucket.item):
        _kendall(bucket, out, lost)
        of_pairs = slice(AT[RANK_NAMES[0]], AT[RANK_NAMES[-1]] + 1)
        out[:, of_pairs], losses = rank_pair_moments(Rankings(bucket.ranks, bucket.starts))
        if judgments:
            lost[:, of_pairs] = losses
    return out, lost


def _of_tallies(g: Ints, e: Ints, s: Ints) -> dict[str, Ints | Floats]:
    """The moments of pairs of responses of which g votes prefer the first, s the second, and e tie them."""
    m = g + e + s
    every: dict[str, Ints | Floats] = {"all_votes": m, "all_ties": e}
    paired = m >= 2
    if not paired.all():
        g, e, s, m = g * paired, e * paired, s * paired, m * paired
    per_other = np.where(paired, 1.0 / np.maximum(m - 1, 1), 0.0)
    decided = _pairs(g) + _pairs(s)
    return every | {
        "agree": decided + _pairs(e),
        "compare": _pairs(m),
        "reversal": g * s,
        "tie_split": e * (g + s),
        "agree_decided": decided,
        "votes": m,
        "ties": e,
        "firsts": g,
        "reversal_w": g * s * per_other,
        "tie_split_first_w": e * g * per_other,
        "tie_split_second_w": e * s * per_other,
    }


def _kendall(bucket: Bucket, out: Floats, lost: Floats) -> None:
    """Kendall's W with tie correction of each unit, over its judgments that rank all k responses (two or more)."""
    k = bucket.k
    complete = np.asarray((bucket.ranks > 0).all(axis=1))
    m = np.add.reduceat(complete.astype(np.int64), bucket.starts)
    if k < 2 or not (m >= 2).any():
        return
    above, tied_with = places(np.ascontiguousarray(bucket.ranks.T))
    doubled = (2 * above.T.astype(np.int64) + tied_with.T + 1) * complete[:, None]  # twice the mid-rank, an integer
    tied = (tied_with.astype(np.int64) ** 2 - 1).sum(axis=0) * complete  # sum of t^3 - t = over responses, of t^2 - 1
    totals, ties = (np.add.reduceat(values, bucket.starts, axis=0) for values in (doubled, tied))
    whole = _concordance(totals, m, ties, k)
    columns = [AT[name] for name in ("w", "w_corrected", "w_items")]
    out[:, columns] = whole
    if len(lost):
        unit = bucket.unit
        left = _concordance(totals[unit] - doubled, m[unit] - complete, ties[unit] - tied, k)
        lost[:, columns] = whole[unit] - left


def _concordance(totals: Ints, m: Ints, ties: Ints, k: int) -> Floats:
    """W, its corrected form and whether it is defined, [n, 3], of sums of doubled mid-ranks over m rankings, [n, k]."""
    deviation = ((totals - (m * (k + 1))[:, None]).astype(np.float64) ** 2).sum(axis=1) / 4
    possible = m.astype(np.float64) ** 2 * (k**3 - k) - m * ties.astype(np.float64)
    defined = (m >= 2) & (possible > 0)
    w = np.divide(12 * deviation, possible, out=np.zeros(len(m)), where=defined)
    corrected = np.where(defined, (m * w - 1) / np.maximum(m - 1, 1), 0.0)
    return np.stack([w, corrected, defined.astype(np.float64)], axis=1)


def _pairs(count: Ints) -> Ints:
    return count * (count - 1) // 2
