"""Intervals: against a sandwich written out, against each other, and how often they hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import t

import prefqa
from consensus.leaderboard.battles import battles, drawn
from prefqa.consensus.leaderboard import LeaderboardResult


def covariance_written_out(rows: list[tuple[int, int, int]], cluster: list[Any], theta: np.ndarray[Any, Any]) -> Any:
    """Sandwich of the scores of 0 .. m - 1, votes (first, second, 1 or -1) and clusters one by one."""
    m = theta.size
    information, slopes = np.zeros((m, m)), {c: np.zeros(m) for c in cluster}
    for (a, b, won), c in zip(rows, cluster, strict=True):
        p = 1 / (1 + np.exp(theta[b] - theta[a]))
        x = np.zeros(m)
        x[a], x[b] = 1, -1
        information += p * (1 - p) * np.outer(x, x)
        slopes[c] += ((won > 0) - p) * x
    inverse = np.linalg.pinv(information)
    n = len(slopes)
    return inverse @ sum(np.outer(s, s) for s in slopes.values()) @ inverse * n / (n - 1)


def test_the_sandwich_equals_one_written_out() -> None:
    rng = np.random.default_rng(2)
    n = 120
    pair = [tuple(int(i) for i in rng.choice(4, 2, replace=False)) for _ in range(n)]
    won = rng.choice([1, -1], n)
    items, annotators = rng.integers(0, 25, n), np.arange(n)
    words = [("0123"[a], "0123"[b], "left" if w > 0 else "right") for (a, b), w in zip(pair, won, strict=True)]
    found = prefqa.leaderboard(battles(words, list(items), list(annotators)))
    theta = found.leaderboard.sort("name")["score"].to_numpy()
    rows = [(a, b, int(w)) for (a, b), w in zip(pair, won, strict=True)]
    expected = covariance_written_out(rows, list(items), theta)
    se = found.leaderboard.sort("name")["se"].to_numpy()
    assert se == pytest.approx(np.sqrt(np.diag(expected)), rel=1e-9)
    against = found.against("0").sort("name")
    assert against["se"].to_numpy() == pytest.approx(
        [np.sqrt(expected[i, i] + expected[0, 0] - 2 * expected[0, i]) for i in (1, 2, 3)], rel=1e-9
    )
    width = (found.leaderboard["ci_high"] - found.leaderboard["score"]) / found.leaderboard["se"]
    assert width.to_numpy() == pytest.approx(t.ppf(0.975, found.n_items - 1), rel=1e-9)


def test_two_way_clusters_equal_the_sum_of_three() -> None:
    rng = np.random.default_rng(4)
    n = 300
    pair = [tuple(int(i) for i in rng.choice(3, 2, replace=False)) for _ in range(n)]
    items, annotators = rng.integers(0, 40, n), rng.integers(0, 12, n)
    # One judgment an item and annotator: votes of one ranking would be of one response each.
    keep = pl.DataFrame({"i": items, "a": annotators}).select(pl.struct("i", "a").is_first_distinct()).to_series()
    chosen = [k for k in range(n) if keep[k]]
    won = rng.choice([1, -1], n)
    words = [("012"[pair[k][0]], "012"[pair[k][1]], "left" if won[k] > 0 else "right") for k in chosen]
    prefs = battles(words, [items[k] for k in chosen], [annotators[k] for k in chosen])
    found = prefqa.leaderboard(prefs, inference="items+annotators").leaderboard.sort("name")
    rows = [(*pair[k], int(won[k])) for k in chosen]
    by = [
        covariance_written_out(rows, cluster, found["score"].to_numpy())
        for cluster in ([items[k] for k in chosen], [annotators[k] for k in chosen], chosen)
    ]
    values, vectors = np.linalg.eigh(by[0] + by[1] - by[2])
    expected = (vectors * np.maximum(values, 0)) @ vectors.T
    assert found["se"].to_numpy() == pytest.approx(np.sqrt(np.diag(expected)), rel=1e-9)


@pytest.mark.parametrize("ties", ["half", "davidson", "rao-kupper"])
def test_bootstrap_sandwich_and_information_are_near_where_votes_are_independent(ties: Any) -> None:
    # Half votes vary less than the model has it, so there is no tie where ties are half votes.
    prefs, _ = drawn(5, 1500, seed=6, tie=0.0 if ties == "half" else 0.2)
    by = [
        prefqa.leaderboard(prefs, ties=ties, **options).leaderboard["se"].to_numpy()  # type: ignore[arg-type]
        for options in ({}, {"inference": "model"}, {"method": "bootstrap", "n_replicates": 300})
    ]
    assert by[0] == pytest.approx(by[1], rel=0.2)
    assert by[0] == pytest.approx(by[2], rel=0.2)


def test_votes_of_one_item_are_not_taken_for_many() -> None:
    """Each vote said ten times on its item says no more: the sandwich knows, the inverse information does not."""
    once, _ = drawn(4, 300, seed=8)
    often = once.with_judgments(
        pl.concat([once.judgments.with_columns(annotator_id=pl.lit(f"a{i}")) for i in range(10)])
    )
    one, ten = (prefqa.leaderboard(prefs).leaderboard for prefs in (once, often))
    assert ten.select("name", "se").sort("name")["se"].to_numpy() == pytest.approx(one.sort("name")["se"].to_numpy())
    naive = prefqa.leaderboard(often, inference="model").leaderboard.sort("name")["se"].to_numpy()
    assert (naive < one.sort("name")["se"].to_numpy() / 2.5).all()


def test_the_bootstrap_goes_by_its_seed() -> None:
    prefs, _ = drawn(4, 200, seed=9)
    one, two, other = (
        prefqa.leaderboard(prefs, method="bootstrap", n_replicates=100, seed=seed).leaderboard for seed in (1, 1, 2)
    )
    assert one.equals(two)
    assert not one.equals(other)


def test_samples_without_an_estimate_are_counted() -> None:
    rows = [*[("a", "b", "left"), ("b", "a", "left")] * 30, ("c", "a", "left"), ("a", "c", "left")]
    found = prefqa.leaderboard(battles(rows), method="bootstrap", n_replicates=100)
    assert "samples had no finite estimate" in found.warnings[0]
    assert found.leaderboard["se"].null_count() == 3
    assert "too many samples" in found.overall["reason"]


def holds(found: LeaderboardResult, truth: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Whether each interval has the true score, and each range the true rank."""
    frame = found.leaderboard.sort("name")
    rank = 1 + (truth[None, :] > truth[:, None]).sum(axis=1)
    low, high = frame["ci_low"].to_numpy(), frame["ci_high"].to_numpy()
    inside = (frame["rank_low"].to_numpy() <= rank) & (rank <= frame["rank_high"].to_numpy())
    return (low <= truth) & (truth <= high), inside


def test_intervals_and_rank_ranges_hold_as_often_as_they_say() -> None:
    """6 names, 250 items, 40 tournaments: 240 scores; .95 within three standard errors (.042) of a share of 240."""
    score, rank = zip(
        *(holds(prefqa.leaderboard((d := drawn(6, 250, seed=s))[0]), d[1]) for s in range(40)), strict=True
    )
    assert np.mean(score) == pytest.approx(0.95, abs=0.042)
    assert np.mean(rank) > 0.94
