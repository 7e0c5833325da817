"""What one more judgment tells: against Bayes by hand, and against judgments that were then bought."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta, norm

import prefqa
from prefqa.consensus.information import (
    beta_votes,
    coin_votes,
    kinds_of_annotators,
    normal_votes,
    order_gain,
    order_information,
    pair_outlook,
    ranking_kernel,
)
from prefqa.consensus.posterior import order_probabilities
from prefqa.errors import UsageError
from strategies import judgments, planted, preferences

METHODS = ("majority", "borda", "kemeny", "dawid-skene", "mallows", "bradley-terry")


def entropy(p: np.ndarray) -> float:
    p = p[p > 0]
    return float(-(p * np.log2(p)).sum())


@pytest.mark.parametrize("k", [2, 3, 4])
def test_information_and_gain_equal_bayes_by_hand(k: int) -> None:
    """Every ranking that could come, the posterior after it, and what that would be worth."""
    rng = np.random.default_rng(k)
    pairs = list(itertools.combinations(range(k), 2))
    orders = list(itertools.permutations(range(k)))
    support, phi = rng.normal(size=(4, len(pairs))), np.array([0.3, 1.2, -0.5])

    def keeps(order: tuple[int, ...]) -> np.ndarray:
        return np.array([order.index(a) < order.index(b) for a, b in pairs])

    def right(w: np.ndarray) -> float:
        p = sum(weight * keeps(order) for weight, order in zip(w, orders, strict=True))
        return float(np.maximum(p, 1 - p).sum())

    kernels = [ranking_kernel(k, each) for each in phi]
    p_orders = order_probabilities(support, k)
    bits, gains = order_information(p_orders, kernels), order_gain(p_orders, k, kernels)
    for i in range(4):
        w = np.exp([support[i] @ keeps(order) for order in orders])
        w /= w.sum()
        fall, gain = 0.0, 0.0
        for each in phi:
            likelihood = np.array([[np.exp(-each * (keeps(r) != keeps(o)).sum()) for o in orders] for r in orders])
            likelihood /= likelihood.sum(axis=0)
            for row in likelihood:
                p = float(row @ w)
                after = row * w / p
                fall += p * (entropy(w) - entropy(after)) / len(phi)
                gain += p * (right(after) - right(w)) / len(phi)
        assert bits[i] == pytest.approx(fall)
        assert gains[i] == pytest.approx(gain, abs=1e-12)


def test_with_two_responses_orders_are_pairs() -> None:
    support, phi = np.array([[-1.5], [0.0], [0.4], [3.0]]), 0.8
    right = 1 / (1 + np.exp(-phi))
    information, gain = pair_outlook(*coin_votes(1 / (1 + np.exp(-support)), right))
    p_orders, kernels = order_probabilities(support, 2), [ranking_kernel(2, phi)]
    assert order_information(p_orders, kernels) == pytest.approx(information[:, 0])
    assert order_gain(p_orders, 2, kernels) == pytest.approx(gain[:, 0])


@given(st.floats(-4, 4), st.floats(0.01, 3))
def test_the_normal_posterior_is_integrated_right(d: float, v: float) -> None:
    p, fresh, joint = (float(x[0]) for x in normal_votes(np.array([d]), np.array([v])))
    density = norm(d, np.sqrt(v)).pdf
    low, high = d - 9 * np.sqrt(v), d + 9 * np.sqrt(v)

    def integral(a: float, b: float) -> float:
        return float(quad(lambda x: density(x) / (1 + np.exp(-x)), a, b, limit=200)[0]) if b > a else 0.0

    assert p == pytest.approx(norm.sf(0, d, np.sqrt(v)), abs=1e-9)
    assert joint == pytest.approx(integral(max(low, 0), high), abs=1e-7)
    assert fresh == pytest.approx(integral(low, high), abs=1e-7)


@given(st.integers(0, 6), st.integers(0, 6), st.floats(0.1, 20))
def test_the_beta_posterior_is_integrated_right(n_for: int, n_against: int, a: float) -> None:
    p, fresh, joint = beta_votes(np.array(float(n_for)), np.array(float(n_against)), a)
    share = beta(n_for + a, n_against + a)
    assert float(p) == pytest.approx(share.sf(0.5))
    assert float(fresh) == pytest.approx(share.mean())
    assert float(joint) == pytest.approx(quad(lambda s: s * share.pdf(s), 0.5, 1)[0], abs=1e-6)


@given(st.floats(0, 1), st.floats(0.01, 0.99))
def test_a_vote_never_harms_and_tells_at_most_one_bit(p: float, right: float) -> None:
    information, gain = pair_outlook(*coin_votes(np.array([p]), right))
    assert 0 <= information[0] <= 1
    assert 0 <= gain[0] <= 0.5
    nothing, none = pair_outlook(*coin_votes(np.array([p]), 0.5))
    assert (nothing[0], none[0]) == pytest.approx((0, 0), abs=1e-12)


def test_an_odd_majority_cannot_be_turned_by_one_more_vote() -> None:
    _, gain = pair_outlook(*beta_votes(np.array([2.0, 1.0]), np.array([1.0, 1.0]), 1.0))
    assert gain[0] == pytest.approx(0)
    assert gain[1] > 0.1


@given(st.lists(st.tuples(st.floats(-2, 4), st.floats(0.1, 5)), min_size=1, max_size=20))
def test_the_kinds_of_annotators_have_the_mean_of_the_pool(pool: list[tuple[float, float]]) -> None:
    phi, weight = (np.array(each) for each in zip(*pool, strict=True))
    kinds = kinds_of_annotators(phi, weight, 3)
    assert kinds.mean() == pytest.approx((phi * weight).sum() / weight.sum())
    assert (np.diff(kinds) > -1e-9).all()


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=20)
@given(frame=judgments(), budget=st.integers(1, 8), seed=st.integers(0, 9))
def test_a_plan_is_within_its_bounds_and_depends_on_no_row_order(
    method: Any, frame: pl.DataFrame, budget: int, seed: int
) -> None:
    result = prefqa.consensus(preferences(frame), method=method)
    plan = result.plan(budget)
    assert plan.n_judgments == plan.items.height == min(budget, plan.n_items)
    assert plan.n_pairs == sum(k * (k - 1) // 2 for k in result.items["k"])
    if plan.n_items:
        assert plan.accuracy_now is not None
        assert plan.accuracy_planned is not None
        assert plan.accuracy_random is not None
        assert 0.5 - 1e-9 <= plan.accuracy_now <= plan.accuracy_planned + 1e-9 <= 1 + 2e-9
        assert plan.accuracy_now <= plan.accuracy_random + 1e-9
        gained = plan.items["gain"].sum() / plan.n_pairs
        assert plan.accuracy_planned - plan.accuracy_now == pytest.approx(gained, abs=1e-9)
        assert (plan.items["information"] <= plan.items["n_pairs"] + 1e-9).all()
        assert plan.items["information"].is_sorted(descending=True)
        if method == "mallows":
            known = plan.items.join(result.items.select("item_id", "entropy"), on="item_id")
            assert (known["information"] <= known["entropy"].fill_null(np.inf) + 1e-9).all()
    other = frame.with_columns(annotator_id=pl.format("z{}", pl.col("annotator_id").str.reverse()))
    again = prefqa.consensus(preferences(other.sample(fraction=1, shuffle=True, seed=seed)), method=method).plan(budget)
    assert again.items["item_id"].equals(plan.items["item_id"])
    assert again.items["information"].to_list() == pytest.approx(plan.items["information"].to_list(), abs=1e-6)


@settings(max_examples=20)
@given(judgments(), st.integers(1, 8))
def test_information_does_not_depend_on_names(frame: pl.DataFrame, budget: int) -> None:
    renamed = frame.with_columns(
        pl.format("x{}", 9 - pl.col(n).str.slice(-1).cast(pl.Int64)).alias(n) for n in ("item_id", "response_id")
    )
    one, two = (prefqa.consensus(preferences(each), method="mallows").plan(budget) for each in (frame, renamed))
    assert one.items["information"].to_list() == pytest.approx(two.items["information"].to_list(), abs=1e-6)
    assert (one.n_at_border, one.n_taken_at_border) == (two.n_at_border, two.n_taken_at_border)


def test_sure_items_come_last() -> None:
    frame = pl.DataFrame(
        [
            {"item_id": item, "annotator_id": f"a{j}", "response_id": r, "rank": rank if vote else 3 - rank}
            for item, votes in {"sure": [1, 1, 1, 1], "split": [1, 1, 0, 0], "new": [1]}.items()
            for j, vote in enumerate(votes)
            for rank, r in ((1, "x"), (2, "y"))
        ]
    )
    for method in METHODS:
        plan = prefqa.consensus(preferences(frame), method=method).plan(10)  # type: ignore[arg-type]
        assert plan.items["item_id"].to_list()[2] == "sure"
        assert dict(plan.items.select("item_id", "n_judgments").rows()) == {"split": 4, "new": 1, "sure": 4}


def test_equals_at_the_border_are_picked_by_seed_and_counted() -> None:
    result = prefqa.consensus(planted(200, [0.8] * 3, k=2, per_item=1, seed=1), method="majority")
    one, two = result.plan(20), result.plan(20, seed=1)
    assert (one.n_at_border, one.n_taken_at_border) == (200, 20)
    assert one.accuracy_planned == pytest.approx(two.accuracy_planned)
    assert set(one.items["item_id"]) != set(two.items["item_id"])


def test_six_and_seven_responses_are_still_exact() -> None:
    result = prefqa.consensus(planted(4, [0.9, 0.8, 0.7], k=6, per_item=2, seed=1), method="mallows")
    plan = result.plan(2)
    assert plan.items["gain"].null_count() == 0
    left = result.items.filter(pl.col("item_id").is_in(plan.items["item_id"].to_list()))
    assert (plan.items.sort("item_id")["information"] <= left["entropy"]).all()
    nothing_known, phi = np.full((1, 5040), 1 / 5040), 0.7
    # The information of a ranking of which nothing is known beforehand is log2 k! minus the entropy of a Mallows model.
    powers = [np.exp(-phi * np.arange(j)) for j in range(1, 8)]
    noise = sum(-(each / each.sum() * np.log2(each / each.sum())).sum() for each in powers)
    expected = np.log2(5040) - noise
    assert order_information(nothing_known, [ranking_kernel(7, phi)])[0] == pytest.approx(expected)


def test_what_a_plan_promises_comes_true_and_beats_chance() -> None:
    """Share of pairs put in the true order when the third judgment of 300 of 1,000 items is bought, four campaigns."""
    promised, planned, by_chance = [], [], []
    reliabilities = list(np.random.default_rng(3).beta(4, 2, 20))
    for seed in range(4):
        rows = planted(1_000, reliabilities, k=3, per_item=3, seed=seed).judgments.collect()
        rows = rows.select("item_id", "annotator_id", "response_id", "rank")
        judged = rows.select("item_id", "annotator_id").unique().sort("item_id", "annotator_id")
        last = judged.sample(fraction=1, shuffle=True, seed=seed).group_by("item_id", maintain_order=True).first()
        shop, seen = (rows.join(last, on=["item_id", "annotator_id"], how=how) for how in ("semi", "anti"))  # type: ignore[arg-type]

        def fit(frame: pl.DataFrame) -> tuple[prefqa.ConsensusResult, float]:
            result = prefqa.consensus(preferences(frame), method="mallows")
            right = pl.when("tie").then(0.5).otherwise((pl.col("chosen_id") < pl.col("rejected_id")).cast(pl.Float64))
            return result, float(result.pairs().select(right.mean()).item())

        def after(ids: pl.DataFrame, seen: pl.DataFrame = seen, shop: pl.DataFrame = shop) -> float:
            return fit(pl.concat([seen, shop.join(ids, on="item_id", how="semi")]))[1]

        result, now = fit(seen)
        plan = result.plan(300)
        assert plan.accuracy_planned is not None
        assert plan.accuracy_now is not None
        promised.append(plan.accuracy_planned - plan.accuracy_now)
        planned.append(after(plan.items) - now)
        by_chance.append(after(last.sample(300, seed=seed)) - now)
    assert np.mean(planned) == pytest.approx(np.mean(promised), abs=0.01)
    assert np.mean(planned) > np.mean(by_chance) + 0.005


def test_without_a_budget_or_a_pair_there_is_no_plan() -> None:
    result = prefqa.consensus(planted(2, [0.8], k=2, per_item=1, seed=1), method="majority")
    with pytest.raises(UsageError, match="budget"):
        result.plan(0)
    alone = preferences(pl.DataFrame({"item_id": ["p"], "annotator_id": ["a"], "response_id": ["x"], "rank": [1]}))
    plan = prefqa.consensus(alone).plan(5)
    assert (plan.n_judgments, plan.accuracy_now, plan.to_dict()["items"]) == (0, None, [])
