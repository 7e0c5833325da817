"""Each annotator by period: who changed stands out from the others, whose lines stay about 0."""

from __future__ import annotations

import polars as pl
import pytest

import prefqa
from prefqa.report import charts

CHANGE = 3


@pytest.fixture(scope="module")
def campaign() -> prefqa.Simulation:
    drift = prefqa.Drift("care", CHANGE, 1.0, annotators=0.1)
    return prefqa.simulate(
        900, 3, 10, 3, seed=1, weeks=6, texts=False, reliability=(12.0, 3.0), spammers=0.0, drift=[drift]
    )


def test_who_goes_random_falls_and_is_marked(campaign: prefqa.Simulation) -> None:
    (random,) = campaign.truth.drifts["annotators"][0].to_list()
    lines = prefqa.drift(campaign.preferences).lines.filter(coefficient="care")
    assert lines.filter("changed")["annotator_id"].unique().to_list() == [random]
    assert lines["annotator_id"].n_unique() == 10
    own = lines.filter(annotator_id=random).sort("period")["estimate"]
    assert own[:CHANGE].min() > 0 > own[CHANGE:].max()  # type: ignore[operator]
    others = lines.filter(pl.col("annotator_id") != random)["estimate"]
    assert abs(float(others.median() or 0.0)) < 0.2


def test_a_period_without_enough_judgments_of_an_annotator_has_no_point(campaign: prefqa.Simulation) -> None:
    prefs = campaign.preferences
    first = prefs.judgments.collect()["annotator_id"].min()
    rows = prefs.judgments.filter((pl.col("annotator_id") != first) | (pl.col("batch") != "week-02"))
    lines = prefqa.drift(prefs.with_judgments(rows)).lines.filter(annotator_id=first, coefficient="care")
    assert lines.height == 5
    assert "2025-01-13" not in lines["period"]


def test_the_report_draws_a_line_per_annotator(campaign: prefqa.Simulation) -> None:
    drawn = charts.annotator_lines(prefqa.drift(campaign.preferences).lines)
    assert all(chart.caption.endswith("in colour who changed") for chart in drawn)
    (random,) = campaign.truth.drifts["annotators"][0].to_list()
    assert random in drawn[0].svg
    quiet = prefqa.drift(prefqa.simulate(200, 3, 6, 3, seed=1, weeks=3, texts=False).preferences).lines
    assert charts.annotator_lines(quiet)[0].caption.endswith("nobody stands out")
    assert charts.annotator_lines(quiet.head(0)) == []
