"""Inference over items and annotators: what is lost without an annotator, and whether intervals hold for others."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from polars.testing import assert_frame_equal

import prefqa
from jackknife import two_way
from prefqa.agreement.registry import COEFFICIENTS
from prefqa.errors import UsageError
from prefqa.losses import vote_losses
from prefqa.moments import item_moments
from prefqa.preferences import Preferences
from prefqa.unit_moments import AT, NAMES
from strategies import judgments, preferences


@given(judgments(max_items=5, max_annotators=4, max_responses=4))
def test_the_sums_without_an_annotator_are_those_of_the_data_without_the_annotator(frame: pl.DataFrame) -> None:
    ranked = frame.filter(pl.col("rank").is_not_null())
    # A response that one annotator alone ranked leaves the item with that annotator, and W is then of fewer responses.
    shared = pl.col("annotator_id").n_unique().over("item_id", "response_id") > 1
    coded = preferences(ranked.filter(shared)).coded()
    total, losses = item_moments(coded).values.sum(axis=0), vote_losses(coded).of_annotators()
    pairwise = [AT[name] for name in NAMES if not name.startswith("w")]
    for annotator, lost in zip(*losses, strict=True):
        name = coded.annotator_ids[int(annotator)]
        rest = item_moments(preferences(ranked.filter(shared & (pl.col("annotator_id") != name))).coded())
        assert (total - lost)[pairwise] == pytest.approx(rest.values.sum(axis=0)[pairwise], abs=1e-9)


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_the_error_is_that_of_the_two_jackknives_with_the_chance_of_single_judgments_once(name: str) -> None:
    prefs = prefqa.simulate(n_items=30, n_annotators=7, tie_threshold=0.2, seed=3, texts=False).preferences
    rows = prefs.judgments.select("item_id", "annotator_id", "response_id", "rank").collect()

    def row(of: pl.DataFrame, inference: str) -> dict[str, Any]:
        found = prefqa.agreement(Preferences.from_long(of), coefficients=[name], inference=inference)
        return found.estimates.row(0, named=True)

    both = row(rows, "items+annotators")
    assert both["se"] ** 2 == pytest.approx(two_way(rows, lambda of: row(of, "items")["estimate"]), rel=1e-9)
    assert (row(rows, "items")["inference"], both["inference"]) == ("items", "items+annotators")


def test_annotators_who_are_all_alike_add_little() -> None:
    """Everybody has the same skill, so the variance over items is the whole."""
    added = []
    for seed in range(40):
        design = {"n_annotators": 15, "n_responses": 3, "reliability": (8_000.0, 2_000.0), "spammers": 0}
        prefs = prefqa.simulate(200, seed=seed, texts=False, **design).preferences  # type: ignore[arg-type]
        items, both = (
            prefqa.agreement(prefs, coefficients=["percent_agreement"], inference=over).estimates["se"].item()
            for over in ("items", "items+annotators")
        )
        added.append(both / items)
    assert min(added) == 1
    assert np.mean(added) < 1.2  # with the sum of both jackknives it was 1.6


def test_intervals_hold_for_other_annotators_where_those_over_items_alone_do_not() -> None:
    """Every campaign has annotators of its own; the truth is the value in a pool of two thousand."""
    design = {"n_responses": 3, "texts": False, "tie_threshold": 0.1, "spammers": 0}
    pool = prefqa.simulate(30_000, n_annotators=2_000, seed=99, **design).preferences  # type: ignore[arg-type]
    truth = prefqa.agreement(pool, coefficients=["alpha_nominal"]).estimates["estimate"].item()
    covered: dict[str, list[bool]] = {"items": [], "items+annotators": []}
    for seed in range(150):
        prefs = prefqa.simulate(400, n_annotators=20, seed=seed, **design).preferences  # type: ignore[arg-type]
        for inference, found in covered.items():
            row = prefqa.agreement(prefs, coefficients=["alpha_nominal"], inference=inference).estimates.row(
                0, named=True
            )
            found.append(row["ci_low"] <= truth <= row["ci_high"])
    assert 0.89 <= np.mean(covered["items+annotators"]) <= 0.98  # measured in 800 campaigns: .94
    assert np.mean(covered["items"]) <= 0.6  # measured in 300 campaigns: .45


def test_too_few_annotators_fall_back_to_items_and_say_so() -> None:
    two = prefqa.agreement(prefqa.simulate(n_items=50, n_annotators=2, annotators_per_item=2, texts=False).preferences)
    assert set(two.estimates["inference"]) == {"items"}
    assert "too few" in two.warnings[0]
    few = prefqa.agreement(prefqa.simulate(n_items=50, n_annotators=8, texts=False).preferences)
    assert "fewer than 15" in few.warnings[0]
    assert prefqa.agreement(prefqa.simulate(n_items=200, n_annotators=20, texts=False).preferences).warnings == ()


def test_an_unknown_inference_is_named() -> None:
    with pytest.raises(UsageError, match="items\\+annotators"):
        prefqa.agreement(prefqa.simulate(n_items=5, texts=False).preferences, inference="people")


def test_a_coefficient_that_needs_each_annotator_is_not_said_to_have_too_few() -> None:
    """Without the first annotator all votes are the same."""
    rows = [
        {"item_id": f"i{i}", "annotator_id": f"a{a}", "response_id": r, "rank": 1 if a == 0 and i % 2 else rank}
        for i in range(8)
        for a in range(4)
        for r, rank in (("x", 1), ("y", 1))
    ]
    rows = [row | {"rank": 2} if row["annotator_id"] == "a0" and row["response_id"] == "y" else row for row in rows]
    found = prefqa.agreement(Preferences.from_long(pl.DataFrame(rows)), coefficients=["alpha_nominal"])
    assert found.estimates["inference"].item() == "items"
    assert "undefined without one of the annotators" in found.warnings[-1]
    assert not any("too few" in warning for warning in found.warnings)


@given(frame=judgments())
def test_coefficients_on_votes_are_the_same_without_those_on_rankings(frame: pl.DataFrame) -> None:
    prefs = preferences(frame)
    whole = prefqa.agreement(prefs).estimates.filter(pl.col("target") == "votes")
    assert_frame_equal(prefqa.agreement(prefs, target="votes").estimates, whole)
