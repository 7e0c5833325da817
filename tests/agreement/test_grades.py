"""Agreement on graded votes: against other packages, and what must not matter."""

from __future__ import annotations

from typing import Any

import krippendorff
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefqa.agreement import TARGETS, agreement
from prefqa.errors import ColumnNotFoundError, UsageError
from prefqa.preferences import Preferences

_ = None
#: Twelve pairs by four annotators; below 0 the first response is better.
TABLE = [
    [-3, -2, -3, _], [2, 3, 1, 2], [0, 1, 0, -1], [1, 1, _, 2], [-1, -2, 0, -1], [3, 3, 3, 3], [_, -1, 2, 0],
    [-2, -2, -1, -3], [1, 0, 1, 1], [2, _, 3, 1], [-1, 1, 0, 0], [-3, -3, -2, _],
]  # fmt: skip


def graded(table: Any, names: tuple[str, str] = ("a", "b"), people: str = "jklmnop") -> Preferences:
    """Signed grades as two rows per vote, with the strength on both."""
    rows = []
    for item, grades in enumerate(table):
        for who, grade in zip(people, grades, strict=False):
            if grade is not None:
                strength = abs(float(grade)) or None
                rows.append((f"i{item:03}", who, names[0], 1 if grade <= 0 else 2, strength))
                rows.append((f"i{item:03}", who, names[1], 1 if grade >= 0 else 2, strength))
    schema = {"item_id": pl.String, "annotator_id": pl.String, "response_id": pl.String, "rank": pl.Int64}
    return Preferences.from_long(pl.DataFrame(rows, schema=schema | {"strength": pl.Float64}, orient="row"))


def figures(prefs: Preferences, **options: Any) -> dict[str, float]:
    found = agreement(prefs, target="grades", coefficients="all", inference="items", **options).estimates
    return dict(found.select("coefficient", "estimate").iter_rows())


#: irrCAC 0.4.4, CAC(table, weights="quadratic", categories=[-3 .. 3]), rounded there; scikit-learn 1.9.1,
#: cohen_kappa_score(weights="quadratic") of each two annotators, weighted by the number of pairs that both judged.
PUBLISHED = {
    "weighted_kappa": (0.8207, 1e-5), "conger_kappa": (0.81498, 1e-5), "alpha_weighted": (0.82569, 1e-5),
    "cohen_kappa": (0.813447431721698, 1e-9),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_coefficients_are_those_of_other_packages_under_given_names(name: str) -> None:
    expected, tolerance = PUBLISHED[name]
    assert figures(graded(TABLE), orientation="id")[name] == pytest.approx(expected, abs=tolerance)


def test_ac2_is_that_of_irrcac() -> None:
    found = agreement(graded(TABLE), target="grades", coefficients="gwet_ac2", orientation="id").estimates
    assert found["estimate"][0] == pytest.approx(0.83881, abs=1e-5)


tables = st.lists(st.lists(st.one_of(st.none(), st.integers(-3, 3)), min_size=4, max_size=4), min_size=4, max_size=12)


def _has_two_strengths(table: list[list[int | None]]) -> bool:
    return len({abs(x) for row in table for x in row if x}) > 1


@given(tables.filter(_has_two_strengths))
def test_alpha_is_that_of_the_krippendorff_package(table: list[list[int | None]]) -> None:
    """Once with the raw marginals, once with each pair also the other way round, which makes them symmetric."""
    values = np.array([[np.nan if x is None else x for x in row] for row in table]).T
    paired = values[:, (~np.isnan(values)).sum(axis=0) > 1]
    raw, symmetric = (figures(graded(table), orientation=o)["alpha_grades"] for o in ("id", "symmetric"))
    if not paired.size or len(np.unique(paired[~np.isnan(paired)])) < 2:
        assert raw is None
        return
    kwargs: dict[str, Any] = {"level_of_measurement": "ordinal", "value_domain": range(-3, 4)}
    assert raw == pytest.approx(krippendorff.alpha(paired, **kwargs), abs=1e-9)
    n = int((~np.isnan(paired)).sum())
    doubled = krippendorff.alpha(np.hstack([paired, -paired]), **kwargs)
    assert symmetric == pytest.approx(1 - (1 - doubled) * 2 * (n - 1) / (2 * n - 1), abs=1e-9)


@given(tables.filter(_has_two_strengths), st.permutations("jklm"), st.randoms(use_true_random=False))
def test_sides_annotators_and_items_may_change_places(table: list[Any], people: list[str], random: Any) -> None:
    first = figures(graded(table))
    turned = [[None if x is None else -x for x in row] for row in table]
    random.shuffle(turned)
    second = figures(graded(turned, names=("x", "y"), people="".join(people)))
    for name, value in first.items():
        assert second[name] == (None if value is None else pytest.approx(value, abs=1e-9)), name


@given(tables.filter(_has_two_strengths))
def test_the_direction_is_measured_as_if_there_were_no_strength(table: list[Any]) -> None:
    prefs = graded(table)
    bare = prefs.with_judgments(prefs.judgments.drop("strength"))
    with_strength, without = (agreement(each).estimates for each in (prefs, bare))
    assert with_strength.filter(pl.col("target") != "grades").equals(without)
    assert with_strength.filter(pl.col("target") == "grades")["coefficient"].to_list() == [
        name for name, entry in TARGETS["grades"].items() if entry.usual
    ]


def test_repeats_slices_and_unknown_strengths() -> None:
    prefs = graded(TABLE)
    rows = prefs.judgments.collect().with_columns(
        part=pl.when(pl.col("item_id") < "i006").then(pl.lit("early")).otherwise(pl.lit("late"))
    )
    sliced = agreement(Preferences.from_long(rows), target="grades", coefficients="weighted_kappa", by="part")
    halves = {f"part={name}": figures(graded(part))["weighted_kappa"] for name, part in
              (("early", TABLE[:6]), ("late", TABLE[6:]))}  # fmt: skip
    found = dict(sliced.estimates.select("slice", "estimate").iter_rows())
    assert found["part=early"] == pytest.approx(halves["part=early"])
    assert found["part=late"] == pytest.approx(halves["part=late"])
    # A decided vote of unknown strength, and one whose two rows differ, have no grade; ties have one.
    unknown = rows.with_columns(strength=pl.when(pl.col("annotator_id") == "k").then(None).otherwise("strength"))
    odd = rows.with_columns(
        strength=pl.when(annotator_id="k", response_id="a").then(pl.col("strength") + 1).otherwise("strength")
    )
    without = [[row[0], row[1] if row[1] == 0 else None, *row[2:]] for row in TABLE]
    expected = figures(graded(without))["percent_same_grade"]
    for each in (unknown, odd):
        assert figures(Preferences.from_long(each))["percent_same_grade"] == pytest.approx(expected)


def test_without_two_strengths_there_are_no_grades() -> None:
    one = [[x and x // abs(x) for x in row] for row in TABLE]
    with pytest.raises(UsageError, match="no two strengths"):
        agreement(graded(one), target="grades")
    assert "grades" not in agreement(graded(one)).estimates["target"].to_list()
    bare = graded(TABLE)
    with pytest.raises(ColumnNotFoundError, match="strength"):
        agreement(bare.with_judgments(bare.judgments.drop("strength")), target="grades")
