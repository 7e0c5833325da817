"""Tests of annotators against scipy, against brute force, and against the level that they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import binomtest, false_discovery_control

from prefqa.screening.evidence import discoveries, leanings, share_above, share_of_pool


@given(st.integers(0, 80), st.integers(20, 80), st.floats(0.05, 0.95))
def test_a_share_is_tested_as_scipy_does(k: int, n: int, limit: float) -> None:
    k = min(k, n)
    found = share_above(np.array([k], float), np.array([n], float), limit, "")
    expected = binomtest(k, n, limit, alternative="greater")
    interval = binomtest(k, n, limit).proportion_ci(0.95)
    assert found.p[0] == pytest.approx(expected.pvalue, abs=1e-12)
    assert (found.low[0], found.high[0]) == pytest.approx((interval.low, interval.high), abs=1e-9)


def test_too_few_cases_are_not_tested() -> None:
    found = share_above(np.array([19.0]), np.array([19.0]), 0.1, "")
    assert np.isnan([found.p[0], found.effect[0], found.n[0]]).all()


@given(st.lists(st.one_of(st.floats(0, 1), st.just(float("nan"))), max_size=30))
def test_discoveries_are_those_of_scipy(values: list[float]) -> None:
    p = np.array(values, float)
    adjusted, found = discoveries(p, 0.05)
    known = np.isfinite(p)
    if known.any():
        assert adjusted[known] == pytest.approx(false_discovery_control(p[known]))
    assert np.isnan(adjusted[~known]).all()
    assert not found[~known].any()
    assert (found[known] == (adjusted[known] <= 0.05)).all()


def choices(
    rng: np.random.Generator, leaning: float, *, groups: int = 40, per_group: int = 60
) -> tuple[np.ndarray, ...]:
    """Groups of judgments of three correlated choices each; everybody follows quality with a slope of their own."""
    group = np.repeat(np.arange(groups), per_group * 3)
    cluster = np.repeat(np.arange(groups * per_group), 3)
    quality = np.clip(rng.normal(0, 0.6, group.size), -1, 1)
    slope = rng.uniform(0.3, 4.0, groups)[group]
    mood = rng.normal(0, 0.7, groups * per_group)[cluster]
    y = rng.random(group.size) < expit(slope * quality + mood + leaning * (group == 0))
    return y.astype(float), quality, group, cluster


def test_leanings_keep_their_level_under_clusters_and_unequal_slopes() -> None:
    rng = np.random.default_rng(1)
    p = np.concatenate([leanings(*choices(rng, 0.0), 40, "", relative=False)[0].p for _ in range(25)])
    assert 0.03 < (p < 0.05).mean() < 0.075
    assert (p < 0.001).mean() < 0.004


def test_a_leaning_is_found_and_measured() -> None:
    each, pool = leanings(*choices(np.random.default_rng(2), 1.5), 40, "", relative=False)
    assert each.p[0] < 1e-4
    assert each.low[0] < expit(1.5) - 0.5 + 0.05
    assert each.effect[0] == pytest.approx(expit(1.5) - 0.5, abs=0.12)
    assert pool.p[0] > 1e-4


def test_choices_without_exception_neither_break_nor_accuse_who_follows_quality() -> None:
    rng = np.random.default_rng(3)
    quality = rng.choice([-1.0, -0.5, 0.5, 1.0], 300)
    direction = rng.random(300) < 0.5
    y = np.concatenate([quality > 0, np.ones(300)]).astype(float)
    group, cluster = np.repeat([0, 1], 300), np.arange(600)
    each, _ = leanings(y, np.concatenate([quality, quality]), group, cluster, 2, "", relative=False)
    assert each.p[0] > 0.05
    assert each.p[1] < 1e-9
    assert each.effect[1] > 0.4
    assert direction.any()


@given(st.integers(0, 2**32 - 1))
def test_leanings_do_not_hang_on_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y, quality, group, cluster = choices(rng, 0.5, groups=3, per_group=25)
    order = rng.permutation(y.size)
    one, _ = leanings(y, quality, group, cluster, 3, "", relative=True)
    other, _ = leanings(y[order], quality[order], group[order], cluster[order], 3, "", relative=True)
    assert one.p == pytest.approx(other.p, abs=1e-9)
    assert one.effect == pytest.approx(other.effect, abs=1e-9)


def test_the_share_of_a_pool_counts_clusters() -> None:
    k = np.repeat([1.0, 0.0], [60, 40])
    alone = share_of_pool(k, np.ones(100), np.arange(100), "")
    paired = share_of_pool(np.repeat(k, 4), np.ones(400), np.repeat(np.arange(100), 4), "")
    assert (alone.low[0], alone.high[0]) == pytest.approx((paired.low[0], paired.high[0]))
    assert 0.04 < alone.p[0] < 0.06
    assert alone.low[0] == pytest.approx(0.6 - 1.96 * np.sqrt(0.24 / 99), abs=1e-3)
