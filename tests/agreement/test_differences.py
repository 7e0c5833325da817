"""Tests of differences between slices."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import prefqa
from jackknife import jackknife
from prefqa.agreement import differences
from prefqa.errors import UsageError
from prefqa.preferences import Preferences


def _split(n_items: int, seed: int, *, worse: bool = False) -> Preferences:
    """Half of the items in each slice; `worse` turns a third of the judgments of slice b around."""
    rows = prefqa.simulate(
        n_items, n_annotators=20, n_responses=2, seed=seed, texts=False
    ).preferences.judgments.collect()
    rows = rows.with_columns(half=pl.when(pl.col("item_id").hash(1) % 2 == 0).then(pl.lit("a")).otherwise(pl.lit("b")))
    if worse:
        turned = (pl.struct("item_id", "annotator_id").hash(2) % 3 == 0) & (pl.col("half") == "b")
        rows = rows.with_columns(rank=pl.when(turned).then(3 - pl.col("rank")).otherwise("rank"))
    return Preferences.from_long(rows.select("item_id", "annotator_id", "response_id", "rank", "half"))


def test_a_difference_is_that_of_the_slices_and_its_error_that_of_independent_items() -> None:
    prefs = _split(500, 1)
    names = ["alpha_nominal", "percent_agreement", "fleiss_kappa"]
    found = differences(prefs, by="half", coefficients=names, inference="items")
    slices = prefqa.agreement(prefs, by="half", coefficients=names, inference="items").estimates
    for row in found.iter_rows(named=True):
        a, b = (
            slices.filter(pl.col("slice") == row[f"slice_{end}"], pl.col("coefficient") == row["coefficient"]).row(
                0, named=True
            )
            for end in "ab"
        )
        assert row["difference"] == pytest.approx(b["estimate"] - a["estimate"])
        assert row["se"] == pytest.approx(np.hypot(a["se"], b["se"]), rel=1e-6)


def _disjoint(seed: int, n_annotators: int = 15) -> Preferences:
    """Two slices of 60 items each by annotators of their own, all of equal skill."""
    parts = []
    for i in (0, 1):
        design = {"n_annotators": n_annotators, "reliability": (8_000.0, 2_000.0), "spammers": 0, "texts": False}
        rows = prefqa.simulate(60, n_responses=3, seed=2 * seed + i, **design).preferences.judgments  # type: ignore[arg-type]
        own = [pl.format("{}-{}", pl.lit(i), name).alias(name) for name in ("item_id", "annotator_id")]
        parts.append(rows.select(*own, "response_id", "rank", half=pl.lit(str(i))).collect())
    return Preferences.from_long(pl.concat(parts))


@pytest.mark.parametrize("target", ["votes", "scores"])
def test_of_slices_that_share_nobody_variances_add_up(target: str) -> None:
    prefs = _disjoint(1, n_annotators=4)
    rows = prefs.judgments.with_columns(score=pl.col("rank").cast(pl.Float64))
    prefs = prefs.with_judgments(rows)
    options = {"target": target, "coefficients": ["percent_agreement"]}
    found = differences(prefs, by="half", **options)["se"].item()  # type: ignore[arg-type]
    items = differences(prefs, by="half", inference="items", **options)["se"].item()  # type: ignore[arg-type]

    def value(of: pl.DataFrame) -> float:
        result = prefqa.agreement(Preferences.from_long(of), inference="items", **options)  # type: ignore[arg-type]
        return float(result.estimates["estimate"].item())

    over = np.zeros(3)
    for half in ("0", "1"):
        of_slice = rows.filter(pl.col("half") == half).collect()
        keys = ["item_id"], ["annotator_id"], ["item_id", "annotator_id"]
        over += [jackknife(of_slice, unit, value) for unit in keys]
    assert items**2 == pytest.approx(over[0], rel=1e-9)
    assert found**2 == pytest.approx(over[0] + max(over[1] - over[2], 0), rel=1e-9)


def test_where_there_is_no_difference_one_in_twenty_is_found() -> None:
    p = [
        differences(_disjoint(seed), by="half", coefficients=["percent_agreement"])["p_value"].item()
        for seed in range(150)
    ]
    assert 0.01 <= np.mean(np.array(p) < 0.05) <= 0.09


def test_an_item_that_stands_in_both_slices_counts_as_one() -> None:
    """The same judgments under two names differ by nothing, with no error at all."""
    rows = _split(100, 2).judgments.collect()
    twice = pl.concat([rows.with_columns(half=pl.lit(name)) for name in "ab"])
    row = differences(Preferences.from_long(twice), by="half", coefficients=["alpha_nominal"]).row(0, named=True)
    assert row["reason"] == "one item, or no variance, in one of the slices"


def test_a_planted_difference_is_found_and_none_is_mostly_not() -> None:
    assert differences(_split(600, 3, worse=True), by="half", coefficients=["alpha_nominal"])["p_value"].item() < 0.01
    quiet = [
        differences(_split(300, seed), by="half", coefficients=["alpha_nominal"])["p_value"].item()
        for seed in range(100, 160)
    ]
    assert np.mean(np.array(quiet) < 0.05) <= 0.15


def test_p_values_of_several_slices_are_holms() -> None:
    rows = _split(400, 4).judgments.collect().with_columns(third=(pl.col("item_id").hash(3) % 3).cast(pl.String))
    found = differences(Preferences.from_long(rows), by="third", coefficients=["alpha_nominal"])
    p = np.sort(found["p_value"].to_numpy())
    holm = np.minimum(np.maximum.accumulate(p * np.array([3, 2, 1])), 1)
    assert np.sort(found["p_adjusted"].to_numpy()) == pytest.approx(holm)
    assert found.height == 3


def test_coefficients_that_know_the_annotators_have_none() -> None:
    with pytest.raises(UsageError, match="cohen_kappa"):
        differences(_split(50, 1), by="half", coefficients=["cohen_kappa"])


def test_more_distinct_scores_than_categories_is_a_reason_not_a_fault() -> None:
    rows = [
        {"item_id": f"i{i}", "annotator_id": f"a{a}", "response_id": "r", "score": i * 1.5 + a / 7, "half": str(i % 2)}
        for i in range(150)
        for a in range(3)
    ]
    prefs = prefqa.Preferences.from_long(pl.DataFrame(rows).with_columns(rank=pl.lit(1)))
    found = differences(prefs, by="half", target="scores", coefficients="alpha_ordinal")
    assert found["difference"].to_list() == [None]
    assert "distinct values" in found["reason"][0]


def test_a_missing_slice_value_is_not_the_text_none() -> None:
    rows = [
        {"item_id": f"i{i}", "annotator_id": f"a{a}", "response_id": f"r{r}", "rank": 1 + (r + i * a) % 2, "half": half}
        for i, half in enumerate([None, "None"] * 6)
        for a in range(3)
        for r in range(2)
    ]
    prefs = prefqa.Preferences.from_long(pl.DataFrame(rows))
    found = prefqa.agreement(prefs, by="half", coefficients="percent_agreement").estimates.drop_nulls("slice")
    assert sorted(found["slice"]) == ["half=(missing)", "half=None"]
    assert found["n_items"].sum() == 12
