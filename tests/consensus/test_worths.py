"""Worths per item: Plackett-Luce and annotator-weighted Bradley-Terry against other packages and brute force."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.optimize import minimize
from scipy.special import log_expit

import prefqa
from prefqa.consensus.bradley_terry import worths
from prefqa.consensus.plackett_luce_items import item_worths
from prefqa.consensus.weighted_bradley_terry import vote_weight, weighted_bradley_terry
from prefqa.votes import buckets
from strategies import preferences

#: So wide a prior that the estimate is that of maximum likelihood.
FLAT = 1e4


def case(oracles: Path, case_id: str) -> dict:  # type: ignore[type-arg]
    return next(c for c in json.loads((oracles / "consensus.json").read_text())["cases"] if c["id"] == case_id)


def pair_votes(seed: int, eta: np.ndarray, n_items: int, per_item: int, k: int = 2) -> prefqa.Preferences:
    """One vote per judgment on a pair of the item, from worths ~ N(0, 1) and the given discriminations."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=(n_items, k))
    rows = []
    for item in range(n_items):
        for annotator in rng.choice(eta.size, per_item, replace=False):
            a, b = rng.choice(k, 2, replace=False)
            first = rng.random() < 1 / (1 + np.exp(-eta[annotator] * (theta[item, a] - theta[item, b])))
            rows += [(f"i{item:04}", f"a{annotator:02}", f"r{a}", 2 - first)]
            rows += [(f"i{item:04}", f"a{annotator:02}", f"r{b}", 1 + first)]
    schema = ["item_id", "annotator_id", "response_id", "rank"]
    return preferences(pl.DataFrame(rows, schema=schema, orient="row"))


@pytest.mark.real_data
@pytest.mark.parametrize("case_id", ["choix_rankings-1", "choix_top1-1", "choix_pairwise-1", "ck_bt_cycle_equal"])
def test_cycles_have_equal_worths(oracles: Path, case_id: str) -> None:
    """choix 0.4.1 and crowd-kit's fixtures; a choice of one out of several ties the others in last place."""
    rows = {
        "choix_rankings-1": [[1, 2, 3], [3, 1, 2], [2, 3, 1]],
        "choix_top1-1": [[1, 2, 2], [2, 1, 2], [2, 2, 1]],
        "choix_pairwise-1": [[1, 2, 0], [0, 1, 2], [2, 0, 1]],
        "ck_bt_cycle_equal": [[1, 2, 0], [0, 1, 2], [2, 0, 1]],
    }
    expected = case(oracles, case_id)["expected"]
    worth = expected.get("ml_est") or np.log(3 * np.array(list(expected["scores"].values())))
    theta, _ = item_worths(np.array(rows[case_id]), np.array([0]), FLAT)
    assert theta[0] == pytest.approx(worth, abs=1e-6)


@pytest.mark.real_data
def test_bradley_terry_equals_choix(oracles: Path) -> None:
    """choix 0.4.1: maximum likelihood, and `opt` whose penalty alpha * sum theta^2 is a prior of sd 1/sqrt(2 alpha)."""
    found = case(oracles, "choix_pairwise_120")
    wins = np.zeros((1, 6, 6), np.int64)
    for winner, loser in found["input"]["data"]:
        wins[0, winner, loser] += 1
    ties = np.zeros_like(wins)
    assert worths(wins, ties, FLAT)[0][0] == pytest.approx(found["expected"]["opt"], abs=1e-5)
    assert worths(wins, ties, np.sqrt(1 / 0.2))[0][0] == pytest.approx(found["expected"]["opt_alpha01"], abs=1e-5)


@pytest.mark.real_data
def test_plackett_luce_without_ties_equals_the_r_package(oracles: Path) -> None:
    """PlackettLuce 0.4.5 on partial rankings of four fruits."""
    found = case(oracles, "pl_triples_mle")
    theta, _ = item_worths(np.array(found["input"]["rankings"]), np.array([0]), FLAT)
    assert theta[0] - theta[0, 0] == pytest.approx(list(found["expected"]["coef"].values()), abs=1e-5)


def test_plackett_luce_equals_a_general_optimiser_with_ties_and_partial_rankings() -> None:
    rng = np.random.default_rng(2)
    ranks = rng.integers(0, 4, (12, 4))
    starts = np.array([0, 3, 4, 9])
    theta, covariance = item_worths(ranks, starts)
    for i, part in enumerate(np.split(ranks, starts[1:])):

        def loss(t: np.ndarray, part: np.ndarray = part) -> float:
            total = (t**2).sum() / 2
            for row in part:
                for rank in set(row[row > 0]):
                    tied, left = np.flatnonzero(row == rank), np.flatnonzero(row >= rank)
                    choices = tied.size - (tied.size == left.size)
                    total -= choices * (t[tied].mean() - np.log(np.exp(t[left]).sum()))
            return float(total)

        found = minimize(loss, np.zeros(4), tol=1e-10)
        assert theta[i] == pytest.approx(found.x, abs=1e-5)
        at, step = found.x, 1e-3 * np.eye(4)
        curvature = [
            [(loss(at + a + b) - loss(at + a - b) - loss(at - a + b) + loss(at - a - b)) / 4e-6 for a in step]
            for b in step
        ]
        assert covariance[i] == pytest.approx(np.linalg.inv(curvature), abs=1e-4)


def test_with_two_responses_plackett_luce_is_bradley_terry() -> None:
    prefs = prefqa.simulate(80, 2, tie_threshold=0.4, seed=1, texts=False).preferences
    one, two = (prefqa.consensus(prefs, method=m).pairs() for m in ("bradley-terry", "plackett-luce"))  # type: ignore[arg-type]
    assert one["probability"].to_numpy() == pytest.approx(two["probability"].to_numpy(), abs=1e-9)
    assert one.drop("probability", "margin", "p_better", "weight", "entropy").equals(
        two.drop("probability", "margin", "p_better", "weight", "entropy")
    )


def test_discriminations_maximise_the_integrated_posterior() -> None:
    """Two responses: the worths integrated out on a grid, discriminations by scipy. A normal posterior per item is an
    approximation; it is within .1 or a twelfth here, of discriminations from -.5 to 2."""
    planted = np.array([-0.5, 0.3, 0.8, 1.2, 1.6, 2.0])
    prefs = pair_votes(3, planted, 500, 4)
    (bucket,) = buckets(prefs.coded())
    vote = np.sign(bucket.ranks[:, 1] - bucket.ranks[:, 0]).reshape(500, 4)
    who = bucket.annotator.reshape(500, 4)
    d = np.linspace(-7, 7, 141)
    weight = np.exp(-(d**2) / 4)

    def loss(eta: np.ndarray) -> float:
        log = log_expit((vote * eta[who])[:, :, None] * d).sum(axis=1)
        return float(-np.log(np.exp(log) @ weight).sum() + ((eta - 1) ** 2).sum() / 2)

    expected = minimize(loss, np.ones(6)).x
    _, found = weighted_bradley_terry([bucket], 6)
    assert found.converged
    assert np.abs(found.eta - expected).max() < 0.1 + np.abs(expected).max() / 12


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
def test_votes_of_a_ranking_weigh_what_random_rankings_spread_less_than_independent_votes(n: int) -> None:
    a, b = np.triu_indices(n, 1)
    agreeing = [(np.array(order)[a] < np.array(order)[b]).sum() for order in permutations(range(n))]
    assert vote_weight(np.array([n]))[0] == pytest.approx(a.size / 4 / np.var(agreeing))


def test_annotators_who_agree_are_not_taken_for_perfect() -> None:
    """Rankings by worth and Gumbel noise. With all six votes at their face value the best run to the bound."""
    rng = np.random.default_rng(0)
    eta = np.repeat([0.2, 1.0, 2.0, 4.0], 5)
    theta = rng.normal(size=(1_500, 4))
    who = np.argsort(rng.random((1_500, 20)), axis=1)[:, :3]
    worth = eta[who][:, :, None] * theta[:, None, :] + rng.gumbel(size=(1_500, 3, 4))
    frame = pl.DataFrame(
        {
            "item_id": [f"i{i:04}" for i in np.repeat(np.arange(1_500), 12)],
            "annotator_id": [f"a{a:02}" for a in np.repeat(who.ravel(), 4)],
            "response_id": [f"r{r}" for r in np.tile(np.arange(4), 4_500)],
            "rank": (-worth).argsort(axis=2).argsort(axis=2).ravel() + 1,
        }
    )
    result = prefqa.consensus(preferences(frame), method="weighted-bradley-terry")
    found = result.annotators["discrimination"].to_numpy()
    assert np.corrcoef(found, eta)[0, 1] > 0.97
    assert found.max() < 5
    pairs = result.pairs()
    better = theta[
        pairs["item_id"].str.slice(1).cast(pl.Int64).to_numpy()[:, None],
        pairs.select(pl.col("chosen_id", "rejected_id").str.slice(1).cast(pl.Int64)).to_numpy(),
    ]
    right = better[:, 0] > better[:, 1]
    assert abs(right.mean() - pairs["p_better"].to_numpy().mean()) < 0.05


def test_with_equal_discriminations_the_order_is_that_of_bradley_terry() -> None:
    rows = [(f"a{a}", f"r{(r + a) % 3}", r + 1) for a in range(6) for r in range(3)]
    rows += [(f"b{a}", f"r{r}", r + 1) for a in range(3) for r in range(3)]
    frame = pl.DataFrame(rows, schema=["annotator_id", "response_id", "rank"], orient="row")
    prefs = preferences(frame.with_columns(item_id=pl.lit("p")))
    places = [
        prefqa.consensus(prefs, method=m).responses["place"].to_list()  # type: ignore[arg-type]
        for m in ("bradley-terry", "weighted-bradley-terry", "plackett-luce")
    ]
    assert places == [[1, 2, 3]] * 3


def test_the_careful_count_for_more_and_the_contrary_are_reported() -> None:
    planted = np.array([-2.0, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0])
    result = prefqa.consensus(pair_votes(4, planted, 500, 4), method="weighted-bradley-terry")
    found = result.annotators["discrimination"].to_numpy()
    assert np.corrcoef(found, planted)[0, 1] > 0.9
    assert result.overall["annotators_below_chance"] == ["a00"]
    assert result.annotators["discrimination_se"].is_between(0, 0.5).all()
    assert result.annotators["position_bias"].null_count() == 8


def test_one_annotator_is_believed() -> None:
    frame = pl.DataFrame({"item_id": "p", "annotator_id": "a", "response_id": ["x", "y", "z"], "rank": [2, 1, 3]})
    for method in ("weighted-bradley-terry", "plackett-luce"):
        result = prefqa.consensus(preferences(frame), method=method)  # type: ignore[arg-type]
        assert result.responses["place"].to_list() == [2, 1, 3]
        assert result.pairs()["probability"].is_between(0.5, 0.9, closed="none").all()
