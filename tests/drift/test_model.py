"""The model of a vote: its likelihood against numerical integration, its gradient against differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import approx_fprime
from scipy.special import expit
from scipy.stats import norm

import prefqa
from prefqa.drift import fit, model
from prefqa.drift.periods import cut
from prefqa.drift.rankings import rankings
from prefqa.drift.vote_table import VoteTable


def votes(seed: int = 1, **options: Any) -> VoteTable:
    settings = {"n_items": 60, "n_responses": 2, "weeks": 3, "tie_threshold": 0.3, "texts": False} | options
    prefs = prefqa.simulate(**settings, seed=seed).preferences
    periods = cut(prefs, time=None, every=None, version=None, batch=None)
    assert periods is not None
    return rankings(periods).votes()


def parameters(
    table: VoteTable, seed: int = 0, free: tuple[int, ...] | None = None
) -> tuple[Any, np.ndarray[Any, Any]]:
    shape = fit._Shape.of(table, single=False, free=free)
    vector = np.random.default_rng(seed).normal(0, 0.3, sum(shape.sizes()))
    return shape, vector


def slopes(table: VoteTable, fitted: model.VoteModel) -> list[tuple[model.Group, model.Slopes]]:
    return [(group, model.slopes(group, model.gaps(group, fitted), fitted)) for group in model.groups(table)]


def objective(vector: Any, table: VoteTable, shape: Any) -> Any:
    return fit._objective(vector, table, shape, lambda fitted: slopes(table, fitted))


@pytest.mark.parametrize("free", [None, (0, 1)])
def test_the_gradient_is_the_derivative_of_the_objective(free: tuple[int, ...] | None) -> None:
    """With constant weights, and with weights and thresholds that differ by period."""
    table = votes(n_models=4)
    shape, vector = parameters(table, free=free)
    _, gradient = objective(vector, table, shape)
    differences = approx_fprime(vector, lambda at: objective(at, table, shape)[0], 1e-6)
    assert np.abs(gradient - differences).max() < 1e-4 * max(1.0, np.abs(gradient).max())


def test_the_likelihood_of_a_unit_is_its_integral_over_z() -> None:
    table = votes()
    shape, vector = parameters(table)
    fitted = shape.model(vector)
    assert fitted.threshold is not None
    first = table.take(table.unit < 5)
    total = 0.0
    for unit in range(5):
        mine = first.take(first.unit == unit)

        def likelihood(z: float, mine: VoteTable = mine) -> float:
            a = mine.annotator
            gap = fitted.care[a] * (mine.x @ fitted.beta + fitted.sigma[mine.stratum, mine.period] * z)
            gap = gap + (mine.x * fitted.habit[a]).sum(axis=1)
            assert mine.models is not None
            first, second = fitted.quality[mine.models.T]
            gap = gap + fitted.care[a] * (first - second)
            upper, lower = expit(gap - fitted.threshold[a]), expit(gap + fitted.threshold[a])
            chance = np.where(mine.said > 0, upper, np.where(mine.said < 0, 1 - lower, lower - upper))
            return float(norm.pdf(z) * chance.prod())

        total += np.log(quad(likelihood, -8, 8)[0])
    assert model.all_slopes(first, slopes(first, fitted)).log_likelihood == pytest.approx(total, abs=2e-3)


def test_planted_weights_are_found_in_their_ratio_to_what_is_not_recorded() -> None:
    """Length has weight .5 and quality 1 per standard deviation, and so have their differences."""
    table = votes(n_items=1500, length_bias=0.5, spammers=0.0, tie_threshold=0.1)
    fitted = fit.fit(table, single=False)
    length = table.names.index("length")
    spread_of_quality = np.sqrt(2)
    per_unit = fitted.beta[length] / table.scale[length] * 0.5  # log length has standard deviation .5
    assert per_unit / (fitted.sigma.mean() / spread_of_quality) == pytest.approx(0.5, rel=0.2)


def test_without_a_second_vote_the_spread_is_left_out() -> None:
    table = votes(annotators_per_item=1)
    fitted = fit.fit(table, single=True)
    assert not fitted.sigma.any()
