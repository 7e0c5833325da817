"""Kappas and other coefficients on votes that are taken as ratings of pairs."""

from __future__ import annotations

from importlib import import_module
from itertools import combinations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import prefqa
from prefqa.agreement import TARGETS, agreement
from prefqa.errors import UsageError
from prefqa.preferences import Preferences
from strategies import judgments, preferences

NAMES = [name for name, entry in TARGETS["votes"].items() if entry.votes is None and name != "gwet_ac2"]


def _figures(prefs: Preferences, **options: object) -> dict[str, dict[str, object]]:
    found = agreement(prefs, target="votes", coefficients=NAMES, **options).estimates  # type: ignore[arg-type]
    return {row["coefficient"]: row for row in found.to_dicts()}


@given(judgments(max_items=5, max_annotators=4, max_responses=3))
def test_votes_are_labels_on_pairs(frame: pl.DataFrame) -> None:
    """Each vote written out as a label of a pair gives the same figures, for raw marginals."""
    rows = []
    for (item,), group in frame.drop_nulls("rank").group_by("item_id"):
        for (annotator,), own in group.group_by("annotator_id"):
            ranks = dict(own.select("response_id", "rank").iter_rows())
            for a, b in combinations(sorted(ranks), 2):
                label = "first" if ranks[a] < ranks[b] else "second" if ranks[a] > ranks[b] else "tie"
                rows.append((item, annotator, f"{a}|{b}", label))
    labels = pl.DataFrame(
        rows, schema=dict.fromkeys(("item_id", "annotator_id", "response_id", "label"), pl.String), orient="row"
    )
    votes = _figures(preferences(frame), orientation="id", inference="items")
    written = agreement(
        Preferences.from_long(labels),
        target="labels",
        coefficients=NAMES,
        categories=["first", "tie", "second"],
        inference="items",
    ).estimates
    for row in written.to_dicts():
        for key in ("estimate", "se", "n_items", "n_votes"):
            assert votes[row["coefficient"]][key] == pytest.approx(row[key], abs=1e-9), (row["coefficient"], key)


@given(judgments(max_items=5, max_annotators=4, max_responses=3), st.permutations([0, 1, 2]))
def test_names_of_responses_do_not_matter(frame: pl.DataFrame, order: list[int]) -> None:
    renamed = frame.with_columns(
        response_id=pl.col("response_id").replace({f"response{i}": f"other{j}" for i, j in enumerate(order)})
    )
    one, two = _figures(preferences(frame)), _figures(preferences(renamed))
    for name in NAMES:
        assert one[name]["estimate"] == pytest.approx(two[name]["estimate"], abs=1e-9)
        assert one[name]["se"] == pytest.approx(two[name]["se"], abs=1e-7)


def test_two_annotators_make_scotts_pi_of_fleiss_kappa_and_symmetric_kappa_of_both() -> None:
    prefs = prefqa.simulate(
        80, n_annotators=2, annotators_per_item=2, tie_threshold=0.3, seed=1, texts=False
    ).preferences
    found = agreement(prefs, coefficients=["fleiss_kappa", "scott_pi", "symmetric_kappa"], inference="items").estimates
    assert found["estimate"].to_list() == pytest.approx([found["estimate"][0]] * 3)
    assert found["se"].to_list() == pytest.approx([found["se"][0]] * 3, rel=0.02)


def test_rare_ties_are_warned_of_where_they_count_as_a_category() -> None:
    prefs = prefqa.simulate(60, tie_threshold=0.0, seed=1, texts=False).preferences
    found = agreement(prefs, coefficients=["gwet_ac1"])
    assert any("read too high" in warning for warning in found.warnings)
    assert "gwet_ac1" not in agreement(prefs, coefficients="all").estimates["coefficient"]


def test_the_kappa_paradox_is_warned_of() -> None:
    rows = [
        (f"item{i}", f"annotator{j}", "response", "good" if (i, j) not in {(0, 0), (1, 1), (2, 2)} else "bad")
        for i in range(60)
        for j in range(3)
    ]
    frame = pl.DataFrame(rows, schema=["item_id", "annotator_id", "response_id", "label"], orient="row")
    found = agreement(Preferences.from_long(frame), target="labels")
    assert any("nearly all are in one category" in warning for warning in found.warnings)


def test_an_annotator_who_dominates_is_named() -> None:
    rows = prefqa.simulate(60, seed=1, texts=False).preferences.judgments.collect()
    more = rows.unique(["item_id", "response_id"], keep="first").with_columns(annotator_id=pl.lit("busy"))
    both = pl.concat([rows.filter(pl.col("item_id").rank("dense") <= 15), more]).select(
        "item_id", "annotator_id", "response_id", "rank"
    )
    found = agreement(Preferences.from_long(both))
    assert any("'busy'" in warning for warning in found.warnings)


def test_position_is_an_orientation_where_all_saw_one_order() -> None:
    prefs = prefqa.simulate(60, tie_threshold=0.2, seed=1, texts=False).preferences
    rows = prefs.judgments.collect()
    fixed = rows.with_columns(position=pl.col("response_id").rank("dense", descending=True).over("item_id"))
    turned = agreement(Preferences.from_long(fixed), coefficients=["alpha_ordered"], orientation="position")
    by_id = agreement(prefs, coefficients=["alpha_ordered"], orientation="id")
    # Turning all pairs around exchanges first and second, which alpha does not see.
    assert turned.estimates["estimate"].item() == pytest.approx(by_id.estimates["estimate"].item())
    with pytest.raises(UsageError, match="different places"):
        agreement(prefs, orientation="position")


def test_tables_that_are_too_large_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("prefqa.agreement.annotator_pairs"), "MAX_CELLS", 10)
    prefs = prefqa.simulate(20, texts=False).preferences
    found = prefqa.agreement(prefs, coefficients=["cohen_kappa"]).estimates
    assert "too large a table" in found["reason"].item()
