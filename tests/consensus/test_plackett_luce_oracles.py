"""Plackett-Luce against the R package PlackettLuce 0.4.5 and choix 0.4.1."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from prefqa.consensus.plackett_luce import ADHERENCE_PRIOR, plackett_luce
from prefqa.consensus.plackett_luce_likelihood import GammaPrior, choices, log_posterior
from prefqa.errors import UsageError

FRUIT = np.array([[1, 2, 0, 0], [4, 1, 2, 3], [2, 1, 1, 1], [1, 2, 3, 0], [2, 1, 1, 0], [1, 0, 3, 2]])
NETWORK = np.array(
    [[1, 2, 3, 0], [0, 1, 2, 3], [2, 1, 0, 3], [1, 2, 3, 0], [2, 0, 1, 3], [1, 0, 3, 2], [1, 2, 0, 0], [0, 1, 2, 0]]
)


def test_ties_equal_the_r_package() -> None:
    found = plackett_luce(FRUIT)
    expected = [0, 0.2942874275103, -0.7335113051942, -0.1190960478102]
    assert found.log_worth - found.log_worth[0] == pytest.approx(expected, abs=1e-5)
    assert found.log_likelihood == pytest.approx(-14.569739289133, abs=1e-5)


def test_pseudo_rankings_equal_the_r_package() -> None:
    found = plackett_luce(FRUIT, n_pseudo=0.5)
    expected = [0, 0.2528737722405, -0.6135068427113, -0.08688471285902]
    assert found.log_worth - found.log_worth[0] == pytest.approx(expected, abs=1e-5)


def test_partial_rankings_equal_the_r_package() -> None:
    found = plackett_luce(NETWORK)
    expected = [0, -0.4236536738151, -2.427451594175, -2.994004865323]
    assert found.log_worth - found.log_worth[0] == pytest.approx(expected, abs=1e-5)
    assert found.log_likelihood == pytest.approx(-7.392758619951, abs=1e-5)


def test_a_cycle_has_equal_worths() -> None:
    assert plackett_luce(np.array([[1, 2, 3], [3, 1, 2], [2, 3, 1]])).log_worth == pytest.approx(np.zeros(3), abs=1e-6)


def test_row_order_and_names_do_not_matter() -> None:
    rng = np.random.default_rng(1)
    rows, columns = rng.permutation(len(NETWORK)), rng.permutation(4)
    found = plackett_luce(NETWORK[rows][:, columns])
    assert found.log_worth == pytest.approx(plackett_luce(NETWORK).log_worth[columns], abs=1e-6)


def test_no_estimate_where_one_never_loses() -> None:
    with pytest.raises(UsageError):
        plackett_luce(np.array([[1, 2, 3], [1, 3, 2]]))


def case(oracles: Path, case_id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        c for c in json.loads((oracles / "consensus.json").read_text())["cases"] if c["id"] == case_id
    )
    return found


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("case_id", "optimum", "adherence"),
    [
        ("pl_fruit_adherence_separate", -74.271360, [0.8886, 0.8712, 0.8869, 0.9346, 0.8797, 0.9461]),
        ("pl_fruit_adherence_grouped", -74.288289, [0.8822, 0.9095, 0.9115]),
    ],
)
def test_adherences_equal_the_r_package(oracles: Path, case_id: str, optimum: float, adherence: list[float]) -> None:
    """PlackettLuce 0.4.5 with a normal prior of sd 3 on the log worths, which is added to our log posterior here.

    (Its figures have that prior: at its point they are ours less the sum of squares of the log worths, over 18.) The
    package alternates between worths and adherences, and stops within .01 of the joint optimum, which is higher.
    """
    found = case(oracles, case_id)
    ranks, expected = np.array(found["input"]["rankings"]), found["expected"]
    ranker = np.unique(found["input"].get("group", range(len(ranks))), return_inverse=True)[1]
    data = choices(ranks, np.ones(len(ranks)), ranker)
    prior = GammaPrior(*ADHERENCE_PRIOR, np.bincount(ranker).astype(float))

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = log_posterior(data, theta[:, None], prior)
        centred = np.append(theta[:4] - theta[:4].mean(), np.zeros(theta.size - 4))
        return float((centred**2).sum() / 18 - value[0]), centred / 9 - slope[:, 0]

    coefficients = list(expected["coef"].values())
    at_package = np.concatenate([coefficients, np.log(expected["adherence"])])
    assert loss(at_package)[0] == pytest.approx(-expected["logposterior"], abs=1e-5)
    best = minimize(loss, np.zeros(at_package.size), jac=True, tol=1e-10)
    assert best.fun == pytest.approx(-optimum, abs=1e-5)
    assert np.exp(best.x[6:]) == pytest.approx(adherence, abs=1e-4)
    assert best.x[:4] - best.x[0] == pytest.approx(coefficients[:4], abs=found["tol"])
    assert best.x[4:6] == pytest.approx(coefficients[4:], abs=found["tol"])
    assert np.exp(best.x[6:]) == pytest.approx(expected["adherence"], abs=found["tol"])
    # Without that prior, `plackett_luce` is the optimum of the same function.
    result = plackett_luce(ranks, group=ranker)
    at_ours = np.concatenate([result.log_worth, result.log_tie, np.log(result.adherence)])
    value, slope = log_posterior(data, at_ours[:, None], prior)
    assert result.converged
    assert result.log_posterior == pytest.approx(value[0])
    assert slope[:, 0] == pytest.approx(np.zeros(at_ours.size), abs=1e-6)


@pytest.mark.real_data
def test_nascar_equals_the_r_package(oracles: Path) -> None:
    """Hunter (2004), table 2: 36 races of 43 drivers each; four drivers of one race each, last, are left out."""
    found = case(oracles, "pl_nascar_hunter2004")
    n, coefficients = found["input"]["keep_first"], found["expected"]["coef"]
    names = found["input"]["drivers"][:n]
    ranks = np.zeros((len(found["input"]["orderings"]), n), np.int64)
    for row, order in zip(ranks, found["input"]["orderings"], strict=True):
        kept = [driver - 1 for driver in order if driver <= n]
        row[kept] = np.arange(1, len(kept) + 1)
    result = plackett_luce(ranks)
    assert result.log_worth - result.log_worth[0] == pytest.approx([coefficients[name] for name in names], abs=1e-5)
    assert result.log_likelihood == pytest.approx(found["expected"]["loglik"], abs=1e-5)
    published = {"PJ Jones": 4.15, "Scott Pruett": 3.62, "Mark Martin": 2.08, "Dick Trickle": -0.31}
    found_worths = dict(zip(names, result.log_worth - result.log_worth[0], strict=True))
    assert {name: round(float(found_worths[name]), 2) for name in published} == published


@pytest.mark.real_data
def test_davidson_equals_the_r_package(oracles: Path) -> None:
    found = case(oracles, "davidson_pudding")
    rankings, weights = [], []
    for row in found["input"]:
        for first, second, count in ((1, 2, row["w_ij"]), (2, 1, row["w_ji"]), (1, 1, row["t_ij"])):
            ranks = [0] * 6
            ranks[row["i"] - 1], ranks[row["j"] - 1] = first, second
            rankings.append(ranks)
            weights.append(count)
    result = plackett_luce(np.array(rankings), weights=np.array(weights, float))
    coefficients = [found["expected"]["coef"][str(i)] for i in range(1, 7)]
    assert result.log_worth - result.log_worth[0] == pytest.approx(coefficients, abs=1e-5)
