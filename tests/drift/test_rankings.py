"""Votes made a block at a time against votes enumerated one by one; information against its definition."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

import prefqa
from prefqa.drift import blocks, model, rankings, scores
from prefqa.drift.periods import PERIOD, Periods, cut
from prefqa.drift.rankings import Rankings


@pytest.fixture(scope="module")
def periods() -> Periods:
    prefs = prefqa.simulate(
        80, 4, 9, 3, seed=5, weeks=4, texts=False, missing=0.2, repeats=0.1, anchors=6, tie_threshold=0.3
    ).preferences
    found = cut(prefs, time=None, every=None, version=None, batch=None)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def campaign(periods: Periods) -> Rankings:
    return rankings.rankings(periods)


def enumerated(periods: Periods) -> dict[tuple[str, str, str, str, str], tuple[int, float, float]]:
    """Per item, both responses, annotator and period: the vote, who stood first, and how log lengths differ."""
    assert periods.prefs.responses is not None
    words = {
        (item, response): np.log(n)
        for item, response, n in periods.prefs.responses.select("item_id", "response_id", "n_words").iter_rows()
    }
    rows = periods.prefs.usable().collect()
    keys = ["item_id", "annotator_id", PERIOD]
    last = rows.sort("created_at", "judgment_id").group_by(keys).agg(pl.col("judgment_id").last())
    latest = rows.join(last, on=[*keys, "judgment_id"], how="semi")
    found = {}
    for (item, annotator, period), one in latest.group_by(keys):
        told = sorted(one.select("response_id", "rank", "position").iter_rows())
        for (a, rank_a, place_a), (b, rank_b, place_b) in combinations(told, 2):
            gap = words[item, a] - words[item, b]
            found[item, a, b, annotator, period] = (
                int(np.sign(rank_b - rank_a)), float(np.sign(place_b - place_a)), gap
            )  # fmt: skip
    return found


def test_votes_are_those_of_each_pair_of_each_ranking(periods: Periods, campaign: Rankings) -> None:
    votes, expected = campaign.votes(), enumerated(periods)
    assert votes.n == campaign.n == len(expected)
    gap = np.array([value[2] for value in expected.values()])
    length = votes.names.index("length")
    assert votes.scale[length] == pytest.approx(np.sqrt((gap**2).mean()), rel=1e-5)
    of_vote: dict[tuple[int, str, int], list[tuple[int, float, float]]] = {}
    real = campaign.period[votes.judgment]
    for item, annotator, period, when, said, x in zip(
        votes.item, votes.annotators[votes.annotator], votes.period, real, votes.said, votes.x, strict=True
    ):
        far = round(float(x[length]), 4)
        assert period == campaign.first_period[item]
        of_vote.setdefault((int(item), annotator, int(when)), []).append((int(said), float(x[0]), far))
    items = sorted({key[0] for key in expected})
    by_hand: dict[tuple[int, str, int], list[tuple[int, float, float]]] = {}
    for (item_id, _, _, who, when), (vote, place, difference) in expected.items():
        far = round(float(np.clip(difference / votes.scale[length], -4, 4)), 4)
        by_hand.setdefault((items.index(item_id), who, votes.periods.index(when)), []).append((vote, place, far))
    assert of_vote.keys() == by_hand.keys()
    assert all(np.allclose(sorted(of_vote[key]), sorted(by_hand[key]), atol=2e-4) for key in by_hand)


def test_blocks_are_the_votes_and_a_sample_keeps_their_numbers(
    campaign: Rankings, monkeypatch: pytest.MonkeyPatch
) -> None:
    votes = campaign.votes()
    monkeypatch.setattr(rankings, "_BLOCK", 50)
    edges = list(campaign.each(lambda low, high: (low, high)))
    assert len(edges) > 10
    assert edges[0][0] == 0
    assert edges[-1][1] == campaign.item.size
    assert all(one[1] == other[0] for one, other in pairwise(edges))
    assert np.array_equal(np.unique(votes.unit), np.arange(votes.starts.size))
    sample = campaign.sampled(300, seed=1)
    assert 0 < sample.n < votes.n
    kept = np.isin(votes.item, sample.item)
    assert np.array_equal(sample.unit, votes.unit[kept])
    assert np.array_equal(sample.x, votes.x[kept])


@pytest.mark.parametrize("least", [1, 10**9])
def test_groups_of_a_block_hold_its_votes(campaign: Rankings, monkeypatch: pytest.MonkeyPatch, least: int) -> None:
    """Side by side where items are ranked whole, or sorted by unit: the same votes, each once."""
    monkeypatch.setattr(blocks, "_ITEMS", least)
    monkeypatch.setattr(blocks, "_VOTES", least)
    after, moved = np.arange(len(campaign.periods)) > 0, np.arange(len(campaign.annotators)) % 2 == 0
    campaign = campaign.with_change(1, after, moved)
    votes = campaign.votes()
    found = list(blocks.block_groups(campaign, 0, campaign.item.size))
    assert (max(group.unit.shape[0] for group in found) > 1) == (least == 1)
    rows = []
    for group in found:
        columns = [group.unit, group.judgment, group.annotator, group.period, group.stratum, group.said, *group.x]
        rows.append(np.stack([np.broadcast_to(column, group.said.shape).ravel() for column in columns]))
    table = np.concatenate(rows, axis=1)
    of_votes = [votes.unit, votes.judgment, votes.annotator, votes.period, votes.stratum, votes.said, *votes.x.T]
    in_order = [one[:, np.lexsort((one[1], one[0]))] for one in (table, np.stack(of_votes))]
    assert np.array_equal(*in_order)


def test_information_is_the_expected_square_of_the_slope_before_any_vote(campaign: Rankings) -> None:
    votes, rng = campaign.votes(), np.random.default_rng(1)
    n = len(votes.annotators)
    habit = np.where(votes.is_common, 0.0, rng.normal(0, 0.3, (n, len(votes.names))))
    fitted = model.VoteModel(
        rng.normal(0, 0.5, len(votes.names)), np.exp(rng.normal(0, 0.4, n)), habit, np.exp(rng.normal(-1, 0.3, n)),
        np.exp(rng.normal(0, 0.2, (len(votes.strata), len(votes.periods)))), False,
    )  # fmt: skip
    names = scores.column_names(campaign)
    found = np.empty((votes.n, len(names)))
    for one in scores.scored(model.groups(votes), fitted):
        found[one.group.at.ravel()] = one.information.reshape(len(names), -1).T
    z = np.linspace(-8, 8, 4001)
    weight = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])

    def expected(vote: int) -> tuple[float, float, float]:
        a = votes.annotator[vote]
        spread = fitted.care[a] * fitted.sigma[votes.stratum[vote], votes.period[vote]]
        known: Any = fitted.care[a] * votes.x[vote] @ fitted.beta + votes.x[vote] @ fitted.habit[a]
        gap = known + spread * z
        assert fitted.threshold is not None
        c, step = fitted.threshold[a], 1e-5

        def chances(gap: np.ndarray[Any, Any], c: float) -> np.ndarray[Any, Any]:
            upper, lower = expit(gap - c), expit(gap + c)
            return np.stack([upper, lower - upper, 1 - lower])

        now = chances(gap, c)
        by_gap = (chances(gap + step, c) - chances(gap - step, c)) / (2 * step)
        by_threshold = (chances(gap, c * np.exp(step)) - chances(gap, c * np.exp(-step))) / (2 * step)
        of_gap, of_threshold = ((one**2 / now).sum(axis=0) @ weight for one in (by_gap, by_threshold))
        return float(of_gap), float((by_gap**2 / now).sum(axis=0) * spread**2 * z**2 @ weight), float(of_threshold)

    chosen = rng.permutation(votes.n)[:40]
    by_hand = np.array([expected(int(vote)) for vote in chosen])
    care = fitted.care[votes.annotator[chosen]]
    assert found[chosen, 0] / (care * votes.x[chosen, 0]) ** 2 == pytest.approx(by_hand[:, 0], rel=4e-2)
    assert found[chosen, names.index("spread")] == pytest.approx(by_hand[:, 1], rel=8e-2)
    assert found[chosen, names.index("ties")] == pytest.approx(by_hand[:, 2], rel=4e-2)
