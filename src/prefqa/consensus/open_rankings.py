"""Rankings that leave an order open (ties, responses not ranked): their exact likelihood under a Mallows model."""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial

import numpy as np

from prefqa._types import Bools, Floats, Ints
from prefqa.consensus.kemeny import strict_orders
from prefqa.votes import votes_on_pairs

#: log odds at which likelihoods are tabled; between them log likelihoods are taken as straight lines.
NODES = np.linspace(-4.0, 7.0, 45)
#: Up to this many responses, and to tables of this many numbers, the likelihood is exact.
EXACT_UP_TO = 6
_MAX_CELLS = 1 << 24


@dataclass(frozen=True)
class OpenRankings:
    """The judgments of a bucket that leave an order open.

    `is_open` [n judgments]; `pattern` [n judgments], which of the distinct judgments it is (0 where not open);
    `log_likelihood` [nodes, patterns, k!]: log p(judgment | order) at each of NODES.
    """

    is_open: Bools
    pattern: Ints
    log_likelihood: Floats

    def at(self, rows: Ints, phi: Floats) -> Floats:
        """Return log p(judgment | order) [n, k!] of some judgments, by annotators of log odds `phi` [n]."""
        step = NODES[1] - NODES[0]
        place = np.clip((phi - NODES[0]) / step, 0, NODES.size - 1 - 1e-9)
        low = place.astype(np.int64)
        share = (place - low)[:, None]
        pattern = self.pattern[rows]
        between = (1 - share) * self.log_likelihood[low, pattern] + share * self.log_likelihood[low + 1, pattern]
        return np.asarray(between, np.float64)

    def expected(self, rows: Ints, belief: Floats) -> Floats:
        """Return [n, nodes], the log likelihood of some judgments expected under `belief` [n, k!] about the order."""
        pattern = self.pattern[rows]
        order = np.argsort(pattern, kind="stable")
        out = np.empty((rows.size, NODES.size))
        for alike in np.split(order, np.flatnonzero(np.diff(pattern[order])) + 1):
            if alike.size:
                out[alike] = belief[alike] @ self.log_likelihood[:, pattern[alike[0]]].T
        return out


def open_rankings(ranks: Ints) -> OpenRankings | None:
    """Table the likelihood of the judgments that leave an order open; None where there are none, or too many kinds.

    A judgment stands for all strict orders that keep its votes; its probability is the sum of theirs,

        p(judgment | order) = sum over s consistent with it of exp(-phi d(s, order)) / Z(phi),

    with d the number of pairs turned round. So a response that is not ranked may stand anywhere, and tied ones in
    either order. Taking its pairs as independent evidence instead would count twice what they share.

    Args:
        ranks: [n judgments, k], 0 = not ranked.

    Source: Lu and Boutilier (2014), Effective sampling and learning for Mallows models with pairwise-preference data.
    """
    k = ranks.shape[1]
    if k > EXACT_UP_TO:
        return None
    is_open, code = vote_codes(ranks)
    if not is_open.any():
        return None
    _, first, number = np.unique(code[is_open], return_index=True, return_inverse=True)
    if NODES.size * first.size * factorial(k) > _MAX_CELLS:
        return None
    position = strict_orders(k).astype(np.int64)
    a, b = np.triu_indices(k, 1)
    kept = np.where(position[:, a] < position[:, b], 1.0, -1.0)
    votes = votes_on_pairs(ranks[is_open][first])
    consistent = np.asarray(((votes[:, None] * kept) >= 0).all(axis=2), np.float64)
    distance = (a.size - kept @ kept.T) / 2
    pattern = np.zeros(ranks.shape[0], np.int64)
    pattern[is_open] = number
    return OpenRankings(is_open, pattern, np.stack([_log_sum(consistent, distance, phi) for phi in NODES]))


def vote_codes(ranks: Ints) -> tuple[Bools, Ints]:
    """Return whether each judgment leaves an order open, and a number that tells judgments with other votes apart.

    For up to 9 responses: the votes on the pairs of more are no number of 64 bits.
    """
    n, k = ranks.shape
    is_open, code = np.zeros(n, np.bool_), np.zeros(n, np.int64)
    for a in range(k):
        for b in range(a + 1, k):
            one, other = ranks[:, a], ranks[:, b]
            vote = np.sign(other - one) * ((one > 0) & (other > 0))
            is_open |= vote == 0
            code = 3 * code + vote + 1
    return is_open, code


def _log_sum(consistent: Floats, distance: Floats, phi: float) -> Floats:
    """Return log of the share of exp(-phi distance) [k!, k!] that the consistent orders [patterns, k!] have."""
    weight = np.exp(-phi * distance - max(-phi * distance.max(), 0.0))
    return np.asarray(np.log(consistent @ weight) - np.log(weight[0].sum()), np.float64)
