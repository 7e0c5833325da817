"""Plackett-Luce against the R package PlackettLuce 0.4.5 and choix 0.4.1."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from prefqa.consensus.plackett_luce import plackett_luce
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


@pytest.mark.real_data
def test_davidson_equals_the_r_package(oracles: Path) -> None:
    case: dict[str, Any] = next(
        c for c in json.loads((oracles / "consensus.json").read_text())["cases"] if c["id"] == "davidson_pudding"
    )
    rankings, weights = [], []
    for row in case["input"]:
        for first, second, count in ((1, 2, row["w_ij"]), (2, 1, row["w_ji"]), (1, 1, row["t_ij"])):
            ranks = [0] * 6
            ranks[row["i"] - 1], ranks[row["j"] - 1] = first, second
            rankings.append(ranks)
            weights.append(count)
    found = plackett_luce(np.array(rankings), weights=np.array(weights, float))
    coefficients = [case["expected"]["coef"][str(i)] for i in range(1, 7)]
    assert found.log_worth - found.log_worth[0] == pytest.approx(coefficients, abs=1e-5)
