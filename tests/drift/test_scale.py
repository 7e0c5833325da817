"""Score use by period, within annotator, against its definition."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

import prefqa
from prefqa.drift.periods import Periods, cut
from prefqa.drift.scale import LEVEL, SPREAD, _within, scale_by_period
from strategies import preferences


def rated(seed: int, generous: dict[str, float] | None = None, drop: str | None = None) -> Periods:
    rows = prefqa.simulate(40, 3, 6, 3, seed=seed, weeks=3, texts=False).preferences.judgments.collect()
    rows = rows.with_columns(score=(4 - pl.col("rank")).cast(pl.Float64))
    for name, more in (generous or {}).items():
        rows = rows.with_columns(score=pl.col("score") + more * (pl.col("annotator_id") == name))
    if drop:
        rows = rows.filter((pl.col("annotator_id") != drop) | (pl.col("batch") == "week-01"))
    found = cut(preferences(rows), time=None, every=None, version=None, batch="batch")
    assert found is not None
    return found


def rows_of(found: Periods, name: str) -> list[dict[str, Any]]:
    return [row for row in scale_by_period(found, 0.95) if row["coefficient"] == name]


def test_shift_and_variance_are_what_their_definition_says() -> None:
    rng = np.random.default_rng(0)
    item, annotator, period = rng.integers(0, 30, 200), rng.integers(0, 5, 200), rng.integers(0, 3, 200)
    value = rng.normal(size=200) + annotator
    estimate, se, n_items, n = _within(value, item, annotator, period, 3)
    rest = value - np.array([value[annotator == a].mean() for a in annotator])
    for t in range(3):
        share = np.array([(period[annotator == a] == t).mean() for a in annotator])
        weight = (period == t) - share
        information = (weight**2).sum()
        shift = (weight * value).sum() / information
        others = 1 - (period == t).mean()
        by_item = np.array([(weight * rest)[item == i].sum() for i in range(30)])
        assert estimate[t] == pytest.approx(value.mean() + others * shift)
        assert se[t] == pytest.approx(others * np.sqrt((by_item**2).sum()) / information)
        assert n[t] == (period == t).sum()
        assert n_items[t] == np.unique(item[period == t]).size


def test_a_generous_annotator_who_leaves_moves_nothing_but_the_mean_of_all() -> None:
    who = "annotator-01"
    plain, generous = (rows_of(rated(3, more, drop=who), LEVEL) for more in ({}, {who: 5.0}))
    moved = [other["estimate"] - one["estimate"] for one, other in zip(plain, generous, strict=True)]
    assert moved == pytest.approx([moved[0]] * 3)
    assert [row["estimate"] for row in rows_of(rated(3), SPREAD)] == pytest.approx(
        [row["estimate"] for row in rows_of(rated(3, {who: 5.0}), SPREAD)]
    )


def test_without_scores_there_is_nothing_to_draw_and_no_alarm_comes_of_it() -> None:
    prefs = prefqa.simulate(40, 3, 6, 3, seed=1, weeks=3, texts=False).preferences
    found = cut(prefs, time=None, every=None, version=None, batch="batch")
    assert found is not None
    assert scale_by_period(found, 0.95) == []
    result = prefqa.drift(rated(1).prefs, batch="batch")
    assert set(result.timeline["coefficient"]) >= {LEVEL, SPREAD}
    assert not result.detectors["detector"].str.starts_with("score").any()
