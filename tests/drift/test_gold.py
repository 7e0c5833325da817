"""Gold items: exact within annotators, clustered by item."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.integrate import quad
from scipy.stats import beta, fisher_exact

import prefqa
from prefqa.drift.gold import _exact, gold, right_answers
from prefqa.drift.gold_timeline import SO_FAR, confidence_sequence, gold_by_period
from prefqa.drift.periods import Periods, cut
from strategies import preferences


def periods(prefs: prefqa.Preferences, *, batch: str | None = None) -> Periods:
    found = cut(prefs, time=None, every=None if batch else "1w", version=None, batch=batch)
    assert found is not None
    return found


def test_one_annotator_is_fishers_exact_test_with_doubled_tail() -> None:
    for table in ([[8, 2], [3, 7]], [[5, 0], [2, 6]], [[4, 4], [4, 4]]):
        (right_after, wrong_after), (right_before, wrong_before) = table
        p, _ = _exact(
            np.array([float(right_before + wrong_before)]),
            np.array([float(right_after + wrong_after)]),
            np.array([float(right_after + right_before)]),
            right_after,
        )
        tails = [fisher_exact(table, alternative=side).pvalue for side in ("less", "greater")]
        assert p == pytest.approx(min(1.0, 2 * min(tails)))


def test_several_annotators_are_r_mantelhaen_exact() -> None:
    # Two strata enumerated by hand: hypergeometric(5, 3, 2) + hypergeometric(4, 2, 2); P(sum >= 4) = 3/10 * 1/6.
    p, variance = _exact(np.array([3.0, 2.0]), np.array([2.0, 2.0]), np.array([3.0, 2.0]), 4)
    assert p == pytest.approx(2 * (3 / 10) * (1 / 6))
    assert variance == pytest.approx(2 * 0.6 * 0.4 * 3 / 4 + 2 * 0.5 * 0.5 * 2 / 3)


def test_a_replaced_criterion_is_seen_and_new_people_are_not() -> None:
    design = {"n_items": 600, "n_responses": 2, "n_annotators": 20, "gold": 0.3, "habits": 0.3, "texts": False}
    lost = prefqa.simulate(**design, seed=1, drift=prefqa.Drift("criterion", 6, 1.0)).preferences  # type: ignore[arg-type]
    row = next(row for row in gold(periods(lost), reference=None, alpha=0.05) if row["period"] == "2025-02-17")
    assert row["p_value"] < 1e-4
    assert row["difference"] < -0.15
    new = prefqa.simulate(**design, seed=1, drift=prefqa.Drift("pool", 6, 1.0)).preferences  # type: ignore[arg-type]
    row = next(row for row in gold(periods(new), reference=None, alpha=0.05) if row["period"] == "2025-02-17")
    assert "p_value" not in row
    assert "both sides" in row["reason"]


def test_the_level_holds_with_gold_items_that_are_shown_once() -> None:
    design = {"n_items": 300, "n_responses": 2, "n_annotators": 12, "gold": 0.4, "weeks": 2, "texts": False}
    p = [
        gold(periods(prefqa.simulate(**design, seed=seed).preferences), reference=None, alpha=0.05)[0]["p_value"]  # type: ignore[arg-type]
        for seed in range(200)
    ]
    assert np.mean(np.array(p) < 0.05) <= 0.09  # .05 nominal; .09 is its 99 % bound for 200 campaigns


def test_right_means_that_the_first_ranked_are_the_gold_best() -> None:
    frame = pl.DataFrame(
        {
            "item_id": ["p"] * 8,
            "annotator_id": ["a"] * 2 + ["b"] * 2 + ["a"] * 2 + ["b"] * 2,
            "response_id": ["x", "y"] * 4,
            "rank": [1, 2, 1, 1, 2, 1, 1, 2],
            "judgment_id": ["1", "1", "2", "2", "3", "3", "4", "4"],
            "batch": ["b1"] * 4 + ["b2"] * 4,
            "is_gold": [True] * 8,
            "gold_rank": [1, 2] * 4,
        }
    )
    row = gold(periods(preferences(frame), batch="batch"), reference="b1", alpha=0.05)[0]
    assert (row["reference_estimate"], row["estimate"]) == (0.5, 0.5)  # right and a tie; wrong and right
    bare = gold(periods(preferences(frame.drop("gold_rank")), batch="batch"), reference="b1", alpha=0.05)
    assert bare[0]["reason"] == "no column 'gold_rank'"


def test_right_answers_by_period_are_counted_with_exact_intervals_and_so_far() -> None:
    prefs = prefqa.simulate(
        n_items=120, n_responses=3, n_annotators=8, gold=0.4, weeks=4, seed=1, texts=False
    ).preferences
    found = [row for row in gold_by_period(periods(prefs), 0.95) if row["coefficient"] == "gold"]
    so_far = [row for row in gold_by_period(periods(prefs), 0.95) if row["coefficient"] == SO_FAR]
    answers = right_answers(periods(prefs).prefs.judgments, ["batch"])
    by_batch = answers.group_by("batch").agg(n=pl.len(), right=pl.col("right").sum()).sort("batch")
    assert [row["n_votes"] for row in found] == by_batch["n"].to_list()
    assert [row["estimate"] for row in found] == pytest.approx((by_batch["right"] / by_batch["n"]).to_list())
    for row in found:
        right, n = round(row["estimate"] * row["n_votes"]), row["n_votes"]
        assert beta.cdf(row["ci_low"], right, n - right + 1) == pytest.approx(0.025)
        assert beta.sf(row["ci_high"], right + 1, n - right) == pytest.approx(0.025)
    assert so_far[-1]["estimate"] == pytest.approx(answers["right"].mean())
    assert so_far[-1]["n_items"] == answers["item_id"].n_unique()
    wide, narrow = so_far[0]["ci_high"] - so_far[0]["ci_low"], so_far[-1]["ci_high"] - so_far[-1]["ci_low"]
    assert narrow < wide


def test_a_confidence_sequence_holds_at_all_times_at_once() -> None:
    rng = np.random.default_rng(0)
    out = 0
    for _ in range(400):
        right = np.cumsum(rng.random(300) < 0.8)
        bounds = [confidence_sequence(int(right[n - 1]), n, 0.9) for n in range(5, 301, 5)]
        out += any(not low <= 0.8 <= high for low, high in bounds)
    assert out / 400 < 0.1


@pytest.mark.parametrize(("right", "n"), [(0, 7), (7, 7), (3, 10), (80, 100)])
def test_the_bounds_of_a_confidence_sequence_meet_the_mixtures_threshold(right: int, n: int) -> None:
    mixture, _ = quad(lambda q: q**right * (1 - q) ** (n - right), 0, 1)
    for p in set(confidence_sequence(right, n, 0.95)) - {0.0, 1.0}:
        assert mixture / (p**right * (1 - p) ** (n - right)) == pytest.approx(20, rel=1e-6)
