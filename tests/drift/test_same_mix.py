"""Agreement between items of one kind: a changed mix of items is taken out, a change within kinds is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

import prefqa
from strategies import preferences

START = datetime(2025, 1, 6, tzinfo=UTC)
ALPHA, MIX, TREND = "alpha_nominal", "alpha_nominal, same mix", "alpha_nominal, trend"


def campaign(seed: int, easy: list[float], right: list[float], n: int = 150) -> prefqa.Preferences:
    """Per week `n` items of two responses and three judgments: right in .95 of the `easy`, `right` of the others."""
    rng = np.random.default_rng(seed)
    rows, kinds = [], []
    for week, (share, chance) in enumerate(zip(easy, right, strict=True)):
        kind = rng.random(n) < share
        first = rng.random((n, 3)) < np.where(kind, 0.95, chance)[:, None]
        item = [f"{week}-{number:03}" for number in range(n)]
        kinds.append(pl.DataFrame({"item_id": item, "kind": np.where(kind, "easy", "hard")}))
        rows.append(
            pl.DataFrame({"item_id": item, "annotator_id": [["a", "b", "c"]] * n, "first": first})
            .explode("annotator_id", "first")
            .with_columns(created_at=pl.lit(START + timedelta(weeks=week)))
        )
    votes = pl.concat(rows)
    win, lose = pl.when("first").then(1).otherwise(2), pl.when("first").then(2).otherwise(1)
    long = [votes.with_columns(response_id=pl.lit(name), rank=rank) for name, rank in (("x", win), ("y", lose))]
    return prefqa.Preferences.from_long(pl.concat(long).drop("first"), items=pl.concat(kinds))


def row(prefs: prefqa.Preferences, name: str, **options: Any) -> dict[str, Any]:
    return prefqa.drift(prefs, **options).detectors.filter(detector=name).row(-1, named=True)


def test_a_changed_mix_of_kinds_moves_agreement_but_not_that_of_one_mix() -> None:
    prefs = campaign(1, [0.8, 0.8, 0.2], [0.6, 0.6, 0.6])
    moved, alike = row(prefs, ALPHA), row(prefs, MIX)
    assert moved["p_adjusted"] < 0.001
    assert alike["p_value"] > 0.05
    assert abs(alike["difference"]) < abs(moved["difference"]) / 4
    assert row(prefs, TREND)["p_value"] > 0.05
    assert any("no clear difference" in said for said in prefqa.drift(prefs).warnings)


def test_a_change_within_kinds_is_seen_in_both_and_never_alarms() -> None:
    prefs = campaign(2, [0.3, 0.3, 0.3], [0.9, 0.9, 0.55])
    found = prefqa.drift(prefs).detectors.filter(kind="context")
    alike = found.filter(detector=MIX).row(-1, named=True)
    assert alike["p_adjusted"] < 0.001
    assert alike["ci_low"] < alike["difference"] < alike["ci_high"] < 0
    assert not found["alarm"].any()
    assert any("a clear difference too" in said for said in prefqa.drift(prefs).warnings)


def test_a_slow_fall_is_a_trend_where_no_period_stands_out() -> None:
    prefs = campaign(3, [0.5] * 8, list(np.linspace(0.9, 0.6, 8)))
    found = row(prefs, TREND)
    assert found["difference"] < 0
    assert found["p_adjusted"] < 0.05
    assert found["unit"] == "per period"


def test_rates_of_rejection_under_a_changed_mix_are_those_of_the_level() -> None:
    rejected = [row(campaign(seed, [0.8, 0.2], [0.6, 0.6], 80), MIX)["p_value"] < 0.1 for seed in range(60)]
    assert 1 <= sum(rejected) <= 13  # of 60 at .1: 6 expected, 14 or more in 1 of 500


def test_it_is_least_squares_on_pseudo_values_with_errors_by_item() -> None:
    """By hand: agreement of each left-out campaign by `prefqa.agreement`, dense least squares, sandwich in a loop."""
    prefs = campaign(4, [0.6, 0.4], [0.7, 0.7], 40)
    rows, items = prefs.judgments.collect(), prefs.items
    assert items is not None
    values, design = [], []
    for week in (0, 1):
        here = items.filter(pl.col("item_id").str.starts_with(f"{week}-")).sort("item_id")
        whole = alpha(rows.filter(pl.col("item_id").is_in(here["item_id"].to_list())))
        for item, kind in here.iter_rows():
            left = alpha(rows.filter(pl.col("item_id").is_in(here["item_id"].to_list()) & (pl.col("item_id") != item)))
            values.append(whole + (here.height - 1) * (whole - left))
            design.append([week == 0, week == 1, kind == "easy"])
    x, y = np.array(design, float), np.array(values)
    beta, *_ = np.linalg.lstsq(x, y, rcond=None)
    bread, n = np.linalg.inv(x.T @ x), len(y)
    meat = sum(np.outer(one, one) * error**2 for one, error in zip(x, y - x @ beta, strict=True))
    covariance = n / (n - 1) * (n - 1) / (n - 3) * bread @ meat @ bread
    of = np.array([-1.0, 1.0, 0.0])
    found = row(prefs, MIX)
    # The jackknife's mean stands a little beside the figure itself.
    assert found["difference"] == pytest.approx(float(of @ beta), abs=2e-3)
    assert found["se"] == pytest.approx(float(np.sqrt(of @ covariance @ of)), rel=1e-6)


def alpha(rows: pl.DataFrame) -> float:
    return float(prefqa.agreement(preferences(rows), coefficients=["alpha_nominal"]).estimates["estimate"][0])


def test_the_reference_has_its_own_figure_and_kinds_without_overlap_have_a_reason() -> None:
    prefs = campaign(5, [0.5, 0.5], [0.7, 0.7])
    found = prefqa.drift(prefs).timeline
    own, alike = (found.filter(coefficient=name).row(0, named=True) for name in (ALPHA, MIX))
    assert alike["estimate"] == pytest.approx(own["estimate"], abs=1e-9)
    apart = row(campaign(5, [1.0, 0.0], [0.7, 0.7]), MIX)
    assert apart["p_value"] is None
    assert "no kind in common" in apart["reason"]


def test_items_that_do_not_differ_in_what_is_recorded_have_no_rows_on_the_mix_but_a_trend() -> None:
    prefs = campaign(6, [0.5] * 3, [0.7] * 3)
    bare = prefqa.Preferences.from_long(prefs.judgments)
    found = prefqa.drift(bare).detectors["detector"].to_list()
    assert MIX not in found
    assert TREND in found


def test_one_annotator_has_no_figure_and_the_reason_says_so() -> None:
    prefs = campaign(7, [0.5] * 3, [0.7] * 3)
    alone = prefs.with_judgments(prefs.judgments.filter(pl.col("annotator_id") == "a"))
    found = row(alone, TREND)
    assert found["p_value"] is None
    assert "two votes on a pair" in found["reason"]
