"""Who copies: judgments that equal another's as a whole, against counting by hand and planted copiers."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

import prefqa
from prefqa.drift.context import holm
from prefqa.drift.contrasts import change_points
from prefqa.drift.copies import COPIES, copies, equal_judgments, usual_share
from prefqa.drift.periods import cut
from prefqa.drift.rankings import Rankings, rankings
from prefqa.drift.result import Family
from strategies import preferences


def campaign(seed: int, drift: Any = (), **options: Any) -> prefqa.Simulation:
    settings = {"n_items": 500, "n_responses": 4, "n_annotators": 12, "weeks": 6, "texts": False} | options
    return prefqa.simulate(**settings, seed=seed, drift=drift)


def ranked(prefs: prefqa.Preferences) -> Rankings:
    periods = cut(prefs, time=None, every=None, version=None, batch=None)
    assert periods is not None
    return rankings(periods)


def found_copies(prefs: prefqa.Preferences) -> Family:
    table = ranked(prefs)
    return copies(table, change_points(table.periods), alpha=0.05, told=0.05, level=0.95, seed=0)


def test_judgments_are_equal_where_they_bring_the_same_responses_into_the_same_order() -> None:
    prefs = campaign(1, n_items=80, missing=0.1, tie_threshold=0.4).preferences
    table = ranked(prefs)
    judged: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for row in prefs.judgments.collect().filter(pl.col("rank").is_not_null()).iter_rows(named=True):
        judged[row["item_id"]][row["annotator_id"]][row["response_id"]] = row["rank"]

    def order(one: dict[str, int]) -> dict[str, int]:
        return {name: sorted(set(one.values())).index(rank) for name, rank in one.items()}

    expected = []
    for of_all in judged.values():
        # Who ties all responses is left out.
        of_item = {who: one for who, one in of_all.items() if len(set(one.values())) > 1}
        for who, mine in of_item.items():
            others = [order(one) for name, one in of_item.items() if name != who and set(one) == set(mine)]
            if len(mine) >= 3 and others:
                expected.append((who, len(others), sum(one == order(mine) for one in others) / len(others)))
    found = equal_judgments(table)
    names = table.annotators.gather(table.annotator[found.judgment]).to_list()
    assert sorted(zip(names, found.others.tolist(), found.same.tolist(), strict=True)) == sorted(expected)


def test_items_of_many_judgments_are_counted_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    table = ranked(campaign(2, n_items=60, missing=0.1, tie_threshold=0.4).preferences)
    plain = equal_judgments(table)
    monkeypatch.setitem(equal_judgments.__globals__, "_HELD_AGAINST", 0)
    for one, other in zip(plain, equal_judgments(table), strict=True):
        assert np.array_equal(one, other)


@given(seed=st.integers(0, 2**16), names=st.permutations([f"annotator-{n:02d}" for n in range(1, 7)]))
def test_neither_the_order_of_rows_nor_names_matter(seed: int, names: list[str]) -> None:
    prefs = campaign(seed % 7, n_items=40, n_annotators=6, missing=0.1).preferences
    rows = prefs.judgments.collect()
    new_names = dict(zip(sorted(rows["annotator_id"].unique()), names, strict=True))
    renamed = rows.sample(fraction=1, shuffle=True, seed=seed).with_columns(
        pl.col("annotator_id").replace_strict(new_names), pl.format("x{}", pl.col("response_id")).alias("response_id")
    )
    plain, other = ranked(prefs), ranked(preferences(renamed))

    def told(table: Rankings, names: dict[str, str]) -> list[tuple[str, float, float]]:
        found = equal_judgments(table)
        who = table.annotators.gather(table.annotator[found.judgment]).to_list()
        return sorted(zip((names.get(one, one) for one in who), found.others, found.same, strict=True))

    assert told(plain, new_names) == told(other, {})


def test_one_who_begins_to_copy_is_named_and_dated_and_nobody_else_is() -> None:
    drift = prefqa.Drift("copy", 3, 1.0, annotators=1 / 12)
    for seed in range(3):
        found = campaign(seed, drift)
        (copier,) = found.truth.drifts["annotators"][0].to_list()
        (change,) = found_copies(found.preferences).changes
        assert (change["what"], change["drivers"]) == (COPIES, [copier])
        assert change["since_low"] <= "2025-01-27" <= change["since_high"]
        assert change["ci_low"] < 1 < change["ci_high"] + 0.3
        result = prefqa.drift(found.preferences)
        assert result.alarm
        assert (COPIES, copier) in result.changes.select("what", "driver").rows()


@pytest.mark.parametrize("kind", ["nothing", "gaps", "pool", "longer"])
def test_nobody_copies_where_items_become_easier_or_people_new(kind: str) -> None:
    drift = () if kind == "nothing" else prefqa.Drift(kind, 3, 0.6)  # type: ignore[arg-type]
    for seed in range(3):
        assert found_copies(campaign(seed, drift).preferences).changes == []


def test_the_usual_share_is_the_groups_logit_and_the_annotators_own() -> None:
    rng = np.random.default_rng(0)
    person, group = rng.integers(0, 8, 40_000), rng.integers(0, 5, 40_000)
    planted = expit(np.linspace(-2, -0.5, 5)[group] + np.linspace(-1, 1, 8)[person])
    same = (rng.random(40_000) < planted).astype(np.float64)
    usual = usual_share(same, person, group)
    assert np.abs(logit(usual) - logit(planted)).max() < 0.25
    by_person = np.bincount(person, same - usual)
    assert np.abs(by_person).max() < 2.0  # but for the prior, nothing is left over


def test_a_choice_between_two_is_never_compared_as_a_whole() -> None:
    found = found_copies(campaign(1, n_responses=2).preferences)
    assert found.p_value is None
    assert "three responses" in found.rows[0]["reason"]


def test_weighted_holm_with_equal_weights_is_holm_and_a_light_family_pays_for_its_place() -> None:
    p = np.array([0.01, 0.04, 0.03])
    assert np.allclose(holm(p, np.full(3, 7.0)), holm(p))
    assert holm(np.array([0.01, 0.001]), np.array([1.0, 0.2])) == pytest.approx([0.01, 0.006])
