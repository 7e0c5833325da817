"""The sequential gate: bets that keep their promise at every look, a state that is read and written whole."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import prefqa
from prefqa.drift.evalues import SIZES, evidence
from prefqa.drift.looks import Scored, _near
from prefqa.errors import ReadError, UsageError

CAMPAIGN = {"n_items": 600, "n_responses": 3, "n_annotators": 12, "habits": 0.3, "weeks": 8, "texts": False}


def contrasts(values: np.ndarray) -> np.ndarray:
    """Helmert contrasts of looks (rows) of single scores of one cell: N, H, V, W."""
    rows = []
    for t, now in enumerate(values):
        m, k = values[:t].size, now.size
        f = m / (m + k)
        h = f * (1 - f) * (m + k)
        rows.append((f * now.sum() - (1 - f) * values[:t].sum(), h, h * now.var(ddof=1), k))
    return np.array(rows)


def campaign(seed: int, *drifts: prefqa.Drift, **options: object) -> prefqa.Preferences:
    return prefqa.simulate(**CAMPAIGN | options, seed=seed, drift=drifts).preferences  # type: ignore[arg-type]


def up_to(prefs: prefqa.Preferences, weeks: int) -> prefqa.Preferences:
    return prefs.with_judgments(prefs.judgments.filter(pl.col("batch") <= f"week-{weeks:02d}"))


def test_a_false_alarm_over_fifty_looks_is_rarer_than_alpha_and_a_shift_is_seen() -> None:
    rng = np.random.default_rng(0)
    ever = [evidence(contrasts(rng.normal(size=(50, 40)))).log_e.max() >= np.log(20) for _ in range(200)]
    assert np.mean(ever) <= 0.05  # measured .008 over 1,000 campaigns
    shifted = (np.arange(50) >= 25)[:, None] * 0.4
    found = [evidence(contrasts(shifted + rng.normal(size=(50, 40)))) for _ in range(20)]
    assert np.mean([one.log_e.max() >= np.log(20) for one in found]) > 0.95
    assert np.median([one.since for one in found]) == pytest.approx(25, abs=1)  # type: ignore[type-var]


def test_two_looks_are_the_normal_mixture_of_robbins() -> None:
    difference, weight, variance = 7.0, 20.0, 18.0
    found = evidence(np.array([[0, 0, 0, 40.0], [difference, weight, variance, 40.0]]))
    grid = np.linspace(-60, 60, 400_001)
    ratios = []
    for k in SIZES:
        prior = np.exp(-((grid / k) ** 2) / 2) / (k * np.sqrt(2 * np.pi))
        ratio = np.exp(grid * weight * difference / variance - (grid * weight) ** 2 / variance / 2)
        ratios.append(np.trapezoid(prior * ratio, grid))
    assert np.exp(found.log_e[-1]) == pytest.approx(np.mean(ratios) / 2 + 1 / 2, rel=1e-4)


def test_looks_one_by_one_and_all_at_once_see_the_same_change(tmp_path: Path) -> None:
    prefs = campaign(1, prefqa.Drift("position", 4, 1.5))
    for week in range(1, 9):
        nightly = prefqa.watch(up_to(prefs, week), tmp_path / "nightly.json")
    at_once = prefqa.watch(prefs, tmp_path / "once.json")
    for result in (nightly, at_once):
        assert result.alarm
        assert (result.what, result.since) == ("position", "2025-02-03")
        assert "position has changed" in result.sentence
    assert nightly.looks["period"].to_list() == at_once.looks["period"].to_list()
    assert nightly.looks["e_value"][:4].max() < 20  # type: ignore[operator]


def test_the_same_data_looked_at_again_changes_nothing(tmp_path: Path) -> None:
    prefs, state = campaign(2), tmp_path / "state.json"
    first = prefqa.watch(prefs, state).to_dict()
    written = state.read_bytes()
    assert prefqa.watch(prefs, state).to_dict() == first
    assert state.read_bytes() == written
    assert first["alarm"] is False
    shuffled = prefs.with_judgments(prefs.judgments.collect().sample(fraction=1, shuffle=True, seed=1).lazy())
    assert prefqa.watch(shuffled, tmp_path / "other.json").to_dict() == first


def test_an_alarm_stays(tmp_path: Path) -> None:
    prefs, state = campaign(1, prefqa.Drift("position", 4, 1.5)), tmp_path / "state.json"
    prefqa.watch(up_to(prefs, 7), state)
    known = json.loads(state.read_text())
    assert known["looks"][0]["period"] == "2025-01-06"
    known["looks"][-1]["streams"] = {}
    state.write_text(json.dumps(known))
    assert prefqa.watch(prefs, state).p_value < 0.05


def test_gold_items_and_single_annotators_are_streams(tmp_path: Path) -> None:
    lost = prefqa.watch(campaign(1, prefqa.Drift("criterion", 4, 1.0), gold=1.0), tmp_path / "gold.json")
    assert (lost.alarm, lost.what) == (True, "gold")
    drift = prefqa.Drift("care", 4, 1.0, annotators=0.05)
    random = prefqa.simulate(**CAMPAIGN | {"n_items": 2_400}, seed=1, drift=drift)  # type: ignore[arg-type]
    found = prefqa.watch(random.preferences, tmp_path / "one.json")
    assert (found.alarm, found.what) == (True, random.truth.drifts["annotators"].item().to_list()[0])


def test_states_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    prefs, state = campaign(1), tmp_path / "state.json"
    prefqa.watch(up_to(prefs, 2), state)
    with pytest.raises(UsageError, match="begun with alpha"):
        prefqa.watch(prefs, state, alpha=0.01)
    with pytest.raises(UsageError, match="begun with by"):
        prefqa.watch(prefs, state, batch="batch")
    late = prefs.with_judgments(prefs.judgments.filter(pl.col("batch") > "week-01"))
    with pytest.raises(UsageError, match="whole campaign"):
        prefqa.watch(late, state)
    with pytest.raises(UsageError, match="alpha must be"):
        prefqa.watch(prefs, state, alpha=2)
    for text in ("{", "[]", '{"format": "else"}'):
        state.write_text(text)
        with pytest.raises(ReadError, match="not a state of watch"):
            prefqa.watch(prefs, state)


def test_one_look_says_nothing_yet(tmp_path: Path) -> None:
    result = prefqa.watch(up_to(campaign(1), 1), tmp_path / "state.json")
    assert (result.alarm, result.e_value, result.p_value) == (None, 1.0, 1.0)


def test_a_judgment_far_out_counts_as_far_as_most_and_the_rest_as_they_are() -> None:
    rng = np.random.default_rng(0)
    score, none = rng.normal(size=1_000), np.zeros(1_000, np.int64)
    score[0] = -50.0
    near = _near(Scored(score, np.ones(1_000), none, none, none)).score
    assert near[0] == pytest.approx(-3 * np.sqrt((score**2).mean()))
    inside = np.abs(score) < 3
    assert (near[inside] == score[inside]).all()


def test_longer_responses_in_favour_are_a_warning_and_no_alarm(tmp_path: Path) -> None:
    for drift in (prefqa.Drift("length", 4, 1.5), prefqa.Drift("correlation", 4, 0.9)):
        found = prefqa.watch(campaign(1, drift), tmp_path / f"{drift.kind}.json")
        assert found.alarm is False
        assert found.warning is not None
        assert found.warning.startswith("length came to count otherwise")
        assert found.to_dict()["warning"] == found.warning
    assert prefqa.watch(campaign(2), tmp_path / "quiet.json").warning is None
