"""The parameters of a vote's model: penalised maximum likelihood by L-BFGS with the exact gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeAlias

import numpy as np
import polars as pl

from prefqa._types import Floats, Ints, sum_by
from prefqa.drift.model import PRIORS, Group, Slopes, VoteModel, all_slopes, gaps, groups, slopes, weighted
from prefqa.drift.vote_table import VoteTable

Each: TypeAlias = Callable[[VoteModel], Iterable[tuple[Group, Slopes]]]


def fit(votes: VoteTable, *, single: bool, free: tuple[int, ...] | None = None) -> VoteModel:
    """Fit the model to votes; parameters of annotators and periods without votes stay at their prior.

    The features `free` weigh otherwise in each period, and so do thresholds, unless it is None.

    Each parameter moves in units of about its standard error, since common ones rest on thousands of times the votes
    of an annotator's: it takes a third of the steps.
    """
    from scipy.optimize import minimize

    shape = _Shape.of(votes, single=single, free=free)
    grouped, unit = list(groups(votes)), shape.unit(votes)
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:

        def each(model: VoteModel) -> Iterable[tuple[Group, Slopes]]:
            return zip(grouped, pool.map(lambda group: slopes(group, gaps(group, model), model), grouped), strict=True)

        def objective(moved: Floats) -> tuple[float, Floats]:
            value, gradient = _objective(moved * unit, votes, shape, each)
            return value, gradient * unit

        found = minimize(
            objective, shape.start() / unit, jac=True, method="L-BFGS-B",
            options={"maxiter": 300, "maxcor": 20, "ftol": 1e-6},
        )  # fmt: skip
    return shape.model(found.x * unit)


class _Shape(NamedTuple):
    """Where each parameter stands in the vector that the optimiser moves."""

    n_features: int
    n_annotators: int
    n_strata: int
    n_periods: int
    habits: Ints
    ties: bool
    single: bool
    n_models: int = 0
    free: tuple[int, ...] | None = None

    @classmethod
    def of(cls, votes: VoteTable, *, single: bool, free: tuple[int, ...] | None = None) -> _Shape:
        habits = np.flatnonzero(~votes.is_common)
        ties = bool((votes.said == 0).any()) and bool((votes.said != 0).any())
        sizes = (len(votes.names), len(votes.annotators), len(votes.strata), len(votes.periods))
        return cls(*sizes, habits, ties, single, 0 if votes.models is None else votes.n_models, free)

    def sizes(self) -> list[int]:
        people = self.n_annotators
        by_period = 0 if self.free is None else self.n_periods
        shared = [self.n_strata, self.n_periods, self.n_models, by_period * len(self.free or ()), by_period * self.ties]
        return [self.n_features, people, people * self.habits.size, 1, people, 1, *shared]

    def parts(self, vector: Floats) -> list[Floats]:
        """Cut the vector.

        beta, log care, habits, mean log threshold, its deviations, mean log sigma, its two deviations, quality, moves,
        widths.
        """
        return np.split(vector, np.cumsum(self.sizes())[:-1])

    def start(self) -> Floats:
        vector = np.zeros(sum(self.sizes()))
        vector[sum(self.sizes()[:3])] = np.log(0.3)
        return vector

    def unit(self, votes: VoteTable) -> Floats:
        """Roughly the standard error of each parameter: its prior, and some information from each vote it is in."""
        person, squares = votes.annotator, votes.x.T**2
        of_person = sum_by(person, np.ones(votes.n), self.n_annotators)
        habits = [sum_by(person, squares[f], self.n_annotators) for f in self.habits]
        of_stratum, of_period = (
            sum_by(group, np.ones(votes.n), n)
            for group, n in ((votes.stratum, self.n_strata), (votes.period, self.n_periods))
        )
        all_votes = np.array([votes.n])
        information = [
            0.15 * squares.sum(axis=1),
            0.1 * of_person,
            0.15 * np.ravel(np.stack(habits, axis=1) if habits else []),
            *(0.03 * n for n in (all_votes, of_person, all_votes, of_stratum, of_period)),
            0.15 * self.of_models(votes, np.ones(votes.n), 1),
            0.15 * self.of_periods(votes, squares),
            0.03 * of_period if self.free is not None and self.ties else np.zeros(0),
        ]
        precision = self.penalty(np.ones(sum(self.sizes())))[1]
        return np.asarray(1 / np.sqrt(np.concatenate(information) + precision))

    def of_models(self, votes: VoteTable, values: Floats, sign: int = -1) -> Floats:
        """Sum of values over the votes on each model's responses; those on the second response by `sign`."""
        if votes.models is None or not self.n_models:
            return np.zeros(0)
        first, second = (sum_by(side, values, self.n_models + 1) for side in votes.models.T)
        return np.asarray((first + sign * second)[:-1])

    def of_periods(self, votes: VoteTable, values: Floats) -> Floats:
        """Sums by period of the values [n_features, n_votes] of the features that move by period."""
        sums = [sum_by(votes.period, values[at], self.n_periods) for at in self.free or ()]
        return np.ravel(np.stack(sums, axis=1)) if sums else np.zeros(0)

    def penalty(self, vector: Floats) -> tuple[float, Floats]:
        sds = ("beta", "care", "habit", None, "threshold", None, "stratum", "period", "model", "move", "width")
        rate = [0.01 if sd is None else 1 / PRIORS[sd] ** 2 for sd in sds]
        rates = np.repeat(rate, self.sizes())
        return float(rates @ vector**2 / 2), rates * vector

    def model(self, vector: Floats) -> VoteModel:
        beta, care, habits, mean_c, c, mean_sigma, by_stratum, by_period, quality, moved, widths = self.parts(vector)
        habit = np.zeros((self.n_annotators, self.n_features))
        habit[:, self.habits] = habits.reshape(self.n_annotators, -1)
        log_sigma = mean_sigma + by_stratum[:, None] + by_period[None, :]
        sigma = np.zeros_like(log_sigma) if self.single else np.exp(np.clip(log_sigma, -6, 3))
        threshold = np.exp(np.clip(mean_c + c, -8, 4)) if self.ties else None
        known = np.append(quality, 0.0) if quality.size else quality
        moves = np.zeros((self.n_periods if self.free else 0, self.n_features))
        if self.free:
            moves[:, list(self.free)] = moved.reshape(self.n_periods, -1)
        care = np.exp(np.clip(care, -6, 4))
        return VoteModel(beta, care, habit, threshold, sigma, self.single, known, moves, np.clip(widths, -4, 4))


def _objective(vector: Floats, votes: VoteTable, shape: _Shape, each: Each) -> tuple[float, Floats]:
    """Minus the penalised log likelihood and its gradient, by Fisher's identity over the nodes.

    `each` gives the slopes of all groups of votes by a model.
    """
    model, a = shape.model(vector), votes.annotator
    gap, gap_z, of_c, log_likelihood = all_slopes(votes, each(model))
    care = model.care[a]
    by_gap = care * gap
    from_spread = care * model.sigma[votes.stratum, votes.period] * gap_z
    people = shape.n_annotators
    columns = votes.x.T
    habits = [sum_by(a, gap * columns[f], people) for f in shape.habits]
    by_person = sum_by(a, of_c, people)
    shared = weighted(model.weights(votes.period), columns)
    if votes.models is not None and model.quality.size:
        first, second = model.quality[votes.models.T]
        shared = shared + first - second
    gradient = np.concatenate(
        [
            [float((by_gap * column).sum()) for column in columns],
            sum_by(a, by_gap * shared + from_spread, people),
            np.stack(habits, axis=1).ravel() if habits else np.zeros(0),
            [by_person.sum()],
            by_person,
            [from_spread.sum()],
            sum_by(votes.stratum, from_spread, shape.n_strata),
            sum_by(votes.period, from_spread, shape.n_periods),
            shape.of_models(votes, by_gap),
            shape.of_periods(votes, by_gap * columns),
            sum_by(votes.period, of_c, shape.n_periods) if model.widths.size else np.zeros(0),
        ]
    )
    penalty, pull = shape.penalty(vector)
    return penalty - log_likelihood, pull - gradient
