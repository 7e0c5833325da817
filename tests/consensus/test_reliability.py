"""The models of annotators against enumeration by hand, planted truth, and what must hold."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest
from scipy.optimize import minimize
from scipy.stats import spearmanr

import prefqa
from prefqa.consensus.bradley_terry import worths
from prefqa.consensus.choose import choose
from prefqa.consensus.posterior import independent_posterior, order_posterior
from prefqa.consensus.reliability import beliefs, fit_reliabilities
from prefqa.votes import buckets
from strategies import planted, preferences


@pytest.mark.parametrize("k", [2, 3, 4])
def test_posterior_equals_enumeration(k: int) -> None:
    rng = np.random.default_rng(k)
    pairs = list(itertools.combinations(range(k), 2))
    support = rng.normal(size=(5, len(pairs)))
    found = order_posterior(support, k, np.full(k - 1, 0.5))
    orders = list(itertools.permutations(range(k)))
    for i in range(5):
        kept = [sum(s for s, (a, b) in zip(support[i], pairs, strict=True) if o.index(a) < o.index(b)) for o in orders]
        p = np.exp(kept) / np.exp(kept).sum()
        better = [sum(q for q, o in zip(p, orders, strict=True) if o.index(a) < o.index(b)) for a, b in pairs]
        best = [sum(q for q, o in zip(p, orders, strict=True) if o[0] == r) for r in range(k)]
        assert found.better[i] == pytest.approx(better)
        assert found.best[i] == pytest.approx(best)
        assert found.entropy[i] == pytest.approx(-(p * np.log2(p)).sum())
    assert found.fresh == pytest.approx(np.full_like(support, 0.5))
    if k == 2:
        assert found.better == pytest.approx(independent_posterior(support, 2, np.array([0.7])).better)


def test_a_fresh_annotator_follows_the_mallows_marginals() -> None:
    phi, k = 0.8, 4
    orders = list(itertools.permutations(range(k)))
    wrong = [sum(o.index(a) > o.index(b) for a, b in itertools.combinations(range(k), 2)) for o in orders]
    p = np.exp(-phi * np.array(wrong)) / np.exp(-phi * np.array(wrong)).sum()
    expected = [sum(q for q, o in zip(p, orders, strict=True) if o.index(0) < o.index(h)) for h in range(1, k)]
    from prefqa.consensus import dispersion

    at = np.flatnonzero(np.isclose(dispersion.GRID, phi))
    assert dispersion.kept_in_order(k, "mallows")[at][0] == pytest.approx(expected)
    assert dispersion.log_z(k, "mallows")[at][0] * 6 == pytest.approx(np.log(np.exp(-phi * np.array(wrong)).sum()))


def test_reliabilities_are_found_and_the_careless_do_not_decide() -> None:
    true = [0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.5]
    prefs = planted(400, true, k=4, per_item=3, seed=1)
    by_mallows = prefqa.consensus(prefs, method="mallows")
    assert spearmanr(by_mallows.annotators["reliability"], true).statistic > 0.95

    def right(method: str) -> float:
        pairs = prefqa.consensus(prefs, method=method).pairs()  # type: ignore[arg-type]
        won = pl.when("tie").then(0.5).otherwise((pl.col("chosen_id") < pl.col("rejected_id")).cast(pl.Float64))
        return float(pairs.select(won.mean()).item())

    assert right("mallows") > right("majority") + 0.03
    assert right("mallows") > right("kemeny") + 0.03
    assert right("auto") > right("mallows") - 0.005


def test_with_two_responses_mallows_is_dawid_skene() -> None:
    prefs = planted(200, [0.9, 0.8, 0.7, 0.6], k=2, per_item=3, seed=2)
    one, two = (prefqa.consensus(prefs, method=method) for method in ("mallows", "dawid-skene"))  # type: ignore[arg-type]
    assert one.annotators["reliability"].to_numpy() == pytest.approx(two.annotators["reliability"].to_numpy())
    assert one.pairs()["p_better"].to_numpy() == pytest.approx(two.pairs()["p_better"].to_numpy())


def test_an_annotator_below_chance_is_reported() -> None:
    prefs = planted(300, [0.9, 0.85, 0.8, 0.85, 0.1], k=3, per_item=4, seed=3)
    result = prefqa.consensus(prefs, method="mallows")
    assert result.overall["annotators_below_chance"] == ["a04"]
    assert result.annotators["below_chance"].to_list() == [False] * 4 + [True]


def test_reliability_error_is_the_spread_over_campaigns() -> None:
    found = []
    for seed in range(30):
        prefs = planted(60, [0.9, 0.8, 0.75, 0.7, 0.65], k=3, per_item=3, seed=seed)
        frame = prefqa.consensus(prefs, method="dawid-skene").annotators
        found.append((frame["reliability"].to_numpy(), frame["reliability_se"].to_numpy()))
    spread = np.std([share for share, _ in found], axis=0)
    said = np.mean([se for _, se in found], axis=0)
    assert (said / spread > 0.5).all()
    assert (said / spread < 1.6).all()


@pytest.mark.parametrize(("k", "n_annotators"), [(2, 12), (4, 12), (4, 60)])
def test_auto_is_calibrated_against_planted_truth(k: int, n_annotators: int) -> None:
    reliabilities = list(np.random.default_rng(5).beta(4, 2, n_annotators))
    # The error of an error-free forecast is .4 sqrt(bins / pairs): few items would fail for lack of pairs.
    n_items = 6_000 if k == 2 else 1_500
    pairs = prefqa.consensus(planted(n_items, reliabilities, k, 3, seed=4)).pairs(ties="drop")
    binned = pairs.select(
        p="p_better", right=(pl.col("chosen_id") < pl.col("rejected_id")).cast(pl.Float64)
    ).with_columns(bin=(pl.col("p") * 20).floor())
    error = binned.group_by("bin").agg(gap=(pl.col("p") - pl.col("right")).sum().abs())["gap"].sum() / binned.height
    assert error < 0.03


def test_auto_says_why() -> None:
    prefs = planted(100, [0.9, 0.8, 0.6], k=3, per_item=1, seed=1)
    alone = prefqa.consensus(prefs)
    assert alone.method == "majority"
    assert "have two judgments or more, so there is nothing to compare by" in alone.overall["why"]
    together = prefqa.consensus(planted(300, [0.95, 0.9, 0.5, 0.5], k=3, per_item=3, seed=1))
    assert together.method == "mallows"
    assert "log loss" in together.overall["why"]
    assert sum(row["chosen"] for row in together.overall["candidates"]) == 1


def test_the_choice_is_the_least_held_out_loss() -> None:
    coded = planted(200, [0.9, 0.8, 0.7, 0.5], k=3, per_item=3, seed=6).coded()
    found = choose(list(buckets(coded)), 4)
    best = found.table.sort("log_loss").row(0, named=True)
    assert (best["method"], best["prior_votes"]) == (found.candidate.method, found.candidate.prior_votes)
    assert found.table["n_votes"].unique().to_list() == [600]


def test_where_no_gain_is_clear_majority_stays() -> None:
    """Items differ in how divided people are, all annotators are alike: votes are beta-binomial, which is majority's
    model, so others can only be ahead by chance."""
    kept = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        first = rng.random((400, 3)) < rng.beta(0.3, 0.3, (400, 1))
        frame = pl.DataFrame(
            {
                "item_id": [f"i{i:03}" for i in np.repeat(np.arange(400), 6)],
                "annotator_id": [f"a{a}" for a in np.tile(np.repeat(np.arange(3), 2), 400)],
                "response_id": ["x", "y"] * 1_200,
                "rank": np.stack([2 - first, 1 + first], axis=2).ravel(),
            }
        )
        choice = choose(list(buckets(preferences(frame).coded())), 3)
        kept.append(choice.candidate.method == "majority")
    assert sum(kept) >= 4, kept


def test_many_responses_are_taken_pair_by_pair() -> None:
    bucket = next(iter(buckets(planted(30, [0.9, 0.8, 0.7], k=9, per_item=3, seed=7).coded())))
    found = beliefs(bucket, fit_reliabilities([bucket], 3, "mallows"))
    assert np.isnan(found.best).all()
    assert found.better + found.better.transpose(0, 2, 1) == pytest.approx(np.ones((30, 9, 9)))


def test_worths_equal_a_general_optimiser() -> None:
    rng = np.random.default_rng(8)
    wins = rng.integers(0, 4, (3, 4, 4))
    wins[:, range(4), range(4)] = 0
    ties = np.triu(rng.integers(0, 2, (3, 4, 4)), 1)
    ties = ties + ties.transpose(0, 2, 1)
    theta, covariance = worths(wins, ties)
    won = wins + ties / 2
    for i in range(3):

        def loss(t: np.ndarray, won: np.ndarray = won[i]) -> float:
            return float((won * np.log1p(np.exp(t[None, :] - t[:, None]))).sum() + (t**2).sum() / 2)

        found = minimize(loss, np.zeros(4), tol=1e-10)
        assert theta[i] == pytest.approx(found.x, abs=1e-5)
        step = 1e-4 * np.eye(4)
        at = found.x
        curvature = [
            [(loss(at + a + b) - loss(at + a - b) - loss(at - a + b) + loss(at - a - b)) / 4e-8 for a in step]
            for b in step
        ]
        assert covariance[i] == pytest.approx(np.linalg.inv(curvature), abs=1e-4)
