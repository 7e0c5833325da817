"""What changed answers can explain is a warning; what they cannot is an alarm."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

import prefqa
from prefqa.drift.gold_difficulty import curve, p_value_beyond_difficulty

SIZE: dict[str, Any] = {
    "n_items": 500, "n_responses": 4, "n_annotators": 20, "annotators_per_item": 3, "weeks": 8, "habits": 0.3,
    "length_bias": 0.3, "position_bias": 0.1, "tie_threshold": 0.1, "texts": False,
}  # fmt: skip


def drawn(seed: int, *drifts: prefqa.Drift, **options: Any) -> prefqa.Preferences:
    return prefqa.simulate(**SIZE | options, seed=seed, drift=drifts).preferences


def test_answers_that_change_are_a_warning_that_says_what_would_explain_it() -> None:
    found = prefqa.drift(drawn(1, prefqa.Drift("correlation", 4, 0.6)))
    assert found.alarm is False
    change = found.changes.filter(what="length").row(0, named=True)
    assert (change["grade"], change["alarm"]) == ("confounded", False)
    # From 0 to .6 was planted, and the weight of length did not change.
    assert change["explained_by"] == pytest.approx(0.6, abs=0.2)
    assert change["explained_low"] < change["explained_by"]
    said = next(one for one in found.warnings if "longer responses" in one)
    assert "correlation of length with quality" in said
    assert not found.detectors.filter(detector="length")["alarm"].any()


def test_the_bound_decides_whether_a_change_of_the_pool_alarms() -> None:
    prefs = drawn(1, prefqa.Drift("length", 4, 1.0))
    assert prefqa.drift(prefs).alarm is False
    strict = prefqa.drift(prefs, max_correlation=0.1)
    assert strict.alarm
    assert "No plausible change of the answers" in strict.changes["sentence"][0]


def test_the_least_correlation_is_the_one_of_its_definition() -> None:
    """By hand: r = d / (sigma / s), rho = r / sqrt(1 + r²), with the feature in units of its own deviation."""
    found = prefqa.drift(drawn(2, prefqa.Drift("length", 4, 1.0)))
    rows = found.detectors.filter(detector="length", grade="confounded")
    assert rows.select((pl.col("explained_low") <= pl.col("explained_by")).all()).item()
    assert rows.select(pl.col("explained_by").is_between(0, 1).all()).item()
    largest = rows.sort("p_value").row(0, named=True)
    assert largest["explained_by"] > rows["explained_by"].min()  # type: ignore[operator]


def test_items_judged_before_and_again_tell_what_new_items_cannot() -> None:
    options = {"anchors": 30, "n_items": 600}
    changed = prefqa.drift(drawn(1, prefqa.Drift("length", 4, 1.0), **options))
    assert changed.alarm
    assert "length" in changed.changes.filter(grade="identified")["what"].to_list()
    answers = prefqa.drift(drawn(2, prefqa.Drift("correlation", 4, 0.6), **options))
    assert answers.alarm is False
    rows = answers.detectors.filter(detector="length, re-judged")
    assert rows["p_adjusted"].min() > 0.05  # type: ignore[operator]


def test_one_half_against_the_other_is_identified() -> None:
    found = prefqa.drift(drawn(1, prefqa.Drift("length", 4, -1.2, annotators=0.5)))
    assert found.alarm
    assert found.changes.filter("alarm")["what"][0] == "length"
    assert found.changes.filter("alarm")["drivers"][0].len() > 1


def test_an_order_that_goes_with_length_is_not_random_and_its_weight_is_confounded() -> None:
    prefs = drawn(1, prefqa.Drift("position", 4, 1.5), order=0.5)
    grades = prefqa.drift(prefs).detectors.filter(detector="position")["grade"].unique().to_list()
    assert grades == ["confounded"]
    grades = prefqa.drift(drawn(1)).detectors.filter(detector="position")["grade"].unique().to_list()
    assert grades == ["identified"]


def test_everybody_less_careful_is_not_called_length() -> None:
    named = []
    for seed in range(6):
        found = prefqa.drift(drawn(seed, prefqa.Drift("care", 4, 0.5), n_items=1500))
        named += found.changes.filter(grade="confounded")["what"].to_list()
    assert "length" not in named


@pytest.mark.parametrize(
    ("drift", "options"),
    [
        (prefqa.Drift("arrivals", 4, 1 / 3), {"n_models": 12}),
        (prefqa.Drift("arrivals", 2, 1 / 3, gradual=6), {"n_models": 18}),
        (prefqa.Drift("improves", 4, 1.5), {"n_models": 6}),
    ],
)
def test_which_model_wins_is_no_criterion(drift: prefqa.Drift, options: dict[str, Any]) -> None:
    found = prefqa.drift(drawn(1, drift, **options))
    assert found.alarm is False
    assert not any(name.startswith("model") for name in found.detectors["detector"])
    assert "no criterion" in found.not_tested.filter(name="model")["reason"].item()


def test_numeric_columns_are_features_under_their_names_and_others_say_why_not() -> None:
    prefs = drawn(1)
    assert prefs.responses is not None
    rng = np.random.default_rng(1)
    n = prefs.responses.height
    more = (
        prefs.responses.drop("n_words")
        .with_columns(
            length=pl.Series(rng.integers(5, 500, n)),
            n_tokens=pl.Series(rng.integers(5, 500, n)),
            reward=pl.Series(rng.normal(size=n)),
            constant=pl.lit(1.0),
            copied=pl.lit(0.0),
        )
        .with_columns(copied=pl.col("reward") * 2)
    )
    found = prefqa.drift(prefqa.Preferences.from_long(prefs.judgments, responses=more))
    assert {"length", "n_tokens", "reward"} <= set(found.detectors["detector"])
    reasons = dict(found.not_tested.iter_rows())
    assert "same for all" in reasons["constant"]
    assert "moves as reward" in reasons["copied"]


def test_without_any_feature_there_is_no_answer() -> None:
    prefs = drawn(1)
    bare = prefqa.Preferences.from_long(prefs.judgments.drop("position"))
    found = prefqa.drift(bare)
    assert found.alarm is None
    assert "no feature" in (found.reason or "")
    assert {"length", "position"} <= set(found.not_tested["name"])


def test_slots_are_no_models() -> None:
    prefs = drawn(1)
    rows = prefs.judgments.drop("position").collect()
    for names in (["r0", "r1", "r2", "r3"], ["A", "B", "C", "D"], ["left", "right", "response_3", "Answer 4"]):
        slots = rows.with_columns(pl.col("response_id").replace_strict(sorted(rows["response_id"].unique()), names))
        assert prefqa.drift(prefqa.Preferences.from_long(slots)).alarm is None


def test_gold_that_becomes_harder_is_no_alarm() -> None:
    harder = prefqa.drift(drawn(1, prefqa.Drift("gaps", 4, -0.6), gold=0.5))
    assert "gold" not in harder.changes["what"].to_list()
    other = prefqa.drift(drawn(1, prefqa.Drift("criterion", 4, 0.9), gold=0.5))
    assert "gold" in other.changes.filter("alarm")["what"].to_list()


def test_the_curve_of_two_responses_is_that_of_its_integral() -> None:
    """r = E logistic(sigma |z| sqrt 2), A = E [r² + (1 - r)²], on a grid of z."""
    z = np.linspace(-8, 8, 20_001)
    weight = np.exp(-(z**2) / 2)
    weight /= weight.sum()
    agreement, right = (np.array(part) for part in curve(2))
    for sigma in (0.3, 1.0, 3.0):
        chance = 1 / (1 + np.exp(-sigma * np.sqrt(2) * np.abs(z)))
        expected = float(weight @ chance), float(weight @ (chance**2 + (1 - chance) ** 2))
        assert np.interp(expected[1], agreement, right) == pytest.approx(expected[0], abs=0.01)


def test_the_gold_test_beyond_difficulty_keeps_its_level() -> None:
    """Pairs that become harder: p below .1 in no more than a tenth of the draws; a swap of answers is found."""
    rng = np.random.default_rng(1)
    p_values = []
    for _ in range(100):
        item = np.repeat(np.arange(200), 3)
        after = item >= 100
        gap = np.abs(rng.normal(size=200))[item] * np.where(after, 0.5, 1.5)
        right = rng.random(item.size) < 1 / (1 + np.exp(-gap))
        p_values.append(p_value_beyond_difficulty(item, right.astype(int), np.full(item.size, 2), right, after))
    assert sum(p is not None and p < 0.1 for p in p_values) <= 18
    wrong = right ^ (after & (item % 3 > 0))
    p = p_value_beyond_difficulty(item, wrong.astype(int), np.full(item.size, 2), wrong, after)
    assert p is not None
    assert p < 0.05
