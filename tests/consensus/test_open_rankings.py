"""Rankings with ties and gaps under the Mallows model, against sums over all strict rankings by hand."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest

import prefqa
from prefqa.consensus.open_rankings import NODES, open_rankings
from prefqa.consensus.reliability import beliefs, fit_reliabilities
from prefqa.votes import buckets
from strategies import planted, preferences


def turned_round(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    pairs = itertools.combinations(one, 2)
    return sum(other.index(a) > other.index(b) for a, b in pairs)


def probability(ranks: list[int], order: tuple[int, ...], phi: float) -> float:
    """Sum over the strict rankings that contradict no vote of `ranks` (0 = not ranked), by definition."""
    everything = list(itertools.permutations(order))
    weight = {s: np.exp(-phi * turned_round(s, order)) for s in everything}

    def consistent(s: tuple[int, ...]) -> bool:
        return all(
            not (ranks[a] and ranks[b] and ranks[a] < ranks[b]) or s.index(a) < s.index(b)
            for a, b in itertools.permutations(order, 2)
        )

    return float(sum(w for s, w in weight.items() if consistent(s)) / sum(weight.values()))


@pytest.mark.parametrize("ranks", [[1, 2, 0, 0], [1, 1, 3, 4], [2, 0, 1, 3], [1, 1, 1, 1], [0, 0, 1, 0], [2, 2, 1, 0]])
def test_an_open_ranking_has_the_probability_of_what_it_leaves_open(ranks: list[int]) -> None:
    table = open_rankings(np.array([ranks, [1, 2, 3, 4]]))
    assert table is not None
    assert table.is_open.tolist() == [True, False]
    for phi in (float(NODES[3]), 0.0, float(NODES[25])):
        found = table.at(np.array([0]), np.array([phi]))[0]
        for number, order in enumerate(itertools.permutations(range(4))):
            by_position = tuple(np.argsort(order))
            assert found[number] == pytest.approx(np.log(probability(ranks, by_position, phi)), abs=1e-6)


def test_between_nodes_the_log_likelihood_is_near() -> None:
    table = open_rankings(np.array([[1, 2, 0, 0]]))
    assert table is not None
    phi = 0.37
    expected = [
        np.log(probability([1, 2, 0, 0], tuple(np.argsort(order)), phi)) for order in itertools.permutations(range(4))
    ]
    assert table.at(np.array([0]), np.array([phi]))[0] == pytest.approx(expected, abs=0.02)


def test_strict_rankings_and_very_long_ones_have_no_table() -> None:
    assert open_rankings(np.array([[1, 2, 3], [3, 1, 2]])) is None
    assert open_rankings(np.array([[1, 2, 3, 4, 5, 6, 0]])) is None


def test_the_posterior_of_an_item_is_that_of_the_definition() -> None:
    rows = [("x", "a", 1), ("x", "b", 2), ("y", "b", 1), ("y", "c", 2), ("z", "a", 1), ("z", "b", 1), ("z", "c", 3)]
    frame = [{"item_id": "p", "annotator_id": who, "response_id": what, "rank": rank} for who, what, rank in rows]
    prefs = preferences(pl.DataFrame(frame))
    (bucket,) = buckets(prefs.coded())
    found = fit_reliabilities([bucket], 3, "mallows")
    believed = beliefs(bucket, found).better[0]
    weight = {}
    for order in itertools.permutations(range(3)):
        judged = zip(bucket.ranks.tolist(), found.phi[bucket.annotator], strict=True)
        weight[order] = np.prod([probability(ranks, order, float(phi)) for ranks, phi in judged])
    for a, b in itertools.combinations(range(3), 2):
        expected = sum(w for order, w in weight.items() if order.index(a) < order.index(b)) / sum(weight.values())
        assert believed[a, b] == pytest.approx(expected, abs=0.005)


def test_gaps_neither_hide_nor_invent_skill() -> None:
    """Reliabilities from rankings with gaps are those from whole ones, within their error."""
    true = [0.95, 0.85, 0.75, 0.6, 0.5]
    whole = planted(600, true, k=4, per_item=3, seed=8)
    rng = np.random.default_rng(0)
    frame = whole.judgments.collect()
    gaps = preferences(frame.filter(pl.Series(rng.random(frame.height) > 0.25)))
    one, two = (prefqa.consensus(prefs, method="mallows").annotators for prefs in (whole, gaps))
    error = (two["reliability"] - one["reliability"]).to_numpy()
    assert (np.abs(error) < 4 * two["reliability_se"].to_numpy() + 0.01).all()
