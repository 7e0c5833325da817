"""Drift: agreement and ties by period against a reference, clustered by item."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import prefqa
from prefqa.errors import ColumnNotFoundError, UsageError
from strategies import preferences


def campaign(seed: int, drift: prefqa.Drift | None = None, **options: object) -> prefqa.Preferences:
    settings = {"n_items": 400, "weeks": 4, "texts": False, "tie_threshold": 0.3} | options
    return prefqa.simulate(**settings, seed=seed, drift=drift).preferences  # type: ignore[arg-type]


def test_false_alarms_hold_their_rate_and_planted_changes_are_seen() -> None:
    silent = [prefqa.drift(campaign(seed)).alarm for seed in range(100)]
    assert np.mean(silent) <= 0.11  # .05 nominal; .11 is its 99 % bound for 100 campaigns
    ties = [prefqa.drift(campaign(seed, prefqa.Drift("ties", 2, 0.4))) for seed in range(10)]
    assert all(result.alarm for result in ties)
    assert all("tie_rate" in result.changes["what"].to_list() for result in ties)
    assert all(result.changes.filter(what="tie_rate")["since"].item() == "2025-01-20" for result in ties)
    careless = [prefqa.drift(campaign(seed, prefqa.Drift("care", 2, 0.9))) for seed in range(10)]
    assert np.mean([result.alarm for result in careless]) > 0.8


def test_the_standard_error_of_a_difference_equals_an_item_bootstrap() -> None:
    prefs = campaign(7, n_items=120, weeks=2)
    row = prefqa.drift(prefs).detectors.filter(detector="alpha_nominal").row(0, named=True)
    rows = prefs.judgments.collect()
    items = rows.select("item_id", "batch").unique().sort("item_id")
    rng = np.random.default_rng(0)
    differences = []
    for _ in range(150):
        drawn = items.select(
            pl.col("item_id").sample(fraction=1, with_replacement=True, seed=int(rng.integers(2**31))).over("batch"),
            "batch",
        ).with_row_index("copy")
        sample = drawn.join(rows.drop("batch"), on="item_id").with_columns(
            item_id=pl.format("{}-{}", "item_id", "copy")
        )
        alphas = prefqa.agreement(preferences(sample), coefficients=["alpha_nominal"], by="batch").estimates
        first, second = alphas.filter(pl.col("slice").is_not_null()).sort("slice")["estimate"]
        differences.append(second - first)
    assert row["se"] == pytest.approx(np.std(differences), rel=0.15)


def test_holm_is_what_its_definition_says() -> None:
    found = prefqa.drift(campaign(1, prefqa.Drift("ties", 2, 0.2))).detectors.sort("p_value")
    p, n = found["p_value"].to_numpy(), found.height
    expected = np.minimum(1, np.maximum.accumulate(p * (n - np.arange(n))))
    assert np.allclose(found["p_adjusted"].to_numpy(), expected)


def test_periods_come_from_a_clock_a_version_or_a_batch() -> None:
    prefs = campaign(1, guideline_versions=2)
    assert prefqa.drift(prefs, every="2w").timeline["period"].n_unique() in (2, 3)
    assert prefqa.drift(prefs, version="guideline_version").detectors["period"].unique().len() == 1
    by_batch = prefqa.drift(prefs, batch="batch", reference="week-02")
    assert set(by_batch.detectors["period"]) == {"week-01", "week-03", "week-04"}


def test_what_cannot_be_compared_is_undefined_with_a_reason_and_never_no() -> None:
    bare = preferences(pl.DataFrame({"item_id": ["p"], "annotator_id": ["a"], "response_id": ["x"], "rank": [1]}))
    assert prefqa.drift(bare).alarm is None
    assert "created_at" in (prefqa.drift(bare).reason or "")
    alone = campaign(1, annotators_per_item=1)
    found = prefqa.drift(alone).detectors.filter(detector="alpha_nominal")
    assert found["p_value"].null_count() == found.height
    assert found["reason"].null_count() == 0
    assert prefqa.drift(campaign(1, weeks=1)).reason == "only one period"


def test_row_order_and_names_do_not_matter() -> None:
    prefs = campaign(3)
    shuffled = prefs.judgments.collect().sample(fraction=1, shuffle=True, seed=1)
    renamed = shuffled.with_columns(pl.format("{}-new", pl.col("annotator_id")).alias("annotator_id"))
    assert prefqa.drift(prefs).to_dict() == prefqa.drift(prefs.with_judgments(renamed.lazy())).to_dict()


def test_wrong_arguments_are_named() -> None:
    prefs = campaign(1)
    with pytest.raises(UsageError, match="name one of the three"):
        prefqa.drift(prefs, every="1w", batch="batch")
    with pytest.raises(UsageError, match="length of time"):
        prefqa.drift(prefs, every="soon")
    with pytest.raises(UsageError, match="there are"):
        prefqa.drift(prefs, reference="never")
    with pytest.raises(ColumnNotFoundError, match="guidelin"):
        prefqa.drift(prefs, version="guidelines")
