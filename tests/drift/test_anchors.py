"""Anchors and repeats: labels drawn anew within items; the same annotator on the same item."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import pytest

import prefqa
from prefqa.drift.anchors import _disagreement, _energy, anchors
from prefqa.drift.periods import Periods, cut
from prefqa.drift.relabel import relabelled
from prefqa.drift.repeats import _stuart_maxwell, repeats
from strategies import preferences

DESIGN = {
    "n_items": 300,
    "n_responses": 2,
    "n_annotators": 15,
    "anchors": 15,
    "habits": 0.5,
    "weeks": 4,
    "texts": False,
}
AT = "2025-01-20"


def periods(prefs: prefqa.Preferences, *, batch: str | None = None) -> Periods:
    found = cut(prefs, time=None, every=None if batch else "1w", version=None, batch=batch)
    assert found is not None
    return found


def campaign(seed: int, *drifts: prefqa.Drift, **options: object) -> Periods:
    return periods(prefqa.simulate(**DESIGN | options, seed=seed, drift=drifts).preferences)  # type: ignore[arg-type]


def test_labels_follow_their_law() -> None:
    odds = np.array([[1.0, 2.0, 4.0, 0.0, np.inf], [1.0, 1.0, 1.0, 1.0, 0.0]])
    labels = relabelled(np.random.default_rng(1), odds, np.array([2, 2]), 20_000)
    assert labels[0].mean(axis=0) == pytest.approx([1 / 7, 2 / 7, 4 / 7, 0, 1], abs=0.02)
    pairs = list(combinations(range(4), 2))
    shares = [(labels[1][:, a] & labels[1][:, b]).mean() for a, b in pairs]
    assert shares == pytest.approx([1 / 6] * 6, abs=0.02)
    two_of_three = relabelled(np.random.default_rng(1), odds[:1, :3], np.array([2]), 20_000)[0]
    assert (~two_of_three).mean(axis=0) == pytest.approx([8 / 14, 4 / 14, 2 / 14], abs=0.02)


def test_the_energy_distance_is_what_its_definition_says() -> None:
    rng = np.random.default_rng(3)
    choice = rng.integers(-1, 2, (1, 7, 3)).astype(float)
    choice[0, 2, 1] = np.nan
    present, after = np.ones((1, 7), bool), np.array([[1, 0, 0, 1, 1, 0, 0]], bool)
    energy, between, within = _energy(after[:, None], present, *_disagreement(choice, present))

    def mean(one: np.ndarray, other: np.ndarray) -> float:
        return float(
            np.mean([np.nanmean(np.abs(choice[0, a] - choice[0, b]) / 2) for a in one for b in other if a != b])
        )

    a, b = np.flatnonzero(after[0]), np.flatnonzero(~after[0])
    assert between.item() == pytest.approx(mean(a, b))
    assert within.item() == pytest.approx((mean(a, a) + mean(b, b)) / 2)
    assert energy.item() == pytest.approx(between.item() - within.item())


def test_the_level_holds_and_people_who_come_or_work_more_are_no_change() -> None:
    changes = ((), (prefqa.Drift("pool", 2, 0.5),), (prefqa.Drift("workload", 2, 1.5),))
    for change in changes:
        found = [anchors(campaign(seed, *change), reference=None, alpha=0.05) for seed in range(60)]
        p = np.array([[row["p_value"] for row in rows if row["period"] == AT] for rows in found])
        assert (p < 0.05).mean(axis=0).max() <= 0.15  # .05 nominal; .13 is its 99 % bound for 60 campaigns


def test_where_nobody_stayed_rule_and_people_cannot_be_told_apart() -> None:
    rows = anchors(campaign(1, prefqa.Drift("pool", 2, 1.0)), reference=None, alpha=0.05)
    at = [row for row in rows if row["period"] == AT]
    assert all("p_value" not in row for row in at)
    assert "cannot be told apart" in at[0]["reason"]


def test_a_replaced_criterion_is_seen_though_it_is_recorded_nowhere() -> None:
    rows = anchors(campaign(1, prefqa.Drift("criterion", 2, 1.0), anchors=60), reference=None, alpha=0.05)
    assert all(row["p_value"] < 0.01 for row in rows if row["period"] == AT)
    assert all(row["difference"] > row["min_detectable"] for row in rows if row["period"] == AT)


def test_row_order_does_not_matter() -> None:
    prefs = prefqa.simulate(**DESIGN, seed=2).preferences  # type: ignore[arg-type]
    shuffled = prefs.with_judgments(prefs.judgments.collect().sample(fraction=1, shuffle=True, seed=1).lazy())
    for detector in (anchors, repeats):
        first, second = (detector(periods(one), reference=None, alpha=0.05) for one in (prefs, shuffled))
        assert [row.get("p_value") for row in first] == [row.get("p_value") for row in second]


def test_without_items_judged_again_the_reason_is_given() -> None:
    alone = campaign(1, anchors=0)
    assert "two periods" in anchors(alone, reference=None, alpha=0.05)[0]["reason"]
    assert "two periods" in repeats(alone, reference=None, alpha=0.05)[0]["reason"]


def moves(table: np.ndarray) -> np.ndarray:
    """One row per repeat: the change in (first category, second category)."""
    shown = np.eye(3)[:, :2]
    return np.concatenate([np.tile(shown[b] - shown[a], (table[a, b], 1)) for a in range(3) for b in range(3)])


def test_repeats_are_tested_as_by_statsmodels() -> None:
    # SquareTable(...).homogeneity(method="stuart_maxwell") of statsmodels 0.15.0
    table = np.array([[40, 12, 9], [5, 20, 4], [3, 10, 17]])
    statistic, freedom = _stuart_maxwell(moves(table))
    assert (statistic, freedom) == (pytest.approx(7.203278688524587), 2)
    # Without ties: mcnemar(..., exact=False, correction=False), (14 - 5)² / 19
    statistic, freedom = _stuart_maxwell(moves(np.array([[30, 0, 14], [0, 0, 0], [5, 0, 11]])))
    assert (statistic, freedom) == (pytest.approx(81 / 19), 1)


def test_few_repeats_are_tested_by_swaps_as_exactly_as_mcnemar() -> None:
    """Ten annotators agree with five others first and go against them later; two the other way round."""
    rows = []
    for item in range(12):
        for other in range(5):
            rows += [(f"i{item}", f"o{other}", "b1", response, rank) for response, rank in (("x", 1), ("y", 2))]
        turned = item < 10
        for batch, agrees in (("b1", turned), ("b2", not turned)):
            ranks = (1, 2) if agrees else (2, 1)
            rows += [(f"i{item}", "me", batch, response, rank) for response, rank in zip("xy", ranks, strict=True)]
    frame = pl.DataFrame(rows, ["item_id", "annotator_id", "batch", "response_id", "rank"], orient="row")
    frame = frame.with_columns(judgment_id=pl.format("{} {} {}", "item_id", "annotator_id", "batch"))
    row = repeats(periods(preferences(frame), batch="batch"), reference="b1", alpha=0.05)[0]
    assert row["p_value"] == pytest.approx(2 * (1 + 12 + 66) / 2**12, abs=0.01)  # binomial(12, 1/2), both tails
    assert row["difference"] == pytest.approx(-8 / 12)
    assert row["n_items"] == 12
