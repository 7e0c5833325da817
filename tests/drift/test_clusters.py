"""Items that belong together are one draw."""

from __future__ import annotations

import numpy as np
import polars as pl

import prefqa
from prefqa.drift.clusters import clusters
from prefqa.drift.contrasts import change_points
from prefqa.drift.evidence import Evidence
from prefqa.drift.periods import cut
from prefqa.drift.rankings import rankings


def evidence(prefs: prefqa.Preferences, cluster: str | None) -> Evidence:
    periods = cut(prefs, time=None, every=None, version=None, batch=None)
    assert periods is not None
    table = rankings(periods, strata=(), cluster=cluster)
    return Evidence.of(table, change_points(table.periods), seed=0)


def twice(prefs: prefqa.Preferences) -> prefqa.Preferences:
    """Each item under two criteria, with the same judgments."""
    rows = prefs.judgments.collect().with_columns(text=pl.col("item_id"))
    both = [
        rows.with_columns(
            item_id=pl.format("{}/{}", "item_id", pl.lit(name)),
            judgment_id=pl.format("{}/{}", "judgment_id", pl.lit(name)),
            criterion=pl.lit(name),
        )
        for name in ("clear", "true")
    ]
    return prefs.with_judgments(pl.concat(both).lazy())


def test_the_same_judgments_under_two_criteria_say_no_more_than_once() -> None:
    doubled = twice(prefqa.simulate(150, 3, 8, 3, seed=1, weeks=4, texts=False, tie_threshold=0.2).preferences)
    apart, as_one = evidence(doubled, None), evidence(doubled, "text")
    # Quadrature begins at another place for each unit, which makes the copies differ in the third digit.
    assert np.allclose(apart.scan.z, np.sqrt(2) * as_one.scan.z, atol=0.05)
    assert np.abs(apart.scan.annotator_z - np.sqrt(2) * as_one.scan.annotator_z).max() < 0.15


def test_clusters_come_from_a_column_or_with_criteria_from_the_prompt() -> None:
    prefs = twice(prefqa.simulate(20, 2, 4, 2, seed=1, weeks=2).preferences)
    ids = prefs.judgments.select(pl.col("item_id").unique().sort()).collect().to_series()
    found = clusters(prefs, ids, "text")
    assert found is not None
    by_text = pl.DataFrame({"text": ids.str.split("/").list.first(), "n": found})
    assert by_text.group_by("text").agg(pl.col("n").n_unique())["n"].to_list() == [1] * 20
    assert by_text["n"].n_unique() == 20
    assert clusters(prefs, ids, "item_id") is None
