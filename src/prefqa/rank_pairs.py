"""Moments of pairs of rankings: for each unit, sums over its pairs of judgments; for each judgment, over its pairs.

What a unit's sum loses without a judgment is the sum over the pairs that the judgment is in. So no pair is compared
twice, however many judgments are left out in turn.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from prefqa._types import Bools, Floats, Ints
from prefqa.errors import SizeError
from prefqa.rank_comparisons import OF_PAIR, Distinct, small, sums_of_pairs, sums_of_vectors

#: Sums over pairs of rankings, and what the mean number of rankings of a response is made of.
NAMES = (
    *OF_PAIR,
    "ranked",  # ranks in rankings of two or more responses, where some two rankings share two (rho_weight > 0)
    "responses",  # responses that stand in any of these
)
_PAIRS = slice(0, len(OF_PAIR))
_WEIGHT = NAMES.index("rho_weight")
#: Complete rankings of a unit are summed as vectors where there are more than this, and so many ranks, of them.
_SEVERAL = 32
_MANY_RANKS = 2000
#: Beyond so many comparisons of two ranks (minutes of them) whole rankings are not compared.
MAX_COMPARISONS = 20_000_000_000


class Rankings(NamedTuple):
    """Judgments of some units, those of a unit side by side: `ranks` [J, k], 0 = not ranked, and per unit `starts`."""

    ranks: Ints
    starts: Ints

    @property
    def unit(self) -> Ints:
        """Index of the unit of each judgment."""
        lengths = np.diff(np.append(self.starts, len(self.ranks)))
        return np.repeat(np.arange(self.starts.size), lengths)


def rank_pair_moments(of: Rankings) -> tuple[Floats, Floats]:
    """Return the sums of each unit, [U, len(NAMES)], and what they lose without each judgment, [J, len(NAMES)].

    Two rankings are compared on the responses that both rank, ranked anew among these.

    Raises:
        SizeError: some item has so many different partial rankings that comparing them takes too long.
    """
    n_units = of.starts.size
    whole, lost = np.zeros((n_units, len(NAMES))), np.zeros((len(of.ranks), len(NAMES)))
    rows, which = _distinct(of)
    as_vectors = _are_vectors(rows, n_units)
    of_rows = np.zeros((len(rows.ranks), len(OF_PAIR)))
    for unit in np.flatnonzero(as_vectors):
        low, high = np.searchsorted(rows.unit, [unit, unit + 1])
        of_rows[low:high] = sums_of_vectors(rows.ranks[low:high], rows.times[low:high])
        whole[unit, _PAIRS] = rows.times[low:high] @ of_rows[low:high] / 2
    in_pairs = ~as_vectors[rows.unit]
    _refuse_too_many(rows.select(in_pairs))
    sums, of_rows[in_pairs] = sums_of_pairs(rows.select(in_pairs), n_units)
    whole[:, _PAIRS] += sums
    lost[:, _PAIRS] = of_rows[which]
    _add_ranked(of, whole, lost)
    return whole, lost


def packed(ranks: Ints) -> Ints:
    """Each judgment as one integer where 63 bits hold its ranks; else its place among the distinct rank vectors."""
    width = int(ranks.max(initial=0)).bit_length()
    if width * ranks.shape[1] > 63:
        _, inverse = np.unique(ranks, axis=0, return_inverse=True)
        return inverse.reshape(-1)
    code = np.zeros(len(ranks), np.int64)
    for slot in range(ranks.shape[1]):
        code <<= width
        code |= ranks[:, slot]
    return code


def _distinct(of: Rankings) -> tuple[Distinct, Ints]:
    """The distinct rankings of each unit, and which of them each judgment is."""
    anew = ranked_anew(of.ranks)
    code = np.unique(packed(anew), return_inverse=True)[1].reshape(-1)
    n_codes = int(code.max(initial=0)) + 1
    found, number = np.unique(of.unit * n_codes + code, return_inverse=True)
    some = np.empty(found.size, np.int64)
    some[number] = np.arange(number.size)
    times = np.bincount(number, minlength=found.size).astype(np.float64)
    return Distinct(anew[some], found // n_codes, times), number


def ranked_anew(ranks: Ints) -> Ints:
    """Return the same orders with the ranks 1, 2, 3 and so on, 0 = not ranked, in a small type."""
    order = np.argsort(ranks, axis=1, kind="stable")
    ordered = np.take_along_axis(ranks, order, axis=1)
    new = ordered > 0
    new[:, 1:] &= ordered[:, 1:] != ordered[:, :-1]
    anew = np.zeros(ranks.shape, small(ranks.shape[1] + 1))  # one more than there are ranks, for "below all"
    np.put_along_axis(anew, order, np.cumsum(new, axis=1, dtype=anew.dtype), axis=1)
    return anew


def _are_vectors(rows: Distinct, n_units: int) -> Bools:
    """Which units have many complete rankings and no partial one."""
    partial = (rows.ranks == 0).any(axis=1)
    n, n_partial = (np.bincount(rows.unit, weights, n_units) for weights in (None, partial))
    return np.asarray((n_partial == 0) & (n > _SEVERAL) & (n * rows.ranks.shape[1] > _MANY_RANKS))


def _refuse_too_many(rows: Distinct) -> None:
    n_ranks = np.bincount(rows.unit, (rows.ranks > 0).sum(axis=1))
    n = float((n_ranks**2).sum()) / 2
    if n > MAX_COMPARISONS:
        worst = int(n_ranks.argmax())
        many = int((rows.unit == worst).sum())
        raise SizeError(
            f"comparing whole rankings in pairs takes {n:.2g} comparisons of ranks, and {MAX_COMPARISONS:.2g} is the "
            f"most: one item alone has {many:,} different rankings, of which some leave out responses",
            hint="ask for coefficients that do not compare whole rankings, such as "
            "coefficients = ['alpha_nominal', 'percent_agreement'], or leave out that item.",
        )


def _add_ranked(of: Rankings, whole: Floats, lost: Floats) -> None:
    """Fill in `ranked` and `responses`, which an item has only as long as two of its rankings share two responses."""
    ranked, unit = of.ranks > 0, of.unit
    counted = ranked & (ranked.sum(axis=1) >= 2)[:, None] & (whole[unit, _WEIGHT] > 0)[:, None]
    of_responses = np.add.reduceat(counted, of.starts, axis=0, dtype=np.int64)
    whole[:, -2], whole[:, -1] = of_responses.sum(axis=1), (of_responses > 0).sum(axis=1)
    lost[:, -2] = counted.sum(axis=1)
    lost[:, -1] = (counted & (of_responses == 1)[unit]).sum(axis=1)
    nothing_left = lost[:, _WEIGHT] == whole[unit, _WEIGHT]
    lost[nothing_left, -2:] = whole[unit[nothing_left], -2:]
