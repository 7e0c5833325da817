"""Before and after within cells, and the scan, against their definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import false_discovery_control

import prefqa
from prefqa.drift.annotators import benjamini_hochberg
from prefqa.drift.changes import explained
from prefqa.drift.context import holm
from prefqa.drift.contrasts import against, change_points, compare
from prefqa.drift.evidence import Evidence
from prefqa.drift.periods import cut
from prefqa.drift.rankings import rankings
from prefqa.drift.scan import exceeds, largest


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    drift = prefqa.Drift("length", 3, 1.0)
    prefs = prefqa.simulate(200, 3, 8, 3, seed=3, weeks=6, texts=False, tie_threshold=0.2, drift=drift).preferences
    periods = cut(prefs, time=None, every=None, version=None, batch=None)
    assert periods is not None
    votes = rankings(periods)
    return Evidence.of(votes, change_points(votes.periods), seed=0)


def test_contrasts_are_what_their_definition_says(evidence: Evidence) -> None:
    scores, cells, column, contrast = evidence.scores, evidence.cells, 1, 2
    found = compare(cells, evidence.contrasts)
    for cell in range(0, cells.annotator.size, 5):
        mine = scores.cell == cell
        after = mine & (scores.period > contrast)
        before = mine & (scores.period <= contrast)
        w_before, w_after = (scores.information[side, column].sum(dtype=float) for side in (before, after))
        s_before, s_after = (scores.score[side, column].sum(dtype=float) for side in (before, after))
        f = w_before / (w_before + w_after) if w_before * w_after > 0 else 0.0
        expected = f * s_after - (1 - f) * s_before if f else 0.0
        assert found.difference[cell, contrast, column] == pytest.approx(expected)
        assert found.weight[cell, contrast, column] == pytest.approx(f * w_after)


def test_what_items_add_sums_to_the_contrasts_and_their_squares_to_the_variance(evidence: Evidence) -> None:
    scores = evidence.scores
    found = compare(evidence.cells, evidence.contrasts)
    added = found.of_weights(evidence.contrasts, scores.cell, scores.period) * scores.score[:, None, :]
    assert np.allclose(added.sum(axis=0), evidence.scan.difference, atol=1e-4)
    by_item = np.zeros((scores.item.max() + 1, *added.shape[1:]))
    np.add.at(by_item, scores.item, added)
    assert np.allclose((by_item**2).sum(axis=0), evidence.scan.by_item, rtol=1e-4)


def test_a_habit_cancels_and_a_new_annotator_weighs_nothing(evidence: Evidence) -> None:
    found = compare(evidence.cells, evidence.contrasts)
    shifted = evidence.cells.score + 0.7 * evidence.cells.information
    again = compare(type(evidence.cells)(**(vars(evidence.cells) | {"score": shifted})), evidence.contrasts)
    assert np.allclose(found.difference, again.difference)
    one_sided = np.minimum(
        *(evidence.cells.count @ side.T for side in (evidence.contrasts.before, evidence.contrasts.after))
    )
    assert not found.weight[one_sided == 0].any()


def test_a_reference_is_compared_with_each_other_period() -> None:
    found = against(["a", "b", "c"], "b")
    assert found.period == ["a", "c"]
    assert found.before.tolist() == [[False, True, False]] * 2
    assert found.after.tolist() == [[True, False, False], [False, False, True]]


def test_the_null_maximum_of_independent_normals_has_its_known_law() -> None:
    draws = largest(np.eye(10), np.ones(10, bool), np.zeros(10, bool), seed=1)
    at = np.quantile(draws, 0.95)
    assert at == pytest.approx(2.800, abs=0.04)  # (2 Phi(x) - 1)^10 = .95
    assert float(exceeds(draws, np.array(at))) == pytest.approx(0.05, abs=0.002)


def test_the_shares_of_a_shift_add_up(evidence: Evidence) -> None:
    parts = explained(evidence, 2, evidence.scores.column("length"))
    assert sum(part for part in parts if part is not None) == pytest.approx(1.0)
    assert parts.rule is not None
    assert parts.rule > 0.5


def test_adjusted_p_values_are_those_of_scipy() -> None:
    p = np.random.default_rng(0).uniform(size=30) ** 2
    assert np.allclose(benjamini_hochberg(p), false_discovery_control(p))


def test_holm_steps_down() -> None:
    assert holm(np.array([0.01, 0.04, 0.03])).tolist() == pytest.approx([0.03, 0.06, 0.06])


def test_a_change_in_the_model_leaves_no_trace_of_itself(evidence: Evidence) -> None:
    column = evidence.scores.column("length")
    contrast = int(np.abs(evidence.scan.z[:, column]).argmax())
    before: Any = abs(evidence.scan.z[contrast, column])
    given = evidence.given(contrast, column, np.ones(8, bool), seed=0)
    assert abs(given.scan.z[contrast, given.scores.column("length")]) < 0.4 * before
