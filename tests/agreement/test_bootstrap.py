"""Bootstrap over items."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import prefqa
from prefqa.bootstrap import bca, multiplicities, percentile
from prefqa.replicates import Replicates


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_bootstrap_intervals_are_near_the_jackknifes_and_do_not_depend_on_row_order(method: str) -> None:
    prefs = prefqa.simulate(n_items=500, tie_threshold=0.2, seed=3, texts=False).preferences
    names = ["alpha_nominal", "percent_agreement", "kendall_tau_b", "fleiss_kappa", "cohen_kappa"]
    plain = prefqa.agreement(prefs, coefficients=names, inference="items").estimates
    found = prefqa.agreement(prefs, coefficients=names, method=method, seed=1).estimates
    assert found["estimate"].equals(plain["estimate"])
    for column in ("se", "ci_low", "ci_high"):
        assert found[column].to_list() == pytest.approx(plain[column].to_list(), rel=0.1)
    assert found["inference"].unique().to_list() == ["items"]
    shuffled = prefs.with_judgments(prefs.judgments.collect().sample(fraction=1.0, shuffle=True, seed=2).lazy())
    assert prefqa.agreement(shuffled, coefficients=names, method=method, seed=1).estimates.equals(found)


def test_bca_equals_scipys_on_a_mean() -> None:
    from scipy.stats import bootstrap

    rng = np.random.default_rng(0)
    sample = rng.exponential(size=60)
    theirs = bootstrap((sample,), np.mean, n_resamples=20_000, method="BCa", rng=rng).confidence_interval
    left = (sample.sum() - sample) / 59
    drawn = multiplicities(np.ones(60), 20_000, 1) @ sample / 60
    ours = bca(drawn, Replicates(float(sample.mean()), left, np.ones(60), np.zeros(0)), 0.95)
    assert ours == pytest.approx((theirs.low, theirs.high), rel=0.02)


def test_intervals_are_undefined_where_many_samples_are() -> None:
    assert np.isnan(percentile(np.array([np.nan] * 20 + [0.5] * 80), 0.95)).all()


def test_bootstrap_intervals_cover() -> None:
    """300 campaigns of 60 items by the same 12 annotators; the truth is the value in 20,000 items of theirs."""
    design = {"n_annotators": 12, "n_responses": 3, "texts": False, "tie_threshold": 0.2}
    pool = prefqa.simulate(60 * 300, seed=5, **design).preferences  # type: ignore[arg-type]
    rows = pool.judgments.collect()
    truth = prefqa.agreement(pool, coefficients=["alpha_nominal"]).estimates["estimate"].item()
    items = rows["item_id"].unique().sort()
    covered = 0
    for campaign in range(300):
        some = rows.filter(pl.col("item_id").is_in(items[campaign::300].implode()))
        found = prefqa.agreement(
            prefqa.Preferences.from_long(some), coefficients=["alpha_nominal"], method="bca", n_replicates=500
        ).estimates.row(0, named=True)
        covered += found["ci_low"] <= truth <= found["ci_high"]
    assert 0.91 <= covered / 300 <= 0.985


def test_a_coefficient_that_is_undefined_in_many_samples_has_a_reason_instead_of_an_interval() -> None:
    """Two of sixty items alone have another label; without these, as in 13 % of the samples, all are the same."""
    rows = [
        {"item_id": f"i{i}", "annotator_id": f"a{a}", "response_id": "r", "rank": 1, "label": label}
        for i, label in enumerate(["yes"] * 58 + ["no"] * 2)
        for a in range(3)
    ]
    prefs = prefqa.Preferences.from_long(pl.DataFrame(rows))
    for method in ("percentile", "bca"):
        found = prefqa.agreement(prefs, coefficients="alpha_nominal", target="labels", method=method).estimates
        assert found["ci_low"].item() is None
        assert "of the bootstrap samples" in found["reason"].item()
