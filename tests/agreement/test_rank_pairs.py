"""Coefficients of pairs of rankings against scipy, other packages' figures and their definitions."""

from __future__ import annotations

import json
import warnings
from itertools import combinations, permutations, product
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from scipy import stats

import prefqa
from jackknife import two_way
from prefqa.moments import item_moments
from strategies import judgments, preferences

RANKS = ("kendall_tau_x", "kendall_tau_b", "spearman", "top_1")


def estimates(frame: pl.DataFrame) -> dict[str, float | None]:
    found = prefqa.agreement(preferences(frame), coefficients=RANKS, inference="items").estimates
    return dict(found.select("coefficient", "estimate").rows())


def long(matrix: list[list[list[float]]]) -> pl.DataFrame:
    rows = [
        {"item_id": f"p{i}", "annotator_id": f"a{j}", "response_id": f"r{r}", "rank": int(rank)}
        for i, item in enumerate(matrix)
        for j, ranking in enumerate(item)
        for r, rank in enumerate(ranking)
    ]
    return pl.DataFrame(rows)


def pairs_of_rankings(frame: pl.DataFrame) -> list[tuple[list[int], list[int]]]:
    """Ranks that two annotators of an item gave to the responses that both rank."""
    found = []
    for _, item in frame.filter(pl.col("rank").is_not_null()).group_by("item_id"):
        rankings = [dict(one.select("response_id", "rank").rows()) for _, one in item.group_by("annotator_id")]
        for one, two in combinations(rankings, 2):
            shared = sorted(set(one) & set(two))
            found.append(([one[r] for r in shared], [two[r] for r in shared]))
    return [pair for pair in found if len(pair[0]) > 1]


@given(judgments(max_items=4, max_annotators=4, max_responses=5))
def test_they_equal_scipy_and_their_definitions(frame: pl.DataFrame) -> None:
    pairs = pairs_of_rankings(frame)
    expected: dict[str, list[float]] = {"kendall_tau_b": [], "spearman": [], "top_1": []}
    net, possible = 0, 0
    for one, two in pairs:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected["kendall_tau_b"].append(stats.kendalltau(one, two).statistic)
            expected["spearman"].append(stats.spearmanr(one, two).statistic)
        best = [{i for i, r in enumerate(ranks) if r == min(ranks)} for ranks in (one, two)]
        expected["top_1"].append(len(best[0] & best[1]) / (len(best[0]) * len(best[1])))
        for a, b in combinations(range(len(one)), 2):
            signs = np.sign(one[a] - one[b]), np.sign(two[a] - two[b])
            net += int(signs[0] == signs[1]) - int(signs[0] * signs[1] == -1)
            possible += 1
    found = estimates(frame)
    for name, values in expected.items():
        defined = [value for value in values if not np.isnan(value)]
        assert found[name] == (pytest.approx(np.mean(defined), abs=1e-12) if defined else None)
    assert found["kendall_tau_x"] == (pytest.approx(net / possible) if possible else None)


@pytest.mark.real_data
def test_tau_x_and_tau_b_of_crs_equal_consrank_and_scipy(oracles: Path) -> None:
    cases = json.loads((oracles / "agreement.json").read_text())["cases"]
    case = next(case for case in cases if case["id"] == "crs_rlhf_rankings")
    found = estimates(long(case["data"]["matrix"]))
    figures = {one["coefficient"]: one["value"] for one in case["expected"]}
    assert found["kendall_tau_x"] == pytest.approx(figures["tau_x"], abs=1e-10)
    assert found["kendall_tau_b"] == pytest.approx(figures["tau_b"], abs=1e-9)


@pytest.mark.parametrize(
    ("one", "two", "tau_x"),
    [((1, 2, 2), (1, 2, 2), 1), ((1, 1, 1), (1, 1, 1), 1), ((1, 1, 1), (1, 2, 3), 0), ((1, 2, 2), (1, 2, 3), 2 / 3)],
)
def test_tau_x_keeps_its_identities(one: tuple[int, ...], two: tuple[int, ...], tau_x: float) -> None:
    """Values printed by ConsRank 3.0; Emond and Mason (2002)."""
    assert estimates(long([[list(one), list(two)]]))["kendall_tau_x"] == pytest.approx(tau_x)


def test_opposite_rankings_are_minus_one() -> None:
    found = estimates(long([[[1, 2, 3], [3, 2, 1]]]))
    assert (found["kendall_tau_x"], found["kendall_tau_b"], found["spearman"], found["top_1"]) == (-1, -1, -1, 0)


def _orders(ranks: list[int]) -> list[list[int]]:
    """All strict orders that break the ties of a ranking."""
    groups = [[i for i, r in enumerate(ranks) if r == rank] for rank in sorted(set(ranks))]
    return [[i for group in broken for i in group] for broken in product(*(permutations(group) for group in groups))]


@given(judgments(max_items=2, max_annotators=3, max_responses=4))
def test_rank_biased_overlap_is_the_mean_over_all_ways_to_break_ties(frame: pl.DataFrame) -> None:
    values = []
    for one, two in pairs_of_rankings(frame):
        n = len(one)
        found = []
        for first, second in product(_orders(one), _orders(two)):
            shares = [len(set(first[:d]) & set(second[:d])) / d for d in range(1, n + 1)]
            found.append(0.1 * sum(0.9 ** (d - 1) * share for d, share in enumerate(shares, 1)) + 0.9**n)
        values.append(np.mean(found))
    result = prefqa.agreement(preferences(frame), coefficients=["rbo"], inference="items").estimates["estimate"].item()
    assert result == (pytest.approx(np.mean(values)) if values else None)


@given(judgments(max_items=6, max_annotators=3, max_responses=3))
def test_moments_of_disjoint_items_add_up_to_those_of_the_union(frame: pl.DataFrame) -> None:
    early = pl.col("item_id") < "item3"
    parts = [frame.filter(early), frame.filter(~early)]
    whole, *sums_of = (item_moments(preferences(part).coded()).values.sum(axis=0) for part in (frame, *parts))
    assert whole == pytest.approx(sum(sums_of), abs=1e-9)


def test_items_whose_rankings_share_nothing_do_not_touch_kendalls_w() -> None:
    campaign = prefqa.simulate(20, 4, 6, 3, seed=5, missing=0.2, tie_threshold=0.1, texts=False).preferences
    rows = campaign.judgments.select("item_id", "annotator_id", "response_id", "rank").drop_nulls().collect()
    people = sorted(rows["annotator_id"].unique())
    two_each = [(f"x{i}", people[i % 3 + a], f"r{2 * a + r}", r + 1) for i in range(30) for a in (0, 1) for r in (0, 1)]
    more = pl.concat([rows, pl.DataFrame(two_each, schema=rows.schema, orient="row")])
    found = [
        prefqa.agreement(preferences(of), coefficients=["kendall_w_incomplete"]).estimates.row(0, named=True)
        for of in (rows, more)
    ]
    for key in ("estimate", "se", "n_items"):
        assert found[0][key] == pytest.approx(found[1][key], rel=1e-12)

    def value(of: pl.DataFrame) -> float:
        estimates = prefqa.agreement(preferences(of), coefficients=["kendall_w_incomplete"]).estimates
        return float(estimates["estimate"].item())

    assert found[1]["se"] ** 2 == pytest.approx(two_way(rows, value), rel=1e-2)
