"""Rules on scores: against ranks, equal in a preference, and numbers that stand for a missing score."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from checking import counts, of
from prefqa.checks.pq2_scores import sentinels

MIN_SCORES = 20
SCALES = {
    "0 to 10": [*range(11)],
    "0 to 100": [*range(101)],
    "1 to 5": [1, 2, 3, 4, 5],
    "0 to 5": [0, 1, 2, 3, 4, 5],
    "1 to 5 in halves": [n / 2 for n in range(2, 11)],
    "0 and 1": [0, 1],
    "-1, 0, 1": [-1, 0, 1],
    "-1 and 1": [-1, 1],
    "-3 to 3": [-3, -2, -1, 0, 1, 2, 3],
    "-3 to 3 without 0": [-3, -2, -1, 1, 2, 3],
    "1 to 10": [*range(1, 11)],
}


def pairs(*scores: tuple[float | None, float | None], ranks: tuple[int, int] = (1, 2), **columns: Any) -> pl.DataFrame:
    rows = [
        {"item_id": f"p{i}", "annotator_id": "ann", "response_id": r, "rank": rank, "score": score} | columns
        for i, both in enumerate(scores)
        for r, rank, score in zip("xy", ranks, both, strict=True)
    ]
    return pl.DataFrame(rows, schema_overrides={"score": pl.Float64})


def odd(scores: list[float]) -> list[float]:
    values, n = np.unique(np.array(scores, float), return_counts=True)
    low, high = sentinels(values, n, MIN_SCORES)
    return [*values[:low], *values[high:]]


def test_a_chosen_response_with_the_lower_score_is_an_error() -> None:
    found = of(pairs((3.0, 9.0), (9.0, 3.0), (5.0, 5.0), (3.0, 9.0)), select=["PQ109", "PQ122"])
    assert found.findings.select("code", "severity", "count").rows() == [("PQ109", "error", 2), ("PQ122", "warning", 1)]
    assert {example["item_id"] for example in found.findings["examples"][0]} == {"p0", "p3"}
    assert {example["item_id"] for example in found.findings["examples"][1]} == {"p2"}
    assert "1 of 4 pairs prefer a response whose score is equal to the other's" in found.findings["message"][1]
    assert found.quarantine.is_empty()


def test_equal_scores_of_ties_of_longer_rankings_and_half_scored_pairs_are_none() -> None:
    assert not counts(of(pairs((5.0, 5.0), ranks=(1, 1)), select=["PQ122"]))
    assert not counts(of(pairs((5.0, None), (None, None)), select=["PQ122"]))
    three = [
        {"item_id": "p", "annotator_id": "ann", "response_id": r, "rank": n, "score": 4.0}
        for r, n in (("x", 1), ("y", 2), ("z", 3))
    ]
    assert not counts(of(three, select=["PQ122"]))


def test_scores_of_one_annotator_are_not_held_against_those_of_another() -> None:
    frame = pl.concat([pairs((9.0, 3.0)), pairs((5.0, 4.0)).with_columns(annotator_id=pl.lit("bob"))])
    assert not counts(of(frame, select=["PQ109", "PQ122"]))


@pytest.mark.parametrize(
    ("codes", "found"),
    [
        ([-1.0] * 2, [-1]),
        ([0.0] * 2, [0]),
        ([99.0] * 5, [99]),
        ([999.0], [999]),
        ([-99.0, -99.0, -1.0, -1.0, 999.0, 999.0], [-99, -1, 999]),
        ([98.0, 98.0, 99.0, 99.0], [98, 99]),
        ([-1.0], []),
        ([1.0] * 3, []),
        ([10.0] * 3, []),
    ],
)
def test_codes_for_missing_on_a_scale_of_which_4_to_9_are_used(codes: list[float], found: list[float]) -> None:
    assert odd([4.0, 5, 6, 7, 8, 9] * 10 + codes) == found


def test_nine_is_a_code_where_no_scale_leads_up_to_it() -> None:
    assert odd([1.0, 2, 3, 4, 5] * 10 + [9.0] * 4) == [9]
    assert odd([0.0, 1] * 10 + [9.0] * 4) == [9]
    assert odd([1.0, 2, 3, 4, 5, 6, 7] * 10 + [9.0] * 4) == []


@given(st.sampled_from(list(SCALES)), st.integers(0, 2**32 - 1), st.integers(20, 400))
def test_values_of_a_scale_are_no_codes(name: str, seed: int, n: int) -> None:
    scale = SCALES[name]
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.full(len(scale), 2.0))
    drawn = rng.choice(scale, size=n, p=weights)
    assert odd([*scale, *drawn]) == []


@given(st.integers(0, 2**32 - 1), st.integers(20, 400), st.sampled_from(["normal", "uniform", "share", "log"]))
def test_measurements_are_no_codes(seed: int, n: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    drawn = {
        "normal": lambda: rng.normal(size=n),
        "uniform": lambda: rng.uniform(-5, 5, n),
        "share": lambda: np.where(rng.random(n) < 0.2, 0.0, rng.uniform(0.3, 1, n).round(2)),
        "log": lambda: -rng.exponential(3, n),
    }[kind]()
    assert odd([*drawn]) == []


@given(
    st.sampled_from(["1 to 5", "1 to 10", "1 to 5 in halves"]),
    st.sampled_from([-999.0, -99.0, -9.0, -1.0, 99.0, 999.0]),
    st.integers(2, 50),
    st.integers(0, 2**32 - 1),
)
def test_a_code_is_found_whatever_the_scale(name: str, code: float, n: int, seed: int) -> None:
    scale = SCALES[name]
    drawn = np.random.default_rng(seed).choice(scale, size=60)
    assume(len({*drawn}) > 2)
    assert odd([*scale, *drawn, *[code] * n]) == [code]


def test_few_scores_show_no_scale() -> None:
    assert odd([4.0, 5, 6, 7, 8, 9, -1, -1]) == []


def test_the_finding_counts_the_rows_and_says_what_to_write() -> None:
    scores = [(4.0 + i % 6, -1.0 if i % 3 == 0 else 4.0 + (i + 1) % 6) for i in range(60)]
    found = of(pairs(*scores), select=["PQ224"]).findings
    assert found.select("severity", "count").rows() == [("warning", 20)]
    assert found["share"].item() == pytest.approx(20 / 120)
    message = found["message"].item()
    assert "20 of 120 scores are far off the rest of their scale: -1 (20), all others 4 to 9." in message
    assert "missing = [-1] under [read]" in message
    assert {example["value"] for example in found["examples"].item()} == {"score -1.0"}


def test_each_criterion_has_a_scale_of_its_own() -> None:
    low = pairs(*[(1.0 + i % 5, 1.0 + (i + 2) % 5) for i in range(30)], criterion="tone")
    high = pairs(*[(90.0 + i % 5, 99.0 if i % 2 else 92.0) for i in range(30)], criterion="accuracy")
    both = pl.concat([low, high])
    assert not counts(of(both, select=["PQ224"]))
    broken = both.with_columns(pl.when(pl.int_range(pl.len()) < 4).then(99.0).otherwise("score").alias("score"))
    found = of(broken, select=["PQ224"]).findings
    assert (found["count"].item(), "tone: 99 (4), all others 1 to 5" in found["message"].item()) == (4, True)
