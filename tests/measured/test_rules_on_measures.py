"""Rules on agreement, votes and drift: what they count is what brute force counts, and they say what they could not."""

from __future__ import annotations

import sys
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from scipy.stats import binomtest

import prefqa
import prefqa.pipeline
from prefqa.checks import RULES, CheckResult
from prefqa.checks.rule import Example
from prefqa.lint import check
from strategies import judgments, preferences

#: The module: as a name of the package it is also what it does.
DRIFT = sys.modules["prefqa.drift"]

BY_CODE = {rule.code: rule for rule in RULES}


def count(found: CheckResult) -> int:
    return int(found.findings["count"].sum())


def votes_by_pair(frame: pl.DataFrame) -> dict[tuple[str, str, str], list[int]]:
    """Per item and pair of responses the signs of the votes: +1 the first is preferred."""
    votes: dict[tuple[str, str, str], list[int]] = {}
    for (item, _), rows in frame.filter(pl.col("rank").is_not_null()).group_by("item_id", "annotator_id"):
        ranks = dict(rows.select("response_id", "rank").rows())
        for a, b in combinations(sorted(ranks), 2):
            votes.setdefault((str(item), a, b), []).append(int(np.sign(ranks[b] - ranks[a])))
    return votes


@pytest.mark.parametrize(("floor", "found"), [(-1.0, 0), (0.99, 1)])
def test_low_agreement_is_found_where_the_whole_interval_is_below_the_floor(floor: float, found: int) -> None:
    prefs = prefqa.simulate(n_items=200, n_annotators=20, seed=3).preferences
    row = prefqa.agreement(prefs, target="votes", coefficients="alpha_nominal").estimates.row(0, named=True)
    assert count(check(prefs, select=["PQ401"], options={"PQ401": {"min": floor}})) == found
    for near, expected in ((row["ci_high"] - 1e-6, 0), (row["ci_high"] + 1e-6, 1)):
        assert count(check(prefs, select=["PQ401"], options={"PQ401": {"min": near}})) == expected


def test_low_agreement_takes_scores_and_says_where_there_is_no_figure() -> None:
    rows = [{"item_id": "p", "annotator_id": "a", "response_id": r, "rank": n} for n, r in enumerate("xy", 1)]
    alone = check(prefqa.read(rows), select=["PQ401"])
    assert alone.not_run["reason"].to_list() == ["no pair of responses was judged by two annotators"]
    rows = [row | {"item_id": item} for item in "pqr" for row in rows]
    scored = [row | {"annotator_id": who, "score": 3.0 - row["rank"]} for row in rows for who in "abc"]
    scored[0]["score"] = 0.0
    options = {"PQ401": {"target": "scores", "coefficient": "alpha_interval"}}
    assert "PQ401" in check(prefqa.read(scored), select=["PQ401"], options=options).ran


def test_slices_are_held_against_the_floor_by_intervals_that_hold_together() -> None:
    prefs = BY_CODE["PQ402"].bad.preferences()
    level = 1 - 0.05 / 2
    rows = prefqa.agreement(prefs, target="votes", coefficients="alpha_nominal", by="criterion", level=level).estimates
    (high,) = rows.filter(pl.col("slice") == "criterion=honest")["ci_high"]
    for floor, expected in ((high - 1e-6, 0), (high + 1e-6, 1)):
        assert count(check(prefs, select=["PQ402"], options={"PQ402": {"min": floor}})) == expected
    assert (
        check(BY_CODE["PQ401"].bad.preferences(), select=["PQ402"])
        .not_run["reason"][0]
        .startswith("neither criterion nor")
    )


@given(judgments(max_annotators=6))
def test_diverging_items_are_those_in_which_most_comparisons_of_decided_votes_contradict(frame: pl.DataFrame) -> None:
    against: dict[str, int] = {}
    compared: dict[str, int] = {}
    for (item, *_), votes in votes_by_pair(frame).items():
        for one, other in combinations([vote for vote in votes if vote], 2):
            against[item] = against.get(item, 0) + (one != other)
            compared[item] = compared.get(item, 0) + 1
    told = [item for item, n in compared.items() if n >= 6]
    found = check(preferences(frame), select=["PQ403"], max_examples=100)
    assert ("PQ403" in found.ran) is bool(told)
    items = {example["item_id"] for examples in found.findings["examples"] for example in examples}
    assert items == {item for item in told if 2 * against[item] > compared[item]}


@given(judgments())
def test_cycles_are_those_that_a_walk_along_the_majorities_finds(frame: pl.DataFrame) -> None:
    beats: dict[str, set[tuple[str, str]]] = {}
    for (item, a, b), votes in votes_by_pair(frame).items():
        if sum(votes):
            beats.setdefault(item, set()).add((a, b) if sum(votes) > 0 else (b, a))

    def goes_round(edges: set[tuple[str, str]], at: str, seen: tuple[str, ...]) -> bool:
        return at in seen or any(goes_round(edges, b, (*seen, at)) for a, b in edges if a == at)

    expected = {item for item, edges in beats.items() if any(goes_round(edges, a, ()) for a, _ in edges)}
    found = check(preferences(frame), select=["PQ503"], max_examples=100)
    assert {one["item_id"] for examples in found.findings["examples"] for one in examples} == expected


def test_low_confidence_is_that_of_the_majority_consensus() -> None:
    prefs = prefqa.simulate(n_items=300, n_annotators=20, seed=5, tie_threshold=0.3).preferences
    pairs = prefqa.consensus(prefs, method="majority").pairs()
    told = pairs.filter(pl.col("n_tie") <= pl.max_horizontal("n_chosen", "n_rejected"))
    low = told.filter(pl.max_horizontal("p_better", 1 - pl.col("p_better")) < 0.8).height
    assert told.height < pairs.height
    options = {"PQ504": {"min_probability": 0.8, "max_share": 0.0}}
    found = check(prefs, select=["PQ504"], options=options).findings
    assert found["count"].to_list() == [low]
    assert found["share"].to_list() == [pytest.approx(low / told.height)]


@given(judgments(max_items=12))
def test_votes_are_unbalanced_where_the_effective_number_of_pairs_is_small(frame: pl.DataFrame) -> None:
    n = [len(votes) for votes in votes_by_pair(frame).values()]
    found = check(preferences(frame), select=["PQ505"], options={"PQ505": {"min_pairs": 2, "min_share": 0.9}})
    if len(n) < 2:
        assert found.not_run.height == 1
        return
    effective = sum(n) ** 2 / sum(x * x for x in n)
    expected = sum(x > sum(n) / effective for x in n) if effective < 0.9 * len(n) else 0
    assert count(found) == expected


@pytest.mark.parametrize("winners", [30, 36, 38, 40])
def test_one_model_wins_by_the_exact_interval_of_its_share(winners: int) -> None:
    bad = BY_CODE["PQ506"].bad
    turned = [
        row | {"rank": 3 - row["rank"]} if int(row["item_id"][1:]) >= winners else dict(row) for row in bad.judgments
    ]
    low = binomtest(winners, 40).proportion_ci(0.95, method="exact").low
    assert count(check(Example(turned, bad.responses).preferences(), select=["PQ506"])) == int(low > 0.9)


def test_drift_is_measured_once_and_only_where_it_is_selected(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[dict[str, Any]] = []

    def counted(prefs: prefqa.Preferences, **options: Any) -> Any:
        calls.append(options)
        return measure(prefs, **options)

    measure = DRIFT.drift
    monkeypatch.setattr(DRIFT, "drift", counted)
    prefs = BY_CODE["PQ601"].bad.preferences()
    assert not {"PQ601", "PQ602", "PQ603"} & set(check(prefs).ran)
    assert calls == []
    assert {"PQ601", "PQ602", "PQ603"} <= set(check(prefs, select=["PQ6"], drift={"every": "2w"}).ran)
    assert calls == [{"every": "2w"}]


def test_a_changed_rule_says_since_when_and_who() -> None:
    found = check(BY_CODE["PQ602"].bad.preferences(), select=["PQ6"])
    assert found.findings.filter(code="PQ601").is_empty()
    (examples,) = found.findings.filter(code="PQ602")["examples"]
    assert [one["annotator_id"] for one in examples] == ["cat"]
    # Planted on 03-16; the cut that tells annotators apart best may be a week off.
    assert any(day in examples[0]["value"] for day in ("2026-03-09", "2026-03-16"))


def test_without_periods_drift_is_not_run_and_says_why() -> None:
    found = check(BY_CODE["PQ401"].good.preferences(), select=["PQ6"])
    assert found.not_run["code"].to_list() == ["PQ601", "PQ602", "PQ603"]
    assert "created_at or guideline_version" in found.not_run["reason"][0]


def test_a_run_tells_drift_among_its_findings_and_measures_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("measured again")

    monkeypatch.setattr(DRIFT, "drift", never)  # the run has its own name for it
    prefs = BY_CODE["PQ601"].bad.preferences()
    result = prefqa.run(prefs)
    assert "PQ601" in result.check.findings["code"].to_list()
    ignored = prefqa.run(prefs, config={"checks": {"ignore": ["PQ6"]}})
    assert not set(ignored.check.ran) & {"PQ601", "PQ602", "PQ603"}
