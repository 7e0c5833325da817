"""Probabilities of graded votes by the gap of a pair, on a grid; see `prefqa.consensus.graded`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prefqa._types import Floats

if TYPE_CHECKING:
    from prefqa.consensus.graded_likelihood import Parameters

#: The grid of gaps reaches so many standard deviations.
REACH = 4.5


class Curves:
    """Probabilities of all answers of each code at each node of the grid.

    Attributes:
        gaps: the nodes, symmetric around 0. `log_weight`: their weights. `log_p`: [codes, answers, nodes].
        first: [codes, nodes], probability that the first is preferred, a tie half.
    """

    def __init__(self, of: Parameters) -> None:
        """Compute them all."""
        from scipy.special import expit, log_expit

        self.of = of
        edge = np.linspace(-REACH, REACH, of.n_nodes + 1)
        z = (edge[1:] + edge[:-1]) / 2
        self.log_weight = -(z**2) / 2 - np.log(np.exp(-(z**2) / 2).sum())
        self.gaps = of.spread * z
        cuts = of.cuts
        # eta [codes, G, nodes]; the other direction is its mirror image on the grid
        eta = of.slope[:, None, None] * self.gaps - (of.stretch[:, None] * cuts)[:, :, None]
        self.up = expit(eta)
        above, below = log_expit(eta), log_expit(-eta)
        self.inner = of.stretch[:, None] * np.append(of.steps[1:], np.inf)  # from each cut point to the next
        graded = above.copy()
        graded[:, :-1] += below[:, 1:] + np.log(-np.expm1(-self.inner[:, :-1]))[:, :, None]
        self.tie_width = 2 * of.stretch * cuts[0]
        with np.errstate(divide="ignore"):
            tie = below[:, 0] + below[:, 0, ::-1] + np.log(-np.expm1(-self.tie_width))[:, None]
        unknown = above[:, :1]
        tie = np.maximum(tie, -700.0)  # without ties in the votes there is no such answer
        self.log_p = np.concatenate([unknown[..., ::-1], graded[:, ::-1, ::-1], tie[:, None], graded, unknown], axis=1)
        self.first = (1 + self.up[:, 0] - self.up[:, 0, ::-1]) / 2

    @property
    def n_free(self) -> int:
        """Length of `slopes`."""
        return 1 + self.of.steps.size + 2 * (self.of.slope.size - 1)

    def mean_grade(self, values: Floats) -> Floats:
        """Mean strength of a vote, for the first less for the second, [codes, nodes]."""
        gains = np.diff(values, prepend=0.0)
        return np.asarray(np.einsum("g,jgq->jq", gains, self.up - self.up[..., ::-1]), np.float64)

    def score(self) -> Floats:
        """Slope of `log_p` by the slope of each code, [codes, answers, nodes]."""
        graded = 1 - self.up
        graded[:, :-1] -= self.up[:, 1:]
        tie = self.up[:, 0, ::-1] - self.up[:, 0]
        parts = [tie[:, None] * self.gaps, graded * self.gaps, (1 - self.up[:, :1]) * self.gaps]
        return np.concatenate([parts[2][..., ::-1], parts[1][:, ::-1, ::-1], *parts], axis=1)

    def inverse_given_direction(self) -> Floats:
        """1 / probability of an answer given the direction of the vote, [codes, answers, nodes]; 1 where it has none.

        Averaged over the posterior of a gap, it is 1 / probability of the answer given the other votes on the pair.
        """
        g, out = self.of.steps.size, np.ones(self.log_p.shape)
        out[:, 1 : g + 1] = np.exp(self.log_p[:, :1] - self.log_p[:, 1 : g + 1])
        out[:, g + 2 : 2 * g + 2] = np.exp(self.log_p[:, 2 * g + 2 :] - self.log_p[:, g + 2 : 2 * g + 2])
        return out

    def folded(self, expected: Floats) -> tuple[Floats, Floats, Floats]:
        """Expected votes by grade [codes, G, nodes], of unknown grade and ties [codes, nodes], turned to the first."""
        g = self.of.steps.size
        graded = expected[:, g + 2 : 2 * g + 2] + expected[:, g:0:-1, ::-1]
        return graded, expected[:, 2 * g + 2] + expected[:, 0, ::-1], expected[:, g + 1]

    def slopes(self, expected: Floats) -> Floats:
        """Slope of the expected log likelihood by log spread, log steps, slopes and log stretches."""
        of = self.of
        graded, unknown, tie = self.folded(expected)
        pull = graded * (1 - self.up)
        pull[:, 0] += unknown * (1 - self.up[:, 0]) - (tie + tie[:, ::-1]) * self.up[:, 0]
        pull[:, 1:] -= graded[:, :-1] * self.up[:, 1:]
        by_gap, by_cut = pull.sum(axis=1) @ self.gaps, pull.sum(axis=2)
        # log(1 - exp(-x)) has the slope x / (exp(x) - 1) by log x
        n_inner, n_tie = graded.sum(axis=2)[:, :-1], tie.sum(axis=1)
        inner = n_inner * _per_log(self.inner[:, :-1])
        ties = n_tie * _per_log(self.tie_width)
        by_stretch = -of.stretch * (by_cut @ of.cuts) + inner.sum(axis=1) + ties
        behind = np.cumsum(by_cut[:, ::-1], axis=1)[:, ::-1]
        by_step = -of.steps * (of.stretch @ behind)
        by_step[1:] += inner.sum(axis=0)
        by_step[0] += ties.sum()
        by_spread = of.slope @ by_gap
        return np.concatenate([[by_spread], by_step, by_gap[1:], by_stretch[1:]])


def _per_log(x: Floats) -> Floats:
    """Return x / (exp(x) - 1), and 1 at 0."""
    return np.divide(x * np.exp(-x), -np.expm1(-x), out=np.ones_like(x), where=x > 0)
