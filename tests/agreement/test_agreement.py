"""What holds for every coefficient, and how undefined figures are told."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from scipy import stats

import prefqa
from prefqa.agreement import COEFFICIENTS
from prefqa.errors import ColumnNotFoundError, UsageError
from prefqa.moments import interval
from strategies import judgments, preferences


def frame_of(rankings: dict[str, dict[str, list[int | None]]]) -> pl.DataFrame:
    """{item: {annotator: ranks}} as long judgments."""
    rows = [
        (item, annotator, f"r{slot}", rank)
        for item, by_annotator in rankings.items()
        for annotator, ranks in by_annotator.items()
        for slot, rank in enumerate(ranks)
    ]
    schema = {"item_id": pl.String, "annotator_id": pl.String, "response_id": pl.String, "rank": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def estimates(frame: pl.DataFrame, **options: object) -> pl.DataFrame:
    return prefqa.agreement(preferences(frame), **options).estimates


@given(judgments(), st.randoms(use_true_random=False))
def test_row_order_changes_nothing(frame: pl.DataFrame, random: object) -> None:
    order = list(range(frame.height))
    random.shuffle(order)
    assert_frame_equal(estimates(frame), estimates(frame[order]), check_exact=True)


@given(judgments(), st.permutations(range(6)))
def test_names_of_annotators_and_items_change_nothing(frame: pl.DataFrame, names: list[int]) -> None:
    renamed = frame.with_columns(
        pl.col("item_id").replace({f"item{i}": f"x{n}" for i, n in enumerate(names)}),
        pl.col("annotator_id").replace({f"annotator{i}": f"y{n}" for i, n in enumerate(names)}),
    )
    assert_frame_equal(estimates(frame), estimates(renamed), abs_tol=1e-9)


@given(judgments(), judgments())
def test_each_slice_equals_the_filtered_data(left: pl.DataFrame, right: pl.DataFrame) -> None:
    both = pl.concat([left.with_columns(batch=pl.lit("one")), right.with_columns(batch=pl.lit("two"))])
    sliced = estimates(both, by="batch").filter(pl.col("slice") == "batch=two").drop("slice")
    if right.select(pl.col("rank").is_not_null().any()).item():
        assert_frame_equal(sliced, estimates(right).drop("slice"), abs_tol=1e-9)


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_coefficient_is_one_when_all_agree(name: str) -> None:
    same = frame_of({f"i{n}": {a: [1, 2, 3, 3] for a in "abc"} for n in range(5)})
    found = estimates(same, coefficients=[name]).row(0, named=True)
    assert found["estimate"] == pytest.approx(1)
    # Five items that agree do not prove that all do: a share has the interval of Clopper and Pearson.
    assert found["ci_low"] == pytest.approx(0.025 ** (1 / 5) if COEFFICIENTS[name].bounds == (0.0, 1.0) else 1)
    assert found["ci_high"] == pytest.approx(1)


def test_coefficients_corrected_for_chance_are_near_zero_when_all_is_random() -> None:
    ranks = np.random.default_rng(1).integers(1, 5, (2000, 3, 4)).tolist()
    found = estimates(frame_of({f"i{n}": dict(zip("abc", by, strict=True)) for n, by in enumerate(ranks)}))
    corrected = ["alpha_nominal", "alpha_ordered", "symmetric_kappa", "kendall_w_corrected"]
    values = found.filter(pl.col("coefficient").is_in(corrected))
    assert values["estimate"].abs().max() < 0.03
    assert (values["estimate"].abs() < 4 * values["se"]).all()


def test_percent_agreement_in_its_three_tie_conventions() -> None:
    # One pair, five annotators: three first, one tie, one second: C(3)=3 equal of C(5)=10; 1*(3+1)=4 tie against
    # decision; of the C(4)=6 decided comparisons 3 agree.
    frame = frame_of({"i": {"a": [1, 2], "b": [1, 2], "c": [1, 2], "d": [1, 1], "e": [2, 1]}})
    found = dict(estimates(frame).select("coefficient", "estimate").iter_rows())
    assert found["percent_agreement"] == pytest.approx(0.3)
    assert found["percent_agreement_ties_half"] == pytest.approx(0.5)
    assert found["percent_agreement_no_ties"] == pytest.approx(0.5)


@given(st.integers(2, 5), st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_corrected_kendall_w_of_untied_rankings_is_the_mean_spearman_correlation(m: int, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rankings = [rng.permutation(k) + 1 for _ in range(m)]
    frame = frame_of({"i": {f"a{j}": ranks.tolist() for j, ranks in enumerate(rankings)}})
    expected = np.mean([stats.spearmanr(x, y).statistic for x, y in itertools.combinations(rankings, 2)])
    found = dict(estimates(frame).select("coefficient", "estimate").iter_rows())
    assert found["kendall_w_corrected"] == pytest.approx(expected)
    chi2 = stats.friedmanchisquare(*np.array(rankings).T).statistic if k >= 3 else m * (k - 1) * found["kendall_w"]
    assert found["kendall_w"] == pytest.approx(chi2 / (m * (k - 1)))


@given(st.lists(st.lists(st.integers(1, 4), min_size=4, max_size=4), min_size=2, max_size=5))
def test_kendall_w_with_ties_equals_friedman_over_its_maximum(rankings: list[list[int]]) -> None:
    frame = frame_of({"i": {f"a{j}": ranks for j, ranks in enumerate(rankings)}})
    found = dict(estimates(frame).select("coefficient", "estimate").iter_rows())["kendall_w"]
    if all(len(set(ranks)) == 1 for ranks in rankings):
        assert found is None
    else:
        chi2 = stats.friedmanchisquare(*np.array(rankings).T).statistic
        assert found == pytest.approx(chi2 / (len(rankings) * 3))


def reasons(frame: pl.DataFrame) -> set[str | None]:
    found = estimates(frame)
    assert found["estimate"].null_count() == found.height
    assert found["se"].null_count() == found.height
    return set(found["reason"])


def test_one_annotator_has_no_agreement_and_says_so() -> None:
    assert reasons(frame_of({"i": {"a": [1, 2]}, "j": {"a": [2, 1]}})) == {
        "no pair of responses was judged by two annotators"
    }


def test_no_overlap_has_no_agreement() -> None:
    assert reasons(frame_of({"i": {"a": [1, 2]}, "j": {"b": [2, 1]}})) == {
        "no pair of responses was judged by two annotators"
    }


def test_no_rows_at_all() -> None:
    assert reasons(frame_of({})) == {"no pair of responses was judged by two annotators"}


def test_all_ties_have_no_alpha_but_full_percent_agreement() -> None:
    found = estimates(frame_of({i: {"a": [1, 1], "b": [1, 1]} for i in "ijk"}))
    by_name = {row["coefficient"]: row for row in found.iter_rows(named=True)}
    assert by_name["alpha_nominal"]["estimate"] is None
    assert by_name["alpha_nominal"]["reason"] == "all votes are the same"
    assert by_name["percent_agreement"]["estimate"] == 1
    assert by_name["percent_agreement_no_ties"]["reason"] == "no two annotators decided the same pair"


def test_one_item_has_an_estimate_but_no_error() -> None:
    row = estimates(frame_of({"i": {"a": [1, 2, 3], "b": [1, 3, 2]}}), coefficients=["percent_agreement"]).row(
        0, named=True
    )
    assert (row["estimate"], row["se"], row["n_items"]) == (pytest.approx(2 / 3), None, 1)
    assert row["reason"] == "one item: no standard error"


def test_counts_are_of_what_was_compared() -> None:
    frame = frame_of({"i": {"a": [1, 2, None], "b": [1, 3, 2]}, "j": {"c": [1, 2]}})
    row = estimates(frame, coefficients=["percent_agreement"]).row(0, named=True)
    assert (row["n_items"], row["n_annotators"], row["n_votes"]) == (1, 2, 2)


def test_jackknife_error_agrees_with_an_item_bootstrap() -> None:
    from prefqa.moments import item_moments, sums

    coded = prefqa.simulate(n_items=400, seed=3).preferences.coded()
    values = item_moments(coded).values
    rng = np.random.default_rng(0)
    drawn = np.array([values[rng.integers(0, len(values), len(values))].sum(axis=0) for _ in range(4000)])
    found = prefqa.agreement(prefqa.simulate(n_items=400, seed=3).preferences, inference="items").estimates
    for name, entry in COEFFICIENTS.items():
        se = found.filter(pl.col("coefficient") == name)["se"][0]
        assert se == pytest.approx(float(np.std(entry.votes(sums(drawn)), ddof=1)), rel=0.05), name


def test_unknown_names_lead_on() -> None:
    frame = frame_of({"i": {"a": [1, 2], "b": [1, 2]}})
    with pytest.raises(UsageError, match="did you mean 'alpha_nominal'"):
        estimates(frame, coefficients=["alpha_nominl"])
    with pytest.raises(ColumnNotFoundError, match="'item_id' for 'item_ids'"):
        estimates(frame, by="item_ids")
    with pytest.raises(UsageError, match="level"):
        estimates(frame, level=1.0)


@pytest.mark.real_data
def test_figures_of_the_design_on_crs_rlhf(real_data: object) -> None:
    prefs = prefqa.Preferences.from_long(pl.scan_parquet(real_data / "crs-rlhf-argilla" / "judgments.parquet"))
    found = dict(prefqa.agreement(prefs).estimates.select("coefficient", "estimate").iter_rows())
    assert found["kendall_w"] == pytest.approx(0.326, abs=5e-4)
    assert found["kendall_w_corrected"] == pytest.approx(0.101, abs=5e-4)
    assert found["percent_agreement"] == pytest.approx(0.502, abs=5e-4)


@pytest.mark.parametrize(
    ("estimate", "bounds"), [(0.97, (0.0, 1.0)), (0.02, (0.0, 1.0)), (-0.9, (-1.0, 1.0)), (0.99, (-np.inf, 1.0))]
)
def test_intervals_stay_inside_the_range_and_hold_the_estimate(estimate: float, bounds: tuple[float, float]) -> None:
    low, high = interval(estimate, 0.05, 20, 0.95, bounds)
    assert bounds[0] < low < estimate < high < bounds[1]


def test_far_from_the_bounds_an_interval_is_the_plain_t_interval() -> None:
    low, high = interval(0.5, 0.001, 1e9, 0.95, (0.0, 1.0))
    assert (low, high) == pytest.approx((0.5 - 0.00196, 0.5 + 0.00196), abs=1e-6)


def test_a_share_of_one_has_the_interval_of_clopper_and_pearson() -> None:
    from scipy.stats import binomtest

    expected = binomtest(30, 30).proportion_ci()
    assert interval(1.0, 0.0, 29, 0.95, (0.0, 1.0), 30) == pytest.approx((expected.low, expected.high))
    expected = binomtest(0, 30).proportion_ci()
    assert interval(0.0, 0.0, 29, 0.95, (0.0, 1.0), 30) == pytest.approx((expected.low, expected.high))
