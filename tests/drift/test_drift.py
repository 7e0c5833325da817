"""Drift: silent when prompts, models, people or difficulty change, an alarm when the rule changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

import prefqa
from prefqa.errors import ColumnNotFoundError, UsageError
from strategies import preferences


def campaign(seed: int, drift: Any = None, **options: object) -> prefqa.Preferences:
    settings = {
        "n_items": 250, "n_responses": 2, "weeks": 6, "texts": False, "tie_threshold": 0.3, "length_bias": 0.3
    } | options  # fmt: skip
    return prefqa.simulate(**settings, seed=seed, drift=drift or ()).preferences  # type: ignore[arg-type]


SILENT: dict[str, tuple[list[prefqa.Drift], dict[str, object]]] = {
    "nothing": ([], {}),
    "items harder": ([prefqa.Drift("gaps", 3, -0.4)], {}),
    "items easier": ([prefqa.Drift("gaps", 3, 0.6)], {}),
    "pool replaced": ([prefqa.Drift("pool", 3, 1.0)], {}),
    "prompt mix": ([prefqa.Drift("prompts", 3, 1.0)], {"categories": 0.4}),
    "model mix": ([prefqa.Drift("models", 3, 1.0)], {"n_models": 6}),
    "lengths grow": ([prefqa.Drift("longer", 3, 1.0)], {}),
}


def test_false_alarms_stay_rare_whatever_changes_but_the_rule() -> None:
    alarms = [
        prefqa.drift(campaign(seed, drifts, **more)).alarm for seed in range(6) for drifts, more in SILENT.values()
    ]
    assert sum(map(bool, alarms)) <= 6  # of 42 at .05: 2.1 expected, 7 or more in 1 of 200


@pytest.mark.parametrize(
    ("drift", "what"), [(prefqa.Drift("position", 3, 1.5), "position"), (prefqa.Drift("ties", 3, 0.7), "ties")]
)
def test_a_changed_rule_is_found_named_and_dated(drift: prefqa.Drift, what: str) -> None:
    found = [prefqa.drift(campaign(seed, drift, n_items=500)) for seed in range(4)]
    first = [result.changes.filter(what=what).row(0, named=True) for result in found]
    assert all(row["grade"] == ("identified" if what == "position" else "confounded") for row in first)
    assert all(row["alarm"] for row in first if what == "position")
    assert sum(row["since_low"] <= "2025-01-27" <= row["since_high"] for row in first) >= 3
    assert sum(row["driver"] == "all annotators" for row in first) >= 2
    for row in first:
        assert row["p_adjusted"] < 0.05
        assert row["ci_low"] < row["effect"] < row["ci_high"]
        assert row["since"] in row["sentence"]


@pytest.mark.parametrize(
    ("seed", "drift", "more"),
    [
        (900049, prefqa.Drift("models", 6, 1.0), {"n_models": 6}),
        (900019, prefqa.Drift("care", 6, 0.4), {}),
    ],
)
def test_every_alarm_has_a_sentence(seed: int, drift: prefqa.Drift, more: dict[str, int]) -> None:
    """Campaigns in which the strength of all stands out, and a single feature nearly as much but not enough."""
    drawn = prefqa.simulate(
        666, 4, 20, 3, seed=seed, weeks=12, drift=drift, habits=0.3, length_bias=0.3, position_bias=0.1,
        tie_threshold=0.1, texts=False, **more,  # type: ignore[arg-type]
    )  # fmt: skip
    found = prefqa.drift(drawn.preferences, every="1w")
    assert found.changes["sentence"].null_count() == 0
    assert found.alarm == bool(found.changes["alarm"].any())
    assert len(found.warnings) >= (~found.changes["alarm"]).sum()


def test_one_annotator_who_goes_random_is_named() -> None:
    drift = prefqa.Drift("care", 3, 1.0, annotators=0.1)
    found = [
        prefqa.simulate(
            900, 2, 10, 3, seed=seed, weeks=6, texts=False, reliability=(12.0, 3.0), spammers=0.0, drift=[drift]
        )
        for seed in range(4)
    ]
    named = 0
    for one in found:
        result = prefqa.drift(one.preferences)
        (random,) = one.truth.drifts["annotators"][0].to_list()
        named += bool(result.alarm) and random in result.changes["driver"].to_list()
    assert named >= 3


def test_rankings_of_four_by_three_annotators_give_no_more_alarms_than_pairs() -> None:
    alarms = [
        prefqa.drift(campaign(seed, n_items=150, n_responses=4, n_annotators=3, weeks=4)).alarm for seed in range(20)
    ]
    assert sum(map(bool, alarms)) <= 4  # of 20 at .05: 5 or more in 1 of 400


def test_all_annotators_noisier_is_a_warning_where_nothing_known_weighs_less() -> None:
    prefs = campaign(2, prefqa.Drift("care", 3, 0.8), n_items=600, length_bias=0.0)
    found = prefqa.drift(prefs)
    assert any("more or less careful" in warning for warning in found.warnings)
    context = found.detectors.filter(kind="context")
    assert not context["alarm"].any()


def test_with_one_vote_per_item_strength_and_ties_are_undefined_with_a_reason() -> None:
    alone = campaign(1, annotators_per_item=1, n_items=600)
    found = prefqa.drift(alone)
    undefined = found.detectors.filter(pl.col("reason").is_not_null() & (pl.col("kind") == "rule"))
    undefined = undefined.filter(pl.col("detector") != "n_words")
    assert undefined["detector"].to_list() == ["strength", "ties"]
    assert all("cannot be told apart" in reason for reason in undefined["reason"])
    of_alpha = found.detectors.filter(detector="alpha_nominal")
    assert of_alpha["p_value"].null_count() == of_alpha.height
    assert of_alpha["reason"].null_count() == 0


def test_the_standard_error_of_a_difference_equals_an_item_bootstrap() -> None:
    prefs = campaign(7, n_items=120, weeks=2, n_responses=4)
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


def test_holm_of_the_observed_figures_is_what_its_definition_says() -> None:
    found = prefqa.drift(campaign(1, prefqa.Drift("ties", 3, 0.2))).detectors.filter(kind="context").sort("p_value")
    p, n = found["p_value"].to_numpy(), found.height
    expected = np.minimum(1, np.maximum.accumulate(p * (n - np.arange(n))))
    assert np.allclose(found["p_adjusted"].to_numpy(), expected)


def test_periods_come_from_a_clock_a_version_or_a_batch() -> None:
    prefs = campaign(1, guideline_versions=2)
    assert prefqa.drift(prefs, every="2w").timeline["period"].n_unique() in (3, 4)
    assert prefqa.drift(prefs, version="guideline_version").detectors["period"].drop_nulls().unique().len() == 1
    by_batch = prefqa.drift(prefs, batch="batch", reference="week-02")
    assert set(by_batch.detectors["period"].drop_nulls()) == {f"week-0{n}" for n in (1, 3, 4, 5, 6)}
    assert set(by_batch.detectors["reference"].drop_nulls()) == {"week-02"}


def test_what_cannot_be_compared_is_undefined_with_a_reason_and_never_no() -> None:
    bare = preferences(pl.DataFrame({"item_id": ["p"], "annotator_id": ["a"], "response_id": ["x"], "rank": [1]}))
    assert prefqa.drift(bare).alarm is None
    assert "created_at" in (prefqa.drift(bare).reason or "")
    assert prefqa.drift(campaign(1, weeks=1)).reason == "only one period"
    tied = campaign(1)
    tied = tied.with_judgments(tied.judgments.with_columns(rank=pl.lit(1, pl.Int64)))
    found = prefqa.drift(tied)
    assert found.alarm is None
    assert found.reason == "no vote prefers one response to another"
    replaced = campaign(1, prefqa.Drift("pool", 1, 1.0), weeks=2)
    found = prefqa.drift(replaced)
    assert found.alarm is None
    assert "both sides" in (found.reason or "")


def test_row_order_and_names_do_not_matter() -> None:
    prefs = campaign(3)
    shuffled = prefs.judgments.collect().sample(fraction=1, shuffle=True, seed=1)
    renamed = shuffled.with_columns(pl.format("{}-new", pl.col("annotator_id")).alias("annotator_id"))
    plain, other = (prefqa.drift(one).to_dict() for one in (prefs, prefs.with_judgments(renamed.lazy())))
    for result in (plain, other):
        for row in [*result["detectors"], *result["lines"]]:
            row.pop("annotator_id")
    assert plain == other


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
    with pytest.raises(ColumnNotFoundError, match="fluency"):
        prefqa.drift(prefs, features=["fluency"])
    with pytest.raises(UsageError, match="not numbers"):
        prefqa.drift(prefs, features=["model"])


def test_what_a_change_of_the_pool_explains_is_not_told_again_of_single_people() -> None:
    """A rule that all follow more closely parts careful from careless people, who did not change of their own."""
    drift = prefqa.Drift("length", 3, 1.2)
    found = [
        prefqa.drift(campaign(seed, drift, n_items=2000, n_responses=3, n_annotators=12, habits=0.3)).changes
        for seed in range(2)
    ]
    for changes in found:
        assert changes.filter(what="length")["driver"].to_list() == ["all annotators"]
        assert changes.filter(what="length")["grade"].to_list() == ["confounded"]
        assert changes.filter(grade="identified").height <= 1
