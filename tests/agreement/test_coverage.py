"""Intervals cover the truth as often as they say: 1,000 simulated campaigns of 100 items."""

from __future__ import annotations

import polars as pl

import prefqa


def test_95_percent_intervals_cover_the_truth_in_93_to_97_percent_of_1000_campaigns() -> None:
    """One large campaign is the population; campaigns are samples of its items, with the same annotators throughout."""
    population = prefqa.simulate(100_000, seed=1, texts=False).preferences
    number = pl.col("item_id").rank("dense") % 1_000
    campaigns = population.with_judgments(population.judgments.with_columns(number.alias("campaign")))
    estimates = prefqa.agreement(campaigns, by="campaign", inference="items").estimates
    truth = estimates.filter(pl.col("slice").is_null()).select("coefficient", truth="estimate")
    found = estimates.filter(pl.col("slice").is_not_null()).join(truth, on="coefficient")
    assert found.height == 1_000 * truth.height
    covered = found.group_by("coefficient").agg(pl.col("truth").is_between("ci_low", "ci_high").mean())
    assert covered["truth"].min() >= 0.93, covered  # type: ignore[operator]
    assert covered["truth"].max() <= 0.97, covered  # type: ignore[operator]
