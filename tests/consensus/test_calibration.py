"""Predictions against held-out votes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from prefqa.consensus.calibration import HeldOut, calibration, fit_slope, sharpen


def drawn(n: int, stretch: float, seed: int = 0) -> HeldOut:
    """Votes with known probabilities, predicted with log odds that are `stretch` times the true ones."""
    rng = np.random.default_rng(seed)
    true = rng.uniform(0.1, 0.9, n)
    return HeldOut(np.arange(n), sharpen(true, stretch), (rng.random(n) < true).astype(np.float64))


def test_loss_is_the_mean_of_minus_log_probability() -> None:
    votes = HeldOut(np.array([0, 0, 1]), np.array([0.8, 0.5, 0.25]), np.array([1.0, 0.5, 0.0]))
    losses = [-math.log(0.8), -math.log(0.5), -math.log(0.75)]
    mean, se = votes.loss()
    assert mean == pytest.approx(sum(losses) / 3)
    by_item = [losses[0] + losses[1] - 2 * mean, losses[2] - mean]
    assert se == pytest.approx(math.hypot(*by_item) / 3)


def test_gain_is_the_difference_of_losses_and_its_error_that_of_paired_votes() -> None:
    one, other = drawn(500, 1.0), drawn(500, 3.0)
    gain, se = one.gain(other)
    assert gain == pytest.approx(other.loss()[0] - one.loss()[0])
    assert 0 < se < math.hypot(one.loss()[1], other.loss()[1])
    assert one.gain(one) == (0.0, 0.0)


@pytest.mark.parametrize("stretch", [0.5, 1.0, 2.0])
def test_slope_undoes_what_stretched_the_predictions(stretch: float) -> None:
    assert fit_slope(drawn(20_000, stretch)) == pytest.approx(1 / stretch, rel=0.1)


def test_few_votes_move_little() -> None:
    assert fit_slope(drawn(10, 2.0)) == pytest.approx(1.0, abs=0.3)
    assert fit_slope(HeldOut(np.zeros(0, np.int64), np.zeros(0), np.zeros(0))) == 1.0


@pytest.mark.parametrize("stretch", [0.5, 1.0, 2.0])
def test_after_recalibration_observed_shares_are_the_predicted(stretch: float) -> None:
    steps = calibration(drawn(40_000, stretch))
    assert steps["n_votes"].sum() == 40_000
    z = ((steps["observed"] - steps["predicted"]) / steps["se"]).abs()
    assert z.max() < 4
    assert (steps["predicted"].is_between(steps["low"], steps["high"])).all()


def test_which_response_is_called_first_does_not_matter() -> None:
    votes = drawn(500, 1.3)
    turned = HeldOut(votes.item, 1 - votes.p, 1 - votes.share)
    assert np.allclose(calibration(votes).to_numpy(), calibration(turned).to_numpy())
    assert fit_slope(votes) == pytest.approx(fit_slope(turned))
    assert votes.loss() == pytest.approx(turned.loss())
