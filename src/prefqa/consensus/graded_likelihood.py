"""The likelihood of graded votes, gaps integrated out on a grid, and its slope; see `prefqa.consensus.graded`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from prefqa._types import Bools, Floats, Ints
from prefqa.consensus.graded_curves import Curves
from prefqa.votes import Bucket, votes_on_pairs

if TYPE_CHECKING:
    from scipy.sparse import csr_array

#: Fewest and most nodes of the grid; even, so that none is 0.
NODES = (64, 256)
#: Standard deviations of the weak priors: logarithms of the steps between cut points, and of the spread of gaps.
STEP_SD, SPREAD_SD = 2.0, 1.0
_LARGEST_SLOPE, _LARGEST_LOG = 40.0, 4.0
#: Information of a vote about a parameter, roughly: by its root they are brought to one scale.
_PER_VOTE = 0.25
_CHUNK, _MAX_ITERATIONS = 50_000, 300


@dataclass(frozen=True)
class GradedVotes:
    """Votes of each pair by kind: `counts` [pairs, codes * answers], sparse.

    An answer is 0 .. 2G + 2: second by an unknown grade, by G .. 1, tie, first by 1 .. G, by an unknown grade. `code`
    is that of each annotator, 0 for those who count as the pool does; `votes_of`, how many votes each gave.
    """

    counts: csr_array
    code: Ints
    n_codes: int
    n_grades: int
    votes_of: Floats

    @classmethod
    def of(cls, buckets: Sequence[Bucket], code: Ints, n_grades: int, ignored: Bools | None = None) -> GradedVotes:
        """Count the votes of some buckets, annotators by their code; of those `ignored` by the direction alone."""
        from scipy.sparse import csr_array, vstack

        width, n_codes, parts = 2 * n_grades + 3, int(code.max(initial=0)) + 1, []
        votes_of = np.zeros(code.size)
        ignored = np.zeros(code.size, np.bool_) if ignored is None else ignored
        for bucket in buckets:
            first, second = np.triu_indices(bucket.k, 1)
            voted = (bucket.ranks[:, first] > 0) & (bucket.ranks[:, second] > 0)
            way = votes_on_pairs(bucket.ranks).astype(np.int64)
            grade = np.zeros(len(way), np.int64) if bucket.grade is None else bucket.grade
            grade = np.where(ignored[bucket.annotator], 0, grade)
            answer = n_grades + 1 + way * np.where(grade > 0, grade, n_grades + 1)[:, None]
            row, pair = np.nonzero(voted)
            column = code[bucket.annotator[row]] * width + answer[row, pair]
            shape = (len(bucket.item) * first.size, n_codes * width)
            parts.append(csr_array((np.ones(row.size), (bucket.unit[row] * first.size + pair, column)), shape=shape))
            votes_of += np.bincount(bucket.annotator[row], minlength=code.size)
        counts = vstack(parts, format="csr") if parts else csr_array((0, n_codes * width))
        return cls(counts, code, n_codes, n_grades, votes_of)

    @property
    def n_pairs(self) -> int:
        """Number of pairs."""
        return int(self.counts.shape[0])

    def every(self, stride: int) -> GradedVotes:
        """Return every stride-th pair."""
        return replace(self, counts=self.counts[::stride])

    def means(self, curves: Curves, functions: Floats, which: Ints | None = None) -> Floats:
        """Return the posterior means of functions of the gap [nodes, F], for each pair [pairs, F].

        With `which`, one of the functions for each pair: [pairs].
        """
        parts, start = [np.zeros((0,) if which is not None else (0, functions.shape[1]))], 0
        for _, post, _ in self._parts(curves):
            of_part = slice(start, start + len(post))
            parts.append(post @ functions if which is None else (post * functions.T[which[of_part]]).sum(axis=1))
            start += len(post)
        return np.concatenate(parts)

    def expected(self, curves: Curves) -> tuple[float, Floats]:
        """Return the log likelihood, and the votes expected at each node, [codes, answers, nodes]."""
        total, expected = 0.0, np.zeros((self.counts.shape[1], curves.gaps.size))
        for counts, post, value in self._parts(curves):
            total += value
            expected += counts.T @ post
        return total, expected.reshape(self.n_codes, -1, curves.gaps.size)

    def _parts(self, curves: Curves) -> Iterator[tuple[csr_array, Floats, float]]:
        log_p = curves.log_p.reshape(-1, curves.gaps.size)
        for start in range(0, self.n_pairs, _CHUNK):
            counts = self.counts[start : start + _CHUNK]
            joint = np.asarray(counts @ log_p) + curves.log_weight
            most = joint.max(axis=1, keepdims=True)
            np.exp(joint - most, out=joint)
            total = joint.sum(axis=1, keepdims=True)
            joint /= total
            yield counts, joint, float((most + np.log(total)).sum())

    def entries(self, curves: Curves) -> Iterator[tuple[Ints, Floats, Floats]]:
        """Yield, of each kind of vote on a pair, its column in `counts`, how many there are, and the posterior."""
        for counts, post, _ in self._parts(curves):
            found = counts.tocoo()
            for start in range(0, found.data.size, _CHUNK):
                part = slice(start, start + _CHUNK)
                yield found.col[part], found.data[part], post[found.row[part]]


def graded_votes(buckets: Sequence[Bucket], n_annotators: int, n_grades: int, least: int) -> GradedVotes:
    """Count votes; annotators with fewer than `least` of them get the code 0, the others codes of their own."""
    plain = GradedVotes.of(buckets, np.zeros(n_annotators, np.int64), n_grades)
    own = plain.votes_of >= least
    return GradedVotes.of(buckets, np.where(own, np.cumsum(own), 0), n_grades)


@dataclass(frozen=True)
class Parameters:
    """Spread of gaps, steps of the cut points (the first 0 where nobody ties), and slope and stretch of each code."""

    spread: float
    steps: Floats
    slope: Floats
    stretch: Floats
    prior_sd: float
    n_nodes: int

    @classmethod
    def start(cls, votes: GradedVotes, prior_sd: float) -> Parameters:
        """Begin with annotators who are alike, and cut points at the shares of the answers."""
        width, g = 2 * votes.n_grades + 3, votes.n_grades
        total = np.asarray(votes.counts.sum(axis=0), np.float64).reshape(-1, width).sum(axis=0)
        ties, decided = total[g + 1], total[g + 2 : 2 * g + 2] + total[g:0:-1]
        at_least = (np.cumsum(decided[::-1])[::-1] + 0.5) / (decided.sum() + ties + 1)
        cuts = -2 * np.log(at_least / (2 - at_least))
        steps = np.maximum(np.diff(cuts, prepend=0.0), 0.1)
        if not ties:
            steps[0] = 0.0
        most = float(votes.counts.sum(axis=1).max()) if votes.n_pairs else 1.0
        nodes = int(np.clip(2 * np.ceil(12 * np.sqrt(most)), *NODES))
        ones = np.ones(votes.n_codes)
        return cls(1.5, steps, ones, ones.copy(), prior_sd, nodes)

    @property
    def cuts(self) -> Floats:
        """The cut points c_1 .. c_G."""
        return np.cumsum(self.steps)

    def vector(self) -> Floats:
        """Return what is free, without bounds: log spread, log steps, slopes and log stretches of codes from 1."""
        steps = np.log(self.steps[self._first :])
        return np.concatenate([[np.log(self.spread)], steps, self.slope[1:], np.log(self.stretch[1:])])

    @property
    def _first(self) -> int:
        return int(self.steps[0] == 0)

    def at(self, vector: Floats) -> Parameters:
        """Return the parameters of a vector."""
        n = self.steps.size - self._first
        steps, (slope, stretch) = vector[1 : 1 + n], np.split(vector[1 + n :], 2)
        fixed = np.ones(1)
        return replace(
            self, spread=float(np.exp(vector[0])), steps=np.concatenate([np.zeros(self._first), np.exp(steps)]),
            slope=np.concatenate([fixed, slope]), stretch=np.concatenate([fixed, np.exp(stretch)]),
        )  # fmt: skip

    def loss(self, votes: GradedVotes) -> tuple[float, Floats]:
        """Return the negative log posterior and its slope by `vector`."""
        curves = Curves(self)
        value, expected = votes.expected(curves)
        vector, slope = self.vector(), curves.slopes(expected)[np.r_[0, 1 + self._first : curves.n_free]]
        n, width = self.steps.size - self._first, self.slope.size - 1
        mean, sd = np.zeros(vector.size), np.full(vector.size, self.prior_sd)
        sd[0], sd[1 : 1 + n], mean[1 + n : 1 + n + width] = SPREAD_SD, STEP_SD, 1.0
        off = (vector - mean) / sd
        return float((off**2).sum() / 2 - value), off / sd - slope

    def climb(self, votes: GradedVotes, tolerance: float) -> tuple[Parameters, int, bool]:
        """Return the parameters of the largest posterior, with the number of iterations and whether they sufficed.

        By L-BFGS in coordinates in which the likelihood of an annotator's votes does not depend on those of the pool:
        spread times slope, and the last step times stretch; each in units of its standard error, roughly. It ends when
        the log posterior rises by less than `tolerance` times itself.
        """
        from scipy.optimize import minimize

        n, width = self.steps.size - self._first, self.slope.size - 1
        of_code = np.asarray(votes.counts.sum(axis=0), np.float64).reshape(votes.n_codes, -1).sum(axis=1)
        own = 1 / np.sqrt(_PER_VOTE * of_code[1:] + self.prior_sd**-2)
        whole, pool = (1 / np.sqrt(_PER_VOTE * x + width / self.prior_sd**2 + 1) for x in (of_code.sum(), of_code[0]))
        unit = np.concatenate([[pool], np.full(n - 1, whole), [pool], own, own])
        reach = np.repeat([_LARGEST_LOG, _LARGEST_SLOPE, 2 * _LARGEST_LOG], [1 + n, width, width])

        def loss(x: Floats) -> tuple[float, Floats]:
            vector = _apart(x * unit, n)
            value, slope = self.at(vector).loss(votes)
            return value, _slope_together(slope, vector, n) * unit

        start = np.clip(_together(self.vector(), n), -reach, reach) / unit
        found = minimize(
            loss, start, jac=True, method="L-BFGS-B", bounds=list(zip(-reach / unit, reach / unit, strict=True)),
            options={"maxiter": _MAX_ITERATIONS, "ftol": tolerance, "gtol": 1e-2, "maxcor": 20},
        )  # fmt: skip
        return self.at(_apart(found.x * unit, n)), int(found.nit), bool(found.success)


def _together(vector: Floats, n: int) -> Floats:
    """From `Parameters.vector` with n steps to the coordinates of `climb`."""
    spread, steps, last = vector[0], vector[1 : 1 + n], vector[n]
    slope, stretch = np.split(vector[1 + n :], 2)
    return np.concatenate([[spread], steps[:-1] - last, [last], np.exp(spread) * slope, stretch + last])


def _apart(x: Floats, n: int) -> Floats:
    """Undo `_together`."""
    slope, stretch = np.split(x[1 + n :], 2)
    return np.concatenate([x[:1], x[1:n] + x[n], x[n : n + 1], np.exp(-x[0]) * slope, stretch - x[n]])


def _slope_together(slope: Floats, vector: Floats, n: int) -> Floats:
    """Turn slopes by `Parameters.vector` into those by the coordinates of `climb`."""
    by_slope, by_stretch = np.split(slope[1 + n :], 2)
    spread = slope[0] - by_slope @ np.split(vector[1 + n :], 2)[0]
    last = slope[1 : 1 + n].sum() - by_stretch.sum()
    return np.concatenate([[spread], slope[1:n], [last], np.exp(-vector[0]) * by_slope, by_stretch])
