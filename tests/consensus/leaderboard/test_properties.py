"""What must hold for any votes: order, names and cutting up of the data do not matter."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prefqa
from prefqa.consensus.leaderboard import LeaderboardResult
from strategies import judgments, preferences

OPTIONS: list[dict[str, Any]] = [
    {},
    {"ties": "davidson"},
    {"ties": "rao-kupper"},
    {"annotators": "weighted"},
    {"inference": "items+annotators"},
    {"covariates": ["position"]},
]


def board(frame: pl.DataFrame, **options: Any) -> LeaderboardResult | str:
    """The leaderboard with a prior, so that most data have one; else the kind of error."""
    prefs = preferences(frame.with_columns(position=(pl.col("response_id").hash() % 7 + pl.col("item_id").hash() % 3)))
    try:
        return prefqa.leaderboard(prefs, prior_sd=1.0, **options)
    except prefqa.PrefqaError as error:
        return type(error).__name__


def near(one: LeaderboardResult | str, other: LeaderboardResult | str, columns: list[str]) -> None:
    if isinstance(one, str) or isinstance(other, str):
        assert one == other
        return
    for column in columns:
        a, b = (found.leaderboard.sort("name")[column].cast(pl.Float64).to_numpy() for found in (one, other))
        assert a == pytest.approx(b, abs=1e-6, nan_ok=True), column


@pytest.mark.parametrize("options", OPTIONS)
@given(frame=judgments(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_row_order_does_not_matter(options: dict[str, Any], frame: pl.DataFrame, seed: int) -> None:
    one, two = board(frame, **options), board(frame.sample(fraction=1, shuffle=True, seed=seed), **options)
    if isinstance(one, str) or isinstance(two, str):
        assert one == two
    else:
        assert one.to_dict() == two.to_dict()


@pytest.mark.parametrize("options", [o for o in OPTIONS if "covariates" not in o])
@given(frame=judgments())
@settings(max_examples=25)
def test_names_do_not_matter(options: dict[str, Any], frame: pl.DataFrame) -> None:
    turned = {f"response{i}": f"z{9 - i}" for i in range(9)}
    other = frame.with_columns(
        pl.col("response_id").replace(turned),
        *(pl.format("z{}", pl.col(name).str.reverse()).alias(name) for name in ("item_id", "annotator_id")),
    )
    one, two = board(frame, **options), board(other, **options)
    if not isinstance(two, str):
        back = two.leaderboard.with_columns(name=pl.col("name").replace({new: old for old, new in turned.items()}))
        two = prefqa.LeaderboardResult(**{**vars(two), "leaderboard": back})
    near(one, two, ["score", "se", "ci_low", "rank", "rank_low", "rank_high", "n_votes", "n_wins"])


@given(frame=judgments(), times=st.integers(2, 4))
@settings(max_examples=25)
def test_items_said_several_times_weigh_so_often(frame: pl.DataFrame, times: int) -> None:
    """Merging copies of the data leaves scores by maximum likelihood where they were."""
    copies = [frame.with_columns(item_id=pl.format("{}-{}", "item_id", pl.lit(i))) for i in range(times)]
    try:
        one, many = prefqa.leaderboard(preferences(frame)), prefqa.leaderboard(preferences(pl.concat(copies)))
    except prefqa.PrefqaError:
        return
    near(one, many, ["score", "rank", "win_rate"])
    assert many.n_votes == times * one.n_votes
    if one.n_items > 1:
        g, gs = one.n_items, many.n_items
        a, b = (found.leaderboard.sort("name")["se"].to_numpy() for found in (one, many))
        assert b * np.sqrt(times * (gs - 1) / gs) == pytest.approx(a * np.sqrt((g - 1) / g), rel=1e-5, abs=1e-9)


@given(frame=judgments())
@settings(max_examples=40)
def test_counts_add_up(frame: pl.DataFrame) -> None:
    found = board(frame)
    if isinstance(found, str):
        return
    rows = found.leaderboard
    assert rows["n_wins"].sum() == rows["n_losses"].sum() == found.n_votes - found.overall["n_ties"]
    assert rows["n_votes"].sum() == 2 * found.n_votes
    assert rows["score"].sum() == pytest.approx(0, abs=1e-9)
    assert (rows["rank_low"] <= rows["rank"]).all()
    assert (rows["rank"] <= rows["rank_high"]).all() or rows["rank"].n_unique() < rows.height
