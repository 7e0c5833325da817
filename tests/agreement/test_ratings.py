"""Coefficients on scores and labels: against other packages and definitions, and what must hold for any data."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import krippendorff
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import prefqa
from jackknife import two_way
from prefqa.agreement import TARGETS
from prefqa.agreement.estimate import Options, sources
from prefqa.agreement.weights import WEIGHTS, agreement_weights
from prefqa.errors import ColumnNotFoundError, UsageError
from prefqa.preferences import Preferences

SCORES = list(TARGETS["scores"])
_SCHEMA = {
    "item_id": pl.String,
    "annotator_id": pl.String,
    "response_id": pl.String,
    "rank": pl.Int64,
    "score": pl.Float64,
    "label": pl.String,
}


def _frame(matrix: np.ndarray[Any, Any], n_responses: int = 1) -> pl.DataFrame:
    """Units x annotators (NaN = none); units are the responses of items, `n_responses` each."""
    rows = [
        (f"item{i // n_responses:04d}", f"annotator{j:02d}", f"response{i % n_responses}", 1, value, f"c{value:g}")
        for (i, j), value in np.ndenumerate(matrix)
        if not np.isnan(value)
    ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _random(seed: int, n: int = 60, annotators: int = 6, kept: float = 0.6) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(n, 1))
    found = np.clip(np.round(3 + truth + rng.normal(scale=0.8, size=(n, annotators))), 1, 5)
    found[rng.random(found.shape) > kept] = np.nan
    return found


def _figures(frame: pl.DataFrame, names: list[str], **options: Any) -> dict[str, dict[str, Any]]:
    options = {"target": "scores", "inference": "items"} | options
    found = prefqa.agreement(Preferences.from_long(frame), coefficients=names, **options).estimates
    return {row["coefficient"]: row for row in found.filter(pl.col("slice").is_null()).to_dicts()}


matrices = st.integers(2, 9).flatmap(
    lambda n: st.lists(
        st.lists(st.one_of(st.just(np.nan), st.integers(1, 4).map(float)), min_size=4, max_size=4),
        min_size=n,
        max_size=n,
    )
)


@pytest.mark.parametrize(("name", "level"), [
    ("alpha_nominal", "nominal"), ("alpha_ordinal", "ordinal"), ("alpha_interval", "interval"), ("alpha_ratio", "ratio")
])  # fmt: skip
@given(matrix=matrices)
def test_alpha_equals_krippendorff(name: str, level: str, matrix: list[list[float]]) -> None:
    values = np.array(matrix)
    shared = values[(~np.isnan(values)).sum(axis=1) > 1]
    if np.unique(shared[~np.isnan(shared)]).size < 2:
        return
    expected = krippendorff.alpha(reliability_data=shared.T, level_of_measurement=level)
    assert _figures(_frame(values), [name])[name]["estimate"] == pytest.approx(expected, abs=1e-9)


def _without(values: np.ndarray[Any, Any], item: int, n_responses: int) -> np.ndarray[Any, Any]:
    return np.delete(values, np.s_[item * n_responses : (item + 1) * n_responses], axis=0)


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("n_responses", [1, 3])
def test_the_item_error_is_the_delete_one_jackknife(name: str, n_responses: int) -> None:
    values = _random(1, n=90 // n_responses * n_responses)
    n_items = len(values) // n_responses
    options = {"weights": "quadratic", "categories": [1, 2, 3, 4, 5]}
    found = _figures(_frame(values, n_responses), [name], **options)[name]
    entry = TARGETS["scores"][name]
    alone = (~np.isnan(values)).sum(axis=1).reshape(n_items, n_responses).max(axis=1) < 2
    counted = [
        i for i in range(n_items) if not alone[i] or entry.counted == "rated" or entry.route.startswith(("icc", "con"))
    ]
    n_items = len(counted)
    assert found["n_items"] == n_items
    left = np.array(
        [
            _figures(_frame(_without(values, i, n_responses), n_responses), [name], **options)[name]["estimate"]
            for i in counted
        ]
    )
    se = np.sqrt((n_items - 1) / n_items * ((left - left.mean()) ** 2).sum())
    assert found["se"] == pytest.approx(se, rel=1e-9)


@pytest.mark.parametrize("n_responses", [1, 2])
@pytest.mark.parametrize("name", SCORES)
def test_the_error_is_that_of_the_two_jackknives_with_the_chance_of_single_judgments_once(
    name: str, n_responses: int
) -> None:
    values = _random(2, n=16, annotators=5, kept=1.0)
    values[::5, 0] = np.nan
    rows = _frame(values, n_responses)
    options = {"weights": "linear", "categories": [1, 2, 3, 4, 5]}
    both = _figures(rows, [name], inference="items+annotators", **options)[name]
    assert both["se"] ** 2 == pytest.approx(
        two_way(rows, lambda of: _figures(of, [name], **options)[name]["estimate"]), rel=1e-6
    )
    assert both["inference"] == "items+annotators"


@given(matrix=matrices, seed=st.integers(0, 100))
def test_order_and_names_do_not_matter(matrix: list[list[float]], seed: int) -> None:
    values = np.array(matrix)
    rng = np.random.default_rng(seed)
    other = values[rng.permutation(len(values))][:, rng.permutation(4)]
    names = [*SCORES]
    one, two = (_figures(_frame(v), names) for v in (values, other))
    shuffled = _figures(_frame(values).sample(fraction=1.0, shuffle=True, seed=seed), names)
    for name in names:
        for key in ("estimate", "se", "n_items", "reason"):
            assert one[name][key] == pytest.approx(two[name][key], abs=1e-7, nan_ok=True), (name, key)
        assert shuffled[name] == one[name]


@pytest.mark.parametrize("name", [n for n in SCORES if n != "icc_2k"])
def test_identical_ratings_agree_fully(name: str) -> None:
    same = np.tile(np.array([[1.0], [2.0], [3.0], [5.0], [2.0]]), 4)
    assert _figures(_frame(same), [name])[name]["estimate"] == pytest.approx(1)


@pytest.mark.parametrize(
    "name", [n for n in SCORES if n.startswith(("alpha", "icc", "fleiss", "cohen", "scott")) and n[-1] != "k"]
)
def test_random_ratings_do_not_agree(name: str) -> None:
    values = np.random.default_rng(0).integers(1, 6, size=(4000, 3)).astype(float)
    assert _figures(_frame(values), [name])[name]["estimate"] == pytest.approx(0, abs=0.04)


@pytest.mark.parametrize(("values", "reason"), [
    ([[2.0, 2.0], [2.0, 2.0]], "all ratings are the same"),
    ([[2.0, np.nan], [np.nan, 3.0]], "nothing was rated by two annotators"),
    ([[2.0, 3.0]], "one item: no standard error"),
])  # fmt: skip
def test_what_is_undefined_is_null_with_the_reason(values: list[list[float]], reason: str) -> None:
    found = _figures(_frame(np.array(values)), ["alpha_nominal", "fleiss_kappa", "alpha_interval", "cohen_kappa"])
    assert {row["reason"] for row in found.values()} == {reason}


def test_a_slice_is_the_filtered_data() -> None:
    frame = _frame(_random(3, n=80)).with_columns(half=pl.col("item_id") < "item0040")
    prefs = Preferences.from_long(frame)
    names = [*SCORES]
    sliced = prefqa.agreement(prefs, target="scores", coefficients=names, by="half", categories=range(1, 6)).estimates
    for value in (True, False):
        alone = Preferences.from_long(frame.filter(pl.col("half") == value))
        whole = prefqa.agreement(alone, target="scores", coefficients=names, categories=range(1, 6)).estimates
        of_slice = sliced.filter(pl.col("slice") == f"half={value}")
        assert of_slice.height == len(names)
        for column in ("estimate", "se", "ci_low", "n_items", "n_annotators", "n_votes"):
            assert of_slice[column].to_list() == pytest.approx(whole[column].to_list(), rel=1e-9)


def test_labels_are_the_same_as_scores_taken_as_categories() -> None:
    frame = _frame(_random(4))
    names = list(TARGETS["labels"])
    labels = _figures(frame, names, target="labels", weights="identity")
    scores = _figures(frame, names, target="scores", weights="identity")
    for name in names:
        assert labels[name]["estimate"] == pytest.approx(scores[name]["estimate"], abs=1e-12)


def test_a_hundred_distinct_scores_are_no_trouble_and_a_thousand_say_so() -> None:
    rng = np.random.default_rng(5)
    values = np.round(rng.normal(50, 15, size=(3000, 1)) + rng.normal(0, 8, size=(3000, 3)))
    many = _figures(_frame(np.clip(values, 1, 100)), ["alpha_ordinal", "alpha_interval", "cohen_kappa", "icc_3"])
    expected = krippendorff.alpha(reliability_data=np.clip(values, 1, 100).T, level_of_measurement="ordinal")
    assert many["alpha_ordinal"]["estimate"] == pytest.approx(expected, abs=1e-9)
    fine = rng.normal(size=(1000, 1)) + rng.normal(size=(1000, 3))
    found = _figures(_frame(fine), ["alpha_ordinal", "alpha_interval", "icc_1", "icc_2"])
    assert "more than 128 categories" in found["alpha_ordinal"]["reason"]
    assert [found[name]["estimate"] for name in ("alpha_interval", "icc_1", "icc_2")] == pytest.approx(
        [0.5] * 3, abs=0.06
    )


def test_ratios_of_negative_scores_mean_nothing() -> None:
    found = _figures(_frame(np.array([[-1.0, 1.0], [2.0, 2.0]])), ["alpha_ratio"])
    assert "below 0" in found["alpha_ratio"]["reason"]


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_are_one_for_the_same_and_fall_with_distance(name: str) -> None:
    weights = agreement_weights(name, np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert np.diag(weights) == pytest.approx(np.ones(5))
    assert weights == pytest.approx(weights.T)
    assert weights.min() >= -1e-12
    if name != "circular":
        assert (np.diff(weights[0]) <= 1e-12).all()


def test_the_mean_of_cohens_kappas_is_weighted_by_comparisons() -> None:
    values = _random(6)
    whole, n = 0.0, 0
    for a, b in combinations(range(values.shape[1]), 2):
        both = values[:, [a, b]][~np.isnan(values[:, [a, b]]).any(axis=1)]
        table = np.array([[(both == [k, m]).all(axis=1).sum() for m in range(1, 6)] for k in range(1, 6)]) / len(both)
        chance = table.sum(axis=1) @ table.sum(axis=0)
        whole += len(both) * (np.trace(table) - chance) / (1 - chance)
        n += len(both)
    found = _figures(_frame(values), ["cohen_kappa"], weights="identity")["cohen_kappa"]
    assert found["estimate"] == pytest.approx(whole / n)


@pytest.mark.parametrize(("options", "error"), [
    ({"target": "stars"}, UsageError),
    ({"target": "labels", "coefficients": ["icc_1"]}, UsageError),
    ({"weights": "cubic"}, UsageError),
    ({"method": "magic"}, UsageError),
    ({"n_replicates": 10}, UsageError),
    ({"target": "scores", "categories": [1, 2]}, UsageError),
    ({"coefficients": ["gwet_ac2"], "target": "votes"}, UsageError),
])  # fmt: skip
def test_what_cannot_be_asked(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        prefqa.agreement(Preferences.from_long(_frame(_random(7))), **options)


def test_scores_that_are_not_there_are_named() -> None:
    with pytest.raises(ColumnNotFoundError, match="score"):
        prefqa.agreement(Preferences.from_long(_frame(_random(7)).drop("score")), target="scores")


def test_a_category_that_was_only_said_in_a_superseded_judgment_is_none() -> None:
    frame = _frame(np.array([[1.0, 1.0], [2.0, 1.0], [2.0, 2.0], [1.0, 1.0]])).with_columns(judgment_id=pl.lit("b"))
    first = frame.head(1).with_columns(judgment_id=pl.lit("a"), score=pl.lit(9.0), label=pl.lit("c9"))
    names, options = ["brennan_prediger", "gwet_ac1"], {"weights": "identity"}
    for target in ("scores", "labels"):
        alone, corrected = (_figures(f, names, target=target, **options) for f in (frame, pl.concat([frame, first])))
        assert alone == corrected


NUMERIC = [name for name in SCORES if name.startswith(("icc", "alpha_interval"))]


def test_scores_of_a_far_slice_do_not_touch_the_others() -> None:
    near, far = (
        _frame(_random(8)),
        _frame(_random(9) + 1e9).with_columns(pl.format("far-{}", "item_id").alias("item_id")),
    )
    both = Preferences.from_long(pl.concat([f.with_columns(half=pl.lit(h)) for f, h in ((near, "a"), (far, "b"))]))
    sliced = prefqa.agreement(both, target="scores", coefficients=NUMERIC, by="half").estimates
    alone = _figures(near, NUMERIC, inference="items+annotators")
    for row in sliced.filter(pl.col("slice") == "half=a").to_dicts():
        for key in ("estimate", "se", "ci_low", "ci_high"):
            assert row[key] == pytest.approx(alone[row["coefficient"]][key], rel=1e-9)


@pytest.mark.parametrize("name", NUMERIC)
def test_without_one_far_score_the_others_keep_their_digits(name: str) -> None:
    """The value without the far item, by the jackknife and computed anew."""
    values = _random(8)
    rows = _frame(np.concatenate([values, np.array([[1e8, 3.0, *[np.nan] * 4]])]))
    prefs, entry = Preferences.from_long(rows), TARGETS["scores"][name]
    found = sources(prefs, (), [entry], Options())["scores"].replicates(0, entry)
    anew = _figures(_frame(values), [name])[name]["estimate"]
    assert found.items[np.argmax(np.abs(found.items - found.estimate))] == pytest.approx(anew, abs=1e-3)


def test_an_annotator_who_rated_alone_moves_congers_chance() -> None:
    """Six units that four rate, and six that a fifth annotator rates alone."""
    values = np.full((12, 5), np.nan)
    values[:6, :4] = _random(11, n=6, annotators=4, kept=1.0)
    values[6:, 4] = [1, 1, 1, 2, 1, 1]
    prefs, entry = Preferences.from_long(_frame(values)), TARGETS["scores"]["conger_kappa"]
    found = sources(prefs, (), [entry], Options(weights="identity", categories=[1, 2, 3, 4, 5]))["scores"]
    annotators = found.replicates(0, entry).annotators
    options = {"weights": "identity", "categories": [1, 2, 3, 4, 5]}
    anew = [
        _figures(_frame(np.delete(values, a, axis=1)), ["conger_kappa"], **options)["conger_kappa"]["estimate"]
        for a in range(5)
    ]
    assert annotators == pytest.approx(anew)
